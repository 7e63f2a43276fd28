"""Get into positions: triggers, common gates, `confirm`, the pipeline, the reservation, the order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import msgspec
from msgspec import structs

from kats_core.engine import pipeline
from kats_core.engine.desk import OrderDesk, Touch
from kats_core.engine.facts import Facts
from kats_core.engine.groups import GroupKey, Groups, GroupsMemory
from kats_core.engine.pipeline import Context, LimitsReader
from kats_core.engine.portfolio import Key
from kats_core.engine.rejudging import Opinion, Rejudging
from kats_core.engine.state import SetupMemory, SetupState, State, StrategyInstance, SymbolDay
from kats_core.engine.view import BarView
from kats_core.engine.watch import holds, level_of, needs_minutes, resolve
from kats_core.market.exact import Ratio, floor_times, to_ratio
from kats_core.market.overlays import pulse_allows
from kats_core.market.status import is_tradable
from kats_core.market.vi import ViState
from kats_core.model import fact, ids, time
from kats_core.model.bar import Bar
from kats_core.model.codes import CoreCode
from kats_core.model.command import Fetch
from kats_core.model.event import Fetched
from kats_core.model.fact import Fact
from kats_core.model.kinds import (
    BarKind,
    Decision,
    FactSource,
    Grade,
    MarketPhase,
    OrderState,
    Overlay,
    Purpose,
    Regime,
    Side,
    TradingState,
)
from kats_core.model.labels import Code, CodeBook
from kats_core.model.record import SetupRecord, SetupStatus, SignalRecord, SignalStatus, VerdictRecord
from kats_core.model.setup import At, Below, OpeningRangeHigh, Rearm, Setup, Tick, Trigger
from kats_core.model.signal import ExitPlan, Never, NotYet, Signal
from kats_core.model.time import NEVER, Nanos
from kats_core.model.verdict import Proposal, Verdict
from kats_core.risk.exposure import Exposure, ExposureMeter
from kats_core.risk.limits import Limits
from kats_core.risk.per_share import risk_per_share
from kats_core.risk.reservation import Reservation
from kats_core.strategy.entry import price_entry

ASK_EVERY: Nanos = 10 * time.SECOND
"""`confirm` is asked at most this often while its trigger holds."""

MUTE_AFTER_REJECT: Nanos = 60 * time.SECOND
PENDING_LIFE: Nanos = 2 * time.SECOND
PARKED_AFTER = 3
"""A strategy that raised so often is not asked again in the run."""

# Members by names of their own: on Python 3.11 finding one in its class costs as much as a call.
_DAY, _MINUTE = BarKind.DAY, BarKind.MINUTE
_DEFER, _REJECT, _APPROVE = Decision.DEFER, Decision.REJECT, Decision.APPROVE
_ACTIVE, _ENTRY, _ONCE = TradingState.ACTIVE, Purpose.ENTRY, Rearm.ONCE
_ARMED, _FIRED, _UNFIRED = SetupStatus.ARMED, SetupStatus.FIRED, SetupStatus.UNFIRED
_PROPOSED, _ORDERED = SignalStatus.PROPOSED, SignalStatus.ORDERED
_END_OF_DAY_CHECK, _CLOSE_AUCTION = MarketPhase.EOD_CHECK, MarketPhase.CLOSE_AUCTION
_VI_AUCTION, _HALTED, _BUYABLE = ViState.VI_AUCTION, ViState.HALTED, (ViState.NORMAL, ViState.WARNING)
_PULSE = Overlay.PULSE

_STOP_TOO_WIDE = Ratio(10, 100)
_NEAR_LIMIT_UP = Ratio(1, 100)
_CODE_OF_VI: dict[object, CoreCode] = {
    ViState.VI_AUCTION: CoreCode.VI_AUCTION,
    ViState.COOLING: CoreCode.VI_COOLING,
    ViState.HALTED: CoreCode.HALTED,
}
_UNACKNOWLEDGED = frozenset({OrderState.CREATED, OrderState.SUBMITTING})
_BOOK_LIFE: Nanos = 5 * time.SECOND
_WIDEST = Fraction(3, 1_000)
_WIDEST_OF_SMALL = Fraction(5, 1_000)
_SMALL = frozenset({Grade.C, Grade.ETF})


class _Pending:
    """A proposal that waits for its inputs (PENDING_INPUT): no reservation, a short life."""

    __slots__ = ("deadline", "proposal", "setup")

    def __init__(self, proposal: Proposal, setup: SetupState, deadline: Nanos) -> None:
        self.proposal = proposal
        self.setup = setup
        self.deadline = deadline


class PendingMemory(msgspec.Struct, frozen=True):
    """A proposal that waits, as it is kept over a restart; `setup` counts the setups, then the adds."""

    request: int
    proposal: Proposal
    setup: int
    deadline: Nanos


class EntriesMemory(msgspec.Struct, frozen=True, kw_only=True):
    """How far the session's setups got, as it is kept over a restart."""

    setups: tuple[SetupMemory, ...]
    pending: tuple[PendingMemory, ...]
    next_request: int
    attempts: dict[str, int]
    sequences: tuple[tuple[Key, int], ...]
    groups: GroupsMemory


