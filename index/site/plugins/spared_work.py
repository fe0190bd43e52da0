"""Datasette plugin: what Datasette 0.65 works out anew for each cell and each link, worked out once.

Datasette copies all metadata (every described column) for each table that it asks a permission for, 40 times for
/index, and merges it for each cell that datasette-render-markdown looks at, 2,000 times for a page of models: 70 ms of
80. Our metadata is a file that is read once, at the start. Each cell is also shown to the plugins that may draw it,
through the whole machinery of plugins: the two that we have draw only what is told to be Markdown and what begins like
JSON, so nothing else is shown to them. Objects of the start are put where the garbage collector does not look: a full
collection took 30 ms out of some page's time. Where rich can be imported, Datasette prints a picture of every local
variable for each address that leads nowhere: 200 ms and 16 to 60 KB of log a mistyped word; the sentence that the
reader gets is enough, and what is our fault (status 500) still leaves its traceback.

Changes no answer. Leans on the inside of Datasette 0.65, which pyproject.toml pins; where a name is gone, nothing is
spared and nothing breaks.
"""

import gc
from functools import cache

from datasette import handle_exception, hookimpl
from datasette.plugins import pm

MARKDOWN = "datasette-render-markdown"
DRAWING = {"pretty_json", "render_markdown"}  # plugins of which we know what they draw


class Cells:
    """Datasette's hook `render_cell`, which is asked only about cells that our plugins may draw."""

    def __init__(self, hook):
        """`hook`: the one of the plugin manager."""
        self._hook = hook

    def __getattr__(self, name):
        """What else the hook is asked for."""
        return getattr(self._hook, name)

    def __call__(self, *, value, table, database, datasette, **cell):
        """What the plugins say; nothing for a cell that none of them draws."""
        begins = value[:1] if isinstance(value, str) else ""
        json = begins != "" and (begins in "{[" or begins.isspace())
        if not json and not self._markdown(datasette, database, table):
            return ()
        return self._hook(value=value, table=table, database=database, datasette=datasette, **cell)

    @staticmethod
    def _markdown(datasette, database, table):
        configured = datasette.plugin_config(MARKDOWN, database=database, table=table) or {}
        return configured.get("patterns") != [] or bool(configured.get("columns"))


@hookimpl
def startup(datasette):
    """Put memories before the two questions that are asked most, and ask plugins only about what they draw."""
    allowed = getattr(datasette, "_table_permission_allows", None)
    if allowed is not None:
        datasette._table_permission_allows = cache(allowed)
    configured = datasette.plugin_config
    of_markdown = cache(lambda *place: configured(MARKDOWN, *place))

    def plugin_config(plugin_name, database=None, table=None, fallback=True):
        if plugin_name == MARKDOWN:
            return of_markdown(database, table, fallback)
        return configured(plugin_name, database=database, table=table, fallback=fallback)

    datasette.plugin_config = plugin_config
    handle_exception.rich = None
    drawing = pm.hook.render_cell
    if not isinstance(drawing, Cells) and {plugin.plugin_name for plugin in drawing.get_hookimpls()} == DRAWING:
        pm.hook.render_cell = Cells(drawing)
    gc.collect()
    gc.freeze()
