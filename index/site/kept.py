"""Answers of Datasette's own pages, kept: index.db never changes while it is served, so neither do they.

Does: give a page of the database its ETag, keep it in the cache of finished answers (host.py) with its compressed form,
and answer the next one who asks the same in the same language out of it. Never for anybody who is signed in, for a
long question, for CSV (Datasette writes an error into the end of one and calls it a success), for an answer that sets a
cookie, failed, ran out of time in a part, or is larger than an entry may be (that one is passed on as it comes). A
search in Datasette's table of models is told to read the index of words in its own order: by place, on its page not
counted. A page for people has at most 200 rows. What networks add to a shared link (utm_source, fbclid) is taken out of
every address before anybody reads it.
Does not: decide what a page says, or keep anything of /-/ and of our own pages, which keep themselves.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode

from index.site import ask as asking
from index.site.host import CACHE_ENTRY, DATABASE, cache_of

_PERSONAL = ("ds_actor", "ds_messages")  # Datasette's cookies of one reader
_VARY = b"Accept-Language, Cookie, Accept-Encoding"
_SEARCHED = (f"/{DATABASE}/models", f"/{DATABASE}/models.json")
_TABLE_CSV = re.compile(rf"/{DATABASE}/[^/]+\.csv")
PAGE = 200  # rows on a page of a table: a thousand models are 4 MB
_PACKED_FROM = 1000  # bytes from which compressing pays
Headers = list[tuple[bytes, bytes]]


class Kept(NamedTuple):
    """A finished answer: its headers without length and encoding, its body plain and compressed (b'': not worth it)."""

    headers: Headers
    body: bytes
    packed: bytes
    etag: bytes


def wrapper(datasette: Any) -> Callable[[Any], Any]:
    """ASGI middleware around Datasette's pages of our database."""

    def wrap(app: Any) -> Any:
        async def keeping(scope: Any, receive: Any, send: Any) -> None:
            asked = {bytes(k).lower(): bytes(v) for k, v in scope.get("headers", ())}
            scope = _sooner(_untracked(scope))
            key = _key(scope, asked)
            if key is None:
                await app(scope, receive, _unkept(send) if _is_csv(scope) else send)
                return
            cache = cache_of(datasette)
            kept: Kept | None = cache.get(key)
            if kept is None:
                kept = await _made(app, scope, receive, send)
                if kept is None:  # already sent, as it came
                    return
                cache.put(key, kept, len(kept.body) + len(kept.packed))
            await _send(kept, asked, send)

        return keeping

    return wrap


def _untracked(scope: Any) -> Any:
    """The same question without what it says about where its reader comes from: the answer is the same."""
    query = scope.get("query_string", b"")
    asked = asking.without_tracking(query)
    return scope if asked == query else {**scope, "query_string": asked}


def _sooner(scope: Any) -> Any:
    """The same question, put so that it is less work.

    A search among all models that names no order: its matches stand in the order of places (published_fill.sql). By
    downloads SQLite would look up every match first, 300,000 for `llama`, and to count them is as much again: a page
    does without the count, a program that asks for JSON does not. A table as CSV: read in the largest steps, for
    Datasette would take as many rows as a page of it shows, and skip all before them each time.
    """
    asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    if _is_long_page(scope.get("path", ""), asked):
        shorter = [(k, str(PAGE) if k == "_size" else v) for k, several in asked.items() for v in several]
        return {**scope, "query_string": urlencode(shorter).encode()}
    if _TABLE_CSV.fullmatch(scope.get("path", "")) and "_stream" in asked and "_size" not in asked:
        return {**scope, "query_string": scope["query_string"] + b"&_size=max"}
    if scope.get("path") not in _SEARCHED:
        return scope
    if "_search" not in asked or asked.keys() & {"_sort", "_sort_desc", "_facet", "_facet_array", "_facet_date"}:
        return scope
    return {
        **scope,
        "query_string": scope["query_string"]
        + b"&_sort=place"
        + (b"" if scope["path"].endswith(".json") else b"&_nocount=1"),
    }


