"""Rows of the table that are families: filters in, a page of them out. Reads only.

A family stands there with the verdict of its best known model: level, task, licence, claim and scores asked for are
that model's; the days are those of the family's release. There are a few hundred, so they are read all, then chosen and
sorted here. Does not parse requests and draws nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from index.queries import _rows
from index.site.grid import Filters, GridRow


class FamilyRow(NamedTuple):
    """A family, with the verdict of its best known own model on the Hub."""

    family: str
    maker: str | None
    released: str | None
    models: int
    official_models: int
    downloads: int | None
    best: GridRow | None


#: name in the address -> what is compared; None where nobody knows, which comes last whichever way.
SORTS: Mapping[str, Callable[[FamilyRow], str | float | None]] = {
    "downloads": lambda f: f.downloads,
    "models": lambda f: f.models,
    "score": lambda f: f.best and f.best.radboud_score,
    "eu": lambda f: f.best and f.best.eu_score,
    "created": lambda f: f.released,
}


def read(db: sqlite3.Connection) -> tuple[FamilyRow, ...]:
    """Every family with a model on the Hub, the most downloaded first."""
    columns = ", ".join(f"m.{c}" for c in GridRow._fields)
    sql = f"""SELECT f.family, f.maker, f.released, f.models, f.official_models, f.downloads, {columns}
              FROM families f LEFT JOIN models m ON m.id = coalesce(f.official_model, f.top_model)
              ORDER BY f.downloads DESC, f.models DESC"""
    found = []
    for name, maker, released, models, official, downloads, *best in _rows(db, sql):
        found.append(FamilyRow(name, maker, released, models, official, downloads, GridRow(*best) if best[0] else None))
    return tuple(found)


def choose(rows: Sequence[FamilyRow], f: Filters) -> tuple[FamilyRow, ...]:
    """The families that fit, in the order asked for."""
    fitting = [row for row in rows if _fits(row, f)]
    key = SORTS[f.sort]
    known = [row for row in fitting if key(row) is not None]
    known.sort(key=lambda row: key(row) or 0, reverse=not f.ascending)
    return (*known, *(row for row in fitting if key(row) is None))


def squeeze(text: str) -> str:
    """A name as it is compared: 'llama3' finds 'Llama 3'."""
    return "".join(c for c in text.casefold() if c.isalnum())


def _fits(row: FamilyRow, f: Filters) -> bool:
    best, words = row.best, squeeze(f.q)
    released = row.released or ""
    makers = {name.casefold() for name in (row.maker, best and best.author) if name}
    told = (
        (f.q, words != "" and (words in squeeze(row.family) or words in squeeze(row.maker or ""))),
        (f.author, f.author.casefold() in makers),
        (f.family, row.family == f.family),
        (f.levels, best is not None and best.level in f.levels),
        (f.task, best is not None and best.pipeline_tag == f.task),
        (f.license, best is not None and best.license_effective == f.license),
        (f.restriction, best is not None and best.restriction == f.restriction),
        (f.claims, best is not None and best.claims_open_source == 1 and (best.level or "L9") < "L5"),
        (f.created_from, released >= f.created_from),
        (f.created_to, "" < released[:10] <= f.created_to),
    )
    return all(fits for asked, fits in told if asked)
