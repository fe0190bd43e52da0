"""Finds in a licence text the clauses that decide how open it is, with the words themselves.

Pure. Does not say which licence a text is (index/license_texts.py does) and does not judge: a clause is a kind and
a verbatim quote. Reads the first MAX_TEXT characters only. Every pattern is linear in practice: gaps are bounded
and no repetition stands inside another.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Kind = Literal[
    "user-threshold",
    "non-commercial",
    "research-only",
    "field-of-use",
    "acceptable-use-policy",
    "naming-duty",
    "no-training-of-other-models",
    "territory",
    "no-derivatives",
]

MAX_TEXT = 200_000  # characters; the longest licence we know (GPL-3.0 with its preamble) has 35,000
_MAX_PER_KIND = 5
_AROUND = 160  # a quote reaches at most so many characters to either side of what matched


class Clause(NamedTuple):
    """One clause: its kind and quote == text[start:end]."""

    kind: Kind
    quote: str
    start: int
    end: int


# A blank in a pattern stands for white space, mark-up, quotes, hyphens and comment signs.
_GAP = r"""[\s>*_#"'`“”‘’()/-]{1,12}"""

_AMOUNT = r"\d[\d,.]{0,15}(?: (?:thousand|million|billion))?"
_CURRENCY = r"(?:US|USD|EUR|RMB|CNY)?[ ]?[$€¥]|US dollars|USD|EUR|RMB|CNY"

_PATTERNS: tuple[tuple[Kind, str], ...] = (
    ("user-threshold", rf"{_AMOUNT}(?: \w{{1,20}}){{0,3}} (?:monthly|daily)(?: active)? (?:users|visits)"),
    ("user-threshold", rf"{_AMOUNT} (?:MAU|DAU)\b"),
    ("user-threshold", rf"(?:{_CURRENCY}){_GAP}?{_AMOUNT}[^.;\n]{{0,80}}\b(?:revenue|turnover)"),
    ("user-threshold", rf"\b(?:revenue|turnover)\b[^;\n]{{0,140}}(?:{_CURRENCY})[^.;\n]{{0,20}}\d"),
    ("user-threshold", r"\d[\d,.]{0,15} (?:million|billion) (?:US )?dollars[^.;]{0,90}\b(?:revenue|turnover)"),
    (
        "non-commercial",
        r"\bnon[\s-]{0,3}commercial (?:use|uses|purpose|purposes|research|basis|scientific|academic|only|license|licence)\b",
    ),
    ("non-commercial", r"\bnon[\s-]{0,3}commercial (?:and|or) (?:non production|research|academic|educational)\b"),
    ("non-commercial", r"\bother than (?:for )?(?:any )?commercial\b"),
    ("non-commercial", r"\bnot (?:\w{1,20} ){0,8}(?:for )?(?:any )?commercial (?:purpose|purposes|use|uses)\b"),
    ("non-commercial", r"\b(?:no|prohibits?|prohibited from|forbids?|excludes?) (?:any )?commercial use\b"),
    (
        "non-commercial",
        r"\bcommercial (?:use|usage|purposes?) (?:\w{1,20} ){0,3}(?:not|prohibited|forbidden|requires?|needs?)\b",
    ),
    ("non-commercial", r"\bnot (?:primarily )?(?:intended for|directed towards?)[^.;]{0,40} commercial advantage\b"),
    ("non-commercial", r"\b(?:commercially using|use commercially|commercial use)\b[^.;]{0,60}\brequest a licen[cs]e\b"),
    (
        "research-only",
        r"\b(?:research|academic|evaluation|educational)(?: (?:and|or) \w{1,20}){0,2} (?:use|uses|purposes?)(?:,| )only\b",
    ),
    (
        "research-only",
        r"\b(?:solely|only|exclusively|limited to|restricted to|strictly)\b[^.;:\n]{0,50} "
        r"(?:research|academic|evaluation)(?: (?:and|or) \w{1,20}){0,2} (?:use|uses|purposes?)\b",
    ),
    ("research-only", r"\b(?:research|academic|evaluation)[\s-]only\b"),
    ("research-only", r"\bnon[\s-]{0,3}commercial research\b"),
    ("field-of-use", r"\buse based restrictions?\b"),
    ("field-of-use", r"\bagree not to use (?:the|this|any)\b[^.;]{0,60}"),
    ("field-of-use", r"\b(?:agree )?you (?:will|shall|may|must) not use, or allow others to use\b[^.;]{0,60}"),
    ("field-of-use", r"\bmilitary (?:\w{1,20} ){0,2}(?:purpose|purposes|use|uses|application|applications|warfare)\b"),
    ("field-of-use", r"\bprohibited uses?\b"),
    ("field-of-use", r"\bcommons clause\b"),
    ("field-of-use", r"\bshall be used for good, not evil\b"),
    ("acceptable-use-policy", r"\bacceptable use (?:policy|policies|guidelines)\b"),
    ("acceptable-use-policy", r"\b(?:prohibited uses?|responsible ai use|content|safe use) policy\b"),
    ("naming-duty", r"[\"“](?:built|powered|improved|made) (?:with|by|using|on) \w"),
    ("naming-duty", r"\bprominently display [\"“]?\w"),
    ("naming-duty", r"\b(?:include|start|begin)s?\b[^.;\n]{0,60} (?:beginning|start) of [^.;\n]{0,40}\bname\b"),
    ("naming-duty", r"\bname (?:shall|must|should) (?:start|begin) with\b"),
    (
        "no-training-of-other-models",
        r"\b(?:not|cannot|neither)\b[^.;]{0,140}\b(?:improve|train|create|develop|distill?|fine[\s-]tune)\b[^.;]{0,50}"
        r"\b(?:large language models?|foundation(?:al)?\b[^.;]{0,20} models?|(?:any|an) other \w{0,12} ?models?"
        r"|compet\w{1,10})\b",
    ),
    (
        "territory",
        r"\b(?:not apply|excluding|excludes?|excluded|not granted|outside|domiciled)\b[^.;]{0,140}\bEuropean Union\b",
    ),
    ("territory", r"\bEuropean Union\b[^.;]{0,80}\b(?:excluded|not granted|not licensed|may not)\b"),
    ("no-derivatives", r"\bno[\s-]{0,2}derivatives?\b(?! of\b)"),
    ("no-derivatives", r"\bbut not share,? adapted material\b"),
    (
        "no-derivatives",
        r"\b(?:may|shall|must|will) not (?:\w{1,20},? ){0,6}(?:create|make|prepare|produce) (?:any )?(?:derivative|adapt)",
    ),
)


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"(?<!\[) (?!\?)", lambda _: _GAP, pattern), re.IGNORECASE)


