"""Read what the broker gives in pieces that are cut at the oldest: candles of days and minutes, indices, flows of investors.

Each piece ends the day or the minute before the oldest of the piece before. A piece that brings nothing older ends the reading:
asked before the first of all, the broker repeats it for ever (`kis/quirks.md` E4, E5).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from kats_core.kis.client import Client
from kats_core.kis.limiter import Lane
from kats_core.kis.wire.quotes import (
    AskChart,
    AskIndexChart,
    AskInvestors,
    AskInvestorsByDay,
    AskPastMinutes,
    Candle,
    Flows,
    IndexCandle,
    MinuteCandle,
)

_DAY, _MINUTE = dt.timedelta(days=1), dt.timedelta(minutes=1)
LAST_MINUTE = dt.time(15, 30)
"""That of the closing auction; later rows are of the after-market."""

T = TypeVar("T")
K = TypeVar("K", dt.date, dt.datetime)


async def days_of(client: Client, symbol: str, first: dt.date, last: dt.date) -> list[Candle]:
    """Return the days on which a symbol traded, oldest first, adjusted as of today; raises KisError."""

    async def piece(until: dt.date) -> Sequence[Candle]:
        chart = await client.ask(AskChart(symbol=symbol, start=first, end=until), lane=Lane.HISTORY)
        return () if chart is None else chart.candles

    found = await _pieces(piece, lambda one: one.session, first, last, _DAY)
    return [one for one in found if one.volume > 0 and not one.is_filled]


async def index_days(client: Client, index: str, first: dt.date, last: dt.date) -> list[IndexCandle]:
    """Return the days of an index, oldest first; raises KisError."""

    async def piece(until: dt.date) -> Sequence[IndexCandle]:
        chart = await client.ask(AskIndexChart(index=index, start=first, end=until), lane=Lane.HISTORY)
        return () if chart is None else chart.candles

    return await _pieces(piece, lambda one: one.session, first, last, _DAY)


async def flows_of(client: Client, symbol: str, first: dt.date, last: dt.date) -> list[Flows]:
    """Return who bought a symbol by day, oldest first, as far as it is known; raises KisError.

    The mock server knows the last 30 days or so.
    """

    async def piece(until: dt.date) -> Sequence[Flows]:
        if client.keys.is_mock:
            of_late = await client.ask(AskInvestors(symbol=symbol), lane=Lane.HISTORY)
            return () if of_late is None else of_late.days
        by_day = await client.ask(AskInvestorsByDay(symbol=symbol, until=until), lane=Lane.HISTORY)
        return () if by_day is None else by_day.days

    found = await _pieces(piece, lambda one: one.session, first, last, _DAY)
    return [one for one in found if one.institutions is not None and one.foreigners is not None]


async def minutes_of(client: Client, symbol: str, session: dt.date, opening: dt.time) -> list[MinuteCandle]:
    """Return the minutes of a past session in which a symbol traded, oldest first; raises KisError."""

    async def piece(until: dt.datetime) -> Sequence[MinuteCandle]:
        question = AskPastMinutes(symbol=symbol, session=session, until=until.time())
        minutes = await client.ask(question, lane=Lane.HISTORY)
        return () if minutes is None else [one for one in minutes.candles if one.session == session]

    first, last = dt.datetime.combine(session, opening), dt.datetime.combine(session, LAST_MINUTE)
    found = await _pieces(piece, lambda one: dt.datetime.combine(session, one.clock), first, last, _MINUTE)
    return [one for one in found if one.volume > 0]


async def _pieces(
    piece: Callable[[K], Awaitable[Iterable[T]]], key: Callable[[T], K], first: K, last: K, step: dt.timedelta
) -> list[T]:
    found: dict[K, T] = {}
    until = last
    while until >= first:
        new = {key(one): one for one in await piece(until)}
        oldest = min(new, default=None)
        found |= {at: one for at, one in new.items() if first <= at <= until}
        if oldest is None or oldest > until or not any(at <= until for at in new):
            break
        until = min(oldest, until) - step
    return [found[at] for at in sorted(found)]
