"""Decide for CAN SLIM breakout: which leaders stand in a proper base, and whether one leaves it now."""

from __future__ import annotations

import numpy as np

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
    Trigger,
    View,
    canslim,
    cup_with_handle,
    flat_base,
    has_volume,
    price_entry,
    relative_strength,
    signal_for,
    to_fraction,
)
from kats_strategy_canslim_breakout import TRAITS, CanslimCode, Params

TOLERANCE = 1e-9
"""Slack for comparing computed floats."""


class CanslimBreakout:
    """O'Neil's breakout. Keeps no state: everything it knows is in the setup and the view."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._volume_ratio = to_fraction(params.volume_ratio)
        self._chase, self._stop = 1 + to_fraction(params.chase), 1 - to_fraction(params.stop_frac)

    def arm(self, panel: Panel) -> Setups:
        """Arm leaders with enough letters, C, L and M among them, in a cup with handle or else in a flat base."""
        letters, strength = canslim(panel), relative_strength(panel)
        has_score = (letters.score >= self._params.score_min) & letters.passes("C") & letters.passes("L")
        reasons = Reasons(panel)
        reasons.require(panel.present, CoreCode.STALE_DATA)
        reasons.require(panel.bars_since_break >= TRAITS.bars_needed, CoreCode.WARMUP)
        reasons.require(has_score, CanslimCode.CANSLIM_SCORE)
        reasons.require(letters.passes("M"), CanslimCode.CANSLIM_M)
        reasons.require(strength >= self._params.rs_min - TOLERANCE, CanslimCode.CANSLIM_SCORE)
        cup = cup_with_handle(panel, self._params.cup, where=reasons.cells == 0)
        flat = flat_base(panel, self._params.flat, where=(reasons.cells == 0) & ~cup.ok)
        reasons.require(cup.ok | flat.ok, CanslimCode.NO_BASE)
        numbers = {
            "pivot": np.where(cup.ok, cup.numbers["pivot"], flat.numbers["pivot"]),
            "has_handle": cup.ok.astype(np.int64),
            "usual_volume": panel.indicators.sma("volume", 50),
        }
        return Setups(reasons.cells, reasons.codes, numbers, _trigger)

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        """Buy above the pivot while the day's volume is large and the ask within the buy zone."""
        pivot = int(setup.numbers["pivot"])
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
            stop=view.ticks.rup(entry.limit * self._stop),
            targets=(Target(TargetKind.FRACTION, self._params.t1), Target(TargetKind.FRACTION, self._params.t2)),
            trail=self._params.trail,
        )
        return signal_for(
            setup, self._params, entry, chase_cap=chase_cap, exits=exits, trigger_price=level, pivot=pivot
        )


def _trigger(numbers: Numbers) -> Trigger:
    return Above(Fixed(int(numbers["pivot"]) + 1))
