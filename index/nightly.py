"""One night under one lock: crawl, judge, publish. Order of calls only.

A walk that was complete is judged and published even when the documents after it had to stop (quota, network): what
was seen that night is not lost to the readers, and the exit status still says that something is left to do.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, time
from pathlib import Path
from typing import NamedTuple

from crawler import session
from crawler.crawl import Progress, Report
from crawler.errors import Interrupted, StoppedError
from crawler.lock import locked
from index import expert_tables, judge, overrides, publish


class Night(NamedTuple):
    """What a nightly run did."""

    crawls: list[Report]
    judged: list[judge.JudgeReport]
    published: publish.Published


def nightly(
    options: session.Options,
    *,
    stop: threading.Event,
    progress: Progress,
    clock: Callable[[], datetime],
    workers: int = 1,
) -> Night:
    """Crawl, judge and publish. Each crawled night is judged as of its own date, so that verdicts are dated truly.

    Raises what the crawl raises; after a complete walk only once its night is judged and published.
    """
    crawls, judged = [], []

    def judge_night(day: str) -> judge.JudgeReport:
        return judge.judge(
            session.hub_db(options.data),
            session.documents_db(options.data),
            datetime.combine(datetime.fromisoformat(day), time(), UTC),
            workers=workers,
            overrides=overrides.load(options.data, clock().date()),
            progress=progress,
            stop=stop,
        )

    with locked(options.data):
        try:
            for report in session.run(options, stop=stop, progress=progress, clock=clock):
                crawls.append(report)
                judged.append(judge_night(report.date))
        except StoppedError as e:
            walked = None if isinstance(e, Interrupted) else _walked_night(session.hub_db(options.data))
            if walked is not None:
                judge_night(walked)
                publish_all(options.data, clock())
            raise
        published = publish_all(options.data, clock())
    return Night(crawls, judged, published)


def _walked_night(hub_db: Path) -> str | None:
    """The night of the newest crawl when its walk was complete and only what comes after it is unfinished."""
    if not hub_db.exists():
        return None
    with closing(sqlite3.connect(f"file:{hub_db}?mode=ro", uri=True)) as conn:
        row = conn.execute("SELECT date, complete, finished FROM crawls ORDER BY id DESC LIMIT 1").fetchone()
    return row[0] if row and row[1] and row[2] is None else None


def publish_all(data: Path, now: datetime) -> publish.Published:
    """Publish hub.db with what people judged by hand beside it, and how far we agree with them."""
    with closing(expert_tables.open_hub(session.hub_db(data))) as conn:
        rows, agreed = expert_tables.read(conn), expert_tables.agreement(conn)
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # hub.db alone is whole, for whoever copies it
    return publish.publish(data, now, experts=rows, agreement=agreed)
