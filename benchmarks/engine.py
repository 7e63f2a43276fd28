"""Measure how many events a second pass through `Engine.handle`.

Three cases in one process: bars of a symbol nobody waits for, bars that ask a strategy which never buys, and signals that
nine trivial stages judge with the full trail. Beside the last one, in the same run, the bare loop of the same nine stages.
"""

from __future__ import annotations

import datetime as dt
import statistics
import sys
import time
from collections.abc import Callable
from fractions import Fraction

import _machine
import numpy as np

from kats_core.api import (
    Above,
    Category,
    Confirmation,
    CoreCode,
    ExitPlan,
    Fixed,
    Grade,
    NotYet,
    Panel,
    Phase,
    Plan,
    Profile,
    Proposal,
    Regime,
    Setup,
    Setups,
    Signal,
    StageContext,
    StageTraits,
    StrategyParams,
    StrategyTraits,
    Style,
    Verdict,
    View,
    approve,
    reject,
)
from kats_core.engine.engine import Engine
from kats_core.engine.facts import Facts
from kats_core.engine.pipeline import Context, LimitsReader, StageInstance, run
from kats_core.engine.state import EngineConfig, StrategyInstance
from kats_core.market.calendar import krx_calendar
from kats_core.model import fact, ids
from kats_core.model.bar import Bar
from kats_core.model.event import BarClosed, PhaseReached, SessionPrepared, SetupsArmed
from kats_core.model.fact import Fact
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import BarKind, FactSource, MarketPhase, Purpose
from kats_core.model.time import MINUTE
from kats_core.orders.gate_config import GateConfig
from kats_core.risk.limits import Limits

SESSION = dt.date(2025, 10, 21)
SYMBOL, OTHER = "005930", "000660"
HOURS = krx_calendar().hours(SESSION)
ROUNDS = 7
EVENTS = 20_000


class NeverBuys:
    """A strategy that is asked and says no."""

    def arm(self, panel: Panel) -> Setups:
        raise AssertionError("armed by hand")

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        return NotYet(CoreCode.NO_BREAKOUT)


class Sizes:
    """The sizing stage: always the same quantity."""

    def check(self, proposal: Proposal, context: StageContext) -> Verdict:
        return approve(100, plan=Plan(100, 0.01))


class Passes:
    """A stage that reads an input and lets everything pass."""

    def check(self, proposal: Proposal, context: StageContext) -> Verdict:
        context.fact(fact.EQUITY)
        return approve(proposal.quantity or 0)


class Refuses:
    """The last stage: refuses, so that no order is made and the same signal can be judged again."""

    def check(self, proposal: Proposal, context: StageContext) -> Verdict:
        return reject(CoreCode.CASH_SHORT)


def stages() -> tuple[StageInstance, ...]:
    """Return nine stages."""
    free, size = StageTraits(), StageTraits(phase=Phase.SIZE)
    middle = [StageInstance(f"stage-{n}", f"stage-{n}", Passes(), free) for n in range(7)]
    return (StageInstance("size", "size", Sizes(), size), *middle, StageInstance("last", "last", Refuses(), free))


def engine() -> Engine:
    """Return an engine in an open session, armed in one symbol."""
    traits = StrategyTraits(
        code="NB",
        style=Style.DAY,
        category=Category.NEUTRAL,
        profile=Profile.FLOW,
        regimes=frozenset(Regime),
        windows=((dt.time(9, 15), dt.time(15, 30)),),
        grades=frozenset(Grade),
        ttl_s=60,
    )
    one = Engine(
        EngineConfig(
            run_id=ids.run_id("benchmark"),
            capital=100_000_000,
            strategies=(StrategyInstance("never", "never", NeverBuys(), traits, StrategyParams()),),
            stages=stages(),
            limits=Limits(),
            gate=GateConfig(),
            calendar=krx_calendar(),
        )
    )
    known = (("regime", "BULL"), ("grade", "A"), ("stars", 5), ("status", "00"))
    one.handle(
        SessionPrepared(
            ts=HOURS.open - 10 * MINUTE,
            session=SESSION,
            instruments=(Instrument(symbol=SYMBOL),),
            base_prices={SYMBOL: 70_000},
            facts=tuple(Fact(name, value, 0, FactSource.ASSUMED) for name, value in known),
        )
    )
    setup = Setup(session=SESSION, instance="never", symbol=SYMBOL, trigger=Above(Fixed(70_000)))
    one.handle(SetupsArmed(HOURS.open - 10 * MINUTE, (setup,)))
    one.handle(PhaseReached(HOURS.open, MarketPhase.OPEN))
    return one


