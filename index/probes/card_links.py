"""Probes for what a card links: code repositories, preprints, peer-reviewed papers; own ones told from cited ones.

Pure: card -> Evidence with the quote and its place. Judges nothing, fetches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.cards import Card, Link
from crawler.records import Repo
from index.model import Dimension, Evidence, Outcome
from index.probes import probe
from index.probes.card_papers import Reference, references
from index.probes.card_quotes import View, near_words, not_stated, seen, seen_around, sentence, view
from index.probes.card_whose import squash
from index.probes.card_words import near

D = Dimension

_FORGE = re.compile(
    r"https?://(?:www\.)?(github\.com|gitlab\.com|codeberg\.org|gitee\.com|"
    r"bitbucket\.org)/([\w.-]+)/([\w.-]+)(/[^\s?#]*)?",
    re.I,
)
_NOT_CODE = re.compile(
    r"/(?:issues?|pulls?|discussions|stargazers|releases|actions|blob/[^/]+/(?:license|readme)[\w.]*|sponsors|"
    r"graphs|labels|wiki)\b|\.(?:png|jpe?g|svg|gif|pdf|mp4|webp)$|user-attachments|/assets/",
    re.I,
)
#: Tools that many makers use: their own code only for their own makers.
FRAMEWORKS = frozenset(
    str.split("""
    huggingface/transformers huggingface/trl huggingface/peft huggingface/accelerate huggingface/datasets
    huggingface/diffusers huggingface/tokenizers huggingface/pytorch-image-models
    huggingface/text-generation-inference huggingface/text-embeddings-inference huggingface/setfit
    huggingface/autotrain-advanced huggingface/optimum huggingface/alignment-handbook huggingface/distil-whisper
    huggingface/huggingface_hub rwightman/pytorch-image-models openaccess-ai-collective/axolotl
    axolotl-ai-cloud/axolotl unslothai/unsloth hiyouga/llama-factory hiyouga/llama-efficient-tuning
    ggerganov/llama.cpp ggml-org/llama.cpp ggerganov/ggml vllm-project/vllm sgl-project/sglang cg123/mergekit
    arcee-ai/mergekit nvidia/megatron-lm nvidia/nemo microsoft/deepspeed microsoft/megatron-deepspeed
    eleutherai/gpt-neox eleutherai/lm-evaluation-harness lm-sys/fastchat oobabooga/text-generation-webui
    lostruins/koboldcpp marella/ctransformers abetlen/llama-cpp-python panqiwei/autogptq casper-hansen/autoawq
    mit-han-lab/llm-awq turboderp/exllama turboderp/exllamav2 qwopqwop200/gptq-for-llama kohya-ss/sd-scripts
    bmaltais/kohya_ss automatic1111/stable-diffusion-webui comfyanonymous/comfyui pytorch/fairseq
    facebookresearch/fairseq speechbrain/speechbrain espnet/espnet k2-fsa/icefall ukplab/sentence-transformers
    flairnlp/flair explosion/spacy google-research/t5x google/flaxformer google/jax pytorch/pytorch
    tensorflow/tensorflow dao-ailab/flash-attention hazyresearch/flash-attention hpcaitech/colossalai
    internlm/lmdeploy internlm/xtuner modelscope/swift modelscope/ms-swift ml-explore/mlx ml-explore/mlx-examples
    mosaicml/composer mosaicml/llm-foundry lightning-ai/litgpt lightning-ai/lit-gpt tloen/alpaca-lora
    tatsu-lab/stanford_alpaca artidoro/qlora bitsandbytes-foundation/bitsandbytes timdettmers/bitsandbytes
    open-mmlab/mmdetection open-mmlab/mmsegmentation ultralytics/ultralytics ultralytics/yolov5 openai/whisper
    ggerganov/whisper.cpp guillaumekln/faster-whisper systran/faster-whisper opennmt/ctranslate2
    langchain-ai/langchain jmorganca/ollama ollama/ollama instructlab/instructlab open-compass/opencompass
    embeddings-benchmark/mteb dleemiller/wordllama dlr-rm/stable-baselines3 dlr-rm/rl-baselines3-zoo
    unity-technologies/ml-agents microsoft/lora google-research/bert stanfordnlp/dspy allenai/open-instruct
    openai/human-eval openai/clip mlfoundations/open_clip imoneoi/openchat neuralmagic/autofp8
    vllm-project/llm-compressor intel/neural-compressor intel/intel-extension-for-transformers
    xenova/transformers.js nomic-ai/gpt4all qdrant/fastembed lllyasviel/controlnet compvis/stable-diffusion
    stability-ai/stablediffusion marian-nmt/marian helsinki-nlp/opus-mt-train
