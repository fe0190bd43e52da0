"""What a night did to the counters of the whole Hub, and which counters did what counters do not do. Flags, as data.

The Hub recomputes its counters now and then: an all-time counter falls, or half of all models jump in one night. A
trend that does not know of it tells a story about models that is a story about counting. Nothing is corrected here,
and nothing is left out: counters stay as the Hub gave them. `judge_night` decides, the rest reads and writes.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Sequence
from datetime import date
from statistics import median
from typing import NamedTuple

from crawler import database

EPOCH = date(1970, 1, 1).toordinal()
NIGHTS = 28  # that a night is compared with
ENOUGH = 5  # of them, before anything can be called unusual
WORTH = 100  # 30-day downloads from which on a ratio means something
KEPT = 1_000  # single falls that are listed of one night, the deepest; all are counted


class NightStats(NamedTuple):
    """What one night did to the counters. `nights`: days since the complete walk before; None = it was the first."""

    day: int  # days since 1970-01-01
    nights: int | None
    models: int  # known before, and there
    moved: int
    risen: int
    fallen: int
    all_time_fell: int
    median_ratio: float | None  # of new to old 30-day downloads, where the old ones were WORTH or more

    @property
    def share_moved(self) -> float:
        """Share of models with a counter that moved."""
        return self.moved / self.models if self.models else 0.0

    @property
    def share_fell(self) -> float:
        """Share of models whose all-time counter fell."""
        return self.all_time_fell / self.models if self.models else 0.0


def _spread(values: Sequence[float], floor: float) -> tuple[float, float]:
    """Median, and median distance from it but at least `floor`: neither is moved by one odd night."""
    middle = median(values)
    return middle, max(floor, median(abs(v - middle) for v in values))


def judge_night(tonight: NightStats, before: Sequence[NightStats]) -> tuple[str, ...]:
    """What the whole Hub shared tonight, against nights of equal distance before it.

    many-moved, few-moved: far more or fewer counters moved than usual; jump: the middle model rose or fell far more
    than usual; all-time-fell: more than 1 % of all-time counters fell, and far more than usual. () while too few nights
    are known.
    """
    alike = [n for n in before if n.nights == tonight.nights and n.models and n.day < tonight.day][-NIGHTS:]
    if tonight.nights is None or not tonight.models or len(alike) < ENOUGH:
        return ()
    flags = []
    usual, spread = _spread([n.share_moved for n in alike], 0.01)
    if tonight.share_moved > max(1.5 * usual, usual + 6 * spread):
        flags.append("many-moved")
    if tonight.share_moved < min(usual / 1.5, usual - 3 * spread):
        flags.append("few-moved")
    ratios = [n.median_ratio for n in alike if n.median_ratio is not None]
    if tonight.median_ratio is not None and len(ratios) >= ENOUGH:
        usual, spread = _spread(ratios, 0.01)
        if abs(tonight.median_ratio - usual) > 6 * spread:
            flags.append("jump")
    usual, spread = _spread([n.share_fell for n in alike], 0.0005)
    if tonight.share_fell > max(0.01, usual + 6 * spread):
        flags.append("all-time-fell")
    return tuple(flags)


# -- hub.db ---------------------------------------------------------------------------------------------------------

# The table is ordered by repo and holds a month: to read all of it in order is half the work of a seek for each repo.
_PAIRS = """
    SELECT d.repo, p.downloads, d.downloads, p.downloads_all_time, d.downloads_all_time
    FROM downloads d CROSS JOIN downloads p ON p.repo = d.repo
      AND p.day = (SELECT max(day) FROM downloads WHERE repo = d.repo AND day < :day)
    WHERE d.day = :day AND EXISTS (SELECT 1 FROM downloads WHERE day < :day)"""
# Our keys rise from night to night: behind the last older repo there are only this night's and later ones.
_MODELS = """
    WITH older AS (
      SELECT coalesce((SELECT repo FROM repos WHERE first_seen < :night ORDER BY repo DESC LIMIT 1), 0) AS last)
    SELECT iif(last = 0, 0, (SELECT count(*) FROM repos) - (SELECT count(*) FROM repos WHERE repo > last)
      - (SELECT count(*) FROM repos WHERE missing_since IS NOT NULL AND +repo <= last))
    FROM older"""


def night_stats(conn: sqlite3.Connection, crawl_id: int, day: int) -> tuple[NightStats, tuple[str, ...]]:
    """Count what a complete walk changed, store it with its flags, return both. `day`: its night, since 1970-01-01.

    To be called once the walk has ended; calling it again for the same crawl changes nothing.
    """
    (last,) = conn.execute(
        """SELECT CAST(julianday(max(date)) - 2440587.5 AS INTEGER) FROM crawls
           WHERE complete = 1 AND scope = '' AND id <> ? AND julianday(date) - 2440587.5 < ?""",
        (crawl_id, day),
    ).fetchone()
    (models,) = conn.execute(_MODELS, {"night": date.fromordinal(EPOCH + day).isoformat()}).fetchone()
    moved = risen = fallen = fell = 0
    ratios = array("d")
    falls: list[tuple[int, int, int]] = []
    for repo, old, new, old_all, new_all in conn.execute(_PAIRS, {"day": day}):
        moved += 1
        if old is not None and new is not None:
            risen += new > old
            fallen += new < old
            if old >= WORTH:
                ratios.append(new / old)
        if old_all is not None and new_all is not None and new_all < old_all:
            fell += 1
            falls.append((repo, old_all, new_all))
            if len(falls) > 10 * KEPT:  # a night on which the Hub counted anew has a million of them
                falls = _deepest(falls)
    stats = NightStats(day, None if last is None else day - last, models, moved, risen, fallen, fell,
                       median(ratios) if ratios else None)  # fmt: skip
    flags = judge_night(stats, nights(conn))
    with database.transaction(conn):
        conn.execute(
            """INSERT INTO night_stats (crawl, day, nights, models, moved, risen, fallen, all_time_fell, median_ratio,
                                        flags)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (crawl) DO UPDATE SET day = excluded.day, nights = excluded.nights,
                 models = excluded.models, moved = excluded.moved, risen = excluded.risen,
                 fallen = excluded.fallen,
                 all_time_fell = excluded.all_time_fell, median_ratio = excluded.median_ratio,
                 flags = excluded.flags""",
            (crawl_id, *stats, ",".join(flags)),
        )
        conn.execute("DELETE FROM anomalies WHERE day = ?", (day,))
        conn.executemany(
            "INSERT INTO anomalies (day, repo, flag, old, new) VALUES (?, ?, 'all-time-fell', ?, ?)",
            [(day, *fall) for fall in _deepest(falls)],
        )
    return stats, flags


def _deepest(falls: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The KEPT deepest of (repo, old, new)."""
    return sorted(falls, key=lambda fall: (fall[2] - fall[1], fall[0]))[:KEPT]


def nights(conn: sqlite3.Connection) -> list[NightStats]:
    """The nights so far, oldest first."""
    columns = ", ".join(NightStats._fields)
    return [NightStats(*row) for row in conn.execute(f"SELECT {columns} FROM night_stats ORDER BY day, crawl")]
