"""The optional MCP endpoint: an assistant asks our tables, read only, under the same limits as everybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("datasette", reason="the [web] extra is not installed")
pytest.importorskip("datasette_mcp", reason="the [mcp] extra is not installed")

from tests.browser.serving import served
from tests.site_data import publish_hub

HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
CLIENT = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


class Assistant:
    """A client of one session."""

    def __init__(self, url: str) -> None:
        self.url, self.headers = url, dict(HEADERS)
        self.ask("initialize", **CLIENT)

    def ask(self, method: str, **params: Any) -> Any:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = httpx.post(f"{self.url}/-/mcp", json=message, headers=self.headers, timeout=30)
        assert answer.status_code == 200, answer.text
        if "mcp-session-id" in answer.headers:
            self.headers["mcp-session-id"] = answer.headers["mcp-session-id"]
        return answer.json()["result"]

    def sql(self, sql: str) -> Any:
        return self.ask("tools/call", name="execute_sql", arguments={"database": "index", "sql": sql})


def test_an_assistant_reads_our_tables_and_cannot_write(tmp_path: Path) -> None:
    count = "SELECT level, count(*) AS n FROM models GROUP BY level"
    with served(publish_hub(tmp_path)) as server:
        assistant = Assistant(server.url)
        tools = {tool["name"] for tool in assistant.ask("tools/list")["tools"]}
        assert {"execute_sql", "get_database_schema", "list_canned_queries"} <= tools
        assert sum(row["n"] for row in assistant.sql(count)["structuredContent"]["rows"]) > 200
        assert assistant.sql("DELETE FROM models")["isError"]
    with served(tmp_path, "--no-sql") as server:
        assert Assistant(server.url).sql(count)["isError"]
