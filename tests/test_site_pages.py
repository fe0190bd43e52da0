"""The pages over the published sample, asked through the real Datasette."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sqlite3
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

pytest.importorskip("datasette", reason="the [web] extra is not installed")

from bs4 import BeautifulSoup
from datasette.database import QueryInterrupted

from index.model import Dimension
from index.site import grid, reads
from index.site.host import CACHE_ENTRY, CACHE_KEY, CACHE_OVERHEAD, Cache, cache_of
from index.site.pages.catalogues import API
from tests.site_data import Loop, Site, publish_hub

LLAMA = "meta-llama/Meta-Llama-3-8B"
NEMOTRON = "nvidia/NVIDIA-Nemotron-Parse-2.0"
YOUNG = "OrbitMC/Mew1-2.6B"  # seen first in August 2026
PAGES = (
    "/", "/table", "/table?rows=families", "/table?framework=eu12", "/table?framework=mof", f"/model/{LLAMA}",
    f"/model/{LLAMA}/evidence/license", "/trends", "/trends?f=Llama+2&f=Llama+3&by=age", "/trends?share=license", "/claims", "/claims?holds=unshown",
    "/changes", "/licenses", "/licenses/llama3", "/experts", "/method", "/status", "/api",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    found = Site(publish_hub(tmp_path_factory.mktemp("sample")))
    yield found
    found.close()


def soup(site: Site, path: str, **headers: str) -> BeautifulSoup:
    answer = site.get(path, **headers)
    assert answer.status_code == 200, (path, answer.text[:300])
    return BeautifulSoup(answer.text, "html.parser")


def begins(model: dict[str, Any], word: str) -> bool:
    """Whether a word of a model's id or family begins so."""
    return any(w.startswith(word) for w in re.findall(r"[a-z0-9]+", f"{model['id']} {model['family']}".lower()))


def text(site: Site, path: str, **headers: str) -> str:
    return re.sub(r"\s+", " ", soup(site, path, **headers).get_text(" "))


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_every_page_answers_in_its_language_under_a_megabyte_and_works_without_a_script(
    site: Site, path: str, lang: str
) -> None:
    page = soup(site, path, accept_language=lang)
    assert page.html is not None
    assert page.html["lang"] == lang
    assert len(str(page)) < 1_000_000
    assert len(page.find_all("h1")) == 1
    assert [s for s in page.find_all("script") if not s.get("src")] == []
    assert [s.get("src") for s in page.find_all("script")][0].startswith("/-/openness/site.js?v=")
    assert page.find_all(style=True) == []
    assert page.find_all("style") == []
    assert [tag for tag in page.find_all(True) for name in tag.attrs if name.startswith("on")] == []


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_a_page_leads_somewhere(site: Site, path: str) -> None:
    page = soup(site, path)
    ids = {tag["id"] for tag in page.find_all(id=True)}
    seen: set[str] = set()
    for link in page.find_all("a", href=True):
        href = link["href"]
        if href.startswith("#"):
            assert href[1:] in ids, href
        elif href.startswith("/"):
            seen.add(href.split("#")[0])
        else:
            assert href.startswith(("https://", "http://localhost")), href
            assert {"nofollow", "noopener"} <= set(link["rel"]) or href.startswith("http://localhost"), href
    for href in sorted(seen)[:40]:
        status = site.get(href).status_code
        assert status in (200, 302), (href, status)


@pytest.mark.parametrize("path", [p for p in PAGES if p != "/trends"])
def test_labels_of_a_page_point_at_fields_and_names_are_used_once(site: Site, path: str) -> None:
    page = soup(site, path)
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert [x["for"] for x in page.find_all("label") if x["for"] not in ids] == []
    fields = [f for f in page.find_all(["input", "select", "textarea"]) if f.get("type") != "hidden"]
    labelled = {x["for"] for x in page.find_all("label")}
    assert [f for f in fields if f.get("id") not in labelled] == []


def test_the_home_page_says_the_night_the_changes_and_whose_claim_fails(site: Site) -> None:
    words = text(site, "/")
    for said in ("22 August 2026", "Read completely", "Llama 2", "They say “open source”", "meditron", "openmdw"):
        assert said in words, said


def test_the_home_page_answers_in_a_word_whether_the_models_people_ask_for_are_open_source(site: Site) -> None:
    said = {
        a.select_one(".fam").get_text(): a.select_one(".said").get_text() for a in soup(site, "/").select(".answer")
    }  # type: ignore[union-attr]
    assert said["Llama 3"] == "No."
    assert said["OLMo 1"] == "Not shown."
    assert "Non." in text(site, "/", accept_language="fr")


def test_the_changes_of_one_model_in_one_night_stand_together(site: Site) -> None:
    night = soup(site, "/changes").select_one("section.night")
    assert night is not None
    names = [row.th.get_text() for row in night.select("tbody tr")]  # type: ignore[union-attr]
    assert names[0] == "nvidia/NVIDIA-Nemotron-Parse-2.0"
    assert len(names) == len(set(names))
    assert len(night.select("tbody tr")[0].select(".event")) == 3
    assert len(soup(site, "/changes").select(".event")) == len(site.get("/changes.json").json()["items"])


def test_a_search_for_an_id_leads_to_its_model_a_family_to_its_models_and_words_to_the_table(site: Site) -> None:
    assert site.get("/find?q=meta-llama/meta-llama-3-8b").headers["location"] == f"/model/{LLAMA}"
    assert site.get(f"/find?q=https://huggingface.co/{LLAMA}").headers["location"] == f"/model/{LLAMA}"
    assert site.get("/find?q=llama3").headers["location"] == "/table?family=Llama%203"
    assert site.get("/find?q=whisper+tiny").headers["location"] == "/table?q=whisper%20tiny"
    assert site.get("/find?q=//evil.test").headers["location"] == "/table?q=%2F%2Fevil.test"


@pytest.mark.parametrize(
    ("asked", "leads"),
    [
        ("is llama 3 open source?", "/table?family=Llama%203"),
        ("Is meta-llama/Meta-Llama-3-8B really open?", f"/model/{LLAMA}"),
        ("est-ce que OLMo 1 est vraiment libre ?", "/table?family=OLMo%201"),
        ("quelle est la licence de whisper tiny", "/table?q=whisper%20tiny"),
        ("open hermes", "/table?q=open%20hermes"),
        ("is it open source?", "/table?q=is%20it%20open%20source%3F"),
    ],
)
def test_a_question_in_words_is_looked_for_without_the_words_of_a_question(site: Site, asked: str, leads: str) -> None:
    assert site.get(f"/find?q={quote(asked)}").headers["location"] == leads
    suggested = [s["name"] for s in site.get("/suggest.json?q=is%20llama%203").json()["suggestions"]]
    assert suggested[0] == "Llama 3"


def test_where_nothing_is_found_the_page_says_what_to_do(site: Site) -> None:
    page = soup(site, "/table?q=is+llama+3+instruct+open%3F&level=L6")
    nothing = page.select_one(".nothing")
    assert nothing is not None
    links = {a.get_text(): a["href"] for a in nothing.select("a")}
    assert links["Search for “llama 3 instruct”"] == "/table?level=L6&q=llama+3+instruct"
    assert links["Show all models, without filters"] == "/table"


