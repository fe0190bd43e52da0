"""hub.db, table `fetches`: which documents are due, and what the last look at each of them brought. SQL and no network.

A document is due when it has no look at its repo's sha yet, and again after a look that may go better another time
(error, gone, moved, or gated while the repo no longer says so): the next night, then after 2, 3 ... up to 30 nights.
So a failing document neither blocks the head of the queue nor is ever given up. The content of the last good look
survives a bad one, and one that is refused or too large; only an answer that there is no such file clears it.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from crawler import database, plan

README = "README.md"
#: Outcomes that another night may mend, on the same revision.
PASSING = ("error", "gone", "moved")
#: Outcomes that say nothing about the content: that of the last good look stays.
SAYS_NOTHING = (*PASSING, "gated", "too-large")


class Candidate(NamedTuple):
    """A repo with documents that are due."""

    repo: int
    repo_id: str
    sha: str | None
    paths: tuple[str, ...]  # to be asked for
    etags: dict[str, tuple[str, bytes]]  # path -> (etag, hash) of the last good look
    oid: str = ""
    absent: tuple[str, ...] = ()  # known from the file list not to be there: an answer without a request


class Fetch(NamedTuple):
    """What a look at one document brought."""

    repo: int
    path: str
    sha: str | None
    outcome: str
    hash: bytes | None
    etag: str | None
    size: int | None
    fetched: str  # time of the look, UTC; the night is that of the crawl
    note: str = ""


_PASSING = ", ".join(f"'{o}'" for o in PASSING)
_SAYS_NOTHING = ", ".join(f"'{o}'" for o in SAYS_NOTHING)
# `night` is the day of the crawl, not the clock's: a replayed night waits for replayed nights.
_AGAIN = f"""(f.sha IS r.sha AND (f.outcome IN ({_PASSING}) OR (f.outcome = 'gated' AND r.gated = 'no'))
              AND (:night IS NULL OR julianday(:night) - julianday(f.night) >= min(f.attempts, 30)))"""
# Of few repos are licence files worth reading: only theirs are counted.
_UNSEEN_LICENSES = """r.license_files IS NOT NULL AND (
        SELECT count(*) FROM fetches f WHERE f.repo = r.repo AND f.sha IS r.sha
          AND instr(char(10) || r.license_files || char(10), char(10) || f.path || char(10)))
      < length(r.license_files) - length(replace(r.license_files, char(10), '')) + 1"""
_DUE = f"""r.missing_since IS NULL AND r.disabled IS NOT 1
    AND (NOT EXISTS (SELECT 1 FROM fetches f WHERE f.repo = r.repo AND f.path = '{README}' AND f.sha IS r.sha)
         OR ({_UNSEEN_LICENSES})
         OR EXISTS (SELECT 1 FROM fetches f WHERE f.repo = r.repo AND {_AGAIN}))"""


def backlog(conn: sqlite3.Connection, night: str | None = None) -> int:
    """How many repos have documents due; with `night` (ISO date), without those that wait for a later one."""
    return conn.execute(f"SELECT count(*) FROM repos r WHERE {_DUE}", {"night": night}).fetchone()[0]


def due_keys(conn: sqlite3.Connection, night: str | None = None, limit: int = -1) -> array[int]:
    """Our keys of the repos with documents due: most downloaded first, then oldest; 8 bytes each."""
    rows = conn.execute(
        f"SELECT r.repo FROM repos r WHERE {_DUE} ORDER BY r.downloads DESC, r.repo LIMIT :limit",
        {"night": night, "limit": limit},
    )
    return array("q", (row[0] for row in rows))


def candidates(conn: sqlite3.Connection, keys: Iterable[int], night: str | None = None) -> Iterator[Candidate]:
    """What to ask of each of these repos, in their order; read in small parts, so that memory stays flat."""
    listed = list(keys)
    for i in range(0, len(listed), 200):
        part = listed[i : i + 200]
        marks = ",".join(map(str, part))
        repos = {
            row[0]: row
            for row in conn.execute(
                f"""SELECT r.repo, r.repo_id, r.oid, r.sha, d.files FROM repos r JOIN details d USING (repo)
                    WHERE repo IN ({marks})"""
            )
        }
        looks: dict[int, list[tuple[str, str | None, bytes | None, bool]]] = {}
        for repo, *look in conn.execute(
            f"""SELECT f.repo, f.path, f.etag, f.hash, f.sha IS r.sha AND NOT {_AGAIN}
                FROM fetches f JOIN repos r USING (repo) WHERE f.repo IN ({marks})""",
            {"night": night},
        ):
            looks.setdefault(repo, []).append((look[0], look[1], look[2], bool(look[3])))
        yield from (_candidate(repos[key], looks.get(key, [])) for key in part if key in repos)


def _candidate(row: tuple[int, str, str, str | None, str | None],
               looks: list[tuple[str, str | None, bytes | None, bool]]) -> Candidate:  # fmt: skip
    repo, repo_id, oid, sha, files = row
    wanted = plan.document_paths(None if files is None else files.split("\n"))
    settled = {path for path, _, _, is_settled in looks if is_settled}
    stored = {path for path, *_ in looks}
    etags = {path: (etag, key) for path, etag, key, _ in looks if etag is not None and key is not None}
    absent = () if files is None else tuple(sorted(({README} | stored) - set(wanted) - settled))
    return Candidate(repo, repo_id, sha, tuple(p for p in wanted if p not in settled), etags, oid, absent)


_UPSERT = f"""
    INSERT INTO fetches (repo, path, sha, outcome, hash, etag, size, fetched, note, night)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (repo, path) DO UPDATE SET
      attempts = CASE WHEN fetches.sha IS excluded.sha THEN fetches.attempts + 1 ELSE 1 END,
      sha = excluded.sha, outcome = excluded.outcome,
      hash = CASE WHEN excluded.outcome IN ({_SAYS_NOTHING}) THEN fetches.hash ELSE excluded.hash END,
      etag = CASE WHEN excluded.outcome IN ({_SAYS_NOTHING}) THEN fetches.etag ELSE excluded.etag END,
      size = CASE WHEN excluded.outcome IN ({_SAYS_NOTHING}) THEN fetches.size ELSE excluded.size END,
      fetched = excluded.fetched, note = excluded.note, night = excluded.night"""


def write(conn: sqlite3.Connection, crawl_id: int, fetches: Iterable[Fetch]) -> None:
    """What looks at documents brought, in one transaction."""
    rows = list(fetches)
    with database.transaction(conn):
        (night,) = conn.execute("SELECT date FROM crawls WHERE id = ?", (crawl_id,)).fetchone()
        conn.executemany(_UPSERT, [(*row, night) for row in rows])
        conn.execute(
            "UPDATE crawls SET documents = documents + ?, failed = failed + ? WHERE id = ?",
            (sum(f.outcome == "ok" for f in rows), sum(f.outcome == "error" for f in rows), crawl_id),
        )
