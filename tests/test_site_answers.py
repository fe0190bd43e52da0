"""What the site must not say, lose or refuse by mistake, asked through the real Datasette over the published sample."""

from __future__ import annotations

import re
import shutil
import sqlite3
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("datasette", reason="the [web] extra is not installed")

from bs4 import BeautifulSoup

from index import trends
from index.site import memory, off_hub
from tests.site_data import Site, publish_hub

GROK = "xai-org/grok-1"  # its weights have not been shown: nothing says that there are none
EMPTY = "qualcomm/Llama-v2-7B-Chat"  # its complete list has no weights
GPT_OSS = "openai/gpt-oss-20b"
R1 = "deepseek-ai/DeepSeek-R1"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_hub(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def site(data: Path) -> Iterator[Site]:
    found = Site(data)
    yield found
    found.close()


def soup(site: Site, path: str, **headers: str) -> BeautifulSoup:
    answer = site.get(path, **headers)
    assert answer.status_code == 200, (path, answer.text[:300])
    return BeautifulSoup(answer.text, "html.parser")


def words(found: Any) -> str:
    return re.sub(r"\s+", " ", found.get_text(" "))


# -- weights that were not shown are not weights that are not there ---------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "unshown", "none"), [("en", "weights not shown", "no weights"), ("fr", "poids non montrés", "sans poids")]
)
def test_a_model_whose_weights_were_not_shown_is_nowhere_said_to_have_none(
    site: Site, lang: str, unshown: str, none: str
) -> None:
    for model, said in ((GROK, unshown), (EMPTY, none)):
        for path in (f"/table?ids={model}", f"/table?ids={model}&asof=2026-08-15", "/table?level=L0"):
            row = next(r for r in soup(site, path, accept_language=lang).select("table.grid tbody tr")
                       if model in words(r).replace("/ ", "/"))  # fmt: skip
            assert row.select_one(".lname").get_text() == said, path  # type: ignore[union-attr]
        badge = site.get(f"/badge/{model}.svg", accept_language=lang).text
        assert said in badge
        assert (unshown in badge, none in badge) == (said == unshown, said == none)
        head = words(soup(site, f"/model/{model}", accept_language=lang).select_one(".biglevel"))
        assert said in head.casefold()


def test_where_the_lowest_level_stands_for_several_models_it_says_both(site: Site) -> None:
    either = "no weights or none shown"
    for path in ("/", "/method", "/trends", "/table?level=L3", "/changes"):
        shown = words(soup(site, path))
        assert f"L0 {either}" in shown, path
        assert not re.search(r"L0 no weights (?!or none shown|in the file list)", shown), path
    assert either in site.get("/share.svg").text
    assert site.get("/home.json").json()["levels"][0]["name"] == either
    assert "ou aucun montré" in words(soup(site, "/", accept_language="fr"))
    assert "or no file list shows any" in words(soup(site, "/method"))


def test_a_change_tells_the_level_of_its_model_by_its_own_name(site: Site) -> None:
    items = site.get("/changes.json?level=L0").json()["items"]
    named = {i["_openness"]["id"]: i for i in items}
    assert named
    for item in named.values():
        assert f"L0 {item['_openness']['level_name']}" in item["content_text"]


# -- what was asked is what is answered -------------------------------------------------------------------------------


@pytest.mark.parametrize("more", ["q=zzz", "org=openai", "level=L0", "sort=likes", "dir=asc", "license=mit", "why=gated",
                                  "claims=1", "from=2024-01-01", "to=2024-01-01", "task=text-generation",
                                  "family=gpt-oss"])  # fmt: skip
def test_a_list_of_models_refuses_a_filter_that_it_would_not_apply(site: Site, more: str) -> None:
    asked = f"ids={GPT_OSS},{R1}"
    for kind in ("", ".json", ".csv"):
        answer = site.get(f"/table{kind}?{asked}&{more}")
        assert answer.status_code == 400, kind
        assert more.partition("=")[0] in answer.text
        assert site.get(f"/table{kind}?{asked}&level=&q=").status_code == 200  # as the form sends what is not filled


