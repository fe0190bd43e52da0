"""What the other pages read from index.db: all their SQL, rows made into frozen values. Reads only.

One model, its series and its tree are in index/queries.py; the table is in grid.py.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from index.queries import _rows, _select


class Share(NamedTuple):
    """One night's part of all known downloads at a level, or of an organisation or licence.

    `counted`: of so many `models`, which is known of levels only.
    """

    date: str
    name: str
    models: int | None
    counted: int
    downloads: int
    share: float | None


class Higher(NamedTuple):
    """The part of a night's judged downloads for which a higher level is not excluded; `parts`: of it by level."""

    date: str
    share: float
    parts: tuple[tuple[str, float], ...]


class Change(NamedTuple):
    """One event, with the level of the model today; `not_before`: the last night that saw the old state."""

    change: int
    date: str
    id: str
    field: str
    old: str | None
    new: str | None
    downloads: int | None
    cause: str | None
    not_before: str | None
    note: str | None  # of a review: what, why, who, when
    level: str | None
    level_name: str | None
    level_max: str | None


class Claim(NamedTuple):
    """A model that calls itself open source. holds: 'no' (excluded), 'not shown' (unproved)."""

    id: str
    holds: str
    level: str
    level_name: str | None
    level_max: str | None
    restriction: str | None
    license: str | None
    license_effective: str | None
    quote: str | None
    downloads: int | None
    known_license: int  # whether the catalogue has a page of the effective licence


class Level(NamedTuple):
    """A level, its rule, and how many models have it."""

    level: str
    name: str
    everyday: str
    rule: str
    models: int | None
    downloads: int | None


class Dimension(NamedTuple):
    """One of the 14 characteristics; `eu` and `mof` are None where that framework has no counterpart."""

    number: int
    key: str
    title: str
    area: str
    radboud: str
    eu: str | None
    mof: str | None
    question: str


class Crawl(NamedTuple):
    """One walk over the Hub."""

    id: int
    date: str
    started: str
    finished: str | None
    complete: int
    models: int
    new: int
    changed: int
    counted: int
    missing: int
    rejects: int
    documents: int
    pages: int
    requests: int
    errors: int
    hub: str
    scope: str
    note: str


class Count(NamedTuple):
    """Models under one name, and the 30-day downloads of those `counted` that had a counter."""

    name: str | None
    models: int
    counted: int
    downloads: int | None


class Mover(NamedTuple):
    """A model whose 30-day counter moved between two nights."""

    id: str
    level: str | None
    level_max: str | None
    since: str
    until: str
    before: int
    after: int


def about(db: sqlite3.Connection) -> dict[str, str]:
    """The index about itself."""
    return {k: v for k, v in _rows(db, "SELECT key, value FROM about") if v is not None}


def shares(db: sqlite3.Connection, days: int) -> tuple[Share, ...]:
    """The nights of the last so many days, by night and level."""
    sql = """SELECT date, level, models, counted, downloads, share FROM share_by_level
             WHERE date > (SELECT date(max(date), ?) FROM share_by_level) ORDER BY date, level"""
    return tuple(Share(*r) for r in _rows(db, sql, f"-{days} days"))


def group_shares(db: sqlite3.Connection, what: str, days: int) -> tuple[Share, ...]:
    """The same by organisation ('author') or licence ('license'), as published: the largest and all others."""
    sql = """SELECT date, name, NULL, counted, downloads, share FROM share_by_group
             WHERE what = ? AND date > (SELECT date(max(date), ?) FROM share_by_level) ORDER BY date, name"""
    return tuple(Share(*r) for r in _rows(db, sql, what, f"-{days} days"))


def counted_on(db: sqlite3.Connection, date: str) -> tuple[int, int]:
    """Of a night: the models that had a counter, and all that were on the Hub."""
    sql = "SELECT coalesce(sum(counted), 0), coalesce(sum(models), 0) FROM share_by_level WHERE date = ?"
    counted, models = _rows(db, sql, date)[0]
    return counted, models


def maybe_higher(db: sqlite3.Connection) -> Higher | None:
    """How much of the last night's downloads is of models whose level may be higher; None where nothing was counted."""
    known = about(db)
    counted = {one.level: one.downloads or 0 for one in levels(db)}
    total = sum(counted.values())
    if not total or not known.get("last crawl"):
        return None
    parts = {level: int(known.get(f"downloads that may be above {level}") or 0) / total for level in counted}
    return Higher(known["last crawl"], sum(parts.values()), tuple((k, v) for k, v in parts.items() if v))


