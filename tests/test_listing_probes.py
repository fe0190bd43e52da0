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


MLPACKAGE = "coreml/float32_model.mlpackage/Data/com.apple.CoreML/"


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
        (("optimizer_state.pt", "rng_state_0.pth", "random_states_0.pt"), [("no", "", "other:3")]),
        (("model.safetensors.md5", "pytorch_model.bin.lock", "model.bin.html"), [("no", "", "other:3")]),
        ((".cache/huggingface/download/model.safetensors.metadata",), [("no", "", "other:1")]),
        (("._model.safetensors", "LICENSE", "events.out.tfevents.17.host"), [("no", "", "other:3")]),
        (("bert_tokenizer.onnx",), [("not stated", "bert_tokenizer.onnx", "archive")]),
        (("preprocessor.onnx",), [("not stated", "preprocessor.onnx", "archive")]),
        (("train.bin", "val.bin"), [("not stated", "train.bin", "archive")]),
        (("embeddings.pt",), [("not stated", "embeddings.pt", "archive")]),
        (("wiki/base_1.bin",), [("not stated", "wiki/base_1.bin", "general")]),
        (("saved_model.pb",), [("not stated", "saved_model.pb", "general")]),
        (("data2vec_model.pt",), [("yes", "data2vec_model.pt", "pytorch:1")]),
        (("model.litertlm",), [("yes", "model.litertlm", "tflite:1")]),
        ((), [("no", "", "other:0")]),
        ((MLPACKAGE + "model.mlmodel", "pytorch_model.bin.index.json"),
         [("not stated", MLPACKAGE + "model.mlmodel", "general")]),
        ((MLPACKAGE + "model.mlmodel", MLPACKAGE + "weights/weight.bin"),
         [("yes", MLPACKAGE + "weights/weight.bin", "coreml:1")]),
        (("model.mlmodel",), [("yes", "model.mlmodel", "coreml:1")]),
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


@pytest.mark.parametrize(
    "name",
    ["model.dlc", "model.hef", "model.bst", "model.nnue", "model.traineddata", "model.onnx_data", "lm.binary", "model",
     "params.zarr/0.0", "a.bin.7z.001", "model.tar.lz4", "model.json", "model.pkl"],
)  # fmt: skip
def test_a_file_of_a_kind_that_we_do_not_know_is_never_proof_that_there_are_no_weights(name):
    assert seen("weight_files", files=("README.md", name), file_count=2) == [("not stated", name, "archive")]


def test_the_hubs_own_count_or_tag_stands_against_a_list_without_weights():
    shown: dict[str, object] = {"files": ("README.md",), "file_count": 1}
    assert seen("weight_files", parameters=7, **shown) == [("not stated", "", "contradicted")]
    assert seen("weights_counted", parameters=7, **shown) == []
    assert seen("weights_tagged", parameters=7, **shown) == [("yes", "7", "contradicted")]
    tagged = seen("weight_files", tags=("safetensors",), card_data={}, **shown)
    assert tagged == [("not stated", "", "contradicted")]


def test_the_hubs_count_settles_what_a_file_of_a_general_extension_is():
    shown: dict[str, object] = {"files": ("x_1.bin",), "file_count": 1}
    assert seen("weight_files", **shown) == [("not stated", "x_1.bin", "general")]
    assert seen("weights_tagged", **shown) == [("yes", "x_1.bin", "general")]
    assert seen("weight_files", parameters=7, **shown) == [("yes", "x_1.bin", "weights:1")]


@pytest.mark.parametrize(
    "files",
    [
        ("model-00001-of-00003.safetensors", "rng_state_0.pth"),
        ("model-00001-of-00003.safetensors", "train.bin"),
        ("model-1-of-3.safetensors",),
        ("model.gguf.part1of3",),
        ("model.gguf-split-a",),
        ("m.data-00000-of-00002",),
        ("model-00003-of-00002.safetensors", "model-00001-of-00002.safetensors"),
        ("mmproj-f16.gguf", "llama-00001-of-00005.gguf"),
        ("model_index.json", "unet/model.safetensors", "text_encoder/model-00001-of-00002.safetensors"),
        ("big.gguf.part1", "big.gguf.part3"),
    ],
)
def test_parts_are_compared_by_their_numbers_and_nothing_unlike_them_stands_in(files):
    assert [o for o, _, _ in seen("weight_shards", files=files, file_count=len(files))] == ["no"]


