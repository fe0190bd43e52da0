"""A small hub.db with every situation that publishing must get right, made with the project's own schema.

Six nights, 2026-11-01 to 2026-11-06; the one of 2026-11-04 was not complete. Facts are made up, names of makers are
real so that families are found.
"""

from __future__ import annotations

import json
import random
import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from crawler.store import APPLICATION_ID
from index.model import Dimension

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 6, 4, 0, tzinfo=UTC)
HUB = "https://hub.test"
GAP = "2026-11-04"
RULES = [
    ("license.community", "license", "closed", "The licence sets conditions: {}.", "3"),
    ("license.conformant", "license", "open", "The licence {} is conformant.", "3"),
    ("nothing_found", "*", "unknown", "Nothing was found where we looked.", "3"),
    ("weights.there", "end_weights", "open", "The weights are in the repository ({}).", "3"),
]
PROBES = [
    ("license_tag", "license", "Which licence does the tag state?"),
    ("weight_files", "end_weights", "Are there files with weights?"),
    ("claim_open_source", "claim", "Does the card call the model open source?"),
]
LICENSES = [
    {"id": "apache-2.0", "name": "Apache License 2.0", "kind": "hub", "spdx": "Apache-2.0", "osi_approved": "yes",
     "conformant": "yes", "aliases": ("apache", "apache 2"), "confidence": "high", "source": "SPDX",
     "checked": "2026-07-16"},
    {"id": "llama2", "name": "Llama 2 community licence", "kind": "hub", "osi_approved": "no", "conformant": "no",
     "restriction": "community", "confidence": "high", "source": "its text", "checked": "2026-07-16"},
]  # fmt: skip


def day(n: int) -> int:
    """Days since 1970 of the n-th of November 2026."""
    return (date(2026, 11, n) - date(1970, 1, 1)).days


def empty_hub(path: Path) -> sqlite3.Connection:
    """A hub.db with both schemas and no row."""
    conn = sqlite3.connect(path)
    conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    conn.executescript((ROOT / "crawler" / "schema.sql").read_text())
    conn.executescript((ROOT / "index" / "schema.sql").read_text())
    return conn


def dossier(license_rule: str, value: str, detail: str, evidence: list[list[str]]) -> tuple[str, str]:
    """(cells, evidence): the licence judged, weights open, the rest unknown."""
    cells = []
    for d in Dimension:
        cell = [str(d), "unknown", "nothing_found", ""]
        if d is Dimension.LICENSE:
            cell = [str(d), value, license_rule, detail]
        if d is Dimension.END_WEIGHTS:
            cell = [str(d), "open", "weights.there", "model.safetensors"]
        cells.append(cell)
    return json.dumps(cells), json.dumps(evidence)


COMMUNITY = dossier(
    "license.community", "closed", "700 million users",
    [["license", "license_tag", "yes", "license:llama2", "tags", "llama2"],
     ["license", "license_text", "no", "greater than 700 million", "LICENSE.txt#100-124", ""],
     ["end_weights", "weight_files", "yes", "model.safetensors", "siblings", "safetensors"],
     ["claim", "claim_open_source", "yes", "our open source model", "README.md#10-31", ""]],
)  # fmt: skip
APACHE = dossier(
    "license.conformant", "open", "apache-2.0",
    [["license", "license_tag", "yes", "license:apache-2.0", "tags", "apache-2.0"],
     ["claim", "claim_open_source", "yes", "truly open", "README.md#5-15", ""]],
)  # fmt: skip
CHILD = dossier(
    "license.community", "closed", "inherited",
    [["license", "base_license", "no", "llama3", "base:meta-llama/Meta-Llama-3-8B", "llama3"],
     ["license", "license_tag", "yes", "license:apache-2.0", "tags", "apache-2.0"],
     ["end_weights", "weight_files", "yes", "12", "12", ""]],
)  # fmt: skip

_VERDICT = """repo, level, level_max, restriction, license_effective, radboud_score, eu_score, mof_class,
    claims_open_source, family, base_model, dossier, basis, rules_version, judged, allows, allows_max, allows_why"""

