"""Probes for the known family behind a model: what its makers have said of their data, and under what terms it is.

Pure. What each maker has said is data in families.toml, with what was read. A model has its family by its own id, by
its declared bases, by a licence that is only given with that base, or because its card says what it was made from.
A name that only sounds like a family says nothing here. Judges nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.cards import Card
from crawler.records import Repo
from index.families import family_of, find_family, is_official, pretraining_of, terms_of, told_family
from index.model import Dimension as D
from index.model import Evidence, Outcome
from index.probes import probe
from index.probes.card_quotes import View, near_words, not_stated, seen, sentence, view
from index.probes.card_words import near
from index.probes.origins import RESTRICTED_NAMES

#: Licences that come with one family's weights only.
_LICENSES = {
    "llama2": "Llama 2", "llama3": "Llama 3", "llama3.1": "Llama 3.1", "llama3.2": "Llama 3.2",
    "llama3.3": "Llama 3.3", "llama4": "Llama 4",
}  # fmt: skip


def _value(family: str | None) -> str:
    """'withheld: Llama 2 (arXiv:2307.09288, 2.1)'; '' where nothing is known."""
    known = pretraining_of(family) if family else None
    return f"{known.told}: {family} ({known.source})" if family and known else ""


#: Of a family that the card names, and of whose data we know nothing: that it is made from it says something too.
_NOT_KNOWN = "not known"


@probe(
    "What have the makers of the family that it is of, or is made from, said of the pre-training data?",
    D.BASE_DATA,
    needs="listing",
)
def family_pretraining(repo: Repo) -> Iterator[Evidence]:
    own = _value(told_family(repo.repo_id))
    if own:
        yield Evidence(D.BASE_DATA, "family_pretraining", Outcome.YES, repo.repo_id, "id", own)
        return
    for base in repo.bases[:12]:
        told = _value(told_family(base.repo_id))
        if told:
            place = "cardData.base_model" if base.stated_by == "card" else "tags"
            yield Evidence(D.BASE_DATA, "family_pretraining", Outcome.YES, base.repo_id, place, told)
    if not repo.bases and repo.license in _LICENSES:
        place = "tags" if any(t.startswith("license:") for t in repo.tags or ()) else "cardData.license"
        value = _value(_LICENSES[repo.license])
        yield Evidence(D.BASE_DATA, "family_pretraining", Outcome.YES, repo.license, place, value)


@probe(
    "Is it its makers' own model, of a family of whose tuning data they have named none?", D.END_DATA, needs="listing"
)
def family_tuning(repo: Repo) -> Iterator[Evidence]:
    family = told_family(repo.repo_id) if is_official(repo.repo_id) else None
    known = pretraining_of(family) if family else None
    if family and known and known.tuning_withheld:
        yield Evidence(D.END_DATA, "family_tuning", Outcome.YES, repo.repo_id, "id", f"{family} ({known.source})")


_MADE = (
    r"(?:(?:instruction[- ])?fine[- ]?tun(?:ed|ing|e)(?: versions?)?|instruction[- ]tuned|"
    r"further (?:pre-?)?train(?:ed|ing)|continu\w+ (?:pre-?)?train(?:ed|ing)|initiali[sz]ed|built|based|derived|"
    r"post-?trained)"
)
_STATED_BASE = re.compile(
    rf"\b{_MADE}(?: (?:versions?|variant|model|directly|specifically|entirely)\b)?"
    r"(?:[ *_]+(?:(?:on )?top of|off of|based on|from|of|on|upon|with|using|by|our|the|an?|original|latest|"
    r"pre-?trained|base|foundation(?:al)?|open-?source|models?|llm|weights|checkpoint|\[?\w+['’]s\]?(?:\([^)\n]{0,80}\))?)(?![\w-]))*"
    r"(?:[*_ ]*(?:model)?[*_ ]*(?:\[optional\])?[*_ ]*:[*_ ]*)?[ *_`]*\[?[*_`]*"
    r"(?P<name>[a-z][\w.+/-]*(?: ?v?\d[\w.]*)?(?: \d[\w.]*)?)",
    re.I,
)
_NEAR_BASE = near(
    _STATED_BASE, ("tun", "further ", "continu", "initiali", "built", "based", "derived", "post-tr", "posttr"), 40
)
_LINKED = re.compile(r"[\w .+*`/-]{0,60}\]\((?:https?:)?/{0,2}(?:huggingface\.co|hf\.co)/([\w-]+/[\w.-]+)", re.I)
_SIZE = re.compile(r"[-_ ]?\d+(?:\.\d+)?[bm](?![a-z]).*$|-(?:hf|base|chat|instruct|v\d).*$", re.I)
#: What follows the name where the sentence is not about weights: "based on the Llama 2 architecture".
_ONLY_LIKE = re.compile(
    r"[\s*_`\])]*(?:\(http[^)]*\))?[\s*_`-]*(?:\w+ )?(?:style|like|architectur|tokeni|licen|recipe|paper|code|"
    r"template|format|prompt|method|approach|framework|data|output|generat|implement|repo|structure|design|vocab|librar|"
    r"series of)",
    re.I,
)
_OTHERS = (
    r"compar\w+|outperform\w*|unlike|than|such as|others?|e\.g|similar|like|most|many|versus|vs|can be|could be|"
    r"may be|to be|will be|not|instead|existing|surpass\w*|exceed\w*|teacher"
)
_NOT_OURS = re.compile(rf"\b(?:{_OTHERS}|quantiz\w+)\b|n['’]t\b", re.I)
_TOP = 3_000  # characters of the body that introduce the model


@probe(
    "Which known family does the card say that the model was made from, and what is known of that one's data?",
    D.BASE_DATA,
    needs="card",
)
def stated_base(repo: Repo, card: Card) -> Iterator[Evidence]:
    found = stated(view(repo, card))
    for begin, stop, family in [s for s in found if pretraining_of(s[2])] or found[:1]:
        told = _value(family) or f"{_NOT_KNOWN}: {family}"
        yield seen(D.BASE_DATA, "stated_base", card, begin, stop, told)
        return
    yield from not_stated("stated_base", D.BASE_DATA)


@probe(
    "Does the card say that the model was made from a family under a restricted licence that is not declared?",
    D.BASE_WEIGHTS,
    needs="card",
)
def stated_base_terms(repo: Repo, card: Card) -> Iterator[Evidence]:
    v = view(repo, card)
    for begin, stop, family in (*stated(v), *_made_from(v)):
        terms = terms_of(family)
        if terms and family not in _declared(v.whose.repo()):
            yield seen(D.BASE_WEIGHTS, "stated_base_terms", card, begin, stop, f"{family}: {terms}")
            return
    yield from not_stated("stated_base_terms", D.BASE_WEIGHTS)


def _declared(repo: Repo) -> frozenset[str | None]:
    """The family that it is its makers' own model of, and those of its declared bases or what they are copies of."""
    return frozenset((family_of(repo.repo_id), *(_named_or_copied(base.repo_id) for base in repo.bases)))


