"""The table of a past day: the rows with the verdict, the licence, the gating and the counters of that day. Reads only.

Does: take the verdict in force, undo later events of licence and gating (index/asof.py), take the counters last seen
until that day, and order by them where what is asked for is few. Does not: show anything of today under a past date:
what no night kept (scores, claims, task, family) is None. Who is looked through is chosen by what is known today:
organisation, words, family and task; by what that day says only level and restriction are.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from crawler.store import day_number
from index import asof
from index.counters import seen_until
from index.queries import _rows
from index.site import grid
from index.site.grid import Filters, GridPage, GridRow

SORTED = 1_000  # models whose counters of a day are read to order them
#: Orders that a past day has, and where its counters stand in an observation; `created` never changes.
SORTS = {"downloads": 1, "all_time": 2, "likes": 3, "created": 0}
_VERDICT = """(SELECT {} FROM verdicts v
              WHERE v.model = m.model AND v.day <= julianday(?) - 2440587.5 ORDER BY v.day DESC LIMIT 1)"""


def read_page(db: sqlite3.Connection, f: Filters, page: int, size: int) -> GridPage:
    """One page of the models that the index knew on `f.asof`; of a list (`f.ids`) also those not seen until then."""
    if f.ids:
        found = grid.read_page(db, f._replace(asof=""), page, size)
        rows = tuple(_row(db, row, f.asof) for row in found.rows)
        return found._replace(rows=rows, unseen=tuple(r.id for r in rows if _unseen(db, r.id, f.asof)))
    offset, size = grid.window(page, size)
    where, values = _where(db, f)
    if f.sort != "created" and (f.small or grid._present(db) <= SORTED):
        few = [i for (i,) in _rows(db, f"SELECT m.id FROM models m WHERE {where} LIMIT ?", *values, SORTED + 1)]
        if len(few) <= SORTED:
            shown = _ordered(db, f, few)[offset : offset + size]
            return GridPage(_named(db, shown, f.asof), offset + 1, len(few), False)
    direction = "ASC" if f.ascending else "DESC"
    column = grid.SORTS[f.sort]
    if f.ascending:  # where nobody said, nothing is lowest
        where += f" AND {column} IS NOT NULL"
    sql = f"SELECT m.id FROM models m WHERE {where} ORDER BY {column} {direction} LIMIT ? OFFSET ?"
    ids = [i for (i,) in _rows(db, sql, *values, size, offset)]
    total, more = grid._count(db, f, where, values, offset + len(ids), full=len(ids) == size)
    return GridPage(_named(db, ids, f.asof), offset + 1, total, more, order_of_today=f.sort != "created")


def _where(db: sqlite3.Connection, f: Filters) -> tuple[str, list[object]]:
    """The condition of the table, with what the verdict of that day says in place of today's."""
    parts, values = grid._where(db, f._replace(asof="", levels=(), restriction=""))
    there = "m.first_seen <= ? AND (m.missing_since IS NULL OR m.missing_since > ?)"
    where, filled = parts.replace("m.missing_since IS NULL", there, 1), [f.asof, f.asof, *values]
    if f.levels:
        where += f" AND 'L' || {_VERDICT.format('level')} IN ({', '.join('?' * len(f.levels))})"
        filled += [f.asof, *f.levels]
    if f.restriction:
        where += f" AND {_VERDICT.format('restriction')} = (SELECT term FROM terms WHERE word = ?)"
        filled += [f.asof, f.restriction]
    return where, filled


def _ordered(db: sqlite3.Connection, f: Filters, ids: Iterable[str]) -> list[str]:
    """By the counter of the day; who had none comes last, whichever way."""
    day, place = day_number(f.asof), SORTS[f.sort]
    counted = {one: (seen_until(db, one, day) or (None,) * 4)[place] for one in ids}
    sign = 1 if f.ascending else -1
    return sorted(counted, key=lambda one: (counted[one] is None, sign * (counted[one] or 0), one))


def _named(db: sqlite3.Connection, ids: Iterable[str], day: str) -> tuple[GridRow, ...]:
    sql = f"SELECT {grid._columns()} FROM json_each(?) j CROSS JOIN models m ON m.id = j.value ORDER BY j.key"
    return tuple(_row(db, GridRow(*row), day) for row in _rows(db, sql, json.dumps(list(ids))))


def _row(db: sqlite3.Connection, row: GridRow, day: str) -> GridRow:
    """A row of today as it was on a day; before its first sight nothing but its name is left."""
    nothing = GridRow(row.id, row.author, *(None,) * (len(GridRow._fields) - 2))
    if _unseen(db, row.id, day):
        return nothing
    events = asof.events(db, row.id)
    facts = asof.undo({"license": row.license, "gated": row.gated}, events, day)
    away = None if asof.was_there(events, row.missing_since, day) else _left(events, row.missing_since, day)
    seen = None if away else seen_until(db, row.id, day_number(day))
    _, downloads, all_time, likes = seen or (None,) * 4
    then = nothing._replace(
        license=facts["license"], gated=facts["gated"], downloads=downloads, downloads_all_time=all_time, likes=likes,
        created_at=row.created_at, missing_since=away,
    )  # fmt: skip
    sql = """SELECT 'L' || v.level, l.name, 'L' || v.level_max, t.word, x.cells, v.dossier
             FROM models m CROSS JOIN verdicts v ON v.model = m.model AND v.day <= julianday(?) - 2440587.5
             LEFT JOIN levels l ON l.level = 'L' || v.level LEFT JOIN terms t ON t.term = v.restriction
             LEFT JOIN dossiers x ON x.dossier = v.dossier
             WHERE m.id = ? ORDER BY v.day DESC LIMIT 1"""
    for level, name, top, why, cells, dossier in _rows(db, sql, day, row.id):
        return then._replace(
            level=level, level_name=asof.name_of(level, why, name), level_max=top, restriction=why, cells=cells,
            license_effective=None if dossier is None else asof.license_effective(db, dossier),
        )  # fmt: skip
    return then


def _unseen(db: sqlite3.Connection, model_id: str, day: str) -> bool:
    return bool(_rows(db, "SELECT first_seen > ? FROM models WHERE id = ?", day, model_id)[0][0])


def _left(events: Iterable[asof.Change], missing_since: str | None, day: str) -> str:
    """The day since which it was away on `day`."""
    return max((e.date for e in events if e.field == "missing" and e.date <= day), default=missing_since or day)
