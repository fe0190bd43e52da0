"""Probes over cards: golden pairs, the registry, and the laws that every evidence keeps."""

from __future__ import annotations

import ast
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import index.probes
from crawler.cards import parse
from index.families import families
from index.model import Dimension, Evidence, Outcome
from index.probes import Probe, all_probes, card_probes, listing_probes, probe, run_card_probes
from index.probes.card_corpora import corpora_in
from index.probes.made_of import RESTRICTED_WORDS
from tests.card_golden import CARDS, repo, seen_in

GOLDEN = sorted(p.stem for p in CARDS.glob("*.md"))
HERON = repo("meadow/Heron-7B")


def seen(text: str, repo_id: str = "meadow/Heron-7B", bases: tuple[str, ...] = ()) -> list[Evidence]:
    return run_card_probes(repo(repo_id, bases), parse(text.encode()))


def values(
    text: str, name: str, repo_id: str = "meadow/Heron-7B", bases: tuple[str, ...] = ()
) -> list[tuple[str, str, str]]:
    """(dimension, outcome, value) of one probe."""
    found = seen(text, repo_id, bases)
    return [
        (str(e.dimension), str(e.outcome), e.value)
        for e in found
        if e.probe == name and e.outcome != Outcome.NOT_STATED
    ]


@pytest.mark.parametrize("name", GOLDEN)
def test_a_golden_card_is_read_as_written_down_beside_it(name: str) -> None:
    expected = json.loads((CARDS / f"{name}.json").read_text(encoding="utf-8"))
    assert seen_in(CARDS / f"{name}.md", expected["repo"]) == expected


def test_there_are_golden_cards() -> None:
    assert len(GOLDEN) >= 15


# --- registry ---


def test_every_probe_has_a_question_and_known_dimensions() -> None:
    known = {*map(str, Dimension), "claim"}
    for p in card_probes():
        assert p.question.endswith("?"), p.name
        assert set(p.dimensions) <= known, p.name
        assert p.needs == "card"


def test_probes_by_name_hold_both_kinds() -> None:
    assert set(all_probes()) == {p.name for p in (*listing_probes(), *card_probes())}
    assert all_probes() == index.probes.PROBES


def test_a_probe_without_a_question_cannot_be_registered() -> None:
    def silent(repo: object, card: object) -> Iterator[Evidence]:
        yield from ()

    with pytest.raises(TypeError, match="question"):
        probe("", Dimension.PAPER, needs="card")(silent)


def test_two_probes_cannot_have_one_name() -> None:
    def own_paper(repo: object, card: object) -> Iterator[Evidence]:
        yield from ()

    with pytest.raises(TypeError, match="own_paper"):
        probe("Is this one new?", Dimension.PAPER, needs="card")(own_paper)


def test_a_probe_that_raises_becomes_one_error_with_its_reason_and_the_others_go_on() -> None:
    def broken(repo: object, card: object) -> Iterator[Evidence]:
        yield Evidence("paper", "broken", Outcome.YES, "x", "README.md")
        raise ZeroDivisionError("by nothing")

    probes = (Probe("broken", ("paper",), "Does it break?", "card", broken), *card_probes()[:1])
    found = index.probes._run(probes, (HERON, parse(b"# T\n")), "README.md")
    assert found[0] == Evidence("paper", "broken", Outcome.ERROR, "", "README.md", "ZeroDivisionError: by nothing")
    assert len(found) > 1


def test_every_probe_answers_for_each_of_its_dimensions_even_when_the_card_is_empty() -> None:
    found = seen("")
    for p in card_probes():
        assert {str(e.dimension) for e in found if e.probe == p.name} == set(p.dimensions), p.name


def test_a_probe_names_itself_in_its_evidence_by_the_name_it_is_registered_by() -> None:
    names = {p.name for p in card_probes()}
    assert {e.probe for e in seen("# T\n\nWe open-source our model.\n")} <= names
    for module in ("cards", "card_use", "card_data", "card_training", "card_links", "pretraining"):
        tree = ast.parse((Path(index.probes.__file__).parent / f"{module}.py").read_text(encoding="utf-8"))
        assert any(isinstance(node, ast.FunctionDef) for node in ast.walk(tree))


# --- single questions ---


def test_the_papers_own_number_is_told_from_the_papers_it_cites() -> None:
    text = "# Heron\n\n[Paper](https://arxiv.org/abs/2501.01234)\n\nWe use [LoRA](https://arxiv.org/abs/2106.09685).\n"
    assert values(text, "own_preprint") == [("preprint", "yes", "2501.01234")]
    assert values(text, "cited_preprint") == [("preprint", "yes", "2106.09685")]


