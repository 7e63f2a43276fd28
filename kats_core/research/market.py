"""Keep beside a run what its charts need of the market: the daily bars around its trades, and the indices.

So that a report can be made anew when the data have moved.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kats_core.market.panel import Panel
from kats_core.model.record import TradeRecord
from kats_core.store import arrow
from kats_core.store.errors import StoreError
from kats_core.store.folder_recorder import CANDLES, INDICES

BARS_BEFORE, BARS_AFTER = 40, 15
"""Sessions that a chart shows before the entry and after the exit."""

_PRICES = ("open", "high", "low", "close", "volume")
_DTYPES: dict[str, type[np.generic]] = {"int32": np.int32, "int64": np.int64, "double": np.float64}
_EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Candles:
    """Daily bars of one symbol, oldest first: days since 1970, prices in won, volume in shares."""

    days: npt.NDArray[np.int32]
    open: npt.NDArray[np.int64]
    high: npt.NDArray[np.int64]
    low: npt.NDArray[np.int64]
    close: npt.NDArray[np.int64]
    volume: npt.NDArray[np.int64]

    def around(self, first: dt.date, last: dt.date) -> slice:
        """Return which bars a chart of a trade from `first` to `last` shows."""
        start = int(np.searchsorted(self.days, day_number(first)))
        end = int(np.searchsorted(self.days, day_number(last), side="right"))
        return slice(max(0, start - BARS_BEFORE), end + BARS_AFTER)


@dataclass(frozen=True, slots=True)
class Index:
    """Daily closes of an index, in points."""

    days: npt.NDArray[np.int32]
    close: npt.NDArray[np.float64]

    def on(self, sessions: Sequence[dt.date]) -> list[float | None]:
        """Return the close of each session, None where there is none."""
        own = dict(zip(self.days.tolist(), self.close.tolist(), strict=True))
        return [own.get(day_number(session)) for session in sessions]

    def before(self, session: dt.date) -> float | None:
        """Return the last close before a session."""
        n = int(np.searchsorted(self.days, day_number(session)))
        return float(self.close[n - 1]) if n else None


def day_number(day: dt.date) -> int:
    """Return the days since 1970."""
    return (day - _EPOCH).days


def day_of(number: int) -> dt.date:
    """Return the day of a number of days since 1970."""
    return _EPOCH + dt.timedelta(days=number)


def write_candles(folder: Path, panel: Panel, trades: Sequence[TradeRecord]) -> None:
    """Write the bars around some trades: whole windows, each bar once."""
    is_shown = np.zeros(panel.present.shape, dtype=np.bool_)
    for trade in trades:
        column = panel.column.get(trade.symbol)
        first, last = panel.row.get(trade.opened_on), panel.row.get(trade.closed_on)
        if column is None or first is None or last is None:
            continue
        is_shown[_window(panel.present[:, column], first, last), column] = True
    # Symbol by symbol, oldest first.
    columns, rows = np.nonzero((is_shown & panel.present).T)
    days = np.array([day_number(session) for session in panel.sessions], dtype=np.int32)
    cells: dict[str, npt.NDArray[Any]] = {"day": days[rows]}
    cells |= {name: getattr(panel, name)[rows, columns] for name in _PRICES}
    _write(folder / CANDLES, list(panel.symbols), columns.astype(np.int32), cells)


def _window(present: npt.NDArray[np.bool_], first: int, last: int) -> slice:
    """Return the rows of so many own bars before and after a trade."""
    before, after = np.flatnonzero(present[:first]), np.flatnonzero(present[last + 1 :])
    start = first if not before.size else int(before[-min(BARS_BEFORE, before.size)])
    end = last if not after.size else last + 1 + int(after[min(BARS_AFTER, after.size) - 1])
    return slice(start, end + 1)


def write_indices(folder: Path, panel: Panel, first: dt.date, last: dt.date) -> None:
    """Write the indices over the days of the run, with the close before its first."""
    names: list[str] = []
    which: list[int] = []
    day: list[int] = []
    close: list[float] = []
    for name, index in panel.indices.items():
        known = [n for n, value in enumerate(index.close) if not np.isnan(value)]
        before = [n for n in known if index.sessions[n] < first][-1:]
        within = [n for n in known if first <= index.sessions[n] <= last]
        if not within:
            continue
        for n in (*before, *within):
            which.append(len(names))
            day.append(day_number(index.sessions[n]))
            close.append(float(index.close[n]))
        names.append(name)
    columns: dict[str, npt.NDArray[Any]] = {
        "day": np.array(day, dtype=np.int32),
        "close": np.array(close, dtype=np.float64),
    }
    _write(folder / INDICES, names, np.array(which, dtype=np.int32), columns)


def read_candles(folder: Path) -> Mapping[str, Candles]:
    """Return the bars that were kept, by symbol; raises `StoreError`."""
    return {name: Candles(**columns) for name, columns in _read(folder / CANDLES, days="day").items()}


def read_indices(folder: Path) -> Mapping[str, Index]:
    """Return the indices that were kept, by name; raises `StoreError`."""
    return {name: Index(**columns) for name, columns in _read(folder / INDICES, days="day").items()}


def _write(path: Path, names: list[str], which: npt.NDArray[np.int32], columns: Mapping[str, npt.NDArray[Any]]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {np.dtype(np.int32): pa.int32(), np.dtype(np.int64): pa.int64(), np.dtype(np.float64): pa.float64()}
    coded = pa.DictionaryArray.from_arrays(arrow.whole(which, pa.int32()), arrow.words(names))
    arrays = [arrow.whole(column, kinds[column.dtype]) for column in columns.values()]
    table = pa.table([coded, *arrays], names=["name", *columns])
    parquet.write_table(table, path, compression="zstd")


def _read(path: Path, **renamed: str) -> dict[str, dict[str, npt.NDArray[Any]]]:
    """Return the columns of each name."""
    import pyarrow as pa
    from pyarrow import parquet

    if not path.exists():
        return {}
    try:
        table = parquet.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise StoreError(f"{path} is damaged ({error}): run it again") from error
    names = table["name"].combine_chunks()
    words, which = names.dictionary.to_pylist(), _numbers(names.indices, np.int32)
    labels = {column: label for label, column in renamed.items()}
    columns = {
        labels.get(name, name): _numbers(table[name].combine_chunks(), _DTYPES[str(table.schema.field(name).type)])
        for name in table.column_names
        if name != "name"
    }
    return {
        words[number]: {label: column[which == number] for label, column in columns.items()}
        for number in np.unique(which).tolist()
    }


def _numbers(array: Any, dtype: type[np.generic]) -> npt.NDArray[Any]:
    """Return an arrow array's own memory."""
    import pyarrow as pa

    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks() if array.num_chunks else pa.nulls(0)
    if not len(array):
        return np.zeros(0, dtype=dtype)
    return np.frombuffer(array.buffers()[1], dtype=dtype)[array.offset : array.offset + len(array)]
