"""An installed openness is compiled, a checkout is not; both say the same to the byte."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hatch_build
from index import basis
from index.verdict import examine
from tests import compiled
from tests.site_data import publish_hub

#: Judges everything again and publishes; prints the digest of the rules, and everything that was concluded and published.
JUDGE = """
import sqlite3, sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from index import basis, publish
from index.judge import judge

forms = {import_module(name).__file__.rpartition(".")[2] for name in sys.argv[2:]}
print(*forms, basis.rules().hex())
data, now = Path(sys.argv[1]), datetime(2026, 8, 24, tzinfo=UTC)
report = judge(data / "hub.db", data / "documents.db", now, everything=True)
print(report)
publish.publish(data, now, clock=lambda: 0.0)
hub = sqlite3.connect(data / "hub.db")
for table in ("verdicts", "dossiers", "verdict_history", "lineage"):
    print(table, *hub.execute(f"SELECT * FROM {table} ORDER BY 1, 2"), sep="\\n")
print(*sqlite3.connect(data / "index.db").iterdump(), sep="\\n")
"""


def test_a_checkout_is_not_compiled_and_what_is_named_is_there():
    assert examine.__code__.co_filename.endswith("verdict.py")
    for name in hatch_build.COMPILED:
        assert (hatch_build.ROOT / name).is_file(), name
        assert not list((hatch_build.ROOT / name).parent.glob(f"{Path(name).stem}.*.so")), name


def test_where_there_is_no_compiler_nothing_is_asked_for_and_the_reason_is_said(monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler -O2")
    assert "no-such-compiler" in str(hatch_build.why_not())
    monkeypatch.delenv("CC")
    monkeypatch.setenv("OPENNESS_PURE", "1")
    assert hatch_build.why_not() == "OPENNESS_PURE is set"


@pytest.mark.slow
def test_compiled_and_interpreted_evidence_verdicts_and_index_are_the_same_to_the_byte(tmp_path):
    if reason := compiled.why_not():
        pytest.skip(f"nothing can be compiled here: {reason}")
    data = publish_hub(tmp_path / "data")
    said = {}
    for name, path in (("interpreted", hatch_build.ROOT), ("compiled", compiled.tree())):
        copy = shutil.copytree(data, tmp_path / name)
        modules = [module.removesuffix(".py").replace("/", ".") for module in hatch_build.COMPILED]
        run = subprocess.run(
            [sys.executable, "-c", JUDGE, str(copy), *modules], cwd=path, env={**os.environ, "PYTHONPATH": str(path)},
            capture_output=True, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr.decode()[-2_000:]
        said[name] = run.stdout.splitlines()
    assert said["interpreted"][0].decode() == f"py {basis.rules().hex()}"
    assert said["compiled"][0].decode() == f"so {basis.rules().hex()}"  # the digest is of the sources, in both
    assert len(said["compiled"]) > 1_000
    assert said["compiled"][1:] == said["interpreted"][1:]
