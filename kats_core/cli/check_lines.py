"""Lay out the checks of a symbol: whether each passed, what it read, and what it asked for; never cut, whatever the width.

Where the columns fit side by side they are aligned; else what was asked for, and the note, go on below what was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from kats_core.cli.filling import filled, padded

_GAP = "  "


@dataclass(frozen=True, slots=True)
class ReadingLine:
    """One reading of a check; `lead` is empty but on the first one, `joint` stands in its place where one of several does."""

    mark: Text
    name: Text
    lead: Text
    read: Text
    asked: Text
    note: Text

    def __iter__(self) -> Iterator[Text]:
        yield from (self.mark, self.name, self.lead, self.read, self.asked, self.note)


def fits(lines: Iterable[ReadingLine], width: int) -> bool:
    """Tell whether the columns of lines fit side by side."""
    return _total(_widths(lines)) <= width


def aligned(lines: Sequence[ReadingLine]) -> Iterator[Text]:
    """Yield the lines with their columns side by side."""
    widths = _widths(lines)
    for line in lines:
        text = Text(_GAP).join(padded(cell, width) for cell, width in zip(line, widths, strict=True))
        text.rstrip()
        yield text


def stacked(lines: Sequence[ReadingLine], width: int) -> Iterator[Text]:
    """Yield the lines with what does not fit beside the reading below it."""
    widths = _widths(lines)[:3]
    for line in lines:
        lead = Text(_GAP).join(
            padded(cell, w) for cell, w in zip((line.mark, line.name, line.lead), widths, strict=True)
        )
        parts = [part for part in (line.read, line.asked, line.note) if part]
        yield from filled(Text.assemble(lead, _GAP), parts, width, between=_GAP)


def _widths(lines: Iterable[ReadingLine]) -> list[int]:
    return [max(cell.cell_len for cell in column) for column in zip(*lines, strict=True)]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)
