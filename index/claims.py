"""What a card says of its own model: 'open source', 'fully open', 'open weights', 'source available'. Pure.

A statement counts when the sentence is about this model: its subject is the model, its name, its makers ("we", "our"),
or the card's own title. Denials, plans, questions, code, quotations, tables, and talk about other models, communities,
data and tools do not count. When in doubt it is no claim: a claim that we invent would accuse somebody.

Matching is done on a copy without invisible characters and with overridden direction undone; quotes are verbatim.
Does not judge whether a claim is true.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from crawler.cards import Card, beyond_ascii
from index.claim_words import (
    ABSTRACT,
    CJK_ABOUT,
    CJK_OTHERS,
    DENIED,
    LATER,
    LICENCE_AFTER,
    MODEL_NOUN,
    NOT_A_MODEL,
    OBJECT,
    ONE_MODEL,
    OPENING,
    OTHERS,
    OTHERS_AFTER,
    PATTERNS,
    PLAIN_NAME,
    SUBJECT,
    Mention,
    fragment_ends,
    language_of,
    mentions,
)
from index.probes import card_words

MAX_QUOTE = 200
MAX_HITS = 300  # mentions looked at in one card
_REACH = 260  # characters of the sentence looked at on either side


class Claim(NamedTuple):
    """One statement of a card about its own model."""

    kind: str  # open-source, fully-open, open-weights, source-available
    quote: str  # verbatim, at most MAX_QUOTE characters
    start: int  # character offsets into Card.text
    end: int
    language: str  # of the sentence: en, fr, de, es, pt, it, ru, zh, ja, ko
    about: str  # which reading found it: copula, we, release, title, our, license, start, cjk


def claims(card: Card, names: frozenset[str] = frozenset()) -> tuple[Claim, ...]:
    """All claims in order of place, one for each sentence and kind. `names`: distinctive words of the model's name."""
    return claims_by(card, lambda: names)


def claims_by(
    card: Card, names: Callable[[], frozenset[str]], read: tuple[str, card_words.Places] | None = None
) -> tuple[Claim, ...]:
    """The same; `names` is asked for only where something may be a claim.

    `read`: the card's text in lower case and the places of words in its body, where they are known already.
    """
    text, places = visible(card.text)
    start = card.body_start if places is None else _back(places, card.body_start)
    if read is None or places is not None:
        low_text = card_words.fold(text)
        read = low_text, card_words.places(low_text, start)
    hits = mentions(*read, start)[:MAX_HITS]
    if not hits:
        return ()
    known = names() | _title_names(card)
    found: dict[tuple[str, int], Claim] = {}
    for hit in hits:
        at = hit.start if places is None else places[hit.start]
        if _in(card.code, at):
            continue
        low, high = _fragment(text, hit.start, hit.end)
        about = _about(text, low, hit, high, known, at < card.body_start + 1500)
        if hit.kind == "fully-open" and about and _OF_WEIGHTS.search(text, low, hit.start):
            hit = hit._replace(kind="open-weights")  # "the parameters are fully open": of the weights it says no more
        if about and (hit.kind, low) not in found:
            a, b = _window(text, low, hit.start, hit.end, high)
            if places is not None:
                a, b = min(places[a], places[b - 1]), max(places[a], places[b - 1]) + 1
            b = min(b, a + MAX_QUOTE)
            language = language_of(text[low:high]) if hit.language == "en" else hit.language
            found[hit.kind, low] = Claim(hit.kind, card.text[a:b], a, b, language, about)
    return tuple(found.values())


# --- normalising ---

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
)
_INVISIBLE_OR_END = re.compile(_INVISIBLE.pattern + "|\n")
_OVERRIDE = "\u202e"
_ENDS_OVERRIDE = "\u202c\u202d\u2069\n"


def visible(text: str) -> tuple[str, list[int] | None]:
    """The text as a reader sees it, and where each of its characters stands in the original (None = the same place)."""
    if text.isascii() or not _INVISIBLE.search(beyond_ascii(text)):
        return text, None
    if _OVERRIDE not in text:
        pieces, shown, at = [], list[int](), 0
        for m in _INVISIBLE.finditer(text):
            pieces.append(text[at : m.start()])
            shown.extend(range(at, m.start()))
            at = m.end()
        shown.extend(range(at, len(text)))
        return "".join((*pieces, text[at:])), shown
    return _reordered(text)


