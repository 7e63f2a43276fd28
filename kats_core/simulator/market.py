"""Run the exchange through time: the street acts from the tape, clients' orders meet it, and everybody who listens is told.

Nothing here reads a clock: `advance` says what time it is. Symbols that nobody watches and nobody has an order in are not played;
their quotes are brought up to date when somebody asks.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import TypeAlias

import msgspec

from kats_core.market.breakers import VI_AUCTION, breaker_levels, sidecar
from kats_core.market.calendar import krx_calendar
from kats_core.market.panel import Panel
from kats_core.market.phases import SessionPhase
from kats_core.market.source import DataSource
from kats_core.model import time
from kats_core.model.bar import Book, BookLevel, Trade
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import Market as Listing
from kats_core.model.kinds import Side
from kats_core.model.time import Nanos
from kats_core.simulator.exchange.accounts import Account, Booked
from kats_core.simulator.exchange.board import AUCTIONS, Board, Stage
from kats_core.simulator.exchange.desk import Desk, Fate, Notice, Ticket, Wish
from kats_core.simulator.exchange.happenings import Filled, Happening, Interrupted, Printed, Removed
from kats_core.simulator.exchange.refusals import Refusal
from kats_core.simulator.quote import OwnMinute, Quote, minute_of
from kats_core.simulator.session import Session, history_of

READY = dt.time(7, 0)
"""When a session's masters and base prices are there."""
EXPECTED_EVERY: Nanos = 5 * time.SECOND
PUBLISHED: Nanos = 10 * time.MINUTE
"""How long before the open expected prices are published."""
FIRST_NUMBER = 1001
_TRIPPED, _RELEASED = "174", "175"
_PAUSED = {Side.SELL: ("387", "388"), Side.BUY: ("397", "398")}
"""How a sidecar begins and ends."""
_TO_TRADES_KEPT = 60


class Shown(msgspec.Struct, frozen=True, gc=False):
    """The book of a symbol is another one."""

    ts: Nanos
    symbol: str


class Expected(msgspec.Struct, frozen=True, gc=False):
    """The price and the shares at which an auction would end now; no shares when nobody meets."""

    ts: Nanos
    symbol: str
    price: int
    quantity: int


class Phased(msgspec.Struct, frozen=True, gc=False):
    """The session entered other phases."""

    ts: Nanos
    phases: tuple[SessionPhase, ...]


class Announced(msgspec.Struct, frozen=True, gc=False):
    """The exchange says something about a whole market, by the broker's code."""

    ts: Nanos
    listing: Listing
    code: str


class IndexMoved(msgspec.Struct, frozen=True, gc=False):
    """An index has another value."""

    ts: Nanos
    code: str


MarketEvent: TypeAlias = Happening | Notice | Shown | Expected | Phased | Announced | IndexMoved


@dataclass(frozen=True, slots=True)
class Viewed:
    """An interruption as the list of interruptions shows it."""

    symbol: str
    began: Nanos
    ended: Nanos | None
    is_static: bool
    is_upward: bool
    reference: int
    trigger: int


@dataclass(slots=True)
class _Feed:
    """The street's trades of an active symbol that are still to come, and who holds the symbol active."""

    coming: deque[Trade] = field(default_factory=deque)
    loaded: Nanos = 0
    is_quiet: bool = False


