"""Listen to the broker's stream on behalf of a run: watch what the engine wants, pass on what comes, say what is not heard.

Whoever waits for a level is watched by his trades; near it, and while a symbol is held, its book and market status come too. A
symbol's interruptions are unknown until its status is proven to come and the exchange's list was read. What is held and not heard,
and what found no place on the stream, is asked for by calls, so that stops hold and whoever comes near his level gets a place.
Of whom nothing comes for longer than usual, a call says whether he trades at all: only then is the stream called silent.
"""

from __future__ import annotations

import asyncio
import random
import time as wall
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

from kats_core.kis.client import Client, open_client
from kats_core.kis.errors import KisError
from kats_core.kis.line import line_of
from kats_core.kis.polling import HELD_EVERY, OTHERS_EVERY, DayVolumes, Seen, Turns, prices_of
from kats_core.kis.settings import Keys
from kats_core.kis.stream.budget import Need, distance_to
from kats_core.kis.stream.feed import Feed, open_socket
from kats_core.kis.stream.messages import FeedEvent, Received, Told
from kats_core.kis.stream.registrations import Channel
from kats_core.kis.stream.session import Surroundings
from kats_core.kis.stream.streams import streams_of
from kats_core.kis.stream.watchdog import Expecting, continuous_trading
from kats_core.kis.translating import KOSPI, interruption_of, market_message
from kats_core.kis.wire.quotes import AskInterruptions
from kats_core.kis.wire.records import BookRecord, MarketStatus, Notice, Record, TradeRecord
from kats_core.market.calendar import krx_calendar
from kats_core.market.source import Interruptions, MarketMessage, SoFar, SourceError, StaticReference, StatusFeed, Want
from kats_core.market.vi import NO_END_GIVEN_UP
from kats_core.model import fact, time
from kats_core.model.bar import Trade
from kats_core.model.codes import CoreCode
from kats_core.model.command import Notify
from kats_core.model.fact import Fact
from kats_core.model.kinds import FactSource, Severity
from kats_core.model.labels import message
from kats_core.model.setup import Numbers
from kats_core.model.time import Nanos

LIST_EVERY: Nanos = time.MINUTE
"""The exchange's list of interruptions is read this often, after each message about one, and after each reconnect."""
LIST_URGENTLY_EVERY: Nanos = 5 * time.SECOND
"""How often it is read while the end of an interruption is overdue."""
END_OVERDUE: Nanos = 180 * time.SECOND
"""How long after its start the end of an interruption is overdue."""

Hear: TypeAlias = Callable[[MarketMessage], None]


_TOLD: Mapping[FeedEvent, tuple[CoreCode, Severity]] = {
    FeedEvent.UP: (CoreCode.FEED_UP, Severity.INFO),
    FeedEvent.HEARD: (CoreCode.FEED_HEARD, Severity.INFO),
    FeedEvent.DOWN: (CoreCode.FEED_DOWN, Severity.CRITICAL),
    FeedEvent.SILENT: (CoreCode.FEED_SILENT, Severity.CRITICAL),
    FeedEvent.HELD_UNWATCHED: (CoreCode.FEED_TROUBLE, Severity.CRITICAL),
}


def surroundings() -> Surroundings:
    """Return the world as it is: the machine's clock, its sockets."""
    return Surroundings(clock=wall.time_ns, sleep=asyncio.sleep, connect=open_socket)