def _reordered(text: str) -> tuple[str, list[int]]:
    """As `visible`, of a text in which the direction of some words is overridden."""
    shown: list[int] = []
    at, reversed_from = 0, -1
    for m in _INVISIBLE_OR_END.finditer(text):
        shown.extend(range(at, m.start()))
        mark, at = m[0][-1], m.end()
        if reversed_from >= 0 and (mark in _ENDS_OVERRIDE or mark == _OVERRIDE):
            shown[reversed_from:] = reversed(shown[reversed_from:])
            reversed_from = -1
        if mark == _OVERRIDE:
            reversed_from = len(shown)
        elif mark == "\n":
            shown.append(m.end() - 1)
    shown.extend(range(at, len(text)))
    if reversed_from >= 0:
        shown[reversed_from:] = reversed(shown[reversed_from:])
    return "".join([text[i] for i in shown]), shown


def _back(places: list[int], original: int) -> int:
    """The first visible character at or after an original place (reversed runs make the list unsorted: scan)."""
    return next((i for i, p in enumerate(places) if p >= original), len(places))


def _in(spans: tuple[tuple[int, int], ...], place: int) -> bool:
    return any(start <= place < end for start, end in spans)


# --- one mention ---

_OF_WEIGHTS = re.compile(
    r"\b(?:weights|parameters)\s+(?:is|are)\s+[*_]{0,2}\Z|\b(?:weights|parameters)\s+(?:is|"
    r"are)\s+(?=\S{0,4}\Z)",
    re.I,
)


def _fragment(text: str, start: int, end: int) -> tuple[int, int]:
    """Bounds of the sentence or the line that holds the mention, at most _REACH to either side."""
    low, high = max(0, start - _REACH), min(len(text), end + _REACH)
    for stop in fragment_ends(text, low, start):
        low = stop
    for stop in fragment_ends(text, end, high):
        high = stop
        break
    return low, high


