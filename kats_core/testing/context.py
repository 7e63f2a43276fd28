"""Give a risk stage an account and a market that never change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kats_core.market.sessions import SessionHours
from kats_core.model.fact import Fact
from kats_core.model.order import Order
from kats_core.model.position import Position
from kats_core.model.time import Nanos
from kats_core.risk.exposure import Exposure, measure
from kats_core.risk.limits import Limits
from kats_core.risk.reservation import Reservation
from kats_core.testing.inputs import Inputs, fact_from
from kats_core.testing.moments import HOURS, NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenContext:
    """A `StageContext` with exactly the facts given; every other input is missing.

    ```python
    FrozenContext(facts={"equity": 100_000_000})                                   # delivered now
    FrozenContext(facts={"orderable_cash": Fact("orderable_cash", 5_000_000, NOW - 6 * SECOND, FactSource.FEED)})
    FrozenContext(limits=Limits(min_order_krw=0))
    ```
    """

    facts: Inputs = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    now: Nanos = NOW
    hours: SessionHours = HOURS
    positions: Sequence[Position] = ()
    open_orders: Sequence[Order] = ()
    reservations: Sequence[Reservation] = ()
    prices: Mapping[str, int] = field(default_factory=dict)

    @property
    def exposure(self) -> Exposure:
        """What positions and reservations use."""
        return measure(self.positions, self.reservations, self.prices.get)

    def last_price(self, symbol: str) -> int | None:
        """Return the price given for a symbol."""
        return self.prices.get(symbol)

    def fact(self, name: str) -> Fact:
        """Return the fact of that name; a missing one when it was not given."""
        return fact_from(self.facts, name, self.now)
