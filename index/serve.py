"""Datasette on index.db, with the project's metadata and settings, started anew whenever a new index.db is published.

Does: build the command line, refuse clearly what cannot work, keep one child process alive, or several behind one
address (reception.py), restart them when index.db is replaced (Datasette would go on serving the old file for ever),
start one of several anew that ended by itself, end them on SIGTERM, SIGINT or SIGHUP.

Does not: publish, answer requests, set headers that belong to a proxy (TLS, rate limits).
"""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from crawler.errors import ForeignDatabase, NewerSchema, OpennessError, UsageError
from index.publish import APPLICATION_ID, INDEX, INSPECT, SCHEMA_VERSION
from index.queries import check_columns
from index.reception import CAN_PASS, Reception

METADATA = "datasette_metadata.json"
PLUGINS = Path(__file__).with_name("site") / "plugins"
STATIC = ("openness", Path(__file__).with_name("site") / "static")  # served under /openness/
POLL = 0.5  # seconds between two looks at index.db
SETTLED = 20  # looks after which a worker counts as one that served
PATIENCE = 10.0  # seconds that Datasette gets to finish what it is doing
MOST_WORKERS = 4  # unless somebody wants more: each takes some 150 MB

#: Measured on 2.5 million models: facet suggestions alone cost a second a page. Datasette 0.65 does not read the key
#: `settings` of the metadata (1.0 does), so it gets them here; a test compares the two.
SETTINGS: Mapping[str, str] = {
    "suggest_facets": "off",
    "sql_time_limit_ms": "3000",
    "facet_time_limit_ms": "1500",
    "default_page_size": "30",
    "max_returned_rows": "1000",
    "default_cache_ttl": "300",
}

Robots = Literal["index", "all", "none"]
#: What search engines may read. 'index' (the home page only) is what datasette_metadata.json says by itself.
_ROBOTS: Mapping[Robots, str] = {"all": "User-agent: *\nAllow: /", "none": "User-agent: *\nDisallow: /"}


class _File(NamedTuple):
    """Which file stands under a name: another one after a publish."""

    inode: int
    modified: int


def metadata_file() -> Path:
    """datasette_metadata.json: beside the packages in a checkout, under share/openness in an installation."""
    places = (Path(__file__).parents[1] / METADATA, Path(sys.prefix) / "share" / "openness" / METADATA)
    for place in places:
        if place.is_file():
            return place
    raise UsageError(f"{METADATA} is neither at {places[0]} nor at {places[1]}. Install openness again.")


def usual_workers() -> int:
    """One process for each processor that we may use, up to MOST_WORKERS."""
    if not CAN_PASS:
        return 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, MOST_WORKERS)


def command(
    data: Path, host: str, port: int, *, sql: bool = True, download: bool = True, channel: int | None = None
) -> list[str]:
    """The command that serves `data`/index.db. `sql` allows arbitrary SQL, `download` the file itself.

    `channel`: number of the Unix socket through which a worker gets its connections; without, it listens by itself.

    Raises UsageError when nothing is published, ForeignDatabase or NewerSchema when index.db is not for us.
    """
    path = data / INDEX
    published = _published(path)
    inspect = data / INSPECT
    program = ["datasette", "serve"] if channel is None else ["index.worker", str(channel)]
    argv = [sys.executable, "-m", *program, "--immutable", str(path), "--metadata", str(metadata_file()),
            "--plugins-dir", str(PLUGINS), "--static", f"{STATIC[0]}:{STATIC[1]}",
            "--host", host, "--port", str(port)]  # fmt: skip
    if _is_of(inspect, path, published):
        argv += ["--inspect-file", str(inspect)]
    for name, value in SETTINGS.items():
        argv += ["--setting", name, value]
    if not sql:
        argv += ["--setting", "default_allow_sql", "off"]
    if not download:
        argv += ["--setting", "allow_download", "off"]
    return argv


def check(data: Path, host: str, port: int) -> None:
    """Raises what `serve` would raise before it serves anything."""
    if importlib.util.find_spec("datasette") is None:
        raise UsageError("Datasette is not installed. Install the web extra: pip install 'openness[web]'.")
    command(data, host, port)
    _check_port(host, port)


