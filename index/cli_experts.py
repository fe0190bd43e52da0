"""`openness experts import` and `openness agree`: human judgements beside ours. Arguments and wiring only."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import click
import httpx

from crawler import session
from crawler.cli import FAILURES, data_option, now
from crawler.errors import UsageError
from crawler.lock import locked
from index import agreement, expert_tables, experts, terminal


@click.group(name="experts")
def experts_group() -> None:
    """What people judged by hand: the European index, the Radboud table, MOT."""


@experts_group.command(
    name="import",
    epilog="Example: openness experts import path/to/main-database   |   openness experts import table.html",
)
@click.argument("place", metavar="PATH|URL")
@click.option("--version", "version", default="", help="What to call this version [default: a digest of the files].")
@data_option
def import_(place: str, version: str, data: Path) -> None:
    """Read a human index: a folder or file of YAML, CSV or HTML, or a URL. Importing it again replaces it."""
    with httpx.Client(timeout=60, follow_redirects=True) as client:
        read = experts.import_experts(place, client, version=version)
    for warning in read.warnings:
        click.echo(f"  {terminal.clean(warning)}", err=True)
    if not read.rows:
        raise UsageError(f"{place} holds no judgement that can be read; nothing was changed.")
    with locked(data), closing(expert_tables.open_hub(session.hub_db(data))) as conn:
        systems, cells = expert_tables.replace(conn, read.rows, now().date().isoformat())
    off = len({r.system for r in read.rows if r.off_hub})
    click.echo(f"Imported {cells:,} cells of {systems:,} systems, {off:,} of them not on the Hub.")
    for line in sorted({r.attribution for r in read.rows}):
        click.echo(f"  {line}")
    sys.exit(FAILURES if read.warnings else 0)


@click.command(epilog="Example: openness agree --disagreements 20")
@click.option("--disagreements", type=click.IntRange(min=0), default=0, help="List so many, with both reasons.")
@click.option("--json", "as_json", is_flag=True, help="The same content as JSON.")
@data_option
def agree(disagreements: int, as_json: bool, data: Path) -> None:
    """Our judgements against the experts': per characteristic, and where we differ.

    Twice: once with 'unknown' as an answer of its own, once read as closed, as the human indexes do.
    """
    if not session.hub_db(data).exists():
        raise UsageError(f"{data} has no hub.db yet. Run `openness nightly`, then `openness experts import`.")
    with closing(expert_tables.open_hub(session.hub_db(data))) as conn:
        rows = expert_tables.agreement(conn)
    if not any(row.n for row in rows):
        raise UsageError(
            "No expert has judged a model that is here. Read a human index first: `openness experts import PATH|URL` "
            "takes a copy of the European Open Source AI Index (YAML files; see osai-index.eu), the "
            "Radboud table (its HTML or CSV) or MOT (its YAML files); none comes with openness."
        )
    if as_json:
        click.echo(terminal.to_json(agreement.json_rows(rows)))
        return
    click.echo(agreement.render(rows))
    if disagreements:
        click.echo(agreement.render_disagreements(rows, disagreements))
