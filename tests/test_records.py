"""JSON of the Hub -> records: each row on its own, absent stays absent."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.records import UNREADABLE, Base, Listed, NotAPage, Reject, Repo, decode_page, expand

OID = "64f000000000000000000001"


def one(**fields) -> Listed | Reject:
    (row,) = decode_page(json.dumps([{"_id": OID, "id": "org/name", **fields}]).encode())
    return row


def repo(**fields) -> Repo:
    found = expand(one(**fields))
    assert isinstance(found, Repo), found
    return found


def test_a_field_that_the_hub_did_not_send_is_none_not_a_default():
    r = repo()
    assert (r.gated, r.private, r.disabled, r.files, r.tags, r.downloads, r.license) == (None,) * 7


def test_zero_downloads_and_an_empty_file_list_are_facts():
    r = repo(downloads=0, siblings=[])
    assert (r.downloads, r.files, r.file_count) == (0, (), 0)


@pytest.mark.parametrize(("sent", "kept"), [(False, "no"), ("auto", "auto"), ("manual", "manual"), (True, "auto")])
def test_gating_has_three_words(sent, kept):
    assert repo(gated=sent).gated == kept


@pytest.mark.parametrize("sent", ["", "false", "no", "NO", "on-request"])
def test_a_word_for_gating_that_we_do_not_know_is_neither_no_nor_not_shown(sent):
    assert repo(gated=sent).gated == UNREADABLE


def test_the_licence_is_what_tags_and_front_matter_say_each_once():
    assert repo(tags=["license:mit"], cardData={"license": "MIT"}).license == "mit"
    assert repo(tags=["license:mit"], cardData={"license": "cc-by-nc-4.0"}).license == "mit, cc-by-nc-4.0"
    assert repo(cardData={"license": ["MIT", "apache-2.0"]}).license == "mit, apache-2.0"
    assert repo(tags=["x"]).license is None


@pytest.mark.parametrize("said", [{"name": "llama2"}, 3, ["mit", {"name": "llama2"}], True])
def test_a_licence_that_is_no_text_is_declared_and_unreadable(said):
    assert "?" in repo(tags=["license:mit"], cardData={"license": said}).license.split(", ")


@pytest.mark.parametrize("said", [None, "", [], {}, False, [None, ""]])
def test_an_empty_licence_or_base_is_none(said):
    r = repo(cardData={"license": said, "base_model": said})
    assert (r.license, r.bases) == (None, ())


@pytest.mark.parametrize("said", [{"name": "a/b"}, [["a/b"]], [{"model": "a/b"}], 7])
def test_a_base_that_is_no_text_is_not_no_base(said):
    assert repo(cardData={"base_model": said}).bases == (Base("", "?", "card"),)


def test_a_readable_base_does_not_hide_an_unreadable_one():
    said = ["a/m1", {"model": "meta-llama/Llama-2-7b"}]
    assert repo(cardData={"base_model": said}).bases == (Base("", "a/m1", "card"), Base("", "?", "card"))


@pytest.mark.parametrize("key", ["base-model", "basemodel", "model-base", "base_models", "Base_Model", "model_base"])
def test_a_misspelt_base_key_is_read(key):
    assert repo(cardData={key: "a/b"}).bases == (Base("", "a/b", "card"),)


def test_a_huge_card_keeps_what_it_declares():
    names = [f"org/{'n' * 90}{i}" for i in range(60)]
    r = repo(cardData={"license": "mit", "license_name": "x" * 5_000, "base_model": names, "junk": "y" * 70_000})
    assert [b.repo_id for b in r.bases] == names
    assert len(r.license_name) == 5_000
    assert r.card_data.keys() == {"license", "license_name", "base_model"}


def test_a_misspelt_licence_name_key_is_read():
    assert repo(cardData={"license": "other", "license-name": "my-terms"}).license_name == "my-terms"


def test_bases_come_from_the_hub_its_tags_and_the_card_once_each():
    r = repo(
        baseModels={"relation": "quantized", "models": [{"_id": "1", "id": "a/b"}]},
        tags=["base_model:a/b", "base_model:finetune:c/d", "base_model:c/d"],
        cardData={"base_model": ["e/f", "a/b"]},
    )
    assert r.bases == (Base("quantized", "a/b", "hub"), Base("finetune", "c/d", "hub"), Base("", "e/f", "card"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cardData", ["not", "a", "mapping"]),
        ("cardData", "text"),
        ("tags", 3),
        ("siblings", {"no": 1}),
        ("downloads", "12"),
        ("likes", "many"),
        ("gated", 3),
        ("baseModels", "x"),
    ],
)
def test_a_poisoned_row_is_a_reject_with_its_reason_and_the_others_are_read(field, value):
    rows = decode_page(json.dumps([{"_id": "1" * 24, "id": "a/b", field: value}, {"_id": OID, "id": "c/d"}]).encode())
    bad, good = (expand(r) if isinstance(r, Listed) else r for r in rows)
    assert isinstance(bad, Reject)
    assert (bad.oid, bad.repo_id) == ("1" * 24, "a/b")
    assert bad.reason
    assert isinstance(good, Repo)


def test_a_row_that_is_not_an_object_is_a_reject():
    (row,) = decode_page(b"[3]")
    assert isinstance(row, Reject)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"error": "x"}', b'[{"_id": "1"', b"[1, NaN]"])
def test_a_body_that_is_not_a_list_is_not_a_page(body):
    with pytest.raises(NotAPage):
        decode_page(body)


def test_the_fingerprint_ignores_counters_and_nothing_else():
    base = {"tags": ["a"], "sha": "s", "gated": False, "siblings": [{"rfilename": "x"}], "cardData": {"a": 1}}
    same = one(**base, downloads=1, likes=2, downloadsAllTime=3).fingerprint()
    assert one(**base, downloads=9).fingerprint() == same
    for field, value in [
        ("tags", ["b"]),
        ("sha", "t"),
        ("gated", "auto"),
        ("siblings", []),
        ("cardData", {}),
        ("id", "o/p"),
    ]:
        assert one(**{**base, field: value}).fingerprint() != same, field


def test_of_the_long_gating_prompt_only_its_presence_is_kept():
    assert repo(cardData={"extra_gated_prompt": "x" * 20_000, "license": "mit"}).card_data == {
        "license": "mit",
        "extra_gated": True,
    }


@given(st.binary(max_size=300))
def test_no_bytes_whatsoever_raise_anything_but_not_a_page(body):
    try:
        for row in decode_page(body):
            if isinstance(row, Listed):
                expand(row)
    except NotAPage:
        pass


@given(st.dictionaries(st.sampled_from(["tags", "cardData", "siblings", "config", "gguf", "safetensors", "gated", "sha",
                                        "downloads", "baseModels", "transformersInfo", "disabled", "author"]),
                       st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                                    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=5), x, max_size=3),
                                    max_leaves=6)))  # fmt: skip
def test_any_json_in_any_field_is_a_repo_or_a_reject(fields):
    row = one(**fields)
    found = expand(row) if isinstance(row, Listed) else row
    assert isinstance(found, Repo | Reject)
    if isinstance(found, Repo):
        assert msgspec.convert(msgspec.to_builtins(found), Repo) == found
