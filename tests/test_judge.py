"""The pipeline on a real hub.db: what is judged, what is left alone, what moves when something changes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crawler import datasets, plan
from crawler.crawl import crawl
from crawler.documents import Archive
from crawler.records import Listed, Reject, decode_page
from crawler.replay_faults import Faults, Scripted
from crawler.store import Fetch, Store
from index import due, tables, verify
from index import judge as judging
from index.judge import JudgeReport, judge
from index.overrides import Override
from index.publish import publish
from index.verdict import examine
from tests.nights import NOON, SkippedTime, door
from tests.replaying import document, oid, replay, row

WEIGHTS = {"siblings": [{"rfilename": "model.safetensors"}, {"rfilename": "README.md"}], "disabled": False}


class Night:
    """A data directory that is crawled and judged night by night, through the real store."""

    def __init__(self, folder: Path) -> None:
        self.hub, self.papers = folder / "hub.db", folder / "documents.db"
        self.day = 0

    def crawl(
        self,
        rows: Iterable[dict[str, Any]],
        documents: dict[str, dict[str, str]] | None = None,
        rejected: dict[str, Any] | None = None,
    ) -> None:
        """One night's listing, documents by repo name and path, and a row that comes in a form that nobody can read."""
        self.day += 1
        store, archive = Store(self.hub), Archive(self.papers)
        crawl = store.begin(self.date, "https://hub.test", "", f"{self.date}T02:00:00Z", [("", "")])
        sent = [*rows, *([rejected | {"downloads": "many"}] if rejected else [])]
        listed = list(decode_page(json.dumps(sent).encode()))
        assert sum(isinstance(r, Reject) for r in listed) == bool(rejected)
        page = plan.read_page(store.known_oids([r.oid for r in listed if r.oid]), listed)
        whole = store.ranges(crawl.id)[0]._replace(cursor="f" * 24, done=True)
        store.write_page(crawl, whole, page, seen=len(listed))
        keys = dict(store.conn.execute("SELECT repo_id, repo FROM repos").fetchall())
        for name, texts in (documents or {}).items():
            hashes = archive.put([text.encode() for text in texts.values()])
            at = f"{self.date}T03:00:00Z"
            store.write_fetches(
                crawl.id, [Fetch(keys[name], p, "x", "ok", h, None, 1, at) for p, h in zip(texts, hashes, strict=True)]
            )
        store.finish(crawl, f"{self.date}T04:00:00Z")
        store.close(), archive.close()

    @property
    def date(self) -> str:
        return f"2026-11-{self.day:02}"

    def judge(self, **options: Any) -> JudgeReport:
        return judge(self.hub, self.papers, datetime(2026, 11, self.day, 5, tzinfo=UTC), **options)

    def sql(self, query: str, *parameters: Any) -> list[Any]:
        conn = sqlite3.connect(self.hub)
        try:
            return conn.execute(query, parameters).fetchall()
        finally:
            conn.close()

    def verdict(self, name: str) -> tuple[str, str, str]:
        """(level, level_max, restriction) of a model."""
        found = self.sql(
            "SELECT 'L' || level, 'L' || level_max, restriction FROM verdicts NATURAL JOIN repos WHERE repo_id = ?",
            name,
        )
        return found[0]

    def everything(self) -> list[Any]:
        """All that is concluded, without the keys and days that depend on how it came about."""
        return self.sql(
            """SELECT r.repo_id, v.level, v.level_max, v.restriction, v.license_effective, v.radboud_score, v.family,
                      v.allows, v.allows_max, v.allows_why, d.cells, d.evidence
               FROM verdicts v JOIN repos r USING (repo) JOIN dossiers d USING (dossier) ORDER BY r.repo_id"""
        ) + self.sql("SELECT repo, base_id, base, relation, license, base_license, conflict FROM lineage ORDER BY 1, 2")


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night(tmp_path)


def model(number: int, name: str, license_: str = "apache-2.0", *bases: str, **fields: Any) -> dict[str, Any]:
    tags = ["transformers", f"license:{license_}", *(f"base_model:finetune:{b}" for b in bases)]
    return row(number, name, **(WEIGHTS | {"tags": tags} | fields))


FAMILY = [
    model(1, "maker/base"),
    model(2, "user/tuned", "apache-2.0", "maker/base"),
    model(3, "other/twice", "apache-2.0", "user/tuned"),
    model(4, "loner/model"),
]


def test_each_repo_gets_a_verdict_with_fourteen_cells_and_a_first_entry_in_its_history(night):
    night.crawl(FAMILY)
    report = night.judge()
    assert (report.judged, report.changed, report.errors) == (4, 0, 0)
    assert [night.verdict(r["id"]) for r in FAMILY] == [("L3", "L6", "documentation")] * 4
    assert {len(json.loads(cells)) for (cells,) in night.sql("SELECT cells FROM dossiers")} == {14}
    assert night.sql("SELECT count(*), min(cause), max(date) FROM verdict_history") == [(4, "first", "2026-11-01")]


def test_a_second_run_with_nothing_changed_judges_nothing_and_changes_nothing(night):
    night.crawl(FAMILY, {"maker/base": {"README.md": "# A card\n\nWords."}})
    night.judge()
    before = night.sql("SELECT * FROM verdicts")
    again = night.judge()
    assert (again.judged, again.changed, again.moved) == (0, 0, ())
    assert night.sql("SELECT * FROM verdicts") == before


