"""What a verdict rests on: its parts in SQL and in Python, and every module that reads evidence among them."""

from __future__ import annotations

import ast
import sqlite3
from pathlib import Path

from index import basis
from index.basis import Basis

ROOT = Path(__file__).parents[1]
NOW = Basis(b"1" * 8, b"2" * 8, b"3" * 8, b"4" * 8, b"5" * 8, b"6" * 8, b"7" * 8, b"2026-11-20")


def imports(path: Path) -> set[str]:
    """Our own modules that a file imports, by their dotted names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in ("index", "crawler"):
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {m for m in inner if (ROOT / (m.replace(".", "/") + ".py")).exists()}
            found |= modules or {node.module}
    return found


def test_every_module_that_evidence_is_made_with_makes_documents_be_read_again_when_it_changes():
    start = {f"index.probes.{p.stem}" for p in (ROOT / "index" / "probes").glob("*.py") if p.stem != "__init__"}
    waiting, seen = [*start, "index.own_license", "index.data_sets", "crawler.cards"], set[str]()
    while waiting:
        module = waiting.pop()
        path = ROOT / (module.replace(".", "/") + ".py")
        if module not in seen and path.exists():
            seen.add(module)
            waiting += imports(path)
    assert len(seen) > 20
    assert sorted(m for m in seen if not basis.read_by(m)) == []


def test_a_stored_basis_is_what_it_was_and_sql_sees_its_parts():
    assert basis.unpacked(NOW.packed()) == NOW
    conn = sqlite3.connect(":memory:")
    parts = ", ".join(basis.part(name) for name in Basis._fields)
    (row,) = conn.execute(f"SELECT {parts} FROM (SELECT ? AS basis) v", (NOW.packed(),))
    assert row == (*NOW[:-1], "2026-11-20")


def test_the_cause_is_the_first_part_that_differs_and_new_rules_come_before_a_base():
    before = NOW.packed()
    assert basis.cause_of(None, NOW) == "first"
    assert basis.cause_of(before, NOW) == "rules", "somebody asked for it"
    assert basis.cause_of(before, NOW._replace(base=b"x" * 8, rules=b"x" * 8)) == "rules"
    assert basis.cause_of(before, NOW._replace(base=b"x" * 8)) == "base"
    assert basis.cause_of(before, NOW._replace(listing=b"", data=b"x" * 8)) == "listing"
    assert not NOW.same_sight(NOW._replace(probes=b"x" * 8))
    assert NOW.same_sight(NOW._replace(rules=b"x" * 8, base=b"x" * 8, override=b"x" * 8))