def test_models_without_a_counter_tonight_stand_apart_with_the_last_one_known(site: Site) -> None:
    page = soup(site, "/table?family=Llama+2")
    (line,) = page.select(".grid tr.divide")
    assert "gave no counter tonight" in line.get_text()
    below = [r.select_one(".dl").get_text(" ") for r in line.find_next_siblings("tr")]  # type: ignore[union-attr]
    assert len(below) > 5
    assert [b for b in below if not re.match(r"[\d.]+[kM]? 2024-07-11|–", b.strip())] == []
    listed = site.get("/table.json?family=Llama+2").json()["models"]
    assert [r["id"] for r in listed[:2]] == ["meta-llama/Llama-2-7b-hf", "meta-llama/Llama-2-13b-chat-hf"]
    assert listed[-1]["id"] == "meta-llama/Llama-2-7b"  # whose last counter was zero
    assert "2024-07-11" in text(site, "/changes")
    assert "gave no counter tonight" not in text(site, "/table?level=L4&size=1")


@pytest.mark.parametrize(("typed", "wanted"), [("ll", "Llama 2"), ("ll", "Llama 3"), ("ol", "OLMo 1")])
def test_two_keystrokes_suggest_the_families_people_ask_for(site: Site, typed: str, wanted: str) -> None:
    assert wanted in [s["name"] for s in site.get(f"/suggest.json?q={typed}").json()["suggestions"]]


def test_a_row_of_the_table_has_fourteen_cells_with_words_and_links_to_their_evidence(site: Site) -> None:
    row = soup(site, f"/table?ids={LLAMA}").select_one("table.grid tbody tr")
    assert row is not None
    cells = row.select("a.cell")
    assert [c["href"] for c in cells] == [f"/model/{LLAMA}#{d}" for d in Dimension]
    judged = {c["dimension"]: c["value"] for c in site.get(f"/model/{LLAMA}.json").json()["cells"]}
    said = [re.sub(r"\s+", " ", c.get_text()).strip().replace(" ", "-") for c in cells]
    assert said == [judged[d] for d in Dimension]
    page = soup(site, f"/model/{LLAMA}")
    assert all(page.find(id=d.value) is not None for d in Dimension)


def test_a_characteristic_that_no_rule_decides_is_told_apart_from_what_is_unknown(site: Site) -> None:
    rules = site.get("/method.json").json()["rules"]
    decided = {r["dimension"] for r in rules if r["value"] in ("open", "partial", "closed")}
    later = [d for d in Dimension if d not in decided]
    assert 0 < len(later) < 14
    page = soup(site, f"/table?ids={LLAMA}")
    assert len(page.select("th.dim.later")) == len(later)
    heads = [h["title"] for h in page.select("th.dim.later")]
    assert all(str(title).endswith("We do not judge this yet.") for title in heads)
    assert {a["href"] for a in page.select("td.later a.cell")} == {f"/model/{LLAMA}#{d}" for d in later}
    assert "We do not judge this yet." in text(site, f"/model/{LLAMA}/evidence/package")
    assert "We do not judge this yet." not in text(site, f"/model/{LLAMA}/evidence/preprint")


@pytest.mark.parametrize(("framework", "columns"), [("radboud14", 14), ("eu12", 12), ("mof", 12)])
def test_a_framework_shows_the_characteristics_it_knows(site: Site, framework: str, columns: int) -> None:
    assert len(soup(site, f"/table?framework={framework}").select("thead th.dim")) == columns


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("level=L3", lambda m: m["level"] == "L3"),
        ("level=L3,L4", lambda m: m["level"] in ("L3", "L4")),
        ("org=QWEN", lambda m: m["author"] == "Qwen"),
        ("task=text-generation", lambda m: m["pipeline_tag"] == "text-generation"),
        ("family=llama3", lambda m: m["family"] == "Llama 3"),
        ("license=mit", lambda m: m["license_effective"] == "mit"),
        ("why=community", lambda m: m["restriction"] == "community"),
        ("q=llama+7b", lambda m: begins(m, "llama") and begins(m, "7b")),
        ("claims=1", lambda m: m["claims_open_source"] == 1),
        ("from=2024-01-01&to=2024-12-31", lambda m: m["created_at"][:4] == "2024"),
        ("level=L4,L5,L6&sort=likes", lambda m: m["level"] in ("L4", "L5", "L6")),
        ("license=mit&sort=score", lambda m: m["license_effective"] == "mit"),
        ("q=llama&level=L2,L3", lambda m: begins(m, "llama") and m["level"] in ("L2", "L3")),
        ("q=b&task=text-generation", lambda m: begins(m, "b") and m["pipeline_tag"] == "text-generation"),
        ("q=b&license=apache-2.0", lambda m: begins(m, "b") and m["license_effective"] == "apache-2.0"),
        ("q=o&claims=1", lambda m: begins(m, "o") and m["claims_open_source"] == 1),
        ("level=L2&org=meta-llama&q=llama", lambda m: m["level"] == "L2" and m["author"] == "meta-llama"),
    ],
)
def test_a_filter_shows_what_fits_and_everything_that_fits(site: Site, query: str, holds: Any) -> None:
    every = [m for page in (1, 2) for m in site.get(f"/table.json?size=200&page={page}").json()["models"]]
    wanted = {m["id"] for m in every if holds(m)}
    answer = site.get(f"/table.json?size=200&{query}").json()
    assert {m["id"] for m in answer["models"]} == wanted or not wanted
    assert answer["total"] == len(wanted)


@pytest.mark.parametrize("sort", ["downloads", "likes", "score", "created"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize(
    "asked", ["level=L2,L3&task=text-generation", "level=L3&license=apache-2.0", "q=llama&level=L2"]
)
def test_several_filters_find_what_each_of_them_finds_in_the_order_asked(
    site: Site, asked: str, direction: str, sort: str
) -> None:
    def ids(query: str) -> list[dict[str, Any]]:
        pages = [site.get(f"/table.json?{query}&size=200&page={page}").json() for page in (1, 2)]
        return [m for page in pages for m in page.get("models", [])]  # beyond the end there is no page

    found = ids(f"{asked}&sort={sort}&dir={direction}")
    column = {"score": "radboud_score", "created": "created_at"}.get(sort, sort)
    values = [m[column] for m in found if m[column] is not None]
    assert values == sorted(values, reverse=direction == "desc")
    alone = [{m["id"] for m in ids(one)} for one in asked.split("&")]
    silent = {m["id"] for m in ids(asked) if m[column] is None} if direction == "asc" else set()
    assert {m["id"] for m in found} == set.intersection(*alone) - silent
    assert len(found) + len(silent) > 1


@pytest.mark.parametrize("sort", ["downloads", "all_time", "likes", "score", "created"])
def test_an_order_is_kept_over_the_pages_and_nobody_appears_twice(site: Site, sort: str) -> None:
    column = {
        "all_time": "downloads_all_time",
        "score": "radboud_score",
        "created": "created_at",
    }.get(sort, sort)
    found = [m for page in range(1, 7) for m in site.get(f"/table.json?sort={sort}&page={page}").json()["models"]]
    values = [m[column] for m in found]
    known = [v for v in values if v is not None]
    assert values[: len(known)] == sorted(known, reverse=True)
    assert len({m["id"] for m in found}) == len(found) == 269


def test_all_models_are_paged_to_the_last_and_of_other_questions_the_page_says_where_it_ends(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grid, "MAX_OFFSET", 100)
    found = [m["id"] for page in range(1, 28) for m in site.get(f"/table.json?size=10&page={page}").json()["models"]]
    assert len(set(found)) == len(found) == 269
    asked = "sort=likes&size=11"
    assert site.get(f"/table.json?{asked}&page=9").json()["last_page"] == 9
    beyond = site.get(f"/table.json?{asked}&page=10")
    assert (beyond.status_code, "the first 100 rows are shown, up to page 9" in beyond.json()["error"]) == (400, True)
    last = text(site, f"/table?{asked}&page=9")
    assert "Page 9 / 9" in last
    assert "Pages end at the first 100 of these" in last
    assert "Pages end" not in text(site, "/table?size=11")


FAMILIES = "/table.json?rows=families"


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("level=L3,L4", lambda f: f["best"]["level"] in ("L3", "L4")),
        ("org=Meta-Llama", lambda f: f["best"]["author"] == "meta-llama"),
        ("task=text-generation&license=apache-2.0",
         lambda f: (f["best"]["pipeline_tag"], f["best"]["license_effective"]) == ("text-generation", "apache-2.0")),
        ("from=2024-01-01&to=2024-12-31", lambda f: (f["released"] or "").startswith("2024")),
        ("q=llama", lambda f: "llama" in f"{f['family']} {f['maker']}".lower()),
        ("why=community", lambda f: f["best"]["restriction"] == "community"),
        ("claims=1", lambda f: f["best"]["claims_open_source"] == 1 and f["best"]["level"] < "L5"),
    ],
)  # fmt: skip
def test_families_are_filtered_by_their_best_known_model(site: Site, query: str, holds: Any) -> None:
    every = site.get(FAMILIES).json()
    wanted = [f["family"] for f in every["families"] if f["best"] and holds(f)]
    assert 0 < len(wanted) < len(every["families"]) == every["total"]
    assert [f["family"] for f in site.get(f"{FAMILIES}&{query}").json()["families"]] == wanted


