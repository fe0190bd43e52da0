"""References to papers in a card: arXiv numbers, venue links, BibTeX; each with its quote and whose it seems to be.

Pure. A reference is "own" when the text introduces it as the model's paper (a title with the model's name, "our
paper", "the paper" near the top, the one entry under "please cite"), and is not while the sentence speaks of a method,
a base or a benchmark. Of a model that was made from another, only a paper that bears its name or is "ours" is its own:
such cards cite the paper of what they were made from in the same words.
Does not judge; whether a venue reviewed the paper is not known from its name alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from index.families import is_official
from index.probes.card_quotes import View, near_words, sentence
from index.probes.card_training import tuned_words
from index.probes.card_words import fold, near
from index.probes.made_of import stated


class Reference(NamedTuple):
    """One reference to a paper."""

    value: str  # arXiv number, or address / venue words of a reviewed paper
    start: int  # of the quote
    end: int
    own: bool
    venue: bool  # peer-reviewed venue, as far as the words tell


_ARXIV = re.compile(
    r"(?:arxiv\.org/(?:abs|pdf|html)/|huggingface\.co/papers/|hf\.co/papers/|alphaxiv\.org/abs/|"
    r"ar5iv\.org/(?:abs|html)/|doi\.org/10\.48550/arxiv\.|arxiv(?: preprint)?(?: arxiv)?[:\s]\s?(?:abs/)?)"
    r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})",
    re.I,
)
_ARXIV_NEAR = near(_ARXIV, ("arxiv", "/papers/", "alphaxiv.org", "ar5iv.org"), limit=200)
_VENUE_URL = re.compile(  # of a text in lower case, as the two below
    r"https?://(?:www\.)?(?:aclanthology\.org|aclweb\.org/anthology|proceedings\.neurips\.cc|"
    r"papers\.n(?:eur)?ips\.cc|proceedings\.mlr\.press|openaccess\.thecvf\.com|"
    r"openreview\.net/(?:forum|pdf)|jmlr\.org|dl\.acm\.org/doi|ieeexplore\.ieee\.org|"
    r"link\.springer\.com/(?:article|chapter)|nature\.com/articles|sciencedirect\.com/science|"
    r"isca-(?:speech|archive)\.org|"
    r"academic\.oup\.com|pnas\.org/doi|science\.org/doi|ojs\.aaai\.org|ijcai\.org/proceedings|"
    r"transacl\.org|lrec-conf\.org|ceur-ws\.org|mdpi\.com/\d|frontiersin\.org/articles|cell\.com|"
    r"(?:dx\.)?doi\.org/10\.(?!48550|5281|57967|1101|36227|31219|21203)\d{4,6})[^\s)<>\]\"'}]*"
)
_ENTRY = re.compile(r"@\s?(\w{4,20})\s*\{", re.I)
_FIELDS = frozenset(
    str.split("title booktitle journal eprint url doi author publisher archiveprefix note howpublished")
)
_NAME = re.compile(r"\w+\Z")  # of a field, before its "="
_VALUE = re.compile(r"=\s*[{\"]{1,3}((?:[^{}\"]|\{[^{}]{0,80}\}){0,400})")
_PREPRINT_PLACE = re.compile(
    r"arxiv|corr\b|preprint|biorxiv|medrxiv|ssrn|\bblog\b|techreport|hugging ?face|github|zenodo", re.I
)
_INTRODUCES = re.compile(
    r"\b(?:our|this model'?s|the model'?s) (?:\w+ )?(?:paper|preprint|report|article|publication|work)|"
    r"\b(?:introduced|presented|described|proposed|released|detailed|first introduced|outlined|published) "
    r"(?:in|by|with|here)|"
    r"\bpaper\b[*_\]\s]{0,4}[:：]|^\W{0,12}(?:arxiv|paper|preprint|tech(?:nical)? report|论文)\b|\b(?:see|"
    r"read|check(?: out)?|refer to)\b[^.]{0,40}\bpaper\b|(?:official|accompan\w+|associated|"
    r"corresponding)[^.]{0,30}\bpaper|\bmodel paper|\bresearch paper\b[*_\s]{0,4}[:：]|"
    r"please cite|cite (?:this|our|us|the)|if you use|论文|技术报告",
)
_BORROWS = re.compile(
    r"\b(?:q?lora|dpo|ppo|orpo|simpo|rlhf|rope|yarn|alibi|flash-?attention|gptq|awq|ties|dare|slerp|model "
    r"stock|task arithmetic|mteb|mmlu|hellaswag|gsm8k|arc\b|truthfulqa|humaneval|bigbench|"
    r"lacoste|mlco2|machine learning impact|adam\w*|deepspeed|bias|stochastic parrots|sheng et al|bender "
    r"et al|similar to|inspired by|based on|built (?:on|upon)|following|followed|as in|using the "
    r"(?:method|technique|approach)|"
    r"dataset|benchmark|leaderboard|model cards? for|merge method|merged using|base model|fine-?tuned "
    r"(?:from|version)|compared|architecture of|tokeni[sz]er|distillation (?:method|as)|adapted from|"
    r"technique|methods?|approach(?:es)?|reproduction|inherits|apply(?:ing)?|idea (?:of|from)|"
    r"sharegpt|alpaca|self-instruct|evol)\b",
)
_ORIGINAL = re.compile(r"\boriginal\b[^.\n]{0,40}\b(?:paper|publication|article|report)|原论文|论文原文")
_OURS = re.compile(
    r"\b(?:our|this model'?s) (?:\w+ ){0,2}(?:paper|preprint|report|article|publication|work)\b|我们的论文|本文"
)
#: "Orca paper", "the Heron research paper": of the one that it names, who is not us where our name is not in it.
_OF_A_NAME = re.compile(
    r"\W*(?:the )?(?!(?:our|this|the|research|arxiv|official|full|associated|accompanying|conference|technical|model|"
    r"new|white|read|see|check|cite|to|in|of|a|an|first|second|corresponding|preprint|pdf|academic|journal|short|long|"
    r"main|latest|published)\b)[\w.+-]+ (?:research )?paper\W*"
)
_TABLE_ROW = re.compile(r"\|\s*[\d,.]{2,}\s*(?:\||\n)")
_TOP = 2_500  # characters of the body in which a plain "[paper]" is the model's


def references(v: View) -> tuple[Reference, ...]:
    """All references of a card, in order; worked out once, since four probes ask for them."""
    if "references" in v.memo:
        known: tuple[Reference, ...] = v.memo["references"]
        return known
    entries = tuple(_entries(v))
    spans = [(e.start, e.end) for e in entries]
    found = (*entries, *(r for r in _inline(v) if not any(a <= r.start < b for a, b in spans)))
    made = tuple(sorted(found, key=lambda r: (not r.own, r.start)))
    v.memo["references"] = made
    return made


def _entries(v: View) -> Iterator[Reference]:
    """BibTeX entries: a venue that is not arXiv makes a paper, an arXiv number a preprint; one entry can be both."""
    card, text = v.card, v.text
    if "@" not in text:
        return
    starts = [m for _, m in zip(range(60), _ENTRY.finditer(text, card.body_start), strict=False)]
    for i, m in enumerate(starts):
        stop = min(starts[i + 1].start() if i + 1 < len(starts) else len(text), m.start() + 3_000)
        fields = _fields(text, m.end(), stop)
        if "title" not in fields:
            continue
        own = _own_entry(v, fields["title"][0], len(starts), m.start())
        title = (fields["title"][1], min(fields["title"][2], fields["title"][1] + 200))
        number = _number(v.low, m.start(), stop) or _eprint(fields)
        if number:
            yield Reference(number[1], *title, own, venue=False)
        place = next((fields[k][0] for k in ("booktitle", "journal") if k in fields), "")
        if (
            place
            and m[1].lower() in ("inproceedings", "article", "conference", "incollection")
            and not _PREPRINT_PLACE.search(place)
        ):
            where = next(fields[k] for k in ("booktitle", "journal") if k in fields)
            yield Reference(
                "venue: " + " ".join(place.split())[:120], where[1], min(where[2], where[1] + 200), own, venue=True
            )
        elif (url := _VENUE_URL.search(v.low, m.start(), stop)) and url.end() - url.start() < 200:
            yield Reference(text[url.start() : url.end()], url.start(), url.end(), own, venue=True)


def _fields(text: str, start: int, stop: int) -> dict[str, tuple[str, int, int]]:
    """The first field of each name in an entry: its value and its place."""
    fields: dict[str, tuple[str, int, int]] = {}
    at = text.find("=", start, stop)
    while at >= 0:
        begin = max(start, at - 40)
        name = _NAME.search(text[begin:at].rstrip())
        m = _VALUE.match(text, at, stop) if name and name[0].lower() in _FIELDS else None
        if name and m:
            fields.setdefault(name[0].lower(), (m[1], begin + name.start(), m.end()))
            start = m.end()
        at = text.find("=", m.end() if m else at + 1, stop)
    return fields


def _number(low: str, start: int, stop: int) -> re.Match[str] | None:
    if low.find("xiv", start, stop) < 0 and low.find("/papers/", start, stop) < 0:
        return None
    return _ARXIV_NEAR.pattern.search(low, start, stop)


_EPRINT = re.compile(r"(\d{4}\.\d{4,5})")


def _eprint(fields: dict[str, tuple[str, int, int]]) -> re.Match[str] | None:
    return next(
        (m for k in ("eprint", "journal", "url", "doi") if k in fields and (m := _EPRINT.search(fields[k][0]))), None
    )


def _own_entry(v: View, title: str, count: int, place: int) -> bool:
    if v.names_us(title):
        return True
    if _derivative(v):
        return False  # a derived model's only entry is usually its base's
    if count != 1 or _BORROWS.search(fold(title)):
        return False
    return "citation" in v.kinds_at(place) or _INTRODUCES.search(v.whole[max(0, place - 300) : place]) is not None


def _derivative(v: View) -> bool:
    """Whether the model was made from somebody else's, as far as base, name or first words tell."""
    if "derivative" not in v.memo:
        told = v.called_after or tuned_words(v) is not None or stated(v)
        v.memo["derivative"] = v.foreign or bool(told and not is_official(v.whose.repo().repo_id))
    return bool(v.memo["derivative"])