""")
)
_TRAIN_WORDS = re.compile(
    r"\b(?:train\w*|pre-?train\w*|fine-?tun\w*|reproduc\w+|source code|codebase|recipes?|scripts?|official "
    r"(?:implementation|code|repo\w*)|our (?:code|repo\w*|implementation))\b|训练|微调|源码|代码仓",
    re.I,
)
_TRAINING = re.compile(
    r"\b(?:(?:pre-?|re)?train(?!ed (?:model|weights|on)|\w*-?free)\w*|fine-?tun\w*|reproduc\w+|recipes?)\b|训练|"
    r"微调",
    re.I,
)
_TRAIN_PATH = re.compile(r"(?:pre-?)?train|fine-?tun|(?:^|[/_-])sft|recipes?", re.I)


def _repositories(v: View) -> list[tuple[str, str, Link, re.Match[str]]]:
    """(owner, name, link, match) of every link to code, in order."""
    if "repositories" in v.memo:
        return v.memo["repositories"]
    found = v.memo["repositories"] = []
    for link in v.links:
        m = _FORGE.match(link.url)
        if m and not _NOT_CODE.search(link.url):
            found.append((m[2], m[3].removesuffix(".git"), link, m))
    return found


#: Libraries that are not training code even for those who make them.
LIBRARIES = frozenset(
    str.split("""
    google/jax pytorch/pytorch tensorflow/tensorflow huggingface/transformers huggingface/peft
    huggingface/accelerate huggingface/datasets huggingface/diffusers huggingface/tokenizers huggingface/optimum
    huggingface/huggingface_hub huggingface/text-generation-inference huggingface/text-embeddings-inference
    microsoft/deepspeed microsoft/lora openai/openai-python openai/human-eval google/flaxformer
    nvidia/tensorrt-llm nvidia/apex
""")
)


def _own(v: View, owner: str, name: str) -> bool:
    """Whether a code repository is the makers': by its owner, or by the model's name in the repository's."""
    key = f"{owner}/{name}".lower()
    known = v.memo.get(key)
    if known is None:
        known = v.memo[key] = _made_by_us(v, owner, name, key)
    return known


def _made_by_us(v: View, owner: str, name: str, key: str) -> bool:
    if key in LIBRARIES:
        return False
    if v.is_ours(owner):
        return True
    if key in FRAMEWORKS:
        return False
    low = squash(name)
    return any(len(t) > 4 and t in low for t in v.own)


@probe(
    "Does the card link its makers' own code for training, where it speaks of training?", D.TRAINING_CODE, needs="card"
)
def own_training_code(repo: Repo, card: Card) -> Iterator[Evidence]:
    v, given = view(repo, card), set[str]()
    for owner, name, link, m in _repositories(v):
        key = f"{owner}/{name}".lower()
        if key in given or len(given) == 5 or not _own(v, owner, name) or v.in_code(link.start):
            continue
        a, b = sentence(card.text, link.start, min(link.end, link.start + 200))
        near = card.text[a : link.start] + " " + link.text + " " + card.text[link.end : b]
        in_section = "training_procedure" in v.kinds_at(link.start)
        if _TRAINING.search(near) or _TRAIN_PATH.search(m[4] or "") or in_section:
            given.add(key)
            yield seen(D.TRAINING_CODE, "own_training_code", card, a, b, link.url)
    if not given:
        yield from not_stated("own_training_code", D.TRAINING_CODE)


