"""What to fetch, what has changed, what counts as vanished: (known, seen) -> decisions. Pure; no I/O, no clock."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from crawler.records import UNREADABLE, Base, Listed, Reject, Repo, declared_bases, declared_license, rejected


class Known(msgspec.Struct, frozen=True, gc=False):
    """What a page is compared with: the narrow row of a repo in hub.db."""

    repo: int
    oid: str
    fingerprint: bytes
    downloads: int | None
    downloads_all_time: int | None
    likes: int | None
    missing_since: str | None
    rejected_since: str | None = None


class PagePlan(NamedTuple):
    """What one page of the walk means for the store."""

    new: list[Listed]
    changed: list[tuple[Known, Listed]]  # something other than a counter
    counted: list[tuple[Known, Listed]]  # a counter, whatever else
    returned: list[tuple[Known, Listed]]  # was missing
    absent: list[Known]  # known, in the page's range, not on the page
    rejects: list[Reject]
    readable: Sequence[Known] = ()  # could not be read the last time, and is as it was before that


class Change(NamedTuple):
    """One dated event of a repo."""

    field: str
    old: str | None
    new: str | None


def read_page(known: Sequence[Known], rows: Iterable[Listed | Reject]) -> PagePlan:
    """Compare a page with what is known in the same range of ids. A rejected row is seen, not absent.

    A repo that one page shows in two ways is taken as the first has it, and rejected: nobody knows which is true.
    """
    by_oid = {k.oid: k for k in known}
    plan = PagePlan([], [], [], [], [], [])
    readable: list[Known] = []
    seen: dict[str, Listed | Reject] = {}
    for row in rows:
        oid = row.oid
        if oid is not None:
            first = seen.setdefault(oid, row)
            if first is not row:
                plan.rejects.extend(_contradiction(first, row))
                continue
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
        elif k.rejected_since is not None:
            readable.append(k)
        if (
            k.downloads != row.downloads
            or k.downloads_all_time != row.downloads_all_time
            or k.likes != row.likes
        ):  # fmt: skip
            plan.counted.append((k, row))
    if not any(row.oid is None for row in plan.rejects):  # else the row that cannot be read may be any of them
        plan.absent.extend(k for k in known if k.oid not in seen and k.missing_since is None)
    if readable:
        refused = {row.oid for row in plan.rejects}
        return plan._replace(readable=[k for k in readable if k.oid not in refused])
    return plan


def _contradiction(first: Listed | Reject, again: Listed | Reject) -> list[Reject]:
    """The second row of one repo on a page, as a reject unless it says what the first one says."""
    if isinstance(again, Reject):
        return [again]
    if isinstance(first, Listed) and first.fingerprint() != again.fingerprint():
        return [rejected(again, "shown twice on one page, with different facts")]
    return []


MANY = 50  # repos of one page that must have lost the same thing before the page is doubted


def lost_counters(known: Sequence[Known], page: PagePlan, many: int = MANY) -> bool:
    """True when most repos of a page are shown with 0 downloads at once: that is said of the answer, not of the
    models.
    """
    lost = sum(1 for k, row in page.counted if _lost(k, row))
    if lost < many:
        return False
    return lost > sum(1 for k in known if k.missing_since is None and (k.downloads or k.downloads_all_time)) / 2


def _lost(k: Known, row: Listed) -> bool:
    """A model with downloads is shown with 0. A few in 30 days may well come to rest. Not shown is unknown, which
    is honest.
    """
    had = bool(k.downloads_all_time) or (k.downloads or 0) >= 10
    return had and 0 in (row.downloads, row.downloads_all_time) and not row.downloads and not row.downloads_all_time


def is_mass_change(known: Sequence[Known], page: PagePlan, many: int = MANY) -> bool:
    """True when so many repos of a page changed at once that it is worth asking what they lost."""
    return len(page.changed) >= many and len(page.changed) > len(known) / 2


#: Facts that a repo does not lose in the company of hundreds of others.
_KEPT = ("gated", "sha", "license", "tags", "files", "card_data")


def lost_facts(pairs: Sequence[tuple[Repo, Repo]], many: int = MANY) -> list[str]:
    """Fields that most repos of a mass change had before and do not show now. `pairs`: (before, now)."""
    found = []
    for field in _KEPT:
        had = [now for before, now in pairs if getattr(before, field) is not None]
        lost = sum(1 for now in had if getattr(now, field) in (None, UNREADABLE))
        if lost >= many and lost > len(had) / 2:
            found.append(field)
    return found


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


def _tagged(repo: Repo, *prefixes: str) -> str | None:
    """What the tags with these prefixes name, without the prefix of the first."""
    return ", ".join(sorted(t.removeprefix(prefixes[0]) for t in repo.tags or () if t.startswith(prefixes))) or None


#: Fields that every answer about a repo has, whatever the repo is like: not shown says nothing about the repo.
_ALWAYS = ("sha", "created_at", "last_modified", "private", "disabled", "gated", "tags")
#: Fields that the Hub leaves out where there is nothing to show: in a new revision, not shown means gone.
_OF_REVISION = ("pipeline_tag", "library", "model_type", "parameters", "auto_model", "architectures", "custom_code",
                "gguf")  # fmt: skip


def _shows_all(old: Repo, new: Repo) -> bool:
    """Whether what `new` does not show is gone: another revision, by a row that shows the tags made from it."""
    if None in (old.sha, new.sha):
        another = None not in (old.last_modified, new.last_modified) and old.last_modified != new.last_modified
    else:
        another = old.sha != new.sha
    return new.tags is not None and another


def merged(old: Repo, new: Repo) -> Repo:
    """What is known of a repo after tonight's row: a field that the row does not show stays as it was shown before.

    Front matter, config and the Hub's own field of bases are left out for repos that have none; they stay while the
    revision stays (or is not shown), and go with a new one. Counters are tonight's: an unknown count is a gap. Gating
    in a word that we do not know is shown: it is not what it was before.
    """
    gone = _shows_all(old, new)
    kept = {f: getattr(old, f) for f in _ALWAYS if getattr(new, f) is None}
    if new.files is None:
        kept |= {"files": old.files, "file_count": old.file_count}
    if not gone:
        kept |= {f: getattr(old, f) for f in _OF_REVISION if not getattr(new, f)}
        if new.card_data is None:
            kept |= {f: getattr(old, f) for f in ("card_data", "license_name", "license_link")}
    now = msgspec.structs.replace(new, **kept)
    license_ = declared_license(now.tags, now.card_data)
    if now.tags is None and now.card_data is None:
        license_ = new.license or old.license
    bases = {base.repo_id: base for base in new.bases}
    for base in declared_bases(now.tags, now.card_data) + (() if gone else _by_field(old)):
        bases.setdefault(base.repo_id, base)
    return msgspec.structs.replace(now, license=license_, bases=tuple(bases.values()))


def _by_field(repo: Repo) -> tuple[Base, ...]:
    """Bases that only the Hub's own field names."""
    stated = {base.repo_id for base in declared_bases(repo.tags, repo.card_data)}
    return tuple(base for base in repo.bases if base.repo_id not in stated)


