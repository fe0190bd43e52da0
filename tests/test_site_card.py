"""A stranger's card on our page: it says what it said, and does nothing."""

from __future__ import annotations

import asyncio
import inspect
import re
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("datasette", reason="the [web] extra is not installed")

from bs4 import BeautifulSoup
from datasette.utils.asgi import Request

from index.site import cardview, host, routes
from index.site.ask import Ask, anchor
from index.site.cardview import MAX_SHOWN, Quote, view
from index.site.host import Answer
from tests.site_data import CARD, HOSTILE_ID, Site, publish_hostile, publish_hub

K2 = "LLM360/K2"
HARMLESS = {"href", "rel", "id", "class", "tabindex", "colspan"}


def shown(text: str, *quotes: Quote, home: str = "") -> BeautifulSoup:
    return BeautifulSoup(view(text.encode(), quotes, "[picture: {}]", home).html, "html.parser")


def test_nothing_of_an_attack_is_left_but_its_words() -> None:
    page = shown(CARD)
    assert not page.find_all(
        ["script", "style", "iframe", "svg", "img", "form", "button", "base", "meta", "link", "math"]
    )
    assert {name for tag in page.find_all(True) for name in tag.attrs} <= HARMLESS
    assert "fully open source model" in page.get_text()
    assert [a["href"] for a in page.find_all("a")] == ["https://elsewhere.example/x"]
    assert {tuple(a["rel"]) for a in page.find_all("a")} == {("nofollow", "noopener")}


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "vbscript:x", "//evil",
     "http://user@host/", "https:\\\\evil", "&#106;avascript:alert(1)", "file:///etc/passwd", "#main"],
)  # fmt: skip
def test_a_link_leads_to_the_web_or_nowhere(address: str) -> None:
    assert not shown(f'<a href="{address}">there</a>').find_all("a", href=True)
    assert not shown(f"[there]({address})").find_all("a", href=True)


def test_pictures_are_words_and_relative_links_lead_to_the_hub() -> None:
    page = shown(
        "![a curve](https://x.example/c.png)\n\n[code](train.py)", home="https://huggingface.co/a/b/blob/main/"
    )
    assert "[picture: a curve]" in page.get_text()
    assert page.a is not None
    assert page.a["href"] == "https://huggingface.co/a/b/blob/main/train.py"


def test_what_an_eye_would_not_see_is_shown_and_joiners_of_a_script_stay() -> None:
    assert "safe<U+202E>evil" in shown("safe\u202eevil").get_text()
    assert "a<U+200B>b" in shown("a\u200bb").get_text()
    assert "می\u200cخواهم" in shown("می\u200cخواهم").get_text()
    assert "a<U+200D>b" in shown("a\u200db").get_text()


def test_headings_stand_below_ours_without_a_step_left_out() -> None:
    page = shown("# A\n\n### B\n\n###### C\n\n# D\n")
    assert [h.name for h in page.find_all(re.compile("h[1-6]"))] == ["h2", "h3", "h4", "h2"]


def test_quoted_words_are_marked_where_they_stand_also_across_links_and_twice_over() -> None:
    text = "---\nlicense: mit\n---\n# M\n\nOpen source.\n\nThe [data](https://d.example/) is here. Open source.\n"
    second = text.rindex("Open source")
    over = Quote("The [data](https://d.example/) is here", text.index("The"))
    inner = Quote("is here. Open", text.index("is here"))
    page = shown(text, Quote("Open source", second), over, inner)
    first, last = page.find_all("p")
    assert not first.find_all("mark")
    assert [m["id"] for m in last.find_all("mark", id=True)] == [anchor(q) for q in (over.words, inner.words)] + [
        anchor("Open source")
    ]
    marked = "".join(m.get_text() for m in last.find_all("mark") if not m.find_parent("mark"))
    assert "".join(c for c in marked if c.isalpha()) == "ThedataishereOpensource"


def test_a_card_cannot_pass_a_mark_off_as_ours() -> None:
    assert not shown('<mark id="q-00000000">we are open</mark> <mark>so open</mark>').find_all("mark")


def test_of_five_megabytes_the_beginning_is_shown_and_said() -> None:
    found = view(b"A sentence of a few words, as cards have them.\n\n" * 100_000, [])
    assert found.shown == MAX_SHOWN < found.length


