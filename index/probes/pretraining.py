"""Probes for the known family behind a model: what its makers have said of their data, and under what terms it is.

Pure. What each maker has said is data in families.toml, with what was read. A model has its family by its own id, by
its declared bases, by a licence that is only given with that base, or because its card says what it was made from.
A name that only sounds like a family says nothing here. Judges nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.cards import Card
from crawler.records import Repo
from index.families import family_of, find_family, is_official, pretraining_of, terms_of, told_family
from index.model import Dimension as D
from index.model import Evidence, Outcome
from index.probes import probe
from index.probes.card_quotes import View, near_words, not_stated, seen, sentence, view
from index.probes.card_words import near

#: Licences that come with one family's weights only.
_LICENSES = {
    "llama2": "Llama 2", "llama3": "Llama 3", "llama3.1": "Llama 3.1", "llama3.2": "Llama 3.2",
    "llama3.3": "Llama 3.3", "llama4": "Llama 4",
}  # fmt: skip


def _value(family: str | None) -> str:
    """'withheld: Llama 2 (arXiv:2307.09288, 2.1)'; '' where nothing is known."""
    known = pretraining_of(family) if family else None
    return f"{known.told}: {family} ({known.source})" if family and known else ""


#: Of a family that the card names, and of whose data we know nothing: that it is made from it says something too.
_NOT_KNOWN = "not known"


@probe(D.BASE_DATA, needs="listing")
def family_pretraining(repo: Repo) -> Iterator[Evidence]:
    """What have the makers of the family that it is of, or is made from, said of the pre-training data?"""
    own = _value(told_family(repo.repo_id))
    if own:
        yield Evidence(D.BASE_DATA, "family_pretraining", Outcome.YES, repo.repo_id, "id", own)
        return
    for base in repo.bases[:12]:
        told = _value(told_family(base.repo_id))
        if told:
            place = "cardData.base_model" if base.stated_by == "card" else "tags"
            yield Evidence(D.BASE_DATA, "family_pretraining", Outcome.YES, base.repo_id, place, told)
    if not repo.bases and repo.license in _LICENSES:
        place = "tags" if any(t.startswith("license:") for t in repo.tags or ()) else "cardData.license"
        value = _value(_LICENSES[repo.license])
        yield Evidence(D.BASE_DATA, "family_pretraining", Outcome.YES, repo.license, place, value)


@probe(D.END_DATA, needs="listing")
def family_tuning(repo: Repo) -> Iterator[Evidence]:
    """Is it its makers' own model, of a family of whose tuning data they have named none?"""
    family = told_family(repo.repo_id) if is_official(repo.repo_id) else None
    known = pretraining_of(family) if family else None
    if family and known and known.tuning_withheld:
        yield Evidence(D.END_DATA, "family_tuning", Outcome.YES, repo.repo_id, "id", f"{family} ({known.source})")


