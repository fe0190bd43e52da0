"""hub.db: one page, one transaction; history only where something changed; whose file it is."""

import sqlite3

import pytest

from crawler import plan
from crawler.errors import ForeignDatabase, NewerSchema, StorageFull
from crawler.records import Listed, Reject, Repo
from crawler.store import APPLICATION_ID, Fetch, Range, Store
from index import tables

A, B, C = ("64f00000000000000000000" + c for c in "123")


def listed(oid: str, name: str = "", **fields) -> Listed:
    import msgspec

    raw = {
        k: msgspec.Raw(msgspec.json.encode(v)) if k in ("tags", "card_data", "siblings") else v
        for k, v in fields.items()
    }
    return Listed(oid=oid, repo_id=name or f"org/{oid[-1]}", **raw)


@pytest.fixture
def store(tmp_path):
    with_store = Store(tmp_path / "hub.db")
    yield with_store
    with_store.close()


def night(store: Store, day: str, rows: list[Listed], complete: bool = True):
    crawl = store.begin(day, "hub", "", f"{day}T02:17:00Z", [("", "")])
    page = plan.read_page(store.known("", None), rows)
    store.write_page(crawl, Range("", "", rows[-1].oid, None, True), page, seen=len(rows))
    before = store.last_complete()
    store.end_walk(crawl, now=f"{day}T03:00:00Z", complete=complete, last_seen=before.date if before else None)
    store.finish(crawl, f"{day}T04:00:00Z")
    return crawl


def history(store: Store) -> list[tuple]:
    return store.conn.execute("SELECT repo, day - 20000, downloads, likes FROM downloads ORDER BY repo, day").fetchall()


def events(store: Store) -> list[tuple]:
    return store.conn.execute("SELECT date, repo, field, old, new FROM changes ORDER BY date, change").fetchall()


def test_a_repo_comes_back_from_the_store_as_the_hub_gave_it(store):
    row = listed(A, gated="auto", sha="a" * 40, tags=["license:mit", "x"], card_data={"license": "mit", "n": None},
                 siblings=[{"rfilename": "README.md"}, {"rfilename": "b.bin"}], downloads=0, private=False)  # fmt: skip
    night(store, "2026-08-01", [row])
    stored = store.repo(1)
    assert stored.files == ("README.md", "b.bin")
    assert (stored.gated, stored.license, stored.downloads, stored.private, stored.disabled) == (
        "auto",
        "mit",
        0,
        False,
        None,
    )
    assert stored.card_data == {"license": "mit", "n": None}
    assert (stored.fingerprint, stored.observed) == (row.fingerprint(), "2026-08-01")


def test_an_empty_file_list_and_one_that_was_not_shown_stay_different(store):
    night(store, "2026-08-01", [listed(A, siblings=[]), listed(B)])
    assert (store.repo(1).files, store.repo(2).files) == ((), None)


def test_history_has_a_row_only_where_a_counter_changed(store):
    night(store, "2026-08-01", [listed(A, downloads=5), listed(B, downloads=7, likes=1)])
    night(store, "2026-08-02", [listed(A, downloads=5), listed(B, downloads=8, likes=1)])
    night(store, "2026-08-03", [listed(A, downloads=5), listed(B, downloads=8, likes=2)])
    assert history(store) == [(1, 666, 5, None), (2, 666, 7, 1), (2, 667, 8, 1), (2, 668, 8, 2)]


def test_the_same_night_twice_leaves_one_row_a_night(store):
    night(store, "2026-08-01", [listed(A, downloads=5)])
    night(store, "2026-08-01", [listed(A, downloads=6)])
    assert history(store) == [(1, 666, 6, None)]


def test_a_counter_that_is_no_longer_shown_is_stored_as_unknown_not_as_zero(store):
    night(store, "2026-08-01", [listed(A, downloads=5)])
    night(store, "2026-08-02", [listed(A)])
    assert history(store) == [(1, 666, 5, None), (1, 667, None, None)]


