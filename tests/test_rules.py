"""The rules: what each says on evidence made for it, and what none may say."""

from __future__ import annotations

import pytest

from index.model import Dimension, Evidence, Outcome, Value
from index.rules import UNKNOWN_CODE, all_rules, judge_dimensions, published, words_of

D, Y, N = Dimension, Outcome.YES, Outcome.NO


def cell(dimension: Dimension, *evidence: Evidence) -> tuple[str, str]:
    """(value, rule) of one dimension."""
    judged = {j.dimension: j for j in judge_dimensions(evidence)}[dimension]
    return judged.value, judged.rule


def ev(
    dimension: str, probe: str, outcome: str = Y, value: str = "", quote: str = "words", place: str = "tags"
) -> Evidence:
    return Evidence(dimension, probe, outcome, quote, place, value)


WEIGHTS = ev(D.END_WEIGHTS, "weight_files", value="safetensors:2", quote="a.safetensors", place="siblings")
FREE = ev(D.END_WEIGHTS, "gating", N, "no", "false", "gated")
SCRATCH = ev(D.BASE_WEIGHTS, "from_scratch")
SECTIONS = ("training_data", "evaluation", "limitations")
TRAINED_CARD = [
    ev(D.MODEL_CARD, "card_sections", value=f"{s}: 40 words") for s in ("training_data", "intended_use", "limitations")
]
LENGTH = ev(D.MODEL_CARD, "card_length", value="400")
TUNED = ev(D.END_DATA, "tuned_name", value="self")
TUNED_BASE = ev(D.END_DATA, "tuned_name", value="base")
ROOT = ev(D.BASE_WEIGHTS, "declared_bases", Outcome.NOT_STATED)
SETUP = ev(D.ARCHITECTURE, "training_setup")
CODE_MIT = ev(D.LICENSE, "component_license", value="mit (code)")
DATA_ODC = ev(D.LICENSE, "component_license", value="odc-by (dataset)")
NAMED = ev(D.END_DATA, "named_datasets", value="o/d", quote="o/d")
HAD = ev(D.END_DATA, "data_access", Y, "o/d", "open", "dataset:o/d")
ODC_BY = ev(D.LICENSE, "data_license", Y, "odc-by", "odc-by", "dataset:o/d")
CLICK = ev(D.END_WEIGHTS, "gating", Y, "auto", "auto", "gated")