# repo, id, license, gated, level, level_max, restriction, effective, claims, family, base, dossier
_MODELS = [
    (1, "meta-llama/Llama-2-7b-hf", "llama2", "manual", 1, 1, "manual-approval", "llama2", 0, "Llama 2", None, 1),
    (2, "meta-llama/Meta-Llama-3-8B", "llama3", "auto", 2, 2, "community", "llama3", 1, "Llama 3", None, 1),
    (3, "allenai/OLMo-7B", "apache-2.0", "no", 5, 5, "completeness", "apache-2.0", 1, "OLMo", None, 2),
    (4, "vanished/model", "mit", "no", 3, 5, "documentation", "mit", 0, None, None, 2),
    (5, "returned/llama-tune", "apache-2.0", "no", 2, 2, "community", "llama3", 0, "Llama 3",
     "meta-llama/Meta-Llama-3-8B", 3),
    (6, "new-name/model", "apache-2.0", "no", 3, 5, "documentation", "apache-2.0", 1, None, None, 2),
    (7, "nobody/no-counter", None, "no", 2, 3, "no-license", None, 0, None, None, 3),
    (8, "private/secret", "mit", "no", 3, 3, "", "mit", 0, "Llama 3", None, 4),
    (9, "reborn/model", "mit", "no", 3, 5, "", "mit", 0, None, None, 2),
    (10, "Reborn/Model", "mit", "no", 3, 5, "", "mit", 0, None, None, 2),
]  # fmt: skip


def small_hub(path: Path) -> None:
    """Write the small hub.db."""
    conn = empty_hub(path)
    _write_crawls(conn)
    _write_models(conn)
    _write_history(conn)
    conn.commit()
    conn.close()


def _write_crawls(conn: sqlite3.Connection) -> None:
    for n in range(1, 7):
        night = f"2026-11-0{n}"
        conn.execute(
            "INSERT INTO crawls (id, date, hub, started, finished, complete, models, requests, errors, rejects)"
            " VALUES (?, ?, ?, ?, ?, ?, 10, 12, 1, ?)",
            (n, night, HUB, f"{night}T02:17:00Z", f"{night}T02:30:00Z", int(night != GAP), 2 if n == 2 else 0),
        )
    conn.executemany(
        "INSERT INTO rejects (crawl, key, repo_id, reason, row) VALUES (2, ?, ?, ?, '{}')",
        [("a", "x/y", "Expected `int`, got `str`"), ("b", None, "Expected `int`, got `str`")],
    )


def _write_models(conn: sqlite3.Connection) -> None:
    secret = dossier("license.conformant", "open", "mit", [["license", "license_tag", "yes", "SECRET", "tags", "mit"]])
    for n, (cells, evidence) in enumerate((COMMUNITY, APACHE, CHILD, secret), 1):
        conn.execute(
            "INSERT INTO dossiers (dossier, digest, cells, evidence) VALUES (?, ?, ?, ?)",
            (n, bytes([n]), cells, evidence),
        )
    for repo, id_, license_, gated, level, top, why, effective, claims, family, base, key in _MODELS:
        conn.execute(
            """INSERT INTO repos (repo, oid, repo_id, author, sha, created_at, last_modified, private, disabled, gated,
                 license, downloads, downloads_all_time, likes, fingerprint, first_seen, observed)
               VALUES (?, ?, ?, ?, ?, '2024-01-01T00:00:00.000Z', '2026-10-01T00:00:00.000Z', ?, 0, ?, ?, ?, ?, ?,
                 x'00', '2026-11-01', '2026-11-01')""",
            (
                repo,
                f"{repo:024x}",
                id_,
                id_.split("/")[0],
                f"{repo:040x}",
                int(repo == 8),
                gated,
                license_,
                None,
                None,
                7,
            ),
        )
        conn.execute(
            "INSERT INTO details (repo, pipeline_tag, library, config) VALUES (?, 'text-generation', 'peft', ?)",
            (repo, '{"parameters": 7000000000}' if repo < 4 else "{}"),
        )
        conn.execute(
            f"INSERT INTO verdicts ({_VERDICT}) VALUES ({', '.join('?' * 15)}, 6, 6, '')",
            (
                repo,
                level,
                top,
                why,
                effective,
                4.5,
                0.25,
                1 if repo == 3 else None,
                claims,
                family,
                base,
                key,
                b"",
                "3",
                "2026-11-06",
            ),
        )
        conn.execute(
            "INSERT INTO verdict_history VALUES (?, '2026-11-01', ?, ?, ?, ?, '3', 'first', NULL)",
            (repo, level, top, why, key),
        )
    conn.execute(
        """INSERT INTO repos (repo, oid, repo_id, author, fingerprint, first_seen, observed)
           VALUES (11, 'k', 'unjudged/new', 'unjudged', x'00', '2026-11-06', '2026-11-06')"""
    )
    conn.execute("UPDATE repos SET missing_since = '2026-11-05', last_seen = '2026-11-03' WHERE repo = 4")
    conn.execute("UPDATE repos SET missing_since = '2026-11-03', last_seen = '2026-11-02' WHERE repo = 9")
    conn.execute("UPDATE repos SET first_seen = '2026-11-05', observed = '2026-11-05' WHERE repo = 10")


