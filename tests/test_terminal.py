"""What people read: the words, the marks, the gaps, and nothing a stranger's text could do to a terminal."""

import io
import json
import re
import sqlite3
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import ForeignDatabase, UsageError
from index import chart, explain, plain, queries, readings, rows, terminal, trends
from index.chart import Line
from tests.small_index import LLAMA, OLMO, ROOT_LLAMA, TUNE, write_index


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    connection = queries.open_index(write_index(tmp_path_factory.mktemp("index") / "index.db"))
    yield connection
    connection.close()


def printed(thing, width: int = 120, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    plain.make_console(file, width).print(thing)
    file.flush()
    return raw.getvalue().decode(encoding)


def page(db, model_id: str) -> rows.Page:
    found = queries.get_page(db, model_id)
    assert found is not None
    return found


# --------------------------------------------------------------------------------------------- words


def test_a_level_reads_as_a_sentence_with_the_licence_its_threshold_and_the_gate(db):
    told = page(db, LLAMA)
    words = explain.in_words(told.model, told.license_effective)
    assert words == "restricted: community licence, 700 million user threshold, click-through access"
    gated = page(db, ROOT_LLAMA)
    assert explain.in_words(gated.model, gated.license_effective).startswith(
        "gated: somebody approves each reader by hand, community licence"
    )


def test_an_interval_says_what_is_proved_and_what_is_not_excluded(db):
    assert explain.interval(page(db, OLMO).model) == "proved L3, not excluded L4"
    assert explain.interval(page(db, LLAMA).model) == "proved L2; anything higher is excluded"
    assert explain.interval(page(db, "new/unjudged").model) == "not judged"


def test_a_level_held_down_by_what_was_not_shown_does_not_read_as_a_finding(db):
    told = page(db, "silent/model")
    words = explain.in_words(told.model, told.license_effective)
    assert words == "restricted, as far as is proved: whether it is gated was not shown"


def test_what_would_raise_a_fine_tune_is_another_licence_on_its_base(db):
    found = explain.hindrances(page(db, TUNE))
    assert [h.why for h in found] == [
        f"The licence llama3 of its base {LLAMA} binds it too: community licence, 700 million user threshold."
    ]
    assert LLAMA in found[0].remedy


def test_an_open_licence_is_never_named_as_a_hindrance(db):
    found = explain.hindrances(page(db, OLMO))
    assert len(found) == 1
    assert found[0].why.startswith("What L4 asks is not shown: ")
    assert "preprint (partial)" in found[0].why
    assert "architecture" not in found[0].why


def test_what_the_highest_level_asks_is_one_report_of_either_kind_and_checkpoints(db):
    told = page(db, OLMO)
    model = told.model._replace(level="L5", level_max="L6", restriction="completeness")
    told = told._replace(model=model, cells=tuple(c._replace(value="open") for c in told.cells))
    without = [c._replace(value="unknown") if c.dimension == "paper" else c for c in told.cells]
    reviewed = [c._replace(value="partial") if c.dimension == "preprint" else c for c in told.cells]
    neither = [c._replace(value="partial") if c.dimension in ("preprint", "paper") else c for c in told.cells]
    for cells, lacking in ((without, ""), (reviewed, ""), (neither, "preprint (partial), ")):
        (said,) = explain.hindrances(told._replace(cells=tuple(cells)))
        assert said.why == f"What L6 asks is not shown: {lacking}checkpoints from during the training (unknown)."
    proof = rows.Proof(
        "end_weights", "intermediate_checkpoints", "yes", "step10/m.safetensors", "siblings", "1", None, None
    )
    shown = [c._replace(evidence=(proof,)) if c.dimension == "end_weights" else c for c in neither]
    assert (
        explain.hindrances(told._replace(cells=tuple(shown)))[0].why == "What L6 asks is not shown: preprint (partial)."
    )


def test_whether_it_is_open_source_is_never_a_plain_yes(db):
    for (name,) in db.execute("SELECT id FROM models"):
        words = readings.open_source(page(db, name))
        assert re.match(
            r"Open source \(OSAID 1\.0\): (?:no, because .|not shown, because .|candidate; |not judged$)", words
        )
    assert "no, because" in printed(terminal.show(page(db, LLAMA)))
    assert "llama3: community" in readings.open_source(page(db, LLAMA))


def test_below_the_top_there_is_always_a_reason_not_to_be_higher(db):
    for (name,) in db.execute("SELECT id FROM models"):
        told = page(db, name)
        assert told.model.level == "L6" or explain.hindrances(told)


def test_a_file_beside_an_open_licence_is_named_and_not_the_licence(db):
    told = page(db, OLMO)
    proof = rows.Proof("license", "license_file_name", "yes", "USAGE_POLICY", "siblings", "USAGE_POLICY", None, None)
    cells = tuple(c._replace(evidence=(proof,)) if c.dimension == "license" else c for c in told.cells)
    unread = rows.License("other", "Other", "unknown", "unknown", "unknown-license", *[None] * 10)
    model = told.model._replace(level="L2", restriction="unknown-license", license="apache-2.0", license_name=None)
    told = told._replace(cells=cells, license_effective=unread, model=model)
    assert [h.why.partition(",")[0] for h in explain.hindrances(told)] == ["USAGE_POLICY"]
    assert "terms beside apache-2.0" in explain.in_words(told.model, unread)


def test_a_licence_file_that_nobody_declared_is_no_missing_licence(db):
    told = page(db, OLMO)
    proof = rows.Proof("license", "license_files", "yes", "MODEL_LICENSE", "siblings", "MODEL_LICENSE", None, None)
    cells = tuple(c._replace(evidence=(proof,)) if c.dimension == "license" else c for c in told.cells)
    none = rows.License("no-license", "No licence stated", "no", "no", "no-license", *[None] * 10)
    model = told.model._replace(level="L2", restriction="unknown-license", license=None, license_effective="no-license")
    told = told._replace(cells=cells, license_effective=none, model=model)
    assert "MODEL_LICENSE" in explain.hindrances(told)[0].why
    assert explain.in_words(told.model, none).endswith("a licence that we cannot read")


def test_every_restriction_has_words_or_asks_for_something():
    known = {**explain.LICENCE_WORDS, **explain.OTHER_WORDS}
    assert set(known) == set(explain.R) - {explain.R.NONE}


@pytest.mark.parametrize(
    ("catalogue", "words"),
    [
        ("more than 700 million monthly active users at the release date need a separate licence from Meta",
         "700 million user threshold"),
        (">100M MAU needs licence", "100 million user threshold"),
        ("commercial use only below USD 1M revenue", "USD 1 million revenue threshold"),
        ("MaaS providers with revenue > USD 10B need a security review", "USD 10 billion revenue threshold"),
        ("not-checked", ""), ("none", ""), ("unknown", ""),
        ("as llama3", "threshold: as llama3"),
    ],
)  # fmt: skip
def test_a_threshold_of_the_catalogue_becomes_a_few_words(catalogue, words):
    assert explain.threshold(catalogue) == words


# --------------------------------------------------------------------------------------------- one model


def test_show_prints_everything_that_is_known_of_a_model(db):
    text = printed(terminal.show(page(db, LLAMA)), width=200)
    for wanted in (
        "https://huggingface.co/meta-llama/Meta-Llama-3-8B",
        "proved L2; anything higher is excluded",
        "● open", "◐ partial", "○ closed", "? unknown", "– n/a",
        "Weights of the end model", "Seen: something.", "[rule.x]",
        "“model-00001-of-00004.safetensors” — siblings", "README.md#10-40 @ 0000000", "2026-11-01",
        "effective: llama3", "Llama 3 Community License",
        "“our open source model”", "2026-11-03 gated", "no → auto", "the all-time counter fell",
    ):  # fmt: skip
        assert wanted in text, wanted
    assert sum(line.split()[0] in "●◐○?–" for line in text.splitlines() if line.strip()) >= 14


def test_lineage_shows_the_conflict_stops_at_a_circle_and_says_what_is_not_there(db):
    text = printed(terminal.show(page(db, TUNE)))
    assert "from its base meta-llama/Meta-Llama-3-8B" in text
    assert f"conflict: tag apache-2.0, but base {LLAMA}: llama3" in " ".join(text.split())
    assert "merge of lost/base not on the Hub as far as we know" in text
    assert text.count("finetune of") == 2


def test_a_merge_of_merges_of_merges_shows_whole_generations_and_not_millions_of_ancestors(tmp_path):
    path = write_index(tmp_path / "index.db")
    with sqlite3.connect(path) as made:
        for n in range(8 * 12):
            columns = "model, place, id, oid, observed, first_seen, last_seen"
            made.execute(
                f"INSERT INTO models ({columns}) VALUES (?, ?, ?, ?, '2026-11-01', '2026-11-01', '2026-11-01')",
                (100 + n, 100 + n, f"m/{n:02}", f"{n}"),
            )
        edges = [(100 + n, f"m/{12 * (n // 12 + 1) + k:02}") for n in range(7 * 12) for k in range(12)]
        made.executemany(
            "INSERT INTO ancestors (model, base_model, relation, stated_by) VALUES (?, ?, 'merge', 'hub')", edges
        )
    connection = queries.open_index(path)
    above = page(connection, "m/00").ancestors
    connection.close()
    assert len(above) == 12
    assert {len(one.ancestors) for one in above} == {12}
    assert {further.ancestors for one in above for further in one.ancestors} == {()}


def test_a_vanished_model_says_so_first(db):
    assert "No longer on the Hub: missing since 2026-11-07." in printed(terminal.show(page(db, "gone/model")))


def test_json_has_the_same_content_and_keeps_what_was_found(db):
    told = json.loads(terminal.to_json(terminal.show_dict(page(db, LLAMA))))
    assert told["model"]["level"] == "L2"
    assert told["in_words"].startswith("restricted: community licence")
    assert len(told["characteristics"]) == 14
    assert told["characteristics"][10]["evidence"][0]["quote"].startswith("safe\x1b[31m")
    assert told["claims"][0]["quote"] == "our open source model"
    assert told["verdicts"][0]["level"] == "L2"
    assert [p["observed"] for p in told["trend"]["points"]] == [True, True, True, False, True, False, True, True]


def test_json_on_a_terminal_is_ascii(db):
    assert terminal.to_json(terminal.show_dict(page(db, LLAMA))).isascii()


def test_no_width_breaks_a_page_and_no_line_is_wider(db):
    for width in (20, 40, 80, 200):
        text = printed(terminal.show(page(db, LLAMA)), width)
        assert max(len(line) for line in text.splitlines()) <= width


def test_a_terminal_that_knows_only_ascii_gets_stand_ins(db):
    text = printed(terminal.show(page(db, LLAMA)), encoding="ascii")
    assert "# open" in text
    assert "/ partial" in text
    assert "o closed" in text


# --------------------------------------------------------------------------------------------- hostile text


def test_hostile_text_reaches_the_terminal_as_letters_only(db):
    text = printed(terminal.show(page(db, LLAMA)))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "safered <U+202E>gnp.exe [bold]not markup[/bold] <U+200B>end" in text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x1b[2Jb\x1b[1;31mc", "abc"),
        ("a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "alink"),
        ("a\x9b31mb\x9d0;t\x9cc", "abc"),
        ("a\x1bP1$r\x1b\\b\x1b(Bc\x1bMd", "abcd"),
        ("line\r\nnext\ttab\x00\x7f", "line next tab"),
        ("\u2066a\u2069\ufeff\u00ad", "<U+2066>a<U+2069><U+FEFF><U+00AD>"),
        ("Größe 模型 नमूना العربية 🤗", "Größe 模型 नमूना العربية 🤗"),
        ("\ud800x", "\ufffdx"),
        (None, ""),
    ],
)
def test_clean_strips_what_a_terminal_obeys_and_shows_what_an_eye_misses(text, cleaned):
    assert plain.clean(text) == cleaned


@given(st.text())
def test_nothing_that_steers_a_terminal_survives_cleaning(text):
    cleaned = plain.clean(text)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202a\u202e\u2066\u200b\u2028" for c in cleaned)
    assert plain.clean(cleaned) == cleaned


def test_a_text_of_megabytes_is_cut_before_it_is_cleaned():
    assert plain.clean("x\x1b[" * 2_000_000, 50).endswith("…")
    assert len(plain.clean("y" * 5_000_000, 50)) == 50


# --------------------------------------------------------------------------------------------- charts and trends


def rows_of(lines, width=60, height=8, dates=True):
    return ["".join(g.char for g in row) for row in chart.draw(lines, width, height, dates)]


def test_a_gap_is_empty_in_the_chart_and_dotted_on_the_axis():
    first = date(2026, 11, 1).toordinal()
    points = [(first + i, None if 10 <= i < 20 else 100) for i in range(30)]
    drawn = rows_of([Line("a", points)])
    axis = drawn[-2]
    start = axis.index("└") + 1
    gap = [i for i, c in enumerate(axis) if c == "╌"]
    assert gap
    assert gap == list(range(gap[0], gap[-1] + 1))
    assert all(row[i] == " " for row in drawn[:-2] for i in gap)
    assert any(row[start] != " " for row in drawn[:-2])
    assert drawn[-1].split() == ["2026-11-01", "2026-11-15", "2026-11-30"]


def test_without_gaps_the_axis_is_a_line_whatever_the_number_of_points():
    assert "╌" not in rows_of([Line("a", [(1, 5), (2, 7), (3, 6)])], dates=False)[-2]


def test_two_lines_can_be_told_apart_without_colour():
    drawn = "".join(rows_of([Line("a", [(1, 5), (30, 5)]), Line("b", [(1, 50), (30, 40)])], dates=False))
    assert "A" in drawn
    assert "B" in drawn


def test_heights_start_at_zero_and_reach_the_top():
    drawn = rows_of([Line("a", [(1, 90), (2, 100)])], dates=False)
    assert drawn[0].lstrip().startswith("100┤")
    assert drawn[-3].lstrip().startswith("0┤")


def test_nothing_observed_draws_nothing():
    assert chart.draw([Line("a", [(1, None)])], 60, 8) == []
    assert chart.draw([], 60, 8) == []


@pytest.mark.parametrize(
    ("number", "words"),
    [(None, "?"), (0, "0"), (999, "999"), (1000, "1.0k"), (12_345, "12.3k"), (123_456, "123k"), (999_950, "1.0M"),
     (4_100_000, "4.1M"), (187_393_215, "187M"), (2_000_000_000, "2.0G"), (-1500, "-1.5k")],
)  # fmt: skip
def test_numbers_read_as_people_say_them(number, words):
    assert chart.human(number) == words


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 4000), st.one_of(st.none(), st.integers(0, 10**10))), max_size=60),
    st.integers(1, 150),
    st.integers(1, 30),
)
def test_any_series_fits_into_any_space(points, width, height):
    drawn = chart.draw([Line("a", sorted(points, key=lambda p: p[0]))], width, height, dates=False)
    assert all(len(row) <= max(width, 20) for row in drawn)
    assert len(drawn) in (0, height + 2)


