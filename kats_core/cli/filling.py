"""Fill the width of a page with text: what does not fit goes on below, indented to where it began; nothing is cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO

from rich.console import Console
from rich.text import Text

_NARROWEST = 20
"""Cells that text has at least, even where its lead takes more of the width than that leaves."""

_RULER = Console(file=StringIO(), width=_NARROWEST)
"""Rich asks for a console to wrap text; nothing is printed on it."""


def filled(lead: Text, parts: Sequence[Text], width: int, between: str = " · ") -> Iterator[Text]:
    """Yield lines of parts behind a lead, broken between parts, and inside one only where it is wider than the line."""
    room = max(width - lead.cell_len, _NARROWEST)
    lines: list[Text] = []
    for part in parts:
        joined = Text.assemble(lines[-1], between, part) if lines else None
        if joined is not None and joined.cell_len + len(between.rstrip()) <= room:
            lines[-1] = joined
            continue
        if lines:
            lines[-1] = Text.assemble(lines[-1], between.rstrip())
        lines += _wrapped(part, room)
    for number, line in enumerate(lines or [Text()]):
        yield Text.assemble(lead if number == 0 else Text(" " * lead.cell_len), line)


def padded(text: Text, width: int, is_right: bool = False) -> Text:
    """Return a text in so many cells, cut with an ellipsis where it is wider."""
    cell = text.copy()
    cell.truncate(width, overflow="ellipsis")
    cell.align("right" if is_right else "left", width)
    return cell


def _wrapped(text: Text, room: int) -> Sequence[Text]:
    lines = list(text.wrap(_RULER, room)) or [text.copy()]
    for line in lines:
        line.rstrip()
    return lines
