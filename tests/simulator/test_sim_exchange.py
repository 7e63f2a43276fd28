"""The simulator's exchange: price and time, one price in an auction, and neither cash nor shares from nowhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kats_core.market.costs import CommissionPlan
from kats_core.market.limits import price_limits
from kats_core.market.phases import BoardOrder, SessionPhase
from kats_core.market.ticks import tick_table
from kats_core.model.bar import Book, BookLevel
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import InstrumentKind, Market, Side
from kats_core.simulator.exchange.accounts import Account, AccountError, OrderCosts
from kats_core.simulator.exchange.auction import Interest, uncross
from kats_core.simulator.exchange.board import Board, Incoming, Stage, Thresholds
from kats_core.simulator.exchange.book import OrderBook
from kats_core.simulator.exchange.desk import Act, Desk, Fate, Notice, Ticket, Told, Wish
from kats_core.simulator.exchange.happenings import Filled, Happening, Interrupted, Printed, Removed
from kats_core.simulator.exchange.refusals import Refusal

DAY = dt.date(2026, 11, 27)
BASE = 50_000
SYMBOL = "990010"
INSTRUMENT = Instrument(symbol=SYMBOL, name="해오름", market=Market.KOSPI)
TICKS = tick_table(DAY, Market.KOSPI, InstrumentKind.STOCK)


def a_board(**thresholds: Fraction) -> Board:
    board = Board(INSTRUMENT, price_limits(BASE, DAY, Market.KOSPI), TICKS, Thresholds(**thresholds))
    board.enter(0, Stage.CONTINUOUS)
    return board


def a_book(bid: int = 49_950, ask: int = 50_000, size: int = 100, levels: int = 10) -> Book:
    asks, bids = [ask], [bid]
    while len(asks) < levels:
        asks.append(TICKS.up(asks[-1]))
        bids.append(TICKS.dn(bids[-1]))
    return Book(SYMBOL, 0, tuple(BookLevel(p, size) for p in asks), tuple(BookLevel(p, size) for p in bids))


def limit(number: int, side: Side, quantity: int, price: int, kind: BoardOrder = BoardOrder.LIMIT) -> Incoming:
    return Incoming(number, side, kind, quantity, price)


def fills(happenings: Sequence[object]) -> list[tuple[int, int, int]]:
    return [(one.number, one.price, one.quantity) for one in happenings if isinstance(one, Filled)]


def prints(happenings: Sequence[object]) -> list[tuple[int, int]]:
    return [(one.price, one.quantity) for one in happenings if isinstance(one, Printed)]


# --- the book ---------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(1, 8), st.integers(1, 50)), min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(1, 8), st.integers(1, 120)), max_size=8),
)
def test_a_book_gives_by_price_and_then_by_time(waiting: list[tuple[int, int]], takers: list[tuple[int, int]]) -> None:
    """Nobody trades while an order with a better price, or one that came earlier at the same price, still waits."""
    book = OrderBook()
    left = {}
    for number, (price, quantity) in enumerate(waiting, start=1):
        book.rest(number, Side.SELL, price * 10, quantity)
        left[number] = quantity
    for most, wanted in takers:
        before = {number: (waiting[number - 1][0] * 10, number) for number, rest in left.items() if rest}
        taken = book.take(Side.BUY, wanted, most * 10)
        for one in taken:
            assert one.price == before[one.number][0] <= most * 10
            earlier = [n for n, rank in before.items() if rank < before[one.number] and left[n]]
            assert not earlier
            left[one.number] -= one.quantity
        assert sum(one.quantity for one in taken) <= wanted
    assert all(book.waiting(number) == rest for number, rest in left.items())
    assert book.total(Side.SELL) == sum(left.values())


def test_the_street_leaves_from_the_back_and_comes_behind_whoever_waits() -> None:
    """A client's place in the queue is never worse than it was."""
    board = a_board()
    board.show(0, a_book(size=300))
    board.submit(0, limit(1, Side.BUY, 10, 49_950))
    assert board.book.ahead(1) == 300
    board.show(1, a_book(size=500))
    assert board.book.ahead(1) == 300
    board.show(2, a_book(size=120))
    assert board.book.ahead(1) == 120
    done = board.trade(3, 49_950, 125, Side.SELL)
    assert fills(done) == [(1, 49_950, 5)]
    assert prints(done) == [(49_950, 125)]


