"""Documents of a night: real HTTP to a replay Hub, real SQLite; what is stored, what it costs, what goes wrong."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crawler import documents, fetches, hub
from crawler.door import Wire
from crawler.errors import BadToken, HubUnreachable, Interrupted, QuotaExhausted
from crawler.fetch import NOT_LISTED, UNREACHABLE, Look, _Night, fetch_documents
from crawler.hub import Document
from crawler.replay import ReplayHub
from crawler.replay_faults import Faults, Latency, Scripted
from crawler.store import Crawl, Store
from tests.replaying import document, replay, row

NIGHT = "2026-08-01"
FILES = [{"rfilename": "README.md"}, {"rfilename": "LICENSE"}, {"rfilename": "model.safetensors"}]


def fill(store: Store, rows: list[dict[str, Any]]) -> None:
    """What a walk would have stored of these rows, as far as documents need it. Keys count from 1."""
    for r in rows:
        files = "\n".join(f["rfilename"] for f in r["siblings"]) if "siblings" in r else None
        gated = r.get("gated") or "no"
        store.conn.execute(
            """INSERT INTO repos (oid, repo_id, sha, gated, downloads, fingerprint, first_seen, observed)
               VALUES (?, ?, ?, ?, ?, x'00', ?, ?)
               ON CONFLICT (oid) DO UPDATE SET sha = excluded.sha, gated = excluded.gated""",
            (r["_id"], r["id"], r["sha"], gated, r["downloads"], NIGHT, NIGHT),
        )
        (key,) = store.conn.execute("SELECT repo FROM repos WHERE oid = ?", (r["_id"],)).fetchone()
        store.conn.execute(
            """INSERT INTO details (repo, tags, files) VALUES (?, ?, ?)
               ON CONFLICT (repo) DO UPDATE SET files = excluded.files""",
            (key, msgspec.json.encode(r["tags"]).decode(), files),
        )


class Place:
    """A data directory and the way to run nights in it."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "hub.db")
        self.archive = documents.Archive(folder / "documents.db")
        self.stop = threading.Event()

    def run(self, url: str, night: str = NIGHT, budget: int = 1000, token: str | None = None, **options: Any) -> int:
        def sleep(seconds: float) -> bool:
            return self.stop.wait(min(seconds, 0.01))

        wire = Wire(sleep=sleep, random=lambda: 0.0, max_wait=options.pop("max_wait", 60))
        door = hub.connect(url, token=token, share=0.9, wire=wire)
        crawl = self.begin(night)
        try:
            fetch_documents(
                self.store, self.archive, door, crawl, budget, options.pop("clock", lambda: datetime.now(UTC)),
                self.stop, options.pop("progress", lambda what, count: None), **options,
            )  # fmt: skip
            return self.store.conn.execute("SELECT failed FROM crawls WHERE id = ?", (crawl.id,)).fetchone()[0]
        finally:
            door.client.close()

    def begin(self, night: str) -> Crawl:
        return self.store.begin(night, "hub", "", "x", [("", "")])

    def rows(self, columns: str = "repo, path, outcome") -> list[tuple[Any, ...]]:
        return self.store.conn.execute(f"SELECT {columns} FROM fetches ORDER BY repo, path").fetchall()

    def text(self, repo: int, path: str = "README.md") -> bytes | None:
        sql = "SELECT hash FROM fetches WHERE repo = ? AND path = ?"
        (key,) = self.store.conn.execute(sql, (repo, path)).fetchone()
        return None if key is None else self.archive.get(key)


@pytest.fixture
def place(tmp_path):
    found = Place(tmp_path / "data")
    yield found
    found.archive.close()
    found.store.close()


def served(server: ReplayHub) -> int:
    return sum(server.stats.served.values())


def test_cards_and_licence_files_are_stored_with_revision_night_and_size(place, tmp_path):
    rows = [row(1, "a/b", siblings=FILES)]
    with replay(tmp_path / "r", rows, [document("a/b", "card"), document("a/b", "terms", "LICENSE")]) as server:
        fill(place.store, rows)
        assert place.run(server.url) == 0
    assert place.rows("path, sha, outcome, size, night") == [
        ("LICENSE", rows[0]["sha"], "ok", 5, NIGHT),
        ("README.md", rows[0]["sha"], "ok", 4, NIGHT),
    ]
    assert (place.text(1), place.text(1, "LICENSE")) == (b"card", b"terms")
    assert fetches.backlog(place.store.conn) == 0


