"""Remember which bids of ours an exit wants gone, and which exits stand above their price until these are.

KATS never trades with itself: a self-match is a legal risk (가장매매, `spec/orders.md` section 3). From when an exit is wanted,
a bid counts until its end is told, for three seconds at most: protection outranks, a stop must not wait for a broker that
does not answer. Where bars stand for the market a cancel takes no time, and nothing is remembered.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from kats_core.model import time
from kats_core.model.kinds import Side
from kats_core.model.order import Order, OrderId
from kats_core.model.time import Nanos

AWAITED: Nanos = 3 * time.SECOND
"""So long the confirmed end of a bid is awaited."""

_BUY = Side.BUY


class OwnBidsMemory(msgspec.Struct, frozen=True):
    """Bids that are awaited or told of, and raised exits, as they are kept over a restart."""

    until: tuple[tuple[OrderId, Nanos], ...] = ()
    told: tuple[OrderId, ...] = ()
    raised: tuple[tuple[OrderId, bool], ...] = ()


class OwnBids:
    """The session's bids in the way of exits. Orders are given as they are now; those that have ended do not count."""

    def __init__(self) -> None:
        self._until: dict[OrderId, Nanos] = {}
        self._told: set[OrderId] = set()
        self._raised: dict[OrderId, bool] = {}

    def begin_session(self) -> None:
        """Forget the last session's orders."""
        self._until.clear()
        self._told.clear()
        self._raised.clear()

    def dump(self) -> OwnBidsMemory:
        """Return what is remembered as it is kept."""
        return OwnBidsMemory(tuple(self._until.items()), tuple(sorted(self._told)), tuple(self._raised.items()))

    def load(self, memory: OwnBidsMemory) -> None:
        """Take up what was kept."""
        self._until, self._told, self._raised = dict(memory.until), set(memory.told), dict(memory.raised)

    def want_gone(self, bid: OrderId, now: Nanos) -> None:
        """Note that an exit wants a bid gone; what was noted first counts."""
        self._until.setdefault(bid, now + AWAITED)

    def is_awaited(self, bid: OrderId, now: Nanos) -> bool:
        """Tell whether an exit has to stay above a bid that lives."""
        return now < self._until.get(bid, 0)

    def highest(self, live: Iterable[Order], now: Nanos) -> int | None:
        """Return the price of the highest bid that is awaited, None where there is none."""
        if not self._until:
            return None
        prices = [order.limit or 0 for order in live if order.side is _BUY and self.is_awaited(order.order_id, now)]
        return max(prices, default=None)

    def newly_overdue(self, live: Iterable[Order], limit: int | None, now: Nanos) -> list[Order]:
        """Return the overdue bids that a sell at `limit`, None for the market, may meet; each of them once."""
        if not self._until:
            return []
        found = [
            order
            for order in live
            if order.side is _BUY
            and self._until.get(order.order_id, now + 1) <= now
            and order.order_id not in self._told
            and (limit is None or limit <= (order.limit or 0))
        ]
        self._told.update(order.order_id for order in found)
        return found

    def raise_above(self, sell: OrderId) -> None:
        """Note that an exit is sent above its price."""
        self._raised[sell] = False

    def is_raised(self, sell: OrderId) -> bool:
        """Tell whether an exit was sent above its price."""
        return sell in self._raised

    def let_down(self, sell: OrderId) -> None:
        """Note that a raised exit is taken back, to be sent again at its price."""
        self._raised[sell] = True

    def is_let_down(self, sell: OrderId) -> bool:
        """Tell whether a raised exit was taken back for its price."""
        return self._raised.get(sell, False)

    @property
    def raised(self) -> list[OrderId]:
        """Exits that were sent above their price in this session and have not been taken back for it."""
        return [sell for sell, is_down in self._raised.items() if not is_down]
