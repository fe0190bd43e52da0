"""Download history: bytes a model-day over a simulated year, and the time of one night's counters.

`python -m tests.bench.history [MODELS [NIGHTS [MODELS_OF_THE_NIGHT]]]`. All through `Store.write_page`, page by page,
as the walk writes. The second figure is scaled to the Hub's 3.2 million models unless measured at that size, and says
so.
"""

from __future__ import annotations

import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

from crawler import plan, series
from crawler.records import Listed, decode_page
from crawler.store import Crawl, Store, day_number

HUB = 3_200_000
PAGE = 1000


def listed(number: int, downloads: int, all_time: int, likes: int) -> Listed:
    """A row of the listing with its counters."""
    row = decode_page(
        b'[{"_id":"%024x","id":"org/model-%d","downloads":%d,"downloadsAllTime":%d,"likes":%d}]'
        % (number + 1, number, downloads, all_time, likes)
    )[0]
    assert isinstance(row, Listed)
    return row


def walk(store: Store, night: date, pages: Iterable[list[Listed]]) -> tuple[float, int]:
    """Write a night's pages. Returns the seconds that took, without making them; and how many counters had changed."""
    crawl: Crawl = store.begin(night.isoformat(), "bench", "", "x", [("", "")])
    part = store.ranges(crawl.id)[0]
    seconds, changed = 0.0, 0
    for rows in pages:
        began = time.perf_counter()
        page = plan.read_page(store.known(part.cursor, rows[-1].oid), rows)
        changed += len(page.counted)
        part = part._replace(cursor=rows[-1].oid)
        store.write_page(crawl, part, page, seen=len(rows))
        seconds += time.perf_counter() - began
    store.conn.execute("UPDATE crawls SET complete = 1, finished = 'x' WHERE id = ?", (crawl.id,))
    return seconds, changed


class Model:
    """One model's counters: 70 % are never downloaded, 20 % are by few and on a quarter of the days, 10 % daily."""

    def __init__(self, number: int, rng: random.Random) -> None:
        kind = rng.random()
        self.number, self.rng = number, rng
        self.chance = 0.0 if kind < 0.7 else 0.25 if kind < 0.9 else 1.0
        self.size = 0 if kind < 0.7 else rng.randrange(1, 60) if kind < 0.9 else int(60 * rng.paretovariate(0.9))
        self.downloads, self.all_time, self.likes = self.size, self.size * 8, rng.randrange(3)

    def live(self) -> bool:
        """One more day; True when a counter moved."""
        if self.rng.random() >= self.chance:
            return False
        daily = self.size / 30
        self.all_time += max(1, int(self.rng.gauss(daily, daily / 4)))
        self.downloads = max(0, self.downloads + int(self.rng.gauss(0, daily / 3 + 1)))
        self.likes += self.rng.random() < 0.02
        return True

    def row(self) -> Listed:
        """As the listing shows it."""
        return listed(self.number, self.downloads, self.all_time, self.likes)


def batched(rows: Iterable[Listed]) -> Iterator[list[Listed]]:
    """Pages of rows."""
    left = iter(rows)
    while page := list(islice(left, PAGE)):
        yield page


def table_bytes(path: Path, name: str) -> int:
    """Pages of one table, with what is free in them."""
    with sqlite3.connect(path) as conn:
        return conn.execute("SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name = ?", (name,)).fetchone()[0]


def year(folder: Path, count: int, nights: int) -> None:
    """Simulate, packing finished months as a crawl does; bytes a model-day as written, and as a VACUUM leaves it."""
    rng = random.Random(1)
    models = [Model(i, rng) for i in range(count)]
    rows = [m.row() for m in models]
    store = Store(folder / "year.db")
    counted, packing, running = 0, 0.0, threading.Event()
    for n in range(nights):
        for i, model in enumerate(models):
            if n and model.live():
                rows[i] = model.row()
        night = date(2026, 1, 1) + timedelta(days=n)
        counted += walk(store, night, batched(rows))[1]
        began = time.process_time()
        series.pack_finished(store.conn, day_number(night.isoformat()), running)
        packing += time.process_time() - began
    store.close()
    days = count * nights
    names = ("downloads", "downloads_packed", "packings")
    written = [table_bytes(folder / "year.db", name) for name in names]
    with sqlite3.connect(folder / "year.db") as conn:
        (stored,) = conn.execute("SELECT count(*) FROM observations").fetchone()
        (free,) = conn.execute(
            "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size"
        ).fetchone()
        conn.execute("VACUUM")
    vacuumed = sum(table_bytes(folder / "year.db", name) for name in names)
    share = counted / days
    print(
        f"History of {count:,} models over {nights} nights: {stored:,} observations, {share:.1%} of model-days changed"
    )
    print(
        f"  {sum(written) / days:6.2f} bytes a model-day as written, {vacuumed / days:.2f} after VACUUM (limit 2.00):"
    )
    print(f"         {written[1] / days:.2f} packed, {written[0] / days:.2f} this month and newest rows;"
          f" {free / days:.2f} free for the nights to come")  # fmt: skip
    print(
        f"  {sum(written) / stored:6.2f} bytes an observation; packing took {packing / counted * 1e6:.1f} us for each"
    )


def rows_of(count: int, share: float) -> Iterator[Listed]:
    """The same models each time, of which a share has one download more; never all of them in memory."""
    rng, moved = random.Random(2), random.Random(3)
    for i in range(count):
        model = Model(i, rng)
        model.all_time += moved.random() < share
        yield model.row()


def night(folder: Path, count: int) -> None:
    """One night with 14.9 % of the counters changed, after one in which all models were new."""
    store = Store(folder / "night.db")
    walk(store, date(2026, 1, 1), batched(rows_of(count, 0)))
    seconds, changed = walk(store, date(2026, 1, 2), batched(rows_of(count, 0.149)))
    store.close()
    print(f"A night's counters of {count:,} models, {changed / count:.1%} changed: {seconds:.1f} s")
    if count != HUB:
        print(f"  scaled to {HUB:,} models: {seconds * HUB / count:.0f} s (limit 180 s; not measured at that size)")


def main() -> None:
    """Print both."""
    sizes = [int(a) for a in sys.argv[1:]]
    count, nights, big = (sizes + [20_000, 365, 320_000][len(sizes) :])[:3]
    with tempfile.TemporaryDirectory(prefix="bench-history-") as folder:
        year(Path(folder), count, nights)
        night(Path(folder), big)


if __name__ == "__main__":
    main()
