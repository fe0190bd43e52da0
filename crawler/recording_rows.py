"""Rows of a recording, compactly: the text of each in one unnamed temporary file, about 40 bytes of memory a row.

Keeps per row its `_id`, place, length, a hash of its id and a bit per field that it has. Knows no nights, no names
after a rename, no documents (see `recording`) and writes nothing but its own temporary file.
"""

from __future__ import annotations

import json
import os
import tempfile
import weakref
from array import array
from bisect import bisect_left

import msgspec
import orjson
from msgspec import Raw

#: What `expand` accepts, in the order of the Hub's own error message (2026-10-02).
EXPANDABLE = (
    "author", "baseModels", "cardData", "config", "createdAt", "disabled", "downloads", "downloadsAllTime",
    "evalResults", "gated", "inference", "inferenceProviderMapping", "lastModified", "library_name", "likes",
    "mask_token", "model-index", "pipeline_tag", "private", "safetensors", "sha", "siblings", "spaces", "tags",
    "transformersInfo", "trendingScore", "widgetData", "gguf", "resourceGroup", "xetEnabled", "childrenModelCount",
    "usedStorage",
)  # fmt: skip
BITS = {name: 1 << i for i, name in enumerate(EXPANDABLE)}
OTHER = 1 << 60  # has a field that no `expand` can name (doi, ...)
CHANGED = 1 << 61  # this night's text is in `View.changed`, not in the file
GONE = 1 << 62  # not on the Hub this night

_ALWAYS = frozenset({"_id", "id"})
#: Steering keys; modelId equals id and is added when it is served; a client that sees xetHash dials out.
HIDDEN = frozenset({"_night", "_gone", "_type", "modelId", "xetHash"})
OID_BYTES = 12  # bytes of an ObjectId

Fields = dict[str, Raw]
_fields = msgspec.json.Decoder(Fields)
string = msgspec.json.Decoder(str)


def mask_of(fields: Fields) -> int:
    """Which fields a row has, as bits."""
    mask = 0
    for name in fields:
        if name not in _ALWAYS:
            mask |= BITS.get(name, OTHER)
    return mask


def shown(fields: Fields) -> Fields:
    """What clients may see: no steering keys, null means absent, and weights are counted in the Hub's form."""
    seen = {k: v for k, v in fields.items() if k not in HIDDEN and (len(v) != 4 or bytes(v) != b"null")}
    counted = bytes(seen.get("safetensors", b""))
    if counted and not (b'"parameters"' in counted and b'"total"' in counted):
        seen.pop("safetensors")
        if whole := _safetensors(counted):
            seen["safetensors"] = whole
    return seen


def _safetensors(raw: bytes) -> Raw | None:
    """The count of a recording that kept only part of it, with both keys that the Hub gives and its client reads.

    Types that nobody recorded are not made up: `parameters` is empty then. None when there is no count at all.
    """
    given = orjson.loads(raw)
    if not isinstance(given, dict):
        return None
    found = given.get("parameters")
    by_type: dict[str, object] = found if isinstance(found, dict) else {}
    total = given.get("total", sum(n for n in by_type.values() if isinstance(n, int)) or None)
    return None if total is None else Raw(orjson.dumps({**given, "parameters": by_type, "total": total}))


def decode_fields(line: bytes) -> Fields:
    """Top-level fields of one JSON object, values still raw; NaN and Infinity become null.

    Raises ValueError, TypeError or msgspec.DecodeError when it is none.
    """
    try:
        return _fields.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Python's dumper writes NaN, which no strict parser reads; orjson writes it as null.
        return _fields.decode(orjson.dumps(json.loads(line)))


class File:
    """An unnamed temporary file that is appended to while loading and read by position afterwards."""

    def __init__(self) -> None:
        """Made where the system keeps temporary files (TMPDIR)."""
        fd, name = tempfile.mkstemp(prefix="openness-replay-")
        os.unlink(name)
        self.fd = fd
        self.size = 0
        self._pending: list[bytes] = []
        self._pending_size = 0
        self.close = weakref.finalize(self, os.close, fd)

    def append(self, data: bytes) -> int:
        """Its position. A separator byte follows, so that neighbours read together are already a JSON array."""
        start = self.size + self._pending_size
        self._pending += (data, b",")
        self._pending_size += len(data) + 1
        if self._pending_size > 4 << 20:
            self.flush()
        return start

    def flush(self) -> None:
        """Bring what was appended within reach of `read`."""
        rest = memoryview(b"".join(self._pending))
        self.size += len(rest)
        while rest:
            rest = rest[os.write(self.fd, rest) :]
        self._pending, self._pending_size = [], 0

    def read(self, start: int, length: int) -> bytes:
        """So many bytes from there; the process's memory holds no more than that."""
        return os.pread(self.fd, length, start)