def levels(db: sqlite3.Connection) -> tuple[Level, ...]:
    """The seven levels, lowest first."""
    return tuple(Level(*r) for r in _select(db, "levels", Level._fields, "1 ORDER BY level"))


def dimensions(db: sqlite3.Connection) -> tuple[Dimension, ...]:
    """The 14 characteristics in the order of the Radboud table."""
    return tuple(Dimension(*r) for r in _select(db, "dimensions", Dimension._fields, "1 ORDER BY number"))


def unjudged(db: sqlite3.Connection) -> frozenset[str]:
    """The characteristics that no rule decides: whatever is seen of them, they stay unknown."""
    sql = """SELECT key FROM dimensions WHERE key NOT IN (
               SELECT dimension FROM rules WHERE value IN ('open', 'partial', 'closed'))"""
    return frozenset(key for (key,) in _rows(db, sql))


def open_source(db: sqlite3.Connection, model_id: str) -> str:
    """Whether a model is open source by OSAID, in a word: 'yes' (a person confirmed it), 'no', 'unshown' or ''."""
    sql = "SELECT osaid, confirmed_by IS NOT NULL AND level >= 'L5' FROM models WHERE id = ?"
    for answer, confirmed in _rows(db, sql, model_id):
        return "no" if answer == "fail" else "yes" if confirmed else "unshown" if answer else ""
    return ""


def crawls(db: sqlite3.Connection, limit: int = 60) -> tuple[Crawl, ...]:
    """Walks over the Hub, the newest first."""
    return tuple(Crawl(*r) for r in _select(db, "crawls", Crawl._fields, "1 ORDER BY id DESC LIMIT ?", limit))


def changes(
    db: sqlite3.Connection,
    *,
    fields: Sequence[str] = (),
    author: str = "",
    level: str = "",
    model: str = "",
    since: str = "",
    until: str = "",
    limit: int = 100,
    offset: int = 0,
    few: int = 10_000,
) -> tuple[Change, ...]:
    """Events, the newest night first and the most downloaded first within it.

    A level with fewer than `few` models is looked for from its models on; of others the newest events show enough.
    """
    parts, values = ["1"], []
    if fields:
        parts.append(f"c.field IN ({', '.join('?' * len(fields))})")
        values += list(fields)
    if author:
        parts.append("c.id >= ? AND c.id < ?")
        values += [f"{author}/", f"{author}0"]
    if model:
        parts.append("c.id = ?")
        values.append(model)
    for sign, day in ((">=", since), ("<=", until)):
        if day:
            parts.append(f"c.date {sign} ?")
            values.append(day)
    tables = "changes c"
    if level:
        values.append(level)
        (rare,) = _rows(db, "SELECT coalesce(max(models), 0) < ? FROM levels WHERE level = ?", few, level)[0]
        parts.append("c.id IN (SELECT id FROM models WHERE level = ?)" if rare else "m.level = ?")
        tables += "" if rare else " CROSS JOIN models m ON m.id = c.id"
    order = "c.date DESC, c.downloads DESC, c.field, c.change"  # as in the index changes_date, to the last tie
    inner = f"SELECT c.change FROM {tables} WHERE {' AND '.join(parts)} ORDER BY {order} LIMIT ? OFFSET ?"
    sql = f"""SELECT c.change, c.date, c.id, c.field, c.old, c.new, c.downloads, c.cause, c.not_before,
                c.note, m.level, m.level_name, m.level_max
              FROM changes c LEFT JOIN models m ON m.id = c.id WHERE c.change IN ({inner}) ORDER BY {order}"""
    return tuple(Change(*r) for r in _rows(db, sql, *values, limit, offset))


def last_night(db: sqlite3.Connection) -> str:
    """The last night on which something changed; '' when nothing ever did."""
    return _rows(db, "SELECT max(date) FROM changes")[0][0] or ""


def change_count(db: sqlite3.Connection, date: str) -> int:
    """Events of one night."""
    return int(_rows(db, "SELECT count(*) FROM changes WHERE date = ?", date)[0][0])


