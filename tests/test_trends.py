"""Series: a repeated value, a gap and an absence are three things."""

import csv
import io
import json
import lzma
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import trends
from index.trends import Absence, Anomaly, Count, Night, Point, Series

DATA = Path(__file__).parents[2] / "shared" / "data"
D1 = date(2026, 11, 1)


def day(n: int) -> date:
    return D1 + timedelta(days=n - 1)


def nights(*numbers: int) -> frozenset[date]:
    return frozenset(day(n) for n in numbers)


def downloads(points: tuple[Point, ...]) -> list[int | None]:
    return [p.downloads for p in points]


def test_an_observed_night_without_a_row_repeats_the_value():
    points = trends.fill([Count(day(1), 10, 100, 1)], nights(1, 2, 3), day(1))
    assert downloads(points) == [10, 10, 10]
    assert all(p.observed and p.downloads_all_time == 100 and p.likes == 1 for p in points)


def test_a_missed_night_is_a_gap_without_numbers():
    points = trends.fill([Count(day(1), 10, 100, 1), Count(day(3), 12, 103, 1)], nights(1, 3), day(1))
    assert points[1] == Point(day(2), None, None, None, False)
    assert downloads(points) == [10, None, 12]


def test_a_partial_walk_does_not_count_as_a_night_that_saw_everything():
    walks = [Night(day(1), True), Night(day(2), False), Night(day(3), True, "limit=5"), Night(day(4), True)]
    assert trends.observed_nights(walks) == nights(1, 4)


def test_a_complete_walk_of_one_author_counts_for_that_author_only():
    walks = [Night(day(1), True, "author=bigscience")]
    assert trends.observed_nights(walks, "bigscience") == nights(1)
    assert trends.observed_nights(walks, "allenai") == frozenset()


def test_a_night_broken_off_and_finished_later_counts():
    assert trends.observed_nights([Night(day(1), False), Night(day(1), True)]) == nights(1)


def test_a_row_of_a_partial_night_is_an_observation():
    points = trends.fill([Count(day(1), 10), Count(day(2), 11)], nights(1), day(1), last=day(3))
    assert [p.observed for p in points] == [True, True, False]


def test_there_are_no_points_before_the_model_was_first_seen():
    points = trends.fill([Count(day(3), 5)], nights(1, 2, 3, 4), day(3))
    assert [p.date for p in points] == [day(3), day(4)]


def test_imported_history_begins_before_the_first_night():
    points = trends.fill([Count(day(1), 5), Count(day(4), 8)], nights(4, 5), first_seen=day(4))
    assert downloads(points) == [5, None, None, 8, 8]


def test_there_are_no_points_while_the_model_is_away():
    away = trends.absences([(day(3), "missing"), (day(5), "returned"), (day(6), "missing")], missing_since=day(6))
    assert away == (Absence(day(3), day(5)), Absence(day(6), None))
    points = trends.fill([Count(day(1), 9)], nights(1, 2, 3, 4, 5, 6, 7), day(1), away)
    assert [p.date for p in points] == [day(1), day(2), day(5)]


def test_a_model_that_vanished_without_an_event_is_away_from_then_on():
    assert trends.absences([], missing_since=day(4)) == (Absence(day(4), None),)


def test_an_observed_night_may_have_no_number_and_is_still_not_a_gap():
    points = trends.fill([Count(day(1), None, None, 3)], nights(1, 2), day(1))
    assert [(p.downloads, p.observed) for p in points] == [(None, True), (None, True)]


def test_a_family_has_gaps_where_no_total_was_published():
    points = trends.fill_family([Count(day(1), 100), Count(day(4), 90)], last=day(5))
    assert downloads(points) == [100, None, None, 90, None]
    assert trends.fill_family([]) == ()


def test_a_night_that_was_read_and_gave_a_family_no_counter_is_not_one_on_which_nobody_looked():
    points = trends.fill_family([Count(day(1), 100), Count(day(4), 90)], last=day(5), nights=nights(1, 3, 4, 5))
    assert [(p.downloads, p.observed) for p in points] == [
        (100, True), (None, False), (None, True), (90, True), (None, True),
    ]  # fmt: skip


def test_growth_joins_observed_days_only():
    points = trends.fill([Count(day(1), 100), Count(day(31), 150)], nights(1, 31), day(1))
    assert trends.growth(points, 30) == trends.Growth(day(1), day(31), 100, 150, 1.5)
    gapped = trends.fill([Count(day(1), 100), Count(day(12), 150)], nights(1, 12), day(1))
    assert trends.growth(gapped, 30) is None


