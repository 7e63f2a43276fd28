"""What a print decides is sold when the exchange takes it: the opening print at the open, the closing one not before the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kats_core.engine.state import StrategyInstance
from kats_core.market import status
from kats_core.market.vi import ViState
from kats_core.model import fact
from kats_core.model.bar import Book, BookLevel, Trade
from kats_core.model.codes import CoreCode
from kats_core.model.event import BookChanged, FactsChanged, PhaseReached, Traded
from kats_core.model.fact import Fact
from kats_core.model.kinds import FactSource, MarketPhase, OrderState, Side
from kats_core.model.record import FaultRecord, OrderEventRecord, OrderRecord, TradeRecord
from kats_core.model.setup import Setup
from kats_core.model.signal import Confirmation, Portion, Signal, Target, TargetKind
from kats_core.orders.gate_config import GateConfig
from kats_core.strategy.contract import View
from kats_core.strategy.params import StrategyParams

if TYPE_CHECKING:
    from conftest import Desk, House

SYMBOL = "005930"
IN_THIRDS = (
    Target(TargetKind.ABSOLUTE, 26_000, Portion.THIRD),
    Target(TargetKind.ABSOLUTE, 27_000, Portion.THIRD),
)


class Held:
    """A hundred shares from 25 500 with a stop at 25 000 and thirds to be sold at 26 000 and 27 000, in a streamed session."""

    def __init__(self, house: type[House], others: tuple[StrategyInstance, ...] = (), **desk: Any) -> None:
        buyer = house.Buyer(cap=25_550, stop=25_000, targets=IN_THIRDS)
        once = house.instance(buyer, ttl_s=120, params=StrategyParams(max_entries_per_symbol=1))
        self.desk: Desk = house.Desk(strategies=(once, *others), **desk)
        self.desk.begin(house.setup(), *(house.setup(instance=other.name) for other in others), has_books=True)
        self.fact(fact.VI_STATE, ViState.NORMAL.value, "09:00:00")
        self.book("10:00:59", 25_450).desk.minute("10:00", 25_450)
        self.trade("10:01:01", 25_450)
        assert self.desk.bought[0] == (25_500, 100)

    def next_morning(self) -> Held:
        """The evening, and the next session up to its opening auction."""
        self.desk.next_session(base=25_450, is_open=False, has_books=True)
        return self.fact(fact.VI_STATE, ViState.NORMAL.value, "08:55:00")

    def fact(self, name: str, value: Any, clock: str) -> Held:
        ts = self.desk.at(clock)
        self.desk.feed(FactsChanged(ts, (Fact(name, value, ts, FactSource.FEED, SYMBOL),)))
        return self

    def book(self, clock: str, bid: int) -> Held:
        ts = self.desk.at(clock)
        sides = (BookLevel(bid + 50, 10_000),), (BookLevel(bid, 10_000),)
        self.desk.feed(BookChanged(ts, Book(SYMBOL, ts, *sides)))
        return self

    def trade(self, clock: str, price: int, *, is_auction: bool = False) -> Held:
        ts = self.desk.at(clock)
        side = None if is_auction else Side.SELL
        self.desk.feed(Traded(ts, Trade(SYMBOL, ts, price, 100, side, 100, price * 100, is_auction)))
        return self

    def phase(self, clock: str, phase: MarketPhase) -> Held:
        self.desk.feed(PhaseReached(self.desk.at(clock), phase))
        return self

    @property
    def sells(self) -> list[tuple[str, int | None, int]]:
        """(reason, limit, shares) of every sell that was created in the session."""
        return [
            (order.reason, order.limit, order.quantity)
            for order in self.desk.kept(OrderRecord)
            if order.side is Side.SELL and order.session == self.desk.session
        ]

    @property
    def stop(self) -> int:
        return self.desk.engine.positions[0].stop


T1, STOP = str(CoreCode.T1), str(CoreCode.STOP)


class TestOpeningPrint:
    """The opening price is printed at the moment when continuous trading begins; it may be told before that begins."""

    def test_a_target_that_it_reaches_leaves_with_the_first_orders(self, house: type[House]) -> None:
        """At 09:00:00, for what is bid then: a gap over the target is not given away."""
        held = Held(house).next_morning().trade("09:00:00", 26_200, is_auction=True)
        assert held.sells == []
        held.book("09:00:00", 26_150).desk.open()
        assert held.sells == [(T1, 26_150, 33)]
        assert held.stop > 25_500
        held.book("09:00:01", 26_150).trade("09:00:02", 26_150)
        assert held.desk.sold == [(26_150, 33)]
        assert held.desk.kept(FaultRecord) == []

    def test_a_process_that_is_restarted_between_print_and_open_sells_it_too(self, house: type[House]) -> None:
        """A restart loses no exit."""
        held = Held(house).next_morning().trade("09:00:00", 26_000, is_auction=True)
        held.desk.restart(*held.desk.stages)
        held.book("09:00:00", 25_950).desk.open()
        assert held.sells == [(T1, 26_000, 33)]
        assert held.desk.kept(FaultRecord) == []

    def test_a_stop_that_it_reaches_is_sold_whole(self, house: type[House]) -> None:
        """The stop goes before a target that a later trade may reach."""
        held = Held(house).next_morning().trade("09:00:00", 24_900, is_auction=True)
        held.book("09:00:00", 24_850).desk.open()
        assert [(reason, shares) for reason, _, shares in held.sells] == [(STOP, 100)]

    def test_what_has_to_be_sold_whole_is_not_sold_in_part_first(self, house: type[House]) -> None:
        """Two trades before the phase is told: the target's, then the stop's."""
        held = Held(house).next_morning().trade("09:00:00", 26_000, is_auction=True).trade("09:00:00", 24_900)
        held.book("09:00:00", 24_850).desk.open()
        assert [(reason, shares) for reason, _, shares in held.sells] == [(STOP, 100)]

    def test_what_has_to_be_sold_leaves_before_it_where_the_lane_is_narrow(self, house: type[House]) -> None:
        """One message a second: a position that was to be sold yesterday goes first, the target a second later."""
        by_clock = house.Buyer(cap=25_550, stop=25_000, time_exit=house.clock_exit())
        gate = GateConfig.model_construct(max_order_frac=1.0, exits_per_second=1)
        held = Held(house, others=(house.instance(by_clock, "clock", ttl_s=120),), gate=gate)
        assert len(held.desk.engine.positions) == 2
        held.next_morning().trade("09:00:00", 26_200, is_auction=True)
        held.book("09:00:00", 26_150).desk.open()
        assert [reason for reason, _, _ in held.sells] == [str(CoreCode.FORCED_OVERNIGHT)]
        held.desk.passes("09:00:01")
        assert [reason for reason, _, _ in held.sells] == [str(CoreCode.FORCED_OVERNIGHT), T1]

    def test_of_two_for_which_there_is_room_for_one_time_alone_sells_the_other(self, house: type[House]) -> None:
        """No further trade has to reach it."""
        other = house.Buyer(cap=25_550, stop=25_000, targets=IN_THIRDS)
        gate = GateConfig.model_construct(max_order_frac=1.0, exits_per_second=1)
        held = Held(house, others=(house.instance(other, "other", ttl_s=120),), gate=gate)
        held.next_morning().trade("09:00:00", 26_200, is_auction=True)
        held.book("09:00:00", 26_150).desk.open()
        held.book("09:00:00.500", 26_150)
        assert held.desk.sold == [(26_150, 33)]
        assert held.desk.engine.live_orders == ()
        assert held.desk.engine.next_timer() == held.desk.at("09:00:00.500")
        held.desk.passes("09:00:01")
        assert held.sells == [(T1, 26_150, 33)] * 2


class TestClosingPrint:
    """Behind it nothing can be sold: an order would only be refused."""

    @pytest.mark.parametrize(("price", "reason"), [(26_000, T1), (24_900, STOP)])
    def test_what_it_reaches_is_not_sent_into_a_closed_market(
        self, house: type[House], price: int, reason: str
    ) -> None:
        """A stop is sold at the next open; a target, which is a price, when a trade reaches it again."""
        held = Held(house)
        held.desk.check()
        held.phase("15:20:00", MarketPhase.CLOSE_AUCTION).trade("15:30:00", price, is_auction=True)
        held.desk.passes("15:30:30")
        assert held.sells == []
        held.next_morning().trade("09:00:00", price, is_auction=True)
        held.book("09:00:00", price).desk.open()
        assert [why for why, _, _ in held.sells] == [reason]


class TestHeldBack:
    """What the gate does not let pass is not lost."""

    def test_a_target_that_the_gate_holds_back_is_placed_again(self, house: type[House]) -> None:
        """Ten seconds later at the earliest, since each time is an alarm; the stop has risen with the first."""
        held = Held(house).fact(fact.STATUS, status.HALTED, "10:02:00").book("10:02:01", 25_950)
        held.trade("10:02:02", 26_000).trade("10:02:03", 26_000)
        assert [one.code for one in held.desk.kept(FaultRecord)] == [str(CoreCode.STATUS_BLOCK)]
        assert held.stop > 25_500
        held.fact(fact.STATUS, "00", "10:02:05").trade("10:02:11", 26_000)
        assert len(held.sells) == 1
        held.book("10:02:12", 26_000).trade("10:02:12", 26_000).book("10:02:13", 26_000).trade("10:02:14", 26_000)
        assert held.sells == [(T1, 26_000, 33)] * 2
        assert held.desk.sold == [(26_000, 33)]
        refused = [one for one in held.desk.kept(OrderEventRecord) if one.after is OrderState.REJECTED]
        assert len(refused) == 1

    def test_a_target_that_waits_for_room_behind_cancels_is_placed_as_soon_as_there_is_some(
        self, house: type[House]
    ) -> None:
        """Our own bid is cancelled first, which takes the second's room: no alarm, and no pause for one."""
        patient = house.Buyer()

        def below(view: View, _: Setup) -> Confirmation:
            signal: Signal = patient.signal(view.last, 25_000, 25_000, 24_000)
            return signal

        patient.confirming = below
        bidder = house.instance(patient, "bidder", ttl_s=900)
        gate = GateConfig.model_construct(max_order_frac=1.0, exits_per_second=1)
        held = Held(house, others=(bidder,), gate=gate)
        assert len(held.desk.engine.live_orders) == 1
        held.book("10:02:02", 25_950).trade("10:02:02", 26_000).trade("10:02:02", 26_000)
        assert held.sells == []
        held.book("10:02:03", 25_950).trade("10:02:03", 26_000)
        assert held.sells == [(T1, 26_000, 33)]
        assert held.desk.kept(FaultRecord) == []

    def test_the_print_of_an_interruption_sells_what_it_reaches(self, house: type[House]) -> None:
        """It is told before the message that ends the interruption."""
        held = Held(house).fact(fact.VI_STATE, ViState.VI_AUCTION.value, "10:05:00")
        held.trade("10:07:20", 26_100, is_auction=True).fact(fact.VI_STATE, ViState.COOLING.value, "10:07:20")
        held.book("10:07:21", 26_100).trade("10:07:22", 26_100)
        assert held.desk.sold == [(26_100, 33)]
        stopped = Held(house).fact(fact.VI_STATE, ViState.VI_AUCTION.value, "10:05:00")
        stopped.trade("10:07:20", 24_900, is_auction=True)
        assert stopped.sells == []
        stopped.fact(fact.VI_STATE, ViState.COOLING.value, "10:07:20").book("10:07:21", 24_900)
        stopped.trade("10:07:22", 24_900).book("10:07:23", 24_900).trade("10:07:24", 24_900)
        assert [trade.exit_code for trade in stopped.desk.kept(TradeRecord)] == [STOP]
