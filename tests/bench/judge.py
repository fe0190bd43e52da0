"""Speed of judging, per core: metadata, cards with all probes, a database. `python -m tests.bench.judge [N]`.

Cards are real ones where the project's data lies beside it (their sizes are the point), else those of the sample. Times
are processor time, best of three, so that a busy machine does not count; the database's is wall-clock time.
"""

from __future__ import annotations

import lzma
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from crawler import plan, recording
from crawler.cards import parse
from crawler.documents import Archive
from crawler.records import Base, Listed, Repo, decode_page, expand, strings
from crawler.store import Store
from index.judge import judge
from index.lineage import Handed
from index.probes import run_card_probes
from index.verdict import examine
from tests.bench import generate

CARDS = Path(__file__).parents[3] / "shared" / "data" / "cards.jsonl.xz"
SAMPLE = Path(recording.__file__).parent / "sample"
HUB = 3_200_000  # models to extrapolate to


def best(run: Callable[[], object], rounds: int = 3) -> float:
    """Processor seconds of the quickest of some rounds."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def listed(count: int, night: int = 0) -> list[Listed]:
    """Generated rows as the crawler reads them."""
    lines = list(generate.models(count, night=night))
    return [row for row in decode_page(b"[" + b",".join(lines) + b"]") if isinstance(row, Listed)]


def metadata(count: int) -> float:
    """Models a second from their listing rows: all listing probes, licence, lineage, rules, level, scores."""
    repos = [repo for row in listed(count) if isinstance(repo := expand(row), Repo)]
    handed: dict[str, Handed] = {}

    def run() -> None:
        for repo in repos:
            handed[repo.repo_id] = examine(repo, (), handed.get).handed

    return len(repos) / best(run)


def real_cards() -> Iterator[tuple[str, bytes]]:
    """(repo id, README.md) of every third real card, or of the sample's."""
    if CARDS.exists():
        with lzma.open(CARDS, "rb") as file:
            for number, line in enumerate(file):
                if number % 3 == 0:
                    row = msgspec.json.decode(line)
                    if row.get("path", "README.md") == "README.md":
                        yield row["id"], row["text"].encode("utf-8", "replace")
    else:
        for path in sorted(SAMPLE.glob("documents*.jsonl")):
            for line in path.read_bytes().splitlines():
                row = msgspec.json.decode(line)
                if row.get("path") == "README.md" and row.get("text"):
                    yield row["id"], row["text"].encode()


SIZES = (0, 1_000, 4_000, 16_000)  # bytes: the classes of cards that are told apart


class CardRate(NamedTuple):
    """How quick cards of a class of size are read and asked everything that we ask of a card."""

    name: str
    cards: int
    mean: float  # bytes
    rate: float  # cards a second
    floor: float  # cards a second only decoded, put in lower case and cut into words: what any reading costs


def cards() -> Iterator[CardRate]:
    """All cards together, then by size."""
    bodies = list(real_cards())
    yield _rate("cards, all probes", bodies)
    for low, high in zip(SIZES, (*SIZES[1:], 1 << 30), strict=True):
        of_size = [card for card in bodies if low <= len(card[1]) < high]
        if of_size:
            yield _rate(f"  of {low:,} to {high:,} bytes" if high < 1 << 30 else f"  of {low:,} bytes or more", of_size)


def _rate(name: str, bodies: list[tuple[str, bytes]]) -> CardRate:
    def run() -> None:
        for repo_id, body in bodies:
            card = parse(body)
            bases = tuple(Base("", b, "card") for b in strings(card.front_matter.get("base_model")))
            run_card_probes(Repo(oid="x", repo_id=repo_id, fingerprint=b"", bases=bases), card)

    def only_read() -> None:
        for _, body in bodies:
            body.decode("utf-8").lower().split()

    mean = statistics.mean(len(body) for _, body in bodies)
    return CardRate(name, len(bodies), mean, len(bodies) / best(run), len(bodies) / best(only_read))


def database(folder: Path, count: int) -> dict[str, float]:
    """Seconds to judge a whole database of `count` models, one worker: the first time, again, and everything again."""
    store = Store(folder / "hub.db")
    Archive(folder / "documents.db").close()
    crawl = store.begin("2026-08-01", "bench", "", "2026-08-01T00:00:00Z", [("", "")])
    rows = listed(count)
    for start in range(0, count, 5_000):
        part = store.ranges(crawl.id)[0]._replace(cursor="z", done=start + 5_000 >= count)
        page = plan.PagePlan(rows[start : start + 5_000], [], [], [], [], [])
        store.write_page(crawl, part, page, seen=len(page.new))
    store.finish(crawl, "2026-08-01T01:00:00Z")
    store.close()
    found: dict[str, float] = {}
    for day, name, everything in ((1, "first", False), (2, "nothing changed", False), (3, "everything again", True)):
        start_ = time.perf_counter()
        judge(folder / "hub.db", folder / "documents.db", datetime(2026, 8, day, tzinfo=UTC), everything=everything)
        found[name] = time.perf_counter() - start_
    return found


def main() -> None:
    """Print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 30_000
    print(f"\nJudging, one core\n{'metadata alone':<34}{metadata(min(count, 20_000)):>10,.0f} models/s")
    for row in cards():
        print(
            f"{row.name:<34}{row.rate:>10,.0f} cards/s {row.rate * row.mean / 1e6:>8.1f} MB/s"
            f"  {row.cards:,} cards, mean {row.mean:,.0f} bytes; only decoded and split {row.floor:,.0f}/s"
        )
    folder = Path(tempfile.mkdtemp(prefix="bench-judge-"))
    try:
        for name, seconds in database(folder, count).items():
            hub = HUB / count * seconds / 60
            print(
                f"{'database, ' + name:<34}{count / seconds:>10,.0f} models/s"
                f" {hub:>8.1f} minutes for {HUB:,}, one worker"
            )
    finally:
        shutil.rmtree(folder)
    print(f"{'peak':<34}{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:>10,.0f} MB")


if __name__ == "__main__":
    main()
