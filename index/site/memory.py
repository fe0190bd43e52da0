"""What every reader of one published file is told alike, worked out once: pieces of pages, lists of names, charts.

`remember` is for a few dozen keys that a page names itself, never one that a reader chose; `recall` for those, of which
the ones asked last are kept. Another file (after a publish the server starts anew; tests open several) forgets all.
Does not keep answers: that is host.py's cache.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar

from index.queries import _rows

T = TypeVar("T")
_NOTHING = object()
RECALLED = 200  # keys of readers
KEY = 500  # letters of a key of a reader; what a longer one brought is not kept

_turn = threading.Lock()  # Datasette answers several readers at once; never held while something is made
_kept: dict[Hashable, object] = {}
_recent: OrderedDict[Hashable, object] = OrderedDict()


def remember(db: sqlite3.Connection, key: Hashable, make: Callable[[], T]) -> T:
    """What `make` gave when this key was asked first on this file."""
    with _turn:
        _of_this(db)
        found: T = _kept.get(key, _NOTHING)  # type: ignore[assignment]  # one type for each key
    if found is _NOTHING:
        found = make()
        with _turn:
            found = _kept.setdefault(key, found)  # type: ignore[assignment]
    return found


def recall(db: sqlite3.Connection, key: Hashable, make: Callable[[], T]) -> T:
    """What `make` gave when this key was asked on this file, if that was not too many other keys ago."""
    with _turn:
        _of_this(db)
        found: T = _recent.get(key, _NOTHING)  # type: ignore[assignment]  # one type for each key
    if found is _NOTHING:
        found = make()
    if len(repr(key)) <= KEY:
        with _turn:
            _recent[key] = found
            _recent.move_to_end(key)
            while len(_recent) > RECALLED:
                _recent.popitem(last=False)
    return found


def _of_this(db: sqlite3.Connection) -> None:
    """Forget what was kept of another file."""
    file = (_rows(db, "PRAGMA database_list")[0][2], *_rows(db, "SELECT value FROM about WHERE key = 'published'"))
    if _kept.get("file") != file:
        _recent.clear()
        _kept.clear()
        _kept["file"] = file


def once_for(db: sqlite3.Connection, key: Hashable) -> Callable[[Callable[[], T]], T]:
    """For `{% call once() %}` in a template: the piece between is written when this key is asked first."""
    return lambda caller: remember(db, key, caller)
