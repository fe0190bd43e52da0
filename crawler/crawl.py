"""One night: walk the listing, then fetch the documents that are due. Order of calls only; decides nothing.

Killed at any moment, the next run of the same night goes on: the walk from its checkpoints (`walk.py`), the documents from what
is still due (`fetch.py`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from crawler import documents, plan, walk
from crawler.fetch import Progress, fetch_documents
from crawler.hub import Hub
from crawler.store import Crawl, Store
from crawler.walk import Scope


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
    scope: Scope = Scope(),
    max_documents: int = 20_000,
    progress: Progress = lambda what, count: None,
) -> Report:
    """Walk and fetch for one night (ISO date). Raises StoppedError when it must stop early; what is stored stays."""
    this = store.begin(night, hub_name, str(scope), _iso(clock()), walk.first_ranges(store, scope))
    problems: tuple[str, ...] = ()
    try:
        if this.walked is None:
            problems = _walk(store, hub, this, scope, clock, stop, progress)
        failed = fetch_documents(store, archive, hub, this, max_documents, clock, stop, progress)
        store.finish(this, _iso(clock()))
    finally:
        store.add_requests(this.id, hub.counts.requests, hub.counts.errors)
        hub.counts.requests = hub.counts.errors = 0
    return _report(store, this, failed, problems)


def _walk(
    store: Store, hub: Hub, this: Crawl, scope: Scope, clock: Callable[[], datetime], stop: threading.Event,
    progress: Progress,
) -> tuple[str, ...]:  # fmt: skip
    """Walk, and write down what its absences mean. Returns problems, as sentences."""
    known = store.count_present()
    before = store.last_complete()
    complete, problems = walk.walk(store, hub, this, scope, now=clock().timestamp(), stop=stop, progress=progress)
    seen = store.models_seen(this.id)
    if scope == Scope() and plan.is_implausible(seen, known):
        complete = False
        problems += (f"The walk saw {seen} models where {known} are known: kept, but nothing was marked as missing.",)
    last_seen = before.date if before else None
    store.end_walk(this, now=_iso(clock()), complete=complete, last_seen=last_seen, note=" ".join(problems))
    return problems


def _report(store: Store, this: Crawl, failed: int, problems: tuple[str, ...]) -> Report:
    row = store.conn.execute(
        """SELECT id, date, complete, models, new, changed, counted, missing, rejects, documents, requests
           FROM crawls WHERE id = ?""",
        (this.id,),
    ).fetchone()
    *head, requests = row
    head[2] = bool(head[2])
    return Report(*head, failed, store.backlog(), requests, problems)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
