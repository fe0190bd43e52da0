"""Probes for using a model: documentation of the code, usage, packages, APIs and demos.

Pure: card -> Evidence with the quote and its place. Judges nothing, fetches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from crawler.cards import Card
from crawler.records import Repo
from index.model import Dimension, Evidence
from index.probes import probe
from index.probes.card_quotes import View, near_words, not_stated, says, seen, seen_around, view
from index.probes.card_whose import squash
from index.probes.card_words import near, register
from index.probes.cards import section_evidence

D = Dimension

_DOCS = re.compile(r"readthedocs|/docs?(?:/|$|\.)|//docs?\.|/wiki\b|/tutorials?\b|\.github\.io/|documentation", re.I)
_DOCS_WORDS = re.compile(r"\b(?:documentation|docs|user guide|tutorials?|api reference|cookbook)\b", re.I)
_FOREIGN_DOCS = re.compile(
    r"huggingface\.co/docs|pytorch\.org|tensorflow\.org|docs\.python|docs\.vllm|ollama|llama\.cpp|"
    r"text-generation-webui|mlco2|sbert\.net|licen[sc]e|policy|blog",
    re.I,
)


@lru_cache(maxsize=16_384)  # cards of one kind share most of their links
def _documents(url: str, text: str) -> tuple[bool, bool]:
    """(whether the words of a link speak of documentation, whether it leads to some, not a tool's)."""
    worded = bool(text) and _DOCS_WORDS.search(text) is not None
    return worded, (worded or _DOCS.search(url, 8) is not None) and not _FOREIGN_DOCS.search(url)


@probe("Does the card link documentation of its makers' code?", D.CODE_DOCS, needs="card")
def documentation_link(repo: Repo, card: Card) -> Iterator[Evidence]:
    v, name, given = view(repo, card), "documentation_link", set[str]()
    for link in v.links:
        worded, documents = _documents(link.url, link.text)
        if documents:
            key = link.url.split("#")[0]
            theirs = worded or v.names_us(key[:120]) or (len(v.org) > 3 and v.org in squash(key[:120]))
            if theirs and key not in given and len(given) < 3 and not v.in_code(link.start):
                given.add(key)
                yield seen_around(D.CODE_DOCS, name, card, link.start, link.end, link.url)
    if not given:
        yield from not_stated(name, D.CODE_DOCS)


_SNIPPET = re.compile(
    r"\bimport |from_pretrained|pip install|\bcurl |\bdocker |\bollama |pipeline\(|\bpython3? |\./main|llama-|"
    r"\bgit clone"
)


@probe("Does the card show how to use the model?", D.CODE_DOCS, needs="card")
def usage_section(repo: Repo, card: Card) -> Iterator[Evidence]:
    v = view(repo, card)
    found = section_evidence(v, "usage", D.CODE_DOCS, "usage_section")
    if found:
        yield found
        return
    for start, end in card.code:
        if _SNIPPET.search(card.text, start, min(end, start + 2_000)):
            yield seen(D.CODE_DOCS, "usage_section", card, start, end, "code block")
            return
    yield from not_stated("usage_section", D.CODE_DOCS)


_PIP = re.compile(
    r"\b(?:(?:pip3?|uv pip|uv|conda|brew|npm) install|(?:uv|conda|npm) add|npm i) ([^\n`|&;<>]{1,200})", re.I
)
_PIP_NEAR = near(_PIP, (" install ", "uv add ", "conda add ", "npm add ", "npm i "))
register("pypi.org")
_PYPI = re.compile(r"pypi\.org/(?:project|p)/([\w.-]+)", re.I)
_REQUIREMENT = re.compile(r"^(?:@?[A-Za-z][\w.-]*(?:/[\w.-]+)?)")


def _packages(v: View) -> dict[str, tuple[int, int]]:
    """Package names that the card installs or links, each with its first place."""
    if "packages" in v.memo:
        return v.memo["packages"]
    found: dict[str, tuple[int, int]] = {}
    v.memo["packages"] = found
    for m in near_words(v, _PIP_NEAR):
        for word in m[1].split():
            word = word.strip("\"'`(),*")
            name = _REQUIREMENT.match(word) if not word.startswith("-") and "+" not in word[:6] else None
            if not name or word.endswith((".txt", ".whl")) or "://" in word:
                if word.startswith("-"):
                    continue
                break  # prose, a file or a URL: what follows is no list of packages
            found.setdefault(name[0].lower().replace("_", "-"), m.span())
    if says(v, "pypi.org"):
        for m in _PYPI.finditer(v.card.text, v.card.body_start):
            found.setdefault(m[1].lower().replace("_", "-"), m.span())
    return found


#: What everybody installs: nobody's own package because a model's name shares a word with it.
COMMON_PACKAGES = frozenset(
    str.split("""
    transformers torch torchvision torchaudio accelerate datasets tokenizers sentence-transformers diffusers peft
    trl bitsandbytes flash-attn vllm sglang huggingface-hub safetensors sentencepiece protobuf einops timm setfit
    flair spacy onnx onnxruntime optimum auto-gptq autoawq ctransformers llama-cpp-python openai langchain gradio
    numpy pandas scikit-learn scipy pillow opencv-python tensorflow keras jax flax deepspeed xformers nltk
    evaluate librosa soundfile speechbrain espnet nemo-toolkit ultralytics mlx mlx-lm mlx-vlm stable-baselines3
    whisper openai-whisper faster-whisper open-clip-torch clip adapters adapter-transformers
""")
)


@probe("Does the card install a released package that bears the model's or its makers' name?", D.PACKAGE, needs="card")
def own_package(repo: Repo, card: Card) -> Iterator[Evidence]:
    v, name = view(repo, card), "own_package"
    found = False
    for package, (start, end) in _packages(v).items():
        squashed = squash(package)
        named = package not in COMMON_PACKAGES and any(squashed.startswith(t) for t in v.own if len(t) > 3)
        if named or v.is_ours(package):
            found = True
            yield seen(D.PACKAGE, name, card, start, end, package)
    if not found:
        yield from not_stated(name, D.PACKAGE)


@probe("Which packages does the card install?", D.PACKAGE, needs="card")
def packages_used(repo: Repo, card: Card) -> Iterator[Evidence]:
    found = list(_packages(view(repo, card)).items())[:5]
    for package, (start, end) in found:
        yield seen(D.PACKAGE, "packages_used", card, start, end, package)
    if not found:
        yield from not_stated("packages_used", D.PACKAGE)


_API = re.compile(
    r"api-inference\.huggingface\.co|huggingface\.co/spaces/|\.hf\.space|//replicate\.com/|platform\.\w|"
    r"//api\.\w|/api/?$|//build\.nvidia\.com|"
    r"together\.ai|fireworks\.ai|//ollama\.com/library|//chat\.\w|playground|openrouter\.ai|//console\.\w|"
    r"dashscope|/demo\b|//demo\.",
    re.I,
)
_API_WORDS = re.compile(r"\b(?:api|demo|playground|try it|inference endpoint|chat with|space)\b", re.I)
_NOT_API = re.compile(
    r"leaderboard|open_llm|gguf-my-repo|mlx-my-repo|/docs/|github\.com|model-sizer|model-memory|"
    r"spaces/[\w-]+/mergekit|colab|licen[sc]e|agreement|/blob/|/resolve/|\.(?:png|jpe?g|gif|mp4|webp|svg|"
    r"wav)$|CyberSecEval|spawning|youtu\.?be",
    re.I,
)


@lru_cache(maxsize=16_384)
def _leads_to_api(url: str, text: str) -> bool:
    found = _API.search(url) or (text and _API_WORDS.search(text))
    return bool(found) and not _NOT_API.search(url)


@probe("Does the card link an API, an inference endpoint or a demo?", D.API, needs="card")
def api_or_demo(repo: Repo, card: Card) -> Iterator[Evidence]:
    v, given = view(repo, card), set[str]()
    for link in v.links:
        if "github.com" in link.url or "arxiv.org" in link.url:
            continue
        if _leads_to_api(link.url, link.text):
            key = link.url.rstrip("/").lower()
            if key not in given and len(given) < 4 and link.url.startswith("http") and not v.in_code(link.start):
                given.add(key)
                account = re.search(r"spaces/([\w.-]+)/", link.url)
                whose = "own: " if account and v.is_ours(account[1]) else ""
                yield seen_around(D.API, "api_or_demo", card, link.start, link.end, whose + link.url)
    if not given:
        yield from not_stated("api_or_demo", D.API)
