"""Documents of repos out of the archive, read only: what judge and verify look at. Fetches nothing, judges nothing."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import zstandard

from crawler import documents
from index.own_license import Text
from index.tables import Document


class Library:
    """The archive of documents. Without a file (no document was ever fetched) nothing can be read."""

    def __init__(self, path: Path) -> None:
        """`path`: documents.db, which need not exist."""
        self._conn = documents.open_readonly(path) if path.exists() else None
        self._decompress = zstandard.ZstdDecompressor().decompress

    def texts(self, found: Sequence[Document]) -> list[Text]:
        """Documents with their bodies; one that the archive cannot give is 'unreadable'.

        Where the last look brought nothing, the text of the last good look still counts: a failure takes nothing back.
        """
        return [self._text(one) for one in found]

    def _text(self, one: Document) -> Text:
        if one.hash is None:  # never read, or found not to be there
            return Text(one.path, one.outcome, None)
        if self._conn is None:
            return Text(one.path, "unreadable", None)
        row = self._conn.execute("SELECT body, size FROM documents WHERE hash = ?", (one.hash,)).fetchone()
        if row is None:
            return Text(one.path, "unreadable", None)
        try:
            return Text(one.path, "ok", self._decompress(row[0], max_output_size=row[1] or 1))
        except (zstandard.ZstdError, zlib.error):
            return Text(one.path, "unreadable", None)

    def close(self) -> None:
        """Close the file."""
        if self._conn is not None:
            self._conn.close()