@given(st.lists(st.tuples(st.integers(-4, 4), st.integers(1, 200)), min_size=1, max_size=6))
def test_the_short_way_to_show_a_book_shows_the_same(shown: list[tuple[int, int]]) -> None:
    """With and without a client who is far away the street's levels are the same."""
    alone, watched = a_board(), a_board()
    watched.submit(0, limit(1, Side.BUY, 1, watched.limits.lower))
    for steps, size in shown:
        price = price_at(steps)
        for board in (alone, watched):
            board.show(0, a_book(TICKS.dn(price), price, size))
    for side in Side:
        assert alone.book.levels(side) == watched.book.levels(side)


def test_what_a_client_takes_is_gone_until_the_next_book() -> None:
    """Ten levels are ten levels: the second order of the same moment finds what the first one left."""
    board = a_board()
    board.show(0, a_book(size=100))
    assert fills(board.submit(0, limit(1, Side.BUY, 150, 50_100))) == [(1, 50_000, 100), (1, 50_100, 50)]
    assert fills(board.submit(0, limit(2, Side.BUY, 100, 50_100))) == [(2, 50_100, 50)]
    assert fills(board.show(1, a_book(bid=50_100, ask=50_200))) == []
    assert board.book.waiting(2) == 50


def test_the_street_trades_with_whoever_is_first_and_its_volume_is_kept() -> None:
    """A trade of the street at 50 100 meets a client's cheaper offer first; the sum stays what the street traded."""
    board = a_board()
    board.show(0, a_book(size=100))
    board.submit(0, limit(1, Side.SELL, 30, 50_000))
    done = board.trade(1, 50_100, 200, Side.BUY)
    assert fills(done) == [(1, 50_000, 30)]
    assert prints(done) == [(50_000, 30), (50_100, 100), (50_100, 70)] or prints(done) == [(50_000, 30), (50_100, 170)]


def test_immediate_orders_do_not_wait() -> None:
    """IOC takes what there is, FOK everything or nothing."""
    board = a_board()
    board.show(0, a_book(size=100))
    done = board.submit(0, limit(1, Side.BUY, 150, 50_000, BoardOrder.LIMIT_IOC))
    assert fills(done) == [(1, 50_000, 100)]
    assert [(one.number, one.quantity) for one in done if isinstance(one, Removed)] == [(1, 50)]
    done = board.submit(0, limit(2, Side.BUY, 150, 50_100, BoardOrder.LIMIT_FOK))
    assert fills(done) == []
    assert [(one.number, one.quantity) for one in done if isinstance(one, Removed)] == [(2, 150)]


def test_a_stop_order_enters_the_book_when_its_price_trades() -> None:
    """Until then it is not in the book and takes nothing."""
    board = a_board()
    board.show(0, a_book(size=100))
    stop = Incoming(1, Side.SELL, BoardOrder.STOP_LIMIT, 10, 49_900, 49_950)
    assert board.submit(0, stop) == []
    assert fills(board.trade(1, 50_000, 5, Side.BUY)) == []
    assert fills(board.trade(2, 49_950, 5, Side.SELL)) == [(1, 49_950, 10)]


def test_a_client_cannot_push_the_price_through_an_interruption() -> None:
    """The order that would trade at the trigger starts a two-minute auction instead, in which its rest takes part."""
    board = a_board(static=Fraction(10, 100), dynamic=Fraction(1, 100))
    board.show(0, a_book(size=100))
    done = board.submit(0, limit(1, Side.BUY, 2_000, 51_000))
    assert max(price for price, _ in prints(done)) < 50_500
    assert [one.is_over for one in done if isinstance(one, Interrupted)] == [False]
    assert board.stage is Stage.INTERRUPTED
    assert board.trade(1, 50_300, 400, Side.BUY) == []
    assert board.expected() is not None
    ended = board.conclude(2)
    assert board.stage.value == Stage.CONTINUOUS.value
    assert sum(quantity for _, quantity in prints(ended)) >= 400


