"""For the tests of the site: a published sample, a hostile one, and Datasette over them in this process."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from collections.abc import Awaitable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crawler import session
from index import nightly
from index.serve import PLUGINS, SETTINGS, STATIC, metadata_file
from tests import replaying

NOW = datetime(2026, 8, 23, 3, 0, tzinfo=UTC)
#: What must never run, in the shapes in which it tries to.
PAYLOADS = (
    "<script>alert('xss')</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "javascript:alert(1)",
    "</title><svg/onload=alert(1)>",
    "{{7*7}}<b>",
    "]]><!--",
)
HOSTILE_ID = "evil/model.js"
CARD = """---
license: other
license_name: '<img src=x onerror=alert(2)>'
license_link: 'javascript:alert(3)'
base_model: '"><script>alert(4)</script>'
pipeline_tag: '<svg/onload=alert(5)>'
library_name: '<script>alert(6)</script>'
tags: ['<script>alert(7)</script>', 'license:<script>alert(8)</script>']
datasets: ['"><script>alert(9)</script>']
---
# <script>alert(10)</script>

This is our <script>alert(11)</script> fully open source model, <img src=x onerror=alert(12)> truly open source.

The training code is not released <svg/onload=alert(13)>. [link](javascript:alert(14))

<details open ontoggle=alert(15)><summary>x</summary><iframe srcdoc="<script>alert(16)</script>"></iframe></details>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=alert(17)&gt;"></table></math>
<form action="https://elsewhere.example/"><button formaction="javascript:alert(18)">press</button></form>
![picture](https://elsewhere.example/track.png) <img src="https://elsewhere.example/pixel.gif" alt="a diagram">
<a href="https://elsewhere.example/x" onclick="alert(19)" target="_blank" style="position:fixed;inset:0">away</a>
<base href="https://elsewhere.example/"><link rel="stylesheet" href="https://elsewhere.example/x.css"><meta http-equiv="refresh" content="0;url=https://elsewhere.example/">
"""


class Loop:
    """An event loop in a thread of its own: Playwright keeps the main thread's running as long as its browser lives."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run_until_complete(self, wanted: Awaitable[Any]) -> Any:
        """What it gives, or what it raises."""

        async def wait() -> Any:
            return await wanted

        return asyncio.run_coroutine_threadsafe(wait(), self._loop).result()

    def close(self) -> None:
        """End the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Site:
    """Datasette as `serve` sets it up, in this process."""

    def __init__(self, data: Path, **settings: Any) -> None:
        from datasette.app import Datasette

        self.loop = Loop()
        values = {n: {"on": True, "off": False}.get(v, int(v) if v.isdigit() else v) for n, v in SETTINGS.items()}
        self.datasette = Datasette(
            [],
            immutables=[str(data / "index.db")],
            metadata=json.loads(metadata_file().read_text(encoding="utf-8")),
            plugins_dir=str(PLUGINS),
            static_mounts=[(STATIC[0], str(STATIC[1]))],
            inspect_data=json.loads((data / "index.inspect.json").read_text()),
            settings={**values, **settings},
        )
        self.loop.run_until_complete(self.datasette.invoke_startup())

    def get(self, path: str, **headers: str) -> Any:
        """The answer to one GET; `headers` with _ for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.loop.run_until_complete(self.datasette.client.get(path, headers=named))

    def close(self) -> None:
        """Close the databases and the loop."""
        for database in self.datasette.databases.values():
            database.close()
        self.loop.close()


def publish_hub(data: Path, hub: str = session.SAMPLE) -> Path:
    """Every night of a Hub crawled, judged and published; the bundled sample by default."""
    data.mkdir(parents=True, exist_ok=True)
    options = session.Options(data, hub=hub)
    nightly.nightly(options, stop=threading.Event(), progress=lambda *_: None, clock=lambda: NOW)
    return data


def publish_hostile(folder: Path, card: str = CARD) -> Path:
    """A data directory, published, whose recording has a payload in every field that a stranger fills."""
    rows = []
    for n, payload in enumerate(PAYLOADS):
        rows.append(
            replaying.row(
                n, f"evil/model-{n}", downloads=1000 - n, pipeline_tag=payload, library_name=payload,
                tags=[payload, f"license:{payload}", f"base_model:{payload}", "transformers"], author=payload,
                sha=f"{n:040x}", cardData={"license": payload, "license_name": payload, "license_link": payload},
                siblings=[{"rfilename": f"{payload}.safetensors"}, {"rfilename": "README.md"}],
            )
        )  # fmt: skip
    rows.append(
        replaying.row(90, HOSTILE_ID, downloads=99_999, tags=["license:other", "safetensors"],
                      siblings=[{"rfilename": "README.md"}, {"rfilename": "model.safetensors"}])
    )  # fmt: skip
    documents = [replaying.document(HOSTILE_ID, card)]
    documents += [
        replaying.document(f"evil/model-{n}", f"# x\n\nAn open source model {p}\n\n{p}\n")
        for n, p in enumerate(PAYLOADS)
    ]
    with replaying.replay(folder / "recording", rows, documents) as hub:
        data = publish_hub(folder / "data", hub.url)
    poison(data / "index.db")
    return data


def poison(index: Path) -> None:
    """Payloads in what the Hub itself would refuse (ids) and in what other people's files fill (experts, reasons)."""
    with closing(sqlite3.connect(index)) as db:
        first, second = PAYLOADS[0], PAYLOADS[1]
        for n, payload in enumerate(PAYLOADS):
            db.execute(
                "UPDATE models SET id = ?, family = ? WHERE id = ?", (f"evil/{payload}", payload, f"evil/model-{n}")
            )
            change = (f"2026-08-2{n}", f"evil/{payload}", "license", payload, payload, 5, payload)
            db.execute(
                "INSERT INTO changes (date, id, field, old, new, downloads, cause) VALUES (?, ?, ?, ?, ?, ?, ?)", change
            )
            cell = ("src", payload, f"s{n}", f"evil/{payload}", 0, "license", "open", payload, payload, payload)
            db.execute("INSERT INTO experts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", cell)
            off = ("src", "1", payload, None, 1, "license", "open", payload, payload, payload)
            db.execute("INSERT INTO experts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", off)
            db.execute("INSERT INTO names VALUES (?, ?, '2026-01-01', NULL)", (f"old/{payload}", f"evil/{payload}"))
            db.execute("INSERT INTO authors VALUES (?, 1, 1, 1) ON CONFLICT (author) DO NOTHING", (f"{payload}2",))
            db.execute(
                "INSERT INTO licenses (id, name, url, links) VALUES (?, ?, ?, ?)",
                (payload, payload, payload, json.dumps([payload])),
            )
        db.execute("INSERT INTO families (family, maker, models, official_models, top_model) VALUES (?, ?, 1, 1, ?)",
                   (first, second, f"evil/{first}"))  # fmt: skip
        db.execute(
            "INSERT INTO family_downloads (family, date, downloads, models) VALUES (?, '2026-08-20', 5, 1), (?, '2026-08-21', 6, 1)",
            (first, first),
        )
        db.execute("INSERT INTO rejects SELECT max(id), '2026-08-22', ?, 3 FROM crawls", (first,))
        db.execute("UPDATE crawls SET note = ?, scope = ?", (first, second))
        db.execute("UPDATE ancestors SET conflict = ?", (second,))
        db.execute("INSERT INTO models_fts (models_fts) VALUES ('rebuild')")
        db.commit()
