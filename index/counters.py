"""Counters in index.db: written in order of models, and summed up by night, level, family, organisation, licence.

`write` copies what hub.db has packed as it is and packs the rest in the same form (`crawler/series.py`). `write_sums`
reads them once, model by model, and writes what each night adds to the night before (temp.deltas, temp.kin_deltas,
temp.leader_deltas); the running totals are made from it by published_fill.sql. In SQL alone a year of the Hub would be
sorted three times.

A counter holds from its observation to the next one. It counts on complete nights on which its model was there, at the
level then in force, and only while it is known. Which nights and levels these are is decided in published_fill.sql.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, cast

import msgspec

from crawler import series

LEADERS = 1_000  # more than there are places in temp.leaders
_numbers = msgspec.json.Decoder(list[int])


def write(conn: sqlite3.Connection) -> None:
    """Fill `counters` from hub.db. Every source is in order already, so that they are merged, never sorted."""
    conn.execute(
        """CREATE TEMP TABLE loose (
             model INTEGER, day INTEGER, downloads INTEGER, downloads_all_time INTEGER, likes INTEGER, later TEXT,
             downloads_later TEXT, downloads_all_time_later TEXT, likes_later TEXT, PRIMARY KEY (model, day)
           ) WITHOUT ROWID"""
    )
    public = "repo NOT IN (SELECT repo FROM temp.private)"
    rows = conn.execute(
        f"SELECT repo, day, downloads, downloads_all_time, likes FROM hub.downloads WHERE {public} ORDER BY repo, day"
    )
    conn.executemany(
        f"INSERT INTO temp.loose (model, {series.COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ((repo, *segment) for repo, segment in series.packed(rows)),
    )
    parts = [f"SELECT model, {series.COLUMNS} FROM temp.loose"]
    parts += [
        f"SELECT repo, {series.COLUMNS} FROM hub.downloads_packed WHERE packing = {packing:d} AND {public}"
        for (packing,) in conn.execute("SELECT packing FROM hub.packings ORDER BY packing")
    ]
    conn.execute(f"INSERT INTO counters (model, {series.COLUMNS}) {' UNION ALL '.join(parts)} ORDER BY 1, 2")
    conn.execute("DROP TABLE temp.loose")


def seen_until(conn: sqlite3.Connection, model_id: str, day: int) -> series.Observation | None:
    """The newest observation of a published model until a day (since 1970-01-01); one row is read for it."""
    row = conn.execute(
        f"""SELECT {", ".join(f"c.{name}" for name in series.Segment._fields)} FROM models m
            CROSS JOIN counters c ON c.model = m.model AND c.day <= ? WHERE m.id = ? ORDER BY c.day DESC LIMIT 1""",
        (day, model_id),
    ).fetchone()
    return None if row is None else [seen for seen in series.unpack(series.Segment(*row)) if seen[0] <= day][-1]


# -- sums -----------------------------------------------------------------------------------------------------------


class Span(NamedTuple):
    """Days, or numbers of nights, from `since` up to `until` (exclusive) on which a model was there at a level.

    `leaders`: the places of its organisation and of its licence in temp.leaders (0: not among them), as one number.
    """

    since: int
    until: int
    level: int | None
    family: int | None
    leaders: int = 0


class Run(NamedTuple):
    """Known counters of a model in a span: each holds from its night to the next one's, the last one up to `until`."""

    nights: Sequence[int]
    downloads: Sequence[int]
    until: int
    level: int | None

    @property
    def last(self) -> int:
        """The counter of its last night."""
        return self.downloads[bisect_left(self.nights, self.until) - 1]


class Totals:
    """Running differences: index n is what night n adds; one place more for what ends with the last night."""

    def __init__(self, nights: int) -> None:
        """Nothing counted yet on so many nights."""
        self.counted = [0] * (nights + 2)
        self.downloads = [0] * (nights + 2)

    def add(self, nights: Sequence[int], downloads: Sequence[int], until: int) -> None:
        """One model's counters, from their nights on, up to `until`."""
        added, before = self.downloads, 0
        for night, count in zip(nights, downloads, strict=True):
            added[night] += count - before
            before = count
        added[until] -= before
        self.counted[nights[0]] += 1
        self.counted[until] -= 1


