"""Reviewed overrides: a whole valid file or none of it, laid over judgements without touching evidence."""

from datetime import date

import pytest

from crawler.errors import UsageError
from index.model import Dimension, Judgement
from index.overrides import Override, apply_overrides, read_overrides

TODAY = date(2026, 11, 22)
GOOD = """
[[override]]
model = "example/aurora"
dimension = "training_code"
value = "open"
name = "Ada Example"
date = 2026-11-20
reason = "Every stage is in the repository."
link = "https://example.org/review/1"
"""
CONFIRMED = GOOD.replace('"training_code"', '"level"').replace('"open"', '"L5"')


def read(text):
    return read_overrides(text.encode(), today=TODAY)


def test_a_review_is_read_with_name_date_reason_and_link():
    assert read(GOOD) == (
        Override("example/aurora", "training_code", "open", "Ada Example", "2026-11-20",
                 "Every stage is in the repository.", "https://example.org/review/1"),
    )  # fmt: skip
    assert read("") == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("training_code", "vibes"), "'vibes' is no dimension"),
        (('"open"', '"ajar"'), "'ajar' is no value of training_code"),
        (("2026-11-20", "2026-12-01"), "2026-12-01 has not come yet"),
        (("2026-11-20", '"last week"'), "'last week' is no date"),
        (("2026-11-20", "2026-11-20T10:00:00"), "write the day"),
        (('"Ada Example"', '" "'), "without name"),
        (("name =", "nom ="), "without name"),
        (("https://example.org/review/1", "my notes"), "no address"),
        (("example/aurora", "example/aurora base"), "is not the name of a model"),
        (("[[override]]", "[[overide]]"), "unknown key 'overide'"),
        (("[[override]]", "[override]"), "not TOML"),
        (('value = "open"', "value = "), "not TOML"),
    ],
)
def test_a_file_with_one_mistake_is_refused_whole_with_what_is_wrong(change, said):
    with pytest.raises(UsageError) as refused:
        read(CONFIRMED + GOOD.replace(*change))
    assert said in str(refused.value)
    assert "no override was applied" in str(refused.value)


def test_a_single_table_instead_of_a_list_is_refused():
    with pytest.raises(UsageError, match=r"write \[\[override\]\]"):
        read(GOOD.replace("[[override]]", "[override]"))


def test_two_reviews_of_one_cell_are_refused():
    with pytest.raises(UsageError, match="overridden twice"):
        read(GOOD + GOOD)


def test_only_candidate_levels_can_be_confirmed():
    assert [(o.dimension, o.value) for o in read(CONFIRMED)] == [("level", "L5")]
    with pytest.raises(UsageError, match="no value of level"):
        read(CONFIRMED.replace("L5", "L3"))


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(UsageError, match="not UTF-8"):
        read_overrides(b"\xff", today=TODAY)


def test_an_override_replaces_the_value_and_says_who_and_why_and_leaves_the_rest():
    judgements = [Judgement(d.value, "unknown", "nothing-found", "") for d in Dimension]
    changed = apply_overrides(judgements, read(GOOD + CONFIRMED))
    assert changed[0].value == "open"
    assert changed[0].rule == "reviewed-override"
    assert "Ada Example, 2026-11-20, https://example.org/review/1" in changed[0].detail
    assert list(changed[1:]) == judgements[1:]
    assert apply_overrides(judgements, ()) == tuple(judgements)
