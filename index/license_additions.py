"""What stands in a licence file beside the text of a standard licence: harmless, or words that we cannot take for it.

Pure. More words in a row than the standard text has in that place are an addition. It is harmless when it is a notice
of copyright, an attribution, a name, an address, or says in plain words that the licence applies; anything else, a
sentence in another script included, may take from the licence what it grants, and is named with its words. Knows
no text and judges nothing: `license_texts.py` makes "modified" of it, an unknown licence.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from index.families import find_families
from index.license_names import restricted_name
from index.licenses import find

Word = tuple[str, int, int]  # the word as compared, start and end in the text

# What stands beside an open text and takes from it; words that no open text adds to its own.
_TAKES = re.compile(
    r"\b(?:only|solely|exclusively|(?:must|may|shall|can) ?not|not (?:be )?(?:used?|permitted|allowed|granted)"
    r"|prohibit\w*|forbid\w*|(?:prior|written) (?:permission|consent|agreement)|(?:a|monthly|annual|licen[cs]e) fees?"
    r"|royalt\w+|customers? of|subject to (?:\w+ ){0,2}approval|upon request|non[\s-]?production|(?:not|non) for\b)",
    re.IGNORECASE,
)
# The same in so few words more that they are no sentence: "Weights proprietary".
_FEW_TAKE = re.compile(
    r"\b(?:proprietary|confidential|(?:not|valid) in|no weights|weights (?:closed|excluded)|exclud\w+"
    r"|non-?\s?commercial|(?:trial|evaluation) (?:version|copy)|until \d)\b",
    re.IGNORECASE,
)
_RUN = 5  # words in a row that are no standard text's: fewer are a name or another wording
_LONG = 700  # words of a text in which chance alone may alter several in a row
_NEAR, _SHIFT = 3, 40  # words that one is off for one triple, for several in a row
_INSERTED = 2  # words more than the standard text has there: read for what takes from it
_ADDED = 4  # so many more are read as a whole, and must be harmless
_REWORDED = 8  # so many words fewer may be another wording; a hole that is larger is no excuse

_END = re.compile(r"[.!?:;](?=\s)|[。！？；]|\n(?=[ \t]*(?:\n|[-*#=•]|\d{1,2}[.)]\s))|\Z")
#: Words in another script than Latin, of four letters or more.
OTHER_SCRIPT = re.compile(r"[^\W\d_\u0000-\u024f\u1e00-\u1eff](?:[^\n]{0,3}?[^\W\d_\u0000-\u024f\u1e00-\u1eff]){3}")
_WORDS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+(?:\.\d+)*")
_ADDRESS = re.compile(r"<?\b(?:https?://|www\.)\S+|<?\b[\w.+-]{1,64}@[\w.-]{1,64}>?")
# Words that say which licence covers what, and nothing of terms.
_PLAIN = frozenset(
    str.split("""
    a above accompanying additional agpl all along also an and any apache applicable applied applies apply are as at
    attribution available be below boost both bsd by can cc0 clause code commons conditions contained contents
    copies copy copyright covered covers creative different distributed distribution documentation dual either end
    everything expat file files following for found foundation free freely from full general get given gnu gpl has
    have here in included including inference international is isc it its januar january label lgpl library licence
    licences license licensed licenses made mit model models module modules most mozilla mpl must name new notice
    obtain of on open opensource or original our package parts please port portions project provided public publicly
    published refer released repo repository reproduced revised rights same scripts see simplified software source
    stated such terms text that the their them these this those to tokenizer training under universal unless use
    used uses using v2 v3 v4 verbatim version versions via weights well which with within work works x11 you your
    zero zlib
