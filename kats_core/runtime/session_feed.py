"""Feed one session of trades, order books and messages to an engine: what a recorded day and a live one have in common.

Each second is looked at before what happens in it, each minute's bars come at its end, before the phase that begins there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from kats_core.engine.engine import Engine
from kats_core.market.limits import PriceLimits
from kats_core.market.rules import symbol_rules
from kats_core.market.sessions import SessionHours
from kats_core.market.ticks import TickTable
from kats_core.market.vi import StatusMessage, ViMonitor, ViTerms
from kats_core.model import time
from kats_core.model.bar import Bar, Trade
from kats_core.model.event import BarClosed, BookChanged, FactsChanged, PhaseReached, TimePassed, Traded
from kats_core.model.fact import Fact
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import MarketPhase, Scope
from kats_core.model.setup import Scanned
from kats_core.model.time import Nanos
from kats_core.runtime.pump import Look, Pump

NEVER: Nanos = 2**63 - 1


def closed_behind(now: Nanos) -> Nanos:
    """Return when a session that the exchange ends now is closed: a full minute later, at the end of one."""
    return now - now % time.MINUTE + 2 * time.MINUTE


@dataclass(slots=True, kw_only=True)
class SessionFeed:
    """One session of streamed symbols. `books` shows the order book of an instant; `follow` first.

    `is_told`: every interruption is told. Else a symbol's state is unknown until its messages are proven to come.
    """

    engine: Engine
    pump: Pump
    hours: SessionHours
    books: Look
    scope: Scope
    terms: ViTerms
    on_clock: Callable[[Nanos], None]
    dense: bool = False
    is_told: bool = True
    ticks: dict[str, TickTable] = field(init=False, default_factory=dict)
    limits: dict[str, PriceLimits] = field(init=False, default_factory=dict)
    vi: ViMonitor = field(init=False)

    def __post_init__(self) -> None:
        self.vi = ViMonitor(self.terms)
        self.vi.begin_session(self.hours)

    def follow(self, instruments: Iterable[Instrument], bases: Mapping[str, int], now: Nanos) -> Iterable[Fact]:
        """Begin to follow the session's symbols; return how they trade as far as it is known before the open."""
        for one in instruments:
            base = bases[one.symbol]
            rules = symbol_rules(one, base, self.hours.session, self.scope)
            self.vi.follow(one.symbol, one.market, base, rules.ticks, is_known=self.is_told)
            self.ticks[one.symbol], self.limits[one.symbol] = rules.ticks, rules.limits
        return self.vi.facts(self.ticks, now)

    def due(self) -> Nanos:
        """Return from when on each second matters, whatever trades in it."""
        if self.dense or self.engine.live_orders:
            return 0
        return min((at for at in (self.engine.next_timer(), self.vi.next_change()) if at is not None), default=NEVER)

    def trade(self, trade: Trade, now: Nanos, *, is_near: bool = True) -> list[str]:
        """Show a trade to whoever holds or wants its symbol, and return the symbols whose state it changed.

        `is_near` False spares the look at interruptions where it is known that none is near.
        """
        if self.dense or self.engine.is_busy(trade.symbol):
            if self.engine.sells_at(trade.symbol, trade.price):
                self.show(trade.symbol, now)
            self.pump.feed(Traded(now, trade))
        if trade.is_auction or is_near:
            return self.vi.on_trade(trade.symbol, trade.price, now, is_auction=trade.is_auction)
        return []

    def status(self, message: StatusMessage, now: Nanos) -> list[str]:
        """Take in a market-status message, and return the symbols whose state it changed: it may be about a whole market."""
        changed = self.vi.on_message(message)
        self.tell(now, changed)
        return changed

    def second(self, now: Nanos) -> None:
        """Let a second pass: show the books in which orders wait, and end what ends by itself."""
        if self.vi.next_change() is not None:
            self.tell(now, self.vi.on_time(now))
        waiting = [order.symbol for order in self.engine.live_orders]
        timer = self.engine.next_timer()
        if timer is not None and timer <= now:
            waiting += [position.symbol for position in self.engine.positions]
            waiting += sorted(self.engine.asked_by_time(now))
        for symbol in self.ticks if self.dense else dict.fromkeys(waiting):
            self.show(symbol, now)
        self.pump.feed(TimePassed(now))

    def bar(self, bar: Bar, scans: tuple[Scanned, ...], now: Nanos) -> None:
        """Feed a complete bar, with the book of the moment before it."""
        self.show(bar.symbol, now)
        self.pump.feed(BarClosed(now, bar, scans))

    def minute(self, now: Nanos) -> None:
        """End a minute, behind its bars and the phase that begins with its end."""
        if self.due() <= now:
            self.pump.feed(TimePassed(now))
        self.on_clock(now)

    def phase(self, phase: MarketPhase, now: Nanos) -> None:
        """Let a moment come of which the clock alone tells; what is sold then is priced from the books of that moment."""
        for symbol in dict.fromkeys(position.symbol for position in self.engine.positions):
            self.show(symbol, now)
        self.pump.feed(PhaseReached(now, phase))
        self.on_clock(now)

    def show(self, symbol: str, now: Nanos) -> None:
        """Show the order book of a symbol that is followed."""
        if symbol in self.ticks:
            self.pump.feed(BookChanged(now, self.books(symbol, now)))

    def tell(self, now: Nanos, changed: Iterable[str]) -> None:
        """Pass on how symbols trade whose state has changed."""
        facts = tuple(self.vi.facts(changed, now))
        if facts:
            self.pump.feed(FactsChanged(now, facts))
