"""One request over the wire: quota, timeouts, retries, the token, refusals. `hub.py` says what is asked.

Every request has a timeout; every answer feeds its bucket's limiter (`limits.py`). The token goes to the Hub's own
origin only. Follows no redirect: that is for whoever asked.
"""

from __future__ import annotations

import math
import random
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx

from crawler import limits
from crawler.deadline import within
from crawler.errors import BadToken, HubMisbehaves, HubUnreachable, Interrupted, QuotaExhausted

TIMEOUT = httpx.Timeout(connect=15, read=60, write=30, pool=60)
FILE_TIMEOUT = httpx.Timeout(connect=15, read=20, write=15, pool=60)
FILE_SECONDS = 60.0  # that a small file may take, from the first byte of the request to the last of the answer
PAGE_SIZE = 64_000_000  # bytes of it, unpacked: a page of 1,000 models has far fewer
ATTEMPTS = 7  # of one request, before the run stops (listing) or the document is put off
FIRST_ATTEMPTS = 3  # while the Hub has never answered: a wrong address should be said soon
_RETRIED = frozenset({408, 500, 502, 503, 504})
SPARE = 2  # pages that wait for their turn, so that none of it passes unused
UNPACED = 4  # requests under way at once while the Hub names no quota, or while it is near
NEAR = 0.1  # seconds: from a Hub that answers so quickly, UNPACED at once bring more than any plan or writer takes
LAST = 16  # pages, an eighth of which must have come so quickly for that


@dataclass
class Counts:
    """What went over the wire, for the ledger."""

    requests: int = 0
    answers: int = 0  # of any kind
    errors: int = 0  # answers that had to be asked again
    refused: int = 0  # 429
    bytes: int = 0


