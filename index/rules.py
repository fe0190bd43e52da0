"""The rules: evidence -> one judgement per dimension. Pure; sees only evidence, never a card or a repo.

Each rule is registered once, as data with its function, and the published table of rules is made from the same data.
A dimension's rules stand in order and the first that applies decides; none applies: unknown. `closed` is only ever
said on positive evidence. Does not decide levels (`levels.py`). The rules themselves stand in
`ruleset.py`, `ruleset_data.py` and `ruleset_docs.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from index.model import Dimension, Evidence, Judgement, Value
from index.seen import Seen

#: Changes whenever a rule, a probe or a level rule changes what it says: everything is then judged again.
RULES_VERSION = "2026.11.22"

Cells = Mapping[str, str]  # dimensions judged so far -> value
When = Callable[[Seen, Cells], str | None]


class Rule(NamedTuple):
    """One rule. `when` gives the detail that fills '{}' of the words, or None when the rule does not apply.

    `reads` are the probes without any of which the rule cannot apply: it is then not even asked.
    """

    code: str
    dimension: str
    value: str
    words: str
    reads: frozenset[str]
    confidence: str  # high, medium, low
    source: str  # section of the frameworks reference
    when: When


class Published(NamedTuple):
    """One row of the published rules table."""

    code: str
    dimension: str
    value: str
    words: str
    version: str


_registered: dict[str, Rule] = {}
UNKNOWN_CODE = "U0"
ERROR_CODE = "E0"
OVERRIDE_CODE = "reviewed-override"


def rule(
    code: str, dimension: str, value: str, words: str, *, reads: str, confidence: str, source: str
) -> Callable[[When], When]:
    """Register a rule for one dimension; rules of a dimension are tried in the order of their registration."""

    def register(when: When) -> When:
        if code in _registered and _registered[code].when.__module__ != when.__module__:
            raise ValueError(f"two rules have the code {code}")
        probes = frozenset(reads.split())
        _registered[code] = Rule(code, str(dimension), str(value), words, probes, confidence, source, when)
        return when

    return register


def all_rules() -> tuple[Rule, ...]:
    """Every rule, in the order in which the rules of its dimension are tried."""
    from index import ruleset, ruleset_data, ruleset_docs  # noqa: F401 - they fill the registry, and import this module

    return tuple(_registered.values())


#: The end cells first: the base cells may mirror them.
_ORDER = tuple(d for d in Dimension if d not in (Dimension.BASE_DATA, Dimension.BASE_WEIGHTS, Dimension.LICENSE)) + (
    Dimension.BASE_WEIGHTS, Dimension.BASE_DATA, Dimension.LICENSE,
)  # fmt: skip


@lru_cache(maxsize=4_096)
def _askable(probes: frozenset[str]) -> tuple[tuple[str, tuple[Rule, ...]], ...]:
    """The dimensions in their order, each with the rules that these probes could make apply."""
    rules = all_rules()
    return tuple(
        (d, tuple(r for r in rules if r.dimension == d and not r.reads.isdisjoint(probes))) for d in map(str, _ORDER)
    )


def judge_dimensions(evidence: Iterable[Evidence]) -> tuple[Judgement, ...]:
    """The 14 judgements in the order of Dimension. The order of the evidence makes no difference."""
    return judge_seen(Seen(evidence))


def judge_seen(seen: Seen) -> tuple[Judgement, ...]:
    """The same over evidence that is already sorted."""
    cells: dict[str, str] = {}
    made: dict[str, Judgement] = {}
    for dimension, rules in _askable(seen.told()):
        judgement = _NOTHING[dimension]
        for one in rules:
            detail = one.when(seen, cells)
            if detail is not None:
                if one.words.endswith('"{}".'):
                    detail = detail.rstrip(" .。")  # a quoted sentence brings its own full stop
                judgement = Judgement(dimension, one.value, one.code, detail)
                break
        made[dimension] = judgement
        cells[dimension] = judgement.value
    return tuple(made[d] for d in _NOTHING)


_NOTHING = {str(d): Judgement(str(d), str(Value.UNKNOWN), UNKNOWN_CODE) for d in Dimension}


def words_of(judgement: Judgement) -> str:
    """The reason of a judgement as a sentence."""
    if judgement.rule == OVERRIDE_CODE:
        return judgement.detail
    for row in published():
        if row.code == judgement.rule:
            return row.words.replace("{}", judgement.detail)
    return judgement.detail


def published() -> tuple[Published, ...]:
    """The rules table as published: every rule, and the three things that are not rules."""
    rows = [Published(r.code, r.dimension, r.value, r.words, RULES_VERSION) for r in all_rules()]
    nothing = "We looked where we can look and found nothing that decides."
    rows.append(Published(UNKNOWN_CODE, "*", Value.UNKNOWN, nothing, RULES_VERSION))
    rows.append(Published(ERROR_CODE, "*", Value.UNKNOWN, "Judging failed: {}", RULES_VERSION))
    rows.append(Published(OVERRIDE_CODE, "*", "*", "A person reviewed this: {}", RULES_VERSION))
    return tuple(rows)
