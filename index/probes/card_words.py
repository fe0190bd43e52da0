"""Finds all the words that probes look for in one pass over a card, and reads costly patterns only round them. Pure.

A probe registers the words of which every match of its pattern holds one (`near`, `register`). They are looked for
together (Aho-Corasick), once for each card, so that a question costs nothing where none of its words stands. Judges
nothing and knows no question; that every match does hold one of its words is proved in tests/test_card_words.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

REACH = 200  # characters read to either side of a word

#: Word -> the places where it stands in a text, in order.
Places = Mapping[str, Sequence[int]]


class Near(NamedTuple):
    """A costly pattern, and the words round which it is looked for."""

    pattern: re.Pattern[str]  # for a text in lower case
    words: tuple[str, ...]  # every match holds one of these
    limit: int  # places looked at for each word
    also: tuple[str, ...]  # ... and one of these, if there are any
    and_also: tuple[str, ...]  # ... and one of these
    reach: int  # characters read to either side of a word


def fold(text: str) -> str:
    """Lower case with every place kept (a few characters would grow: they are left as they are)."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(x if len(x := c.lower()) == 1 else c for c in text)


_words: dict[str, None] = {}
_NEAR: list[Near] = []


def register(*words: str) -> tuple[str, ...]:
    """The same words, which from now on are looked for in every card. They must be in lower case."""
    _words.update(dict.fromkeys(words))
    _automaton.cache_clear()
    return words


def in_lower_case(pattern: re.Pattern[str]) -> re.Pattern[str]:
    """The same for a text in lower case: twice as quick as one that must not regard case, and more at a literal."""
    return re.compile(pattern.pattern, pattern.flags & ~re.IGNORECASE)


def near(
    pattern: re.Pattern[str],
    words: tuple[str, ...],
    limit: int = 60,
    also: tuple[str, ...] = (),
    and_also: tuple[str, ...] = (),
    reach: int = REACH,
) -> Near:
    """A pattern to be looked for near these words, where one of `also` and one of `and_also` stands, too.

    It is read without regard to case.
    """
    made = Near(in_lower_case(pattern), register(*words), limit, register(*also), register(*and_also), reach)
    _NEAR.append(made)
    return made


def all_near() -> tuple[Near, ...]:
    """Every pattern that was registered with its words."""
    return tuple(_NEAR)


@cache
def _automaton() -> tuple[AhoCorasick, tuple[str, ...]]:
    words = tuple(_words)
    return AhoCorasick(words, implementation=Implementation.DFA), words


def places(low: str, start: int) -> Places:
    """Where the registered words stand in low[start:], lower case; as `str.find` finds them, one after the other."""
    automaton, words = _automaton()
    found: dict[str, list[int]] = {}
    for number, begin, _ in automaton.find_matches_as_indexes(low[start:] if start else low, overlapping=True):
        word, at = words[number], begin + start
        here = found.get(word)
        if here is None:
            found[word] = [at]
        elif at >= here[-1] + len(word):
            here.append(at)
    return found


def windows(
    text: str, found: Places, start: int, words: tuple[str, ...], limit: int = 60, reach: int = REACH
) -> Iterator[tuple[int, int]]:
    """Stretches of text[start:] round these words, merged where they overlap; `limit` places for each word.

    A stretch ends `reach` characters away or at a blank line: what a sentence can reach.
    """
    at = [place for word in words if word in found for place in found[word][:limit]]
    at.sort()
    i = 0
    while i < len(at):
        first = at[i]
        begin = max(text.rfind("\n\n", max(0, first - reach), first) + 1, first - reach, start)
        end = _end(text, first, reach)
        i += 1
        while i < len(at) and at[i] < end:
            end = max(end, _end(text, at[i], reach))
            i += 1
        yield begin, end


def _end(text: str, at: int, reach: int) -> int:
    end = text.find("\n\n", at, at + reach)
    return min(len(text), at + reach) if end < 0 else end


def matches(low: str, found: Places, start: int, where: Near) -> Iterator[re.Match[str]]:
    """Matches of a pattern in the lower-case text, near its words."""
    return iter(()) if found.keys().isdisjoint(where.words) else _matches(low, found, start, where)


def _matches(low: str, found: Places, start: int, where: Near) -> Iterator[re.Match[str]]:
    search = where.pattern.finditer
    groups = [[word for word in group if word in found] for group in (where.also, where.and_also) if group]
    if not all(groups):
        return
    for begin, end in windows(low, found, start, where.words, where.limit, where.reach):
        if all(any(low.find(word, begin, end) >= 0 for word in group) for group in groups):
            yield from search(low, begin, end)
