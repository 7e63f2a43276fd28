"""An entry that fills after it was taken back counts as the entry it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kats_core.market.vi import ViState
from kats_core.model import fact
from kats_core.model.bar import Book, BookLevel, Trade
from kats_core.model.codes import CoreCode
from kats_core.model.command import Cancel, Send
from kats_core.model.event import (
    BookChanged,
    Event,
    FactsChanged,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    TimePassed,
    Traded,
)
from kats_core.model.fact import Fact
from kats_core.model.kinds import FactSource, Side
from kats_core.model.order import Order
from kats_core.model.signal import Portion, Target, TargetKind
from kats_core.orders.gate_config import GateConfig
from kats_core.strategy.params import StrategyParams

if TYPE_CHECKING:
    from conftest import Desk, House

SYMBOL = "005930"


class OneEntryADay:
    """An engine whose gate lets one entry a day through, and a broker that answers when told."""

    def __init__(self, house: type[House]) -> None:
        buyer = house.Buyer(stop=25_000, targets=(Target(TargetKind.FRACTION, 0.02, Portion.ALL),))
        often = house.instance(buyer, ttl_s=60, params=StrategyParams(max_entries_per_symbol=5))
        gate = GateConfig.model_construct(max_order_frac=1.0, entries_a_day=1)
        self.desk: Desk = house.Desk(strategies=(often,), gate=gate)
        self.desk.begin(house.setup(), has_books=True)
        self.sent: list[Order] = []
        self.cancelled: list[int] = []
        ts = self.desk.at("09:59:00")
        self.feed(FactsChanged(ts, (Fact(fact.VI_STATE, ViState.NORMAL.value, ts, FactSource.FEED, SYMBOL),)))

    def feed(self, event: Event) -> OneEntryADay:
        commands = self.desk.handle(event)
        self.sent += [command.order for command in commands if isinstance(command, Send)]
        self.cancelled += [command.order_id for command in commands if isinstance(command, Cancel)]
        return self

    def signal(self, start: str, end: str) -> OneEntryADay:
        """The setup's trigger holds at the end of a minute."""
        return self.book(end, 25_450).feed(self.desk.bar_event(start, (25_450,) * 4, 1_000_000))

    def book(self, clock: str, bid: int) -> OneEntryADay:
        ts = self.desk.at(clock)
        sides = (BookLevel(bid + 50, 1_000),), (BookLevel(bid, 1_000),)
        return self.feed(BookChanged(ts, Book(SYMBOL, ts, *sides)))

    def ran_out(self) -> OneEntryADay:
        """Send an entry at 10:00 that is accepted, and taken back unfilled a minute later."""
        self.signal("09:59", "10:00:00")
        self.feed(OrderAccepted(self.desk.at("10:00:00"), self.sent[-1].order_id, "1"))
        self.feed(TimePassed(self.desk.at("10:01:00")))
        return self.feed(OrderCancelled(self.desk.at("10:01:00"), self.cancelled[-1]))

    def filled_late(self) -> OneEntryADay:
        return self.feed(OrderFilled(self.desk.at("10:01:02"), self.sent[-1].order_id, 25_500, 100))

    def sold(self) -> OneEntryADay:
        """Sell all at the target."""
        ts = self.desk.at("10:02:00")
        self.book("10:02:00", 26_050).feed(Traded(ts, Trade(SYMBOL, ts, 26_100, 10, Side.SELL, 10, 261_000)))
        self.feed(OrderAccepted(ts, self.sent[-1].order_id, "2"))
        self.feed(OrderFilled(ts, self.sent[-1].order_id, 26_050, 100))
        assert self.desk.engine.positions == ()
        return self

    @property
    def bids(self) -> int:
        return [order.side for order in self.sent].count(Side.BUY)


def test_a_bid_that_ran_out_leaves_room_for_another(house: type[House]) -> None:
    """Nothing was executed, so nothing repeats."""
    assert OneEntryADay(house).ran_out().signal("10:05", "10:06:00").bids == 2


def test_a_bid_that_ran_out_and_was_filled_all_the_same_is_the_entry_of_the_day(house: type[House]) -> None:
    """Its fill was told after the confirmation of the cancel (rule 30); the next one would be the day's second."""
    desk = OneEntryADay(house).ran_out().filled_late().sold().signal("10:05", "10:06:00")
    assert desk.bids == 1
    assert desk.desk.engine.latched == {"buyer": CoreCode.REPEAT_EXEC}


def test_it_counts_once_however_many_parts_the_late_fill_has(house: type[House]) -> None:
    """Forty shares and then sixty are one entry, and a count is not taken back twice."""
    run = OneEntryADay(house).ran_out()
    entry = run.sent[-1].order_id
    for quantity in (40, 60):
        run.feed(OrderFilled(run.desk.at("10:01:02"), entry, 25_500, quantity))
    run.sold()
    traffic = run.desk.engine.dump().desk.traffic
    assert dict(traffic.unfilled).get(run.sent[0].key, 0) == 0


def test_a_restart_between_cancel_and_fill_forgets_nothing(house: type[House]) -> None:
    """The process stops after the cancel was confirmed."""
    run = OneEntryADay(house).ran_out()
    run.desk.restart(*run.desk.stages)
    run.filled_late().sold().signal("10:05", "10:06:00")
    assert run.bids == 1
