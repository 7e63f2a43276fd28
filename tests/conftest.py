"""A small house to trade in: strategies and stages that do as they are told, and a desk of engine, paper broker and pump."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import pytest

import kats_risk_daily_kill_switch
import kats_risk_margin_guard
import kats_risk_position_sizer
import kats_strategy_volatility_breakout
from kats_core.engine.engine import Engine
from kats_core.engine.memory import decode, encode
from kats_core.engine.pipeline import StageInstance
from kats_core.engine.rejudging import Rejudging
from kats_core.engine.state import EngineConfig, StrategyInstance
from kats_core.exits.in_bar import BarPath
from kats_core.market.calendar import krx_calendar
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.market.sessions import SessionHours
from kats_core.model import fact, ids, time
from kats_core.model.bar import Bar
from kats_core.model.codes import CoreCode
from kats_core.model.command import Command, Notify
from kats_core.model.event import (
    BarClosed,
    DailyTail,
    Event,
    PhaseReached,
    SessionPrepared,
    SetupsArmed,
    StageSpec,
    TimePassed,
    Traded,
)
from kats_core.model.fact import Fact, FactValue
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import (
    BarKind,
    Category,
    FactSource,
    Grade,
    MarketPhase,
    Profile,
    Purpose,
    Regime,
    Scope,
    Side,
    Style,
)
from kats_core.model.labels import Code, CodeBook
from kats_core.model.position import Position
from kats_core.model.record import FillRecord, Record, TradeRecord
from kats_core.model.setup import Above, Fixed, Setup, Trigger
from kats_core.model.signal import (
    Confirmation,
    ExitPlan,
    Management,
    NotYet,
    SellSignal,
    Signal,
    Target,
    TimeExit,
    TimeExitKind,
    Trail,
)
from kats_core.model.time import Nanos
from kats_core.model.verdict import Plan, Proposal, Verdict, approve
from kats_core.model.wire import encode_record
from kats_core.orders.broker import Broker, BrokerAccount
from kats_core.orders.gate_config import GateConfig
from kats_core.risk.contract import Action, Phase, RiskStage, StageContext, StageEvent, StageTraits
from kats_core.risk.limits import Limits
from kats_core.runtime.days import DayPlayer, Market
from kats_core.runtime.inputs import Given, Inputs, Provider
from kats_core.runtime.paper import PaperBroker, PaperParams
from kats_core.runtime.pump import Pump
from kats_core.runtime.session_bars import side_by_side
from kats_core.strategy.contract import Reasons, Setups, Strategy, View
from kats_core.strategy.entry import price_entry
from kats_core.strategy.params import StrategyParams, StrategyTraits

SYMBOL = "005930"
SESSION = dt.date(2026, 3, 4)
"""An ordinary Wednesday; tax 0.0020."""

BASE = 25_400
RUN = ids.run_id("test")
ALL_DAY = ((dt.time(9, 0), dt.time(15, 15)),)

R = TypeVar("R")


class OwnCode(Code, owner="buyer"):
    """Reasons of the fixture's strategies and stages."""

    TIRED = "싫증", "tired of it"
    NO = "싫음", "does not want to"
    LATER = "나중에", "wants it later"


