"""`openness check`: every form of list, and no way to pass without proof."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import UsageError
from index import check, plain, queries
from index.model import Level
from tests.small_index import LLAMA, OLMO, ROOT_LLAMA, TUNE, write_index


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    connection = queries.open_index(write_index(tmp_path_factory.mktemp("index") / "index.db"))
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("a/b\n\n# comment\n  c/d  # why\na/b\n", ("a/b", "c/d")),
        ("\ufeffa/b\r\nc/d\r\n", ("a/b", "c/d")),
        ("name,id\nx,a/b\ny,c/d\n", ("a/b", "c/d")),
        ("Model,downloads\na/b,5\n", ("a/b",)),
        ("a/b,5\nc/d,6\n", ("a/b", "c/d")),
        ("a/b==1.0\nc/d@main\ne/f >= 2 ; python_version > '3'\n", ("a/b@1.0", "c/d@main", "e/f")),
        ("a/b @ v2 ; x\na/b===3\n", ("a/b@v2", "a/b@3")),
        ("https://huggingface.co/a/b/blob/abc1234/README.md\n", ("a/b@abc1234",)),
        ("https://huggingface.co/a/b/tree/main\nhf.co/c/d\n", ("a/b@main", "c/d")),
        ("pkg:huggingface/a/b@abc123\n", ("a/b@abc123",)),
        ('["a/b", {"id": "c/d"}, {"model": "e/f"}, 5, null]', ("a/b", "c/d", "e/f")),
        ('{"models": ["a/b"]}', ("a/b",)),
        ("gpt2\n", ("gpt2",)),
        ("not an id at all\n", ("not an id at all",)),  # asked for, so it gets its verdict: not in the index
    ],
)
def test_every_common_form_of_a_list_gives_its_ids_once_and_in_order(text, items):
    assert check.parse_items(text) == items


def test_a_cyclonedx_file_gives_its_hub_models_nested_ones_too():
    sbom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {"component": {"type": "machine-learning-model", "purl": "pkg:huggingface/a/b@1"}},
        "components": [
            {"type": "library", "purl": "pkg:pypi/numpy@2"},
            {"type": "application", "components": [{"purl": "pkg:huggingface/c%2Fd@2?repository_url=x"}]},
            {"name": "no purl"},
        ],
    }
    assert check.parse_items(json.dumps(sbom)) == ("a/b@1", "c/d@2")


@pytest.mark.parametrize(
    ("revision", "ok", "said"),
    [
        ("main", True, "open weights"),
        ("{sha}", True, "open weights"),
        ("{short}", True, "open weights"),
        ("0123456789ab", False, "asked for at commit 0123456789ab, judged at {twelve}; open weights"),
        ("/tree/v1", False, "asked for at v1, which need not be {twelve}"),
        ("v1.0", False, "asked for at v1.0, which need not be {twelve}, the commit that was judged; open weights"),
    ],
)
def test_a_model_pinned_to_another_commit_than_the_judged_one_does_not_pass(db, revision, ok, said):
    sha = queries.get_model(db, OLMO).sha
    parts = {"sha": sha.upper(), "short": sha[:7], "twelve": sha[:12]}
    pinned = f"https://hf.co/{OLMO}{revision}" if "/" in revision else f"{OLMO}@{revision.format(**parts)}"
    (verdict,) = check.check(db, [pinned], Level.L3)
    assert (verdict.ok, verdict.sha, verdict.level) == (ok, sha, "L3")
    assert verdict.reason.startswith(said.format(**parts))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no model"),
        ("# only a comment\n", "names no model"),
        ('{"bomFormat": "CycloneDX", "components": [{"purl": "pkg:pypi/x@1"}]}', "names no model"),
        ("[1, 2]", "names no model"),
        ('{"a": ', "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ("\n".join(f"a/m{i}" for i in range(100_001)), "100,001 models"),
    ],
)
def test_a_list_that_names_nothing_readable_is_refused_and_never_passes(text, said):
    with pytest.raises(UsageError, match=said):
        check.parse_items(text)


@given(st.text(max_size=200))
def test_any_text_gives_ids_or_a_sentence(text):
    try:
        items = check.parse_items(text)
    except UsageError:
        return
    assert items
    assert all(items)


def test_a_model_passes_at_its_proved_level_and_not_above(db):
    assert [v.ok for v in check.check(db, [OLMO, LLAMA, ROOT_LLAMA], Level.L3)] == [True, False, False]
    assert [v.ok for v in check.check(db, [OLMO, LLAMA, ROOT_LLAMA], Level.L1)] == [True, True, True]
    (above,) = check.check(db, [OLMO], Level.L4)
    assert not above.ok
    assert above.level_max == "L4"
    assert "proved L3, not excluded L4" in above.reason


def test_the_reason_says_what_holds_it_down(db):
    (verdict,) = check.check(db, [TUNE], Level.L3)
    assert verdict.reason == (
        "restricted: community licence, 700 million user threshold (proved L2; anything higher is excluded)"
    )


def test_what_the_index_does_not_know_judge_or_see_any_more_does_not_pass(db):
    unknown, unjudged, gone = check.check(db, ["nobody/nothing", "new/unjudged", "gone/model"], Level.L0)
    assert unknown == check.Verdict("nobody/nothing", None, None, False, "not in the index")
    assert (unjudged.ok, unjudged.reason) == (False, "in the index, but not judged")
    assert not gone.ok
    assert "missing since 2026-11-07" in gone.reason


def test_an_old_name_is_followed_and_the_answer_says_so(db):
    (verdict,) = check.check(db, ["meta-llama/Llama-3-Old"], Level.L2)
    assert (verdict.id, verdict.ok) == (LLAMA, True)
    assert verdict.reason.endswith("asked for as meta-llama/Llama-3-Old")


def test_the_exit_status_is_1_when_one_falls_short_or_nothing_was_checked(db):
    good, bad = check.check(db, [OLMO, LLAMA], Level.L3)
    assert check.exit_status([good]) == 0
    assert check.exit_status([good, bad]) == 1
    assert check.exit_status([]) == 1


def test_text_and_json_say_the_same(db):
    verdicts = check.check(db, [OLMO, LLAMA, "x/\x1b[31my"], Level.L3)
    told = check.to_dict(verdicts, Level.L3)
    assert (told["require"], told["ok"]) == ("L3", False)
    assert [m["ok"] for m in told["models"]] == [True, False, False]
    file = io.StringIO()
    plain.make_console(file, 100).print(check.render(verdicts, Level.L3))
    text = file.getvalue()
    assert "2 of 3 fall short of L3 (open weights)." in text
    assert text.index(LLAMA) < text.index(OLMO)
    assert "\x1b" not in text
    assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize(("text", "level"), [("L3", Level.L3), ("l0", Level.L0), (" 6 ", Level.L6)])
def test_a_level_reads_with_or_without_its_letter(text, level):
    assert check.parse_level(text) is level


@pytest.mark.parametrize("text", ["", "L7", "open", "L-1", "33"])
def test_what_is_no_level_is_refused_with_the_levels_there_are(text):
    with pytest.raises(UsageError, match="L0 to L6"):
        check.parse_level(text)
