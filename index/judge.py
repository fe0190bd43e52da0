"""hub.db -> verdicts: what is due, bases before what is made from them, batches, workers. Order of calls only.

Incremental: a verdict remembers what it rests on (its basis), and only repos whose row, documents or bases changed, or
that were judged by other rules, are looked at; of those only the ones whose basis really differs are judged. The list
of what is due is kept in hub.db, so a run that is killed at any point is taken up by the next one. One repo that
cannot be judged is a row with its reason. Decides nothing about openness (`verdict.py`) and holds no SQL (`tables.py`).
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import msgspec
import zstandard

from crawler import documents
from crawler.database import timestamp
from crawler.errors import Interrupted, UsageError
from crawler.records import Repo
from index import due as listed
from index import executors, licenses, tables
from index.lineage import Claim, Handed, Link, ancestors_first, candidates, eligible, strictest
from index.overrides import Override
from index.probes import all_probes
from index.rules import RULES_VERSION, all_rules
from index.tables import Before, Document, Moved, Row
from index.verdict import Text, Verdict, examine, failed, own_license

BATCH = 2_000  # repos of one transaction
MAX_MOVED = 1_000  # moves that a report names; `changed` counts all of them

Progress = Callable[[str, int], None]
Overrides = Mapping[str, Sequence[Override]]


class JudgeReport(NamedTuple):
    """What a run did. `moved`: the most downloaded of the repos whose level is another than before."""

    judged: int  # verdicts made
    changed: int  # of those already judged before: verdicts that differ
    unchanged: int  # looked at, and nothing that the verdict rests on had changed
    errors: int  # repos that could not be judged; their rows say why
    moved: tuple[Moved, ...]


class _World(NamedTuple):
    """What judging a repo needs beside the repo itself. Shared by all workers, read only."""

    claims: dict[str, tuple[Claim, ...]]  # name of a declared base -> the repos that bear it, or bore it
    handed: dict[int, Handed]
    rules: bytes
    overrides: Overrides
    everything: bool


class _Done(NamedTuple):
    """One batch, judged and not yet written."""

    keys: Sequence[int]
    rows: list[Row]
    causes: list[str]
    before: dict[int, Before]


def judge(
    hub_db: Path,
    documents_db: Path,
    now: datetime,
    *,
    everything: bool = False,
    workers: int = 1,
    dry_run: bool = False,
    overrides: Overrides | None = None,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
    cluster: str | None = None,
) -> JudgeReport:
    """Judge what changed (or `everything`) as of `now`, whose date the verdicts bear.

    `dry_run` writes nothing and reports what would move. `cluster`: address of a dask.distributed scheduler, whose
    workers then do what `workers` processes of this machine do otherwise; they must see the same data directory. Once
    `stop` is set, the batch under way is finished and written, and Interrupted raised. Raises as
    crawler.database.connect does, StorageFull, StoppedError when a worker is lost, UsageError for a cluster that
    cannot be used.
    """
    all_probes(), all_rules()  # a broken module must end the run here, not become the error of every repo
    if cluster is not None and workers > 1:
        raise UsageError("Give --workers or --cluster, not both: a cluster has its own workers.")
    with closing(tables.open_hub(hub_db)) as conn, closing(_Library(documents_db)) as library:
        rules = rules_digest(overrides or {})
        run, due = listed.begin(
            conn, date=now.date().isoformat(), started=timestamp(now), rules_version=RULES_VERSION, rules=rules,
            everything=everything, dry_run=dry_run,
        )  # fmt: skip
        claims = _resolve(conn, tables.declared_names(conn, due))
        world = _World(claims, {}, rules, overrides or {}, everything)
        tally = _Tally(conn, run, due, now.date().isoformat(), dry_run, progress or (lambda what, count: None), stop)
        _judge_bases(conn, library, world, due, tally)
        executor: executors.Executor = executors.Local()
        if cluster is not None:
            executor = executors.Cluster(cluster, partial(_sees, hub_db.absolute(), documents_db.absolute()))
        elif workers > 1 and listed.count_due(conn, due) > BATCH:
            executor = executors.Processes(workers)
        _judge_rest(conn, hub_db, documents_db, world, due, tally, executor)
        if not dry_run:
            tables.finish(conn, run, timestamp(now), sweep=everything)
        return tally.report()


@cache
def _definitions() -> bytes:
    catalogue = files("index").joinpath("licenses.toml").read_bytes()
    families = files("index").joinpath("families.toml").read_bytes()
    return hashlib.blake2b(catalogue + families, digest_size=8).digest()


def rules_digest(overrides: Overrides) -> bytes:
    """8 bytes over what judges alike for all repos: rules, licence catalogue, families, reviewed overrides."""
    reviewed = msgspec.json.encode(sorted((name, list(map(tuple, o))) for name, o in overrides.items()))
    return hashlib.blake2b(RULES_VERSION.encode() + _definitions() + reviewed, digest_size=8).digest()


# -- what was read ---------------------------------------------------------------------------------------------------


class _Library:
    """The archive of documents, read only. Without a file (no document was ever fetched) nothing can be read."""

    def __init__(self, path: Path) -> None:
        self._conn = documents.open_readonly(path) if path.exists() else None
        self._decompress = zstandard.ZstdDecompressor().decompress

    def texts(self, found: Sequence[Document]) -> list[Text]:
        """Documents with their bodies; one that the archive cannot give is 'unreadable'."""
        return [self._text(one) for one in found]

    def _text(self, one: Document) -> Text:
        if one.outcome != "ok" or one.hash is None:
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


def _resolve(conn: sqlite3.Connection, names: set[str]) -> dict[str, tuple[Claim, ...]]:
    """Declared names -> repos, through renames and the Hub's early ownerless names. Unknown names are left out."""
    ways = {name: list(candidates(name)) for name in names}
    known = tables.claims_of_names(conn, {way for several in ways.values() for way in several})
    found = {name: tuple(dict.fromkeys(claim for way in several for claim in known.get(way, ())))
             for name, several in ways.items()}  # fmt: skip
    return {name: claims for name, claims in found.items() if claims}


