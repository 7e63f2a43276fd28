"""Break the minutes of the sample market into trades that add up to them, and show an order book at every second.

Made where it is looked at and the same whenever that is: each company and minute has random numbers of its own, and each second
a place among those of its day. A trade at or above the ask is a purchase and moves the ask there, one at or below the bid a sale;
the book of a second stands around the last trade before it. At a price limit one side is empty.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from kats_core.market.minutes import MinuteBars
from kats_core.market.sessions import SessionHours
from kats_core.market.ticks import TickTable, tick_table
from kats_core.market.vi import StatusMessage
from kats_core.model import time
from kats_core.model.bar import Bar, Book, BookLevel, Trade
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import Side
from kats_core.model.time import Nanos
from kats_core.sources.sample.interruptions import MINUTES, Interruption
from kats_core.sources.sample.randomness import Draws

LEVELS = 10

_TRADES_PURPOSE, _BOOK_PURPOSE, _INTERRUPTION_PURPOSE = 7, 8, 9
_FEWEST, _MOST = 4, 14
"""Trades of a minute, where its volume allows."""
_DEPTH = 1_500
"""The shares at a price are about this part of a day's volume."""
_AUCTION_PART = 0.35
"""The part of its minute's volume that the print of an opening auction or of an interruption has."""
_EARLIEST, _LATEST = 4 * time.SECOND, 25 * time.SECOND
"""How long before the end of its minute an interruption begins, and how long after the third one's begin it ends, at most."""
_EDGE: Nanos = time.SECOND // 5
_KEPT = 256


@dataclass(frozen=True, slots=True)
class _Pause:
    """An interruption in time: no trade from `begins` until its print at `ends`."""

    begins: Nanos
    ends: Nanos


