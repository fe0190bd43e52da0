"""Threads that fetch pages for the walk, and the two queues between them and it.

Daemon threads on purpose: an answer that is awaited for a minute does not keep a stopped run alive. Decides nothing.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from crawler.hub import Page

LEAVE = 1.0  # seconds that threads may take to end


class Ask(NamedTuple):
    """One page to fetch. `made`: the cursor is ours and not the Hub's, and ids must lie beyond `after`."""

    lo: str  # of which range
    cursor: str | None
    made: bool
    after: str
    limit: int


class Arrived(NamedTuple):
    """A page, or why there is none."""

    ask: Ask
    page: Page | None
    error: BaseException | None


class Readers:
    """As many threads as requests were ever under way at once. All methods are for one thread, the one that asks."""

    def __init__(self, fetch: Callable[[Ask], Page]) -> None:
        """`fetch` is called in the threads."""
        self.under_way = 0  # asked and not taken yet
        self._fetch = fetch
        self._threads: list[threading.Thread] = []
        self._asks: queue.SimpleQueue[Ask | None] = queue.SimpleQueue()
        self._arrived: queue.SimpleQueue[Arrived] = queue.SimpleQueue()

    def ask(self, ask: Ask) -> None:
        """Begin to fetch a page."""
        if self.under_way >= len(self._threads):
            thread = threading.Thread(target=self._read, name=f"reader-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self.under_way += 1
        self._asks.put(ask)

    def take(self, timeout: float) -> Arrived | None:
        """The next page that arrived, in no order; None after `timeout` seconds."""
        try:
            arrived = self._arrived.get(timeout=timeout)
        except queue.Empty:
            return None
        self.under_way -= 1
        return arrived

    def waiting(self) -> int:
        """Pages that have arrived and were not taken."""
        return self._arrived.qsize()

    def close(self) -> None:
        """No more asks: each thread ends after the page it is at, and that page goes nowhere. Waits for them a
        little.
        """
        for _ in self._threads:
            self._asks.put(None)
        end = time.monotonic() + LEAVE
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _read(self) -> None:
        while (ask := self._asks.get()) is not None:
            try:
                self._arrived.put(Arrived(ask, self._fetch(ask), None))
            except BaseException as e:
                self._arrived.put(Arrived(ask, None, e))