@dataclass(slots=True)
class _Known:
    """What is known of one session: the last prices, whose status is proven to come, what was told, what is to be asked when."""

    last: dict[str, int] = field(default_factory=dict)
    volumes: DayVolumes = field(default_factory=DayVolumes)
    turns: Turns = field(default_factory=Turns)
    fed: frozenset[str] = frozenset()
    interrupted: frozenset[str] = frozenset()
    stopped: frozenset[str] = frozenset()
    since: dict[str, Nanos] = field(default_factory=dict)
    references: dict[str, int] = field(default_factory=dict)
    skew: float | None = None
    others_due: Nanos = 0
    list_due: Nanos = 0

    def on_status(self, record: MarketStatus, now: Nanos) -> None:
        """Note whose interruption lasts since when; whatever was told, the list knows more."""
        self.list_due = 0
        if record.is_vi is True:
            self.since.setdefault(record.symbol, now)
        elif record.is_vi is False:
            self.since.pop(record.symbol, None)

    def next_list(self, now: Nanos) -> Nanos:
        """Return when the list is to be read again: soon while an end is overdue and not yet given up."""
        is_overdue = any(END_OVERDUE <= now - since < NO_END_GIVEN_UP for since in self.since.values())
        return now + (LIST_URGENTLY_EVERY if is_overdue else LIST_EVERY)

    def new_reference(self, record: TradeRecord) -> StaticReference | None:
        """Return the static reference that comes with a trade, where it is another one or the trade has set our estimate."""
        told = record.vi_reference
        if told is None or (self.references.get(record.symbol) == told and not record.is_auction):
            return None
        self.references[record.symbol] = told
        return StaticReference(record.symbol, told)


