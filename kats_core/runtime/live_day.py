"""Take in one session as it happens: whoever hears the market calls `hear`, whoever has a clock calls `tick` each second.

Nothing here waits or reads a clock. What is heard counts from the moment at which it was heard; a moment of the session that
has passed while nobody called comes late, but it comes, and in its place.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from msgspec import structs

from kats_core.engine.state import SetupState
from kats_core.engine.watch import resolve
from kats_core.market.bad_ticks import TradeJudge, fits
from kats_core.market.minute_builder import MinuteBuilder
from kats_core.market.minutes import MinuteBars
from kats_core.market.source import Interruptions, MarketMessage, SoFar, StaticReference, StatusFeed, Want
from kats_core.market.vi import NO_TRADING, StatusMessage, ViState
from kats_core.model import time
from kats_core.model.bar import Book, Trade
from kats_core.model.codes import CoreCode
from kats_core.model.command import Notify
from kats_core.model.event import BrokerEvent, FactsChanged, Fetched, StateOrdered
from kats_core.model.fact import Fact
from kats_core.model.kinds import MarketPhase, Severity
from kats_core.model.setup import Above, At, Below, Numbers, Scanned
from kats_core.model.time import Nanos
from kats_core.runtime.scanning import Scans
from kats_core.runtime.session_feed import SessionFeed, closed_behind

Heard: TypeAlias = MarketMessage | BrokerEvent | Fetched | StateOrdered
"""What may come in at any time: the market's messages, what is known of an input now, a broker's answers."""

_INTERRUPTED = NO_TRADING | {ViState.COOLING}
"""States that an interruption begins and ends with."""

Scan: TypeAlias = Callable[[MinuteBars, Nanos], Scans]


@dataclass(slots=True)
class LatestBooks:
    """The order books as they were heard last; empty where none was, as while none is displayed."""

    known: dict[str, Book] = field(default_factory=dict)

    def book(self, symbol: str, at: Nanos) -> Book:
        """Return a symbol's book."""
        return self.known.get(symbol) or Book(symbol, at, (), ())


