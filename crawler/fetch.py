"""The documents of one night: cards and licence files that are due, most downloaded first, within a budget.

Order of calls only: `store.due` says what is due, `hub.document` looks, `documents.Archive` keeps the text, `store.write_fetches`
the row that points to it. A document that cannot be had is a row with its reason, not the end of the night.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from crawler import documents
from crawler.errors import Interrupted
from crawler.hub import Document, Hub
from crawler.store import Candidate, Crawl, Fetch, Store

LOOKS = 16  # repos whose documents are under way at once
BATCH = 200  # repos written in one transaction

Progress = Callable[[str, int], None]  # (what, how many so far)


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
            _keep(store, archive, this, looks, f"{clock():%Y-%m-%dT%H:%M:%SZ}")
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
