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
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from crawler import database, store
from crawler.errors import ForeignDatabase, OpennessError, StorageFull, UsageError
from index.families import families, family_of_lineage
from index.model import Dimension, Outcome, Value

APPLICATION_ID = 0x6F706E69  # 'opni'
SCHEMA_VERSION = 1
PAGE_SIZE = 4096  # 1,024 to 16,384 were measured: within 4 % of each other in size, and look-ups do not differ
MAX_TERMS = 50_000  # words kept apart; beyond it (odd file names) a place is written out in each dossier

INDEX = "index.db"
INSPECT = "index.inspect.json"

_LETTERS = {Value.OPEN: "o", Value.PARTIAL: "p", Value.CLOSED: "c", Value.UNKNOWN: "u", Value.NOT_APPLICABLE: "n"}
_cells = msgspec.json.Decoder(list[tuple[str, str, str, str]])
_evidence = msgspec.json.Decoder(list[tuple[str, str, str, str, str, str]])


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


class Published(NamedTuple):
    """What a publish made: models in the file, its size in bytes, how long it took, where it is."""

    models: int
    size: int
    seconds: float
    path: Path


class Packed(NamedTuple):
    """A dossier as published: 14 letters, JSON of rules, JSON of evidence (see `dossiers` in published.sql)."""

    cells: str
    rules: str
    evidence: str


