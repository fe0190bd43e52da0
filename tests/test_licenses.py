"""The licence catalogue: complete, unambiguous, and never more open than what is declared."""

import csv
import itertools
import timeit
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.licenses import (
    NO_LICENSE,
    UNKNOWN,
    catalogue,
    find,
    find_link,
    fold,
    most_restrictive,
    resolve,
    severity,
    spellings,
)
from index.model import Restriction

DATA = Path(__file__).parents[2] / "shared" / "data"

# The Hub's official list as documented on 2026-08-22.
HUB_IDS = """
apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 bigcode-openrail-m afl-3.0
artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0
cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0
cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0
epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc h-research
intel-research lppl-1.3c ms-pl apple-ascl apple-amlr mpl-2.0 odc-by odbl openmdw-1.0 openmdw-1.1 openrail++ osl-3.0
postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr deepfloyd-if-license fair-noncommercial-research-license llama2
llama3 llama3.1 llama3.2 llama3.3 llama4 grok2-community gemma unknown other
""".split()  # noqa: SIM905 - 83 ids read better as a text

# Held open by the reference list; not by us, because the name had other terms once, or a field of use was not checked.
CHANGED_OR_NOT_CHECKED = frozenset({"yi-34b", "faipl-1.0"})

LICENSES = st.sampled_from(list(catalogue().values()))


def test_all_83_ids_of_the_hub_are_in_the_catalogue_under_their_own_id() -> None:
    assert len(HUB_IDS) == 83
    assert [hub_id for hub_id in HUB_IDS if hub_id not in catalogue()] == []
    assert all(find(hub_id) is catalogue()[hub_id] for hub_id in HUB_IDS)


def test_no_spelling_names_two_licences() -> None:
    owners: dict[str, set[str]] = {}
    for entry in catalogue().values():
        for key in spellings(entry):
            owners.setdefault(key, set()).add(entry.id)
    assert {key: ids for key, ids in owners.items() if len(ids) > 1} == {}


def test_every_alias_and_spdx_id_finds_its_licence_in_any_case_and_punctuation() -> None:
    for entry in catalogue().values():
        for name in (entry.id, entry.spdx, *entry.aliases):
            if fold(name):
                for spelling in (name, name.upper(), name.replace("-", " "), name.replace(" ", "_"), f" {name}. "):
                    assert find(spelling) is entry, (spelling, entry.id)


@pytest.mark.parametrize(
    ("name", "license_id"),
    [
        ("Apache License 2.0", "apache-2.0"),
        ("Apache 2.0", "apache-2.0"),
        ("Apache License, Version 2.0", "apache-2.0"),
        ("The MIT License", "mit"),
        ("GPLv3", "gpl-3.0"),
        ("cc by nc 4.0", "cc-by-nc-4.0"),
        ("CC-BY-NonCommercial-4.0", None),
        ("Llama 3.1 Community License Agreement", "llama3.1"),
        ("llama-3", "llama3"),
        ("bsl-1.0", "bsl-1.0"),
        ("business source license", "busl-1.1"),
        ("tongyi_qianwen", "tongyi-qianwen"),
        ("Modified MIT", "modified-mit"),
        ("yi-license", "yi-34b"),
    ],
)
def test_spelled_variants_find_the_licence_they_mean(name: str, license_id: str | None) -> None:
    found = find(name)
    assert (found.id if found else None) == license_id


@pytest.mark.parametrize(
    "name",
    [
        "MIT*",
        "MIT (non-commercial)",
        "not MIT",
        "Мit",
        "mit-nc",
        "apache-2.0-nc",
        "Apache 2.0 with Commons Clause",
        "m i t",
    ],
)
def test_a_name_near_an_open_licence_is_not_that_licence(name: str) -> None:
    found = find(name)
    assert found is None or not found.is_conformant
    assert not resolve("other", name, None).license.is_conformant


def test_bsl_is_boost_and_not_the_business_source_licence() -> None:
    assert catalogue()["bsl-1.0"].spdx == "BSL-1.0"
    assert catalogue()["bsl-1.0"].is_conformant
    assert not catalogue()["busl-1.1"].is_conformant


def test_a_licence_restricts_exactly_when_its_terms_do_not_conform() -> None:
    codes = {code.value for code in Restriction}
    for entry in catalogue().values():
        assert entry.restriction in codes, entry.id
        assert (entry.restriction == "") == entry.is_conformant, entry.id
        if entry.conformant == "unknown":
            assert entry.restriction == "unknown-license", entry.id
        if entry.osi_approved == "yes":
            assert entry.conformant == "yes", entry.id


def test_no_licence_is_held_conformant_on_terms_that_nobody_checked() -> None:
    unchecked = {e.id for e in catalogue().values() if e.is_conformant and "not-checked" in msgspec.structs.astuple(e)}
    assert unchecked == set()


