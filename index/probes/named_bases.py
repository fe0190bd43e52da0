"""Restricted families that a card names in one breath with a word of making: 'our Vicuna backbone', 'a Gemma tune'.

The general rule behind the sentences that `made_of.py` knows by their form: a name of a family under restricted terms
and, in the same sentence, a word of making a model from another, with no word of comparing or of mere use. It is more
than nothing and less than a declaration, so a model is held back by it and never called closed.
Pure. Reports no evidence (`pretraining.py` does), judges nothing, looks no base up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.probes.card_quotes import View, sentence
from index.probes.card_words import register
from index.probes.made_of import Said, Terms, declares, name_at, restricted

#: Of these every spelling of a family under restricted terms that is looked for here holds one.
_WORDS = frozenset(register(
    "llama", "vicuna", "wizardlm", "gemma", "stable diffusion", "stable-diffusion", "sdxl", "starcoder", "santacoder",
    "bloom", "galactica", "nllb", "musicgen", "chatglm", "baichuan2", "baichuan 2", "baichuan-2", "deepseek-coder",
    "deepseek coder", "deepseek-llm", "deepseek-math", "deepseekmath", "beluga", "command r", "command-r",
    "falcon-180b", "falcon 180b", "flux.1", "opt-", "qwen-", "aya-23", "aya 23", "aya-expanse", "aya expanse",
    "mistral-large", "mistral large", "ministral-8b", "ministral 8b", "codestral", "dbrx", "qwen2-72b", "qwen1.5",
))  # fmt: skip
_LIMIT = 15  # places of a model's name looked at for each word
_SEEN = 300  # places of each word, those included where it is a program's name
_TOP = 4_000  # characters of the body that introduce the model
_NAME = re.compile(
    r"(?:stable[ -]diffusion|sdxl|deepseek[ -]coder|command[ -]r|baichuan)[\w.+/-]*(?: (?:v?\d[\w.]*|xl|turbo))?"
    r"|flux\.1[ -]?\[?dev\]?|[\w.+/-]*(?: ?v?\d[\w.]*)?"
)
_IN_NAMES = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.+/-")
#: Names of programs, of other people's open reproductions, of small or unrelated models, of data sets and of files.
_OTHER_THINGS = re.compile(
    r"(?:open|tiny|\bo|word|lag|lit|mobile?|slim)[-_ ]?llama"
    r"|llama[-_. ]?(?:c?pp|file|factory|index|recipes|hub|parse|guard|adapter|for|tokenizer|config|model|\d+m\b)"
    r"|llama2?\.c\b|-style|-like|starcoder-?data|wizardlm[-_ ](?:evol|orca)"
    r"|datasets/|github|arxiv|\.(?:py|md|json|png|jpg|com|family|ai)\b"
)
#: Words of making before a name (without \b, which would have each alternative tried at each character) ...
_BEFORE = re.compile(
    r"fine-?\s?tun|tuned|based|[ \n*_\[(|-](?:base(?![a-z])|built|build|basis|basiert|merg|deltas?\b|diffs?\b|q?lora\b)"
    r"|top of|train(?:ed|ing)? (?:\w+ )?from|continu|further|backbone|initiali|initial weights|weights|deriv"
    r"|developed from|distil|adapt|upscal|extend|versions? of|variants? of|starting|starts? from|started from"
    r"|trained (?:\w+ )?(?:with|on|using|upon)|pre-?trained|convert|quanti|gguf|prun|uncensor|abliter|powered by|llm:"
    r"|aufbau|feinabg|affin|basé|fondé|basad|basead|ajust|basat|entrenad|taught|à partir|a partir"
    r"|基于|基於|微调|继续|以|采用"
)
#: ... or behind it.
_AFTER = re.compile(
    r"[-\s*_`\])]{0,6}(?:\([^)\n]{0,100}\)?)?[-\s*_`,]{0,4}(?:\w+[ -]){0,4}?(?:based|fine-?\s?tun\w*|tuned|backbone"
    r"|base\b|weights|checkpoints?|delta|diff\b|lora\b|merg\w+|distill\w*|derivative|variant|initiali\w+|trained"
    r"|微调|基座|底座|继续|初始化|基础|ベース|기반)"
)
#: Words that speak of other models, or of what one may do, wherever in a sentence they stand ...
_OTHERS = (
    r"than(?! \d)|out-?perform\w*|versus|vs|compar\w+|compet\w+|evaluat\w+|surpass\w*|exceed\w*|beats?|worse|see also"
    r"|recommend\w*|contrairement|on par|similar|unlike|such as|inspired|mimic\w*|from scratch|reproduc\w+|leaderboard"
    r"|baselines?|opposed|llamafile|ollama|e\.g|others|another|existing|not|never|previous|can be|could be|may be"
    r"|will be|to be|works with|judge\w*|annotat\w+|faster|yourself|corpora|slimpajama|split of"
    r"|chang(?:e|ed|ing) the base|was used (?:to|for)|feels|args|learning rates?"
)
#: ... or only before the name: behind it they tell what the model can do or is like.
_OTHERS_BEFORE = (
    r"better|like|including|several|benchmark\w*|other|instead(?! of training)|replacement|used by|developers may"
    r"|support\w*|compatib\w+|scor(?:e|ed|es|ing)|series of"
)
_IN_OTHER_TONGUES = (
    r"n['’]t\b|相比|优于|超过|超越|对比|不同于|类似|不是|比较|一致|より|vergl|besser|mejor|meilleur|supera|dépass"
)
_COMPARES = re.compile(rf"(?<![a-z])(?:{_OTHERS})\b|{_IN_OTHER_TONGUES}")
_NOT_OURS = re.compile(rf"(?<![a-z])(?:{_OTHERS}|{_OTHERS_BEFORE})\b|{_IN_OTHER_TONGUES}")
#: What stands right before the name of a model that wrote the data, or whose format or paper is meant.
_MADE_DATA = re.compile(
    r"(?:(?:generat\w+|synthe\w+|synteth\w+|written|produced|created|labell?ed|answered|translated|summari\w+)"
    r" (?:\w+ ){0,2}(?:by|from|with|using|via)"
    r"|(?:output\w*|respons\w+|data\w*|corpus|question\w*|answers|prompts?|conversations|samples|items)"
    r" (?:\w+ ){0,2}(?:by|from|of|via|in)|used (?:by|in)|originating in)[ *_`\[(]{1,4}(?:[\w.,:]+ ){0,4}$"
    r"|(?:data\w*|corpus) (?:was|is|were|are|has been) \w+ \w+ $|(?:paper|card)\W{1,4}(?:[\w:]+ ){0,4}$"
    r"|(?:teachers?|dataset|format|template|tokenizer|style|ar(?:ch|qu)ite[ck]tur\w*)(?: of| from| von| der| de|:|,)?"
    r"[ *_`\[(]{0,4}(?:the )?$"
)
#: What stands right behind it where no weights are meant.
_ONLY_LIKE = re.compile(
    r"[\s*_`\])\"']*(?:\(http[^)]*\))?[\s*_`'\"-]*"
    r"(?:(?:2|3|s|v\d|xl|chat|instruct|models?|original|transformers?|decoder|causal) )?(?:的)?"
    r"(?:style|like|ar(?:ch|qu)ite[ck]tur|tokeni|li[cz]en|recipe|paper|code|template|format|prompt|method|approach"
    r"|framework|data|corp|training|output|generat|implement|repo|structure|design|vocab|librar|communit|compatib"
    r"|famil|filter|taxonom|架构|結構|结构|分词|词表|模板|格式|论文|代码|协议|许可|数据|生成|社区|家族|中文社区)"
)
_NEWS = re.compile(r"[\W_]*(?:\d{1,2}/\d{1,2}/)?20\d\d\b")  # a dated line tells of any model of its makers
_FIRST_CELL, _SECOND_CELL = re.compile(r"\|[ *_`\[]*$"), re.compile(r"[^|\n]*\|[ \t]*[^|\s]")
_SEVERAL = re.compile(r"\||base models")
_ENDS_IN_COLON = re.compile(r"[\s*_`\])]*[:：][\s*_]*$")  # a list of other models follows
_ELSEWHERE = frozenset({"evaluation", "citation", "usage"})


def named_as_made(v: View) -> Iterator[Said]:
    """Every name that a word of making stands by, of a restricted family that the repo neither is of nor declares."""
    declared: dict[Terms, bool] = {}
    for word in sorted(v.found.keys() & _WORDS):
        done = looked = 0
        for at in v.found[word][:_SEEN]:
            if at < done or not _is_told(v, at):
                continue
            start, done = _whole(v.low, at, len(word))
            if _OTHER_THINGS.search(v.low, max(0, start - 6), done + 5):
                continue
            looked += 1
            if looked > _LIMIT:
                break
            name = name_at(v.card.text, start, done).removeprefix("//huggingface.co/")
            found = restricted(name)
            if found is None:
                continue
            if found not in declared:
                declared[found] = declares(v.whose.repo(), found)
            if not declared[found] and (bounds := _sentence_of_making(v, start, done)):
                yield Said(*bounds, name)


def _is_told(v: View, place: int) -> bool:
    """Whether a place is where a card says what its model is: no code, no table of results, no use of it."""
    about = v.kinds_at(place)
    if about:
        return about.isdisjoint(_ELSEWHERE) and not v.in_code(place)
    return place < v.card.body_start + _TOP and not v.in_code(place)


def _whole(low: str, at: int, length: int) -> tuple[int, int]:
    """The bounds of the name that holds the word at a place."""
    start = at
    while start > 0 and at - start < 60 and low[start - 1] in _IN_NAMES:
        start -= 1
    m = _NAME.match(low, start)
    end = at + length
    return start, max(end, start + len(m[0].rstrip(".-/+"))) if m else end


def _sentence_of_making(v: View, start: int, end: int) -> tuple[int, int] | None:
    """The sentence that holds the name at a place, if it says that something was made from it."""
    low = v.low
    begin, stop = sentence(v.card.text, start, end)
    if not _made(low, begin, start, end, stop) or (_NEWS.match(low, begin) and not v.names_us(low[begin:stop])):
        return None
    if v.called_after and _SEVERAL.search(low, begin, stop):  # its name says of which of them it is
        return None
    return begin, stop


def _made(low: str, begin: int, start: int, end: int, stop: int) -> bool:
    """Whether low[begin:stop], with a name at start:end, says that something was made from what the name means."""
    return not (
        (not _BEFORE.search(low, max(0, begin - 1), start) and not _AFTER.match(low, end, stop))
        or _NOT_OURS.search(low, begin, start)
        or _COMPARES.search(low, end, stop)
        or _MADE_DATA.search(low, begin, start)
        or _ONLY_LIKE.match(low, end)
        or (_FIRST_CELL.search(low, begin, start) and _SECOND_CELL.match(low, end))
        or _ENDS_IN_COLON.match(low[end:stop])
    )
