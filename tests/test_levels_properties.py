"""Laws of the levels: what must hold for any evidence whatever, checked on generated evidence."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawler.records import Base
from index import licenses
from index.levels import Limit, assess, binding, find_limits, settle
from index.lineage import Handed, Limits, hand_down, inherit
from index.model import Dimension, Evidence, Judgement, Level, Outcome, Restriction, Value
from index.rules import all_rules, judge_dimensions
from index.seen import Seen

D = Dimension
CATALOGUE = tuple(licenses.catalogue().values())
ANY_LICENSE = st.sampled_from(CATALOGUE)
CLEAR = Limits(licenses.catalogue()["apache-2.0"], "", Level.L6, Level.L6, Restriction.NONE, is_root=True)

PROBES = sorted({probe for rule in all_rules() for probe in rule.reads} | {
    "weight_files", "weight_shards", "weights_counted", "weights_tagged", "disabled", "gating", "adapter_only",
    "derived_without_base", "suspected_base", "stated_base_terms", "license_files", "license_statement", "use_restriction", "declared_bases", "card_sections",
    "evaluation_results", "intermediate_checkpoints", "claims", "training_setup",
})  # fmt: skip
VALUES = st.sampled_from(
    ["", "no", "auto", "manual", "safetensors:2", "other:3", "training_data: 40 words", "evaluation: 12 words",
     "limitations: 9 words", "open", "partial", "closed", "apache-2.0", "llama3", "org/data", "open-source",
     "template: 40 placeholders"]
)  # fmt: skip
EVIDENCE = st.builds(
    Evidence,
    st.sampled_from([*map(str, Dimension), "claim"]),
    st.sampled_from(PROBES),
    st.sampled_from(list(map(str, Outcome))),
    st.sampled_from(["", "words", "true"]),
    st.sampled_from(["tags", "siblings", "README.md#1-9", "base:org/name"]),
    VALUES,
)
SOME = st.lists(EVIDENCE, max_size=25)
HANDED = st.builds(
    Handed,
    st.just("org/base"),
    st.sampled_from([license.id for license in CATALOGUE]),
    st.sampled_from([Level.L2, Level.L6]),
    st.just(Level.L6),
    st.sampled_from([Restriction.UNKNOWN_BASE]),
    *[st.sampled_from(list(map(str, Value)))] * 4,
    st.booleans(),
)


def limits_of(license: licenses.License, bases: list[Handed]) -> Limits:
    names = {f"org/base{i}": base for i, base in enumerate(bases)}
    return inherit(license, license.id, "tags", [Base("finetune", n) for n in names], names.get).limits


@given(SOME, ANY_LICENSE, st.lists(HANDED, max_size=3))
def test_what_is_proved_is_never_above_what_is_not_excluded(evidence, license, bases):
    made = assess(judge_dimensions(evidence), evidence, limits_of(license, bases))
    assert made.level <= made.level_max


@given(SOME, st.permutations(range(25)), ANY_LICENSE)
def test_the_order_of_the_evidence_changes_nothing(evidence, order, license):
    shuffled = [evidence[i] for i in order if i < len(evidence)]
    first, second = (assess(judge_dimensions(e), e, limits_of(license, [])) for e in (evidence, shuffled))
    assert first._replace(evidence=()) == second._replace(evidence=())


@given(SOME, SOME)
def test_judging_twice_gives_the_same(evidence, other):
    first = judge_dimensions(evidence)
    judge_dimensions(other)
    assert judge_dimensions(evidence) == first


@given(SOME)
def test_the_fourteen_dimensions_are_judged_once_each_and_in_order(evidence):
    assert [j.dimension for j in judge_dimensions(evidence)] == list(map(str, Dimension))


@given(SOME)
def test_a_rule_applies_only_where_a_probe_that_it_says_it_reads_has_reported(evidence):
    seen = Seen(evidence)
    for rule in all_rules():
        if rule.reads.isdisjoint(seen.told()):
            assert rule.when(seen, {}) is None


@given(SOME)
def test_closed_is_never_said_without_a_probe_that_said_yes_or_no(evidence):
    silent = [e for e in evidence if e.outcome not in (Outcome.YES, Outcome.NO)]
    assert Value.CLOSED not in {j.value for j in judge_dimensions(silent)}


RESTRICTIONS = st.sampled_from([
    Evidence(D.END_WEIGHTS, "disabled", Outcome.YES, "true", "disabled"),
    Evidence(D.END_WEIGHTS, "gating", Outcome.YES, "auto", "gated", "auto"),
    Evidence(D.END_WEIGHTS, "gating", Outcome.YES, "manual", "gated", "manual"),
    Evidence(D.END_WEIGHTS, "weight_files", Outcome.NO, "", "siblings", "other:3"),
    Evidence(D.LICENSE, "use_restriction", Outcome.YES, "research only", "README.md#0-9", "research only"),
    Evidence(D.LICENSE, "stated_terms", Outcome.YES, "not for sale", "README.md#0-9", "use-limit"),
    Evidence(D.LICENSE, "hidden_terms", Outcome.YES, "no\u200bn-commercial", "README.md#0-9", "use_restriction: non-commercial"),
    Evidence(D.BASE_WEIGHTS, "hidden_terms", Outcome.YES, "Lla\u200bma 2", "README.md#0-9", "stated_base_terms: Llama 2: llama2"),
    Evidence(D.LICENSE, "license_text_conflict", Outcome.YES, "not for sale", "LICENSE#0-9", "declared mit, but LICENSE says else"),
    Evidence(D.LICENSE, "license_statement", Outcome.YES, "under CC BY-NC 4.0", "README.md#0-9", "cc-by-nc-4.0"),
    Evidence(D.BASE_WEIGHTS, "stated_base_license", Outcome.YES, "of nc/base", "README.md#0-9", "nc/base: cc-by-nc-4.0"),
    Evidence(D.BASE_WEIGHTS, "suspected_base", Outcome.YES, "llama-3", "id", "llama"),
    Evidence(D.BASE_WEIGHTS, "stated_base_terms", Outcome.YES, "of Llama 2", "README.md#0-9", "Llama 2: llama2"),
    Evidence(D.END_WEIGHTS, "readable_row", Outcome.UNAVAILABLE, "", "listing", "2026-11-20"),
    Evidence(D.END_WEIGHTS, "visible_name", Outcome.ERROR, "a/b\u200b", "id", "the name has characters that nobody sees"),
    Evidence(D.BASE_WEIGHTS, "adapter_only", Outcome.YES, "adapter_model.bin", "siblings"),
    Evidence(D.BASE_WEIGHTS, "derived_without_base", Outcome.YES, "merge", "tags", "merge"),
])  # fmt: skip


@given(SOME, RESTRICTIONS)
def test_a_restriction_that_is_found_never_raises_a_level(evidence, restriction):
    values = {j.dimension: j.value for j in judge_dimensions(evidence)}
    before = settle(find_limits(values, Seen(evidence), CLEAR))
    after = settle(find_limits(values, Seen([*evidence, restriction]), CLEAR))
    assert after[0] <= before[0]
    assert after[1] <= before[1]


@given(
    SOME, st.lists(st.sampled_from(["a", "b", "c", "c4", "x-wikipedia", "pile"]), min_size=1, unique=True), st.data()
)
def test_a_data_set_that_is_out_of_reach_never_makes_the_data_more_open(evidence, names, data):
    listed = [Evidence(D.END_DATA, "named_datasets", Outcome.YES, f"o/{n}", "tags", f"o/{n}") for n in names]
    reached = data.draw(st.lists(st.sampled_from(names), unique=True))
    shown = [Evidence(D.END_DATA, "data_access", Outcome.YES, "open", f"dataset:o/{n}", f"o/{n}") for n in reached]
    way, shut = data.draw(st.sampled_from(["auto", "manual", "hidden", "missing"])), data.draw(st.sampled_from(names))
    refused = Evidence(D.END_DATA, "data_access", Outcome.NO, way, f"dataset:o/{shut}", f"o/{shut}")
    rank = {Value.OPEN: 2, Value.PARTIAL: 1}
    before, after = (
        {j.dimension: rank.get(Value(j.value), 0) for j in judge_dimensions(found)}
        for found in ([*evidence, *listed, *shown], [*evidence, *listed, *shown, refused])
    )
    assert after[D.END_DATA] <= before[D.END_DATA]
    assert after[D.BASE_DATA] <= before[D.BASE_DATA]


@given(SOME, ANY_LICENSE, ANY_LICENSE)
def test_a_second_licence_never_raises_a_level(evidence, own, other):
    values = {j.dimension: j.value for j in judge_dimensions(evidence)}
    both = licenses.most_restrictive((own, other))
    alone = settle(find_limits(values, Seen(evidence), limits_of(own, [])))
    together = settle(find_limits(values, Seen(evidence), limits_of(both, [])))
    assert together[0] <= alone[0]


@given(SOME, ANY_LICENSE, st.lists(HANDED, min_size=1, max_size=4))
def test_a_child_is_never_above_what_each_of_its_ancestors_allows(evidence, license, bases):
    made = assess(judge_dimensions(evidence), evidence, limits_of(license, bases))
    assert made.level <= min(base.allows for base in bases)
    assert made.level_max <= min(base.allows_max for base in bases)


@given(SOME, ANY_LICENSE, st.lists(HANDED, max_size=3))
def test_no_model_under_a_licence_that_is_not_conformant_is_open_weights(evidence, license, bases):
    limits = limits_of(license, bases)
    made = assess(judge_dimensions(evidence), evidence, limits)
    inherited = [licenses.catalogue()[base.license] for base in bases]
    if not all(one.is_conformant for one in (license, *inherited)):
        assert made.level < Level.L3


@given(SOME, ANY_LICENSE, st.lists(HANDED, max_size=2))
def test_what_is_made_from_a_model_that_is_below_l3_by_weights_licence_or_lineage_is_below_l3_itself(
    evidence, license, bases
):
    limits = limits_of(license, bases)
    level, restriction = binding(Seen(evidence), limits)
    child = limits_of(licenses.catalogue()["mit"], [hand_down("org/a", level, restriction, limits, {})])
    assert child.allows == (Level.L2 if level < Level.L3 else Level.L6)
    if limits.license.conformant == "no":
        assert child.allows <= Level.L2


@given(SOME, ANY_LICENSE)
def test_a_model_is_never_above_what_binds_its_descendants(evidence, license):
    limits = limits_of(license, [])
    assert assess(judge_dimensions(evidence), evidence, limits).level <= binding(Seen(evidence), limits)[0]


@given(st.lists(st.builds(Limit, st.sampled_from(Level), st.just(Level.L6), st.sampled_from(Restriction)), min_size=1))
def test_the_restriction_named_is_one_that_holds_the_level_down(found):
    level, _, restriction = settle(found)
    assert restriction in {limit.reason for limit in found if limit.proved == level}


@given(st.lists(st.sampled_from([Value.OPEN, Value.PARTIAL, Value.UNKNOWN]), min_size=14, max_size=14))
def test_unknown_cells_exclude_nothing(values):
    judgements = [Judgement(str(d), str(v), "U0") for d, v in zip(Dimension, values, strict=True)]
    evidence = [
        Evidence(D.END_WEIGHTS, "weight_files", Outcome.YES, "a.safetensors", "siblings", "safetensors:1"),
        Evidence(D.END_WEIGHTS, "gating", Outcome.NO, "false", "gated", "no"),
    ]
    made = assess(judgements, evidence, CLEAR)
    assert made.level_max is Level.L6
    assert made.level >= Level.L3


def documented(*more: Evidence, **cells: str) -> Level:
    """The level of an ungated, conformant model with a full card, its own preprint and named data."""
    values = dict.fromkeys(map(str, Dimension), "unknown")
    values |= {"model_card": "open", "preprint": "open", "end_data": "open"} | cells
    evidence = [
        Evidence(D.END_WEIGHTS, "weight_files", Outcome.YES, "a.safetensors", "siblings", "safetensors:1"),
        Evidence(D.END_WEIGHTS, "gating", Outcome.NO, "false", "gated", "no"),
        Evidence(D.ARCHITECTURE, "library", Outcome.YES, "transformers", "library_name", "transformers"),
        Evidence(D.MODEL_CARD, "card_sections", Outcome.YES, "x", "README.md#0-1", "training_data: 9 words"),
        Evidence(D.MODEL_CARD, "card_sections", Outcome.YES, "x", "README.md#0-1", "evaluation: 9 words"),
        *more,
    ]
    return settle(find_limits(values, Seen(evidence), CLEAR))[0]


SCRATCH = Evidence(D.BASE_DATA, "from_scratch", Outcome.YES, "trained from scratch", "README.md#0-9", "from scratch")


def test_documented_means_card_architecture_own_report_and_data_of_a_model_whose_origin_is_known():
    assert documented(SCRATCH) is Level.L4
    assert documented() is Level.L3, "whose paper it is cannot be told while the base is not known"
    assert documented(SCRATCH, preprint="unknown") is Level.L3
    assert documented(SCRATCH, model_card="closed") is Level.L3
    assert documented(SCRATCH, end_data="unknown") is Level.L3


def test_open_source_asks_for_code_licence_data_and_weights_of_every_stage():
    everything = dict.fromkeys(
        ("training_code", "license", "base_data", "end_data", "base_weights", "end_weights"), "open"
    )
    assert documented(SCRATCH, **everything) is Level.L5
    for cell in everything:
        assert documented(SCRATCH, **(everything | {cell: "partial"})) is Level.L4


def test_open_science_asks_for_checkpoints_and_everything_documented_in_full():
    full = {str(d): "open" for d in Dimension}
    steps = Evidence(D.END_WEIGHTS, "intermediate_checkpoints", Outcome.YES, "step1/a.bin", "siblings", "9")
    assert documented(SCRATCH, **full) is Level.L5
    assert documented(SCRATCH, steps, **full) is Level.L6
    assert documented(SCRATCH, steps, **(full | {"datasheet": "partial"})) is Level.L5


def limit_of(*evidence: Evidence, license_: str = "mit") -> tuple[Level, Level, Restriction]:
    """(level, level_max, restriction) of a model of which only this is known; no documentation limits shown."""
    found = find_limits(
        {}, Seen(evidence), Limits(licenses.catalogue()[license_], "", Level.L6, Level.L6, Restriction.NONE, True)
    )
    return settle(found)


WEIGHTS = Evidence(D.END_WEIGHTS, "weight_files", Outcome.YES, "a.gguf", "siblings", "gguf:1")
TAG = Evidence(D.END_WEIGHTS, "weights_tagged", Outcome.YES, "pytorch", "tags", "pytorch")
FREE = Evidence(D.END_WEIGHTS, "gating", Outcome.NO, "false", "gated", "no")
HIDDEN = Evidence(D.END_WEIGHTS, "gating", Outcome.UNAVAILABLE, "", "gated")
CLICK = Evidence(D.END_WEIGHTS, "gating", Outcome.YES, "auto", "gated", "auto")
HAND = Evidence(D.END_WEIGHTS, "gating", Outcome.YES, "manual", "gated", "manual")
NO_FILE = Evidence(D.LICENSE, "license_files", Outcome.NO, "", "siblings")
CARD = Evidence(D.MODEL_CARD, "card_length", Outcome.YES, "A card", "README.md#0-6", "40")


def test_the_table_of_cases_in_the_module_is_what_the_module_does():
    lv, r = Level, Restriction
    assert limit_of() == (lv.L0, lv.L6, r.UNKNOWN_WEIGHTS)
    assert limit_of(WEIGHTS, FREE) == (lv.L3, lv.L6, r.DOCUMENTATION)
    assert limit_of(TAG, FREE) == (lv.L2, lv.L6, r.UNKNOWN_WEIGHTS)
    assert limit_of(WEIGHTS, HIDDEN) == (lv.L2, lv.L6, r.UNKNOWN_ACCESS)
    assert limit_of(WEIGHTS, CLICK) == (lv.L2, lv.L2, r.CLICK_THROUGH)
    assert limit_of(WEIGHTS, HAND) == (lv.L1, lv.L1, r.MANUAL_APPROVAL)
    assert limit_of(WEIGHTS, HAND, license_="llama3") == (lv.L1, lv.L1, r.MANUAL_APPROVAL)
    assert limit_of(WEIGHTS, CLICK, license_="llama3") == (lv.L2, lv.L2, r.COMMUNITY)
    assert limit_of(WEIGHTS, FREE, license_="cc-by-nc-4.0") == (lv.L2, lv.L2, r.NON_COMMERCIAL)
    assert limit_of(WEIGHTS, FREE, license_="other") == (lv.L2, lv.L6, r.UNKNOWN_LICENSE)
    assert limit_of(WEIGHTS, FREE, license_="no-license") == (lv.L2, lv.L6, r.NO_LICENSE)
    assert limit_of(WEIGHTS, FREE, NO_FILE, CARD, license_="no-license") == (lv.L2, lv.L2, r.NO_LICENSE)
    assert limit_of(HAND) == (lv.L0, lv.L1, r.UNKNOWN_WEIGHTS)


def test_what_was_made_from_another_model_is_no_root_and_a_name_weighs_against_any_declared_base():
    lv, r = Level, Restriction
    merge = Evidence(D.BASE_WEIGHTS, "derived_without_base", Outcome.YES, "merge", "tags", "merge")
    named = Evidence(D.BASE_WEIGHTS, "suspected_base", Outcome.YES, "llama-3", "id", "llama")
    declared = CLEAR._replace(is_root=False)
    assert limit_of(WEIGHTS, FREE, merge) == (lv.L2, lv.L6, r.UNKNOWN_BASE)
    assert settle(find_limits({}, Seen([WEIGHTS, FREE, merge]), declared)) == (lv.L3, lv.L6, r.DOCUMENTATION)
    assert settle(find_limits({}, Seen([WEIGHTS, FREE, named]), declared)) == (lv.L2, lv.L6, r.UNKNOWN_BASE)
