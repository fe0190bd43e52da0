"""Download series of models and families: changed-only rows and the nights we looked -> one point a day. Pure.

Three things look alike in a table of changes and are kept apart here: a night on which nothing changed (the value
repeats), a night on which nobody looked (a gap: all None, `observed` False), and a day on which the model was not on
the Hub (no point at all). Nothing is interpolated and nothing is mended: a counter that falls is data.

Reads no database (queries.py does) and draws nothing (chart.py and terminal.py do). `downloads` is the Hub's own
counter of the last 30 days, `downloads_all_time` its counter since the beginning; both count requests, not people.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

DAY = timedelta(days=1)


class Night(NamedTuple):
    """One walk over the Hub. `scope` is '' for the whole of it, else 'author=...' or 'limit=...'."""

    date: date
    complete: bool
    scope: str = ""


class Count(NamedTuple):
    """One stored row: the counters as the Hub gave them on the first night on which they were different."""

    date: date
    downloads: int | None
    downloads_all_time: int | None = None
    likes: int | None = None


class Absence(NamedTuple):
    """Days on which the repository was not on the Hub: from `since` on, before `until` (None: still away)."""

    since: date
    until: date | None


class Point(NamedTuple):
    """One day of a series. Not observed: every number is None; observed: None means that the Hub gave no number."""

    date: date
    downloads: int | None
    downloads_all_time: int | None
    likes: int | None
    observed: bool


class Series(NamedTuple):
    """A series of days without holes in the calendar, except where the model was away."""

    name: str
    points: tuple[Point, ...]
    released: date | None = None  # day 0 when series are compared by age
    what: str = "model"  # model, family


class Growth(NamedTuple):
    """From one observed day to another. `ratio` is after / before; None when there were no downloads before."""

    since: date
    until: date
    before: int
    after: int
    ratio: float | None


class Anomaly(NamedTuple):
    """A number that cannot be right as it stands; kept, and flagged."""

    date: date
    kind: str  # all-time-fell, above-all-time
    before: int
    after: int


class Comparison(NamedTuple):
    """Several series side by side: one row for each key, a value (or None) for each name."""

    by: str  # date, age
    names: tuple[str, ...]
    rows: tuple[tuple[date | int, tuple[int | None, ...]], ...]
    left_out: tuple[str, ...]  # series without a release date, when compared by age


def observed_nights(nights: Iterable[Night], author: str | None = None) -> frozenset[date]:
    """Days on which a model of that author cannot have been overlooked: complete walks of the Hub, or of the author."""
    scopes = {""} if author is None else {"", f"author={author}"}
    return frozenset(n.date for n in nights if n.complete and n.scope in scopes)


def absences(events: Iterable[tuple[date, str]], missing_since: date | None) -> tuple[Absence, ...]:
    """Stretches of absence out of (date, 'missing' | 'returned') events in any order, and of the state today."""
    found: list[Absence] = []
    gone: date | None = None
    for day, field in sorted(events):
        if field == "missing" and gone is None:
            gone = day
        elif field == "returned" and gone is not None:
            found.append(Absence(gone, day))
            gone = None
    if missing_since is not None:
        found.append(Absence(gone if gone is not None else missing_since, None))
    return tuple(found)


def fill(
    counts: Sequence[Count],
    nights: frozenset[date],
    first_seen: date,
    away: Sequence[Absence] = (),
    last: date | None = None,
) -> tuple[Point, ...]:
    """Changed-only rows of one model (any order) -> its days, from the first known one to `last`.

    `nights` are the days on which it cannot have been overlooked (`observed_nights`); a row counts as an observation
    whatever the night was. `last` defaults to the last night or row. Imported history may begin before `first_seen`.
    """
    rows = {count.date: count for count in counts}
    days = [*rows, *nights]
    end = last or max(days, default=first_seen)
    day = min([first_seen, *rows])
    current: Count | None = None
    points = []
    while day <= end:
        current = rows.get(day, current)
        if not any(a.since <= day and (a.until is None or day < a.until) for a in away):
            points.append(_point(day, current, observed=day in rows or day in nights))
        day += DAY
    return tuple(points)


def fill_family(totals: Sequence[Count], last: date | None = None) -> tuple[Point, ...]:
    """Published totals of a family -> its days. A day without a total is a gap: nobody looked at the whole family."""
    rows = {total.date: total for total in totals}
    if not rows:
        return ()
    end = max(last or max(rows), max(rows))
    first = min(rows)
    days = (first + timedelta(days=i) for i in range((end - first).days + 1))
    return tuple(_point(day, rows.get(day), observed=day in rows) for day in days)


def last_days(series: Series, days: int) -> Series:
    """The series cut to its last `days` days. Raises ValueError when that is not at least one."""
    if days < 1:
        raise ValueError(f"trend: the last {days} days are no days; ask for 1 or more")
    if not series.points:
        return series
    start = series.points[-1].date - timedelta(days=days - 1)
    return series._replace(points=tuple(p for p in series.points if p.date >= start))


def growth(points: Sequence[Point], days: int) -> Growth | None:
    """Change of the 30-day counter over about `days` days, between two days that were both observed.

    From the last observed day back to the observed one nearest to `days` before it, at most a quarter of `days`
    off; the dates say which. None when there is no such pair: a growth is never guessed across a gap.
    """
    known = [(p.date, p.downloads) for p in points if p.observed and p.downloads is not None]
    if len(known) < 2:
        return None
    until, after = known[-1]
    wanted = until - timedelta(days=days)
    since, before = min(known[:-1], key=lambda k: abs((k[0] - wanted).days))
    if abs((since - wanted).days) > max(days // 4, 0):
        return None
    return Growth(since, until, before, after, after / before if before else None)


def anomalies(points: Sequence[Point]) -> tuple[Anomaly, ...]:
    """Numbers that cannot be right: an all-time counter that fell, or that is below the counter of 30 days."""
    found = []
    total: int | None = None
    for point in points:
        now = point.downloads_all_time
        if now is None:
            continue
        if total is not None and now < total:
            found.append(Anomaly(point.date, "all-time-fell", total, now))
        if point.downloads is not None and point.downloads > now:
            found.append(Anomaly(point.date, "above-all-time", point.downloads, now))
        total = now
    return tuple(found)


def compare(series: Sequence[Series], by: str = "date") -> Comparison:
    """Series side by side on the 30-day counter: `by` 'date', or 'age' in days since each one's release.

    A value is None where that series has a gap or no day. By age, series without a release date are left out and
    named. Raises ValueError for another `by`.
    """
    if by not in ("date", "age"):
        raise ValueError(f"trend: series compare by 'date' or by 'age', not by {by!r}")
    kept = [s for s in series if by == "date" or s.released is not None]
    table: dict[date | int, list[int | None]] = {}
    for column, one in enumerate(kept):
        for point in one.points:
            key = point.date if one.released is None or by == "date" else (point.date - one.released).days
            table.setdefault(key, [None] * len(kept))[column] = point.downloads
    rows = tuple((key, tuple(table[key])) for key in sorted(table, key=_order))
    left_out = tuple(s.name for s in series if s not in kept)
    return Comparison(by, tuple(s.name for s in kept), rows, left_out)


def to_dict(series: Sequence[Series], days: int = 30) -> dict[str, Any]:
    """The series as plain JSON values: points, growth over `days`, anomalies; dates as ISO text."""
    return {
        "series": [
            {
                "name": one.name,
                "what": one.what,
                "released": one.released and one.released.isoformat(),
                "growth": _plain(growth(one.points, days)),
                "anomalies": [_plain(a) for a in anomalies(one.points)],
                "points": [_plain(p) for p in one.points],
            }
            for one in series
        ]
    }


def to_json(series: Sequence[Series], days: int = 30) -> str:
    """`to_dict` as indented JSON text, in ASCII: nothing in it can steer a terminal."""
    return json.dumps(to_dict(series, days), indent=2)


def to_csv(series: Sequence[Series]) -> str:
    """One line for each point; an empty field where there is no number, `observed` 1 or 0."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["name", *Point._fields])
    for one in series:
        for p in one.points:
            writer.writerow([one.name, p.date.isoformat(), *p[1:4], int(p.observed)])
    return out.getvalue()


def _point(day: date, count: Count | None, observed: bool) -> Point:
    if not observed or count is None:
        return Point(day, None, None, None, observed)
    return Point(day, count.downloads, count.downloads_all_time, count.likes, True)


def _order(key: date | int) -> int:
    return key.toordinal() if isinstance(key, date) else key


def _plain(value: NamedTuple | None) -> dict[str, Any] | None:
    if value is None:
        return None
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in value._asdict().items()}
