"""Recognise candlesticks (캔들 패턴). "Black" means falling, which Korean charts draw in blue."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from kats_core.market import rolling
from kats_core.market.arrays import BoolArray
from kats_core.market.own_bars import OwnBars
from kats_core.market.panel import Panel
from kats_core.market.patterns.found import TOLERANCE, Column

_SMALL_BODY, _LONG_SHADOW, _SHORT_SHADOW = 0.35, 0.5, 0.15
_EXTREME_OF = 5
_USUAL = 10
"""Bars of the mean body."""

_SPAN = _USUAL + 3
"""Bars that a pattern reads at most, its own included."""


class Candles:
    """Candlestick patterns of all symbols; each is a mask in the shape of the bars, false where bars are missing."""

    def __init__(
        self,
        bars: OwnBars,
        open: Column,  # noqa: A002  # as traders say
        high: Column,
        low: Column,
        close: Column,
        *,
        rows_before: int = 0,
    ) -> None:
        """Take bars and columns; in so many rows before them the masks are false."""
        self._bars, self._rows_before = bars, rows_before
        self._open, self._high, self._low, self._close = (bars.pack(column) for column in (open, high, low, close))

    @staticmethod
    def of_series(open: Sequence[int], high: Sequence[int], low: Sequence[int], close: Sequence[int]) -> Candles:  # noqa: A002  # as traders say
        """Return the candles of one symbol's own bars, as masks of shape (bars, 1)."""
        columns = [np.array(values, dtype=np.int64)[:, None] for values in (open, high, low, close)]
        return Candles(OwnBars(np.ones(columns[0].shape, dtype=np.bool_)), *columns)

    @cached_property
    def hammer(self) -> BoolArray:
        """망치형: a small body on top of a long lower shadow, at the lowest low of five bars."""
        is_lowest = self._low <= rolling.window_lowest(self._low, _EXTREME_OF)
        return self._spread(self._has_long(self._lower, self._upper) & is_lowest, _EXTREME_OF - 1)

    @cached_property
    def shooting_star(self) -> BoolArray:
        """유성형: a small body under a long upper shadow, at the highest high of five bars."""
        is_highest = self._high >= rolling.window_highest(self._high, _EXTREME_OF)
        return self._spread(self._has_long(self._upper, self._lower) & is_highest, _EXTREME_OF - 1)

    @cached_property
    def bullish_engulfing(self) -> BoolArray:
        """상승장악형: a white body around the black one before."""
        around = (self._open <= _before(self._close)) & (self._close >= _before(self._open))
        turns = _before(self._is_black) & self._is_white
        return self._spread(turns & around & (self._body > _before(self._body)), 1)

    @cached_property
    def bearish_engulfing(self) -> BoolArray:
        """하락장악형: a black body around the white one before."""
        around = (self._open >= _before(self._close)) & (self._close <= _before(self._open))
        turns = _before(self._is_white) & self._is_black
        return self._spread(turns & around & (self._body > _before(self._body)), 1)

    @cached_property
    def evening_star(self) -> BoolArray:
        """석별형: a long white body, a small one above it, a black one back into the first."""
        small_above = _before(np.minimum(self._open, self._close)) >= 0.998 * _before(self._close, 2) - TOLERANCE
        deep = 2 * self._close <= _before(self._open + self._close, 2)
        return self._spread(
            _before(self._is_white, 2) & small_above & self._is_black & deep & self._is_star, _USUAL + 2
        )

    @cached_property
    def morning_star(self) -> BoolArray:
        """샛별형: a long black body, a small one below it, a white one back into the first."""
        small_below = _before(np.maximum(self._open, self._close)) <= 1.002 * _before(self._close, 2) + TOLERANCE
        deep = 2 * self._close >= _before(self._open + self._close, 2)
        return self._spread(
            _before(self._is_black, 2) & small_below & self._is_white & deep & self._is_star, _USUAL + 2
        )

    @cached_property
    def long_black(self) -> BoolArray:
        """장대음봉: a fall of three percent or more from the open, twice the usual body, hardly any shadow."""
        full = self._body >= 0.7 * self._range - TOLERANCE
        twice = _USUAL * self._body >= 2 * _before(self._ten_bodies)
        deep = self._body >= 0.03 * self._open - TOLERANCE
        return self._spread(self._is_black & full & twice & deep, _USUAL)

    @cached_property
    def _is_white(self) -> BoolArray:
        return np.asarray(self._close > self._open)

    @cached_property
    def _is_black(self) -> BoolArray:
        return np.asarray(self._close < self._open)

    @cached_property
    def _body(self) -> Column:
        return np.asarray(np.abs(self._close - self._open))

    @cached_property
    def _range(self) -> Column:
        return np.asarray(self._high - self._low)

    @cached_property
    def _upper(self) -> Column:
        return np.asarray(self._high - np.maximum(self._open, self._close))

    @cached_property
    def _lower(self) -> Column:
        return np.asarray(np.minimum(self._open, self._close) - self._low)

    @cached_property
    def _ten_bodies(self) -> Column:
        return rolling.window_sum(self._body, _USUAL)

    @cached_property
    def _is_star(self) -> BoolArray:
        """The sizes of both stars: a long body, a small one, a long one."""
        is_long = _USUAL * _before(self._body, 2) >= _before(self._ten_bodies, 3)
        is_small = 2 * _before(self._body) <= _before(self._body, 2)
        return np.asarray(is_long & is_small & (2 * self._body >= _before(self._body, 2)))

    def _has_long(self, shadow: Column, other: Column) -> BoolArray:
        is_long = shadow >= np.maximum(2.0 * self._body, _LONG_SHADOW * self._range) - TOLERANCE
        is_small = self._body <= _SMALL_BODY * self._range + TOLERANCE
        return np.asarray((self._range > 0) & is_small & is_long & (other <= _SHORT_SHADOW * self._range + TOLERANCE))

    def _spread(self, packed: BoolArray, first: int) -> BoolArray:
        found = self._bars.spread(packed, first) == 1
        if not self._rows_before:
            return np.asarray(found)
        return np.concatenate([np.zeros((self._rows_before, found.shape[1]), dtype=np.bool_), found])


def candles(panel: Panel) -> Candles:
    """Return the candlesticks of all symbols of a panel, in the rows that it is asked for and some before."""
    first = _first_read(panel)
    if first == 0:
        return Candles(panel.bars, panel.open, panel.high, panel.low, panel.close)
    bars = OwnBars(panel.present[first:], panel.scale_breaks[first:])
    columns = (column[first:] for column in (panel.open, panel.high, panel.low, panel.close))
    return Candles(bars, *columns, rows_before=first)


def _first_read(panel: Panel) -> int:
    """Return the first row that a pattern in the asked rows may read, of the symbol that was halted longest."""
    if panel.asked_from == 0 or not panel.symbols:
        return 0
    number = panel.own_bars[: panel.asked_from + 1]
    is_read = number > number[-1] - _SPAN
    is_read[-1] = True  # who has no bar yet reads nothing before
    return int(np.argmax(is_read, axis=0).min())


def _before(values: rolling.Numbers, k: int = 1) -> rolling.Numbers:
    """Return the values `k` own bars earlier; zeros, which the caller masks, before the first."""
    result = np.zeros_like(values)
    result[k:] = values[:-k]
    return result
