"""A recording of the Hub: read once, indexed compactly, shown as the Hub was on one night.

Does: reads JSON lines (`.jsonl` or `.jsonl.xz`, one file or a directory with `models` and `documents`), writes the
rows one after the other into an unnamed temporary file and keeps per row only its id, place, length and which fields
it has (about 40 bytes). A night is the base plus the rows that changed until then. 760,000 rows need some 60 MB.

Does not: speak HTTP, filter or page (see `replay_listing`), invent a fact that the recording lacks, or write to the
recording. Keys that begin with `_night`, `_gone` and `_type` steer the replay and are never shown.
"""

from __future__ import annotations

import base64
import hashlib
import json
import lzma
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

import msgspec
import orjson
from msgspec import Raw

from crawler.errors import UsageError
from crawler.recording_rows import (
    CHANGED,
    GONE,
    OID_BYTES,
    Fields,
    Rows,
    decode_fields,
    mask_of,
    shown,
    string,
)


class Document(NamedTuple):
    """One text of one file: where it lies, its git blob sha1, and since which night it holds ('' = always)."""

    night: str
    start: int
    length: int
    etag: str


class Found(NamedTuple):
    """A repo that answers to a name; `repo_id` differs from the name asked for after a rename or in letter case."""

    row: int
    repo_id: str


