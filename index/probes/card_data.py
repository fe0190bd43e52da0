"""Probes for data: training-data sections, named corpora, dataset links, non-disclosure, 'from scratch', data sheets.

Pure: card -> Evidence with the quote and its place. Judges nothing. Evidence for `base_data` is about pre-training, for
`end_data` about tuning; a model without an ancestor has one section for both, and gets the evidence under both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.cards import Card, Link
from crawler.records import Repo
from index.model import Dimension, Evidence, Outcome
from index.probes import probe
from index.probes.card_corpora import Mention, corpora_in
from index.probes.card_quotes import (
    Part,
    View,
    near_words,
    not_stated,
    says,
    seen,
    seen_around,
    sentence,
    view,
)
from index.probes.card_words import near, register, windows
from index.probes.cards import first_words, sections_of

D = Dimension
_PRETRAIN = re.compile(r"pre-?train|base model|语料|预训练|pré-?entraîn|vortrain|preentren", re.I)
_TUNE = re.compile(
    r"fined?-?tun|\btuning|instruct|\bsft\b|\bdpo\b|rlhf|alignment|preference|post-?train|微调|对齐|ajuste fino", re.I
)
_TRAINS = re.compile(
    r"train|tun(?:ed|ing)\b|\bcorpus|\bcorpora|learned (?:from|on)|distill|训练|微调|語料|语料|学習|entraîn|entren|"
    r"trainiert|обуч|addestrat|treinad",
    re.I,
)
_TESTS = re.compile(
    r"\b(?:evaluat\w*|benchmark\w*|test(?:ed|ing)?|leaderboard|scores?|accuracy|zero-shot|few-shot|held-out|"
    r"perplexity)\b|评测|测试",
    re.I,
)


def about_training(v: View, start: int, end: int) -> bool:
    """Whether the place speaks of training: by its section, else by its sentence, and not of evaluation alone."""
    kinds = v.kinds_at(start)
    if "training_data" in kinds:
        return True
    if kinds & _NOT_TRAINING and "training_procedure" not in kinds:
        return False
    a, b = sentence(v.card.text, start, min(end, start + 200))
    near = v.card.text[a:b]
    return bool(_TRAINS.search(near)) and not (_TESTS.search(near) and not re.search(r"\btrain", near, re.I))


_NOT_TRAINING = frozenset({"evaluation", "citation", "usage"})


def _dimensions(v: View, *words: str) -> tuple[str, ...]:
    """Which stage some text is about: the first words that tell, else whether the model was made from another."""
    for text in words:
        pre, tune = bool(_PRETRAIN.search(text)), bool(_TUNE.search(text))
        if pre != tune:
            return (D.BASE_DATA,) if pre else (D.END_DATA,)
    return (D.END_DATA,) if v.derived or v.tuned else (D.BASE_DATA, D.END_DATA)


@probe("Does the card have a section on its training data with words in it?", D.BASE_DATA, D.END_DATA, needs="card")
def training_data_section(repo: Repo, card: Card) -> Iterator[Evidence]:
    v, name, given = view(repo, card), "training_data_section", set[str]()
    for part in sections_of(v, "training_data"):
        start, end = first_words(v, part)
        for dimension in _dimensions(v, part.section.title, v.text[start : start + 400]):
            if dimension not in given:
                given.add(dimension)
                yield seen(dimension, name, card, start, end, f"{part.words} words")
    yield from not_stated(name, *(d for d in (D.BASE_DATA, D.END_DATA) if d not in given))


@probe("Which well-known corpora does the card name as its training data?", D.BASE_DATA, D.END_DATA, needs="card")
def named_corpora(repo: Repo, card: Card) -> Iterator[Evidence]:
    v, name, given = view(repo, card), "named_corpora", set[tuple[str, str]]()
    for start, end in _training_spans(v):
        for mention in corpora_in(v.low, start, end):
            dimension = D.BASE_DATA if mention.corpus.pretraining else D.END_DATA
            if (dimension, mention.corpus.name) not in given and _is_training_data(v, mention):
                given.add((dimension, mention.corpus.name))
                yield seen_around(dimension, name, card, mention.start, mention.end, mention.corpus.name)
    yield from not_stated(name, *(d for d in (D.BASE_DATA, D.END_DATA) if not any(d == g for g, _ in given)))


#: One of these stands in every sentence that `_TRAINS` matches.
_TRAIN_WORDS = register(
    "train", "tuned", "tuning", "corpus", "corpora", "learned", "distill", "训练", "微调", "語料", "语料", "学習",
    "entraîn", "entren", "обуч", "addestrat", "treinad",
)  # fmt: skip


def _training_spans(v: View) -> Iterator[tuple[int, int]]:
    """Where a corpus can be one that the model was trained on: training-data sections and round words of training."""
    sections = ((p.section.start, p.section.end) for p in v.parts if "training_data" in p.kinds)
    last = v.card.body_start
    for start, end in sorted((*sections, *windows(v.text, v.found, v.card.body_start, _TRAIN_WORDS, 2_000))):
        if end > last:
            yield max(start, last), end
            last = end


def _is_training_data(v: View, mention: Mention) -> bool:
    if v.in_code(mention.start) or (
        mention.corpus.capitals and not v.card.text[mention.start : mention.start + 2].isupper()
    ):
        return False
    return about_training(v, mention.start, mention.end)


_DATASET = re.compile(
    r"(?:https?://)?(?:huggingface\.co|hf\.co)/datasets/([\w.-]+(?:/[\w.-]+)?)|(kaggle\.com/(?:datasets|"
    r"competitions)/[\w./-]+)|(zenodo\.org/records?/\d+)",
    re.I,
)
_NOT_TRAINED_ON = re.compile(
    r"open-llm-leaderboard|details_|/leaderboard|huggingface/(?:badges|documentation-images)|"
    r"resolve/main/[^\s]*\.(?:png|jpe?g|svg|gif|webp|mp4|wav)|/(?:badges|logos?)/",
    re.I,
)


def dataset_id(link: Link) -> str | None:
    """The data set that a link goes to: ORG/NAME on the Hub, else the address; None when it is no data set."""
    if "/datasets/" not in link.url and "kaggle.com" not in link.url and "zenodo.org" not in link.url:
        return None
    m = _DATASET.search(link.url)
    if not m or _NOT_TRAINED_ON.search(link.url):
        return None
    if m[1]:
        return "/".join(m[1].split("/")[:2]).rstrip(".") if "/" in m[1] else m[1]
    return m[2] or m[3]


@probe("Which data sets does the card link as its training data?", D.BASE_DATA, D.END_DATA, needs="card")
def dataset_links(repo: Repo, card: Card) -> Iterator[Evidence]:
    v, name, given = view(repo, card), "dataset_links", set[tuple[str, str]]()
    for link in v.links:
        found = dataset_id(link)
        if not found or v.in_code(link.start) or len(given) >= 20:
            continue
        a, b = sentence(card.text, link.start, min(link.end, link.start + 200))
        if not about_training(v, link.start, link.end):
            continue
        for dimension in _dimensions(v, card.text[a:b]):
            if (dimension, found) not in given:
                given.add((dimension, found))
                yield seen_around(dimension, name, card, link.start, link.end, found)
    yield from not_stated(name, *(d for d in (D.BASE_DATA, D.END_DATA) if not any(d == g for g, _ in given)))


_DATA = (
    r"(?:training |pre-?training |fine-?tuning |train |underlying |original )?(?:data(?:sets?|[- ]?set)?|"
    r"corpus|corpora)"
)
_WITHHELD = re.compile(
    rf"(?:{_DATA}[^.|#]{{0,60}}?\b(?:is|are|was|were|has|have|been|will|can|could)\b[^.|"
    rf"#]{{0,14}}?\b(?:not|n't|never|cannot)\b[^.|#]{{0,16}}?\b(?:disclos|releas|publi[cs]|shar|"
    rf"open-?sourc|available|reveal|provided)\w*"
    rf"|\b(?:do|does|did|can|could|will|have|has|are|is)(?: not|n['’]t)\b[^.|#]{{0,14}}\b(?:disclos|releas|"
    rf"publish|shar|open-?sourc|reveal)\w*[^.|#]{{0,50}}?\b{_DATA}"
    rf"|\b(?:undisclosed|unreleased|non-?public|not publicly (?:available|released)|proprietary|in-?house|"
    rf"internal|private|confidential)(?: and [\w-]+)?,? (?:[\w-]+ ){{0,3}}?(?:data(?:sets?)?|corpus|"
    rf"corpora|mix(?:ture)?|collection)\b"
    rf"|{_DATA}[^.|#]{{0,40}}\b(?:is|are|remains?)\b (?:\w+ ){{0,2}}(?:proprietary|private|confidential|"
    rf"undisclosed|internal|secret)\b"
    r"|données (?:\w+[\s']){0,4}(?:ne (?:sont|seront) pas|propriétaires|confidentielles|non (?:publiques|divulguées))"
    r"|nicht (?:veröffentlicht|offengelegt)\w*[^.|#]{0,40}daten|(?:trainings)?daten\w* (?:\w+ ){0,4}nicht "
    r"(?:veröffentlicht|offengelegt|öffentlich)|proprietäre\w* daten"
    r"|datos (?:\w+ ){0,5}(?:no (?:se (?:han )?)?(?:publica|divulga|revela|están disponibles|son "
    r"públicos)|propietarios|privados|confidenciales)"
    r"|(?:训练|预训练|微调)?(?:数据|语料)[^。；\n]{0,10}(?:不公开|未公开|不开源|未开源|暂不(?:公开|开源)|保密|不对外)|(?:不|未)(?:公开|开源|"
    r"披露)[^。；\n]{0,8}(?:数据|语料)|(?:内部|私有|自有)(?:训练)?(?:数据|语料))",
    re.I,
)
#: Said without the word "data", or with a pronoun for it: counts only inside a section on training data.
_WITHHELD_THERE = re.compile(
    r"(?:\b(?:sources|composition|mix(?:ture)?|make-?up|lists?)\b[^.|#]{0,30}?\b(?:is|are|was|were|has|have|been)"
    r"(?: not|n['’]t) (?:\w+ ){0,2}?(?:disclosed|released|published|public|shared|revealed)\b"
    r"|\b(?:do|does|did|has|have|will)(?: not|n['’]t) (?:\w+ ){0,2}?(?:disclose|release|publish|share|reveal)d? "
    r"(?:it|them|this|these)\b"
    r"|^(?:[*_-]{1,3} ?)?(?:it is |they are )?(?:not (?:publicly )?(?:disclosed|released|published)|undisclosed)\b"
    r"|^(?:没有|尚未|未|暂未|不)(?:公开|披露))",
    re.I | re.M,
)
_DATA_WORDS = ("data", "corp", "mix", "collection", "données", "daten", "datos", "数据", "语料")
_WITHHELD_HINTS = (
    "not ", "not*", "not_", "not\n", "n't ", "n't\n", "n’t ", "n’t\n", "never ", "never\n", "cannot",
    "undisclosed", "unreleased", "non-public", "nonpublic", "proprietary", "in-house", "inhouse", "internal",
    "private", "confidential", "secret", "données", "daten", "datos",
    "不公开", "未公开", "不开源", "未开源", "暂不", "保密", "不对外", "披露", "内部", "私有", "自有",
)  # fmt: skip
_WITHHELD_WORDS = (
    "disclos", "releas", "publi", "shar", "sourc", "availab", "reveal", "provided", "propri", "in-house", "inhouse",
    "internal", "private", "confidential", "secret", "données", "nicht", "datos", "公开", "开源", "保密", "对外",
    "披露", "内部", "私有", "自有",
)  # fmt: skip
_WITHHELD_NEAR = near(_WITHHELD, _WITHHELD_HINTS, also=_DATA_WORDS, and_also=_WITHHELD_WORDS)
#: In every match of `_WITHHELD_THERE` stands one of the first and one of the second.
_THERE_WORDS = (
    ("not", "n't", "n’t", "undisclosed", "没有", "尚未", "未", "不"),
    ("disclos", "releas", "publi", "shar", "reveal", "公开", "披露"),
)
_ABOUT_PEOPLE = re.compile(
    r"\b(?:personal|your|user|users'|customer|sensitive|privacy|prompt|input|api|do not share|not be used|"
    r"evaluat\w*|test(?:ing)? (?:data|set)|benchmark)\b",
    re.I,
)


@probe(
    "Does the card say that training data is not disclosed, private or not released?",
    D.BASE_DATA,
    D.END_DATA,
    needs="card",
)
def data_withheld(repo: Repo, card: Card) -> Iterator[Evidence]:
    v, name, given = view(repo, card), "data_withheld", set[str]()
    for m in near_words(v, _WITHHELD_NEAR):
        a, b = sentence(card.text, m.start(), min(m.end(), m.start() + 200))
        said = card.text[a:b]
        if v.in_code(m.start()) or _ABOUT_PEOPLE.search(said) or "evaluation" in v.kinds_at(m.start()):
            continue
        for dimension in _dimensions(v, said):
            if dimension not in given:
                given.add(dimension)
                yield seen(dimension, name, card, a, b, " ".join(m[0].lower().split()), Outcome.NO)
    for part, m in _withheld_in_sections(v):
        a, b = sentence(card.text, m.start(), min(m.end(), m.start() + 200))
        for dimension in _stages(v, card.text[a:b], part.section.title):
            if dimension not in given:
                given.add(dimension)
                yield seen(dimension, name, card, a, b, " ".join(m[0].lower().split()), Outcome.NO)
    yield from not_stated(name, *(d for d in (D.BASE_DATA, D.END_DATA) if d not in given))


def _stages(v: View, *words: str) -> tuple[str, ...]:
    """As `_dimensions`; but where no word tells, a section of a model without an ancestor is about both stages."""
    told = any(bool(_PRETRAIN.search(text)) != bool(_TUNE.search(text)) for text in words)
    return _dimensions(v, *words) if told or v.derived else (D.BASE_DATA, D.END_DATA)


def _withheld_in_sections(v: View) -> Iterator[tuple[Part, re.Match[str]]]:
    """What sections on training data, and only on that, say of their own subject: "It is not disclosed"."""
    for part in v.parts:
        if "training_data" not in part.kinds or "evaluation" in part.kinds:
            continue
        start, end = part.section.body, min(part.section.end, part.section.body + 8_000)
        if not all(any(v.low.find(word, start, end) >= 0 for word in group) for group in _THERE_WORDS):
            continue
        for m in _WITHHELD_THERE.finditer(v.low, start, end):
            a, b = sentence(v.card.text, m.start(), min(m.end(), m.start() + 200))
            about = "training_data" in v.kinds_at(m.start()) and not v.in_code(m.start())
            if about and not _ABOUT_PEOPLE.search(v.card.text[a:b]):
                yield part, m


_RELEASED = re.compile(
    rf"(?:\b(?:we|i)\s+(?:\w+\s+){{0,3}}?(?:releas(?:e|ed|ing)|open-?sourc(?:e|ed|ing)|publish(?:ed|ing)?|"
    rf"shar(?:e|ed|ing))\s[^.|#]{{0,50}}?{_DATA}\b(?! (?:prep|process|pipeline|load|curation|collection "
    rf"code))|"
    rf"{_DATA}[^.|#]{{0,50}}?\b(?:is|are|has been|have been)\s+(?:\w+\s+){{0,2}}(?:released|open-?sourced|"
    rf"published|(?:publicly |freely |openly )?available (?:at|here|on|in|for|under|from)|(?:publicly|"
    rf"freely|openly) available)|"
    r"(?:我们(?:还|也|同时)?开源了?|开源了)[^。；\n]{0,14}(?:训练数据|数据集|语料)|(?:训练数据|数据集|语料)[^。；\n]{0,8}已?(?:经)?开源)",
    re.I,
)
_RELEASED_HINTS = ("releas", "open-sourc", "open sourc", "opensourc", "publish", "shar", "available", "provid", "开源")
_RELEASED_NEAR = near(_RELEASED, _RELEASED_HINTS, also=_DATA_WORDS)
_DENIES = re.compile(r"\b(?:not|n't|never|cannot|will|soon|plan|to be|future|upon request)\b|未|不|将|即将", re.I)


@probe("Does the card say that training data is released?", D.BASE_DATA, D.END_DATA, needs="card")
def data_released(repo: Repo, card: Card) -> Iterator[Evidence]:
    v, name, given = view(repo, card), "data_released", set[str]()
    for m in near_words(v, _RELEASED_NEAR):
        a, b = sentence(card.text, m.start(), min(m.end(), m.start() + 200))
        said = card.text[a:b]
        if v.in_code(m.start()) or _DENIES.search(said) or (_TESTS.search(said) and not _TRAINS.search(said)):
            continue
        for dimension in _dimensions(v, said):
            if dimension not in given:
                given.add(dimension)
                yield seen(dimension, name, card, a, b, " ".join(m[0].lower().split()))
    yield from not_stated(name, *(d for d in (D.BASE_DATA, D.END_DATA) if d not in given))


# Past tense or "we train": "training from scratch" is what one could do.
# The Trainer's own sentence ("trained from scratch on the None dataset") means only that it knew no base.
_SCRATCH = re.compile(
    r"(?:\b(?:is|was|are|were|been|be|model,?|models,?|network)\s+(?:[\w-]+\s+){0,4}?|\bwe\s+(?:\w+\s+)?|"
    r"^[\s*_>-]*)(?:pre-?)?(?:trained|train|built|developed|learned)\b[^.|#]{0,60}?\bfrom[ -]scratch\b(?! "
    r"on (?:the|an?) (?:none|unknown))|"
    r"从(?:头|零)(?:开始)?(?:预)?训练|entraîné\w* (?:de zéro|à partir de zéro)|von grund auf (?:neu )?trainiert|"
    r"entrenad\w+ (?:desde cero|de cero)",
    re.I | re.M,
)
_SCRATCH_NEAR = near(_SCRATCH, ("scratch", "从头", "从零", "zéro", "von grund", "cero"))
_NOT_SCRATCH = re.compile(
    r"\b(?:not|n['’]t|instead of|rather than|without|than|compar\w+|versus|vs|baseline|tokeni[sz]er|"
    r"vocabulary|need to|to train|could|would|cost|several pre-?trained|how to|head|when|you|expensive|"
    r"if)\b|而非|不是",
    re.I,
)


#: What the Hub's trainer writes of every model whose base it was not told.
_TRAINER_SAYS = re.compile(r"This model was trained from scratch on (?:the|an unknown|None)\b[^.\n]{0,80} dataset\.")


@probe("Does the card say that the model was trained from scratch?", D.BASE_DATA, D.BASE_WEIGHTS, needs="card")
def from_scratch(repo: Repo, card: Card) -> Iterator[Evidence]:
    v, name = view(repo, card), "from_scratch"
    for m in near_words(v, _SCRATCH_NEAR):
        a, b = sentence(card.text, m.start(), min(m.end(), m.start() + 200))
        boilerplate = _TRAINER_SAYS.match(card.text, a) or (
            card.generator in ("trainer", "keras") and "trained from scratch on" in m[0]
        )
        if not v.in_code(m.start()) and not boilerplate and not _NOT_SCRATCH.search(card.text[a:b]):
            yield seen(D.BASE_DATA, name, card, a, b, "from scratch")
            yield seen(D.BASE_WEIGHTS, name, card, a, b, "from scratch")
            return
    yield from not_stated(name, D.BASE_DATA, D.BASE_WEIGHTS)


_SHEET = re.compile(
    r"\bdata[- ]?sheets?\b(?! for the model)|\bdata statement|\bdata cards?\b|\bdataset cards?\b|\bdata "
    r"nutrition|summary of (?:the )?training (?:data|content)|\bdata provenance\b|数据卡",
    re.I,
)
_SHEET_NEAR = near(_SHEET, ("sheet", "statement", "card", "provenance", "nutrition", "summary of", "数据卡"))


@probe("Does the card link or name a data sheet, a data card or a data statement?", D.DATASHEET, needs="card")
def data_sheet(repo: Repo, card: Card) -> Iterator[Evidence]:
    v, name, given = view(repo, card), "data_sheet", 0
    if says(v, "data"):
        for m in near_words(v, _SHEET_NEAR):
            if not v.in_code(m.start()):
                given += 1
                yield seen_around(D.DATASHEET, name, card, m.start(), m.end(), " ".join(m[0].lower().split()))
                if given == 3:
                    return
    if not given:
        yield from not_stated(name, D.DATASHEET)


@probe(
    "Which data sets with a card of their own on the Hub does the card link as training data?",
    D.DATASHEET,
    needs="card",
)
def dataset_cards(repo: Repo, card: Card) -> Iterator[Evidence]:
    v, name, given = view(repo, card), "dataset_cards", set[str]()
    for link in v.links:
        found = dataset_id(link)
        if found and "/" in found and ".com" not in found and found not in given and len(given) < 10:
            if v.in_code(link.start) or not about_training(v, link.start, link.end):
                continue
            given.add(found)
            yield seen_around(D.DATASHEET, name, card, link.start, link.end, found)
    if not given:
        yield from not_stated(name, D.DATASHEET)
