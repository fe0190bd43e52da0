"""What a card says that its model was made from: sentences in six languages, labels, merge lists, configurations.

Pure: finds where it is said, the name that is given, and which family or terms that name means. Names are taken as the
card gives them: a sentence that compares, or that speaks of another model's tokenizer, paper or format, is no base.
Reports no evidence (`pretraining.py` does), judges nothing, looks no base up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from crawler.records import Repo
from index.families import family_of, find_families, find_family, is_official, line_of, terms_of
from index.probes import origins
from index.probes.card_quotes import View, near_words, sentence
from index.probes.card_words import near, register
from index.probes.origins import RESTRICTED_NAMES


class Said(NamedTuple):
    """A statement: the place of its sentence, and the name that it gives, on the Hub where it is linked."""

    begin: int
    stop: int
    name: str


class Terms(NamedTuple):
    """What a name means: a family, or a line of them, and the restricted licence that its weights are under."""

    family: str
    terms: str


#: A name with the words, links and signs that may stand before it.
MAX_NAME = 200  # letters of a name: an id on the Hub has at most 193
MAX_WORDS = 12  # of them, that a copy's name is tried by
_ARTICLE = r"the|an?|our|original|official|base|\w{1,30}['’]s|des?|dem|du|la|les?|el|del|modèle|modelo|modells?"
_NAME = (
    rf"[ *_`\"“「]{{0,6}}\[?[*_`]{{0,4}}(?:(?:{_ARTICLE})[ *_]{{1,4}}){{0,4}}\[?[*_`]{{0,4}}(?:[dl]['’])?"
    r"(?P<name>[a-z][\w.+/-]*(?: ?v?\d[\w.]*)?(?: \d[\w.]*)?)"
)
#: Of these the families under restricted terms hold one, as a test proves: a card without any names no such base.
RESTRICTED_WORDS = register(
    "llama", "gemma", "vicuna", "alpaca", "koala", "guanaco", "wizardlm", "opt-", " opt ", "bloom", "starcoder",
    "santacoder", "galactica", "nllb", "musicgen", "glm", "baichuan", "deepseek", "stable diffusion",
    "stable-diffusion", "beluga", "command r", "command-r", "qwen",
    "falcon-180b", "falcon 180b", "flux.1", "aya-23", "aya 23", "aya-expanse", "aya expanse", "mistral-large",
    "mistral large", "ministral", "codestral", "dbrx",
)  # fmt: skip
#: Words of other families: a card without any of all these is not asked in other languages.
_OTHER_FAMILIES = register(
    "mistral", "mixtral", "falcon", "bert", "t5", "gpt", "pythia", "phi", "whisper", "clip", "mpt"
)
_MADE = (
    r"(?:(?:instruction[- ])?fine[- ]?tun(?:ed|ing|e)(?: versions?)?|instruction[- ]tuned|"
    r"further (?:pre-?)?train(?:ed|ing)|continu\w+ (?:pre-?)?train(?:ed|ing)|initiali[sz]ed|built|based|derived|"
    r"post-?trained|distill(?:ed|ation)(?: versions?)?)"
)
_STATED_BASE = re.compile(
    rf"\b{_MADE}(?: (?:versions?|variant|model|directly|specifically|entirely)\b)?"
    r"(?:[ *_]+(?:(?:on )?top of|off of|based on|from|of|on|upon|with|into|using|by|our|the|an?|original|latest|"
    r"pre-?trained|base|foundation(?:al)?|open-?source|models?|llm|weights|checkpoint|\[?\w+['’]s\]?(?:\([^)\n]{0,80}\))?)(?![\w-]))*"
    r"(?:[*_ ]*(?:model)?[*_ ]*(?:\[optional\])?[*_ ]*:[*_ ]*)?[ *_`]*\[?[*_`]*"
    r"(?P<name>[a-z][\w.+/-]*(?: ?v?\d[\w.]*)?(?: \d[\w.]*)?)",
    re.I,
)
_NEAR_BASE = near(
    _STATED_BASE,
    ("tun", "further ", "continu", "initiali", "built", "based", "derived", "post-tr", "posttr", "distill"),
    40,
)
#: The same in German, French, Spanish, Portuguese and Italian.
_ELSEWHERE = re.compile(
    r"\b(?:feinabgestimmt\w*|nachtrainiert\w*|weitertrainiert\w*|basier\w+|beruht|abgeleitet\w*|aufbauend"
    r"|auf (?:der )?basis|affinée?s?|fine-?tunée?s?|ajustée?s?|adaptée?s?|dérivée?s?|basée?s?|fondée?s?|construite?s?"
    r"|distillée?s?"
    r"|quantifiée?s?|(?:pré-?)?entraînée?s? à partir"
    r"|ajustad[oa]|afinad[oa]|fine-?tunead[oa]|basad[oa]|basead[oa]|basat[oa]|derivad[oa]|construid[oa]|adaptad[oa]"
    r"|cuantizad[oa]|destilad[oa]|(?:re)?entrenad[oa] a partir)"
    r"(?: (?:finamente|versione?n?|variante?|auf|von|aus|à partir|a partir|sur|en|sobre|no|em|su|sul|de|da|do)(?!\w))*"
    + _NAME,
    re.I,
)
_NEAR_ELSEWHERE = near(
    _ELSEWHERE,
    ("feinabgest", "trainiert", "basier", "beruht", "abgeleitet", "aufbauend", "basis", "affin", "tuné", "ajust",
     "adapt", "dériv", "basé", "fondé", "construi", "distill", "quantifi", "entraîn", "afinad", "tunead", "basad",
     "basead",
     "basat", "derivad", "cuantiz", "destil", "entrenad"),
    30,
)  # fmt: skip
#: Chinese, Japanese, Korean: words of change before or behind the name.
_EASTERN = re.compile(
    r"(?:基于|基於)(?:了|的)?" + _NAME + r"|(?:以|由|从|使用|采用|在)" + _NAME.replace("<name>", "<used>")
    + r"[`*_\])」 ]{0,4}(?:\([^)\n]{0,80}\))?[^\n。，,]{0,8}?"
    r"(?:基座|底座|基础|基礎|基底|初始化|微调|蒸馏|继续|量化|增量)"
    r"|(?<![a-z0-9./-])(?P<before>[a-z][\w.+/-]*(?: ?v?\d[\w.]*)?)[`*_\])」 ]{0,4}(?:\([^)\n]{0,80}\))?"
    r"[^\n。、,]{0,4}?(?:をベース|ベースの|をもとに|を基に|を元に|をファインチューニング|기반|을 파인튜닝|를 파인튜닝)",
    re.I,
)  # fmt: skip
_NEAR_EASTERN = near(
    _EASTERN,
    ("基于", "基於", "基座", "底座", "基础", "基礎", "基底", "初始化", "微调", "蒸馏", "继续", "量化", "增量", "ベース",
     "をもとに", "を基に", "を元に", "をファイン", "기반", "파인튜닝"),
    20, reach=80,
)  # fmt: skip
_LINKED = re.compile(r"[\w .+*`/-]{0,60}\]\((?:https?:)?/{0,2}(?:huggingface\.co|hf\.co)/([\w-]+/[\w.-]+)", re.I)
_SIZE = re.compile(r"[-_ ]?\d+(?:\.\d+)?[bm](?![a-z]).*$|-(?:hf|base|chat|instruct|v\d).*$", re.I)
#: What follows the name where the sentence is not about weights: "based on the Llama 2 architecture".
_ONLY_LIKE = re.compile(
    r"[\s*_`\])]*(?:\(http[^)]*\))?[\s*_`-]*(?:\w+ )?(?:的)?(?:style|like|ar(?:ch|qu)ite[ck]tur|tokeni|li[cz]en|"
    r"recipe|paper|code|template|format|prompt|method|méthod|approach|framework|data|output|generat|implement|repo|"
    r"structure|design|vocab|librar|series of|架构|結構|结构|分词|词表|模板|格式|论文|代码|协议|许可|数据|生成)",
    re.I,
)
_OFFER = re.compile(r"[^\n]{0,60}\b(?:faster|yourself|for free)\b", re.I)  # of a tool: "Finetune Llama 3 2x faster"
_OTHERS = (
    r"compar\w+|outperform\w*|unlike|than|such as|others?|e\.g|similar|like|most|many|versus|vs|can be|could be|"
    r"may be|to be|will be|not|instead|existing|surpass\w*|exceed\w*|teacher|vergl\w+|besser|anders|nicht|mejor|"
    r"supera\w*|meilleur\w*|dépass\w*|contrairement"
)
_EAST_OTHERS = r"相比|优于|超过|超越|对比|不同于|类似|不是|比较|より"
_NOT_OURS = re.compile(rf"\b(?:{_OTHERS}|quantiz\w+)\b|n['’]t\b|{_EAST_OTHERS}", re.I)
_TOP = 3_000  # characters of the body that introduce the model

#: Other ways to say what a model is made from: another format of it, an adapter for it, a merge, a line of a list.
_CHANGED = re.compile(
    r"(?:\b(?:gguf|ggml|gptq|awq|exl[23]|mlx|onnx|int[48]|fp8|nf4|[2-8][- ]?bits?|quanti[sz]\w+|quants?)\b[*_`]*"
    r"(?:[ -](?:format|model|files?|versions?|weights|quanti[sz]\w+|conversions?|quants?|variants?)){0,4}"
    r" (?:of|from|for)|\bconver(?:ted|sion)(?: to [\w-]+(?: format)?)? (?:from|of)"
    r"|(?<![\w-])(?:q?lora|peft|adapters?)"
    r"(?: (?:weights|adapters?|models?|checkpoints?|layers?|fine-?tun\w+|trained)){0,3} (?:for|of|on|on top of|from)"
    r"|\b(?:pruned|abliterated|uncensored) (?:version )?(?:of|from)|\bdistill\w+ [^\n.;]{0,60}?\binto) ?" + _NAME,
    re.I,
)
_THIS_IS = re.compile(
    r"\b(?:this|it|this (?:model|repo\w*|checkpoint)) (?:is|was|contains)[ *_]+(?:an? |the )?" + _NAME + r"[*_`\])]*"
    r"(?: (?:base|model|weights))*,?(?: (?:that|which) (?:is|was|has been))? "
    r"(?:(?:instruction[- ])?fine-?tuned|quanti[sz]ed|converted|adapted)\b",
    re.I,
)
#: "use Llama 3 as the backbone", "a Llama-3-based chat model".
_ROLES = ("base", "backbone", "foundation", "starting", "initial", "llm", "language")
_ARTICLES = ("", "the ", "its ", "our ", "a ", "an ")
_USED_AS = re.compile(
    r"\b(?:use[sd]?|using|with|adopt\w*|takes?|employ\w*)" + _NAME + r"[*_`\])]{0,4}(?:\([^)\n]{0,80}\))? as "
    rf"(?:{'|'.join(_ARTICLES)})(?:{'|'.join(_ROLES)})\b",
    re.I,
)
_KINDS = ("model", "llm", "assistant", "chat", "checkpoint", "merge", "instruct", "fine")
_BASED = re.compile(
    r"\b(?:is|an?|our|this|new)[ *_]{1,3}(?P<name>[a-z][\w.+/-]{1,60}?)"
    rf"(?:-based (?:[\w-]+ ){{0,3}}?| based )(?:{'|'.join(_KINDS)})",
    re.I,
)
_LABEL = re.compile(
    r"^[ \t>*_#|-]{0,12}(?:(?:base|foundation|parent|source|original|backbone|language)[ _-]?model"
    r"|(?:llm )?backbone|base llm|basismodell|modèle de base|modelo (?:de )?base|modello (?:di )?base"
    r"|基座(?:模型)?|底座(?:模型)?|基础模型|基模型|ベースモデル|베이스 모델"
    r"|(?:fine-?tuned|quanti[sz]ed|converted|distilled) from(?: model)?)[ *_`]{0,6}[:：|=][ *_`|:]{0,6}" + _NAME,
    re.I | re.M,
)
_MERGE = re.compile(r"\b(?:merged?|merges|slerp|blend)(?: model)? (?:of|from|between) (?P<name>[^\n;]{3,200})", re.I)
#: A list of what was merged, a line each, under a line that says so.
_MERGE_LIST = re.compile(
    r"\b(?:merge[ds]?|merging|blend)\b[^\n]{0,160}\n(?:[ \t]*\n)?(?P<name>(?:[ \t]*[*+-] [^\n]{3,200}(?:\n|\Z)){1,40})",
    re.I,
)
#: A line of a merge's or a training's configuration.
_CONFIG = re.compile(
    r"^[ \t-]{0,12}(?:model|base_model|parent_model) ?:[ \t]{0,4}[\"']?(?P<name>[\w-]+/[\w.+-]+)", re.I | re.M
)
_NEAR_CHANGED = near(
    _CHANGED,
    ("gguf", "ggml", "gptq", "awq", "exl", "mlx", "onnx", "int4", "int8", "fp8", "nf4", "bit", "quant", "conver",
     "lora", "peft", "adapter", "pruned", "ablit", "uncens", "distill"),
    40,
)  # fmt: skip
_NEAR_THIS_IS = near(_THIS_IS, ("tuned", "quantized", "quantised", "converted", "adapted"), 40)
_NEAR_USED_AS = near(_USED_AS, tuple(f" as {article}{role}" for article in _ARTICLES for role in _ROLES), 20, reach=120)
_NEAR_BASED = near(_BASED, ("-based ", *(f" based {kind}" for kind in _KINDS)), 20, reach=80)
_NEAR_LABEL = near(
    _LABEL,
    ("base", "foundation", "parent", "source", "original", "backbone", "from", "language", "basis", "基座", "底座",
     "基础模型",
     "基模型", "ベース", "베이스"),
    40,
)  # fmt: skip
_NEAR_MERGE = near(_MERGE, ("merge", "slerp", "blend"), 40)
_NEAR_MERGE_LIST = near(_MERGE_LIST, ("merge", "merging", "blend"), 20, reach=1_500)
_NEAR_CONFIG = near(_CONFIG, ("model:", "model :"), 40)
_OF_OTHERS = re.compile(rf"\b(?:{_OTHERS}|see|also|beat\w*|better)\b|n['’]t\b|{_EAST_OTHERS}", re.I)
_MERGED_UP_TO = re.compile(r"\b(?:which|that|using|via|by|for|to|on|than|beat\w*)\b|[()!?]", re.I)
_MEMBER = re.compile(r"[a-z][\w.+/-]*(?: ?v?\d[\w.]*)?(?: \d[\w.]*)?", re.I)
_BULLET = re.compile(
    r"^[ \t]*[*+-] +[*_`\[]{0,4}(?:https?://(?:www\.)?(?:huggingface\.co|hf\.co)/)?(?P<name>[\w./+-]+)", re.M
)
_SECOND_CELL = re.compile(r"[^|\n]*\|[ \t]*[^|\s]")
_POSSESSIVE = re.compile(r"['’]s\b")


# ------------------------------------------------------------------------------------------------------ what is said


def stated(v: View) -> list[tuple[int, int, str]]:
    """(start, end, family) of every sentence that names a known family as what the model was made from."""
    if "stated" not in v.memo:
        v.memo["stated"] = [(s.begin, s.stop, f) for s in _sentences(v) if (f := named(s.name))]
    found: list[tuple[int, int, str]] = v.memo["stated"]
    return found


def made_of(v: View) -> Iterator[Said]:
    """Every statement of what the model was made from, by an id on the Hub or a restricted family's name."""
    yield from _sentences(v)
    if "other forms" not in v.memo:
        v.memo["other forms"] = list(_other_forms(v))
    found: list[Said] = v.memo["other forms"]
    yield from found


