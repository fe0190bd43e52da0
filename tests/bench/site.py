"""How fast the pages are on a made-up index: `python -m tests.bench.site [--models 300000] [--data DIR]`.

The index is the published sample, its rows repeated under other names, with a year of nights: real verdicts, dossiers
and licences, made-up counters. Prints p50 and p95 of every page at 1 and at 20 clients, its size, and the time to start.
Every request asks something else where a page can (another model, another filter), so that kept answers do not help;
`again` is the same page a second time.
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import NamedTuple

import click
import httpx

from index import publish
from tests.browser.serving import served
from tests.site_data import NOW, publish_hub

NIGHTS = 365
LAST = (NOW.date() - date(1970, 1, 1)).days - 1
_COPIED = ("dossiers", "terms", "sights", "rules", "probes", "licenses", "looks")


class Measured(NamedTuple):
    """One page: milliseconds at the quantiles, bytes as sent and unpacked."""

    name: str
    p50: float
    p95: float
    p50_crowd: float
    p95_crowd: float
    again: float
    sent: int
    size: int


def generate(path: Path, models: int, sample: Path) -> None:
    """An index of so many models at `path`, with the project's own schema, indexes and summaries."""
    folder = Path(publish.__file__).parent
    path.unlink(missing_ok=True)
    rng = random.Random(7)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for pragma in (f"page_size = {publish.PAGE_SIZE}", "journal_mode = OFF", "synchronous = OFF", "cache_size = -262144",
                       f"application_id = {publish.APPLICATION_ID}", f"user_version = {publish.SCHEMA_VERSION}"):  # fmt: skip
            db.execute(f"PRAGMA {pragma}")
        db.execute("ATTACH ? AS sample", (str(sample),))
        db.execute("ATTACH ':memory:' AS hub")
        db.execute("CREATE TABLE hub.crawls (id INTEGER PRIMARY KEY, date TEXT, hub TEXT, complete INTEGER)")
        db.execute("CREATE TABLE hub.judge_runs (id INTEGER PRIMARY KEY, rules_version TEXT)")
        db.create_function("counter", 1, lambda i: 0 if rng.random() < 0.6 else int(rng.paretovariate(0.7) * 5))
        db.execute("BEGIN")
        for statement in publish._statements((folder / "published.sql").read_text(encoding="utf-8")):
            db.execute(statement)
        for table in _COPIED:
            db.execute(f"INSERT INTO main.{table} SELECT * FROM sample.{table}")
        _models(db, models)
        _history(db, models)
        db.execute(
            "CREATE TEMP TABLE family_words (name TEXT PRIMARY KEY, maker TEXT, released TEXT, predecessor TEXT)"
        )
        db.execute("CREATE TEMP TABLE nights (n INTEGER PRIMARY KEY, day INTEGER NOT NULL UNIQUE, date TEXT NOT NULL)")
        db.execute(
            "INSERT INTO temp.nights SELECT id, CAST(julianday(date) - 2440587.5 AS INTEGER), date FROM main.crawls"
        )
        db.execute("INSERT INTO hub.crawls SELECT id, date, hub, complete FROM main.crawls")
        steps = dict(publish._steps((folder / "published_fill.sql").read_text(encoding="utf-8")))
        for name in ("indexes", "summaries"):
            for statement in publish._statements(steps[name]):
                db.execute(statement, {"now": "2026-08-23T03:00:00Z", "version": "bench"})
        db.execute("COMMIT")
        db.execute("DETACH hub")
        db.execute("DETACH sample")
        db.execute("ANALYZE main")
        counts = publish._counts(db)
    inspection = publish._inspection(path, path, *counts, NOW)
    (path.parent / publish.INSPECT).write_text(json.dumps(inspection))


def _models(db: sqlite3.Connection, models: int) -> None:
    columns = [r[1] for r in db.execute("PRAGMA main.table_info(models)")]  # a generated column is not listed
    made = {
        "model": "i", "id": "'org' || (i % 40000) || '/' || substr(s.id, instr(s.id, '/') + 1) || '-' || i",
        "oid": "printf('%024x', i)", "author": "'org' || (i % 40000)", "downloads": "counter(i)",
        "downloads_all_time": "i * 7 % 100000", "likes": "i % 97", "first_seen": "'2025-08-01'",
        "created_at": "date('2022-03-02', '+' || (i % 1600) || ' days')", "missing_since": "NULL",
    }  # fmt: skip
    db.execute(
        "CREATE TEMP TABLE base AS SELECT row_number() OVER () - 1 AS n, * FROM sample.models WHERE level IS NOT NULL"
    )
    db.execute("CREATE INDEX temp.base_n ON base (n)")
    (n,) = db.execute("SELECT count(*) FROM temp.base").fetchone()
    db.execute(
        f"""WITH RECURSIVE k (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < ?)
            INSERT INTO main.models ({", ".join(columns)})
            SELECT {", ".join(made.get(c, f"s.{c}") for c in columns)} FROM k JOIN temp.base s ON s.n = k.i % {n}""",
        (models,),
    )
    # The families' own repositories keep their names: they are what people look for.
    db.execute(
        "UPDATE main.models SET id = (SELECT s.id FROM temp.base s WHERE s.n = main.models.model % ?) WHERE model <= ?",
        (n, n),
    )


