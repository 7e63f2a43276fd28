"""Hold one session's minute bars of many symbols as columns; rows become `Bar` objects only when they are fed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray, Int64Array
from kats_core.model import time
from kats_core.model.bar import Bar
from kats_core.model.kinds import BarKind

_COLUMNS = ("start", "open", "high", "low", "close", "volume", "value", "is_auction")


@dataclass(frozen=True)
class MinuteBars:
    """Minute bars of one session, sorted by start, then symbol; every row traded (volume > 0).

    `symbol` indexes `symbols`, which is sorted; `start` is in `Nanos`; prices and `value` in won. The `day_` columns are
    the symbol's session so far, the row included.
    """

    session: dt.date
    symbols: tuple[str, ...]
    symbol: npt.NDArray[np.int32]
    start: Int64Array
    open: Int64Array
    high: Int64Array
    low: Int64Array
    close: Int64Array
    volume: Int64Array
    value: Int64Array
    is_auction: BoolArray

    def __len__(self) -> int:
        return int(self.start.size)

    @cached_property
    def column(self) -> dict[str, int]:
        """The number under which `symbol` holds each symbol."""
        return {symbol: n for n, symbol in enumerate(self.symbols)}

    @cached_property
    def _day(self) -> tuple[Int64Array, Int64Array, Int64Array, Int64Array, Int64Array]:
        """Running open, high, low, volume, value of each row's symbol."""
        opens, highs, lows = self.open.copy(), self.high.copy(), self.low.copy()
        volumes, values = self.volume.copy(), self.value.copy()
        for rows in self.rows_of:
            if rows.size == 0:
                continue
            opens[rows] = self.open[rows[0]]
            highs[rows] = np.maximum.accumulate(self.high[rows])
            lows[rows] = np.minimum.accumulate(self.low[rows])
            volumes[rows] = np.cumsum(self.volume[rows])
            values[rows] = np.cumsum(self.value[rows])
        return opens, highs, lows, volumes, values

    @cached_property
    def rows_of(self) -> tuple[npt.NDArray[np.intp], ...]:
        """Row numbers of each symbol, in time order."""
        order = np.argsort(self.symbol, kind="stable")
        borders = np.searchsorted(self.symbol[order], np.arange(len(self.symbols) + 1))
        return tuple(order[borders[j] : borders[j + 1]] for j in range(len(self.symbols)))

    def only(self, symbol: str) -> MinuteBars:
        """Return the bars of one symbol; none where it did not trade."""
        rows = self.rows_of[self.symbols.index(symbol)] if symbol in self.symbols else np.empty(0, dtype=np.intp)
        columns = {name: getattr(self, name)[rows] for name in _COLUMNS}
        return MinuteBars(self.session, (symbol,), np.zeros(rows.size, dtype=np.int32), **columns)

    def without(self, symbols: frozenset[str]) -> MinuteBars:
        """Return the bars of all other symbols."""
        kept = tuple(symbol for symbol in self.symbols if symbol not in symbols)
        place = np.array([-1 if symbol in symbols else kept.index(symbol) for symbol in self.symbols], dtype=np.int32)
        rows = place[self.symbol] >= 0
        cut = {name: getattr(self, name)[rows] for name in _COLUMNS}
        return MinuteBars(session=self.session, symbols=kept, symbol=place[self.symbol][rows], **cut)

    def bar(self, row: int) -> Bar:
        """Return one row as a bar."""
        start = self.start.item(row)
        columns = (self.open, self.high, self.low, self.close, self.volume, self.value, *self._day)
        o, h, low, c, volume, value, day_o, day_h, day_low, day_volume, day_value = [one.item(row) for one in columns]
        return Bar(
            self.symbols[self.symbol.item(row)],
            BarKind.MINUTE,
            start,
            start + time.MINUTE,
            o,
            h,
            low,
            c,
            volume,
            value,
            day_o,
            day_h,
            day_low,
            day_volume,
            day_value,
            self.is_auction.item(row),
        )
