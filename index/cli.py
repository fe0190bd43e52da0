"""The `openness` command: arguments, wiring, exit status. No SQL, no HTTP, no rules; those have their own modules.

Exit status: 0 done; 1 a check said no; 2 usage; 3 finished with failures that a person should see; 4 stopped and
resumable; 5 refused. A foreseeable failure is one sentence on standard error, never a traceback.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from crawler import cli as crawler_cli
from crawler import database, session
from crawler.cli import FAILURES, Ticker, crawl_options, data_option, now, options_of
from crawler.errors import OpennessError, StorageFull, UsageError
from crawler.lock import locked
from index import check as checks
from index import cli_experts, cli_mof, cli_review, families, overrides, queries, readings, terminal, trends
from index.plain import make_console


class Group(click.Group):
    """Turns our errors into a sentence and an exit status, at one place."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except OpennessError as e:
            click.echo(f"openness: {e}", err=True)
            ctx.exit(e.exit_status)
        except sqlite3.OperationalError as e:
            better = database.translated(e, ctx.params.get("data") or "the data directory")
            if not isinstance(better, OpennessError):
                raise
            click.echo(f"openness: {better}", err=True)
            ctx.exit(StorageFull.exit_status)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]},
             epilog="Start: openness nightly --hub sample; openness serve")  # fmt: skip
@click.version_option(package_name="openness")
@click.option("--data", "group_data", type=click.Path(file_okay=False, path_type=Path), hidden=True)
def main(group_data: Path | None) -> None:
    """How open are the models of the Hugging Face Hub, by rules that show their evidence, every night."""
    if group_data is not None:  # `openness --data DIR nightly` as well as `openness nightly --data DIR`
        os.environ["OPENNESS_DATA"] = str(group_data)


main.add_command(crawler_cli.crawl)
main.add_command(crawler_cli.replay)
main.add_command(crawler_cli.history_group)
main.add_command(cli_experts.experts_group)
main.add_command(cli_experts.agree)
main.add_command(cli_mof.mof_command)
main.add_command(cli_review.verify_command)
main.add_command(cli_review.export_command)

workers_option = click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that judge."
)
#: Events that the history has, and what people call some of them.
EVENTS = ("license", "license_name", "license_link", "gated", "disabled", "private", "name", "base_model", "datasets",
          "papers", "missing", "returned", "level")  # fmt: skip
ALIASES = {"licence": "license", "gating": "gated", "access": "gated", "rename": "name"}

json_option = click.option("--json", "as_json", is_flag=True, help="The same content as JSON.")


def console() -> Console:
    """Where a person reads; wide enough for a table when it is a file."""
    width = None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", "120"))
    return make_console(sys.stdout, width)


def program() -> str:
    """How this command was called, so that what we print can be typed."""
    called = Path(sys.argv[0])
    return sys.argv[0] if called.name == "openness" else "python -m index.cli"


def published(data: Path) -> closing[sqlite3.Connection]:
    """The published index of a data directory, read only. Raises UsageError when there is none."""
    return closing(queries.open_index(session.index_db(data)))


@main.command(epilog="Example: openness nightly --hub sample   |   HF_TOKEN=... openness nightly")
@data_option
@crawl_options
@workers_option
@json_option
def nightly(data: Path, workers: int, as_json: bool, **arguments: Any) -> None:
    """One night: crawl, judge, publish. What the schedule runs.

    Killed or stopped at any point, the next run goes on from its last checkpoint; the published index stays whole.
    """
    from index.nightly import nightly as run

    ticker = Ticker()
    with session.stopping() as stop:
        night = run(options_of(data, arguments), stop=stop, progress=ticker, clock=now, workers=workers)
    ticker.done()
    if as_json:
        click.echo(terminal.to_json(night))
    else:
        for report in night.crawls:
            click.echo(crawler_cli.sentence(report))
            for problem in report.problems:
                click.echo(f"  {problem}", err=True)
        _say_judged(night.judged)
        p = night.published
        click.echo(f"Published {p.models:,} models in {p.seconds:.1f} s: {p.path} ({p.size / 1e6:,.1f} MB)")
        if len(night.crawls) > 1:
            nights = f"Over {len(night.crawls)} nights a model is judged again whenever it changed"
            click.echo(f"{nights}, and what vanished stays published as such.\n")
        with published(data) as db:
            console().print(terminal.summary(queries.get_summary(db)))
            cli_review.say_sample(db)
        click.echo(f"Browse it:  {program()} serve --data {data}")
    failed = crawler_cli.exit_status(night.crawls) or (FAILURES if any(j.errors for j in night.judged) else 0)
    sys.exit(failed)