def claims(
    db: sqlite3.Connection, holds: str = "no", limit: int = 100, offset: int = 0, author: str = ""
) -> tuple[Claim, ...]:
    """Claims of 'open source' that fail ('no') or are not shown, the most downloaded models first.

    Those without a counter of tonight come after the others, by the last one that was ever seen.
    """
    holding = """m.claims_open_source = 1 AND +m.level < 'L5' AND +m.missing_since IS NULL
                 AND iif(m.level_max >= 'L5', 'not shown', 'no') = ?""" + (" AND m.author = ?" if author else "")
    asked = (holds, author) if author else (holds,)
    columns = ", ".join(Claim._fields[:-1])
    known = "EXISTS (SELECT 1 FROM licenses l WHERE l.id = license_effective)"
    latest = "SELECT d.downloads FROM downloads d WHERE d.id = {}.id AND d.downloads >= 0 ORDER BY d.date DESC LIMIT 1"

    def those(of: str, order: str, last: str, count: int, first: int) -> list[Claim]:
        # Chosen before anything is quoted: a claim's quote is looked for in all that is known of the model.
        chosen = f"SELECT m.model FROM models m WHERE {holding} AND m.downloads {of} ORDER BY {order} LIMIT ? OFFSET ?"
        sql = f"""SELECT {columns}, {known} FROM claims
                  WHERE id IN (SELECT id FROM models WHERE model IN ({chosen})) ORDER BY {last}, id"""
        return [Claim(*r) for r in _rows(db, sql, *asked, count, first)]

    found = those("IS NOT NULL", "m.downloads DESC", "downloads DESC", limit, offset)
    if len(found) < limit:
        counted = f"SELECT count(*) FROM models m WHERE {holding} AND m.downloads IS NOT NULL"
        before = _rows(db, counted, *asked)[0][0]
        silent = f"({latest.format('m')}) DESC, m.id", f"({latest.format('claims')}) DESC"
        found += those("IS NULL", *silent, limit - len(found), max(0, offset - before))
    return tuple(found)


def last_counters(db: sqlite3.Connection, ids: Iterable[str]) -> dict[str, tuple[int, str]]:
    """The last 30-day counter that was ever seen of each model, and its day; without those that never had one."""
    sql = "SELECT downloads, date FROM downloads WHERE id = ? AND downloads IS NOT NULL ORDER BY date DESC LIMIT 1"
    return {one: row for one in dict.fromkeys(ids) for row in _rows(db, sql, one)}


def license_counts(db: sqlite3.Connection, limit: int = 12) -> tuple[Count, ...]:
    """Declared licences by 30-day downloads; None = none stated."""
    sql = "SELECT license, models, counted, downloads FROM license_counts ORDER BY downloads DESC, models DESC LIMIT ?"
    return tuple(Count(*r) for r in _rows(db, sql, limit))


def author_counts(db: sqlite3.Connection, limit: int = 12) -> tuple[Count, ...]:
    """Organisations by 30-day downloads."""
    sql = "SELECT author, models, counted, downloads FROM authors ORDER BY downloads DESC LIMIT ?"
    return tuple(Count(*r) for r in _rows(db, sql, limit))


def movers(db: sqlite3.Connection, days: int, limit: int = 10) -> tuple[tuple[Mover, ...], tuple[Mover, ...]]:
    """The models whose 30-day counter rose and fell most over so many days."""
    sql = """SELECT m.id, m.level, m.level_max, v.since, v.until, v.before, v.after FROM movers v
             JOIN models m ON m.model = v.model WHERE v.days = ? AND v.after {0} v.before
             ORDER BY v.after - v.before {1} LIMIT ?"""
    rose = tuple(Mover(*r) for r in _rows(db, sql.format(">", "DESC"), days, limit))
    fell = tuple(Mover(*r) for r in _rows(db, sql.format("<", "ASC"), days, limit))
    return rose, fell


def spdx(db: sqlite3.Connection) -> dict[str, str]:
    """Licence id -> SPDX id, where there is one."""
    return dict(_rows(db, "SELECT id, spdx FROM licenses WHERE spdx IS NOT NULL"))


def catalogue(db: sqlite3.Connection) -> list[dict[str, object]]:
    """Every licence of the catalogue, those of the most downloads first."""
    return _dicts(db, "SELECT * FROM licenses ORDER BY coalesce(downloads, 0) DESC, models DESC, id")


