"""Well-known corpora by the names that cards use, each as pre-training or tuning data. Data and one pattern only.

A name is matched in lower case; where the lower-case word is an ordinary one, `exact` asks for its usual capitals.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Corpus(NamedTuple):
    """A corpus: its name, how lower-case text writes it, whether it is pre-training data, and its exact spelling if that matters."""

    name: str
    pattern: str
    pretraining: bool
    exact: re.Pattern[str] | None = None


def _pre(name: str, pattern: str = "", exact: str = "") -> Corpus:
    return Corpus(name, pattern or re.escape(name.lower()), True, re.compile(exact) if exact else None)


def _tune(name: str, pattern: str = "", exact: str = "") -> Corpus:
    return Corpus(name, pattern or re.escape(name.lower()), False, re.compile(exact) if exact else None)


CORPORA: tuple[Corpus, ...] = (
    # text, pre-training
    _pre("The Pile", r"(?:the )pile\b(?! of)|eleutherai/pile|pile dataset", r"(?:[Tt]he )Pile|[Ee]leuther|[Pp]ile dataset"),
    _pre("Common Crawl", r"common[- ]?crawl"), _pre("mC4", r"mc4"), _pre("C4", r"c4(?! ?ai)"), _pre("RedPajama", r"red[- ]?pajama"),
    _pre("SlimPajama", r"slim[- ]?pajama"), _pre("RefinedWeb", r"refined-?web"), _pre("FineWeb", r"fine-?web(?:-?edu)?"), _pre("DCLM", r"dclm"),
    _pre("Dolma"), _pre("ROOTS", exact="ROOTS"), _pre("OSCAR", exact="OSCAR|Oscar"), _pre("CC100", r"cc-?100"), _pre("CCNet", r"cc-?net"), _pre("OpenWebText", r"open-?web-?text"),
    _pre("WebText", r"web-?text"), _pre("BookCorpus", r"books?-?corpus|toronto book"), _pre("Books3", r"books3"), _pre("Project Gutenberg", r"project gutenberg|gutenberg"),
    _pre("Wikipedia", r"wikipedia|wiki-?40b|wikitext"), _pre("CulturaX"), _pre("MADLAD", r"madlad"), _pre("The Stack", r"the[- ]stack(?:[- ]v2|[- ]dedup)?|bigcode/the-stack", r"[Tt]he[- ]Stack|the-stack|bigcode"),
    _pre("StarCoderData", r"star-?coder-?data"), _pre("GitHub code", r"github-code|github code|codeparrot"), _pre("StackExchange", r"stack-?exchange|stack-?overflow"),
    _pre("arXiv texts", r"arxiv (?:papers|articles|abstracts|dataset)"), _pre("PubMed", r"pubmed(?: central)?"), _pre("MIMIC", r"mimic-?(?:iii|iv|3|4|cxr)"), _pre("S2ORC", r"s2orc|pes2o|semantic scholar"),
    _pre("CC-News", r"cc-?news"), _pre("RealNews", r"real-?news"), _pre("CC-Stories", r"cc-?stories"), _pre("OpenWebMath", r"open-?web-?math"), _pre("Proof-Pile", r"proof-?pile"),
    _pre("Cosmopedia"), _pre("TinyStories", r"tiny-?stories"), _pre("WuDao", r"wudao|悟道"), _pre("CLUECorpus", r"clue-?corpus"), _pre("BNC", exact="BNC"), _pre("OpenSubtitles", r"open-?subtitles"),
    _pre("Europarl"), _pre("ParaCrawl"), _pre("OPUS", exact="OPUS|opus-100"), _pre("CCMatrix", r"cc-?matrix"), _pre("NLLB data", r"nllb (?:data|corpus)"), _pre("HPLT", exact="HPLT"),
    _pre("UniRef", r"uniref\d*"), _pre("UniProt", r"uniprot"), _pre("OpenGenome"), _pre("Zyda"), _pre("Nemotron-CC", r"nemotron-cc"), _pre("Matrix", r"map-neo matrix"), _pre("Common Corpus", r"common corpus"),
    _pre("Falcon data", r"refinedweb"), _pre("Pushshift Reddit", r"pushshift|reddit comments"), _pre("LLaVA-Pretrain", r"llava-?pretrain|cc3m|cc12m|conceptual captions"),
    # images, video
    _pre("LAION", r"laion(?:[- ]?(?:5b|400m|2b|aesthetics?|en|art|coco|pop|high-res\w*))*\b(?! (?:e\.?v|ai|discord|org))"), _pre("ImageNet", r"imagenet(?:[- ]?(?:1k|21k|22k|12k))?"), _pre("COYO", r"coyo"), _pre("DataComp", r"data-?comp"),
    _pre("YFCC", r"yfcc(?:100m)?"), _pre("JFT", r"jft-?\d*\w"), _pre("COCO", exact="(?:MS[- ]?)?COCO"), _pre("Open Images", r"open ?images"), _pre("WebVid", r"web-?vid"), _pre("Kinetics", r"kinetics-?\d+"),
    _pre("SA-1B", r"sa-1b"), _pre("MIMIC-CXR", r"mimic-cxr"), _pre("CelebA", r"celeb-?a(?:-?hq)?"), _pre("FFHQ", r"ffhq"), _pre("MetaCLIP data", r"metaclip"), _pre("Danbooru", r"danbooru\d*"), _pre("CIFAR", r"cifar-?\d+"),
    # speech, audio
    _pre("LibriSpeech", r"libri-?speech"), _pre("Libri-Light", r"libri-?light"), _pre("Common Voice", r"common[- _]?voice"), _pre("VoxPopuli", r"vox-?populi"), _pre("GigaSpeech", r"giga-?speech"), _pre("LibriTTS", r"libri-?tts(?:-r)?"),
    _pre("LJSpeech", r"lj-?speech"), _pre("VCTK", exact="VCTK"), _pre("AudioSet", r"audio-?set"), _pre("VoxCeleb", r"vox-?celeb\d?"), _pre("MLS", r"multilingual libri-?speech"), _pre("FLEURS", exact="FLEURS|Fleurs|fleurs"), _pre("AISHELL", r"aishell-?\d?"),
    _pre("WenetSpeech", r"wenet-?speech"), _pre("TED-LIUM", r"ted-?lium"), _pre("Fisher", exact="Fisher"), _pre("Switchboard", exact="Switchboard"), _pre("BABEL", exact="BABEL"), _pre("FMA music", r"free music archive"), _pre("AudioCaps", r"audio-?caps"),
    # tuning: instructions, chats, preferences
    _tune("Alpaca data", r"alpaca[-_ ]?(?:data(?:set)?|cleaned|gpt-?4|52k|instruct\w*)|tatsu-lab/alpaca|gpt-?4-alpaca|52k instruction"), _tune("Dolly 15k", r"dolly[- ]?15k|databricks-dolly\S*"), _tune("OpenAssistant", r"open-?assistant|oasst\d?\w*"),
    _tune("ShareGPT", r"share-?gpt(?!4v)"), _tune("UltraChat", r"ultra-?chat(?:[-_]200k)?"), _tune("UltraFeedback", r"ultra-?feedback\w*"), _tune("OpenOrca", r"open-?orca"), _tune("SlimOrca", r"slim-?orca"), _tune("OpenHermes", r"open-?hermes[- ]?(?:2\.5|data\w*)"),
    _tune("FLAN", r"flan(?: collection|v2|-v2| 2022|_v2)|muffin"), _tune("P3", exact="P3"), _tune("xP3", r"xp3\w*"), _tune("Natural Instructions", r"(?:super-?)?natural-?instructions"), _tune("Self-Instruct", r"self-?instruct"), _tune("Tulu mix", r"tulu[- ]?(?:v?\d[- ])?(?:sft[- ])?mix\w*"),
    _tune("HH-RLHF", r"hh-rlhf|helpful and harmless|helpfulness and harmlessness"), _tune("WizardLM Evol", r"evol[- _]?instruct\w*|wizard-?lm[-_]evol\w*"), _tune("LIMA", exact="LIMA(?![A-Za-z])"), _tune("Capybara", r"capybara(?: data\w*)?"), _tune("No Robots", r"no[-_ ]robots"), _tune("LMSYS-Chat", r"lmsys-?chat-?1m"),
    _tune("WildChat", r"wild-?chat"), _tune("Nectar", exact="Nectar|nectar"), _tune("HelpSteer", r"help-?steer\d?"), _tune("Orca DPO", r"orca[-_]dpo\w*"), _tune("SHP", exact="SHP"), _tune("MetaMathQA", r"meta-?math(?:qa)?"), _tune("MathInstruct", r"math-?instruct"),
    _tune("GSM8K", r"gsm-?8k"), _tune("Code Alpaca", r"code[-_ ]?alpaca"), _tune("CodeFeedback", r"code-?feedback"), _tune("OSS-Instruct", r"oss-instruct|magicoder\S*data\S*"), _tune("Magpie", r"magpie\b"), _tune("LLaVA-Instruct", r"llava[-_]?instruct\w*|llava[- ]?v?1\.5.{0,8}mix665k|mix665k"), _tune("ShareGPT4V", r"share-?gpt-?4v"),
    _tune("Firefly", r"firefly-train\S*"), _tune("BELLE", r"belle(?:[-_ ]?(?:data|school_math|train)\S*|group/)"), _tune("COIG", exact="COIG"), _tune("Airoboros data", r"airoboros[- ]?(?:gpt4|\d)\S*"), _tune("Platypus data", r"open-?platypus"), _tune("GPT4All data", r"gpt4all[-_](?:j-prompt\S*|prompt\S*)"), _tune("Baize data", r"baize\S* data"),
    # tuning: tasks
    _tune("SQuAD", r"squad(?:[-_ ]?v?[12](?:\.[01])?)?"), _tune("GLUE", exact="GLUE"), _tune("MNLI", r"(?:multi-?nli|mnli)"), _tune("SNLI", r"snli"), _tune("XNLI", r"xnli"), _tune("ANLI", exact="ANLI"), _tune("SST-2", r"sst-?2"), _tune("QQP", exact="QQP"), _tune("MS MARCO", r"ms[- _]?marco"), _tune("Natural Questions", r"natural questions"), _tune("TriviaQA", r"trivia-?qa"),
    _tune("HotpotQA", r"hotpot-?qa"), _tune("CoNLL", r"conll-?(?:2003|2002|03)?"), _tune("OntoNotes", r"ontonotes"), _tune("IMDB", exact="IMDB|IMDb|imdb"), _tune("CNN/DailyMail", r"cnn[ /_-]?daily[ -]?mail"), _tune("XSum", r"xsum"), _tune("SAMSum", r"samsum"), _tune("AG News", r"ag[- _]?news"), _tune("Spider", exact="Spider"), _tune("GoEmotions", r"go[-_ ]?emotions"),
    _tune("STS", r"sts-?b(?:enchmark)?"), _tune("Quora pairs", r"quora"), _tune("PAWS", exact="PAWS"), _tune("MIRACL", r"miracl"), _tune("Mr. TyDi", r"mr\.? ?tydi"), _tune("FEVER", exact="FEVER"), _tune("ELI5", r"eli5"), _tune("BioASQ", r"bioasq"), _tune("MedQA", r"med-?(?:mc)?qa"), _tune("VQAv2", r"vqa-?v2"), _tune("GQA", exact="GQA"), _tune("FUNSD", r"funsd"), _tune("DocVQA", r"docvqa"), _tune("RVL-CDIP", r"rvl-?cdip"),
    _tune("Universal Dependencies", r"universal dependencies"), _tune("TweetEval", r"tweet-?eval"), _tune("MASSIVE", exact="MASSIVE"), _tune("LIDC", exact="LIDC"), _tune("Cityscapes", r"cityscapes"), _tune("ADE20K", r"ade-?20k"), _tune("Pascal VOC", r"pascal[- ]voc"), _tune("Food-101", r"food-?101"),
)  # fmt: skip

#: One alternation for all, in lower case; the number of the group is the place in CORPORA.
ANY_CORPUS = re.compile(r"(?<![a-z0-9_])(?:" + "|".join(f"({c.pattern})" for c in CORPORA) + r")(?![a-z0-9])")
