"""Ask for the prices of symbols that the stream does not bring, and make of them what a feed would have told.

A poll says where the day stands, not how it came there: what was traded since the last look is one trade at the last price.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from kats_core.kis.client import Client
from kats_core.kis.errors import KisError
from kats_core.kis.wire.quotes import MOST_SYMBOLS, AskPrice, AskPrices
from kats_core.model.bar import Trade
from kats_core.model.time import SECOND, Nanos

HELD_EVERY: Nanos = 2 * SECOND
"""What is held or on order is asked for so often while it is not heard (`spec/market.md` section 2, `spec/ops.md` section 8)."""

OTHERS_EVERY: Nanos = 10 * SECOND
"""Whoever waits for a level far away and found no place; near it he gets one."""


class Seen(NamedTuple):
    """Where a symbol's day stands."""

    symbol: str
    price: int
    volume: int
    value: int
    open: int = 0
    high: int = 0
    low: int = 0


async def prices_of(client: Client, symbols: Sequence[str]) -> AsyncIterator[Seen]:
    """Yield where the day of some symbols stands, as soon as it is known; where nothing has traded yet, the volume is 0.

    What cannot be had now is left out: the others, which may be held, do not wait for it.
    """
    at_once = 1 if client.keys.is_mock else MOST_SYMBOLS  # the mock server has no service for several
    look = _price_of if client.keys.is_mock else _prices_of
    for start in range(0, len(symbols), at_once):
        try:
            found = await look(client, symbols[start : start + at_once])
        except KisError:
            continue
        for seen in found:
            yield seen


async def _prices_of(client: Client, symbols: Sequence[str]) -> list[Seen]:
    answer = await client.ask(AskPrices.of_symbols(symbols))
    return [
        Seen(row.symbol, row.price or 0, row.volume, row.value or 0, row.open or 0, row.high or 0, row.low or 0)
        for row in (() if answer is None else answer.rows)
        if row.volume is not None and (row.price or not row.volume)
    ]


async def _price_of(client: Client, symbols: Sequence[str]) -> list[Seen]:
    (symbol,) = symbols
    answer = await client.ask(AskPrice(symbol=symbol))
    quote = None if answer is None else answer.quote
    if quote is None or quote.volume is None:
        return []
    day = quote.open or 0, quote.high or 0, quote.low or 0
    return [Seen(symbol, quote.price, quote.volume, quote.value or 0, *day)]


@dataclass(slots=True)
class Turns:
    """Take one of several at a time, so that each comes to its turn, whether or not there was an answer for the one before."""

    _last: str = ""

    def next(self, symbols: Sequence[str]) -> tuple[str, ...]:
        """Return the one behind the last in the order of their names; none of none."""
        later = [symbol for symbol in symbols if symbol > self._last]
        self._last = min(later or symbols, default="")
        return (self._last,) if self._last else ()


@dataclass(slots=True)
class DayVolumes:
    """How many shares of each symbol are known to have been traded today: a trade that moves none of them on is old.

    A trade of the stream is held against polls alone: were its volume wrong, none of the trades behind it would count.
    """

    _heard: dict[str, int] = field(default_factory=dict)
    _polled: dict[str, int] = field(default_factory=dict)

    def is_new(self, trade: Trade) -> bool:
        """Note a trade of the stream; tell whether a poll has not told it already."""
        self._heard[trade.symbol] = trade.day_volume
        return trade.day_volume > self._polled.get(trade.symbol, 0)

    def trade(self, seen: Seen, now: Nanos) -> Trade | None:
        """Return what was traded since the last look as one trade; None where that is nothing.

        At the first look it is a single share: how much of the day's volume is of this minute, nobody knows.
        """
        known = max(self._heard.get(seen.symbol, 0), self._polled.get(seen.symbol, 0))
        if seen.volume <= known:
            return None
        self._polled[seen.symbol] = seen.volume
        quantity = seen.volume - known if known else 1
        return Trade(seen.symbol, now, seen.price, quantity, None, seen.volume, seen.value)
