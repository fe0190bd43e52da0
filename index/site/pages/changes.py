"""Changes of licence, access, level and name: as a page, an Atom feed and a JSON feed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from html import escape
from itertools import groupby
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from index import queries
from index.plain import clean
from index.site import ask as asking
from index.site import grid, reads, render
from index.site.ask import Ask, BadAsk
from index.site.host import Answer
from index.site.pages.table import LEVELS

SIZE = 100
FEED = 60
MAX_PAGE = 100
#: What the filter `field` may say -> fields of the table. A licence has three.
FIELDS = {
    "license": ("license", "license_name", "license_link"),
    "gated": ("gated",),
    "level": ("level",),
    "name": ("name",),
    "base_model": ("base_model",),
    "presence": ("missing", "returned", "disabled"),
}


def _read(db: sqlite3.Connection, ask: Ask, limit: int) -> tuple[dict[str, Any], tuple[reads.Change, ...]]:
    wanted: dict[str, Any] = {
        "field": asking.choice(ask, "field", tuple(FIELDS)),
        "org": asking.words(ask, "org"),
        "level": asking.choice(ask, "level", LEVELS),
        "id": asking.words(ask, "id", 200),
        "since": asking.day(ask, "since"),
        "until": asking.day(ask, "until"),
    }
    if wanted["since"] and wanted["until"] and wanted["since"] > wanted["until"]:
        raise BadAsk("error.range")
    page = asking.number(ask, "page", 1, MAX_PAGE, 1)
    model = wanted["id"] and queries.resolve(db, wanted["id"])
    if model is None:
        raise BadAsk("error.model", id=wanted["id"])
    found = reads.changes(
        db, fields=FIELDS.get(wanted["field"], ()), author=grid.maker(db, wanted["org"]), level=wanted["level"],
        model=model,
        since=wanted["since"], until=wanted["until"], limit=limit, offset=(page - 1) * limit,
    )  # fmt: skip
    if not found:  # an empty answer, or an empty feed to subscribe to, would say that nothing changed there
        grid.check_names(db, grid.Filters(author=wanted["org"]))
    if page > 1 and not found:
        raise BadAsk("error.beyond_any", page=page)
    return {**wanted, "page": page}, found


def changes(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The page, night by night."""
    wanted, found = _read(db, ask, SIZE + 1)
    more = len(found) > SIZE and wanted["page"] < MAX_PAGE
    nights: dict[str, list[list[reads.Change]]] = {}
    for (night, _), several in groupby(sorted(found[:SIZE], key=_first_of(found)), key=lambda c: (c.date, c.id)):
        nights.setdefault(night, []).append(list(several))
    body = render.page(
        "changes.html", ask, filters=wanted, nights=nights, fields=tuple(FIELDS), levels=LEVELS, more=more,
        last=reads.last_counters(db, (c.id for c in found[:SIZE] if c.downloads is None)),
    )  # fmt: skip
    return Answer(body)


def _first_of(found: Sequence[reads.Change]) -> Callable[[reads.Change], int]:
    """Where the first event of the same model and night stands: events of one model come together, in order."""
    first: dict[tuple[str, str], int] = {}
    for place, change in enumerate(found):
        first.setdefault((change.date, change.id), place)
    return lambda change: first[change.date, change.id]


def feed_json(db: sqlite3.Connection, ask: Ask) -> Answer:
    """JSON Feed 1.1, every item with its facts under `_openness`."""
    _, found = _read(db, ask, FEED)
    t = render.texts(ask.lang)
    body = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": t("changes.feed_title"),
        "home_page_url": ask.base + ask.link("/changes"),
        "feed_url": ask.base + ask.link(lang=render.feed_language(ask)),
        "language": ask.lang,
        "items": [
            {"id": _tag(c), "url": ask.base + _link(c), "title": _title(t, c), "content_text": _sentence(t, c),
             "date_published": f"{c.date}T00:00:00Z", "_openness": c._asdict()}
            for c in found
        ],
    }  # fmt: skip
    return Answer(render.to_json(body), "application/feed+json; charset=utf-8")


def atom(db: sqlite3.Connection, ask: Ask) -> Answer:
    """Atom 1.0; at most FEED entries."""
    _, found = _read(db, ask, FEED)
    t = render.texts(ask.lang)
    here, page = ask.base + ask.link(lang=render.feed_language(ask)), ask.base + ask.link("/changes")
    updated = found[0].date if found else reads.last_night(db) or "1970-01-01"
    entries = "".join(
        f"<entry><id>{_xml(_tag(c))}</id><title>{_xml(_title(t, c))}</title>"
        f"<updated>{_xml(c.date)}T00:00:00Z</updated><link href={_attribute(ask.base + _link(c))}/>"
        f'<category term={_attribute(c.field)}/><content type="text">{_xml(_sentence(t, c))}</content></entry>\n'
        for c in found
    )
    text = (
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{ask.lang}">'
        f"<id>{_xml(here)}</id><title>{_xml(t('changes.feed_title'))}</title><updated>{updated}T00:00:00Z</updated>"
        f'<author><name>openness</name></author><link rel="self" href={_attribute(here)}/>'
        f"<link href={_attribute(page)}/>\n{entries}</feed>\n"
    )
    return Answer(text.encode(), "application/atom+xml; charset=utf-8")


def _tag(change: reads.Change) -> str:
    """The same for the same change under whatever name and by whomever it is served: readers see no news twice."""
    what = (change.date, change.id, change.field, change.old, change.new)
    return uuid5(NAMESPACE_URL, json.dumps(what)).urn


def _link(change: reads.Change) -> str:
    return f"{asking.model_path(change.id)}#history"


def _title(t: render.Texts, change: reads.Change) -> str:
    """'org/name: licence mit -> other'."""
    field = t(f"field.{change.field}") if t.has(f"field.{change.field}") else change.field
    if change.field in ("missing", "returned"):
        return f"{clean(change.id, 200)}: {field}"
    nothing = t("changes.nothing")
    return f"{clean(change.id, 200)}: {field} {clean(change.old, 80) or nothing} → {clean(change.new, 80) or nothing}"


def _sentence(t: render.Texts, change: reads.Change) -> str:
    level = f"{change.level} {t.level(change.level_name)}" if change.level else t("level.none")
    day = t.day(change.date)
    if render.loose(change.date, change.not_before):
        day = t("changes.between", since=t.day(change.not_before), until=day)
        day = day[:1].upper() + day[1:]
    said = t("changes.sentence", title=_title(t, change), date=day,
             downloads=t.number(change.downloads), level=level)  # fmt: skip
    return f"{said} {t('cause.override')}: {clean(change.note, 500)}" if change.note else said


def _xml(text: str) -> str:
    """Text for XML: escaped, and without what XML cannot hold."""
    return escape(clean(text))


def _attribute(text: str) -> str:
    return f'"{_xml(text)}"'