def test_a_halted_symbol_trades_nothing_and_goes_on_through_an_auction() -> None:
    """What the street would have traded meanwhile it trades in the auction."""
    board = a_board()
    board.show(0, a_book(size=100))
    board.submit(0, limit(1, Side.BUY, 10, 49_950))
    board.halt(1, "공시")
    assert board.trade(2, 49_900, 70, Side.SELL) == []
    assert board.show(2, a_book()) == []
    board.resume(3, until=4)
    done = board.conclude(4)
    assert prints(done) == [(49_900, 80)] or prints(done) == [(49_900, 77)] or fills(done)
    assert board.stage is Stage.CONTINUOUS


# --- auctions ---------------------------------------------------------------------------------------------------------

INTERESTS = st.lists(st.tuples(st.one_of(st.none(), st.integers(90, 110)), st.integers(1, 40)), max_size=12)


@given(INTERESTS, INTERESTS, st.integers(95, 105))
def test_an_auction_trades_the_most_that_one_price_allows(
    buys: list[tuple[int | None, int]], sells: list[tuple[int | None, int]], reference: int
) -> None:
    """No other price would trade more; both sides add up; nobody pays more or gets less than he asked, or jumps the queue."""
    bids = [Interest(n, price, quantity) for n, (price, quantity) in enumerate(buys, start=1)]
    asks = [Interest(n, price, quantity) for n, (price, quantity) in enumerate(sells, start=101)]

    def traded(price: int) -> int:
        demand = sum(one.quantity for one in bids if one.price is None or one.price >= price)
        supply = sum(one.quantity for one in asks if one.price is None or one.price <= price)
        return min(demand, supply)

    found = uncross(bids, asks, reference)
    most = max(traded(price) for price in [*range(85, 116), reference])
    if found is None:
        assert most == 0
        return
    assert found.volume == most == traded(found.price)
    assert sum(one.quantity for one in found.bought) == sum(one.quantity for one in found.sold) == found.volume
    by_number = {one.number: one for one in (*bids, *asks)}
    for allotted in (*found.bought, *found.sold):
        assert 0 < allotted.quantity <= by_number[allotted.number].quantity
    for one in bids:
        if one.price is None or one.price > found.price:
            got = sum(each.quantity for each in found.bought if each.number == one.number)
            assert got == one.quantity or found.volume == sum(each.quantity for each in found.bought)
    assert all((by_number[one.number].price or found.price) >= found.price for one in found.bought)
    assert all((by_number[one.number].price or found.price) <= found.price for one in found.sold)


def test_in_the_opening_auction_clients_meet_the_street_at_its_price() -> None:
    """Who pays more than the price is filled whole; at the price the late get what is over."""
    board = Board(INSTRUMENT, price_limits(BASE, DAY, Market.KOSPI), TICKS)
    board.enter(0, Stage.OPENING)
    board.submit(0, limit(1, Side.BUY, 40, 50_500))
    board.submit(0, limit(2, Side.BUY, 400, 50_300))
    board.submit(0, Incoming(3, Side.SELL, BoardOrder.MARKET, 5))
    board.submit(0, limit(4, Side.BUY, 5, 50_000))
    board.expect(50_300, 1_000)
    assert board.expected() == (50_300, 1_105)
    done = board.conclude(1, 50_300, 1_000)
    assert fills(done)[:1] == [(1, 50_300, 40)]
    assert (2, 50_300, 65) in fills(done)
    assert (3, 50_300, 5) in fills(done)
    assert board.book.waiting(4) == 5
    assert board.reference == 50_300


# --- the account ------------------------------------------------------------------------------------------------------


def an_account(cash: int = 10_000_000, *, uses_margin: bool = False) -> Account:
    return Account("81000001", "01", "홍길동", cash, DAY, uses_margin=uses_margin)


def test_costs_of_a_sale_are_those_of_the_day_and_cut_once_an_order() -> None:
    """Buying 7 130 000 costs 1 001, selling 7 273 000 costs 1 022 and 14 546 tax: the worked figures of 2026."""
    account = an_account()
    bought = account.book(INSTRUMENT, Side.BUY, 71_300, 100, OrderCosts())
    sold = account.book(INSTRUMENT, Side.SELL, 72_730, 100, OrderCosts())
    assert (bought.commission, sold.commission, sold.tax, sold.realised) == (1_001, 1_022, 14_546, 143_000)


