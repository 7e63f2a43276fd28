"""Decide for Triple Screen: which symbols have a setback in a rising tide, whether one turns, when the tide does."""

from __future__ import annotations

import numpy as np

from kats_core.api import (
    Above,
    Confirmation,
    CoreCode,
    DailyTail,
    Exit,
    ExitPlan,
    Fixed,
    FloatArray,
    Indicators,
    Int64Array,
    Management,
    NotYet,
    Numbers,
    Panel,
    Position,
    Reasons,
    Setup,
    Setups,
    Target,
    TargetKind,
    Trigger,
    View,
    price_entry,
    relative_strength,
    signal_for,
    to_fraction,
)
from kats_strategy_triple_screen import TRAITS, Params, ScreenCode

FEWEST_WEEKS = 90
"""Completed weeks of the tide, no more and no fewer: live, in a backtest and while held it is the same tide."""

TOLERANCE = 1e-9
"""Slack for comparing computed floats."""


class TripleScreen:
    """Elder's trailing buy stop. Keeps no state: everything it knows is in the setup and the view."""

    def __init__(self, params: Params) -> None:
        self._params = params
        _, slow, signal = params.macd
        self._weeks = max(FEWEST_WEEKS, slow + signal)
        self._chase, self._stop = 1 + to_fraction(params.chase), 1 - to_fraction(params.stop_frac)

    def arm(self, panel: Panel) -> Setups:
        """Arm strong symbols above their 50-day average that fell back while their completed weeks rise."""
        daily, weekly = panel.indicators, panel.indicators.weekly
        tide, tide_before = self._tide(weekly), self._tide(weekly.ago(1))
        is_warm = (panel.bars_since_break >= TRAITS.bars_needed) & np.isfinite(tide_before)
        reasons = Reasons(panel)
        reasons.require(panel.present, CoreCode.STALE_DATA)
        reasons.require(is_warm, CoreCode.WARMUP)
        reasons.require(tide > tide_before, ScreenCode.TIDE)
        reasons.require(daily.force(self._params.force_period) < 0, ScreenCode.NO_PULLBACK)
        reasons.require(panel.close > daily.sma("close", 50) + TOLERANCE, CoreCode.BELOW_MA)
        reasons.require(relative_strength(panel) >= self._params.rs_min - TOLERANCE, ScreenCode.RS_LOW)
        numbers = {
            "high": panel.high,
            "low": panel.low,
            "low_before": np.nan_to_num(daily.ago(1).field("low")).astype(np.int64),
        }
        return Setups(reasons.cells, reasons.codes, numbers, _trigger)

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        """Buy above yesterday's high while the ask is not far beyond it."""
        buy_stop = view.ticks.up(int(setup.numbers["high"]))
        if view.last < buy_stop:
            return NotYet(CoreCode.NO_BREAKOUT)
        chase_cap = view.ticks.rdn(buy_stop * self._chase)
        entry = price_entry(view, chase_cap, self._params.slip_ticks)
        if isinstance(entry, NotYet):
            return entry
        lowest = min(int(setup.numbers["low"]), int(setup.numbers["low_before"]))
        exits = ExitPlan(
            stop=max(view.ticks.dn(lowest), view.ticks.rup(buy_stop * self._stop)),
            targets=(Target(TargetKind.FRACTION, self._params.t1), Target(TargetKind.FRACTION, self._params.t2)),
            trail=self._params.trail,
        )
        return signal_for(setup, self._params, entry, chase_cap=chase_cap, exits=exits, trigger_price=buy_stop)

    def manage(self, view: View, position: Position) -> Management:
        """Sell at the first opening of a week when the week before turned the tide and no target was reached yet."""
        if view.daily is None or position.reached > 0:
            return None
        before = [day for day in view.daily.sessions if day < view.hours.session]
        if not before or before[-1].isocalendar()[:2] == view.hours.session.isocalendar()[:2]:
            return None
        closes = _weekly_closes(view.daily, len(before))
        tide = self._tide(Indicators({"close": closes}, np.ones(len(closes), dtype=np.bool_)))
        return Exit(ScreenCode.TIDE_TURNED) if len(tide) > 1 and tide[-1] < tide[-2] else None

    def _tide(self, weeks: Indicators) -> FloatArray:
        """Return the MACD histogram; its last two values together read so many weeks."""
        return weeks.macd(*self._params.macd, memory=self._weeks - 1).histogram


def _weekly_closes(daily: DailyTail, bars: int) -> Int64Array:
    """Return the last close of each ISO week of the first `bars` bars."""
    closes = {day.isocalendar()[:2]: close for day, close in zip(daily.sessions[:bars], daily.close, strict=False)}
    return np.array(list(closes.values()), dtype=np.int64)


def _trigger(numbers: Numbers) -> Trigger:
    return Above(Fixed(int(numbers["high"]) + 1))
