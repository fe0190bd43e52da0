"""The command as a person types it: help with examples, one night over the sample, and sentences instead of tracebacks."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from crawler.lock import locked
from crawler.replay_faults import Latency
from index import cli
from index.publish import publish
from tests.replaying import document, replay, row
from tests.small_hub import LICENSES, NOW, PROBES, RULES, small_hub
from tests.test_judge import Night, model

COMMANDS = sorted(cli.main.commands)


def run(*arguments: str, **environment: str):
    """One command in this process."""
    return CliRunner(env={"COLUMNS": "120", **environment}).invoke(cli.main, list(arguments))


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    """All commands with their words."""
    found = []
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
        else:
            found.append(((*path, name), command))
    return found


@pytest.fixture(scope="module")
def night(tmp_path_factory) -> Path:
    """The data directory of a nightly run over the bundled sample."""
    data = tmp_path_factory.mktemp("sample")
    result = run("nightly", "--hub", "sample", "--data", str(data))
    assert result.exit_code == 0, result.output
    assert "Models by level" in result.output
    assert "serve --data" in result.output
    return data


@pytest.mark.parametrize("words", [w for w, _ in commands(cli.main)], ids=" ".join)
def test_every_command_has_help_with_an_example(words):
    text = run(*words, "--help").output
    assert "Example: openness " + " ".join(words) in text.replace("\n", " ").replace("  ", " ")


def test_every_command_of_the_design_is_there():
    wanted = {
        "nightly",
        "crawl",
        "judge",
        "publish",
        "serve",
        "show",
        "trend",
        "changes",
        "check",
        "replay",
        "schedule",
        "status",
    }
    assert wanted <= set(COMMANDS)


def test_a_second_judge_with_nothing_changed_does_nothing(night):
    report = json.loads(run("judge", "--data", str(night), "--json").output)
    assert (report["judged"], report["changed"]) == (0, 0)


def test_llama_is_not_open_source_and_says_why(night):
    shown = json.loads(run("show", "meta-llama/Meta-Llama-3-8B", "--data", str(night), "--json").output)
    assert shown["model"]["level"] in ("L1", "L2")
    assert shown["model"]["license_effective"] == "llama3"
    assert "700 million" in run("show", "meta-llama/Meta-Llama-3-8B", "--data", str(night)).output


def test_a_fine_tune_of_llama_with_an_apache_tag_is_not_open_weights(night):
    with sqlite3.connect(night / "index.db") as db:
        rows = db.execute(
            """SELECT m.id, m.level, m.license_effective FROM models m JOIN lineage l USING (id)
               WHERE m.license = 'apache-2.0' AND l.base_license LIKE 'llama%' AND l.conflict <> ''"""
        ).fetchall()
    assert rows
    assert all(level <= "L2" and effective.startswith("llama") for _, level, effective in rows)


def test_show_trend_changes_status_speak_json(night):
    data = ("--data", str(night))
    assert json.loads(run("trend", "openai-community/gpt2", *data, "--json").output)
    assert json.loads(run("changes", "--since", "2024-01-01", *data, "--json").output)
    assert json.loads(run("status", *data, "--json").output)["crawl_complete"] is True
    assert run("trend", "Llama 3", *data, "--csv").output.startswith("name,date,downloads")


@pytest.mark.parametrize("command", [("show", "openai-community/gpt2"), ("show", "Llama 3"), ("trend", "Llama 3"),
                                     ("show", "openai-community/gpt2", "--date", "2026-08-13"),
                                     ("check", "openai-community/gpt2", "--require", "L3")])  # fmt: skip
def test_every_answer_out_of_the_sample_says_so_and_json_as_a_key(command, night):
    told = run(*command, "--data", str(night))
    assert "cards are written for openness, not by the makers." in told.output
    assert json.loads(run(*command, "--data", str(night), "--json").output)["sample"] is True


def test_every_change_out_of_the_sample_says_so_in_json(night):
    events = json.loads(run("changes", "--since", "2024-01-01", "--data", str(night), "--json").output)
    assert events
    assert all(event["sample"] is True for event in events)


def test_an_answer_out_of_another_index_does_not_speak_of_a_sample(tmp_path):
    small_hub(tmp_path / "hub.db")
    publish(tmp_path, NOW, RULES, PROBES, LICENSES)
    shown = run("show", "meta-llama/Meta-Llama-3-8B", "--data", str(tmp_path))
    assert shown.exit_code == 0
    assert "sample" not in shown.output
    assert "sample" not in json.loads(
        run("show", "meta-llama/Meta-Llama-3-8B", "--data", str(tmp_path), "--json").output
    )


def test_a_family_without_models_or_counters_is_not_answered_with_its_own_name(night):
    told = run("trend", "OLMo 2", "--data", str(night))
    assert told.exit_code == 1
    assert "The index has no model of the family OLMo 2." in told.output
    assert "Did you mean" not in told.output


def test_check_says_no_with_status_1_and_yes_with_0(night, tmp_path):
    wanted = tmp_path / "models.txt"
    wanted.write_text("openai-community/gpt2  # fine\nmeta-llama/Meta-Llama-3-8B\n")
    assert run("check", str(wanted), "--require", "L3", "--data", str(night)).exit_code == 1
    assert run("check", "openai-community/gpt2", "--require", "L3", "--data", str(night)).exit_code == 0
    assert run("check", "openai-community/gpt2", "--require", "open", "--data", str(night)).exit_code == 2


def test_an_unknown_model_is_a_sentence_with_near_names(night):
    result = run("show", "meta-lama/Meta-Llama-3-8b", "--data", str(night))
    assert result.exit_code == 1
    assert "meta-llama/Meta-Llama-3-8B" in result.output


def test_a_field_that_is_no_event_is_refused_and_what_people_call_it_is_understood(night):
    assert run("changes", "--field", "foo", "--data", str(night)).exit_code == 2
    british = run("changes", "--since", "2026-08-15", "--field", "licence", "--data", str(night), "--json").output
    assert (
        british == run("changes", "--since", "2026-08-15", "--field", "license", "--data", str(night), "--json").output
    )
    assert json.loads(british)


def test_a_list_that_is_not_there_is_not_taken_for_a_model(night, tmp_path):
    result = run("check", str(tmp_path / "nofile.txt"), "--require", "L3", "--data", str(night))
    assert result.exit_code == 2
    assert "There is no file" in result.output


@pytest.mark.parametrize("name", ["hub.db", "index.db"])
def test_status_of_a_directory_with_a_foreign_file_is_a_sentence(name, tmp_path):
    (tmp_path / name).write_text("my diary " * 300)
    result = run("status", "--data", str(tmp_path))
    assert result.exit_code == 5
    assert "not ours" in result.output


def test_a_directory_that_cannot_be_written_is_a_sentence():
    result = run("nightly", "--hub", "sample", "--data", "/proc/openness")
    assert result.exit_code == 4
    assert "Cannot write" in result.output


@pytest.mark.parametrize("command", [("show", "a/b"), ("trend", "a/b"), ("changes",), ("check", "a/b", "--require", "L3"),
                                     ("judge",), ("publish",)])  # fmt: skip
def test_before_the_first_night_a_command_says_what_to_run(command, tmp_path):
    result = run(*command, "--data", str(tmp_path))
    assert result.exit_code == 2
    assert "openness nightly" in result.output
    assert "Traceback" not in result.output


def test_an_unknown_hub_is_a_sentence_and_status_4(tmp_path):
    result = run("crawl", "--hub", "http://127.0.0.1:9", "--data", str(tmp_path))
    assert result.exit_code == 4
    assert "did not answer" in result.output


@pytest.mark.parametrize("hub", ["not-a-hub", "ftp://x"])
def test_what_cannot_be_the_address_of_a_hub_is_a_wrong_argument(tmp_path, hub):
    result = run("crawl", "--hub", hub, "--data", str(tmp_path))
    assert (result.exit_code, "--hub" in result.output) == (2, True)


def test_a_second_run_at_the_same_time_is_refused_with_status_5(tmp_path):
    with locked(tmp_path):
        result = run("nightly", "--hub", "sample", "--data", str(tmp_path))
    assert result.exit_code == 5
    assert "Another run" in result.output


def test_another_hub_into_the_same_directory_is_refused_with_status_5(night, tmp_path):
    with replay(tmp_path, [row(1, "a/b")], []) as hub:
        result = run("crawl", "--hub", hub.url, "--data", str(night))
    assert result.exit_code == 5
    assert "sample" in result.output


def test_a_file_that_is_not_ours_is_refused_with_status_5(tmp_path):
    (tmp_path / "hub.db").write_text("my diary " * 300)
    result = run("nightly", "--hub", "sample", "--data", str(tmp_path))
    assert result.exit_code == 5
    assert (tmp_path / "hub.db").read_text().startswith("my diary")


def test_rows_that_cannot_be_read_are_said_and_end_with_status_3(tmp_path):
    rows = [row(1, "a/good"), row(2, "a/bad", tags=3), row(3, "a/fine")]
    with replay(tmp_path, rows, [document("a/good", "# Good")]) as hub:
        result = run("nightly", "--hub", hub.url, "--data", str(tmp_path / "data"))
    assert result.exit_code == 3, result.output
    assert "1 rows could not be read" in result.output
    with sqlite3.connect(tmp_path / "data" / "index.db") as db:
        assert db.execute("SELECT count(*) FROM models").fetchone() == (2,)


def test_a_wrong_token_stops_the_crawl_and_marks_nothing(tmp_path):
    rows = [row(i, f"a/m{i}") for i in range(1, 5)]
    data = tmp_path / "data"
    with replay(tmp_path, rows, []) as hub:
        assert run("crawl", "--hub", hub.url, "--data", str(data), "--date", "2026-08-01").exit_code == 0
        hub.revoke()
        result = run("crawl", "--hub", hub.url, "--data", str(data), "--date", "2026-08-02", HF_TOKEN="hf_wrong")
    assert result.exit_code == 4
    assert "HF_TOKEN" in result.output
    with sqlite3.connect(data / "hub.db") as db:
        assert db.execute("SELECT count(*) FROM repos WHERE missing_since IS NOT NULL OR gated <> 'no'").fetchone() == (
            0,
        )
        assert db.execute("SELECT count(*) FROM changes").fetchone() == (0,)


def test_a_hostile_card_and_id_cannot_steer_the_terminal(tmp_path):
    rows = [
        row(1, "a/\u202eevil\x1b]0;pwned\x07", siblings=[{"rfilename": "README.md"}, {"rfilename": "m.safetensors"}])
    ]
    card = "---\nlicense: mit\n---\n# \x1b[31mRed\x1b[0m <script>alert(1)</script>\nThis is an open source model \x1b]0;pwned\x07.\n"
    with replay(tmp_path, rows, [document(rows[0]["id"], card)]) as hub:
        run("nightly", "--hub", hub.url, "--data", str(tmp_path / "data"))
    with sqlite3.connect(tmp_path / "data" / "index.db") as db:
        name, level = db.execute("SELECT id, level FROM models").fetchone()
        said = db.execute("SELECT value FROM evidence WHERE probe = 'visible_name' AND outcome = 'error'").fetchall()
    assert level == "L2"
    assert len(said) == 1
    assert "\\u202e" in said[0][0]
    out = run("show", name, "--data", str(tmp_path / "data")).output
    assert "\x1b]0" not in out
    assert "\x07" not in out
    assert "\u202e" not in out


def test_sigterm_stops_at_a_checkpoint_with_status_4_and_the_next_run_finishes(tmp_path):
    rows = [row(i, f"a/m{i}") for i in range(1, 6001)]
    data = tmp_path / "data"
    with replay(tmp_path, rows, [], latency=Latency(page=0.3)) as hub:
        command = [
            sys.executable,
            "-m",
            "index.cli",
            "crawl",
            "--hub",
            hub.url,
            "--data",
            str(data),
            "--documents",
            "none",
        ]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | {"HF_TOKEN": ""})
        while not (data / "hub.db").exists():
            time.sleep(0.02)
        while hub.stats.requests["listing"] < 2:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 4, said
        assert "again" in said
        result = run("crawl", "--hub", hub.url, "--data", str(data), "--documents", "none")
    assert result.exit_code == 0, result.output
    with sqlite3.connect(data / "hub.db") as db:
        assert db.execute("SELECT count(*) FROM repos").fetchone() == (6000,)
        assert db.execute("SELECT count(*), max(complete) FROM crawls").fetchone() == (1, 1)


@pytest.mark.parametrize(
    ("command", "file", "statement", "told"),
    [
        ("judge", "hub.db", "ALTER TABLE repos DROP COLUMN likes", "(repos.likes)"),
        ("publish", "hub.db", "ALTER TABLE verdict_history DROP COLUMN note", "(verdict_history.note)"),
        ("agree", "hub.db", "ALTER TABLE repos ADD COLUMN other TEXT", "(repos.other)"),
        ("changes", "index.db", "ALTER TABLE names DROP COLUMN until", "names.until. Run `openness publish`"),
        ("serve", "index.db", "DROP TABLE overrides", "has no overrides.date"),
    ],
)
def test_a_file_whose_columns_are_another_versions_is_refused_with_a_sentence(tmp_path, command, file, statement, told):
    night = Night(tmp_path)
    night.crawl([model(1, "maker/base")])
    night.judge()
    publish(tmp_path, datetime(2026, 11, 2, 6, tzinfo=UTC))
    with closing(sqlite3.connect(tmp_path / file)) as conn:
        conn.execute(statement)
    done = run(command, "--data", str(tmp_path))
    assert (done.exit_code, type(done.exception)) == (5, SystemExit)
    assert f"{tmp_path / file} was" in done.output
    assert "by another version of openness" in done.output
    assert told in done.output


def test_agreement_with_nobody_is_a_sentence_and_no_table_of_nothing(tmp_path):
    night = Night(tmp_path)
    night.crawl([model(1, "maker/base")])
    night.judge()
    done = run("agree", "--data", str(tmp_path))
    assert (done.exit_code, "No expert has judged a model that is here" in done.output) == (2, True)
