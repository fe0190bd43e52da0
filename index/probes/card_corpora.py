"""Well-known corpora by the names that cards use, each as pre-training or tuning data: a table, and finding it in text.

A name is compared by its letters and digits alone, so 'Red Pajama', 'red-pajama' and 'RedPajama' are one. Names that
are also ordinary words (! in the table) count only in capitals. Does not decide whether a mention is about training.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from ahocorasick_rs import BytesAhoCorasick, Implementation

# name: other spellings
_PRETRAINING = """
The Pile: eleutherai pile, pile dataset | Common Crawl | mC4 | C4 | RedPajama: red pajama v2 | SlimPajama
RefinedWeb: falcon refinedweb | FineWeb: fineweb edu, fineweb2 | DCLM | Dolma | ROOTS! | OSCAR! | CC100 | CCNet
OpenWebText: openwebtextcorpus | WebText | BookCorpus: bookscorpus, books corpus, toronto book corpus | Books3
Project Gutenberg | Wikipedia: wiki40b, wikitext, wikimedia | CulturaX | MADLAD: madlad400
The Stack: the stack v2, the stack dedup | StarCoderData | GitHub code: codeparrot | StackExchange: stackoverflow
PubMed: pubmed central | MIMIC: mimiciii, mimiciv, mimiccxr | S2ORC: pes2o, semantic scholar | CC-News | RealNews
CC-Stories | OpenWebMath | Proof-Pile | Cosmopedia | TinyStories | WuDao: wudaocorpora | CLUECorpus | BNC!
OpenSubtitles | Europarl | ParaCrawl | OPUS! | CCMatrix | HPLT | UniRef: uniref50, uniref90, uniref100 | UniProt
OpenGenome | Zyda | Nemotron-CC | Common Corpus | Pushshift Reddit: pushshift | Conceptual Captions: cc3m, cc12m
LAION: laion5b, laion400m, laion2b, laionaesthetics, laionart, laioncoco, laion2ben
ImageNet: imagenet1k, imagenet21k, imagenet22k, imagenet12k | COYO: coyo700m | DataComp | YFCC: yfcc100m
JFT: jft300m | COCO!: mscoco | Open Images | WebVid | Kinetics: kinetics400 | SA-1B | CelebA: celebahq | FFHQ
Danbooru | CIFAR: cifar10, cifar100 | LibriSpeech | Libri-Light | Common Voice | VoxPopuli | GigaSpeech
LibriTTS: librittsr | LJSpeech | VCTK | AudioSet | VoxCeleb | Multilingual LibriSpeech | FLEURS | AISHELL
WenetSpeech | TED-LIUM | Fisher! | Switchboard! | BABEL! | Free Music Archive | AudioCaps | Objaverse | OpenOrbit
MassiveText | PMC OA: pmc oa | ClinicalTrials
"""
_TUNING = """
Alpaca data: alpaca data, alpaca dataset, alpaca cleaned, alpaca gpt4, alpaca 52k, tatsulab alpaca, gpt4 alpaca
Dolly 15k: databricks dolly 15k | OpenAssistant: oasst, oasst1, oasst2 | ShareGPT: sharegpt vicuna
UltraChat: ultrachat 200k | UltraFeedback | OpenOrca | SlimOrca | OpenHermes 2.5: openhermes25
FLAN!: flan collection, flan v2, flan 2022 | P3! | xP3: xp3mt | Natural Instructions: super natural instructions
Self-Instruct | Tulu mix: tulu sft mixture, tulu v2 sft mixture, tulu mix | HH-RLHF
Evol-Instruct: wizardlm evol instruct | LIMA! | Capybara data: capybara dataset | No Robots | LMSYS-Chat-1M
WildChat | Nectar! | HelpSteer: helpsteer2 | Orca DPO: orca dpo pairs | SHP! | MetaMathQA | MathInstruct | GSM8K
Code Alpaca | CodeFeedback | OSS-Instruct | Magpie! | LLaVA-Instruct: llava instruct 150k, mix665k | ShareGPT4V
Firefly data: firefly train 11m | BELLE data: belle data | COIG! | Open-Platypus
GPT4All data: gpt4all j prompt generations | SQuAD: squad v2, squad2, squad v1 | GLUE! | MNLI: multinli | SNLI
XNLI | ANLI! | SST-2 | QQP! | MS MARCO | Natural Questions | TriviaQA | HotpotQA
CoNLL-2003: conll2003, conll03, conll2002 | OntoNotes | IMDB! | CNN/DailyMail: cnn dailymail, cnn daily mail | XSum
SAMSum | AG News | Spider! | GoEmotions | STS-B: stsbenchmark, sts benchmark | Quora question pairs: quora | PAWS!
MIRACL | Mr. TyDi | FEVER! | ELI5 | BioASQ | MedQA | MedMCQA | VQAv2 | GQA! | FUNSD | DocVQA | RVL-CDIP
Universal Dependencies | TweetEval | Cityscapes | ADE20K | Pascal VOC | Food-101 | financial phrasebank | AllNLI
CodeSearchNet | WMT14! | WMT19! | OPUS-100
"""
MAX_MENTIONS = 20  # of one spelling in one stretch of text
MAX_WORDS = 4
_TOKEN = re.compile(r"[a-z0-9]+")


class Corpus(NamedTuple):
    """A corpus by the name that we publish."""

    name: str
    pretraining: bool
    capitals: bool  # the name is also an ordinary word


class Mention(NamedTuple):
    """A place where a corpus is named."""

    start: int
    end: int
    corpus: Corpus


_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


def _read(table: str, pretraining: bool) -> dict[str, tuple[Corpus, frozenset[str]]]:
    """Letters and digits of each spelling -> the corpus, and the words that such a mention can begin with."""
    found: dict[str, tuple[Corpus, frozenset[str]]] = {}
    for item in table.replace("\n", "|").split("|"):
        name, _, others = item.strip().partition(":")
        if name:
            corpus = Corpus(name.rstrip("!"), pretraining, name.endswith("!"))
            for spelling in (corpus.name, *filter(None, others.split(","))):
                words = _TOKEN.findall(spelling.lower())
                camel = _CAMEL.search(spelling)
                first = {words[0], "".join(words), camel[0].lower() if camel else words[0]}
                found["".join(words)] = (corpus, frozenset(first))
    return found


_SPELLINGS = {**_read(_TUNING, False), **_read(_PRETRAINING, True)}
BY_SPELLING = {spelling: corpus for spelling, (corpus, _) in _SPELLINGS.items()}
_SEPARATORS = b"-_ ./"  # of the words of a name: one or two of them
_ORDER = tuple(_SPELLINGS)
#: All spellings at once, in a text without separators.
_AUTOMATON = BytesAhoCorasick([spelling.encode() for spelling in _ORDER], implementation=Implementation.DFA)


@cache
def _pattern(spelling: str) -> re.Pattern[str]:
    return re.compile(r"[-_ ./]{0,2}".join(spelling) + r"(?![a-z0-9])")


def corpora_in(low: str, start: int = 0, end: int | None = None) -> list[Mention]:
    """Mentions in low[start:end], lower case, in order of place. `capitals` is for the caller to check."""
    end = len(low) if end is None else end
    squashed = low[start:end].encode("ascii", "replace").translate(None, _SEPARATORS)
    found: list[Mention] = []
    for number in {number for number, _, _ in _AUTOMATON.find_matches_as_indexes(squashed, overlapping=True)}:
        found += _mentions(low, start, end, _ORDER[number])
    wudao = low.find("悟道", start, end)
    if wudao >= 0:
        found.append(Mention(wudao, wudao + 2, BY_SPELLING["wudao"]))
    return sorted(found)


def _mentions(low: str, start: int, end: int, spelling: str) -> Iterator[Mention]:
    """Where a spelling stands as words of its own, at most MAX_WORDS, the first of which such a name begins with."""
    corpus, first = _SPELLINGS[spelling]
    times: dict[tuple[str, ...], int] = {}
    for m in _pattern(spelling).finditer(low, start, end):
        words = tuple(_TOKEN.findall(m[0]))
        before = low[m.start() - 1] if m.start() else " "
        if len(words) > MAX_WORDS or words[0] not in first or (before.isalnum() and before.isascii()):
            continue
        times[words] = times.get(words, 0) + 1
        if times[words] <= MAX_MENTIONS:
            yield Mention(m.start(), m.end(), corpus)
