"""A broker that answers late, early, twice or not at all, against an engine that must keep its books in any order of events.

The process behind it may be stopped between any two events, and its configuration changed. A twin that is never stopped hears
the same events: what is asked for after a restart must be what the twin asks for.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import kats_risk_daily_kill_switch
import kats_risk_drawdown_protocol
from kats_core.engine.memory import decode, encode
from kats_core.engine.pipeline import StageInstance
from kats_core.exits.in_bar import BarPath
from kats_core.market.calendar import krx_calendar
from kats_core.model import fact, time
from kats_core.model.command import Cancel, Command, Persist, Send
from kats_core.model.event import (
    BarClosed,
    CancelRefused,
    ConfigChanged,
    DailyTail,
    Event,
    FactsChanged,
    FlattenOrdered,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderLost,
    OrderNotFound,
    OrderNotSent,
    OrderRefused,
    PhaseReached,
    ResumeOrdered,
    Rules,
    SessionPrepared,
    SetupsArmed,
    StageSpec,
    StateOrdered,
    TimePassed,
)
from kats_core.model.fact import Fact, FactValue
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import FactSource, MarketPhase, OrderState, Purpose, Side, Style, TradingState
from kats_core.model.order import TERMINAL, Order
from kats_core.model.record import FillRecord, OrderEventRecord, Record, TradeRecord
from kats_core.model.scope import TradingScope
from kats_core.model.signal import (
    Exit,
    Portion,
    RaiseStop,
    SellSignal,
    Target,
    TargetKind,
    TimeExit,
    TimeExitKind,
    Trail,
    TrailMethod,
)
from kats_core.model.verdict import Plan, Proposal, Verdict, approve
from kats_core.model.wire import decode_record, encode_record
from kats_core.orders.gate_config import GateConfig
from kats_core.risk.contract import CancelEntries, EquityMarked, Flatten, Phase, StageContext, StageEvent
from kats_core.risk.limits import Limits
from kats_core.strategy.params import StrategyParams

if TYPE_CHECKING:
    from conftest import Desk, House

CAPITAL = 20_000_000
SYMBOLS = ("000660", "005930")
KILL_SWITCH = "daily-kill-switch"
REAL = {
    plugin.name: plugin
    for plugin in (
        kats_risk_drawdown_protocol.kats_register_risk_stages(),
        kats_risk_daily_kill_switch.kats_register_risk_stages(),
    )
}
"""The stages that keep a state."""

TRAILS = (None, *(Trail(m, None if Trail(m).value is None else float(Trail(m).value or 0)) for m in TrailMethod))
PRICES = st.sampled_from(range(24_000, 27_001, 50))


class Told:
    """What the broker of this test knows of one order."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.left = order.quantity
        self.is_accepted = False
        self.has_ended = False
        self.is_lost = False
        self.asked_to_cancel = 0


