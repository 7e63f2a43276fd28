"""Hold room for live entry orders. Only the engine reserves, after the last stage approved, in the same step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

from kats_core.market.costs import Costs
from kats_core.model.order import Order, OrderId
from kats_core.risk.reservation import Reservation


class Reservations:
    """One reservation for each live entry order, keyed by its order."""

    def __init__(self, costs: Costs) -> None:
        self._costs = costs
        self._held: dict[OrderId, Reservation] = {}
        self._risk_per_share: dict[OrderId, Fraction] = {}
        self._picture: tuple[Reservation, ...] = ()

    @property
    def all(self) -> tuple[Reservation, ...]:
        """Every reservation held now; the same object until one changes."""
        return self._picture

    @property
    def cash(self) -> int:
        """Won held back for entries that may still fill, commission included."""
        return sum(r.cash for r in self._picture)

    @property
    def notional(self) -> int:
        """Won of shares that entries may still buy."""
        return sum(r.notional for r in self._picture)

    def cash_where(self, wanted: Callable[[OrderId], bool]) -> int:
        """Return the cash held for some of the orders."""
        return sum(r.cash for r in self._picture if wanted(r.order_id))

    def need(self, quantity: int, price: int) -> int:
        """Return what `quantity` shares at `price` cost at most, commission included."""
        return quantity * price + self._costs.commission_on(quantity * price)

    def dump(self) -> tuple[tuple[Reservation, Fraction], ...]:
        """Return what is held, each with the risk of one share."""
        return tuple((held, self._risk_per_share[order_id]) for order_id, held in self._held.items())

    def load(self, memory: Iterable[tuple[Reservation, Fraction]]) -> None:
        """Hold again what was held."""
        for held, risk_per_share in memory:
            self._held[held.order_id] = held
            self._risk_per_share[held.order_id] = risk_per_share
        self._picture = tuple(self._held.values())

    def hold(self, order: Order, risk_per_share: Fraction, stop: int, grade: str, sector: str) -> Reservation:
        """Reserve for a new entry order."""
        self._risk_per_share[order.order_id] = risk_per_share
        return self._put(order, order.remaining, stop, grade, sector)

    def shrink(self, order: Order) -> None:
        """Keep only what the order may still buy; a finished order holds nothing."""
        held = self._held.get(order.order_id)
        if held is None:
            return
        if not order.is_live or order.remaining <= 0:
            del self._held[order.order_id]
            del self._risk_per_share[order.order_id]
            self._picture = tuple(self._held.values())
            return
        if order.remaining != held.quantity:
            self._put(order, order.remaining, held.stop, held.grade, held.sector)

    def _put(self, order: Order, quantity: int, stop: int, grade: str, sector: str) -> Reservation:
        if order.limit is None:
            raise ValueError(f"order {order.order_id}: an entry without a limit cannot be reserved")
        reservation = Reservation(
            order_id=order.order_id,
            instance=order.instance,
            symbol=order.symbol,
            grade=grade,
            sector=sector,
            quantity=quantity,
            price=order.limit,
            notional=quantity * order.limit,
            cash=self.need(quantity, order.limit),
            risk=self._risk_per_share[order.order_id] * quantity,
            stop=stop,
        )
        self._held[order.order_id] = reservation
        self._picture = tuple(self._held.values())
        return reservation
