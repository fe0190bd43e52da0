"""The base-model graph: what is inherited, what is unknown, what a conflict reads like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.records import Base
from index import licenses
from index.lineage import (
    Claim,
    Handed,
    ancestors_first,
    candidates,
    eligible,
    hand_down,
    inherit,
    is_same_model,
    strictest,
    together,
)
from index.model import Dimension, Level, Outcome, Restriction, Value

LICENSE = licenses.catalogue()


def handed(name: str, license_: str = "apache-2.0", **fields: object) -> Handed:
    free = LICENSE[license_].is_conformant
    base = Handed(
        name, license_, Level.L6 if free else Level.L2, Level.L6 if free else Level.L2,
        Restriction(LICENSE[license_].restriction), "unknown", "open", "unknown", "open", is_root=True,
    )  # fmt: skip
    return base._replace(**fields)


def take(own: str, *bases: Handed | str, relation: str = "finetune", name: str = "org/child", **more):
    """What a model under `own` inherits from these bases; a name alone is a base that is not known."""
    known = {b.repo_id: b for b in bases if isinstance(b, Handed)}
    declared = [Base(relation, b.repo_id if isinstance(b, Handed) else b) for b in bases]
    return inherit(LICENSE[own], own, "tags", declared, known.get, name=name, **more)


def test_the_most_restrictive_licence_of_all_ancestors_is_the_effective_one():
    found = take("apache-2.0", handed("a/open"), handed("meta/llama", "llama3.1"), handed("b/nc", "cc-by-nc-4.0"))
    assert found.limits.license.id == "cc-by-nc-4.0"
    assert found.limits.imposed_by == "b/nc"


def test_of_equally_strict_licences_the_models_own_is_the_effective_one():
    limits = take("apache-2.0", handed("a/mit", "mit"), handed("b/unlicense", "unlicense")).limits
    assert (limits.license.id, limits.imposed_by) == ("apache-2.0", "")
    assert take("llama3.1", handed("a/older", "llama3.2")).limits.license.id == "llama3.1"
    assert take("apache-2.0", handed("a/gpl", "gpl-3.0")).limits.license.id == "gpl-3.0"


def test_a_conflict_is_told_as_a_path():
    found = take("apache-2.0", handed("meta-llama/Llama-3.1-8B", "llama3.1"))
    assert [link.conflict for link in found.links] == ["tag apache-2.0, but base meta-llama/Llama-3.1-8B: llama3.1"]
    assert [e.place for e in found.evidence if e.probe == "license_conflict"] == ["base:meta-llama/Llama-3.1-8B"]


def test_the_same_restricted_licence_on_both_is_no_conflict():
    assert take("llama3.1", handed("meta-llama/Llama-3.1-8B", "llama3.1")).links[0].conflict == ""


def test_a_base_that_is_not_on_the_hub_keeps_level_three_from_being_proved_but_excludes_nothing():
    limits = take("mit", "gone/model").limits
    assert (limits.allows, limits.allows_max, limits.why) == (Level.L2, Level.L6, Restriction.UNKNOWN_BASE)


@pytest.mark.parametrize(
    ("base", "terms"),
    [
        ("meta-llama/Meta-Llama-3.1-8B-Instruct", "llama3.1"),
        ("decapoda-research/llama-7b-hf", "llama"),
        ("black-forest-labs/FLUX.1-dev", "flux-1-dev-non-commercial-license"),
        ("CohereForAI/aya-23-8B", "cc-by-nc-4.0"),
        ("stabilityai/stable-diffusion-3-medium", "stabilityai-ai-community"),
        ("mistralai/Mistral-Large-Instruct-2407", "mrl"),
        ("mistralai/Codestral-22B-v0.1", "mnpl"),
        ("Qwen/Qwen2-72B-Instruct", "tongyi-qianwen"),
        ("Qwen/Qwen2.5-3B-Instruct", "qwen-research"),
        ("databricks/dbrx-base", "databricks-open-model-license"),
    ],
)
def test_a_base_that_we_do_not_have_binds_by_its_familys_terms_where_they_are_known(base, terms):
    found = take("apache-2.0", base)
    assert (found.limits.license.id, found.limits.imposed_by, found.limits.allows_max) == (terms, base, Level.L2)
    assert [link[1:] for link in found.links] == [(None, terms, f"tag apache-2.0, but base {base}: {terms}")]
    assert take("apache-2.0", "black-forest-labs/FLUX.1-schnell").limits.license.id == "apache-2.0"
    assert take("apache-2.0", base, name=base).limits.license.id == "apache-2.0", "a name of its own is no base"


def test_how_one_gets_at_a_base_binds_nobody_who_takes_what_was_made_from_it():
    own = take("apache-2.0").limits
    gated_by_hand = hand_down("a/gated", Level.L6, Restriction.NONE, own, {"end_weights": "partial"})
    child = take("apache-2.0", gated_by_hand)
    assert (child.limits.allows, child.limits.allows_max) == (Level.L6, Level.L6)
    assert [e.value for e in child.evidence if e.dimension == "base_weights" and e.probe == "inherited"] == ["partial"]


def test_the_licence_behind_a_gate_binds():
    gate = hand_down("meta/llama", Level.L2, Restriction.COMMUNITY, take("llama3").limits, {})
    child = take("apache-2.0", gate).limits
    assert (child.allows, child.allows_max, child.why) == (Level.L2, Level.L2, Restriction.COMMUNITY)


def test_a_base_without_weights_is_an_unknown_base_and_not_a_restricted_one():
    own = take("apache-2.0").limits
    empty = hand_down("a/card-only", Level.L0, Restriction.NO_WEIGHTS, own, {})
    child = take("apache-2.0", empty).limits
    assert (child.allows, child.allows_max, child.why) == (Level.L2, Level.L6, Restriction.UNKNOWN_BASE)


def test_a_licence_is_inherited_through_a_base_that_has_no_weights():
    own = take("llama3").limits
    empty = hand_down("a/card-only", Level.L0, Restriction.NO_WEIGHTS, own, {})
    child = take("mit", empty).limits
    assert (child.allows_max, child.license.id) == (Level.L2, "llama3")


def test_documentation_that_is_missing_is_not_inherited():
    own = take("mit").limits
    plain = hand_down("a/plain", Level.L6, Restriction.NONE, own, {})
    assert take("mit", plain).limits.allows is Level.L6


def test_a_fine_tune_has_its_bases_data_as_base_data():
    found = take("mit", handed("a/base", end_data="partial"))
    assert ("base_data", "partial", "base:a/base") in [(e.dimension, e.value, e.place) for e in found.evidence]
    assert not [e for e in found.evidence if e.dimension == Dimension.END_DATA]


def test_tuning_data_of_a_base_that_may_have_an_undeclared_base_is_nobodys_base_data():
    tune = handed("a/mini", end_data="open")._replace(allows=Level.L2, why=Restriction.UNKNOWN_BASE)
    assert not [e for e in take("mit", tune).evidence if e.dimension == Dimension.BASE_DATA]


def test_a_fine_tune_of_a_fine_tune_has_the_data_of_the_first_base():
    found = take("mit", handed("a/chat", is_root=False, base_data="closed", end_data="open"))
    assert [e.value for e in found.evidence if e.dimension == Dimension.BASE_DATA] == ["closed"]


def test_a_quantisation_has_all_cells_of_the_model_it_copies():
    found = take("mit", handed("a/chat", is_root=False, base_data="closed", end_data="open"), relation="quantized")
    assert {(e.dimension, e.value) for e in found.evidence if e.probe == "inherited"} >= {
        ("base_data", "closed"), ("end_data", "open"),
    }  # fmt: skip


@pytest.mark.parametrize(("name", "same"), [("x/Yi-6B-GGUF", True), ("x/model-4bit", True), ("x/Yi-6B-chat", False)])
def test_a_copy_in_another_format_is_known_by_name_only_where_no_relation_is_stated(name, same):
    assert is_same_model(Base("", "a/b"), name) is same
    assert is_same_model(Base("finetune", "a/b"), name) is False


def test_an_unknown_base_among_several_leaves_their_common_cell_unknown():
    assert together(["open", None]) == Value.UNKNOWN
    assert together(["open", "closed"]) == Value.PARTIAL
    assert together(["open", "open"]) == "open"
    assert together([]) == Value.UNKNOWN


def test_a_cycle_is_reported_and_its_licences_bind_all_of_it():
    found = take("mit", handed("a/b"), cycle=["a/b"], peers=[LICENSE["llama3"]])
    assert found.limits.license.id == "llama3"
    assert [(e.outcome, e.value) for e in found.evidence if e.probe == "known_bases"] == [(Outcome.NO, "cycle")]


def test_a_model_that_names_itself_as_base_is_its_own_cycle():
    found = take("mit", handed("org/child"), name="org/child")
    assert found.limits.allows is Level.L2


def test_old_ownerless_names_are_looked_up_under_their_new_owners_and_other_names_under_nobodys():
    assert list(candidates("gpt2")) == ["gpt2", "openai-community/gpt2"]
    assert list(candidates("distilbert-base-uncased"))[1:] == ["distilbert/distilbert-base-uncased"]
    assert list(candidates("run1")) == ["run1"], "a folder's name is nobody's model, though microsoft/run1 exist"
    assert list(candidates("org/model")) == ["org/model"]


def test_a_name_means_none_that_was_created_after_what_was_made_from_it():
    claims = [Claim(1, "2024-01-02T00:00:00.000Z"), Claim(2, "2024-01-01T00:00:00Z"), Claim(3, None)]
    assert [c.repo for c in eligible(claims, "2024-01-01T00:00:00.000Z")] == [2, 3]
    assert [c.repo for c in eligible(claims, None)] == [1, 2, 3]


def test_of_several_claimants_of_a_name_the_strictest_binds_and_an_unjudged_one_leaves_the_base_unknown():
    one, other = handed("a/b", end_data="open"), handed("a/b", "llama3", end_data="closed")
    for claimed in ([one, other], [other, one]):
        found = strictest(claimed)
        assert (found.license, found.allows, found.allows_max, found.why) == ("llama3", 2, 2, "community")
        assert (found.end_data, found.end_weights) == ("unknown", "open"), "only cells that they agree on"
    assert strictest([one, None]) is None
    assert strictest([]) is None
    assert strictest([one]) is one


def test_ten_thousand_bases_bind_by_licence_and_are_quoted_by_dozen():
    found = take("mit", *(handed(f"a/b{i}", "llama3" if i == 9_999 else "mit") for i in range(10_000)))
    assert found.limits.license.id == "llama3"
    assert len(found.evidence) < 40


NAMES = [f"m{i}" for i in range(8)]


@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from([*NAMES, "outside"]), max_size=4)))
def test_every_group_comes_after_all_that_it_descends_from_and_each_name_once(bases):
    groups = list(ancestors_first(bases))
    done: set[str] = set()
    for group in groups:
        for name in group:
            assert all(b in done or b in group or b not in bases for b in bases[name])
        done |= set(group)
    assert sorted(name for group in groups for name in group) == sorted(bases)


def test_a_chain_of_a_hundred_thousand_needs_no_recursion():
    chain = {f"m{i}": [f"m{i + 1}"] for i in range(100_000)}
    first = next(iter(ancestors_first(chain)))
    assert first == ("m99999",)
