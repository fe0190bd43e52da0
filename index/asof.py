"""One model as the index knew it on a day: the verdict in force, its 14 cells, licence, gating, counters.

Does: read in index.db the verdict that was in force, and undo the events that came later one by one, newest first, so
that a field has the value it had. A day before the first sight of a model knows nothing of it.
Does not: judge old facts by new rules (the verdict keeps the rules it was made by), fetch an old card, or fill a night
on which nobody looked: a counter comes with the night on which it was seen.

A licence that the Hub began to show only later left no event; then the first one ever seen stands for the days before.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from index import queries, terminal
from index.model import VALUES, Dimension
from index.plain import clean
from index.rows import Cell, Change, Model, Verdict

#: What made a verdict change, in words.
CAUSES = {
    "first": "judged for the first time",
    "repo": "the repository changed: its files, tags, licence or gating",
    "card": "its card or licence text changed",
    "listing": "its row in the Hub's listing could not be read any more, or could again",
    "data": "the Hub shows something else of a data set that it names",
    "base": "a model that it is made from changed",
    "rules": "our rules changed, not the model",
    "override": "a person reviewed it",
}
#: Fields whose events can be undone, as `changes` names them.
FIELDS = ("name", "license", "license_name", "license_link", "gated", "base_model")


class Counters(NamedTuple):
    """Counters as last seen on or before a day. `night`: the last complete night on which they held."""

    downloads: int | None
    downloads_all_time: int | None
    likes: int | None
    night: str


class AsOf(NamedTuple):
    """One model on one day. None = not known that day; `facts` are those of FIELDS, all None before the first sight."""

    id: str  # as it is called today
    date: str
    seen: bool  # false: the index had not seen it yet
    on_hub: bool | None  # None: not seen yet
    verdict: Verdict | None
    level_name: str | None
    license_effective: str | None
    cells: tuple[Cell, ...]  # without evidence: quotes are of the card as it is today
    facts: Mapping[str, str | None]
    counters: Counters | None
    since: tuple[Change, ...]  # what has changed after that day, newest first


# ------------------------------------------------------------------------------------------------------ pure


def undo(today: Mapping[str, str | None], events: Iterable[Change], day: str) -> dict[str, str | None]:
    """The facts as they were at the end of a day: events after it are undone, newest first. Unknown fields are kept.

    Events of one field on one day are one event, as `changes` has them, so their order cannot matter.
    """
    facts = dict(today)
    for event in sorted(events, key=lambda e: e.date, reverse=True):
        if event.date > day and event.field in facts:
            facts[event.field] = event.old
    return facts


def was_there(events: Iterable[Change], missing_since: str | None, day: str) -> bool:
    """Whether a model that had been seen was on the Hub on a day: the last missing or returned event decides."""
    last = max(
        (e for e in events if e.field in ("missing", "returned") and e.date <= day),
        key=lambda e: (e.date, e.field == "missing"),
        default=None,
    )
    if last is not None:
        return last.field == "returned"
    return missing_since is None or missing_since > day


# ------------------------------------------------------------------------------------------------------ reading


def get(db: sqlite3.Connection, model_id: str, day: date) -> AsOf | None:
    """One model, by its present id, on a day; None when the index does not have it."""
    model = queries.get_model(db, model_id)
    if model is None:
        return None
    on = day.isoformat()
    happened = events(db, model.id)
    since = tuple(e for e in happened if e.date > on)
    if model.first_seen > on:
        return AsOf(model.id, on, False, None, None, None, None, (), dict.fromkeys(FIELDS), None, since)
    verdict, dossier = _verdict(db, model.id, on)
    there = was_there(happened, model.missing_since, on)
    return AsOf(
        model.id,
        on,
        True,
        there,
        verdict,
        _level_name(db, verdict),
        None if dossier is None else license_effective(db, dossier),
        () if dossier is None else _cells(db, dossier),
        undo(_today(model), happened, on),
        _counters(db, model, on) if there else None,
        since,
    )


def events(db: sqlite3.Connection, model_id: str) -> tuple[Change, ...]:
    """Everything that happened to a model, the newest first."""
    sql = f"SELECT {', '.join(Change._fields)} FROM changes WHERE id = ? ORDER BY date DESC"
    return tuple(Change(*row) for row in _rows(db, sql, model_id))


def _today(model: Model) -> dict[str, str | None]:
    facts = {field: getattr(model, field, None) for field in FIELDS}
    return {**facts, "name": model.id}


def _verdict(db: sqlite3.Connection, model_id: str, day: str) -> tuple[Verdict | None, int | None]:
    for row in _rows(
        db,
        """SELECT date(v.day * 86400, 'unixepoch'), 'L' || v.level, 'L' || v.level_max, r.word, c.word, s.word,
             v.note, v.dossier
           FROM models m JOIN verdicts v ON v.model = m.model JOIN terms r ON r.term = v.restriction
           JOIN terms c ON c.term = v.cause JOIN terms s ON s.term = v.rules_version
           WHERE m.id = ? AND v.day <= CAST(julianday(?) - 2440587.5 AS INTEGER) ORDER BY v.day DESC LIMIT 1""",
        model_id,
        day,
    ):
        return Verdict(*row[:7]), row[7]
    return None, None


def _level_name(db: sqlite3.Connection, verdict: Verdict | None) -> str | None:
    found = _rows(db, "SELECT name FROM levels WHERE level = ?", verdict.level) if verdict else []
    return name_of(verdict.level, verdict.restriction, found[0][0]) if verdict and found else None


def name_of(level: str | None, restriction: str | None, name: str | None) -> str | None:
    """What a model of a level is called, whose `name` covers all of them: L0 is no weights, or none that were shown."""
    if level != "L0":
        return name
    return "weights not shown" if restriction == "unknown-weights" else "no weights"


def _cells(db: sqlite3.Connection, dossier: int) -> tuple[Cell, ...]:
    """The 14 cells of a dossier with the published words of their rules."""
    ((letters, rules),) = _rows(db, "SELECT cells, rules FROM dossiers WHERE dossier = ?", dossier)
    titles = dict(_rows(db, "SELECT key, title FROM dimensions"))
    found = []
    for dimension, letter, rule in zip(Dimension, letters, json.loads(rules), strict=True):
        term, detail = rule if isinstance(rule, list) else (rule, "")
        ((code,),) = _rows(db, "SELECT word FROM terms WHERE term = ?", term)
        words = _rows(
            db, "SELECT words FROM rules WHERE code = ? ORDER BY dimension = ? DESC LIMIT 1", code, dimension.value
        )
        reason = words[0][0] if words else detail and "{}" or code
        title = titles.get(dimension.value, dimension.value)
        found.append(Cell(dimension.value, title, VALUES[letter].value, code, reason.replace("{}", detail), ()))
    return tuple(found)


def license_effective(db: sqlite3.Connection, dossier: int) -> str | None:
    """The effective licence that a verdict rested on, out of its evidence."""
    for (value,) in _rows(
        db,
        """SELECT coalesce(s.value, json_extract(e.value, '$[6]'))
           FROM dossiers x, json_each(x.evidence) e
           LEFT JOIN sights s ON s.sight = CASE e.type WHEN 'integer' THEN e.value END
           WHERE x.dossier = ?
             AND coalesce(s.probe, (SELECT word FROM terms WHERE term = json_extract(e.value, '$[1]')))
               = 'effective_license'""",
        dossier,
    ):
        return value or None
    return None


def _counters(db: sqlite3.Connection, model: Model, day: str) -> Counters | None:
    """The last counters of a model that some night on or before a day had seen."""
    night = _rows(db, "SELECT max(date) FROM complete_nights WHERE date <= ?", day)[0][0]
    for seen, downloads, all_time, likes in _rows(
        db,
        """SELECT date, downloads, downloads_all_time, likes FROM downloads WHERE id = ? AND date <= ?
           ORDER BY date DESC LIMIT 1""",
        model.id,
        day,
    ):
        return Counters(downloads, all_time, likes, max(seen, night or seen))
    return None


def _rows(db: sqlite3.Connection, sql: str, *values: object) -> list[Any]:
    cursor = db.cursor()
    cursor.row_factory = None
    return cursor.execute(sql, values).fetchall()


# ------------------------------------------------------------------------------------------------------ for a reader


def to_dict(found: AsOf) -> dict[str, Any]:
    """The same as plain JSON values."""
    plain = found._asdict()
    plain["cells"] = [{k: v for k, v in c._asdict().items() if k != "evidence"} for c in found.cells]
    plain["verdict"] = found.verdict and {**found.verdict._asdict(), "because": CAUSES.get(found.verdict.cause)}
    plain["counters"] = found.counters and found.counters._asdict()
    plain["since"] = [c._asdict() for c in found.since]
    plain["facts"] = dict(found.facts)
    return plain


def render(found: AsOf) -> RenderableType:
    """What `openness show ID --date D` prints."""
    head = Text(f"{clean(found.id)} on {found.date}", style="bold")
    if not found.seen:
        return Group(head, Text("The index had not seen it yet."))
    parts: list[RenderableType] = [head, _verdict_line(found), Text("")]
    facts = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for field, value in found.facts.items():
        if field != "name" or value != found.id:
            facts.add_row(field, clean(value, 80) or "not stated")
    facts.add_row("effective licence", clean(found.license_effective) or "not known")
    if found.counters is not None:
        c = found.counters
        counted = "not stated" if c.downloads is None else f"{c.downloads:,}"
        facts.add_row("downloads, 30 days", f"{counted} (night of {c.night})")
    parts += [facts, Text("")]
    cells = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for cell in found.cells:
        cells.add_row(clean(cell.title), cell.value, clean(cell.reason, 90))
    parts.append(cells)
    if found.since:
        parts += [Text(""), Text("Since then:", style="bold"), *map(_event, found.since[:20])]
    return Group(*parts)


def _verdict_line(found: AsOf) -> Text:
    v = found.verdict
    away = "" if found.on_hub else "It was not on the Hub that day. "
    if v is None:
        return Text(f"{away}It had not been judged yet.")
    why = f", {clean(v.restriction)}" if v.restriction else ""
    because = CAUSES.get(v.cause, clean(v.cause)) + (f", {clean(v.note, 300)}" if v.note else "")
    return Text(
        f"{away}{v.level} {clean(found.level_name)}{why} (not excluded: {v.level_max}); in force since {v.date}:"
        f" {because}; rules {clean(v.rules_version)}"
    )


def _event(event: Change) -> Text:
    note = f": {clean(event.note, 300)}" if event.note else ""
    because = f" ({CAUSES.get(event.cause, clean(event.cause))}{note})" if event.cause else ""
    moved = f"{clean(event.old, 60) or '–'} → {clean(event.new, 60) or '–'}"
    return Text(f"{terminal.when(event)}  {clean(event.field)}: {moved}{because}")