def _sentences(v: View) -> list[Said]:
    """Sentences with a verb: 'fine-tuned from', 'basé sur', '基于'; several probes ask."""
    if "sentences" not in v.memo:
        v.memo["sentences"] = list(_read_sentences(v))
    found: list[Said] = v.memo["sentences"]
    return found


def _group(m: re.Match[str]) -> tuple[int, int]:
    """The place of the name in a match, whichever of the alternatives it is of."""
    return m.span(m.lastgroup or 0)


def _read_sentences(v: View) -> Iterator[Said]:
    text = v.card.text
    named = not (v.found.keys().isdisjoint(RESTRICTED_WORDS) and v.found.keys().isdisjoint(_OTHER_FAMILIES))
    for where in (_NEAR_BASE, _NEAR_ELSEWHERE, _NEAR_EASTERN) if named else (_NEAR_BASE,):
        for m in near_words(v, where):
            start, end = _group(m)
            about = v.kinds_at(start) & {"training_procedure", "training_data", "architecture"}
            if v.in_code(start) or not (about or start < v.card.body_start + _TOP):
                continue
            begin, stop = sentence(text, m.start(), min(m.end(), m.start() + 200))
            if not (_NOT_OURS.search(text, begin, start) or _ONLY_LIKE.match(text, end) or _OFFER.match(text, end)):
                yield Said(begin, stop, name_at(text, start, end))


