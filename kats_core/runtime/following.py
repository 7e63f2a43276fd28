"""Follow a signal as if it had been bought: what it would have made, by the rules of a run and through the same engine.

Each signal has an engine and an account to itself, whose capital binds nothing; no risk stage judges, and the strategy's own
gates are not asked again. Bars match it (`spec/orders.md` section 7.H) from its own limit, and its own exit plan leaves it,
until it is closed or `SESSIONS` sessions after its own are over.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from kats_core.engine.engine import Engine
from kats_core.engine.pipeline import StageInstance
from kats_core.engine.state import EngineConfig, StrategyInstance
from kats_core.exits.in_bar import BarPath
from kats_core.journal.ledger import Course, Fate
from kats_core.market.costs import Costs
from kats_core.market.exact import floor_times, to_fraction
from kats_core.market.minutes import MinuteBars
from kats_core.market.overlays import OverlayParams
from kats_core.market.panel import Panel
from kats_core.market.rules import symbol_rules
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import Grade, Purpose, Regime
from kats_core.model.labels import Code
from kats_core.model.position import Position
from kats_core.model.record import Record, SetupRecord, SignalRecord, SignalStatus, TradeRecord
from kats_core.model.setup import Setup, Tick
from kats_core.model.signal import Confirmation, Management, Never, NotYet, Signal
from kats_core.model.time import Nanos
from kats_core.model.verdict import Proposal, Verdict, approve
from kats_core.orders.broker import Broker, BrokerAccount
from kats_core.orders.gate_config import GateConfig
from kats_core.risk.contract import Phase, StageContext, StageTraits
from kats_core.risk.limits import Limits
from kats_core.runtime.days import DayPlayer, Market
from kats_core.runtime.inputs import SessionInputs
from kats_core.runtime.pump import Pump
from kats_core.runtime.session_bars import SessionBars
from kats_core.strategy.contract import ManagingStrategy, Reasons, Setups, Strategy, View

SESSIONS = 20
"""Sessions after its own for which a signal is followed."""

CAPITAL = 10**15
"""Won; so much that nothing binds."""

_ALWAYS = ((dt.time(9), dt.time(15, 30)),)
_ANY_PURPOSE = StageTraits(phase=Phase.SIZE, applies_to=frozenset(Purpose))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A signal, the setup that it came from, when it came, and the shares to follow."""

    setup: Setup
    signal: Signal
    ts: Nanos
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What signals are followed by: a run's strategies, limits, broker and market, as far as the data go."""

    run_id: str
    strategies: Mapping[str, StrategyInstance]
    limits: Limits
    overlays: OverlayParams
    path: BarPath
    broker: Callable[[BrokerAccount], Broker]
    market: Market


class Follower:
    """One signal on its way. `records` are those of its own engine."""

    def __init__(self, rules: Rules, asked: Asked) -> None:
        market = rules.market
        self._rules, self._asked = rules, asked
        self.records: list[Record] = []
        self._played = 0
        instance = _given(rules.strategies[asked.setup.instance], asked)
        self._engine = Engine(
            EngineConfig(
                run_id=rules.run_id,
                capital=CAPITAL,
                strategies=(instance,),
                stages=(StageInstance("asked", "asked", _AsAsked(asked.quantity), _ANY_PURPOSE),),
                limits=rules.limits,
                gate=GateConfig(),
                calendar=market.calendar,
                scope=market.scope,
                path=rules.path,
                overlays=rules.overlays,
            )
        )
        commission = to_fraction(rules.limits.commission)
        broker = rules.broker(BrokerAccount(capital=CAPITAL, commission=commission, scope=market.scope))
        self._player = DayPlayer(
            engine=self._engine,
            pump=Pump(self._engine, broker, self.records.extend, lambda _: None),
            market=market,
            strategies=(instance,),
            keep=self.records.extend,
            explain_all=False,
            given=_OnlyOne(asked.setup),
        )

    @property
    def symbol(self) -> str:
        """What is followed."""
        return self._asked.setup.symbol

    def play(self, session: dt.date, minutes: MinuteBars | None) -> Course | None:
        """Play a session, of minutes where there are any; return the end when it has come."""
        if minutes is None:
            self._player.play_day_bars(session)
        else:
            self._player.play_minutes(minutes.only(self.symbol))
        self._played += 1
        trade = next((record for record in self.records if isinstance(record, TradeRecord)), None)
        if trade is not None:
            return Course(
                fate=Fate.CLOSED,
                quantity=trade.quantity,
                net_profit=trade.net_profit,
                r_multiple=trade.r_multiple,
                code=trade.exit_code,
                last=session,
            )
        if not self._engine.positions:
            return Course(fate=Fate.NOT_FILLED, code=self._why_not(), last=session)
        return self._valued(session, Fate.OPEN) if self._played > SESSIONS else None

    def cut_short(self, session: dt.date) -> Course:
        """Return what it is worth where the data end."""
        return self._valued(session, Fate.DATA_ENDED)

    def _valued(self, session: dt.date, fate: Fate) -> Course:
        (position,) = self._engine.positions
        market = self._rules.market
        price = self._engine.last_price(self.symbol) or 0
        worth = position.quantity * price
        tax = symbol_rules(market.instruments[self.symbol], price, session, market.scope).tax_rate
        costs = Costs(to_fraction(self._rules.limits.commission)).commission_on(worth) + floor_times(worth, tax)
        net = self._engine.equity - CAPITAL - costs
        return Course(
            fate=fate,
            quantity=position.bought,
            net_profit=net,
            r_multiple=round(float(net / position.initial_risk), 6) if position.initial_risk > 0 else None,
            last=session,
        )

    def _why_not(self) -> str | None:
        """Return the last reason that was given, of the order or of the setup; None where the limit was not reached."""
        signals = [record for record in self.records if isinstance(record, SignalRecord)]
        if signals:
            return signals[-1].code if signals[-1].status is not SignalStatus.ORDERED else None
        setups = [record for record in self.records if isinstance(record, SetupRecord)]
        return setups[-1].code if setups else None


