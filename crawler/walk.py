"""The walk over the whole listing, in ranges of ids side by side. Every model once, nothing twice, any kill survived.

The listing is ordered by `_id`, and its cursor is a predicate on `_id`; so the ids can be cut into ranges and each range
walked by a reader thread of its own: as many requests under way as the server's latency asks for to fill the quota, which
`hub.py` paces. One thread, this one, compares, writes and moves the checkpoints. Ranges join without gap or overlap,
and that is checked before anything is called complete. A Hub that refuses a made cursor, or answers it oddly, is
walked in one sequence along its own links, and the report says so.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import NamedTuple

from crawler import plan
from crawler.errors import HubMisbehaves, Interrupted
from crawler.hub import Hub, Page
from crawler.records import Listed, Reject
from crawler.store import Crawl, Range, Store

READERS = 32  # ranges walked side by side
PAGES = 28  # pages under way or waiting to be written, so that memory stays flat
CUT_FROM = 20_000  # models that make it worth while to cut at the start
CUT_AFTER = 3  # pages in sequence, then the rest is cut: a small Hub never is

Progress = Callable[[str, int], None]


class Scope(NamedTuple):
    """Which part of the Hub. The default is all of it; only then can anything be called missing."""

    author: str | None = None
    limit: int | None = None

    def __str__(self) -> str:
        """As the ledger names it; '' = the whole Hub."""
        parts = (f"author={self.author}" if self.author else "", f"limit={self.limit}" if self.limit else "")
        return ", ".join(filter(None, parts))


class MadeCursorRefused(HubMisbehaves):
    """The Hub does not honour a cursor that it did not give."""


class Walked(NamedTuple):
    """How a walk went. `complete`: absence means something."""

    complete: bool
    problems: tuple[str, ...] = ()


def first_ranges(store: Store, scope: Scope) -> list[tuple[str, str]]:
    """The ranges that a new crawl begins with: cut as the last walk taught, or one."""
    if scope != Scope() or store.count_present() < CUT_FROM:
        return [("", "")]
    cuts = store.quantiles(READERS)
    return list(zip(["", *cuts], [*cuts, ""], strict=True))


def walk(
    store: Store, hub: Hub, crawl: Crawl, scope: Scope, *, now: float, stop: threading.Event, progress: Progress
) -> Walked:  # fmt: skip
    """Walk what is left of a crawl's ranges. `now`: Unix time, the end of the ids. Raises StoppedError; pages written stay."""
    problems: list[str] = []
    walker = _Walker(store, hub, crawl, scope, now, stop, progress)
    try:
        walker.run()
    except MadeCursorRefused as e:
        problems.append(f"The Hub did not honour a made cursor ({e}); it was walked in one sequence instead.")
        store.merge(crawl)
        walker = _Walker(store, hub, crawl, scope, now, stop, progress, cut=False)
        walker.run()
    if not walker.ordered:
        problems.append("The listing did not come in order of creation; nothing was marked as missing.")
    joined = scope != Scope() or plan.is_cover([(r.lo, r.hi) for r in store.ranges(crawl.id)])
    if not joined:
        problems.append("The ranges of the walk do not join; nothing was marked as missing.")
    return Walked(walker.ordered and joined, tuple(problems))


class _Arrived(NamedTuple):
    lo: str
    page: Page | None
    error: BaseException | None = None


class _Reader(threading.Thread):
    """Asks page after page of one range; ends at the Hub's last page, or when told that its range is done."""

    def __init__(self, hub: Hub, part: Range, scope: Scope, arrived: queue.Queue[_Arrived], places: threading.Semaphore) -> None:
        super().__init__(name=f"walk-{part.lo or 'start'}", daemon=True)
        self.done = threading.Event()
        self._hub, self._part, self._scope, self._arrived, self._places = hub, part, scope, arrived, places

    def run(self) -> None:
        """Thread body."""
        try:
            self._walk()
        except BaseException as e:
            self._arrived.put(_Arrived(self._part.lo, None, e))

    def _walk(self) -> None:
        cursor, made = self._part.next_cursor, False
        if cursor is None and self._part.lo:
            cursor, made = plan.cursor(self._part.cursor), True
        left = self._scope.limit
        asked = set()
        while not self.done.is_set():
            self._places.acquire()
            if self.done.is_set():
                return
            page = self._page(cursor, made, min(1000, left) if left else 1000)
            if left is not None:
                left -= len(page.rows)
                page = page if left > 0 else Page(page.rows, None)
            asked.add(cursor)
            cursor, made = page.next_cursor, False
            if cursor is not None and cursor in asked:
                raise HubMisbehaves(
                    "The Hub's next link leads to a page that was walked before; the walk would never end."
                    " Pages up to the last checkpoint are kept; run again."
                )
            self._arrived.put(_Arrived(self._part.lo, page))
            if cursor is None:
                return

    def _page(self, cursor: str | None, made: bool, limit: int) -> Page:
        if not made:
            return self._hub.page(cursor, author=self._scope.author, limit=limit)
        try:
            page = self._hub.page(cursor, limit=limit)
        except HubMisbehaves as e:
            raise MadeCursorRefused(str(e)) from e
        if not plan.is_ascending(self._part.cursor, page.rows):
            raise MadeCursorRefused(f"asked for ids beyond {self._part.cursor}, got others")
        return page


