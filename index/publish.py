"""hub.db -> index.db: an immutable, indexed, checked snapshot, swapped in by rename.

Does: write a new file beside the old one (published.sql is its schema, published_fill.sql fills it, set by set), pack
the dossiers, check the result, and only then put it, with the counts that Datasette asks for, in the place of the old.
Until that rename the old index.db is served on and is never touched; a failure of any kind leaves it as it was.

Does not: judge, crawl, change hub.db, or restart a server (`serve.py` sees the new file by itself).
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from enum import Enum
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from crawler import database, store
from crawler.database import timestamp
from crawler.errors import ForeignDatabase, OpennessError, StorageFull, UsageError
from index import counters, frameworks, overrides, probes, readings, rules, verdict
from index.families import families, family_of_lineage
from index.licenses import catalogue
from index.model import Dimension, Outcome
from index.overrides import Override
from index.packing import Terms, findings, pack
from index.rules import UNKNOWN_CODE
from index.tables import migrations as judged

APPLICATION_ID = 0x6F706E69  # 'opni'
SCHEMA_VERSION = 1
PAGE_SIZE = 4096  # 1,024 to 16,384 measured on 17,000 real models: within 3 % in size, look-ups and facets alike

DOSSIERS = 5_000  # packed at a time

INDEX = "index.db"
INSPECT = "index.inspect.json"


class RuleWords(NamedTuple):
    """The published words of one rule; {} in `words` stands for the detail of a judgement."""

    code: str
    dimension: str
    value: str
    words: str
    version: str


class ProbeWords(NamedTuple):
    """The published question of one probe, once for each dimension it speaks to."""

    name: str
    dimension: str
    question: str


class Words(NamedTuple):
    """What is published beside what hub.db holds."""

    rules: Iterable[Sequence[str]]
    probes: Iterable[Sequence[str]]
    licenses: Iterable[Any]
    experts: Iterable[Any]
    agreement: Iterable[Any]
    overrides: Iterable[Override]


class Published(NamedTuple):
    """What a publish made: models in the file, its size in bytes, how long it took, where it is."""

    models: int
    size: int
    seconds: float
    path: Path


def publish(
    data: Path,
    now: datetime,
    rules: Iterable[Sequence[str]] | None = None,
    probes: Iterable[Sequence[str]] | None = None,
    licenses: Iterable[Any] | None = None,
    *,
    experts: Iterable[Any] = (),
    agreement: Iterable[Any] = (),
    reviewed: overrides.Overrides | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Published:
    """Publish `data`/hub.db as `data`/index.db.

    `rules` are rows like RuleWords, `probes` like ProbeWords; `licenses`, `experts` and `agreement` are structs, named
    tuples or mappings whose fields are columns of those tables. `reviewed`: reviewed overrides by model. What is None
    comes from the project's registries, and from the overrides file of `data`.
    Raises UsageError when there is nothing to publish, ForeignDatabase when hub.db or index.db is not ours,
    StorageFull when the disk cannot take it. Whatever is raised, the index.db of before is still there.
    """
    began = clock()
    hub, path = data / "hub.db", data / INDEX
    _check_source(hub)
    _check_target(path)
    new, new_inspect = data / f"{INDEX}.new", data / f"{INSPECT}.new"
    try:
        _remove(new, new_inspect)
        with closing(_create(new, hub)) as conn:
            words = Words(
                registered_rules() if rules is None else rules,
                registered_probes() if probes is None else probes,
                catalogue() if licenses is None else licenses,
                experts,
                agreement,
                [one for several in _reviewed(data, now, reviewed).values() for one in several],
            )
            tables, views = _fill(conn, now, words)
        new_inspect.write_text(json.dumps(_inspection(new, path, tables, views, now)))
        for written in (new, new_inspect):
            _sync(written)
        size = new.stat().st_size
        # Counts first: `serve.py` restarts when the database changes, and checks that the counts are of that database.
        os.replace(new_inspect, data / INSPECT)
        os.replace(new, path)
        _sync(data)
    except (OSError, sqlite3.DatabaseError) as e:
        raise _translated(e, path) from e
    finally:
        _remove(new, new_inspect)
    return Published(tables["models"], size, clock() - began, path)


def registered_rules() -> list[RuleWords]:
    """The project's own rules in their published words."""
    return [RuleWords(r.code, r.dimension, r.value, r.words, r.version) for r in rules.published()]


