"""A night of the whole Hub: is memory flat, how long does it take? `python -m tests.bench size [MODELS ...]`.

Each size is crawled twice in fresh processes, a first night into nothing and a second one with 14 % of the counters and
0.7 % of the repos changed, from a replay Hub in another process, without quota, without latency and without documents.
Peaks and processor time are those of the crawl's process alone; the ratio of the nights is of processor time,
so that a busy machine does not count. The recordings are kept in `bench-data` and used again: 3.2
million models need 8 GB there, 4 GB for what the replay Hub unpacks (TMPDIR) and 5 GB for hub.db.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from tests.bench import crawl, generate

SIZES = (100_000, 400_000)
LIMIT = 200  # MB that the crawl may use, whatever the size


class Night(NamedTuple):
    """One measured night."""

    models: int
    night: int  # 0 = the first
    seconds: float
    cpu: float  # seconds of the crawl's process
    peak_mb: float
    bytes: int  # of hub.db
    requests: int


def nights(models: int) -> list[Night]:
    """The first and the second night of a made-up Hub of that size."""
    folder = Path(tempfile.mkdtemp(prefix="bench-size-"))
    try:
        return [_night(models, night, folder) for night in (0, 1)]
    finally:
        shutil.rmtree(folder)


def _night(models: int, night: int, folder: Path) -> Night:
    path = Path("bench-data") / f"models-{models}{'-next' if night else ''}.jsonl"
    server, url = crawl.serve(generate.write(path, models, night=night))
    try:
        found = crawl.contend("ours", url, folder, night=f"2026-08-0{night + 1}")
    finally:
        server.terminate()
        server.wait()
    with closing(sqlite3.connect(folder / "hub.db")) as conn:
        complete, seen, requests = conn.execute(
            "SELECT complete, models, requests FROM crawls ORDER BY id DESC LIMIT 1"
        ).fetchone()
    assert (complete, seen) == (1, models), (complete, seen)
    return Night(models, night, found["seconds"], found["cpu"], found["peak_mb"], int(found["bytes"]), requests)


def main() -> None:
    """Print the table, size by size."""
    sizes = [int(argument.replace("_", "").replace(",", "")) for argument in sys.argv[1:]] or list(SIZES)
    print(f"\nA night of the whole Hub, by its size (memory must stay under {LIMIT} MB)")
    print(f"{'models':>10}{'night':>8}{'seconds':>9}{'models/s':>10}{'CPU s':>8}{'vs. first':>11}{'peak MB':>9}"
          f"{'requests':>10}{'bytes/model':>13}")  # fmt: skip
    peaks = []
    for models in sizes:
        first, second = nights(models)
        for one in (first, second):
            ratio = f"{first.cpu / one.cpu:.2f}x" if one.night else ""
            print(
                f"{one.models:>10,}{('first', 'second')[one.night]:>8}{one.seconds:>9.1f}{models / one.seconds:>10,.0f}"
                f"{one.cpu:>8.1f}{ratio:>11}{one.peak_mb:>9,.0f}{one.requests:>10,}{one.bytes / models:>13,.0f}",
                flush=True,
            )
            peaks.append(one.peak_mb)
    print(f"highest peak {max(peaks):,.0f} MB, {max(peaks) / min(peaks):.2f} times the lowest")
    if max(peaks) > LIMIT:
        raise SystemExit(f"the memory of the walk is not under {LIMIT} MB")


if __name__ == "__main__":
    main()
