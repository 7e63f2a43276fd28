"""Be a data source: what happened until yesterday from one place, what happens now from the broker's stream."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from kats_core.kis.listening import Listener
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.market.source import DataSource, MarketMessage, Want
from kats_core.market.tables import IndexSeries, SideTable
from kats_core.model.fact import Fact
from kats_core.model.instrument import Instrument


@dataclass(frozen=True, slots=True)
class KisSource:
    """The broker as a live source. `past` is what was downloaded; `listener` the stream, by which notices of orders come, too.

    `asked` are the facts that the broker was asked for before the session.
    """

    past: DataSource
    listener: Listener
    asked: list[Fact] = field(default_factory=list)

    def identity(self) -> str:
        """Return that of the past: what is heard now is nobody's before it happens."""
        return self.past.identity()

    def notes(self) -> Sequence[str]:
        return self.past.notes()

    def instruments(self, day: dt.date) -> Sequence[Instrument]:
        return self.past.instruments(day)

    def daily_sessions(self) -> Sequence[dt.date]:
        return self.past.daily_sessions()

    def minute_sessions(self) -> Sequence[dt.date]:
        return self.past.minute_sessions()

    def history(self, first: dt.date | None, last: dt.date | None) -> Panel:
        return self.past.history(first, last)

    def minutes(self, session: dt.date) -> MinuteBars:
        return self.past.minutes(session)

    def tables(self) -> Mapping[str, SideTable]:
        return self.past.tables()

    def indices(self) -> Mapping[str, IndexSeries]:
        return self.past.indices()

    def facts(self, session: dt.date) -> Sequence[Fact]:
        return (*self.past.facts(session), *self.asked)

    def want(self, wants: Sequence[Want]) -> None:
        """Say what is to be heard of, the most important first."""
        self.listener.want(wants)

    async def listen(self, hear: Callable[[MarketMessage], None]) -> None:
        """Pass on what happens until cancelled; raises SourceError."""
        await self.listener.listen(hear)
