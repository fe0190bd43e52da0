"""The walk against what a user would write instead, on the same pages in the same run. `python -m tests.bench.crawl [N]`."""

from __future__ import annotations

import json
import os
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
        capture_output=True, text=True, check=True, env={**os.environ, "BENCH_NIGHT": night},
    )  # fmt: skip
    return json.loads(out.stdout.splitlines()[-1])


def better(one: dict[str, float] | None, other: dict[str, float]) -> dict[str, float]:
    """Of two runs the quicker one, with the lesser processor time of the two: they need not be the same run's."""
    if one is None:
        return other
    return {**min(one, other, key=lambda run: run["seconds"]), "cpu": min(one["cpu"], other["cpu"])}


NAMES = {
    "ours": "openness crawl (with history)",
    "hfapi": "HfApi.list_models + sqlite-utils",
    "bare": "httpx + orjson + sqlite3",
}


def first_night(count: int, rounds: int, keep: Path) -> dict[str, dict[str, float]]:
    """Each contender's best of `rounds`; our first directory is kept for the second night."""
    server, url = serve(generate.write(Path("bench-data") / f"models-{count}.jsonl", count))
    best: dict[str, dict[str, float]] = {}
    try:
        for number in range(rounds):
            for name in NAMES if number < 2 else ("ours", "bare"):  # the slow one twice at most
                folder = keep if name == "ours" and number == 0 else Path(tempfile.mkdtemp(prefix=f"bench-{name}-"))
                figures = contend(name, url, folder)
                if folder != keep:
                    shutil.rmtree(folder)
                best[name] = better(best.get(name), figures)
    finally:
        server.terminate()
        server.wait()
    return best


def second_night(count: int, rounds: int, first: Path) -> dict[str, float]:
    """The same Hub a night later: 14 % of the counters and 0.7 % of the repos are different."""
    server, url = serve(generate.write(Path("bench-data") / f"models-{count}-next.jsonl", count, night=1))
    best: dict[str, float] | None = None
    try:
        for _ in range(rounds):
            folder = Path(tempfile.mkdtemp(prefix="bench-next-"))
            shutil.copytree(first, folder, dirs_exist_ok=True)
            figures = contend("ours", url, folder, night="2026-08-02")
            shutil.rmtree(folder)
            best = better(best, figures)
    finally:
        server.terminate()
        server.wait()
    return best or {}


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    keep = Path(tempfile.mkdtemp(prefix="bench-keep-"))
    best = first_night(count, rounds, keep)
    following = second_night(count, rounds, keep)
    shutil.rmtree(keep)
    print(f"\nWalk of {count:,} models on loopback, all fields stored, best of {rounds}")
    print(f"{'contender':<40}{'models/s':>10}{'CPU µs':>9}{'peak MB':>9}{'bytes/model':>13}{'ours is':>10}")
    for name, f in best.items():
        ratio = f["seconds"] / best["ours"]["seconds"]
        speed = f["models"] / f["seconds"]
        cpu = f["cpu"] / f["models"] * 1e6  # of a model, in its own process
        print(
            f"{NAMES[name]:<40}{speed:>10,.0f}{cpu:>9.1f}{f['peak_mb']:>9,.0f}{f['bytes'] / f['models']:>13,.0f}{ratio:>9.2f}x"
        )
    ratio = best["ours"]["seconds"] / following["seconds"]
    speed = following["models"] / following["seconds"]
    cpu = following["cpu"] / following["models"] * 1e6
    print(
        f"{'openness crawl, second night':<40}{speed:>10,.0f}{cpu:>9.1f}{following['peak_mb']:>9,.0f}{'':>13}{ratio:>9.2f}x its first"
    )


if __name__ == "__main__":
    main()