def serve(
    data: Path,
    host: str = "127.0.0.1",
    port: int = 8001,
    *,
    sql: bool = True,
    download: bool = True,
    robots: Robots = "index",
    workers: int | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Serve until a signal ends it; restart Datasette when another index.db is published.

    `workers`: processes behind the address, `usual_workers()` where it is None; each keeps finished pages of its own.
    One that ends after it has served for `SETTLED` looks is started anew while the others go on; one that ends sooner
    would only end again.
    Raises UsageError (nothing published, port taken, [web] not installed), ForeignDatabase, NewerSchema, and
    OpennessError when Datasette ends by itself.
    """
    check(data, host, port)
    count = usual_workers() if workers is None else workers
    if count > 1 and not CAN_PASS:
        raise UsageError("Several workers need a system that passes connections between processes. Use --workers 1.")
    environment = os.environ | ({"OPENNESS_ROBOTS": _ROBOTS[robots]} if robots in _ROBOTS else {})
    # What one worker signed another one has to recognise.
    environment.setdefault("DATASETTE_SECRET", secrets.token_hex(32))

    def start() -> subprocess.Popen[bytes]:
        if desk is None:
            return subprocess.Popen(command(data, host, port, sql=sql, download=download), env=environment)
        with desk.worker() as channel:
            argv = command(data, host, port, sql=sql, download=download, channel=channel.fileno())
            return subprocess.Popen(argv, env=environment, pass_fds=[channel.fileno()])

    with ExitStack() as stack:
        desk = stack.enter_context(closing(_reception(host, port))) if count > 1 else None
        stopped = stack.enter_context(_stopped_by_signals())
        while not stopped():
            file = _file(data / INDEX)
            children: list[subprocess.Popen[bytes]] = []
            try:
                children += (start() for _ in range(count))
                _watch(children, start, data / INDEX, file, stopped, sleep)
            finally:
                if desk is not None:
                    desk.dismiss()
                _end(children)


def _reception(host: str, port: int) -> Reception:
    try:
        desk = Reception.at(host, port)
    except OSError as e:
        raise _no_port(host, port, e) from e
    if not port:
        print(f"Listening at http://{host}:{desk.port}/", file=sys.stderr, flush=True)
    return desk


def _watch(
    children: list[subprocess.Popen[bytes]],
    start: Callable[[], subprocess.Popen[bytes]],
    path: Path,
    file: _File | None,
    stopped: Callable[[], bool],
    sleep: Callable[[float], None],
) -> None:
    """Return when a signal came or another file stands under `path`; one of several `children` that ends is replaced.

    Raises OpennessError when the only child ends, all do, or one does before it can have served.
    """
    looks = [0] * len(children)  # that each child has lived through
    while not stopped():
        ended = {n: status for n, child in enumerate(children) if (status := child.poll()) is not None}
        if ended and stopped():  # the terminal sent the signal to all
            return
        if len(ended) == len(children) or any(looks[n] < SETTLED for n in ended):
            status = next(iter(ended.values()))
            raise OpennessError(f"Datasette ended with status {status}; its message is above. The data is untouched.")
        for n, status in ended.items():
            print(f"A worker ended with status {status}; another one takes its place.", file=sys.stderr, flush=True)
            children[n], looks[n] = start(), 0
        looks = [n + 1 for n in looks]
        now = _file(path)
        if now is not None and now != file:
            return
        sleep(POLL)


def _end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    """End the children politely, then not."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        try:
            child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextmanager
def _stopped_by_signals() -> Iterator[Callable[[], bool]]:
    """A question that becomes true on SIGTERM, SIGINT or SIGHUP. Outside the main thread nothing can be caught."""
    seen: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: bool(seen)
        return
    before = {s: signal.signal(s, lambda n, _: seen.append(n)) for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield lambda: bool(seen)
    finally:
        for s, handler in before.items():
            signal.signal(s, handler)


def _published(path: Path) -> str:
    """When the file was published, after making sure that it is one of ours."""
    if not path.exists():
        raise UsageError(f"There is no {path} yet. Run `openness nightly --hub sample` (or another hub) first.")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as conn:
            (owner,) = conn.execute("PRAGMA application_id").fetchone()
            (schema,) = conn.execute("PRAGMA user_version").fetchone()
            if owner != APPLICATION_ID:
                raise ForeignDatabase(
                    f"{path} is a database of another application; it is not served. Name another --data."
                )
            if schema > SCHEMA_VERSION:
                raise NewerSchema(f"{path} was published by a newer openness; update openness, or publish again.")
            check_columns(conn, path)
            (published,) = conn.execute("SELECT value FROM about WHERE key = 'published'").fetchone()
    except sqlite3.DatabaseError as e:
        raise ForeignDatabase(f"{path} cannot be read as a database: {e}. Publish again or name another --data.") from e
    return str(published)


def _is_of(inspect: Path, path: Path, published: str) -> bool:
    """Whether the counts beside index.db are of this very file; Datasette can do without them, not with wrong ones."""
    try:
        said = json.loads(inspect.read_text())[path.stem]
        return bool(said["published"] == published and said["size"] == path.stat().st_size)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _file(path: Path) -> _File | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return _File(found.st_ino, found.st_mtime_ns)


def _check_port(host: str, port: int) -> None:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((host, port))
    except OSError as e:
        raise _no_port(host, port, e) from e


def _no_port(host: str, port: int, error: OSError) -> UsageError:
    return UsageError(f"Cannot listen on {host}:{port}: {error.strerror or error}. Choose another --port or --host.")