def test_cash_moves_two_sessions_later_and_is_free_again_at_once() -> None:
    """A purchase lowers D+2 first; proceeds can buy at once but are not there before settlement."""
    account = an_account()
    account.book(INSTRUMENT, Side.BUY, 50_000, 100, OrderCosts())
    assert [account.cash_on(n) for n in range(3)] == [10_000_000, 10_000_000, 10_000_000 - 5_000_000 - 702]
    account.begin(dt.date(2026, 12, 1))
    assert account.cash == 4_999_298
    account.book(INSTRUMENT, Side.SELL, 50_000, 100, OrderCosts())
    assert account.cash == 4_999_298
    assert account.free_cash([]) == account.expected_cash > 9_900_000


def test_nothing_is_sold_that_is_not_held() -> None:
    """A fault that would sell more stops the account, loudly."""
    account = an_account()
    account.transfer(SYMBOL, 5, 50_000)
    with pytest.raises(AccountError, match="6 sold of 5 held"):
        account.book(INSTRUMENT, Side.SELL, 50_000, 6, OrderCosts())


def test_what_was_sold_stays_listed_with_nothing_until_it_is_settled() -> None:
    """The row with 0 shares disappears on D+2."""
    account = an_account()
    account.transfer(SYMBOL, 5, 50_000)
    account.book(INSTRUMENT, Side.SELL, 50_000, 5, OrderCosts())
    account.begin(dt.date(2026, 11, 30))
    assert account.holdings[SYMBOL].quantity == 0
    account.begin(dt.date(2026, 12, 1))
    assert SYMBOL not in account.holdings


# --- the desk ---------------------------------------------------------------------------------------------------------


class Room:
    """A desk with one board and one account, which keeps what it is told."""

    def __init__(self, *, cash: int = 10_000_000, uses_margin: bool = False, delay: int = 0) -> None:
        self.account = an_account(cash, uses_margin=uses_margin)
        self.board = a_board()
        self.desk = Desk(delay=delay)
        self.desk.begin(DAY, {SYMBOL: self.board}, 1)
        self.desk.phases = (SessionPhase.CONTINUOUS,)
        self.notices: list[Notice] = []
        self.printed = 0

    def happens(self, happenings: Sequence[Happening | Notice]) -> None:
        for one in happenings:
            if isinstance(one, Notice):
                self.notices.append(one)
                continue
            if isinstance(one, Printed):
                self.printed += one.quantity
            self.notices += [notice for notice, _ in self.desk.settle(one)]

    def arrive(self, now: int = 0) -> None:
        self.desk.now = now
        for one in self.desk.arrive():
            self.happens([one])

    def place(self, side: Side, quantity: int, price: int, division: str = "00") -> Ticket | Refusal:
        wish = Wish(account=self.account, side=side, symbol=SYMBOL, division=division, quantity=quantity, price=price)
        found = self.desk.place(wish)
        self.arrive(self.desk.now)
        return found

    def ticket(self, side: Side, quantity: int, price: int, division: str = "00") -> Ticket:
        found = self.place(side, quantity, price, division)
        assert isinstance(found, Ticket), found
        return found

    def told(self) -> list[tuple[int, Told, int]]:
        return [(notice.ticket.number, notice.told, notice.quantity) for notice in self.notices]


@pytest.mark.parametrize(
    ("side", "quantity", "price", "division", "expected"),
    [
        (Side.BUY, 1, 50_050, "00", Refusal.OFF_TICK),
        (Side.BUY, 1, 65_100, "00", Refusal.BEYOND_LIMITS),
        (Side.BUY, 0, 50_000, "00", Refusal.NO_QUANTITY),
        (Side.BUY, 201, 50_000, "00", Refusal.NO_CASH),
        (Side.BUY, 154, 0, "01", Refusal.NO_CASH),
        (Side.SELL, 1, 50_000, "00", Refusal.NOTHING_HELD),
        (Side.BUY, 1, 50_000, "99", Refusal.UNKNOWN_KIND),
        (Side.BUY, 1, 50_000, "41", Refusal.NOT_NOW),
    ],
)
def test_the_desk_refuses_what_the_broker_refuses(
    side: Side, quantity: int, price: int, division: str, expected: Refusal
) -> None:
    """A market order is paid for at the upper limit: 153 of them at 65 000 fit into ten million, 154 do not."""
    room = Room()
    room.board.show(0, a_book())
    assert room.place(side, quantity, price, division) is expected
    assert room.desk.tickets == {}