def test_families_are_ordered_paged_and_given_as_csv(site: Site) -> None:
    for sort in ("downloads", "models", "score", "eu", "created"):
        key = {"score": "radboud_score", "eu": "eu_score", "created": "released"}.get(sort, sort)
        found = [
            f[key] if key in f else (f["best"] or {}).get(key)
            for f in site.get(f"{FAMILIES}&sort={sort}").json()["families"]
        ]
        known = [value for value in found if value is not None]
        assert len(set(known)) > 1
        assert found[: len(known)] == sorted(known, reverse=True)
    total = site.get(FAMILIES).json()["total"]
    pages = [soup(site, f"/table?rows=families&size=20&page={n}") for n in range(1, -(-total // 20) + 1)]
    names = [a.get_text() for page in pages for a in page.select("tbody a.model")]
    assert len(set(names)) == len(names) == total
    lines = site.get("/table.csv?rows=families").text.splitlines()
    assert (lines[0].split(",")[:2], len(lines)) == (["family", "maker"], total + 1)
    assert len(lines[0].split(",")) == 6 + 20 + 14
    for query, said in (("asof=2026-08-22", "by “asof”"), ("sort=likes", "sort cannot be"), ("page=99", "no page 99"),
                        ("org=nobody-at-all", "No organisation")):  # fmt: skip
        refused = site.get(f"{FAMILIES}&{query}")
        assert (refused.status_code, said in refused.json()["error"]) == (400, True), query
    assert "No family fits" in text(site, "/table?rows=families&level=L6")


def test_models_of_one_maker_are_ordered_by_their_eu_score(site: Site) -> None:
    found = [m["eu_score"] for m in site.get("/table.json?sort=eu&org=allenai&framework=eu12").json()["models"]]
    known = [score for score in found if score is not None]
    assert len(set(known)) > 1
    assert found[: len(known)] == sorted(known, reverse=True)
    everything = site.get("/table.json?sort=eu")
    assert everything.status_code == 400
    assert "needs an organisation" in everything.json()["error"]


def test_a_list_keeps_its_order_follows_old_names_and_leaves_out_what_is_not_there(site: Site) -> None:
    asked = f"ids=THUDM/chatglm3-6b,no/such,{LLAMA.lower()}"
    answer = site.get(f"/table.json?{asked}").json()
    assert [m["id"] for m in answer["models"]] == ["zai-org/chatglm3-6b", LLAMA]
    assert answer["missing"] == ["no/such"]
    assert "Not in this index: no/such" in text(site, f"/table?{asked}")
    alone = text(site, "/table?ids=no/such")
    assert "Not in this index: no/such" in alone
    assert "No model fits" not in alone
    assert "1 model " in text(site, f"/table?ids={LLAMA}")
    assert "0 modèle " in text(site, "/table?q=zzzz", accept_language="fr")


def test_a_model_page_as_of_a_day_shows_the_verdict_then_and_what_has_changed_since(site: Site) -> None:
    model = NEMOTRON
    verdicts = site.get(f"/model/{model}.json").json()["verdicts"]
    assert len({v["level"] for v in verdicts}) > 1
    first = min(verdicts, key=lambda v: v["date"])
    page = soup(site, f"/model/{model}?asof={first['date']}")
    assert first["level"] in page.select_one(".biglevel").get_text()  # type: ignore[union-attr]
    assert len(page.select(".thencells tbody tr")) == 14
    assert page.select(".timeline li")
    assert "not kept" in page.get_text()
    told = site.get(f"/model/{model}.json?asof={first['date']}").json()
    assert told["verdict"]["level"] == first["level"]
    assert "had not seen it yet" in text(site, f"/model/{YOUNG}?asof=2024-07-11")
    assert site.get(f"/model/{model}?asof=yesterday").status_code == 400
    grid = soup(site, f"/table?ids={model}&asof={first['date']}")
    assert {a["href"].partition("#")[0] for a in grid.select("tbody a:not(.claim)")} == {
        f"/model/{model}?asof={first['date']}"
    }


PAST = ("2024-07-11", "2024-08-01", "2026-08-13", "2026-08-19", "2026-08-22")


@pytest.mark.parametrize("day", PAST)
def test_the_table_of_a_past_day_says_of_each_model_what_its_own_page_says_of_that_day(site: Site, day: str) -> None:
    rows = site.get(f"/table.json?asof={day}&size=200").json()["models"]
    assert len(rows) >= 100
    told = {r["id"]: r for r in rows[:60]}
    told |= {r["id"]: r for r in rows if r["id"] == NEMOTRON}
    for one, row in told.items():
        own = site.get(f"/model/{quote(one)}.json?asof={day}").json()
        assert own["seen"]
        facts, counters, verdict = own["facts"], own["counters"] or {}, own["verdict"] or {}
        assert row["license"] == facts["license"], one
        assert row["gated"] == facts["gated"], one
        assert row["license_effective"] == own["license_effective"], one
        for field in ("level", "level_max", "restriction"):
            assert row[field] == verdict.get(field), (one, field)
        for field in ("downloads", "downloads_all_time", "likes"):
            assert row[field] == counters.get(field), (one, field)
        assert (row["missing_since"] is None) == own["on_hub"], one
        today_only = ("radboud_score", "eu_score", "mof_class", "claims_open_source", "pipeline_tag", "family")
        assert {row[field] for field in today_only} == {None}, one


def test_a_licence_that_became_open_later_is_not_open_in_the_table_of_an_earlier_day(site: Site) -> None:
    then, now = (site.get(f"/table.json?ids={NEMOTRON}{more}").json()["models"][0] for more in ("&asof=2026-08-13", ""))
    assert (then["license"], then["license_effective"]) == ("other", "nvidia-open-model-license")
    assert now["license_effective"] == "openmdw-1.1"
    line = next(r for r in site.get(f"/table.csv?ids={NEMOTRON}&asof=2026-08-13").text.splitlines() if NEMOTRON in r)
    assert "openmdw" not in line


@pytest.mark.parametrize("sort", ["downloads", "all_time", "likes", "created"])
@pytest.mark.parametrize("dir", ["asc", "desc"])
def test_the_table_of_a_past_day_is_in_the_order_of_that_days_counters(site: Site, sort: str, dir: str) -> None:
    column = {"all_time": "downloads_all_time", "created": "created_at"}.get(sort, sort)
    for narrowed in ("", "&family=Llama+2", "&level=L2"):
        found = site.get(f"/table.json?asof=2024-07-11&sort={sort}&dir={dir}&size=200{narrowed}").json()
        assert found["order_of_today"] is False
        known = [m[column] for m in found["models"] if m[column] is not None]
        assert len(known) > (sort != "all_time")
        assert known == sorted(known, reverse=dir == "desc")
        assert [m[column] for m in found["models"]][: len(known)] == known


def test_levels_and_restrictions_of_a_past_day_are_asked_of_that_days_verdicts(site: Site) -> None:
    for asked in ("level=L2", "why=click-through", "level=L2&why=community"):
        found = site.get(f"/table.json?asof=2024-07-11&size=200&{asked}").json()
        everything = site.get("/table.json?asof=2024-07-11&size=200&page=1").json()["models"]
        everything += site.get("/table.json?asof=2024-07-11&size=200&page=2").json().get("models", [])
        wanted = dict(pair.split("=") for pair in asked.split("&"))
        fits = {m["id"] for m in everything
                if m["level"] == wanted.get("level", m["level"])
                and m["restriction"] == wanted.get("why", m["restriction"])}  # fmt: skip
        assert {m["id"] for m in found["models"]} == fits
        assert fits
        assert found["total"] == len(fits)


def test_a_list_on_a_past_day_says_which_models_no_night_had_seen_yet_and_nothing_else_of_them(site: Site) -> None:
    found = site.get(f"/table.json?ids={YOUNG},{LLAMA}&asof=2024-07-11").json()
    assert found["not_seen_yet"] == [YOUNG]
    young, llama = found["models"]
    assert {k for k, v in young.items() if v is not None and k != "cells"} == {"id", "author"}
    assert llama["level"] is not None
    page = soup(site, f"/table?ids={YOUNG},{LLAMA}&asof=2024-07-11")
    assert ["not seen yet" in row.get_text() for row in page.select("tbody tr")] == [True, False]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/table{end}?asof=2030-01-01", "from 2024-07-11 to 2026-08-22"),
        ("/table{end}?asof=1999-01-01", "from 2024-07-11 to 2026-08-22"),
        (f"/model/{LLAMA}{{end}}?asof=2030-01-01", "from 2024-07-11 to 2026-08-22"),
        (f"/model/{LLAMA}{{end}}?asof=2024-07-10", "from 2024-07-11 to 2026-08-22"),
        ("/table{end}?asof=2024-07-11&license=mit", "take “license” or the day away"),
        ("/table{end}?asof=2024-07-11&claims=1", "take “claims” or the day away"),
        ("/table{end}?asof=2024-07-11&sort=score", "downloads, all_time, likes, created"),
    ],
)
def test_what_no_night_of_that_day_can_answer_is_refused_with_a_sentence(site: Site, path: str, said: str) -> None:
    for end in ("", ".json"):
        answer = site.get(path.format(end=end))
        assert answer.status_code == 400, path
        assert said in answer.text


def test_the_page_of_a_past_day_has_no_arrow_over_what_it_did_not_order_and_says_what_is_of_today(site: Site) -> None:
    page = soup(site, f"/table?asof=2024-07-11&ids={LLAMA}")
    assert page.select("th[aria-sort]:not([aria-sort=none])") == []
    page = soup(site, "/table?asof=2024-07-11")
    assert len(page.select("th[aria-sort=descending]")) == 1
    assert "scores of that day are not kept" in page.get_text()
    assert {o["value"] for o in page.select("#fsort option")} == {"", "all_time", "likes", "created"}


def test_a_change_seen_between_two_far_nights_is_dated_by_both(site: Site) -> None:
    events = [i["_openness"] for i in site.get("/changes.json").json()["items"]]
    far = next(e for e in events if e["not_before"] and e["not_before"] < "2026-01-01" < e["date"])
    page = text(site, f"/changes?id={far['id']}&since={far['date']}")
    assert "some day after" in page
    assert "between" in text(site, f"/model/{far['id']}")


def test_as_of_a_day_the_verdict_of_that_day_is_shown(site: Site) -> None:
    now = site.get("/table.json?ids=nvidia/NVIDIA-Nemotron-Parse-2.0").json()["models"][0]
    then = site.get("/table.json?ids=nvidia/NVIDIA-Nemotron-Parse-2.0&asof=2026-08-21").json()["models"][0]
    assert (then["level"], now["level"]) == ("L2", "L3")
    assert site.get("/table.json?asof=2024-07-11").json()["total"] < 269


def test_the_csv_has_every_row_and_no_formula(site: Site) -> None:
    lines = site.get("/table.csv").text.splitlines()
    assert len(lines) == 1 + 269
    assert not [x for x in lines if x[0] in "=+@"]


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/table?page=7", 400, "There is no page 7; the last one is 6."),
        ("/table?page=999", 400, "There is no page 999; the last one is 6."),
        ("/table?framwork=mof", 400, "no “framwork”. Did you mean “framework”?"),
        ("/table?organisation=x", 400, "Did you mean “org”?"),
        ("/trends?family=Llama+2", 400, "no “family”. Did you mean “f”?"),
        ("/experts?page=2", 400, "This page takes no “page”."),
        ("/model/no/such?q=x", 400, "It takes: asof."),
        ("/table?lang=xx", 400, "lang cannot be “xx”. It can be: en, fr."),
        ("/table?theme=xx", 400, "It can be: auto, light, dark."),
        ("/table?org=meta-lama", 400, "No organisation “meta-lama” in this index. Near: meta-llama"),
        ("/table?task=text-generatoin", 400, "Near: text-generation"),
        ("/table?license=apache2", 400, "Near: apache-2.0"),
        ("/table?why=communities", 400, "why cannot be “communities”"),
        ("/changes?since=2026-08-01&until=2025-01-01", 400, "The first day is after"),
        ("/table?family=Nonesuch", 400, "No family “Nonesuch”"),
        ("/trends?f=Nonesuch", 400, "No family “Nonesuch”"),
        ("/trends?m=no/such", 400, "No model “no/such”"),
        ("/trends?" + "&".join(f"m=a/{n}" for n in range(9)), 400, "9 series are too many"),
        ("/table?ids=" + ",".join(map(str, range(10_000))), 400, "10000 ids are too many"),
        ("/table?sort=id;drop", 400, "sort cannot be"),
        ("/table?level=L9", 400, "level cannot be"),
        ("/table?asof=tomorrow", 400, "It is a date such as"),
        ("/table?from=2026-01-02&to=2026-01-01", 400, "The first day is after"),
        ("/table?q=" + "a" * 200, 400, "longer than 120"),
        ("/changes?page=99", 400, "There is no page 99."),
        ("/model/no/such", 404, "No model “no/such”"),
        (f"/model/{LLAMA}/evidence/nonsense", 404, "There is no characteristic"),
        ("/licenses/no-such-thing", 404, "No licence"),
        ("/-/openness/none.css", 404, "There is no such page"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_with_a_sentence(site: Site, path: str, status: int, sentence: str) -> None:
    answer = site.get(path)
    assert answer.status_code == status
    assert sentence in BeautifulSoup(answer.text, "html.parser").get_text()


def test_an_image_that_cannot_be_drawn_says_why_where_it_stands(site: Site) -> None:
    answer = site.get("/trends.svg?f=Nonesuch")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "image/svg+xml; charset=utf-8")
    assert "No family “Nonesuch”" in (ET.fromstring(answer.text).findtext("{http://www.w3.org/2000/svg}title") or "")


def test_what_networks_add_to_a_shared_link_is_the_same_page_and_stands_in_no_link_of_it(site: Site) -> None:
    cache = cache_of(site.datasette)
    plain, before = site.get("/table?q=mistral"), len(cache)
    for added in ("utm_source=x&utm_medium=y", "fbclid=1", "msclkid=2", "_ga=3"):
        shared = site.get(f"/table?{added}&q=mistral")
        assert (shared.status_code, shared.text) == (200, plain.text)
    assert site.get("/index/levels?utm_source=x").text == site.get("/index/levels").text
    assert len(cache) == before + 1


def test_an_organisation_is_found_in_any_letters_where_its_claims_are(site: Site) -> None:
    assert (
        site.get("/claims.json?org=Microsoft").json()["claims"]
        == site.get("/claims.json?org=microsoft").json()["claims"]
    )
    assert site.get("/claims.json?org=microsoft").json()["claims"]


def test_a_program_gets_its_refusal_as_json(site: Site) -> None:
    answer = site.get("/table.json?page=x")
    assert answer.status_code == 400
    assert answer.json()["ok"] is False
    assert "whole number" in answer.json()["error"]
    near = site.get("/model/meta-llama/Meta-Lama-3-8B.json")
    assert near.status_code == 404
    assert LLAMA in near.json()["near"]


def test_a_model_says_its_level_in_words_why_and_what_would_raise_it(site: Site) -> None:
    words = text(site, f"/model/{LLAMA}")
    for said in ("community licence", "700 million user threshold", "Somebody approves each reader by hand.",
                 "Let everyone download without being approved.", "Proved L1; anything higher is excluded."):  # fmt: skip
        assert said in words, said
    french = text(site, f"/model/{LLAMA}", accept_language="fr")
    for said in (
        "licence communautaire",
        "700 millions d’utilisateurs",
        "Laisser chacun télécharger sans approbation.",
    ):
        assert said in french, said


def test_a_model_says_in_one_line_whether_it_is_open_source_and_why(site: Site) -> None:
    asked = "Open source by the OSI definition (OSAID)?"
    llama = text(site, f"/model/{LLAMA}")
    assert f"{asked} No, because its licence llama3 does not allow every use" in llama
    assert "somebody approves each reader by hand" in llama
    assert f"{asked} Not shown. Nothing known excludes it" in text(site, "/model/allenai/OLMo-7B")
    assert "Open source selon la définition de l’OSI (OSAID) ? Non, car sa licence llama3" in text(
        site, f"/model/{LLAMA}", accept_language="fr"
    )


def test_no_model_is_called_open_source_without_a_persons_confirmation(site: Site) -> None:
    said = [site.get(f"/model/{m['id']}.json").json() for m in site.get("/table.json?size=200").json()["models"]]
    answers = {s["open_source"].split("? ")[1].split(" ")[0].strip(",.:") for s in said}
    assert answers == {"No", "Not"}
    assert all((s["open_source"].find("? No,") > 0) >= (s["model"]["level"] in ("L0", "L1")) for s in said)


def test_a_score_says_how_many_characteristics_are_answered(site: Site) -> None:
    page = site.get("/model/microsoft/phi-2.json").json()
    answered = sum(c["value"] not in ("unknown", "not-applicable") for c in page["cells"])
    assert 0 < answered < 14
    said = f"{answered} of 14 answered; unknown counts as 0"
    assert said in text(site, "/model/microsoft/phi-2")
    assert said in str(soup(site, "/table?ids=microsoft/phi-2").select_one("td.score"))
    assert "weights: mit (open); code and data not shown" in text(site, "/model/microsoft/phi-2")


def test_nothing_of_what_explain_says_stays_english_in_french(site: Site) -> None:
    from index.site import render

    translated = render.texts("fr").phrase.translated
    for model in site.get("/table.json?size=200").json()["models"]:
        for hindrance in site.get("/model/" + model["id"] + ".json").json()["why_not_higher"]:
            assert translated(hindrance["why"]), hindrance
            assert translated(hindrance["remedy"]), hindrance


def test_another_spelling_and_a_name_of_before_lead_to_the_model(site: Site) -> None:
    for old in ("meta-llama/meta-llama-3-8b", "THUDM/chatglm3-6b"):
        answer = site.get(f"/model/{old}")
        assert answer.status_code == 302
        assert site.get(answer.headers["location"]).status_code == 200


def test_a_quote_stands_on_the_page_with_its_place_and_a_link_to_it(site: Site) -> None:
    page = soup(site, f"/model/{LLAMA}/evidence/license")
    shown = page.select_one(".proofs").get_text()  # type: ignore[union-attr]
    proofs = [c for c in site.get(f"/model/{LLAMA}.json").json()["cells"] if c["dimension"] == "license"][0]["evidence"]
    assert [p["quote"] for p in proofs if p["quote"] not in shown] == []
    quotes = [q.get_text() for q in page.select("q")]
    assert set(quotes) == {p["quote"] for p in proofs if p["quote"] and p["place"].startswith("README")}
    places = (f"https://huggingface.co/{LLAMA}", f"/card/{LLAMA}#q-")
    assert [a for a in page.select(".place a") if not a["href"].startswith(places)] == []


def test_of_two_quotes_that_begin_at_the_same_place_the_longer_one_is_shown_with_the_probes_of_both(site: Site) -> None:
    page = soup(site, "/model/allenai/OLMo-7B/evidence/base_data")
    quotes = [q.get_text() for q in page.select("q")]
    assert quotes
    assert [a for a in quotes if any(b != a and b.startswith(a) for b in quotes)] == []
    told = {c.get_text() for c in page.select("code")}
    proofs = next(c for c in site.get("/model/allenai/OLMo-7B.json").json()["cells"] if c["dimension"] == "base_data")
    assert {p["probe"] for p in proofs["evidence"]} <= told


def test_a_value_of_the_hub_is_said_in_words_and_no_quote_is_shown_twice(site: Site) -> None:
    cell = soup(site, f"/model/{LLAMA}/evidence/end_weights")
    assert "Access: approved by hand" in " ".join(cell.get_text(" ").split())
    assert [q.get_text() for q in cell.select("q") if q.get_text() in ("manual", "false", "auto")] == []
    code = soup(site, f"/model/{LLAMA}/evidence/training_code")
    assert code.select_one("main").get_text().count("the code for pretraining is not published") == 1  # type: ignore[union-attr]
    assert len(code.select(".o-no")) == 1


@pytest.mark.parametrize(
    "model", [LLAMA, "microsoft/phi-2", "allenai/OLMo-7B", "unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF"]
)
def test_the_reasons_of_every_cell_and_answer_are_french_on_the_french_page(site: Site, model: str) -> None:
    page = BeautifulSoup(site.get(f"/model/{model}", accept_language="fr").text, "html.parser")
    assert page.select(".judged")
    assert [e.get_text() for e in page.select(".judged [lang=en], .act [lang=en]")] == []


def test_a_licence_conflict_is_shown_in_the_tree(site: Site) -> None:
    page = soup(site, "/model/ruslanmv/Medical-Llama3-8B")
    assert "apache-2.0" in page.select_one(".tree .conflict").get_text()  # type: ignore[union-attr]


def test_the_bill_of_materials_is_cyclonedx_with_licence_ancestors_and_verdict(site: Site) -> None:
    answer = site.get("/model/ruslanmv/Medical-Llama3-8B.cdx.json")
    bill = answer.json()
    (component,) = bill["components"]
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert component["type"] == "machine-learning-model"
    assert component["pedigree"]["ancestors"][0]["name"] == "Meta-Llama-3-8B"
    assert {"name": "openness:level", "value": "L2"} in component["properties"]
    assert 'filename="ruslanmv--Medical-Llama3-8B.cdx.json"' in answer.headers["content-disposition"]


def test_families_are_compared_with_their_gaps_and_the_sql_gives_the_same_numbers(site: Site) -> None:
    path = "?f=Llama+3&f=BERT&days=1095"
    page = soup(site, f"/trends{path}")
    sql = page.select_one(".sqlbox code").get_text()  # type: ignore[union-attr]
    rows = site.get("/index.json?_shape=array&sql=" + sql.replace("\n", " ").replace("+", "%2B")).json()
    series = {s["name"]: s["points"] for s in site.get(f"/trends.json{path}").json()["series"]}
    mine = {
        (n, p["date"], p["downloads"]) for n, points in series.items() for p in points if p["downloads"] is not None
    }
    assert mine == {(r["name"], r["date"], r["downloads"]) for r in rows}
    assert any(p["downloads"] is None for p in series["Llama 3"])
    assert "nobody looked" in page.get_text()


def test_a_sum_of_few_models_says_so_on_the_chart_in_growth_in_the_table_and_in_the_sql(site: Site) -> None:
    page = soup(site, "/trends?f=Llama+3&days=1095")
    assert "ch-hollow" in str(page.select_one("#chart svg"))
    assert "Llama 3: 1 of 10 models counted on 22 August 2026" in page.select_one("#chart figcaption").get_text()  # type: ignore[union-attr]
    growth = page.select_one("#growth").find_next("table").get_text(" ")  # type: ignore[union-attr]
    assert "1 of 10" in growth
    assert "-31.5% 2024-07-11" in " ".join(
        growth.split()
    )  # of the one model that both nights counted, not 5.06M to 1.78M
    numbers = page.select_one("details table").get_text(" ")  # type: ignore[union-attr]
    assert "(10 of 10)" in numbers
    assert "(1 of 10)" in numbers
    assert "models, members, same_models" in page.select_one(".sqlbox code").get_text()  # type: ignore[union-attr]


def test_families_that_are_drawn_or_offered_unasked_have_counters(site: Site) -> None:
    page = soup(site, "/trends")
    assert "No counter seen" not in page.get_text()
    for link in page.select(".tryout a"):
        offered = text(site, str(link["href"]))
        assert "No counter seen" not in offered


@pytest.mark.parametrize("path", ["/", "/trends", "/trends?share=license", "/trends?share=author"])
def test_shares_say_how_many_of_the_models_had_a_counter(site: Site, path: str) -> None:
    assert re.search(r"On 22 August 2026, \d+ of \d+ models had a counter", text(site, path))


def test_by_age_day_zero_is_the_release(site: Site) -> None:
    page = soup(site, "/trends?f=Llama+3&by=age")
    keys = [int(th.get_text()) for th in page.select("details table tbody th")]
    assert max(keys) == (date(2026, 8, 22) - date(2024, 4, 18)).days


def test_the_address_holds_the_chart_and_the_chart_can_be_taken_along(site: Site) -> None:
    path = "?f=Llama+3&days=1095"
    svg = site.get(f"/trends.svg{path}")
    ET.fromstring(svg.text)
    assert svg.headers["content-type"].startswith("image/svg+xml")
    assert "frame-ancestors" not in svg.headers["content-security-policy"]
    assert site.get(f"/trends.csv{path}").text.startswith("name,date,downloads")
    embed = site.get(f"/trends{path}&embed=1")
    assert "x-frame-options" not in embed.headers
    assert "<nav" not in embed.text


def test_movers_and_organisations_are_shown(site: Site) -> None:
    words = text(site, "/trends")
    assert "Rose most" in words
    assert re.search(r"sentence-transformers 2\d\dM \d of \d", words)  # how many of its models had a counter
    counted = dict(site.get("/index.json?_shape=arrays&sql=select+author,counted+from+authors").json()["rows"])
    sql = "select+author,count(downloads)+from+models+where+missing_since+is+null+group+by+1"
    assert counted == dict(site.get(f"/index.json?_shape=arrays&sql={sql}").json()["rows"])


def test_the_feeds_say_the_same_changes_as_the_page(site: Site) -> None:
    feed = site.get("/changes.json?field=license")
    items = feed.json()["items"]
    assert {i["_openness"]["field"] for i in items} <= {"license", "license_name", "license_link"}
    atom = ET.fromstring(site.get("/changes.atom?field=license").text)
    space = {"a": "http://www.w3.org/2005/Atom"}
    assert [e.findtext("a:id", "", space) for e in atom.findall("a:entry", space)] == [i["id"] for i in items]
    assert len({i["id"] for i in items}) == len(items) > 5
    for item in items[:3]:
        assert site.get(item["url"].removeprefix("http://localhost").split("#")[0]).status_code == 200


def test_a_change_has_the_same_name_in_a_feed_under_whatever_host_it_is_served(site: Site) -> None:
    here, there = (
        [i["id"] for i in site.get("/changes.json", host=host).json()["items"]]
        for host in ("localhost", "open.example")
    )
    assert here == there
    assert len(set(here)) == len(here) > 5


def test_changes_are_filtered_by_organisation_and_level(site: Site) -> None:
    found = [i["_openness"] for i in site.get("/changes.json?org=nvidia&level=L3").json()["items"]]
    assert found
    assert {c["id"].split("/")[0] for c in found} == {"nvidia"}
    assert {c["level"] for c in found} == {"L3"}


def test_changes_of_a_rare_and_of_a_common_level_are_found_alike(site: Site) -> None:
    path = site.datasette.databases["index"].path
    with closing(sqlite3.connect(f"{Path(path).as_uri()}?mode=ro", uri=True)) as db:
        for level in ("L1", "L2", "L3"):
            rare = reads.changes(db, level=level)
            assert rare
            assert {c.level for c in rare} == {level}
            assert reads.changes(db, level=level, few=0) == rare
        whole = reads.changes(db, limit=40)
        assert reads.changes(db, limit=20) + reads.changes(db, limit=20, offset=20) == whole


def test_claims_that_fail_are_apart_from_those_that_are_not_shown(site: Site) -> None:
    for holds, expected in (("no", "no"), ("unshown", "not shown")):
        claims = site.get(f"/claims.json?holds={holds}").json()["claims"]
        assert {c["holds"] for c in claims} == {expected}


def test_a_claim_that_fails_says_what_excludes_it_its_date_and_its_last_counter(site: Site) -> None:
    words = text(site, "/claims")
    assert "documentation not shown in full" not in words  # that is no ground
    assert "training data closed" in words
    assert "What the makers of its family published names no data of pre-training: Phi-2" in words
    assert "read on 11 July 2024" in words
    assert "385k downloads in 30 days, on 11 July 2024" in words
    assert "données d’entraînement fermées" in text(site, "/claims", accept_language="fr")
    assert "385k downloads in 30 days, on 11 July 2024" in text(site, "/")
    claims = site.get("/claims.json").json()["claims"]
    tonight = [c for c in claims if c["downloads"] is not None]
    older = [c["latest"] if c["latest"] is not None else -1 for c in claims if c["downloads"] is None]
    assert claims[: len(tonight)] == tonight
    assert older == sorted(older, reverse=True)


def test_an_index_of_the_sample_says_so_to_programs_and_on_datasettes_pages(site: Site) -> None:
    for path in ("/home.json", "/claims.json", f"/model/{LLAMA}.json", "/trends.json", "/table.json?size=5"):
        assert site.get(path).json()["sample"] is True, path
    assert "sample" not in site.get(f"/model/{LLAMA}.cdx.json").json()
    for path in ("/index", "/index/models"):
        assert "The bundled sample, not the whole Hub" in text(site, path), path


def test_every_documented_address_answers(site: Site) -> None:
    page = soup(site, "/api")
    addresses = [a["href"] for a in page.select("main table a")]
    assert len(addresses) == len(API)
    for address in addresses:
        answer = site.get(address)
        assert answer.status_code == 200, address
        if address.split("?")[0].endswith(".json"):
            json.loads(answer.text)


def test_what_a_page_shows_is_there_as_json(site: Site) -> None:
    licence = site.get("/licenses/llama3.json").json()
    assert licence["id"] == "llama3"
    assert {m["id"] for m in licence["most_downloaded"]} >= {LLAMA}
    assert site.get("/licenses/no-such-thing.json").json()["ok"] is False
    cell = site.get(f"/model/{LLAMA}/evidence/license.json").json()
    whole = next(c for c in site.get(f"/model/{LLAMA}.json").json()["cells"] if c["dimension"] == "license")
    assert {k: cell[k] for k in whole} == whole
    moved = site.get(f"/model/{LLAMA.lower()}/evidence/license.json")
    assert moved.headers["location"] == f"/model/{LLAMA}/evidence/license.json"
    assert site.get(f"/model/{LLAMA}/evidence/nonsense.json").status_code == 404
    listed = site.get("/api.json").json()["addresses"]
    assert [a["address"] for a in listed] == [address for address, _, _ in API]
    trends = site.get("/trends.json?f=Llama+3").json()
    assert "FROM family_downloads" in trends["sql"]
    shown = {a.get_text() for a in soup(site, "/trends?f=Llama+3").select("a.model")}
    assert {m["id"] for d in trends["movers"].values() for way in d.values() for m in way} <= shown


def test_where_readers_may_not_ask_sql_nothing_leads_to_it(site: Site) -> None:
    data = Path(site.datasette.databases["index"].path).parent
    closed = Site(data, default_allow_sql=False)
    try:
        for path in (*PAGES, "/index", "/index/models?level=L1"):
            page = soup(closed, path)
            asking = [a["href"] for a in page.find_all("a", href=True) if "sql=" in a["href"]]
            assert asking == [], path
            assert page.find("textarea", attrs={"name": "sql"}) is None
            named = [a.get_text() for a in page.select("nav a[href='/index']")]
            assert named
            assert "SQL" not in named, path
        assert "sql=" not in closed.get("/api").text
        assert closed.get("/index?sql=select+1").status_code == 403
    finally:
        closed.close()
    assert "sql=" in site.get("/api").text


def test_a_badge_names_the_level_and_an_unknown_model_has_one_too(site: Site) -> None:
    known, unknown = site.get(f"/badge/{LLAMA}.svg"), site.get("/badge/no/such.svg")
    assert "L1 gated" in known.text
    assert (known.status_code, unknown.status_code) == (200, 404)
    assert "not in the index" in unknown.text


def test_an_unchanged_page_is_not_sent_again(site: Site) -> None:
    first = site.get("/table")
    again = site.get("/table", if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert "Cookie" in first.headers["vary"]


def test_a_page_of_datasette_is_kept_for_who_asks_the_same_in_the_same_language(site: Site) -> None:
    first, again = site.get("/index/levels"), site.get("/index/levels")
    assert (again.text, again.headers["etag"]) == (first.text, first.headers["etag"])
    assert site.get("/index/levels", if_none_match=first.headers["etag"]).status_code == 304
    french = site.get("/index/levels", accept_language="fr")
    assert french.headers["etag"] != first.headers["etag"]
    assert "Tableau" in french.text
    assert site.get("/index/levels?_size=2").text != first.text
    assert site.get("/index/levels", accept_encoding="identity").text == first.text


def test_what_is_for_one_reader_failed_or_is_large_is_not_kept(site: Site) -> None:
    actor = site.datasette.sign({"a": {"id": "root"}}, "actor")
    assert "etag" not in site.get("/index/levels", cookie=f"ds_actor={actor}").headers
    assert "etag" not in site.get("/index/no-such-table").headers
    whole = site.get("/index/evidence.csv?_stream=on")
    assert len(whole.content) > CACHE_ENTRY
    assert "etag" not in whole.headers
    assert whole.text.count("\n") > 1000


def test_a_csv_that_failed_on_its_way_is_whole_for_the_next_one(site: Site) -> None:
    database, address = site.datasette.databases["index"], "/index/judgements.csv?_stream=on"
    really, steps = database.execute, []

    async def interrupted(sql: str, *args: Any, **named: Any) -> Any:
        steps.append(sql) if " limit " in sql else None
        if len(steps) == 2:
            raise QueryInterrupted(Exception("interrupted"), sql, None)
        return await really(sql, *args, **named)

    database.execute = interrupted
    try:
        failed = site.get(address)
    finally:
        del database.execute
    assert (failed.status_code, failed.headers["cache-control"]) == (200, "no-cache")  # nor kept by a cache on the way
    assert (
        site.get("/table.csv").headers["cache-control"].startswith("public, max-age=")
    )  # ours is whole when it is sent
    whole = site.get(address)
    assert "SQL query" not in whole.text
    assert whole.text != failed.text
    assert whole.text.count("\n") > 1000


def test_lists_of_values_that_ran_out_of_time_are_made_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    page, data = "/index/models?_facet=family&_size=7", "/index/models.json?_facet=family&_size=7"
    with monkeypatch.context() as slow:
        slow.setitem(site.datasette._settings, "facet_time_limit_ms", 0.001)
        assert "These facets timed out" in site.get(page).text
        assert site.get(data).json()["facet_results"] == {}
    assert "These facets timed out" not in site.get(page).text
    assert list(site.get(data).json()["facet_results"]) == ["family"]


def test_questions_made_up_by_readers_cannot_fill_the_memory(site: Site) -> None:
    site.datasette._openness_cache = None  # that of all tests before may be full
    cache = cache_of(site.datasette)
    before = len(cache)
    for n in range(3):
        assert site.get(f"/index/levels.json?_size=0&n={n}&x={'y' * CACHE_KEY}").status_code == 200
        asked = ",".join(f"made-up/{n}-{place:020}" for place in range(CACHE_KEY // 30))
        assert site.get(f"/table.json?ids={asked}").status_code == 200
    assert len(cache) == before
    themes = {site.get("/index/levels?_size=3", cookie=f"theme={n}").headers["etag"] for n in range(5)}
    assert (len(themes), len(cache)) == (1, before + 1)
    small = Cache(10 * CACHE_OVERHEAD)
    for n in range(1000):
        small.put(("of no length", n), "", 0)
    assert 0 < len(small) < 10


def test_a_table_as_csv_is_read_in_few_steps(site: Site) -> None:
    asked = []
    database = site.datasette.databases["index"]
    whole = database.execute_fn

    async def counted(*args: Any, **named: Any) -> Any:
        asked.append(args)
        return await whole(*args, **named)

    database.execute_fn = counted
    try:
        rows = site.get("/index/judgements.csv?_stream=on").text.count("\n") - 1
    finally:
        del database.execute_fn
    assert rows > 1000
    assert len(asked) < rows / 30


def test_a_search_in_datasettes_table_of_models_shows_the_most_downloaded_first(site: Site) -> None:
    found = site.get("/index/models.json?_search=llama&_shape=objects").json()["rows"]
    counters = [m["downloads"] or 0 for m in found if m["missing_since"] is None]
    assert len(found) > 5
    counted = site.get("/index/models.json?_search=llama").json()["filtered_table_rows_count"]
    assert counted is not None
    assert counted >= len(found)
    assert counters == sorted(counters, reverse=True)
    chosen = site.get("/index/models.json?_search=llama&_shape=objects&_sort=id").json()
    assert [m["id"] for m in chosen["rows"]] == sorted((m["id"] for m in chosen["rows"]), key=str.lower)
    assert chosen["filtered_table_rows_count"] >= len(chosen["rows"])


def test_a_chosen_language_and_theme_are_kept(site: Site) -> None:
    answer = site.get("/claims?lang=fr&theme=dark")
    kept = answer.headers.get_list("set-cookie")
    assert [c.split(";")[0] for c in kept] == ["lang=fr", "theme=dark"]
    assert "no-store" in answer.headers["cache-control"]
    page = soup(site, "/claims", cookie="lang=fr; theme=dark")
    assert page.html is not None
    assert (page.html["lang"], page.html["data-theme"]) == ("fr", "dark")
    assert "lang=" not in " ".join(a["href"] for a in page.select("nav a"))
    refused = site.get("/claims?lang=xx")
    assert (refused.status_code, refused.headers.get("set-cookie")) == (400, None)


def test_datasettes_own_pages_stay_and_lead_back(site: Site) -> None:
    for path in (
        "/index",
        "/index/models",
        "/index/is_it_open?id=" + LLAMA,
        "/-/dashboards/openness",
    ):
        answer = site.get(path)
        assert answer.status_code == 200, path
        page = BeautifulSoup(answer.text, "html.parser")
        assert page.select_one('.op-head a[href="/table"]') is not None, path
        assert page.select_one('.op-find[action="/find"] input[name=q]') is not None, path
        assert answer.headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("raw", "page"),
    [
        ("/index/models", "/table"), ("/index", "/table"), ("/index/changes", "/changes"), ("/index/experts", "/experts"),
        ("/index/claims_that_do_not_hold", "/claims"), ("/index/trend_of_a_model", "/trends"), ("/index/licenses", "/licenses"),
        ("/index/rules", "/method#rules"), ("/index/crawls", "/status"), ("/index/share_by_level", "/trends#share"),
        ("/index/license_changes", "/changes"),
    ],
)  # fmt: skip
def test_a_page_of_raw_data_leads_to_the_page_that_shows_it(site: Site, raw: str, page: str) -> None:
    link = soup(site, raw).select_one(".op-raw a")
    assert link is not None
    assert link["href"] == page
    assert site.get(page).status_code == 200


def test_every_inline_script_is_allowed_by_its_hash_and_no_policy_allows_any_other(site: Site) -> None:
    allowed = 0
    for path in ("/", f"/model/{LLAMA}", "/index", "/index/models", "/-/dashboards",
                 "/-/dashboards/openness", "/-/dashboards/openness/llama", "/-/dashboards/openness/nonsense"):  # fmt: skip
        answer = site.get(path)
        policy = answer.headers["content-security-policy"]
        (scripts,) = [part.split() for part in policy.split(";") if part.strip().startswith("script-src")]
        assert "'unsafe-inline'" not in scripts, path
        assert ("'unsafe-eval'" in scripts) == path.startswith("/index"), path
        for script in re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", answer.text, re.DOTALL):
            digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in scripts, (path, script[:200])
            allowed += 1
    assert allowed > 5
    page = site.get("/-/dashboards/openness?x=');alert(1)//")
    assert "alert(1)" not in page.text


def test_datasettes_search_over_all_tables_leads_to_ours(site: Site) -> None:
    answer = site.get("/-/search?q=nemotron")
    assert answer.status_code == 302
    assert "Nemotron" in site.get(answer.headers["location"]).text


@pytest.mark.parametrize("by", ["level", "author", "license"])
def test_shares_over_time_are_a_chart_a_table_and_sql_that_agree(site: Site, by: str) -> None:
    said = site.get(f"/share.json?share={by}").json()
    nights: dict[str, float] = {}
    for row in said["shares"]:
        nights[row["date"]] = nights.get(row["date"], 0) + row["share"]
    assert len(nights) > 5
    assert all(abs(total - 1) < 1e-4 for total in nights.values())
    page = soup(site, f"/trends?share={by}")
    sql = page.select_one(".wide .sqlbox code").get_text()  # type: ignore[union-attr]
    by_sql = {tuple(r.values())[:3] for r in site.get(f"/index.json?_shape=array&sql={quote(sql)}").json()}
    named = {tuple(r.values())[:2] + (r["share"],) for r in said["shares"] if by == "level" or r["name"] != "(others)"}
    assert named <= by_sql
    svg = ET.fromstring(site.get(f"/share.svg?share={by}").text)
    assert len(svg.findall(".//{*}g/{*}rect")) > len(nights)
    lines = site.get(f"/share.csv?share={by}").text.splitlines()
    assert len(lines) == 1 + len(said["shares"])
    assert site.get("/share.json?share=taste").status_code == 400


def test_the_largest_organisation_lies_lowest_and_all_others_on_top(site: Site) -> None:
    keys = [li.get_text(" ") for li in soup(site, "/trends?share=author").select("#sharechart .keys li")]
    assert len(keys) == 8
    assert keys[0].strip().startswith("all others")
    parts = [float(re.search(r"([\d.]+)%", key)[1]) for key in keys[1:]]  # type: ignore[index]
    assert parts == sorted(parts)


def test_where_no_index_of_ours_is_served_the_site_stays_away(tmp_path: Path) -> None:
    import sqlite3

    from datasette.app import Datasette

    other = tmp_path / "index.db"
    conn = sqlite3.connect(other)
    conn.execute("CREATE TABLE mine (x)")
    conn.close()
    datasette = Datasette([str(other)])
    loop = Loop()
    answer = loop.run_until_complete(datasette.client.get("/"))
    loop.close()
    assert answer.status_code == 200
    assert "op-head" not in answer.text
    assert "content-security-policy" not in answer.headers
    for database in datasette.databases.values():
        database.close()
