"""hub.db -> verdicts: what is due, bases before what is made from them, batches, workers. Order of calls only.

Incremental: a verdict remembers what it rests on (its basis), and only repos whose row, documents or bases changed, or
that were judged by other rules, are looked at; of those only the ones whose basis really differs are judged. The list
of what is due is kept in hub.db, so a run that is killed at any point is taken up by the next one. One repo that
cannot be judged is a row with its reason. Decides nothing about openness (`verdict.py`) and holds no SQL (`tables.py`).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from crawler.database import timestamp
from crawler.errors import Interrupted, UsageError
from crawler.records import Repo
from index import basis, executors, judging, tables
from index import due as listed
from index.judging import Given, Overrides, World
from index.library import Library
from index.lineage import Claim, ancestors_first, candidates, claimants, eligible
from index.probes import all_probes
from index.rules import RULES_VERSION, all_rules
from index.tables import Before, Moved, Row

BATCH = 2_000  # repos of one transaction
MAX_MOVED = 1_000  # moves that a report names; `changed` counts all of them

Progress = Callable[[str, int], None]


class JudgeReport(NamedTuple):
    """What a run did. `moved`: the most downloaded of the repos whose level is another than before."""

    judged: int  # verdicts made
    changed: int  # of those already judged before: verdicts that differ
    unchanged: int  # looked at, and nothing that the verdict rests on had changed
    errors: int  # repos that could not be judged; their rows say why
    moved: tuple[Moved, ...]


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
    reviews = overrides or {}
    with closing(tables.open_hub(hub_db)) as conn, closing(Library(documents_db)) as library:
        run, due = listed.begin(
            conn, date=now.date().isoformat(), started=timestamp(now), rules_version=RULES_VERSION,
            reviews={name: basis.reviews(of) for name, of in reviews.items()}, everything=everything, dry_run=dry_run,
        )  # fmt: skip
        more = judging.card_bases(conn, library, due)
        names = tables.declared_names(conn, due).union(base.repo_id for stated in more.values() for base in stated)
        world = World(_resolve(conn, names), more, {}, reviews, everything)
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


def _resolve(conn: sqlite3.Connection, names: set[str]) -> dict[str, tuple[Claim, ...]]:
    """Declared names -> repos, in any case, through renames and early ownerless names; unknown ones are left out."""
    ways = {name: list(candidates(name)) for name in names}
    known = tables.bearers(conn, {way for several in ways.values() for way in several})
    found = {}
    for name, several in ways.items():
        claims = dict.fromkeys(c for way in several for c in claimants(way, known.get(way.casefold(), ())))
        if claims:
            found[name] = tuple(claims)
    return found


# -- judging ---------------------------------------------------------------------------------------------------------


def _judge_bases(conn: sqlite3.Connection, library: Library, world: World, due: str, tally: _Tally) -> None:
    """Judge the due repos that others are made from, ancestors first, and load what the other bases hand down."""
    created = {claim.repo: claim.created_at for claims in world.claims.values() for claim in claims}
    bases = sorted(created)
    todo = listed.is_due(conn, due, bases)
    world.handed.update(tables.handed(conn, [key for key in bases if key not in todo]))
    names = tables.bases_of(conn, sorted(todo))
    graph = {
        str(key): [
            str(claim.repo)
            for base in (*names.get(key, ()), *world.card_bases.get(key, ()))
            for claim in eligible(world.claims.get(base.repo_id, ()), created[key])
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
    conn: sqlite3.Connection, library: Library, world: World, groups: Sequence[tuple[int, ...]], tally: _Tally
) -> None:
    """One batch of groups in their order; a group of several repos is a cycle: what binds one of it binds all of it."""
    keys = [key for group in groups for key in group]
    if not keys:
        return
    found = judging.read(conn, keys, world)
    done = _Done(keys, [], [], _before(found))
    for group in groups:
        ring = group if len(group) > 1 else ()
        looped = {key: _looped(found[key].whole, world, group) for key in ring}
        brought = (judging.reached(found[k], world, library.texts(found[k].papers), looped[k]) for k in ring)
        peers = sorted({license for licenses in brought for license in licenses}, key=lambda license: license.id)
        for key in group:
            made = judging.judge_one(found[key], world, conn, library, looped.get(key, frozenset()), peers)
            if made is None:
                world.handed.update(tables.handed(conn, [key]))
            else:
                world.handed[key] = made.handed
                done.rows.append(made.row)
                done.causes.append(made.cause)
    tally.write(done)


def _before(found: dict[int, Given]) -> dict[int, Before]:
    return {key: given.before for key, given in found.items() if given.before is not None}


def _looped(repo: Repo, world: World, group: Sequence[int]) -> frozenset[str]:
    """The bases of a repo that descend from it."""
    return frozenset(b.repo_id for b in repo.bases if set(group).intersection(world.bases(b.repo_id, repo)))


def _judge_rest(
    conn: sqlite3.Connection, hub_db: Path, documents_db: Path, world: World, due: str, tally: _Tally,
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


def _open_batches(hub_db: Path, documents_db: Path, world: World) -> Callable[[Sequence[int]], _Done]:
    """What judges batches, with connections of its own: run in this process, a forked one or one of a cluster."""
    return partial(_judge_batch, tables.open_readonly(hub_db), Library(documents_db), world)


def _sees(hub_db: Path, documents_db: Path) -> str:
    """What a process finds at these paths, the run that is under way included, and the rules that it judges by."""
    rules = basis.rules().hex()
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


def _judge_batch(conn: sqlite3.Connection, library: Library, world: World, keys: Sequence[int]) -> _Done:
    found = judging.read(conn, keys, world)
    done = _Done(keys, [], [], _before(found))
    for given in found.values():
        made = judging.judge_one(given, world, conn, library)
        if made is not None:
            done.rows.append(made.row)
            done.causes.append(made.cause)
    return done


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
