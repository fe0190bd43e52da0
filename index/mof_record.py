"""Our own evidence written as a MOF record, so that every model has a class by MOT's rules.

Does: list a component only when a judgement or a probe shows it, and give each the licence that covers it. Pure.
Does not: list what is unknown or only partly shown (partial weights, code or data are not included), or read a licence.
The record is ours, not the maker's: makers who fill in MOT themselves know more and may reach a better class.

Licences: what lies in the repository (weights, card, results, code of the architecture) has the effective licence of
the weights, which is also the record's `distribution` licence, so that a report falls back to it just as in MOT's own
records. Code and data that lie elsewhere never fall back: without a licence of their own they are `unlicensed`, since a
data set of unknown terms must not make a model look open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from index import mof
from index.frameworks import mirrored, values_of
from index.licenses import License
from index.model import Dimension, Evidence, Judgement, Outcome, Value
from index.mof import MofRecord, Stated


class Licensing(NamedTuple):
    """Whose licence is what. None = not known. `weights` is the effective licence, ancestors included."""

    weights: License | None
    code: License | None = None  # of the training code, when it lies outside the repository
    data: License | None = None  # the most restrictive of all training data sets
    evaluation_data: License | None = None


# Licence of the library that runs a model, from the libraries' repositories. The first seven also hold the code of the
# architectures that they load; with the others the architecture is the model maker's own code.
_HOLDS_ARCHITECTURE = {
    "transformers": "Apache-2.0", "diffusers": "Apache-2.0", "sentence-transformers": "Apache-2.0",
    "peft": "Apache-2.0", "timm": "Apache-2.0", "setfit": "Apache-2.0", "open_clip": "MIT",
}  # fmt: skip
LIBRARY_LICENSES = {
    **_HOLDS_ARCHITECTURE,
    "keras": "Apache-2.0", "speechbrain": "Apache-2.0", "espnet": "Apache-2.0", "adapter-transformers": "Apache-2.0",
    "nemo": "Apache-2.0", "fastai": "Apache-2.0", "stanza": "Apache-2.0", "allennlp": "Apache-2.0",
    "paddlenlp": "Apache-2.0", "transformers.js": "Apache-2.0", "stable-baselines3": "MIT", "spacy": "MIT",
    "flair": "MIT", "bertopic": "MIT", "mlx": "MIT", "pyannote-audio": "MIT", "sample-factory": "MIT",
    "sklearn": "BSD-3-Clause", "ultralytics": "AGPL-3.0",
}  # fmt: skip

#: A section of fewer words points elsewhere; it describes no data and reports no result.
MIN_WORDS = 30

# (probe, what its value names) -> component; None: any. Only outcome `yes` counts.
_SHOWN: dict[tuple[str, str | None], str] = {
    ("custom_code", None): "architecture_code",
    ("evaluation_results", None): "evaluation_results",
    ("card_sections", "evaluation"): "evaluation_results",
    ("card_sections", "training_data"): "data_card",  # MOF: data described in the card counts
    ("intermediate_checkpoints", None): "params_intermediate",
}
PROBES_READ = frozenset(probe for probe, _ in _SHOWN) | {"library"}

_D = Dimension
_SOME = (Value.OPEN, Value.PARTIAL)


def record_from(
    judgements: Sequence[Judgement], evidence: Sequence[Evidence], licenses: Licensing, name: str = ""
) -> MofRecord:
    """The MOF record of one model. Unknown and partial components are left out; see the module for the licences."""
    values = values_of(judgements)
    cells = mirrored(values)
    own = _id(licenses.weights)
    found: dict[str, str | None] = {}  # component -> licence; None = the record's distribution licence
    for component in _shown(evidence):
        found[component] = own
    _library(evidence, found)

    def has(dimension: Dimension, *values: Value) -> bool:
        return cells.get(dimension.value) in values

    if values.get(_D.END_WEIGHTS) == Value.OPEN:  # its own weights: those of a base are another release
        found["params_final"] = own
    else:
        found.pop("params_intermediate", None)
    if has(_D.MODEL_CARD, *_SOME):
        found["model_card"] = own
    if has(_D.DATASHEET, *_SOME):
        found.setdefault("data_card", own)
    if has(_D.PREPRINT, *_SOME):
        found["tech_report"] = None
    if has(_D.PAPER, *_SOME):
        found["paper"] = None
    if has(_D.TRAINING_CODE, Value.OPEN):  # the cell asks for preparing, training and tuning together
        found["training_code"] = found["preproc_code"] = _id(licenses.code) or "unlicensed"
    if has(_D.BASE_DATA, Value.OPEN) and has(_D.END_DATA, Value.OPEN):
        found["datasets"] = _id(licenses.data) or "unlicensed"
    if licenses.evaluation_data is not None:
        found["evaluation_data"] = _id(licenses.evaluation_data)
    stated = tuple(Stated(c.name, found[c.key]) for c in mof.COMPONENTS if c.key in found)
    return MofRecord(name, stated, distribution=own)


def class_of(
    judgements: Sequence[Judgement], evidence: Sequence[Evidence], licenses: Licensing, *, quirks: bool = False
) -> int | None:
    """The MOF class of a model, 1 to 3, None when none is reached; most models are told apart by three cells."""
    cells = values_of(judgements)
    if cells.get(_D.END_WEIGHTS) != Value.OPEN or cells.get(_D.MODEL_CARD) not in _SOME:
        return None
    if cells.get(_D.PREPRINT) not in _SOME and cells.get(_D.PAPER) not in _SOME:
        return None
    return mof.evaluate(record_from(judgements, evidence, licenses), quirks=quirks).class_


def _shown(evidence: Sequence[Evidence]) -> Iterator[str]:
    for e in evidence:
        if e.outcome == Outcome.YES and _own(e):
            kind, _, amount = e.value.partition(":")  # card_sections: 'evaluation: 223 words'
            component = _SHOWN.get((e.probe, None)) or _SHOWN.get((e.probe, kind))
            if component and (e.probe != "card_sections" or _words(amount) >= MIN_WORDS):
                yield component


def _own(e: Evidence) -> bool:
    """Whether it speaks of this release; a base is another one."""
    return not e.place.startswith("base:")


def _words(amount: str) -> int:
    """' 223 words' -> 223; nothing that we can read -> 0."""
    number = amount.split()[0] if amount.split() else ""
    return int(number) if number.isdecimal() else 0


def _library(evidence: Sequence[Evidence], found: dict[str, str | None]) -> None:
    """A known library is the code to run the model; some are its architecture too, unless the repository has that."""
    names = [e.value.lower() for e in evidence if e.probe == "library" and e.outcome == Outcome.YES and _own(e)]
    name = next((n for n in names if n in LIBRARY_LICENSES), None)
    if name is None:
        return
    found["libraries"] = found["inference_code"] = LIBRARY_LICENSES[name]
    if name in _HOLDS_ARCHITECTURE:
        found.setdefault("architecture_code", LIBRARY_LICENSES[name])


def _id(license: License | None) -> str | None:
    """The id that MOT understands, else the catalogue's own: a licence that is not open must stay visible as such."""
    return None if license is None else license.spdx or license.id
