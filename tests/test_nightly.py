"""One night as a whole: what was seen is judged and published, whatever stops the rest."""

import sqlite3
from contextlib import closing

from click.testing import CliRunner

from crawler.replay_faults import Quota, Quotas
from index import cli
from tests.replaying import document, replay, row


def nightly(*arguments: str):
    return CliRunner(env={"COLUMNS": "120", "HF_TOKEN": ""}).invoke(cli.main, ["nightly", *arguments])


def published(data) -> int:
    with closing(sqlite3.connect(data / "index.db")) as db:
        return db.execute("SELECT count(*) FROM models WHERE level IS NOT NULL").fetchone()[0]


def test_a_complete_walk_is_published_although_the_quota_for_documents_is_used_up(tmp_path):
    rows = [row(i, f"a/m{i}", siblings=[{"rfilename": "README.md"}]) for i in range(1, 40)]
    cards = [document(f"a/m{i}", f"# Model {i}\n") for i in range(1, 40)]
    data = tmp_path / "data"
    with replay(tmp_path, rows, cards, quotas=Quotas(resolvers=Quota(1, 900))) as hub:
        stopped = nightly("--hub", hub.url, "--data", str(data), "--max-wait", "1", "--date", "2026-08-01")
        assert stopped.exit_code == 4, stopped.output
        assert "quota" in stopped.output
        assert published(data) == 39
        hub.quotas = Quotas()
        assert nightly("--hub", hub.url, "--data", str(data), "--date", "2026-08-01").exit_code == 0
    with closing(sqlite3.connect(data / "hub.db")) as db:
        assert db.execute("SELECT count(*) FROM fetches WHERE outcome = 'ok'").fetchone() == (39,)
        assert db.execute("SELECT count(*) FROM crawls").fetchone() == (1,)


def test_the_same_night_again_changes_no_verdict_and_no_history(tmp_path):
    data = tmp_path / "data"
    rows = [row(i, f"a/m{i}") for i in range(1, 6)]
    with replay(tmp_path, rows, [document("a/m1", "# One\n")]) as hub:
        for _ in range(2):
            assert nightly("--hub", hub.url, "--data", str(data), "--date", "2026-08-01").exit_code == 0
    with closing(sqlite3.connect(data / "hub.db")) as db:
        assert db.execute("SELECT count(*) FROM downloads").fetchone() == (5,)
        assert db.execute("SELECT count(*) FROM verdict_history").fetchone() == (5,)
        assert db.execute("SELECT count(*) FROM changes").fetchone() == (0,)
