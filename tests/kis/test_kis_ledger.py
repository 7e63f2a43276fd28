"""What the broker tells of our orders becomes events: each fill once, whatever comes late, twice or never."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from kats_core.kis.ledger import Listed, Named, OrderLedger, Told
from kats_core.model.event import (
    BrokerEvent,
    CancelRefused,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderInDoubt,
    OrderLost,
    OrderNotFound,
    OrderRefused,
)
from kats_core.model.kinds import OrderState, OrderType, Purpose, Side
from kats_core.model.order import Order

NUMBER, CANCEL = "0000085100", "0000085101"
NOON = dt.time(12, 0)
AFTER_1_S, AFTER_5_S, AFTER_6_S = dt.time(12, 0, 11), dt.time(12, 0, 15), dt.time(12, 0, 16)


def order(quantity: int = 100) -> Order:
    return Order(
        order_id=7,
        signal_id="s",
        instance="vb",
        symbol="005930",
        slot=0,
        purpose=Purpose.ENTRY,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity=quantity,
        limit=71_900,
        state=OrderState.CREATED,
        created_at=0,
    )


def another(order_id: int) -> Order:
    return structs.replace(order(), order_id=order_id)


def ledger(quantity: int = 100) -> OrderLedger:
    found = OrderLedger()
    found.sending(order(quantity))
    return found


def accepted(quantity: int = 100) -> OrderLedger:
    found = ledger(quantity)
    assert found.accepted(7, Named(NUMBER, "91252")) == [OrderAccepted(0, 7, NUMBER)]
    return found


def fill(quantity: int, price: int = 71_900, clock: dt.time = NOON) -> Told:
    return Told(number=NUMBER, is_fill=True, quantity=quantity, price=price, clock=clock)


def row(
    filled: int, amount: int, left: int, quantity: int = 100, *, is_cancelled: bool = False, is_refused: bool = False
) -> Listed:
    return Listed(
        number=NUMBER,
        office="91252",
        symbol="005930",
        side=Side.BUY,
        limit=71_900,
        clock=NOON,
        quantity=quantity,
        filled=filled,
        amount=amount,
        left=left,
        is_cancelled=is_cancelled,
        is_refused=is_refused,
    )


def is_in_doubt(found: OrderLedger) -> bool:
    return found.is_in_doubt


def test_a_fill_that_is_told_before_the_acknowledgement_waits_for_it() -> None:
    """C3 of the quirks: the number is not known yet."""
    found = ledger()
    assert found.hear(fill(40)) == []
    assert found.accepted(7, Named(NUMBER, "91252")) == [OrderAccepted(0, 7, NUMBER), OrderFilled(0, 7, 71_900, 40)]


def test_each_notice_is_a_fill_of_its_own_and_never_the_sum() -> None:
    """C19: the quantity is that of this fill; with the last of them the order is over."""
    found = accepted()
    assert found.hear(fill(10)) == [OrderFilled(0, 7, 71_900, 10)]
    assert found.hear(fill(20)) == [OrderFilled(0, 7, 71_900, 20)]
    assert found.hear(fill(70)) == [OrderFilled(0, 7, 71_900, 70)]
    assert found.is_over(7)


def test_a_notice_like_one_before_is_no_fill_until_the_inquiry_says_so() -> None:
    """Told twice, or two fills alike in one second: nothing is booked twice, and nothing is lost."""
    found = accepted()
    found.hear(fill(10))
    assert not is_in_doubt(found)
    assert found.hear(fill(10)) == []
    assert is_in_doubt(found)
    assert found.read([row(20, 1_438_000, 80)], NOON) == [OrderFilled(0, 7, 71_900, 10)]
    assert found.hear(fill(10)) == []
    assert found.read([row(20, 1_438_000, 80)], NOON) == []
    assert not is_in_doubt(found)


def test_what_is_told_again_before_the_acknowledgement_is_no_second_fill_either() -> None:
    """Both wait for the number; they are one."""
    found = ledger()
    found.hear(fill(10))
    found.hear(fill(10))
    assert found.accepted(7, Named(NUMBER, "91252"))[1:] == [OrderFilled(0, 7, 71_900, 10)]


def test_a_cancel_is_done_when_the_broker_confirms_it() -> None:
    """Line 14 of the regressions: not when the request was taken; a fill in between counts."""
    found = accepted()
    found.cancelling(7)
    assert found.cancel_taken(7, CANCEL) == []
    cancel = Told(number=CANCEL, original=NUMBER, is_cancel=True)
    assert found.hear(cancel) == []
    assert found.hear(fill(30)) == [OrderFilled(0, 7, 71_900, 30)]
    confirmed = Told(number=CANCEL, original=NUMBER, is_cancel=True, is_confirmed=True)
    assert found.hear(confirmed) == [OrderCancelled(0, 7)]
    assert found.hear(fill(5)) == [OrderFilled(0, 7, 71_900, 5)]
    assert found.hear(confirmed) == []


def test_a_refused_cancel_leaves_the_order_at_work() -> None:
    """And one that is refused because everything was filled says nothing any more."""
    found = accepted()
    found.cancelling(7)
    found.cancel_taken(7, CANCEL)
    refused = Told(number=CANCEL, original=NUMBER, is_cancel=True, is_refused=True)
    assert [type(event) for event in found.hear(refused)] == [CancelRefused]
    assert not found.is_over(7)
    found.hear(fill(100))
    assert found.hear(refused) == []


def test_a_cancel_is_refused_once_however_often_that_is_told() -> None:
    """The second refusal of an order's cancel is for people: a notice that comes twice is none."""
    found = accepted()
    found.cancelling(7)
    refused = Told(number=CANCEL, original=NUMBER, is_cancel=True, is_refused=True)
    assert [type(event) for event in found.hear(refused)] == [CancelRefused]
    assert found.cancel_taken(7, CANCEL) == []
    assert found.hear(refused) == []
    assert found.read([row(0, 0, 100)], NOON) == found.read([row(0, 0, 100)], dt.time(12, 1)) == []


