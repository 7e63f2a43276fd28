"""Give an account something that it holds or has on order."""

from __future__ import annotations

from fractions import Fraction

from kats_core.model.kinds import OrderState, OrderType, Purpose, Side
from kats_core.model.order import Order
from kats_core.model.position import Position
from kats_core.model.signal import ExitPlan
from kats_core.risk.reservation import Reservation
from kats_core.testing.moments import NOW, SESSION


def position(
    *,
    quantity: int = 100,
    average: int | Fraction = 38_750,
    stop: int = 36_650,
    grade: str = "B",
    sector: str = "반도체",
    symbol: str = "000660",
    instance: str = "test",
    slot: int = 0,
) -> Position:
    """Return shares that were bought at `average` in this session."""
    return Position(
        instance=instance,
        symbol=symbol,
        slot=slot,
        quantity=quantity,
        cost=Fraction(average) * quantity,
        stop=stop,
        exits=ExitPlan(stop=stop),
        targets=(),
        opened_at=NOW,
        opened_on=SESSION,
        signal_id=f"{SESSION}|{instance}|{symbol}",
        initial_risk=(Fraction(average) - stop) * quantity,
        initial_stop=stop,
        bought=quantity,
        peak=int(average),
        grade=grade,
        sector=sector,
    )


def reservation(
    *,
    quantity: int = 100,
    price: int = 38_750,
    stop: int = 36_650,
    grade: str = "B",
    sector: str = "반도체",
    symbol: str = "000660",
    instance: str = "test",
    order_id: int = 1,
) -> Reservation:
    """Return the room of a live entry order of which nothing is filled; costs are left out."""
    return Reservation(
        order_id=order_id,
        instance=instance,
        symbol=symbol,
        grade=grade,
        sector=sector,
        quantity=quantity,
        price=price,
        notional=quantity * price,
        cash=quantity * price,
        risk=Fraction((price - stop) * quantity),
        stop=stop,
    )


def live_sell(*, symbol: str = "000660", instance: str = "test", quantity: int = 100, order_id: int = 2) -> Order:
    """Return an exit at the market that the broker has accepted."""
    return Order(
        order_id=order_id,
        signal_id=f"{SESSION}|{instance}|{symbol}",
        instance=instance,
        symbol=symbol,
        slot=0,
        purpose=Purpose.EXIT,
        side=Side.SELL,
        order_type=OrderType.MARKET,
        quantity=quantity,
        limit=None,
        state=OrderState.SUBMITTED,
        created_at=NOW,
    )
