"""The limiter against a simulated Hub with fixed windows: never refused, and near the share it may use."""

import heapq
import math
from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawler import limits
from crawler.limits import Bucket, Quota, read_quota


def test_headers_are_read_and_nonsense_is_none():
    headers = {"ratelimit": '"api";r=497;t=168', "ratelimit-policy": '"fixed window";"api";q=500;w=300'}
    assert read_quota(headers) == Quota("api", 497, 168.0, 500, 300)
    assert read_quota({}) is None
    assert read_quota({"ratelimit": "many"}) is None


@dataclass
class SimulatedHub:
    """Fixed windows of `window` seconds with `quota` requests; `others` requests of somebody else per window."""

    quota: int
    window: float
    others: int = 0

    def run(self, seconds: float, share: float, phase: float) -> tuple[int, int]:
        """(granted, refused) for a client that starts whenever the limiter lets it, one request at a time."""
        bucket, now, end = Bucket(share=share), phase, phase + seconds
        granted = refused = 0
        used: dict[int, int] = {}
        while now < end:
            pause = limits.wait(bucket, now)
            if pause:
                now += pause
                continue
            bucket = limits.after_start(bucket, now)
            number = int(now // self.window)
            taken = used.setdefault(number, self.others)
            reset = (number + 1) * self.window - now
            if taken >= self.quota:
                refused += 1
                bucket = limits.after_refusal(bucket, Quota("api", 0, reset, self.quota, self.window), None, now, 1.0)
            else:
                used[number] = taken + 1
                granted += 1
                bucket = limits.after_answer(
                    bucket, Quota("api", self.quota - taken - 1, reset, self.quota, self.window), now
                )
            now += 0.001
        return granted, refused


@settings(max_examples=40, deadline=None)
@given(
    quota=st.integers(50, 400),
    share=st.sampled_from([0.5, 0.9, 1.0]),
    phase=st.floats(0, 59),
    others=st.integers(0, 20),
)
def test_never_refused_and_close_to_the_share(quota, share, phase, others):
    granted, refused = SimulatedHub(quota, 60.0, others).run(600.0, share, phase)
    assert refused == 0
    fair = (quota * share - others) * 10
    assert granted >= 0.80 * fair
    assert granted <= fair * 1.25 + quota  # the first and the last window are cut


def test_requests_are_spread_and_not_spent_at_the_reset():
    bucket = limits.after_answer(
        limits.after_start(Bucket(share=1.0, windows=2), 0.0), Quota("api", 100, 100.0, 100, 100.0), 0.0
    )
    starts, now = [], 0.0
    for _ in range(20):
        now += limits.wait(bucket, now)
        starts.append(now)
        bucket = limits.after_start(bucket, now)
    assert starts[-1] == pytest.approx(20, rel=0.15)


def test_without_headers_nothing_is_paced_and_a_bare_429_waits_for_the_backoff():
    bucket = limits.after_answer(limits.after_start(Bucket(), 0.0), None, 0.0)
    assert limits.wait(bucket, 0.0) == 0.0
    assert limits.wait(limits.after_refusal(bucket, None, None, 0.0, 7.0), 0.0) == 7.0
    assert limits.wait(limits.after_refusal(bucket, None, 30.0, 0.0, 7.0), 0.0) == pytest.approx(31.0)


def test_others_on_the_same_token_are_noticed():
    bucket = limits.after_answer(limits.after_start(Bucket(), 0.0), Quota("api", 400, 300.0, 500, 300.0), 0.0)
    bucket = limits.after_answer(limits.after_start(bucket, 1.0), Quota("api", 300, 299.0, 500, 300.0), 1.0)
    assert bucket.others == 99


def busy(
    quota: int, window: float, share: float, latency: float, width: int, seconds: float, late: bool
) -> tuple[int, int]:
    """(granted, refused) of a client with up to `width` requests under way, at a Hub whose window opens with its first
    request and whose seconds are rounded up; `late`: it counts when it answers and not when the request comes in."""
    bucket, now, under_way, number = Bucket(share=share), 0.0, [], 0
    opened, used, granted, refused = 0.0, 0, 0, 0

    def charge(at: float) -> tuple[bool, Quota]:
        nonlocal opened, used
        if at >= opened + window:
            opened, used = at, 0
        used += 1
        return used <= quota, Quota("api", max(0, quota - used), math.ceil(opened + window - at), quota, window)

    while now < seconds:
        ready = limits.wait(bucket, now)
        if len(under_way) < width and ready == 0 and (bucket.remaining is not None or not under_way):
            bucket = limits.after_start(bucket, now)
            number += 1
            heapq.heappush(under_way, (now + latency, number, now, None if late else charge(now)))
            continue
        starts = now + ready if len(under_way) < width and ready else math.inf
        if under_way and under_way[0][0] <= starts:
            now, _, started, charged = heapq.heappop(under_way)
            fine, said = charged or charge(now)
            if fine:
                granted += 1
                bucket = limits.after_answer(bucket, said, now, started)
            else:
                refused += 1
                bucket = limits.after_refusal(bucket, said, None, now, 1.0, started)
        else:
            now = starts
    return granted, refused


@settings(max_examples=30, deadline=None)
@given(
    quota=st.integers(60, 400),
    window=st.sampled_from([10.0, 30.0, 300.0]),
    latency=st.floats(0.01, 1.5),
    late=st.booleans(),
)
@example(quota=221, window=10.0, latency=2.2, late=True)  # more under way at the window's end than is left to others
def test_many_under_way_are_never_refused_and_take_the_share_of_every_window(quota, window, latency, late):
    granted, refused = busy(quota, window, 0.9, latency, width=60, seconds=window * 8, late=late)
    assert refused == 0
    assert 0.85 * 8 * min(quota * 0.9, 60 / latency * window) <= granted <= 1.02 * 8 * quota * 0.9 + quota * limits.FREE


def test_the_earliest_reading_of_a_windows_end_is_kept_because_the_hub_rounds_up():
    bucket = limits.after_answer(limits.after_start(Bucket(), 0.0), Quota("api", 99, 10.0, 100, 10.0), 0.0, 0.0)
    bucket = limits.after_answer(limits.after_start(bucket, 1.5), Quota("api", 98, 8.0, 100, 10.0), 1.7, 1.5)
    assert bucket.window_ends == pytest.approx(9.5)


def test_an_answer_about_the_window_before_changes_nothing_in_this_one():
    bucket = limits.after_answer(limits.after_start(Bucket(), 0.0), Quota("api", 99, 10.0, 100, 10.0), 0.0, 0.0)
    slow = limits.after_start(bucket, 9.0)
    fresh = limits.after_start(slow, 10.5)
    assert (fresh.remaining, fresh.window_ends) == (98, 20.0)
    told = limits.after_answer(fresh, Quota("api", 97, 1.0, 100, 10.0), 10.6, 9.0)
    assert (told.remaining, told.window_ends, told.in_flight) == (99, 20.0, 1)


def test_a_used_up_share_blocks_until_the_window_ends_and_pacing_does_not():
    fresh = limits.after_answer(limits.after_start(Bucket(share=0.9), 0.0), Quota("api", 50, 60.0, 100, 300.0), 0.0)
    assert not limits.after_start(fresh, 1.0).blocked
    used_up = limits.after_answer(limits.after_start(Bucket(share=0.9), 0.0), Quota("api", 10, 60.0, 100, 300.0), 0.0)
    assert used_up.blocked
    assert limits.wait(used_up, 0.0) == pytest.approx(61.0)
    assert limits.after_refusal(fresh, None, 5.0, 0.0, 1.0).blocked


def test_requests_under_way_at_a_windows_end_are_held_back_until_they_say_where_they_were_counted():
    bucket = limits.after_answer(limits.after_start(Bucket(), 0.0), Quota("api", 99, 10.0, 100, 10.0), 0.0, 0.0)
    for start in (9.0, 9.1, 9.2):
        bucket = limits.after_start(bucket, start)
    fresh = limits.after_start(bucket, 10.5)
    assert (fresh.remaining, fresh.in_flight) == (100 - 3 - 1, 4)
    before = limits.after_answer(fresh, Quota("api", 90, 1.0, 100, 10.0), 10.6, 9.0)
    assert before.remaining == 97  # counted in the window before: its place is free
    within = limits.after_answer(before, Quota("api", 98, 10.0, 100, 10.0), 10.7, 9.1)
    assert (within.remaining, within.others) == (97, 0)  # counted in this one
    lost = limits.after_answer(within, None, 10.8, 9.2)
    assert lost.remaining == 97  # no answer: nobody knows


def test_the_pace_is_what_is_left_over_the_rest_of_the_window_and_at_its_end_that_of_the_next():
    assert limits.pace(Bucket(), 0.0) is None
    bucket = Bucket(share=0.9, remaining=70, window_ends=60.0, limit=100, window=60.0, in_flight=0)
    assert limits.pace(bucket, 30.0) == pytest.approx(60 / 30)
    assert limits.pace(bucket, 59.5) == pytest.approx(90 / 60)
    assert limits.pace(bucket, 60.0) == pytest.approx(90 / 60)
