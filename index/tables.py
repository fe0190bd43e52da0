"""hub.db: all SQL of what we conclude: verdicts, dossiers, lineage. A batch is one transaction.

Decides nothing: `due.py` and `judge.py` say what to look at and in which order, `verdict.py` what it means. What the
Hub said lives in the same file and is read here through `crawler.store`, never written (but for the event of a level
that moved).
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import sqlite_utils
from sqlite_utils import Migrations

from crawler import database, store
from crawler.columns import read_repos
from crawler.records import Base, Repo
from index.lineage import Claim, Handed, Link, Named
from index.model import Dimension, Level, Restriction

migrations = Migrations("index")


@migrations(name="0001_index")
def _index(db: sqlite_utils.Database) -> None:
    database.run_script(db, Path(__file__).with_name("schema.sql").read_text())


class Document(NamedTuple):
    """A document of a repo as the last look found it."""

    path: str
    outcome: str
    hash: bytes | None


class Before(NamedTuple):
    """The verdict of a repo as it stands."""

    level: int
    level_max: int
    restriction: str
    dossier: int
    basis: bytes
    rules_version: str


class Row(NamedTuple):
    """A verdict to be written."""

    repo: int
    repo_id: str
    downloads: int | None
    level: int
    level_max: int
    restriction: str
    license_effective: str | None
    radboud_score: float
    eu_score: float
    mof_class: int | None
    claims_open_source: bool
    family: str | None
    base_model: str | None
    allows: int
    allows_max: int
    allows_why: str
    license: str | None  # as declared
    digest: bytes
    cells: str
    evidence: str
    own: str
    basis: bytes
    links: tuple[Link, ...]
    bases: tuple[int | None, ...]  # the repos that the links resolve to; None = not on the Hub as far as we know
    facts: tuple[tuple[str, str], ...]  # name of a data set -> what the Hub shows of it
    note: str  # what to say beside the cause; '' = nothing
    error: str  # '' = judged; else why it could not be


class Moved(NamedTuple):
    """A verdict that differs from the one before. `old` None = judged for the first time."""

    repo: int
    repo_id: str
    old: str | None  # L0..L6
    new: str
    cause: str
    downloads: int


#: What the Hub shows of a data set, as one text. '' = unknown: the look failed; or it is hidden from us, by a Hub that
#: shows not one data set to us, such as a recording of models alone.
FACTS = """CASE WHEN d.state = 'error' OR (d.state <> 'found'
      AND NOT EXISTS (SELECT 1 FROM datasets WHERE state = 'found')) THEN ''
    ELSE d.state || ' ' || coalesce(d.gated, '-') || ' ' || coalesce(d.private, '-') || ' ' || coalesce(d.disabled, '-')
      || ' ' || coalesce(d.card, '-') || ' ' || coalesce(d.license, '') END"""
IN_LIST = 500  # keys of one IN (...): well under SQLite's limit of variables
_bases = msgspec.json.Decoder(tuple[Base, ...])
_cells = msgspec.json.Decoder(list[tuple[str, str, str, str]])


def open_hub(path: Path) -> sqlite3.Connection:
    """Open hub.db with both schemas. Raises as crawler.database.connect does."""
    conn = database.connect(path, store.APPLICATION_ID, store.migrations, migrations)
    store.index_names(conn)  # a first walk that was not finished has not made it
    return conn


def open_readonly(path: Path) -> sqlite3.Connection:
    """A connection for workers, which only read."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=30)


def chunks(keys: Sequence[int]) -> Iterator[tuple[str, Sequence[int]]]:
    """(marks of parameters, keys) for IN (...), a part of the keys at a time."""
    for i in range(0, len(keys), IN_LIST):
        part = keys[i : i + IN_LIST]
        yield ",".join("?" * len(part)), part


# -- names and bases ------------------------------------------------------------------------------------------------


def declared_names(conn: sqlite3.Connection, due: str) -> set[str]:
    """Every name that a due repo declares as a base. Streams: millions of repos name few bases."""
    names: set[str] = set()
    for (text,) in conn.execute(f"SELECT bases FROM {due} JOIN details USING (repo) WHERE bases IS NOT NULL"):
        names.update(base.repo_id for base in _bases.decode(text))
    return names


def decoded_bases(text: str | None) -> tuple[Base, ...]:
    """`details.bases` as what it was made of."""
    return _bases.decode(text) if text else ()


