"""Datasette plugin: the rows of our views, counted once by publish, so that no page counts them again.

Datasette counts what it shows. For a table it takes the number from the inspect file; for a view such as
`judgements` (45 million rows) it would count until the time limit, 3 seconds a page. publish.py writes the counts of
views under a key of their own, because Datasette's database page would take them for tables; here they join the others
once it has read those. Does nothing else. Leans on the inside of Datasette 0.65, which pyproject.toml pins; a test
shows that it works.
"""

from datasette import hookimpl


@hookimpl
def startup(datasette):
    """Let the table page find the counts of views where it looks for those of tables."""
    for name, inspected in (datasette.inspect_data or {}).items():
        if name in datasette.databases:
            _ = datasette.databases[name].cached_table_counts  # read now, without the views
            inspected["tables"].update(inspected.pop("views", {}))
