"""The only door to the Hub: URLs, headers, quota, retries, paging, redirects. Yields pages and documents.

The transport (an `httpx.Client`), the clock and the sleep come in from outside. Stores nothing, compares nothing.
Every request has a timeout; every answer feeds its bucket's limiter. Never asks for config.json or weights: the Hub
counts that as a download, and a crawler that adds to what it measures is broken.

`RateLimit` windows, redirects and error shapes: the Hub's documented API; see `limits.py` for the pacing.
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qs, quote, unquote, urljoin, urlsplit

import httpx

from crawler import limits, records
from crawler.documents import is_text_of
from crawler.errors import BadToken, HubMisbehaves, HubUnreachable, Interrupted, QuotaExhausted
from crawler.records import Listed, Reject

USER_AGENT = "openness/0.1 (openness index; +https://github.com/openness-index/openness)"
TIMEOUT = httpx.Timeout(connect=15, read=60, write=30, pool=60)
FILE_TIMEOUT = httpx.Timeout(connect=15, read=20, write=15, pool=60)
FILE_SECONDS = 60.0  # that the body of a small file may take
ATTEMPTS = 7  # of one request, before the run stops (listing) or the document is put off
FIRST_ATTEMPTS = 3  # while the Hub has never answered: a wrong address should be said soon
NAMELESS = 5  # times to ask for a page with rows that do not say whose they are, before it is taken as it is
PAGE = 1000  # the Hub's own maximum
_RETRIED = frozenset({408, 500, 502, 503, 504})
MAX_HOPS = 5
UNPACED = 4  # requests under way at once while the Hub names no quota


class Page(NamedTuple):
    """One page of the listing: rows in order, and the Hub's cursor for the next; None after the last."""

    rows: list[Listed | Reject]
    next_cursor: str | None


class Document(NamedTuple):
    """What a look at one file brought.

    `outcome`: ok (with the body), known (a text that is stored already, named by `etag`), unchanged (304), missing
    (the repo has no such file), gated, too-large, gone (the repo is not shown), moved (its name leads elsewhere),
    error.
    """

    outcome: str
    body: bytes | None = None
    etag: str | None = None
    commit: str | None = None
    note: str = ""
    unreachable: bool = False  # an error because no answer came at all


class Info(NamedTuple):
    """The answer about one repo: status, the Hub's error code, the JSON text."""

    status: int
    code: str
    body: bytes


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


