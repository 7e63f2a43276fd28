"""Minute bars built from trades as they come."""

from __future__ import annotations

import datetime as dt

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kats_core.market.minute_builder import MinuteBuilder
from kats_core.market.source import SoFar
from kats_core.model import time
from kats_core.model.bar import Bar, Trade
from kats_core.sources.sample.market import SampleSource

SESSION = dt.date(2024, 12, 12)
OPEN = time.at(SESSION, dt.time(9, 0))
SOURCE = SampleSource(7, 60)


def trade(price: int, quantity: int, day_volume: int, at: int = 0, *, is_auction: bool = False) -> Trade:
    return Trade("005930", OPEN + at, price, quantity, None, day_volume, day_volume * price, is_auction=is_auction)


def built(trades: list[Trade], builder: MinuteBuilder | None = None) -> Bar:
    builder = builder or MinuteBuilder()
    for one in trades:
        builder.take(one)
    (bar,) = builder.close(OPEN)
    return bar


def test_a_sample_day_is_built_as_it_was_recorded() -> None:
    """Every column of every bar, the print of the closing auction too."""
    bars, tape = SOURCE.minutes(SESSION), SOURCE.tape(SESSION)
    builder = MinuteBuilder()
    for start in sorted(set(bars.start.tolist())):
        for symbol in bars.symbols:
            for one in tape.trades(symbol, start):
                assert builder.take(one)
        builder.close(start)
    found = builder.so_far(SESSION)
    assert found.symbols == bars.symbols
    for name in ("symbol", "start", "open", "high", "low", "close", "volume", "value", "is_auction"):
        np.testing.assert_array_equal(getattr(found, name), getattr(bars, name), err_msg=name)


def test_the_exchanges_count_goes_before_the_sum_of_what_was_heard() -> None:
    """A trade that the feed left out is in the bar; one that came twice is there once."""
    first = trade(100, 10, 10)
    bar = built([first, first, trade(102, 5, 40)])
    assert (bar.volume, bar.day_volume, bar.open, bar.close) == (40, 40, 100, 102)


def test_a_session_that_is_joined_late_keeps_its_day() -> None:
    """The day's open, extremes and volume are those of the exchange, the bar's are what was heard."""
    builder = MinuteBuilder()
    builder.begin_with(SoFar("005930", open=90, high=120, low=80, volume=1_000, value=95_000))
    bar = built([trade(100, 10, 1_010)], builder)
    assert (bar.day_open, bar.day_high, bar.day_low, bar.day_volume) == (90, 120, 80, 1_010)
    assert (bar.open, bar.high, bar.low, bar.volume) == (100, 100, 100, 10)


def test_joined_late_without_a_word_nothing_from_before_counts_as_the_minutes() -> None:
    """The first trade that is heard is the first of its bar, whatever the exchange had counted."""
    bar = built([trade(100, 10, 5_010)])
    assert (bar.volume, bar.day_volume) == (10, 5_010)


@given(st.lists(st.tuples(st.integers(90, 110), st.integers(1, 50), st.booleans()), min_size=1, max_size=60))
def test_what_is_lost_or_repeated_changes_no_sum(several: list[tuple[int, int, bool]]) -> None:
    """The volumes of a day's bars add up to the exchange's count at the last trade that was heard."""
    builder, count, heard, volumes = MinuteBuilder(), 0, 0, 0
    for n, (price, quantity, is_heard) in enumerate(several):
        count += quantity
        one = trade(price, quantity, count, n)
        if is_heard or n == 0:
            builder.take(one)
            builder.take(one)
            heard = count
        if n % 7 == 6:
            volumes += sum(bar.volume for bar in builder.close(OPEN + n // 7 * time.MINUTE))
    volumes += sum(bar.volume for bar in builder.close(OPEN + 30 * time.MINUTE))
    assert volumes == heard
