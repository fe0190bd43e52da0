"""What the judge writes of an event: its weight is the counter as the night had it, and unknown stays unknown."""

import sqlite3
from contextlib import closing

import pytest

from index import tables
from tests.small_hub import small_hub


@pytest.mark.parametrize(
    ("listed", "event", "weight"),
    [(None, "none", None), (5, "none", 5), (5, None, None), (None, 7, 7), (0, "none", 0)],
    ids=["no counter", "a counter", "an event without", "an event with", "zero"],
)
def test_a_level_event_weighs_what_the_other_events_of_the_night_weigh_and_is_never_zero_for_unknown(
    tmp_path, listed, event, weight
):
    small_hub(tmp_path / "hub.db")
    with closing(sqlite3.connect(tmp_path / "hub.db")) as conn:
        conn.execute("UPDATE repos SET downloads = ? WHERE repo = 2", (listed,))
        if event != "none":
            conn.execute(
                """INSERT INTO changes (date, repo, field, old, new, downloads)
                   VALUES ('2026-11-09', 2, 'gated', 'no', 'auto', ?)""",
                (event,),
            )
        moved = tables.Moved(2, "meta-llama/Meta-Llama-3-8B", "L3", "L2", "repo", listed or 0)
        tables._write_events(conn, "2026-11-09", [moved])
        tables._write_events(conn, "2026-11-09", [moved._replace(new="L1")])
        found = conn.execute("SELECT old, new, downloads FROM changes WHERE repo = 2 AND field = 'level'").fetchall()
    assert found == [("L3", "L1", weight)]
