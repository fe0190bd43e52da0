"""Dossiers made small for index.db: what returns becomes a number, the 14 values become letters.

A dossier of hub.db is some 3 KB of JSON in which the same words, and the same whole findings ("no such section in
README.md"), stand again and again; packed it is under a third. The views `judgements` and `evidence` of
published.sql unpack it. Loses nothing, decides nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from index.model import LETTERS, Dimension, Value

MAX_TERMS = 50_000  # words kept apart; beyond it (odd file names) a place is written out in each dossier
MAX_SIGHTS = 50_000  # findings kept apart; beyond it they are written out
MAX_ONCE = 500_000  # findings remembered as met once, 16 MB
SHORT = 80  # characters of quote and value; a longer finding hardly ever returns

_cells = msgspec.json.Decoder(list[tuple[str, str, str, str]])


class Finding(NamedTuple):
    """One piece of evidence, as the judge stored it (index.model.Evidence with every field there)."""

    dimension: str
    probe: str
    outcome: str
    quote: str
    place: str
    value: str


_evidence = msgspec.json.Decoder(list[Finding])


class Packed(NamedTuple):
    """A dossier as published: 14 letters, JSON of rules, JSON of evidence (see `dossiers` in published.sql)."""

    cells: str
    rules: str
    evidence: str


class Terms:
    """The words of `terms` and the findings of `sights`, numbered as they come."""

    def __init__(self, conn: sqlite3.Connection, max_terms: int = MAX_TERMS, max_sights: int = MAX_SIGHTS) -> None:
        """Begin with what the tables hold already."""
        self.conn, self.max_terms, self.max_sights = conn, max_terms, max_sights
        self.words: dict[str, int] = {word: term for term, word in conn.execute("SELECT term, word FROM terms")}
        self.sights: dict[Finding, int] = {}
        self.once: set[int] = set()

    def word(self, word: str) -> int:
        """Number of a word that must have one."""
        found = self.words.get(word)
        if found is None:
            found = self.words[word] = len(self.words) + 1
            self.conn.execute("INSERT INTO terms (term, word) VALUES (?, ?)", (found, word))
        return found

    def place(self, word: str) -> int | str:
        """Number of a place, if it has one or there is room; else the place itself: file names have no end."""
        return self.word(word) if word in self.words or len(self.words) < self.max_terms else word

    def sight(self, finding: Finding) -> int | None:
        """Number of a finding that returns: one without words of its own, or a short one met for the second time."""
        found = self.sights.get(finding)
        if found is not None:
            return found
        if len(self.sights) >= self.max_sights or not self._returns(finding):
            return None
        found = self.sights[finding] = len(self.sights) + 1
        path = self.words.get(finding.place)
        self.conn.execute("INSERT INTO sights VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (found, *finding, path))
        return found

    def _returns(self, finding: Finding) -> bool:
        if not finding.quote and not finding.value:
            return True
        if "#" in finding.place or len(finding.quote) + len(finding.value) > SHORT:
            return False
        key = hash(finding)
        if key in self.once:
            return True
        if len(self.once) < MAX_ONCE:
            self.once.add(key)
        return False


def findings(evidence: str | bytes) -> list[Finding]:
    """The evidence of a dossier of hub.db. Raises msgspec.DecodeError."""
    return _evidence.decode(evidence)


def pack(cells: str | bytes, evidence: str | bytes | Sequence[Finding], terms: Terms) -> Packed:
    """A dossier of hub.db -> its published form. Raises ValueError unless it judges each of the 14 dimensions."""
    by_dimension = {key: (value, rule, detail) for key, value, rule, detail in _cells.decode(cells)}
    if set(by_dimension) != set(Dimension):
        raise ValueError(f"a dossier judges {sorted(by_dimension)} instead of the 14 dimensions")
    letters, rules = [], []
    for dimension in Dimension:
        value, rule, detail = by_dimension[dimension]
        letters.append(LETTERS[Value(value)])
        rules.append([terms.word(rule), detail] if detail else terms.word(rule))
    found = findings(evidence) if isinstance(evidence, str | bytes) else evidence
    items = [_item(finding, terms) for finding in found]
    return Packed("".join(letters), msgspec.json.encode(rules).decode(), msgspec.json.encode(items).decode())


def _item(finding: Finding, terms: Terms) -> int | list[int | str]:
    """A finding as the number of a sight, or written out with its empty end left off."""
    where, mark, offsets = finding.place.partition("#")
    elsewhere = where.startswith(("base:", "dataset:"))  # one of millions: it stays as it is
    if not elsewhere:
        at: int | str = terms.place(where)
        sight = terms.sight(finding)
        if sight is not None:
            return sight
    else:
        at = where
    item = [terms.word(finding.dimension), terms.word(finding.probe), terms.word(finding.outcome), at,
            finding.quote, mark + offsets, finding.value]  # fmt: skip
    while item[-1] == "":
        item.pop()
    return item
