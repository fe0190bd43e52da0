"""One repo with everything that its verdict rests on -> a row to be written, or nothing when all is as it was.

Reads a batch of repos (`read`), and judges one at a time (`judge_one`): by what its row and documents show, or, where
only rules, reviews or bases changed, by the evidence that is stored. Writes nothing; the order is `judge.py`'s, what
it all means is `verdict.py`'s.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from crawler import cards, datasets
from crawler.records import Base, Repo
from index import basis, licenses, stated, tables
from index import due as listed
from index.basis import Basis
from index.library import Library
from index.lineage import Claim, Handed, Link, base_terms, eligible, strictest
from index.overrides import Override
from index.own_license import README, own_license, stated_bases
from index.tables import Before, Document, Row
from index.verdict import Text, Verdict, failed, look, remember, weigh

MAX_DATA_SETS = 200  # of one model that count
Overrides = Mapping[str, Sequence[Override]]


class World(NamedTuple):
    """What judging a repo needs beside the repo itself. Shared by all workers, read only."""

    claims: Mapping[str, tuple[Claim, ...]]  # name of a declared base -> the repos that bear it, or bore it
    card_bases: Mapping[int, tuple[Base, ...]]  # that only the README of a due repo declares
    handed: dict[int, Handed]
    overrides: Overrides
    everything: bool

    def bases(self, name: str, child: Repo) -> list[int]:
        """The repos that a name may mean to a model, itself left out."""
        found = eligible(self.claims.get(name, ()), child.created_at)
        return [claim.repo for claim in found if claim.repo != child.repo]


class Given(NamedTuple):
    """One repo as stored."""

    repo: Repo  # as its row shows it
    whole: Repo  # with the bases that only its README declares
    papers: Sequence[Document]
    facts: Mapping[str, str]  # data sets that it names -> what the Hub shows of them
    before: Before | None


class Made(NamedTuple):
    """One repo judged."""

    row: Row
    handed: Handed
    cause: str


def read(conn: sqlite3.Connection, keys: Sequence[int], world: World) -> dict[int, Given]:
    """Repos with what is stored of them, in the order of their keys."""
    papers, before = tables.documents(conn, keys), tables.before(conn, keys)
    repos = list(tables.repos(conn, keys))
    named = {r.oid: data_names(r) for r in repos}
    facts = tables.data_facts(conn, {name for names in named.values() for name in names})
    found = {}
    for repo in repos:
        key = _key(repo)
        more = world.card_bases.get(key, ())
        whole = msgspec.structs.replace(repo, bases=(*repo.bases, *more)) if more else repo
        shown = {name: facts.get(name, "") for name in named[repo.oid]}
        found[key] = Given(repo, whole, papers.get(key, ()), shown, before.get(key))
    return found


def data_names(repo: Repo) -> list[str]:
    """The ids of data sets that its row names, as many as count."""
    return sorted(datasets.names_of(repo.tags, repo.card_data))[:MAX_DATA_SETS]


_BASE_KEY = re.compile(rb"base[ _-]*model|model[ _-]*base", re.IGNORECASE)


def card_bases(conn: sqlite3.Connection, library: Library, due: str) -> dict[int, tuple[Base, ...]]:
    """The bases that only the READMEs of due repos declare: read there, or remembered where nothing is to be read."""
    found: dict[int, tuple[Base, ...]] = {}
    for repo, text, key in listed.read_anew(conn, due):
        (readme,) = library.texts([Document(README, "ok", key)])
        body = readme.body or b""
        if _BASE_KEY.search(body) or b"\0" in body:  # else there is no such key; zeros: letters of two bytes
            more = stated_bases(tables.decoded_bases(text), cards.front_matter(body))
            if more:
                found[repo] = more
    for repo, text, name, relation in listed.remembered_bases(conn, due):
        if all(name != base.repo_id for base in tables.decoded_bases(text)):
            found[repo] = (*found.get(repo, ()), Base(relation, name, "card"))
    return found


def judge_one(
    given: Given, world: World, conn: sqlite3.Connection, library: Library, cycle: frozenset[str] = frozenset(),
    peers: Sequence[licenses.License] = (),
) -> Made | None:  # fmt: skip
    """The verdict of one repo with its cause, or None when everything that the old one rests on is as it was."""
    repo, whole, before = given.repo, given.whole, given.before

    def find(name: str) -> Handed | None:
        return None if name in cycle else strictest([world.handed.get(key) for key in world.bases(name, repo)])

    reviews = world.overrides.get(repo.repo_id, ())
    now = Basis(
        repo.fingerprint, basis.papers(given.papers), basis.above(whole, find, peers), basis.data_sets(given.facts),
        basis.probes(), basis.rules(), basis.reviews(reviews), (repo.rejected_since or "").encode(),
    )  # fmt: skip
    if before is not None and before.basis == now.packed() and not world.everything:
        return None
    try:
        sight = None
        if before is not None and not world.everything and now.same_sight(basis.unpacked(before.basis)):
            sight = remember(whole, *tables.dossier(conn, before.dossier))
        if sight is None:
            sight = look(repo, library.texts(given.papers), given.facts)
        terms = partial(stated.terms, conn, repo)
        verdict = weigh(sight, find, cycle=cycle, peers=peers, overrides=reviews, terms=terms)
    except Exception as error:  # one odd repo must not end the night; its row says why
        verdict = failed(whole, error)
    cause = basis.cause_of(before.basis if before else None, now)
    note = _note(reviews) if cause == "override" else ""
    return Made(_row(given, verdict, now.packed(), _bound(world, repo, verdict.links), note), verdict.handed, cause)


def reached(given: Given, world: World, texts: Sequence[Text], cycle: frozenset[str]) -> tuple[licenses.License, ...]:
    """The licences that a member brings into a cycle: its own, and those of its bases outside of it."""
    repo = given.repo
    try:
        own = own_license(given.whole, texts).license
    except Exception:  # its row will say why; what it brings into the cycle is not known
        own = licenses.UNKNOWN
    outside = [
        base_terms(base, strictest([world.handed.get(key) for key in world.bases(base.repo_id, repo)]), repo.repo_id)
        for base in given.whole.bases
        if base.repo_id not in cycle
    ]
    return own, *filter(None, outside)


def _bound(world: World, repo: Repo, links: Sequence[Link]) -> tuple[int | None, ...]:
    return tuple(_binding(world, repo, link) for link in links)


def _binding(world: World, repo: Repo, link: Link) -> int | None:
    """The repo that a link means: of several that claim the name, the one whose terms bind."""
    keys = world.bases(link.base.repo_id, repo)
    for key in keys:
        handed = world.handed.get(key)
        if handed is not None and (handed.repo_id, handed.license) == (link.resolved, link.license):
            return key
    return keys[0] if keys else None


def _note(reviews: Sequence[Override]) -> str:
    """What people reviewed, in words; a review that is gone was taken back."""
    said = [f"{o.dimension} {o.value}: {o.detail}" for o in reviews]
    return "; ".join(said)[:1000] if said else "A review was taken back."


def _row(given: Given, verdict: Verdict, packed: bytes, bases: tuple[int | None, ...], note: str) -> Row:
    made, handed, repo = verdict.assessment, verdict.handed, given.whole
    return Row(
        _key(repo), repo.repo_id, repo.downloads, int(made.level), int(made.level_max), str(made.restriction),
        made.license_effective, verdict.radboud_score, verdict.eu_score, verdict.mof_class, made.claims_open_source,
        verdict.family, repo.bases[0].repo_id if repo.bases else None, int(handed.allows), int(handed.allows_max),
        str(handed.why), repo.license, verdict.digest, verdict.cells, verdict.evidence, verdict.own, packed,
        verdict.links, bases, tuple(given.facts.items()), note, verdict.error,
    )  # fmt: skip


def _key(repo: Repo) -> int:
    assert repo.repo is not None, "a stored repo has its key"
    return repo.repo
