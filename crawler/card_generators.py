"""Recognises the cards that a tool wrote, by the words that the tool writes. Pure; knows no repo, judges nothing."""

from __future__ import annotations

from ahocorasick_rs import AhoCorasick

#: What a tool writes into the cards that it makes -> the tool. Looked for in this order, in the first 6,000 characters.
_GENERATORS = (
    ("generated automatically according to the information the trainer", "trainer"),
    ("model card has been generated automatically according to the information keras", "keras"),
    ("this model card has been automatically generated", "template"),
    ("model trained using autotrain", "autotrain"),
    ("this model was trained using autotrain", "autotrain"),
    ("trained 2x faster with [unsloth]", "unsloth"),
    ("was converted to gguf format from", "gguf"),
    ("converted to gguf format", "gguf"),
    ("quants are available at", "gguf"),
    ("quantization made by", "quantized"),
    ("gguf format model files for", "gguf"),
    ("gptq model files for", "quantized"),
    ("awq model files for", "quantized"),
    ("imatrix quantizations of", "gguf"),
    ("was converted to mlx format from", "mlx"),
    ("was converted to mlx format", "mlx"),
    ("pre-trained language models created using [mergekit]", "mergekit"),
    ("is a merge of the following models using", "mergekit"),
    ("this model has been pushed to the hub using", "pushed"),
    ("model has been pushed to the hub using the [pytorchmodelhubmixin]", "pushed"),
    ("this is a trained model of a", "reinforcement-learning"),
    ("dreambooth finetuning of", "dreambooth"),
    ("lora adaption weights for", "dreambooth"),
    ("these are lora adaption weights", "dreambooth"),
    ("card was auto-generated", "auto-generated"),
    ("card is auto-generated", "auto-generated"),
    ("readme was auto-generated", "auto-generated"),
    ("card was automatically generated", "auto-generated"),
    ("card is automatically generated", "auto-generated"),
)
_AUTOMATON = AhoCorasick([words for words, _ in _GENERATORS])  # all of them in one pass
_GENERATOR_WINDOW = 6_000


def find_generator(text: str, start: int = 0) -> tuple[str, int]:
    """The tool that wrote a card, and where its words stand; ('', -1) when none is recognised."""
    head = text[start : start + _GENERATOR_WINDOW].lower()
    heard = [number for number, _, _ in _AUTOMATON.find_matches_as_indexes(head, overlapping=True)]
    if not heard:
        return "", -1
    words, name = _GENERATORS[min(heard)]
    return name, start + head.find(words)
