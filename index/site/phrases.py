"""Sentences that other modules make in English, in the reader's language. Pure.

A rule's published words have one gap, and `refill` fills the other language's words with what was in it. explain.py
writes its sentences in English. The pairs in texts.toml give them in French, with {} for what varies:
the pieces between are translated in their turn. What no pair knows stays English, and `translated` says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple


class Pair(NamedTuple):
    """One sentence in two languages; `words` is compared, `other` is filled."""

    words: re.Pattern[str]
    other: str


class Phrases:
    """Translates what it knows; longer sentences are tried first."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        """`pairs` in the order in which they are tried."""
        self._pairs = tuple(pairs)

    def __call__(self, sentence: str | None) -> str:
        """The sentence in the reader's language, or as it is."""
        return self._translate(sentence or "", 0)

    def _translate(self, sentence: str, depth: int) -> str:
        if not self._pairs or depth > 8 or not sentence:
            return sentence
        for pair in self._pairs:
            match = pair.words.fullmatch(sentence)
            if match:
                parts = [self._part(match, n, depth + 1) for n in range(1, pair.words.groups + 1)]
                return pair.other.format(*parts)
        if ", " in sentence:
            return ", ".join(self._translate(part, depth + 1) for part in sentence.split(", "))
        return sentence

    def _part(self, match: re.Match[str], n: int, depth: int) -> str:
        """What stands in a gap, translated; not between quotation marks, where it is somebody's own words."""
        quoted = match.string[: match.start(n)].endswith('"')
        return match[n] if quoted else self._translate(match[n], depth)

    def translated(self, sentence: str) -> bool:
        """Whether a whole sentence is known; always where nothing has to be translated."""
        return not self._pairs or any(pair.words.fullmatch(sentence) for pair in self._pairs)


def read_phrases(pairs: Iterable[tuple[str, str]]) -> Phrases:
    """Pairs of (English, other) with {} in the same number. Those with the most letters come first.

    A {} at the beginning takes no colon, and no comma either unless the pair goes on with one: the parts of a list
    are translated one by one. Nor does any {} of a pair that
    ends in one and has neither colon nor comma itself, such as "{} and {}".
    """
    ordered = sorted(pairs, key=lambda p: -len(p[0].replace("{}", "")))
    return Phrases(Pair(_pattern(english), other) for english, other in ordered)


def _pattern(english: str) -> re.Pattern[str]:
    pieces = english.split("{}")
    first, *rest = pieces
    lead = "(.+?)" if first else "([^:]+?)" if rest and rest[0][:2] in (": ", ", ") else "([^,:]+?)"
    if not pieces[-1] and not re.search("[:,]", english):
        return re.compile("([^,:]+?)".join(map(re.escape, pieces)), re.DOTALL)
    pattern = re.escape(first) + "(.+?)".join(["", *(re.escape(piece) for piece in rest)]).replace("(.+?)", lead, 1)
    return re.compile(pattern, re.DOTALL)


class Reason(NamedTuple):
    """A judgement's reason; `own` is False where it stayed English, because its rule's words were others then."""

    text: str
    own: bool


def refill(
    words: str, published: str, own: str, quoted: Iterable[str] = (), phrase: Callable[[str], str] = str
) -> Reason:
    """A reason made of a rule's `published` words, in the words of another language, `own`.

    What fills the gap is translated by `phrase` unless it is a quote. A reason that ends in a quote ends before it
    where the same words are among `quoted`: a page shows them once, with their place.
    """
    head, gap, tail = published.partition("{}")
    if not published or not words.startswith(head) or not words.endswith(tail) or (not gap and words != published):
        return Reason(words, False)
    detail = words[len(head) : len(words) - len(tail)]
    own_head, _, own_tail = own.partition("{}")
    if not head.endswith('"'):
        return Reason(f"{own_head}{phrase(detail) if gap else ''}{own_tail}", True)
    if tail == '".' and any(detail in quote for quote in quoted):
        return Reason(own_head.rstrip('"« \u00a0\u202f:') + ".", True)
    return Reason(f"{own_head}{detail}{own_tail}", True)
