"""Follow the volatility interruption (변동성완화장치, VI) and the halts of each symbol (`spec/market.md` section 7).

Pure: everything comes in with the instant at which it was known, and each answer is the list of symbols that have
changed. What the exchange tells (a market-status message, the inquiry's list) decides; prices only warn. Nothing here
trades or asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import msgspec
from msgspec import structs

from kats_core.market.breakers import VI_AUCTION, BreakerLevel, breaker_levels, sidecar, static_vi_bounds
from kats_core.market.dated import MarketRuleError
from kats_core.market.sessions import SessionHours
from kats_core.market.ticks import TickTable
from kats_core.model import fact, time
from kats_core.model.fact import Fact, missing
from kats_core.model.kinds import FactSource, Market
from kats_core.model.labels import Labelled
from kats_core.model.time import Nanos

HYSTERESIS = Fraction(12, 10)
"""A warning ends beyond this multiple of the proximity: 1.2 % where it began within 1 %."""

FRESH: Nanos = 5 * time.SECOND
NO_END_GIVEN_UP: Nanos = 600 * time.SECOND


class ViState(Labelled):
    """How a symbol can be traded now."""

    NORMAL = "NORMAL", "정상", "normal"
    WARNING = "WARNING", "VI 근접", "close to a VI"
    VI_AUCTION = "VI_AUCTION", "VI 단일가", "VI call auction"
    COOLING = "COOLING", "VI 해제 직후", "just after a VI"
    HALTED = "HALTED", "거래정지", "halted"
    UNKNOWN = "UNKNOWN", "VI 상태 미확인", "unknown"


NO_TRADING = frozenset({ViState.VI_AUCTION, ViState.HALTED})
"""States in which exits wait for the end of the state."""

NO_ENTRY = NO_TRADING | {ViState.COOLING, ViState.UNKNOWN}
"""States in which nothing is bought."""


class MarketHalt(Labelled):
    """What stops a whole market, or lets it go on."""

    SUSPENSION = "SUSPENSION", "시장 임시정지", "the market is suspended; nobody says for how long"
    BREAKER = "BREAKER", "서킷브레이커", "circuit breaker of the day's next level"
    BREAKER_1 = "BREAKER_1", "서킷브레이커 1단계", "circuit breaker, level 1"
    BREAKER_2 = "BREAKER_2", "서킷브레이커 2단계", "circuit breaker, level 2"
    BREAKER_3 = "BREAKER_3", "서킷브레이커 3단계 (장 종료)", "circuit breaker, level 3: the session is over"
    BREAKER_OVER = "BREAKER_OVER", "서킷브레이커 해제", "the halt of a circuit breaker is over: its auction begins"
    SIDECAR = "SIDECAR", "사이드카", "sidecar"


_LEVELS = {
    MarketHalt.SUSPENSION: 0,
    MarketHalt.BREAKER_1: 1,
    MarketHalt.BREAKER_2: 2,
    MarketHalt.BREAKER_3: 3,
}
_LAST_LEVEL = 3


class StatusMessage(msgspec.Struct, frozen=True):
    """A market-status message of a symbol; None where the message does not tell. `market` is what it says of its whole market."""

    ts: Nanos
    symbol: str
    is_vi: bool | None = None
    is_halted: bool | None = None
    market: MarketHalt | None = None


class ListedVi(msgspec.Struct, frozen=True):
    """One row of the inquiry's list of interruptions; `ended` is None while it lasts."""

    symbol: str
    started: Nanos
    ended: Nanos | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ViTerms:
    """How careful we are: `cooling` is our own time of observation after a VI, not a rule of the exchange."""

    cooling: Nanos = 30 * time.SECOND
    proximity: Fraction = Fraction(1, 100)

    @classmethod
    def strictest(cls, several: Iterable[ViTerms]) -> ViTerms:
        """Return the longest time and the widest zone of those asked for, the usual ones when nobody asks."""
        asked = list(several)
        if not asked:
            return cls()
        return cls(cooling=max(t.cooling for t in asked), proximity=max(t.proximity for t in asked))


