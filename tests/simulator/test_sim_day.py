"""Whole days of the simulator's market: they add up to the street's bars, whatever clients do meanwhile."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from kats_core.model import time
from kats_core.model.kinds import Market as Listing
from kats_core.model.kinds import Side
from kats_core.simulator.exchange.accounts import Account
from kats_core.simulator.exchange.board import Stage
from kats_core.simulator.exchange.desk import Act, Notice, Ticket, Told, Wish
from kats_core.simulator.exchange.happenings import Interrupted, Printed, Stopped
from kats_core.simulator.exchange.refusals import Refusal
from kats_core.simulator.market import Announced, Market, MarketEvent
from kats_core.simulator.server import session_start
from kats_core.sources.sample import SampleParams, build
from kats_core.sources.sample.market import SampleSource

DAY = dt.date(2026, 11, 27)
SYMBOLS = ("990010", "990030", "990560")


@pytest.fixture(scope="module")
def source() -> SampleSource:
    return build(SampleParams())


def a_market(source: SampleSource, clock: str = "08:40", cash: int = 30_000_000, day: dt.date = DAY) -> Market:
    market = Market(source, session_start(day, dt.time.fromisoformat(clock)))
    account = Account("81000001", "01", "홍길동", cash, day, uses_margin=False)
    market.accounts.append(account)
    return market


def watch(market: Market, *symbols: str) -> list[MarketEvent]:
    """Follow symbols from now on and return the list that fills with what happens."""
    seen: list[MarketEvent] = []
    market.watched = lambda: symbols
    market.listeners.append(seen.append)
    for symbol in symbols:
        market.activate(symbol)
    return seen


def until(market: Market, clock: str) -> None:
    market.advance(time.at(market.day, dt.time.fromisoformat(clock)))


@pytest.mark.slow
def test_a_day_without_clients_is_the_streets_day(source: SampleSource) -> None:
    """Open, high, low, close and volume are those of the daily bar; the opening and the closing print are auctions."""
    market = a_market(source)
    seen = watch(market, *SYMBOLS)
    until(market, "20:30")
    row, panel = market.panel.row[DAY], market.panel
    for symbol in SYMBOLS:
        quote, column = market.quotes[symbol], panel.column[symbol]
        assert (quote.open, quote.high, quote.low, quote.last, quote.volume) == tuple(
            int(each[row, column]) for each in (panel.open, panel.high, panel.low, panel.close, panel.volume)
        )
        prints = [one for one in seen if isinstance(one, Printed) and one.symbol == symbol]
        assert (prints[0].is_auction, prints[-1].is_auction) == (True, True)
        assert market.desk.boards[symbol].stage is Stage.CLOSED


def test_a_symbol_that_nobody_watched_is_where_the_watched_one_is(source: SampleSource) -> None:
    """Caught up by bars, or played trade by trade: price, extremes and volume agree at any moment."""
    played = a_market(source)
    watch(played, *SYMBOLS)
    for clock in ("09:00", "09:00:30", "09:13:07", "10:02"):
        until(played, clock)
        fresh = a_market(source, clock)
        for symbol in SYMBOLS:
            a, b = played.quote(symbol), fresh.quote(symbol)
            assert a is not None
            assert b is not None
            assert (a.last, a.open, a.high, a.low, a.volume) == (b.last, b.open, b.high, b.low, b.volume), clock


def test_the_streets_interruptions_are_the_exchanges(source: SampleSource) -> None:
    """On a day of interruptions each begins and ends, and in between nothing trades."""
    day, symbol = interrupted_day(source)
    market = a_market(source, day=day)
    seen = watch(market, symbol)
    assert market.session is not None
    pause = market.session.pauses[symbol][0]
    market.advance(pause.ends + time.SECOND)
    about = [one for one in seen if isinstance(one, Interrupted)]
    assert [(one.ts, one.is_over) for one in about] == [(pause.begins, False), (pause.ends, True)]
    assert not [one for one in seen if isinstance(one, Printed) and pause.begins <= one.ts < pause.ends]
    printed = next(one for one in seen if isinstance(one, Printed) and one.ts == pause.ends)
    assert (printed.is_auction, market.desk.boards[symbol].reference) == (True, printed.price)


def test_a_circuit_breaker_stops_a_market_for_twenty_minutes_and_ends_in_an_auction(source: SampleSource) -> None:
    """KOSPI stands still, KOSDAQ goes on; after thirty minutes it trades again from the auction's price."""
    market = a_market(source, "10:00")
    kospi = SYMBOLS[0]
    kosdaq = next(one.symbol for one in market.instruments() if one.market is Listing.KOSDAQ)
    seen = watch(market, kospi, kosdaq)
    market.trip(Listing.KOSPI, 1)
    until(market, "10:19:59")
    assert {one.symbol for one in seen if isinstance(one, Printed)} == {kosdaq}
    refused = market.place(Wish(account=market.accounts[0], side=Side.BUY, symbol=kospi, division="01", quantity=1))
    assert refused is Refusal.HALTED
    until(market, "10:29:59")
    assert {one.symbol for one in seen if isinstance(one, Printed)} == {kosdaq}
    until(market, "10:30:01")
    first = next(one for one in seen if isinstance(one, Printed) and one.symbol == kospi)
    assert first.is_auction
    codes = [one.code for one in seen if isinstance(one, Stopped) and one.symbol == kospi]
    assert codes == ["174", "175"]