def _write_history(conn: sqlite3.Connection) -> None:
    # Llama 3 8B: 100 on the 1st, 120 on the 3rd; the tune: 10 from the 1st, away on the 2nd, 20 from the 5th.
    counters = [
        (1, 1, 500), (1, 5, 400), (2, 1, 100), (2, 3, 120), (3, 1, 50), (4, 1, 30), (5, 1, 10), (5, 5, 20), (6, 1, 5),
        (7, 1, 8), (7, 3, None), (8, 1, 9999), (9, 1, 1), (10, 5, 2), (10, 6, 3),
    ]  # fmt: skip
    for repo, n, value in counters:
        conn.execute(
            "INSERT INTO downloads VALUES (?, ?, ?, ?, 7)", (repo, day(n), value, None if value is None else value * 10)
        )
        conn.execute(
            "UPDATE repos SET downloads = ?, downloads_all_time = ? WHERE repo = ?",
            (value, None if value is None else value * 10, repo),
        )
    changes = [
        ("2026-11-02", 5, "missing", None, "2026-11-02", 10),
        ("2026-11-03", 5, "returned", "2026-11-02", "2026-11-03", 10),
        ("2026-11-05", 4, "missing", None, "2026-11-05", 30),
        ("2026-11-03", 9, "missing", None, "2026-11-03", 1),
        ("2026-11-05", 6, "name", "old-name/model", "new-name/model", 5),
        ("2026-11-05", 6, "license", "mit", "apache-2.0", 5),
        ("2026-11-05", 1, "gated", "auto", "manual", 400),
        ("2026-11-05", 8, "license", "mit", "SECRET", 9999),
    ]
    conn.executemany("INSERT INTO changes (date, repo, field, old, new, downloads) VALUES (?, ?, ?, ?, ?, ?)", changes)
    # Others looked on two days in October and on a night that was ours; the private model must stay out.
    conn.execute("INSERT INTO import_sources (source, name) VALUES (1, 'an archive'), (2, 'a later archive')")
    october, november = day(1) - 31, day(1)
    conn.executemany(
        "INSERT INTO imported_days VALUES (?, ?)", [(1, october), (1, october + 2), (1, november), (2, october)]
    )
    conn.executemany(
        "INSERT INTO imported_downloads VALUES (?, ?, ?, ?, ?, NULL, NULL)",
        [(2, 1, october, november, 90), (2, 2, october, october, 91), (8, 1, october, october, 9999)],
    )
    conn.executemany(
        "INSERT INTO names VALUES (6, ?, ?, ?)",
        [("old-name/model", "2026-11-01", "2026-11-05"), ("new-name/model", "2026-11-05", None)],
    )
    # Llama 2 was L2 until it was gated on the 5th; model 6 was L2 until new rules read it anew.
    conn.execute("UPDATE verdict_history SET level = 2, restriction = 'community' WHERE repo IN (1, 6)")
    conn.execute("INSERT INTO verdict_history VALUES (1, '2026-11-05', 1, 1, 'manual-approval', 1, '3', 'repo', NULL)")
    conn.execute("INSERT INTO verdict_history VALUES (6, '2026-11-06', 3, 5, 'documentation', 2, '3', 'rules', NULL)")
    conn.executemany(
        "INSERT INTO lineage VALUES (?, ?, ?, 'finetune', 'hub', ?, ?, ?)",
        [(5, "meta-llama/Meta-Llama-3-8B", 2, "apache-2.0", "llama3", "apache-2.0 on a model under llama3"),
         (6, "elsewhere/unknown", None, "apache-2.0", None, "")],
    )  # fmt: skip
    conn.executemany(
        "INSERT INTO fetches (repo, path, sha, outcome, hash, size, fetched, night)"
        " VALUES (?, ?, ?, ?, x'00', 1234, ?, ?)",
        # A look past midnight belongs to the night that made it.
        [(2, "README.md", f"{2:040x}", "ok", "2026-11-03T00:10:00Z", "2026-11-02"),
         (2, "LICENSE.txt", "an-older-sha", "ok", "2026-11-01T03:00:00Z", "2026-11-01"),
         (3, "README.md", f"{3:040x}", "gated", "2026-11-03T03:00:00Z", "2026-11-03"),
         (8, "README.md", f"{8:040x}", "ok", "2026-11-03T03:00:00Z", "2026-11-03")],
    )  # fmt: skip


