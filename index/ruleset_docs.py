"""The rules for code, architecture, papers and the model card, in the order in which they are tried. Pure.

As in ruleset.py. Packages and APIs have no rule, and the rules for data sheets only say what was not read: what a card
shows of them did not tell the experts' open from their closed, so they stay unknown until somebody looks.
"""

from __future__ import annotations

import re

from index.model import Dimension, Outcome, Value
from index.rules import Cells, rule
from index.seen import Seen

D = Dimension
OPEN, PARTIAL, CLOSED, UNKNOWN = Value.OPEN, Value.PARTIAL, Value.CLOSED, Value.UNKNOWN

# ------------------------------------------------------------------------------------------------ training code


@rule(
    "T1",
    D.TRAINING_CODE,
    CLOSED,
    'The card says that the code is not released: "{}".',
    reads="code_withheld",
    confidence="medium",
    source="4.1 closed: explicit statement",
)
def _code_withheld(seen: Seen, cells: Cells) -> str | None:
    none = seen.no("code_withheld")
    return none.quote if none else None


@rule(
    "T2",
    D.TRAINING_CODE,
    PARTIAL,
    "Training scripts lie in the repository: {}.",
    reads="training_scripts linked_scripts",
    confidence="medium",
    source="3 training code: complete is never certain, default partial",
)
def _scripts(seen: Seen, cells: Cells) -> str | None:
    found = [
        e.value if e.probe == "linked_scripts" else e.quote
        for e in (*seen.all("training_scripts"), *seen.all("linked_scripts"))
    ]
    return ", ".join(found[:4]) if found else None


@rule(
    "T3",
    D.TRAINING_CODE,
    UNKNOWN,
    "The card links a repository of its makers ({}), which was not looked into.",
    reads="own_training_code own_repository",
    confidence="low",
    source="3 training code: closed cells have such a link in 35 %",
)
def _linked(seen: Seen, cells: Cells) -> str | None:
    links = seen.all("own_training_code") or seen.all("own_repository")
    named = [e for e in links if _TRAINS.search(e.quote)]  # before those that only stand in the section on training
    return next((e.value for e in (*named, *links)), None)


_TRAINS = re.compile(r"\btrain|\bfine-?tun|训练|微调", re.I)


@rule(
    "C1",
    D.CODE_DOCS,
    UNKNOWN,
    "The card links a repository of its makers ({}), which was not looked into.",
    reads="own_repository",
    confidence="low",
    source="3 code documentation",
)
def _code_linked(seen: Seen, cells: Cells) -> str | None:
    link = seen.yes("own_repository")
    return link.value if link else None


# -------------------------------------------------------------------------------------------------- data sheet


@rule(
    "D1",
    D.DATASHEET,
    UNKNOWN,
    "The card speaks of a description of its data ({}), which was not read.",
    reads="data_sheet",
    confidence="low",
    source="3 data sheet",
)
def _sheet_named(seen: Seen, cells: Cells) -> str | None:
    named = seen.yes("data_sheet")
    return named.value if named else None


@rule(
    "D3",
    D.DATASHEET,
    UNKNOWN,
    "The data sets that it names have cards on the Hub ({}), which were not read.",
    reads="data_card",
    confidence="low",
    source="3 data sheet: README of linked data sets",
)
def _sheets_there(seen: Seen, cells: Cells) -> str | None:
    there = [e.value for e in seen.all("data_card")]
    return ", ".join(there[:3]) + (", ..." if len(there) > 3 else "") if there else None


@rule(
    "D4",
    D.DATASHEET,
    UNKNOWN,
    "None of the data sets that it names on the Hub has a card ({}); whether another page describes them is not known.",
    reads="data_card",
    confidence="low",
    source="3 data sheet: README of linked data sets",
)
def _no_sheets(seen: Seen, cells: Cells) -> str | None:
    return ", ".join(e.value for e in seen.all("data_card", Outcome.NO)[:3]) or None


@rule(
    "D2",
    D.DATASHEET,
    UNKNOWN,
    "The card links data sets on the Hub ({}); whether their cards describe them was not looked into.",
    reads="dataset_cards",
    confidence="low",
    source="3 data sheet",
)
def _data_sets_linked(seen: Seen, cells: Cells) -> str | None:
    linked = [e.value for e in seen.all("dataset_cards")]
    return ", ".join(linked[:3]) + (", ..." if len(linked) > 3 else "") if linked else None


# ------------------------------------------------------------------------------------------- architecture, papers


@rule(
    "A1",
    D.ARCHITECTURE,
    OPEN,
    "The card tells of architecture or hardware and of the training set-up, and its own report of the rest: {}.",
    reads="own_preprint",
    confidence="medium",
    source="3 architecture: open cells rest on arXiv in 55 %, full set-ups stand in papers",
)
def _architecture_full(seen: Seen, cells: Cells) -> str | None:
    # A card alone is open to some experts and partial to others; with the model's own report they agree.
    told = seen.yes("architecture_stated") or seen.yes("hardware_stated")
    return _report_of_all(seen) if told and seen.yes("training_setup") else None


