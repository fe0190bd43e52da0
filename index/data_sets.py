"""What the Hub shows of the data sets that a model names -> evidence. Pure.

A data set that is there, that nobody needs to ask for and that states its licence speaks for open data; one that is
gated, switched off or not to be seen does not. Of one that nobody has looked at nothing is said. Reads no data set's
card: that there is one is all that is known of it. Judges nothing (`ruleset_data.py` does).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from index import licenses
from index.model import Dimension, Evidence, Outcome

PLACE = "dataset:"  # before the name, in the place of evidence
MAX_NAMES = 12  # data sets of one model that get evidence
OPEN = "open"  # access that nobody must ask for; other words: auto, manual, disabled, private, missing, hidden
#: Access that somebody can get, if only by asking.
TO_BE_HAD = frozenset({OPEN, "auto", "manual"})
#: Corpora for pre-training by their makers' own names, lower case: of these, access on the Hub says little, because
#: they are, or were, public elsewhere too. Anybody may call a data set after one; such a name vouches for nothing.
PUBLIC_CORPORA = frozenset(
    str.split("""
    allenai/c4 allenai/mc4 legacy-datasets/mc4 legacy-datasets/wikipedia wikimedia/wikipedia bookcorpus/bookcorpus
    oscar-corpus/oscar oscar-corpus/oscar-2109 oscar-corpus/oscar-2201 oscar-corpus/oscar-2301 skylion007/openwebtext
    statmt/cc100 eleutherai/pile eleutherai/the_pile eleutherai/the_pile_deduplicated eleutherai/proof-pile-2
    bigcode/the-stack bigcode/the-stack-dedup bigcode/the-stack-v2 bigcode/the-stack-v2-dedup
    bigcode/the-stack-v2-train-full-ids bigcode/the-stack-v2-train-smol-ids bigcode/starcoderdata allenai/dolma
    allenai/pes2o allenai/madlad-400 tiiuae/falcon-refinedweb cerebras/slimpajama-627b uonlp/culturax
    togethercomputer/redpajama-data-1t togethercomputer/redpajama-data-v2 huggingfacefw/fineweb
    huggingfacefw/fineweb-edu laion/laion2b-en laion/laion400m
""")
)


class Shown(NamedTuple):
    """One data set as the Hub shows it: the parts of tables.FACTS. '-' = the Hub did not say."""

    state: str  # found, missing, hidden (missing or private: it does not tell)
    gated: str  # no, auto, manual
    private: str  # 0, 1
    disabled: str  # 0, 1
    card: str  # 1 = it has a README.md
    license: str  # as declared; '' = none


def shown(facts: str) -> Shown | None:
    """The facts of one data set; None when there are none."""
    parts = facts.split(" ", 5)
    return Shown(*parts) if len(parts) == len(Shown._fields) else None


def access(one: Shown) -> str:
    """In one word, how one gets at it; '' when the Hub does not say whether it is gated."""
    if one.state != "found":
        return one.state
    if one.disabled == "1":
        return "disabled"
    if one.private == "1":
        return "private"
    return {"no": OPEN, "-": ""}.get(one.gated, one.gated)


def seen(facts: Mapping[str, str]) -> Iterator[Evidence]:
    """Evidence of access, licence and card of each data set that was looked at. `facts`: name -> tables.FACTS."""
    known = [(name, one) for name, text in sorted(facts.items()) if (one := shown(text)) is not None]
    for name, one in known[:MAX_NAMES]:
        place, way = f"{PLACE}{name}", access(one)
        if way:
            outcome = Outcome.YES if way == OPEN else Outcome.NO
            yield Evidence(Dimension.END_DATA, "data_access", outcome, way, place, name)
        if one.state == "found":
            yield _license(one.license, place)
            if one.card in ("0", "1"):
                outcome = Outcome.YES if one.card == "1" else Outcome.NO
                yield Evidence(Dimension.DATASHEET, "data_card", outcome, "", place, name)


def _license(declared: str, place: str) -> Evidence:
    """Whether the licence that a data set declares is one that open source allows."""
    license = licenses.resolve(declared or None, None, None).license
    if not declared:
        outcome = Outcome.NOT_STATED
    elif license.is_conformant:
        outcome = Outcome.YES
    else:
        outcome = Outcome.NO if license.conformant == "no" else Outcome.UNAVAILABLE
    return Evidence(Dimension.LICENSE, "data_license", outcome, declared, place, license.id if declared else "")
