"""What pages state as a fact, held against the published sample: each through the real Datasette."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

pytest.importorskip("datasette", reason="the [web] extra is not installed")

from bs4 import BeautifulSoup

from index import explain
from index.model import Dimension
from index.rows import License, Model
from index.site import off_hub
from tests.site_data import Site, publish_hub


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = publish_hub(tmp_path_factory.mktemp("sample"))
    judged_by_people(found / "index.db")
    return found


@pytest.fixture(scope="module")
def site(data: Path) -> Iterator[Site]:
    found = Site(data)
    yield found
    found.close()


def judged_by_people(index: Path) -> None:
    """Systems without a repository, as three sources judge them: open in so many of the characteristics."""
    told = (("radboud", "ChatGPT", 0), ("radboud", "minChatGPT", 6), ("radboud", "Stanford Alpaca", 5),
            ("radboud", "LLaMA2 Chat", 1), ("radboud", "Lumo", 0), ("eu", "Stanford Alpaca", 4), ("eu", "BERT", 9))  # fmt: skip
    with closing(sqlite3.connect(index)) as db:
        for source, system, n in told:
            for place, dimension in enumerate(Dimension):
                if source == "radboud" or place < 12:
                    value = "open" if place < n else "closed"
                    db.execute("INSERT INTO experts VALUES (?, '1', ?, NULL, 1, ?, ?, NULL, NULL, 'x')",
                               (source, system, dimension.value, value))  # fmt: skip
        for component in ("mof:datasets", "mof:evaluation_code"):
            db.execute("INSERT INTO experts VALUES ('mot', '1', 'GPT-4', NULL, 1, ?, 'open', NULL, NULL, 'x')",
                       (component,))  # fmt: skip
        db.commit()


def soup(site: Site, path: str) -> BeautifulSoup:
    answer = site.get(path)
    assert answer.status_code == 200, (path, answer.text[:300])
    return BeautifulSoup(answer.text, "html.parser")


# -- systems without a repository -----------------------------------------------------------------------------------


def test_systems_without_a_repository_stand_by_their_score_once_each_with_chatgpt_last(site: Site) -> None:
    found = site.get("/table.json?offhub=1&size=25").json()["off_hub"]
    assert [(s["system"], s["source"], s["score"]) for s in found] == [
        ("minChatGPT", "radboud", 6.0), ("Stanford Alpaca", "radboud", 5.0), ("Lumo", "radboud", 0.0),
        ("ChatGPT", "radboud", 0.0),
    ]  # fmt: skip
    assert [list(s["cells"].values()).count("open") for s in found] == [6, 5, 0, 0]
    assert "off_hub" not in site.get("/table.json").json()
    rows = soup(site, "/table?offhub=1&size=25").select("tr.off")
    assert [r.select_one(".model").get_text() for r in rows] == [s["system"] for s in found]  # type: ignore[union-attr]
    assert all("not matched to a repository" in r.get_text() for r in rows)


def test_a_search_narrows_systems_without_a_repository_too(site: Site) -> None:
    assert [s["system"] for s in site.get("/table.json?offhub=1&q=stanford+alp").json()["off_hub"]] == [
        "Stanford Alpaca"
    ]
    assert site.get("/table.json?offhub=1&q=zzz").json()["off_hub"] == []
    assert soup(site, "/table?offhub=1&q=zzz").select("tr.off") == []


def test_a_score_of_14_is_shown_where_14_are_scored(site: Site) -> None:
    scores = {
        framework: soup(site, f"/table?offhub=1&q=minchat&framework={framework}").select_one("tr.off .score").get_text()  # type: ignore[union-attr]
        for framework in ("radboud14", "eu12", "mof")
    }
    assert scores == {"radboud14": "6.0", "eu12": "–", "mof": "–"}


@pytest.mark.parametrize(
    ("system", "known"),
    [("LLaMA2 Chat", True), ("Llama-2-7B", True), ("Gemma 7B Instruct", True), ("BERT", True), ("ChatGPT", False),
     ("minChatGPT", False), ("GPT-4", False), ("Stanford Alpaca", False), ("7B", False), ("", False)],
)  # fmt: skip
def test_a_system_called_like_a_family_of_the_hub_is_known_with_or_without_its_size(system: str, known: bool) -> None:
    assert off_hub.of_known_family(system) is known


# -- claims that do not hold ----------------------------------------------------------------------------------------


def grounds(site: Site, path: str = "/claims.json?holds=no") -> dict[str, str]:
    return {c["id"]: c["excluded"] for c in site.get(path).json()["claims"]}


def test_every_claim_that_does_not_hold_stands_with_what_excludes_it(site: Site) -> None:
    told = {c["id"]: c for c in site.get("/claims.json?holds=no").json()["claims"]}
    assert len(told) >= 5
    assert [one for one, c in told.items() if not c["excluded"]] == []
    chatglm = told["zai-org/chatglm3-6b"]
    assert (chatglm["level"], chatglm["level_max"], chatglm["restriction"]) == ("L2", "L3", "unknown-license")
    assert chatglm["excluded"] == "training data closed"
    assert {d for f in chatglm["facts"] for d in f["dimensions"]} == {"base_data", "end_data"}
    assert told["epfl-llm/meditron-7b"]["excluded"] == "community licence, click-through access"
    for end in ("en", "fr"):
        page = soup(site, f"/claims?lang={end}")
        item = next(li for li in page.select("ol.claims > li") if "chatglm3-6b" in li.get_text())
        assert "training data closed" in item.get_text() or "données d’entraînement fermées" in item.get_text()
        assert item.select(".grounds li")
        assert item.select("a[href^='/licenses/']") == []  # no licence was stated: that is not the ground


def test_a_licence_is_named_beside_a_failed_claim_where_it_is_the_ground(site: Site) -> None:
    page = soup(site, "/claims?holds=no")
    named = {
        li.select_one(".model")["href"].removeprefix("/model/").partition("#")[0]: [a["href"] for a in li.select("a[href^='/licenses/']")]  # type: ignore[index]
        for li in page.select("ol.claims > li")
    }  # fmt: skip
    assert named["epfl-llm/meditron-7b"] == ["/licenses/llama2"]
    assert named["microsoft/phi-2"] == []  # mit excludes nothing: its data and code are closed


def test_a_model_page_says_what_excludes_more_than_the_reason_of_its_level(site: Site) -> None:
    why = site.get("/model/zai-org/chatglm3-6b.json").json()["why_not_higher"]
    assert [w["why"] for w in why][-1] == "Anything above L3 is excluded: training data closed."
    assert "Tout ce qui dépasse L3 est exclu : données d’entraînement fermées." in " ".join(
        soup(site, "/model/zai-org/chatglm3-6b?lang=fr").get_text(" ").split()
    )


MODEL = Model(**{**dict.fromkeys(Model._fields), "id": "a/b", "level": "L0", "level_max": "L2"})
RAIL = License(
    **{**dict.fromkeys(License._fields, ""), "id": "rail", "restriction": "use-restricted", "conformant": "no"}
)
MIT = RAIL._replace(id="mit", restriction="", conformant="yes")


@pytest.mark.parametrize(
    ("facts", "license", "said"),
    [
        ({"restriction": "unknown-weights", "license_effective": "rail"}, RAIL, ("licence that restricts the field of use",)),
        ({"restriction": "unknown-weights", "license_effective": "mit", "gated": "auto"}, MIT, ("click-through access",)),
        ({"restriction": "unknown-weights"}, None, ("no licence stated",)),
        ({"level_max": "L0", "restriction": "no-weights", "license_effective": "mit"}, MIT, ("the complete file list has no weights",)),
        ({"level_max": "L1", "restriction": "unknown-weights", "gated": "manual", "license_effective": "mit"}, MIT, ("somebody approves each reader by hand",)),
        ({"level": "L2", "level_max": "L4", "restriction": "unknown-access", "cells": "ucuuuuuuuuuuuu"}, MIT, ("training data closed",)),
        ({"level": "L2", "level_max": "L4", "restriction": "unknown-access", "cells": "uuuuuuuuuuuuuu"}, MIT, ("open code and data excluded",)),
        ({"level": "L2", "level_max": "L5", "restriction": "community"}, MIT, ()),
    ],
)  # fmt: skip
def test_the_ground_is_that_of_the_highest_level_not_excluded(
    facts: dict[str, str], license: License | None, said: tuple[str, ...]
) -> None:
    assert explain.grounds(MODEL._replace(**facts), license) == said  # type: ignore[arg-type]


# -- days without a number ------------------------------------------------------------------------------------------


def told(site: Site, path: str) -> dict[str, list[str]]:
    """The table of a chart: first column -> the others."""
    rows = soup(site, path).select("details table.plain tbody tr")
    return {
        r.select_one("th").get_text(strip=True): [c.get_text(" ", strip=True) for c in r.select("td")] for r in rows
    }  # type: ignore[union-attr]


def test_a_night_that_was_read_and_gave_no_counter_is_not_called_unread(site: Site) -> None:
    table = told(site, "/trends?f=Llama+2&f=Llama+3&days=1095")
    assert {c["date"] for c in site.get("/status.json").json()["crawls"] if c["complete"]} >= {"2026-08-22"}
    assert table["2026-08-22"][0] == "no counter given"
    assert table["2026-08-22"][1].startswith("1,782,273")
    rows = csv.DictReader(io.StringIO(site.get("/trends.csv?f=Llama+2&days=1095").text))
    seen = {r["date"]: (r["downloads"], r["observed"]) for r in rows}
    assert seen["2026-08-22"] == ("", "1")  # read completely
    assert seen["2026-08-12"] == ("", "0")  # no walk that night


def test_an_age_that_a_series_has_not_reached_is_not_called_unread_and_the_table_ends_where_all_are(site: Site) -> None:
    table = told(site, "/trends?f=Llama+2&f=Llama+3&by=age")
    assert table
    words = {cell for cells in table.values() for cell in cells}
    released = {s["name"]: s["released"] for s in site.get("/trends.json?f=Llama+2&f=Llama+3").json()["series"]}
    last = (date(2024, 7, 11) - date.fromisoformat(released["Llama 2"])).days  # its newest counter
    assert max(map(int, table)) <= last
    assert "nobody looked" not in words
    fr = told(site, "/trends?f=Llama+2&f=Llama+3&days=1095&lang=fr")
    assert fr["2026-08-22"][0] == "aucun compteur donné"


def ticks(page: BeautifulSoup, chart: int = 0) -> list[str]:
    return [t.get_text() for t in page.select("svg.chart")[chart].select("text.ch-at")]


def test_the_chart_of_a_model_reaches_to_the_last_night_and_is_hatched_where_no_counter_is(site: Site) -> None:
    page = soup(site, "/model/HuggingFaceH4/zephyr-7b-beta")
    assert (ticks(page)[0], ticks(page)[-1]) == ("2025-01", "2026-07")
    (hatched,) = [r for r in page.select("svg.chart")[0].select("rect") if str(r.get("fill")).startswith("url(#gap")]
    assert float(hatched["width"]) > 600  # all but the first night
    assert "245,731 on 11 July 2024" in page.select_one(".figures").get_text(" ")  # type: ignore[union-attr]


@pytest.mark.parametrize(("days", "first"), [(30, "2026-07-24"), (90, "2026-05-25"), (365, "2025-09")])
def test_the_window_of_a_comparison_is_its_axis(site: Site, days: int, first: str) -> None:
    assert ticks(soup(site, f"/trends?f=Llama+3&days={days}"))[0] == first


def test_the_all_time_counter_can_be_drawn_and_a_family_has_none(site: Site) -> None:
    path = "/trends?m=epfl-llm/meditron-7b&f=Llama+3&series=all_time&days=1095"
    page = soup(site, path)
    chart = page.select("svg.chart")[0]
    assert "all downloads" in [t.get_text() for t in chart.select("text")]
    assert len(chart.select("circle")) == 1  # one night of one model
    assert "no all-time sum of a family: Llama 3" in page.get_text()
    assert page.select_one("#tseries option[selected]")["value"] == "all_time"  # type: ignore[index]
    known = [r for r in told(site, path).values() if r[1][0].isdigit() or r[0][0].isdigit()]
    assert len(known) == 1
    assert site.get(path.replace("/trends", "/trends.svg")).text.count("all downloads") == 1
    assert "downloads_all_time" in page.select_one(".sqlbox code").get_text()  # type: ignore[union-attr]
    own = soup(site, "/model/epfl-llm/meditron-7b")
    assert len(own.select("section[aria-labelledby=trend] svg.chart")) == 2
    assert own.select("a[href$='series=all_time']")
    assert site.get("/trends?series=monthly").status_code == 400
    assert "No counter seen for" in soup(site, "/trends?series=all_time").get_text()  # the last nights gave none


# -- what is proved, and what is only not excluded ------------------------------------------------------------------


def test_a_badge_states_a_range_where_more_is_not_excluded_and_a_level_where_it_is(site: Site) -> None:
    models = site.get("/table.json?size=200").json()["models"]
    ranged = next(m for m in models if m["level"] == "L2" and m["level_max"] == "L6")
    firm = next(m for m in models if m["level"] == m["level_max"] == "L2")
    picture = site.get(f"/badge/{ranged['id']}.svg").text
    assert ">L2–L6</text>" in picture
    said = f"openness: {ranged['id']}: L2 is proved (restricted), up to L6 is not excluded"
    assert f'aria-label="{said}"' in picture
    assert f"<title>{said}</title>" in picture
    assert ">L2 restricted</text>" in site.get(f"/badge/{firm['id']}.svg").text
    assert "n’est pas exclu" in site.get(f"/badge/{ranged['id']}.svg?lang=fr").text


def test_shares_by_level_say_how_much_of_each_may_be_higher(site: Site, data: Path) -> None:
    with closing(sqlite3.connect(data / "index.db")) as db:
        rows = db.execute("SELECT level, level_max, downloads FROM models WHERE missing_since IS NULL").fetchall()
    total = sum(n or 0 for _, _, n in rows)
    wanted: dict[str, float] = {}
    for level, top, n in rows:
        if top > level and n:
            wanted[level] = wanted.get(level, 0) + n / total
    found = site.get("/share.json").json()["may_be_higher"]
    assert {level: pytest.approx(part) for level, part in found["parts"]} == wanted
    assert found["share"] == pytest.approx(sum(wanted.values()))
    assert 0 < found["share"] < 1
    assert found["date"] == "2026-08-22"
    for path in ("/", "/trends"):
        words = " ".join(soup(site, path).get_text(" ").split())
        assert f"{100 * found['share']:.1f}% are of models whose level may be higher:" in words
    assert "may_be_higher" not in site.get("/share.json?share=license").json()
    assert "may be higher" not in soup(site, "/trends?share=license").select_one("#sharechart").get_text()  # type: ignore[union-attr]


# -- quotes ---------------------------------------------------------------------------------------------------------


def test_a_quote_is_read_without_marks_on_pages_and_stays_raw_in_json(data: Path, tmp_path: Path) -> None:
    """A card of the sample's own form, with what real cards have: tags, links, a bold mark cut in two."""
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    raw = 'Type:**\n<a href="https://x.example">Phi</a> is an [open-source](https://x.example/a) model.'
    with closing(sqlite3.connect(copy / "index.db")) as db:
        said = db.execute("SELECT quote FROM claims WHERE id = 'microsoft/phi-2'").fetchone()[0]
        for table, column in (("sights", "quote"), ("dossiers", "evidence")):
            new = raw if table == "sights" else json.dumps(raw)[1:-1]
            db.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (said, new))
        db.commit()
        assert db.execute("SELECT quote FROM claims WHERE id = 'microsoft/phi-2'").fetchone()[0] == raw
    site = Site(copy)
    try:
        for path in ("/", "/claims", "/model/microsoft/phi-2"):
            words = soup(site, path).get_text()
            assert "Type: Phi is an open-source model." in words, path
            assert "x.example" not in words, path
        assert raw in {c["quote"] for c in site.get("/claims.json").json()["claims"]}
        assert raw in {c["quote"] for c in site.get("/model/microsoft/phi-2.json").json()["claims"]}
    finally:
        site.close()
