"""Imported download series: formats, names, what wins, and that a second import changes nothing."""

from __future__ import annotations

import gzip
import json
import lzma
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import anomalies, history
from crawler.anomalies import NightStats
from crawler.errors import UsageError
from crawler.history import compress, expand
from crawler.store import Store

TABLES = ("imports", "import_sources", "imported_days", "imported_downloads")


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal() - 719_163


@pytest.fixture
def store(tmp_path):
    found = Store(tmp_path / "data" / "hub.db")
    yield found
    found.close()


def repo(store: Store, name: str, created: str = "2023-01-01", first_seen: str = "2026-10-01") -> int:
    number = store.conn.execute("SELECT count(*) FROM repos").fetchone()[0] + 1
    store.conn.execute(
        """INSERT INTO repos (oid, repo_id, created_at, fingerprint, first_seen, observed)
           VALUES (?, ?, ?, x'00', ?, ?)""",
        (f"{number:024x}", name, created, first_seen, first_seen),
    )
    return number


def crawled(store: Store, night: str, complete: bool = True) -> int:
    crawl = store.begin(night, "hub", "", "x", [("", "")])
    store.conn.execute("UPDATE crawls SET complete = ?, finished = 'x' WHERE id = ?", (complete, crawl.id))
    return crawl.id


def lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows))
    return path


def take(store: Store, path: Path, source: str = "them", **options: Any) -> history.Imported:
    return history.import_history(store, path, source=source, imported="2026-11-22T00:00:00Z", **options)


def content(store: Store) -> list[Any]:
    return [sorted(store.conn.execute(f"SELECT * FROM {t}").fetchall()) for t in TABLES]


def series(store: Store, key: int = 1) -> list[tuple[int, int | None]]:
    return [(o.day, o.downloads) for o in history.imported(store.conn, key)]


def snap(when: str, downloads: Any, name: str = "a/b", **more: Any) -> dict[str, Any]:
    return {"snapshot": when, "id": name, "downloads": downloads} | more


def test_the_last_snapshot_of_a_day_is_its_observation_in_whatever_order_they_come(store, tmp_path):
    repo(store, "a/b")
    rows = [snap("2026-02-28T17:00:00Z", 3), snap("2026-02-28T21:00:00Z", 5), snap("2026-02-28T09:00:00Z", 1)]
    assert take(store, lines(tmp_path / "f.jsonl", rows)).rows == 1
    assert series(store) == [(day("2026-02-28"), 5)]


def test_unchanged_days_are_one_run_and_a_day_without_the_model_is_a_gap(store, tmp_path):
    repo(store, "a/b")
    repo(store, "c/d")
    rows = [snap(f"2026-03-0{d}", 7) for d in (1, 2, 4)] + [snap(f"2026-03-0{d}", d, "c/d") for d in (1, 2, 3, 4)]
    result = take(store, lines(tmp_path / "f.jsonl", rows))
    assert (result.rows, result.models, result.days, result.stored) == (7, 2, 4, 6)
    assert series(store) == [(day(f"2026-03-0{d}"), 7) for d in (1, 2, 4)]
    runs = store.conn.execute("SELECT day, until FROM imported_downloads WHERE repo = 1").fetchall()
    assert runs == [(day("2026-03-01"), day("2026-03-02")), (day("2026-03-04"), day("2026-03-04"))]


def test_a_second_import_changes_nothing(store, tmp_path):
    repo(store, "a/b")
    rows = [snap("2026-03-01", 7), snap("2026-03-02", 8), snap("2026-03-02", 1, "no/no"), "x"]
    file = lines(tmp_path / "f.jsonl", rows)
    first = take(store, file)
    before = content(store)
    second = take(store, file)
    assert content(store) == before
    assert (first.stored, second.stored) == (2, 0)
    assert second[:3] == first[:3]


def test_files_in_any_order_give_the_same_history(store, tmp_path):
    repo(store, "a/b")
    repo(store, "c/d")
    parts = [lines(tmp_path / f"{d}.jsonl", [snap(f"2026-03-0{d}", 7)] * (d != 3) + [snap(f"2026-03-0{d}", d, "c/d")])
             for d in (1, 2, 3, 4, 5)]  # fmt: skip
    for i in (4, 0, 2, 1, 3):
        take(store, parts[i])
    runs = store.conn.execute("SELECT day, until FROM imported_downloads WHERE repo = 1").fetchall()
    assert runs == [(day("2026-03-01"), day("2026-03-02")), (day("2026-03-04"), day("2026-03-05"))]


