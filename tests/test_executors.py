"""Who judges the batches changes nothing of what is concluded; who dies is told in a sentence, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from crawler.errors import Interrupted, StoppedError, UsageError
from index import judge as judging
from index.executors import Cluster, Executor, Local, Processes
from tests.test_judge import Night, rows_of_many

BATCHES = [list(range(i, i + 5)) for i in range(0, 100, 5)]


def doubling() -> partial[list[int]]:
    return partial(_double)


def _double(batch: Sequence[int]) -> list[int]:
    return [2 * key for key in batch]


def dying(parent: int) -> partial[list[int]]:
    return partial(_die_at_fifty, parent)


def _die_at_fifty(parent: int, batch: Sequence[int]) -> list[int]:
    if 50 in batch and os.getpid() != parent:
        os._exit(9)
    return _double(batch)


@pytest.mark.parametrize("executor", [Local(), Processes(2)])
def test_results_come_in_the_order_of_the_batches(executor: Executor):
    assert list(executor.run(doubling, iter(BATCHES))) == [_double(batch) for batch in BATCHES]


def test_batches_are_read_as_they_are_needed_and_not_all_before_the_first_result():
    read = []

    def batches() -> Iterator[list[int]]:
        for batch in BATCHES:
            read.append(batch)
            yield batch

    results = Processes(2).run(doubling, batches())
    next(results)
    assert len(read) < 6
    results.close()


def test_a_worker_process_that_dies_is_a_sentence_and_what_came_before_it_was_given_back():
    results = Processes(2).run(partial(dying, os.getpid()), iter(BATCHES))
    given: list[list[int]] = []
    with pytest.raises(StoppedError, match=r"worker process .* ended unexpectedly.*is kept"):
        given.extend(results)
    assert given == [_double(batch) for batch in BATCHES[: len(given)]]


ORPHANS = """
import os, time
from index.executors import Processes

def setup():
    os.write(1, b"%d\\n" % os.getpid())  # one write, so that two workers' lines cannot mix
    return lambda batch: time.sleep(60)

list(Processes(2).run(setup, iter([[1], [2], [3]])))
"""


def test_workers_do_not_outlive_a_parent_that_was_killed():
    with subprocess.Popen([sys.executable, "-c", ORPHANS], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        try:
            workers = [int(parent.stdout.readline()) for _ in range(2)]
            assert all(alive(worker) for worker in workers)
        finally:
            parent.kill()
        parent.wait()
        deadline = time.monotonic() + 10
        while any(alive(worker) for worker in workers) and time.monotonic() < deadline:
            time.sleep(0.1)
    assert not [worker for worker in workers if alive(worker)]


def alive(process: int) -> bool:
    """Whether a process runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def nights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Night, Night]:
    """Two data directories with the same crawl; the first is judged by one process."""
    monkeypatch.setattr(judging, "BATCH", 25)
    one, other = Night(tmp_path / "one"), Night(tmp_path / "other")
    for night in (one, other):
        night.crawl(rows_of_many(200), {"chain/m0": {"README.md": "# A card\n\nTrained on the Pile."}})
    one.judge()
    return one, other


def tables(night: Night) -> list[list[object]]:
    """All rows that the judge wrote, keys included."""
    return [
        night.sql(f"SELECT * FROM {t} ORDER BY 1, 2") for t in ("verdicts", "dossiers", "verdict_history", "lineage")
    ]


def test_processes_write_the_very_rows_that_one_process_writes(nights):
    one, other = nights
    other.judge(workers=2)
    assert tables(other) == tables(one)


def test_a_judge_whose_worker_is_killed_stops_keeps_what_it_wrote_and_ends_the_same_when_run_again(nights, monkeypatch):
    one, other = nights
    parent, work = os.getpid(), judging._judge_batch

    def killed(conn, library, world, keys):
        if 100 in keys and os.getpid() != parent:
            os._exit(9)
        return work(conn, library, world, keys)

    monkeypatch.setattr(judging, "_judge_batch", killed)
    with pytest.raises(StoppedError) as stopped:
        other.judge(workers=2)
    assert stopped.value.exit_status == 4
    monkeypatch.setattr(judging, "_judge_batch", work)
    assert 0 < other.sql("SELECT count(*) FROM verdicts")[0][0] < 200
    assert other.judge(workers=2).judged < 200
    assert other.everything() == one.everything()


@pytest.mark.parametrize("options", [{}, {"workers": 2}])
def test_a_judge_that_is_asked_to_stop_ends_after_its_batch_and_is_taken_up_again(nights, options):
    one, other = nights
    stop = threading.Event()
    with pytest.raises(Interrupted, match="are kept"):
        other.judge(stop=stop, progress=lambda what, count: stop.set() if count > 60 else None, **options)
    written = other.sql("SELECT count(*) FROM verdicts")[0][0]
    assert 60 < written < 200
    assert other.judge().judged == 200 - written
    assert other.everything() == one.everything()


def test_a_cluster_and_workers_at_once_are_refused(nights):
    with pytest.raises(UsageError, match="not both"):
        nights[1].judge(workers=2, cluster="tcp://127.0.0.1:1")


def test_without_dask_a_cluster_is_refused_with_what_to_install(nights, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"openness\[cluster\]"):
        nights[1].judge(cluster="tcp://127.0.0.1:1")


def pid() -> str:
    """Tells every process from every other."""
    return str(os.getpid())


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A real scheduler with a worker process of its own."""
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed (extra [cluster])")
    options = {"n_workers": 1, "threads_per_worker": 2, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster:
        yield cluster.scheduler_address


def test_a_cluster_writes_the_very_rows_that_one_process_writes(nights, address):
    one, other = nights
    other.judge(cluster=address)
    assert tables(other) == tables(one)


def test_a_worker_that_sees_other_data_is_refused(address):
    with pytest.raises(UsageError, match="does not see what we see"):
        next(Cluster(address, pid).run(doubling, iter(BATCHES)), None)


def test_a_cluster_that_loses_its_workers_is_a_sentence(address):
    results = Cluster(address, str).run(partial(dying, os.getpid()), iter(BATCHES))
    with pytest.raises(StoppedError, match="lost a batch: .*is kept"):
        list(results)


def test_a_scheduler_that_does_not_answer_is_a_sentence(monkeypatch):
    pytest.importorskip("distributed", reason="dask.distributed is not installed (extra [cluster])")
    monkeypatch.setattr("index.executors.CONNECT", 0.5)
    with pytest.raises(UsageError, match="No dask scheduler answers"):
        next(Cluster("tcp://127.0.0.1:1", pid).run(doubling, iter(BATCHES)))
