"""From 14 judgements, evidence and lineage limits to one level: what is proved, what is not excluded, why not higher.

Every finding is a `Limit`: the most that it leaves proved, the most that it does not exclude, and its reason. A model's
level is the least of the first, its `level_max` the least of the second, its restriction the gravest reason among the
limits that hold the level down. So adding a finding can only lower a level, and the order of findings cannot matter.

| found                                                        | proved | not excluded | restriction      |
|--------------------------------------------------------------|--------|--------------|------------------|
| the Hub disabled the repo                                    | L0     | L0           | disabled         |
| complete file list without weights                           | L0     | L0           | no-weights       |
| neither files nor tags show weights; only archives, data or  |        |              |                  |
| files of a kind that we do not know                          | L0     | -            | unknown-weights  |
| weights only by a tag that anybody may have set, by a        |        |              |                  |
| general extension (.bin), by a count that no file bears out, |        |              |                  |
| or numbered parts of them missing                            | L2     | -            | unknown-weights  |
| gated by hand                                                | L1     | L1           | manual-approval  |
| gated by click                                               | L2     | L2           | click-through    |
| gating not shown or in words we do not know; private         | L2     | -            | unknown-access   |
| its newest row could not be read: all this is of before      | L2     | -            | unreadable       |
| effective licence not conformant                             | L2     | L2           | of that licence  |
| no licence stated, and file list and card read               | L2     | L2           | no-license       |
| no licence stated in the metadata, the rest not looked at    | L2     | -            | no-license       |
| licence unreadable, or only a file or a sentence names one   | L2     | -            | unknown-license  |
| the card is stored and lost, or too large to be read         | L2     | -            | unknown-license  |
| the Hub refuses the card, or shows no such repo              | L2     | -            | unknown-access   |
| an open licence on a family's own weights, whose makers give |        |              |                  |
| all of them under restricted terms                           | L2     | -            | unknown-license  |
| the card's own words forbid what the licence tag grants      | L2     | -            | unknown-license  |
| no licence declared, and a sentence names a restricted one   | L2     | L2           | of that licence  |
| an ancestor's licence is not conformant; of one that we do   |        |              |                  |
| not have, its family's, where one licence is on all of it    | L2     | L2           | of that licence  |
| an ancestor is unknown, or its weights or licence are        | L2     | -            | unknown-base     |
| an adapter, conversion or merge without a declared base      | L2     | -            | unknown-base     |
| a name that sounds of a restricted base, or a card that says |        |              |                  |
| so, none of that family declared                             | L2     | -            | unknown-base     |
| what L4 asks is not shown / one of it is positively closed   | L3     | - / L3       | documentation    |
| what L5 asks is not shown / one of it is positively closed   | L4     | - / L4       | code-and-data    |
| what L6 asks is not shown / one of it is positively closed   | L5     | - / L5       | completeness     |

A gated ancestor sets no limit: whoever downloads a fine-tune is asked nothing by its base, unless the base's licence
asks it, and that binds. The model's own access is what its level judges. Nor does an ancestor whose newest row could
not be read: the terms that its descendants were made under are those that were seen. A look at the card that failed
without an answer is as good as none: it sets no limit, and the card as it was last read still counts.

A listing row without `gated` and without files (the 2024 recording) thus proves L2 at most, never L3: it shows that
weights are there (a tag of the Hub), not that anyone may take them. Where no weights are seen, L0 is what is proved and
`level_max` says how little that means. Pure; judges no dimension (`rules.py`) and walks no graph (`lineage.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from index import licenses
from index.lineage import Limits
from index.model import GRAVITY, Assessment, Dimension, Evidence, Judgement, Level, Outcome, Restriction, Value
from index.seen import Seen

D, L, R = Dimension, Level, Restriction


class Limit(NamedTuple):
    """One finding: the most it leaves proved, the most it does not exclude, and the reason."""

    proved: Level
    possible: Level
    reason: Restriction


_KNOWN_OPEN = (Value.OPEN, Value.PARTIAL)
ENOUGH_SECTIONS = 3  # filled, of five: no expert called such a card closed


def assess(
    judgements: Sequence[Judgement], evidence: Sequence[Evidence], limits: Limits, found: Seen | None = None
) -> Assessment:
    """The assessment of one model. `judgements`: 14; `evidence`: all of it, lineage's included; `limits`: lineage's.

    `found`: the same evidence, where it is already sorted.
    """
    found = found or Seen(evidence)
    level, level_max, restriction = settle(find_limits({j.dimension: j.value for j in judgements}, found, limits))
    return Assessment(
        level=level,
        level_max=level_max,
        restriction=restriction,
        license_effective=limits.license.id,
        judgements=tuple(judgements),
        evidence=tuple(evidence),
        claims_open_source=any(e.value.startswith(("open-source", "fully-open")) for e in found.all("claims")),
    )


def settle(found: Sequence[Limit]) -> tuple[Level, Level, Restriction]:
    """(level, level_max, restriction) of a set of limits; nothing found at all is L6, which no caller ever gives."""
    level = min((limit.proved for limit in found), default=L.L6)
    level_max = min((limit.possible for limit in found), default=L.L6)
    reasons = [limit.reason for limit in found if limit.proved == level]
    return level, level_max, min(reasons, key=GRAVITY.__getitem__, default=R.NONE)


def binding(found: Seen, limits: Limits) -> tuple[Level, Restriction]:
    """The level and restriction by what binds a model's descendants too: its weights, licence and lineage."""
    level, _, restriction = settle([*_weights(found), *_license(found, limits), *_lineage(found, limits)])
    return level, restriction


