"""The terms of a base that a card states by its id in a sentence and does not declare: what the index's rows say.

A sentence is less than a declaration: the row's own licence, its maker's word and those of what the row declares as
bases count, not the verdict, so that no order of judging is needed. It is looked up when the model is judged: a base
whose licence changes later is heard when the model, or how models are judged, changes next. Judges nothing.
"""

from __future__ import annotations

import sqlite3

from crawler.records import Repo
from index import licenses, tables
from index.families import terms_on
from index.licenses import License
from index.lineage import Claim, candidates, claimants, eligible

MAX_ABOVE = 24  # repos asked of one stated base: itself, its bases and theirs


def terms(conn: sqlite3.Connection, child: Repo, name: str) -> License | None:
    """The strictest terms of what bears this name in hub.db and of its declared bases; None when nothing is known."""
    found: list[License] = []
    asked: set[str] = set()
    due = [name]
    while due and len(asked) < MAX_ABOVE:
        one = due.pop(0)
        if one.casefold() in asked:
            continue
        asked.add(one.casefold())
        if known := terms_on(one):
            found.append(licenses.catalogue()[known])
        for repo in tables.repos(conn, _bearers(conn, child, one)):
            if repo.repo != child.repo:
                found.append(licenses.resolve(repo.license, repo.license_name, repo.license_link).license)
                due += [base.repo_id for base in repo.bases]
    return licenses.most_restrictive(found) if found else None


def _bearers(conn: sqlite3.Connection, child: Repo, name: str) -> list[int]:
    """Keys of the repos that a name may mean to a model made from it."""
    ways = list(candidates(name))
    known = tables.bearers(conn, ways)
    claims: dict[Claim, None] = dict.fromkeys(c for way in ways for c in claimants(way, known.get(way.casefold(), ())))
    return [claim.repo for claim in eligible(claims, child.created_at)]
