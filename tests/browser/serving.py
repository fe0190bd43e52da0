"""For the browser tests, the screenshots and the benchmark: the real server over a data directory, and Chromium."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

ROOT = Path(__file__).parents[2]
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
def served(data: Path, *options: str) -> Iterator[Server]:
    """`openness serve` over `data`/index.db, as it is without options, until the block ends."""
    port = free_port()
    began = time.perf_counter()
    command = [sys.executable, "-m", "index.cli", "serve", "--data", str(data), "--port", str(port), *options]
    url = f"http://127.0.0.1:{port}"
    # A pipe that nobody reads would stop the server when it is full.
    with tempfile.TemporaryFile() as told:
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=told)
        try:
            while True:
                if child.poll() is not None:
                    told.seek(0)
                    raise RuntimeError(told.read().decode()[-2000:])
                try:
                    httpx.get(f"{url}/-/versions.json", timeout=1)
                    break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield Server(url, time.perf_counter() - began, child.pid)
        finally:
            child.terminate()
            child.wait(60)


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
