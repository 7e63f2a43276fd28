"""An exit never meets a bid of ours: it stays above it until its cancel is confirmed, three seconds at most (`spec/orders.md` section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kats_core.market.vi import ViState
from kats_core.model import fact, time
from kats_core.model.bar import Book, BookLevel, Trade
from kats_core.model.codes import CoreCode
from kats_core.model.command import Cancel, Notify, Send
from kats_core.model.event import (
    BookChanged,
    CancelRefused,
    Event,
    FactsChanged,
    FlattenOrdered,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderNotSent,
    OrderRefused,
    TimePassed,
    Traded,
)
from kats_core.model.fact import Fact
from kats_core.model.kinds import FactSource, OrderState, Severity, Side
from kats_core.model.order import Order
from kats_core.model.record import OrderRecord
from kats_core.model.scope import ALL
from kats_core.model.signal import Portion, Target, TargetKind
from kats_core.model.time import Nanos

if TYPE_CHECKING:
    from conftest import Desk, House

SYMBOL = "005930"
ALARM = str(CoreCode.OWN_BID_LIVES)


class Market:
    """Ticks of 10 around 10 000. The holder has 60 shares from 10 000 and bids there for 40 more; its stop is 9 990.

    `others` bid 9 980 and so on for 100 shares each, one instance a bid. The broker answers when told.
    """

    def __init__(
        self,
        house: type[House],
        *others: int,
        held_bid: bool = True,
        accepts_others: bool = True,
        **buyer: Any,
    ) -> None:
        plan: dict[str, Any] = {"cap": 10_100, "stop": 9_990} | buyer
        limits = {f"other-{limit}": limit for limit in others}
        bidding = [
            house.instance(house.Buyer(confirming=_bids(house, limit)), name, ttl_s=600)
            for name, limit in limits.items()
        ]
        holder = house.instance(house.Buyer(**plan), ttl_s=600)
        self.house = house
        self.desk: Desk = house.Desk(strategies=(holder, *bidding))
        setups = (house.setup(9_990), *(house.setup(9_990, instance=name) for name in limits))
        self.desk.begin(*setups, base=10_000, has_books=True)
        self.sent: list[Order] = []
        self.cancelled: list[int] = []
        self.alarms: list[Notify] = []
        self.now: Nanos = 0
        ts = self.desk.at("09:59:00")
        self.feed(FactsChanged(ts, (Fact(fact.VI_STATE, ViState.NORMAL.value, ts, FactSource.FEED, SYMBOL),)))
        self.book("10:00:00", 9_980).feed(self.desk.bar_event("09:59", (9_990,) * 4, 1_000_000))
        for order in list(self.sent if accepts_others else self.sent[:1]):
            self.feed(OrderAccepted(self.now, order.order_id, str(order.order_id)))
        quantity = 60 if held_bid else 100
        self.feed(OrderFilled(self.desk.at("10:00:00"), self.bids[0].order_id, 10_000, quantity))
        assert [position.quantity for position in self.desk.engine.positions] == [quantity]

    def feed(self, event: Event) -> Market:
        self.now = event.ts
        for command in self.desk.handle(event):
            match command:
                case Send(_, order):
                    self.sent.append(order)
                case Cancel(_, order_id):
                    self.cancelled.append(order_id)
                case Notify(severity=Severity.CRITICAL):
                    self.alarms.append(command)
        return self

    def book(self, clock: str, bid: int) -> Market:
        ts = self.desk.at(clock)
        return self.feed(BookChanged(ts, Book(SYMBOL, ts, (BookLevel(bid + 10, 1_000),), (BookLevel(bid, 1_000),))))

    def trade(self, clock: str, price: int) -> Market:
        ts = self.desk.at(clock)
        return self.feed(Traded(ts, Trade(SYMBOL, ts, price, 10, Side.SELL, 10, price * 10)))

    def stop(self, clock: str = "10:01:00") -> Market:
        """The stop is reached, and 9 990 is bid."""
        return self.book(clock, 9_990).trade(clock, 9_990)

    def flatten(self, clock: str = "10:01:00") -> Market:
        """A person wants everything sold, at the market."""
        return self.book(clock, 9_990).feed(FlattenOrdered(ts=self.desk.at(clock), scope=ALL, who="kim"))

    def restart(self) -> Market:
        """Stop the process and start another one that goes on."""
        self.desk.restart(*self.desk.stages)
        return self

    def answer(self, order: Order, how: str) -> None:
        """Let the broker accept an order, fill some of it, or confirm its cancel, where it can."""
        if how == "accept" and order.state is OrderState.SUBMITTING:
            self.feed(OrderAccepted(self.now, order.order_id, "1"))
        elif how == "fill" and order.state is not OrderState.SUBMITTING:
            self.feed(OrderFilled(self.now, order.order_id, order.limit or 9_990, min(order.remaining, 15)))
        elif how == "cancel" and order.order_id in self.cancelled:
            self.feed(OrderCancelled(self.now, order.order_id))

    def settle(self) -> None:
        """Let ten seconds pass and everything be answered."""
        self.feed(TimePassed(self.now + 10 * time.SECOND))
        for order in self.desk.engine.live_orders:
            self.answer(order, "accept")
        for order in self.desk.engine.live_orders:
            if order.order_id in self.cancelled:
                self.answer(order, "cancel")
            elif order.side is Side.SELL:
                self.feed(OrderFilled(self.now, order.order_id, order.limit or 9_990, order.remaining))

    def passes(self, clock: str) -> Market:
        return self.feed(TimePassed(self.desk.at(clock)))

    def accept(self, clock: str) -> Market:
        return self.feed(OrderAccepted(self.desk.at(clock), self.sent[-1].order_id, "sell"))

    def confirm(self, clock: str, order: Order) -> Market:
        """The broker confirms that an order is cancelled, which it was asked for."""
        assert order.order_id in self.cancelled
        return self.feed(OrderCancelled(self.desk.at(clock), order.order_id))

    def fill(self, clock: str, order: Order, price: int, quantity: int) -> Market:
        return self.feed(OrderFilled(self.desk.at(clock), order.order_id, price, quantity))

    @property
    def bids(self) -> list[Order]:
        return [order for order in self.sent if order.side is Side.BUY]

    @property
    def sells(self) -> list[Order]:
        return [order for order in self.sent if order.side is Side.SELL]

    @property
    def asked(self) -> list[tuple[int | None, int]]:
        """(limit, quantity) of every sell that was sent."""
        return [(order.limit, order.quantity) for order in self.sells]


def _bids(house: type[House], limit: int) -> Any:
    """Return an answer that always bids at a limit."""
    return lambda view, setup: house.Buyer().signal(limit, limit, limit, limit - 500)


def test_an_exit_stays_a_tick_above_a_bid_whose_cancel_is_not_confirmed(house: type[House]) -> None:
    """Bid 10 000, exit wanted at 9 990: sent at 10 010, behind the cancel."""
    market = Market(house).stop()
    assert market.cancelled == [market.bids[0].order_id]
    assert market.asked == [(10_010, 60)]
    assert market.alarms == []


def test_a_market_sell_becomes_such_a_limit_too(house: type[House]) -> None:
    """It would take our own bid with the others."""
    assert Market(house).flatten().asked == [(10_010, 60)]


def test_an_exit_above_the_bid_goes_as_it_is(house: type[House]) -> None:
    """Bid 9 980 and 9 990 is paid: nothing stands in the way, and nothing is taken back when the cancel is confirmed."""
    market = Market(house, 9_980, held_bid=False).stop()
    assert market.asked == [(9_990, 100)]
    market.accept("10:01:00").confirm("10:01:01", market.bids[1]).passes("10:01:02")
    assert market.cancelled == [market.bids[1].order_id]
    assert market.asked == [(9_990, 100)]


@pytest.mark.parametrize(("wanted", "price"), [("stop", 9_990), ("flatten", None)])
def test_with_the_confirmation_it_goes_to_its_own_price_at_once(
    house: type[House], wanted: str, price: int | None
) -> None:
    """Cancelled and sent again, as each step of the ladder: at the bid, or at the market."""
    market = Market(house)
    getattr(market, wanted)()
    bid, raised = market.bids[0], market.sells[0]
    market.accept("10:01:00").confirm("10:01:00.800", bid)
    assert market.cancelled == [bid.order_id, raised.order_id]
    market.confirm("10:01:01", raised)
    assert market.asked == [(10_010, 60), (price, 60)]
    assert market.alarms == []


def test_a_confirmation_before_the_exit_is_accepted_counts(house: type[House]) -> None:
    """The exit is taken back as soon as the broker knows it."""
    market = Market(house).stop()
    bid, raised = market.bids[0], market.sells[0]
    market.confirm("10:01:00.100", bid)
    assert market.cancelled == [bid.order_id]
    market.accept("10:01:00.200")
    assert market.cancelled == [bid.order_id, raised.order_id]


def test_a_bid_that_the_broker_refuses_is_gone(house: type[House]) -> None:
    """One that was on its way when the exit came: it needs no cancel any more."""
    market = Market(house, 9_990, held_bid=False, accepts_others=False).stop()
    assert market.asked == [(10_000, 100)]
    market.accept("10:01:00").feed(OrderRefused(market.desk.at("10:01:00.500"), market.bids[1].order_id, "no"))
    market.confirm("10:01:00.800", market.sells[0])
    assert market.asked == [(10_000, 100), (9_990, 100)]


def test_after_three_seconds_people_are_told_and_it_goes_all_the_same(house: type[House]) -> None:
    """A stop that waits for good protects nobody: on to the second step of the ladder, with one alarm."""
    market = Market(house).stop().accept("10:01:00").passes("10:01:02.999")
    assert (market.asked, market.alarms) == ([(10_010, 60)], [])
    market.book("10:01:03", 9_990).passes("10:01:03")
    (alarm,) = market.alarms
    assert (alarm.code, alarm.symbol, alarm.detail["bid"]) == (ALARM, SYMBOL, 10_000)
    market.confirm("10:01:03.500", market.sells[0])
    assert market.asked == [(10_010, 60), (9_970, 60)]
    market.accept("10:01:03.500").book("10:01:06", 9_990).passes("10:01:06").confirm("10:01:06", market.sells[1])
    assert market.asked == [(10_010, 60), (9_970, 60), (None, 60)]
    assert market.alarms == [alarm]


def test_the_alarm_is_told_in_both_languages() -> None:
    """Whoever is woken by it reads why."""
    assert "자기 매수 주문" in CoreCode.OWN_BID_LIVES.ko
    assert "a bid of our own" in CoreCode.OWN_BID_LIVES.en


def test_a_refused_cancel_leaves_the_bid_where_it_is(house: type[House]) -> None:
    """The exit stays above it while the cancel is tried again, three seconds in all."""
    market = Market(house).stop().accept("10:01:00")
    bid = market.bids[0]
    market.feed(CancelRefused(market.desk.at("10:01:00.300"), bid.order_id, "no")).passes("10:01:01.300")
    assert market.cancelled == [bid.order_id] * 2
    assert market.asked == [(10_010, 60)]
    market.feed(CancelRefused(market.desk.at("10:01:01.600"), bid.order_id, "no")).passes("10:01:02.900")
    assert market.cancelled == [bid.order_id] * 2
    market.passes("10:01:03").confirm("10:01:03.200", market.sells[0])
    assert market.asked[1:] == [(9_970, 60)]
    assert [alarm.code for alarm in market.alarms] == [str(CoreCode.CANCEL_REFUSED), ALARM]


def test_the_highest_of_several_bids_counts_until_it_is_gone(house: type[House]) -> None:
    """10 000 and 9 980: at 10 010, then at 9 990, then at the market."""
    market = Market(house, 9_980).flatten().accept("10:01:00.500")
    first, second = market.bids
    assert market.cancelled == [first.order_id, second.order_id]
    market.confirm("10:01:00.800", first).confirm("10:01:01", market.sells[0]).accept("10:01:01.200")
    market.confirm("10:01:01.600", second).confirm("10:01:02", market.sells[1])
    assert market.asked == [(10_010, 60), (9_990, 60), (None, 60)]
    assert market.alarms == []


def test_a_lower_bid_that_is_confirmed_first_moves_nothing(house: type[House]) -> None:
    """The higher one is still there."""
    market = Market(house, 9_980).flatten().accept("10:01:00.500")
    market.confirm("10:01:00.800", market.bids[1]).passes("10:01:02")
    assert market.cancelled == [bid.order_id for bid in market.bids]


def test_what_the_bid_still_buys_is_sold_too(house: type[House]) -> None:
    """Ten of the forty shares while the exit waits: seventy are sold."""
    market = Market(house).stop().accept("10:01:00")
    bid, raised = market.bids[0], market.sells[0]
    market.fill("10:01:00.200", bid, 10_000, 10).confirm("10:01:00.500", bid)
    assert market.asked == [(10_010, 60)]
    market.confirm("10:01:00.800", raised)
    assert market.asked == [(10_010, 60), (9_990, 70)]
    market.accept("10:01:00.800").fill("10:01:01", market.sells[1], 9_990, 70)
    assert market.desk.engine.positions == ()


def test_a_bid_that_is_bought_whole_is_in_nobodys_way(house: type[House]) -> None:
    """All hundred shares go to the bid; what the waiting exit has sold meanwhile is sold."""
    market = Market(house).stop().accept("10:01:00")
    bid, raised = market.bids[0], market.sells[0]
    market.fill("10:01:00.200", raised, 10_010, 25).fill("10:01:00.300", bid, 10_000, 40)
    market.confirm("10:01:00.800", raised)
    assert market.asked == [(10_010, 60), (9_990, 75)]


def test_a_sell_at_a_target_stays_above_our_bid_and_comes_back_to_the_target(house: type[House]) -> None:
    """Target 10 100, and another instance bids 10 150 then: 10 160, and the target as soon as that bid is gone."""
    third = (Target(TargetKind.FRACTION, 0.01, Portion.THIRD),)
    market = Market(house, 10_150, held_bid=False, targets=third)
    market.book("10:01:00", 10_100).trade("10:01:00", 10_100).accept("10:01:00")
    assert market.asked == [(10_160, 33)]
    market.confirm("10:01:00.400", market.bids[1]).book("10:01:00.600", 10_090).confirm("10:01:00.600", market.sells[0])
    assert market.asked == [(10_160, 33), (10_100, 33)]
    (held,) = market.desk.engine.positions
    assert (held.targets, held.reached) == ((), 1)


def test_a_target_for_which_there_is_no_room_yet_leaves_with_time_alone(house: type[House]) -> None:
    """Cancel, sell and cancel fill the lane of a second; no trade has to reach the target again."""
    third = (Target(TargetKind.FRACTION, 0.01, Portion.THIRD),)
    market = Market(house, 10_150, held_bid=False, targets=third)
    market.book("10:01:00", 10_100).trade("10:01:00", 10_100).accept("10:01:00")
    market.confirm("10:01:00.010", market.bids[1]).confirm("10:01:00.020", market.sells[0])
    assert market.asked == [(10_160, 33)]
    assert market.desk.engine.next_timer() == market.now
    market.book("10:01:01", 10_090).passes("10:01:01")
    assert market.asked == [(10_160, 33), (10_100, 33)]


def test_a_raised_exit_that_never_left_is_sent_at_its_price_at_once(house: type[House]) -> None:
    """Its bid was gone before its turn came, so nobody wanted it any more: no pause, as after a broker that is away."""
    market = Market(house).stop()
    raised = market.sells[0]
    market.confirm("10:01:00.500", market.bids[0])
    assert not market.desk.engine.wants(raised.order_id)
    market.feed(OrderNotSent(market.desk.at("10:01:00.600"), raised.order_id, "not wanted"))
    assert market.asked == [(10_010, 60), (9_990, 60)]


def test_on_paper_the_exit_waits_for_its_bid_and_sells_what_that_bought(house: type[House]) -> None:
    """Orders take 200 ms to the exchange: the bid goes on filling while its cancel is on the way."""
    desk = house.Desk(strategies=(house.instance(house.Buyer(cap=10_100, stop=9_990), ttl_s=600),))
    desk.begin(house.setup(9_990), base=10_000, has_books=True)

    def book(clock: str, bid: int, shares: int) -> None:
        ts = desk.at(clock)
        desk.feed(BookChanged(ts, Book(SYMBOL, ts, (BookLevel(bid + 10, shares),), (BookLevel(bid, 10_000),))))

    def trade(clock: str, price: int, quantity: int) -> None:
        ts = desk.at(clock)
        desk.feed(Traded(ts, Trade(SYMBOL, ts, price, quantity, Side.SELL, quantity, price * quantity)))

    ts = desk.at("09:00:00")
    desk.feed(FactsChanged(ts, (Fact(fact.VI_STATE, ViState.NORMAL.value, ts, FactSource.FEED, SYMBOL),)))
    book("10:00:59", 9_980, 300)
    desk.minute("10:00", 9_990)
    desk.passes("10:01:01")
    assert desk.bought == [(9_990, 60)]
    trade("10:01:10", 9_990, 10)
    trade("10:01:10.100", 10_000, 15)
    book("10:01:10.300", 9_980, 300)
    book("10:01:10.700", 9_980, 300)
    book("10:01:12", 9_980, 300)
    orders = [(order.limit, order.quantity) for order in desk.kept(OrderRecord) if order.side is Side.SELL]
    assert orders == [(10_010, 70), (9_980, 85)]
    assert desk.bought == [(9_990, 60), (10_000, 10), (10_000, 15)]
    assert desk.sold == [(9_980, 85)]
    assert desk.engine.positions == ()
    assert desk.notices == []


def test_a_restart_forgets_neither_the_bid_nor_the_exit_above_it(house: type[House]) -> None:
    """The three seconds go on, and the exit finds its price."""
    market = Market(house).stop().accept("10:01:00").restart().passes("10:01:02.900")
    assert market.cancelled == [market.bids[0].order_id]
    market.passes("10:01:03").restart()
    assert [alarm.code for alarm in market.alarms] == [ALARM]
    market.confirm("10:01:03.500", market.sells[0])
    assert market.asked == [(10_010, 60), (9_970, 60)]
    assert [alarm.code for alarm in market.alarms] == [ALARM]


def test_on_bars_a_cancel_takes_no_time(house: type[House]) -> None:
    """The broker carries out cancel and sell one behind the other: the stop is sold inside its bar, as without a bid."""
    desk = house.Desk(strategies=(house.instance(house.Buyer(stop=25_000), ttl_s=600),), participation=0.001)
    desk.begin(house.setup()).minute("10:00", 25_450).minute("10:01", 25_450, volume=60_000)
    assert desk.bought == [(25_500, 60)]
    assert [order.remaining for order in desk.engine.live_orders] == [40]
    desk.minute("10:02", 25_450, 25_450, 24_900, 24_900, volume=20_000)
    sells = [(order.limit, order.quantity) for order in desk.kept(OrderRecord) if order.side is Side.SELL]
    assert sells == [(None, 80)]
    assert desk.sold == [(24_950, 20)]
    assert [order.side for order in desk.engine.live_orders] == [Side.SELL]


ANSWERS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["accept", "fill", "cancel", "time"])), max_size=30)
BIDS = st.lists(st.sampled_from([9_960, 9_970, 9_990, 10_010, 10_050]), max_size=2, unique=True)


@given(answers=ANSWERS, others=BIDS, wanted=st.sampled_from(["stop", "flatten"]))
@settings(max_examples=60, deadline=None)
def test_whatever_the_broker_answers_no_exit_meets_a_bid_that_is_awaited(
    house: type[House], answers: list[tuple[int, str]], others: list[int], wanted: str
) -> None:
    """Each sell lies above every own bid that lives and was wanted gone less than three seconds before; in the end all is sold."""
    market = Market(house, *others)
    getattr(market, wanted)()
    began, checked = market.now, 0
    for which, answer in [*answers, *((0, "settle"),) * 12]:
        for sell in market.sells[checked:]:
            bids = [o.limit or 0 for o in market.desk.engine.live_orders if o.side is Side.BUY]
            if market.now - began < 3 * time.SECOND and bids:
                assert sell.limit is not None
                assert sell.limit > max(bids)
        checked = len(market.sells)
        living = market.desk.engine.live_orders
        if answer == "settle":
            market.settle()
        elif answer == "time" or not living:
            market.feed(TimePassed(market.now + time.SECOND // 2))
        else:
            market.answer(living[which % len(living)], answer)
    assert [p for p in market.desk.engine.positions if p.instance == "buyer"] == []
