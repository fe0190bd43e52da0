"""Rows of the listing that were never seen before, into hub.db: a first walk has nothing else, so this is its pace.

Decides nothing, and begins no transaction: `store.py` does, one for each page.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from crawler.columns import narrow, wide
from crawler.records import Listed, Reject, Repo, expand

TOGETHER = 100  # rows of one INSERT: what was made of them is still in the processor's cache when it is bound

# ?1 is what all rows of a statement share, bound once.
_INSERT_REPOS = """
    INSERT INTO repos (first_seen, observed, repo, oid, repo_id, author, sha, created_at, last_modified, private,
                       disabled, gated, license, downloads, downloads_all_time, likes, fingerprint, license_files)
    VALUES """
_INSERT_DETAILS = """
    INSERT INTO details (repo, license_name, license_link, pipeline_tag, library, tags, bases, files, file_count,
                         card_data, config)
    VALUES """
_INSERT_COUNT = "INSERT INTO downloads (day, repo, downloads, downloads_all_time, likes) VALUES "


def insert(
    conn: sqlite3.Connection, rows: Sequence[Listed], night: str, day: int, first: int
) -> tuple[int, list[Reject]]:
    """Store new repos under the keys from `first` on: how many, and the rows that could not be read.

    `night` as ISO date, `day` the same in days since 1970-01-01. The history begins where a counter is shown.
    """
    rejects: list[Reject] = []
    key = first
    for i in range(0, len(rows), TOGETHER):
        keyed: list[tuple[int, Repo]] = []
        for listed in rows[i : i + TOGETHER]:
            repo = expand(listed)
            if isinstance(repo, Reject):
                rejects.append(repo)
            else:
                keyed.append((key, repo))
                key += 1
        counts = [
            (k, r.downloads, r.downloads_all_time, r.likes)
            for k, r in keyed
            if r.downloads is not None or r.downloads_all_time is not None or r.likes is not None
        ]
        _insert(conn, _INSERT_REPOS, "?1, ?1", [night], [(k, *narrow(r)) for k, r in keyed])
        _insert(conn, _INSERT_DETAILS, "", [], [(k, *wide(r)) for k, r in keyed])
        _insert(conn, _INSERT_COUNT, "?1", [day], counts)
    return key - first, rejects


def _insert(conn: sqlite3.Connection, into: str, shared: str, values: list[Any], rows: list[tuple[Any, ...]]) -> None:
    """Many rows in one statement: the readers' threads get in between statements, not between rows."""
    if rows:
        conn.execute(_of_rows(into, shared, len(rows[0]), len(rows)), values + list(chain.from_iterable(rows)))


@lru_cache(maxsize=16)
def _of_rows(into: str, shared: str, columns: int, rows: int) -> str:
    """An INSERT of so many rows with so many values each, behind those that all of them share."""
    marks = f"({', '.join(filter(None, (shared, *'?' * columns)))})"
    return into + ", ".join([marks] * rows)
