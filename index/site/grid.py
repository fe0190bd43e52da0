"""The table's SQL: filters in, one page of rows out. Reads only.

Made for 3.2 million models: every order has an index that ends early, words are looked up among the most downloaded
first when they are common, rows are counted only as far as a page needs, and what would be slow is interrupted by the
host with a sentence. Does not parse requests (pages/table.py) and draws nothing.
"""

from __future__ import annotations

import json
import re
import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from index.queries import _rows
from index.site.ask import BadAsk, nearest
from index.site.memory import recall

PAGE_SIZES = (25, 50, 100, 200)
MAX_OFFSET = 10_000
MAX_IDS = 200
FEW = 20_000  # models that are sorted rather than looked for in order
SORTED = 50_000  # the same, where the index of words gives them
_END = "T99"  # behind every time of a day; the last of all days has no day after it
COMMON = 3_000  # a word in more models than this is looked for from the most downloaded on
#: name in the address -> column
SORTS = {
    "downloads": "m.downloads",
    "all_time": "m.downloads_all_time",
    "likes": "m.likes",
    "score": "m.radboud_score",
    "eu": "m.eu_score",  # without an index, which 3.2 million models would pay 110 MB for: of one maker or family only
    "created": "m.created_at",
}
_COLUMNS = (
    "id", "author", "level", "level_name", "level_max", "restriction", "license", "license_effective", "gated",
    "downloads", "downloads_all_time", "likes", "pipeline_tag", "family", "cells", "radboud_score", "eu_score",
    "mof_class", "claims_open_source", "created_at", "missing_since",
)  # fmt: skip


class GridRow(NamedTuple):
    """One row of the table. `cells`: 14 letters in the order of the dimensions, None when not judged."""

    id: str
    author: str | None
    level: str | None
    level_name: str | None
    level_max: str | None
    restriction: str | None
    license: str | None
    license_effective: str | None
    gated: str | None
    downloads: int | None
    downloads_all_time: int | None
    likes: int | None
    pipeline_tag: str | None
    family: str | None
    cells: str | None
    radboud_score: float | None
    eu_score: float | None
    mof_class: str | None
    claims_open_source: int | None
    created_at: str | None
    missing_since: str | None


class Filters(NamedTuple):
    """What is asked of the table; '' and () ask nothing. Dates are ISO, created_to included."""

    q: str = ""
    author: str = ""
    task: str = ""
    family: str = ""
    license: str = ""
    levels: tuple[str, ...] = ()
    restriction: str = ""
    claims: bool = False
    created_from: str = ""
    created_to: str = ""
    ids: tuple[str, ...] = ()
    asof: str = ""
    sort: str = "downloads"
    ascending: bool = False

    @property
    def plain(self) -> bool:
        """Whether nothing is filtered, so that the published total is the number of rows."""
        return self._replace(sort="downloads", ascending=False) == Filters()

    @property
    def by_place(self) -> bool:
        """Whether every model is asked for, most downloaded first: the order of places, which any page can begin at."""
        return self == Filters()

    @property
    def small(self) -> bool:
        """Whether what is asked for is few enough to be sorted by anything."""
        return bool(self.author or self.family or self.ids)

    @property
    def in_words(self) -> bool:
        """Whether the index of words knows all that is asked: words, or several of the facts that it has."""
        facts = sum(map(bool, (self.task, self.license, self.levels, self.claims)))
        other = self._replace(task="", license="", levels=(), claims=False, sort="downloads", ascending=False)
        return (bool(self.q) or facts > 1) and other == Filters(q=self.q)


class GridPage(NamedTuple):
    """Rows `first` to `first + len(rows) - 1`; `total` up to MAX_OFFSET + 1, which then means 'more'."""

    rows: tuple[GridRow, ...]
    first: int
    total: int
    more: bool  # the total is a lower bound
    order_of_today: bool = False  # of a past day: too many to be ordered by its own counters
    unseen: tuple[str, ...] = ()  # of a list on a past day: ids that no night had seen yet
    missing: tuple[str, ...] = ()  # of a list: what is not in this index


