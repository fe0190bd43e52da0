"""The replay Hub's contract over real HTTP: listing, cursors, one repo, files, quotas, nights."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from crawler.errors import UsageError
from crawler.recording import Recording, git_sha1
from crawler.records import EXPAND
from crawler.replay import ReplayHub, run
from crawler.replay_faults import Faults
from tests.replaying import document, oid, replay, row, walk, write

CARD = "---\nlicense: mit\n---\n# Card\n\nWritten for this test: é.\n"
ROWS = [
    *(row(n, modelId=f"org{n % 7}/model-{n}") for n in range(25)),
    row(30, "meta-llama/Gated", gated="manual", downloads=5, pipeline_tag="text-generation", downloadsAllTime=77,
        siblings=[{"rfilename": "README.md"}, {"rfilename": "config.json"}], cardData={"license": "llama3"},
        tags=["license:llama3"], doi="10.1/x"),
    row(31, "gpt2", sha=None, downloads=None, gated=None),
    row(32, "old/name", baseModels={"relation": "finetune", "models": []}),
    row(33, "off/switched", disabled=True),
    {"_id": oid(32), "id": "new/name", "sha": "b" * 40, "_night": "2026-08-20"},
    {"_type": "dataset", "_id": "e" * 24, "id": "allenai/dolma", "gated": False},
]  # fmt: skip
TEXTS = [
    document("org1/model-1", CARD),
    document("meta-llama/Gated", CARD),
    document("meta-llama/Gated", "terms", "LICENSE"),
    document("org1/model-1", "{}", "config.json"),
    document("gpt2", "small"),
    document("old/name", "before"),
    document("old/name", "after", _night="2026-08-20"),
    document("off/switched", "no"),
    document("datasets/allenai/dolma", "data card"),
]
TOKEN = {"Authorization": "Bearer hf_x"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplayHub]:
    with replay(tmp_path_factory.mktemp("replay"), ROWS, TEXTS) as server:
        yield server


@pytest.fixture(scope="module")
def client(hub: ReplayHub) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=hub.url, trust_env=False) as c:
        yield c


def cursor(predicate: object) -> str:
    return base64.b64encode(json.dumps(predicate).encode()).decode()


def listing(**params: Any) -> str:
    return "/api/models?" + urlencode(params, doseq=True)


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [model["id"] for model in answer.json()]


# -- the listing


def test_the_walk_by_creation_shows_every_repo_once_in_order_of_its_id(hub: ReplayHub, client: httpx.Client) -> None:
    url = hub.url + listing(limit=4, sort="createdAt", direction=1, expand=["downloads"])
    pages = list(walk(client, url))
    oids = [model["_id"] for page in pages for model in page]
    assert oids == sorted(oids)
    assert len(oids) == len(set(oids)) == 29
    assert [len(page) for page in pages] == [4] * 7 + [1]


def test_the_next_link_is_absolute_with_the_hubs_cursor_and_keeps_the_other_parameters(client: httpx.Client) -> None:
    answer = client.get("/api/models?limit=2&sort=createdAt&direction=1&expand[]=sha&expand%5B%5D=likes")
    url = httpx.URL(answer.links["next"]["url"])
    assert url.host == "127.0.0.1"
    assert url.params.get_list("expand[]") == ["sha", "likes"]
    assert json.loads(base64.b64decode(url.params["cursor"])) == {"_id": {"$gt": oid(1)}}
    assert (url.params["limit"], url.params["direction"]) == ("2", "1")


def test_the_last_page_has_no_link_even_when_it_is_full(client: httpx.Client) -> None:
    assert "link" not in client.get(listing(limit=29, sort="createdAt", direction=1)).headers
    assert "link" in client.get(listing(limit=28, sort="createdAt", direction=1)).headers


def test_a_made_cursor_with_any_bound_starts_behind_that_bound(client: httpx.Client) -> None:
    between = f"{int(oid(10), 16) + 1:024x}"
    for bound, first in ((between, 11), (oid(10), 11), ("0" * 24, 0)):
        answer = client.get(listing(sort="createdAt", direction=1, cursor=cursor({"_id": {"$gt": bound}})))
        assert answer.json()[0]["_id"] == oid(first)
    beyond = client.get(listing(sort="createdAt", direction=1, cursor=cursor({"_id": {"$gt": "f" * 24}})))
    assert (beyond.json(), "link" in beyond.headers) == ([], False)


def test_an_upper_bound_is_refused_ignored_or_honoured_as_configured(hub: ReplayHub, client: httpx.Client) -> None:
    bounded = cursor({"_id": {"$gt": oid(2), "$lte": oid(7)}})
    url = listing(sort="createdAt", direction=1, limit=3, cursor=bounded)
    try:
        assert client.get(url).status_code == 400
        hub.faults = Faults(upper_bounds="ignored")
        assert len(client.get(url.replace("limit=3", "limit=100")).json()) == 26
        hub.faults = Faults(upper_bounds="honoured")
        pages = list(walk(client, hub.url + url))
        assert [m["_id"] for page in pages for m in page] == [oid(n) for n in range(3, 8)]
    finally:
        hub.faults = Faults()


@pytest.mark.parametrize("text", ["!!", "e30=", cursor({"_id": {"$gt": "xyz"}}), cursor([1]), cursor({"_id": 3})])
def test_a_cursor_that_is_none_is_a_400_in_the_hubs_form(client: httpx.Client, text: str) -> None:
    answer = client.get(listing(sort="createdAt", direction=1, cursor=text))
    assert (answer.status_code, answer.json()) == (400, {"error": "Invalid cursor"})


def test_creation_descending_pages_backwards(hub: ReplayHub, client: httpx.Client) -> None:
    pages = list(walk(client, hub.url + listing(limit=10, sort="createdAt", direction=-1)))
    oids = [model["_id"] for page in pages for model in page]
    assert oids == sorted(oids, reverse=True)
    assert len(oids) == 29


@pytest.mark.parametrize(
    ("sort", "direction"), [("downloads", -1), ("downloads", 1), ("likes", -1), ("trendingScore", -1)]
)
def test_other_sorts_order_by_key_then_id_with_missing_keys_last_and_page_without_loss(
    hub: ReplayHub, client: httpx.Client, sort: str, direction: int
) -> None:
    url = hub.url + listing(limit=4, sort=sort, direction=direction, expand=[sort])
    models = [model for page in walk(client, url) for model in page]
    assert len({m["_id"] for m in models}) == len(models) == 29
    keys = [(sort not in m, m.get(sort, 0) * direction, m["_id"]) for m in models]
    assert keys == sorted(keys)


def test_the_limit_is_clamped_to_a_thousand_and_nonsense_is_ignored(tmp_path: Path) -> None:
    with replay(tmp_path / "r", [row(n) for n in range(1001)]) as server, httpx.Client(base_url=server.url) as c:
        for limit in ("10000", "nonsense"):
            assert len(c.get(f"/api/models?limit={limit}&sort=createdAt&direction=1&wat=1").json()) == 1000


def test_expand_gives_exactly_the_fields_asked_for_and_an_absent_field_is_not_null(client: httpx.Client) -> None:
    models = {m["id"]: m for m in client.get(listing(expand=["sha", "downloads", "baseModels"])).json()}
    assert models["meta-llama/Gated"].keys() == {"_id", "id", "sha", "downloads"}
    assert models["gpt2"].keys() == {"_id", "id"}
    assert client.get("/api/models?expand=sha&expand=likes&limit=1").json()[0].keys() == {"_id", "id", "sha", "likes"}


@pytest.mark.parametrize("name", ["nonsense", "_id", "cardData.license", "modelId"])
@pytest.mark.parametrize("path", ["/api/models", "/api/models/gpt2"])
def test_an_unknown_expand_is_a_400_that_lists_the_valid_ones(client: httpx.Client, path: str, name: str) -> None:
    answer = client.get(path, params={"expand[]": name})
    assert answer.status_code == 400
    assert '"usedStorage"' in answer.json()["error"]


def test_the_plain_list_the_full_one_and_card_data_have_their_own_fields(client: httpx.Client) -> None:
    def fields(query: str) -> set[str]:
        return set(client.get(f"/api/models?author=meta-llama&{query}").json()[0])

    plain = {"_id", "id", "modelId", "likes", "private", "downloads", "tags", "pipeline_tag", "createdAt"}
    assert fields("") == plain
    assert fields("full=true") == plain | {"sha", "gated", "siblings"}
    assert fields("cardData=true") == plain | {"cardData"}


def test_author_search_filter_gated_and_pipeline_tag_narrow_the_list(client: httpx.Client) -> None:
    assert ids(client.get(listing(author="meta-llama"))) == ["meta-llama/Gated"]
    assert ids(client.get(listing(search="GATE"))) == ["meta-llama/Gated"]
    assert ids(client.get(listing(filter=["license:llama3"]))) == ["meta-llama/Gated"]
    assert ids(client.get(listing(filter=["license:llama3", "license:mit"]))) == []
    assert ids(client.get(listing(pipeline_tag="text-generation"))) == ["meta-llama/Gated"]
    assert ids(client.get(listing(gated="true"))) == ["meta-llama/Gated"]
    not_gated = ids(client.get(listing(gated="false")))
    assert len(not_gated) == 27  # gpt2 does not say, so it is neither
    assert "gpt2" not in not_gated


def test_rows_that_need_no_cutting_go_out_as_recorded_and_all_others_equal_them_field_by_field(
    hub: ReplayHub, client: httpx.Client
) -> None:
    answer = client.get(listing(sort="createdAt", direction=1, expand=list(EXPAND)))
    view = hub.recording.at()
    for number, model in enumerate(answer.json()):
        recorded = json.loads(view.text(number))
        assert model == {k: v for k, v in recorded.items() if k in (*EXPAND, "_id", "id")}


# -- one repo


def test_a_repo_shows_all_but_what_only_expand_gives(client: httpx.Client) -> None:
    info = client.get("/api/models/meta-llama/Gated").json()
    assert (info["modelId"], info["gated"], info["cardData"]) == ("meta-llama/Gated", "manual", {"license": "llama3"})
    assert "downloadsAllTime" not in info
    expanded = client.get("/api/models/meta-llama/Gated?expand=downloadsAllTime").json()
    assert expanded == {"_id": oid(30), "id": "meta-llama/Gated", "downloadsAllTime": 77}
    assert client.get("/api/models/gpt2").json()["_id"] == oid(31)


def test_old_names_and_other_letter_case_redirect_relatively_with_path_and_query_kept(client: httpx.Client) -> None:
    for path, location in (
        ("/api/models/old/name?blobs=true", "/api/models/new/name?blobs=true"),
        ("/api/models/GPT2/revision/main", "/api/models/gpt2/revision/main"),
        ("/old/name/resolve/main/README.md", "/new/name/resolve/main/README.md"),
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (307, location)
        assert int(answer.headers["content-length"]) == len(answer.content) > 0


def test_missing_repos_differ_for_the_anonymous_and_for_a_token(client: httpx.Client) -> None:
    for path in ("/api/models/no/body", "/no/body/resolve/main/README.md", "/api/datasets/no/body"):
        anonymous, known = client.get(path), client.get(path, headers=TOKEN)
        assert (anonymous.status_code, known.status_code) == (401, 404)
        assert "x-error-code" not in anonymous.headers
        assert anonymous.headers["www-authenticate"].startswith("Bearer")
        assert known.headers["x-error-code"] == "RepoNotFound"


def test_an_encoded_slash_in_an_id_is_refused_and_in_a_files_url_costs_the_pages_quota(client: httpx.Client) -> None:
    assert client.get("/api/models/new%2Fname").status_code == 400
    assert '"pages"' in client.get("/new%2Fname/resolve/main/README.md").headers["ratelimit"]
    assert '"resolvers"' in client.get("/new/name/resolve/main/README.md").headers["ratelimit"]


def test_tree_paths_info_refs_and_commits_name_the_recorded_files(client: httpx.Client) -> None:
    base = "/api/models/meta-llama/Gated"
    rows = {r["path"]: r for r in client.get(f"{base}/tree/main").json()}
    assert rows.keys() == {"README.md", "LICENSE", "config.json"}
    assert rows["README.md"]["oid"] == git_sha1(CARD.encode())
    assert rows["README.md"]["size"] == len(CARD.encode())
    found = client.post(f"{base}/paths-info/main", data={"paths": ["LICENSE", "absent"]}).json()
    assert found == [rows["LICENSE"]]
    assert client.post(f"{base}/paths-info/main", json={"paths": ["LICENSE"]}).json() == found
    assert client.get(f"{base}/refs").json()["branches"][0]["targetCommit"] == f"{30:040x}"
    assert client.get(f"{base}/commits/main").headers["x-error-code"] == "GatedRepo"
    assert client.get("/api/models/org1/model-1/commits/main").json()[0]["id"] == f"{1:040x}"


def test_tree_pages_with_a_cursor(client: httpx.Client) -> None:
    first = client.get("/api/models/meta-llama/Gated/tree/main?limit=2")
    second = client.get(first.links["next"]["url"])
    assert [r["path"] for r in first.json() + second.json()] == ["LICENSE", "README.md", "config.json"]
    assert "next" not in second.links


def test_recorded_datasets_whoami_and_tags_answer(client: httpx.Client) -> None:
    assert client.get("/api/datasets/allenai/dolma").json() == {"_id": "e" * 24, "id": "allenai/dolma", "gated": False}
    card = client.get("/datasets/allenai/dolma/resolve/main/README.md", follow_redirects=True)
    assert card.text == "data card"
    assert client.get("/api/whoami-v2").status_code == 401
    assert client.get("/api/whoami-v2", headers=TOKEN).json()["type"] == "user"
    licenses = client.get("/api/models-tags-by-type?type=license").json()["license"]
    assert [entry["id"] for entry in licenses] == ["license:llama3", "license:mit"]


# -- files


def test_resolve_redirects_relatively_and_already_names_commit_and_git_sha1(client: httpx.Client) -> None:
    hop = client.get("/org1/model-1/resolve/main/README.md")
    assert hop.status_code == 307
    assert hop.headers["location"].startswith(f"/api/resolve-cache/models/org1/model-1/{1:040x}/README.md?")
    assert hop.headers["x-repo-commit"] == f"{1:040x}"
    assert hop.headers["x-linked-etag"] == f'"{git_sha1(CARD.encode())}"'
    assert "x-xet-hash" not in hop.headers


def test_the_second_hop_serves_the_bytes_with_a_strong_etag_and_answers_304(client: httpx.Client) -> None:
    location = client.get("/org1/model-1/resolve/main/README.md").headers["location"]
    answer = client.get(location)
    etag = f'"{git_sha1(CARD.encode())}"'
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (200, CARD.encode(), etag)
    assert answer.headers["content-length"] == str(len(CARD.encode()))
    again = client.get(location, headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert client.get(location, headers={"If-None-Match": '"other"'}).status_code == 200


def test_head_has_the_length_of_get_and_no_body(client: httpx.Client) -> None:
    location = client.head("/org1/model-1/resolve/main/README.md").headers["location"]
    head = client.head(location)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(CARD.encode()))


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [("bytes=0-3", 206, CARD.encode()[:4]), ("bytes=5-", 206, CARD.encode()[5:]), ("bytes=-4", 206, CARD.encode()[-4:]),
     ("bytes=9999-", 416, b""), ("lines=1-2", 200, CARD.encode())],
)  # fmt: skip
def test_ranges_are_served_or_refused(client: httpx.Client, wanted: str, status: int, part: bytes) -> None:
    location = client.get("/org1/model-1/resolve/main/README.md").headers["location"]
    answer = client.get(location, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (status, part)


def test_config_and_weights_are_never_served_and_whoever_asks_is_counted(tmp_path: Path) -> None:
    with replay(tmp_path / "r", ROWS, TEXTS) as server, httpx.Client(base_url=server.url) as c:
        for path in ("config.json", "model.safetensors", "sub/params.json", "q4.gguf"):
            answer = c.head(f"/org1/model-1/resolve/main/{path}")
            assert (answer.status_code, answer.headers["x-error-code"]) == (404, "EntryNotFound")
        c.get("/org1/model-1/resolve/main/README.md")
        counted = c.get("/replay/stats").json()["counted"]
        assert sorted(counted) == sorted(server.stats.counted)
        assert len(counted) == 4


def test_missing_files_gated_files_bad_revisions_and_disabled_repos_have_their_error_codes(
    client: httpx.Client,
) -> None:
    missing = client.get("/org1/model-1/resolve/main/LICENSE")
    assert (missing.status_code, missing.headers["x-error-code"]) == (404, "EntryNotFound")
    assert missing.headers["x-repo-commit"] == f"{1:040x}"
    gated = "/meta-llama/Gated/resolve/main/LICENSE"
    assert [client.get(gated, headers=h).status_code for h in ({}, TOKEN)] == [401, 403]
    assert {client.get(gated, headers=h).headers["x-error-code"] for h in ({}, TOKEN)} == {"GatedRepo"}
    assert client.get("/meta-llama/Gated/resolve/main/README.md").status_code == 307
    assert client.get("/org1/model-1/resolve/v9/README.md").headers["x-error-code"] == "RevisionNotFound"
    off = client.get("/off/switched/resolve/main/README.md")
    assert off.headers["x-error-message"] == "Access to this resource is disabled."


def test_cards_of_gated_repos_can_be_closed_too(tmp_path: Path) -> None:
    with replay(tmp_path / "r", ROWS, TEXTS, gated_cards=False) as server, httpx.Client(base_url=server.url) as c:
        assert c.get("/meta-llama/Gated/resolve/main/README.md").headers["x-error-code"] == "GatedRepo"


def test_a_repo_without_a_recorded_sha_has_a_stable_commit_in_files_but_none_in_the_listing(
    client: httpx.Client,
) -> None:
    commits = {client.get("/gpt2/resolve/main/README.md").headers["x-repo-commit"] for _ in range(2)}
    assert len(commits) == 1
    assert len(commits.pop()) == 40
    assert "sha" not in client.get("/api/models/gpt2").json()


def test_an_earlier_commit_still_shows_its_own_text(client: httpx.Client) -> None:
    for rev, text in (("main", "after"), ("b" * 40, "after"), ("b" * 8, "after"), (f"{32:040x}", "before")):
        assert client.get(f"/new/name/resolve/{rev}/README.md", follow_redirects=True).text == text


# -- nights


def test_setting_the_night_changes_what_is_served_at_once(tmp_path: Path) -> None:
    with replay(tmp_path / "r", ROWS, TEXTS, night="2026-08-19") as server, httpx.Client(base_url=server.url) as c:
        assert c.get("/api/models/old/name").status_code == 200
        assert c.get("/old/name/resolve/main/README.md", follow_redirects=True).text == "before"
        server.night = "2026-08-20"
        assert c.get("/api/models/old/name").status_code == 307
        assert c.get("/old/name/resolve/main/README.md", follow_redirects=True).text == "after"


def test_another_recording_can_be_played_on_the_same_address(tmp_path: Path) -> None:
    other = Recording.open(write(tmp_path / "other", [row(1, "x/y")]))
    with replay(tmp_path / "r", ROWS) as server, httpx.Client(base_url=server.url) as c:
        server.recording = other
        assert ids(c.get("/api/models")) == ["x/y"]


def test_every_answer_carries_the_rate_limit_pair_errors_and_redirects_included(client: httpx.Client) -> None:
    for path, bucket in (
        ("/api/models?limit=1", "api"), ("/api/models/no/body", "api"), ("/api/models?expand=x", "api"),
        ("/org1/model-1/resolve/main/README.md", "resolvers"), ("/org1/model-1/resolve/main/absent", "resolvers"),
        (f"/api/resolve-cache/models/org1/model-1/{1:040x}/README.md", "resolvers"), ("/some/page", "pages"),
    ):  # fmt: skip
        headers = client.get(path).headers
        assert headers["ratelimit"].startswith(f'"{bucket}";r='), path
        assert headers["ratelimit-policy"].startswith(f'"fixed window";"{bucket}";q=')


# -- the server


def test_a_taken_port_is_a_sentence_and_the_hub_starts_and_stops(tmp_path: Path) -> None:
    folder = write(tmp_path / "r", ROWS)
    with ReplayHub(folder) as server:
        assert httpx.get(server.url + "/api/models").status_code == 200
        with pytest.raises(UsageError, match="cannot listen on 127.0.0.1"):
            run(str(folder), port=server.port, echo=lambda line: None)


def test_answers_are_plain_unless_a_fault_packs_them(client: httpx.Client) -> None:
    answer = client.get("/api/models", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers
    assert gzip.compress(answer.content)[:2] != answer.content[:2]
