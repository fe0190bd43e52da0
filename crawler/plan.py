"""What to fetch, what has changed, what counts as vanished: (known, seen) -> decisions. Pure; no I/O, no clock."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from crawler.records import Listed, Reject, Repo


class Known(NamedTuple):
    """What a page is compared with: the narrow row of a repo in hub.db."""

    repo: int
    oid: str
    fingerprint: bytes
    downloads: int | None
    downloads_all_time: int | None
    likes: int | None
    missing_since: str | None


class PagePlan(NamedTuple):
    """What one page of the walk means for the store."""

    new: list[Listed]
    changed: list[tuple[Known, Listed]]  # something other than a counter
    counted: list[tuple[Known, Listed]]  # a counter, whatever else
    returned: list[tuple[Known, Listed]]  # was missing
    absent: list[Known]  # known, in the page's range, not on the page
    rejects: list[Reject]


class Change(NamedTuple):
    """One dated event of a repo."""

    field: str
    old: str | None
    new: str | None


def read_page(known: Sequence[Known], rows: Iterable[Listed | Reject]) -> PagePlan:
    """Compare a page with what is known in the same range of ids. A rejected row is seen, not absent."""
    by_oid = {k.oid: k for k in known}
    plan = PagePlan([], [], [], [], [], [])
    seen: set[str] = set()
    for row in rows:
        if row.oid is not None:
            if row.oid in seen:
                continue  # the same row twice on a page: the first one counts
            seen.add(row.oid)
        if isinstance(row, Reject):
            plan.rejects.append(row)
            continue
        k = by_oid.get(row.oid)
        if k is None:
            plan.new.append(row)
            continue
        if k.missing_since is not None:
            plan.returned.append((k, row))
        if k.fingerprint != row.fingerprint():
            plan.changed.append((k, row))
        if (k.downloads, k.downloads_all_time, k.likes) != (row.downloads, row.downloads_all_time, row.likes):
            plan.counted.append((k, row))
    plan.absent.extend(k for k in known if k.oid not in seen and k.missing_since is None)
    return plan


def is_ascending(after: str, rows: Iterable[Listed | Reject]) -> bool:
    """True when a page continues the walk: ids strictly rising, all beyond `after`."""
    last = after
    for row in rows:
        if row.oid is None:
            continue
        if row.oid <= last:
            return False
        last = row.oid
    return True


def _bases(repo: Repo) -> str | None:
    return ", ".join(sorted(b.repo_id for b in repo.bases)) or None


def _flag(value: bool | None) -> str | None:
    return None if value is None else ("yes" if value else "no")


def changes(old: Repo, new: Repo) -> list[Change]:
    """Events between two states of one repo. A field that was not shown on either side is not an event."""
    found = []
    for field, before, after in (
        ("name", old.repo_id, new.repo_id),
        ("gated", old.gated, new.gated),
        ("disabled", _flag(old.disabled), _flag(new.disabled)),
        ("private", _flag(old.private), _flag(new.private)),
    ):
        if before != after and before is not None and after is not None:
            found.append(Change(field, before, after))
    if old.tags is not None or old.card_data is not None:  # else the old licence was never shown
        found += [
            Change(field, before, after)
            for field, before, after in (
                ("license", old.license, new.license),
                ("license_name", old.license_name, new.license_name),
                ("license_link", old.license_link, new.license_link),
                ("base_model", _bases(old), _bases(new)),
            )
            if before != after and (new.tags is not None or new.card_data is not None)
        ]
    return found


def cursor(after: str) -> str:
    """The Hub's own cursor of `sort=createdAt&direction=1`: everything with an id beyond `after`."""
    return base64.b64encode(f'{{"_id":{{"$gt":"{after}"}}}}'.encode()).decode()


_LICENSE_FILE = re.compile(r"(licen[cs]e|copying|use_policy)[\w.+-]*", re.IGNORECASE)
MAX_LICENSE_FILES = 3


def document_paths(files: Sequence[str] | None) -> tuple[str, ...]:
    """Which documents of a repo are worth a request: its README and up to three licence files of its top folder.

    A repo whose file list was not shown may have a README: it is asked for.
    """
    if files is None:
        return ("README.md",)
    readme = tuple(f for f in files if f == "README.md")
    return readme + tuple(f for f in files if _LICENSE_FILE.fullmatch(f))[:MAX_LICENSE_FILES]


def is_implausible(seen: int, known: int) -> bool:
    """A whole walk that saw far fewer models than are known says more about the walk than about the Hub."""
    return known >= 100 and seen < 0.8 * known