def test_a_licence_that_changes_moves_the_model_and_all_that_was_made_from_it(night):
    night.crawl(FAMILY)
    night.judge()
    night.crawl([model(1, "maker/base", "llama3"), *FAMILY[1:]])
    report = night.judge()
    assert {(m.repo_id, m.old, m.new, m.cause) for m in report.moved} == {
        ("maker/base", "L3", "L2", "repo"), ("user/tuned", "L3", "L2", "base"), ("other/twice", "L3", "L2", "base"),
    }  # fmt: skip
    assert night.verdict("other/twice") == ("L2", "L2", "community")
    assert night.verdict("loner/model") == ("L3", "L6", "documentation")
    events = night.sql("SELECT repo_id, old, new FROM changes JOIN repos USING (repo) WHERE field = 'level' ORDER BY 1")
    assert events == [("maker/base", "L3", "L2"), ("other/twice", "L3", "L2"), ("user/tuned", "L3", "L2")]
    conflicts = night.sql("SELECT conflict FROM lineage WHERE conflict <> '' ORDER BY repo")
    assert conflicts == [
        ("tag apache-2.0, but base maker/base: llama3",),
        ("tag apache-2.0, but base user/tuned: llama3",),
    ]


def test_judging_step_by_step_ends_where_judging_everything_at_once_ends(night, tmp_path):
    nights = [FAMILY[1:2], FAMILY, [model(1, "maker/base", "llama3"), *FAMILY[1:]], FAMILY[:3]]
    for rows in nights:
        night.crawl(rows)
        night.judge()
    other = Night(tmp_path / "other")
    for rows in nights:
        other.crawl(rows)
    other.judge()
    assert night.everything() == other.everything()
    night.judge(everything=True)
    assert night.everything() == other.everything()


def test_a_base_that_comes_later_is_recognised_by_what_already_named_it(night):
    night.crawl([FAMILY[1]])
    night.judge()
    assert night.verdict("user/tuned") == ("L2", "L6", "unknown-base")
    night.crawl(FAMILY[:2])
    assert night.judge().judged == 2
    assert night.verdict("user/tuned") == ("L3", "L6", "documentation")


def test_a_base_that_only_a_readme_names_binds_and_is_watched_like_one_that_is_listed(night):
    silent = model(2, "user/tuned", tags=["license:mit"])
    night.crawl([silent, FAMILY[3]], {"user/tuned": {"README.md": "---\nbase_model: maker/base\n---\n# Tuned"}})
    night.judge()
    assert night.verdict("user/tuned") == ("L2", "L6", "unknown-base")
    night.crawl([model(1, "maker/base"), silent, FAMILY[3]])
    assert night.judge().judged == 2, "it comes"
    assert night.verdict("user/tuned") == ("L3", "L6", "documentation")
    assert night.sql("SELECT base, stated_by FROM lineage") == [(3, "card")]
    night.crawl([model(1, "maker/base", "llama2"), silent, FAMILY[3]])
    report = night.judge()
    assert {(m.repo_id, m.cause) for m in report.moved} == {("maker/base", "repo"), ("user/tuned", "base")}
    assert night.verdict("user/tuned") == ("L2", "L2", "community")
    stepwise = night.everything()
    night.judge(everything=True)
    assert night.everything() == stepwise
    assert night.judge().judged == 0


def test_a_base_is_found_in_any_case_of_its_letters_and_watched_under_it(night):
    child = model(2, "user/tuned", "mit", "MAKER/Base")
    night.crawl([child, model(3, "user/other", "mit", "GPT2")])
    night.judge()
    assert night.verdict("user/tuned") == ("L2", "L6", "unknown-base")
    rows = [child, model(3, "user/other", "mit", "GPT2"), model(4, "openai-community/gpt2", "mit")]
    night.crawl([model(1, "maker/base"), *rows])
    assert night.judge().judged == 4
    assert night.verdict("user/tuned") == night.verdict("user/other") == ("L3", "L6", "documentation")
    night.crawl([model(1, "maker/base", "llama2"), *rows])
    assert {m.repo_id for m in night.judge().moved} == {"maker/base", "user/tuned"}
    night.crawl([model(1, "maker/base"), model(5, "Maker/base", "llama2"), *rows])
    night.judge()
    assert night.verdict("user/tuned") == ("L2", "L6", "unknown-base"), "two bear it, and neither as it is written"
    night.crawl([model(1, "maker/base", "llama2"), model(5, "MAKER/Base", "mit"), *rows])
    night.judge()
    assert night.verdict("user/tuned") == ("L3", "L6", "documentation"), "the one that is written so"


def test_a_renamed_base_is_found_under_its_old_name(night):
    night.crawl(FAMILY[:2])
    night.judge()
    night.crawl([model(1, "maker/base-v1", "llama3"), FAMILY[1]])
    night.judge()
    assert night.verdict("user/tuned") == ("L2", "L2", "community")


LATE = {"createdAt": "2026-11-02T00:00:00.000Z"}


def restricted_tuned(night: Night) -> None:
    """A fine-tune of a restricted base, judged so."""
    night.crawl([model(1, "maker/base", "llama2"), FAMILY[1]])
    night.judge()
    assert night.verdict("user/tuned") == ("L2", "L2", "community")


def test_a_stranger_that_takes_a_freed_name_does_not_launder_what_was_made_from_the_old_bearer(night):
    restricted_tuned(night)
    night.crawl([model(1, "maker/away", "llama2"), FAMILY[1], model(9, "maker/base", "mit", **LATE)])
    night.judge()
    assert night.verdict("user/tuned") == ("L2", "L2", "community")
    assert night.sql("SELECT base FROM lineage WHERE base_id = 'maker/base'") == [(1,)]