@pytest.mark.parametrize(
    ("dimension", "evidence", "expected"),
    [
        (D.END_WEIGHTS, [], (Value.UNKNOWN, UNKNOWN_CODE)),
        (D.END_WEIGHTS, [WEIGHTS, FREE], (Value.OPEN, "W6")),
        (D.END_WEIGHTS, [WEIGHTS, CLICK], (Value.PARTIAL, "W4")),
        (D.END_WEIGHTS, [WEIGHTS], (Value.UNKNOWN, "W8")),
        (D.END_WEIGHTS, [FREE], (Value.UNKNOWN, UNKNOWN_CODE)),
        (D.END_WEIGHTS, [ev(D.END_WEIGHTS, "weight_files", N, "other:3")], (Value.CLOSED, "W2")),
        (D.END_WEIGHTS, [WEIGHTS, FREE, ev(D.END_WEIGHTS, "weight_shards", N, "2/28")], (Value.PARTIAL, "W5")),
        (D.BASE_WEIGHTS, [ev(D.BASE_WEIGHTS, "inherited", value="partial", place="base:a/b")], (Value.PARTIAL, "B2")),
        (D.BASE_WEIGHTS, [WEIGHTS, FREE], (Value.UNKNOWN, UNKNOWN_CODE)),
        (
            D.BASE_WEIGHTS,
            [WEIGHTS, FREE, SCRATCH, ev(D.BASE_WEIGHTS, "declared_bases", Outcome.NOT_STATED)],
            (Value.OPEN, "B4"),
        ),
        (D.BASE_WEIGHTS, [WEIGHTS, FREE, SCRATCH, ev(D.BASE_WEIGHTS, "declared_bases")],
         (Value.UNKNOWN, UNKNOWN_CODE)),
        (D.END_DATA, [ev(D.END_DATA, "named_datasets", value="org/data")], (Value.OPEN, "ED6")),
        (D.END_DATA, [ev(D.END_DATA, "named_datasets", value=f"o/d{i}") for i in range(9)], (Value.UNKNOWN, "ED10")),
        *((D.END_DATA, [ev(D.END_DATA, "named_datasets", value=name)], (Value.UNKNOWN, "ED10"))
          for name in ("webli", "mydata", "imagefolder", "generator", "meadow/autotrain-data-herons")),
        (D.END_DATA, [ev(D.END_DATA, "named_datasets", value="squad_v2")], (Value.OPEN, "ED6")),
        (D.END_DATA, [NAMED, HAD], (Value.OPEN, "ED6")),
        (D.END_DATA, [NAMED, HAD, ODC_BY], (Value.OPEN, "ED13")),
        (D.END_DATA, [NAMED, ev(D.END_DATA, "data_access", N, "o/d", "auto", "dataset:o/d"), ODC_BY],
         (Value.PARTIAL, "ED11")),
        (D.END_DATA, [NAMED, ev(D.END_DATA, "data_access", N, "o/d", "hidden", "dataset:o/d")],
         (Value.UNKNOWN, "ED12")),
        (D.END_DATA, [NAMED, HAD, ODC_BY, ev(D.END_DATA, "named_datasets", value="o/e"),
                      ev(D.END_DATA, "data_access", N, "o/e", "missing", "dataset:o/e")], (Value.PARTIAL, "ED11")),
        (D.END_DATA, [ev(D.END_DATA, "named_datasets", value="EleutherAI/the_pile"),
                      ev(D.END_DATA, "data_access", N, "EleutherAI/the_pile", "hidden", "dataset:EleutherAI/the_pile")],
         (Value.OPEN, "ED6")),
        (D.DATASHEET, [ev(D.DATASHEET, "data_card", Y, "o/d", "", "dataset:o/d")], (Value.UNKNOWN, "D3")),
        (D.DATASHEET, [ev(D.DATASHEET, "data_card", N, "o/d", "", "dataset:o/d")], (Value.UNKNOWN, "D4")),
        (D.END_DATA, [ev(D.END_DATA, "data_withheld", N)], (Value.CLOSED, "ED5")),
        (D.END_DATA, [ev(D.END_DATA, "data_withheld", N), ev(D.END_DATA, "named_datasets", value="org/data")],
         (Value.PARTIAL, "ED4")),
        (D.END_DATA, [ev(D.END_DATA, "named_datasets", value="o/ultrachat_200k"),
                      ev(D.END_DATA, "dataset_links", value="p/UltraChat")], (Value.OPEN, "ED6")),
        (D.END_DATA, [ev(D.END_DATA, "named_datasets", value="o/d"), ev(D.END_DATA, "dataset_links", value="p/other")],
         (Value.UNKNOWN, "ED10")),
        (D.END_DATA, [ev(D.END_DATA, "named_datasets", value="o/d"), ev(D.END_DATA, "named_corpora", value="FLAN")],
         (Value.UNKNOWN, "ED10")),
        (D.END_DATA, [ev(D.END_DATA, "named_datasets", value="the_pile"), ev(D.END_DATA, "said_tuned")],
         (Value.PARTIAL, "ED7")),
        (D.END_DATA, [ev(D.END_DATA, "named_datasets", value="common_voice"),
                      ev(D.BASE_DATA, "named_corpora", value="VoxPopuli")], (Value.UNKNOWN, "ED10")),
        (D.END_DATA, [ev(D.END_DATA, "named_datasets", value="cc100"),
                      ev(D.BASE_DATA, "named_corpora", value="Common Crawl")], (Value.OPEN, "ED6")),
        (D.END_DATA, [ev(D.END_DATA, "named_datasets", value="o/chats"), ev(D.END_DATA, "more_data")],
         (Value.UNKNOWN, "ED10")),
        (D.BASE_DATA, [ev(D.BASE_DATA, "data_withheld", N), ev(D.BASE_DATA, "stated_base", value="public: Pythia (Pile)")],
         (Value.OPEN, "BD14")),
        (D.END_DATA, [ev(D.END_DATA, "family_tuning", value="Qwen 2 (paper)")], (Value.CLOSED, "ED9")),
        (D.END_DATA, [ev(D.END_DATA, "family_tuning", value="Qwen 2 (paper)"),
                      ev(D.END_DATA, "named_corpora", value="FLAN")], (Value.UNKNOWN, "ED8")),
        (D.BASE_DATA, [ev(D.END_DATA, "named_datasets", value="allenai/c4"),
                       ev(D.END_DATA, "named_datasets", value="org/chats"), ROOT], (Value.UNKNOWN, UNKNOWN_CODE)),
        (D.BASE_DATA, [ev(D.END_DATA, "named_datasets", value="laion2b"), ROOT,
                       ev(D.BASE_DATA, "stated_base", value="not known: OPT")], (Value.UNKNOWN, UNKNOWN_CODE)),
        (D.BASE_DATA, [ev(D.BASE_DATA, "data_withheld", N, quote="a mix of public and proprietary data")],
         (Value.UNKNOWN, UNKNOWN_CODE)),
        (D.BASE_DATA, [ev(D.BASE_DATA, "data_withheld", N, quote="The data is not publicly available.")],
         (Value.CLOSED, "BD5")),
        (D.BASE_DATA, [ev(D.BASE_DATA, "family_pretraining", value="withheld: Yi (paper)"),
                       ev(D.BASE_WEIGHTS, "declared_bases", quote="a/a"),
                       ev(D.BASE_WEIGHTS, "declared_bases", quote="b/b")], (Value.UNKNOWN, UNKNOWN_CODE)),
        (D.BASE_DATA, [ev(D.BASE_DATA, "family_pretraining", value="withheld: Llama 2 (paper)")],
         (Value.CLOSED, "BD12")),
        (D.BASE_DATA, [ev(D.BASE_DATA, "stated_base", value="part: Falcon 1 (paper)")], (Value.PARTIAL, "BD13")),
        (D.BASE_DATA, [ev(D.BASE_DATA, "family_pretraining", value="public: Pythia (the Pile)")],
         (Value.OPEN, "BD14")),
        (D.BASE_DATA, [ev(D.BASE_DATA, "family_pretraining", value="public: Pythia (the Pile)"),
                       ev(D.BASE_DATA, "family_pretraining", value="withheld: Yi (paper)")], (Value.CLOSED, "BD12")),
        (D.END_DATA, [ev(D.END_DATA, "named_datasets", value="allenai/c4"), TUNED], (Value.PARTIAL, "ED7")),
        (D.END_DATA, [ev(D.END_DATA, "named_datasets", value="o/dpo-pairs"), TUNED_BASE], (Value.PARTIAL, "ED7")),
        (D.BASE_DATA, [ev(D.END_DATA, "named_datasets", value="allenai/c4"), ROOT], (Value.OPEN, "BD6")),
        (D.BASE_DATA, [ev(D.END_DATA, "named_datasets", value="allenai/c4"), ROOT, TUNED], (Value.PARTIAL, "BD11")),
        (D.BASE_DATA, [ev(D.END_DATA, "named_datasets", value="allenai/c4"), ROOT,
                       ev(D.END_DATA, "tuned_name", value="conversion")], (Value.UNKNOWN, UNKNOWN_CODE)),
        (D.LICENSE, [ev(D.LICENSE, "effective_license", N, "llama3")], (Value.CLOSED, "L2")),
        (D.LICENSE, [ev(D.LICENSE, "effective_license", N, "llama3"), ev(D.END_DATA, "named_datasets", value="o/d")],
         (Value.UNKNOWN, "L8")),
        (D.LICENSE, [ev(D.LICENSE, "effective_license", Y, "mit"), ev(D.LICENSE, "use_restriction")],
         (Value.UNKNOWN, "L3")),
        (D.LICENSE, [ev(D.LICENSE, "effective_license", Y, "mit"), CODE_MIT, DATA_ODC], (Value.OPEN, "L4")),
        (D.LICENSE, [ev(D.LICENSE, "effective_license", Y, "mit"), CODE_MIT], (Value.UNKNOWN, "L5")),
        (D.LICENSE, [ev(D.LICENSE, "effective_license", Y, "mit"), CODE_MIT, DATA_ODC,
                     ev(D.LICENSE, "component_license", value="llama 2 (data)")], (Value.UNKNOWN, "L5")),
        (D.LICENSE, [ev(D.LICENSE, "effective_license", N, "cc-by-nc-4.0")], (Value.PARTIAL, "L1")),
        (D.LICENSE, [ev(D.LICENSE, "effective_license", Y, "mit")], (Value.UNKNOWN, "L5")),
        (D.LICENSE, [ev(D.LICENSE, "effective_license", Outcome.NOT_STATED, "no-license")], (Value.UNKNOWN, "L6")),
        (D.LICENSE, [ev(D.LICENSE, "effective_license", Outcome.UNAVAILABLE, "other")], (Value.UNKNOWN, "L7")),
        (D.MODEL_CARD, [ev(D.MODEL_CARD, "readme_file", N, "4")], (Value.CLOSED, "M1")),
        (D.MODEL_CARD, [ev(D.MODEL_CARD, "card_boilerplate", value="template: 40 placeholders")], (Value.CLOSED, "M2")),
        (D.MODEL_CARD, [ev(D.MODEL_CARD, "card_boilerplate", value="template: 9 placeholders"), *TRAINED_CARD[1:]],
         (Value.PARTIAL, "M5")),
        (
            D.MODEL_CARD,
            [LENGTH, SETUP, *(ev(D.MODEL_CARD, "card_sections", value=f"{s}: 40 words") for s in SECTIONS)],
            (Value.OPEN, "M4"),
        ),
        (D.MODEL_CARD, [LENGTH, *(ev(D.MODEL_CARD, "card_sections", value=f"{s}: 40 words") for s in SECTIONS)],
         (Value.UNKNOWN, "M7")),
        (D.MODEL_CARD, [LENGTH, SETUP, *TRAINED_CARD, ev(D.ARCHITECTURE, "hardware_stated")], (Value.OPEN, "M4")),
        (D.MODEL_CARD, [LENGTH._replace(value="200"), *TRAINED_CARD, ev(D.ARCHITECTURE, "hardware_stated")],
         (Value.PARTIAL, "M6")),
        (D.MODEL_CARD, [LENGTH, *(ev(D.MODEL_CARD, "card_sections", value=f"{s}: 9 words") for s in SECTIONS)],
         (Value.PARTIAL, "M6")),
        (D.MODEL_CARD, TRAINED_CARD, (Value.PARTIAL, "M6")),
        (D.MODEL_CARD, [*TRAINED_CARD, ev(D.ARCHITECTURE, "architecture_stated"), SETUP], (Value.UNKNOWN, "M7")),
        (D.MODEL_CARD, TRAINED_CARD[:2], (Value.UNKNOWN, "M8")),
        (D.MODEL_CARD, [LENGTH], (Value.UNKNOWN, "M8")),
        (D.PREPRINT, [ev(D.PREPRINT, "own_preprint", value="2402.00838")], (Value.OPEN, "P1")),
        (D.PREPRINT, [ev(D.PREPRINT, "own_preprint", value="2306.01116", quote="title={Foo-40B"), TUNED],
         (Value.UNKNOWN, "P2")),
        (D.PREPRINT, [ev(D.PREPRINT, "own_preprint", value="2402.00838", quote="title={Foo Technical Report"), TUNED],
         (Value.OPEN, "P1")),
        (D.ARCHITECTURE, [ev(D.ARCHITECTURE, "architecture_stated", value="decoder-only")], (Value.PARTIAL, "A2")),
        (D.ARCHITECTURE, [ev(D.ARCHITECTURE, "architecture_stated", value="decoder-only"),
                          ev(D.PREPRINT, "own_report", value="report: https://a.b/r.pdf")], (Value.UNKNOWN, "A3")),
        (D.ARCHITECTURE, [ev(D.ARCHITECTURE, "architecture_stated"), SETUP], (Value.UNKNOWN, "A3")),
        (D.ARCHITECTURE, [ev(D.ARCHITECTURE, "architecture_stated"), SETUP, ev(D.PREPRINT, "own_preprint")],
         (Value.OPEN, "A1")),
        (D.PREPRINT, [ev(D.PREPRINT, "arxiv_tags", value="2302.13971")], (Value.UNKNOWN, "P2")),
        (D.TRAINING_CODE, [ev(D.TRAINING_CODE, "own_repository", value="github.com/a/b")], (Value.UNKNOWN, "T3")),
        (D.TRAINING_CODE, [ev(D.TRAINING_CODE, "code_withheld", N)], (Value.CLOSED, "T1")),
        (D.DATASHEET, [ev(D.DATASHEET, "data_sheet", value="data sheet")], (Value.UNKNOWN, "D1")),
        (D.DATASHEET, [ev(D.DATASHEET, "dataset_cards", value="allenai/dolma")], (Value.UNKNOWN, "D2")),
    ],
)  # fmt: skip
def test_the_evidence_of_one_thing_decides_its_cell(dimension, evidence, expected):
    assert cell(dimension, *evidence) == expected


