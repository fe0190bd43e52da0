"""The replay Hub as an ASGI application: around the answers of `replay_routes` it counts, waits and spoils.

Does: charges quotas and sends RateLimit headers on every answer, thinks for as long as it is told, spoils answers as
`Faults` says, keeps statistics (/replay/stats: who asked for config.json or weights, which tokens went astray).

Does not: listen (see `replay`), or check that a token is real (any is good until `revoked`).
"""

from __future__ import annotations

import asyncio
import gzip
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote

from crawler.replay_faults import (
    Fault,
    Latency,
    Meter,
    Quotas,
    Route,
    Spent,
)
from crawler.replay_files import COUNTED
from crawler.replay_routes import MARKERS, respond
from crawler.replay_site import Answer, Request, Site, bad_token, error, json_answer

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

DRIP = 0.05  # seconds between two bytes of a dripping header
_429 = frozenset({"quota", "quota_left", "quota_bare", "retry_after"})
_BROKEN = frozenset({"truncate", "stall", "gzip", "json", "shape", "html"})


class Asked(NamedTuple):
    """One request in the log. `target`: path and query as they came."""

    method: str
    target: str
    status: int  # 0: the connection was dropped
    fault: str


@dataclass
class Stats:
    """What happened since the start. Written by the server's thread only."""

    requests: Counter[str] = field(default_factory=Counter)  # by route
    statuses: Counter[int] = field(default_factory=Counter)
    buckets: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    counted: Counter[str] = field(default_factory=Counter)  # paths that would have counted as a download
    served: Counter[str] = field(default_factory=Counter)  # "kind/id/commit/path" -> times its bytes went out
    foreign: int = 0  # requests that reached "another host" (LFS files, foreign links)
    leaked: int = 0  # those that carried a token
    bytes: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    log: deque[Asked] = field(default_factory=lambda: deque(maxlen=20_000))

    def as_json(self) -> dict[str, object]:
        """For /replay/stats."""
        repeated = {path: n for path, n in self.served.items() if n > 1}
        return {
            "requests": dict(self.requests),
            "statuses": {str(status): n for status, n in self.statuses.items()},
            "buckets": dict(self.buckets),
            "faults": dict(self.faults),
            "counted": dict(self.counted),
            "documents": {"served": sum(self.served.values()), "distinct": len(self.served), "repeated": repeated},
            "foreign": self.foreign,
            "leaked": self.leaked,
            "bytes": self.bytes,
            "most_in_flight": self.most_in_flight,
        }


