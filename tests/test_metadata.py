"""datasette_metadata.json describes all of index.db, and everything it promises runs in the real Datasette."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("datasette", reason="the [web] extra is not installed")

from datasette.app import Datasette

from index.overrides import Override
from index.publish import publish
from index.serve import PLUGINS, SETTINGS, STATIC, metadata_file
from tests.site_data import Loop
from tests.small_hub import LICENSES, NOW, PROBES, RULES, small_hub

META = json.loads(metadata_file().read_text(encoding="utf-8"))
INDEX = META["databases"]["index"]
SAMPLES = {
    "id": "META-llama/meta-llama-3-8b",
    "family": "llama 3",
    "since": "2026-11-01",
    "level": "L2",
    "words": "llama 3",
}


class Site:
    """Datasette as `serve` sets it up, in this process."""

    def __init__(self, data: Path) -> None:
        self.loop = Loop()
        self.datasette = Datasette(
            [],
            immutables=[str(data / "index.db")],
            metadata=META,
            plugins_dir=str(PLUGINS),
            static_mounts=[(STATIC[0], str(STATIC[1]))],
            inspect_data=json.loads((data / "index.inspect.json").read_text()),
            settings={name: {"on": True, "off": False}.get(value, value) for name, value in SETTINGS.items()
                      if value in ("on", "off")} | {n: int(v) for n, v in SETTINGS.items() if v.isdigit()},
        )  # fmt: skip
        self.loop.run_until_complete(self.datasette.invoke_startup())

    def get(self, path: str) -> Any:
        return self.loop.run_until_complete(self.datasette.client.get(path))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    small_hub(folder / "hub.db")
    expert = {
        "source": "x",
        "source_version": "1",
        "system": "y",
        "dimension": "license",
        "value": "open",
        "attribution": "z",
    }
    agreement = {"dimension": "license", "reading": "r", "n": 1}
    review = Override("allenai/OLMo-7B", "level", "L5", "Ada Example", "2026-11-05", "Read.", "https://example.org")
    publish(
        folder, NOW, RULES, PROBES, LICENSES, experts=[expert], agreement=[agreement], reviewed={review.model: [review]}
    )
    return folder


@pytest.fixture(scope="module")
def site(data: Path) -> Iterator[Site]:
    found = Site(data)
    yield found
    for database in found.datasette.databases.values():
        database.close()
    found.loop.close()


@pytest.fixture(scope="module")
def index(data: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(data / "index.db")) as conn:
        yield conn


def tables(conn: sqlite3.Connection) -> list[str]:
    shadow = re.compile(r"models_fts_.*|sqlite_.*")
    names = [name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
    return [name for name in names if not shadow.fullmatch(name)]


def columns(conn: sqlite3.Connection, table: str) -> set[str]:
    # A virtual table has hidden columns of its own (hidden = 1); a generated column is one of ours (2).
    return {row[1] for row in conn.execute(f"PRAGMA table_xinfo({table})") if row[6] != 1}


def test_every_table_and_view_is_described_and_nothing_else_is(index: sqlite3.Connection) -> None:
    assert set(INDEX["tables"]) == set(tables(index))


def test_every_table_has_a_title_a_description_a_source_and_a_licence() -> None:
    wanted = ("title", "description", "source", "source_url", "license", "license_url")
    bare = [(table, key) for table, words in INDEX["tables"].items() for key in wanted if not words.get(key)]
    assert bare == []


def test_every_column_is_described_and_no_other_is(index: sqlite3.Connection) -> None:
    for table, words in INDEX["tables"].items():
        assert set(words["columns"]) == columns(index, table), table
        assert all(text.strip() for text in words["columns"].values()), table


def test_facets_sort_orders_labels_and_units_name_columns_that_exist(index: sqlite3.Connection) -> None:
    for table, words in INDEX["tables"].items():
        named = [*words.get("facets", []), *words.get("units", {})]
        named += [words[key] for key in ("sort", "sort_desc", "label_column", "fts_pk") if key in words]
        assert set(named) <= columns(index, table), table


@pytest.mark.parametrize("table", ["models", "changes", "judgements", "evidence", "downloads", "lineage"])
def test_no_page_counts_millions_of_rows_for_a_facet(table: str) -> None:
    assert "facets" not in INDEX["tables"][table]  # 100 ms for each at 3.2 million models


@pytest.mark.parametrize("table", sorted(INDEX["tables"]))
def test_every_table_has_a_page_with_its_title_and_rows(site: Site, table: str) -> None:
    page = site.get(f"/index/{table}")
    assert page.status_code == 200, page.text[-500:]
    assert INDEX["tables"][table]["title"] in page.text
    assert site.get(f"/index/{table}.json?_shape=array").json(), f"the sample has no row in {table}"


def test_a_view_has_its_count_without_counting(site: Site, index: sqlite3.Connection) -> None:
    for view in ("judgements", "evidence", "downloads"):
        (count,) = index.execute(f"SELECT count(*) FROM {view}").fetchone()
        assert site.get(f"/index/{view}.json").json()["filtered_table_rows_count"] == count
        assert site.datasette.inspect_data["index"]["tables"][view]["count"] == count
    assert site.get("/index").status_code == 200


def test_tables_for_the_inside_are_hidden(site: Site) -> None:
    shown = {t["name"] for t in site.get("/index.json").json()["tables"] if not t["hidden"]}
    assert "models" in shown
    assert "license_counts" in shown
    assert not shown & {"terms", "dossiers", "counters", "ancestors", "verdicts", "looks", "sights", "models_fts"}


@pytest.mark.parametrize("name", sorted(INDEX["queries"]))
def test_every_canned_query_is_described_and_answers_with_rows(site: Site, name: str) -> None:
    query = INDEX["queries"][name]
    assert query["title"]
    assert query["description"].endswith(".")
    wanted = "&".join(f"{p}={SAMPLES[p]}" for p in query.get("params", []))
    answer = site.get(f"/index/{name}.json?_shape=array&{wanted}")
    assert answer.status_code == 200, answer.text
    assert answer.json(), "the sample has every situation, so every query has an answer"
    assert site.get(f"/index/{name}").status_code == 200  # without parameters: the page with its form


@pytest.mark.parametrize("name", sorted(n for n, q in INDEX["queries"].items() if q.get("params")))
def test_a_canned_query_has_a_good_default(site: Site, name: str) -> None:
    assert site.get(f"/index/{name}.json?_shape=array").json()


@pytest.mark.parametrize("name", sorted(n for n, q in INDEX["queries"].items() if q.get("params")))
def test_a_canned_query_takes_hostile_words_as_words(site: Site, name: str) -> None:
    for word in ("'; DROP TABLE models; --", '" OR 1', "<script>", "%00", "*"):
        answer = site.get(f"/index/{name}.json?_shape=array&" + "&".join(f"{p}={word}" for p in SAMPLES))
        # Nobody's name holds a NUL; the full-text search answers it with 400.
        assert answer.status_code in ((200, 400) if word == "%00" else (200,)), (word, answer.text)


def test_is_it_open_answers_in_words(site: Site) -> None:
    def ask(name: str) -> dict[str, Any]:
        return site.get(f"/index/is_it_open.json?_shape=array&id={name}").json()[0]

    assert ask("meta-llama/Meta-Llama-3-8B")["is_it_open"] == "no"
    assert ask("meta-llama/Meta-Llama-3-8B")["why_not_higher"] == "community"
    assert ask("allenai/OLMo-7B")["is_it_open"].startswith("yes")
    assert ask("old-name/model")["id"] == "new-name/model"
    assert ask("unjudged/new")["is_it_open"] == "not judged yet"
    assert ask("")["id"] == "meta-llama/Llama-2-7b-hf"  # the most downloaded one
    assert site.get("/index/is_it_open.json?_shape=array&id=no/such").json() == []


def test_a_trend_has_gaps_where_nobody_looked_and_where_the_model_was_away(site: Site) -> None:
    found = site.get("/index/trend_of_a_model.json?_shape=array&id=returned/llama-tune").json()
    assert [(row["date"][-1], row["downloads"]) for row in found] == [("1", 10), ("3", 10), ("5", 20), ("6", 20)]


def test_licence_changes_are_a_feed(site: Site) -> None:
    feed = site.get("/index/license_changes_feed.atom")
    assert feed.status_code == 200
    assert "new-name/model: mit -&gt; apache-2.0" in feed.text
    assert "<title>Licence changes on the Hugging Face Hub</title>" in feed.text


def test_search_finds_models_on_the_table_page(site: Site) -> None:
    found = site.get("/index/models.json?_search=llama+3&_shape=array").json()
    assert {row["id"] for row in found} == {"meta-llama/Meta-Llama-3-8B", "returned/llama-tune"}


def test_the_charts_have_queries_that_answer_within_the_limit_of_rows(site: Site, index: sqlite3.Connection) -> None:
    dashboard = META["plugins"]["datasette-dashboards"]["openness"]
    assert {name for row in dashboard["layout"] for name in row} == set(dashboard["charts"])
    for name, chart in dashboard["charts"].items():
        assert index.execute(chart["query"]).fetchall(), name
        # 'table' and 'metric' charts of the plugin write data into the page as HTML
        assert chart["library"] == "vega-lite"


def test_a_dashboard_loads_nothing_from_another_host(site: Site) -> None:
    page = site.get("/-/dashboards/openness")
    assert page.status_code == 200
    loaded = re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"([^\"]+)\"", page.text)
    assert any("vega-lite" in address for address in loaded)
    assert [address for address in loaded if re.match(r"(https?:)?//", address)] == []


def test_search_engines_read_the_home_page_only_unless_told_otherwise(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert site.get("/robots.txt").text == "User-agent: *\nDisallow: /index"
    monkeypatch.setenv("OPENNESS_ROBOTS", "User-agent: *\nDisallow: /")
    assert site.get("/robots.txt").text == "User-agent: *\nDisallow: /"


def test_other_sites_may_read_the_json(site: Site) -> None:
    assert site.get("/index/levels.json").headers["access-control-allow-origin"] == "*"


def test_text_of_the_hub_is_shown_as_text(data: Path, site: Site) -> None:
    assert META["plugins"]["datasette-render-markdown"] == {"patterns": [], "columns": []}
    page = site.get("/index?sql=select+'<script>alert(1)</script>'+as+x_markdown,+'javascript:alert(1)'+as+y")
    assert "<script>alert(1)" not in page.text
    assert 'href="javascript:' not in page.text


def test_settings_for_datasette_1_are_those_that_the_command_gives_to_0_65() -> None:
    as_text = {name: {True: "on", False: "off"}.get(value, str(value)) for name, value in META["settings"].items()}
    assert as_text == dict(SETTINGS)


def test_the_style_sheet_is_ours_and_there(site: Site) -> None:
    for address in META["extra_css_urls"]:
        assert f'href="{address}"' in site.get("/index/models").text
        assert "column-descriptions" in site.get(address).text


def test_a_family_chart_has_an_empty_point_where_nobody_looked(index: sqlite3.Connection) -> None:
    query = META["plugins"]["datasette-dashboards"]["openness"]["charts"]["llama"]["query"]
    found = {(day, family): downloads for day, family, downloads, *_ in index.execute(query)}
    assert found["2026-11-03", "Llama 3"] == 130
    assert found["2026-11-04", "Llama 3"] is None  # a line breaks here; without the row it would run on
    assert len(found) == 6 * 2


def test_a_family_chart_draws_no_line_to_a_sum_of_few_models(index: sqlite3.Connection) -> None:
    chart = META["plugins"]["datasette-dashboards"]["openness"]["charts"]["llama"]
    index.execute(
        "UPDATE family_downloads SET members = 2 * models + 1 WHERE family = 'Llama 3' AND date = '2026-11-03'"
    )
    cursor = index.cursor()
    cursor.row_factory = sqlite3.Row  # type: ignore[assignment]
    found = {(row["date"], row["family"]): row for row in cursor.execute(chart["query"])}
    index.rollback()
    few = found["2026-11-03", "Llama 3"]
    assert (few["downloads"], few["thin"], few["line"]) == (130, 1, None)
    others = [row for row in found.values() if row["downloads"] is not None and row is not few]
    assert others
    assert [row for row in others if (row["thin"] or 0, row["line"]) != (0, row["downloads"])] == []
    line, point = chart["display"]["layer"]
    assert (line["encoding"]["y"]["field"], point["encoding"]["y"]["field"]) == ("line", "downloads")


def test_the_home_page_says_what_this_is(site: Site) -> None:
    page = site.get("/")
    assert META["title"] in page.text
    for link in re.findall(r'href="(/[^"]*)"', META["description_html"]) + [META["about_url"]]:
        assert site.get(link).status_code == 200, link
