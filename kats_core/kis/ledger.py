"""Know each of our orders by the broker's numbers, and turn what the broker tells into events of the order's life.

The broker has no number of ours: an order is known by the number of its acknowledgement, an amendment or a cancel gets one of
its own, and a notice may come before the acknowledgement does. Notices tell single fills and may come twice; the inquiry of the
day's orders tells sums and is the truth (`spec/orders.md` section 2). So a notice that is like one before, or of a fill that an
inquiry may have counted, is not booked: the next inquiry says whether it was another one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

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
from kats_core.model.kinds import OrderType, Side
from kats_core.model.order import Order, OrderId

MISSED_FOR_S = 5
"""An order that two complete inquiries so far apart do not have was never taken (rule 27)."""

BEFORE_IT_LEFT_S, AFTER_IT_LEFT_S = 2, 60
"""A lost order was accepted between so long before it left, as clocks differ, and so long after (rule 26)."""

CONFIRMED_WITHIN_S = 13
"""A cancel that was taken and is not confirmed is believed for so long, as long as a lost one is looked up (rule 25)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A notice: what the broker tells of one order without being asked. `original` is the order that is to be cancelled."""

    number: str
    original: str = ""
    is_fill: bool = False
    is_refused: bool = False
    is_cancel: bool = False
    is_confirmed: bool = False
    quantity: int = 0
    price: int = 0
    clock: dt.time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A row of the day's orders: `amount` won for `filled` shares, `left` still waiting.

    `limit` is None for market orders, `clock` is when the broker accepted it.
    """

    number: str
    original: str = ""
    office: str
    symbol: str
    side: Side
    limit: int | None
    clock: dt.time | None
    quantity: int
    filled: int
    amount: int
    left: int
    is_cancelled: bool = False
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """The broker's name of an order: its number and the office that forwards it."""

    number: str
    office: str


@dataclass(slots=True)
class _Entry:
    """An order. `cancels` counts those that have left; `at_work` is when a reading first showed it behind one that was taken.

    `left_at` is when it left, `given_up_at` when its answer was given up, `missed_at` when an inquiry that did not have it began.
    """

    order: Order
    named: Named | None = None
    left_at: dt.time | None = None
    given_up_at: dt.time | None = None
    missed_at: dt.time | None = None
    is_in_doubt: bool = False
    filled: int = 0
    amount: int = 0
    listed_at: dt.time | None = None
    cancels: int = 0
    is_cancelling: bool = False
    is_taken: bool = False
    at_work: dt.time | None = None
    is_lost: bool = False
    is_over: bool = False