def test_no_evidence_at_all_judges_everything_unknown():
    assert {(j.value, j.rule) for j in judge_dimensions([])} == {(Value.UNKNOWN, UNKNOWN_CODE)}


def test_where_a_probe_failed_or_could_not_look_the_cell_is_unknown():
    blind = [
        ev(rule.dimension, probe, outcome)
        for rule in all_rules() for probe in rule.reads for outcome in (Outcome.ERROR, Outcome.UNAVAILABLE)
    ]  # fmt: skip
    assert {j.value for j in judge_dimensions(blind)} == {Value.UNKNOWN}


def test_codes_are_unique_and_every_rule_is_published_with_its_words():
    codes = [row.code for row in published()]
    assert len(codes) == len(set(codes))
    assert {rule.code for rule in all_rules()} <= set(codes)
    assert all(row.words for row in published())


def test_each_rule_names_a_dimension_a_value_its_probes_and_its_source():
    for rule in all_rules():
        assert rule.dimension in set(Dimension)
        assert rule.value in set(Value)
        assert rule.reads
        assert rule.source
        assert rule.confidence in ("high", "medium", "low")


def test_the_words_of_a_judgement_hold_its_detail():
    judged = next(j for j in judge_dimensions([WEIGHTS, FREE]) if j.dimension == D.END_WEIGHTS)
    assert words_of(judged) == "Anyone can download the weights: safetensors x 2."