@dataclass(slots=True)
class Buyer:
    """Buys whenever it is asked and the ask is within `cap`, with the exit plan it was given.

    `cap` 0: two percent above the level, and the stop in percent of it. `waiting` makes the trigger of a level, `confirming`
    replaces its answer.
    """

    cap: int = 25_550
    stop: int = 23_500
    targets: tuple[Target, ...] = ()
    time_exit: TimeExit | None = None
    trail: Trail | None = None
    flags: frozenset[SellSignal] | None = None
    pivot: int | None = None
    slip_ticks: int = 1
    closing_auction: bool = False
    confirming: Callable[[View, Setup], Confirmation] | None = None
    waiting: Callable[[int], Trigger] = lambda level: Above(Fixed(level))
    seen: list[View] = field(default_factory=list)

    def arm(self, panel: Panel) -> Setups:
        """Arm every symbol that traded, above its close."""
        reasons = Reasons(panel)
        reasons.require(panel.present, CoreCode.STALE_DATA)
        return Setups(reasons.cells, reasons.codes, {"level": panel.close}, lambda n: self.waiting(int(n["level"])))

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        """Answer as told, else a signal at the ask."""
        self.seen.append(view)
        if self.confirming is not None:
            return self.confirming(view, setup)
        cap, stop = self.cap, self.stop
        if cap == 0:
            level = view.ticks.rup(int(setup.numbers["level"]))
            cap, stop = view.ticks.rdn(Fraction(level * 102, 100)), view.ticks.rup(Fraction(level * stop, 100))
        entry = price_entry(view, cap, self.slip_ticks)
        if isinstance(entry, NotYet):
            return entry
        return self.signal(entry.reference, entry.limit, cap, stop)

    def signal(self, reference: int, limit: int, cap: int, stop: int) -> Signal:
        """Return a signal with the plan it was given."""
        return Signal(
            trigger_price=reference,
            reference=reference,
            entry_limit=limit,
            chase_cap=cap,
            exits=ExitPlan(
                stop=stop, targets=self.targets, trail=self.trail, time_exit=self.time_exit, exit_flags=self.flags
            ),
            position_hint=0.3,
            pivot=self.pivot,
            slip_ticks=self.slip_ticks,
            closing_auction=self.closing_auction,
        )


@dataclass(slots=True)
class Manager(Buyer):
    """A buyer that also looks after its positions."""

    managing: Callable[[View, Position], Management] = lambda view, position: None

    def manage(self, view: View, position: Position) -> Management:
        """Answer as told."""
        return self.managing(view, position)


@dataclass(slots=True)
class Size:
    """The sizing stage: always the same quantity."""

    quantity: int = 100

    def check(self, proposal: Proposal, context: StageContext) -> Verdict:
        """Answer the quantity."""
        return approve(self.quantity, plan=Plan(self.quantity, 0.02))


@dataclass(slots=True)
class Answer:
    """A stage that answers what it is told, and remembers what it was asked."""

    answering: Callable[[Proposal, StageContext], Any] = lambda proposal, context: approve(proposal.quantity or 0)
    seen: list[Proposal] = field(default_factory=list)

    def check(self, proposal: Proposal, context: StageContext) -> Verdict:
        """Answer as told."""
        self.seen.append(proposal)
        verdict: Verdict = self.answering(proposal, context)
        return verdict


@dataclass(slots=True)
class Listener(Answer):
    """A stage that also hears events."""

    hearing: Callable[[StageEvent], Sequence[Action]] = lambda event: ()

    def on_event(self, event: StageEvent) -> Sequence[Action]:
        """Act as told."""
        return self.hearing(event)


def instance(
    strategy: Strategy | None = None, name: str = "buyer", *, params: StrategyParams | None = None, **traits: Any
) -> StrategyInstance:
    """Return a strategy as a configuration would name it; it may trade always and everything."""
    usual: dict[str, Any] = {
        "code": "T",
        "style": Style.DAY,
        "category": Category.NEUTRAL,
        "profile": Profile.FLOW,
        "regimes": frozenset({Regime.BULL}),
        "windows": ALL_DAY,
        "grades": frozenset({Grade.A, Grade.B}),
        "ttl_s": 300,
    }
    return StrategyInstance(
        name, name, strategy or Buyer(), StrategyTraits(**(usual | traits)), params or StrategyParams()
    )


def stage(one: RiskStage, name: str = "stage", phase: Phase = Phase.FREE, **traits: Any) -> StageInstance:
    """Return a stage as a configuration would name it."""
    applies_to = traits.pop("applies_to", frozenset(Purpose) - {Purpose.EXIT})
    return StageInstance(name, name, one, StageTraits(phase=phase, applies_to=applies_to, **traits))