class Family:
    """Totals of a family, and of those members that its last night counts: the set that growth is measured on."""

    def __init__(self, nights: int) -> None:
        """Nobody yet."""
        self.nights = nights
        self.until = 0
        self.all, self.same, self.same_last = Totals(nights), Totals(nights), Totals(nights)

    def add(self, runs: Sequence[Run]) -> None:
        """One member's counters, in order."""
        last = runs[-1]
        if last.until > self.until:  # nobody before was counted on as late a night
            self.until, self.same, self.same_last = last.until, Totals(self.nights), Totals(self.nights)
        for run in runs:
            self.all.add(run.nights, run.downloads, run.until)
            if last.until == self.until:
                self.same.add(run.nights, run.downloads, run.until)
                self.same_last.add(run.nights[:1], [last.last], run.until)


def observed(segments: Iterable[tuple[int, int, int | None, str | None, str]]) -> tuple[list[int], list[int | None]]:
    """Days and 30-day downloads of segments (model, day, downloads, later, downloads_later) of one model, in order."""
    days: list[int] = []
    downloads: list[int | None] = []
    for _, day, first, later, numbers in segments:
        days.append(day)
        downloads.append(first)
        if later is not None:
            zero = day - series.ZERO
            days += [zero + ord(mark) for mark in later]
            downloads += [None] * len(later) if first is None else [first + n for n in _numbers.decode(numbers)]
    return days, downloads


def runs(nights: Sequence[int], downloads: Sequence[int | None], spans: Sequence[Span], end: int) -> list[Run]:
    """What counts of a model: its known counters, within its spans, in order. `nights`: of the counters, ascending."""
    found = []
    for since, counts, until in _known(nights, downloads, end):
        for span in spans:
            if span.since <= since[0] and until <= span.until:
                run = Run(since, counts, until, span.level)
            else:
                i, j = max(bisect_right(since, span.since) - 1, 0), bisect_left(since, span.until)
                inside = [max(night, span.since) for night in since[i:j]]
                run = Run(inside, counts[i:j], min(until, span.until), span.level)
            if run.nights and run.nights[0] < run.until:
                found.append(run)
    return found


def _known(
    nights: Sequence[int], downloads: Sequence[int | None], end: int
) -> Iterator[tuple[Sequence[int], Sequence[int], int]]:
    """The stretches without a counter that is not known: (nights, counters, the night that ends them)."""
    if None not in downloads:
        yield nights, cast(Sequence[int], downloads), end
        return
    start = 0
    for unknown, stretch in groupby(zip(nights, downloads, strict=True), lambda pair: pair[1] is None):
        pairs = list(stretch)
        start += len(pairs)
        if not unknown:
            until = nights[start] if start < len(nights) else end
            yield [n for n, _ in pairs], [count for _, count in pairs if count is not None], until


