"""Hold what the street does in one session: its trades and books from a tape, base prices, limits, the course of the indices."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kats_core.market.breakers import VolatilityClass, dynamic_threshold, static_threshold, volatility_class
from kats_core.market.calendar import krx_calendar
from kats_core.market.limits import price_limits
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.market.phases import SessionPhase, spans
from kats_core.market.sessions import SessionHours
from kats_core.market.source import DataSource, SourceError, Tape, TapeSource
from kats_core.market.ticks import tick_table
from kats_core.model import time
from kats_core.model.bar import Book, Trade
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import Market
from kats_core.model.labels import Bilingual
from kats_core.model.time import Nanos
from kats_core.simulator.exchange.board import Board, Thresholds
from kats_core.simulator.exchange.happenings import Printed
from kats_core.simulator.quote import Quote, minute_of
from kats_core.sources.sample.tape import SampleTape

HISTORY_SESSIONS = 520
_INDEX_OF = {Market.KOSPI: "KOSPI", Market.KOSDAQ: "KOSDAQ"}


@dataclass(frozen=True)
class Pause:
    """An interruption of the street, from `begins` to the print at `ends`."""

    begins: Nanos
    ends: Nanos


@dataclass(frozen=True)
class IndexCourse:
    """An index by minute: `level[k]` holds from the end of minute k on."""

    code: str
    before: float
    ends: npt.NDArray[np.int64]
    level: npt.NDArray[np.float64]
    volume: npt.NDArray[np.int64]
    value: npt.NDArray[np.int64]


class Session:
    """One session of the street."""

    def __init__(self, source: DataSource, day: dt.date, panel: Panel) -> None:
        self.day = day
        self.hours: SessionHours = krx_calendar().hours(day)
        self.spans = spans(self.hours)
        self._panel = panel
        self._row = sum(1 for session in panel.sessions if session < day)
        self.bars = source.minutes(day)
        self.instruments = {
            one.symbol: one for one in source.instruments(day) if one.symbol in self.bars.column and self._base(one)
        }
        self.tape = self._tape(source)

    @cached_property
    def pauses(self) -> Mapping[str, list[Pause]]:
        """Return the interruptions of each symbol."""
        found: dict[str, list[Pause]] = {}
        begun: dict[str, Nanos] = {}
        for message in self.tape.statuses():
            if message.is_vi:
                begun[message.symbol] = message.ts
            elif message.symbol in begun:
                found.setdefault(message.symbol, []).append(Pause(begun.pop(message.symbol), message.ts))
        return found

    def board(self, symbol: str) -> Board:
        """Return a symbol's board before the session."""
        one = self.instruments[symbol]
        limits = price_limits(self._base(one), self.day, one.market, one.kind, one.leverage)
        of = volatility_class(one, is_broad=False if one.market is not Market.KOSPI else None)
        return Board(one, limits, tick_table(self.day, one.market, one.kind), self._thresholds(of))

    def quote(self, symbol: str) -> Quote:
        """Return a symbol's quote before the session."""
        one = self.instruments[symbol]
        limits = price_limits(self._base(one), self.day, one.market, one.kind, one.leverage)
        column = self._panel.column[symbol]
        known = np.flatnonzero(self._panel.present[: self._row, column])
        before = int(self._panel.volume[known[-1], column]) if known.size else 0
        return Quote(one, limits, before)

    def trades(self, symbol: str, after: Nanos, until: Nanos) -> Iterator[Trade]:
        """Yield the street's trades with after < ts <= until."""
        start = minute_of(max(after, self.hours.open))
        while start <= until and start <= self.hours.close:
            yield from (one for one in self.tape.trades(symbol, start) if after < one.ts <= until)
            start += time.MINUTE

    def book(self, symbol: str, at: Nanos) -> Book:
        """Return the street's book at an instant, without sides where it shows none."""
        return self.tape.book(symbol, at)

    def catch_up(self, quote: Quote, until: Nanos) -> None:
        """Bring a quote up to an instant by the street's trades alone, whole minutes by their bars."""
        symbol, after = quote.instrument.symbol, quote.synced
        if until <= after:
            return
        quote.synced = until
        first = minute_of(after) + time.MINUTE if after >= self.hours.open else 0
        last = minute_of(until)
        if first > last:
            self._add(quote, self.trades(symbol, after, until))
            return
        if after >= self.hours.open:
            self._add(quote, self.trades(symbol, after, first - 1))
        rows = self.bars.rows_of[self.bars.column[symbol]]
        starts = self.bars.start[rows]
        for row in rows[(starts >= first) & (starts < last)].tolist():
            quote.take_bar(self.bars.bar(row))
        self._add(quote, self.trades(symbol, last - 1, until))
        for pause in self.pauses.get(symbol, ()):
            if after < pause.ends <= until:
                printed = next((one for one in self.trades(symbol, pause.ends - 1, pause.ends)), None)
                quote.reference = quote.reference if printed is None else printed.price

    def phases(self, at: Nanos) -> tuple[SessionPhase, ...]:
        """Return the phases that run at an instant."""
        return tuple(span.phase for span in self.spans if span.start <= at < span.end)

    def pause_at(self, symbol: str, at: Nanos) -> Pause | None:
        """Return the street's interruption that runs at an instant."""
        return next((one for one in self.pauses.get(symbol, ()) if one.begins <= at < one.ends), None)

    @cached_property
    def indices(self) -> dict[str, IndexCourse]:
        """Return the courses of KOSPI and KOSDAQ by the broker's codes, as far as the panel knows the indices."""
        found = {}
        for market, code in ((Market.KOSPI, "0001"), (Market.KOSDAQ, "1001")):
            course = self._course(market, code)
            if course is not None:
                found[code] = course
        return found

    def _course(self, market: Market, code: str) -> IndexCourse | None:
        series = self._panel.indices.get(_INDEX_OF[market])
        known = [] if series is None else [n for n, day in enumerate(series.sessions) if day < self.day]
        members = [one for one in self.instruments.values() if one.market is market and one.listed_shares]
        if series is None or not known or not members:
            return None
        ends = np.arange(self.hours.open, self.hours.close + 1, time.MINUTE, dtype=np.int64) + time.MINUTE
        cap, base = np.zeros(ends.size), 0.0
        volume, value = np.zeros(ends.size, dtype=np.int64), np.zeros(ends.size, dtype=np.int64)
        for one in members:
            rows = self.bars.rows_of[self.bars.column[one.symbol]]
            if not rows.size:
                continue
            place = np.searchsorted(self.bars.start[rows] + time.MINUTE, ends, side="right")
            closes = np.concatenate([[self._base(one)], self.bars.close[rows]])
            cap += closes[place] * float(one.listed_shares or 0)
            base += self._base(one) * float(one.listed_shares or 0)
            volume += np.concatenate([[0], np.cumsum(self.bars.volume[rows])])[place]
            value += np.concatenate([[0], np.cumsum(self.bars.value[rows])])[place]
        before = float(series.close[known[-1]])
        return IndexCourse(code, before, ends, np.round(before * cap / base, 2), volume, value)

    def _base(self, one: Instrument) -> int:
        column = self._panel.column.get(one.symbol)
        if column is None:
            return 0
        known = np.flatnonzero(self._panel.present[: self._row, column])
        return int(self._panel.close[known[-1], column]) if known.size else 0

    def _thresholds(self, of: VolatilityClass) -> Thresholds:
        phase = SessionPhase.CONTINUOUS
        return Thresholds(static_threshold(self.day, of, phase), dynamic_threshold(self.day, of, phase))

    def _tape(self, source: DataSource) -> Tape:
        if isinstance(source, TapeSource):
            return source.tape(self.day)
        return tape_of_bars(self.bars, self.hours, self.instruments, {
            symbol: (self.board(symbol).limits.lower, self.board(symbol).limits.upper) for symbol in self.instruments
        })  # fmt: skip

    def _add(self, quote: Quote, trades: Iterator[Trade]) -> None:
        for one in trades:
            quote.take(Printed(one.ts, one.symbol, one.price, one.quantity, one.aggressor, one.is_auction))


def tape_of_bars(
    bars: MinuteBars, hours: SessionHours, instruments: Mapping[str, Instrument], limits: dict[str, tuple[int, int]]
) -> Tape:
    """Return trades and books that add up to minute bars, for markets that have only those."""
    others = frozenset(bars.symbols) - frozenset(instruments)
    return SampleTape(0, hours, bars.without(others), (), list(instruments.values()), limits)


def history_of(source: DataSource, day: dt.date) -> Panel:
    """Return the daily bars up to a session, its own included where there are any; readers stop before it."""
    calendar = krx_calendar()
    first = calendar.shift(day, -HISTORY_SESSIONS) if calendar.index(day) > HISTORY_SESSIONS else calendar.session_at(0)
    panel = source.history(first, day)
    if not any(session < day for session in panel.sessions):
        raise SourceError(
            Bilingual(
                "{day} 전의 일봉이 없습니다. 전일 종가가 그날의 기준가입니다",
                "no daily bars before {day}: yesterday's closes are the base prices of a session",
                day=day,
            )
        )
    return replace(panel, indices=source.indices(), tables=source.tables())
