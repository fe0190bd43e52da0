"""Which address is which page, and which parameters it reads. Patterns are tried in order, before Datasette's own."""

from __future__ import annotations

import re
from typing import Any

from index.site.host import databases, view
from index.site.pages import assets, card, catalogues, changes, home, model, shares, table, trends

#: Of a real id at most one slash; whatever else is asked for is answered by us with 404.
_MODEL = r"(?P<id>.+?)"

#: What the table reads, and what compares series. JSON, CSV and SVG beside a page take the page's own parameters, so
#: that its address and theirs differ in the ending only; the table's CSV has no pages.
_TABLE_CSV = "q org task family license level why claims from to ids asof sort dir rows framework offhub"
_TABLE = f"{_TABLE_CSV} page size"
_TRENDS = "f m add by days series share embed"
_SHARE = "share days"
_CHANGES = "field org level id since until page"
_CLAIMS = "holds org page"

#: (regular expression over the path, view with the parameters that it reads: all others are refused).
#: A `.json` beside a page has the same content.
ROUTES: tuple[tuple[str, Any], ...] = (
    (r"^/$", view(home.home)),
    (r"^/home\.json$", view(home.home_json)),
    (r"^/find$", view(home.find, "q")),
    (r"^/-/search$", view(home.find, "q")),  # Datasette's search over all tables needs a count of what it finds
    (r"^/suggest\.json$", view(home.suggest, "q")),
    (r"^/table$", view(table.table, _TABLE)),
    (r"^/table\.json$", view(table.table_json, _TABLE)),
    (r"^/table\.csv$", view(table.table_csv, _TABLE_CSV)),
    (rf"^/model/{_MODEL}\.cdx\.json$", view(model.cyclonedx)),
    (rf"^/model/{_MODEL}/evidence/(?P<dimension>[a-z_]+)\.json$", view(model.evidence_json)),
    (rf"^/model/{_MODEL}\.json$", view(model.model_json, "asof")),
    (rf"^/model/{_MODEL}/evidence/(?P<dimension>[a-z_]+)$", view(model.evidence)),
    (rf"^/model/{_MODEL}$", view(model.model, "asof")),
    (r"^/trends$", view(trends.trends, _TRENDS)),
    (r"^/trends\.json$", view(trends.trends_json, _TRENDS)),
    (r"^/trends\.csv$", view(trends.trends_csv, _TRENDS)),
    (r"^/trends\.svg$", view(trends.trends_svg, _TRENDS)),
    (r"^/share\.svg$", view(shares.share_svg, _SHARE)),
    (r"^/share\.csv$", view(shares.share_csv, _SHARE)),
    (r"^/share\.json$", view(shares.share_json, _SHARE)),
    (r"^/claims$", view(catalogues.claims, _CLAIMS)),
    (r"^/claims\.json$", view(catalogues.claims_json, _CLAIMS)),
    (r"^/changes$", view(changes.changes, _CHANGES)),
    (r"^/changes\.json$", view(changes.feed_json, _CHANGES)),
    (r"^/changes\.atom$", view(changes.atom, _CHANGES)),
    (r"^/licenses$", view(catalogues.licenses)),
    (r"^/licenses\.json$", view(catalogues.licenses_json)),
    (r"^/licenses/(?P<id>[^/]+)\.json$", view(catalogues.license_json)),
    (r"^/licenses/(?P<id>[^/]+)$", view(catalogues.license)),
    (r"^/experts$", view(catalogues.experts)),
    (r"^/experts\.json$", view(catalogues.experts_json)),
    (r"^/method$", view(catalogues.method)),
    (r"^/method\.json$", view(catalogues.method_json)),
    (r"^/status$", view(catalogues.status)),
    (r"^/status\.json$", view(catalogues.status_json)),
    (r"^/api$", view(catalogues.api)),
    (r"^/api\.json$", view(catalogues.api_json)),
    (rf"^/card/{_MODEL}$", view(card.card, alone=True)),
    (rf"^/badge/{_MODEL}\.svg$", view(assets.badge)),
    (r"^/-/databases(?:\.json)?$", databases),
    (r"^/-/openness/(?P<name>[a-z0-9.-]+)$", view(assets.static, "v")),
)


def is_page(path: str) -> bool:
    """Whether an address is that of a page of ours."""
    return any(re.match(pattern, path) for pattern, _ in ROUTES)