def _history(db: sqlite3.Connection, models: int) -> None:
    first = LAST - NIGHTS + 1
    db.execute(
        """WITH RECURSIVE d (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM d WHERE n < ?)
           INSERT INTO main.crawls SELECT n + 1, date((? + n) * 86400, 'unixepoch'), '', '', 1, ?, 0, 0, 0, 0, 0, 0, 1, 1, 0,
             'bench', '', '' FROM d""",
        (NIGHTS - 1, first, models),
    )
    db.execute("CREATE TEMP TABLE days AS SELECT id - 1 AS n, date FROM main.crawls")
    # Counters: a row on the first night, monthly for those with downloads, nightly for the best known.
    db.execute(
        """INSERT INTO main.counters SELECT m.model, ? + d.n, max(0, m.downloads - (? - d.n) * (m.downloads / 500)),
             m.downloads_all_time + d.n * 10, m.likes
           FROM main.models m CROSS JOIN temp.days d
           WHERE d.n = 0 OR (m.downloads > 0 AND d.n % 30 = m.model % 30) OR m.downloads > 20000""",
        (first, NIGHTS),
    )
    db.execute(
        "INSERT INTO main.verdicts SELECT model, ?, CAST(substr(level, 2) AS INTEGER), CAST(substr(level_max, 2) AS INTEGER),"
        " (SELECT min(term) FROM main.terms), (SELECT min(term) FROM main.terms), (SELECT min(term) FROM main.terms), dossier"
        " FROM main.models", (first,),
    )  # fmt: skip
    db.execute(
        """INSERT INTO main.changes (date, id, field, old, new, downloads)
           SELECT d.date, m.id, CASE m.model % 3 WHEN 0 THEN 'license' WHEN 1 THEN 'gated' ELSE 'base_model' END, 'mit', 'other',
             m.downloads FROM temp.days d CROSS JOIN main.models m ON m.model BETWEEN d.n * 200 + 1 AND d.n * 200 + 200"""
    )
    db.execute(
        """INSERT INTO main.family_downloads (family, date, downloads, models) SELECT f.family, d.date, 1000000 + d.n * 1000, 40 FROM temp.days d
           CROSS JOIN (SELECT DISTINCT family FROM main.models WHERE family IS NOT NULL) f"""
    )
    db.execute(
        "INSERT INTO main.share_by_level (date, level, models, downloads, share) SELECT d.date, l.level, 100, 100, 1.0 / 7 FROM temp.days d CROSS JOIN main.levels l"
    )
    db.execute(
        """INSERT INTO main.ancestors SELECT model, base_model, 'finetune', 'hub', license, license_effective, NULL
           FROM main.models WHERE base_model IS NOT NULL"""
    )


