"""The only door to the Hub: URLs, headers, quota, retries, paging, redirects. Yields pages and documents.

The transport (an `httpx.Client`), the clock and the sleep come in from outside. Stores nothing, compares nothing.
Every request has a timeout; every answer feeds its bucket's limiter. Never asks for config.json or weights: the Hub counts
that as a download, and a crawler that adds to what it measures is broken.

`RateLimit` windows, redirects and error shapes: the Hub's documented API; see `limits.py` for the pacing.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qs, quote, urljoin, urlsplit

import httpx

from crawler import limits, records
from crawler.errors import BadToken, HubMisbehaves, HubUnreachable, Interrupted, QuotaExhausted
from crawler.records import Listed, Reject

USER_AGENT = "openness/0.1 (openness index; +https://github.com/openness-index/openness)"
TIMEOUT = httpx.Timeout(connect=15, read=60, write=30, pool=60)
ATTEMPTS = 7  # of one request, before the run stops (listing) or the document is put off
FIRST_ATTEMPTS = 3  # while the Hub has never answered: a wrong address should be said soon
PAGE = 1000  # the Hub's own maximum
_RETRIED = frozenset({408, 500, 502, 503, 504})
MAX_HOPS = 5
UNPACED = 4  # requests under way at once while the Hub names no quota


class Page(NamedTuple):
    """One page of the listing: rows in order, and the Hub's cursor for the next; None after the last."""

    rows: list[Listed | Reject]
    next_cursor: str | None


class Document(NamedTuple):
    """What a look at one file brought. `outcome`: ok, unchanged, missing, gated, too-large, error."""

    outcome: str
    body: bytes | None = None
    etag: str | None = None
    commit: str | None = None
    note: str = ""


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
    sleep: Callable[[float], bool | None] = time.sleep  # type: ignore[assignment]
    random: Callable[[], float] = random.random
    max_wait: float = 3600.0  # seconds that one request may wait for its quota


