"""A `Repo` as columns of hub.db and back: `repos` (narrow, compared every night) and `details` (wide, read to judge).

Pure but for `read_repos`, the one reading that workers with a connection of their own share with the store.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from crawler.plan import license_files
from crawler.records import UNREADABLE, Base, Repo

REPO_COLUMNS = """r.repo, r.oid, r.repo_id, r.author, r.sha, r.created_at, r.last_modified, r.private, r.disabled,
    r.gated, r.license, r.downloads, r.downloads_all_time, r.likes, r.fingerprint, r.observed, r.missing_since,
    r.rejected_since,
    d.license_name, d.license_link, d.pipeline_tag, d.library, d.tags, d.bases, d.files, d.file_count,
    d.card_data, d.config"""


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def read_repos(conn: sqlite3.Connection, where: str = "1", parameters: Iterable[Any] = ()) -> Iterator[Repo]:
    """Repos as last seen, in order of our keys; `where` is SQL over repos r and details d. For workers with their
    own connection.
    """
    sql = f"SELECT {REPO_COLUMNS} FROM repos r JOIN details d USING (repo) WHERE {where} ORDER BY r.repo"
    for row in conn.execute(sql, tuple(parameters)):
        yield stored(row)


_strings = msgspec.json.Decoder(tuple[str, ...])
_bases = msgspec.json.Decoder(tuple[Base, ...])


class _Config(msgspec.Struct, omit_defaults=True):
    architectures: tuple[str, ...] = ()
    model_type: str | None = None
    custom_code: bool = False
    parameters: int | None = None
    gguf: bool = False
    auto_model: str | None = None


_config = msgspec.json.Decoder(_Config)


_FLAG = {None: None, False: 0, True: 1}  # a number is bound twice as fast as a truth value


def narrow(r: Repo) -> tuple[Any, ...]:
    """The columns of `repos` but the key and the nights, in the order of the table."""
    return (r.oid, r.repo_id, r.author, r.sha, r.created_at, r.last_modified, _FLAG[r.private], _FLAG[r.disabled],
            None if r.gated == UNREADABLE else r.gated, r.license, r.downloads, r.downloads_all_time, r.likes,
            r.fingerprint, _lines(license_files(r.files)) or None)  # fmt: skip


def _lines(names: tuple[str, ...]) -> str:
    """Names one a line; a line break within a name must not make two of it."""
    text = "\n".join(names)
    if text.count("\n") == max(0, len(names) - 1):
        return text
    return "\n".join(name.replace("\n", "\ufffd") for name in names)


def wide(r: Repo) -> tuple[Any, ...]:
    """The columns of `details` but the key, in the order of the table."""
    config = _Config(r.architectures, r.model_type, r.custom_code, r.parameters, r.gguf, r.auto_model)
    return (r.license_name, r.license_link, r.pipeline_tag, r.library,
            None if r.tags is None else _json(r.tags),
            _json(r.bases) if r.bases else None,
            None if r.files is None else _lines(r.files),
            r.file_count,
            None if r.card_data is None else _json(r.card_data),
            _json(config))  # fmt: skip


def stored(row: tuple[Any, ...]) -> Repo:
    """A row of REPO_COLUMNS as the Repo that it was."""
    (repo, oid, repo_id, author, sha, created_at, last_modified, private, disabled, gated, license_, downloads,
     all_time, likes, fingerprint, observed, _missing, rejected_since, license_name, license_link, pipeline_tag,
     library, tags, bases, files, file_count, card_data, config) = row  # fmt: skip
    conf = _config.decode(config) if config else _Config()
    return Repo(
        oid=oid, repo_id=repo_id, fingerprint=fingerprint, author=author, sha=sha, created_at=created_at,
        last_modified=last_modified, private=None if private is None else bool(private),
        disabled=None if disabled is None else bool(disabled), gated=gated, license=license_, license_name=license_name,
        license_link=license_link, pipeline_tag=pipeline_tag, library=library,
        tags=None if tags is None else _strings.decode(tags), bases=_bases.decode(bases) if bases else (),
        files=None if files is None else tuple(files.split("\n")) if files else (), file_count=file_count,
        card_data=None if card_data is None else msgspec.json.decode(card_data), architectures=conf.architectures,
        model_type=conf.model_type, custom_code=conf.custom_code, parameters=conf.parameters, gguf=conf.gguf,
        auto_model=conf.auto_model, downloads=downloads, downloads_all_time=all_time, likes=likes, repo=repo,
        observed=observed, rejected_since=rejected_since,
    )  # fmt: skip