class SampleTape:
    """The trades and order books of one session. `numbers`: under which each symbol has random numbers of its own."""

    def __init__(
        self,
        seed: int,
        hours: SessionHours,
        bars: MinuteBars,
        interruptions: Sequence[Interruption],
        instruments: Sequence[Instrument],
        limits: Mapping[str, tuple[int, int]],
        numbers: Mapping[str, int] | None = None,
    ) -> None:
        self._seed = seed
        self._hours = hours
        self._bars = bars
        self._limits = limits
        self._number = numbers or {symbol: n for n, symbol in enumerate(bars.symbols)}
        self._ticks: dict[str, TickTable] = {
            one.symbol: tick_table(hours.session, one.market, one.kind) for one in instruments
        }
        self._pauses: dict[str, list[_Pause]] = {}
        for one in interruptions:
            self._pauses.setdefault(one.symbol, []).append(self._pause(one))
        self._volumes: dict[int, int] = {}
        self._minutes: OrderedDict[tuple[str, Nanos], tuple[Trade, ...]] = OrderedDict()
        self._books: dict[int, Draws] = {}

    def statuses(self) -> Sequence[StatusMessage]:
        """Return a message at the begin and at the end of each interruption."""
        messages = [
            StatusMessage(ts, symbol, is_vi=is_vi)
            for symbol, pauses in self._pauses.items()
            for pause in pauses
            for ts, is_vi in ((pause.begins, True), (pause.ends, False))
        ]
        return sorted(messages, key=lambda message: (message.ts, message.symbol))

    def trades(self, symbol: str, start: Nanos) -> Sequence[Trade]:
        """Return the trades of a minute."""
        key = symbol, start
        found = self._minutes.get(key)
        if found is None:
            row = self._row(symbol, start)
            found = () if row is None else tuple(self._traded(symbol, row))
            self._minutes[key] = found
            if len(self._minutes) > _KEPT:
                self._minutes.popitem(last=False)
        return found

    def book(self, symbol: str, at: Nanos) -> Book:
        """Return the order book of the last full second."""
        ts = at - (at - self._hours.open) % time.SECOND
        if not self._hours.open <= ts < self._hours.close_auction or self._is_interrupted(symbol, ts):
            return Book(symbol, ts, (), ())
        last = self._last_before(symbol, ts)
        return Book(symbol, ts, (), ()) if last is None else self._book(symbol, ts, last)

    def _last_before(self, symbol: str, ts: Nanos) -> Trade | None:
        """Return the last trade not later than an instant."""
        start = ts - (ts - self._hours.open) % time.MINUTE
        known = self.trades(symbol, start)
        found = bisect_right(known, ts, key=lambda trade: trade.ts)
        if found:
            return known[found - 1]
        rows = self._bars.rows_of[self._bars.column[symbol]]
        before = int(np.searchsorted(self._bars.start[rows], start)) - 1
        return None if before < 0 else self.trades(symbol, int(self._bars.start[rows[before]]))[-1]

    def _book(self, symbol: str, ts: Nanos, last: Trade) -> Book:
        ticks, (lower, upper) = self._ticks[symbol], self._limits[symbol]
        if last.price == upper:
            bid, ask = last.price, None
        elif last.price == lower:
            bid, ask = None, last.price
        elif last.aggressor is Side.SELL:
            bid, ask = last.price, ticks.up(last.price)
        else:
            bid, ask = ticks.dn(last.price), last.price
        sizes = self._sizes(symbol, ts)
        asks = () if ask is None else _ladder(_steps(ticks, ask, upper), sizes[0])
        bids = () if bid is None else _ladder(_steps(ticks, bid, lower), sizes[1])
        return Book(symbol, ts, asks, bids)

    def _sizes(self, symbol: str, ts: Nanos) -> list[list[int]]:
        """Return the shares of a second's asks and bids."""
        number, second = self._number[symbol], (ts - self._hours.open) // time.SECOND
        draws = self._books.get(number)
        if draws is None:
            draws = self._books[number] = Draws(self._seed, _BOOK_PURPOSE, self._hours.session.toordinal(), number)
        usual = self._volume_of(symbol) / _DEPTH
        drawn = usual * np.exp(2.2 * draws.uniform_at(second * 2 * LEVELS, 2, LEVELS) - 1.1)
        sizes: list[list[int]] = (drawn.astype(np.int64) + 1).tolist()
        return sizes

    def _volume_of(self, symbol: str) -> int:
        number = self._number[symbol]
        if number not in self._volumes:
            rows = self._bars.rows_of[self._bars.column[symbol]]
            self._volumes[number] = int(self._bars.volume[rows].sum())
        return self._volumes[number]

    def _pause(self, one: Interruption) -> _Pause:
        draws = Draws(
            self._seed, _INTERRUPTION_PURPOSE, self._hours.session.toordinal(), self._number[one.symbol], one.minute
        )
        early, late = (draws.uniform(2) * (_EARLIEST, _LATEST)).astype(np.int64).tolist()
        begins = self._hours.open + (one.minute + 1) * time.MINUTE - early
        return _Pause(begins, self._hours.open + (one.minute + 1 + MINUTES) * time.MINUTE + late)

    def _is_interrupted(self, symbol: str, ts: Nanos) -> bool:
        return any(pause.begins <= ts < pause.ends for pause in self._pauses.get(symbol, ()))

    def _row(self, symbol: str, start: Nanos) -> int | None:
        rows = self._bars.rows_of[self._bars.column[symbol]]
        found = int(np.searchsorted(self._bars.start[rows], start))
        return int(rows[found]) if found < rows.size and self._bars.start[rows[found]] == start else None

    def _traded(self, symbol: str, row: int) -> Iterator[Trade]:
        """Yield the trades of a bar: open, extremes and close among them, in sum its volume."""
        bar = self._bars.bar(row)
        if bar.is_auction:
            yield Trade(symbol, bar.start, bar.close, bar.volume, None, bar.day_volume, bar.day_value, is_auction=True)
            return
        minute = (bar.start - self._hours.open) // time.MINUTE
        draws = Draws(self._seed, _TRADES_PURPOSE, self._hours.session.toordinal(), self._number[symbol], int(minute))
        count = int(_FEWEST + draws.uniform(1)[0] * (_MOST - _FEWEST + 1))
        prices = _way(draws, bar, count, self._ticks[symbol])
        first, last, printed = self._span(symbol, bar)
        times = _times(draws, len(prices), first, last, printed)
        shares = _split(draws, bar.volume, len(prices), None if printed is None else _AUCTION_PART)
        until, before = bar.day_volume - bar.volume, bar.day_value - bar.value
        side, previous = self._side_before(symbol, row) if printed is None else (None, 0)
        for n, (ts, price, quantity) in enumerate(zip(times, prices, shares, strict=True)):
            is_print = n == 0 and printed is not None
            side = None if is_print else self._side(symbol, price, previous, side)
            until, previous = until + quantity, price
            value = before + bar.value * (until - bar.day_volume + bar.volume) // bar.volume
            yield Trade(symbol, ts, price, quantity, side, until, value, is_auction=is_print)

    def _span(self, symbol: str, bar: Bar) -> tuple[Nanos, Nanos, Nanos | None]:
        """Return when a minute's trading begins and ends, and when the print is with which it begins, if with one."""
        first, last, printed = bar.start + _EDGE, bar.end - _EDGE, None
        if bar.start == self._hours.open:
            printed = bar.start
        for pause in self._pauses.get(symbol, ()):
            if bar.start <= pause.ends < bar.end:
                printed, first = pause.ends, pause.ends + _EDGE
            if bar.start <= pause.begins < bar.end:
                last = pause.begins - _EDGE
        return first, last, printed

    def _side_before(self, symbol: str, row: int) -> tuple[Side | None, int]:
        """Return the last trade before a bar as its next one must see it: who had taken, at which price."""
        rows = self._bars.rows_of[self._bars.column[symbol]]
        before = int(np.searchsorted(rows, row)) - 1
        if before < 0:
            return None, int(self._bars.open[row])
        earlier = int(rows[before])
        price = int(self._bars.close[earlier])
        if price != int(self._bars.open[row]):
            return None, price  # whoever takes has to move the price, and that tells who
        # A price that stands still for hours makes a long chain: its minutes are made from the first one on.
        for one in self._unmoved(symbol, rows, before):
            self.trades(symbol, int(self._bars.start[one]))
        return self.trades(symbol, int(self._bars.start[earlier]))[-1].aggressor, price

    def _unmoved(self, symbol: str, rows: npt.NDArray[np.intp], place: int) -> list[int]:
        """Return the bars before one that have to be made before it, oldest first: each opens where the one before closed."""
        chain: list[int] = []
        while place > 0:
            own, earlier = int(rows[place]), int(rows[place - 1])
            is_known = (symbol, int(self._bars.start[earlier])) in self._minutes
            if is_known or self._bars.close[earlier] != self._bars.open[own]:
                break
            chain.append(earlier)
            place -= 1
        return chain[::-1]

    def _side(self, symbol: str, price: int, previous: int, side: Side | None) -> Side:
        """Return who takes: whoever moves the price, or has the same side to take from as before."""
        lower, upper = self._limits[symbol]
        if price in (lower, upper):
            return Side.SELL if price == upper else Side.BUY
        if price == previous:
            return side or Side.BUY
        return Side.BUY if price > previous else Side.SELL


