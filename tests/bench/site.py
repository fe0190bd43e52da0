"""How fast the pages are on a made-up index: `python -m tests.bench.site [--models 300000] [--data DIR]`.

Prints for every page, feed, badge, canned query and page of Datasette (site_pages.py): p95 of one client and of twenty,
each request asking something else, the same address again by twenty, the server's own CPU time for a request, bytes as
sent and unpacked; `!` stands behind what misses issue 5's bar (100 ms, 300 ms, 1 MB). Then the time to start and, where
Chromium is installed, the largest paint of the chief pages. The index is site_index.py's.

Wall times on a busy machine are not the site's alone: `--runs 2` keeps the better of two runs for each page, and `!!`
stands where twenty times the CPU time alone is more than the bar, on as many idle cores as processes answer. The server
is `openness serve` as it is without options.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import click

from index import publish
from tests.bench.site_index import generate
from tests.bench.site_pages import Address, addresses
from tests.browser.serving import CHROMIUM, Server, chromium, served
from tests.site_data import publish_hub

CLIENTS = 20
ALONE_MS, CROWD_MS, PAGE_BYTES, PAINT_MS, SVG_MS, START_S = 100, 300, 1_000_000, 1000, 100, 3.0
_PAINTED = ("/", "/table", "/table?q=llama", "/table?rows=families", "/trends", "/claims", "/changes", "/licenses",
            "/experts", "/method", "/status", "/index", "/index/models")  # fmt: skip
_PAINT = """() => new Promise(done => new PerformanceObserver(
  list => done(list.getEntries().at(-1).startTime)).observe({type: 'largest-contentful-paint', buffered: true}))"""


class Reply(NamedTuple):
    """One answer: milliseconds, status, bytes as sent and unpacked."""

    ms: float
    status: int
    sent: int
    size: int


class Measured(NamedTuple):
    """One page: milliseconds at p95 alone, in the crowd, in the crowd again; CPU ms of the server a request; bytes.

    `processes`: how many answer.
    """

    name: str
    alone: float
    crowd: float
    again: float
    cpu: float
    sent: int
    size: int
    processes: int

    @property
    def mark(self) -> str:
        """'!' where it is slower or larger than issue 5 allows, '!!' where no idle machine of as many cores would help."""
        if self.cpu > ALONE_MS or CLIENTS * self.cpu / self.processes > CROWD_MS or self.size > PAGE_BYTES:
            return "!!"
        alone = SVG_MS if ".svg" in self.name else ALONE_MS
        return "!" if self.alone > alone or self.crowd > CROWD_MS else ""


class Client:
    """One connection that is kept: as little work as an HTTP client can do, since it shares the machine."""

    def __init__(self, url: str) -> None:
        """`url`: http://HOST:PORT."""
        self._host, self._port = urlsplit(url).hostname or "", urlsplit(url).port or 80
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, address: str) -> Reply:
        """Ask PATH#HOST, read all of it. RuntimeError for a failure of the server, and for a question that it refuses."""
        try:
            return await self._get(address)
        except (asyncio.IncompleteReadError, ConnectionError):  # the server closes what was idle for five seconds
            self._streams = None
            return await self._get(address)

    async def _get(self, address: str) -> Reply:
        began = time.perf_counter()
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port, limit=1 << 24)
        reader, writer = self._streams
        path, _, host = address.partition("#")
        writer.write(f"GET {path} HTTP/1.1\r\nhost: {host or self._host}\r\naccept-encoding: gzip\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
        status = int(head[0].split()[1])
        if "chunked" in headers.get("transfer-encoding", ""):
            body = b""
            while size := int(await reader.readuntil(b"\r\n"), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readexactly(2)
        else:
            body = await reader.readexactly(int(headers.get("content-length", 0)))
        took = 1000 * (time.perf_counter() - began)
        if headers.get("connection") == "close":
            writer.close()
            self._streams = None
        if status >= 500 or status == 400:
            raise RuntimeError(f"{address}: {status} {body[:200]!r}")
        packed = headers.get("content-encoding") == "gzip"
        return Reply(took, status, len(body), len(zlib.decompress(body, 31)) if packed else len(body))


async def measure(server: Server, name: str, address: Address, rounds: int) -> Measured:
    """One page at one client and at twenty."""
    one, crowd = Client(server.url), [Client(server.url) for _ in range(CLIENTS)]
    for client in crowd:  # connections and threads of the server are there; what it keeps is not
        await client.get("/-/openness/icon.svg")
    await one.get(address())
    alone = [await one.get(address()) for _ in range(rounds)]
    before = _cpu(server.pid)
    many = await _crowd(crowd, [address() for _ in range(CLIENTS * max(3, rounds // 5))])
    cpu = (_cpu(server.pid) - before) / len(many)
    same = address()
    await one.get(same)
    again = await _crowd(crowd, [same] * CLIENTS * 4)
    every = [*alone, *many]
    sent, size = max(r.sent for r in every), max(r.size for r in every)
    return Measured(name, _p95(alone), _p95(many), _p95(again), cpu, sent, size, processes(server.pid))


async def _crowd(clients: Sequence[Client], wanted: Sequence[str]) -> list[Reply]:
    """All of these, each client asking for the next one as soon as it has an answer."""
    left, replies = iter(wanted), []

    async def ask(client: Client) -> None:
        for address in left:
            replies.append(await client.get(address))

    await asyncio.gather(*(ask(client) for client in clients))
    return replies


def _p95(replies: Sequence[Reply]) -> float:
    return statistics.quantiles([r.ms for r in replies], n=20)[18]


def _cpu(pid: int) -> float:
    """Milliseconds of CPU that a process and its children, living and dead, have used (Linux)."""
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        total += sum(map(int, fields[11:15]))
        waiting += map(int, Path(f"/proc/{one}/task/{one}/children").read_text().split())
    return 1000 * total / os.sysconf("SC_CLK_TCK")


def processes(pid: int) -> int:
    """How many processes a server has for its answers: its children, or itself when it has none."""
    return len(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()) or 1


def paints(url: str, model: str, runs: int) -> dict[str, float]:
    """Largest paint of the chief pages in milliseconds, the median of five visits, the best of so many runs."""
    found: dict[str, float] = {}
    with chromium() as browser:
        for path in (*_PAINTED, f"/model/{model}"):
            taken = []
            for n in range(5 * runs):
                with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
                    page = context.new_page()
                    page.goto(url.replace("127.0.0.1", f"n{n}.localhost") + path, wait_until="load")
                    taken.append(page.evaluate(_PAINT))
            found[path] = min(statistics.median(taken[i::runs]) for i in range(runs))
    return found


def _best(runs: Sequence[Measured]) -> Measured:
    """The better of several runs, figure by figure; the sizes of the largest."""
    numbers = [min(values) for values in zip(*((m.alone, m.crowd, m.again, m.cpu) for m in runs), strict=True)]
    sent, size = max(m.sent for m in runs), max(m.size for m in runs)
    return Measured(runs[0].name, *numbers, sent, size, runs[0].processes)


@click.command()
@click.option("--models", default=300_000, show_default=True)
@click.option("--rounds", default=25, show_default=True, help="Requests of one client for each page.")
@click.option("--runs", default=1, show_default=True, help="How often all is measured; the better figure is kept.")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Where the made-up index is kept; used again when it is there."
)
@click.option("--only", default="", help="Only pages whose name holds this.")
def main(models: int, rounds: int, runs: int, data: Path | None, only: str) -> None:
    """Generate, serve, measure, print."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = data or Path(temporary) / "bench"
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / publish.INDEX).exists():
            began = time.perf_counter()
            sample = publish_hub(Path(temporary) / "sample") / publish.INDEX
            generate(folder / publish.INDEX, models, sample)
            print(f"generated {models:,} models in {time.perf_counter() - began:.0f} s")
        size = (folder / publish.INDEX).stat().st_size
        print(f"index.db {size / 1e6:,.0f} MB, {size / models:,.0f} bytes a model with its history\n")
        _print(folder, rounds, runs, only)


def _print(folder: Path, rounds: int, runs: int, only: str) -> None:
    found: dict[str, list[Measured]] = {}
    starts = []
    head = f"{'milliseconds, p95':34}{'1 client':>9}{'20':>8}{'20 again':>10}{'CPU':>8}{'sent KB':>9}{'KB':>8}"
    for run in range(runs):
        with served(folder) as server:
            starts.append(server.seconds)
            if not run:
                print(f"{processes(server.pid)} processes answer\n\n{head}")
            for name, address in addresses(folder / publish.INDEX, random.Random(run + 1)).items():
                if only in name:
                    found.setdefault(name, []).append(asyncio.run(measure(server, name, address, rounds)))
                    m = _best(found[name])
                    if run == runs - 1:
                        print(f"{m.name:34}{m.alone:9.1f}{m.crowd:8.1f}{m.again:10.1f}{m.cpu:8.1f}{m.sent / 1000:9.1f}"
                              f"{m.size / 1000:8.1f} {m.mark}", flush=True)  # fmt: skip
            if run == runs - 1 and CHROMIUM.exists() and not only:
                print(f"\n{'largest paint, milliseconds':34}")
                for path, ms in paints(server.url, "meta-llama/Meta-Llama-3-8B", runs).items():
                    print(f"{path:34}{ms:9.0f}{' !' if ms > PAINT_MS else ''}", flush=True)
    print(f"\nstart: {min(starts):.2f} s{' !' if min(starts) > START_S else ''}")
    marks = {name: _best(runs).mark for name, runs in found.items()}
    for mark, words in (("!", "miss the bar on this machine"), ("!!", "miss it on any")):
        missed = [name for name, own in marks.items() if own == mark]
        print(f"{len(missed)} of {len(found)} pages {words}: {', '.join(missed) or 'none'}")


if __name__ == "__main__":
    sys.exit(main())
