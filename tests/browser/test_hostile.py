"""An index in which every text of strangers is an attack: nothing runs, nothing is hidden, no link leads astray."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.browser.serving import Server
from tests.browser.test_site import Watched
from tests.site_data import PAYLOADS

pytestmark = pytest.mark.browser

IDS = [f"evil/{p}" for p in PAYLOADS] + ["evil/model.js"]
PAGES = (
    "/", "/table", "/table?rows=families", "/table?offhub=1", "/trends", "/claims", "/claims?holds=unshown", "/changes",
    "/licenses", "/experts", "/method", "/status", "/api",
    *(f"/table?q={quote(p)}" for p in PAYLOADS), *(f"/table?org={quote(p)}" for p in PAYLOADS),
    *(f"/trends?f={quote(p)}" for p in PAYLOADS), *(f"/trends?m={quote(p)}" for p in PAYLOADS),
    *(f"/table?ids={quote(p)}" for p in PAYLOADS), *(f"/table?sort={quote(p)}" for p in PAYLOADS),
    *(f"/licenses/{quote(p, safe='')}" for p in PAYLOADS), *(f"/model/{quote(p, safe='')}" for p in PAYLOADS),
    *(f"/model/{quote(i)}" for i in IDS), *(f"/model/{quote(i)}/evidence/license" for i in IDS),
    "/card/evil/model.js", *(f"/card/{quote(i)}" for i in IDS),
    *(f"/find?q={quote(p)}" for p in PAYLOADS), *(f"/changes?org={quote(p)}" for p in PAYLOADS),
    "/index", "/index/models", "/index/changes", "/index/evidence", "/index/claims_that_do_not_hold",
    "/index/is_it_open?id=" + quote(IDS[0]),
)  # fmt: skip


def test_no_payload_runs_on_any_page(browser: Any, hostile: Server) -> None:
    context = browser.new_context(bypass_csp=False)
    site = Watched(context, hostile.url)
    site.page.add_init_script("window.alert = () => { document.title = 'PWNED' }")
    shown = 0
    for path in PAGES:
        answer = site.open(path)
        assert answer.status < 500, path
        assert site.page.title() != "PWNED", path
        violations = [c for c in site.complaints if "Content Security Policy" in c or "dialog" in c]
        assert violations == [], (path, violations)
        made = site.page.eval_on_selector_all(
            "script:not([src]), img[src='x'], [onerror], [onload]",
            "all => all.filter(e => /alert/.test(e.outerHTML)).map(e => e.outerHTML.slice(0, 120))",
        )
        assert made == [], path
        astray = site.page.eval_on_selector_all(
            "a[href]",
            "all => all.map(a => a.getAttribute('href')).filter(h => /^\\s*(javascript|data|vbscript):/i.test(h))",
        )
        assert astray == [], path
        shown += "alert(" in site.page.inner_text("body")
    assert shown > 20  # the payloads are there, as text
    assert site.hosts <= {urlsplit(hostile.url).netloc}
    context.close()


def test_the_policy_stops_a_script_even_if_escaping_failed(browser: Any, hostile: Server) -> None:
    context = browser.new_context()
    page = context.new_page()
    for path in ("/", "/index/models"):
        page.goto(hostile.url + path)
        page.evaluate(
            """() => { const s = document.createElement('div');
                 s.innerHTML = '<img src="data:," onerror="window.ran = true"><svg onload="window.ran = true"></svg>';
                 document.body.append(s);
                 const t = document.createElement('script'); t.textContent = 'window.ran = true'; document.body.append(t); }"""
        )
        page.wait_for_timeout(150)
        assert page.evaluate("window.ran") is None, path
    context.close()


@pytest.mark.parametrize("path", ["/table.json?size=200", "/changes.json", "/claims.json", "/licenses.json", "/experts.json",
                                  "/changes.atom", "/trends.svg", "/table.csv", "/badge/evil/x%3Cscript%3E.svg",
                                  f"/trends.svg?m={quote(IDS[0])}", f"/model/{quote(IDS[0])}.cdx.json"])  # fmt: skip
def test_what_is_for_machines_is_never_read_as_a_page(browser: Any, hostile: Server, path: str) -> None:
    answer = browser.new_context().request.get(hostile.url + path)
    assert answer.status in (200, 404), answer.text()
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "html" not in answer.headers["content-type"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    if "svg" in answer.headers["content-type"]:
        assert "<script" not in answer.text()