def read_page(db: sqlite3.Connection, f: Filters, page: int, size: int) -> GridPage:
    """One page of models as they are today (past.py: as they were). A page beyond the end has no rows."""
    if f.by_place:
        return _placed(db, page, size)
    offset, size = window(page, size)
    if f.ids:
        return _listed(db, f, offset, size)
    if f.in_words and f.sort == "downloads" and not f.ascending:
        return _found(db, _places(db, f), offset, size)
    places = _places(db, f, SORTED) if f.in_words else array("I")
    walked = len(places) == SORTED  # so many that walking all models in the order asked soon finds a page of them
    values: list[object]
    if walked:
        (where, values), few = _where(db, f, walked=True), False
    elif f.in_words:  # these are all
        where, values, few = "m.place IN (SELECT value FROM json_each(?))", [json.dumps(places.tolist())], True
    else:
        (where, values), few = _where(db, f), _few(db, f)
    direction = "ASC" if f.ascending else "DESC"
    # The plus keeps SQLite from walking all models in this order to find a few: they are sorted.
    order = f"{'+' if few else ''}{SORTS[f.sort]} {direction}" + (
        f", m.downloads {direction}" if f.sort in ("score", "eu") else ""
    )
    if f.ascending:  # where nobody said, nothing is lowest
        where += f" AND {SORTS[f.sort]} IS NOT NULL"
    # Rows before the offset are passed in the index alone: each index that an order ends in holds missing_since too.
    inner = f"SELECT m.model FROM models m WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
    sql = f"SELECT {_columns()} FROM models m WHERE m.model IN ({inner}) ORDER BY {order}"
    rows = tuple(GridRow(*r) for r in _rows(db, sql, *values, size, offset))
    if walked and len(rows) == size:
        total, more = MAX_OFFSET + 1, True
    else:
        total, more = _count(db, f, where, values, offset + len(rows), full=len(rows) == size)
    return GridPage(rows, offset + 1, total, more)


def window(page: int, size: int) -> tuple[int, int]:
    """(rows before, rows of) a page; none beyond the last row that is paged to, where only the total is of use."""
    pages = MAX_OFFSET // size
    return min(page - 1, pages) * size, size if page <= pages else 0


