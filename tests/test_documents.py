"""The archive: each text once, found by its hash and by the id that git gives it."""

import hashlib
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.documents import Archive, blob_id, content_hash, is_text_of


@pytest.fixture
def archive(tmp_path):
    found = Archive(tmp_path / "documents.db")
    yield found
    found.close()


def test_what_was_put_comes_back_byte_for_byte_and_is_stored_once(archive):
    bodies = [b"card", b"", b"\x00\xff\xfe", b"card", "Käse".encode("utf-16")]
    keys = archive.put(bodies)
    assert [archive.get(k) for k in keys] == bodies
    assert archive.count() == 4
    assert archive.put(bodies) == keys
    assert archive.count() == 4


def test_a_text_is_found_by_its_git_id_and_by_its_sha256(archive):
    (key,) = archive.put([b"terms"])
    assert archive.find(blob_id(b"terms").hex()) == (key, 5)
    assert archive.find(hashlib.sha256(b"terms").hexdigest()) == (key, 5)
    assert archive.find(blob_id(b"other").hex()) is None


@pytest.mark.parametrize("etag", ["", "abc", "x" * 40, "A" * 40, '31ec-"'])
def test_an_etag_of_another_form_names_nothing(archive, etag):
    archive.put([b"terms"])
    assert archive.find(etag) is None
    assert is_text_of(b"terms", etag) is None


def test_the_blob_id_is_the_one_that_git_computes(tmp_path):
    (tmp_path / "f").write_bytes(b"some\ntext\x00")
    command = ["git", "hash-object", "--no-filters", str(tmp_path / "f")]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert blob_id(b"some\ntext\x00").hex() == said.stdout.strip()


@given(st.binary(max_size=300), st.binary(min_size=1, max_size=5))
def test_a_body_that_is_cut_or_added_to_is_not_the_text_of_its_etag(body, more):
    for etag in (blob_id(body).hex(), hashlib.sha256(body).hexdigest()):
        assert is_text_of(body, etag) is True
        assert is_text_of(body + more, etag) is False
    assert content_hash(body) != content_hash(body + more)


def test_a_text_that_was_not_committed_is_not_found(archive):
    archive._db.execute("BEGIN")
    insert = "INSERT INTO documents (hash, blob, size, body) VALUES (?, ?, 1, x'00')"
    archive._db.execute(insert, (b"h" * 16, b"b" * 20))
    assert archive.find((b"b" * 20).hex()) is None
    archive._db.execute("ROLLBACK")
