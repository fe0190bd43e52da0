"""Cards as they are read: text, front matter, sections, links; hostile ones within bounds."""

from __future__ import annotations

import lzma
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.cards import MAX_BYTES, Card, count_words, parse, quote, without_comments
from crawler.front_matter import _load_simple

REAL = Path(__file__).parents[2] / "shared" / "data" / "cards.jsonl.xz"


def card(text: str) -> Card:
    return parse(text.encode())


def front(yaml_text: str) -> Card:
    return card(f"---\n{yaml_text}\n---\nbody\n")


def titles(text: str) -> list[tuple[int, str]]:
    return [(s.level, s.title) for s in card(text).sections]


# --- text ---


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        ("# É".encode("utf-8-sig"), "utf-8"),
        ("# É".encode(), "utf-8"),
        ("# É".encode("utf-16"), "utf-16"),
        ("# É".encode("utf-32"), "utf-32"),
    ],
)
def test_a_byte_order_mark_names_the_encoding_and_is_no_part_of_the_text(body: bytes, encoding: str) -> None:
    read = parse(body)
    assert (read.text, read.encoding) == ("# É", encoding)


def test_bytes_that_are_not_utf8_are_replaced_and_that_is_said() -> None:
    read = parse(b"# caf\xe9\n")
    assert read.text == "# caf\ufffd\n"
    assert read.encoding == "utf-8, replaced"
    assert read.notes


def test_nul_characters_are_replaced_one_for_one_so_that_places_stay() -> None:
    read = card("a\0b")
    assert read.text == "a\ufffdb"
    assert read.notes == ("NUL characters were replaced",)


def test_a_card_of_megabytes_is_read_to_its_bound_and_says_so() -> None:
    read = parse("é".encode() * MAX_BYTES)
    assert read.truncated
    assert len(read.text.encode()) <= MAX_BYTES
    assert "only the first" in read.notes[0]
    assert "\ufffd" not in read.text


# --- front matter ---


def test_scalars_stay_strings_so_that_norwegian_is_not_false() -> None:
    data = front("language: no\nlicense: no\ndate: 2024-01-01\nn: 1_0\nv: 1e3\nempty:\nnull_: null").front_matter
    assert data == {
        "language": "no",
        "license": "no",
        "date": "2024-01-01",
        "n": "1_0",
        "v": "1e3",
        "empty": "",
        "null_": "null",
    }


def test_a_key_given_twice_keeps_its_last_value() -> None:
    assert front("license: mit\nlicense: gpl").front_matter == {"license": "gpl"}


def test_aliases_are_followed() -> None:
    assert front("a: &x [1, 2]\nb: *x").front_matter == {"a": ["1", "2"], "b": ["1", "2"]}


def test_tags_of_python_objects_are_only_text() -> None:
    assert front("a: !!python/object/apply:os.system ['true']").front_matter == {"a": ["true"]}


def test_an_alias_bomb_is_refused_before_it_is_anything() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 20)]
    read = front("\n".join(lines))
    assert read.front_matter == {}
    assert "holds more than" in (read.front_matter_error or "")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("a: &a [*a]", "alias"),
        ("a: *nobody", "alias"),
        ("a: " + "[" * 60 + "]" * 60, "deeper"),
        ("a: [1", "not YAML"),
        ("\ta: 1", "not YAML"),
        ("- a\n- b", "list"),
        ("just words", "single value"),
        ("? [a, b]\n: c", "key that is not text"),
    ],
)
def test_front_matter_that_cannot_be_data_gives_no_data_and_a_reason(source: str, reason: str) -> None:
    read = front(source)
    assert read.front_matter == {}
    assert reason in (read.front_matter_error or "")
    assert read.text[read.body_start :].strip() == "body"


def test_front_matter_that_is_never_closed_is_said_and_a_rule_at_the_top_is_not() -> None:
    assert "never closed" in (card("---\nlicense: mit\n# Title\n").front_matter_error or "")
    assert card("---\n\nSome words.\n").front_matter_error is None


