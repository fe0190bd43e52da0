"""What every reader of one published file is told alike, worked out once: pieces of pages, lists of names, charts.

For a few dozen keys that a page names itself, never one that a reader chose. Another file (after a publish the server
starts anew; tests open several) forgets all. Does not keep answers: that is host.py's cache.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Hashable
from typing import TypeVar

from index.queries import _rows

T = TypeVar("T")
_kept: dict[Hashable, object] = {}


def remember(db: sqlite3.Connection, key: Hashable, make: Callable[[], T]) -> T:
    """What `make` gave when this key was asked first on this file."""
    file = (_rows(db, "PRAGMA database_list")[0][2], *_rows(db, "SELECT value FROM about WHERE key = 'published'"))
    if _kept.get("file") != file:
        _kept.clear()
        _kept["file"] = file
    if key not in _kept:
        _kept[key] = make()
    found: T = _kept[key]  # type: ignore[assignment]  # one type for each key
    return found


def once_for(db: sqlite3.Connection, key: Hashable) -> Callable[[Callable[[], T]], T]:
    """For `{% call once() %}` in a template: the piece between is written when this key is asked first."""
    return lambda caller: remember(db, key, caller)
