"""Reading a recording: nights, renames, odd lines, and how little memory a row needs."""

from __future__ import annotations

import json
import lzma
import sys
from array import array
from pathlib import Path

import msgspec
import pytest

from crawler.errors import UsageError
from crawler.recording import Recording, View, git_sha1
from tests.replaying import document, oid, row, write


def row_number(view: View, repo_id: str) -> int:
    found = view.find(repo_id)
    assert found is not None
    return found.row


def field(view: View, repo_id: str, name: str) -> object:
    fields = view.fields(row_number(view, repo_id))
    return json.loads(bytes(fields[name])) if name in fields else None


@pytest.fixture
def three_nights(tmp_path: Path) -> Recording:
    rows = [
        row(1, "a/one", downloads=1, license="x"),
        row(2, "a/two"),
        {"_id": oid(1), "downloads": 5, "gated": "manual", "_night": "2026-08-20"},
        {"_id": oid(1), "downloads": 7, "gated": None, "id": "b/one", "_night": "2026-08-21"},
        {"_id": oid(2), "_gone": True, "_night": "2026-08-21"},
        {"_id": oid(2), "_night": "2026-08-22"},
        row(3, "a/three", _night="2026-08-21"),
    ]
    texts = [document("a/one", "first"), document("b/one", "second", _night="2026-08-21")]
    return Recording.open(write(tmp_path / "r", rows, texts))


def test_a_night_is_the_base_with_the_changes_until_then_field_by_field(three_nights: Recording) -> None:
    assert three_nights.nights == ["2026-08-20", "2026-08-21", "2026-08-22"]
    before, first, second = (three_nights.at(n) for n in ("2026-08-19", "2026-08-20", "2026-08-21"))
    assert (field(before, "a/one", "downloads"), field(before, "a/one", "gated")) == (1, False)
    assert (field(first, "a/one", "downloads"), field(first, "a/one", "gated")) == (5, "manual")
    assert (field(second, "b/one", "downloads"), field(second, "b/one", "gated")) == (7, None)
    assert field(second, "b/one", "likes") == 1


def test_a_field_given_as_null_is_absent_and_not_null(three_nights: Recording) -> None:
    view = three_nights.at("2026-08-21")
    assert "gated" not in view.fields(row_number(view, "b/one"))
    assert b"_night" not in view.text(row_number(view, "b/one"))


def test_repos_vanish_return_and_appear_on_their_nights(three_nights: Recording) -> None:
    present = {n: [three_nights.at(n).find(i) is not None for i in ("a/two", "a/three")] for n in three_nights.nights}
    assert present == {"2026-08-20": [True, False], "2026-08-21": [False, True], "2026-08-22": [True, True]}
    assert [len(three_nights.at(n)) for n in three_nights.nights] == [2, 2, 3]


def test_an_old_name_finds_the_renamed_repo_only_from_the_night_of_the_rename(three_nights: Recording) -> None:
    assert three_nights.at("2026-08-20").find("b/one") is None
    found = three_nights.at("2026-08-22").find("A/One")
    assert found is not None
    assert found.repo_id == "b/one"


def test_documents_are_found_under_any_name_that_the_repo_has_had(three_nights: Recording) -> None:
    for night, text in (("2026-08-20", "first"), ("2026-08-22", "second")):
        view = three_nights.at(night)
        document = three_nights.document(view.names(row_number(view, "a/one")), "README.md", night)
        assert document is not None
        assert document.etag == git_sha1(text.encode())


def test_a_night_before_the_first_of_a_recording_without_a_base_is_refused(tmp_path: Path) -> None:
    recording = Recording.open(write(tmp_path / "r", [row(1, _night="2026-08-20")]))
    with pytest.raises(UsageError, match="begins on 2026-08-20"):
        recording.at("2026-08-19")


def test_rows_out_of_order_and_twice_end_sorted_once_each_the_later_line_on_top(tmp_path: Path) -> None:
    rows = [row(5), row(2, downloads=1), row(9), row(2, downloads=2), row(1)]
    recording = Recording.open(write(tmp_path / "r", rows))
    assert [recording.oid_at(i).hex() for i in range(len(recording))] == [oid(n) for n in (1, 2, 5, 9)]
    assert field(recording.at(), "org2/model-2", "downloads") == 2
    recording.close()


