"""Hold what becomes known about symbols over time, beside their bars, and the indices of the market.

Every record carries the day from whose evening on it may be used; nothing is read earlier (`spec/market.md` section 3.1).
Missing values are NaN here and never permit anything.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import DateArray, FloatArray
from kats_core.market.indicators import Indicators
from kats_core.model.event import IndexTail

FLOWS = "flows"
"""Daily net buying: `inst_net_shares`, `foreign_net_shares`, or the same in won with the ending `_krw`."""
SHARES = "shares"
"""`listed_shares`, and `market_cap_krw` as the exchange stated it, both of the record's day, as traded."""
QUARTERS = "quarters"
"""Single quarters by their last day: `revenue_krw`, `operating_profit_krw`, `net_income_krw`, `eps_krw`."""
YEARS = "years"
"""Fiscal years by their last day, with the columns of `QUARTERS`."""
DIVIDENDS = "dividends"
"""Cash dividends by their record date: `dps_krw`, and where they are stated `annual_dps_krw`, the year's sum, and `pay_day`, when it is paid: days since 1970-01-01."""


@dataclass(frozen=True)
class SideTable:
    """Records about symbols, one row each, ordered by (`symbol`, `available_from`, `period`); R rows.

    `symbol` are positions in `symbols`; `period` is the day a record is about, or the last day of the time it is about;
    `available_from` is the session after whose close it may first be used. `columns` are float64 with NaN for missing.
    `source` says where the records come from, for people.
    """

    name: str
    symbols: tuple[str, ...]
    symbol: npt.NDArray[np.int32]
    period: DateArray
    available_from: DateArray
    columns: Mapping[str, FloatArray]
    source: str

    def __post_init__(self) -> None:
        rows = self.symbol.shape
        for name, column in (("period", self.period), ("available_from", self.available_from), *self.columns.items()):
            if column.shape != rows:
                raise ValueError(f"table {self.name}: {name} has shape {column.shape}, expected {rows}")
        order = np.lexsort((self.period, self.available_from, self.symbol))
        if not np.array_equal(order, np.arange(len(order))):
            raise ValueError(f"table {self.name}: rows are not ordered by symbol, available_from and period")

    def __len__(self) -> int:
        return len(self.symbol)

    @cached_property
    def rows_of(self) -> dict[str, slice]:
        """The rows of each symbol, oldest knowledge first."""
        borders = np.searchsorted(self.symbol, np.arange(len(self.symbols) + 1))
        return {symbol: slice(int(borders[n]), int(borders[n + 1])) for n, symbol in enumerate(self.symbols)}

    def until(self, session: dt.date) -> SideTable:
        """Return the records that may be used after the close of `session`."""
        known = self.available_from <= np.datetime64(session, "D")
        return SideTable(
            name=self.name,
            symbols=self.symbols,
            symbol=self.symbol[known],
            period=self.period[known],
            available_from=self.available_from[known],
            columns={name: column[known] for name, column in self.columns.items()},
            source=self.source,
        )

    def latest(self, column: str, symbols: Sequence[str], sessions: Sequence[dt.date]) -> FloatArray:
        """Return, shape (sessions, symbols), the value that was known last after each close; NaN where none was."""
        result = np.full((len(sessions), len(symbols)), np.nan)
        if column not in self.columns:
            return result
        days = np.array(sessions, dtype="datetime64[D]")
        for j, symbol in enumerate(symbols):
            rows = self.rows_of.get(symbol)
            if rows is None or rows.start == rows.stop:
                continue
            last = np.searchsorted(self.available_from[rows], days, side="right") - 1
            result[:, j] = np.where(last >= 0, self.columns[column][rows][last], np.nan)
        return result

    def daily(self, column: str, symbols: Sequence[str], sessions: Sequence[dt.date]) -> FloatArray:
        """Return, shape (sessions, symbols), the value about each session itself; NaN where it is not known that evening."""
        result = np.full((len(sessions), len(symbols)), np.nan)
        if column not in self.columns:
            return result
        if not len(self) or not len(sessions):
            return result
        days = np.array(sessions, dtype="datetime64[D]").astype(np.int64)
        row_of = np.full(int(days[-1] - days[0]) + 1, -1, dtype=np.int64)
        row_of[days - days[0]] = np.arange(len(days))
        places = {symbol: j for j, symbol in enumerate(symbols)}
        columns = np.array([places.get(symbol, -1) for symbol in self.symbols], dtype=np.int64)[self.symbol]
        since = self.period.astype("datetime64[D]").astype(np.int64) - days[0]
        used = (since >= 0) & (since < len(row_of)) & (columns >= 0) & (self.available_from <= self.period)
        used[used] = row_of[since[used]] >= 0
        # Records are in the order of knowledge: of several about one session the last stays.
        result[row_of[since[used]], columns[used]] = self.columns[column][used]
        return result


