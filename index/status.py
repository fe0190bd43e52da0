"""What `openness status` tells: read from hub.db, index.db and the schedule. Read only; judges nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crawler import fetches, session
from crawler.errors import ForeignDatabase, OpennessError
from index import schedule
from index.rows import Status


def last_start(data: Path) -> datetime | None:
    """When the newest crawl of a data directory began; None when there was none."""
    path = session.hub_db(data)
    if not path.exists():
        return None
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as conn:
        try:
            (started,) = conn.execute("SELECT max(started) FROM crawls").fetchone()
        except sqlite3.DatabaseError:
            return None
    return datetime.strptime(started, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) if started else None


def read(data: Path, now: datetime) -> Status:
    """The state of a data directory; what never happened is None."""
    files = (session.hub_db(data), session.documents_db(data), session.index_db(data))
    sizes = tuple((f.name, f.stat().st_size if f.exists() else None) for f in files)
    try:
        planned = f"{schedule.next_run(schedule.read(), now):%Y-%m-%d %H:%M} UTC by schedules/nightly.toml"
    except OpennessError:
        planned = None
    state = Status(data=str(data), next_run=planned, sizes=sizes)
    if files[0].exists():
        with closing(sqlite3.connect(f"file:{files[0]}?mode=ro", uri=True)) as conn:
            state = _crawled(conn, state)
            state = _judged(conn, state)
    if files[2].exists():
        with closing(sqlite3.connect(f"file:{files[2]}?mode=ro", uri=True)) as conn:
            state = _published(conn, state)
    return state


def _crawled(conn: sqlite3.Connection, state: Status) -> Status:
    row = _row(conn, "SELECT date, finished, complete, models, rejects, hub FROM crawls ORDER BY id DESC LIMIT 1")
    if row is None:
        return state
    return state._replace(
        crawl_date=row[0], crawl_finished=row[1], crawl_complete=bool(row[2]), crawl_models=row[3], rejects=row[4],
        hub=row[5], backlog=_backlog(conn),
    )  # fmt: skip


def _backlog(conn: sqlite3.Connection) -> int | None:
    try:
        return fetches.backlog(conn)
    except sqlite3.OperationalError:
        return None


def _judged(conn: sqlite3.Connection, state: Status) -> Status:
    row = _row(conn, "SELECT date, (SELECT count(*) FROM verdicts) FROM judge_runs ORDER BY id DESC LIMIT 1")
    return state if row is None else state._replace(judged=row[0], judged_models=row[1])


def _published(conn: sqlite3.Connection, state: Status) -> Status:
    row = _row(conn, "SELECT value FROM about WHERE key = 'published'")
    return state if row is None else state._replace(published=row[0])


def _row(conn: sqlite3.Connection, sql: str) -> tuple[Any, ...] | None:
    """One row, or None where the table is not there yet. Raises ForeignDatabase when the file is no database."""
    try:
        return conn.execute(sql).fetchone()
    except sqlite3.OperationalError:
        return None
    except sqlite3.DatabaseError as e:
        raise ForeignDatabase(f"A file in the data directory is not ours: {e}. It was left alone.") from e
