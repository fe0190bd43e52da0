"""When may the next request start? Pure arithmetic over the Hub's `RateLimit` headers; no clock, no sleep, no HTTP.

The Hub counts requests in fixed windows, one counter per bucket (`api`, `resolvers`, `pages`), and says on every
answer, errors included, how many are left (`r`) and in how many seconds the window ends (`t`); `RateLimit-Policy`
gives the quota (`q`) and the window's length (`w`). `after_start` and `after_answer` take the state of one bucket and
return the next one.

Policy: a share of what is left is ours, the rest stays for others on the same token or address. Within that share the
requests are spread over what is left of the window, so there is never a burst at the reset and never a 429 of our own
making. The first few requests of a run are free of pacing, so that a small job is not slowed down.

Not known of the Hub: whether it counts a request when it comes in or when it answers. Both are allowed for: a window
begins with the places of requests still under way held back, until each says where it was counted. With a share of 1.0
nothing pays for an error at a window's edge, and a single 429 there is possible; it is waited out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from huggingface_hub.utils import parse_ratelimit_headers

#: Seconds added after a window's end: the Hub's clock and ours are not the same.
MARGIN = 1.0
#: Share of a quota that a run may spend without pacing.
FREE = 0.1


@dataclass(frozen=True)
class Quota:
    """What one answer said about its bucket."""

    bucket: str
    remaining: int
    reset_in: float  # seconds
    limit: int | None = None  # per window
    window: float | None = None  # seconds


def read_quota(headers: Mapping[str, str]) -> Quota | None:
    """The quota of an answer's headers, or None when it has none or they are not in the known form."""
    try:
        info = parse_ratelimit_headers(headers)
    except (ValueError, TypeError):
        return None
    if info is None:
        return None
    return Quota(info.resource_type, info.remaining, float(info.reset_in_seconds), info.limit, info.window_seconds)


@dataclass(frozen=True)
class Bucket:
    """State of one bucket. Times are seconds on the caller's monotonic clock."""

    share: float = 0.9
    remaining: int | None = None  # None = the Hub has said nothing: no pacing
    window_ends: float = 0.0
    limit: int | None = None  # requests per window
    window: float | None = None  # seconds
    in_flight: int = 0
    spent: int = 0  # by this run, in its first window
    next_start: float = 0.0
    others: int = 0  # requests that somebody else spent from the same quota, as far as we can see
    windows: int = 0  # windows seen; pacing is only waived in the first
    blocked: bool = False  # our share is used up, or we were refused: next_start is more than pacing
    confirmed: bool = False  # an answer has told when this window ends


def wait(bucket: Bucket, now: float) -> float:
    """Seconds until the next request of this bucket may start; 0 = at once."""
    return max(0.0, bucket.next_start - now)


def _reserve(bucket: Bucket) -> int:
    """Requests of the quota that we leave to others."""
    quota = bucket.limit if bucket.limit is not None else (bucket.remaining or 0)
    return int(quota * (1 - bucket.share) + 0.5)