@rule(
    "A2",
    D.ARCHITECTURE,
    PARTIAL,
    "The architecture is described ({}), how it was trained is not.",
    reads="architecture_stated",
    confidence="medium",
    source="1.1 architecture: partly",
)
def _architecture_some(seen: Seen, cells: Cells) -> str | None:
    # With a technical report beside the card, the training may well be described there, which nobody has read.
    stated = seen.yes("architecture_stated")
    reported = any(e.value.startswith("report: ") for e in seen.all("own_report"))
    return _in_words(stated.value) if stated and not seen.yes("training_setup") and not reported else None


@rule(
    "A3",
    D.ARCHITECTURE,
    UNKNOWN,
    "Known by its card or configuration ({}); whether that is all of architecture and training is not known.",
    reads="architecture_stated architecture_config custom_code library",
    confidence="low",
    source="3 architecture: high, hardware: medium",
)
def _architecture_named(seen: Seen, cells: Cells) -> str | None:
    stated = seen.yes("architecture_stated")
    named = seen.yes("architecture_config") or seen.yes("custom_code") or seen.yes("library")
    return _in_words(stated.value) if stated else named.quote if named else None


#: Words in a title, or in the sentence that presents a paper, by which it covers the tuning too.
_OF_TUNING = re.compile(
    r"instruct|chat\b|tuned|tuning|align|adapt|preference|feedback|reinforc|rlhf|\bdpo\b|dialog|assistant|distill"
    r"|post-?train|technical report",
    re.IGNORECASE,
)


def _report_of_all(seen: Seen) -> str | None:
    """The model's own preprint; of a model tuned by its name only one that speaks of the tuning, or a report."""
    own = seen.all("own_preprint")
    if any(e.value == "self" for e in seen.all("tuned_name")):
        own = [e for e in own if _OF_TUNING.search(e.quote)]
    return _paper(own[0].value) if own else None


def _paper(value: str) -> str:
    """A reference in words: 'arXiv:2402.00838', 'a report: https://...', the venue's own name."""
    if value.startswith("venue: "):
        return value.removeprefix("venue: ")
    if value.startswith(("report: ", "blog: ")):
        return f"a {value}"
    return value if "://" in value else f"arXiv:{value}"


def _in_words(value: str) -> str:
    """What a section or a phrase tells: 'architecture: 42 words' is a section of that many words."""
    kind, said, words = value.partition(": ")
    return f"a section of {words}" if said and words.endswith(" words") else value


@rule(
    "P1",
    D.PREPRINT,
    OPEN,
    "The card presents a preprint or a report as its own: {}.",
    reads="own_preprint",
    confidence="medium",
    source="3 preprint",
)
def _own_preprint(seen: Seen, cells: Cells) -> str | None:
    # Only open is ever said: a paper about the base alone is partial to the experts, but from its title it cannot be
    # told from one about all stages (that was right in one of two cases and wrong for most papers since 2024), and
    # no paper in the card does not mean that there is none.
    return _report_of_all(seen)


@rule(
    "P2",
    D.PREPRINT,
    UNKNOWN,
    "Papers are cited ({}), none of them recognisably about all of this model.",
    reads="own_preprint cited_preprint own_report arxiv_tags",
    confidence="low",
    source="3 preprint: own paper medium",
)
def _cited(seen: Seen, cells: Cells) -> str | None:
    cited = seen.yes("own_preprint") or seen.yes("cited_preprint") or seen.yes("own_report") or seen.yes("arxiv_tags")
    return _paper(cited.value) if cited else None


@rule(
    "PR1",
    D.PAPER,
    UNKNOWN,
    "The card presents a peer-reviewed paper as its own ({}), which was not read.",
    reads="own_paper",
    confidence="low",
    source="3 paper",
)
def _own_paper(seen: Seen, cells: Cells) -> str | None:
    # By its words alone it was the model's own paper in no more than three of four cases: a data set's, a method's.
    own = seen.yes("own_paper")
    return _paper(own.value) if own else None


# --------------------------------------------------------------------------------------------------- model card


@rule(
    "M1",
    D.MODEL_CARD,
    CLOSED,
    "The complete file list ({} files) has no README.md.",
    reads="readme_file",
    confidence="high",
    source="4.1 closed",
)
def _no_card(seen: Seen, cells: Cells) -> str | None:
    none = seen.no("readme_file")
    return none.value if none and not seen.any("card_length") else None


@rule(
    "M2",
    D.MODEL_CARD,
    CLOSED,
    "The card is the Hub's template, not filled in: {}.",
    reads="card_boilerplate",
    confidence="high",
    source="3 model card",
)
def _template(seen: Seen, cells: Cells) -> str | None:
    for e in seen.all("card_boilerplate"):
        if e.value.startswith("template") and len(_told(seen)) < 2:
            return e.value.removeprefix("template: ").replace(" placeholders", " places are empty")
    return None