def _is_long_page(path: str, asked: dict[str, list[str]]) -> bool:
    """Whether a page for people would have more rows than PAGE: its link to the next page leads to the others."""
    size = asked.get("_size", [""])[-1]
    ours = path.startswith(f"/{DATABASE}/") and not path.endswith((".json", ".csv")) and "_format" not in asked
    return ours and (size == "max" or (size.isascii() and size.isdigit() and PAGE < int(size[:9]) <= 1000))


def _is_csv(scope: Any) -> bool:
    """Whether Datasette answers with CSV of our database, whose success is known only at its end."""
    path = scope.get("path", "")
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return path.startswith(f"/{DATABASE}") and (path.endswith(".csv") or "csv" in query.get("_format", ()))


def _unkept(send: Any) -> Any:
    """Send, with word to every cache on the way to ask again: a CSV that failed half-way must not be the next one's."""

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            others = [(k, v) for k, v in message.get("headers", ()) if bytes(k).lower() != b"cache-control"]
            message = {**message, "headers": [*others, (b"cache-control", b"no-cache")]}
        await send(message)

    return sending


def _key(scope: Any, asked: dict[bytes, bytes]) -> tuple[object, ...] | None:
    """What an answer depends on; None where it is not one that we keep."""
    path = scope.get("path", "")
    if scope["type"] != "http" or scope.get("method") != "GET" or b"authorization" in asked:
        return None
    if path.strip("/").split("/")[0].split(".")[0] != DATABASE or path == f"/{DATABASE}.db":
        return None
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    faceted = any(name.startswith("_facet") for name in query)  # JSON does not say which ran out of time
    if _is_csv(scope) or (path.endswith(".json") and faceted):
        return None
    cookies = asking.cookies(asked.get(b"cookie", b"").decode("latin-1"))
    if any(name in cookies for name in _PERSONAL):
        return None
    lang = asking.language("", cookies.get("lang", ""), asked.get(b"accept-language", b"").decode("latin-1"))
    where = (scope.get("scheme"), asked.get(b"host"), scope.get("raw_path") or path, scope.get("query_string"))
    theme = cookies.get("theme", "")
    return ("datasette", *where, lang, theme if theme in asking.THEMES else "")


async def _made(app: Any, scope: Any, receive: Any, send: Any) -> Kept | None:
    """The answer of the app, or None after passing on one that is not to be kept."""
    start: Any = None
    body = bytearray()
    passing = False

    async def collect(message: Any) -> None:
        nonlocal start, passing
        if passing:
            await send(message)
        elif message["type"] == "http.response.start":
            start = message
            names = {bytes(name).lower() for name, _ in message.get("headers", ())}
            if message["status"] != 200 or names & {b"set-cookie", b"content-encoding"}:
                passing = True
                await send(message)
        else:
            body.extend(message.get("body", b""))
            if len(body) > CACHE_ENTRY:
                passing = True
                await send(start)
                await send({**message, "body": bytes(body)})

    await app(scope, receive, collect)
    if passing or start is None:
        return None
    plain = bytes(body)
    if _incomplete(plain, scope.get("query_string", b"")):
        await send(start)
        await send({"type": "http.response.body", "body": plain})
        return None
    packed = await asyncio.to_thread(gzip.compress, plain, 5, mtime=0) if len(plain) >= _PACKED_FROM else b""
    dropped = (b"content-length", b"vary", b"etag")
    headers = [(bytes(k), bytes(v)) for k, v in start["headers"] if bytes(k).lower() not in dropped]
    return Kept(headers, plain, packed, b'"' + hashlib.sha256(plain).hexdigest()[:24].encode() + b'"')


def _incomplete(body: bytes, query: bytes) -> bool:
    """Whether Datasette ran out of time for a list of values or a count: the next reader may be told more."""
    uncounted = b'"filtered_table_rows_count": null' in body and b"_nocount" not in query
    return uncounted or b'class="facets-timed-out"' in body


async def _send(kept: Kept, asked: dict[bytes, bytes], send: Any) -> None:
    headers = [*kept.headers, (b"etag", kept.etag), (b"vary", _VARY)]
    status, body = 200, kept.body
    if kept.etag in asked.get(b"if-none-match", b""):
        status, body = 304, b""
    elif kept.packed and b"gzip" in asked.get(b"accept-encoding", b""):
        body = kept.packed
        headers.append((b"content-encoding", b"gzip"))
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
