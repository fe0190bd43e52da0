"""`openness schedule`: runs schedules/nightly.toml in the foreground with APScheduler. Knows when, not what.

APScheduler's defaults skip nights (a grace of one second) and keep no memory; so: a grace of hours, one run at a time,
missed runs merged into one, and at the start one look at the crawls table, which knows better than any job store
whether the last night was done. Times are UTC: local time has nights without 02:17 and nights with two.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger

from crawler.errors import UsageError

DEFAULT = Path(__file__).parents[1] / "schedules" / "nightly.toml"


class Schedule(NamedTuple):
    """What nightly.toml says."""

    cron: str
    jitter: timedelta
    grace: timedelta
    timeout: timedelta
    arguments: tuple[str, ...]


def read(path: Path = DEFAULT) -> Schedule:
    """The schedule of a file. Raises UsageError with what is wrong in it."""
    try:
        table = tomllib.loads(path.read_text())["nightly"]
        schedule = Schedule(
            cron=table["cron"],
            jitter=timedelta(minutes=table.get("jitter_minutes", 0)),
            grace=timedelta(hours=table.get("grace_hours", 6)),
            timeout=timedelta(hours=table.get("timeout_hours", 20)),
            arguments=tuple(table.get("arguments", ())),
        )
        trigger(schedule)
    except OSError as e:
        raise UsageError(f"Cannot read the schedule {path}: {e.strerror}.") from e
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as e:
        raise UsageError(f"The schedule {path} cannot be used: {e!r}. See schedules/README.md.") from e
    return schedule


def trigger(schedule: Schedule, *, jitter: bool = False) -> CronTrigger:
    """APScheduler's trigger, in UTC."""
    made = CronTrigger.from_crontab(schedule.cron, timezone=UTC)
    if jitter:
        made.jitter = int(schedule.jitter.total_seconds()) or None
    return made


def next_run(schedule: Schedule, now: datetime) -> datetime:
    """The next planned moment after `now`, without jitter."""
    found = trigger(schedule).get_next_fire_time(None, now)
    assert found is not None, "a cron line has a next moment"
    return found


def is_overdue(schedule: Schedule, last_night: datetime | None, now: datetime) -> bool:
    """True when the planned moment before `now` is within its grace and no run has started since."""
    moments = trigger(schedule)
    planned = moments.get_next_fire_time(None, now - schedule.grace)
    return planned is not None and planned <= now and (last_night is None or last_night < planned)


def run(
    schedule: Schedule, arguments: list[str], *, last_start: Callable[[], datetime | None], now: datetime,
    say: Callable[[str], None],
) -> None:  # fmt: skip
    """Run until stopped by a signal. `last_start` tells when the last crawl began (from hub.db)."""
    command = [sys.executable, "-m", "index.cli", "nightly", *arguments, *schedule.arguments]
    child: list[subprocess.Popen[bytes]] = []

    def night() -> None:
        say(f"starting: {' '.join(command[2:])}")
        process = subprocess.Popen(command)
        child[:] = [process]
        try:
            status = process.wait(timeout=schedule.timeout.total_seconds())
        except subprocess.TimeoutExpired:
            say(f"still running after {schedule.timeout}; asked to stop at its next checkpoint")
            process.terminate()
            status = process.wait()
        say(f"finished with exit status {status}")

    def missed(event: JobExecutionEvent) -> None:
        say(f"a night was missed or failed: {event.exception or 'too late'} (planned {event.scheduled_run_time})")

    scheduler = BlockingScheduler(
        timezone=UTC,
        job_defaults={"misfire_grace_time": int(schedule.grace.total_seconds()), "coalesce": True, "max_instances": 1},
    )
    scheduler.add_listener(missed, EVENT_JOB_MISSED | EVENT_JOB_ERROR)
    scheduler.add_job(night, trigger(schedule, jitter=True), id="nightly")
    if is_overdue(schedule, last_start(), now):
        say("the last planned night was missed: running it now")
        scheduler.add_job(night, id="catch-up")
    say(f"next night: {next_run(schedule, now):%Y-%m-%d %H:%M} UTC, up to {schedule.jitter} later; Ctrl-C stops")
    try:
        scheduler.start()
    except (KeyboardInterrupt, SystemExit):
        if child and child[0].poll() is None:
            child[0].terminate()
            child[0].wait()
        say("stopped")