class Exchange(RuleBasedStateMachine):
    """Random bars and a random broker; the engine's commands are kept, its account is replayed from its records."""

    house: type[House]

    @initialize(
        path=st.sampled_from(BarPath),
        steps=st.integers(0, 2),
        quantity=st.sampled_from([1, 2, 7, 100, 200]),
        clock=st.sampled_from([None, TimeExit(TimeExitKind.MINUTES, 3), TimeExit(TimeExitKind.CLOCK, dt.time(15, 15))]),
        mood=st.integers(0, 4),
        trail=st.sampled_from(TRAILS),
        is_strict=st.booleans(),
    )
    def build(
        self,
        path: BarPath,
        steps: int,
        quantity: int,
        clock: TimeExit | None,
        mood: int,
        trail: Trail | None,
        is_strict: bool,
    ) -> None:
        """Build an engine with three strategies, of which one manages and one pyramids, and a stage that flattens at times."""
        house = self.house
        plan: dict[str, Any] = {
            "cap": 0,
            "stop": 98,
            "targets": (Target(TargetKind.FRACTION, 0.01), Target(TargetKind.R, 2.0, Portion.ALL))[:steps],
            "time_exit": clock,
        }
        answers: list[Any] = [None, RaiseStop(1), RaiseStop(25_000), Exit(house.OwnCode.TIRED), "sell", 5]
        manager = house.Manager(managing=lambda view, p: answers[(view.now // time.MINUTE + mood) % 6], **plan)

        def hearing(event: StageEvent) -> list[Any]:
            if not isinstance(event, EquityMarked) or event.equity % 7 != mood:
                return []
            return [CancelEntries(house.OwnCode.NO), Flatten(house.OwnCode.TIRED, Style.DAY if mood % 2 else None)]

        def sizing(proposal: Proposal, _: StageContext) -> Verdict:
            asked = proposal.quantity
            if asked is None:
                asked = max(1, quantity // 2) if proposal.pyramids else quantity
            return approve(asked, plan=Plan(quantity, 0.02))

        far = tuple(Target(TargetKind.FRACTION, 0.1) for _ in range(steps))
        wins = plan | {"targets": far, "stop": 92, "trail": trail, "flags": frozenset(SellSignal), "pivot": 25_400}
        params = StrategyParams(max_entries_per_symbol=5)

        def build_stage(spec: StageSpec) -> StageInstance:
            stage: StageInstance
            match spec.plugin:
                case "size":
                    stage = house.stage(house.Answer(answering=sizing), "size", Phase.SIZE)
                case "mood":
                    stage = house.stage(house.Listener(hearing=hearing), "mood")
                case _:
                    plugin = REAL[spec.plugin]
                    built = plugin.build(plugin.params.model_validate_json(spec.params))
                    stage = StageInstance(plugin.name, plugin.name, built, plugin.traits)
            stage.spec = spec
            return stage

        def make(rules: Rules) -> Desk:
            return house.Desk(
                strategies=(
                    house.instance(house.Buyer(**plan), "buyer", params=params, ttl_s=60),
                    house.instance(manager, "manager", params=params, ttl_s=120, manage_every_min=1),
                    house.instance(house.Buyer(**wins), "winner", params=params, pyramids=True, style=Style.SWING),
                ),
                stages=tuple(map(build_stage, rules.stages)),
                capital=CAPITAL,
                path=path,
                limits=Limits.model_validate_json(rules.limits),
                gate=GateConfig.model_validate_json(rules.gate),
                build_stage=build_stage,
            )

        self.names = ("size", *(REAL if is_strict else ()), "mood")
        self.make = make
        self.desk = make(self.house_rules())
        self.engine = self.desk.engine
        self.twin = make(self.house_rules()).engine
        self.records: list[Record] = []
        self.orders: dict[int, Told] = {}
        self.states: dict[int, OrderState] = {}
        self.stops: dict[tuple[str, str, int], tuple[str, int]] = {}
        self.now = self.events = 0
        self.last = dict.fromkeys(SYMBOLS, 25_400)
        self.day_bars: dict[str, Any] = {}
        self.begin()

    def house_rules(self, *, exposure: float = 0.8, loss: float = 0.03) -> Rules:
        """Return rules as a configuration says them."""
        changed = {KILL_SWITCH: REAL[KILL_SWITCH].params(daily_loss_limit=loss).model_dump_json()}
        return Rules(
            Limits(min_order_krw=10_000, max_exposure=exposure).model_dump_json(),
            GateConfig(max_order_frac=0.3, max_order_krw=CAPITAL).model_dump_json(),
            tuple(StageSpec(name, name, changed.get(name, "{}")) for name in self.names),
        )

    def begin(self) -> None:
        """Prepare the session and open it."""
        desk = self.desk
        desk._days.clear()
        hours = desk.hours
        self.now = hours.at(dt.time(8, 50))
        instruments = tuple(Instrument(symbol=s) for s in SYMBOLS)
        facts = self.house.assumed(None, self.now)
        if desk.session.day % 2:
            # Both go ex; the stops of what is held are lowered.
            facts += tuple(Fact(fact.DIVIDEND, 300, self.now, FactSource.FILE, symbol) for symbol in SYMBOLS)
            self.stops.clear()
        opens = {symbol: price - 250 for symbol, price in self.last.items()}
        facts += tuple(Fact(fact.EXPECTED_OPEN, price, self.now, FactSource.FEED, s) for s, price in opens.items())
        tails = tuple(
            DailyTail(symbol, (), (price,) * 60, (price,) * 60, (price,) * 60, (price,) * 60, (9_000,) * 60)
            for symbol, price in self.last.items()
        )
        self.feed(
            SessionPrepared(
                ts=self.now,
                session=desk.session,
                instruments=instruments,
                base_prices=dict(self.last),
                facts=facts,
                tails=tails,
            )
        )
        setups = tuple(
            self.house.setup(self.last[symbol], instance=name, symbol=symbol, session=desk.session)
            for name in ("buyer", "manager", "winner")
            for symbol in SYMBOLS
        )
        self.feed(SetupsArmed(self.now, setups))
        self.now = hours.open
        self.feed(PhaseReached(self.now, MarketPhase.OPEN))

    def feed(self, event: Event) -> None:
        """Let the engine handle an event and take its commands; the broker answers when a rule says so."""
        self.events += 1
        commands: list[Command] = self.engine.handle(event)
        assert commands == self.twin.handle(event), "a restart changes nothing"
        for command in commands:
            match command:
                case Persist(record):
                    self.records.append(record)
                case Send(_, order):
                    self.check_sent(order)
                    self.orders[order.order_id] = Told(order)
                case Cancel(_, order_id):
                    assert self.orders[order_id].is_accepted, "nothing is cancelled that the broker does not know"
                    self.orders[order_id].asked_to_cancel += 1

    def check_sent(self, order: Order) -> None:
        """No entry goes out for a symbol with an unresolved order."""
        assert order.quantity > 0
        if order.purpose is Purpose.PYRAMID:
            (held,) = (p for p in self.engine.positions if p.key == order.key)
            assert order.limit is not None
            assert order.limit > held.average, "nothing is averaged down"
            assert held.reached == 0
        if order.side is Side.BUY:
            unknown = [o for o in self.engine.live_orders if o.state is OrderState.UNKNOWN and o.symbol == order.symbol]
            assert unknown == []
            state = self.engine._state
            assert state.reservations.cash <= self.engine.cash, "cash is never promised twice"
            invested = state.portfolio.market_value + state.reservations.notional
            assert invested <= self.engine.equity * state.config.limits.max_exposure + 1

    def living(self) -> list[Told]:
        return [told for told in self.orders.values() if not told.has_ended]

    def pick(self, data: Any, several: list[Told]) -> Told:
        return data.draw(st.sampled_from(several))  # type: ignore[no-any-return]

    @rule(
        several=st.lists(
            st.tuples(st.sampled_from(SYMBOLS), st.lists(PRICES, min_size=4, max_size=4), st.integers(1, 3)),
            min_size=1,
            max_size=4,
        )
    )
    def bars(self, several: list[tuple[str, list[int], int]]) -> None:
        """Minutes trade."""
        for symbol, prices, minutes in several:
            self.bar(symbol, prices, minutes)

    def bar(self, symbol: str, prices: list[int], minutes: int) -> None:
        hours = self.desk.hours
        start = max(self.now, hours.open + 30 * time.MINUTE) // time.MINUTE * time.MINUTE + minutes * time.MINUTE
        if start + time.MINUTE > hours.eod_check:
            return
        o, c = prices[0], prices[-1]
        event = self.desk.bar_event(_clock(start), (o, max(prices), min(prices), c), 10_000, symbol=symbol)
        assert isinstance(event, BarClosed)
        self.now, self.last[symbol] = event.ts, c
        self.feed(event)

    @rule(symbol=st.sampled_from(SYMBOLS), price=st.sampled_from(range(26_100, 26_401, 50)))
    def rise(self, symbol: str, price: int) -> None:
        """A price at which a winner is added to."""
        self.bar(symbol, [price] * 4, 1)

    @precondition(lambda self: any(t.order.side is Side.BUY and not t.is_accepted for t in self.living()))
    @rule(data=st.data())
    def bought_whole(self, data: Any) -> None:
        """An entry is taken and filled in one go."""
        told = self.pick(data, [t for t in self.living() if t.order.side is Side.BUY and not t.is_accepted])
        left, told.left, told.is_accepted, told.is_lost, told.has_ended = told.left, 0, True, False, True
        self.feed(OrderAccepted(self.now, told.order.order_id, "1"))
        if left:
            self.feed(OrderFilled(self.now, told.order.order_id, told.order.limit or 25_400, left))

    @rule(seconds=st.sampled_from([1, 5, 30, 120]))
    def time_passes(self, seconds: int) -> None:
        """Nothing but time."""
        self.now += seconds * time.SECOND
        self.feed(TimePassed(self.now))

    @precondition(lambda self: self.events % 8 == 3)
    @rule(symbol=st.sampled_from(SYMBOLS), says=st.sampled_from(["거래정지 예고", False]))
    def news(self, symbol: str, says: FactValue) -> None:
        """The exchange says something about a symbol."""
        self.feed(FactsChanged(self.now, (Fact(fact.BAD_NEWS, says, self.now, FactSource.FEED, symbol),)))

    @precondition(lambda self: any(not t.is_accepted for t in self.living()))
    @rule(data=st.data())
    def accepted(self, data: Any) -> None:
        """The broker takes an order, also one whose answer was lost."""
        told = self.pick(data, [t for t in self.living() if not t.is_accepted])
        told.is_accepted, told.is_lost = True, False
        self.feed(OrderAccepted(self.now, told.order.order_id, "1"))
        told.has_ended = told.left == 0

    @precondition(lambda self: any(not t.is_accepted and t.left == t.order.quantity for t in self.living()))
    @rule(data=st.data(), how=st.sampled_from(["refused", "not found", "not sent"]))
    def never_taken(self, data: Any, how: str) -> None:
        """The broker refuses an order, or does not have one whose answer was lost."""
        told = self.pick(data, [t for t in self.living() if not t.is_accepted and t.left == t.order.quantity])
        told.has_ended = True
        if told.is_lost and how == "not found":
            self.feed(OrderNotFound(self.now, told.order.order_id))
        elif not told.is_lost and how == "not sent":
            self.feed(OrderNotSent(self.now, told.order.order_id, "no connection"))
        else:
            self.feed(OrderRefused(self.now, told.order.order_id, "no"))

    @precondition(lambda self: self.events % 4 == 0 and any(not t.is_accepted and not t.is_lost for t in self.living()))
    @rule(data=st.data())
    def lost(self, data: Any) -> None:
        """No answer comes."""
        told = self.pick(data, [t for t in self.living() if not t.is_accepted and not t.is_lost])
        told.is_lost = True
        self.feed(OrderLost(self.now, told.order.order_id))

    @precondition(lambda self: any(t.left > 0 for t in self.living()))
    @rule(data=st.data(), price=PRICES)
    def filled(self, data: Any, price: int) -> None:
        """Shares change hands: before or after the acceptance, in part or all."""
        told = self.pick(data, [t for t in self.living() if t.left > 0])
        quantity = data.draw(st.just(told.left) | st.integers(1, told.left))
        told.left -= quantity
        told.is_accepted = told.is_accepted or told.is_lost  # a fill tells the order's number
        told.has_ended = told.left == 0 and told.is_accepted
        limit = told.order.limit or price
        paid = min(price, limit) if told.order.side is Side.BUY else max(price, limit)
        self.feed(OrderFilled(self.now, told.order.order_id, paid, quantity))

    @precondition(lambda self: any(t.is_accepted and t.asked_to_cancel for t in self.living()))
    @rule(data=st.data(), is_refused=st.booleans())
    def cancel_answered(self, data: Any, is_refused: bool) -> None:
        """The broker cancels what is left, or refuses to."""
        told = self.pick(data, [t for t in self.living() if t.is_accepted and t.asked_to_cancel])
        told.asked_to_cancel -= 1
        if is_refused:
            self.feed(CancelRefused(self.now, told.order.order_id, "no"))
        else:
            told.has_ended = True
            self.feed(OrderCancelled(self.now, told.order.order_id))

    @precondition(lambda self: self.events % 4 == 1 and any(t.is_accepted for t in self.living()))
    @rule(data=st.data())
    def cancelled_elsewhere(self, data: Any) -> None:
        """Somebody cancels in another program."""
        told = self.pick(data, [t for t in self.living() if t.is_accepted])
        told.has_ended = True
        self.feed(OrderCancelled(self.now, told.order.order_id))

    @precondition(lambda self: self.events % 4 == 2 and bool(self.orders))
    @rule(data=st.data(), price=PRICES, quantity=st.integers(1, 200))
    def told_late_or_twice(self, data: Any, price: int, quantity: int) -> None:
        """A fill of any order comes once more, in whatever state the order is."""
        told = self.pick(data, list(self.orders.values()))
        told.left = max(0, told.left - quantity)
        told.is_accepted = told.is_accepted or told.is_lost  # a fill tells the order's number
        told.has_ended = told.has_ended or (told.left == 0 and told.is_accepted)
        self.feed(OrderFilled(self.now, told.order.order_id, price, quantity))

    @precondition(lambda self: self.events % 16 == 0)
    @rule(order_id=st.integers(10_000, 20_000))
    def foreign(self, order_id: int) -> None:
        """The broker tells of an order that this run has not sent."""
        self.feed(OrderFilled(self.now, order_id, 25_000, 10))

    @rule()
    def restart(self) -> None:
        """The process is stopped; a new one, built with the rules in force, takes up what was kept."""
        before = self.engine
        assert before.rules is not None
        kept = encode(before.dump())
        assert kept == encode(self.twin.dump())
        session, days = self.desk.session, self.desk._days
        self.desk = self.make(before.rules)
        self.desk.session, self.desk._days = session, days
        self.engine = self.desk.engine
        self.engine.load(decode(kept), [r for r in self.records if isinstance(r, TradeRecord)])
        assert encode(self.engine.dump()) == kept
        assert self.engine.live_orders == before.live_orders
        assert self.engine.positions == before.positions
        assert self.engine._desk._recent == before._desk._recent, "what was just sent is not sent again"

    @precondition(lambda self: self.events % 4 == 3)
    @rule(
        now=st.tuples(st.sampled_from([0.2, 0.5, 0.8]), st.sampled_from([0.01, 0.03])),
        later=st.none() | st.tuples(st.sampled_from([0.8, 0.9]), st.sampled_from([0.03, 0.05])),
    )
    def reload(self, now: tuple[float, float], later: tuple[float, float] | None) -> None:
        """A person changes caps and limits, in part for the next session."""
        rules = self.house_rules(exposure=now[0], loss=now[1])
        waiting = None if later is None else self.house_rules(exposure=later[0], loss=later[1])
        self.feed(
            ConfigChanged(ts=self.now, who="kim", before="a", after="b", changes=("x",), now=rules, later=waiting)
        )

    @precondition(lambda self: self.events % 16 == 5)
    @rule(symbol=st.sampled_from(SYMBOLS), verb=st.sampled_from(["halt", "reduce", "resume", "flatten"]))
    def ordered(self, symbol: str, verb: str) -> None:
        """A person halts a symbol, sells it, or takes that back."""
        scope = TradingScope.symbol(symbol)
        match verb:
            case "flatten":
                self.feed(FlattenOrdered(ts=self.now, scope=scope, who="kim"))
            case "resume":
                self.feed(ResumeOrdered(ts=self.now, scope=scope, who="kim"))
            case _:
                state = TradingState.HALTED if verb == "halt" else TradingState.REDUCING
                self.feed(StateOrdered(ts=self.now, scope=scope, state=state, who="kim"))

    @precondition(lambda self: self.events >= 40)
    @rule(says_so=st.booleans(), is_stopped=st.booleans())
    def next_session(self, says_so: bool, is_stopped: bool) -> None:
        """The session ends; the exchange may or may not say what became of the orders. The process may stop over night."""
        hours = self.desk.hours
        self.now = max(self.now, hours.eod_check)
        self.feed(PhaseReached(self.now, MarketPhase.EOD_CHECK))
        self.now = max(self.now, hours.close)
        for told in self.living():
            if says_so and told.is_accepted:
                self.feed(OrderExpired(self.now, told.order.order_id))
        self.now += time.MINUTE
        self.feed(PhaseReached(self.now, MarketPhase.CLOSED))
        if is_stopped:
            self.restart()
        self.desk.session = krx_calendar().shift(self.desk.session, 1)
        self.orders.clear()
        self.events = 0
        self.begin()
        assert all(o.state is OrderState.SUBMITTING for o in self.engine.live_orders), "yesterday's orders have ended"

    @invariant()
    def the_account_is_what_the_fills_say(self) -> None:
        """Cash and shares, replayed from the log."""
        cash = CAPITAL
        shares: dict[tuple[str, str, int], int] = defaultdict(int)
        for fill in (r for r in self.records if isinstance(r, FillRecord)):
            sign = 1 if fill.side is Side.BUY else -1
            cash -= sign * fill.amount + fill.commission + fill.tax
            shares[fill.instance, fill.symbol, fill.slot] += sign * fill.quantity
        assert self.engine.cash == cash
        assert {p.key: p.quantity for p in self.engine.positions} == {k: n for k, n in shares.items() if n}
        assert all(n >= 0 for n in shares.values())

    @invariant()
    def what_is_reserved_belongs_to_a_live_entry(self) -> None:
        """Released on every path, and never negative."""
        held = {r.order_id: r for r in self.engine._state.reservations.all}
        live = {o.order_id: o for o in self.engine.live_orders if o.side is Side.BUY and o.remaining > 0}
        assert held.keys() == live.keys()
        for order_id, reservation in held.items():
            assert reservation.quantity == live[order_id].remaining
            assert reservation.cash > 0

    @invariant()
    def a_position_has_one_sell(self) -> None:
        """At most one that is live, and one entry."""
        sells = [o for o in self.engine.live_orders if o.side is Side.SELL]
        assert len({o.key for o in sells}) == len(sells)
        entries = [o.key for o in self.engine.live_orders if o.side is Side.BUY]
        assert len(set(entries)) == len(entries)
        assert all(o.state not in TERMINAL for o in self.engine.live_orders)

    @invariant()
    def the_money_at_risk_never_grows(self) -> None:
        """Adds, raised stops and dividends leave at most what the first stage risked."""
        for p in self.engine.positions:
            assert p.cost - p.dividends - p.stop * p.quantity <= max(p.initial_risk, Fraction(0))

    @invariant()
    def a_stop_never_falls(self) -> None:
        """While a position is open its stop only rises."""
        now = {p.key: (f"{p.signal_id}/{p.opened_at}", p.stop) for p in self.engine.positions}
        for key, (which, stop) in now.items():
            if key in self.stops and self.stops[key][0] == which:
                assert stop >= self.stops[key][1]
        self.stops = now

    @invariant()
    def the_log_can_be_read(self) -> None:
        """Each step continues where the order's last one ended."""
        before: dict[str, OrderState] = {}
        for step in (r for r in self.records if isinstance(r, OrderEventRecord)):
            assert before.get(step.order_id, OrderState.CREATED) is step.before
            before[step.order_id] = step.after

    def teardown(self) -> None:
        """In the end the broker answers everything: no position stays that was to be sold, and every order ends."""
        if not hasattr(self, "engine"):
            return
        self.next_session(says_so=False, is_stopped=True)
        profit = sum(r.net_profit for r in self.records if isinstance(r, TradeRecord))
        if not self.engine.positions:
            assert self.engine.cash == CAPITAL + profit
        assert [decode_record(encode_record(record)) for record in self.records] == self.records


def _clock(ts: int) -> str:
    minutes = (ts + 9 * 3600 * time.SECOND) // time.MINUTE % 1440
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def test_the_books_are_right_in_any_order_of_events(house: type[House]) -> None:
    """Conservation, reservations, one sell, rising stops, ends of orders: whatever the broker says and when."""
    machine: Any = type("Machine", (Exchange,), {"house": house})
    run = machine.TestCase("runTest")
    run.settings = settings(
        max_examples=60,
        stateful_step_count=40,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run.runTest()