def bases_of(conn: sqlite3.Connection, keys: Sequence[int]) -> dict[int, tuple[Base, ...]]:
    """What the rows of these repos declare as bases."""
    found: dict[int, tuple[Base, ...]] = {}
    for marks, part in chunks(keys):
        for repo, text in conn.execute(f"SELECT repo, bases FROM details WHERE repo IN ({marks})", part):
            found[repo] = decoded_bases(text)
    return found


def bearers(conn: sqlite3.Connection, names: Iterable[str]) -> dict[str, list[Named]]:
    """All repos that ever bore a name in any case, by the name in lower case: who bears it today first, then the
    missing, then those called otherwise now.
    """
    found: dict[str, list[Named]] = defaultdict(list)
    wanted = sorted({name.casefold() for name in names})
    for i in range(0, len(wanted), IN_LIST):
        part = wanted[i : i + IN_LIST]
        marks = ",".join("?" * len(part))
        now = f"""SELECT repo_id, 1, repo, created_at FROM repos
                  WHERE repo_id COLLATE NOCASE IN ({marks})
                  ORDER BY missing_since IS NOT NULL, missing_since DESC, created_at DESC, oid"""
        old = f"""SELECT n.repo_id, 0, repo, r.created_at FROM names n JOIN repos r USING (repo)
                  WHERE n.repo_id COLLATE NOCASE IN ({marks}) AND n.repo_id <> r.repo_id
                  ORDER BY n.since DESC, r.oid"""
        for sql in (now, old):
            for name, bears, repo, created_at in conn.execute(sql, part):
                found[name.casefold()].append(Named(name, bool(bears), Claim(repo, created_at)))
    return found


def handed(conn: sqlite3.Connection, keys: Sequence[int]) -> dict[int, Handed]:
    """What already judged repos hand down."""
    found: dict[int, Handed] = {}
    for marks, part in chunks(keys):
        rows = conn.execute(
            f"""SELECT v.repo, r.repo_id, v.license_effective, v.allows, v.allows_max, v.allows_why, v.base_model,
                       v.family, d.cells
                FROM verdicts v JOIN repos r USING (repo) JOIN dossiers d USING (dossier) WHERE v.repo IN ({marks})""",
            part,
        )
        for repo, repo_id, license_, allows, allows_max, why, base_model, family, cells in rows:
            values = {dimension: value for dimension, value, _, _ in _cells.decode(cells)}
            found[repo] = Handed(
                repo_id, license_ or "other", Level(allows), Level(allows_max), Restriction(why),
                values[Dimension.BASE_DATA], values[Dimension.END_DATA], values[Dimension.BASE_WEIGHTS],
                values[Dimension.END_WEIGHTS], base_model is None, family,
            )  # fmt: skip
    return found


# -- reading --------------------------------------------------------------------------------------------------------


def repos(conn: sqlite3.Connection, keys: Sequence[int]) -> Iterator[Repo]:
    """What the Hub said of these repos, in order of the keys when they are given so."""
    for marks, part in chunks(keys):
        yield from read_repos(conn, f"r.repo IN ({marks})", part)


def documents(conn: sqlite3.Connection, keys: Sequence[int]) -> dict[int, list[Document]]:
    """Their documents as last looked at, in order of the paths."""
    found: dict[int, list[Document]] = defaultdict(list)
    for marks, part in chunks(keys):
        rows = conn.execute(
            f"SELECT repo, path, outcome, hash FROM fetches WHERE repo IN ({marks}) ORDER BY repo, path", part
        )
        for repo, path, outcome, key in rows:
            found[repo].append(Document(path, outcome, key))
    return found


def data_facts(conn: sqlite3.Connection, names: Iterable[str]) -> dict[str, str]:
    """What the Hub shows of data sets, by the names that models use; those that nobody has looked at are left out."""
    found: dict[str, str] = {}
    wanted = sorted(set(names))
    for i in range(0, len(wanted), IN_LIST):
        part = wanted[i : i + IN_LIST]
        marks = ",".join("?" * len(part))
        found.update(conn.execute(f"SELECT name, {FACTS} FROM datasets d WHERE name IN ({marks})", part))
    return found


def dossier(conn: sqlite3.Connection, key: int) -> tuple[str, str]:
    """(evidence, own licence) of a stored verdict, as JSON."""
    evidence, own = conn.execute("SELECT evidence, own FROM dossiers WHERE dossier = ?", (key,)).fetchone()
    return evidence, own


