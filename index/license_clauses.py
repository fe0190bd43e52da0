"""Finds in a licence text the clauses that decide how open it is, with the words themselves.

Pure. Does not say which licence a text is (index/license_texts.py does) and does not judge: a clause is a kind and
a verbatim quote. Reads the first MAX_TEXT characters only. Every pattern is linear in practice: gaps are bounded
and no repetition stands inside another.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from index import limit_words

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

#: Clauses that no open licence has.
RESTRICTING = frozenset(
    {"user-threshold", "non-commercial", "research-only", "field-of-use", "acceptable-use-policy", "no-derivatives",
     "no-training-of-other-models", "territory"}
)  # fmt: skip
MAX_TEXT = 100_000  # characters; the longest licence we know (GPL-3.0 with its preamble) has 35,000
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

_AMOUNT = r"(?<![\d,.])\d[\d,.]{0,15}(?: (?:thousand|million|billion))?"
_MONEY = r"(?:[$€¥]|\b(?:USD|EUR|RMB|CNY))"
_USE = r"(?:use|uses|usage|purpose|purposes)"
_STUDY = r"\b(?:research|academic|evaluation|educational)(?: (?:and|or) \w{1,20}){0,2}"

# Kind, words of which one must occur before the pattern is tried at all (it saves most of the time), pattern.
_PATTERNS: tuple[tuple[Kind, tuple[str, ...], str], ...] = (
    (
        "user-threshold",
        ("users", "visits"),
        rf"{_AMOUNT}(?: \w{{1,20}}){{0,2}} (?:monthly|daily)(?: active)? (?:users|visits)",
    ),
    ("user-threshold", ("mau", "dau"), rf"{_AMOUNT} (?:MAU|DAU)\b"),
    ("user-threshold", ("revenue", "turnover"), rf"{_MONEY} ?\$?{_AMOUNT}[^.;\n]{{0,60}}\b(?:revenue|turnover)\b"),
    (
        "user-threshold",
        ("revenue", "turnover"),
        rf"\b(?:revenue|turnover)\b[^;\n]{{0,90}}{_MONEY} ?\$?\d[\d,.]{{0,15}}",
    ),
    (
        "user-threshold",
        ("revenue", "turnover"),
        r"(?<![\d,.])\d[\d,.]{0,15} (?:million|billion) (?:US )?dollars[^.;]{0,90}\b(?:revenue|turnover)\b",
    ),
    (
        "non-commercial",
        ("commercial",),
        rf"\bnon[\s-]{{0,3}}commercial (?:{_USE}|research|basis|scientific|academic|only|license|licence)\b",
    ),
    ("non-commercial", ("commercial",), r"\bnon[\s-]{0,3}commercial (?:and|or) (?:non production|research|academic)\b"),
    ("non-commercial", ("commercial",), r"\bother than (?:for )?(?:any )?commercial\b"),
    ("non-commercial", ("commercial",), rf"\bnot (?:\w{{1,20}} ){{0,6}}(?:any )?commercial {_USE}\b"),
    (
        "non-commercial",
        ("commercial",),
        r"\b(?:no|prohibits?|prohibited from|forbids?|excludes?) (?:any )?commercial use\b",
    ),
    (
        "non-commercial",
        ("commercial",),
        rf"\bcommercial {_USE} (?:\w{{1,20}} ){{0,3}}(?:not|prohibited|forbidden|requires?|needs?)\b",
    ),
    (
        "non-commercial",
        ("commercial advantage",),
        r"\bnot (?:primarily )?(?:intended for|directed towards?)[^.;]{0,40} commercial advantage\b",
    ),
    (
        "non-commercial",
        ("commercial",),
        r"\b(?:commercially using|use commercially|commercial use)\b[^.;]{0,60}\brequest a licen[cs]e\b",
    ),
    ("research-only", ("research", "academic", "evaluation", "educational"), rf"{_STUDY} {_USE}(?:,| )only\b"),
    (
        "research-only",
        ("research", "academic", "evaluation", "educational"),
        rf"\b(?:solely|only|exclusively|limited to|restricted to|strictly)\b[^.;:\n]{{0,40}} {_STUDY} {_USE}\b",
    ),
    ("non-commercial", limit_words.NON_COMMERCIAL_NEEDS, limit_words.NON_COMMERCIAL),
    ("research-only", limit_words.RESEARCH_ONLY_NEEDS, limit_words.RESEARCH_ONLY),
    ("research-only", ("only",), r"\b(?:research|academic|evaluation)[\s-]only\b"),
    ("research-only", ("commercial",), r"\bnon[\s-]{0,3}commercial research\b"),
    ("field-of-use", ("restriction",), r"\buse based restrictions?\b"),
    ("field-of-use", ("agree",), r"\bagree not to use (?:the|this|any)\b[^.;]{0,60}"),
    ("field-of-use", ("allow others",), r"\bnot use, (?:n?or|and not) allow others to use\b[^.;]{0,60}"),
    ("field-of-use", ("military",), rf"\bmilitary (?:\w{{1,20}} ){{0,2}}(?:{_USE}|applications?|warfare)\b"),
    (
        "field-of-use",
        ("nuclear", "military"),
        r"\bnot designed,? licensed or intended[^.;]{0,100}\b(?:nuclear|military)\b",
    ),
    ("field-of-use", ("prohibited",), r"\bprohibited uses?\b"),
    (
        "field-of-use",
        ("not be used",),
        r"\b(?:software|model|models|weights|work|it) (?:may|shall|must|can) ?not be used (?:by|in|for|as)\b",
    ),
    ("field-of-use", ("following",), r"\bfollowing (?:additional |further |use )?restrictions? "),
    ("field-of-use", ("commons clause",), r"\bcommons clause\b"),
    ("field-of-use", ("evil",), r"\bshall be used for good, not evil\b"),
    ("acceptable-use-policy", ("acceptable",), r"\bacceptable use (?:policy|policies|guidelines)\b"),
    ("acceptable-use-policy", ("policy",), r"\b(?:prohibited uses?|responsible ai use|content|safe use) policy\b"),
    (
        "naming-duty",
        ("built", "powered", "improved", "made"),
        r"[\"“](?:built|powered|improved|made) (?:with|by|using|on) \w",
    ),
    ("naming-duty", ("display",), r"\bprominently display [\"“]?\w"),
    (
        "naming-duty",
        ("name",),
        r"\b(?:include|start|begin)s?\b[^.;\n]{0,60} (?:beginning|start) of [^.;\n]{0,40}\bname\b",
    ),
    ("naming-duty", ("name",), r"\bname (?:shall|must|should) (?:start|begin) with\b"),
    (
        "no-training-of-other-models",
        ("model", "compet"),
        r"\b(?:not|cannot|neither)\b[^.;]{0,90}\b(?:improve|train|create|develop|distill?|fine[\s-]tune)\b[^.;]{0,40}"
        r"\b(?:large language models?|foundation(?:al)?\b[^.;]{0,20} models?|(?:any|an) other \w{0,12} ?models?"
        r"|compet\w{1,10})\b",
    ),
    (
        "territory",
        ("european union",),
        r"\b(?:not apply|not (?:\w{1,20} ){0,2}(?:grant|available)|excluding|excludes?|excluded|not granted|outside"
        r"|domiciled)\b[^.;]{0,100}\bEuropean Union\b",
    ),
    ("territory", ("european union",), r"\bEuropean Union\b[^.;]{0,80}\b(?:excluded|not granted|not licensed)\b"),
    ("no-derivatives", ("deriv",), r"\bno[\s-]{0,2}derivative(?:s| works?)\b(?! of\b)"),
    ("no-derivatives", ("adapted",), r"\bbut not share,? adapted material\b"),
    (
        "no-derivatives",
        ("deriv", "adapt"),
        r"\b(?:may|shall|must|will) not (?:\w{1,20},? ){0,4}(?:create|make|prepare|produce) (?:any )?(?:deriv|adapt)",
    ),
)


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"(?<!\[) (?!\?)", lambda _: _GAP, pattern), re.IGNORECASE)


_COMPILED = tuple((kind, needs, _compile(pattern)) for kind, needs, pattern in _PATTERNS)

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


def _is_permission(text: str, match: re.Match[str], pattern: re.Pattern[str]) -> bool:
    start, end = match.span()
    if _permits_both(text, start, end):
        return True
    return not limit_words.restricts(pattern, text[max(0, start - 40) : end + 40])


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence around a match, cut at paragraph ends and at whole words within _AROUND characters."""
    left, right = max(0, start - _AROUND), min(len(text), end + _AROUND)
    while 0 < left < start and not text[left - 1].isspace():
        left += 1
    while end < right < len(text) and not text[right].isspace():
        right -= 1
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
    lower = head.lower()
    for kind, needs, pattern in _COMPILED:
        if not any(need in lower for need in needs):
            continue
        for match in pattern.finditer(head):
            if counts.get(kind, 0) >= _MAX_PER_KIND:
                break
            if kind in ("non-commercial", "research-only") and _is_permission(head, match, pattern):
                continue
            start, end = _sentence(head, match.start(), match.end())
            if any(other.kind == kind and other.start <= match.start() and match.end() <= other.end for other in found):
                continue
            counts[kind] = counts.get(kind, 0) + 1
            found.append(Clause(kind, head[start:end], start, end))
    return tuple(sorted(found, key=lambda clause: (clause.start, clause.kind, clause.end)))