def git_sha1(content: bytes) -> str:
    """The blob id that git and the Hub's ETag give to a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _lines(path: Path) -> Iterator[bytes]:
    """Non-empty lines; the file is read in chunks because line iteration over xz costs more than the parsing."""
    with path.open("rb") as raw:
        f: IO[bytes] = lzma.open(raw) if path.suffix == ".xz" else raw  # noqa: SIM115 - `raw` is what holds a resource
        rest = b""
        while chunk := f.read(1 << 20):
            head, newline, tail = chunk.rpartition(b"\n")
            if not newline:
                rest += chunk
                continue
            yield from filter(bytes.strip, (rest + head).split(b"\n"))
            rest = tail
        if rest.strip():
            yield rest


def _part(folder: Path, name: str) -> Path | None:
    for path in (folder / f"{name}.jsonl", folder / f"{name}.jsonl.xz"):
        if path.is_file():
            return path
    return None


class Recording(Rows):
    """All that was recorded. Open with `Recording.open`; `at(night)` is what is served.

    `nights`: sorted ISO dates, [] for a single state. Rows are in order of `_id`, the Hub's creation order.
    """

    def __init__(self) -> None:
        """Empty; use `open`."""
        super().__init__()
        self.name = ""
        self.nights: list[str] = []
        self.history: dict[int, list[tuple[str, bytes]]] = {}  # row -> (night, line), nights ascending
        self.documents: dict[tuple[str, str], list[Document]] = {}
        self.datasets: dict[str, list[tuple[str, bytes]]] = {}
        self._aliases: dict[str, list[int]] = {}
        self._views: dict[str, View] = {}

    @classmethod
    def open(cls, path: Path | str, documents: Path | str | None = None) -> Recording:
        """Read a recording: 'sample' (the bundled one), a file, or a directory. Raises UsageError."""
        if str(path) == "sample":
            path = Path(__file__).parent / "sample"
        path = Path(path)
        models: Path | None = path
        texts = Path(documents) if documents is not None else None
        if path.is_dir():
            models, texts = _part(path, "models"), texts or _part(path, "documents")
        if models is None or not models.is_file():
            raise UsageError(f"No recording at {path}: neither a .jsonl file nor a directory with models.jsonl.")
        if texts is not None and not texts.is_file():
            raise UsageError(f"No documents at {texts}: give a .jsonl file of id, path and text.")
        self = cls()
        self.name = str(path)
        try:
            self._load(models)
            if texts is not None:
                self._load_documents(texts)
        except (lzma.LZMAError, EOFError, OSError) as e:
            raise UsageError(f"The recording {path} cannot be read: {e}.") from e
        self.file.flush()
        return self

    def close(self) -> None:
        """Give the temporary file back. Also done when the recording is forgotten."""
        self.file.close()

    # -- loading

    def _load(self, path: Path) -> None:
        changes: list[tuple[bytes, str, bytes]] = []
        nights: set[str] = set()
        for number, line in enumerate(_lines(path), 1):
            try:
                fields = decode_fields(line)
                night = string.decode(fields["_night"]) if "_night" in fields else ""
                if "_type" in fields and bytes(fields["_type"]) == b'"dataset"':
                    self._add_dataset(string.decode(fields["id"]), night, fields)
                    nights.add(night)
                    continue
                oid = bytes.fromhex(string.decode(fields["_id"]))
                if len(oid) != OID_BYTES:
                    raise ValueError("`_id` has not 24 hexadecimal digits")
                if night or "_gone" in fields:
                    changes.append((oid, night, msgspec.json.encode(fields)))
                    nights.add(night)
                else:
                    self.append(oid, fields)
            except (KeyError, ValueError, TypeError, msgspec.DecodeError) as e:
                raise UsageError(f"Line {number} of {path} is not a row of the Hub's listing: {e!r}.") from e
        self.nights = sorted(nights - {""})
        self._settle(changes)

    def _add_dataset(self, repo_id: str, night: str, fields: Fields) -> None:
        self.datasets.setdefault(repo_id.lower(), []).append((night, msgspec.json.encode(fields)))
        self.datasets[repo_id.lower()].sort(key=lambda entry: entry[0])

    def _settle(self, changes: list[tuple[bytes, str, bytes]]) -> None:
        """Sort by `_id`, fold lines of one `_id` into one row with a history, make room for rows of later nights."""
        strictly = self.ascending
        self.settle()
        if not strictly:
            changes = self._fold_doubles() + changes
        for oid in sorted({oid for oid, _, _ in changes if self.row_of(oid) is None}):
            self.append_empty(oid)
        self.settle()
        for oid, night, line in sorted(changes, key=lambda c: c[1]):
            row = self.row_of(oid)
            assert row is not None
            self.history.setdefault(row, []).append((night, line))
            fields = decode_fields(line)
            if "id" in fields:
                self._aliases.setdefault(string.decode(fields["id"]).lower(), []).append(row)

    def _fold_doubles(self) -> list[tuple[bytes, str, bytes]]:
        doubles = [i for i in range(1, len(self)) if self.oid_at(i) == self.oid_at(i - 1)]
        if not doubles:
            return []
        folded = [(self.oid_at(i), "", self.base(i)) for i in doubles]
        dropped = set(doubles)
        self.keep([i for i in range(len(self)) if i not in dropped])
        return folded

    def _load_documents(self, path: Path) -> None:
        nights: set[str] = set(self.nights)
        for number, line in enumerate(_lines(path), 1):
            try:
                given = json.loads(line)
                raw = given.get("base64")
                # A lone surrogate cannot be UTF-8; such a card is served as the bytes somebody once uploaded.
                text = base64.b64decode(raw) if raw is not None else given["text"].encode("utf-8", "surrogatepass")
                key, night = (given["id"].lower(), given["path"]), given.get("_night") or ""
            except (KeyError, ValueError, TypeError, AttributeError) as e:
                raise UsageError(f"Line {number} of {path} is not a document of id, path and text: {e!r}.") from e
            document = Document(night, self.file.append(text), len(text), git_sha1(text))
            self.documents.setdefault(key, []).append(document)
            if night:
                nights.add(night)
        for versions in self.documents.values():
            versions.sort(key=lambda d: d.night)  # stable: of two lines for one night the later holds
        self.nights = sorted(nights)

    # -- reading

    def candidates(self, repo_id: str) -> list[int]:
        """Rows that have, had or will have this id in any letter case (and perhaps others: compare)."""
        return [*self._aliases.get(repo_id.lower(), ()), *super().candidates(repo_id)]

    def at(self, night: str | None = None) -> View:
        """The Hub as it was on that night (default: the last). Raises UsageError for a night before the first."""
        chosen = night if night is not None else (self.nights[-1] if self.nights else "")
        if chosen not in self._views:
            if chosen and self.nights and chosen < self.nights[0] and not any(self.lengths):
                raise UsageError(f"The recording {self.name} begins on {self.nights[0]}; there is no night {chosen}.")
            self._views[chosen] = View(self, chosen)
        return self._views[chosen]

    def document(self, names: list[str], path: str, night: str) -> Document | None:
        """The text of a file that holds on that night, under any of the repo's names."""
        found = [d for name in names for d in self.documents.get((name.lower(), path), ()) if d.night <= night]
        return max(found, key=lambda d: d.night) if found else None

    def paths(self, names: list[str], night: str) -> list[str]:
        """Files of a repo whose text was recorded."""
        wanted = {n.lower() for n in names}
        return sorted(p for (n, p), ds in self.documents.items() if n in wanted and ds[0].night <= night)

    def dataset(self, repo_id: str, night: str) -> Fields | None:
        """A recorded dataset's metadata, or None."""
        merged, there = merge({}, [line for n, line in self.datasets.get(repo_id.lower(), ()) if n <= night])
        return merged if there and merged else None


def merge(base: Fields, lines: list[bytes]) -> tuple[Fields, bool]:
    """Later lines over earlier ones, field by field; null removes. Also whether the repo is there at the end."""
    merged, there = dict(base), bool(base)
    for line in lines:
        fields = decode_fields(line)
        there = bytes(fields.get("_gone", b"false")) != b"true"
        merged.update(fields)
    return shown(merged), there


