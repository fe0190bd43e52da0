"""One model as the index knew it on a day (`?asof=`): the verdict then in force, and what has changed since."""

from __future__ import annotations

import sqlite3
from datetime import date

from index import asof, explain, queries
from index.asof import AsOf
from index.rows import Model, Page
from index.site import ask as asking
from index.site import cells, reads, render
from index.site.ask import Ask, BadAsk
from index.site.host import Answer

_LETTERS = {word: letter for letter, word in cells.SIGNS.items()}


def asked(db: sqlite3.Connection, ask: Ask) -> str:
    """The past day that is asked for, '' for today. Refuses days of which the index cannot know anything."""
    day = asking.day(ask, "asof")
    about = reads.about(db) if day else {}
    first, last = about.get("first night", ""), about.get("last crawl", "")
    if day and not first <= day <= last:
        raise BadAsk("error.asof", value=day, first=first or "?", last=last or "?")
    return day


def on_day(db: sqlite3.Connection, ask: Ask, page: Page, day: str) -> Answer:
    """The page of a model on one day; what is not kept (old quotes, old scores) it says."""
    found = _get(db, page, day)
    then = as_model(page.model, found)
    license = queries.get_license(db, found.license_effective) if found.license_effective else None
    body = render.page(
        "asof.html", ask, model=page.model, then=then, found=found, day=day, license=license,
        words=explain.in_words(then, license) if found.verdict else "", about=reads.about(db), letters=_LETTERS,
    )  # fmt: skip
    return Answer(body)


def on_day_json(db: sqlite3.Connection, page: Page, day: str) -> Answer:
    """The same as JSON."""
    return Answer(render.to_json(asof.to_dict(_get(db, page, day))), "application/json; charset=utf-8")


def _get(db: sqlite3.Connection, page: Page, day: str) -> AsOf:
    found = asof.get(db, page.model.id, date.fromisoformat(day))
    assert found is not None  # its page was just read in the same snapshot
    return found


def as_model(model: Model, found: AsOf) -> Model:
    """The model with the level and the facts of that day, for sentences about it."""
    verdict = found.verdict
    return model._replace(
        level=verdict and verdict.level,
        level_name=found.level_name,
        level_max=verdict and verdict.level_max,
        restriction=verdict and verdict.restriction,
        license=found.facts["license"],
        license_name=found.facts["license_name"],
        license_link=found.facts["license_link"],
        license_effective=found.license_effective,
        gated=found.facts["gated"],
        missing_since=None if found.on_hub else model.missing_since,
    )
