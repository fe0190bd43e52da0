"""Probes for what a card says beside the names of its data: that there is more of it, that the model was tuned.

Pure: card -> Evidence with the quote and its place. Judges nothing. The data itself is in card_data, a known family
behind the model in pretraining.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.cards import Card
from crawler.records import Repo
from index.model import Dimension as D
from index.model import Evidence
from index.probes import probe
from index.probes.card_data import about_training
from index.probes.card_quotes import View, near_words, not_stated, seen, seen_around, sentence, view
from index.probes.card_words import near

_MORE_DATA = re.compile(
    r"\b(?:as well as|along with|in addition to|plus|and) (?:(?:some|many|several|various|a few) )?(?:other|additional|"
    r"further|own|our own|in-?house)\b[^.|#\n]{0,60}?\b(?:data(?:sets?)?|corpora|sources)\b",
    re.I,
)
_NEAR_MORE_DATA = near(
    _MORE_DATA, ("other", "additional", "further", " own", "house"), 20, ("data", "corpora", "sources")
)


@probe("Does the card say that the model was trained on other data too, without a name?", D.END_DATA, needs="card")
def more_data(repo: Repo, card: Card) -> Iterator[Evidence]:
    v, name = view(repo, card), "more_data"
    for m in near_words(v, _NEAR_MORE_DATA):
        if not v.in_code(m.start()) and about_training(v, m.start(), m.end()):
            yield seen_around(D.END_DATA, name, card, m.start(), m.end(), " ".join(m[0].lower().split()))
            return
    yield from not_stated(name, D.END_DATA)


#: Said of the model itself, in the past: what can be tuned, or is a guide to tuning, is not meant.
_SAID_TUNED = re.compile(
    r"\b(?:(?:instruction[- ]|supervised[- ])?fine[- ]?tuned|finetuned|instruction[- ]tuned|"
    r"further (?:pre-?)?trained)\b"
    r"(?!\s(?:versions|variants)\b)(?! (?:version of (?:gpt|claude)|encoder|vae|decoder|tokeni[sz]er))",
    re.I,
)
_NEAR_SAID_TUNED = near(_SAID_TUNED, ("tuned", "further trained", "further pre"), 10)
_NOT_TUNED = re.compile(
    r"\b(?:can|could|may|must|should|be|being|or|not|without|when|if|to|other|versions?|variants?|models)\b"
    r"[^.|#]{0,30}\Z|n['’]t\b",
    re.I,
)


def tuned_words(v: View) -> tuple[int, int, str] | None:
    """(start, end, words) of the sentence near the top that says that the model was tuned; several probes ask."""
    if "tuned" not in v.memo:
        v.memo["tuned"] = _tuned(v)
    found: tuple[int, int, str] | None = v.memo["tuned"]
    return found


def _tuned(v: View) -> tuple[int, int, str] | None:
    for m in near_words(v, _NEAR_SAID_TUNED):
        a, b = sentence(v.card.text, m.start(), m.end())
        line = v.text[v.text.rfind("\n", 0, m.start()) + 1 : m.start()].lstrip()
        top = m.start() < v.card.body_start + 1_500 and not line.startswith(("* ", "- "))  # a list is of several models
        if top and not v.in_code(m.start()) and not _NOT_TUNED.search(v.card.text, a, m.start()):
            return a, b, " ".join(m[0].lower().split())
    return None


@probe(
    "Do the first words of the card say that the model was tuned, or trained further after pre-training?",
    D.END_DATA,
    needs="card",
)
def said_tuned(repo: Repo, card: Card) -> Iterator[Evidence]:
    found = tuned_words(view(repo, card))
    if found:
        yield seen(D.END_DATA, "said_tuned", card, *found)
    else:
        yield from not_stated("said_tuned", D.END_DATA)
