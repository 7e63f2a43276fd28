"""Play one session of trades and order books: what `kats run` does where the data hold them.

Feeding is sparse, as with bars: trades of symbols that are held or on order, order books of symbols on order at every second,
and before each bar, each order and whatever may sell the book of that moment. Interruptions are followed for every symbol of the session.
`dense` feeds everything, which must not change a single decision.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from kats_core.market.arrays import BoolArray
from kats_core.market.minutes import MinuteBars
from kats_core.market.source import Tape
from kats_core.market.vi import StatusMessage
from kats_core.model import time
from kats_core.model.bar import Trade
from kats_core.model.fact import Fact
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import MarketPhase
from kats_core.model.time import Nanos
from kats_core.runtime.index_feed import IndexFeed
from kats_core.runtime.scanning import Scans
from kats_core.runtime.session_feed import SessionFeed, closed_behind


@dataclass(slots=True, kw_only=True)
class StreamedDay:
    """One session as its tape tells it. `follow` first, when it is known which symbols belong to the session."""

    feed: SessionFeed
    bars: MinuteBars
    tape: Tape
    index: IndexFeed
    _near: dict[str, Nanos] = field(init=False, default_factory=dict)
    _statuses: list[StatusMessage] = field(init=False, default_factory=list)
    _phases: deque[tuple[MarketPhase, Nanos]] = field(init=False, default_factory=deque)

    def follow(self, instruments: Iterable[Instrument], bases: Mapping[str, int], now: Nanos) -> Iterable[Fact]:
        """Begin to follow the session's symbols; return how they trade as far as it is known before the open."""
        known = self.feed.follow(instruments, bases, now)
        self._statuses = [message for message in self.tape.statuses() if message.symbol in self.feed.ticks]
        return known

    def play(self, wanted: BoolArray, scans: Scans) -> None:
        """Play the session; `wanted` marks the bars that can matter, `scans` are what strategies say of each."""
        self.feed.pump.look = self.tape.book
        try:
            self._play(wanted, scans)
        finally:
            self.feed.pump.look = None

    def _play(self, wanted: BoolArray, scans: Scans) -> None:
        feed, hours, rows = self.feed, self.feed.hours, _rows_by_minute(self.bars)
        self._open()
        last = max(hours.close, max(rows, default=0))
        phases = self._phases = deque(
            [
                (MarketPhase.EOD_CHECK, hours.eod_check),
                (MarketPhase.CLOSE_AUCTION, hours.close_auction),
                (MarketPhase.CLOSED, last + time.MINUTE),
            ]
        )
        for start in range(hours.open, last + 1, time.MINUTE):
            self._live_through(start)
            end = start + time.MINUTE
            self.index.until(end)
            for row in rows.get(start, ()):
                symbol = self.bars.symbols[self.bars.symbol[row]]
                if wanted[row] or feed.engine.is_busy(symbol):
                    feed.bar(self.bars.bar(row), scans.of(row), end)
            while phases and end >= phases[0][1]:
                feed.phase(*phases.popleft())
            if not phases:
                return
            feed.minute(end)

    def _open(self) -> None:
        """Let the opening auctions print, which sets the static references, and open."""
        opening = self.feed.hours.open
        changed: list[str] = []
        for symbol in self.feed.ticks:
            first = next((trade for trade in self.tape.trades(symbol, opening) if trade.is_auction), None)
            if first is not None:
                changed += self._take_in(first)
            self._watch_from(symbol)
        self.feed.tell(opening, changed)
        self.feed.phase(MarketPhase.OPEN, opening)
        self.index.until(opening)

    def _watch_from(self, symbol: str) -> None:
        """Note when a symbol comes near an interruption for the first time; until then its state cannot change."""
        if symbol not in self.bars.symbols:
            return  # nobody trades it today
        rows = self.bars.rows_of[self.bars.symbols.index(symbol)]
        known, zone = self.feed.vi.of(symbol), float(self.feed.terms.proximity) + _MARGIN
        is_near = (self.bars.high[rows] >= known.upper * (1 - zone)) | (self.bars.low[rows] <= known.lower * (1 + zone))
        moments = self.bars.start[rows[is_near]].tolist()
        told = (message.ts for message in self._statuses if self._concerns(message, symbol))
        first = min((*moments[:1], *told), default=None)
        if first is not None:
            self._near[symbol] = first - (first - self.feed.hours.open) % time.MINUTE

    def _concerns(self, message: StatusMessage, symbol: str) -> bool:
        """Tell whether a message may change a symbol's state: its own, or one about its whole market."""
        vi = self.feed.vi
        is_of_market = message.market is not None and vi.market_of(message.symbol) is vi.market_of(symbol)
        return is_of_market or message.symbol == symbol

    def _live_through(self, start: Nanos) -> None:
        """Feed what happens in a minute, second by second while time alone may make something happen."""
        end = start + time.MINUTE
        happenings = self._happenings(start)
        following = iter(happenings)
        coming = next(following, None)
        due = self.feed.due()
        for second in range(start, end, time.SECOND):
            if coming is None and due >= end:
                return
            if due <= second:
                self.feed.second(second)
                due = self.feed.due()
            while coming is not None and coming.ts < second + time.SECOND:
                self._happen(coming)
                coming, due = next(following, None), self.feed.due()

    def _happenings(self, start: Nanos) -> list[Trade | StatusMessage]:
        """Return the minute's trades and messages in their order; a print comes before the message that it ended a VI."""
        feed, end = self.feed, start + time.MINUTE
        found: list[Trade | StatusMessage] = []
        for symbol in feed.ticks:
            is_near = self._near.get(symbol, end) <= start
            if feed.dense or is_near or feed.engine.is_busy(symbol):
                found += [t for t in self.tape.trades(symbol, start) if not (t.is_auction and t.ts == feed.hours.open)]
        while self._statuses and self._statuses[0].ts < end:
            found.append(self._statuses.pop(0))
        return sorted(found, key=_order)

    def _happen(self, one: Trade | StatusMessage) -> None:
        if isinstance(one, Trade):
            self.feed.tell(one.ts, self._take_in(one))
        else:
            self.feed.status(one, one.ts)
            if self.feed.vi.is_session_over:
                self._end_early(one.ts)

    def _end_early(self, now: Nanos) -> None:
        """Do what is to be done at the close: the exchange has ended the session."""
        while self._phases[0][0] is not MarketPhase.CLOSED:
            self.feed.phase(self._phases.popleft()[0], now)
        phase, at = self._phases.popleft()
        self._phases.append((phase, min(at, closed_behind(now))))

    def _take_in(self, trade: Trade) -> list[str]:
        is_near = self._near.get(trade.symbol, trade.ts + 1) <= trade.ts
        return self.feed.trade(trade, trade.ts, is_near=is_near)


_MARGIN = 1e-6


def _rows_by_minute(bars: MinuteBars) -> dict[Nanos, range]:
    """Return the rows of each minute by its start."""
    starts, first = np.unique(bars.start, return_index=True)
    borders = [*first.tolist(), len(bars)]
    return {start: range(borders[n], borders[n + 1]) for n, start in enumerate(starts.tolist())}


def _order(one: Trade | StatusMessage) -> tuple[Nanos, bool, str]:
    return one.ts, isinstance(one, StatusMessage), one.symbol
