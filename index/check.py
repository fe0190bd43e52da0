"""`openness check`: ids out of a list of any common form, a required level, a verdict for each. No command line here.

A model falls short when its proved level is below the required one: `level_max` never helps, an unknown model never
passes, nor does one that is asked for at another revision than the one that was judged. A list that names no model at
all is refused, so that a wrong file cannot look like a clean one.
"""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from crawler.errors import UsageError
from index import explain, queries
from index.model import Level
from index.plain import clean
from index.rows import License, Model

_ID = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[\w.-]+)?", re.ASCII)
_PURL = re.compile(r"pkg:huggingface/([^@?#\s]+)(?:@([^?#\s]+))?", re.IGNORECASE)
_ADDRESS = re.compile(r"[^?#\s]*/(?:tree|blob|resolve|raw|commit)/([^/?#\s]+)")  # of a state of a repository
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
HEAD = "main"  # what the index judges, as last seen
_MAX_ITEMS = 100_000


class Verdict(NamedTuple):
    """Whether one model reaches the required level. `id` as the index has it, else as it was asked for."""

    id: str
    level: str | None
    level_max: str | None
    ok: bool
    reason: str
    revision: str | None = None  # as it was asked for
    sha: str | None = None  # the commit that was judged


def parse_level(text: str) -> Level:
    """'L3', 'l3' or '3' -> Level. Raises UsageError naming the levels."""
    match = re.fullmatch(r"[Ll]?([0-6])", text.strip())
    if match is None:
        raise UsageError(f"{clean(text, 40)!r} is not a level; use one of L0 to L6, such as --require L3.")
    return Level(int(match[1]))


def parse_items(text: str, name: str = "the list") -> tuple[str, ...]:
    """Ids in a file's text, in order, each once: lines, CSV (column `id` or `model`, else the first), JSON list,
    requirements-like lines (`org/name==revision`, `@revision`, comments), CycloneDX (purl pkg:huggingface/...). What is
    pinned to a revision comes as `org/name@revision`.

    Raises UsageError when it is JSON that cannot be read, holds no model at all, or holds more than 100,000.
    """
    text = text.removeprefix("\ufeff")
    found = _from_json(text, name) if text.lstrip()[:1] in ("{", "[") else _from_lines(text)
    items = tuple(dict.fromkeys(item for item in found if item))
    if not items:
        raise UsageError(f"{clean(name)} names no model. Give ids such as org/name, one a line, or a CycloneDX file.")
    if len(items) > _MAX_ITEMS:
        raise UsageError(f"{clean(name)} names {len(items):,} models; {_MAX_ITEMS:,} can be checked at once.")
    return items


def split_pin(item: str) -> tuple[str, str | None]:
    """'org/name@revision' -> ('org/name', 'revision'); None where nothing is pinned."""
    name, at, revision = item.partition("@")
    return (name, revision) if at and name and revision else (item, None)


def differs(revision: str, sha: str | None) -> str:
    """Why a revision may be another state of the repository than the commit that was judged; '' = it is that commit."""
    if revision == HEAD:
        return ""
    if sha is None:
        return f"asked for at {revision}, and the index does not know which commit it judged"
    if not _COMMIT.fullmatch(revision.lower()):
        return f"asked for at {revision}, which need not be {sha[:12]}, the commit that was judged"
    same = sha.startswith(revision.lower())
    return "" if same else f"asked for at commit {revision[:12]}, judged at {sha[:12]}"


def check(db: sqlite3.Connection, items: Sequence[str], require: Level) -> list[Verdict]:
    """A verdict for each item, in order. Old names are followed; a model that left the Hub does not pass."""
    return [_verdict(db, item, require) for item in items]


def judge_model(model: Model, license: License | None, require: Level) -> Verdict:
    """The verdict on one known model."""
    words = explain.in_words(model, license)
    if model.missing_since is not None:
        reason = f"no longer on the Hub, missing since {model.missing_since}; it was {words}"
        return Verdict(model.id, model.level, model.level_max, False, reason)
    if model.level is None:
        return Verdict(model.id, None, model.level_max, False, "in the index, but not judged")
    ok = Level(int(model.level[1:])) >= require
    return Verdict(model.id, model.level, model.level_max, ok, words if ok else f"{words} ({explain.interval(model)})")


def exit_status(verdicts: Sequence[Verdict]) -> int:
    """0 when every model reaches the level, 1 when one falls short, or when there is none."""
    return 0 if verdicts and all(v.ok for v in verdicts) else 1


