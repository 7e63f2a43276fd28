"""Make entries to judge: proposals of every purpose and size, in accounts and markets of every kind, from a seed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import msgspec
import numpy as np

from kats_core.market.events import EventDay, EventType, MarketEvent, TradingAction
from kats_core.market.ticks import tick_table
from kats_core.market.vi import ViState
from kats_core.model import fact, time
from kats_core.model.fact import Fact, FactValue
from kats_core.model.kinds import FactSource, Grade, InstrumentKind, Market, Pulse, Purpose, Regime, Scope
from kats_core.model.verdict import Plan, Proposal
from kats_core.risk.contract import Phase, StageContext, StageTraits
from kats_core.testing.context import FrozenContext
from kats_core.testing.holdings import live_sell, position, reservation
from kats_core.testing.moments import HOURS, NOW, SESSION
from kats_core.testing.proposals import proposal

COUNT = 240
DEEP_COUNT = 1_500

SECTORS = ("반도체", "은행", "조선", "바이오")


def _day(*events: MarketEvent) -> str:
    return EventDay(session=SESSION, events=events).as_text()


def _event(kind: EventType, action: TradingAction, extra_cash: float = 0.0) -> MarketEvent:
    return MarketEvent(date=SESSION, type=kind, first=SESSION, last=SESSION, action=action, extra_cash=extra_cash)


USUAL: Mapping[str, FactValue] = {
    fact.REGIME: Regime.BULL.value,
    fact.PULSE: Pulse.UPTREND.value,
    fact.GRADE: Grade.B.value,
    fact.STARS: 4,
    fact.SECTOR: SECTORS[0],
    fact.STATUS: "00",
    fact.MARKET: Market.KOSPI.value,
    fact.MARKET_CAP: 5_000_000_000_000,
    fact.RANK: 40,
    fact.RS: 85.0,
    fact.EQUITY: 100_000_000,
    fact.EQUITY_DAY: 100_000_000,
    fact.EQUITY_MONTH: 100_000_000,
    fact.EQUITY_PEAK: 100_000_000,
    fact.CASH_FLOW: 0,
    fact.REALISED_MONTH: 0,
    fact.ORDERABLE_CASH: 60_000_000,
    fact.SPREAD: 0.001,
    fact.BID: 38_700,
    fact.INDEX_CLOSE: 2_700.0,
    fact.INDEX_CHANGE: 0.002,
    fact.INDEX_MA200: 2_500.0,
    fact.INDEX_MA199: 2_500.0,
    fact.VI_STATE: ViState.NORMAL.value,
    fact.VI_REFERENCE: 38_000,
    fact.VI_LOWER: 34_200,
    fact.VI_UPPER: 41_800,
    fact.VI_UNTIL: NOW + 2 * time.MINUTE,
    fact.EVENTS: _day(),
    fact.EXCHANGE_OPEN: True,
}
"""An ordinary day of an account without losses: every input that the core knows by name."""

ALSO: Mapping[str, Sequence[FactValue]] = {
    fact.REGIME: [regime.value for regime in Regime],
    fact.PULSE: [pulse.value for pulse in Pulse],
    fact.GRADE: [grade.value for grade in Grade],
    fact.STARS: [1, 2, 3, 4, 5],
    fact.SECTOR: SECTORS,
    fact.STATUS: ["00", "51", "58"],
    fact.MARKET: [market.value for market in Market],
    fact.MARKET_CAP: [20_000_000_000, 5_000_000_000_000, 400_000_000_000_000],
    fact.RANK: [1, 40, 900],
    fact.RS: [5.0, 50.0, 99.0],
    fact.EQUITY: [3_000_000, 97_500_000, 100_000_000, 140_000_000],
    fact.EQUITY_DAY: [100_000_000, 104_000_000],
    fact.EQUITY_MONTH: [100_000_000, 106_500_000],
    fact.EQUITY_PEAK: [100_000_000, 130_000_000],
    fact.CASH_FLOW: [-5_000_000, 0, 5_000_000],
    fact.REALISED_MONTH: [-7_000_000, -3_000_000, 0, 4_000_000],
    fact.ORDERABLE_CASH: [0, 400_000, 5_000_000, 60_000_000],
    fact.SPREAD: [0.0005, 0.004, 0.02],
    fact.BID: [0, 30_000, 38_700],
    fact.INDEX_CHANGE: [-0.04, -0.01, 0.002],
    fact.INDEX_CLOSE: [2_000.0, 2_700.0],
    fact.VI_STATE: [state.value for state in ViState],
    fact.VI_UPPER: [38_800, 41_800],
    fact.EVENTS: [
        _day(),
        _day(_event(EventType.CUSTOM, TradingAction.REDUCE, 0.05)),
        _day(_event(EventType.CUSTOM, TradingAction.HALT)),
    ],
    fact.EXCHANGE_OPEN: [True, False],
}
"""What such an input may also be; anything not listed varies little or not at all."""


@dataclass(frozen=True, slots=True)
class Case:
    """One entry in one account at one moment."""

    number: int
    proposal: Proposal
    context: FrozenContext

    def __str__(self) -> str:
        p = self.proposal
        asked = "?" if p.quantity is None else f"{p.quantity:,}"
        facts = self.context.facts
        inputs = " ".join(str(facts.get(name, "-")) for name in (fact.REGIME, fact.GRADE, fact.STARS))
        return f"#{self.number} {p.purpose} {asked} @ {p.entry_limit:,}, stop {p.stop:,}, {inputs}"

    def with_fact(self, name: str, value: Fact | FactValue) -> Case:
        """Return the case with one input changed; None: missing."""
        return replace(self, context=replace(self.context, facts={**self.context.facts, name: value}))


def cases(traits: StageTraits, count: int = COUNT) -> list[Case]:
    """Return seeded cases; the first third are of an ordinary day."""
    chance = np.random.default_rng(20_260_304)
    return [_case(number, traits, chance, is_usual=number < count // 3) for number in range(count)]


class Reading:
    """A context that notes which inputs are read."""

    def __init__(self, context: FrozenContext) -> None:
        self._context = context
        self.read: dict[str, None] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def fact(self, name: str) -> Fact:
        """Return the fact and note its name."""
        self.read[name] = None
        return self._context.fact(name)


def reading(case: Case) -> tuple[StageContext, Reading]:
    """Return a case's context, and the same object as the one that knows what was read."""
    noted = Reading(case.context)
    return cast(StageContext, noted), noted


