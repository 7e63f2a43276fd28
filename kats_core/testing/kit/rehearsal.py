"""Let a strategy trade on its own in the real engine, and look over its shoulder at every `confirm` and `manage`.

The account is large, one stage gives each entry a few shares, the market is one in which the strategy is on. What it answers
is noted; so the same sessions with another future can be compared answer by answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from msgspec import structs

from kats_core.engine.engine import Engine
from kats_core.engine.pipeline import StageInstance
from kats_core.engine.state import EngineConfig, StrategyInstance
from kats_core.engine.view import BarView
from kats_core.market.calendar import krx_calendar
from kats_core.market.conditions import market_conditions
from kats_core.market.exact import floor_times, to_fraction
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.market.pulse import PulseParams
from kats_core.market.regime import RegimeParams
from kats_core.model import fact, ids, time
from kats_core.model.bar import Bar
from kats_core.model.fact import Fact, missing
from kats_core.model.kinds import BarKind, Category, FactSource, Pulse, Purpose
from kats_core.model.labels import Code, Labelled
from kats_core.model.position import Position
from kats_core.model.setup import Setup
from kats_core.model.signal import Exit, Never, NotYet, RaiseStop, Signal
from kats_core.model.time import Nanos
from kats_core.model.verdict import Plan, Proposal, Verdict, approve
from kats_core.orders.broker import BrokerAccount
from kats_core.orders.gate_config import GateConfig
from kats_core.risk.contract import Phase, StageContext, StageTraits
from kats_core.risk.limits import Limits
from kats_core.runtime.days import DayPlayer, Market
from kats_core.runtime.inputs import Approximated, Delivered, Given, Inputs, Listed, MarketState, Provider
from kats_core.runtime.paper import PaperBroker, PaperParams
from kats_core.runtime.pump import Pump
from kats_core.strategy.contract import ManagingStrategy, Setups, Strategy, View
from kats_core.testing.kit import markets
from kats_core.testing.kit.arms import ArmError, arm, declared, difference, focus
from kats_core.testing.kit.findings import Report
from kats_core.testing.kit.subject import Subject, told, where
from kats_core.testing.kit.wording import Sentence

CAPITAL = 10_000_000_000
SHARES = 30
DAYS = 40
MINUTE_SESSIONS = 2
_WIDEST_STOP = to_fraction(0.10)


@dataclass(frozen=True, slots=True)
class Answered:
    """One question to the strategy with its answer, in words that can be compared and read."""

    now: Nanos
    call: str
    symbol: str
    answer: str


@dataclass(slots=True)
class Spy:
    """Stands between engine and strategy: notes each answer, and asks a little more than the engine would."""

    inner: Strategy
    subject: Subject
    report: Report
    is_curious: bool
    log: list[Answered] = field(default_factory=list)

    def arm(self, panel: Panel) -> Setups:
        """Pass on."""
        return self.inner.arm(panel)

    def confirm(self, view: View, setup: Setup) -> Any:
        """Pass on and note the answer; look closer where asked to."""
        numbers = dict(setup.numbers)
        answer = self._asked("confirm", lambda: self.inner.confirm(view, setup))
        self.log.append(Answered(view.now, "confirm", setup.symbol, _in_words(answer)))
        if self.is_curious:
            if setup.numbers != numbers:
                self.report.fail(Sentence.MUTATED, call="confirm", what="setup.numbers")
            self._again("confirm", setup.symbol, view, answer, lambda: self.inner.confirm(view, setup))
            self._judge(view, setup, answer)
        return answer

    def _asked(self, call: str, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except Exception as error:
            self.report.fail(Sentence.ASKED_RAISED, call=call, error=told(error), where=where(error))
            raise

    def _again(self, call: str, symbol: str, view: View, answer: Any, ask: Callable[[], Any]) -> None:
        again = self._asked(call, ask)
        if again != answer:
            self.report.fail(
                Sentence.NOT_THE_SAME_AGAIN,
                call=call,
                day=clock(view.now),
                symbol=symbol,
                first=_in_words(answer),
                second=_in_words(again),
            )

    def _judge(self, view: View, setup: Setup, answer: Any) -> None:
        if isinstance(answer, (NotYet, Never)):
            self._declared("confirm", answer.code)
        if not isinstance(view, BarView):
            return
        for other in _other_ends(view):
            changed = self._asked("confirm", lambda other=other: self.inner.confirm(other, setup))  # type: ignore[misc]
            if changed != answer:
                self._tell_end(view, setup, answer, changed)
                return
        if isinstance(answer, Signal):
            for problem in _wrong_with(answer, view):
                self.report.fail(Sentence.SIGNAL_WRONG, symbol=setup.symbol, now=clock(view.now), problem=problem)
            self._blindfold(view, setup)

    def _tell_end(self, view: BarView, setup: Setup, answer: Any, changed: Any) -> None:
        self.report.fail(
            Sentence.AHEAD_BAR,
            symbol=setup.symbol,
            day=view.hours.session,
            first=_in_words(answer),
            second=_in_words(changed),
        )

    def _blindfold(self, view: BarView, setup: Setup) -> None:
        """Take away each input that was read before a signal."""
        for name in dict.fromkeys(one.name for one in view.read):
            blind = replace(view, facts=view.facts.with_also([missing(name, setup.symbol)]), read=[])
            if isinstance(self._asked("confirm", lambda blind=blind: self.inner.confirm(blind, setup)), Signal):  # type: ignore[misc]
                self.report.hint(Sentence.CONFIRM_MISSING, fact=name)

    def _declared(self, call: str, code: object) -> None:
        if not isinstance(code, Code) or not declared(code, self.subject.descriptor.codes):
            self.report.fail(Sentence.ASKED_UNDECLARED, call=call, code=code, enum=type(code).__name__)


class ManagingSpy(Spy):
    """A spy on a strategy that also looks after its positions."""

    def manage(self, view: View, position: Position) -> Any:
        """Pass on and note the answer."""
        inner: Any = self.inner
        answer = self._asked("manage", lambda: inner.manage(view, position))
        self.log.append(Answered(view.now, "manage", position.symbol, _in_words(answer)))
        if self.is_curious:
            self._again("manage", position.symbol, view, answer, lambda: inner.manage(view, position))
            if isinstance(answer, Exit):
                self._declared("manage", answer.code)
        return answer


class Silence(Labelled):
    """No answer where there was one."""

    NOTHING = "nothing", "그 질문이 없음", "was not asked"


@dataclass(slots=True)
class FewShares:
    """Gives every entry the same few shares."""

    def check(self, proposal: Proposal, context: StageContext) -> Verdict:
        """Approve."""
        asked = SHARES if proposal.quantity is None else min(SHARES, proposal.quantity)
        return approve(asked, plan=Plan(asked, 0.001))


@dataclass(frozen=True, slots=True)
class IndexMoved:
    """The market's index stands away from its last close, from the open on."""

    change: float

    def of_session(self, session: dt.date, at: Nanos) -> Sequence[Fact]:
        """Return the change as of the open."""
        return [Fact(fact.INDEX_CHANGE, self.change, krx_calendar().hours(session).open, FactSource.ASSUMED)]


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is rehearsed: sessions of daily bars, or one session of minute bars."""

    days: tuple[dt.date, ...] = ()
    minutes: MinuteBars | None = None


def stretches(subject: Subject, report: Report) -> list[Stretch]:
    """Return where the strategy arms most, on the bars that it can trade on; raises `ArmError`."""
    panel, setups = focus(subject, report)
    needed = subject.descriptor.traits.bars_needed
    common = panel.present & panel.traded_recently & (panel.own_bars >= needed)
    armed = (setups.armed & common).any(axis=1).astype(int)
    found = []
    if not subject.descriptor.traits.needs_minute_bars:
        found.append(Stretch(days=_busiest(panel, armed)))
    source = markets.source_for(subject)
    have = set(source.minute_sessions())
    last = len(panel.sessions) - 1
    rows = [t for t in np.flatnonzero(armed[:last])[::-1].tolist() if panel.sessions[t + 1] in have]
    step = max(1, len(rows) // MINUTE_SESSIONS)
    chosen = rows[::step][:MINUTE_SESSIONS]
    return [*found, *(Stretch(minutes=source.minutes(panel.sessions[t + 1])) for t in chosen)]


def rehearse(
    subject: Subject, panel: Panel, stretch: Stretch, report: Report, *, is_curious: bool = False
) -> list[Answered]:
    """Return what the strategy answered, built anew and played over a stretch."""
    strategy: Strategy = subject.build()
    kind = ManagingSpy if isinstance(strategy, ManagingStrategy) else Spy
    spy = kind(strategy, subject, report, is_curious)
    params, traits = subject.parameters(), subject.descriptor.traits
    instance = StrategyInstance(subject.name, subject.name, spy, traits, params.model_copy(update={"enabled": True}))
    player = _player(subject, panel, instance)
    for day in stretch.days:
        player.play_day_bars(day)
    if stretch.minutes is not None:
        player.play_minutes(stretch.minutes)
    return spy.log


def clock(now: Nanos) -> str:
    """Return an instant as people read it."""
    return f"{time.to_datetime(now):%Y-%m-%d %H:%M}"


# Checks


def trades(subject: Subject, report: Report) -> None:
    """Rehearse: every answer is proper, the same when asked again, and knows nothing of how the bar ends."""
    try:
        parts = stretches(subject, report)
        panel, _ = focus(subject, report)
    except ArmError:
        return
    logs = [one for part in parts for one in rehearse(subject, panel, part, report, is_curious=True)]
    signals = sum(one.answer.startswith("Signal") for one in logs)
    managed = sum(one.call == "manage" for one in logs)
    report.saw(
        Sentence.REHEARSED,
        days=sum(len(part.days) for part in parts),
        minutes=sum(part.minutes is not None for part in parts),
        asked=len(logs) - managed,
        signals=signals,
        managed=managed,
    )
    if not signals:
        report.hint(Sentence.NOTHING_SIGNALLED)


def decides_blindly(subject: Subject, report: Report, *, is_deep: bool = False) -> None:
    """Rehearse again with another future behind each cut; what was answered before it must stay as it was."""
    try:
        parts = stretches(subject, report)
        panel, _ = focus(subject, report)
    except ArmError:
        return
    compared = cuts = 0
    for part in parts:
        known = rehearse(subject, panel, part, Report())
        for at, changed_panel, changed in _futures(panel, part, 6 if is_deep else 2):
            cuts += 1
            expected = [one for one in known if one.now <= at]
            found = [one for one in rehearse(subject, changed_panel, changed, Report()) if one.now <= at]
            compared += len(expected)
            if expected != found:
                if _arms_otherwise(subject, panel, changed_panel, at, report):
                    report.skip(Sentence.AHEAD_ARM_FIRST)
                    return
                _tell(expected, found, at, report)
                return
    report.saw(Sentence.AHEAD_ASKED_SEEN, cuts=cuts, answers=compared)


def _arms_otherwise(subject: Subject, panel: Panel, changed: Panel, at: Nanos, report: Report) -> bool:
    """Tell whether `arm` itself answers otherwise before the cut: then what follows from it is no finding of its own."""
    rows = sum(1 for session in panel.sessions if krx_calendar().hours(session).open < at) - 1
    _, known = focus(subject, report)
    other = arm(subject.build(), changed, markets.Future.OTHER, Report())
    return difference(known, other, rows) is not None


def _tell(expected: Sequence[Answered], found: Sequence[Answered], at: Nanos, report: Report) -> None:
    nothing = Answered(at, "confirm", "-", "-")
    longest = max(len(expected), len(found))
    pairs = zip(
        (*expected, *[nothing] * (longest - len(expected))), (*found, *[nothing] * (longest - len(found))), strict=True
    )
    first, second = next(pair for pair in pairs if pair[0] != pair[1])
    asked = first if first is not nothing else second
    report.fail(
        Sentence.AHEAD_ASKED,
        call=asked.call,
        symbol=asked.symbol,
        now=clock(asked.now),
        at=clock(at),
        first=first.answer,
        second=second.answer if (second.symbol, second.now) == (first.symbol, first.now) else Silence.NOTHING,
    )


def _futures(panel: Panel, part: Stretch, count: int) -> Iterator[tuple[Nanos, Panel, Stretch]]:
    """Yield cuts: the instant up to which answers must stay, and the same stretch with another future behind it."""
    calendar, chance = krx_calendar(), np.random.default_rng(markets.SEED)
    if part.minutes is not None:
        hours = calendar.hours(part.minutes.session)
        before = panel.row[part.minutes.session] - 1
        for _ in range(count):
            at = hours.open + int(chance.integers(45, 330)) * time.MINUTE
            yield (
                at,
                markets.with_future(panel, before, markets.Future.OTHER),
                Stretch(minutes=other_minutes(part.minutes, at)),
            )
        return
    for _ in range(count):
        n = int(chance.integers(len(part.days) // 3, len(part.days)))
        t = panel.row[part.days[n]] - 1
        at = calendar.hours(part.days[n]).open - 1
        yield at, markets.with_future(panel, t, markets.Future.OTHER), Stretch(days=part.days[:n])


def other_minutes(bars: MinuteBars, at: Nanos) -> MinuteBars:
    """Return the session with each symbol's bars from an instant on backwards in time."""
    order = np.arange(len(bars))
    for rows in bars.rows_of:
        later = rows[(bars.start[rows] >= at) & ~bars.is_auction[rows]]
        order[later] = later[::-1]
    names = (*markets.PRICES, "volume", "value")
    changes: dict[str, Any] = {name: getattr(bars, name)[order] for name in names}
    return replace(bars, **changes)


