"""The site as a person uses it: found, opened, compared, switched, on a phone, by keyboard, in both colours."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.serving import Server

pytestmark = pytest.mark.browser

LLAMA = "/model/meta-llama/Meta-Llama-3-8B"
CARD = "/card/LLM360/K2"
ASOF = "/model/nvidia/NVIDIA-Nemotron-Parse-2.0?asof=2026-08-21"
PAGES = (
    "/", "/table", "/table?rows=families", LLAMA, f"{LLAMA}/evidence/license", "/trends?f=Llama+2&f=Llama+3&days=1095",
    "/claims", "/changes", "/licenses", "/licenses/llama3", "/experts", "/method", "/status", "/api", "/table?page=x",
    CARD, ASOF,
)  # fmt: skip


class Watched:
    """A page with everything it complained about and every host it asked."""

    def __init__(self, context: Any, url: str) -> None:
        self.page = context.new_page()
        self.page.set_default_timeout(8_000)
        self.url = url
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.on("dialog", lambda d: (self.complaints.append(f"dialog: {d.message}"), d.dismiss()))
        self.page.on("request", lambda r: self.hosts.add(urlsplit(r.url).netloc) if r.url.startswith("http") else None)

    def open(self, path: str) -> Any:
        return self.page.goto(self.url + path)

    def check(self) -> None:
        assert self.complaints == []
        assert self.hosts <= {urlsplit(self.url).netloc}


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    made = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", reduced_motion="reduce")
    yield made
    made.close()


@pytest.fixture
def site(context: Any, sample: Server) -> Watched:
    return Watched(context, sample.url)


def test_llama_3_is_found_from_the_home_page_with_two_letters(site: Watched) -> None:
    site.open("/")
    with site.page.expect_response(lambda r: "/suggest.json" in r.url):
        site.page.locator("#hq").press_sequentially("ll")
    site.page.wait_for_function("document.querySelectorAll('#hfound option').length > 0")
    offered = site.page.eval_on_selector_all("#hfound option", "all => all.map(o => o.value)")
    assert "Llama 3" in offered
    site.page.eval_on_selector(  # what choosing it from the list does
        "#hq",
        "f => { f.value = 'Llama 3'; f.dispatchEvent(new InputEvent('input', {inputType: 'insertReplacementText'})) }",
    )
    site.page.wait_for_url("**/table?family=Llama%203*")
    assert "Meta-Llama-3-8B" in site.page.inner_text("table.grid")
    site.check()


def test_without_a_script_the_search_leads_to_the_same_place(browser: Any, sample: Server) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(sample.url + "/")
    page.locator("#hq").fill("llama 3")
    page.locator(".bigfind button").click()
    assert "family=Llama%203" in page.url
    page.locator("table.grid a.model").first.click()
    assert page.locator("h1").count() == 1
    context.close()


def test_a_cell_leads_to_its_evidence_with_the_quote(site: Watched) -> None:
    site.open("/table?q=Meta-Llama-3-8B&org=meta-llama")
    row = site.page.locator("table.grid tbody tr", has_text="Meta-Llama-3-8B").first
    row.locator("a.cell[title^=Licence]").click()
    site.page.wait_for_url("**#license")
    cell = site.page.locator("#license")
    assert cell.get_attribute("open") is not None
    assert "llama3" in cell.inner_text()
    assert cell.bounding_box()["y"] < 900
    site.check()


def test_two_families_are_compared_and_one_is_taken_away(site: Watched) -> None:
    site.open("/trends?f=Llama+2&days=1095")
    site.page.locator("#tadd").fill("Llama 3")
    site.page.get_by_role("button", name="Draw").click()
    assert "add=Llama+3" in site.page.url
    chart = site.page.locator("#chart svg.chart")
    assert {"Llama 2", "Llama 3"} <= set(re.findall(r"Llama \d", chart.inner_html()))
    site.page.locator(".chip input").first.uncheck()
    site.page.get_by_role("button", name="Draw").click()
    assert "Llama 2" not in site.page.locator("#chart svg.chart").inner_html()
    site.check()


def test_a_chart_is_downloaded_as_png(site: Watched) -> None:
    site.open("/trends?f=Qwen+3&days=30")
    for figure, name in (("#chart", "openness-trends.png"), ("#sharechart", "openness-share-by-level.png")):
        with site.page.expect_download() as download:
            site.page.locator(f"{figure} button[data-png]").click()
        assert download.value.suggested_filename == name
        body = download.value.path().read_bytes()
        assert body.startswith(b"\x89PNG")
        assert len(body) > 10_000
    site.check()


def test_a_change_is_followed_to_the_history_of_its_model(site: Watched) -> None:
    site.open("/")
    site.page.get_by_role("link", name="All changes").click()
    site.page.locator("#cfield").select_option("license")
    site.page.get_by_role("button", name="Show").click()
    site.page.get_by_role("link", name="NVIDIA-Nemotron-Parse-2.0").first.click()
    site.page.wait_for_url("**#history")
    assert "openmdw-1.1" in site.page.locator(".timeline").inner_text()
    site.check()


def test_an_address_with_a_broken_end_leaves_the_page_its_buttons(site: Watched) -> None:
    site.open("/trends#%")
    assert site.page.locator("#chart button[data-png]").is_visible()
    site.check()


def test_the_language_is_switched_and_kept(site: Watched) -> None:
    site.open(LLAMA)
    site.page.get_by_role("link", name="FR", exact=True).click()
    assert site.page.locator("html").get_attribute("lang") == "fr"
    assert "licence communautaire" in site.page.inner_text("main")
    site.open("/claims")
    assert "Affirmations" in site.page.inner_text("nav.nav")
    site.check()


def test_from_a_quote_one_comes_to_its_place_in_the_card(site: Watched) -> None:
    site.open("/model/LLM360/K2#training_code")
    link = site.page.locator('#training_code a[href*="/card/LLM360/K2#q-"]').first
    wanted = link.get_attribute("href").partition("#")[2]
    link.click()
    site.page.wait_for_url("**/card/LLM360/K2#q-*")
    mark = site.page.locator(f"mark#{wanted}")
    assert mark.is_visible()
    assert site.page.evaluate("document.querySelector('mark:target').getBoundingClientRect().top") < 900
    site.check()


def test_a_french_reader_is_greeted_in_french(browser: Any, sample: Server) -> None:
    context = browser.new_context(locale="fr-FR")
    page = context.new_page()
    page.goto(sample.url + "/")
    assert page.inner_text("h1") == "Ce modèle est-il vraiment ouvert ?"
    context.close()


def test_the_colours_are_switched_without_a_reload_and_kept(site: Watched) -> None:
    def ground() -> str:
        return str(site.page.evaluate("getComputedStyle(document.body).backgroundColor"))

    site.open("/")
    light = ground()
    site.page.locator('a[data-theme-to="dark"]').click()
    dark = ground()
    assert dark != light
    site.open("/table")
    assert ground() == dark
    site.page.locator('a[data-theme-to="auto"]').click()
    site.open("/")
    assert ground() == light
    site.check()


@pytest.mark.parametrize("path", PAGES)
def test_on_a_phone_nothing_runs_off_the_side(browser: Any, sample: Server, path: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="fr-FR")
    page = context.new_page()
    page.goto(sample.url + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_by_keyboard_one_skips_to_the_content_and_opens_a_cell(site: Watched) -> None:
    site.open(LLAMA)
    site.page.keyboard.press("Tab")
    assert site.page.evaluate("document.activeElement.className") == "skip"
    site.page.keyboard.press("Enter")
    assert site.page.evaluate("document.activeElement.id") == "main"
    cell = site.page.locator("details.cellbox:not([open])").first.get_attribute("id")
    summary = site.page.locator(f"#{cell} > summary")
    summary.focus()
    assert site.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    site.page.keyboard.press("Enter")
    assert site.page.locator(f"#{cell}").get_attribute("open") is not None
    site.check()


@pytest.mark.parametrize("path", PAGES)
def test_no_page_complains_or_asks_another_host(site: Watched, path: str) -> None:
    site.open(path)
    site.page.wait_for_load_state("networkidle")
    expected = [c for c in site.complaints if "status of 400" not in c] if path.endswith("=x") else site.complaints
    assert expected == []
    assert site.hosts <= {urlsplit(site.url).netloc}


@pytest.mark.parametrize("path", ["/index", "/index/models", "/index/is_it_open?id=x", "/index?sql=select+1"])
def test_datasettes_own_pages_work_under_their_policy(site: Watched, path: str) -> None:
    site.open(path)
    site.page.wait_for_load_state("networkidle")
    assert [c for c in site.complaints if "Content Security Policy" in c or "Content-Security-Policy" in c] == []
    assert site.hosts <= {urlsplit(site.url).netloc}


@pytest.mark.parametrize(("path", "charts"), [("/-/dashboards/openness", 3), ("/-/dashboards/openness/llama", 1)])
def test_a_dashboard_draws_its_charts_although_no_text_may_become_code(site: Watched, path: str, charts: int) -> None:
    policy = site.open(path).headers["content-security-policy"]
    assert "unsafe-eval" not in policy
    drawn = site.page.locator(".vega-embed :is(canvas, svg.marks)")
    drawn.nth(charts - 1).wait_for()
    assert drawn.count() == charts
    assert [c for c in site.complaints if "Content Security Policy" in c or "WARN" not in c] == []
    assert site.hosts <= {urlsplit(site.url).netloc}


class Blog(BaseHTTPRequestHandler):
    """Another site that frames pages of ours."""

    frames = ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(self.frames.encode())

    def log_message(self, *_: object) -> None:
        return


def test_an_embed_can_be_framed_and_a_page_cannot(context: Any, sample: Server) -> None:
    Blog.frames = (
        f'<iframe id="a" src="{sample.url}/trends?embed=1"></iframe><iframe id="b" src="{sample.url}/trends"></iframe>'
    )
    blog = ThreadingHTTPServer(("127.0.0.1", 0), Blog)
    threading.Thread(target=blog.serve_forever, daemon=True).start()
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{blog.server_port}/")
    page.wait_for_load_state("networkidle")
    embed, whole = (page.query_selector(s).content_frame() for s in ("#a", "#b"))
    assert embed.query_selector("svg.chart") is not None
    assert whole is None or whole.query_selector("svg.chart") is None
    blog.shutdown()
    blog.server_close()


#: Short forms of the long pages: axe needs minutes for a thousand cells.
AXE_PAGES = (
    "/", "/table?size=12&offhub=1", "/table?rows=families&q=llama", LLAMA, f"{LLAMA}/evidence/license",
    "/trends?f=Llama+2&f=Llama+3&days=1095", "/claims", "/changes?field=gated", "/licenses/llama3", "/experts", "/status",
    "/api", "/table?page=x", "/trends?embed=1", CARD,
    ASOF, "/trends?share=license&days=30",
)  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_against_wcag_2_2_aa(browser: Any, sample: Server, axe: str, scheme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    found = []
    for path in AXE_PAGES:
        page.goto(sample.url + path)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        page.evaluate(axe)
        result = page.evaluate(
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        )
        found += [f"{path}: {v['id']}: {v['help']}: {v['nodes'][0]['html'][:160]}: {v['nodes'][0].get('failureSummary', '')[:200]}"
                  for v in result["violations"]]  # fmt: skip
    context.close()
    assert found == []
