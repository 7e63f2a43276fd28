"""Decide for dead cat bounce: which symbols fell sharply, and whether the next session proves their reflex."""

from __future__ import annotations

import numpy as np

from kats_core.api import (
    MARKET_CAP,
    Above,
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
    has_volume,
    price_entry,
    signal_for,
    to_fraction,
    vwap,
)
from kats_strategy_dead_cat_bounce import Params, ReflexCode

RANGE_MINUTES = 30
"""The opening range that must be left."""

LOWEST_OPEN = to_fraction(0.97)
"""An open farther below yesterday's close goes on falling."""

CHASE = to_fraction(0.005)
MOST_STARS = 3


class DeadCatBounce:
    """Staley's and Turner's reflex. Keeps no state: everything it knows is in the setup and the view."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._stop, self._target = 1 - to_fraction(params.stop_frac), 1 + to_fraction(params.target_frac)
        self._retrace, self._min_rr = to_fraction(params.retrace), to_fraction(params.min_rr)

    def arm(self, panel: Panel) -> Setups:
        """Arm symbols that fell sharply, but not to their limit, and are oversold."""
        params, indicators = self._params, panel.indicators
        change = indicators.change()
        before = panel.close / (1 + change)
        reasons = Reasons(panel)
        reasons.require(panel.present, CoreCode.STALE_DATA)
        reasons.require(panel.bars_since_break >= 35, CoreCode.WARMUP)
        reasons.require((change <= -params.drop_min + _SLACK) & (change >= -params.drop_max - _SLACK), ReflexCode.DROP)
        reasons.require(indicators.rsi(14) < params.rsi_max, CoreCode.NOT_OVERSOLD)
        reasons.require(change > -_LIMIT, ReflexCode.LIMIT_DOWN)
        numbers = {
            "prev_close": panel.close,
            "close_before": np.where(reasons.cells == 0, np.rint(before), 0),
            "v20": np.where(reasons.cells == 0, indicators.sma("volume", 20), 0),
        }
        return Setups(reasons.cells, reasons.codes, numbers, lambda _: Above(OpeningRangeHigh(RANGE_MINUTES, 1)))

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        """Buy above the opening range and the average price, on volume, if the target pays for the risk."""
        bar, prev_close = view.bar, int(setup.numbers["prev_close"])
        if bar is None:
            return NotYet(CoreCode.NEEDS_MINUTE_BARS)
        cap = view.fact(MARKET_CAP).value
        if isinstance(cap, (int, float)) and cap < self._params.min_market_cap:
            return Never(CoreCode.MARKET_CAP_SMALL)
        if view.day_open < prev_close * LOWEST_OPEN:
            return Never(CoreCode.GAP_RANGE)
        opening = [one for one in view.bars(1) if one.end <= view.hours.open + RANGE_MINUTES * (one.end - one.start)]
        average = vwap(bar.day_value, bar.day_volume)
        if not opening or average is None:
            return NotYet(CoreCode.STALE_DATA)
        trigger = max(view.ticks.up(max(one.high for one in opening), 1), view.ticks.rup(average))
        if view.last < trigger:
            return NotYet(CoreCode.NO_BREAKOUT)
        if not has_volume(view, float(setup.numbers["v20"]), to_fraction(self._params.rvol_min)):
            return NotYet(CoreCode.VOLUME)
        chase_cap = view.ticks.rdn(trigger * (1 + CHASE))
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

    def manage(self, view: View, position: Position) -> Management:
        """Hold nothing overnight, however late it was bought."""
        return Exit(CoreCode.TIME_EXIT)


_SLACK = 1e-9
_LIMIT = 0.295
"""A fall of nearly 30 % is the lower price limit."""
