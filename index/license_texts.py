"""Recognises a licence text: standard texts by fingerprint, bespoke ones by their distinctive clauses.

Pure. Standard texts (index/texts/spdx.jsonl) are sets of hashed word triples, compared by how much of the two texts
coincides; bespoke ones (index/texts/rules.toml) are short phrases of which enough must occur. Neither does it read
documents nor decide what a model's licence is. A text that matches an open licence and adds a restriction is not
that licence: the answer is then "modified", without an id. What is not recognised is unknown, never open.

A use policy is recognised as the policy of its family (method "policy"): it restricts, but it is not the licence.
"""

from __future__ import annotations

import base64
import re
import struct
import tomllib
import zlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

import msgspec

from index import license_additions
from index.license_additions import Word
from index.license_clauses import MAX_TEXT, Clause, clauses
from index.licenses import License, catalogue, find_link, severity

__all__ = ["Clause", "Match", "clauses", "conflict", "recognise"]

Method = Literal["fingerprint", "clauses", "policy", "notice", "reference", "modified", "none"]


class Match(NamedTuple):
    """What a text is: a catalogue id or None, how sure (0..1), how it was recognised, and verbatim quotes."""

    license_id: str | None
    score: float
    method: Method
    quotes: tuple[str, ...] = ()


NOTHING = Match(None, 0.0, "none")

# -------------------------------------------------------------------------------------------- words, hashes

_WORD = re.compile(r"[A-Za-z]+|[0-9]+(?:\.[0-9]+)*|\+\+")
_COPYRIGHT_LINE = re.compile(
    r"^[ \t#*/;\ufeff-]{0,20}(?:copyright\b|\(c\)|©|all rights reserved)[^\n]{0,120}$", re.IGNORECASE | re.M
)


def words_of(text: str) -> list[Word]:
    """The words of the first MAX_TEXT characters: Latin letters and numbers in lower case, '++' as 'plusplus'."""
    words: list[Word] = []
    for match in _WORD.finditer(text, 0, MAX_TEXT):
        word, start, end = match[0].lower(), match.start(), match.end()
        if word == "noncommercial":
            words += [("non", start, end), ("commercial", start, end)]
        else:
            words.append(("plusplus" if word == "++" else word, start, end))
    return words


def shingles(words: Sequence[str]) -> list[int]:
    """A 32-bit hash of each three words in a row, in order."""
    return [zlib.crc32(f"{a} {b} {c}".encode()) for a, b, c in zip(words, words[1:], words[2:], strict=False)]


_SHORT = 700  # triples: up to here a fingerprint keeps them all, beyond it every fourth


def sample_of(hashes: Sequence[int]) -> frozenset[int]:
    """The hashes that a fingerprint keeps."""
    whole = frozenset(hashes)
    return whole if len(whole) <= _SHORT else frozenset(value for value in whole if value % 4 == 0)


# ------------------------------------------------------------------------------------------- standard texts


class _Line(msgspec.Struct, frozen=True):
    id: str  # catalogue id; '' for a text that is only kept so that it is not taken for a like one
    spdx: str
    triples: int  # distinct ones in the text, before sampling
    shingles: str = ""  # base64 of little-endian 32-bit hashes
    whole: str = ""  # of an open text instead: all of them, in order
    foreign: bool = False  # whether some of the text is in another script than Latin


class _Standard(NamedTuple):
    license_id: str
    sampled: bool
    hashes: frozenset[int]
    whole: tuple[int, ...]
    foreign: bool


def _unpacked(hashes: str) -> tuple[int, ...]:
    packed = base64.b64decode(hashes)
    return struct.unpack(f"<{len(packed) // 4}I", packed)


@cache
def _standards() -> tuple[_Standard, ...]:
    rows = []
    for line in files("index.texts").joinpath("spdx.jsonl").read_bytes().splitlines():
        row = msgspec.json.decode(line, type=_Line)
        whole = _unpacked(row.whole)
        hashes = sample_of(whole) if whole else frozenset(_unpacked(row.shingles))
        rows.append(_Standard(row.id, row.triples > _SHORT, hashes, whole, row.foreign))
    return tuple(rows)


class _Likeness(NamedTuple):
    dice: float  # how much of both texts coincides
    covered: float  # share of the standard text that stands in ours
    explained: float  # share of ours that stands in the standard text
    common: int
    standard: _Standard


def _likenesses(hashes: Sequence[int]) -> list[_Likeness]:
    """Every standard text that shares a triple with ours, the likest first."""
    whole = frozenset(hashes)
    sampled = frozenset(value for value in whole if value % 4 == 0)
    rows = []
    for standard in _standards():
        ours = sampled if standard.sampled else whole
        common = len(ours & standard.hashes)
        if common:
            dice = 2 * common / (len(ours) + len(standard.hashes))
            share, ours_share = common / len(standard.hashes), common / len(ours)
            rows.append(_Likeness(dice, share, ours_share, common, standard))
    return sorted(rows, key=lambda row: (-row.dice, row.standard.license_id))