def before(conn: sqlite3.Connection, keys: Sequence[int]) -> dict[int, Before]:
    """Their verdicts as they stand."""
    found: dict[int, Before] = {}
    for marks, part in chunks(keys):
        rows = conn.execute(
            f"""SELECT repo, level, level_max, restriction, dossier, basis, rules_version FROM verdicts
                WHERE repo IN ({marks})""",
            part,
        )
        found.update((row[0], Before(*row[1:])) for row in rows)
    return found


# -- writing --------------------------------------------------------------------------------------------------------

_UPSERT_VERDICT = """
    INSERT INTO verdicts (repo, level, level_max, restriction, license_effective, radboud_score, eu_score, mof_class,
                          claims_open_source, family, base_model, dossier, allows, allows_max, allows_why, basis,
                          rules_version, judged)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (repo) DO UPDATE SET
      level = excluded.level, level_max = excluded.level_max, restriction = excluded.restriction,
      license_effective = excluded.license_effective, radboud_score = excluded.radboud_score,
      eu_score = excluded.eu_score, mof_class = excluded.mof_class, claims_open_source = excluded.claims_open_source,
      family = excluded.family, base_model = excluded.base_model, dossier = excluded.dossier, allows = excluded.allows,
      allows_max = excluded.allows_max, allows_why = excluded.allows_why, basis = excluded.basis,
      rules_version = excluded.rules_version, judged = excluded.judged"""

_UPSERT_HISTORY = """
    INSERT INTO verdict_history (repo, date, level, level_max, restriction, dossier, rules_version, cause, note)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (repo, date) DO UPDATE SET
      -- What moved the level that day; a verdict that is the first of all and no longer stands has a cause as well.
      (cause, note) = (SELECT iif(moved, excluded.cause, cause), iif(moved, excluded.note, note) FROM (
          SELECT level <> excluded.level OR (cause = 'first'
            AND (level_max, restriction) IS NOT (excluded.level_max, excluded.restriction)) AS moved)),
      level = excluded.level, level_max = excluded.level_max, restriction = excluded.restriction,
      dossier = excluded.dossier, rules_version = excluded.rules_version"""

_UPSERT_LINK = """
    INSERT INTO lineage (repo, base_id, base, relation, stated_by, license, base_license, conflict)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (repo, base_id) DO UPDATE SET
      base = excluded.base, relation = excluded.relation, stated_by = excluded.stated_by, license = excluded.license,
      base_license = excluded.base_license, conflict = excluded.conflict"""

_LEVEL_EVENT = """VALUES (?1, ?2, 'level', ?3, ?4,
      -- As the night's other events of the model have it, unknown (NULL) too; else the counter as it stands.
      iif(EXISTS (SELECT 1 FROM changes WHERE repo = ?2 AND date = ?1 AND field <> 'level'),
          (SELECT downloads FROM changes WHERE repo = ?2 AND date = ?1 AND field <> 'level' ORDER BY change LIMIT 1),
          (SELECT downloads FROM repos WHERE repo = ?2)))"""


def write(
    conn: sqlite3.Connection, run: int, due: str, date: str, rules_version: str, rows: Sequence[Row],
    causes: Sequence[str], was: dict[int, Before], looked_at: Sequence[int],
) -> list[Moved]:  # fmt: skip
    """One batch in one transaction: dossiers, verdicts, lineage, history, events; and its keys are off the list.

    `causes` goes with `rows`; `looked_at` are all keys of the batch, unchanged ones included. Returns what moved.
    """
    with database.transaction(conn):
        dossiers = _dossiers(conn, rows)
        moved = list(_moves(rows, causes, was, dossiers))
        conn.executemany(
            _UPSERT_VERDICT,
            [
                (r.repo, r.level, r.level_max, r.restriction, r.license_effective, r.radboud_score, r.eu_score,
                 r.mof_class, int(r.claims_open_source), r.family, r.base_model, dossiers[r.digest], r.allows,
                 r.allows_max, r.allows_why, r.basis, rules_version, date)
                for r in rows
            ],
        )  # fmt: skip
        changed = {m.repo: m for m in moved}
        conn.executemany(
            _UPSERT_HISTORY,
            [
                (r.repo, date, r.level, r.level_max, r.restriction, dossiers[r.digest], rules_version,
                 changed[r.repo].cause, r.note or None)
                for r in rows
                if r.repo in changed
            ],
        )  # fmt: skip
        _write_links(conn, rows, was)
        _write_events(conn, date, [m for m in moved if m.old is not None and m.old != m.new])
        conn.executemany(f"DELETE FROM {due} WHERE repo = ?", [(key,) for key in looked_at])
        conn.execute(
            "UPDATE judge_runs SET judged = judged + ?, changed = changed + ?, errors = errors + ? WHERE id = ?",
            (len(rows), sum(m.old is not None for m in moved), sum(bool(r.error) for r in rows), run),
        )
    return moved