def test_a_newcomer_whose_day_nobody_knows_does_not_launder_either_and_the_strictest_binds(night):
    restricted_tuned(night)
    night.crawl([model(1, "maker/away", "llama2"), FAMILY[1], model(9, "maker/base", "mit", createdAt=None)])
    night.judge()
    assert night.verdict("user/tuned") == ("L2", "L2", "community")
    night.crawl([model(1, "maker/away", "mit"), FAMILY[1], model(9, "maker/base", "cc-by-nc-4.0", createdAt=None)])
    night.judge()
    assert night.verdict("user/tuned") == ("L2", "L2", "non-commercial"), "a change of either claimant is seen"


def test_a_claimant_that_does_not_bind_yet_and_is_called_otherwise_now_is_watched_too(night):
    newcomer = model(9, "maker/base", "mit", createdAt=None)
    night.crawl([model(1, "maker/base", "mit"), FAMILY[1]])
    night.crawl([model(1, "maker/away", "mit"), FAMILY[1], newcomer])
    night.judge()
    assert night.sql("SELECT base FROM lineage") == night.sql("SELECT repo FROM repos WHERE repo_id = 'maker/base'")
    night.crawl([model(1, "maker/away", "llama2"), FAMILY[1], newcomer])
    night.judge()
    assert night.verdict("user/tuned") == ("L2", "L2", "community")


def test_a_base_that_is_younger_than_what_names_it_is_not_the_one_it_was_made_from(night):
    night.crawl([FAMILY[1], model(9, "maker/base", "mit", **LATE)])
    night.judge()
    assert night.verdict("user/tuned") == ("L2", "L6", "unknown-base")


def test_a_model_made_after_the_newcomer_is_bound_by_both_bearers_of_the_name(night):
    restricted_tuned(night)
    later = {"createdAt": "2026-11-03T00:00:00.000Z"}
    rows = [model(1, "maker/away", "llama2"), FAMILY[1], model(9, "maker/base", "mit", **LATE)]
    night.crawl([*rows, model(10, "new/tuned", "mit", "maker/base", **later)])
    night.judge()
    assert night.verdict("new/tuned") == ("L2", "L2", "community")


def test_a_new_card_is_read_and_named_as_the_cause(night):
    night.crawl(FAMILY)
    night.judge()
    night.crawl(
        FAMILY, {"loner/model": {"README.md": "---\nlicense: apache-2.0\n---\n# X\n\nOur model is open source."}}
    )
    assert night.judge().judged == 1
    last = night.sql("SELECT repo_id, cause FROM verdict_history JOIN repos USING (repo) WHERE date = '2026-11-02'")
    assert last == [("loner/model", "card")]


def test_a_model_that_lost_its_ownerless_name_is_found_when_it_comes_and_a_strangers_folder_name_is_not(night):
    night.crawl([model(2, "user/tuned", "mit", "gpt2"), model(3, "user/local", "mit", "run1")])
    night.judge()
    assert night.verdict("user/tuned") == night.verdict("user/local") == ("L2", "L6", "unknown-base")
    night.crawl(
        [
            model(1, "openai-community/gpt2", "mit"), model(2, "user/tuned", "mit", "gpt2"),
            model(3, "user/local", "mit", "run1"), model(4, "microsoft/run1", "mit"),
        ]
    )  # fmt: skip
    night.judge()
    assert night.verdict("user/tuned") == ("L3", "L6", "documentation")
    assert night.verdict("user/local") == ("L2", "L6", "unknown-base")


def test_a_card_that_is_read_while_the_clock_is_set_back_is_judged_all_the_same(night):
    night.crawl(FAMILY, {"maker/base": {"README.md": "# Words"}})
    with sqlite3.connect(night.hub) as conn:
        conn.execute("UPDATE fetches SET fetched = '2099-01-01T00:00:00Z'")
    night.judge()
    night.crawl(FAMILY, {"loner/model": {"README.md": "# X\n\nOur model is open source."}})
    report = night.judge()
    assert (report.judged, report.unchanged) == (1, 0)
    with sqlite3.connect(night.hub) as conn:
        conn.execute("DELETE FROM fetches WHERE repo = 4")
    assert night.judge().judged == 1, "a document that is no longer on record is a change too"
    assert night.judge().judged == 0


def test_a_look_that_brings_the_same_document_again_is_no_work(night):
    for _ in range(2):
        night.crawl(FAMILY, {"maker/base": {"README.md": "# Words"}})
        report = night.judge()
    assert (report.judged, report.unchanged) == (0, 0)


@pytest.mark.parametrize("omitted", [("gated",), ("siblings",), ("disabled",), ("tags", "cardData"), ("createdAt",)])
def test_a_field_that_the_hub_does_not_show_one_night_moves_no_level(night, omitted):
    rows = [row | {"cardData": {"license": "apache-2.0"}} for row in FAMILY[:2]]
    night.crawl(rows)
    night.judge()
    night.crawl([{key: value for key, value in row.items() if key not in omitted} for row in rows])
    assert night.judge().moved == ()
    assert night.verdict("user/tuned") == ("L3", "L6", "documentation")
    assert night.sql("SELECT * FROM changes WHERE field = 'level'") == []


def test_a_licence_file_with_a_restricting_clause_weighs_more_than_a_generous_tag(night):
    terms = "Creative Commons Attribution-NonCommercial 4.0 International\n\nThis work is for non-commercial use only."
    files = {"siblings": [{"rfilename": "model.safetensors"}, {"rfilename": "LICENSE"}]}
    night.crawl([model(1, "a/b", "mit", **files)], {"a/b": {"LICENSE": terms}})
    night.judge()
    assert night.verdict("a/b") == ("L2", "L3", "unknown-license"), "L3: without a card nothing higher is possible"


