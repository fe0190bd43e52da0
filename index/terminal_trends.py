"""Download series in the terminal: the line chart, and under it a legend with first and last value and the change.

Takes the values of trends.py and gives something that a rich console prints, as wide as there is room. All text from
the Hub goes through `plain.clean`. Computes no growth itself, reads no database; terminal.py shows the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from index import chart, trends
from index.chart import human
from index.plain import clean
from index.trends import Series

COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "red")


class Chart:
    """A line chart as wide as the console allows, at most 110 columns."""

    def __init__(self, lines: Sequence[chart.Line], height: int, dates: bool) -> None:
        """`height` in rows without the axis; `dates`: x are date ordinals, else days since release."""
        self.lines, self.height, self.dates = lines, height, dates

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draws it for the width that there is."""
        for row in chart.draw(self.lines, min(options.max_width, 110), self.height, self.dates):
            text = Text(no_wrap=True, overflow="crop")
            for glyph in row:
                colour = "bright_black" if glyph.series is None else COLOURS[glyph.series % len(COLOURS)]
                text.append(glyph.char, style=colour)
            yield text


def trend(series: Sequence[Series], by: str = "date", days: int = 30, height: int = 14) -> RenderableType:
    """The 30-day counter of one or several series as a line chart, with legend, growth over `days` and oddities.

    `by` 'age' lays the series on top of each other from their release day; those without one are named below.
    Nights without an observation stay empty in the chart, and their axis is dotted.
    """
    dated = [s for s in series if by == "date" or s.released is not None]
    undated = [s.name for s in series if s not in dated]
    quiet = [s.name for s in dated if not _known(s)] if len(dated) > 1 else []
    drawn = [s for s in dated if s.name not in quiet]
    lines = [chart.Line(s.name, _points(s, by)) for s in drawn]
    parts: list[RenderableType] = [Chart(lines, height, dates=by == "date")]
    seen = [len(_known(s)) for s in drawn]
    if max(seen, default=0) < 2:  # one dot is no course: the legend says it all
        parts = [] if any(seen) else [Text("No observation to draw.", style="bright_black")]
    parts += [_legend(i, one, days, len(drawn) > 1) for i, one in enumerate(drawn)]
    if quiet:
        parts.append(_line(("bright_black", f"nothing observed: {', '.join(quiet)}")))
    if undated:
        parts.append(_line(("yellow", f"left out, no release date: {', '.join(undated)}")))
    missed = _missed(drawn)
    return Group(*parts, *([_line(("bright_black", missed))] if missed else []))


def _known(one: Series) -> list[trends.Point]:
    return [p for p in one.points if p.downloads is not None]


def _points(one: Series, by: str) -> list[tuple[int, int | None]]:
    """What is drawn: no line leads across a day without a point, or where the family's counted models changed."""
    zero = 0 if by == "date" or one.released is None else one.released.toordinal()
    out: list[tuple[int, int | None]] = []
    last: trends.Point | None = None
    for p in one.points:
        x = p.date.toordinal() - zero
        if out and x > out[-1][0] + 1:
            out.append((out[-1][0] + 1, None))
        if p.downloads is not None:
            if last is not None and trends.is_break(last, p):
                out.append((x, None))
            last = p
        out.append((x, p.downloads))
    return out


def _missed(series: Sequence[Series]) -> str:
    """'╌ no number: 5 of 8 days (2 of them not read)', for each series where they differ; '' when every day has one."""
    counts = [
        (one.name, sum(p.downloads is None for p in one.points), sum(not p.observed for p in one.points), one.points)
        for one in series
    ]
    told = [
        (name, f"{none} of {len(points)} days" + (f" ({unread} of them not read)" if unread else ""))
        for name, none, unread, points in counts
        if none
    ]
    if len(told) == len(counts) and len({words for _, words in told}) == 1:
        return f"╌ no number: {told[0][1]}"
    return f"╌ no number: {', '.join(f'{name} {words}' for name, words in told)}" if told else ""


def _legend(index: int, one: Series, days: int, letters: bool) -> Text:
    known = _known(one)
    colour = COLOURS[index % len(COLOURS)]
    sign = chart.LETTERS[index % len(chart.LETTERS)] if letters else "━"
    text = _line((colour, f"{sign} {one.name}"))
    if not known:
        return text.append("  nothing observed", style="bright_black")
    ends = known[:1] if len(known) == 1 else [known[0], known[-1]]
    text.append("  " + " → ".join(f"{human(p.downloads)} on {p.date.isoformat()}" for p in ends))
    text.append(_counted(ends), style="bright_black")
    text.append(_change(one, days, len(ends) > 1))
    foreign = sorted({p.source for p in known if p.source})
    if foreign:
        text.append(f"  partly observed by {clean(', '.join(foreign), 80)}", style="bright_black")
    odd = trends.anomalies(one.points)
    if odd:
        kinds = {"all-time-fell": "the all-time counter fell", "above-all-time": "30 days above all time"}
        text.append(f"  ! {kinds[odd[-1].kind]} on {odd[-1].date.isoformat()} ({len(odd)} such nights)", style="yellow")
    return text


def _counted(ends: Sequence[trends.Point]) -> str:
    """' (2 of 10 models counted)' of a family, for both ends where they differ; '' of a model."""
    told = [f"{p.models} of {p.members} models" if p.members else f"{p.models} models" for p in ends if p.models]
    return f" ({', then '.join(dict.fromkeys(told))} counted)" if told else ""


def _change(one: Series, days: int, course: bool) -> str:
    """', +33.3 %' over all that is shown, and over `days` where that is another span."""
    if not course:
        return ""
    whole, recent = trends.course(one.points), trends.growth(one.points, days)
    told = f", {_percent(whole)}" if whole else ", change not known: no model was counted on both days"
    if whole and one.what == "family":
        told += " over the models counted on both days"
    if recent and (whole is None or recent.since != whole.since):
        told += f"; {_percent(recent)} since {recent.since.isoformat()}"
    return told


def _percent(growth: trends.Growth) -> str:
    return "from 0" if growth.ratio is None else f"{(growth.ratio - 1) * 100:+.1f} %"


def _line(*parts: tuple[str, str]) -> Text:
    text = Text(overflow="fold")
    for style, words in parts:
        text.append(clean(words), style=style)
    return text
