"""Hold what is sent to a broker and what comes back."""

from __future__ import annotations

import msgspec

from kats_core.model.kinds import OrderState, OrderType, Purpose, Side
from kats_core.model.time import Nanos

_SELL = Side.SELL

OrderId = int
"""Within a run orders are numbered; outside the engine an order is uuid5 of run and number (`model/ids.py`)."""


class Order(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An order and how far it got. Amounts are won; `filled_amount` is the sum of price times quantity so far.

    `trigger` is the stop or the reference price that made an exit fire; `limit` is None for a market order, which only
    a sell may be.
    """

    order_id: OrderId
    signal_id: str
    instance: str
    symbol: str
    slot: int
    purpose: Purpose
    side: Side
    order_type: OrderType
    quantity: int
    limit: int | None
    state: OrderState
    created_at: Nanos
    expires_at: Nanos | None = None
    chase_cap: int | None = None
    slip_ticks: int = 0
    trigger: int | None = None
    filled_quantity: int = 0
    filled_amount: int = 0
    reason: str = ""
    closing_auction: bool = False

    @property
    def remaining(self) -> int:
        """Shares not filled yet."""
        return self.quantity - self.filled_quantity

    @property
    def is_reducing(self) -> bool:
        """Tell whether the order can only make a position smaller."""
        return self.side is _SELL

    @property
    def is_live(self) -> bool:
        """Tell whether the order may still be filled."""
        return self.state not in TERMINAL

    @property
    def key(self) -> tuple[str, str, int]:
        """(instance, symbol, slot)."""
        return (self.instance, self.symbol, self.slot)


TERMINAL = frozenset(
    {OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED, OrderState.ERROR}
)


class Fill(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An execution of an order, with what it cost. `sequence` numbers the fills of one order."""

    order_id: OrderId
    sequence: int
    ts: Nanos
    symbol: str
    side: Side
    price: int
    quantity: int
    commission: int
    tax: int

    @property
    def amount(self) -> int:
        """Won that changed hands, before costs."""
        return self.price * self.quantity
