"""The human indexes, read from every form they come in, with what is malformed listed and the rest kept."""

import csv
import io
import json
import sqlite3
import threading
import zipfile
from collections import defaultdict
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import StoppedError, UsageError
from index.expert_files import BadDocument, Named, Read, parse_yaml
from index.experts import ATTRIBUTION, EXPERTS_SQL, ExpertRow, hub_id, import_experts, rows_of
from index.model import Dimension

HERE = Path(__file__).parent / "fixtures" / "experts"
DATA = Path(__file__).parents[2] / "shared" / "data"
REAL = DATA / "experts"
needs_data = pytest.mark.skipif(not REAL.is_dir(), reason=f"{REAL} is not there: the indexes' own files were not read")
# What labels.csv calls our dimensions, where it has another name.
LABEL = {"training_code": "trainingcode", "base_data": "data_base", "end_data": "data_end",
         "base_weights": "weights_base", "end_weights": "weights_end", "license": "licence",
         "code_docs": "code_doc", "model_card": "modelcard"}  # fmt: skip


def read(name, **kwargs):
    return import_experts(str(HERE / name), **kwargs)


def cells(imported):
    return {(r.system, r.dimension): r.value for r in imported.rows}


def test_an_entry_of_the_european_index_becomes_one_row_per_cell_with_link_reason_and_attribution():
    imported = read("european", version="2026-06-12")
    assert imported.warnings == ()
    row = next(r for r in imported.rows if r.dimension == "base_data")
    assert row == ExpertRow(
        "eu-osai", "2026-06-12", "Aurora", "example/aurora-chat", False, "base_data", "open",
        "https://huggingface.co/datasets/example/aurora-web https://example.org/data", ATTRIBUTION["eu-osai"],
        "Both sources can be downloaded.",
    )  # fmt: skip
    assert [r.dimension for r in imported.rows] == [d.value for d in Dimension if d not in ("package", "api")]


def test_an_empty_cell_is_unknown_and_not_closed():
    assert cells(read("european"))["Aurora", "datasheet"] == "unknown"
    assert cells(read("radboud/table.html"))["Oracle of Nowhere", "paper"] == "unknown"


def test_yaml_html_and_csv_of_the_radboud_table_say_the_same():
    entry, page, table = (cells(read(f"radboud/{f}")) for f in ("borealis.yaml", "table.html", "table.csv"))
    assert len(entry) == 14
    assert entry == {k: v for k, v in page.items() if k[0] == "Borealis"}
    assert page == table


def test_a_folder_with_an_entry_and_a_table_keeps_each_system_once_and_the_entrys_own_notes():
    imported = read("radboud")
    assert len(imported.rows) == 28
    assert len({(r.system, r.dimension) for r in imported.rows}) == 28
    assert next(r.reason for r in imported.rows if r.dimension == "training_code") == "All of it."
    assert len({r.source_version for r in imported.rows}) == 1


def test_a_row_of_the_page_with_too_few_cells_is_a_warning_and_the_others_stay():
    imported = read("radboud/table.html")
    assert imported.warnings == ("table.html: a row with 1 cells instead of 14; left out",)
    assert {r.system for r in imported.rows} == {"Borealis", "Oracle of Nowhere"}


def test_the_version_is_the_one_given_else_the_pages_build_date_else_a_digest_of_the_files():
    assert {r.source_version for r in read("radboud/table.html").rows} == {"2026-01-31"}
    assert {r.source_version for r in read("radboud/table.html", version="801f687").rows} == {"801f687"}
    digest = {r.source_version for r in read("european").rows}.pop()
    assert digest.startswith("sha256:")
    assert digest == {r.source_version for r in read("european").rows}.pop()


def test_a_system_without_a_repository_on_the_hub_keeps_its_rows_marked_off_hub():
    rows = read("radboud/table.html").rows
    assert {(r.system, r.model_id, r.off_hub) for r in rows} == {
        ("Borealis", "example/borealis-7b", False),
        ("Oracle of Nowhere", None, True),
    }