def registered_probes() -> list[ProbeWords]:
    """The project's own probes, and the questions that are answered outside the registry, once per dimension."""
    asked = [ProbeWords(p.name, d, p.question) for p in probes.all_probes().values() for d in p.dimensions]
    return asked + [ProbeWords(*question) for question in verdict.QUESTIONS]


def _reviewed(data: Path, now: datetime, given: overrides.Overrides | None) -> overrides.Overrides:
    return overrides.load(data, now.date()) if given is None else given


# -- the file ---------------------------------------------------------------------------------------------------------


def _check_source(hub: Path) -> None:
    if not hub.exists():
        raise UsageError(f"There is no {hub} to publish. Run `openness nightly --hub sample` (or another hub) first.")
    try:
        with closing(sqlite3.connect(f"{hub.absolute().as_uri()}?mode=ro", uri=True)) as conn:
            (owner,) = conn.execute("PRAGMA application_id").fetchone()
            tables = {name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.DatabaseError as e:
        raise ForeignDatabase(f"{hub} cannot be read as a database: {e}. Nothing was published.") from e
    if owner != store.APPLICATION_ID:
        raise ForeignDatabase(f"{hub} is not a hub.db of openness. Nothing was published; name another --data.")
    if "verdicts" not in tables:
        raise UsageError(f"{hub} was never judged. Nothing was published; run `openness judge` first.")
    with closing(sqlite3.connect(f"{hub.absolute().as_uri()}?mode=ro", uri=True)) as conn:
        database.check_schema(conn, hub, store.migrations, judged)


def _check_target(path: Path) -> None:
    """Refuse to replace a file that we did not write."""
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as conn:
            (owner,) = conn.execute("PRAGMA application_id").fetchone()
    except sqlite3.DatabaseError:
        owner = None
    if owner != APPLICATION_ID:
        raise ForeignDatabase(f"{path} is not an index.db of openness. It was left alone; name another --data.")


def _create(new: Path, hub: Path) -> sqlite3.Connection:
    """A new empty file with hub.db attached read-only. No journal: a file that is not finished is thrown away."""
    conn = sqlite3.connect(new.absolute().as_uri(), uri=True, isolation_level=None)
    for pragma in (
        f"page_size = {PAGE_SIZE}",
        "journal_mode = OFF",
        "synchronous = OFF",
        "main.locking_mode = EXCLUSIVE",  # of this file only: hub.db is read in WAL mode
        "cache_size = -65536",  # 64 MiB, whatever the number of models
        "temp_store = FILE",
        f"application_id = {APPLICATION_ID}",
        f"user_version = {SCHEMA_VERSION}",
    ):
        conn.execute(f"PRAGMA {pragma}")
    conn.execute("ATTACH ? AS hub", (f"{hub.absolute().as_uri()}?mode=ro",))
    conn.create_function("official", 1, lambda repo_id: int(family_of_lineage(repo_id, ())[1]), deterministic=True)
    for column in ("osaid", "ai_act", "aa_score"):
        conn.create_function(column, 4, _reading(column), deterministic=True)
    return conn


def _reading(column: str) -> Callable[[str | None, str | None, str | None, int | None], str | float | None]:
    """A framework's short answer as an SQL function of (cells, effective licence, gated, shown); NULL: not judged."""

    def read(cells: str | None, license: str | None, gated: str | None, shown: int | None) -> str | float | None:
        return None if cells is None else getattr(readings.columns(cells, license, gated, shown or 0), column)

    return read


def _fill(conn: sqlite3.Connection, now: datetime, words: Words) -> tuple[dict[str, int], dict[str, int]]:
    """Everything between the empty file and the checked one; returns the rows of tables and of views."""
    here = Path(__file__).parent
    parameters = {"now": timestamp(now), "version": _version()}
    # Temporary tables live outside the transaction's file; hub.db is read as it was at the first SELECT.
    conn.execute("BEGIN")
    for statement in _statements((here / "published.sql").read_text(encoding="utf-8")):
        conn.execute(statement)
    _write_words(conn, words)
    between = {"words": _write_dossiers, "models": counters.write, "spans": counters.write_sums}
    steps = dict(_steps((here / "published_fill.sql").read_text(encoding="utf-8")))
    for name, sql in steps.items():
        for statement in _statements(sql):
            conn.execute(statement, parameters)
        if name in between:
            between[name](conn)
    conn.execute("COMMIT")
    conn.execute("DETACH hub")
    conn.execute("ANALYZE main")
    _check(conn)
    return _counts(conn)


def _write_words(conn: sqlite3.Connection, words: Words) -> None:
    """The registries' own words, and the terms that most dossiers use, so that those have the short numbers."""
    published = sorted({tuple(map(str, rule)) for rule in words.rules})
    conn.executemany(
        "INSERT INTO rules (code, dimension, value, words, version) VALUES (?, ?, ?, ?, ?)",
        published,
    )
    conn.executemany(
        "INSERT INTO probes (name, dimension, question) VALUES (?, ?, ?)",
        sorted({tuple(map(str, probe)) for probe in words.probes}),
    )
    _insert(conn, "licenses", words.licenses.values() if isinstance(words.licenses, Mapping) else words.licenses)
    _insert(conn, "experts", words.experts)
    _insert(conn, "agreement", words.agreement)
    _insert(conn, "definitions", frameworks.definitions())
    _insert(conn, "overrides", [{**one._asdict(), "id": one.model} for one in words.overrides])
    conn.execute("CREATE TEMP TABLE family_words (name TEXT PRIMARY KEY, maker TEXT, released TEXT, predecessor TEXT)")
    conn.executemany(
        "INSERT INTO temp.family_words VALUES (?, ?, ?, ?)",
        [(f.name, f.maker, f.released and f.released.isoformat(), f.predecessor) for f in families()],
    )
    # The commonest first: "found nothing", then what else a cell may say.
    seeds = [UNKNOWN_CODE, *sorted({rule[0] for rule in published}), *Dimension, "claim", *Outcome]
    conn.executemany("INSERT INTO terms (word) VALUES (?) ON CONFLICT (word) DO NOTHING", [(str(s),) for s in seeds])
    conn.execute("INSERT INTO terms (word) SELECT DISTINCT name FROM probes WHERE true ON CONFLICT (word) DO NOTHING")


def _insert(conn: sqlite3.Connection, table: str, entries: Iterable[Any]) -> None:
    """Frozen values of other modules as rows: a field goes to the column of its name, `model_id` to `id`."""
    columns = [name for (name,) in conn.execute("SELECT name FROM pragma_table_info(?)", (table,))]
    fields = [_facts(entry) for entry in entries]
    rows = [[_cell(facts.get(c, facts.get("model_id") if c == "id" else None)) for c in columns] for facts in fields]
    conn.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", rows)


def _facts(entry: Any) -> Mapping[str, Any]:
    if isinstance(entry, Mapping):
        return entry
    named: Any = getattr(entry, "_asdict", None)
    return named() if named else msgspec.to_builtins(entry)


def _cell(value: Any) -> str | int | float | None:
    """A field as SQLite takes it: lists as JSON, dates and enumerations as text, nothing ('' too) as NULL."""
    if isinstance(value, list | tuple | set | frozenset):
        return json.dumps(list(value), ensure_ascii=False)
    if value is None or value == "" or isinstance(value, bool):
        return None if not isinstance(value, bool) else int(value)
    return value if isinstance(value, int | float) and not isinstance(value, Enum) else str(value)


def _write_dossiers(conn: sqlite3.Connection) -> None:
    terms = Terms(conn)
    rows = conn.execute(
        "SELECT dossier, cells, evidence FROM hub.dossiers WHERE dossier IN temp.wanted ORDER BY dossier"
    )

    conn.execute("CREATE TEMP TABLE shown (dossier INTEGER PRIMARY KEY, shown INTEGER NOT NULL)")

    def packed(batch: Sequence[tuple[int, str, str]]) -> Iterator[tuple[int, str, str, str, int]]:
        for dossier, cells, evidence in batch:
            try:
                found = findings(evidence)
                yield (dossier, *pack(cells, found, terms), readings.shown_by(found))
            except (ValueError, msgspec.DecodeError) as e:
                raise OpennessError(
                    f"Dossier {dossier} of hub.db cannot be read: {e}. The old index is kept; run `judge --all`."
                ) from e

    while batch := rows.fetchmany(DOSSIERS):
        done = list(packed(batch))
        conn.executemany(
            "INSERT INTO dossiers (dossier, cells, rules, evidence) VALUES (?, ?, ?, ?)", [row[:4] for row in done]
        )
        conn.executemany("INSERT INTO temp.shown VALUES (?, ?)", [(row[0], row[4]) for row in done if row[4]])


def _statements(sql: str) -> Iterator[str]:
    """The statements of a script, one by one (executescript would commit)."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _steps(sql: str) -> Iterator[tuple[str, str]]:
    """(name, SQL) of each `-- step: name` of a script, in order."""
    for part in sql.split("-- step: ")[1:]:
        name, _, body = part.partition("\n")
        yield name.strip(), body


# -- checks and counts ------------------------------------------------------------------------------------------------

_MUST_BE_ZERO = {
    "models without their dossier": "SELECT count(*) FROM models WHERE level IS NOT NULL AND cells IS NULL",
    "levels above what is not excluded": "SELECT count(*) FROM models WHERE level > level_max",
    "levels without a name": "SELECT count(*) FROM models WHERE level IS NOT NULL AND level_name IS NULL",
    "counters of nobody": "SELECT count(*) FROM counters WHERE model NOT IN (SELECT model FROM models)",
    "nights of the future": "SELECT count(*) FROM family_downloads WHERE date > (SELECT max(date) FROM crawls)",
}


def _check(conn: sqlite3.Connection) -> None:
    """Raise before a broken file can be swapped in."""
    (said,) = conn.execute("PRAGMA integrity_check(1)").fetchone()
    if said != "ok":
        raise OpennessError(f"The new index.db is damaged ({said}). The old one is kept; check the disk, then publish.")
    conn.execute("INSERT INTO models_fts (models_fts, rank) VALUES ('integrity-check', 1)")
    for what, sql in _MUST_BE_ZERO.items():
        (n,) = conn.execute(sql).fetchone()
        if n:
            raise OpennessError(f"The new index.db has {n} {what}. The old one is kept; this is a fault of openness.")


def _counts(conn: sqlite3.Connection) -> tuple[dict[str, int], dict[str, int]]:
    """Rows of every table and of every view, so that Datasette never counts."""
    tables = [name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    counts = {name: conn.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}
    (judged,) = conn.execute("SELECT count(*) FROM models WHERE dossier IS NOT NULL").fetchone()
    (evidence,) = conn.execute(
        "SELECT coalesce(sum(json_array_length(x.evidence)), 0) FROM models m JOIN dossiers x USING (dossier)"
    ).fetchone()
    (claims,) = conn.execute("SELECT count(*) FROM claims").fetchone()
    (nights,) = conn.execute("SELECT count(*) FROM complete_nights").fetchone()
    (observations,) = conn.execute("SELECT count(*) + coalesce(sum(length(later)), 0) FROM counters").fetchone()
    (imported,) = conn.execute("SELECT count(*) FROM imported_downloads").fetchone()
    return counts, {
        "judgements": len(Dimension) * judged,
        "evidence": evidence,
        "claims": claims,
        "complete_nights": nights,
        "downloads": observations,
        "imported_downloads": imported,
        "lineage": counts["ancestors"],
        "verdict_history": counts["verdicts"],
        "documents": counts["looks"],
        "searched": counts["models"],
    }


def _inspection(
    new: Path, path: Path, tables: Mapping[str, int], views: Mapping[str, int], now: datetime
) -> dict[str, Any]:
    """What `datasette inspect` would write, and what it would not: counts of views, and whose counts these are."""
    with new.open("rb") as f:
        digest = hashlib.file_digest(f, "sha256").hexdigest()
    said: dict[str, Any] = {"hash": digest, "size": new.stat().st_size, "file": path.name, "published": timestamp(now)}
    said["tables"] = {name: {"count": n} for name, n in tables.items()}
    said["views"] = {name: {"count": n} for name, n in views.items()}  # under `tables` they break the database page
    return {path.stem: said}


# -- small things -----------------------------------------------------------------------------------------------------


def _version() -> str:
    try:
        return metadata.version("openness")
    except metadata.PackageNotFoundError:  # run from a checkout
        return "unknown"


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _translated(error: Exception, path: Path) -> Exception:
    """Our error for a disk that is full or cannot be written; anything else is a bug and stays what it is."""
    better = database.translated(error, path) if isinstance(error, sqlite3.DatabaseError) else error
    if isinstance(better, StorageFull | OSError):
        return StorageFull(f"Cannot write {path}: {error}. The old index.db is kept; make room and publish again.")
    return better
