"""How far our judgements agree with those of the experts: one row of figures per dimension, and every disagreement.

Does: count over pairs of (our value, their value) of the same system and dimension; render the table as plain text and
as rows for JSON. Pure.
Does not: choose the pairs' sources, weigh one index above another, or hide a cell: what is not covered is counted.

The figures come in two readings, because 'unknown' is an answer that the human indexes do not have:
* `unknown`: our unknown is its own answer; such a cell is not covered and counts in coverage only;
* `closed`: our unknown is read as closed, as the indexes themselves treat what they could not find.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from index.experts import ExpertRow
from index.frameworks import mirrored, values_of
from index.model import Dimension, Judgement, Value

Reading = Literal["unknown", "closed"]
READINGS: tuple[Reading, ...] = ("unknown", "closed")
ALL = "all"

_THREE = (Value.OPEN.value, Value.PARTIAL.value, Value.CLOSED.value)
_DIMENSIONS = frozenset(d.value for d in Dimension)
_OPPOSITE = frozenset({Value.OPEN.value, Value.CLOSED.value})


class Pair(NamedTuple):
    """One cell that both judged. Values are those of `Value`; reasons are for a person."""

    system: str
    model_id: str
    dimension: str
    ours: str
    theirs: str
    our_reason: str = ""
    their_reason: str = ""
    source: str = ""


class Agreement(NamedTuple):
    """The figures of one dimension in one reading. Shares are 0.0..1.0, None where there is nothing to divide by."""

    dimension: str
    reading: Reading
    n: int
    covered: int
    coverage: float | None
    accuracy: float | None
    majority: str | None
    baseline: float | None
    opposite: int
    opposite_share: float | None
    macro_f1: float | None
    disagreements: tuple[Pair, ...]  # covered and different, opposite ones first

    @property
    def beats_baseline(self) -> bool:
        """Whether knowing our answer is better than always giving the experts' most frequent one."""
        return self.accuracy is not None and self.baseline is not None and self.accuracy > self.baseline


def pairs(
    rows: Iterable[ExpertRow],
    judgements_of: Callable[[str], Sequence[Judgement] | None],
    reason_of: Callable[[Judgement], str] = lambda j: f"{j.rule}: {j.detail}" if j.detail else j.rule,
) -> Iterator[Pair]:
    """Experts' cells beside ours, for every model that `judgements_of(model_id)` knows. Off-hub rows have no pair.

    Base and end cells that do not apply mirror each other first, as they do in the human indexes. Rows whose value is
    not open, partial or closed (an empty cell, a MOT component) have no pair.
    """
    cache: dict[str, tuple[dict[str, str], dict[str, Judgement]] | None] = {}
    for row in rows:
        if row.model_id is None or row.value not in _THREE or row.dimension not in _DIMENSIONS:
            continue
        if row.model_id not in cache:
            found = judgements_of(row.model_id)
            cells = dict(mirrored(values_of(found))) if found is not None else {}
            cache[row.model_id] = None if found is None else (cells, {j.dimension: j for j in found})
        known = cache[row.model_id]
        if known is None:
            continue
        values, by_dimension = known
        judgement = by_dimension.get(row.dimension)
        yield Pair(
            row.system, row.model_id, row.dimension, values.get(row.dimension, Value.UNKNOWN.value), row.value,
            reason_of(judgement) if judgement else "", row.reason, row.source,
        )  # fmt: skip


def agreement(pairs: Iterable[Pair], reading: Reading) -> list[Agreement]:
    """One row per dimension that has a pair, in the order of Dimension, and the row `all` at the end."""
    by_dimension: dict[str, list[Pair]] = {}
    everything = []
    for pair in pairs:
        if reading == "closed" and pair.ours == Value.UNKNOWN:
            pair = pair._replace(ours=Value.CLOSED.value)
        by_dimension.setdefault(pair.dimension, []).append(pair)
        everything.append(pair)
    rows = [_figures(d.value, reading, by_dimension[d.value]) for d in Dimension if d.value in by_dimension]
    return [*rows, _figures(ALL, reading, everything)]


def both_readings(pairs: Iterable[Pair]) -> list[Agreement]:
    """`agreement` in both readings, one after the other."""
    kept = tuple(pairs)
    return [row for reading in READINGS for row in agreement(kept, reading)]


