"""The model card, on request: sanitised, with the words marked that our evidence quotes."""

from __future__ import annotations

import sqlite3

from markupsafe import Markup

from index.rows import Page
from index.site import archive, cardview, render
from index.site.ask import Ask
from index.site.evidence import STAND_IN
from index.site.host import Answer
from index.site.pages.model import find_page


def card(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The page; status 404 with the reason in a sentence where there is no card to show."""
    page = find_page(db, ask, "/card/")
    if isinstance(page, Answer):
        return page
    t = render.texts(ask.lang)
    stored = archive.card_of(archive.beside(db), page.model.oid)
    if stored.state != "ok":
        key = f"card.{stored.state}"
        body = render.page("card.html", ask, model=page.model, why=key if t.has(key) else "card.error", stored=stored)
        return Answer(body, status=404)
    quotes = quotes_of(page)
    revision = "main" if not stored.sha or stored.sha.startswith(STAND_IN) else stored.sha
    home = f"{page.model.url}/blob/{revision}/" if page.model.url else ""
    view = cardview.view(stored.body, quotes, "[" + t("card.picture") + "]", home)
    body = render.page(
        "card.html", ask, model=page.model, why="", stored=stored, view=view, html=Markup(view.html),
        url=f"{page.model.url}/blob/{revision}/{archive.CARD}" if home and revision != "main" else "",
        quoted=len({q.words for q in quotes}),
    )  # fmt: skip
    return Answer(body, max_age=0)  # its maker may hide it at any time


def quotes_of(page: Page) -> tuple[cardview.Quote, ...]:
    """What the evidence of a model quotes of its card, each piece of words once."""
    proofs = [*(p for c in page.cells for p in c.evidence), *page.claims]
    return cardview.starts({p.quote: p.place for p in proofs if p.quote and is_of_card(p.place)})


def is_of_card(place: str) -> bool:
    """Whether a piece of evidence stands in the card's text."""
    return place.partition("#")[0] == archive.CARD
