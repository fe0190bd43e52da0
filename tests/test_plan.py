"""What a page means: pure decisions over known and seen."""

import base64
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import plan
from crawler.records import Base, Listed, Reject, Repo, declared_bases, declared_license

A, B, C = ("64f00000000000000000000" + c for c in "123")


def listed(oid: str, **fields) -> Listed:
    return Listed(oid=oid, repo_id=f"org/{oid[-1]}", **fields)


def known(row: Listed, repo: int = 1, missing: str | None = None) -> plan.Known:
    return plan.Known(repo, row.oid, row.fingerprint(), row.downloads, row.downloads_all_time, row.likes, missing)


def test_new_changed_counted_and_absent_are_told_apart():
    a, b = listed(A, downloads=1), listed(B, sha="1")
    page = plan.read_page(
        [known(a), known(b, 2), known(listed(C), 3)], [listed(A, downloads=2), listed(B, sha="2"), listed("9" * 24)]
    )
    assert [r.oid for r in page.new] == ["9" * 24]
    assert [k.repo for k, _ in page.changed] == [2]
    assert [k.repo for k, _ in page.counted] == [1]
    assert [k.repo for k in page.absent] == [3]


def test_an_unchanged_page_means_nothing_to_write():
    a = listed(A, downloads=1, likes=0)
    assert plan.read_page([known(a)], [a]) == plan.PagePlan([], [], [], [], [], [])


def test_a_rejected_row_is_seen_and_not_absent():
    page = plan.read_page([known(listed(A))], [Reject(A, "org/1", "bad", b"")])
    assert page.absent == []
    assert len(page.rejects) == 1


def test_a_repo_that_comes_back_is_returned():
    a = listed(A)
    assert [k.repo for k, _ in plan.read_page([known(a, missing="2026-01-01")], [a]).returned] == [1]


def test_order_is_strict():
    assert plan.is_ascending("", [listed(A), listed(B)])
    assert not plan.is_ascending("", [listed(B), listed(A)])
    assert not plan.is_ascending(A, [listed(A)])


def test_events_name_what_changed_and_not_what_was_never_shown():
    old = Repo(A, "o/n", b"", gated="no", license="mit", tags=("license:mit",), bases=(Base("", "x/y"),))
    new = Repo(A, "o/m", b"", gated="manual", license="llama3", tags=("license:llama3",), bases=(Base("", "x/y"),))
    assert plan.changes(old, new) == [
        plan.Change("name", "o/n", "o/m"),
        plan.Change("gated", "no", "manual"),
        plan.Change("license", "mit", "llama3"),
    ]
    hidden = Repo(A, "o/n", b"")  # a listing that shows neither tags nor gating
    assert plan.changes(hidden, Repo(A, "o/n", b"", gated="auto", license="mit", tags=("license:mit",))) == []
    assert plan.changes(old, hidden) == []


FULL = Repo(
    A, "o/n", b"1", sha="s1", gated="no", private=False, disabled=False, license="mit", license_name="n",
    tags=("license:mit", "base_model:x/tag"), files=("a.bin",), file_count=1, card_data={"license": "mit"},
    bases=(Base("", "x/tag"), Base("finetune", "x/field")), architectures=("Bert",), parameters=7, downloads=5,
)  # fmt: skip


def test_a_row_that_shows_nothing_leaves_everything_but_the_counters_and_its_own_fingerprint():
    kept = plan.merged(FULL, Repo(A, "o/n", b"2"))
    assert kept == msgspec.structs.replace(FULL, fingerprint=b"2", downloads=None)
    assert plan.changes(FULL, Repo(A, "o/n", b"2")) == []


@pytest.mark.parametrize(
    "field", ["sha", "gated", "private", "disabled", "tags", "card_data", "files", "architectures", "parameters"]
)
def test_one_field_that_is_not_shown_stays_and_is_no_event(field):
    gap = msgspec.structs.replace(FULL, **{field: () if field == "architectures" else None})
    assert getattr(plan.merged(FULL, gap), field) == getattr(FULL, field)
    assert plan.changes(FULL, gap) == []


def test_what_is_shown_wins_over_what_was():
    new = Repo(A, "o/n", b"2", sha="s2", gated="auto", private=True, disabled=True, tags=(), files=(), card_data={})
    now = plan.merged(FULL, new)
    assert (now.gated, now.private, now.disabled, now.files, now.license, now.bases) == (
        "auto",
        True,
        True,
        (),
        None,
        (),
    )


