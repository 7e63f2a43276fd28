"""Price an entry order (`spec/strategies.md` section 1.3): a limit at the ask plus slippage, never above the chase cap."""

from __future__ import annotations

from typing import NamedTuple

from kats_core.model.codes import CoreCode
from kats_core.model.signal import NotYet
from kats_core.strategy.contract import View


class Entry(NamedTuple):
    """The ask an entry was priced from, and its limit; both won."""

    reference: int
    limit: int


def price_entry(view: View, chase_cap: int, slip_ticks: int) -> Entry | NotYet:
    """Return the entry's price, or NotYet(CHASE) while the ask is above the cap."""
    ask = view.ask_within(chase_cap)
    if ask is None:
        return NotYet(CoreCode.CHASE)
    return Entry(ask, min(chase_cap, view.ticks.up(ask, slip_ticks) if slip_ticks else ask))