def test_a_mot_record_gives_its_class_and_the_state_of_each_listed_component():
    imported = read("mot")
    assert cells(imported) == {
        ("Aurora-7B", "mof_class"): "3",
        ("Aurora-7B", "mof:architecture_code"): "open",
        ("Aurora-7B", "mof:params_final"): "open",
        ("Aurora-7B", "mof:evaluation_results"): "open",
        ("Aurora-7B", "mof:model_card"): "open",
        ("Aurora-7B", "mof:data_card"): "open",
        ("Aurora-7B", "mof:datasets"): "open",  # MOT's quirk: the unknown component below lands here
        ("Aurora-7B", "mof:paper"): "open",
    }
    assert imported.warnings == ("Aurora-7B.yml: unknown component 'Training dataset' counted as Datasets",)
    assert imported.rows[0].model_id == "example/aurora-7b"


def test_every_malformed_file_is_a_warning_with_its_reason_and_the_rest_is_imported():
    imported = read("odd")
    assert {r.system for r in imported.rows} == {"Halfway"}
    assert len(imported.rows) == 10
    reasons = "\n".join(imported.warnings)
    for said in (
        "Halfway.yaml: the system has no name",
        "'datasources_endmodel' has the class 'clsoed'",
        "'paper' is missing",
        "not read: vibes",
        "bomb.yaml: left out: aliases",
        "broken.yaml: left out: not YAML",
        "deep.yaml: left out: nested",
        "latin1.yaml: left out: not UTF-8",
        "list.yaml: left out",
        "other.yaml: left out: neither",
    ):
        assert said in reasons
    assert len(imported.warnings) == 10


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.csv", b"colour,taste\nred,sweet\n"),
        ("a.csv", b"\xff\xfe\x00"),
        ("a.html", b"<html><table><tr><td>1</td></tr></table></html>"),
        ("a.yaml", b"release: {components: many}\n"),
        ("a.yaml", b"released: 2025-13-45\n"),
        ("a.yaml", b""),
    ],
)
def test_a_file_in_none_of_the_forms_gives_no_row_and_one_warning(name, body):
    imported = rows_of(Read((Named(name, body),)))
    assert imported.rows == ()
    assert len(imported.warnings) == 1
    assert imported.warnings[0].startswith(name)


def test_a_table_that_shares_some_columns_with_radbouds_is_refused_and_the_sentence_says_what_is_missing():
    body = b"source,model,org,architecture,preprint,paper,modelcard,datasheet,package,api\nx,Heron,Meadow,open,,,,,,\n"
    imported = rows_of(Read((Named("labels.csv", body),)))
    assert imported.rows == ()
    (said,) = imported.warnings
    assert "labels.csv: left out: not the Radboud table" in said
    assert said.endswith("missing here: project.name, opencode, llmdata, rldata, llmweights, rlweights, license, code")


def test_a_line_of_a_table_without_a_name_is_left_out_and_the_named_ones_stay():
    table = (HERE / "radboud" / "table.csv").read_text().replace("Oracle of Nowhere", " ")
    imported = rows_of(Read((Named("table.csv", table.encode()),)))
    assert {r.system for r in imported.rows} == {"Borealis"}
    assert imported.warnings == ("table.csv: line 3 has no name; left out",)


@given(st.binary(max_size=300), st.sampled_from(["a.yaml", "a.csv", "a.html"]))
def test_no_bytes_end_the_import(body, name):
    imported = rows_of(Read((Named(name, body),)))
    assert imported.rows == ()


@given(st.text(max_size=200))
def test_yaml_gives_a_value_or_is_refused_with_a_reason(text):
    try:
        parse_yaml(text.encode("utf-8", "surrogatepass"))
        reason = "a value"
    except BadDocument as e:
        reason = str(e)
    assert reason


def test_two_files_with_one_name_and_other_cells_are_both_kept_apart():
    body = (HERE / "european" / "Aurora.yaml").read_bytes()
    other = body.replace(b"class: open", b"class: partial", 1)
    imported = rows_of(Read((Named("a.yaml", body), Named("b.yaml", other))))
    assert {r.system for r in imported.rows} == {"Aurora", "Aurora (b.yaml)"}
    assert "also in a.yaml" in imported.warnings[0]
    twice = rows_of(Read((Named("a.yaml", body), Named("b.yaml", body))))
    assert len(twice.rows) == 12
    assert "kept once" in twice.warnings[0]


