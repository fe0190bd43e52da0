"""Requests parsed at the door: languages, parameters, addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("datasette", reason="the [web] extra is not installed")

from index.site import ask as asking
from index.site import guard, render
from index.site.ask import Ask, BadAsk


def request(query: dict[str, str] | None = None, path: str = "/table") -> Ask:
    return Ask(path, tuple((query or {}).items()), "en", "", "http://site.test")


@pytest.mark.parametrize(
    ("chosen", "cookie", "accepted", "language"),
    [
        ("", "", "", "en"),
        ("", "", "fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("", "", "de, en;q=0.4, fr;q=0.7", "fr"),
        ("", "", "fr;q=0, en;q=0.1", "en"),
        ("", "", "es, *;q=0.5", "en"),
        ("", "en", "fr", "en"),
        ("fr", "en", "en", "fr"),
        ("xx", "yy", "fr", "fr"),
        ("", "", "fr;q=nonsense", "en"),
    ],
)
def test_the_language_is_the_chosen_one_then_the_kept_one_then_the_accepted_one(
    chosen: str, cookie: str, accepted: str, language: str
) -> None:
    assert asking.language(chosen, cookie, accepted) == language


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_header_breaks_the_door(accepted: str, cookie: str) -> None:
    assert asking.language("", "", accepted) in asking.LANGUAGES
    assert isinstance(asking.cookies(cookie), dict)


def test_a_parameter_is_used_or_refused_and_never_bent() -> None:
    assert asking.choice(request(), "sort", ("likes",), "likes") == "likes"
    with pytest.raises(BadAsk):
        asking.choice(request({"sort": "1; DROP TABLE models"}), "sort", ("likes",))
    for bad in ("0", "201", "-1", "1.5", "x", "9" * 30, "１"):
        with pytest.raises(BadAsk):
            asking.number(request({"page": bad}), "page", 1, 200, 1)
    for bad in ("2026-13-01", "20260801", "2026-08-01T00:00", "yesterday", "2026-W01-1"):
        with pytest.raises(BadAsk):
            asking.day(request({"asof": bad}), "asof")
    with pytest.raises(BadAsk):
        asking.words(request({"q": "a\x00b"}), "q")
    with pytest.raises(BadAsk):
        asking.words(request({"q": "a" * 121}), "q")


def test_ten_thousand_ids_are_refused_and_two_hundred_are_not() -> None:
    assert len(asking.id_list(request({"ids": "\n".join(f"a/{n}" for n in range(200))}), "ids", 200)) == 200
    with pytest.raises(BadAsk):
        asking.id_list(request({"ids": ",".join(f"a/{n}" for n in range(10_000))}), "ids", 200)


@given(st.text(max_size=50), st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=20), max_size=4))
def test_a_link_never_leads_to_another_site(path: str, query: dict[str, str]) -> None:
    link = request(query, path).link(page=2)
    assert link.startswith("/")
    assert not link.startswith(("//", "/\\"))


def test_a_link_keeps_the_question_and_drops_the_switches() -> None:
    asked = request({"q": "llama 3", "page": "4", "lang": "fr", "theme": "dark"})
    assert asked.link(page=None) == "/table?q=llama+3"
    assert asked.link("/table.json") == "/table.json?q=llama+3&page=4"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "data:text/html,x", "//evil.test/x", "/local",
        "http://", "https://user:pass@evil.test/", "https://evil.test\\@good.test/", "https://a b/", "ht\ntp://x/", "vbscript:x",
        None, "",
    ],
)  # fmt: skip
def test_only_http_addresses_with_a_host_become_links(url: str | None) -> None:
    assert render.safe_link(url) == ""


def test_an_http_address_stays_as_it_is() -> None:
    assert render.safe_link("https://huggingface.co/a/b#c") == "https://huggingface.co/a/b#c"


def test_our_pages_allow_no_inline_script_and_no_frame() -> None:
    headers = guard.page_headers("text/html; charset=utf-8")
    assert "unsafe" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"


def test_embeds_may_be_framed_and_still_run_no_inline_script() -> None:
    headers = guard.page_headers("text/html; charset=utf-8", embeds=True)
    assert "frame-ancestors *" in headers["content-security-policy"]
    assert "x-frame-options" not in headers
    assert "unsafe" not in headers["content-security-policy"]


def test_datasettes_own_scripts_are_allowed_by_hash_and_no_other_inline_script_is() -> None:
    policy = guard.datasette_policy("/index/models")
    scripts = next(p for p in policy.split("; ") if p.startswith("script-src"))
    assert "'unsafe-inline'" not in scripts
    assert scripts.count("'sha256-") >= 3
