"""Badges and our static files."""

from __future__ import annotations

import sqlite3

from index import queries
from index.site import render, svg
from index.site.ask import Ask, NotHere
from index.site.host import YEAR, Answer

_KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def badge(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The level of one model as a picture. A model that we do not know gets a badge that says so, with status 404."""
    t = render.texts(ask.lang)
    found = queries.resolve(db, ask.vars["id"])
    model = queries.get_model(db, found) if found else None
    level, top = (model.level, model.level_max) if model else (None, None)
    words = t.level(model.level_name) if model else t("badge.unknown")
    label = f"{level} {words}" if level else words
    said = label
    if level and top and top > level:  # the words of a level would state as found what is only not shown
        label = t("badge.range", low=level, high=top)
        said = t("badge.title", low=level, high=top, words=words)
    text = svg.badge(level, top, label, f"openness: {ask.vars['id'][:200]}: {said}")
    return Answer(text.encode(), "image/svg+xml; charset=utf-8", 200 if model else 404, True, max_age=3600)


def static(db: sqlite3.Connection, ask: Ask) -> Answer:
    """One of our files, by name; the address carries a hash of the content, so it may be kept for a year."""
    path = render.STATIC / ask.vars["name"]
    if path.parent != render.STATIC or path.suffix not in _KINDS or not path.is_file():
        raise NotHere("error.page")
    fresh = f"{ask.path}?v={ask.get('v')}" == render.asset(path.name)
    return Answer(path.read_bytes(), _KINDS[path.suffix], max_age=YEAR if fresh else 300)
