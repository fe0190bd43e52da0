"""The walk against what a user would write instead, on the same pages in the same run. `python -m tests.bench.crawl [N]`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench import generate


def serve(recording: Path) -> tuple[subprocess.Popen[str], str]:
    """A replay Hub in its own process, no quota, no latency."""
    process = subprocess.Popen(
        [sys.executable, "-m", "index.cli", "replay", str(recording), "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "http://" in line:
            return process, "http://" + line.split("http://", 1)[1].split()[0].rstrip("/.")
    raise SystemExit("the replay Hub did not start")


def contend(name: str, url: str, folder: Path, night: str = "2026-08-01") -> dict[str, float]:
    """One contender in a fresh process."""
    out = subprocess.run(
        [sys.executable, "-m", "tests.bench.contenders", name, url, str(folder)],
        capture_output=True, text=True, check=True, env={**__import__("os").environ, "BENCH_NIGHT": night},
    )  # fmt: skip
    return json.loads(out.stdout.splitlines()[-1])


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    recording = generate.write(Path("bench-data") / f"models-{count}.jsonl", count)
    server, url = serve(recording)
    best: dict[str, dict[str, float]] = {}
    try:
        for _ in range(rounds):
            for name in ("ours", "hfapi", "bare"):
                folder = Path(tempfile.mkdtemp(prefix=f"bench-{name}-"))
                figures = contend(name, url, folder)
                shutil.rmtree(folder)
                if name not in best or figures["seconds"] < best[name]["seconds"]:
                    best[name] = figures
    finally:
        server.terminate()
    print(f"\nWalk of {count:,} models on loopback, all fields stored, best of {rounds}")
    print(f"{'contender':<34}{'models/s':>10}{'peak MB':>9}{'bytes/model':>13}{'ours is':>10}")
    names = {"ours": "openness crawl (with history)", "hfapi": "HfApi.list_models + sqlite-utils", "bare": "httpx + orjson + sqlite3"}
    for name, f in best.items():
        ratio = f["seconds"] / best["ours"]["seconds"]
        print(f"{names[name]:<34}{f['models'] / f['seconds']:>10,.0f}{f['peak_mb']:>9,.0f}{f['bytes'] / f['models']:>13,.0f}{ratio:>9.2f}x")


if __name__ == "__main__":
    main()
