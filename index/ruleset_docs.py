"""The rules for code, architecture, papers and the model card, in the order in which they are tried. Pure.

As in ruleset.py. Data sheets, packages and APIs have no rule: what a card shows of them did not tell the experts' open
from their closed, so they stay unknown until somebody looks.
"""

from __future__ import annotations

from index.model import Dimension, Evidence, Value
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
    link = seen.yes("own_training_code") or seen.yes("own_repository")
    return link.value if link else None


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


# ------------------------------------------------------------------------------------------- architecture, papers


@rule(
    "A1",
    D.ARCHITECTURE,
    OPEN,
    "The card describes architecture, training set-up and hardware: {}.",
    reads="hardware_stated",
    confidence="medium",
    source="3 architecture",
)
def _architecture_full(seen: Seen, cells: Cells) -> str | None:
    hardware = seen.yes("hardware_stated")
    told = _section(seen, "architecture_stated", "architecture") and seen.yes("training_setup")
    return hardware.value if told and hardware else None


@rule(
    "A2",
    D.ARCHITECTURE,
    PARTIAL,
    "The architecture is described or named, the training set-up only in part: {}.",
    reads="architecture_stated",
    confidence="medium",
    source="3 architecture",
)
def _architecture_some(seen: Seen, cells: Cells) -> str | None:
    stated = seen.yes("architecture_stated")
    return stated.value if stated else None


@rule(
    "A3",
    D.ARCHITECTURE,
    UNKNOWN,
    "Known by its configuration ({}); the training set-up is not described.",
    reads="architecture_config custom_code library",
    confidence="low",
    source="3 architecture: high, hardware: medium",
)
def _architecture_named(seen: Seen, cells: Cells) -> str | None:
    named = seen.yes("architecture_config") or seen.yes("custom_code") or seen.yes("library")
    return named.quote if named else None


def _section(seen: Seen, probe: str, kind: str) -> Evidence | None:
    return next((e for e in seen.all(probe) if e.value.startswith(f"{kind}:")), None)


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
    own = seen.yes("own_preprint")
    return own.value if own else None


@rule(
    "P2",
    D.PREPRINT,
    UNKNOWN,
    "Papers are cited ({}), none of them recognisably its own.",
    reads="cited_preprint own_report arxiv_tags",
    confidence="low",
    source="3 preprint: own paper medium",
)
def _cited(seen: Seen, cells: Cells) -> str | None:
    cited = seen.yes("cited_preprint") or seen.yes("own_report") or seen.yes("arxiv_tags")
    return cited.value if cited else None


@rule(
    "PR1",
    D.PAPER,
    OPEN,
    "The card presents a peer-reviewed paper as its own: {}.",
    reads="own_paper",
    confidence="medium",
    source="3 paper",
)
def _own_paper(seen: Seen, cells: Cells) -> str | None:
    own = seen.yes("own_paper")
    return own.value if own else None


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
    "The card is the Hub's template, not filled in ({}).",
    reads="card_boilerplate",
    confidence="high",
    source="3 model card",
)
def _template(seen: Seen, cells: Cells) -> str | None:
    for e in seen.all("card_boilerplate"):
        if e.value.startswith("template") and len(_told(seen)) < ENOUGH:
            return e.value
    return None


@rule(
    "M3", D.MODEL_CARD, CLOSED, "The card has no words.", reads="card_length", confidence="high", source="3 model card"
)
def _empty(seen: Seen, cells: Cells) -> str | None:
    return "" if seen.no("card_length") and not seen.yes("card_length") else None


#: Filled sections, of five, that make a card comprehensive.
ENOUGH = 3


def _told(seen: Seen) -> list[str]:
    return sorted({e.value.partition(":")[0] for e in seen.all("card_sections")})


@rule(
    "M4", D.MODEL_CARD, OPEN, "The card tells of {}.", reads="card_sections", confidence="medium", source="3 model card"
)
def _full_card(seen: Seen, cells: Cells) -> str | None:
    told = _told(seen)
    trained = bool({"training_data", "training_procedure"} & set(told))
    return _listing(told) if len(told) >= ENOUGH and trained and not _hollow(seen) else None


@rule(
    "M5",
    D.MODEL_CARD,
    PARTIAL,
    "Written by a training tool; what a person must add is missing. It tells of {}.",
    reads="card_boilerplate",
    confidence="medium",
    source="3 model card: not auto-generated",
)
def _generated(seen: Seen, cells: Cells) -> str | None:
    return _listing(_told(seen)) if seen.yes("card_boilerplate") and _told(seen) else None


@rule(
    "M6",
    D.MODEL_CARD,
    PARTIAL,
    "The card tells of {}, and not of the rest.",
    reads="card_sections",
    confidence="low",
    source="3 model card",
)
def _some_card(seen: Seen, cells: Cells) -> str | None:
    told = _told(seen)
    matters = set(told) & {"training_data", "training_procedure", "evaluation"}
    return _listing(told) if len(told) >= 2 and matters else None


def _hollow(seen: Seen) -> bool:
    """Whether a tool wrote the card and left its headings for intended use or data empty."""
    return bool(seen.yes("card_boilerplate")) and bool(seen.no("card_sections"))


def _listing(told: list[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in told)
