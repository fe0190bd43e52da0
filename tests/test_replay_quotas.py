"""Quotas and latency of the replay Hub: fixed windows per bucket and identity, and answers that take their time."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx
import pytest

from crawler.errors import UsageError
from crawler.replay_faults import PLANS, Latency, Quota, Quotas, parse_latency, parse_quotas, scaled
from tests.replaying import document, replay, row

ROWS = [row(1, "gpt2")]
TEXTS = [document("gpt2", "small")]
TOKEN = {"Authorization": "Bearer hf_x"}


def test_a_used_up_window_answers_429_until_it_ends_one_counter_per_bucket_and_identity(tmp_path: Path) -> None:
    quotas = Quotas(api=Quota(3, 60), resolvers=Quota(1, 60))
    now = [1000.0]
    with replay(tmp_path / "r", ROWS, TEXTS, quotas=quotas) as server, httpx.Client(base_url=server.url) as c:
        server.app.clock = lambda: now[0]
        assert [c.get("/api/models/gpt2").status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = c.get("/api/models/gpt2")
        assert refused.headers["ratelimit"] == '"api";r=0;t=60'
        assert refused.headers["ratelimit-policy"] == '"fixed window";"api";q=3;w=60'
        assert "retry-after" not in refused.headers
        assert c.get("/api/models/gpt2", headers=TOKEN).headers["ratelimit"] == '"api";r=2;t=60'
        assert c.get("/gpt2/resolve/main/README.md").status_code == 307
        now[0] += 59.5
        assert c.get("/api/models/gpt2").headers["ratelimit"] == '"api";r=0;t=1'
        now[0] += 0.5
        assert c.get("/api/models/gpt2").headers["ratelimit"] == '"api";r=2;t=60'


def test_others_who_spend_the_same_quota_are_seen_in_the_headers(tmp_path: Path) -> None:
    with (
        replay(tmp_path / "r", ROWS, quotas=Quotas(api=Quota(100, 60))) as server,
        httpx.Client(base_url=server.url) as c,
    ):
        assert '"api";r=99' in c.get("/api/models/gpt2").headers["ratelimit"]
        server.spend("api", 50)
        assert '"api";r=48' in c.get("/api/models/gpt2").headers["ratelimit"]


def test_latency_holds_an_answer_back_and_requests_wait_side_by_side(tmp_path: Path) -> None:
    with replay(tmp_path / "r", ROWS, latency=Latency(page=0.2)) as server:
        began = time.monotonic()
        threads = [threading.Thread(target=httpx.get, args=(server.url + "/api/models",)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - began >= 0.2
        assert server.stats.most_in_flight > 1


def test_quotas_and_latency_have_text_forms_with_clear_errors() -> None:
    assert parse_quotas("free").api == Quota(1000, 300)
    assert parse_quotas("enterprise@3").api == Quota(60, 3.0)
    assert parse_quotas("api=5/2,pages=7") == Quotas(api=Quota(5, 2), pages=Quota(7))
    assert scaled(PLANS["anonymous"], 30).resolvers == Quota(300, 30)
    assert parse_latency("0.5") == Latency(0.5, 0.5, 0.5)
    assert parse_latency("page=1.2, file=0.05") == Latency(page=1.2, file=0.05)
    for parser, text in (
        (parse_quotas, "gold"),
        (parse_quotas, "api=x"),
        (parse_latency, "pages=1"),
        (parse_latency, "x"),
    ):
        with pytest.raises(UsageError, match="write"):
            parser(text)
