"""The words that claims are read by: mentions in ten languages, subjects, denials, other people's models. Pure.

Finds mentions; does not decide whether one is a claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from index.probes.card_words import Places, register

_J = r"[\s\-‐‑–_*]{0,3}"  # what may stand inside 'open source': space, hyphens, emphasis
_OPEN = re.compile(
    rf"open(?:{_J}(?:(?P<source>sourc(?:e|ed|es|ing))|(?P<weights>weights?(?:ed)?)))?\b(?![\w-]*\.(?:com|org|"
    rf"io|ai|net))"
)
_FULLY = re.compile(rf"\b(?:fully|truly|completely|entirely|totally|100\s?%){_J}\Z")
_NOT_OPENNESS = re.compile(rf"{_J}(?:ended|book|domain|vocab|ai\b|set\b|llm)")
_AVAILABLE = re.compile(rf"source{_J}available\b")

#: Other languages, as they are written: (words, kind, language). Searched in lower case.
_LITERAL = (
    ("entièrement ouvert", "fully-open", "fr"),
    ("code source ouvert", "open-source", "fr"),
    ("modèle libre", "open-source", "fr"),
    ("poids ouverts", "open-weights", "fr"),
    ("vollständig offen", "fully-open", "de"),
    ("vollständig quelloffen", "fully-open", "de"),
    ("quelloffen", "open-source", "de"),
    ("código abierto", "open-source", "es"),
    ("fuente abierta", "open-source", "es"),
    ("pesos abiertos", "open-weights", "es"),
    ("código aberto", "open-source", "pt"),
    ("открытым исходным кодом", "open-source", "ru"),
    ("完全开源", "fully-open", "zh"),
    ("全面开源", "fully-open", "zh"),
    ("开源", "open-source", "zh"),
    ("開源", "open-source", "zh"),
    ("完全开放", "open-weights", "zh"),
    ("开放权重", "open-weights", "zh"),
    ("開放權重", "open-weights", "zh"),
    ("オープンソース", "open-source", "ja"),
    ("オープンウェイト", "open-weights", "ja"),
    ("오픈소스", "open-source", "ko"),
    ("오픈 소스", "open-source", "ko"),
)
#: "fully open for academic research" speaks of access to the weights, not of an open project.
_FOR_SOME = re.compile(r"[\s*_]*(?:for|to)\s+(?:academic|research|scientific)|[*_]*[^。，]{0,4}(?:学术|研究)")


class Mention(NamedTuple):
    """Where the words stand and what they say."""

    start: int
    end: int
    kind: str
    language: str


register("open", "source", *(words for words, _, _ in _LITERAL))

#: Small words of a sentence that says "open source" in English words: people do in every language.
_SMALL_WORDS = {
    "en": "is are an the our we this that and of for with released fully model weights under",
    "fr": "est sont un une le la les des du nous notre nos ce cet cette et pour avec sous modèle poids",
    "de": "ist sind ein eine einen der die das wir unser unsere dieses und für mit unter modell gewichte",
    "es": "es son un una el los las nuestro nuestra este esta y del para con bajo modelo pesos",
    "pt": "é são um uma o os as nosso nossa este esta e do da para com sob modelo pesos",
    "it": "è sono un una il lo gli le nostro nostra questo questa e del della per con sotto modello pesi",
}  # fmt: skip
_SMALL = {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}


def language_of(sentence: str) -> str:
    """The language whose small words stand most often in a sentence that is written in Latin letters; 'en' in doubt."""
    words = re.findall(r"\w+", sentence.lower())
    return max(_SMALL, key=lambda language: (sum(word in _SMALL[language] for word in words), language == "en"))


def mentions(low: str, heard: Places, start: int) -> list[Mention]:
    """All mentions in a lower-case text, in order of place. `heard`: the places of words in it from `start` on."""
    if not heard:
        return []
    found = [*_open_mentions(low, start, heard.get("open", ()))]
    for at in heard.get("source", ()):
        m = _AVAILABLE.match(low, at)
        if m:
            found.append(Mention(at, m.end(), "source-available", "en"))
    taken: set[int] = set()
    for words, kind, language in _LITERAL:
        for at in heard.get(words, ()):
            end = at + len(words)
            if end not in taken:  # '完全开源' also ends in '开源'
                taken.add(end)
                found.append(Mention(at, end, kind, language))
    found.sort()
    return found


def _open_mentions(low: str, start: int, places: Iterable[int]) -> Iterator[Mention]:
    for at in places:
        m = _OPEN.match(low, at)
        if m and not (at and (low[at - 1].isalnum() and low[at - 1].isascii())):
            fully = _FULLY.search(low, max(start, at - 16), at)
            if fully and not _NOT_OPENNESS.match(low, m.end()) and not m["weights"]:
                kind = "open-weights" if not m["source"] and _FOR_SOME.match(low, m.end()) else "fully-open"
                yield Mention(fully.start(), m.end(), kind, "en")
            elif m["source"] or m["weights"]:
                yield Mention(at, m.end(), "open-source" if m["source"] else "open-weights", "en")


DENIED = re.compile(
    r"(?:\b(?:not|never|neither|nor|isn['’]?t|aren['’]?t|wasn['’]?t|cannot|can['’]?t|don['’]?t|"
    r"doesn['’]?t|non|no longer|without|unlike|instead of|rather than|"
    r"closed|whether|n['’]est pas|ne sont pas|pas|nicht|kein\w*|no es|no son|não)\b[^.,;]{0,30}\Z)|(?:不是|"
    r"并非|并不|未|没有|不)[^。，]{0,4}\Z|"
    r"\A[\s*_]*(?:\?|ではな|でない|が(?:아니|아닌))",
    re.I,
)
LATER = re.compile(
    r"\b(?:will|would|shall|plan(?:s|ning|ned)?|going to|soon|hope|intend\w*|aim\w*|want|once|until|if|"
    r"when|should|could|may|might|considering|upcoming|future|to be)\b[^.;]{0,35}\Z"
    r"|(?:将|即将|计划|未来|会|今后|敬请期待)[^。，]{0,8}\Z",
    re.I,
)
#: Talk about other models, before the mention.
OTHERS = re.compile(
    r"\b(?:compar\w+|on par|recent|conventional|known|outperform\w*|surpass\w*|exceed\w*|beat(?:s|ing)?|than|"
    r"versus|vs|other|others|"
    r"existing|previous\w*|prior|against|among|amongst|many|various|several|numerous|"
    r"most(?= of\b| open\b|\s*\Z)|all(?! of our| our| models| the models| weights)|some|any|every|rival\w*|competitive|"
    r"comparable|match(?:es|ing)|approach(?:es|ing)|based|using|uses|use|used|utiliz\w+|leverag\w+|built|"
    r"build\w*|"
    r"powered|thanks|thank|trained|fine-?tuned|finetuned|derived|inspired|from|support\w*|contribut\w+|"
    r"leading|popular|available|combin\w+|between|both|"
    r"benchmark\w*|evaluat\w+|performance|converted|merg\w+|like|such as|similar|advanc\w+|accelerat\w+|"
    r"promot\w+|via|through|democrati[sz]\w*|"
    r"gap|standard|state-of-the-art of|follow\w*|integrat\w+|replac\w+|tool\w*|librar\w+|dataset\w*|data|"
    r"corpus|corpora)\b",
    re.I,
)
OTHERS_AFTER = re.compile(
    r"^[\s*_]*(?:(?:chat|code|large|language|text|llm|foundation|base|vision|multimodal|video|"
    r"\d+b)[\s-]*)*(?:models?|llms?)?[\s*_]*(?:like|such as|including|community|and (?:closed|proprietary|"
    r"commercial)|or (?:closed|proprietary))\b",
    re.I,
)
LICENCE_AFTER = re.compile(r"^[\s*_-]*(?:[\w.-]+\s+){0,2}?licen[cs]", re.I)
#: What 'open-source' qualifies when it is not a model.
NOT_A_MODEL = re.compile(
    r"^[\s\-*_,]*(?:(?!(?:for|to|in|by|with|at|on|under|from|of|and|that|which|is|"
    r"are)\b)[\w./+&'’-]+[\s*_,]+){0,3}?(?:communit\w+|data\b|datasets?\b|data-?sets?|corpora|corpus|"
    r"tools?\b|tool-?kits?|librar\w+|frameworks?|software|codebase|code\b(?! (?:model|llm|language|"
    r"generation|assistant))|"
    r"repositor\w+|trainers?|repos?\b|contribut\w+|eco-?systems?|platforms?|packages?|initiatives?|movement|"
    r"developers?|research\w*|world|spirit|efforts?|projects?|implementations?|packages?|engines?|"
    r"benchmarks?|evaluation|engines?|apps?\b|applications?|interfaces?|webui|client|scripts?|notebooks?|"
    r"texts|images|recipes?|materials?|resources?|intelligence|leaderboards?|ai communit\w+|"
    r"landscape|space|field|collective|enthusiasts?|licen[sc]es? (?:data|code)|portion|(?<!as )part of)\b(?!-)",
    re.I,
)
_NOUNS = (
    r"models?|llms?|l+ms?|lm\b|mllms?|vlms?|weights?|checkpoints?|variants?|versions?|chatbots?|"
    r"assistants?|alternatives?|reproductions?|replications?|famil(?:y|ies)|series|suite|"
    r"transformers?|encoders?|decoder\w*|gpts?|berts?|embeddings?|rerankers?|bots?|modell\w*|modèles?|"
    r"modelos?|adapters?|loras?|networks?|systems?|agents?|foundation|ai\b"
)
MODEL_NOUN = re.compile(rf"(?:^|[\s*_\-])[\s*_\-]*(?:[\w./+&'’-]+[\s*_]+){{0,5}}?(?:{_NOUNS})", re.I)
OBJECT = re.compile(
    rf"^[\s*_]*(?:(?:our|the|this|these|all|both|a|an|its|their|two|three|four|several|"
    rf"new)[\s*_]+){{0,4}}(?:[\w./+&'’-]+[\s*_,]+){{0,4}}?(?:{_NOUNS}|it\b|them\b|everything|all artifacts)",
    re.I,
)
ABSTRACT = re.compile(
    r"\b(?:code(?:base)?|datasets?|data|librar\w+|frameworks?|tool\w*|software|corpus|corpora|repositor\w+|"
    r"scripts?|benchmarks?|papers?|architectures?|implementation|app|application|goal|aim|mission|community|"
    r"licen[cs]e that)\b",
    re.I,
)
SUBJECT = re.compile(
    r"\b(?:(?:this|the|our|these|both|all|each|ce|le|notre|cette|dieses|das|unser|este|el|nuestro|questo|"
    r"il)\s+(?:[\w.'’/-]+\s+){0,5}?"
    r"(?:models?|llms?|lm|weights|checkpoints?|famil(?:y|ies)|series|suite|adapter|lora|version|release|"
    r"variants?|modèles?|modell\w*|modelos?|modello|chatbot|assistant|poids|parameters|network)"
    r"|it|we|they|weights|models?)\b",
    re.I,
)
PLAIN_NAME = re.compile(r"^[A-Z][\w.+-]*(?=\s)")

_FILL = r"(?:(?:[\w'’%&/+.\-]+|\[[^\]\n]{0,60}\]\([^)\n]{0,120}\)|\*{1,2}[^*\n]{1,60}\*{1,2}),?[\s*_]+)"
#: Readings, in the order tried: what must stand right before the mention.
PATTERNS = (
    ("we", re.compile(
        r"\b(?:we|i)['’]?(?:ve|re)?\s+(?:(?:have|are|also|hereby|now|proudly|officially|just|further|recently|"
        r"happily|fully|to|am|excited|happy|proud|glad|and|introduce|present|release|released)\s+){0,5}\Z", re.I)),
    ("verb", re.compile(
        r"\b[\w.\-]+\s+(?:has|have)\s+(?:(?:also|now|further|recently|already|fully)\s+){0,2}\Z", re.I)),
    ("copula", re.compile(
        rf"(?:\b(?:is|are|was|were|been|as|being|remains|est|sont|ist|sind|es|son|é|è|—)|"
        rf"['’]s)\s+[*_\[]{{0,2}}{_FILL}{{0,7}}?[*_\[]{{0,3}}\Z", re.I)),
    ("license", re.compile(
        r"\b(?:released|licen[cs]ed|available|distributed|published|provided)\s+(?:\w+\s+){0,2}(?:under|with|"
        r"as|in)\s+(?:[\w.\-]+\s+){0,4}[*_\[]{0,2}\Z", re.I)),
    ("release", re.compile(
        rf"\b(?:releas(?:e|ed|es|ing)|introduc(?:e|es|ing)|present(?:s|ing)?|publish(?:es|ed|ing)?|announc(?:e|"
        rf"es|ing)|propos(?:e|es|ing)|unveil\w*|welcome|meet)\s+{_FILL}{{0,9}}?[*_\[]{{0,3}}\Z", re.I)),
    ("our", re.compile(r"\b(?:our|notre|unser|nuestro)\s+(?:[\w'’\-]+\s+){0,3}[*_\[]{0,3}\Z", re.I)),
    ("title", re.compile(
        r"[,:–—\-(][\s*_]{1,4}(?:(?:an?|the|our|first|new|powerful|fully|strong|state-of-the-art|simple|small|"
        r"large|une?|ein|eine|un|una)[\s*_]+){0,4}\Z", re.I)),
    ("this", re.compile(
        r"(?:\A[\s#*_\-]*|\b(?:behind|crafting|creating|developing|releasing|sharing)\s+)(?:this|these)[\s*_]+"
        r"(?:(?!(?:of|for|to|in|on|with|by|from|is|are|was)\b)[\w\-]+,?[\s*_]+){0,3}\Z", re.I)),
    ("start", re.compile(r"\A[\s#*_>\-]*(?:(?:an?|the|first|new|fully|une?|ein|eine|un|una)[\s*_]+){0,3}\Z", re.I)),
)  # fmt: skip

#: A sentence without a verb that opens a card: "A permissively licensed open source reproduction of ...".
OPENING = re.compile(
    r"\A[\s#*_>\-]*an?[\s*_]+(?:(?!(?:of|for|to|in|on|with|by|from|and|or|at|via|about|over|as|that|which|into)\b)"
    r"[\w\-]+,?[\s*_]+){1,5}\Z",
    re.I,
)
#: One model, right after the mention: "open source chat model", "open source reproduction".
ONE_MODEL = re.compile(
    r"^[\s*_\-,]*(?:(?!(?:of|for|to|in|on|with|by|from|and|or|at|via|data|is|are|that|which)\b)[\w.+\-]+[\s*_]+){0,3}?"
    r"(?:model|llm|lm|vlm|mllm|checkpoint|variant|version|chatbot|assistant|alternative|reproduction|replication|family|"
    r"series|suite|transformer|encoder|decoder|reranker|adapter|network)\b(?![\-/])",
    re.I,
)

#: Chinese, Japanese, Korean: about this model ...
CJK_ABOUT = re.compile(
    r"(?:我们|我們|本(?:模型|项目|項目|次|团队|仓库)|该模型|此模型|团队|正式|现已|已经|已|现|全面|完全|首个|款|"
    r"一个|一種|个|发布|发布并|推出|"
    r"并)[^。；\n]{0,24}(?:开源|開源|开放)|(?:开源|開源)(?:了|出)?[^。；，\n]{0,16}(?:模型|权重|大模型|参数|版本|基座)|"
    r"(?:本モデル|このモデル|当モデル|私たち|弊社)[^。\n]{0,40}オープン|"
    r"オープンソース(?:の)?(?:日本語)?(?:大規模)?(?:言語)?モデルです|"
    r"(?:이 모델|본 모델|우리)[^.\n]{0,40}오픈"
)
#: ... and about others, about data, code or a community.
CJK_OTHERS = re.compile(
    r"\[ \]|开源在|训练自|开源[^。；，\n]{0,20}(?:相比|配套)|(?:其他|其它|同类|同級|"
    r"同等|现有|已有|超过|超越|优于|领先|对比|相比|比较|众多|各种|主流|基于|使用|"
    r"利用|采用|借助|"
    r"感谢|参考|所有|多个|许多|部分|国内外|比肩|媲美|之前|目前|当前|添加了|以及|完成|の他の|他の|既存の|다른|"
    r"기존)[^。；，\n]{0,14}(?:开源|開源|オープンソース|오픈\s?소스)|"
    r"(?:开源|開源)(?:了|的)?(?:、?用于|[^。；，\n模]{0,14}(?:数据|資料|语料|评测|基准|代码|脚本))|(?:数据|"
    r"语料|脚本|代码|评测|"
    r"工具)[^。；，\n模]{0,8}(?:开源|開源)|代码[^。；\n模]{0,30}协议开源|(?:开源|開源)[的]?(?:社区|社區|数据|"
    r"資料|语料|指令|代码|框架|工具|"
    r"项目|許可|许可|协议|协|软件|库|评测|生态|贡献|"
    r"精神|组织|仓库|算法|训练代码|模型(?:中|里|相比|的?对比|评测|榜|排行)|大?模型(?:中|进行|上))"
)

# Each begins with one of eight characters, which are looked for much faster than alternatives are tried.
_ENDS = re.compile(
    r"[.!?。！？；\n<](?:(?<=[.!?])[)\"'*_\]]*(?=\s)|(?<=[。！？；])|(?<=\n)[ \t]*(?=[\n\-*+#|<>=`]|\d{1,3}[.)]\s)|"
    r"(?<=<)/?(?:p|br|li|h\d|td|div|ul|tr)\b[^<>\n]{0,200}>)"
)
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|al|vs|cf|fig|dr|no|inc|ltd|[A-Za-z])\.\Z", re.I)


def fragment_ends(text: str, low: int, high: int) -> Iterator[int]:
    """Places in text[low:high] after which a new sentence, line or block begins."""
    for m in _ENDS.finditer(text, low, high):
        if not _ABBREVIATION.search(text, max(low, m.start() - 6), m.start() + 1):
            yield m.end()