class Market:
    """The exchange, the broker's desk and the accounts, on the street of a data source."""

    def __init__(self, source: DataSource, start: Nanos, *, delay: Nanos = 0) -> None:
        self.source = source
        self.now = start
        self.accounts: list[Account] = []
        self.desk = Desk(delay=delay)
        self.desk.now = start
        self.session: Session | None = None
        self.quotes: dict[str, Quote] = {}
        self.own_minutes: dict[tuple[str, Nanos], OwnMinute] = {}
        self.recent: dict[str, deque[Printed]] = {}
        self.interruptions: list[Viewed] = []
        self.listeners: list[Callable[[MarketEvent], None]] = []
        self.watched: Callable[[], Iterable[str]] = tuple
        """Says which symbols somebody watches."""
        self.watched_books: Callable[[], frozenset[str]] = frozenset
        self.declared: dict[dt.date, bool] = {}
        """What the inquiry of sessions says of some days, whatever they are."""
        self.script: deque[tuple[Nanos, Callable[[], None]]] = deque()
        self._active: dict[str, _Feed] = {}
        self._quiet: set[str] = set()
        self._panel: Panel | None = None
        self._index_minute: Nanos = 0
        self._prepare()

    # --- what readers ask -------------------------------------------------------------------------------------------

    @property
    def day(self) -> dt.date:
        """Return the Korean date."""
        return time.session_date(self.now)

    @property
    def panel(self) -> Panel:
        """Return the daily history; today's own row, where it has one, is the future."""
        if self._panel is None:
            calendar = krx_calendar()
            day = self.day if calendar.is_session(self.day) else calendar.previous_session(self.day)
            self._panel = history_of(self.source, day)
        return self._panel

    def instruments(self) -> list[Instrument]:
        """Return what is listed, ordered by symbol."""
        if self.session is not None:
            return list(self.session.instruments.values())
        return list(self.panel.instruments)

    def quote(self, symbol: str) -> Quote | None:
        """Return a symbol's quote as of now, None for a symbol that is not listed or a day without session."""
        quote = self.quotes.get(symbol)
        if quote is not None and self.session is not None and symbol not in self._active:
            self.session.catch_up(quote, self.now)
        return quote

    def board(self, symbol: str) -> Board | None:
        """Return a symbol's board as of now."""
        if self.session is None or symbol not in self.desk.boards:
            return None
        self._activate(symbol)
        return self.desk.boards[symbol]

    def expected(self, symbol: str) -> tuple[int, int] | None:
        """Return (price, shares) at which a symbol's auction would end now."""
        board = self.board(symbol)
        return None if board is None else board.expected()

    def index_quotes(self, code: str) -> list[Quote]:
        """Return the quotes of an index's stocks as of now."""
        board = {"0001": Listing.KOSPI, "1001": Listing.KOSDAQ}.get(code)
        found = (self.quote(symbol) for symbol, one in list(self.quotes.items()) if one.instrument.market is board)
        return [one for one in found if one is not None]

    def is_evening(self) -> bool:
        """Tell whether the after-market runs."""
        return SessionPhase.AFTER_MARKET in self.desk.phases

    def is_open(self) -> bool:
        """Tell whether today is a session."""
        return self.session is not None

    # --- what clients do --------------------------------------------------------------------------------------------

    def place(self, wish: Wish, fate: Fate = Fate.USUAL) -> Ticket | Refusal:
        """Take an order as the desk does."""
        self.board(wish.symbol)
        found = self.desk.place(wish, fate)
        self._arrive()
        return found

    def cancel(self, account: Account, original: int, quantity: int | None) -> Ticket | Refusal:
        """Take a cancellation as the desk does."""
        found = self.desk.cancel(account, original, quantity)
        self._arrive()
        return found

    def amend(
        self, account: Account, original: int, quantity: int | None, price: int, division: str
    ) -> Ticket | Refusal:
        """Take an amendment as the desk does."""
        found = self.desk.amend(account, original, quantity, price, division)
        self._arrive()
        return found

    # --- what a person does to the market ---------------------------------------------------------------------------

    def halt(self, symbol: str, reason: str = "") -> None:
        """Halt trading in a symbol."""
        self._tell(self._known(symbol).halt(self.now, reason))

    def resume(self, symbol: str) -> None:
        """Let a halted symbol go on, through an auction of two minutes where it was trading."""
        self._tell(self._known(symbol).resume(self.now, until=self.now + VI_AUCTION))

    def trip(self, listing: Listing, level: int) -> None:
        """Set a market's circuit breaker off: a halt, then an auction; its last level ends the session."""
        rules = {one.level: one for one in breaker_levels(self.day, listing)}
        if level not in rules:
            raise LookupError(f"{listing} has no circuit breaker of level {level}")
        rule, reason = rules[level], f"서킷브레이커 {level}단계"
        symbols = [one.symbol for one in self.instruments() if one.market is listing]
        for symbol in symbols:
            self._tell(self._known(symbol).halt(self.now, reason, _TRIPPED))
        if rule.ends_session:
            self.desk.ended.add(listing)
            return
        resumes = self.now + rule.halt
        self._later(resumes, partial(self._release, symbols, resumes + rule.auction))

    def pause_programs(self, listing: Listing, side: Side) -> None:
        """Set a market's sidecar off: programs pause, everybody else trades on."""
        begins, ends = _PAUSED[side]
        self._say(Announced(self.now, listing, begins))
        until = self.now + sidecar(self.day, listing).pause
        self._later(until, lambda: self._say(Announced(self.now, listing, ends)))

    def _later(self, at: Nanos, what: Callable[[], None]) -> None:
        self.script.append((at, what))
        self.script = deque(sorted(self.script, key=lambda one: one[0]))

    def _release(self, symbols: list[str], until: Nanos) -> None:
        for symbol in symbols:
            self._tell(self._known(symbol).resume(self.now, until=until, code=_RELEASED))

    def interrupt(self, symbol: str) -> None:
        """Begin a volatility interruption as if the price had reached the upper trigger."""
        board = self._known(symbol)
        self._tell(board.interrupt(self.now, until=self.now + VI_AUCTION, trigger=board.ticks.up(board.last)))

    def quiet(self, symbol: str, *, is_quiet: bool = True) -> None:
        """Let the street do nothing in a symbol, or go on."""
        self._known(symbol)
        if is_quiet:
            self._quiet.add(symbol)
        else:
            self._quiet.discard(symbol)

    def show(self, symbol: str, asks: Iterable[tuple[int, int]], bids: Iterable[tuple[int, int]]) -> None:
        """Let the street show a book of somebody's making."""
        board = self._known(symbol)
        levels = [tuple(BookLevel(price, size) for price, size in side) for side in (asks, bids)]
        self._tell(board.show(self.now, Book(symbol, self.now, levels[0], levels[1])))
        self._say(Shown(self.now, symbol))

    def trade(self, symbol: str, price: int, quantity: int, aggressor: Side | None = None) -> None:
        """Let the street trade."""
        self._tell(self._known(symbol).trade(self.now, price, quantity, aggressor))

    # --- time -------------------------------------------------------------------------------------------------------

    def advance(self, to: Nanos) -> None:
        """Let time pass."""
        while self.now < to:
            stop = min(to, self._next_stop())
            self._play(self.now, stop)
            self.now = self.desk.now = stop
            self._reach(stop)

    def _next_stop(self) -> Nanos:
        """Return the next instant at which something besides the street's trades may happen."""
        stops = [time.midnight(self.day) + time.DAY]
        ready = time.at(self.day, READY)
        if self.now < ready:
            stops.append(ready)
        if self.script:
            stops.append(max(self.script[0][0], self.now + 1))
        arrival = self.desk.next_arrival()
        if arrival is not None:
            stops.append(arrival)
        if self.session is not None:
            stops += [edge for span in self.session.spans for edge in (span.start, span.end) if edge > self.now]
            if self._is_busy():
                stops.append(self.now - self.now % time.SECOND + time.SECOND)
                boards = self.desk.boards
                stops += [at for symbol in self._active if (at := boards[symbol].resumes) is not None and at > self.now]
        return min(stops)

    def _is_busy(self) -> bool:
        """Tell whether seconds matter: somebody watches while something is going on."""
        is_watched = bool(self._active) or any(True for _ in self.watched())
        return is_watched and bool(self.session and self.session.phases(self.now))

    def _play(self, after: Nanos, until: Nanos) -> None:
        """Let the street trade in (after, until], in the order of time over all active symbols."""
        session = self.session
        if session is None or not self._active:
            return
        due: list[Trade | tuple[Nanos, str, bool]] = []
        for symbol, feed in self._active.items():
            self._load(symbol, feed, until)
            while feed.coming and feed.coming[0].ts <= until:
                due.append(feed.coming.popleft())
            for pause in session.pauses.get(symbol, ()):
                if after < pause.begins <= until:
                    due.append((pause.begins, symbol, True))
                if after < pause.ends <= until:
                    due.append((pause.ends, symbol, False))
        due.sort(key=lambda one: one.ts if isinstance(one, Trade) else one[0])
        for one in due:
            if isinstance(one, Trade):
                self._street_trades(one)
            elif one[2]:
                self._street_pauses(one[0], one[1])

    def _load(self, symbol: str, feed: _Feed, until: Nanos) -> None:
        if self.session is None:
            return
        while feed.loaded <= until and feed.loaded <= self.session.hours.close:
            feed.coming.extend(self.session.tape.trades(symbol, feed.loaded))
            feed.loaded += time.MINUTE

    def _street_trades(self, one: Trade) -> None:
        if one.symbol in self._quiet:
            return
        self.now = self.desk.now = max(self.now, one.ts)
        board = self.desk.boards[one.symbol]
        is_ours = board.resumes is not None and board.resumes > one.ts
        if one.is_auction and board.stage in AUCTIONS and not is_ours:
            self._tell(board.conclude(one.ts, one.price, one.quantity))
            if board.stage is Stage.OPENING:
                self._tell(board.enter(one.ts, Stage.CONTINUOUS))
        else:
            self._tell(board.trade(one.ts, one.price, one.quantity, one.aggressor))

    def _street_pauses(self, ts: Nanos, symbol: str) -> None:
        if symbol in self._quiet:
            return
        self.now = self.desk.now = max(self.now, ts)
        board = self.desk.boards[symbol]
        self._tell(board.interrupt(ts, until=None, trigger=self._coming_print(symbol, ts)[0]))

    def _reach(self, at: Nanos) -> None:
        """Do what is to be done at an instant."""
        if at == time.midnight(self.day):
            self._end_day()
        if at == time.at(self.day, READY):
            self._prepare()
        if self.session is not None:
            if any(at in (span.start, span.end) for span in self.session.spans):
                self._change_phase(at)
            self._conclude_due(at)
        while self.script and self.script[0][0] <= at:
            self.script.popleft()[1]()
        self._arrive()
        if self._is_busy() and at % time.SECOND == 0:
            self._second(at)

    def _second(self, at: Nanos) -> None:
        """Let the street show its books, say what auctions would bring, move the indices, forget who is not watched."""
        needed = self.watched_books() | {one.instrument.symbol for one in self.desk.open_tickets()}
        for symbol in list(self._active):
            board = self.desk.boards[symbol]
            if board.stage is Stage.CONTINUOUS and symbol in needed:
                self._show_street(symbol, board, at)
            elif board.stage in AUCTIONS and at % EXPECTED_EVERY == 0:
                self._expect(symbol, board, at)
        if at % time.MINUTE == 0:
            self._forget()
            if self.session is not None and self.session.phases(at):
                for code in self.session.indices:
                    self._say(IndexMoved(at, code))

    def _show_street(self, symbol: str, board: Board, at: Nanos) -> None:
        if symbol in self._quiet or self.session is None:
            return
        book = self.session.book(symbol, at)
        if not book.asks and not book.bids:
            return
        self._tell(board.show(at, book))
        self._say(Shown(at, symbol))

    def _expect(self, symbol: str, board: Board, at: Nanos) -> None:
        if self.session is None:
            return
        if symbol not in self._quiet and board.resumes is None:
            board.expect(*self._street_expects(symbol, board, at))
        if board.stage is Stage.OPENING and at < self.session.hours.open - PUBLISHED:
            return
        price, quantity = board.expected() or (board.last, 0)
        self._say(Expected(at, symbol, price, quantity))
        self._say(Shown(at, symbol))

    def _street_expects(self, symbol: str, board: Board, at: Nanos) -> tuple[int, int]:
        """Return what the street would trade if its auction ended now: on the way to what it will."""
        price, quantity, ends = self._coming_print(symbol, at)
        starts = self._auction_began(symbol, board, at)
        part = Fraction(at - starts, max(ends - starts, 1)) if ends > starts else Fraction(1)
        between = board.last + (price - board.last) * part.numerator // part.denominator
        return board.ticks.rnear(between), max(1, quantity * part.numerator // part.denominator)

    def _coming_print(self, symbol: str, at: Nanos) -> tuple[int, int, Nanos]:
        """Return (price, shares, instant) of the street's next auction print, without shares where none comes."""
        session = self.session
        if session is None:
            return 0, 0, at
        pause = session.pause_at(symbol, at)
        ends = (
            pause.ends if pause is not None else session.hours.open if at < session.hours.open else session.hours.close
        )
        found = next((one for one in session.trades(symbol, ends - 1, ends) if one.is_auction), None)
        return (self.desk.boards[symbol].last, 0, ends) if found is None else (found.price, found.quantity, ends)

    def _auction_began(self, symbol: str, board: Board, at: Nanos) -> Nanos:
        session = self.session
        pause = None if session is None else session.pause_at(symbol, at)
        if session is None or pause is not None:
            return at if pause is None else pause.begins
        return session.hours.close_auction if board.stage is Stage.CLOSING else session.spans[0].start

    def _conclude_due(self, at: Nanos) -> None:
        for symbol in list(self._active):
            board = self.desk.boards[symbol]
            if board.resumes is not None and board.resumes <= at and board.stage is Stage.INTERRUPTED:
                self._tell(board.conclude(at))

    def _change_phase(self, at: Nanos) -> None:
        session = self.session
        if session is None:
            return
        before, self.desk.phases = self.desk.phases, session.phases(at)
        self.desk.is_over = at >= session.spans[-1].end
        for symbol in list(self._active):
            self._move(symbol, at)
        if before != self.desk.phases:
            self._say(Phased(at, self.desk.phases))

    def _move(self, symbol: str, at: Nanos) -> None:
        """Let an active symbol enter the stage of the phases that run now."""
        board, stage = self.desk.boards[symbol], self._stage_now(symbol)
        if board.stage is stage or (board.stage is Stage.INTERRUPTED and stage is Stage.CONTINUOUS):
            return
        if board.stage in (Stage.OPENING, Stage.CLOSING):
            self._tell(board.conclude(at))
        ends_board = self._regular_is_over(at) and board.stage is not Stage.CLOSED
        if ends_board or (stage is Stage.OPENING and board.stage is Stage.CONTINUOUS):
            self._tell(board.enter(at, Stage.CLOSED))
        self._tell(board.enter(at, stage))

    def _regular_is_over(self, at: Nanos) -> bool:
        return self.session is not None and at >= self.session.hours.close

    def _stage_now(self, symbol: str) -> Stage:
        phases = self.desk.phases
        for phase, stage in (
            (SessionPhase.OPENING_AUCTION, Stage.OPENING),
            (SessionPhase.CONTINUOUS, Stage.CONTINUOUS),
            (SessionPhase.CLOSING_AUCTION, Stage.CLOSING),
            (SessionPhase.AFTER_MARKET, Stage.CONTINUOUS),
            (SessionPhase.AFTER_CLOSE_PRICE, Stage.AFTER),
            (SessionPhase.SINGLE_PRICE, Stage.AFTER),
        ):
            if phase in phases:
                return stage
        return Stage.CLOSED

    # --- days and symbols -------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Begin the day's session, where there is one and its hour has come."""
        day = self.day
        calendar = krx_calendar()
        for account in self.accounts:
            account.begin(day)
        if not calendar.is_session(day):
            return
        if self.now < time.at(day, READY):
            # The desk knows that today is a session before its hour has come.
            self.desk.begin(day, {}, FIRST_NUMBER)
            return
        self._panel = history_of(self.source, day)
        self.session = Session(self.source, day, self._panel)
        boards = {symbol: self.session.board(symbol) for symbol in self.session.instruments}
        self.quotes = {symbol: self.session.quote(symbol) for symbol in self.session.instruments}
        self.own_minutes.clear()
        self.recent.clear()
        self.interruptions.clear()
        self._active.clear()
        self.desk.begin(day, boards, FIRST_NUMBER)
        self.desk.phases = self.session.phases(self.now)
        self.desk.is_over = self.now >= self.session.spans[-1].end
        for symbol in set(self.watched()):
            self.board(symbol)

    def _end_day(self) -> None:
        for symbol in list(self._active):
            self._tell(self.desk.boards[symbol].enter(self.now, Stage.CLOSED))
        self.session = None
        self._panel = None
        self._active.clear()
        self.desk.session, self.desk.phases = None, ()
        self._prepare()

    def activate(self, symbol: str) -> bool:
        """Play a symbol from now on; tell whether it is listed."""
        return self.board(symbol) is not None

    def _activate(self, symbol: str) -> None:
        session = self.session
        if session is None or symbol in self._active:
            return
        quote, board = self.quotes[symbol], self.desk.boards[symbol]
        session.catch_up(quote, self.now)
        board.last, board.reference = quote.last, quote.reference
        self._active[symbol] = feed = _Feed(loaded=minute_of(max(self.now, session.hours.open)))
        self._load(symbol, feed, self.now)
        feed.coming = deque(one for one in feed.coming if one.ts > self.now)
        stage = self._stage_now(symbol)
        board.enter(self.now, stage)
        pause = session.pause_at(symbol, self.now)
        if stage is Stage.CONTINUOUS and pause is not None:
            board.interrupt(self.now, until=None, trigger=self._coming_print(symbol, self.now)[0])
        if board.stage is Stage.CONTINUOUS and self.now < session.hours.close:
            book = session.book(symbol, self.now)
            if book.asks or book.bids:
                board.show(self.now, book)
        elif board.stage in AUCTIONS:
            board.expect(*self._street_expects(symbol, board, self.now))

    def _forget(self) -> None:
        """Stop playing symbols that nobody watches any more."""
        kept = set(self.watched()) | self._quiet | {one.instrument.symbol for one in self.desk.open_tickets()}
        for symbol in list(self._active):
            board = self.desk.boards[symbol]
            if symbol not in kept and board.stage not in (Stage.HALTED, Stage.INTERRUPTED):
                self.quotes[symbol].synced = self.now
                del self._active[symbol]

    def _known(self, symbol: str) -> Board:
        board = self.board(symbol)
        if board is None:
            raise LookupError(f"{symbol} is not listed, or today is no session")
        return board

    # --- telling ----------------------------------------------------------------------------------------------------

    def _arrive(self) -> None:
        for one in self.desk.arrive():
            if isinstance(one, Notice):
                self._say(one)
            else:
                self._tell([one])

    def _tell(self, happenings: Iterable[Happening]) -> None:
        """Book what happened and tell it to everybody who listens."""
        for one in happenings:
            if isinstance(one, Printed):
                self._note(one)
            elif isinstance(one, Interrupted):
                self._list(one)
            self._say(one)
            if isinstance(one, (Filled, Removed)):
                for notice, _ in self._settled(one):
                    self._say(notice)

    def _settled(self, one: Filled | Removed) -> Iterator[tuple[Notice, Booked | None]]:
        yield from self.desk.settle(one)

    def _note(self, printed: Printed) -> None:
        quote = self.quotes[printed.symbol]
        quote.take(printed)
        quote.synced = max(quote.synced, printed.ts)
        if printed.is_own:
            self.own_minutes.setdefault((printed.symbol, minute_of(printed.ts)), OwnMinute()).take(printed)
        self.recent.setdefault(printed.symbol, deque(maxlen=_TO_TRADES_KEPT)).append(printed)

    def _list(self, one: Interrupted) -> None:
        if not one.is_over:
            self.interruptions.append(
                Viewed(one.symbol, one.ts, None, one.is_static, one.is_upward, one.reference, one.trigger)
            )
            return
        for place in range(len(self.interruptions) - 1, -1, -1):
            known = self.interruptions[place]
            if known.symbol == one.symbol and known.ended is None:
                self.interruptions[place] = Viewed(
                    known.symbol, known.began, one.ts, known.is_static, known.is_upward, known.reference, known.trigger
                )
                return

    def _say(self, event: MarketEvent) -> None:
        for listener in self.listeners:
            listener(event)
