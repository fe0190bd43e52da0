"""Evidence of one model, found by probe and outcome. A way to look things up, nothing more. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from index.model import Evidence, Outcome

_NONE: list[Evidence] = []
_YES, _NO = Outcome.YES, Outcome.NO  # some fifty look-ups for each model: a member of an enumeration is slow to name
_LOOKED = (_YES, _NO, Outcome.NOT_STATED)


class Seen:
    """Evidence by the probe that brought it. The first of several is the least of them, so input order is moot."""

    __slots__ = ("_by",)

    def __init__(self, evidence: Iterable[Evidence]) -> None:
        """Sort evidence by probe and outcome."""
        by: dict[tuple[str, str], list[Evidence]] = {}
        for one in evidence:
            by.setdefault((one.probe, one.outcome), []).append(one)
        self._by = by

    def told(self) -> frozenset[str]:
        """Every probe that reported, whatever the outcome."""
        return frozenset([probe for probe, _ in self._by])

    def all(self, probe: str, outcome: Outcome = Outcome.YES) -> list[Evidence]:
        """Everything that a probe reported with this outcome, in a fixed order."""
        found = self._by.get((probe, outcome), _NONE)
        return sorted(found) if len(found) > 1 else found

    def yes(self, probe: str) -> Evidence | None:
        """What the probe saw; the first of several."""
        found = self._by.get((probe, _YES))
        return None if found is None else found[0] if len(found) == 1 else min(found)

    def no(self, probe: str) -> Evidence | None:
        """A positive no of the probe."""
        found = self._by.get((probe, _NO))
        return None if found is None else found[0] if len(found) == 1 else min(found)

    def any(self, probe: str) -> bool:
        """Whether the probe looked at all and could."""
        return any((probe, o) in self._by for o in _LOOKED)