def test_windows_line_ends_and_blank_lines_before_the_front_matter_are_read_as_the_hub_reads_them() -> None:
    read = card("\r\n---\r\nlicense: mit\r\n---\r\n# T\r\n")
    assert read.front_matter == {"license": "mit"}
    assert titles(read.text) == [(1, "T")]


_plain = st.text(st.characters(codec="ascii", exclude_characters="\r"), max_size=200)


@given(_plain)
@settings(max_examples=150, deadline=None)
def test_what_we_load_is_what_the_base_loader_loads(source: str) -> None:
    """The oracle is PyYAML's string-only loader; we may refuse more than it does, never read something else."""
    read = front(source)
    if read.front_matter_error is None and read.front_matter:
        block = read.text[4 : read.text.index("\n---", 3)]
        assert read.front_matter == yaml.load(block, Loader=yaml.BaseLoader)  # noqa: S506 strings only


# --- sections ---


def test_headings_of_every_kind_are_sections() -> None:
    text = "Top\n===\n\n## Two ##\n\nThree\n-----\n\n<h4 align='x'>Four <b>b</b></h4>\n\n**Five:**\n\n__Six__\n"
    assert titles(text) == [(1, "Top"), (2, "Two"), (2, "Three"), (4, "Four b"), (7, "Five"), (7, "Six")]


def test_comments_of_programs_rules_tables_and_lists_are_no_headings() -> None:
    code = "```python\n# not a heading\n```\n~~~\n# nor this\n~~~\n"
    text = code + "\ntext\n\n---\n\n| a |\n|---|\n\n- item\n---\n#hashtag\n"
    assert titles(text) == []


def test_a_fence_that_is_never_closed_hides_the_rest() -> None:
    assert titles("# A\n```\n# B\n") == [(1, "A")]


def test_a_section_ends_where_one_of_its_level_begins() -> None:
    read = card("# A\none\n## B\ntwo\n# C\nthree\n")
    a, b, c = read.sections
    assert quote(read, a.start, a.end) == "# A\none\n## B\ntwo\n"
    assert quote(read, b.body, b.end).strip() == "two"
    assert c.end == len(read.text)


def test_links_and_markup_in_a_heading_are_stripped_from_its_title() -> None:
    assert titles("## [Results](https://x.org) **now** <br>\n") == [(2, "Results now")]


# --- links ---


def links(text: str) -> list[tuple[str, str]]:
    return [(link.url, link.text) for link in card(text).links]


def test_links_of_every_kind_are_found_with_their_words() -> None:
    assert links("[a](https://x.org/1) <https://x.org/2> https://x.org/3. <a href='https://x.org/4'>d</a>") == [
        ("https://x.org/1", "a"),
        ("https://x.org/2", ""),
        ("https://x.org/3", ""),
        ("https://x.org/4", "d"),
    ]


def test_reference_links_take_their_target_from_its_definition() -> None:
    assert ("https://x.org/1", "here") in links("See [here][r].\n\n[r]: https://x.org/1\n")


def test_a_badge_is_a_link_by_its_target_and_an_image_is_none() -> None:
    assert links("[![DOI](https://b.org/i.svg)](https://x.org/1) ![z](https://x.org/2.png)") == [
        ("https://x.org/1", "DOI")
    ]


def test_only_web_addresses_and_files_of_the_repo_are_links() -> None:
    assert links("[a](javascript:alert(1)) [b](mailto:x@y.z) [c](#top) [d](LICENSE) [e](data:text/html,x)") == [
        ("LICENSE", "d")
    ]


def test_brackets_inside_an_address_belong_to_it() -> None:
    assert links("[a](https://x.org/b_(c)) (see https://x.org/d_(e))")[0][0] == "https://x.org/b_(c)"
    assert links("(see https://x.org/d_(e))")[0][0] == "https://x.org/d_(e)"


