"""One schedule in four spellings; nights that a sleeping machine missed; UTC through the clock changes."""

import configparser
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from apscheduler.triggers.cron import CronTrigger

from crawler.errors import UsageError
from index import schedule

FOLDER = Path(schedule.__file__).parents[1] / "schedules"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_every_runner_beside_nightly_toml_has_the_same_next_moment():
    ours = schedule.next_run(schedule.read(), NOW)
    assert ours == datetime(2026, 11, 23, 2, 17, tzinfo=UTC)
    cron = [line for line in (FOLDER / "crontab.example").read_text().splitlines() if line[:1].isdigit()]
    assert "CRON_TZ=UTC" in (FOLDER / "crontab.example").read_text()
    actions = yaml.safe_load((FOLDER / "github-actions.yml.example").read_text())[True]["schedule"][0]["cron"]
    for line in (" ".join(cron[0].split()[:5]), actions):
        assert CronTrigger.from_crontab(line, timezone=UTC).get_next_fire_time(None, NOW) == ours
    timer = configparser.ConfigParser(strict=False)
    timer.optionxform = str
    timer.read(FOLDER / "openness-nightly.timer")
    assert timer["Timer"]["OnCalendar"] == f"*-*-* {ours:%H:%M:%S} UTC"
    assert timer["Timer"]["RandomizedDelaySec"] == f"{schedule.read().jitter.total_seconds() / 60:.0f}m"
    assert "shuf -i 0-900" in cron[0]


def test_the_minute_is_odd_and_the_grace_is_hours():
    s = schedule.read()
    assert schedule.next_run(s, NOW).minute not in (0, 15, 30, 45)
    assert s.grace >= timedelta(hours=3)


@pytest.mark.parametrize("day", ["2027-03-28", "2027-10-31"])
def test_on_the_days_of_the_clock_change_it_runs_once(day):
    noon_before = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(hours=12)
    first = schedule.next_run(schedule.read(), noon_before)
    second = schedule.next_run(schedule.read(), first + timedelta(seconds=1))
    assert second - first == timedelta(days=1)


def test_a_night_slept_through_is_overdue_within_its_grace_and_not_after():
    s = schedule.read()
    planned = datetime(2026, 11, 22, 2, 17, tzinfo=UTC)
    assert schedule.is_overdue(s, planned - timedelta(days=1), planned + timedelta(hours=3))
    assert schedule.is_overdue(s, None, planned + timedelta(hours=3))
    assert not schedule.is_overdue(s, planned + timedelta(minutes=4), planned + timedelta(hours=3))
    assert not schedule.is_overdue(s, None, planned + timedelta(hours=7))


@pytest.mark.parametrize("text", ["", "[nightly]\ncron = 'every night'", "[nightly]\ncron = '17 2 * *'", "not toml"])
def test_a_schedule_that_cannot_be_used_is_a_sentence(tmp_path, text):
    bad = tmp_path / "nightly.toml"
    bad.write_text(text)
    with pytest.raises(UsageError, match="cannot be used"):
        schedule.read(bad)


def test_the_runner_starts_says_its_next_night_and_stops_on_a_signal(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "index.cli", "schedule", "--data", str(tmp_path), "--no-catch-up"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert "next night:" in process.stdout.readline()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
