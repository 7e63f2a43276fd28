"""Decide for VWAP bounce: which symbols to watch tomorrow, whether one turns up at its average price, when that is lost."""

from __future__ import annotations

import datetime as dt

from kats_core.api import (
    Code,
    Confirmation,
    CoreCode,
    Exit,
    ExitPlan,
    IntradayBar,
    Management,
    NotYet,
    OnBar,
    Panel,
    Position,
    Reasons,
    Setup,
    Setups,
    Target,
    TargetKind,
    TimeExit,
    TimeExitKind,
    View,
    flow_signs,
    price_entry,
    signal_for,
    to_fraction,
)
from kats_strategy_vwap_bounce import BounceCode, Params

OUT_BY = dt.time(15, 15)
"""A day's average price has no meaning overnight."""

FEWEST_BARS = 10
"""Bars before which a day has no average price worth coming back to."""

RISING_OVER = 5
"""Bars over which the average price must not have fallen."""

TURN = 3
"""Bars in which the price comes back and turns."""


class VwapBounce:
    """Carter's and Aziz's bounce. Keeps no state: everything it knows is in the setup and the view."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._touch, self._pierce = 1 + to_fraction(params.touch), 1 - to_fraction(params.pierce)
        self._reach, self._chase = 1 + to_fraction(params.max_dist), 1 + to_fraction(params.chase_bar)
        self._stop = 1 - to_fraction(params.stop_frac)
        self._above_share = to_fraction(params.above_share)

    def arm(self, panel: Panel) -> Setups:
        """Arm liquid symbols above their 20-day average that foreigners and institutions both buy."""
        average, turnover = panel.indicators.sma("close", 20), panel.indicators.sma("value", 20)
        reasons = Reasons(panel)
        reasons.require(panel.present, CoreCode.STALE_DATA)
        reasons.require(panel.bars_since_break >= 21, CoreCode.WARMUP)
        reasons.require(panel.close > average, CoreCode.BELOW_MA)
        reasons.require(turnover >= self._params.min_turnover, BounceCode.TURNOVER)
        reasons.require(flow_signs(panel) > 0, BounceCode.FLOW)
        return Setups(reasons.cells, reasons.codes, {}, lambda _: OnBar(self._params.bar_minutes))

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        """Buy when the day's last bars touched the average price without breaking it, and turned up."""
        bars = view.bars(self._params.bar_minutes)
        code = self._why_not(bars)
        if code is not None:
            return NotYet(code)
        last = bars[-1]
        average = to_fraction(last.vwap)
        chase_cap = view.ticks.rdn(last.close * self._chase)
        entry = price_entry(view, chase_cap, self._params.slip_ticks)
        if isinstance(entry, NotYet):
            return entry
        exits = ExitPlan(
            stop=view.ticks.rup(average * self._stop),
            targets=(Target(TargetKind.R, self._params.t1_r), Target(TargetKind.R, self._params.t2_r)),
            trail=self._params.trail,
            time_exit=TimeExit(TimeExitKind.CLOCK, OUT_BY),
        )
        return signal_for(
            setup, self._params, entry, chase_cap=chase_cap, exits=exits, numbers={"vwap": float(last.vwap)}
        )

    def _why_not(self, bars: tuple[IntradayBar, ...]) -> Code | None:
        if len(bars) < FEWEST_BARS:
            return CoreCode.NO_BOUNCE
        *_, before, last = bars
        turn = bars[-TURN:]
        if not sum(bar.close > bar.vwap for bar in bars) >= self._above_share * len(bars):
            return BounceCode.WEAK
        if any(bar.low < to_fraction(bar.vwap) * self._pierce for bar in turn):
            return BounceCode.PIERCED
        if not any(bar.low <= to_fraction(bar.vwap) * self._touch for bar in turn):
            return CoreCode.NO_TOUCH
        has_turned = all(bar.is_rising and bar.close > bar.vwap for bar in (before, last))
        if not (has_turned and last.close > before.close):
            return CoreCode.NO_BOUNCE
        if not last.vwap >= bars[-1 - RISING_OVER].vwap:
            return BounceCode.VWAP_FALLING
        if not last.close <= to_fraction(last.vwap) * self._reach:
            return BounceCode.TOO_FAR
        return None

    def manage(self, view: View, position: Position) -> Management:
        """Sell all when a bar that was completed since the purchase closed below the average price."""
        bars = view.bars(self._params.bar_minutes)
        if not bars or bars[-1].end <= position.opened_at:
            return None
        # Not only at the bar's own end: where its last minute did not trade, the next one that does is the first to be asked.
        return Exit(CoreCode.VWAP_LOST) if bars[-1].close < bars[-1].vwap else None
