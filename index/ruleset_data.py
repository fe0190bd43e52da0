"""The rules for training data and for the base's weights, in the order in which they are tried. Pure.

As in ruleset.py. "All sources" is open to the experts and "some" is partial, so most of what stands here asks whether
a list of data sets is the whole list. No list at all is unknown; closed is only said where the card says so, or where a
base is closed.
"""

from __future__ import annotations

import re

from index.data_sets import PLACE, PUBLIC_CORPORA, TO_BE_HAD
from index.model import Dimension, Outcome, Value
from index.rules import Cells, When, rule
from index.seen import Seen

D = Dimension
OPEN, PARTIAL, CLOSED, UNKNOWN = Value.OPEN, Value.PARTIAL, Value.CLOSED, Value.UNKNOWN

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
    """What shows that a model without a declared base was pre-trained by itself: its words, its makers', corpora."""
    if seen.yes("declared_bases") or not seen.any("declared_bases") or seen.yes("stated_base"):
        return None
    said, root = seen.yes("from_scratch"), seen.yes("family_root")
    if root and not seen.yes("said_tuned"):
        return f"{root.value}, its makers' own base model"
    corpora = [e.value for e in seen.all("named_datasets")]
    corpora = corpora if all(map(_is_pretraining, corpora)) else []
    return said.quote if said else f"listed corpora: {', '.join(corpora[:3])}" if corpora else None


def _mirrors(dimension: Dimension, value: Value) -> When:
    """The base cell of a model that was pre-trained by itself is its end cell, as in the human indexes."""

    def when(seen: Seen, cells: Cells) -> str | None:
        return _own_pretraining(seen) if cells.get(dimension) == value else None

    return when


def _without_base(value: Value) -> When:
    """The base data of a model whose card says that it was trained from scratch are those of its own training."""

    def when(seen: Seen, cells: Cells) -> str | None:
        said = seen.yes("from_scratch")
        return said.quote if said and _own_pretraining(seen) and cells.get(D.END_DATA) == value else None

    return when