class LazyTables(Mapping[str, SideTable]):
    """Side tables that are read when somebody asks for them: who needs no reports does not wait for them."""

    def __init__(self, readers: Mapping[str, Callable[[], SideTable]]) -> None:
        self._readers = readers
        self._read: dict[str, SideTable] = {}

    def __getitem__(self, name: str) -> SideTable:
        if name not in self._read:
            self._read[name] = self._readers[name]()
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._readers

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)


def known_by(tables: Mapping[str, SideTable], session: dt.date) -> Mapping[str, SideTable]:
    """Return the tables with what may be used after the close of `session`; none is read for it."""
    return LazyTables({name: partial(_until, tables, name, session) for name in tables})


def _until(tables: Mapping[str, SideTable], name: str, session: dt.date) -> SideTable:
    return tables[name].until(session)


@dataclass(frozen=True)
class IndexMinutes:
    """An index within one session: its points at instants in `Nanos`, oldest first, the open first and the close last."""

    name: str
    session: dt.date
    at: npt.NDArray[np.int64]
    points: FloatArray

    def __post_init__(self) -> None:
        if self.at.shape != self.points.shape or (np.diff(self.at) <= 0).any():
            raise ValueError(f"index {self.name} on {self.session}: instants and points do not belong together")


_INDEX_COLUMNS = ("open", "high", "low", "close", "value", "advancing", "declining")


@dataclass(frozen=True)
class IndexSeries:
    """Daily values of an index, oldest first; points, and `value` in won traded. NaN is missing. Shape (T,).

    `advancing` and `declining` are the issues that rose and fell, where the source counts them.
    """

    name: str
    sessions: tuple[dt.date, ...]
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    value: FloatArray
    source: str
    advancing: FloatArray | None = None
    declining: FloatArray | None = None

    def __post_init__(self) -> None:
        for name, column in self._columns().items():
            if column.shape != (len(self.sessions),):
                raise ValueError(f"index {self.name}: {name} has shape {column.shape}")
        if any(a >= b for a, b in zip(self.sessions, self.sessions[1:], strict=False)):
            raise ValueError(f"index {self.name}: sessions are not in order")

    def __len__(self) -> int:
        return len(self.sessions)

    @cached_property
    def indicators(self) -> Indicators:
        """Indicators of the index, shape (T,), each computed once."""
        columns = {name: getattr(self, name) for name in ("open", "high", "low", "close", "value")}
        return Indicators(columns, np.ones(len(self), dtype=np.bool_))

    def until(self, session: dt.date) -> IndexSeries:
        """Return the values up to and including `session`."""
        n = bisect_right(self.sessions, session)
        columns: dict[str, Any] = {name: column[:n] for name, column in self._columns().items()}
        return replace(self, sessions=self.sessions[:n], **columns)

    def tail(self, session: dt.date, bars: int) -> IndexTail:
        """Return the last `bars` closes before a session; what is missing is left out."""
        n = bisect_left(self.sessions, session)
        known = [t for t in range(n) if self.close[t] == self.close[t]][-bars:]
        return IndexTail(self.name, tuple(self.sessions[t] for t in known), tuple(self.close[known].tolist()))

    def on(self, sessions: Sequence[dt.date], column: str) -> FloatArray:
        """Return a column on the given sessions, in order; NaN where the index has no value."""
        result = np.full(len(sessions), np.nan)
        values = self._columns().get(column)
        if values is None or not len(self):
            return result
        own, asked = (np.array(days, dtype="datetime64[D]") for days in (self.sessions, sessions))
        at = np.minimum(np.searchsorted(own, asked), len(own) - 1)
        has = own[at] == asked
        result[has] = values[at[has]]
        return result

    def _columns(self) -> dict[str, FloatArray]:
        columns = {name: getattr(self, name) for name in _INDEX_COLUMNS}
        return {name: column for name, column in columns.items() if column is not None}
