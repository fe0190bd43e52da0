"""Security headers of every answer: what a page may load, who may frame it. Pure but for reading templates once.

Our own pages run no inline script and no inline style. Datasette's pages have inline scripts, allowed by their hash:
those that are constant text in the installed templates, and those that a template makes of our own metadata. What else
stands in a page does not run. Text is made into code ('unsafe-eval') only on Datasette's tables and queries, because
datasette-vega does so; the dashboards' charts have Vega interpret its expressions instead.
Answers by itself what no page should: a method that writes, an address that leads to another site.
Does not sanitise anything: that is the templates' escaping.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import importlib.util
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from datasette.utils import asgi
from jinja2 import Environment

_OWN = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; manifest-src 'self'"
)
_SVG = "default-src 'none'; style-src 'unsafe-inline'"
_NOTHING = "default-src 'none'"
_DATASETTE = (
    "default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; font-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
_FLAG = "DATASETTE_ALLOW_FACET = {{ datasette_allow_facet }};"
_PACKAGES = (
    "datasette", "datasette_search_all", "datasette_copyable", "datasette_export_notebook", "datasette_dashboards",
)  # fmt: skip
_DASHBOARD = re.compile(r"/-/dashboards/([^/]+)(?:/([^/]+))?")


def page_headers(kind: str, embeds: bool = False) -> dict[str, str]:
    """The headers of one of our own answers."""
    if kind.startswith("text/html"):
        policy = _OWN + ("; frame-ancestors *" if embeds else "; frame-ancestors 'none'")
    elif kind.startswith("image/svg"):
        policy = _SVG
    else:
        policy = _NOTHING
    headers = {"content-security-policy": policy, "x-content-type-options": "nosniff"}
    if kind.startswith("text/html"):
        headers["referrer-policy"] = "strict-origin-when-cross-origin"
        if not embeds:
            headers["x-frame-options"] = "DENY"
    else:
        headers["access-control-allow-origin"] = "*"
    return headers


def datasette_policy(path: str, known: Iterable[str] = ()) -> str:
    """The policy of one of Datasette's own pages; `known`: hashes of what plugins and dashboards write into it."""
    hashes = [f"'sha256-{h}'" for h in (*constant_scripts(), *known)]
    if not path.startswith("/-/"):  # Vega builds functions out of text in Datasette's table and query pages
        hashes.append("'unsafe-eval'")
    return _DATASETTE.format(scripts=" ".join(hashes))


def filled_scripts(datasette: Any, scope: Any) -> tuple[str, ...]:
    """Hashes of the inline scripts that a dashboard's template fills in with our metadata; () for any other address."""
    asked = _DASHBOARD.fullmatch(scope.get("path", ""))
    dashboard = (datasette.plugin_config("datasette-dashboards") or {}).get(asked[1]) if asked else None
    charts = dashboard.get("charts", {}) if dashboard else {}
    if asked is None or dashboard is None or (asked[2] and asked[2] not in charts):
        return ()
    return _filled(
        "dashboard_chart.html" if asked[2] else "dashboard_view.html",
        dashboard=dashboard, settings=dashboard.get("settings", {}), slug=asked[1], chart=charts.get(asked[2]),
        query_string="", absolute_url=datasette.absolute_url(asgi.Request(scope, None), datasette.urls.instance()),
    )  # fmt: skip


def _filled(template: str, **values: Any) -> tuple[str, ...]:
    source = _last_script(template)
    return (
        (_hash(Environment(autoescape=True, keep_trailing_newline=True).from_string(source).render(**values)),)
        if source
        else ()
    )


@cache
def _last_script(template: str) -> str:
    """The last inline script of an installed template, not filled; '' where there is none."""
    found = next((path for path in _templates() if path.name == template), None)
    scripts = _INLINE.findall(found.read_text(encoding="utf-8")) if found else []
    return scripts[-1] if scripts else ""


def plugin_scripts(datasette: Any) -> tuple[str, ...]:
    """Hashes of what datasette-leaflet (which the dashboards need) writes into every page: two addresses, no data."""
    if importlib.util.find_spec("datasette_leaflet") is None:
        return ()
    leaflet = importlib.import_module("datasette_leaflet")
    return (_hash(leaflet.extra_body_script(datasette)),)


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


@cache
def constant_scripts() -> tuple[str, ...]:
    """SHA-256 hashes of the inline scripts that the installed templates hold as constant text."""
    scripts: set[str] = set()
    for template in _templates():
        for script in _INLINE.findall(template.read_text(encoding="utf-8")):
            if script.strip() == _FLAG:
                scripts |= {script.replace("{{ datasette_allow_facet }}", word) for word in ("true", "false")}
            elif "{{" not in script and "{%" not in script:
                scripts.add(script)
    return tuple(sorted(map(_hash, scripts)))


def _templates() -> Iterator[Path]:
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin:
            yield from sorted((Path(spec.origin).parent / "templates").glob("*.html"))


def wrapper(datasette: Any) -> Callable[[Any], Any]:
    """ASGI middleware that adds what an answer lacks."""
    known = plugin_scripts(datasette)

    def wrap(app: Any) -> Any:
        async def guarded(scope: Any, receive: Any, send: Any) -> None:
            short = shortly(scope)
            if short is not None:
                await _send(send, *short)
                return

            async def sending(message: Any) -> None:
                if message["type"] == "http.response.start":
                    scripts = (*known, *filled_scripts(datasette, scope))
                    message["headers"] = with_missing(scope.get("path", ""), message.get("headers", []), scripts)
                await send(message)

            await app(scope, receive, sending if scope["type"] == "http" else send)

        return guarded

    return wrap


def shortly(scope: Any) -> tuple[int, dict[str, str]] | None:
    """(status, headers) of what needs no page: other methods than reading, and addresses read as another host's.

    Datasette sends an address that ends in a slash to the one without; of `//evil.test/` a browser makes another site.
    Its own pages under /-/ answer for themselves. None: a page answers.
    """
    if scope["type"] != "http":
        return None
    path, method = scope.get("path", ""), scope.get("method", "GET")
    if re.match(r"/+[/\\]|[^/]", path):
        return 404, {}
    if path.startswith("/-/") or method in ("GET", "HEAD"):
        return None
    return 405, {"allow": "GET, HEAD"}


async def _send(send: Any, status: int, headers: dict[str, str]) -> None:
    body = b"There is no such page.\n" if status == 404 else b"This site is read only: GET and HEAD.\n"
    kind = "text/plain; charset=utf-8"
    named = {**headers, **page_headers(kind), "content-type": kind, "content-length": str(len(body))}
    encoded = [(name.encode(), value.encode()) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


def with_missing(path: str, headers: list[tuple[bytes, bytes]], known: Iterable[str] = ()) -> list[tuple[bytes, bytes]]:
    """The headers of an answer of Datasette with ours beside them; ours are already complete."""
    have = {bytes(name).lower(): bytes(value) for name, value in headers}
    if b"content-security-policy" in have:
        return headers
    more = [(b"x-content-type-options", b"nosniff")]
    if have.get(b"content-type", b"").startswith(b"text/html"):
        more += [(b"content-security-policy", datasette_policy(path, known).encode()), (b"x-frame-options", b"DENY")]
    return [*headers, *((name, value) for name, value in more if name not in have)]