def test_a_trend_names_its_series_their_growth_and_the_missed_days(db):
    series = [queries.family_series(db, name) for name in ("Llama 3", "OLMo 1")]
    text = printed(terminal.trend([s for s in series if s], days=4))
    text = " ".join(text.split())
    assert "A Llama 3 1.0M on 2026-11-01 → 2.0M on 2026-11-07 (2 of 3 models counted), +99.9 %" in text
    assert "+33.3 % since 2026-11-03" in text
    assert "B OLMo 1 80.0k on 2026-11-01 → 90.0k on 2026-11-02" in text
    assert "╌ no number: Llama 3 5 of 8 days (2 of them not read), OLMo 1 6 of 8 days (2 of them not read)" in text


def family(name: str, *counts: tuple[int, int | None, int, int | None, int | None]) -> trends.Series:
    """A family of ten from (day of November, downloads, models counted, the same models' then and last) of each night."""
    totals = [
        trends.Count(date(2026, 11, day), downloads, models=models, members=10, same=same, same_last=last)
        for day, downloads, models, same, last in counts
    ]
    return trends.Series(name, trends.fill_family(totals), None, "family")


def test_a_family_that_only_counts_more_models_has_not_grown():
    told = " ".join(printed(terminal.trend([family("Qwen 3", (1, 100, 2, 100, 87), (2, 180, 6, 180, 180))])).split())
    assert "100 on 2026-11-01 → 180 on 2026-11-02 (2 of 10 models, then 6 of 10 models counted), -13.0 %" in told
    unknown = " ".join(printed(terminal.trend([family("X", (1, 100, 2, None, None), (2, 180, 6, 180, 180))])).split())
    assert "change not known" in unknown
    assert "%" not in unknown


