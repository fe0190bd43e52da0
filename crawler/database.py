"""Opening our SQLite files: whose file is it, which schema has it, and transactions that translate disk errors.

Holds no SQL of any table; `store.py`, `documents.py` and `index/tables.py` do, one door per file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import sqlite_utils
from sqlite_utils import Migrations

from crawler.errors import ForeignDatabase, NewerSchema, OtherSchema, StorageFull


def timestamp(moment: datetime) -> str:
    """A moment as our tables have it: ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def connect(path: Path, application_id: int, *sets: Migrations) -> sqlite3.Connection:
    """Open (or create) one of our files, bring its schema up to date, return a connection in autocommit mode.

    Raises ForeignDatabase when the file is not ours, NewerSchema when a newer version wrote it,
    OtherSchema when one with other columns did, StorageFull when the directory cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        conn = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
    except (OSError, sqlite3.OperationalError) as e:
        raise StorageFull(f"Cannot open {path}: {e}. Nothing was done; check the directory and its rights.") from e
    try:
        conn.execute("PRAGMA page_size = 8192")  # of a new file: half as many pages to write for as many rows
        _check_owner(conn, path, application_id)
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("PRAGMA synchronous = NORMAL")
        conn.execute("PRAGMA foreign_keys = OFF")  # written in bulk, checked by tests
        conn.execute("PRAGMA cache_size = -24576")
        conn.execute("PRAGMA wal_autocheckpoint = 2000")  # 16 MB: pages of the indexes are written back less often
        migrate(conn, path, *sets)
        check_schema(conn, path, *sets)
    except sqlite3.DatabaseError as e:
        conn.close()
        raise translated(e, path) from e
    except Exception:
        conn.close()
        raise
    return conn


def _check_owner(conn: sqlite3.Connection, path: Path, application_id: int) -> None:
    try:
        (found,) = conn.execute("PRAGMA application_id").fetchone()
        (tables,) = conn.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as e:
        if "not a database" in str(e):
            raise ForeignDatabase(f"{path} is not a SQLite database. It was left alone; name another --data.") from e
        raise
    if found == application_id:
        return
    if found or tables:
        raise ForeignDatabase(
            f"{path} is a database of another application. It was left alone; name another --data directory."
        )
    conn.execute(f"PRAGMA application_id = {application_id}")


def migrate(conn: sqlite3.Connection, path: Path, *sets: Migrations) -> None:
    """Apply what is pending of each set; refuse a file with migrations that this version does not know."""
    db = sqlite_utils.Database(conn)
    for migrations in sets:
        known = {m.name for m in migrations.pending(db)} | {m.name for m in migrations.applied(db)}
        ours = {m.name for m in migrations._migrations}  # noqa: SLF001 - no public list of a set's names
        newer = sorted(known - ours)
        if newer:
            raise NewerSchema(
                f"{path} was written by a newer openness (schema step {newer[-1]}). It was left alone; update openness."
            )
        migrations.apply(db)


Columns = frozenset[tuple[str, str]]  # of (table, column)


def columns(conn: sqlite3.Connection) -> Columns:
    """Every column of every table and view, apart from what SQLite and the migrations keep for themselves."""
    return frozenset(conn.execute(
        """SELECT m.name, c.name FROM sqlite_master m, pragma_table_xinfo(m.name) c
           WHERE m.type IN ('table', 'view') AND m.name NOT GLOB 'sqlite_*' AND m.name NOT GLOB '_sqlite_*'"""
    ))  # fmt: skip


@cache
def _wanted(sets: tuple[Migrations, ...]) -> Columns:
    """The columns that a new file has."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        for migrations in sets:
            migrations.apply(sqlite_utils.Database(conn))
        return columns(conn)


def check_schema(conn: sqlite3.Connection, path: Path, *sets: Migrations) -> None:
    """Raises OtherSchema where a table of these sets has not just the columns that this version gives it.

    A step of a set that ran is not run again, so a schema file that was changed in place does not reach an old file.
    """
    wanted = _wanted(sets)
    tables = {table for table, _ in wanted}
    if odd := wanted ^ {c for c in columns(conn) if c[0] in tables}:
        raise OtherSchema(
            f"{path} was written by another version of openness: its columns differ ({named(odd)}). It was left alone; "
            "move it away and run `openness nightly` again, or name another --data."
        )


def named(odd: Columns) -> str:
    """The first of these columns, for a sentence."""
    return ", ".join(f"{table}.{column}" for table, column in sorted(odd)[:3]) + (", ..." if len(odd) > 3 else "")


def run_script(db: sqlite_utils.Database, sql: str) -> None:
    """Run a schema file statement by statement, inside the migration's own transaction (executescript would commit)."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.conn.execute(statement)
            statement = ""
    if statement.strip() and not all(
        part.startswith("--") or not part for part in map(str.strip, statement.splitlines())
    ):
        raise ValueError(f"unfinished statement in schema: {statement[:80]}")


def close(conn: sqlite3.Connection) -> None:
    """Close a file; what its write-ahead log holds goes into the file first, unless somebody is reading it."""
    with suppress(sqlite3.Error):  # nothing is lost: the log is read with the file, and the next close tries again
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    conn.close()


def translated(error: sqlite3.DatabaseError, path: Path | str) -> Exception:
    """Our error for a disk that is full or broken; anything else is a bug and stays what it is."""
    text = str(error)
    if "database is locked" in text:
        return StorageFull(f"Cannot write {path}: another program has it locked. Everything up to the last checkpoint"
                           " is kept; close that program and run again.")  # fmt: skip
    if "malformed" in text:
        return StorageFull(
            f"{path} is damaged ({text}). Nothing more was written; put back a copy of it, then run again."
        )
    if any(words in text for words in ("disk is full", "disk I/O error", "readonly database", "unable to open")):
        return StorageFull(
            f"Cannot write {path}: {text}. Everything up to the last checkpoint is kept; make room and run again."
        )
    return error


@contextmanager
def transaction(conn: sqlite3.Connection) -> Iterator[None]:
    """All or nothing. A full disk becomes StorageFull."""
    try:
        conn.execute("BEGIN IMMEDIATE")
        yield
        conn.execute("COMMIT")
    except BaseException as e:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        if isinstance(e, sqlite3.DatabaseError):
            better = translated(e, conn.execute("PRAGMA database_list").fetchone()[2])
            if better is not e:
                raise better from e
        raise