@dataclass(slots=True)
class Listener:
    """The stream: a session of the main app, by which calls and notices of orders go, and one of each of `more` apps.

    Notices go to `on_notice`; what happens to the feed itself is told like the market.
    """

    keys: Keys
    home: Path
    more: Sequence[Keys] = ()
    around: Surroundings = field(default_factory=surroundings)
    on_notice: Callable[[Notice], None] = lambda _: None
    on_reconnected: Callable[[], None] = lambda: None
    _client: asyncio.Future[Client] | None = field(init=False, default=None)
    _feed: Feed | None = field(init=False, default=None)
    _wants: tuple[Want, ...] = field(init=False, default=())
    _known: _Known = field(init=False, default_factory=_Known)
    _expecting: Expecting = field(init=False, default=lambda _: None)
    _asking: int = field(init=False, default=0)

    async def client(self) -> Client:
        """Return the client of the session, as soon as there is one: who shares the keys shares their pace."""
        return await self._promised()

    def want(self, wants: Sequence[Want]) -> None:
        """Say what is to be heard of, the most important first."""
        self._wants = tuple(wants)
        self._tell_needs()

    async def listen(self, hear: Hear) -> None:
        """Pass on what happens until cancelled.

        Raises:
            SourceError: the broker takes no calls with the main app's keys. One of `more` that it does not take is told, and
                the others go on without it.
        """
        session = time.session_date(self.around.clock())
        try:
            async with AsyncExitStack() as opened:
                pool = [
                    await opened.enter_async_context(open_client(keys, self.home)) for keys in (self.keys, *self.more)
                ]
                client = pool[0]
                await client.authority.approval_key()
                self._promised().set_result(client)
                feed = self._feed = self._feed_of(pool)
                self._known = _Known()
                self._expecting = continuous_trading(krx_calendar().hours(session))
                feed.hub.expect(self._expecting)
                self._tell_needs()
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(feed.run())
                    tasks.create_task(self._watch(hear))
                    tasks.create_task(self._read_lists(client, hear))
                    tasks.create_task(self._poll(client, feed, hear))
                    while True:
                        self._pass_on(await feed.next(), hear)
        except* KisError as failed:
            raise SourceError(message(failed.exceptions[0])) from None
        finally:
            self._client = self._feed = None

    @property
    def is_settled(self) -> bool:
        """Whether all is quiet and proven."""
        return self.is_quiet and self.is_proven

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is being asked for, nothing waits to be read, and no line is about to connect."""
        return self._feed is not None and self._feed.is_quiet and not self._asking

    @property
    def is_proven(self) -> bool:
        """Whether the broker has answered all registrations of what is wanted and possible now."""
        return self._feed is not None and self._feed.is_proven

    @property
    def is_passed_on(self) -> bool:
        """Whether nothing that has come on the stream waits to be passed on."""
        return self._feed is None or self._feed.is_read

    @property
    def last_ping(self) -> str | None:
        """The sign of life that was heard last; None while there is no connection."""
        return None if self._feed is None else self._feed.last_ping

    def _promised(self) -> asyncio.Future[Client]:
        if self._client is None:
            self._client = asyncio.get_running_loop().create_future()
        return self._client

    def _feed_of(self, pool: Sequence[Client]) -> Feed:
        lines = [line_of(client.keys, client.authority) for client in pool]
        account = None if self.keys.account is None else self.keys.account.digits
        streams = streams_of(is_mock=self.keys.is_mock)
        return Feed(lines, streams, account, random.random, surroundings=self.around)

    def _tell_needs(self) -> None:
        if self._feed is not None:
            needs = [self._need(rank, want) for rank, want in enumerate(self._wants)]
            self._feed.hub.want(needs, self.around.clock(), indices=(KOSPI,))
            self._tell_stopped(self._feed)

    def _tell_stopped(self, feed: Feed) -> None:
        """Let nobody wait for trades of whoever is stopped, with his market perhaps, of which his own status tells nothing."""
        stopped = frozenset(want.symbol for want in self._wants if want.is_stopped)
        for symbol in stopped | self._known.stopped:
            feed.hub.set_trading(symbol, self.around.clock(), is_trading=symbol not in stopped)
        self._known.stopped = stopped

    def _need(self, rank: int, want: Want) -> Need:
        last = self._known.last.get(want.symbol)
        ways = [] if last is None else [*_ways(want, last)]
        distance = min(ways, default=None)
        also = (Channel.STATUS,) if want.is_voice else ()
        return Need(
            symbol=want.symbol, rank=rank, is_held=want.is_busy, distance=distance, is_due=want.is_due, also=also
        )

    def _pass_on(self, message: Received | Told, hear: Hear) -> None:
        if isinstance(message, Told):
            self._on_told(message, hear)
            return
        record, now = message.record, message.at
        if isinstance(record, Notice):
            self.on_notice(record)
            return
        for told in self._messages(record, now):
            if not isinstance(told, Trade):
                hear(told)
            elif self._known.volumes.is_new(told) and isinstance(record, TradeRecord):
                self._take_in(told, record, hear)

    def _messages(self, record: Record, now: Nanos) -> Iterator[MarketMessage]:
        told = market_message(record, time.session_date(now), now)
        if told is not None:
            yield told
        if isinstance(told, Trade) and isinstance(record, TradeRecord):
            reference = self._known.new_reference(record)
            if reference is not None:
                yield reference
        elif isinstance(record, MarketStatus):
            self._known.on_status(record, now)
        elif isinstance(record, BookRecord) and self.keys.is_mock:
            # The mock server has no market status: there the book alone shows an interruption.
            status = interruption_of(record, now, self._known.interrupted)
            if status is not None:
                self._known.interrupted ^= {record.symbol}
                yield status

    def _on_told(self, told: Told, hear: Hear) -> None:
        """Let people know what happens to the feed; when it is there again, read what it has missed."""
        if told.event is FeedEvent.UP:
            self._known.list_due = 0
            self.on_reconnected()
        code, severity = _TOLD.get(told.event, (CoreCode.FEED_TROUBLE, Severity.WARNING))
        detail: Numbers = {"event": told.event.value, "line": told.line, "text": told.detail}
        if told.symbols:
            detail = {**detail, "symbols": ", ".join(told.symbols)}
        if told.since is not None:
            detail = {**detail, "since": f"{time.clock(told.since):%H:%M:%S}"}
        hear(Notify(told.at, severity, str(code), detail=detail))

    async def _watch(self, hear: Hear) -> None:
        """Each second: ask for what is near now, say whose status comes and how late it is at the broker."""
        while True:
            now = self.around.clock()
            self._tell_needs()
            self._tell_fed(hear)
            self._tell_skew(hear, now)
            await self.around.sleep(1.0)

    async def _read_lists(self, client: Client, hear: Hear) -> None:
        """Read the list of interruptions whenever it is due, however long the answer takes."""
        while True:
            now = self.around.clock()
            if now >= self._known.list_due:
                self._known.list_due = self._known.next_list(now)
                self._asking += 1
                try:
                    await self._read_list(client, hear, now)
                finally:
                    self._asking -= 1
            await self.around.sleep(1.0)

    async def _poll(self, client: Client, feed: Feed, hear: Hear) -> None:
        """Ask for the prices of what is not heard while it should trade, and whether it does."""
        while True:
            await self.around.sleep(HELD_EVERY / time.SECOND)
            if self._expecting(self.around.clock()) is None:
                continue
            unheard = self._unheard(feed, self.around.clock())
            symbols = dict.fromkeys([*unheard, *self._suspected(feed)])
            if not symbols:
                continue
            self._asking += 1
            try:
                async for seen in prices_of(client, [*symbols]):
                    now = self.around.clock()
                    feed.hub.asked(seen.symbol, seen.volume, now)
                    trade = self._known.volumes.trade(seen, now) if seen.symbol in unheard else None
                    if trade is not None:
                        self._take_in(trade, seen, hear)
            finally:
                self._asking -= 1

    def _unheard(self, feed: Feed, now: Nanos) -> list[str]:
        """Return what is held and not heard, and when it is their turn, those without a place on the stream."""
        symbols = {want.symbol: None for want in self._wants if want.is_busy and not feed.hub.is_fed(want.symbol)}
        if now >= self._known.others_due and not self.keys.is_mock:  # whose one call a second is for what is held
            self._known.others_due = now + OTHERS_EVERY
            symbols |= dict.fromkeys(feed.hub.allotment.unwatched)
        return [*symbols]

    def _suspected(self, feed: Feed) -> tuple[str, ...]:
        """Return of whom it is to be asked whether he trades; on the mock server one in turn, for the held ones come first."""
        suspected = feed.hub.suspected
        return self._known.turns.next(suspected) if self.keys.is_mock else suspected

    def _take_in(self, trade: Trade, day: TradeRecord | Seen, hear: Hear) -> None:
        """Pass on a trade; before the first of a symbol, what its day has brought without us."""
        before = trade.day_volume - trade.quantity
        if trade.symbol not in self._known.last and before > 0:
            value = max(trade.day_value - trade.price * trade.quantity, 0)
            hear(SoFar(trade.symbol, day.open or 0, day.high or 0, day.low or 0, before, value))
        self._known.last[trade.symbol] = trade.price
        hear(trade)

    def _tell_fed(self, hear: Hear) -> None:
        feed = self._feed
        if feed is None:
            return
        channel = Channel.BOOK if self.keys.is_mock else Channel.STATUS
        fed = frozenset(symbol for symbol in feed.hub.live(channel) if feed.hub.is_fed(symbol))
        for symbol in sorted(fed ^ self._known.fed):
            hear(StatusFeed(symbol, symbol in fed))
        if fed - self._known.fed:
            self._known.list_due = 0
        self._known.fed = fed

    def _tell_skew(self, hear: Hear, now: Nanos) -> None:
        skew = None if self._feed is None else self._feed.clock_skew
        if skew is not None and skew != self._known.skew:
            self._known.skew = skew
            hear(Fact(fact.CLOCK_SKEW, skew, now, FactSource.FEED))

    async def _read_list(self, client: Client, hear: Hear, now: Nanos) -> None:
        if self.keys.is_mock:
            hear(Interruptions(()))
            return
        try:
            found = await client.ask(AskInterruptions(session=time.session_date(now)))
            hear(Interruptions(() if found is None else tuple(row.listed() for row in found.rows)))
        except KisError:
            self._known.list_due = now + 5 * time.SECOND  # until then a new symbol's state stays unknown


def _ways(want: Want, last: int) -> Iterator[Fraction]:
    for level in want.above:
        yield distance_to(level, last, is_above=True)
    for level in want.below:
        yield distance_to(level, last, is_above=False)
