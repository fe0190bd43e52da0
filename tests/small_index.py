"""A small index.db, made with the project's own published.sql: what the commands read, without a crawl before it.

Eight nights, 2026-11-01 to 2026-11-08; nobody looked on the 4th, and the walk of the 6th broke off. Numbers are made
up; names of makers are real, so that families are found.
"""

from __future__ import annotations

import json
import sqlite3
from datetime import date
from pathlib import Path

from index import licenses, publish
from index.model import Dimension

ROOT = Path(__file__).parents[1]
HOSTILE = "safe\x1b[31mred\x1b]0;title\x07 \u202egnp.exe [bold]not markup[/bold] \u200bend"
LETTERS = {"open": "o", "partial": "p", "closed": "c", "unknown": "u", "not-applicable": "n"}
NAMES = {"L0": "no weights", "L1": "gated", "L2": "restricted", "L3": "open weights", "L4": "open weights, documented"}

LLAMA, ROOT_LLAMA, OLMO, TUNE = (
    "meta-llama/Meta-Llama-3-8B", "meta-llama/Llama-2-7b-hf", "allenai/OLMo-7B", "someone/llama-3-tune",
)  # fmt: skip


def day(text: str) -> int:
    """Days since 1970 of an ISO date."""
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def write_index(path: Path) -> Path:
    """Writes the index and gives its path back."""
    db = sqlite3.connect(path)
    db.executescript((ROOT / "index" / "published.sql").read_text(encoding="utf-8"))
    words = [*Dimension, "claim", "yes", "no", "siblings", "gated", "tags", "README.md", "first", "repo", "community",
             "manual-approval", "2026.1", "probe", "rule.x", "not stated"]  # fmt: skip
    terms = {word: n for n, word in enumerate(words, 1)}
    db.executemany("INSERT INTO terms (word, term) VALUES (?, ?)", terms.items())
    db.execute("INSERT INTO rules VALUES ('rule.x', '*', 'open', 'Seen: {}.', '1')")
    _dossiers(db, terms)
    _models(db)
    _history(db, terms)
    fill = (ROOT / "index" / "published_fill.sql").read_text(encoding="utf-8")
    db.executescript(dict(publish._steps(fill))["search"])
    db.commit()
    db.close()
    return path


def _dossiers(db: sqlite3.Connection, t: dict[str, int]) -> None:
    rules = json.dumps([[t["rule.x"], "something"]] * 14)
    evidence = [
        [t["end_weights"], t["probe"], t["yes"], t["siblings"], "model-00001-of-00004.safetensors"],
        [t["license"], t["probe"], t["yes"], t["tags"], "license:llama3"],
        [t["model_card"], t["probe"], t["yes"], t["README.md"], HOSTILE, "#10-40"],
        [t["claim"], t["probe"], t["yes"], t["README.md"], "our open source model", "#0-21", "open-source"],
    ]
    values = ["unknown", "closed", "partial", "open", "open", "closed", "unknown", "open", "partial", "closed", "open",
              "unknown", "not-applicable", "not-applicable"]  # fmt: skip
    cells = "".join(LETTERS[v] for v in values)
    db.execute("INSERT INTO dossiers VALUES (1, ?, ?, ?)", (cells, rules, json.dumps(evidence)))
    db.execute("INSERT INTO dossiers VALUES (2, ?, ?, ?)", (cells, rules, json.dumps(evidence[:1])))


