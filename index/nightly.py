"""One night under one lock: crawl, judge, publish. Order of calls only."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, time
from pathlib import Path
from typing import NamedTuple

from crawler import session
from crawler.crawl import Progress, Report
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
    """Crawl, judge and publish. Each crawled night is judged as of its own date, so that verdicts are dated truly."""
    crawls, judged = [], []
    with locked(options.data):
        for report in session.run(options, stop=stop, progress=progress, clock=clock):
            crawls.append(report)
            judged.append(
                judge.judge(
                    session.hub_db(options.data),
                    session.documents_db(options.data),
                    datetime.combine(datetime.fromisoformat(report.date), time(), UTC),
                    workers=workers,
                    overrides=overrides.load(options.data, clock().date()),
                    progress=progress,
                )
            )
        published = publish_all(options.data, clock())
    return Night(crawls, judged, published)


def publish_all(data: Path, now: datetime) -> publish.Published:
    """Publish hub.db with what people judged by hand beside it, and how far we agree with them."""
    with closing(expert_tables.open_hub(session.hub_db(data))) as conn:
        rows, agreed = expert_tables.read(conn), expert_tables.agreement(conn)
    return publish.publish(data, now, experts=rows, agreement=agreed)
