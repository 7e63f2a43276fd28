"""Orders against order books and trades: the worked examples PF-1 to PF-8, each rule of the exchange, and what never happens."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kats_core.engine.book_matching import (
    Accepted,
    Amended,
    AmendRefused,
    BookMatcher,
    BookMatching,
    Cancelled,
    Expired,
    Filled,
    Mode,
    Outcome,
    Refused,
)
from kats_core.market.costs import Costs
from kats_core.market.rules import symbol_rules
from kats_core.model import time
from kats_core.model.bar import Book, BookLevel, Trade
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import OrderState, OrderType, Purpose, Scope, Side
from kats_core.model.order import Order
from kats_core.model.time import Nanos

SYMBOL = "005930"
SESSION = dt.date(2026, 3, 4)
START: Nanos = time.at(SESSION, dt.time(10))
MS: Nanos = 1_000_000
LATENCY: Nanos = 200 * MS
BASE = 80_000
RULES = symbol_rules(Instrument(symbol=SYMBOL), BASE, SESSION, Scope.RAW)
TERMS = BookMatching(
    latency=LATENCY,
    participation=Fraction(20, 100),
    sweep_interval=time.SECOND,
    auction_share=Fraction(10, 100),
    auction_share_at=Fraction(5, 100),
)
ASKS = (
    (80_300, 1_500),
    (80_400, 2_200),
    (80_500, 3_000),
    (80_600, 1_800),
    (80_700, 4_000),
    (80_800, 900),
    (80_900, 1_200),
    (81_000, 5_000),
    (81_100, 700),
    (81_200, 650),
)
BIDS = ((80_200, 1_800), (80_100, 2_500), (80_000, 6_000), (79_900, 1_500))

Levels = tuple[tuple[int, int], ...]


def book(ts: Nanos, asks: Levels = ASKS, bids: Levels = BIDS) -> Book:
    return Book(SYMBOL, ts, tuple(BookLevel(*one) for one in asks), tuple(BookLevel(*one) for one in bids))


def trade(ts: Nanos, price: int, quantity: int, aggressor: Side | None, *, is_auction: bool = False) -> Trade:
    return Trade(SYMBOL, ts, price, quantity, aggressor, quantity, price * quantity, is_auction)


def order(number: int, side: Side, quantity: int, limit: int | None) -> Order:
    return Order(
        order_id=number,
        signal_id="s",
        instance="one",
        symbol=SYMBOL,
        slot=0,
        purpose=Purpose.ENTRY if side is Side.BUY else Purpose.EXIT,
        side=side,
        order_type=OrderType.MARKET if limit is None else OrderType.LIMIT,
        quantity=quantity,
        limit=limit,
        state=OrderState.SUBMITTING,
        created_at=0,
    )


@dataclass(slots=True)
class Exchange:
    """One symbol in continuous trading, with a clock that each call moves to its own instant, in milliseconds from 10:00."""

    terms: BookMatching = TERMS
    account: Any = None
    outcomes: list[Outcome] = field(default_factory=list)
    matcher: BookMatcher = field(init=False)
    _next: int = 1

    def __post_init__(self) -> None:
        self.matcher = BookMatcher(self.terms, self.account or (lambda _: None))
        self.matcher.begin_session({SYMBOL: RULES})
        self.matcher.set_all_modes(Mode.CONTINUOUS)

    def until(self, ms: int) -> Exchange:
        self.outcomes += self.matcher.advance(START + ms * MS)
        return self

    def book(self, ms: int, asks: Levels = ASKS, bids: Levels = BIDS, *, seen: int | None = None) -> Exchange:
        self.until(ms if seen is None else seen)
        now = START + (ms if seen is None else seen) * MS
        self.outcomes += self.matcher.on_book(book(START + ms * MS, asks, bids), now)
        return self

    def trade(self, ms: int, price: int, quantity: int, aggressor: Side | None, **more: bool) -> Exchange:
        self.until(ms)
        self.outcomes += self.matcher.on_trade(trade(START + ms * MS, price, quantity, aggressor, **more))
        return self

    def mode(self, ms: int, mode: Mode) -> Exchange:
        self.until(ms)
        self.matcher.set_all_modes(mode)
        return self

    def send(self, ms: int, side: Side, quantity: int, limit: int | None) -> Exchange:
        self.until(ms)
        self.matcher.submit(order(self._next, side, quantity, limit), START + ms * MS)
        self._next += 1
        return self

    def cancel(self, ms: int, number: int = 1) -> Exchange:
        self.until(ms)
        self.matcher.cancel(number, START + ms * MS)
        return self

    def amend(self, ms: int, limit: int, number: int = 1) -> Exchange:
        self.until(ms)
        self.matcher.amend(number, limit, START + ms * MS)
        return self

    def fills(self, number: int = 1) -> list[tuple[int, int]]:
        return [(f.price, f.quantity) for f in self.outcomes if isinstance(f, Filled) and f.order_id == number]

    def left(self, number: int = 1) -> int:
        """Shares that an order which has arrived still wants."""
        return sum(left for one, _, left in self.matcher.waiting() if one.order_id == number)

    def kinds(self) -> list[str]:
        return [type(outcome).__name__ for outcome in self.outcomes]


def charged(fills: list[tuple[int, int]], side: Side) -> tuple[int, int, int]:
    """Amount, commission and tax of an order's fills, each rounded once."""
    amount = sum(price * quantity for price, quantity in fills)
    tax = amount * RULES.tax_rate if side is Side.SELL else 0
    return amount, Costs().commission_on(amount), int(tax)