def _bases(world: _World, name: str, child: Repo) -> list[int]:
    """The repos that a name may mean to a model, itself left out."""
    return [claim.repo for claim in eligible(world.claims.get(name, ()), child.created_at) if claim.repo != child.repo]


# -- judging ---------------------------------------------------------------------------------------------------------


def _judge_bases(conn: sqlite3.Connection, library: _Library, world: _World, due: str, tally: _Tally) -> None:
    """Judge the due repos that others are made from, ancestors first, and load what the other bases hand down."""
    created = {claim.repo: claim.created_at for claims in world.claims.values() for claim in claims}
    bases = sorted(created)
    todo = listed.is_due(conn, due, bases)
    world.handed.update(tables.handed(conn, [key for key in bases if key not in todo]))
    names = tables.bases_of(conn, sorted(todo))
    graph = {
        str(key): [
            str(claim.repo)
            for name in names.get(key, ())
            for claim in eligible(world.claims.get(name, ()), created[key])
            if claim.repo in todo and claim.repo != key
        ]
        for key in sorted(todo)
    }
    batch: list[tuple[int, ...]] = []
    for group in ancestors_first(graph):
        batch.append(tuple(map(int, group)))
        if len(batch) >= BATCH:
            _judge_groups(conn, library, world, batch, tally)
            batch = []
    _judge_groups(conn, library, world, batch, tally)


def _judge_groups(
    conn: sqlite3.Connection, library: _Library, world: _World, groups: Sequence[tuple[int, ...]], tally: _Tally
) -> None:
    """One batch of groups in their order; a group of several repos is a cycle, whose licences bind all of it."""
    keys = [key for group in groups for key in group]
    if not keys:
        return
    read = {repo.repo: repo for repo in tables.repos(conn, keys)}
    papers, before = tables.documents(conn, keys), tables.before(conn, keys)
    done = _Done(keys, [], [], before)
    for group in groups:
        texts = {key: library.texts(papers.get(key, ())) for key in group}
        own = {key: own_license(read[key], texts[key]).license for key in group} if len(group) > 1 else {}
        for key in group:
            cycle = _looped(read[key], world, group) if own else frozenset()
            peers = tuple(own[k] for k in group if k != key) if own else ()
            made = _judge_one(
                read[key], papers.get(key, []), partial(_same, texts[key]), world, before.get(key), cycle, peers
            )
            if made is None:
                world.handed.update(tables.handed(conn, [key]))
            else:
                world.handed[key] = made[1]
                done.rows.append(made[0])
                done.causes.append(made[2])
    tally.write(done)