class ReplayApp:
    """The ASGI application. Attributes may be replaced while it runs: `latency`, `meter`, `site.plan`, `site.view`."""

    def __init__(self, site: Site, quotas: Quotas | None = None, latency: Latency | None = None,
                 clock: Callable[[], float] = time.monotonic) -> None:  # fmt: skip
        """`clock`: seconds, steady; only the quota windows read it."""
        self.site = site
        self.meter = Meter(quotas or Quotas())
        self.latency = latency or Latency()
        self.stats = Stats()
        self.revoked = False
        self.netloc = ""  # our own host:port; another Host header is "another host"
        self.clock = clock

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        stats = self.stats
        stats.in_flight += 1
        stats.most_in_flight = max(stats.most_in_flight, stats.in_flight)
        try:
            await self._serve(await _read(scope, receive), scope["client"], receive, send)
        finally:
            stats.in_flight -= 1

    async def _serve(self, request: Request, client: tuple[str, int] | None, receive: Receive, send: Send) -> None:
        if request.segments == ["replay", "stats"]:
            await _send(send, json_answer(self.stats.as_json()))
            return
        route = route_of(request)
        spent = self._account(request, route, client[0] if client else "unknown")
        fault = self.site.plan.next(route)
        await asyncio.sleep(self._seconds(route))
        answer = self._answer(request, spent, fault)
        self.stats.statuses[answer.status if answer else 0] += 1
        target = f"{request.raw_path}?{request.query}" if request.query else request.raw_path
        kind = fault.kind if fault else ""
        self.stats.faults.update([kind] if kind else [])
        self.stats.log.append(Asked(request.method, target, answer.status if answer else 0, kind))
        if answer is None:
            await (_drip(send, receive, self.site.plan.faults.stall) if kind == "drip" else _drop(send, receive))
            return
        if kind not in ("quota", "quota_bare", "retry_after"):
            answer.headers += rate_headers(spent, bucket_of(request))
        self._note_served(request, answer)
        if kind in _BROKEN and answer.status in (200, 307):
            await self._spoil(kind, answer, send, receive)
        else:
            await _send(send, answer)

    def _account(self, request: Request, route: Route, address: str) -> Spent:
        stats, bucket = self.stats, bucket_of(request)
        stats.requests[route] += 1
        stats.buckets[bucket] += 1
        if self.netloc and request.headers.get("host") != self.netloc:
            stats.foreign += 1
            stats.leaked += request.token is not None
        if route == "file" and COUNTED.search(request.segments[-1]):
            stats.counted[request.raw_path] += 1
        return self.meter.spend(bucket, request.token or address, self.clock())

    def _note_served(self, request: Request, answer: Answer) -> None:
        self.stats.bytes += len(answer.body)
        if request.method == "GET" and answer.status in (200, 206) and request.segments[:2] in (
            ["api", "resolve-cache"], ["replay", "cdn"]):  # fmt: skip
            self.stats.served["/".join(request.segments[2:])] += 1

    def _seconds(self, route: Route) -> float:
        return {"listing": self.latency.page, "info": self.latency.info, "file": self.latency.file}.get(route, 0.0)

    def _answer(self, request: Request, spent: Spent, fault: Fault | None) -> Answer | None:
        """What to say; None = close the connection without a word."""
        kind = fault.kind if fault else ""
        if kind in ("drop", "drip"):
            return None
        if kind in _429 or not spent.allowed:
            return self._too_many(kind, spent, bucket_of(request))
        if kind.startswith("error5"):
            return Answer(
                int(kind[5:]), b"<html><body><h1>Service error</h1></body></html>", [("Content-Type", "text/html")]
            )
        if kind == "revoke":
            self.revoked = True
        if self.revoked and request.token is not None:
            return bad_token()
        if fault and kind in ("delete", "rename"):
            self._edit(request, fault)
        return respond(self.site, request, fault)

    def _too_many(self, kind: str, spent: Spent, bucket: str) -> Answer:
        answer = error(429, f"We had to rate limit you: the quota of the {bucket} bucket is used up.")
        wait = self.site.plan.faults.wait
        if kind == "quota":
            answer.headers += rate_headers(spent._replace(remaining=0, reset=wait), bucket)
        elif kind == "retry_after":
            answer.headers.append(("Retry-After", str(wait)))
        return answer

    def _edit(self, request: Request, fault: Fault) -> None:
        """Delete or rename the fault's repo, else the one asked for, else one of the page asked for."""
        old, _, new = fault.argument.partition("=")
        site = self.site
        if not old:
            if request.segments == ["api", "models"]:
                page = respond(site, request)
                rows = page.rows
                old = site.view.id_at(site.plan.random.choice(rows)) if rows else ""
            else:
                old = asked_for(request)
        if old:
            site.edit(old, "" if fault.kind == "delete" else new or f"{old}-renamed")

    async def _spoil(self, kind: str, answer: Answer, send: Send, receive: Receive) -> None:
        body = answer.body
        if answer.status == 307 and kind in ("json", "shape"):
            kind = "html"  # a redirect has no JSON to spoil: a page comes in its place
        if kind == "json":
            answer.body = body[: max(1, len(body) * 2 // 3)]
        elif kind == "shape":
            answer.body = b'{"error":null,"items":{}}'
        elif kind == "html":
            answer.body = b"<!doctype html><html><body><h1>We are down for maintenance</h1></body></html>"
            answer.status = 200
            gone = ("Content-Type", "ETag", "Link", "Location", "X-Linked-Etag", "X-Repo-Commit")
            answer.headers = [h for h in answer.headers if h[0] not in gone]
            answer.headers.append(("Content-Type", "text/html; charset=utf-8"))
        elif kind == "gzip":
            packed = gzip.compress(body, 1)
            answer.headers.append(("Content-Encoding", "gzip"))
            await send(_start(answer, None))
            await send({"type": "http.response.body", "body": packed})
            return
        else:
            await send(_start(answer, len(body)))
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            if kind == "stall":
                await _until_gone(receive, self.site.plan.faults.stall)
            return  # without the rest: the server closes the connection
        await _send(send, answer)


def route_of(request: Request) -> Route:
    """Which faults and latency a request meets."""
    if request.segments == ["api", "models"]:
        return "listing"
    if request.segments[:1] == ["replay"] or request.segments[:2] == ["api", "resolve-cache"]:
        return "file"
    if request.segments[:1] == ["api"]:
        return "info" if request.segments[1:2] in (["models"], ["datasets"]) else "other"
    return "file" if "resolve" in request.segments else "other"


def asked_for(request: Request) -> str:
    """The id of the repo that a request names, '' when it names none."""
    match request.segments:
        case ["api", ("models" | "datasets"), *rest]:
            cut = next((i for i in (1, 2) if rest[i : i + 1] and rest[i] in MARKERS), 2)
            return "/".join(rest[:cut])
        case ["api", "resolve-cache", _, *rest] if len(rest) > 2:
            return "/".join(rest[: 2 if len(rest) > 3 else 1])
        case [*rest] if "resolve" in rest:
            return "/".join(rest[: rest.index("resolve")]).removeprefix("datasets/")
    return ""


def bucket_of(request: Request) -> str:
    """Which quota pays. A %2F for a slash in a file's URL moves it to the tight pages bucket, as on the Hub."""
    path = request.raw_path
    if path.startswith("/api/resolve-cache/"):
        return "resolvers"
    if path.startswith("/api/"):
        return "api"
    if "/resolve/" in path:
        before, _, after = path.partition("/resolve/")
        encoded = "%2f" in before.lower() or "%2f" in after.partition("/")[2].lower()
        return "pages" if encoded else "resolvers"
    return "pages"


def rate_headers(spent: Spent, bucket: str) -> list[tuple[str, str]]:
    """The pair that every answer of the Hub carries."""
    window = max(1, round(spent.quota.w))
    return [
        ("RateLimit", f'"{bucket}";r={spent.remaining};t={spent.reset}'),
        ("RateLimit-Policy", f'"fixed window";"{bucket}";q={spent.quota.q};w={window}'),
    ]


async def _read(scope: MutableMapping[str, Any], receive: Receive) -> Request:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    raw_path = scope["raw_path"].decode("latin-1")
    authorization = headers.get("authorization", "")
    token = authorization.removeprefix("Bearer ").strip() or None
    body = b""
    while scope["method"] == "POST":
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return Request(
        method=scope["method"],
        raw_path=raw_path,
        query=scope["query_string"].decode("latin-1"),
        segments=[unquote(part) for part in raw_path.strip("/").split("/")],
        headers=headers,
        base=f"{scope['scheme']}://{headers.get('host', 'localhost')}",
        token=token,
        body=body,
    )


def _start(answer: Answer, length: int | None) -> dict[str, Any]:
    headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in answer.headers]
    if length is not None and answer.status != 304:
        headers.append((b"content-length", str(length).encode()))
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


async def _send(send: Send, answer: Answer) -> None:
    await send(_start(answer, len(answer.body)))
    await send({"type": "http.response.body", "body": answer.body})


def _transport(send: Send) -> asyncio.Transport | None:
    return getattr(getattr(send, "__self__", None), "transport", None)


async def _drip(send: Send, receive: Receive, seconds: float) -> None:
    """A status line and one header that grows by a byte now and then, until the client has hung up."""
    if transport := _transport(send):
        transport.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        gone = asyncio.ensure_future(_until_gone(receive, seconds))
        while not gone.done():
            transport.write(b"a")
            await asyncio.wait([gone], timeout=DRIP)
        transport.abort()


async def _drop(send: Send, receive: Receive) -> None:
    """Close the connection without a byte. ASGI has no word for it, so the server's own transport is asked."""
    transport = _transport(send)
    if transport is None:  # another server: its nearest equivalent is an answer that ends within its headers' promise
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        return
    transport.abort()
    await _until_gone(receive, 5.0)


async def _until_gone(receive: Receive, seconds: float) -> None:
    """Wait until the client has hung up, at most so long."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(gone(), seconds)
    except TimeoutError:
        return
