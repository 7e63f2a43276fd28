"""Exits in a session with order books: the steps of the ladder as orders, and sells at targets with their life."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kats_core.market.vi import ViState
from kats_core.model import fact
from kats_core.model.bar import Book, BookLevel, Trade
from kats_core.model.codes import CoreCode
from kats_core.model.command import Cancel, Command, Send
from kats_core.model.event import (
    BookChanged,
    CancelRefused,
    Event,
    FactsChanged,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderLost,
    OrderNotFound,
    OrderNotSent,
    OrderRefused,
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


class Broker:
    """An engine that holds 100 shares from 25 500 with a stop at 25 000, and a broker that answers when told."""

    def __init__(self, house: type[House], *, entries_a_day: int = 6, **buyer: Any) -> None:
        plan: dict[str, Any] = {"stop": 25_000} | buyer
        often = house.instance(house.Buyer(**plan), params=StrategyParams(max_entries_per_symbol=5))
        gate = GateConfig.model_construct(max_order_frac=1.0, entries_a_day=entries_a_day)
        self.desk: Desk = house.Desk(strategies=(often,), gate=gate)
        self.desk.begin(house.setup(), has_books=True)
        self.sent: list[Order] = []
        self.cancelled: list[int] = []
        ts = self.desk.at("09:59:00")
        self.feed(FactsChanged(ts, (Fact(fact.VI_STATE, ViState.NORMAL.value, ts, FactSource.FEED, SYMBOL),)))
        self.book("10:00:00", 25_450).feed(self.desk.bar_event("09:59", (25_450,) * 4, 1_000_000))
        self.accept("10:00:00").fill("10:00:00", 25_500, 100)
        assert self.desk.engine.positions[0].quantity == 100

    def feed(self, event: Event) -> Broker:
        commands: list[Command] = self.desk.handle(event)
        self.sent += [command.order for command in commands if isinstance(command, Send)]
        self.cancelled += [command.order_id for command in commands if isinstance(command, Cancel)]
        return self

    def book(self, clock: str, bid: int | None) -> Broker:
        ts = self.desk.at(clock)
        bids = () if bid is None else (BookLevel(bid, 1_000),)
        return self.feed(BookChanged(ts, Book(SYMBOL, ts, (BookLevel((bid or 25_000) + 50, 1_000),), bids)))

    def trade(self, clock: str, price: int) -> Broker:
        ts = self.desk.at(clock)
        return self.feed(Traded(ts, Trade(SYMBOL, ts, price, 10, Side.SELL, 10, price * 10)))

    def accept(self, clock: str) -> Broker:
        return self.feed(OrderAccepted(self.desk.at(clock), self.sent[-1].order_id, "1"))

    def fill(self, clock: str, price: int, quantity: int) -> Broker:
        return self.feed(OrderFilled(self.desk.at(clock), self.sent[-1].order_id, price, quantity))

    def passes(self, clock: str) -> Broker:
        return self.feed(TimePassed(self.desk.at(clock)))

    def confirm_cancel(self, clock: str) -> Broker:
        return self.feed(OrderCancelled(self.desk.at(clock), self.cancelled[-1]))

    @property
    def sells(self) -> list[tuple[int | None, int]]:
        """(limit, quantity) of every sell that was sent."""
        return [(order.limit, order.quantity) for order in self.sent if order.side is Side.SELL]


def test_a_stop_sells_at_the_bid_then_below_it_then_at_the_market(house: type[House]) -> None:
    """Each step waits for the cancel of the one before, and fills in between count."""
    exits = Broker(house).book("10:01:00", 24_950).trade("10:01:00", 25_000).accept("10:01:00")
    assert exits.sells == [(24_950, 100)]
    exits.passes("10:01:02")
    assert exits.cancelled == []
    exits.passes("10:01:03").fill("10:01:03", 24_950, 40)
    assert exits.sells == [(24_950, 100)]
    exits.confirm_cancel("10:01:03").accept("10:01:03")
    assert exits.sells == [(24_950, 100), (24_850, 60)]
    exits.book("10:01:05", 24_700).passes("10:01:06").confirm_cancel("10:01:06")
    assert exits.sells == [(24_950, 100), (24_850, 60), (None, 60)]
    exits.accept("10:01:06").fill("10:01:06", 24_700, 60)
    assert exits.desk.engine.positions == ()


def test_a_fall_through_the_stop_goes_to_the_market_at_once(house: type[House]) -> None:
    """One percent; also from a step that is already out."""
    exits = Broker(house).book("10:01:00", 24_700).trade("10:01:00", 24_750)
    assert exits.sells == [(None, 100)]
    exits = Broker(house).book("10:01:00", 24_950).trade("10:01:00", 25_000).accept("10:01:00")
    exits.trade("10:01:01", 24_700).passes("10:01:01").confirm_cancel("10:01:01")
    assert exits.sells == [(24_950, 100), (None, 100)]


def test_what_a_step_leaves_unsold_is_no_target(house: type[House]) -> None:
    """The rest belongs to the demand."""
    exits = Broker(house).book("10:01:00", 24_950).trade("10:01:00", 25_000).accept("10:01:00")
    exits.passes("10:01:03").confirm_cancel("10:01:03")
    assert exits.desk.engine.positions[0].targets == ()


def test_the_last_minutes_have_no_time_for_steps(house: type[House]) -> None:
    """From 15:18 on."""
    assert Broker(house).book("15:18:00", 24_950).trade("15:18:00", 25_000).sells == [(None, 100)]
    assert Broker(house).book("15:17:59", 24_950).trade("15:17:59", 25_000).sells == [(24_950, 100)]


def test_a_sell_at_a_target_lives_a_minute_and_takes_a_better_bid(house: type[House]) -> None:
    """What it has not sold waits at the target's own price, and sells with the next trade that reaches it."""
    third = (Target(TargetKind.FRACTION, 0.02),)
    exits = Broker(house, targets=third).book("10:01:00", 26_050).trade("10:01:00", 26_100).accept("10:01:00")
    assert exits.sells == [(26_050, 33)]
    exits.fill("10:01:30", 26_050, 10).passes("10:01:59")
    assert exits.cancelled == []
    exits.passes("10:02:00").confirm_cancel("10:02:00")
    assert exits.desk.engine.positions[0].targets == ((26_050, 23),)
    exits.book("10:02:10", 26_100).trade("10:02:10", 26_050)
    assert exits.sells == [(26_050, 33), (26_100, 23)]
    exits.accept("10:02:10").passes("10:03:10").confirm_cancel("10:03:10")
    assert exits.desk.engine.positions[0].targets == ((26_050, 23),)


