"""documents.db: the archive of cards and licence texts. Each distinct text once, by content hash, zstd-compressed.

Knows nothing about repos; hub.db (`fetches`) says which repo had which text at which revision. Never served: pages show quotes.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import sqlite_utils
import zstandard
from sqlite_utils import Migrations

from crawler import database

APPLICATION_ID = 0x6F70646F  # 'opdo'
#: Bytes of a document that are kept; longer ones are cut here and their fetch says so.
MAX_DOCUMENT = 5_000_000

migrations = Migrations("documents")


@migrations(name="0001_documents")
def _documents(db: sqlite_utils.Database) -> None:
    db.conn.execute(
        """
        CREATE TABLE documents (
          document INTEGER PRIMARY KEY,
          hash BLOB NOT NULL UNIQUE,   -- first 16 bytes of the SHA-256 of the text
          size INTEGER NOT NULL,       -- bytes of the text
          body BLOB NOT NULL           -- zstd
        ) STRICT
        """
    )


def content_hash(body: bytes) -> bytes:
    """The key of a text: the first 16 bytes of its SHA-256."""
    return hashlib.sha256(body).digest()[:16]


class Archive:
    """The open archive. `put` is idempotent; `get` returns the bytes as the Hub gave them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = database.connect(path, APPLICATION_ID, migrations)
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
                        "INSERT INTO documents (hash, size, body) VALUES (?, ?, ?)",
                        (key, len(body), self._compress(body)),
                    )
        return keys

    def get(self, key: bytes) -> bytes | None:
        """The text of a key, or None when it is not here."""
        row = self._db.execute("SELECT body, size FROM documents WHERE hash = ?", (key,)).fetchone()
        return None if row is None else self._decompress(row[0], max_output_size=row[1] or 1)

    def count(self) -> int:
        """How many distinct texts there are."""
        return self._db.execute("SELECT count(*) FROM documents").fetchone()[0]

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def open_readonly(path: Path) -> sqlite3.Connection:
    """A read-only connection, for workers that only read."""
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)