PF_SWEEPS: list[Any] = [
    pytest.param(Side.BUY, 200, 80_400, [(80_300, 200)], 0, (16_060_000, 2_409, 0), id="PF-1"),
    pytest.param(Side.BUY, 1_000, 80_400, [(80_300, 300), (80_400, 440)], 260, (59_466_000, 8_919, 0), id="PF-2"),
    pytest.param(
        Side.BUY,
        1_000,
        80_500,
        [(80_300, 300), (80_400, 440), (80_500, 260)],
        0,
        (80_396_000, 12_059, 0),
        id="PF-3",
    ),
    pytest.param(
        Side.SELL,
        1_500,
        None,
        [(80_200, 360), (80_100, 500), (80_000, 640)],
        0,
        (120_122_000, 18_018, 240_244),
        id="PF-4",
    ),
    pytest.param(Side.SELL, 900, 80_100, [(80_200, 360), (80_100, 500)], 40, (68_922_000, 10_338, 137_844), id="PF-5"),
]


@pytest.mark.parametrize(("side", "quantity", "limit", "fills", "left", "money"), PF_SWEEPS)
def test_an_order_takes_its_share_of_each_level_it_may_pay_for(
    side: Side, quantity: int, limit: int | None, fills: list[tuple[int, int]], left: int, money: tuple[int, int, int]
) -> None:
    """Best level first, floor(0.20 x displayed) of each; the rest of a limit order queues at its limit."""
    exchange = Exchange().book(0).send(0, side, quantity, limit).until(200)
    assert exchange.kinds()[0] == "Accepted"
    assert exchange.fills() == fills
    assert exchange.left() == left
    assert charged(exchange.fills(), side) == money


def test_pf_6_the_rest_sweeps_again_a_second_later() -> None:
    """PF-6: 180 more at 80 400 from a level of 900, 80 go on waiting; the commission is that of the whole order."""
    exchange = Exchange().book(0).send(0, Side.BUY, 1_000, 80_400).until(200)
    exchange.book(1_200, ((80_400, 900), (80_500, 3_000)), ((80_300, 500),))
    assert exchange.fills() == [(80_300, 300), (80_400, 440), (80_400, 180)]
    assert exchange.left() == 80
    assert charged(exchange.fills(), Side.BUY) == (73_938_000, 11_090, 0)


