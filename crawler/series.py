"""Packing the download history of finished months: a third of the bytes, and still read by plain SQL.

A row of `downloads` costs some twenty bytes, most of them key and header. Many rows of one repo become one row of
`downloads_packed`: the first as it was, the days of the others as characters, their counters as JSON lists. The view
`observations` gives all rows back, packed or not. Every observation stands in exactly one of the two tables.

What stays unpacked: this month, and of each repo the newest row before it, which tonight's counters are compared with.
`pack` decides, `pack_finished` reads and writes. No number is rounded, thinned out or left off. The pages that packing
frees are filled by the nights that follow: the file needs no VACUUM, which would save another tenth of the history.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from crawler import database

#: (day since 1970-01-01, downloads, downloads_all_time, likes): a row of `downloads` without its repo.
Observation = tuple[int, int | None, int | None, int | None]

MOST = 62  # observations of a segment: it has to fit into a page with others
LONGEST = 365  # days of a segment
FEWEST = 4  # observations that are worth packing; fewer wait until they are more
REPOS = 20_000  # packed in one transaction
ZERO = 48  # the character of the first day: 0


class Segment(NamedTuple):
    """Observations of one repo, as they are stored: the first as it was, the others by how far they are from it."""

    day: int
    downloads: int | None
    downloads_all_time: int | None
    likes: int | None
    later: str | None = None
    downloads_later: str | None = None
    downloads_all_time_later: str | None = None
    likes_later: str | None = None


COLUMNS = ", ".join(Segment._fields)


def pack(observations: Sequence[Observation]) -> list[Segment]:
    """The observations of one repo, ascending by day, as segments.

    Within a segment each counter is either shown in all observations or in none, so that no list has holes.
    """
    segments = []
    start = 0
    first: Observation | None = None
    shown = (False, False, False)
    for i, (day, downloads, all_time, likes) in enumerate(observations):
        now = (downloads is None, all_time is None, likes is None)
        if first is None or now != shown or i - start == MOST or day - first[0] > LONGEST:
            if first is not None:
                segments.append(_segment(observations[start:i]))
            start, first, shown = i, observations[i], now
    if first is not None:
        segments.append(_segment(observations[start:]))
    return segments


def _segment(observations: Sequence[Observation]) -> Segment:
    first = observations[0]
    if len(observations) == 1:
        return Segment(*first)
    days, downloads, all_time, likes = zip(*observations[1:], strict=True)
    later = "".join([chr(ZERO + day - first[0]) for day in days])
    return Segment(*first, later, _list(_apart(first[1], downloads)), _short(_apart(first[2], all_time)),
                   _short(_apart(first[3], likes)))  # fmt: skip


def _apart(first: int | None, others: Sequence[int | None]) -> list[int]:
    return [0] * len(others) if first is None else [n - first for n in others if n is not None]


def _list(numbers: Sequence[int]) -> str:
    return f"[{','.join(map(str, numbers))}]"


def _short(numbers: list[int]) -> str | None:
    while numbers and not numbers[-1]:
        numbers.pop()
    return _list(numbers) if numbers else None


def unpack(segment: Segment) -> list[Observation]:
    """The observations of a segment, as the view `observations` gives them; for those who have it in hand."""
    days = [segment.day] + [segment.day + ord(mark) - ZERO for mark in segment.later or ""]
    return list(
        zip(
            days,
            _apply(segment.downloads, segment.downloads_later, len(days)),
            _apply(segment.downloads_all_time, segment.downloads_all_time_later, len(days)),
            _apply(segment.likes, segment.likes_later, len(days)),
            strict=True,
        )
    )


def _apply(first: int | None, later: str | None, count: int) -> list[int | None]:
    if first is None:
        return [None] * count
    apart = json.loads(later) if later else []
    return [first, *(first + n for n in apart), *[first] * (count - 1 - len(apart))]


def packed(rows: Iterable[tuple[int, int, int | None, int | None, int | None]]) -> Iterator[tuple[int, Segment]]:
    """(repo, segment) of rows (repo, day, counters) in order of repo and day."""
    for repo, group in groupby(rows, itemgetter(0)):
        for segment in pack([row[1:] for row in group]):
            yield repo, segment


# -- hub.db ---------------------------------------------------------------------------------------------------------


def first_of_month(day: int) -> int:
    """The first day of the month of a day; both since 1970-01-01."""
    return day - date.fromordinal(day + 719_163).day + 1


def pack_finished(conn: sqlite3.Connection, day: int, stop: threading.Event, repos: int = REPOS) -> int:
    """Pack what was observed before the month of `day`. Returns the observations packed now; 0 = it was done before.

    Each transaction packs so many `repos` and remembers how far it came; when `stop` is set, or the process is
    killed, the next call goes on there.
    """
    conn.execute(
        """INSERT INTO packings (before) SELECT ?1
           WHERE NOT EXISTS (SELECT 1 FROM packings WHERE before >= ?1 OR NOT finished)
             AND EXISTS (SELECT 1 FROM crawls WHERE julianday(date) - 2440587.5 < ?1)""",
        (first_of_month(day),),
    )
    done = 0
    for packing, before in conn.execute("SELECT packing, before FROM packings WHERE NOT finished").fetchall():
        while not stop.is_set():
            count, more = _pack_some(conn, packing, before, repos)
            done += count
            if not more:
                break
    return done


def _pack_some(conn: sqlite3.Connection, packing: int, before: int, repos: int) -> tuple[int, bool]:
    """Pack the next repos, all or nothing. Returns how many observations, and whether there are repos left."""
    with database.transaction(conn):
        (after,) = conn.execute("SELECT upto FROM packings WHERE packing = ?", (packing,)).fetchone()
        (last,) = conn.execute("SELECT coalesce(max(repo), 0) FROM repos").fetchone()
        upto = min(after + repos, last)
        due = conn.execute(
            """SELECT repo, day, downloads, downloads_all_time, likes FROM downloads
               WHERE repo > ? AND repo <= ? AND day < ? ORDER BY repo, day""",
            (after, upto, before),
        )
        gone: list[tuple[int, int]] = []
        segments: list[tuple[int | str | None, ...]] = []
        count = 0
        for repo, group in groupby(due, itemgetter(0)):
            rows = [row[1:] for row in group]
            if len(rows) <= FEWEST:
                continue
            newest = rows.pop()[0]
            gone.append((repo, newest))
            segments += [(packing, repo, *segment) for segment in pack(rows)]
            count += len(rows)
        conn.executemany(
            f"INSERT INTO downloads_packed (packing, repo, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            segments,
        )
        conn.executemany("DELETE FROM downloads WHERE repo = ? AND day < ?", gone)
        conn.execute("UPDATE packings SET upto = ?, finished = ? WHERE packing = ?", (upto, int(upto >= last), packing))
    return count, upto < last
