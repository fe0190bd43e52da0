"""The index in other programs' forms: complete, typed, with sums, and never half written."""

import csv
import errno
import hashlib
import json
import sqlite3
import sys
import uuid
from pathlib import Path

import pytest
from click.testing import CliRunner

from crawler.errors import StorageFull, UsageError
from index import bom, check, cli, cli_review, export, queries
from index.model import Level
from index.publish import publish
from tests.small_hub import LICENSES, NOW, PROBES, RULES, small_hub

LLAMA3 = "meta-llama/Meta-Llama-3-8B"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    small_hub(folder / "hub.db")
    publish(folder, NOW, RULES, PROBES, LICENSES)
    return folder


@pytest.fixture(scope="module")
def db(data):
    connection = queries.open_index(data / "index.db")
    yield connection
    connection.close()


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_json_lines_hold_every_model_with_every_public_column_and_null_for_what_is_not_known(db, tmp_path):
    export.export(db, tmp_path / "out", "jsonl")
    models = read_lines(tmp_path / "out" / "models.jsonl")
    columns = {row[1] for row in db.execute("PRAGMA table_xinfo(models)")}
    assert len(models) == 10
    assert set(models[0]) == columns - {"model", "cells", "dossier"}
    unjudged = next(m for m in models if m["id"] == "unjudged/new")
    assert (unjudged["level"], unjudged["gated"], unjudged["osaid"]) == (None, None, None)
    assert "SECRET" not in "".join(p.read_text() for p in (tmp_path / "out").iterdir())


@pytest.mark.parametrize("table", export.TABLES)
def test_csv_and_json_lines_say_the_same_as_the_index(db, tmp_path, table):
    for format_ in ("csv", "jsonl"):
        export.export(db, tmp_path, format_)
    lines, cells = read_lines(tmp_path / f"{table}.jsonl"), read_csv(tmp_path / f"{table}.csv")
    assert len(lines) == len(cells)
    (count,) = db.execute(f"SELECT count(*) FROM {table}").fetchone()
    (judged,) = db.execute("SELECT count(*) FROM models WHERE cells IS NOT NULL").fetchone()
    (quotes,) = db.execute("SELECT count(*) FROM evidence WHERE quote <> ''").fetchone()
    assert len(lines) == {"judgements": judged, "evidence": quotes}.get(table, count)
    assert [{k: "" if v is None else str(v) for k, v in line.items()} for line in lines] == cells


def test_judgements_are_a_column_for_each_characteristic(db, tmp_path):
    export.export(db, tmp_path, "csv")
    wide = {row.pop("id"): row for row in read_csv(tmp_path / "judgements.csv")}
    for id_, dimension, value in db.execute("SELECT id, dimension, value FROM judgements"):
        assert wide[id_][dimension] == value
    assert "unjudged/new" not in wide


