"""What a crawl is started with: which Hub, whose data, which night, and how signals become a stop."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from crawler.errors import RefusedError, UsageError
from crawler.session import LIVE, SAMPLE, Options, hub_name, run, stopping, which_hub
from tests.nights import NOON


def nights(data, **options) -> list[str]:
    """Crawl the sample without documents; the nights that were crawled."""
    reports = run(Options(data, SAMPLE, max_documents=0, **options), stop=threading.Event(),
                  progress=lambda what, count: None,                  clock=lambda: NOON)  # fmt: skip
    return [report.date for report in reports]


def test_the_hub_is_the_one_asked_for_else_the_environments_else_the_live_one(monkeypatch):
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert which_hub(None) == LIVE
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/")
    assert which_hub(None) == "https://mirror.example"
    assert which_hub("http://127.0.0.1:8090/") == "http://127.0.0.1:8090"
    assert which_hub(SAMPLE) == SAMPLE
    with pytest.raises(UsageError, match="--hub.*https://huggingface.co"):
        which_hub("huggingface.co")


def test_hubs_are_told_apart_by_origin_and_not_by_path():
    assert hub_name("https://huggingface.co/some/path") == "https://huggingface.co"
    assert hub_name("http://[::1]:8090") == "replay"
    assert hub_name(SAMPLE) == SAMPLE


def test_the_sample_is_crawled_night_after_night_and_then_only_its_last_night_again(tmp_path):
    first = nights(tmp_path)
    assert len(first) >= 10
    assert first == sorted(first)
    assert nights(tmp_path) == first[-1:]


def test_the_sample_knows_its_nights_and_goes_only_forward(tmp_path):
    with pytest.raises(UsageError, match="has no night"):
        nights(tmp_path, night="1999-01-01")
    _, second = nights(tmp_path)[:2]
    with pytest.raises(RefusedError, match="old over new"):
        nights(tmp_path, night=second)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_sets_the_stop_and_the_old_handler_comes_back(number):
    before = signal.getsignal(number)
    with stopping() as stop:
        os.kill(os.getpid(), number)
        deadline = time.monotonic() + 5
        while not stop.is_set() and time.monotonic() < deadline:
            time.sleep(0.001)
        assert stop.is_set()
    assert signal.getsignal(number) is before


def test_outside_the_main_thread_signals_are_left_alone():
    seen = []

    def work() -> None:
        with stopping() as stop:
            seen.append(stop.is_set())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
