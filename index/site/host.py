"""Between Datasette and the pages: request in, page function in a thread with a read-only connection, answer out.

Does: parse the request, run the page under a time limit, keep finished answers (index.db never changes while it is
served), translate failures into a page or JSON with the right status, and set cookies for language and theme.
Does not: know any page, or write to a database.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from datasette.utils.asgi import NotFound, Response
from datasette.views.base import DatasetteError

from index.site import ask as asking
from index.site import reads, render, svg
from index.site.ask import Ask, BadAsk, NotHere
from index.site.guard import page_headers

DATABASE = "index"
TIME_LIMIT = 2.5  # seconds of SQL for one page
CACHE_BYTES = 48 * 1024 * 1024
CACHE_ENTRY = 1024 * 1024
CACHE_KEY = 4 * 1024  # bytes of a question; the answer to a longer one is not kept
CACHE_OVERHEAD = 2 * 1024  # bytes that an entry takes beside its answer and its question
YEAR = 365 * 24 * 3600


class Answer(NamedTuple):
    """A finished answer. `embeds`: other sites may show it in a frame or as an image."""

    body: bytes
    kind: str = "text/html; charset=utf-8"
    status: int = 200
    embeds: bool = False
    location: str = ""
    max_age: int = 300  # seconds; 0: made anew for everybody, and asked for again by who has it
    filename: str = ""


Page = Callable[[sqlite3.Connection, Ask], Answer]


class Made(NamedTuple):
    """An answer ready to be sent: its ETag, and its body compressed ('' where that does not pay)."""

    answer: Answer
    etag: str
    packed: bytes


def make(answer: Answer) -> Made:
    """Done in the page's own thread: compressing is most of what is left after the page is written."""
    worth = len(answer.body) > 1000
    packed = gzip.compress(answer.body, 5, mtime=0) if worth else b""
    return Made(answer, f'"{hashlib.sha256(answer.body).hexdigest()[:24]}"', packed)


class Cache:
    """Finished answers by what they depend on; the least recently used go first. For one event loop."""

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        """`limit` in bytes, compressed forms included."""
        self._answers: OrderedDict[tuple[object, ...], tuple[Any, int]] = OrderedDict()
        self._size, self._limit = 0, limit

    def __len__(self) -> int:
        """How many answers are kept."""
        return len(self._answers)

    def get(self, key: tuple[object, ...]) -> Any:
        """What was made before, or None."""
        found = self._answers.get(key)
        if found is None:
            return None
        self._answers.move_to_end(key)
        return found[0]

    def put(self, key: tuple[object, ...], answer: Any, size: int) -> None:
        """Keep an answer of so many bytes, unless that, or its question, is more than one may have.

        What a reader made up (the question) takes memory as well: it counts.
        """
        asked = len(repr(key))
        if size <= CACHE_ENTRY and asked <= CACHE_KEY and key not in self._answers:
            size += 4 * asked + CACHE_OVERHEAD  # four bytes a letter at most
            self._answers[key] = (answer, size)
            self._size += size
            while self._size > self._limit:
                _, (_, old) = self._answers.popitem(last=False)
                self._size -= old


def is_ours(datasette: Any) -> bool:
    """Whether this Datasette serves an index of ours."""
    database = datasette.databases.get(DATABASE)
    if database is None:
        return False
    known: bool | None = getattr(database, "_openness", None)
    if known is None:
        path = getattr(database, "path", None)
        known = path is not None and _looks_like_ours(str(path))
        database._openness = known
    return known


def _looks_like_ours(path: str) -> bool:
    from index.publish import APPLICATION_ID

    try:
        with open(path, "rb") as file:  # the application id lies at byte 68 of every SQLite file
            return file.read(72)[68:72] == APPLICATION_ID.to_bytes(4, "big")
    except OSError:
        return False


def parse(request: Any) -> Ask:
    """Datasette's request as our own frozen value."""
    params = tuple((key, value) for key in request.args for value in request.args.getlist(key))
    kept = asking.cookies(request.headers.get("cookie", ""))
    chosen = dict(reversed(params))
    theme = chosen.get("theme") or kept.get("theme", "")
    return Ask(
        path=request.path,
        params=params,
        lang=asking.language(chosen.get("lang", ""), kept.get("lang", ""), request.headers.get("accept-language", "")),
        theme=theme if theme in asking.THEMES else "",
        base=f"{request.scheme}://{request.host}",
        vars={k: unquote(v) for k, v in request.url_vars.items() if v is not None},  # Datasette matches the raw path
    )


async def header(datasette: Any, request: Any) -> dict[str, Any]:
    """Our header for Datasette's own pages; `sample`: whether to say that the index is of the sample."""
    database = datasette.get_database(DATABASE)
    known: bool | None = getattr(database, "_openness_sample", None)
    if known is None:
        known = database._openness_sample = await database.execute_fn(is_sample)
    ask = parse(request)
    sql = bool(datasette.setting("default_allow_sql"))
    return {**render.chrome(ask), "sample": known, "raw": render.shown_by(ask), "sql": sql}


def is_sample(conn: sqlite3.Connection) -> bool:
    """Whether the index was made from the bundled sample, whose cards are not the makers' own."""
    return reads.about(conn).get("hub") == "sample"


def marked(answer: Answer) -> Answer:
    """A JSON object of ours with "sample": true before all else. Feeds and CycloneDX have forms of their own."""
    start = b"{\n"
    if not answer.kind.startswith("application/json") or not answer.body.startswith(start):
        return answer
    return answer._replace(body=start + b'  "sample": true,\n' + answer.body[len(start) :])


