"""A claim of "open source" with what stands against it: the excluding judgement, its quote, and the dates. Reads only.

Also the last counter that was ever seen where tonight's listing gave none. Concludes nothing itself: the ground is what
explain.py says of the verdict, the reasons and quotes are the published ones.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from index import explain, queries
from index.model import Restriction
from index.queries import _rows
from index.rows import License
from index.site.reads import Claim, last_counters

#: Probes whose quotes say what is withheld, or what the card says instead; others only add to a reason.
_SAYING = "'data_withheld', 'code_withheld', 'training_data_section'"


class Fact(NamedTuple):
    """One closed characteristic that open source asks for: why it is closed, with the words it rests on, if any."""

    dimensions: tuple[str, ...]  # that are closed for it
    rule: str
    reason: str
    quote: str | None
    place: str | None


class Told(NamedTuple):
    """A claim as a page shows it. `latest`: the last known counter, of `latest_date`; `stated`: the day it was read."""

    claim: Claim
    stated: str | None
    excluded: str  # why it cannot hold: 'click-through access', 'training data closed'; '' where it only is not shown
    by_license: bool  # whether the effective licence is such a ground
    facts: tuple[Fact, ...]
    latest: int | None
    latest_date: str | None


def told(db: sqlite3.Connection, claims: Iterable[Claim]) -> tuple[Told, ...]:
    """The claims, each with its ground and dates."""
    return tuple(_told(db, claim) for claim in claims)


def _told(db: sqlite3.Connection, claim: Claim) -> Told:
    stated = "SELECT max(observed) FROM evidence WHERE id = ? AND dimension = 'claim' AND quote = ?"
    latest = last_counters(db, [claim.id]) if claim.downloads is None else {}
    count, day = latest.get(claim.id, (None, None))
    model = queries.get_model(db, claim.id) if claim.holds == "no" else None
    license = queries.get_license(db, claim.license_effective) if model else None
    excluded = ", ".join(explain.grounds(model, license)) if model else ""
    ours = license is not None and _licence_words(license) in excluded.split(", ")
    facts: tuple[Fact, ...] = ()
    if model and (claim.level_max or "") >= "L3":
        facts = _facts(db, claim)
    elif model and not ours:
        facts = _statement(db, claim)
    return Told(claim, _rows(db, stated, claim.id, claim.quote)[0][0], excluded, ours, facts, count, day)


def _licence_words(license: License) -> str:
    return next((words for r, words in explain.LICENCE_WORDS.items() if r == license.restriction), "?")


def _statement(db: sqlite3.Connection, claim: Claim) -> tuple[Fact, ...]:
    """The sentence that names terms of use where no licence is declared, if that is the ground."""
    sql = """SELECT j.rule, j.reason, e.quote, e.place FROM evidence e
             JOIN judgements j ON j.id = e.id AND j.dimension = 'license'
             WHERE e.id = ? AND e.probe = 'license_statement' AND e.quote <> '' LIMIT 1"""
    return tuple(Fact(("license",), *row) for row in _rows(db, sql, claim.id))


def _facts(db: sqlite3.Connection, claim: Claim) -> tuple[Fact, ...]:
    """The closed characteristics among those that open source asks for; the same reason once."""
    asked = {d for r in (Restriction.DOCUMENTATION, Restriction.CODE_AND_DATA) for d in explain.ASKED[r][1]}
    closed = "SELECT dimension, rule, reason FROM judgements WHERE id = ? AND value = 'closed'"
    words = f"""SELECT quote, place FROM evidence WHERE id = ? AND dimension = ? AND quote <> ''
                AND probe IN ({_SAYING}) AND instr(?, rtrim(quote, '.')) = 0 LIMIT 1"""  # not what the reason quotes
    found: dict[str, Fact] = {}
    for dimension, rule, reason in _rows(db, closed, claim.id):
        if dimension in {str(d) for d in asked}:
            quote, place = next(iter(_rows(db, words, claim.id, dimension, reason)), (None, None))
            same = found.get(reason) or Fact((), rule, reason, quote, place)
            found[reason] = same._replace(dimensions=(*same.dimensions, dimension))
    return tuple(found.values())
