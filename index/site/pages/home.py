"""The front page, the search that leads to one model, and suggestions while typing."""

from __future__ import annotations

import sqlite3
from itertools import islice
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from index import families, queries
from index.site import ask as asking
from index.site import claimed, grid, reads, render
from index.site.ask import Ask
from index.site.family_rows import squeeze
from index.site.host import Answer
from index.site.memory import remember
from index.site.pages import shares

SUGGESTIONS = 8
POPULAR = 20_000  # most downloaded models among which names are looked for as they are typed
FAMOUS = ("Llama 2", "Llama 3", "OLMo 2", "OLMo 1", "Mistral 7B", "DeepSeek R1", "Gemma 3", "gpt-oss", "Qwen 3")
_NIGHT = 6  # changes of last night on the front page


def home(db: sqlite3.Connection, ask: Ask) -> Answer:
    """What this is, how complete, what people download, what changed last night, whose claim does not hold."""
    values = _home(db)
    night = shares.read(db, shares.NIGHTS)
    t = render.texts(ask.lang)
    famous = [(f, m) for f in FAMOUS if (m := queries.best_of_family(db, f)) is not None][:6]
    licenses = {m.id: queries.get_license(db, m.license_effective) for _, m in famous}
    answers = {m.id: reads.open_source(db, m.id) for _, m in famous}
    return Answer(
        render.page(
            "home.html",
            ask,
            **{**values, "claims": claimed.told(db, values["claims"])},
            chart=Markup(shares.chart(night, t)),
            share_keys=shares.keys(night, t),
            share_counted=shares.counted(db, night),
            night=night,
            famous=[(f, m, queries_words(m, licenses[m.id]), answers[m.id]) for f, m in famous],
        )
    )


def queries_words(model: Any, license: Any) -> str:
    """The level in words, in English."""
    from index.explain import in_words

    return in_words(model, license)


def home_json(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The front page's figures."""
    return Answer(render.to_json(_home(db)), "application/json; charset=utf-8")


def _home(db: sqlite3.Connection) -> dict[str, Any]:
    last = reads.last_night(db)
    fields = ("license", "license_name", "gated")
    changed = reads.changes(db, fields=fields, since=last, limit=_NIGHT) if last else ()
    if not changed:  # a quiet night: the last changes there were
        changed = reads.changes(db, fields=fields, limit=_NIGHT)
    return {
        "about": reads.about(db),
        "levels": reads.levels(db),
        "may_be_higher": reads.maybe_higher(db),
        "crawl": next(iter(reads.crawls(db, 1)), None),
        "last_night": last,
        "changes_last_night": reads.change_count(db, last) if last else 0,
        "changes": changed,
        "claims": reads.claims(db, "no", 6),
    }


def find(db: sqlite3.Connection, ask: Ask) -> Answer:
    """What was typed: an id leads to its page, a family to its models, anything else to the table.

    What finds nothing is looked for without the words of a question.
    """
    typed = asking.words(ask, "q")
    for words in dict.fromkeys((typed, asking.topic(typed))):
        where = _place(db, words)
        if where:
            return Answer(b"", status=302, location=where)
    return Answer(b"", status=302, location=f"/table?q={quote(typed, safe='')}" if typed else "/table")


def _place(db: sqlite3.Connection, typed: str) -> str:
    """The page of these words; '' where there is none."""
    found = queries.resolve(db, typed) if typed else None
    if found:
        return asking.model_path(found)
    family = families.find_family(typed) if typed else None
    if family is not None and family.name in _family_names(db):
        return f"/table?family={quote(family.name, safe='')}"
    some = typed and grid.read_page(db, grid.Filters(q=typed), 1, 1).rows
    return f"/table?q={quote(typed, safe='')}" if some else ""


def suggest(db: sqlite3.Connection, ask: Ask) -> Answer:
    """Families and models whose names hold what was typed, the most downloaded first; from two letters on."""
    typed = asking.words(ask, "q").casefold()
    found = _suggestions(db, typed) if len(typed) >= 2 else []
    about = asking.topic(typed)
    if not found and about != typed and len(about) >= 2:
        found = _suggestions(db, about)
    return Answer(render.to_json({"q": typed, "suggestions": found}), "application/json; charset=utf-8", max_age=3600)


def _suggestions(db: sqlite3.Connection, typed: str) -> list[dict[str, str]]:
    squeezed = squeeze(typed)
    names = [f for f in _family_names(db) if squeezed and squeeze(f).startswith(squeezed)]
    names.sort(key=lambda f: queries.FAMOUS.index(f) if f in queries.FAMOUS else len(queries.FAMOUS))
    found = [{"name": f, "kind": "family", "url": f"/table?family={quote(f)}"} for f in names[: SUGGESTIONS - 2]]
    ids = list(islice((i for i, lowered in _popular(db) if typed in lowered), SUGGESTIONS))
    return [*found, *({"name": i, "kind": "model", "url": asking.model_path(i)} for i in ids)][:SUGGESTIONS]


def _family_names(db: sqlite3.Connection) -> list[str]:
    return [f for (f,) in queries._rows(db, "SELECT family FROM families ORDER BY downloads DESC")]


def _popular(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """(id, id in lower case) of the most downloaded models: 3 MB at most."""
    sql = "SELECT id FROM models WHERE missing_since IS NULL ORDER BY downloads DESC LIMIT ?"
    return remember(db, "popular", lambda: [(i, i.casefold()) for (i,) in queries._rows(db, sql, POPULAR)])