def test_a_hundred_thousand_links_are_bounded_and_that_is_said() -> None:
    read = card("[a](https://x.org/1) " * 40_000)
    assert len(read.links) == 5_000
    assert any("links" in note for note in read.notes)


# --- who wrote it ---


@pytest.mark.parametrize(
    ("text", "generator"),
    [
        ("This model card has been generated automatically according to the information the Trainer had", "trainer"),
        ("This llama model was trained 2x faster with [Unsloth](https://x.org)", "unsloth"),
        ("# Model Trained Using AutoTrain", "autotrain"),
        ("This repo contains GGUF format model files for X", "gguf"),
        ("The captions were automatically generated by people like us.", ""),
    ],
)
def test_cards_that_a_tool_wrote_are_recognised(text: str, generator: str) -> None:
    assert card(text).generator == generator
    assert card(text).is_generated == bool(generator)


def test_an_unfilled_template_is_one_and_a_card_with_one_gap_is_not() -> None:
    assert card("- **X:** [More Information Needed]\n" * 20).is_template
    assert not card("- **X:** [More Information Needed]\n").is_template


def test_words_count_prose_only_and_know_scripts_without_blanks() -> None:
    assert card("---\na: b\n---\none two <!-- three --> four\n```\nfive six\n```\n").words == 3
    assert card("训练数据不公开").words == 1 + 7 // 2


@given(st.text(alphabet="<!-> ab\n", max_size=80))
def test_blanking_comments_keeps_every_place(text: str) -> None:
    blank = without_comments(text)
    assert len(blank) == len(text)
    assert all(a == b or b == " " for a, b in zip(text, blank, strict=True))


# --- laws ---

_markdown = st.lists(
    st.sampled_from(
        [
            "# ",
            "## ",
            "\n",
            "\r\n",
            "---",
            "===",
            "```",
            "~~~",
            "[",
            "](",
            ")",
            "https://x.org/",
            '<a href="',
            '">',
            "</a>",
            "<h2>",
            "</h2>",
            "**",
            "__",
            "<!--",
            "-->",
            "word ",
            "é",
            "\u202e",
            "\u200b",
            "\0",
            "|",
            "> ",
            "&x ",
            "*x",
            ": ",
            "- ",
            "{",
            "}",
            "\ufeff",
        ]
    ),
    max_size=60,
).map("".join)


