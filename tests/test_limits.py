"""The limiter against a simulated Hub with fixed windows: never refused, and near the share it may use."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
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
                bucket = limits.after_answer(bucket, Quota("api", self.quota - taken - 1, reset, self.quota, self.window), now)
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
    bucket = limits.after_answer(limits.after_start(Bucket(share=1.0, windows=2), 0.0), Quota("api", 100, 100.0, 100, 100.0), 0.0)
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