_AS_LIKE = 0.02  # texts whose likeness to ours differs by less are alike to it
_BETTER = 0.015  # another text explains ours better by this much: then it is that text, or something like it


def _is_whole(best: _Likeness) -> bool:
    """The standard text stands in ours, a word here and there apart, and little else does."""
    return best.covered >= 0.7 and best.explained >= (0.5 if best.standard.sampled else 0.6)


def _is_part(best: _Likeness) -> bool:
    """Ours is a large piece of the standard text: the head was cut off."""
    return best.covered >= 0.35 and best.explained >= 0.7 and best.common >= 30


def _piece(known: Sequence[_Likeness]) -> License | None:
    """What a mere piece stands for, when several texts hold it as well as the best: the most restrictive of them.

    Among open ones the one that the Hub lists: the piece says nothing of the others' differences.
    """
    if not _is_part(known[0]):
        return None
    twins = [catalogue()[row.standard.license_id] for row in known if row.explained >= known[0].explained - 0.01]
    gravest = max(twins, key=lambda entry: (0 if entry.is_conformant else severity(entry), entry.kind == "hub"))
    best = catalogue()[known[0].standard.license_id]
    return None if best.is_conformant and not gravest.is_conformant else gravest


def _added(text: str, standard: _Standard) -> str:
    """Words beside an open standard text that restrict or that we cannot read as harmless, '' when there are none."""
    words = words_of(text)
    written = license_additions.Written(_blank_copyright(text), words, shingles([word for word, _, _ in words]))
    lines = list(_COPYRIGHT_LINE.finditer(text[:MAX_TEXT]))
    return license_additions.added(written, standard.whole, lines, foreign=standard.foreign)


def _blank_copyright(text: str) -> str:
    """The part of a text that is read, its notices of copyright blanked place for place."""
    return _COPYRIGHT_LINE.sub(lambda match: " " * len(match[0]), text[:MAX_TEXT])


def _by_fingerprint(text: str, found: Sequence[Clause]) -> Match:
    words = words_of(_blank_copyright(text))
    hashes = shingles([word for word, _, _ in words])
    rows = _likenesses(hashes)
    known = [row for row in rows if row.standard.license_id]
    explained = max((row.explained for row in known), default=0.0)
    if not known or rows[0].common < 8:
        return NOTHING
    # A longer text may explain more of ours by its length alone: it rivals only when it is as like as a whole.
    whole = _is_whole(known[0])
    rivals = [row for row in rows if not whole or row.dice > known[0].dice - _AS_LIKE]
    if max((row.explained for row in rivals), default=0.0) > explained + _BETTER:
        return NOTHING
    known = [row for row in known if row.explained >= explained - _BETTER]
    best = known[0]
    entry = catalogue()[best.standard.license_id] if _is_whole(best) else _piece(known)
    if entry is None:
        return NOTHING
    score = round(best.dice, 3)
    if entry.is_conformant and found:
        return Match(None, score, "modified", tuple(clause.quote for clause in found[:3]))
    if entry.is_conformant and (added := _added(text, best.standard)):
        return Match(None, score, "modified", (added,))
    at = next((i for i, value in enumerate(hashes) if value in best.standard.hashes), 0)
    last = min(at + 12, len(words) - 1)
    return Match(entry.id, score, "fingerprint", (text[words[at][1] : words[last][2]],))


# -------------------------------------------------------------------------------------------- bespoke texts

# A page that only speaks about a licence has few of these; a licence, even without its head, has several.
_LEGAL = (
    "hereby grant",
    "hereby grants",
    "hereby granted",
    "are granted",
    "grants you",
    "grant of rights",
    "warranty",
    "warranties",
    "liable",
    "liability",
    "indemnify",
    "terminate",
    "termination",
    "this agreement",
    "this license",
    "merchantability",
)
_LEGAL_NEED = 4


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of index/texts/rules.toml; its head explains the fields."""

    license: str
    names: tuple[str, ...]
    marks: tuple[str, ...]
    without: tuple[str, ...] = ()
    need: float = 0.5
    method: Literal["clauses", "policy"] = "clauses"
    versions: Mapping[str, str] = {}


@cache
def _rules() -> tuple[_Rule, ...]:
    raw = tomllib.loads(files("index.texts").joinpath("rules.toml").read_text(encoding="utf-8"))
    return tuple(msgspec.convert(raw["rule"], type=list[_Rule]))


class _Joined:
    """The words in one string with a blank around each, and the way back to the text."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._words = words
        self.string = " " + " ".join(word for word, _, _ in words) + " "
        self._starts: list[int] = []

    def has(self, phrase: str) -> bool:
        return f" {phrase} " in self.string

    def quote(self, text: str, phrase: str) -> str:
        """The words of the text where the phrase first stands."""
        at = self.string.find(f" {phrase} ")
        if at < 0:
            return ""
        if not self._starts:
            position = 1
            for word, _, _ in self._words:
                self._starts.append(position)
                position += len(word) + 1
        first = bisect_right(self._starts, at + 1) - 1
        last = first + phrase.count(" ")
        return text[self._words[first][1] : self._words[last][2]]


