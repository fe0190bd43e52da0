"""One night: walk the listing, then fetch the documents that are due. Order of calls only; decides nothing.

The walk runs over ranges of ids. Each range has a reader thread that asks page after page; this thread, the only one that
touches the database, compares, writes and moves the checkpoint. Killed at any moment, the next run goes on from the
checkpoints and fetches again at most the pages that were under way.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from crawler import documents, plan
from crawler.errors import HubMisbehaves, Interrupted
from crawler.hub import Document, Hub, Page
from crawler.store import Candidate, Crawl, Fetch, Range, Store

QUEUE = 2  # pages of one range that may wait to be written
LOOKS = 16  # documents under way at once
BATCH = 200  # documents written in one transaction


@dataclass(frozen=True)
class Scope:
    """Which part of the Hub. The default is all of it; only then can anything be called missing."""

    author: str | None = None
    limit: int | None = None

    def __str__(self) -> str:
        parts = (f"author={self.author}" if self.author else "", f"limit={self.limit}" if self.limit else "")
        return ", ".join(filter(None, parts))


class Report(NamedTuple):
    """What a crawl did; `problems` are sentences for a person."""

    crawl: int
    date: str
    complete: bool
    models: int
    new: int
    changed: int
    counted: int
    missing: int
    rejects: int
    documents: int
    failed_documents: int
    backlog: int
    requests: int
    problems: tuple[str, ...]


Progress = Callable[[str, int], None]  # (what, how many so far)


def crawl(
    store: Store,
    archive: documents.Archive,
    hub: Hub,
    *,
    hub_name: str,
    night: str,
    clock: Callable[[], datetime],
    stop: threading.Event,
    scope: Scope = Scope(),
    max_documents: int = 20_000,
    progress: Progress = lambda what, count: None,
) -> Report:
    """Walk and fetch for one night (ISO date). Raises StoppedError when it must stop early; what is stored stays."""
    this = store.begin(night, hub_name, str(scope), _iso(clock()), [("", "")])
    problems: list[str] = []
    try:
        if this.walked is None:
            problems = walk(store, hub, this, scope, clock, stop, progress)
        failed = fetch_documents(store, archive, hub, this, max_documents, clock, stop, progress)
        store.finish(this, _iso(clock()))
    finally:
        store.add_requests(this.id, hub.counts.requests, hub.counts.errors)
        hub.counts.requests = hub.counts.errors = 0
    return _report(store, this, failed, problems)


def walk(
    store: Store, hub: Hub, this: Crawl, scope: Scope, clock: Callable[[], datetime], stop: threading.Event,
    progress: Progress,
) -> list[str]:  # fmt: skip
    """Walk what is left of a crawl's ranges and decide what its absences mean. Returns problems, as sentences."""
    known = store.count_present()
    before = store.last_complete()
    problems = []
    complete = _walk(store, hub, this, scope, stop, progress)
    if not complete:
        problems.append("The listing did not come in order of creation; nothing was marked as missing.")
    seen = store.models_seen(this.id)
    if scope == Scope() and plan.is_implausible(seen, known):
        complete = False
        problems.append(f"The walk saw {seen} models where {known} are known: kept, but nothing was marked as missing.")
    store.end_walk(
        this, now=_iso(clock()), complete=complete, last_seen=before.date if before else None, note=" ".join(problems)
    )
    return problems


def _report(store: Store, this: Crawl, failed: int, problems: list[str]) -> Report:
    row = store.conn.execute(
        """SELECT id, date, complete, models, new, changed, counted, missing, rejects, documents, requests
           FROM crawls WHERE id = ?""",
        (this.id,),
    ).fetchone()
    *head, requests = row
    head[2] = bool(head[2])
    return Report(*head, failed, store.backlog(), requests, tuple(problems))


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


# -- the walk -----------------------------------------------------------------------------------------------------


class _Arrived(NamedTuple):
    range: Range
    page: Page | None  # None = the reader of this range has ended
    error: BaseException | None = None


def _walk(store: Store, hub: Hub, this: Crawl, scope: Scope, stop: threading.Event, progress: Progress) -> bool:
    """Walk every unfinished range; True when all pages came in order of ids, so that absence means something."""
    todo = [r for r in store.ranges(this.id) if not r.done]
    arrived: queue.Queue[_Arrived] = queue.Queue(maxsize=max(1, QUEUE * len(todo)))
    ended = threading.Event()
    readers = [
        threading.Thread(target=_read, args=(hub, r, scope, arrived, ended), name=f"walk-{r.lo or 'start'}", daemon=True)
        for r in todo
    ]
    for reader in readers:
        reader.start()
    try:
        return _write(store, this, todo, arrived, stop, progress)
    finally:
        ended.set()
        for reader in readers:
            while reader.is_alive():
                _drain(arrived)
                reader.join(timeout=0.05)