def name_at(text: str, start: int, end: int) -> str:
    """The id that the name at a place is linked to on the Hub, else the name."""
    link = _LINKED.match(text, start)
    return link[1] if link else text[start:end].rstrip(".-/")


def _other_forms(v: View) -> Iterator[Said]:
    """Where the introduction says that it is another model in another form, and in lists and configurations."""
    text, top = v.card.text, v.card.body_start + _TOP
    for where in (_NEAR_CHANGED, _NEAR_THIS_IS, _NEAR_USED_AS, _NEAR_BASED, _NEAR_LABEL):
        for m in near_words(v, where):
            start, end = m.span("name")
            name = name_at(text, start, end)
            if start >= top or v.in_code(start) or not ("/" in name or restricted(name)):
                continue
            begin, stop = sentence(text, m.start(), min(end, m.start() + 200))
            if not (
                _OF_OTHERS.search(text, begin, start)
                or _ONLY_LIKE.match(text, end)
                or _POSSESSIVE.match(text, end)
                or (where is _NEAR_LABEL and _SECOND_CELL.match(text, end))
            ):
                yield Said(begin, stop, name)
    yield from _merged(v)
    for m in near_words(v, _NEAR_CONFIG):
        if v.in_code(m.start()):
            yield Said(m.start("name"), m.end(), text[m.start("name") : m.end("name")])


