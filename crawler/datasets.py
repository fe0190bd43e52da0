"""The data sets that models name: does the Hub have them, may anybody read them, under which licence, with a card?

`named` gathers the names from tags and cards, `look_at_datasets` asks the Hub for those that are due, most used first,
within a budget, through the same limiter as everything else. Stores what the Hub says of a data set, never the data,
and judges nothing. A name that is no id of the Hub ("The Pile", a link elsewhere) is not asked for.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from crawler import database, records
from crawler.errors import HubMisbehaves, HubUnreachable, Interrupted
from crawler.hub import Hub, Info

REFRESH = 30  # nights after which a data set is looked at again
LOOKS = 8  # under way at once
BATCH = 100  # written in one transaction
MAX_BYTES = 8_000_000  # of an answer; a longer one is a file list, and is asked for without it
UNREACHABLE = 20  # looks in a row without an answer, before the Hub is called unreachable
EXPAND = ("author", "cardData", "createdAt", "disabled", "downloads", "gated", "lastModified", "likes", "private",
          "sha", "siblings", "tags")  # fmt: skip

Progress = Callable[[str, int], None]


class Dataset(NamedTuple):
    """One data set as the Hub showed it. `None` = the Hub did not say. States: found, missing, hidden, error."""

    name: str
    state: str
    oid: str | None = None
    repo_id: str | None = None
    gated: str | None = None  # no, auto, manual
    private: bool | None = None
    disabled: bool | None = None
    license: str | None = None
    card: bool | None = None
    files: int | None = None
    downloads: int | None = None
    likes: int | None = None
    sha: str | None = None
    created_at: str | None = None
    last_modified: str | None = None
    observed: str = ""  # night of the look
    note: str = ""


class Use(NamedTuple):
    """How much a name is used: models that name it, and their 30-day downloads."""

    models: int
    downloads: int


_ID = re.compile(r"(?:[A-Za-z0-9][\w.-]{0,95}/)?[A-Za-z0-9_][\w.-]{0,95}", re.ASCII)
_LINK = re.compile(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/datasets/", re.IGNORECASE)


def id_of(text: str) -> str | None:
    """The Hub id that a card or a tag names, or None for prose and links elsewhere."""
    name = _LINK.sub("", text.strip()).removeprefix("datasets/")
    if name != text.strip():  # a link may go on into the repo
        name = "/".join(re.split(r"[?#]", name)[0].strip("/").split("/")[:2])
    bad = not _ID.fullmatch(name) or ".." in name or "--" in name or name.endswith((".", "-"))
    return None if bad else name


_tags = msgspec.json.Decoder(list[Any])
_card = msgspec.json.Decoder(dict[str, Any])


def names_in(tags: str | None, card_data: str | None) -> set[str]:
    """The ids of data sets that one model's tags (JSON list) and front matter (JSON object) name."""
    return names_of(
        _tags.decode(tags) if tags and '"dataset:' in tags else (),
        _card.decode(card_data) if card_data and '"datasets"' in card_data else None,
    )


def names_of(tags: Iterable[str] | None, card_data: Mapping[str, Any] | None) -> set[str]:
    """The same of tags and front matter that are read already."""
    texts = [t[8:] for t in tags or () if isinstance(t, str) and t.startswith("dataset:")]
    texts += records.strings((card_data or {}).get("datasets"))
    return {name for name in map(id_of, texts) if name}


def named(conn: sqlite3.Connection) -> dict[str, Use]:
    """Every data set that present models name, with its use."""
    found: dict[str, Use] = {}
    rows = conn.execute(
        """SELECT d.tags, CASE WHEN instr(d.card_data, '"datasets"') THEN d.card_data END, r.downloads
           FROM details d JOIN repos r USING (repo)
           WHERE r.missing_since IS NULL AND (instr(d.tags, '"dataset:') OR instr(d.card_data, '"datasets"'))"""
    )
    for tags, card_data, downloads in rows:
        for name in names_in(tags, card_data):
            models, total = found.get(name, (0, 0))
            found[name] = Use(models + 1, total + (downloads or 0))
    return found


def due(conn: sqlite3.Connection, used: Mapping[str, Use], night: str, limit: int) -> list[str]:
    """Names to look at on `night`, most used first: new ones, and those whose last look is old.

    A look that failed is repeated the next night, then after 2, 3 ... nights; others after REFRESH nights.
    """
    settled = {
        name
        for (name,) in conn.execute(
            """SELECT name FROM datasets WHERE julianday(:night) - julianday(observed)
                 < CASE WHEN state = 'error' THEN min(attempts, :refresh) ELSE :refresh END""",
            {"night": night, "refresh": REFRESH},
        )
    }
    waiting = [name for name in used if name not in settled]
    waiting.sort(key=lambda name: (-used[name].downloads, -used[name].models, name))
    return waiting[:limit]


# -- looking --------------------------------------------------------------------------------------------------------


class _Shown(msgspec.Struct):
    oid: str = msgspec.field(name="_id")
    repo_id: str = msgspec.field(name="id")
    gated: bool | str | None = None
    private: bool | None = None
    disabled: bool | None = None
    tags: Any = None
    card_data: Any = msgspec.field(name="cardData", default=None)
    siblings: Any = None
    downloads: int | None = None
    likes: int | None = None
    sha: str | None = None
    created_at: str | None = msgspec.field(name="createdAt", default=None)
    last_modified: str | None = msgspec.field(name="lastModified", default=None)


_shown = msgspec.json.Decoder(_Shown)


