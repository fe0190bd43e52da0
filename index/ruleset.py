"""The rules for weights, data and licence, dimension by dimension, in the order in which they are tried. Pure.

Sections named in `source` are those of the project's frameworks reference: what the human indexes count as evidence,
how often they found it on the Hub, and how sure one can be of it from outside.
"""

from __future__ import annotations

import re

from index import licenses
from index.model import Dimension, Evidence, Outcome, Value
from index.rules import Cells, When, rule
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
    return f"{counted.place} {counted.quote}" if counted else None


def _weights(seen: Seen) -> str | None:
    """What shows that there are weights; a tag will do."""
    tagged = seen.yes("weights_tagged")
    return _proved(seen) or (f"{tagged.place} {tagged.quote}" if tagged else None)


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
    "There are weights, and the front matter asks for consent before access ({}).",
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
    "Weights are spoken of ({}); the files, or whether one must ask for access, were not shown.",
    reads="weight_files weights_counted weights_tagged",
    confidence="high",
    source="3 weights",
)
def _weights_somehow(seen: Seen, cells: Cells) -> str | None:
    return _weights(seen)


# ----------------------------------------------------------------------------------------------- weights, base


def _inherited(dimension: Dimension, value: Value) -> When:
    def when(seen: Seen, cells: Cells) -> str | None:
        for e in seen.all("inherited"):
            if e.dimension == dimension and e.value == value:
                return e.place.removeprefix("base:")
        return None

    return when


for _value, _code in ((OPEN, "B1"), (PARTIAL, "B2"), (CLOSED, "B3")):
    rule(
        _code,
        D.BASE_WEIGHTS,
        _value,
        f"Its declared base {{}} is {_value} here.",
        reads="inherited",
        confidence="high",
        source="3 weights, base model; 4.1 lineage",
    )(_inherited(D.BASE_WEIGHTS, _value))


def _own_pretraining(seen: Seen) -> str | None:
    """What shows that a model without a declared base was pre-trained by itself: its words, or corpora for that."""
    if seen.yes("declared_bases") or not seen.any("declared_bases"):
        return None
    said = seen.yes("from_scratch")
    corpora = [e.value for e in seen.all("named_datasets") if _is_pretraining(e.value)]
    return said.quote if said else f"listed corpora: {', '.join(corpora[:3])}" if corpora else None


def _mirrors(dimension: Dimension, value: Value) -> When:
    """The base cell of a model that was pre-trained by itself is its end cell, as in the human indexes."""

    def when(seen: Seen, cells: Cells) -> str | None:
        return _own_pretraining(seen) if cells.get(dimension) == value else None

    return when


for _value, _code in ((OPEN, "B4"), (PARTIAL, "B5"), (CLOSED, "B6")):
    rule(
        _code,
        D.BASE_WEIGHTS,
        _value,
        f"It declares no base and was pre-trained by itself ({{}}), so its own weights count: {_value}.",
        reads="from_scratch named_datasets",
        confidence="medium",
        source="1.2 base mirrors end",
    )(_mirrors(D.END_WEIGHTS, _value))

# ------------------------------------------------------------------------------------------------------- data


def _names(seen: Seen, dimension: Dimension) -> frozenset[str]:
    """Data sets that metadata and card name for a stage, without the owner, lower case."""
    found: set[str] = set()
    for probe in ("named_datasets", "dataset_links", "named_corpora"):
        found.update(
            e.value.rpartition("/")[2].lower() for e in seen.all(probe) if e.dimension == dimension and e.quote
        )
    return frozenset(found)


def _withheld(dimension: Dimension, *, in_part: bool) -> When:
    def when(seen: Seen, cells: Cells) -> str | None:
        said = next((e for e in seen.all("data_withheld", Outcome.NO) if e.dimension == dimension), None)
        named = bool(said) and bool(_names(seen, D.BASE_DATA) | _names(seen, D.END_DATA))
        return said.quote if said and named == in_part else None

    return when


for _dimension, _prefix in ((D.END_DATA, "ED"), (D.BASE_DATA, "BD")):
    rule(
        f"{_prefix}4",
        _dimension,
        PARTIAL,
        'Some data is named, and some is withheld: "{}".',
        reads="data_withheld",
        confidence="medium",
        source="3 data",
    )(_withheld(_dimension, in_part=True))
    rule(
        f"{_prefix}5",
        _dimension,
        CLOSED,
        'The card says that the data is not public: "{}".',
        reads="data_withheld",
        confidence="medium",
        source="4.1 closed: explicit statement",
    )(_withheld(_dimension, in_part=False))

