"""Serve the sample market as a data source: sixty companies that do not exist, any session from 2015-06-15 to 2027."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache

import numpy as np

from kats_core.market.calendar import krx_calendar
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.market.source import SourceError
from kats_core.market.tables import IndexSeries, SideTable
from kats_core.model import time
from kats_core.model.fact import MARKET, MARKET_CAP, REGIME, SECTOR, STATUS, Fact
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import FactSource, Scope
from kats_core.sources.sample import daily, disclosed, minutes
from kats_core.sources.sample.companies import companies
from kats_core.sources.sample.indices import indices
from kats_core.sources.sample.interruptions import Interruption
from kats_core.sources.sample.regimes import known_on_the_eve
from kats_core.sources.sample.tape import SampleTape

GENERATOR = "kats sample 4"
"""Changes whenever the same seed gives other prices or reports."""

ORIGIN = dt.date(2015, 6, 15)
"""The first day of price limits of 30 %."""

PREPARED = dt.time(8, 50)
ORDINARY = "00"
_KEPT_SESSIONS = 4


@lru_cache(maxsize=4)
def _history(seed: int) -> daily.DailyBars:
    calendar = krx_calendar()
    return daily.generate(seed, calendar.sessions(ORIGIN, calendar.covered_through), companies())


@lru_cache(maxsize=4)
def _tables(seed: int) -> Mapping[str, SideTable]:
    return disclosed.tables(seed, _history(seed), companies())


class SampleSource:
    """The market of one seed. What a day is does not depend on what is asked, when, or on which machine."""

    def __init__(self, seed: int, history_sessions: int) -> None:
        self.seed = seed
        self.history_sessions = history_sessions
        self._companies = companies()
        self._minutes: dict[dt.date, tuple[MinuteBars, tuple[Interruption, ...]]] = {}

    def identity(self) -> str:
        """Return a hash of the whole daily history and of the generator that makes its minutes."""
        return self._identity

    def notes(self) -> Sequence[str]:
        return [
            f"sample market of seed {self.seed}: {len(self._companies)} companies that do not exist, no real prices"
        ]

    def instruments(self, day: dt.date) -> Sequence[Instrument]:
        return [company.instrument for company in self._companies]

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
            instruments=tuple(company.instrument for company in self._companies),
            present=np.ones((stop - start, len(self._companies)), dtype=np.bool_),
            open=bars.open[rows],
            high=bars.high[rows],
            low=bars.low[rows],
            close=bars.close[rows],
            volume=bars.volume[rows],
            value=bars.value[rows],
            scope=Scope.RAW,
        )

    def minutes(self, session: dt.date) -> MinuteBars:
        return self._intraday(session)[0]

    def tape(self, session: dt.date) -> SampleTape:
        """Return the session's trades and order books, which add up to its minutes."""
        bars, interruptions = self._intraday(session)
        row = self._row(session)
        limits = {
            company.instrument.symbol: (int(self._bars.lower[row, j]), int(self._bars.upper[row, j]))
            for j, company in enumerate(self._companies)
        }
        return SampleTape(self.seed, krx_calendar().hours(session), bars, interruptions, self._companies, limits)

    def _intraday(self, session: dt.date) -> tuple[MinuteBars, tuple[Interruption, ...]]:
        found = self._minutes.get(session)
        if found is None:
            found = self._generated(session)
            self._minutes[session] = found
            if len(self._minutes) > _KEPT_SESSIONS:
                del self._minutes[next(iter(self._minutes))]
        return found

    def tables(self) -> Mapping[str, SideTable]:
        """Return shares, net buying and reports; of companies that do not exist, like everything here."""
        return _tables(self.seed)

    def indices(self) -> Mapping[str, IndexSeries]:
        return self._indices

    def facts(self, session: dt.date) -> Sequence[Fact]:
        """Return the regime known on the eve and, by company, sector, market, status and market cap."""
        row = self._row(session)
        as_of = time.at(session, PREPARED)
        facts = [Fact(REGIME, str(self._known_regimes[row]), as_of, FactSource.FEED)]
        for j, company in enumerate(self._companies):
            instrument = company.instrument
            values = {
                SECTOR: instrument.sector,
                MARKET: instrument.market.value,
                STATUS: ORDINARY,
                MARKET_CAP: int(self._bars.base[row, j]) * company.shares,
            }
            facts += [Fact(name, value, as_of, FactSource.FEED, instrument.symbol) for name, value in values.items()]
        return facts

    @property
    def _bars(self) -> daily.DailyBars:
        return _history(self.seed)

    @cached_property
    def _identity(self) -> str:
        whole = hashlib.sha256(f"{GENERATOR} {self.seed}".encode())
        for column in (self._bars.open, self._bars.high, self._bars.low, self._bars.close, self._bars.volume):
            whole.update(np.ascontiguousarray(column, dtype="<i8").tobytes())
        return whole.hexdigest()

    @cached_property
    def _indices(self) -> dict[str, IndexSeries]:
        return indices(self._bars, self._companies)

    @cached_property
    def _known_regimes(self) -> list[object]:
        return list(known_on_the_eve(list(self._bars.regime)))

    @cached_property
    def _rows(self) -> dict[dt.date, int]:
        return {session: row for row, session in enumerate(self._bars.sessions)}

    def _row(self, session: dt.date) -> int:
        row = self._rows.get(session)
        if row is None:
            known = self._bars.sessions
            raise SourceError(
                f"the sample market has no session on {session}; it trades from {known[0]} to {known[-1]}"
            )
        return row

    def _generated(self, session: dt.date) -> tuple[MinuteBars, tuple[Interruption, ...]]:
        row = self._row(session)
        bars = self._bars
        day = minutes.Day(
            bars.open[row],
            bars.high[row],
            bars.low[row],
            bars.close[row],
            bars.volume[row],
            bars.value[row],
            bars.lower[row],
            bars.upper[row],
        )
        return minutes.generate(self.seed, krx_calendar().hours(session), self._companies, day)