@pytest.mark.parametrize("name", ["yi-license", "yi-34b", "yi license agreement", "faipl-1.0"])
def test_a_name_whose_terms_changed_or_were_not_checked_opens_nothing(name: str) -> None:
    resolution = resolve("other", name, None)
    assert resolution.license.conformant == "unknown"
    assert resolve("apache-2.0", name, "LICENSE").license.conformant == "unknown"


def test_every_fact_has_a_source_a_confidence_and_a_date() -> None:
    for entry in catalogue().values():
        assert len(entry.source) > 10, entry.id
        assert entry.checked[:2] == "20", entry.id
        assert len(entry.checked) == 10, entry.id


@pytest.mark.parametrize(
    ("license_id", "restriction", "threshold"),
    [
        ("llama2", "community", "700 million"),
        ("llama3", "community", "700 million"),
        ("llama3.1", "community", "700 million"),
        ("tongyi-qianwen", "community", "100 million"),
        ("stabilityai-ai-community", "community", "1M"),
        ("gemma", "use-restricted", "none"),
        ("bigscience-bloom-rail-1.0", "use-restricted", "none"),
        ("deepseek", "use-restricted", "none"),
        ("cc-by-nc-4.0", "non-commercial", "none"),
        ("cc-by-nc-nd-4.0", "non-commercial", "none"),
        ("cc-by-nd-4.0", "no-derivatives", "none"),
        ("flux-1-dev-non-commercial-license", "non-commercial", "none"),
        ("mrl", "non-commercial", "not-checked"),
        ("apache-2.0", "", "none"),
    ],
)
def test_well_known_licences_carry_their_restriction_and_threshold(
    license_id: str, restriction: str, threshold: str
) -> None:
    entry = catalogue()[license_id]
    assert entry.restriction == restriction
    assert threshold in entry.user_threshold


def test_naming_duty_output_training_and_territory_of_llama_are_told_apart_by_version() -> None:
    assert "Built with Meta Llama 3" in catalogue()["llama3"].naming_duty
    assert "may not improve" in catalogue()["llama3"].output_training
    assert "allowed" in catalogue()["llama3.1"].output_training
    assert catalogue()["llama3.1"].territory == "none"
    assert "European Union" in catalogue()["llama3.2"].territory
    assert "European Union" in catalogue()["llama4"].territory


# ------------------------------------------------------------------------------------------------ resolve


@pytest.mark.parametrize(
    ("declared", "name", "link", "license_id", "basis"),
    [
        ("apache-2.0", None, None, "apache-2.0", "tag"),
        ("other", "llama-3", "LICENSE", "llama3", "name"),
        ("other", "Apache License 2.0", None, "apache-2.0", "name"),
        ("other", None, "https://ai.google.dev/gemma/terms", "gemma", "link"),
        ("other", "other", "https://creativecommons.org/licenses/by-nc/4.0/", "cc-by-nc-4.0", "link"),
        ("other", None, "https://creativecommons.org/licenses/by-nc-sa/2.0/deed.en", "cc-by-nc-sa-2.0", "link"),
        ("other", None, "https://creativecommons.org/licenses/by-nc-sa/9.9/", "cc-by-nc-sa-4.0", "link"),
        ("other", None, "https://www.apache.org/licenses/LICENSE-2.0.txt", "apache-2.0", "link"),
        ("other", None, "https://opensource.org/licenses/MIT", "mit", "link"),
        ("other", None, "https://huggingface.co/meta-llama/Meta-Llama-3-8B/blob/main/LICENSE", "llama3", "link"),
        ("other", None, "https://github.com/deepseek-ai/DeepSeek-V2/blob/main/LICENSE-MODEL", "deepseek", "link"),
        ("other", None, "LICENSE", "other", "none"),
        ("other", None, None, "other", "none"),
        ("unknown", None, None, "other", "none"),
        (None, None, None, "no-license", "none"),
        ("", "", "", "no-license", "none"),
        (None, "llama3", None, "llama3", "name"),
        ("a-licence-nobody-knows", None, None, "other", "none"),
        ("other", "my-own-licence", None, "other", "none"),
        ("other", "owkin non commercial v2", None, "stated-non-commercial", "name"),
        ("other", "MIT AND CC-BY-NC-4.0", None, "cc-by-nc-4.0", "name"),
        ("other", "MIT and something else", None, "other", "none"),
        ("cc", None, None, "cc", "tag"),
    ],
)
def test_resolve_reads_tag_then_name_then_link_and_else_says_unknown(
    declared: str | None, name: str | None, link: str | None, license_id: str, basis: str
) -> None:
    resolution = resolve(declared, name, link)
    assert (resolution.license.id, resolution.basis) == (license_id, basis)