@pytest.mark.parametrize(
    "files",
    [
        ("m.data-00000-of-00002", "m.data-00001-of-00002"),
        ("a.gguf-split-a", "a.gguf-split-b"),
        ("Q8/a-00001-of-00002.gguf", "Q4/a-00001-of-00002.gguf", "Q4/a-00002-of-00002.gguf"),
    ],
)
def test_parts_that_are_all_there_are_whole_and_another_size_stands_in(files):
    assert [o for o, _, _ in seen("weight_shards", files=files, file_count=len(files))] == ["yes"]


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({"tags": ("lora",), "files": ("style.safetensors",)}, ["adapter"]),
        ({"library": "peft", "files": ("model.safetensors",)}, ["adapter"]),
        ({"tags": ("merge",)}, ["merge"]),
        ({"repo_id": "QuantFactory/Phi-3-mini-128k-instruct-GGUF"}, ["conversion"]),
        ({"repo_id": "Qwen/Qwen2-7B-Instruct-GGUF"}, []),
        ({"repo_id": "a/Foo-GGUF", "bases": (Base("quantized", "b/foo"),)}, []),
        ({"repo_id": "a/mergekit-free-name"}, []),
        ({"repo_id": "org/model"}, []),
    ],
)
def test_what_is_made_from_another_model_is_seen_where_no_base_is_declared_but_the_makers_own(fields, kinds):
    assert [kind for _, _, kind in seen("derived_without_base", **fields)] == kinds


def test_a_textual_inversion_is_an_adapter():
    files = ("learned_embeds.bin", "README.md")
    assert seen("adapter_only", files=files, file_count=2) == [("yes", "learned_embeds.bin", "")]


@pytest.mark.parametrize(
    ("tags", "card_data", "counted"),
    [
        (("safetensors", "en"), {"language": "en"}, True),
        (("safetensors",), None, False),
        (("safetensors",), {"tags": "safetensors,foo"}, False),
        (("tf",), {"language": ["tf"]}, False),
        (("pytorch",), {"library_name": "pytorch"}, False),
        (("safetensors", "x" * 4_000), {"license": "mit"}, False),  # the card's long list of tags was not kept
    ],
)
def test_a_tag_counts_as_the_hubs_own_only_where_no_word_of_the_front_matter_can_have_set_it(tags, card_data, counted):
    assert bool(seen("weights_counted", tags=tags, card_data=card_data)) == counted


@pytest.mark.parametrize("gated", ["", "false", "on-request", "NO"])
def test_a_word_about_access_that_we_do_not_know_is_neither_open_nor_gated(gated):
    assert seen("gating", gated=gated) == [("unavailable", gated, "")]


def test_a_private_repository_is_never_open_whatever_its_gate_says():
    assert seen("gating", gated="no", private=True) == [("unavailable", "true", "")]
    assert seen("gating", gated="manual", private=True) == [("yes", "manual", "manual")]
    assert seen("gating", gated="no", private=False) == [("no", "false", "no")]


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
        ("org/paligemma-3b-tuned", True),
        ("u/llama-7b-hf", True),
        ("u/alpaca-lora-7b", True),
        ("u/koala-13b", True),
        ("u/guanaco-33b", True),
        ("u/wizardlm-13b", True),
        ("u/vicuna-7b", True),
        ("u/R1-Distill-Llama-8B", True),
        ("u/WizardLM-2-7B", False),
        ("u/gemma-4-31B-tuned", False),
        ("u/gemma-3-4b-tuned", True),
        ("u/medgemma-4b-tuned", True),
        ("org/openllama-7b", False),
        ("meta-llama/Llama-3-8B", False),
        ("org/TinyLlama-1.1B", False),
        ("org/open_llama_3b", False),
        ("org/mistral-7b", False),
        ("org/medllama2_7b", True),
        ("u/Qwen1.5-7B-recipes", True),
        ("u/Qwen-7B-recipes", True),
        ("u/Qwen2-7B-recipes", False),
        ("u/Qwen2.5-7B-recipes", False),
        ("u/nllb-200-tuned", True),
        ("u/my-sdxl-birds", True),
        ("u/sd-class-butterflies-32", False),
        ("u/starcoderplus", False),
        ("u/adopt-13b", False),
        ("facebook/opt-13b", False),
        ("org/openllama2-7b", False),
    ],
)
def test_a_name_that_sounds_of_a_restricted_base_is_a_hint_unless_it_is_the_makers(name, suspected):
    assert bool(seen("suspected_base", repo_id=name, author=name.split("/")[0])) == suspected


@pytest.mark.parametrize(
    ("name", "kind", "bases", "suspected"),
    [
        ("u/psychologist", "chatglm", (), True),
        ("u/psychologist", "chatglm", (Base("finetune", "x/y"),), False),  # then that base is judged
        ("zai-org/chatglm3-6b", "chatglm", (), False),
        ("u/quality-13b", "mplug_owl2", (), True),
        ("u/invoice-reader", "layoutlmv2", (), True),
        ("u/T-Llama-v1.1", "llama", (), True),
        ("u/T-Llama-v1.1", "gpt2", (), False),
        ("u/TinyLlama-tuned", "llama", (), False),
        ("u/heron-7b", "llama", (), False),  # others have trained such models from scratch
        ("u/heron-7b", "bloom", (), False),
    ],
)
def test_a_kind_of_configuration_that_only_one_restricted_family_has_is_a_hint(name, kind, bases, suspected):
    row = seen("suspected_base", repo_id=name, author=name.split("/")[0], model_type=kind, bases=bases)
    assert bool(row) == suspected


