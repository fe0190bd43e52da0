"""index.db -> files that other programs read: Parquet, CSV, JSON lines, and a CycloneDX bill of materials.

Does: stream each table in rows of the published index, write every file beside its place first, and only when all are
whole put them in place, the manifest (rows and SHA-256 of each) last. Does not: judge, change index.db, fill gaps (a
night without an observation has no row; `crawls` says which nights were complete), or write names as numbers only.

Text of the Hub is written as it is. Who opens a CSV in a spreadsheet should import its columns as text.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from crawler.errors import StorageFull, UsageError
from index import bom, queries
from index.model import VALUES, Dimension
from index.rows import Model

FORMATS = ("parquet", "csv", "jsonl", "cyclonedx")
BATCH = 20_000  # rows in memory
TOP = 100  # models of a bill of materials when none are named
_MAX_BOM = 20_000

_CELL = "CASE substr(m.cells, {}, 1) WHEN 'o' THEN 'open' WHEN 'p' THEN 'partial' WHEN 'c' THEN 'closed'" \
    " WHEN 'u' THEN 'unknown' WHEN 'n' THEN 'not-applicable' END AS {}"  # fmt: skip
_CELLS = ", ".join(_CELL.format(n, d.value) for n, d in enumerate(Dimension, 1))
#: What is exported: table -> query. `judgements` is wide: a column for each of the 14 characteristics.
TABLES = {
    "models": "SELECT {models} FROM models ORDER BY model",
    "judgements": f"SELECT m.id, {_CELLS} FROM models m WHERE m.cells IS NOT NULL ORDER BY m.model",
    "downloads": "SELECT id, date, downloads, downloads_all_time, likes FROM downloads ORDER BY id",
    "imported_downloads": "SELECT id, date, downloads, downloads_all_time, likes, source FROM imported_downloads",
    "changes": "SELECT date, id, field, old, new, downloads, cause, not_before, note FROM changes ORDER BY change",
    "verdict_history": """SELECT id, date, level, level_max, restriction, cause, rules_version, note
        FROM verdict_history""",
    "claims": """SELECT id, author, holds, level, level_name, level_max, restriction, license, license_effective, quote,
        downloads, missing_since FROM claims ORDER BY id""",
    # What was read, word for word; what was looked for and not found is most of the rows and holds no words.
    "evidence": """SELECT id, dimension, probe, outcome, quote, place, value, sha, observed FROM evidence
        WHERE quote <> ''""",
    "lineage": "SELECT id, base_model, relation, stated_by, license, base_license, conflict FROM lineage",
    "licenses": "SELECT * FROM licenses ORDER BY id",
    "overrides": "SELECT id, dimension, value, name, date, reason, link FROM overrides ORDER BY id, dimension",
    "crawls": "SELECT * FROM crawls ORDER BY id",
}
_INSIDE = frozenset({"model", "cells", "dossier"})  # numbers that mean nothing outside the file
_TYPES = {"INTEGER": "int64", "REAL": "float64"}
_COUNTED = frozenset({"downloads", "downloads_all_time", "likes"})


class File(NamedTuple):
    """One written file. `rows`: of a bill of materials, its components."""

    name: str
    rows: int
    size: int
    sha256: str


class Exported(NamedTuple):
    """What an export wrote."""

    folder: Path
    format: str
    manifest: str
    files: tuple[File, ...]


class Rows(NamedTuple):
    """A table on its way: column names, their kinds (int64, float64, string), batches of rows."""

    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    batches: Iterator[list[tuple[Any, ...]]]


def export(
    db: sqlite3.Connection, folder: Path, format: str, *, ids: Sequence[str] = (), top: int = TOP,
    evidence: bool = True,
) -> Exported:  # fmt: skip
    """Write the index into `folder` in one of FORMATS. `ids`, `top`: the models of a bill of materials.

    `evidence` False leaves out the quotes, of the whole Hub the largest file by far.

    Raises UsageError (unknown format or model, pyarrow missing, not a folder), StorageFull. Whatever is raised, files
    of an earlier export are still there and whole.
    """
    if format not in FORMATS:
        raise UsageError(f"{format!r} is no format; use one of {', '.join(FORMATS)}.")
    if format == "parquet":
        _pyarrow()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is not a folder. Nothing was written.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as name:
            new = Path(name)
            if format == "cyclonedx":
                files = [_write_bom(db, new, ids, top)]
            else:
                files = [_write_table(db, new, t, format) for t in TABLES if evidence or t != "evidence"]
            return _put_in_place(db, new, folder, format, files)
    except OSError as e:
        raise StorageFull(f"Cannot write to {folder}: {e.strerror or e}. An earlier export there is as it was.") from e


def _put_in_place(db: sqlite3.Connection, new: Path, folder: Path, format: str, files: list[File]) -> Exported:
    """Rename the files over older ones. The manifest is away meanwhile: a folder with one is whole."""
    manifest = f"manifest.{format}.json"
    about = queries.about(db)
    said = {
        "format": format,
        "published": about.get("published"),
        "rules_version": about.get("rules version"),
        "openness": _version(),
        **({"sample": True} if queries.is_sample(db) else {}),
        "files": [f._asdict() for f in files],
    }
    (new / manifest).write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    (folder / manifest).unlink(missing_ok=True)
    for name in [*(f.name for f in files), manifest]:
        os.replace(new / name, folder / name)
    return Exported(folder, format, manifest, tuple(files))


def check(folder: Path, format: str) -> list[str]:
    """Names of the files of an export that are missing or not what the manifest says. Raises UsageError without one."""
    path = folder / f"manifest.{format}.json"
    if not path.is_file():
        raise UsageError(f"{folder} holds no finished {format} export: {path.name} is missing.")
    said = json.loads(path.read_text(encoding="utf-8"))
    return [
        f["name"]
        for f in said["files"]
        if not (folder / f["name"]).is_file() or _digest(folder / f["name"]) != f["sha256"]
    ]


# ------------------------------------------------------------------------------------------------------ tables


def _write_table(db: sqlite3.Connection, folder: Path, table: str, format: str) -> File:
    path = folder / f"{table}.{format}"
    rows = _read(db, table)
    n = _WRITERS[format](path, rows)
    _sync(path)
    return File(path.name, n, path.stat().st_size, _digest(path))


def _read(db: sqlite3.Connection, table: str) -> Rows:
    sql = TABLES[table]
    stated = {row[1]: row[2] for row in db.execute(f"PRAGMA table_xinfo({table})")}
    if "{models}" in sql:
        sql = sql.format(models=", ".join(f'"{c}"' for c in stated if c not in _INSIDE))
    cursor = db.cursor()
    cursor.row_factory = None
    cursor.execute(sql)
    columns = tuple(c[0] for c in cursor.description)
    kinds = tuple("int64" if c in _COUNTED else _TYPES.get(stated.get(c, ""), "string") for c in columns)
    return Rows(columns, kinds, iter(lambda: cursor.fetchmany(BATCH), []))


def _write_csv(path: Path, rows: Rows) -> int:
    n = 0
    with path.open("w", encoding="utf-8", newline="", errors="surrogatepass") as file:
        writer = csv.writer(file)
        writer.writerow(rows.columns)
        for batch in rows.batches:
            writer.writerows(batch)
            n += len(batch)
    return n


def _write_jsonl(path: Path, rows: Rows) -> int:
    """Every column in every line; null = not known."""
    n = 0
    with path.open("wb") as file:
        for batch in rows.batches:
            file.writelines(
                orjson.dumps(dict(zip(rows.columns, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE)
                for row in batch
            )
            n += len(batch)
    return n


def _write_parquet(path: Path, rows: Rows) -> int:
    pyarrow, parquet = _pyarrow()
    schema = pyarrow.schema(
        [(c, getattr(pyarrow, kind)()) for c, kind in zip(rows.columns, rows.kinds, strict=True)]
    )  # fmt: skip
    n = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in rows.batches:
            columns = list(zip(*batch, strict=True))
            writer.write_table(
                pyarrow.table(
                    [pyarrow.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)],
                    schema=schema,
                )
            )
            n += len(batch)
    return n


_WRITERS: dict[str, Callable[[Path, Rows], int]] = {"csv": _write_csv, "jsonl": _write_jsonl, "parquet": _write_parquet}


def _pyarrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as e:
        raise UsageError(
            "Parquet needs pyarrow. Install it with `.venv/bin/pip install -e '.[parquet]'` in a clone, elsewhere with"
            " `pip install 'openness[parquet]'`, or use --format csv or jsonl."
        ) from e


# ------------------------------------------------------------------------------------------------------ CycloneDX


def _write_bom(db: sqlite3.Connection, folder: Path, ids: Sequence[str], top: int) -> File:
    items = [_item(db, model) for model in _chosen(db, ids, top)]
    spdx = dict(db.execute("SELECT id, spdx FROM licenses WHERE spdx IS NOT NULL").fetchall())
    document = bom.bill(items, queries.about(db).get("published", ""), _version(), spdx)
    path = folder / "models.cdx.json"
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    _sync(path)
    return File(path.name, len(items), path.stat().st_size, _digest(path))


def _chosen(db: sqlite3.Connection, ids: Sequence[str], top: int) -> list[Model]:
    """The named models, each once, or the most downloaded ones now on the Hub."""
    if max(len(ids), top) > _MAX_BOM:
        raise UsageError(f"A bill of materials holds {_MAX_BOM:,} models at most. Nothing was written.")
    if not ids:
        sql = "SELECT id FROM models WHERE missing_since IS NULL ORDER BY downloads DESC, model LIMIT ?"
        names = [name for (name,) in db.execute(sql, (top,))]
    else:
        resolved = {asked: queries.resolve(db, asked) for asked in ids}
        unknown = [asked for asked, name in resolved.items() if name is None]
        if unknown:
            raise UsageError(f"The index has no model {', '.join(unknown[:5])}. Nothing was written.")
        names = list(dict.fromkeys(name for name in resolved.values() if name is not None))
    return [model for name in names if (model := queries.get_model(db, name)) is not None]


def _item(db: sqlite3.Connection, model: Model) -> bom.Item:
    sql = "SELECT base_model, relation, conflict FROM lineage WHERE id = ? ORDER BY base_model"
    bases = db.execute(sql, (model.id,))
    ((cells,),) = db.execute("SELECT cells FROM models WHERE id = ?", (model.id,)).fetchall()
    values = {d.value: VALUES[c].value for d, c in zip(Dimension, cells, strict=True)} if cells else {}
    return bom.Item(model, [bom.Base(*row) for row in bases], values)


# ------------------------------------------------------------------------------------------------------ small things


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _version() -> str:
    try:
        return metadata.version("openness")
    except metadata.PackageNotFoundError:  # run from a checkout
        return "unknown"
