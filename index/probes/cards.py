"""Probes over a card's own words: its sections, architecture and hardware, licence sentences, claims.

Pure: card -> Evidence with the quote and its place. Judges nothing. Data is in card_data, links and papers in
card_links, packages and APIs in card_use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from crawler.cards import Card
from crawler.records import Repo
from index import claims as said
from index.license_names import restricted_name
from index.licenses import find
from index.limit_words import restricts
from index.model import Dimension, Evidence, Outcome
from index.probes import probe
from index.probes.card_quotes import PLACE, Part, View, near_words, not_stated, seen, seen_around, sentence, view
from index.probes.card_siblings import of_sibling
from index.probes.card_whose import tokens
from index.probes.card_words import near

D = Dimension
FILLED = 5  # words that a section needs to count as filled


def first_words(v: View, part: Part) -> tuple[int, int]:
    """The first line of text in a section, as a place."""
    start, end = part.section.body, part.section.end
    while start < end and v.text[start] in " \t\r\n*_:-#>|=":
        start += 1
    stop = v.text.find("\n", start, end)
    return start, end if stop < 0 else stop


def sections_of(v: View, kind: str) -> list[Part]:
    """The filled sections of a kind, in order."""
    if "filled" not in v.memo:
        filled: dict[str, list[Part]] = {}
        for part in v.parts:
            if part.words >= FILLED:
                for about in part.kinds:
                    filled.setdefault(about, []).append(part)
        v.memo["filled"] = filled
    return v.memo["filled"].get(kind, [])


def section_evidence(v: View, kind: str, dimension: str, name: str) -> Evidence | None:
    """The longest filled section of a kind as evidence, its first line quoted; None when there is none."""
    parts = sections_of(v, kind)
    if not parts:
        return None
    best = max(parts, key=lambda p: p.words)
    start, end = first_words(v, best)
    return seen(dimension, name, v.card, start, end, f"{kind}: {best.words} words")


# --- model card ---


@probe("How many words has the card, without code and front matter?", D.MODEL_CARD, needs="card")
def card_length(repo: Repo, card: Card) -> Iterator[Evidence]:
    text = view(repo, card).text
    start = min(card.body_start, len(text))
    while start < len(text) and text[start] in " \t\r\n#":
        start += 1
    end = text.find("\n", start)
    if not card.words:
        yield Evidence(D.MODEL_CARD, "card_length", Outcome.NO, "", PLACE, "0")
        return
    yield seen(D.MODEL_CARD, "card_length", card, start, len(text) if end < 0 else end, str(card.words))


@probe("Which of the sections that a model card should have are there and filled in?", D.MODEL_CARD, needs="card")
def card_sections(repo: Repo, card: Card) -> Iterator[Evidence]:
    v = view(repo, card)
    for kind in ("intended_use", "training_data", "training_procedure", "evaluation", "limitations"):
        found = section_evidence(v, kind, D.MODEL_CARD, "card_sections")
        if found:
            yield found
        else:
            empty = next((p for p in v.parts if kind in p.kinds), None)
            if empty:  # announced and left empty: that is a "no", with the heading as its quote
                s = empty.section
                yield seen(D.MODEL_CARD, "card_sections", card, s.start, s.body, kind, Outcome.NO)
            else:
                yield Evidence(D.MODEL_CARD, "card_sections", Outcome.NOT_STATED, "", PLACE, kind)


@probe("Is the card an unfilled template or written by a tool?", D.MODEL_CARD, needs="card")
def card_boilerplate(repo: Repo, card: Card) -> Iterator[Evidence]:
    if card.is_template:
        at = card.text.find("[More Information Needed]")
        value = f"template: {card.placeholders} placeholders"
        yield seen(D.MODEL_CARD, "card_boilerplate", card, at, at + 25, value)
    elif card.is_generated:
        at = card.generator_at
        yield seen_around(D.MODEL_CARD, "card_boilerplate", card, at, at + 20, card.generator)
    else:
        yield from not_stated("card_boilerplate", D.MODEL_CARD)


# --- architecture, hardware, procedure ---

_SHAPE = re.compile(
    r"\b(?:\d+[- ](?:layers?|(?:attention[- ])?heads|hidden (?:size|units))|hidden[ _-](?:size|dim)\w*|"
    r"attention[ _-]heads|"
    r"decoder-only|encoder-decoder|encoder-only|num_(?:hidden_)?layers|mixture[- ]of[- ]experts|feed-?forward|"
    r"grouped[- ]query attention|rotary (?:position\w* )?embeddings?|convolutional layers?|state[- ]space model)\b",
    re.I,
)
_SHAPE_HINTS = (
    "layers",
    "-layer",
    " layer",
    "heads",
    "hidden",
    "decoder",
    "encoder",
    "of experts",
    "of-experts",
    "query attention",
    "rotary",
    "state space",
    "state-space",
    "feedforward",
    "feed-forward",
)
_SHAPE_NEAR = near(_SHAPE, _SHAPE_HINTS, limit=20, reach=30)
_HARDWARE = re.compile(
    r"\b(?:\d{1,5}\s?(?:x|×|\*)?\s?(?:nvidia[- ])?(?:tesla )?(?:[ahv]100|h[28]00|g?b200|p100|l40s?|"
    r"a6000|a10g?|rtx ?\d{4}\w*|mi[23]\d0x?)s?\b|"
    r"\d{1,5}(?: ?[x×*] ?| )(?:nvidia[- ])?(?:tesla )?t4s?\b|"
    r"(?:nvidia[- ](?:tesla |geforce )?)?(?:[ahv]100|h[28]00|l40s|a6000|a10g|rtx ?[34]090|"
    r"mi[23][05]0x?)\b(?:[- ]?(?:\d\dgb|pcie|sxm\d?|gpus?))?|"
    r"tpu[- ]?v\d\w?(?:-\d+)?|gpu[- ]hours|\d[\d,.]*\s?(?:k|m)?\s?gpu[- ]?h(?:ou)?rs?|cloud tpu)",
    re.I,
)
_HARDWARE_HINTS = (
    "a100",
    "v100",
    "h100",
    "h200",
    "h800",
    "b200",
    "p100",
    "gpu",
    "tpu",
    "rtx",
    " t4",
    "-t4",
    "xt4",
    "×t4",
    "*t4",
    "a10",
    "l40",
    "a6000",
    "mi2",
    "mi3",
)
_HARDWARE_NEAR = near(_HARDWARE, _HARDWARE_HINTS, limit=10, reach=30)
_TRAINED = re.compile(r"train|tun(?:ed|ing)|hours|days|hardware|compute|cluster|entraîn|entren|训练|学習", re.I)
_SETTINGS = re.compile(
    r"(?:learning[_ -]?rate|batch[_ -]?size|num[_ -]?(?:train[_ -]?)?epochs|weight[_ -]?decay|lr[_ "
    r"-]scheduler|warm-?up[_ -]steps?|\boptimi[sz]er)\b",
    re.I,
)

_SETTINGS_HINTS = (
    "learning rate",
    "learning_rate",
    "learning-rate",
    "learningrate",
    "batch",
    "epochs",
    "weight decay",
    "weight_decay",
    "weight-decay",
    "weightdecay",
    "lr scheduler",
    "lr_scheduler",
    "lr-scheduler",
    "optimi",
    "warm",
)
_SETTINGS_NEAR = near(_SETTINGS, _SETTINGS_HINTS, limit=20, reach=30)


@probe("Does the card describe the model's architecture?", D.ARCHITECTURE, needs="card")
def architecture_stated(repo: Repo, card: Card) -> Iterator[Evidence]:
    v = view(repo, card)
    found = section_evidence(v, "architecture", D.ARCHITECTURE, "architecture_stated")
    if found:
        yield found
    m = next((m for m in near_words(v, _SHAPE_NEAR) if not v.in_code(m.start())), None)
    if m:
        yield seen_around(D.ARCHITECTURE, "architecture_stated", card, m.start(), m.end(), m[0].lower())
        return
    if not found:
        yield from not_stated("architecture_stated", D.ARCHITECTURE)


@probe("Does the card say on what hardware the model was trained?", D.ARCHITECTURE, needs="card")
def hardware_stated(repo: Repo, card: Card) -> Iterator[Evidence]:
    v = view(repo, card)
    for m in near_words(v, _HARDWARE_NEAR):
        near = v.text[max(0, m.start() - 150) : m.end() + 100]
        if not v.in_code(m.start()) and (v.kinds_at(m.start()) & _ABOUT_TRAINING or _TRAINED.search(near)):
            yield seen_around(D.ARCHITECTURE, "hardware_stated", card, m.start(), m.end(), m[0].lower())
            return
    found = section_evidence(v, "hardware", D.ARCHITECTURE, "hardware_stated")
    if found:
        yield found
    else:
        yield from not_stated("hardware_stated", D.ARCHITECTURE)


_ABOUT_TRAINING = frozenset({"hardware", "training_procedure", "training_data"})


@probe("Does the card give the training procedure or its settings?", D.ARCHITECTURE, needs="card")
def training_setup(repo: Repo, card: Card) -> Iterator[Evidence]:
    v = view(repo, card)
    found = section_evidence(v, "training_procedure", D.ARCHITECTURE, "training_setup")
    if found:
        yield found
        return
    for m in near_words(v, _SETTINGS_NEAR):
        if v.in_code(m.start()) and "learning" not in m[0].lower():
            continue  # a batch size in a snippet is about using the model, a learning rate is not
        yield seen_around(D.ARCHITECTURE, "training_setup", card, m.start(), m.end(), m[0].lower())
        return
    yield from not_stated("training_setup", D.ARCHITECTURE)


# --- licence ---

_KNOWN = (
    r"apache(?:[- ]?2(?:\.0)?| licen[cs]e(?:,? version)? 2(?:\.0)?| 2(?:\.0)?)?|mit(?= licen|[\s.,*\])])|"
    r"bsd(?:[- ][234](?:[- ]clause)?)?|"
    r"(?:cc|creative commons)[- ](?:by|zero|0|attribution)[\w .-]{0,30}|a?gpl(?:[- ]?v?[23](?:\.0)?)?|"
    r"lgpl[\w.-]{0,6}|mpl[- ]2\.0|"
    r"(?:creativeml|bigscience|bigcode)?[ -]?(?:open)?rail[\w+ -]{0,12}|(?:meta )?llama[ "
    r"-]?[234](?:\.\d)?(?: community)?|gemma|"
    r"(?:tongyi[- ]qianwen(?:[- ]research)?|deepseek|chatglm|coqui public model|microsoft research|internlm|opt-175b|"
    r"falcon[- ](?:llm|180b)(?: tii)?|stability ai (?:non-commercial research )?community|"
    r"yi series (?:models )?community|apple sample code)(?= (?:model )?licen)|"
    r"openmdw[\w.-]{0,6}|unlicense|odc-by|research[- ]only|non-?commercial[\w ]{0,20}"
)
_LICENCE = re.compile(
    r"(?:(?:released|licen[cs]ed|distributed|available|published|shared|provided|open[ -]?sourced?|covered|"
        r"governed)(?: \w+){0,2} "
    r"(?:under|by|with|through|via) (?:the |an? |its |our )?(?P<terms>(?:[^\n.;|]|\.(?=\d)){2,90})|"
    r"\blicen[cs]e\b[*_`\s]{0,4}[:：|][*_`\s]{0,4}(?:\[)?(?P<line>[^\n\]]{2,60})|"
    r"\blicen[cs]e (?:is|are) (?:the |an? )?(?P<is>[^\n;|]{2,60})|"
    r"(?P<noted>" + _KNOWN + r")[*_`\])]{0,3} licen[cs]e)",
    re.I,
)  # fmt: skip
_NAME = re.compile(_KNOWN, re.I)
_OF_PART = re.compile(
    r"\b(?:the |our |this |all |source |training |inference )*(code(?:base)?|dataset|data|repository|repo|"
    r"documentation|library|software|toolkit|corpus|images|photos|base model|tokeni[sz]er)\b",
    re.I,
)
_OF_MODEL = re.compile(
    r"\b(?:model|weights|checkpoint|parameters|project|everything|artifacts?|adapter|lora)s?\b", re.I
)
_LIMITS = re.compile(
    r"(?:(?:non-?commercial|(?:academic |scientific )?research)(?:[ -](?:use|purposes?|usage))?(?: and "
    r"non-?commercial (?:use|purposes?))?[ -]only|"
    r"(?:only|solely|strictly|exclusively|purely) (?:be (?:used )?)?(?:intended )?(?:for|in) (?:the purpose of )?"
    r"(?:academic |scientific |educational |and |non-?commercial )*(?:research|non-?commercial|academic)|"
    r"(?:open(?:-?sourced)?|free|available)(?: of charge)?\*{0,2} (?:for|to) academic research"
    r"(?! (?:and|or)[^.\n]{0,20}commercial)|"
    r"for academic research (?:is|are) \*{0,2}free|"
    r"for commercial (?:use|usage|purposes?)\b[^.\n]{0,60}\b(?:please|you (?:must|need to|should)|kindly) "
    r"(?:\w+ ){0,2}(?:fill|sign|contact|register|apply|obtain|request|refer|email|reach|complete)|"
    r"学术研究(?:\*\*)?(?:完全)?(?:\*\*)?(?:开放|免费)|禁止(?:(?![，,](?:可|允许|支持|免费))[^。\n]){0,8}(?:商用|商业)|仅(?:供|用于)学习|"
    r"(?:not|no|cannot|can't|prohibited)[^.\n]{0,30} (?:for )?commercial(?:ly| use| purposes?)|commercial "
    r"(?:use|usage) is (?:not|strictly)[^.\n]{0,30}|"
    r"research[- ]only|restricted to (?:non-?commercial|research)|intended for research (?:use |purposes )?only|"
    r"禁止商业|不得用于(?:任何)?商业|仅(?:供|限)[^。\n]{0,8}(?:研究|学术)|usage non commercial|"
    r"nur für (?:nicht-?kommerzielle|forschung)|商用利用不可|solo para (?:uso no comercial|investigación))",
    re.I,
)
_LIMIT_HINTS = ("commercial", "research", "academic", "商", "学术", "仅", "nur für", "solo para")
_LIMITS_NEAR = near(_LIMITS, _LIMIT_HINTS, reach=80)


@probe("Which licence does a sentence of the card name for the model?", D.LICENSE, needs="card")
def license_statement(repo: Repo, card: Card) -> Iterator[Evidence]:
    yield from _statements(view(repo, card), "license_statement", of_part=False)


@probe("Which licence does a sentence of the card name for code, data or another part?", D.LICENSE, needs="card")
def component_license(repo: Repo, card: Card) -> Iterator[Evidence]:
    yield from _statements(view(repo, card), "component_license", of_part=True)


def _statements(v: View, name: str, of_part: bool) -> Iterator[Evidence]:
    if "licences" not in v.memo:
        v.memo["licences"] = list(islice(_licence_sentences(v), 40))
    given: dict[str, tuple[int, int]] = {}
    for start, end, value, about_part in v.memo["licences"]:
        if about_part == of_part and len(given) < 5:
            given.setdefault(value, (start, end))
    for value, (start, end) in given.items():
        yield seen_around(D.LICENSE, name, v.card, start, end, value)
    if not given:
        yield from not_stated(name, D.LICENSE)


_LICENCE_HINTS = (
    "licen",
    " under ",  # without the word "licence", what something is shared "with" or "by" is seldom one
)
_LICENCE_NEAR = near(_LICENCE, _LICENCE_HINTS, reach=120)


def _licence_sentences(v: View) -> Iterator[tuple[int, int, str, bool]]:
    """(start, end, licence, whether it is a part's) of every sentence that names a licence."""
    text = v.text
    for m in near_words(v, _LICENCE_NEAR):
        terms = m["terms"] or m["line"] or m["noted"] or m["is"] or ""
        words, restricted = _NAME.search(terms), restricted_name(terms)
        if not (words or restricted) or v.in_code(m.start()) or _is_siblings(v, m):
            continue
        name = " ".join(words[0].lower().split()) if words else ""
        if restricted is not None and find(name) is None:
            name = restricted.id
        part, of_model = _licensed_thing(text, m.start())
        if part:
            yield m.start(), m.end(), f"{name} ({part})", True
        if of_model:
            yield m.start(), m.end(), name, False


def _is_siblings(v: View, m: re.Match[str]) -> bool:
    begin, stop = sentence(v.text, m.start(), m.end())
    return of_sibling(v, v.text[begin:stop])


_CLAUSE = re.compile(r"[.;:]\s|\b(?:while|whereas|but)\b|\n")


def _licensed_thing(text: str, place: int) -> tuple[str, bool]:
    """What a licence is said to cover, read from the clause before: the part's name or '', and whether the model too.

    "Code and weights" covers both; "code for this model" covers the code; a clause that names nothing is the model's.
    """
    before = text[max(0, place - 160) : place]
    for m in _CLAUSE.finditer(text, max(0, place - 160), place):
        before = text[m.end() : place]
    part, model = _OF_PART.search(before), _OF_MODEL.search(before)
    if not part:
        return "", True
    if not model:
        return part[1].lower(), False
    between = before[min(part.end(), model.end()) : max(part.start(1), model.start())]
    return part[1].lower(), bool(_JOINED.search(between))


_JOINED = re.compile(r"\band\b|[,&/]")


@probe("Does a sentence of the card forbid commercial use or allow research only?", D.LICENSE, needs="card")
def use_restriction(repo: Repo, card: Card) -> Iterator[Evidence]:
    v = view(repo, card)
    for m in near_words(v, _LIMITS_NEAR):
        if not v.in_code(m.start()) and _restricts(v, m):
            yield seen_around(D.LICENSE, "use_restriction", card, m.start(), m.end(), " ".join(m[0].lower().split()))
            return
    yield from not_stated("use_restriction", D.LICENSE)


def _restricts(v: View, m: re.Match[str]) -> bool:
    """Whether the sentence of a match is this model's, and limits it without the words in it that deny a limit."""
    begin, stop = sentence(v.text, m.start(), m.end())
    return restricts(_LIMITS_NEAR.pattern, v.low[begin:stop]) and not of_sibling(v, v.text[begin:stop])


# --- what the card says of itself ---


@probe(
    "Does the card call this model open source, fully open, open weights or source available?", "claim", needs="card"
)
def claims(repo: Repo, card: Card) -> Iterator[Evidence]:
    v = view(repo, card)

    def names() -> frozenset[str]:
        own = v.whose.repo().repo_id
        return tokens(own) | said.short_name(own.rpartition("/")[2])

    found = said.claims_by(card, names, (v.whole, v.heard))
    for claim in found:
        place, value = f"{PLACE}#{claim.start}-{claim.end}", f"{claim.kind}, {claim.language}"
        yield Evidence("claim", "claims", Outcome.YES, claim.quote, place, value)
    if not found:
        yield from not_stated("claims", "claim")
