"""Reviews on top of the rules, and new rules before they are accepted: judged, published, and undone again."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from crawler.errors import UsageError
from index import asof, checklists, frameworks, overrides, queries, readings, terminal
from index.model import Dimension
from index.overrides import load
from index.publish import publish
from index.rules import RULES_VERSION
from index.site.ask import Ask
from index.site.pages import changes as pages
from tests.small_hub import LICENSES, NOW, PROBES, RULES, small_hub
from tests.test_judge import Night, model

CARD = """# Base

## Training procedure

We trained it for 300 billion tokens with a learning rate of 0.0001.

## Evaluation

| benchmark | score |
|---|---|
| MMLU | 61.2 |
| GSM8K | 40.1 |
"""
TODAY = date(2026, 11, 2)
REVIEW = """
[[override]]
model = "{model}"
dimension = "{dimension}"
value = "{value}"
name = "Ada Example"
date = 2026-11-01
reason = "The repository holds every stage of training."
link = "https://example.org/review"
"""


@pytest.fixture
def night(tmp_path: Path) -> Night:
    made = Night(tmp_path)
    made.crawl([model(1, "maker/base"), model(2, "user/tuned", "apache-2.0", "maker/base")])
    made.judge()
    made.day = 2
    return made


def review(folder: Path, *reviews: tuple[str, str, str]) -> None:
    """Write the overrides file of a data directory."""
    text = "".join(REVIEW.format(model=m, dimension=d, value=v) for m, d, v in reviews)
    (folder / overrides.FILE).write_text(text)


def published(folder: Path) -> sqlite3.Connection:
    publish(folder, datetime(2026, 11, 2, 6, tzinfo=UTC))
    return queries.open_index(folder / "index.db")


def age(night: Night) -> None:
    """Make every verdict one that older rules made, which called all of it gated."""
    with closing(sqlite3.connect(night.hub)) as conn:
        conn.execute(
            """UPDATE verdicts SET rules_version = 'older', level = 1, level_max = 1, restriction = 'manual-approval',
                 basis = CAST(substr(basis, 1, 40) || x'0101010101010101' || substr(basis, 49) AS BLOB)"""
        )
        conn.execute(
            """UPDATE verdict_history SET rules_version = 'older', level = 1, level_max = 1,
                 restriction = 'manual-approval'"""
        )
        conn.commit()


# ------------------------------------------------------------------------------------------------------ the file


def test_a_data_directory_without_the_file_has_no_overrides(tmp_path):
    assert load(tmp_path, TODAY) == {}


def test_the_file_is_read_by_model_and_one_bad_entry_refuses_all_of_it(tmp_path):
    review(tmp_path, ("a/b", "paper", "open"), ("a/b", "preprint", "open"), ("c/d", "level", "L5"))
    assert {name: [o.dimension for o in several] for name, several in load(tmp_path, TODAY).items()} == {
        "a/b": ["paper", "preprint"], "c/d": ["level"],
    }  # fmt: skip
    review(tmp_path, ("a/b", "paper", "open"), ("c/d", "level", "L3"))
    with pytest.raises(UsageError, match="no override was applied"):
        load(tmp_path, TODAY)


def test_a_file_that_cannot_be_read_stops_publishing_and_the_old_index_stays(tmp_path):
    small_hub(tmp_path / "hub.db")
    publish(tmp_path, NOW, RULES, PROBES, LICENSES)
    before = (tmp_path / "index.db").read_bytes()
    (tmp_path / overrides.FILE).write_text("[[override]]\nmodel = 3\n")
    with pytest.raises(UsageError, match=r"overrides\.toml: no override was applied"):
        publish(tmp_path, NOW, RULES, PROBES, LICENSES)
    assert (tmp_path / "index.db").read_bytes() == before


# ---------------------------------------------------------------------------------------------- judged and published


def test_a_review_stands_beside_untouched_evidence_with_name_date_reason_and_link(night):
    folder = night.hub.parent
    evidence = night.sql("SELECT evidence FROM dossiers JOIN verdicts USING (dossier) WHERE repo = 1")
    review(folder, ("maker/base", "paper", "open"))
    night.judge(overrides=load(folder, TODAY))
    assert night.sql("SELECT evidence FROM dossiers JOIN verdicts USING (dossier) WHERE repo = 1") == evidence
    with closing(published(folder)) as index:
        cell = index.execute(
            "SELECT value, rule, reason FROM judgements WHERE id = 'maker/base' AND dimension = 'paper'"
        ).fetchone()
        assert cell == (
            "open",
            "reviewed-override",
            "A person reviewed this: The repository holds every stage of training. "
            "(Ada Example, 2026-11-01, https://example.org/review)",
        )
        assert index.execute("SELECT * FROM overrides").fetchall() == [
            ("maker/base", "paper", "open", "Ada Example", "2026-11-01",
             "The repository holds every stage of training.", "https://example.org/review")
        ]  # fmt: skip
        assert index.execute("SELECT confirmed_by FROM models").fetchall() == [(None,), (None,)]


def test_a_review_that_is_taken_back_leaves_what_the_rules_say(night):
    folder = night.hub.parent
    before = night.everything()
    review(folder, ("maker/base", "paper", "open"))
    night.judge(overrides=load(folder, TODAY))
    assert night.everything() != before
    (folder / overrides.FILE).unlink()
    night.judge(overrides=load(folder, TODAY))
    assert night.everything() == before


def test_a_level_that_a_review_moved_says_why_on_the_page_in_the_feeds_and_in_the_terminal(night):
    folder = night.hub.parent
    night.crawl([model(1, "maker/base")], {"maker/base": {"README.md": CARD}})
    night.judge()
    night.day += 1
    documented = ("model_card", "preprint", "architecture", "base_data")
    review(folder, *(("maker/base", dimension, "open") for dimension in documented))
    night.judge(overrides=load(folder, TODAY))
    with closing(published(folder)) as index:
        (event,) = queries.changes_since(index, date(2026, 11, 1), ("level",))
        assert "The repository holds every stage of training. (Ada Example, 2026-11-01" in (event.note or "")
        console = Console(width=200, record=True, file=StringIO())
        console.print(terminal.changes([event], "2026-11-01"))
        asked = Ask("/changes", (), "en", "", "http://site.test")
        texts = [
            console.export_text(),
            *(a(index, asked).body.decode() for a in (pages.changes, pages.atom, pages.feed_json)),
        ]
        assert all("The repository holds every stage of training." in text for text in texts)
        assert all("Ada Example" in text for text in texts)


@pytest.mark.parametrize(
    ("reviewed", "level_name", "confirmed"),
    [
        (("allenai/OLMo-7B", "level", "L5"), "open source", "Ada Example, 2026-11-01"),
        (("allenai/OLMo-7B", "level", "L6"), "open source (candidate)", None),
        (("allenai/OLMo-7B", "paper", "open"), "open source (candidate)", None),
        (("vanished/model", "level", "L5"), "open source (candidate)", None),
    ],
)
def test_a_candidate_is_one_until_a_person_confirms_the_very_level_that_the_rules_reached(
    tmp_path, reviewed, level_name, confirmed
):
    small_hub(tmp_path / "hub.db")
    review(tmp_path, reviewed)
    publish(tmp_path, NOW, RULES, PROBES, LICENSES)
    with closing(queries.open_index(tmp_path / "index.db")) as index:
        sql = "SELECT level, level_name, confirmed_by FROM models WHERE id = 'allenai/OLMo-7B'"
        found = index.execute(sql).fetchone()
        assert found == ("L5", level_name, confirmed)
        other = index.execute("SELECT level, confirmed_by FROM models WHERE id = 'vanished/model'").fetchone()
        assert other == ("L3", None), "a review confirms; it lifts nobody"


def test_a_review_of_a_private_or_unknown_repository_is_not_published(tmp_path):
    small_hub(tmp_path / "hub.db")
    review(tmp_path, ("private/secret", "paper", "open"), ("not/there", "paper", "open"))
    publish(tmp_path, NOW, RULES, PROBES, LICENSES)
    with closing(queries.open_index(tmp_path / "index.db")) as index:
        assert index.execute("SELECT * FROM overrides").fetchall() == []


# ------------------------------------------------------------------------------------------------------ new rules


def test_new_rules_are_tried_without_writing_and_list_what_would_move(night):
    age(night)
    before = night.everything()
    report = night.judge(dry_run=True)
    assert {(m.repo_id, m.old, m.new, m.cause) for m in report.moved} == {
        ("maker/base", "L1", "L3", "rules"), ("user/tuned", "L1", "L3", "rules"),
    }  # fmt: skip
    assert (report.judged, report.changed) == (2, 2)
    assert night.everything() == before
    assert night.sql("SELECT DISTINCT rules_version FROM verdicts") == [("older",)]


def test_the_next_judge_accepts_new_rules_for_every_model_and_says_that_we_changed_not_they(night):
    age(night)
    report = night.judge()
    assert (report.judged, len(report.moved)) == (2, 2)
    assert night.sql("SELECT DISTINCT rules_version FROM verdicts") == [(RULES_VERSION,)]
    assert night.judge().judged == 0, "accepted once"
    with closing(published(night.hub.parent)) as index:
        events = index.execute("SELECT date, id, field, old, new, cause FROM changes ORDER BY id").fetchall()
        assert events == [
            ("2026-11-02", "maker/base", "level", "L1", "L3", "rules"),
            ("2026-11-02", "user/tuned", "level", "L1", "L3", "rules"),
        ]
        then, now = (asof.get(index, "maker/base", date(2026, 11, n)) for n in (1, 2))
        assert then is not None
        assert now is not None
        assert (then.verdict.level, then.verdict.rules_version, then.verdict.cause) == ("L1", "older", "first")
        assert (now.verdict.level, now.verdict.rules_version, now.verdict.cause) == ("L3", RULES_VERSION, "rules")


# ------------------------------------------------------------------------------------------------------ frameworks


def test_every_question_of_every_framework_is_published(night):
    with closing(published(night.hub.parent)) as index:
        sql = "SELECT framework, item, coalesce(dimension, ''), question, source, date, coalesce(needed, '') FROM definitions"
        found = index.execute(sql)
        assert sorted(found.fetchall()) == sorted(map(tuple, frameworks.definitions()))
        keys = {key for (key,) in index.execute("SELECT key FROM dimensions")}
        assert {d.dimension for d in frameworks.definitions()} - {""} <= keys


def test_the_columns_of_a_model_say_what_its_full_readings_say(night):
    with closing(published(night.hub.parent)) as index:
        for name, osaid, ai_act, aa, mof in index.execute(
            "SELECT id, osaid, ai_act, aa_score, mof_class FROM models"
        ).fetchall():
            page = queries.get_page(index, name)
            assert page is not None
            read = readings.of_page(page)
            assert read is not None
            assert (osaid, ai_act, aa) == (read.osaid.result, read.ai_act.result, read.aa.total)
            assert (mof or None) == (None if read.mof.class_ is None else "I" * read.mof.class_)
            assert json.loads(json.dumps(readings.to_dict(read)))["osaid"]["result"] == osaid
            for check in (*read.osaid.checks, *read.ai_act.checks):
                assert bool(check.needed) == (check.result != "pass"), "what is lacking has a remedy"
                assert check.evidence or check.result != "pass", "nothing passes without words to show"


def test_a_restricted_licence_or_a_gate_fails_the_checklists_and_silence_is_unknown():
    cells = "u" * 14
    assert readings.columns(cells, "llama3", "no", 0)[:2] == ("fail", "fail")
    assert readings.columns(cells, "apache-2.0", "manual", 0)[:2] == ("fail", "fail")
    assert readings.columns(cells, "apache-2.0", None, 0)[:2] == ("unknown", "unknown")
    assert readings.columns(cells, "no such licence", None, 0)[:2] == ("unknown", "unknown")
    assert readings.columns("o" * 14, "apache-2.0", "no", 3)[:2] == ("unknown", "unknown"), "prices not shown"


def test_what_the_evidence_shows_answers_items_that_no_cell_can():
    weights = {d.value: "unknown" for d in Dimension}
    license = readings.license_of("apache-2.0")
    seen = ((0, "unknown", "unknown"), (readings.INFERENCE, "pass", "unknown"), (readings.USAGE, "unknown", "pass"))
    for bits, inference, usage in seen:
        facts = readings.facts_of(license, "no", bits)
        assert checklists.osaid_checklist(weights, facts).check("inference_code").result == inference
        assert checklists.ai_act_checklist(weights, facts).check("usage_information").result == usage