def _merged(v: View) -> Iterator[Said]:
    """The members that a merge names: in a sentence of the introduction, or a line each."""
    text = v.card.text
    for m in near_words(v, _NEAR_MERGE):
        start, end = m.span("name")
        begin, stop = sentence(text, m.start(), min(end, m.start() + 200))
        if start >= v.card.body_start + _TOP or v.in_code(start) or _OF_OTHERS.search(text, begin, start):
            continue
        names = text[start : min(end, stop)]
        cut = _MERGED_UP_TO.search(names)
        for member in _MEMBER.finditer(names[: cut.start()] if cut else names):
            yield Said(begin, stop, member[0])
    for m in near_words(v, _NEAR_MERGE_LIST):
        if not v.in_code(m.start()):
            for line in _BULLET.finditer(text, m.start("name"), m.end("name")):
                yield Said(line.start("name"), line.end(), line["name"].rstrip(".-/"))


# ------------------------------------------------------------------------------------------------------ what it means


def restricted(name: str) -> Terms | None:
    """The family or line under restricted terms that a name means, whole or as a word of it; None = none known."""
    return _restricted(name[:MAX_NAME])


@lru_cache(maxsize=8_192)  # cards of one kind name the same bases
def _restricted(name: str) -> Terms | None:
    family = _named_or_copied(name)
    if family and terms_of(family):
        return Terms(family, terms_of(family))
    own = name.rpartition("/")[2]
    for pattern, kin, _ in RESTRICTED_NAMES:
        if pattern.search(own):
            return _line(kin) or Terms(kin, "a restricted licence")
    line, _, rest = name.partition("-")
    family = family or named("-".join(name.split("-")[:2]))  # 'gemma-4-e2b' is of Gemma 4, which is free
    return _line(line) if not family and (not rest or _OF_A_MODEL.match(rest)) else None


