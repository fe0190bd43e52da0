"""What was known on a day: the verdict in force, facts with later events undone, counters with their night."""

import io
import json
import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from index import asof, cli_review, queries
from index.publish import publish
from index.rows import Change, Verdict
from tests.small_hub import LICENSES, NOW, PROBES, RULES, small_hub
from tests.test_judge import Night, model

LLAMA2 = "meta-llama/Llama-2-7b-hf"
TUNE = "returned/llama-tune"


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    small_hub(folder / "hub.db")
    publish(folder, NOW, RULES, PROBES, LICENSES)
    connection = queries.open_index(folder / "index.db")
    yield connection
    connection.close()


def on(db: sqlite3.Connection, id_: str, day: str) -> asof.AsOf:
    found = asof.get(db, id_, date.fromisoformat(day))
    assert found is not None
    return found


def change(day: str, field: str, old: str | None, new: str | None) -> Change:
    return Change(day, "a/b", field, old, new, None, None)


def test_the_verdict_in_force_is_the_last_one_up_to_that_day(db):
    before, after = on(db, LLAMA2, "2026-11-04"), on(db, LLAMA2, "2026-11-05")
    assert before.verdict == Verdict("2026-11-01", "L2", "L1", "community", "first", "3")
    assert after.verdict == Verdict("2026-11-05", "L1", "L1", "manual-approval", "repo", "3")
    assert (before.level_name, after.level_name) == ("restricted", "gated")


def test_gating_and_licence_are_those_of_the_day(db):
    assert [on(db, LLAMA2, d).facts["gated"] for d in ("2026-11-04", "2026-11-05")] == ["auto", "manual"]
    renamed = on(db, "new-name/model", "2026-11-04").facts
    assert (renamed["name"], renamed["license"]) == ("old-name/model", "mit")
    today = on(db, "new-name/model", "2026-11-06").facts
    assert (today["name"], today["license"]) == ("new-name/model", "apache-2.0")


def test_what_has_changed_since_is_listed_newest_first(db):
    since = [(c.date, c.field) for c in on(db, "new-name/model", "2026-11-04").since]
    assert since[0] == ("2026-11-06", "level")
    assert set(since[1:]) == {("2026-11-05", "name"), ("2026-11-05", "license")}
    assert on(db, "new-name/model", "2026-11-06").since == ()


def test_counters_are_the_last_seen_and_name_their_complete_night(db):
    llama3 = "meta-llama/Meta-Llama-3-8B"
    assert on(db, llama3, "2026-11-02").counters == asof.Counters(100, 1000, 7, "2026-11-02")
    # The walk of the 4th was not complete: nobody knows that the counter of the 3rd still held.
    assert on(db, llama3, "2026-11-04").counters == asof.Counters(120, 1200, 7, "2026-11-03")
    assert on(db, "nobody/no-counter", "2026-11-05").counters == asof.Counters(None, None, 7, "2026-11-05")


def test_a_model_away_that_day_has_no_counter_and_one_not_seen_yet_nothing_at_all(db):
    assert [on(db, TUNE, f"2026-11-0{n}").on_hub for n in (1, 2, 3)] == [True, False, True]
    assert on(db, TUNE, "2026-11-02").counters is None
    assert on(db, "vanished/model", "2026-11-06").on_hub is False
    young = on(db, "unjudged/new", "2026-11-05")
    assert (young.seen, young.on_hub, young.verdict) == (False, None, None)
    assert set(young.facts.values()) == {None}
    assert on(db, "unjudged/new", "2026-11-06").verdict is None


def test_the_cells_are_those_of_the_verdict_with_their_reasons(db):
    cells = {c.dimension: c for c in on(db, LLAMA2, "2026-11-01").cells}
    assert len(cells) == 14
    assert cells["license"].reason == "The licence sets conditions: 700 million users."
    assert cells["training_code"].reason == "Nothing was found where we looked."
    assert on(db, LLAMA2, "2026-11-01").cells == tuple(
        c._replace(evidence=()) for c in queries.get_page(db, LLAMA2).cells
    ), "as the page of today shows them: this dossier did not change"


def test_a_model_that_nobody_knows_is_none(db):
    assert asof.get(db, "nobody/nothing", date(2026, 11, 6)) is None
    with pytest.raises(cli_review.NotKnownThen):
        cli_review.show_as_of(db, "nobody/nothing", date(2026, 11, 6), False)


