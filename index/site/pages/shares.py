"""Who has what part of all downloads, night by night: by level, by organisation, by licence. SVG, CSV and JSON."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from index import plain
from index.site import ask as asking
from index.site import reads, render, svg
from index.site.ask import Ask
from index.site.host import Answer
from index.site.reads import Share
from index.site.render import Texts

BY = ("level", "author", "license")
OTHERS = "(others)"
DRAWN = 7  # organisations or licences with a colour of their own
NIGHTS = 120


class Shares(NamedTuple):
    """The last nights, by level or by name, and which of them had few counters."""

    by: str
    rows: tuple[Share, ...]
    thin: frozenset[str]
    latest: str  # newest night that is not thin

    @property
    def last(self) -> tuple[Share, ...]:
        """The newest night that is not thin, as the chart stacks it, from the top."""
        rows = {r.name: r for r in self.rows if r.date == self.latest}
        return tuple(rows[name] for name in reversed(order(self)) if name in rows)


def read(db: sqlite3.Connection, days: int, by: str = "level") -> Shares:
    """Nights whose counters cover less than half of the models that the best night covers are thin."""
    rows = reads.shares(db, days) if by == "level" else fewer(reads.group_shares(db, by, days))
    counted: dict[str, int] = {}
    for row in rows:
        counted[row.date] = counted.get(row.date, 0) + row.counted
    most = max(counted.values(), default=0)
    thin = frozenset(d for d, n in counted.items() if 2 * n < most)
    return Shares(by, rows, thin, max((d for d in counted if d not in thin), default=""))


def fewer(rows: Sequence[Share]) -> tuple[Share, ...]:
    """All but the DRAWN largest of the last night joined to the others of their night."""
    last = max((r.date for r in rows), default="")
    ranked = sorted((r for r in rows if r.date == last and r.name != OTHERS), key=lambda r: -r.downloads)
    kept = {r.name for r in ranked[:DRAWN]}
    found = [r for r in rows if r.name in kept]
    rest: dict[str, Share] = {}
    for row in rows:
        if row.name not in kept:
            have = rest.get(row.date, Share(row.date, OTHERS, None, 0, 0, 0.0))
            rest[row.date] = have._replace(
                counted=have.counted + row.counted,
                downloads=have.downloads + row.downloads,
                share=(have.share or 0.0) + (row.share or 0.0),
            )
    return (*found, *rest.values())


def order(shares: Shares) -> list[str]:
    """The layers from below: levels as they are, names with the largest of the last night lowest, others on top."""
    names = {r.name for r in shares.rows}
    if shares.by == "level":
        return [level for level in svg.LEVELS if level in names]
    last = {r.name: r.downloads for r in shares.rows if r.date == shares.latest}
    return sorted(names, key=lambda n: (n == OTHERS, -last.get(n, 0), n))


def colour(shares: Shares, name: str) -> str:
    """The class of a layer's colour in the style sheet: l0 to l7 or s0 to s7."""
    if shares.by == "level":
        return f"l{svg.LEVELS.index(name)}"
    return "l7" if name == OTHERS else f"s{order(shares).index(name)}"


def label(t: Texts, by: str, name: str) -> str:
    """What a layer is called."""
    if by == "level":
        return f"{name} {t('level.' + name)}" if name != "not judged" else t("level.none")
    own = {OTHERS: "share.others", "(none stated)": "model.no_license"}
    return t(own[name]) if name in own else name


def chart(shares: Shares, t: Texts, standalone: bool = False) -> str:
    """The stacked chart."""
    layers = []
    for name in order(shares):
        points = tuple((date.fromisoformat(r.date).toordinal(), r.share or 0.0) for r in shares.rows if r.name == name)
        layers.append(svg.Layer(name, label(t, shares.by, name), points, colour(shares, name)))
    words = svg.Words(t(f"share.title_{shares.by}"), t("chart.share_desc", thin=len(shares.thin)), t("chart.share_y"),
                      t("chart.night"), t("chart.gap"), t("chart.empty"))  # fmt: skip
    thin = frozenset(date.fromisoformat(d).toordinal() for d in shares.thin)
    return svg.shares(layers, thin, words, standalone=standalone)


def keys(shares: Shares, t: Texts) -> list[tuple[str, str, Share]]:
    """(class of its colour, name, figures) of every layer of the newest night, from the top."""
    return [(colour(shares, r.name), label(t, shares.by, r.name), r) for r in shares.last]


class Counted(NamedTuple):
    """The night that the legend is of: of so many models on the Hub so many had a counter. `newest`: of the chart."""

    date: str
    newest: str
    counted: int
    models: int


def counted(db: sqlite3.Connection, shares: Shares) -> Counted | None:
    """What the shares of the night that the legend shows rest on; None without such a night."""
    if not shares.latest:
        return None
    return Counted(shares.latest, max(r.date for r in shares.rows), *reads.counted_on(db, shares.latest))


def sql_of(by: str) -> str:
    """SQL that gives the same numbers, ready to be changed."""
    if by == "level":
        return "SELECT date, level, share, downloads, counted\nFROM share_by_level ORDER BY date, level"
    return f"SELECT date, name, share, downloads, counted\nFROM share_by_group WHERE what = '{by}' ORDER BY date, name"


def asked(db: sqlite3.Connection, ask: Ask) -> Shares:
    """The shares that a request asks for: `share` (level, author, license) and `days`."""
    days = asking.number(ask, "days", 1, 3650, NIGHTS)
    return read(db, days, asking.choice(ask, "share", BY, BY[0]))


def share_svg(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The chart as a file of its own."""
    text = chart(asked(db, ask), render.texts(ask.lang), standalone=True)
    return Answer(text.encode(), "image/svg+xml; charset=utf-8", embeds=True)


def share_json(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The shares by night."""
    found = asked(db, ask)
    key = "level" if found.by == "level" else "name"
    known = Share._fields[2 if found.by == "level" else 3 :]  # how many models a maker or licence has is not published
    rows = [{"date": r.date, key: r.name, **{name: getattr(r, name) for name in known}} for r in found.rows]
    body: dict[str, Any] = {"share": found.by, "nights_with_few_counters": sorted(found.thin), "shares": rows}
    if found.by == "level":
        body["may_be_higher"] = reads.maybe_higher(db)
    return Answer(render.to_json(body), "application/json; charset=utf-8")


def share_csv(db: sqlite3.Connection, ask: Ask) -> Answer:
    """One line for each night and layer."""
    found = asked(db, ask)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["date", found.by, "counted", "downloads", "share"])
    writer.writerows((r.date, plain.cell(r.name), r.counted, r.downloads, r.share) for r in found.rows)
    return Answer(out.getvalue().encode(), "text/csv; charset=utf-8", filename=f"openness-share-by-{found.by}.csv")