#: Up to so many data sets, a list in the metadata is as a rule all there is; longer lists seldom are complete.
SHORT_LIST = 3


def _listed(seen: Seen) -> list[str]:
    return [e.value for e in seen.all("named_datasets")]


def _said_to_be_tuned(seen: Seen, whose: str) -> bool:
    return any(e.value == whose for e in seen.all("tuned_name"))


def _tuning_unlisted(seen: Seen) -> bool:
    """Whether the name says that the model was tuned, and the metadata lists only what models are pre-trained on."""
    return _said_to_be_tuned(seen, "self") and all(_is_pretraining(name) for name in _listed(seen))


def _bare(name: str) -> str:
    return "".join(c for c in name.rpartition("/")[2].lower() if c.isalnum())


def _linked_beyond(seen: Seen, listed: list[str]) -> bool:
    """Whether the card links training data that the metadata does not list (`ultrachat_200k` is of `ultrachat`)."""
    known = [_bare(name) for name in listed]
    linked = {_bare(e.value) for e in seen.all("dataset_links") if e.dimension == D.END_DATA}
    return any(not any(new in old or old in new for old in known) for new in linked if new)


@rule(
    "ED6",
    D.END_DATA,
    OPEN,
    "The metadata lists the data sets, few and all with a name on the Hub: {}.",
    reads="named_datasets",
    confidence="medium",
    source="3 data, end: open cells rest on Hub data sets in 55 %",
)
def _short_list(seen: Seen, cells: Cells) -> str | None:
    # "all sources" is open, "some" partial: a list is taken for all only when it is short, nothing that the card
    # links goes beyond it, it names tuning data where there was tuning, and no tuned base adds data of its own.
    listed = _listed(seen)
    if not 0 < len(listed) <= SHORT_LIST or not _all_on_hub(listed):
        return None
    whole = not (_tuning_unlisted(seen) or _said_to_be_tuned(seen, "base") or _linked_beyond(seen, listed))
    return ", ".join(listed) if whole else None


@rule(
    "ED7",
    D.END_DATA,
    PARTIAL,
    "Some of the data is named: {}.",
    reads="named_datasets",
    confidence="medium",
    source="3 data, end",
)
def _some_named(seen: Seen, cells: Cells) -> str | None:
    listed = _listed(seen)
    return ", ".join(listed[:5]) + (", ..." if len(listed) > 5 else "") if listed else None


@rule(
    "ED8",
    D.END_DATA,
    UNKNOWN,
    "The card speaks of its data ({}) but lists no data set.",
    reads="dataset_links named_corpora training_data_section",
    confidence="low",
    source="3 data, end",
)
def _data_words(seen: Seen, cells: Cells) -> str | None:
    for probe in ("dataset_links", "named_corpora", "training_data_section"):
        found = [e.value for e in seen.all(probe) if e.dimension == D.END_DATA]
        if found:
            return ", ".join(found[:5])
    return None


def _all_on_hub(names: list[str]) -> bool:
    """Whether every name has the form of a data set on the Hub: OWNER/NAME, or one of its early ownerless names."""
    return all("/" in n or n in _OWNERLESS or n.isidentifier() for n in names)


_OWNERLESS = frozenset({"c4", "mc4", "wikipedia", "bookcorpus", "squad", "glue", "imdb", "common_voice"})
#: Names of data sets that models are pre-trained on; what such a set names is the base's data. The name must end there
#: or in a size, a version, a language: Pile-NER is tuning data.
_PRETRAINING = re.compile(
    r"(?:^|[/_-])(?:(?:the[_-]?|proof[_-]?)?pile|m?c4|oscar|dolma|(?:falcon-)?refinedweb|slimpajama|redpajama-data"
    r"|fineweb|starcoderdata|the-stack|roots|culturax|madlad|bookcorpus|wikipedia|laion|cc100|openwebtext|dclm|pes2o)"
    r"(?:[-_.]?v?\d[\w.]*|[-_.](?:en|de|fr|es|it|nl|pl|pt|ru|zh|ja|ko|ar|edu|data|dedup\w*|train|smol\w*|ids|sample"
    r"|github\w*|issues|corpus|open|baseline|uncopyrighted|coco|art|aesthetics?|high|resolution|unshuffled|cleaned))*$",
    re.IGNORECASE,
)