def _window(text: str, low: int, start: int, end: int, high: int) -> tuple[int, int]:
    """At most MAX_QUOTE of the sentence, the mention inside, no blanks at the ends."""
    while low < start and text[low] in " \t\r\n#>*-":
        low += 1
    while high > end and text[high - 1] in " \t\r\n#|":
        high -= 1
    if high - low <= MAX_QUOTE:
        return low, high
    begin = max(low, min(start - MAX_QUOTE // 2, high - MAX_QUOTE))
    return begin, begin + MAX_QUOTE


_OURS = re.compile(r"\b(?:we|our|i|this|today)\b|^\W*\Z", re.I)
_NOT_YET = re.compile(r"\b(?:will be|coming soon|soon)\b", re.I)
_QUOTED = re.compile(r"[\"“”'‘’«»`]\Z")
_LINE_TABOO = re.compile(
    r"^\s*(?:>|\||[-*]\s*\[ \])|\btitle\s*=|\bbooktitle\s*=|^\s*(?:user|assistant|human|prompt|input|output|q|a)\s*:",
    re.I,
)


def _about(text: str, low: int, hit: Mention, high: int, names: frozenset[str], near_top: bool) -> str:
    """Which reading makes this mention a statement about this model; '' when none does."""
    before, after = text[low : hit.start], text[hit.end : high]
    line = text[max(text.rfind("\n", max(0, hit.start - 400), hit.start) + 1, hit.start - 400, 0) : hit.start]
    if _LINE_TABOO.search(line) or line.count("|") > 1 or _inside_url(line) or "?" in after[-2:]:
        return ""
    if _QUOTED.search(before) and _QUOTED.search(after[:1]):
        return ""
    if DENIED.search(before[-60:]) or LATER.search(before[-60:]) or DENIED.match(after[:1] and after.lstrip()[:12]):
        return ""
    words = text[hit.start : hit.end]
    if hit.language in ("zh", "ja", "ko"):
        others = CJK_OTHERS.search(before[-40:] + words + after[:14])
        return "cjk" if not others and CJK_ABOUT.search(before + words + after[:24]) else ""
    if _NOT_YET.search(after[:60]) or NOT_A_MODEL.match(after) or OTHERS_AFTER.match(after):
        return ""
    return _english(before, after, names, near_top)


def _inside_url(line: str) -> bool:
    last = line.rfind("http")
    return last >= 0 and not any(c in " \t)>]\"'" for c in line[last:])


_TAG = re.compile(r"</?(?:b|i|u|em|strong|code|span|font)\b[^<>\n]{0,80}>", re.I)


def _english(before: str, after: str, names: frozenset[str], near_top: bool) -> str:
    """Latin scripts: try each reading on what stands before and after the mention."""
    before, after = _TAG.sub("", before), _TAG.sub("", after)
    for about, pattern in PATTERNS:
        m = pattern.search(before)
        if not m:
            continue
        lead, between = before[: m.start()], m[0]
        if OTHERS.search(between) or OTHERS.search(lead if about == "title" else lead[-40:]):
            continue
        if about != "license" and LICENCE_AFTER.match(after):
            continue
        if _holds(about, lead, between, after, names, near_top):
            return about
    if near_top and OPENING.match(before) and ONE_MODEL.match(after) and not OTHERS.search(before):
        return "start"
    return ""


#: "It is imperative to develop open-source models": of none in particular.
_PURPOSE = re.compile(r" (?:to(?: \w+)?|for)\s*\Z", re.I)


def _holds(about: str, lead: str, between: str, after: str, names: frozenset[str], near_top: bool) -> bool:
    named = any(n in (lead + between).lower() for n in names if len(n) > SHORT)
    if about == "copula":
        return not _PURPOSE.search(between) and _subject(lead, names) and not ABSTRACT.search(lead[-80:])
    if about == "we":
        return bool(OBJECT.match(after)) or any(n in after[:60].lower() for n in names if len(n) > SHORT)
    if about == "verb":
        return bool(OBJECT.match(after)) and (named or _subject(lead + between, names))
    if about == "release":
        ours = named or (_OURS.search(lead[-60:]) and MODEL_NOUN.search(between + after[:60]))
        return bool(ours) and not ABSTRACT.search(between)
    if about == "title":
        return named and bool(MODEL_NOUN.search(after[:60]) or not after.strip(" .!*#\n"))
    if about == "our":
        return bool(MODEL_NOUN.match(after))
    if about == "license":
        return _subject(lead, names) and not ABSTRACT.search(lead[-80:])
    if about == "this":
        return bool(ONE_MODEL.match(after))
    return near_top and "[" not in after[:3] and bool(MODEL_NOUN.match(after))  # start


def _subject(lead: str, names: frozenset[str]) -> bool:
    """Whether the subject is this model: by a word for it, by its name, and not by another model's name."""
    tail = lead[-110:]
    low = tail.lower()
    if any(n in low for n in names if len(n) > SHORT):
        return True
    alone = _ALONE.match(lead)
    if alone and alone[1].lower() in names:
        return True
    if SUBJECT.search(tail):
        other = PLAIN_NAME.match(tail.strip())
        return not other or other[0].lower() in _NO_NAMES
    return False


#: First words of a sentence about this model that are no other model's name.
_NO_NAMES = frozenset(
    str.split(
        "it this the our we these all both model models ce cette notre le dieses das unser este el nuestro questo il"
    )
)
#: A name so short ("Yi", "K2") counts only where the sentence begins with it and says nothing else before the verb.
SHORT = 2
_ALONE = re.compile(
    r"^[\W_]*(?:[Tt]he\s+)?([A-Z][A-Za-z0-9])(?:[\-‑][\w.\-]+)?(?:\s+(?:models?|series|family|suite))?[\s*_]*$"
)
_FIRST = re.compile(r"[\W_]*([A-Z][A-Za-z0-9])(?![A-Za-z0-9])")
_NOT_SHORT = frozenset(str.split("ai ml lm tf my no an in on to by is us v1 v2 v3 hf nn"))
_WORD = re.compile(r"[a-z]{3,}")
_COMMON = frozenset(
    str.split("""
    model card for the and with from models this that base chat instruct large small language open source sourced
    weights fully introduction overview description about details readme welcome version image text code data bit
    gguf our your usage license licence news intro using free based
""")
)


def short_name(name: str) -> frozenset[str]:
    """The first part of a model's name where it is as short as SHORT: 'Yi-34B' -> {'yi'}, 'OLMo-7B' -> none."""
    m = _FIRST.match(name)
    return frozenset({m[1].lower()} - _NO_NAMES - _NOT_SHORT) if m else frozenset()


def _title_names(card: Card) -> frozenset[str]:
    """Distinctive words of the card's first heading."""
    first = next((s for s in card.sections if s.level <= 2), None)
    if first is None or first.start > card.body_start + 2_000:
        return frozenset()
    return frozenset(
        w for w in _WORD.findall(first.title.lower()[:80].split(":")[0]) if w not in _COMMON and len(w) > 3
    ) | short_name(first.title)
