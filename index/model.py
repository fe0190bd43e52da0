"""The words of the index: dimensions, values, outcomes, levels; evidence, judgement, assessment.

Frozen values and enumerations only. Imports nothing of ours, reads nothing, decides nothing.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple


class Dimension(StrEnum):
    """The 14 characteristics of the Radboud table (FAccT'24), in its order."""

    TRAINING_CODE = "training_code"
    BASE_DATA = "base_data"
    END_DATA = "end_data"
    BASE_WEIGHTS = "base_weights"
    END_WEIGHTS = "end_weights"
    LICENSE = "license"
    CODE_DOCS = "code_docs"
    ARCHITECTURE = "architecture"
    PREPRINT = "preprint"
    PAPER = "paper"
    MODEL_CARD = "model_card"
    DATASHEET = "datasheet"
    PACKAGE = "package"
    API = "api"


class Value(StrEnum):
    """What a characteristic is. `closed` needs positive evidence; looked-and-found-nothing is `unknown`."""

    OPEN = "open"
    PARTIAL = "partial"
    CLOSED = "closed"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"


class Outcome(StrEnum):
    """What a probe saw. 'Not stated', 'could not look' and 'no' are three answers."""

    YES = "yes"
    NO = "no"
    NOT_STATED = "not stated"
    NOT_APPLICABLE = "not applicable"
    UNAVAILABLE = "unavailable"
    ERROR = "error"


class Level(IntEnum):
    """How open a model is, as one ordered word. L5 and L6 stay candidates until a person confirms."""

    L0 = 0
    L1 = 1
    L2 = 2
    L3 = 3
    L4 = 4
    L5 = 5
    L6 = 6

    @property
    def words(self) -> str:
        """The level's name as people read it."""
        return LEVEL_NAMES[self]


LEVEL_NAMES = {
    Level.L0: "no weights or none shown",  # which of the two it is, the restriction says
    Level.L1: "gated",
    Level.L2: "restricted",
    Level.L3: "open weights",
    Level.L4: "open weights, documented",
    Level.L5: "open source (candidate)",
    Level.L6: "open science (candidate)",
}


class Restriction(StrEnum):
    """Why a model is not higher, as a code: the first that applies, gravest first."""

    NONE = ""
    DISABLED = "disabled"  # L0: the Hub disabled the repository
    NO_WEIGHTS = "no-weights"  # L0: complete file list without weights
    MANUAL_APPROVAL = "manual-approval"  # L1
    NON_COMMERCIAL = "non-commercial"  # L2: licence forbids commercial use, or research only
    NO_DERIVATIVES = "no-derivatives"  # L2
    USE_RESTRICTED = "use-restricted"  # L2: field of use or acceptable-use policy (RAIL)
    COMMUNITY = "community"  # L2: user threshold, territory, naming duty, bespoke terms
    CLICK_THROUGH = "click-through"  # L2: gated = auto
    NO_LICENSE = "no-license"  # L2: no licence stated at all
    UNKNOWN_LICENSE = "unknown-license"  # L2..L3: a licence or a card that we cannot read
    UNKNOWN_WEIGHTS = "unknown-weights"  # the file list was not shown
    UNKNOWN_ACCESS = "unknown-access"  # whether it is gated was not shown, or its card is refused
    UNREADABLE = "unreadable"  # its newest row in the Hub's listing could not be read: what is known of it is older
    UNKNOWN_BASE = "unknown-base"  # a declared ancestor cannot be judged
    DOCUMENTATION = "documentation"  # L3: what L4 asks of the documentation is not shown
    CODE_AND_DATA = "code-and-data"  # L4: what L5 asks of code and data information is not shown
    COMPLETENESS = "completeness"  # L5: what L6 asks is not shown


#: Place of a restriction: the lower, the graver.
GRAVITY = {restriction: place for place, restriction in enumerate(Restriction)}
#: One letter for each value, as `models.cells` has them, in the order of Dimension.
VALUES = {"o": Value.OPEN, "p": Value.PARTIAL, "c": Value.CLOSED, "u": Value.UNKNOWN, "n": Value.NOT_APPLICABLE}
LETTERS = {value: letter for letter, value in VALUES.items()}


class Evidence(NamedTuple):
    """One thing that a probe saw, with where to see it again. Judges nothing."""

    dimension: str  # Dimension, or 'claim' for what the card says of itself
    probe: str  # registered name of the probe
    outcome: str  # Outcome
    quote: str  # the exact words, field value or file name; '' only when there is nothing to quote
    # where: 'tags', 'siblings', 'gated', 'cardData.license', 'README.md#120-180' (character offsets in the parsed
    # text), 'LICENSE#0-90', 'base:ORG/NAME', 'dataset:ORG/NAME'
    place: str
    value: str = ""  # for machines: a licence id, a format, a count, a URL


class Judgement(NamedTuple):
    """One dimension judged: the value, the rule that decided, and the detail that fills the rule's words."""

    dimension: str
    value: str
    rule: str
    detail: str = ""


class Assessment(NamedTuple):
    """Everything we conclude about one model."""

    level: Level  # what is proved
    level_max: Level  # what is not excluded
    restriction: str  # Restriction
    license_effective: str | None  # most restrictive of its own and of all declared ancestors'
    judgements: tuple[Judgement, ...]  # 14, in the order of Dimension
    evidence: tuple[Evidence, ...]
    claims_open_source: bool
