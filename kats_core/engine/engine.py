"""Turn events into commands: `Engine.handle` is the whole program between a source and a broker.

It never reads a clock, a file, a socket, the environment or a random number. The same events give the same commands,
byte for byte, in backtest, replay, paper and live.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from msgspec import structs

from kats_core.engine.adding import Pyramiding
from kats_core.engine.desk import OrderDesk
from kats_core.engine.entries import Entries
from kats_core.engine.groups import GroupKey
from kats_core.engine.leaving import ExitCoordinator
from kats_core.engine.memory import Memory, SessionMemory, StrategyMemory, SymbolMemory
from kats_core.engine.pipeline import StageInstance
from kats_core.engine.portfolio import Portfolio
from kats_core.engine.reload import StageTrouble, kept, rebuilt, take_up
from kats_core.engine.reservations import Reservations
from kats_core.engine.state import EngineConfig, SetupState, State, StrategyInstance, SymbolDay
from kats_core.engine.trading import Hold
from kats_core.engine.watch import Watch, needs_every_bar
from kats_core.exits.in_bar import BarPath
from kats_core.market.calendar import doubtful_hours, session_doubt
from kats_core.market.costs import Costs, tax_unconfirmed
from kats_core.market.exact import to_fraction
from kats_core.market.overlays import is_shock
from kats_core.market.rules import symbol_rules
from kats_core.model import fact
from kats_core.model.bar import Bar
from kats_core.model.codes import CoreCode
from kats_core.model.command import Command, Fetch
from kats_core.model.event import (
    BarClosed,
    BookChanged,
    CancelRefused,
    ConfigChanged,
    Event,
    FactsChanged,
    Fetched,
    FlattenOrdered,
    OperatorEvent,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderInDoubt,
    OrderLost,
    OrderNotFound,
    OrderNotSent,
    OrderRefused,
    PhaseReached,
    ResumeOrdered,
    Rules,
    SessionPrepared,
    SetupsArmed,
    StateOrdered,
    TimePassed,
    Traded,
)
from kats_core.model.fact import Fact
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import BarKind, FactSource, MarketPhase, Regime, Severity, TradingState
from kats_core.model.order import Order, OrderId
from kats_core.model.position import Position
from kats_core.model.receivable import Receivable
from kats_core.model.record import (
    EquityRecord,
    OperatorRecord,
    OperatorVerb,
    PositionRecord,
    TradeRecord,
    VerdictRecord,
)
from kats_core.model.scope import ALL
from kats_core.model.setup import Numbers
from kats_core.model.signal import Signal
from kats_core.model.time import Nanos
from kats_core.orders.gate_config import GateConfig
from kats_core.risk.contract import (
    Action,
    CancelEntries,
    EquityMarked,
    Flatten,
    ListeningStage,
    ProtectProfits,
    ResetPeak,
    ResumeAsked,
    SessionBegan,
    SetState,
    StageEvent,
    Tell,
    TradeClosed,
)
from kats_core.risk.limits import Limits

# By a name of its own: on Python 3.11 finding a member in its class costs as much as a call.
_DERIVED = FactSource.DERIVED


class Engine:
    """One account traded by several strategies through one risk pipeline."""

    def __init__(self, config: EngineConfig) -> None:
        costs = Costs(to_fraction(config.limits.commission))
        self._state = State(config, costs, Portfolio(config.capital, costs), Reservations(costs))
        instances = {instance.name: instance for instance in config.strategies}
        self._entries = Entries(self._state, instances, self._mark)
        self._exits = ExitCoordinator(self._state, instances, self._entries.view, self._strategy_fault, self._on_trade)
        self._desk = OrderDesk(self._state, self._exits.on_bought, self._exits.on_sold, self._exits.on_ended)
        self._entries.desk = self._exits.desk = self._desk
        self._exits.end_group = self._entries.end_group
        self._adding = Pyramiding(self._state, instances, self._entries, self._exits)
        self._entries.may_add = self._adding.may_add
        self._marked: tuple[int, int | None, int | None] | None = None
        self._marked_after = -1
        self._account_put: tuple[Nanos, Mapping[str, int | None]] = (0, {})
        self._mark_told: EquityMarked | None = None
        self._exposure_at_check = 0.0
        self._listeners = _listening(config.stages)
        self._later: Rules | None = None
        self._prepared: SessionPrepared | None = None
        self._handlers: dict[type, Callable[[Any], None]] = {
            BarClosed: self._on_bar,
            Traded: self._on_traded,
            BookChanged: self._on_book,
            TimePassed: self._on_time,
            PhaseReached: self._on_phase,
            SessionPrepared: self._on_prepared,
            SetupsArmed: self._on_armed,
            FactsChanged: self._on_facts,
            Fetched: self._entries.on_fetched,
            StateOrdered: self._on_state_ordered,
            FlattenOrdered: self._on_flatten_ordered,
            ResumeOrdered: self._on_resume_ordered,
            ConfigChanged: self._on_config_changed,
            OrderAccepted: self._desk.on_accepted,
            OrderRefused: self._desk.on_refused,
            OrderLost: self._desk.on_lost,
            OrderNotFound: self._desk.on_not_found,
            OrderInDoubt: self._desk.on_in_doubt,
            OrderNotSent: self._desk.on_not_sent,
            OrderFilled: self._desk.on_filled,
            OrderCancelled: self._desk.on_cancelled,
            CancelRefused: self._desk.on_cancel_refused,
            OrderExpired: self._desk.on_expired,
        }

    def handle(self, event: Event) -> list[Command]:
        """Return what is to be done about an event, in the order in which it is to be done.

        Raises:
            ValueError: time went backwards: the driver is wrong.
        """
        state = self._state
        if event.ts < state.now:
            raise ValueError(f"{type(event).__name__} at {event.ts} after {state.now}: time went backwards")
        state.now = event.ts
        self._handlers[type(event)](event)
        if self._exits.is_due:
            self._exits.pursue()
        out, state.out = state.out, []
        return out

    def trial(
        self, instance: str, symbol: str, signal: Signal, quantity: int | None, fetch: Callable[[Fetch], Fetched]
    ) -> list[VerdictRecord]:
        """Return the verdicts that a signal would get now; nothing is sent, kept or counted.

        `fetch` answers what the stages need to ask for. The symbol must be part of the session.
        """
        needs = self._entries.needs
        asked = Fetch(self._state.now, 0, needs, symbol, signal.entry_limit)
        return self._entries.trial(instance, symbol, signal, quantity, fetch(asked).facts if needs else ())

    def dump(self) -> Memory:
        """Return everything the engine remembers; between two events, when all it asked for was carried out or noted."""
        state = self._state
        stages, troubles = kept(state.config.stages)
        self._tell_troubles(troubles, "not kept")
        return Memory(
            now=state.now,
            baselines=replace(state.baselines),
            marked=self._mark_told,
            stages=stages,
            strategies=tuple(
                StrategyMemory(instance=one.name, faults=one.faults, is_parked=one.is_parked)
                for one in state.config.strategies
            ),
            rules=self.rules,
            later=self._later,
            holds=tuple(state.trading),
            portfolio=state.portfolio.dump(),
            reservations=state.reservations.dump(),
            desk=self._desk.dump(),
            exits=self._exits.dump(),
            session=self._dump_session(),
        )

    def load(self, memory: Memory, trades: Sequence[TradeRecord] = ()) -> None:
        """Take up what an engine remembered, before the first event; `trades` are the account's closed ones, oldest first.

        The engine must be built with the rules that were in force (`Memory.rules`); a configuration that has changed since
        is a `ConfigChanged` behind it, so that nothing gets looser by a restart. A stage that cannot take its state is
        parked. What became of `live_orders` meanwhile is for the driver to tell, before it feeds anything else:
        `OrderLost` for one that is SUBMITTING, since nobody knows whether it was sent.

        Raises:
            ValueError: the memory contradicts itself or the configuration: a position without a stop or without its
                strategy, cash that the fills do not explain, a code that nobody owns. The engine must not be used.
        """
        state = self._state
        if state.now:
            raise ValueError("this engine has seen events: only a new one takes up a memory")
        codes = state.config.codes
        state.portfolio.load(memory.portfolio, codes)
        instances = {one.name: one for one in state.config.strategies}
        for position in state.portfolio.positions.values():
            if position.instance not in instances:
                text = f"{position.quantity} shares of {position.symbol} are held by {position.instance}"
                raise ValueError(f"{text}, which is not configured: leave it in until they are sold")
        for one in memory.strategies:
            if one.instance in instances:
                instances[one.instance].faults = one.faults
                instances[one.instance].is_parked = one.is_parked
        state.now, state.baselines = memory.now, replace(memory.baselines)
        state.trading.load(memory.holds)
        state.reservations.load(memory.reservations)
        began = None
        if memory.session is not None:
            began = self._load_session(memory.session)
        self._desk.load(memory.desk, codes)
        self._exits.load(memory.exits, codes)
        self._later = memory.later
        self._mark_told = marked = memory.marked
        self._marked = None if marked is None else (marked.equity, marked.equity_day, marked.realised_month)
        self._tell_troubles(take_up(state.config.stages, memory.stages, trades, began, marked), "not restored")

    def trades(self, symbol: str) -> bool:
        """Tell whether a symbol is part of the session: armed, held or asked for."""
        return symbol in self._state.days

    def watch(self) -> Watch:
        """Return what matters until setups, positions or orders change."""
        triggers = self._entries.triggers()
        every = {symbol for symbol, several in triggers.items() if any(needs_every_bar(t) for t in several)}
        every |= {symbol for symbol, day in self._state.days.items() if day.keeps_minutes}
        every |= {position.symbol for position in self._state.portfolio.positions.values()}
        every |= {order.symbol for order in self._desk.live}
        return Watch(triggers, frozenset(every), self._entries.moments)

    def is_busy(self, symbol: str) -> bool:
        """Tell whether the symbol is held or on order, so that each of its bars matters."""
        return bool(self._exits.positions_in(symbol)) or self._desk.is_working(symbol)

    @property
    def busy_symbols(self) -> frozenset[str]:
        """Every symbol that is held or on order."""
        held = {position.symbol for position in self._state.portfolio.positions.values()}
        return frozenset(held | {order.symbol for order in self._desk.live})

    def sells_at(self, symbol: str, price: int) -> bool:
        """Tell whether a trade at a price sells what is held, so that the order book of its moment matters."""
        return self._exits.sells_at(symbol, price)

    def next_timer(self) -> Nanos | None:
        """Return from when on the passing of time alone may matter, None if nothing waits for it."""
        if self._entries.has_pending or self._desk.has_timers:
            return self._state.now
        timers = (self._exits.next_timer(), self._entries.next_timer())
        return min((at for at in timers if at is not None), default=None)

    def asked_by_time(self, now: Nanos) -> frozenset[str]:
        """Return the symbols in which time alone asks for a signal now, so that their order books matter."""
        return frozenset(self._entries.due(now))

    @property
    def now(self) -> Nanos:
        """The instant of the last event."""
        return self._state.now

    @property
    def session(self) -> dt.date | None:
        """The session that was prepared last."""
        return None if self._state.hours is None else self._state.session

    @property
    def rules(self) -> Rules | None:
        """The rules in force, as `ConfigChanged` carries them; None where a stage was not built from what it names."""
        config = self._state.config
        specs = tuple(stage.spec for stage in config.stages if stage.spec is not None)
        if len(specs) != len(config.stages):
            return None
        return Rules(config.limits.model_dump_json(), config.gate.model_dump_json(), specs)

    @property
    def stages(self) -> tuple[StageInstance, ...]:
        """The risk stages in force, in the order of execution."""
        return self._state.config.stages

    @property
    def positions(self) -> tuple[Position, ...]:
        """Open positions."""
        return tuple(self._state.portfolio.positions.values())

    @property
    def path(self) -> BarPath:
        """The assumed way of the price through a bar."""
        return self._state.config.path

    @property
    def path_dependent_positions(self) -> int:
        """How many open positions hang on the unknown order of prices inside a bar."""
        return self._state.portfolio.path_dependent

    @property
    def standing_groups(self) -> tuple[GroupKey, ...]:
        """Instance and symbol of each group of setups that lives on."""
        return self._entries.groups.keys

    @property
    def standing_symbols(self) -> frozenset[str]:
        """Symbols whose setups live on: the next session needs them, with what is held."""
        return frozenset(symbol for _, symbol in self.standing_groups)

    def wants(self, order_id: OrderId) -> bool:
        """Tell whether an order that was given to a broker and has not left yet may still leave."""
        return self._desk.wants(order_id)

    @property
    def live_orders(self) -> tuple[Order, ...]:
        """Orders that may still fill."""
        return self._desk.live

    @property
    def setups(self) -> Sequence[SetupState]:
        """The session's setups and how far they got."""
        return self._entries.setups

    @property
    def cash(self) -> int:
        """Cash in won."""
        return self._state.portfolio.cash

    @property
    def equity(self) -> int:
        """Cash, holdings at the last prices and what is owed, in won."""
        return self._state.portfolio.equity

    @property
    def receivables(self) -> tuple[Receivable, ...]:
        """Dividends that went ex and are not paid yet."""
        return self._state.portfolio.receivables

    @property
    def equity_day(self) -> int | None:
        """Equity at the start of the session."""
        return self._state.baselines.day

    @property
    def trading_state(self) -> TradingState:
        """What may be sent anywhere now."""
        return self._state.trading.account

    @property
    def latched(self) -> Mapping[str, CoreCode]:
        """Strategy instances that the order gate has latched off, and why; `ResumeOrdered` takes that back."""
        return self._desk.latched

    @property
    def trading_states(self) -> tuple[Hold, ...]:
        """Every state in force that is not ACTIVE: what people ordered, then what is lowered until the next session."""
        return tuple(self._state.trading)

    def last_price(self, symbol: str) -> int | None:
        """Return the price at which a symbol is valued."""
        return self._state.portfolio.last.get(symbol)

    def fact(self, name: str, symbol: str = fact.MARKET_WIDE) -> Fact:
        """Return an input as the engine knows it."""
        return self._state.facts.get(name, symbol)

    def _on_prepared(self, event: SessionPrepared) -> None:
        state = self._state
        state.hours = doubtful_hours(state.config.calendar, event.session)
        state.prepared_at = event.ts
        self._prepared = event
        if self._later is not None:
            # The stages hear of the session as always, below.
            self._use(self._later, None)
            self._later = None
        state.phase, state.bar_kind, state.has_books = None, None, event.has_books
        state.trading.begin_session()
        state.is_index_shocked = False
        state.stopped_symbols.clear()
        state.entered.clear()
        self._exposure_at_check = 0.0
        self._begin_days(event)
        for position in state.portfolio.positions.values():
            if position.symbol not in state.days:
                raise ValueError(f"{position.symbol} is held but not part of the session {event.session}")
            state.days[position.symbol].keeps_minutes |= self._reads_minutes(position.instance)
        state.facts.begin_session(event.facts)
        self._check_calendar(event)
        state.portfolio.expect_nothing_any_more()
        for paid in state.portfolio.collect(event.session):
            state.notify(Severity.INFO, CoreCode.DIVIDEND_PAID, paid.symbol, {"won": paid.won})
        self._desk.begin_session()
        self._entries.begin_session()
        self._exits.begin_session()
        self._adding.begin_session()
        state.baselines.begin_session(event.session, state.portfolio.equity, state.portfolio.realised)
        self._account_put = (0, {})
        self._put_account_facts(state.portfolio.equity, state.baselines.realised_month(state.portfolio.realised))
        if tax_unconfirmed(event.session):
            state.notify(Severity.WARNING, CoreCode.TAX_TABLE_UNCONFIRMED)
        self._tell_stages(SessionBegan(event.ts, event.session))
        self._marked = None
        self._mark()

    def _reads_minutes(self, instance: str) -> bool:
        return any(s.reads_minutes for s in self._state.config.strategies if s.name == instance)

    def _check_calendar(self, event: SessionPrepared) -> None:
        """Enter nothing, loudly, on a day that the calendar does not know or the broker sees otherwise."""
        state = self._state
        says = next((f.value for f in event.facts if f.name == fact.EXCHANGE_OPEN and isinstance(f.value, bool)), None)
        doubt = session_doubt(state.config.calendar, event.session, says)
        if doubt is not None:
            state.trading.lower(ALL, TradingState.REDUCING, "core", str(doubt), state.now)
            state.notify(Severity.CRITICAL, doubt)

    def _dump_session(self) -> SessionMemory | None:
        state = self._state
        if self._prepared is None:
            return None
        adds = self._adding
        return SessionMemory(
            prepared=structs.replace(self._prepared, facts=()),
            phase=state.phase,
            bar_kind=state.bar_kind,
            is_index_shocked=state.is_index_shocked,
            symbols=tuple(
                SymbolMemory(
                    symbol=symbol,
                    bar=day.bar,
                    book=day.book,
                    range_high=tuple(day.range_high.items()),
                    is_untradable=day.is_untradable,
                    gap_level=day.gap_level,
                    first_trade=day.first_trade,
                    minutes=tuple(day.minutes),
                    keeps_minutes=day.keeps_minutes,
                    scans=day.scans,
                )
                for symbol, day in state.days.items()
            ),
            facts=state.facts.dump(),
            stopped_symbols=tuple(sorted(state.stopped_symbols)),
            entered=tuple(state.entered.items()),
            exposure_at_check=self._exposure_at_check,
            entries=self._entries.dump(adds.asked),
            adds=adds.dump(),
        )

    def _load_session(self, memory: SessionMemory) -> SessionBegan:
        """Stand again in the middle of a session; nothing of it begins anew."""
        state, codes, prepared = self._state, self._state.config.codes, memory.prepared
        self._prepared, state.prepared_at = prepared, prepared.ts
        state.hours = doubtful_hours(state.config.calendar, prepared.session)
        state.phase, state.bar_kind, state.has_books = memory.phase, memory.bar_kind, prepared.has_books
        state.is_index_shocked = memory.is_index_shocked
        state.stopped_symbols, state.entered = set(memory.stopped_symbols), dict(memory.entered)
        self._exposure_at_check = memory.exposure_at_check
        self._begin_days(prepared)
        for seen in memory.symbols:
            day = state.days[seen.symbol]
            day.bar, day.book, day.range_high = seen.bar, seen.book, dict(seen.range_high)
            day.is_untradable, day.gap_level = seen.is_untradable, seen.gap_level
            day.first_trade, day.minutes = seen.first_trade, list(seen.minutes)
            day.keeps_minutes, day.scans = seen.keeps_minutes, seen.scans
        state.facts.begin_session(memory.facts)
        self._adding.load(memory.adds, codes)
        self._entries.load(memory.entries, self._adding.asked, codes)
        return SessionBegan(prepared.ts, prepared.session)

    def _tell_troubles(self, troubles: Sequence[StageTrouble], what: str) -> None:
        for stage, error in troubles:
            text = f"state {what}: {type(error).__name__}: {error}"
            self._state.fault(stage.name, CoreCode.STAGE_ERROR, "", text)

    def _begin_days(self, event: SessionPrepared) -> None:
        tails = {tail.symbol: tail for tail in event.tails}
        days = {i.symbol: self._day(i, event.base_prices[i.symbol], event) for i in event.instruments}
        for symbol, day in days.items():
            day.tail = tails.get(symbol)
        self._state.days = days
        self._state.indices = {index.name: index for index in event.indices}

    def _day(self, instrument: Instrument, base: int, event: SessionPrepared) -> SymbolDay:
        rules = symbol_rules(instrument, base, event.session, self._state.config.scope)
        return SymbolDay(instrument, base, rules.ticks, rules.limits, rules.tax_rate)

    def _on_armed(self, event: SetupsArmed) -> None:
        self._entries.arm(event.setups)
        for entry in self._entries.setups:
            if entry.instance.reads_minutes:
                self._state.days[entry.setup.symbol].keeps_minutes = True

    def _on_facts(self, event: FactsChanged) -> None:
        state = self._state
        state.facts.update(event.facts)
        if state.hours is not None and is_shock(
            state.facts.get(fact.INDEX_CHANGE), state.hours.open, state.config.overlays
        ):
            # Once fallen, the day is over for new entries, also when the index recovers.
            state.is_index_shocked = True
        self._exits.on_facts()
        if any(one.name == fact.VI_STATE for one in event.facts):
            self._exits.look_again()

    def _on_traded(self, event: Traded) -> None:
        """Value what is held at each trade, let it reach stops and targets, and let stages act on it."""
        symbol, day = event.trade.symbol, self._state.days.get(event.trade.symbol)
        if day is not None and event.trade.day_volume == event.trade.quantity:
            day.first_trade = event.trade.price
        if day is not None and self._exits.positions_in(symbol):
            self._state.portfolio.value_at(symbol, event.trade.price)
            self._exits.on_trade(symbol, event.trade.price)
            self._mark()

    def _on_book(self, event: BookChanged) -> None:
        day = self._state.days.get(event.book.symbol)
        if day is not None:
            day.book = event.book if event.book.asks or event.book.bids else None

    def _on_state_ordered(self, event: StateOrdered) -> None:
        """Stop a scope; its live entries are taken back, its live exits work on."""
        state, is_halt = self._state, event.state is TradingState.HALTED
        self._keep_order(event, OperatorVerb.HALT if is_halt else OperatorVerb.REDUCE)
        state.trading.order(event.scope, event.state, event.who, event.reason, state.now)
        for order in self._desk.live_entries(event.scope):
            self._desk.cancel(order, CoreCode.HALTED if is_halt else CoreCode.REDUCING)
        self._exits.look_again()

    def _on_flatten_ordered(self, event: FlattenOrdered) -> None:
        """Sell all of a scope, and buy nothing in it: what a person sold must not come back a minute later."""
        state = self._state
        self._keep_order(event, OperatorVerb.FLATTEN)
        if state.trading.ordered(event.scope) is TradingState.ACTIVE:
            state.trading.order(event.scope, TradingState.REDUCING, event.who, event.reason, state.now)
        self._exits.flatten_by_operator(event.scope)

    def _on_resume_ordered(self, event: ResumeOrdered) -> None:
        """Take back what was ordered for the scope, and ask the stages where a cause is given; exits that waited go out."""
        state = self._state
        self._keep_order(event, OperatorVerb.RESUME)
        state.trading.order(event.scope, TradingState.ACTIVE, event.who, event.reason, state.now)
        self._desk.release(event.scope)
        if event.cause:
            self._tell_stages(ResumeAsked(state.now, event.cause, event.reference))
        self._exits.look_again()

    def _keep_order(self, event: OperatorEvent, verb: OperatorVerb) -> None:
        instance, symbol = event.scope.as_fields
        cause, reference = (event.cause, event.reference) if isinstance(event, ResumeOrdered) else ("", "")
        self._state.record(
            OperatorRecord(
                ts=event.ts,
                verb=verb,
                instance=instance,
                symbol=symbol,
                who=event.who,
                reason=event.reason,
                cause=cause,
                reference=reference,
            )
        )
        detail: Numbers = {"order": verb.value, "scope": str(event.scope), "who": event.who, "reason": event.reason}
        self._state.notify(Severity.WARNING, CoreCode.OPERATOR_ORDER, symbol, detail)

    def _on_config_changed(self, event: ConfigChanged) -> None:
        """Take over what is tighter, keep what is looser for the next session, and judge the account by the new rules."""
        state = self._state
        waits = "" if event.later is None else "rest from the next session"
        state.record(
            OperatorRecord(
                ts=event.ts,
                verb=OperatorVerb.RELOAD,
                who=event.who,
                reason=", ".join(event.changes),
                cause=waits,
                reference=f"{event.before} -> {event.after}",
            )
        )
        detail: Numbers = {"order": OperatorVerb.RELOAD.value, "who": event.who, "before": event.before}
        state.notify(Severity.WARNING, CoreCode.OPERATOR_ORDER, "", detail | {"after": event.after})
        began = None if state.hours is None else SessionBegan(state.prepared_at, state.session)
        self._use(event.now, began)
        self._later = event.later
        if began is not None:
            self._marked = None
            self._mark()

    def _use(self, rules: Rules, began: SessionBegan | None) -> None:
        """Put rules in force; a stage that cannot take over its state refuses until the next reload."""
        state, config = self._state, self._state.config
        if config.build_stage is None:
            raise ValueError("this engine was built without the means to build stages: the driver is wrong")
        stages, troubles = rebuilt(rules.stages, config.stages, config.build_stage, began)
        state.config = replace(
            config,
            limits=Limits.model_validate_json(rules.limits),
            gate=GateConfig.model_validate_json(rules.gate),
            stages=stages,
        )
        self._listeners = _listening(stages)
        self._entries.use_limits()
        self._desk.use_gate()
        self._tell_troubles(troubles, "not restored")

    def _on_time(self, event: TimePassed) -> None:
        self._desk.expire()
        self._entries.expire()
        self._entries.on_time()
        self._exits.on_time()

    def _on_bar(self, event: BarClosed) -> None:
        state, bar = self._state, event.bar
        day = state.days.get(bar.symbol)
        if day is None:
            return
        if day.bar is None and not day.limits.contains(bar.day_open):
            # The scales of base price and bars differ: nothing is bought; what is held is sold by its own rules.
            day.is_untradable = True
        day.bar, day.scans, state.bar_kind = bar, event.scans, bar.kind
        if day.keeps_minutes and bar.kind is BarKind.MINUTE:
            day.minutes.append(bar)
        if self._exits.positions_in(bar.symbol):
            if state.has_books:
                # Its trades have valued what is held, and reached stops and targets, one by one.
                self._exits.on_bar(day, bar)
                self._exits.pursue()
            else:
                self._live_through(day, bar)
        self._adding.on_bar(day, bar)
        if day.setups:
            self._entries.on_bar(day, bar)

    def _live_through(self, day: SymbolDay, bar: Bar) -> None:
        """Value what is held at the open, let the bar reach what it reaches, and value at the close of a minute."""
        portfolio = self._state.portfolio
        portfolio.value_at(bar.symbol, bar.open)
        self._exits.at_bar_open(bar)
        self._mark()
        self._exits.on_bar(day, bar)
        self._exits.pursue()
        if bar.kind is BarKind.MINUTE:
            portfolio.value_at(bar.symbol, bar.close)
            self._mark()

    def _on_phase(self, event: PhaseReached) -> None:
        state = self._state
        state.phase = event.phase
        match event.phase:
            case MarketPhase.OPEN:
                self._exits.at_open()
            case MarketPhase.EOD_CHECK:
                self._value_at_close()
                self._exposure_at_check = self._exposure()
                for order in self._desk.live_entries():
                    self._desk.cancel(order, CoreCode.SESSION_END)
                self._exits.at_end_of_day_check()
                self._entries.at_close()
            case MarketPhase.CLOSE_AUCTION:
                pass
            case MarketPhase.CLOSED:
                self._close_session()

    def _value_at_close(self) -> None:
        """Value what is held at the last price; on daily bars that is the close, known only now."""
        state = self._state
        state.portfolio.expect_nothing_any_more()
        # Where trades are streamed each of them has valued the account already, the last auction's print too.
        for position in () if state.has_books else state.portfolio.positions.values():
            day = state.days.get(position.symbol)
            if day is not None and day.bar is not None:
                state.portfolio.value_at(position.symbol, day.bar.close)
        self._mark()

    def _close_session(self) -> None:
        state = self._state
        self._value_at_close()
        self._exits.close_session()
        state.baselines.close_session(state.portfolio.equity)
        self._entries.close_session()
        for p in state.portfolio.positions.values() if state.config.is_recorded else ():
            last = state.portfolio.last[p.symbol]
            state.record(
                PositionRecord(
                    session=state.session,
                    instance=p.instance,
                    symbol=p.symbol,
                    slot=p.slot,
                    quantity=p.quantity,
                    cost=str(p.cost),
                    average=f"{float(p.average):.4f}",
                    stop=p.stop,
                    last=last,
                    market_value=p.quantity * last,
                    opened_at=p.opened_at,
                    signal_id=p.signal_id,
                    code=str(CoreCode.DATA_ENDED) if self._has_data_ended(p.symbol) else None,
                )
            )
        state.record(
            EquityRecord(
                session=state.session,
                equity=state.portfolio.equity,
                cash=state.portfolio.cash,
                market_value=state.portfolio.market_value,
                receivable=state.portfolio.owed,
                exposure=round(self._exposure_at_check, 6),
                regime=Regime.of(state.facts.get(fact.REGIME).value),
            )
        )

    def _has_data_ended(self, symbol: str) -> bool:
        """Tell whether the symbol's bars stopped before the end-of-day check; then no exit could be filled."""
        day = self._state.days.get(symbol)
        return day is not None and day.bar is not None and day.bar.end <= self._state.clock.eod_check

    def _exposure(self) -> float:
        equity = self._state.portfolio.equity
        return self._state.portfolio.market_value / equity if equity > 0 else 0.0

    def _mark(self) -> None:
        """Value the account and let stages act on losses, whenever the equity has changed."""
        state = self._state
        if self._marked is not None and self._marked_after == state.portfolio.changes:
            return
        self._marked_after = state.portfolio.changes
        base, equity = state.baselines, state.portfolio.equity
        realised = base.realised_month(state.portfolio.realised)
        marked = (equity, base.day, realised)
        if marked == self._marked:
            return
        self._marked = marked
        self._put_account_facts(equity, realised)
        self._mark_told = EquityMarked(
            state.now,
            equity,
            base.day,
            0,
            equity_month=base.month,
            equity_peak=base.peak,
            realised_month=realised,
        )
        self._tell_stages(self._mark_told)

    def _put_account_facts(self, equity: int, realised_month: int | None) -> None:
        """Replace what is known of the account, as of now; what was put at this very instant already stays as it is."""
        base, now, (put_at, put) = self._state.baselines, self._state.now, self._account_put
        figures = {
            fact.EQUITY: equity,
            fact.CASH_FLOW: 0,
            fact.EQUITY_DAY: base.day,
            fact.EQUITY_MONTH: base.month,
            fact.EQUITY_PEAK: base.peak,
            fact.REALISED_MONTH: realised_month,
        }
        self._account_put = (now, figures)
        known = put if put_at == now else {}
        several = [(n, value) for n, value in figures.items() if value is not None and known.get(n) != value]
        self._state.facts.update([Fact(name, value, now, _DERIVED) for name, value in several])

    def _tell_stages(self, event: StageEvent) -> None:
        if self._state.config.rejudging is not None:
            self._state.config.rejudging.hear(event)
        for stage, listener in self._listeners:
            if stage.is_parked:
                continue
            try:
                # A stage is a guest: one that fails to keep its state must not approve anything any more.
                actions = _actions(listener, event)
            except Exception as error:  # noqa: BLE001
                stage.is_parked = True
                self._state.fault(stage.name, CoreCode.STAGE_ERROR, "", f"{type(error).__name__}: {error}")
                continue
            for action in actions:
                self._carry_out(stage.name, action)

    def _carry_out(self, stage: str, action: Action) -> None:
        state = self._state
        match action:
            case CancelEntries(code):
                for order in self._desk.live_entries():
                    self._desk.cancel(order, code)
            case Flatten(code, style, only_losing):
                self._exits.flatten(code, style, only_losing=only_losing)
            case ProtectProfits():
                self._exits.protect_profits()
            case ResetPeak():
                state.baselines.reset_peak(state.portfolio.equity)
            case SetState(to, code):
                state.trading.lower(ALL, to, stage, str(code), state.now)
            case Tell(severity, code, detail):
                state.notify(severity, code, "", detail)

    def _on_trade(self, trade: TradeRecord) -> None:
        self._entries.groups.sold((trade.instance, trade.symbol))
        self._tell_stages(TradeClosed(self._state.now, trade))

    def _strategy_fault(self, instance: StrategyInstance, symbol: str, error: Exception) -> None:
        self._entries.strategy_fault(instance, symbol, error)


def _listening(stages: Sequence[StageInstance]) -> list[tuple[StageInstance, ListeningStage]]:
    return [(stage, stage.stage) for stage in stages if isinstance(stage.stage, ListeningStage)]


def _actions(listener: ListeningStage, event: StageEvent) -> list[Action]:
    """Return what a stage answers to an event; raises TypeError when it is no sequence of actions."""
    actions = list(listener.on_event(event))
    if not actions:
        return actions
    if any(isinstance(action, Flatten) and action.code is CoreCode.MANUAL for action in actions):
        raise TypeError("MANUAL is the operator's own reason to sell")
    if not all(isinstance(action, Action) for action in actions):
        raise TypeError(f"answered {actions!r}, which are not all actions")
    return actions