def _models(db: sqlite3.Connection) -> None:
    # id, level, max, restriction, license, effective, gated, downloads, family, official, claims, dossier, missing
    rows = [
        (ROOT_LLAMA, "L1", "L1", "manual-approval", "llama2", "llama2", "manual", 500_000, "Llama 2", 1, 0, 2, None),
        (LLAMA, "L2", "L2", "community", "llama3", "llama3", "auto", 2_000_000, "Llama 3", 1, 1, 1, None),
        (OLMO, "L3", "L4", "documentation", "apache-2.0", "apache-2.0", "no", 90_000, "OLMo 1", 1, 1, 2, None),
        (TUNE, "L2", "L2", "community", "apache-2.0", "llama3", "no", 1_000, "Llama 3", 0, 1, 1, None),
        ("gone/model", "L3", "L4", "documentation", "mit", "mit", "no", 7, None, None, 0, 2, "2026-11-07"),
        ("silent/model", "L2", "L4", "unknown-access", "mit", "mit", None, None, None, None, 0, 2, None),
        ("new/unjudged", None, None, None, "mit", None, "no", 3, None, None, None, None, None),
    ]  # fmt: skip
    places = sorted(rows, key=lambda row: (row[-1] is not None, -(row[7] or 0)))
    for n, row in enumerate(rows, 1):
        i, level, top, why, own, effective, gated, count, family, official, claims, dossier, gone = row
        db.execute(
            """INSERT INTO models (model, place, id, oid, author, level, level_name, level_max, restriction, license,
                 license_effective, gated, downloads, base_model, family, official, claims_open_source, dossier,
                 radboud_score, eu_score, created_at, sha, observed, first_seen, last_seen, missing_since, judged,
                 rules_version)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 4.5, 0.25, '2024-04-17T09:35:12.000Z', ?,
                 '2026-11-01', '2026-11-01', ?, ?, ?, '2026.1')""",
            (n, places.index(row) + 1, i, f"{n:024x}", i.split("/")[0], level, NAMES.get(level or ""), top, why, own, effective, gated, count,
             LLAMA if i == TUNE else None, family, official, claims, dossier, f"{n:040x}",
             "2026-11-08" if gone is None else "2026-11-05", gone, level and "2026-11-08"),
        )  # fmt: skip
    db.execute(
        """INSERT INTO families (family, models, official_models, official_model)
           SELECT family, count(*), sum(official), (SELECT o.id FROM models o
             WHERE o.family = m.family AND o.official = 1 ORDER BY o.place LIMIT 1)
           FROM models m WHERE family IS NOT NULL GROUP BY family"""
    )
    for id_ in ("llama2", "llama3", "apache-2.0", "mit"):
        entry = licenses.catalogue()[id_]
        db.execute(
            """INSERT INTO licenses (id, name, osi_approved, conformant, restriction, user_threshold, field_of_use,
                 confidence, source, checked) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (entry.id, entry.name, entry.osi_approved, entry.conformant, str(entry.restriction), entry.user_threshold,
             entry.field_of_use, entry.confidence, entry.source, str(entry.checked)),
        )  # fmt: skip


def _history(db: sqlite3.Connection, t: dict[str, int]) -> None:
    for n in (1, 2, 3, 5, 6, 7, 8):
        night = f"2026-11-0{n}"
        db.execute(
            """INSERT INTO crawls (id, date, started, finished, complete, models, new, changed, counted, missing,
                 rejects, documents, pages, requests, errors, hub, scope, note)
               VALUES (?, ?, ?, ?, ?, 7, 0, 0, 0, 0, 0, 0, 1, 1, 0, 'https://hub.test', '', '')""",
            (n, night, night, night, int(n != 6)),
        )
    counts = [(2, "2026-11-01", 1_000_000, 9_000_000, 5), (2, "2026-11-03", 1_500_000, 9_500_000, 5),
              (2, "2026-11-07", 2_000_000, 9_400_000, 6), (5, "2026-11-01", 7, 70, 0)]  # fmt: skip
    db.executemany(
        "INSERT INTO counters (model, day, downloads, downloads_all_time, likes) VALUES (?, ?, ?, ?, ?)",
        [(m, day(d), a, b, c) for m, d, a, b, c in counts],
    )
    db.executemany(
        """INSERT INTO ancestors (model, base_model, relation, stated_by, license, base_license, conflict)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        [(4, LLAMA, "finetune", "hub", "apache-2.0", "llama3", f"tag apache-2.0, but base {LLAMA}: llama3"),
         (4, "lost/base", "merge", "card", "apache-2.0", None, None),
         (2, TUNE, "finetune", "card", "llama3", "llama3", None)],  # a circle
    )  # fmt: skip
    db.executemany(
        "INSERT INTO changes (date, id, field, old, new, downloads, cause) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [("2026-11-02", TUNE, "license", "llama3", "apache-2.0", 900, None),
         ("2026-11-03", LLAMA, "gated", "no", "auto", 1_500_000, None),
         ("2026-11-05", LLAMA, "name", "meta-llama/Llama-3-Old", LLAMA, 1_500_000, None),
         ("2026-11-07", "gone/model", "missing", None, None, 7, None)],
    )  # fmt: skip
    db.execute("INSERT INTO names VALUES ('meta-llama/Llama-3-Old', ?, '2026-11-01', '2026-11-05')", (LLAMA,))
    for d, level in (("2026-11-01", 3), ("2026-11-03", 2)):
        db.execute(
            "INSERT INTO verdicts VALUES (2, ?, ?, ?, ?, ?, ?, 1, NULL)",
            (day(d), level, level, t["community"], t["2026.1"], t["first"] if level == 3 else t["repo"]),
        )
    totals = [
        ("Llama 3", "2026-11-01", 1_001_000, 2, 3, 1_001_000, 2_001_000),
        ("Llama 3", "2026-11-03", 1_501_000, 2, 3, 1_501_000, 2_001_000),
        ("Llama 3", "2026-11-07", 2_001_000, 2, 3, 2_001_000, 2_001_000),
        ("OLMo 1", "2026-11-01", 80_000, 1, 1, 80_000, 90_000),
        ("OLMo 1", "2026-11-02", 90_000, 1, 1, 90_000, 90_000),
    ]
    db.executemany(
        """INSERT INTO family_downloads
           (family, date, downloads, models, members, same_downloads, same_downloads_last)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        totals,
    )