def test_growth_from_nothing_has_no_ratio():
    points = trends.fill([Count(day(1), 0), Count(day(8), 7)], nights(1, 8), day(1))
    assert trends.growth(points, 7) == trends.Growth(day(1), day(8), 0, 7, None)
    assert trends.growth(points[:1], 7) is None


def test_an_all_time_counter_that_falls_is_kept_and_flagged():
    points = trends.fill(
        [Count(day(1), 10, 500), Count(day(3), 10, 480), Count(day(4), 600, 490)], nights(1, 3, 4), day(1)
    )
    assert [p.downloads_all_time for p in points] == [500, None, 480, 490]
    assert trends.anomalies(points) == (
        Anomaly(day(3), "all-time-fell", 500, 480),
        Anomaly(day(4), "above-all-time", 600, 490),
    )


def test_series_compare_by_date_and_by_age():
    a = Series("a", trends.fill([Count(day(1), 1)], nights(1, 2), day(1)), released=day(1))
    b = Series("b", trends.fill([Count(day(2), 5)], nights(2, 3), day(2)), released=day(2))
    c = Series("c", trends.fill([Count(day(2), 7)], nights(2), day(2)))
    by_date = trends.compare([a, b, c])
    assert by_date.rows == ((day(1), (1, None, None)), (day(2), (1, 5, 7)), (day(3), (None, 5, None)))
    by_age = trends.compare([a, b, c], by="age")
    assert by_age.rows == ((0, (1, 5)), (1, (1, 5)))
    assert by_age.names == ("a", "b")
    assert by_age.left_out == ("c",)
    with pytest.raises(ValueError, match="'date' or by 'age'"):
        trends.compare([a], by="moon")


def test_the_last_days_are_calendar_days():
    one = Series("a", trends.fill([Count(day(1), 1)], nights(1, 4), day(1)))
    assert [p.date for p in trends.last_days(one, 2).points] == [day(3), day(4)]
    with pytest.raises(ValueError, match="0 days"):
        trends.last_days(one, 0)


def test_csv_and_json_carry_the_same_points_and_leave_gaps_empty():
    one = Series("org/a", trends.fill([Count(day(1), 3, None, 0)], nights(1), day(1), last=day(2)), released=day(1))
    rows = list(csv.DictReader(io.StringIO(trends.to_csv([one]))))
    assert rows[0] == {
        "name": "org/a", "date": "2026-11-01", "downloads": "3", "downloads_all_time": "", "likes": "0",
        "observed": "1", "models": "", "members": "", "same": "", "same_last": "", "source": "",
    }  # fmt: skip
    assert rows[1]["downloads"] == ""
    assert rows[1]["observed"] == "0"
    points = trends.to_dict([one])["series"][0]["points"]
    assert points[1] == {
        "date": "2026-11-02", "downloads": None, "downloads_all_time": None, "likes": None, "observed": False,
    }  # fmt: skip
    assert [p["downloads"] for p in points] == [3, None]


@given(
    values=st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=1, max_size=40),
    seen=st.sets(st.integers(1, 40)),
)
def test_changed_only_rows_and_nights_give_back_exactly_what_was_seen(values, seen):
    """Store a series as the crawler does, fill it again: every observed day has its value, every other day none."""
    stored, last = [], object()
    for number, value in enumerate(values, 1):
        if number in seen and value != last:
            stored.append(Count(day(number), value))
            last = value
    if not stored:
        return
    first = stored[0].date
    points = trends.fill(stored, nights(*(n for n in seen if n <= len(values))), first, last=day(len(values)))
    for point in points:
        number = (point.date - D1).days + 1
        assert point.observed == (number in seen)
        assert point.downloads == (values[number - 1] if number in seen else None)


@pytest.mark.skipif(not (DATA / "downloads").is_dir(), reason="no ../shared/data/downloads here")
def test_a_real_series_of_two_years_keeps_its_values_and_its_missed_days():
    wanted = "mixedbread-ai/mxbai-embed-large-v1"
    real: dict[date, int] = {}
    with lzma.open(DATA / "downloads" / "daily-2024-2026.jsonl.xz", "rt") as lines:
        for line in lines:
            if wanted in line and (row := json.loads(line))["id"] == wanted:
                real[date.fromisoformat(row["snapshot"][:10])] = row["downloads"]
    stored, last = [], None
    for when, value in sorted(real.items()):
        if value != last:
            stored.append(Count(when, value))
            last = value
    points = trends.fill(stored, frozenset(real), min(real))
    assert {p.date: p.downloads for p in points if p.observed} == real
    assert len(points) == (max(real) - min(real)).days + 1
    assert sum(not p.observed for p in points) == len(points) - len(real)