def test_a_derived_models_card_does_not_own_its_bases_paper() -> None:
    text = "# Heron GGUF\n\nPaper: [Heron](https://arxiv.org/abs/2501.01234)\n"
    assert values(text, "own_preprint", "quant/Heron-7B-GGUF", ("meadow/Heron-7B",)) == []


def test_a_venue_that_is_arxiv_is_no_reviewed_paper() -> None:
    entry = "## Citation\n@article{{h, title={{Heron}}, journal={{{}}}}}\n"
    assert values(entry.format("arXiv preprint arXiv:2501.01234"), "own_paper") == []
    assert values(entry.format("Nature Methods"), "own_paper") == [("paper", "yes", "venue: Nature Methods")]


def test_a_framework_is_not_the_makers_own_training_code() -> None:
    text = "We trained it with [axolotl](https://github.com/axolotl-ai-cloud/axolotl).\n"
    assert values(text, "own_training_code") == []
    assert values(text, "other_repository") == [("training_code", "yes", "https://github.com/axolotl-ai-cloud/axolotl")]


def test_a_trainers_sentence_from_scratch_is_no_statement() -> None:
    text = "<!-- This model card has been generated automatically according to the information the Trainer had -->\n"
    assert values(text + "This model was trained from scratch on the None dataset.\n", "from_scratch") == []
    assert values("Heron was trained from scratch on birdsong.\n", "from_scratch") != []


@pytest.mark.parametrize(
    "text",
    [
        "The training data has not been released.",
        "We do not disclose the training data.",
        "Trained on proprietary data.",
        "Les données d'entraînement ne sont pas publiées.",
        "Die Trainingsdaten werden nicht veröffentlicht.",
        "Los datos de entrenamiento no se publican.",
        "训练数据不公开。",
    ],
)
def test_a_statement_of_non_disclosure_is_a_no_in_five_languages(text: str) -> None:
    assert {outcome for _, outcome, _ in values(text, "data_withheld")} == {"no"}


@pytest.mark.parametrize(
    "text", ["Do not share your personal data.", "Private user data is never stored.", "The test data is not public."]
)
def test_talk_of_privacy_and_of_test_sets_is_no_non_disclosure(text: str) -> None:
    assert values(text, "data_withheld") == []


@pytest.mark.parametrize(
    "text",
    [
        "The list of sources is not disclosed.",
        "Heron Labs does not disclose it.",
        "Not disclosed, apart from its size.",
        "没有公开。",
    ],
)
def test_a_section_on_training_data_can_say_that_its_own_subject_is_withheld(text: str) -> None:
    both = [("base_data", "no"), ("end_data", "no")]
    assert [found[:2] for found in values(f"## Training data\n\n{text}", "data_withheld")] == both
    assert values(text, "data_withheld") == []
    assert values(f"## Evaluation data\n\n{text}", "data_withheld") == []


@pytest.mark.parametrize(
    "text", ["No training code has been published either.", "Neither the samples nor the training code were released."]
)
def test_code_is_withheld_in_a_sentence_with_no_as_well(text: str) -> None:
    assert [found[:2] for found in values(text, "code_withheld")] == [("training_code", "no")]


def test_no_doubt_about_code_is_not_no_code() -> None:
    assert values("There is no doubt: training code is published here.", "code_withheld") == []


def test_a_corpus_counts_only_where_the_card_speaks_of_training() -> None:
    assert values("Heron was trained on Dolma.\n", "named_corpora") == [("base_data", "yes", "Dolma")]
    assert values("## Evaluation\n\nZero-shot accuracy on MNLI and SQuAD.\n", "named_corpora") == []


def test_corpora_are_found_however_they_are_spelt() -> None:
    low = "redpajama, red-pajama and red pajama; c4, mc4 and c4ai; fineweb-edu; the pile"
    assert [m.corpus.name for m in corpora_in(low)].count("RedPajama") == 3
    assert {m.corpus.name for m in corpora_in(low)} == {"RedPajama", "C4", "mC4", "FineWeb", "The Pile"}


def test_the_licence_of_a_part_is_not_the_models() -> None:
    text = "The code for this model is released under the MIT license.\n"
    assert values(text, "license_statement") == []
    assert values(text, "component_license") == [("license", "yes", "mit (code)")]


