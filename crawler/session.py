"""What a crawl needs, opened and closed: the data directory, the Hub or the bundled sample, the token, signals.

Wiring only. The lock is the caller's, so that crawl, judge and publish can share one.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from huggingface_hub import get_token

from crawler import crawl, hub
from crawler.documents import Archive
from crawler.door import Wire, check_url
from crawler.errors import HubUnreachable, OtherHub, UsageError
from crawler.store import Store
from crawler.walk import Scope

SAMPLE = "sample"
LIVE = "https://huggingface.co"


class Options(NamedTuple):
    """What the command was asked for."""

    data: Path
    hub: str | None = None
    scope: Scope = Scope()
    night: str | None = None
    max_documents: int = 20_000
    max_datasets: int = 1_000
    hours: float | None = None  # after the start, in which documents may be begun
    share: float = 0.9
    max_wait: float = 3600.0


def hub_db(data: Path) -> Path:
    """The working store of a data directory."""
    return data / "hub.db"


def documents_db(data: Path) -> Path:
    """The archive of a data directory."""
    return data / "documents.db"


def index_db(data: Path) -> Path:
    """The published snapshot of a data directory."""
    return data / "index.db"


def which_hub(asked: str | None) -> str:
    """The Hub to crawl: as asked, else HF_ENDPOINT, else the live one. Raises UsageError when it is no address."""
    url = asked or os.environ.get("HF_ENDPOINT") or LIVE
    try:
        return url if url == SAMPLE else check_url(url)
    except HubUnreachable as e:
        raise UsageError(f"{'--hub' if asked else 'HF_ENDPOINT'}: {e}") from e


def hub_name(url: str) -> str:
    """The Hub's identity in the ledger: its origin; a replay on this machine is one Hub whatever its port."""
    if url == SAMPLE:
        return SAMPLE
    host = urlsplit(url).hostname or ""
    return "replay" if host in ("localhost", "::1") or host.startswith("127.") else f"{urlsplit(url).scheme}://{host}"


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set, so that work stops at a checkpoint. Only in the main thread."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {s: signal.signal(s, lambda *_: stop.set()) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(
    options: Options, *, stop: threading.Event, progress: crawl.Progress, clock: Callable[[], datetime]
) -> Iterator[crawl.Report]:
    """Crawl once, or every night of the sample that is not stored yet; a report after each, so that the caller can
    judge that night before the next one comes. Raises OtherHub, StoppedError."""
    url = which_hub(options.hub)
    name = hub_name(url)
    store = Store(hub_db(options.data))
    archive = Archive(documents_db(options.data))
    try:
        others = [h for h in store.hubs() if h != name]
        if others:
            raise OtherHub(
                f"{options.data} holds the models of {others[0]}; crawling {url} into it would mark them all as gone."
                " Nothing was done; name another directory with --data."
            )
        if name == SAMPLE:
            yield from _sample_nights(options, store, archive, stop, progress, clock)
            return
        night = options.night or clock().astimezone(UTC).date().isoformat()
        yield _one(options, url, name, night, get_token(), store, archive, stop, progress, clock)
    finally:
        archive.close()
        store.close()


def _sample_nights(
    options: Options, store: Store, archive: Archive, stop: threading.Event, progress: crawl.Progress,
    clock: Callable[[], datetime],
) -> Iterator[crawl.Report]:  # fmt: skip
    """The bundled recording, served on loopback, night after night; the last one again when all are stored."""
    from crawler.recording import Recording
    from crawler.replay import ReplayHub

    recording = Recording.open(SAMPLE)
    done = store.last_complete()
    nights = [n for n in recording.nights if done is None or n > done.date] or list(recording.nights[-1:])
    if options.night is not None:
        if options.night not in recording.nights:
            raise UsageError(f"The sample has no night {options.night}; it has {', '.join(recording.nights)}.")
        nights = [options.night]
    with ReplayHub(recording) as replay:
        for night in nights:
            replay.night = night
            yield _one(options, replay.url, SAMPLE, night, None, store, archive, stop, progress, clock)


def _one(
    options: Options, url: str, name: str, night: str, token: str | None, store: Store, archive: Archive,
    stop: threading.Event, progress: crawl.Progress, clock: Callable[[], datetime],
) -> crawl.Report:  # fmt: skip
    wire = Wire(sleep=stop.wait, max_wait=options.max_wait)
    door = hub.connect(url, token=token, share=options.share, wire=wire)
    try:
        return crawl.crawl(
            store, archive, door, hub_name=name, night=night, clock=clock, stop=stop, scope=options.scope,
            max_documents=options.max_documents, max_datasets=options.max_datasets, progress=progress,
            until=None if options.hours is None else clock() + timedelta(hours=options.hours),
        )  # fmt: skip
    finally:
        door.client.close()
