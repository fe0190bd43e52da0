"""The door to the Hub: what a name leads to, which waits count, how many requests wait at once, and what is no
answer.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from crawler.door import ATTEMPTS, LAST, NEAR, SPARE, UNPACED, check_url
from crawler.errors import BadToken, HubMisbehaves, HubUnreachable, Interrupted, QuotaExhausted
from crawler.recording import Recording
from crawler.records import Reject
from crawler.replay import ReplayHub
from crawler.replay_faults import Faults, Latency, Quota, Quotas, Scripted
from tests.nights import SkippedTime, door
from tests.replaying import oid, row, write


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplayHub]:
    recording = Recording.open(write(tmp_path_factory.mktemp("hub"), [row(n, f"org/m{n}") for n in range(30)]))
    with ReplayHub(recording) as hub:
        yield hub
    recording.close()


@pytest.fixture
def hub(replay: ReplayHub) -> ReplayHub:
    replay.reset()
    replay.quotas = Quotas()
    return replay


def test_a_name_leads_to_its_oid_also_after_a_rename_and_to_nothing_when_it_is_gone(hub):
    hub.rename("org/m3", "new/name")
    hub.delete("org/m4")
    for token in (None, "hf_x"):
        connection = door(hub.url, token=token)
        assert connection.exists("org/m2") == oid(2)
        assert connection.exists("org/m3") == connection.exists("ORG/M3") == oid(3)
        assert connection.exists("org/m4") is None
        connection.client.close()


def test_a_refused_token_is_not_taken_for_a_repo_that_is_gone(hub):
    connection = door(hub.url, token="hf_x")
    assert connection.exists("org/m2")
    hub.revoke()
    with pytest.raises(BadToken):
        connection.exists("org/m2")
    connection.client.close()


def test_an_answer_that_says_neither_yes_nor_no_is_an_error_and_not_a_no(hub):
    connection = door(hub.url)
    hub.faults = Faults(rates={"html@info": 1.0})
    with pytest.raises(HubMisbehaves, match="does not say"):
        connection.exists("org/m2")
    connection.client.close()


def test_a_page_has_rows_in_order_and_the_hubs_own_cursor(hub):
    connection = door(hub.url)
    first = connection.page(None, limit=20)
    second = connection.page(first.next_cursor, limit=20)
    assert [r.oid for r in (*first.rows, *second.rows)] == [oid(n) for n in range(30)]
    assert second.next_cursor is None
    connection.client.close()


def test_a_row_without_an_id_is_asked_for_again_and_in_the_end_taken_as_it_is(hub):
    connection = door(hub.url)
    hub.faults = Faults(script=[Scripted(1, "poison_row", "listing")])
    assert not [r for r in connection.page(None).rows if isinstance(r, Reject)]
    hub.faults = Faults(rates={"poison_row": 1.0})
    assert len([r for r in connection.page(None).rows if isinstance(r, Reject)]) == 1
    connection.client.close()


def test_while_the_hub_has_named_no_quota_only_a_few_requests_are_under_way(hub):
    hub.latency = Latency(page=0.1)
    hub.faults = Faults(rates={"quota_bare": 0.0})
    hub.stats.most_in_flight = 0
    connection = door(hub.url)
    threads = [threading.Thread(target=connection.page, args=(None,)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first_four = list(hub.stats.log)[:UNPACED]
    assert len(first_four) == UNPACED
    assert hub.stats.most_in_flight <= 12
    connection.client.close()


def test_errors_feed_the_limiter_too_and_each_bucket_has_its_own(hub):
    hub.quotas = Quotas(api=Quota(50, 300), resolvers=Quota(70, 300))
    connection = door(hub.url)
    hub.faults = Faults(rates={"error503": 1.0})
    with pytest.raises(HubUnreachable):
        connection.page(None)
    assert (connection.buckets["api"].remaining, connection.buckets["api"].limit) == (50 - ATTEMPTS, 50)
    hub.faults = Faults()
    connection.document("org/m1", "README.md", None, None, 1000)
    assert (connection.buckets["resolvers"].remaining, connection.buckets["resolvers"].limit) == (69, 70)
    assert connection.buckets["api"].remaining == 50 - ATTEMPTS
    connection.client.close()


def test_as_many_pages_are_of_use_as_the_quota_lets_begin_while_one_is_under_way(hub):
    hub.quotas, hub.latency = Quotas(api=Quota(300, 30)), Latency(page=0.2)
    connection = door(hub.url)
    assert connection.useful() is None  # the Hub has said nothing
    connection.page(None)
    rate = 0.9 * 300 / 30
    assert rate * connection.latency <= connection.useful() - SPARE <= 1.2 * rate * connection.latency + 1
    connection.client.close()


class Ticking(SkippedTime):
    """A clock that only a look at it moves, by `tick` seconds: how long an answer takes is ours to say."""

    tick = 0.01

    def clock(self) -> float:
        self.skipped += self.tick
        return self.skipped


def test_answers_that_a_busy_machine_makes_slow_do_not_ask_for_more_requests_at_once(hub):
    hub.quotas, time_ = Quotas(api=Quota(30_000, 300)), Ticking()
    connection = door(hub.url, time_)
    for number in range(LAST):
        time_.tick = 0.01 if number % 4 == 0 else 1.0
        connection.page(None)
    assert connection.latency > 5 * NEAR
    assert connection.useful() <= UNPACED  # some came quickly: it is not the Hub that takes the time
    for _ in range(LAST):
        connection.page(None)
    assert connection.useful() > 10 * UNPACED
    connection.client.close()


@pytest.mark.parametrize(
    ("kind", "waits"), [("quota", True), ("retry_after", True), ("quota_left", False), ("quota_bare", False)]
)
def test_a_429_for_ever_ends_by_max_wait_when_it_names_a_time_else_by_patience(kind, waits, hub):
    connection = door(hub.url, max_wait=30.0 if waits else 1000.0)
    assert connection.page(None).rows
    hub.faults = Faults(rates={kind: 1.0}, wait=2)
    with pytest.raises(QuotaExhausted if waits else HubUnreachable) as stopped:
        connection.page(None)
    assert stopped.value.exit_status == 4
    assert connection.counts.refused >= 7
    connection.client.close()


def test_pacing_is_no_wait_in_the_sense_of_max_wait(hub):
    hub.quotas = Quotas(api=Quota(20, 10))
    connection = door(hub.url, max_wait=0.0)
    for _ in range(8):
        connection.page(None)
    connection.client.close()


def test_asked_to_stop_a_pause_ends_the_request(hub):
    time_ = SkippedTime()
    connection = door(hub.url, time_)
    hub.faults = Faults(rates={"error503": 1.0})
    time_.stop.set()
    with pytest.raises(Interrupted):
        connection.page(None)
    connection.client.close()


def test_the_others_on_our_token_are_noticed_and_left_their_part(hub):
    hub.quotas = Quotas(api=Quota(100, 300))
    connection = door(hub.url, token="hf_shared")
    connection.page(None)
    hub.spend("api", 60)
    connection.page(None)
    state = connection.buckets["api"]
    assert state.others == 60
    assert state.remaining == 38
    connection.client.close()


@pytest.mark.parametrize(
    "url", ["", "huggingface.co", "ftp://huggingface.co", "http://", "http://[::1", "http://x:99999", "http://a b"]
)
def test_what_cannot_be_an_address_is_said(url):
    with pytest.raises(HubUnreachable, match="not the address of a Hub"):
        check_url(url)


def test_an_address_loses_its_last_slash():
    assert check_url("http://127.0.0.1:8090/") == "http://127.0.0.1:8090"


@pytest.fixture
def dripping() -> Iterator[str]:
    """A server that begins a page and then sends a blank now and then, for ever."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(9_999)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999999\r\n\r\n[")
            while not over.wait(0.05):
                connection.sendall(b" ")

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=drip, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    over.set()
    listening.close()


def test_a_page_that_never_ends_is_given_up(dripping):
    connection = door(dripping, page_seconds=0.3)
    with pytest.raises(HubUnreachable, match="ReadTimeout"):
        connection.page(None)
    connection.client.close()


def test_a_page_beyond_all_measure_is_given_up(hub, monkeypatch):
    connection = door(hub.url)
    assert len(connection.page(None).rows) == 30
    monkeypatch.setattr("crawler.door.PAGE_SIZE", 500)
    with pytest.raises(HubUnreachable, match="longer than 500 bytes"):
        connection.page(None)
    connection.client.close()