def test_an_amendment_has_a_number_of_its_own_and_the_old_one_is_dead() -> None:
    """What is left lives on under the new number; the old one can neither be amended nor cancelled again."""
    room = Room()
    room.board.show(0, a_book())
    first = room.ticket(Side.BUY, 10, 49_000)
    second = room.desk.amend(room.account, first.number, None, 49_100, "00")
    room.arrive()
    assert isinstance(second, Ticket)
    assert (second.original, second.left, first.left) == (first.number, 10, 0)
    assert room.desk.cancel(room.account, first.number, None) is Refusal.NOTHING_LEFT
    third = room.desk.cancel(room.account, second.number, None)
    room.arrive()
    assert isinstance(third, Ticket)
    assert (third.act, second.cancelled, room.desk.open_tickets()) == (Act.CANCELLATION, 10, [])
    assert room.told() == [(1, Told.ACCEPTED, 10), (2, Told.CONFIRMED, 10), (3, Told.CONFIRMED, 10)]


def test_part_of_an_order_can_be_cancelled_and_the_rest_keeps_its_place() -> None:
    """The street came behind the order and stays there."""
    room = Room()
    room.board.show(0, a_book(size=100))
    first = room.ticket(Side.BUY, 10, 49_950)
    room.board.show(0, a_book(size=200))
    room.desk.cancel(room.account, first.number, 4)
    room.arrive()
    assert (first.left, first.cancelled, room.board.book.ahead(1)) == (6, 4, 100)


def test_an_order_on_its_way_can_be_neither_cancelled_nor_lost() -> None:
    """Until it reaches the exchange a cancellation is refused; then it fills."""
    room = Room(delay=5)
    room.board.show(0, a_book())
    first = room.ticket(Side.BUY, 10, 50_000)
    assert room.desk.cancel(room.account, first.number, None) is Refusal.NOT_ARRIVED
    room.arrive(5)
    assert (first.filled, room.told()[-1]) == (10, (1, Told.FILLED, 10))


def test_a_fill_wins_against_a_cancellation_that_is_on_its_way() -> None:
    """The cancellation was taken, and is refused when it arrives."""
    room = Room(delay=5)
    room.board.show(0, a_book())
    first = room.ticket(Side.BUY, 10, 49_950)
    room.arrive(5)
    assert isinstance(room.desk.cancel(room.account, first.number, None), Ticket)
    room.happens(room.board.trade(6, 49_950, 500, Side.SELL))
    room.arrive(10)
    assert (first.filled, first.cancelled) == (10, 0)
    assert room.told()[-1] == (2, Told.REFUSED, 10)


def test_the_exchange_may_refuse_what_the_broker_took() -> None:
    """The ticket keeps how many shares were refused, and binds nothing any more."""
    room = Room()
    wish = Wish(account=room.account, side=Side.BUY, symbol=SYMBOL, division="00", quantity=3, price=50_000)
    ticket = room.desk.place(wish, Fate.REFUSED_LATER)
    room.arrive()
    assert isinstance(ticket, Ticket)
    assert (ticket.refused, ticket.left, room.desk.committed(room.account)) == (3, 0, [])


def test_margin_lets_an_account_buy_more_than_it_can_pay_and_says_what_it_can() -> None:
    """At a margin rate of 40 % ten million buy 24 million worth; free of debt only ten."""
    room = Room(uses_margin=True)
    room.desk.margins[SYMBOL] = Fraction(40, 100)
    room.board.show(0, a_book(size=10_000))
    assert room.account.free_cash(()) == 10_000_000
    room.ticket(Side.BUY, 480, 50_000)
    assert room.account.expected_cash < 0
    assert room.account.free_cash(()) < 0