def test_pf_7_a_queue_is_eaten_before_us() -> None:
    """PF-7: ahead 1 800, 1 100, 900, 0; then 250, and 100 from a trade through the limit."""
    exchange = Exchange().book(0).send(0, Side.BUY, 500, 80_200).until(200)
    exchange.trade(300, 80_200, 700, Side.SELL).book(400, ASKS, ((80_200, 900),))
    assert exchange.fills() == []
    exchange.trade(500, 80_200, 1_150, Side.SELL).trade(600, 80_100, 100, Side.SELL)
    assert exchange.fills() == [(80_200, 250), (80_200, 100)]
    assert exchange.left() == 150


def test_pf_8_an_auction_gives_a_tenth_of_its_print() -> None:
    """PF-8: limit 57 300 above the print of 2 500 at 57 200: floor(0.10 x 2 500) = 250, 50 go on waiting."""
    rules = symbol_rules(Instrument(symbol=SYMBOL), 52_000, SESSION, Scope.RAW)
    matcher = BookMatcher(TERMS)
    matcher.begin_session({SYMBOL: rules})
    matcher.submit(order(1, Side.BUY, 300, 57_300), START)
    assert list(matcher.advance(START + LATENCY)) == [Accepted(START + LATENCY, 1)]
    print_ = trade(START + time.SECOND, 57_200, 2_500, None, is_auction=True)
    assert list(matcher.on_trade(print_)) == [Filled(START + time.SECOND, 1, 57_200, 250)]
    assert [left for _, _, left in matcher.waiting()] == [50]


class TestArrival:
    """Rule A."""

    def test_nothing_happens_before_the_latency_is_over(self) -> None:
        """Sent at 0, the order is at the exchange at 200 ms, and meets the book that is displayed then."""
        exchange = Exchange().book(0).send(0, Side.BUY, 100, 80_300).book(150, ((80_300, 100),)).until(199)
        assert exchange.outcomes == []
        assert exchange.until(200).fills() == [(80_300, 20)]
        assert exchange.outcomes[0] == Accepted(START + LATENCY, 1)

    @pytest.mark.parametrize(
        ("limit", "reason"),
        [(80_350, "not on a tick"), (104_100, "outside the price limits"), (55_900, "outside the price limits")],
    )
    def test_a_wrong_price_is_refused(self, limit: int, reason: str) -> None:
        """Ticks of 100, limits 56 000 to 104 000."""
        exchange = Exchange().book(0).send(0, Side.BUY, 100, limit).until(200)
        assert isinstance(exchange.outcomes[0], Refused)
        assert reason in exchange.outcomes[0].reason
        assert exchange.left() == 0

    @pytest.mark.parametrize("mode", [Mode.HALTED, Mode.CLOSED])
    def test_a_halt_and_a_closed_session_take_no_order(self, mode: Mode) -> None:
        """What counts is how the symbol trades when the order arrives."""
        exchange = Exchange().book(0).send(0, Side.BUY, 100, 80_300).mode(100, mode).until(200)
        assert exchange.kinds() == ["Refused"]

    def test_what_the_account_cannot_carry_is_refused_on_arrival(self) -> None:
        """The account is asked at 200 ms, not when the order leaves."""
        exchange = Exchange(account=lambda _: "no cash").book(0).send(0, Side.BUY, 100, 80_300).until(200)
        assert exchange.outcomes == [Refused(START + LATENCY, 1, "no cash")]

    def test_a_stale_book_fills_nothing(self) -> None:
        """At 5 201 ms the book of 0 ms is too old; the order waits for the next one and takes from that."""
        exchange = Exchange().book(0).send(5_001, Side.BUY, 100, 80_300).until(5_201)
        assert exchange.kinds() == ["Accepted"]
        assert exchange.trade(5_300, 80_200, 50, Side.SELL).fills() == []
        assert exchange.book(5_400).fills() == [(80_300, 100)]

    def test_a_book_that_is_exactly_five_seconds_old_still_counts(self) -> None:
        """The border belongs to the fresh side."""
        assert Exchange().book(0).send(4_800, Side.BUY, 100, 80_300).until(5_000).fills() == [(80_300, 100)]

    def test_a_stale_book_that_is_delivered_late_fills_nothing(self) -> None:
        """Its own time counts, not that of its delivery."""
        assert Exchange().send(5_900, Side.BUY, 100, 80_300).book(0, seen=6_200).fills() == []


