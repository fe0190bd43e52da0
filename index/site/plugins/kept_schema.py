"""Datasette plugin: what Datasette asks the immutable file about itself, asked once.

For each page Datasette 0.65 asks SQLite again which tables, columns and keys there are, 50 times for a table and 250
times for /index, each time through a thread: a third of a page's time. And it counts what a filter leaves on each page
of it: 30 ms for a million models. The file never changes while it is served, so neither do the answers.

A page of what a search finds is asked for alone: Datasette's own question finds all 300,000 names with `llama` first.

Keeps no rows, and nothing that failed or ran out of time; what readers made up (names, filters) only up to a bound.
Does nothing for a database that may change.
"""

import re
from collections import OrderedDict

from datasette import hookimpl

ROOM = 2000  # answers that are kept for each question
KEY = 500  # letters of a question; the answer to a longer one is not kept
_ASKED = (
    "attached_databases", "fts_table", "foreign_keys_for_table", "get_all_foreign_keys", "get_table_definition",
    "get_view_definition", "hidden_table_names", "label_column_for_table", "primary_keys", "table_column_details",
    "table_columns", "table_exists", "table_names", "view_names",
)  # fmt: skip

#: Datasette's question for a page of a search among the models in the order of places, the first or a later one.
_SEARCH = re.compile(
    r"(select .* from models where place in "
    r"\(select rowid from models_fts where models_fts match escape_fts\(:search\))(\)"
    r"(?: and \(place > :(p\d+) or \(place = :\3 and \(\(model > :p\d+\)\)\)\))?"
    r" order by place(?:, model)? limit (\d+))",
    re.DOTALL,
)


class Remembered:
    """An asynchronous question whose answers are kept, the least recently used go first."""

    def __init__(self, ask):
        """`ask`: the question; its answers are lists that nobody may change, or immutable."""
        self._ask, self._known = ask, OrderedDict()

    async def __call__(self, *args, **options):
        """The answer; a list is the asker's own."""
        key = repr((args, options))
        if key in self._known:
            self._known.move_to_end(key)
            found = self._known[key]
        else:
            found = await self._ask(*args, **options)
            if len(key) <= KEY:
                self._known[key] = found
                if len(self._known) > ROOM:
                    self._known.popitem(last=False)
        return list(found) if isinstance(found, list) else found


def is_about_the_file(sql):
    """Whether Datasette asks for what is in the file, or how many rows a filter leaves."""
    return sql.startswith(("select count(*) from ", "PRAGMA schema_version")) or "sqlite_master" in sql


def sooner(sql):
    """The question of a search, for its page alone: rows of the index of words stand in the order of places."""
    found = _SEARCH.fullmatch(sql)
    if found is None:
        return sql
    after = f" and rowid > cast(:{found[3]} as integer)" if found[3] else ""
    return f"{found[1]}{after} order by rowid limit {found[4]}{found[2]}"


@hookimpl
def startup(datasette):
    """Put a memory before each question."""
    for database in datasette.databases.values():
        if not database.is_mutable and not database.is_memory:
            for name in _ASKED:
                setattr(database, name, Remembered(getattr(database, name)))
            database.execute = remembering(database.execute)


def remembering(execute):
    """Database.execute that keeps the answers to Datasette's own questions; readers' SQL comes with options."""
    kept = Remembered(execute)

    async def asked(sql, params=None, *args, **options):
        if args or options or not is_about_the_file(sql):
            return await execute(sooner(sql), params, *args, **options)
        return await kept(sql, params)

    return asked
