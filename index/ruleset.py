"""The rules themselves, dimension by dimension, in the order in which they are tried. Pure; see rules.py.

Sections named in `source` are those of the project's frameworks reference: what the human indexes count as evidence,
how often they found it on the Hub, and how sure one can be of it from outside.
"""

from __future__ import annotations

from index.model import Dimension, Value
from index.rules import Cells, When, rule
from index.seen import Seen

D = Dimension
OPEN, PARTIAL, CLOSED = Value.OPEN, Value.PARTIAL, Value.CLOSED

# ------------------------------------------------------------------------------------------------ weights, end


@rule("W1", D.END_WEIGHTS, CLOSED, "The Hub has disabled the repository.", confidence="high", source="3 weights")
def _disabled(seen: Seen, cells: Cells) -> str | None:
    return "" if seen.yes("disabled") else None


@rule("W2", D.END_WEIGHTS, CLOSED, "The complete file list ({} files) has no weight or adapter file.",
      confidence="high", source="3 weights, 4.1 closed")  # fmt: skip
def _no_weights(seen: Seen, cells: Cells) -> str | None:
    none = seen.no("weight_files")
    return none.value.partition(":")[2] if none else None


def _weights(seen: Seen) -> str | None:
    """What shows that there are weights: formats and counts, or a tag of the Hub."""
    files = seen.all("weight_files")
    if files:
        return ", ".join(e.value.replace(":", " x ") for e in files)
    shown = seen.yes("weights_counted") or seen.yes("weights_tagged")
    return f"{shown.place} {shown.quote}" if shown else None


@rule("W3", D.END_WEIGHTS, PARTIAL, "There are weights, but a person approves each request ({}).", confidence="high",
      source="1.2 weights: gated is partial")  # fmt: skip
def _manual(seen: Seen, cells: Cells) -> str | None:
    gate = seen.yes("gating")
    return _weights(seen) if gate and gate.value != "auto" else None


@rule("W4", D.END_WEIGHTS, PARTIAL, "There are weights, but one must log in and accept terms ({}).", confidence="high",
      source="1.2 weights: gated is partial")  # fmt: skip
def _click(seen: Seen, cells: Cells) -> str | None:
    return _weights(seen) if seen.yes("gating") else None


@rule("W5", D.END_WEIGHTS, PARTIAL, "Numbered parts of the weights are missing: {} are there.", confidence="high",
      source="3 weights")  # fmt: skip
def _shards(seen: Seen, cells: Cells) -> str | None:
    parts = seen.no("weight_shards")
    return parts.value if parts else None


@rule("W6", D.END_WEIGHTS, OPEN, "Anyone can download the weights: {}.", confidence="high", source="3 weights")
def _open_weights(seen: Seen, cells: Cells) -> str | None:
    return _weights(seen) if seen.no("gating") else None


# ----------------------------------------------------------------------------------------------- weights, base


def _inherited(dimension: Dimension, value: Value) -> When:
    def when(seen: Seen, cells: Cells) -> str | None:
        for e in seen.all("inherited"):
            if e.dimension == dimension and e.value == value:
                return e.place.removeprefix("base:")
        return None

    return when


for _value, _code in ((OPEN, "B1"), (PARTIAL, "B2"), (CLOSED, "B3")):
    rule(_code, D.BASE_WEIGHTS, _value, f"Its declared base {{}} is {_value} here.", confidence="high",
         source="3 weights, base model; 4.1 lineage")(_inherited(D.BASE_WEIGHTS, _value))  # fmt: skip

for _value, _code in ((OPEN, "BD1"), (PARTIAL, "BD2"), (CLOSED, "BD3")):
    rule(_code, D.BASE_DATA, _value, f"Inherited from the declared base {{}}, which is {_value} here.",
         confidence="medium", source="4.1 lineage")(_inherited(D.BASE_DATA, _value))  # fmt: skip

for _value, _code in ((OPEN, "ED1"), (PARTIAL, "ED2"), (CLOSED, "ED3")):
    rule(_code, D.END_DATA, _value, f"The same model in another number format: as {{}}, which is {_value} here.",
         confidence="medium", source="4.1 lineage")(_inherited(D.END_DATA, _value))  # fmt: skip

# --------------------------------------------------------------------------------------------------- model card


@rule("M1", D.MODEL_CARD, CLOSED, "The complete file list ({} files) has no README.md.", confidence="high",
      source="4.1 closed")  # fmt: skip
def _no_card(seen: Seen, cells: Cells) -> str | None:
    none = seen.no("readme_file")
    return none.value if none else None