def _say_judged(reports: list[Any]) -> None:
    judged, changed = sum(r.judged for r in reports), sum(r.changed for r in reports)
    errors = sum(r.errors for r in reports)
    failed = f", {errors:,} could not be judged (their rows say why)" if errors else ""
    click.echo(f"Judged {judged:,} models, {changed:,} verdicts changed{failed}")


@main.command(epilog="Example: openness judge --all --dry-run")
@data_option
@click.option("--all", "everything", is_flag=True, help="Judge every model again, not only what changed.")
@click.option("--dry-run", is_flag=True, help="Say what would move; write nothing.")
@workers_option
@click.option("--cluster", metavar="ADDRESS", help="A dask.distributed scheduler whose workers judge instead.")
@json_option
def judge(data: Path, everything: bool, dry_run: bool, workers: int, cluster: str | None, as_json: bool) -> None:
    """Judge what changed since the last time: new models, new cards, new licences, changed ancestors, new rules."""
    from index.judge import judge as run

    _needs_hub(data)
    ticker = Ticker()
    with session.stopping() as stop, locked(data):
        report = run(
            session.hub_db(data), session.documents_db(data), now(), everything=everything, workers=workers,
            dry_run=dry_run, overrides=overrides.load(data, now().date()), progress=ticker, stop=stop, cluster=cluster,
        )  # fmt: skip
    ticker.done()
    if as_json:
        click.echo(terminal.to_json(report))
    else:
        _say_judged([report])
        for moved in report.moved[:50]:
            click.echo(f"  {terminal.clean(moved.repo_id)}: {moved.old} -> {moved.new} ({moved.cause})")
    sys.exit(FAILURES if report.errors else 0)


def _needs_hub(data: Path) -> None:
    if not session.hub_db(data).exists():
        raise UsageError(
            f"{data} has no hub.db yet. Run `openness nightly --hub sample` first, or without --hub the live one."
        )


@main.command(epilog="Example: openness publish --data data")
@data_option
def publish(data: Path) -> None:
    """hub.db -> index.db: an immutable, indexed, checked snapshot, swapped in by rename."""
    from index.nightly import publish_all as run

    _needs_hub(data)
    with locked(data):
        p = run(data, now())
    click.echo(f"Published {p.models:,} models in {p.seconds:.1f} s: {p.path} ({p.size / 1e6:,.1f} MB)")


@main.command(epilog="Example: openness serve --port 8001 --no-sql")
@data_option
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True)
@click.option("--sql/--no-sql", default=True, show_default=True, help="Let readers run their own SQL, within limits.")
@click.option("--download/--no-download", default=True, show_default=True, help="Let readers download index.db.")
@click.option("--robots", type=click.Choice(["index", "all", "none"]), default="index", show_default=True,
              help="What search engines may read.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1, 64), show_default="one for each processor, at most 4",
              help="Processes that answer.")  # fmt: skip
def serve(data: Path, host: str, port: int, sql: bool, download: bool, robots: str, workers: int | None) -> None:
    """Browse index.db in Datasette; restarted by itself when a new one is published."""
    from index import serve as serving

    serving.check(data, host, port)
    click.echo(f"Serving {session.index_db(data)} at http://{host}:{port}/   (Ctrl-C stops)")
    serving.serve(data, host, port, sql=sql, download=download, robots=robots, workers=workers)  # type: ignore[arg-type]


