"""Packed history is the history: whatever was observed comes back by plain SQL, also from a packing that was killed."""

import os
import random
import signal
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import anomalies, series
from crawler.store import Store, day_number
from tests.nights import night
from tests.replaying import replay, row

counter = st.none() | st.integers(0, 3) | st.integers(0, 2**50)
histories = st.dictionaries(st.integers(20_000, 21_200), st.tuples(counter, counter, counter), max_size=90)

ALL = "SELECT repo, day, downloads, downloads_all_time, likes FROM observations ORDER BY repo, day"


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "hub.db")
    yield opened
    opened.close()


def fill(store: Store, rows: list[tuple]) -> list[tuple]:
    """Observations, by hand; the crawls and repos that they need."""
    for repo in sorted({key for key, *_ in rows}):
        store.conn.execute(
            "INSERT INTO repos (repo, oid, repo_id, fingerprint, first_seen, observed) VALUES (?1, ?1, ?1, x'', '', '')",
            (repo,),
        )
    store.conn.execute("INSERT INTO crawls (date, hub, started) VALUES ('2024-10-04', 'x', 'x')")
    store.conn.executemany("INSERT INTO downloads VALUES (?, ?, ?, ?, ?)", rows)
    return store.conn.execute(ALL).fetchall()


def year(repos: int, rng: random.Random) -> list[tuple]:
    """A year of every third repo moving daily, every third now and then, every third never."""
    rows = []
    for repo in range(1, repos + 1):
        downloads = rng.randrange(1000)
        for n in range(365):
            if n == 0 or repo % 3 == 0 or (repo % 3 == 1 and rng.random() < 0.1):
                downloads += rng.randrange(-5, 9)
                rows.append((repo, 20_454 + n, downloads, downloads * 10, repo))
    return rows


def pack(store: Store, day: str, repos: int = series.REPOS) -> int:
    return series.pack_finished(store.conn, day_number(day), threading.Event(), repos)


def test_a_month_begins_with_its_first_day():
    for day, first in (("2026-11-01", "2026-11-01"), ("2026-11-30", "2026-11-01"), ("2024-02-29", "2024-02-01")):
        assert series.first_of_month(day_number(day)) == day_number(first)


@given(histories)
@settings(deadline=None)
def test_any_history_comes_back_from_its_segments_by_plain_sql(history):
    rows = [(day, *values) for day, values in sorted(history.items())]
    with closing(sqlite3.connect(":memory:")) as conn:
        schema = (Path(series.__file__).with_name("schema.sql")).read_text()
        conn.executescript(schema)
        conn.execute("INSERT INTO packings VALUES (1, 30000, 1, 1)")
        segments = series.pack(rows)
        conn.executemany("INSERT INTO downloads_packed VALUES (1, 7, ?, ?, ?, ?, ?, ?, ?, ?)", segments)
        assert conn.execute(ALL).fetchall() == [(7, *row) for row in rows]
        assert [row for segment in segments for row in series.unpack(segment)] == rows


def test_finished_months_are_packed_and_nothing_is_lost(store):
    before = fill(store, year(9, random.Random(1)))
    done = pack(store, "2026-12-05")
    assert store.conn.execute(ALL).fetchall() == before
    assert done == len(before) - store.conn.execute("SELECT count(*) FROM downloads").fetchone()[0]
    left = store.conn.execute("SELECT repo, min(day), max(day) FROM downloads GROUP BY repo").fetchall()
    assert left[2] == (3, day_number("2026-11-30"), day_number("2026-12-31"))  # the row before the month is kept
    assert left[1] == (2, day_number("2026-01-01"), day_number("2026-01-01"))  # never moved: nothing to pack


def test_a_month_is_packed_once_and_the_next_one_goes_on_from_what_was_kept(store):
    rows = year(9, random.Random(2))
    before = fill(store, rows)
    packed = [pack(store, night_) for night_ in ("2026-02-01", "2026-02-28", "2026-03-01", "2026-03-02", "2026-12-31")]
    assert packed[1] == packed[3] == 0 < min(packed[0], packed[2], packed[4])
    assert store.conn.execute(ALL).fetchall() == before
    assert store.conn.execute("SELECT count(*), min(finished) FROM packings").fetchone() == (3, 1)