@dataclass
class Hub:
    """A Hub at `url`. Safe for several threads; one limiter per bucket."""

    url: str
    client: httpx.Client
    token: str | None = None
    share: float = 0.9
    wire: Wire = field(default_factory=Wire)
    page_size: int = PAGE
    queued: int = 0  # requests of the listing's bucket that wait for their turn
    counts: Counts = field(default_factory=Counts)
    buckets: dict[str, limits.Bucket] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _token_seen: float = float("-inf")  # when the Hub last knew our token, on the wire's clock

    def __post_init__(self) -> None:
        """Raises HubUnreachable when `url` is no address."""
        self.url = check_url(self.url)
        self._slot = threading.Condition(self._lock)
        self._is_hub = False  # it has given a page
        parts = urlsplit(self.url)
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
        asked, broken = 0, ""
        # While it has never given a page, something else may live at this address: that should be said soon.
        while asked < (ATTEMPTS if self._is_hub else FIRST_ATTEMPTS):
            answer = self._get(url, "api")
            if answer.status_code != 200:
                raise self._refusal(answer)
            asked += 1
            try:
                page = Page(records.decode_page(answer.content), self._next_cursor(answer))
                self._is_hub = self._is_hub or not page.rows or any(row.oid for row in page.rows)
                broken = _doubt(page, cursor, asked)
            except records.NotAPage as e:
                broken = str(e)
            if not broken:
                return page
            self.counts.errors += 1
            self._pause(self._backoff(asked - 1))
        raise HubMisbehaves(
            f"{self.url}/api/models answered {asked} times with something that is not a page of models ({broken})."
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

    def document(
        self, repo_id: str, path: str, revision: str | None, etag: str | None, max_size: int, *, oid: str | None = None,
        is_known: Callable[[str], bool] = lambda etag: False,
    ) -> Document:  # fmt: skip
        """One small text file of a repo. Redirects are followed by hand: relative ones, foreign ones without the token.

        `etag`: of the text we have; `is_known`: whether a text is stored, whichever repo it came from: the first answer
        names the text, so what is known costs one request and no bytes. A redirect to another name is followed only
        when that repo's `_id` is `oid`. Raises StoppedError; a single file that cannot be had is no reason for one.
        """
        url = f"{self.url}/{repo_id}/resolve/{revision or 'main'}/{quote(path)}"
        name, commit, linked = repo_id, None, None
        try:
            for _ in range(MAX_HOPS):
                ours = urlsplit(url)[:2] == self._origin
                condition = {"If-None-Match": f'"{etag}"'} if etag and ours else {}
                answer = self._get(url, "resolvers" if ours else "elsewhere", condition, max_size=max_size, patience=2)
                if ours:
                    commit = commit or answer.headers.get("x-repo-commit")
                    linked = linked or _etag(answer)
                if not answer.has_redirect_location:
                    return self._read_document(answer, commit, linked, max_size)
                if linked and is_known(linked):
                    return Document("known", etag=linked, commit=commit)
                if _int_of(answer.headers.get("x-linked-size")) > max_size:
                    return Document("too-large", note=f"{answer.headers['x-linked-size']} bytes", etag=linked)
                url = urljoin(url, answer.headers["location"])
                leads = urlsplit(url)
                if leads.scheme not in ("https", self._origin[0]):
                    return Document("error", note=f"redirects to {leads.scheme}:, which is not followed")
                named = _named_repo(leads.path) if leads[:2] == self._origin else None
                if named and named.lower() != name.lower():
                    if oid is None or self.exists(named) != oid:
                        return Document("moved", note=f"the name leads to {named}, which is another repo")
                    name = named
        except HubUnreachable as e:
            return Document("error", note=str(e), unreachable=True)
        except (HubMisbehaves, ValueError) as e:  # one crooked redirect or JSON is one document's failure
            return Document("error", note=str(e))
        return Document("error", note=f"more than {MAX_HOPS} redirects")

    def _read_document(self, answer: httpx.Response, commit: str | None, linked: str | None, max_size: int) -> Document:
        code = answer.headers.get("x-error-code", "")
        message = answer.headers.get("x-error-message", "")
        note = code or message or str(answer.status_code)
        if answer.status_code == 200:
            body = answer.content
            if len(body) > max_size:
                return Document("too-large", note=f"more than {max_size} bytes", etag=linked)
            if linked is None or is_text_of(body, linked) is False:  # a page in place of the file, or part of it
                kind = answer.headers.get("content-type", "no type")
                return Document("error", note=f"{len(body)} bytes of {kind} are not the file that the Hub names")
            return Document("ok", body, linked, commit)
        if answer.status_code == 304:
            return Document("unchanged", commit=commit)
        if answer.status_code == 401 and self.token:
            self._check_token(answer, code, message)
        if code == "GatedRepo":
            return Document("gated", note=message)
        if code == "EntryNotFound" or (answer.status_code == 404 and not code and commit):
            return Document("missing", note=note)
        if code != "RevisionNotFound" and answer.status_code in (401, 403, 404, 410):
            return Document("gone", note=note)
        return Document("error", note=f"{answer.status_code} {code or message}".strip())

    def _check_token(self, answer: httpx.Response, code: str, message: str) -> None:
        """A valid token never brings a 401. Without a code it is refused; a gated file hides that: ask who we are."""
        if not code or "credentials" in message.lower():
            raise self._refusal(answer)
        if self.wire.clock() - self._token_seen > 60:
            who = self._get(f"{self.url}/api/whoami-v2", "api")
            if who.status_code == 401:
                raise self._refusal(who)
            self._token_seen = self.wire.clock()

    def dataset(self, name: str, expand: Sequence[str], max_size: int) -> Info | None:
        """What the Hub says of one dataset, after renames; None when the answer is longer than `max_size` bytes."""
        url = str(httpx.URL(f"{self.url}/api/datasets/{quote(name)}", params=[("expand[]", e) for e in expand]))
        for _ in range(MAX_HOPS):
            answer = self._get(url, "api", max_size=max_size)
            if answer.has_redirect_location:
                url = urljoin(url, answer.headers["location"])
                if urlsplit(url)[:2] != self._origin:
                    return Info(0, "redirects to another host", b"")
                continue
            code = answer.headers.get("x-error-code", "")
            if answer.status_code == 401 and self.token:
                self._check_token(answer, code, answer.headers.get("x-error-message", ""))
            return None if len(answer.content) > max_size else Info(answer.status_code, code, answer.content)
        return Info(0, f"more than {MAX_HOPS} redirects", b"")

    # -- one repo, and who we are --------------------------------------------------------------------------------

    def exists(self, repo_id: str) -> str | None:
        """The oid that a name leads to now (after renames), or None when the Hub does not show it.

        Raises BadToken when it is the token that is refused, HubMisbehaves when the answer says neither.
        """
        url = f"{self.url}/api/models/{repo_id}"
        for _ in range(MAX_HOPS):
            answer = self._get(url, "api")
            code, message = answer.headers.get("x-error-code", ""), answer.headers.get("x-error-message", "")
            if answer.has_redirect_location:
                url = urljoin(url, answer.headers["location"])
                if urlsplit(url)[:2] != self._origin:
                    break
                continue
            if answer.status_code == 401 and self.token:
                self._check_token(answer, code, message)
            if answer.status_code in (401, 403, 404, 410):
                return None
            oid = _oid_of(answer.content) if answer.status_code == 200 else None
            if oid is None:
                break
            return oid
        raise HubMisbehaves(f"{self.url} does not say what {repo_id} is: {answer.status_code} at {url}.")

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
        """One request over the wire. With `max_size` the body is read only so far, and only for so long."""
        if max_size is None:
            answer = self.client.get(url, headers=headers, timeout=self.wire.timeout)
            answer.stream = httpx.ByteStream(b"")  # the read stream points back at the answer: a cycle around each page
            return answer
        began = self.wire.clock()
        with self.client.stream("GET", url, headers=headers, timeout=FILE_TIMEOUT) as answer:
            body = bytearray()
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > max_size:
                    break
                if self.wire.clock() - began > FILE_SECONDS:
                    raise httpx.ReadTimeout(f"the body did not end within {FILE_SECONDS:.0f} s", request=answer.request)
            kept = [(k, v) for k, v in answer.headers.multi_items() if k not in ("content-encoding", "content-length")]
            return httpx.Response(answer.status_code, headers=kept, content=bytes(body), request=answer.request)

    def _wait_for_quota(self, bucket: str, waited: float) -> float:
        """Wait until the bucket's limiter lets the next request start, and take the place.

        `waited`: seconds that this request has waited before because the quota was used up; returned with those added.
        Raises QuotaExhausted when they would be more than `max_wait`; the pauses of pacing do not count.
        """
        listing = bucket == "api"
        queued = False
        try:
            while True:
                with self._slot:
                    now = self.wire.clock()
                    state = self.buckets.get(bucket) or limits.Bucket(share=self.share)
                    pause = limits.wait(state, now)
                    if pause <= 0 and state.remaining is None and state.in_flight >= UNPACED and listing:
                        self._slot.wait(0.2)  # until one of the first requests has been answered
                        pause = -1.0
                    elif pause <= 0:
                        self.buckets[bucket] = limits.after_start(state, now)
                        self.counts.requests += 1
                        return waited
                    elif listing and not queued:
                        self.queued, queued = self.queued + 1, True
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
        finally:
            with self._lock:
                self.queued -= queued

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


def _doubt(page: Page, cursor: str | None, asked: int) -> str:
    """Why a page that was `asked` for so often should be asked for again, '' = it should not."""
    if cursor is not None and page.next_cursor == cursor:
        return "its next link leads to itself"
    nameless = sum(1 for row in page.rows if row.oid is None)
    if nameless and (asked < NAMELESS or nameless == len(page.rows)):
        return f"{nameless} rows without an _id"  # whose they are is not known: nothing here could be called missing
    return ""


def _oid_of(body: bytes) -> str | None:
    """The `_id` in the JSON of a repo; None when it is something else."""
    try:
        found = json.loads(body)
    except ValueError:
        return None
    oid = found.get("_id") if isinstance(found, dict) else None
    return oid if isinstance(oid, str) else None


def connect(
    url: str, *, token: str | None, share: float, wire: Wire, transport: httpx.BaseTransport | None = None
) -> Hub:
    """A Hub over a fresh HTTP client: no redirects by itself, compressed answers, keep-alive."""
    client = httpx.Client(
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
        follow_redirects=False,
        timeout=TIMEOUT,
        transport=transport,
        limits=httpx.Limits(max_connections=40, max_keepalive_connections=40),
    )
    return Hub(url, client, token=token, share=share, wire=wire)


def _etag(answer: httpx.Response) -> str | None:
    """What the Hub says the file's content is: git's blob id, or the SHA-256 of an LFS file."""
    said = answer.headers.get("x-linked-etag") or answer.headers.get("etag") or ""
    return said.removeprefix("W/").strip('"') or None


def _int_of(text: str | None) -> int:
    """A size in a header; 0 when it says none."""
    return int(text) if text and text.isdecimal() else 0


def _named_repo(path: str) -> str | None:
    """The repo that the path of a file's URL names, or None when it is of another form."""
    found = re.match(r"/(?:api/resolve-cache/models/(?P<cached>.+)/[0-9a-f]{40}/|(?P<plain>.+?)/resolve/)", path)
    return unquote(found["cached"] or found["plain"]) if found else None
