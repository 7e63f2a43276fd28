"""Lay out a list of candidates for the width there is.

A figure is never cut. Where columns do not fit, headings are shortened first, then the marks of checks become counts, then
amounts are left out, and the name is cut last. What the strategies say of a candidate stands behind its row where that fits
for all of them, else on lines of their own below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

from kats_core.cli.filling import filled, padded
from kats_core.cli.text import t

_NAME, _SHORTEST_NAME = "name", 12
_CODE_WIDTH = 6


@dataclass(frozen=True, slots=True)
class Line:
    """One candidate: the full text of each column, the counts that may stand for marks, and what strategies say of it."""

    cells: Mapping[str, Text]
    counts: Mapping[str, Text]
    fates: Sequence[Text]


@dataclass(frozen=True, slots=True)
class _Form:
    """One way to write the list: with short headings, with counts for marks, without some columns."""

    is_short: bool
    counts: bool
    without: frozenset[str] = frozenset()

    @property
    def gap(self) -> int:
        return 1 if self.is_short else 2


_AMOUNTS = ("market_cap", "turnover")
_FORMS = (
    _Form(is_short=False, counts=False),
    _Form(is_short=True, counts=False),
    _Form(is_short=True, counts=True),
    _Form(is_short=True, counts=True, without=frozenset(_AMOUNTS[:1])),
    _Form(is_short=True, counts=True, without=frozenset(_AMOUNTS)),
)
_RIGHT = frozenset({"rank", "stars", "strength", "turnover", "market_cap"})


def candidate_lines(lines: Sequence[Line], width: int) -> Iterator[Text]:
    """Yield the headings, a rule, and the candidates."""
    form, widths = _fitting(lines, width)
    yield _row({name: Text(heading) for name, heading in _headings(form).items()}, widths, form)
    total = sum(widths.values()) + form.gap * (len(widths) - 1)
    inline = total + form.gap + max((_joined(line).cell_len for line in lines), default=0) <= width
    yield Text("─" * total, "dim")
    for line in lines:
        row = _row(_cells(line, form), widths, form)
        if inline:
            yield Text.assemble(row, " " * form.gap, _joined(line))
            continue
        row.rstrip()
        yield row
        yield from filled(Text(" " * (_CODE_WIDTH + 1)), line.fates, width)


def _fitting(lines: Sequence[Line], width: int) -> tuple[_Form, dict[str, int]]:
    """Return the fullest form that fits, else the barest one, and the width of each of its columns."""
    form = next((one for one in _FORMS if _is_wide_enough(lines, one, width)), _FORMS[-1])
    widths = _widths(lines, form)
    if _NAME in widths:
        widths[_NAME] = max(min(widths[_NAME], _room_for_name(widths, form, width)), 1)
    return form, widths


def _is_wide_enough(lines: Sequence[Line], form: _Form, width: int) -> bool:
    """Tell whether a form fits, its names cut to what they must have at least."""
    widths = _widths(lines, form)
    return _room_for_name(widths, form, width) >= min(widths.get(_NAME, 0), _SHORTEST_NAME)


def _room_for_name(widths: Mapping[str, int], form: _Form, width: int) -> int:
    others = sum(widths.values()) - widths.get(_NAME, 0)
    return width - others - form.gap * (len(widths) - 1)


def _widths(lines: Sequence[Line], form: _Form) -> dict[str, int]:
    rows = [_cells(line, form) for line in lines]
    widths = {}
    for name, heading in _headings(form).items():
        if name in form.without:
            continue
        widest = max((row[name].cell_len for row in rows), default=0)
        if name == _NAME and not widest:
            continue
        widths[name] = max(widest, Text(heading).cell_len)
    return widths


def _headings(form: _Form) -> dict[str, str]:
    """Return the heading of each column, in the order of the columns."""
    full = {
        "code": t("symbol"),
        _NAME: t("name"),
        "grade": t("grade"),
        "rank": t("rank"),
        "stars": t("stars"),
        "strength": t("strength"),
        "trend": t("trend_checks"),
        "fundamental": t("report_checks"),
        "canslim": t("letters"),
        "supply": t("supply"),
        "turnover": t("turnover"),
        "market_cap": t("market_cap"),
    }
    if not form.is_short:
        return full
    return full | {
        "grade": t("grade_short"),
        "stars": t("stars_short"),
        "fundamental": t("report_short"),
        "canslim": t("letters_short"),
        "turnover": t("turnover_short"),
        "market_cap": t("market_cap_short"),
    }


def _cells(line: Line, form: _Form) -> Mapping[str, Text]:
    return {**line.cells, **line.counts} if form.counts else line.cells


def _row(cells: Mapping[str, Text], widths: Mapping[str, int], form: _Form) -> Text:
    return Text(" " * form.gap).join(padded(cells[name], widths[name], name in _RIGHT) for name in widths)


def _joined(line: Line) -> Text:
    return Text(" · ").join(line.fates)