def _way(draws: Draws, bar: Bar, count: int, ticks: TickTable) -> list[int]:
    """Return the prices of a bar's trades: the open first, the close last, the extremes between, all on tick."""
    turns = (bar.low, bar.high) if bar.close >= bar.open else (bar.high, bar.low)
    fixed = [bar.open, *turns, bar.close]
    knots = [price for n, price in enumerate(fixed) if n == 0 or price != fixed[n - 1]]
    knots = knots[: bar.volume]
    count = min(max(count, len(knots)), bar.volume)
    if count == 1:
        return knots
    at = np.rint(np.linspace(0, count - 1, len(knots))).astype(np.int64)
    line = np.interp(np.arange(count), at, knots) if len(knots) > 1 else np.full(count, float(bar.open))
    wander = (draws.uniform(count) - 0.5) * 2 * ticks.tick(bar.open)
    prices = [min(max(ticks.rnear(int(price)), bar.low), bar.high) for price in (line + wander).tolist()]
    for place, price in zip(at.tolist(), knots, strict=True):
        prices[place] = price
    return prices


def _times(draws: Draws, count: int, first: Nanos, last: Nanos, printed: Nanos | None) -> list[Nanos]:
    """Return rising instants in a span; a print comes before it."""
    drawn = np.sort(draws.uniform(count))
    times = [first + int(share * (last - first)) + n for n, share in enumerate(drawn.tolist())]
    return times if printed is None else [printed, *times[1:]]


def _split(draws: Draws, volume: int, count: int, first: float | None) -> list[int]:
    """Return shares of which each trade has at least one, in sum the volume; the first one may have a part of its own."""
    weights = draws.uniform(count) ** 2
    if first is not None and count > 1:
        weights[0] = weights[1:].sum() * first / (1 - first)
    shares = 1 + ((volume - count) * weights / weights.sum()).astype(np.int64)
    shares[-1] += volume - shares.sum()
    found: list[int] = shares.tolist()
    return found


@lru_cache(maxsize=16_384)
def _steps(ticks: TickTable, best: int, end: int) -> tuple[int, ...]:
    """Return the prices of one side, from the best away from the market, to the day's price limit at most."""
    step = ticks.up if end >= best else ticks.dn
    prices = [best]
    while len(prices) < LEVELS and prices[-1] != end:
        prices.append(step(prices[-1]))
    return tuple(prices)


def _ladder(prices: tuple[int, ...], sizes: Sequence[int]) -> tuple[BookLevel, ...]:
    """Return the levels of one side."""
    return tuple(map(BookLevel, prices, sizes))