def follow(
    rules: Rules,
    asked: Sequence[Asked],
    sessions: Sequence[dt.date],
    minutes: Mapping[dt.date, Callable[[], MinuteBars]],
    on_session: Callable[[dt.date], None] = lambda _: None,
    *,
    is_mixed: bool = False,
) -> list[Course]:
    """Follow signals through the sessions, all together; return what came of each, in their order.

    `minutes` brings the bars of those sessions that have minutes; the others are played on daily bars, and where it
    `is_mixed` the symbols too of which the session has no minutes.
    """
    courses: dict[int, Course] = {}
    waiting = sorted(range(len(asked)), key=lambda n: asked[n].setup.session, reverse=True)
    active: dict[int, Follower] = {}
    for session in sessions:
        while waiting and asked[waiting[-1]].setup.session <= session:
            number = waiting.pop()
            active[number] = Follower(rules, asked[number])
        bars = minutes[session]() if active and session in minutes else None
        for number, follower in list(active.items()):
            has_own = bars is not None and (not is_mixed or follower.symbol in bars.symbols)
            course = follower.play(session, bars if has_own else None)
            if course is not None:
                courses[number] = course
                del active[number]
        on_session(session)
    for number, follower in active.items():
        courses[number] = follower.cut_short(sessions[-1])
    return [courses[number] for number in range(len(asked))]


class _AsAsked:
    """Stands where the risk stages stood: lets what was asked for pass."""

    def __init__(self, quantity: int) -> None:
        self._quantity = quantity

    def check(self, proposal: Proposal, context: StageContext) -> Verdict:
        return approve(self._quantity)


class _OnlyOne:
    """Arms one setup in its session, and nothing in any other."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup

    def for_session(
        self,
        session: dt.date,
        inputs: SessionInputs,
        streamed: SessionBars | None = None,
        held: frozenset[str] = frozenset(),
    ) -> tuple[Setup, ...]:
        return (self._setup,) if session == self._setup.session else ()

    def refused(
        self,
        session: dt.date,
        inputs: SessionInputs,
        setups: Sequence[Setup],
        symbols: Sequence[str],
        streamed: SessionBars | None = None,
    ) -> Sequence[SetupRecord]:
        return ()

    def not_armed(self, sessions: Sequence[dt.date]) -> Iterator[tuple[str, npt.NDArray[np.uint8], tuple[Code, ...]]]:
        return iter(())


class _Signalled:
    """A strategy that signals once what another has signalled, at the same moment."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._is_told = False

    def arm(self, panel: Panel) -> Setups:
        """Arm nothing: what is followed is armed already."""
        reasons = Reasons(panel)
        reasons.require(np.zeros_like(panel.present), CoreCode.NOT_SELECTED)
        return Setups(reasons.cells, reasons.codes, {}, lambda _: Tick())

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        if view.now < self._asked.ts:
            return NotYet(CoreCode.NO_BREAKOUT)
        if self._is_told:
            return Never(CoreCode.ENTRY_USED)
        self._is_told = True
        return self._asked.signal


class _SignalledAndManaged(_Signalled):
    """The same, where the other looks after its positions."""

    def __init__(self, asked: Asked, own: ManagingStrategy) -> None:
        super().__init__(asked)
        self._own = own

    def manage(self, view: View, position: Position) -> Management:
        return self._own.manage(view, position)


def _given(own: StrategyInstance, asked: Asked) -> StrategyInstance:
    """Return an instance that signals what was asked and leaves it as its own does; its gates let it pass."""
    strategy: Strategy = _Signalled(asked)
    if isinstance(own.strategy, ManagingStrategy):
        strategy = _SignalledAndManaged(asked, own.strategy)
    # The signal has passed its gates when it came. What is followed is the signal alone: nothing is added to it.
    open_gates = {"enabled": True, "min_confidence": 0, "windows": _ALWAYS, "grades": frozenset(Grade)}
    return replace(
        own,
        strategy=strategy,
        traits=replace(own.traits, overlays=frozenset(), pyramids=False),
        params=own.params.model_copy(update=open_gates),
        mapped=frozenset(Regime),
        faults=0,
        is_parked=False,
    )
