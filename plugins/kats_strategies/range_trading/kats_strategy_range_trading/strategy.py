"""Decide for range trading: which symbols stand in a box, whether one turns at its floor, when the box narrows."""

from __future__ import annotations

import numpy as np

from kats_core.api import (
    Code,
    Confirmation,
    CoreCode,
    Exit,
    ExitPlan,
    Indicators,
    IntradayBar,
    Management,
    NotYet,
    OnBar,
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
    box,
    candles,
    floor_times_array,
    price_entry,
    signal_for,
    to_fraction,
)
from kats_strategy_range_trading import Params, RangeCode

BAR_MINUTES = 5

BREAKS_AT = to_fraction(0.99)
"""A low farther below the floor has broken it."""

LOWEST_PART = to_fraction(0.35)
"""Part of the box in which a purchase is still one at its floor."""

AT_THE_FLOOR = to_fraction(1.015)
"""How near to the floor a candle must turn to count, times it."""

TOLERANCE = 1e-9
"""Slack for comparing computed floats."""


class RangeTrading:
    """Nison's and Murphy's range trade. Keeps no state: everything it knows is in the setup and the view."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._near, self._stop = 1 + to_fraction(params.near), 1 - to_fraction(params.stop_frac)
        self._body, self._share = to_fraction(params.body_ratio), to_fraction(params.target_share)
        self._min_rr, self._chase = to_fraction(params.min_rr), 1 + to_fraction(params.chase_bar)

    def arm(self, panel: Panel) -> Setups:
        """Arm symbols in the lower half of a box whose bands are wide enough; a candle that turned lifts the confidence."""
        reasons = Reasons(panel)
        reasons.require(panel.present, CoreCode.STALE_DATA)
        reasons.require(panel.bars_since_break >= 50, CoreCode.WARMUP)
        found = box(panel, self._params.box, reasons.cells == 0)
        reasons.take(found)
        floor, ceiling = found.numbers["support"], found.numbers["resistance"]
        reasons.require(panel.close <= (floor + ceiling) / 2, RangeCode.ABOVE_MIDDLE)
        reasons.require(panel.indicators.bollinger().width >= self._params.squeeze - TOLERANCE, RangeCode.SQUEEZE)
        shapes = candles(panel)
        has_turned = shapes.hammer | shapes.bullish_engulfing | shapes.morning_star
        is_at_floor = panel.low <= floor_times_array(floor, AT_THE_FLOOR)
        numbers = {
            "support": floor,
            "resistance": ceiling,
            "most_stars": np.where(has_turned & is_at_floor, 4, 3),
        }
        return Setups(reasons.cells, reasons.codes, numbers, lambda _: OnBar(BAR_MINUTES))

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        """Buy when a bar touched the floor and turned, if the target pays for the risk."""
        floor, ceiling = int(setup.numbers["support"]), int(setup.numbers["resistance"])
        bars = view.bars(BAR_MINUTES)
        code = self._why_not(bars[-1], floor, ceiling) if bars else CoreCode.STALE_DATA
        if code is not None:
            return NotYet(code)
        chase_cap = view.ticks.rdn(bars[-1].close * self._chase)
        entry = price_entry(view, chase_cap, self._params.slip_ticks)
        if isinstance(entry, NotYet):
            return entry
        stop = view.ticks.rup(floor * self._stop)
        target = view.ticks.rdn(floor + self._share * (ceiling - floor))
        risk = entry.limit - stop
        # An ask that has fallen to the stop leaves no trade to be rewarded.
        if not (risk > 0 and target - entry.limit >= self._min_rr * risk):
            return NotYet(CoreCode.REWARD)
        exits = ExitPlan(
            stop=stop,
            targets=(Target(TargetKind.ABSOLUTE, target, Portion.ALL),),
            time_exit=TimeExit(TimeExitKind.SESSIONS, self._params.max_sessions),
        )
        most = int(setup.numbers["most_stars"])
        return signal_for(setup, self._params, entry, chase_cap=chase_cap, exits=exits, most_stars=most)

    def _why_not(self, bar: IntradayBar, floor: int, ceiling: int) -> Code | None:
        if not floor * BREAKS_AT <= bar.low <= floor * self._near:
            return CoreCode.NO_TOUCH
        if not (bar.is_rising and bar.close - bar.open >= self._body * (bar.high - bar.low)):
            return CoreCode.NO_BOUNCE
        return None if bar.close <= floor + LOWEST_PART * (ceiling - floor) else CoreCode.NO_TOUCH

    def manage(self, view: View, position: Position) -> Management:
        """Sell at the end-of-day check when the bands, with the last price as the close, have become too narrow."""
        if view.daily is None:
            return None
        closes = np.array([*view.daily.close, view.last], dtype=np.int64)
        width = Indicators({"close": closes}, np.ones(len(closes), dtype=np.bool_)).bollinger().width[-1]
        return Exit(RangeCode.SQUEEZE) if width < self._params.squeeze - TOLERANCE else None