def test_a_text_that_any_repo_has_brought_is_not_fetched_again(place, tmp_path):
    rows = [row(n, f"a/{n}", siblings=FILES[:2]) for n in (1, 2, 3)]
    texts = [document(f"a/{n}", "The licence of them all", "LICENSE") for n in (1, 2, 3)]
    texts += [document(f"a/{n}", f"card {n}") for n in (1, 2, 3)]
    with replay(tmp_path / "r", rows, texts) as server:
        fill(place.store, rows[:1])
        place.run(server.url)
        assert served(server) == 2
        fill(place.store, rows)
        place.run(server.url, "2026-08-02")
        assert served(server) == 4  # two more cards, no more licence
    assert [place.text(n, "LICENSE") for n in (1, 2, 3)] == [b"The licence of them all"] * 3
    assert {r[2] for r in place.rows()} == {"ok"}


def test_a_new_revision_with_the_same_card_costs_one_request_and_keeps_the_text(place, tmp_path):
    before, after = row(1, "a/b", siblings=FILES[:1]), row(1, "a/b", siblings=FILES[:1], sha="f" * 40)
    texts = [document("a/b", "card")]
    with replay(tmp_path / "r1", [before], texts) as server:
        fill(place.store, [before])
        place.run(server.url)
    with replay(tmp_path / "r2", [after], texts) as server:
        fill(place.store, [after])
        place.run(server.url, "2026-08-02")
        assert (served(server), server.stats.requests["file"]) == (0, 1)
    assert place.rows("sha, outcome, night, attempts") == [("f" * 40, "ok", "2026-08-02", 1)]
    assert place.text(1) == b"card"


def test_a_file_that_the_file_list_does_not_have_is_missing_without_a_request(place, tmp_path):
    rows = [row(1, "a/b", siblings=FILES[2:])]
    with replay(tmp_path / "r", rows) as server:
        fill(place.store, rows)
        place.run(server.url)
        assert sum(server.stats.requests.values()) == 0
    assert place.rows("outcome, note") == [("missing", "not in the file list")]


def test_a_licence_file_that_was_removed_is_missing_at_the_new_revision(place, tmp_path):
    before, after = row(1, "a/b", siblings=FILES), row(1, "a/b", siblings=FILES[:1], sha="f" * 40)
    texts = [document("a/b", "card"), document("a/b", "terms", "LICENSE")]
    with replay(tmp_path / "r1", [before], texts) as server:
        fill(place.store, [before])
        place.run(server.url)
    with replay(tmp_path / "r2", [after], texts) as server:
        fill(place.store, [after])
        place.run(server.url, "2026-08-02")
    assert place.rows("path, outcome, sha") == [("LICENSE", "missing", "f" * 40), ("README.md", "ok", "f" * 40)]


@pytest.mark.parametrize("token", [None, "hf_test"])
def test_a_gated_file_is_gated_not_missing_and_is_asked_for_again_when_the_gate_opens(place, tmp_path, token):
    gated = row(1, "a/b", siblings=FILES[:2], gated="manual")
    opened = gated | {"gated": False}
    texts = [document("a/b", "card"), document("a/b", "terms", "LICENSE")]
    with replay(tmp_path / "r1", [gated], texts) as server:
        fill(place.store, [gated])
        assert place.run(server.url, token=token) == 0
    assert place.rows("path, outcome") == [("LICENSE", "gated"), ("README.md", "ok")]
    assert fetches.backlog(place.store.conn, "2026-08-02") == 0
    with replay(tmp_path / "r2", [opened], texts) as server:
        fill(place.store, [opened])  # the sha is the same
        place.run(server.url, "2026-08-02", token=token)
        assert server.stats.requests["file"] == 2  # the licence only
    assert place.text(1, "LICENSE") == b"terms"


def test_a_file_on_another_host_is_fetched_without_the_token(place, tmp_path):
    rows = [row(1, "a/b", siblings=FILES[:1])]
    with replay(tmp_path / "r", rows, [document("a/b", "big card")], faults=Faults(lfs=frozenset({"a/b"}))) as server:
        fill(place.store, rows)
        place.run(server.url, token="hf_secret")
        assert (server.stats.foreign, server.stats.leaked) == (1, 0)
        assert place.text(1) == b"big card"
        place.store.conn.execute("UPDATE repos SET sha = sha")
        place.store.conn.execute("UPDATE fetches SET sha = 'older'")
        place.run(server.url, "2026-08-02", token="hf_secret")
        assert server.stats.foreign == 1  # its SHA-256 says that it is here already


def test_a_renamed_repo_is_followed_when_it_is_the_same_repo(place, tmp_path):
    rows = [row(1, "old/name", siblings=FILES[:1])]
    with replay(tmp_path / "r", rows, [document("old/name", "card")]) as server:
        fill(place.store, rows)
        server.app.site.edit("old/name", "new/name")
        place.run(server.url)
    assert (place.rows(), place.text(1)) == ([(1, "README.md", "ok")], b"card")


