"""The stored card of one model: hub.db and documents.db, read only, where they lie beside the served index.db.

Does: say what the last look at the card brought, and give its bytes when there are any, of an earlier look where the
last one failed. What the Hub no longer shows to everybody (private, disabled, vanished since) is not given, whatever
was stored before.
Does not: render (cardview.py), write, or wait for the crawler, which may be writing to both files.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import zstandard

from crawler import documents
from index import tables

CARD = "README.md"


class Stored(NamedTuple):
    """A card as last read. `state`: ok, or why there is no body; `sha`, `night`: the revision and when it was read.

    `failed`: the night of a later look that failed; then neither the revision nor the night of the good one is known.
    """

    state: str
    body: bytes = b""
    sha: str | None = None
    night: str | None = None
    failed: str = ""


class Archive(NamedTuple):
    """The two files beside an index."""

    hub: Path
    documents: Path

    @property
    def there(self) -> bool:
        """Whether cards can be shown at all."""
        return self.hub.is_file() and self.documents.is_file()


def beside(db: sqlite3.Connection) -> Archive:
    """The archive that lies beside an open index.db; it may not be there."""
    path = next(Path(file) for _, name, file in db.execute("PRAGMA database_list").fetchall() if name == "main")
    return Archive(path.with_name("hub.db"), path.with_name("documents.db"))


def card_of(archive: Archive, oid: str) -> Stored:
    """The card of a repository. States beside those of `fetches`: absent (no files here), hidden, never, unread."""
    if not archive.there:
        return Stored("absent")
    try:
        with closing(tables.open_readonly(archive.hub)) as hub:
            row = hub.execute(
                """SELECT r.private IS 1 OR r.disabled IS 1 OR r.missing_since IS NOT NULL, f.outcome, f.hash, f.sha,
                     f.night
                   FROM repos r LEFT JOIN fetches f ON f.repo = r.repo AND f.path = ? WHERE r.oid = ?""",
                (CARD, oid),
            ).fetchone()
        if row is None or row[0]:
            return Stored("hidden")
        _, outcome, key, sha, night = row
        if outcome is None or (outcome == "ok" and key is None):
            return Stored("never")
        if outcome != "ok" and (outcome != "error" or key is None):  # a look that failed leaves what was read before
            return Stored(outcome, sha=sha, night=night)
        with closing(documents.open_readonly(archive.documents)) as store:
            found = store.execute("SELECT body, size FROM documents WHERE hash = ?", (key,)).fetchone()
        if found is None:
            return Stored("never", sha=sha, night=night)
        body = zstandard.ZstdDecompressor().decompress(found[0], max_output_size=found[1] or 1)
        return Stored("ok", body, failed=night) if outcome == "error" else Stored("ok", body, sha, night)
    except (sqlite3.Error, zstandard.ZstdError):  # of another version, damaged, or in a folder that cannot be read
        return Stored("unread")