def not_a_number(name: str) -> Fact:
    """Return what a broken provider might bring: a fact whose value is NaN, which `Fact` itself refuses."""
    broken = Fact(name, 0.0, NOW, FactSource.DERIVED)
    msgspec.structs.force_setattr(broken, "value", float("nan"))
    return broken


def _case(number: int, traits: StageTraits, chance: np.random.Generator, *, is_usual: bool) -> Case:
    def pick(values: Sequence[Any]) -> Any:
        return values[int(chance.integers(len(values)))]

    purposes = sorted(traits.applies_to, key=str)
    price = _on_tick(38_750 if is_usual else int(chance.integers(1_000, 400_000)))
    stop = _on_tick(int(price * (1 - float(chance.uniform(0.01, 0.08 if is_usual else 0.2)))))
    quantity = int(chance.integers(10, 400)) if is_usual else int(chance.integers(1, 20_000))
    purpose = Purpose.ENTRY if is_usual and Purpose.ENTRY in purposes else pick(purposes)
    is_sizing = traits.phase is Phase.SIZE
    asked = None if is_sizing and purpose is Purpose.ENTRY and chance.random() < 0.7 else quantity
    entry = proposal(
        price=price,
        stop=stop,
        quantity=asked,
        purpose=purpose,
        position_hint=pick((0.05, 0.15, 0.3)),
        pyramids=bool(chance.random() < 0.3),
        plan=None if is_sizing else Plan(max(quantity, 1), 0.01),
        instance=pick(("test", "other")),
    )
    facts: dict[str, Fact | FactValue] = dict(USUAL)
    if not is_usual:
        for name, values in ALSO.items():
            if chance.random() < 0.25:
                facts[name] = pick(values)
            elif chance.random() < 0.03:
                facts[name] = None
    return Case(number, entry, _account(facts, chance, pick, is_usual=is_usual))


def _account(
    facts: Mapping[str, Fact | FactValue],
    chance: np.random.Generator,
    pick: Callable[[Sequence[Any]], Any],
    *,
    is_usual: bool,
) -> FrozenContext:
    """Return an account that holds nothing, or something of everything."""
    if is_usual:
        return FrozenContext(facts=facts)
    held = [
        position(
            symbol="005930" if n == 0 and chance.random() < 0.3 else f"00010{n}",
            quantity=int(chance.integers(1, 800)),
            instance=pick(("test", "other", "third")),
            grade=pick(("A", "B", "C")),
            sector=pick(SECTORS),
        )
        for n in range(int(chance.integers(0, 5)))
    ]
    ordered = [
        reservation(symbol=f"00020{n}", quantity=int(chance.integers(1, 500)), order_id=10 + n, sector=pick(SECTORS))
        for n in range(int(chance.integers(0, 3)))
    ]
    selling = []
    if held and chance.random() < 0.2:
        selling.append(live_sell(symbol=held[0].symbol, instance=held[0].instance, quantity=held[0].quantity))
    now = HOURS.at(pick((dt.time(9, 20), dt.time(10, 0), dt.time(14, 10))))
    return FrozenContext(facts=facts, positions=held, reservations=ordered, open_orders=selling, now=now)


def _on_tick(price: int) -> int:
    return tick_table(SESSION, Market.KOSPI, InstrumentKind.STOCK, Scope.RAW).rdn(max(price, 1_000))
