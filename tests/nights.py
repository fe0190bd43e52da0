"""Helpers for tests that crawl whole nights from a replay Hub: time that is skipped instead of slept, and what is
in the end.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from crawler import hub
from crawler.crawl import Report, crawl
from crawler.documents import Archive
from crawler.door import Wire
from crawler.errors import StoppedError
from crawler.store import Store
from crawler.walk import WHOLE, Scope

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
TIMEOUT = httpx.Timeout(10)  # a slow machine is no fault
IMPATIENT = httpx.Timeout(0.4)  # for a Hub that falls silent


@dataclass
class SkippedTime:
    """A clock on which sleeping costs nothing: pauses are added to it and not waited for."""

    stop: threading.Event = field(default_factory=threading.Event)
    skipped: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clock(self) -> float:
        """Seconds, steady."""
        return time.monotonic() + self.skipped

    def sleep(self, seconds: float) -> bool:
        """Skip ahead; True when asked to stop."""
        with self._lock:
            self.skipped += seconds
        time.sleep(0.001)  # another thread's turn
        return self.stop.is_set()


def door(url: str, time_: SkippedTime | None = None, *, token: str | None = None, page_size: int = 1000,
         max_wait: float = 3600.0, share: float = 0.9, page_seconds: float = 300.0,
         timeout: httpx.Timeout = TIMEOUT) -> hub.Hub:  # fmt: skip
    """A Hub with skipped pauses."""
    time_ = time_ or SkippedTime()
    wire = Wire(
        clock=time_.clock, sleep=time_.sleep, max_wait=max_wait, timeout=timeout, page_seconds=page_seconds
    )  # fmt: skip
    opened = hub.connect(url, token=token, share=share, wire=wire)
    opened.page_size = page_size
    return opened


def night(data: Path, url: str, day: str = "2026-08-01", *, scope: Scope = WHOLE,
          stop: threading.Event | None = None, **settings: Any) -> Report:  # fmt: skip
    """One crawl without documents. Raises what the crawl raises."""
    data.mkdir(exist_ok=True)
    store, archive, time_ = (
        Store(data / "hub.db"),
        Archive(data / "documents.db"),
        SkippedTime(stop or threading.Event()),
    )
    connection = door(url, time_, **settings)
    try:
        return crawl(store, archive, connection, hub_name="replay", night=day, clock=lambda: NOON, stop=time_.stop,
                     scope=scope, max_documents=0)  # fmt: skip
    finally:
        connection.client.close()
        archive.close()
        store.close()


def night_until_done(
    data: Path, url: str, day: str = "2026-08-01", *, runs: int = 20, **settings: Any
) -> tuple[Report, int]:
    """Run the same command again until it ends by itself, as a person or a timer would. Returns how often it had
    to stop.
    """
    for stopped in range(runs):
        try:
            return night(data, url, day, **settings), stopped
        except StoppedError:
            continue
    raise AssertionError(f"not done after {runs} runs")


_CONTENT = {
    "repos": """SELECT oid, repo_id, author, sha, created_at, last_modified, private, disabled, gated, license,
                downloads, downloads_all_time, likes, fingerprint, first_seen, observed, missing_since, last_seen
                FROM repos""",
    "details": """SELECT r.oid, d.license_name, d.license_link, d.pipeline_tag, d.library, d.tags, d.bases, d.files,
                  d.file_count, d.card_data, d.config FROM details d JOIN repos r USING (repo)""",
    "downloads": """SELECT r.oid, d.day, d.downloads, d.downloads_all_time, d.likes
                    FROM observations d JOIN repos r USING (repo)""",
    "changes": "SELECT r.oid, c.date, c.field, c.old, c.new, c.downloads FROM changes c JOIN repos r USING (repo)",
    "names": "SELECT r.oid, n.repo_id, n.since, n.until FROM names n JOIN repos r USING (repo)",
}  # fmt: skip


def content(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Everything but the bookkeeping of crawls, in an order that does not depend on who came first."""
    with sqlite3.connect(data / "hub.db") as conn:
        found = {name: sorted(conn.execute(sql).fetchall(), key=repr) for name, sql in _CONTENT.items()}
        (orphans,) = conn.execute("SELECT count(*) FROM repos WHERE repo NOT IN (SELECT repo FROM details)").fetchone()
    conn.close()
    assert orphans == 0, "a repo without its details"
    return found


def rejects(data: Path) -> list[tuple[str, str | None, str]]:
    """(key, repo id, reason) of rows that could not be read."""
    with sqlite3.connect(data / "hub.db") as conn:
        found = conn.execute("SELECT key, repo_id, reason FROM rejects ORDER BY key").fetchall()
    conn.close()
    return found


def asked_pages(log: Any) -> list[str]:
    """The listing pages that were asked for, as targets, in order."""
    return [a.target for a in log if a.target.startswith("/api/models?")]