@dataclass(slots=True)
class OrderLedger:
    """The session's orders. What happens comes out as events in order; their instant is for whoever passes them on."""

    _entries: dict[OrderId, _Entry] = field(default_factory=dict)
    _of: dict[str, OrderId] = field(default_factory=dict)
    _early: dict[str, list[Told]] = field(default_factory=dict)
    _known: set[tuple[str, dt.time | None, int, int]] = field(default_factory=set)
    is_in_doubt: bool = False
    """Whether a notice was like one before, so that the day's orders should be read now."""

    def sending(self, order: Order) -> None:
        """Note that an order is about to leave."""
        self._entries[order.order_id] = _Entry(order)

    def name_of(self, order_id: OrderId) -> Named | None:
        """Return the broker's name of an order; None while it has none."""
        entry = self._entries.get(order_id)
        return None if entry is None else entry.named

    def order(self, order_id: OrderId) -> Order:
        """Return an order that was sent."""
        return self._entries[order_id].order

    def is_over(self, order_id: OrderId) -> bool:
        """Tell whether nothing more is expected of an order."""
        return self._entries[order_id].is_over

    @property
    def waiting(self) -> tuple[OrderId, ...]:
        """Orders of which more is expected, with or without a number."""
        return tuple(order_id for order_id, entry in self._entries.items() if not entry.is_over)

    def accepted(self, order_id: OrderId, named: Named) -> list[BrokerEvent]:
        """Take the acknowledgement of an order, and what was told of its number before."""
        return [OrderAccepted(0, order_id, named.number), *self._name(order_id, named)]

    def _name(self, order_id: OrderId, named: Named) -> list[BrokerEvent]:
        """Note the broker's name of an order; return what was told of it before."""
        self._entries[order_id].named = named
        self._of[named.number] = order_id
        events: list[BrokerEvent] = []
        for told in self._early.pop(named.number, ()):
            events += self._take(order_id, told)
        return events

    def leaving(self, order_id: OrderId, clock: dt.time) -> None:
        """Note that nothing stands between an order and the wire any more."""
        self._entries[order_id].left_at = clock

    def unanswered(self, order_id: OrderId, clock: dt.time) -> list[BrokerEvent]:
        """Note that the answer to an order is lost: the day's orders say whether it exists (`find_lost`)."""
        entry = self._entries[order_id]
        entry.is_lost, entry.given_up_at = True, clock
        return [OrderLost(0, order_id)]

    def find_lost(self, rows: Sequence[Listed], began: dt.time) -> list[BrokerEvent]:
        """Look for orders whose answer is lost among the day's orders, read completely from `began` on (rules 26 and 27)."""
        events: list[BrokerEvent] = []
        for order_id, entry in self._entries.items():
            if entry.given_up_at is None or entry.named is not None or entry.is_over:
                continue
            found = [row for row in rows if row.number not in self._of and not row.original and _may_be(row, entry)]
            if not found:
                events += self._missed(order_id, entry, began)
            elif len(found) == 1 and found[0].clock is not None:
                entry.is_lost = False
                # What has ended without a fill was never at work: there is nothing to cancel.
                tell = self.accepted if found[0].left > 0 or found[0].filled else self._name
                events += tell(order_id, Named(found[0].number, found[0].office))
            elif not entry.is_in_doubt:
                entry.is_in_doubt = True
                events.append(OrderInDoubt(0, order_id, tuple(row.number for row in found)))
        return events

    def _missed(self, order_id: OrderId, entry: _Entry, began: dt.time) -> Iterator[BrokerEvent]:
        if entry.given_up_at is None or began < entry.given_up_at:
            return  # it may have reached the broker behind this inquiry
        if entry.missed_at is None:
            entry.missed_at = began
        elif _seconds(began) - _seconds(entry.missed_at) >= MISSED_FOR_S:
            entry.is_over = True
            yield OrderNotFound(0, order_id)

    def refused(self, order_id: OrderId, text: str) -> list[BrokerEvent]:
        """Take the refusal of an order."""
        self._entries[order_id].is_over = True
        return [OrderRefused(0, order_id, text)]

    def cancelling(self, order_id: OrderId) -> int:
        """Note that a cancel is about to leave; return which of the order's it is."""
        entry = self._entries[order_id]
        entry.cancels += 1
        entry.is_cancelling, entry.is_taken, entry.at_work = True, False, None
        return entry.cancels

    def awaits(self, order_id: OrderId, cancel: int) -> bool:
        """Tell whether it is still open what comes of a cancel: nothing has ended the order or refused the cancel."""
        entry = self._entries[order_id]
        return entry.is_cancelling and entry.cancels == cancel and not entry.is_over

    def cancel_taken(self, order_id: OrderId, number: str) -> list[BrokerEvent]:
        """Take the acknowledgement of a cancel, which has a number of its own; it is done when the broker confirms it."""
        self._entries[order_id].is_taken = True
        self._of[number] = order_id
        events: list[BrokerEvent] = []
        for told in self._early.pop(number, ()):
            events += self._take(order_id, told)
        return events

    def cancel_refused(self, order_id: OrderId, text: str) -> list[BrokerEvent]:
        """Take the refusal of a cancel; of one that was lost it says that the order is at work (rule 26)."""
        entry = self._entries[order_id]
        if entry.is_lost and entry.named is not None:
            entry.is_lost = False
            return [OrderAccepted(0, order_id, entry.named.number)]
        if not entry.is_cancelling:
            return []  # told again
        entry.is_cancelling = False
        return [CancelRefused(0, order_id, text)]

    def lost(self, order_id: OrderId) -> list[BrokerEvent]:
        """Note that nobody knows what became of an order whose cancel got no answer: the next inquiry says so (rule 26)."""
        entry = self._entries[order_id]
        entry.is_cancelling, entry.is_lost = False, True
        return [OrderLost(0, order_id)]

    def hear(self, told: Told) -> list[BrokerEvent]:
        """Take a notice; one about a number that is not known yet waits for it."""
        if told.is_fill and self._is_told_again(told):
            return []
        order_id = self._of.get(told.number, self._of.get(told.original))
        if order_id is None:
            self._early.setdefault(told.original or told.number, []).append(told)
            return []
        return self._take(order_id, told)

    def read(self, rows: Iterable[Listed], asked_at: dt.time) -> list[BrokerEvent]:
        """Take the day's orders, read completely: fills that no notice told, orders that have ended, or work though cancelled.

        Notices of fills up to `asked_at`, the Korean clock of the inquiry, may still come and are known then.
        """
        events: list[BrokerEvent] = []
        self.is_in_doubt = False
        for row in rows:
            order_id = self._of.get(row.number)
            if order_id is None or row.original:
                continue
            entry = self._entries[order_id]
            events += self._catch_up(order_id, entry, row, asked_at)
            if entry.is_over:
                continue
            if row.left > 0:
                events += self._found_at_work(order_id, entry, row, asked_at)
                continue
            if row.is_refused and not row.filled:
                events += self.refused(order_id, "the exchange refused it")
            elif row.is_cancelled or row.filled < row.quantity:
                entry.is_over = True
                events.append(OrderCancelled(0, order_id))
        return events

    def _found_at_work(self, order_id: OrderId, entry: _Entry, row: Listed, asked_at: dt.time) -> Iterator[BrokerEvent]:
        if entry.is_lost:
            entry.is_lost = False
            yield OrderAccepted(0, order_id, row.number)
        elif entry.is_cancelling and entry.is_taken:
            entry.at_work = entry.at_work or asked_at
            if _seconds(asked_at) - _seconds(entry.at_work) >= CONFIRMED_WITHIN_S:
                yield from self.cancel_refused(order_id, "it was taken, and the order is still at work")

    def close(self) -> list[BrokerEvent]:
        """End what the exchange ended with the session; orders whose fate is unknown stay so."""
        ended = [order_id for order_id, entry in self._entries.items() if not entry.is_over and entry.named is not None]
        for order_id in ended:
            self._entries[order_id].is_over = True
        return [OrderExpired(0, order_id) for order_id in ended]

    def _is_told_again(self, told: Told) -> bool:
        """Tell whether a fill is like one before: told twice, or one of several alike in one second."""
        key = (told.number, told.clock, told.price, told.quantity)
        if key in self._known:
            self.is_in_doubt = True
            return True
        self._known.add(key)
        return False

    def _take(self, order_id: OrderId, told: Told) -> list[BrokerEvent]:
        entry = self._entries[order_id]
        if told.is_fill:
            return list(self._fill(order_id, entry, told))
        if entry.is_over:
            return []
        if told.is_cancel:
            return self._cancel(order_id, entry, told)
        return self.refused(order_id, "the exchange refused it") if told.is_refused else []

    def _fill(self, order_id: OrderId, entry: _Entry, told: Told) -> Iterator[BrokerEvent]:
        if entry.listed_at is not None and (told.clock is None or told.clock <= entry.listed_at):
            self.is_in_doubt = True  # the inquiry has booked it, or the next one will
        else:
            yield self._book(order_id, entry, told.price, told.quantity)

    def _catch_up(self, order_id: OrderId, entry: _Entry, row: Listed, asked_at: dt.time) -> Iterator[BrokerEvent]:
        """Yield what the inquiry counts beyond what is booked; notices of fills up to then may still come."""
        missing, won = row.filled - entry.filled, row.amount - entry.amount
        if missing <= 0 or won <= 0:
            return
        entry.listed_at = asked_at
        price, dearer = divmod(won, missing)
        if price and missing > dearer:
            yield self._book(order_id, entry, price, missing - dearer)
        if dearer:
            yield self._book(order_id, entry, price + 1, dearer)

    def _book(self, order_id: OrderId, entry: _Entry, price: int, quantity: int) -> OrderFilled:
        entry.filled += quantity
        entry.amount += price * quantity
        entry.is_lost = False  # a fill says that it is there (rule 28)
        entry.is_over = entry.is_over or entry.filled >= entry.order.quantity
        return OrderFilled(0, order_id, price, quantity)

    def _cancel(self, order_id: OrderId, entry: _Entry, told: Told) -> list[BrokerEvent]:
        if told.is_refused:
            return self.cancel_refused(order_id, "the exchange refused it")
        if not told.is_confirmed:
            return []
        entry.is_over = True
        return [OrderCancelled(0, order_id)]


def _may_be(row: Listed, entry: _Entry) -> bool:
    """Tell whether a row of the day's orders may be an order that got no number; one without a clock may."""
    order, left_at = entry.order, entry.left_at
    limit = None if order.order_type is OrderType.MARKET else order.limit
    if (row.symbol, row.side, row.quantity, row.limit) != (order.symbol, order.side, order.quantity, limit):
        return False
    if row.clock is None or left_at is None:
        return True
    return -BEFORE_IT_LEFT_S <= _seconds(row.clock) - _seconds(left_at) <= AFTER_IT_LEFT_S


def _seconds(clock: dt.time) -> int:
    return (clock.hour * 60 + clock.minute) * 60 + clock.second