def test_missing_is_said_after_a_complete_walk_only_and_returning_is_an_event(store):
    night(store, "2026-08-01", [listed(A), listed(B)])
    night(store, "2026-08-02", [listed(A)], complete=False)
    assert events(store) == []
    night(store, "2026-08-03", [listed(A)])
    assert events(store) == [("2026-08-03", 2, "missing", None, "2026-08-03")]
    assert store.conn.execute("SELECT missing_since, last_seen FROM repos WHERE repo = 2").fetchone() == (
        "2026-08-03",
        "2026-08-01",
    )
    night(store, "2026-08-04", [listed(A), listed(B)])
    assert events(store)[1:] == [("2026-08-04", 2, "returned", "2026-08-03", "2026-08-04")]
    assert store.conn.execute("SELECT missing_since FROM repos WHERE repo = 2").fetchone() == (None,)


def test_a_rename_keeps_identity_and_history(store):
    night(store, "2026-08-01", [listed(A, "THUDM/glm", downloads=1)])
    night(store, "2026-08-02", [listed(A, "zai-org/glm", downloads=2)])
    assert events(store) == [("2026-08-02", 1, "name", "THUDM/glm", "zai-org/glm")]
    assert len(history(store)) == 2
    assert store.conn.execute("SELECT repo_id, since, until FROM names ORDER BY since").fetchall() == [
        ("THUDM/glm", "2026-08-01", "2026-08-02"),
        ("zai-org/glm", "2026-08-02", None),
    ]


def test_a_recreated_repo_is_another_repo(store):
    night(store, "2026-08-01", [listed(A, "o/n"), listed(B)])
    night(store, "2026-08-02", [listed(B), listed(C, "o/n")])
    rows = store.conn.execute("SELECT oid, missing_since FROM repos WHERE repo_id = 'o/n' ORDER BY oid").fetchall()
    assert rows == [(A, "2026-08-02"), (C, None)]


def test_there_and_back_on_one_day_is_no_event(store):
    night(store, "2026-08-01", [listed(A, gated=False)])
    night(store, "2026-08-02", [listed(A, gated="auto")])
    night(store, "2026-08-02", [listed(A, gated=False)])
    assert events(store) == []


def test_a_page_that_cannot_be_written_whole_is_not_written_at_all(store):
    crawl = store.begin("2026-08-01", "hub", "", "x", [("", "")])
    good, twin = listed(A), listed(A, "org/twin")
    with pytest.raises(sqlite3.IntegrityError):
        store.write_page(crawl, Range("", "", A, "n"), plan.PagePlan([good, twin], [], [], [], [], []), seen=2)
    assert store.count_present() == 0
    assert store.ranges(crawl.id)[0].cursor == ""


def test_an_unfinished_crawl_of_the_same_night_goes_on_and_of_another_night_is_given_up(store):
    first = store.begin("2026-08-01", "hub", "", "x", [("", "")])
    assert store.begin("2026-08-01", "hub", "", "y", [("", "")]).id == first.id
    second = store.begin("2026-08-02", "hub", "", "z", [("", "")])
    assert second.id != first.id
    assert store.crawl(first.id).finished == "z"
    assert not store.crawl(first.id).complete


def test_documents_are_due_once_per_sha_most_downloaded_first(store):
    files = [{"rfilename": "README.md"}, {"rfilename": "LICENSE"}]
    night(
        store,
        "2026-08-01",
        [listed(A, downloads=1, sha="1", siblings=files), listed(B, downloads=9, sha="1"), listed(C)],
    )
    assert [(c.repo_id, c.paths) for c in store.due(10)] == [
        ("org/2", ("README.md",)),
        ("org/1", ("README.md", "LICENSE")),
        ("org/3", ("README.md",)),
    ]
    crawl = store.last_complete()
    store.write_fetches(
        crawl.id,
        [
            Fetch(1, "README.md", "1", "ok", b"h" * 16, "e", 5, "t"),
            Fetch(1, "LICENSE", "1", "ok", b"i" * 16, None, 5, "t"),
            Fetch(2, "README.md", "1", "error", None, None, None, "t"),
        ],
    )
    assert [c.repo_id for c in store.due(10)] == ["org/2", "org/3"]  # an error is tried again
    night(store, "2026-08-02", [listed(A, downloads=1, sha="2", siblings=files), listed(B), listed(C)])
    assert {c.repo_id: c.etags for c in store.due(10)}["org/1"] == {"README.md": ("e", b"h" * 16)}


