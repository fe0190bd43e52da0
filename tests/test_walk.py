"""The walk: every model once whatever the cuts, the same tables side by side as in sequence, and doubt where it is
due.
"""

from __future__ import annotations

import itertools
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import plan, walk
from crawler.recording import Recording
from crawler.replay import ReplayHub
from crawler.replay_faults import Faults, Latency, Quota, Quotas
from crawler.store import Range, Store
from crawler.walk import Scope
from tests.nights import SkippedTime, content, door, night
from tests.replaying import oid, row, write

STEP = 45_000  # seconds between made-up repos: enough days to cut by time
COUNT = 1500


def repo(n: int, **fields) -> dict:
    return row(n * STEP, f"org{n % 7}/model-{n}", downloads=n + 10, downloadsAllTime=n * 9 + 10, **fields)


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplayHub]:
    recording = Recording.open(write(tmp_path_factory.mktemp("walk"), [repo(n) for n in range(COUNT)]))
    with ReplayHub(recording) as hub:
        yield hub
    recording.close()


@pytest.fixture
def hub(replay: ReplayHub) -> Iterator[ReplayHub]:
    recording = replay.recording
    replay.reset()
    replay.quotas = Quotas()
    yield replay
    replay.recording = recording


def play(hub: ReplayHub, folder: Path, rows: list[dict]) -> Recording:
    hub.recording = Recording.open(write(folder, rows))
    return hub.recording


def walk_with(store: Store, hub: ReplayHub, cuts: list[str], page_size: int) -> tuple[walk.Walked, list[Range]]:
    """Walk with ranges cut at `cuts`; never cut further."""
    crawl = store.begin("2026-08-01", "replay", "", "x", list(zip(["", *cuts], [*cuts, ""], strict=True)))
    connection = door(hub.url, page_size=page_size)
    try:
        walked = walk.walk(
            store, connection, crawl, Scope(), now=1.8e9, stop=threading.Event(), progress=lambda what, count: None
        )
    finally:
        connection.client.close()
    return walked, store.ranges(crawl.id)


hexes = st.integers(0, 2**96 - 1).map(lambda n: f"{n:024x}")
near = st.integers(0, 400).map(lambda n: f"{0x66 << 88 | n:024x}")  # crowded: cuts fall on ids and between neighbours


@settings(max_examples=25)
@given(ids=st.sets(near | hexes, max_size=60), cuts=st.sets(near | hexes, max_size=8), page=st.integers(1, 20))
def test_any_ids_cut_anywhere_are_seen_exactly_once_and_the_ranges_join(replay, ids, cuts, page):
    recording = replay.recording
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        new = play(replay, folder / "r", [row(0, f"o/m{i}") | {"_id": one} for i, one in enumerate(sorted(ids))])
        store = Store(folder / "hub.db")
        try:
            walked, ranges = walk_with(store, replay, sorted(c for c in cuts if int(c, 16)), page)
            stored = [r[0] for r in store.conn.execute("SELECT oid FROM repos ORDER BY oid")]
            assert walked == walk.Walked(True, ())
            assert stored == sorted(ids)
            assert sum(r.models for r in ranges) == len(ids)
            assert plan.is_cover([(r.lo, r.hi) for r in ranges])
            assert all(r.done for r in ranges)
        finally:
            store.close()
            replay.recording = recording
            new.close()


def test_side_by_side_and_in_sequence_fill_the_same_tables(hub, tmp_path):
    parallel = night(tmp_path / "parallel", hub.url, page_size=20)
    assert len(Store(tmp_path / "parallel" / "hub.db").ranges(1)) >= 2
    hub.faults = Faults(made_cursors="refused")
    sequence = night(tmp_path / "sequence", hub.url, page_size=20)
    assert (parallel.problems, parallel.models) == ((), sequence.models)
    assert content(tmp_path / "parallel") == content(tmp_path / "sequence")