# What stands behind a line's name in a model's: `llama-7b`, `opt-iml`; not `opt-out`, `llama-quantize`, `bloom-filter`.
_OF_A_MODEL = re.compile(r"v?\d|(?:hf|base|chat|instruct|it|iml|large|small|medium|pro|xl+)(?![a-z])", re.IGNORECASE)


def _line(name: str) -> Terms | None:
    """A line of which most generations are under restricted terms: 'Llama' without a version is any of them."""
    found = find_families(name)
    terms = list(dict.fromkeys(f.terms for f in found if f.terms))
    if 2 * sum(bool(f.terms) for f in found) <= len(found):
        return None
    return Terms(found[0].line, terms[0] if len(terms) == 1 else f"one of {terms[0]} to {terms[-1]}")


def declares(repo: Repo, found: Terms) -> bool:
    """Whether the repo is its makers' own of that family or line, or declares a base that is."""
    known = {f for f in (family_of(repo.repo_id), *(_named_or_copied(b.repo_id) for b in repo.bases)) if f}
    if found.family in known:
        return True
    line = line_of(found.family)
    own = family_of(repo.repo_id) if is_official(repo.repo_id) else None
    if own and line_of(own) == line:
        return True
    by_line = line == found.family and any(line_of(family) == line for family in known)
    return by_line or origins.declares(repo, line.lower())


def named(name: str) -> str | None:
    """The family that a name in a sentence means: an id on the Hub, or the family's name with or without a size."""
    return _named(name[:MAX_NAME])


@lru_cache(maxsize=8_192)
def _named(name: str) -> str | None:
    name = name.rstrip(".-/")
    if "/" in name:
        return family_of(name)
    for words in (name, _SIZE.sub("", name), name.partition(" ")[0]):
        family = find_family(words) if len(words) > 2 else None
        if family is not None:
            return family.name
    return None


def _named_or_copied(name: str) -> str | None:
    """As `named`, also for somebody's copy: 'unsloth/llama-3-8b-bnb-4bit' is of Llama 3 by its first words."""
    found = named(name)
    own = name.rpartition("/")[2]
    if found or "/" not in name or not any(pattern.match(own) for pattern, _, _ in RESTRICTED_NAMES):
        return found
    words = own.split("-")
    return next((f for n in range(min(len(words), MAX_WORDS), 0, -1) if (f := named("-".join(words[:n])))), None)
