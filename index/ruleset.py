"""The rules for a model's own weights and for the licence, in the order in which they are tried. Pure.

Sections named in `source` are those of the project's frameworks reference: what the human indexes count as evidence,
how often they found it on the Hub, and how sure one can be of it from outside. Data and the base's weights are judged
in `ruleset_data.py`, documents in `ruleset_docs.py`.
"""

from __future__ import annotations

from index import licenses
from index.model import Dimension, Evidence, Outcome, Value
from index.rules import Cells, rule
from index.seen import Seen

D = Dimension
OPEN, PARTIAL, CLOSED, UNKNOWN = Value.OPEN, Value.PARTIAL, Value.CLOSED, Value.UNKNOWN

# ------------------------------------------------------------------------------------------------ weights, end


@rule(
    "W1",
    D.END_WEIGHTS,
    CLOSED,
    "The Hub has disabled the repository.",
    reads="disabled",
    confidence="high",
    source="3 weights",
)
def _disabled(seen: Seen, cells: Cells) -> str | None:
    return "" if seen.yes("disabled") else None


@rule(
    "W2",
    D.END_WEIGHTS,
    CLOSED,
    "The complete file list ({} files) has no weight or adapter file.",
    reads="weight_files",
    confidence="high",
    source="3 weights, 4.1 closed",
)
def _no_weights(seen: Seen, cells: Cells) -> str | None:
    none = seen.no("weight_files")
    return none.value.partition(":")[2] if none else None


def _proved(seen: Seen) -> str | None:
    """What proves that there are weights: files by format, or what the Hub itself found in them."""
    files = seen.all("weight_files")
    if files:
        return ", ".join(e.value.replace(":", " x ") for e in files)
    counted = seen.yes("weights_counted")
    return _counted(counted) if counted else None


def _counted(e: Evidence) -> str:
    """What the Hub found in the weights, in words."""
    if not e.quote.isdecimal():
        return f"{e.quote}, as the Hub's own tag says"
    return f"{_many(int(e.quote))} parameters in {e.place}, counted by the Hub"


def _many(number: int) -> str:
    """1786775040 -> '1.8 billion'."""
    for size, word in ((1_000_000_000, "billion"), (1_000_000, "million")):
        if number >= size:
            return f"{number / size:.1f}".removesuffix(".0") + f" {word}"
    return f"{number:,}"


def _tagged(e: Evidence) -> str:
    """What speaks of weights and proves none, in words."""
    if e.value == "general":
        return f"{e.quote}, a kind of file that may hold anything"
    if e.value == "contradicted":
        return f"{_counted(e)}, but no file in the list holds any"
    if e.place == "tags":
        return f"the tag {e.quote}, which anybody may set; the files were not shown"
    return f"the Hub loads it with {e.quote}; the files were not shown"


def _weights(seen: Seen) -> str | None:
    """What shows that there are weights; a tag will do."""
    tagged = seen.yes("weights_tagged")
    return _proved(seen) or (_tagged(tagged) if tagged else None)


@rule(
    "W3",
    D.END_WEIGHTS,
    PARTIAL,
    "There are weights, but a person approves each request ({}).",
    reads="gating",
    confidence="high",
    source="1.2 weights: gated is partial",
)
def _manual(seen: Seen, cells: Cells) -> str | None:
    gate = seen.yes("gating")
    return _weights(seen) if gate and gate.value != "auto" else None


@rule(
    "W4",
    D.END_WEIGHTS,
    PARTIAL,
    "There are weights, but one must log in and accept terms ({}).",
    reads="gating",
    confidence="high",
    source="1.2 weights: gated is partial",
)
def _click(seen: Seen, cells: Cells) -> str | None:
    return _weights(seen) if seen.yes("gating") else None


@rule(
    "W5",
    D.END_WEIGHTS,
    PARTIAL,
    "Numbered parts of the weights are missing: {} are there.",
    reads="weight_shards",
    confidence="high",
    source="3 weights",
)
def _shards(seen: Seen, cells: Cells) -> str | None:
    parts = seen.no("weight_shards")
    return parts.value if parts else None


@rule(
    "W6",
    D.END_WEIGHTS,
    OPEN,
    "Anyone can download the weights: {}.",
    reads="gating",
    confidence="high",
    source="3 weights",
)
def _open_weights(seen: Seen, cells: Cells) -> str | None:
    return _proved(seen) if seen.no("gating") else None


@rule(
    "W7",
    D.END_WEIGHTS,
    PARTIAL,
    "There are weights, and the front matter asks for consent before access (field {}).",
    reads="gate_announced",
    confidence="medium",
    source="1.2 weights: gated is partial",
)
def _gate_announced(seen: Seen, cells: Cells) -> str | None:
    gate = seen.yes("gate_announced")
    return gate.value if gate and _weights(seen) else None


@rule(
    "W8",
    D.END_WEIGHTS,
    UNKNOWN,
    "It is not proved that anyone can download the weights: {}.",
    reads="weight_files weights_counted weights_tagged",
    confidence="high",
    source="3 weights",
)
def _weights_somehow(seen: Seen, cells: Cells) -> str | None:
    unseen = "" if seen.no("gating") else "; whether one must ask for access was not shown"
    found = _weights(seen)
    return f"{found}{unseen}" if found else None


