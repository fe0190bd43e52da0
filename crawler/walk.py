"""The walk over the whole listing, in ranges of ids side by side. Every model once, nothing twice, any kill survived.

The listing is ordered by `_id`, and its cursor is a predicate on `_id`; so the ids can be cut into ranges which are
walked side by side: as many requests under way as the server's latency asks for to fill the quota (which `hub.py`
paces), and no more. Threads fetch and decode pages; this one decides, compares, writes and moves the checkpoints, one
transaction a page.

Coverage is proved, not assumed: ranges join in ids (`plan.is_cover`), and where one ends inside a page it has seen the
first model of its neighbour, with which the neighbour must have begun (`plan.joint_fault`). A Hub that refuses a made
cursor, or answers it oddly, is walked in one sequence along its own links, and the report says so.

What a page shows is doubted when most of its models lost the same thing at once (all counters zero, no gating, no
licences): they count as seen, so nothing is missing, but what is known of them stays, and the report says so.

Does not decide what absence means (`crawl.py`), and does not know quotas, retries or URLs.
"""

from __future__ import annotations

import heapq
import threading
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from crawler import plan
from crawler.door import UNPACED
from crawler.errors import HubMisbehaves, HubUnreachable, Interrupted
from crawler.hub import Hub, Page
from crawler.readers import Ask, Readers
from crawler.records import Listed, Reject, expand
from crawler.store import Crawl, Range, Store

WIDEST = 32  # pages under way or waiting to be written, at most: an Enterprise quota at 1.2 s a page takes 26
FIRST_WIDTH = 2  # before the walk knows how many it takes
IDLE = 0.5  # share of its time that the writer waits, from which on it is the Hub's latency that holds the walk up
SLACK = 0.1  # share of its time that the writer waits, from which on one more reader may help
WAITING = 2  # pages that may wait for the writer: they are what the walk's memory is
CUT_FROM = 20_000  # models that make it worth while to cut at the start
CUT_AFTER = 2  # pages in sequence, then the rest is cut: a small Hub never is
MODELS_PER_RANGE = 25_000
WORTH_CUTTING = 3  # pages that a range must still hold to be cut in two

Progress = Callable[[str, int], None]


class Scope(NamedTuple):
    """Which part of the Hub. The default is all of it; only then can anything be called missing."""

    author: str | None = None
    limit: int | None = None

    def __str__(self) -> str:
        """As the ledger names it; '' = the whole Hub."""
        parts = (f"author={self.author}" if self.author else "", f"limit={self.limit}" if self.limit else "")
        return ", ".join(filter(None, parts))


WHOLE = Scope()


class MadeCursorRefused(HubMisbehaves):
    """The Hub does not honour a cursor that it did not give."""


class Walked(NamedTuple):
    """How a walk went. `complete`: absence means something."""

    complete: bool
    problems: tuple[str, ...] = ()