_COMPILED = tuple((kind, _compile(pattern)) for kind, pattern in _PATTERNS)

# "for commercial and non-commercial use" permits; it is no non-commercial clause.
_PERMITS_BOTH = re.compile(r"\bcommercial(?:ly)?\W{1,4}(?:and|or|as well as)\W{1,4}(?:for\W)?$", re.IGNORECASE)
_AND_COMMERCIAL = re.compile(r"^\W{0,4}(?:and|or)\W{1,4}commercial\b", re.IGNORECASE)


def _permits_both(text: str, start: int, end: int) -> bool:
    head = text[start : start + 16]
    nouns = re.match(r"non[\s-]{0,3}commercial", head, re.IGNORECASE)
    if nouns is None:
        return False
    before, after = text[max(0, start - 32) : start], text[start + nouns.end() : end + 24]
    return bool(_PERMITS_BOTH.search(before) or _AND_COMMERCIAL.match(after))


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence around a match, cut at paragraph ends and at _AROUND characters, white space trimmed."""
    left, right = max(0, start - _AROUND), min(len(text), end + _AROUND)
    for stop in (". ", ".\n", "\n\n", "; ", ";\n"):
        at = text.rfind(stop, left, start)
        left = max(left, at + len(stop)) if at >= 0 else left
        at = text.find(stop, end, right)
        right = min(right, at + 1) if at >= 0 else right
    while left < start and text[left].isspace():
        left += 1
    while right > end and text[right - 1].isspace():
        right -= 1
    return left, right


def clauses(text: str) -> tuple[Clause, ...]:
    """The restricting clauses of a licence text, in the order of the text; at most five of a kind.

    Only the first MAX_TEXT characters are read. Every quote is verbatim: quote == text[start:end].
    """
    head = text[:MAX_TEXT]
    found: list[Clause] = []
    counts: dict[Kind, int] = {}
    for kind, pattern in _COMPILED:
        for match in pattern.finditer(head):
            if counts.get(kind, 0) >= _MAX_PER_KIND:
                break
            if kind in ("non-commercial", "research-only") and _permits_both(head, match.start(), match.end()):
                continue
            start, end = _sentence(head, match.start(), match.end())
            if any(other.kind == kind and other.start <= match.start() and match.end() <= other.end for other in found):
                continue
            counts[kind] = counts.get(kind, 0) + 1
            found.append(Clause(kind, head[start:end], start, end))
    return tuple(sorted(found, key=lambda clause: (clause.start, clause.kind, clause.end)))
