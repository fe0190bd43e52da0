"""Claims, licences, experts, method, status and the list of JSON addresses."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from index import queries
from index.site import ask as asking
from index.site import claimed, grid, reads, render
from index.site.ask import Ask, BadAsk, NotHere
from index.site.host import Answer
from index.site.memory import once_for, remember
from index.site.render import to_json

SIZE = 50
MAX_PAGE = 100
_JSON = "application/json; charset=utf-8"

#: Every machine-readable address: (template, an example that works on any index, key of its description).
API = (
    ("/home.json", "/home.json", "api.home"),
    ("/table.json?q=&org=&task=&level=&family=&license=&why=&claims=1&from=&to=&sort=&dir=&asof=&offhub=1&page=&size=",
     "/table.json?level=L3,L4&size=5", "api.table"),
    ("/table.json?ids=ORG/NAME,ORG/NAME&asof=", "/table.json?ids=a,b", "api.table_ids"),
    ("/table.json?rows=families&q=&org=&task=&level=&license=&why=&claims=1&from=&to=&sort=&dir=&page=&size=",
     "/table.json?rows=families", "api.families"),
    ("/table.csv?…", "/table.csv?level=L4", "api.table_csv"),
    ("/model/ORG/NAME.json?asof=", "", "api.model"),
    ("/model/ORG/NAME/evidence/DIMENSION.json", "", "api.evidence"),
    ("/model/ORG/NAME.cdx.json", "", "api.cdx"),
    ("/trends.json?f=FAMILY&m=ORG/NAME&by=date|age&series=downloads|all_time&days=",
     "/trends.json?days=90", "api.trends"),
    ("/trends.csv?…", "/trends.csv?days=90", "api.trends_csv"),
    ("/trends.svg?…", "/trends.svg?days=90", "api.trends_svg"),
    ("/trends?…&embed=1", "/trends?embed=1", "api.embed"),
    ("/share.json?share=level|author|license&days=", "/share.json?days=120", "api.share"),
    ("/share.csv?…", "/share.csv?share=license", "api.share_csv"),
    ("/share.svg?…", "/share.svg?share=author", "api.share_svg"),
    ("/claims.json?holds=no|unshown&org=&page=", "/claims.json", "api.claims"),
    ("/changes.json?field=&org=&level=&id=&since=&until=&page=", "/changes.json?field=license", "api.changes"),
    ("/changes.atom?…", "/changes.atom?field=license", "api.atom"),
    ("/licenses.json", "/licenses.json", "api.licenses"),
    ("/licenses/ID.json", "/licenses/apache-2.0.json", "api.license"),
    ("/experts.json", "/experts.json", "api.experts"),
    ("/method.json", "/method.json", "api.method"),
    ("/status.json", "/status.json", "api.status"),
    ("/api.json", "/api.json", "api.api"),
    ("/suggest.json?q=", "/suggest.json?q=ll", "api.suggest"),
    ("/badge/ORG/NAME.svg", "", "api.badge"),
)  # fmt: skip


def _claims(db: sqlite3.Connection, ask: Ask) -> tuple[str, int, tuple[reads.Claim, ...]]:
    holds = asking.choice(ask, "holds", ("no", "unshown"), "no")
    page = asking.number(ask, "page", 1, MAX_PAGE, 1)
    word = {"no": "no", "unshown": "not shown"}[holds]
    maker = asking.words(ask, "org")
    found = reads.claims(db, word, SIZE + 1, (page - 1) * SIZE, grid.maker(db, maker))
    if not found:
        grid.check_names(db, grid.Filters(author=maker))
    if page > 1 and not found:
        raise BadAsk("error.beyond_any", page=page)
    return holds, page, found


def claims(db: sqlite3.Connection, ask: Ask) -> Answer:
    """Models that call themselves open source and are not, or are not shown to be."""
    holds, page, found = _claims(db, ask)
    more = len(found) > SIZE and page < MAX_PAGE
    return Answer(
        render.page("claims.html", ask, holds=holds, number=page, found=claimed.told(db, found[:SIZE]), more=more)
    )


def claims_json(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The same as JSON."""
    holds, page, found = _claims(db, ask)
    body = {
        "holds": holds,
        "page": page,
        "more": len(found) > SIZE,
        "claims": [_claim(c) for c in claimed.told(db, found[:SIZE])],
    }
    return Answer(to_json(body), _JSON)


def _claim(one: claimed.Told) -> dict[str, Any]:
    own = {name: value for name, value in one._asdict().items() if name not in ("claim", "facts")}
    return {**one.claim._asdict(), **own, "facts": [f._asdict() for f in one.facts]}