def first_ranges(store: Store, scope: Scope) -> list[tuple[str, str]]:
    """The ranges that a new crawl begins with: cut as the last walk taught, or one."""
    known = store.count_present()
    if scope != WHOLE or known < CUT_FROM:
        return [("", "")]
    cuts = store.quantiles(min(WIDEST, max(2, known // MODELS_PER_RANGE)))
    return list(zip(["", *cuts], [*cuts, ""], strict=True))


def walk(
    store: Store, hub: Hub, crawl: Crawl, scope: Scope, *, now: float, stop: threading.Event, progress: Progress
) -> Walked:  # fmt: skip
    """Walk what is left of a crawl's ranges. `now`: Unix time, the end of the ids. Raises StoppedError; pages
    written stay.
    """
    problems = list(store.notes(crawl.id))
    try:
        _Walker(store, hub, crawl, scope, now, stop, progress, cut=not problems).run()
        if scope == WHOLE and (fault := plan.joint_fault([(r.first, r.beyond) for r in store.ranges(crawl.id)])):
            raise MadeCursorRefused(fault)
    except MadeCursorRefused as e:
        problems.append(f"The Hub did not honour a made cursor ({e}); it was walked in one sequence instead.")
        store.merge(crawl, problems[-1])
        _Walker(store, hub, crawl, scope, now, stop, progress, cut=False).run()
    ranges = store.ranges(crawl.id)
    ordered = scope != WHOLE or all(r.ordered for r in ranges)
    if not ordered:
        problems.append("The listing did not come in order of creation; nothing was marked as missing.")
    joined = scope != WHOLE or plan.is_cover([(r.lo, r.hi) for r in ranges])
    if not joined:
        problems.append("The ranges of the walk do not join; nothing was marked as missing.")
    doubted = Counter(word for r in ranges for word in r.doubted.split())
    problems += [
        f"{count} page{'s' if count > 1 else ''} of the listing showed no {what} for most models that had it:"
        " what is known of them was kept."
        for what, count in sorted(doubted.items())
    ]
    return Walked(ordered and joined, tuple(problems))


class _Walker:
    """The writing side. All its state belongs to one thread."""

    def __init__(
        self, store: Store, hub: Hub, crawl: Crawl, scope: Scope, now: float, stop: threading.Event, progress: Progress,
        cut: bool,
    ) -> None:  # fmt: skip
        self.store, self.hub, self.crawl, self.scope = store, hub, crawl, scope
        self.now, self.stop, self.progress = now, stop, progress
        self.cut = cut and scope == WHOLE
        self.width = FIRST_WIDTH
        ranges = store.ranges(crawl.id)
        self.open = {r.lo: r for r in ranges if not r.done}
        self.honoured = any(r.lo and r.first for r in ranges)  # a cursor that we made
        self.doubting = any(r.doubted for r in ranges)
        self.ready = sorted(self.open)  # a heap: the first ranges first, so that what is stored stays close together
        self.asked: dict[str, set[str | None]] = {lo: set() for lo in self.open}
        self.pages = 0
        self.models = store.models_seen(crawl.id)
        self.readers = Readers(self._fetch)
        self.idle, self.spent, self.since = 0.0, 0.0, hub.wire.clock()  # seconds waited and passed, of late

    def run(self) -> None:
        """Until every range is done."""
        try:
            while self.open:
                if self.stop.is_set():
                    raise Interrupted("Asked to stop. Pages up to the last checkpoint are kept; run again to go on.")
                self._ask()
                began = self.hub.wire.clock()
                arrived = self.readers.take(timeout=0.2)
                self.idle += self.hub.wire.clock() - began
                if arrived is not None:
                    ask, page, error = arrived
                    if error is not None:
                        raise self._judged(ask, error)
                    assert page is not None
                    self._take(ask, page)
        finally:
            self.readers.close()

    # -- asking -------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        """Keep as many pages under way as are of use; at most one of each range, because only it names the next."""
        while self.ready and self.readers.under_way < self.width:
            part = self.open[heapq.heappop(self.ready)]
            made = part.next_cursor is None and bool(part.cursor)
            cursor = plan.cursor(part.cursor) if made else part.next_cursor
            self.asked[part.lo].add(cursor)
            left = self.scope.limit and max(1, self.scope.limit - part.models)
            self.readers.ask(
                Ask(part.lo, cursor, made, part.cursor, min(self.hub.page_size, left or self.hub.page_size))
            )

    def _fetch(self, ask: Ask) -> Page:
        """In a thread: one page. Raises MadeCursorRefused when the answer is not what lies beyond the cursor."""
        page = self.hub.page(ask.cursor, author=self.scope.author, limit=ask.limit)
        if ask.made and not plan.is_ascending(ask.after, page.rows):
            raise MadeCursorRefused(f"asked for ids beyond {ask.after}, got others")
        return page

    def _judged(self, ask: Ask, error: BaseException) -> BaseException:
        """An error of a page; on a made cursor it may mean the cursor. A Hub that is down is down for all cursors."""
        refused = isinstance(error, HubMisbehaves) or (
            isinstance(error, HubUnreachable) and self.pages > 0 and not self.honoured
        )
        if ask.made and refused and not isinstance(error, MadeCursorRefused):
            return MadeCursorRefused(str(error))
        return error

    # -- what a page means --------------------------------------------------------------------------------------

    def _take(self, ask: Ask, page: Page) -> None:
        part = self.open[ask.lo]
        if page.next_cursor is not None and page.next_cursor in self.asked[part.lo]:
            raise HubMisbehaves(
                "The Hub's next link leads to a page that was walked before; the walk would never end."
                " Pages up to the last checkpoint are kept; run again."
            )
        self.honoured = self.honoured or ask.made
        self.pages += 1
        self._adapt()
        rows, after = self._after(part, page)
        self.open[part.lo] = after
        if after.done:
            del self.open[part.lo]
        else:
            heapq.heappush(self.ready, part.lo)
            self._ask()  # before writing: the Hub answers meanwhile
        self._write(part, after, rows)
        self.models += len(rows)
        self.progress("models", self.models)
        if self.cut:
            self._cut()

    def _after(self, part: Range, page: Page) -> tuple[list[Listed | Reject], Range]:
        """The rows of a page that belong to a range, and the range after them."""
        rows, behind = page.rows, None
        if part.hi:
            rows = [r for r in page.rows if r.oid is None or r.oid <= part.hi]
            behind = next((r.oid for r in page.rows if r.oid is not None and r.oid > part.hi), None)
        oids = [r.oid for r in rows if r.oid is not None]
        seen = part.models + len(rows)
        limit = self.scope.limit
        ended = page.next_cursor is None or (limit is not None and seen >= limit)
        done = ended or behind is not None or bool(part.hi and oids and oids[-1] == part.hi)
        after = part._replace(
            cursor=max([part.cursor, *oids]),
            next_cursor=page.next_cursor,
            done=done,
            models=seen,
            first=part.first or (oids[0] if oids else None),
            beyond=behind or ("" if page.next_cursor is None else None),
            ordered=part.ordered and plan.is_ascending(part.cursor, rows),
        )
        return rows, after

    def _write(self, part: Range, after: Range, rows: list[Listed | Reject]) -> None:
        if self.scope == WHOLE and after.ordered:
            known = self.store.known(part.cursor, (part.hi or None) if after.done else after.cursor)
        else:  # a partial walk, or not in order: absence means nothing
            known = self.store.known_oids([r.oid for r in rows if r.oid])
        page, doubted = self._believed(known, plan.read_page(known, rows))
        if doubted:
            self.doubting = True
            after = after._replace(doubted=" ".join([after.doubted, *doubted]).strip())
            if after.lo in self.open:
                self.open[after.lo] = after
        self.store.write_page(self.crawl, after, page, seen=len(rows))

    def _believed(self, known: list[plan.Known], page: plan.PagePlan) -> tuple[plan.PagePlan, list[str]]:
        """The page without what cannot be true of so many models at once, and what that is."""
        many = 1 if self.doubting else plan.MANY  # after one whole page, the ends of ranges are doubted too
        doubted = []
        if plan.lost_counters(known, page, many):
            doubted.append("counters")
            page = page._replace(counted=[], changed=[])
        if plan.is_mass_change(known, page, many):
            old = {r.repo: r for r in self.store.repos(k.repo for k, _ in page.changed)}
            new = [(old[k.repo], expand(row)) for k, row in page.changed]
            lost = plan.lost_facts([(before, now) for before, now in new if not isinstance(now, Reject)], many)
            doubted += lost
            page = page._replace(changed=[]) if lost else page
        return page, doubted

    # -- how wide -----------------------------------------------------------------------------------------------

    def _adapt(self) -> None:
        """As many requests side by side as fill the quota while the latency is what takes the time; else more while the
        writer waits for pages, fewer when pages wait for the writer.
        """
        now = self.hub.wire.clock()
        self.spent, self.since = self.spent + now - self.since, now
        waiting, useful = self.readers.waiting(), self.hub.useful()
        if useful is not None and self.idle > IDLE * self.spent:
            self.width = useful
        elif waiting > WAITING:
            self.width -= 1
        elif waiting == 0 and self.idle > SLACK * self.spent:
            self.width += 1
        self.width = max(2, min(self.width, WIDEST, useful or UNPACED))  # without a quota no more are let through
        self.idle, self.spent = 0.9 * self.idle, 0.9 * self.spent

    def _cut(self) -> None:
        """Cut what is left, so that there is a range for each request: first by time, later the longest rest in two."""
        if self.pages < CUT_AFTER or len(self.open) >= self.width:
            return
        if len(self.open) == 1 and self.pages == CUT_AFTER and "" in self.open and not self.open[""].hi:
            part = self.open[""]
            cuts = plan.cuts_by_time(part.cursor, self.now, self.width)
        else:
            end = plan.end_of_ids(self.now)
            rest = {r.lo: plan.rest(r.first or r.lo, r.cursor, r.hi or end, r.models) for r in self.open.values()}
            part = self.open[max(rest, key=lambda lo: rest[lo])] if rest else Range("", "", "")
            enough = rest and rest[part.lo] >= WORTH_CUTTING * self.hub.page_size
            cuts = [plan.middle(part.cursor, part.hi or end)] if enough else []
        neighbours = self.store.split(self.crawl, part.lo, cuts)
        if neighbours:
            self.open[part.lo] = part._replace(hi=cuts[0])
        for neighbour in neighbours:
            self.open[neighbour.lo] = neighbour
            self.asked[neighbour.lo] = set()
            heapq.heappush(self.ready, neighbour.lo)
