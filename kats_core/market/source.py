"""State what a data source is.

An error in the data is a `SourceError`: it names the file, the row and the value, and needs a person. A source never
repairs what it reads, except as its documentation says; it says what it left out in `notes`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

import msgspec
from pydantic import BaseModel

from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.market.tables import IndexMinutes, IndexSeries, SideTable
from kats_core.market.vi import ListedVi, StatusMessage
from kats_core.model.bar import Book, Trade
from kats_core.model.command import Notify
from kats_core.model.fact import Fact
from kats_core.model.instrument import Instrument
from kats_core.model.time import Nanos


class SourceError(ValueError):
    """The data cannot be used as they are; a person must mend or replace them. Exit code 2.

    A message that is `Bilingual` is shown in the language of the screen, a plain one as it is.
    """


class DataSource(Protocol):
    """Market data of the past, or of the present as it comes."""

    def identity(self) -> str:
        """Return a hash of the data: the same bytes give the same identity on every machine."""

    def notes(self) -> Sequence[str]:
        """Return what an operator should know about the data: what was read as what, what was left out.

        A note that is `Bilingual` is shown in the language of the screen, a plain one as it is.
        """

    def instruments(self, day: dt.date) -> Sequence[Instrument]:
        """Return what can be traded on a day, ordered by symbol."""

    def daily_sessions(self) -> Sequence[dt.date]:
        """Return the sessions for which there are daily bars, oldest first."""

    def minute_sessions(self) -> Sequence[dt.date]:
        """Return the sessions for which there are minute bars, oldest first."""

    def history(self, first: dt.date | None, last: dt.date | None) -> Panel:
        """Return the daily bars of all symbols with first <= session <= last; None leaves that end open."""

    def minutes(self, session: dt.date) -> MinuteBars:
        """Return the minute bars of one session.

        Raises:
            SourceError: there are none.
        """

    def tables(self) -> Mapping[str, SideTable]:
        """Return what is known of symbols beside their bars, by the names of `market/tables.py`. May be empty."""

    def indices(self) -> Mapping[str, IndexSeries]:
        """Return the daily values of the indices, by name: KOSPI, KOSDAQ, KOSPI200, VKOSPI. May be empty."""

    def facts(self, session: dt.date) -> Sequence[Fact]:
        """Return what is known at 08:50 of a session beyond prices: grades, sectors, the regime. May be empty."""


class Tape(Protocol):
    """Trades, order books and status messages of one session, looked up where they matter."""

    def statuses(self) -> Sequence[StatusMessage]:
        """Return the session's messages about interruptions and halts, oldest first."""

    def trades(self, symbol: str, start: Nanos) -> Sequence[Trade]:
        """Return the trades of the minute that begins at `start`, oldest first; an auction's print is one of them."""

    def book(self, symbol: str, at: Nanos) -> Book:
        """Return the order book at an instant, with the full second since which it stands so as its own.

        It is empty while none is displayed, as while an auction collects orders.
        """


@runtime_checkable
class TapeSource(Protocol):
    """A data source that has order books too; then paper orders are filled from them instead of from bars."""

    def tape(self, session: dt.date) -> Tape:
        """Return a session's trades and order books; they add up to its minute bars.

        Raises:
            SourceError: there are none.
        """


@dataclass(frozen=True, slots=True)
class Want:
    """A symbol to be heard of. Near one of its levels, held or on order (`is_busy`), or `is_due`, its book matters too.

    `above` are the levels (won) that are reached from below, as a breakout is; `below` those that are reached from above.
    `is_due`: it may be bought at any bar or moment now, wherever its price stands. `is_stopped`: it is interrupted or halted, on
    its own or with its market; its silence means nothing. `is_voice`: it is the one that tells what stops its whole market.
    """

    symbol: str
    above: tuple[int, ...] = ()
    below: tuple[int, ...] = ()
    is_busy: bool = False
    is_due: bool = False
    is_stopped: bool = False
    is_voice: bool = False


class StatusFeed(msgspec.Struct, frozen=True, gc=False):
    """Whether messages about a symbol's interruptions and halts come from now on; without them its state is unknown."""

    symbol: str
    is_fed: bool


class Interruptions(msgspec.Struct, frozen=True, gc=False):
    """The exchange's whole list of the session's volatility interruptions, as it stands now."""

    rows: tuple[ListedVi, ...]


class StaticReference(msgspec.Struct, frozen=True, gc=False):
    """The price, in won, from which the exchange measures a symbol's static volatility interruption from now on."""

    symbol: str
    price: int


class SoFar(msgspec.Struct, frozen=True, gc=False):
    """What a symbol has done in the session before the first trade that is told of it: prices in won, `value` too."""

    symbol: str
    open: int
    high: int
    low: int
    volume: int
    value: int


MarketMessage: TypeAlias = (
    Trade | SoFar | Book | StatusMessage | StatusFeed | Interruptions | StaticReference | Fact | Notify
)
"""What a live source tells: a `Fact` is the newest word on an input, such as the index's change in the session; a `Notify` is for
people, as when nothing comes any more."""


class LiveFeed(Protocol):
    """Tells what happens in the market now."""

    def want(self, wants: Sequence[Want]) -> None:
        """Say what is to be heard of, the most important first; replaces what was wanted before. Never blocks."""

    async def listen(self, hear: Callable[[MarketMessage], None]) -> None:
        """Pass on what happens, in the order in which it comes, until cancelled; reconnects by itself.

        Raises:
            SourceError: it cannot be had any more, and a person must act.
        """


@runtime_checkable
class LiveSource(DataSource, LiveFeed, Protocol):
    """A data source that also tells what happens now."""


@runtime_checkable
class IndexMinutesSource(Protocol):
    """A data source that knows the indices within a session too; elsewhere conditions on them count as approximated."""

    def index_minutes(self, session: dt.date) -> Mapping[str, IndexMinutes]:
        """Return, by the names of `indices`, how they moved in a session. An index that is not known is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePlugin:
    """What a data source registers. `summary` is (Korean, English).

    `build` imports what the source needs and opens it; it raises `SourceError` when the data cannot be used. One that
    `needs_settings` also gets what the environment says, folders and secrets: `build(params, settings)`. `is_live`: it builds a
    `LiveSource`, so that `kats run` plays today as it happens.
    """

    name: str
    summary: tuple[str, str]
    params: type[BaseModel]
    build: Callable[..., DataSource]
    needs_settings: bool = False
    is_live: bool = False