def _busiest(panel: Panel, armed: Any) -> tuple[dt.date, ...]:
    """Return the consecutive sessions before which most was armed."""
    last = len(panel.sessions) - 1
    span = min(DAYS, last)
    sums = np.convolve(armed[:last], np.ones(span, dtype=int), "valid")
    start = int(np.argmax(sums[::-1]))
    start = len(sums) - 1 - start
    return panel.sessions[start + 1 : start + 1 + span]


def _player(subject: Subject, panel: Panel, instance: StrategyInstance) -> DayPlayer:
    limits = Limits()
    engine = Engine(
        EngineConfig(
            run_id=ids.run_id("rehearsal", subject.name),
            capital=CAPITAL,
            strategies=(instance,),
            stages=(StageInstance("few-shares", "few-shares", FewShares(), _sizing()),),
            limits=limits,
            gate=GateConfig(),
            calendar=krx_calendar(),
            scope=panel.scope,
        )
    )
    account = BrokerAccount(capital=CAPITAL, commission=to_fraction(limits.commission), scope=panel.scope)
    instruments = {one.symbol: one for one in panel.instruments}
    market = Market(
        panel=panel,
        instruments=instruments,
        calendar=krx_calendar(),
        scope=panel.scope,
        inputs=_inputs(subject, panel),
        side_limit=len(panel.symbols),
    )
    pump = Pump(engine, PaperBroker(PaperParams(), account), lambda _: None, lambda _: None)
    return DayPlayer(
        engine=engine, pump=pump, market=market, strategies=(instance,), keep=lambda _: None, explain_all=False
    )