def test_the_last_circuit_breaker_takes_no_cancellation(source: SampleSource) -> None:
    """Behind the first one a bid can be taken back, behind the last one nothing can; the next day takes orders again."""
    for level, is_taken in ((1, True), (3, False)):
        market = a_market(source, "10:00")
        symbol = SYMBOLS[0]
        board = market.board(symbol)
        assert board is not None
        price = board.limits.lower
        wish = Wish(account=market.accounts[0], side=Side.BUY, symbol=symbol, division="00", quantity=1, price=price)
        ticket = market.place(wish)
        assert isinstance(ticket, Ticket)
        until(market, "10:00:05")
        market.trip(board.instrument.market, level)
        until(market, "10:00:10")
        found = market.cancel(market.accounts[0], ticket.number, None)
        assert isinstance(found, Ticket) is is_taken
        assert is_taken or found is Refusal.AFTER_CLOSE


def test_a_sidecar_is_announced_and_ends_after_five_minutes(source: SampleSource) -> None:
    """Trading goes on all the while; a sale pauses by other codes than a purchase."""
    market = a_market(source, "10:00")
    told: list[tuple[str, str]] = []
    market.listeners.append(
        lambda one: told.append((f"{time.clock(one.ts):%H:%M:%S}", one.code)) if isinstance(one, Announced) else None
    )
    market.pause_programs(Listing.KOSPI, Side.SELL)
    until(market, "10:04:59")
    market.pause_programs(Listing.KOSDAQ, Side.BUY)
    until(market, "10:10")
    assert [code for _, code in told] == ["387", "397", "388", "398"]
    assert told[2][0] == "10:05:00"


def test_orders_in_a_halted_symbol_end_with_the_session_too(source: SampleSource) -> None:
    """A halt that lasts does not carry anything into the evening."""
    market = a_market(source, "15:10")
    board = market.board(SYMBOLS[0])
    assert board is not None
    wish = Wish(
        account=market.accounts[0],
        side=Side.BUY,
        symbol=SYMBOLS[0],
        division="00",
        quantity=1,
        price=board.limits.lower,
    )
    assert isinstance(market.place(wish), Ticket)
    market.halt(SYMBOLS[0], "공시")
    until(market, "15:31")
    assert market.desk.open_tickets() == []


def interrupted_day(source: SampleSource) -> tuple[dt.date, str]:
    """Return the first day of autumn with an interruption."""
    for day in (one for one in source.daily_sessions() if dt.date(2026, 9, 14) <= one <= DAY):
        statuses = source.tape(day).statuses()
        if statuses:
            return day, statuses[0].symbol
    raise AssertionError("no interruption in autumn")