class TestSweep:
    """Rule B."""

    def test_the_next_sweep_waits_for_its_interval(self) -> None:
        """A book 999 ms after a sweep is not swept, one after 1 000 ms is."""
        exchange = Exchange().book(0).send(0, Side.BUY, 1_000, 80_300).until(200)
        assert exchange.book(1_199).fills() == [(80_300, 300)]
        assert exchange.book(1_200).fills() == [(80_300, 300), (80_300, 300)]

    def test_an_order_that_has_not_swept_takes_the_first_book_it_can(self) -> None:
        """A resting order becomes marketable 100 ms after its arrival."""
        exchange = Exchange().book(0).send(0, Side.BUY, 100, 80_200).until(200)
        assert exchange.book(300, ((80_200, 1_000),), ((80_100, 10),)).fills() == [(80_200, 100)]

    def test_two_orders_share_one_book(self) -> None:
        """300 of the 1 500 at the best ask are for us, however many orders ask; the next book gives anew."""
        exchange = Exchange().book(0).send(0, Side.BUY, 200, 80_300).send(0, Side.BUY, 200, 80_300).until(200)
        assert (exchange.fills(1), exchange.fills(2)) == ([(80_300, 200)], [(80_300, 100)])
        assert exchange.book(1_200).fills(2) == [(80_300, 100), (80_300, 100)]

    def test_a_market_order_waits_for_the_next_sweep_for_what_the_book_cannot_give(self) -> None:
        """Four bids give 2 360 of 3 000; it never queues, so that a trade does not fill it."""
        exchange = Exchange().book(0).send(0, Side.SELL, 3_000, None).until(200)
        assert sum(quantity for _, quantity in exchange.fills()) == 2_360
        assert exchange.trade(300, 80_300, 5_000, Side.BUY).left() == 640
        assert exchange.book(1_300).left() == 0

    def test_a_crossed_book_is_no_book(self) -> None:
        """While orders are collected bids and asks may meet: nothing can be taken."""
        crossed = ((80_100, 1_000),), ((80_300, 1_000),)
        assert Exchange().send(0, Side.BUY, 100, 80_300).book(100, *crossed).until(200).fills() == []


class TestQueue:
    """Rule C."""

    def test_an_order_inside_the_spread_is_first(self) -> None:
        """Nothing is displayed at its price, nothing is ahead."""
        exchange = Exchange().book(0, ((80_500, 100),)).send(0, Side.BUY, 100, 80_300).until(200)
        assert exchange.trade(300, 80_300, 60, Side.SELL).fills() == [(80_300, 60)]

    def test_a_trade_on_the_other_side_does_not_reach_us(self) -> None:
        """A resting buy is met by sellers only, a resting sell by buyers only."""
        exchange = Exchange().book(0).send(0, Side.BUY, 100, 80_200).send(0, Side.SELL, 100, 80_300).until(200)
        exchange.trade(300, 80_100, 9_000, Side.BUY).trade(400, 80_400, 9_000, Side.SELL)
        assert (exchange.fills(1), exchange.fills(2)) == ([], [])
        exchange.trade(500, 80_100, 9_000, Side.SELL).trade(600, 80_400, 9_000, Side.BUY)
        assert (exchange.fills(1), exchange.fills(2)) == ([(80_200, 100)], [(80_300, 100)])

    def test_a_trade_of_unknown_side_counts_only_through_the_limit(self) -> None:
        """At the limit it eats nothing of the queue either."""
        exchange = Exchange().book(0).send(0, Side.BUY, 100, 80_200).until(200)
        assert exchange.trade(300, 80_200, 9_000, None).trade(400, 80_200, 1_850, Side.SELL).fills() == [(80_200, 50)]
        assert exchange.trade(500, 80_100, 10, None).fills() == [(80_200, 50), (80_200, 10)]

    def test_two_orders_share_one_trade_in_turn(self) -> None:
        """The better limit first, then the older order; together not more than was traded."""
        exchange = Exchange().book(0, ((80_500, 100),), ((80_000, 10),))
        exchange.send(0, Side.BUY, 100, 80_200).send(1, Side.BUY, 100, 80_300).send(2, Side.BUY, 100, 80_200).until(300)
        exchange.trade(400, 80_100, 250, Side.SELL)
        assert [exchange.fills(n) for n in (1, 2, 3)] == [[(80_200, 100)], [(80_300, 100)], [(80_200, 50)]]

    def test_at_limit_up_a_buy_queues_behind_the_whole_bid(self) -> None:
        """Rule E: no asks; ahead are the 50 000 displayed at the limit price."""
        locked: Levels = ((104_000, 50_000),)
        exchange = Exchange().book(0, (), locked).send(0, Side.BUY, 100, 104_000).until(200)
        assert exchange.trade(300, 104_000, 49_990, Side.SELL).fills() == []
        assert exchange.trade(400, 104_000, 50, Side.SELL).fills() == [(104_000, 40)]

    def test_at_limit_down_a_market_sell_waits(self) -> None:
        """Rule E mirrored: there is nobody to sell to, at no price."""
        exchange = Exchange().book(0, ((56_000, 90_000),), ()).send(0, Side.SELL, 100, None).until(200)
        assert exchange.book(1_200, ((56_000, 90_000),), ()).trade(1_300, 56_000, 500, Side.BUY).fills() == []
        assert exchange.left() == 100