class Wire(NamedTuple):
    """Time and patience, passed in: `sleep` returns True when the run was asked to stop meanwhile."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], bool | None] = time.sleep
    random: Callable[[], float] = random.random
    max_wait: float = 3600.0  # seconds that one request may wait while its quota is used up
    timeout: httpx.Timeout = TIMEOUT
    page_seconds: float = 300.0  # that a page may take, from the first byte of the request to the last of the answer


@dataclass
class Door:
    """The way to one Hub. Safe for several threads; one limiter per bucket."""

    url: str
    client: httpx.Client
    token: str | None = None
    share: float = 0.9
    wire: Wire = field(default_factory=Wire)
    latency: float = 0.0  # seconds that an answer of the listing's bucket takes, smoothed; 0 = none has come
    counts: Counts = field(default_factory=Counts)
    buckets: dict[str, limits.Bucket] = field(default_factory=dict)
    _last: deque[float] = field(default_factory=lambda: deque(maxlen=LAST))  # seconds of listing answers
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _token_seen: float = float("-inf")  # when the Hub last knew our token, on the wire's clock

    def __post_init__(self) -> None:
        """Raises HubUnreachable when `url` is no address."""
        self.url = check_url(self.url)
        self._slot = threading.Condition(self._lock)
        self._is_hub = False  # it has given a page
        parts = urlsplit(self.url)
        self._origin = (parts.scheme, parts.netloc)

    # -- one request ----------------------------------------------------------------------------------------------

    def _get(
        self, url: str, bucket: str, headers: dict[str, str] | None = None, *, max_size: int | None = None,
        patience: int = ATTEMPTS,
    ) -> httpx.Response:  # fmt: skip
        """GET with quota, timeouts and retries. Returns any answer that is final; raises StoppedError when none came.

        Of a body longer than `max_size` only a little more is read. `patience`: times to ask before giving up.
        """
        ours = urlsplit(url)[:2] == self._origin
        sent = dict(headers or {})
        if ours and self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        problem = ""
        attempt = 0
        waited = 0.0
        while attempt < min(patience, ATTEMPTS if self.counts.answers else FIRST_ATTEMPTS):
            waited = self._wait_for_quota(bucket, waited)
            started = self.wire.clock()
            try:
                answer = self._send(url, sent, max_size)
            except (httpx.TransportError, httpx.DecodingError) as e:
                self._answered(bucket, None, failed=True)
                problem = f"{type(e).__name__}: {e}"
            except httpx.InvalidURL as e:
                self._answered(bucket, None, failed=True)
                raise HubMisbehaves(f"{self.url} led to an address that cannot be used: {e}") from e
            else:
                if answer.status_code == 429:
                    problem = "429 too many requests"
                    attempt += 0 if self._refused(bucket, answer, attempt, started) else 1
                    continue
                again = answer.status_code in _RETRIED
                self._answered(bucket, answer, failed=again, started=started)
                if not again:
                    return answer
                problem = f"{answer.status_code} {answer.reason_phrase}"
            self._pause(self._backoff(attempt))
            attempt += 1
        raise HubUnreachable(
            f"{self.url} did not answer {attempt} times in a row ({problem}) for {urlsplit(url).path}."
            " What was stored is kept; check the address and the network, then run the same command again to go on."
        )

    def _send(self, url: str, headers: dict[str, str], max_size: int | None) -> httpx.Response:
        """One request over the wire; the body only so far, and all of it only for so long. Longer than `max_size` it
        comes cut; without one, a body that is too long counts as an answer that failed.
        """
        seconds = self.wire.page_seconds if max_size is None else FILE_SECONDS
        size = PAGE_SIZE if max_size is None else max_size
        timeout = self.wire.timeout if max_size is None else FILE_TIMEOUT
        with within(seconds), self.client.stream("GET", url, headers=headers, timeout=timeout) as answer:
            body = bytearray()
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > size:
                    if max_size is None:
                        raise httpx.ReadError(f"the body is longer than {size:,} bytes", request=answer.request)
                    break
            kept = [(k, v) for k, v in answer.headers.multi_items() if k not in ("content-encoding", "content-length")]
            # A new answer: the read stream points back at the old one, a cycle around each page.
            return httpx.Response(answer.status_code, headers=kept, content=bytes(body), request=answer.request)

    def _wait_for_quota(self, bucket: str, waited: float) -> float:
        """Wait until the bucket's limiter lets the next request start, and take the place.

        `waited`: seconds that this request has waited before because the quota was used up; returned with those added.
        Raises QuotaExhausted when they would be more than `max_wait`; the pauses of pacing do not count.
        """
        while True:
            with self._slot:
                now = self.wire.clock()
                state = self.buckets.get(bucket) or limits.Bucket(share=self.share)
                pause = limits.wait(state, now)
                if pause <= 0 and state.remaining is None and state.in_flight >= UNPACED and bucket == "api":
                    self._slot.wait(0.2)  # until one of the first requests has been answered
                    pause = -1.0
                elif pause <= 0:
                    self.buckets[bucket] = limits.after_start(state, now)
                    self.counts.requests += 1
                    return waited
            if pause < 0:
                self._pause(0)
                continue
            waited += pause if state.blocked else 0.0
            if waited > self.wire.max_wait:
                raise QuotaExhausted(
                    f"The quota of {self.url} ({bucket}) is used up for another {pause:.0f} s: a wait of"
                    f" {waited:.0f} s in all, more than --max-wait {self.wire.max_wait:.0f}. What was stored is"
                    " kept; run the same command again later, or with HF_TOKEN."
                )
            self._pause(pause)

    def useful(self) -> int | None:
        """How many pages under way at once fill the quota: as many as may begin in the time that one takes, and a few
        that wait their turn. None while the Hub has named no quota.

        A busy machine, or a server that is as busy, makes all answers slow, and more at once make them slower: a Hub
        that answers some of them quickly is near, however long the others take.
        """
        with self._lock:
            pace = limits.pace(self.buckets.get("api") or limits.Bucket(), self.wire.clock())
            if pace is None or not self._last:
                return None
            width = math.ceil(1.1 * pace * self.latency) + SPARE
            is_near = sorted(self._last)[len(self._last) // 8] < NEAR
            return min(width, UNPACED) if is_near else width

    def _answered(
        self, bucket: str, answer: httpx.Response | None, *, failed: bool, started: float | None = None
    ) -> None:  # fmt: skip
        quota = limits.read_quota(answer.headers) if answer is not None else None
        with self._slot:
            ours = quota if quota and quota.bucket == bucket else None
            self.buckets[bucket] = limits.after_answer(self.buckets[bucket], ours, self.wire.clock(), started)
            self.counts.errors += failed
            self.counts.answers += answer is not None
            self.counts.bytes += len(answer.content) if answer is not None else 0
            if bucket == "api" and started is not None and not failed:
                took = self.wire.clock() - started
                self._last.append(took)
                self.latency = took if not self.latency else 0.8 * self.latency + 0.2 * took
            self._slot.notify_all()

    def _refused(self, bucket: str, answer: httpx.Response, attempt: int, started: float) -> bool:
        """A 429. True when the Hub said how long to wait: then it is no failure."""
        after = answer.headers.get("retry-after", "")
        retry_after = float(after) if after.isdecimal() else None
        quota = limits.read_quota(answer.headers)
        quota = quota if quota and quota.bucket == bucket else None
        backoff = self._backoff(attempt + 1) + self.wire.random()
        with self._slot:
            self.counts.answers += 1
            self.counts.refused += 1
            self.counts.errors += 1
            self.buckets[bucket] = limits.after_refusal(
                self.buckets[bucket], quota, retry_after, self.wire.clock(), backoff, started
            )
            self._slot.notify_all()
        return retry_after is not None or (quota is not None and quota.remaining == 0)

    def _backoff(self, attempt: int) -> float:
        """Seconds before the next try: 0.5, 1, 2, 4 ... up to 60, each with up to half as much again at random."""
        return min(60.0, 0.5 * 2**attempt) * (1 + self.wire.random() / 2)

    def _pause(self, seconds: float) -> None:
        if self.wire.sleep(seconds):
            raise Interrupted("Asked to stop. What was stored is kept; run the same command again to go on.")

    def _refusal(self, answer: httpx.Response) -> Exception:
        """The error for a final answer that is not 200 on a request that needs one."""
        said = answer.headers.get("x-error-message") or answer.text[:200]
        if answer.status_code in (401, 403):
            whose = "HF_TOKEN" if self.token else "no token"
            return BadToken(
                f"{self.url} refuses us with {answer.status_code} ({said}; sent with {whose})."
                " Nothing was marked as gone or gated; mend or unset HF_TOKEN and run again."
            )
        return HubMisbehaves(
            f"{self.url} answered {answer.status_code} to {answer.request.url.path}: {said}."
            " Is this the address of a Hub? What was stored is kept."
        )


def check_url(url: str) -> str:
    """The address of a Hub without a slash at its end. Raises HubUnreachable when it cannot be one."""
    try:
        parsed = httpx.URL(url)
        fine = (
            parsed.scheme in ("http", "https")
            and bool(parsed.host)
            and urlsplit(url).port != 0
            and not re.search(r"\s", url)
        )
    except (httpx.InvalidURL, ValueError):
        fine = False
    if not fine:
        raise HubUnreachable(f"{url!r} is not the address of a Hub: it must look like https://huggingface.co.")
    return url.rstrip("/")