def test_a_cancel_that_was_taken_and_is_never_confirmed_is_refused_in_the_end() -> None:
    """Its notice was lost: readings that go on showing the order at work say so, or a stop would wait behind it for the close."""
    found = accepted()
    found.cancelling(7)
    found.cancel_taken(7, CANCEL)
    assert found.read([row(0, 0, 100)], NOON) == []
    assert found.read([row(0, 0, 100)], dt.time(12, 0, 12)) == []
    assert [type(event) for event in found.read([row(0, 0, 100)], dt.time(12, 0, 13))] == [CancelRefused]
    assert found.read([row(0, 0, 100)], dt.time(12, 1)) == []
    found.cancelling(7)
    found.cancel_taken(7, CANCEL)
    assert found.read([row(0, 0, 100)], dt.time(12, 1, 5)) == []


def test_the_refusal_of_a_cancel_that_was_lost_says_that_the_order_is_at_work() -> None:
    """Rule 26, by a notice: of an order of unknown fate no cancel can be refused."""
    found = accepted()
    found.cancelling(7)
    found.lost(7)
    refused = Told(number=CANCEL, original=NUMBER, is_cancel=True, is_refused=True)
    assert found.hear(refused) == [OrderAccepted(0, 7, NUMBER)]
    assert found.hear(refused) == found.read([row(0, 0, 100)], NOON) == []


def test_what_comes_of_a_cancel_is_open_until_it_is_refused_or_the_order_ends() -> None:
    """A later cancel of the same order is another matter."""
    found = accepted()
    first = found.cancelling(7)
    assert found.awaits(7, first)
    found.hear(Told(number=CANCEL, original=NUMBER, is_cancel=True, is_refused=True))
    assert not found.awaits(7, first)
    second = found.cancelling(7)
    assert (found.awaits(7, first), found.awaits(7, second)) == (False, True)
    found.hear(fill(100))
    assert not found.awaits(7, second)


def test_an_order_whose_cancel_was_lost_is_at_work_when_the_inquiry_finds_it() -> None:
    """Rule 26, and told once: it can be cancelled again then."""
    found = accepted()
    assert found.lost(7) == [OrderLost(0, 7)]
    assert found.read([], NOON) == []
    assert found.read([row(0, 0, 100)], NOON) == [OrderAccepted(0, 7, NUMBER)]
    assert found.read([row(0, 0, 100)], NOON) == []
    assert not found.is_over(7)


def test_a_fill_says_that_an_order_whose_cancel_was_lost_is_there() -> None:
    """Rule 28: by a notice, or by the inquiry's sum; nothing more has to be said of it."""
    found = accepted()
    found.lost(7)
    assert found.hear(fill(30)) == [OrderFilled(0, 7, 71_900, 30)]
    assert found.read([row(30, 30 * 71_900, 70)], NOON) == []
    found.lost(7)
    assert found.read([row(40, 40 * 71_900, 60)], NOON) == [OrderFilled(0, 7, 71_900, 10)]


