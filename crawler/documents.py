"""documents.db: the archive of cards and licence texts. Each distinct text once, by content hash, zstd-compressed.

Knows nothing about repos; hub.db (`fetches`) says which repo had which text at which revision. Never served: pages
show quotes. A text is also found by the id that git gives it, because that is what the Hub's ETag is: so a text that
any repo has brought is never fetched again. Texts are bytes as the Hub gave them; nothing is decoded here.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path

import sqlite_utils
import zstandard
from sqlite_utils import Migrations

from crawler import database

APPLICATION_ID = 0x6F70646F  # 'opdo'
#: Bytes of the longest document that is kept. Of a longer one nothing is: half a licence must not be judged as a whole.
MAX_DOCUMENT = 5_000_000

migrations = Migrations("documents")


@migrations(name="0001_documents")
def _documents(db: sqlite_utils.Database) -> None:
    db.conn.execute(
        """
        CREATE TABLE documents (
          document INTEGER PRIMARY KEY,
          hash BLOB NOT NULL UNIQUE,   -- first 16 bytes of the SHA-256 of the text
          blob BLOB NOT NULL UNIQUE,   -- its id in git, the Hub's ETag: SHA-1 of 'blob', length, NUL and the text
          size INTEGER NOT NULL,       -- bytes of the text
          body BLOB NOT NULL           -- zstd
        ) STRICT
        """
    )


def content_hash(body: bytes) -> bytes:
    """The key of a text: the first 16 bytes of its SHA-256."""
    return hashlib.sha256(body).digest()[:16]


def blob_id(body: bytes) -> bytes:
    """The id that git gives a text, 20 bytes."""
    return hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).digest()


def is_text_of(body: bytes, etag: str) -> bool | None:
    """Whether a body is the one that an ETag names: a git id (40 hex) or, of an LFS file, a SHA-256 (64 hex).

    None when the ETag is of neither form and says nothing about the content.
    """
    if re.fullmatch(r"[0-9a-f]{40}", etag):
        return blob_id(body).hex() == etag
    if re.fullmatch(r"[0-9a-f]{64}", etag):
        return hashlib.sha256(body).hexdigest() == etag
    return None


class Archive:
    """The open archive. `put` is idempotent; `get` returns the bytes as the Hub gave them; any thread may `find`."""

    def __init__(self, path: Path) -> None:
        """Open or create the file."""
        self.path = path
        self._db = database.connect(path, APPLICATION_ID, migrations)
        # What is found must be there after a power cut too: this connection sees only what is committed.
        self._reader = open_readonly(path)
        self._lock = threading.Lock()
        self._compress = zstandard.ZstdCompressor(level=9).compress
        self._decompress = zstandard.ZstdDecompressor().decompress

    def put(self, bodies: Iterable[bytes]) -> list[bytes]:
        """Store texts in one transaction; their keys in order."""
        keys = []
        with database.transaction(self._db):
            for body in bodies:
                key = content_hash(body)
                keys.append(key)
                if self._db.execute("SELECT 1 FROM documents WHERE hash = ?", (key,)).fetchone() is None:
                    self._db.execute(
                        "INSERT INTO documents (hash, blob, size, body) VALUES (?, ?, ?, ?)",
                        (key, blob_id(body), len(body), self._compress(body)),
                    )
        return keys

    def find(self, etag: str) -> tuple[bytes, int] | None:
        """Key and size of the text that an ETag of the Hub names, or None when it is not here."""
        if re.fullmatch(r"[0-9a-f]{40}", etag):
            column, key = "blob", bytes.fromhex(etag)
        elif re.fullmatch(r"[0-9a-f]{64}", etag):
            column, key = "hash", bytes.fromhex(etag)[:16]
        else:
            return None
        with self._lock:
            return self._reader.execute(f"SELECT hash, size FROM documents WHERE {column} = ?", (key,)).fetchone()

    def get(self, key: bytes) -> bytes | None:
        """The text of a key, or None when it is not here."""
        row = self._db.execute("SELECT body, size FROM documents WHERE hash = ?", (key,)).fetchone()
        return None if row is None else self._decompress(row[0], max_output_size=row[1] or 1)

    def count(self) -> int:
        """How many distinct texts there are."""
        return self._db.execute("SELECT count(*) FROM documents").fetchone()[0]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._reader.close()
        database.close(self._db)


def open_readonly(path: Path) -> sqlite3.Connection:
    """A read-only connection, for those that only read; not bound to a thread, so the caller locks."""
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)
