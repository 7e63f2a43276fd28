"""Decide for gap and go: which symbols could gap tomorrow, whether one turns up after its pullback, when that has failed."""

from __future__ import annotations

import datetime as dt

import numpy as np

from kats_core.api import (
    MINUTE,
    Code,
    Column,
    Confirmation,
    CoreCode,
    Exit,
    ExitPlan,
    IntradayBar,
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
    has_gap,
    price_entry,
    projected_volume,
    signal_for,
    to_fraction,
)
from kats_strategy_gap_and_go import GapCode, Params

OUT_BY = dt.time(15, 15)
"""The last moment at which what is held can still be sold in continuous trading with time to spare."""

OPENING = 15 * MINUTE
"""What the day must show before anything is bought: its volume is held against the usual."""

PULLBACK = 10
"""Bars before the turn in which the pullback must lie."""

LOST = 2
"""Closes below the average price in a row that end the trade."""

TOLERANCE = 1e-9
"""Slack for comparing computed floats."""

GIVE_UP = (CoreCode.GAP_RANGE, GapCode.GAP_FILLED, GapCode.FEED_GAP)
"""What cannot become better in the same session."""


class GapAndGo:
    """Cameron's and Aziz's pullback of a gap. Keeps no state: everything it knows is in the setup and the view."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._gap = to_fraction(params.gap_min), to_fraction(params.gap_max)
        self._near, self._rvol_min = to_fraction(params.touch), to_fraction(params.rvol_min)
        self._stop, self._chase = 1 - to_fraction(params.stop_frac), 1 + to_fraction(params.chase_bar)
        self._bounce_volume = to_fraction(params.bounce_volume)

    def arm(self, panel: Panel) -> Setups:
        """Arm liquid symbols above their 20-day average that move enough; whether they gap, the open will tell."""
        indicators = panel.indicators
        least_range = self._params.min_atr_frac * panel.close - TOLERANCE
        reasons = Reasons(panel)
        reasons.require(panel.present, CoreCode.STALE_DATA)
        reasons.require(panel.bars_since_break >= 21, CoreCode.WARMUP)
        reasons.require(indicators.atr(14) >= least_range, GapCode.ATR_SMALL)
        reasons.require(panel.close >= indicators.sma("close", 20), CoreCode.BELOW_MA)
        reasons.require(indicators.sma("value", 20) >= self._params.min_turnover, GapCode.TURNOVER)
        v20 = np.where(reasons.cells == 0, indicators.sma("volume", 20), 0)
        numbers: dict[str, Column] = {"prev_close": panel.close, "prev_high": panel.high, "v20": v20}
        return Setups(reasons.cells, reasons.codes, numbers, lambda _: OnBar(1))

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        """Buy when a bar turns up on volume after the price came back to its average or to yesterday's high."""
        bars = view.bars(1)
        code = self._why_not_today(view, setup, bars) or self._why_not_now(bars, int(setup.numbers["prev_high"]))
        if code is not None:
            return Never(code) if code in GIVE_UP else NotYet(code)
        last, before = bars[-1], bars[-1 - PULLBACK : -1]
        chase_cap = view.ticks.rdn(last.close * self._chase)
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

    def _why_not_today(self, view: View, setup: Setup, bars: tuple[IntradayBar, ...]) -> Code | None:
        """Return what is wrong with the day: its feed, its gap, its first volume, or that the gap was filled."""
        opened = view.hours.open + OPENING
        if view.bar is None or not bars:
            return CoreCode.NEEDS_MINUTE_BARS
        if bars[-1].start < opened:
            return CoreCode.OUT_OF_WINDOW
        if has_gap(bars, view.hours.open, opened):
            return GapCode.FEED_GAP
        prev_close = int(setup.numbers["prev_close"])
        least, most = (prev_close * frac for frac in self._gap)
        if not least <= view.day_open - prev_close <= most:
            return CoreCode.GAP_RANGE
        traded = max((bar.day_volume for bar in bars if bar.end <= opened), default=0)
        usual = to_fraction(setup.numbers["v20"])
        if not 0 < self._rvol_min * usual <= projected_volume(traded, opened, view.hours):
            return CoreCode.VOLUME
        if not view.bar.day_low > prev_close:
            return GapCode.GAP_FILLED
        return None

    def _why_not_now(self, bars: tuple[IntradayBar, ...], prev_high: int) -> Code | None:
        """Return what is wrong with the last bar: no pullback before it, or no turn in it."""
        last, before = bars[-1], bars[-1 - PULLBACK : -1]
        if len(before) < PULLBACK or not any(self._touches(bar, prev_high) for bar in before):
            return GapCode.NO_PULLBACK
        enough = self._bounce_volume * sum(bar.volume for bar in before) / PULLBACK
        is_strong = last.volume >= enough
        if not (last.is_rising and last.close > before[-1].high and last.close > last.vwap and is_strong):
            return CoreCode.NO_BOUNCE
        return None

    def _touches(self, bar: IntradayBar, prev_high: int) -> bool:
        """Tell whether a low comes near the average price through its bar, or near yesterday's high."""
        supports = (to_fraction(bar.vwap), to_fraction(prev_high))
        return any(abs(bar.low - support) <= self._near * support for support in supports)

    def manage(self, view: View, position: Position) -> Management:
        """Before the first target, sell all after two closes in a row below the average price, both since the purchase."""
        since = [bar for bar in view.bars(1)[-LOST:] if bar.end > position.opened_at]
        has_lost = len(since) == LOST and all(bar.close < bar.vwap for bar in since)
        return Exit(CoreCode.VWAP_LOST) if position.reached == 0 and has_lost else None