class _Walker:
    """The writing side: one thread, one transaction a page."""

    def __init__(
        self, store: Store, hub: Hub, crawl: Crawl, scope: Scope, now: float, stop: threading.Event, progress: Progress,
        cut: bool = True,
    ) -> None:  # fmt: skip
        self.store, self.hub, self.crawl, self.scope = store, hub, crawl, scope
        self.now, self.stop, self.progress, self.cut = now, stop, progress, cut
        self.ordered = True
        self.arrived: queue.Queue[_Arrived] = queue.Queue()
        self.places = threading.Semaphore(PAGES)
        self.open: dict[str, Range] = {}
        self.readers: dict[str, _Reader] = {}
        self.pages = 0
        self.models = store.models_seen(crawl.id)

    def run(self) -> None:
        """Until every range is done."""
        for part in self.store.ranges(self.crawl.id):
            if not part.done:
                self._start(part)
        try:
            while self.open:
                if self.stop.is_set():
                    raise Interrupted("Asked to stop. Pages up to the last checkpoint are kept; run again to go on.")
                try:
                    item = self.arrived.get(timeout=0.2)
                except queue.Empty:
                    continue
                self._take(item)
                self.places.release()
        finally:
            for reader in self.readers.values():
                reader.done.set()
            for _ in self.readers:
                self.places.release()  # those that wait for a place see that it is over

    def _start(self, part: Range) -> None:
        self.open[part.lo] = part
        self.readers[part.lo] = _Reader(self.hub, part, self.scope, self.arrived, self.places)
        self.readers[part.lo].start()

    def _take(self, item: _Arrived) -> None:
        part = self.open.get(item.lo)
        if part is None:
            return  # a page beyond the end of a range that is done
        if item.error is not None:
            raise item.error
        assert item.page is not None
        rows, done = _within(item.page, part.hi)
        part = self._write(part, rows, item.page.next_cursor, done)
        self.pages += 1
        self.models += len(rows)
        self.progress("models", self.models)
        if done:
            del self.open[part.lo]
            self.readers[part.lo].done.set()
            return
        self.open[part.lo] = part
        if self.cut and self.pages == CUT_AFTER and len(self.open) == 1 and not part.hi and self.scope == Scope():
            self._cut(part)

    def _write(self, part: Range, rows: list[Listed | Reject], next_cursor: str | None, done: bool) -> Range:
        last = max((r.oid for r in rows if r.oid), default=part.cursor)
        if self.scope == Scope() and plan.is_ascending(part.cursor, rows):
            upto = (part.hi or None) if done else last
            page = plan.read_page(self.store.known(part.cursor, upto), rows)
        else:  # a partial walk, or not in order: absence means nothing
            self.ordered = self.ordered and self.scope != Scope()
            page = plan.read_page(self.store.known_oids([r.oid for r in rows if r.oid]), rows)
        self.store.write_page(
            self.crawl, part.lo, page, seen=len(rows), cursor=last, next_cursor=next_cursor, done=done
        )
        return part._replace(cursor=last, next_cursor=next_cursor)

    def _cut(self, part: Range) -> None:
        """The listing is long: walk the rest of it in parts."""
        cuts = plan.cuts_by_time(part.cursor, self.now, READERS)
        neighbours = self.store.split(self.crawl, part.lo, cuts)
        if neighbours:
            self.open[part.lo] = part._replace(hi=cuts[0])
            for neighbour in neighbours:
                self._start(neighbour)


def _within(page: Page, hi: str) -> tuple[list[Listed | Reject], bool]:
    """The rows of a page that belong to a range ending at `hi` ('' = open), and whether the range ends with this page."""
    if not hi:
        return page.rows, page.next_cursor is None
    rows = [r for r in page.rows if r.oid is None or r.oid <= hi]
    return rows, len(rows) < len(page.rows) or page.next_cursor is None
