"""Trends: series side by side, top movers, and whose part of the downloads is how large (shares.py).

As a page, SVG (to embed), CSV and JSON.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from markupsafe import Markup

from index import families, queries
from index import trends as series_of
from index.site import ask as asking
from index.site import reads, render, svg
from index.site.ask import Ask, BadAsk
from index.site.host import Answer
from index.site.memory import once_for, remember
from index.site.pages import shares
from index.site.render import Texts
from index.trends import Series

MAX_SERIES = svg.MAX_SERIES
WINDOWS = (30, 90, 365, 1095)
COUNTERS = ("downloads", "all_time")
_DEFAULT = ("Llama 2", "Llama 3", "OLMo 2", "OLMo 1", "Qwen 2.5", "Mistral 7B", "BERT", "Whisper")
_SHOWN = 4  # of these, those that have counters
_TABLE_ROWS = 40
MOVERS = (1, 7, 30)
#: Of a family: counted models, its members, and like for like the models that its last night counts too.
_COVERAGE = ("models", "members", "same_models", "same_downloads", "same_downloads_last")


class Comparison(NamedTuple):
    """What one request compares."""

    series: tuple[Series, ...]
    by: str
    days: int
    chosen: bool  # False: the reader chose nothing yet
    counter: str = "downloads"  # or all_time: models only, the index has no such sum of a family
    window: tuple[int, int] | None = None  # day numbers of the x axis

    @property
    def shown(self) -> tuple[Series, ...]:
        """The series with the chosen counter where `downloads` is."""
        return self.series if self.counter == "downloads" else tuple(all_time(s) for s in self.series)


def all_time(series: Series) -> Series:
    """The series with its all-time counter where `downloads` is; of a family no number."""
    points = (p._replace(downloads=p.downloads_all_time, models=None, members=None) for p in series.points)
    return series._replace(points=tuple(points))


def parse(db: sqlite3.Connection, ask: Ask) -> Comparison:
    """The series of a request: `f` families, `m` models, both several times."""
    by = asking.choice(ask, "by", ("date", "age"), "date")
    days = asking.number(ask, "days", 1, 3650, 365 if by == "date" else 3650)
    asking.choice(ask, "share", shares.BY)
    counter = asking.choice(ask, "series", COUNTERS, COUNTERS[0])
    names = [(asking_text(ask, f), True) for f in ask.all("f")] + [(asking_text(ask, m), False) for m in ask.all("m")]
    typed = asking.words(ask, "add")
    if typed:
        names.append((typed, not ("/" in typed and queries.resolve(db, typed))))
    if len(names) > MAX_SERIES:
        raise BadAsk("error.series", n=len(names), limit=MAX_SERIES)
    chosen = bool(names)
    if not chosen and counter == "all_time":
        names = [(m, False) for m in _most_downloaded(db)]
    elif not chosen:
        names = [(f, True) for f in _counted(db, days if by == "date" else None)][:_SHOWN]
    found = [_family(db, name) if is_family else _model(db, name) for name, is_family in dict.fromkeys(names)]
    window = window_of(db, found, days) if by == "date" else None
    cut = [_since(s, window[0]) for s in found] if window else [_younger(s, days) for s in found]
    return Comparison(tuple(dict.fromkeys(cut)), by, days, chosen, counter, window)


def window_of(db: sqlite3.Connection, series: Sequence[Series], days: int) -> tuple[int, int] | None:
    """The last so many days until the last night, as day numbers, but none before the index or a series begins."""
    first, last = queries._rows(db, "SELECT min(date), max(date) FROM crawls")[0]
    if last is None:
        return None
    begin = min([date.fromisoformat(first), *(s.points[0].date for s in series if s.points)]).toordinal()
    end = max([date.fromisoformat(last), *(s.points[-1].date for s in series if s.points)]).toordinal()
    return max(end - days + 1, begin), end


def _since(series: Series, day: int) -> Series:
    return series._replace(points=tuple(p for p in series.points if p.date.toordinal() >= day))


def _younger(series: Series, days: int) -> Series:
    """Of a series its first so many days of age; without a day of release it has no age, and is left whole."""
    born = series.released
    return series._replace(points=tuple(p for p in series.points if born is None or (p.date - born).days < days))


def _most_downloaded(db: sqlite3.Connection) -> list[str]:
    """The models with the highest all-time counter; where no model has one tonight, the most downloaded."""
    sql = "SELECT id FROM models WHERE missing_since IS NULL AND {0} IS NOT NULL ORDER BY {0} DESC LIMIT ?"
    ranked = (queries._rows(db, sql.format(column), _SHOWN) for column in ("downloads_all_time", "downloads"))
    return [one for (one,) in next((found for found in ranked if found), [])]


def _counted(db: sqlite3.Connection, days: int | None) -> list[str]:
    """Families that have a counter within the last so many days (None: on any day), those that people ask for first."""
    since = "AND date > (SELECT date(max(date), ?) FROM crawls)" if days else ""
    sql = f"SELECT family FROM family_downloads WHERE 1 {since} GROUP BY family ORDER BY max(downloads) DESC LIMIT 500"
    found = [f for (f,) in queries._rows(db, sql, *([f"-{days} days"] if days else []))]
    return [f for f in _DEFAULT if f in found] + [f for f in found if f not in _DEFAULT]


def asking_text(ask: Ask, value: str) -> str:
    """A name out of a list of parameters, checked as any other text."""
    return asking.words(ask._replace(params=(("name", value),)), "name")


def _family(db: sqlite3.Connection, name: str) -> Series:
    meant = families.find_family(name)
    called = meant.name if meant else name
    found = queries.family_series(db, called)
    if found is None and (meant or queries._rows(db, "SELECT 1 FROM families WHERE family = ?", called)):
        return Series(called, (), meant and meant.released, "family")  # known, but nobody counted it yet
    if found is None:
        known = [
            f
            for f in families.suggest_families(name, 8)
            if queries._rows(db, "SELECT 1 FROM families WHERE family = ?", f)
        ]
        raise BadAsk("error.family", family=name, near=", ".join(known) or "?")
    return found


def _model(db: sqlite3.Connection, name: str) -> Series:
    found = queries.resolve(db, name)
    model = queries.get_model(db, found) if found else None
    if model is None:
        raise BadAsk("error.model", id=name)
    return queries.model_series(db, model)


def lines_of(comparison: Comparison) -> list[svg.Line]:
    """The series as lines of a chart; by age, those without a release date are left out."""
    found = []
    for one, own in zip(comparison.shown, comparison.series, strict=True):
        if comparison.by == "age" and one.released is None:
            continue
        start = one.released.toordinal() if comparison.by == "age" and one.released else 0
        wrong = [a for a in series_of.anomalies(own.points) if one is own or a.kind == "all-time-fell"]
        odd = tuple(a.date.toordinal() - start for a in wrong)
        points = tuple((p.date.toordinal() - start, p.downloads) for p in one.points)
        thin = frozenset(p.date.toordinal() - start for p in one.points if series_of.is_thin(p))
        found.append(svg.Line(one.name, points, odd, frozenset(x - start for x in _breaks(one)), thin))
    return found


def _breaks(one: Series) -> Iterator[int]:
    """The days from which on a family's sum counts too different a number of models to be one line."""
    last = None
    for point in one.points:
        if point.downloads is None:
            continue
        if last is not None and series_of.is_break(last, point):
            yield point.date.toordinal()
        last = point


