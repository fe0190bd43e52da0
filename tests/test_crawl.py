"""One night as the command runs it: what is refused, what stops it, what a resumed night does, which events it
writes.
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from crawler import database
from crawler.cli import FAILURES, exit_status
from crawler.documents import Archive
from crawler.errors import HubUnreachable, OtherHub, RefusedError, StorageFull
from crawler.lock import locked
from crawler.recording import Recording
from crawler.replay import ReplayHub
from crawler.replay_faults import Faults, Latency, Quota, Quotas, Scripted
from crawler.session import Options, hub_name, run
from crawler.store import Store
from crawler.walk import Scope
from tests.nights import NOON, SkippedTime, content, night
from tests.replaying import document, row, write
from tests.replaying import replay as serving

COUNT = 400


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplayHub]:
    recording = Recording.open(
        write(tmp_path_factory.mktemp("crawl"), [row(n * 45_000, downloads=n) for n in range(COUNT)])
    )
    with ReplayHub(recording) as hub:
        yield hub
    recording.close()


@pytest.fixture
def hub(replay: ReplayHub) -> ReplayHub:
    replay.reset()
    replay.quotas = Quotas()
    return replay


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy") and not k.startswith("HF_")}
    return subprocess.run([sys.executable, "-m", "index.cli", *arguments], env=env | environment, capture_output=True,
                          text=True, check=False, timeout=60)  # fmt: skip


def test_a_run_killed_before_it_counted_the_night_is_counted_by_the_next_one(hub, tmp_path):
    def stats() -> list[tuple]:
        with closing(sqlite3.connect(tmp_path / "hub.db")) as conn:
            return conn.execute("SELECT * FROM night_stats ORDER BY crawl").fetchall()

    night(tmp_path, hub.url, "2026-08-04")
    before = stats()
    assert len(before) == 1
    with closing(sqlite3.connect(tmp_path / "hub.db")) as conn, conn:  # what a kill between the two leaves
        conn.execute("DELETE FROM night_stats")
        conn.execute("UPDATE crawls SET finished = NULL")
    night(tmp_path, hub.url, "2026-08-04")
    assert stats() == before
    with closing(sqlite3.connect(tmp_path / "hub.db")) as conn, conn:
        conn.execute("DELETE FROM night_stats")
        conn.execute("UPDATE crawls SET finished = NULL")
    night(tmp_path, hub.url, "2026-08-05")
    assert (stats()[0], len(stats())) == (before[0], 2)


def test_an_older_night_never_overwrites_a_newer_one(hub, tmp_path):
    night(tmp_path, hub.url, "2026-08-05")
    before = content(tmp_path)
    with pytest.raises(RefusedError, match="2026-08-05") as refused:
        night(tmp_path, hub.url, "2026-08-04")
    assert refused.value.exit_status == 5
    assert "--date" in str(refused.value)
    assert content(tmp_path) == before


def test_a_clock_that_jumps_a_day_ahead_makes_a_gap_and_no_more(hub, tmp_path):
    night(tmp_path, hub.url, "2026-08-05")
    report = night(tmp_path, hub.url, "2026-08-07")
    assert (report.complete, report.missing, report.counted) == (True, 0, 0)
    assert {d[1] for d in content(tmp_path)["downloads"]} == {20_670}


def test_a_night_that_took_several_runs_is_reported_as_one_with_all_that_a_person_should_know(hub, tmp_path):
    hub.faults = Faults(made_cursors="refused", rates={"poison_card": 0.3}, seed=2)
    whole = night(tmp_path, hub.url, page_size=20)
    assert exit_status([whole]) == FAILURES
    assert (whole.rejects > 0, "one sequence" in whole.problems[0]) == (True, True)
    with closing(sqlite3.connect(tmp_path / "hub.db")) as conn, conn:  # killed after the walk, before the documents
        conn.execute("UPDATE crawls SET finished = NULL")
        assert conn.execute("SELECT pages FROM crawls").fetchone() == (COUNT / 20,)  # no page of the walk counts twice
    hub.faults = Faults()
    again = night(tmp_path, hub.url, page_size=20)
    assert again == whole
    assert exit_status([again]) == FAILURES


def test_pages_that_were_doubted_before_a_stop_are_told_by_the_run_that_goes_on(hub, tmp_path):
    night(tmp_path, hub.url, page_size=100)
    recording = hub.recording
    zeros = [row(n * 45_000, downloads=0) for n in range(COUNT)]
    hub.recording = Recording.open(write(tmp_path / "zeros", zeros))
    hub.faults = Faults(script=[Scripted(2, "error503", "listing", times=7)])
    with pytest.raises(HubUnreachable):
        night(tmp_path, hub.url, "2026-08-02", page_size=100)
    hub.recording.close()
    hub.recording, hub.faults = recording, Faults()
    report = night(tmp_path, hub.url, "2026-08-02", page_size=100)
    assert report.complete
    assert report.problems[0].startswith("1 page of the listing showed no counters")


def test_the_same_night_again_changes_nothing(hub, tmp_path):
    night(tmp_path, hub.url)
    before = content(tmp_path)
    report = night(tmp_path, hub.url)
    assert (report.new, report.changed, report.missing) == (0, 0, 0)
    assert content(tmp_path) == before


def test_a_partial_walk_in_between_leaves_the_unfinished_night_to_go_on(hub, tmp_path):
    night(tmp_path / "calm", hub.url, page_size=50)
    store = Store(tmp_path / "cut" / "hub.db")
    store.begin("2026-08-01", "replay", "", "x", [("", "")])
    store.close()
    night(tmp_path / "cut", hub.url, scope=Scope(author="org3"))
    assert night(tmp_path / "cut", hub.url, page_size=50).crawl == 1
    assert content(tmp_path / "cut") == content(tmp_path / "calm")


def test_a_limited_walk_that_was_stopped_goes_on_to_its_limit_and_not_beyond(hub, tmp_path):
    store = Store(tmp_path / "hub.db")
    crawl = store.begin("2026-08-01", "replay", "limit=120", "x", [("", "")])
    store.conn.execute("UPDATE ranges SET models = 70 WHERE crawl = ?", (crawl.id,))  # as if 70 were behind us
    store.close()
    night(tmp_path, hub.url, scope=Scope(limit=120), page_size=30)
    assert len(content(tmp_path)["repos"]) == 50


def test_two_crawls_at_once_end_with_status_5_for_the_second(hub, tmp_path):
    with locked(tmp_path):
        done = command("crawl", "--hub", hub.url, "--data", str(tmp_path))
    assert done.returncode == 5
    assert f"process {os.getpid()}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_directory_of_another_hub_is_left_alone(hub, tmp_path):
    night(tmp_path, hub.url)
    with pytest.raises(OtherHub, match="--data") as refused:
        list(
            run(
                Options(tmp_path, "https://example.invalid"),
                stop=SkippedTime().stop,
                progress=lambda w, c: None,
                clock=lambda: NOON,
            )
        )
    assert refused.value.exit_status == 5


def test_no_hub_at_the_address_ends_with_status_4_and_a_sentence(tmp_path):
    done = command("crawl", "--hub", "http://127.0.0.1:1", "--data", str(tmp_path))
    assert done.returncode == 4
    assert "did not answer" in done.stderr
    assert "Traceback" not in done.stderr
    assert command("crawl", "--hub", "not an address", "--data", str(tmp_path)).returncode == 2


def test_after_the_hours_allowed_no_document_is_begun_and_status_says_how_many_wait(tmp_path):
    rows = [row(n, f"a/{n}", siblings=[{"rfilename": "README.md"}]) for n in range(5)]
    with serving(tmp_path / "r", rows, [document(f"a/{n}", f"card {n}") for n in range(5)]) as hub:
        crawl = ("crawl", "--hub", hub.url, "--data", str(tmp_path), "--date", "2026-08-01")
        late = command(*crawl, "--hours", "0")
        assert (late.returncode, hub.stats.requests["file"]) == (0, 0)
        assert "5 repos wait for a later night" in late.stdout
        status = command("status", "--data", str(tmp_path), "--json")
        assert json.loads(status.stdout)["backlog"] == 5
        assert command(*crawl, "--hours", "1").returncode == 0
        assert json.loads(command("status", "--data", str(tmp_path), "--json").stdout)["backlog"] == 0


def test_the_command_does_not_wait_longer_for_the_quota_than_max_wait(hub, tmp_path):
    hub.quotas = Quotas(api=Quota(1, 300))
    httpx.get(f"{hub.url}/api/models?limit=1")  # somebody else on this address has spent it
    done = command("crawl", "--hub", hub.url, "--data", str(tmp_path), "--max-wait", "5")
    assert done.returncode == 4, done.stderr
    assert "more than --max-wait 5" in done.stderr


def test_killed_among_the_documents_the_next_run_fetches_the_rest_and_none_is_lost(tmp_path):
    count = 150
    rows = [row(n, f"a/{n}", siblings=[{"rfilename": "README.md"}]) for n in range(count)]
    with serving(tmp_path / "r", rows, [document(f"a/{n}", f"card {n}") for n in range(count)]) as hub:
        hub.latency = Latency(file=0.1)
        crawl = [sys.executable, "-m", "index.cli", "crawl", "--hub", hub.url, "--data", str(tmp_path), "--date",
                 "2026-08-01"]  # fmt: skip
        process = subprocess.Popen(crawl, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while hub.stats.requests["file"] < 40 and process.poll() is None:
            time.sleep(0.01)
        process.kill()
        assert process.wait() == -9
        hub.latency = Latency()
        assert command(*crawl[3:]).returncode == 0
    with closing(sqlite3.connect(tmp_path / "hub.db")) as conn:
        looks = conn.execute("SELECT outcome, hash FROM fetches WHERE path = 'README.md'").fetchall()
    archive = Archive(tmp_path / "documents.db")
    texts = {archive.get(key) for _, key in looks}
    archive.close()
    assert {outcome for outcome, _ in looks} == {"ok"}
    assert texts == {f"card {n}".encode() for n in range(count)}


def test_a_wrong_token_ends_with_status_4(hub, tmp_path):
    hub.revoke()
    done = command("crawl", "--hub", hub.url, "--data", str(tmp_path), HF_TOKEN="hf_wrong")
    assert done.returncode == 4
    assert "HF_TOKEN" in done.stderr


def test_a_disk_that_fills_up_in_the_middle_stops_the_night_and_the_next_run_goes_on(hub, tmp_path, monkeypatch):
    night(tmp_path / "calm", hub.url, page_size=20)
    real = database.connect

    def tight(path, *arguments):
        conn = real(path, *arguments)
        if path.name == "hub.db":
            (empty,) = conn.execute("PRAGMA page_count").fetchone()
            conn.execute(f"PRAGMA max_page_count = {empty + 7}")
        return conn

    monkeypatch.setattr(database, "connect", tight)
    with pytest.raises(StorageFull, match="make room"):
        night(tmp_path / "full", hub.url, page_size=20)
    monkeypatch.setattr(database, "connect", real)
    assert 0 < len(content(tmp_path / "full")["repos"]) < COUNT
    hub.stats.log.clear()
    assert night(tmp_path / "full", hub.url, page_size=20).complete
    assert len(hub.stats.log) < COUNT / 20
    assert content(tmp_path / "full") == content(tmp_path / "calm")


def test_a_file_size_limit_of_the_system_is_a_full_disk_too(hub, tmp_path):
    """The kernel refuses the write itself: what a full disk does, without filling one."""
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, resource.RLIM_INFINITY));"
        "from index.cli import main; sys.argv = ['openness', *sys.argv[1:]]; main()"
    )
    done = subprocess.run([sys.executable, "-c", script, "crawl", "--hub", hub.url, "--data", str(tmp_path)],
                          capture_output=True, text=True, check=False, timeout=60)  # fmt: skip
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 250_000
    assert done.returncode == 4, done.stderr
    assert "make room" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_crawl_as_the_command_runs_it_reports_what_it_did(hub, tmp_path):
    done = command(
        "crawl", "--hub", hub.url, "--data", str(tmp_path), "--documents", "none", "--json", "--date", "2026-08-01"
    )
    assert done.returncode == 0, done.stderr
    (report,) = json.loads(done.stdout)
    assert (report["models"], report["complete"], report["date"]) == (COUNT, True, "2026-08-01")


def test_a_replay_on_this_machine_is_one_hub_whatever_its_port():
    assert hub_name("http://127.0.0.1:8090") == hub_name("http://localhost:1") == "replay"
    assert hub_name("https://huggingface.co") == "https://huggingface.co"