def publish(
    data: Path,
    now: datetime,
    rules: Iterable[Sequence[str]],
    probes: Iterable[Sequence[str]],
    licenses: Iterable[Any],
    *,
    experts: Iterable[Sequence[Any]] = (),
    agreement: Iterable[Sequence[Any]] = (),
    clock: Callable[[], float] = time.monotonic,
) -> Published:
    """Publish `data`/hub.db as `data`/index.db.

    `rules` are rows like RuleWords, `probes` like ProbeWords; `licenses` are msgspec structs, dataclasses or mappings
    whose fields are columns of `licenses`; `experts` and `agreement` are rows in the order of those tables' columns.
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
            counts = _fill(conn, now, rules, probes, licenses, experts, agreement)
        new_inspect.write_text(json.dumps(_inspection(new, path, counts, now)))
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
    return Published(counts["models"], size, clock() - began, path)


def pack(cells: str | bytes, evidence: str | bytes, term: Callable[[str], int | str]) -> Packed:
    """A dossier of hub.db -> its published form. Raises ValueError unless it judges each dimension once."""
    by_dimension = {dimension: (value, rule, detail) for dimension, value, rule, detail in _cells.decode(cells)}
    if set(by_dimension) != set(Dimension):
        raise ValueError(f"a dossier judges {sorted(by_dimension)} instead of the 14 dimensions")
    letters, rules = [], []
    for dimension in Dimension:
        value, rule, detail = by_dimension[dimension]
        letters.append(_LETTERS[Value(value)])
        rules.append([term(rule), detail] if detail else term(rule))
    items = []
    for dimension, probe, outcome, quote, place, value in _evidence.decode(evidence):
        where, mark, offsets = place.partition("#")
        # An ancestor's name is one of millions: it stays as it is.
        item = [term(dimension), term(probe), term(outcome), where if where.startswith("base:") else term(where),
                quote, mark + offsets, value]  # fmt: skip
        while item[-1] == "":
            item.pop()
        items.append(item)
    return Packed("".join(letters), msgspec.json.encode(rules).decode(), msgspec.json.encode(items).decode())


class Terms:
    """The words of `terms`, numbered as they come; `word -> number`, or the word itself once the table is full."""

    def __init__(self, conn: sqlite3.Connection, limit: int = MAX_TERMS) -> None:
        self.conn, self.limit = conn, limit
        self.known: dict[str, int] = {word: term for term, word in conn.execute("SELECT term, word FROM terms")}

    def vocabulary(self, word: str) -> int:
        """Number of a word that must have one."""
        found = self.known.get(word)
        if found is None:
            found = self.known[word] = len(self.known) + 1
            self.conn.execute("INSERT INTO terms (term, word) VALUES (?, ?)", (found, word))
        return found

    def place(self, word: str) -> int | str:
        """Number of a word, if it has one or there is room."""
        return self.vocabulary(word) if word in self.known or len(self.known) < self.limit else word


# -- the file ---------------------------------------------------------------------------------------------------------


def _check_source(hub: Path) -> None:
    if not hub.exists():
        raise UsageError(f"There is no {hub} to publish. Run `openness nightly` (or `openness crawl`) first.")
    try:
        with closing(sqlite3.connect(f"{hub.absolute().as_uri()}?mode=ro", uri=True)) as conn:
            (owner,) = conn.execute("PRAGMA application_id").fetchone()
            tables = {name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.DatabaseError as e:
        raise ForeignDatabase(f"{hub} cannot be read as a database: {e}. Nothing was published.") from e
    if owner != store.APPLICATION_ID:
        raise ForeignDatabase(f"{hub} is not a hub.db of openness. Nothing was published; name another --data directory.")
    if "verdicts" not in tables:
        raise UsageError(f"{hub} was never judged. Nothing was published; run `openness judge` first.")


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
        raise ForeignDatabase(f"{path} is not an index.db of openness. It was left alone; name another --data directory.")


def _create(new: Path, hub: Path) -> sqlite3.Connection:
    """A new empty file with hub.db attached read-only. No journal: a file that is not finished is thrown away."""
    conn = sqlite3.connect(new.absolute().as_uri(), uri=True, isolation_level=None)
    for pragma in (
        f"page_size = {PAGE_SIZE}",
        "journal_mode = OFF",
        "synchronous = OFF",
        "locking_mode = EXCLUSIVE",
        "cache_size = -65536",  # 64 MiB, whatever the number of models
        "temp_store = FILE",
        f"application_id = {APPLICATION_ID}",
        f"user_version = {SCHEMA_VERSION}",
    ):
        conn.execute(f"PRAGMA {pragma}")
    conn.execute("ATTACH ? AS hub", (f"{hub.absolute().as_uri()}?mode=ro",))
    conn.create_function("official", 1, lambda repo_id: int(family_of_lineage(repo_id, ())[1]), deterministic=True)
    return conn


def _fill(
    conn: sqlite3.Connection,
    now: datetime,
    rules: Iterable[Sequence[str]],
    probes: Iterable[Sequence[str]],
    licenses: Iterable[Any],
    experts: Iterable[Sequence[Any]],
    agreement: Iterable[Sequence[Any]],
) -> dict[str, int]:
    """Everything between the empty file and the checked one; returns rows per table and view."""
    here = Path(__file__).parent
    words = {"now": _iso(now), "version": _version()}
    # Temporary tables live outside the transaction's file; hub.db is read as it was at the first SELECT.
    conn.execute("BEGIN")
    for statement in _statements((here / "published.sql").read_text(encoding="utf-8")):
        conn.execute(statement)
    _write_words(conn, rules, probes, licenses)
    conn.executemany(f"INSERT INTO experts VALUES ({', '.join('?' * 8)})", experts)
    conn.executemany(f"INSERT INTO agreement VALUES ({', '.join('?' * 8)})", agreement)
    steps = dict(_steps((here / "published_fill.sql").read_text(encoding="utf-8")))
    for name, sql in steps.items():
        for statement in _statements(sql):
            conn.execute(statement, words)
        if name == "words":
            _write_dossiers(conn)
    conn.execute("COMMIT")
    conn.execute("DETACH hub")
    conn.execute("ANALYZE main")
    _check(conn)
    return _counts(conn)


def _write_words(
    conn: sqlite3.Connection, rules: Iterable[Sequence[str]], probes: Iterable[Sequence[str]], licenses: Iterable[Any]
) -> None:
    """The registries' own words, and the terms that most dossiers use, so that those have the short numbers."""
    conn.executemany(
        "INSERT INTO rules (code, dimension, value, words, version) VALUES (?, ?, ?, ?, ?)",
        sorted({tuple(map(str, rule)) for rule in rules}),
    )
    conn.executemany(
        "INSERT INTO probes (name, dimension, question) VALUES (?, ?, ?)",
        sorted({tuple(map(str, probe)) for probe in probes}),
    )
    columns = [name for (name,) in conn.execute("SELECT name FROM pragma_table_info('licenses')")]
    conn.executemany(
        f"INSERT INTO licenses ({', '.join(columns)}) VALUES ({', '.join(f':{c}' for c in columns)})",
        [_license_row(columns, entry) for entry in licenses],
    )
    conn.execute("CREATE TEMP TABLE family_words (name TEXT PRIMARY KEY, maker TEXT, released TEXT, predecessor TEXT)")
    conn.executemany(
        "INSERT INTO temp.family_words VALUES (?, ?, ?, ?)",
        [(f.name, f.maker, f.released and f.released.isoformat(), f.predecessor) for f in families()],
    )
    seeds = [*Dimension, "claim", *Outcome]
    conn.executemany("INSERT INTO terms (word) VALUES (?) ON CONFLICT (word) DO NOTHING", [(str(s),) for s in seeds])
    conn.execute("INSERT INTO terms (word) SELECT DISTINCT name FROM probes WHERE true ON CONFLICT (word) DO NOTHING")
    conn.execute("INSERT INTO terms (word) SELECT DISTINCT code FROM rules WHERE true ON CONFLICT (word) DO NOTHING")


