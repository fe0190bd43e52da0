"""`openness mof`: MOF classes of records that somebody declared, file by file. Arguments and wiring only.

Decides nothing (`mof.py` does) and judges no model of the index: `openness show` prints the class that its evidence
reaches.
"""

from __future__ import annotations

import sys

import click

from index import expert_files, mof, terminal
from index.plain import clean

_CLASS = {None: "no class", 3: "III Open Model", 2: "II Open Tooling", 1: "I Open Science"}


@click.command(name="mof", epilog="Example: openness mof models/ --quirks   |   openness mof OLMo-7b.yml --json")
@click.argument("places", nargs=-1, required=True, metavar="FILE|DIR...")
@click.option("--quirks", is_flag=True, help="To the letter as the Model Openness Tool does it, its slips included.")
@click.option("--json", "as_json", is_flag=True, help="The same content as JSON.")
def mof_command(places: tuple[str, ...], quirks: bool, as_json: bool) -> None:
    """Evaluate MOT records (YAML): the MOF class, the progress of each, every component with the licence it has.

    Exit status 0: all were read; 1: some were not records.
    """
    read = [expert_files.read_place(place) for place in places]
    unread = [warning for one in read for warning in one.warnings]
    results: list[tuple[str, mof.MofRecord, mof.MofResult]] = []
    for file in (file for one in read for file in one.files):
        try:
            record = mof.parse_record(expert_files.parse_yaml(file.body))
        except (mof.BadRecord, expert_files.BadDocument) as e:
            unread.append(f"{file.name}: {e}")
        else:
            results.append((file.name, record, mof.evaluate(record, quirks=quirks)))
    if as_json:
        click.echo(terminal.to_json({"records": [_plain(*one) for one in results], "unread": unread, "quirks": quirks}))
    else:
        for _, record, result in results:
            _say(record, result, whole=len(results) == 1)
    for warning in unread:
        click.echo(f"openness: {clean(warning)}", err=True)
    sys.exit(1 if unread else 0)


def _plain(file: str, record: mof.MofRecord, result: mof.MofResult) -> dict[str, object]:
    progress = {"III": result.progress_iii, "II": result.progress_ii, "I": result.progress_i}
    components = [{"name": mof.BY_KEY[s.key].name, **s._asdict()} for s in result.components]
    return {"file": file, "name": record.name, "class": result.class_, "progress": progress,
            "components": components, "warnings": result.warnings}  # fmt: skip


def _say(record: mof.MofRecord, result: mof.MofResult, whole: bool) -> None:
    """One line a record; every component where it is the only one."""
    progress = f"III {result.progress_iii:.0f} %, II {result.progress_ii:.0f} %, I {result.progress_i:.0f} %"
    click.echo(f"{clean(record.name, 60) or 'without a name'}: {_CLASS[result.class_]} ({progress})")
    if not whole:
        return
    for status in result.components:
        component = mof.BY_KEY[status.key]
        needed = f"class {'I' * component.class_}" if component.required else "not asked for"
        click.echo(f"  {component.name:<38}{status.state:<17}{clean(status.license or '', 40):<26}{needed}")
    for warning in result.warnings:
        click.echo(f"  {clean(warning, 200)}")
