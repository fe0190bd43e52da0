"""Counters of index.db: as they were stored, packed or not, and sums that follow the plain rule."""

import sqlite3
import threading
from contextlib import closing
from itertools import accumulate
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crawler import series
from crawler.store import day_number
from index.counters import Span, Totals, runs
from index.publish import publish
from tests.small_hub import NOW, big_hub


def rows(conn: sqlite3.Connection, sql: str) -> list[Any]:
    return conn.execute(sql).fetchall()


def test_a_history_is_published_alike_whether_it_was_packed_or_not(tmp_path: Path) -> None:
    big_hub(tmp_path / "hub.db", 90, 100)
    with closing(sqlite3.connect(tmp_path / "hub.db")) as conn, conn:
        conn.execute("UPDATE downloads SET downloads = NULL WHERE (repo + day) % 19 = 0")
        conn.execute("UPDATE crawls SET complete = 0 WHERE id % 17 = 5")
        conn.execute("INSERT INTO changes (date, repo, field) SELECT '2026-10-02', repo, 'missing' FROM repos LIMIT 9")
        conn.execute("INSERT INTO changes (date, repo, field) SELECT '2026-10-20', repo, 'returned' FROM repos LIMIT 5")
    found = []
    for packed in (False, True):
        if packed:
            with closing(sqlite3.connect(tmp_path / "hub.db", isolation_level=None)) as conn:
                before = rows(conn, "SELECT count(*) FROM downloads")[0][0]
                assert series.pack_finished(conn, day_number("2026-10-01"), threading.Event()) > before / 3
                assert series.pack_finished(conn, day_number("2026-11-01"), threading.Event()) > before / 9
        publish(tmp_path, NOW, [], [], [])
        with closing(sqlite3.connect(tmp_path / "index.db")) as conn:
            tables = ("downloads", "share_by_level", "family_downloads", "movers")
            found.append({t: rows(conn, f"SELECT * FROM {t} ORDER BY 1, 2, 3") for t in tables})
    assert found[0] == found[1]
    assert min(map(len, found[0].values())) > 50


nights = st.integers(1, 12)
spans = st.lists(nights, max_size=6, unique=True).map(sorted)


@given(
    st.lists(st.tuples(nights, st.none() | st.integers(0, 9)), min_size=1, max_size=8).map(
        lambda seen: sorted(seen, key=lambda pair: pair[0])
    ),
    spans,
)
def test_a_counter_adds_up_to_what_it_was_on_each_night_of_its_spans(seen: list, cuts: list[int]) -> None:
    """Against the plain rule: on a night, the newest counter seen until then, where a span has that night."""
    there = [Span(a, b, i, None) for i, (a, b) in enumerate(zip(cuts[::2], cuts[1::2], strict=False))]
    totals = Totals(12)
    for run in runs([n for n, _ in seen], [count for _, count in seen], there, 12):
        totals.add(run.nights, run.downloads, run.until)
        assert run.last == [c for n, c in seen if n < run.until][-1]
    wanted = []
    for night in range(1, 12):
        known = [count for n, count in seen if n <= night][-1:]
        counted = any(s.since <= night < s.until for s in there) and known != [] and known[0] is not None
        wanted.append((int(counted), known[0] if counted else 0))
    assert list(zip(accumulate(totals.counted), accumulate(totals.downloads), strict=True))[1:12] == wanted