class View:
    """One night: which rows are there and how they read. Edits (`remove`, `rename`) are for a `copy` only."""

    def __init__(self, recording: Recording, night: str) -> None:
        """Apply the history until `night` to the base rows."""
        self.recording = recording
        self.night = night
        self.masks = array("Q", recording.masks)
        self.changed: dict[int, bytes] = {}
        self.earlier: dict[int, list[str]] = {}  # names that an edit replaced
        self.orders: dict[str, tuple[Sequence[int], Sequence[int | float | str]]] = {}  # kept by replay_listing
        for row, entries in recording.history.items():
            lines = [line for n, line in entries if n <= night]
            if lines:
                base = decode_fields(recording.base(row)) if recording.lengths[row] else {}
                self._put(row, *merge(base, lines))

    def copy(self) -> View:
        """A view that may be edited without touching this one."""
        twin = object.__new__(View)
        twin.recording, twin.night = self.recording, self.night
        twin.masks, twin.changed = array("Q", self.masks), dict(self.changed)
        twin.earlier, twin.orders = dict(self.earlier), {}
        return twin

    def _put(self, row: int, fields: Fields, there: bool) -> None:
        self.changed[row] = msgspec.json.encode(fields)
        self.masks[row] = mask_of(fields) | CHANGED | (0 if there and "id" in fields else GONE)

    def remove(self, row: int) -> None:
        """From now on the repo is not on the Hub."""
        self.masks[row] |= GONE
        self.orders.clear()

    def rename(self, row: int, repo_id: str) -> None:
        """From now on the repo has another id; the old one redirects."""
        self.earlier[row] = [*self.earlier.get(row, ()), self.id_at(row)]
        self._put(row, {**decode_fields(self.text(row)), "id": Raw(orjson.dumps(repo_id))}, True)

    def __len__(self) -> int:
        """Repos on the Hub this night."""
        return sum(1 for mask in self.masks if not mask & GONE)

    def text(self, row: int) -> bytes:
        """A row's JSON object with all its fields."""
        return self.changed[row] if self.masks[row] & CHANGED else self.recording.base(row)

    def fields(self, row: int) -> Fields:
        """A row's fields, values raw."""
        return decode_fields(self.text(row))

    def id_at(self, row: int) -> str:
        """A row's current id."""
        return string.decode(self.fields(row)["id"])

    def names(self, row: int) -> list[str]:
        """All ids that the repo has had until this night, the current one first."""
        names = [self.id_at(row), *reversed(self.earlier.get(row, ()))]
        for night, line in reversed(self.recording.history.get(row, ())):
            fields = decode_fields(line)
            if night <= self.night and "id" in fields:
                names.append(string.decode(fields["id"]))
        if self.recording.lengths[row]:
            names.append(string.decode(decode_fields(self.recording.base(row))["id"]))
        return list(dict.fromkeys(names))

    def find(self, repo_id: str) -> Found | None:
        """The repo that answers to this name: by its id, else by letter case, else by an earlier id."""
        rows = [*self.recording.candidates(repo_id), *self.earlier]
        here = [Found(r, self.id_at(r)) for r in dict.fromkeys(rows) if not self.masks[r] & GONE]
        key = repo_id.lower()
        for fits in (
            lambda f: f.repo_id == repo_id,
            lambda f: f.repo_id.lower() == key,
            lambda f: key in (name.lower() for name in self.names(f.row)),
        ):
            if match := next(filter(fits, here), None):
                return match
        return None

    def shas(self, row: int) -> dict[str, str]:
        """Commits that the repo has had, each with the last night (<= this one) that showed it."""
        found: dict[str, str] = {}
        nights = sorted({"", *(n for n, _ in self.recording.history.get(row, ()) if n <= self.night)})
        ends = [*nights[1:], self.night]  # what holds from one night is shown until the next
        for start, end in zip(nights, ends, strict=True):
            view = self if start == nights[-1] else None
            fields = view.fields(row) if view else self._fields_on(row, start)
            if "sha" in fields:
                found[string.decode(fields["sha"])] = self.night if view else _before(end)
        return found

    def _fields_on(self, row: int, night: str) -> Fields:
        lines = [line for n, line in self.recording.history.get(row, ()) if n <= night]
        base = self.recording.base(row)
        return merge(decode_fields(base) if base else {}, lines)[0]


def _before(night: str) -> str:
    """A text that sorts after every earlier night and before this one."""
    return night[:-1] + chr(ord(night[-1]) - 1) + "~" if night else ""