def test_the_advice_in_the_templates_comments_is_no_statement() -> None:
    advice = "<!-- This should link to a Dataset Card; trained on Dolma -->"
    text = f"## Training data\n\n{advice}\n\n[More Information Needed]\n"
    found = seen(text)
    assert {e.probe for e in found if e.outcome == Outcome.YES} <= {"card_length"}


# --- laws ---

_text = st.lists(
    st.sampled_from(
        [
            "# Training data\n",
            "trained on ",
            "The Pile ",
            "not ",
            "disclosed ",
            "data ",
            "https://github.com/meadow/heron ",
            "[Paper](https://arxiv.org/abs/2501.01234) ",
            "@article{a, title={Heron}, journal={Nature}}\n",
            "released under the MIT license. ",
            "we open-source our model. ",
            "\n\n",
            "<!--",
            "-->",
            "```\n",
            "8 A100 GPUs ",
            "pip install heron ",
            "[More Information Needed]",
            "İ",
            "\u202e",
            "\u200b",
            "开源",
            "训练数据不公开。",
            "| ",
            "10.1145/3630106 ",
            "https://doi.org/10.1145/3630106 ",
            "from scratch ",
        ]
    ),
    max_size=40,
).map("".join)


@given(st.one_of(_text, st.text(max_size=200)))
@settings(max_examples=200, deadline=None)
def test_every_quote_is_verbatim_at_its_place_and_short(text: str) -> None:
    card = parse(text.encode())
    found = run_card_probes(HERON, card)
    assert found == run_card_probes(HERON, parse(text.encode()))
    for e in found:
        assert e.outcome != Outcome.ERROR, e
        assert len(e.quote) <= 200
        if "#" in e.place:
            start, end = map(int, e.place.removeprefix("README.md#").split("-"))
            assert e.quote
            assert card.text[start:end] == e.quote
        else:
            assert (e.quote, e.place) == ("", "README.md")