def test_a_list_of_licences_is_judged_as_the_most_restrictive_and_says_so() -> None:
    resolution = resolve("apache-2.0, cc-by-nc-4.0", None, None)
    assert resolution.license.id == "cc-by-nc-4.0"
    assert resolution.license_ids == ("apache-2.0", "cc-by-nc-4.0")
    assert "most restrictive" in resolution.note


def test_other_beside_an_open_licence_is_unknown_and_beside_a_restricted_one_hides_nothing() -> None:
    assert resolve("other, apache-2.0", None, None).license is UNKNOWN
    assert resolve("llama2, other", None, None).license.id == "llama2"


def test_the_same_id_twice_is_one_licence_without_a_note() -> None:
    assert resolve("apache-2.0, apache-2.0", None, None) == resolve("apache-2.0", None, None)


def test_an_open_tag_does_not_win_over_a_restricted_name_or_link() -> None:
    by_name = resolve("apache-2.0", "stable-cascade-nc-community", "LICENSE")
    assert by_name.license.restriction == "non-commercial"
    assert "tag says apache-2.0" in by_name.note
    by_link = resolve("mit", None, "https://huggingface.co/black-forest-labs/FLUX.1-dev/blob/main/LICENSE.md")
    assert by_link.license.restriction == "non-commercial"


def test_an_open_link_does_not_open_a_name_that_we_do_not_know() -> None:
    assert resolve("other", "special-terms", "https://opensource.org/licenses/MIT").license is UNKNOWN


def test_name_and_link_that_disagree_are_judged_by_the_more_restrictive() -> None:
    resolution = resolve("other", "apache-2.0", "https://creativecommons.org/licenses/by-nc/4.0/")
    assert resolution.license.id == "cc-by-nc-4.0"
    assert "name says apache-2.0" in resolution.note


@pytest.mark.parametrize(
    "name",
    ["acme-proprietary-license", "all rights reserved", "license for customers of acme", "custom", "MIT*"],
)
def test_a_conformant_tag_does_not_win_over_a_name_that_we_cannot_read(name: str) -> None:
    assert resolve("mit", name, None).license is UNKNOWN
    assert resolve("mit", name, "https://opensource.org/licenses/MIT").license is UNKNOWN


@pytest.mark.parametrize(
    "name",
    ["no commercial use", "research purposes only", "for research use only", "acme non-commercial", "acme-nc-1.0"],
)
def test_a_name_that_forbids_commercial_use_counts_against_a_conformant_tag(name: str) -> None:
    assert resolve("mit", name, None).license.restriction == "non-commercial"


@pytest.mark.parametrize("link", ["https://acme.com/terms", "acme.com/terms", "https://acme.com/LICENSE", "terms.pdf"])
def test_a_conformant_tag_or_name_does_not_win_over_a_link_that_we_cannot_read(link: str) -> None:
    assert resolve("mit", None, link).license is UNKNOWN
    assert resolve("other", "mit", link).license is UNKNOWN
    assert resolve(None, "mit", link).license is UNKNOWN
    assert resolve("llama2", None, link).license.id == "llama2"


def test_an_item_of_a_list_that_we_cannot_read_leaves_the_licence_unknown() -> None:
    assert resolve("mit, ?", None, None).license is UNKNOWN
    assert resolve("mit, ?", "mit", None).license is UNKNOWN
    assert resolve("?", "mit", "LICENSE").license is UNKNOWN
    assert resolve("llama2, ?", None, None).license.id == "llama2"


@pytest.mark.parametrize("link", [None, "", "LICENSE", "LICENSE.md", "./LICENSE.txt", "README.md#license", "#license"])
@pytest.mark.parametrize(
    "name", [None, "Apache License, Version 2.0", "APACHE-2", "other", "see license", "LICENSE.md"]
)
def test_words_beside_a_conformant_tag_that_say_the_same_or_nothing_change_nothing(
    name: str | None, link: str | None
) -> None:
    assert resolve("apache-2.0", name, link).license.id == "apache-2.0"