for _value, _code in ((OPEN, "B4"), (PARTIAL, "B5"), (CLOSED, "B6")):
    rule(
        _code,
        D.BASE_WEIGHTS,
        _value,
        f"It declares no base and was pre-trained by itself ({{}}), so its own weights count: {_value}.",
        reads="from_scratch named_datasets family_root",
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


_PUBLIC_TOO = re.compile(
    r"(?<!non-)(?<!not )(?<!n't )\b(?:public|publicly available|open)\b[^.]{0,20}\b(?:data|and)", re.I
)


def _withheld(dimension: Dimension, *, in_part: bool) -> When:
    def when(seen: Seen, cells: Cells) -> str | None:
        said = next((e for e in seen.all("data_withheld", Outcome.NO) if e.dimension == dimension), None)
        if said and not in_part and _PUBLIC_TOO.search(said.quote):
            return None  # "a mix of public and proprietary data": partial if the public part is named, and nobody knows
        if dimension == D.BASE_DATA and any(map(seen.yes, ("family_pretraining", "stated_base", "declared_bases"))):
            return None  # what a card says of its own data is of the tuning, where the model was made from another
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


def _beyond(seen: Seen, listed: list[str]) -> bool:
    """Whether the card names or links training data that the metadata does not list.

    `ultrachat_200k` is of `ultrachat`. Pre-training corpora that are only named may be those of a base, where there is
    one, and what most corpora are made of says nothing.
    """
    known = [_bare(name) for name in listed]
    linked = {_bare(e.value) for e in seen.all("dataset_links")}
    based = any(map(seen.yes, ("declared_bases", "stated_base", "family_pretraining", "said_tuned", "suspected_base")))
    named = {
        _bare(e.value.removesuffix(" data"))
        for e in seen.all("named_corpora")
        if e.dimension == D.END_DATA or not (based or e.value in _INGREDIENTS)
    }
    return any(not any(new in old or old in new for old in known) for new in linked | named if new)


_INGREDIENTS = frozenset({"Common Crawl", "GitHub code", "Wikipedia", "StackExchange", "Project Gutenberg"})


def _stage_unlisted(seen: Seen) -> bool:
    """Whether no data is listed for a stage of training: tuning, by name or the card's words, or a tuned base's."""
    listed = _listed(seen)
    if _said_to_be_tuned(seen, "base"):
        return bool(listed)
    tuned = _said_to_be_tuned(seen, "self") or seen.yes("said_tuned")
    return bool(listed) and bool(tuned) and all(_is_pretraining(name) for name in listed)


@rule(
    "ED7",
    D.END_DATA,
    PARTIAL,
    "Data is listed ({}), but none for a stage of training of which name or card speak.",
    reads="named_datasets",
    confidence="medium",
    source="3 data, end",
)
def _some_named(seen: Seen, cells: Cells) -> str | None:
    listed = _listed(seen)
    if not _stage_unlisted(seen) or (_out_of_reach(seen) and not _some_to_be_had(seen)):
        return None
    return ", ".join(listed[:5]) + (", ..." if len(listed) > 5 else "")


def _out_of_reach(seen: Seen) -> list[str]:
    """Listed data sets that one must ask for, or that are not to be seen; corpora by their makers' own names are public
    elsewhere too."""
    listed = set(_listed(seen))
    shut = [e for e in seen.all("data_access", Outcome.NO) if e.value in listed and not _is_public_corpus(e.value)]
    return [f"{e.value} ({_ACCESS.get(e.quote, e.quote)})" for e in shut]


def _some_to_be_had(seen: Seen) -> bool:
    return bool(seen.yes("data_access")) or any(e.quote in TO_BE_HAD for e in seen.all("data_access", Outcome.NO))


def _is_public_corpus(name: str) -> bool:
    """Whether it is a corpus itself, and not one that somebody calls after it; nobody owns a name without an owner."""
    return name.lower() in PUBLIC_CORPORA or ("/" not in name and _PRETRAINING.match(name) is not None)


_ACCESS = {"auto": "gated", "manual": "gated by hand", "hidden": "private or not there", "missing": "not there"}


@rule(
    "ED11",
    D.END_DATA,
    PARTIAL,
    "Data sets are listed, and not all of them are open to everybody: {}.",
    reads="data_access",
    confidence="medium",
    source="3 data, end: data set gated; 1.2 data: some of the sources",
)
def _some_shut(seen: Seen, cells: Cells) -> str | None:
    # Only against a list that would be taken for whole: of a longer one it is not known what it lacks anyway.
    shut = _out_of_reach(seen) if _short_list(seen, cells) else []
    return ", ".join(shut[:5]) if shut and _some_to_be_had(seen) else None


@rule(
    "ED12",
    D.END_DATA,
    UNKNOWN,
    "Data sets are listed, and none of them is to be seen on the Hub: {}.",
    reads="data_access",
    confidence="medium",
    source="4.1 unknown: the place is off-Hub or hidden",
)
def _all_shut(seen: Seen, cells: Cells) -> str | None:
    return ", ".join(_out_of_reach(seen)[:5]) or None


@rule(
    "ED13",
    D.END_DATA,
    OPEN,
    "The data sets that the metadata lists are few, all on the Hub, open to everybody and under a stated licence: {}.",
    reads="data_access",
    confidence="high",
    source="3 data, end: open cells rest on Hub data sets in 55 %",
)
def _short_list_seen(seen: Seen, cells: Cells) -> str | None:
    listed = _listed(seen)
    reached = {e.value for e in seen.all("data_access")}
    stated = {e.place: e.quote for o in Outcome for e in seen.all("data_license", o) if e.quote}
    if _short_list(seen, cells) is None or any(n not in reached or PLACE + n not in stated for n in listed):
        return None
    return ", ".join(f"{name} ({stated[PLACE + name]})" for name in listed)


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
    # "all sources" is open, "some" partial: a list is taken for all only when it is short and nothing that the card
    # names goes beyond it. Of longer lists the experts called some whole and others not: they stay unknown.
    listed = _listed(seen)
    if not 0 < len(listed) <= SHORT_LIST or not _all_on_hub(listed):
        return None
    return None if _beyond(seen, listed) or seen.yes("more_data") else ", ".join(listed)


@rule(
    "ED10",
    D.END_DATA,
    UNKNOWN,
    "Data sets are listed ({}); whether they are all is not known.",
    reads="named_datasets",
    confidence="low",
    source="3 data, end",
)
def _list_maybe_whole(seen: Seen, cells: Cells) -> str | None:
    listed = _listed(seen)
    return ", ".join(listed[:5]) + (", ..." if len(listed) > 5 else "") if listed else None


@rule(
    "ED9",
    D.END_DATA,
    CLOSED,
    "What its makers published names no data of their tuned models, and the metadata lists none: {}.",
    reads="family_tuning",
    confidence="medium",
    source="1.2 data: none of the sources",
)
def _tuning_withheld(seen: Seen, cells: Cells) -> str | None:
    family = seen.yes("family_tuning")
    return family.value if family and not _names(seen, D.END_DATA) else None


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
            return ", ".join(f.partition(": ")[2] or f for f in found[:5])
    return None


def _all_on_hub(names: list[str]) -> bool:
    """Whether every name can be of a data set that anybody finds on the Hub: OWNER/NAME, or an early ownerless name.

    A trainer writes what it was given: 'imagefolder', 'generator', 'my_data' are files of its own, 'webli' is nobody's.
    AutoTrain keeps the sets that it makes to their owners.
    """
    return all(("/" in n and "/autotrain-data" not in n) or n.lower() in _OWNERLESS for n in names)


#: Data sets that the Hub itself had before data sets had owners; their names still lead there.
_OWNERLESS = frozenset(
    str.split("""
    ag_news ai2_arc amazon_polarity app_reviews aqua_rat art banking77 beans big_patent billsum blimp bookcorpus
    boolq c4 cats_vs_dogs cc100 cifar10 cifar100 clinc_oos cnn_dailymail code_search_net codah common_gen
    common_voice commonsense_qa conll2002 conll2003 cos_e cosmos_qa daily_dialog dbpedia_14 dream drop emotion esnli
    fever financial_phrasebank food101 glue go_emotions gooaq google_wellformed_query gsm8k hans hate_speech18
    head_qa hellaswag hotpot_qa imdb jfleg jnlpba kde4 lambada lex_glue librispeech_asr liar math_qa mc4 medmcqa
    medical_questions_pairs minds14 mlsum mnist ms_marco multi_news multi_nli multilingual_librispeech
    natural_questions ncbi_disease nq_open openbookqa openwebtext opus100 opus_books paws paws-x pg19 piqa
    poem_sentiment pubmed_qa qasc qed quail quartz quora race ropes rotten_tomatoes samsum sciq scitail
    scene_parse_150 search_qa sick sms_spam snips_built_in_intents snli social_i_qa spider squad squad_v2 sst2
    stsb_multi_mt super_glue superb swag trec trivia_qa truthful_qa tweet_eval universal_dependencies wiki_bio
    wiki_hop wiki_lingua wikiann wikipedia wikisql wikitext winogrande wiqa wmt14 wmt16 wmt19 wnut_17 xnli xsum
    xtreme yahoo_answers_topics yelp_polarity yelp_review_full
""")
)
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


def _family(told: str) -> When:
    """What is known of the family behind a model; of several bases the one that tells least decides."""

    def when(seen: Seen, cells: Cells) -> str | None:
        known = seen.all("family_pretraining") or seen.all("stated_base")
        if 0 < len(seen.all("family_pretraining")) < len(seen.all("declared_bases")):
            return None  # of other bases nothing is known
        values = [(what, whose) for what, _, whose in (e.value.partition(": ") for e in known)]
        least = next((level for level in _LEAST_FIRST if any(what == level for what, _ in values)), None)
        return next(whose for what, whose in values if what == told) if least == told else None

    return when


_LEAST_FIRST = ("withheld", "part", "public")

for _value, _code, _told, _words in (
    (CLOSED, "BD12", "withheld", "What the makers of its family published names no data of pre-training: {}."),
    (PARTIAL, "BD13", "part", "The makers of its family have named and shared a part of the data of pre-training: {}."),
    (OPEN, "BD14", "public", "The data that its family was pre-trained on is public: {}."),
):
    rule(
        _code,
        D.BASE_DATA,
        _value,
        _words,
        reads="family_pretraining stated_base",
        confidence="medium",
        source="1.2 data; 4.1 lineage",
    )(_family(_told))


def _corpora(seen: Seen) -> str | None:
    """The public corpora that a model lists; None where it has a base, declared or by the sound of its name."""
    if seen.yes("declared_bases") or not seen.any("declared_bases") or seen.yes("suspected_base"):
        return None
    if seen.yes("stated_base") or any(e.value == "conversion" for e in seen.all("tuned_name")):
        return None
    if _out_of_reach(seen):
        return None
    listed = _listed(seen)  # beside tuning data, a corpus may be all there is or a part: then nothing can be said
    return ", ".join(listed) if listed and all(map(_is_pretraining, listed)) else None


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
        f'It has no base ("{{}}"): what holds for the data of its own training holds here: {_value}.',
        reads="from_scratch",
        confidence="medium",
        source="1.2 base mirrors end",
    )(_without_base(_value))


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