def moves(conn: sqlite3.Connection, rows: Sequence[Row], causes: Sequence[str], was: dict[int, Before]) -> list[Moved]:
    """What would move if these rows were written."""
    digests = list({r.digest for r in rows})
    known: dict[bytes, int] = {}
    for i in range(0, len(digests), IN_LIST):
        part = digests[i : i + IN_LIST]
        marks = ",".join("?" * len(part))
        known.update(conn.execute(f"SELECT digest, dossier FROM dossiers WHERE digest IN ({marks})", part).fetchall())
    return list(_moves(rows, causes, was, defaultdict(lambda: -1, known)))


def _dossiers(conn: sqlite3.Connection, rows: Sequence[Row]) -> dict[bytes, int]:
    """Keys of the rows' dossiers, the new ones written."""
    by_digest = {r.digest: r for r in rows}
    conn.executemany(
        "INSERT INTO dossiers (digest, cells, evidence, own) VALUES (?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING",
        [(digest, r.cells, r.evidence, r.own) for digest, r in by_digest.items()],
    )
    digests = list(by_digest)
    found: dict[bytes, int] = {}
    for i in range(0, len(digests), IN_LIST):
        part = digests[i : i + IN_LIST]
        marks = ",".join("?" * len(part))
        found.update(conn.execute(f"SELECT digest, dossier FROM dossiers WHERE digest IN ({marks})", part).fetchall())
    return found


def _moves(
    rows: Sequence[Row], causes: Sequence[str], was: dict[int, Before], dossiers: dict[bytes, int]
) -> Iterator[Moved]:
    for row, cause in zip(rows, causes, strict=True):
        old = was.get(row.repo)
        now = (row.level, row.level_max, row.restriction, dossiers[row.digest])
        if old is None or (old.level, old.level_max, old.restriction, old.dossier) != now:
            level = None if old is None else f"L{old.level}"
            yield Moved(row.repo, row.repo_id, level, f"L{row.level}", cause, row.downloads or 0)


def _write_links(conn: sqlite3.Connection, rows: Sequence[Row], was: dict[int, Before]) -> None:
    for table in ("lineage", "data_uses"):
        conn.executemany(f"DELETE FROM {table} WHERE repo = ?", [(r.repo,) for r in rows if r.repo in was])
    conn.executemany(
        "INSERT INTO data_uses (repo, name, facts) VALUES (?, ?, ?)",
        [(r.repo, name, facts) for r in rows for name, facts in r.facts],
    )
    conn.executemany(
        _UPSERT_LINK,
        [
            (r.repo, link.base.repo_id, base, link.base.relation, link.base.stated_by, r.license, link.license,
             link.conflict)
            for r in rows
            for link, base in zip(r.links, r.bases, strict=True)
        ],
    )  # fmt: skip


def _write_events(conn: sqlite3.Connection, date: str, moved: Sequence[Moved]) -> None:
    conn.executemany(store.upsert_change(_LEVEL_EVENT), [(date, m.repo, m.old, m.new) for m in moved])
    # There and back on one day is no event.
    conn.executemany(
        "DELETE FROM changes WHERE repo = ? AND date = ? AND field = 'level' AND old IS new",
        [(m.repo, date) for m in moved],
    )


def finish(conn: sqlite3.Connection, run: int, finished: str, *, sweep: bool) -> None:
    """End a run. `sweep`: also delete dossiers that no verdict, past or present, rests on any more."""
    with database.transaction(conn):
        if sweep:
            conn.execute(
                """DELETE FROM dossiers WHERE dossier NOT IN
                     (SELECT dossier FROM verdicts UNION SELECT dossier FROM verdict_history)"""
            )
        conn.execute("UPDATE judge_runs SET finished = ? WHERE id = ?", (finished, run))
