"""One Chromium, one published sample and one hostile index for all browser tests; skipped, and said so, without Chromium."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("datasette", reason="the [web] extra is not installed")
pytest.importorskip("playwright", reason="the [dev] extra is not installed")

from tests.browser.serving import CHROMIUM, Server, chromium, served
from tests.site_data import publish_hostile, publish_hub

CACHE = Path.home() / ".cache" / "openness-tests"
AXE = "axe-core@4.10"


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: the browser tests need the system's Chromium")
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The published sample, served."""
    with served(publish_hub(tmp_path_factory.mktemp("sample"))) as server:
        yield server


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An index with a payload in every field, served."""
    with served(publish_hostile(tmp_path_factory.mktemp("hostile"))) as server:
        yield server


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's script, from the cache or from npm."""
    script = CACHE / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm is not installed: axe-core cannot be had")
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--prefix", str(CACHE), "--no-audit", "--no-fund", "--silent", AXE]
        done = subprocess.run(command, capture_output=True, timeout=120, check=False)
        if done.returncode or not script.exists():
            pytest.skip(f"axe-core could not be installed: {done.stderr.decode()[-200:]}")
    return script.read_text(encoding="utf-8")
