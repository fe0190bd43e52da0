"""Which address is which page. The patterns are tried in order, before Datasette's own. Nothing else."""

from __future__ import annotations

from typing import Any

from index.site.host import view
from index.site.pages import assets, card, catalogues, changes, home, model, shares, table, trends

#: Of a real id at most one slash; whatever else is asked for is answered by us with 404.
_MODEL = r"(?P<id>.+?)"

#: (regular expression over the path, view). A `.json` beside a page has the same content.
ROUTES: tuple[tuple[str, Any], ...] = (
    (r"^/$", view(home.home)),
    (r"^/home\.json$", view(home.home_json)),
    (r"^/find$", view(home.find)),
    (r"^/-/search$", view(home.find)),  # Datasette's search over all tables needs a count of what it finds
    (r"^/suggest\.json$", view(home.suggest)),
    (r"^/table$", view(table.table)),
    (r"^/table\.json$", view(table.table_json)),
    (r"^/table\.csv$", view(table.table_csv)),
    (rf"^/model/{_MODEL}\.cdx\.json$", view(model.cyclonedx)),
    (rf"^/model/{_MODEL}\.json$", view(model.model_json)),
    (rf"^/model/{_MODEL}/evidence/(?P<dimension>[a-z_]+)$", view(model.evidence)),
    (rf"^/model/{_MODEL}$", view(model.model)),
    (r"^/trends$", view(trends.trends)),
    (r"^/trends\.json$", view(trends.trends_json)),
    (r"^/trends\.csv$", view(trends.trends_csv)),
    (r"^/trends\.svg$", view(trends.trends_svg)),
    (r"^/share\.svg$", view(shares.share_svg)),
    (r"^/share\.csv$", view(shares.share_csv)),
    (r"^/share\.json$", view(shares.share_json)),
    (r"^/claims$", view(catalogues.claims)),
    (r"^/claims\.json$", view(catalogues.claims_json)),
    (r"^/changes$", view(changes.changes)),
    (r"^/changes\.json$", view(changes.feed_json)),
    (r"^/changes\.atom$", view(changes.atom)),
    (r"^/licenses$", view(catalogues.licenses)),
    (r"^/licenses\.json$", view(catalogues.licenses_json)),
    (r"^/licenses/(?P<id>[^/]+)$", view(catalogues.license)),
    (r"^/experts$", view(catalogues.experts)),
    (r"^/experts\.json$", view(catalogues.experts_json)),
    (r"^/method$", view(catalogues.method)),
    (r"^/method\.json$", view(catalogues.method_json)),
    (r"^/status$", view(catalogues.status)),
    (r"^/status\.json$", view(catalogues.status_json)),
    (r"^/api$", view(catalogues.api)),
    (rf"^/card/{_MODEL}$", view(card.card, alone=True)),
    (rf"^/badge/{_MODEL}\.svg$", view(assets.badge)),
    (r"^/-/openness/(?P<name>[a-z0-9.-]+)$", view(assets.static)),
)
