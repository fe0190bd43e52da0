"""The table: models or families, 14 characteristics each. As a page, JSON and CSV."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Callable
from typing import Any, NamedTuple

from index import families, plain, queries
from index.model import Dimension, Restriction
from index.site import ask as asking
from index.site import family_rows, grid, off_hub, past, reads, render
from index.site.ask import Ask, BadAsk
from index.site.cells import Column
from index.site.family_rows import FamilyRow
from index.site.grid import Filters, GridPage, GridRow
from index.site.host import Answer
from index.site.pages import asof

FRAMEWORKS = ("radboud14", "eu12", "mof")
LEVELS = ("L0", "L1", "L2", "L3", "L4", "L5", "L6")
WHYS = tuple(r.value for r in Restriction if r)
CSV_ROWS = 1_000
#: What neither narrows nor orders a list of ids.
_NARROW = ("q", "org", "task", "family", "license", "level", "why", "claims", "from", "to", "sort", "dir")
ALL_PAGES = 10**7
FAMILIES = 500  # on one page: more than there are


def parse(ask: Ask, known_families: tuple[str, ...]) -> Filters:
    """The filters of a request, checked."""
    for name, allowed in (("framework", FRAMEWORKS), ("offhub", ("1",))):  # of the page, which JSON and CSV may carry
        asking.choice(ask, name, allowed)
    family = asking.words(ask, "family")
    if family:
        meant = families.find_family(family)
        family = meant.name if meant and meant.name in known_families else family
        if family not in known_families:
            near = [f for f in families.suggest_families(family, 5) if f in known_families]
            raise BadAsk("error.family", family=family, near=", ".join(near) or "?")
    wanted = Filters(
        q=asking.words(ask, "q"),
        author=asking.words(ask, "org"),
        task=asking.words(ask, "task"),
        family=family,
        license=asking.words(ask, "license"),
        levels=asking.choices(ask, "level", LEVELS),
        restriction=asking.choice(ask, "why", WHYS),
        claims=asking.choice(ask, "claims", ("1",)) == "1",
        created_from=asking.day(ask, "from"),
        created_to=asking.day(ask, "to"),
        ids=asking.id_list(ask, "ids", grid.MAX_IDS),
        asof=asking.day(ask, "asof"),
        sort=asking.choice(ask, "sort", tuple(grid.SORTS), "downloads"),
        ascending=asking.choice(ask, "dir", ("asc", "desc"), "desc") == "asc",
    )
    if wanted.created_from and wanted.created_to and wanted.created_from > wanted.created_to:
        raise BadAsk("error.range")
    if wanted.ids:  # the rows of a list are those of the list: a filter beside it would be told and not applied
        for name in _NARROW:
            if ask.get(name):
                raise BadAsk("error.ids_alone", name=name)
    if wanted.sort == "eu" and not wanted.small:
        raise BadAsk("error.sort_eu")
    return wanted


def _asked(db: sqlite3.Connection, ask: Ask) -> Filters:
    """The filters of a request; of a past day only what its facts can answer."""
    wanted = parse(ask, grid.family_names(db))._replace(asof=asof.asked(db, ask))
    if wanted.asof:
        for name, given in (("license", wanted.license), ("claims", wanted.claims)):
            if given:
                raise BadAsk("error.past_filter", name=name)
        asking.choice(ask, "sort", tuple(past.SORTS))
    return wanted


def _rows_of(wanted: Filters) -> Callable[[sqlite3.Connection, Filters, int, int], GridPage]:
    return past.read_page if wanted.asof else grid.read_page


def _read(
    db: sqlite3.Connection, ask: Ask, sizes: tuple[int, ...] = grid.PAGE_SIZES
) -> tuple[Filters, GridPage, int, int]:
    wanted = _asked(db, ask)
    size = asking.number(ask, "size", 1, sizes[-1], 50)
    page = asking.number(ask, "page", 1, ALL_PAGES, 1)
    found = _rows_of(wanted)(db, wanted, page, size)
    if not found.total:
        grid.check_names(db, wanted)
    if page > 1 and not found.rows:
        last = max(1, grid.last_page(wanted, found, size))
        cut = last * size < found.total
        raise BadAsk("error.beyond_first" if cut else "error.beyond", page=page, last=last, n=grid.MAX_OFFSET)
    if wanted.sort == "downloads" and not (wanted.ascending or wanted.ids or wanted.asof):
        found = found._replace(rows=_uncounted_by_the_last(db, found.rows))
    return wanted, found, page, size


def _uncounted_by_the_last(db: sqlite3.Connection, rows: tuple[GridRow, ...]) -> tuple[GridRow, ...]:
    """The rows of a page, those without a counter of tonight (they come last) by the last one that is known."""
    last = reads.last_counters(db, (r.id for r in rows if r.downloads is None))
    return tuple(
        sorted(rows, key=lambda r: (r.downloads is None, -last.get(r.id, (-1, ""))[0] if r.downloads is None else 0))
    )


def table(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The page."""
    rows = asking.choice(ask, "rows", ("models", "families"), "models")
    framework = asking.choice(ask, "framework", FRAMEWORKS, FRAMEWORKS[0])
    columns = columns_of(reads.dimensions(db), framework, reads.unjudged(db))
    common: dict[str, Any] = {
        "rows": rows, "framework": framework, "columns": columns, "frameworks": FRAMEWORKS, "levels": LEVELS,
        "tasks": grid.tasks(db), "families": grid.family_names(db), "about": reads.about(db),
    }  # fmt: skip
    if rows == "families":
        asked = _families(db, ask)
        return Answer(render.page("families.html", ask, **asked._asdict(), sorts=family_rows.SORTS, **common))
    wanted, found_page, page, size = _read(db, ask)
    off = off_hub.read(db, wanted.q) if asking.choice(ask, "offhub", ("1",)) else ()
    last = grid.last_page(wanted, found_page, size)
    uncounted = (r.id for r in found_page.rows if r.downloads is None and not wanted.asof)
    lost = wanted.q if wanted.q and not found_page.rows else ""
    body = render.page(
        "table.html", ask, found=found_page, filters=wanted, page=page, size=size, last=last, off_hub=off,
        sorts=[s for s in (past.SORTS if wanted.asof else grid.SORTS) if s != "eu" or wanted.small],
        cut=last * size < found_page.total and grid.MAX_OFFSET,
        last_known=reads.last_counters(db, uncounted), shorter=asking.topic(lost) if asking.topic(lost) != lost else "",
        near=queries.suggest(db, asking.topic(lost)) if lost else (), **common,
    )  # fmt: skip
    return Answer(body)