def _names(repo: Repo) -> str | None:
    return ", ".join(sorted(b.repo_id for b in repo.bases)) or None


def _flag(value: bool | None) -> str | None:
    return None if value is None else ("yes" if value else "no")


def _shown(old: Repo, new: Repo) -> tuple[Repo, Repo]:
    """Both states with only those of tags and front matter that both show, and what these alone declare."""
    by_field = bool(_by_field(old) and _by_field(new))
    both = {f: getattr(old, f) is not None and getattr(new, f) is not None for f in ("tags", "card_data")}
    cut = []
    for repo in (old, new):
        tags, card = repo.tags if both["tags"] else None, repo.card_data if both["card_data"] else None
        bases = declared_bases(tags, card) + (_by_field(repo) if by_field else ())
        names = {} if both["card_data"] else {"license_name": None, "license_link": None}
        cut.append(msgspec.structs.replace(repo, license=declared_license(tags, card), bases=bases, **names))
    return cut[0], cut[1]


def changes(old: Repo, new: Repo) -> list[Change]:
    """Events between what is known of a repo and tonight's row. A field that either does not show is not an event.

    Licence and bases are said by tags and front matter: each of the two counts only where both states show it.
    """
    found = []
    for field, before, after in (
        ("name", old.repo_id, new.repo_id),
        ("gated", old.gated, new.gated),
        ("disabled", _flag(old.disabled), _flag(new.disabled)),
        ("private", _flag(old.private), _flag(new.private)),
    ):
        if before != after and before is not None and after not in (None, UNREADABLE):
            found.append(Change(field, before, after))
    now = merged(old, new)
    was, then = _shown(old, new)
    for field in ("license", "license_name", "license_link"):
        if getattr(was, field) != getattr(then, field) and getattr(old, field) != getattr(now, field):
            found.append(Change(field, getattr(old, field), getattr(now, field)))
    if _names(was) != _names(then) and _names(old) != _names(now):
        found.append(Change("base_model", _names(old), _names(now)))
    if old.tags is not None and new.tags is not None:  # training data and papers are what openness is judged by
        found += [
            Change(field, before, after)
            for field, before, after in (
                ("datasets", _tagged(old, "dataset:"), _tagged(new, "dataset:")),
                ("papers", _tagged(old, "arxiv:", "doi:"), _tagged(new, "arxiv:", "doi:")),
            )
            if before != after
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


def end_of_ids(now: float) -> str:
    """An id beyond every id made until `now` (Unix time)."""
    return f"{max(0, int(now)):08x}{'f' * 16}"[-24:]


def _number(oid: str) -> int:
    try:
        return int(oid or "0", 16)
    except ValueError:
        return 0  # an id of another form: it cannot be measured, so nothing is cut there


def rest(lo: str, cursor: str, hi: str, models: int) -> float:
    """How many models a range still holds up to `hi`, if they lie as densely as the `models` from `lo` to
    `cursor`; 0 = no idea.
    """
    start = _number(lo)
    walked, left = _number(cursor) - start, _number(hi) - _number(cursor)
    return models * left / walked if walked > 0 and left > 0 else 0.0


def middle(cursor: str, hi: str) -> str:
    """The id half way between two ids."""
    return f"{(_number(cursor) + _number(hi)) // 2:024x}"


def joint_fault(ended: Sequence[tuple[str | None, str | None]]) -> str:
    """What is wrong where ranges meet, '' = nothing. Items in order of ids: (first id seen, what was seen beyond the
    end).

    A range that ends inside a page has seen the first id of its neighbour: the neighbour, walked from a cursor that we
    made, must have begun with it or before (with one that was deleted meanwhile). Beyond '' = the Hub ended there:
    nothing may follow. None = nothing was seen.
    """
    for i, (_, beyond) in enumerate(ended):
        first = next((f for f, _ in ended[i + 1 :] if f is not None), None)
        if beyond is None:
            continue
        if beyond == "" and first is not None:
            return f"the listing ended before {first}, which another part of it shows"
        if beyond and (first is None or first > beyond):
            return f"{beyond} is in the listing, but not when asked for what lies around it"
    return ""


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


def license_files(files: Sequence[str] | None) -> tuple[str, ...]:
    """Up to three licence files of a repo's top folder."""
    text = "\n".join(files or ()).lower()
    if not ("licen" in text or "copying" in text or "use_policy" in text):  # most repos: no need to look name by name
        return ()
    return tuple(f for f in files or () if _LICENSE_FILE.fullmatch(f))[:MAX_LICENSE_FILES]


def document_paths(files: Sequence[str] | None) -> tuple[str, ...]:
    """Which documents of a repo are worth a request: its README and up to three licence files of its top folder.

    A repo whose file list was not shown may have a README: it is asked for.
    """
    if files is None:
        return ("README.md",)
    return tuple(f for f in files if f == "README.md") + license_files(files)


def is_implausible(seen: int, known: int) -> bool:
    """A whole walk that saw far fewer models than are known says more about the walk than about the Hub."""
    return known >= 100 and seen < 0.8 * known