# ---------------------------------------------------------------------------------------------------- licence


@rule(
    "L1",
    D.LICENSE,
    PARTIAL,
    "A public licence, but not for commercial use: {}.",
    reads="effective_license",
    confidence="medium",
    source="1.1 license; 3 licence of weights",
)
def _public_non_commercial(seen: Seen, cells: Cells) -> str | None:
    no = seen.no("effective_license")
    return _with_place(no) if no and no.value.startswith("cc-by-nc") else None


@rule(
    "L2",
    D.LICENSE,
    CLOSED,
    "The licence is not open: {}.",
    reads="effective_license",
    confidence="high",
    source="1.1 license; 6",
)
def _not_open(seen: Seen, cells: Cells) -> str | None:
    # The cell is of the whole project, partial where two of weights, code and data are open: with open data it may be.
    no = seen.no("effective_license")
    shared = OPEN in (cells.get(D.BASE_DATA), cells.get(D.END_DATA))
    return _with_place(no) if no and not shared else None


@rule(
    "L8",
    D.LICENSE,
    UNKNOWN,
    "The weights are not under an open licence ({}), but data is open; whether the code is too was not seen.",
    reads="effective_license",
    confidence="medium",
    source="1.2 licenses: partial with two of weights, code, data",
)
def _not_open_but_data(seen: Seen, cells: Cells) -> str | None:
    no = seen.no("effective_license")
    return _with_place(no) if no else None


@rule(
    "L3",
    D.LICENSE,
    UNKNOWN,
    'The tag names an open licence, but the card\'s words or files restrict it: "{}".',
    reads="license_text_conflict use_restriction stated_terms hidden_terms",
    confidence="medium",
    source="4.1 contradictions",
)
def _contradicted(seen: Seen, cells: Cells) -> str | None:
    against = seen.yes("license_text_conflict")
    hidden = seen.yes("hidden_terms")
    said = seen.yes("use_restriction") or seen.yes("stated_terms")
    said = said or (hidden if hidden and hidden.dimension == D.LICENSE else None)
    if not seen.yes("effective_license"):
        return None
    return against.value if against else said.quote if said else None


@rule(
    "L4",
    D.LICENSE,
    OPEN,
    "Weights, code and data are all under open licences, as the card says: {}.",
    reads="component_license",
    confidence="medium",
    source="1.2 licenses",
)
def _all_open(seen: Seen, cells: Cells) -> str | None:
    own = seen.yes("effective_license")
    named = [(e.value, licenses.find(e.value.partition(" (")[0])) for e in seen.all("component_license")]
    if not own or not all(license is not None and license.is_conformant for _, license in named):
        return None
    code = next((said for said, _ in named if said.endswith(_CODE_PARTS)), None)
    data = next((said for said, _ in named if said.endswith(_DATA_PARTS)), None)
    return f"{own.value}, {code}, {data}" if code and data else None


#: The parts that `component_license` names, as its values end.
_CODE_PARTS = ("(code)", "(codebase)", "(repository)", "(repo)", "(software)")
_DATA_PARTS = ("(data)", "(dataset)", "(corpus)")


@rule(
    "L5",
    D.LICENSE,
    UNKNOWN,
    "The weights are under {}, an open licence; that of code and data was not seen.",
    reads="effective_license",
    confidence="high",
    source="2: such cells are open in 59 %, partial in 31 %",
)
def _weights_open(seen: Seen, cells: Cells) -> str | None:
    own = seen.yes("effective_license")
    return own.value if own else None


@rule(
    "L6",
    D.LICENSE,
    UNKNOWN,
    "No licence is declared{}.",
    reads="effective_license license_files license_statement",
    confidence="high",
    source="4.2 L2 x",
)
def _none_stated(seen: Seen, cells: Cells) -> str | None:
    if not seen.all("effective_license", Outcome.NOT_STATED):
        return None
    file = seen.yes("license_files")
    if file:
        return f"; what {file.quote} in the repository allows is not known"
    return "; what the card says of one is not enough" if seen.yes("license_statement") else ""


@rule(
    "L7",
    D.LICENSE,
    UNKNOWN,
    "A licence that we do not know: {}.",
    reads="effective_license license_file_name license_declared license_text",
    confidence="high",
    source="4.2 U-flags",
)
def _not_known(seen: Seen, cells: Cells) -> str | None:
    unread = seen.all("effective_license", Outcome.UNAVAILABLE)
    if not unread:
        return None
    file, declared = seen.yes("license_file_name"), seen.yes("license_declared")
    shut = seen.all("license_text", Outcome.UNAVAILABLE)
    if shut and declared and not unread[0].quote:
        return f"{shut[0].place}, a file beside {declared.quote} that could not be read"
    said = unread[0].quote or unread[0].value
    return f"{said}, a file beside {declared.quote}" if file and declared and file.quote == said else said


def _with_place(e: Evidence) -> str:
    return f"{e.value} ({e.place})" if e.place.startswith("base:") else e.value
