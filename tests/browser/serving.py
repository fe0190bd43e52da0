"""For the browser tests, the screenshots and the benchmark: the real server over a data directory, and Chromium."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from index import serve

CHROMIUM = Path("/usr/bin/chromium")
#: Headless, without a sandbox (containers), and without a word to anybody but the page's own host.
ARGUMENTS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


class Server(NamedTuple):
    """A running server: where it is, how long its start took, which process it is."""

    url: str
    seconds: float
    pid: int


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextmanager
def served(data: Path, **options: Any) -> Iterator[Server]:
    """Datasette with the project's settings over `data`/index.db, in a process of its own, until the block ends."""
    port = free_port()
    began = time.perf_counter()
    command = serve.command(data, "127.0.0.1", port, **options)
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            if child.poll() is not None:
                raise RuntimeError((child.stderr.read() if child.stderr else b"").decode()[-2000:])
            try:
                httpx.get(f"{url}/-/versions.json", timeout=1)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield Server(url, time.perf_counter() - began, child.pid)
    finally:
        child.terminate()
        child.wait(10)
        if child.stderr:
            child.stderr.close()


@contextmanager
def chromium() -> Iterator[Any]:
    """The system's Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()