@pytest.mark.parametrize(
    ("recorded", "served"),
    [
        ({"total": 7}, {"parameters": {}, "total": 7}),
        ({"parameters": {"F32": 3, "BF16": 4}}, {"parameters": {"F32": 3, "BF16": 4}, "total": 7}),
        ({"parameters": {"F32": 3}, "total": 3}, {"parameters": {"F32": 3}, "total": 3}),
        ({"total": 7, "sharded": True}, {"total": 7, "sharded": True, "parameters": {}}),
        ({}, None),
        ("7B", None),
    ],
)
def test_a_count_of_weights_has_both_keys_that_the_hub_gives_or_is_not_shown(tmp_path, recorded, served) -> None:
    later = row(1, "a/b", safetensors=recorded, _night="2026-08-20")
    recording = Recording.open(write(tmp_path / "r", [row(1, "a/b"), later, row(2, "a/c", safetensors=recorded)]))
    for name in ("a/b", "a/c"):
        view = recording.at()
        fields = view.fields(row_number(view, name))
        assert (msgspec.json.decode(fields["safetensors"]) if "safetensors" in fields else None) == served
    recording.close()


def test_nan_becomes_null_and_xz_and_crlf_are_read(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.xz"
    lines = [json.dumps(row(1, "a/b", cardData={"value": float("nan")})), "", json.dumps(row(2))]
    path.write_bytes(lzma.compress("\r\n".join(lines).encode()))
    recording = Recording.open(path)
    assert field(recording.at(), "a/b", "cardData") == {"value": None}
    assert len(recording) == 2


@pytest.mark.parametrize(
    "line", ["[1]", "{", '{"_id":"66","id":"a/b"}', '{"id":"a/b"}', '{"_id":"' + "6" * 24 + '"}', "\x00"]
)
def test_a_line_that_is_no_row_is_refused_with_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps(row(1)) + "\n" + line + "\n")
    with pytest.raises(UsageError, match=r"Line 2 of .*r\.jsonl"):
        Recording.open(path)


def test_a_recording_that_is_not_there_or_cut_short_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No recording at"):
        Recording.open(tmp_path / "absent")
    cut = tmp_path / "cut.jsonl.xz"
    cut.write_bytes(lzma.compress(json.dumps(row(1)).encode() * 100)[:-20])
    with pytest.raises(UsageError, match="cannot be read"):
        Recording.open(cut)
    (tmp_path / "m.jsonl").write_text(json.dumps(row(1)))
    (tmp_path / "d.jsonl").write_text('{"id": 3}')
    with pytest.raises(UsageError, match=r"Line 1 of .*d\.jsonl"):
        Recording.open(tmp_path / "m.jsonl", tmp_path / "d.jsonl")


def test_an_edited_copy_leaves_the_night_untouched(three_nights: Recording) -> None:
    view = three_nights.at("2026-08-22")
    copy = view.copy()
    copy.remove(row_number(copy, "a/two"))
    copy.rename(row_number(copy, "a/three"), "c/three")
    assert copy.find("a/two") is None
    assert copy.find("a/three") == copy.find("c/three")
    assert view.find("a/two") is not None
    assert view.find("c/three") is None


def test_the_sample_opens_and_every_night_can_be_shown() -> None:
    recording = Recording.open("sample")
    assert len(recording.nights) >= 10
    assert all(len(recording.at(night)) > 0 for night in recording.nights)


def test_the_index_of_a_recording_needs_less_than_60_bytes_of_memory_a_row(tmp_path: Path) -> None:
    recording = Recording.open(write(tmp_path / "r", (row(n) for n in range(5_000))))
    recording.at().find("org0/model-0")
    held = [v for v in vars(recording).values() if isinstance(v, array | bytearray)]
    assert sum(map(sys.getsizeof, held)) / 5_000 < 60
    assert recording.oids[:12] == bytes.fromhex(oid(0))
