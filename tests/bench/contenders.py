"""One contender in a process of its own: `python -m tests.bench.contenders NAME URL DIR`; prints JSON with its figures.

- ours: the walk of openness, all fields, history, events and checkpoints
- hfapi: what a user would write: `HfApi.list_models` into sqlite-utils `upsert_all`
- bare: the fastest thing one would write by hand: httpx + orjson + sqlite3, no history, no checks

The clock starts when a contender's modules are loaded: that is once a night, however many models there are.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

EXPAND = ["author", "baseModels", "cardData", "config", "createdAt", "disabled", "downloads", "downloadsAllTime", "gated",
          "gguf", "lastModified", "library_name", "likes", "pipeline_tag", "private", "safetensors", "sha", "siblings",
          "tags", "transformersInfo"]  # fmt: skip


def ours(url: str, folder: Path) -> int:
    """The product's own walk, as `openness crawl --documents none` does it."""
    from crawler import session

    options = session.Options(
        data=folder, hub=url, max_documents=0, max_datasets=0, night=os.environ.get("BENCH_NIGHT")
    )
    (report,) = session.run(
        options, stop=threading.Event(), progress=lambda what, count: None, clock=lambda: datetime.now(UTC)
    )
    return report.models


def hfapi(url: str, folder: Path) -> int:
    """The two packages' documented ways, streamed."""
    os.environ["HF_ENDPOINT"] = url
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    import sqlite_utils
    from huggingface_hub import HfApi

    table = sqlite_utils.Database(folder / "hub.db").table("models")
    count = 0

    def rows() -> Iterator[dict[str, object]]:
        nonlocal count
        for m in HfApi(endpoint=url).list_models(sort="created_at", expand=EXPAND):
            count += 1
            yield {
                "id": m.id, "author": m.author, "sha": m.sha, "created_at": str(m.created_at),
                "last_modified": str(m.last_modified), "private": m.private, "disabled": m.disabled, "gated": str(m.gated),
                "downloads": m.downloads, "downloads_all_time": m.downloads_all_time, "likes": m.likes,
                "pipeline_tag": m.pipeline_tag, "library": m.library_name, "tags": json.dumps(m.tags),
                "card_data": json.dumps(m.card_data.to_dict()) if m.card_data else None,
                "siblings": json.dumps([s.rfilename for s in m.siblings or []]), "config": json.dumps(m.config),
                "safetensors": m.safetensors.total if m.safetensors else None,
            }  # fmt: skip

    table.upsert_all(rows(), pk="id", batch_size=1000)
    return count


def bare(url: str, folder: Path) -> int:
    """One loop, one table, one transaction a page."""
    import httpx
    import orjson

    db = sqlite3.connect(folder / "hub.db")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute(
        """CREATE TABLE IF NOT EXISTS models (oid TEXT PRIMARY KEY, id TEXT, author TEXT, sha TEXT, created_at TEXT,
           last_modified TEXT, private, disabled, gated, downloads INTEGER, downloads_all_time INTEGER, likes INTEGER,
           pipeline_tag TEXT, library TEXT, tags TEXT, card_data TEXT, siblings TEXT, config TEXT, safetensors TEXT)"""
    )
    upsert = f"""INSERT INTO models VALUES ({",".join("?" * 19)}) ON CONFLICT (oid) DO UPDATE SET id = excluded.id,
        sha = excluded.sha, last_modified = excluded.last_modified, gated = excluded.gated, downloads = excluded.downloads,
        downloads_all_time = excluded.downloads_all_time, likes = excluded.likes, tags = excluded.tags,
        card_data = excluded.card_data, siblings = excluded.siblings, config = excluded.config"""
    next_url: str | None = str(
        httpx.URL(
            f"{url}/api/models",
            params=[("limit", 1000), ("sort", "createdAt"), ("direction", 1)] + [("expand[]", e) for e in EXPAND],
        )  # fmt: skip
    )
    count = 0

    def dump(value: object) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    with httpx.Client(timeout=60) as client:
        while next_url:
            answer = client.get(next_url)
            rows = orjson.loads(answer.content)
            with db:
                db.executemany(
                    upsert,
                    [
                        (m["_id"], m["id"], m.get("author"), m.get("sha"), m.get("createdAt"), m.get("lastModified"),
                         m.get("private"), m.get("disabled"), str(m.get("gated")), m.get("downloads"),
                         m.get("downloadsAllTime"), m.get("likes"), m.get("pipeline_tag"), m.get("library_name"),
                         dump(m.get("tags")), dump(m.get("cardData")),
                         dump([s["rfilename"] for s in m.get("siblings") or []]), dump(m.get("config")),
                         dump(m.get("safetensors")))
                        for m in rows
                    ],
                )  # fmt: skip
            count += len(rows)
            next_url = answer.links.get("next", {}).get("url")
    return count


CONTENDERS: dict[str, Callable[[str, Path], int]] = {"ours": ours, "hfapi": hfapi, "bare": bare}
MODULES = {
    "ours": ("crawler.session",),
    "hfapi": ("huggingface_hub.hf_api", "sqlite_utils"),
    "bare": ("httpx", "orjson"),
}


def main() -> None:
    """Run one contender and print its figures."""
    name, url, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    for module in MODULES[name]:
        importlib.import_module(module)
    started, computed = time.perf_counter(), time.process_time()
    count = CONTENDERS[name](url, folder)
    seconds, cpu = time.perf_counter() - started, time.process_time() - computed
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(f.stat().st_size for f in folder.glob("hub.db*"))
    print(json.dumps({"name": name, "models": count, "seconds": seconds, "cpu": cpu, "peak_mb": peak, "bytes": size}))


if __name__ == "__main__":
    main()
