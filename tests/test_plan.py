"""What a page means: pure decisions over known and seen."""

import base64
import json

from crawler import plan
from crawler.records import Base, Listed, Reject, Repo

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