def last_page(f: Filters, found: GridPage, size: int) -> int:
    """The last page that can be asked for: the end, but for an order or a filter of which the first rows are paged."""
    pages = -(-found.total // size)
    return pages if f.by_place else min(pages, MAX_OFFSET // size)


def unknown_names(db: sqlite3.Connection, f: Filters) -> Iterator[tuple[str, str, list[str]]]:
    """The organisation, task and licence asked for that no model has: (what it is, the name, those like it)."""
    if f.author and not _rows(db, "SELECT 1 FROM models WHERE author = ? LIMIT 1", maker(db, f.author)):
        known = _rows(db, "SELECT author FROM authors ORDER BY downloads DESC LIMIT 2000")
        yield "org", f.author, nearest(f.author, [one for (one,) in known], 5)
    if f.task and not _rows(db, "SELECT 1 FROM models WHERE pipeline_tag = ? LIMIT 1", f.task):
        yield "task", f.task, nearest(f.task, tasks(db), 5)
    if f.license and not _rows(db, "SELECT 1 FROM models WHERE license_effective = ? LIMIT 1", f.license):
        known = _rows(db, "SELECT id FROM licenses UNION SELECT license FROM license_counts WHERE license IS NOT NULL")
        names = [one for (one,) in known]
        if f.license not in names:
            yield "effective", f.license, nearest(f.license, names, 5)


def check_names(db: sqlite3.Connection, f: Filters) -> None:
    """Where nothing fits: refuse a name that no model of this index has, with those that look like it."""
    for key, name, near in unknown_names(db, f):
        raise BadAsk(f"error.{key}", name=name, near=", ".join(near) or "?")


def tasks(db: sqlite3.Connection) -> tuple[str, ...]:
    """Every task that a model on the Hub names (one seek each, however many models)."""
    sql = """WITH RECURSIVE t (tag) AS (
               SELECT min(pipeline_tag) FROM models
               UNION ALL SELECT (SELECT min(pipeline_tag) FROM models WHERE pipeline_tag > t.tag) FROM t
               WHERE t.tag IS NOT NULL LIMIT 300)
             SELECT tag FROM t WHERE tag IS NOT NULL"""
    return tuple(tag for (tag,) in _rows(db, sql))


def family_names(db: sqlite3.Connection) -> tuple[str, ...]:
    """Families of this index, by name."""
    return tuple(name for (name,) in _rows(db, "SELECT family FROM families ORDER BY family COLLATE NOCASE"))


def fts_query(text: str) -> str:
    """Words as an FTS5 query: every one of them, as the beginning of a word; '' when there is no word."""
    return " AND ".join(f'"{w}"*' for w in re.findall(r"[^\W_]+", text)[:8])


def _placed(db: sqlite3.Connection, page: int, size: int) -> GridPage:
    """A page of all models on the Hub, however far down: it begins at its first place."""
    total, first = _present(db), (page - 1) * size + 1
    sql = f"SELECT {_columns()} FROM models m WHERE m.place BETWEEN ? AND ? ORDER BY m.place"
    rows = _rows(db, sql, first, min(first + size - 1, total))
    return GridPage(tuple(GridRow(*r) for r in rows), first, total, False)


def _listed(db: sqlite3.Connection, f: Filters, offset: int, size: int) -> GridPage:
    """A chosen list, in its own order. Names of before are followed."""
    known = f"""SELECT j.key, {_columns()} FROM json_each(?) j CROSS JOIN models m ON m.id = j.value"""
    rows = {place: GridRow(*row) for place, *row in _rows(db, known, json.dumps(f.ids))}
    for place, one in enumerate(f.ids):
        if place not in rows:
            former = f"""SELECT {_columns()} FROM models m WHERE m.id = (
                           SELECT n.id FROM names n WHERE n.name = ? ORDER BY coalesce(n.until, '9999') DESC LIMIT 1)"""
            for row in _rows(db, former, one):
                rows[place] = GridRow(*row)
    once = list({row.id: row for _, row in sorted(rows.items())}.values())  # two names of one model are one row
    missing = tuple(one for place, one in enumerate(f.ids) if place not in rows)
    return GridPage(tuple(once[offset : offset + size]), offset + 1, len(once), False, missing=missing)


def _places(db: sqlite3.Connection, f: Filters, most: int = MAX_OFFSET + 1) -> array[int]:
    """Places of the models on the Hub that words and facts find, most downloaded first, so many at most.

    Rows of the index of words stand in the order of places, and it steps from match to match, however rare.
    """
    query = fts_query(f.q)
    if f.q and not query:
        return array("I")
    facts = [[_fact("task", f.task)] if f.task else [], [_fact("license", f.license)] if f.license else []]
    facts += [[_fact("level", one) for one in f.levels], [_fact("claims")] if f.claims else []]
    query = " AND ".join([*filter(None, [query]), *(f"({' OR '.join(several)})" for several in facts if several)])
    found = "SELECT rowid FROM models_fts WHERE models_fts MATCH ? AND rowid <= ? LIMIT ?"

    def make() -> array[int]:
        return array("I", (place for (place,) in _rows(db, found, query, _present(db), most)))

    # Found once for all its pages: the beginning of a word that 300,000 names have takes 20 ms.
    return recall(db, ("words", query), make) if most <= MAX_OFFSET + 1 else make()


def _found(db: sqlite3.Connection, places: array[int], offset: int, size: int) -> GridPage:
    """A page of the models at these places."""
    shown = places[offset : offset + size]
    rows = f"SELECT {_columns()} FROM models m WHERE m.place IN ({', '.join('?' * len(shown))}) ORDER BY m.place"
    return GridPage(
        tuple(GridRow(*r) for r in _rows(db, rows, *shown)), offset + 1, len(places), len(places) > MAX_OFFSET
    )


def _fact(kind: str, value: str = "") -> str:
    """A fact as the index of words has it (published_fill.sql), quoted for FTS5."""
    return f'"\ue000{kind}{value.encode().hex()}"'


def _few(db: sqlite3.Connection, f: Filters) -> bool:
    """Whether a filter leaves so few models that they are rather sorted than looked for in the order asked."""
    asked: list[tuple[str, list[object]]] = [
        (f"{column} = ?", [value])
        for column, value in (("author", f.author), ("pipeline_tag", f.task), ("family", f.family),
                              ("restriction", f.restriction), ("license_effective", f.license))
        if value
    ]  # fmt: skip
    if f.levels:
        asked.append((f"level IN ({', '.join('?' * len(f.levels))})", [*f.levels]))
    ordered = len(asked) == 1 and len(f.levels) < 2 and f.sort == "downloads"  # the filter's own index has the order
    if f.created_from or f.created_to:
        ends: list[object] = [f.created_from, (f.created_to or "9999-12-31") + _END]
        asked.append(("created_at >= ? AND created_at <= ?", ends))
    elif ordered:
        return False
    sql = "SELECT count(*) < ? FROM (SELECT 1 FROM models WHERE {} LIMIT ?)"
    return any(_rows(db, sql.format(one), FEW, *values, FEW)[0][0] for one, values in asked)


def _present(db: sqlite3.Connection) -> int:
    """Models on the Hub: the places up to this one."""
    return int(_rows(db, "SELECT value FROM about WHERE key = 'models present'")[0][0])


def _where(db: sqlite3.Connection, f: Filters, walked: bool = False) -> tuple[str, list[object]]:
    """The condition and its values. `walked`: the plus signs keep SQLite from the filters' own indexes."""
    own = "+" if walked else ""
    parts: list[str] = []
    values: list[object] = []

    def add(sql: str, *more: object) -> None:
        parts.append(sql)
        values.extend(more)

    add("m.missing_since IS NULL")
    for column, value in (("author", maker(db, f.author)), ("pipeline_tag", f.task), ("family", f.family),
                          ("restriction", f.restriction)):  # fmt: skip
        if value:
            add(f"{own}m.{column} = ?", value)
    if f.license:
        add(f"{own}m.license_effective = ?", f.license)
    if f.levels:
        add(f"{own}m.level IN ({', '.join('?' * len(f.levels))})", *f.levels)
    if f.claims:
        add(f"{own}m.claims_open_source = 1 AND +m.level < 'L5'")  # the index of claims, not that of all below L5
    if f.created_from:
        add("m.created_at >= ?", f.created_from)
    if f.created_to:
        add("m.created_at <= ?", f.created_to + _END)
    if f.q:
        condition, words = _words(db, f.q)
        add(condition, *words)
    return " AND ".join(parts), values


def _words(db: sqlite3.Connection, text: str) -> tuple[str, list[str]]:
    """The condition for words: by the index of words, or by looking at names when they are common."""
    query = fts_query(text)
    if not query:
        return "0", []
    if not _is_common(db, text):
        return "m.place IN (SELECT rowid FROM models_fts WHERE models_fts MATCH ?)", [query]
    words = re.findall(r"[^\W_]+", text)[:8]
    likes = " AND ".join("(m.id LIKE ? OR m.family LIKE ?)" for _ in words)
    return likes, [f"%{w}%" for w in words for _ in range(2)]


def _is_common(db: sqlite3.Connection, text: str) -> bool:
    count = "SELECT count(*) FROM (SELECT rowid FROM models_fts WHERE models_fts MATCH ? LIMIT ?)"
    return bool(_rows(db, count, fts_query(text), COMMON)[0][0] >= COMMON) if fts_query(text) else False


def maker(db: sqlite3.Connection, author: str) -> str:
    """The organisation as the Hub spells it: names ignore case there."""
    if not author or _rows(db, "SELECT 1 FROM models WHERE author = ? LIMIT 1", author):
        return author
    sql = "SELECT author FROM models WHERE id >= ? AND id < ? COLLATE NOCASE LIMIT 1"
    for (found,) in _rows(db, sql, f"{author}/", f"{author}0"):
        return str(found) if found and found.lower() == author.lower() else author
    return author


def _count(
    db: sqlite3.Connection, f: Filters, where: str, values: Sequence[object], seen: int, full: bool
) -> tuple[int, bool]:
    """How many rows there are, without counting farther than pages go."""
    if f.plain:
        return _present(db), False
    if not full and seen:
        return seen, False
    if f.q and not f.in_words and _is_common(db, f.q):  # looked for by name: counting would look at every name there is
        return seen + 1, True
    sql = f"SELECT count(*) FROM (SELECT 1 FROM models m WHERE {where} LIMIT ?)"
    (total,) = _rows(db, sql, *values, MAX_OFFSET + 1)[0]
    return total, total > MAX_OFFSET


def _columns() -> str:
    return ", ".join(f"m.{c}" for c in _COLUMNS)
