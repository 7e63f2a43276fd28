"""Decide for SEPA momentum: which leaders stand in a volatility contraction, and whether one leaves it now."""

from __future__ import annotations

from kats_core.api import (
    Above,
    Confirmation,
    CoreCode,
    ExitPlan,
    Fixed,
    NotYet,
    Numbers,
    Panel,
    Reasons,
    Setup,
    Setups,
    Target,
    TargetKind,
    Trail,
    TrailMethod,
    Trigger,
    View,
    has_volume,
    price_entry,
    report_growth,
    signal_for,
    to_fraction,
    trend_scores,
    vcp,
)
from kats_strategy_sepa_momentum import TRAITS, Params, SepaCode

WHOLE_TEMPLATE = 8
TOLERANCE = 1e-9
"""Slack for comparing computed floats."""


class SepaMomentum:
    """Minervini's breakout. Keeps no state: everything it knows is in the setup and the view."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._volume_ratio = to_fraction(params.volume_ratio)
        self._chase, self._stop = 1 + to_fraction(params.chase), 1 - to_fraction(params.stop_frac)
        self._trail = params.trail or Trail(TrailMethod.FIXED_PCT, params.trail_frac)

    def arm(self, panel: Panel) -> Setups:
        """Arm symbols in an uptrend whose reports show growth, in a contraction that a rise of some percent would end."""
        growth = report_growth(panel)
        has_grown = growth.eps >= self._params.eps_min - TOLERANCE
        has_grown &= growth.revenue >= self._params.revenue_min - TOLERANCE
        reasons = Reasons(panel)
        reasons.require(panel.present, CoreCode.STALE_DATA)
        reasons.require(panel.bars_since_break >= TRAITS.bars_needed, CoreCode.WARMUP)
        reasons.require(trend_scores(panel) == WHOLE_TEMPLATE, SepaCode.TREND_TEMPLATE)
        reasons.require(~growth.is_missing, SepaCode.FUNDAMENTALS_MISSING)
        reasons.require(has_grown, SepaCode.FUNDAMENTALS_WEAK)
        found = vcp(panel, self._params.vcp, where=reasons.cells == 0)
        reasons.take(found)
        numbers = {
            "pivot": found.numbers["pivot"],
            "last_low": found.numbers["last_low"],
            "usual_volume": panel.indicators.sma("volume", 20),
        }
        return Setups(reasons.cells, reasons.codes, numbers, _trigger)

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        """Buy above the pivot while the day's volume is large and the ask not far beyond it."""
        pivot, last_low = int(setup.numbers["pivot"]), int(setup.numbers["last_low"])
        level = view.ticks.up(pivot)
        if view.last < level:
            return NotYet(CoreCode.NO_BREAKOUT)
        if not has_volume(view, float(setup.numbers["usual_volume"]), self._volume_ratio):
            return NotYet(CoreCode.VOLUME)
        chase_cap = view.ticks.rdn(pivot * self._chase)
        entry = price_entry(view, chase_cap, self._params.slip_ticks)
        if isinstance(entry, NotYet):
            return entry
        exits = ExitPlan(
            stop=max(view.ticks.rup(pivot * self._stop), view.ticks.dn(last_low)),
            targets=(Target(TargetKind.FRACTION, self._params.t1), Target(TargetKind.FRACTION, self._params.t2)),
            trail=self._trail,
        )
        return signal_for(
            setup, self._params, entry, chase_cap=chase_cap, exits=exits, trigger_price=level, pivot=pivot
        )


def _trigger(numbers: Numbers) -> Trigger:
    return Above(Fixed(int(numbers["pivot"]) + 1))
