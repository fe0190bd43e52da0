"""`openness crawl` and `openness replay`: arguments, wiring, clock, exit status. No SQL, no HTTP, no rules."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from crawler import session
from crawler.crawl import Report
from crawler.lock import locked
from crawler.walk import Scope

#: Finished, with failures that a person should see.
FAILURES = 3


def now() -> datetime:
    """The only reading of the wall clock."""
    return datetime.now(UTC)


def data_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--data DIR`, on every command that reads or writes data."""
    return click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("data"),
        envvar="OPENNESS_DATA",
        show_default=True,
        help="Directory of hub.db, documents.db and index.db.",
    )(command)


def crawl_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of the walk, shared by `crawl` and `nightly`."""
    options = (
        click.option("--hub", metavar="URL|sample", help="Which Hub [default: HF_ENDPOINT, else live]."),
        click.option("--limit", type=click.IntRange(min=1), help="Only the first N models; none is called missing."),
        click.option("--author", metavar="ORG", help="Walk only one organisation; nothing is called missing."),
        click.option("--documents", type=click.Choice(["changed", "none"]), default="changed", show_default=True,
                     help="Fetch cards and licence files of repos whose sha changed, or none."),
        click.option("--max-documents", type=click.IntRange(min=0), default=20_000, show_default=True,
                     help="At most so many repos' documents in one night, most downloaded first."),
        click.option("--max-datasets", type=click.IntRange(min=0), default=1_000, show_default=True,
                     help="At most so many linked data sets looked up in one night, the most named first."),
        click.option("--hours", type=click.FloatRange(min=0), metavar="HOURS",
                     help="Begin no document later than so long after the start; the rest waits [default: no limit]."),
        click.option("--share", type=click.FloatRange(0.05, 1.0), default=0.9, show_default=True,
                     help="Share of the Hub's quota that we may spend."),
        click.option("--max-wait", type=click.FloatRange(min=0), default=3600.0, show_default=True, metavar="SECONDS",
                     help="Stop (exit 4) rather than wait longer than this for quota."),
        click.option("--date", "night", metavar="YYYY-MM-DD", callback=_iso_date,
                     help="The night that this crawl counts as, for a recording of another day [default: today, UTC]."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def _iso_date(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a date like 2026-08-22") from None


def options_of(data: Path, arguments: dict[str, Any]) -> session.Options:
    """The crawl's options from click's arguments."""
    return session.Options(
        data=data,
        hub=arguments["hub"],
        scope=Scope(arguments["author"], arguments["limit"]),
        night=arguments["night"],
        max_documents=arguments["max_documents"] if arguments["documents"] == "changed" else 0,
        max_datasets=arguments["max_datasets"] if arguments["documents"] == "changed" else 0,
        hours=arguments["hours"],
        share=arguments["share"],
        max_wait=arguments["max_wait"],
    )


class Ticker:
    """Progress for a person at a terminal; silent when the output goes to a file."""

    def __init__(self, stream: Any = None) -> None:
        """`stream`: where a person looks; standard error by default."""
        self._console = Console(file=stream or sys.stderr, highlight=False)
        self._live = self._console.is_terminal

    def __call__(self, what: str, count: int) -> None:
        """Show a counter in place."""
        if self._live:
            self._console.print(f"  {what}: {count:,}", end="\r", soft_wrap=True)

    def done(self) -> None:
        """Leave the line."""
        if self._live:
            self._console.print(" " * 40, end="\r")


@click.command(
    epilog="Example: openness crawl --hub sample --data data   |   HF_TOKEN=... openness crawl --author allenai"
)
@data_option
@crawl_options
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def crawl(data: Path, as_json: bool, **arguments: Any) -> None:
    """Walk the Hub's listing once and fetch the documents that are due.

    Killed or stopped at any point, the next run of the same night goes on from its last checkpoint.
    """
    ticker = Ticker()
    with session.stopping() as stop, locked(data):
        reports = list(session.run(options_of(data, arguments), stop=stop, progress=ticker, clock=now))
    ticker.done()
    if as_json:
        click.echo(json.dumps([r._asdict() for r in reports], indent=2))
    else:
        for report in reports:
            click.echo(sentence(report))
            for problem in report.problems:
                click.echo(f"  {problem}", err=True)
    sys.exit(exit_status(reports))


def sentence(r: Report) -> str:
    """One night in one line."""
    parts = [f"{r.date}: {r.models:,} models seen, {r.new:,} new, {r.changed:,} changed, {r.missing:,} missing"]
    if r.rejects:
        parts.append(f"{r.rejects:,} rows could not be read (table rejects)")
    read = f"{r.documents:,} document{'' if r.documents == 1 else 's'} read"
    parts.append(read + (f", {r.failed_documents:,} failed" if r.failed_documents else ""))
    if r.backlog:
        parts.append(f"{r.backlog:,} repos wait for a later night")
    if not r.complete:
        parts.append("walk not complete")
    return "; ".join(parts) + f" ({r.requests:,} requests)"


def exit_status(reports: Sequence[Report]) -> int:
    """0 when all went well, 3 when a person should look."""
    failed = any(r.rejects or r.failed_documents or r.problems for r in reports)
    return FAILURES if failed else 0


@click.command(
    epilog="Example: openness replay recording.jsonl.xz --documents cards.jsonl.xz --port 8090"
    "   then: openness nightly --hub http://127.0.0.1:8090 --data replayed"
)
@click.argument("recording")
@click.option("--documents", type=click.Path(exists=True, dir_okay=False), help="JSON lines of {id, path, text, date}.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8090, show_default=True, help="0 = any free port.")
@click.option("--night", metavar="YYYY-MM-DD", help="Show the Hub as of this night [default: the recording's last].")
@click.option("--quota", "quotas", default="highest", show_default=True,
              help="A plan (anonymous, free, pro, enterprise, ...) or a rate like api=500/300.")  # fmt: skip
@click.option("--latency", default="0", show_default=True, help="Seconds per answer, like 0.3 or page=1,file=0.1.")
@click.option(
    "--faults", default="", help="What goes wrong how often, like errors=0.02 or error503=0.01,truncate=0.01."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the faults.")
def replay(recording: str, **arguments: Any) -> None:
    """Serve a recorded Hub over HTTP: for demos, tests, teaching and outage drills.

    RECORDING is a file of JSON lines (also .xz), a directory with models.jsonl and documents.jsonl, or `sample`.
    """
    from crawler.replay import run

    run(recording, echo=lambda text: click.echo(text), **arguments)


@click.group(name="history")
def history_group() -> None:
    """Download counts from before our own first night."""


@history_group.command(
    name="import", epilog="Example: openness history import hub-stats.parquet --source hub-stats --date 2025-01-01"
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="Where the counts come from; shown beside them.")
@click.option(
    "--date", "night", metavar="YYYY-MM-DD", callback=_iso_date, help="The day, where the file has no column of it."
)
@click.option("--map", "mapping", multiple=True, metavar="OURS=THEIRS",
              help="A column's name in the file, like id=model_url or date=snapshot.")  # fmt: skip
@data_option
def history_import(file: Path, source: str, night: str | None, mapping: tuple[str, ...], data: Path) -> None:
    """Seed the download history from a snapshot: Parquet, JSON lines or CSV, also .xz or .gz.

    Importing it again changes nothing; what we observed ourselves is never overwritten.
    """
    from contextlib import closing

    from crawler.history import import_history
    from crawler.store import Store

    columns = dict(pair.split("=", 1) for pair in mapping if "=" in pair)
    if len(columns) != len(mapping):
        raise click.BadParameter("--map takes OURS=THEIRS, for example --map id=model_url")
    with locked(data), closing(Store(session.hub_db(data))) as store:
        done = import_history(
            store, file, mapping=columns or None, source=source, imported=now().date().isoformat(), day=night
        )
    click.echo(
        f"{done.rows:,} rows read, {done.stored:,} stored for {done.models:,} models on {done.days:,} days;"
        f" {done.skipped_own:,} left to our own observation, {done.unknown:,} of models that are not here"
    )
    if done.unknown_ids:
        click.echo(f"  not here, for example: {', '.join(done.unknown_ids[:5])}")
    for reason, rows in done.bad[:10]:
        click.echo(f"  {rows:,} rows could not be read: {reason}", err=True)
    sys.exit(FAILURES if done.bad else 0)
