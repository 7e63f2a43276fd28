"""Hold what the parts of the engine share: configuration, the account, the session, and the commands of this step."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Self

import msgspec

from kats_core.engine.baselines import Baselines
from kats_core.engine.facts import Facts
from kats_core.engine.pipeline import StageInstance
from kats_core.engine.portfolio import Key, Portfolio
from kats_core.engine.rejudging import Rejudging
from kats_core.engine.reservations import Reservations
from kats_core.engine.trading import TradingStates
from kats_core.exits.in_bar import BarPath
from kats_core.market.calendar import Calendar
from kats_core.market.costs import Costs
from kats_core.market.limits import PriceLimits
from kats_core.market.overlays import OverlayParams
from kats_core.market.sessions import SessionHours
from kats_core.market.ticks import TickTable
from kats_core.model.bar import Bar, Book
from kats_core.model.codes import CoreCode
from kats_core.model.command import Command, Notify, Persist
from kats_core.model.event import DailyTail, IndexTail, StageSpec
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import BarKind, Grade, MarketPhase, Purpose, Regime, Scope, Severity
from kats_core.model.labels import Code, CodeBook
from kats_core.model.record import FaultRecord, Record
from kats_core.model.setup import Numbers, Scanned, Setup
from kats_core.model.time import Nanos
from kats_core.orders.gate_config import GateConfig
from kats_core.risk.limits import Limits
from kats_core.strategy.contract import ScanningStrategy, Strategy
from kats_core.strategy.params import StrategyParams, StrategyTraits, Window


@dataclass(slots=True)
class StrategyInstance:
    """A strategy as the configuration named it. A parked strategy is not asked any more in this run."""

    name: str
    plugin: str
    strategy: Strategy
    traits: StrategyTraits
    params: StrategyParams
    faults: int = 0
    is_parked: bool = False
    mapped: frozenset[Regime] | None = None
    reads_minutes: bool = field(init=False)
    """Whether `view.bars` shows it the session so far; one that scans has seen it, and has what it found there."""

    def __post_init__(self) -> None:
        self.reads_minutes = self.traits.needs_minute_bars and not isinstance(self.strategy, ScanningStrategy)

    @property
    def regimes(self) -> frozenset[Regime]:
        """Regimes in which it may buy: those to which the configuration maps it, else its own."""
        return self.mapped if self.mapped is not None else self.traits.regimes

    @property
    def windows(self) -> tuple[Window, ...]:
        """Entry windows in default clock times."""
        return self.params.windows if self.params.windows is not None else self.traits.windows

    @property
    def grades(self) -> frozenset[Grade]:
        """Grades it may buy."""
        return self.params.grades if self.params.grades is not None else self.traits.grades

    @property
    def ttl_s(self) -> int:
        """Seconds an entry order lives."""
        return self.params.ttl_sec if self.params.ttl_sec is not None else self.traits.ttl_s


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """Everything an engine is built from; only `ConfigChanged` puts other limits, gate and stages in its place.

    `is_recorded`: everything that is decided is recorded; else only trades, equity, faults and what people order, for who wants
    the result alone. `build_stage` makes a stage of what that event names; `codes` are all that may be found in what was kept. `rejudging`
    judges beside the stages, to compare. `is_live`: orders reach an account with real money.
    """

    run_id: str
    capital: int
    strategies: tuple[StrategyInstance, ...]
    stages: tuple[StageInstance, ...]
    limits: Limits
    gate: GateConfig
    calendar: Calendar
    scope: Scope = Scope.RAW
    path: BarPath = BarPath.WORST
    is_live: bool = False
    is_recorded: bool = True
    overlays: OverlayParams = field(default_factory=OverlayParams)
    build_stage: Callable[[StageSpec], StageInstance] | None = None
    rejudging: Rejudging | None = None
    codes: CodeBook = field(default_factory=lambda: CodeBook([CoreCode]))


class SetupMemory(msgspec.Struct, frozen=True, kw_only=True):
    """A setup and how far it got, as it is kept over a restart."""

    setup: Setup
    level: int | None
    code: str | None
    is_done: bool
    has_fired: bool
    asked: int
    sequence: int
    entries: int
    quiet_until: Nanos
    adds: int | None


class SetupState(msgspec.Struct):
    """A setup and how far it got in the session."""

    setup: Setup
    instance: StrategyInstance
    level: int | None = None
    code: Code | None = None
    is_done: bool = False
    has_fired: bool = False
    asked: int = 0
    sequence: int = 0
    entries: int = 0
    quiet_until: Nanos = 0
    adds: int | None = None
    """Shares to add to a position that is held; None for an entry."""

    @property
    def purpose(self) -> Purpose:
        """What an order of this setup is for."""
        return Purpose.ENTRY if self.adds is None else Purpose.PYRAMID

    def dump(self) -> SetupMemory:
        """Return the setup as it is kept."""
        return SetupMemory(
            setup=self.setup,
            level=self.level,
            code=None if self.code is None else str(self.code),
            is_done=self.is_done,
            has_fired=self.has_fired,
            asked=self.asked,
            sequence=self.sequence,
            entries=self.entries,
            quiet_until=self.quiet_until,
            adds=self.adds,
        )

    @classmethod
    def taken_up(cls, kept: SetupMemory, instance: StrategyInstance, codes: CodeBook) -> Self:
        """Return a setup as it was kept; the reason of a stage that is not configured any more is forgotten."""
        return cls(
            kept.setup,
            instance,
            level=kept.level,
            code=codes.get(kept.code),
            is_done=kept.is_done,
            has_fired=kept.has_fired,
            asked=kept.asked,
            sequence=kept.sequence,
            entries=kept.entries,
            quiet_until=kept.quiet_until,
            adds=kept.adds,
        )


class SymbolDay(msgspec.Struct):
    """One symbol during one session."""

    instrument: Instrument
    base: int
    ticks: TickTable
    limits: PriceLimits
    tax_rate: Fraction
    tail: DailyTail | None = None
    bar: Bar | None = None
    scans: tuple[Scanned, ...] = ()
    book: Book | None = None
    range_high: dict[int, int] = {}
    setups: list[SetupState] = []
    minutes: list[Bar] = []
    keeps_minutes: bool = False
    is_untradable: bool = False
    atr: Fraction | None = None
    gap_level: int | None = None
    first_trade: int | None = None


@dataclass(slots=True)
class State:
    """The engine's whole memory."""

    config: EngineConfig
    costs: Costs
    portfolio: Portfolio
    reservations: Reservations
    facts: Facts = field(default_factory=Facts)
    run: uuid.UUID = field(init=False)
    now: Nanos = 0
    hours: SessionHours | None = None
    prepared_at: Nanos = 0
    phase: MarketPhase | None = None
    bar_kind: BarKind | None = None
    has_books: bool = False
    trading: TradingStates = field(default_factory=TradingStates)
    baselines: Baselines = field(default_factory=Baselines)
    is_index_shocked: bool = False
    indices: dict[str, IndexTail] = field(default_factory=dict)
    days: dict[str, SymbolDay] = field(default_factory=dict)
    stopped_symbols: set[str] = field(default_factory=set)
    entered: dict[Key, tuple[Nanos, int]] = field(default_factory=dict)
    out: list[Command] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.run = uuid.UUID(self.config.run_id)

    @property
    def session(self) -> dt.date:
        """The session that was prepared last; raises as `clock`."""
        hours = self.hours
        return self.clock.session if hours is None else hours.session

    @property
    def clock(self) -> SessionHours:
        """The session's hours.

        Raises:
            RuntimeError: no session was prepared: the driver is wrong.
        """
        if self.hours is None:
            raise RuntimeError("an event came before SessionPrepared")
        return self.hours

    def bar_kind_of(self, symbol: str) -> BarKind | None:
        """Return by which bars a symbol is played today; before its first one, by which the last of any symbol was."""
        day = self.days.get(symbol)
        return self.bar_kind if day is None or day.bar is None else day.bar.kind

    def emit(self, command: Command) -> None:
        """Ask for something."""
        self.out.append(command)

    def record(self, record: Record) -> None:
        """Keep a record."""
        self.out.append(Persist(record))

    def record_all(self, records: Iterable[Record]) -> None:
        """Keep several records."""
        self.out.extend(map(Persist, records))

    def notify(self, severity: Severity, code: Code, symbol: str = "", detail: Numbers | None = None) -> None:
        """Tell people."""
        self.out.append(Notify(self.now, severity, str(code), symbol, detail or {}))

    def fault(self, owner: str, code: CoreCode, symbol: str, text: str) -> None:
        """Record and tell that something failed that must not fail."""
        self.record(FaultRecord(ts=self.now, owner=owner, code=str(code), symbol=symbol, text=text))
        self.notify(Severity.CRITICAL, code, symbol, {"owner": owner, "error": text})
