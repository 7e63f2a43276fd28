"""Decide for dead cat bounce: which symbols fell sharply, and whether the next session proves their reflex."""

from __future__ import annotations

import numpy as np

from kats_core.api import (
    MARKET_CAP,
    MINUTE,
    Above,
    Bar,
    Code,
    Confirmation,
    CoreCode,
    Exit,
    ExitPlan,
    Management,
    Never,
    NotYet,
    OpeningRangeHigh,
    Panel,
    Portion,
    Position,
    Reasons,
    Setup,
    Setups,
    Target,
    TargetKind,
    TimeExit,
    TimeExitKind,
    View,
    has_gap,
    has_volume,
    price_entry,
    signal_for,
    to_fraction,
    vwap,
)
from kats_strategy_dead_cat_bounce import Params, ReflexCode

RANGE_MINUTES = 30
"""Minutes of the opening range that must be left."""

LOWEST_OPEN = to_fraction(0.97)
"""An open farther below yesterday's close goes on falling."""

CHASE = 1 + to_fraction(0.005)
"""Most that is paid, as a part of the level."""

MOST_STARS = 3
"""However good the screen finds the company: it is falling."""

LIMIT_DOWN = 0.7 * 1.01
"""A close that is no more than this part of the one before may be at the lower price limit, which is rounded to a tick."""

TOLERANCE = 1e-9
"""Slack for comparing computed floats."""


class DeadCatBounce:
    """Staley's and Turner's reflex. Keeps no state: everything it knows is in the setup and the view."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._stop, self._target = 1 - to_fraction(params.stop_frac), 1 + to_fraction(params.target_frac)
        self._retrace, self._min_rr = to_fraction(params.retrace), to_fraction(params.min_rr)
        self._rvol_min = to_fraction(params.rvol_min)

    def arm(self, panel: Panel) -> Setups:
        """Arm symbols that fell sharply, but not to their limit, and are oversold."""
        params, indicators = self._params, panel.indicators
        change = indicators.change()
        before = indicators.ago(1).field("close")
        reasons = Reasons(panel)
        reasons.require(panel.present, CoreCode.STALE_DATA)
        reasons.require(panel.bars_since_break >= 35, CoreCode.WARMUP)
        is_sharp = (change <= -params.drop_min + TOLERANCE) & (change >= -params.drop_max - TOLERANCE)
        reasons.require(is_sharp, ReflexCode.DROP)
        reasons.require(indicators.rsi(14) < params.rsi_max - TOLERANCE, CoreCode.NOT_OVERSOLD)
        reasons.require(panel.close > before * LIMIT_DOWN, ReflexCode.LIMIT_DOWN)
        numbers = {
            "prev_close": panel.close,
            "close_before": np.where(reasons.cells == 0, before, 0).astype(np.int64),
            "v20": np.where(reasons.cells == 0, indicators.sma("volume", 20), 0),
        }
        return Setups(reasons.cells, reasons.codes, numbers, lambda _: Above(OpeningRangeHigh(RANGE_MINUTES, 1)))

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        """Buy above the opening range and the average price, on volume, if the target pays for the risk."""
        bar, prev_close = view.bar, int(setup.numbers["prev_close"])
        if bar is None:
            return NotYet(CoreCode.NEEDS_MINUTE_BARS)
        too_small = self._why_not_large(view)
        if too_small is not None:
            return NotYet(too_small)
        if view.day_open < prev_close * LOWEST_OPEN:
            return Never(CoreCode.GAP_RANGE)
        trigger = _trigger(view, bar)
        if trigger is None:
            return Never(ReflexCode.FEED_GAP)
        if view.last < trigger:
            return NotYet(CoreCode.NO_BREAKOUT)
        if not has_volume(view, float(setup.numbers["v20"]), self._rvol_min):
            return NotYet(CoreCode.VOLUME)
        chase_cap = view.ticks.rdn(trigger * CHASE)
        entry = price_entry(view, chase_cap, self._params.slip_ticks)
        if isinstance(entry, NotYet):
            return entry
        stop = max(view.ticks.rup(entry.limit * self._stop), view.ticks.dn(bar.day_low, 1))
        fall = int(setup.numbers["close_before"]) - prev_close
        target = view.ticks.rdn(min(entry.limit * self._target, prev_close + self._retrace * fall))
        if not target - entry.limit >= self._min_rr * (entry.limit - stop):
            return NotYet(CoreCode.REWARD)
        exits = ExitPlan(
            stop=stop,
            targets=(Target(TargetKind.ABSOLUTE, target, Portion.ALL),),
            trail=self._params.trail,
            time_exit=TimeExit(TimeExitKind.MINUTES, self._params.max_minutes),
        )
        return signal_for(
            setup,
            self._params,
            entry,
            chase_cap=chase_cap,
            exits=exits,
            trigger_price=trigger,
            most_stars=MOST_STARS,
        )

    def _why_not_large(self, view: View) -> Code | None:
        """Return why the company is not known to be large enough."""
        if self._params.min_market_cap == 0:
            return None
        market_cap = view.fact(MARKET_CAP).value
        if not isinstance(market_cap, (int, float)):
            return CoreCode.INPUT_MISSING
        return None if market_cap >= self._params.min_market_cap else CoreCode.MARKET_CAP_SMALL

    def manage(self, view: View, position: Position) -> Management:
        """Hold nothing overnight, however late it was bought."""
        return Exit(CoreCode.TIME_EXIT)


def _trigger(view: View, bar: Bar) -> int | None:
    """Return the price above the whole opening range and the average price; None where the range is not known."""
    opened = view.hours.open + RANGE_MINUTES * MINUTE
    bars = view.bars(1)
    high = max((one.high for one in bars if one.end <= opened), default=None)
    average = vwap(bar.day_value, bar.day_volume)
    if high is None or average is None or has_gap(bars, view.hours.open, opened):
        return None
    return max(view.ticks.up(high, 1), view.ticks.rup(average))