def _drain(arrived: queue.Queue[_Arrived]) -> None:
    while True:
        try:
            arrived.get_nowait()
        except queue.Empty:
            return


def _read(hub: Hub, part: Range, scope: Scope, arrived: queue.Queue[_Arrived], ended: threading.Event) -> None:
    """Reader thread: page after page of one range into the queue."""
    cursor = part.next_cursor
    asked = set()
    left = scope.limit
    try:
        while not ended.is_set():
            page = hub.page(cursor, author=scope.author, limit=min(1000, left) if left else 1000)
            if left is not None:
                left -= len(page.rows)
                page = page if left > 0 else Page(page.rows, None)
            asked.add(cursor)
            cursor = page.next_cursor
            if cursor is not None and cursor in asked:
                raise HubMisbehaves(
                    "The Hub's next link leads to a page that was walked before; the walk would never end."
                    " Pages up to the last checkpoint are kept; run again."
                )
            arrived.put(_Arrived(part, page))
            if cursor is None:
                break
    except BaseException as e:
        arrived.put(_Arrived(part, None, e))


def _write(
    store: Store, this: Crawl, todo: list[Range], arrived: queue.Queue[_Arrived], stop: threading.Event, progress: Progress
) -> bool:
    at = {r.lo: r.cursor for r in todo}
    ordered = True
    models = 0
    while at:
        if stop.is_set():
            raise Interrupted("Asked to stop. Pages up to the last checkpoint are kept; run again to go on.")
        try:
            item = arrived.get(timeout=0.2)
        except queue.Empty:
            continue
        if item.error is not None:
            raise item.error
        assert item.page is not None
        rows, next_cursor = item.page
        lo = item.range.lo
        last = max((r.oid for r in rows if r.oid), default=at[lo])
        if this.scope == "" and plan.is_ascending(at[lo], rows):
            known = store.known(at[lo], last if next_cursor is not None else item.range.hi or None)
            page = plan.read_page(known, rows)
        else:  # a partial walk, or not in order: absence means nothing
            ordered = ordered and this.scope != ""
            page = plan.read_page(store.known_oids([r.oid for r in rows if r.oid]), rows)
        done = next_cursor is None
        written = store.write_page(this, lo, page, seen=len(rows), cursor=last, next_cursor=next_cursor, done=done)
        models += written.models
        progress("models", models)
        at[lo] = last
        if done:
            del at[lo]
    return ordered


# -- documents ----------------------------------------------------------------------------------------------------


def fetch_documents(
    store: Store, archive: documents.Archive, hub: Hub, this: Crawl, budget: int, clock: Callable[[], datetime],
    stop: threading.Event, progress: Progress,
) -> int:  # fmt: skip
    """Fetch what is due, most downloaded first, at most `budget` repos. Returns how many looks failed."""
    due = iter(store.due(budget)) if budget > 0 else iter(())
    failed = done = 0
    with ThreadPoolExecutor(max_workers=LOOKS, thread_name_prefix="documents") as pool:
        while batch := list(islice(due, BATCH)):
            if stop.is_set():
                raise Interrupted("Asked to stop. Documents fetched so far are kept; run again to go on.")
            looks = [look for found in pool.map(lambda c: _look(hub, c), batch) for look in found]
            _keep(store, archive, this, looks, _iso(clock()))
            failed += sum(look.document.outcome == "error" for look in looks)
            done += len(batch)
            progress("documents", done)
    return failed


class _Look(NamedTuple):
    candidate: Candidate
    path: str
    document: Document


def _look(hub: Hub, candidate: Candidate) -> list[_Look]:
    """All documents of one repo. A repo without a README in its file list has that as its answer, without a request."""
    looks = []
    if "README.md" not in candidate.paths:
        looks.append(_Look(candidate, "README.md", Document("missing", note="not in the file list")))
    for path in candidate.paths:
        etag = candidate.etags.get(path, (None, None))[0]
        document = hub.document(candidate.repo_id, path, candidate.sha, etag, documents.MAX_DOCUMENT)
        looks.append(_Look(candidate, path, document))
    return looks


def _keep(store: Store, archive: documents.Archive, this: Crawl, looks: list[_Look], now: str) -> None:
    """Content first, then the rows that point to it."""
    bodies = [look.document.body for look in looks if look.document.body is not None]
    keys = iter(archive.put(bodies))
    store.write_fetches(this.id, list(_fetches(looks, keys, now)))


def _fetches(looks: list[_Look], keys: Iterator[bytes], now: str) -> Iterator[Fetch]:
    for candidate, path, document in looks:
        outcome, key, etag, size = document.outcome, None, document.etag, None
        if document.body is not None:
            key, size = next(keys), len(document.body)
        elif outcome == "unchanged":
            etag, key = candidate.etags[path]
            outcome = "ok"
        yield Fetch(candidate.repo, path, candidate.sha, outcome, key, etag, size, now, document.note)