def test_nothing_is_packed_in_the_first_month(store):
    fill(store, year(3, random.Random(3)))
    assert pack(store, "2024-10-31") == 0
    assert store.conn.execute("SELECT count(*) FROM packings").fetchone() == (0,)


def test_an_observation_that_comes_late_is_packed_the_next_time(store):
    fill(store, year(3, random.Random(4)))
    pack(store, "2026-06-01")
    store.conn.execute("DELETE FROM downloads WHERE repo = 3 AND day > 20700")
    store.conn.execute("INSERT INTO downloads VALUES (3, 20300, 5, NULL, 1)")
    before = store.conn.execute(ALL).fetchall()
    pack(store, "2026-07-01")
    assert store.conn.execute("SELECT count(*) FROM downloads WHERE day = 20300").fetchone() == (0,)
    assert store.conn.execute(ALL).fetchall() == before


def test_a_repo_is_found_without_reading_the_others(store):
    fill(store, year(3, random.Random(5)))
    pack(store, "2026-06-01")
    plan = store.conn.execute("EXPLAIN QUERY PLAN SELECT * FROM observations WHERE repo = 3").fetchall()
    assert [row[3] for row in plan if "downloads" in row[3] or " p " in row[3]] == [
        "SEARCH downloads USING PRIMARY KEY (repo=?)",
        "SEARCH p USING PRIMARY KEY (packing=? AND repo=?)",
    ]


def test_a_packing_that_is_told_to_stop_goes_on_the_next_time(store):
    before = fill(store, year(9, random.Random(6)))
    told = threading.Event()
    told.set()
    assert series.pack_finished(store.conn, day_number("2026-12-01"), told) == 0
    assert store.conn.execute("SELECT finished FROM packings").fetchall() == [(0,)]
    assert pack(store, "2026-12-02") > 0
    assert store.conn.execute(ALL).fetchall() == before


@pytest.mark.parametrize("seed", range(6))
def test_a_killed_packing_loses_nothing_and_the_next_one_ends_it(tmp_path, seed):
    rng = random.Random(seed)
    with closing(Store(tmp_path / "hub.db")) as store:
        before = fill(store, year(60, rng))
    deaths = 0
    while True:
        pid = os.fork()
        if pid == 0:
            with closing(Store(tmp_path / "hub.db")) as store:
                pack(store, "2026-12-01", repos=1 if deaths < 5 else series.REPOS)
            os._exit(0)
        time.sleep(rng.random() * 0.05 * (1 + deaths))
        os.kill(pid, signal.SIGKILL)
        killed = os.waitpid(pid, 0)[1] != 0
        deaths += killed
        with closing(Store(tmp_path / "hub.db")) as store:
            assert store.conn.execute(ALL).fetchall() == before
            if not killed:
                assert store.conn.execute("SELECT finished FROM packings").fetchall() == [(1,)]
                assert store.conn.execute("SELECT count(*) FROM downloads WHERE day < 20700").fetchone()[0] < 60
                break


def test_a_crawl_packs_the_month_before_and_the_night_is_still_counted_from_what_it_stored(tmp_path):
    days = [f"2026-07-{n}" for n in range(25, 32)] + ["2026-08-01", "2026-08-02"]
    rows = [row(n * 45_000, f"a/{n}", downloads=0, downloadsAllTime=100 * n) for n in range(9)]
    changed = [
        {"_id": one["_id"], "id": one["id"], "_night": day, "downloads": 10 + i, "downloadsAllTime": 100 * n + i}
        for i, day in enumerate(days) for n, one in enumerate(rows) if n != 4
    ]  # fmt: skip
    with replay(tmp_path / "hub", rows + changed) as hub:
        for day in days:
            hub.night = day
            night(tmp_path / "data", hub.url, day)
    with closing(Store(tmp_path / "data" / "hub.db")) as store:
        assert store.conn.execute("SELECT count(*) FROM downloads_packed").fetchone() == (8,)
        packed = store.conn.execute(ALL + " LIMIT 9").fetchall()
        first = day_number("2026-07-25")
        assert packed == [(1, first + i, 10 + i, i, 0) for i in range(9)]
        assert [(s.day, s.models, s.moved, s.risen) for s in anomalies.nights(store.conn)[1:]] == [
            (first + i, 9, 8, 8) for i in range(1, 9)
        ]