def test_cycles_of_bases_end_and_their_licences_bind_each_member(night):
    night.crawl([model(1, "a/a", "mit", "b/b"), model(2, "b/b", "llama3", "a/a"), model(3, "c/c", "mit", "c/c")])
    assert night.judge().errors == 0
    assert night.verdict("a/a") == ("L2", "L2", "community")
    assert night.verdict("b/b") == ("L2", "L2", "community")
    assert night.verdict("c/c") == ("L2", "L6", "unknown-base")
    assert night.judge().judged == 0


@pytest.mark.parametrize("names", [("a/a", "b/b"), ("b/b", "a/a")])
def test_a_licence_that_binds_one_of_a_cycle_from_outside_binds_all_of_it_and_what_is_made_from_it(night, names):
    one, two = names
    cycle = [model(1, one, "apache-2.0", two), model(2, two, "mit", one, "nc/base"), model(4, "c/tune", "mit", one)]
    night.crawl([*cycle, model(3, "nc/base", "cc-by-nc-4.0")])
    night.judge()
    assert {night.verdict(name) for name in (one, two, "c/tune")} == {("L2", "L2", "non-commercial")}
    night.crawl([*cycle, model(3, "nc/base", "mit")])
    night.judge()
    assert {night.verdict(name) for name in (one, two, "c/tune")} == {("L2", "L6", "unknown-base")}
    night.crawl([cycle[0], model(2, two, "mit", one, "meta-llama/Llama-2-7b-hf"), cycle[2]])
    night.judge()
    bound = night.sql("SELECT DISTINCT license_effective FROM verdicts NATURAL JOIN repos WHERE repo_id <> 'nc/base'")
    assert bound == [("llama2",)], "a base that the index does not have binds by its family's terms"
    assert {night.verdict(name) for name in (one, two, "c/tune")} == {("L2", "L2", "community")}


STATED = (
    "This model is a fine-tuned version of [nc/base](https://huggingface.co/nc/base) on our data.",
    "Fine-tuned from `nc/base`.",
    "Base model: nc/base",
    "This is a GGUF version of [nc/base](https://huggingface.co/nc/base).",
    "It was fine-tuned from [nc/tune](https://huggingface.co/nc/tune).",
)


@pytest.mark.parametrize("said", STATED)
def test_a_restricted_base_that_a_card_only_states_keeps_a_model_from_being_proved_open(night, said):
    base, tune = model(8, "nc/base", "cc-by-nc-4.0"), model(9, "nc/tune", "apache-2.0", "nc/base")
    told = {"README.md": f"# Heron\n\n{said}\n"}
    night.crawl([model(1, "a/told", "apache-2.0"), model(2, "a/declared", "apache-2.0", "nc/base", "nc/tune"),
                 model(3, "a/other", "apache-2.0"), base, tune],
                {"a/told": told, "a/declared": told, "a/other": {"README.md": "# Heron\n\nUnlike nc/base.\n"}})  # fmt: skip
    night.judge()
    assert night.verdict("a/told") == ("L2", "L6", "unknown-base")
    assert night.verdict("a/declared") == ("L2", "L2", "non-commercial")
    assert night.verdict("a/other")[0] == "L3"
    night.crawl([model(1, "a/told", "apache-2.0"), model(8, "nc/base", "mit"), tune])
    night.judge(everything=True)
    assert night.verdict("a/told")[0] == "L3", "the same words of a base that is open"


def test_several_runs_on_one_day_leave_one_verdict_whose_cause_is_what_moved_the_level(night):
    night.crawl(FAMILY)
    night.judge()
    night.day -= 1
    night.crawl([model(1, "maker/base", "llama3"), *FAMILY[1:]])
    night.judge()
    history = """SELECT repo_id, level, cause FROM verdict_history JOIN repos USING (repo)
                 WHERE repo_id IN ('maker/base', 'user/tuned', 'loner/model') ORDER BY 1"""
    assert night.sql(history) == [("loner/model", 3, "first"), ("maker/base", 2, "repo"), ("user/tuned", 2, "base")]


def test_one_repo_that_cannot_be_judged_is_a_row_with_its_reason_and_the_others_are_judged(night):
    night.crawl(FAMILY)
    broken: Any = ("no override at all",)
    report = night.judge(overrides={"loner/model": broken})
    assert (report.judged, report.errors) == (4, 1)
    assert night.verdict("loner/model") == ("L0", "L6", "unknown-weights")
    assert night.verdict("other/twice") == ("L3", "L6", "documentation")
    ((evidence,),) = night.sql("SELECT evidence FROM dossiers JOIN verdicts USING (dossier) WHERE repo = 4")
    assert [(e[1], e[2]) for e in json.loads(evidence)] == [("judge", "error")]
    assert "AttributeError" in evidence
    assert night.judge().judged == 1, "without the broken review"
    assert night.verdict("loner/model") == ("L3", "L6", "documentation")


def test_a_dry_run_tells_what_would_move_and_writes_nothing(night):
    night.crawl(FAMILY)
    night.judge()
    before = night.everything()
    night.crawl([model(1, "maker/base", "llama3"), *FAMILY[1:]])
    report = night.judge(dry_run=True)
    assert {m.repo_id for m in report.moved} == {"maker/base", "user/tuned", "other/twice"}
    assert night.everything() == before
    assert night.sql("SELECT count(*) FROM judge_runs") == [(1,)]
    assert {m.repo_id for m in night.judge().moved} == {"maker/base", "user/tuned", "other/twice"}


