"""One night: walk the listing, say what its absences mean, fetch the documents and the data sets that are due, and pack
the history of a month that has ended.

Only a complete walk of the whole Hub can call a model missing. A walk that saw implausibly few models (the floor
gate), or whose most downloaded absentees answer when asked for by name, is kept for what it saw and changes nothing
else.

Killed at any moment, the next run of the same night goes on: the walk from its checkpoints (`walk.py`), the documents
from what is still due (`fetch.py`).
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from crawler import documents, plan, series, walk
from crawler.anomalies import night_stats
from crawler.database import timestamp
from crawler.datasets import look_at_datasets
from crawler.errors import HubMisbehaves, RefusedError
from crawler.fetch import Progress, fetch_documents
from crawler.hub import Hub
from crawler.store import Crawl, Store, day_number
from crawler.walk import WHOLE, Scope

TURN = 0.02  # seconds that a thread of the walk may compute before another one gets its turn
CONFIRMED = 200  # missing models that are asked for by name, the most downloaded first


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


def crawl(
    store: Store,
    archive: documents.Archive,
    hub: Hub,
    *,
    hub_name: str,
    night: str,
    clock: Callable[[], datetime],
    stop: threading.Event,
    scope: Scope = WHOLE,
    max_documents: int = 20_000,
    max_datasets: int = 1_000,
    progress: Progress = lambda what, count: None,
    until: datetime | None = None,
) -> Report:
    """Walk and fetch for one night (ISO date), and begin no document and no batch of data sets after `until`.

    Raises StoppedError when it must stop early; what is stored stays.

    Raises RefusedError for a night before the newest one: history is written forward, and what an older night shows
    would be stored as the newer state.
    """
    newest = store.newest_night()
    if newest is not None and night < newest:
        raise RefusedError(
            f"{store.path} already has the night of {newest}; crawling {night} now would write old over new."
            f" Nothing was done. If the clock of this machine was wrong, set it; to go on anyway,"
            f" name a night: --date {newest} or later."
        )
    this = store.begin(night, hub_name, str(scope), timestamp(clock()), walk.first_ranges(store, scope))
    _fill_stats(store)
    try:
        if this.walked is None:
            _walk(store, hub, this, scope, clock, stop, progress)
        fetch_documents(store, archive, hub, this, max_documents, clock, stop, progress, until)
        look_at_datasets(store.conn, hub, this.id, this.date, max_datasets, clock, stop, progress, until)
        store.finish(this, timestamp(clock()))
        series.pack_finished(store.conn, day_number(night), stop)
    finally:
        store.add_requests(this.id, hub.counts.requests, hub.counts.errors)
        hub.counts.requests = hub.counts.errors = 0
    return _report(store, this)


def _walk(
    store: Store, hub: Hub, this: Crawl, scope: Scope, clock: Callable[[], datetime], stop: threading.Event,
    progress: Progress,
) -> None:  # fmt: skip
    """Walk, and write down what its absences mean."""
    known = store.count_present()
    before = store.last_complete()
    with _undisturbed():
        complete, problems = walk.walk(store, hub, this, scope, now=clock().timestamp(), stop=stop, progress=progress)
    if complete and scope == WHOLE:
        doubt = _floor(store.models_seen(this.id), known) or _confirm(store, hub, this)
        complete = not doubt
        problems += (doubt,) if doubt else ()
    last_seen = before.date if before else None
    store.end_walk(this, now=timestamp(clock()), complete=complete, last_seen=last_seen, notes=problems)
    _fill_stats(store)


def _fill_stats(store: Store) -> None:
    """What complete walks did to the counters, oldest first: tonight's, and those of runs killed before they said."""
    for crawl_id, night in store.without_stats():
        night_stats(store.conn, crawl_id, day_number(night))


@contextmanager
def _undisturbed() -> Iterator[None]:
    """The walk makes millions of short-lived lists and dicts that reference counts free; a third of its time would go
    into looking for cycles among them. And its writer lets the readers in at each statement, a hundred rows apart: to
    be put off in between for a few bytes that arrived costs both of them their place in the processor.
    """
    collected, switched = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(100_000, 5, 5)
    sys.setswitchinterval(TURN)
    try:
        yield
    finally:
        gc.set_threshold(*collected)
        sys.setswitchinterval(switched)


def _floor(seen: int, known: int) -> str:
    """The floor gate: why a whole walk is not believed, '' = it is."""
    if not plan.is_implausible(seen, known):
        return ""
    return (
        f"The walk saw {seen} models where {known} are known: its observations are kept, nothing was marked as missing."
    )


def _confirm(store: Store, hub: Hub, this: Crawl) -> str:
    """Ask once for each of the most downloaded models that the walk did not meet; those that answer are not missing.

    Returns why absence means nothing tonight, '' = it means something.
    """
    absent = store.absent(this, CONFIRMED)
    with ThreadPoolExecutor(max_workers=8, thread_name_prefix="confirm") as pool:
        found = list(pool.map(lambda row: _still_there(hub, row[1], row[2]), absent))
    there = [repo for (repo, _, _), is_there in zip(absent, found, strict=True) if is_there]
    store.not_absent(this, there)
    if len(there) >= 10 and len(there) > len(absent) / 2:
        return (
            f"The walk did not show {len(absent)} well-known models, and {len(there)} of them are there when asked"
            " for by name: its observations are kept, nothing was marked as missing."
        )
    return ""


def _still_there(hub: Hub, oid: str, name: str) -> bool:
    """Whether the repo answers to its name. An answer that says neither yes nor no is no reason to call it missing."""
    try:
        return hub.exists(name) == oid
    except HubMisbehaves:
        return True


def _report(store: Store, this: Crawl) -> Report:
    """From the ledger, so that a night that took several runs is reported as one."""
    row = store.conn.execute(
        """SELECT id, date, complete, models, new, changed, counted, missing, rejects, documents, failed, requests
           FROM crawls WHERE id = ?""",
        (this.id,),
    ).fetchone()
    *head, requests = row
    head[2] = bool(head[2])
    return Report._make((*head, store.backlog(), requests, store.notes(this.id)))