@dataclass
class Hub:
    """A Hub at `url`. Safe for several threads; one limiter per bucket."""

    url: str
    client: httpx.Client
    token: str | None = None
    share: float = 0.9
    wire: Wire = field(default_factory=Wire)
    counts: Counts = field(default_factory=Counts)
    buckets: dict[str, limits.Bucket] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.url = self.url.rstrip("/")
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise HubUnreachable(f"{self.url!r} is not the address of a Hub: it must begin with http:// or https://.")
        self._origin = (parts.scheme, parts.netloc)

    # -- the listing --------------------------------------------------------------------------------------------

    def page(self, cursor: str | None, *, author: str | None = None, limit: int = PAGE) -> Page:
        """One page of `GET /api/models` in order of creation. Raises StoppedError when it cannot be had."""
        params: list[tuple[str, str | int]] = [("limit", limit), ("sort", "createdAt"), ("direction", 1)]
        params += [("expand[]", name) for name in records.EXPAND]
        if author:
            params.append(("author", author))
        if cursor:
            params.append(("cursor", cursor))
        url = str(httpx.URL(f"{self.url}/api/models", params=params))
        broken = ""
        for attempt in range(ATTEMPTS):
            answer = self._get(url, "api")
            try:
                if answer.status_code != 200:
                    raise self._refusal(answer)
                rows = records.decode_page(answer.content)
                return Page(rows, self._next_cursor(answer))
            except records.NotAPage as e:
                broken = str(e)
                self.counts.errors += 1
                self._pause(self._backoff(attempt))
        raise HubMisbehaves(
            f"{self.url}/api/models answered {ATTEMPTS} times with something that is not a list of models ({broken})."
            " Pages up to the last checkpoint are kept; check the address, then run again."
        )

    def _next_cursor(self, answer: httpx.Response) -> str | None:
        """The cursor of the `next` link. Only the cursor is taken: a link to another host is never followed."""
        link = answer.links.get("next", {}).get("url")
        if not link:
            return None
        cursor = parse_qs(urlsplit(link).query).get("cursor")
        if not cursor:
            raise HubMisbehaves(f"{self.url} gave a next link without a cursor: {link[:200]}")
        return cursor[0]

    # -- documents ----------------------------------------------------------------------------------------------

    def document(self, repo_id: str, path: str, revision: str | None, etag: str | None, max_size: int) -> Document:
        """One small text file of a repo. Redirects are followed by hand: relative ones, and off-host ones without the token."""
        url = f"{self.url}/{repo_id}/resolve/{revision or 'main'}/{quote(path)}"
        commit = None
        for _ in range(MAX_HOPS):
            try:
                answer = self._get(url, "resolvers", headers={"If-None-Match": f'"{etag}"'} if etag else {})
            except HubUnreachable as e:
                return Document("error", note=str(e))
            commit = commit or answer.headers.get("x-repo-commit")
            if answer.is_redirect:
                url = urljoin(url, answer.headers.get("location", ""))
                continue
            return self._read_document(answer, commit, max_size)
        return Document("error", note=f"more than {MAX_HOPS} redirects")

    def _read_document(self, answer: httpx.Response, commit: str | None, max_size: int) -> Document:
        code = answer.headers.get("x-error-code", "")
        message = answer.headers.get("x-error-message", "")
        if answer.status_code == 200:
            body = answer.content
            seen = answer.headers.get("x-linked-etag") or answer.headers.get("etag") or ""
            if len(body) > max_size:
                return Document("too-large", note=f"{len(body)} bytes")
            return Document("ok", body, seen.removeprefix("W/").strip('"') or None, commit)
        if answer.status_code == 304:
            return Document("unchanged", commit=commit)
        if code == "GatedRepo":
            return Document("gated", note=message)
        if answer.status_code == 401 and self.token and (not code or "credentials" in message.lower()):
            raise self._refusal(answer)
        if answer.status_code in (401, 403, 404, 410):
            return Document("missing", note=code or message or str(answer.status_code))
        return Document("error", note=f"{answer.status_code} {code or message}".strip())

    # -- one repo, and who we are --------------------------------------------------------------------------------

    def exists(self, repo_id: str) -> str | None:
        """The oid that a name leads to now (after renames), or None when the Hub does not show it."""
        url = f"{self.url}/api/models/{repo_id}"
        for _ in range(MAX_HOPS):
            answer = self._get(url, "api")
            if answer.is_redirect:
                url = urljoin(url, answer.headers.get("location", ""))
                continue
            if answer.status_code == 200:
                return json.loads(answer.content).get("_id")
            return None
        return None

    # -- one request ----------------------------------------------------------------------------------------------

    def _get(self, url: str, bucket: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """GET with quota, timeouts and retries. Returns any answer that is final; raises StoppedError when none came."""
        ours = urlsplit(url)[:2] == self._origin
        sent = dict(headers or {})
        if ours and self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        problem = ""
        attempt = 0
        while attempt < (ATTEMPTS if self.counts.answers else FIRST_ATTEMPTS):
            self._wait_for_quota(bucket)
            try:
                answer = self.client.get(url, headers=sent, timeout=TIMEOUT)
            except (httpx.TransportError, httpx.DecodingError) as e:
                self._answered(bucket, None, failed=True)
                problem = f"{type(e).__name__}: {e}"
            except httpx.InvalidURL as e:
                self._answered(bucket, None, failed=True)
                raise HubMisbehaves(f"{self.url} led to an address that cannot be used: {e}") from e
            else:
                if answer.status_code == 429:
                    self._refused(bucket, answer, attempt)
                    problem = "429 too many requests"
                    attempt += 0 if limits.read_quota(answer.headers) else 1
                    continue
                again = answer.status_code in _RETRIED
                self._answered(bucket, answer, failed=again)
                if not again:
                    return answer
                problem = f"{answer.status_code} {answer.reason_phrase}"
            self._pause(self._backoff(attempt))
            attempt += 1
        raise HubUnreachable(
            f"{self.url} did not answer {attempt} times in a row ({problem}) for {urlsplit(url).path}."
            " What was stored is kept; check the address and the network, then run the same command again to go on."
        )

    def _wait_for_quota(self, bucket: str) -> None:
        """Wait until the bucket's limiter lets the next request start, and take the place."""
        while True:
            with self._lock:
                now = self.wire.clock()
                state = self.buckets.get(bucket) or limits.Bucket(share=self.share)
                pause = limits.wait(state, now)
                if pause <= 0 and state.remaining is None and state.in_flight >= UNPACED and bucket == "api":
                    pause = 0.005
                if pause <= 0:
                    self.buckets[bucket] = limits.after_start(state, now)
                    self.counts.requests += 1
                    return
            if pause > self.wire.max_wait:
                raise QuotaExhausted(
                    f"The quota of {self.url} ({bucket}) is used up for another {pause:.0f} s, more than --max-wait"
                    f" {self.wire.max_wait:.0f}. What was stored is kept; run again later, or with HF_TOKEN."
                )
            self._pause(pause)

    def _answered(self, bucket: str, answer: httpx.Response | None, *, failed: bool) -> None:
        quota = limits.read_quota(answer.headers) if answer is not None else None
        with self._lock:
            name = quota.bucket if quota else bucket
            self.buckets[bucket] = limits.after_answer(
                self.buckets[bucket], quota if name == bucket else None, self.wire.clock()
            )
            self.counts.errors += failed
            self.counts.answers += answer is not None
            self.counts.bytes += len(answer.content) if answer is not None else 0

    def _refused(self, bucket: str, answer: httpx.Response, attempt: int) -> None:
        retry_after = answer.headers.get("retry-after", "")
        with self._lock:
            self.counts.refused += 1
            self.counts.errors += 1
            self.buckets[bucket] = limits.after_refusal(
                self.buckets[bucket],
                limits.read_quota(answer.headers),
                float(retry_after) if retry_after.isdigit() else None,
                self.wire.clock(),
                self._backoff(attempt + 1) + self.wire.random(),
            )

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


def connect(url: str, *, token: str | None, share: float, wire: Wire, transport: httpx.BaseTransport | None = None) -> Hub:
    """A Hub over a fresh HTTP client: no redirects by itself, compressed answers, keep-alive."""
    client = httpx.Client(
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
        follow_redirects=False,
        timeout=TIMEOUT,
        transport=transport,
        limits=httpx.Limits(max_connections=40, max_keepalive_connections=40),
    )
    return Hub(url, client, token=token, share=share, wire=wire)