@given(st.lists(st.integers(0, 40), min_size=1, unique=True), st.data())
def test_runs_stand_for_exactly_the_observations_that_were_made(days, data):
    days = sorted(days)
    seen = {d: (data.draw(st.integers(0, 2)), None, None) for d in days if data.draw(st.booleans())}
    runs = compress(seen, days)
    assert expand(runs, days) == seen
    assert all(a.until < b.day for a, b in zip(runs, runs[1:], strict=False))


def test_an_own_observation_is_never_imported_over(store, tmp_path):
    key = repo(store, "a/b", first_seen="2026-10-01")
    repo(store, "c/d", first_seen="2026-10-03")
    crawled(store, "2026-10-01")
    crawled(store, "2026-10-02", complete=False)
    store.conn.execute("INSERT INTO downloads (repo, day, downloads) VALUES (?, ?, 5)", (key, day("2026-10-01")))
    store.conn.execute("INSERT INTO downloads (repo, day, downloads) VALUES (?, ?, 6)", (key, day("2026-10-02")))
    rows = [snap(f"2026-10-0{d}", 99, n) for d in (1, 2, 3) for n in ("a/b", "c/d")] + [snap("2026-09-30", 98)]
    result = take(store, lines(tmp_path / "f.jsonl", rows))
    assert result.skipped_own == 2  # 1 October and the partial night that met a/b; c/d was not known then
    assert series(store) == [(day("2026-09-30"), 98), (day("2026-10-03"), 99)]
    assert [d for d, _ in series(store, 2)] == [day("2026-10-01"), day("2026-10-02"), day("2026-10-03")]


def test_a_night_of_our_own_that_comes_later_wins_over_what_was_imported(store, tmp_path):
    repo(store, "a/b", first_seen="2026-10-01")
    take(store, lines(tmp_path / "f.jsonl", [snap("2026-10-01", 1), snap("2026-10-02", 2)]))
    crawled(store, "2026-10-02")
    assert series(store) == [(day("2026-10-01"), 1)]


def test_an_old_name_leads_to_the_repo_that_had_it_then(store, tmp_path):
    old = repo(store, "new/name", created="2022-06-01")
    repo(store, "old/name", created="2024-08-30")  # somebody else took the name
    store.conn.execute("INSERT INTO names (repo, repo_id, since) VALUES (?, 'old/name', '2022-06-01')", (old,))
    rows = [snap("2024-01-01", 1, "old/name"), snap("2025-01-01", 2, "old/name"), snap("2020-01-01", 3, "old/name")]
    result = take(store, lines(tmp_path / "f.jsonl", rows))
    assert (series(store, 1), series(store, 2)) == ([(day("2024-01-01"), 1)], [(day("2025-01-01"), 2)])
    assert (result.unknown, result.unknown_ids) == (1, ("old/name",))


def test_a_repo_older_than_the_hubs_own_records_takes_older_observations(store, tmp_path):
    repo(store, "a/b", created="2022-03-02T23:29:04.000Z")
    take(store, lines(tmp_path / "f.jsonl", [snap("2022-02-18", 6)]))
    assert series(store) == [(day("2022-02-18"), 6)]


def test_unknown_ids_are_counted_and_the_first_twenty_listed(store, tmp_path):
    result = take(store, lines(tmp_path / "f.jsonl", [snap("2026-01-01", 1, f"no/{i:02}") for i in range(30)] * 2))
    assert (result.rows, result.unknown) == (0, 60)
    assert result.unknown_ids == tuple(f"no/{i:02}" for i in range(20))


def test_lines_that_cannot_be_used_are_counted_by_reason(store, tmp_path):
    repo(store, "a/b")
    rows = [snap("2026-01-01", 1), "{broken", "[]", snap("2026-01-02", "many"), snap("2026-01-03", -1), snap("then", 1),
            snap("2026-01-04", True), snap("2026-01-05", None), snap("2026-01-06", 1.5),
            snap("2026-01-07", 1, "not an id"), snap("2026-01-08", 1, repoType="dataset"),
            snap("2026-01-09", 2.0), snap("2026-13-01", 1)]  # fmt: skip
    result = take(store, lines(tmp_path / "f.jsonl", rows))
    assert dict(result.bad) == {"not a JSON object": 2, "downloads is not a count": 4, "no date": 2, "no counter": 1,
                                "no model id": 1, "not a model": 1}  # fmt: skip
    assert series(store) == [(day("2026-01-01"), 1), (day("2026-01-09"), 2)]