def test_parquet_has_types_and_the_same_rows(db, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    export.export(db, tmp_path, "parquet")
    export.export(db, tmp_path, "jsonl")
    for table in export.TABLES:
        read = parquet.read_table(tmp_path / f"{table}.parquet")
        assert read.to_pylist() == read_lines(tmp_path / f"{table}.jsonl"), table
    kinds = {f.name: str(f.type) for f in parquet.read_schema(tmp_path / "models.parquet")}
    assert (kinds["downloads"], kinds["radboud_score"], kinds["id"]) == ("int64", "double", "string")
    kinds = {f.name: str(f.type) for f in parquet.read_schema(tmp_path / "downloads.parquet")}
    numbers = dict.fromkeys(("downloads", "downloads_all_time", "likes"), "int64")
    assert kinds == {"id": "string", "date": "string", **numbers}


def test_the_quotes_can_be_left_out_and_are_there_word_for_word_otherwise(db, tmp_path):
    export.export(db, tmp_path / "with", "csv")
    quotes = {(e["id"], e["quote"], e["place"]) for e in read_csv(tmp_path / "with" / "evidence.csv")}
    assert quotes
    assert quotes == set(db.execute("SELECT id, quote, place FROM evidence WHERE quote <> ''"))
    done = export.export(db, tmp_path / "without", "csv", evidence=False)
    assert "evidence.csv" not in {f.name for f in done.files}
    assert export.check(tmp_path / "without", "csv") == []


def test_without_pyarrow_the_plain_export_works(data, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = CliRunner().invoke(cli.main, ["export", str(tmp_path / "out"), "--data", str(data)])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "manifest.csv.json").is_file()


def test_without_pyarrow_parquet_is_refused_with_what_to_do_and_nothing_is_written(db, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # how Python says: cannot be imported
    with pytest.raises(UsageError, match=r"\.venv/bin/pip install -e '\.\[parquet\]'"):
        export.export(db, tmp_path / "out", "parquet")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("format_", ["csv", "jsonl", "cyclonedx"])
def test_the_manifest_names_every_file_with_its_rows_and_sum(db, tmp_path, format_):
    done = export.export(db, tmp_path, format_)
    said = json.loads((tmp_path / f"manifest.{format_}.json").read_text())
    assert said["published"] == "2026-11-06T04:00:00Z"
    assert {f["name"] for f in said["files"]} == {p.name for p in tmp_path.iterdir()} - {done.manifest}
    for file in said["files"]:
        body = (tmp_path / file["name"]).read_bytes()
        assert (hashlib.sha256(body).hexdigest(), len(body)) == (file["sha256"], file["size"])
    assert export.check(tmp_path, format_) == []


def test_a_file_that_anybody_changed_is_named(db, tmp_path):
    export.export(db, tmp_path, "csv")
    (tmp_path / "models.csv").write_text("changed")
    (tmp_path / "crawls.csv").unlink()
    assert export.check(tmp_path, "csv") == ["models.csv", "crawls.csv"]
    with pytest.raises(UsageError, match="no finished jsonl export"):
        export.check(tmp_path, "jsonl")


def test_the_same_index_exports_to_the_same_bytes(db, tmp_path):
    for format_ in ("csv", "cyclonedx"):
        first, second = (export.export(db, tmp_path / name, format_) for name in ("one", "two"))
        assert first.files == second.files


class Breaking(sqlite3.Connection):
    """A connection whose disk fails when the changes are read."""

    def cursor(self, *arguments):
        connection = self

        class Cursor(sqlite3.Cursor):
            def execute(self, sql, *parameters):
                if "FROM changes" in sql:
                    raise OSError(errno.ENOSPC, "No space left on device")
                return super().execute(sql, *parameters)

        return super(Breaking, connection).cursor(Cursor)


def test_a_failure_in_the_middle_leaves_the_earlier_export_whole_and_no_rest_behind(data, db, tmp_path):
    export.export(db, tmp_path, "csv")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    broken = sqlite3.connect(data / "index.db", factory=Breaking)
    with pytest.raises(StorageFull, match="No space left"):
        export.export(broken, tmp_path, "csv")
    broken.close()
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_what_else_lies_in_the_folder_is_left_alone(db, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    export.export(db, tmp_path, "csv")
    export.export(db, tmp_path, "jsonl")
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert export.check(tmp_path, "csv") == export.check(tmp_path, "jsonl") == []
    with pytest.raises(UsageError, match="not a folder"):
        export.export(db, tmp_path / "mine.txt", "csv")


# ------------------------------------------------------------------------------------------------------ CycloneDX


def bill(db: sqlite3.Connection, folder: Path, **options) -> dict:
    export.export(db, folder, "cyclonedx", **options)
    return json.loads((folder / "models.cdx.json").read_text())


def test_a_bill_names_each_model_once_with_revision_licences_and_verdict(db, tmp_path):
    said = bill(db, tmp_path, ids=[LLAMA3.upper(), LLAMA3, "old-name/model"])
    assert (said["bomFormat"], said["specVersion"]) == ("CycloneDX", "1.6")
    purls = [bom.purl(LLAMA3, f"{2:040x}"), bom.purl("new-name/model", f"{6:040x}")]
    assert [c["purl"] for c in said["components"]] == purls
    llama, other = said["components"]
    assert llama["type"] == "machine-learning-model"
    assert llama["licenses"] == [{"license": {"acknowledgement": "declared", "name": "llama3"}}]
    assert other["licenses"] == [{"license": {"acknowledgement": "declared", "id": "Apache-2.0"}}]
    told = {p["name"]: p["value"] for p in llama["properties"]}
    assert (told["openness:level"], told["openness:restriction"]) == ("L2", "community")
    assert (told["openness:cell:license"], told["openness:cell:paper"]) == ("closed", "unknown")
    assert uuid.UUID(said["serialNumber"].removeprefix("urn:uuid:"))


def test_a_bill_says_what_a_model_was_made_from_and_what_its_base_concludes(db, tmp_path):
    (tune,) = bill(db, tmp_path, ids=["returned/llama-tune"])["components"]
    assert [a["purl"] for a in tune["pedigree"]["ancestors"]] == [bom.purl(LLAMA3)]
    words = [entry["license"].get("id", entry["license"].get("name")) for entry in tune["licenses"]]
    assert words == ["Apache-2.0", "llama3"]
    assert {"name": "openness:license_conflict", "value": "apache-2.0 on a model under llama3"} in tune["properties"]


def test_what_is_not_known_is_left_out_of_a_bill(db, tmp_path):
    (unjudged,) = bill(db, tmp_path, ids=["unjudged/new"])["components"]
    assert not {"version", "licenses", "pedigree", "modelCard"} & set(unjudged)
    assert unjudged["properties"] == []


def test_without_names_a_bill_holds_the_most_downloaded_now_on_the_hub(db, tmp_path):
    said = bill(db, tmp_path, top=3)
    assert [c["name"] for c in said["components"]] == ["Llama-2-7b-hf", "Meta-Llama-3-8B", "OLMo-7B"]


def test_check_reads_the_bill_that_export_wrote(db, tmp_path):
    bill(db, tmp_path, top=3)
    text = (tmp_path / "models.cdx.json").read_text()
    items = check.parse_items(text)
    assert [check.split_pin(item)[0] for item in items[:2]] == ["meta-llama/Llama-2-7b-hf", LLAMA3]
    verdicts = check.check(db, items, Level.L0)
    assert [v.revision == v.sha for v in verdicts] == [True] * len(items), "pinned to what was judged"


def test_a_bill_is_valid_by_the_schema_of_cyclonedx(db, tmp_path):
    validation = pytest.importorskip("cyclonedx.validation.json", reason="cyclonedx-python-lib is not installed")
    from cyclonedx.exception import MissingOptionalDependencyException
    from cyclonedx.schema import SchemaVersion

    bill(db, tmp_path, top=10)
    text = (tmp_path / "models.cdx.json").read_text()
    try:
        wrong = validation.JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    except MissingOptionalDependencyException:
        pytest.skip("cyclonedx-python-lib is installed without json-validation")
    assert wrong is None


def test_an_unknown_model_or_format_is_refused(db, tmp_path):
    with pytest.raises(UsageError, match="no model nobody/nothing"):
        export.export(db, tmp_path, "cyclonedx", ids=["nobody/nothing"])
    with pytest.raises(UsageError, match="no format"):
        export.export(db, tmp_path, "xlsx")
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------------------------------ the command


def run(*arguments: str):
    group = cli.Group("openness", commands={"export": cli_review.export_command})
    return CliRunner().invoke(group, ["export", *arguments])


def test_the_command_says_what_it_wrote_in_words_and_in_json(data, tmp_path):
    said = run(str(tmp_path), "--format", "csv", "--data", str(data))
    assert said.exit_code == 0
    assert "models.csv: 10 rows" in said.output
    told = json.loads(run(str(tmp_path), "--format", "cyclonedx", "--top", "2", "--json", "--data", str(data)).output)
    assert [f["rows"] for f in told["files"]] == [2]
    refused = run(str(tmp_path), "--format", "csv", "--model", LLAMA3, "--data", str(data))
    assert (refused.exit_code, "--model is for --format cyclonedx" in refused.output) == (2, True)
