"""Every framework's reading of one model, from its cells, its evidence and its effective licence: on demand. Pure.

Does: gather the facts that the checklists need beside the 14 cells, and fill in all frameworks at once for a page, a
command or an export; and the three short answers that are columns of `models`.
Does not: hold a definition (`frameworks.py`, `checklists.py`, `mof.py`), judge, or store: three million models times
five frameworks are read when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from index import frameworks, licenses, mof, mof_record
from index.checklists import Checklist, Facts, Result, with_evidence
from index.frameworks import AaScore, aa_score, ai_act_checklist, eu_score, osaid_checklist, radboud_score
from index.licenses import License
from index.model import VALUES, Dimension, Evidence, Judgement, Outcome
from index.mof import MofResult
from index.rows import Page

USAGE, INFERENCE, OTHER_TERMS = 1, 2, 4  # bits of `shown`
_OTHER_TERMS = frozenset(
    {
        "use_restriction",
        "stated_terms",
        "hidden_terms",
        "license_text_conflict",
        "stated_base_terms",
        "stated_base_license",
        "suspected_base",
    }
)


class Readings(NamedTuple):
    """One model as each framework reads it."""

    radboud_score: float  # 0..14
    eu_score: float  # 0..1
    osaid: Checklist
    ai_act: Checklist
    aa: AaScore
    mof: MofResult


class Columns(NamedTuple):
    """The short answers of `models`: pass, fail or unknown; 0..18."""

    osaid: str
    ai_act: str
    aa_score: float


def read(
    judgements: Sequence[Judgement], evidence: Sequence[Evidence], license_effective: str | None, gated: str | None
) -> Readings:
    """All readings of one model. `license_effective`: an id of the catalogue; `gated`: 'no', 'auto', 'manual', None."""
    values = frameworks.values_of(judgements)
    license = license_of(license_effective)
    facts = facts_of(license, gated, shown_by(evidence))
    record = mof_record.record_from(judgements, evidence, mof_record.Licensing(license))
    return Readings(
        radboud_score(values),
        eu_score(values),
        with_evidence(osaid_checklist(values, facts), evidence),
        with_evidence(ai_act_checklist(values, facts), evidence),
        aa_score(values, license),
        mof.evaluate(record, quirks=False),
    )


def of_page(page: Page) -> Readings | None:
    """The readings of a published model; None when it was not judged."""
    if not page.cells:
        return None
    judgements = [Judgement(c.dimension, c.value, c.rule) for c in page.cells]
    proofs = [p for c in page.cells for p in c.evidence]
    evidence = [Evidence(p.dimension, p.probe, p.outcome, p.quote, p.place, p.value) for p in proofs]
    return read(judgements, evidence, page.model.license_effective, page.model.gated)


def open_source(page: Page) -> str:
    """Whether it is open source by the Open Source AI Definition, and what decides. Never a plain yes: the Hub cannot
    show it, and a person has to confirm what we take for one.
    """
    found = of_page(page)
    if found is None:
        return "Open source (OSAID 1.0): not judged"
    result = found.osaid.result
    if result is Result.PASS:
        return "Open source (OSAID 1.0): candidate; every item passes, a person has to confirm it"
    why = "; ".join(dict.fromkeys(c.reason for c in found.osaid.checks if c.decides and c.result is result))
    return f"Open source (OSAID 1.0): {'no' if result is Result.FAIL else 'not shown'}, because {why}"


def shown_by(evidence: Iterable[Any]) -> int:
    """What the evidence shows beside the cells, as bits: the card says how to use it; the code to run it is public;
    card, file or name speak of terms that the declared licence leaves out.

    `evidence`: anything with the fields of index.model.Evidence. A bit that is not set means unknown, never no.
    """
    shown = 0
    for e in evidence:
        if e.outcome != Outcome.YES or e.place.startswith("base:"):
            continue
        if e.probe == "usage_section":
            shown |= USAGE
        elif e.probe in _OTHER_TERMS or (e.probe == "license_statement" and licenses.find_restricted(e.value)):
            shown |= OTHER_TERMS
        elif e.probe == "custom_code" or (e.probe == "library" and e.value.lower() in mof_record.LIBRARY_LICENSES):
            shown |= INFERENCE
    return shown


def facts_of(license: License, gated: str | None, shown: int) -> Facts:
    """The checklists' facts. What the Hub does not show stays None."""
    return Facts(
        license=license,
        gated=gated,
        inference_code=True if shown & INFERENCE else None,
        usage_information=True if shown & USAGE else None,
        other_terms=bool(shown & OTHER_TERMS),
    )


def license_of(license_effective: str | None) -> License:
    """The catalogue's entry; the unknown licence when there is none of that id."""
    return licenses.catalogue().get(license_effective or "", licenses.UNKNOWN)


@lru_cache(maxsize=262_144)
def columns(cells: str, license_effective: str | None, gated: str | None, shown: int) -> Columns:
    """The short answers for 14 letters (o p c u n, in the order of Dimension): few patterns make up most of the Hub."""
    values = {d.value: VALUES[letter].value for d, letter in zip(Dimension, cells, strict=True)}
    license = license_of(license_effective)
    facts = facts_of(license, gated, shown)
    return Columns(
        osaid_checklist(values, facts).result.value,
        ai_act_checklist(values, facts).result.value,
        aa_score(values, license).total,
    )


def to_dict(readings: Readings) -> dict[str, Any]:
    """The readings as plain JSON values, every item with its reason."""
    return {
        "radboud": {"score": readings.radboud_score, "of": 14},
        "eu": {"score": readings.eu_score, "of": 1},
        "osaid": _checklist(readings.osaid),
        "ai_act": _checklist(readings.ai_act),
        "aa": {"score": readings.aa.total, "of": 18, "normalised": readings.aa.normalised, **readings.aa._asdict()},
        "mof": _mof(readings.mof),
    }


def _checklist(checklist: Checklist) -> dict[str, Any]:
    result = checklist.result.value
    return {"framework": checklist.framework, "result": result, "checks": to_dict_of(checklist)}


def to_dict_of(checklist: Checklist) -> list[dict[str, Any]]:
    """The items of a checklist as plain JSON values."""
    return [
        {**c._asdict(), "result": c.result.value, "evidence": [p._asdict() for p in c.evidence]}
        for c in checklist.checks
    ]


def _mof(result: MofResult) -> Mapping[str, Any]:
    return {
        "class": None if result.class_ is None else "I" * result.class_,
        "progress": {"I" * n: round(result.progress(n), 1) for n in (3, 2, 1)},
        "components": [{"component": s.key, "state": s.state.value, "license": s.license} for s in result.components],
        "warnings": list(result.warnings),
    }