def _rolled(bucket: Bucket, now: float) -> Bucket:
    """The bucket in the window that `now` lies in: a window that has ended is followed by a full one."""
    if bucket.remaining is None or now < bucket.window_ends or not bucket.limit or not bucket.window:
        return bucket
    over = int((now - bucket.window_ends) // bucket.window) + 1
    return replace(
        bucket,
        # Those under way may be counted in this window: `after_answer` gives the place back when one says that it was
        # counted in the window before.
        remaining=max(0, bucket.limit - bucket.in_flight),
        window_ends=bucket.window_ends + over * bucket.window,
        windows=bucket.windows + over,
        confirmed=False,
    )


def _paced(bucket: Bucket, now: float) -> Bucket:
    """The same bucket with the time of the next start."""
    if bucket.remaining is None:
        return bucket
    left = bucket.remaining - _reserve(bucket)
    to_end = max(0.0, bucket.window_ends - now)
    if left <= 0:
        return replace(bucket, next_start=bucket.window_ends + _margin(bucket), blocked=True)
    free = bucket.windows <= 1 and bucket.spent < FREE * (bucket.limit or bucket.remaining)
    return replace(bucket, next_start=now if free else now + to_end / left, blocked=False)


def pace(bucket: Bucket, now: float) -> float | None:
    """Requests a second that the pacing lets through; None = the Hub has named no quota."""
    if bucket.remaining is None:
        return None
    state = _rolled(bucket, now)
    left, to_end = (state.remaining or 0) - _reserve(state), state.window_ends - now
    if (left <= 0 or to_end < 1) and state.limit and state.window:  # as in the window to come
        return (state.limit - _reserve(state)) / state.window
    return max(0, left) / max(1.0, to_end)


def _margin(bucket: Bucket) -> float:
    """Seconds after a window's end: MARGIN, or less when what we leave to others pays for a request that comes
    early.
    """
    if _reserve(bucket) < 2 or not bucket.limit or not bucket.window:
        return MARGIN
    return min(MARGIN, bucket.window / bucket.limit)


def after_start(bucket: Bucket, now: float) -> Bucket:
    """A request has been started."""
    bucket = _rolled(bucket, now)
    paced = _paced(bucket, now)  # before it is taken off: n requests share the rest of the window in n equal parts
    return replace(
        paced,
        remaining=None if bucket.remaining is None else max(0, bucket.remaining - 1),
        in_flight=bucket.in_flight + 1,
        spent=bucket.spent + 1,
    )


def after_answer(bucket: Bucket, quota: Quota | None, now: float, started: float | None = None) -> Bucket:
    """A request that was started at `started` has been answered (or has failed: quota None)."""
    in_flight = max(0, bucket.in_flight - 1)
    if quota is None:
        return replace(bucket, in_flight=in_flight)
    bucket = _rolled(bucket, now)
    window = quota.window or bucket.window
    # The Hub counted when the request came in. It rounds up to seconds: the earliest of several readings is the best.
    ends = (now if started is None else started) + quota.reset_in
    known = replace(bucket, limit=quota.limit or bucket.limit, window=window, in_flight=in_flight)
    near = min(5.0, window / 3) if window else MARGIN
    if bucket.remaining is not None and ends < bucket.window_ends - near:
        begun = bucket.window_ends - (window or 0.0)
        if started is not None and started < begun:  # it was counted in a window that has ended meanwhile
            back = replace(known, remaining=bucket.remaining + 1)
            return back if bucket.remaining > _reserve(bucket) else _paced(back, now)
    if bucket.remaining is None or abs(ends - bucket.window_ends) > near:
        # The first word on this window, or it ends at another time than we thought. Requests under way are not in r
        # yet.
        state = replace(
            known, remaining=max(0, quota.remaining - in_flight), window_ends=ends, windows=max(1, bucket.windows),
            confirmed=True,
        )  # fmt: skip
        return _paced(state, now)
    # Requests of ours still under way may or may not be counted in r: the smaller reading is the safe one.
    others = max(0, bucket.remaining - quota.remaining)
    state = replace(
        known,
        remaining=min(bucket.remaining, quota.remaining),
        window_ends=min(bucket.window_ends, ends) if bucket.confirmed else ends,
        confirmed=True,
        others=bucket.others + others,
    )
    return _paced(state, now) if others else state


def after_refusal(
    bucket: Bucket, quota: Quota | None, retry_after: float | None, now: float, backoff: float,
    started: float | None = None,
) -> Bucket:  # fmt: skip
    """A 429. Wait for the window's end when it is used up, else for Retry-After, else for the caller's backoff
    (seconds).
    """
    state = after_answer(bucket, quota, now, started)
    if quota is not None and quota.remaining == 0:
        pause = quota.reset_in + MARGIN
    elif retry_after is not None:
        pause = retry_after + MARGIN
    else:
        pause = backoff
    return replace(state, next_start=max(state.next_start, now + pause), blocked=True)