def _inline(v: View) -> Iterator[Reference]:
    text = v.text
    words = {link.start: link.text for link in v.links}
    hits = [(m, False) for m in islice(near_words(v, _ARXIV_NEAR), 200)]
    venues = (m for link in v.links if (m := _VENUE_URL.match(v.low, link.start)))
    hits += [(m, True) for m in islice(venues, 100)]
    for m, venue in hits:
        start, end = _url_bounds(text, m.start(), m.end())
        a, b = sentence(text, start, min(end, start + 200))
        value = text[m.start() : m.end()].rstrip(".,;") if venue else m[1]
        label = words.get(start, "")
        yield Reference(value, a, min(b, a + 200), _own_inline(v, a, b, start, end, label), venue)


def _url_bounds(text: str, start: int, end: int) -> tuple[int, int]:
    """From the number back to the 'https' that it belongs to."""
    begin = text.rfind("http", max(0, start - 14), start + 1)
    return (begin, end) if begin >= 0 and " " not in text[begin:start] else (start, end)


def _own_inline(v: View, a: int, b: int, start: int, end: int, label: str) -> bool:
    lead, says = v.whole[max(a, start - 90) : start], fold(label)
    entitled = v.names_us(label)
    named = entitled or v.names_us(lead)
    if not entitled and (
        _OF_A_NAME.fullmatch(says)
        or _BORROWS.search(lead)
        or _ORIGINAL.search(v.whole, max(a, start - 90), max(b, end))
    ):
        return False
    if not named and ("training_data" in v.kinds_at(start) or _TABLE_ROW.search(v.text, end, end + 80)):
        return False  # the paper of a data set
    around = v.whole[a:start] + " " + v.whole[end:b]
    introduced = "paper" in says or "arxiv" in says or _INTRODUCES.search(around) or _INTRODUCES.search(says)
    if named and introduced:
        return True
    if _derivative(v) and not named:
        return not v.foreign and (_OURS.search(around) is not None or _OURS.search(says) is not None)
    top = start < v.card.body_start + _TOP
    if entitled and (len(label) > 20 or top):  # the paper's title or the model's name as the words of the link
        return True
    return bool(introduced) and top and "evaluation" not in v.kinds_at(start)