def license(db: sqlite3.Connection, license_id: str) -> dict[str, object] | None:
    """One licence with all its facts."""
    return next(iter(_dicts(db, "SELECT * FROM licenses WHERE id = ?", license_id)), None)


def license_models(db: sqlite3.Connection, license_id: str, limit: int = 20) -> list[dict[str, object]]:
    """The most downloaded models whose effective licence it is."""
    sql = """SELECT id, level, level_max, license, downloads FROM models
             WHERE license_effective = ? AND missing_since IS NULL ORDER BY downloads DESC LIMIT ?"""
    return _dicts(db, sql, license_id, limit)


def restrictions(db: sqlite3.Connection) -> list[dict[str, object]]:
    """Why models are not higher, by level."""
    return _dicts(db, "SELECT * FROM restrictions ORDER BY level, models DESC")


def rules(db: sqlite3.Connection) -> list[dict[str, object]]:
    """The published words of every rule."""
    return _dicts(db, "SELECT r.* FROM rules r LEFT JOIN dimensions d ON d.key = r.dimension ORDER BY d.number, r.code")


def probes(db: sqlite3.Connection) -> list[dict[str, object]]:
    """The published question of every probe."""
    return _dicts(
        db, "SELECT p.* FROM probes p LEFT JOIN dimensions d ON d.key = p.dimension ORDER BY d.number, p.name"
    )


def agreement(db: sqlite3.Connection) -> list[dict[str, object]]:
    """Figures of our agreement with the experts."""
    sql = """SELECT a.* FROM agreement a LEFT JOIN dimensions d ON d.key = a.dimension
             ORDER BY a.reading DESC, d.number IS NULL DESC, d.number"""
    return _dicts(db, sql)


def expert_sources(db: sqlite3.Connection) -> list[dict[str, object]]:
    """Which human indexes were imported."""
    sql = """SELECT source, source_version, count(DISTINCT system) AS systems, count(DISTINCT id) AS models,
               count(*) AS cells, max(attribution) AS attribution FROM experts GROUP BY source, source_version"""
    return _dicts(db, sql)


def disagreements(db: sqlite3.Connection, limit: int = 200) -> list[dict[str, object]]:
    """Cells where an expert and we differ and both have an answer, opposite ones and much downloaded ones first."""
    sql = """SELECT e.id, e.dimension, e.value AS theirs, j.value AS ours, j.rule, j.reason,
               e.reason AS their_reason, e.source, e.url, m.downloads
             FROM (SELECT DISTINCT id FROM experts WHERE id IS NOT NULL) k
             CROSS JOIN models m ON m.id = k.id
             CROSS JOIN judgements j ON j.id = m.id
             CROSS JOIN experts e ON e.id = m.id AND e.dimension = j.dimension
             WHERE e.value <> j.value AND j.value NOT IN ('unknown', 'not-applicable')
             ORDER BY (e.value = 'open' AND j.value = 'closed') OR (e.value = 'closed' AND j.value = 'open') DESC,
               m.downloads DESC LIMIT ?"""
    return _dicts(db, sql, limit)


def experts_of(db: sqlite3.Connection, model_id: str) -> list[dict[str, object]]:
    """What experts said of one model, by dimension."""
    sql = "SELECT source, dimension, value, reason, url, attribution FROM experts WHERE id = ? ORDER BY source"
    return _dicts(db, sql, model_id)


def rejects(db: sqlite3.Connection) -> list[dict[str, object]]:
    """Rows of the Hub that could not be read, by reason, of the last nights."""
    return _dicts(db, "SELECT date, reason, rows FROM rejects ORDER BY crawl DESC, rows DESC LIMIT 40")


def fetches(db: sqlite3.Connection) -> list[dict[str, object]]:
    """What the looks at documents brought."""
    return _dicts(db, "SELECT * FROM fetches ORDER BY document, documents DESC")


def _dicts(db: sqlite3.Connection, sql: str, *values: object) -> list[dict[str, object]]:
    """Rows of catalogues, column by column, for pages that show every column there is."""
    cursor = db.cursor()
    cursor.row_factory = None
    cursor.execute(sql, values)
    names = [d[0] for d in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
