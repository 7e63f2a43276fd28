"""Play recorded or generated sessions through an engine: what `kats run --data` and `kats backtest` have in common.

The driver turns the clock and feeds; the engine decides. Feeding is sparse by default: only bars that can matter become
events. `dense=True` feeds every bar, which must not change a single decision.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from kats_core.engine.engine import Engine
from kats_core.engine.state import StrategyInstance
from kats_core.engine.watch import needs_range, resolve
from kats_core.exits.history import bars_needed
from kats_core.market.arrays import BoolArray
from kats_core.market.calendar import Calendar
from kats_core.market.conditions import MARKET_INDEX
from kats_core.market.minutes import MinuteBars
from kats_core.market.overlays import OverlayParams
from kats_core.market.panel import Panel
from kats_core.market.rules import symbol_rules
from kats_core.market.sessions import SessionHours
from kats_core.market.source import IndexMinutesSource, Tape
from kats_core.market.vi import ViTerms
from kats_core.model import fact, time
from kats_core.model.bar import Bar
from kats_core.model.codes import CoreCode
from kats_core.model.event import (
    BarClosed,
    DailyTail,
    FactsChanged,
    IndexTail,
    PhaseReached,
    SessionPrepared,
    SetupsArmed,
    TimePassed,
)
from kats_core.model.fact import Fact
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import BarKind, FactSource, MarketPhase, Scope
from kats_core.model.labels import Code
from kats_core.model.record import FaultRecord, SetupRecord
from kats_core.model.setup import Above, At, Below, Setup
from kats_core.model.time import NEVER, Nanos
from kats_core.runtime.arming import SIDE_LIMIT, ArmingDesk
from kats_core.runtime.index_feed import IndexFeed
from kats_core.runtime.inputs import PREPARED, Inputs, SessionInputs
from kats_core.runtime.live_day import LatestBooks, LiveDay
from kats_core.runtime.pump import Keep, Look, Pump
from kats_core.runtime.scanning import Scans
from kats_core.runtime.screening import Screening
from kats_core.runtime.session_bars import DAILY_ONLY, SessionBars
from kats_core.runtime.session_feed import SessionFeed
from kats_core.runtime.streaming import StreamedDay

Follow: TypeAlias = Callable[[Sequence[Instrument], Mapping[str, int], Nanos], Iterable[Fact]]
"""Begins to follow the symbols of a session, given their base prices, and returns what is known of how they trade."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What the days are played from: daily history to arm from, and who can be traded.

    `first` is the first session to be played, where that is known: nothing is armed for those before it. `live` knows the
    index within a session, where somebody does.
    """

    panel: Panel
    instruments: dict[str, Instrument]
    calendar: Calendar
    scope: Scope
    inputs: Inputs
    overlays: OverlayParams = field(default_factory=OverlayParams)
    screening: Screening | None = None
    side_limit: int = SIDE_LIMIT
    first: dt.date | None = None
    live: IndexMinutesSource | None = None


class Arming(Protocol):
    """Says what is armed for a session, and why the rest is not (`ArmingDesk`)."""

    def for_session(
        self,
        session: dt.date,
        inputs: SessionInputs,
        streamed: SessionBars | None = None,
        held: frozenset[str] = frozenset(),
    ) -> tuple[Setup, ...]:
        """Return the setups of a session, best first."""

    def refused(
        self,
        session: dt.date,
        inputs: SessionInputs,
        setups: Sequence[Setup],
        symbols: Sequence[str],
        streamed: SessionBars | None = None,
    ) -> Sequence[SetupRecord]:
        """Return a record of each symbol that is not armed."""

    def not_armed(self, sessions: Sequence[dt.date]) -> Iterator[tuple[str, npt.NDArray[np.uint8], tuple[Code, ...]]]:
        """Yield, by instance, why each cell of the panel was not armed."""


class _Attention(NamedTuple):
    """What an engine waits for, once it has handled so many events: a time, and each bar of what is held or on order.

    Before `quiet_until` nothing but a bar that it watches for can matter to it.
    """

    handled: int
    timer: Nanos | None
    busy: frozenset[str]
    quiet_until: Nanos


@dataclass(slots=True)
class DayPlayer:
    """Plays sessions one after the other on one engine and account.

    `on_clock` is called after each instant that was played (for pacing and for the screen); `keep` takes the records of
    setups that were not armed. `given` arms in the place of the strategies, or brings their judgement from an earlier play.
    """

    engine: Engine
    pump: Pump
    market: Market
    strategies: Sequence[StrategyInstance]
    keep: Keep
    on_clock: Callable[[Nanos], None] = lambda _: None
    dense: bool = False
    explain_all: bool = True
    vi_terms: ViTerms = field(default_factory=ViTerms)
    given: Arming | None = None
    _arming: Arming = field(init=False)
    _faults: list[tuple[StrategyInstance, Exception]] = field(init=False, default_factory=list)
    _is_index_told: bool = field(init=False, default=True)
    _index: IndexFeed = field(init=False)
    _index_open: dict[dt.date, float] = field(init=False, default_factory=dict)
    _index_change: dict[dt.date, float] = field(init=False, default_factory=dict)
    _attention: _Attention = field(init=False, default_factory=lambda: _Attention(-1, None, frozenset(), 0))

    def __post_init__(self) -> None:
        market = self.market
        if self.given is not None:
            self._arming = self.given
        else:
            self._arming = ArmingDesk(
                market.panel,
                self.strategies,
                lambda s, e: self._faults.append((s, e)),
                market.overlays,
                market.screening,
                market.side_limit,
                market.first,
            )

        index = self.market.panel.indices.get(MARKET_INDEX)
        if index is not None:
            self._index_open = _changes(index.sessions, index.open, index.close)
            self._index_change = _changes(index.sessions, index.close, index.close)
        self._index = IndexFeed(market.live, index, self.pump.feed)

    @property
    def arming(self) -> Arming:
        """The strategies' judgement of the whole history."""
        return self._arming

    def play_minutes(self, bars: MinuteBars) -> None:
        """Play one session of minute bars."""
        self._play(bars, SessionBars(minute=frozenset(bars.symbols)))

    def play_mixed(self, bars: MinuteBars, of: SessionBars) -> None:
        """Play one session of minute bars, with daily bars for the symbols of which there are none.

        A daily bar comes at the open as in a session of daily bars: its entries have the first claim on cash.
        """
        self._play(bars, of)

    def _play(self, bars: MinuteBars, of: SessionBars) -> None:
        hours = self.market.calendar.hours(bars.session)
        setups = self._begin(hours, of)
        self._phase(MarketPhase.OPEN, hours.open)
        self._feed_day_bars(hours, setups, of.daily)
        closed = max([hours.close, *(bars.start[-1:] + time.MINUTE).tolist()])
        phases = [
            (MarketPhase.EOD_CHECK, hours.eod_check),
            (MarketPhase.CLOSE_AUCTION, hours.close_auction),
            (MarketPhase.CLOSED, closed),
        ]
        moments = list(self.engine.watch().moments)
        scans = self._scan(bars, setups, hours.open)
        wanted = np.ones(len(bars), dtype=np.bool_) if self.dense else self._wanted(bars, setups, scans)
        now = hours.open
        for start, rows, chosen in _minutes(bars, wanted):
            if not chosen and self._is_quiet(start + time.MINUTE, phases, moments):
                now = start + time.MINUTE
                self.on_clock(now)
                continue
            now = self._run_clock(now, start, phases, moments)
            if start > now and self._is_due(start):
                self.pump.feed(TimePassed(start))
            now = start + time.MINUTE
            self._index.until(now)
            busy = self._look().busy
            for row in _and_of(busy, bars, rows, chosen) if busy else chosen:
                self.pump.feed(BarClosed(now, bars.bar(row), scans.of(row)))
            now = self._run_clock(now, now, phases, moments)
            if phases and (self.dense or self._is_due(now)):
                self.pump.feed(TimePassed(now))
            self.on_clock(now)
        self._run_clock(now, closed, phases, moments)

    def _run_clock(
        self, now: Nanos, until: Nanos, phases: list[tuple[MarketPhase, Nanos]], moments: list[Nanos]
    ) -> Nanos:
        """Let the phases and the moments that setups wait for come up to an instant, and return the last of them."""
        while True:
            at_phase, at_moment = phases[0][1] if phases else NEVER, moments[0] if moments else NEVER
            if min(at_phase, at_moment) > until:
                return now
            now = max(now, min(at_phase, at_moment))
            if at_phase <= at_moment:
                self._phase(phases.pop(0)[0], now)
            else:
                moments.pop(0)
                self.pump.feed(TimePassed(now))

    def _is_quiet(self, end: Nanos, phases: list[tuple[MarketPhase, Nanos]], moments: list[Nanos]) -> bool:
        """Tell whether a minute of which no bar is wanted changes nothing: nobody waits for it or for its end."""
        is_told = self.dense or self._index.is_live
        is_awaited = (phases and phases[0][1] <= end) or (moments and moments[0] <= end)
        return not is_told and not is_awaited and end < self._look().quiet_until

    def _is_due(self, now: Nanos) -> bool:
        """Tell whether something waits for time alone that may have come."""
        timer = self._look().timer
        return timer is not None and timer <= now

    def _look(self) -> _Attention:
        """Return what the engine waits for, asked again only when it has handled something."""
        if self._attention.handled != self.pump.handled:
            timer, busy = self.engine.next_timer(), self.engine.busy_symbols
            quiet_until = 0 if busy else NEVER if timer is None else timer
            self._attention = _Attention(self.pump.handled, timer, busy, quiet_until)
        return self._attention

    def play_tape(self, bars: MinuteBars, tape: Tape) -> None:
        """Play one session of which trades and order books are known."""
        hours = self.market.calendar.hours(bars.session)
        day = StreamedDay(feed=self._feed(hours, tape.book), bars=bars, tape=tape, index=self._index)
        setups = self._begin(hours, SessionBars(minute=frozenset(bars.symbols)), day.follow)
        scans = self._scan(bars, setups, hours.open)
        day.play(np.ones(len(bars), dtype=np.bool_) if self.dense else self._wanted(bars, setups, scans), scans)

    def live(self, session: dt.date, symbols: Iterable[str], *, is_told: bool = False) -> LiveDay:
        """Prepare and arm a session that comes as it happens; trades come of each of `symbols` that is watched.

        `is_told`: every interruption is told unasked (`SessionFeed`).
        """
        hours = self.market.calendar.hours(session)
        latest = LatestBooks()
        feed = self._feed(hours, latest.book, is_told=is_told)
        setups = self._begin(hours, SessionBars(minute=frozenset(symbols)), feed.follow)
        return LiveDay(feed=feed, latest=latest, scan=lambda bars, at: self._scan(bars, setups, at))

    def _feed(self, hours: SessionHours, books: Look, *, is_told: bool = True) -> SessionFeed:
        return SessionFeed(
            engine=self.engine,
            pump=self.pump,
            hours=hours,
            books=books,
            scope=self.market.scope,
            terms=self.vi_terms,
            on_clock=self.on_clock,
            dense=self.dense,
            is_told=is_told,
        )

    def play_day_bars(self, session: dt.date) -> None:
        """Play one session of which only the daily bars are known.

        A daily bar stands for its whole session and is fed at the open; setups come in the order of their rank, so that
        the best has the first claim on cash.
        """
        hours = self.market.calendar.hours(session)
        setups = self._begin(hours, DAILY_ONLY)
        self._phase(MarketPhase.OPEN, hours.open)
        self._feed_day_bars(hours, setups, None)
        self._phase(MarketPhase.EOD_CHECK, hours.eod_check)
        self._phase(MarketPhase.CLOSED, hours.close)
        self.on_clock(hours.close)

    def _feed_day_bars(self, hours: SessionHours, setups: Sequence[Setup], among: frozenset[str] | None) -> None:
        """Feed the daily bars of what is held and of what is armed, or all where feeding is dense; `among` None: of all."""
        panel = self.market.panel
        row = panel.row.get(hours.session)
        if row is None or (among is not None and not among):
            return
        held = sorted(position.symbol for position in self.engine.positions)
        symbols = dict.fromkeys([*held, *(s.symbol for s in sorted(setups, key=lambda s: (s.rank, s.symbol)))])
        if self.dense:
            symbols |= dict.fromkeys(panel.symbols)
        columns = [panel.column[symbol] for symbol in symbols if among is None or symbol in among]
        for bar in () if not columns else _day_bars(panel, row, columns, hours):
            self.pump.feed(BarClosed(hours.open, bar))

    def _begin(self, hours: SessionHours, streamed: SessionBars, follow: Follow | None = None) -> tuple[Setup, ...]:
        """Prepare the session and arm it; return the setups, those that live on from earlier sessions too."""
        session, market = hours.session, self.market
        prepared_at = hours.at(PREPARED)
        inputs = market.inputs.of_session(session, prepared_at)
        held = frozenset(position.symbol for position in self.engine.positions)
        setups = self._arming.for_session(session, inputs, streamed, held)
        symbols = sorted({s.symbol for s in setups} | held | self.engine.standing_symbols)
        instruments = tuple(market.instruments[symbol] for symbol in symbols)
        bases = self._bases(symbols, session)
        followed = () if follow is None else follow(instruments, bases, prepared_at)
        self.pump.feed(
            SessionPrepared(
                ts=prepared_at,
                session=session,
                instruments=instruments,
                base_prices=bases,
                facts=(*inputs.facts(symbols), *followed),
                tails=tuple(self._tails(setups, session)),
                indices=tuple(self._index_tails(session)),
                has_books=follow is not None,
            )
        )
        self._tell_faults("arm", prepared_at)
        if self.explain_all:
            known = sorted(streamed.minute.union(market.panel.symbols))
            self.keep(self._arming.refused(session, inputs, setups, known, streamed))
        self.pump.feed(SetupsArmed(prepared_at, setups))
        # Where every symbol has minutes, nothing has to stand for what the index did in between.
        by_day = streamed.daily
        is_live = by_day is not None and self._index.begin(session)
        self._is_index_told = not is_live and (by_day is None or not by_day.isdisjoint(symbols))
        return tuple(entry.setup for entry in self.engine.setups)

    def _scan(self, bars: MinuteBars, setups: Sequence[Setup], at: Nanos) -> Scans:
        """Let the strategies scan that wait for something or hold something."""
        active = {s.instance for s in setups} | {position.instance for position in self.engine.positions}
        several = [instance for instance in self.strategies if instance.name in active]
        scans = Scans(bars, several, lambda s, e: self._faults.append((s, e)))
        self._tell_faults("scan", at)
        return scans

    def _tell_faults(self, call: str, at: Nanos) -> None:
        for instance, error in self._faults:
            text = f"{call}: {type(error).__name__}: {error}"
            self.keep([FaultRecord(ts=at, owner=instance.name, code=str(CoreCode.STRATEGY_ERROR), text=text)])
        self._faults.clear()

    def _tell_index(self, at: Nanos, changes: Mapping[dt.date, float]) -> None:
        """Let the index's open and close stand for its value at the open and at the end-of-day check, as those of a bar do."""
        session = self.engine.session
        change = changes.get(session) if session is not None and self._is_index_told else None
        if change is not None:
            known = Fact(fact.INDEX_CHANGE, change, at, FactSource.APPROXIMATED)
            self.pump.feed(FactsChanged(at, (known,)))

    def _phase(self, phase: MarketPhase, at: Nanos) -> None:
        if phase is MarketPhase.EOD_CHECK:
            self._tell_index(at, self._index_change)
        self.pump.feed(PhaseReached(at, phase))
        if phase is MarketPhase.OPEN:
            self._tell_index(at, self._index_open)
            self._index.until(at)
        self.on_clock(at)

    def _bases(self, symbols: Sequence[str], session: dt.date) -> dict[str, int]:
        """Return the close of each symbol's own last bar before the session."""
        panel = self.market.panel
        before = panel.row.get(session, len(panel.sessions))
        columns = [panel.column[symbol] for symbol in symbols]
        closes = panel.close[before - 1, columns].tolist()
        bases = dict(zip(symbols, closes, strict=True))
        for n in np.flatnonzero(~panel.present[before - 1, columns]).tolist():
            rows = np.flatnonzero(panel.present[:before, columns[n]])
            bases[symbols[n]] = int(panel.close[rows[-1], columns[n]])
        return bases

    def _tails(self, setups: Sequence[Setup], session: dt.date) -> Iterator[DailyTail]:
        """Yield the daily bars that the traits of who is armed or lives on and the exits of what may be held ask for."""
        depth = {
            s.name: max(s.traits.daily_tail, bars_needed(s.params.trail, s.traits.sell_signals))
            for s in self.strategies
        }
        wanted: dict[str, int] = {}
        for name, symbol in (*((s.instance, s.symbol) for s in setups), *self.engine.standing_groups):
            wanted[symbol] = max(wanted.get(symbol, 0), depth[name])
        for position in self.engine.positions:
            own = bars_needed(position.exits.trail, position.exits.exit_flags or frozenset())
            wanted[position.symbol] = max(wanted.get(position.symbol, 0), depth[position.instance], own)
        for symbol, bars in wanted.items():
            if bars:
                yield _tail(self.market.panel, symbol, session, bars)

    def _index_tails(self, session: dt.date) -> Iterator[IndexTail]:
        """Yield the last closes of the indices that the strategies' traits ask for."""
        depth: dict[str, int] = {}
        for instance in self.strategies:
            for name in instance.traits.indices:
                depth[name] = max(depth.get(name, 0), instance.traits.daily_tail)
        for name, bars in depth.items():
            index = self.market.panel.indices.get(name)
            if index is not None and bars:
                yield index.tail(session, bars)

    def _wanted(self, bars: MinuteBars, setups: Sequence[Setup], scans: Scans) -> BoolArray:
        """Mark the rows that can matter: first and last of each armed symbol, and those that fulfil a trigger.

        Where the strategy scans, the trigger counts only in the rows that it marks.
        """
        wanted = np.zeros(len(bars), dtype=np.bool_)
        watch = self.engine.watch()
        bases = self._bases([setup.symbol for setup in setups], bars.session)
        for setup in setups:
            own = bars.column.get(setup.symbol)
            if own is None or bars.rows_of[own].size == 0:
                continue
            rows = bars.rows_of[own]
            wanted[[rows[0], rows[-1]]] = True
            marked = scans.rows(setup.instance)
            if marked is not None and not (isinstance(setup.trigger, At) or needs_range(setup.trigger)):
                wanted[rows] |= marked[rows]
                continue
            instrument = self.market.instruments[setup.symbol]
            rules = symbol_rules(instrument, bases[setup.symbol], bars.session, self.market.scope)
            match setup.trigger:
                case Above() as trigger if setup.symbol not in watch.every_bar:
                    price = resolve(trigger, int(bars.open[rows[0]]), None, rules.ticks)
                    wanted[rows] |= bars.high[rows] >= (price or 0)
                case Below() as trigger if setup.symbol not in watch.every_bar:
                    price = resolve(trigger, int(bars.open[rows[0]]), None, rules.ticks)
                    wanted[rows] |= bars.low[rows] <= (price or 0)
                case _:
                    wanted[rows] = True
        return wanted


