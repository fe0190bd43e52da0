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


#: (day, models on the Hub that were created until then): published counts. Only to cut a first walk into even parts.
_GROWTH = ((1_646_263_744, 0), (1_656_633_600, 60_000), (1_688_169_600, 250_000), (1_720_656_000, 760_000),
           (1_751_328_000, 1_800_000), (1_791_033_600, 3_118_000))  # fmt: skip


def _count_at(second: float) -> float:
    """Models created until then, interpolated; beyond the last known day at the last known pace."""
    for (a, x), (b, y) in zip(_GROWTH, _GROWTH[1:], strict=False):
        if second <= b:
            return x + max(0.0, second - a) / (b - a) * (y - x)
    (a, x), (b, y) = _GROWTH[-2:]
    return y + (second - b) / (b - a) * (y - x)


def cuts_by_time(after: str, now: float, parts: int) -> list[str]:
    """Ids that cut (after, now] into `parts` ranges with about equally many models, by the seconds in the ids."""
    try:
        first = float(int(after[:8] or "0", 16))
    except ValueError:
        return []
    first = max(first, float(_GROWTH[0][0]))
    if now - first < 86_400 * parts:
        return []
    low, high = _count_at(first), _count_at(now)
    cuts = []
    for i in range(1, parts):
        wanted = low + (high - low) * i / parts
        a, b = first, now
        for _ in range(40):  # _count_at rises: halve until the second is found
            middle = (a + b) / 2
            a, b = (middle, b) if _count_at(middle) < wanted else (a, middle)
        cuts.append(f"{int(b):08x}{'0' * 16}")
    return sorted({c for c in cuts if c > after})


def is_cover(ranges: Sequence[tuple[str, str]]) -> bool:
    """True when ranges (lo, hi] join from the first id to the open end, without gap or overlap."""
    ordered = sorted(ranges)
    return (
        bool(ordered)
        and ordered[0][0] == ""
        and ordered[-1][1] == ""
        and all(a[1] == b[0] and a[1] for a, b in zip(ordered, ordered[1:], strict=False))
    )


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
