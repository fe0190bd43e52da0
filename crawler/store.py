"""hub.db: all SQL of what the Hub said. One page is one transaction: rows, history, events and the cursor, or nothing.

Decides nothing: `plan.py` says what a page means, this file writes it down. Judgements live in the same file but are
written by `index/tables.py`.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import sqlite_utils
from sqlite_utils import Migrations

from crawler import database, fetches, newcomers, plan
from crawler.columns import narrow, read_repos, wide
from crawler.fetches import Candidate, Fetch
from crawler.records import Listed, Reject, Repo, expand

APPLICATION_ID = 0x6F706E68  # 'opnh'

migrations = Migrations("crawler")


@migrations(name="0001_crawler")
def _crawler(db: sqlite_utils.Database) -> None:
    database.run_script(db, Path(__file__).with_name("schema.sql").read_text())


class Crawl(NamedTuple):
    """One night, or one partial walk."""

    id: int
    date: str
    hub: str
    scope: str
    started: str
    walked: str | None
    finished: str | None
    complete: bool


class Range(NamedTuple):
    """A checkpoint: ids in (lo, hi] walked up to cursor; hi '' = open end."""

    lo: str
    hi: str
    cursor: str
    next_cursor: str | None = None  # the Hub's own
    done: bool = False
    models: int = 0
    first: str | None = None  # the first id seen
    beyond: str | None = None  # the first id seen behind hi; '' = the Hub ended within the range
    ordered: bool = True  # ids rose from page to page: only then does absence mean something
    doubted: str = ""  # what pages did not show of most models that had it: a word a page


class Written(NamedTuple):
    """What one page did to the tables."""

    models: int = 0
    new: int = 0
    changed: int = 0
    counted: int = 0
    rejects: int = 0


_UPSERT_DETAILS = """
    INSERT INTO details (repo, license_name, license_link, pipeline_tag, library, tags, bases, files, file_count,
                         card_data, config)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (repo) DO UPDATE SET
      license_name = excluded.license_name, license_link = excluded.license_link,
      pipeline_tag = excluded.pipeline_tag, library = excluded.library, tags = excluded.tags, bases = excluded.bases,
      files = excluded.files, file_count = excluded.file_count, card_data = excluded.card_data,
      config = excluded.config"""

_UPSERT_COUNT = """
    INSERT INTO downloads (repo, day, downloads, downloads_all_time, likes) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (repo, day) DO UPDATE SET
      downloads = excluded.downloads, downloads_all_time = excluded.downloads_all_time, likes = excluded.likes"""


def upsert_change(source: str = "VALUES (?, ?, ?, ?, ?, ?)") -> str:
    """SQL that writes events, one for a field of a repo and a day. `source`: date, repo, field, old, new, downloads."""
    return f"""INSERT INTO changes (date, repo, field, old, new, downloads) {source}
      ON CONFLICT (repo, date, field) DO UPDATE SET new = excluded.new, downloads = excluded.downloads"""


def index_names(conn: sqlite3.Connection) -> None:
    """Make the index of names, unless it is there. A first walk brings names in no order, so it comes after that.

    The Hub finds a name in any case, and so does this; a query for one spelling asks for both.
    """
    conn.execute("CREATE INDEX IF NOT EXISTS repos_repo_id ON repos (repo_id COLLATE NOCASE)")


def day_number(day: str) -> int:
    """Days since 1970-01-01 of an ISO date."""
    return date.fromisoformat(day).toordinal() - 719_163


class Store:
    """The open hub.db. Methods are verbs of the crawl; each write is one transaction."""

    def __init__(self, path: Path) -> None:
        """Opens or creates the file. Raises ForeignDatabase, NewerSchema, StorageFull."""
        self.path = path
        self.conn = database.connect(path, APPLICATION_ID, migrations)
        self._next_repo: int | None = None

    def close(self) -> None:
        """Close the file."""
        database.close(self.conn)

    # -- crawls -------------------------------------------------------------------------------------------------

    def hubs(self) -> list[str]:
        """The hubs that this file was ever filled from."""
        return [row[0] for row in self.conn.execute("SELECT DISTINCT hub FROM crawls ORDER BY hub")]

    def begin(self, day: str, hub: str, scope: str, started: str, ranges: Iterable[tuple[str, str]]) -> Crawl:
        """Start a crawl with its ranges, or return the unfinished one of the same day, hub and scope."""
        with database.transaction(self.conn):
            row = self.conn.execute(
                "SELECT id FROM crawls WHERE finished IS NULL AND date = ? AND hub = ? AND scope = ? ORDER BY id DESC",
                (day, hub, scope),
            ).fetchone()
            if row is None:  # a partial walk leaves the night's whole walk as it is: that can still go on
                self.conn.execute(
                    """UPDATE crawls SET finished = ?, note = 'given up: not finished that night'
                       WHERE finished IS NULL AND date <> ?""",
                    (started, day),
                )
                self.conn.execute(
                    "DELETE FROM absent WHERE crawl IN (SELECT id FROM crawls WHERE finished IS NOT NULL)"
                )
                if scope == "" and self.last_complete() is None:
                    self.conn.execute("DROP INDEX IF EXISTS repos_repo_id")
                row = self.conn.execute(
                    "INSERT INTO crawls (date, hub, scope, started) VALUES (?, ?, ?, ?) RETURNING id",
                    (day, hub, scope, started),
                ).fetchone()
                self.conn.executemany(
                    "INSERT INTO ranges (crawl, lo, hi, cursor) VALUES (?, ?, ?, ?)",
                    [(row[0], lo, hi, lo) for lo, hi in ranges],
                )
        return self.crawl(row[0])

    def crawl(self, crawl_id: int) -> Crawl:
        """One crawl by its key."""
        row = self.conn.execute(
            "SELECT id, date, hub, scope, started, walked, finished, complete FROM crawls WHERE id = ?", (crawl_id,)
        ).fetchone()
        return Crawl._make((*row[:7], bool(row[7])))

    def ranges(self, crawl_id: int) -> list[Range]:
        """The checkpoints of a crawl, in order of ids."""
        rows = self.conn.execute(
            """SELECT lo, hi, cursor, next_cursor, done, models, first, beyond, ordered, doubted
               FROM ranges WHERE crawl = ? ORDER BY lo""",
            (crawl_id,),
        )
        return [Range._make((*row[:4], bool(row[4]), *row[5:8], bool(row[8]), row[9])) for row in rows]

    def notes(self, crawl_id: int) -> tuple[str, ...]:
        """What a person should know of a crawl's walk, as sentences: also what an interrupted run found out."""
        (note,) = self.conn.execute("SELECT note FROM crawls WHERE id = ?", (crawl_id,)).fetchone()
        return tuple(filter(None, note.split("\n")))

    def newest_night(self) -> str | None:
        """The latest night that anything was crawled for."""
        return self.conn.execute("SELECT max(date) FROM crawls").fetchone()[0]

    def last_complete(self) -> Crawl | None:
        """The newest complete walk of the whole Hub."""
        row = self.conn.execute(
            "SELECT id FROM crawls WHERE complete = 1 AND scope = '' ORDER BY date DESC, id DESC"
        ).fetchone()
        return None if row is None else self.crawl(row[0])

    def count_present(self) -> int:
        """Repos that are known and not missing."""
        (known,) = self.conn.execute("SELECT count(*) FROM repos").fetchone()  # of an index: no row is read
        (missing,) = self.conn.execute("SELECT count(*) FROM repos WHERE missing_since IS NOT NULL").fetchone()
        return known - missing

    def models_seen(self, crawl_id: int) -> int:
        """Rows that a crawl's walk has met so far."""
        return self.conn.execute("SELECT models FROM crawls WHERE id = ?", (crawl_id,)).fetchone()[0]

    def quantiles(self, parts: int) -> list[str]:
        """The ids that cut what is known into `parts` ranges with equally many repos each."""
        (count,) = self.conn.execute("SELECT count(*) FROM repos").fetchone()
        cuts: list[str] = []
        if count >= parts:
            next_cut = "SELECT oid FROM repos WHERE oid > ? ORDER BY oid LIMIT 1 OFFSET ?"
            for i in range(1, parts):  # each from the one before: the ids are passed once in all
                after = cuts[-1] if cuts else ""
                skipped = count * i // parts - count * (i - 1) // parts - (1 if cuts else 0)
                cuts.append(self.conn.execute(next_cut, (after, skipped)).fetchone()[0])
        return cuts

    def split(self, crawl: Crawl, lo: str, cuts: list[str]) -> list[Range]:
        """Cut what lies between the cursor of an unfinished range and its end; its new neighbours, in order."""
        if not cuts:
            return []
        with database.transaction(self.conn):
            (hi,) = self.conn.execute("SELECT hi FROM ranges WHERE crawl = ? AND lo = ?", (crawl.id, lo)).fetchone()
            self.conn.execute("UPDATE ranges SET hi = ? WHERE crawl = ? AND lo = ?", (cuts[0], crawl.id, lo))
            new = [Range(a, b, a) for a, b in zip(cuts, [*cuts[1:], hi], strict=True)]
            self.conn.executemany(
                "INSERT INTO ranges (crawl, lo, hi, cursor) VALUES (?, ?, ?, ?)", [(crawl.id, *r[:3]) for r in new]
            )
        return new

    def merge(self, crawl: Crawl, why: str) -> None:
        """Back to one range, with the reason for the report. The first keeps its checkpoint if it has one of the Hub's
        own that nothing lies before; what the others had walked is walked again.
        """
        with database.transaction(self.conn):
            first = self.ranges(crawl.id)[0]
            kept = first.next_cursor is not None and not first.done
            cursor = first.cursor if kept else ""
            self.conn.execute("DELETE FROM ranges WHERE crawl = ? AND (lo > ? OR NOT ?)", (crawl.id, first.lo, kept))
            self.conn.execute(
                "INSERT OR IGNORE INTO ranges (crawl, lo, hi, cursor) VALUES (?, '', '', '')", (crawl.id,)
            )
            self.conn.execute("UPDATE ranges SET hi = '' WHERE crawl = ?", (crawl.id,))
            self.conn.execute(
                "DELETE FROM absent WHERE crawl = ? AND repo IN (SELECT repo FROM repos WHERE oid > ?)",
                (crawl.id, cursor),
            )
            self.conn.execute(
                """UPDATE crawls SET (pages, models) = (SELECT sum(pages), sum(models) FROM ranges WHERE crawl = ?1),
                     note = ?2 WHERE id = ?1""",
                (crawl.id, why),
            )

    # -- the walk -----------------------------------------------------------------------------------------------

    def known(self, after: str, upto: str | None) -> list[plan.Known]:
        """What is known of the ids in (after, upto]; upto None = to the end."""
        columns = (
            "SELECT repo, oid, fingerprint, downloads, downloads_all_time, likes, missing_since, rejected_since"
            " FROM repos"
        )
        if upto is None:
            rows = self.conn.execute(f"{columns} WHERE oid > ? ORDER BY oid", (after,))
        else:
            rows = self.conn.execute(f"{columns} WHERE oid > ? AND oid <= ? ORDER BY oid", (after, upto))
        return [plan.Known(*row) for row in rows]

    def known_oids(self, oids: list[str]) -> list[plan.Known]:
        """What is known of exactly these ids: for walks that are not in order of ids."""
        found = []
        for i in range(0, len(oids), 500):
            part = oids[i : i + 500]
            marks = ",".join("?" * len(part))
            found += self.conn.execute(
                "SELECT repo, oid, fingerprint, downloads, downloads_all_time, likes, missing_since,"
                f" rejected_since FROM repos WHERE oid IN ({marks})",
                part,
            ).fetchall()
        return [plan.Known(*row) for row in found]

    def write_page(self, crawl: Crawl, part: Range, page: plan.PagePlan, *, seen: int) -> Written:
        """One page of `seen` rows with its checkpoint, the range as it is after it: children first, cursor last."""
        with database.transaction(self.conn):
            new, rejects = self._insert_new(crawl, page.new)
            changed, more = self._update_changed(crawl, page.changed)
            rejects += more + page.rejects
            self._return(crawl, page.returned)
            self._count(crawl, page.counted)
            self.conn.executemany(
                "INSERT OR IGNORE INTO absent (crawl, repo) VALUES (?, ?)", [(crawl.id, k.repo) for k in page.absent]
            )
            self._reject(crawl, rejects)
            self.conn.executemany(
                "UPDATE repos SET rejected_since = NULL WHERE repo = ?", [(k.repo,) for k in page.readable]
            )
            written = Written(seen, new, changed, len(page.counted), len(rejects))
            self.conn.execute(
                """UPDATE crawls SET pages = pages + 1, models = models + ?, new = new + ?, changed = changed + ?,
                     counted = counted + ?, rejects = rejects + ? WHERE id = ?""",
                (*written, crawl.id),
            )
            self.conn.execute(
                """UPDATE ranges SET cursor = ?, next_cursor = ?, done = ?, models = ?, first = ?, beyond = ?,
                     ordered = ?, doubted = ?, pages = pages + 1 WHERE crawl = ? AND lo = ?""",
                (*part[2:], crawl.id, part.lo),
            )  # fmt: skip
        return written

    def _insert_new(self, crawl: Crawl, rows: list[Listed]) -> tuple[int, list[Reject]]:
        if self._next_repo is None:
            self._next_repo = (self.conn.execute("SELECT max(repo) FROM repos").fetchone()[0] or 0) + 1
        count, rejects = newcomers.insert(self.conn, rows, crawl.date, day_number(crawl.date), self._next_repo)
        self._next_repo += count
        return count, rejects

    def _update_changed(self, crawl: Crawl, rows: list[tuple[plan.Known, Listed]]) -> tuple[int, list[Reject]]:
        rejects: list[Reject] = []
        done = 0
        before = {r.repo: r for r in self.repos(known.repo for known, _ in rows)}
        for known, listed in rows:
            repo = expand(listed)
            if isinstance(repo, Reject):
                rejects.append(repo)
                continue
            old, shown = before[known.repo], repo
            repo = plan.merged(old, shown)
            self.conn.execute(
                """UPDATE repos SET oid = ?, repo_id = ?, author = ?, sha = ?, created_at = ?, last_modified = ?,
                     private = ?, disabled = ?, gated = ?, license = ?, downloads = ?, downloads_all_time = ?, likes =
                     ?, fingerprint = ?, license_files = ?, observed = ?, rejected_since = NULL WHERE repo = ?""",
                (*narrow(repo), crawl.date, known.repo),
            )
            self.conn.execute(_UPSERT_DETAILS, (known.repo, *wide(repo)))
            self._events(crawl, known.repo, plan.changes(old, shown), repo.downloads)
            if old.repo_id != repo.repo_id:
                self._rename(crawl, known.repo, old.repo_id, repo.repo_id)
            done += 1
        return done, rejects

    def _events(self, crawl: Crawl, repo: int, events: list[plan.Change], downloads: int | None) -> None:
        self.conn.executemany(upsert_change(), [(crawl.date, repo, e.field, e.old, e.new, downloads) for e in events])
        if events:  # there and back on one day is no event
            self.conn.execute("DELETE FROM changes WHERE repo = ? AND date = ? AND old IS new", (repo, crawl.date))

    def _rename(self, crawl: Crawl, repo: int, old: str, new: str) -> None:
        self.conn.execute(
            """INSERT INTO names (repo, repo_id, since, until)
               SELECT repo, ?, first_seen, ? FROM repos WHERE repo = ?
                 AND NOT EXISTS (SELECT 1 FROM names WHERE repo = ?)""",
            (old, crawl.date, repo, repo),
        )
        self.conn.execute("UPDATE names SET until = ? WHERE repo = ? AND until IS NULL", (crawl.date, repo))
        self.conn.execute(
            """INSERT INTO names (repo, repo_id, since) VALUES (?, ?, ?)
               ON CONFLICT (repo, since, repo_id) DO UPDATE SET until = NULL""",
            (repo, new, crawl.date),
        )

    def _return(self, crawl: Crawl, rows: list[tuple[plan.Known, Listed]]) -> None:
        for known, listed in rows:
            self.conn.execute(
                "UPDATE repos SET missing_since = NULL, last_seen = NULL WHERE repo = ?",
                (known.repo,),
            )
            if known.missing_since == crawl.date:  # missing and back in two walks of one night: neither happened
                self.conn.execute(
                    "DELETE FROM changes WHERE repo = ? AND date = ? AND field = 'missing'", (known.repo, crawl.date)
                )
            self._events(
                crawl, known.repo, [plan.Change("returned", known.missing_since, crawl.date)], listed.downloads
            )

    def _count(self, crawl: Crawl, rows: list[tuple[plan.Known, Listed]]) -> None:
        day = day_number(crawl.date)
        counters = [(k.repo, r.downloads, r.downloads_all_time, r.likes) for k, r in rows]
        self.conn.executemany(
            "UPDATE repos SET downloads = ?2, downloads_all_time = ?3, likes = ?4 WHERE repo = ?1", counters
        )
        self.conn.executemany(_UPSERT_COUNT, [(repo, day, *rest) for repo, *rest in counters])

    def _reject(self, crawl: Crawl, rejects: list[Reject]) -> None:
        self.conn.executemany(
            """INSERT INTO rejects (crawl, key, repo_id, reason, row) VALUES (?, ?, ?, ?, ?)
               ON CONFLICT (crawl, key) DO UPDATE SET reason = excluded.reason, row = excluded.row""",
            [
                (
                    crawl.id,
                    r.oid or hashlib.blake2b(r.row, digest_size=12).hexdigest(),
                    r.repo_id,
                    r.reason,
                    r.row.decode("utf-8", "replace"),
                )
                for r in rejects
            ],
        )
        self.conn.executemany(  # what is known of it is older than this night
            "UPDATE repos SET rejected_since = coalesce(rejected_since, ?) WHERE oid = ?",
            [(crawl.date, r.oid) for r in rejects if r.oid is not None],
        )
        names = [r.repo_id for r in rejects if r.oid is None and r.repo_id is not None]
        if names:  # a row without an id still says by its name whose it is
            self.conn.execute(
                """UPDATE repos SET rejected_since = coalesce(rejected_since, ?)
                   WHERE missing_since IS NULL AND repo_id COLLATE NOCASE IN (SELECT value FROM json_each(?))""",
                (crawl.date, json.dumps(names)),
            )

    def absent(self, crawl: Crawl, limit: int) -> list[tuple[int, str, str]]:
        """(repo, oid, name) of the most downloaded repos that a walk has not met and that were there before."""
        return self.conn.execute(
            """SELECT r.repo, r.oid, r.repo_id FROM absent a JOIN repos r USING (repo)
               WHERE a.crawl = ? AND r.missing_since IS NULL ORDER BY r.downloads DESC, r.repo LIMIT ?""",
            (crawl.id, limit),
        ).fetchall()

    def not_absent(self, crawl: Crawl, repos: list[int]) -> None:
        """These are there after all."""
        with database.transaction(self.conn):
            self.conn.executemany("DELETE FROM absent WHERE crawl = ? AND repo = ?", [(crawl.id, r) for r in repos])

    def end_walk(
        self, crawl: Crawl, *, now: str, complete: bool, last_seen: str | None, notes: Sequence[str] = ()
    ) -> int:  # fmt: skip
        """End a walk, with what a person should know of it. After a complete one, what it did not meet is missing from
        that night on; how many are new.
        """
        with database.transaction(self.conn):
            missing = 0
            if complete and crawl.scope == "":
                self.conn.execute(
                    upsert_change(
                        """SELECT ?1, r.repo, 'missing', NULL, ?1, r.downloads
                           FROM absent a JOIN repos r USING (repo) WHERE a.crawl = ?2 AND r.missing_since IS NULL"""
                    ),
                    (crawl.date, crawl.id),
                )
                missing = self.conn.execute(
                    """UPDATE repos SET missing_since = ?1, last_seen = coalesce(?2, observed)
                       WHERE missing_since IS NULL AND repo IN (SELECT repo FROM absent WHERE crawl = ?3)""",
                    (crawl.date, last_seen, crawl.id),
                ).rowcount
            self.conn.execute("DELETE FROM absent WHERE crawl = ?", (crawl.id,))
            index_names(self.conn)
            self.conn.execute(
                """UPDATE crawls SET walked = ?1, complete = ?2, missing = ?3, note = ?4,
                     rejects = (SELECT count(*) FROM rejects WHERE crawl = ?5) WHERE id = ?5""",
                (now, int(complete), missing, "\n".join(notes), crawl.id),
            )
        return missing

    def without_stats(self) -> list[tuple[int, str]]:
        """(crawl, night) of complete walks of the whole Hub that have no `night_stats` yet, oldest first."""
        return self.conn.execute(
            """SELECT id, date FROM crawls WHERE complete = 1 AND scope = '' AND walked IS NOT NULL
                 AND id NOT IN (SELECT crawl FROM night_stats) ORDER BY date, id"""
        ).fetchall()

    def finish(self, crawl: Crawl, now: str) -> None:
        """End a crawl: the walk and the documents of that night are done."""
        with database.transaction(self.conn):
            self.conn.execute("UPDATE crawls SET finished = ? WHERE id = ?", (now, crawl.id))

    def add_requests(self, crawl_id: int, requests: int, errors: int) -> None:
        """Add to a crawl's ledger what the door to the Hub has counted."""
        with database.transaction(self.conn):
            self.conn.execute(
                "UPDATE crawls SET requests = requests + ?, errors = errors + ? WHERE id = ?",
                (requests, errors, crawl_id),
            )

    # -- documents ----------------------------------------------------------------------------------------------

    def due(self, limit: int, night: str | None = None) -> list[Candidate]:
        """Repos whose README or licence files are due, most downloaded first; see `fetches.py`."""
        return list(fetches.candidates(self.conn, fetches.due_keys(self.conn, night, limit), night))

    def backlog(self) -> int:
        """How many repos have documents due."""
        return fetches.backlog(self.conn)

    def write_fetches(self, crawl_id: int, rows: Iterable[Fetch]) -> None:
        """What looks at documents brought. A failed look keeps the content of the last good one."""
        fetches.write(self.conn, crawl_id, rows)

    # -- reading ------------------------------------------------------------------------------------------------

    def repo(self, key: int) -> Repo | None:
        """One repo as last seen, by our key."""
        return next(iter(self.repos([key])), None)

    def repos(self, keys: Iterable[int]) -> Iterator[Repo]:
        """Repos as last seen, by our keys, in order of the keys."""
        listed = list(keys)
        for i in range(0, len(listed), 500):
            part = listed[i : i + 500]
            yield from read_repos(self.conn, f"r.repo IN ({','.join('?' * len(part))})", part)