def test_a_place_that_is_not_there_or_holds_nothing_is_said_in_a_sentence(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        import_experts(str(tmp_path / "gone"))
    with pytest.raises(UsageError, match="no file ends in"):
        import_experts(str(tmp_path))
    with pytest.raises(UsageError, match="no connection was given"):
        import_experts("https://example.org/index.zip")


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("https://huggingface.co/allenai/OLMo-7B/tree/main", "allenai/OLMo-7B"),
        ("https://huggingface.co/org/name?not-for-all=1", "org/name"),
        ("https://huggingface.co/datasets/org/name", None),
        ("https://huggingface.co/collections/org/name-123", None),
        ("https://huggingface.co/org", None),
        ("https://github.com/org/name", None),
        ("", None),
    ],
)
def test_only_a_model_repository_on_the_hub_is_a_model(link, found):
    assert hub_id(link) == found


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def site(tmp_path):
    (tmp_path / "table.html").write_bytes((HERE / "radboud" / "table.html").read_bytes())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(HERE / "european" / "Aurora.yaml", "main-database-main/entries/Aurora.yaml")
        archive.writestr("main-database-main/README.md", "nothing to read here")
    (tmp_path / "main.zip").write_bytes(packed.getvalue())
    (tmp_path / "cut.zip").write_bytes(packed.getvalue()[:200])
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_url_is_fetched_through_the_client_that_is_passed_in_page_or_zip_of_the_repository(site):
    with httpx.Client() as client:
        assert cells(import_experts(f"{site}/table.html", client)) == cells(read("radboud/table.html"))
        assert cells(import_experts(f"{site}/main.zip", client)) == cells(read("european"))
        with pytest.raises(StoppedError, match="answered 404"):
            import_experts(f"{site}/gone.yaml", client)
        with pytest.raises(UsageError, match="cannot be read"):
            import_experts(f"{site}/cut.zip", client)
        with pytest.raises(StoppedError, match="no answer"):
            import_experts("http://127.0.0.1:1/x.yaml", client)


def test_the_table_takes_every_row_once(tmp_path):
    db = sqlite3.connect(tmp_path / "hub.db")
    db.executescript(EXPERTS_SQL)
    for name in ("european", "radboud", "mot", "odd"):
        for r in read(name, version="1").rows:
            values = (r.source, r.source_version, r.system, r.model_id, r.off_hub, r.dimension, r.value, r.url,
                      r.reason, r.attribution, "2026-11-22")  # fmt: skip
            db.execute(f"INSERT INTO experts VALUES ({','.join('?' * 11)})", values)
    assert db.execute("SELECT count(*) FROM experts").fetchone() == (12 + 28 + 8 + 10,)
    db.close()


@needs_data
@pytest.mark.parametrize(("folder", "source"), [("european-index", "eu-osai"), ("radboud", "radboud-oucgpt")])
def test_every_cell_link_and_model_of_the_real_files_is_that_of_the_labels(folder, source):
    imported = import_experts(str(REAL / folder))
    assert imported.warnings == ()
    by_system = defaultdict(dict)
    for r in imported.rows:
        by_system[r.system][r.dimension] = r
    with (DATA / "labels.csv").open(newline="") as f:
        labels = [r for r in csv.DictReader(f) if r["source"] == source]
    assert len(labels) == len(by_system)
    for label in labels:
        rows, links = by_system[label["model"]], json.loads(label["links"])
        for dimension, row in rows.items():
            name = LABEL.get(dimension, dimension)
            assert (row.value, row.url.split()) == (label[name], links.get(name, [])), (label["file"], dimension)
        # One label takes the model of a link to a third party's repository; we do not.
        if (source, label["file"]) != ("radboud-oucgpt", "mistral-nemo.yaml"):
            assert (rows["paper"].model_id or "") == label["hf_end"], label["file"]


@needs_data
def test_the_real_page_and_the_real_entries_of_the_radboud_table_say_the_same():
    page = import_experts(str(REAL / "radboud" / "table.html"))
    assert page.warnings == ()
    assert {r.source_version for r in page.rows} == {"2025-03-11"}
    assert cells(page) == cells(import_experts(str(REAL / "radboud")))


@needs_data
def test_api_only_systems_of_the_real_table_are_off_hub_reference_rows():
    rows = import_experts(str(REAL / "radboud")).rows
    assert {r.off_hub for r in rows if r.system == "ChatGPT"} == {True}


@needs_data
def test_every_real_mot_record_has_the_class_of_the_labels():
    with (DATA / "labels.csv").open(newline="") as f:
        labels = {r["model"]: r["mot_class"] for r in csv.DictReader(f) if r["source"] == "mot"}
    classes = {r.system: r.value for r in import_experts(str(REAL / "mot")).rows if r.dimension == "mof_class"}
    assert {k: v for k, v in classes.items() if k in labels} == labels