class SymbolVi(msgspec.Struct, frozen=True, kw_only=True):
    """One symbol's state. `reference` is the price of its last call auction, before the open its base price."""

    state: ViState
    reference: int
    lower: int
    upper: int
    started: Nanos = 0
    cooling_until: Nanos = 0
    last: int | None = None
    last_ts: Nanos = 0
    is_subscribed: bool = True
    is_halted_itself: bool = False


@dataclass(slots=True)
class _Market:
    """One market's halts. `level` is the highest of the day, `running` that of the last halt, 0 a suspension."""

    halted_until: Nanos = 0
    auction_until: Nanos = 0
    no_entries_until: Nanos = 0
    level: int = 0
    running: int = 0
    is_over: bool = False


@dataclass(slots=True)
class ViMonitor:
    """The states of the symbols that are watched in a session.

    Every method that takes something in returns the symbols whose state or static reference is another one now.
    """

    terms: ViTerms = field(default_factory=ViTerms)
    _symbols: dict[str, SymbolVi] = field(init=False, default_factory=dict)
    _ticks: dict[str, TickTable] = field(init=False, default_factory=dict)
    _market_of: dict[str, Market] = field(init=False, default_factory=dict)
    _markets: dict[Market, _Market] = field(init=False, default_factory=dict)
    _timed: set[str] = field(init=False, default_factory=set)
    _hours: SessionHours = field(init=False)

    def begin_session(self, hours: SessionHours) -> None:
        """Forget the session before."""
        self._symbols.clear()
        self._ticks.clear()
        self._market_of.clear()
        self._markets = {market: _Market() for market in Market}
        self._timed.clear()
        self._hours = hours

    def follow(self, symbol: str, market: Market, base: int, ticks: TickTable, *, is_known: bool = False) -> None:
        """Begin to watch a symbol. It is UNKNOWN until it is subscribed and the list was read; `is_known` spares that."""
        lower, upper = static_vi_bounds(self._hours.session, base, ticks)
        state = ViState.NORMAL if is_known else ViState.UNKNOWN
        self._symbols[symbol] = SymbolVi(state=state, reference=base, lower=lower, upper=upper, is_subscribed=is_known)
        self._ticks[symbol], self._market_of[symbol] = ticks, market

    def state(self, symbol: str) -> ViState:
        """Return a symbol's state; UNKNOWN when nobody watches it."""
        known = self._symbols.get(symbol)
        return ViState.UNKNOWN if known is None else known.state

    def of(self, symbol: str) -> SymbolVi:
        """Return everything known of a symbol that is followed."""
        return self._symbols[symbol]

    def facts(self, symbols: Iterable[str], now: Nanos) -> Iterator[Fact]:
        """Yield what decisions may read of some symbols."""
        for symbol in symbols:
            known, until = self._symbols[symbol], self._expected_end(symbol)
            yield Fact(fact.VI_STATE, known.state.value, now, FactSource.FEED, symbol)
            yield Fact(fact.VI_REFERENCE, known.reference, now, FactSource.DERIVED, symbol)
            yield Fact(fact.VI_LOWER, known.lower, now, FactSource.DERIVED, symbol)
            yield Fact(fact.VI_UPPER, known.upper, now, FactSource.DERIVED, symbol)
            kept_away = self._markets[self._market_of[symbol]].no_entries_until
            if kept_away:
                yield Fact(fact.NO_ENTRIES_UNTIL, kept_away, now, FactSource.FEED, symbol)
            if until is None:
                yield missing(fact.VI_UNTIL, symbol, now)
            else:
                yield Fact(fact.VI_UNTIL, until, now, FactSource.DERIVED, symbol)

    def market_of(self, symbol: str) -> Market:
        """Return the market of a symbol that is followed: whose halts are its own."""
        return self._market_of[symbol]

    @property
    def is_session_over(self) -> bool:
        """Tell whether circuit breakers have ended the session of every market that is followed: time for the close jobs."""
        followed = set(self._market_of.values())
        return bool(followed) and all(self._markets[market].is_over for market in followed)

    def on_message(self, message: StatusMessage) -> list[str]:
        """Take in a market-status message of a symbol, which may be about its whole market."""
        symbol = message.symbol
        if symbol not in self._symbols:
            return []
        market = self._market_of[symbol]
        changed = [] if message.market is None else self.on_market_halt(message.ts, market, message.market)
        return [*dict.fromkeys([*changed, *self._put(symbol, self._told(self._symbols[symbol], message))])]

    def _told(self, known: SymbolVi, message: StatusMessage) -> SymbolVi:
        """Return what a message makes of its own symbol; while the market is halted its flag tells of the market alone."""
        now, after = message.ts, known
        is_market_halted = self._is_market_halted(message.symbol, now)
        if message.is_halted is True:
            is_own = known.is_halted_itself or not is_market_halted
            after = structs.replace(after, state=ViState.HALTED, is_halted_itself=is_own)
        elif message.is_halted is False and known.is_halted_itself:
            after = structs.replace(after, is_halted_itself=False)
            if not is_market_halted:
                after = self._cooling(after, now)
        if message.is_vi is True:
            return _interrupted(after, now)
        is_over = message.is_vi is False and not self._is_market_auction(message.symbol, now)
        return self._cooling(after, now) if is_over and after.state is ViState.VI_AUCTION else after

    def on_list(self, now: Nanos, rows: Iterable[ListedVi]) -> list[str]:
        """Take in the inquiry's list: the last row of each symbol counts."""
        latest: dict[str, ListedVi] = {}
        for row in rows:
            if row.symbol not in latest or row.started >= latest[row.symbol].started:
                latest[row.symbol] = row
        changed = []
        for symbol, known in self._symbols.items():
            changed += self._put(symbol, self._listed(symbol, known, latest.get(symbol), now))
        return changed

    def on_trade(self, symbol: str, price: int, ts: Nanos, *, is_auction: bool = False) -> list[str]:
        """Take in a trade: the print of an auction is the new static reference, others may come close to a trigger."""
        known = self._symbols.get(symbol)
        if known is None:
            return []
        if is_auction:
            return self._put(symbol, self._referenced(symbol, known, price, ts))
        if known.state is ViState.NORMAL and self._is_outside_zone(known, price):
            # The common case, without a new value for each trade.
            self._symbols[symbol] = structs.replace(known, last=price, last_ts=ts)
            return []
        return self._put(symbol, self._settled(structs.replace(known, last=price, last_ts=ts), ts))

    def on_reference(self, symbol: str, reference: int) -> list[str]:
        """Take the exchange's own static reference, which goes before the estimate."""
        known = self._symbols.get(symbol)
        if known is None or known.reference == reference:
            return []
        return self._put(symbol, self._judged(self._with_reference(symbol, known, reference)))

    def on_subscribed(self, symbol: str, *, is_subscribed: bool) -> list[str]:
        """Note whether messages of a symbol come; it stays UNKNOWN until the list has been read, too."""
        known = self._symbols.get(symbol)
        if known is None:
            return []
        after = structs.replace(known, is_subscribed=is_subscribed)
        return self._put(symbol, after if is_subscribed else structs.replace(after, state=ViState.UNKNOWN))

    def on_market_halt(self, now: Nanos, market: Market, halt: MarketHalt) -> list[str]:
        """Take in what happens to a whole market; each of its symbols tells of it, the first one counts.

        A circuit breaker whose level nobody tells is the day's next one: each happens once, in their order. A suspension
        counts as no level, and lasts as long as the first one unless somebody ends it.
        """
        own = self._markets[market]
        match halt:
            case MarketHalt.SIDECAR:
                return self._pause(market, own, now)
            case MarketHalt.BREAKER_OVER:
                return self._release(market, own, now)
        is_running = now < own.auction_until
        unsaid = own.running if is_running and own.running else min(own.level + 1, _LAST_LEVEL)
        level = _LEVELS.get(halt, unsaid)
        if own.is_over or (is_running and level <= own.running):
            return []
        return self._halt(market, own, now, level)

    def _halt(self, market: Market, own: _Market, now: Nanos, level: int) -> list[str]:
        own.level, own.running = max(own.level, level), level
        own.no_entries_until = self._hours.close
        rule = self._rule(market, max(level, 1))
        if rule is not None:
            own.is_over = rule.ends_session
            own.halted_until = self._hours.close if own.is_over else now + rule.halt
            own.auction_until = own.halted_until + rule.auction
            for symbol in self._of_market(market):
                self._put(symbol, structs.replace(self._symbols[symbol], state=ViState.HALTED))
        return self._of_market(market)

    def _rule(self, market: Market, level: int) -> BreakerLevel | None:
        """Return what a level does; None where the day's rule is not known: then it keeps entries away, no more."""
        try:
            return [one for one in breaker_levels(self._hours.session, market) if one.level <= level][-1]
        except MarketRuleError:
            return None

    def _pause(self, market: Market, own: _Market, now: Nanos) -> list[str]:
        """Keep entries away while a sidecar lasts, for the rest of the day where nobody knows how long it does."""
        if now < own.no_entries_until:
            return []
        try:
            own.no_entries_until = now + sidecar(self._hours.session, market).pause
        except MarketRuleError:
            own.no_entries_until = self._hours.close
        return self._of_market(market)

    def _release(self, market: Market, own: _Market, now: Nanos) -> list[str]:
        """Let the auction begin when the exchange says so; a release of what nobody told keeps entries away all the same."""
        if own.is_over:
            return []
        if own.no_entries_until < self._hours.close:
            own.no_entries_until = self._hours.close
            return self._of_market(market)
        if now < own.halted_until:
            own.halted_until, own.auction_until = now, now + (own.auction_until - own.halted_until)
        return self._resume(market, own, now)

    def on_time(self, now: Nanos) -> list[str]:
        """Let time pass: cooling ends, a VI without an end is given up, a halted market comes into its auction."""
        changed = []
        for market, own in self._markets.items():
            changed += self._resume(market, own, now)
        for symbol in sorted(self._timed):
            known = self._symbols[symbol]
            if known.state is ViState.VI_AUCTION and not self._is_market_auction(symbol, now):
                if now - known.started >= NO_END_GIVEN_UP:
                    changed += self._put(symbol, structs.replace(known, state=ViState.UNKNOWN))
            elif known.state is ViState.COOLING:
                changed += self._put(symbol, self._settled(known, now))
        return changed

    def next_change(self) -> Nanos | None:
        """Return the earliest instant at which the passing of time alone may change a state."""
        waits = [self._ends_by_itself(symbol) for symbol in self._timed]
        waits += [own.halted_until for own in self._markets.values() if own.halted_until and not own.is_over]
        return min(waits, default=None)

    def _listed(self, symbol: str, known: SymbolVi, row: ListedVi | None, now: Nanos) -> SymbolVi:
        """Return what the list makes of a symbol."""
        if known.state is ViState.UNKNOWN:
            return self._restored(symbol, known, row, now)
        if known.state is ViState.HALTED or row is None or self._is_market_auction(symbol, now):
            return known
        is_interrupted = known.state is ViState.VI_AUCTION
        if row.ended is None:
            is_news = not is_interrupted and row.started > known.started
            return structs.replace(known, state=ViState.VI_AUCTION, started=row.started) if is_news else known
        return self._cooling(known, now) if is_interrupted and row.ended > known.started else known

    def _restored(self, symbol: str, known: SymbolVi, row: ListedVi | None, now: Nanos) -> SymbolVi:
        """Return an unknown symbol as the list knows it; what was halted is halted still, the list does not tell."""
        if not known.is_subscribed:
            return known
        if known.is_halted_itself or self._is_market_halted(symbol, now):
            return structs.replace(known, state=ViState.HALTED)
        if self._is_market_auction(symbol, now):
            ends = self._markets[self._market_of[symbol]].auction_until
            return structs.replace(known, state=ViState.VI_AUCTION, started=ends - NO_END_GIVEN_UP)
        if row is None or row.ended is not None:
            return self._judged(structs.replace(known, state=ViState.NORMAL))
        if now - row.started >= NO_END_GIVEN_UP:
            return known
        return structs.replace(known, state=ViState.VI_AUCTION, started=row.started)

    def _referenced(self, symbol: str, known: SymbolVi, price: int, ts: Nanos) -> SymbolVi:
        after = structs.replace(self._with_reference(symbol, known, price), last=price, last_ts=ts)
        return self._judged(after)

    def _with_reference(self, symbol: str, known: SymbolVi, reference: int) -> SymbolVi:
        lower, upper = static_vi_bounds(self._hours.session, reference, self._ticks[symbol])
        return structs.replace(known, reference=reference, lower=lower, upper=upper)

    def _settled(self, known: SymbolVi, now: Nanos) -> SymbolVi:
        """Return the symbol after its cooling, if that is over and it has traded just now; else as prices judge it."""
        if known.state is ViState.COOLING:
            if now < known.cooling_until or known.last is None or now - known.last_ts > FRESH:
                return known
            known = structs.replace(known, state=ViState.NORMAL)
        return self._judged(known)

    def _judged(self, known: SymbolVi) -> SymbolVi:
        """Return NORMAL or WARNING by the distance of the last price to the nearer trigger; other states stay."""
        if known.last is None or known.state not in (ViState.NORMAL, ViState.WARNING):
            return known
        reach = self.terms.proximity if known.state is ViState.NORMAL else self.terms.proximity * HYSTERESIS
        state = ViState.WARNING if _is_within(known, known.last, reach) else ViState.NORMAL
        return known if state is known.state else structs.replace(known, state=state)

    def _is_outside_zone(self, known: SymbolVi, price: int) -> bool:
        return not _is_within(known, price, self.terms.proximity)

    def _cooling(self, known: SymbolVi, now: Nanos) -> SymbolVi:
        return structs.replace(known, state=ViState.COOLING, cooling_until=now + self.terms.cooling)

    def _ends_by_itself(self, symbol: str) -> Nanos:
        """Return when a symbol's cooling is over, or its auction is given up because nobody told of an end."""
        known = self._symbols[symbol]
        if known.state is ViState.COOLING:
            return known.cooling_until
        return max(known.started + NO_END_GIVEN_UP, self._markets[self._market_of[symbol]].auction_until)

    def _resume(self, market: Market, own: _Market, now: Nanos) -> list[str]:
        """Lead a market from its halt into the auction, and out of that."""
        if own.is_over or not own.halted_until or now < own.halted_until:
            return []
        changed = []
        resumed, own.halted_until = own.halted_until, 0
        for symbol in self._of_market(market):
            known = self._symbols[symbol]
            if known.state is ViState.HALTED and not known.is_halted_itself:
                changed += self._put(symbol, structs.replace(known, state=ViState.VI_AUCTION, started=resumed))
        return changed

    def _expected_end(self, symbol: str) -> Nanos | None:
        known, market = self._symbols[symbol], self._markets[self._market_of[symbol]]
        match known.state:
            case ViState.COOLING:
                return known.cooling_until
            case ViState.VI_AUCTION:
                return max(known.started + VI_AUCTION, market.auction_until)
            case ViState.HALTED if market.halted_until and not known.is_halted_itself:
                return market.auction_until
        return None

    def _is_market_halted(self, symbol: str, now: Nanos) -> bool:
        own = self._markets[self._market_of[symbol]]
        return own.is_over or now < own.halted_until

    def _is_market_auction(self, symbol: str, now: Nanos) -> bool:
        """Tell whether the symbol is in the auction after a breaker, which lasts longer than that of a VI."""
        return now < self._markets[self._market_of[symbol]].auction_until

    def _of_market(self, market: Market) -> list[str]:
        return [symbol for symbol, own in self._market_of.items() if own is market]

    def _put(self, symbol: str, after: SymbolVi) -> list[str]:
        before = self._symbols[symbol]
        self._symbols[symbol] = after
        if after.state in (ViState.VI_AUCTION, ViState.COOLING):
            self._timed.add(symbol)
        else:
            self._timed.discard(symbol)
        return [symbol] if (after.state, after.reference) != (before.state, before.reference) else []


def _interrupted(known: SymbolVi, now: Nanos) -> SymbolVi:
    """Return the symbol in its VI; a halted one stays halted, a second message about the same VI changes nothing."""
    if known.state in NO_TRADING:
        return known
    return structs.replace(known, state=ViState.VI_AUCTION, started=now)


def _is_within(known: SymbolVi, price: int, reach: Fraction) -> bool:
    """Tell whether a price lies within `reach` of a trigger, as a fraction of the trigger."""
    return any(
        abs(price - bound) * reach.denominator <= bound * reach.numerator for bound in (known.lower, known.upper)
    )
