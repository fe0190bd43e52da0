"""What can go wrong on the replay Hub, and how much of it is allowed: faults, quotas and latency as data.

`Faults` says which requests are spoiled, by rates (a seeded random, at most one fault a request) and by a script (the
n-th request of a route). `Quotas` are fixed windows per bucket and identity. Both are pure: time and the request come
in as arguments; `replay` turns the outcome into bytes. Text forms (`errors=0.02,drop@file=0.01`) are for the command.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Literal, NamedTuple

from crawler.errors import UsageError

Route = Literal["listing", "info", "file", "other"]

_HTTP = {
    "quota": "429 with r=0 and a reset",
    "quota_left": "429 although r>0",
    "quota_bare": "429 without any rate headers",
    "retry_after": "429 with Retry-After and no rate headers",
    "error500": "500",
    "error502": "502",
    "error503": "503",
    "error504": "504",
    "drop": "connection closed before the answer",
    "truncate": "connection closed within the body",
    "stall": "half of the body, then silence",
    "drip": "headers byte by byte, that never end",
    "gzip": "a good answer, gzip and without Content-Length",
    "json": "200 with broken JSON",
    "shape": "200 with JSON of another shape",
    "html": "200 with an HTML page",
    "revoke": "from now on every token is refused",
}
_LISTING = {
    "poison_card": "a row whose cardData is text",
    "poison_tags": "a row whose tags are a number",
    "poison_counts": "a row whose counters are text",
    "poison_row": "a row that is not an object",
    "repeat": "the next link is this page's own",
    "foreign_link": "the next link names another host",
    "relative_link": "the next link is relative",
    "short": "a page shorter than the limit, with a next link",
}
_REPO = {
    "delete": "a repo is gone from now on (argument: its id; else one of this answer)",
    "rename": "a repo has another id from now on (argument: old=new; else one of this answer)",
}
_FILE = {
    "other_repo": "the answer redirects to another repo, with another `_id` (argument: its id)",
    "lfs": "the file is served from another host, as LFS files are",
}
KINDS: Mapping[str, str] = _HTTP | _LISTING | _REPO | _FILE
#: Names that stand for one of several kinds, chosen at random each time.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "errors": ("error500", "error502", "error503", "error504"),
    "quotas": ("quota", "quota_left", "quota_bare", "retry_after"),
    "poison": ("poison_card", "poison_tags", "poison_counts", "poison_row"),
    "bodies": ("truncate", "gzip", "json", "shape", "html"),
}


class Fault(NamedTuple):
    """What happens to one request."""

    kind: str
    argument: str = ""


@dataclass(frozen=True)
class Scripted:
    """The fault of the `at`-th request (1 = the first) of a route, and of the `times - 1` after it."""

    at: int
    kind: str
    route: Route | Literal["any"] = "any"
    argument: str = ""
    times: int = 1


@dataclass(frozen=True)
class Faults:
    """Which requests are spoiled. `rates`: kind, group, or either with `@route` -> share of the matching requests."""

    rates: Mapping[str, float] = field(default_factory=dict)
    script: Sequence[Scripted] = ()
    seed: int = 0
    wait: int = 1  # seconds that a made 429 asks for
    stall: float = 30.0  # seconds of silence, or of dripping headers, before the connection is closed
    poison_extra: bool = False  # poison an additional, invented row instead of a real one
    made_cursors: Literal["honoured", "refused", "ignored"] = "honoured"  # cursors this server never gave out
    upper_bounds: Literal["refused", "ignored", "honoured"] = "refused"  # `$lte`: what the real Hub does is unknown
    lfs: frozenset[str] = frozenset()  # repos whose files are all served from another host

    def __post_init__(self) -> None:
        """Refuse names that are no fault. Raises UsageError."""
        for name in (*self.rates, *(s.kind for s in self.script)):
            kind, _, route = name.partition("@")
            if kind not in KINDS and kind not in GROUPS:
                raise UsageError(f"No fault is called {kind!r}; there are {', '.join((*KINDS, *GROUPS))}.")
            if route not in ("", "listing", "info", "file", "other", "any"):
                raise UsageError(f"No route is called {route!r}; there are listing, info, file and other.")
        ways = ("honoured", "refused", "ignored")
        if self.made_cursors not in ways or self.upper_bounds not in ways:
            raise UsageError(f"made_cursors and upper_bounds are {', '.join(ways)}.")


def applies(kind: str, route: str) -> bool:
    """Whether a fault makes sense on a route."""
    if kind in _LISTING:
        return route == "listing"
    if kind in _FILE:
        return route == "file" or (kind == "other_repo" and route == "info")
    if kind in _REPO:
        return route in ("listing", "info", "file")
    return True


class FaultPlan:
    """Faults with their state: how many requests came on each route, and the random numbers used so far."""

    def __init__(self, faults: Faults) -> None:
        """Start counting at the next request."""
        self.faults = faults
        self.random = random.Random(faults.seed)
        self._counts: dict[str, int] = {}

    def next(self, route: Route) -> Fault | None:
        """The fault of this request, or None. The script comes before the rates."""
        for name in (route, "any"):
            self._counts[name] = self._counts.get(name, 0) + 1
        for entry in self.faults.script:
            number = self._counts.get(entry.route, 0)
            matches = entry.route in (route, "any") and entry.at <= number < entry.at + entry.times
            if matches and (kind := self._one_of(entry.kind, route)):
                return Fault(kind, entry.argument)
        if not self.faults.rates:
            return None
        draw = self.random.random()
        for name, rate in self.faults.rates.items():
            wanted, _, on = name.partition("@")
            kind = self._one_of(wanted, route) if on in ("", "any", route) else ""
            if kind:
                if draw < rate:
                    return Fault(kind)
                draw -= rate
        return None

    def _one_of(self, name: str, route: str) -> str:
        kinds = [k for k in GROUPS.get(name, (name,)) if applies(k, route)]
        return kinds[0] if len(kinds) == 1 else self.random.choice(kinds) if kinds else ""


def parse_faults(text: str, seed: int = 0) -> Faults:
    """Faults from `errors=0.02,drop@file=0.01,html@listing#3,made_cursors=refused`. Raises UsageError.

    `kind[@route]=share` is a rate, `kind[@route][:argument]#n` the n-th request, and the names of the settings of
    `Faults` (wait, stall, poison_extra, made_cursors, upper_bounds) set them.
    """
    rates: dict[str, float] = {}
    script: list[Scripted] = []
    settings: dict[str, object] = {}
    readers: dict[str, Callable[[str], object]] = {
        "wait": int,
        "stall": float,
        "poison_extra": lambda v: v == "true",
        "made_cursors": str,
        "upper_bounds": str,
    }
    for part in filter(None, (p.strip() for p in text.split(","))):
        try:
            if "#" in part:
                name, _, number = part.rpartition("#")
                name, _, argument = name.partition(":")
                kind, _, route = name.partition("@")
                script.append(Scripted(int(number), kind, route or "any", argument))  # type: ignore[arg-type]
                continue
            name, _, value = part.partition("=")
            if name in readers:
                settings[name] = readers[name](value)
            else:
                rates[name] = float(value)
        except ValueError as e:
            raise UsageError(f"{part!r} is not a fault: write kind=share, kind#n or setting=value.") from e
    return Faults(rates, tuple(script), seed, **settings)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Quota:
    """`q` requests in every fixed window of `w` seconds."""

    q: int
    w: float = 300


@dataclass(frozen=True)
class Quotas:
    """The quota of each bucket; the same for every token and address. Default: the Hub's highest published plan."""

    api: Quota = Quota(100_000)
    resolvers: Quota = Quota(500_000)
    pages: Quota = Quota(10_000)


