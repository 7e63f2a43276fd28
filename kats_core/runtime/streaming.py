"""Play one session of trades and order books: what `kats run` does where the data hold them.

Feeding is sparse, as with bars: trades of symbols that are held or on order, order books of symbols on order at every second,
and before each bar, each order and whatever may sell the book of that moment. Interruptions are followed for every symbol of the session.
`dense` feeds everything, which must not change a single decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from kats_core.engine.engine import Engine
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import BoolArray
from kats_core.market.rules import symbol_rules
from kats_core.market.sessions import SessionHours
from kats_core.market.source import Tape
from kats_core.market.ticks import TickTable
from kats_core.market.vi import StatusMessage, ViMonitor, ViTerms
from kats_core.model import time
from kats_core.model.bar import Trade
from kats_core.model.event import BarClosed, BookChanged, FactsChanged, PhaseReached, TimePassed, Traded
from kats_core.model.fact import Fact
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import MarketPhase, Scope
from kats_core.model.time import Nanos
from kats_core.runtime.pump import Pump
from kats_core.runtime.scanning import Scans


@dataclass(slots=True, kw_only=True)
class StreamedDay:
    """One session as its tape tells it. `follow` first, when it is known which symbols belong to the session."""

    engine: Engine
    pump: Pump
    hours: SessionHours
    bars: MinuteBars
    tape: Tape
    scope: Scope
    terms: ViTerms
    on_clock: Callable[[Nanos], None]
    dense: bool
    _vi: ViMonitor = field(init=False)
    _ticks: dict[str, TickTable] = field(init=False, default_factory=dict)
    _near: dict[str, Nanos] = field(init=False, default_factory=dict)
    _statuses: list[StatusMessage] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._vi = ViMonitor(self.terms)
        self._vi.begin_session(self.hours)

    def follow(self, instruments: Iterable[Instrument], bases: Mapping[str, int], now: Nanos) -> Iterable[Fact]:
        """Begin to follow the session's symbols; return how they trade as far as it is known before the open."""
        for one in instruments:
            base = bases[one.symbol]
            ticks = symbol_rules(one, base, self.hours.session, self.scope).ticks
            self._vi.follow(one.symbol, one.market, base, ticks, is_known=True)
            self._ticks[one.symbol] = ticks
        self._statuses = [message for message in self.tape.statuses() if message.symbol in self._ticks]
        return self._vi.facts(self._ticks, now)

    def play(self, wanted: BoolArray, scans: Scans) -> None:
        """Play the session; `wanted` marks the bars that can matter, `scans` are what strategies say of each."""
        self.pump.look = self.tape.book
        try:
            self._play(wanted, scans)
        finally:
            self.pump.look = None

    def _play(self, wanted: BoolArray, scans: Scans) -> None:
        hours, rows = self.hours, _rows_by_minute(self.bars)
        self._open()
        phases = [(MarketPhase.EOD_CHECK, hours.eod_check), (MarketPhase.CLOSE_AUCTION, hours.close_auction)]
        last = max(hours.close, max(rows, default=0))
        for start in range(hours.open, last + 1, time.MINUTE):
            while phases and start >= phases[0][1]:
                self._phase(*phases.pop(0))
            self._live_through(start)
            end = start + time.MINUTE
            for row in rows.get(start, ()):
                symbol = self.bars.symbols[self.bars.symbol[row]]
                if wanted[row] or self.engine.is_busy(symbol):
                    self._show(symbol, end)
                    self.pump.feed(BarClosed(end, self.bars.bar(row), scans.of(row)))
            if self._due() <= end:
                self.pump.feed(TimePassed(end))
            self.on_clock(end)
        self._phase(MarketPhase.CLOSED, last + time.MINUTE)

    def _due(self) -> Nanos:
        """Return from when on each second matters, whatever trades in it."""
        if self.dense or self.engine.live_orders:
            return 0
        return min((at for at in (self.engine.next_timer(), self._vi.next_change()) if at is not None), default=_NEVER)

    def _open(self) -> None:
        """Let the opening auctions print, which sets the static references, and open."""
        opening = self.hours.open
        changed: list[str] = []
        for symbol in self._ticks:
            first = next((trade for trade in self.tape.trades(symbol, opening) if trade.is_auction), None)
            if first is not None:
                changed += self._take_in(first)
            self._watch_from(symbol)
        self._tell(opening, changed)
        self._phase(MarketPhase.OPEN, opening)

    def _watch_from(self, symbol: str) -> None:
        """Note when a symbol comes near an interruption for the first time; until then its state cannot change."""
        if symbol not in self.bars.symbols:
            return  # nobody trades it today
        rows = self.bars.rows_of[self.bars.symbols.index(symbol)]
        known, zone = self._vi.of(symbol), float(self.terms.proximity) + _MARGIN
        is_near = (self.bars.high[rows] >= known.upper * (1 - zone)) | (self.bars.low[rows] <= known.lower * (1 + zone))
        moments = self.bars.start[rows[is_near]].tolist()
        told = (message.ts for message in self._statuses if message.symbol == symbol)
        first = min((*moments[:1], *told), default=None)
        if first is not None:
            self._near[symbol] = first - (first - self.hours.open) % time.MINUTE

    def _live_through(self, start: Nanos) -> None:
        """Feed what happens in a minute, second by second while time alone may make something happen."""
        end = start + time.MINUTE
        happenings = self._happenings(start)
        following = iter(happenings)
        coming = next(following, None)
        due = self._due()
        for second in range(start, end, time.SECOND):
            if coming is None and due >= end:
                return
            if due <= second:
                self._look(second)
                due = self._due()
            while coming is not None and coming.ts < second + time.SECOND:
                self._happen(coming)
                coming, due = next(following, None), self._due()

    def _happenings(self, start: Nanos) -> list[Trade | StatusMessage]:
        """Return the minute's trades and messages in their order; a print comes before the message that it ended a VI."""
        end = start + time.MINUTE
        found: list[Trade | StatusMessage] = []
        for symbol in self._ticks:
            is_near = self._near.get(symbol, end) <= start
            if self.dense or is_near or self.engine.is_busy(symbol):
                found += [t for t in self.tape.trades(symbol, start) if not (t.is_auction and t.ts == self.hours.open)]
        while self._statuses and self._statuses[0].ts < end:
            found.append(self._statuses.pop(0))
        return sorted(found, key=_order)

    def _happen(self, one: Trade | StatusMessage) -> None:
        if isinstance(one, Trade):
            self._tell(one.ts, self._take_in(one))
        else:
            self._tell(one.ts, self._vi.on_message(one))

    def _take_in(self, trade: Trade) -> list[str]:
        """Show a trade to whoever holds or wants its symbol, and return the symbols whose state it changed."""
        if self.dense or self.engine.is_busy(trade.symbol):
            if self.engine.sells_at(trade.symbol, trade.price):
                self._show(trade.symbol, trade.ts)
            self.pump.feed(Traded(trade.ts, trade))
        is_near = self._near.get(trade.symbol, trade.ts + 1) <= trade.ts
        if trade.is_auction or is_near:
            return self._vi.on_trade(trade.symbol, trade.price, trade.ts, is_auction=trade.is_auction)
        return []

    def _look(self, second: Nanos) -> None:
        """Let a second pass: show the books in which orders wait, and end what ends by itself."""
        if self._vi.next_change() is not None:
            self._tell(second, self._vi.on_time(second))
        waiting = [order.symbol for order in self.engine.live_orders]
        timer = self.engine.next_timer()
        if timer is not None and timer <= second:
            waiting += [position.symbol for position in self.engine.positions]
            waiting += sorted(self.engine.asked_by_time(second))
        for symbol in self._ticks if self.dense else dict.fromkeys(waiting):
            self._show(symbol, second)
        self.pump.feed(TimePassed(second))

    def _show(self, symbol: str, now: Nanos) -> None:
        if symbol in self._ticks:
            self.pump.feed(BookChanged(now, self.tape.book(symbol, now)))

    def _tell(self, now: Nanos, changed: Iterable[str]) -> None:
        facts = tuple(self._vi.facts(changed, now))
        if facts:
            self.pump.feed(FactsChanged(now, facts))

    def _phase(self, phase: MarketPhase, at: Nanos) -> None:
        """Let a moment come of which the clock alone tells; what is sold then is priced from the books of that moment."""
        for symbol in dict.fromkeys(position.symbol for position in self.engine.positions):
            self._show(symbol, at)
        self.pump.feed(PhaseReached(at, phase))
        self.on_clock(at)


_MARGIN = 1e-6
_NEVER: Nanos = 2**63 - 1


def _rows_by_minute(bars: MinuteBars) -> dict[Nanos, range]:
    """Return the rows of each minute by its start."""
    starts, first = np.unique(bars.start, return_index=True)
    borders = [*first.tolist(), len(bars)]
    return {start: range(borders[n], borders[n + 1]) for n, start in enumerate(starts.tolist())}


def _order(one: Trade | StatusMessage) -> tuple[Nanos, bool, str]:
    return one.ts, isinstance(one, StatusMessage), one.symbol