def test_the_heads_of_a_list_of_models_offer_no_order_that_would_be_refused(site: Site) -> None:
    page = soup(site, f"/table?ids={GPT_OSS},{R1}")
    assert page.select("table.grid thead th.n")
    assert page.select("table.grid thead a") == []


def test_two_spellings_of_a_model_are_one_row_of_a_list(site: Site) -> None:
    found = site.get(f"/table.json?ids={GPT_OSS},{GPT_OSS.upper()},{R1}").json()
    assert (found["total"], [m["id"] for m in found["models"]]) == (2, [GPT_OSS, R1])


@pytest.mark.parametrize("path", ["/model/{}", "/model/{}.json", "/model/{}/"])
def test_a_redirect_to_the_name_of_today_keeps_the_day_that_was_asked(site: Site, path: str) -> None:
    answer = site.get(path.format(GPT_OSS.upper()) + "?asof=2026-08-15")
    assert answer.status_code == 302  # not for ever: names pass to other repositories
    where = answer.headers["location"]
    assert where.startswith(f"/model/{GPT_OSS}")
    assert where.endswith("?asof=2026-08-15")
    assert not where.partition("?")[0].endswith("/")
    assert site.get(where).status_code == 200


def test_a_slash_at_the_end_of_a_models_address_leads_to_its_page(site: Site) -> None:
    answer = site.get(f"/model/{GPT_OSS}/")
    assert (answer.status_code, answer.headers["location"]) == (302, f"/model/{GPT_OSS}")


