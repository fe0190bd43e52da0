"""Agreement with the experts: the figures, worked out by hand, and the laws they obey."""

import json
import sqlite3
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.agreement import (
    Pair,
    agreement,
    both_readings,
    json_rows,
    macro_f1,
    pairs,
    render,
    render_disagreements,
)
from index.experts import ExpertRow
from index.model import Dimension, Judgement

THREE = ["open", "partial", "closed"]
some_pairs = st.lists(
    st.builds(
        Pair,
        st.text(max_size=3),
        st.just("org/name"),
        st.sampled_from([d.value for d in Dimension]),
        st.sampled_from([*THREE, "unknown"]),
        st.sampled_from(THREE),
    ),
    max_size=40,
)


def pair(ours, theirs, dimension="paper", **more):
    return Pair("System", "org/name", dimension, ours, theirs, **more)


HAND = [
    pair("open", "open"),
    pair("open", "open"),
    pair("open", "closed", our_reason="a DOI", their_reason="a preprint only"),
    pair("partial", "closed"),
    pair("closed", "closed"),
    pair("unknown", "closed"),
    pair("unknown", "open"),
    pair("unknown", "partial"),
]


def test_figures_of_a_small_table_worked_out_by_hand_with_unknown_as_its_own_answer():
    row, everything = agreement(HAND, "unknown")
    assert (row.n, row.covered, row.coverage) == (8, 5, 5 / 8)
    assert row.accuracy == 3 / 5
    assert (row.majority, row.baseline) == ("closed", 3 / 5)
    assert (row.opposite, row.opposite_share) == (1, 1 / 5)
    # open: 2 right, 3 ours, 2 theirs -> 0.8; partial: 0; closed: 1 right, 1 ours, 3 theirs -> 0.5
    assert row.macro_f1 == pytest.approx((0.8 + 0.0 + 0.5) / 3)
    assert not row.beats_baseline
    assert everything._replace(dimension="paper") == row


def test_figures_of_the_same_table_with_unknown_read_as_closed():
    row = agreement(HAND, "closed")[0]
    assert (row.n, row.covered, row.coverage) == (8, 8, 1.0)
    assert row.accuracy == 4 / 8
    assert row.opposite == 2
    assert (row.majority, row.baseline) == ("closed", 4 / 8)


def test_disagreements_name_both_reasons_and_opposite_ones_come_first():
    rows = agreement(HAND, "unknown")
    assert [(p.ours, p.theirs) for p in rows[0].disagreements] == [("open", "closed"), ("partial", "closed")]
    text = render_disagreements(rows)
    assert "org/name [System] paper: we say open, they say closed\n    we:   a DOI\n    they: a preprint only" in text
    assert render_disagreements(rows, 1).endswith("(1 more)")


@given(some_pairs)
def test_identical_tables_agree_wholly_with_no_opposite(found):
    same = [p._replace(ours=p.theirs) for p in found]
    for row in both_readings(same):
        assert row.opposite == 0
        assert row.disagreements == ()
        if row.n:
            assert row.accuracy == row.coverage == row.macro_f1 == 1.0


@given(some_pairs)
def test_figures_stay_in_their_bounds_and_add_up(found):
    for reading in ("unknown", "closed"):
        *rows, everything = agreement(found, reading)
        assert sum(r.n for r in rows) == everything.n == len(found)
        assert sum(r.covered for r in rows) == everything.covered
        assert sum(r.opposite for r in rows) == everything.opposite
        for r in rows:
            assert r.covered <= r.n
            assert r.opposite <= len(r.disagreements) <= r.covered
            assert r.accuracy is None or 0 <= r.accuracy <= 1 - r.opposite_share + 1e-9
            assert r.baseline is None or 1 / 3 <= r.baseline <= 1
            assert reading == "unknown" or r.covered == r.n


@given(some_pairs, st.randoms())
def test_the_order_of_the_pairs_changes_no_figure(found, random):
    shuffled = list(found)
    random.shuffle(shuffled)
    drop = [[r._replace(disagreements=()) for r in both_readings(p)] for p in (found, shuffled)]
    assert [r[:10] for r in drop[0]] == [r[:10] for r in drop[1]]


def test_nothing_covered_has_no_accuracy_rather_than_a_zero():
    row = agreement([pair("unknown", "open")], "unknown")[0]
    assert (row.covered, row.coverage) == (0, 0.0)
    assert row.accuracy is row.baseline is row.macro_f1 is row.opposite_share is row.majority is None
    assert agreement([], "unknown")[0].coverage is None


def test_macro_f1_counts_every_class_the_same_however_rare():
    answers = [("open", "open")] * 98 + [("open", "closed"), ("closed", "closed")]
    assert macro_f1(answers) == pytest.approx((2 * 98 / (99 + 98) + 2 * 1 / (1 + 2)) / 2)
    assert macro_f1([]) is None


def expert(dimension, value, model="org/name", reason="their note"):
    return ExpertRow("eu-osai", "1", "System", model, model is None, dimension, value, "", "", reason)


def judged(**values):
    return [Judgement(d.value, values.get(d.value, "unknown"), "some-rule", "detail") for d in Dimension]


def test_pairs_join_experts_and_judgements_and_leave_out_what_has_no_counterpart():
    rows = [
        expert("paper", "open"),
        expert("paper", "unknown"),  # an empty cell of theirs is no answer
        expert("paper", "open", model=None),  # off the Hub
        expert("paper", "open", model="org/other"),  # not judged by us
        expert("mof_class", "3"),
    ]
    found = list(pairs(rows, lambda i: judged(paper="partial") if i == "org/name" else None))
    assert found == [
        Pair("System", "org/name", "paper", "partial", "open", "some-rule: detail", "their note", "eu-osai")
    ]


def test_a_base_cell_that_does_not_apply_is_compared_as_the_end_cell():
    values = judged(base_weights="not-applicable", end_weights="open")
    assert [p.ours for p in pairs([expert("base_weights", "open")], lambda _: values)] == ["open"]


def test_the_table_as_text_shows_both_readings_and_marks_what_beats_the_baseline():
    rows = both_readings([*HAND, pair("open", "open", "api"), pair("closed", "closed", "api")])
    text = render(rows)
    assert text.count("dimension ") == 2
    api = next(line for line in text.splitlines() if line.startswith("api"))
    assert "100.0%*" in api
    assert "50.0%" in api
    paper = next(line for line in text.splitlines() if line.startswith("paper"))
    assert "*" not in paper
    assert "1 20.0%" in paper


def test_the_table_as_json_and_in_the_database_carries_every_figure(tmp_path):
    rows = both_readings(HAND)
    decoded = json.loads(json.dumps(json_rows(rows)))
    assert decoded[0]["accuracy"] == 0.6
    assert decoded[0]["disagreements"][0]["their_reason"] == "a preprint only"
    db = sqlite3.connect(tmp_path / "hub.db")
    db.executescript(files("index").joinpath("published.sql").read_text(encoding="utf-8"))
    for r in rows:
        values = (r.dimension, r.reading, r.n, r.covered, r.coverage, r.accuracy, r.majority, r.baseline,
                  r.opposite, r.opposite_share, r.macro_f1)  # fmt: skip
        db.execute(f"INSERT INTO agreement VALUES ({','.join('?' * 11)})", values)
    assert db.execute("SELECT count(*) FROM agreement").fetchone() == (4,)
    db.close()
