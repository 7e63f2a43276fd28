"""What the broker asks of its desk, and when: an order goes before every question about orders."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable

from kats_core.kis.broker import READ_EVERY, KisBroker, Service
from kats_core.kis.client import NotSent, Outcome
from kats_core.kis.errors import NotSentError
from kats_core.kis.ledger import Listed
from kats_core.kis.limiter import Lane
from kats_core.kis.wire.orders import OrderAck
from kats_core.model import time
from kats_core.model.command import Send
from kats_core.model.event import SessionPrepared, TimePassed
from kats_core.model.kinds import OrderState, OrderType, Purpose, Side
from kats_core.model.order import Order
from kats_core.orders.broker import IsWanted

DAY = dt.date(2026, 11, 27)
NOON = time.at(DAY, dt.time(12))


class Desk(Service):
    """Notes what it is asked for; takes orders and never answers them."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def place(self, order: Order, is_wanted: IsWanted) -> Outcome[OrderAck]:
        self.asked.append("order")
        await asyncio.Event().wait()
        return NotSent(NotSentError("nowhere", "refused"))

    async def orders(self, session: dt.date, lane: Lane) -> list[Listed]:
        self.asked.append(f"orders read, {lane.name}")
        return []


def order() -> Order:
    return Order(
        order_id=1,
        signal_id="s",
        instance="vb",
        symbol="005930",
        slot=0,
        purpose=Purpose.ENTRY,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity=10,
        limit=71_900,
        state=OrderState.CREATED,
        created_at=NOON,
    )


def asked(play: Callable[[KisBroker], Awaitable[None]]) -> list[str]:
    """Return what the desk was asked for while something was played to the broker of a prepared session."""
    desk = Desk()

    async def service() -> Service:
        return desk

    async def run() -> None:
        broker = KisBroker(service)
        broker.on_event(
            SessionPrepared(ts=NOON - time.MINUTE, session=DAY, instruments=(), base_prices={}, facts=(), tails=())
        )
        broker.on_event(TimePassed(NOON))
        serving = asyncio.create_task(broker.serve(lambda _: None, lambda _: True))
        await play(broker)
        for _ in range(5):
            await asyncio.sleep(0)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    asyncio.run(run())
    return desk.asked


def test_nobody_asks_about_orders_before_the_first_has_left() -> None:
    """The order waits for the pace of calls behind no question that can only be about itself."""

    async def play(broker: KisBroker) -> None:
        broker.send(Send(NOON, order()))
        broker.on_event(TimePassed(NOON))

    assert asked(play) == ["order"]


def test_while_an_order_lives_the_days_orders_are_read_behind_everything_that_is_sent() -> None:
    """Five seconds later, in the lane of questions."""

    async def play(broker: KisBroker) -> None:
        broker.send(Send(NOON, order()))
        broker.on_event(TimePassed(NOON + READ_EVERY))

    assert asked(play) == ["order", "orders read, QUERY"]
