"""The site: a Datasette plugin that shows index.db to people. No rules, no writing.

Does: register the pages (`routes.py`), put our header on Datasette's own pages and security headers on all of them.
Active only where Datasette serves an index of ours under the name `index`; everywhere else it registers nothing, so an
installed package disturbs nobody's Datasette.

Does not: judge, crawl, publish, or change how Datasette answers SQL.
"""

from __future__ import annotations

from typing import Any

from datasette import hookimpl

from index.site import guard, host, kept, routes


@hookimpl(tryfirst=True)
def register_routes(datasette: Any) -> list[tuple[str, Any]]:
    """Our pages, before those of other plugins; none where there is no index of ours."""
    return list(routes.ROUTES) if host.is_ours(datasette) else []


@hookimpl
def asgi_wrapper(datasette: Any) -> Any:
    """Security headers on every answer, Datasette's own ones too; those of the database are kept with them."""
    if not host.is_ours(datasette):
        return lambda app: app
    guarded, keeping = guard.wrapper(datasette), kept.wrapper(datasette)
    return lambda app: keeping(guarded(app))


@hookimpl
def extra_template_vars(datasette: Any, request: Any) -> Any:
    """What templates/base.html needs for our header on Datasette's pages."""
    if request is None or not host.is_ours(datasette):
        return {"openness": None}

    async def values() -> dict[str, Any]:
        return {"openness": await host.header(datasette, request)}

    return values


@hookimpl(tryfirst=True)
def handle_exception(datasette: Any, request: Any, exception: Exception) -> Any:
    """Our own page where an address leads nowhere; Datasette's pages keep Datasette's."""
    if not host.is_ours(datasette):
        return None
    host.blame(exception)
    return host.nowhere(request, exception, ours=routes.is_page(request.path))
