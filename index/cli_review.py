"""`openness verify` and `openness export`: verdicts checked again, and taken elsewhere. Arguments and wiring only.

Also what `openness show --date` prints, and the frameworks of a page, for the command that owns them.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import click
from rich.console import RenderableType

from crawler import session
from crawler.cli import data_option
from crawler.errors import OpennessError, UsageError
from index import asof, check, queries, terminal, verify
from index import export as exporting
from index.plain import clean
from index.verify import State, Verified

json_option = click.option("--json", "as_json", is_flag=True, help="The same content as JSON.")
_MARKS = {State.FOUND: "found", State.MOVED: "MOVED", State.GONE: "GONE", State.NOT_CHECKABLE: "not checkable"}


SAMPLE_NOTE = "This is the bundled sample: facts are real and dated, cards are written for openness, not by the makers."


def say_sample(db: sqlite3.Connection, err: bool = False) -> None:
    """Say that the words are invented where an index is of the sample; `err` keeps CSV as it is."""
    if queries.is_sample(db):
        click.secho(SAMPLE_NOTE, err=err, dim=True)


def sample_key(db: sqlite3.Connection) -> dict[str, bool]:
    """What a JSON object says beside its content: {"sample": true} where an index is of the sample, else nothing."""
    return {"sample": True} if queries.is_sample(db) else {}


@click.command(
    name="verify", epilog="Example: openness verify tiiuae/falcon-7b   |   openness verify --all-of ids.txt --json"
)
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all-of", "list_", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="A file that names models: ids, CSV, JSON list or CycloneDX.")  # fmt: skip
@click.option("--everything", is_flag=True, help="Every judged model.")
@data_option
@json_option
def verify_command(ids: tuple[str, ...], list_: Path | None, everything: bool, data: Path, as_json: bool) -> None:
    """Find every quote of a verdict's evidence again, in the stored card, licence text or metadata.

    Exit status 0: nothing is gone; 1: something is, or a model is not known.
    """
    listed = check.parse_items(list_.read_text("utf-8", "replace"), str(list_)) if list_ else ()
    wanted = [*ids, *(check.split_pin(item)[0] for item in listed)]
    if not wanted and not everything:
        raise UsageError("Name a model, a list with --all-of, or use --everything.")
    unknown: list[str] = []
    with closing(verify.Source(session.hub_db(data), session.documents_db(data))) as source:
        results = source.verify_all() if everything else _named(source, wanted, unknown)
        if as_json:
            done = list(results)
            click.echo(terminal.to_json({"models": [_plain(v) for v in done], "not_judged": unknown,
                                         "counts": verify.add_up(done),
                                         "found": _found(done)._asdict()}))  # fmt: skip
        else:
            done = []
            for found in results:
                done.append(found._replace(checked=()))
                _say(found, whole=len(wanted) == 1)
            _say_total(done)
    for name in unknown:
        click.echo(f"openness: {clean(name)} is not known, or not judged", err=True)
    sys.exit(1 if unknown or not all(found.ok for found in done) else 0)


def _named(source: verify.Source, names: list[str], unknown: list[str]) -> Iterator[Verified]:
    for name in names:
        try:
            yield verify.verify_named(source, queries.clean_id(name))
        except verify.NotJudged:
            unknown.append(name)


def _plain(found: Verified) -> dict[str, object]:
    return {**terminal.to_plain(found), "ok": found.ok}


def _say(found: Verified, whole: bool) -> None:
    """One model: every piece when it is the only one asked for, else what is not as it was."""
    shown = [c for c in found.checked if whole or c.state is not State.FOUND]
    if not shown and not whole:
        return
    click.echo(f"{clean(found.id)}: {found.level}, judged {found.judged} by rules {found.rules_version}")
    for c in shown:
        words = f"“{clean(c.quote, 90)}”" if c.quote else f"{c.outcome}, asked again"
        note = f"  ({clean(c.note, 120)})" if c.note else ""
        where = f"{c.dimension:<13}  {c.probe:<21}  {clean(c.place, 50):<26}"
        click.echo(f"  {_MARKS[c.state]:<13}  {where}  {words}{note}")


def _found(results: list[Verified]) -> verify.Found:
    return verify.Found(*(sum(n) for n in zip((0, 0, 0), *(v.found for v in results), strict=True)))


def _say_total(results: list[Verified]) -> None:
    counts = verify.add_up(results)
    found = _found(results)
    told = [f"{found.quotes:,} quotes found again", f"{found.absences:,} absences confirmed"]
    told += [f"{found.unread:,} could not be read, as before"] if found.unread else []
    told += [f"{n:,} {state}" for state, n in counts.items() if n and state != State.FOUND]
    one = "1 model" if len(results) == 1 else f"{len(results):,} models"
    click.echo(f"{sum(counts.values()):,} pieces of evidence of {one}: {', '.join(told)}")


@click.command(
    name="export",
    epilog="Example: openness export out   |   openness export out --format parquet"
    "   |   openness export out --format cyclonedx --model openai-community/gpt2",
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--format", "format_", type=click.Choice(exporting.FORMATS), default="csv", show_default=True)
@click.option("--model", "ids", multiple=True, help="CycloneDX: a model of the bill of materials; may be repeated.")
@click.option("--top", type=click.IntRange(1), default=exporting.TOP, show_default=True,
              help="CycloneDX without --model: so many of the most downloaded.")  # fmt: skip
@click.option("--evidence/--no-evidence", default=True, show_default=True, help="The quotes, the largest file.")
@data_option
@json_option
def export_command(
    folder: Path, format_: str, ids: tuple[str, ...], top: int, evidence: bool, data: Path, as_json: bool
) -> None:
    """Write the index into DIR: models, judgements with evidence, downloads, changes and more, with SHA-256 sums."""
    if ids and format_ != "cyclonedx":
        raise UsageError("--model is for --format cyclonedx; the other formats hold the whole index.")
    with closing(queries.open_index(session.index_db(data))) as db:
        done = exporting.export(db, folder, format_, ids=ids, top=top, evidence=evidence)
    if as_json:
        click.echo(terminal.to_json({**terminal.to_plain(done), "folder": str(done.folder)}))
        return
    for file in done.files:
        click.echo(f"{done.folder / file.name}: {file.rows:,} rows, {file.size / 1e6:,.1f} MB")
    click.echo(f"{done.folder / done.manifest}: SHA-256 of each")


class NotKnownThen(OpennessError):
    """A model that the index does not have, or a day that it knows nothing of."""

    exit_status = 1


def show_as_of(db: sqlite3.Connection, model: str, day: date, as_json: bool) -> str | RenderableType:
    """What `openness show MODEL --date D` prints: JSON text, or something for a console.

    Raises NotKnownThen when the model is not in the index, or the day is after its last night or before its first.
    """
    looked = [night.date for night in queries.nights(db)]
    if looked and day > max(looked):
        last = max(looked).isoformat()
        raise NotKnownThen(f"The last night that the index knows is {last}; {day.isoformat()} is after it.")
    known = queries.resolve(db, model)
    found = None if known is None else asof.get(db, known, day)
    if found is None:
        raise NotKnownThen(terminal.unknown_model(model, queries.suggest(db, model)))
    if not found.seen:
        raise NotKnownThen(f"The index had not seen {clean(found.id)} yet on {found.date}.")
    return terminal.to_json(asof.to_dict(found) | sample_key(db)) if as_json else asof.render(found)