def test_a_name_that_leads_to_another_repo_brings_nothing_and_waits_for_another_night(place, tmp_path):
    rows = [row(1, "runwayml/sd", siblings=FILES[:1]), row(2, "other/sd", siblings=FILES[:1])]
    texts = [document("other/sd", "not theirs"), document("runwayml/sd", "theirs")]
    faults = Faults(script=[Scripted(1, "other_repo", "file", "other/sd")])
    with replay(tmp_path / "r", rows, texts, faults=faults) as server:
        fill(place.store, rows[:1])
        place.run(server.url)
        assert (place.rows(), place.text(1)) == ([(1, "README.md", "moved")], None)
        place.run(server.url, "2026-08-02")
    assert place.text(1) == b"theirs"


def test_a_repo_that_is_gone_since_the_walk_is_no_missing_file(place, tmp_path):
    rows = [row(1, "a/b", siblings=FILES[:1])]
    with replay(tmp_path / "r", rows, [document("a/b", "card")]) as server:
        fill(place.store, rows)
        server.app.site.edit("a/b")
        assert place.run(server.url) == 0
    assert place.rows() == [(1, "README.md", "gone")]


@pytest.mark.parametrize("kind", ["html", "json", "shape", "truncate", "stall", "drop", "error503", "quota_bare"])
def test_a_spoiled_answer_is_never_stored_as_the_text(place, tmp_path, kind):
    rows = [row(1, "a/b", siblings=FILES[:1])]
    faults = Faults(rates={kind: 1.0}, stall=0.05)
    with replay(tmp_path / "r", rows, [document("a/b", "the card " * 50)], faults=faults) as server:
        fill(place.store, rows)
        assert place.run(server.url) == 1
        assert place.rows() == [(1, "README.md", "error")]
        server.faults = Faults()
        assert fetches.backlog(place.store.conn, NIGHT) == 0  # not again this night
        assert place.run(server.url, "2026-08-02") == 0
    assert place.text(1) == b"the card " * 50


def test_gzip_without_a_length_is_read(place, tmp_path):
    rows = [row(1, "a/b", siblings=FILES[:1])]
    with replay(tmp_path / "r", rows, [document("a/b", "card " * 99)], faults=Faults(rates={"gzip": 1.0})) as server:
        fill(place.store, rows)
        assert place.run(server.url) == 0
    assert place.text(1) == b"card " * 99


def test_bytes_that_are_no_text_are_kept_as_they_are(place, tmp_path):
    rows = [row(1, "a/b", siblings=FILES[:1])]
    odd = {"id": "a/b", "path": "README.md", "base64": "AP/+aABpAIA="}
    with replay(tmp_path / "r", rows, [odd]) as server:
        fill(place.store, rows)
        place.run(server.url)
    assert place.text(1) == b"\x00\xff\xfeh\x00i\x00\x80"


def test_of_a_file_beyond_the_limit_nothing_is_kept_and_little_is_read(place, tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "MAX_DOCUMENT", 1000)
    rows = [row(1, "a/b", siblings=FILES[:1]), row(2, "a/c", siblings=FILES[:1])]
    texts = [document("a/b", "x" * 3_000_000), document("a/c", "y" * 3_000_000)]
    with replay(tmp_path / "r", rows, texts, faults=Faults(lfs=frozenset({"a/c"}))) as server:
        fill(place.store, rows)
        place.run(server.url)
        assert server.stats.foreign == 0  # an LFS file's size is said before its bytes
    assert place.rows("outcome, hash") == [("too-large", None)] * 2
    assert fetches.backlog(place.store.conn, "2026-08-02") == 0


def test_a_failing_document_is_asked_for_at_growing_distances_and_never_given_up(place, tmp_path):
    rows = [row(1, "a/b", siblings=FILES[:1])]
    asked = []
    with replay(tmp_path / "r", rows, [document("a/b", "c")], faults=Faults(rates={"error500": 1.0})) as server:
        fill(place.store, rows)
        for day in range(1, 16):
            if place.run(server.url, f"2026-08-{day:02}"):
                asked.append(day)
    assert asked == [1, 2, 4, 7, 11]


def test_the_budget_goes_to_the_most_downloaded_and_files_not_listed_cost_nothing(place, tmp_path):
    rows = [row(n, f"a/{n}", siblings=FILES[2:] if n > 3 else FILES[:1]) for n in range(1, 6)]
    with replay(tmp_path / "r", rows, [document(f"a/{n}", f"{n}") for n in range(1, 6)]) as server:
        fill(place.store, rows)
        place.run(server.url, budget=2)
    assert place.rows("repo, outcome") == [(2, "ok"), (3, "ok"), (4, "missing"), (5, "missing")]
    assert fetches.backlog(place.store.conn) == 1