def pages(path: Path, rng: random.Random) -> dict[str, Callable[[], str]]:
    """Name of a page -> a function that gives another address of it each time."""
    with closing(sqlite3.connect(path)) as db:
        ids = [i for (i,) in db.execute("SELECT id FROM models ORDER BY downloads DESC LIMIT 3000")]
        families = [f for (f,) in db.execute("SELECT family FROM families")]
        tasks = [
            t for (t,) in db.execute("SELECT DISTINCT pipeline_tag FROM models WHERE pipeline_tag IS NOT NULL LIMIT 20")
        ]
        licenses = [x for (x,) in db.execute("SELECT id FROM licenses ORDER BY models DESC LIMIT 25")]
    quoted = httpx.QueryParams

    def table(**fixed: str) -> Callable[[], str]:
        return lambda: "/table?" + str(quoted({**fixed, "page": str(rng.randrange(1, 150))}))

    return {
        "home": lambda: "/",
        "table": table(),
        "table by level": lambda: f"/table?level=L{rng.randrange(1, 4)}&page={rng.randrange(1, 60)}",
        "table by task": lambda: "/table?" + str(quoted({"task": rng.choice(tasks), "page": str(rng.randrange(1, 9))})),
        "table task+level": lambda: "/table?" + str(quoted({"task": rng.choice(tasks), "level": f"L{rng.randrange(1, 4)}"})),
        "table by score": table(sort="score"),
        "table organisation": lambda: f"/table?org=org{rng.randrange(40000)}",
        "table words, common": lambda: "/table?" + str(quoted({"q": rng.choice(["llama", "qwen", "instruct"]), "page": str(rng.randrange(1, 20))})),
        "table words, rare": lambda: f"/table?q={rng.randrange(100000, 300000)}",
        "table as of": lambda: f"/table?asof=2026-0{rng.randrange(1, 8)}-1{rng.randrange(10)}",
        "table of 200 ids": lambda: "/table?" + str(quoted({"ids": ",".join(rng.sample(ids, 200)), "size": "200"})),
        "families": lambda: f"/table?rows=families&q={rng.choice('aeiou')}",
        "model": lambda: f"/model/{rng.choice(ids)}",
        "model.json": lambda: f"/model/{rng.choice(ids)}.json",
        "trends": lambda: "/trends?" + "&".join(str(quoted({"f": f})) for f in rng.sample(families, 4)),
        "trends.svg": lambda: "/trends.svg?" + "&".join(str(quoted({"f": f})) for f in rng.sample(families, 4)),
        "claims": lambda: f"/claims?page={rng.randrange(1, 3)}",
        "changes": lambda: f"/changes?page={rng.randrange(1, 90)}",
        "changes by organisation": lambda: f"/changes?org=org{rng.randrange(40000)}",
        "changes.atom": lambda: f"/changes.atom?page={rng.randrange(1, 90)}",
        "licences": lambda: "/licenses",
        "licence": lambda: f"/licenses/{rng.choice(licenses)}",
        "method": lambda: "/method",
        "status": lambda: "/status",
        "badge": lambda: f"/badge/{rng.choice(ids)}.svg",
        "suggest": lambda: f"/suggest.json?q={rng.choice('lqgmsb')}{rng.choice('aeiou')}{rng.randrange(10)}",
    }  # fmt: skip


async def measure(url: str, name: str, address: Callable[[], str], rounds: int) -> Measured:
    """One page at one client and at twenty."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        alone, sent, size = [], 0, 0
        for _ in range(rounds):
            began = time.perf_counter()
            answer = await client.get(address(), headers={"accept-encoding": "gzip"})
            alone.append(1000 * (time.perf_counter() - began))
            answer.raise_for_status()
            size = max(size, len(answer.content))
            sent = max(sent, int(answer.headers.get("content-length", 0)) or answer.num_bytes_downloaded)
        crowd: list[float] = []
        left = iter(range(rounds * 4))

        async def one() -> None:
            for _ in left:
                began = time.perf_counter()
                (await client.get(address())).raise_for_status()
                crowd.append(1000 * (time.perf_counter() - began))

        await asyncio.gather(*(one() for _ in range(20)))
        same = address()
        await client.get(same)
        began = time.perf_counter()
        await client.get(same)
        again = 1000 * (time.perf_counter() - began)
    return Measured(name, *_quantiles(alone), *_quantiles(crowd), again, sent, size)


def _quantiles(values: Sequence[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(values, n=20)
    return cuts[9], cuts[18]


@click.command()
@click.option("--models", default=300_000, show_default=True)
@click.option("--rounds", default=40, show_default=True, help="Requests of one client for each page.")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Where the made-up index is kept; used again when it is there."
)
@click.option("--only", default="", help="Only pages whose name holds this.")
def main(models: int, rounds: int, data: Path | None, only: str) -> None:
    """Generate, serve, measure, print."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = data or Path(temporary) / "bench"
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / publish.INDEX).exists():
            began = time.perf_counter()
            sample = publish_hub(Path(temporary) / "sample") / publish.INDEX
            generate(folder / publish.INDEX, models, sample)
            print(f"generated {models:,} models in {time.perf_counter() - began:.0f} s")
        size = (folder / publish.INDEX).stat().st_size
        with served(folder) as server:
            print(f"index.db {size / 1e6:,.0f} MB; Datasette started in {server.seconds:.2f} s\n")
            print(
                f"{'page':28}{'p50':>8}{'p95':>8}{'p50 of 20':>12}{'p95 of 20':>12}{'again':>8}{'sent KB':>10}{'KB':>8}"
            )
            for name, address in pages(folder / publish.INDEX, random.Random(1)).items():
                if only in name:
                    m = asyncio.run(measure(server.url, name, address, rounds))
                    print(f"{m.name:28}{m.p50:8.1f}{m.p95:8.1f}{m.p50_crowd:12.1f}{m.p95_crowd:12.1f}{m.again:8.1f}"
                          f"{m.sent / 1000:10.1f}{m.size / 1000:8.1f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