@pytest.mark.parametrize("seed", range(4))
def test_whatever_clients_do_everything_adds_up(source: SampleSource, seed: int) -> None:
    """Half an hour of random orders over the open: fills equal notices, volume is the street's plus what clients took, nothing is owed."""
    chance = random.Random(seed)
    market = a_market(source, "08:50")
    seen = watch(market, *SYMBOLS)
    account = market.accounts[0]
    account.transfer(SYMBOLS[0], 300, 36_000)
    while market.now < time.at(DAY, dt.time(9, 20)):
        market.advance(market.now + chance.randrange(1, 40) * time.SECOND)
        do_something(market, account, chance)
        assert account.free_cash(market.desk.committed(account)) >= 0
    for symbol in SYMBOLS:
        quote, own = market.quotes[symbol], 0
        own = sum(one.quantity for one in seen if isinstance(one, Printed) and one.symbol == symbol and one.is_own)
        prints = sum(one.quantity for one in seen if isinstance(one, Printed) and one.symbol == symbol)
        assert quote.volume == prints
        street = sum(one.quantity for one in trades(market, symbol))
        auction = next(one for one in seen if isinstance(one, Printed) and one.symbol == symbol and one.is_auction)
        first = trades(market, symbol)[0].quantity
        assert prints - own == street + auction.quantity - first
        held = account.holdings.get(symbol)
        bought = sum(
            one.quantity if one.side is Side.BUY else -one.quantity for one in account.booked if one.symbol == symbol
        )
        assert (0 if held is None else held.quantity) == bought + (300 if symbol == SYMBOLS[0] else 0)
    check_notices(market, seen)


def trades(market: Market, symbol: str) -> list[Printed]:
    assert market.session is not None
    street = market.session.trades(symbol, 0, market.now)
    return [Printed(one.ts, symbol, one.price, one.quantity, one.aggressor, one.is_auction) for one in street]


def do_something(market: Market, account: Account, chance: random.Random) -> None:
    symbol = chance.choice(SYMBOLS)
    board = market.board(symbol)
    assert board is not None
    mine = market.desk.open_tickets(account)
    match chance.randrange(5):
        case 0 if mine:
            market.cancel(account, chance.choice(mine).number, None)
        case 1 if mine:
            one = chance.choice(mine)
            price = market.desk.boards[one.instrument.symbol].ticks.dn(one.price or board.last, chance.randrange(1, 3))
            market.amend(account, one.number, None, price, "00")
        case _:
            side = chance.choice((Side.BUY, Side.SELL))
            price = (
                board.ticks.up(board.last, chance.randrange(3))
                if chance.random() < 0.5
                else board.ticks.dn(board.last, 2)
            )
            division = chance.choice(("00", "00", "01", "11", "12"))
            market.place(
                Wish(
                    account=account, side=side, symbol=symbol, division=division, quantity=chance.randrange(1, 80),
                    price=price if division != "01" else 0,
                )
            )  # fmt: skip


def check_notices(market: Market, seen: list[MarketEvent]) -> None:
    """Hold what holders were told to what the tickets say."""
    tickets = list(market.desk.tickets.values())
    assert len(tickets) > 10
    told: dict[int, int] = {}
    for notice in (one for one in seen if isinstance(one, Notice) and one.told is Told.FILLED):
        told[notice.ticket.number] = told.get(notice.ticket.number, 0) + notice.quantity
    for ticket in tickets:
        assert told.get(ticket.number, 0) == ticket.filled
        if ticket.act is Act.ORDER:
            moved = sum(one.quantity for one in tickets if follows(one, ticket))
            assert ticket.filled + ticket.left + ticket.cancelled + ticket.refused + moved == ticket.quantity


def follows(one: Ticket, ticket: Ticket) -> bool:
    """Tell whether an amendment took an order's rest over."""
    return one.act is Act.AMENDMENT and one.original == ticket.number and one.refused == 0


def test_the_next_day_begins_with_yesterdays_close_and_settles_later(source: SampleSource) -> None:
    """Over a weekend: base prices, numbers of orders anew, cash on the second session after."""
    market = a_market(source, "15:00")
    account = market.accounts[0]
    found = market.place(Wish(account=account, side=Side.BUY, symbol=SYMBOLS[1], division="01", quantity=10))
    assert isinstance(found, Ticket)
    spent = 30_000_000 - account.expected_cash
    assert spent > 0
    until(market, "15:31")
    closes = {symbol: market.quote(symbol) for symbol in SYMBOLS}
    market.advance(time.at(dt.date(2026, 11, 30), dt.time(9, 0, 30)))
    for symbol in SYMBOLS:
        quote, before = market.quote(symbol), closes[symbol]
        assert quote is not None
        assert before is not None
        assert quote.limits.base == before.last
    assert account.cash == 30_000_000
    again = market.place(Wish(account=account, side=Side.BUY, symbol=SYMBOLS[1], division="01", quantity=1))
    assert isinstance(again, Ticket)
    assert again.number == found.number
    market.advance(time.at(dt.date(2026, 12, 1), dt.time(8, 0)))
    assert account.cash == 30_000_000 - spent
