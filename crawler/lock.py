"""One run at a time per data directory: an advisory lock that the system drops when the process dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crawler.errors import LockHeld, StorageFull


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Hold the lock of a data directory; raises LockHeld at once when another run has it."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        handle = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as e:
        raise StorageFull(f"Cannot write in {data}: {e.strerror}. Nothing was done; name another --data.") from e
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 100).decode("ascii", "replace").strip() or "unknown"
            raise LockHeld(
                f"Another run (process {holder}) is working on {data}. Nothing was done; wait for it or stop it."
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)
