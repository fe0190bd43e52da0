"""Import of download series that others recorded, so that a trend does not begin with our first night.

What is imported stays apart from what we saw ourselves (`imported_downloads`, with its source) and never stands over an
own observation. It is kept as runs: the same counters on every day on which the source looked (`imported_days`) from
`day` to `until`; so "unchanged" and "not looked at" differ, although a source lists a model on some days only.
The same file twice changes nothing. Columns and formats: `history_files.py`. Does not fetch, and judges no number.
"""

from __future__ import annotations

import hashlib
import sqlite3
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from crawler import database, history_files
from crawler.history_files import Bad, Row
from crawler.store import Store

EXAMPLES = 20  # of unknown ids that are listed
#: Repos older than the Hub's own records all have this creation date; it says nothing about them.
LEGACY = "2022-03-02"

Values = tuple[int | None, int | None, int | None]  # downloads (30 days), downloads_all_time, likes


class Imported(NamedTuple):
    """What an import did. Rows are counted as they are in the file; of several a day the last is taken."""

    rows: int  # observations taken, one a model and day
    models: int
    days: int
    stored: int  # runs written anew or changed; 0 = there was nothing new in the file
    skipped_own: int  # model-days that our own crawls had seen
    unknown: int  # rows of models that are not known here
    unknown_ids: tuple[str, ...]  # the first of them
    bad: tuple[tuple[str, int], ...]  # (reason, rows), most frequent first


class Run(NamedTuple):
    """The same counters from `day` to `until`, on every day on which the source looked."""

    day: int
    until: int
    values: Values


def expand(runs: Iterable[Run], days: Sequence[int]) -> dict[int, Values]:
    """The observations that runs stand for; `days`: when the source looked, ascending."""
    seen = {}
    for run in runs:
        for i in range(bisect_left(days, run.day), len(days)):
            if days[i] > run.until:
                break
            seen[days[i]] = run.values
    return seen


def compress(observations: Mapping[int, Values], days: Sequence[int]) -> list[Run]:
    """Observations as runs; a day on which the source looked and did not list the model ends one."""
    place = {day: i for i, day in enumerate(days)}
    runs: list[Run] = []
    for day in sorted(observations):
        last = runs[-1] if runs else None
        if last and last.values == observations[day] and place[last.until] + 1 == place[day]:
            runs[-1] = last._replace(until=day)
        else:
            runs.append(Run(day, day, observations[day]))
    return runs


# -- import ---------------------------------------------------------------------------------------------------------


def import_history(
    store: Store, path: Path, *, mapping: Mapping[str, str] | None = None, source: str, imported: str,
    day: str | None = None,
) -> Imported:  # fmt: skip
    """Import one file under the name of its source, all or nothing.

    `mapping`: our field (id, date, downloads, downloads_all_time, likes) -> column of the file; `day` (ISO): of a
    file without dates; `imported`: time of the import, for the record. Raises UsageError, StorageFull.
    """
    conn = store.conn
    bad: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    with database.transaction(conn):
        _gather(conn, history_files.rows(path, mapping or {}, day), bad)
        try:
            skipped = _resolve(conn, unknown)
            (key,) = conn.execute(
                """INSERT INTO import_sources (name) VALUES (?) ON CONFLICT (name) DO UPDATE SET name = excluded.name
                   RETURNING source""",
                (source,),
            ).fetchone()
            stored = _merge(conn, key)
            rows, models, days, first, last = conn.execute(
                "SELECT count(*), count(DISTINCT repo), count(DISTINCT day), date(min(day) * 86400, 'unixepoch'),"
                " date(max(day) * 86400, 'unixepoch') FROM temp.taken"
            ).fetchone()
            conn.execute(
                """INSERT INTO imports (source, digest, file, imported, first, last, rows, models, unknown, bad)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                   ON CONFLICT (source, digest) DO UPDATE SET first = excluded.first, last = excluded.last,
                     rows = excluded.rows, models = excluded.models, unknown = excluded.unknown, bad = excluded.bad""",
                (key, _digest(path), path.name, imported, first, last, rows, models, unknown.total(), bad.total()),
            )
        finally:
            conn.execute("DROP TABLE temp.incoming")
            conn.execute("DROP TABLE IF EXISTS temp.taken")
    return Imported(rows, models, days, stored, skipped, unknown.total(), tuple(list(unknown)[:EXAMPLES]),
                    tuple(bad.most_common()))  # fmt: skip