def test_a_review_judges_the_reviewed_model_and_what_is_made_from_it_and_no_other(night):
    night.crawl(FAMILY)
    night.judge()
    night.day = 2
    review = Override("maker/base", "end_data", "open", "Ada Example", "2026-11-01", "It is there.", "https://x.org")
    report = night.judge(overrides={"maker/base": (review,)})
    assert (report.judged, report.changed) == (3, 3), "the base and what is made from it"
    told = "SELECT repo_id, cause, note FROM verdict_history NATURAL JOIN repos WHERE date = ? ORDER BY repo_id"
    assert night.sql(told, "2026-11-02") == [
        ("maker/base", "override", "end_data open: It is there. (Ada Example, 2026-11-01, https://x.org)"),
        ("other/twice", "base", None),
        ("user/tuned", "base", None),
    ]
    assert night.judge(overrides={"maker/base": (review,)}).judged == 0
    night.day = 3
    assert night.judge().judged == 3
    assert night.sql(told, "2026-11-03")[0] == ("maker/base", "override", "A review was taken back.")


def test_a_model_whose_row_can_no_longer_be_read_is_not_called_open_on_old_facts(night):
    night.crawl(FAMILY)
    night.judge()
    night.crawl([*FAMILY[:1], *FAMILY[2:]], rejected=FAMILY[1])
    report = night.judge()
    assert [(m.repo_id, m.old, m.new, m.cause) for m in report.moved] == [("user/tuned", "L3", "L2", "listing")]
    assert night.verdict("user/tuned") == ("L2", "L6", "unreadable")
    assert night.verdict("other/twice") == ("L3", "L6", "documentation"), "made under the terms that were seen"
    night.crawl([*FAMILY[:1], *FAMILY[2:]], rejected=FAMILY[1])
    assert night.judge().judged == 0, "still the same"
    night.crawl(FAMILY)
    assert [(m.old, m.new, m.cause) for m in night.judge().moved] == [("L2", "L3", "listing")]
    causes = "SELECT date, cause FROM verdict_history NATURAL JOIN repos WHERE repo_id = 'user/tuned' ORDER BY date"
    assert night.sql(causes) == [("2026-11-01", "first"), ("2026-11-02", "listing"), ("2026-11-04", "listing")]


def other_rules(night: Night) -> None:
    """Every verdict as if other rules had made it."""
    with closing(sqlite3.connect(night.hub)) as conn:
        conn.execute(
            "UPDATE verdicts SET basis = CAST(substr(basis, 1, 40) || x'0101010101010101' || substr(basis, 49) AS BLOB)"
        )
        conn.commit()


def test_new_rules_judge_what_was_seen_and_read_no_card_again(night):
    cards = {
        "maker/base": {"README.md": "---\nlicense: llama2\n---\n# M\n\n## Training data\n\nTrained on the Pile.\n"},
        "loner/model": {"README.md": "---\nbase_model: maker/base\n---\n# X\n\nOur model is open source."},
    }
    quantised = model(5, "user/tuned-AWQ", cardData={"license": "apache-2.0", "base_model": "user/tuned"})
    night.crawl([*FAMILY, quantised], cards)
    night.judge()
    before = night.everything()
    other_rules(night)
    night.papers.unlink()  # nothing can be read any more
    assert night.judge().judged == 5
    assert night.everything() == before
    night.judge(everything=True)
    assert night.everything() != before, "asked for all, it reads, and what is not there is not seen"


def test_a_data_set_that_is_gated_moves_the_models_that_name_it_and_no_other(night):
    tags = ["transformers", "license:mit", "dataset:org/data"]
    rows = [model(1, "maker/base", tags=tags), model(2, "user/tuned", "mit", "maker/base"), FAMILY[3]]

    def look(**shown: Any) -> None:
        store = Store(night.hub)
        found = datasets.Dataset("org/data", "found", private=False, disabled=False, license="odc-by", card=True)
        other = datasets.Dataset("org/other", "found", gated="no")
        datasets.write(store.conn, [found._replace(**shown), other], 1, night.date, f"{night.date}T04:00:00Z")
        store.close()

    def cell(dimension: str, repo: int = 1) -> tuple[str, str]:
        ((cells,),) = night.sql("SELECT cells FROM dossiers JOIN verdicts USING (dossier) WHERE repo = ?", repo)
        return next((value, rule) for name, value, rule, _ in json.loads(cells) if name == dimension)

    night.crawl(rows)
    night.judge()
    assert cell("end_data") == ("open", "ED6"), "nobody has looked yet"
    look(gated="no")
    report = night.judge()
    assert (report.judged, report.changed, report.unchanged) == (1, 1, 1), "what it hands down is as before"
    assert (cell("end_data"), cell("datasheet")) == (("open", "ED13"), ("unknown", "D3"))
    assert night.judge().judged == 0
    night.crawl(rows)
    look(gated="manual")
    night.judge()
    assert cell("end_data") == ("partial", "ED11")
    causes = "SELECT repo_id, cause FROM verdict_history NATURAL JOIN repos WHERE date = ? ORDER BY repo_id"
    assert night.sql(causes, night.date) == [("maker/base", "data"), ("user/tuned", "base")]
    with closing(verify.Source(night.hub, night.papers)) as source:
        assert {c.state for c in verify.verify_named(source, "maker/base").checked} == {"found"}
        look(gated="no")
        lost = [c for c in verify.verify_named(source, "maker/base").checked if c.state != "found"]
        assert [(c.probe, c.place) for c in lost] == [("data_access", "dataset:org/data")]
    stepwise = night.judge() and night.everything()
    night.judge(everything=True)
    assert night.everything() == stepwise