_MADE = (
    r"(?:(?:instruction[- ])?fine[- ]?tun(?:ed|ing|e)(?: versions?)?|instruction[- ]tuned|"
    r"further (?:pre-?)?train(?:ed|ing)|continu\w+ (?:pre-?)?train(?:ed|ing)|initiali[sz]ed|built|based|derived|"
    r"post-?trained)"
)
_STATED_BASE = re.compile(
    rf"\b{_MADE}(?: (?:versions?|variant|model|directly|specifically|entirely)\b)?"
    r"(?:[ *_]+(?:(?:on )?top of|off of|based on|from|of|on|upon|with|using|by|our|the|an?|original|latest|"
    r"pre-?trained|base|foundation(?:al)?|open-?source|models?|llm|weights|checkpoint|\[?\w+['’]s\]?(?:\([^)\n]{0,80}\))?)(?![\w-]))*"
    r"(?:[*_ ]*(?:model)?[*_ ]*(?:\[optional\])?[*_ ]*:[*_ ]*)?[ *_`]*\[?[*_`]*"
    r"(?P<name>[a-z][\w.+/-]*(?: ?v?\d[\w.]*)?(?: \d[\w.]*)?)",
    re.I,
)
_NEAR_BASE = near(
    _STATED_BASE, ("tun", "further ", "continu", "initiali", "built", "based", "derived", "post-tr", "posttr"), 40
)
_LINKED = re.compile(r"[\w .+*`/-]{0,60}\]\((?:https?:)?/{0,2}(?:huggingface\.co|hf\.co)/([\w-]+/[\w.-]+)", re.I)
_SIZE = re.compile(r"[-_ ]?\d+(?:\.\d+)?[bm](?![a-z]).*$|-(?:hf|base|chat|instruct|v\d).*$", re.I)
#: What follows the name where the sentence is not about weights: "based on the Llama 2 architecture".
_ONLY_LIKE = re.compile(
    r"[\s*_`\])]*(?:\(http[^)]*\))?[\s*_`-]*(?:\w+ )?(?:style|like|architectur|tokeni|licen|recipe|paper|code|"
    r"template|format|prompt|method|approach|framework|data|output|generat|implement|repo|structure|design|vocab|librar|"
    r"series of)",
    re.I,
)
_NOT_OURS = re.compile(
    r"\b(?:compar\w+|outperform\w*|unlike|than|such as|others?|e\.g|similar|like|most|many|versus|vs|can be|could be|"
    r"may be|to be|will be|not|instead|existing|surpass\w*|exceed\w*|teacher|quantiz\w+)\b|n['’]t\b",
    re.I,
)
_TOP = 3_000  # characters of the body that introduce the model


@probe(D.BASE_DATA, needs="card")
def stated_base(repo: Repo, card: Card) -> Iterator[Evidence]:
    """Which known family does the card say that the model was made from, and what is known of that one's data?"""
    found = _stated(view(repo, card))
    for begin, stop, family in [s for s in found if pretraining_of(s[2])] or found[:1]:
        told = _value(family) or f"{_NOT_KNOWN}: {family}"
        yield seen(D.BASE_DATA, "stated_base", card, begin, stop, told)
        return
    yield from not_stated("stated_base", D.BASE_DATA)


@probe(D.BASE_WEIGHTS, needs="card")
def stated_base_terms(repo: Repo, card: Card) -> Iterator[Evidence]:
    """Does the card say that the model was made from a family under a restricted licence that is not declared?"""
    v = view(repo, card)
    for begin, stop, family in _stated(v):
        terms = terms_of(family)
        if terms and family not in _declared(v.whose.repo()):
            yield seen(D.BASE_WEIGHTS, "stated_base_terms", card, begin, stop, f"{family}: {terms}")
            return
    yield from not_stated("stated_base_terms", D.BASE_WEIGHTS)


def _declared(repo: Repo) -> frozenset[str | None]:
    """The families of its own name and of its declared bases."""
    return frozenset(map(family_of, (repo.repo_id, *(base.repo_id for base in repo.bases))))


def _stated(v: View) -> list[tuple[int, int, str]]:
    """(start, end, family) of every sentence that says what the model was made from; two probes ask."""
    if "stated" not in v.memo:
        v.memo["stated"] = list(_statements(v))
    found: list[tuple[int, int, str]] = v.memo["stated"]
    return found


def _statements(v: View) -> Iterator[tuple[int, int, str]]:
    card = v.card
    for m in near_words(v, _NEAR_BASE):
        start, end = m.span("name")
        about = v.kinds_at(start) & {"training_procedure", "training_data", "architecture"}
        if v.in_code(start) or not (about or start < card.body_start + _TOP):
            continue
        begin, stop = sentence(card.text, m.start(), min(m.end(), m.start() + 200))
        if _NOT_OURS.search(card.text, begin, start) or _ONLY_LIKE.match(card.text, end):
            continue
        link = _LINKED.match(card.text, start)
        family = family_of(link[1]) if link else _named(m["name"])
        if family:
            yield begin, stop, family


def _named(name: str) -> str | None:
    """The family that a name in a sentence means: an id on the Hub, or the family's name with or without a size."""
    name = name.rstrip(".-/")
    if "/" in name:
        return family_of(name)
    for words in (name, _SIZE.sub("", name), name.partition(" ")[0]):
        family = find_family(words) if len(words) > 2 else None
        if family is not None:
            return family.name
    return None