def _digest(path: Path) -> bytes:
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").digest()[:16]


def _gather(conn: sqlite3.Connection, rows: Iterable[Row | Bad], bad: Counter[str]) -> None:
    """All usable rows in a temporary table, the last of a model's day; so a file may be larger than memory."""
    conn.execute("DROP TABLE IF EXISTS temp.incoming")
    conn.execute(
        """CREATE TEMP TABLE incoming (name TEXT, day INTEGER, moment TEXT, downloads INTEGER, all_time INTEGER,
             likes INTEGER, rows INTEGER NOT NULL DEFAULT 1, PRIMARY KEY (name, day)) WITHOUT ROWID"""
    )

    def good() -> Iterator[Row]:
        for row in rows:
            if isinstance(row, Bad):
                bad[row.reason] += 1
            else:
                yield row

    conn.executemany(
        """INSERT INTO incoming (name, day, moment, downloads, all_time, likes) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (name, day) DO UPDATE SET
             downloads = iif(excluded.moment >= moment, excluded.downloads, downloads),
             all_time = iif(excluded.moment >= moment, excluded.all_time, all_time),
             likes = iif(excluded.moment >= moment, excluded.likes, likes),
             moment = max(moment, excluded.moment), rows = rows + 1""",
        good(),
    )


def _resolve(conn: sqlite3.Connection, unknown: Counter[str]) -> int:
    """temp.taken: the observations by our keys, without those that we made ourselves; how many the latter are."""
    conn.execute(
        """CREATE TEMP TABLE taken (repo INTEGER, day INTEGER, downloads INTEGER, all_time INTEGER, likes INTEGER,
             PRIMARY KEY (repo, day)) WITHOUT ROWID"""
    )
    own = own_days(conn)
    skipped = 0
    rows = conn.execute("SELECT name, day, downloads, all_time, likes, rows FROM incoming ORDER BY name, day")
    for name, items in groupby(rows, key=lambda row: row[0]):
        holders = _holders(conn, name)
        stored = {h.repo: _stored_days(conn, h.repo) for h in holders}
        for _, day, *values, count in items:
            holder = _holder(holders, day)
            if holder is None:
                unknown[name] += count
            elif (day in own and holder.first_seen <= day) or day in stored[holder.repo]:
                skipped += 1
            else:
                conn.execute(
                    "INSERT INTO taken VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", (holder.repo, day, *values)
                )
    return skipped


def own_days(conn: sqlite3.Connection) -> frozenset[int]:
    """Days on which we saw the whole Hub ourselves: what did not change then has no row, and was seen all the same."""
    rows = conn.execute("SELECT julianday(date) - 2440587.5 FROM crawls WHERE complete = 1 AND scope = ''")
    return frozenset(int(day) for (day,) in rows)


def _stored_days(conn: sqlite3.Connection, repo: int) -> frozenset[int]:
    """Days of which we have a row ourselves, also of nights that saw a part of the Hub only."""
    return frozenset(day for (day,) in conn.execute("SELECT day FROM observations WHERE repo = ?", (repo,)))


class _Holder(NamedTuple):
    """A repo that has, or once had, a name."""

    repo: int
    created: int  # day; 0 = nobody knows
    first_seen: int


def _holders(conn: sqlite3.Connection, name: str) -> list[_Holder]:
    """Repos by a name of today or of the past, the youngest first."""
    rows = conn.execute(
        f"""SELECT repo, iif(created_at IS NULL OR substr(created_at, 1, 10) <= '{LEGACY}', 0,
                             CAST(julianday(substr(created_at, 1, 10)) - 2440587.5 AS INTEGER)),
                   CAST(julianday(first_seen) - 2440587.5 AS INTEGER)
            FROM repos WHERE repo IN (
                SELECT repo FROM repos WHERE repo_id = ?1 COLLATE NOCASE AND repo_id = ?1
                UNION SELECT repo FROM names WHERE repo_id = ?1 COLLATE NOCASE AND repo_id = ?1)
            ORDER BY 2 DESC, missing_since IS NOT NULL, repo DESC""",
        (name,),
    )
    return [_Holder(*row) for row in rows]


