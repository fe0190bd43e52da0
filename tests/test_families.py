"""Families: makers' repositories by pattern, everybody else's by lineage, and what readers type."""

import json
import lzma
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import families, licenses
from index.families import family_of, family_of_lineage, find_families, find_family

DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.mark.parametrize(
    ("repo_id", "family"),
    [
        ("huggyllama/llama-7b", "Llama 1"),
        ("meta-llama/Llama-2-7b-chat-hf", "Llama 2"),
        ("meta-llama/Meta-Llama-3-8B", "Llama 3"),
        ("meta-llama/Meta-Llama-3.1-8B", "Llama 3.1"),
        ("meta-llama/Llama-3.1-8B-Instruct", "Llama 3.1"),
        ("meta-llama/Llama-3.2-11B-Vision", "Llama 3.2"),
        ("meta-llama/Llama-3.3-70B-Instruct", "Llama 3.3"),
        ("meta-llama/Llama-4-Scout-17B-16E", "Llama 4"),
        ("meta-llama/Llama-Guard-3-8B", "Llama Guard"),
        ("meta-llama/Meta-Llama-Guard-2-8B", "Llama Guard"),
        ("meta-llama/LlamaGuard-7b", "Llama Guard"),
        ("meta-llama/CodeLlama-7b-hf", "Code Llama"),
        ("mistralai/Mistral-7B-v0.1", "Mistral 7B"),
        ("mistralai/Mistral-Nemo-Base-2407", "Mistral Nemo"),
        ("mistralai/Something-New", "Mistral, others"),
        ("google/gemma-7b-it", "Gemma 1"),
        ("google/gemma-1.1-7b-it", "Gemma 1"),
        ("google/gemma-2b", "Gemma 1"),
        ("google/gemma-2-2b", "Gemma 2"),
        ("google/gemma-3-1b-it", "Gemma 3"),
        ("google/gemma-3n-E4B-it", "Gemma 3n"),
        ("google/paligemma2-3b-pt-224", "PaliGemma 2"),
        ("google/flan-t5-base", "Flan-T5"),
        ("google/mt5-base", "mT5"),
        ("Qwen/Qwen-7B", "Qwen 1"),
        ("Qwen/CodeQwen1.5-7B", "Qwen 1.5"),
        ("Qwen/Qwen2-7B", "Qwen 2"),
        ("Qwen/Qwen2.5-Coder-7B-Instruct", "Qwen 2.5"),
        ("Qwen/Qwen3.5-9B", "Qwen 3.5"),
        ("deepseek-ai/DeepSeek-V2-Lite", "DeepSeek V2"),
        ("deepseek-ai/DeepSeek-V3-0324", "DeepSeek V3"),
        ("deepseek-ai/DeepSeek-R1-0528", "DeepSeek R1"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", "DeepSeek R1 Distill"),
        ("deepseek-ai/DeepSeek-R1-0528-Qwen3-8B", "DeepSeek R1 Distill"),
        ("deepseek-ai/DeepSeek-Coder-V2-Instruct", "DeepSeek Coder V2"),
        ("deepseek-ai/deepseek-coder-6.7b-base", "DeepSeek Coder"),
        ("tiiuae/falcon-40b-instruct", "Falcon 1"),
        ("tiiuae/falcon-180B-chat", "Falcon 180B"),
        ("black-forest-labs/FLUX.1-schnell", "FLUX.1"),
        ("black-forest-labs/FLUX.1-Kontext-dev", "FLUX.1 dev"),
        ("tiiuae/Falcon3-7B-Base", "Falcon 3"),
        ("allenai/OLMo-2-1124-7B", "OLMo 2"),
        ("allenai/Olmo-3-7B-Think", "OLMo 3"),
        ("EleutherAI/pythia-6.9b-deduped-v0", "Pythia"),
        ("bigscience/bloom", "BLOOM"),
        ("bigscience/bloomz-7b1", "BLOOMZ"),
        ("bigcode/starcoder2-3b", "StarCoder 2"),
        ("microsoft/phi-1_5", "Phi-1"),
        ("stable-diffusion-v1-5/stable-diffusion-v1-5", "Stable Diffusion 1"),
        ("stabilityai/stable-diffusion-3.5-large", "Stable Diffusion 3.5"),
        ("stabilityai/sdxl-turbo", "Stable Diffusion XL"),
        ("gpt2", "GPT-2"),
        ("openai-community/gpt2-xl", "GPT-2"),
        ("META-LLAMA/llama-2-7B", "Llama 2"),
    ],
)
def test_a_makers_repository_is_of_its_family(repo_id, family):
    assert family_of(repo_id) == family


@pytest.mark.parametrize(
    "repo_id",
    [
        "unsloth/llama-3-8b",
        "TheBloke/Llama-2-7B-Chat-GGUF",
        "someone/Meta-Llama-3-8B",
        "EleutherAI/Mistral-7B-v0.1-nli",
        "EleutherAI/Meta-Llama-3-8B-sciq",
        "EleutherAI/pythia-1.4b-authors",
        "meta-llama/../Llama-2-7b",
        "bigscience/tr5b-1B3-multilingual-alpha-logs",
        "llama-3",
        "meta-llama/",
        "a/b/c",
        "/",
        "",
    ],
)
def test_a_name_alone_makes_nobody_a_member(repo_id):
    assert family_of(repo_id) is None


def test_a_derivative_is_of_the_family_of_its_nearest_ancestor_and_never_official():
    tune = ["someone/merge", "meta-llama/Meta-Llama-3-8B", "meta-llama/Llama-2-7b-hf"]
    assert family_of_lineage("unsloth/llama-3-8b", tune) == ("Llama 3", False)
    assert family_of_lineage("x/y", ["x/z"]) == (None, False)
    assert family_of_lineage("x/y", []) == (None, False)


def test_a_makers_own_pattern_comes_before_its_ancestors():
    found = family_of_lineage("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", ["meta-llama/Llama-3.1-8B"])
    assert found == ("DeepSeek R1 Distill", True)


def test_a_mirror_counts_to_the_family_and_is_not_official():
    assert family_of_lineage("NousResearch/Meta-Llama-3-8B", []) == ("Llama 3", False)
    assert family_of_lineage("NousResearch/Hermes-2-Pro-Llama-3-8B", []) == (None, False)
    assert not families.is_official("NousResearch/Meta-Llama-3-8B")
    assert families.is_official("meta-llama/Meta-Llama-3-8B")


@pytest.mark.parametrize(
    ("typed", "family"),
    [
        ("Llama 3", "Llama 3"), ("llama3", "Llama 3"), ("llama-3", "Llama 3"), ("LLAMA_3.1", "Llama 3.1"),
        ("Meta-Llama-3", "Llama 3"), ("codellama", "Code Llama"), ("sdxl", "Stable Diffusion XL"), ("tulu", "Tülu"),
        ("gpt2", "GPT-2"), ("qwen2.5", "Qwen 2.5"), ("  bloom ", "BLOOM"), ("flan t5", "Flan-T5"), ("flux.1", "FLUX.1"),
    ],
)  # fmt: skip
def test_a_family_is_found_as_people_type_it(typed, family):
    found = find_family(typed)
    assert found is not None
    assert found.name == family


def test_a_version_is_never_guessed():
    assert find_family("llama31") is None
    assert find_family("llama") is None
    assert find_family("") is None
    assert "Llama 3.1" in families.suggest_families("llama31")
    assert families.suggest_families("") == ()


def test_a_name_without_a_version_means_all_generations():
    assert [f.name for f in find_families("llama")][:4] == ["Llama 1", "Llama 2", "Llama 3", "Llama 3.1"]
    assert {f.line for f in find_families("Stable Diffusion")} == {"Stable Diffusion"}
    assert [f.name for f in find_families("olmo 2")] == ["OLMo 2"]
    assert find_families("nothing like it") == ()
    assert find_families("") == ()


def test_every_family_finds_itself_and_follows_an_older_one():
    by_name = {f.name: f for f in families.families()}
    for family in families.families():
        assert find_family(family.name) is family
        before = by_name.get(family.predecessor or "")
        if before and before.released and family.released:
            assert before.released < family.released
        assert family.released is None or date(2018, 1, 1) < family.released < date(2027, 1, 1)


def test_what_is_known_of_a_familys_data_has_a_source():
    known = {f.name: f.pretraining for f in families.families() if f.pretraining}
    assert known["Mistral 7B"].told == "withheld"
    assert known["Pythia"].told == "public"
    assert all(told.source and (told.told == "withheld" or not told.tuning_withheld) for told in known.values())
    assert families.pretraining_of("Llama 1") is None
    assert families.pretraining_of("nothing like it") is None


def test_the_terms_of_a_family_are_a_licence_that_open_source_does_not_allow():
    named = {f.name: f.terms for f in families.families() if f.terms}
    assert named["Llama 2"] == "llama2"
    assert {licenses.catalogue()[terms].conformant for terms in named.values()} == {"no"}
    assert families.terms_of("Mistral 7B") == ""


def test_the_pattern_with_the_most_letters_is_never_a_tie_between_two_families():
    patterns = [(p.lower(), f.name) for f in families.families() for p in (*f.patterns, *f.mirrors)]
    assert len({p for p, _ in patterns}) == len(patterns)


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[[family]]\nname="A"\nmaker="m"\npatterns=[]', "no pattern"),
        ('[[family]]\nname="A 2"\nmaker="m"\npatterns=["m/a"]\npredecessor="A"', "not a family"),
        ('[[family]]\nname="A"\nmaker="m"\npatterns=["m/a"]\n[[family]]\nname="B"\nmaker="m"\npatterns=["m/b"]\naliases=["a"]',
         "means both"),
        ('[[family]]\nname="A"\nmaker="m"\npatterns=["m/a"]\npretraining=["perhaps","paper"]', "of its data"),
    ],
)  # fmt: skip
def test_a_file_that_contradicts_itself_is_refused(toml, said):
    with pytest.raises(ValueError, match=said):
        families.parse_families(toml)