def find_limits(values: Mapping[str, str], found: Seen, limits: Limits) -> list[Limit]:
    """Every limit that the evidence sets."""
    return [
        *_weights(found),
        *_access(found),
        *_license(found, limits),
        *_lineage(found, limits),
        *_documentation(values, found),
        *_source(values),
        *_science(values, found),
    ]


def _weights(found: Seen) -> Iterator[Limit]:
    if found.yes("disabled"):
        yield Limit(L.L0, L.L0, R.DISABLED)
    if found.no("weight_files"):
        yield Limit(L.L0, L.L0, R.NO_WEIGHTS)
    elif found.yes("weight_files"):
        if found.no("weight_shards"):
            yield Limit(L.L2, L.L6, R.UNKNOWN_WEIGHTS)
    elif found.yes("weights_counted"):
        pass  # the Hub itself has read the weight files, or found them
    elif found.yes("weights_tagged"):
        yield Limit(L.L2, L.L6, R.UNKNOWN_WEIGHTS)
    else:
        yield Limit(L.L0, L.L6, R.UNKNOWN_WEIGHTS)


def _access(found: Seen) -> Iterator[Limit]:
    gate = found.yes("gating")
    if gate:
        by_click = gate.value == "auto"
        yield Limit(L.L2, L.L2, R.CLICK_THROUGH) if by_click else Limit(L.L1, L.L1, R.MANUAL_APPROVAL)
    elif not found.no("gating"):
        yield Limit(L.L2, L.L6, R.UNKNOWN_ACCESS)
    if found.all("readable_row", Outcome.UNAVAILABLE) or found.all("visible_name", Outcome.ERROR):
        yield Limit(L.L2, L.L6, R.UNREADABLE)
    if _unread_card(found) & {"gated", "gone", "moved"}:
        yield Limit(L.L2, L.L6, R.UNKNOWN_ACCESS)


def _unread_card(found: Seen) -> frozenset[str]:
    """Why the card that was asked for has no text, not even of an earlier look."""
    return frozenset(e.value for e in found.all("card_read", Outcome.UNAVAILABLE))


def _license(found: Seen, limits: Limits) -> Iterator[Limit]:
    license = limits.license
    reason = R(license.restriction)
    if reason is R.NO_LICENSE:
        elsewhere = found.yes("license_files") or found.yes("license_statement")
        if elsewhere and not limits.imposed_by:
            yield Limit(L.L2, L.L6, R.UNKNOWN_LICENSE)
        else:
            looked = found.no("license_files") and (found.any("card_length") or found.no("readme_file"))
            yield Limit(L.L2, L.L2 if looked and not limits.imposed_by else L.L6, R.NO_LICENSE)
    elif license.conformant == "no":
        yield Limit(L.L2, L.L2, reason)
    elif not license.is_conformant:
        yield Limit(L.L2, L.L6, R.UNKNOWN_LICENSE)
    if _unread_card(found) & {"too-large", "unreadable"}:  # it may name other terms, or a base
        yield Limit(L.L2, L.L6, R.UNKNOWN_LICENSE)
    yield from _contradictions(found)


