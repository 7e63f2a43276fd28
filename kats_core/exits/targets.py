"""Place profit targets and the break-even stop (`spec/strategies.md` section 1.4, `spec/risk.md` section 4.2)."""

from __future__ import annotations

from fractions import Fraction

from kats_core.market.exact import to_fraction
from kats_core.market.ticks import TickTable
from kats_core.model.signal import ExitPlan, Portion, Target, TargetKind


def target_price(target: Target, average: Fraction, stop: int, ticks: TickTable) -> int:
    """Return a target's price for an entry at `average` with the initial `stop`, rounded up to a tick."""
    value = to_fraction(target.value)
    match target.kind:
        case TargetKind.FRACTION:
            return ticks.rup(average * (1 + value))
        case TargetKind.R:
            return ticks.rup(average + value * (average - stop))
        case TargetKind.ABSOLUTE:
            return ticks.rup(value)


def scale_out_steps(quantity: int) -> tuple[int, int, int]:
    """Return how many shares leave at the first target, at the second, and later."""
    if quantity < 3:
        return (quantity - 1, 0, 1) if quantity else (0, 0, 0)
    third = quantity // 3
    return third, third, quantity - 2 * third


def place_targets(
    plan: ExitPlan, average: Fraction, quantity: int, ticks: TickTable, done: int = 0
) -> tuple[tuple[int, int], ...]:
    """Return (price, shares to sell) of each target, nearest first; no shares for a step too small to split.

    `done` targets, the nearest ones, were reached before and do not come back; `quantity` is what is unsold.
    """
    steps = scale_out_steps(quantity)
    prices = sorted((target_price(target, average, plan.stop, ticks), n) for n, target in enumerate(plan.targets))
    left, placed = quantity, []
    for place, (price, number) in enumerate(prices[done:], done):
        is_all = plan.targets[number].sell is Portion.ALL
        shares = left if is_all else min(left, steps[min(place, 1)])
        placed.append((price, shares))
        left -= shares
    return tuple(placed)


def spread_again(
    plan: ExitPlan, targets: tuple[tuple[int, int], ...], average: Fraction, quantity: int, ticks: TickTable, done: int
) -> tuple[tuple[int, int], ...]:
    """Return targets at their prices with the shares of a position that was added to; `quantity` is what is unsold."""
    placed = place_targets(plan, average, quantity, ticks, done)
    return tuple((price, shares) for (price, _), (_, shares) in zip(targets, placed, strict=True))
