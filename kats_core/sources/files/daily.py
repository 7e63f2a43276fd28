"""Bring daily bars from several files into one panel; where two files have a day of a symbol, the first in rank wins.

A day that the winner has without a bar (halted, or left out) stays empty: a lower file does not fill it, since the two would
contradict each other about whether the symbol traded.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray, Int64Array
from kats_core.market.calendar import krx_calendar
from kats_core.market.panel import Panel
from kats_core.market.source import SourceError
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import Scope
from kats_core.model.labels import Bilingual
from kats_core.sources.files.checks import Bars, LeftOut, OrderCheck, checked_bars
from kats_core.sources.files.reading import Chunk, ColumnFile, chunks, day_number

COLUMNS = ("open", "high", "low", "close", "volume", "value")
NO_SESSION = Bilingual("거래일이 아닌 날의 봉", "bars on days that are no session of the exchange")


@dataclass(frozen=True, slots=True)
class DailyRows:
    """Daily bars as rows: `day` in days since 1970, `code` a symbol's number, `columns` in the order of `COLUMNS`.

    `empty_day` and `empty_code` are the rows without a bar.
    """

    day: Int64Array
    code: npt.NDArray[np.int32]
    columns: tuple[Int64Array, ...]
    empty_day: Int64Array
    empty_code: npt.NDArray[np.int32]


def read_daily(source: ColumnFile, first: dt.date, last: dt.date, left_out: LeftOut) -> list[DailyRows]:
    """Return the checked bars of one file with first <= day <= last.

    Raises:
        SourceError: see `checks`.
    """
    low, high = day_number(first), day_number(last)
    names = [*COLUMNS[:5], *(["value"] if source.file.has("value") else [])]
    order = OrderCheck(source, low, high)
    rows = []
    for chunk in chunks(source, names, low, high):
        order.check(chunk)
        rows.append(_rows(chunk, left_out))
    return rows


def _rows(chunk: Chunk, left_out: LeftOut) -> DailyRows:
    bars = checked_bars(chunk, left_out)
    on_session = _on_session(chunk.time)
    left_out.count(chunk, bars.traded & ~on_session, NO_SESSION)
    kept = bars.traded & on_session
    value = _value(chunk, bars)
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume, value)
    if kept.all():
        nothing = np.empty(0, dtype=np.int64)
        return DailyRows(chunk.time, chunk.code, columns, nothing, nothing.astype(np.int32))
    empty = on_session & ~kept
    picked = tuple(column[kept] for column in columns)
    return DailyRows(chunk.time[kept], chunk.code[kept], picked, chunk.time[empty], chunk.code[empty])


def _on_session(days: Int64Array) -> BoolArray:
    first, is_session = _session_table()
    offset = days - first
    is_covered = (offset >= 0) & (offset < is_session.size)
    return is_session[np.where(is_covered, offset, 0)] & is_covered


@cache
def _session_table() -> tuple[int, BoolArray]:
    """Return a day's number and, from it on, whether each day is a session."""
    calendar = krx_calendar()
    numbers = [day_number(day) for day in calendar.sessions(calendar.covered_from, calendar.covered_through)]
    table = np.zeros(numbers[-1] - numbers[0] + 1, dtype=np.bool_)
    table[np.array(numbers) - numbers[0]] = True
    return numbers[0], table


def _value(chunk: Chunk, bars: Bars) -> Int64Array:
    estimate = bars.close * bars.volume
    given = chunk.numbers.get("value")
    if given is None:
        return estimate
    negative = bars.traded & (given < 0)
    if negative.any():
        i = int(np.argmax(negative))
        raise SourceError(
            Bilingual(
                "{path}, {place}: {column} 값 {found}. 거래대금은 0원 이상이어야 합니다",
                "{path}, {place}: {column} is {found}; expected won traded, 0 or more",
                path=chunk.file.path,
                place=chunk.place(i),
                column=chunk.file.columns["value"],
                found=given[i],
            )
        )
    is_known = given > 0
    return np.where(is_known, np.where(is_known, given, 0).astype(np.int64), estimate)


def build_panel(
    ranked: Sequence[Sequence[DailyRows]],
    sessions: Sequence[dt.date],
    symbols: Sequence[str],
    instrument: Callable[[str], Instrument],
    scope: Scope,
) -> Panel:
    """Return the panel of several files' rows, the winning file first; `symbols` are by code."""
    codes = np.unique(np.concatenate([np.empty(0, np.int32), *(rows.code for file in ranked for rows in file)]))
    in_order = sorted(codes.tolist(), key=symbols.__getitem__)
    column_of = np.full(len(symbols) + 1, -1, dtype=np.int64)
    column_of[in_order] = np.arange(len(in_order))
    row_of = _row_table(sessions)
    shape = (len(sessions), len(in_order))
    present = np.zeros(shape, dtype=np.bool_)
    arrays = [np.zeros(shape, dtype=np.int64) for _ in COLUMNS]
    flat = [array.reshape(-1) for array in arrays]
    for file in reversed(ranked):
        for rows in file:
            is_column = column_of[rows.empty_code] >= 0
            empty = row_of(rows.empty_day[is_column]) * shape[1] + column_of[rows.empty_code[is_column]]
            cells = row_of(rows.day) * shape[1] + column_of[rows.code]
            present.reshape(-1)[empty] = False
            present.reshape(-1)[cells] = True
            for array, column in zip(flat, rows.columns, strict=True):
                array[empty] = 0
                array[cells] = column
    instruments = tuple(instrument(symbols[code]) for code in in_order)
    columns = dict(zip(COLUMNS, arrays, strict=True))
    return Panel(
        sessions=tuple(sessions),
        next_session=_next_sessions(sessions),
        instruments=instruments,
        present=present,
        open=columns["open"],
        high=columns["high"],
        low=columns["low"],
        close=columns["close"],
        volume=columns["volume"],
        value=columns["value"],
        scope=scope,
    )


def _row_table(sessions: Sequence[dt.date]) -> Callable[[Int64Array], Int64Array]:
    """Return a function from days since 1970, which must be sessions of the panel, to its rows."""
    if not sessions:
        return lambda days: days
    first = day_number(sessions[0])
    rows = np.zeros(day_number(sessions[-1]) - first + 1, dtype=np.int64)
    rows[np.array([day_number(session) for session in sessions]) - first] = np.arange(len(sessions))
    return lambda days: rows[days - first]


def _next_sessions(sessions: Sequence[dt.date]) -> tuple[dt.date | None, ...]:
    if not sessions:
        return ()
    calendar = krx_calendar()
    behind = calendar.sessions(sessions[-1], calendar.covered_through)[1:2]
    return (*sessions[1:], behind[0] if behind else None)