def test_the_probes_that_rules_read_exist():
    from index.probes import all_probes
    from index.verdict import QUESTIONS

    asked = set(all_probes()) | {name for name, _, _ in QUESTIONS}
    unknown = {probe for rule in all_rules() for probe in rule.reads} - asked
    assert not unknown


@pytest.mark.parametrize("way", ["missing", "hidden", "private", "disabled", "auto", "manual"])
@pytest.mark.parametrize("name", ["acme/internal-wikipedia", "acme/the_pile", "acme/c4"])
def test_a_data_set_out_of_reach_that_is_called_after_a_corpus_is_no_open_data(name: str, way: str) -> None:
    listed = ev(D.END_DATA, "named_datasets", value=name)
    shut = ev(D.END_DATA, "data_access", N, name, way, f"dataset:{name}")
    tuned = ev(D.END_DATA, "said_tuned")
    asked_for = way in ("auto", "manual")
    assert cell(D.BASE_DATA, listed, ROOT, shut)[0] == Value.UNKNOWN
    assert cell(D.END_DATA, listed, ROOT, shut)[0] == (Value.PARTIAL if asked_for else Value.UNKNOWN)
    assert cell(D.END_DATA, listed, tuned, shut)[0] == (Value.PARTIAL if asked_for else Value.UNKNOWN)
    assert cell(D.BASE_DATA, listed, ROOT, TUNED, shut)[0] == Value.UNKNOWN
    assert cell(D.BASE_DATA, listed, ROOT)[0] == cell(D.END_DATA, listed, ROOT)[0] == Value.OPEN, "nobody has looked"


