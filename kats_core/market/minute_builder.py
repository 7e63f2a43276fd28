"""Build minute bars from trades as they come.

The exchange's running count of shares and won decides: trades that a feed left out are in the bar all the same, trades that
it repeats are not. A trade that comes after its minute was closed belongs to the next bar.
"""

from __future__ import annotations

import datetime as dt
from array import array
from dataclasses import dataclass, field

import numpy as np

from kats_core.market.minutes import MinuteBars
from kats_core.market.source import SoFar
from kats_core.model import time
from kats_core.model.bar import Bar, Trade
from kats_core.model.kinds import BarKind
from kats_core.model.time import Nanos


@dataclass(slots=True)
class _Day:
    """A symbol's session so far, and its running minute."""

    open: int = 0
    high: int = 0
    low: int = 0
    volume: int = 0
    value: int = 0
    closed_volume: int = 0
    closed_value: int = 0
    prices: list[int] = field(default_factory=list)
    is_auction: bool = True

    def take(self, trade: Trade) -> bool:
        if trade.day_volume <= self.volume:
            return False
        price = trade.price
        self.open = self.open or price
        self.high = max(self.high, price)
        self.low = min(self.low, price) if self.low else price
        self.volume, self.value = trade.day_volume, max(trade.day_value, self.value)
        self.prices.append(price)
        self.is_auction = self.is_auction and trade.is_auction
        return True

    def bar(self, symbol: str, start: Nanos) -> Bar | None:
        if not self.prices:
            return None
        prices, self.prices = self.prices, []
        is_auction, self.is_auction = self.is_auction, True
        volume, value = self.volume - self.closed_volume, self.value - self.closed_value
        self.closed_volume, self.closed_value = self.volume, self.value
        return Bar(
            symbol, BarKind.MINUTE, start, start + time.MINUTE,
            prices[0], max(prices), min(prices), prices[-1], volume, value,
            self.open, self.high, self.low, self.volume, self.value, is_auction,
        )  # fmt: skip


class MinuteBuilder:
    """Collects the trades of one session and makes the bars of its minutes."""

    def __init__(self) -> None:
        self._days: dict[str, _Day] = {}
        self._numbers: dict[str, int] = {}
        self._symbol, self._is_auction = array("i"), array("b")
        self._columns = {name: array("q") for name in _COLUMNS}

    def begin_with(self, day: SoFar) -> None:
        """Take what a symbol has done before its first trade comes: in a session that is joined late."""
        if day.symbol not in self._days:
            self._days[day.symbol] = _Day(day.open, day.high, day.low, day.volume, day.value, day.volume, day.value)

    def day_open(self, symbol: str) -> int | None:
        """Return the session's first price of a symbol; None before it."""
        day = self._days.get(symbol)
        return day.open or None if day is not None else None

    def take(self, trade: Trade) -> bool:
        """Take a trade; return whether it is new."""
        day = self._days.get(trade.symbol)
        if day is None:
            # Whatever was traded before the first trade that is heard is no part of its minute.
            before = trade.day_volume - trade.quantity
            value = min(max(trade.day_value - trade.price * trade.quantity, 0), trade.day_value) if before else 0
            day = self._days[trade.symbol] = _Day(closed_volume=before, closed_value=value)
        return day.take(trade)

    def close(self, start: Nanos) -> list[Bar]:
        """End the minute that began at `start`; return its bars, by symbol."""
        made = [bar for symbol in sorted(self._days) if (bar := self._days[symbol].bar(symbol, start)) is not None]
        for bar in made:
            self._symbol.append(self._numbers.setdefault(bar.symbol, len(self._numbers)))
            self._is_auction.append(bar.is_auction)
            for name, column in self._columns.items():
                column.append(getattr(bar, name))
        return made

    def so_far(self, session: dt.date) -> MinuteBars:
        """Return the bars of all minutes that were ended."""
        symbols = tuple(sorted(self._numbers))
        place = np.empty(len(symbols), dtype=np.int32)
        place[[self._numbers[symbol] for symbol in symbols]] = np.arange(len(symbols), dtype=np.int32)
        columns = {name: np.array(column, dtype=np.int64) for name, column in self._columns.items()}
        return MinuteBars(
            session,
            symbols,
            place[np.array(self._symbol, dtype=np.int64)],
            is_auction=np.array(self._is_auction, dtype=np.bool_),
            **columns,
        )


_COLUMNS = ("start", "open", "high", "low", "close", "volume", "value")
