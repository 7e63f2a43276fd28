"""Choose the bars of each symbol and session: minute bars where the data have them, daily bars otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kats_core.engine.state import StrategyInstance
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.model.kinds import Scope
from kats_core.model.labels import Labelled

_SAME_SCALE = 1.005
"""Minutes may lie so far outside their day's range and still be on its scale: rounding, a print that one of both lacks."""

_WIDEST_OPEN = 1.31
"""A first price further from the last close than the price limit is on another scale."""


class Bars(Labelled):
    """Which bars a backtest plays."""

    AUTO = "auto", "있으면 분봉, 없으면 일봉", "minute bars where the data have them, daily bars otherwise"
    DAILY = "daily", "일봉만", "daily bars only"
    MINUTE = "minute", "분봉만", "minute bars only"


@dataclass(frozen=True, slots=True)
class SessionBars:
    """The symbols of which a session brings minute bars, and those of which it brings a daily bar instead.

    `daily` None: only daily bars are played, and nobody looks beforehand who will have one.
    """

    minute: frozenset[str] = frozenset()
    daily: frozenset[str] | None = frozenset()

    def of(self, strategy: StrategyInstance) -> frozenset[str] | None:
        """Return the symbols that a strategy can trade; None where it can trade all."""
        if strategy.traits.needs_minute_bars:
            return self.minute
        return None if self.daily is None else self.minute | self.daily


DAILY_ONLY = SessionBars(daily=None)


def side_by_side(bars: MinuteBars, panel: Panel) -> tuple[MinuteBars, SessionBars, int]:
    """Return a session's minute bars that can be played beside its daily bars, which symbols have which, and who changed over.

    Minutes as they were traded fit adjusted daily bars only where both are on one scale: a symbol whose minutes are not
    keeps to its daily bar, if it has one.
    """
    off = frozenset(_off_scale(bars, panel)) if panel.scope is Scope.ADJUSTED else frozenset()
    kept = bars.without(off) if off else bars
    row = panel.row.get(bars.session)
    present = () if row is None else (panel.symbols[j] for j in np.flatnonzero(panel.present[row]).tolist())
    minute = frozenset(kept.symbols)
    daily = frozenset(present) - minute
    return kept, SessionBars(minute, daily), len(off & daily)


def _off_scale(bars: MinuteBars, panel: Panel) -> Iterator[str]:
    """Yield the symbols whose minutes do not lie within their own daily bar, or far from the close before without one."""
    row = panel.row.get(bars.session)
    for symbol, rows in zip(bars.symbols, bars.rows_of, strict=True):
        j = panel.column.get(symbol)
        if j is None or rows.size == 0:
            continue
        if row is not None and panel.present[row, j]:
            high, low = int(panel.high[row, j]), int(panel.low[row, j])
            top, bottom = int(bars.high[rows].max()), int(bars.low[rows].min())
            if top > high * _SAME_SCALE + 1 or bottom * _SAME_SCALE + 1 < low:
                yield symbol
            continue
        before = np.flatnonzero(panel.present[:row, j])
        if before.size:
            first, close = int(bars.open[rows[0]]), int(panel.close[before[-1], j])
            if not close / _WIDEST_OPEN <= first <= close * _WIDEST_OPEN:
                yield symbol