@pytest.mark.parametrize("path", [
    "/changes?org=nosuch", "/changes?id=no/such", "/changes.atom?org=nosuch", "/changes.json?id=no/such",
    "/claims?org=deepseek", "/claims.json?org=nosuch", "/table.csv?org=nosuch", "/table.csv?page=abc",
    "/table.csv?size=2&page=2", "/table.json?framework=bogus", "/table.csv?framework=bogus", "/table.csv?offhub=2",
    "/table.json?rows=families&framework=bogus", "/trends.json?share=bogus", "/trends.csv?share=bogus",
])  # fmt: skip
def test_what_an_address_does_not_know_is_refused_on_every_form_of_it(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 400, answer.text[:200]
    if path.startswith("/claims?"):
        assert "deepseek-ai" in answer.text


def test_makers_and_models_are_found_in_any_spelling_where_changes_are_asked(site: Site) -> None:
    one = site.get("/changes.json").json()["items"][0]["_openness"]["id"]
    for name, value in (("id", one), ("org", one.split("/")[0])):
        plain, loud = (site.get(f"/changes.json?{name}={v}").json()["items"] for v in (value, value.upper()))
        assert plain
        assert [i["id"] for i in plain] == [i["id"] for i in loud]


def test_shares_by_maker_do_not_call_the_counted_models_all_of_them(site: Site) -> None:
    for by in ("author", "license"):
        assert all(
            "models" not in row and row["counted"] >= 0 for row in site.get(f"/share.json?share={by}").json()["shares"]
        )
    assert all(row["models"] >= row["counted"] for row in site.get("/share.json").json()["shares"])


def test_a_comparison_by_age_shows_so_many_days_as_it_was_asked_for(site: Site) -> None:
    def days(more: str) -> int:
        return len(site.get(f"/trends.json?f=Llama+3&by=age{more}").json()["series"][0]["points"])

    released = site.get("/trends.json?f=Llama+3&by=age").json()["series"][0]["released"]
    whole = site.get("/trends.json?f=Llama+3&by=age").json()["series"][0]["points"]
    wanted = (len(whole) // 2, len(whole) - 1)
    assert released
    assert len(whole) > 10
    born = date.fromisoformat(released)
    for n in wanted:
        age = (date.fromisoformat(whole[n]["date"]) - born).days
        assert days(f"&days={max(1, age)}") == n
    page = soup(site, "/trends?f=Llama+3&by=age&days=30")
    assert page.select_one("#tdays option[selected]")["value"] == "30"  # type: ignore[index]


def test_a_french_page_leads_to_a_french_feed_that_names_itself(site: Site) -> None:
    for path in ("/changes?field=license", "/"):
        page = soup(site, path, accept_language="fr")
        link = page.select_one("link[type='application/atom+xml']")["href"]  # type: ignore[index]
        assert "lang=fr" in link
        feed = ET.fromstring(site.get(str(link)).text)
        assert feed.attrib["{http://www.w3.org/XML/1998/namespace}lang"] == "fr"
        own = next(e.attrib["href"] for e in feed if e.tag.endswith("link") and e.attrib.get("rel") == "self")
        assert own.endswith(str(link))
    assert "lang=" not in str(soup(site, "/changes").select_one("link[type='application/atom+xml']"))


# -- faults are faults, mistakes are mistakes -------------------------------------------------------------------------


def test_a_fault_in_a_page_of_ours_is_no_wrong_address(data: Path, tmp_path: Path) -> None:
    for name in ("index.db", "index.inspect.json"):
        shutil.copy(data / name, tmp_path / name)
    with closing(sqlite3.connect(tmp_path / "index.db")) as db:  # no value has this letter: a KeyError
        db.execute("UPDATE dossiers SET cells = 'zzzzzzzzzzzzzz'")
        db.execute("UPDATE models SET cells = 'zzzzzzzzzzzzzz'")
        db.commit()
    faulty = Site(tmp_path)
    try:
        assert faulty.get("/table.json").status_code == 500
        assert faulty.get("/nosuch").status_code == 404
        assert faulty.get("/nosuch/page.json").status_code == 404
    finally:
        faulty.close()


def test_an_order_by_a_column_that_is_none_is_a_mistake_of_who_asks(site: Site) -> None:
    for path in ("/index/models?_sort=nope", "/index/models.json?_sort=nope", "/index/models.json?_sort_desc=nope"):
        answer = site.get(path)
        assert answer.status_code == 400
        assert "Cannot sort table by nope" in answer.text


def test_readers_who_ask_at_once_do_not_disturb_what_is_kept(data: Path) -> None:
    wrong: list[BaseException] = []

    def ask(first: int) -> None:
        try:
            with closing(sqlite3.connect(data / "index.db")) as db:
                for n in range(1500):
                    key = (first * 7 + n) % (3 * memory.RECALLED)
                    assert memory.recall(db, ("at once", key), lambda told=key: told) == key
        except BaseException as e:  # which would end its thread without a word
            wrong.append(e)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert wrong == []
    assert len(memory._recent) <= memory.RECALLED


# -- what a reader who did not write it would stumble over -----------------------------------------------------------


def sent(page: BeautifulSoup) -> dict[str, str]:
    """What the form of the filters sends when nothing is changed."""
    form = page.select_one("form#filters")
    assert form is not None
    told = {str(i["name"]): str(i.get("value") or "") for i in form.select("input:not([type=checkbox])")}
    for chooser in form.select("select"):
        chosen = chooser.select_one("option[selected]") or chooser.select_one("option")
        told[str(chooser["name"])] = str(chosen.get("value", chosen.get_text()))  # type: ignore[union-attr]
    return {name: value for name, value in told.items() if value}


@pytest.mark.parametrize("asked", [
    {"claims": "1"}, {"why": "community"}, {"level": "L3,L4"}, {"sort": "likes", "dir": "asc"}, {"to": "2024-05-01"},
    {"rows": "families", "claims": "1"},
])  # fmt: skip
def test_show_keeps_every_filter_that_is_on(site: Site, asked: dict[str, str]) -> None:
    page = soup(site, "/table?" + "&".join(f"{k}={v}" for k, v in asked.items()))
    assert {k: v for k, v in sent(page).items() if k != "framework"} == asked


def test_a_filter_without_a_field_is_named_and_can_be_taken_off(site: Site) -> None:
    for asked, told in (("claims=1", "calls itself open source"), ("why=community", "community")):
        said = soup(site, f"/table?level=L2&{asked}").select_one(".only-with")
        assert told in words(said)
        assert said.select_one("a")["href"] == "/table?level=L2"  # type: ignore[index, union-attr]
    assert soup(site, "/table?level=L2").select_one(".only-with") is None


def test_families_are_found_however_their_name_is_spaced(site: Site) -> None:
    for typed in ("llama3", "Llama 3", "LLAMA-3"):
        names = [f["family"] for f in site.get(f"/table.json?rows=families&q={typed}").json()["families"]]
        assert "Llama 3" in names, typed
    assert site.get("/table.json?rows=families&q=...").json()["families"] == []


@pytest.mark.parametrize("path", ["/?ref=newsletter", "/?lang=", "/?theme=", "/table?level=L3&ref=x&lang="])
def test_what_asks_nothing_is_no_mistake(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


def test_the_last_day_of_all_is_a_day_like_any_other(site: Site) -> None:
    everything = site.get("/table.json?from=2000-01-01").json()["total"]
    assert site.get("/table.json?to=9999-12-31").json()["total"] == everything > 0
    youngest = site.get("/table.json?sort=created&size=1").json()["models"][0]["created_at"]
    assert site.get(f"/table.json?to={youngest[:10]}").json()["total"] == everything


def test_the_history_of_a_model_goes_back_in_time_without_a_leap(site: Site) -> None:
    for model in ("zai-org/chatglm3-6b", GPT_OSS, GROK):
        answer = site.get(f"/model/{model}")
        days = [str(d["datetime"]) for d in BeautifulSoup(answer.text, "html.parser").select(".timeline > li > time")]
        assert days == sorted(days, reverse=True)
    assert len(days) > 0


def test_a_model_leads_to_its_card_where_there_is_one(site: Site) -> None:
    led = {True: 0, False: 0}
    for model in site.get("/table.json?size=60").json()["models"]:
        link = f'href="/card/{model["id"]}">'
        there = site.get(f"/card/{model['id']}").status_code == 200
        assert (link in site.get(f"/model/{model['id']}").text) == there, model["id"]
        led[there] += 1
    assert all(led.values())


def test_the_families_as_a_table_of_sql_lead_to_the_families_as_a_page(site: Site) -> None:
    assert "/table?rows=families" in site.get("/index/families").text


def test_systems_beyond_a_hundred_go_and_chatgpt_stays(data: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        with closing(sqlite3.connect(data / "index.db")) as published:
            published.backup(db)
        for n in range(120):
            for name in (f"Unheard{n:03d}", "ChatGPT") if n == 0 else (f"Unheard{n:03d}",):
                db.execute(
                    "INSERT INTO experts VALUES ('radboud', '1', ?, NULL, 1, 'license', 'closed', NULL, NULL, 'x')",
                    (name,),
                )
        found = off_hub.read(db)
    assert (len(found), found[-1].system) == (off_hub.MOST, "ChatGPT")


def test_a_name_in_the_csv_of_a_comparison_runs_in_no_spreadsheet() -> None:
    hostile = trends.Series("=1+1", (trends.Point(date(2026, 8, 1), 1, None, None, True),), None, "model")
    assert trends.to_csv([hostile]).splitlines()[1].startswith("'=1+1,")


def test_a_level_that_a_person_confirmed_is_no_candidate_on_any_page(data: Path, tmp_path: Path) -> None:
    for name in ("index.db", "index.inspect.json"):
        shutil.copy(data / name, tmp_path / name)
    with closing(sqlite3.connect(tmp_path / "index.db")) as db:  # as published_fill.sql writes a confirmed level
        db.execute("UPDATE models SET level = 'L5', level_max = 'L5', level_name = 'open source' WHERE id = ?", (R1,))
        db.commit()
    confirmed = Site(tmp_path)
    try:
        row = soup(confirmed, f"/table?ids={R1}").select_one(".grid .lname")
        assert row is not None
        assert row.get_text() == "open source"
        assert ">L5 open source</text>" in confirmed.get(f"/badge/{R1}.svg").text
    finally:
        confirmed.close()