def read(name: str, info: Info) -> Dataset:
    """The Hub's answer as a Dataset. Raises nothing: an answer that cannot be read is an error with its reason."""
    if info.status == 200:
        try:
            return _found(name, _shown.decode(info.body))
        except (msgspec.DecodeError, UnicodeDecodeError) as e:
            return Dataset(name, "error", note=f"cannot be read: {e}")
    if info.status == 404:
        return Dataset(name, "missing", note=info.code or "404")
    if info.status in (401, 403):  # anonymous clients are not told whether a name is private or nothing
        return Dataset(name, "hidden", note=info.code or str(info.status))
    if info.status in (400, 410, 451):
        return Dataset(name, "missing", note=f"{info.status} {info.code}".strip())
    return Dataset(name, "error", note=f"{info.status or ''} {info.code}".strip())


def _found(name: str, s: _Shown) -> Dataset:
    tags = tuple(t for t in s.tags if isinstance(t, str)) if isinstance(s.tags, list) else None
    card = s.card_data if isinstance(s.card_data, dict) else None
    files = None
    if isinstance(s.siblings, list):
        files = {f.get("rfilename") for f in s.siblings if isinstance(f, dict)}
    has_card = "README.md" in files if files is not None else (True if card else None)
    return Dataset(
        name, "found", s.oid, s.repo_id, records.gating(s.gated), s.private, s.disabled,
        records.declared_license(tags, card), has_card, None if files is None else len(files), s.downloads, s.likes,
        s.sha, s.created_at, s.last_modified,
    )  # fmt: skip


def _look(hub: Hub, name: str, stop: threading.Event) -> tuple[Dataset, bool]:
    """One data set, and whether an answer came at all."""
    if stop.is_set():
        raise Interrupted("Asked to stop. Data sets looked at so far are kept; run again to go on.")
    try:
        info = hub.dataset(name, EXPAND, MAX_BYTES)
        if info is None:
            info = hub.dataset(name, tuple(e for e in EXPAND if e != "siblings"), MAX_BYTES)
        if info is None:
            return Dataset(name, "error", note=f"more than {MAX_BYTES} bytes without its file list"), True
        return read(name, info), True
    except HubUnreachable as e:
        return Dataset(name, "error", note=str(e)), False
    except HubMisbehaves as e:
        return Dataset(name, "error", note=str(e)), True


def look_at_datasets(
    conn: sqlite3.Connection, hub: Hub, crawl_id: int, night: str, budget: int, clock: Callable[[], datetime],
    stop: threading.Event, progress: Progress = lambda what, count: None, until: datetime | None = None,
) -> None:  # fmt: skip
    """Ask the Hub for the data sets that are due, at most `budget`, and begin no batch of them after `until`; the
    crawl's ledger counts looks that failed.

    Raises StoppedError; what was looked at until then is kept, and the next run goes on with the rest.
    """
    names = due(conn, named(conn), night, budget) if budget > 0 else []
    done = silent = 0
    for i in range(0, len(names), BATCH):
        if until is not None and clock() >= until:
            return
        looks: list[Dataset] = []
        try:
            with ThreadPoolExecutor(LOOKS, thread_name_prefix="datasets") as pool:
                for dataset, answered in pool.map(lambda name: _look(hub, name, stop), names[i : i + BATCH]):
                    silent = 0 if answered else silent + 1
                    if silent >= UNREACHABLE:
                        looks = [d for d in looks if d.state != "error"]
                        raise HubUnreachable(f"{silent} data sets in a row had no answer; the last: {dataset.note}")
                    looks.append(dataset)
        finally:
            write(conn, looks, crawl_id, night, database.timestamp(clock()))
        done += len(looks)
        progress("datasets", done)


# -- the table ------------------------------------------------------------------------------------------------------

_UPSERT = """
    INSERT INTO datasets (name, state, oid, repo_id, gated, private, disabled, license, card, files, downloads, likes,
                          sha, created_at, last_modified, observed, looked, note)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET
      state = excluded.state, oid = excluded.oid, repo_id = excluded.repo_id, gated = excluded.gated,
      private = excluded.private, disabled = excluded.disabled, license = excluded.license, card = excluded.card,
      files = excluded.files, downloads = excluded.downloads, likes = excluded.likes, sha = excluded.sha,
      created_at = excluded.created_at, last_modified = excluded.last_modified, observed = excluded.observed,
      looked = excluded.looked, attempts = 1, note = excluded.note"""

# A look that failed says nothing of the data set: what the last good one said stays, with its night.
_UPSERT_ERROR = """
    INSERT INTO datasets (name, state, observed, looked, note) VALUES (?, 'error', ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET
      attempts = CASE WHEN datasets.state = 'error' THEN datasets.attempts + 1 ELSE datasets.attempts END,
      observed = CASE WHEN datasets.state = 'error' THEN excluded.observed ELSE datasets.observed END,
      looked = excluded.looked, note = excluded.note"""


def write(conn: sqlite3.Connection, looks: Iterable[Dataset], crawl_id: int, night: str, now: str) -> None:
    """What looks brought, in one transaction."""
    good, bad = [], []
    for d in looks:
        if d.state == "error":
            bad.append((d.name, night, now, d.note))
        else:
            good.append((*d[: Dataset._fields.index("observed")], night, now, d.note))
    if good or bad:
        with database.transaction(conn):
            conn.executemany(_UPSERT, good)
            conn.executemany(_UPSERT_ERROR, bad)
            conn.execute("UPDATE crawls SET failed = failed + ? WHERE id = ?", (len(bad), crawl_id))
