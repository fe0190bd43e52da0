"""SIGTERM and SIGKILL at random moments: run again until done, the tables are those of a night that nobody
disturbed.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler import walk
from crawler.errors import Interrupted
from crawler.recording import Recording
from crawler.replay import ReplayHub
from crawler.replay_faults import Latency, Quotas
from crawler.session import stopping
from tests.nights import asked_pages, content, night
from tests.replaying import row, write

COUNT, PAGE = 1200, 50
SEEDS = 56
NIGHTS = ("2026-08-01", "2026-08-02")


def rows() -> list[dict]:
    base = [row(n * 45_000, downloads=n, downloadsAllTime=n * 3, cardData={"license": "mit"}) for n in range(COUNT)]
    later = [{"_id": r["_id"], "id": r["id"], "downloads": n + 1} for n, r in enumerate(base) if n % 9 == 0]
    later += [{"_id": r["_id"], "id": r["id"], "gated": "auto"} for n, r in enumerate(base) if n % 53 == 1]
    later += [{"_id": r["_id"], "id": r["id"], "_gone": True} for n, r in enumerate(base) if n % 97 == 2]
    later += [{"_id": base[7]["_id"], "id": "renamed/model"}]
    return (
        base
        + [{"_id": base[0]["_id"], "id": base[0]["id"], "_night": NIGHTS[0]}]
        + [r | {"_night": NIGHTS[1]} for r in later]
    )


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplayHub]:
    recording = Recording.open(write(tmp_path_factory.mktemp("kill"), rows()))
    with ReplayHub(recording, latency=Latency(page=0.004), quotas=Quotas()) as replay:
        yield replay
    recording.close()


@pytest.fixture(scope="module")
def calm(hub: ReplayHub, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dict]]:
    """Each night undisturbed: a copy of the data and its content."""
    data = tmp_path_factory.mktemp("calm")
    found = {}
    for day in NIGHTS:
        hub.night = day
        night(data, hub.url, day, page_size=PAGE)
        copy = data.with_name(f"calm-{day}")
        shutil.copytree(data, copy)
        found[day] = (copy, content(data))
    return found


def forked(data: Path, url: str, day: str) -> int:
    """The crawl in a process of its own, with the command's signal handling; its pid."""
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        with stopping() as stop:
            night(data, url, day, page_size=PAGE, stop=stop)
        status = 0
    except Interrupted:
        status = 4
    finally:
        os._exit(status)
    raise AssertionError("not reached")


def killed_until_done(data: Path, hub: ReplayHub, day: str, rng: random.Random) -> int:
    """Start it, kill it at a random moment, again and again; how often it died before it was done."""
    deaths = 0
    while True:
        pid = forked(data, hub.url, day)
        if deaths < 3:
            time.sleep(rng.uniform(0.0, 0.16))
            sent = rng.choice([signal.SIGKILL, signal.SIGTERM])
            os.kill(pid, sent)
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if code == 0:
            return deaths
        # A signal that comes before the handler is set kills as such.
        assert code in (4, -signal.SIGKILL, -signal.SIGTERM), code
        deaths += 1
        if is_finished(data, day):  # killed on the way out
            return deaths


def is_finished(data: Path, day: str) -> bool:
    """Whether that night's crawl is done; killed early enough, there is no file yet."""
    if not (data / "hub.db").exists():
        return False
    with sqlite3.connect(data / "hub.db") as conn:
        tables = conn.execute("SELECT count(*) FROM sqlite_master WHERE name = 'crawls'").fetchone()[0]
        found = (
            tables and conn.execute("SELECT 1 FROM crawls WHERE date = ? AND finished IS NOT NULL", (day,)).fetchone()
        )
    conn.close()
    return bool(found)


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"
)  # fork beside the replay Hub's thread, which the child never touches
@pytest.mark.parametrize("block", range(SEEDS // 8))
def test_killed_at_random_moments_the_tables_are_those_of_an_undisturbed_night(block, hub, calm, tmp_path):
    deaths = 0
    for seed in range(block * 8, block * 8 + 8):
        rng = random.Random(seed)
        day, data = NIGHTS[seed % 2], tmp_path / str(seed)
        hub.night = day
        if day == NIGHTS[1]:
            shutil.copytree(calm[NIGHTS[0]][0], data)
        hub.stats.log.clear()
        hub.stats.most_in_flight = 0
        died = killed_until_done(data, hub, day, rng)
        assert content(data) == calm[day][1], f"seed {seed}"
        again = sum(n - 1 for n in Counter(asked_pages(hub.stats.log)).values())
        assert again <= died * (hub.stats.most_in_flight + walk.WAITING + 2), f"seed {seed}"
        deaths += died
    assert deaths >= 4  # how many depends on how fast this machine is; without any, nothing would be proved


@pytest.mark.parametrize(("sent", "expected"), [(signal.SIGTERM, 4), (signal.SIGINT, 4), (signal.SIGKILL, -9)])
def test_the_command_itself_stops_with_status_4_and_goes_on_when_run_again(sent, expected, hub, calm, tmp_path):
    hub.night, hub.latency = NIGHTS[0], Latency(page=1.0)
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    command = [
        sys.executable,
        "-m",
        "index.cli",
        "crawl",
        "--hub",
        hub.url,
        "--data",
        str(tmp_path),
        "--date",
        NIGHTS[0],
        "--documents",
        "none",
    ]
    before = hub.stats.requests["listing"]
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    while hub.stats.requests["listing"] == before and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(sent)
    _, said = process.communicate(timeout=20)
    assert process.returncode == expected, said
    if expected == 4:
        assert "run again" in said
        assert "Traceback" not in said
    hub.latency = Latency(page=0.004)
    again = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert content(tmp_path) == calm[NIGHTS[0]][1]
