"""hub.db: the list of what is due, all SQL of it: what changed since it was judged, and what was made from that.

Compares what a verdict rests on with what is stored now; no clock is asked, since clocks are set back and forth. Looks
too widely rather than too narrowly: `judge.py` judges only what really differs. The list outlives a run that is killed.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence

from crawler import database
from index import tables
from index.lineage import MOVED

_MOVED = ", ".join(f"('{old}', '{new}')" for old, new in MOVED.items())
_DUE = (
    # New, changed, or judged by other rules: the verdict's basis starts with the repo's fingerprint.
    """INSERT INTO {due} SELECT r.repo FROM repos r LEFT JOIN verdicts v USING (repo)
       WHERE v.repo IS NULL OR substr(v.basis, 1, 8) <> r.fingerprint OR substr(v.basis, 25, 8) <> :rules
       ON CONFLICT DO NOTHING""",
    # Judged by other documents than the last looks brought; no clock is asked, since clocks are set back and forth.
    """INSERT INTO {due} SELECT v.repo FROM verdicts v
       LEFT JOIN (SELECT repo, papers(path, outcome, hash) AS digest FROM fetches GROUP BY repo) f USING (repo)
       WHERE substr(v.basis, 9, 8) <> coalesce(f.digest, :nothing) ON CONFLICT DO NOTHING""",
    f"""WITH moved (old, new) AS (VALUES {_MOVED})
        INSERT INTO {{due}} SELECT l.repo FROM moved m JOIN repos r ON r.repo_id = m.new JOIN {{due}} d USING (repo)
        JOIN lineage l ON l.base_id = m.old WHERE true ON CONFLICT DO NOTHING""",
    # What was made from these: by the repo that binds it, and by every name that they bear or bore, because a name
    # with several claimants is bound by the strictest, which need not be the one that changed.
    """WITH RECURSIVE down (repo) AS (
         SELECT repo FROM {due}
         UNION SELECT l.repo FROM down JOIN lineage l ON l.base = down.repo
         UNION SELECT l.repo FROM down JOIN repos r ON r.repo = down.repo JOIN lineage l ON l.base_id = r.repo_id
         UNION SELECT l.repo FROM down JOIN names n ON n.repo = down.repo JOIN lineage l ON l.base_id = n.repo_id)
       INSERT INTO {due} SELECT repo FROM down WHERE true ON CONFLICT DO NOTHING""",
)
_EVERYTHING = "INSERT INTO {due} SELECT repo FROM repos WHERE true ON CONFLICT DO NOTHING"


def begin(
    conn: sqlite3.Connection, *, date: str, started: str, rules_version: str, rules: bytes, everything: bool,
    dry_run: bool,
) -> tuple[int, str]:  # fmt: skip
    """Start a run and write down what is due, in one transaction: (run, name of the list).

    What a killed run left undone is still on the list. A dry run has its own list, in memory.
    """
    due = "temp.dry" if dry_run else "due"
    if dry_run:
        conn.execute("CREATE TEMP TABLE IF NOT EXISTS dry (repo INTEGER PRIMARY KEY)")
        conn.execute("DELETE FROM temp.dry")
        conn.execute("INSERT INTO temp.dry SELECT repo FROM due")
    conn.create_aggregate("papers", 3, _Papers)  # type: ignore[arg-type]  # typeshed knows those of one number only
    with database.transaction(conn):
        for sql in (_EVERYTHING,) if everything else _DUE:
            used = {"rules": rules, "nothing": papers_digest(())}
            conn.execute(sql.format(due=due), {k: v for k, v in used.items() if f":{k}" in sql})
        if dry_run:
            return 0, due
        (run,) = conn.execute(
            "INSERT INTO judge_runs (date, started, rules_version) VALUES (?, ?, ?) RETURNING id",
            (date, started, rules_version),
        ).fetchone()
    return run, due


def papers_digest(found: Iterable[tables.Document]) -> bytes:
    """8 bytes over what was found of a repo's documents; the same part of a verdict's basis."""
    parts = (d.path.encode("utf-8", "surrogatepass") + d.outcome.encode() + (d.hash or b"-") for d in sorted(found))
    return hashlib.blake2b(b"\0".join(parts), digest_size=8).digest()


class _Papers:
    """`papers_digest` as an aggregate of SQL."""

    def __init__(self) -> None:
        self._found: list[tables.Document] = []

    def step(self, path: str, outcome: str, key: bytes | None) -> None:
        """One row."""
        self._found.append(tables.Document(path, outcome, key))

    def finalize(self) -> bytes:
        """The digest."""
        return papers_digest(self._found)


def identity(conn: sqlite3.Connection) -> tuple[int, int]:
    """(the newest run, the highest key of a repo): what tells one state of hub.db from another."""
    run, repo = conn.execute(
        "SELECT (SELECT coalesce(max(id), 0) FROM judge_runs), (SELECT coalesce(max(repo), 0) FROM repos)"
    ).fetchone()
    return run, repo


def count_due(conn: sqlite3.Connection, due: str) -> int:
    """How many repos are on the list."""
    return conn.execute(f"SELECT count(*) FROM {due}").fetchone()[0]


def next_due(conn: sqlite3.Connection, due: str, after: int, limit: int) -> list[int]:
    """Keys on the list beyond `after`, in order."""
    rows = conn.execute(f"SELECT repo FROM {due} WHERE repo > ? ORDER BY repo LIMIT ?", (after, limit))
    return [row[0] for row in rows]


def is_due(conn: sqlite3.Connection, due: str, keys: Sequence[int]) -> set[int]:
    """Which of these keys are on the list."""
    found: set[int] = set()
    for marks, part in tables.chunks(keys):
        found.update(row[0] for row in conn.execute(f"SELECT repo FROM {due} WHERE repo IN ({marks})", part))
    return found


def strike(conn: sqlite3.Connection, due: str, keys: Sequence[int]) -> None:
    """Take keys off the list of a dry run, which writes nothing else."""
    conn.executemany(f"DELETE FROM {due} WHERE repo = ?", [(key,) for key in keys])
