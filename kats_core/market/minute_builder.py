"""Build minute bars from trades as they come.

The exchange's running count of shares and won decides: trades that a feed left out are in the bar all the same, trades that
it repeats are not. The exchange's time decides too: a trade of the next minute that is heard before this one was ended waits for
it, as the recorded bar has it. Only a trade that comes after its minute was ended belongs to the next bar.
"""

from __future__ import annotations

import datetime as dt
from array import array
from collections import deque
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
    """A symbol's session so far, and what was heard of it since its last bar. `heard` is the exchange's count at the last trade."""

    open: int = 0
    high: int = 0
    low: int = 0
    volume: int = 0
    value: int = 0
    heard: int = 0
    waiting: deque[Trade] = field(default_factory=deque)

    def take(self, trade: Trade) -> bool:
        if trade.day_volume <= self.heard:
            return False
        self.heard = trade.day_volume
        self.open = self.open or trade.price
        self.waiting.append(trade)
        return True

    def bar(self, symbol: str, start: Nanos) -> Bar | None:
        end = start + time.MINUTE
        trades = self._until(end)
        if not trades:
            return None
        prices = [trade.price for trade in trades]
        self.high, self.low = max(self.high, *prices), min(self.low or prices[0], *prices)
        volume, value = self.volume, self.value
        self.volume, self.value = trades[-1].day_volume, max(value, *(trade.day_value for trade in trades))
        return Bar(
            symbol, BarKind.MINUTE, start, end,
            prices[0], max(prices), min(prices), prices[-1], self.volume - volume, self.value - value,
            self.open, self.high, self.low, self.volume, self.value, all(trade.is_auction for trade in trades),
        )  # fmt: skip

    def _until(self, end: Nanos) -> list[Trade]:
        trades: list[Trade] = []
        while self.waiting and self.waiting[0].ts < end:
            trades.append(self.waiting.popleft())
        return trades


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
            self._days[day.symbol] = _Day(day.open, day.high, day.low, day.volume, day.value, day.volume)

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
            day = self._days[trade.symbol] = _Day(volume=before, value=value)
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
