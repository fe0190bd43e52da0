"""Twenty nights with everything going wrong now and then end with the same content as twenty calm ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from crawler.recording import Recording
from crawler.replay import ReplayHub
from crawler.replay_faults import Faults, Quotas
from tests.nights import content, night, night_until_done
from tests.replaying import row, write

COUNT, PAGE, NIGHTS = 1500, 100, 20
DAYS = [f"2026-08-{n + 1:02}" for n in range(NIGHTS)]

#: Every fault that does not change what the Hub holds, at 1 to 5 %.
RATES = {
    "quota": 0.02, "quota_left": 0.02, "quota_bare": 0.02, "retry_after": 0.02, "errors": 0.05, "drop": 0.03,
    "truncate": 0.03,
    "stall": 0.01, "gzip": 0.05, "json": 0.02, "shape": 0.02, "html": 0.02, "repeat": 0.01, "foreign_link": 0.03,
    "relative_link": 0.03, "short": 0.04, "poison_card": 0.01, "poison_tags": 0.01, "poison_counts": 0.01,
    "poison_row": 0.02,
}  # fmt: skip


def history() -> list[dict]:
    """A Hub that lives for twenty nights: counters, gating, licences, names, removals, returns and new repos."""
    rng = random.Random(20)
    base = [row(n * 45_000, f"org{n % 9}/model-{n}", downloads=n, downloadsAllTime=n * 5) for n in range(COUNT)]
    lines = list(base)
    for day in DAYS:
        for r in rng.sample(base, 60):
            lines.append({"_id": r["_id"], "id": r["id"], "_night": day, "downloads": rng.randrange(10_000)})
        for r in rng.sample(base, 6):
            changed = rng.choice(
                [
                    {"gated": "manual"},
                    {"tags": ["license:llama3"]},
                    {"sha": f"{rng.getrandbits(160):040x}"},
                    {"_gone": True},
                ]
            )
            lines.append({"_id": r["_id"], "id": r["id"], "_night": day} | changed)
        new = row((COUNT + len(lines)) * 45_000 % 80_000_000 + 7, f"new/{day}")
        lines.append(new | {"_night": day})
    return lines


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplayHub]:
    recording = Recording.open(write(tmp_path_factory.mktemp("soak"), history()))
    with ReplayHub(recording, quotas=Quotas()) as replay:
        yield replay
    recording.close()


def test_twenty_nights_of_trouble_end_like_twenty_calm_nights(hub: ReplayHub, tmp_path: Path) -> None:
    for day in DAYS:
        hub.night = day
        assert night(tmp_path / "calm", hub.url, day, page_size=PAGE).problems == ()
    calm = content(tmp_path / "calm")
    stops = 0
    for number, day in enumerate(DAYS):
        hub.night = day
        hub.faults = Faults(rates=RATES, seed=number, poison_extra=True, stall=3.0)
        stops += night_until_done(
            tmp_path / "trouble", hub.url, day, page_size=PAGE, token="hf_x", timeout=httpx.Timeout(1)
        )[1]
    assert len(hub.stats.faults) > 18
    assert sum(hub.stats.faults.values()) > 150
    assert hub.stats.leaked == 0
    assert {c[2] for c in calm["changes"]} >= {"gated", "license", "missing"}
    assert content(tmp_path / "trouble") == calm
    assert stops <= 3
