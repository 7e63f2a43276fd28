"""Draw a line over time with plain characters: readable at 80 columns, and where there are no colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

_HALVES = 2
_LOG_FROM = 3.0
"""Where the highest value is so many times the lowest, equal heights are equal ratios."""

_CELLS = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}


@dataclass(frozen=True, slots=True)
class Mark:
    """What a point belongs to: the sign under the plot and the style of the line."""

    sign: str
    style: str


def plot(values: Sequence[float], marks: Sequence[Mark], ends: tuple[str, str], width: int, height: int) -> list[Text]:
    """Return the lines of a plot: the values, then the sign of each column's most frequent mark, then both ends in words.

    NaN leaves a gap. The labels of the axis are within `width`.
    """
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return []
    top, bottom = max(known), min(known)
    labels = [f"{value:,.0f}" for value in (top, bottom)]
    margin = max(map(len, labels)) + 1
    columns = _columns(len(values), max(1, min(width - margin - 1, len(values))))
    scale = _Scale(bottom, top, height * _HALVES)
    spans = [scale.span(values, rows) for rows in columns]
    of_column = [_most_frequent(marks, rows) for rows in columns]
    lines = []
    for line in range(height):
        label = labels[0] if line == 0 else labels[1] if line == height - 1 else ""
        drawn = Text(f"{label:>{margin}}" + ("┤" if label else "│"), "dim")
        for span, mark in zip(spans, of_column, strict=True):
            drawn.append(_cell(span, (height - 1 - line) * _HALVES), mark.style)
        lines.append(drawn)
    signs = Text(" " * margin + "└", "dim")
    for mark in of_column:
        signs.append(mark.sign, mark.style)
    gap = max(1, len(columns) - len(ends[0]) - len(ends[1]))
    return [*lines, signs, Text(" " * (margin + 1) + ends[0] + " " * gap + ends[1], "dim")]


class _Scale:
    """Brings values to half lines, counted from the bottom."""

    def __init__(self, bottom: float, top: float, halves: int) -> None:
        self._of = math.log if bottom > 0 and top / bottom >= _LOG_FROM else float
        self._bottom = self._of(bottom)
        self._reach = self._of(top) - self._bottom
        self._halves = halves

    def span(self, values: Sequence[float], rows: range) -> tuple[int, int] | None:
        """Return the lowest and the highest half line of some values, joined to the value before them."""
        joined = values[max(0, rows.start - 1) : rows.stop]
        own = [self._height(value) for value in joined if not math.isnan(value)]
        if all(math.isnan(value) for value in values[rows.start : rows.stop]):
            return None
        return min(own), max(own)

    def _height(self, value: float) -> int:
        if not self._reach:
            return self._halves // 2
        return round((self._of(value) - self._bottom) / self._reach * (self._halves - 1))


def _cell(span: tuple[int, int] | None, bottom: int) -> str:
    if span is None:
        return " "
    lower, upper = (span[0] <= half <= span[1] for half in (bottom, bottom + 1))
    return _CELLS[upper, lower]


def _columns(points: int, count: int) -> list[range]:
    """Return the points of each column."""
    borders = [points * n // count for n in range(count + 1)]
    return [range(borders[n], borders[n + 1]) for n in range(count)]


def _most_frequent(marks: Sequence[Mark], rows: range) -> Mark:
    own = [marks[row] for row in rows]
    return max(dict.fromkeys(own), key=own.count)
