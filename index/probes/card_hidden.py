"""Terms that stand in a card with characters that nobody sees between their letters, with letters of another alphabet
that look the same, or written from right to left.

Pure: card -> Evidence with the quote as it stands in the card. The card is read once more as a reader sees it, and only
by the probes that restrict: what they find there and not in the card as it is written was hidden from a search, not
from a person. Its value names the question that it answers ("use_restriction: non-commercial use only"), its dimension
is that question's: a base is no word against the licence. Cards without such characters (nearly all) cost one look.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from crawler import cards
from crawler.cards import Card
from crawler.records import Repo
from index.claims import visible
from index.licenses import find_restricted
from index.model import Dimension, Evidence, Outcome
from index.probes import probe
from index.probes.card_quotes import MAX_QUOTE, PLACE, not_stated
from index.probes.card_terms import stated_terms
from index.probes.cards import license_statement, use_restriction
from index.probes.pretraining import stated_base_terms

_RESTRICTING = (use_restriction, stated_terms, stated_base_terms, license_statement)

#: Cyrillic and Greek letters, and the Latin ones that they look like.
_ALIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеѕіјорсухһԁΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
    "ABESIJKMHOPCTYXaesijopcyxhdABEZHIKMNOPTYXo",
)
_OTHERS = "".join(map(chr, _ALIKE))
_MIXED = re.compile(f"[{_OTHERS}](?:(?=[a-zA-Z])|(?<=[a-zA-Z].))")


@probe(
    "Do characters that nobody sees, or of another alphabet, stand in words that restrict or name a restricted base?",
    Dimension.LICENSE,
    needs="card",
)
def hidden_terms(repo: Repo, card: Card) -> Iterator[Evidence]:
    shown, places = visible(card.text)
    plain = _in_one_alphabet(shown)
    found = None
    if places is not None or plain is not shown:
        found = _hidden(repo, card, cards.parse(plain.encode("utf-8", "replace")), places or range(len(plain)))
    yield from [found] if found else not_stated("hidden_terms", Dimension.LICENSE)


def _in_one_alphabet(text: str) -> str:
    """The text in Latin letters where a word of it mixes those with letters that look the same; else itself."""
    return text.translate(_ALIKE) if not text.isascii() and _MIXED.search(text) else text


def _hidden(repo: Repo, card: Card, as_seen: Card, places: Sequence[int]) -> Evidence | None:
    """The first thing that is found only in what a reader sees, at its place in the card as it is written."""
    for ask in _RESTRICTING:
        if any(map(_restricts, ask(repo, card))):
            continue
        for e in ask(repo, as_seen):
            start, _, end = e.place.partition("#")[2].partition("-")
            if _restricts(e) and end:
                stands = places[int(start) : int(end)]
                a, b = min(stands), min(max(stands) + 1, min(stands) + MAX_QUOTE)
                place = f"{PLACE}#{a}-{b}"
                value = f"{e.probe}: {e.value if e.dimension == Dimension.BASE_WEIGHTS else e.quote}"
                return Evidence(e.dimension, "hidden_terms", Outcome.YES, card.text[a:b], place, value)
    return None


def _restricts(e: Evidence) -> bool:
    """Whether something was seen, and is no sentence that names an open licence."""
    named_open = e.probe == "license_statement" and find_restricted(e.value) is None
    return e.outcome == Outcome.YES and not named_open