@pytest.mark.parametrize("pack", [None, gzip.open, lzma.open])
def test_csv_with_addresses_and_an_all_time_counter_is_read_packed_or_not(store, tmp_path, pack):
    repo(store, "a/b")
    text = "model_url,downloads,downloadsAllTime,date\nhttps://huggingface.co/a/b,5,50,2024-06-13\na/b,,60,2024-07-13\n"
    path = tmp_path / ("f.csv" + {None: "", gzip.open: ".gz", lzma.open: ".xz"}[pack])
    with pack(path, "wb") if pack else path.open("wb") as f:
        f.write(text.encode())
    take(store, path)
    found = [(o.downloads, o.downloads_all_time, o.likes, o.source) for o in history.imported(store.conn, 1)]
    assert found == [(5, 50, None, "them"), (None, 60, None, "them")]


def test_parquet_without_a_date_needs_one_and_is_read_with_it(store, tmp_path):
    pa = pytest.importorskip("pyarrow", reason="pyarrow (extra: parquet) is not installed")
    import pyarrow.parquet as pq

    repo(store, "a/b")
    table = pa.table({"id": ["a/b", "no/no"], "downloads": [5, 6], "downloadsAllTime": [50, 60], "likes": [1, 2]})
    pq.write_table(table, tmp_path / "models.parquet")
    with pytest.raises(UsageError, match="--date"):
        take(store, tmp_path / "models.parquet")
    result = take(store, tmp_path / "models.parquet", day="2025-05-01")
    assert (result.rows, result.unknown) == (1, 1)
    assert [o[1:4] for o in history.imported(store.conn, 1)] == [(5, 50, 1)]


def test_columns_by_other_names_are_mapped_and_wrong_ones_are_refused_with_a_sentence(store, tmp_path):
    repo(store, "a/b")
    path = lines(tmp_path / "f.jsonl", [{"repo": "a/b", "when": "2026-01-01", "dl": 4}])
    with pytest.raises(UsageError, match="--map id=COLUMN"):
        take(store, path)
    with pytest.raises(UsageError, match="no column 'nope'"):
        take(store, path, mapping={"id": "nope"})
    with pytest.raises(UsageError, match="no field 'name'"):
        take(store, path, mapping={"name": "repo"})
    take(store, path, mapping={"id": "repo", "date": "when", "downloads": "dl"})
    assert series(store) == [(day("2026-01-01"), 4)]


@pytest.mark.parametrize(
    ("name", "content"),
    [("f.txt", b"x"), ("f.csv.gz", b"no gzip"), ("f.jsonl.xz", b"no xz"), ("f.parquet", b"PAR")],
)
def test_a_file_that_cannot_be_read_imports_nothing(store, tmp_path, name, content):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow", reason="pyarrow (extra: parquet) is not installed")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError):
        take(store, tmp_path / name)
    assert store.conn.execute("SELECT count(*) FROM imports").fetchone() == (0,)
    assert store.conn.execute("SELECT count(*) FROM temp.sqlite_master").fetchone() == (0,)


def test_a_file_that_breaks_off_imports_nothing_at_all(store, tmp_path):
    repo(store, "a/b")
    packed = lzma.compress("".join(json.dumps(snap(f"20{y}-01-01", y)) + "\n" for y in range(10, 90)).encode())
    (tmp_path / "f.jsonl.xz").write_bytes(packed[:-20])
    with pytest.raises(UsageError, match="Nothing was imported"):
        take(store, tmp_path / "f.jsonl.xz")
    assert series(store) == []


# -- real series


REAL = {
    "daily-2024-2026.jsonl.xz": (276, 721),
    "top-2026.jsonl.xz": (63, 176),
    "monthly-kblab-2022-2026.csv": (0, 0),
    "monthly-taide-2024-2026.csv": (0, 0),
}