@pytest.mark.parametrize(
    ("name", "base", "suspected"),
    [
        ("a/Meta-Llama-3-8B-Instruct-abliterated", "x/harmless", True),
        ("a/Meta-Llama-3-8B-Instruct-abliterated", "meta-llama/Meta-Llama-3-8B-Instruct", False),
        ("a/Meta-Llama-3-8B-Instruct-abliterated", "b/llama-3-8b-tuned", False),
        ("a/my-gemma-2b", "google/flan-t5-base", True),
        ("a/my-gemma-2b", "google/gemma-2b", False),
        ("a/mistral-7b-tuned", "x/harmless", False),
    ],
)
def test_a_harmless_declared_base_does_not_explain_the_name_of_another_family(name, base, suspected):
    assert bool(seen("suspected_base", repo_id=name, author="a", bases=(Base("finetune", base),))) == suspected


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
    assert all(e.place and (e.outcome != Outcome.ERROR or e.probe == "visible_name") for e in found)
    assert any(e.probe == "visible_name" for e in found) == (not name.isprintable())
    assert all(isinstance(e, Evidence) and e.dimension in set(Dimension) for e in found)


@pytest.mark.parametrize("name", ["a" * 200_000, "-" * 200_000 + ".bin", "train_" * 40_000 + ".txt", "step1/" * 40_000])
def test_names_made_to_be_slow_are_read_in_linear_time(name):
    began = time.process_time()
    run_listing_probes(repo(repo_id=name[:5_000], files=(name,), file_count=1, tags=(name,)))
    assert time.process_time() - began < 20  # a square would take hours


def test_thousands_of_files_that_each_claim_to_be_one_of_many_are_sorted_quickly():
    began = time.process_time()
    found = sort_files(tuple(f"m{i}-1-of-99999.safetensors" for i in range(2_000)))
    assert found.missing is not None
    assert time.process_time() - began < 10


def test_every_probe_asks_a_question():
    assert all(p.question.endswith("?") for p in listing_probes())


def test_one_format_may_have_thousands_of_files():
    names = tuple(f"part-{i:05}-of-02000.safetensors" for i in range(1, 2_001))
    assert sort_files(names).shards == ((names[0], 2_000, 2_000, True),)
    assert sort_files(names).missing is None


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


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"repo_id": "EleutherAI/pythia-12b"}, [("yes", "EleutherAI/pythia-12b", "public: Pythia (the Pile)")]),
        ({"bases": (Base("finetune", "mistralai/Mistral-7B-v0.1", "hub"),)},
         [("yes", "mistralai/Mistral-7B-v0.1", "withheld: Mistral 7B (arXiv:2310.06825)")]),
        ({"license": "llama2", "tags": ("license:llama2",)},
         [("yes", "llama2", "withheld: Llama 2 (arXiv:2307.09288, 2.1)")]),
        ({"license": "llama2", "bases": (Base("finetune", "a/b", "hub"),)}, []),
        ({"repo_id": "org/Mistral-7B-v0.1"}, []),
        ({"license": "apache-2.0"}, []),
    ],
)  # fmt: skip
def test_what_is_known_of_a_familys_data_goes_by_id_base_or_licence_and_never_by_a_name(fields, expected):
    assert seen("family_pretraining", **fields) == expected


@pytest.mark.parametrize("name", ["Qwen/Qwen2.5-VL-7B-Instruct", "Qwen/Qwen2.5-Omni-7B", "zai-org/glm-4v-9b",
                                  "microsoft/Phi-3-vision-128k-instruct", "Qwen/Qwen2-Audio-7B"])  # fmt: skip
def test_what_was_read_of_a_familys_text_models_says_nothing_of_those_that_see_or_hear(name):
    assert not seen("family_pretraining", repo_id=name)
    assert not seen("family_pretraining", bases=(Base("finetune", name, "hub"),))
    assert not seen("family_tuning", repo_id=name)
    for text in ("Qwen/Qwen2.5-7B-Instruct", "mistralai/Mistral-7B-v0.1", "openai/whisper-large-v3"):
        assert seen("family_pretraining", repo_id=text)


def test_only_the_makers_own_models_are_of_a_family_whose_tuning_data_is_withheld():
    assert seen("family_tuning", repo_id="Qwen/Qwen2-72B-Instruct")
    assert not seen("family_tuning", bases=(Base("finetune", "Qwen/Qwen2-72B", "hub"),))
    assert not seen("family_tuning", repo_id="NousResearch/Llama-2-7b-chat-hf")
