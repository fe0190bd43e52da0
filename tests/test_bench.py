"""The benchmarks' runner: a part that fails costs only itself and is named."""

import os
import subprocess
import sys
from pathlib import Path

from tests.bench.__main__ import Done, run, summary


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
