"""Charts as SVG text: lines with visible gaps, stacked shares by night, and badges. Pure: values in, text out.

Colour is never the only sign: lines differ in their dashes and are named at their end, layers are named in a legend
with the same order. A day without a number is a hatched band, never a zero and never a bridge. Every text that
comes from outside is escaped here. Inside a page the page's style sheet draws (classes); a file of its own brings its
style along. On a phone the style sheet cuts the names at the side off and leaves every second day out (ch-side, ch-at):
the page names the series below. Does not read data, and shows no number that it was not given.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 960, 360
LEFT, RIGHT, TOP, BOTTOM = 62, 236, 32, 44
MAX_SERIES = 8
LEVELS = ("L0", "L1", "L2", "L3", "L4", "L5", "L6", "not judged")

STYLE = """
svg{font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;--ink:#1f1d1a;--soft:#5d5850;--rule:#d9d4c8;
--paper:#fcfbf8;--gap:#8a8375;--s0:#1d4f91;--s1:#a8480f;--s2:#1a6b4a;--s3:#7a3f98;--s4:#8a6100;--s5:#0c6a78;--s6:#9c2748;
--s7:#55524c;--l0:#7f2704;--l1:#b35806;--l2:#e08214;--l3:#c7cfe2;--l4:#92a9d6;--l5:#4f7ac0;--l6:#1d4f91;--l7:#bbb}
@media (prefers-color-scheme:dark){svg{--ink:#ece8df;--soft:#b3ada1;--rule:#3a3c42;--paper:#16181c;--gap:#8d8778;
--s0:#8ab4f8;--s1:#f0a070;--s2:#7fd1a8;--s3:#cfa5e8;--s4:#e3c06a;--s5:#7cc9d6;--s6:#f093ae;--s7:#bdb8ae;
--l0:#a8460f;--l1:#cf7420;--l2:#f0a24a;--l3:#aebbd6;--l4:#7d97cf;--l5:#5579c4;--l6:#355fae;--l7:#777}}
"""
RULES = """
.ch-bg{fill:var(--paper)}.ch-t{fill:var(--soft)}.ch-n{fill:var(--ink);font-weight:600}.ch-k{fill:var(--ink)}.ch-g{stroke:var(--rule)}
.ch-x{stroke:var(--soft)}.ch-line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.ch-gap{fill:none;stroke:var(--gap);stroke-opacity:.34}.ch-odd{fill:var(--paper);stroke-width:2}.ch-hollow{fill:var(--paper);stroke-width:1.4}
.ch-thin{opacity:.45}.ch-join{stroke-width:1}
"""
_DASHES = ("", "7 3", "2 4", "10 3 2 3", "5 5", "1 3", "12 4", "8 2 2 2 2 2")


class Line(NamedTuple):
    """One series: (x, y) in order, y None on a day without a number. x is a day, of the calendar or of an age."""

    name: str
    points: tuple[tuple[int, int | None], ...]
    odd: tuple[int, ...] = ()  # x of numbers that cannot be right as they stand
    breaks: frozenset[int] = frozenset()  # x from which on something else is counted: no line leads there
    thin: frozenset[int] = frozenset()  # x on which few of those meant were counted: hollow, and no line


class Words(NamedTuple):
    """What a chart says in the reader's language."""

    title: str
    desc: str
    y: str
    x: str
    gap: str
    empty: str


class Layer(NamedTuple):
    """One part of every night: (day number, share 0..1). `colour`: l0 to l7 or s0 to s7; '' is that of the level."""

    key: str
    name: str
    shares: tuple[tuple[int, float], ...]
    colour: str = ""

    @property
    def ink(self) -> str:
        """Its colour in the style sheet."""
        return f"var(--{self.colour or f'l{LEVELS.index(self.key) if self.key in LEVELS else 7}'})"


Short = Callable[[int], str]


def lines(
    series: Sequence[Line],
    words: Words,
    short: Short,
    *,
    ages: bool = False,
    standalone: bool = False,
    window: tuple[int, int] | None = None,
) -> str:
    """Series side by side. `short` writes a number of the y axis; `ages`: x counts days since release.

    `window`: the first and last day of the x axis, whatever has a number; without it those that have one.
    """
    shown = series[:MAX_SERIES]
    known = [(x, y) for s in shown for x, y in s.points if y is not None]
    if not known:
        return _frame(words, [_text(WIDTH / 2, HEIGHT / 2, words.empty, "ch-t", "middle")], standalone)
    low, high = window or (min(x for x, _ in known), max(x for x, _ in known))
    top = _top(max(y for _, y in known))
    at_x, at_y = _scales(low, high, top)
    parts = [_hatch(words), *_y_axis(top, at_y, short, words.y), *_x_axis(low, high, at_x, ages, words.x)]
    if not ages:
        parts += [_band(a, b, at_x, words) for a, b in _gaps(shown, low, high)]
    for n, one in enumerate(shown):
        parts += _line(n, one, at_x, at_y)
    parts += ['<g class="ch-side">', *_labels(shown, at_y), "</g>"]
    return _frame(words, parts, standalone)


def shares(layers: Sequence[Layer], thin: frozenset[int], words: Words, *, standalone: bool = False) -> str:
    """One stacked bar a night. `thin`: nights on which few counters were given, drawn paler."""
    days = sorted({d for layer in layers for d, _ in layer.shares})
    if not days:
        return _frame(words, [_text(WIDTH / 2, HEIGHT / 2, words.empty, "ch-t", "middle")], standalone)
    at_x, at_y = _scales(days[0], days[-1] + 1, 100)
    wide = max(1.0, (at_x(days[0] + 1) - at_x(days[0])) - 1)
    parts = [_hatch(words)]
    parts += [_band(a, b + 1, at_x, words) for a, b in _between(days)]
    parts += [*_y_axis(100, at_y, lambda v: f"{v}%", words.y), *_x_axis(days[0], days[-1], at_x, False, words.x)]
    table = [dict(layer.shares) for layer in layers]
    for day in days:
        below = 0.0
        bars = []
        for layer, values in zip(layers, table, strict=True):
            part = 100 * values.get(day, 0.0)
            if part > 0:
                y1, y0 = at_y(below + part), at_y(below)
                bars.append(f'<rect x="{at_x(day):.1f}" y="{y1:.1f}" width="{wide:.1f}" height="{max(y0 - y1, 0):.1f}" '
                            f'fill="{layer.ink}"/>')  # fmt: skip
            below += part
        parts.append(f"<g{' class=' + chr(34) + 'ch-thin' + chr(34) if day in thin else ''}>{''.join(bars)}</g>")
    parts.append('<g class="ch-side">')
    for n, layer in enumerate(reversed(layers)):
        y, x = TOP + 8 + n * 22, WIDTH - RIGHT + 14
        parts.append(f'<rect x="{x}" y="{y - 9}" width="12" height="12" fill="{layer.ink}" class="ch-key"/>')
        parts.append(_text(x + 18, y + 1, _cut(layer.name, 28), "ch-k"))
    parts.append("</g>")
    return _frame(words, parts, standalone)


def spark(points: Sequence[int | None], title: str, width: int = 120, height: int = 28) -> str:
    """A small line without axes; gaps stay gaps."""
    known = [p for p in points if p is not None]
    if len(known) < 2:
        return ""
    top, low = max(known), min(known)
    span, step = (top - low) or 1, width / max(len(points) - 1, 1)
    paths, pen = [], "M"
    for n, p in enumerate(points):
        if p is None:
            pen = "M"
            continue
        paths.append(f"{pen}{n * step:.1f} {height - 3 - (p - low) / span * (height - 6):.1f}")
        pen = "L"
    return (
        f'<svg class="spark" viewBox="0 0 {width} {height}" role="img"><title>{escape(title)}</title>'
        f'<path class="ch-line" stroke="currentColor" d="{"".join(paths)}"/></svg>'
    )


def badge(level: str | None, level_max: str | None, label: str, title: str) -> str:
    """For a README: the seven rungs and `label`. Colours of its own: it stands on other people's pages."""
    low = int(level[1]) if level else -1
    high = int(level_max[1]) if level_max else low
    name_w, text_w = 66, 22 + round(6.4 * len(label))
    width = 50 + name_w + text_w
    rungs = []
    for n in range(7):
        tall = 4 + n * 1.6
        style = 'fill="#9ec1ff"' if n <= low else (
            'fill="none" stroke="#9ec1ff" stroke-width=".8"' if n <= high else 'fill="#4b4f58"')  # fmt: skip
        rungs.append(f'<rect x="{8 + n * 5.6:.1f}" y="{17 - tall:.1f}" width="4" height="{tall:.1f}" {style}/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="22" viewBox="0 0 {width} 22" role="img" '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title>'
        f'<rect width="{width}" height="22" rx="4" fill="#23262d"/>'
        f'<path d="M{50 + name_w} 0h{text_w - 4}a4 4 0 0 1 4 4v14a4 4 0 0 1-4 4h-{text_w - 4}z" fill="#e9e4d8"/>'
        f"{''.join(rungs)}"
        '<g font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        '<text x="52" y="15" fill="#fff">openness</text>'
        f'<text x="{50 + name_w + 8}" y="15" fill="#1f1d1a" textLength="{text_w - 16}">{escape(label)}</text>'
        "</g></svg>\n"
    )


# -- pieces -----------------------------------------------------------------------------------------------------------


def _frame(words: Words, parts: Sequence[str], standalone: bool) -> str:
    style = f"<style>{STYLE}{RULES}</style>" if standalone else ""
    space = ' xmlns="http://www.w3.org/2000/svg"' if standalone else ""
    size = f' width="{WIDTH}" height="{HEIGHT}"' if standalone else ""
    ground = f'<rect class="ch-bg" width="{WIDTH}" height="{HEIGHT}"/>' if standalone else ""
    head = f"<title>{escape(words.title)}</title><desc>{escape(words.desc)}</desc>"
    return (
        f'<svg{space} class="chart"{size} viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{head}{style}{ground}'
        f"{''.join(parts)}</svg>"
    )


def _hatch(words: Words) -> str:
    return (
        f'<defs><pattern id="{_gap_id(words)}" width="6" height="6" patternUnits="userSpaceOnUse">'
        '<path class="ch-gap" d="M0 6L6 0"/></pattern></defs>'
    )


def _scales(low: int, high: int, top: float) -> tuple[Callable[[float], float], Callable[[float], float]]:
    wide, tall, span = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM, max(high - low, 1)
    return (lambda x: LEFT + (x - low) / span * wide), (lambda y: TOP + tall - y / (top or 1) * tall)


def _y_axis(top: float, at_y: Callable[[float], float], short: Short, name: str) -> list[str]:
    parts = []
    for n in range(5):
        value = top * n / 4
        y = at_y(value)
        parts.append(f'<line class="ch-g" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(_text(LEFT - 8, y + 4, short(round(value)), "ch-t", "end"))
    parts.append(_text(LEFT, 16, name, "ch-t"))
    return parts


def _x_axis(low: int, high: int, at_x: Callable[[float], float], ages: bool, name: str) -> list[str]:
    base = HEIGHT - BOTTOM
    parts = [f'<line class="ch-x" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}"/><g>']
    ticks = _age_ticks(low, high) if ages else _date_ticks(low, high)
    for value, label in ticks:
        x = at_x(value)
        parts.append(f'<line class="ch-x" x1="{x:.1f}" x2="{x:.1f}" y1="{base}" y2="{base + 5}"/>')
        parts.append(_text(x, base + 18, label, "ch-t ch-at", "middle"))
    parts.append("</g>" + _text(WIDTH - RIGHT, HEIGHT - 6, name, "ch-t ch-what", "end"))
    return parts


def _date_ticks(low: int, high: int) -> list[tuple[int, str]]:
    first, last = date.fromordinal(low), date.fromordinal(high)
    if high - low <= 92:
        step = max(1, math.ceil((high - low) / 6))
        days = [first + timedelta(days=n) for n in range(0, high - low + 1, step)]
        return [(d.toordinal(), d.isoformat()) for d in days[:7]]
    months = (last.year - first.year) * 12 + last.month - first.month
    every = next(m for m in (1, 2, 3, 6, 12, 24, 60, 120, 1200) if months / m <= 7)
    found = []
    for n in range(months + 1):
        total = first.month - 1 + n
        day = date(first.year + total // 12, total % 12 + 1, 1)
        if (day.month - 1 + 12 * day.year) % every == 0 and low <= day.toordinal() <= high:
            found.append((day.toordinal(), f"{day:%Y-%m}"))
    return found or [(low, first.isoformat()), (high, last.isoformat())]


def _age_ticks(low: int, high: int) -> list[tuple[int, str]]:
    step = _round_up(max((high - low) / 6, 1))
    start = math.ceil(low / step) * step
    return [(int(x), str(int(x))) for x in range(int(start), high + 1, max(int(step), 1))]


def _gaps(series: Sequence[Line], low: int, high: int) -> list[tuple[int, int]]:
    """Stretches on which no series has a number: between known days, and from the ends of the axis to them."""
    known = sorted({x for s in series for x, y in s.points if y is not None and low <= x <= high})
    return _between([low - 1, *known, high + 1])


def _between(days: Sequence[int]) -> list[tuple[int, int]]:
    return [(a, b - 1) for a, b in zip(days, days[1:], strict=False) if b - a > 1]


def _gap_id(words: Words) -> str:
    """Several charts may stand on one page."""
    return f"gap-{zlib.crc32(words.title.encode('utf-8', 'replace')):08x}"


def _band(a: int, b: int, at_x: Callable[[float], float], words: Words) -> str:
    x0, x1 = max(at_x(a) + 3, LEFT), min(at_x(b + 1) - 3, WIDTH - RIGHT)
    if x1 <= x0:
        return ""
    box = f'x="{x0:.1f}" y="{TOP}" width="{x1 - x0:.1f}" height="{HEIGHT - TOP - BOTTOM}"'
    return f'<rect {box} fill="url(#{_gap_id(words)})"/>'


def _line(n: int, one: Line, at_x: Callable[[float], float], at_y: Callable[[float], float]) -> list[str]:
    colour = f"var(--s{n % MAX_SERIES})"
    runs: list[list[tuple[int, int]]] = [[]]
    before: int | None = None
    hollow: list[str] = []
    for x, y in one.points:
        if y is None:
            runs.append([])
        elif x in one.thin:
            spot = f'cx="{at_x(x):.1f}" cy="{at_y(y):.1f}" r="3.2" stroke="{colour}"'
            hollow.append(f'<circle class="ch-hollow" {spot}/>')
            runs.append([])
        else:
            if runs[-1] and (x in one.breaks or (before is not None and x - before > 1)):
                runs.append([])
            runs[-1].append((x, y))
        before = x
    dash = f' stroke-dasharray="{_DASHES[n % len(_DASHES)]}"' if _DASHES[n % len(_DASHES)] else ""
    parts = hollow
    for run in filter(None, runs):
        if len(run) == 1:
            x, y = run[0]
            parts.append(f'<circle cx="{at_x(x):.1f}" cy="{at_y(y):.1f}" r="3.2" fill="{colour}"/>')
            continue
        path = "L".join(f"{at_x(x):.1f} {at_y(y):.1f}" for x, y in run)
        parts.append(f'<path class="ch-line" stroke="{colour}"{dash} d="M{path}"/>')
    values = dict(one.points)
    for x in one.odd:
        y = values.get(x)
        if y is not None:
            parts.append(f'<circle class="ch-odd" cx="{at_x(x):.1f}" cy="{at_y(y):.1f}" r="4.5" stroke="{colour}"/>')
    return parts


def _labels(series: Sequence[Line], at_y: Callable[[float], float]) -> list[str]:
    """Names at the right end, each beside its last number, pushed apart where they would overlap."""
    base = HEIGHT - BOTTOM
    lasts = [next((y for _, y in reversed(one.points) if y is not None), None) for one in series]
    order = sorted(range(len(series)), key=lambda n: base if (y := lasts[n]) is None else at_y(y))
    places: list[float] = []
    for n in order:
        last = lasts[n]
        wanted = base if last is None else at_y(last)
        places.append(max(wanted, places[-1] + 17) if places else wanted)
    overflow = max(0.0, places[-1] - base) if places else 0.0
    parts = []
    for n, place in zip(order, places, strict=True):
        y, x, dash = place - overflow, WIDTH - RIGHT + 10, _DASHES[n % len(_DASHES)]
        pattern = f' stroke-dasharray="{dash}"' if dash else ""
        if lasts[n] is not None:  # beside the axis a line of a series without a number would read as zero
            ends = f'x1="{x}" x2="{x + 20}" y1="{y:.1f}" y2="{y:.1f}"'
            parts.append(f'<line class="ch-line" stroke="var(--s{n})"{pattern} {ends}/>')
        elif place == base:
            y -= 8
        label = _text(
            x + 26, y + 4, _cut(series[n].name.split("/")[-1], 20) + (": ?" if lasts[n] is None else ""), "ch-n"
        )
        parts.append(f"<g><title>{escape(series[n].name)}</title>{label}</g>")
    return parts


def _round_up(value: float) -> float:
    """The next number of the form 1, 2, 4, 5 or 8 times a power of ten."""
    if value <= 0:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return next((m * power for m in (1, 2, 4, 5, 8, 10) if value <= m * power), 10 * power)


def _top(value: float) -> int:
    """The end of an axis whose four steps are whole numbers of the form 1, 2, 2.5 or 5 times a power of ten."""
    step = max(value / 4, 1.0)
    power = 10 ** math.floor(math.log10(step))
    return 4 * int(next(m * power for m in (1, 2, 2.5, 5, 10) if step <= m * power and (m != 2.5 or power > 1)))


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    place = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}"{place}>{escape(words)}</text>'
