"""Download series of models and families: changed-only rows and the nights we looked -> one point a day. Pure.

Three things look alike in a table of changes and are kept apart here: a night on which nothing changed (the value
repeats), a night on which nobody looked (a gap: all None, `observed` False), and a day on which the model was not on
the Hub (no point at all). Nothing is interpolated and nothing is mended: a counter that falls is data.

A family is a sum over the members whose counter was known that night, and which ones those are changes. So a sum says
how many models it counts, and growth compares only models that were counted on both nights.

Reads no database (queries.py does) and draws nothing (chart.py and terminal.py do). `downloads` is the Hub's own
counter of the last 30 days, `downloads_all_time` its counter since the beginning; both count requests, not people.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from index.plain import cell

DAY = timedelta(days=1)


class Night(NamedTuple):
    """One walk over the Hub. `scope` is '' for the whole of it, else 'author=...' or 'limit=...'."""

    date: date
    complete: bool
    scope: str = ""


class Count(NamedTuple):
    """One stored row: the counters as the Hub gave them on the first night on which they were different.

    Of a family: the sum over `models` of its `members` that were on the Hub. `same`: the part of it from models that
    its last night counts too; `same_last`: what just these have on that last night.
    `source`: who observed it, when that was not us.
    """

    date: date
    downloads: int | None
    downloads_all_time: int | None = None
    likes: int | None = None
    models: int | None = None
    members: int | None = None
    same: int | None = None
    same_last: int | None = None
    source: str = ""


class Absence(NamedTuple):
    """Days on which the repository was not on the Hub: from `since` on, before `until` (None: still away)."""

    since: date
    until: date | None


class Point(NamedTuple):
    """One day of a series. Not observed: every number is None; observed: None means that the Hub gave no number.

    The fields after `observed` are those of Count; of a model only `source` ('' = our own observation).
    """

    date: date
    downloads: int | None
    downloads_all_time: int | None
    likes: int | None
    observed: bool
    models: int | None = None
    members: int | None = None
    same: int | None = None
    same_last: int | None = None
    source: str = ""


class Series(NamedTuple):
    """A series of days without holes in the calendar, except where the model was away."""

    name: str
    points: tuple[Point, ...]
    released: date | None = None  # day 0 when series are compared by age
    what: str = "model"  # model, family


class Growth(NamedTuple):
    """From one observed day to another. `ratio` is after / before; None when there were no downloads before.

    Of a family: over the models that were counted on both days, not over whatever was counted.
    """

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
    whatever the night was. `last` defaults to the last night or row. Imported history may begin before `first_seen`;
    it stands for its own days only: no night of ours repeats it, and it never stands over a row of ours.
    """
    rows = {count.date: count for count in sorted(counts, key=lambda c: not c.source)}
    days = [*rows, *nights]
    end = last or max(days, default=first_seen)
    day = min([first_seen, *rows])
    current: Count | None = None
    points = []
    while day <= end:
        row = rows.get(day)
        current = row if row is not None and not row.source else current
        if not any(a.since <= day and (a.until is None or day < a.until) for a in away):
            ours = day in nights and day >= first_seen
            points.append(_point(day, row or current, observed=row is not None or ours))
        day += DAY
    return tuple(points)


def fill_family(
    totals: Sequence[Count], last: date | None = None, nights: frozenset[date] = frozenset()
) -> tuple[Point, ...]:
    """Published totals of a family -> its days. Without a total: a gap, or one of the `nights` that gave no counter."""
    rows = {total.date: total for total in totals}
    if not rows:
        return ()
    end = max(last or max(rows), max(rows))
    first = min(rows)
    days = (first + timedelta(days=i) for i in range((end - first).days + 1))
    return tuple(_point(day, rows.get(day), observed=day in rows or day in nights) for day in days)


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
    off; the dates say which. None when there is no such pair: a growth is never guessed across a gap. Of a family,
    None also when no model was counted on both days.
    """
    known = [p for p in points if p.observed and p.downloads is not None]
    if len(known) < 2:
        return None
    wanted = known[-1].date - timedelta(days=days)
    first = min(known[:-1], key=lambda p: abs((p.date - wanted).days))
    if abs((first.date - wanted).days) > max(days // 4, 0):
        return None
    return _between(first, known[-1])


def course(points: Sequence[Point]) -> Growth | None:
    """Growth from the first to the last day on which a number is known; None when these are one day or none."""
    known = [p for p in points if p.observed and p.downloads is not None]
    return _between(known[0], known[-1]) if len(known) > 1 else None


def _between(first: Point, last: Point) -> Growth | None:
    before, after = first.downloads, last.downloads
    if first.models is not None or last.models is not None:
        # `same_last` is of the family's last night: with any other end it would be of other models.
        before, after = (first.same, first.same_last) if last.same == last.downloads else (None, None)
    if before is None or after is None:
        return None
    return Growth(first.date, last.date, before, after, after / before if before else None)


def is_break(before: Point, after: Point) -> bool:
    """Whether two sums of a family count too different a number of models to be read as one course.

    So when the numbers differ by more than a fifth of the members: a jump there is not growth.
    """
    if before.models is None or after.models is None:
        return False
    members = max(before.members or 0, after.members or 0, before.models, after.models)
    return 5 * abs(after.models - before.models) > members


def is_thin(point: Point) -> bool:
    """Whether a family's sum counts less than half of its members: it says little about the family."""
    return point.models is not None and point.members is not None and 2 * point.models < point.members


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
    """The series as plain JSON values: points, growth over `days` and over all of it, anomalies; dates as ISO text.

    A point has the fields of a family, and `source`, only where they say something.
    """
    return {
        "series": [
            {
                "name": one.name,
                "what": one.what,
                "released": one.released and one.released.isoformat(),
                "growth": _plain(growth(one.points, days)),
                "course": _plain(course(one.points)),
                "anomalies": [_plain(a) for a in anomalies(one.points)],
                "points": [_plain_point(p) for p in one.points],
            }
            for one in series
        ]
    }


def to_csv(series: Sequence[Series]) -> str:
    """One line for each point; an empty field where there is no number, `observed` 1 or 0.

    Of a family, `models` of its `members` are counted; `same` and `same_last` are those of Count. `source`: who
    observed it, empty = we.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["name", *Point._fields])
    for one in series:
        for p in one.points:
            writer.writerow([cell(one.name), p.date.isoformat(), *p[1:4], int(p.observed), *p[5:]])
    return out.getvalue()


def _point(day: date, count: Count | None, observed: bool) -> Point:
    if not observed or count is None:
        return Point(day, None, None, None, observed)
    return Point(day, count.downloads, count.downloads_all_time, count.likes, True, *count[4:])


def _plain_point(point: Point) -> dict[str, Any]:
    told = _plain(point) or {}
    return {k: v for i, (k, v) in enumerate(told.items()) if i < 5 or (v is not None and v != "")}


def _order(key: date | int) -> int:
    return key.toordinal() if isinstance(key, date) else key


def _plain(value: NamedTuple | None) -> dict[str, Any] | None:
    if value is None:
        return None
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in value._asdict().items()}