def licenses(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The catalogue of licences."""
    once = once_for(db, ("licences", ask.lang))
    return Answer(render.page("licenses.html", ask, found=reads.catalogue(db), undeclared=_undeclared(db), once=once))


def _undeclared(db: sqlite3.Connection) -> dict[str, Any] | None:
    for name, models, downloads in queries._rows(
        db, "SELECT license, models, downloads FROM license_counts WHERE license IS NULL"
    ):
        return {"name": name, "models": models, "downloads": downloads}
    return None


def licenses_json(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The catalogue as JSON."""
    return Answer(to_json({"licenses": [_license(row) for row in reads.catalogue(db)]}), _JSON)


def _license(row: dict[str, object]) -> dict[str, object]:
    """A catalogue row with its lists as lists."""
    return {k: json.loads(str(v)) if k in ("aliases", "links") and v else v for k, v in row.items()}


def license(db: sqlite3.Connection, ask: Ask) -> Answer:
    """One licence: every fact with its source, and the models that it binds."""
    row, models = _one_license(db, ask)
    return Answer(render.page("license.html", ask, license=row, models=models))


def license_json(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The same as JSON."""
    row, models = _one_license(db, ask)
    return Answer(to_json({**row, "most_downloaded": models}), _JSON)


def _one_license(db: sqlite3.Connection, ask: Ask) -> tuple[dict[str, object], list[dict[str, object]]]:
    row = reads.license(db, ask.vars["id"])
    if row is None:
        raise NotHere("error.license", id=ask.vars["id"][:80])
    return _license(row), reads.license_models(db, str(row["id"]))


def _experts(db: sqlite3.Connection) -> dict[str, Any]:
    return remember(
        db,
        "experts",
        lambda: {
            "sources": reads.expert_sources(db),
            "agreement": reads.agreement(db),
            "disagreements": reads.disagreements(db),
        },
    )


def experts(db: sqlite3.Connection, ask: Ask) -> Answer:
    """How far we agree with people, and where we do not."""
    dimensions = {d.key: d for d in reads.dimensions(db)}
    once = once_for(db, ("experts page", ask.lang))
    return Answer(render.page("experts.html", ask, dimensions=dimensions, once=once, **_experts(db)))


def experts_json(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The same as JSON."""
    return Answer(to_json(_experts(db)), _JSON)


def _method(db: sqlite3.Connection) -> dict[str, Any]:
    return {
        "about": reads.about(db),
        "levels": reads.levels(db),
        "dimensions": reads.dimensions(db),
        "rules": reads.rules(db),
        "probes": reads.probes(db),
        "restrictions": reads.restrictions(db),
    }


def method(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The rules' own words, versions, limits, and how downloads are counted."""
    return Answer(render.page("method.html", ask, **_method(db)))


def method_json(db: sqlite3.Connection, ask: Ask) -> Answer:
    """Levels, characteristics, rules and probes as JSON."""
    values = _method(db)
    plain = {k: [x._asdict() if hasattr(x, "_asdict") else x for x in v] if not isinstance(v, dict) else v
             for k, v in values.items()}  # fmt: skip
    return Answer(to_json(plain), _JSON)


def _status(db: sqlite3.Connection) -> dict[str, Any]:
    return {
        "about": reads.about(db),
        "crawls": reads.crawls(db, 60),
        "rejects": reads.rejects(db),
        "documents": reads.fetches(db),
    }


def status(db: sqlite3.Connection, ask: Ask) -> Answer:
    """When the Hub was read, how completely, and what could not be read."""
    return Answer(render.page("status.html", ask, **_status(db)))


def status_json(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The same as JSON."""
    values = _status(db)
    return Answer(to_json({**values, "crawls": [c._asdict() for c in values["crawls"]]}), _JSON)


def api(db: sqlite3.Connection, ask: Ask) -> Answer:
    """Every machine-readable address, with an example."""
    return Answer(render.page("api.html", ask, addresses=_addresses(db)))


def api_json(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The same as JSON."""
    t = render.texts(ask.lang)
    found = [{"address": a, "gives": t(key), "example": ask.base + url} for a, url, key in _addresses(db)]
    return Answer(to_json({"addresses": found}), _JSON)


def _addresses(db: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """(address, an example of it, key of its description); examples of a model are of the most downloaded one."""
    sql = "SELECT id FROM models WHERE missing_since IS NULL AND level IS NOT NULL ORDER BY downloads DESC LIMIT 1"
    example = asking.model_path(next((i for (i,) in queries._rows(db, sql)), ""))
    found = []
    for address, sample, key in API:
        of_model = address.replace("/model/ORG/NAME", example).replace("/badge/ORG/NAME", "/badge" + example[6:])
        found.append((address, sample or of_model.partition("?")[0].replace("DIMENSION", "license"), key))
    return found
