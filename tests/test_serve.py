"""The command that serves, and the real server: found, replaced, ended."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

pytest.importorskip("datasette", reason="the [web] extra is not installed")

from crawler.errors import ForeignDatabase, NewerSchema, OpennessError, UsageError
from index.publish import publish
from index.reception import Reception
from index.serve import MOST_WORKERS, SETTINGS, SETTLED, _watch, command, metadata_file, serve, usual_workers
from tests.small_hub import LICENSES, NOW, PROBES, ROOT, RULES, small_hub


@pytest.fixture
def data(tmp_path: Path) -> Path:
    small_hub(tmp_path / "hub.db")
    publish(tmp_path, NOW, RULES, PROBES, LICENSES)
    return tmp_path


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def settings(argv: list[str]) -> dict[str, str]:
    return {argv[i + 1]: argv[i + 2] for i, word in enumerate(argv) if word == "--setting"}


def test_the_command_serves_the_immutable_file_with_counts_metadata_and_settings(data: Path) -> None:
    argv = command(data, "127.0.0.1", 8001)
    assert argv[argv.index("--immutable") + 1] == str(data / "index.db")
    assert argv[argv.index("--inspect-file") + 1] == str(data / "index.inspect.json")
    assert argv[argv.index("--metadata") + 1] == str(metadata_file())
    assert settings(argv) == dict(SETTINGS)


def test_arbitrary_sql_and_the_download_can_be_switched_off(data: Path) -> None:
    off = settings(command(data, "127.0.0.1", 8001, sql=False, download=False))
    assert off == dict(SETTINGS) | {"default_allow_sql": "off", "allow_download": "off"}


def test_counts_of_another_file_are_not_used(data: Path) -> None:
    (data / "index.inspect.json").write_text('{"index": {"published": "2020-01-01T00:00:00Z", "size": 1}}')
    assert "--inspect-file" not in command(data, "127.0.0.1", 8001)
    (data / "index.inspect.json").write_text("not JSON")
    assert "--inspect-file" not in command(data, "127.0.0.1", 8001)


def test_without_an_index_the_way_to_one_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Run `openness nightly --hub sample`"):
        command(tmp_path, "127.0.0.1", 8001)


def test_a_file_that_is_not_ours_is_not_served(tmp_path: Path) -> None:
    (tmp_path / "index.db").write_bytes(b"not a database" * 100)
    with pytest.raises(ForeignDatabase, match="cannot be read as a database"):
        command(tmp_path, "127.0.0.1", 8001)
    (tmp_path / "index.db").unlink()
    with closing(sqlite3.connect(tmp_path / "index.db")) as conn:
        conn.execute("CREATE TABLE mine (x)")
    with pytest.raises(ForeignDatabase, match="another application"):
        command(tmp_path, "127.0.0.1", 8001)


def test_a_file_of_a_newer_version_is_not_served(data: Path) -> None:
    with closing(sqlite3.connect(data / "index.db")) as conn:
        conn.execute("PRAGMA user_version = 999")
    with pytest.raises(NewerSchema, match="update openness"):
        command(data, "127.0.0.1", 8001)


def test_a_port_in_use_is_said_before_anything_starts(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match="Choose another --port"):
            serve(data, "127.0.0.1", taken.getsockname()[1])


@contextmanager
def served(data: Path, port: int, *options: str) -> Iterator[subprocess.Popen[str]]:
    program = f"from pathlib import Path; from index.serve import serve; serve(Path({str(data)!r}), '127.0.0.1', {port}"
    process = subprocess.Popen(
        [sys.executable, "-c", ", ".join([program, *options]) + ")"], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def wait_for(url: str, text: str, seconds: float = 90) -> str:
    """The page at `url` once it holds `text`."""
    body = ""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            body = httpx.get(url, timeout=30).text
        except httpx.TransportError:
            body = ""
        if text in body:
            return body
        time.sleep(0.1)
    raise AssertionError(f"{text!r} never came at {url}; last: {body[:500]!r}")


def children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def renewed(pid: int, first: list[int], seconds: float = 90) -> list[int]:
    """The two workers that replaced `first`. A page may come earlier: an old worker's new thread reads the new file."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        workers = children(pid)
        if len(workers) == 2 and not set(workers) & set(first):
            return workers
        time.sleep(0.1)
    raise AssertionError(f"{first} were never replaced by two others; now: {children(pid)}")


