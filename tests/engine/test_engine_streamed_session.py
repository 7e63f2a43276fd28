"""A session with order books and trades: what an entry asks of a book, and what keeps it away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kats_core.engine.pipeline import StageInstance
from kats_core.market.vi import ViState
from kats_core.model import fact
from kats_core.model.bar import Book, BookLevel, Trade
from kats_core.model.codes import CoreCode
from kats_core.model.event import BookChanged, FactsChanged, TimePassed, Traded
from kats_core.model.fact import Fact
from kats_core.model.kinds import FactSource, OrderState, Side
from kats_core.model.record import OrderEventRecord, OrderRecord, SetupRecord, TradeRecord, VerdictRecord
from kats_core.model.signal import Portion, Target, TargetKind
from kats_core.risk.contract import StageTraits
from kats_risk_vi_guard import Params, ViCode
from kats_risk_vi_guard.stage import ViGuard

if TYPE_CHECKING:
    from conftest import Desk, House

SYMBOL = "005930"
SIZE = 10_000


class Stream:
    """A desk whose session is streamed: one symbol, ticks of 50, breakout at 25 450, stop 23 500 unless told."""

    def __init__(
        self,
        house: type[House],
        *,
        state: ViState | None = ViState.NORMAL,
        stages: tuple[StageInstance, ...] = (),
        **buyer: Any,
    ) -> None:
        plan: dict[str, Any] = {"cap": 25_550, "stop": 25_000} | buyer
        self.desk: Desk = house.Desk(strategies=(house.instance(house.Buyer(**plan), ttl_s=120),), stages=stages)
        self.desk.begin(house.setup(), has_books=True)
        if state is not None:
            self.state("09:00:00", state)

    def book(self, clock: str, bid: int | None, ask: int | None, *, of: str | None = None, size: int = SIZE) -> Stream:
        seen, ts = self.desk.at(clock), self.desk.at(of or clock)
        asks = () if ask is None else (BookLevel(ask, size), BookLevel(ask + 50, size))
        bids = () if bid is None else (BookLevel(bid, size), BookLevel(bid - 50, size))
        self.desk.feed(BookChanged(seen, Book(SYMBOL, ts, asks, bids)))
        return self

    def trade(self, clock: str, price: int, quantity: int = 100, *, is_auction: bool = False) -> Stream:
        ts = self.desk.at(clock)
        side = None if is_auction else Side.SELL
        self.desk.feed(Traded(ts, Trade(SYMBOL, ts, price, quantity, side, quantity, price * quantity, is_auction)))
        return self

    def state(self, clock: str, state: ViState, until: str | None = None) -> Stream:
        ts = self.desk.at(clock)
        facts = [Fact(fact.VI_STATE, state.value, ts, FactSource.FEED, SYMBOL)]
        if until is not None:
            facts.append(Fact(fact.VI_UNTIL, self.desk.at(until), ts, FactSource.DERIVED, SYMBOL))
        self.desk.feed(FactsChanged(ts, tuple(facts)))
        return self

    def minute(self, start: str, price: int) -> Stream:
        self.desk.minute(start, price)
        return self

    def buy(self) -> Stream:
        """Buy 100 at 25 500 at 10:01:00.2."""
        return self.book("10:00:59", 25_450, 25_500).minute("10:00", 25_450).trade("10:01:01", 25_450)

    @property
    def code(self) -> str | None:
        self.desk.close()
        return self.desk.kept(SetupRecord)[-1].code


class TestEntries:
    """A setup whose trigger holds asks the book."""

    def test_an_entry_is_priced_from_the_ask_and_filled_from_the_book(self, house: type[House]) -> None:
        """Ask 25 500: limit a tick above it, filled 200 ms later at the ask."""
        stream = Stream(house).buy()
        assert stream.desk.bought == [(25_500, 100)]
        order = stream.desk.kept(OrderRecord)[0]
        assert order.limit == 25_550
        filled = [step for step in stream.desk.kept(OrderEventRecord) if step.after is OrderState.FILLED]
        assert filled[0].ts == stream.desk.at("10:01:00.200")

    @pytest.mark.parametrize(
        ("bid", "ask", "code"),
        [
            (25_450, 25_550, CoreCode.SPREAD),
            (None, 25_500, CoreCode.SPREAD),
            (25_450, None, CoreCode.SPREAD),
            (25_550, 25_600, CoreCode.CHASE),
        ],
    )
    def test_a_book_that_is_too_wide_or_too_far_is_refused(
        self, house: type[House], bid: int | None, ask: int | None, code: CoreCode
    ) -> None:
        """100 of 25 500 are 0.39 %, more than 0.3 %; a missing side is too wide; the cap is 25 550."""
        assert Stream(house).book("10:00:59", bid, ask).minute("10:00", 25_450).code == str(code)

    def test_without_a_fresh_book_nothing_is_bought(self, house: type[House]) -> None:
        """Never a book, or one of more than five seconds ago."""
        assert Stream(house).minute("10:00", 25_450).code == str(CoreCode.STALE_DATA)
        stale = Stream(house).book("10:00:54.900", 25_450, 25_500).minute("10:00", 25_450)
        assert stale.code == str(CoreCode.STALE_DATA)
        redelivered = Stream(house).book("10:01:00", 25_450, 25_500, of="10:00:54.900").minute("10:00", 25_450)
        assert redelivered.code == str(CoreCode.STALE_DATA)

    @pytest.mark.parametrize(
        ("state", "code"),
        [
            (ViState.VI_AUCTION, CoreCode.VI_AUCTION),
            (ViState.COOLING, CoreCode.VI_COOLING),
            (ViState.HALTED, CoreCode.HALTED),
            (ViState.UNKNOWN, CoreCode.VI_UNKNOWN),
            (None, CoreCode.VI_UNKNOWN),
        ],
    )
    def test_an_interrupted_symbol_is_not_bought(
        self, house: type[House], state: ViState | None, code: CoreCode
    ) -> None:
        """Nor one of which nobody tells how it trades; no stage needs to look at it for that."""
        stream = Stream(house, state=state).book("10:00:59", 25_450, 25_500).minute("10:00", 25_450)
        assert stream.desk.bought == []
        assert stream.code == str(code)

    def test_a_stage_defers_in_an_interruption_and_after_it_until_it_is_over(self, house: type[House]) -> None:
        """In a VI the crossed book is not asked for its spread; the signal, true again after the VI, is ordered."""
        guard = StageInstance("vi-guard", "vi-guard", ViGuard(Params()), StageTraits())
        stream = Stream(house, stages=house.sized(100, guard))
        stream.state("10:00:30", ViState.VI_AUCTION, "10:02:30").book("10:00:59", 25_550, 25_400)
        stream.minute("10:00", 25_450).minute("10:01", 25_450)
        stream.state("10:02:40", ViState.COOLING, "10:03:10").book("10:02:59", 25_450, 25_500).minute("10:02", 25_450)
        stream.state("10:03:10", ViState.NORMAL).book("10:03:59", 25_450, 25_500).minute("10:03", 25_450)
        stream.trade("10:04:01", 25_450)
        judged = [record for record in stream.desk.kept(VerdictRecord) if record.stage == "vi-guard"]
        assert [(record.code, record.until) for record in judged] == [
            (str(ViCode.VI_AUCTION), stream.desk.at("10:02:30")),
            (str(ViCode.VI_COOLING), stream.desk.at("10:03:10")),
            (None, None),
        ]
        assert stream.desk.bought == [(25_500, 100)]

    def test_close_to_a_trigger_it_may_still_be_bought(self, house: type[House]) -> None:
        """WARNING is left to the risk stage that knows the distance."""
        assert Stream(house, state=ViState.WARNING).buy().desk.bought == [(25_500, 100)]

    def test_a_halt_of_the_market_keeps_entries_away_until_it_is_over(self, house: type[House]) -> None:
        """The instant comes as a fact."""
        stream = Stream(house)
        until = stream.desk.at("10:01:30")
        stream.desk.feed(
            FactsChanged(stream.desk.at("10:00"), (Fact(fact.NO_ENTRIES_UNTIL, until, 0, FactSource.FEED, SYMBOL),))
        )
        assert stream.buy().desk.bought == []
        stream.book("10:01:59", 25_450, 25_500).minute("10:01", 25_450).trade("10:02:01", 25_450)
        assert stream.desk.bought == [(25_500, 100)]


class TestExits:
    """Each trade reaches stops and targets; the market's own state alone can keep a sale waiting."""

    def test_a_trade_at_the_stop_sells_at_the_bids_of_the_book(self, house: type[House]) -> None:
        """Not at the end of its minute: 200 ms later, at what somebody pays then."""
        stream = Stream(house).buy().trade("10:01:30", 25_050)
        assert stream.desk.sold == []
        stream.book("10:01:31", 24_950, 25_050).trade("10:01:31.100", 25_000).book("10:01:31.400", 24_900, 25_000)
        assert stream.desk.sold == [(24_950, 100)]
        trade = stream.desk.kept(TradeRecord)[0]
        assert trade.exit_code == str(CoreCode.STOP)

    def test_what_was_traded_before_the_purchase_does_not_stop_it(self, house: type[House]) -> None:
        """The minute of the entry holds prices below the stop from before; its bar is not asked."""
        stream = Stream(house).buy()
        stream.desk.minute("10:01", 25_450, low=24_500)
        stream.book("10:02:01", 25_400, 25_450).trade("10:02:02", 25_450)
        assert stream.desk.sold == []

    def test_a_trade_at_a_target_sells_its_part_at_the_target(self, house: type[House]) -> None:
        """A limit at the target meets the bid that is there; the stop of the rest is where it breaks even."""
        third = Target(TargetKind.ABSOLUTE, 26_000, Portion.THIRD)
        stream = Stream(house, targets=(third,)).buy().trade("10:01:30", 26_000)
        stream.book("10:01:31", 26_000, 26_050).trade("10:01:32", 26_000)
        assert stream.desk.sold == [(26_000, 33)]
        assert stream.desk.engine.positions[0].stop > 25_500

    def test_a_target_that_waits_for_buyers_is_taken_back_when_the_stop_is_reached(self, house: type[House]) -> None:
        """One sale at a time; what is left goes at the market."""
        third = Target(TargetKind.ABSOLUTE, 26_000, Portion.THIRD)
        stream = Stream(house, targets=(third,)).buy().trade("10:01:30", 26_000)
        stream.book("10:01:31", 25_900, 26_000).trade("10:01:32", 25_500)
        stream.book("10:01:32.100", 25_450, 25_500).trade("10:01:33", 25_500)
        assert stream.desk.sold == [(25_450, 100)]
        assert stream.desk.engine.positions == ()

    def test_exits_that_find_their_lane_full_go_out_as_soon_as_there_is_room(self, house: type[House]) -> None:
        """Three a second: of four stops at one moment the last is sent a third of a second later, without a pause."""
        names = ("one", "two", "three", "four")
        plan: dict[str, Any] = {"cap": 25_550, "stop": 25_000}
        stream = Stream(house)
        stream.desk = desk = house.Desk(
            strategies=tuple(house.instance(house.Buyer(**plan), name=name, ttl_s=120) for name in names)
        )
        desk.begin(*(house.setup(instance=name) for name in names), has_books=True)
        stream.state("09:00:00", ViState.NORMAL).buy()
        stream.book("10:01:59", 25_450, 25_500).minute("10:01", 25_450).book("10:02:01", 25_450, 25_500)
        stream.book("10:03:59", 25_450, 25_500).minute("10:03", 25_450).book("10:04:01", 25_450, 25_500)
        assert len(desk.engine.positions) == 4
        stream.trade("10:05:30", 25_000)
        desk.feed(TimePassed(desk.at("10:05:31")))
        sales = [order.ts for order in desk.kept(OrderRecord) if order.side is Side.SELL]
        assert sales == [desk.at("10:05:30")] * 3 + [desk.at("10:05:31")]

    @pytest.mark.parametrize("state", [ViState.VI_AUCTION, ViState.HALTED])
    def test_an_exit_waits_for_the_end_of_an_interruption_and_not_longer(
        self, house: type[House], state: ViState
    ) -> None:
        """Nothing is sent while it lasts; at its end the sale goes out at once, without a cooling."""
        stream = Stream(house).buy().state("10:01:20", state).trade("10:01:30", 25_000)
        assert [o.side for o in stream.desk.kept(OrderRecord)] == [Side.BUY]
        stream.state("10:03:30", ViState.COOLING)
        sale = stream.desk.kept(OrderRecord)[-1]
        assert (sale.side, sale.ts) == (Side.SELL, stream.desk.at("10:03:30"))
        stream.book("10:03:31", 24_950, 25_000).trade("10:03:32", 24_950)
        assert stream.desk.sold == [(24_950, 100)]
