"""Read the minute bars of one session, and build daily bars from them where no file has daily bars."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from kats_core.market.arrays import BoolArray, Int64Array
from kats_core.market.calendar import krx_calendar
from kats_core.market.minutes import MinuteBars
from kats_core.market.source import SourceError
from kats_core.model import time
from kats_core.model.labels import Bilingual
from kats_core.sources.files.checks import Bars, LeftOut, OrderCheck, checked_bars
from kats_core.sources.files.daily import DailyRows
from kats_core.sources.files.reading import Chunk, ColumnFile, SymbolCodes, day_number

OUTSIDE_HOURS = Bilingual("정규장 밖의 봉", "bars outside the regular session")
KEPT_ROWS = 2_000_000
"""Rows of decoded files that stay in memory, so that the next session costs a look-up; about 150 MB."""


class MinuteReader:
    """Minute bars of files, the one that wins first."""

    def __init__(self, sources: Sequence[ColumnFile], symbols: SymbolCodes) -> None:
        self._sources = sources
        self._symbols = symbols
        self._decoded: OrderedDict[tuple[int, int], Chunk] = OrderedDict()

    def read(self, session: dt.date, left_out: LeftOut) -> MinuteBars:
        """Return the bars of one session; a symbol's whole day comes from one file.

        Raises:
            SourceError: see `checks`; a bar that does not start on a whole minute.
        """
        parts: list[tuple[Chunk, Bars]] = []
        claimed: set[int] = set()
        for number in range(len(self._sources)):
            codes: set[int] = set()
            for chunk in self._rows(number, session):
                new = chunk.take(~np.isin(chunk.code, list(claimed))) if claimed else chunk
                codes.update(np.unique(new.code).tolist())
                parts.append(_checked(new, session, left_out))
            claimed |= codes
        return self._joined(session, parts)

    def _rows(self, number: int, session: dt.date) -> list[Chunk]:
        source = self._sources[number]
        first = time.midnight(session)
        last = first + time.DAY - 1
        order = OrderCheck(source, first, last)
        found = []
        for piece in source.pieces(first, last):
            chunk = self._piece(number, piece)
            chunk = chunk.take((chunk.time >= first) & (chunk.time <= last))
            order.check(chunk)
            found.append(chunk)
        return found

    def _piece(self, number: int, piece: int) -> Chunk:
        key = number, piece
        if key not in self._decoded:
            source = self._sources[number]
            names = ["open", "high", "low", "close", "volume"]
            names += [name for name in ("cum_value", "value") if source.file.has(name)][:1]
            self._decoded[key] = source.read(piece, names)
            while len(self._decoded) > 1 and sum(map(len, self._decoded.values())) > KEPT_ROWS:
                self._decoded.popitem(last=False)
        self._decoded.move_to_end(key)
        return self._decoded[key]

    def _joined(self, session: dt.date, parts: Sequence[tuple[Chunk, Bars]]) -> MinuteBars:
        chunks = [chunk for chunk, _ in parts]
        code = np.concatenate([np.empty(0, np.int32), *(chunk.code for chunk in chunks)])
        start = np.concatenate([np.empty(0, np.int64), *(chunk.time for chunk in chunks)])
        names = ("open", "high", "low", "close", "volume")
        columns = {
            name: np.concatenate([np.empty(0, np.int64), *(getattr(bars, name) for _, bars in parts)]) for name in names
        }
        value = np.concatenate([np.empty(0, np.int64), *(_value(chunk, bars) for chunk, bars in parts)])
        kept = np.concatenate([np.empty(0, np.bool_), *(bars.traded for _, bars in parts)])
        codes = sorted(np.unique(code[kept]).tolist(), key=self._symbols.symbols.__getitem__)
        place = np.zeros(len(self._symbols) + 1, dtype=np.int32)
        place[codes] = np.arange(len(codes))
        symbol = place[code]
        order = np.lexsort((symbol, start))
        order = order[kept[order]]
        return MinuteBars(
            session=session,
            symbols=tuple(self._symbols.symbols[code] for code in codes),
            symbol=symbol[order],
            start=start[order],
            **{name: column[order] for name, column in columns.items()},
            value=value[order],
            is_auction=start[order] >= krx_calendar().hours(session).close_auction,
        )


def _checked(chunk: Chunk, session: dt.date, left_out: LeftOut) -> tuple[Chunk, Bars]:
    broken = chunk.time % time.MINUTE != 0
    if broken.any():
        raise SourceError(
            Bilingual(
                "{path}, {place}: 분봉은 정각 분에 시작해야 합니다. datetime은 시작 시각입니다",
                "{path}, {place}: a minute bar starts on a whole minute; datetime marks its start",
                path=chunk.file.path,
                place=chunk.place(int(np.argmax(broken))),
            )
        )
    bars = checked_bars(chunk, left_out)
    hours = krx_calendar().hours(session)
    is_inside = (chunk.time >= hours.open) & (chunk.time <= hours.close)
    left_out.count(chunk, bars.traded & ~is_inside, OUTSIDE_HOURS)
    return chunk, Bars(bars.traded & is_inside, bars.open, bars.high, bars.low, bars.close, bars.volume)


def _value(chunk: Chunk, bars: Bars) -> Int64Array:
    """Return won traded in each bar, close x volume where the file's figure is missing or impossible for the bar.

    `cum_value` runs over the day, so a bar has what it adds. Where minutes are missing, or trades before the open are
    included, the difference belongs to more than the bar, and lies outside what its prices allow.
    """
    estimate = bars.close * bars.volume
    name = "cum_value" if "cum_value" in chunk.numbers else "value"
    if name not in chunk.numbers:
        return estimate
    given = np.nan_to_num(chunk.numbers[name], nan=-1.0).astype(np.int64)
    if name == "cum_value":
        given = _steps(chunk, given)
    is_possible: BoolArray = (given >= bars.low * bars.volume) & (given <= bars.high * bars.volume)
    return np.where(is_possible, given, estimate)


def _steps(chunk: Chunk, running: Int64Array) -> Int64Array:
    order = np.lexsort((chunk.time, chunk.code))
    step = running[order].copy()
    follows = chunk.code[order][1:] == chunk.code[order][:-1]
    step[1:] -= np.where(follows, running[order][:-1], 0)
    result = np.empty_like(step)
    result[order] = step
    return result


def daily_rows(bars: MinuteBars, symbols: SymbolCodes) -> DailyRows:
    """Return the day's bar of each symbol that has the closing auction's; without its price a day has no close."""
    by_symbol = np.argsort(bars.symbol, kind="stable")
    nothing = np.empty(0, dtype=np.int64)
    if not by_symbol.size:
        return DailyRows(nothing, nothing.astype(np.int32), (nothing,) * 6, nothing, nothing.astype(np.int32))
    starts = np.flatnonzero(np.r_[True, np.diff(bars.symbol[by_symbol]) != 0])
    last_rows = by_symbol[np.r_[starts[1:], by_symbol.size] - 1]
    columns = (
        bars.open[by_symbol[starts]],
        np.maximum.reduceat(bars.high[by_symbol], starts),
        np.minimum.reduceat(bars.low[by_symbol], starts),
        bars.close[last_rows],
        np.add.reduceat(bars.volume[by_symbol], starts),
        np.add.reduceat(bars.value[by_symbol], starts),
    )
    code = np.array([symbols.code(bars.symbols[j]) for j in bars.symbol[last_rows].tolist()], dtype=np.int32)
    closed = bars.is_auction[last_rows]
    day = np.full(code.size, day_number(bars.session), dtype=np.int64)
    return DailyRows(
        day[closed], code[closed], tuple(column[closed] for column in columns), day[~closed], code[~closed]
    )
