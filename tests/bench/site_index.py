"""A made-up index of any size for the benchmark of the site: the published sample, repeated under other names.

Real verdicts, dossiers, licences and card words; made-up counters, changes, conflicts and human judgements, a year of
nights. Made with the project's own schema, indexes and summaries. Measures nothing (site.py does).
"""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

from index import publish
from tests.site_data import NOW

NIGHTS = 365
LAST = (NOW.date() - date(1970, 1, 1)).days - 1
_COPIED = ("dossiers", "terms", "sights", "rules", "probes", "licenses", "looks", "definitions")


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
        for name in ("indexes", "summaries", "search"):
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
        "created_at": "date('2022-03-02', '+' || (i % 1600) || ' days')", "missing_since": "iif(i % 100 = 0 AND i > 5000, '2026-08-01', NULL)",
        "place": "1000000000 + i", "official": "iif(s.family IS NULL, NULL, s.official = 1 AND i <= 5000)",
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
    db.execute("CREATE TEMP TABLE places (model INTEGER PRIMARY KEY, place INTEGER NOT NULL)")
    db.execute(
        "INSERT INTO temp.places SELECT model, row_number() OVER (ORDER BY missing_since IS NOT NULL, downloads DESC, model)"
        " FROM main.models"
    )
    db.execute("UPDATE main.models SET place = (SELECT p.place FROM temp.places p WHERE p.model = main.models.model)")


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
        """INSERT INTO main.counters (model, day, downloads, downloads_all_time, likes)
           SELECT m.model, ? + d.n, max(0, m.downloads - (? - d.n) * (m.downloads / 500)),
             m.downloads_all_time + d.n * 10, m.likes
           FROM main.models m CROSS JOIN temp.days d
           WHERE d.n = 0 OR (m.downloads > 0 AND d.n % 30 = m.model % 30) OR m.downloads > 20000""",
        (first, NIGHTS),
    )
    db.execute(
        "INSERT INTO main.verdicts (model, day, level, level_max, restriction, rules_version, cause, dossier)"
        " SELECT model, ?, CAST(substr(level, 2) AS INTEGER), CAST(substr(level_max, 2) AS INTEGER),"
        " (SELECT min(term) FROM main.terms), (SELECT min(term) FROM main.terms), (SELECT min(term) FROM main.terms), dossier"
        " FROM main.models", (first,),
    )  # fmt: skip
    db.execute(
        """INSERT INTO main.changes (date, id, field, old, new, downloads)
           SELECT d.date, m.id, CASE m.model % 3 WHEN 0 THEN 'license' WHEN 1 THEN 'gated' ELSE 'base_model' END, 'mit', 'other',
             m.downloads FROM temp.days d CROSS JOIN main.models m ON m.model BETWEEN d.n * 3000 + 1 AND d.n * 3000 + 3000"""
    )
    db.execute(
        """INSERT INTO main.family_downloads (family, date, downloads, models) SELECT f.family, d.date, 1000000 + d.n * 1000, 40 FROM temp.days d
           CROSS JOIN (SELECT DISTINCT family FROM main.models WHERE family IS NOT NULL) f"""
    )
    db.execute(
        """INSERT INTO main.share_by_group (what, name, date, counted, downloads, share)
           SELECT w.what, 'org' || o.n, d.date, 100, 100, 1.0 / 21 FROM temp.days d
           CROSS JOIN (SELECT 'author' AS what UNION ALL SELECT 'license') w
           CROSS JOIN (SELECT n FROM temp.days WHERE n < 21) o"""
    )
    db.execute(
        "INSERT INTO main.share_by_level (date, level, models, counted, downloads, share) SELECT d.date, l.level, 100, 100, 100, 1.0 / 7 FROM temp.days d CROSS JOIN main.levels l"
    )
    db.execute(
        """INSERT INTO main.ancestors (model, base_model, relation, stated_by, license, base_license, conflict, downloads)
           SELECT model, base_model, 'finetune', 'hub', license, license_effective,
             iif(model % 20, NULL, 'tag mit, but base ' || base_model), iif(model % 20, NULL, downloads)
           FROM main.models WHERE base_model IS NOT NULL"""
    )
    # Human judgements of 250 systems, as many as two indexes have.
    db.execute(
        """INSERT INTO main.experts SELECT 'made up', '1', m.id, m.id, 0, d.key,
             CASE (m.model + d.number) % 3 WHEN 0 THEN 'open' WHEN 1 THEN 'partial' ELSE 'closed' END, 'made up', NULL, 'nobody'
           FROM (SELECT id, model FROM main.models ORDER BY place LIMIT 250) m CROSS JOIN main.dimensions d"""
    )