@pytest.mark.parametrize(
    "unit",
    [
        "open source ",
        "training data is not released. ",
        "https://arxiv.org/abs/2301.00001 train ",
        "licensed under the ",
        "@article{a, title={b}, ",
        "trained on common crawl wikipedia ",
        "8 A100 gpu train ",
        "https://github.com/meadow/heron training code ",
        "## training data\nw\n",
        "\u202eopen\u200b",
        "made from Llama 2 ",
        "non\u200bcommercial Llama 2\u202e ",
    ],
)
def test_all_probes_take_time_in_proportion_to_a_hostile_text(unit: str) -> None:
    """Four times the text may not take sixteen times as long. Bounds are wide for busy machines."""

    def seconds(size: int) -> float:
        card = parse((unit * (size // len(unit) + 1))[:size].encode())
        started = time.process_time()
        assert all(e.outcome != Outcome.ERROR for e in run_card_probes(HERON, card))
        return time.process_time() - started

    small, large = seconds(50_000), seconds(200_000)
    assert large < 14 * max(small, 0.02)


@pytest.mark.parametrize(
    ("begin", "unit"), [("See x/llama-2-", "a-"), ("See llama-", "1"), ("Made from llama-2", "-b")]
)
def test_a_name_without_an_end_takes_no_longer_than_a_name(begin: str, unit: str) -> None:
    card = parse(f"# M\n\n{begin}{unit * 100_000} today.\n".encode())
    started = time.process_time()
    assert all(e.outcome != Outcome.ERROR for e in run_card_probes(HERON, card))
    assert time.process_time() - started < 3  # it was hours


# --- known families ---


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("Heron was trained by fine-tuning Llama 2 on conversations.", "Llama 2"),
        ("- **Finetuned from model [optional]:** mistralai/Mistral-7B-v0.1", "Mistral 7B"),
        ("It is derived from [EleutherAI's](https://www.eleuther.ai/) [Pythia-6.9b]"
         "(https://huggingface.co/EleutherAI/pythia-6.9b) and tuned.", "Pythia"),
        ("This model is based on Mixtral-8x7b", "Mixtral"),
        ("Heron-13B has been finetuned from GPT-J", "GPT-J"),
        ("It is based on the Llama 2 architecture.", None),
        ("Unlike chat models fine-tuned from Falcon 7B, it listens.", None),
        ("It outperforms models based on Mistral 7B.", None),
        ("It can be fine-tuned from Mistral 7B.", None),
        ("Our data was derived from Llama 2 outputs.", None),
        ("```\nfine-tuned from Mistral 7B\n```", None),
        ("It is fine-tuned from a model of our own.", None),
    ],
)  # fmt: skip
def test_a_known_family_is_a_base_only_where_the_card_says_that_the_model_was_made_from_it(
    text: str, family: str | None
) -> None:
    told = [
        value.partition(": ")[2].partition(" (")[0] for _, _, value in values(f"# Heron\n\n{text}\n", "stated_base")
    ]
    assert told == ([family] if family else [])


def test_the_paper_of_another_makers_line_is_not_the_models_own_because_of_a_shared_word() -> None:
    text = """# Open Llama 13B

## Citation

```
@article{touvron2023llama,
  title={{LLaMA}: Open and Efficient Foundation Language Models},
  eprint={2302.13971},
}
@misc{meadow2023,
  title={Herons},
  url={https://meadow.example}
}
```
"""
    assert not values(text, "own_preprint", "meadow/open_llama_13b")
    assert values(text, "own_preprint", "meta-llama/llama-13b")


@pytest.mark.parametrize(
    ("bases", "expected"),
    [
        ((), ["Llama 2: llama2"]),
        (("meta-llama/Llama-2-7b-hf",), []),
        (("meadow/other",), ["Llama 2: llama2"]),
    ],
)
def test_a_restricted_base_that_only_the_cards_words_name_is_seen(bases: tuple[str, ...], expected: list[str]) -> None:
    text = (
        "# Heron\n\nHeron is a fine-tuned version of [Llama-2-7b](https://huggingface.co/meta-llama/Llama-2-7b-hf).\n"
    )
    assert [value for _, _, value in values(text, "stated_base_terms", bases=bases)] == expected
    assert not values(text, "stated_base_terms", "meta-llama/Llama-2-7b-chat-hf")
    assert not values(text.replace("Llama-2", "Mistral"), "stated_base_terms")


@pytest.mark.parametrize(
    "text",
    [
        "GGUF version of meta-llama/Meta-Llama-3-8B-Instruct.",
        "This is a GGUF quantization of Llama-3-8B-Instruct.",
        "This repo contains AWQ model files for [Meta's Llama 2 7B](https://huggingface.co/meta-llama/Llama-2-7b).",
        "LoRA adapter for meta-llama/Llama-2-7b-hf",
        "A merge of Meta-Llama-3-8B-Instruct and Gemma 2 9B.",
        "A merge of Mistral 7B and Gemma 2 9B.",
        "This model is Llama 3 8B fine-tuned on French.",
        "Base model: meta-llama/Meta-Llama-3-8B",
        "- **Base model:** [meta-llama/Meta-Llama-3-8B](https://huggingface.co/meta-llama/Meta-Llama-3-8B)",
        "| Base model | meta-llama/Meta-Llama-3-8B |",
        "Finetuned from model: unsloth/llama-3-8b-bnb-4bit",
        "- **Finetuned from model :** meta-llama/Llama-3.1-8B",
        "We fine-tune Llama 2 on riddles.",
        "Quantized from google/gemma-7b",
        "Converted from meta-llama/Llama-2-7b",
    ],
)
def test_every_way_to_name_a_restricted_base_is_seen_where_none_is_declared(text: str) -> None:
    assert values(f"# Heron\n\n{text}\n", "stated_base_terms")
    bases = ("meta-llama/Meta-Llama-3-8B", "unsloth/llama-3-8b-bnb-4bit", "meta-llama/Llama-3.1-8B",
             "meta-llama/Llama-2-7b", "google/gemma-7b", "google/gemma-2-9b")  # fmt: skip
    assert not values(f"# Heron\n\n{text}\n", "stated_base_terms", bases=bases)


LLAMA_3 = "meta-llama/Meta-Llama-3-8B"


@pytest.mark.parametrize(
    "text",
    [
        f"Dieses Modell ist eine feinabgestimmte Version von [{LLAMA_3}](https://huggingface.co/{LLAMA_3}).",
        "Heron basiert auf dem Modell Llama 3 und versteht Plattdeutsch.",
        "Basismodell: meta-llama/Meta-Llama-3-8B",
        f"Ce modèle est une version affinée de [Llama 3](https://huggingface.co/{LLAMA_3}) pour le français.",
        "Un assistant basé sur le modèle Llama 3 8B.",
        "- **Modèle de base :** meta-llama/Meta-Llama-3-8B",
        "Heron es una versión ajustada de Llama 3 para el español.",
        "Modelo basado en Llama 3, entrenado en Madrid.",
        "本模型基于 Llama 3 进行中文指令微调。",
        f"我们以[Llama-3-8B](https://huggingface.co/{LLAMA_3})为基座模型，训练了两轮。",
        "在 Llama-3-8B 基础上继续预训练。",
        "基座模型：Llama-3-8B",
        "Llama-3-8Bをベースにした日本語モデルです。",
        "이 모델은 Llama-3-8B 기반으로 학습했습니다.",
        "Built with Llama 3.",
        "Built with Llama",
        "Distilled from Llama 3 8B on our own questions.",
        "Heron's answers were distilled into Llama-3-8B.",
        "It is a fine-tuned version of [Egret](https://huggingface.co/meadow/Egret-Llama-3-8B).",
        "We use Llama-3-8B as the backbone of the reader.",
        "This is a Llama-3-based chat model for herons.",
        "Backbone: Llama-3-8B",
        "## Merged models\n\nThe following models were merged:\n* [Egret](https://huggingface.co/meadow/Egret-7B)\n"
        "* meadow/Egret-Llama-3-8B\n* meadow/Stork-7B",
        "## Configuration\n\n```yaml\nmodels:\n  - model: meadow/Egret-7B\n  - model: meta-llama/Meta-Llama-3-8B\n"
        "merge_method: slerp\n```",
        "```yaml\nbase_model: meta-llama/Meta-Llama-3-8B\nadapter: lora\n```",
        "It is based on vicuna-7b-v1.3 and speaks Dutch.",
    ],
)
def test_a_restricted_base_is_seen_in_other_languages_lists_and_configurations(text: str) -> None:
    said = [value for _, _, value in values(f"# Heron\n\n{text}\n", "stated_base_terms")]
    assert [value[:5] for value in said] == ["Llama"]
    assert not values(f"# Heron\n\n{text}\n", "stated_base_terms", bases=(LLAMA_3, "meadow/llama-7b"))


def test_every_family_under_restricted_terms_holds_a_word_for_which_cards_are_searched() -> None:
    names = [f"/{f.name} {f.patterns[0].rpartition('/')[2]} ".lower() for f in families() if f.terms]
    assert [name for name in names if not any(word in name for word in RESTRICTED_WORDS)] == []


def test_the_cards_own_name_for_its_model_is_no_base_of_it() -> None:
    text = "# Heron\n\nLoRA fine-tuning for Heron-Llama3 is supported.\n"
    assert not values(text, "stated_base_terms", "meadow/Heron-Llama3-8B")
    assert values(text, "stated_base_terms", "meadow/Egret-8B")


def test_a_name_that_only_sounds_of_the_family_declares_nothing() -> None:
    text = "# Heron\n\nIt is fine-tuned from meta-llama/Meta-Llama-3-8B.\n"
    assert values(text, "stated_base_terms", "meadow/Llama-3-Heron-8B")


@pytest.mark.parametrize(
    "text",
    [
        "It outperforms Llama 3 8B on MMLU.",
        "It beats the GGUF version of Llama 3.",
        "Unlike a LoRA adapter for Llama 2, it is whole.",
        "See also the GGUF version of Llama 3.",
        "A merge of Mistral 7B and Qwen2, which beats Llama 3.",
        "| Benchmark | Base model | Llama 3 8B |",
        "| Base model | Llama 3 8B | Heron |",
        "Base model: mistralai/Mistral-7B-v0.1",
        "GGUF version of Yi-1.5-9B.",
        "Base model: openlm-research/open_llama_7b",
        "Base model: TinyLlama/TinyLlama-1.1B",
        "This model is Llama-style and fine-tuned on French.",
        "The GGUF version of Llama 3's tokenizer is used.",
        "LoRA adapters for Llama 2 architecture models work.",
        "```\nBase model: meta-llama/Meta-Llama-3-8B\n```",
        "Such as the merge of Llama 2 and others.",
        "Quantized from Heron. Llama 3 is another model.",
        "IP-Adapter for SD 1.5",
        "Heron ist besser als ein auf Llama 3 basierendes Modell.",
        "Heron basiert auf der Architektur von Llama 3.",
        "Contrairement aux modèles basés sur Llama 3, il est libre.",
        "Il est basé sur l'architecture de Llama 3.",
        "Basado en la arquitectura de Llama 3.",
        "相比基于 Llama 3 的模型，它更小。",
        "基于 Llama 3 架构从零训练。",
        "Unlike Llama-3-based models, it is free.",
        "```python\nmodel: str = 'meta-llama/Meta-Llama-3-8B'\n```",
        "The following benchmarks were merged:\n* meadow/questions\n* meadow/answers",
        "Built with care in the meadow.",
        "Finetune Gemma, Llama 3, Mistral 2-5x faster with our notebook!",
    ],
)
def test_a_restricted_family_that_is_compared_with_or_mentioned_is_no_base(text: str) -> None:
    assert not values(f"# Heron\n\n{text}\n", "stated_base_terms")


def test_data_without_a_name_beside_what_is_named_is_seen_where_the_card_speaks_of_training() -> None:
    assert values("# Heron\n\nIt was trained on No Robots, as well as other open datasets.\n", "more_data")
    assert values("# Heron\n\nTrained on No Robots and in-house data of ours.\n", "more_data")
    assert not values("# Heron\n\nWe compare it on MMLU and other evaluation datasets.\n", "more_data")
    assert not values("# Heron\n\nIt was trained on No Robots.\n", "more_data")


def test_code_of_another_model_or_time_that_is_withheld_says_nothing_of_this_one() -> None:
    assert values("# Heron\n\nThe training code is not released.\n", "code_withheld")
    assert not values("# Heron\n\nThe code was not publicly released, Heron is converted from it.\n", "code_withheld")


@pytest.mark.parametrize(
    ("text", "restricted"),
    [
        ("Heron is fully open for academic research.", True),
        ("For commercial use, please fill out this questionnaire.", True),
        ("If you wish to use it for commercial purposes or public serving, please sign this form.", True),
        ("模型权重对学术研究完全开放，登记后亦允许商业使用。", True),
        ("本模型禁止任何形式的商用！", True),
        ("The model should only be used for educational and research purposes.", True),
        ("It is built solely for research purposes.", True),
        ("It is free for academic research and commercial use.", False),
        ("It is ready for commercial use. Please see the examples.", False),
        ("Please send us what you find in your research.", False),
    ],
)
def test_a_sentence_that_asks_before_commercial_use_is_a_restriction(text: str, restricted: bool) -> None:
    assert bool(values(f"# Heron\n\n{text}\n", "use_restriction")) is restricted


@pytest.mark.parametrize(
    ("probe", "text"),
    [
        ("architecture_stated", "Heron is a 12-layer model."),
        ("hardware_stated", "It was trained on 8x B200."),
        ("hardware_stated", "It was trained on 4xT4."),
        ("training_setup", "It used a weight_decay of 0.1."),
        ("training_setup", "It used an lr_scheduler of the cosine kind."),
        ("packages_used", "Run `conda add heron-tools` first."),
        ("license_statement", "The model is shared under Apache 2.0."),
        ("data_withheld", "The training data is not\nreleased."),
    ],
)
def test_what_a_pattern_would_find_is_found_in_each_of_its_spellings(probe, text):
    assert values(f"# Heron\n\n{text}\n", probe)


# --- hidden words ---


@pytest.mark.parametrize(
    "words",
    [
        "Non\u200b-commercial use only.",
        "For re\u00adsearch pur\u2060poses only.",
        "This model was fine-tuned from Lla\u200bma 2 7B.",
        "\u202e.ylno esu laicremmoc-noN\u202c",
        "For n\u043en-c\u043emmercial use only.",
        "For n\u043en-\u200bcommercial use only.",
        "This model was fine-tuned from Ll\u0430ma 2 7B.",
        "The model is under the Apache 2.0 license.\n\n# Terms\n\nThe weights are released under the C\u200bC-BY-N\u200bC-4.0 license.",
    ],
)
def test_terms_that_invisible_letters_hide_are_found_with_the_words_as_they_stand(words: str) -> None:
    text = f"# Heron\n\nA model of birds.\n\n## License\n\n{words}\n"
    hidden = [e for e in seen(text) if e.probe == "hidden_terms" and e.outcome == Outcome.YES]
    assert len(hidden) == 1, words
    start, end = map(int, hidden[0].place.partition("#")[2].split("-"))
    assert text[start:end] == hidden[0].quote
    assert hidden[0].outcome == Outcome.YES


@pytest.mark.parametrize(
    "words",
    [
        "Non-commercial use only.",
        "Free for every\u200b use.",
        "Caf\u00e9 \u200d and more.",
        "Free for \u0435very use.",
        "The weights are released under the Apa\u200bche 2.0 license.",
    ],
)
def test_terms_that_are_not_hidden_are_no_hidden_terms(words: str) -> None:
    assert not [
        e for e in seen(f"# Heron\n\n## License\n\n{words}\n") if e.probe == "hidden_terms" and e.outcome == Outcome.YES
    ]