@given(st.one_of(_markdown, st.text(max_size=200)).map(str.encode) | st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_card_whose_places_are_inside_its_text(body: bytes) -> None:
    read = parse(body)
    assert read == parse(body)
    assert "\0" not in read.text
    assert 0 <= read.body_start <= len(read.text)
    for s in read.sections:
        assert read.body_start <= s.start < s.body <= s.end <= len(read.text)
    for link in read.links:
        assert read.body_start <= link.start < link.end <= len(read.text)
    for start, end in read.code:
        assert 0 <= start < end <= len(read.text)


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "](",
        "[a](",
        "http://",
        "<h1>",
        "<!--",
        "```\n",
        "a\n===\n",
        "**a**\n",
        "|",
        "@article{",
        "[x][y] ",
        "\u202e",
        "é",
        "> ",
    ],
)
def test_a_megabyte_of_anything_is_read_in_bounded_time(unit: str) -> None:
    """Twice the text takes about twice the time, not four times: cost is linear. Bounds are wide for busy machines."""

    def seconds(size: int) -> float:
        body = (unit * (size // len(unit) + 1))[:size].encode()
        started = time.process_time()
        parse(body)
        return time.process_time() - started

    small, large = seconds(100_000), seconds(400_000)
    assert large < 16 * max(small, 0.02)


def test_every_real_card_is_read_without_exception() -> None:
    if not REAL.exists():
        pytest.skip("the real cards are not on this machine")
    import json

    read = errors = 0
    with lzma.open(REAL, "rt", encoding="utf-8") as lines:
        for line in lines:
            one = card(json.loads(line)["text"])
            errors += one.front_matter_error is not None
            read += 1
            if read == 1_500:
                break
    assert read == 1_500
    assert errors <= 5


SIMPLE_LINES = st.sampled_from(
    ["a: b", "license: mit", "k:", "- x", "  - y", "- a b ", "key: 1.5", "key: no", "a: b:c", "- - z", "x: -1", "c: ~",
     "", "  ", "d:  e ", "  key: v", "t: 2024-01-01", "a:b", "_x: 1", "q: a.", "- /a", "u: b-", "- #c", "v: 'w'",
     "a: []", "- []", "q: \"b: c #d\"", "- 'it''s'", "- 'x: [y]'", "r: \"a\\n\"", "- dataset:squad", "l: (c) 2024, by us", "m: a: b",
     "n: a #b", "o: a#b", "- *x", "p: a & b", "u: https://a.b/c?d=e%20f", "z: größe", "w: 训练 数据", "- 'a' b", "k: a:", "x: ''"]
)  # fmt: skip


@given(st.lists(SIMPLE_LINES, min_size=1, max_size=6))
def test_simple_front_matter_is_read_as_yaml_reads_it(lines: list[str]) -> None:
    text = "\n".join(lines)
    read = _load_simple(text)
    if read is not None:
        assert read == yaml.load(text, Loader=yaml.BaseLoader)


@given(st.sampled_from(["{}", "- {}", "k: {}", "k: '{}'", 'k: "{}"', "k: a{}b", "k:\n  - {} c"]), st.text(max_size=4))
@settings(max_examples=400)
def test_any_characters_in_simple_front_matter_are_read_as_yaml_reads_them(form: str, text: str) -> None:
    source = f"a: b\n{form.format(text)}\n"
    read = _load_simple(source)
    if read is not None:
        assert read == yaml.load(source, Loader=yaml.BaseLoader)


def test_front_matter_of_the_usual_form_takes_the_short_way() -> None:
    usual = "license: apache-2.0\nlanguage:\n- en\n- de\ntags:\n  - nlp\n\nbase_model: org/Foo-7B\npipeline_tag:"
    read = _load_simple(usual)
    assert read is not None
    assert list(read) == ["license", "language", "tags", "base_model", "pipeline_tag"]
    assert list(read.values()) == ["apache-2.0", ["en", "de"], ["nlp"], "org/Foo-7B", ""]


def test_results_under_model_index_are_not_read_and_what_stands_round_them_is() -> None:
    read = front("license: mit\nmodel-index:\n- name: a\n  results:\n  - task: {type: b}\n\n  - x: y\ntags:\n- c")
    assert read.front_matter == {"license": "mit", "model-index": "", "tags": ["c"]}
    assert read.front_matter_error is None


def test_examples_under_widget_are_not_read_and_what_stands_round_them_is() -> None:
    read = front("license: mit\nwidget:\n- text: >-\n    What is open?\n  output:\n    url: a.png\ntags:\n- c")
    assert read.front_matter == {"license": "mit", "widget": "", "tags": ["c"]}
    assert read.front_matter_error is None


def test_an_alias_of_something_in_the_results_is_still_followed() -> None:
    read = front("model-index:\n- &a [b]\ntags: *a")
    assert read.front_matter["tags"] == ["b"]


BLANKS = "".join(chr(i) for i in range(0x3100) if chr(i).isspace())


@given(st.text(st.one_of(st.sampled_from(BLANKS + "aé文\u200b\ud800"), st.characters()), max_size=60))
@settings(max_examples=400)
def test_words_are_counted_as_split_counts_them_whatever_the_blanks(text: str) -> None:
    ideographs = sum("\u3040" <= c <= "\u30ff" or "\u3400" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7af" for c in text)
    assert count_words(text) == len(text.split()) + ideographs // 2
