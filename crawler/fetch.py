"""The documents of one night: cards and licence files that are due, most downloaded first, within a budget.

Order of calls only: `fetches.due_keys` says what is due, `hub.document` looks, `documents.Archive` keeps the text,
`fetches.write` the row that points to it. A document that cannot be had is a row with its reason, not the end of the
night. Looks are under way side by side and written as they come, so a stalled one holds up nothing but itself.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from crawler import documents, fetches
from crawler.errors import HubUnreachable, Interrupted, StorageFull
from crawler.fetches import Candidate, Fetch
from crawler.hub import Document, Hub
from crawler.store import Crawl, Store

LOOKS = 16  # repos whose documents are under way at once
AHEAD = 64  # repos given out, so that no look waits for the writing
BATCH = 200  # documents written in one transaction
PATIENCE = 5.0  # seconds after which fewer are written too
UNREACHABLE = 40  # documents in a row without an answer, before the Hub is called unreachable

NOT_LISTED = Document("missing", note="not in the file list")
Progress = Callable[[str, int], None]  # (what, how many so far)


def fetch_documents(
    store: Store, archive: documents.Archive, hub: Hub, this: Crawl, budget: int, clock: Callable[[], datetime],
    stop: threading.Event, progress: Progress, until: datetime | None = None,
) -> None:  # fmt: skip
    """Fetch what is due, most downloaded first, at most `budget` documents, and begin none after `until`.

    A document that the repo's file list does not have is settled without a request and costs nothing of the budget.
    The crawl's ledger counts looks that failed. Raises StoppedError; what was fetched until then is kept.
    """
    if budget <= 0:
        return
    due = fetches.due_keys(store.conn, this.date)
    night = _Night(store, archive, this, clock, progress)
    looks = _Looks(lambda candidate: _look(hub, archive, candidate))
    try:
        waiting = fetches.candidates(store.conn, due, this.date)
        _run(night, looks, waiting, budget, stop, lambda: until is not None and clock() >= until)
    except StorageFull:
        raise
    except BaseException as e:
        night.take(looks.arrived())
        if isinstance(e, HubUnreachable):
            night.forgive()
        night.write()
        raise
    finally:
        looks.end()
    night.write()


class Look(NamedTuple):
    """What was seen of one document."""

    candidate: Candidate
    path: str
    document: Document


def _run(night: _Night, looks: _Looks, waiting: Iterator[Candidate], budget: int, stop: threading.Event,
         is_over: Callable[[], bool]) -> None:  # fmt: skip
    asked, more = 0, True
    while True:
        while more and looks.under_way < AHEAD and asked < budget and not stop.is_set() and not is_over():
            candidate = next(waiting, None)
            if candidate is None:
                more = False
                break
            night.take([Look(candidate, path, NOT_LISTED) for path in candidate.absent])
            if candidate.paths:
                asked += len(candidate.paths)
                looks.give(candidate)
            night.write_if_due()
        if stop.is_set():
            raise Interrupted("Asked to stop. Documents fetched so far are kept; run again to go on.")
        if not looks.under_way:
            return
        night.take(looks.wait(0.2))
        night.check()
        night.write_if_due()


class _Looks:
    """Threads that look. Daemons: when the run must stop, one that hangs in a stalled answer does not hold it up."""

    def __init__(self, look: Callable[[Candidate], list[Look]]) -> None:
        self.under_way = 0
        self._todo: queue.SimpleQueue[Candidate | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[list[Look] | BaseException] = queue.SimpleQueue()
        self._look = look
        self._threads: list[threading.Thread] = []

    def _work(self) -> None:
        while (candidate := self._todo.get()) is not None:
            try:
                self._done.put(self._look(candidate))
            except BaseException as e:
                self._done.put(e)
                return

    def give(self, candidate: Candidate) -> None:
        """One more repo to look at."""
        self.under_way += 1
        if len(self._threads) < min(LOOKS, self.under_way):
            self._threads.append(threading.Thread(target=self._work, name="documents", daemon=True))
            self._threads[-1].start()
        self._todo.put(candidate)

    def wait(self, seconds: float) -> list[Look]:
        """The documents of the next repo that is done; none after so many seconds. Raises what the look raised."""
        try:
            found = self._done.get(timeout=seconds)
        except queue.Empty:
            return []
        self.under_way -= 1
        if isinstance(found, BaseException):
            raise found
        return found

    def arrived(self) -> list[Look]:
        """What is done and was not taken yet."""
        looks: list[Look] = []
        while not self._done.empty():
            found = self._done.get()
            looks += [] if isinstance(found, BaseException) else found
        return looks

    def end(self) -> None:
        """No more repos: what was given out and not begun is dropped; threads get a moment to end what they are at."""
        while not self._todo.empty():
            try:
                self._todo.get_nowait()
            except queue.Empty:
                break
        for _ in self._threads:
            self._todo.put(None)
        for thread in self._threads:
            thread.join(0.2)


class _Night:
    """The writing side: one thread, one transaction a batch; content first, then the rows that point to it."""

    def __init__(self, store: Store, archive: documents.Archive, this: Crawl, clock: Callable[[], datetime],
                 progress: Progress) -> None:  # fmt: skip
        self.store, self.archive, self.this, self.clock, self.progress = store, archive, this, clock, progress
        self.done = 0
        self._pending: list[Look] = []
        self._since = clock()
        self._silent = 0  # documents in a row for which no answer came

    def take(self, looks: list[Look]) -> None:
        """Documents to be written."""
        for look in looks:
            self._pending.append(look)
            if look.document.unreachable:
                self._silent += 1
            elif look.path not in look.candidate.absent:
                self._silent = 0

    def check(self) -> None:
        """Raises HubUnreachable when too many documents in a row had no answer."""
        if self._silent >= UNREACHABLE:
            last = self._pending[-1].document.note
            self._silent = 0
            self.forgive()
            raise HubUnreachable(f"{UNREACHABLE} documents in a row had no answer; the last: {last}")

    def forgive(self) -> None:
        """Drop the repos with a document that had no answer: not their fault, so all their documents stay due."""
        silent = {look.candidate.repo for look in self._pending if look.document.unreachable}
        self._pending = [look for look in self._pending if look.candidate.repo not in silent]

    def write_if_due(self) -> None:
        """Write when there is enough, or when it has waited long enough."""
        if len(self._pending) >= BATCH or (self._pending and (self.clock() - self._since).total_seconds() >= PATIENCE):
            self.write()

    def write(self) -> None:
        """Write what was taken."""
        self._since = self.clock()
        if not self._pending:
            return
        looks, self._pending = self._pending, []
        keys = iter(self.archive.put([look.document.body for look in looks if look.document.body is not None]))
        now = f"{self._since:%Y-%m-%dT%H:%M:%SZ}"
        self.store.write_fetches(self.this.id, [self._row(look, keys, now) for look in looks])
        self.done += sum(bool(look.path not in look.candidate.absent) for look in looks)
        self.progress("documents", self.done)

    def _row(self, look: Look, keys: Iterator[bytes], now: str) -> Fetch:
        candidate, path, document = look
        outcome, key, etag, size = document.outcome, None, document.etag, None
        if document.body is not None:
            key, size = next(keys), len(document.body)
        elif outcome in ("known", "unchanged"):
            etag = etag or candidate.etags[path][0]
            key, size = self.archive.find(etag) or (None, None)
            outcome = "error" if key is None else "ok"
        return Fetch(candidate.repo, path, candidate.sha, outcome, key, etag, size, now, document.note)


def _look(hub: Hub, archive: documents.Archive, candidate: Candidate) -> list[Look]:
    """All documents of one repo that are due. A condition is put only for a text that the archive still has."""
    looks = []
    for path in candidate.paths:
        etag = candidate.etags.get(path, (None, None))[0]
        condition = etag if etag and archive.find(etag) else None
        document = hub.document(
            candidate.repo_id, path, candidate.sha, condition, documents.MAX_DOCUMENT,
            oid=candidate.oid, is_known=lambda tag: archive.find(tag) is not None,
        )  # fmt: skip
        looks.append(Look(candidate, path, document))
    return looks
