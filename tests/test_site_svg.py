"""Charts: gaps stay gaps, everything is named and escaped, and the XML is sound."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.site import svg
from index.site.svg import Layer, Line, Words

WORDS = Words("the title", "the description", "y", "x", "gap", "nothing")
NS = "{http://www.w3.org/2000/svg}"
DAY = date(2026, 8, 1).toordinal()


def draw(series: list[Line], **options: Any) -> ET.Element:
    return ET.fromstring(svg.lines(series, WORDS, str, standalone=True, **options))


def paths(root: ET.Element) -> list[str]:
    return [e.get("d", "") for e in root.iter(f"{NS}path") if e.get("class") == "ch-line"]


def test_a_night_on_which_nobody_looked_breaks_the_line_and_is_hatched() -> None:
    root = draw([Line("a", ((DAY, 5), (DAY + 1, 6), (DAY + 2, None), (DAY + 3, None), (DAY + 4, 7), (DAY + 5, 8)))])
    assert len(paths(root)) == 2
    assert sum(str(e.get("fill")).startswith("url(#gap-") for e in root.iter(f"{NS}rect")) == 1


def bands(root: ET.Element) -> list[tuple[float, float]]:
    found = [e for e in root.iter(f"{NS}rect") if str(e.get("fill")).startswith("url(#gap-")]
    return [(float(e.get("x", 0)), float(e.get("x", 0)) + float(e.get("width", 0))) for e in found]


def test_the_window_is_the_axis_and_is_hatched_from_the_last_number_to_its_end() -> None:
    root = draw([Line("a", ((DAY + 10, 5), (DAY + 11, 6)))], window=(DAY, DAY + 99))
    step = (svg.WIDTH - svg.LEFT - svg.RIGHT) / 99
    before, after = bands(root)
    assert before == (svg.LEFT, pytest.approx(svg.LEFT + 10 * step - 3, abs=0.2))
    assert after == (pytest.approx(svg.LEFT + 11 * step + 3, abs=0.2), svg.WIDTH - svg.RIGHT)
    assert bands(draw([Line("a", ((DAY, 5), (DAY + 1, 6)))], window=(DAY, DAY + 1))) == []


@pytest.mark.parametrize("most", [0, 1, 2, 3, 4, 5, 7, 10, 13, 37, 60, 99, 101, 250, 501, 999])
def test_the_ticks_of_small_counters_are_whole_numbers_of_which_none_stands_twice(most: int) -> None:
    root = draw([Line("a", ((DAY, 0), (DAY + 1, most)))])
    marks = [e for e in root.iter(f"{NS}text") if e.get("text-anchor") == "end" and str(e.text).isdigit()]
    ticks = [int(str(e.text)) for e in marks]
    assert len(ticks) == len(set(ticks)) == 5
    steps = {b - a for a, b in zip(ticks, ticks[1:], strict=False)}
    assert len(steps) == 1
    assert ticks[-1] >= most


def test_a_series_without_a_number_is_named_with_a_question_mark_and_has_no_line_at_zero() -> None:
    root = draw([Line("a", ((DAY, 5), (DAY + 1, 6))), Line("b", ((DAY, None),))])
    names = [str(e.text) for e in root.iter(f"{NS}text") if e.get("class") == "ch-n"]
    assert sorted(names) == ["a", "b: ?"]
    assert [e.get("stroke") for e in root.iter(f"{NS}line") if e.get("class") == "ch-line"] == ["var(--s0)"]


def test_a_hole_in_the_days_is_a_gap_too() -> None:
    assert len(paths(draw([Line("a", ((DAY, 5), (DAY + 1, 6), (DAY + 9, 7), (DAY + 10, 8)))]))) == 2


def test_a_lonely_night_is_a_dot() -> None:
    root = draw([Line("a", ((DAY, 5), (DAY + 1, None), (DAY + 2, 6)))])
    assert paths(root) == []
    assert len(list(root.iter(f"{NS}circle"))) == 2


def test_a_number_that_cannot_be_right_has_a_ring() -> None:
    root = draw([Line("a", ((DAY, 5), (DAY + 1, 6)), odd=(DAY + 1,))])
    assert [e.get("class") for e in root.iter(f"{NS}circle")] == ["ch-odd"]


def test_zero_is_drawn_at_the_bottom_and_not_left_out() -> None:
    (path,) = paths(draw([Line("a", ((DAY, 0), (DAY + 1, 10)))]))
    assert path.startswith(f"M{svg.LEFT:.1f} {svg.HEIGHT - svg.BOTTOM:.1f}")


def test_series_differ_in_more_than_colour() -> None:
    root = draw([Line(f"s{n}", ((DAY, n), (DAY + 1, n))) for n in range(8)])
    lines = [e for e in root.iter(f"{NS}path") if e.get("class") == "ch-line"]
    assert len({e.get("stroke-dasharray") for e in lines}) == 8
    assert [n for n in range(8) if f"s{n}" not in ET.tostring(root, encoding="unicode")] == []


def test_a_chart_has_a_title_a_description_and_a_role() -> None:
    root = draw([Line("a", ((DAY, 1),))])
    assert root.get("role") == "img"
    assert root.find(f"{NS}title").text == "the title"  # type: ignore[union-attr]
    assert root.find(f"{NS}desc").text == "the description"  # type: ignore[union-attr]


def test_without_a_number_the_chart_says_so() -> None:
    assert "nothing" in svg.lines([Line("a", ((DAY, None),))], WORDS, str)
    assert "nothing" in svg.shares([], frozenset(), WORDS)


def test_shares_of_a_night_fill_the_bar_and_thin_nights_are_paler() -> None:
    layers = [Layer("L2", "L2 x", ((DAY, 0.25), (DAY + 1, 0.5))), Layer("L3", "L3 y", ((DAY, 0.75), (DAY + 1, 0.5)))]
    root = ET.fromstring(svg.shares(layers, frozenset({DAY}), WORDS, standalone=True))
    groups = [g for g in root.iter(f"{NS}g") if g.get("class") != "ch-side" and g.find(f"{NS}rect") is not None]
    assert [g.get("class") for g in groups] == ["ch-thin", None]
    heights = [sum(float(r.get("height", 0)) for r in g) for g in groups]
    assert heights == pytest.approx([svg.HEIGHT - svg.TOP - svg.BOTTOM] * 2, abs=0.3)


def test_a_chart_in_a_page_brings_no_style_of_its_own() -> None:
    text = svg.lines([Line("a", ((DAY, 1), (DAY + 1, 2)))], WORDS, str)
    assert "<style" not in text
    assert " style=" not in text


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc"]), max_size=60))
def test_no_name_breaks_out_of_the_picture(name: str) -> None:
    if any(ord(c) in (0xFFFE, 0xFFFF) for c in name):
        return  # XML has no way to write these
    root = draw([Line(name, ((DAY, 1), (DAY + 1, 2)))])
    assert {e.tag.removeprefix(NS) for e in root.iter()} <= {
        "svg", "title", "desc", "style", "rect", "defs", "pattern", "path", "line", "text", "g", "circle",
    }  # fmt: skip
    ET.fromstring(svg.badge("L3", "L6", name, name))


@given(st.lists(st.tuples(st.integers(0, 4000), st.none() | st.integers(0, 10**12)), min_size=1, max_size=40))
def test_any_series_gives_a_sound_picture_inside_its_frame(points: list[tuple[int, int | None]]) -> None:
    ordered = tuple(sorted({DAY + x: y for x, y in points}.items()))
    root = draw([Line("a", ordered)])
    for circle in root.iter(f"{NS}circle"):
        assert svg.LEFT - 1 <= float(circle.get("cx", 0)) <= svg.WIDTH - svg.RIGHT + 1
        assert svg.TOP - 1 <= float(circle.get("cy", 0)) <= svg.HEIGHT - svg.BOTTOM + 1


def test_a_badge_shows_what_is_proved_and_what_is_not_excluded() -> None:
    root = ET.fromstring(svg.badge("L2", "L4", "restricted", "x"))
    rungs = [e.get("fill") for e in root.iter(f"{NS}rect")][1:]
    assert rungs == ["#9ec1ff"] * 3 + ["none"] * 2 + ["#4b4f58"] * 2


def test_a_line_breaks_where_something_else_is_counted():
    whole = svg.Line("a", ((DAY, 1), (DAY + 1, 2), (DAY + 2, 9), (DAY + 3, 8)))
    broken = whole._replace(breaks=frozenset({DAY + 2}))
    count = [svg.lines([line], WORDS, str).count('<path class="ch-line"') for line in (whole, broken)]
    assert count == [1, 2]


def test_a_night_that_counts_few_is_hollow_and_no_line_leads_there() -> None:
    points = ((1, 5), (2, 6), (3, 7), (4, 7))
    drawn = svg.lines([svg.Line("x", points, thin=frozenset({3, 4}))], WORDS, str)
    assert drawn.count("ch-hollow") == 2
    whole = svg.lines([svg.Line("x", points)], WORDS, str)
    assert "ch-hollow" not in whole
    assert drawn.count("L") < whole.count("L")