@dataclass(slots=True, kw_only=True)
class LiveDay:
    """One prepared session, fed with what happens in it. `scan` lets the strategies judge the minutes so far."""

    feed: SessionFeed
    latest: LatestBooks
    scan: Scan
    _builder: MinuteBuilder = field(init=False, default_factory=MinuteBuilder)
    _judges: dict[str, TradeJudge] = field(init=False, default_factory=dict)
    _bad_ticks: Counter[str] = field(init=False, default_factory=Counter)
    _phases: deque[tuple[Nanos, MarketPhase]] = field(init=False)
    _minute: Nanos = field(init=False)

    def __post_init__(self) -> None:
        hours = self.feed.hours
        self._minute = hours.open
        self._phases = deque(
            [
                (hours.open, MarketPhase.OPEN),
                (hours.eod_check, MarketPhase.EOD_CHECK),
                (hours.close_auction, MarketPhase.CLOSE_AUCTION),
                (hours.close + time.MINUTE, MarketPhase.CLOSED),
            ]
        )
        self.feed.pump.look = self.latest.book

    @property
    def is_over(self) -> bool:
        """Whether the session has ended."""
        return not self._phases

    @property
    def is_open(self) -> bool:
        """Whether the session has begun to trade."""
        return bool(self._phases) and self._phases[0][1] is not MarketPhase.OPEN

    @property
    def wants(self) -> tuple[Want, ...]:
        """Which symbols are to be heard of: what is held or on order first, then what waits, by its rank."""
        engine = self.feed.engine
        busy, watched = engine.busy_symbols, engine.watch().symbols
        waiting: dict[str, list[SetupState]] = {}
        for entry in sorted(engine.setups, key=lambda entry: entry.setup.rank):
            if entry.setup.symbol in watched:
                waiting.setdefault(entry.setup.symbol, []).append(entry)
        symbols = dict.fromkeys([*sorted(busy), *waiting, *sorted(watched)])
        # The first of each market: whoever is held or waits, halts of his market must be heard.
        voices = {self.feed.vi.market_of(symbol): symbol for symbol in reversed(symbols)}
        several = frozenset(voices.values())
        return tuple(self._want(s, waiting.get(s, ()), is_busy=s in busy, is_voice=s in several) for s in symbols)

    def _want(self, symbol: str, setups: Sequence[SetupState], *, is_busy: bool, is_voice: bool) -> Want:
        """Return a symbol with the prices that its setups wait for, as far as the day tells them, and whether any waits for none."""
        ticks, opened = self.feed.ticks[symbol], self._builder.day_open(symbol)
        levels: dict[type, list[int]] = {Above: [], Below: []}
        is_due = False
        for one in setups:
            trigger = one.setup.trigger
            if not isinstance(trigger, (Above, Below)):
                is_due = is_due or self._may_ask(one)
                continue
            price = resolve(trigger, opened, None, ticks) if one.level is None else one.level
            if price is not None:
                levels[type(trigger)].append(price)
        is_stopped = self.feed.vi.state(symbol) in NO_TRADING
        return Want(symbol, tuple(levels[Above]), tuple(levels[Below]), is_busy, is_due, is_stopped, is_voice)

    def _may_ask(self, setup: SetupState) -> bool:
        """Tell whether a setup that waits for no price may be asked for a signal within a minute."""
        now, hours, trigger = self.feed.engine.now, self.feed.hours, setup.setup.trigger
        if setup.is_done:
            return False
        if isinstance(trigger, At):
            return hours.at(trigger.clock) <= now + time.MINUTE
        several = (hours.window(start, end) for start, end in setup.instance.windows)
        return any(one is not None and one[0] <= now + time.MINUTE and now < one[1] for one in several)

    def hear(self, one: Heard, now: Nanos) -> None:
        """Take in what is heard at an instant."""
        now = self._not_before(now)
        match one:
            case Trade() | Book() | StatusMessage():
                if one.symbol in self.feed.ticks:
                    self._take(one, now)
            case StaticReference():
                self.feed.tell(now, self.feed.vi.on_reference(one.symbol, one.price))
            case SoFar():
                if fits(one.high or one.open, one.volume, one.value):
                    self._builder.begin_with(one)
            case StatusFeed():
                self.feed.tell(now, self.feed.vi.on_subscribed(one.symbol, is_subscribed=one.is_fed))
            case Interruptions():
                changed = self.feed.vi.on_list(now, one.rows)
                self._forget_prices(changed)
                self.feed.tell(now, changed)
            case Fact():
                self.feed.pump.feed(FactsChanged(now, (one,)))
            case Notify():
                self.feed.pump.tell(structs.replace(one, ts=now))
            case _:
                self.feed.pump.feed(structs.replace(one, ts=now))

    def _take(self, one: Trade | Book | StatusMessage, now: Nanos) -> None:
        """Take in what is told of a symbol of the session."""
        match one:
            case Trade():
                # A time that is still to come is wrong: waiting for its minute, the symbol would have no more bars.
                one = one if one.ts <= now + time.MINUTE else structs.replace(one, ts=now)
                if self._judge(one.symbol).is_bad(one):
                    self._leave_out(one, now)
                elif self._builder.take(one):
                    self.feed.tell(now, self.feed.trade(one, now))
            case Book():
                self.latest.known[one.symbol] = one
                if self.feed.engine.is_busy(one.symbol):
                    self.feed.show(one.symbol, now)
            case StatusMessage():
                self._forget_prices((one.symbol, *self.feed.status(one, now)))
                if self.feed.vi.is_session_over:
                    self._end_early(now)

    def _end_early(self, now: Nanos) -> None:
        """Do what is to be done at the close: the exchange has ended the session. The last fills have a minute to come."""
        if not self.is_open:
            return
        while self._phases[0][1] is not MarketPhase.CLOSED:
            self._reach_next(now)
        at, phase = self._phases.popleft()
        self._phases.append((min(at, closed_behind(now)), phase))

    def _forget_prices(self, symbols: Iterable[str]) -> None:
        """Hold no trade against those before an interruption: its print may be anywhere, and not every feed marks it."""
        for symbol in symbols:
            if self.feed.vi.state(symbol) in _INTERRUPTED:
                self._judges.pop(symbol, None)

    def _judge(self, symbol: str) -> TradeJudge:
        found = self._judges.get(symbol)
        if found is None:
            found = self._judges[symbol] = TradeJudge(self.feed.limits[symbol])
        return found

    def _leave_out(self, trade: Trade, now: Nanos) -> None:
        """Tell people of a trade that cannot be: of a symbol's first one, and then each time there are twice as many."""
        self._bad_ticks[trade.symbol] += 1
        count = self._bad_ticks[trade.symbol]
        if count & (count - 1) == 0:
            detail: Numbers = {"price": trade.price, "count": count}
            self.feed.pump.tell(Notify(now, Severity.WARNING, str(CoreCode.BAD_TICK), trade.symbol, detail))

    def is_due(self, heard_until: Nanos) -> bool:
        """Tell whether a minute can end: whatever happened in it has been heard."""
        return not self.is_over and self._minute + time.MINUTE <= heard_until

    def tick(self, now: Nanos, heard_until: Nanos | None = None) -> None:
        """Let time pass: minutes end, moments of the session come, and whatever waits for time alone.

        Minutes end up to `heard_until`, and with them what comes at their ends: until then all that happened has been heard.
        Without it nothing is under way.
        """
        until = now if heard_until is None else heard_until
        while not self.is_over:
            end = self._minute + time.MINUTE
            at = self._phases[0][0]
            if at < end and at <= now:
                self._reach_next()
            elif end <= min(at, until):
                self._end_minute(end)
            else:
                break
        if self.is_open and self.feed.due() <= now:
            self.feed.second(self._not_before(now))

    def _end_minute(self, end: Nanos) -> None:
        """Feed the bars of the minute that ends."""
        bars = self._builder.close(self._minute)
        self._minute = end
        now = self._not_before(end)
        if bars:
            scans = self._scans(len(bars), now)
            for bar, told in zip(bars, scans, strict=True):
                self.feed.bar(bar, told, now)
        while self._phases and self._phases[0][0] <= end:
            self._reach_next()
        if self._phases:
            self.feed.minute(now)

    def _scans(self, count: int, now: Nanos) -> list[tuple[Scanned, ...]]:
        """Return what the strategies that scan say of the last bars."""
        so_far = self._builder.so_far(self.feed.hours.session)
        scans = self.scan(so_far, now)
        return [scans.of(row) for row in range(len(so_far) - count, len(so_far))]

    def _reach_next(self, now: Nanos | None = None) -> None:
        at, phase = self._phases.popleft()
        self.feed.phase(phase, self._not_before(at if now is None else now))
        if phase is MarketPhase.CLOSED:
            self.feed.pump.look = None

    def _not_before(self, now: Nanos) -> Nanos:
        """Return an instant that is not before what the engine has seen: its time never goes back."""
        return max(now, self.feed.engine.now)