def test_an_order_whose_lost_cancel_came_through_has_ended() -> None:
    """Rule 26 as well."""
    found = accepted()
    found.lost(7)
    assert found.read([row(0, 0, 0, is_cancelled=True)], NOON) == [OrderCancelled(0, 7)]


def test_a_refusal_after_the_acknowledgement_ends_the_order() -> None:
    """C2: the acknowledgement is the broker's, the exchange refuses later."""
    found = accepted()
    assert [type(event) for event in found.hear(Told(number=NUMBER, is_refused=True))] == [OrderRefused]
    assert found.waiting == ()


def test_the_inquiry_books_what_no_notice_told_to_the_won() -> None:
    """Its sum is the truth: 60 shares for 4 314 010 won; the notices that come late are known."""
    found = accepted()
    found.hear(fill(20))
    events = found.read([row(60, 1_438_000 + 2_876_010, 40)], NOON)
    assert sum(event.quantity for event in events if isinstance(event, OrderFilled)) == 40
    assert sum(event.quantity * event.price for event in events if isinstance(event, OrderFilled)) == 2_876_010
    assert found.hear(fill(40, 71_900)) == []
    assert found.hear(fill(40, 71_900, dt.time(12, 0, 1))) == [OrderFilled(0, 7, 71_900, 40)]


def test_the_inquiry_ends_what_is_cancelled_and_what_is_refused() -> None:
    """An order without a rest has ended, whatever was told of it."""
    cancelled, refused = accepted(), accepted()
    assert cancelled.read([row(0, 0, 0, is_cancelled=True)], NOON) == [OrderCancelled(0, 7)]
    assert [type(event) for event in refused.read([row(0, 0, 0, is_refused=True)], NOON)] == [OrderRefused]
    assert accepted().read([row(0, 0, 100)], NOON) == []


def lost() -> OrderLedger:
    """Return a ledger whose order left at noon, and ten seconds later its answer was given up."""
    found = ledger()
    found.leaving(7, NOON)
    assert found.unanswered(7, dt.time(12, 0, 10)) == [OrderLost(0, 7)]
    return found


def test_an_order_whose_answer_was_lost_is_found_among_the_days_orders() -> None:
    """Rule 26: it gets its number, what notices told of that number before, and the sums of the inquiry."""
    found = lost()
    assert found.hear(fill(20)) == []
    rows = [row(30, 30 * 71_900, 70)]
    assert found.find_lost(rows, AFTER_1_S) == [OrderAccepted(0, 7, NUMBER), OrderFilled(0, 7, 71_900, 20)]
    assert found.name_of(7) == Named(NUMBER, "91252")
    assert found.read(rows, AFTER_1_S) == [OrderFilled(0, 7, 71_900, 10)]


@pytest.mark.parametrize(
    "other",
    [
        {"symbol": "000660"},
        {"side": Side.SELL},
        {"quantity": 99},
        {"limit": 72_000},
        {"limit": None},
        {"clock": dt.time(11, 59, 57)},
        {"clock": dt.time(12, 1, 1)},
        {"original": "0000085000"},
    ],
)
def test_an_order_that_differs_is_another_one(other: dict[str, Any]) -> None:
    """Same symbol, side, quantity and limit, accepted from 2 s before it left to 60 s after; no amendment, no cancel."""
    found = lost()
    assert found.find_lost([replace(row(0, 0, 100), **other)], AFTER_1_S) == []


@pytest.mark.parametrize("event", [OrderRefused, OrderCancelled])
def test_a_lost_order_that_has_ended_without_a_fill_was_never_at_work(event: type[BrokerEvent]) -> None:
    """Nobody tries to cancel it: it is found, and it is over."""
    found = lost()
    rows = [row(0, 0, 0, is_refused=event is OrderRefused, is_cancelled=event is OrderCancelled)]
    assert found.find_lost(rows, AFTER_1_S) == []
    assert [type(one) for one in found.read(rows, AFTER_1_S)] == [event]
    assert found.waiting == ()


