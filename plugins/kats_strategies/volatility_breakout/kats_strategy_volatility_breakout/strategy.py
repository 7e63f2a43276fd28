"""Decide for volatility breakout: which symbols to watch tomorrow, and whether to buy one now."""

from __future__ import annotations

import datetime as dt

import numpy as np

from kats_core.api import (
    Above,
    BoolArray,
    Confirmation,
    CoreCode,
    DayOpen,
    ExitPlan,
    Int64Array,
    Never,
    NotYet,
    Numbers,
    Panel,
    Ratio,
    Reasons,
    Setup,
    Setups,
    Signal,
    TimeExit,
    TimeExitKind,
    Trigger,
    View,
    ceil_times_array,
    floor_times,
    price_entry,
    to_fraction,
    to_ratio,
)
from kats_strategy_volatility_breakout import BreakoutCode, Params

MAX_GAP = Ratio(5, 100)
"""Most that the open may lie away from yesterday's close; beyond it yesterday's range says nothing about today."""

MAX_STOP = Ratio(5, 100)
"""Most that the stop may lie below the entry limit, as a fraction of the limit."""

OUT_BY = dt.time(15, 15)
OUT = TimeExit(TimeExitKind.CLOCK, OUT_BY)
TOLERANCE = 1e-9
"""Slack for comparing computed floats, so that 35 055 passes against 35 055.000000000007."""


class VolatilityBreakout:
    """Williams' volatility breakout. Keeps no state: everything it knows is in the setup and the view."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._k = to_fraction(params.k)
        self._chase = to_ratio(params.chase)
        self._stop_frac = to_ratio(params.stop_frac)

    def arm(self, panel: Panel) -> Setups:
        """Arm the symbols whose last day moved enough and, if asked for, closed above its average."""
        high_low = panel.high - panel.low
        reasons = Reasons(panel)
        reasons.require(panel.present, CoreCode.STALE_DATA)
        reasons.require(self._has_moved(panel, high_low), BreakoutCode.RANGE_SMALL)
        if self._params.ma_filter > 0:
            average = panel.mean_of_own_bars(panel.close, self._params.ma_filter)
            reasons.require(panel.own_bars >= self._params.ma_filter, CoreCode.WARMUP)
            reasons.require(panel.close > average + TOLERANCE, BreakoutCode.BELOW_MA)
        numbers = {
            "prev_high": panel.high,
            "prev_low": panel.low,
            "prev_close": panel.close,
            "range": high_low,
            "offset": ceil_times_array(high_low, self._k),  # whole won: rounded up to a tick the level stays the same
        }
        return Setups(reasons.cells, reasons.codes, numbers, _trigger)

    def _has_moved(self, panel: Panel, high_low: Int64Array) -> BoolArray:
        """Tell where the day's range is large enough."""
        range_frac = np.divide(high_low, panel.close, out=np.zeros(panel.close.shape), where=panel.present)
        return np.asarray(range_frac >= self._params.min_range - TOLERANCE)

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        """Buy while the price is at or above the level and the ask not far beyond it."""
        target_price = view.ticks.rup(view.day_open + int(setup.numbers["offset"]))
        if view.last < target_price:
            return NotYet(CoreCode.NO_BREAKOUT)
        prev_close = int(setup.numbers["prev_close"])
        if abs(view.day_open - prev_close) > floor_times(prev_close, MAX_GAP):
            return Never(BreakoutCode.GAP_RANGE)

        # Rounding to won first changes nothing: ticks are whole won.
        chase_cap = view.ticks.rdn(target_price + floor_times(target_price, self._chase))
        entry = price_entry(view, chase_cap, self._params.slip_ticks)
        if isinstance(entry, NotYet):
            return entry
        stop = view.ticks.rup(view.day_open - floor_times(view.day_open, self._stop_frac))
        if entry.limit - stop > floor_times(entry.limit, MAX_STOP):
            return Never(CoreCode.STOP_TOO_WIDE)
        return Signal(
            trigger_price=target_price,
            reference=entry.reference,
            entry_limit=entry.limit,
            chase_cap=chase_cap,
            exits=ExitPlan(stop=stop, time_exit=OUT),
            position_hint=self._params.position_hint,
            slip_ticks=self._params.slip_ticks,
            numbers={**setup.numbers, "day_open": view.day_open},
        )


def _trigger(numbers: Numbers) -> Trigger:
    return Above(DayOpen(int(numbers["offset"])))