class TestAuctionsAndHalts:
    """Rule D."""

    def test_in_an_auction_books_and_trades_do_nothing(self) -> None:
        """The order is accepted and waits for the print."""
        exchange = Exchange().mode(0, Mode.AUCTION).send(0, Side.BUY, 100, 80_400).book(300)
        assert exchange.trade(400, 80_000, 900, Side.SELL).kinds() == ["Accepted"]

    @pytest.mark.parametrize(
        ("side", "limit", "filled"),
        [
            (Side.BUY, 80_300, 100),
            (Side.BUY, 80_200, 50),
            (Side.BUY, 80_100, 0),
            (Side.SELL, 80_100, 100),
            (Side.SELL, 80_200, 50),
            (Side.SELL, 80_300, 0),
            (Side.SELL, None, 100),
        ],
    )
    def test_a_print_serves_better_limits_first(self, side: Side, limit: int | None, filled: int) -> None:
        """A tenth of 1 000 for better limits and market orders, a twentieth at the price, nothing for worse ones."""
        exchange = Exchange().mode(0, Mode.AUCTION).send(0, side, 500, limit)
        exchange.trade(1_000, 80_200, 1_000, None, is_auction=True)
        assert exchange.fills() == ([(80_200, filled)] if filled else [])
        assert exchange.left() == 500 - filled

    def test_orders_share_a_print(self) -> None:
        """Two better limits together get a tenth, and what is at the price gets nothing of what they left over."""
        exchange = Exchange().mode(0, Mode.AUCTION)
        exchange.send(0, Side.BUY, 80, 80_300).send(0, Side.BUY, 80, 80_400).send(0, Side.BUY, 80, 80_200)
        exchange.trade(1_000, 80_200, 1_000, None, is_auction=True)
        assert [exchange.fills(n) for n in (1, 2, 3)] == [[(80_200, 20)], [(80_200, 80)], []]

    def test_behind_the_auction_an_order_goes_on_with_the_first_new_book(self) -> None:
        """A book from before the auction is not traded against any more."""
        exchange = Exchange().book(0).mode(100, Mode.AUCTION).send(200, Side.BUY, 100, 80_300)
        exchange.mode(1_000, Mode.CONTINUOUS).until(1_100)
        assert exchange.fills() == []
        assert exchange.book(1_200).fills() == [(80_300, 100)]

    def test_a_halt_keeps_orders_and_lets_them_be_taken_back(self) -> None:
        """Nothing trades; a cancellation is accepted."""
        exchange = Exchange().book(0).send(0, Side.BUY, 100, 80_200).until(200).mode(300, Mode.HALTED)
        exchange.trade(400, 80_000, 9_000, Side.SELL).cancel(500).until(700)
        assert exchange.kinds() == ["Accepted", "Cancelled"]


