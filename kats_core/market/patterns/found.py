"""Look for a pattern in the windows of many cells at once, and hold what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray
from kats_core.market.panel import Panel
from kats_core.market.patterns.codes import PatternCode
from kats_core.market.rolling import Numbers
from kats_core.model.codes import CoreCode
from kats_core.model.labels import Code

TOLERANCE = 1e-9
"""Slack for comparing computed floats, so that 35 055 passes against 35 055.000000000007."""

NO_PRICE = np.iinfo(np.int64).max
"""Stands for a low before a symbol's first bar, above all lows."""

_FOUND = 0
_CELLS_AT_ONCE = 4096
_COMMON: tuple[Code, ...] = (PatternCode.NOT_LOOKED_FOR, CoreCode.WARMUP)

Column: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Found:
    """Where a pattern is, in the shape of the panel.

    `reasons[t, j]` is 0 where it is, else 1 + the place in `codes` of the reason why not; `Reasons.take` understands it.
    `numbers` are the pattern's levels and measures, 0 where there is none.
    """

    reasons: npt.NDArray[np.uint8]
    codes: tuple[Code, ...]
    numbers: Mapping[str, Numbers]

    @property
    def ok(self) -> BoolArray:
        """Mask of the cells that have the pattern."""
        return np.asarray(self.reasons == _FOUND)

    def code(self, t: int, j: int) -> Code | None:
        """Return why a cell has no pattern, None where it has one."""
        reason = int(self.reasons[t, j])
        return None if reason == _FOUND else self.codes[reason - 1]


@dataclass(frozen=True, slots=True)
class Window:
    """The last own bars of several cells, shape (bars, cells): the last row is the cell's own day.

    `start` is, per cell, the first row that is a bar; rows before it hold 0, lows `NO_PRICE`.
    """

    start: Column
    high: Column
    low: Column
    close: Column
    volume: Column

    def __len__(self) -> int:
        return len(self.high)

    def of(self, cells: npt.NDArray[np.intp]) -> Window:
        """Return the window of some of the cells."""
        return Window(
            self.start[cells], self.high[:, cells], self.low[:, cells], self.close[:, cells], self.volume[:, cells]
        )


class Rejections:
    """The first failing condition of each cell of a window."""

    def __init__(self, cells: int, codes: Sequence[Code]) -> None:
        self.reasons = np.zeros(cells, dtype=np.uint8)
        self._codes = codes

    def reject(self, where: BoolArray, code: Code) -> None:
        """Give `code` to the cells that hold so far and where a condition fails."""
        self.reasons[(self.reasons == _FOUND) & where] = self._codes.index(code) + 1


Judge: TypeAlias = Callable[[Window, Rejections], Mapping[str, Numbers]]
"""Rejects cells of a window, and returns the pattern's numbers for all of them."""


def look(panel: Panel, where: BoolArray | None, span: int, least: int, codes: Sequence[Code], judge: Judge) -> Found:
    """Judge the cells of `where` (default: all that the panel is asked for) with `least` own bars, from at most `span`."""
    all_codes = (*_COMMON, *codes)
    reasons = np.full(panel.present.size, 1, dtype=np.uint8)
    numbers: dict[str, Numbers] = {}
    asked = np.zeros(panel.present.shape, dtype=np.bool_)
    asked[panel.asked_from :] = True if where is None else where[panel.asked_from :]
    reasons[asked.ravel()] = 2
    for cells, window in _windows(panel, asked, span, least):
        rejections = Rejections(len(cells), all_codes)
        for name, values in judge(window, rejections).items():
            column = numbers.setdefault(name, np.zeros(panel.present.size, dtype=values.dtype))
            column[cells] = np.where(rejections.reasons == _FOUND, values, 0)
        reasons[cells] = rejections.reasons
    shape = panel.present.shape
    return Found(reasons.reshape(shape), all_codes, {name: column.reshape(shape) for name, column in numbers.items()})


def _windows(panel: Panel, where: BoolArray, span: int, least: int) -> Iterator[tuple[npt.NDArray[np.intp], Window]]:
    """Yield flat positions of cells with their windows, some thousands at a time; without cells an empty one, for the names."""
    bars, columns = panel.bars, panel.present.shape[1]
    cell_of = bars.cell_of.ravel() if bars.cell_of.size else np.zeros(1, dtype=np.int64)
    cells = np.flatnonzero(where & panel.present)
    cells = cells[bars.age_at(cells) >= least - 1]
    lags = np.arange(span - 1, -1, -1)[:, None]
    for first in range(0, max(len(cells), 1), _CELLS_AT_ONCE):
        own = cells[first : first + _CELLS_AT_ONCE]
        age = bars.age_at(own)
        is_bar = lags <= age
        at = np.take(cell_of, np.where(is_bar, bars.places(own) - lags * columns, 0))
        yield (
            own,
            Window(
                np.maximum(span - 1 - age, 0),
                np.where(is_bar, np.take(panel.high, at), 0),
                np.where(is_bar, np.take(panel.low, at), NO_PRICE),
                np.where(is_bar, np.take(panel.close, at), 0),
                np.where(is_bar, np.take(panel.volume, at), 0),
            ),
        )