def test_the_second_night_is_cut_as_the_first_one_taught(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(walk, "CUT_FROM", 100)
    monkeypatch.setattr(walk, "MODELS_PER_RANGE", 300)
    night(tmp_path, hub.url, page_size=50)
    store = Store(tmp_path / "hub.db")
    ranges = walk.first_ranges(store, Scope())
    store.close()
    assert len(ranges) == 5
    per_range = [sum(lo < oid(n * STEP) <= (hi or "g") for n in range(COUNT)) for lo, hi in ranges]
    assert sum(per_range) == COUNT
    assert max(per_range) - min(per_range) <= 2
    assert night(tmp_path, hub.url, "2026-08-02", page_size=50).complete


def test_as_many_requests_are_under_way_as_latency_asks_for_and_no_page_is_asked_for_twice(hub, tmp_path):
    hub.latency, hub.quotas = Latency(page=0.1), Quotas(api=Quota(30_000, 300))
    hub.stats.log.clear()
    hub.stats.most_in_flight = 0
    report = night(tmp_path, hub.url, page_size=20)
    assert report.complete
    needed = 0.9 * 30_000 / 300 * 0.1
    assert 0.7 * needed <= hub.stats.most_in_flight <= walk.WIDEST
    cursors = [parse_qs(urlsplit(a.target).query).get("cursor", [""])[0] for a in hub.stats.log]
    assert len(cursors) == len(set(cursors))
    assert len(cursors) <= COUNT / 20 * 1.4  # each range ends inside a page that its neighbour reads too


def test_while_others_spend_on_the_same_token_the_walk_takes_its_share_of_the_rest_and_is_never_refused(hub, tmp_path):
    time_ = SkippedTime()
    hub.app.clock = time_.clock  # the Hub's windows pass with the pauses that are skipped
    hub.quotas = Quotas(api=Quota(200, 200))
    recording = hub.recording
    store, opened = Store(tmp_path / "hub.db"), door(hub.url, time_, token="hf_shared", page_size=4)
    crawl = store.begin("2026-08-01", "replay", "", "x", [("", "")])

    def others(what: str, count: int) -> None:
        if count % 40 == 0:
            hub.spend("api", 2)

    hub.stats.statuses.clear()
    began = time_.clock()
    walked = walk.walk(store, opened, crawl, Scope(), now=1.8e9, stop=threading.Event(), progress=others)
    opened.client.close()
    hub.app.clock = time.monotonic
    assert walked == walk.Walked(True, ())
    assert store.count_present() == len(recording.at())
    assert hub.stats.statuses[429] == 0
    assert opened.buckets["api"].others > 4  # of 75; around a reset, or on a slow machine, not all of it is seen
    assert time_.clock() - began >= COUNT / 4 - 200  # no faster than the quota
    store.close()


def test_a_partial_walk_stops_at_its_limit_and_calls_nothing_missing(hub, tmp_path):
    night(tmp_path, hub.url, page_size=100)
    report = night(tmp_path, hub.url, "2026-08-02", page_size=100, scope=Scope(limit=250))
    assert (report.models, report.missing, report.complete) == (250, 0, True)
    by_author = night(tmp_path, hub.url, "2026-08-02", page_size=100, scope=Scope(author="org3"))
    assert by_author.models == len([n for n in range(COUNT) if n % 7 == 3])
    assert not content(tmp_path)["changes"]


def test_a_hub_that_shows_far_fewer_models_is_kept_apart(hub, tmp_path):
    night(tmp_path, hub.url, page_size=100)
    small = play(hub, tmp_path / "small", [repo(n) for n in range(COUNT // 2)])
    report = night(tmp_path, hub.url, "2026-08-02", page_size=100)
    assert (report.complete, report.missing) == (False, 0)
    assert "nothing was marked as missing" in report.problems[0]
    assert not content(tmp_path)["changes"]
    small.close()


def test_models_that_answer_when_asked_for_by_name_are_not_missing(hub, tmp_path, monkeypatch):
    """A listing that ends too early is not believed: the most downloaded of what it left out is still there."""
    night(tmp_path, hub.url, page_size=100)
    real = walk.walk

    def cut_short(store, *arguments, **named):
        store.conn.execute(
            "INSERT INTO absent SELECT max(crawls.id), repo FROM crawls, repos GROUP BY repo HAVING repo <= 60"
        )
        return real(store, *arguments, **named)

    monkeypatch.setattr(walk, "walk", cut_short)
    report = night(tmp_path, hub.url, "2026-08-02", page_size=100)
    assert (report.complete, report.missing) == (False, 0)
    assert "60 of them are there when asked for by name" in report.problems[0]


def test_missing_is_said_of_what_neither_the_listing_nor_its_name_shows(hub, tmp_path):
    night(tmp_path, hub.url, page_size=100)
    gone = [n for n in range(COUNT) if n % 50 == 0]
    fewer = play(hub, tmp_path / "fewer", [repo(n) for n in range(COUNT) if n % 50])
    report = night(tmp_path, hub.url, "2026-08-02", page_size=100)
    assert (report.complete, report.missing) == (True, len(gone))
    assert hub.stats.requests["info"] == len(gone)
    fewer.close()


def test_a_night_on_which_all_downloads_are_zero_is_doubted_and_changes_nothing(hub, tmp_path):
    night(tmp_path, hub.url, page_size=300)
    before = content(tmp_path)
    zeros = play(hub, tmp_path / "zeros", [repo(n) | {"downloads": 0, "downloadsAllTime": 0} for n in range(COUNT)])
    report = night(tmp_path, hub.url, "2026-08-02", page_size=300)
    assert "counters" in report.problems[0]
    assert content(tmp_path) == before
    zeros.close()


def test_a_night_on_which_no_gating_and_no_tags_are_shown_is_doubted_and_makes_no_events(hub, tmp_path):
    night(tmp_path, hub.url, page_size=300)
    before = content(tmp_path)
    bare = [{k: v for k, v in repo(n).items() if k not in ("gated", "tags")} for n in range(COUNT)]
    blind = play(hub, tmp_path / "bare", bare)
    report = night(tmp_path, hub.url, "2026-08-02", page_size=300)
    assert {word for p in report.problems for word in ("gated", "license", "tags") if f"no {word}" in p} == {
        "gated",
        "license",
        "tags",
    }
    assert report.missing == 0
    assert content(tmp_path) == before
    blind.close()


def test_a_real_change_of_everything_is_believed(hub, tmp_path):
    night(tmp_path, hub.url, page_size=300)
    tagged = play(
        hub, tmp_path / "tagged", [repo(n, tags=["transformers", "license:mit", "region:us"]) for n in range(COUNT)]
    )
    report = night(tmp_path, hub.url, "2026-08-02", page_size=300)
    assert (report.changed, report.problems) == (COUNT, ())
    tagged.close()


@pytest.mark.parametrize(
    ("joints", "fault"),
    [
        ([(None, "")], ""),
        ([("1", "4"), ("4", "")], ""),
        ([("1", "4"), ("3", "")], ""),  # 3 was there when the neighbour began, and was deleted since
        ([("1", "4"), ("5", "")], "4 is in the listing"),
        ([("1", "4"), (None, "")], "4 is in the listing"),
        ([("1", ""), ("5", "")], "ended before 5"),
        ([("1", "4"), (None, "7"), ("4", "")], ""),
        ([("1", None), ("3", "")], ""),
    ],
)
def test_where_ranges_meet_each_must_have_seen_the_others_first_model(joints, fault):
    found = plan.joint_fault(joints)
    assert fault in found
    assert bool(fault) == bool(found)


def test_a_range_that_skips_models_behind_a_made_cursor_is_noticed_and_walked_in_sequence(hub, tmp_path):
    store = Store(tmp_path / "hub.db")
    cut = oid(700 * STEP)
    crawl = store.begin("2026-08-01", "replay", "", "x", [("", cut), (cut, "")])
    later = oid(720 * STEP)  # as if the Hub had begun twenty models too late
    store.conn.execute("UPDATE ranges SET cursor = ?, first = ?, models = 1 WHERE lo = ?", (later, later, cut))
    connection = door(hub.url, page_size=100)
    walked = walk.walk(
        store, connection, crawl, Scope(), now=1.8e9, stop=threading.Event(), progress=lambda what, count: None
    )
    connection.client.close()
    assert "is in the listing, but not when asked for" in walked.problems[0]
    assert store.count_present() == COUNT
    store.close()


def test_ids_are_cut_by_the_growth_of_the_hub_and_by_what_was_measured():
    now = 1.78e9
    cuts = plan.cuts_by_time("", now, 8)
    assert len(cuts) == 7
    assert all(a < b for a, b in itertools.pairwise(["", *cuts, plan.end_of_ids(now)]))
    assert plan.cuts_by_time("", 0.0, 8) == []  # a clock before the Hub's first model cuts nothing
    assert plan.rest(oid(0), oid(100), oid(400), 1000) == pytest.approx(3000, rel=0.01)
    assert plan.rest("", "", oid(400), 0) == 0
    assert oid(10) < plan.middle(oid(10), oid(20)) < oid(20)