def _is_pretraining(name: str) -> bool:
    return _PRETRAINING.search(name) is not None


for _value, _code in ((OPEN, "BD1"), (PARTIAL, "BD2"), (CLOSED, "BD3")):
    rule(
        _code,
        D.BASE_DATA,
        _value,
        f"Inherited from the declared base {{}}, which is {_value} here.",
        reads="inherited",
        confidence="medium",
        source="4.1 lineage",
    )(_inherited(D.BASE_DATA, _value))

for _value, _code in ((OPEN, "ED1"), (PARTIAL, "ED2"), (CLOSED, "ED3")):
    rule(
        _code,
        D.END_DATA,
        _value,
        f"The same model in another number format: as {{}}, which is {_value} here.",
        reads="inherited",
        confidence="medium",
        source="4.1 lineage",
    )(_inherited(D.END_DATA, _value))


def _corpora(seen: Seen) -> str | None:
    """The public corpora for pre-training that a model without a declared base lists, unless its base only is unsaid."""
    if seen.yes("declared_bases") or not seen.any("declared_bases") or seen.yes("suspected_base"):
        return None
    if any(e.value == "conversion" for e in seen.all("tuned_name")):
        return None
    return ", ".join(name for name in _listed(seen) if _is_pretraining(name)) or None


@rule(
    "BD11",
    D.BASE_DATA,
    PARTIAL,
    "Public corpora for pre-training are listed ({}), but no tuning data of a tuned model: the list is not whole.",
    reads="named_datasets",
    confidence="medium",
    source="1.2 data: some of the sources",
)
def _corpora_in_part(seen: Seen, cells: Cells) -> str | None:
    return _corpora(seen) if _tuning_unlisted(seen) else None


@rule(
    "BD6",
    D.BASE_DATA,
    OPEN,
    "It declares no base and lists public corpora for pre-training: {}.",
    reads="named_datasets",
    confidence="medium",
    source="3 data, base",
)
def _corpora_listed(seen: Seen, cells: Cells) -> str | None:
    return _corpora(seen)


for _value, _code in ((OPEN, "BD7"), (PARTIAL, "BD8"), (CLOSED, "BD9")):
    rule(
        _code,
        D.BASE_DATA,
        _value,
        f'It was trained from scratch ("{{}}"), so its own data counts: {_value}.',
        reads="from_scratch",
        confidence="medium",
        source="1.2 base mirrors end",
    )(_mirrors(D.END_DATA, _value))


@rule(
    "BD10",
    D.BASE_DATA,
    UNKNOWN,
    "The card names corpora ({}) but does not say that they are all.",
    reads="named_corpora",
    confidence="low",
    source="3 data, base",
)
def _corpora_named(seen: Seen, cells: Cells) -> str | None:
    found = sorted({e.value for e in seen.all("named_corpora") if e.dimension == D.BASE_DATA})
    return ", ".join(found[:5]) if found else None


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
    reads="license_text_conflict use_restriction",
    confidence="medium",
    source="4.1 contradictions",
)
def _contradicted(seen: Seen, cells: Cells) -> str | None:
    against, said = seen.yes("license_text_conflict"), seen.yes("use_restriction")
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
    "L6", D.LICENSE, UNKNOWN, "No licence is stated.", reads="effective_license", confidence="high", source="4.2 L2 x"
)
def _none_stated(seen: Seen, cells: Cells) -> str | None:
    return "" if seen.all("effective_license", Outcome.NOT_STATED) else None


@rule(
    "L7",
    D.LICENSE,
    UNKNOWN,
    "A licence that we do not know: {}.",
    reads="effective_license",
    confidence="high",
    source="4.2 U-flags",
)
def _not_known(seen: Seen, cells: Cells) -> str | None:
    unread = seen.all("effective_license", Outcome.UNAVAILABLE)
    return unread[0].quote or unread[0].value if unread else None


def _with_place(e: Evidence) -> str:
    return f"{e.value} ({e.place})" if e.place.startswith("base:") else e.value