@pytest.mark.parametrize("name", ["wikipedia", "EleutherAI/pile", "bigcode/the-stack"])
def test_a_corpus_by_its_makers_own_name_stays_public_where_the_hub_no_longer_shows_it(name: str) -> None:
    listed = ev(D.END_DATA, "named_datasets", value=name)
    gone = ev(D.END_DATA, "data_access", N, name, "missing", f"dataset:{name}")
    assert (cell(D.BASE_DATA, listed, ROOT, gone), cell(D.END_DATA, listed, gone)) == (
        (Value.OPEN, "BD6"), (Value.OPEN, "ED6"))  # fmt: skip


def test_a_makers_base_model_has_the_base_weights_that_it_is_itself() -> None:
    root = ev(D.BASE_WEIGHTS, "family_root", value="Llama 3")
    assert cell(D.BASE_WEIGHTS, WEIGHTS, CLICK, ROOT, root) == (Value.PARTIAL, "B5")
    assert cell(D.BASE_WEIGHTS, WEIGHTS, CLICK, ROOT, root, ev(D.END_DATA, "said_tuned")) == (
        Value.UNKNOWN,
        UNKNOWN_CODE,
    )


@pytest.mark.parametrize(
    ("name", "whether"),
    [("the_pile", True), ("EleutherAI/the_pile_deduplicated", True), ("allenai/c4", True), ("laion/laion2B-en", True),
     ("bigcode/the-stack-v2-train", True), ("togethercomputer/RedPajama-Data-1T", True), ("wikipedia", True),
     ("togethercomputer/RedPajama-Data-Instruct", False), ("Universal-NER/Pile-NER-type", False),
     ("squad", False), ("o/wikipedia-qa-pairs", False)],
)  # fmt: skip
def test_a_corpus_is_for_pretraining_by_its_whole_name(name, whether):
    read = cell(D.BASE_DATA, ev(D.END_DATA, "named_datasets", value=name), ROOT)
    assert (read == (Value.OPEN, "BD6")) is whether


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (ev(D.END_WEIGHTS, "weights_counted", quote="1786775040", place="safetensors"),
         "1.8 billion parameters in safetensors, counted by the Hub"),
        (ev(D.END_WEIGHTS, "weights_counted", quote="7000000000", place="gguf"),
         "7 billion parameters in gguf, counted by the Hub"),
        (ev(D.END_WEIGHTS, "weights_counted", quote="pytorch"), "pytorch, as the Hub's own tag says"),
        (ev(D.END_WEIGHTS, "weights_tagged", quote="data/x.bin", place="siblings", value="general"),
         "data/x.bin, a kind of file that may hold anything"),
        (ev(D.END_WEIGHTS, "weights_tagged", quote="81912", place="gguf", value="contradicted"),
         "81,912 parameters in gguf, counted by the Hub, but no file in the list holds any"),
        (ev(D.END_WEIGHTS, "weights_tagged", quote="jax", value="flax"),
         "the tag jax, which anybody may set; the files were not shown"),
    ],
)  # fmt: skip
def test_the_reason_for_weights_says_in_words_what_was_seen_and_what_was_not(evidence, words):
    found = {j.dimension: j for j in judge_dimensions([evidence])}[D.END_WEIGHTS]
    unseen = "; whether one must ask for access was not shown"
    assert words_of(found) == f"It is not proved that anyone can download the weights: {words}{unseen}."
    ungated = {j.dimension: j for j in judge_dimensions([evidence, FREE])}[D.END_WEIGHTS]
    assert words_of(ungated).endswith(f": {words}.")
    assert (ungated.value == Value.OPEN) == (evidence.probe == "weights_counted")


def test_a_quoted_sentence_brings_its_own_full_stop():
    said = ev(D.TRAINING_CODE, "code_withheld", N, quote="The code is not released.")
    (reason,) = (words_of(j) for j in judge_dimensions([said]) if j.dimension == D.TRAINING_CODE)
    assert reason == 'The card says that the code is not released: "The code is not released".'


def test_of_several_repositories_the_reason_names_the_one_that_is_said_to_be_for_training():
    made = ev(D.TRAINING_CODE, "own_training_code", value="github.com/a/data-prep", quote="Data preparation: <...>.")
    trains = ev(D.TRAINING_CODE, "own_training_code", value="github.com/a/trainer", quote="Training code: <...>.")
    (judged,) = (j for j in judge_dimensions([made, trains]) if j.dimension == D.TRAINING_CODE)
    assert (judged.value, judged.rule, judged.detail) == (Value.UNKNOWN, "T3", "github.com/a/trainer")