def _inputs(subject: Subject, panel: Panel) -> Inputs:
    """Return inputs with which the strategy is on; the rest as source, index and list tell it."""
    traits = subject.descriptor.traits
    given: Mapping[str, Any] = {
        fact.REGIME: min(traits.regimes).value,
        fact.GRADE: min(traits.grades).value,
        fact.PULSE: Pulse.UPTREND.value,
        fact.STARS: 5,
        fact.STATUS: "00",
        fact.RS: 90.0,
        fact.RANK: 20,
        fact.SPREAD: 0.001,
    }
    facts = tuple(Fact(name, value, 0, FactSource.ASSUMED) for name, value in given.items())
    moved = IndexMoved(-0.01 if traits.category is Category.BEAR else 0.005)
    providers: list[Provider] = [Given(facts), moved, Delivered(markets.source_for(subject))]
    conditions = market_conditions(
        panel.indices, panel, krx_calendar(), panel.sessions[-1], RegimeParams(), PulseParams()
    )
    if conditions is not None:
        providers.append(MarketState(conditions, krx_calendar()))
    return Inputs(panel.symbols, (*providers, Listed(panel), Approximated()))


def _sizing() -> StageTraits:
    return StageTraits(phase=Phase.SIZE, applies_to=frozenset(Purpose) - {Purpose.EXIT})


