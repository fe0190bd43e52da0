"""Human judgements in hub.db: all SQL of the table `experts`, and our own cells beside them. Decides nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

import msgspec
import sqlite_utils
from sqlite_utils import Migrations

from crawler import database
from crawler.store import APPLICATION_ID
from crawler.store import migrations as crawler_migrations
from index.agreement import Agreement, both_readings, pairs
from index.experts import EXPERTS_SQL, ExpertRow
from index.model import Judgement
from index.rules import words_of
from index.tables import migrations as index_migrations

migrations = Migrations("experts")


@migrations(name="0001_experts")
def _experts(db: sqlite_utils.Database) -> None:
    database.run_script(db, EXPERTS_SQL)


def open_hub(path: Path) -> sqlite3.Connection:
    """hub.db with the experts' table. Raises as crawler.database.connect does."""
    return database.connect(path, APPLICATION_ID, crawler_migrations, index_migrations, migrations)


def replace(conn: sqlite3.Connection, rows: Iterable[ExpertRow], imported: str) -> tuple[int, int]:
    """Store an import; an index that is imported again replaces what it said before. Returns (systems, cells)."""
    kept = list(rows)
    with database.transaction(conn):
        for source in {r.source for r in kept}:
            conn.execute("DELETE FROM experts WHERE source = ?", (source,))
        conn.executemany(
            """INSERT INTO experts (source, source_version, system, repo_id, off_hub, dimension, value, url, reason,
                 attribution, imported) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (source, source_version, system, dimension) DO UPDATE SET value = excluded.value""",
            [
                (r.source, r.source_version, r.system, r.model_id, int(r.off_hub), r.dimension, r.value, r.url,
                 r.reason, r.attribution, imported)
                for r in kept
            ],
        )  # fmt: skip
    return len({(r.source, r.system) for r in kept}), len(kept)


def read(conn: sqlite3.Connection) -> list[ExpertRow]:
    """Everything imported."""
    rows = conn.execute(
        """SELECT source, source_version, system, repo_id, off_hub, dimension, value, url, attribution, reason
           FROM experts ORDER BY source, system, dimension"""
    )
    return [ExpertRow._make((*row[:4], bool(row[4]), *row[5:])) for row in rows]


_cells = msgspec.json.Decoder(list[tuple[str, str, str, str]])


def judgements_of(conn: sqlite3.Connection, repo_id: str) -> tuple[Judgement, ...] | None:
    """Our cells of a model, found by its name today or before; None when it is not judged here."""
    row = conn.execute(
        """SELECT d.cells FROM repos r JOIN verdicts v USING (repo) JOIN dossiers d USING (dossier)
           WHERE r.repo IN (SELECT repo FROM repos WHERE repo_id = ?1 COLLATE NOCASE
                            UNION SELECT repo FROM names WHERE repo_id = ?1 COLLATE NOCASE)
           ORDER BY r.repo_id = ?1 DESC, r.missing_since IS NOT NULL, r.repo LIMIT 1""",
        (repo_id,),
    ).fetchone()
    return None if row is None else tuple(Judgement(*cell) for cell in _cells.decode(row[0]))


def agreement(conn: sqlite3.Connection) -> list[Agreement]:
    """The experts' cells against ours, in both readings of 'unknown'."""
    return both_readings(pairs(read(conn), lambda repo_id: judgements_of(conn, repo_id), words_of))