""")
)
_SUBJECT = re.compile(
    r"([\w .'-]{1,50}?) (?:is|are) (?:dual-?)?(?:licen[cs]ed|released|distributed|made available)\b", re.I
)
_GIVES_CREDIT = re.compile(
    r"[\w ]{0,30}(?:\bcopyright\b|©|\(c\))|all rights reserved|spdx-|version \d|(?:last )?(?:updated|modified)\b"
    r"|(?:special |many )?(?:thanks|thank you|we thank)|acknowledge?ments?|credits?\b|authors?\b|contributors?\b"
    r"|maintainers?\b|contact:|citation\b|cite\b|please cite"
    r"|(?:based|derived|adapted|forked|extracted|ported|copied|developed|created|written|maintained)"
    r" (?:on|upon|from|by|of)\b"
    r"|[\w \"'`.,-]{0,80}?\b(?:is|are|was|were) (?:a |an |automatically )?(?:fork|added|registered trademark|derivative"
    r"|derived|based|adapted|extracted|created"
    r"|developed|written|maintained|authored|built (?:on|upon|by)|copied|taken|ported)"
    r"|[\w \"'`.,-]{0,80}?\bincludes? (?:the following |third[- ]party )?(?:software|code|work|components?|files?)\b",
    re.IGNORECASE,
)
_SETS_TERMS = re.compile(
    r"\b(?:grant|approv|restrict|requir|request|consent|agree|subject|govern|non-?commerc|commerc|research|except|revenue"
    r"|must|shall|need|sales?\b|sell|sold\b|resale|bann?(?:ed|s)?\b|void|exclu|unless\b|pays?\b|paid\b|military"
    r"|proprietary|confidential)",
    re.IGNORECASE,
)
_TERMS = re.compile(
    r"use|licen[cs]|term|grant|approv|research|commerc|eval|person|privat|intern|restrict|permi|requir|request|access"
    r"|consent|agree|academ|educat|non|except|condition|govern|subject|polic|right"
    r"|weights?\b|checkpoint|proprietary|confidential|\b(?:not|no|never|without|outside|exclu\w*|banned|closed|trial|demo"
    r"|until|expires?|valid|void|sale)\b",
    re.IGNORECASE,
)
# A notice of copyright up to the name of its holder, and where the name ends and other words begin.
_NOTICE = re.compile(
    r"(?:[\s#*/;:,<>\ufeff\d–-]|\(c\)|©|&copy;|\b(?:copyright|by|present)\b|all rights reserved\b\.?)*", re.I
)
_AFTER_NAME = re.compile(
    r"(?<!\b[A-Z])(?<!\bInc)(?<!\bLtd)(?<!\bCorp)(?<!\bCo)(?<!\bDr)(?<!\bJr)(?<!\bSt)(?<!\bv)\.(?=\s)|[;:|](?=\s)|\s[-–—]+\s"
    r"|[,\s]\s*(?=(?i:licen[cs]ed|released|distributed|available|under)\b|for [a-z])|,\s+(?=[^,]{0,60}\b(?i:licen[cs]))"
)
_NO_NAME = re.compile(
    r"\b(?:non-?\s?commerc\w+|commercial|weights?|purposes?|proprietary|confidential|restrict\w+|exclu(?:d|s)\w+|banned"
    r"|use|usage|terms|until|expires?|trial|not|without|(?-i:research|academic|educational|personal|evaluation"
    r"|internal|private|military))\b",
    re.IGNORECASE,
)
_SAYS_LICENSE = re.compile(
    r"licen[cs]|terms|agreement|policy|under\b|communit|commercial|rail\b|\b(?:nc|nd|eula|weights?|models?)\b",
    re.IGNORECASE,
)
_MAX_NAME = 8  # words of a line that may be names of people and firms


class Written(NamedTuple):
    """A licence file: its text without notices of copyright, its words, the hash of each three words in a row."""

    text: str
    words: Sequence[Word]
    hashes: Sequence[int]


def added(written: Written, standard: Sequence[int], copyright_lines: Sequence[re.Match[str]], *, foreign: bool) -> str:
    """The first words beside a standard text that restrict, or that we cannot read as harmless; '' when there are none.

    `standard`: the hashes of the standard text, in order. `copyright_lines`: its notices of copyright. `foreign`: the
    standard text itself has other scripts. A second licence text in the file is an addition as well.
    """
    text, words, _ = written
    own = _own_words(written, frozenset(standard)) if copyright_lines else []
    for line in copyright_lines:
        if found := _TAKES.search(line[0]):
            return _round(line[0], found)
        if said := next(filter(None, map(_behind_a_notice, _pieces(line, own))), ""):
            return said
    if not foreign and (found := OTHER_SCRIPT.search(text)):
        return _round(text, found)
    for first, last, more in _runs(written.hashes, standard):
        whole = text[words[max(0, first - 2)][1] : words[min(len(words), last + 2) - 1][2]]
        if (more >= _INSERTED or (last - first >= _RUN and len(words) <= _LONG)) and (found := _TAKES.search(whole)):
            return _round(whole, found)
        run = text[words[first][1] : words[last - 1][2]]
        if 0 < more < _ADDED and (found := _FEW_TAKE.search(run)):
            return _round(run, found)
        if more >= _ADDED and (said := next((said for said in _END.split(run) if not _is_harmless(said)), "")):
            return said.strip()
    return ""


def _own_words(written: Written, standard: frozenset[int]) -> list[tuple[int, int]]:
    """(start, end) of each word of the text that stands in no triple of the standard text."""
    own = [True] * len(written.words)
    for i, value in enumerate(written.hashes):
        if value in standard:
            own[i : i + 3] = (False, False, False)
    return [(start, end) if mine else (start, start) for mine, (_, start, end) in zip(own, written.words, strict=True)]


def _pieces(line: re.Match[str], words: Sequence[tuple[int, int]]) -> Iterator[str]:
    """What of a line that begins like a notice is no part of the standard text, which may be broken anywhere."""
    here = words[bisect_left(words, (line.start(), 0)) : bisect_left(words, (line.end(), 0))]
    for mine, run in groupby(here, lambda word: word[0] < word[1]):
        if mine:
            row = list(run)
            yield line[0][row[0][0] - line.start() : row[-1][1] - line.start()]


def _behind_a_notice(said: str) -> str:
    """What a notice of copyright says beside year and holder that is not harmless; '' when it says no such thing."""
    notice = _NOTICE.match(said)
    name, *rest = _AFTER_NAME.split(said[notice.end() if notice else 0 :])
    if found := _NO_NAME.search(name) or (_names_its_license(name) and re.search(r"\S.*", name)):
        return _round(name, found)
    return next((part.strip() for part in rest if not _is_harmless(part)), "")


def _aligned(hashes: Sequence[int], standard: Sequence[int]) -> list[int]:
    """For each triple its place in the standard text, the likeliest of several; -1 for one that is not in it.

    Three words alone may stand in it by chance: at least four in a row must be the same, or they are where one looks.
    """
    places: dict[int, list[int]] = {}
    for at, value in enumerate(standard):
        places.setdefault(value, []).append(at)
    found, expected = [-1] * len(hashes), 0
    for i, value in enumerate(hashes):
        here = places.get(value)
        if here is not None:
            before, after = hashes[i - 1] if i else -1, hashes[i + 1] if i + 1 < len(hashes) else -1
            row = [p for p in here[:50] if before == standard[p - 1] or after == standard[(p + 1) % len(standard)]]
            fits = (
                [p for p in row if abs(p - expected) <= _SHIFT]
                or [p for p in here if abs(p - expected) <= _NEAR]
                or row
            )
            if fits:
                found[i] = expected = min(fits, key=lambda p: abs(p - expected))
        expected += 1
    return found


def _runs(hashes: Sequence[int], standard: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(first word, one past the last, how many of them are more than another wording) of each run of own words.

    Another wording of the standard text has about as many words as that has in the place.
    """
    places = _aligned(hashes, standard)
    outside = [True] * (len(hashes) + 2)
    for i, place in enumerate(places):
        if place >= 0:
            outside[i : i + 3] = (False, False, False)
    first = None
    for i in range(len(outside) + 1):
        if i < len(outside) and outside[i]:
            first = i if first is None else first
        elif first is not None:
            start = places[first - 3] + 3 if first else 0
            there = (places[i] if i < len(outside) else len(standard) + 2) - start
            more = (i - first) - there
            yield first, i, more if there >= 0 and more >= -_REWORDED else i - first
            first = None