def test_an_order_of_ours_that_is_known_is_no_lost_one() -> None:
    """Its number belongs to an order already."""
    found = accepted()
    found.sending(another(8))
    found.leaving(8, NOON)
    found.unanswered(8, dt.time(12, 0, 10))
    assert found.find_lost([row(0, 0, 100)], AFTER_1_S) == []


def test_two_inquiries_five_seconds_apart_that_do_not_have_it_say_that_it_was_never_taken() -> None:
    """Rule 27; one that began before the answer was given up counts for nothing."""
    found = lost()
    assert found.find_lost([], dt.time(12, 0, 9)) == []
    assert found.find_lost([], dt.time(12, 0, 10)) == []
    assert found.find_lost([], dt.time(12, 0, 14)) == []
    assert found.find_lost([], AFTER_5_S) == [OrderNotFound(0, 7)]
    assert found.waiting == ()
    assert found.find_lost([], AFTER_6_S) == []


def test_what_may_be_one_of_several_is_for_a_person_to_decide() -> None:
    """Told once; the order stays of unknown fate, also where the only one that fits does not say when it was accepted."""
    found = lost()
    several = [row(0, 0, 100), replace(row(0, 0, 100), number="0000085102")]
    assert found.find_lost(several, AFTER_1_S) == [OrderInDoubt(0, 7, (NUMBER, "0000085102"))]
    assert found.find_lost(several, AFTER_6_S) == []
    assert found.waiting == (7,)
    without_clock = lost()
    assert without_clock.find_lost([replace(row(0, 0, 100), clock=None)], AFTER_1_S) == [OrderInDoubt(0, 7, (NUMBER,))]


def test_the_end_of_the_session_ends_what_has_a_number() -> None:
    """An order whose answer was lost stays to be found out."""
    found = accepted()
    found.sending(another(8))
    assert found.close() == [OrderExpired(0, 7)]
    assert found.waiting == (8,)


@dataclass
class Exchange:
    """Fills an order bit by bit; each fill has a notice that may come late, twice, or never."""

    found: OrderLedger = field(default_factory=lambda: ledger(60))
    clock: int = 0
    fills: list[Told] = field(default_factory=list)
    on_the_way: list[Told] = field(default_factory=list)
    events: list[BrokerEvent] = field(default_factory=list)
    is_accepted: bool = False

    def now(self) -> dt.time:
        return dt.time(10, self.clock // 60, self.clock % 60)

    def filled(self) -> int:
        return sum(one.quantity for one in self.fills)

    def booked(self) -> list[OrderFilled]:
        return [event for event in self.events if isinstance(event, OrderFilled)]

    def accept(self) -> None:
        if not self.is_accepted:
            self.is_accepted = True
            self.events += self.found.accepted(7, Named(NUMBER, "91252"))

    def inquire(self) -> None:
        filled, amount = self.filled(), sum(one.quantity * one.price for one in self.fills)
        self.events += self.found.read([row(filled, amount, 60 - filled, 60)], self.now())

    def step(self, what: str, number: int) -> None:
        self.clock += number % 2
        if what == "fill" and self.filled() < 60:
            told = fill(min(number, 60 - self.filled()), 71_900 + number, self.now())
            self.fills.append(told)
            self.on_the_way.append(told)
        elif what == "tell" and self.on_the_way:
            self.events += self.found.hear(self.on_the_way.pop(0))
        elif what == "lose" and self.on_the_way:
            del self.on_the_way[0]
        elif what == "tell again":
            for one in [one for one in self.fills if one not in self.on_the_way][-number:]:
                self.events += self.found.hear(one)
        elif what == "accept":
            self.accept()
        elif what == "inquire":
            self.inquire()


STEPS = st.sampled_from(["fill", "tell", "lose", "tell again", "accept", "inquire", "fill", "tell"])


@given(st.lists(st.tuples(STEPS, st.integers(1, 9)), max_size=60))
def test_every_fill_is_booked_once(steps: list[tuple[str, int]]) -> None:
    """Never more than was filled, and after the last inquiry exactly that, in shares and in won."""
    exchange = Exchange()
    for what, number in steps:
        exchange.step(what, number)
        assert sum(event.quantity for event in exchange.booked()) <= exchange.filled()
    exchange.accept()
    exchange.inquire()
    assert sum(event.quantity for event in exchange.booked()) == exchange.filled()
    wanted = sum(one.quantity * one.price for one in exchange.fills)
    assert sum(event.quantity * event.price for event in exchange.booked()) == wanted