def bars(symbol: str) -> list[BarClosed]:
    """Return bars a fraction of a second apart, all above the level."""
    first = HOURS.open + 30 * MINUTE
    return [
        BarClosed(
            first + n * MINUTE,
            Bar(
                symbol,
                BarKind.MINUTE,
                first + (n - 1) * MINUTE,
                first + n * MINUTE,
                70_000,
                70_500,
                69_900,
                70_100,
                10,
                701_000,
                70_000,
                70_500,
                69_900,
                10 + n,
                701_000,
            ),
        )
        for n in range(EVENTS)
    ]


def proposal() -> Proposal:
    """Return a signal on its way."""
    return Proposal(
        signal_id="s", session=SESSION, ts=HOURS.open, instance="never", symbol=SYMBOL, slot=0, sequence=1,
        purpose=Purpose.ENTRY, risk_per_share=Fraction(2000),
        signal=Signal(trigger_price=70_000, reference=70_000, entry_limit=70_100, chase_cap=70_300,
                      exits=ExitPlan(stop=68_000), position_hint=0.15),
    )  # fmt: skip


def per_second(case: Callable[[], int]) -> float:
    """Return the median rate over several rounds."""
    rates = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        count = case()
        rates.append(count / (time.perf_counter() - started))
    return statistics.median(rates)


def feed(symbol: str) -> int:
    """Feed all bars of a symbol to a fresh engine."""
    one, events = engine(), bars(symbol)
    for event in events:
        one.handle(event)
    return len(events)


def judge(count: int = 5_000) -> int:
    """Judge the same proposal again and again, full trail included."""
    all_stages, one, facts = stages(), proposal(), Facts()
    facts.put(Fact(fact.EQUITY, 100_000_000, 0, FactSource.DERIVED))
    limits = Limits()
    for _ in range(count):
        run(
            one,
            all_stages,
            Context(HOURS.open, HOURS, SYMBOL, (), (), (), {}, facts, LimitsReader(limits), Profile.FLOW),
            1,
        )
    return count


def bare_loop(count: int = 5_000) -> int:
    """Call the nine stages one after the other without any trail."""
    all_stages, one, facts = stages(), proposal(), Facts()
    facts.put(Fact(fact.EQUITY, 100_000_000, 0, FactSource.DERIVED))
    context = Context(HOURS.open, HOURS, SYMBOL, (), (), (), {}, facts, LimitsReader(Limits()), Profile.FLOW)
    for _ in range(count):
        context.begin_stage()
        for stage in all_stages:
            stage.stage.check(one, context)  # type: ignore[arg-type]
    return count


def main() -> None:
    """Print the rates."""
    _machine.print_header(numpy=np.__version__)
    ignored, asked = per_second(lambda: feed(OTHER)), per_second(lambda: feed(SYMBOL))
    judged, bare = per_second(judge), per_second(bare_loop)
    print(f"bars of a symbol that nobody waits for   {ignored:12,.0f} events/s")
    print(f"bars that ask a strategy which says no   {asked:12,.0f} events/s")
    print(f"signals through nine stages, full trail  {judged:12,.0f} signals/s   {1e6 / judged:6.1f} us each")
    print(f"the bare loop of the same nine stages    {bare:12,.0f} signals/s   {1e6 / bare:6.1f} us each")
    print(f"pandas imported: {'yes' if 'pandas' in sys.modules else 'no'}")


if __name__ == "__main__":
    main()
