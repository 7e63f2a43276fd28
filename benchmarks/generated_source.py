"""Bring generated bars into KATS as a data source plugin, the way a third party would."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import generated
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from kats_core.hookspecs import hookimpl
from kats_core.market.calendar import krx_calendar
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.market.source import SourcePlugin
from kats_core.market.tables import IndexSeries, SideTable
from kats_core.model.fact import Fact
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import Market, Scope
from kats_core.model.time import MINUTE

LAST = dt.date(2025, 12, 30)


class Params(BaseModel):
    """Where the bars are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(description="folder of the columns that generated.py wrote")


class GeneratedSource:
    """Daily bars of generated symbols, or minute bars of one, on the last sessions before 2026.

    Everything is read and put in order at once, so that it is not measured.
    """

    def __init__(self, folder: Path) -> None:
        self._columns = generated.read(folder)
        self._minutes = _by_session(self._columns) if self._columns["close"].ndim == 1 else {}
        if self._minutes:
            sessions: list[dt.date] = list(self._minutes)
            daily = [_day(bars) for bars in self._minutes.values()]
            self._columns = {name: np.array([[day[name]] for day in daily]) for name in generated.COLUMNS}
        else:
            sessions = _last_sessions(len(self._columns["close"]))
        self._sessions = tuple(sessions)
        self._next = (*sessions[1:], krx_calendar().next_session(sessions[-1]))

    def identity(self) -> str:
        """Return what the bars are made from."""
        minutes = sum(map(len, self._minutes.values()))
        return f"generated {self._columns['close'].shape}" + (f" {minutes}" if minutes else "")

    def notes(self) -> Sequence[str]:
        """Nothing to tell."""
        return ()

    def instruments(self, day: dt.date) -> Sequence[Instrument]:
        """Return all symbols."""
        return [Instrument(symbol=symbol, market=Market.KOSPI) for symbol in _symbols(self._columns["close"].shape[1])]

    def daily_sessions(self) -> Sequence[dt.date]:
        """Return the sessions."""
        return self._sessions

    def minute_sessions(self) -> Sequence[dt.date]:
        """Return the sessions but the first, which only arms the second."""
        return list(self._minutes)[1:]

    def history(self, first: dt.date | None, last: dt.date | None) -> Panel:
        """Return all bars."""
        c = self._columns
        return Panel(
            sessions=self._sessions,
            next_session=self._next,
            instruments=tuple(self.instruments(LAST)),
            present=np.ones(c["close"].shape, dtype=np.bool_),
            open=c["open"],
            high=c["high"],
            low=c["low"],
            close=c["close"],
            volume=c["volume"],
            value=c["value"],
            scope=Scope.RAW,
        )

    def minutes(self, session: dt.date) -> MinuteBars:
        """Return the bars of a session."""
        return self._minutes[session]

    def tables(self) -> Mapping[str, SideTable]:
        """Nothing beside bars."""
        return {}

    def indices(self) -> Mapping[str, IndexSeries]:
        """No index."""
        return {}

    def facts(self, session: dt.date) -> Sequence[Fact]:
        """Nothing beyond prices."""
        return ()


def _symbols(count: int) -> list[str]:
    return [f"{10 * (j + 1):06d}" for j in range(count)]


def _last_sessions(count: int) -> list[dt.date]:
    return krx_calendar().sessions(LAST - dt.timedelta(days=count * 2), LAST)[-count:]


def _by_session(columns: generated.Columns) -> dict[dt.date, MinuteBars]:
    """Lay consecutive bars over the minutes of continuous trading, the newest over the last session."""
    left, found = len(columns["close"]), []
    for session in reversed(_last_sessions(left // 300 + 2)):
        hours = krx_calendar().hours(session)
        start = np.arange(hours.open, hours.close_auction, MINUTE)
        if left < len(start):
            break
        left -= len(start)
        cut = {name: values[left : left + len(start)] for name, values in columns.items()}
        found.append(
            MinuteBars(
                session=session,
                symbols=("000010",),
                symbol=np.zeros(len(start), dtype=np.int32),
                start=start,
                open=cut["open"],
                high=cut["high"],
                low=cut["low"],
                close=cut["close"],
                volume=cut["volume"],
                value=cut["value"],
                is_auction=np.zeros(len(start), dtype=np.bool_),
            )
        )
    return {bars.session: bars for bars in reversed(found)}


def _day(bars: MinuteBars) -> dict[str, int]:
    return {
        "open": int(bars.open[0]),
        "high": int(bars.high.max()),
        "low": int(bars.low.min()),
        "close": int(bars.close[-1]),
        "volume": int(bars.volume.sum()),
        "value": int(bars.value.sum()),
    }


@lru_cache(maxsize=1)
def opened(folder: Path) -> GeneratedSource:
    """Return the source of a folder; what was opened before the clock started need not be read while it runs."""
    return GeneratedSource(folder)


@hookimpl
def kats_register_data_sources() -> SourcePlugin:
    """Register the source."""
    return SourcePlugin(
        name="generated",
        summary=("벤치마크용 생성 시세", "generated bars of the benchmarks"),
        params=Params,
        build=lambda params: opened(params.folder),
    )