def stated(v: View) -> list[tuple[int, int, str]]:
    """(start, end, family) of every sentence that says what the model was made from; two probes ask."""
    if "stated" not in v.memo:
        v.memo["stated"] = list(_statements(v))
    found: list[tuple[int, int, str]] = v.memo["stated"]
    return found


def _statements(v: View) -> Iterator[tuple[int, int, str]]:
    card = v.card
    for m in near_words(v, _NEAR_BASE):
        start, end = m.span("name")
        about = v.kinds_at(start) & {"training_procedure", "training_data", "architecture"}
        if v.in_code(start) or not (about or start < card.body_start + _TOP):
            continue
        begin, stop = sentence(card.text, m.start(), min(m.end(), m.start() + 200))
        if _NOT_OURS.search(card.text, begin, start) or _ONLY_LIKE.match(card.text, end):
            continue
        link = _LINKED.match(card.text, start)
        family = family_of(link[1]) if link else _named(m["name"])
        if family:
            yield begin, stop, family


def _named(name: str) -> str | None:
    """The family that a name in a sentence means: an id on the Hub, or the family's name with or without a size."""
    name = name.rstrip(".-/")
    if "/" in name:
        return family_of(name)
    for words in (name, _SIZE.sub("", name), name.partition(" ")[0]):
        family = find_family(words) if len(words) > 2 else None
        if family is not None:
            return family.name
    return None


