"""Line charts out of characters: numbers in, rows of (character, series) out. Pure.

Knows nothing of models, of colour or of the terminal: terminal.py paints what comes out here. A value of None is a
gap and stays one: no line is drawn across it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BRAILLE = 0x2800
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # by column, then row from the top
_LETTER_EVERY = 18  # cells between two letters of one line: enough to follow it without colour


class Line(NamedTuple):
    """One series: `points` in ascending x; y None = not observed there."""

    label: str
    points: Sequence[tuple[int, int | float | None]]


class Glyph(NamedTuple):
    """One cell of the chart: a character, and the series it belongs to (None = axis or blank)."""

    char: str
    series: int | None = None


def human(number: int | float | None) -> str:
    """'?', '0', '950', '12.3k', '4.1M', '2.0G': at most five characters for counts below 1,000 G."""
    if number is None:
        return "?"
    sign, size = ("-" if number < 0 else ""), abs(number)
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size >= limit * 0.9995:
            scaled = size / limit
            return f"{sign}{scaled:.0f}{unit}" if scaled >= 99.95 else f"{sign}{scaled:.1f}{unit}"
    return f"{sign}{size:.0f}"


def draw(lines: Sequence[Line], width: int, height: int, dates: bool = True) -> list[list[Glyph]]:
    """A chart of `lines` as rows of glyphs, at most `width` wide and `height` + 2 high (the axis takes two rows).

    x are date ordinals when `dates`, else plain numbers (days since release). y starts at zero, so that heights
    compare. Columns in which no series has an observation are dotted on the axis. [] when nothing was observed.
    """
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points if y is not None]
    if not ys:
        return []
    step = nice_step(max(*ys, 1), max(2, height // 3))
    top = step * -(-max(*ys, 1) // step)
    margin = max(len(human(step * i)) for i in range(int(top // step) + 1)) + 1
    columns = max(8, width - margin - 1)
    left, right = min(xs), max(xs)
    canvas = _Canvas(columns, height)
    for index, line in enumerate(lines):
        _trace(canvas, index, line.points, left, right, top)
    if len(lines) > 1:
        for index in range(len(lines)):
            canvas.letter(index)
    rows = _labelled(canvas, step, top, margin)
    seen = _seen(lines, left, right, columns)
    axis = [Glyph(c) for c in " " * margin + "└"]
    axis += [Glyph("─" if column in seen else "╌") for column in range(columns)]
    return [*rows, axis, [Glyph(c) for c in " " * (margin + 1) + _ticks(left, right, columns, dates)]]


def nice_step(top: float, parts: int) -> int:
    """The distance of the marks on a y axis that reaches `top` in about `parts`: 1, 2 or 5 times a power of ten."""
    raw = max(top / max(parts, 1), 1)
    power = 10 ** (len(str(int(raw))) - 1)
    return next(m * power for m in (1, 2, 5, 10) if m * power >= raw)


class _Canvas:
    """Braille dots, two by four in a cell, with the series that drew last in each cell."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.bits = [[0] * columns for _ in range(rows)]
        self.owner: list[list[int | None]] = [[None] * columns for _ in range(rows)]
        self.letters: dict[tuple[int, int], int] = {}

    def dot(self, x: int, y: int, series: int) -> None:
        """Sets one dot; (0, 0) is the bottom left one."""
        row, column = self.rows - 1 - y // 4, x // 2
        self.bits[row][column] |= _DOTS[x % 2][3 - y % 4]
        self.owner[row][column] = series

    def segment(self, a: tuple[int, int], b: tuple[int, int], series: int) -> None:
        """Sets the dots between two dots."""
        steps = max(abs(b[0] - a[0]), abs(b[1] - a[1]), 1)
        for i in range(steps + 1):
            x, y = a[0] + (b[0] - a[0]) * i / steps, a[1] + (b[1] - a[1]) * i / steps
            self.dot(round(x), round(y), series)

    def letter(self, series: int) -> None:
        """Puts the letter of a series on its last cell and every few cells before, so that it reads without colour."""
        cells: dict[int, int] = {}
        for column in range(self.columns):
            for row in range(self.rows):
                if self.owner[row][column] == series:
                    cells.setdefault(column, row)
        for i, column in enumerate(sorted(cells, reverse=True)):
            if i % _LETTER_EVERY == (0 if i == 0 else series * 3 % _LETTER_EVERY):
                self.letters.setdefault((cells[column], column), series)

    def glyph(self, row: int, column: int) -> Glyph:
        """What stands in a cell."""
        if (row, column) in self.letters:
            series = self.letters[row, column]
            return Glyph(LETTERS[series % len(LETTERS)], series)
        bits = self.bits[row][column]
        return Glyph(chr(_BRAILLE + bits), self.owner[row][column]) if bits else Glyph(" ")


def _trace(
    canvas: _Canvas,
    series: int,
    points: Sequence[tuple[int, int | float | None]],
    left: int,
    right: int,
    top: float,
) -> None:
    last: tuple[int, int] | None = None
    for x, y in points:
        if y is None:
            last = None
            continue
        dot = (
            _scale(x, left, right, canvas.columns * 2),
            min(canvas.rows * 4 - 1, round(max(y, 0) / top * (canvas.rows * 4 - 1))),
        )
        canvas.segment(last or dot, dot, series)
        last = dot


def _seen(lines: Sequence[Line], left: int, right: int, columns: int) -> set[int]:
    """Columns for which at least one series has an observation, or two neighbours with no gap between them."""
    seen: set[int] = set()
    for line in lines:
        last: int | None = None
        for x, y in line.points:
            column = _scale(x, left, right, columns)
            if y is not None:
                seen.update(range(column if last is None else last, column + 1))
            last = None if y is None else column
    return seen


def _scale(x: int, left: int, right: int, cells: int) -> int:
    return 0 if right == left else min(cells - 1, (x - left) * (cells - 1) // (right - left))


def _labelled(canvas: _Canvas, step: int, top: float, margin: int) -> list[list[Glyph]]:
    marks = {}
    for i in range(int(top // step) + 1):
        row = canvas.rows - 1 - round(i * step / top * (canvas.rows - 1))
        marks[row] = human(i * step)
    rows = []
    for row in range(canvas.rows):
        label = f"{marks.get(row, ''):>{margin}}" + ("┤" if row in marks else "│")
        rows.append([*map(Glyph, label), *(canvas.glyph(row, column) for column in range(canvas.columns))])
    return rows


def _ticks(left: int, right: int, columns: int, dates: bool) -> str:
    """The words under the x axis: dates, or days since release; never two that touch."""
    size = 10 if dates else 8
    count = max(2, min(columns // (size + 6), right - left + 1)) if right > left else 1
    text = [" "] * columns
    end = -2
    for i in range(count):
        x = left + (right - left) * i // max(count - 1, 1)
        words = date.fromordinal(x).isoformat() if dates else f"day {x}"
        at = min(max(0, _scale(x, left, right, columns) - len(words) // 2), columns - len(words))
        if at > end + 1 and at >= 0:
            text[at : at + len(words)] = words
            end = at + len(words)
    return "".join(text).rstrip()
