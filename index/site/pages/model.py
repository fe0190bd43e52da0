"""One model: its page, the evidence of one characteristic, JSON, and a CycloneDX bill of materials."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from index import bom, checklists, explain, queries, readings
from index import trends as series_of
from index.rows import Ancestor, Cell, Page
from index.site import archive, osaid, reads, render
from index.site import evidence as evidence_of
from index.site.ask import Ask, NotHere, model_path
from index.site.host import Answer
from index.site.pages import asof
from index.site.pages.trends import Comparison, draw, window_of

_SEARCHED = 5  # suggestions for a name that is not there


def find_page(db: sqlite3.Connection, ask: Ask, under: str = "/model/") -> Page | Answer:
    """Everything about the model that the address names; a redirect for another spelling or a name of before."""
    asked = ask.vars["id"]
    plain = asked.rstrip("/")  # as every page of ours ends without a slash
    found = queries.resolve(db, plain) if len(asked) <= 200 else None
    if found is None:
        near = queries.suggest(db, asked[:80], _SEARCHED)
        raise NotHere("error.model", near, id=asked[:200])
    if found != asked:
        kept = next((end for end in (".cdx.json", ".json") if ask.path.endswith(end)), "")
        tail = (f"/evidence/{ask.vars['dimension']}" if "dimension" in ask.vars else "") + kept
        # With what was asked of it (a day); not for ever (301): a name passes to other repositories.
        query = "?" + urlencode(ask.params) if ask.params else ""
        return Answer(b"", status=302, location=under + model_path(found).removeprefix("/model/") + tail + query)
    page = queries.get_page(db, found)
    if page is None:
        raise NotHere("error.model", id=asked)
    return page


def model(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The page; with `asof`, the page of that day."""
    page = find_page(db, ask)
    if isinstance(page, Answer):
        return page
    day = asof.asked(db, ask)
    if day:
        return asof.on_day(db, ask, page, day)
    return Answer(render.page("model.html", ask, **_values(db, page, render.texts(ask.lang))))