@pytest.mark.parametrize("name", REAL)
def test_the_real_series_import_whole_and_twice_is_once(store, shared, tmp_path, name):
    path = shared / "downloads" / name
    ids = {row.repo_id for row in history.history_files.rows(path, {}, None) if isinstance(row, history.Row)}
    for one in sorted(ids):
        repo(store, one, created="2022-03-02")
    result = take(store, path, source=name)
    assert (result.unknown, result.bad, result.models) == (0, (), len(ids))
    if REAL[name][0]:
        assert (result.models, result.days) == REAL[name]
    before = content(store)
    assert take(store, path, source=name).stored == 0
    assert content(store) == before


# -- anomalies


def night(
    number: int, moved: int = 140, fell: int = 0, ratio: float | None = 1.01, nights: int | None = 1
) -> NightStats:
    return NightStats(20_000 + number, nights, 1000, moved, moved // 2, moved // 2, fell, ratio)


USUAL = [night(n, moved=140 + n % 3, ratio=1.0 + n % 4 / 200) for n in range(20)]


@pytest.mark.parametrize(
    ("tonight", "flags"),
    [
        (night(30), ()),
        (night(30, moved=600), ("many-moved",)),
        (night(30, moved=20), ("few-moved",)),
        (night(30, ratio=0.7), ("jump",)),
        (night(30, ratio=1.5, moved=900), ("many-moved", "jump")),
        (night(30, fell=60), ("all-time-fell",)),
        (night(30, moved=600, nights=3), ()),  # after a gap more moves, and nothing is there to compare with
        (night(30, ratio=None), ()),
    ],
)
def test_a_night_is_flagged_when_the_whole_hub_shares_what_is_unusual(tonight, flags):
    assert anomalies.judge_night(tonight, USUAL) == flags


def test_too_few_nights_flag_nothing():
    assert anomalies.judge_night(night(30, moved=900, ratio=3.0), USUAL[:4]) == ()


def test_one_odd_night_does_not_make_the_next_one_odd():
    odd = [*USUAL, night(21, moved=900, ratio=2.0)]
    assert anomalies.judge_night(night(22), odd) == ()


def test_a_night_is_counted_from_what_it_stored_and_an_all_time_counter_that_fell_is_listed(store):
    keys = [repo(store, f"a/{n}", first_seen="2026-10-01") for n in range(4)]
    repo(store, "a/new", first_seen="2026-10-02")
    crawled(store, "2026-10-01")
    second = crawled(store, "2026-10-02")
    one, two = day("2026-10-01"), day("2026-10-02")
    rows = [(keys[0], one, 100, 1000), (keys[1], one, 200, 5), (keys[2], one, 7, 70), (keys[3], one, 1, 1),
            (keys[0], two, 150, 900), (keys[1], two, 180, 6), (keys[2], two, 7, 60), (5, two, 9, 9)]  # fmt: skip
    store.conn.executemany("INSERT INTO downloads (repo, day, downloads, downloads_all_time) VALUES (?, ?, ?, ?)", rows)
    stats, flags = anomalies.night_stats(store.conn, second, two)
    assert stats == NightStats(two, 1, 4, 3, 1, 1, 2, 1.2)
    assert flags == ()
    assert store.conn.execute("SELECT * FROM anomalies ORDER BY repo").fetchall() == [
        (two, 1, "all-time-fell", 1000, 900), (two, 3, "all-time-fell", 70, 60)]  # fmt: skip
    assert anomalies.night_stats(store.conn, second, two) == (stats, flags)
    assert anomalies.nights(store.conn) == [stats]


def test_of_a_night_on_which_most_all_time_counters_fell_the_deepest_falls_are_listed_and_all_are_counted(store):
    count = 10 * anomalies.KEPT + 500
    crawled(store, "2026-10-01")
    second = crawled(store, "2026-10-02")
    one, two = day("2026-10-01"), day("2026-10-02")
    rows = [(n, night, 10**6 - (n if night == two else 0)) for n in range(1, count + 1) for night in (one, two)]
    store.conn.executemany("INSERT INTO downloads (repo, day, downloads_all_time) VALUES (?, ?, ?)", rows)
    stats, _ = anomalies.night_stats(store.conn, second, two)
    assert stats.all_time_fell == count
    listed = {repo for (repo,) in store.conn.execute("SELECT repo FROM anomalies")}
    assert listed == set(range(count - anomalies.KEPT + 1, count + 1))
