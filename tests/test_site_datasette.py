"""Datasette's own pages, written with less work: the same pages, the same answers."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("datasette", reason="the [web] extra is not installed")

from bs4 import BeautifulSoup
from datasette.plugins import pm

from index.serve import PLUGINS
from index.site import memory, reads
from tests.site_data import Site, publish_hostile

PAGES = (
    "/index", "/index/models", "/index/models?_sort=likes", "/index/models?level=L2&_sort_desc=downloads&_size=3",
    "/index/models?_search=evil", "/index/models?author=nobody", "/index/models/1", "/index/licenses", "/index/evidence",
    "/index/claims", "/index/claims_that_do_not_hold", "/index/levels?_labels=on",
    "/index?sql=select+id+as+%22%3Cb%3E+x%22%2C+license%2C+%27%5B1%5D%27%2C+null%2C+%27https%3A%2F%2Fx.example%27+from+models",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    found = Site(publish_hostile(tmp_path_factory.mktemp("hostile")), num_sql_threads=1)  # one connection to listen to
    yield found
    found.close()


def plugin(name: str) -> Any:
    """One of our plugins of Datasette, which are files and no package."""
    return next(p for p in pm.get_plugins() if getattr(p, "__file__", None) == str(PLUGINS / f"{name}.py"))


def page(site: Site, path: str) -> str:
    """The page, made anew, without white space between tags and without what is another one each time."""
    site.datasette.__dict__.pop("_openness_cache", None)
    answer = site.get(path)
    assert answer.status_code == 200, answer.text[:300]
    html = answer.text.replace(' rel="nofollow noopener"', "")  # ours only: links out of cells
    return re.sub(r"Queries took [\d.]+ms", "", re.sub(r"\s+", " ", re.sub(r">\s+|\s+<", lambda m: m[0].strip(), html)))


def test_pages_of_datasette_are_what_its_own_templates_and_hooks_make(site: Site) -> None:
    lean, spared = plugin("lean_templates"), plugin("spared_work")
    ours = [page(site, path) for path in PAGES]
    env, cells = site.datasette.jinja_env, pm.hook.render_cell
    assert isinstance(cells, spared.Cells)
    extension = env.extensions.pop(lean.Lean.identifier)
    pm.hook.render_cell = cells._hook
    env.cache.clear()
    try:
        theirs = [page(site, path) for path in PAGES]
        assert "openness_table_rows" not in env.loader.get_source(env, "_table.html")[0]
    finally:
        env.extensions[lean.Lean.identifier] = extension
        pm.hook.render_cell = cells
        env.cache.clear()
    for path, own, its in zip(PAGES, ours, theirs, strict=True):
        assert own == its, path
    assert any("&lt;script&gt;" in own for own in ours)
    assert any('<pre style="white-space: pre-wrap">' in own for own in ours)


@pytest.mark.parametrize(
    ("template", "call"),
    [
        ("_table.html", "{{ openness_table_rows(display_rows) }}"),
        ("_table.html", "openness_sorting(request, '_sort_desc', column.name)"),
        ("_table.html", "openness_sorting(request, '_sort', column.name)"),
        ("query.html", "{{ openness_query_rows(columns, display_rows) }}"),
        ("table.html", "{% set gathered %}"),
        ("database.html", "{% set gathered %}"),
        ("row.html", "{% set gathered %}"),
    ],
)
def test_templates_of_the_pinned_datasette_are_still_understood(site: Site, template: str, call: str) -> None:
    env = site.datasette.jinja_env
    assert call in plugin("lean_templates").Lean(env).preprocess(env.loader.get_source(env, template)[0], template)


@pytest.mark.parametrize("template", ["table.html", "_table.html", "query.html", "database.html"])
def test_fields_of_the_pinned_datasette_are_still_found(site: Site, template: str) -> None:
    labelled, env = plugin("labelled_templates"), site.datasette.jinja_env
    source = env.loader.get_source(env, template)[0]
    assert [there for there, _ in labelled.NAMES[template] if there not in source] == []


@pytest.mark.parametrize(
    "path", ["/index", "/index/models?level=L1&author=evil", "/index?sql=select+1", "/index/is_it_open?id=x"]
)
def test_every_field_of_datasettes_pages_has_a_name_and_what_scrolls_can_be_reached(site: Site, path: str) -> None:
    page = BeautifulSoup(site.get(path).text, "html.parser")
    named = {label.get("for") for label in page.find_all("label")}
    fields = [f for f in page.find_all(["input", "select", "textarea"]) if f.get("type") not in ("hidden", "submit")]
    assert fields
    assert [f for f in fields if not (f.get("aria-label") or f.get("id") in named or f.find_parent("label"))] == []
    assert [w for w in page.select(".table-wrapper") if w.get("tabindex") != "0"] == []


def test_a_link_that_a_stranger_wrote_is_not_recommended_wherever_it_stands(site: Site) -> None:
    there = "https://elsewhere.example/x"
    for path in (f"/index?sql=select+'{there}'+as+x", "/index/licenses?_size=200"):
        page = BeautifulSoup(site.get(path).text, "html.parser")
        links = [a for a in page.select("td a[href]") if a["href"].startswith("http")]
        assert links
        assert [a for a in links if a.get("rel") != ["nofollow", "noopener"]] == []


def test_a_page_has_at_most_two_hundred_rows_and_programs_get_a_thousand(site: Site) -> None:
    for size in ("max", "500", "1000"):
        page = BeautifulSoup(site.get(f"/index/rules?_size={size}").text, "html.parser")
        assert len(page.select("tbody tr")) <= 200
        assert "_size=200" in (page.select_one("a[href*=_next]") or {"href": "_size=200"})["href"]
    many = "with+recursive+n(x)+as+(select+1+union+all+select+x%2B1+from+n+limit+900)+select+x+from+n"
    page = BeautifulSoup(site.get(f"/index?sql={many}").text, "html.parser")
    assert len(page.select("tbody tr")) == 201
    assert "700 more rows are in the JSON and the CSV." in page.get_text()
    assert len(site.get(f"/index.json?sql={many}&_shape=array").json()) == 900
    assert site.get("/index/rules?_size=2000").status_code == 400


@pytest.mark.parametrize("path", ["/\\evil.test/", "//evil.test/", "//evil.test", "/table/", "/%5Cevil.test/"])
def test_no_address_leads_to_another_site(site: Site, path: str) -> None:
    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": path.replace("%5C", "\\"), "raw_path": path.encode(),
             "query_string": b"", "headers": [(b"host", b"localhost")], "scheme": "http", "http_version": "1.1"}  # fmt: skip
    site.loop.run_until_complete(site.datasette.app()(scope, receive, send))
    headers = dict(sent[0]["headers"])  # type: ignore[call-overload]
    assert headers.get(b"location", b"/table") == b"/table"
    assert sent[0]["status"] == (302 if path == "/table/" else 404)


def test_a_method_that_writes_is_refused(site: Site) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        refused = site.loop.run_until_complete(site.datasette.client.request(method, "/table"))
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


def test_the_list_of_databases_does_not_say_where_the_file_lies(site: Site) -> None:
    (listed,) = site.get("/-/databases.json").json()
    assert listed["path"] == "index.db"


def test_a_template_that_is_not_understood_is_left_alone(site: Site) -> None:
    lean = plugin("lean_templates").Lean(site.datasette.jinja_env)
    for source in ("{% block content %}never ended", "{% for row in rows %}{{ row }}{% endfor %}"):
        assert lean.preprocess(source, "table.html") == source
        assert lean.preprocess(source, "query.html") == source


def test_the_file_is_asked_about_itself_once_and_a_filter_counted_once(site: Site) -> None:
    asked: list[str] = []
    database = site.datasette.databases["index"]
    site.loop.run_until_complete(database.execute_fn(lambda conn: conn.set_trace_callback(asked.append)))
    page(site, "/index/models?level=L1&_size=1")
    before = len(asked)
    assert any(sql.startswith("select count(*) from models where") for sql in asked)
    page(site, "/index/models?level=L1&_size=7")
    again = asked[before:]
    assert any(sql.startswith("select model") for sql in again)
    assert [
        sql for sql in again if "sqlite_master" in sql or "PRAGMA" in sql or sql.startswith("select count(*)")
    ] == []


def test_a_search_among_the_models_asks_for_its_page_alone_and_finds_the_same(site: Site) -> None:
    asked: list[str] = []
    database = site.datasette.databases["index"]
    site.loop.run_until_complete(database.execute_fn(lambda conn: conn.set_trace_callback(asked.append)))
    for word in ("evil", "model", "js"):
        sql = f"select id from models where place in (select rowid from models_fts where models_fts match '\"{word}\"') order by place"
        whole = [id for (id,) in site.loop.run_until_complete(database.execute(sql, truncate=True)).rows]
        for size in (1, 3, 100):
            found, path = [], f"/index/models.json?_search={word}&_size={size}&_shape=objects&_col=id&_nocount=1"
            while path:
                said = site.get(path).json()
                found += [row["id"] for row in said["rows"]]
                path = (said["next_url"] or "").removeprefix("http://localhost")
            assert found == whole
        assert whole
    pages = [sql for sql in asked if "escape_fts" in sql]
    assert pages
    assert all(" order by rowid limit " in sql for sql in pages)
    assert any("rowid > cast(" in sql for sql in pages)


def test_answers_are_kept_up_to_a_bound_and_never_those_that_failed(site: Site) -> None:
    kept = plugin("kept_schema")
    calls: list[Any] = []

    async def ask(*args: Any, **options: Any) -> list[int]:
        calls.append(args)
        if args == ("bad",):
            raise ValueError("bad")
        return [len(calls)]

    question = kept.Remembered(ask)

    def answer(*args: Any) -> Any:
        return site.loop.run_until_complete(question(*args))

    first = answer("a")
    first.append(99)  # an asker's own list
    assert answer("a") == [1]
    for _ in range(2):
        with pytest.raises(ValueError):
            answer("bad")
    assert len(calls) == 3
    long = "x" * kept.KEY
    assert answer(long) != answer(long)
    for n in range(kept.ROOM):
        answer(n)
    assert len(question._known) == kept.ROOM
    assert answer("a") != [1]


def test_what_readers_asked_is_kept_for_those_asked_last_only(site: Site) -> None:
    made: list[object] = []

    def ask(db: Any, key: object) -> int:
        return memory.recall(db, key, lambda: made.append(key) or len(made))

    def asking(db: Any) -> None:
        assert [ask(db, "first"), ask(db, "first")] == [1, 1]
        for n in range(memory.RECALLED - 1):
            ask(db, n)
        assert ask(db, "first") == 1  # asked again, so it stays
        for n in range(memory.RECALLED - 1):
            ask(db, -1 - n)
        assert len(memory._recent) == memory.RECALLED
        assert ask(db, "first") == 1
        ask(db, "one more"), ask(db, "and one")
        assert ask(db, 0) != 2
        long = "x" * memory.KEY
        assert ask(db, long) != ask(db, long)

    site.loop.run_until_complete(site.datasette.databases["index"].execute_fn(asking))


def test_claims_without_a_counter_come_last_by_the_last_one_known_on_whatever_page(site: Site) -> None:
    def paged(db: Any) -> None:
        db = copied(db)
        db.execute("UPDATE models SET claims_open_source = 1, level = 'L2', level_max = 'L2' WHERE id LIKE 'evil/%'")
        db.execute("UPDATE models SET downloads = NULL WHERE place > 3")
        every = reads.claims(db, "no", 100, 0)
        latest = "SELECT downloads FROM downloads WHERE id = ? AND downloads >= 0 ORDER BY date DESC LIMIT 1"
        counts = [(c.downloads is None, -(c.downloads or db.execute(latest, [c.id]).fetchone()[0])) for c in every]
        assert len(every) > 5
        assert counts == sorted(counts)
        assert 0 < sum(silent for silent, _ in counts) < len(every)
        for size in (1, 2, 3, 5):
            pages = [reads.claims(db, "no", size, first) for first in range(0, len(every), size)]
            assert tuple(claim for page in pages for claim in page) == every
        db.close()

    site.loop.run_until_complete(site.datasette.databases["index"].execute_fn(paged))


def copied(db: Any) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:")
    db.backup(copy)
    return copy


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nope", 404), ("/index/nope", 404), ("/index/nope.json", 404), ("/index?sql=select", 400), ("/index?sql=delete+from+models", 400)],
)  # fmt: skip
def test_a_wrong_address_costs_the_log_a_line_at_most(
    site: Site, capfd: pytest.CaptureFixture[str], path: str, status: int
) -> None:
    assert site.get(path).status_code == status
    said = capfd.readouterr()
    assert len((said.out + said.err).splitlines()) <= 1, said  # Datasette's own line names SQL that failed
