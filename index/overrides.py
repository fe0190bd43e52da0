"""Reviewed overrides: what a named person confirmed or corrected, in a plain TOML file, on top of the rules.

Does: read and validate the file; lay its values over judgements, each override with name, date, reason and link.
Does not: edit evidence, or apply half a file: one bad entry refuses all of it, so that no review is lost unseen.

The file, `overrides.toml` in the data directory:

    [[override]]
    model = "org/name"            # exactly as on the Hub
    dimension = "training_code"   # one of the 14, or "level" to confirm the candidate level that the rules reached
    value = "open"                # open, partial, closed, unknown, not-applicable; for "level": L5 or L6
    name = "Ada Example"          # who reviewed it
    date = 2026-11-20
    reason = "The repository holds every stage of training."
    link = "https://..."          # where anybody can check it
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from crawler.errors import UsageError
from index.model import Dimension, Judgement, Value

RULE = "reviewed-override"
LEVEL = "level"
FILE = "overrides.toml"  # in the data directory
Overrides = Mapping[str, Sequence["Override"]]
_FIELDS = ("model", "dimension", "value", "name", "date", "reason", "link")
_DIMENSIONS = frozenset(d.value for d in Dimension)
_LEVELS = frozenset({"L5", "L6"})  # only candidates wait for a person


class Override(NamedTuple):
    """One reviewed value. `date` is ISO 8601."""

    model: str
    dimension: str
    value: str
    name: str
    date: str
    reason: str
    link: str

    @property
    def detail(self) -> str:
        """The words that stand beside the judgement."""
        return f"{self.reason} ({self.name}, {self.date}, {self.link})"


def read_overrides(body: bytes, *, today: date, file: str = "overrides.toml") -> tuple[Override, ...]:
    """The overrides of a file, in its order. Raises UsageError that lists everything wrong with it."""
    try:
        document = tomllib.loads(body.decode("utf-8"))
    except UnicodeDecodeError as e:
        raise UsageError(f"{file}: not UTF-8 at byte {e.start}; no override was applied") from e
    except tomllib.TOMLDecodeError as e:
        raise UsageError(f"{file}: not TOML: {e}; no override was applied") from e
    problems = [f"unknown key {key!r}, only [[override]] is read" for key in document if key != "override"]
    entries = document.get("override", [])
    if not isinstance(entries, list):
        problems.append("'override' is not a list; write [[override]]")
        entries = []
    found: dict[tuple[str, str], Override] = {}
    for number, entry in enumerate(entries, 1):
        wrong = _problems(entry, today)
        if not wrong:
            override = Override(*(str(entry[field]).strip() for field in _FIELDS))
            key = (override.model, override.dimension)
            if key in found:
                wrong = [f"{override.model} {override.dimension} is overridden twice; keep the later review"]
            found[key] = override
        problems += [f"override {number}: {problem}" for problem in wrong]
    if problems:
        raise UsageError(f"{file}: no override was applied: " + "; ".join(problems))
    return tuple(found.values())


def _problems(entry: Any, today: date) -> list[str]:
    """What is wrong with one entry; empty when it may be applied."""
    if not isinstance(entry, Mapping):
        return ["not a table"]
    problems = [f"unknown key {key!r}" for key in entry if key not in _FIELDS]
    missing = [f for f in _FIELDS if not isinstance(entry.get(f), str | date) or not str(entry[f]).strip()]
    if missing:
        return [*problems, "without " + ", ".join(missing)]
    if str(entry["model"]).count("/") > 1 or any(c.isspace() for c in str(entry["model"]).strip()):
        problems.append(f"{entry['model']!r} is not the name of a model on the Hub")
    dimension, value = str(entry["dimension"]).strip(), str(entry["value"]).strip()
    allowed = _LEVELS if dimension == LEVEL else {v.value for v in Value}
    if dimension != LEVEL and dimension not in _DIMENSIONS:
        problems.append(f"{dimension!r} is no dimension")
    elif value not in allowed:
        problems.append(f"{value!r} is no value of {dimension}: {', '.join(sorted(allowed))}")
    problems += _bad_date(entry["date"], today)
    link = urlsplit(str(entry["link"]).strip())
    if link.scheme not in ("http", "https") or not link.netloc:
        problems.append(f"{entry['link']!r} is no address that anybody can open")
    return problems


def _bad_date(value: Any, today: date) -> list[str]:
    try:
        when = value if isinstance(value, date) else date.fromisoformat(str(value).strip())
        if type(when) is not date:
            return [f"{value} is a time; write the day"]
    except ValueError:
        return [f"{value!r} is no date; write it like 2026-11-20"]
    return [f"{when} has not come yet"] if when > today else []


def load(data: Path, today: date) -> dict[str, tuple[Override, ...]]:
    """The overrides of a data directory by model, from its file `overrides.toml`; none where there is no such file.

    Raises UsageError when anything in the file is wrong, or it cannot be read: no review may be lost unseen.
    """
    path = data / FILE
    try:
        body = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as e:
        raise UsageError(f"{path} cannot be read: {e.strerror}; no override was applied") from e
    found: dict[str, tuple[Override, ...]] = {}
    for one in read_overrides(body, today=today, file=str(path)):
        found[one.model] = (*found.get(one.model, ()), one)
    return found


def apply_overrides(judgements: Sequence[Judgement], overrides: Iterable[Override]) -> tuple[Judgement, ...]:
    """The same judgements in the same order, overridden ones with the rule `reviewed-override` and the review's words.

    `overrides` are those of this one model; the ones about its level are not judgements and are left alone here.
    Evidence is not touched: it stays beside the override for everybody to see.
    """
    by_dimension = {o.dimension: o for o in overrides}
    return tuple(
        Judgement(j.dimension, o.value, RULE, o.detail) if (o := by_dimension.get(j.dimension)) else j
        for j in judgements
    )
