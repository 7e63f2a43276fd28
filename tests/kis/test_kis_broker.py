"""What the broker asks of its desk, and when: an order goes before every question about orders."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence

import pytest

from kats_core.kis import broker as kis_broker
from kats_core.kis.broker import READ_EVERY, KisBroker, Service
from kats_core.kis.client import Accepted, NotSent, Outcome, Unknown
from kats_core.kis.errors import KisError, NotSentError
from kats_core.kis.ledger import Listed, Named
from kats_core.kis.limiter import Lane
from kats_core.kis.wire.orders import AckBlock, OrderAck
from kats_core.kis.wire.records import Acceptance, Notice, OrderChange
from kats_core.model import time
from kats_core.model.command import Cancel, Send
from kats_core.model.event import (
    CancelRefused,
    Event,
    OrderAccepted,
    OrderLost,
    OrderNotFound,
    SessionPrepared,
    TimePassed,
)
from kats_core.model.kinds import OrderState, OrderType, Purpose, Side
from kats_core.model.order import Order
from kats_core.orders.broker import IsWanted

DAY = dt.date(2026, 11, 27)
NOON = time.at(DAY, dt.time(12))
NUMBER = "0000085100"


LISTED = Listed(
    number=NUMBER,
    office="91252",
    symbol="005930",
    side=Side.BUY,
    limit=71_900,
    clock=dt.time(12),
    quantity=10,
    filled=0,
    amount=0,
    left=10,
)


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


class Deaf(Desk):
    """Takes orders, never answers a cancel, and shows the order at work; the exchange refuses the cancel by a notice."""

    def __init__(self, refuse: Callable[[], None]) -> None:
        super().__init__()
        self._refuse = refuse

    async def place(self, order: Order, is_wanted: IsWanted) -> Outcome[OrderAck]:
        return Accepted(OrderAck(AckBlock(number=NUMBER, branch="91252")))

    async def cancel(self, named: Named, *, is_market: bool) -> Outcome[OrderAck]:
        self.asked.append("cancel")
        return Unknown(KisError("응답 없음", "no answer"))

    async def orders(self, session: dt.date, lane: Lane) -> list[Listed]:
        self.asked.append("orders read")
        self._refuse()
        return [LISTED]


class Silent(Desk):
    """Lets an order leave, and never says what became of it; then shows what the day's orders are, inquiry by inquiry."""

    def __init__(self, *inquiries: Sequence[Listed]) -> None:
        super().__init__()
        self._inquiries = list(inquiries)

    async def place(self, order: Order, is_wanted: IsWanted) -> Outcome[OrderAck]:
        assert is_wanted(order.order_id)
        return Unknown(KisError("응답 없음", "no answer"))

    async def orders(self, session: dt.date, lane: Lane) -> list[Listed]:
        self.asked.append(lane.name)
        if self._inquiries:
            return list(self._inquiries.pop(0))
        raise KisError("없음", "not now")


def heard_of_a_lost_order(desk: Silent, seconds: int, monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """Return what was heard of an order whose answer was lost, over some seconds of trading."""
    monkeypatch.setattr(kis_broker, "LOST_ORDER_PAUSE_S", 0.0)
    heard: list[Event] = []

    async def run() -> None:
        async def service() -> Service:
            return desk

        broker = KisBroker(service)
        broker.on_event(
            SessionPrepared(ts=NOON - time.MINUTE, session=DAY, instruments=(), base_prices={}, facts=(), tails=())
        )
        broker.on_event(TimePassed(NOON))
        serving = asyncio.create_task(broker.serve(heard.append, lambda _: True))
        broker.send(Send(NOON, order()))
        for second in range(1, seconds + 1):
            while not broker.is_settled:
                await asyncio.sleep(0)
            broker.on_event(TimePassed(NOON + second * time.SECOND))
        while not broker.is_settled:
            await asyncio.sleep(0)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    asyncio.run(run())
    return heard


def test_an_order_whose_answer_was_lost_is_looked_up_and_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules 6 and 26: at once, before every other question."""
    desk = Silent([LISTED])
    assert heard_of_a_lost_order(desk, 0, monkeypatch) == [OrderLost(0, 1), OrderAccepted(0, 1, NUMBER)]
    assert desk.asked == ["EXIT"]


def test_an_order_that_no_inquiry_has_was_never_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule 27: two complete ones five seconds apart; one that failed between them says nothing."""
    desk = Silent([], [])
    assert heard_of_a_lost_order(desk, 4, monkeypatch) == [OrderLost(0, 1)]
    desk = Silent([], [])
    assert heard_of_a_lost_order(desk, 5, monkeypatch) == [OrderLost(0, 1), OrderNotFound(0, 1)]


refusal = Notice(
    customer="user01",
    account="1234567801",
    order_number="0000085101",
    original_number=NUMBER,
    side=Side.BUY,
    change=OrderChange.CANCELLATION,
    division="00",
    symbol="005930",
    quantity=10,
    price=None,
    clock=dt.time(12),
    is_refused=True,
    is_fill=False,
    acceptance=Acceptance.NONE,
    branch="91252",
    order_quantity=10,
)


def test_a_cancel_without_an_answer_that_a_notice_refuses_is_no_order_of_unknown_fate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The order works on and its cancel is sent again (rule 24); a second one may be under way by the last look."""
    monkeypatch.setattr(kis_broker, "LOST_CANCEL_PAUSES_S", (0.0, 0.0, 0.0))
    heard: list[Event] = []

    async def run() -> list[str]:
        desk = Deaf(lambda: broker.notice(refusal))

        async def service() -> Service:
            return desk

        broker = KisBroker(service)
        broker.on_event(
            SessionPrepared(ts=NOON - time.MINUTE, session=DAY, instruments=(), base_prices={}, facts=(), tails=())
        )
        serving = asyncio.create_task(broker.serve(heard.append, lambda _: True))
        broker.send(Send(NOON, order()))
        broker.send(Cancel(NOON, 1))
        while len(heard) < 2 or not broker.is_settled:
            await asyncio.sleep(0)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        return desk.asked

    assert asyncio.run(run()) == ["cancel", "orders read"]
    assert [type(event) for event in heard] == [OrderAccepted, CancelRefused]
