"""Linked data sets: which names models give, what the Hub says of them, and how often it is asked."""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import datasets, hub
from crawler.door import Wire
from crawler.errors import HubUnreachable
from crawler.hub import Info
from crawler.replay_faults import Faults, Scripted
from crawler.store import Store
from tests.replaying import oid, replay, row
from tests.test_fetch import fill


def dataset(number: int, repo_id: str, **fields: Any) -> dict[str, Any]:
    base = {"_type": "dataset", "_id": oid(number), "id": repo_id, "private": False, "gated": False, "disabled": False,
            "downloads": 7, "likes": 1, "sha": f"{number:040x}", "tags": ["license:cc-by-4.0"],
            "siblings": [{"rfilename": "README.md"}, {"rfilename": "data.parquet"}]}  # fmt: skip
    return base | fields


@pytest.fixture
def store(tmp_path):
    found = Store(tmp_path / "data" / "hub.db")
    yield found
    found.close()


def look(store: Store, url: str, night: str = "2026-08-01", budget: int = 100, token: str | None = None,
         until: datetime | None = None) -> int:  # fmt: skip
    """Look at what is due; how many looks the ledger says have failed."""
    wire = Wire(sleep=lambda s: None, random=lambda: 0.0)
    door = hub.connect(url, token=token, share=0.9, wire=wire)
    try:
        crawl = store.begin(night, "replay", "", "x", [("", "")]).id
        datasets.look_at_datasets(
            store.conn, door, crawl, night, budget, lambda: datetime.now(UTC), threading.Event(), until=until
        )  # fmt: skip
        return store.conn.execute("SELECT failed FROM crawls WHERE id = ?", (crawl,)).fetchone()[0]
    finally:
        door.client.close()


def known(conn: sqlite3.Connection) -> dict[str, datasets.Dataset]:
    """All data sets that were looked at, by the name that models use."""
    rows = conn.execute(f"SELECT {', '.join(datasets.Dataset._fields)} FROM datasets")
    return {found.name: found for found in map(datasets.Dataset._make, rows)}


def model(number: int, *names: str, **fields: Any) -> dict[str, Any]:
    return row(number, tags=[f"dataset:{n}" for n in names], **fields)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("allenai/dolma", "allenai/dolma"),
        (" bookcorpus ", "bookcorpus"),
        ("https://huggingface.co/datasets/allenai/c4/tree/main", "allenai/c4"),
        ("https://huggingface.co/datasets/squad?x=1", "squad"),
        ("datasets/allenai/c4", "allenai/c4"),
        ("The Pile", None),
        ("https://example.org/data", None),
        ("a/b/c", None),
        ("../../api/whoami-v2", None),
        ("a--b/c", None),
        ("", None),
        ("private?", None),
    ],
)
def test_only_an_id_of_the_hub_is_a_name(text, name):
    assert datasets.id_of(text) == name


@given(st.text(max_size=60))
def test_no_text_of_a_card_leads_out_of_the_api_path(text):
    name = datasets.id_of(text)
    assert name is None or (name.count("/") <= 1 and not set(name) & set("?#%\\ :@") and ".." not in name)


def test_names_come_from_tags_and_from_the_front_matter_once_each():
    assert datasets.names_in('["dataset:a/b","x"]', '{"datasets":["a/b","c/d",7]}') == {"a/b", "c/d"}
    assert datasets.names_in(None, '{"datasets":"squad"}') == {"squad"}
    assert datasets.names_in(None, None) == set()


def test_use_counts_models_and_their_downloads(store):
    fill(store, [model(1, "a/x"), model(2, "a/x", "a/y"), model(3)])
    assert datasets.named(store.conn) == {"a/x": (2, 30), "a/y": (1, 20)}


def test_what_the_hub_says_is_stored_and_given_to_the_judge(store, tmp_path):
    rows = [model(1, "a/open", "a/gated", "a/bare", "old/name", "a/none"),
            dataset(50, "a/open"), dataset(51, "a/gated", gated="manual", disabled=True),
            dataset(52, "a/bare", siblings=[{"rfilename": "x.csv"}], tags=[])]  # fmt: skip
    fill(store, rows[:1])
    with replay(tmp_path / "r", rows) as server:
        assert look(store, server.url) == 0
    shown = known(store.conn)
    found = shown["a/open"]
    assert (found.state, found.oid, found.gated, found.license, found.card, found.files) == (
        "found", oid(50), "no", "cc-by-4.0", True, 2)  # fmt: skip
    assert (found.private, found.disabled, found.downloads, found.observed) == (False, False, 7, "2026-08-01")
    assert (shown["a/gated"].gated, shown["a/gated"].disabled) == ("manual", True)
    assert (shown["a/bare"].card, shown["a/bare"].license) == (False, None)
    assert shown["a/none"].state == "hidden"  # an anonymous client is not told more