def draw(comparison: Comparison, t: Texts, standalone: bool = False) -> str:
    """The comparison as SVG."""
    names = ", ".join(s.name for s in comparison.series)
    ages = comparison.by == "age"
    total = comparison.counter == "all_time"
    words = svg.Words(
        t("chart.all_time_title" if total else "chart.lines_title", names=names), t("chart.lines_desc"),
        t("chart.all_time_y" if total else "chart.downloads_y"),
        t("chart.age") if ages else t("chart.night"), t("chart.gap"), t("chart.empty"),
    )  # fmt: skip
    return svg.lines(lines_of(comparison), words, t.short, ages=ages, standalone=standalone, window=comparison.window)


def trends(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The page; with embed=1 only the chart, for a frame on another site."""
    comparison = parse(db, ask)
    t = render.texts(ask.lang)
    chart = Markup(draw(comparison, t))
    if asking.choice(ask, "embed", ("1",)):
        return Answer(render.page("embed.html", ask, chart=chart, comparison=comparison), embeds=True)
    by = asking.choice(ask, "share", shares.BY, shares.BY[0])
    sql = sql_of(comparison)
    shown, table = comparison.shown, _table(comparison)
    body = render.page(
        "trends.html", ask, comparison=comparison, chart=chart, sql=sql, sql_url=_run(sql),
        names=_names(comparison), table=table, covered=_covered(comparison),
        why=_why(comparison, table), thin=any(series_of.is_thin(p) for s in shown for p in s.points),
        growth=[_growth(s) for s in shown], anomalies=_anomalies(comparison.series),
        tries=_counted(db, None)[:3], windows=WINDOWS,
        once=once_for(db, ("trends", ask.lang, by, ask.sql)), share_by=shares.BY,
        **remember(db, ("trends of all", ask.lang, by), lambda: _of_all(db, by, t)),
        sources=sorted({p.source for s in comparison.series for p in s.points if p.source}),
        left_out=[s.name for s in comparison.series if comparison.by == "age" and s.released is None],
        unsummed=[s.name for s in shown if comparison.counter == "all_time" and s.what == "family"],
        uncounted=[s.name for s in shown if not any(p.downloads is not None for p in s.points)],
    )  # fmt: skip
    return Answer(body)


def _of_all(db: sqlite3.Connection, by: str, t: Texts) -> dict[str, Any]:
    """What the page shows whatever is compared."""
    shown = shares.read(db, shares.NIGHTS, by)
    return {
        "shares": shown,
        "share_chart": Markup(shares.chart(shown, t)),
        "share_keys": shares.keys(shown, t),
        "share_counted": shares.counted(db, shown),
        "may_be_higher": reads.maybe_higher(db) if by == "level" else None,
        "share_sql": shares.sql_of(by),
        "share_sql_url": _run(shares.sql_of(by)),
        "movers": {d: reads.movers(db, d, 8) for d in MOVERS},
        "families": sorted(_counted(db, None)),
        "licenses": reads.license_counts(db),
        "authors": reads.author_counts(db),
    }


def _run(sql: str) -> str:
    """Datasette's page of a query."""
    return f"/index?sql={quote(sql)}"


def _names(comparison: Comparison) -> list[tuple[str, str]]:
    """(parameter, name) of every series: what a form has to carry along."""
    return [("f" if s.what == "family" else "m", s.name) for s in comparison.series]


def _growth(series: Series) -> dict[str, Any]:
    return {
        "name": series.name,
        "what": series.what,
        "released": series.released and series.released.isoformat(),
        "latest": _newest(series),
        "course": series_of.course(series.points),
        "growth": {days: series_of.growth(series.points, days) for days in (7, 30, 365)},
    }


def _newest(series: Series) -> series_of.Point | None:
    """The last day with a number."""
    return next((p for p in reversed(series.points) if p.downloads is not None), None)


def _covered(comparison: Comparison) -> dict[tuple[str, object], tuple[int, int]]:
    """(name, key of the table's row) -> of how many members of the family how many were counted."""
    found: dict[tuple[str, object], tuple[int, int]] = {}
    for one in comparison.shown:
        for p in one.points:
            if p.models is not None and p.members is not None:
                age = one.released is not None and comparison.by == "age"
                found[one.name, (p.date - one.released).days if age and one.released else p.date] = p.models, p.members
    return found


def _anomalies(series: Sequence[Series]) -> list[tuple[str, series_of.Anomaly]]:
    return [(s.name, a) for s in series for a in series_of.anomalies(s.points)][-12:]


def _table(comparison: Comparison) -> series_of.Comparison:
    """The newest rows in which anything is known, newest first; by age the last ones that every series has reached."""
    full = series_of.compare(comparison.shown, comparison.by)
    known = [row for row in full.rows if any(v is not None for v in row[1])]
    if comparison.by == "age":
        ends = [[k for k, v in known if isinstance(k, int) and v[n] is not None] for n in range(len(full.names))]
        reached = min((max(days) for days in ends if days), default=0)
        known = [(k, v) for k, v in known if isinstance(k, int) and k <= reached]
    return full._replace(rows=tuple(reversed(known[-_TABLE_ROWS:])))


def _why(comparison: Comparison, table: series_of.Comparison) -> dict[tuple[str, object], str]:
    """(name, key of the table's row) -> why there is no number: a text of texts.toml. Days of no series: not here."""
    found: dict[tuple[str, object], str] = {}
    for one in comparison.shown:
        if not one.points or (comparison.by == "age" and one.released is None):
            continue
        start = one.released if comparison.by == "age" else None
        there = {p.date: p for p in one.points}
        for key, _ in table.rows:
            day = start + timedelta(days=int(key)) if start and not isinstance(key, date) else key
            point = there.get(day) if isinstance(day, date) else None
            if point is not None and point.downloads is not None:
                continue
            if point is not None:
                found[one.name, key] = "trends.no_counter" if point.observed else "trends.gap"
            elif isinstance(day, date) and day < one.points[0].date:
                found[one.name, key] = "trends.before"
            else:
                found[one.name, key] = "trends.away" if comparison.by == "date" else "trends.not_yet"
    return found


def sql_of(comparison: Comparison) -> str:
    """SQL that gives the same numbers, ready to be changed."""
    parts = []
    of_all = comparison.counter == "all_time"
    for what, table, column in (("family", "family_downloads", "family"), ("model", "downloads", "id")):
        names = ", ".join("'" + s.name.replace("'", "''") + "'" for s in comparison.series if s.what == what)
        if names and not (of_all and what == "family"):
            counted = ", ".join(c if what == "family" else f"NULL AS {c}" for c in _COVERAGE)
            number = "downloads_all_time" if of_all else "downloads"
            parts.append(
                f"SELECT {column} AS name, date, {number}, {counted}\nFROM {table}\nWHERE {column} IN ({names})"
            )
    return "\nUNION ALL\n".join(parts) + "\nORDER BY name, date" if parts else "SELECT * FROM family_downloads"


def trends_svg(db: sqlite3.Connection, ask: Ask) -> Answer:
    """The chart as a file of its own: to embed as an image, or to keep."""
    text = draw(parse(db, ask), render.texts(ask.lang), standalone=True)
    return Answer(text.encode(), "image/svg+xml; charset=utf-8", embeds=True)


def trends_json(db: sqlite3.Connection, ask: Ask) -> Answer:
    """Points, growth and anomalies of every series, the SQL that gives them, and the top movers of the page."""
    comparison = parse(db, ask)
    said = {**series_of.to_dict(comparison.series), "sql": sql_of(comparison), "movers": _movers(db)}
    return Answer(render.to_json(said), "application/json; charset=utf-8")


def _movers(db: sqlite3.Connection) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Days -> the models that rose and fell most over them."""
    found = remember(db, "movers", lambda: {d: reads.movers(db, d, 8) for d in MOVERS})
    return {
        str(days): {"rose": [m._asdict() for m in rose], "fell": [m._asdict() for m in fell]}
        for days, (rose, fell) in found.items()
    }


def trends_csv(db: sqlite3.Connection, ask: Ask) -> Answer:
    """One line for each series and day."""
    text = series_of.to_csv(parse(db, ask).series)
    return Answer(text.encode(), "text/csv; charset=utf-8", filename="openness-trends.csv")
