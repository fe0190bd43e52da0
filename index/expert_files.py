"""Bytes of a human index -> named YAML documents, a table of rows, or warnings: the door of `experts.py`.

Does: read a file, a folder, or a URL (through a client that is passed in) into named bytes; unpack a zip of a
repository; parse YAML without aliases and without depth, so that no file can grow in memory.
Does not: know any index, keep anything, or follow a link found in a file.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import httpx
import yaml

from crawler.errors import StoppedError, UsageError

MAX_FILE = 2_000_000  # bytes of one YAML file; the longest real one has 5,000
MAX_DOWNLOAD = 50_000_000
MAX_FILES = 5_000
MAX_DEPTH = 20
SUFFIXES = (".yaml", ".yml", ".csv", ".html", ".htm")


class Named(NamedTuple):
    """A file's name (no folder) and its bytes."""

    name: str
    body: bytes


class Read(NamedTuple):
    """What was found at a place, in the order of names, and a sentence for everything left out."""

    files: tuple[Named, ...]
    warnings: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """A version for files that carry none: the digest of all names and bytes."""
        digest = hashlib.sha256()
        for file in self.files:
            digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.body).digest())
        return "sha256:" + digest.hexdigest()[:12]


def read_place(place: str, client: httpx.Client | None = None) -> Read:
    """The files of a folder (with its subfolders), one file, or a URL (one file, or a zip of a repository).

    Raises UsageError for a place that is not there or holds nothing to read, StoppedError when a URL does not answer.
    """
    if place.startswith(("http://", "https://")):
        if client is None:
            raise UsageError(f"{place} is a URL and no connection was given; download it and pass the file")
        return _unpacked(Named(_url_name(place), _fetch(place, client)))
    path = Path(place)
    if path.is_dir():
        return _folder(path)
    try:
        return _unpacked(Named(path.name, path.read_bytes()))
    except OSError as e:
        raise UsageError(f"{place}: cannot be read ({e.strerror or e}); pass a folder, a file or a URL") from e


def _folder(path: Path) -> Read:
    files: list[Named] = []
    warnings: list[str] = []
    found = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file() and not p.is_symlink())
    if not found:
        raise UsageError(f"{path}: no file ends in {', '.join(SUFFIXES)}; is it the folder of an index?")
    if len(found) > MAX_FILES:
        warnings.append(f"{path}: {len(found)} files, only the first {MAX_FILES} were read")
    for p in found[:MAX_FILES]:
        try:
            if p.stat().st_size > MAX_FILE:
                warnings.append(f"{p.name}: {p.stat().st_size} bytes, too long for an entry; left out")
            else:
                files.append(Named(p.name, p.read_bytes()))
        except OSError as e:
            warnings.append(f"{p.name}: cannot be read ({e.strerror or e}); left out")
    return Read(tuple(files), tuple(warnings))


def _url_name(url: str) -> str:
    return PurePosixPath(httpx.URL(url).path).name or "index.html"


def _fetch(url: str, client: httpx.Client) -> bytes:
    body = bytearray()
    try:
        with client.stream("GET", url, follow_redirects=True) as response:
            if response.status_code != 200:
                raise StoppedError(f"{url} answered {response.status_code}; nothing was imported, check the address")
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_DOWNLOAD:
                    raise StoppedError(f"{url} is longer than {MAX_DOWNLOAD} bytes; nothing was imported")
    except httpx.HTTPError as e:
        raise StoppedError(f"{url}: no answer ({e}); nothing was imported, try again later") from e
    return bytes(body)


def _unpacked(file: Named) -> Read:
    """The file itself, or the readable members of a zip."""
    if not file.body.startswith(b"PK\x03\x04"):
        return Read((file,))
    files: list[Named] = []
    warnings: list[str] = []
    try:
        with zipfile.ZipFile(io.BytesIO(file.body)) as archive:
            for info in sorted(archive.infolist(), key=lambda i: i.filename)[: MAX_FILES * 4]:
                name = PurePosixPath(info.filename).name
                if info.is_dir() or not name.lower().endswith(SUFFIXES):
                    continue
                if info.file_size > MAX_FILE or len(files) >= MAX_FILES:
                    warnings.append(f"{name}: too long, or one file too many; left out")
                    continue
                files.append(Named(name, archive.read(info)))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as e:
        raise UsageError(f"{file.name}: a zip that cannot be read ({e})") from e
    if not files:
        raise UsageError(f"{file.name}: no file in it ends in {', '.join(SUFFIXES)}")
    return Read(tuple(files), tuple(warnings))


class BadDocument(ValueError):
    """A YAML document that is refused; the message says why."""


def parse_yaml(body: bytes) -> Any:
    """One YAML document as plain values. Raises BadDocument: not YAML, not text, with aliases, or nested too deep."""
    if len(body) > MAX_FILE:
        raise BadDocument(f"{len(body)} bytes are too long for an entry")
    try:
        text = body.decode("utf-8-sig")
        _refuse_bombs(yaml.parse(text, Loader=_Loader))
        return yaml.load(text, Loader=_Loader)  # a safe loader
    except UnicodeDecodeError as e:
        raise BadDocument(f"not UTF-8 at byte {e.start}") from e
    except (yaml.YAMLError, ValueError, RecursionError) as e:
        if isinstance(e, BadDocument):
            raise
        raise BadDocument("not YAML: " + " ".join(str(e).split())[:200]) from e


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _refuse_bombs(events: Iterable[yaml.Event]) -> None:
    """Aliases make a small file huge, depth exhausts the stack; entries of an index need neither."""
    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise BadDocument("aliases are not accepted")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise BadDocument(f"nested more than {MAX_DEPTH} deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
