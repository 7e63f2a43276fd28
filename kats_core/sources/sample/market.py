"""Serve the sample market as a data source: sixty companies that do not exist and a fund, any session from 2015-06-15 to 2027."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from kats_core.market.calendar import krx_calendar
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.market.source import SourceError
from kats_core.market.tables import DIVIDENDS, IndexMinutes, IndexSeries, SideTable
from kats_core.model import time
from kats_core.model.fact import MARKET, MARKET_CAP, SECTOR, STATUS, Fact, FactValue
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import FactSource, Market, Scope
from kats_core.model.labels import Bilingual
from kats_core.sources.sample import daily, disclosed, dividends, fund, indices, minutes
from kats_core.sources.sample.companies import companies
from kats_core.sources.sample.episodes import Episodes
from kats_core.sources.sample.fund import FUND
from kats_core.sources.sample.interruptions import Interruption
from kats_core.sources.sample.tape import SampleTape

GENERATOR = "kats sample 6"
"""Changes whenever the same seed gives other prices or reports."""

ORIGIN = dt.date(2015, 6, 15)
"""The first day of price limits of 30 %."""

PREPARED = dt.time(8, 50)
ORDINARY = "00"
_KEPT_SESSIONS = 4


@dataclass(frozen=True)
class _History:
    """All days of a seed. `listed` are the fund, then the companies, as their symbols are ordered."""

    companies: daily.DailyBars
    listed: daily.DailyBars
    indices: Mapping[str, IndexSeries]
    dividends: tuple[dividends.Dividend, ...]
    episodes: Episodes


@lru_cache(maxsize=4)
def _history(seed: int) -> _History:
    calendar, several = krx_calendar(), companies()
    sessions = calendar.sessions(ORIGIN, calendar.covered_through)
    course = daily.course(seed, sessions, several)
    declared = dividends.declared(seed, course)
    bars = daily.bars(course, dividends.gone(declared, sessions, several))
    series = indices.indices(bars, several)
    listed = daily.side_by_side(fund.daily(seed, series[Market.KOSPI.value]), bars)
    return _History(bars, listed, series, declared, course.episodes)


@lru_cache(maxsize=4)
def _tables(seed: int) -> Mapping[str, SideTable]:
    several, history = companies(), _history(seed)
    return {
        **disclosed.tables(seed, history.companies, history.episodes, several),
        DIVIDENDS: dividends.table(history.dividends, several),
    }


@dataclass(frozen=True)
class _Session:
    """What a session is within."""

    bars: MinuteBars
    interruptions: tuple[Interruption, ...]
    indices: Mapping[str, IndexMinutes]


class SampleSource:
    """The market of one seed. What a day is does not depend on what is asked, when, or on which machine."""

    def __init__(self, seed: int, history_sessions: int) -> None:
        self.seed = seed
        self.history_sessions = history_sessions
        self._companies = companies()
        self._instruments = (FUND, *(company.instrument for company in self._companies))
        self._known: dict[dt.date, _Session] = {}

    def identity(self) -> str:
        """Return a hash of the whole daily history and of the generator that makes its minutes."""
        return self._identity

    def notes(self) -> Sequence[str]:
        return [
            Bilingual(
                "시드 {seed}의 예제 시장: 없는 회사 {companies}곳, 실제 시세가 아님",
                "sample market of seed {seed}: {companies} companies that do not exist, no real prices",
                seed=self.seed,
                companies=len(self._companies),
            )
        ]

    def instruments(self, day: dt.date) -> Sequence[Instrument]:
        return self._instruments

    def daily_sessions(self) -> Sequence[dt.date]:
        return self._bars.sessions

    def minute_sessions(self) -> Sequence[dt.date]:
        return self._bars.sessions

    def history(self, first: dt.date | None, last: dt.date | None) -> Panel:
        """Return the daily bars; an open beginning means the `history_sessions` up to `last`."""
        sessions = self._bars.sessions
        stop = len(sessions) if last is None else sum(1 for session in sessions if session <= last)
        start = max(0, stop - self.history_sessions)
        if first is not None:
            start = min(stop, sum(1 for session in sessions if session < first))
        bars, rows = self._bars, slice(start, stop)
        return Panel(
            sessions=sessions[rows],
            next_session=(*sessions[start + 1 : stop + 1], *([None] if start < stop == len(sessions) else [])),
            instruments=self._instruments,
            present=np.ones((stop - start, len(self._instruments)), dtype=np.bool_),
            open=bars.open[rows],
            high=bars.high[rows],
            low=bars.low[rows],
            close=bars.close[rows],
            volume=bars.volume[rows],
            value=bars.value[rows],
            scope=Scope.RAW,
        )

    def minutes(self, session: dt.date) -> MinuteBars:
        return self._within(session).bars

    def index_minutes(self, session: dt.date) -> Mapping[str, IndexMinutes]:
        return self._within(session).indices

    def tape(self, session: dt.date) -> SampleTape:
        """Return the session's trades and order books, which add up to its minutes."""
        day, row = self._within(session), self._row(session)
        limits = {
            instrument.symbol: (int(self._bars.lower[row, j]), int(self._bars.upper[row, j]))
            for j, instrument in enumerate(self._instruments)
        }
        hours, numbers = krx_calendar().hours(session), {one.symbol: n for n, one in enumerate(self._numbered)}
        return SampleTape(self.seed, hours, day.bars, day.interruptions, self._instruments, limits, numbers)

    def _within(self, session: dt.date) -> _Session:
        found = self._known.get(session)
        if found is None:
            found = self._generated(session)
            self._known[session] = found
            if len(self._known) > _KEPT_SESSIONS:
                del self._known[next(iter(self._known))]
        return found

    def tables(self) -> Mapping[str, SideTable]:
        """Return shares, net buying, reports and dividends; of companies that do not exist, like everything here."""
        return _tables(self.seed)

    def indices(self) -> Mapping[str, IndexSeries]:
        return _history(self.seed).indices

    def facts(self, session: dt.date) -> Sequence[Fact]:
        """Return market and status of each symbol and, of companies, sector and market cap."""
        row = self._row(session)
        as_of = time.at(session, PREPARED)
        base = _history(self.seed).companies.base[row].tolist()
        caps = {company.instrument.symbol: base[j] * company.shares for j, company in enumerate(self._companies)}
        facts = []
        for instrument in self._instruments:
            values: dict[str, FactValue] = {MARKET: instrument.market.value, STATUS: ORDINARY}
            if instrument.symbol in caps:
                values |= {SECTOR: instrument.sector, MARKET_CAP: caps[instrument.symbol]}
            facts += [Fact(name, value, as_of, FactSource.FEED, instrument.symbol) for name, value in values.items()]
        return facts

    @property
    def _bars(self) -> daily.DailyBars:
        return _history(self.seed).listed

    @property
    def _numbered(self) -> Sequence[Instrument]:
        """What is listed, by the number that its random numbers have."""
        return (*(company.instrument for company in self._companies), FUND)

    @cached_property
    def _identity(self) -> str:
        whole = hashlib.sha256(f"{GENERATOR} {self.seed}".encode())
        for column in (self._bars.open, self._bars.high, self._bars.low, self._bars.close, self._bars.volume):
            whole.update(np.ascontiguousarray(column, dtype="<i8").tobytes())
        for record in dividends.records(_history(self.seed).dividends):
            whole.update(record.encode())
        return whole.hexdigest()

    @cached_property
    def _rows(self) -> dict[dt.date, int]:
        return {session: row for row, session in enumerate(self._bars.sessions)}

    def _row(self, session: dt.date) -> int:
        row = self._rows.get(session)
        if row is None:
            known = self._bars.sessions
            raise SourceError(
                Bilingual(
                    "샘플 시장에 {day} 거래일이 없습니다. {first}부터 {last}까지 거래합니다",
                    "the sample market has no session on {day}; it trades from {first} to {last}",
                    day=session,
                    first=known[0],
                    last=known[-1],
                )
            )
        return row

    def _generated(self, session: dt.date) -> _Session:
        row, history = self._row(session), _history(self.seed)
        hours = krx_calendar().hours(session)
        traded, interruptions = minutes.generate(
            self.seed, hours, self._companies, minutes.Day.of(history.companies, row), history.episodes.is_hasty[row]
        )
        within = indices.within(hours, history.indices, traded, row, history.companies, self._companies)
        own = minutes.Day.of(history.listed, row, slice(0, 1))
        kospi = Market.KOSPI.value
        of_fund = fund.minutes(self.seed, hours, own, within[kospi], history.indices[kospi], row)
        symbols = [instrument.symbol for instrument in self._instruments]
        return _Session(minutes.assembled(hours, symbols, (of_fund, traded)), interruptions, within)