@probe("Does the card link a code repository of its makers?", D.TRAINING_CODE, D.CODE_DOCS, needs="card")
def own_repository(repo: Repo, card: Card) -> Iterator[Evidence]:
    v, given = view(repo, card), set[str]()
    for owner, name, link, _ in _repositories(v):
        key = f"{owner}/{name}".lower()
        if key not in given and len(given) < 4 and _own(v, owner, name):
            given.add(key)
            for dimension in (D.TRAINING_CODE, D.CODE_DOCS):
                yield seen_around(
                    dimension, "own_repository", card, link.start, link.end, f"https://{_host(link)}/{owner}/{name}"
                )
    if not given:
        yield from not_stated("own_repository", D.TRAINING_CODE, D.CODE_DOCS)


def _host(link: Link) -> str:
    m = _FORGE.match(link.url)
    return m[1].lower() if m else ""


@probe("Does the card say that it was trained with somebody else's code, and whose?", D.TRAINING_CODE, needs="card")
def other_repository(repo: Repo, card: Card) -> Iterator[Evidence]:
    v, given = view(repo, card), set[str]()
    for owner, name, link, _ in _repositories(v):
        key = f"{owner}/{name}".lower()
        if key in given or len(given) == 4 or _own(v, owner, name) or v.in_code(link.start):
            continue
        a, b = sentence(card.text, link.start, min(link.end, link.start + 200))
        if _TRAIN_WORDS.search(card.text[a : link.start] + " " + link.text + " " + card.text[link.end : b]):
            given.add(key)
            yield seen(D.TRAINING_CODE, "other_repository", card, a, b, f"https://{_host(link)}/{owner}/{name}")
    if not given:
        yield from not_stated("other_repository", D.TRAINING_CODE)


_SCRIPT = re.compile(r"(?:train|pre-?train|fine-?tun|sft|dpo|run_\w+|config)[\w.-]*\.(?:py|sh|ya?ml|ipynb)$", re.I)


@probe("Does the card link a training script inside its own repository?", D.TRAINING_CODE, needs="card")
def linked_scripts(repo: Repo, card: Card) -> Iterator[Evidence]:
    v, given = view(repo, card), set[str]()
    for link in v.links:
        if (
            not link.url.lower().startswith("http")
            and _SCRIPT.search(link.url)
            and link.url not in given
            and len(given) < 5
        ):
            given.add(link.url)
            yield seen_around(D.TRAINING_CODE, "linked_scripts", card, link.start, link.end, link.url)
    if not given:
        yield from not_stated("linked_scripts", D.TRAINING_CODE)


_WITHHELD = re.compile(
    r"\b(?:training |source |pre-?training |fine-?tuning )?code\b[^.\n]{0,40}\b(?:is|are|was|will|has|"
    r"have|can)(?: be| been)?(?: currently)?(?: not|n['’]t) (?:be |been |yet )?(?:publicly |openly "
    r")?(?:releas|available|publish|open|shar|disclos|public)\w*|"
    r"\b(?:do|does|did|will|can)(?: not|n['’]t|not) (?:plan to )?(?:releas|publish|open-?sourc|shar|"
    r"disclos)\w* [^.\n]{0,30}\bcode\b|"
    r"\b(?:no|neither|nor) (?:\w+ ){0,6}?(?:training |source |pre-?training |fine-?tuning )code\b[^.\n]{0,20}\b"
    r"(?:is|are|was|were|has|have)(?: been)?(?: yet)? (?:publicly )?(?:releas|publish|available|public|shar|disclos)"
    r"\w*|代码[^。\n]{0,6}(?:不开源|未开源|暂不开源|不公开)",
    re.I,
)
_WITHHELD_NEAR = near(
    _WITHHELD, ("not ", "n't ", "n’t ", "no ", "nor ", "neither ", "开源", "公开"), also=("code", "代码")
)