_NAME = (
    r"[ *_`\"“]{0,6}\[?[*_`]{0,4}(?:(?:the|an?|our|original|official|base|\w{1,30}['’]s)[ *_]{1,4}){0,4}"
    r"(?P<name>[a-z][\w.+/-]*(?: ?v?\d[\w.]*)?(?: \d[\w.]*)?)"
)
#: Other ways to say what a model is made from: another format of it, an adapter for it, a merge, a line of a list.
_CHANGED = re.compile(
    r"(?:\b(?:gguf|ggml|gptq|awq|exl[23]|mlx|onnx|int[48]|fp8|nf4|[2-8][- ]?bits?|quanti[sz]\w+|quants?)\b[*_`]*"
    r"(?:[ -](?:format|model|files?|versions?|weights|quanti[sz]\w+|conversions?|quants?|variants?)){0,4}"
    r" (?:of|from|for)|\bconver(?:ted|sion)(?: to [\w-]+(?: format)?)? (?:from|of)"
    r"|(?<![\w-])(?:q?lora|peft|adapters?)"
    r"(?: (?:weights|adapters?|models?|checkpoints?|layers?|fine-?tun\w+|trained)){0,3} (?:for|of|on|on top of|from)"
    r"|\b(?:pruned|abliterated|uncensored) (?:version )?(?:of|from)) ?" + _NAME,
    re.I,
)
_THIS_IS = re.compile(
    r"\b(?:this|it|this (?:model|repo\w*|checkpoint)) (?:is|was|contains)[ *_]+(?:an? |the )?" + _NAME + r"[*_`\])]*"
    r"(?: (?:base|model|weights))*,?(?: (?:that|which) (?:is|was|has been))? "
    r"(?:(?:instruction[- ])?fine-?tuned|quanti[sz]ed|converted|adapted)\b",
    re.I,
)
_LABEL = re.compile(
    r"^[ \t>*_#|-]{0,12}(?:(?:base|foundation|parent|source|original|backbone)[ _-]?model"
    r"|(?:fine-?tuned|quanti[sz]ed|converted) from(?: model)?)[ *_`]{0,6}[:|=][ *_`|:]{0,6}" + _NAME,
    re.I | re.M,
)
_MERGE = re.compile(r"\b(?:merged?|merges|slerp|blend)(?: model)? (?:of|from|between) (?P<name>[^\n;]{3,200})", re.I)
_NEAR_CHANGED = near(
    _CHANGED,
    ("gguf", "ggml", "gptq", "awq", "exl", "mlx", "onnx", "int4", "int8", "fp8", "nf4", "bit", "quant", "conver",
     "lora", "peft", "adapter", "pruned", "ablit", "uncens"),
    40,
)  # fmt: skip
_NEAR_THIS_IS = near(_THIS_IS, ("tuned", "quantized", "quantised", "converted", "adapted"), 40)
_NEAR_LABEL = near(_LABEL, ("base", "foundation", "parent", "source", "original", "backbone", "from"), 40)
_NEAR_MERGE = near(_MERGE, ("merge", "slerp", "blend"), 40)
_OF_OTHERS = re.compile(rf"\b(?:{_OTHERS}|see|also|beat\w*|better)\b|n['’]t\b", re.I)
_MERGED_UP_TO = re.compile(r"\b(?:which|that|using|via|by|for|to|on|than|beat\w*)\b|[()!?]", re.I)
_MEMBER = re.compile(r"[a-z][\w.+/-]*(?: ?v?\d[\w.]*)?(?: \d[\w.]*)?", re.I)
_SECOND_CELL = re.compile(r"[^|\n]*\|[ \t]*[^|\s]")
_POSSESSIVE = re.compile(r"['’]s\b")


def _made_from(v: View) -> Iterator[tuple[int, int, str]]:
    """(start, end, family) where the introduction says that it is a family's weights in another form."""
    text, top = v.card.text, v.card.body_start + _TOP
    for where in (_NEAR_CHANGED, _NEAR_THIS_IS, _NEAR_LABEL, _NEAR_MERGE):
        for m in near_words(v, where):
            start, end = m.span("name")
            if start >= top or v.in_code(start):
                continue
            begin, stop = sentence(text, m.start(), min(end, m.start() + 200))
            if _OF_OTHERS.search(text, begin, start):
                continue
            if where is _NEAR_MERGE:
                family = _merged(text[start : min(end, stop)])
            elif (
                _ONLY_LIKE.match(text, end)
                or _POSSESSIVE.match(text, end)
                or (where is _NEAR_LABEL and _SECOND_CELL.match(text, end))
            ):
                continue
            else:
                link = _LINKED.match(text, start)
                family = _named_or_copied(link[1] if link else m["name"])
            if family:
                yield begin, stop, family


def _merged(names: str) -> str | None:
    """The first family under restricted terms of those that a merge names, in the words after 'merge of'."""
    cut = _MERGED_UP_TO.search(names)
    found = (_named_or_copied(m[0]) for m in _MEMBER.finditer(names[: cut.start()] if cut else names))
    return next((family for family in found if family and terms_of(family)), None)


def _named_or_copied(name: str) -> str | None:
    """As `_named`, also for somebody's copy: 'unsloth/llama-3-8b-bnb-4bit' is of Llama 3 by its first words."""
    found = _named(name)
    own = name.rpartition("/")[2]
    if found or "/" not in name or not any(pattern.match(own) for pattern, _, _ in RESTRICTED_NAMES):
        return found
    words = own.split("-")
    return next((f for n in range(len(words), 0, -1) if (f := _named("-".join(words[:n])))), None)