def test_a_failed_look_keeps_the_text_of_the_last_good_one(store):
    crawl = night(store, "2026-08-01", [listed(A, sha="1")])
    store.write_fetches(crawl.id, [Fetch(1, "README.md", "1", "ok", b"h" * 16, "e", 5, "t")])
    store.write_fetches(crawl.id, [Fetch(1, "README.md", "2", "error", None, None, None, "t", "timeout")])
    assert store.conn.execute("SELECT outcome, hash FROM fetches").fetchone() == ("error", b"h" * 16)


@pytest.mark.parametrize("outcome", ["gated", "too-large", "gone", "moved"])
def test_a_look_that_is_refused_keeps_the_text_and_one_that_finds_no_file_clears_it(store, outcome):
    crawl = night(store, "2026-08-01", [listed(A, sha="1")])
    for sha, said, key in (("1", "ok", b"h" * 16), ("2", outcome, None)):
        store.write_fetches(crawl.id, [Fetch(1, "README.md", sha, said, key, None, None, "t")])
    assert store.conn.execute("SELECT outcome, hash FROM fetches").fetchone() == (outcome, b"h" * 16)
    store.write_fetches(crawl.id, [Fetch(1, "README.md", "3", "missing", None, None, None, "t")])
    assert store.conn.execute("SELECT outcome, hash FROM fetches").fetchone() == ("missing", None)


def test_a_licence_file_without_a_look_is_due_although_the_readme_was_read(store):
    files = [{"rfilename": f} for f in ("README.md", "LICENSE", "USE_POLICY.md")]
    crawl = night(store, "2026-08-01", [listed(A, sha="1", siblings=files)])
    store.write_fetches(crawl.id, [Fetch(1, "README.md", "1", "ok", b"h" * 16, "e", 5, "t")])
    assert [c.paths for c in store.due(10)] == [("LICENSE", "USE_POLICY.md")]
    store.write_fetches(crawl.id, [Fetch(1, "LICENSE", "1", "ok", b"i" * 16, "f", 5, "t")])
    assert [c.paths for c in store.due(10)] == [("USE_POLICY.md",)]
    store.write_fetches(crawl.id, [Fetch(1, "USE_POLICY.md", "1", "missing", None, None, None, "t")])
    assert (store.due(10), store.backlog()) == ([], 0)


def test_a_licence_file_shown_later_under_the_same_sha_is_due(store):
    crawl = night(store, "2026-08-01", [listed(A, sha="1")])
    store.write_fetches(crawl.id, [Fetch(1, "README.md", "1", "ok", b"h" * 16, "e", 5, "t")])
    assert store.due(10) == []
    files = [{"rfilename": "README.md"}, {"rfilename": "LICENSE"}]
    night(store, "2026-08-02", [listed(A, sha="1", siblings=files)])
    assert [c.paths for c in store.due(10)] == [("LICENSE",)]


def test_what_a_night_does_not_show_stays_as_it_was_and_is_no_event(store):
    full = {"sha": "1", "gated": False, "private": False, "disabled": False, "tags": ["license:mit", "base_model:x/y"],
            "card_data": {"license": "mit"}, "siblings": [{"rfilename": "a.bin"}]}  # fmt: skip
    night(store, "2026-08-01", [listed(A, **full)])
    before = store.repo(1)
    bare = listed(A)
    night(store, "2026-08-02", [bare])
    after = store.repo(1)
    assert events(store) == []
    assert after.fingerprint == bare.fingerprint() != before.fingerprint
    for field in ("sha", "gated", "private", "disabled", "tags", "card_data", "files", "license", "bases"):
        assert getattr(after, field) == getattr(before, field) is not None, field
    night(store, "2026-08-03", [listed(A, **full | {"gated": "manual"})])
    assert events(store) == [("2026-08-03", 1, "gated", "no", "manual")]


def rejected_since(store: Store) -> str | None:
    return store.conn.execute("SELECT rejected_since FROM repos").fetchone()[0]


def test_a_repo_whose_row_cannot_be_read_is_marked_until_one_can(store):
    good, bad, changed = listed(A, sha="1"), listed(A, sha="2", tags=3), listed(A, sha="3")
    night(store, "2026-08-01", [good])
    assert rejected_since(store) is None
    night(store, "2026-08-02", [bad])
    night(store, "2026-08-03", [bad])
    assert rejected_since(store) == store.repo(1).rejected_since == "2026-08-02"
    night(store, "2026-08-04", [good])  # as it was before
    assert rejected_since(store) is None
    night(store, "2026-08-05", [Reject(A, None, "no id", b"{}")])
    assert rejected_since(store) == "2026-08-05"
    night(store, "2026-08-06", [changed])
    assert (rejected_since(store), store.repo(1).sha) == (None, "3")


