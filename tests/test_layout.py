"""The arrows between the parts, and that every room says what it is for."""

import ast
import fnmatch
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(p for part in ("crawler", "index", "schedules") for p in (ROOT / part).rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Top-level packages that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text("utf-8"))) or path.name == "__init__.py"


def test_the_crawler_never_imports_the_index():
    guilty = [p.name for p in (ROOT / "crawler").rglob("*.py") if any(i.split(".")[0] == "index" for i in imports(p))]
    assert guilty == []


def test_the_words_import_nothing_of_ours():
    assert not any(i.split(".")[0] in ("crawler", "index") for i in imports(ROOT / "index" / "model.py"))


def test_only_the_doors_speak_http():
    allowed = {"door.py", "deadline.py", "hub.py", "expert_files.py", "experts.py", "cli_experts.py", "session.py"}
    speakers = {p.name for p in MODULES if any(i.split(".")[0] in ("httpx", "requests", "urllib3") for i in imports(p))}
    assert speakers <= allowed, speakers - allowed


def test_rules_see_no_card_and_no_repo():
    for name in ("rules.py", "ruleset.py", "levels.py", "model.py", "seen.py"):
        seen = {i for i in imports(ROOT / "index" / name) if i.startswith("crawler")}
        assert seen == set(), f"{name} imports {seen}"


def test_probes_judge_nothing():
    for path in (ROOT / "index" / "probes").glob("*.py"):
        guilty = {i for i in imports(path) if i.startswith(("index.rules", "index.ruleset", "index.levels"))}
        assert guilty == set(), f"{path.name} imports {guilty}"


def test_every_file_on_the_map_of_contributing_is_there():
    there = {p.name for part in ("crawler", "index") for p in (ROOT / part).rglob("*.*")}
    named = re.findall(r"[\w*]+\.(?:py|sql|toml|\*)", (ROOT / "CONTRIBUTING.md").read_text("utf-8").split("```")[3])
    assert len(named) > 100
    assert [n for n in named if not fnmatch.filter(there, n)] == []


def test_every_package_is_named_in_pyproject():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(build["packages"]) == {p.relative_to(ROOT).parts[0] for p in MODULES}


def test_every_dependency_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = {
        line.split("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    optional = project["optional-dependencies"]
    for line in [*project["dependencies"], *optional["web"], *optional["dev"], *optional["parquet"]]:
        name = line.split(">")[0].split("=")[0].split("[")[0].strip().lower().replace("_", "-")
        assert name in locked, name
