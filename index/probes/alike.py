"""A README that many repos share is asked everything once: what tools and templates write is the same to the letter.

Only what does not depend on the repo is shared: where a probe asked whose card it is (`Whose.asked`), each repo gets
its own answers. Bounded: short documents, the last KEPT of them, in each process. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from crawler.cards import Card
from crawler.records import Repo
from index.model import Evidence, Outcome
from index.probes import run_card_probes
from index.probes.card_quotes import view

MAX_BYTES = 8_000  # of a document that is kept; hardly a longer one returns
KEPT = 1_000  # documents, some 30 MB


def evidence_of(repo: Repo, card: Card) -> Sequence[Evidence]:
    """As `run_card_probes`."""
    if len(card.text) > MAX_BYTES:
        return run_card_probes(repo, card)
    known = _known(card.text, card.encoding)
    if known.evidence is not None:
        return known.evidence
    found = run_card_probes(repo, card)
    if not known.depends:
        known.depends = any(e.outcome == Outcome.ERROR for e in found) or view(repo, card).whose.asked
        known.evidence = None if known.depends else tuple(found)
    return found


class _Known:
    """What is known of a document: that its evidence depends on the repo, or the evidence."""

    __slots__ = ("depends", "evidence")

    def __init__(self) -> None:
        self.depends = False
        self.evidence: tuple[Evidence, ...] | None = None


@lru_cache(maxsize=KEPT)
def _known(text: str, encoding: str) -> _Known:
    return _Known()
