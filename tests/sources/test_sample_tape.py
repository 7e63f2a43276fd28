"""The sample market's trades and order books: they add up to its minutes, on tick, with interruptions and locked limits."""

from __future__ import annotations

import datetime as dt
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from kats_core.market.breakers import static_vi_bounds
from kats_core.market.calendar import krx_calendar
from kats_core.market.minutes import MinuteBars
from kats_core.market.rules import symbol_rules
from kats_core.model import time
from kats_core.model.bar import Book, Trade
from kats_core.model.kinds import Scope, Side
from kats_core.model.time import Nanos
from kats_core.sources.sample.market import SampleSource
from kats_core.sources.sample.tape import SampleTape

SOURCE = SampleSource(7, 60)
TWICE = dt.date(2024, 12, 12)
"""A day on which 990570 is interrupted twice on its way up."""
DOWN = dt.date(2025, 3, 12)
"""A day on which 990080 is interrupted."""


@cache
def market(day: dt.date) -> tuple[MinuteBars, SampleTape]:
    return SOURCE.minutes(day), SOURCE.tape(day)


def trades_of(day: dt.date, symbol: str) -> list[Trade]:
    bars, tape = market(day)
    rows = bars.rows_of[bars.symbols.index(symbol)]
    return [trade for row in rows for trade in tape.trades(symbol, int(bars.start[row]))]


def locked_day() -> tuple[dt.date, str, int]:
    """A company that ends a day at its upper limit, and that limit."""
    days = SOURCE._bars
    rows, columns = np.nonzero((days.close == days.upper) & (days.high == days.upper))
    row, column = int(rows[-1]), int(columns[-1])
    return days.sessions[row], SOURCE.instruments(days.sessions[row])[column].symbol, int(days.upper[row, column])


def is_hidden(book: Book) -> bool:
    """Tell that nothing is displayed."""
    return not book.asks and not book.bids


@pytest.mark.parametrize(
    ("day", "symbol"), [(TWICE, "990570"), (TWICE, "990010"), (DOWN, "990080"), (DOWN, "990600"), (DOWN, "114800")]
)
def test_the_trades_of_a_minute_are_its_bar(day: dt.date, symbol: str) -> None:
    """Open, high, low, close, volume, and the day's volume and value so far."""
    bars, tape = market(day)
    for row in bars.rows_of[bars.symbols.index(symbol)].tolist():
        bar = bars.bar(row)
        trades = tape.trades(symbol, bar.start)
        prices = [trade.price for trade in trades]
        assert (prices[0], max(prices), min(prices), prices[-1]) == (bar.open, bar.high, bar.low, bar.close)
        assert sum(trade.quantity for trade in trades) == bar.volume
        assert (trades[-1].day_volume, trades[-1].day_value) == (bar.day_volume, bar.day_value)
        assert all(bar.start <= trade.ts < bar.end for trade in trades)


@pytest.mark.parametrize("day", [TWICE, DOWN])
def test_minutes_with_interruptions_still_add_up_to_their_day(day: dt.date) -> None:
    """What would have happened in a VI happens after it: nothing is lost."""
    bars, _ = market(day)
    panel = SOURCE.history(day, day)
    for column, rows in enumerate(bars.rows_of):
        assert bars.open[rows][0] == panel.open[0, column]
        assert bars.high[rows].max() == panel.high[0, column]
        assert bars.low[rows].min() == panel.low[0, column]
        assert bars.close[rows][-1] == panel.close[0, column]
        assert bars.volume[rows].sum() == panel.volume[0, column]
        assert bars.value[rows].sum() == panel.value[0, column]


@pytest.mark.parametrize(("day", "symbol", "count"), [(TWICE, "990570", 2), (DOWN, "990080", 2)])
def test_an_interruption_is_two_minutes_without_a_trade_and_then_a_print(day: dt.date, symbol: str, count: int) -> None:
    """No trade reaches the trigger before it; the print does, and is the reference of the next one."""
    _, tape = market(day)
    messages = [message for message in tape.statuses() if message.symbol == symbol]
    assert [message.is_vi for message in messages] == [True, False] * count
    instrument = next(one for one in SOURCE.instruments(day) if one.symbol == symbol)
    ticks = symbol_rules(instrument, 10_000, day, Scope.RAW).ticks
    trades = trades_of(day, symbol)
    reference = trades[0].price
    for begin, end in zip(messages[::2], messages[1::2], strict=True):
        assert 120 * time.SECOND <= end.ts - begin.ts <= 150 * time.SECOND
        assert not [trade for trade in trades if begin.ts <= trade.ts < end.ts]
        assert is_hidden(tape.book(symbol, begin.ts + time.MINUTE))
        lower, upper = static_vi_bounds(day, reference, ticks)
        printed = next(trade for trade in trades if trade.ts == end.ts)
        before = [trade.price for trade in trades if trade.ts < begin.ts]
        assert lower < before[-1] < upper
        assert printed.is_auction
        assert not lower < printed.price < upper
        reference = printed.price


