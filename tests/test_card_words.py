"""Looking for all words at once finds what looking for each finds; patterns near them, what one would write plainly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import recording
from crawler.cards import parse
from index.probes import card_data, card_probes
from index.probes.card_quotes import fold, view
from index.probes.card_words import Near, all_near, matches, near, places, register
from tests.card_golden import CARDS, repo

card_probes()  # registers the words of all probes
WORDS = sorted({word for where in all_near() for word in (*where.words, *where.also, *where.and_also)})


def plain_places(low: str, start: int, word: str) -> list[int]:
    """One word after the other, as one would write it."""
    found, at = [], low.find(word, start)
    while at >= 0:
        found.append(at)
        at = low.find(word, at + len(word))
    return found


def plain_matches(low: str, start: int, where: Near) -> Iterator[tuple[int, str]]:
    """Every stretch of text round each word by itself, then those merged that meet."""

    def end(place: int) -> int:
        blank = low.find("\n\n", place, place + where.reach)
        return min(len(low), place + where.reach) if blank < 0 else blank

    at = sorted(p for word in where.words for p in plain_places(low, start, word)[: where.limit])
    stretches: list[list[int]] = []
    for place in at:
        if stretches and place < stretches[-1][1]:
            stretches[-1][1] = max(stretches[-1][1], end(place))
        else:
            begin = max(low.rfind("\n\n", max(0, place - where.reach), place) + 1, place - where.reach, start)
            stretches.append([begin, end(place)])
    for begin, stop in stretches:
        if all(any(word in low[begin:stop] for word in group) for group in (where.also, where.and_also) if group):
            for m in where.pattern.finditer(low, begin, stop):
                yield m.start(), m[0]


_pieces = st.lists(
    st.one_of(
        st.sampled_from(WORDS), st.text(max_size=6), st.sampled_from(["\n\n", " ", "İ", "é", "🙂", "の", "x" * 150])
    ),
    max_size=25,
).map("".join)


@given(_pieces, st.integers(0, 20))
@settings(max_examples=150, deadline=None)
def test_all_words_at_once_are_found_where_each_is_found_by_itself(text: str, start: int) -> None:
    low = fold(text)
    found = places(low, min(start, len(low)))
    for word in WORDS:
        assert list(found.get(word, ())) == plain_places(low, start, word), word


@given(_pieces)
@settings(max_examples=100, deadline=None)
def test_a_pattern_is_found_near_its_words_as_one_would_look_for_it_plainly(text: str) -> None:
    low = fold(text)
    found = places(low, 0)
    for where in all_near():
        assert [(m.start(), m[0]) for m in matches(low, found, 0, where)] == list(plain_matches(low, 0, where))


#: Looked for by other words on purpose: by "under" and "licence", not by all that is shared "with" or "by" somebody;
#: by "not" and a blank, not by "not" and a sign that no sentence has there.
_NARROWER = ("licen", "not ")


@given(st.data(), st.sampled_from([where for where in all_near() if where.words[0] not in _NARROWER]))
@settings(max_examples=500, deadline=None)
def test_every_match_holds_one_of_the_words_that_it_is_looked_for_by(data: st.DataObject, where: Near) -> None:
    for m in where.pattern.finditer(data.draw(st.from_regex(where.pattern)).lower()):
        assert any(word in m[0] for word in where.words), m[0]


@given(st.data(), st.sampled_from([where for where in all_near() if where.also]))
@settings(max_examples=300, deadline=None)
def test_every_match_holds_what_must_stand_near_it_too(data: st.DataObject, where: Near) -> None:
    for m in where.pattern.finditer(data.draw(st.from_regex(where.pattern)).lower()):
        assert all(any(word in m[0] for word in group) for group in (where.also, where.and_also) if group), m[0]


@given(st.from_regex(card_data._WITHHELD_THERE))
@settings(max_examples=200, deadline=None)
def test_every_match_in_a_section_holds_the_words_that_it_is_looked_for_by(text: str) -> None:
    for m in card_data._WITHHELD_THERE.finditer(text.lower()):
        assert all(any(word in m[0] for word in group) for group in card_data._THERE_WORDS), m[0]


def cards() -> Iterator[bytes]:
    yield from (path.read_bytes() for path in sorted(CARDS.glob("*.md")))
    for path in sorted((Path(recording.__file__).parent / "sample").glob("documents*.jsonl")):
        for line in path.read_bytes().splitlines():
            row = msgspec.json.decode(line)
            if row.get("path") == "README.md" and row.get("text"):
                yield row["text"].encode()


def test_the_cards_of_the_sample_are_read_near_their_words_as_plainly() -> None:
    seen = 0
    for body in cards():
        v = view(repo("meadow/Heron-7B"), parse(body))
        for where in all_near():
            made = [(m.start(), m[0]) for m in matches(v.low, v.found, v.card.body_start, where)]
            assert made == list(plain_matches(v.low, v.card.body_start, where)), where.words
            seen += len(made)
    assert seen > 100


def test_a_word_that_overlaps_itself_is_counted_as_find_counts_it() -> None:
    register("anana", " an ")
    found = places("bananana an an an ", 0)
    assert (list(found["anana"]), list(found[" an "])) == ([1], [8, 14])


def test_a_word_registered_later_is_found_from_then_on() -> None:
    assert "heronry" not in places("the heronry", 0)
    where = near(re.compile("heron(?:ry)?", re.I), ("heronry",))
    assert [m[0] for m in matches("the heronry", places("the heronry", 0), 0, where)] == ["heronry"]


@pytest.mark.parametrize("where", all_near(), ids=lambda where: where.words[0])
def test_words_are_in_lower_case_since_they_are_looked_for_in_such_a_text(where: Near) -> None:
    assert all(word == fold(word) for word in (*where.words, *where.also, *where.and_also))