def test_no_line_joins_two_sums_over_different_models():
    jump = family("X", (1, 10, 2, 10, 10), (2, 10, 2, 10, 10), (3, 10, 6, 10, 10), (4, 10, 6, 10, 10))
    same = family("X", *((day, 10, 6, 10, 10) for day in range(1, 5)))
    dots = [printed(terminal.trend([one], height=4), 60).count("⠤") + printed(terminal.trend([one], height=4), 60).count("⠒")
            + printed(terminal.trend([one], height=4), 60).count("⠉") for one in (jump, same)]  # fmt: skip
    assert dots[0] < dots[1]


def test_series_with_nothing_observed_are_named_in_one_line():
    none = [
        trends.Series(name, (trends.Point(date(2026, 11, 1), None, None, None, False),)) for name in ("old", "older")
    ]
    text = printed(terminal.trend([family("Qwen 3", (1, 5, 1, 5, 5), (2, 6, 1, 6, 6)), *none]))
    assert "nothing observed: old, older" in text
    assert "no number (" not in text


def test_an_event_found_after_a_gap_is_shown_with_both_nights():
    event = rows.Change("2026-08-13", "a/b", "gated", "auto", "no", None, None, "2024-08-01")
    assert terminal.when(event) == "2024-08-01 … 2026-08-13"
    assert terminal.when(event._replace(not_before="2026-08-12")) == "2026-08-13"
    assert terminal.when(event._replace(not_before=None)) == "2026-08-13"


