"""Security headers of every answer: what a page may load, who may frame it. Pure but for reading templates once.

Our own pages run no inline script and no inline style. Datasette's pages have inline scripts: those that are constant
text in the installed templates are allowed by their hash; what a template fills in with data is not, except on the
dashboards, which cannot work otherwise. Does not sanitise anything: that is the templates' escaping.
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

_OWN = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; manifest-src 'self'"
)
_SVG = "default-src 'none'; style-src 'unsafe-inline'"
_NOTHING = "default-src 'none'"
#: Vega, in Datasette's table and query pages, builds functions out of text.
_DATASETTE = (
    "default-src 'none'; script-src 'self' 'unsafe-eval' {scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; font-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
_FLAG = "DATASETTE_ALLOW_FACET = {{ datasette_allow_facet }};"
_PACKAGES = (
    "datasette", "datasette_search_all", "datasette_copyable", "datasette_export_notebook", "datasette_dashboards",
)  # fmt: skip
_DASHBOARDS = "/-/dashboards"


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
    """The policy of one of Datasette's own pages; `known`: hashes of scripts that plugins add to every page."""
    if path.startswith(_DASHBOARDS):  # its templates write the charts' data into an inline script
        return _DATASETTE.format(scripts="'unsafe-inline'")
    return _DATASETTE.format(scripts=" ".join(f"'sha256-{h}'" for h in (*constant_scripts(), *known)))


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
            async def sending(message: Any) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = with_missing(scope.get("path", ""), message.get("headers", []), known)
                await send(message)

            await app(scope, receive, sending if scope["type"] == "http" else send)

        return guarded

    return wrap


def with_missing(path: str, headers: list[tuple[bytes, bytes]], known: Iterable[str] = ()) -> list[tuple[bytes, bytes]]:
    """The headers of an answer of Datasette with ours beside them; ours are already complete."""
    have = {bytes(name).lower(): bytes(value) for name, value in headers}
    if b"content-security-policy" in have:
        return headers
    more = [(b"x-content-type-options", b"nosniff")]
    if have.get(b"content-type", b"").startswith(b"text/html"):
        more += [(b"content-security-policy", datasette_policy(path, known).encode()), (b"x-frame-options", b"DENY")]
    return [*headers, *((name, value) for name, value in more if name not in have)]