def test_missing_and_back_in_two_walks_of_one_night_is_no_event(store):
    night(store, "2026-08-01", [listed(A), listed(B)])
    night(store, "2026-08-02", [listed(A)])
    night(store, "2026-08-02", [listed(A), listed(B)])
    assert events(store) == []
    assert store.conn.execute("SELECT count(*) FROM repos WHERE missing_since IS NOT NULL").fetchone() == (0,)


def test_a_file_that_is_not_ours_is_left_alone(tmp_path):
    other = tmp_path / "hub.db"
    with sqlite3.connect(other) as conn:
        conn.execute("CREATE TABLE diary (secret TEXT)")
    before = other.read_bytes()
    with pytest.raises(ForeignDatabase, match="another application"):
        Store(other)
    (tmp_path / "text.db").write_text("Dear diary, this is certainly not a database, whatever its name says." * 20)
    with pytest.raises(ForeignDatabase, match="not a SQLite database"):
        Store(tmp_path / "text.db")
    assert other.read_bytes() == before


def test_a_file_of_a_newer_version_is_refused(tmp_path):
    store = Store(tmp_path / "hub.db")
    store.conn.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('crawler', '9999_future', 'x')"
    )
    store.close()
    with pytest.raises(NewerSchema, match="9999_future"):
        Store(tmp_path / "hub.db")


def test_our_file_says_whose_it_is(store):
    assert store.conn.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_a_full_disk_stops_with_a_sentence_and_keeps_the_last_checkpoint(store):
    night(store, "2026-08-01", [listed(A)])
    (pages,) = store.conn.execute("PRAGMA page_count").fetchone()
    store.conn.execute(f"PRAGMA max_page_count = {pages}")
    many = [listed(f"{i:024x}", card_data={"text": "x" * 3000}) for i in range(1, 300)]
    crawl = store.begin("2026-08-02", "hub", "", "x", [("", "")])
    with pytest.raises(StorageFull, match="make room"):
        store.write_page(crawl, Range("", "", "f", None, True), plan.read_page([], many), seen=len(many))
    assert store.count_present() == 1


def test_the_index_of_names_is_made_when_the_first_walk_ends_and_kept_from_then_on(store, tmp_path):
    def is_indexed() -> bool:
        return "repos_repo_id" in {row[0] for row in store.conn.execute("SELECT name FROM sqlite_master")}

    part = store.begin("2026-07-31", "hub", "limit=1", "x", [("", "")])
    store.end_walk(part, now="x", complete=True, last_seen=None)
    assert is_indexed()
    first = store.begin("2026-08-01", "hub", "", "x", [("", "")])
    assert not is_indexed()
    tables.open_hub(tmp_path / "hub.db").close()  # to judge what an unfinished walk has brought
    assert is_indexed()
    store.end_walk(first, now="x", complete=True, last_seen=None)
    store.begin("2026-08-02", "hub", "", "x", [("", "")])
    assert is_indexed()


@pytest.mark.parametrize("parts", [2, 3, 7, 22, 23, 40])
def test_what_is_known_is_cut_into_parts_with_equally_many_repos(store, parts):
    oids = [f"{i * i:024x}" for i in range(1, 24)]
    night(store, "2026-08-01", [listed(oid) for oid in reversed(oids)])
    cuts = store.quantiles(parts)
    assert cuts == ([oids[len(oids) * i // parts] for i in range(1, parts)] if parts <= len(oids) else [])


def test_the_missing_do_not_count_as_present(store):
    night(store, "2026-08-01", [listed(A), listed(B), listed(C)])
    night(store, "2026-08-02", [listed(A), listed(C)])
    assert (store.count_present(), store.conn.execute("SELECT count(*) FROM repos").fetchone()) == (2, (3,))


def test_the_stored_record_is_a_repo(store):
    night(store, "2026-08-01", [listed(A)])
    assert isinstance(store.repo(1), Repo)