@pytest.mark.parametrize(
    ("declared", "link"),
    [
        ("apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0"),
        ("apache-2.0", "http://www.apache.org/licenses/LICENSE-2.0.html"),
        ("apache-2.0", "https://choosealicense.com/licenses/apache-2.0/"),
        ("apache-2.0", "https://spdx.org/licenses/Apache-2.0.html"),
        ("apache-2.0", "https://opensource.org/license/apache-2-0"),
        ("mit", "https://opensource.org/license/mit/"),
        ("mit", "https://choosealicense.com/licenses/mit/"),
        ("cc-by-4.0", "https://creativecommons.org/licenses/by/4.0/legalcode"),
        ("cc-by-sa-4.0", "https://creativecommons.org/licenses/by-sa/4.0/deed.de"),
        ("cc0-1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
        ("bsd-3-clause", "https://opensource.org/licenses/BSD-3-Clause"),
        ("gpl-3.0", "https://www.gnu.org/licenses/gpl-3.0.en.html"),
    ],
)
def test_the_page_of_the_same_licence_is_no_contradiction(declared: str, link: str) -> None:
    assert resolve(declared, None, link).license.id == declared


@pytest.mark.parametrize(
    "name",
    ["NC State University Open License", "a license without non-commercial clause", "commercial and non-commercial"],
)
def test_letters_that_stand_for_a_place_and_a_denied_clause_are_unknown_and_not_non_commercial(name: str) -> None:
    assert resolve("other", name, None).license is UNKNOWN


@pytest.mark.parametrize(
    "name", ["MIT NC", "cc by nc", "foo_nc", "apache-2.0 non commercial", "stable-cascade-nc-community", "nc-sa thing"]
)
def test_nc_and_non_commercial_in_a_name_are_still_understood(name: str) -> None:
    assert resolve("other", name, None).license.restriction == "non-commercial"


def test_relative_links_and_unknown_hosts_mean_nothing() -> None:
    for link in (
        "LICENSE",
        "LICENSE.md",
        "",
        None,
        "https://example.org/LICENSE",
        "creativecommons.org/licenses/xx/4.0",
    ):
        assert find_link(link) is None


def test_resolve_answers_a_plain_tag_in_under_two_microseconds() -> None:
    resolve("apache-2.0", None, None)
    best = min(timeit.repeat(lambda: resolve("apache-2.0", None, None), number=10_000, repeat=5)) / 10_000
    assert best < 2e-6


WORDS = st.text(max_size=60) | st.sampled_from(["mit", "Apache-2.0", "non-commercial", "cc-by-nc-4.0", "LICENSE"])


@given(declared=st.none() | WORDS, name=st.none() | WORDS, link=st.none() | WORDS)
def test_resolve_never_raises_and_what_it_opens_it_can_name(
    declared: str | None, name: str | None, link: str | None
) -> None:
    resolution = resolve(declared, name, link)
    if resolution.license.is_conformant:
        assert resolution.basis in ("tag", "name", "link")
        assert resolution.license.id in resolution.license_ids


@given(first=st.sampled_from(HUB_IDS), second=st.sampled_from(HUB_IDS))
def test_declaring_one_more_licence_never_opens(first: str, second: str) -> None:
    alone, both = resolve(first, None, None).license, resolve(f"{first}, {second}", None, None).license
    assert severity(both) >= severity(alone)


# ----------------------------------------------------------------------------------------------- the order


@given(a=LICENSES, b=LICENSES, c=LICENSES)
def test_most_restrictive_is_commutative_associative_idempotent_and_only_restricts(a, b, c) -> None:  # type: ignore[no-untyped-def]
    assert most_restrictive([a, b]) is most_restrictive([b, a])
    assert most_restrictive([most_restrictive([a, b]), c]) is most_restrictive([a, most_restrictive([b, c])])
    assert most_restrictive([a, a]) is a
    assert severity(most_restrictive([a, b])) >= max(severity(a), severity(b))


def test_severity_orders_open_below_unknown_below_every_known_restriction() -> None:
    ladder = ["apache-2.0", "cc-by-4.0", "other", "no-license", "llama3", "deepseek", "cc-by-nd-4.0", "cc-by-nc-4.0"]
    ranks = [severity(catalogue()[license_id]) for license_id in ladder]
    assert all(lower < higher for lower, higher in itertools.pairwise(ranks))


def test_the_most_restrictive_of_nothing_is_an_error_and_not_an_answer() -> None:
    with pytest.raises(ValueError, match="empty"):
        most_restrictive([])


def test_no_licence_and_unknown_are_never_conformant() -> None:
    assert not UNKNOWN.is_conformant
    assert not NO_LICENSE.is_conformant
    assert NO_LICENSE.restriction == "no-license"


# --------------------------------------------------------------------------------------------- shared data


@pytest.mark.skipif(not (DATA / "licenses.csv").exists(), reason="../shared/data/licenses.csv is not here")
def test_the_catalogue_agrees_with_the_reference_list_on_every_name_and_alias() -> None:
    with (DATA / "licenses.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for name in (row["id"], *filter(None, row["aliases"].split(";"))):
                if name == "(absent)":
                    continue
                entry = find(name)
                assert entry is not None, name
                if entry.id in CHANGED_OR_NOT_CHECKED:
                    assert entry.conformant == "unknown"
                    continue
                assert entry.conformant == row["osaid_compatible_terms"], name
                assert entry.osi_approved == row["osi_approved"], name
