"""Probes for the known family behind a model: what its makers have said of their data, and under what terms it is.

Pure. What each maker has said is data in families.toml, with what was read. A model has its family by its own id, by
its declared bases, by a licence that is only given with that base, or because its card says what it was made from.
A name that only sounds like a family says nothing here. Judges nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from crawler.cards import Card
from crawler.records import Repo
from index.families import is_official, pretraining_of, root_family, told_family
from index.model import Dimension as D
from index.model import Evidence, Outcome
from index.probes import origins, probe
from index.probes.card_quotes import View, not_stated, seen, view
from index.probes.card_whose import squash, tokens
from index.probes.made_of import declares, made_of, named, restricted, stated
from index.probes.named_bases import named_as_made

#: Licences that come with one family's weights only.
_LICENSES = {
    "llama2": "Llama 2", "llama3": "Llama 3", "llama3.1": "Llama 3.1", "llama3.2": "Llama 3.2",
    "llama3.3": "Llama 3.3", "llama4": "Llama 4",
}  # fmt: skip


_ON_THE_HUB = re.compile(r"(?!(?:datasets|spaces|papers|docs|blog|collections)/)[\w-][\w.-]{0,95}/[\w-][\w.-]{0,95}")
MAX_STATED = 12  # ids that a card states, of which the terms are looked up


def _value(family: str | None) -> str:
    """'withheld: Llama 2 (arXiv:2307.09288, 2.1)'; '' where nothing is known."""
    known = pretraining_of(family) if family else None
    return f"{known.told}: {family} ({known.source})" if family and known else ""


#: Of a family that the card names, and of whose data we know nothing: that it is made from it says something too.
_NOT_KNOWN = "not known"


@probe(
    "What have the makers of the family that it is of, or is made from, said of the pre-training data?",
    D.BASE_DATA,
    needs="listing",
)
def family_pretraining(repo: Repo) -> Iterator[Evidence]:
    own = _value(told_family(repo.repo_id))
    if own:
        yield Evidence(D.BASE_DATA, "family_pretraining", Outcome.YES, repo.repo_id, "id", own)
        return
    for base in repo.bases[:12]:
        told = _value(told_family(base.repo_id))
        if told:
            place = origins.declared_in(repo, base)
            yield Evidence(D.BASE_DATA, "family_pretraining", Outcome.YES, base.repo_id, place, told)
    if not repo.bases and repo.license in _LICENSES:
        place = "tags" if any(t.startswith("license:") for t in repo.tags or ()) else "cardData.license"
        value = _value(_LICENSES[repo.license])
        yield Evidence(D.BASE_DATA, "family_pretraining", Outcome.YES, repo.license, place, value)


@probe(
    "Is it its makers' own model of a family that they pre-trained from nothing, and no word of its name says tuned?",
    D.BASE_WEIGHTS,
    needs="listing",
)
def family_root(repo: Repo) -> Iterator[Evidence]:
    family = root_family(repo.repo_id)
    if family and not (
        origins.TUNED_NAME.search(repo.repo_id) or origins.CONVERSION.search(repo.repo_id) or repo.bases
    ):
        yield Evidence(D.BASE_WEIGHTS, "family_root", Outcome.YES, repo.repo_id, "id", family)


@probe(
    "Is it its makers' own model, of a family of whose tuning data they have named none?", D.END_DATA, needs="listing"
)
def family_tuning(repo: Repo) -> Iterator[Evidence]:
    family = told_family(repo.repo_id) if is_official(repo.repo_id) else None
    known = pretraining_of(family) if family else None
    if family and known and known.tuning_withheld:
        yield Evidence(D.END_DATA, "family_tuning", Outcome.YES, repo.repo_id, "id", f"{family} ({known.source})")


@probe(
    "Which known family does the card say that the model was made from, and what is known of that one's data?",
    D.BASE_DATA,
    needs="card",
)
def stated_base(repo: Repo, card: Card) -> Iterator[Evidence]:
    found = stated(view(repo, card))
    for begin, stop, family in [s for s in found if pretraining_of(s[2])] or found[:1]:
        told = _value(family) or f"{_NOT_KNOWN}: {family}"
        yield seen(D.BASE_DATA, "stated_base", card, begin, stop, told)
        return
    yield from not_stated("stated_base", D.BASE_DATA)


@probe(
    "Does the card say that the model was made from a family under a restricted licence that is not declared?",
    D.BASE_WEIGHTS,
    needs="card",
)
def stated_base_terms(repo: Repo, card: Card) -> Iterator[Evidence]:
    v = view(repo, card)
    for said in chain(made_of(v), named_as_made(v)):
        found = None if _is_itself(said.name, v) else restricted(said.name)
        if found and not declares(v.whose.repo(), found):
            value = f"{found.family}: {found.terms}"
            yield seen(D.BASE_WEIGHTS, "stated_base_terms", card, said.begin, said.stop, value)
            return
    yield from not_stated("stated_base_terms", D.BASE_WEIGHTS)


@probe(
    "Which models on the Hub does the card say that the model was made from, and are not declared as its bases?",
    D.BASE_WEIGHTS,
    needs="card",
)
def stated_base_ids(repo: Repo, card: Card) -> Iterator[Evidence]:
    v = view(repo, card)
    named_ids = [(said, name) for said in made_of(v) if _ON_THE_HUB.fullmatch(name := said.name.strip(".-/"))]
    found: dict[str, Evidence] = {}
    if named_ids:  # most cards name none, and are then read once for all models that have them
        own = v.whose.repo()
        known = {name.casefold() for name in (own.repo_id, *(base.repo_id for base in own.bases))}
        for said, name in named_ids:
            if name.casefold() not in known and len(found) < MAX_STATED:
                place = said.begin, said.stop
                found.setdefault(name.casefold(), seen(D.BASE_WEIGHTS, "stated_base_ids", card, *place, name))
    yield from found.values() or not_stated("stated_base_ids", D.BASE_WEIGHTS)


def _is_itself(name: str, v: View) -> bool:
    """Whether a name is how the card calls its own model: 'Heron-Llama3' in the card of 'meadow/Heron-Llama3-8B'.

    In the card of a conversion that is the name of what was converted.
    """
    if "/" in name or v.own.isdisjoint(tokens(name)) or named(name):
        return False
    own = v.whose.repo().repo_id
    return squash(name) in squash(own) and not origins.CONVERSION.search(own)