def test_a_recording_that_shows_not_one_data_set_says_nothing_by_hiding_them(night):
    night.crawl([model(1, "maker/base", tags=["license:mit", "dataset:org/data"])])
    store = Store(night.hub)
    datasets.write(store.conn, [datasets.Dataset("org/data", "hidden")], 1, night.date, f"{night.date}T04:00:00Z")
    night.judge()
    cells = "SELECT cells FROM dossiers JOIN verdicts USING (dossier)"
    assert '"ED6"' in night.sql(cells)[0][0]
    datasets.write(store.conn, [datasets.Dataset("org/other", "found")], 1, night.date, f"{night.date}T04:00:00Z")
    store.close()
    assert night.judge().judged == 1
    assert '"ED12"' in night.sql(cells)[0][0]


@pytest.mark.parametrize(
    ("name", "license_"),
    [("meta-llama/Meta-Llama-3-8B", "apache-2.0"), ("google/gemma-7b", "mit"),
     ("NousResearch/Meta-Llama-3-8B", "apache-2.0")],
)  # fmt: skip
def test_an_open_tag_on_a_familys_own_weights_under_restricted_terms_proves_nothing_for_them_nor_their_children(
    night, name, license_
):
    night.crawl([model(1, name, license_), model(2, "user/tuned", "apache-2.0", name)])
    night.judge()
    for one in (name, "user/tuned"):
        level, level_max, restriction = night.verdict(one)
        assert (level, restriction) == ("L2", "unknown-license")
        assert level_max > "L2", "not proved is not excluded"
    with closing(verify.Source(night.hub, night.papers)) as source:
        assert {c.state for c in verify.verify_named(source, name).checked} == {"found"}


def test_families_under_open_terms_and_weights_under_terms_of_their_own_keep_their_tag(night):
    names = ["mistralai/Mistral-7B-v0.1", "01-ai/Yi-1.5-9B", "Qwen/Qwen2-7B", "stabilityai/sdxl-vae", "user/my-llama"]
    night.crawl([model(i, name) for i, name in enumerate(names)])
    night.judge()
    assert [night.verdict(name)[0] for name in names] == ["L3"] * len(names)


def rows_of_many(count: int) -> list[dict[str, Any]]:
    """A chain of bases, a crowd made from its members, and loners."""
    rows = [model(i, f"chain/m{i}", "mit", f"chain/m{i - 1}") if i else model(0, "chain/m0") for i in range(20)]
    rows += [model(i, f"crowd/m{i}", "apache-2.0", f"chain/m{i % 20}") for i in range(20, count)]
    return rows


def test_workers_conclude_what_one_process_concludes(night, tmp_path, monkeypatch):
    monkeypatch.setattr(judging, "BATCH", 50)
    night.crawl(rows_of_many(400))
    night.judge()
    other = Night(tmp_path / "other")
    other.crawl(rows_of_many(400))
    assert other.judge(workers=2).judged == 400
    assert other.everything() == night.everything()


@pytest.mark.parametrize("stop_after", [1, 3, 6])
def test_a_run_that_is_killed_between_batches_is_taken_up_and_ends_as_an_undisturbed_one(
    night, tmp_path, monkeypatch, stop_after
):
    monkeypatch.setattr(judging, "BATCH", 25)
    night.crawl(rows_of_many(200))
    night.judge()
    other = Night(tmp_path / "other")
    other.crawl(rows_of_many(200))
    other.judge()
    changed = [model(0, "chain/m0", "llama3"), *rows_of_many(200)[1:]]
    night.crawl(changed), other.crawl(changed)
    batches = iter(range(stop_after))

    def kill(what: str, count: int) -> None:
        if next(batches, None) is None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        other.judge(progress=kill)
    night.judge(), other.judge()
    assert other.everything() == night.everything()
    assert other.sql("SELECT count(*) FROM due") == [(0,)]


def test_the_evidence_of_a_model_never_lacks_a_place(night):
    night.crawl(FAMILY, {"maker/base": {"README.md": "# M\n\n## Training data\n\nTrained on the Pile and on C4.\n"}})
    night.judge()
    for (evidence,) in night.sql("SELECT evidence FROM dossiers"):
        assert all(place for _, _, _, _, place, _ in json.loads(evidence))


def test_a_repo_whose_card_the_archive_lost_is_judged_without_it(night):
    night.crawl(FAMILY, {"loner/model": {"README.md": "# A card"}})
    night.papers.unlink()
    assert night.judge().errors == 0


def test_incremental_work_is_what_changed_and_its_descendants(night):
    night.crawl(rows_of_many(400))
    night.judge()
    night.crawl([*rows_of_many(400)[:399], model(399, "crowd/m399", "mit", "chain/m19")])
    report = night.judge()
    assert (report.judged, report.unchanged) == (1, 0)


REAL = {"Qwen/Qwen2-7B": "L3", "meta-llama/Meta-Llama-3-8B": "L2", "runwayml/stable-diffusion-v1-5": "L2"}


@pytest.mark.slow
def test_no_real_model_under_a_licence_that_is_not_conformant_is_open_weights(shared):
    """Over the first 30,000 rows of the real listing, judged with full knowledge of gating: the worst case."""
    import lzma

    import msgspec

    from crawler.records import Repo, expand
    from index.licenses import catalogue

    found = []
    with lzma.open(shared / "hub-small.jsonl.xz", "rt") as lines:
        for line in lines:
            listed = decode_page(b"[" + msgspec.json.encode(json.loads(line)) + b"]")[0]
            repo = expand(listed) if isinstance(listed, Listed) else listed
            if isinstance(repo, Repo):
                open_gate = msgspec.structs.replace(repo, gated="no", files=("model.safetensors",), file_count=1)
                verdict = examine(open_gate, (), lambda name: None)
                made = verdict.assessment
                if made.level >= 3 and not catalogue()[made.license_effective or "other"].is_conformant:
                    found.append(repo.repo_id)
                if repo.repo_id in REAL and not repo.bases:
                    assert made.level <= int(REAL[repo.repo_id][1]), repo.repo_id
    assert found == []


