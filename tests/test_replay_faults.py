"""Each fault of the replay Hub does what it says, over real HTTP, and nothing else; and a client can get over it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from crawler.errors import UsageError
from crawler.records import Reject, decode_page, expand
from crawler.replay import ReplayHub
from crawler.replay_faults import GROUPS, KINDS, FaultPlan, Faults, Scripted, parse_faults
from tests.replaying import document, oid, replay, row, walk

PAGE = "/api/models?sort=createdAt&direction=1&limit=5"
FILE = "/org1/model-1/resolve/main/README.md"
TOKEN = {"Authorization": "Bearer hf_x"}
CARD = "# A card\n" * 50


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplayHub]:
    rows = [row(n, cardData={"license": "mit"}, downloads=n) for n in range(20)]
    with replay(tmp_path_factory.mktemp("faults"), rows, [document("org1/model-1", CARD)]) as server:
        yield server


@pytest.fixture
def hub(running: ReplayHub) -> ReplayHub:
    running.reset()
    return running


@pytest.fixture
def client(hub: ReplayHub) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=hub.url, trust_env=False, timeout=5) as c:
        yield c


def once(kind: str, at: int = 1, **settings: Any) -> Faults:
    argument = settings.pop("argument", "")
    return Faults(script=[Scripted(at, kind, argument=argument)], **settings)


@pytest.mark.parametrize(
    ("kind", "pair", "retry"),
    [("quota", '"api";r=0;t=3', None), ("quota_left", '"api";r=99999;t=300', None), ("quota_bare", None, None),
     ("retry_after", None, "3")],
)  # fmt: skip
def test_the_four_kinds_of_429(
    hub: ReplayHub, client: httpx.Client, kind: str, pair: str | None, retry: str | None
) -> None:
    hub.faults = once(kind, wait=3)
    answer = client.get(PAGE)
    assert answer.status_code == 429
    assert (answer.headers.get("ratelimit"), answer.headers.get("retry-after")) == (pair, retry)
    assert client.get(PAGE).status_code == 200


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_server_errors_come_as_html_with_rate_headers(hub: ReplayHub, client: httpx.Client, status: int) -> None:
    hub.faults = once(f"error{status}")
    answer = client.get(PAGE)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html")
    assert "ratelimit" in answer.headers


@pytest.mark.parametrize("path", [PAGE, FILE])
def test_a_dropped_connection_says_nothing_and_the_next_request_works(
    hub: ReplayHub, client: httpx.Client, path: str
) -> None:
    hub.faults = once("drop")
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        client.get(path)
    assert client.get(path).status_code in (200, 307)


def test_a_truncated_body_promises_more_than_it_sends(hub: ReplayHub, client: httpx.Client) -> None:
    hub.faults = once("truncate")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        client.get(PAGE)


def test_a_stalled_body_sends_half_and_is_silent_until_the_client_gives_up(hub: ReplayHub) -> None:
    hub.faults = once("stall")
    with httpx.Client(base_url=hub.url, timeout=0.3) as c, pytest.raises(httpx.ReadTimeout):
        c.get(PAGE)
    hub.faults = once("stall", stall=0.1)
    with httpx.Client(base_url=hub.url, timeout=3) as c, pytest.raises(httpx.RemoteProtocolError):
        c.get(PAGE)


def test_gzip_has_no_length_and_the_same_content(hub: ReplayHub, client: httpx.Client) -> None:
    clean = client.get(PAGE)
    hub.faults = once("gzip")
    packed = client.get(PAGE)
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-length" not in packed.headers
    assert packed.content == clean.content


def test_broken_json_wrong_shape_and_html_all_come_with_200(hub: ReplayHub, client: httpx.Client) -> None:
    hub.faults = Faults(script=[Scripted(1, "json"), Scripted(2, "shape"), Scripted(3, "html")])
    broken, shape, html = (client.get(PAGE) for _ in range(3))
    assert {broken.status_code, shape.status_code, html.status_code} == {200}
    with pytest.raises(json.JSONDecodeError):
        broken.json()
    assert isinstance(shape.json(), dict)
    assert html.headers["content-type"].startswith("text/html")
    assert "link" not in html.headers


@pytest.mark.parametrize("kind", GROUPS["poison"])
@pytest.mark.parametrize("extra", [False, True])
def test_a_poisoned_row_is_one_that_our_reader_rejects_and_the_others_are_whole(
    hub: ReplayHub, client: httpx.Client, kind: str, extra: bool
) -> None:
    hub.faults = once(kind, poison_extra=extra)
    url = PAGE + "".join(f"&expand={name}" for name in ("cardData", "tags", "downloads", "likes"))
    rows = [r if isinstance(r, Reject) else expand(r) for r in decode_page(client.get(url).content)]
    assert len(rows) == 5 + extra
    assert sum(isinstance(r, Reject) for r in rows) == 1
    good = {r.oid for r in rows if not isinstance(r, Reject)}
    assert len(good & {oid(n) for n in range(5)}) == 4 + extra


@pytest.mark.parametrize("kind", ["truncate", "html", "json"])
def test_the_redirect_of_a_file_can_be_spoiled_too(hub: ReplayHub, client: httpx.Client, kind: str) -> None:
    hub.faults = once(kind)
    if kind == "truncate":
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(FILE)
        return
    answer = client.get(FILE)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "location" not in answer.headers


def test_a_repeating_cursor_leads_round_for_ever(hub: ReplayHub, client: httpx.Client) -> None:
    second = client.get(PAGE).links["next"]["url"]
    hub.faults = Faults(rates={"repeat": 1.0})
    for _ in range(5):
        assert client.get(second).links["next"]["url"] == second


def test_a_foreign_link_names_a_host_that_counts_whoever_follows_it_with_a_token(hub: ReplayHub) -> None:
    hub.faults = once("foreign_link")
    with httpx.Client(base_url=hub.url, headers=TOKEN) as c:
        url = c.get(PAGE).links["next"]["url"]
        assert httpx.URL(url).host == "localhost"
        assert (hub.stats.foreign, hub.stats.leaked) == (0, 0)
        c.get(url)
    assert (hub.stats.foreign, hub.stats.leaked) == (1, 1)


def test_a_relative_link_goes_on_at_the_same_place(hub: ReplayHub, client: httpx.Client) -> None:
    hub.faults = once("relative_link")
    link = client.get(PAGE).links["next"]["url"]
    assert link.startswith("/api/models?sort=createdAt")
    assert client.get(link).json()[0]["_id"] == oid(5)


def test_short_pages_lose_nothing(hub: ReplayHub, client: httpx.Client) -> None:
    hub.faults = Faults(rates={"short": 1.0})
    pages = list(walk(client, hub.url + PAGE))
    assert max(map(len, pages)) == 1
    assert [m["_id"] for page in pages for m in page] == [oid(n) for n in range(20)]


def test_deleted_and_renamed_mid_walk(hub: ReplayHub, client: httpx.Client) -> None:
    script = [Scripted(2, "delete", argument="org5/model-12"), Scripted(3, "rename", argument="org4/model-18=new/name")]
    hub.faults = Faults(script=script)
    names = [m["id"] for page in walk(client, hub.url + PAGE) for m in page]
    assert "org5/model-12" not in names
    assert "new/name" in names
    assert len(names) == 19
    assert client.get("/api/models/org4/model-18").headers["location"] == "/api/models/new/name"
    hub.night = None  # the edits stay
    assert client.get("/api/models/org5/model-12").status_code == 401


def test_without_an_argument_the_repo_that_was_asked_for_is_deleted_or_renamed(
    hub: ReplayHub, client: httpx.Client
) -> None:
    hub.faults = Faults(
        script=[Scripted(1, "delete", "file"), Scripted(1, "rename", "info"), Scripted(1, "delete", "listing")]
    )
    assert client.get(FILE).status_code == 401
    assert client.get("/api/models/org2/model-2").headers["location"] == "/api/models/org2/model-2-renamed"
    assert len(client.get(PAGE.replace("limit=5", "limit=50")).json()) == 18


def test_resolve_and_info_can_land_on_another_repo_with_another_id(hub: ReplayHub, client: httpx.Client) -> None:
    hub.faults = once("other_repo", argument="org3/model-3")
    assert client.get(FILE).headers["location"] == "/org3/model-3/resolve/main/README.md"
    hub.faults = Faults(rates={"other_repo@info": 1.0})
    there = client.get("/api/models/org1/model-1").headers["location"]
    assert there not in ("/api/models/org1/model-1", "")


@pytest.mark.parametrize("faults", [once("lfs"), Faults(lfs=frozenset({"org1/model-1"}))])
def test_an_lfs_readme_is_on_another_host_and_readable_there_without_a_token(hub: ReplayHub, faults: Faults) -> None:
    hub.faults = faults
    with httpx.Client(base_url=hub.url) as c:
        hop = c.get(FILE, headers=TOKEN)
        assert hop.status_code == 302
        assert httpx.URL(hop.headers["location"]).host == "localhost"
        assert len(hop.headers["x-linked-etag"]) == 66
        assert hop.headers["x-linked-size"] == str(len(CARD))
        assert c.get(hop.headers["location"]).text == CARD
    assert (hub.stats.foreign, hub.stats.leaked) == (1, 0)


def test_a_token_revoked_mid_walk_is_refused_on_everything_but_the_anonymous_are_not(
    hub: ReplayHub, client: httpx.Client
) -> None:
    hub.faults = once("revoke", at=2)
    assert client.get(PAGE, headers=TOKEN).status_code == 200
    for path in (PAGE, FILE, "/api/models/org1/model-1", "/api/whoami-v2"):
        answer = client.get(path, headers=TOKEN)
        assert (answer.status_code, answer.json()["error"]) == (401, "Invalid credentials in Authorization header")
    assert client.get(PAGE).status_code == 200
    hub.revoke(False)
    assert client.get(PAGE, headers=TOKEN).status_code == 200


def test_made_cursors_can_be_refused_or_ignored_while_our_own_go_on_working(
    hub: ReplayHub, client: httpx.Client
) -> None:
    own = client.get(PAGE).links["next"]["url"]
    made = "&cursor=eyJfaWQiOnsiJGd0IjoiNjYwMDAwMDkwMDAwMDAwMDAwMDAwMDAwIn19"
    assert client.get(PAGE + made).json()[0]["_id"] == oid(9)
    hub.faults = Faults(made_cursors="refused")
    assert client.get(PAGE + made).status_code == 400
    hub.faults = Faults(made_cursors="ignored")
    assert client.get(PAGE + made).json()[0]["_id"] == oid(0)
    assert client.get(own).json()[0]["_id"] == oid(5)


def test_faults_are_counted_and_logged(hub: ReplayHub, client: httpx.Client) -> None:
    hub.faults = once("error500", at=2)
    for _ in range(3):
        client.get(PAGE)
    assert hub.stats.faults == {"error500": 1}
    assert [asked.status for asked in hub.stats.log] == [200, 500, 200]
    assert client.get("/replay/stats").json()["faults"] == {"error500": 1}


def test_a_client_that_only_asks_again_gets_over_all_transport_faults_and_sees_every_row(
    hub: ReplayHub, client: httpx.Client
) -> None:
    rates = {
        "errors": 0.1,
        "quotas": 0.1,
        "drop": 0.1,
        "truncate": 0.1,
        "gzip": 0.1,
        "json": 0.1,
        "html": 0.1,
        "short": 0.1,
    }
    hub.faults = Faults(rates=rates, seed=11)
    url: str | None = hub.url + PAGE
    seen: list[str] = []
    for _ in range(300):
        if url is None:
            break
        try:
            answer = client.get(url)
            rows = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError):
            continue
        seen += [model["_id"] for model in rows]
        url = answer.links.get("next", {}).get("url")
    assert seen == [oid(n) for n in range(20)]
    assert len(hub.stats.faults) > 3


# -- the plan, without HTTP


def test_rates_are_met_and_the_same_seed_gives_the_same_faults() -> None:
    faults = Faults(rates={"errors": 0.1, "drop@file": 0.5, "poison": 0.05}, seed=7)
    one, two = FaultPlan(faults), FaultPlan(faults)
    drawn = [one.next("listing") for _ in range(4000)]
    assert drawn == [two.next("listing") for _ in range(4000)]
    kinds = [fault.kind for fault in drawn if fault]
    assert 0.07 < sum(k.startswith("error") for k in kinds) / 4000 < 0.13
    assert 0.03 < sum(k.startswith("poison") for k in kinds) / 4000 < 0.07
    assert "drop" not in kinds
    assert {f.kind for f in (one.next("file") for _ in range(200)) if f} >= {"drop"}


def test_a_fault_only_meets_routes_where_it_makes_sense() -> None:
    for kind in KINDS:
        plan = FaultPlan(Faults(rates={kind: 1.0}))
        met = {route for route in ("listing", "info", "file", "other") if plan.next(route)}
        assert met, kind
        assert met == {"listing"} or kind[:6] not in ("poison", "short", "repeat")


def test_the_script_counts_requests_of_its_route_only() -> None:
    plan = FaultPlan(Faults(script=[Scripted(2, "drop", "file", times=2)]))
    plan.next("listing")
    assert [bool(plan.next("file")) for _ in range(4)] == [False, True, True, False]


def test_faults_have_a_text_form_with_clear_errors() -> None:
    faults = parse_faults(
        "errors=0.02, drop@file=0.01, html@listing#3, delete:a/b#4, made_cursors=refused, wait=5", seed=3
    )
    assert faults.rates == {"errors": 0.02, "drop@file": 0.01}
    assert faults.script == (Scripted(3, "html", "listing"), Scripted(4, "delete", argument="a/b"))
    assert (faults.made_cursors, faults.wait, faults.seed) == ("refused", 5, 3)
    for text, message in (
        ("fire=1", "No fault is called 'fire'"),
        ("drop@moon=1", "No route"),
        ("drop=x", "is not a fault"),
        ("upper_bounds=maybe", "upper_bounds are"),
    ):
        with pytest.raises(UsageError, match=message):
            parse_faults(text)