#: The Hub's published plans (rate-limits page, September 2025): api, resolvers, pages per 300 s.
PLANS: Mapping[str, Quotas] = {
    name: Quotas(Quota(api), Quota(resolvers), Quota(pages))
    for name, api, resolvers, pages in (
        ("anonymous", 500, 3_000, 100),
        ("free", 1_000, 5_000, 200),
        ("pro", 2_500, 12_000, 400),
        ("team", 3_000, 20_000, 400),
        ("enterprise", 6_000, 50_000, 600),
        ("enterprise-plus", 10_000, 100_000, 1_000),
        ("highest", 100_000, 500_000, 10_000),
    )
}


def scaled(quotas: Quotas, window: float) -> Quotas:
    """The same requests per second in a shorter or longer window."""
    return Quotas(*(Quota(max(1, round(quota.q * window / quota.w)), window) for quota in
                    (quotas.api, quotas.resolvers, quotas.pages)))  # fmt: skip


def parse_quotas(text: str) -> Quotas:
    """A plan (`free`), the same pace in windows of 10 s (`free@10`), or `api=500/300,pages=100/300`.

    Raises UsageError.
    """
    plan, _, window = text.partition("@")
    try:
        if plan in PLANS:
            return scaled(PLANS[plan], float(window)) if window else PLANS[plan]
        given = {}
        for part in filter(None, (p.strip() for p in text.split(","))):
            match = re.fullmatch(r"(api|resolvers|pages)=(\d+)(?:/(\d+(?:\.\d+)?))?", part)
            if match is None:
                raise ValueError(part)
            given[match[1]] = Quota(int(match[2]), float(match[3] or 300))
        return replace(Quotas(), **given)
    except ValueError as e:
        raise UsageError(f"{text!r} is not a quota: write api=500/300, or a plan: {', '.join(PLANS)}.") from e