def _license_row(columns: Iterable[str], entry: Any) -> dict[str, Any]:
    """One licence as a row: lists as JSON, dates and enumerations as text, what is not stated as NULL."""
    facts: Mapping[str, Any] = entry if isinstance(entry, Mapping) else msgspec.to_builtins(entry)
    row: dict[str, Any] = {"models": 0}
    for column in columns:
        value = facts.get(column, row.get(column))
        if isinstance(value, list | tuple | set | frozenset):
            value = json.dumps(list(value), ensure_ascii=False)
        row[column] = value if value is None or isinstance(value, int | float) else str(value)
    return row


def _write_dossiers(conn: sqlite3.Connection) -> None:
    terms = Terms(conn)
    # The two kinds of words share one function: only a place may overflow the table, and its test is cheap.
    rows = conn.execute("SELECT dossier, cells, evidence FROM hub.dossiers WHERE dossier IN temp.wanted ORDER BY dossier")

    def packed() -> Iterator[tuple[int, str, str, str]]:
        for dossier, cells, evidence in rows:
            try:
                yield (dossier, *pack(cells, evidence, terms.place))
            except (ValueError, msgspec.DecodeError) as e:
                raise OpennessError(
                    f"Dossier {dossier} of hub.db cannot be read: {e}. Nothing was published; run `openness judge --all`."
                ) from e

    conn.executemany("INSERT INTO dossiers (dossier, cells, rules, evidence) VALUES (?, ?, ?, ?)", packed())


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
        raise OpennessError(f"The new index.db is damaged ({said}). The old one is kept; check the disk and publish again.")
    conn.execute("INSERT INTO models_fts (models_fts, rank) VALUES ('integrity-check', 1)")
    for what, sql in _MUST_BE_ZERO.items():
        (n,) = conn.execute(sql).fetchone()
        if n:
            raise OpennessError(f"The new index.db has {n} {what}. The old one is kept; this is a fault of openness.")


def _counts(conn: sqlite3.Connection) -> dict[str, int]:
    """Rows of every table, and of every view whose count needs no walk over it: Datasette then never counts."""
    tables = [name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    counts = {name: conn.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}
    (judged,) = conn.execute("SELECT count(*) FROM models WHERE dossier IS NOT NULL").fetchone()
    (evidence,) = conn.execute(
        "SELECT coalesce(sum(json_array_length(x.evidence)), 0) FROM models m JOIN dossiers x USING (dossier)"
    ).fetchone()
    (claims,) = conn.execute("SELECT count(*) FROM claims").fetchone()
    return counts | {
        "judgements": len(Dimension) * judged,
        "evidence": evidence,
        "claims": claims,
        "downloads": counts["counters"],
        "lineage": counts["ancestors"],
        "verdict_history": counts["verdicts"],
        "documents": counts["looks"],
    }


def _inspection(new: Path, path: Path, counts: Mapping[str, int], now: datetime) -> dict[str, Any]:
    """What `datasette inspect` would write, and what it would not: counts of views, and whose counts these are."""
    with new.open("rb") as f:
        digest = hashlib.file_digest(f, "sha256").hexdigest()
    tables = {name: {"count": n} for name, n in counts.items()}
    return {path.stem: {"hash": digest, "size": new.stat().st_size, "file": path.name, "tables": tables,
                        "published": _iso(now)}}  # fmt: skip


# -- small things -----------------------------------------------------------------------------------------------------


def _iso(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


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
        return StorageFull(f"Cannot write {path}: {error}. The index.db of before is kept; make room and publish again.")
    return better