@main.command(epilog="Example: openness show meta-llama/Meta-Llama-3-8B")
@click.argument("model")
@data_option
@click.option("--quotes", type=click.IntRange(min=0), default=2, show_default=True, help="Quotes per characteristic.")
@click.option("--date", "day", metavar="YYYY-MM-DD", help="As it was judged on that day, and what changed since.")
@json_option
def show(model: str, data: Path, quotes: int, day: str | None, as_json: bool) -> None:
    """One model: its level and why, the 14 characteristics with quotes, lineage, claims, trend."""
    with published(data) as db:
        if day is not None:
            out = cli_review.show_as_of(db, model, _day(day), as_json)
            if as_json:
                click.echo(out)
            else:
                console().print(out)
                cli_review.say_sample(db)
            return
        known = queries.resolve(db, model)
        page = None if known is None else queries.get_page(db, known)
        family = None if page is not None or "/" in model else queries.get_family(db, model)
        if family is not None:
            if as_json:
                click.echo(terminal.to_json(terminal.family_dict(family) | cli_review.sample_key(db)))
            else:
                console().print(terminal.show_family(family))
                cli_review.say_sample(db)
            return
        if page is None:
            raise NotInIndex(terminal.unknown_model(model, queries.suggest(db, model)))
        if as_json:
            read = readings.of_page(page)
            shown = terminal.show_dict(page) | {"frameworks": read and readings.to_dict(read)}
            click.echo(terminal.to_json(shown | cli_review.sample_key(db)))
        else:
            console().print(terminal.show(page, quotes))
            cli_review.say_sample(db)


class NotInIndex(OpennessError):
    """What was asked for is not in the index."""

    exit_status = 1


@main.command(
    epilog='Example: openness trend "Llama 2" "Llama 3" --days 90   |   openness trend openai-community/gpt2 --csv'
)
@click.argument("names", nargs=-1, required=True, metavar="NAME|FAMILY...")
@data_option
@click.option("--days", type=click.IntRange(min=1), help="Only the last N days.")
@click.option("--by", type=click.Choice(["date", "age"]), default="date", show_default=True,
              help="Side by side by date, or by days since release.")  # fmt: skip
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="The series as CSV.")
def trend(names: tuple[str, ...], data: Path, days: int | None, by: str, as_json: bool, as_csv: bool) -> None:
    """Downloads of models or families over time. A night without an observation is a gap, not a zero."""
    with published(data) as db:
        series = [one for name in names for one in _series(db, name)]
        if days is not None:
            series = [trends.last_days(s, days) for s in series]
        if as_json:
            click.echo(terminal.to_json(trends.to_dict(series) | cli_review.sample_key(db)))
        elif as_csv:
            click.echo(trends.to_csv(series), nl=False)
        else:
            console().print(terminal.trend(series, by))
        if not as_json:
            cli_review.say_sample(db, err=as_csv)


def _series(db: sqlite3.Connection, name: str) -> list[trends.Series]:
    """The series of a family, of a line of families ('llama': Llama 1 to 4), or of one model."""
    if "/" not in name:
        found = [queries.family_series(db, family.name) for family in families.find_families(name)]
        known = [series for series in found if series is not None]
        if known:
            return known
    model_id = queries.resolve(db, name)
    model = None if model_id is None else queries.get_model(db, model_id)
    if model is not None:
        return [queries.model_series(db, model)]
    family = None if "/" in name else families.find_family(name)
    if family is not None:
        raise NotInIndex(terminal.uncounted_family(family.name, queries.get_family(db, name)))
    near = (*queries.suggest(db, name), *families.suggest_families(name))
    raise NotInIndex(terminal.unknown_model(name, near))


@main.command(epilog="Example: openness changes --since 2026-08-01 --field license --field gated")
@data_option
@click.option("--since", metavar="YYYY-MM-DD", help="From this day on [default: the last 7 nights].")
@click.option("--field", "fields", multiple=True, type=click.Choice([*EVENTS, "all", *ALIASES], case_sensitive=False),
              help="Which events, may be repeated [default: license, gated, level].")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), default=200, show_default=True)
