"""Systems that people judged and that no repository of the Hub was matched to, such as ChatGPT. Reads only.

Does: leave out what is on the Hub under its family's name, and who has none of the 14 characteristics (MOT grades
components); of a system that two sources judged, the fuller judgement. Does not: judge, or say that a system is not
on the Hub: nobody matched it, which is all we know.
"""

from __future__ import annotations

import json
import re
import sqlite3
from typing import NamedTuple

from index import families
from index.model import LETTERS, Dimension, Value
from index.queries import _rows

_POINTS = {Value.OPEN.value: 1.0, Value.PARTIAL.value: 0.5}
_KIND = re.compile(r"[\s-]+(chat|instruct|base|v?\d+(\.\d+)*b?)$", re.IGNORECASE)


class System(NamedTuple):
    """One system. `cells`: 14 letters, 'u' where the source says nothing; `score`: 0 to 14 over these cells."""

    source: str
    system: str
    attribution: str
    cells: str
    score: float


MOST = 100  # rows


def read(db: sqlite3.Connection, q: str = "") -> tuple[System, ...]:
    """Those whose name has every word of `q`, the most open first; ChatGPT last, as in the Radboud table."""
    sql = """SELECT source, system, max(attribution), json_group_object(dimension, value) FROM experts
             WHERE off_hub = 1 AND id IS NULL AND dimension IN (SELECT key FROM dimensions)
             GROUP BY source, system ORDER BY source DESC"""
    fullest: dict[str, System] = {}
    for source, name, attribution, said in _rows(db, sql):
        one = _system(source, name, attribution, json.loads(said))
        before = fullest.get(name.casefold())
        if has_words(name, q) and not of_known_family(name) and (before is None or _told(one) > _told(before)):
            fullest[name.casefold()] = one
    order = sorted(fullest.values(), key=lambda s: (-s.score, s.system.casefold()))
    last = [s for s in order if s.system.casefold() == "chatgpt"]
    return (*[s for s in order if s not in last][: MOST - len(last)], *last)


def of_known_family(system: str) -> bool:
    """Whether a system is called like a family of the Hub, with or without its size and kind: 'LLaMA2 Chat'."""
    name = system
    while not families.find_families(name):
        shorter = _KIND.sub("", name)
        if shorter == name:
            return False
        name = shorter
    return True


def has_words(system: str, q: str) -> bool:
    """Whether every word that is looked for begins a word of the name."""
    own = re.findall(r"[^\W_]+", system.casefold())
    return all(any(word.startswith(wanted) for word in own) for wanted in re.findall(r"[^\W_]+", q.casefold()))


def _system(source: str, name: str, attribution: str, said: dict[str, str]) -> System:
    cells = "".join(LETTERS.get(Value(said.get(d.value, "unknown")), "u") for d in Dimension)
    return System(source, name, attribution, cells, sum(_POINTS.get(said.get(d.value, ""), 0.0) for d in Dimension))


def _told(one: System) -> int:
    return len(one.cells) - one.cells.count("u")
