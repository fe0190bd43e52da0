"""The only door to the Hub: URLs, headers, quota, retries, paging, redirects. Yields pages and documents.

The transport (an `httpx.Client`), the clock and the sleep come in from outside. Stores nothing, compares nothing.
Every request has a timeout; every answer feeds its bucket's limiter. Never asks for config.json or weights: the Hub
counts that as a download, and a crawler that adds to what it measures is broken.

`RateLimit` windows, redirects and error shapes: the Hub's documented API; see `limits.py` for the pacing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qs, quote, unquote, urljoin, urlsplit

import httpx

from crawler import records
from crawler.deadline import bound
from crawler.documents import is_text_of
from crawler.door import ATTEMPTS, FIRST_ATTEMPTS, TIMEOUT, Door, Wire
from crawler.errors import HubMisbehaves, HubUnreachable
from crawler.records import Listed, Reject

USER_AGENT = "openness/0.1 (an openness index of the Hub)"
NAMELESS = 5  # times to ask for a page with rows that do not say whose they are, before it is taken as it is
PAGE = 1000  # the Hub's own maximum
MAX_HOPS = 5


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
class Hub(Door):
    """A Hub at `url`. Safe for several threads; one limiter per bucket."""

    page_size: int = PAGE

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
    return Hub(url, bound(client), token=token, share=share, wire=wire)


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
