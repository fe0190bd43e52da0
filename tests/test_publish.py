"""hub.db -> index.db: what a user may rely on is there, and a failure leaves the old file."""

from __future__ import annotations

import errno
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from crawler.errors import ForeignDatabase, OpennessError, StorageFull, UsageError
from index import publish as module
from index import queries, trends
from index.model import Dimension
from index.packing import Finding, Terms, pack
from index.publish import publish
from tests.small_hub import GAP, LICENSES, NOW, PROBES, ROOT, RULES, big_hub, small_hub

CONTRACT = {
    "models": """id oid author level level_name level_max restriction license license_effective gated downloads
        downloads_all_time likes pipeline_tag library base_model family radboud_score eu_score mof_class
        claims_open_source created_at last_modified sha first_seen last_seen missing_since""",
    "judgements": "id dimension value rule reason",
    "evidence": "id dimension probe outcome quote place sha observed",
    "downloads": "id date downloads downloads_all_time likes",
    "changes": "date id field old new downloads",
    "lineage": "id base_model relation stated_by license base_license conflict",
    "families": "family downloads models",
    "family_downloads": "family date downloads models",
    "licenses": "id source confidence",
    "experts": "source system id dimension value attribution",
    "agreement": "dimension n accuracy baseline",
    "crawls": "id date started finished complete models requests errors",
}
LLAMA3 = "meta-llama/Meta-Llama-3-8B"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    small_hub(folder / "hub.db")
    publish(folder, NOW, RULES, PROBES, LICENSES)
    return folder


