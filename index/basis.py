"""What a verdict rests on, as a few digests, and which of them changed: why a repo is judged anew. Pure.

Eight bytes for each part, so that SQL can compare a part without knowing the others, and at the end the night since
which the repo's row in the listing cannot be read. Reads no table (`due.py` does) and judges nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import msgspec

from crawler.records import Repo
from index.licenses import License
from index.lineage import Handed
from index.overrides import Override
from index.rules import RULES_VERSION
from index.tables import Document

WIDTH = 8  # bytes of each part but the last
NOTHING = b"\0" * WIDTH  # a part that says nothing of this repo
#: The modules and tables that evidence is made with, by the beginning of their names. When one of them changes,
#: documents are read again; else stored evidence is judged by the new rules. Their very text counts, so that nobody can
#: forget to raise a number.
_READERS = {
    "crawler": ("card", "front_matter", "records"),
    "index": ("claim", "data_sets", "families", "licens", "limit_words", "lineage", "model", "own_license", "verdict"),
    "index.probes": ("",),
    "index.texts": ("",),
}


class Basis(NamedTuple):
    """The parts, in the order in which they are stored."""

    repo: bytes  # the fingerprint of its row
    card: bytes  # its documents as last looked at
    base: bytes  # what its bases hand down
    data: bytes  # what the Hub shows of the data sets that it names
    probes: bytes  # how evidence is read
    rules: bytes  # how it is judged
    override: bytes  # the reviews of this model
    listing: bytes = b""  # night since which its row cannot be read; empty = it can

    def packed(self) -> bytes:
        """As stored."""
        return b"".join(self)

    def same_sight(self, other: Basis) -> bool:
        """Whether probes would see the same in both."""
        return (*self[:2], self.data, self.probes, self.listing) == (
            *other[:2],
            other.data,
            other.probes,
            other.listing,
        )


def unpacked(stored: bytes) -> Basis:
    """A basis as stored; parts that are not there are empty, and so equal to none."""
    cut = (len(Basis._fields) - 1) * WIDTH
    return Basis._make([*(stored[i : i + WIDTH] for i in range(0, cut, WIDTH)), stored[cut:]])


def part(name: str) -> str:
    """SQL for one part of `v.basis`."""
    at = Basis._fields.index(name) * WIDTH + 1
    return f"CAST(substr(v.basis, {at}) AS TEXT)" if name == "listing" else f"substr(v.basis, {at}, {WIDTH})"


#: The parts in the order in which they are named as the cause, and the word for it. New rules before a base that
#: changed: where both did, the base moved by the rules too.
_CAUSES = {
    "repo": "repo", "card": "card", "listing": "listing", "data": "data", "override": "override", "rules": "rules",
    "probes": "rules", "base": "base",
}  # fmt: skip


def cause_of(before: bytes | None, now: Basis) -> str:
    """Why a repo is judged anew: first, or the first of _CAUSES that differs, or rules where somebody just asked."""
    if before is None:
        return "first"
    old = unpacked(before)
    return next((word for name, word in _CAUSES.items() if getattr(old, name) != getattr(now, name)), "rules")


# -- digests ----------------------------------------------------------------------------------------------------------


def digest(of: bytes) -> bytes:
    """One part."""
    return hashlib.blake2b(of, digest_size=WIDTH).digest()


def papers(found: Iterable[Document]) -> bytes:
    """What was found of a repo's documents."""
    parts = (d.path.encode("utf-8", "surrogatepass") + d.outcome.encode() + (d.hash or b"-") for d in sorted(found))
    return digest(b"\0".join(parts))


def above(repo: Repo, find: Callable[[str], Handed | None], peers: Sequence[License] = ()) -> bytes:
    """What a repo's bases hand down, and who is in a cycle with it."""
    if not repo.bases:
        return digest(b"")
    return digest(msgspec.json.encode(([(b, find(b.repo_id)) for b in repo.bases], [p.id for p in peers])))


def reviews(of: Sequence[Override]) -> bytes:
    """The reviews of one model."""
    return digest(msgspec.json.encode([tuple(one) for one in of])) if of else NOTHING


def data_sets(facts: Mapping[str, str]) -> bytes:
    """What the Hub shows of the data sets that a model names: name -> facts."""
    return digest(msgspec.json.encode(sorted(facts.items()))) if facts else NOTHING


def read_by(module: str) -> bool:
    """Whether a module, by its dotted name, is one that evidence is made with."""
    package, _, name = module.rpartition(".")
    return name.startswith(_READERS.get(package, ("-",)))


@cache
def probes() -> bytes:
    """How evidence is read."""
    read = []
    for package, names in _READERS.items():
        folder = files(package.partition(".")[0]).joinpath(*package.split(".")[1:])
        found = [f for f in folder.iterdir() if f.is_file() and f.name.startswith(names) and "." in f.name]
        read += [f.name.encode() + f.read_bytes() for f in sorted(found, key=lambda f: f.name)]
    return digest(b"\0".join(map(digest, read)))


@cache
def rules() -> bytes:
    """How evidence is judged."""
    return digest(RULES_VERSION.encode() + probes())