def test_an_auction_is_one_print() -> None:
    """The opening at its first instant, the closing at 15:30; nobody takes in it."""
    trades = trades_of(TWICE, "990010")
    hours = krx_calendar().hours(TWICE)
    printed = [(trade.ts, trade.aggressor) for trade in trades if trade.is_auction]
    assert printed == [(hours.open, None), (hours.close, None)]


def test_instants_rise_and_who_takes_moves_the_price() -> None:
    """A purchase is never below the trade before it, a sale never above."""
    for before, after in pairwise(trades_of(DOWN, "990080")):
        assert before.ts < after.ts
        if after.price != before.price and not after.is_auction:
            assert (after.aggressor is Side.BUY) == (after.price > before.price)


def seconds(day: dt.date, count: int) -> list[Nanos]:
    opening = krx_calendar().hours(day).open
    return [opening + n * 61 * time.SECOND for n in range(count)]


def test_a_book_stands_around_the_last_trade() -> None:
    """Ten levels a side, on tick, inside the price limits, a tick apart; the last trade is at the bid or at the ask."""
    _, tape = market(TWICE)
    trades = trades_of(TWICE, "990010")
    column = [one.symbol for one in SOURCE.instruments(TWICE)].index("990010")
    instrument = SOURCE.instruments(TWICE)[column]
    base = int(SOURCE._bars.base[SOURCE._row(TWICE), column])
    rules = symbol_rules(instrument, base, TWICE, Scope.RAW)
    for at in seconds(TWICE, 300):
        book = tape.book("990010", at)
        assert len(book.asks) == len(book.bids) == 10
        last = [trade.price for trade in trades if trade.ts <= at][-1]
        assert book.bid is not None
        assert book.ask == rules.ticks.up(book.bid)
        assert last in (book.bid, book.ask)
        for level in (*book.asks, *book.bids):
            assert rules.ticks.is_on_tick(level.price)
            assert rules.limits.contains(level.price)
            assert level.size > 0


def test_a_book_changes_at_full_seconds_only_and_is_hidden_in_auctions() -> None:
    """Whoever looks in between sees the last one, with its own instant."""
    _, tape = market(TWICE)
    hours = krx_calendar().hours(TWICE)
    ten = hours.at(dt.time(10))
    assert tape.book("990010", ten + time.SECOND // 2) == tape.book("990010", ten)
    assert tape.book("990010", ten + time.SECOND) != tape.book("990010", ten)
    assert is_hidden(tape.book("990010", hours.open - 1))
    assert is_hidden(tape.book("990010", hours.close_auction))


def test_at_a_locked_limit_nobody_sells() -> None:
    """The bids stand at the limit, the asks are empty; whoever trades sells."""
    day, symbol, upper = locked_day()
    tape = SOURCE.tape(day)
    book = tape.book(symbol, krx_calendar().hours(day).close_auction - time.SECOND)
    assert (book.asks, book.bid) == ((), upper)
    last = [trade for trade in trades_of(day, symbol) if not trade.is_auction][-1]
    assert (last.price, last.aggressor) == (upper, Side.SELL)


def test_the_market_is_the_same_whatever_is_asked_first() -> None:
    """Each company and minute has numbers of its own."""
    at = seconds(DOWN, 200)
    forward, backward = SampleSource(7, 60).tape(DOWN), SampleSource(7, 60).tape(DOWN)
    books = [forward.book("990080", instant) for instant in at]
    assert [backward.book("990080", instant) for instant in reversed(at)] == books[::-1]
    assert SampleSource(8, 60).tape(DOWN).book("990080", at[5]) != books[5]