@given(st.text(max_size=60))
def test_any_text_is_answered(text):
    assert family_of(text) is None or isinstance(family_of(text), str)
    find_families(text)
    families.suggest_families(text)


@pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data here")
def test_on_real_listings_only_known_organisations_have_families_and_dates_agree_with_the_hub():
    first: dict[str, str] = {}
    third_parties = set()
    owners = {p.split("/")[0].lower() for f in families.families() for p in (*f.patterns, *f.mirrors) if "/" in p}
    with lzma.open(DATA / "hub-small.jsonl.xz", "rt") as lines:
        for row in map(json.loads, lines):
            family = family_of(row["id"])
            if family is None:
                continue
            if row["id"].split("/")[0].lower() not in owners:
                third_parties.add(row["id"])
            if row.get("createdAt", "") > "2022-03-03":  # before that day the Hub kept no dates
                first[family] = min(first.get(family, "9"), row["createdAt"][:10])
    assert not third_parties
    assert len(first) > 60
    for family in families.families():
        if family.released and family.name in first and family.released > date(2022, 3, 3):
            made = date.fromisoformat(first[family.name])
            # Repositories are made weeks, once three months, before a release (and stay empty), never years.
            assert (family.released - made).days < 120, family.name


def test_a_makers_own_model_is_a_root_only_where_its_family_and_its_name_leave_no_doubt() -> None:
    assert families.root_family("meta-llama/Meta-Llama-3-8B") == "Llama 3"
    assert families.root_family("NousResearch/Meta-Llama-3-8B") is None  # a copy
    assert families.root_family("facebook/bart-large-mnli") is None  # of a family whose tuned models do not say so
    assert families.root_family("codellama/CodeLlama-7b-hf") is None  # made from Llama 2
    assert families.root_family("u/heron") is None
