"""Price an entry order (`spec/strategies.md` section 1.3): a limit at the ask plus slippage, never above the chase cap."""

from __future__ import annotations

from typing import NamedTuple

from kats_core.model.codes import CoreCode
from kats_core.model.setup import Numbers, Setup
from kats_core.model.signal import ExitPlan, NotYet, Signal
from kats_core.strategy.contract import View
from kats_core.strategy.params import StrategyParams


class Entry(NamedTuple):
    """The ask an entry was priced from, and its limit; both won."""

    reference: int
    limit: int


def signal_for(
    setup: Setup,
    params: StrategyParams,
    entry: Entry,
    *,
    chase_cap: int,
    exits: ExitPlan,
    trigger_price: int | None = None,
    pivot: int | None = None,
    most_stars: int = 5,
    closing_auction: bool = False,
    numbers: Numbers | None = None,
) -> Signal:
    """Return the signal of a priced entry: the rest is what the setup stores and the parameters say.

    `trigger_price` is by default the price from which the limit was computed; `numbers` go with those of the setup.
    """
    return Signal(
        trigger_price=entry.reference if trigger_price is None else trigger_price,
        reference=entry.reference,
        entry_limit=entry.limit,
        chase_cap=chase_cap,
        exits=exits,
        position_hint=params.position_hint,
        slip_ticks=params.slip_ticks,
        pivot=pivot,
        most_stars=most_stars,
        closing_auction=closing_auction,
        numbers={**setup.numbers, **(numbers or {})},
    )


def price_entry(view: View, chase_cap: int, slip_ticks: int) -> Entry | NotYet:
    """Return the entry's price, or NotYet(CHASE) while the ask is above the cap."""
    ask = view.ask_within(chase_cap)
    if ask is None:
        return NotYet(CoreCode.CHASE)
    return Entry(ask, min(chase_cap, view.ticks.up(ask, slip_ticks) if slip_ticks else ask))