def test_the_list_of_what_is_due_survives_a_run_that_never_began_to_judge(night):
    night.crawl(FAMILY)
    conn = tables.open_hub(night.hub)
    due.begin(conn, date=night.date, started="x", rules_version="v", reviews={}, everything=False, dry_run=False)
    conn.close()
    assert night.judge().judged == 4
    assert oid(1) in {o for (o,) in night.sql("SELECT oid FROM repos")}


# -- what was read once and cannot be read today ---------------------------------------------------------------------

HIDING = {
    "user/kid": "---\nbase_model: maker/base\n---\n# kid\n\nA model.",
    "user/nc": "# nc\n\nThis model may be used for non-commercial purposes only.",
}
SAY_NOTHING = ["error", "gone", "moved", "gated", "too-large"]


def _look(night: Night, name: str, path: str, outcome: str) -> None:
    """A look at a document, on a new night, that brought nothing."""
    night.day += 1
    store = Store(night.hub)
    crawl = store.begin(night.date, "https://hub.test", "", f"{night.date}T02:00:00Z", [("", "")])
    (key,) = store.conn.execute("SELECT repo FROM repos WHERE repo_id = ?", (name,)).fetchone()
    store.write_fetches(crawl.id, [Fetch(key, path, "y", outcome, None, None, None, f"{night.date}T03:00:00Z")])
    store.finish(crawl, f"{night.date}T04:00:00Z")
    store.close()


@pytest.mark.parametrize("outcome", SAY_NOTHING)
def test_a_card_that_cannot_be_fetched_tonight_still_says_what_it_said(night, outcome):
    rows = [model(1, "maker/base", "llama3"), model(2, "user/kid"), model(3, "user/nc")]
    night.crawl(rows, {name: {"README.md": text} for name, text in HIDING.items()})
    night.judge()
    before = [night.verdict(name) for name in HIDING]
    assert before == [("L2", "L2", "community"), ("L2", "L6", "unknown-license")]
    for name in HIDING:
        _look(night, name, "README.md", outcome)
    assert night.judge().moved == ()
    assert [night.verdict(name) for name in HIDING] == before
    night.judge(everything=True)
    assert [night.verdict(name) for name in HIDING] == before
    assert night.sql("SELECT 1 FROM changes WHERE field = 'level'") == []


def test_words_of_an_earlier_look_are_published_without_the_revision_that_could_not_be_read(night):
    night.crawl([model(3, "user/nc")], {"user/nc": {"README.md": HIDING["user/nc"]}})
    found = []
    for outcome in ("", "error"):
        if outcome:
            _look(night, "user/nc", "README.md", outcome)
        night.judge()
        publish(night.hub.parent, datetime(2026, 11, night.day, 6, tzinfo=UTC))
        with closing(sqlite3.connect(night.hub.with_name("index.db"))) as conn:
            sql = "SELECT quote <> '', sha, observed FROM evidence WHERE probe = 'use_restriction'"
            found.append(conn.execute(sql).fetchall())
    assert found == [[(1, "x", "2026-11-01")], [(1, None, None)]]


def test_a_readme_that_the_hub_answers_with_errors_lifts_no_model(tmp_path):
    """Over HTTP: crawled and judged for three nights, the second of which gets no document at all."""
    base, kid, nc = model(1, "maker/base", "llama3"), model(2, "user/kid"), model(3, "user/nc")
    texts = [document(name, text) for name, text in HIDING.items()]
    seen = []
    for day, sha in (("2026-11-01", "1"), ("2026-11-02", "2"), ("2026-11-03", "2")):
        faults = Faults(script=[Scripted(n, "error500", "file") for n in range(1, 60)] if day[-1] == "2" else [])
        rows = [base, kid | {"sha": sha * 40}, nc | {"sha": sha * 40}]
        with replay(tmp_path / day, rows, texts, faults=faults) as hub:
            time, store, archive = SkippedTime(), Store(tmp_path / "hub.db"), Archive(tmp_path / "documents.db")
            opened = door(hub.url, time)
            try:
                done = crawl(store, archive, opened, hub_name="replay", night=day, clock=lambda: NOON, stop=time.stop,
                             max_documents=100)  # fmt: skip
            finally:
                opened.client.close(), archive.close(), store.close()
        judge(tmp_path / "hub.db", tmp_path / "documents.db", datetime(2026, 11, int(day[-2:]), 5, tzinfo=UTC))
        with closing(sqlite3.connect(tmp_path / "hub.db")) as conn:
            levels = conn.execute("SELECT level FROM verdicts JOIN repos USING (repo) ORDER BY repo_id").fetchall()
            events = conn.execute("SELECT * FROM changes WHERE field = 'level'").fetchall()
        seen.append((done.failed_documents, levels, events))
    assert seen[1][0] >= 2, "the second night must really have failed to read them"
    assert [(levels, events) for _, levels, events in seen] == [([(2,), (2,), (2,)], [])] * 3