def _looped(repo: Repo, world: _World, group: Sequence[int]) -> frozenset[str]:
    """The bases of a repo that descend from it."""
    return frozenset(b.repo_id for b in repo.bases if set(group).intersection(_bases(world, b.repo_id, repo)))


def _same(texts: Sequence[Text]) -> Sequence[Text]:
    return texts


def _judge_rest(
    conn: sqlite3.Connection, hub_db: Path, documents_db: Path, world: _World, due: str, tally: _Tally,
    executor: executors.Executor,
) -> None:  # fmt: skip
    """Judge everything that nothing else is made from: no order, so workers may share it."""
    results = executor.run(
        partial(_open_batches, hub_db.absolute(), documents_db.absolute(), world), _batches(conn, due)
    )
    try:
        for done in results:
            tally.write(done)
    finally:
        if isinstance(results, Generator):
            results.close()  # ends the workers now, not when the garbage is collected


def _open_batches(hub_db: Path, documents_db: Path, world: _World) -> Callable[[Sequence[int]], _Done]:
    """What judges batches, with connections of its own: run in this process, a forked one or one of a cluster."""
    return partial(_judge_batch, tables.open_readonly(hub_db), _Library(documents_db), world)


def _sees(hub_db: Path, documents_db: Path) -> str:
    """What a process finds at these paths, the run that is under way included, and the rules that it judges by."""
    rules = rules_digest({}).hex()
    if not hub_db.exists():
        return f"rules {rules}, no {hub_db}"
    with closing(tables.open_readonly(hub_db)) as conn:
        run, repos = listed.identity(conn)
    archive = documents_db if documents_db.exists() else f"no {documents_db}"
    return f"rules {rules}, {hub_db} at run {run} with models up to {repos}, {archive}"


def _batches(conn: sqlite3.Connection, due: str) -> Iterator[list[int]]:
    after = -1
    while keys := listed.next_due(conn, due, after, BATCH):
        yield keys
        after = keys[-1]


def _judge_batch(conn: sqlite3.Connection, library: _Library, world: _World, keys: Sequence[int]) -> _Done:
    papers, before = tables.documents(conn, keys), tables.before(conn, keys)
    done = _Done(keys, [], [], before)
    for repo in tables.repos(conn, keys):
        assert repo.repo is not None, "a stored repo has its key"
        found = papers.get(repo.repo, [])
        made = _judge_one(repo, found, partial(library.texts, found), world, before.get(repo.repo))
        if made is not None:
            done.rows.append(made[0])
            done.causes.append(made[2])
    return done


def _judge_one(
    repo: Repo, found: Sequence[Document], read: Callable[[], Sequence[Text]], world: _World, before: Before | None,
    cycle: frozenset[str] = frozenset(), peers: Sequence[licenses.License] = (),
) -> tuple[Row, Handed, str] | None:  # fmt: skip
    """The verdict of one repo with its cause, or None when everything that the old one rests on is as it was."""

    def find(name: str) -> Handed | None:
        return None if name in cycle else strictest([world.handed.get(key) for key in _bases(world, name, repo)])

    basis = basis_of(repo, found, find, world.rules, peers)
    if before is not None and before.basis == basis and not world.everything:
        return None
    try:
        verdict = examine(repo, read(), find, cycle=cycle, peers=peers, overrides=world.overrides.get(repo.repo_id, ()))
    except Exception as error:  # one odd repo must not end the night; its row says why
        verdict = failed(repo, error)
    bound = tuple(_binding(world, repo, link) for link in verdict.links)
    return _row(repo, verdict, basis, bound), verdict.handed, cause_of(before, basis)