def _version(rule: _Rule, joined: _Joined) -> str:
    """The licence of the version that the text names most often, for families whose texts differ in little else."""
    counts: Counter[str] = Counter()
    for version, license_id in rule.versions.items():
        counts[license_id] += joined.string.count(f" {version} ")
    license_id, count = max(counts.items(), key=lambda item: item[1], default=(rule.license, 0))
    return license_id if count else rule.license


def _by_rules(text: str, joined: _Joined) -> Match:
    legal = sum(joined.has(word) for word in _LEGAL) >= _LEGAL_NEED
    best: Match = NOTHING
    best_rank = (False, 0.0)  # a rule with a name in it beats one without
    for rule in _rules():
        if rule.method == "clauses" and not legal:
            continue
        if rule.names and not any(joined.has(name) for name in rule.names):
            continue
        if any(joined.has(phrase) for phrase in rule.without):
            continue
        hits = [mark for mark in rule.marks if joined.has(mark)]
        score = len(hits) / len(rule.marks)
        if score < rule.need or (rank := (bool(rule.names), score)) <= best_rank:
            continue
        best_rank = rank
        named = [name for name in rule.names if joined.has(name)][:1]
        telling = sorted(hits, key=len)[-2:]
        quotes = tuple(dict.fromkeys(joined.quote(text, phrase) for phrase in named + telling))
        best = Match(_version(rule, joined), round(score, 3), rule.method, quotes)
    return best


# -------------------------------------------------------------------------------------- notices, references

_APACHE_NOTICE = ("licensed under the apache license version 2", "except in compliance with the license")
_URL = re.compile(r"https?://[^\s<>()\"'\]]{4,300}")
_SAYS_TERMS = re.compile(r"licen[cs]e|terms|policy", re.IGNORECASE)
_FEW_WORDS = 120
_A_LINE_OR_TWO = 50  # words


def _short_notice(text: str, words: Sequence[Word], joined: _Joined, found: Sequence[Clause]) -> Match:
    """A file that only points: the standard Apache notice, or an address of a licence that we know to restrict.

    An address of an open licence alone opens nothing; the text around it may say anything.
    """
    if not words or len(words) > _FEW_WORDS:
        return NOTHING
    if not found and joined.has(_APACHE_NOTICE[1]) and _APACHE_NOTICE[0] in joined.string:
        apache = next(standard for standard in _standards() if standard.license_id == "apache-2.0")
        if added := _added(text, apache):
            return Match(None, 0.8, "modified", (added,))
        return Match("apache-2.0", 0.8, "notice", (joined.quote(text, _APACHE_NOTICE[1]),))
    if len(words) > _A_LINE_OR_TWO or text.startswith("---"):
        return NOTHING
    for match in _URL.finditer(text[:MAX_TEXT]):
        entry = find_link(match[0]) if _SAYS_TERMS.search(match[0]) else None
        if entry is not None and severity(entry) > 3:
            return Match(entry.id, 0.6, "reference", (match[0],))
    return NOTHING


# ---------------------------------------------------------------------------------------------- the answers


def recognise(text: str) -> Match:
    """Which licence a text is, by its first MAX_TEXT characters; an id of None means that we do not know.

    Bespoke rules go first: several bespoke licences are a standard text with more conditions.
    """
    words = words_of(text)
    if not words:
        return NOTHING
    joined = _Joined(words)
    by_rules = _by_rules(text, joined)
    if by_rules.license_id is not None:
        return by_rules
    found = clauses(text)
    by_fingerprint = _by_fingerprint(text, found)
    if by_fingerprint.method != "none":
        return by_fingerprint
    return _short_notice(text, words, joined, found)


def conflict(declared: License, recognised: Match) -> str | None:
    """A sentence when the declared licence and the recognised text disagree; None when they do not or cannot.

    A family tag (gpl, bsd, cc, openrail) agrees with every licence of that family.
    """
    if declared.kind == "special" or declared.restriction in ("unknown-license", "no-license"):
        return None
    if recognised.method == "modified":
        if not declared.is_conformant:
            return None
        quote = recognised.quotes[0] if recognised.quotes else ""
        return f'declared {declared.id}, but the text adds a restriction: "{quote[:200]}"'
    if recognised.license_id is None or recognised.license_id == declared.id:
        return None
    text = catalogue()[recognised.license_id]
    if declared.kind == "family" and text.id.startswith(declared.id.rstrip("+")):
        return None
    if text.kind == "family" and declared.id.startswith(text.id):
        return None
    if declared.id == "openrail" and text.type == "rail/use-restricted":
        return None
    what = "use policy" if recognised.method == "policy" else "text"
    return f"declared {declared.id} ({_effect(declared)}), but the {what} is {text.id} ({_effect(text)})"


def _effect(entry: License) -> str:
    return entry.restriction or "no restriction"
