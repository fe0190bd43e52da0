"""Whose a thing is that a card names: the distinctive words of a model's name, its account, its ancestors. Pure.

Judges nothing, and knows no card's text but its front matter's `base_model`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from crawler.cards import Card
from crawler.records import Repo
from index.families import families

_SPLIT = re.compile(r"[^a-z]+")
#: Words of model names that many unrelated models share.
_GENERIC = frozenset(
    str.split("""
    all open base chat instruct model models large small medium tiny mini nano xl xxl the for and with from gguf gptq
    awq
    ggml mlx exl hf lora qlora sft dpo rlhf ppo orpo kto merged merge slerp ties quantized bit fp int bf uncased
    cased multilingual finetuned finetune tuned pretrained v lm llm vision text image speech audio en zh de fr es
    it distil distilled turbo preview beta alpha final test long context instructed it bert gpt ner qa
    classification sentiment embedding embeddings embed code coder math dare simpo breadcrumbs squad mnli xnli snli
    anli conll glue mrpc stsb imdb msmarco nli cnn dailymail xsum coco imagenet ade librispeech sentence sentences
    transformer transformers mean tokens dim robust
""")
)


def tokens(name: str) -> frozenset[str]:
    """The distinctive words of a name: 'allenai/OLMo-7B-Instruct' -> {'olmo'} (of the part after the slash)."""
    return frozenset(t for t in _SPLIT.split(name.rpartition("/")[2].lower()) if len(t) > 2 and t not in _GENERIC)


def _lines() -> dict[str, frozenset[str]]:
    """Account in lower case -> the words that its lines of models are called by; '' -> those of all makers."""
    found: dict[str, set[str]] = {"": set()}
    for family in families():
        for account in ("", *(pattern.partition("/")[0].lower() for pattern in family.patterns)):
            found.setdefault(account, set()).update(tokens(family.line))
    return {account: frozenset(words) for account, words in found.items()}


_LINES = _lines()


def lines_of_others(org: str) -> frozenset[str]:
    """Names of well-known lines ('llama', 'mistral') of other makers than this account: not its own words."""
    own = _LINES.get(org.lower()) if org else None
    return _LINES[""] - own if own else _LINES[""]


def squash(name: str) -> str:
    """A name by its letters and digits only, for comparing accounts across sites."""
    return "".join(c for c in name.lower() if c.isalnum())


class Maker(NamedTuple):
    """What tells whether something in a card is the model's own."""

    org: str  # squashed
    own: frozenset[str]  # distinctive words of this model's name that its foreign ancestors' names lack
    derived: bool  # it has a declared ancestor, or the card is a conversion's
    foreign: bool  # it has a declared ancestor of another account
    called_after: bool  # its name holds that of another maker's line: 'KoboldAI/OPT-13B-Erebus'


class Whose:
    """The repo that a card is read for, and whether anybody asked: where nobody did, the answers are all repos'."""

    __slots__ = ("_card", "_maker", "_repo", "asked")

    def __init__(self, repo: Repo, card: Card) -> None:
        """Nothing is worked out before somebody asks."""
        self._repo, self._card, self.asked = repo, card, False
        self._maker: Maker | None = None

    def repo(self) -> Repo:
        """The repo itself. A probe of cards must not look at it in any other way."""
        self.asked = True
        return self._repo

    def maker(self) -> Maker:
        """Whose model it is."""
        if self._maker is None:
            self._maker = _maker(self.repo(), self._card)
        return self._maker


def _maker(repo: Repo, card: Card) -> Maker:
    org = repo.repo_id.partition("/")[0] if "/" in repo.repo_id else ""
    bases = [b.repo_id for b in repo.bases] or _stated_bases(card)
    foreign = [b for b in bases if squash(b.partition("/")[0]) != squash(org)]
    theirs = frozenset(t for b in foreign for t in tokens(b))
    converted = card.generator in _CONVERSIONS
    words, others = tokens(repo.repo_id), lines_of_others(org)
    own = words - theirs - others
    return Maker(squash(org), own, bool(bases) or converted, bool(foreign) or converted, not words.isdisjoint(others))


_CONVERSIONS = frozenset({"gguf", "quantized", "mlx", "mergekit"})


def _stated_bases(card: Card) -> list[str]:
    stated = card.front_matter.get("base_model")
    names = stated if isinstance(stated, list) else [stated]
    return [n for n in names if isinstance(n, str) and n]