def big_hub(path: Path, models: int, nights: int, seed: int = 7) -> None:
    """A hub.db of many generated models whose cards were read, for sizes and times. Deterministic."""
    rng = random.Random(seed)
    conn = empty_hub(path)
    first = date(2026, 11, 6) - timedelta(days=nights - 1)
    for n in range(nights):
        night = (first + timedelta(days=n)).isoformat()
        conn.execute(
            "INSERT INTO crawls (date, hub, started, finished, complete) VALUES (?, ?, ?, ?, 1)",
            (night, HUB, night, night),
        )
    orgs = [f"org{i}-{rng.randrange(1 << 24):x}" for i in range(max(1, models // 9))]
    licenses = [None, None, "apache-2.0", "mit", "llama3.1", "cc-by-nc-4.0", "other", "openrail"]
    repos, details, verdicts, history, dossiers, lineage, fetches, counters = ([] for _ in range(8))
    start = first.isoformat()
    for repo in range(1, models + 1):
        line = rng.choice(["Llama-3", "qwen2.5", "bert", "sd-xl", "whisper"])
        name = f"{rng.choice(orgs)}/{line}-{rng.randrange(1 << 30):x}-v{repo % 4}"
        license_, downloads = rng.choice(licenses), int(rng.paretovariate(0.6)) - 1
        level, read = rng.choice([0, 2, 2, 2, 3, 3, 4]), rng.random() < 0.6
        repos.append((repo, rng.randbytes(12).hex(), name, name.split("/")[0], rng.randbytes(20).hex(),
                      "2025-03-04T05:06:07.000Z", "2026-03-04T05:06:07.000Z", 0, 0, "no", license_, downloads,
                      downloads * 9, downloads // 99, rng.randbytes(8), start, start))  # fmt: skip
        details.append(
            (repo, None, None, "text-generation", "transformers", "[]", None, "", 9, "{}", '{"parameters": 8000}')
        )
        evidence = _generated_evidence(rng, license_, read)
        dossiers.append((repo, repo.to_bytes(8, "big"), *dossier("nothing_found", "unknown", "", evidence), ""))
        base = rng.choice(repos)[2] if rng.random() < 0.5 else None
        verdicts.append((repo, level, level, "no-license", license_, 3.5, 0.25, None, int(read and repo % 50 == 0),
                         rng.choice([None, None, "Llama 3", "Qwen2.5"]), base, repo, b"0" * 32, "3",
                         start))  # fmt: skip
        history.append((repo, start, level, level, "no-license", repo, "3", "first", None))
        if base:
            lineage.append((repo, base, None, "finetune", "hub", license_, None, ""))
        if read:
            fetches.append((repo, "README.md", repos[-1][4], "ok", b"", None, 2000, f"{start}T03:00:00Z", start, 1, ""))
        day_one = first.toordinal() - 719_163
        moves = {0} | {n for n in range(1, nights) if rng.random() < (0.14 if downloads else 0.0)}
        counters += [(repo, day_one + n, downloads + n, downloads * 9 + n, downloads // 99) for n in sorted(moves)]
    for table, rows in (("dossiers", dossiers), ("verdict_history", history), ("lineage", lineage),
                        ("fetches", fetches), ("downloads", counters), ("details", details)):  # fmt: skip
        if rows:
            conn.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(rows[0]))})", rows)
    conn.executemany(f"INSERT INTO verdicts ({_VERDICT}) VALUES ({', '.join('?' * 15)}, 6, 6, '')", verdicts)
    conn.executemany(
        """INSERT INTO repos (repo, oid, repo_id, author, sha, created_at, last_modified, private, disabled, gated,
             license, downloads, downloads_all_time, likes, fingerprint, first_seen, observed)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        repos,
    )
    conn.commit()
    conn.close()


def _generated_evidence(rng: random.Random, license_: str | None, read: bool) -> list[list[str]]:
    """What probes typically see: a handful of facts of the listing; of a card, quotes with their offsets."""
    found = [
        ["license", "license_tag", "yes" if license_ else "not stated", f"license:{license_}", "tags", license_ or ""],
        ["end_weights", "weight_files", "yes", "model.safetensors", "siblings", "safetensors"],
        ["end_weights", "gated", "no", "False", "gated", ""],
        ["architecture", "architecture_class", "yes", "LlamaForCausalLM", "config.architectures", ""],
        ["package", "library", "yes", "transformers", "library_name", ""],
        ["base_data", "datasets_field", "not stated", "", "cardData.datasets", ""],
    ]
    if read:
        for dimension, probe in (
            ("model_card", "card_sections"), ("preprint", "arxiv_link"), ("training_code", "code_link"),
            ("end_data", "dataset_link"), ("datasheet", "datasheet_link"), ("paper", "reviewed_paper"),
            ("api", "api_words"), ("claim", "claim_open_source"),
        ):  # fmt: skip
            at = rng.randrange(20_000)
            outcome = rng.choice(["yes", "not stated", "not stated"])
            quote = f"{rng.randbytes(rng.randrange(8, 45)).hex()}" if outcome == "yes" else ""
            found.append([dimension, probe, outcome, quote, f"README.md#{at}-{at + 80}" if quote else "README.md", ""])
    return found