def test_with_a_token_a_name_that_the_hub_does_not_know_is_missing(store, tmp_path):
    fill(store, [model(1, "a/none")])
    with replay(tmp_path / "r", [model(1, "a/none")]) as server:
        look(store, server.url, token="hf_test")
    assert known(store.conn)["a/none"].state == "missing"


def test_after_the_hours_allowed_no_data_set_is_asked_for_and_the_next_night_goes_on(store, tmp_path):
    fill(store, [model(1, "a/x")])
    with replay(tmp_path / "r", [model(1, "a/x"), dataset(50, "a/x")]) as server:
        look(store, server.url, until=datetime(2020, 1, 1, tzinfo=UTC))
        assert known(store.conn) == {}
        look(store, server.url, "2026-08-02", until=datetime(2999, 1, 1, tzinfo=UTC))
        assert set(known(store.conn)) == {"a/x"}


def test_the_most_used_are_asked_for_first_and_only_once_in_thirty_nights(store, tmp_path):
    models = [model(1, "a/rare"), model(9, "a/often"), model(5, "a/some")]
    rows = models + [dataset(50 + i, n) for i, n in enumerate(("a/rare", "a/often", "a/some"))]
    fill(store, models)
    with replay(tmp_path / "r", rows) as server:
        look(store, server.url, budget=2)
        assert set(known(store.conn)) == {"a/often", "a/some"}
        look(store, server.url, "2026-08-02")
        assert server.stats.requests["info"] == 3
        look(store, server.url, "2026-08-30")
        assert server.stats.requests["info"] == 3
        look(store, server.url, "2026-08-31")
        assert server.stats.requests["info"] == 5


def test_a_look_that_fails_keeps_what_was_known_and_is_repeated(store, tmp_path):
    fill(store, [model(1, "a/x")])
    with replay(tmp_path / "r", [model(1, "a/x"), dataset(50, "a/x")]) as server:
        look(store, server.url)
        server.faults = Faults(rates={"error503@info": 1.0})
        assert look(store, server.url, "2026-09-15") == 1
        kept = known(store.conn)["a/x"]
        assert (kept.state, kept.observed, kept.license) == ("found", "2026-08-01", "cc-by-4.0")
        server.faults = Faults(script=[Scripted(1, "html", "info")])
        assert look(store, server.url, "2026-09-16") == 1
        assert look(store, server.url, "2026-09-17") == 0
    assert known(store.conn)["a/x"].observed == "2026-09-17"


def test_a_hub_that_is_down_stops_and_nothing_is_held_against_a_data_set(store):
    fill(store, [model(n, f"a/{n}") for n in range(40)])
    with pytest.raises(HubUnreachable, match="in a row"):
        look(store, "http://127.0.0.1:9")
    assert known(store.conn) == {}


def test_a_file_list_beyond_all_measure_is_left_out_not_the_data_set(store, tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "MAX_BYTES", 2_000)
    fill(store, [model(1, "a/x")])
    many = [{"rfilename": f"part-{i}.parquet"} for i in range(1000)]
    with replay(tmp_path / "r", [model(1, "a/x"), dataset(50, "a/x", siblings=many)]) as server:
        look(store, server.url)
        targets = [a.target for a in server.stats.log]
    assert ("siblings" in targets[0], "siblings" in targets[1]) == (True, False)


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"_id":1,"id":"a"}', b"\xff", b'{"_id":"x","id":"a","downloads":"many"}']
)
def test_an_answer_that_cannot_be_read_is_an_error_with_its_reason(body):
    found = datasets.read("a/x", Info(200, "", body))
    assert found.state == "error"
    assert "cannot be read" in found.note


@pytest.mark.parametrize(
    "extra", [b'"tags":7', b'"cardData":"x"', b'"siblings":[3,{}]', b'"gated":null', b'"tags":[1,null]']
)
def test_fields_of_another_shape_do_not_spoil_the_rest(extra):
    found = datasets.read("a/x", Info(200, "", b'{"_id":"x","id":"a/x",' + extra + b"}"))
    assert (found.state, found.oid) == ("found", "x")
