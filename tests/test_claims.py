"""What a card says of itself: claims found, and everything that is not one left alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.cards import parse
from index.claims import MAX_QUOTE, Claim, claims

NAMES = frozenset({"heron"})


def said(text: str) -> list[tuple[str, str]]:
    return [(c.kind, c.language) for c in claims(parse(text.encode()), NAMES)]


@pytest.mark.parametrize(
    ("text", "kind", "language"),
    [
        ("Heron is fully open.", "fully-open", "en"),
        ("Heron is a fully open-source model.", "fully-open", "en"),
        ("We open-source our model under MIT.", "open-source", "en"),
        ("We have open-sourced the weights.", "open-source", "en"),
        ("This model is open source.", "open-source", "en"),
        ("Heron is an open-source language model.", "open-source", "en"),
        ("Heron is an open-source text embedding model.", "open-source", "en"),
        ("It is the best open-source model currently available.", "open-source", "en"),
        ("We introduce Heron, an open-source vision-language model.", "open-source", "en"),
        ("# Heron: An Open-Source Chat Model", "open-source", "en"),
        ("Our **open source** model speaks ten languages.", "open-source", "en"),
        ("Heron is an open-weights model.", "open-weights", "en"),
        ("The parameters are fully open to academic research.", "open-weights", "en"),
        ("Heron is a source-available model.", "source-available", "en"),
        ("Heron est un modèle open source.", "open-source", "fr"),
        ("Ce modèle est entièrement ouvert.", "fully-open", "fr"),
        ("This open source model is meant for research.", "open-source", "en"),
        ("The idea behind this open-source model is to help research.", "open-source", "en"),
        ("A permissively licensed open source reproduction of LLaMA 7B.", "open-source", "en"),
        ("Heron is the <b>first open-source foundation model for tea</b>!", "open-source", "en"),
        ("We open-source the model as part of the research.", "open-source", "en"),
        ("This open-source, tea-themed text-to-image model is new.", "open-source", "en"),
        ("Heron ist ein quelloffenes Sprachmodell.", "open-source", "de"),
        ("Heron es un modelo de código abierto.", "open-source", "es"),
        ("我们开源了模型权重。", "open-source", "zh"),
        ("模型权重对学术研究完全开放。我们的模型。", "open-weights", "zh"),
        ("このモデルはオープンソースです。", "open-source", "ja"),
        ("본 모델은 오픈소스입니다.", "open-source", "ko"),
    ],
)
def test_a_statement_about_this_model_is_a_claim(text: str, kind: str, language: str) -> None:
    assert (kind, language) in said(text)


@pytest.mark.parametrize(
    "text",
    [
        "Heron is not open source.",
        "Hence, it is imperative to develop open-source models for herons.",
        "This is the open-source part of Heron.",
        "Heron isn't an open-source model.",
        "This model is no longer open source.",
        "Heron is closed, not fully open.",
        "We will open-source the model next month.",
        "We plan to open source the weights.",
        "Is Heron an open-source model?",
        "Heron is good compared to open source models.",
        "Heron outperforms all open source models.",
        "Heron is on par with the most recent open-source models.",
        "Heron surpasses other open-source chat models.",
        "We thank the open-source community.",
        "Heron is trained on open-source datasets.",
        "Heron was built using the open-source library Axolotl.",
        "Heron is based on the open source Llama model.",
        "We open-source our dataset.",
        "We have open-sourced the training code.",
        "The code is open source.",
        "fastText is an open-source, free library.",
        "This project is open-ended and fully open-domain.",
        "It is essential to follow the open-source license agreement of Llama.",
        "> This model is open source.",
        "We fine-tuned this open source model.",
        "A curated list of open source models.",
        "A quantized version of this open source model.",
        "A chat interface for open source models.",
        "A small open source dataset of questions for one model.",
        "The LLaMA open source model was the start.",
        "| This model is open source | yes |",
        "```\nThis model is open source.\n```",
        'Reviewers called our model "open source".',
        "See https://x.org/this-model-is-open-source for more.",
        "@article{x, title = {Heron: An Open-Source Model}}",
        "- [ ] open-source our model",
        "我们的模型超过其他开源模型。",
        "感谢开源社区。",
        "本模型不开源。",
        "我们开源了训练数据。",
        "本仓库的代码依照 Apache-2.0 协议开源。",
    ],
)
def test_what_is_not_said_of_this_model_is_no_claim(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Heron is an o\u200bpen\u2060 so\u00adurce model.",
        "Heron is an open\u2011source model.",
        "This model is \u202eecruos nepo\u202c for all.",
        "This\u200b model is **open**-source.",
    ],
)
def test_invisible_and_reversed_characters_do_not_hide_a_claim_and_the_quote_is_verbatim(text: str) -> None:
    card = parse(text.encode())
    (claim,) = claims(card, NAMES)
    assert claim.kind == "open-source"
    assert claim.quote == card.text[claim.start : claim.end]


def test_the_title_of_the_card_names_the_model_when_nobody_else_does() -> None:
    assert claims(parse(b"# Plover\n\nPlover is fully open.\n"))
    assert claims(parse(b"# Plover\n\nPlover is an open-source chat model.\n"))[0].kind == "open-source"


def test_another_models_name_as_the_subject_is_no_claim_about_this_one() -> None:
    assert claims(parse(b"# Plover\n\nMistral is an open-source model.\n")) == ()


def test_front_matter_is_no_claim() -> None:
    assert claims(parse(b"---\ndescription: this model is open source\n---\n# Plover\n")) == ()


def test_one_sentence_counts_once_for_each_kind() -> None:
    assert len(claims(parse(b"Our model is open source, really open source.\n"))) == 1


_words = st.lists(
    st.sampled_from(
        [
            "Heron ",
            "is ",
            "an ",
            "not ",
            "open",
            "-source ",
            " source ",
            "fully ",
            "weights ",
            "model",
            ". ",
            "\n",
            "we ",
            "开源",
            "模型",
            "\u200b",
            "\u202e",
            "\u202c",
            "İ",
            "**",
            "[",
            "](http://x.y)",
            "`",
            "|",
            "> ",
            "quelloffen ",
            "ﬁ",
            "?",
        ]
    ),
    max_size=50,
).map("".join)


@given(_words)
@settings(max_examples=300, deadline=None)
def test_every_quote_is_found_again_at_its_place(text: str) -> None:
    card = parse(text.encode())
    for claim in claims(card, NAMES):
        assert isinstance(claim, Claim)
        assert claim.quote == card.text[claim.start : claim.end]
        assert 0 < len(claim.quote) <= MAX_QUOTE
        assert card.body_start <= claim.start


@pytest.mark.parametrize(("title", "name"), [("Yi-34B", "Yi"), ("K2-65B", "K2")])
def test_a_name_of_two_letters_counts_only_as_the_whole_subject(title: str, name: str) -> None:
    def found(sentence: str) -> list[str]:
        return [c.kind for c in claims(parse(f"# {title}\n\n{sentence}\n".encode()))]

    assert found(f"{name} is a series of open-source language models.") == ["open-source"]
    assert found(f"The {title} is fully open source.") == ["fully-open"]
    assert found(f"{name}ngwen is an open-source language model.") == []
    assert found(f"Llama, unlike {name}, is an open-source language model.") == []
    assert found(f"Playing {name} games is open source.") == []
