"""Decide for gap and go: which symbols could gap tomorrow, whether one turns up after its pullback, when that has failed."""

from __future__ import annotations

import datetime as dt

import numpy as np

from kats_core.api import (
    Code,
    Column,
    Confirmation,
    CoreCode,
    DayBar,
    Exit,
    ExitPlan,
    Management,
    Never,
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
    expected_fraction,
    price_entry,
    signal_for,
    to_fraction,
)
from kats_strategy_gap_and_go import GapCode, Params

OUT_BY = dt.time(15, 15)
CHASE = to_fraction(0.003)

OPENING_MINUTES = 15
"""Minutes whose volume is held against the usual."""

PULLBACK = 10
"""Bars before the turn in which the pullback must lie."""

LOST = 2
"""Closes below the average price in a row that end the trade."""

GIVE_UP = (CoreCode.GAP_RANGE, GapCode.GAP_FILLED, GapCode.FEED_GAP)
"""What cannot become better in the same session."""


class GapAndGo:
    """Cameron's and Aziz's pullback of a gap. Keeps no state: everything it knows is in the setup and the view."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._near = to_fraction(params.touch)
        self._stop = 1 - to_fraction(params.stop_frac)
        self._bounce_volume = to_fraction(params.bounce_volume)

    def arm(self, panel: Panel) -> Setups:
        """Arm liquid symbols above their 20-day average that move enough; whether they gap, the open will tell."""
        indicators = panel.indicators
        reasons = Reasons(panel)
        reasons.require(panel.present, CoreCode.STALE_DATA)
        reasons.require(panel.bars_since_break >= 21, CoreCode.WARMUP)
        reasons.require(indicators.atr(14) >= self._params.min_atr_frac * panel.close, GapCode.ATR_SMALL)
        reasons.require(panel.close >= indicators.sma("close", 20), CoreCode.BELOW_MA)
        reasons.require(indicators.sma("value", 20) >= self._params.min_turnover, CoreCode.TURNOVER_LOW)
        v20 = np.where(reasons.cells == 0, indicators.sma("volume", 20), 0)
        numbers: dict[str, Column] = {"prev_close": panel.close, "prev_high": panel.high, "v20": v20}
        return Setups(reasons.cells, reasons.codes, numbers, lambda _: OnBar(1))

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        """Buy when a bar turns up on volume after the price came back to its average or to yesterday's high."""
        bars = view.bars(1)
        code = self._why_not(view, setup, bars)
        if code is not None:
            return Never(code) if code in GIVE_UP else NotYet(code)
        last, before = bars[-1], bars[-1 - PULLBACK : -1]
        chase_cap = view.ticks.rdn(last.close * (1 + CHASE))
        entry = price_entry(view, chase_cap, self._params.slip_ticks)
        if isinstance(entry, NotYet):
            return entry
        pullback_low = min(bar.low for bar in before)
        exits = ExitPlan(
            stop=max(view.ticks.rup(entry.limit * self._stop), view.ticks.dn(pullback_low, 1)),
            targets=(Target(TargetKind.FRACTION, self._params.t1), Target(TargetKind.FRACTION, self._params.t2)),
            trail=self._params.trail,
            time_exit=TimeExit(TimeExitKind.CLOCK, OUT_BY),
        )
        return signal_for(
            setup, self._params, entry, chase_cap=chase_cap, exits=exits, numbers={"vwap": float(last.vwap)}
        )

    def _why_not(self, view: View, setup: Setup, bars: tuple[DayBar, ...]) -> Code | None:
        """Return the first condition that fails, in the order of the rules."""
        prev_close, prev_high = int(setup.numbers["prev_close"]), int(setup.numbers["prev_high"])
        gap = view.day_open - prev_close
        least, most = to_fraction(self._params.gap_min), to_fraction(self._params.gap_max)
        if not least * prev_close <= gap <= most * prev_close:
            return CoreCode.GAP_RANGE
        opening = [bar for bar in bars if bar.end <= view.hours.open + OPENING_MINUTES * (bar.end - bar.start)]
        if not opening or len(bars) <= PULLBACK:
            return GapCode.FEED_GAP if not opening else CoreCode.NO_BOUNCE
        usual = expected_fraction(OPENING_MINUTES) * to_fraction(setup.numbers["v20"])
        if not opening[-1].day_volume >= to_fraction(self._params.rvol_min) * usual:
            return CoreCode.VOLUME
        if not min(bar.low for bar in bars) > prev_close:
            return GapCode.GAP_FILLED
        before, last = bars[-1 - PULLBACK : -1], bars[-1]
        if not any(self._touches(bar, prev_high) for bar in before):
            return GapCode.NO_PULLBACK
        enough = self._bounce_volume * sum(bar.volume for bar in before) / PULLBACK
        is_strong = last.volume >= enough
        if not (last.is_rising and last.close > before[-1].high and last.close > last.vwap and is_strong):
            return CoreCode.NO_BOUNCE
        return None

    def _touches(self, bar: DayBar, prev_high: int) -> bool:
        """Tell whether a low comes near the average price through its bar, or near yesterday's high."""
        supports = (to_fraction(bar.vwap), to_fraction(prev_high))
        return any(abs(bar.low - support) <= self._near * support for support in supports)

    def manage(self, view: View, position: Position) -> Management:
        """Before the first target, sell all after two completed closes in a row below the average price."""
        bars = [bar for bar in view.bars(1) if bar.start >= position.opened_at]
        has_lost = len(bars) >= LOST and all(bar.close < bar.vwap for bar in bars[-LOST:])
        return Exit(CoreCode.VWAP_LOST) if position.reached == 0 and has_lost else None