def test_a_family_is_shown_by_its_makers_own_models_and_has_no_level_of_its_own(db):
    found = queries.get_family(db, "llama-3")
    assert found is not None
    assert found.name == "Llama 3"
    assert LLAMA in [m.id for m in found.official]
    assert TUNE not in [m.id for m in found.official]
    text = " ".join(printed(terminal.show_family(found)).split())
    assert "each repository is judged by itself" in text
    assert json.loads(terminal.to_json(terminal.family_dict(found)))["official"][0]["in_words"]
    assert queries.get_family(db, "no such family") is None


def test_what_is_excluded_is_not_called_not_shown(db):
    told = page(db, OLMO).model._replace(
        level="L3", level_max="L3", restriction="documentation", cells="pccuuopuuuuuuu"
    )
    assert explain.in_words(told, None).endswith("training data closed")
    proved = told._replace(level_max="L6")
    assert explain.in_words(proved, None).endswith("documentation not shown in full")


def test_no_line_leads_across_an_absence():
    def point(day: int, count: int) -> trends.Point:
        return trends.Point(date(2026, 11, day), count, None, None, True)

    away = trends.Series("a/b", (*(point(d, 5) for d in range(1, 11)), *(point(d, 5) for d in range(21, 31))))
    text = printed(terminal.trend([away], height=6), 70)
    axis = next(line for line in text.splitlines() if "└" in line)
    line = next(line for line in text.splitlines() if "⠒" in line or "⠉" in line or "⣀" in line or "⠤" in line)
    middle = slice(len(axis) // 2 - 5, len(axis) // 2 + 5)
    assert set(axis[middle]) == {"╌"}
    assert set(line[middle]) == {" "}


def test_by_age_a_family_begins_on_its_release_day(db):
    llama = queries.family_series(db, "Llama 3")
    assert llama is not None
    assert llama.released == date(2024, 4, 18)
    undated = trends.Series("undated", llama.points)
    text = printed(terminal.trend([llama, undated], by="age"))
    assert "day 927" in text
    assert "left out, no release date: undated" in text


# --------------------------------------------------------------------------------------------- finding and lists


def test_a_name_is_found_in_any_case_by_address_and_by_its_old_name(db):
    for text in (LLAMA.lower(), f" {LLAMA} ", f"https://huggingface.co/{LLAMA}/tree/main", "meta-llama/llama-3-old"):
        assert queries.resolve(db, text) == LLAMA
    assert queries.resolve(db, "nobody/nothing") is None


def test_an_unknown_name_gets_the_nearest_ones(db):
    assert queries.suggest(db, "meta-llama/Meta-Llama-3-8b-hf")[0] == LLAMA
    assert queries.suggest(db, "alenai/olmo7b")[0] == OLMO
    assert queries.suggest(db, '"; DROP TABLE models; --') is not None
    assert queries.suggest(db, "***") == ()
    assert LLAMA in queries.suggest(db, "/model/meta-llama/Llama3")[:3]
    assert queries.suggest(db, "llama2")[0] == ROOT_LLAMA
    assert "Did you mean" in terminal.unknown_model("x", ["a/b"])
    assert "\x1b" not in terminal.unknown_model("\x1b[31mx", [])


def test_changes_come_heaviest_first_and_only_of_the_fields_asked_for(db):
    found = queries.changes_since(db, date(2026, 11, 1))
    assert [(c.id, c.field) for c in found] == [(LLAMA, "gated"), (TUNE, "license")]
    assert queries.changes_since(db, date(2026, 11, 8)) == ()
    text = printed(terminal.changes(found, "2026-11-01"))
    assert "1.5M" in text
    assert printed(terminal.changes((), "2026-11-08")).strip() == "No change since 2026-11-08."


def test_the_summary_counts_present_models_and_shares_of_known_downloads(db):
    told = queries.get_summary(db)
    counts = {row.level: (row.models, row.downloads) for row in told.levels}
    assert counts == {"L1": (1, 500_000), "L2": (3, 2_001_000), "L3": (1, 90_000), "not judged": (1, 3)}
    assert [family for family, _, _ in told.best_known] == ["Llama 2", "Llama 3", "OLMo 1"]
    assert [c.id for c in told.claims] == [LLAMA, OLMO, TUNE]
    text = printed(terminal.summary(told))
    assert "Night of 2026-11-08" in text
    assert "77.2%" in text
    assert "Downloads (30 days) known for 5 of 6 models." in text
    assert "“our open source model”" in text
    assert "L3–L4" in text


def test_the_status_tells_never_from_nothing():
    text = printed(terminal.status(rows.Status("data", sizes=(("hub.db", 1_500_000), ("index.db", None)))))
    for wanted in ("last crawl     never", "rejected rows  ?", "1.5 MB", "not there", "not scheduled"):
        assert wanted in text, wanted
    half = rows.Status("data", "https://hub.test", "2026-11-08", None, False, 12_345, rejects=0, backlog=7)
    text = printed(terminal.status(half))
    assert "not complete, 12,345 models, not finished: run `openness crawl` again" in text
    assert "rejected rows  0" in text


def test_a_file_that_is_no_index_is_refused_and_left_alone(tmp_path: Path):
    with pytest.raises(UsageError, match="no index"):
        queries.open_index(tmp_path / "nothing.db")
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as made:
        made.execute("CREATE TABLE notes (words TEXT)")
    before = other.read_bytes()
    with pytest.raises(ForeignDatabase):
        queries.open_index(other)
    (tmp_path / "text.db").write_text("not a database at all, but long enough to look at")
    with pytest.raises(ForeignDatabase):
        queries.open_index(tmp_path / "text.db")
    assert other.read_bytes() == before