def _figures(dimension: str, reading: Reading, cells: Sequence[Pair]) -> Agreement:
    covered = [p for p in cells if p.ours in _THREE]
    wrong = [p for p in covered if p.ours != p.theirs]
    opposite = [p for p in wrong if {p.ours, p.theirs} == _OPPOSITE]
    majority = _majority(covered)
    n = len(covered)
    wrong.sort(key=lambda p: ({p.ours, p.theirs} != _OPPOSITE, p.dimension, p.system))
    return Agreement(
        dimension=dimension,
        reading=reading,
        n=len(cells),
        covered=n,
        coverage=n / len(cells) if cells else None,
        accuracy=(n - len(wrong)) / n if n else None,
        majority=majority,
        baseline=sum(p.theirs == majority for p in covered) / n if n else None,
        opposite=len(opposite),
        opposite_share=len(opposite) / n if n else None,
        macro_f1=macro_f1([(p.ours, p.theirs) for p in covered]),
        disagreements=tuple(wrong),
    )


def _majority(covered: Sequence[Pair]) -> str | None:
    """The experts' most frequent answer; of equally frequent ones the more open, so that the figure is stable."""
    counts = Counter(p.theirs for p in covered)
    return max(_THREE, key=lambda v: counts[v]) if counts else None


def macro_f1(answers: Sequence[tuple[str, str]]) -> float | None:
    """Mean of the F1 of every class that either side uses, each class counting the same. None for no answers."""
    classes = {value for answer in answers for value in answer}
    if not classes:
        return None
    scores = []
    for value in classes:
        true = sum(ours == theirs == value for ours, theirs in answers)
        used = sum((ours == value) + (theirs == value) for ours, theirs in answers)
        scores.append(2 * true / used)
    return sum(scores) / len(scores)


# -------------------------------------------------------------------------------------------------- rendering

_TITLES = {
    "unknown": "Unknown as its own answer (accuracy and errors on covered cells)",
    "closed": "Unknown read as closed (as the human indexes read what they could not find)",
}


def render(rows: Sequence[Agreement]) -> str:
    """The table as plain text, a block per reading; a star marks accuracy above the majority baseline."""
    lines: list[str] = []
    for reading in READINGS:
        block = [r for r in rows if r.reading == reading]
        if not block:
            continue
        lines += ["", _TITLES[reading], ""] if lines else [_TITLES[reading], ""]
        lines.append(
            f"{'dimension':<14}{'n':>6}{'covered':>9}{'coverage':>10}{'accuracy':>10}{'majority':>17}{'opposite':>15}"
            f"{'macro-F1':>10}"
        )
        for r in block:
            majority = f"{r.majority or '-'} {_percent(r.baseline)}"
            opposite = f"{r.opposite} {_percent(r.opposite_share)}"
            star = "*" if r.beats_baseline else " "
            f1 = "-" if r.macro_f1 is None else f"{r.macro_f1:.2f}"
            lines.append(
                f"{r.dimension:<14}{r.n:>6}{r.covered:>9}{_percent(r.coverage):>10}{_percent(r.accuracy) + star:>10}"
                f"{majority:>17}{opposite:>15}{f1:>10}"
            )
    return "\n".join(lines)


def render_disagreements(rows: Sequence[Agreement], limit: int | None = None) -> str:
    """Every covered cell where we differ, with both reasons; opposite ones first. `limit` lines of cells at most."""
    found = [p for r in rows if r.dimension != ALL for p in r.disagreements]
    found.sort(key=lambda p: {p.ours, p.theirs} != _OPPOSITE)
    lines = []
    for p in found[:limit]:
        lines.append(f"{p.model_id} [{p.source or p.system}] {p.dimension}: we say {p.ours}, they say {p.theirs}")
        lines.append(f"    we:   {p.our_reason or '-'}")
        lines.append(f"    they: {p.their_reason or '-'}")
    if limit is not None and len(found) > limit:
        lines.append(f"({len(found) - limit} more)")
    return "\n".join(lines)


def json_rows(rows: Sequence[Agreement]) -> list[dict[str, object]]:
    """The table for JSON: one object a row, its disagreements inside."""
    return [{**r._asdict(), "disagreements": [p._asdict() for p in r.disagreements]} for r in rows]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.1f}%"