def _holder(holders: Sequence[_Holder], day: int) -> _Holder | None:
    """Who had the name on a day: the youngest repo that existed then."""
    return next((h for h in holders if h.created <= day), None)


def _merge(conn: sqlite3.Connection, source: int) -> int:
    """Fit what was taken into the runs of its source. Returns how many runs were written."""
    (end,) = conn.execute("SELECT coalesce(max(day), -1) FROM imported_days WHERE source = ?", (source,)).fetchone()
    before = [row[0] for row in conn.execute("SELECT day FROM imported_days WHERE source = ? ORDER BY day", (source,))]
    conn.execute(
        "INSERT INTO imported_days (source, day) SELECT DISTINCT ?, day FROM taken WHERE true ON CONFLICT DO NOTHING",
        (source,),
    )
    days = [row[0] for row in conn.execute("SELECT day FROM imported_days WHERE source = ? ORDER BY day", (source,))]
    between = sorted(set(days) - set(before))
    touched = {row[0] for row in conn.execute("SELECT DISTINCT repo FROM taken")}
    for day in (d for d in between if d < end):  # a new day amid the old ones: runs that pass over it have to be cut
        touched |= {
            row[0]
            for row in conn.execute(
                "SELECT repo FROM imported_downloads WHERE source = ?1 AND day < ?2 AND until > ?2", (source, day)
            )
        }
    return sum(_refit(conn, source, repo, before, days) for repo in sorted(touched))


def _refit(conn: sqlite3.Connection, source: int, repo: int, before: Sequence[int], days: Sequence[int]) -> int:
    runs = [
        Run(day, until, (a, b, c))
        for day, until, a, b, c in conn.execute(
            """SELECT day, until, downloads, downloads_all_time, likes FROM imported_downloads
               WHERE repo = ? AND source = ? ORDER BY day""",
            (repo, source),
        )
    ]
    observations = expand(runs, before)
    taken = conn.execute("SELECT day, downloads, all_time, likes FROM taken WHERE repo = ?", (repo,))
    observations.update((day, (a, b, c)) for day, a, b, c in taken)
    wanted = compress(observations, days)
    gone, new = set(runs) - set(wanted), [run for run in wanted if run not in set(runs)]
    conn.executemany(
        "DELETE FROM imported_downloads WHERE repo = ? AND source = ? AND day = ?",
        [(repo, source, run.day) for run in gone],
    )
    conn.executemany(
        """INSERT INTO imported_downloads (repo, source, day, until, downloads, downloads_all_time, likes)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        [(repo, source, run.day, run.until, *run.values) for run in new],
    )
    return len(new)


# -- reading --------------------------------------------------------------------------------------------------------


class Observed(NamedTuple):
    """Counters of one repo on one day, and whose observation that is ('' = ours)."""

    day: int
    downloads: int | None
    downloads_all_time: int | None
    likes: int | None
    source: str


def imported(conn: sqlite3.Connection, repo: int) -> Iterator[Observed]:
    """What others observed of a repo, day by day, without the days that we saw ourselves; of two sources the first."""
    (first_seen,) = conn.execute(
        "SELECT CAST(julianday(first_seen) - 2440587.5 AS INTEGER) FROM repos WHERE repo = ?", (repo,)
    ).fetchone()
    own = {day for day in own_days(conn) if day >= first_seen}
    own |= _stored_days(conn, repo)
    rows = conn.execute(
        """SELECT s.day, i.downloads, i.downloads_all_time, i.likes, n.name
           FROM imported_downloads i JOIN import_sources n USING (source)
           JOIN imported_days s ON s.source = i.source AND s.day BETWEEN i.day AND i.until
           WHERE i.repo = ? ORDER BY s.day, i.source""",
        (repo,),
    )
    last = None
    for row in rows:
        if row[0] not in own and row[0] != last:
            last = row[0]
            yield Observed(*row)