def view(page: Page, reads: str = "", *, alone: bool = False) -> Callable[..., Any]:
    """A page function as a view of Datasette.

    `reads`: the parameters that the page knows, with spaces between; any other is refused.
    `alone`: costly, never made for two readers at once.
    """
    known = tuple(reads.split())

    async def answer(datasette: Any, request: Any) -> Response:
        ask = parse(request)._replace(sql=bool(datasette.setting("default_allow_sql")))
        cache = cache_of(datasette)
        made: Made | None = cache.get(ask.key())
        if made is None:
            database = datasette.get_database(DATABASE)
            async with _turn(datasette) if alone else nullcontext():
                made = await database.execute_fn(lambda conn: make(_run(page, conn, ask, known)))
            if made.answer.status == 200 and made.answer.max_age:
                cache.put(ask.key(), made, len(made.answer.body) + len(made.packed))
        return _response(request, ask, made)

    return answer


def blame(exception: Exception) -> None:
    """An order by a column that is none is the asker's mistake (400): Datasette takes it for its own (500)."""
    if isinstance(exception, DatasetteError) and exception.message.startswith("Cannot sort table by "):
        exception.status = 400


def nowhere(request: Any, exception: Exception, ours: bool = False) -> Response | None:
    """The answer to an address outside /index and /-/ that is no page; None for anything else.

    `ours`: the address is that of a page of ours, where a KeyError is a fault to be logged and no wrong address.
    """
    # A database that is not there is a KeyError.
    missing = isinstance(exception, NotFound) or (isinstance(exception, KeyError) and not ours)
    if not missing or request.path.split("/")[1].split(".")[0] in (DATABASE, "-", "_internal"):
        return None
    ask = parse(request)
    return _response(request, ask, make(refusal(ask, NotHere("error.page"))))


async def databases(datasette: Any) -> Response:
    """Datasette's list of databases, which would tell where the file lies on the server, with its name only."""
    shown = ("name", "route", "size", "is_mutable", "is_memory", "hash")
    listed = [
        {**{name: getattr(one, name) for name in shown}, "path": one.path and Path(one.path).name}
        for name, one in datasette.databases.items()
        if name != "_internal"
    ]
    return Response.json(listed)


def cache_of(datasette: Any) -> Cache:
    """The one cache of this Datasette."""
    cache: Cache | None = getattr(datasette, "_openness_cache", None)
    if cache is None:
        cache = datasette._openness_cache = Cache()
    return cache


def _turn(datasette: Any) -> asyncio.Lock:
    """The one turn of this Datasette: who waits for it holds no thread that others need."""
    turn: asyncio.Lock | None = getattr(datasette, "_openness_turn", None)
    if turn is None:
        turn = datasette._openness_turn = asyncio.Lock()
    return turn


def _run(page: Page, conn: sqlite3.Connection, ask: Ask, known: tuple[str, ...]) -> Answer:
    try:
        with time_limit(conn, TIME_LIMIT):
            asking.only(ask, known)
            sample = is_sample(conn)
            answer = page(conn, ask._replace(sample=sample))
            return marked(answer) if sample else answer
    except BadAsk as e:
        return refusal(ask, e)
    except sqlite3.OperationalError as e:
        if "interrupted" not in str(e):
            raise
        return refusal(ask, BadAsk("error.slow", seconds=TIME_LIMIT))


def refusal(ask: Ask, error: BadAsk) -> Answer:
    """A sentence for a person, or for a program that asked for JSON."""
    sentence = render.texts(ask.lang)(error.key, **error.values)
    near = error.near if isinstance(error, NotHere) else ()
    if ask.path.endswith((".json", ".atom", ".csv")):
        said: dict[str, object] = {"ok": False, "status": error.status, "error": sentence}
        if isinstance(error, NotHere):
            said["near"] = list(near)
        return Answer(render.to_json(said), "application/json; charset=utf-8", error.status)
    if ask.path.endswith(".svg"):  # stands in somebody's page as an image: there the sentence can be read
        image = svg.badge(None, None, sentence, sentence)
        return Answer(image.encode(), "image/svg+xml; charset=utf-8", error.status, embeds=True)
    body = render.page("error.html", ask, key=error.key, values=error.values, status=error.status, near=near)
    return Answer(body, status=error.status)


@contextmanager
def time_limit(conn: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Interrupt whatever the connection does after so long."""
    end = time.perf_counter() + seconds
    conn.set_progress_handler(lambda: int(time.perf_counter() >= end), 50_000)
    try:
        yield
    finally:
        conn.set_progress_handler(None, 0)


def _response(request: Any, ask: Ask, made: Made) -> Response:
    answer, etag, packed = made
    headers = page_headers(answer.kind, answer.embeds)
    headers["vary"] = "Accept-Language, Cookie, Accept-Encoding"
    if answer.location:
        response = Response("", status=answer.status, headers={**headers, "location": answer.location})
    else:
        if answer.status == 200:
            headers |= {
                "etag": etag,
                "cache-control": f"public, max-age={answer.max_age}" if answer.max_age else "no-cache",
            }
        else:
            headers["cache-control"] = "no-store"
        if answer.filename:
            headers["content-disposition"] = f'attachment; filename="{answer.filename}"'
        if answer.status == 200 and etag in request.headers.get("if-none-match", ""):
            response = Response(b"", status=304, headers=headers, content_type=answer.kind)
        elif packed and "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            response = Response(packed, status=answer.status, headers=headers, content_type=answer.kind)
        else:
            response = Response(answer.body, status=answer.status, headers=headers, content_type=answer.kind)
    for name, value in (("lang", ask.lang), ("theme", ask.theme)):
        chosen = next((v for k, v in ask.params if k == name), None)
        if chosen and (chosen == value or (name == "theme" and chosen == "auto")):
            response.headers["cache-control"] = "private, no-store"
            response.set_cookie(name, value, max_age=YEAR if value else 0, path="/", samesite="lax")
    return response