def write_sums(conn: sqlite3.Connection) -> None:
    """Fill temp.deltas, temp.kin_deltas and temp.leader_deltas with what counters add to each night."""
    first, numbers = _night_numbers(conn)
    if not numbers:
        return
    end = numbers[-1]  # the number behind the last complete night

    def number(day: int) -> int:
        return numbers[min(max(day - first, 0), len(numbers) - 1)]

    totals: dict[tuple[int | None, int], Totals] = {}  # by level and leaders: each counter is added once
    families: dict[int, Family] = {}
    for spans, days, downloads in _models(conn):
        where = [s._replace(since=number(s.since), until=number(s.until)) for s in spans]
        early = days[-1] - first < len(numbers)
        nights = [numbers[day - first] for day in days] if early else [number(day) for day in days]
        found = runs(nights, downloads, where, end)
        for run in found:
            key = run.level, spans[0].leaders
            if key not in totals:
                totals[key] = Totals(end)
            totals[key].add(run.nights, run.downloads, run.until)
        family = spans[0].family
        if found and family is not None:
            if family not in families:
                families[family] = Family(end)
            families[family].add(found)
    _store(conn, _summed(totals, lambda key: key[0], end), families, end)
    for what, part in (("author", lambda key: key[1] // LEADERS), ("license", lambda key: key[1] % LEADERS)):
        conn.executemany(
            "INSERT INTO temp.leader_deltas (what, place, n, counted, downloads) VALUES (?, ?, ?, ?, ?)",
            ((what, *row) for row in _rows(_summed(totals, part, end), end)),
        )


def _summed(
    totals: Mapping[tuple[int | None, int], Totals], key: Callable[[tuple[int | None, int]], Any], end: int
) -> dict[Any, Totals]:
    """The totals of all that have the same key."""
    found: dict[Any, Totals] = {}
    for each, one in totals.items():
        into = found.setdefault(key(each), Totals(end))
        into.counted = [a + b for a, b in zip(into.counted, one.counted, strict=True)]
        into.downloads = [a + b for a, b in zip(into.downloads, one.downloads, strict=True)]
    return found


def _rows(totals: Mapping[Any, Totals], end: int) -> Iterator[tuple[Any, int, int, int]]:
    """(key, night, models that come or go, downloads that come or go), where there are any."""
    for key, one in totals.items():
        for n in range(end + 1):
            if one.counted[n] or one.downloads[n]:
                yield key, n, one.counted[n], one.downloads[n]


def _night_numbers(conn: sqlite3.Connection) -> tuple[int, list[int]]:
    """The first day, and from it on for every day the number of the first complete night on or after it."""
    rows = conn.execute("SELECT day, n FROM temp.night_from ORDER BY day").fetchall()
    return (rows[0][0], [n for _, n in rows]) if rows else (0, [])


def _models(conn: sqlite3.Connection) -> Iterator[tuple[list[Span], list[int], list[int | None]]]:
    """Of each model with counters: its spans (in days), days and downloads. Both sources are in order of models."""
    spans = groupby(
        conn.execute(
            """SELECT p.model, max(p.since, g.since), min(p.until, g.until), g.level, f.family,
                 coalesce(a.place, 0) * :leaders + coalesce(l.place, 0)
               FROM temp.present p CROSS JOIN temp.in_force g
                 ON g.model = p.model AND g.since < p.until AND g.until > p.since
               CROSS JOIN models m ON m.model = p.model LEFT JOIN temp.kin f ON f.name = m.family
               LEFT JOIN temp.leaders a ON a.what = 'author' AND a.name = m.author
               LEFT JOIN temp.leaders l ON l.what = 'license' AND l.name = coalesce(m.license, '(none stated)')
               ORDER BY p.model""",
            {"leaders": LEADERS},
        ),
        itemgetter(0),
    )
    model, own = next(spans, (0, iter(())))
    counters = conn.execute("SELECT model, day, downloads, later, downloads_later FROM counters ORDER BY model, day")
    for counted, segments in groupby(counters, itemgetter(0)):
        while model < counted:
            model, own = next(spans, (2**63, iter(())))
        if model == counted:
            yield [Span(*row[1:]) for row in own], *observed(segments)


def _store(conn: sqlite3.Connection, levels: dict[int | None, Totals], families: dict[int, Family], end: int) -> None:
    conn.executemany(
        "INSERT INTO temp.deltas (level, n, models, counted, downloads) VALUES (?, ?, 0, ?, ?)",
        _rows(levels, end),
    )
    conn.executemany(
        """INSERT INTO temp.kin_deltas (family, n, members, models, downloads, same_models, same_downloads, same_last)
           VALUES (?, ?, 0, ?, ?, ?, ?, ?)""",
        [
            (
                key,
                n,
                f.all.counted[n],
                f.all.downloads[n],
                f.same.counted[n],
                f.same.downloads[n],
                f.same_last.downloads[n],
            )
            for key, f in families.items()
            for n in range(end + 1)
        ],
    )