def render(verdicts: Sequence[Verdict], require: Level) -> RenderableType:
    """The verdicts for a person: those that fall short first, and a count."""
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("", "model", "level", "why"):
        table.add_column(column, overflow="fold", no_wrap=column in ("", "level"))
    for v in sorted(verdicts, key=lambda v: v.ok):
        mark = Text("✓ ok", style="green") if v.ok else Text("✗ short", style="red")
        table.add_row(mark, Text(clean(v.id)), v.level or "?", Text(clean(v.reason)))
    short = sum(not v.ok for v in verdicts)
    return Group(table, Text(f"{short} of {len(verdicts)} fall short of L{int(require)} ({require.words})."))


def to_dict(verdicts: Sequence[Verdict], require: Level) -> dict[str, Any]:
    """The verdicts as plain JSON values."""
    return {
        "require": f"L{int(require)}",
        "ok": exit_status(verdicts) == 0,
        "models": [v._asdict() for v in verdicts],
    }


def _verdict(db: sqlite3.Connection, item: str, require: Level) -> Verdict:
    item = _one(item)
    named, revision = item, None
    known = queries.resolve(db, item)  # a name that another repository took over is shown as NAME@ID, which is no pin
    if known is None:
        named, revision = split_pin(item)
        known = queries.resolve(db, named)
    model = None if known is None else queries.get_model(db, known)
    if model is None:
        return Verdict(item, None, None, False, "not in the index")
    verdict = judge_model(model, queries.get_license(db, model.license_effective), require)
    verdict = verdict._replace(revision=revision, sha=model.sha)
    if revision is not None and (why := differs(revision, model.sha)):
        verdict = verdict._replace(ok=False, reason=f"{clean(why)}; {verdict.reason}")
    asked = queries.clean_id(named)
    if asked.casefold() != model.id.casefold():
        return verdict._replace(reason=f"{verdict.reason}; asked for as {asked}")
    return verdict


def _from_json(text: str, name: str) -> Iterator[str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise UsageError(f"{clean(name)} looks like JSON and cannot be read as such ({clean(str(e), 120)}).") from e
    if isinstance(value, dict) and "bomFormat" in value:
        yield from _from_sbom(value)
        return
    rows = value if isinstance(value, list) else value.get("models", [])
    for row in rows if isinstance(rows, list) else []:
        named = row if isinstance(row, str) else (row.get("id") or row.get("model")) if isinstance(row, dict) else None
        if isinstance(named, str):
            yield _one(named)


def _from_sbom(value: Any) -> Iterator[str]:
    """Every component of a CycloneDX file, nested ones and the subject included, that is a model of the Hub."""
    waiting = [value]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, list):
            waiting[:0] = node
        elif isinstance(node, dict):
            purl = _PURL.match(str(node.get("purl") or ""))
            if purl:
                yield _of_purl(purl)
            waiting[:0] = [node[key] for key in ("metadata", "component", "components", "services") if key in node]


def _from_lines(text: str) -> Iterator[str]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "//", "--"))]
    column = 0
    for number, row in enumerate(csv.reader(lines, skipinitialspace=True)):
        names = [field.strip().lower() for field in row]
        if number == 0 and (header := next((n for n in ("id", "model", "repo_id", "model_id") if n in names), None)):
            column = names.index(header)
            continue
        if len(row) > column:
            yield _one(row[column])


def _of_purl(purl: re.Match[str]) -> str:
    return _pinned(unquote(purl[1]).strip("/"), unquote(purl[2] or ""))


def _pinned(name: str, revision: str) -> str:
    return f"{name}@{revision}" if revision else name


def _one(field: str) -> str:
    """'org/name==1.0  # why', 'org/name@main', a Hub address or a purl -> org/name with its revision, where it has one;
    what is none of it, as it is.
    """
    field = re.split(r"\s#", field, maxsplit=1)[0].strip()
    purl = _PURL.match(field)
    if purl:
        return _of_purl(purl)
    state = _ADDRESS.match(field)
    field = queries.clean_id(field)
    match = _ID.match(field)
    rest = field[match.end() :] if match else ""
    if match and re.match(r"\s*(?:$|[=<>~!]=|@|;|\[)", rest):
        pin = re.match(r"\s*(?:={2,3}|@)\s*([^\s;,]+)", rest)
        return _pinned(match[0], pin[1] if pin else unquote(state[1]) if state else "")
    return field
