"""Two checklists answered from the 14 judgements: the Open Source AI Definition, and the EU AI Act's exemption.

Does: answer each item pass, fail or unknown, with the reason, the evidence that it rests on, what would be needed, and
sum up: one fail fails, all must pass to pass. Pure.
Does not: give legal advice, read a licence (the catalogue did), or take silence for an answer: what the Hub does not
show (prices, support contracts, a copyright policy, training compute) stays unknown unless the caller knows it.

Sources: Open Source AI Definition 1.0 (opensource.org/ai, October 2024); Regulation (EU) 2024/1689, Art. 51, 53 and
recitals 102 to 104. Items are in our words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from index.licenses import License
from index.model import Dimension, Evidence, Restriction, Value

OSAID = "OSAID 1.0"
AI_ACT = "EU AI Act, Art. 53(2)"


class Result(StrEnum):
    """The answer to one item."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Question(NamedTuple):
    """One item. `decides` False: an obligation that remains and does not decide the exemption."""

    framework: str
    item: str
    dimension: str
    question: str
    source: str
    date: str
    needed: str  # what would answer it with a pass
    probes: tuple[str, ...]  # that report what answers it; () = nothing on the Hub does
    decides: bool = True


class Proof(NamedTuple):
    """Words that an answer rests on, and where they stand."""

    probe: str
    quote: str
    place: str


class Check(NamedTuple):
    """One item answered."""

    item: str
    result: Result
    reason: str
    dimension: str  # where the evidence is; '' = no dimension shows it
    decides: bool
    needed: str = ""  # what would make it a pass; '' = it is one
    evidence: tuple[Proof, ...] = ()


class Checklist(NamedTuple):
    """All items of a framework for one model. `result` is over the items that decide."""

    framework: str
    result: Result
    checks: tuple[Check, ...]

    def check(self, item: str) -> Check:
        """The answer to one item; KeyError when the framework has no such item."""
        for check in self.checks:
            if check.item == item:
                return check
        raise KeyError(item)


class Facts(NamedTuple):
    """What the checklists need beside the 14 cells. None = not known, never a default that looks like a fact."""

    license: License  # effective licence of the weights
    code_license: License | None = None  # of the training code
    gated: str | None = None  # 'no', 'auto', 'manual'
    inference_code: bool | None = None  # code to run it is public
    usage_information: bool | None = None  # the card says how to use it
    monetised: bool | None = None  # offered for a price or for personal data
    copyright_policy: bool | None = None
    training_summary: bool | None = None  # the public summary of Art. 53(1)(d)
    systemic_risk: bool | None = None  # Art. 51
    other_terms: bool = False  # its card, a file or its name speaks of terms that the licence leaves out


_D = Dimension
_OSI = "https://opensource.org/ai"
_LAW = "https://eur-lex.europa.eu/eli/reg/2024/1689/oj"


_LICENSE = (
    "effective_license license_text_conflict use_restriction stated_terms hidden_terms stated_base_terms"
    " stated_base_license suspected_base license_text license_declared"
)
_WEIGHTS = "weight_files weights_counted weight_shards disabled gating"
_PLAN = "architecture_stated architecture_config custom_code own_preprint hardware_stated"
_DATA = "named_datasets data_access data_card dataset_cards data_sheet data_withheld inherited"
MAX_PROOFS = 4  # of one item


def _osaid(item: str, dimension: str, question: str, needed: str, probes: str) -> Question:
    return Question(OSAID, item, dimension, question, _OSI, "2024-10-28", needed, tuple(probes.split()))


def _act(item: str, dimension: str, question: str, needed: str, probes: str = "", decides: bool = True) -> Question:
    return Question(AI_ACT, item, dimension, question, _LAW, "2024-06-13", needed, tuple(probes.split()), decides)