def evidence(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The evidence of one characteristic, by itself."""
    page = find_page(db, ask)
    if isinstance(page, Answer):
        return page
    cell = _cell(page, ask)
    questions = {d.key: d for d in reads.dimensions(db)}
    body = render.page(
        "evidence.html", ask, model=page.model, cell=cell, dimension=questions[cell.dimension],
        told=evidence_of.tell(page.model, cell.evidence, render.texts(ask.lang)),
        cards=archive.beside(db).there, later=reads.unjudged(db),
    )  # fmt: skip
    return Answer(body)


def evidence_json(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The same as JSON."""
    page = find_page(db, ask)
    if isinstance(page, Answer):
        return page
    cell = _cell(page, ask)
    said = {"id": page.model.id, **cell._asdict(), "evidence": [p._asdict() for p in cell.evidence]}
    return Answer(render.to_json(said), "application/json; charset=utf-8")


def _cell(page: Page, ask: Ask) -> Cell:
    for cell in page.cells:
        if cell.dimension == ask.vars["dimension"]:
            return cell
    raise NotHere("error.dimension", dimension=ask.vars["dimension"][:40])


def _values(db: sqlite3.Connection, page: Page, t: render.Texts) -> dict[str, Any]:
    effective = page.license_effective
    experts: dict[str, list[dict[str, object]]] = {}
    for row in reads.experts_of(db, page.model.id):
        experts.setdefault(str(row["dimension"]), []).append(row)
    questions = {d.key: d for d in reads.dimensions(db)}
    return {
        "page": page,
        "day": "",
        "about": reads.about(db),
        "later": reads.unjudged(db),
        "last": reads.last_counters(db, [page.model.id]).get(page.model.id),
        "model": page.model,
        "cards": archive.beside(db).there,
        "has_card": archive.card_of(archive.beside(db), page.model.oid).state == "ok",
        "words": explain.in_words(page.model, effective),
        "interval": explain.interval(page.model),
        "hindrances": explain.hindrances(page),
        "cells": [(c, questions[c.dimension], evidence_of.tell(page.model, c.evidence, t),
                   experts.get(c.dimension, [])) for c in page.cells],
        "experts": experts,
        "facts": explain.licence_facts(effective) if effective else (),
        "inherited": explain.inherited_from(page),
        "tree": list(_tree(page.ancestors)),
        "conflicts": [a for a in _walk(page.ancestors) if a.conflict],
        "chart": _chart(db, page, t, "downloads"),
        "all_time": _chart(db, page, t, "all_time"),
        "sources": sorted({p.source for p in page.series.points if p.source}),
        "growth": {d: series_of.growth(page.series.points, d) for d in (7, 30, 365)},
        "anomalies": series_of.anomalies(page.series.points)[-6:],
        "act": act_of(page),
        "osaid": osaid_of(db, page, t),
        "answered": sum(c.value in ("open", "partial", "closed") for c in page.cells),
        "questions": {q.item: q.question for q in checklists.QUESTIONS if q.framework == checklists.AI_ACT},
        "timeline": _timeline(page, queries._rows(db, "SELECT name, since FROM names WHERE id = ?", page.model.id)),
    }  # fmt: skip


def _timeline(page: Page, names: Iterable[tuple[str, str | None]]) -> list[tuple[str, Any]]:
    """(change, verdict or name, it) of everything that happened to a model, the newest first."""
    happened: list[tuple[str, str, Any]] = [(c.date, "change", c) for c in page.changes]
    happened += [(v.date, "verdict", v) for v in page.verdicts]
    happened += [(since or "", "name", (name, since)) for name, since in names]
    return [(kind, one) for _, kind, one in sorted(happened, key=lambda h: h[0], reverse=True)]


def _chart(db: sqlite3.Connection, page: Page, t: render.Texts, counter: str) -> Markup:
    """One counter from the first day known to the last night; the two have scales of their own. '' without a number."""
    shown = Comparison((page.series,), "date", 3650, True, counter, window_of(db, [page.series], 100_000))
    known = any(p.downloads is not None for one in shown.shown for p in one.points)
    return Markup(draw(shown, t) if known else "")


def act_of(page: Page) -> checklists.Checklist | None:
    """The AI Act's open-source exemption, answered item by item; None where nothing is judged."""
    read = readings.of_page(page)
    return None if read is None else read.ai_act


def osaid_of(db: sqlite3.Connection, page: Page, t: render.Texts) -> str:
    """Whether it is open source by the OSI's definition, in one sentence."""
    read = readings.of_page(page)
    confirmed = queries._rows(db, "SELECT confirmed_by FROM models WHERE id = ?", page.model.id)
    return osaid.sentence(read and read.osaid, page.model, confirmed[0][0] if confirmed else None, t)


def _tree(ancestors: tuple[Ancestor, ...], depth: int = 0) -> Iterator[tuple[int, Ancestor]]:
    for one in ancestors:
        yield depth, one
        yield from _tree(one.ancestors, depth + 1)


def _walk(ancestors: tuple[Ancestor, ...]) -> Iterator[Ancestor]:
    return (one for _, one in _tree(ancestors))


def model_json(db: sqlite3.Connection, ask: Ask) -> Answer:
    """Everything on the page as JSON; with `asof`, what was in force that day."""
    page = find_page(db, ask)
    if isinstance(page, Answer):
        return page
    day = asof.asked(db, ask)
    if day:
        return asof.on_day_json(db, page, day)
    act = act_of(page)
    body = {
        "model": page.model._asdict(),
        "in_words": explain.in_words(page.model, page.license_effective),
        "interval": explain.interval(page.model),
        "open_source": osaid_of(db, page, render.texts("en")),
        "why_not_higher": [h._asdict() for h in explain.hindrances(page)],
        "cells": [{**c._asdict(), "evidence": [p._asdict() for p in c.evidence]} for c in page.cells],
        "claims": [p._asdict() for p in page.claims],
        "license": page.license and page.license._asdict(),
        "license_effective": page.license_effective and page.license_effective._asdict(),
        "ancestors": [_ancestor(a) for a in page.ancestors],
        "changes": [c._asdict() for c in page.changes],
        "verdicts": [v._asdict() for v in page.verdicts],
        "experts": reads.experts_of(db, page.model.id),
        "ai_act": act and {"result": act.result, "checks": readings.to_dict_of(act)},
        "trend": series_of.to_dict([page.series])["series"][0],
    }
    return Answer(render.to_json(body), "application/json; charset=utf-8")


def _ancestor(one: Ancestor) -> dict[str, Any]:
    return {**one._asdict(), "ancestors": [_ancestor(a) for a in one.ancestors]}


def cyclonedx(db: sqlite3.Connection, ask: Ask) -> Answer:
    """CycloneDX 1.6 with the model as a machine-learning component."""
    page = find_page(db, ask)
    if isinstance(page, Answer):
        return page
    about = reads.about(db)
    bases = [bom.Base(a.id, a.relation, a.conflict) for a in page.ancestors]
    item = bom.Item(page.model, bases, {c.dimension: c.value for c in page.cells})
    bill = bom.bill([item], about.get("published", ""), about.get("openness", ""), reads.spdx(db))
    name = page.model.id.replace("/", "--")
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)[:100]
    return Answer(render.to_json(bill), "application/vnd.cyclonedx+json; version=1.6", filename=f"{safe}.cdx.json")
