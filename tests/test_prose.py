"""Quotes as a reader sees them: without marks, whole at their ends, and never more than the card said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.prose import readable


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Model type:**\nIt is an open-source chatbot", "Model type: It is an open-source chatbot"),
        ("Name**2** is the second [Name](https://hub.example/Name).", "Name2 is the second Name."),
        ('">Code</a> • <a href="https://x.example" target="_blank">News</a> and', "Code • News and"),
        (
            'align="center">\n  <a href="https://x.example/y" target="_blank">Repo</a> • <a href="https://x.e',
            "Repo • …",
        ),
        ('ck.example/t/z" target="_blank">Chat</a>', "Chat"),
        ("see the [form](https://x.example/fo", "see the form…"),
        ("the law model and the [Law-Mo", "the law model and the Law-Mo…"),
        ("nal paper](https://x.example/p) by them", "…nal paper by them"),
        ("## Data\n- from `corpus_one`\n> and *others*", "Data from corpus_one and others"),
        ("![logo](https://x.example/a.png) by <https://x.example>", "logo by https://x.example"),
        ("a &amp; b&nbsp;c", "a & b\u00a0c"),
        ("```shell\npip install 'torch>=2' x\n```", "pip install 'torch>=2' x"),
        ('pip install "torch">2', 'pip install "torch">2'),
        ("if a < b and c > d, snake_case_name, 2 * 3 * 4", "if a < b and c > d, snake_case_name, 2 * 3 * 4"),
        ("List<String> of __init__.py", "List<String> of __init__.py"),
        ("<script>alert(1)</script> is shown", "<script>alert(1)</script> is shown"),
        ("**", "**"),
        (None, ""),
    ],
)
def test_a_quote_loses_its_marks_and_what_was_cut_off_and_keeps_its_words(raw: str | None, shown: str) -> None:
    assert readable(raw) == shown


def test_a_long_quote_is_cut_between_words() -> None:
    assert readable("one two three four", 12) == "one two…"
    assert readable("one two three four", 14) == "one two three…"
    assert readable("o" * 30, 10) == "o" * 9 + "…"
    assert readable("一" * 30, 10) == "一" * 9 + "…"
    assert readable("short", 5) == "short"


@given(st.text(alphabet='ab \n<>/*_`[]()#"=!&;-', max_size=300), st.integers(2, 200))
def test_any_text_is_one_line_within_its_limit_and_has_no_letter_that_the_card_did_not_have(
    raw: str, limit: int
) -> None:
    shown = readable(raw, limit)
    assert len(shown) <= limit
    assert "\n" not in shown
    letters = [c for c in shown if c in "ab"]
    rest = iter(raw)
    assert all(c in rest for c in letters)  # in the same order
