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
from kats_core.market.source import SourceError, SourcePlugin
from kats_core.market.tables import IndexSeries, SideTable
from kats_core.model.fact import Fact
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import Market, Scope

LAST = dt.date(2025, 12, 30)


class Params(BaseModel):
    """Where the bars are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(description="folder of the columns that generated.py wrote")


class GeneratedSource:
    """Daily bars of generated symbols on the last sessions of the calendar; read at once, so that it is not measured."""

    def __init__(self, folder: Path) -> None:
        self._columns = generated.read(folder)
        count = len(self._columns["close"])
        calendar = krx_calendar()
        sessions = list(calendar.sessions(LAST - dt.timedelta(days=count * 2), LAST))[-count:]
        self._sessions = tuple(sessions)
        self._next = (*sessions[1:], calendar.next_session(sessions[-1]))

    def identity(self) -> str:
        """Return what the bars are made from."""
        return f"generated {self._columns['close'].shape}"

    def notes(self) -> Sequence[str]:
        """Nothing to tell."""
        return ()

    def instruments(self, day: dt.date) -> Sequence[Instrument]:
        """Return all symbols."""
        count = self._columns["close"].shape[1]
        return [Instrument(symbol=f"{10 * (j + 1):06d}", market=Market.KOSPI) for j in range(count)]

    def daily_sessions(self) -> Sequence[dt.date]:
        """Return the sessions."""
        return self._sessions

    def minute_sessions(self) -> Sequence[dt.date]:
        """There are none."""
        return ()

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
        """There are none."""
        raise SourceError("generated daily bars have no minutes")

    def tables(self) -> Mapping[str, SideTable]:
        """Nothing beside bars."""
        return {}

    def indices(self) -> Mapping[str, IndexSeries]:
        """No index."""
        return {}

    def facts(self, session: dt.date) -> Sequence[Fact]:
        """Nothing beyond prices."""
        return ()


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