def _changes(
    sessions: Sequence[dt.date], values: npt.NDArray[np.float64], closes: npt.NDArray[np.float64]
) -> dict[dt.date, float]:
    """Return by what fraction each session's value lies above the close before, where both are known."""
    change = values[1:] / closes[:-1] - 1
    return {day: one for day, one in zip(sessions[1:], change.tolist(), strict=True) if one == one}


def _minutes(bars: MinuteBars, wanted: BoolArray) -> Iterator[tuple[Nanos, range, list[int]]]:
    """Yield each minute's start, its rows, and which of them are wanted."""
    starts, first = np.unique(bars.start, return_index=True)
    borders = [*first.tolist(), len(bars)]
    rows = np.flatnonzero(wanted)
    cuts, several = np.searchsorted(rows, borders).tolist(), rows.tolist()
    for n, start in enumerate(starts.tolist()):
        yield start, range(borders[n], borders[n + 1]), several[cuts[n] : cuts[n + 1]]


def _and_of(symbols: frozenset[str], bars: MinuteBars, rows: range, chosen: list[int]) -> list[int]:
    """Return the chosen rows of a minute and those of some symbols, in their order."""
    of_minute = bars.symbol[rows.start : rows.stop]
    found = set(chosen)
    for symbol in symbols:
        j = bars.column.get(symbol, -1)
        place = int(np.searchsorted(of_minute, j))
        if place < len(of_minute) and of_minute[place] == j:
            found.add(rows.start + place)
    return sorted(found)


def _day_bars(panel: Panel, row: int, columns: list[int], hours: SessionHours) -> Iterator[Bar]:
    """Yield cells of the panel as bars that are their own day, where there are any."""
    several = (panel.open, panel.high, panel.low, panel.close, panel.volume, panel.value)
    cells = zip(
        columns, panel.present[row, columns].tolist(), *(c[row, columns].tolist() for c in several), strict=True
    )
    start, end, kind, symbols = hours.open, hours.close, BarKind.DAY, panel.symbols
    for j, is_present, o, h, low, c, volume, value in cells:
        if is_present:
            yield Bar(symbols[j], kind, start, end, o, h, low, c, volume, value, o, h, low, volume, value)


def _tail(panel: Panel, symbol: str, session: dt.date, bars: int) -> DailyTail:
    """Return a symbol's own last bars before the session."""
    j = panel.column[symbol]
    before = panel.row.get(session, len(panel.sessions))
    rows = np.flatnonzero(panel.present[:before, j])[-bars:]
    return DailyTail(
        symbol,
        tuple(panel.sessions[t] for t in rows),
        *(tuple(column[rows, j].tolist()) for column in (panel.open, panel.high, panel.low, panel.close, panel.volume)),
    )
