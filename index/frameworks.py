"""The same 14 judgements read the way other frameworks read openness: scores, and the tables of their questions.

Does: Radboud score (0..14), European index score (0..1), an Artificial-Analysis-style score (0..18, our own
re-implementation of the idea), and the published definitions of every framework, each written down once, here or in
`mof.py` and `checklists.py`. Pure.
Does not: judge (`rules.py`), decide a level, or copy anybody's scores. A score never says 'open': it adds up cells.

Unknown counts 0 in a score, exactly as an empty cell does in the tables of the two human indexes; the judgement itself
stays unknown. Not applicable: where a model has no stage of its own before tuning, the base cells mirror the end cells
(the human indexes do so), and the other way round; any other cell that does not apply counts 0, since the human tables
know no such cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from index import checklists, mof
from index.checklists import Checklist, Facts
from index.licenses import License
from index.model import Dimension, Judgement, Value

RADBOUD = "Radboud 14"
EU = "European index 12"
MOF = "MOF 1.0"
AA = "AA-style 18"

_RADBOUD_SOURCE = "https://opening-up-chatgpt.github.io, doi:10.1145/3571884.3604316, doi:10.1145/3630106.3659005"
_EU_SOURCE = "https://osai-index.eu, doi:10.5281/zenodo.15386042"
_MOF_SOURCE = "arXiv:2403.13784; lfai/model_openness_tool"
_AA_SOURCE = "idea: https://artificialanalysis.ai/methodology/openness-index; scale and rules are ours"


class Characteristic(NamedTuple):
    """One of the 14 as the two human indexes call it; `eu_key` None where the European index dropped it."""

    dimension: Dimension
    radboud_key: str
    radboud_heading: str  # column of the Radboud page
    eu_key: str | None
    question: str


D = Dimension
CHARACTERISTICS = (
    Characteristic(D.TRAINING_CODE, "opencode", "Open code", "trainingcode",
                   "Can the code for preparing data, training and tuning be inspected?"),
    Characteristic(D.BASE_DATA, "llmdata", "LLM data", "datasources_basemodel",
                   "Can the data that the base model was trained on be inspected?"),
    Characteristic(D.END_DATA, "rldata", "RL data", "datasources_endmodel",
                   "Can the data that the model was tuned on be inspected?"),
    Characteristic(D.BASE_WEIGHTS, "llmweights", "LLM weights", "weights_basemodel",
                   "Can the weights of the base model be downloaded?"),
    Characteristic(D.END_WEIGHTS, "rlweights", "RL weights", "weights_endmodel",
                   "Can the weights of the model itself be downloaded?"),
    Characteristic(D.LICENSE, "license", "License", "licenses",
                   "Is the whole project, not only the weights, under an open licence?"),
    Characteristic(D.CODE_DOCS, "code", "Code", "code", "Is the code documented?"),
    Characteristic(D.ARCHITECTURE, "architecture", "Architecture", "hardware_architecture",
                   "Are the architecture and the training set-up documented?"),
    Characteristic(D.PREPRINT, "preprint", "Preprint", "preprint",
                   "Does a preprint or technical report describe the model and its training?"),
    Characteristic(D.PAPER, "paper", "Paper", "paper", "Does a peer-reviewed paper describe it?"),
    Characteristic(D.MODEL_CARD, "modelcard", "Modelcard", "modelcard",
                   "Is there a model card with training, evaluation, intended use and limits?"),
    Characteristic(D.DATASHEET, "datasheet", "Datasheet", "datasheet",
                   "Is there a data sheet on how the data were collected and curated?"),
    Characteristic(D.PACKAGE, "package", "Package", None, "Is there a versioned package on a public index?"),
    Characteristic(D.API, "api", "API", None, "Is there an API that anyone may use?"),
)  # fmt: skip

_EU_DIMENSIONS = tuple(c.dimension.value for c in CHARACTERISTICS if c.eu_key)
_POINTS = {Value.OPEN.value: 1.0, Value.PARTIAL.value: 0.5}
_MIRRORS = ((D.BASE_DATA.value, D.END_DATA.value), (D.BASE_WEIGHTS.value, D.END_WEIGHTS.value))

#: dimension -> value; a dimension that is missing is unknown.
Values = Mapping[str, str]


def values_of(judgements: Iterable[Judgement]) -> dict[str, str]:
    """The cells of a model: dimension -> value."""
    return {j.dimension: j.value for j in judgements}


def mirrored(values: Values) -> Values:
    """The same cells, a base or end cell that does not apply replaced by its counterpart."""
    changed: dict[str, str] = {}
    for base, end in _MIRRORS:
        if values.get(base) == Value.NOT_APPLICABLE:
            changed[base] = values.get(end, Value.UNKNOWN.value)
        elif values.get(end) == Value.NOT_APPLICABLE:
            changed[end] = values.get(base, Value.UNKNOWN.value)
    return {**values, **changed} if changed else values


def radboud_score(values: Values) -> float:
    """Sum over the 14: open 1, partial 0.5, anything else 0. 0.0..14.0, in halves."""
    cells = mirrored(values)
    return sum(_POINTS.get(cells.get(c.dimension.value, ""), 0.0) for c in CHARACTERISTICS)


def eu_score(values: Values) -> float:
    """Mean of the 12 (package and api left out), missing = 0. 0.0..1.0."""
    cells = mirrored(values)
    return sum(_POINTS.get(cells.get(d, ""), 0.0) for d in _EU_DIMENSIONS) / len(_EU_DIMENSIONS)


def osaid_checklist(values: Values, facts: Facts) -> Checklist:
    """The Open Source AI Definition 1.0, each item pass, fail or unknown with its reason."""
    return checklists.osaid_checklist(mirrored(values), facts)


def ai_act_checklist(values: Values, facts: Facts) -> Checklist:
    """The open-source exemption of the EU AI Act, each item pass, fail or unknown, and the duties that remain."""
    return checklists.ai_act_checklist(mirrored(values), facts)


class AaScore(NamedTuple):
    """Six components of 0..3; the two about data are the mean of base and end."""

    weights_access: float
    weights_license: float
    data_access: float
    data_license: float
    methodology: float
    code_license: float

    @property
    def total(self) -> float:
        """0.0..18.0."""
        return float(sum(self))

    @property
    def normalised(self) -> float:
        """0.0..100.0."""
        return self.total / 18 * 100


_AA_ITEMS = {
    "weights_access": "0 no access; 1 a restricted API; 2 an open API, or weights behind a gate; 3 open weights",
    "weights_license": "0 none, unknown or no commercial use; 1 commercial use with limits and a naming duty; "
    "2 commercial use with limits; 3 terms conform to the Open Source AI Definition",
    "data_access": "0 nothing; 1 some sources; 2 some, with a full data sheet; 3 everything; mean of base and end",
    "data_license": "as weights_license, for the most restrictive licence of the training data",
    "methodology": "0 nothing; 1 architecture; 2 and a preprint or paper; 3 both in full",
    "code_license": "0 no training code; 1 code, licence not open or not known; 2 some code under an OSI-approved "
    "licence; 3 the code under one",
}


def aa_score(values: Values, license: License, data: License | None = None, code: License | None = None) -> AaScore:
    """A 0-18 score in that style. `license` is the effective one of the weights, `data` and `code` None = not known.

    Derived models are capped by their base because the effective licence and the base cells already are.
    """
    cells = mirrored(values)

    def at(dimension: Dimension) -> float:
        return _POINTS.get(cells.get(dimension.value, ""), 0.0)

    access = 3.0 if at(D.END_WEIGHTS) == 1 else 2.0 if at(D.END_WEIGHTS) or at(D.API) == 1 else 2 * at(D.API)
    report = max(at(D.PREPRINT), at(D.PAPER))
    method = 0.0
    if at(D.ARCHITECTURE):
        method = 1.0 if not report else 3.0 if at(D.ARCHITECTURE) == report == 1 else 2.0
    stages = [3.0 if at(d) == 1 else (1.0 + (at(D.DATASHEET) == 1)) * (at(d) > 0) for d in (D.BASE_DATA, D.END_DATA)]
    data_access = sum(stages) / 2
    some_code = at(D.TRAINING_CODE)
    osi_code = code is not None and code.osi_approved == "yes"
    return AaScore(
        weights_access=access,
        weights_license=_terms(license) if at(D.END_WEIGHTS) else 0.0,
        data_access=data_access,
        data_license=_terms(data) if data is not None and data_access else 0.0,
        methodology=method,
        code_license=0.0 if not some_code else 1.0 if not osi_code else 3.0 if some_code == 1 else 2.0,
    )


def _terms(license: License) -> float:
    """0..3 for what a licence allows. What is not known allows nothing."""
    if license.is_conformant:
        return 3.0
    if license.commercial_use not in ("yes", "conditional"):
        return 0.0
    return 2.0 if license.naming_duty == "none" else 1.0


# ------------------------------------------------------------------------------------------------ definitions


class Definition(NamedTuple):
    """One published question. `dimension` is the judgement that answers it, '' where none alone does."""

    framework: str
    item: str
    dimension: str
    question: str
    source: str
    date: str  # of the version that this describes
    needed: str = ""  # what would answer it with a pass; '' = see the framework


def definitions() -> list[Definition]:
    """Every question of every framework, in the order of the frameworks: the table that is published."""
    rows = [Definition(RADBOUD, c.radboud_key, c.dimension, c.question, _RADBOUD_SOURCE, "2025-03-11")
            for c in CHARACTERISTICS]  # fmt: skip
    rows += [Definition(EU, c.eu_key, c.dimension, c.question, _EU_SOURCE, "2026-06-12")
             for c in CHARACTERISTICS if c.eu_key]  # fmt: skip
    for c in mof.COMPONENTS:
        need = "required" if c.required else "optional"
        question = f"Class {'I' * c.class_}, {need}, {c.kind}: {c.question}"
        rows.append(Definition(MOF, c.key, "", question, _MOF_SOURCE, "2026-05-11"))
    rows += [Definition(q.framework, q.item, q.dimension, q.question, q.source, q.date, q.needed)
             for q in checklists.QUESTIONS]  # fmt: skip
    rows += [Definition(AA, item, "", question, _AA_SOURCE, "2026-03") for item, question in _AA_ITEMS.items()]
    return rows