def test_a_stored_card_that_is_lost_leaves_the_terms_unknown_for_the_model_and_its_children(night):
    rows = [model(1, "maker/base", "llama3"), model(2, "user/kid"), model(3, "user/grandkid", "apache-2.0", "user/kid")]
    night.crawl(rows, {"user/kid": {"README.md": HIDING["user/kid"]}})
    night.judge()
    night.papers.unlink()
    night.crawl([rows[0], *(r | {"sha": "9" * 40} for r in rows[1:])])
    night.judge()
    assert night.verdict("user/kid") == ("L2", "L6", "unknown-license")
    assert night.verdict("user/grandkid")[0] == "L2"


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        ("missing", ("L3", "L6", "documentation")),
        ("error", ("L3", "L6", "documentation")),  # as good as not asked yet
        ("too-large", ("L2", "L6", "unknown-license")),
        ("gated", ("L2", "L6", "unknown-access")),
        ("gone", ("L2", "L6", "unknown-access")),
        ("moved", ("L2", "L6", "unknown-access")),
    ],
)
def test_a_card_that_was_never_read_and_is_refused_is_not_taken_for_one_that_grants(night, outcome, verdict):
    night.crawl([model(1, "acme/m")])
    _look(night, "acme/m", "README.md", outcome)
    night.judge()
    assert night.verdict("acme/m") == verdict


@pytest.mark.parametrize("outcome", SAY_NOTHING)
@pytest.mark.parametrize("known", [True, False])
def test_a_licence_text_that_cannot_be_fetched_grants_nothing(night, outcome, known):
    files = [{"rfilename": name} for name in ("model.safetensors", "LICENSE")]
    text = "You shall use this model for non-commercial purposes only. All other use needs our written consent."
    night.crawl([model(1, "acme/m", siblings=files)], {"acme/m": {"LICENSE": text}} if known else None)
    night.judge()
    assert night.verdict("acme/m")[0] == ("L2" if known else "L3")
    _look(night, "acme/m", "LICENSE", outcome)
    night.judge()
    assert night.verdict("acme/m")[0] == "L2"


# -- rows that show something that nobody here understands -----------------------------------------------------------


def _page(night: Night, rows: list[dict[str, Any]]) -> None:
    """A night whose listing is one page of these rows, read as the walk reads it."""
    night.day += 1
    store = Store(night.hub)
    this = store.begin(night.date, "https://hub.test", "", f"{night.date}T02:00:00Z", [("", "")])
    listed = decode_page(json.dumps(rows).encode())
    whole = store.ranges(this.id)[0]._replace(cursor="f" * 24, done=True)
    store.write_page(this, whole, plan.read_page(store.known("", None), listed), seen=len(listed))
    store.end_walk(this, now=f"{night.date}T03:00:00Z", complete=True, last_seen=None)
    store.finish(this, f"{night.date}T04:00:00Z")
    store.close()
    night.judge()


OPEN, OTHER = model(1, "acme/m"), model(2, "acme/n")


def test_a_new_word_for_gating_ends_what_the_old_one_proved_until_a_known_one_is_shown(night):
    _page(night, [OPEN, OTHER])
    _page(night, [OPEN | {"gated": "by-vote"}, OTHER])
    assert night.verdict("acme/m") == ("L2", "L6", "unknown-access")
    assert night.sql("SELECT gated, rejected_since FROM repos ORDER BY repo") == [(None, None), ("no", None)]
    _page(night, [{k: v for k, v in OPEN.items() if k != "gated"}, OTHER])  # not shown: still what was shown last
    assert night.verdict("acme/m") == ("L2", "L6", "unknown-access")
    _page(night, [OPEN, OTHER])
    assert [night.verdict(name) for name in ("acme/m", "acme/n")] == [("L3", "L6", "documentation")] * 2
    assert night.sql("SELECT field FROM changes WHERE field <> 'level'") == []


def test_a_new_model_gated_by_a_word_that_we_do_not_know_is_stored_and_not_open(night):
    _page(night, [OPEN | {"gated": "by-vote"}])
    assert night.verdict("acme/m") == ("L2", "L6", "unknown-access")


@pytest.mark.parametrize("name", ["acme/m", "Acme/M"])
@pytest.mark.parametrize("shown", [{"_id": None}, {}, {"_id": 12}, {"_id": ""}, {"_id": ["1"]}])
def test_a_row_without_a_readable_id_is_known_by_its_name_and_no_longer_open(night, shown, name):
    _page(night, [OPEN, OTHER])
    rest = {k: v for k, v in OPEN.items() if k != "_id"}
    _page(night, [rest | shown | {"id": name, "gated": "manual", "tags": ["license:llama3"]}, OTHER])
    assert night.verdict("acme/m") == ("L2", "L6", "unreadable")
    assert night.sql("SELECT rejected_since, missing_since FROM repos ORDER BY repo") == [
        (night.date, None),
        (None, None),
    ]
    _page(night, [OPEN, OTHER])
    assert night.verdict("acme/m") == ("L3", "L6", "documentation")


@pytest.mark.parametrize("order", [(False, "manual"), ("manual", False)])
def test_a_model_that_one_page_shows_in_two_ways_is_not_taken_at_the_better_one(night, order):
    _page(night, [OPEN, OTHER])
    for _ in range(2):  # also when the first of the two is what is known already
        _page(night, [*(OPEN | {"gated": gated} for gated in order), OTHER])
        assert int(night.verdict("acme/m")[0][1]) <= 2
        assert night.sql("SELECT rejected_since IS NOT NULL FROM repos ORDER BY repo") == [(1,), (0,)]
    assert night.sql("SELECT reason FROM rejects") == [("shown twice on one page, with different facts",)] * 2
    _page(night, [OPEN, OPEN, OTHER])  # twice the same says nothing new
    assert night.verdict("acme/m") == ("L3", "L6", "documentation")