def _binding(world: _World, repo: Repo, link: Link) -> int | None:
    """The repo that a link means: of several that claim the name, the one whose terms bind."""
    keys = _bases(world, link.base.repo_id, repo)
    for key in keys:
        handed = world.handed.get(key)
        if handed is not None and (handed.repo_id, handed.license) == (link.resolved, link.license):
            return key
    return keys[0] if keys else None


def basis_of(
    repo: Repo,
    found: Sequence[Document],
    find: Callable[[str], Handed | None],
    rules: bytes,
    peers: Sequence[licenses.License] = (),
) -> bytes:
    """What a verdict rests on, 8 bytes each: the repo's row, its documents, what its bases hand down, the rules."""
    bases = [(b, find(b.repo_id)) for b in repo.bases]
    handed = msgspec.json.encode((bases, [p.id for p in peers])) if bases else b""
    below = hashlib.blake2b(handed, digest_size=8).digest()
    return b"".join((repo.fingerprint, listed.papers_digest(found), below, rules))


def cause_of(before: Before | None, basis: bytes) -> str:
    """Why a repo was judged anew: first, repo, card, base, rules (reviewed overrides included) or everything."""
    if before is None:
        return "first"
    names = ("repo", "card", "base", "rules")
    changed = [n for i, n in enumerate(names) if before.basis[8 * i : 8 * i + 8] != basis[8 * i : 8 * i + 8]]
    return changed[0] if changed else "rules"


def _row(repo: Repo, verdict: Verdict, basis: bytes, bases: tuple[int | None, ...]) -> Row:
    made, handed = verdict.assessment, verdict.handed
    assert repo.repo is not None, "a stored repo has its key"
    return Row(
        repo.repo, repo.repo_id, repo.downloads, int(made.level), int(made.level_max), str(made.restriction),
        made.license_effective, verdict.radboud_score, verdict.eu_score, verdict.mof_class, made.claims_open_source,
        verdict.family, repo.bases[0].repo_id if repo.bases else None, int(handed.allows), int(handed.allows_max),
        str(handed.why), repo.license, verdict.digest, verdict.cells, verdict.evidence, basis, verdict.links,
        bases, verdict.error,
    )  # fmt: skip


# -- writing ---------------------------------------------------------------------------------------------------------


class _Tally:
    """Writes batches and adds up the report."""

    def __init__(
        self, conn: sqlite3.Connection, run: int, due: str, date: str, dry_run: bool, progress: Progress,
        stop: threading.Event | None,
    ) -> None:  # fmt: skip
        self._conn, self._run, self._due, self._date = conn, run, due, date
        self._dry_run, self._progress, self._stop = dry_run, progress, stop
        self._judged = self._changed = self._unchanged = self._errors = 0
        self._moved: list[Moved] = []

    def write(self, done: _Done) -> None:
        """Write one batch, or in a dry run only see what it would move. Raises Interrupted once it is written."""
        if self._dry_run:
            moved = tables.moves(self._conn, done.rows, done.causes, done.before)
            listed.strike(self._conn, self._due, done.keys)
        else:
            moved = tables.write(
                self._conn, self._run, self._due, self._date, RULES_VERSION, done.rows, done.causes, done.before,
                done.keys,
            )  # fmt: skip
        self._judged += len(done.rows)
        self._unchanged += len(done.keys) - len(done.rows)
        self._errors += sum(bool(row.error) for row in done.rows)
        self._changed += sum(m.old is not None for m in moved)
        self._moved += [m for m in moved if m.old is not None and m.old != m.new]
        self._moved.sort(key=lambda m: (-m.downloads, m.repo_id))
        del self._moved[MAX_MOVED:]
        self._progress("models judged", self._judged + self._unchanged)
        if self._stop is not None and self._stop.is_set():
            raise Interrupted("Asked to stop. Verdicts written so far are kept; run `openness judge` to go on.")

    def report(self) -> JudgeReport:
        """What the run did."""
        return JudgeReport(self._judged, self._changed, self._unchanged, self._errors, tuple(self._moved))