def _other_ends(view: BarView) -> Iterator[BarView]:
    """Yield the same moment of daily bars that end otherwise: at the low on much volume, and higher than ever."""
    bar = view.seen
    if bar.kind is not BarKind.DAY or view.is_at_close:
        return
    highest = max(bar.open, view.level or 0)
    for high, close, volume in (
        (highest, bar.low, 7 * bar.volume),
        (bar.high + max(1, bar.high // 20),) * 2 + (bar.volume,),
    ):
        yield replace(view, seen=_ending(bar, high, close, volume), read=[])


def _ending(bar: Bar, high: int, close: int, volume: int) -> Bar:
    return structs.replace(
        bar, high=high, close=close, volume=volume, value=close * volume, day_high=high, day_volume=volume,
        day_value=close * volume,
    )  # fmt: skip


def _wrong_with(signal: Signal, view: BarView) -> Iterator[str]:
    """Yield what makes a signal one that cannot be ordered."""
    stop = signal.exits.stop
    prices = {
        "trigger_price": signal.trigger_price,
        "reference": signal.reference,
        "entry_limit": signal.entry_limit,
        "chase_cap": signal.chase_cap,
        "stop": stop,
    }
    for name, price in prices.items():
        if not view.ticks.is_on_tick(price):
            yield f"{name} {price:,} is not on a tick (view.ticks.rup, rdn)"
    if not stop < signal.entry_limit:
        yield f"stop {stop:,} is not below entry_limit {signal.entry_limit:,}"
    elif signal.entry_limit - stop > floor_times(signal.entry_limit, _WIDEST_STOP):
        yield f"stop {stop:,} is more than 10 % below entry_limit {signal.entry_limit:,}; Never(CoreCode.STOP_TOO_WIDE)"


def _in_words(answer: object) -> str:
    match answer:
        case Signal():
            exits = answer.exits
            return (
                f"Signal(limit {answer.entry_limit}, cap {answer.chase_cap}, stop {exits.stop}, "
                f"targets {[(str(t.kind), t.value) for t in exits.targets]}, {exits.time_exit}, {answer.numbers})"
            )
        case NotYet(code) | Never(code) | Exit(code):
            return f"{type(answer).__name__}({code})"
        case RaiseStop(price):
            return f"RaiseStop({price})"
    return repr(answer)