def _contradictions(found: Seen) -> Iterator[Limit]:
    """The card's own sentences against its licence tag: not enough to exclude L3, too much to call it proved.

    Where no licence is declared, a sentence that names a restricted one is all there is, and counts.
    """
    hidden = found.yes("hidden_terms")
    if found.yes("use_restriction") or found.yes("stated_terms") or (hidden and hidden.dimension == D.LICENSE):
        yield Limit(L.L2, L.L6, R.UNKNOWN_LICENSE)
    declared = found.yes("license_declared") is not None
    for said in found.all("license_statement"):
        named = licenses.find_restricted(said.value)
        if named is not None:
            yield Limit(L.L2, L.L6, R.UNKNOWN_LICENSE) if declared else Limit(L.L2, L.L2, R(named.restriction))


def _lineage(found: Seen, limits: Limits) -> Iterator[Limit]:
    if limits.allows < L.L6 or limits.allows_max < L.L6:
        yield Limit(limits.allows, limits.allows_max, limits.why)
    underived = limits.is_root and (found.yes("adapter_only") or found.yes("derived_without_base"))
    hidden = found.yes("hidden_terms")
    named = any(map(found.yes, ("suspected_base", "stated_base_terms", "stated_base_license")))
    if underived or named or (hidden and hidden.dimension == D.BASE_WEIGHTS):
        yield Limit(L.L2, L.L6, R.UNKNOWN_BASE)


def _missing(values: Mapping[str, str], *dimensions: Dimension) -> tuple[bool, bool]:
    """(something of these is not shown to be open or partial, something is positively closed)."""
    cells = [values.get(d, Value.UNKNOWN) for d in dimensions]
    return any(c not in _KNOWN_OPEN for c in cells), any(c == Value.CLOSED for c in cells)


def _documentation(values: Mapping[str, str], found: Seen) -> Iterator[Limit]:
    """L4: a card with training and evaluation, a known architecture, an own report, data at least partly named.

    The architecture counts as known by configuration, library or code; the cell asks for more, its documentation.
    A card of that many sections is open or partial, also where it is not known which of the two.
    Listed data sets are data partly named, also where nobody can tell whether the list is whole.
    A report counts as own only where it is known what the model was made from: else it may well be the base's.
    """
    missing, closed = _missing(values, D.PREPRINT)
    named = any(found.yes(probe) for probe in ("architecture_config", "custom_code", "library"))
    missing = missing or not (named or values.get(D.ARCHITECTURE) in _KNOWN_OPEN)
    data = [values.get(d, Value.UNKNOWN) for d in (D.BASE_DATA, D.END_DATA)]
    rooted = found.yes("declared_bases") or found.yes("from_scratch") or data[0] in _KNOWN_OPEN
    named_data = any(c in _KNOWN_OPEN for c in data) or found.yes("named_datasets")
    missing = missing or not rooted or not named_data
    closed = closed or all(c == Value.CLOSED for c in data)
    told = {e.value.partition(":")[0] for e in found.all("card_sections")}
    card = values.get(D.MODEL_CARD, Value.UNKNOWN)
    missing = missing or not (card in _KNOWN_OPEN or (card != Value.CLOSED and len(told) >= ENOUGH_SECTIONS))
    closed = closed or card == Value.CLOSED
    trained = bool(told & {"training_data", "training_procedure"}) or bool(found.yes("training_setup"))
    evaluated = "evaluation" in told or bool(found.yes("evaluation_results"))
    if missing or not (trained and evaluated):
        yield Limit(L.L3, L.L3 if closed else L.L6, R.DOCUMENTATION)


def _source(values: Mapping[str, str]) -> Iterator[Limit]:
    """L5: training and data code under an OSI licence, all datasets named, for the base and for the tuning."""
    asked = (D.TRAINING_CODE, D.LICENSE, D.BASE_DATA, D.END_DATA, D.BASE_WEIGHTS, D.END_WEIGHTS)
    cells = [values.get(d, Value.UNKNOWN) for d in asked]
    if any(c not in (Value.OPEN, Value.NOT_APPLICABLE) for c in cells):
        yield Limit(L.L4, L.L4 if Value.CLOSED in cells else L.L6, R.CODE_AND_DATA)


def _science(values: Mapping[str, str], found: Seen) -> Iterator[Limit]:
    """L6: also the data documented in full, a paper or report in full, checkpoints from during the training."""
    cells = [values.get(d, Value.UNKNOWN) for d in (D.DATASHEET, D.CODE_DOCS)]
    report = [values.get(d, Value.UNKNOWN) for d in (D.PAPER, D.PREPRINT)]
    shown = all(c == Value.OPEN for c in cells) and Value.OPEN in report and found.yes("intermediate_checkpoints")
    if not shown:
        yield Limit(L.L5, L.L5 if Value.CLOSED in cells else L.L6, R.COMPLETENESS)
