"""The judge's benchmark as an installed openness runs it, compiled; `judge` is the same as a checkout runs it.

`python -m tests.bench.compiled [N]`. What is compiled is kept in build/ until a source changes.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests import compiled


def main() -> int:
    """Print the figures, or why there are none."""
    if reason := compiled.why_not():
        print(f"\nJudging, compiled: nothing can be compiled here: {reason}")
        return 0
    tree = compiled.tree()
    path = os.pathsep.join((str(tree), str(compiled.ROOT)))
    command = [sys.executable, "-m", "tests.bench.judge", *sys.argv[1:]]
    return subprocess.run(command, cwd=tree, env={**os.environ, "PYTHONPATH": path}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