class TestChangesAndEnds:
    """Rule F."""

    def test_a_cancellation_takes_effect_after_its_latency(self) -> None:
        """What fills before it arrives counts."""
        exchange = Exchange().book(0, ((80_500, 100),)).send(0, Side.BUY, 100, 80_300).until(200).cancel(300)
        exchange.trade(499, 80_300, 30, Side.SELL).trade(500, 80_300, 30, Side.SELL)
        assert exchange.fills() == [(80_300, 30)]
        assert exchange.outcomes[-1] == Cancelled(START + 500 * MS, 1)

    def test_a_cancellation_of_what_is_gone_says_nothing(self) -> None:
        """The order was filled before the wish arrived."""
        exchange = Exchange().book(0).send(0, Side.BUY, 100, 80_300).cancel(100).until(400)
        assert exchange.kinds() == ["Accepted", "Filled"]

    def test_an_amendment_queues_anew(self) -> None:
        """At its new limit everything displayed is ahead; until it arrives the old limit is good."""
        exchange = Exchange().book(0).send(0, Side.BUY, 100, 80_100).until(200).amend(300, 80_200)
        exchange.trade(400, 80_000, 10, Side.SELL).until(500)
        assert exchange.outcomes[-1] == Amended(START + 500 * MS, 1, 80_200)
        exchange.trade(600, 80_200, 1_800, Side.SELL).trade(700, 80_200, 20, Side.SELL)
        assert exchange.fills() == [(80_100, 10), (80_200, 20)]

    def test_an_amendment_to_the_other_side_of_the_book_sweeps(self) -> None:
        """It is a new arrival."""
        assert Exchange().book(0).send(0, Side.BUY, 100, 80_100).amend(200, 80_300).until(400).fills() == [
            (80_300, 100)
        ]

    def test_a_wrong_amendment_leaves_the_order_as_it_was(self) -> None:
        """Off tick: refused, the old limit goes on."""
        exchange = Exchange().book(0).send(0, Side.BUY, 100, 80_100).amend(200, 80_150).until(400)
        assert isinstance(exchange.outcomes[-1], AmendRefused)
        assert exchange.trade(500, 80_000, 10, Side.SELL).fills() == [(80_100, 10)]

    def test_the_end_of_the_session_ends_every_order(self) -> None:
        """What has arrived expires; what is still on its way is refused."""
        exchange = Exchange().book(0).send(0, Side.BUY, 100, 80_100).until(200).send(300, Side.BUY, 100, 80_100)
        end = START + 400 * MS
        assert list(exchange.matcher.end_session(end)) == [Expired(end, 1), Refused(end, 2, Mode.CLOSED.value)]
        assert list(exchange.matcher.advance(end + time.MINUTE)) == []


PRICES = st.integers(795, 809).map(lambda n: n * 100)
SIZES = st.integers(1, 3_000)
SIDES = st.sampled_from(list(Side))


@st.composite
def books(draw: st.DrawFn) -> tuple[Levels, Levels]:
    middle = draw(PRICES)
    asks = tuple((middle + 100 * n, draw(SIZES)) for n in range(1, draw(st.integers(0, 4)) + 1))
    bids = tuple((middle - 100 * n, draw(SIZES)) for n in range(draw(st.integers(0, 4))))
    return asks, bids


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 700),
        st.one_of(
            st.tuples(st.just("book"), books()),
            st.tuples(st.just("trade"), st.tuples(PRICES, SIZES, st.sampled_from([*Side, None]))),
            st.tuples(st.just("print"), st.tuples(PRICES, SIZES)),
            st.tuples(st.just("send"), st.tuples(SIDES, SIZES, PRICES)),
            st.tuples(st.just("market"), SIZES),
            st.tuples(st.just("cancel"), st.integers(1, 6)),
            st.tuples(st.just("amend"), st.tuples(PRICES, st.integers(1, 6))),
            st.tuples(st.just("mode"), st.sampled_from([Mode.CONTINUOUS, Mode.CONTINUOUS, Mode.AUCTION, Mode.HALTED])),
        ),
    ),
    min_size=5,
    max_size=60,
)


