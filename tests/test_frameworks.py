"""Scores and checklists: the same 14 judgements read as others read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import readings
from index.frameworks import (
    CHARACTERISTICS,
    Facts,
    aa_score,
    ai_act_checklist,
    definitions,
    eu_score,
    mirrored,
    osaid_checklist,
    radboud_score,
    values_of,
)
from index.licenses import NO_LICENSE, UNKNOWN, find
from index.model import Dimension, Evidence, Judgement, Outcome

ALL = [d.value for d in Dimension]
LADDER = ["unknown", "partial", "open"]
MIT, LLAMA, NC = find("mit"), find("llama3"), find("cc-by-nc-4.0")
EVERYTHING = Facts(MIT, MIT, "no", True, True, False, True, True, False)

cells = st.dictionaries(st.sampled_from(ALL), st.sampled_from(["open", "partial", "closed", "unknown"]))


def every(value):
    return dict.fromkeys(ALL, value)


def test_everything_open_scores_14_and_1_and_18():
    assert radboud_score(every("open")) == 14.0
    assert eu_score(every("open")) == 1.0
    assert aa_score(every("open"), MIT, MIT, MIT).total == 18.0
    assert aa_score(every("open"), MIT, MIT, MIT).normalised == 100.0


@pytest.mark.parametrize("value", ["closed", "unknown"])
def test_closed_and_unknown_both_count_nothing(value):
    assert radboud_score(every(value)) == 0.0
    assert eu_score(every(value)) == 0.0
    assert aa_score(every(value), MIT, MIT, MIT).total == 0.0


def test_a_missing_cell_counts_as_unknown_and_the_mean_is_still_over_twelve():
    assert radboud_score({"end_weights": "open", "paper": "partial"}) == 1.5
    assert eu_score({"end_weights": "open", "paper": "partial"}) == 1.5 / 12


def test_package_and_api_count_for_radboud_and_not_for_the_european_index():
    values = {"package": "open", "api": "open"}
    assert radboud_score(values) == 2.0
    assert eu_score(values) == 0.0


def test_a_base_cell_that_does_not_apply_mirrors_the_end_cell_and_the_other_way_round():
    assert radboud_score({"base_weights": "not-applicable", "end_weights": "open"}) == 2.0
    assert eu_score({"base_data": "partial", "end_data": "not-applicable"}) == 1.0 / 12
    assert mirrored({"base_data": "not-applicable"})["base_data"] == "unknown"
    assert mirrored({"base_data": "not-applicable", "end_data": "not-applicable"})["base_data"] == "not-applicable"


def test_any_other_cell_that_does_not_apply_counts_nothing():
    assert radboud_score({"paper": "not-applicable"}) == 0.0


@given(cells, st.sampled_from(ALL), st.sampled_from(["open", "partial"]))
def test_raising_one_cell_never_lowers_a_score(values, dimension, better):
    if LADDER.index(values.get(dimension, "unknown").replace("closed", "unknown")) >= LADDER.index(better):
        return
    raised = {**values, dimension: better}
    assert radboud_score(raised) > radboud_score(values)
    assert eu_score(raised) >= eu_score(values)
    for license in (MIT, LLAMA, NC, UNKNOWN):
        low, high = aa_score(values, license, license, license), aa_score(raised, license, license, license)
        assert all(a <= b for a, b in zip(low, high, strict=True))
        assert 0 <= high.total <= 18


def test_a_non_commercial_or_unknown_licence_gives_no_points_for_the_weights_terms():
    assert aa_score(every("open"), NC).weights_license == 0
    assert aa_score(every("open"), UNKNOWN).weights_license == 0
    assert aa_score(every("open"), NO_LICENSE).weights_license == 0
    assert aa_score(every("open"), LLAMA).weights_license == 1
    assert aa_score(every("open"), MIT).weights_license == 3


def test_data_count_as_the_mean_of_both_stages():
    assert aa_score({"base_data": "open"}, MIT).data_access == 1.5
    assert aa_score({"base_data": "open", "end_data": "partial", "datasheet": "open"}, MIT).data_access == 2.5


def test_the_definition_passes_only_when_every_item_is_known_to_pass():
    assert osaid_checklist(every("open"), EVERYTHING).result == "pass"
    assert osaid_checklist(every("open"), Facts(MIT, MIT, "no")).result == "unknown"
    assert osaid_checklist({}, Facts(MIT)).result == "unknown"


@given(cells)
def test_a_restricted_licence_fails_both_checklists_whatever_the_cells(values):
    for license in (LLAMA, NC, NO_LICENSE):
        facts = EVERYTHING._replace(license=license)
        assert osaid_checklist(values, facts).result == "fail"
        assert ai_act_checklist(values, facts).result == "fail"


def test_closed_data_fail_the_definition_only_when_nothing_describes_them():
    hidden = osaid_checklist({**every("open"), "base_data": "closed", "datasheet": "unknown"}, EVERYTHING)
    described = osaid_checklist({**every("open"), "base_data": "closed", "datasheet": "open"}, EVERYTHING)
    assert hidden.check("data_information").result == "fail"
    assert described.check("data_information").result == "unknown"


def test_open_terms_without_an_approval_are_enough_for_the_act_and_unknown_for_the_definition():
    facts = EVERYTHING._replace(license=find("cc-by-4.0"))
    assert osaid_checklist(every("open"), facts).check("parameters_terms").result == "unknown"
    assert ai_act_checklist(every("open"), facts).check("free_license").result == "pass"


def test_what_the_hub_does_not_show_keeps_the_exemption_open():
    seen = ai_act_checklist(every("open"), Facts(MIT, gated="no"))
    assert seen.check("not_monetised").result == "unknown"
    assert seen.check("no_systemic_risk").result == "unknown"
    assert seen.result == "unknown"
    assert ai_act_checklist(every("open"), EVERYTHING).result == "pass"


def test_systemic_risk_a_price_and_manual_approval_each_end_the_exemption():
    for change in ({"systemic_risk": True}, {"monetised": True}, {"gated": "manual"}):
        assert ai_act_checklist(every("open"), EVERYTHING._replace(**change)).result == "fail"


def test_the_duties_that_remain_do_not_decide_the_exemption():
    without = EVERYTHING._replace(copyright_policy=False, training_summary=False)
    result = ai_act_checklist(every("open"), without)
    assert result.result == "pass"
    assert {c.item for c in result.checks if not c.decides} == {"copyright_policy", "training_summary"}


@given(cells, st.sampled_from(["no", "auto", "manual", None]))
def test_every_item_of_a_checklist_has_a_reason(values, gated):
    for result in (osaid_checklist(values, Facts(MIT, gated=gated)), ai_act_checklist(values, Facts(MIT, gated=gated))):
        assert all(c.reason for c in result.checks)
        assert len({c.item for c in result.checks}) == len(result.checks)


def test_an_item_that_a_framework_does_not_have_is_a_key_error():
    with pytest.raises(KeyError):
        osaid_checklist({}, Facts(MIT)).check("vibes")


def test_definitions_name_every_item_once_with_question_source_and_date():
    rows = definitions()
    assert len({(r.framework, r.item) for r in rows}) == len(rows)
    assert all(r.question and r.source and r.date for r in rows)
    counts = {f: sum(r.framework == f for r in rows) for f in dict.fromkeys(r.framework for r in rows)}
    assert counts == {"Radboud 14": 14, "European index 12": 12, "MOF 1.0": 17, "OSAID 1.0": 8,
                      "EU AI Act, Art. 53(2)": 9, "AA-style 18": 6}  # fmt: skip


def test_the_characteristics_are_the_dimensions_in_their_order():
    assert [c.dimension for c in CHARACTERISTICS] == list(Dimension)


def test_values_are_read_off_judgements():
    assert values_of([Judgement("paper", "open", "r", "")]) == {"paper": "open"}


def test_terms_that_the_card_speaks_of_beside_an_open_licence_keep_it_from_passing_a_checklist() -> None:
    said = Evidence("license", "use_restriction", Outcome.YES, "for research only", "README.md#0-17", "research only")
    cells = [Judgement(str(d), "open", "U0") for d in Dimension]
    for item, framework in (("parameters_terms", "osaid"), ("free_license", "ai_act")):
        assert getattr(readings.read(cells, [], "mit", "no"), framework).check(item).result == "pass"
        doubted = getattr(readings.read(cells, [said], "mit", "no"), framework).check(item)
        assert (doubted.result, [p.quote for p in doubted.evidence]) == ("unknown", ["for research only"])
        undeclared = getattr(readings.read(cells, [said], "no-license", "no"), framework).check(item)
        assert undeclared.result == "fail"
        assert undeclared.reason.endswith("the card speaks of other terms")