def test_a_day_after_the_last_night_and_one_before_the_first_sight_are_refused_with_a_sentence(db):
    with pytest.raises(cli_review.NotKnownThen, match="last night that the index knows is 2026-11-06"):
        cli_review.show_as_of(db, LLAMA2, date(2027, 1, 1), False)
    with pytest.raises(cli_review.NotKnownThen, match="had not seen unjudged/new yet on 2026-11-05"):
        cli_review.show_as_of(db, "unjudged/new", date(2026, 11, 5), True)


def test_it_reads_as_a_sentence_and_as_json(db):
    paper = io.StringIO()
    Console(width=140, file=paper).print(cli_review.show_as_of(db, LLAMA2.upper(), date(2026, 11, 5), False))
    text = " ".join(paper.getvalue().split())
    assert "L1 gated, manual-approval (not excluded: L1); in force since 2026-11-05: the repository changed" in text
    said = json.loads(str(cli_review.show_as_of(db, LLAMA2, date(2026, 11, 4), True)))
    assert said["verdict"]["level"] == "L2"
    assert said["facts"]["gated"] == "auto"
    assert [(c["field"], c["cause"]) for c in said["since"] if c["cause"]] == [("level", "repo")]


def test_every_cause_that_can_be_stored_has_words():
    schema = (Path(__file__).parents[1] / "index" / "schema.sql").read_text()
    told = next(line for line in schema.splitlines() if "cause TEXT" in line).partition("--")[2]
    assert {word.strip() for word in told.split(",")} == set(asof.CAUSES)


def test_a_base_that_changes_its_licence_is_told_with_its_cause_and_the_old_effective_licence(tmp_path):
    night = Night(tmp_path)
    rows = [model(1, "maker/base", "apache-2.0"), model(2, "user/tuned", "apache-2.0", "maker/base")]
    night.crawl(rows)
    night.judge()
    night.crawl([model(1, "maker/base", "llama3"), rows[1]])
    night.judge()
    publish(tmp_path, datetime(2026, 11, 2, 6, tzinfo=UTC))
    index = queries.open_index(tmp_path / "index.db")
    first, second = on(index, "user/tuned", "2026-11-01"), on(index, "user/tuned", "2026-11-02")
    assert (first.verdict.level, first.license_effective) == ("L3", "apache-2.0")
    assert (second.verdict.level, second.license_effective, second.verdict.cause) == ("L2", "llama3", "base")
    assert [(c.field, c.old, c.new, c.cause) for c in first.since] == [("level", "L3", "L2", "base")]
    assert on(index, "maker/base", "2026-11-01").facts["license"] == "apache-2.0"
    index.close()


# ------------------------------------------------------------------------------------------------------ the pure part

DAYS = [(date(2026, 1, 1) + timedelta(days=n)).isoformat() for n in range(8)]


LICENCES = st.sampled_from(["mit", "apache-2.0", None, "llama3"])


@given(st.lists(LICENCES, min_size=len(DAYS), max_size=len(DAYS)), st.randoms())
def test_undoing_events_gives_back_any_history(values, random):
    events = [
        change(DAYS[n], "license", values[n - 1], values[n]) for n in range(1, len(DAYS)) if values[n - 1] != values[n]
    ]
    random.shuffle(events)
    for day, value in zip(DAYS, values, strict=True):
        assert asof.undo({"license": values[-1]}, events, day) == {"license": value}


def test_undoing_leaves_alone_what_has_no_event_and_ignores_other_fields():
    events = [change("2026-01-05", "papers", "x", "y"), change("2026-01-05", "gated", None, "auto")]
    assert asof.undo({"license": "mit", "gated": "auto"}, events, "2026-01-04") == {"license": "mit", "gated": None}


def test_missing_and_returned_events_tell_whether_a_model_was_there():
    events = [change("2026-01-03", "missing", None, "2026-01-03"), change("2026-01-05", "returned", None, "2026-01-05")]
    assert [asof.was_there(events, None, d) for d in ("2026-01-02", "2026-01-03", "2026-01-05")] == [True, False, True]
    assert asof.was_there([], "2026-01-04", "2026-01-04") is False
    assert asof.was_there([], "2026-01-04", "2026-01-03") is True
