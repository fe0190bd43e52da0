"""Sentences that other modules make in English, in the reader's language. Pure.

explain.py writes its sentences in English. The pairs in texts.toml give them in French, with {} for what varies:
the pieces between are translated in their turn. What no pair knows stays English, and `translated` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
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
        if not self._pairs or depth > 4 or not sentence:
            return sentence
        for pair in self._pairs:
            match = pair.words.fullmatch(sentence)
            if match:
                parts = [self._translate(part, depth + 1) for part in match.groups()]
                return pair.other.format(*parts)
        if ", " in sentence:
            return ", ".join(self._translate(part, depth + 1) for part in sentence.split(", "))
        return sentence

    def translated(self, sentence: str) -> bool:
        """Whether a whole sentence is known; always where nothing has to be translated."""
        return not self._pairs or any(pair.words.fullmatch(sentence) for pair in self._pairs)


def read_phrases(pairs: Iterable[tuple[str, str]]) -> Phrases:
    """Pairs of (English, other) with {} in the same number. Those with the most letters come first."""
    ordered = sorted(pairs, key=lambda p: -len(p[0].replace("{}", "")))
    return Phrases(
        Pair(re.compile("(.+?)".join(re.escape(piece) for piece in english.split("{}")), re.DOTALL), other)
        for english, other in ordered
    )