#: The code of another's model, of which this one is a copy, or of another time.
_ANOTHERS_CODE = re.compile(r"\b(?:converted|original(?:ly)?|re-?implement\w*|at the (?:start|time)|unlike)\b", re.I)


@probe("Does the card say that code is not released?", D.TRAINING_CODE, needs="card")
def code_withheld(repo: Repo, card: Card) -> Iterator[Evidence]:
    v = view(repo, card)
    for m in near_words(v, _WITHHELD_NEAR):
        a, b = sentence(card.text, m.start(), min(m.end(), m.start() + 200))
        if not v.in_code(m.start()) and not _ANOTHERS_CODE.search(card.text, a, b):
            value = " ".join(m[0].lower().split())
            yield seen_around(D.TRAINING_CODE, "code_withheld", card, m.start(), m.end(), value, Outcome.NO)
            return
    yield from not_stated("code_withheld", D.TRAINING_CODE)


# --- papers ---


def _by(v: View, dimension: str, name: str, wanted: list[Reference], limit: int) -> Iterator[Evidence]:
    given: set[str] = set()
    for r in wanted:
        if r.value not in given and len(given) < limit:
            given.add(r.value)
            yield seen(dimension, name, v.card, r.start, r.end, r.value)
    if not given:
        yield from not_stated(name, dimension)


@probe("Which preprint does the card present as its own?", D.PREPRINT, needs="card")
def own_preprint(repo: Repo, card: Card) -> Iterator[Evidence]:
    v = view(repo, card)
    yield from _by(v, D.PREPRINT, "own_preprint", [r for r in references(v) if r.own and not r.venue], 3)


@probe("Which preprints does the card cite without presenting them as its own?", D.PREPRINT, needs="card")
def cited_preprint(repo: Repo, card: Card) -> Iterator[Evidence]:
    v = view(repo, card)
    own = {r.value for r in references(v) if r.own}
    yield from _by(v, D.PREPRINT, "cited_preprint", [r for r in references(v) if not r.venue and r.value not in own], 5)


@probe("Which peer-reviewed paper does the card present as its own?", D.PAPER, needs="card")
def own_paper(repo: Repo, card: Card) -> Iterator[Evidence]:
    v = view(repo, card)
    yield from _by(v, D.PAPER, "own_paper", [r for r in references(v) if r.own and r.venue], 3)


@probe("Which peer-reviewed papers does the card cite without presenting them as its own?", D.PAPER, needs="card")
def cited_paper(repo: Repo, card: Card) -> Iterator[Evidence]:
    v = view(repo, card)
    own = {r.value for r in references(v) if r.own}
    yield from _by(v, D.PAPER, "cited_paper", [r for r in references(v) if r.venue and r.value not in own], 5)


_REPORT = re.compile(r"technical report|tech report|white ?paper|model report|system card|技术报告", re.I)

_BLOG = re.compile(r"\bblog\b", re.I)
_REPORT_OR_BLOG = re.compile(r"report|paper|system card|技术报告|blog", re.I)  # in all that the two above match


@probe("Does the card link a technical report, a white paper or a blog post of its makers?", D.PREPRINT, needs="card")
def own_report(repo: Repo, card: Card) -> Iterator[Evidence]:
    v, given = view(repo, card), set[str]()
    for link in v.links:
        document = link.url.lower().endswith(".pdf")
        if not document and (not link.text or not _REPORT_OR_BLOG.search(link.text)):
            continue
        named = v.names_us(link.text) or v.names_us(link.url)
        report = _REPORT.search(link.text) and (named or not v.foreign)
        report = report or (named and document and "evaluation" not in v.kinds_at(link.start))
        blog = _BLOG.search(link.text) and (named or not v.foreign)
        if (
            (report or blog)
            and link.url not in given
            and len(given) < 3
            and not v.in_code(link.start)
            and "arxiv.org" not in link.url
        ):
            given.add(link.url)
            yield seen_around(
                D.PREPRINT, "own_report", card, link.start, link.end, ("report: " if report else "blog: ") + link.url
            )
    if not given:
        yield from not_stated("own_report", D.PREPRINT)