QUESTIONS = (
    _osaid("parameters", _D.END_WEIGHTS, "Can the parameters be downloaded?",
           "All weight files in the repository, open to everybody.", _WEIGHTS),
    _osaid("parameters_terms", _D.LICENSE, "Are the parameters, base included, under OSI-approved terms?",
           "An OSI-approved licence on the model and on every model that it is made from.", _LICENSE),
    _osaid("no_permission", _D.END_WEIGHTS, "Can it be used without asking anybody for permission?",
           "A repository without a gate.", "gating gate_announced"),
    _osaid("data_information", _D.DATASHEET,
           "Is the training data of every stage described well enough to rebuild it?",
           "Every data set of every stage named, with a data sheet that says where it comes from.", _DATA),
    _osaid("training_code", _D.TRAINING_CODE, "Is the code for data processing, training and validation complete?",
           "All of that code in a public repository, confirmed by a person who looked.",
           "training_scripts linked_scripts own_training_code own_repository code_withheld"),
    _osaid("code_terms", _D.TRAINING_CODE, "Is that code under an OSI-approved licence?",
           "An OSI-approved licence beside the training code.", "component_license"),
    _osaid("inference_code", _D.ARCHITECTURE, "Is the code to run it public?",
           "A library with public code that loads it, or the code itself in the repository.", "custom_code library"),
    _osaid("architecture", _D.ARCHITECTURE, "Is the architecture public?",
           "The architecture described in the card or in its own report.", _PLAN),
    _act("free_license", _D.LICENSE,
         "Does a free and open-source licence allow access, use, change and distribution?",
         "A licence without restrictions of use on the model and on every model that it is made from.", _LICENSE),
    _act("open_access", _D.END_WEIGHTS, "Is access given to everyone, without approval? (recital 102)",
         "A repository without a gate.", "gating gate_announced"),
    _act("parameters", _D.END_WEIGHTS, "Are the parameters, weights included, public?",
         "All weight files in the repository, open to everybody.", _WEIGHTS),
    _act("architecture_information", _D.ARCHITECTURE, "Is information on the architecture public?",
         "The architecture described in the card or in its own report.", _PLAN),
    _act("usage_information", _D.MODEL_CARD, "Is information on how to use the model public?",
         "A section of the card that says how to use it.", "usage_section card_sections readme_file card_boilerplate"),
    _act("not_monetised", "", "Is it offered without a price and without paying in personal data? (recital 103)",
         "A statement of its provider on prices, support contracts and personal data."),
    _act("no_systemic_risk", "", "Is it below the threshold of a model with systemic risk? (Art. 51)",
         "The computation used for training, in floating-point operations."),
    _act("copyright_policy", "", "Remains a duty: a policy to respect EU copyright law, Art. 53(1)(c)",
         "A link to the provider's policy.", decides=False),
    _act("training_summary", _D.DATASHEET, "Remains a duty: a public summary of training content, Art. 53(1)(d)",
         "A link to the summary in the AI Office's template.", "data_sheet", decides=False),
)  # fmt: skip

Answer = tuple[Result, str]


def osaid_checklist(values: Mapping[str, str], facts: Facts) -> Checklist:
    """The Open Source AI Definition, item by item. `values`: dimension -> value, base and end mirrored."""
    code = _cell(values, _D.TRAINING_CODE)
    answers: dict[str, Answer] = {
        "parameters": _all_of(_cell(values, _D.END_WEIGHTS), "the weights"),
        "parameters_terms": _osi_terms(facts),
        "no_permission": _ungated(facts.gated),
        "data_information": _data_information(values),
        "training_code": _all_of(code, "the training code"),
        "code_terms": _code_terms(code, facts.code_license),
        "inference_code": _known(facts.inference_code, "code to run it is public", "code to run it is not public"),
        "architecture": _some_of(_cell(values, _D.ARCHITECTURE), "the architecture"),
    }
    return _sum_up(OSAID, answers)


def ai_act_checklist(values: Mapping[str, str], facts: Facts) -> Checklist:
    """The open-source exemption for general-purpose models, and the duties that remain. `values` as above."""
    answers: dict[str, Answer] = {
        "free_license": _free_terms(facts),
        "open_access": _ungated(facts.gated),
        "parameters": _all_of(_cell(values, _D.END_WEIGHTS), "the weights"),
        "architecture_information": _some_of(_cell(values, _D.ARCHITECTURE), "the architecture"),
        "usage_information": _usage(values, facts),
        "not_monetised": _known(
            None if facts.monetised is None else not facts.monetised,
            "stated to be offered without payment",
            "offered for a price or for personal data",
            "the Hub shows no prices; publishing in a repository is not itself monetisation",
        ),
        "no_systemic_risk": _known(
            None if facts.systemic_risk is None else not facts.systemic_risk,
            "below the threshold",
            "classified as a model with systemic risk: the exemption does not apply",
            "training compute is not shown",
        ),
        "copyright_policy": _known(facts.copyright_policy, "a copyright policy is published", "none is published"),
        "training_summary": _known(
            facts.training_summary,
            "a summary of the training content is published",
            "none is published",
            "a data sheet is no proof that the summary of Art. 53(1)(d) exists",
        ),
    }
    return _sum_up(AI_ACT, answers)


def _sum_up(framework: str, answers: Mapping[str, Answer]) -> Checklist:
    checks = tuple(
        Check(q.item, *answers[q.item], q.dimension, q.decides, "" if answers[q.item][0] is Result.PASS else q.needed)
        for q in QUESTIONS
        if q.framework == framework
    )
    results = [c.result for c in checks if c.decides]
    if Result.FAIL in results:
        result = Result.FAIL
    else:
        result = Result.UNKNOWN if Result.UNKNOWN in results else Result.PASS
    return Checklist(framework, result, checks)