def columns_of(
    dimensions: tuple[reads.Dimension, ...], framework: str, later: frozenset[str] = frozenset()
) -> tuple[Column, ...]:
    """The columns that a framework has, each with the framework's own name; `later`: those that no rule decides yet."""
    names = {"eu12": [d.eu for d in dimensions], "mof": [d.mof for d in dimensions]}
    chosen = names.get(framework, [d.radboud for d in dimensions])
    kept = [(d, name) for d, name in zip(dimensions, chosen, strict=True) if name]
    areas = ["", *(d.area for d, _ in kept)]
    return tuple(
        Column(d.number - 1, d.key, name, d.area != areas[n], d.key in later) for n, (d, name) in enumerate(kept)
    )


class Families(NamedTuple):
    """A page of families: `found` of `total`."""

    filters: Filters
    page: int
    size: int
    last: int
    total: int
    found: tuple[FamilyRow, ...]


def _families(db: sqlite3.Connection, ask: Ask, size: int = 50) -> Families:
    """The families that a request asks for, `size` on a page unless it says how many."""
    for name in ("ids", "asof", "offhub"):
        if ask.get(name):
            raise BadAsk("error.families", name=name)
    rest = ask._replace(params=tuple((k, v) for k, v in ask.params if k != "sort"))
    sort = asking.choice(ask, "sort", tuple(family_rows.SORTS), "downloads")
    wanted = parse(rest, grid.family_names(db))._replace(sort=sort)
    size = asking.number(ask, "size", 1, FAMILIES, size)
    page = asking.number(ask, "page", 1, ALL_PAGES, 1)
    found = family_rows.choose(family_rows.read(db), wanted)
    if not found:
        grid.check_names(db, wanted)
    last = -(-len(found) // size)
    if page > max(1, last):
        raise BadAsk("error.beyond", page=page, last=max(1, last))
    return Families(wanted, page, size, last, len(found), found[(page - 1) * size : page * size])


def as_dict(row: GridRow) -> dict[str, Any]:
    """A row for JSON: cells by name."""
    fields = row._asdict()
    letters = fields.pop("cells")
    return {**fields, "cells": cells_of(letters) if letters else None}


def cells_of(letters: str) -> dict[str, str]:
    """14 letters as values by dimension."""
    return {d.value: render.SIGNS[c] for d, c in zip(Dimension, letters, strict=True)}


def table_json(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The rows of one page as JSON."""
    if asking.choice(ask, "rows", ("models", "families"), "models") == "families":
        asked = _families(db, ask, FAMILIES)
        out = [{**f._asdict(), "best": as_dict(f.best) if f.best else None} for f in asked.found]
        said = {**asked._asdict(), "filters": asked.filters._asdict()}
        said.pop("found")
        return Answer(render.to_json({**said, "families": out}), "application/json; charset=utf-8")
    wanted, page, number, size = _read(db, ask)
    body = {
        "filters": wanted._asdict(), "page": number, "size": size, "total": page.total,
        "total_is_lower_bound": page.more, "last_page": grid.last_page(wanted, page, size),
        "order_of_today": page.order_of_today, "not_seen_yet": page.unseen, "missing": page.missing,
        "models": [as_dict(r) for r in page.rows],
    }  # fmt: skip
    if asking.choice(ask, "offhub", ("1",)):
        systems = off_hub.read(db, wanted.q)
        body["off_hub"] = [{**s._asdict(), "cells": cells_of(s.cells)} for s in systems]
    return Answer(render.to_json(body), "application/json; charset=utf-8")


def table_csv(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The rows as CSV, at most CSV_ROWS of them. Texts that a spreadsheet would run as a formula get a quote before."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [d.key for d in reads.dimensions(db)]
    at = GridRow._fields.index("cells")
    facts = [*GridRow._fields[:at], *GridRow._fields[at + 1 :]]
    if asking.choice(ask, "rows", ("models", "families"), "models") == "families":
        families_too = [f for f in FamilyRow._fields if f != "best"]
        rows = [(f[: len(families_too)], f.best) for f in _families(db, ask, FAMILIES).found]
        columns = [*families_too, *(f"model_{name}" for name in facts)]
    else:
        wanted = _asked(db, ask)
        rows = [((), row) for row in _rows_of(wanted)(db, wanted, 1, CSV_ROWS).rows]
        if not rows:
            grid.check_names(db, wanted)
        columns = facts
    writer.writerow([*columns, *names])
    for own, row in rows:
        fields = (*row[:at], *row[at + 1 :]) if row else (None,) * len(facts)
        cells = [render.SIGNS[c] for c in row.cells] if row and row.cells else [""] * 14
        writer.writerow([plain.cell(v) for v in (*own, *fields)] + cells)
    return Answer(out.getvalue().encode(), "text/csv; charset=utf-8", filename="openness.csv")
