"""Every quote of a verdict, found again where it was read: in the stored card, licence text and metadata.

Does: take the evidence that a verdict rests on and look at each piece's place in what is stored today. A quote of a
document must stand, word for word, at its offsets; a field of the metadata must still say it; a base must still be
declared, by the model or above it. Evidence without a quote ("no such section") is asked for again: the probes are run
on the same documents and must give the same answer.
Does not: fetch anything, judge (`judge.py`), or change a row. It reads hub.db and documents.db as they are; what the
Hub shows this minute is the next crawl's business.

Offsets are characters: of a card in the text that `crawler.cards.parse` gives, of a licence file in its UTF-8 text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from crawler import cards
from crawler.errors import OpennessError, UsageError
from crawler.records import Repo, strings
from index import data_sets, tables
from index.judging import data_names
from index.library import Library
from index.lineage import Handed
from index.model import Evidence, Outcome
from index.rules import RULES_VERSION
from index.verdict import README, Text, examine

_evidence = msgspec.json.Decoder(list[Evidence])
MAX_UP = 10_000  # ancestors that are followed


class State(StrEnum):
    """What became of one piece of evidence."""

    FOUND = "found"  # it stands where it was read, or the probe gives the same answer again
    MOVED = "moved"  # the same words stand elsewhere in the document: it changed since
    GONE = "gone"  # what is stored today does not say it
    NOT_CHECKABLE = "not checkable"  # the document is not stored, or other rules asked


class Checked(NamedTuple):
    """One piece of evidence and what became of it. `note`: where the words stand now, or why they do not."""

    state: State
    dimension: str
    probe: str
    outcome: str
    quote: str
    place: str
    note: str


class Found(NamedTuple):
    """What the pieces in the state FOUND are."""

    quotes: int  # words, or a fact, that stand where they were read
    absences: int  # looked for again, and again not there
    unread: int  # a document or field that could not be read then, and cannot now


class Verified(NamedTuple):
    """All evidence of one model. `counts`: every state -> pieces; `found`: what those that were found are."""

    id: str
    level: str
    judged: str
    rules_version: str
    counts: dict[str, int]
    checked: tuple[Checked, ...]
    found: Found

    @property
    def ok(self) -> bool:
        """True when nothing is gone."""
        return not self.counts[State.GONE]


class NotJudged(OpennessError):
    """A model that hub.db does not have, or has not judged."""

    exit_status = 1


# ------------------------------------------------------------------------------------------------------ checking, pure


class Checker:
    """Looks evidence up in what is stored of one model; each document is read once."""

    def __init__(
        self, repo: Repo, texts: Sequence[Text], ancestors: frozenset[str], facts: Mapping[str, str],
        same_rules: bool = True, bases: Mapping[str, Handed] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        """`ancestors`: names of all bases declared by it or above it; `facts`: what the Hub shows of the data sets that
        it names; `same_rules`: as those of the verdict; `bases`: what those that are known hand down, by their names.
        """
        self._bases = bases
        self._repo, self._texts, self._ancestors, self._same_rules = repo, texts, ancestors, same_rules
        self._facts = facts
        self._documents = {text.path: text for text in texts}
        self._read: dict[str, str] = {}

    def check(self, evidence: Iterable[Evidence]) -> tuple[Checked, ...]:
        """Each piece, in the order given."""
        return tuple(self._told(e) for e in evidence)

    def _told(self, e: Evidence) -> Checked:
        where, _, offsets = e.place.partition("#")
        if where.startswith("base:"):
            state, note = self._base(where[5:])
        elif where.startswith(data_sets.PLACE):
            state, note = self._data_set(e)
        elif where in self._documents and e.quote:
            state, note = self._quoted(where, offsets, e.quote)
        elif not e.quote:
            state, note = self._asked_again(e)
        elif offsets:
            state, note = State.GONE, f"{where} is not among the documents of this model any more"
        else:
            state, note = self._field(where, e.quote)
        return Checked(state, e.dimension, e.probe, e.outcome, e.quote, e.place, note)

    def _base(self, name: str) -> tuple[State, str]:
        if name.casefold() in self._ancestors:
            return State.FOUND, ""
        return State.GONE, f"{name} is not declared as a base any more"

    def _data_set(self, e: Evidence) -> tuple[State, str]:
        if e in data_sets.seen(self._facts):
            return State.FOUND, ""
        return State.GONE, f"the Hub shows something else of {e.place.removeprefix(data_sets.PLACE)}"

    def _quoted(self, path: str, offsets: str, quote: str) -> tuple[State, str]:
        document = self._documents[path]
        if document.body is None:
            gone = document.outcome == "missing"
            return (State.GONE, f"{path} is not in the repository any more") if gone else (
                State.NOT_CHECKABLE, f"{path} is not stored: {document.outcome}")  # fmt: skip
        text = self._text(path, document.body)
        start, end = _span(offsets)
        if start is not None and text[start:end] == quote:
            return State.FOUND, ""
        at = text.find(quote)
        if at < 0:
            return State.GONE, f"{path} does not say it any more"
        if start is None:  # said to stand somewhere in it
            return State.FOUND, ""
        return State.MOVED, f"{path}#{at}-{at + len(quote)}"

    def _text(self, path: str, body: bytes) -> str:
        """The text that offsets count in."""
        if path not in self._read:
            self._read[path] = cards.parse(body).text if path == README else body.decode("utf-8", "replace")
        return self._read[path]

    def _asked_again(self, e: Evidence) -> tuple[State, str]:
        """Evidence without words to look for: the probes must see the same again."""
        if isinstance(self._again, str):
            return State.NOT_CHECKABLE, self._again
        if e in self._again:
            return State.FOUND, ""
        document = self._documents.get(e.place)
        if document is not None and document.body is None and document.outcome != "missing":
            return State.NOT_CHECKABLE, f"{document.path} is not stored: {document.outcome}"
        if not self._same_rules:
            return State.NOT_CHECKABLE, "it was judged by other rules than these"
        return State.GONE, f"{e.probe} sees something else today"

    @cached_property
    def _again(self) -> frozenset[Evidence] | str:
        """What the probes see today; a sentence where they cannot be run."""
        try:
            return frozenset(examine(self._repo, self._texts, self._bases.get, facts=self._facts).assessment.evidence)
        except Exception as error:  # what could not be judged then cannot be now
            return f"cannot be judged: {type(error).__name__}: {error}"[:200]

    def _field(self, field: str, quote: str) -> tuple[State, str]:
        said = _said(self._repo, field)
        if said is None:
            return State.NOT_CHECKABLE, f"{field} is no field that is stored"
        if quote in said or (field == "id" and any(quote in s for s in said)):
            return State.FOUND, ""
        return State.GONE, f"{field} does not say it any more"


def _span(offsets: str) -> tuple[int | None, int | None]:
    start, _, end = offsets.partition("-")
    return (int(start), int(end)) if start.isdecimal() and end.isdecimal() else (None, None)


def _said(repo: Repo, field: str) -> frozenset[str] | None:
    """Everything that a field of the listing says, as evidence quotes it; None for a field that we do not know."""
    front, _, key = field.partition(".")
    if front == "cardData":
        data = repo.card_data or {}
        if not key:
            return frozenset(data)
        own = {"license": repo.license, "license_name": repo.license_name, "license_link": repo.license_link}
        return frozenset((*strings(data.get(key)), *_given(own.get(key)), *_named_bases(repo, key == "base_model")))
    read = _FIELDS.get(field)
    return None if read is None else frozenset(read(repo))


def _given(value: object) -> tuple[str, ...]:
    return () if value in (None, "", False) else (str(value),)


def _named_bases(repo: Repo, asked: bool = True) -> tuple[str, ...]:
    return tuple(base.repo_id for base in repo.bases) if asked else ()


def _tags(repo: Repo) -> Iterator[str]:
    """Tags, whole and without their prefix, the declared licence ids together, and the bases the Hub resolved."""
    for tag in repo.tags or ():
        yield tag
        yield tag.partition(":")[2]
    yield from _given(repo.license)
    yield from _named_bases(repo)


_FIELDS: Mapping[str, Callable[[Repo], Iterable[str]]] = {
    "tags": _tags,
    "siblings": lambda r: r.files or (),
    "gated": lambda r: ("false",) if r.gated == "no" else _given(r.gated),
    "disabled": lambda r: ("true",) if r.disabled else (),
    "library_name": lambda r: _given(r.library),
    "id": lambda r: (r.repo_id,),
    "safetensors": lambda r: _given(r.parameters),
    "gguf": lambda r: _given(r.parameters),
    "transformersInfo": lambda r: _given(r.auto_model),
    "config.architectures": lambda r: r.architectures,
    "config.model_type": lambda r: _given(r.model_type),
    "config.auto_map": lambda r: ("auto_map",) if r.custom_code else (),
}


# ------------------------------------------------------------------------------------------------------ reading


class Source:
    """hub.db and documents.db of a data directory, read only."""

    def __init__(self, hub_db: Path, documents_db: Path) -> None:
        """Open both. Raises UsageError when there is no hub.db; without documents.db quotes are not checkable."""
        if not hub_db.exists():
            raise UsageError(f"There is no {hub_db} to look in. Run `openness nightly --hub sample` first.")
        self.conn = tables.open_readonly(hub_db)
        self._library = Library(documents_db)

    def close(self) -> None:
        """Close both files."""
        self.conn.close()
        self._library.close()

    def find(self, name: str) -> int | None:
        """The repo that bears a name today, in any case, or bore it; None when none did."""
        for sql in (
            """SELECT repo FROM repos WHERE repo_id = ?1 COLLATE NOCASE
               ORDER BY repo_id <> ?1, missing_since IS NOT NULL, observed DESC""",
            "SELECT repo FROM names WHERE repo_id = ?1 COLLATE NOCASE ORDER BY since DESC",
        ):
            found = self.conn.execute(sql, (name,)).fetchone()
            if found:
                return found[0]
        return None

    def verify_all(self) -> Iterator[Verified]:
        """All evidence of every judged model, one model at a time: the bulk self-check."""
        return (self.verify(key) for (key,) in self.conn.execute("SELECT repo FROM verdicts ORDER BY repo"))

    def verify(self, key: int) -> Verified:
        """All evidence of one repo. Raises NotJudged when it has no verdict."""
        row = self.conn.execute(
            """SELECT r.repo_id, v.level, v.judged, v.rules_version, d.evidence
               FROM verdicts v JOIN repos r USING (repo) JOIN dossiers d USING (dossier) WHERE v.repo = ?""",
            (key,),
        ).fetchone()
        if row is None:
            raise NotJudged(f"Model {key} has no verdict yet. Run `openness judge`.")
        name, level, judged, rules_version, evidence = row
        (repo,) = tables.repos(self.conn, [key])
        texts = self._library.texts(tables.documents(self.conn, [key]).get(key, []))
        facts = tables.data_facts(self.conn, data_names(repo))
        bases = self._bases(key)
        checker = Checker(repo, texts, self._ancestors(key), facts, rules_version == RULES_VERSION, bases)
        checked = checker.check(_evidence.decode(evidence))
        counts = Counter(c.state for c in checked)
        return Verified(name, f"L{level}", judged, rules_version, {s.value: counts[s] for s in State}, checked,
                        _found(checked))  # fmt: skip

    def _bases(self, key: int) -> dict[str, Handed]:
        """What the declared bases that are known hand down today, by their names as declared."""
        known = self.conn.execute("SELECT base_id, base FROM lineage WHERE repo = ? AND base IS NOT NULL", (key,))
        named = dict(known.fetchall())
        handed = tables.handed(self.conn, sorted(set(named.values())))
        return {name: handed[base] for name, base in named.items() if base in handed}

    def _ancestors(self, key: int) -> frozenset[str]:
        """Names of all bases above a repo, as declared and as they are called today, in lower case."""
        rows = self.conn.execute(
            """WITH RECURSIVE up (repo) AS (
                 SELECT ? UNION SELECT l.base FROM up JOIN lineage l ON l.repo = up.repo WHERE l.base IS NOT NULL
                 LIMIT ?)
               SELECT l.base_id FROM up JOIN lineage l ON l.repo = up.repo
               UNION SELECT r.repo_id FROM up JOIN repos r ON r.repo = up.repo WHERE up.repo <> ?""",
            (key, MAX_UP, key),
        )
        return frozenset(name.casefold() for (name,) in rows)


def verify_named(source: Source, name: str) -> Verified:
    """All evidence of the model that bears, or bore, a name. Raises NotJudged."""
    key = source.find(name)
    if key is None:
        raise NotJudged(f"hub.db has no model {name}. Check the spelling; `openness show` suggests names.")
    return source.verify(key)


def _found(checked: Iterable[Checked]) -> Found:
    """The pieces that were found, by what they are: what nobody could read is no quote that was found again."""
    again = [c for c in checked if c.state is State.FOUND]
    unread = sum(c.outcome in (Outcome.UNAVAILABLE, Outcome.ERROR) for c in again)
    absent = sum(not c.quote and c.outcome in (Outcome.NO, Outcome.NOT_STATED, Outcome.NOT_APPLICABLE) for c in again)
    return Found(len(again) - unread - absent, absent, unread)


def add_up(results: Iterable[Verified]) -> dict[str, int]:
    """State -> pieces over many models."""
    total: Counter[str] = Counter({s.value: 0 for s in State})
    for one in results:
        total.update(one.counts)
    return dict(total)
