"""All benchmarks one after the other: `make bench`, or `python -m tests.bench crawl judge` for some."""

from __future__ import annotations

import importlib
import importlib.util
import sys

ALL = ("crawl", "quota", "history", "judge", "publish", "site")


def main() -> None:
    """Run those named, or all that there are."""
    wanted = sys.argv[1:] or [name for name in ALL if importlib.util.find_spec(f"tests.bench.{name}")]
    sys.argv[1:] = []
    for name in wanted:
        importlib.import_module(f"tests.bench.{name}").main()


if __name__ == "__main__":
    main()
