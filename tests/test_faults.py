"""Every fault of the Hub, one by one: nothing is lost, and what is stored in the end equals an undisturbed night."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.errors import BadToken, HubMisbehaves, HubUnreachable, QuotaExhausted
from crawler.recording import Recording
from crawler.replay import ReplayHub
from crawler.replay_faults import Faults, Quota, Quotas, Scripted
from tests.nights import IMPATIENT, content, night, night_until_done, rejects
from tests.replaying import oid, row, write

COUNT = 600
CALM = Faults()
PAGE = 50  # so that there are many requests


def rows() -> list[dict]:
    """A small Hub on two nights; between them something of every kind changes."""
    base = [
        row(n * 45_000, f"org{n % 7}/model-{n}", downloads=n, downloadsAllTime=n * 9, gated=False) for n in range(COUNT)
    ]
    later = [
        {"_id": base[3]["_id"], "id": "org3/renamed", "_night": "2026-08-02"},
        {"_id": base[50]["_id"], "id": base[50]["id"], "gated": "manual", "_night": "2026-08-02"},
        {"_id": base[51]["_id"], "id": base[51]["id"], "tags": ["license:llama3"], "_night": "2026-08-02"},
        {"_id": base[400]["_id"], "id": base[400]["id"], "_gone": True, "_night": "2026-08-02"},
        {"_id": base[599]["_id"], "id": base[599]["id"], "downloads": 7, "_night": "2026-08-02"},
    ]
    first = [{"_id": base[0]["_id"], "id": base[0]["id"], "likes": 3, "_night": "2026-08-01"}]
    return base + first + later


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplayHub]:
    recording = Recording.open(write(tmp_path_factory.mktemp("faults"), rows()))
    with ReplayHub(recording) as hub:
        yield hub
    recording.close()


@pytest.fixture
def hub(replay: ReplayHub) -> ReplayHub:
    replay.reset()
    replay.quotas = Quotas()
    return replay


def two_nights(hub: ReplayHub, data: Path, faults: Faults = CALM, **settings) -> int:
    """Crawl both nights under the faults; how often it had to be started again."""
    stops = 0
    for day in ("2026-08-01", "2026-08-02"):
        hub.faults, hub.night = faults, day
        stops += night_until_done(data, hub.url, day, page_size=PAGE, **settings)[1]
    return stops


@pytest.fixture(scope="module")
def undisturbed(replay: ReplayHub, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple]]:
    replay.reset()
    data = tmp_path_factory.mktemp("calm")
    two_nights(replay, data)
    assert not rejects(data)
    found = content(data)
    assert {c[2] for c in found["changes"]} == {"name", "gated", "license", "missing"}
    assert len(found["repos"]) == COUNT
    return found


@pytest.mark.parametrize(
    "kind",
    ["quota", "quota_left", "quota_bare", "retry_after", "error500", "error502", "error503", "error504", "drop",
     "truncate",     "gzip", "json", "shape", "html", "repeat", "foreign_link", "relative_link", "short", "poison_row"],
)  # fmt: skip
def test_a_fault_on_every_fifth_request_leaves_the_same_content(kind, hub, undisturbed, tmp_path):
    rate = (
        0.1 if kind == "poison_row" else 0.2
    )  # a page that is so five times in a row is taken as it is, with a reject
    stops = two_nights(hub, tmp_path, Faults(rates={kind: rate}, seed=5))
    assert stops == 0 or kind in ("repeat", "html")  # these may meet a cursor of ours, and stop the run
    assert hub.stats.faults[kind] >= 2
    assert content(tmp_path) == undisturbed
    assert hub.stats.leaked == 0


@pytest.mark.parametrize("kind", ["quota", "quota_left", "quota_bare", "retry_after", "error503", "drop", "json"])
def test_a_storm_of_the_same_fault_five_times_in_a_row_is_survived(kind, hub, undisturbed, tmp_path):
    script = [Scripted(4, kind, "listing", times=5)]
    assert two_nights(hub, tmp_path, Faults(script=script)) == 0
    assert hub.stats.faults[kind] == 10
    assert content(tmp_path) == undisturbed


def test_a_stalled_body_is_given_up_and_asked_for_again(hub, undisturbed, tmp_path):
    two_nights(
        hub, tmp_path, Faults(script=[Scripted(3, "stall", "listing"), Scripted(8, "stall", "listing")], stall=5.0),
        timeout=IMPATIENT,
    )  # fmt: skip
    assert hub.stats.faults["stall"] == 4
    assert content(tmp_path) == undisturbed


def test_headers_that_drip_for_ever_are_given_up_and_asked_for_again(hub, undisturbed, tmp_path):
    script = [Scripted(1, "drip", "listing"), Scripted(7, "drip", "listing")]
    two_nights(hub, tmp_path, Faults(script=script, stall=30.0), page_seconds=1.0)
    assert hub.stats.faults["drip"] == 4
    assert content(tmp_path) == undisturbed


@pytest.mark.parametrize("kind", ["poison_card", "poison_tags", "poison_counts", "poison_row"])
def test_a_poisoned_row_becomes_a_reject_with_its_reason_and_costs_nothing_else(kind, hub, undisturbed, tmp_path):
    hub.night = "2026-08-01"
    hub.faults = Faults(rates={kind: 1.0 if kind == "poison_row" else 0.3}, seed=2, poison_extra=True)
    report = night(tmp_path, hub.url, page_size=PAGE)
    hub.faults, hub.night = Faults(), "2026-08-02"
    night(tmp_path, hub.url, "2026-08-02", page_size=PAGE)
    assert report.rejects == len(rejects(tmp_path)) > 0
    assert all(reason for _, _, reason in rejects(tmp_path))
    assert content(tmp_path) == undisturbed


def test_a_real_row_that_cannot_be_read_is_neither_lost_nor_missing(hub, undisturbed, tmp_path):
    hub.night = "2026-08-01"
    night(tmp_path, hub.url, page_size=PAGE)
    hub.night = "2026-08-02"
    hub.faults = Faults(rates={"poison_card": 1.0}, seed=1)
    report = night(tmp_path, hub.url, "2026-08-02", page_size=PAGE)
    assert (report.missing, report.rejects > 5) == (1, True)
    assert len(content(tmp_path)["repos"]) == COUNT


def test_a_repo_deleted_in_the_middle_of_the_walk_was_seen_or_is_missing_tomorrow(hub, tmp_path):
    hub.night = "2026-08-01"
    night(tmp_path, hub.url, page_size=PAGE)
    hub.faults = Faults(script=[Scripted(5, "delete", "listing", "org6/model-580"), Scripted(5, "error500", "listing")])
    assert night(tmp_path, hub.url, "2026-08-01", page_size=PAGE).complete
    if not missing_repos(tmp_path):  # its page had been read when it went
        hub.night = "2026-08-02"
        night(tmp_path, hub.url, "2026-08-02", page_size=PAGE)
    assert oid(580 * 45_000) in missing_repos(tmp_path)


def missing_repos(data):
    return [c[0] for c in content(data)["changes"] if c[2] == "missing"]


def test_a_repo_renamed_in_the_middle_of_the_walk_keeps_its_identity(hub, tmp_path):
    hub.night = "2026-08-01"
    night(tmp_path, hub.url, page_size=PAGE)
    hub.faults = Faults(script=[Scripted(5, "rename", "listing", "org6/model-580=new/name")])
    report = night(tmp_path, hub.url, "2026-08-01", page_size=PAGE)
    assert (report.complete, report.missing) == (True, 0)
    if not content(tmp_path)["changes"]:  # its page had been read when it was renamed
        night(tmp_path, hub.url, "2026-08-01", page_size=PAGE)
    assert [c[2:5] for c in content(tmp_path)["changes"]] == [("name", "org6/model-580", "new/name")]


def test_a_token_revoked_in_the_middle_of_the_walk_stops_it_and_marks_nothing(hub, undisturbed, tmp_path):
    hub.night = "2026-08-01"
    night(tmp_path, hub.url, page_size=PAGE, token="hf_x")
    hub.night = "2026-08-02"
    hub.faults = Faults(script=[Scripted(6, "revoke", "listing")])
    with pytest.raises(BadToken, match="Nothing was marked") as stopped:
        night(tmp_path, hub.url, "2026-08-02", page_size=PAGE, token="hf_x")
    assert stopped.value.exit_status == 4
    assert not [c for c in content(tmp_path)["changes"] if c[2] == "missing"]
    hub.revoke(False)
    hub.faults = Faults()
    night(tmp_path, hub.url, "2026-08-02", page_size=PAGE, token="hf_x")
    assert content(tmp_path) == undisturbed


def test_401_on_everything_aborts_at_once_and_calls_nothing_missing(hub, tmp_path):
    hub.night = "2026-08-01"
    night(tmp_path, hub.url, page_size=PAGE)
    before = content(tmp_path)
    hub.revoke()
    with pytest.raises(BadToken, match="HF_TOKEN"):
        night(tmp_path, hub.url, "2026-08-02", page_size=PAGE, token="hf_wrong")
    assert content(tmp_path) == before


def test_a_next_link_that_always_leads_to_itself_ends_with_a_sentence_and_not_never(hub, tmp_path):
    hub.faults = Faults(script=[Scripted(3, "repeat", "listing", times=10_000)])
    with pytest.raises(HubMisbehaves, match="leads to itself"):
        night(tmp_path, hub.url, page_size=PAGE)


def test_a_link_to_another_host_is_never_followed_least_of_all_with_the_token(hub, undisturbed, tmp_path):
    two_nights(hub, tmp_path, Faults(rates={"foreign_link": 1.0}), token="hf_secret")
    assert (hub.stats.foreign, hub.stats.leaked) == (0, 0)
    assert content(tmp_path) == undisturbed


def test_a_made_cursor_that_is_refused_makes_it_one_sequence_and_the_report_says_so(hub, undisturbed, tmp_path):
    for day in ("2026-08-01", "2026-08-02"):
        hub.faults, hub.night = Faults(made_cursors="refused"), day
        report = night(tmp_path, hub.url, day, page_size=PAGE)
        assert report.complete
        assert "one sequence" in report.problems[0]
    assert content(tmp_path) == undisturbed


def test_a_made_cursor_that_is_ignored_is_noticed(hub, undisturbed, tmp_path):
    for day in ("2026-08-01", "2026-08-02"):
        hub.faults, hub.night = Faults(made_cursors="ignored"), day
        assert "got others" in night(tmp_path, hub.url, day, page_size=PAGE).problems[0]
    assert content(tmp_path) == undisturbed


def test_a_quota_that_is_used_up_for_longer_than_max_wait_stops_resumably(hub, undisturbed, tmp_path):
    hub.night, hub.quotas = "2026-08-01", Quotas(api=Quota(6, 300))
    with pytest.raises(QuotaExhausted, match="--max-wait") as stopped:
        night(tmp_path, hub.url, page_size=PAGE, max_wait=5.0)
    assert stopped.value.exit_status == 4
    hub.quotas = Quotas()
    assert night(tmp_path, hub.url, page_size=PAGE).complete
    hub.night = "2026-08-02"
    night(tmp_path, hub.url, "2026-08-02", page_size=PAGE)
    assert content(tmp_path) == undisturbed


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1", "http://no-such-host.invalid", "no address", "http://[::1", "ftp://x", "http://x:99999"],
)
def test_an_address_without_a_hub_is_said_in_a_sentence(url, tmp_path):
    with pytest.raises(HubUnreachable) as stopped:
        night(tmp_path, url)
    assert stopped.value.exit_status == 4
    assert str(stopped.value).endswith(".")


def test_a_web_site_that_is_no_hub_is_said_soon(hub, tmp_path):
    hub.faults = Faults(rates={"html": 1.0})
    with pytest.raises(HubMisbehaves, match="check the address"):
        night(tmp_path, hub.url, page_size=PAGE)
    assert hub.stats.requests["listing"] == 3
