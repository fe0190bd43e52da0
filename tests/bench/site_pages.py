"""Every address that the benchmark of the site asks for: our pages, feeds and files, canned queries, Datasette's pages.

`addresses` gives, for each page, a function that makes another address of it each time: other ids, filters and words
where the page takes any, and always `#` and the name of another host to ask for, so that no kept answer helps. Measures
nothing.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from index.serve import metadata_file

Address = Callable[[], str]
_WORDS = ("llama", "qwen", "instruct", "mistral", "bert", "gpt", "whisper", "gguf", "qwen instruct", "llama 8b")
_HIDDEN_BIG = ("counters", "dossiers", "verdicts", "ancestors")


class Choices:
    """What a request may name, drawn from the index at `path` by `rng`."""

    def __init__(self, path: Path, rng: random.Random) -> None:
        """Reads ids of much downloaded models, families, tasks, licences and organisations."""
        with closing(sqlite3.connect(path)) as db:

            def column(sql: str) -> list[str]:
                return [value for (value,) in db.execute(sql)]

            self.ids = column("SELECT id FROM models ORDER BY downloads DESC LIMIT 3000")
            self.models = [int(m) for m in column("SELECT model FROM models ORDER BY downloads DESC LIMIT 3000")]
            self.families = column("SELECT family FROM families")
            self.tasks = column("SELECT DISTINCT pipeline_tag FROM models WHERE pipeline_tag IS NOT NULL LIMIT 30")
            self.licenses = column("SELECT id FROM licenses ORDER BY models DESC LIMIT 25")
            self.authors = column("SELECT DISTINCT author FROM models LIMIT 3000")
        self.rng = rng

    def of(self, name: str) -> str:
        """A value for the parameter of a canned query."""
        values: Mapping[str, list[str]] = {
            "id": self.ids, "family": self.families, "since": ["", *(f"2026-0{m}-01" for m in range(1, 9))],
            "level": ["", "L1", "L2", "L3"], "words": list(_WORDS),
        }  # fmt: skip
        return self.rng.choice(values[name])


def addresses(path: Path, rng: random.Random) -> dict[str, Address]:
    """Name of a page -> a function that gives another address of it each time."""
    chosen = Choices(path, rng)
    metadata = json.loads(metadata_file().read_text(encoding="utf-8"))["databases"]["index"]
    found = {**_own(chosen), **_canned(chosen, metadata["queries"]), **_datasette(chosen, metadata["tables"])}
    number = count()

    def distinct(make: Address) -> Address:
        def one() -> str:
            address = make()
            return f"{address}#n{next(number)}.localhost"

        return one

    return {name: distinct(make) for name, make in found.items()}


def _own(c: Choices) -> dict[str, Address]:
    pick, n = c.rng.choice, c.rng.randrange

    def to(path: str, **makers: Callable[[], Any]) -> Address:
        return lambda: path + "?" + urlencode({name: make() for name, make in makers.items()}) if makers else path

    def model(tail: str = "") -> Address:
        return lambda: f"/model/{quote(pick(c.ids))}{tail}"

    def several(path: str, more: str = "") -> Address:
        return lambda: f"{path}?{urlencode([('f', f) for f in c.rng.sample(c.families, 4)])}{more}"

    def page(last: int) -> Callable[[], int]:
        return lambda: n(1, last)

    def level() -> str:
        return f"L{n(1, 4)}"

    def night() -> str:
        return f"2026-0{n(1, 8)}-1{n(10)}"

    table = {
        "table": to("/table", page=page(150)),
        "table by level": to("/table", level=level, page=page(60)),
        "table of two levels": to("/table", level=lambda: pick(["L0,L1", "L2,L3", "L4,L5"]), page=page(10)),
        "table by task": to("/table", task=lambda: pick(c.tasks), page=page(4)),
        "table task+level": to("/table", task=lambda: pick(c.tasks), level=level),
        "table by family": to("/table", family=lambda: pick(c.families)),
        "table by licence": to("/table", license=lambda: pick(c.licenses)),
        "table by score": to("/table", sort=lambda: "score", page=page(150)),
        "table by likes": to("/table", sort=lambda: pick(["likes", "all_time", "created"]), page=page(150)),
        "table, lowest first": to("/table", sort=lambda: "downloads", dir=lambda: "asc", page=page(150)),
        "table level+likes": to("/table", level=level, sort=lambda: "likes", page=page(9)),
        "table of a time": to("/table", **{"from": lambda: f"202{n(3, 6)}-0{n(1, 9)}-01", "page": page(30)}),
        "table of claims": to("/table", claims=lambda: "1", page=page(30)),
        "table organisation": to("/table", org=lambda: pick(c.authors)),
        "table words, common": to("/table", q=lambda: pick(_WORDS), page=page(20)),
        "table common+level": to("/table", q=lambda: pick(_WORDS), level=level),
        "table words, rare": to("/table", q=lambda: n(100_000, 300_000)),
        "table as of": to("/table", asof=night),
        "table of 200 ids": lambda: "/table?" + urlencode({"ids": ",".join(c.rng.sample(c.ids, 200)), "size": "200"}),
        "table of 200 rows": to("/table", size=lambda: 200, page=page(30)),
        "table.json": to("/table.json", page=page(150)),
        "table.csv": to("/table.csv", level=level),
        "families": to("/table", rows=lambda: "families", q=lambda: pick("aeiou")),
    }
    rest = {
        "home": to("/"), "home.json": to("/home.json"),
        "find": to("/find", q=lambda: pick(_WORDS)),
        "suggest": to("/suggest.json", q=lambda: pick("lqgmsb") + pick("aeiou") + str(n(10))),
        "model": model(), "model.json": model(".json"), "model.cdx.json": model(".cdx.json"),
        "evidence": model("/evidence/license"), "model that is not there": lambda: f"/model/{pick(_WORDS[:6])}/none-{n(99)}",
        "badge": lambda: f"/badge/{quote(pick(c.ids))}.svg",
        "trends": several("/trends"), "trends.svg": several("/trends.svg"), "trends.json": several("/trends.json"),
        "trends.csv": several("/trends.csv"), "trends, embedded": several("/trends", "&embed=1"),
        "trends of models": lambda: "/trends?" + urlencode([("m", i) for i in c.rng.sample(c.ids, 4)]),
        "share.svg": to("/share.svg", days=lambda: n(30, 365)), "share.json": to("/share.json", days=lambda: n(30, 365)),
        "claims": to("/claims", page=page(20)), "claims, unshown": to("/claims", holds=lambda: "unshown"),
        "claims.json": to("/claims.json", page=page(20)), "changes": to("/changes", page=page(90)),
        "changes of a field": to("/changes", field=lambda: pick(["license", "gated"])),
        "changes by level": to("/changes", level=level),
        "changes by organisation": to("/changes", org=lambda: pick(c.authors)),
        "changes.json": to("/changes.json", page=page(90)), "changes.atom": to("/changes.atom", page=page(90)),
        "licences": to("/licenses"), "licences.json": to("/licenses.json"),
        "licence": lambda: f"/licenses/{quote(pick(c.licenses), safe='')}",
        "experts": to("/experts"), "experts.json": to("/experts.json"), "method": to("/method"),
        "method.json": to("/method.json"), "status": to("/status"), "status.json": to("/status.json"), "api": to("/api"),
    }  # fmt: skip
    return {**table, **rest}


def _canned(c: Choices, queries: Mapping[str, Any]) -> dict[str, Address]:
    def of(name: str, parameters: list[str]) -> Address:
        def one() -> str:
            asked = urlencode({p: c.of(p) for p in parameters})
            return f"/index/{name}?{asked}" if asked else f"/index/{name}"

        return one

    return {f"query {name}": of(name, said.get("params", [])) for name, said in queries.items()}


def _datasette(c: Choices, tables: Mapping[str, Any]) -> dict[str, Address]:
    def of(table: str, **asked: Callable[[], Any]) -> Address:
        return lambda: f"/index/{table}?" + urlencode({k: make() for k, make in asked.items()})

    def some(table: str) -> dict[str, Callable[[], Any]]:
        views = ("judgements", "evidence", "downloads", "imported_downloads", "lineage", "verdict_history", "documents")
        return {"id": lambda: c.rng.choice(c.ids)} if table in views else {}

    pick = c.rng.choice
    found = {
        f"/index/{name}": of(name) for name, said in tables.items() if not said.get("hidden") or name in _HIDDEN_BIG
    }
    found |= {f"/index/{name} of an id": of(name, **some(name)) for name in tables if some(name)}
    return {
        "/index": lambda: "/index",
        **found,
        "/index/models.json": lambda: "/index/models.json?_shape=objects",
        "/index/models by level": of("models", level=lambda: f"L{c.rng.randrange(1, 4)}"),
        "/index/models by author": of("models", author=lambda: pick(c.authors)),
        "/index/models by task": of("models", pipeline_tag=lambda: pick(c.tasks)),
        "/index/models by likes": of("models", _sort_desc=lambda: pick(["likes", "created_at", "radboud_score"])),
        "/index/models search": of("models", _search=lambda: pick(_WORDS)),
        "/index/models row": lambda: f"/index/models/{pick(c.models)}",
        "/index/changes of a field": of("changes", field=lambda: pick(["license", "gated"])),
    }
