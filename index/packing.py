"""Dossiers made small for index.db: words that return become numbers, the 14 values become letters.

A dossier of hub.db is some 3 KB of JSON in which the same hundred words stand again and again; packed it is a sixth.
The views `judgements` and `evidence` of published.sql unpack it. Loses nothing, decides nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from index.model import Dimension, Value

MAX_TERMS = 50_000  # words kept apart; beyond it (odd file names) a place is written out in each dossier

_LETTERS = {Value.OPEN: "o", Value.PARTIAL: "p", Value.CLOSED: "c", Value.UNKNOWN: "u", Value.NOT_APPLICABLE: "n"}
_cells = msgspec.json.Decoder(list[tuple[str, str, str, str]])
_evidence = msgspec.json.Decoder(list[tuple[str, str, str, str, str, str]])


class Packed(NamedTuple):
    """A dossier as published: 14 letters, JSON of rules, JSON of evidence (see `dossiers` in published.sql)."""

    cells: str
    rules: str
    evidence: str


def pack(
    cells: str | bytes, evidence: str | bytes, word: Callable[[str], int], place: Callable[[str], int | str]
) -> Packed:
    """A dossier of hub.db -> its published form; `word` and `place` number what returns (see Terms).

    Raises ValueError unless it judges each of the 14 dimensions.
    """
    by_dimension = {key: (value, rule, detail) for key, value, rule, detail in _cells.decode(cells)}
    if set(by_dimension) != set(Dimension):
        raise ValueError(f"a dossier judges {sorted(by_dimension)} instead of the 14 dimensions")
    letters, rules = [], []
    for dimension in Dimension:
        value, rule, detail = by_dimension[dimension]
        letters.append(_LETTERS[Value(value)])
        rules.append([word(rule), detail] if detail else word(rule))
    items = []
    for spoken_to, probe, outcome, quote, seen_at, value in _evidence.decode(evidence):
        where, mark, offsets = seen_at.partition("#")
        # An ancestor's name is one of millions: it stays as it is.
        item = [word(spoken_to), word(probe), word(outcome), where if where.startswith("base:") else place(where),
                quote, mark + offsets, value]  # fmt: skip
        while item[-1] == "":
            item.pop()
        items.append(item)
    return Packed("".join(letters), msgspec.json.encode(rules).decode(), msgspec.json.encode(items).decode())


class Terms:
    """The words of `terms`, numbered as they come."""

    def __init__(self, conn: sqlite3.Connection, limit: int = MAX_TERMS) -> None:
        """Begin with what the table holds already."""
        self.conn, self.limit = conn, limit
        self.known: dict[str, int] = {word: term for term, word in conn.execute("SELECT term, word FROM terms")}

    def word(self, word: str) -> int:
        """Number of a word that must have one."""
        found = self.known.get(word)
        if found is None:
            found = self.known[word] = len(self.known) + 1
            self.conn.execute("INSERT INTO terms (term, word) VALUES (?, ?)", (found, word))
        return found

    def place(self, word: str) -> int | str:
        """Number of a place, if it has one or there is room; else the place itself: file names have no end."""
        return self.word(word) if word in self.known or len(self.known) < self.limit else word
