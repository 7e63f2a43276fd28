"""Follow the KOSPI over all sessions: its averages, breadth, regime and pulse, each as known after the session's close.

A session of the exchange on which the index has no value is a row with NaN, so that what is missing is seen to be missing.
"""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kats_core.market import breadth, pulse, regime
from kats_core.market.arrays import BoolArray, FloatArray
from kats_core.market.calendar import Calendar
from kats_core.market.panel import Panel
from kats_core.market.pulse import PulseDay, PulseParams, PulseState
from kats_core.market.regime import LONG, LONG_BEFORE, SHORT, MarketDay, RegimeParams, RegimeState
from kats_core.market.tables import IndexSeries
from kats_core.model.kinds import Pulse

MARKET_INDEX = "KOSPI"
"""The index whose state is the market's."""


@dataclass(frozen=True)
class Conditions:
    """The market by session, oldest first; all arrays have one value a session, NaN where it is missing."""

    sessions: tuple[dt.date, ...]
    close: FloatArray
    change: FloatArray
    breadth: FloatArray
    regimes: tuple[RegimeState, ...]
    pulses: tuple[PulseState, ...]

    @cached_property
    def row(self) -> dict[dt.date, int]:
        """Row number by session."""
        return {session: row for row, session in enumerate(self.sessions)}

    def row_before(self, session: dt.date) -> int | None:
        """Return the last row before a session, None where there is none."""
        row = bisect_left(self.sessions, session) - 1
        return row if row >= 0 else None

    def is_uptrend(self, sessions: Sequence[dt.date]) -> BoolArray:
        """Tell whether the pulse is known to be UPTREND after the close of each session."""
        rows = (self.row.get(session) for session in sessions)
        return np.array([row is not None and self.pulses[row].known is Pulse.UPTREND for row in rows], dtype=np.bool_)


def market_conditions(
    indices: Mapping[str, IndexSeries],
    panel: Panel | None,
    calendar: Calendar,
    until: dt.date,
    regime_params: RegimeParams,
    pulse_params: PulseParams,
) -> Conditions | None:
    """Return the market's conditions from the first value of the KOSPI to the session `until`, also where it ends before.

    None where there is no KOSPI. Breadth comes from the index's own counts, else from the panel.
    """
    index = indices.get(MARKET_INDEX)
    if index is None or not len(index):
        return None
    first = max(index.sessions[0], calendar.covered_from)
    sessions = tuple(calendar.sessions(first, min(until, calendar.covered_through)))
    ratios = [breadth.ratio(breadth.fed(index, sessions))]
    if panel is not None:
        ratios.append(breadth.ratio(breadth.counted(panel, sessions)))
    return _followed(index, sessions, breadth.first_known(*ratios), regime_params, pulse_params)


def _followed(
    index: IndexSeries,
    sessions: tuple[dt.date, ...],
    ratio: FloatArray,
    regime_params: RegimeParams,
    pulse_params: PulseParams,
) -> Conditions:
    close, low, value = (index.on(sessions, name) for name in ("close", "low", "value"))
    short, long = average(close, SHORT), average(close, LONG)
    market = zip(close, short, long, before(long, LONG_BEFORE), ratio, strict=True)
    trading = zip(close, low, value, short, long, strict=True)
    return Conditions(
        sessions=sessions,
        close=close,
        change=np.asarray(close / before(close, 1) - 1),
        breadth=ratio,
        regimes=tuple(regime.states((MarketDay(*map(float, row)) for row in market), regime_params)),
        pulses=tuple(pulse.states((PulseDay(*map(float, row)) for row in trading), pulse_params)),
    )


def average(values: FloatArray, n: int) -> FloatArray:
    """Return the mean of the last `n` known values at each known one, NaN before there are so many.

    Sums are rounded once, so a mean does not depend on where the history begins.
    """
    result = np.full(values.shape, np.nan)
    rows = np.flatnonzero(~np.isnan(values))
    known = values[rows].tolist()
    for i in range(n - 1, len(known)):
        result[rows[i]] = math.fsum(known[i - n + 1 : i + 1]) / n
    return result


def before(values: FloatArray, n: int) -> FloatArray:
    """Return, at each known value, the one that was known `n` values earlier."""
    result = np.full(values.shape, np.nan)
    rows = np.flatnonzero(~np.isnan(values))
    result[rows[n:]] = values[rows[:-n]] if n else values[rows]
    return result