def test_several_workers_share_a_port_and_a_secret_show_a_new_index_and_end_together(data: Path) -> None:
    port = free_port()
    about = f"http://127.0.0.1:{port}/index/about.json?_shape=objects"
    with served(data, port, "workers=2") as process:
        wait_for(about, "2026-11-06T04:00:00Z")
        first = children(process.pid)
        assert len(first) == 2
        said = [Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") for pid in first]
        secrets = [next(line for line in lines if line.startswith(b"DATASETTE_SECRET=")) for lines in said]
        assert secrets[0] == secrets[1]
        publish(data, NOW + timedelta(days=1), RULES, PROBES, LICENSES)
        workers = renewed(process.pid, first)
        wait_for(about, "2026-11-07T04:00:00Z")
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        assert process.returncode == 0
        for worker in workers:
            with pytest.raises(ProcessLookupError):
                os.kill(worker, 0)


def waiting() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


@pytest.mark.parametrize(("looks", "replaced"), [(SETTLED + 2, True), (1, False)])
def test_a_worker_that_ends_after_it_has_served_is_replaced_and_one_that_cannot_start_is_said(
    tmp_path: Path, looks: int, replaced: bool
) -> None:
    workers = [waiting(), waiting()]
    first, second = workers
    seen = 0

    def sleep(_: float) -> None:
        nonlocal seen
        seen += 1
        if seen == looks:
            second.kill()
            second.wait()

    try:
        if replaced:
            _watch(workers, waiting, tmp_path / "index.db", None, lambda: seen > looks + 1, sleep)
            assert workers[0] is first
            assert workers[1] is not second
            assert [worker.poll() for worker in workers] == [None, None]
        else:
            with pytest.raises(OpennessError, match="ended with status -9"):
                _watch(workers, waiting, tmp_path / "index.db", None, lambda: seen > looks + 1, sleep)
    finally:
        for worker in {*workers, second}:
            worker.kill()
            worker.wait()


def test_the_server_answers_shows_a_new_index_by_itself_and_ends_when_told(data: Path) -> None:
    port = free_port()
    about = f"http://127.0.0.1:{port}/index/about.json?_shape=objects"
    with served(data, port, "sql=False", "robots='none'", "workers=1") as process:
        wait_for(about, "2026-11-06T04:00:00Z")
        page = httpx.get(f"http://127.0.0.1:{port}/index/models")
        assert page.status_code == 200
        assert "Meta-Llama-3-8B" in page.text
        assert "max-age=300" in page.headers["cache-control"]
        assert httpx.get(f"http://127.0.0.1:{port}/index.json?sql=select+1").status_code == 403
        assert httpx.get(f"http://127.0.0.1:{port}/robots.txt").text == "User-agent: *\nDisallow: /"

        publish(data, NOW + timedelta(days=1), RULES, PROBES, LICENSES)
        wait_for(about, "2026-11-07T04:00:00Z")

        (datasette,) = children(process.pid)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)
        assert process.returncode == 0
        with pytest.raises(ProcessLookupError):
            os.kill(datasette, 0)
    with pytest.raises(httpx.ConnectError):
        httpx.get(about)


def test_connections_go_to_workers_in_turn_wait_for_new_ones_and_never_to_one_that_is_gone() -> None:
    with closing(Reception.at("127.0.0.1", 0)) as desk, ExitStack() as stack:

        def ask(word: bytes) -> None:
            stack.enter_context(socket.create_connection(("127.0.0.1", desk.port))).sendall(word)

        def asked(channel: socket.socket) -> bytes:
            channel.settimeout(60)
            _, (number,), _, _ = socket.recv_fds(channel, 1, 1)
            with socket.socket(fileno=number) as connection:
                return connection.recv(1)

        ask(b"0")  # nobody is there yet: it waits
        first, second = stack.enter_context(desk.worker()), stack.enter_context(desk.worker())
        for n in range(1, 6):
            ask(b"%d" % n)
        assert sorted(asked(worker) for worker in (first, second) for _ in range(3)) == [b"%d" % n for n in range(6)]

        first.close()
        for word in (b"a", b"b"):
            ask(word)
            assert asked(second) == word
        port = desk.port
        desk.dismiss()
        assert second.recv(1) == b""  # told to end
        desk.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def serves(pid: int) -> bool:
    """Whether a process runs: one that has ended may wait to be looked at."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_workers_on_a_free_port_do_not_outlive_the_process_that_started_them(data: Path) -> None:
    with served(data, 0, "workers=2") as process:
        assert process.stderr is not None
        url = next(line.split()[-1] for line in process.stderr if line.startswith("Listening at "))
        wait_for(f"{url}index/about.json?_shape=objects", "2026-11-06T04:00:00Z")
        workers = children(process.pid)
        process.kill()
        until = time.monotonic() + 60
        while any(map(serves, workers)) and time.monotonic() < until:
            time.sleep(0.1)
        assert [worker for worker in workers if serves(worker)] == []


def test_a_worker_for_each_processor_that_may_be_used_is_usual_up_to_a_bound() -> None:
    assert usual_workers() == min(len(os.sched_getaffinity(0)), MOST_WORKERS)
    program = "from index.serve import usual_workers; print(usual_workers())"
    alone = f"import os; os.sched_setaffinity(0, {{min(os.sched_getaffinity(0))}}); {program}"
    assert subprocess.run([sys.executable, "-c", alone], cwd=ROOT, capture_output=True, check=True).stdout == b"1\n"
