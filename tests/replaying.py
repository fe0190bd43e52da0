"""Helpers for tests that talk to a replay Hub: small recordings of made-up repos, written where the test wants them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from crawler.recording import Recording
from crawler.replay import ReplayHub

FIRST = 0x66000000  # creation second of row 0: March 2024


def oid(number: int) -> str:
    """The `_id` of the n-th made-up repo; its creation second grows with n."""
    return f"{FIRST + number:08x}{number:016x}"


def row(number: int, repo_id: str | None = None, **fields: Any) -> dict[str, Any]:
    """A listing row with the fields that every repo has; `fields` adds or overrides, names as in the API."""
    base = {
        "_id": oid(number),
        "id": repo_id or f"org{number % 7}/model-{number}",
        "likes": number % 5,
        "private": False,
        "downloads": number * 10,
        "tags": ["transformers", "license:mit"],
        "createdAt": "2024-03-24T00:00:00.000Z",
        "sha": f"{number:040x}",
        "gated": False,
    }
    return base | fields


def document(repo_id: str, text: str, path: str = "README.md", **fields: Any) -> dict[str, Any]:
    """A recorded file."""
    return {"id": repo_id, "path": path, "text": text, "date": "2024-07-11"} | fields


def write(folder: Path, rows: Iterable[dict[str, Any]], documents: Iterable[dict[str, Any]] = ()) -> Path:
    """A recording in a directory: models.jsonl and documents.jsonl."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in (("models", rows), ("documents", documents)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return folder


@contextmanager
def replay(
    folder: Path, rows: Iterable[dict[str, Any]], documents: Iterable[dict[str, Any]] = (), **settings: Any
) -> Iterator[ReplayHub]:
    """A replay Hub on a free port that plays these rows; settings as for ReplayHub."""
    recording = Recording.open(write(folder, rows, documents))
    try:
        with ReplayHub(recording, **settings) as hub:
            yield hub
    finally:
        recording.close()


def walk(client: httpx.Client, url: str, pages: int = 1000) -> Iterator[list[Any]]:
    """Pages of a listing, next link after next link."""
    following: str | None = url
    while following and pages:
        answer = client.get(following)
        assert answer.status_code == 200, answer.text
        yield answer.json()
        following = answer.links.get("next", {}).get("url")
        pages -= 1
