"""Decide for grid trading: where a grid may stand, what each of its levels buys, and where it sells.

A grid is a group of setups, one level a slot; the core lets it live on, fills and rearms each level, and ends all of them
with the stop.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from kats_core.api import (
    Below,
    Confirmation,
    CoreCode,
    ExitPlan,
    Fixed,
    Group,
    Lifetime,
    NotYet,
    Numbers,
    Panel,
    Portion,
    Rearm,
    Reasons,
    Setup,
    Setups,
    Signal,
    Target,
    TargetKind,
    TimeExit,
    TimeExitKind,
    Trigger,
    View,
    box,
    to_fraction,
)
from kats_strategy_grid_trading import GridCode, Params

HALTED_FOR = 5
"""Sessions without a new grid after one was stopped."""

ENDS_WHEN_FLAT_FOR = 10
FAR_FROM_MIDDLE = 15
"""How far the RSI may lie from 50."""

FARTHEST = 1 + to_fraction(0.03)
"""How far above the last price an entry may bid: the order gate lets none pass that bids more, however often it comes again."""


class GridTrading:
    """A grid of limit orders in a box. Keeps no state: everything it knows is in the setup and the view."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._near, self._halt = 1 + to_fraction(params.near), 1 - to_fraction(params.halt_frac)

    def arm(self, panel: Panel) -> Setups:
        """Arm a grid in every box whose steps pay their costs; whether one lives already, the core knows."""
        params = self._params
        reasons = Reasons(panel)
        reasons.require(panel.present, CoreCode.STALE_DATA)
        reasons.require(panel.bars_since_break >= 60, CoreCode.WARMUP)
        found = box(panel, params.box, reasons.cells == 0)
        reasons.take(found)
        reasons.require(np.abs(panel.indicators.rsi(14) - 50) <= FAR_FROM_MIDDLE, GridCode.RSI_EXTREME)
        floor, ceiling = found.numbers["support"], found.numbers["resistance"]
        center = (floor + ceiling) / 2
        half = np.minimum(center * params.range_frac / 2, (ceiling - floor) / 2)
        step = 2 * half / params.levels
        pays = np.divide(step, center, out=np.zeros(step.shape), where=center > 0) >= params.min_step - 1e-9
        reasons.require(pays, GridCode.STEP_SMALL)
        numbers = {
            "support": floor,
            "resistance": ceiling,
            "levels": np.full(floor.shape, params.levels),
            "range_frac": np.full(floor.shape, params.range_frac),
        }
        group = Group(bar_after_stop=HALTED_FOR, expire_when_flat=ENDS_WHEN_FLAT_FOR)
        return Setups(
            reasons.cells, reasons.codes, numbers, self._levels, Lifetime.UNTIL_CANCELLED, Rearm.AFTER_FLAT, group
        )

    def _levels(self, numbers: Numbers) -> tuple[Trigger, ...]:
        """Return what each buying level waits for, the lowest first."""
        # Levels are rounded down to a tick when they buy; these are at or above that.
        buying = range(int(numbers["levels"]) // 2)
        return tuple(Below(Fixed(int(_price(numbers, slot) * self._near))) for slot in buying)

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        """Buy a level at exactly its price, if the grid may hold another lot."""
        ticks, paid = view.ticks, setup.dividends
        # What went ex since the grid was armed is taken out of each of its prices, as the core takes it out of held lots.
        buy = ticks.rdn(ticks.rdn(_price(setup.numbers, setup.slot)) - paid)
        stop = ticks.rup(ticks.rup(ticks.rdn(_price(setup.numbers, 0)) * self._halt) - paid)
        # A daily bar shows no moment nearer to the level than its trigger; the limit buys only where the bar reaches it.
        if view.bar is not None and view.last > buy * self._near:
            return NotYet(CoreCode.NO_TOUCH)
        if view.last <= stop:
            return NotYet(CoreCode.GRID_HALT)
        if view.bar is not None and buy > view.last * FARTHEST:
            return NotYet(CoreCode.COLLAR)
        here = [one for one in view.setups if one.symbol == setup.symbol]
        lots = len(here) - len(view.free_slots)
        if (lots + 1) * to_fraction(self._params.order_frac) > to_fraction(self._params.max_frac):
            return NotYet(GridCode.GRID_FULL)
        sell = ticks.rup(ticks.rup(_price(setup.numbers, setup.slot + 1)) - paid)
        exits = ExitPlan(
            stop=stop,
            targets=(Target(TargetKind.ABSOLUTE, sell, Portion.ALL),),
            time_exit=TimeExit(TimeExitKind.SESSIONS, self._params.max_sessions),
            near_frac=self._params.near,
        )
        return Signal(
            trigger_price=buy,
            reference=buy,
            entry_limit=buy,
            chase_cap=buy,
            exits=exits,
            position_hint=self._params.order_frac,
            slip_ticks=0,
            most_stars=3,
            numbers={**setup.numbers, "level": setup.slot},
        )


def _price(numbers: Numbers, level: int) -> Fraction:
    """Return the exact price of a level, counted from the lowest; a grid keeps the levels with which it began."""
    floor, ceiling = Fraction(int(numbers["support"])), Fraction(int(numbers["resistance"]))
    center = (floor + ceiling) / 2
    half = min(center * to_fraction(numbers["range_frac"]) / 2, (ceiling - floor) / 2)
    return center - half + level * 2 * half / int(numbers["levels"])