class Rows:
    """Rows by number. After `settle` they are in order of `_id`, the Hub's creation order."""

    def __init__(self) -> None:
        """No rows yet."""
        self.file = File()
        self.oids = bytearray()
        self.starts = array("Q")
        self.lengths = array("I")  # 0: a row that only a later night knows
        self.masks = array("Q")
        self.ascending = True  # rows came in strictly ascending order of `_id`
        self._masks_by_names: dict[tuple[str, ...], int] = {}
        self._hashes = array("q")
        self._table = array("I")

    def __len__(self) -> int:
        """Rows of all nights together."""
        return len(self.starts)

    def append(self, oid: bytes, fields: Fields) -> None:
        """Keep a row; null means absent."""
        repo_id = string.decode(fields["id"])
        visible = shown(fields)
        text = msgspec.json.encode(visible)
        self.ascending = self.ascending and self.oids[-OID_BYTES:] < oid
        self.oids += oid
        self.starts.append(self.file.append(text))
        self.lengths.append(len(text))
        names = tuple(visible)
        if names not in self._masks_by_names:  # a recording has few combinations of fields
            self._masks_by_names[names] = mask_of(visible)
        self.masks.append(self._masks_by_names[names])
        self._hashes.append(hash(repo_id.lower()))

    def append_empty(self, oid: bytes) -> None:
        """Make room for a repo that is not there at first."""
        self.ascending = False
        self.oids += oid
        self.starts.append(0)
        self.lengths.append(0)
        self.masks.append(GONE)
        self._hashes.append(0)

    def settle(self) -> None:
        """Sort by `_id`; the texts stay where they are."""
        self.file.flush()
        if not self.ascending:
            self.keep(sorted(range(len(self)), key=self.oid_at))
            self.ascending = True

    def keep(self, order: list[int]) -> None:
        """Only these rows, in this order."""
        self.oids = bytearray(b"".join(self.oid_at(i) for i in order))
        self.starts = array("Q", (self.starts[i] for i in order))
        self.lengths = array("I", (self.lengths[i] for i in order))
        self.masks = array("Q", (self.masks[i] for i in order))
        self._hashes = array("q", (self._hashes[i] for i in order))

    def oid_at(self, row: int) -> bytes:
        """The 12 bytes of a row's `_id`."""
        return bytes(self.oids[row * OID_BYTES : row * OID_BYTES + OID_BYTES])

    def first_at_or_after(self, oid: bytes) -> int:
        """The first row whose `_id` is not smaller; `len(self)` when there is none."""
        return bisect_left(range(len(self)), oid, key=self.oid_at)

    def row_of(self, oid: bytes) -> int | None:
        """The row with this `_id`."""
        row = self.first_at_or_after(oid)
        return row if row < len(self) and self.oid_at(row) == oid else None

    def base(self, row: int) -> bytes:
        """A row's JSON object before any night."""
        return self.file.read(self.starts[row], self.lengths[row])

    def candidates(self, repo_id: str) -> list[int]:
        """Rows that begin with this id in any letter case (and perhaps others: compare)."""
        if not self._table:
            self._build_table()
        rows: list[int] = []
        size, wanted = len(self._table) - 1, hash(repo_id.lower())
        place = wanted & size
        while entry := self._table[place]:
            if self._hashes[entry - 1] == wanted:
                rows.append(entry - 1)
            place = (place + 1) & size
        return rows

    def _build_table(self) -> None:
        """Open addressing over row numbers: 4 bytes a slot, where a dict of ids would need 100."""
        size = 1 << max(3, (2 * len(self)).bit_length())
        table = array("I", bytes(4 * size))
        for row, wanted in enumerate(self._hashes):
            if not self.lengths[row]:
                continue
            place = wanted & (size - 1)
            while table[place]:
                place = (place + 1) & (size - 1)
            table[place] = row + 1
        self._table = table
