"""What pages state as a fact, held against the published sample: each through the real Datasette."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
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