@pytest.fixture(scope="module")
def index(data: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{(data / 'index.db').as_uri()}?immutable=1", uri=True)) as conn:
        yield conn


def rows(conn: sqlite3.Connection, sql: str, *parameters: object) -> list[tuple[object, ...]]:
    return conn.execute(sql, parameters).fetchall()


@pytest.mark.parametrize("table", CONTRACT)
def test_every_column_that_users_rely_on_is_there(index: sqlite3.Connection, table: str) -> None:
    columns = {row[1] for row in rows(index, f"PRAGMA table_info({table})")}
    assert set(CONTRACT[table].split()) <= columns


def test_the_file_says_whose_it_is_and_which_schema_it_has(index: sqlite3.Connection) -> None:
    assert rows(index, "PRAGMA application_id") == [(module.APPLICATION_ID,)]
    assert rows(index, "PRAGMA user_version") == [(module.SCHEMA_VERSION,)]
    assert rows(index, "PRAGMA journal_mode") != [("wal",)]


def test_a_model_has_its_verdict_in_the_published_form(index: sqlite3.Connection) -> None:
    found = rows(
        index,
        """SELECT level, level_name, level_max, restriction, license, license_effective, gated, downloads, mof_class,
             cells, family, official, parameters, url FROM models WHERE id = 'allenai/OLMo-7B'""",
    )
    assert found == [
        ("L5", "open source (candidate)", "L5", "completeness", "apache-2.0", "apache-2.0", "no", 50, "I",
         "uuuuoouuuuuuuu", "OLMo", 1, 7_000_000_000, "https://huggingface.co/allenai/OLMo-7B")
    ]  # fmt: skip


def test_a_model_that_nobody_judged_has_no_level_and_no_claim(index: sqlite3.Connection) -> None:
    assert rows(index, "SELECT level, cells, claims_open_source, gated FROM models WHERE id = 'unjudged/new'") == [
        (None, None, None, None)
    ]


def test_a_private_repository_is_nowhere_in_the_file(data: Path, index: sqlite3.Connection) -> None:
    assert rows(index, "SELECT count(*) FROM models") == [(10,)]
    body = (data / "index.db").read_bytes()
    assert b"SECRET" not in body
    assert b"private/secret" not in body


def test_last_seen_is_the_last_complete_night_for_what_is_there_and_the_last_sight_of_what_is_not(
    index: sqlite3.Connection,
) -> None:
    found = dict(rows(index, "SELECT id, last_seen || ' ' || coalesce(missing_since, '-') FROM models"))
    assert found[LLAMA3] == "2026-11-06 -"
    assert found["vanished/model"] == "2026-11-03 2026-11-05"
    assert found["returned/llama-tune"] == "2026-11-06 -"


def test_an_id_means_one_repository_even_when_its_name_has_passed_to_another(index: sqlite3.Connection) -> None:
    assert rows(index, "SELECT model, missing_since FROM models WHERE id = 'REBORN/model'") == [(10, None)]
    assert rows(index, "SELECT id, url FROM models WHERE model = 9") == [
        ("reborn/model@000000000000000000000009", None)
    ]


def test_a_former_name_leads_to_the_present_one(index: sqlite3.Connection) -> None:
    assert rows(index, "SELECT * FROM names") == [("old-name/model", "new-name/model", "2026-11-01", "2026-11-05")]


def test_there_are_14_judgements_in_order_with_the_words_of_their_rules(index: sqlite3.Connection) -> None:
    found = rows(index, "SELECT dimension, value, rule, reason FROM judgements WHERE id = ?", LLAMA3.upper())
    assert [f[0] for f in found] == list(Dimension)
    assert found[5] == ("license", "closed", "license.community", "The licence sets conditions: 700 million users.")
    assert found[0] == ("training_code", "unknown", "nothing_found", "Nothing was found where we looked.")


def test_evidence_keeps_its_words_and_is_dated_by_the_file_it_was_read_in(index: sqlite3.Connection) -> None:
    found = rows(
        index, "SELECT dimension, outcome, quote, place, value, sha, observed FROM evidence WHERE id = ?", LLAMA3
    )
    repo_sha = f"{2:040x}"
    assert found == [
        ("license", "yes", "license:llama2", "tags", "llama2", repo_sha, "2026-11-01"),
        ("license", "no", "greater than 700 million", "LICENSE.txt#100-124", "", "an-older-sha", "2026-11-01"),
        ("end_weights", "yes", "model.safetensors", "siblings", "safetensors", repo_sha, "2026-11-01"),
        ("claim", "yes", "our open source model", "README.md#10-31", "", repo_sha, "2026-11-02"),
    ]


def test_evidence_seen_at_an_ancestor_has_the_ancestors_revision(index: sqlite3.Connection) -> None:
    found = rows(index, "SELECT place, sha FROM evidence WHERE id = 'returned/llama-tune'")
    # A file called '12' is a place, not the number of a term.
    assert found == [(f"base:{LLAMA3}", f"{2:040x}"), ("tags", f"{5:040x}"), ("12", f"{5:040x}")]


@pytest.mark.parametrize("view", ["judgements", "evidence", "downloads", "lineage", "verdict_history", "documents"])
def test_a_look_up_by_id_walks_over_no_table(index: sqlite3.Connection, view: str) -> None:
    plan = [row[3] for row in rows(index, f"EXPLAIN QUERY PLAN SELECT * FROM {view} WHERE id = ?", LLAMA3)]
    # The list inside the dossier is walked over; so are the sights, as long as there are as few as here.
    scans = [step for step in plan if step.startswith("SCAN")]
    assert not [step for step in scans if not re.match("SCAN (. VIRTUAL|s LEFT)", step)], plan
    assert "(id=?)" in plan[0]


def test_counters_are_published_as_they_were_stored(index: sqlite3.Connection) -> None:
    assert rows(index, "SELECT date, downloads, downloads_all_time FROM downloads WHERE id = 'nobody/no-counter'") == [
        ("2026-11-01", 8, 80),
        ("2026-11-03", None, None),
    ]


def test_a_family_is_summed_on_complete_nights_over_the_members_that_were_there(index: sqlite3.Connection) -> None:
    found = rows(index, "SELECT date, downloads, models FROM family_downloads WHERE family = 'Llama 3'")
    assert found == [
        ("2026-11-01", 110, 2),
        ("2026-11-02", 100, 1),  # the tune was away
        ("2026-11-03", 130, 2),  # it is back; its counter is still the one of the first night
        ("2026-11-05", 140, 2),
        ("2026-11-06", 140, 2),
    ]
    assert GAP not in {date for date, *_ in found}


def test_the_share_of_a_level_counts_nobody_whose_counter_is_not_known(index: sqlite3.Connection) -> None:
    by_night = {
        (date, level): (counted, downloads)
        for date, level, counted, downloads in rows(index, "SELECT date, level, counted, downloads FROM share_by_level")
    }
    # L2 on the 2nd: Llama 2 (500), Llama 3 (100), no-counter (8); on the 3rd that counter is not stated any more.
    assert by_night["2026-11-02", "L2"] == (3, 608)
    assert by_night["2026-11-03", "L2"] == (3, 500 + 120 + 10)
    assert not [key for key in by_night if key[0] == GAP]
    shares = rows(index, "SELECT date, round(sum(share), 4) FROM share_by_level GROUP BY date")
    assert {total for _, total in shares} == {1.0}


def test_organisations_and_licences_have_the_same_downloads_as_the_levels_of_each_night(
    index: sqlite3.Connection,
) -> None:
    wanted = rows(index, "SELECT date, sum(counted), sum(downloads) FROM share_by_level GROUP BY date")
    for what in ("author", "license"):
        sql = "SELECT date, sum(counted), sum(downloads), round(sum(share), 4) FROM share_by_group WHERE what = ? GROUP BY date"
        found = index.execute(sql, (what,)).fetchall()
        assert [row[:3] for row in found] == wanted
        assert {row[3] for row in found} == {1.0}
    by_name = rows(index, "SELECT name, downloads FROM share_by_group WHERE what = 'author' AND date = '2026-11-06'")
    counted = rows(index, """SELECT author, sum(downloads) FROM models WHERE missing_since IS NULL AND downloads > 0
                             GROUP BY author""")  # fmt: skip
    assert set(counted) <= set(by_name)


def test_a_model_counts_with_the_level_in_force_that_night_unless_only_the_rules_changed(
    index: sqlite3.Connection,
) -> None:
    found = {(d, lv): n for d, lv, n in rows(index, "SELECT date, level, downloads FROM share_by_level")}
    assert ("2026-11-03", "L1") not in found  # Llama 2 was gated on the 5th
    assert found["2026-11-05", "L1"] == 400
    assert found["2026-11-03", "L3"] == 35  # vanished/model and new-name/model: the new rules hold backwards


def test_growth_of_a_family_rests_on_the_models_counted_on_both_nights(tmp_path: Path) -> None:
    small_hub(tmp_path / "hub.db")
    with closing(sqlite3.connect(tmp_path / "hub.db")) as conn, conn:
        (first,) = conn.execute("SELECT min(day) FROM downloads").fetchone()
        # Llama 3 and its fine-tune: the one falls from 100 to 60, the other is first counted when it is 900.
        conn.execute("DELETE FROM downloads WHERE repo IN (2, 5)")
        conn.execute("DELETE FROM changes WHERE repo = 5")
        conn.executemany(
            "INSERT INTO downloads VALUES (?, ?, ?, NULL, NULL)",
            [(2, first, 100), (2, first + 2, 60), (5, first + 2, 900)],
        )
    publish(tmp_path, NOW, RULES, PROBES, LICENSES)
    with closing(queries.open_index(tmp_path / "index.db")) as index:
        series = queries.family_series(index, "Llama 3")
        assert series is not None
        known = [p for p in series.points if p.downloads is not None]
        assert (known[0].downloads, known[-1].downloads, known[-1].models) == (100, 960, 2)
        assert (known[0].models, known[0].members) == (1, 2)
        whole = trends.course(series.points)
        assert whole is not None
        assert (whole.before, whole.after) == (100, 60)
        assert any(trends.is_break(a, b) for a, b in pairwise(known))


def test_an_event_says_until_when_the_old_state_was_seen(index: sqlite3.Connection) -> None:
    found = {(d, f): b for d, f, b in rows(index, "SELECT date, field, not_before FROM changes")}
    # The walk of the 4th was not complete: what was found on the 5th may have happened since the 3rd.
    assert found["2026-11-05", "gated"] == "2026-11-03"
    assert found["2026-11-05", "missing"] == "2026-11-03"
    assert found["2026-11-03", "returned"] == "2026-11-02"
    by_us = rows(index, "SELECT not_before FROM changes WHERE cause = 'rules'")
    assert set(by_us) == {(None,)}, "new rules of ours have a date, not a span"


def test_imported_counters_are_published_apart_and_never_for_a_day_that_we_saw(index: sqlite3.Connection) -> None:
    found = rows(index, "SELECT id, date, downloads, source FROM imported_downloads ORDER BY date")
    assert found == [(LLAMA3, "2026-10-01", 90, "an archive"), (LLAMA3, "2026-10-03", 90, "an archive")]
    model = queries.get_model(index, LLAMA3)
    assert model is not None
    points = queries.model_series(index, model).points
    assert [(p.date.isoformat(), p.downloads, p.source) for p in points[:4]] == [
        ("2026-10-01", 90, "an archive"), ("2026-10-02", None, ""), ("2026-10-03", 90, "an archive"),
        ("2026-10-04", None, ""),
    ]  # fmt: skip
    assert [(p.downloads, p.source) for p in points if p.date.isoformat() == "2026-11-01"] == [(100, "")]


def test_changes_carry_the_present_name_their_weight_and_level_changes(index: sqlite3.Connection) -> None:
    found = rows(index, "SELECT date, id, field, old, new, downloads, cause FROM changes WHERE date >= '2026-11-05'")
    assert ("2026-11-05", "new-name/model", "license", "mit", "apache-2.0", 5, None) in found
    assert ("2026-11-05", "meta-llama/Llama-2-7b-hf", "level", "L2", "L1", 400, "repo") in found
    assert ("2026-11-06", "new-name/model", "level", "L2", "L3", 5, "rules") in found


def test_a_claim_that_is_excluded_and_one_that_is_only_not_shown_are_two_things(index: sqlite3.Connection) -> None:
    assert rows(index, "SELECT id, holds, quote FROM claims") == [
        (LLAMA3, "no", "our open source model"),
        ("new-name/model", "not shown", "truly open"),
    ]


def test_lineage_families_and_summaries_are_filled(index: sqlite3.Connection) -> None:
    assert rows(index, "SELECT base_model, conflict FROM lineage WHERE id = 'returned/llama-tune'") == [
        (LLAMA3, "apache-2.0 on a model under llama3")
    ]
    assert rows(index, "SELECT maker, models, official_models, downloads FROM families WHERE family = 'Llama 3'") == [
        ("Meta", 2, 1, 140)
    ]
    assert rows(index, "SELECT date, rows FROM rejects") == [("2026-11-02", 2)]
    assert ("model card", "gated", 1) in rows(index, "SELECT document, outcome, documents FROM fetches")
    assert rows(index, "SELECT models FROM licenses WHERE id = 'apache-2.0'") == [(3,)]
    about = dict(rows(index, "SELECT key, value FROM about"))
    assert about["published"] == "2026-11-06T04:00:00Z"
    assert about["last complete crawl"] == "2026-11-06"
    assert about["complete nights"] == "5"


def test_places_follow_the_downloads_and_what_is_missing_comes_last(index: sqlite3.Connection) -> None:
    places = rows(index, "SELECT place FROM models ORDER BY missing_since IS NOT NULL, downloads DESC, model")
    assert places == [(n,) for n in range(1, len(places) + 1)]


def test_models_are_found_by_words_of_name_author_and_family(index: sqlite3.Connection) -> None:
    search = "SELECT m.id FROM models_fts f JOIN models m ON m.place = f.rowid WHERE models_fts MATCH ? ORDER BY 1"
    assert rows(index, search, "llama 3") == [(LLAMA3,), ("returned/llama-tune",)]


def test_the_14_dimensions_are_described_in_their_order(index: sqlite3.Connection) -> None:
    assert [key for (key,) in rows(index, "SELECT key FROM dimensions ORDER BY number")] == list(Dimension)
    assert rows(index, "SELECT count(eu) FROM dimensions") == [(12,)]


def test_the_counts_beside_the_file_are_true_for_tables_and_views(data: Path, index: sqlite3.Connection) -> None:
    said = json.loads((data / "index.inspect.json").read_text())["index"]
    assert said["size"] == (data / "index.db").stat().st_size
    for name, count in (said["tables"] | said["views"]).items():
        assert rows(index, f'SELECT count(*) FROM "{name}"') == [(count["count"],)], name
    views = {name for (name,) in rows(index, "SELECT name FROM sqlite_master WHERE type = 'view'")}
    assert set(said["views"]) == views


def test_a_part_of_the_hub_counts_its_own_nights(tmp_path: Path) -> None:
    small_hub(tmp_path / "hub.db")
    with closing(sqlite3.connect(tmp_path / "hub.db")) as conn:
        conn.execute("UPDATE crawls SET scope = 'author=meta-llama'")
        conn.commit()
    publish(tmp_path, NOW, RULES, PROBES, LICENSES)
    with closing(sqlite3.connect(tmp_path / "index.db")) as conn:
        assert rows(conn, "SELECT count(DISTINCT date) FROM family_downloads") == [(5,)]


def test_a_hub_without_nights_or_models_is_published_empty(tmp_path: Path) -> None:
    big_hub(tmp_path / "hub.db", 0, 0)
    assert publish(tmp_path, NOW, [], [], []).models == 0


def test_the_projects_own_rules_probes_and_licences_are_published_when_none_are_given(tmp_path: Path) -> None:
    small_hub(tmp_path / "hub.db")
    publish(tmp_path, NOW)
    with closing(sqlite3.connect(tmp_path / "index.db")) as conn:
        for table in ("rules", "probes", "licenses"):
            assert rows(conn, f"SELECT count(*) FROM {table}")[0][0] >= 19, table
        assert rows(conn, "SELECT osi_approved, confidence FROM licenses WHERE id = 'apache-2.0'") == [("yes", "high")]
        assert rows(conn, "SELECT count(*) FROM licenses WHERE source IS NULL OR confidence IS NULL") == [(0,)]


def test_every_fact_of_the_catalogue_has_a_column() -> None:
    from index.licenses import License

    with closing(sqlite3.connect(":memory:")) as conn:
        conn.executescript((ROOT / "index" / "published.sql").read_text())
        columns = {row[1] for row in conn.execute("PRAGMA table_info(licenses)")}
    assert set(License.__struct_fields__) <= columns


def test_experts_and_agreement_are_published_from_named_values(tmp_path: Path) -> None:
    small_hub(tmp_path / "hub.db")
    expert = {"source": "an index", "source_version": "1", "system": "Llama 3", "model_id": LLAMA3,
              "dimension": "license", "value": "closed", "attribution": "its makers", "off_hub": False}  # fmt: skip
    publish(tmp_path, NOW, RULES, PROBES, LICENSES, experts=[expert], agreement=[
        {"dimension": "license", "reading": "unknown left out", "n": 1, "accuracy": 1.0}])  # fmt: skip
    with closing(sqlite3.connect(tmp_path / "index.db")) as conn:
        assert rows(conn, "SELECT id, value, off_hub, attribution FROM experts") == [
            (LLAMA3, "closed", 0, "its makers")
        ]
        assert rows(conn, "SELECT n, accuracy, baseline FROM agreement") == [(1, 1.0, None)]


# -- failures ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def own(data: Path, tmp_path: Path) -> Path:
    """A data directory of the test's own, published once."""
    for name in ("hub.db", "index.db", "index.inspect.json"):
        shutil.copy(data / name, tmp_path / name)
    return tmp_path


def unchanged(folder: Path, data: Path) -> bool:
    same = all((folder / n).read_bytes() == (data / n).read_bytes() for n in ("index.db", "index.inspect.json"))
    return same and not list(folder.glob("*.new*"))


def test_a_dossier_that_cannot_be_read_leaves_the_old_index(own: Path, data: Path) -> None:
    with closing(sqlite3.connect(own / "hub.db")) as conn:
        conn.execute("UPDATE dossiers SET cells = '[]' WHERE dossier = 2")
        conn.commit()
    with pytest.raises(OpennessError, match="Dossier 2 of hub.db"):
        publish(own, NOW + timedelta(days=1), RULES, PROBES, LICENSES)
    assert unchanged(own, data)


def test_a_result_that_contradicts_itself_is_not_swapped_in(own: Path, data: Path) -> None:
    with closing(sqlite3.connect(own / "hub.db")) as conn:
        conn.execute("UPDATE verdicts SET level = 5, level_max = 3 WHERE repo = 2")
        conn.commit()
    with pytest.raises(OpennessError, match="levels above what is not excluded"):
        publish(own, NOW, RULES, PROBES, LICENSES)
    assert unchanged(own, data)


def test_a_full_disk_is_said_and_leaves_the_old_index(own: Path, data: Path) -> None:
    program = f"""
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
from pathlib import Path
from crawler.errors import StorageFull
from index.publish import publish
from tests.small_hub import *
try:
    publish(Path({str(own)!r}), NOW, RULES, PROBES, LICENSES)
except StorageFull as e:
    print("StorageFull:", e)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("StorageFull: Cannot write"), done.stderr
    assert unchanged(own, data)


def test_an_operating_system_error_becomes_storage_full(own: Path) -> None:
    error = OSError(errno.ENOSPC, "No space left on device")
    assert isinstance(module._translated(error, own / "index.db"), StorageFull)
    assert isinstance(module._translated(sqlite3.OperationalError("no such table: x"), own), sqlite3.OperationalError)


def test_without_a_hub_there_is_nothing_to_publish(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="openness nightly"):
        publish(tmp_path, NOW, RULES, PROBES, LICENSES)


def test_a_foreign_hub_or_index_is_refused_and_left_alone(own: Path) -> None:
    with closing(sqlite3.connect(own / "foreign.db")) as conn:
        conn.execute("CREATE TABLE mine (x)")
        conn.commit()
    foreign = (own / "foreign.db").read_bytes()
    (own / "index.db").write_bytes(foreign)
    with pytest.raises(ForeignDatabase, match=r"index\.db"):
        publish(own, NOW, RULES, PROBES, LICENSES)
    assert (own / "index.db").read_bytes() == foreign
    (own / "hub.db").write_bytes(foreign)
    with pytest.raises(ForeignDatabase, match=r"hub\.db"):
        publish(own, NOW, RULES, PROBES, LICENSES)


def test_a_second_publish_replaces_the_first_one_whole(own: Path) -> None:
    inode = (own / "index.db").stat().st_ino
    done = publish(own, NOW + timedelta(days=1), RULES, PROBES, LICENSES, clock=iter([10.0, 12.5]).__next__)
    assert done.seconds == 2.5
    assert done.size == (own / "index.db").stat().st_size
    assert (own / "index.db").stat().st_ino != inode
    with closing(sqlite3.connect(own / "index.db")) as conn:
        assert rows(conn, "SELECT value FROM about WHERE key = 'published'") == [("2026-11-07T04:00:00Z",)]


# -- packing and size -------------------------------------------------------------------------------------------------


@pytest.fixture
def terms() -> Iterator[Terms]:
    with closing(sqlite3.connect(":memory:")) as conn:
        conn.executescript((ROOT / "index" / "published.sql").read_text())
        yield Terms(conn, max_terms=3, max_sights=2)


def test_a_place_beyond_the_room_for_terms_is_written_out(terms: Terms) -> None:
    assert [terms.place(name) for name in ("a", "b", "c", "d", "a")] == [1, 2, 3, "d", 1]
    assert terms.word("d") == 4  # a word that must have a number gets one
    assert terms.place("d") == 4


def test_only_findings_that_return_are_numbered(terms: Terms) -> None:
    nothing = Finding("paper", "doi", "not stated", "", "README.md", "")
    library = Finding("package", "library", "yes", "transformers", "library_name", "transformers")
    words = Finding("paper", "doi", "yes", "as we show", "README.md#1-11", "")
    assert terms.sight(nothing) == 1
    assert [terms.sight(library), terms.sight(library), terms.sight(library)] == [None, 2, 2]
    assert [terms.sight(words), terms.sight(words)] == [None, None]
    assert terms.sight(nothing._replace(probe="venue")) is None  # no room


def test_a_dossier_of_thirteen_dimensions_is_refused(terms: Terms) -> None:
    cells = json.dumps([[d, "open", "r", ""] for d in Dimension][:-1])
    with pytest.raises(ValueError, match="instead of the 14 dimensions"):
        pack(cells, "[]", terms)


def test_packing_loses_nothing(tmp_path: Path) -> None:
    big_hub(tmp_path / "hub.db", 300, 1)
    publish(tmp_path, NOW, RULES, PROBES, LICENSES)
    with closing(sqlite3.connect(tmp_path / "hub.db")) as hub, closing(sqlite3.connect(tmp_path / "index.db")) as index:
        names = dict(rows(hub, "SELECT repo, repo_id FROM repos"))
        for repo, cells, evidence in rows(
            hub, "SELECT repo, cells, evidence FROM verdicts JOIN dossiers USING (dossier)"
        ):
            found = rows(
                index, "SELECT dimension, probe, outcome, quote, place, value FROM evidence WHERE id = ?", names[repo]
            )
            assert [list(f) for f in found] == json.loads(str(evidence))
            judged = rows(index, "SELECT dimension, value, rule FROM judgements WHERE id = ?", names[repo])
            assert [list(f) for f in judged] == [cell[:3] for cell in json.loads(str(cells))]


def test_two_thousand_models_with_cards_take_less_than_1500_bytes_each(tmp_path: Path) -> None:
    big_hub(tmp_path / "hub.db", 2_000, 1)
    done = publish(tmp_path, NOW, RULES, PROBES, LICENSES)
    assert done.models == 2_000
    assert done.size / done.models < 1_500


def test_the_schema_is_strict_everywhere() -> None:
    ddl = (ROOT / "index" / "published.sql").read_text()
    tables = re.findall(r"^CREATE TABLE (\w+) \(.*?^\)(.*?);", ddl, re.DOTALL | re.MULTILINE)
    assert len(tables) > 20
    assert [name for name, options in tables if "STRICT" not in options] == []
