"""Datasette plugin: names for the fields of Datasette's pages that have none, and tables that the keyboard can scroll.

Datasette 0.65 says what a field is for only by where it stands: a screen reader reads "combo box". Here each gets a
name, and the frame in which a wide table scrolls can be reached with the Tab key. Changes nothing that is seen. Leans
on the templates of Datasette 0.65, which pyproject.toml pins; where their text is another one they are left alone.
"""

from datasette import hookimpl
from jinja2.ext import Extension

_FILTERS = (
    ('name="_filter_column_{{ loop.index }}"', 'aria-label="Column of filter {{ loop.index }}"'),
    ('name="_filter_op_{{ loop.index }}"', 'aria-label="Comparison of filter {{ loop.index }}"'),
    ('name="_filter_value_{{ loop.index }}"', 'aria-label="Value of filter {{ loop.index }}"'),
    ('name="_filter_column"', 'aria-label="Column of a new filter"'),
    ('name="_filter_op"', 'aria-label="Comparison of a new filter"'),
    ('name="_filter_value"', 'aria-label="Value of a new filter"'),
    ('<select name="_sort"', 'aria-label="Order"'),
)
_EDITOR = (('<textarea id="sql-editor" name="sql"', 'aria-label="SQL"'),)
_FRAME = (('<div class="table-wrapper"', 'tabindex="0" role="region" aria-label="Rows"'),)
#: template -> (what stands there, what is added behind it)
NAMES = {"table.html": _FILTERS, "_table.html": _FRAME, "query.html": (*_EDITOR, *_FRAME), "database.html": _EDITOR}


class Labels(Extension):
    """Adds names to the source of Datasette's templates before it is compiled."""

    def preprocess(self, source, name, filename=None):
        """The source with a name for each field."""
        for there, more in NAMES.get(name, ()):
            source = source.replace(there, f"{there} {more}")
        return source


@hookimpl
def prepare_jinja2_environment(env):
    """Rewrite what is compiled from now on."""
    env.add_extension(Labels)
