"""What the probes see in a listing row, case by case, and what they must not see."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.records import MAX_FILES, Base, Repo
from index.model import Dimension, Evidence, Outcome
from index.probes import listing_probes, run_listing_probes
from index.probes.files import sort_files


def repo(**fields: object) -> Repo:
    base: dict[str, object] = {"oid": "1", "repo_id": "org/model", "fingerprint": b"12345678", "author": "org"}
    return Repo(**(base | fields))  # type: ignore[arg-type]


def seen(probe: str, **fields: object) -> list[tuple[str, str, str]]:
    """(outcome, quote, value) of what one probe reports."""
    return [(str(e.outcome), e.quote, e.value) for e in run_listing_probes(repo(**fields)) if e.probe == probe]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (("model.safetensors", "config.json"), [("yes", "model.safetensors", "safetensors:1")]),
        (("pytorch_model.bin", "training_args.bin"), [("yes", "pytorch_model.bin", "pytorch:1")]),
        (("a-Q4.gguf", "a-Q8.gguf", "README.md"), [("yes", "a-Q4.gguf", "gguf:2")]),
        (("m.data-00000-of-00001", "m.index"), [("yes", "m.data-00000-of-00001", "tensorflow:1")]),
        (("big.gguf.part1", "big.gguf.part2"), [("yes", "big.gguf.part1", "gguf:2")]),
        (("adapter_model.safetensors",), [("yes", "adapter_model.safetensors", "safetensors:1")]),
        (("optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin"), [("no", "", "other:4")]),
        (("tokenizer.json", "vocab.txt", "merges.txt"), [("no", "", "tokenizer:3")]),
        (("README.md", ".gitattributes"), [("no", "", "other:2")]),
        ((), [("no", "", "other:0")]),
        (("voice.zip", "README.md"), [("not stated", "voice.zip", "archive")]),
        (None, [("unavailable", "", "")]),
    ],
)  # fmt: skip
def test_weights_are_told_from_leftovers_archives_and_silence(files, expected):
    assert seen("weight_files", files=files, file_count=None if files is None else len(files)) == expected


def test_an_archive_is_weights_where_the_library_keeps_them_so():
    assert seen("weight_files", files=("ppo.zip",), file_count=1, library="stable-baselines3") == [
        ("yes", "ppo.zip", "zip:1")
    ]


def test_a_file_list_that_was_cut_never_proves_that_something_is_missing():
    files = tuple(f"images/{i}.png" for i in range(MAX_FILES))
    found = run_listing_probes(repo(files=files, file_count=MAX_FILES + 1))
    assert [e.probe for e in found if e.outcome == Outcome.NO] == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (tuple(f"model-{i:05}-of-00003.safetensors" for i in (1, 2, 3)), "yes"),
        (("model-00001-of-00003.safetensors", "model-00003-of-00003.safetensors"), "no"),
        (("model-00001-of-00003.safetensors", "consolidated.pth"), "yes"),
    ],
)
def test_missing_parts_of_the_weights_are_noticed_unless_another_format_is_whole(files, expected):
    assert [outcome for outcome, _, _ in seen("weight_shards", files=files, file_count=len(files))] == [expected]


def test_gating_has_three_answers():
    assert seen("gating", gated=None) == [("unavailable", "", "")]
    assert seen("gating", gated="no") == [("no", "false", "no")]
    assert seen("gating", gated="manual") == [("yes", "manual", "manual")]


def test_tags_stand_in_for_files_only_where_no_files_were_shown():
    assert seen("weights_tagged", tags=("safetensors",)) == [("yes", "safetensors", "safetensors")]
    assert seen("weights_tagged", tags=("safetensors",), files=("README.md",), file_count=1) == []


def test_a_licence_that_was_not_shown_is_not_a_licence_that_is_not_stated():
    assert seen("license_declared") == [("unavailable", "", "")]
    assert seen("license_declared", tags=()) == [("not stated", "", "")]
    assert seen("license_declared", tags=("license:mit",), license="mit") == [("yes", "mit", "mit")]


def test_the_carbon_paper_of_the_template_and_the_hubs_own_doi_are_no_papers_of_the_model():
    assert seen("arxiv_tags", tags=("arxiv:1910.09700", "arxiv:2302.13971")) == [
        ("yes", "arxiv:2302.13971", "2302.13971")
    ]
    assert [o for o, _, _ in seen("doi_tags", tags=("doi:10.57967/hf/0039",))] == ["no"]


@pytest.mark.parametrize(
    ("name", "suspected"),
    [
        ("org/Llama-3-8B-finance", True),
        ("org/my-llama2-7b", True),
        ("org/CodeLlama-7b-lora", True),
        ("org/gemma-2b-it-tuned", True),
        ("meta-llama/Llama-3-8B", False),
        ("org/TinyLlama-1.1B", False),
        ("org/open_llama_3b", False),
        ("org/mistral-7b", False),
    ],
)
def test_a_name_that_sounds_of_a_restricted_base_is_a_hint_unless_it_is_the_makers(name, suspected):
    assert bool(seen("suspected_base", repo_id=name, author=name.split("/")[0])) == suspected


def test_a_declared_base_leaves_nothing_to_suspect():
    assert seen("suspected_base", repo_id="a/llama-3", author="a", bases=(Base("finetune", "x/y"),)) == []


def test_ten_thousand_bases_are_counted_and_few_quoted():
    found = seen("declared_bases", bases=tuple(Base("merge", f"org/b{i}") for i in range(10_000)))
    assert len(found) == 13
    assert found[-1] == ("yes", "", "9988 more")


def test_training_scripts_are_told_from_scripts_that_only_fetch_a_model():
    files = ("train.py", "scripts/download_pretrained_models.py", "finetune_lora.sh", "inference.py", "prepare_data.py")
    assert [v for _, v, _ in seen("training_scripts", files=files)] == [
        "train.py",
        "finetune_lora.sh",
        "prepare_data.py",
    ]


TEXT = st.text(max_size=60)


@given(
    st.lists(TEXT, max_size=20),
    st.lists(TEXT, max_size=20),
    st.sampled_from([None, "no", "auto", "manual", "odd"]),
    st.dictionaries(TEXT, st.one_of(TEXT, st.lists(TEXT), st.integers(), st.none()), max_size=5),
    TEXT,
)
def test_whatever_the_row_every_evidence_has_a_place_and_no_probe_fails(files, tags, gated, card_data, name):
    found = run_listing_probes(
        repo(
            files=tuple(files), file_count=len(files), tags=tuple(tags), gated=gated, card_data=card_data, repo_id=name
        )
    )
    assert all(e.place and e.outcome != Outcome.ERROR for e in found)
    assert all(isinstance(e, Evidence) and e.dimension in set(Dimension) for e in found)


@pytest.mark.parametrize("name", ["a" * 200_000, "-" * 200_000 + ".bin", "train_" * 40_000 + ".txt", "step1/" * 40_000])
def test_names_made_to_be_slow_are_read_in_linear_time(name):
    began = time.process_time()
    run_listing_probes(repo(repo_id=name[:5_000], files=(name,), file_count=1, tags=(name,)))
    assert time.process_time() - began < 2


def test_every_probe_asks_a_question():
    assert all(p.question.endswith("?") for p in listing_probes())


def test_one_format_may_have_thousands_of_files():
    names = tuple(f"part-{i:05}-of-02000.safetensors" for i in range(1, 2_001))
    assert sort_files(names).shards == ((names[0], 2_000, 2_000),)


@pytest.mark.parametrize(
    ("name", "bases", "expected"),
    [
        ("a/Foo-7B-Instruct", (), [("yes", "Instruct", "self")]),
        ("a/foo-chat-hf", (), [("yes", "chat", "self")]),
        ("a/tulu-2-dpo-70b", (), [("yes", "dpo", "self")]),
        ("a/ChatMusician", (), []),
        ("a/instructor-base", (), []),
        ("a/Foo-7B-GGUF", (), [("yes", "GGUF", "conversion")]),
        ("a/foo", (Base("finetune", "b/foo-sft-v0.1"),), [("yes", "b/foo-sft-v0.1", "base")]),
        ("a/foo", (Base("finetune", "b/foo"),), []),
    ],
)
def test_a_name_says_that_a_model_was_tuned_only_by_a_word_of_its_own(name, bases, expected):
    assert seen("tuned_name", repo_id=name, bases=bases) == expected
