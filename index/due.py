"""hub.db: the list of what is due, all SQL of it: what changed since it was judged, and what was made from that.

Compares what a verdict rests on with what is stored now; no clock is asked, since clocks are set back and forth. Looks
too widely rather than too narrowly: `judge.py` judges only what really differs. The list outlives a run that is killed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence

from crawler import database
from index import basis, tables
from index.basis import NOTHING, part
from index.lineage import MOVED

_MOVED = ", ".join(f"('{old}', '{new}')" for old, new in MOVED.items())
_DUE = (
    # New, changed, readable no longer or again, reviewed, or judged by other rules.
    f"""INSERT INTO {{due}}
        SELECT r.repo, v.repo IS NULL OR {part("repo")} <> r.fingerprint OR {part("probes")} <> :probes
        FROM repos r LEFT JOIN verdicts v USING (repo) LEFT JOIN temp.reviewed o ON o.repo_id = r.repo_id
        WHERE v.repo IS NULL OR {part("repo")} <> r.fingerprint OR {part("probes")} <> :probes
          OR {part("rules")} <> :rules OR {part("override")} <> coalesce(o.digest, :nothing)
          OR {part("listing")} <> coalesce(r.rejected_since, '')
        ON CONFLICT DO UPDATE SET anew = max(anew, excluded.anew)""",
    # Judged by other documents than the last looks brought; no clock is asked, since clocks are set back and forth.
    f"""INSERT INTO {{due}} SELECT v.repo, 1 FROM verdicts v
        LEFT JOIN (SELECT repo, papers(path, outcome, hash) AS digest FROM fetches GROUP BY repo) f USING (repo)
        WHERE {part("card")} <> coalesce(f.digest, :unread) ON CONFLICT DO UPDATE SET anew = 1""",
    # The Hub shows something else of a data set that they name.
    f"""INSERT INTO {{due}} SELECT DISTINCT u.repo, 0 FROM data_uses u LEFT JOIN datasets d USING (name)
        WHERE u.facts <> coalesce({tables.FACTS}, '') ON CONFLICT DO NOTHING""",
    f"""WITH moved (old, new) AS (VALUES {_MOVED})
        INSERT INTO {{due}} SELECT l.repo, 0 FROM moved m
        JOIN repos r ON r.repo_id = m.new COLLATE NOCASE JOIN {{due}} d USING (repo)
        JOIN lineage l ON l.base_id = m.old COLLATE NOCASE WHERE true ON CONFLICT DO NOTHING""",
    # What was made from these: by the repo that binds it, and by every name that they bear or bore, because a name
    # with several claimants is bound by the strictest, which need not be the one that changed.
    """WITH RECURSIVE down (repo) AS (
         SELECT repo FROM {due}
         UNION SELECT l.repo FROM down JOIN lineage l ON l.base = down.repo
         UNION SELECT l.repo FROM down JOIN repos r ON r.repo = down.repo
           JOIN lineage l ON l.base_id = r.repo_id COLLATE NOCASE
         UNION SELECT l.repo FROM down JOIN names n ON n.repo = down.repo
           JOIN lineage l ON l.base_id = n.repo_id COLLATE NOCASE)
       INSERT INTO {due} SELECT repo, 0 FROM down WHERE true ON CONFLICT DO NOTHING""",
)
_EVERYTHING = "INSERT INTO {due} SELECT repo, 0 FROM repos WHERE true ON CONFLICT DO NOTHING"


def begin(
    conn: sqlite3.Connection, *, date: str, started: str, rules_version: str, reviews: Mapping[str, bytes],
    everything: bool, dry_run: bool,
) -> tuple[int, str]:  # fmt: skip
    """Start a run and write down what is due, in one transaction: (run, name of the list).

    `reviews`: the digest of a model's reviews, by its name. What a killed run left undone is still on the list. A dry
    run has its own list, in memory.
    """
    due = "temp.dry" if dry_run else "due"
    if dry_run:
        conn.execute("CREATE TEMP TABLE IF NOT EXISTS dry (repo INTEGER PRIMARY KEY, anew INTEGER)")
        conn.execute("DELETE FROM temp.dry")
        conn.execute("INSERT INTO temp.dry SELECT repo, anew FROM due")
    conn.create_aggregate("papers", 3, _Papers)  # type: ignore[arg-type]  # typeshed knows those of one number only
    conn.execute("CREATE TEMP TABLE IF NOT EXISTS reviewed (repo_id TEXT PRIMARY KEY, digest BLOB) WITHOUT ROWID")
    with database.transaction(conn):
        conn.execute("DELETE FROM temp.reviewed")
        conn.executemany("INSERT INTO temp.reviewed VALUES (?, ?)", reviews.items())
        for sql in (*_DUE[:2], _EVERYTHING) if everything else _DUE:
            used = {"rules": basis.rules(), "probes": basis.probes(), "nothing": NOTHING, "unread": basis.papers(())}
            conn.execute(sql.format(due=due), {k: v for k, v in used.items() if f":{k}" in sql})
        if dry_run:
            return 0, due
        (run,) = conn.execute(
            "INSERT INTO judge_runs (date, started, rules_version) VALUES (?, ?, ?) RETURNING id",
            (date, started, rules_version),
        ).fetchone()
    return run, due


class _Papers:
    """`basis.papers` as an aggregate of SQL."""

    def __init__(self) -> None:
        self._found: list[tables.Document] = []

    def step(self, path: str, outcome: str, key: bytes | None) -> None:
        """One row."""
        self._found.append(tables.Document(path, outcome, key))

    def finalize(self) -> bytes:
        """The digest."""
        return basis.papers(self._found)


def read_anew(conn: sqlite3.Connection, due: str) -> Iterator[tuple[int, str | None, bytes]]:
    """(repo, its listed bases as JSON, the README's hash) of what is due because it, or what reads it, changed."""
    return conn.execute(
        f"""SELECT repo, bases, f.hash FROM {due} JOIN details USING (repo) JOIN fetches f USING (repo)
            WHERE anew AND f.path = 'README.md' AND f.hash IS NOT NULL ORDER BY repo"""
    )


def remembered_bases(conn: sqlite3.Connection, due: str) -> Iterator[tuple[int, str | None, str, str]]:
    """(repo, its listed bases as JSON, name, relation) of a base that front matter stated when a due repo was judged
    whose README need not be read again. Many of these names are listed as well.
    """
    return conn.execute(
        f"""SELECT repo, d.bases, l.base_id, l.relation
            FROM {due} JOIN lineage l USING (repo) JOIN details d USING (repo)
            WHERE NOT anew AND l.stated_by = 'card' AND NOT instr(coalesce(d.bases, ''), '"' || l.base_id || '"')
            ORDER BY repo, l.base_id"""
    )


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
    for marks, some in tables.chunks(keys):
        found.update(row[0] for row in conn.execute(f"SELECT repo FROM {due} WHERE repo IN ({marks})", some))
    return found


def strike(conn: sqlite3.Connection, due: str, keys: Sequence[int]) -> None:
    """Take keys off the list of a dry run, which writes nothing else."""
    conn.executemany(f"DELETE FROM {due} WHERE repo = ?", [(key,) for key in keys])
