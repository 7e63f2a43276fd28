"""Add to winners, and only to them (`spec/risk.md` section 5), as pure functions.

A plan is bought in parts; each further part is asked for above the part before it, and raises the stop so far that all
shares together never risk more than the first part did.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from kats_core.market.exact import floor_times, to_fraction
from kats_core.market.ticks import TickTable


def stage_quantity(plan: int, stage: int, ratios: Sequence[float]) -> int:
    """Return the shares of a stage, counted from 1; 0 behind the last. 387 in 0.5, 0.3, 0.2 is 193, 116, 77."""
    return floor_times(plan, to_fraction(ratios[stage - 1])) if 1 <= stage <= len(ratios) else 0


def add_trigger(average: Fraction, above: float, ticks: TickTable) -> int:
    """Return the price from which a stage may be added to one that was bought at `average`: 38 700 gives 39 700."""
    return ticks.rup(average * (1 + to_fraction(above)))


def add_cap(trigger: int, max_chase: float, ticks: TickTable) -> int:
    """Return the most that an add may cost."""
    return ticks.rdn(trigger * (1 + to_fraction(max_chase)))


def stop_after_add(stop: int, average: Fraction, quantity: int, risk: Fraction, ticks: TickTable) -> int:
    """Return the stop at which all shares lose what the first stage risked; never below the one before.

    193 shares at 38 700 with a stop at 36 650 risk 395 650; with 116 more at 39 700 the stop is 37 800.
    """
    return max(stop, ticks.rup(max(average - risk / quantity, Fraction(1))))