def sized(quantity: int = 100, *behind: StageInstance) -> tuple[StageInstance, ...]:
    """Return a pipeline: a fixed quantity, then what is given, or one stage that approves."""
    return (stage(Size(quantity), "size", Phase.SIZE), *(behind or (stage(Answer(), "yes"),)))


def setup(level: int = 25_450, *, trigger: Trigger | None = None, session: dt.date = SESSION, **changes: Any) -> Setup:
    """Return a setup that waits for `level`."""
    usual: dict[str, Any] = {"instance": "buyer", "symbol": SYMBOL, "numbers": {"level": level}}
    return Setup(session=session, trigger=trigger or Above(Fixed(level)), **(usual | changes))


def assumed(values: Mapping[str, FactValue] | None = None, at: Nanos = 0) -> tuple[Fact, ...]:
    """Return the facts that open every common gate, changed as told; None leaves one out."""
    usual: dict[str, FactValue] = {
        fact.REGIME: "BULL",
        fact.GRADE: "B",
        fact.STARS: 4,
        fact.STATUS: "00",
        fact.SECTOR: "test",
    }
    merged = usual | dict(values or {})
    return tuple(Fact(name, value, at, FactSource.ASSUMED) for name, value in merged.items() if value is not None)


@dataclass(slots=True, kw_only=True)
class Desk:
    """An engine with its paper broker, and all that came out of them."""

    strategies: tuple[StrategyInstance, ...] = ()
    stages: tuple[StageInstance, ...] = ()
    capital: int = 100_000_000
    participation: float = 0.05
    path: BarPath = BarPath.WORST
    scope: Scope = Scope.RAW
    limits: Limits = field(default_factory=Limits)
    # Rules other than the gate's are shown with round numbers of shares, more than the gate lets through.
    gate: GateConfig = field(default_factory=lambda: GateConfig.model_construct(max_order_frac=1.0))
    rejudging: Rejudging | None = None
    session: dt.date = SESSION
    build_stage: Callable[[StageSpec], StageInstance] | None = None
    codes: tuple[type[Code], ...] = ()
    broker: Broker = field(init=False)
    engine: Engine = field(init=False)
    pump: Pump = field(init=False)
    records: list[Record] = field(default_factory=list)
    notices: list[Notify] = field(default_factory=list)
    _days: dict[str, Bar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.strategies = self.strategies or (instance(),)
        self.stages = self.stages or sized()
        account = BrokerAccount(
            capital=self.capital, commission=Fraction(str(self.limits.commission)), scope=self.scope
        )
        self.broker = PaperBroker(PaperParams(bar_participation=self.participation), account)
        self._start()

    def _start(self) -> None:
        config = EngineConfig(
            run_id=RUN,
            capital=self.capital,
            strategies=self.strategies,
            stages=self.stages,
            limits=self.limits,
            gate=self.gate,
            calendar=krx_calendar(),
            scope=self.scope,
            path=self.path,
            rejudging=self.rejudging,
            codes=CodeBook([CoreCode, OwnCode, *self.codes]),
            build_stage=self.build_stage,
        )
        self.engine = Engine(config)
        self.pump = Pump(self.engine, self.broker, self.records.extend, self.notices.append)

    def restart(self, *stages: StageInstance) -> Desk:
        """Stop the process and start another one that goes on, with newly built stages; the broker lives on."""
        kept = encode(self.engine.dump())
        self.strategies = tuple(replace(one, faults=0, is_parked=False) for one in self.strategies)
        self.stages = stages
        self._start()
        self.engine.load(decode(kept), self.kept(TradeRecord))
        return self

    @property
    def hours(self) -> SessionHours:
        """The session's hours."""
        return krx_calendar().hours(self.session)

    def begin(
        self,
        *setups: Setup,
        base: int | Mapping[str, int] = BASE,
        facts: Mapping[str, FactValue] | None = None,
        instruments: Sequence[Instrument] = (),
        tails: tuple[DailyTail, ...] = (),
        is_open: bool = True,
        has_books: bool = False,
    ) -> Desk:
        """Prepare the session, arm the setups, open."""
        bases = dict(base) if isinstance(base, Mapping) else {SYMBOL: base}
        known = {i.symbol: i for i in instruments}
        at = self.hours.at(dt.time(8, 50))
        self._days.clear()
        self.feed(
            SessionPrepared(
                ts=at,
                session=self.session,
                instruments=tuple(known.get(s, Instrument(symbol=s)) for s in bases),
                base_prices=bases,
                facts=assumed(facts, at),
                tails=tails,
                has_books=has_books,
            )
        )
        self.feed(SetupsArmed(at, setups))
        return self.open() if is_open else self

    def next_session(self, *setups: Setup, **changes: Any) -> Desk:
        """Close the session and begin the next one."""
        self.close()
        self.session = krx_calendar().shift(self.session, 1)
        return self.begin(*setups, **changes)

    def feed(self, event: Event) -> None:
        """Let something happen."""
        self.pump.feed(event)

    def handle(self, event: Event) -> list[Command]:
        """Let something happen to the engine alone; nobody carries out what it asks for."""
        return self.engine.handle(event)

    def open(self) -> Desk:
        """Open the session."""
        self.feed(PhaseReached(self.hours.open, MarketPhase.OPEN))
        return self

    def check(self) -> Desk:
        """Reach the end-of-day check."""
        self.feed(PhaseReached(self.hours.eod_check, MarketPhase.EOD_CHECK))
        return self

    def close(self) -> Desk:
        """Close the session."""
        self.feed(PhaseReached(self.hours.close + time.MINUTE, MarketPhase.CLOSED))
        return self

    def at(self, clock: str) -> Nanos:
        """Return the instant of a clock."""
        return time.at(self.session, dt.time.fromisoformat(clock))

    def passes(self, clock: str) -> Desk:
        """Let time pass."""
        self.feed(TimePassed(self.at(clock)))
        return self

    def bar_event(self, start: str | None, prices: tuple[int, int, int, int], volume: int, **changes: Any) -> BarClosed:
        """Return a bar: of the minute that begins at `start`, or of the whole day."""
        symbol, auction = changes.get("symbol", SYMBOL), changes.get("auction", False)
        o, h, low, c = prices
        day = self._days.get(symbol)
        begin = self.hours.open if start is None else self.at(start)
        end = self.hours.close if start is None else begin + time.MINUTE
        bar = Bar(
            symbol=symbol,
            kind=BarKind.DAY if start is None else BarKind.MINUTE,
            start=begin,
            end=end,
            open=o,
            high=h,
            low=low,
            close=c,
            volume=volume,
            value=c * volume,
            day_open=day.day_open if day else o,
            day_high=max(h, day.day_high) if day else h,
            day_low=min(low, day.day_low) if day else low,
            day_volume=volume + (day.day_volume if day else 0),
            day_value=c * volume + (day.day_value if day else 0),
            is_auction=auction,
        )
        self._days[symbol] = bar
        return BarClosed(begin if start is None else end, bar)

    def minute(self, start: str, *prices: int, volume: int = 1_000_000, **changes: Any) -> Desk:
        """Feed the minute bar that begins at `start`; one price stands for all four."""
        o, h, low, c = prices if len(prices) == 4 else prices * 4
        self.feed(self.bar_event(start, (o, h, low, c), volume, **changes))
        return self

    def day(self, o: int, h: int, low: int, c: int, volume: int = 1_000_000, **changes: Any) -> Desk:
        """Feed a daily bar."""
        self.feed(self.bar_event(None, (o, h, low, c), volume, **changes))
        return self

    def kept(self, kind: type[R]) -> list[R]:
        """Return the records of one kind."""
        return [record for record in self.records if isinstance(record, kind)]

    @property
    def fills(self) -> list[tuple[str, int, int]]:
        """(side, price, quantity) of every fill."""
        return [(str(f.side), f.price, f.quantity) for f in self.kept(FillRecord)]

    @property
    def sold(self) -> list[tuple[int, int]]:
        """(price, quantity) of every sale."""
        return [(f.price, f.quantity) for f in self.kept(FillRecord) if f.side is Side.SELL]

    @property
    def bought(self) -> list[tuple[int, int]]:
        """(price, quantity) of every purchase."""
        return [(f.price, f.quantity) for f in self.kept(FillRecord) if f.side is Side.BUY]

    @property
    def log(self) -> bytes:
        """The decision log."""
        return b"\n".join(map(encode_record, self.records))

    def play(
        self,
        panel: Panel,
        minutes: Sequence[MinuteBars] = (),
        *,
        days: Sequence[dt.date] = (),
        mixed: Sequence[MinuteBars | dt.date] = (),
        dense: bool = False,
        facts: Mapping[str, FactValue] | None = None,
        also: tuple[Provider, ...] = (),
    ) -> Desk:
        """Play whole sessions as the runtime does; `mixed` as a backtest of daily bars with minute bars where there are any."""
        player = DayPlayer(
            engine=self.engine,
            pump=self.pump,
            market=Market(
                panel=panel,
                instruments={i.symbol: i for i in panel.instruments},
                calendar=krx_calendar(),
                scope=self.scope,
                inputs=Inputs(panel.symbols, (*also, Given(assumed(facts)))),
            ),
            strategies=self.strategies,
            keep=self.records.extend,
            dense=dense,
        )
        for bars in minutes:
            player.play_minutes(bars)
        for day in days:
            player.play_day_bars(day)
        for session in mixed:
            if isinstance(session, dt.date):
                player.play_day_bars(session)
                continue
            bars, of, _ = side_by_side(session, panel)
            player.play_mixed(bars, of)
        return self


def walk(seed: int, steps: int, price: int, reach: float) -> list[int]:
    """Return a seeded walk of prices on ticks of 10 between 5 000 and 19 990."""
    chance = random.Random(seed)
    prices = [price]
    for _ in range(steps):
        moved = int(prices[-1] * (1 + chance.uniform(-reach, reach))) // 10 * 10
        prices.append(min(19_990, max(5_000, moved)))
    return prices


def random_panel(seed: int, sessions: int, symbols: int, until: dt.date = SESSION, gap: float = 0.03) -> Panel:
    """Return seeded daily history whose last row is `until`; a cell is missing with the chance `gap`."""
    chance = random.Random(seed)
    calendar = krx_calendar()
    days = tuple(calendar.shift(until, lag) for lag in range(1 - sessions, 1))
    cells = np.zeros((5, sessions, symbols), dtype=np.int64)
    for j in range(symbols):
        last = chance.randrange(6_000, 18_000, 10)
        for t in range(sessions):
            if chance.random() < gap:
                continue
            o, x, y, c = walk(chance.randrange(1 << 30), 3, last, 0.05)
            last = c
            cells[:, t, j] = (o, max(o, x, y, c), min(o, x, y, c), c, chance.randrange(1, 200_000))
    return Panel(
        sessions=days,
        next_session=(*days[1:], calendar.shift(until, 1)),
        instruments=tuple(Instrument(symbol=f"{j:06d}") for j in range(symbols)),
        present=cells[4] > 0,
        open=cells[0],
        high=cells[1],
        low=cells[2],
        close=cells[3],
        volume=cells[4],
        value=cells[3] * cells[4],
        scope=Scope.RAW,
    )


def random_minutes(seed: int, panel: Panel, session: dt.date, minutes: int = 60, gap: float = 0.2) -> MinuteBars:
    """Return seeded minute bars that go on from the panel's closes: the day's first minutes, its last ones, its auction."""
    chance = random.Random(seed)
    hours = krx_calendar().hours(session)
    row = panel.row[session]
    offsets = [*range(minutes), *range(370, 380), 390]
    rows: list[tuple[int, int, int, int, int, int, int]] = []
    for j in range(len(panel.instruments)):
        before = np.flatnonzero(panel.present[:row, j])
        last = int(panel.close[before[-1], j]) if before.size else 10_000
        for offset in offsets:
            if chance.random() < gap:
                continue
            o, x, y, c = [last] * 4 if offset == 390 else walk(chance.randrange(1 << 30), 3, last, 0.008)
            last = c
            high, low = max(o, x, y, c), min(o, x, y, c)
            rows.append((hours.open + offset * time.MINUTE, j, o, high, low, c, chance.randrange(1, 40_000)))
    rows.sort()
    columns = np.array(rows, dtype=np.int64).reshape(len(rows), 7).T
    return MinuteBars(
        session=session,
        symbols=panel.symbols,
        symbol=columns[1].astype(np.int32),
        start=columns[0],
        open=columns[2],
        high=columns[3],
        low=columns[4],
        close=columns[5],
        volume=columns[6],
        value=columns[5] * columns[6],
        is_auction=columns[0] >= hours.close_auction,
    )


def real_stages() -> tuple[StageInstance, ...]:
    """Return the pipeline of the three stages that are published."""
    return tuple(
        StageInstance(plugin.name, plugin.name, plugin.build(plugin.params()), plugin.traits)
        for plugin in (
            kats_risk_position_sizer.kats_register_risk_stages(),
            kats_risk_daily_kill_switch.kats_register_risk_stages(),
            kats_risk_margin_guard.kats_register_risk_stages(),
        )
    )


def breakout(name: str = "vb", **params: Any) -> StrategyInstance:
    """Return volatility breakout as a configuration would name it."""
    plugin = kats_strategy_volatility_breakout.kats_register_strategies()
    chosen = plugin.params(**params)
    return StrategyInstance(name, plugin.name, plugin.build(chosen), plugin.traits, chosen)


def clock_exit() -> TimeExit:
    """Return the exit of day strategies: all at 15:15."""
    return TimeExit(TimeExitKind.CLOCK, dt.time(15, 15))


def out_of_order(events: Sequence[Event]) -> list[tuple[Event, Event]]:
    """Return the pairs of neighbours that break the order of one instant (`kats_core.model.event`)."""
    placed = [(_place(event), event) for event in events if _place(event) is not None]
    return [(a, b) for (m, a), (n, b) in pairwise(placed) if a.ts == b.ts and (m or 0) > (n or 0)]


def _place(event: Event) -> int | None:
    match event:
        case BarClosed(_, bar):
            return 1 if bar.kind is BarKind.MINUTE else 4
        case Traded(ts, trade):
            is_opening = trade.is_auction and time.clock(ts) == dt.time(9)
            return 1 if is_opening else 4
        case PhaseReached():
            return 2
        case TimePassed():
            return 3
    return None


class House:
    """Everything above, for tests that cannot import this module."""

    Buyer = Buyer
    Manager = Manager
    Size = Size
    Answer = Answer
    Listener = Listener
    Desk = Desk
    OwnCode = OwnCode
    SYMBOL = SYMBOL
    SESSION = SESSION
    instance = staticmethod(instance)
    stage = staticmethod(stage)
    sized = staticmethod(sized)
    setup = staticmethod(setup)
    assumed = staticmethod(assumed)
    random_panel = staticmethod(random_panel)
    random_minutes = staticmethod(random_minutes)
    clock_exit = staticmethod(clock_exit)
    real_stages = staticmethod(real_stages)
    breakout = staticmethod(breakout)
    out_of_order = staticmethod(out_of_order)


@pytest.fixture(scope="session")
def house() -> type[House]:
    """Return the house."""
    return House