@pytest.mark.parametrize(
    "piece",
    ["<a href=x>", "<table><td>", "![", "<!--", "> ", "|a|b|\n|-|-|\n", "<div>", "*a ", "[a](", "<svg><script>"],
)
def test_a_card_made_to_be_slow_is_read_only_as_far_as_it_is_shown(piece: str) -> None:
    found = view((piece * (5_000_000 // len(piece))).encode(), [Quote("a" * 500, 0)])
    assert found.shown <= MAX_SHOWN
    assert len(found.html) < 12 * MAX_SHOWN


@pytest.mark.parametrize(
    "piece",
    ["[a](#) ", "![a](b)", "[](b)", "<!--", "a<svg></svg>", "<table></table>", "<br>\u200b", "# \n", "<mark>a</mark>", "![", "["],
)  # fmt: skip
def test_a_card_four_times_as_long_takes_hardly_longer_for_only_so_many_signs_are_read(piece: str) -> None:
    def cost(length: int) -> float:
        card = (piece * (length // len(piece))).encode()
        begin = time.process_time()
        view(card, [Quote("a" * 100, 0)], "[picture: {}]", "https://hub.example/")
        return time.process_time() - begin

    cost(1000)
    pairs = [(cost(22_000), cost(88_000)) for _ in range(4)]
    assert min(long for _, long in pairs) < 3 * min(short for short, _ in pairs)  # it was 4 to 30 times


def test_of_a_card_full_of_signs_the_beginning_is_shown_and_the_page_says_how_much(tmp_path: Path) -> None:
    found = view(b"plain words, then: " + b"![" * 49_000, [])
    assert "plain words" in found.html
    assert found.shown < 10_000 < found.length
    assert view(("|" * 99_000).encode(), []).shown <= cardview.MAX_SIGNS
    ordinary = view(("A [link](https://a.example), *words* and a sentence as cards have them.\n" * 1_000).encode(), [])
    assert ordinary.shown == ordinary.length
    site = Site(publish_hostile(tmp_path, CARD + "![" * 49_000))
    assert re.search(r"The first \d[\d,]* of 9\d,\d{3} characters", site.get(f"/card/{HOSTILE_ID}").text)
    site.close()


def test_a_card_of_too_many_elements_is_shown_as_its_source() -> None:
    assert view(b"<i></i>" * 2_000, []).html.startswith("<p>")
    assert view(b"_a_ " * 25_000, []).html.startswith("<pre>")


def test_links_pictures_and_hidden_letters_among_others_keep_their_places() -> None:
    page = shown("a [b](#) ![c](d) [](e) f\u200bg <mark>h</mark>\n\n|t|\n|-|\n|u|\n\n# \n\n<!-- i --> j <!-- k")
    assert page.get_text(" ", strip=True).split() == [
        "a",
        "b",
        "[picture:",
        "c]",
        "f<U+200B>g",
        "h",
        "t",
        "u",
        "j",
        "<!--",
        "k",
    ]
    assert not page.find_all(["a", "mark", "x-bare", "h2"])
    assert [t.parent["class"] for t in page.find_all("table") if t.parent] == [["scroll"]]


def test_depth_beyond_reading_is_shown_as_its_source() -> None:
    html = view(("<b>" * 500 + "deep").encode(), []).html
    assert html.startswith("<pre>")
    assert "&lt;b&gt;" in html


def test_the_page_shows_the_card_with_every_passage_that_the_evidence_quotes(tmp_path: Path) -> None:
    data = publish_hub(tmp_path / "data")
    site = Site(data)
    answer = site.get(f"/card/{K2}")
    assert answer.status_code == 200
    page = BeautifulSoup(answer.text, "html.parser")
    linked = {a["href"].partition("#")[2] for a in BeautifulSoup(site.get(f"/model/{K2}").text, "html.parser").find_all(
        "a", href=re.compile(rf"^/card/{K2}#"))}  # fmt: skip
    assert len(linked) > 5
    assert linked <= {m["id"] for m in page.find_all("mark", id=True)}
    assert site.get("/card/llm360/k2").headers["location"] == f"/card/{K2}"
    assert site.get("/card/no/such").status_code == 404
    given = site.get("/card/allenai/OLMo-7B")
    assert (given.status_code, given.headers["cache-control"]) == (200, "no-cache")
    with closing(sqlite3.connect(data / "hub.db")) as db:  # since then its maker has hidden it
        db.execute("UPDATE repos SET private = 1 WHERE repo_id = ?", ("allenai/OLMo-7B",))
        db.commit()
    hidden = site.get("/card/allenai/OLMo-7B")
    assert hidden.status_code == 404
    assert "does not show this repository" in hidden.text
    site.close()


def test_without_the_archive_the_page_says_so_and_no_model_page_links_to_it(tmp_path: Path) -> None:
    data = publish_hub(tmp_path / "data")
    alone = tmp_path / "alone"
    alone.mkdir()
    for name in ("index.db", "index.inspect.json"):
        shutil.copy(data / name, alone / name)
    site = Site(alone)
    answer = site.get(f"/card/{K2}")
    assert answer.status_code == 404
    assert "no archive of cards" in answer.text
    assert "/card/" not in site.get(f"/model/{K2}").text
    (alone / "hub.db").write_bytes(b"not a database")
    (alone / "documents.db").write_bytes(b"")
    assert "cannot be read" in site.get(f"/card/{K2}").text
    site.close()


def test_a_hostile_card_is_an_ordinary_page(tmp_path: Path) -> None:
    site = Site(publish_hostile(tmp_path))
    answer = site.get(f"/card/{HOSTILE_ID}")
    assert answer.status_code == 200
    page = BeautifulSoup(answer.text, "html.parser")
    assert page.article is not None
    assert "fully open source" in page.article.get_text()
    assert not page.article.find_all(["script", "img", "svg", "iframe"])
    assert page.find("meta", attrs={"name": "robots", "content": "noindex"})
    site.close()


def test_anchors_are_the_same_on_both_pages() -> None:
    assert cardview.starts({"words": "README.md#12-17"}) == (Quote("words", 12),)
    assert anchor("words") == anchor("words") != anchor("other words")


def test_a_card_whose_last_look_failed_is_shown_as_it_was_last_read(tmp_path: Path) -> None:
    data = publish_hub(tmp_path)
    site = Site(data)
    read = site.get(f"/card/{K2}").text
    with closing(sqlite3.connect(data / "hub.db")) as db:  # as fetches.py leaves it: outcome and revision of the look
        where = "path = 'README.md' AND repo = (SELECT repo FROM repos WHERE repo_id = ?)"
        db.execute(f"UPDATE fetches SET outcome = 'error', sha = 'beef', night = '2026-08-22' WHERE {where}", (K2,))
        db.commit()
    again = site.get(f"/card/{K2}")
    assert again.status_code == 200
    assert "our last look, on 22 August 2026, failed" in again.text
    assert BeautifulSoup(again.text, "html.parser").article == BeautifulSoup(read, "html.parser").article
    assert "beef" not in again.text
    with closing(sqlite3.connect(data / "hub.db")) as db:
        db.execute(f"UPDATE fetches SET hash = NULL WHERE {where}", (K2,))
        db.commit()
    assert "could not be read when we last looked" in site.get(f"/card/{K2}").text
    site.close()


def test_a_card_is_asked_for_by_its_address_alone(tmp_path: Path) -> None:
    site = Site(publish_hub(tmp_path))
    refused = site.get(f"/card/{K2}?page=2")
    assert (refused.status_code, "“page”" in refused.text) == (400, True)
    assert site.get(f"/card/{K2}?lang=fr&theme=dark").status_code == 200
    site.close()


def test_one_card_is_made_at_a_time_and_other_pages_side_by_side(tmp_path: Path) -> None:
    site = Site(publish_hub(tmp_path))
    inside, most = [0], [0]

    def page(db: sqlite3.Connection, ask: Ask) -> Answer:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.2)
        inside[0] -= 1
        return Answer(b"done", max_age=0)

    async def four(alone: bool) -> list[int]:
        made = [host.view(page, alone=alone)(site.datasette, Request.fake("/card/some/model")) for _ in range(4)]
        return [answer.status for answer in await asyncio.gather(*made)]

    assert site.loop.run_until_complete(four(alone=True)) == [200] * 4
    assert most[0] == 1
    assert site.loop.run_until_complete(four(alone=False)) == [200] * 4
    assert most[0] > 1  # the same page function, without the turn
    pattern, registered = next(r for r in routes.ROUTES if r[0].startswith("^/card/"))
    assert inspect.getclosurevars(registered).nonlocals["alone"] is True
    site.close()
