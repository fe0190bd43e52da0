"""Registers the site with Datasette in a checkout that was not installed; an installed one has its entry point."""

from datasette.plugins import pm

import index.site

if not pm.is_registered(index.site):
    pm.register(index.site, name="openness")