@rule(
    "M3", D.MODEL_CARD, CLOSED, "The card has no words.", reads="card_length", confidence="high", source="3 model card"
)
def _empty(seen: Seen, cells: Cells) -> str | None:
    return "" if seen.no("card_length") and not seen.yes("card_length") else None


#: Filled sections, of five, that make a card comprehensive, and the words of a card that can be: with all five, less.
ENOUGH = 3
ENOUGH_WORDS = 300
ALL_SECTIONS, ENOUGH_WITH_ALL = 5, 150
#: Words with which a section says more than that there is something to say.
SOME_WORDS = 15


def _told(seen: Seen) -> list[str]:
    return sorted({e.value.partition(":")[0] for e in seen.all("card_sections")})


def _told_of(seen: Seen) -> set[str]:
    """The sections that have more than a sentence."""
    told = [e.value.removesuffix(" words").partition(": ") for e in seen.all("card_sections")]
    return {kind for kind, _, words in told if words.isdigit() and int(words) >= SOME_WORDS}


@rule(
    "M4", D.MODEL_CARD, OPEN, "The card tells of {}.", reads="card_sections", confidence="medium", source="3 model card"
)
def _full_card(seen: Seen, cells: Cells) -> str | None:
    # Experts ask of an open card that it tells how the model was made: of cards without, they called half partial.
    told = _well_told(seen)
    return _listing(told) if told and _procedure_told(seen, told) else None


def _well_told(seen: Seen) -> list[str]:
    """The sections of a card that may be comprehensive; none where it surely is not.

    Comprehensive is training and evaluation, and what it is for or where it fails; without evaluation, what it is for
    and what it was trained on. The experts called cards of few words partial whatever their headings.
    """
    told, length = _told(seen), seen.yes("card_length")
    if len(told) < ENOUGH or not {"training_data", "training_procedure"} & set(told) or _hollow(seen):
        return []
    words = int(length.value) if length and length.value.isdigit() else 0
    if words < (ENOUGH_WITH_ALL if len(told) == ALL_SECTIONS else ENOUGH_WORDS) or not {
        "intended_use",
        "limitations",
    } & _told_of(seen):
        return []
    whole = "evaluation" in told or ("intended_use" in told and seen.yes("hardware_stated"))
    return told if whole else []


def _procedure_told(seen: Seen, told: list[str]) -> bool:
    return "training_procedure" in told or bool(seen.yes("training_setup"))


@rule(
    "M5",
    D.MODEL_CARD,
    PARTIAL,
    "Written by a tool or from a template, and not filled in by a person to the end. It tells of {}.",
    reads="card_boilerplate",
    confidence="medium",
    source="3 model card: not auto-generated",
)
def _generated(seen: Seen, cells: Cells) -> str | None:
    return _listing(_told(seen)) if seen.yes("card_boilerplate") and _told(seen) else None


@rule(
    "M7",
    D.MODEL_CARD,
    UNKNOWN,
    "The card tells of {}; whether that makes it comprehensive is not known.",
    reads="card_sections",
    confidence="low",
    source="3 model card: medium open/partial",
)
def _between(seen: Seen, cells: Cells) -> str | None:
    # Experts called such cards open and partial about equally often, and never closed.
    told = _told(seen)
    parts = [*told, "architecture"] if seen.yes("architecture_stated") else told
    some = len(told) >= ENOUGH and "architecture" in parts and _procedure_told(seen, told)
    return _listing(parts) if some or _well_told(seen) else None


@rule(
    "M6",
    D.MODEL_CARD,
    PARTIAL,
    "The card tells of {}: not of everything that it should, or in few words.",
    reads="card_sections",
    confidence="medium",
    source="3 model card",
)
def _some_card(seen: Seen, cells: Cells) -> str | None:
    told = _told(seen)
    trained = {"training_data", "training_procedure"} & set(told) or seen.yes("training_setup")
    return _listing(told) if len(told) >= ENOUGH and trained else None


@rule(
    "M8",
    D.MODEL_CARD,
    UNKNOWN,
    "The card tells of {}: too little to say how far it documents the model.",
    reads="card_sections card_length",
    confidence="low",
    source="3 model card",
)
def _little_card(seen: Seen, cells: Cells) -> str | None:
    # Partial to experts in two of three cases, else closed or open.
    told, length = _told(seen), seen.yes("card_length")
    return _listing(told) if told else "none of the things that such a card should tell" if length else None


def _hollow(seen: Seen) -> bool:
    """Whether a tool wrote the card and left its headings for intended use or data empty."""
    return bool(seen.yes("card_boilerplate")) and bool(seen.no("card_sections"))


def _listing(told: list[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in told)
