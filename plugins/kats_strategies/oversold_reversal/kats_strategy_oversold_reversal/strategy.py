"""Decide for oversold reversal: which defensive symbols are oversold, whether one turns up, when it has recovered."""

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
    price_entry,
    signal_for,
    to_fraction,
)
from kats_strategy_oversold_reversal import Params, ReversalCode

BAR_MINUTES = 5
MOST_STARS = 3

USUAL_OF = 6
"""Bars whose mean volume the turning one is held against."""

RECOVERED = 50
"""RSI above which nothing is oversold any more."""

TOLERANCE = 1e-9
"""Slack for comparing computed floats."""


class OversoldReversal:
    """Steenbarger's reversal in defensives. Keeps no state: everything it knows is in the setup and the view."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._stop = 1 - to_fraction(params.stop_frac)
        self._volume_ratio, self._chase = to_fraction(params.volume_ratio), 1 + to_fraction(params.chase_bar)

    def arm(self, panel: Panel) -> Setups:
        """Arm defensive symbols that were oversold at their lower band and closed in the upper part of their day."""
        params, indicators = self._params, panel.indicators
        lower = indicators.bollinger().lower
        recovered = panel.close - panel.low >= params.close_position * (panel.high - panel.low) - TOLERANCE
        is_defensive = np.array([sector in params.defensive for sector in panel.sectors], dtype=np.bool_)
        reasons = Reasons(panel)
        reasons.require(panel.present, CoreCode.STALE_DATA)
        reasons.require(panel.bars_since_break >= 35, CoreCode.WARMUP)
        reasons.require(indicators.rsi(14) < params.rsi_max, CoreCode.NOT_OVERSOLD)
        reasons.require(panel.low <= lower * (1 + params.band_touch) + TOLERANCE, ReversalCode.NO_BAND_TOUCH)
        reasons.require(recovered, ReversalCode.WEAK_CLOSE)
        reasons.require(np.broadcast_to(is_defensive, panel.present.shape), ReversalCode.SECTOR)
        numbers = {"prev_close": panel.close, "prev_low": panel.low}
        return Setups(reasons.cells, reasons.codes, numbers, lambda _: OnBar(BAR_MINUTES))

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        """Buy when a bar on volume closes above the average price and above yesterday's close."""
        bars = view.bars(BAR_MINUTES)
        if not bars or view.bar is None:
            return NotYet(CoreCode.STALE_DATA)
        code = self._why_not(bars, int(setup.numbers["prev_close"]))
        if code is not None:
            return NotYet(code)
        chase_cap = view.ticks.rdn(bars[-1].close * self._chase)
        entry = price_entry(view, chase_cap, self._params.slip_ticks)
        if isinstance(entry, NotYet):
            return entry
        lowest = min(int(setup.numbers["prev_low"]), view.bar.day_low)
        stop = max(view.ticks.rup(entry.limit * self._stop), view.ticks.dn(lowest, 1))
        if not stop < entry.limit:  # an ask under the day's low: the turn has failed
            return NotYet(CoreCode.NO_BOUNCE)
        exits = ExitPlan(
            stop=stop,
            targets=(
                Target(TargetKind.FRACTION, self._params.t1),
                Target(TargetKind.FRACTION, self._params.t2, Portion.ALL),
            ),
            time_exit=TimeExit(TimeExitKind.SESSIONS, self._params.max_sessions),
        )
        return signal_for(setup, self._params, entry, chase_cap=chase_cap, exits=exits, most_stars=MOST_STARS)

    def _why_not(self, bars: tuple[IntradayBar, ...], prev_close: int) -> Code | None:
        last, before = bars[-1], bars[-1 - USUAL_OF : -1]
        if not (last.is_rising and last.close > last.vwap and last.close > prev_close):
            return CoreCode.NO_BOUNCE
        enough = self._volume_ratio * sum(bar.volume for bar in before) / USUAL_OF
        return None if len(before) == USUAL_OF and last.volume >= enough else CoreCode.VOLUME

    def manage(self, view: View, position: Position) -> Management:
        """Sell at the end-of-day check when the RSI, with the last price as the close, is above the middle."""
        if view.daily is None:
            return None
        closes = np.array([*view.daily.close, view.last], dtype=np.int64)
        rsi = Indicators({"close": closes}, np.ones(len(closes), dtype=np.bool_)).rsi(14)[-1]
        return Exit(ReversalCode.RSI_RECOVERED) if rsi > RECOVERED else None