def test_no_document_is_begun_after_the_end_of_the_window(place, tmp_path):
    rows = [row(n, f"a/{n}", siblings=FILES[:1]) for n in range(1, 400)]
    now = [datetime(2026, 8, 1, 3, tzinfo=UTC)]

    def clock() -> datetime:
        now[0] += timedelta(seconds=1)
        return now[0]

    with replay(tmp_path / "r", rows, [document(f"a/{n}", f"{n}") for n in range(1, 400)]) as server:
        fill(place.store, rows)
        place.run(server.url, clock=clock, until=now[0] + timedelta(seconds=100))
    done = len(place.rows())
    assert 10 < done <= 100
    assert fetches.backlog(place.store.conn) == 399 - done


def test_a_stalled_document_does_not_hold_up_the_others(place, tmp_path):
    rows = [row(n, f"a/{n}", siblings=FILES[:1]) for n in range(1, 120)]
    texts = [document(f"a/{n}", f"card {n}") for n in range(1, 120)]
    faults = Faults(script=[Scripted(2, "stall", "file")], stall=4.0)
    times = []
    with replay(tmp_path / "r", rows, texts, faults=faults) as server:
        fill(place.store, rows)
        began = time.monotonic()
        threading.Timer(3.6, lambda: times.append(server.stats.requests["file"])).start()
        place.run(server.url)
        assert time.monotonic() - began >= 3.9
    assert times[0] >= 2 * 118  # all others were served while the one was silent
    assert {r[2] for r in place.rows()} == {"ok"}


def test_asked_to_stop_it_keeps_what_has_come_and_the_next_run_goes_on(place, tmp_path):
    rows = [row(n, f"a/{n}", siblings=FILES[:1]) for n in range(1, 300)]
    texts = [document(f"a/{n}", f"card {n}") for n in range(1, 300)]
    with replay(tmp_path / "r", rows, texts, latency=Latency(file=0.03)) as server:
        fill(place.store, rows)

        def stop_soon() -> None:
            while served(server) < 60:
                time.sleep(0.005)
            place.stop.set()

        threading.Thread(target=stop_soon, daemon=True).start()
        with pytest.raises(Interrupted, match="are kept"):
            place.run(server.url)
        kept = len(place.rows())
        assert 0 < kept < 299
        assert all(place.text(r[0]) == f"card {r[0]}".encode() for r in place.rows())
        place.stop.clear()
        place.run(server.url)
        assert len(place.rows()) == 299
        assert served(server) <= 299 + 64  # only what was under way was asked for twice


def test_a_refused_token_stops_the_night_and_marks_nothing(place, tmp_path):
    rows = [row(n, f"a/{n}", siblings=FILES[:1]) for n in range(1, 40)]
    with replay(tmp_path / "r", rows, [document(f"a/{n}", "c") for n in range(1, 40)]) as server:
        fill(place.store, rows)
        server.app.revoked = True
        with pytest.raises(BadToken, match="HF_TOKEN"):
            place.run(server.url, token="hf_old")
    assert place.rows() == []


def test_a_hub_that_is_down_stops_the_night_without_an_attempt_held_against_a_document(place, tmp_path):
    rows = [row(n, f"a/{n}", siblings=FILES[:1]) for n in range(1, 200)]
    fill(place.store, rows)
    with pytest.raises(HubUnreachable, match="in a row"):
        place.run("http://127.0.0.1:9")
    assert place.rows() == []


def test_a_repo_whose_licence_file_had_no_answer_stays_due_with_all_its_documents(place):
    fill(place.store, [row(n, f"a/{n}", siblings=FILES) for n in range(1, UNREACHABLE + 2)])
    silent = Document("error", note="no answer", unreachable=True)
    night = _Night(place.store, place.archive, place.begin(NIGHT), lambda: datetime.now(UTC), lambda what, count: None)
    first, *rest = place.store.due(1000)
    night.take([Look(first, path, NOT_LISTED) for path in first.paths])
    night.take([Look(rest[0], "README.md", NOT_LISTED)])
    night.take([Look(candidate, "LICENSE", silent) for candidate in rest])
    with pytest.raises(HubUnreachable, match="in a row"):
        night.check()
    night.write()
    assert {r[0] for r in place.rows()} == {first.repo}
    assert [c.paths for c in place.store.due(1000)] == [("README.md", "LICENSE")] * UNREACHABLE


def test_a_quota_that_is_used_up_for_too_long_stops_the_night_and_keeps_what_has_come(place, tmp_path):
    rows = [row(n, f"a/{n}", siblings=FILES[:1]) for n in range(1, 60)]
    texts = [document(f"a/{n}", f"card {n}") for n in range(1, 60)]
    faults = Faults(script=[Scripted(41, "quota", "file", times=1000)], wait=300)
    with replay(tmp_path / "r", rows, texts, faults=faults) as server:
        fill(place.store, rows)
        with pytest.raises(QuotaExhausted):
            place.run(server.url, max_wait=60)
    assert 0 < len(place.rows()) <= 20
    assert {r[2] for r in place.rows()} == {"ok"}