@dataclass(slots=True)
class Witness:
    """Sends what it is told to an exchange and remembers what was asked for."""

    exchange: Exchange
    orders: dict[int, Order] = field(default_factory=dict)
    limits: defaultdict[int, set[int | None]] = field(default_factory=lambda: defaultdict(set))

    def do(self, ms: int, kind: str, what: Any) -> list[Filled]:
        """Return the fills of this event alone."""
        before = len(self.exchange.until(ms).outcomes)
        match kind:
            case "book":
                self.exchange.book(ms, *what)
            case "trade":
                self.exchange.trade(ms, *what)
            case "print":
                self.exchange.trade(ms, what[0], what[1], None, is_auction=True)
            case "send":
                self.send(ms, *what)
            case "market":
                self.send(ms, Side.SELL, what, None)
            case "cancel":
                self.exchange.cancel(ms, what)
            case "amend":
                self.limits[what[1]].add(what[0])
                self.exchange.amend(ms, *what)
            case _:
                self.exchange.mode(ms, what)
        return [outcome for outcome in self.exchange.outcomes[before:] if isinstance(outcome, Filled)]

    def send(self, ms: int, side: Side, quantity: int, limit: int | None) -> None:
        number = len(self.orders) + 1
        self.orders[number] = order(number, side, quantity, limit)
        self.limits[number].add(limit)
        self.exchange.send(ms, side, quantity, limit)

    def check(self, number: int) -> None:
        """No share too many, no price beyond a limit that the order ever had, nor off tick, nor outside the day's limits."""
        one, fills, left = self.orders[number], self.exchange.fills(number), self.exchange.left(number)
        filled = sum(quantity for _, quantity in fills)
        assert filled + left <= one.quantity
        assert not left or filled + left == one.quantity
        allowed = [limit for limit in self.limits[number] if limit is not None]
        for price, _ in fills:
            assert RULES.ticks.is_on_tick(price)
            assert RULES.limits.contains(price)
            if one.side is Side.BUY:
                assert price <= max(allowed)
            elif None not in self.limits[number]:
                assert price >= min(allowed)


@given(EVENTS, st.sampled_from([Fraction(1, 100), Fraction(20, 100), Fraction(1)]))
@settings(max_examples=300, deadline=None)
def test_what_never_happens(events: list[tuple[int, tuple[str, Any]]], participation: Fraction) -> None:
    """No fill beyond the limit, the price limits or the quantity; of one trade or print never more than our share."""
    witness, ms = Witness(Exchange(replace(TERMS, participation=participation))), 0
    for wait, (kind, what) in events:
        ms += wait
        fills = witness.do(ms, kind, what)
        if kind in ("trade", "print"):
            most = what[1] if kind == "trade" else what[1] // 10
            for side in Side:
                assert sum(f.quantity for f in fills if witness.orders[f.order_id].side is side) <= most
    for number in witness.orders:
        witness.check(number)
    stamps = [outcome.ts for outcome in witness.exchange.outcomes]
    assert stamps == sorted(stamps)


@given(st.lists(st.tuples(SIDES, SIZES, PRICES), min_size=1, max_size=6), books(), st.integers(1, 100))
@settings(max_examples=200, deadline=None)
def test_one_book_gives_at_most_our_share_of_each_level(
    orders: list[tuple[Side, int, int]], shown: tuple[Levels, Levels], percent: int
) -> None:
    """However many orders of ours meet it."""
    exchange = Exchange(replace(TERMS, participation=Fraction(percent, 100))).book(0, *shown)
    for side, quantity, limit in orders:
        exchange.send(0, side, quantity, limit)
    exchange.until(200)
    taken: dict[tuple[Side, int], int] = defaultdict(int)
    for outcome in exchange.outcomes:
        if isinstance(outcome, Filled):
            taken[orders[outcome.order_id - 1][0], outcome.price] += outcome.quantity
    displayed = {Side.BUY: dict(shown[0]), Side.SELL: dict(shown[1])}
    for (side, price), quantity in taken.items():
        assert quantity <= displayed[side][price] * percent // 100