def _round(run: str, found: re.Match[str]) -> str:
    return run[max(0, found.start() - 60) : found.end() + 60].strip()


def _is_harmless(said: str) -> bool:
    """Whether a sentence is a notice, an attribution, a name, or says in plain words that the licence applies."""
    if OTHER_SCRIPT.search(said) or _TAKES.search(said):
        return False
    bare = _ADDRESS.sub(" ", said).strip(" \t\r\n*#=_->/\"'`(),.")
    subject = _SUBJECT.match(bare)
    if subject is not None and not _TERMS.search(subject[1]):
        bare = bare[subject.end(1) :]
    found = _WORDS.findall(bare)
    if not any(word.lower() not in _PLAIN and not word[0].isdigit() for word in found):
        return True
    if _names_another(bare):
        return False
    if _GIVES_CREDIT.match(bare) and not _SETS_TERMS.search(bare):
        return True
    names = [
        word
        for word in found
        if word.lower() not in ("and", "of", "the", "by", "for", "de", "von", "van", "e", "y", "et", "und")
    ]
    return len(names) <= _MAX_NAME and all(n[0].isupper() or n[0].isdigit() for n in names) and not _TERMS.search(bare)


def _names_its_license(said: str) -> bool:
    """Whether words name a restricted licence by a name that is not a firm's as well ('Microsoft Research')."""
    return restricted_name(said.replace("/", " ")) is not None and _SAYS_LICENSE.search(said) is not None


def _names_another(said: str) -> bool:
    """Whether a sentence names a licence that restricts, or a family of models under one, by a run of its words."""
    if _names_its_license(said):
        return True
    found = _WORDS.findall(said.replace("-", " "))[:60]
    runs = [found[i:j] for i in range(len(found)) for j in range(i + 1, min(i + 6, len(found)) + 1)]
    if any(
        run[0][0].isupper() and any(kin.terms for kin in find_families(" ".join(run))) for run in runs if len(run) <= 3
    ):
        return True
    if re.search(r"licen[cs]|terms|agreement|policy|under", said, re.IGNORECASE) is None:
        return False
    return any((entry := find(" ".join(run))) is not None and entry.restriction != "" for run in runs)