def test_the_card_may_go_with_a_new_revision_but_not_under_the_old_one():
    old = Repo(A, "o/n", b"1", sha="1", license="mit", tags=(), card_data={"license": "mit"})
    same = Repo(A, "o/n", b"2", sha="1", tags=())
    assert plan.merged(old, same).license == "mit"
    assert plan.merged(old, msgspec.structs.replace(same, sha="2")).license is None
    assert plan.changes(old, same) == []


def test_a_base_that_only_the_hubs_own_field_names_stays_while_the_field_is_not_shown():
    old = Repo(A, "o/n", b"1", sha="1", tags=("a",), card_data={}, bases=(Base("finetune", "x/y"),))
    new = Repo(A, "o/n", b"2", sha="1", tags=("a", "b"), card_data={})
    assert plan.merged(old, new).bases == old.bases
    assert plan.changes(old, new) == []


def test_a_base_that_tags_no_longer_name_is_gone_and_an_event():
    new = Repo(A, "o/n", b"2", sha="s1", tags=("license:mit",), card_data={"license": "mit"})
    assert plan.Change("base_model", "x/field, x/tag", "x/field") in plan.changes(FULL, new)


def test_a_licence_in_a_card_that_was_not_shown_before_is_no_event():
    old = Repo(A, "o/n", b"1", tags=(), sha="1")
    assert plan.changes(old, Repo(A, "o/n", b"2", tags=(), sha="1", license="mit", card_data={"license": "mit"})) == []


OPTIONAL = {
    "sha": st.none() | st.sampled_from(["1", "2"]),
    "gated": st.none() | st.sampled_from(["no", "auto"]),
    "private": st.none() | st.booleans(),
    "tags": st.none() | st.sampled_from([(), ("license:mit",), ("license:mit", "base_model:a/b")]),
    "files": st.none() | st.sampled_from([(), ("a",)]),
    "card_data": st.none() | st.sampled_from([{}, {"license": "cc-by-nc-4.0"}, {"base_model": "c/d"}]),
}
STATES = st.fixed_dictionaries(OPTIONAL)


def _repo(fields) -> Repo:
    return Repo(A, "o/n", b"", license=declared_license(fields["tags"], fields["card_data"]),
                bases=declared_bases(fields["tags"], fields["card_data"]), **fields)  # fmt: skip


@given(STATES, STATES)
def test_merging_loses_nothing_shown_and_says_nothing_new_twice(old, new):
    old, new = _repo(old), _repo(new)
    now = plan.merged(old, new)
    for field in OPTIONAL:
        if getattr(new, field) is not None:
            assert getattr(now, field) == getattr(new, field)
        elif field != "card_data":
            assert getattr(now, field) == getattr(old, field)
    assert plan.merged(now, new) == now
    assert plan.changes(now, new) == []


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        ({"disabled": False}, {"disabled": True}, ("disabled", "no", "yes")),
        ({"private": False}, {"private": True}, ("private", "no", "yes")),
        ({"license_name": "a", "card_data": {}}, {"license_name": "b", "card_data": {}}, ("license_name", "a", "b")),
        ({"license_link": "a", "card_data": {}}, {"license_link": None, "card_data": {}}, ("license_link", "a", None)),
        ({"tags": ("dataset:a/b",)}, {"tags": ("dataset:a/b", "dataset:c/d")}, ("datasets", "a/b", "a/b, c/d")),
        ({"tags": ("arxiv:1",)}, {"tags": ()}, ("papers", "1", None)),
    ],
)
def test_each_thing_that_openness_is_judged_by_is_an_event_of_its_own(before, after, event):
    assert plan.changes(Repo(A, "o/n", b"1", **before), Repo(A, "o/n", b"2", **after)) == [plan.Change(*event)]


def test_removing_the_licence_is_an_event():
    old = Repo(A, "o/n", b"", license="mit", tags=("license:mit",))
    assert plan.changes(old, Repo(A, "o/n", b"", tags=("x",))) == [plan.Change("license", "mit", None)]


def test_the_cursor_is_the_hubs_own():
    assert json.loads(base64.b64decode(plan.cursor(A))) == {"_id": {"$gt": A}}


def test_documents_are_the_readme_and_licence_files_of_the_top_folder():
    files = [
        "config.json",
        "README.md",
        "LICENSE",
        "licence.txt",
        "sub/LICENSE",
        "USE_POLICY.md",
        "COPYING",
        "model.safetensors",
    ]
    assert plan.document_paths(files) == ("README.md", "LICENSE", "licence.txt", "USE_POLICY.md")
    assert plan.document_paths(None) == ("README.md",)
    assert plan.document_paths(["model.bin"]) == ()


def test_a_walk_that_saw_far_too_few_models_is_implausible():
    assert plan.is_implausible(700, 1000)
    assert not plan.is_implausible(990, 1000)
    assert not plan.is_implausible(3, 10)  # too small to say