@json_option
def changes(data: Path, since: str | None, fields: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Licences, gating and levels that changed, the most downloaded models first."""
    named = tuple(ALIASES.get(field, field) for field in fields)
    wanted = EVENTS if "all" in named else named or ("license", "gated", "level")
    with published(data) as db:
        if since is None:
            last = max((n.date for n in queries.nights(db)), default=None)
            day = (last or date.min + timedelta(days=7)) - timedelta(days=7)
        else:
            day = _day(since)
        events = queries.changes_since(db, day, wanted, limit)
        if as_json:
            mark = cli_review.sample_key(db)  # a list has no place for it: every event says so
            click.echo(terminal.to_json([{**e._asdict(), **mark} for e in events]))
        else:
            console().print(terminal.changes(events, day.isoformat()))
            cli_review.say_sample(db)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a date like 2026-08-22") from None


@main.command(
    epilog="Example: openness check models.txt --require L3   |   openness check bom.cdx.json --require L3 --json"
)
@click.argument("items", nargs=-1, required=True, metavar="FILE|ID...")
@click.option("--require", "level", required=True, help="The level that every model must reach, L0 to L6.")
@data_option
@json_option
def check(items: tuple[str, ...], level: str, data: Path, as_json: bool) -> None:
    """Verdicts for a list of models, for CI: exit status 1 when one falls short.

    FILE holds ids one a line, a CSV whose first column is the id, a JSON list, or a CycloneDX bill of materials. An id
    may be pinned, ORG/NAME@REVISION: it falls short unless that is the commit that was judged (`main` always is).
    """
    require = checks.parse_level(level)
    wanted: list[str] = []
    for item in items:
        wanted += _named_in(item)
    with published(data) as db:
        verdicts = checks.check(db, wanted, require)
        if as_json:
            click.echo(terminal.to_json(checks.to_dict(verdicts, require) | cli_review.sample_key(db)))
        else:
            console().print(checks.render(verdicts, require))
            cli_review.say_sample(db)
    sys.exit(checks.exit_status(verdicts))


def _named_in(item: str) -> tuple[str, ...]:
    """The models of one argument: the lines of a file, of standard input ('-'), or the argument itself."""
    if item == "-":
        return checks.parse_items(sys.stdin.read(), "standard input")
    path = Path(item)
    if path.is_file():
        return checks.parse_items(path.read_text("utf-8", "replace"), item)
    if path.is_absolute() or item.startswith(".") or path.suffix in (".txt", ".csv", ".json", ".jsonl"):
        raise UsageError(f"There is no file {item}.")
    return (item,)


@main.command(epilog="Example: openness status --json")
@data_option
@json_option
def status(data: Path, as_json: bool) -> None:
    """Last crawl, judge and publish, what is waiting, the next planned night, sizes."""
    from index.status import read

    state = read(data, now())
    click.echo(terminal.to_json(state)) if as_json else console().print(terminal.status(state))


@main.command(epilog="Example: openness schedule --data /srv/openness/data")
@data_option
@click.option("--config", type=click.Path(path_type=Path), help="Another nightly.toml.")
@click.option("--hub", metavar="URL|sample", help="Which Hub [default: HF_ENDPOINT, else the live one].")
@click.option("--catch-up/--no-catch-up", default=True, show_default=True, help="Run a missed night at the start.")
def schedule(data: Path, config: Path | None, hub: str | None, catch_up: bool) -> None:
    """Run the nightly schedule in the foreground until stopped."""
    from index import schedule as planned
    from index.status import last_start

    plan = planned.read(config) if config else planned.read()
    arguments = ["--data", str(data), *(["--hub", hub] if hub else [])]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    moment = now()

    def last() -> datetime | None:
        return last_start(data) if catch_up else moment

    planned.run(plan, arguments, last_start=last, now=moment, say=lambda text: print(text, flush=True))


if __name__ == "__main__":
    main()