@dataclass(frozen=True)
class Latency:
    """Seconds that the Hub thinks before it answers."""

    page: float = 0.0  # the listing
    info: float = 0.0  # one repo
    file: float = 0.0  # resolve and resolve-cache, each


def parse_latency(text: str) -> Latency:
    """`page=1.2,file=0.05`, or one number for every route. Raises UsageError."""
    try:
        if "=" not in text:
            seconds = float(text or 0)
            return Latency(seconds, seconds, seconds)
        pairs = dict(part.strip().split("=", 1) for part in text.split(","))
        if unknown := set(pairs) - {f.name for f in fields(Latency)}:
            raise ValueError(f"no route {unknown}")
        return Latency(**{name: float(value) for name, value in pairs.items()})
    except ValueError as e:
        raise UsageError(f"{text!r} is not a latency: write seconds, or page=1.2,info=0.1,file=0.05.") from e


class Spent(NamedTuple):
    """What the headers say after a request. `allowed` False: the window was used up before it."""

    allowed: bool
    remaining: int
    reset: int  # whole seconds, rounded up
    quota: Quota


class Meter:
    """Fixed windows, one per bucket and identity; a window opens with its first request."""

    def __init__(self, quotas: Quotas) -> None:
        """Nothing is spent yet."""
        self.quotas = quotas
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}  # (bucket, identity) -> (opened, used)

    def spend(self, bucket: str, identity: str, now: float, count: int = 1) -> Spent:
        """Charge a request at `now` (seconds of any steady clock)."""
        quota: Quota = getattr(self.quotas, bucket)
        opened, used = self._windows.get((bucket, identity), (now, 0))
        if now >= opened + quota.w:
            opened, used = now, 0
        allowed = used < quota.q
        used = min(used + count, quota.q)
        self._windows[bucket, identity] = (opened, used)
        return Spent(allowed, quota.q - used, max(1, math.ceil(opened + quota.w - now)), quota)

    def spend_all(self, bucket: str, count: int, now: float) -> None:
        """Somebody else with the same tokens and addresses made `count` requests."""
        for other, identity in list(self._windows):
            if other == bucket:
                self.spend(bucket, identity, now, count)
