"""Is the walk at the quota's limit? `python -m tests.bench quota`: 1 s of latency a page, the Hub's plans in shortened
windows.

What the quota alone dictates: `requests / (q * share)` windows of w seconds, for as many requests as the listing has
pages, when the share of each window is spent evenly. The windows are shortened at the same pace (`free@20`: 67
requests in 20 s for 1,000 in 300 s), and the pages are small, so that a run of some 85 s crosses several windows. Both
plans are walked side by side: each mostly waits. A real walk has 3,200 pages; the seconds that it takes to begin and to
end weigh more in these.
"""

from __future__ import annotations

import math
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from crawler import hub
from crawler.crawl import crawl
from crawler.documents import Archive
from crawler.door import Wire
from crawler.recording import Recording
from crawler.replay import ReplayHub
from crawler.replay_faults import Latency, parse_quotas
from crawler.store import Store
from tests.replaying import row, write

SHARE = 0.9


class Run(NamedTuple):
    """One measured walk."""

    plan: str
    pages: int
    requests: int
    refused: int
    seconds: float
    dictated: float

    @property
    def ratio(self) -> float:
        """Time taken over time dictated."""
        return self.seconds / self.dictated


def measure(plan: str, models: int, page_size: int, latency: float = 1.0, cuts: bool = True) -> Run:
    """Walk a made-up Hub under a plan like `free@20`."""
    quotas = parse_quotas(plan)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # from March 2024 until today, evenly
        step = int((time.time() - 0x66000000) // models)
        recording = Recording.open(write(folder / "recording", (row(n * step, f"o/m{n}") for n in range(models))))
        store, archive = Store(folder / "hub.db"), Archive(folder / "documents.db")
        with ReplayHub(recording, quotas=quotas, latency=Latency(page=latency)) as replay:
            stop = threading.Event()
            door = hub.connect(replay.url, token="hf_bench", share=SHARE, wire=Wire(sleep=stop.wait))
            door.page_size = page_size
            began = time.monotonic()
            report = crawl(
                store, archive, door, hub_name="replay", night="2026-08-01", clock=lambda: datetime.now(UTC), stop=stop,
                max_documents=0,
            )  # fmt: skip
            seconds = time.monotonic() - began
            assert report.models == models, report
            assert report.complete, report
            refused = replay.stats.statuses[429]
        door.client.close()
        archive.close()
        store.close()
        recording.close()
    pages = math.ceil(models / page_size)
    dictated = pages / (quotas.api.q * SHARE) * quotas.api.w
    return Run(plan, pages, report.requests, refused, seconds, dictated)


def table(runs: list[Run]) -> str:
    """Lines for a terminal."""
    head = f"{'plan':<16}{'pages':>7}{'requests':>10}{'429s':>6}{'seconds':>9}{'dictated':>10}{'ratio':>7}"
    return "\n".join([head] + [
        f"{r.plan:<16}{r.pages:>7}{r.requests:>10}{r.refused:>6}{r.seconds:>9.1f}{r.dictated:>10.1f}{r.ratio:>7.2f}"
        for r in runs
    ])  # fmt: skip


def main() -> None:
    """Print the table."""
    with ThreadPoolExecutor() as pool:  # (plan, models, models a page)
        runs = list(pool.map(measure, ("free@20", "enterprise@10"), (25_000, 60_000), (100, 40)))
    print(f"\nThe walk at the quota's limit: 1 s of latency a page, share {SHARE} of the quota")
    print(table(runs))


if __name__ == "__main__":
    main()