def test_a_sell_that_waited_in_vain_makes_no_room_for_another_entry(house: type[House]) -> None:
    """REPEAT_EXEC counts what was bought: one entry a day stays one, however often nobody paid the target's price."""
    everything = (Target(TargetKind.FRACTION, 0.02, Portion.ALL),)
    exits = Broker(house, targets=everything, entries_a_day=1).book("10:01:00", 26_050).trade("10:01:00", 26_100)
    exits.accept("10:01:00").passes("10:02:00").confirm_cancel("10:02:00")
    exits.book("10:02:10", 26_100).trade("10:02:10", 26_050).accept("10:02:10").fill("10:02:10", 26_100, 100)
    assert exits.desk.engine.positions == ()
    exits.book("10:06:00", 25_450).feed(exits.desk.bar_event("10:05", (25_450,) * 4, 1_000_000))
    assert exits.desk.engine.latched == {"buyer": CoreCode.REPEAT_EXEC}
    assert [order.side for order in exits.sent].count(Side.BUY) == 1


def test_an_exit_that_could_not_be_sent_is_sent_again_a_second_later(house: type[House]) -> None:
    """It exists nowhere, so nothing is sold twice; a broker that is away is not asked without a pause."""
    broker = Broker(house).trade("10:01:00", 25_000)
    (sell,) = [order for order in broker.sent if order.side is Side.SELL]
    broker.feed(OrderNotSent(broker.desk.at("10:01:00"), sell.order_id, "no connection"))
    assert len([order for order in broker.sent if order.side is Side.SELL]) == 1
    broker.book("10:01:01", 24_950).passes("10:01:01")
    first, again = [order for order in broker.sent if order.side is Side.SELL]
    assert (first.quantity, again.quantity) == (100, 100)


