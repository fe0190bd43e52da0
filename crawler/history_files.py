"""Other people's download series as rows: Parquet, JSON lines or CSV, plain, .gz or .xz, with columns by many names.

Reads and checks line by line; a line that cannot be used is a Bad with its reason. Knows no database: which model a row
is about is said by its id alone, and what it means for the history is decided in `history.py`.
"""

from __future__ import annotations

import csv
import gzip
import io
import lzma
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import msgspec

from crawler.errors import UsageError

#: Our field -> names of columns that are known to hold it, the first that a file has is read.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "model_id", "modelId", "repo_id", "model_url", "model"),
    "date": ("date", "snapshot", "snapshot_date", "day", "observed", "timestamp", "crawled_at"),
    "downloads": ("downloads", "downloads_30d", "downloads30d"),
    "downloads_all_time": ("downloadsAllTime", "downloads_all_time"),
    "likes": ("likes",),
    "kind": ("repoType", "repo_type"),
}
FORMATS = ".parquet, .jsonl or .csv (the last two also with .gz or .xz)"


class Row(NamedTuple):
    """One observation. `day`: days since 1970-01-01; `moment`: the date as given, later ones of a day win."""

    repo_id: str
    day: int
    moment: str
    downloads: int | None
    downloads_all_time: int | None
    likes: int | None


class Bad(NamedTuple):
    """A line that cannot be used."""

    reason: str


def rows(path: Path, mapping: Mapping[str, str], day: str | None) -> Iterator[Row | Bad]:
    """The observations of a file in order. `mapping`: our field -> its column here; `day`: for files without a date.

    Raises UsageError when the file or its columns cannot be used at all.
    """
    unknown = sorted(set(mapping) - set(COLUMNS))
    if unknown:
        raise UsageError(f"There is no field {unknown[0]!r} to map; there are {', '.join(COLUMNS)}.")
    if day is not None and _day(day) is None:
        raise UsageError(f"{day!r} is not a date; write it as YYYY-MM-DD.")
    first = True
    for line in _lines(path):
        if isinstance(line, Bad):
            yield line
            continue
        if first:
            _check_columns(path, line, mapping, day)
            first = False
        yield _row(line, mapping, day)


def _lines(path: Path) -> Iterator[dict[str, Any] | Bad]:
    """The file's records as they are."""
    name = re.sub(r"\.(gz|xz)$", "", path.name.lower())
    if not path.is_file():
        raise UsageError(f"There is no file {path}.")
    try:
        if name.endswith(".parquet"):
            yield from _parquet(path)
        elif name.endswith((".jsonl", ".ndjson", ".json")):
            yield from _json_lines(path)
        elif name.endswith(".csv"):
            with io.TextIOWrapper(_open(path), encoding="utf-8-sig", errors="replace", newline="") as text:
                yield from csv.DictReader(text)
        else:
            raise UsageError(f"{path} has none of the endings that can be imported: {FORMATS}.")
    except (OSError, EOFError, lzma.LZMAError, csv.Error) as e:
        raise UsageError(f"{path} cannot be read: {e}. Nothing was imported.") from e


def _open(path: Path) -> IO[bytes]:
    if path.suffix.lower() == ".xz":
        return lzma.open(path)
    if path.suffix.lower() == ".gz":
        return cast(IO[bytes], gzip.open(path))
    return path.open("rb")


def _json_lines(path: Path) -> Iterator[dict[str, Any] | Bad]:
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    with _open(path) as lines:
        for line in lines:
            if line.strip():
                try:
                    yield decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    yield Bad("not a JSON object")


def _parquet(path: Path) -> Iterator[dict[str, Any] | Bad]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as e:
        raise UsageError(
            f"Reading {path} needs pyarrow, which is not installed: pip install 'openness[parquet]', or convert it"
            " to .jsonl. Nothing was imported."
        ) from e
    try:
        file = pq.ParquetFile(path)
        wanted = {name for names in COLUMNS.values() for name in names}
        columns = [c for c in file.schema_arrow.names if c in wanted] or file.schema_arrow.names
        for batch in file.iter_batches(batch_size=20_000, columns=columns if "id" in columns else None):
            yield from batch.to_pylist()
    except pa.ArrowException as e:
        raise UsageError(f"{path} cannot be read as Parquet: {e}. Nothing was imported.") from e


def _check_columns(path: Path, line: Mapping[str, Any], mapping: Mapping[str, str], day: str | None) -> None:
    there = ", ".join(line)
    for field, column in mapping.items():
        if column not in line:
            raise UsageError(f"{path} has no column {column!r} for {field}; it has {there}.")
    if _value(line, "id", mapping) is _NONE:
        raise UsageError(f"{path} has no column that names the model; say which with --map id=COLUMN ({there}).")
    if day is None and _value(line, "date", mapping) is _NONE:
        raise UsageError(f"{path} has no column with a date; give its day with --date, or --map date=COLUMN ({there}).")
    if all(_value(line, f, mapping) is _NONE for f in ("downloads", "downloads_all_time", "likes")):
        raise UsageError(f"{path} has no column with downloads or likes; --map downloads=COLUMN ({there}).")


_NONE = object()


def _value(line: Mapping[str, Any], field: str, mapping: Mapping[str, str]) -> Any:
    for column in (mapping[field],) if field in mapping else COLUMNS[field]:
        if column in line:
            return line[column]
    return _NONE


def _row(line: Mapping[str, Any], mapping: Mapping[str, str], day: str | None) -> Row | Bad:
    kind = _value(line, "kind", mapping)
    if isinstance(kind, str) and kind != "model":
        return Bad("not a model")
    repo_id = _repo_id(_value(line, "id", mapping))
    if repo_id is None:
        return Bad("no model id")
    moment = day if day is not None else _value(line, "date", mapping)
    text = moment if isinstance(moment, str) else moment.isoformat() if isinstance(moment, date) else ""
    number = _day(text[:10])
    if number is None:
        return Bad("no date")
    counters: list[int | None] = []
    for field in ("downloads", "downloads_all_time", "likes"):
        value = _value(line, field, mapping)
        try:
            counters.append(_count(None if value is _NONE else value))
        except ValueError:
            return Bad(f"{field} is not a count")
    if counters == [None, None, None]:
        return Bad("no counter")
    return Row(repo_id, number, text, *counters)


_URL = re.compile(r"https?://(?:www\.)?huggingface\.co/", re.IGNORECASE)
_ID = re.compile(r"[\w.-]{1,96}(?:/[\w.-]{1,96})?")


def _repo_id(value: Any) -> str | None:
    """org/name from an id or from a model's address."""
    if not isinstance(value, str):
        return None
    name = _URL.sub("", value.strip()).strip("/")
    return name if _ID.fullmatch(name) else None


def _day(text: str) -> int | None:
    try:
        return date.fromisoformat(text).toordinal() - 719_163
    except ValueError:
        return None


def _count(value: Any) -> int | None:
    """A counter; None when the source has none there. Raises ValueError for what is not a whole number >= 0."""
    if value is None or value == "" or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError("not a whole number")
    number = int(float(value)) if isinstance(value, str) and re.fullmatch(r"\d+\.0+", value) else int(value)
    if not 0 <= number < 2**63:
        raise ValueError("out of range")
    return number