ORDERS = st.one_of(
    st.tuples(st.just("buy"), st.integers(-6, 6), st.integers(1, 120)),
    st.tuples(st.just("sell"), st.integers(-6, 6), st.integers(1, 120)),
    st.tuples(st.just("market buy"), st.just(0), st.integers(1, 60)),
    st.tuples(st.just("market sell"), st.just(0), st.integers(1, 60)),
    st.tuples(st.just("amend"), st.integers(-6, 6), st.integers(1, 40)),
    st.tuples(st.just("cancel"), st.integers(0, 6), st.integers(1, 40)),
    st.tuples(st.just("show"), st.integers(-6, 6), st.integers(1, 90)),
    st.tuples(st.just("trade"), st.integers(-6, 6), st.integers(1, 300)),
    st.tuples(st.just("auction"), st.integers(-6, 6), st.integers(0, 300)),
    st.tuples(st.just("day"), st.just(0), st.just(1)),
)


def price_at(steps: int) -> int:
    return BASE + steps * 100 if steps >= 0 else BASE + steps * 50


def step(room: Room, what: str, steps: int, quantity: int) -> None:
    """Do one thing of a random course."""
    price, now = price_at(steps), room.desk.now + 1
    room.desk.now = now
    last = next(reversed(room.desk.open_tickets()), None)
    match what:
        case "buy" | "sell":
            room.place(Side.BUY if what == "buy" else Side.SELL, quantity, price)
        case "market buy" | "market sell":
            room.place(Side.BUY if what == "market buy" else Side.SELL, quantity, 0, "01")
        case "amend" if last is not None:
            room.desk.amend(room.account, last.number, None, price, "00")
        case "cancel" if last is not None:
            room.desk.cancel(room.account, last.number, quantity if steps > 3 else None)
        case "show":
            room.happens(room.board.show(now, a_book(TICKS.dn(price), price, quantity)))
        case "trade":
            room.happens(room.board.trade(now, price, quantity, Side.BUY if quantity % 2 else Side.SELL))
        case "auction":
            room.happens(room.board.interrupt(now, until=None))
            room.happens(room.board.conclude(now, price, quantity))
        case "day":
            room.account.begin(dt.date.fromordinal(room.account.day.toordinal() + 3))
    room.arrive(now)


@settings(max_examples=150)
@given(st.lists(ORDERS, max_size=40))
def test_whatever_happens_cash_and_shares_are_conserved(course: list[tuple[str, int, int]]) -> None:
    """Cash is what came in less purchases, costs and taxes plus sales; shares add up; nothing is owed; nothing fills beyond its order."""
    room = Room()
    room.account.transfer(SYMBOL, 200, 48_000)
    for what, steps, quantity in course:
        step(room, what, steps, quantity)
        booked = room.account.booked
        assert room.account.expected_cash == room.account.opening_cash + sum(
            (one.amount if one.side is Side.SELL else -one.amount) - one.commission - one.tax for one in booked
        )
        bought = sum(one.quantity for one in booked if one.side is Side.BUY)
        sold = sum(one.quantity for one in booked if one.side is Side.SELL)
        assert room.account.holdings.get(SYMBOL) is None or (
            room.account.holdings[SYMBOL].quantity == 200 + bought - sold >= 0
        )
        assert room.account.free_cash(room.desk.committed(room.account)) >= 0
        assert room.account.sellable(SYMBOL, room.desk.committed(room.account)) >= 0
        for ticket in room.desk.tickets.values():
            if ticket.act is Act.ORDER:
                assert ticket.filled + ticket.cancelled + ticket.left + ticket.refused <= ticket.quantity
                assert ticket.filled <= ticket.quantity
        assert [one.left for one in room.desk.open_tickets()] == [
            waiting_on(room.board, one.number) for one in room.desk.open_tickets()
        ]
    crossed = room.board.book.best(Side.BUY), room.board.book.best(Side.SELL)
    assert None in crossed or (crossed[0] or 0) < (crossed[1] or 0)


def waiting_on(board: Board, number: int) -> int:
    return board.book.waiting(number)


def test_commission_plans_are_those_of_the_market() -> None:
    """An account opened at a bank pays 0.0140527 %."""
    assert an_account().plan is CommissionPlan.BANK_ONLINE