def test_an_exit_that_is_refused_waits_before_it_is_sent_again(house: type[House]) -> None:
    """Whoever refuses it now refuses it again: ten seconds, not at once and without end."""
    broker = Broker(house).trade("10:01:00", 25_000)
    (sell,) = [order for order in broker.sent if order.side is Side.SELL]
    broker.feed(OrderRefused(broker.desk.at("10:01:00"), sell.order_id, "no"))
    broker.book("10:01:05", 24_950).passes("10:01:05")
    assert len([order for order in broker.sent if order.side is Side.SELL]) == 1
    broker.book("10:01:10", 24_950).passes("10:01:10")
    assert len([order for order in broker.sent if order.side is Side.SELL]) == 2


def test_a_stop_behind_a_lost_cancel_goes_on_when_the_order_is_found_at_work(house: type[House]) -> None:
    """Rules 25 and 26: unknown for as long as nobody knows; found, it is cancelled again, and the rest goes down the ladder."""
    exits = Broker(house).book("10:01:00", 24_950).trade("10:01:00", 25_000).accept("10:01:00").passes("10:01:03")
    step = exits.sent[-1].order_id
    assert exits.cancelled == [step]
    exits.feed(OrderLost(exits.desk.at("10:01:16"), step)).book("10:01:20", 24_000).passes("10:01:20")
    assert (exits.cancelled, exits.sells) == ([step], [(24_950, 100)])
    exits.accept("10:01:21")
    assert exits.cancelled == [step, step]
    exits.confirm_cancel("10:01:22")
    assert exits.sells == [(24_950, 100), (None, 100)]


def test_a_stop_whose_order_never_reached_the_broker_is_sent_again_and_only_then(house: type[House]) -> None:
    """Rules 6 and 27: nothing is sold twice while nobody knows; once it is known that nothing was taken, it is sold, at the step that is due by then."""
    exits = Broker(house).book("10:01:00", 24_950).trade("10:01:00", 25_000)
    exits.feed(OrderLost(exits.desk.at("10:01:10"), exits.sent[-1].order_id))
    exits.book("10:01:15", 24_900).passes("10:01:15")
    assert exits.sells == [(24_950, 100)]
    exits.feed(OrderNotFound(exits.desk.at("10:01:17"), exits.sent[-1].order_id))
    assert exits.sells == [(24_950, 100), (None, 100)]


def test_an_exit_whose_cancel_is_refused_again_and_again_is_cancelled_again_and_again(house: type[House]) -> None:
    """A second later, then every ten seconds, an alarm each time: the stop behind it is not given up."""
    exits = Broker(house).book("10:01:00", 24_950).trade("10:01:00", 25_000).accept("10:01:00").passes("10:01:03")
    step = exits.sent[-1].order_id
    due = ["10:01:03", "10:01:04", "10:01:14", "10:01:24"]
    for count, clock in enumerate(due, 1):
        exits.passes(clock)
        assert exits.cancelled == [step] * count
        exits.feed(CancelRefused(exits.desk.at(clock), step, "no")).passes(clock)
        assert exits.cancelled == [step] * count
    exits.book("10:01:34", 24_900).passes("10:01:34").confirm_cancel("10:01:34")
    assert exits.sells[-1] == (None, 100)
