"""A session of trades and order books is played: what is fed does not decide, what the books show does."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from msgspec import structs

from kats_core.config import resolve
from kats_core.engine.state import StrategyInstance
from kats_core.market.calendar import krx_calendar
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.market.source import (
    Interruptions,
    MarketMessage,
    SoFar,
    StaticReference,
    StatusFeed,
    Tape,
    TapeSource,
    Want,
)
from kats_core.market.vi import ListedVi, MarketHalt, StatusMessage, ViState, ViTerms
from kats_core.model import fact, time
from kats_core.model.bar import Book, Trade
from kats_core.model.codes import CoreCode
from kats_core.model.event import BrokerEvent, Event, FactsChanged, PhaseReached, SessionPrepared
from kats_core.model.kinds import MarketPhase, Side, Style
from kats_core.model.record import FillRecord, OrderRecord, TradeRecord
from kats_core.model.setup import At, Setup
from kats_core.model.signal import Confirmation, NotYet, Signal, TimeExit, TimeExitKind
from kats_core.model.time import Nanos
from kats_core.orders.broker import BrokerAccount
from kats_core.runtime.assembly import RunKind
from kats_core.runtime.days import DayPlayer, Market
from kats_core.runtime.inputs import Given, Inputs
from kats_core.runtime.live import LAG, drive
from kats_core.runtime.paper import PaperBroker, PaperParams
from kats_core.runtime.play import Request, approximated, plan
from kats_core.runtime.pump import Pump
from kats_core.sources.sample.market import SampleSource

if TYPE_CHECKING:
    from conftest import Desk, House

SOURCE = SampleSource(7, 60)
DAY = dt.date(2024, 12, 12)
INTERRUPTED = "990570"
SYMBOLS = (INTERRUPTED, "990190", "990230")
PARTS = ((dt.time(13, 0), dt.time(13, 30)), (dt.time(15, 14), dt.time(15, 22)), (dt.time(15, 30), dt.time(15, 31)))
"""Parts of the day: one with the first interruption, which begins at 13:06, the end-of-day check, and the last print."""


_MS: Nanos = time.SECOND // 1_000


def is_shown(ts: Nanos) -> bool:
    hours = krx_calendar().hours(DAY)
    return any(hours.at(first) <= ts < hours.at(last) for first, last in PARTS)


@dataclass(frozen=True, slots=True)
class Part:
    """A tape of which parts of the day are shown."""

    whole: Tape

    def statuses(self) -> Sequence[StatusMessage]:
        return [message for message in self.whole.statuses() if is_shown(message.ts)]

    def trades(self, symbol: str, start: Nanos) -> Sequence[Trade]:
        is_opening = start == krx_calendar().hours(DAY).open
        return self.whole.trades(symbol, start) if is_opening or is_shown(start) else ()

    def book(self, symbol: str, at: Nanos) -> Book:
        return self.whole.book(symbol, at) if is_shown(at) else Book(symbol, at, (), ())


class Listening(PaperBroker):
    """A paper broker that notes what it hears."""

    def __init__(self, params: PaperParams, account: BrokerAccount) -> None:
        super().__init__(params, account)
        self.heard: list[Event] = []

    def on_event(self, event: Event) -> Iterable[BrokerEvent]:
        self.heard.append(event)
        return super().on_event(event)


def history() -> Panel:
    """The sessions before the day, of three companies."""
    panel = SOURCE.history(None, DAY)
    columns = [panel.column[symbol] for symbol in SYMBOLS]
    arrays = ("present", "open", "high", "low", "close", "volume", "value")
    kept: dict[str, Any] = {name: np.ascontiguousarray(getattr(panel, name)[:-1, columns]) for name in arrays}
    return replace(
        panel,
        sessions=panel.sessions[:-1],
        next_session=panel.next_session[:-1],
        instruments=tuple(panel.instruments[column] for column in columns),
        **kept,
    )


def part_of(bars: MinuteBars) -> MinuteBars:
    """The opening, what is shown, and the closing auction."""
    hours = krx_calendar().hours(DAY)
    shown = np.array([is_shown(start) for start in bars.start.tolist()])
    kept = np.flatnonzero(shown | (bars.start == hours.open) | bars.is_auction)
    names = ("symbol", "start", "open", "high", "low", "close", "volume", "value", "is_auction")
    return replace(bars, **{name: getattr(bars, name)[kept] for name in names})


def played(
    house: type[House],
    *,
    dense: bool = False,
    live: bool = False,
    is_disturbed: bool = False,
    terms: ViTerms | None = None,
    halts: tuple[tuple[dt.time, MarketHalt], ...] = (),
    **params: int,
) -> tuple[Desk, Listening]:
    """Buy what is above its last close, with stops close below and far below, and sell it at 15:15."""
    clock = TimeExit(TimeExitKind.CLOCK, dt.time(15, 15))
    buyers = {"near": house.Buyer(cap=60_000, stop=42_350), "far": house.Buyer(cap=0, stop=99, time_exit=clock)}
    strategies = tuple(house.instance(buyer, name, ttl_s=120) for name, buyer in buyers.items())
    return played_by(
        house, strategies, dense=dense, live=live, is_disturbed=is_disturbed, terms=terms, halts=halts, **params
    )


def played_by(
    house: type[House],
    strategies: tuple[StrategyInstance, ...],
    *,
    dense: bool = False,
    live: bool = False,
    is_disturbed: bool = False,
    terms: ViTerms | None = None,
    halts: tuple[tuple[dt.time, MarketHalt], ...] = (),
    **params: int,
) -> tuple[Desk, Listening]:
    desk, broker, player = prepared(house, strategies, dense=dense, terms=terms, **params)
    bars, tape = part_of(SOURCE.minutes(DAY)), Halted(SOURCE.tape(DAY), halts)
    if live:
        exchange = Exchange(bars, tape)
        if is_disturbed:
            exchange.disturb()
        asyncio.run(drive(player.live(DAY, bars.symbols, is_told=True), exchange, broker, exchange))
    else:
        player.play_tape(bars, tape)
    return desk, broker


def prepared(
    house: type[House],
    strategies: tuple[StrategyInstance, ...],
    *,
    dense: bool = False,
    terms: ViTerms | None = None,
    **params: int,
) -> tuple[Desk, Listening, DayPlayer]:
    desk = house.Desk(strategies=strategies, session=DAY)
    account = BrokerAccount(capital=desk.capital, commission=Fraction("0.00015"), scope=desk.scope)
    broker = Listening(PaperParams.model_validate(params), account)
    panel = history()
    player = DayPlayer(
        engine=desk.engine,
        pump=Pump(desk.engine, broker, desk.records.extend, desk.notices.append),
        market=Market(
            panel=panel,
            instruments={i.symbol: i for i in panel.instruments},
            calendar=krx_calendar(),
            scope=desk.scope,
            inputs=Inputs(panel.symbols, (Given(house.assumed()),)),
        ),
        strategies=desk.strategies,
        keep=desk.records.extend,
        dense=dense,
        vi_terms=terms or ViTerms(),
    )
    return desk, broker, player


@dataclass(frozen=True, slots=True)
class Halted(Part):
    """A tape on which the exchange stops both markets, as one symbol of each tells."""

    halts: tuple[tuple[dt.time, MarketHalt], ...] = ()

    def statuses(self) -> Sequence[StatusMessage]:
        own = Part.statuses(self)
        halts = [StatusMessage(time.at(DAY, at), one, market=halt) for at, halt in self.halts for one in SYMBOLS[1:]]
        return sorted([*own, *halts], key=lambda one: one.ts)


@dataclass(slots=True)
class Exchange:
    """The day's tape as a live source and the clock that both go by: a second at a time, its opening prints before all."""

    bars: MinuteBars
    tape: Part
    wanted: list[tuple[Want, ...]] = field(default_factory=list)
    second: Nanos = krx_calendar().hours(DAY).open - time.SECOND
    lag: Nanos = 0
    hear: Callable[[MarketMessage], None] = print
    _coming: deque[Trade | StatusMessage] = field(default_factory=deque)

    def __post_init__(self) -> None:
        starts = sorted(set(self.bars.start.tolist()))
        told: list[Trade | StatusMessage] = []
        told += [one for start in starts for symbol in SYMBOLS for one in self.tape.trades(symbol, start)]
        told += [message for message in self.tape.statuses() if message.symbol in SYMBOLS]
        self._coming = deque(sorted(told, key=lambda one: (one.ts, isinstance(one, StatusMessage), one.symbol)))

    def disturb(self) -> None:
        """Let a price come that cannot be before every hundredth trade, by turns forty percent below and above it."""
        told, self._coming = self._coming, deque()
        for n, one in enumerate(told):
            if n % 100 == 99 and isinstance(one, Trade) and not one.is_auction:
                self._coming.append(structs.replace(one, price=one.price * (6 if n % 200 == 99 else 14) // 10))
            self._coming.append(one)

    def want(self, wants: Sequence[Want]) -> None:
        self.wanted.append(tuple(wants))

    async def listen(self, hear: Callable[[MarketMessage], None]) -> None:
        self.hear = hear
        await asyncio.Event().wait()

    async def advance(self, arrived: asyncio.Event) -> Nanos:
        """Let the next trade or message come, or the next second if none is left in this one; then the books come too."""
        await asyncio.sleep(0)
        opening = krx_calendar().hours(DAY).open
        if self.second >= opening and self._coming and self._coming[0].ts < self.second + time.SECOND:
            one = self._coming.popleft()
            self.hear(one)
            return one.ts
        self.second += time.SECOND
        while self._coming and self._coming[0].ts == opening:
            self.hear(self._coming.popleft())
        for symbol in SYMBOLS:
            self.hear(self.tape.book(symbol, self.second))
        return self.second


@dataclass(slots=True)
class Arrivals:
    """Trades as a live source, each heard when it arrives, and a clock that runs by itself."""

    coming: deque[tuple[Nanos, Trade]]
    lag: Nanos = LAG
    now: Nanos = krx_calendar().hours(DAY).open
    hear: Callable[[MarketMessage], None] = print

    def want(self, wants: Sequence[Want]) -> None: ...

    async def listen(self, hear: Callable[[MarketMessage], None]) -> None:
        self.hear = hear
        await asyncio.Event().wait()

    async def advance(self, arrived: asyncio.Event) -> Nanos:
        await asyncio.sleep(0)
        self.now += time.SECOND - (self.now - self.lag) % time.SECOND
        if self.coming and self.coming[0][0] <= self.now:
            self.now, trade = self.coming.popleft()
            self.hear(trade)
        return self.now


def states(broker: Listening) -> list[tuple[Nanos, str]]:
    """When the interrupted company came into which state."""
    found: list[tuple[Nanos, str]] = []
    for event in broker.heard:
        for one in event.facts if isinstance(event, FactsChanged | SessionPrepared) else ():
            is_news = one.name == fact.VI_STATE and one.symbol == INTERRUPTED
            if is_news and (not found or found[-1][1] != one.value):
                found.append((event.ts, str(one.value)))
    return found


@pytest.mark.parametrize("latency_ms", [0, 200, 1_500])
def test_dense_feeding_decides_the_same(house: type[House], latency_ms: int) -> None:
    """Every trade, a book a second of every symbol: byte for byte the same log, at any latency."""
    sparse, heard = played(house, latency_ms=latency_ms)
    dense, more = played(house, dense=True, latency_ms=latency_ms)
    assert {trade.exit_code for trade in sparse.kept(TradeRecord)} == {"core:STOP", "core:TIME_EXIT"}
    assert dense.log == sparse.log
    assert len(more.heard) > 2 * len(heard.heard)


@pytest.mark.parametrize("latency_ms", [0, 200])
def test_a_day_as_it_happens_decides_the_same_as_the_day_that_is_recorded(house: type[House], latency_ms: int) -> None:
    """The bars are built from the trades, and time passes second by second: byte for byte the same log."""
    recorded, _ = played(house, latency_ms=latency_ms)
    live, _ = played(house, live=True, latency_ms=latency_ms)
    assert {trade.exit_code for trade in live.kept(TradeRecord)} == {"core:STOP", "core:TIME_EXIT"}
    assert live.log == recorded.log


LAST_BREAKER = ((dt.time(13, 9, 10), MarketHalt.BREAKER_3),)
BREAKER = ((dt.time(13, 1, 10), MarketHalt.BREAKER),)
SIDECAR = ((dt.time(13, 0, 5), MarketHalt.SIDECAR),)


@pytest.mark.parametrize("halts", [LAST_BREAKER, BREAKER, SIDECAR], ids=["level 3", "level 1", "sidecar"])
def test_a_halt_of_the_whole_market_decides_the_same_however_it_is_fed(
    house: type[House], halts: tuple[tuple[dt.time, MarketHalt], ...]
) -> None:
    """Recorded, dense, and as it happens: byte for byte the same log; all of the market hear of it."""
    sparse, broker = played(house, halts=halts)
    dense, _ = played(house, halts=halts, dense=True)
    live, _ = played(house, halts=halts, live=True)
    assert dense.log == sparse.log
    assert live.log == sparse.log
    told = {
        one.symbol
        for event in broker.heard
        for one in (event.facts if isinstance(event, FactsChanged) else ())
        if one.name == fact.NO_ENTRIES_UNTIL
    }
    assert told == set(SYMBOLS)


def test_the_last_circuit_breaker_runs_the_close_jobs(house: type[House]) -> None:
    """`spec/market.md` 7.4: the session is over two minutes later at the latest, what is held stays."""
    desk, broker = played(house, halts=LAST_BREAKER)
    ends = [event for event in broker.heard if isinstance(event, PhaseReached)]
    assert [event.phase for event in ends] == list(MarketPhase)
    assert ends[-1].ts == time.at(DAY, dt.time(13, 11))
    assert not [order for order in desk.kept(OrderRecord) if order.ts >= time.at(DAY, dt.time(13, 9, 10))]


def test_what_is_on_its_way_when_a_minute_ends_is_in_its_bar(house: type[House]) -> None:
    """One symbol's last trade of a minute comes behind another's first of the next: each is in the bar in which it is recorded."""
    _, broker, player = prepared(house, (house.instance(house.Buyer(cap=0, stop=90), "near"),))
    day, opened = player.live(DAY, SYMBOLS, is_told=True), krx_calendar().hours(DAY).open
    base = {symbol: day.feed.limits[symbol].base for symbol in SYMBOLS}
    one, other = SYMBOLS[1:]
    # Symbol, how far from its base, when it is traded and when it is heard, in milliseconds of the session.
    told = (
        (one, 0, 30_000, 30_050),
        (other, 0, 59_000, 59_050),
        (other, 100, 60_000, 60_050),
        (one, 50, 59_950, 60_150),
        (one, -50, 60_100, 60_200),
    )
    arrivals: deque[tuple[Nanos, Trade]] = deque()
    for n, (symbol, away, traded, heard) in enumerate(told, 1):
        price, shares = base[symbol] + away, 10 * n
        trade = Trade(symbol, opened + traded * _MS, price, 10, Side.BUY, shares, shares * price)
        arrivals.append((opened + heard * _MS, trade))
    exchange = Arrivals(arrivals)
    asyncio.run(drive(day, exchange, broker, exchange))
    minutes = day._builder.so_far(DAY)
    bars = [minutes.bar(row) for row in range(len(minutes))]
    assert [
        (bar.symbol, (bar.start - opened) // time.MINUTE, bar.open - base[bar.symbol], bar.close - base[bar.symbol])
        for bar in bars
    ] == [(one, 0, 0, 50), (other, 0, 0, 0), (one, 1, -50, -50), (other, 1, 100, 100)]


def test_a_trade_from_the_evening_is_in_the_minute_in_which_it_is_heard(house: type[House]) -> None:
    """Its time is wrong, and the symbol's bars go on."""
    _, _, player = prepared(house, (house.instance(house.Buyer(cap=0, stop=90), "near"),))
    day, opened = player.live(DAY, SYMBOLS, is_told=True), krx_calendar().hours(DAY).open
    price = day.feed.limits[SYMBOLS[1]].base
    for n, ts in enumerate((opened, opened + 600 * time.MINUTE, opened + time.MINUTE), 1):
        heard = opened + n * 20 * time.SECOND if n < 3 else ts
        day.hear(Trade(SYMBOLS[1], ts, price + n, 10, Side.BUY, 10 * n, 10 * n * price), heard)
    day.tick(opened + 2 * time.MINUTE)
    minutes = day._builder.so_far(DAY)
    assert minutes.close.tolist() == [price + 2, price + 3]


def test_a_trade_that_cannot_be_reaches_neither_stops_nor_bars(house: type[House]) -> None:
    """FI-08: single prices far down and far up while all is held. Nothing is decided otherwise, and people hear of it."""
    sound, _ = played(house, live=True)
    disturbed, _ = played(house, live=True, is_disturbed=True)
    assert {trade.exit_code for trade in sound.kept(TradeRecord)} == {"core:STOP", "core:TIME_EXIT"}
    assert disturbed.log == sound.log
    told = [notice.symbol for notice in disturbed.notices if notice.code == str(CoreCode.BAD_TICK)]
    assert set(told) == set(SYMBOLS)


@pytest.mark.parametrize("is_told_by_list", [False, True])
def test_the_print_of_an_interruption_counts_also_where_nothing_marks_it(
    house: type[House], *, is_told_by_list: bool
) -> None:
    """What is held needs its stop at once: the price may have gone beyond ten percent while nobody could trade."""
    desk, _, player = prepared(house, (house.instance(),))
    day = player.live(DAY, SYMBOLS, is_told=True)
    opened, volume = krx_calendar().hours(DAY).open, 0
    limits = day.feed.limits[INTERRUPTED]

    def trade(price: int, second: int) -> None:
        nonlocal volume
        volume, ts = volume + 10, opened + second * time.SECOND
        day.hear(Trade(INTERRUPTED, ts, price, 10, None, volume, volume * price), ts)

    for second in range(5):
        trade(limits.base, second)
    began, ended = opened + 5 * time.SECOND, opened + 130 * time.SECOND
    if is_told_by_list:
        day.hear(Interruptions((ListedVi(INTERRUPTED, began, None),)), began)
        day.hear(Interruptions((ListedVi(INTERRUPTED, began, ended),)), ended)
    else:
        day.hear(StatusMessage(began, INTERRUPTED, is_vi=True), began)
        day.hear(StatusMessage(ended, INTERRUPTED, is_vi=False), ended)
    trade(limits.lower, 131)
    assert [notice.code for notice in desk.notices] == []
    assert day.feed.vi.of(INTERRUPTED).last == limits.lower


def test_the_exchanges_own_static_reference_goes_before_the_estimate(house: type[House]) -> None:
    """`spec/market.md` 7.1: what the trade message says of it moves the triggers that entries keep away from."""
    desk, _, player = prepared(house, (house.instance(),))
    day = player.live(DAY, SYMBOLS, is_told=True)
    at = krx_calendar().hours(DAY).open + time.MINUTE

    def known(name: str) -> object:
        return desk.engine._state.facts.get(name, INTERRUPTED).value

    before = known(fact.VI_REFERENCE)
    day.hear(StaticReference(INTERRUPTED, 52_000), at)
    assert before != 52_000
    assert (known(fact.VI_REFERENCE), known(fact.VI_LOWER), known(fact.VI_UPPER)) == (52_000, 46_800, 57_200)
    day.hear(StaticReference("000000", 52_000), at)


@pytest.mark.parametrize("volume", [1_000, 1_000_000])
def test_a_day_before_us_that_contradicts_itself_silences_no_symbol(house: type[House], volume: int) -> None:
    """What a symbol did before it was heard is left out where its won do not pay for its shares; the trades count."""
    _, _, player = prepared(house, (house.instance(house.Buyer(cap=0, stop=90), "near"),))
    day = player.live(DAY, SYMBOLS, is_told=True)
    at, price = krx_calendar().hours(DAY).open + time.MINUTE, 42_000
    day.tick(at)
    day.hear(SoFar(SYMBOLS[1], price, price, price, volume, 1_000 * price), at)
    day.hear(Trade(SYMBOLS[1], at, price, 10, Side.BUY, 1_010, 1_010 * price), at)
    day.tick(at + time.MINUTE)
    assert len(day._builder.so_far(DAY)) == 1


def test_a_live_day_wants_what_is_held_first_and_tells_the_levels_that_are_waited_for(house: type[House]) -> None:
    """The feed has room for few symbols: what is held has its book before all that only waits for a level."""
    buyer = house.Buyer(cap=60_000, stop=42_350)
    _, broker, player = prepared(house, (house.instance(buyer, "near", ttl_s=120),))
    bars, tape = part_of(SOURCE.minutes(DAY)), Part(SOURCE.tape(DAY))
    exchange = Exchange(bars, tape)
    day = player.live(DAY, bars.symbols, is_told=True)
    asyncio.run(drive(day, exchange, broker, exchange))
    first, *later = exchange.wanted
    assert {want.symbol for want in first} == set(SYMBOLS)
    assert all(len(want.above) == 1 and not want.is_busy for want in first)
    busy = [wants for wants in later if any(want.is_busy for want in wants)]
    assert busy
    assert all(wants[0].is_busy for wants in busy)


def test_of_each_market_one_symbol_is_its_voice_and_who_is_stopped_is_not_waited_for(house: type[House]) -> None:
    """A halt of a market must be heard although nobody of it is near his level; then the silence of all of it is right."""
    buyer = house.Buyer(cap=60_000, stop=42_350)
    _, _, player = prepared(house, (house.instance(buyer, "near", ttl_s=120),))
    day = player.live(DAY, SYMBOLS, is_told=True)
    at = krx_calendar().hours(DAY).open
    markets = {symbol: day.feed.vi.market_of(symbol) for symbol in SYMBOLS}
    voices = [markets[want.symbol] for want in day.wants if want.is_voice]
    assert sorted(voices) == sorted(set(markets.values()))
    assert not [want for want in day.wants if want.is_stopped]
    day.hear(StatusMessage(at, INTERRUPTED, market=MarketHalt.BREAKER), at)
    own = {symbol for symbol, market in markets.items() if market is markets[INTERRUPTED]}
    assert {want.symbol for want in day.wants if want.is_stopped} == own


def test_a_symbol_whose_messages_are_not_proven_to_come_is_not_bought(house: type[House]) -> None:
    """Unknown until its messages come and the list was read; unknown again as soon as they stop."""
    buyer = house.Buyer(cap=60_000, stop=42_350)
    desk, broker, player = prepared(house, (house.instance(buyer, "near", ttl_s=120),))
    day = player.live(DAY, SYMBOLS)
    opening = krx_calendar().hours(DAY).open
    first, second = SYMBOLS[:2]
    day.hear(StatusFeed(first, is_fed=True), opening)
    assert vi_state(desk, first) == vi_state(desk, second) == ViState.UNKNOWN
    day.hear(Interruptions(()), opening)
    assert (vi_state(desk, first), vi_state(desk, second)) == (ViState.NORMAL, ViState.UNKNOWN)
    day.hear(StatusFeed(first, is_fed=False), opening)
    assert vi_state(desk, first) == ViState.UNKNOWN
    assert broker.heard


def vi_state(desk: Desk, symbol: str) -> object:
    return desk.engine._state.facts.get(fact.VI_STATE, symbol).value


def capturing(house: type[House], clock: dt.time, first: dt.time, answer: int = 0) -> tuple[StrategyInstance, ...]:
    """A strategy that waits for a clock, in a window that begins at `first`; it says not yet so many times."""
    buyer = house.Buyer(cap=0, stop=97, waiting=lambda _: At(clock), closing_auction=True)

    def confirming(view: Any, setup: Setup) -> Confirmation:
        if len(buyer.seen) <= answer:
            return NotYet(house.OwnCode.LATER)
        limit = view.ticks.rdn(Fraction(view.last * 1005, 1000))
        signal: Signal = buyer.signal(view.last, limit, limit, view.ticks.rup(Fraction(limit * 95, 100)))
        return signal

    buyer.confirming = confirming
    return (house.instance(buyer, "late", windows=((first, dt.time(15, 30)),), style=Style.SWING, ttl_s=600),)


def test_the_closing_auction_fills_what_is_sent_into_it(house: type[House]) -> None:
    """There is no order book to look at in an auction: the last price is all that is known, and the print fills."""
    desk, _ = played_by(house, capturing(house, dt.time(15, 20), dt.time(15, 20)))
    sent = {(order.symbol, f"{time.clock(order.ts):%H:%M:%S}") for order in desk.kept(OrderRecord)}
    # The interrupted company closes too near to its upper limit.
    assert sent == {(symbol, "15:20:00") for symbol in SYMBOLS if symbol != INTERRUPTED}
    assert {f"{time.clock(fill.ts):%H:%M}" for fill in desk.kept(FillRecord)} == {"15:30"}


def test_dense_feeding_asks_at_the_same_moments(house: type[House]) -> None:
    """Who waits for a clock is asked again by time alone, whatever else is under way."""
    strategies = capturing(house, dt.time(15, 20), dt.time(15, 21), answer=4)
    sparse, less = played_by(house, strategies)
    dense, more = played_by(house, capturing(house, dt.time(15, 20), dt.time(15, 21), answer=4), dense=True)
    live, _ = played_by(house, capturing(house, dt.time(15, 20), dt.time(15, 21), answer=4), live=True)
    assert dense.log == sparse.log == live.log
    assert sparse.kept(OrderRecord)
    assert len(more.heard) > len(less.heard)


@pytest.mark.parametrize("how", ["sparse", "dense", "live"])
def test_events_of_one_instant_come_in_their_order(house: type[House], how: str) -> None:
    """What ends, the phase, the clock, what begins: on a tape and as it happens, however much is fed."""
    strategies = capturing(house, dt.time(15, 20), dt.time(15, 20), answer=2)
    for _, broker in (
        played(house, dense=how == "dense", live=how == "live"),
        played_by(house, strategies, dense=how == "dense", live=how == "live"),
    ):
        assert house.out_of_order(broker.heard) == []


def test_an_interruption_is_followed_from_its_message_to_its_cooling(house: type[House]) -> None:
    """NORMAL, close to it, in it, after it: the message begins and ends it, the time of observation follows."""
    _, broker = played(house)
    found = states(broker)
    begin, end = (m.ts for m in SOURCE.tape(DAY).statuses()[:2])
    assert [state for _, state in found[:4]] == [ViState.NORMAL, ViState.WARNING, ViState.VI_AUCTION, ViState.COOLING]
    assert found[2][0] == begin
    assert found[3][0] == end
    assert end + 30 * time.SECOND <= found[4][0] <= end + 40 * time.SECOND


def test_terms_tell_how_carefully_it_is_followed(house: type[House]) -> None:
    """A longer time of observation after the interruption."""
    _, broker = played(house, terms=ViTerms(cooling=90 * time.SECOND))
    end = SOURCE.tape(DAY).statuses()[1].ts
    after = [ts for ts, state in states(broker) if ts > end and state != ViState.COOLING]
    assert after[0] >= end + 90 * time.SECOND


def test_purchases_are_filled_from_the_book_after_the_latency(house: type[House]) -> None:
    """Never above their limit, never more than the part of a level that is ours, 200 ms after they were sent."""
    desk, _ = played(house)
    tape = SOURCE.tape(DAY)
    orders = {order.order_id: order for order in desk.kept(OrderRecord) if order.side is Side.BUY}
    bought = [fill for fill in desk.kept(FillRecord) if fill.side is Side.BUY]
    for fill in bought:
        order = orders[fill.order_id]
        assert order.limit is not None
        assert fill.price <= order.limit
        book = tape.book(order.symbol, fill.ts)
        if fill.ts == order.ts + time.SECOND // 5:
            assert fill.quantity <= book.size_at(Side.SELL, fill.price) // 5
    assert min(fill.ts - orders[fill.order_id].ts for fill in bought) == time.SECOND // 5


def test_the_sample_market_has_order_books_and_its_runs_say_what_is_still_approximated(tmp_path: Path) -> None:
    """Spread, order book and VI state are not among it any more; files of bars have no tape."""
    resolved = resolve(None, environ={"KATS_HOME": str(tmp_path)}, cwd=tmp_path)
    planned = plan(resolved, Request(kind=RunKind.RUN, first=DAY, days=1))
    assert isinstance(planned.app.source, TapeSource)
    assert approximated(planned.app) == ("message rate",)