class Entries:
    """Every setup of the session, from armed to done."""

    def __init__(self, state: State, instances: dict[str, StrategyInstance], mark: Callable[[], None]) -> None:
        self._state = state
        self._instances = instances
        self._mark = mark
        self._setups: list[SetupState] = []
        self._timed: list[SetupState] = []
        self.groups = Groups(state.config.calendar)
        self._pending: dict[int, _Pending] = {}
        self._next_request = 1
        self._attempts: dict[str, int] = {}
        self._sequences: dict[Key, int] = {}
        self.may_add: Callable[[Key], CoreCode | None]
        self._meter = ExposureMeter()
        self._measured: tuple[int, Sequence[Reservation], Exposure] | None = None
        self.use_limits()
        self.desk: OrderDesk

    def use_limits(self) -> None:
        """Read the shared caps, and what the stages need, from the configuration that is in force."""
        self._limits = LimitsReader(self._state.config.limits)
        self._needs = tuple(sorted({need for stage in self._state.config.stages for need in stage.traits.needs}))

    @property
    def setups(self) -> list[SetupState]:
        """All setups of the session, in the order in which they were armed."""
        return self._setups

    @property
    def has_pending(self) -> bool:
        """Tell whether a proposal waits for an input."""
        return bool(self._pending)

    def begin_session(self) -> None:
        """Forget the last session's setups."""
        self._end_pending()
        self._setups, self._timed = [], []
        self._attempts.clear()
        self._sequences.clear()

    def arm(self, setups: tuple[Setup, ...]) -> None:
        """Take the session's setups.

        Raises:
            ValueError: a setup names an instance or a symbol that the session does not have.
        """
        state = self._state
        living = self.groups.standing(state.session, state.days, state.facts.dividend)
        ignored: dict[GroupKey, Setup] = {}
        for setup, code in (*((one, None) for one in living), *self.groups.beginning(setups)):
            instance = self._instances.get(setup.instance)
            day = self._state.days.get(setup.symbol)
            if instance is None or day is None:
                raise ValueError(f"setup of {setup.instance} in {setup.symbol}: not part of this run and session")
            if code is CoreCode.ALREADY_IN:
                ignored.setdefault((setup.instance, setup.symbol), setup)
                continue
            entry = SetupState(setup, instance, code=code, is_done=code is not None)
            day.setups.append(entry)
            self._setups.append(entry)
            if isinstance(setup.trigger, At):
                self._timed.append(entry)
            self._record_setup(entry, _ARMED)
        for key, setup in ignored.items():
            behind = 1 + max(one.slot for one in living if (one.instance, one.symbol) == key)
            self._state.record(_ignored_record(setup, behind))

    def dump(self, adds: Sequence[SetupState]) -> EntriesMemory:
        """Return the session's setups as they are kept; `adds` are those of pyramiding."""
        place = {id(entry): n for n, entry in enumerate([*self._setups, *adds])}
        return EntriesMemory(
            setups=tuple(entry.dump() for entry in self._setups),
            pending=tuple(
                PendingMemory(request, waiting.proposal, place[id(waiting.setup)], waiting.deadline)
                for request, waiting in self._pending.items()
            ),
            next_request=self._next_request,
            attempts=dict(self._attempts),
            sequences=tuple(self._sequences.items()),
            groups=self.groups.dump(),
        )

    def load(self, memory: EntriesMemory, adds: Sequence[SetupState], codes: CodeBook) -> None:
        """Take up the session's setups as they were kept.

        Raises:
            ValueError: a setup is of a strategy or a symbol that is not part of the run.
        """
        self._setups = [self.taken_up(kept, codes) for kept in memory.setups]
        for entry in self._setups:
            self._state.days[entry.setup.symbol].setups.append(entry)
            if isinstance(entry.setup.trigger, At):
                self._timed.append(entry)
        every = [*self._setups, *adds]
        self._pending = {p.request: _Pending(p.proposal, every[p.setup], p.deadline) for p in memory.pending}
        self._next_request = memory.next_request
        self.groups.load(memory.groups)
        self._attempts, self._sequences = dict(memory.attempts), dict(memory.sequences)

    def taken_up(self, kept: SetupMemory, codes: CodeBook) -> SetupState:
        """Return a setup as it was kept; raises ValueError as `load`."""
        setup = kept.setup
        instance = self._instances.get(setup.instance)
        if instance is None or setup.symbol not in self._state.days:
            raise ValueError(f"setup of {setup.instance} in {setup.symbol}: not part of this run and session")
        return SetupState.taken_up(kept, instance, codes)

    def triggers(self) -> dict[str, tuple[Trigger, ...]]:
        """Return the triggers that may still fire, by symbol."""
        found: dict[str, list[Trigger]] = {}
        for entry in self._setups:
            found.setdefault(entry.setup.symbol, []).append(entry.setup.trigger)
        return {symbol: tuple(triggers) for symbol, triggers in found.items()}

    def on_bar(self, day: SymbolDay, bar: Bar) -> None:
        """Ask for a signal wherever the bar fulfils a trigger; the bar of an auction only tells levels."""
        unmarked = {scan.instance for scan in day.scans if not scan.is_marked} if day.scans else ()
        is_daily = bar.kind is _DAY
        for entry in day.setups:
            trigger = entry.setup.trigger
            if entry.level is None:
                entry.level = self._resolve(trigger, day, bar)
            if bar.is_auction or entry.is_done or self._state.now < entry.quiet_until:
                continue
            if unmarked and entry.instance.name in unmarked:
                continue
            if is_daily and needs_minutes(trigger):
                entry.code, entry.is_done = CoreCode.NEEDS_MINUTE_BARS, True
                continue
            if holds(trigger, entry.level, bar, self._state.clock):
                self._try(entry, day, bar)

    def on_time(self) -> None:
        """Ask for a signal where a setup waits for this moment, whether or not its symbol trades now."""
        clock, now = self._state.clock, self._state.now
        for entry in self._timed:
            day, is_auction = self._state.days[entry.setup.symbol], self._state.phase is MarketPhase.CLOSE_AUCTION
            if day.bar is None or self._asks_at(entry) > now:
                continue
            # Whatever is told first of that instant: into the closing auction is sent only what it can take.
            if is_auction or self._moment(entry) < clock.close_auction:
                self._try(entry, day, day.bar)

    def at_close(self) -> None:
        """Let the close of each daily bar stand for the price at which a setup that waits for a moment buys."""
        for entry in self._timed:
            day = self._state.days[entry.setup.symbol]
            if day.bar is not None and day.bar.kind is _DAY and not entry.is_done:
                self._try(entry, day, day.bar)

    @property
    def moments(self) -> tuple[Nanos, ...]:
        """The moments of this session for which setups wait."""
        return tuple(sorted({self._moment(entry) for entry in self._timed}))

    def next_timer(self) -> Nanos | None:
        """Return from when on time alone may ask for a signal, None if no setup waits for it."""
        first = min(map(self._asks_at, self._timed), default=NEVER)
        return None if first == NEVER else first

    def due(self, now: Nanos) -> Iterator[str]:
        """Yield the symbols in which time alone asks for a signal now."""
        return (entry.setup.symbol for entry in self._timed if self._asks_at(entry) <= now)

    def _asks_at(self, entry: SetupState) -> Nanos:
        """Return from when on time alone asks for a signal of a setup that waits for a moment; on daily bars it does not."""
        bar = self._state.days[entry.setup.symbol].bar
        is_over = entry.is_done or (bar is not None and bar.kind is BarKind.DAY)
        return NEVER if is_over else max(self._moment(entry), entry.quiet_until)

    def _moment(self, entry: SetupState) -> Nanos:
        trigger = entry.setup.trigger
        return self._state.clock.at(trigger.clock) if isinstance(trigger, At) else NEVER

    def on_fetched(self, event: Fetched) -> None:
        """Start the pipeline of the proposal that waited for these inputs."""
        waiting = self._pending.pop(event.request, None)
        for one in event.facts:
            self._state.facts.put(self._usable(one))
        if waiting is None:
            return
        if self._state.now > waiting.deadline:
            self._refuse(waiting.proposal, waiting.setup, CoreCode.INPUT_TIMEOUT)
            return
        # While the proposal waited another one may have taken its place.
        taken = self._gate_of_slot(waiting.setup)
        if taken is not None:
            self._refuse(waiting.proposal, waiting.setup, taken)
            return
        self._judge(waiting.proposal, waiting.setup)

    def expire(self) -> None:
        """Reject the proposals whose inputs did not come in time; they are not muted."""
        for request, waiting in list(self._pending.items()):
            if self._state.now > waiting.deadline:
                del self._pending[request]
                self._refuse(waiting.proposal, waiting.setup, CoreCode.INPUT_TIMEOUT)

    def end_group(self, instance: str, symbol: str) -> None:
        """End the group whose stop was hit: its setups wait for nothing any more."""
        self.groups.stop((instance, symbol), self._state.session)
        for entry in self._setups:
            setup = entry.setup
            if setup.group is not None and (setup.instance, setup.symbol) == (instance, symbol):
                entry.code, entry.is_done = CoreCode.GRID_HALT, True

    def close_session(self) -> None:
        """Record what became of every setup and of every proposal that still waits."""
        self._end_pending()
        self.groups.close_session(
            lambda key: any((p.instance, p.symbol) == key for p in self._state.portfolio.positions.values())
        )
        for entry in self._setups:
            if not entry.has_fired and entry.code is None:
                entry.code = self._why_silent(entry)
            status = _FIRED if entry.has_fired else _UNFIRED
            self._record_setup(entry, status)

    def _end_pending(self) -> None:
        for waiting in self._pending.values():
            self._refuse(waiting.proposal, waiting.setup, CoreCode.INPUT_TIMEOUT)
        self._pending.clear()

    def _resolve(self, trigger: Trigger, day: SymbolDay, bar: Bar) -> int | None:
        level, range_high = level_of(trigger), None
        if isinstance(level, OpeningRangeHigh):
            over = self._state.clock.open + level.minutes * time.MINUTE
            if bar.end <= over:
                day.range_high[level.minutes] = bar.day_high
                return None
            range_high = day.range_high.get(level.minutes)
        return resolve(trigger, bar.day_open, range_high, day.ticks)

    def _try(self, entry: SetupState, day: SymbolDay, bar: Bar) -> None:
        code = self._gate(entry, day, bar)
        if code is not None:
            if code is not CoreCode.OUT_OF_WINDOW or entry.code is None:
                entry.code = code
            return
        trigger = entry.setup.trigger
        own = trigger.every_s * time.SECOND if isinstance(trigger, Tick) else 0
        entry.quiet_until = self._state.now + max(ASK_EVERY, own)
        entry.asked += 1
        view = self.view(day, entry.instance, entry)
        try:
            # A strategy is a guest: when it raises, or answers what it must not, there is no signal and the day goes on.
            answer: object = entry.instance.strategy.confirm(view, entry.setup)
        except Exception as error:  # noqa: BLE001
            self.strategy_fault(entry.instance, day.instrument.symbol, error)
            entry.code = CoreCode.STRATEGY_ERROR
            return
        match answer:
            case Signal():
                self._signal(entry, day, answer, view)
            case NotYet(reason) if isinstance(reason, Code):
                entry.code = reason
            case Never(reason) if isinstance(reason, Code):
                entry.code, entry.is_done = reason, True
            case _:
                nonsense = TypeError(f"confirm answered {answer!r}")
                self.strategy_fault(entry.instance, day.instrument.symbol, nonsense)
                entry.code = CoreCode.STRATEGY_ERROR

    def strategy_fault(self, instance: StrategyInstance, symbol: str, error: Exception) -> None:
        """Count a strategy's fault and park it when it has too many."""
        instance.faults += 1
        text = f"{type(error).__name__}: {error}"
        self._state.fault(instance.name, CoreCode.STRATEGY_ERROR, symbol, text)
        if instance.faults >= PARKED_AFTER and not instance.is_parked:
            instance.is_parked = True
            self._state.fault(instance.name, CoreCode.STRATEGY_PARKED, symbol, f"parked after {instance.faults} faults")

    def view(self, day: SymbolDay, instance: StrategyInstance, entry: SetupState | None = None) -> BarView:
        """Return what a strategy sees of a symbol now."""
        state, scanned = self._state, None
        if day.bar is None:
            raise RuntimeError(f"{day.instrument.symbol} has no bar to look at")
        if day.scans:
            scanned = next((scan.numbers for scan in day.scans if scan.instance == instance.name), None)
        return BarView(
            now=state.now,
            hours=state.clock,
            instance=instance.name,
            seen=day.bar,
            setup=entry.setup if entry is not None else None,
            level=entry.level if entry is not None else None,
            base_price=day.base,
            ticks=day.ticks,
            price_limits=day.limits,
            daily=day.tail,
            facts=state.facts,
            profile=instance.traits.profile,
            own=self,
            book=day.book if state.has_books else None,
            minutes=day.minutes if instance.reads_minutes else (),
            indices=state.indices,
            is_at_close=state.phase is _END_OF_DAY_CHECK,
            scanned=scanned,
        )

    def setups_of(self, instance: str) -> tuple[Setup, ...]:
        """Return an instance's setups in all symbols."""
        return tuple(s.setup for s in self._setups if s.instance.name == instance)

    def free_slots_of(self, instance: str, symbol: str) -> tuple[int, ...]:
        """Return an instance's slots in a symbol that hold nothing and have no live order."""
        here = {s.slot for s in self.setups_of(instance) if s.symbol == symbol}
        held = {p.slot for p in self._state.portfolio.held(symbol) if p.instance == instance}
        working = {o.slot for o in self.desk.live_in(symbol) if o.instance == instance}
        return tuple(sorted(here - held - working))

    def free_places(self) -> int:
        """Return how many more symbols may be held or ordered in the regime; none where it is not known."""
        regime = Regime.of(self._state.facts.get(fact.REGIME).value) or Regime.UNKNOWN
        limits = self._state.config.limits
        buys = (order.symbol for order in self.desk.live if order.side is Side.BUY)
        used = {*(symbol for _, symbol, _ in self._state.portfolio.positions), *buys}
        return max(0, min(limits.max_positions, limits.regime_positions[regime]) - len(used))

    def _gate(self, entry: SetupState, day: SymbolDay, bar: Bar) -> CoreCode | None:
        """Return the first common gate that fails (`spec/strategies.md` section 1.2)."""
        return (
            self._gate_of_operator(entry.setup)
            or self._gate_of_strategy(entry.instance, day, bar)
            or self._gate_of_symbol(entry)
            or self._gate_of_slot(entry)
            or self._gate_of_exchange(entry.setup.symbol)
            or self._gate_of_book(day)
        )

    def _gate_of_operator(self, setup: Setup) -> CoreCode | None:
        """Ask for no signal where a person has stopped buying; what a stage has stopped, its own verdict explains."""
        ordered = self._state.trading.ordered_for(setup.instance, setup.symbol)
        if ordered is _ACTIVE:
            return None
        return CoreCode.HALTED if ordered is TradingState.HALTED else CoreCode.REDUCING

    def _gate_of_strategy(self, instance: StrategyInstance, day: SymbolDay, bar: Bar) -> CoreCode | None:
        if instance.is_parked:
            return CoreCode.STRATEGY_PARKED
        if not instance.params.enabled:
            return CoreCode.STRATEGY_OFF
        if day.is_untradable:
            return CoreCode.CORPORATE_ACTION
        if self._state.facts.get(fact.REGIME).value not in instance.regimes:
            return CoreCode.REGIME_OFF
        if self._state.is_index_shocked and Overlay.INDEX_SHOCK in instance.traits.overlays:
            return CoreCode.INDEX_SHOCK
        if bar.kind is _MINUTE and not self._in_window(instance):
            return CoreCode.OUT_OF_WINDOW
        return None

    def _gate_of_symbol(self, entry: SetupState) -> CoreCode | None:
        facts, symbol, instance = self._state.facts, entry.setup.symbol, entry.instance
        if facts.get(fact.GRADE, symbol).value not in instance.grades:
            return CoreCode.GRADE
        stars = self._stars(instance, symbol).value
        if not isinstance(stars, (int, float)) or not stars >= instance.params.min_confidence:
            return CoreCode.CONFIDENCE_LOW
        if _PULSE in instance.traits.overlays:
            pulse = facts.get(fact.PULSE).value
            if not pulse_allows(pulse, stars, self._state.config.overlays):
                return CoreCode.PULSE
        return None

    def _stars(self, instance: StrategyInstance, symbol: str) -> Fact:
        fixed = instance.traits.fixed_stars
        if fixed is None:
            return self._state.facts.stars(symbol, instance.traits.profile)
        return Fact(fact.STARS, fixed, self._state.prepared_at, FactSource.DERIVED, symbol)

    def _gate_of_exchange(self, symbol: str) -> CoreCode | None:
        """Keep out of what the exchange restricts or has halted, and of markets that are halted as a whole (G10)."""
        facts = self._state.facts
        if not is_tradable(facts.get(fact.STATUS, symbol).value):
            return CoreCode.RESTRICTED
        until = facts.get(fact.NO_ENTRIES_UNTIL, symbol).value
        if isinstance(until, int) and self._state.now < until:
            return CoreCode.MARKET_HALT
        return CoreCode.HALTED if facts.get(fact.VI_STATE, symbol).value == _HALTED else None

    def _interruption(self, symbol: str) -> CoreCode | None:
        """Return what keeps entries out of a symbol now; without a feed nobody tells, and bars have no interruptions."""
        known = self._state.facts.get(fact.VI_STATE, symbol)
        is_told = self._state.has_books or not known.is_missing
        if is_told and known.value not in _BUYABLE:
            return _CODE_OF_VI.get(known.value, CoreCode.VI_UNKNOWN)
        return None

    def _gate_of_book(self, day: SymbolDay) -> CoreCode | None:
        """Ask for a fresh book with both sides and a narrow spread, where books are streamed (G5, G8).

        While a symbol is interrupted its book says nothing of a spread; what to do then is for the stages to say. Nor has
        the closing auction a spread: an order into it is held to the last price by the order gate.
        """
        if not self._state.has_books or self._state.phase is _CLOSE_AUCTION:
            return None
        symbol = day.instrument.symbol
        if self._state.facts.get(fact.VI_STATE, symbol).value == _VI_AUCTION:
            return None
        book = day.book
        if book is None or self._state.now - book.ts > _BOOK_LIFE:
            return CoreCode.STALE_DATA
        if book.ask is None or book.bid is None or book.is_crossed:
            return CoreCode.SPREAD
        is_small = self._state.facts.get(fact.GRADE, symbol).value in _SMALL
        widest = _WIDEST_OF_SMALL if is_small else _WIDEST
        # spread / mid <= widest, both sides times 2 x mid
        is_narrow = 2 * (book.ask - book.bid) <= widest * (book.ask + book.bid)
        return None if is_narrow else CoreCode.SPREAD

    def _gate_of_slot(self, entry: SetupState) -> CoreCode | None:
        key = entry.setup.key
        if entry.adds is not None:
            return self.may_add(key)
        live = self.desk.live_in(key[1])
        if key in self._state.portfolio.positions or (live and any(order.key == key for order in live)):
            return CoreCode.ALREADY_IN
        if entry.setup.rearm is _ONCE and entry.entries >= entry.instance.params.max_entries_per_symbol:
            return CoreCode.ENTRY_USED
        if entry.setup.symbol in self._state.stopped_symbols:
            return CoreCode.STOPPED_TODAY
        return None

    def _in_window(self, instance: StrategyInstance) -> bool:
        for start, end in instance.windows:
            window = self._state.clock.window(start, end)
            if window is not None and window[0] <= self._state.now < window[1]:
                return True
        return False

    def propose_add(self, entry: SetupState, day: SymbolDay, bar: Bar, cap: int, exits: ExitPlan) -> None:
        """Propose to add to a position at the ask, at most at `cap`, if the common gates allow it."""
        entry.code = self._gate_of_add(entry, day, bar)
        if entry.code is not None:
            return
        view = self.view(day, entry.instance, entry)
        slip_ticks = entry.instance.params.slip_ticks
        price = price_entry(view, cap, slip_ticks)
        if isinstance(price, NotYet):
            entry.code = CoreCode.CHASE
            return
        entry.quiet_until = self._state.now + ASK_EVERY
        signal = Signal(
            trigger_price=entry.level or price.reference,
            reference=price.reference,
            entry_limit=price.limit,
            chase_cap=cap,
            exits=exits,
            position_hint=entry.instance.params.position_hint,
            slip_ticks=slip_ticks,
        )
        self._signal(entry, day, signal, view)

    def _gate_of_add(self, entry: SetupState, day: SymbolDay, bar: Bar) -> CoreCode | None:
        """Return the first common gate that fails for an add; its window and its place are its own affair."""
        code = self._gate_of_strategy(entry.instance, day, bar)
        if code is not None and code is not CoreCode.OUT_OF_WINDOW:
            return code
        return self._gate_of_exchange(entry.setup.symbol) or self._gate_of_book(day)

    def _signal(self, entry: SetupState, day: SymbolDay, signal: Signal, view: BarView) -> None:
        """Propose a confirmed signal, or say which of the last gates it fails."""
        limit, stop = signal.entry_limit, signal.exits.stop
        if stop >= limit:
            entry.code = CoreCode.STOP_NOT_BELOW_ENTRY
            return
        if limit - stop > floor_times(limit, _STOP_TOO_WIDE):
            entry.code = CoreCode.STOP_TOO_WIDE
            return
        if limit > day.limits.upper - day.ticks.rdn(floor_times(day.base, _NEAR_LIMIT_UP)):
            entry.code = CoreCode.NEAR_LIMIT_UP
            return
        entry.code = None
        entry.has_fired = True
        entry.sequence = self._sequences[entry.setup.key] = self._sequences.get(entry.setup.key, 0) + 1
        signal_id = ids.signal_id(
            self._state.run,
            self._state.session,
            entry.instance.name,
            entry.setup.symbol,
            entry.setup.slot,
            entry.sequence,
        )
        proposal = self._proposal(entry.instance, day, signal, signal_id, entry.setup.slot, entry.sequence, entry)
        self._record_signal(proposal, _PROPOSED, None, tuple(view.read))
        needs = self.needs
        if not needs:
            self._judge(proposal, entry)
            return
        request = self._next_request
        self._next_request += 1
        self._pending[request] = _Pending(proposal, entry, self._state.now + PENDING_LIFE)
        entry.quiet_until = self._state.now + PENDING_LIFE
        self._state.emit(Fetch(self._state.now, request, needs, proposal.symbol, limit))

    def _proposal(
        self,
        instance: StrategyInstance,
        day: SymbolDay,
        signal: Signal,
        signal_id: str,
        slot: int,
        sequence: int,
        entry: SetupState | None = None,
    ) -> Proposal:
        return Proposal(
            signal_id=signal_id,
            session=self._state.session,
            ts=self._state.now,
            instance=instance.name,
            symbol=day.instrument.symbol,
            slot=slot,
            sequence=sequence,
            purpose=_ENTRY if entry is None else entry.purpose,
            quantity=None if entry is None else entry.adds,
            signal=signal,
            risk_per_share=self._risk_per_share(signal, day, self._state.config.limits),
            pyramids=instance.traits.pyramids,
            style=instance.traits.style,
            sits_out_events=instance.traits.is_halted_by_events,
            trades_gaps=instance.traits.trades_gaps,
        )

    def _risk_per_share(self, signal: Signal, day: SymbolDay, limits: Limits) -> Fraction:
        """Return what one share of the signal risks, costs included."""
        return risk_per_share(
            signal.entry_limit,
            signal.exits.stop,
            min_stop_frac=to_ratio(limits.min_stop_frac),
            commission=self._state.costs.commission_ratio,
            tax=day.tax_rate,
        )

    def _judge(self, proposal: Proposal, entry: SetupState) -> None:
        """Send a proposal through the stages, then reserve and order in the same step."""
        state = self._state
        self._mark()
        if state.config.rejudging is not None:
            state.config.rejudging.keep(self._opinion(state.config.rejudging, proposal, entry))
        context = self._context(proposal, state.facts)
        attempt = self._attempts[proposal.signal_id] = self._attempts.get(proposal.signal_id, 0) + 1
        outcome = pipeline.run(proposal, state.config.stages, context, attempt, is_recorded=state.config.is_recorded)
        state.record_all(outcome.records)
        for faulty in outcome.faults:
            state.fault(faulty.stage.name, faulty.code, proposal.symbol, faulty.text)
        verdict = outcome.verdict
        if verdict.decision is _DEFER:
            entry.quiet_until = verdict.until or state.now
            self._end(outcome.proposal, entry, SignalStatus.DEFERRED, verdict.code)
        elif verdict.decision is _REJECT:
            self._refuse(outcome.proposal, entry, verdict.code)
        else:
            self._order(outcome.proposal, entry, len(state.config.stages), attempt)

    def _opinion(self, rejudging: Rejudging, proposal: Proposal, entry: SetupState) -> Opinion:
        """Return what other stages and limits make of a proposal, on the account as it is; nothing is kept of it."""
        state, limits = self._state, rejudging.limits
        day = state.days[proposal.symbol]
        proposal = structs.replace(proposal, risk_per_share=self._risk_per_share(proposal.signal, day, limits))
        only = tuple(sorted(rejudging.needs.difference(self.needs)))
        facts = state.facts
        if only:
            asked = Fetch(state.now, 0, only, proposal.symbol, proposal.entry_limit)
            facts = facts.with_also(map(self._usable, rejudging.fetch(asked).facts))
        context = structs.replace(self._context(proposal, facts), limits=rejudging.reader)
        outcome = pipeline.run(proposal, rejudging.stages, context, 1)
        verdicts, code, judged = outcome.records, outcome.verdict.code, outcome.proposal
        if outcome.verdict.decision in (Decision.REJECT, Decision.DEFER):
            is_over = outcome.verdict.decision is Decision.REJECT
            status = SignalStatus.REJECTED if is_over else SignalStatus.DEFERRED
        else:
            code, last = self._last_check(judged, limits)
            verdicts.append(self._core_verdict(judged, last, len(rejudging.stages) + 1, 1, limits))
            if code is None:
                code = self.desk.refusal(judged, day, entry.instance.ttl_s, self._touch(entry, day, judged.signal))
            status = SignalStatus.ORDERED if code is None else SignalStatus.REJECTED
        return Opinion(entry.setup, proposal, verdicts, status, code, judged.quantity)

    def _context(self, proposal: Proposal, facts: Facts) -> Context:
        state = self._state
        return Context(
            now=state.now,
            hours=state.clock,
            symbol=proposal.symbol,
            positions=state.portfolio.all,
            open_orders=self.desk.live,
            reservations=state.reservations.all,
            prices=state.portfolio.last,
            facts=facts,
            limits=self._limits,
            profile=self._instances[proposal.instance].traits.profile,
            stars=self._capped_stars(proposal),
            measured=self._exposure(),
        )

    def _capped_stars(self, proposal: Proposal) -> Fact | None:
        """Return the signal's own confidence where it is less than its symbol's, or has nothing to do with it."""
        instance, most = self._instances[proposal.instance], proposal.signal.most_stars
        known = self._stars(instance, proposal.symbol)
        if isinstance(known.value, (int, float)) and known.value > most:
            return structs.replace(known, value=most, source=FactSource.DERIVED)
        return known if instance.traits.fixed_stars is not None else None

    def _exposure(self) -> Exposure:
        """Return what positions and reservations use; measured again only when one of them, or a price, has changed."""
        portfolio, reserved = self._state.portfolio, self._state.reservations.all
        known = self._measured
        if known is not None and known[0] == portfolio.changes and known[1] is reserved:
            return known[2]
        found = self._meter.measure(portfolio.touched, portfolio.held, portfolio.last.get, reserved)
        portfolio.touched.clear()
        self._measured = (portfolio.changes, reserved, found)
        return found

    @property
    def needs(self) -> tuple[str, ...]:
        """Inputs that must be asked for before the stages can judge."""
        return self._needs

    def trial(
        self, instance: str, symbol: str, signal: Signal, quantity: int | None, fetched: Iterable[Fact]
    ) -> list[VerdictRecord]:
        """Return the verdicts that a signal would get now, the core's own last; nothing is sent, kept or counted.

        A `quantity` that is asked for makes it an order by hand; without one the sizing stage decides.
        """
        state = self._state
        proposal = self._proposal(self._instances[instance], state.days[symbol], signal, "", 0, 0)
        if quantity is not None:
            proposal = structs.replace(proposal, purpose=Purpose.MANUAL, quantity=quantity)
        facts = state.facts.with_also(map(self._usable, fetched))
        # Copies: a stage that fails on a trial has not failed in trading.
        stages = [replace(stage) for stage in state.config.stages]
        outcome = pipeline.run(proposal, stages, self._context(proposal, facts), 1)
        if outcome.verdict.decision in (Decision.REJECT, Decision.DEFER):
            return outcome.records
        limits = state.config.limits
        _, verdict = self._last_check(outcome.proposal, limits)
        return [*outcome.records, self._core_verdict(outcome.proposal, verdict, len(stages) + 1, 1, limits)]

    def _order(self, proposal: Proposal, entry: SetupState, judged: int, attempt: int) -> None:
        state = self._state
        limits = state.config.limits
        code, verdict = self._last_check(proposal, limits)
        if state.config.is_recorded:
            state.record(self._core_verdict(proposal, verdict, judged + 1, attempt, limits))
        if code is None:
            day = state.days[proposal.symbol]
            touch = self._touch(entry, day, proposal.signal)
            code = self.desk.buy(proposal, day, entry.instance.ttl_s, touch, _whole_plan(entry, proposal.signal.exits))
        if code is not None:
            self._refuse(proposal, entry, code)
            return
        entry.entries += 1
        if entry.setup.rearm is _ONCE and entry.entries >= entry.instance.params.max_entries_per_symbol:
            entry.is_done = True
        self._end(proposal, entry, _ORDERED, None)

    def _touch(self, entry: SetupState, day: SymbolDay, signal: Signal) -> Touch | None:
        """Return where a daily bar met the setup's level; None on minute bars, which fill in the next one."""
        bar, level = day.bar, entry.level
        if bar is None or bar.kind is _MINUTE:
            return None
        if isinstance(entry.setup.trigger, At):
            return Touch(min(bar.close, signal.entry_limit), 0)
        if isinstance(entry.setup.trigger, Tick):
            return Touch(min(bar.open, signal.chase_cap), signal.slip_ticks)
        if level is None:
            return None
        if isinstance(entry.setup.trigger, Below):
            return Touch(min(bar.open, level), 0)
        met = max(bar.open, level)
        return Touch(min(met, signal.chase_cap), signal.slip_ticks)

    def _last_check(self, proposal: Proposal, limits: Limits) -> tuple[CoreCode | None, Verdict]:
        """Check halts, cash and exposure again, whatever the stages said.

        One won is kept for the rounding of commissions.
        """
        state, quantity = self._state, proposal.quantity or 0
        need = state.reservations.need(quantity, proposal.entry_limit)
        free = state.portfolio.cash - state.reservations.cash - len(state.reservations.all)
        invested = state.portfolio.market_value + state.reservations.notional + quantity * proposal.entry_limit
        ceiling = floor_times(state.portfolio.equity, to_ratio(limits.max_exposure))
        detail: dict[str, int | float | str] = {"reserved": need, "free_cash": free, "invested": invested}
        interrupted = self._interruption(proposal.symbol)
        if interrupted is not None:
            return interrupted, Verdict(Decision.REJECT, 0, interrupted, detail)
        held = state.portfolio.positions.get((proposal.instance, proposal.symbol, proposal.slot))
        if held is not None and not proposal.entry_limit > held.average:
            code = CoreCode.AVERAGE_DOWN_FORBIDDEN
            detail["average"] = f"{float(held.average):.4f}"
            return code, Verdict(Decision.REJECT, 0, code, detail)
        if not need + 1 <= free:
            return CoreCode.CASH_SHORT, Verdict(Decision.REJECT, 0, CoreCode.CASH_SHORT, detail)
        if not invested <= ceiling:
            return CoreCode.EXPOSURE, Verdict(Decision.REJECT, 0, CoreCode.EXPOSURE, detail)
        return None, Verdict(_APPROVE, quantity, None, detail)

    def _core_verdict(
        self, proposal: Proposal, verdict: Verdict, position: int, attempt: int, limits: Limits
    ) -> VerdictRecord:
        return VerdictRecord(
            signal_id=proposal.signal_id,
            attempt=attempt,
            position=position,
            stage="core",
            plugin="core",
            decision=verdict.decision,
            quantity_before=proposal.quantity,
            quantity_after=verdict.quantity if verdict.decision is _APPROVE else None,
            code=None if verdict.code is None else str(verdict.code),
            detail=verdict.detail,
            until=None,
            facts=(),
            limits={"max_exposure": limits.max_exposure},
        )

    def _refuse(self, proposal: Proposal, entry: SetupState, code: Code | None) -> None:
        if code is not CoreCode.INPUT_TIMEOUT:
            # Signal and verdict are one decision: from its second on, or who waits for answers would miss the next bar.
            entry.quiet_until = proposal.ts - proposal.ts % time.SECOND + MUTE_AFTER_REJECT
        self._end(proposal, entry, SignalStatus.REJECTED, code)

    def _end(self, proposal: Proposal, entry: SetupState, status: SignalStatus, code: Code | None) -> None:
        entry.code = code
        self._record_signal(proposal, status, code, ())

    def _record_signal(
        self, proposal: Proposal, status: SignalStatus, code: Code | None, facts: tuple[Fact, ...]
    ) -> None:
        if not self._state.config.is_recorded:
            return
        signal = proposal.signal
        self._state.record(
            SignalRecord(
                signal_id=proposal.signal_id,
                session=proposal.session,
                ts=proposal.ts,
                instance=proposal.instance,
                symbol=proposal.symbol,
                slot=proposal.slot,
                sequence=proposal.sequence,
                purpose=proposal.purpose,
                trigger_price=signal.trigger_price,
                reference=signal.reference,
                entry_limit=signal.entry_limit,
                chase_cap=signal.chase_cap,
                stop=signal.exits.stop,
                position_hint=signal.position_hint,
                risk_per_share=str(proposal.risk_per_share),
                numbers=signal.numbers,
                facts=facts,
                status=status,
                code=None if code is None else str(code),
                quantity=proposal.quantity,
            )
        )

    def _usable(self, told: Fact) -> Fact:
        """Return what a broker told; orderable cash without what is reserved for orders that it does not know yet."""
        if told.name != fact.ORDERABLE_CASH or not isinstance(told.value, int) or told.source is FactSource.MISSING:
            return told
        if not self._state.reservations.all:
            return told
        unknown = {o.order_id for o in self.desk.live if o.state in _UNACKNOWLEDGED}
        if not unknown:
            return told
        return structs.replace(told, value=told.value - self._state.reservations.cash_where(unknown.__contains__))

    def _why_silent(self, entry: SetupState) -> CoreCode:
        """Return why a setup was never asked: its level was not reached, or nothing traded."""
        day = self._state.days[entry.setup.symbol]
        if day.bar is None:
            return CoreCode.STALE_DATA
        if day.is_untradable:
            return CoreCode.CORPORATE_ACTION
        return CoreCode.NO_TOUCH if isinstance(entry.setup.trigger, Below) else CoreCode.NO_BREAKOUT

    def _record_setup(self, entry: SetupState, status: SetupStatus) -> None:
        if self._state.config.is_recorded:
            self._state.record(self._setup_record(entry, status))

    def _setup_record(self, entry: SetupState, status: SetupStatus) -> SetupRecord:
        setup, day = entry.setup, self._state.days[entry.setup.symbol]
        numbers, bar = setup.numbers, day.bar
        if setup.dividends:
            numbers = {**numbers, "dividends": setup.dividends}
        if status is not _ARMED and bar is not None:
            numbers = {**numbers, "day_open": bar.day_open, "day_high": bar.day_high, "day_low": bar.day_low}
        return SetupRecord(
            session=setup.session,
            instance=setup.instance,
            symbol=setup.symbol,
            slot=setup.slot,
            status=status,
            code=None if entry.code is None else str(entry.code),
            rank=setup.rank,
            trigger=setup.trigger,
            level=entry.level,
            asked=entry.asked,
            numbers=numbers,
        )


def _whole_plan(entry: SetupState, exits: ExitPlan) -> ExitPlan:
    """Return how a position is left: by its strategy's plan, with what its traits and its group add."""
    flags, ends_group = exits.exit_flags, exits.ends_group or entry.setup.group is not None
    if flags is not None and ends_group == exits.ends_group:
        return exits
    flags = entry.instance.traits.sell_signals if flags is None else flags
    return structs.replace(exits, exit_flags=flags, ends_group=ends_group)


def _ignored_record(setup: Setup, slot: int) -> SetupRecord:
    """Return the record of a group that does not begin because one lives; it is one candidate, in the slot behind that one's."""
    return SetupRecord(
        session=setup.session,
        instance=setup.instance,
        symbol=setup.symbol,
        slot=slot,
        status=SetupStatus.NOT_ARMED,
        code=str(CoreCode.ALREADY_IN),
        rank=setup.rank,
        numbers=setup.numbers,
    )
