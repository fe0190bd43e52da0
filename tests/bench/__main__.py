"""All benchmarks one after the other: `make bench`, or `python -m tests.bench crawl judge` for some.

Each part runs in a process of its own, so that one that fails or is killed costs only itself; the end names what each
took, and the exit status is 1 when one failed. The sizes are such that all of it is done in about 15 minutes on two
cores that have nothing else to do. `BENCH=full` measures at the Hub's own size of 3.2 million models: hours, and 20 GB
in `bench-data` and TMPDIR.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

#: Part -> its arguments at the usual size, and at the Hub's own.
PARTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "crawl": ((), ("760000",)),
    "size": ((), ("100000", "760000", "3200000")),
    "quota": ((), ()),
    "history": ((), ("20000", "365", "3200000")),
    "judge": ((), ("760000",)),
    "site": (("--models", "100000", "--rounds", "20"), ("--models", "3200000")),
}


class Done(NamedTuple):
    """How a part ended, and what it took with all its processes."""

    name: str
    status: int
    seconds: float
    cpu: float
    peak_mb: float  # of its largest process


def run(name: str, arguments: tuple[str, ...]) -> Done:
    """One part; its table goes where ours goes."""
    sys.stdout.flush()
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", f"tests.bench.{name}", *arguments], cwd=Path.cwd())
    try:
        _, status, used = os.wait4(process.pid, 0)
    except BaseException:
        process.terminate()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    # Linux counts the children that a process has waited for into its own usage.
    return Done(
        name, process.returncode, time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    )  # fmt: skip


def summary(done: list[Done]) -> str:
    """What each part took, for a terminal."""
    head = f"{'part':<10}{'minutes':>9}{'CPU min':>9}{'largest MB':>12}  ended"
    return "\n".join([head] + [
        f"{d.name:<10}{d.seconds / 60:>9.1f}{d.cpu / 60:>9.1f}{d.peak_mb:>12,.0f}"
        f"  {'well' if d.status == 0 else f'with status {d.status}: its last words are above'}"
        for d in done
    ])  # fmt: skip


def main() -> int:
    """Run those named, or all that there are. Returns the exit status."""
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := [name for name in wanted if name not in PARTS]:
        print(f"No benchmark is called {', '.join(unknown)}; there are {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    full = os.environ.get("BENCH") == "full"
    done = [run(name, PARTS[name][full]) for name in wanted]
    print(f"\n{summary(done)}")
    return 1 if any(d.status for d in done) else 0


if __name__ == "__main__":
    sys.exit(main())