def with_evidence(checklist: Checklist, evidence: Iterable[Evidence]) -> Checklist:
    """The same answers with the words that each rests on, a few of each."""
    found: dict[str, list[Proof]] = {}
    for e in evidence:
        if e.quote:
            found.setdefault(e.probe, []).append(Proof(e.probe, e.quote, e.place))
    probes = {q.item: q.probes for q in QUESTIONS if q.framework == checklist.framework}
    checks = (
        c._replace(evidence=tuple(p for probe in probes[c.item] for p in found.get(probe, ()))[:MAX_PROOFS])
        for c in checklist.checks
    )
    return checklist._replace(checks=tuple(checks))


def _cell(values: Mapping[str, str], dimension: Dimension) -> str:
    return values.get(dimension.value, Value.UNKNOWN.value)


def _known(fact: bool | None, yes: str, no: str, unknown: str = "nothing seen that answers it") -> Answer:
    if fact is None:
        return Result.UNKNOWN, unknown
    return (Result.PASS, yes) if fact else (Result.FAIL, no)


def _all_of(value: str, what: str) -> Answer:
    """Only all of it is enough. Partial may be incomplete or only not confirmed: unknown."""
    if value == Value.OPEN:
        return Result.PASS, f"{what}: open"
    if value == Value.CLOSED:
        return Result.FAIL, f"{what}: closed"
    return Result.UNKNOWN, f"{what}: {value}; all of it is asked for"


def _some_of(value: str, what: str) -> Answer:
    """A part is enough: the cell also asks for the training set-up, the item does not."""
    if value in (Value.OPEN, Value.PARTIAL):
        return Result.PASS, f"{what}: {value}"
    return _all_of(value, what)


def _ungated(gated: str | None) -> Answer:
    if gated == "no":
        return Result.PASS, "not gated"
    if gated == "manual":
        return Result.FAIL, "gated: a person approves each request"
    if gated == "auto":
        return Result.UNKNOWN, "gated: access follows at once, on conditions that are not read here"
    return Result.UNKNOWN, "whether it is gated was not shown"


def _osi_terms(facts: Facts) -> Answer:
    license = facts.license
    if license.is_conformant and not facts.other_terms:
        if license.conformant == "yes":
            return Result.PASS, f"{license.id}: OSI-approved"
        return Result.UNKNOWN, f"{license.id}: the terms conform, OSI has not approved them"
    return _refused(facts)


def _free_terms(facts: Facts) -> Answer:
    """The Act asks for freedoms, not for an approval (recital 102)."""
    if facts.license.is_conformant and not facts.other_terms:
        return Result.PASS, f"{facts.license.id}: access, use, change and distribution are free"
    return _refused(facts)


def _refused(facts: Facts) -> Answer:
    """The stricter of the licence and of what else is said of terms."""
    license = facts.license
    if license.restriction == Restriction.NO_LICENSE:
        also = ", and the card speaks of other terms" if facts.other_terms else ""
        return Result.FAIL, f"no licence is declared, so nothing is shown to be permitted{also}"
    if license.conformant == "no":
        return Result.FAIL, f"{license.id}: {license.restriction or 'not free'}"
    if license.is_conformant:
        return Result.UNKNOWN, f"{license.id}, but the card, a file or the name speaks of other terms"
    return Result.UNKNOWN, f"{license.id}: a licence that we cannot read"


def _code_terms(code: str, license: License | None) -> Answer:
    if code == Value.CLOSED:
        return Result.FAIL, "the training code: closed"
    if license is None or code not in (Value.OPEN, Value.PARTIAL):
        return Result.UNKNOWN, "the licence of the training code is not known"
    if license.osi_approved == "yes":
        return Result.PASS, f"{license.id}: OSI-approved"
    if license.osi_approved == "no":
        return Result.FAIL, f"{license.id}: not OSI-approved"
    return Result.UNKNOWN, f"{license.id}: not known to be approved"


def _data_information(values: Mapping[str, str]) -> Answer:
    """Data need not be shared, but must be described: closed data fail only when nothing describes them."""
    stages = {_cell(values, _D.BASE_DATA), _cell(values, _D.END_DATA)}
    sheet = _cell(values, _D.DATASHEET)
    if sheet == Value.OPEN and stages == {Value.OPEN.value}:
        return Result.PASS, "the data of every stage is open and a data sheet describes it"
    if Value.CLOSED in stages and sheet not in (Value.OPEN, Value.PARTIAL):
        return Result.FAIL, f"the data of a stage is closed, and the data sheet: {sheet}"
    return Result.UNKNOWN, f"data: {' and '.join(sorted(stages))}; data sheet: {sheet}"


def _usage(values: Mapping[str, str], facts: Facts) -> Answer:
    if facts.usage_information is not None:
        return _known(facts.usage_information, "the card says how to use it", "the card does not say how to use it")
    card = _cell(values, _D.MODEL_CARD)
    if card == Value.OPEN:
        return Result.PASS, "the model card: open"
    if card == Value.CLOSED:
        return Result.FAIL, "the model card: closed"
    return Result.UNKNOWN, f"the model card: {card}; whether it says how to use the model was not seen"
