"""The benchmarks' runner: a part that fails costs only itself and is named."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from index import publish
from tests.bench import site_index
from tests.bench.__main__ import Done, run, summary
from tests.site_data import publish_hub


def test_a_part_that_fails_ends_with_its_status_and_is_named_in_the_table(capfd):
    broken = run("generate_nothing_of_the_kind", ())
    assert broken.status == 1
    assert "No module named" in capfd.readouterr().err
    table = summary([Done("quota", 0, 90.0, 12.0, 80.0), broken._replace(name="site")]).splitlines()
    assert table[1].split() == ["quota", "1.5", "0.2", "80", "well"]
    assert "with status 1" in table[2]


def test_a_part_that_is_not_there_is_said_and_nothing_is_run():
    done = subprocess.run([sys.executable, "-m", "tests.bench", "crawl", "speed"], capture_output=True, text=True,
                          check=False, cwd=Path(__file__).parents[1], env=os.environ)  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "speed" in done.stderr


def test_the_made_up_index_of_the_sites_benchmark_has_the_schema_of_today(tmp_path):
    sample = publish_hub(tmp_path / "sample") / publish.INDEX
    site_index.generate(tmp_path / publish.INDEX, 3_000, sample)
    with closing(sqlite3.connect(tmp_path / publish.INDEX)) as conn:
        assert conn.execute("SELECT count(*) FROM models").fetchone() == (3_000,)
        for table in ("verdicts", "counters", "changes", "family_downloads"):
            assert conn.execute(f"SELECT count(*) > 0 FROM {table}").fetchone() == (1,), table
