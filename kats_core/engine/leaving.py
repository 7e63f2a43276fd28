"""Get out of positions: stops and targets inside bars, clocks, `manage`, and what a stage or an operator demands.

One coordinator for all positions. A position has at most one live sell. What must be sold is a demand that stands until
the position is flat: it takes back a limit sell, waits for a market sell that is under way, and is sent again when a sell
ended without selling all.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields

import msgspec
from msgspec import structs

from kats_core.engine.desk import OrderDesk
from kats_core.engine.exit_rules import ExitRules
from kats_core.engine.portfolio import Key
from kats_core.engine.state import State, StrategyInstance, SymbolDay
from kats_core.exits.ex_dividend import less_dividend
from kats_core.exits.in_bar import Hit, hits_at, hits_in_bar
from kats_core.exits.ladder import FRESH, TARGET_LIFE, Rung, rung
from kats_core.exits.targets import place_targets, spread_again
from kats_core.market.calendar import sessions_since
from kats_core.market.exact import floor_times, to_fraction
from kats_core.market.vi import NO_TRADING
from kats_core.model import fact, time
from kats_core.model.bar import Bar
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import (
    BarKind,
    MarketPhase,
    Moment,
    OrderState,
    OrderType,
    Purpose,
    Severity,
    Side,
    Style,
    TradingState,
)
from kats_core.model.labels import Code, CodeBook, member
from kats_core.model.order import Fill, Order, OrderId
from kats_core.model.position import Position
from kats_core.model.record import TradeRecord
from kats_core.model.scope import TradingScope
from kats_core.model.setup import Numbers, require_price
from kats_core.model.signal import Exit, RaiseStop, TimeExitKind
from kats_core.model.time import NEVER, Nanos
from kats_core.risk.pyramid import stop_after_add
from kats_core.strategy.contract import ManagingStrategy, View

SEND_AGAIN: Nanos = 10 * time.SECOND
"""An exit that ended unsold is sent again after this, then after twice as long, and so on: each time is an alarm."""

SEND_AGAIN_AT_MOST: Nanos = 300 * time.SECOND

LAST_STEPS = dt.time(15, 18)
"""From here on an exit goes to the market at once: the closing auction is two minutes away."""

HALTED_ALARM: Nanos = 60 * time.SECOND
"""An exit that waits for a halt to end is an alarm this often."""


# Members by names of their own: on Python 3.11 finding one in its class costs as much as a call.
_BUY, _DAY, _MINUTE, _HALTED = Side.BUY, BarKind.DAY, BarKind.MINUTE, TradingState.HALTED
_CLOCK, _MINUTES, _SESSIONS = TimeExitKind.CLOCK, TimeExitKind.MINUTES, TimeExitKind.SESSIONS
_CHECK = Moment.CHECK
_STOP_OF_GROUP = CoreCode.GRID_HALT
_STOPS = (CoreCode.STOP, _STOP_OF_GROUP)


@dataclass(slots=True)
class _Demand:
    """All of a position is to be sold. `trigger` is the price that made it due, and holds for the moment `since` only.

    `started` is when its first order was sent, `order_id` its newest one, `until` when that gives way to the next step of
    the ladder; `is_urgent` has no time for steps.
    """

    code: Code
    trigger: int | None
    since: Nanos
    not_before: Nanos = 0
    pause: Nanos = SEND_AGAIN
    is_halted: bool = False
    is_urgent: bool = False
    started: Nanos | None = None
    order_id: OrderId | None = None
    until: Nanos | None = None


class DemandMemory(msgspec.Struct, frozen=True, kw_only=True):
    """A demand as it is kept over a restart."""

    key: Key
    code: str
    trigger: int | None
    since: Nanos
    not_before: Nanos
    pause: Nanos
    is_halted: bool
    is_urgent: bool
    started: Nanos | None
    order_id: OrderId | None
    until: Nanos | None


class HitMemory(msgspec.Struct, frozen=True):
    """A stop or a target that a bar reached, as it is kept over a restart."""

    code: str
    price: int
    target: int | None


class ExitsMemory(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sold, as it is kept over a restart."""

    queued: tuple[tuple[Key, tuple[HitMemory, ...]], ...]
    demands: tuple[DemandMemory, ...]
    due: tuple[Key, ...]
    late: tuple[tuple[Key, str], ...]
    taken_back: tuple[tuple[OrderId, str], ...]
    told: tuple[tuple[Key, str], ...]
    early: tuple[tuple[Key, HitMemory], ...] = ()
    again: tuple[tuple[Key, Nanos], ...] = ()


class ExitCoordinator:
    """Watches every position until it is flat."""

    def __init__(
        self,
        state: State,
        instances: dict[str, StrategyInstance],
        make_view: Callable[[SymbolDay, StrategyInstance], View],
        on_strategy_fault: Callable[[StrategyInstance, str, Exception], None],
        on_trade: Callable[[TradeRecord], None],
    ) -> None:
        self._state = state
        self._instances = instances
        self._managing = {n: i.strategy for n, i in instances.items() if isinstance(i.strategy, ManagingStrategy)}
        self._make_view = make_view
        self._on_strategy_fault = on_strategy_fault
        self._on_trade = on_trade
        self._rules = ExitRules(state)
        self._queued: dict[Key, deque[Hit]] = {}
        self._demands: dict[Key, _Demand] = {}
        self._due: dict[Key, None] = {}
        self._late: dict[Key, Code] = {}
        self._taken_back: dict[OrderId, Code] = {}
        self._early: dict[Key, Hit] = {}
        self._again: dict[Key, Nanos] = {}
        self._opening: Bar | None = None
        self.desk: OrderDesk
        self.end_group: Callable[[str, str], None]

    def next_timer(self) -> Nanos | None:
        """Return from when on time alone may sell: now, where a sell waits to be sent or gives way, else as clocks say."""
        if self._early or any(self.desk.live_sell(k) is None or d.until is not None for k, d in self._demands.items()):
            return self._state.now
        positions = self._state.portfolio.positions.values()
        ends = [self._runs_until(position) for position in positions if position.key not in self._demands]
        return min((end for end in ends if end is not None), default=None)

    @property
    def is_due(self) -> bool:
        """Tell whether something demanded may be sent now."""
        return bool(self._due)

    def is_leaving(self, key: Key) -> bool:
        """Tell whether all of a position is to be sold."""
        return key in self._demands

    def positions_in(self, symbol: str) -> list[Position]:
        """Return the positions in a symbol, oldest key first."""
        return self._state.portfolio.held(symbol)

    def begin_session(self) -> None:
        """Let what is demanded wait for the open, where it is sent at once; take out the dividends that go ex today."""
        self._queued.clear()
        self._taken_back.clear()
        self._early.clear()
        self._again.clear()
        self._rules.begin_session()
        for demand in self._demands.values():
            demand.not_before, demand.pause, demand.started, demand.until = 0, SEND_AGAIN, None, None
        for symbol in sorted({position.symbol for position in self._state.portfolio.all}):
            dividend = self._state.facts.dividend(symbol)
            if dividend > 0:
                self._go_ex(symbol, dividend)

    def _go_ex(self, symbol: str, dividend: int) -> None:
        """Book a dividend of what is held of a symbol, and take it out of the prices at which that is sold."""
        state = self._state
        paid_on = state.facts.dividend_paid_on(symbol, state.session)
        owed = state.portfolio.go_ex(symbol, dividend, paid_on)
        for position in list(self.positions_in(symbol)):
            lowered = less_dividend(position, dividend, state.days[symbol].ticks)
            state.portfolio.replace(lowered)
            detail: Numbers = {"dividend": dividend, "stop": lowered.stop, "owed": owed, "paid_on": paid_on.isoformat()}
            state.notify(Severity.INFO, CoreCode.EX_DIVIDEND, symbol, detail)

    def dump(self) -> ExitsMemory:
        """Return what is to be sold as it is kept."""
        return ExitsMemory(
            queued=tuple((key, tuple(map(_kept_hit, hits))) for key, hits in self._queued.items()),
            demands=tuple(_kept_demand(key, demand) for key, demand in self._demands.items()),
            due=tuple(self._due),
            late=tuple((key, str(code)) for key, code in self._late.items()),
            taken_back=tuple((order_id, str(code)) for order_id, code in self._taken_back.items()),
            told=self._rules.dump(),
            early=tuple((key, _kept_hit(hit)) for key, hit in self._early.items()),
            again=tuple(self._again.items()),
        )

    def load(self, memory: ExitsMemory, codes: CodeBook) -> None:
        """Take up what was to be sold as it was kept; raises ValueError when a code is nobody's."""
        self._queued = {key: deque(map(_hit, hits)) for key, hits in memory.queued}
        self._demands = {kept.key: _demand(kept, codes) for kept in memory.demands}
        self._due = dict.fromkeys(memory.due)
        self._late = {key: codes[text] for key, text in memory.late}
        self._taken_back = {order_id: codes[text] for order_id, text in memory.taken_back}
        self._rules.load(memory.told, codes)
        self._early = {key: _hit(kept) for key, kept in memory.early}
        self._again = dict(memory.again)

    def at_bar_open(self, bar: Bar) -> None:
        """Forget what the last bar left, and stand at the open of this one until `on_bar`."""
        for position in self.positions_in(bar.symbol):
            self._queued.pop(position.key, None)
            self._state.portfolio.expect_nothing(position.key)
        self._opening = bar
        if bar.kind is BarKind.DAY:
            self._manage_at(Moment.OPEN, self._state.days[bar.symbol])

    def sells_at(self, symbol: str, price: int) -> bool:
        """Tell whether a trade at a price reaches the level at which a position is sold, or one is to be sold anyway."""
        held = self.positions_in(symbol)
        return any(p.key in self._demands or price <= self._rules.level(p, self._state.days[symbol]) for p in held)

    def on_trade(self, symbol: str, price: int) -> None:
        """Let a trade reach stops and targets; where trades are streamed, bars do not."""
        day = self._state.days[symbol]
        for position in self.positions_in(symbol):
            self._trail(position.key, day, price)
            hits = self._hits_at(position, day, price)
            if not hits or position.key in self._demands:
                continue
            # A further target waits until this one is sold, and all of them for room to send; the next trade reaches it.
            may_leave = not self.desk.is_exit_lane_busy and self._state.now >= self._again.get(position.key, 0)
            if hits[0].target is None or may_leave:
                self._act(self._state.portfolio.positions[position.key], hits[0])

    def _hits_at(self, position: Position, day: SymbolDay, price: int) -> tuple[Hit, ...]:
        """Return what a trade reaches; a target is reached by what comes near enough to it."""
        targets = [target for target, _ in position.targets]
        near = to_fraction(position.exits.near_frac)
        close_to = [target - floor_times(target, near) for target in targets] if near else targets
        done = len(position.exits.targets) - len(position.targets)
        hits = hits_at(price, self._rules.level(position, day), close_to, done=done)
        return tuple(hit if hit.target is None else hit._replace(price=targets[hit.target]) for hit in hits)

    def on_bar(self, day: SymbolDay, bar: Bar) -> None:
        """Let a bar reach stops and targets where only bars tell of them, run out the clocks, and ask `manage`."""
        self._opening = None
        by_minute, has_books = bar.kind is _MINUTE, self._state.has_books
        if by_minute and bar.is_first:
            self._manage_at(Moment.OPEN, day)
        positions = self.positions_in(bar.symbol)
        sold_at_open = [p.key for p in positions if self._is_sold_at_open(p.key)] if self._demands else ()
        for position in positions:
            key = position.key
            if not has_books and key not in sold_at_open:
                entered_at = self._state.entered.get(key)
                was_bought_here = entered_at is not None and entered_at[0] == bar.end
                self._reach(position, bar, min(bar.open, entered_at[1]) if entered_at and was_bought_here else None)
                # Only its close is known to lie behind a purchase inside the bar.
                self._trail(key, day, bar.close if was_bought_here else bar.high)
            if by_minute:
                self._run_out_clock(position)
                self._manage_by_the_minute(key, day, bar)
            if key in self._demands:
                self._due[key] = None

    def _is_sold_at_open(self, key: Key) -> bool:
        """Tell whether a position is to be sold at the open of this bar: what the bar reaches later finds nothing there."""
        demand = self._demands.get(key)
        return demand is not None and demand.trigger is not None and demand.since == self._state.now

    def on_bought(self, order: Order, fill: Fill, position: Position) -> None:
        """Place the targets for what is held now; on a daily bar the rest of the bar follows the entry."""
        day = self._state.days[order.symbol]
        key = position.key
        if position.exits.targets or position.targets or order.purpose is Purpose.PYRAMID:
            position = self._with_targets(order, fill, position, day)
        limit = fill.price if order.limit is None else order.limit
        self._state.entered[key] = (fill.ts, limit)
        if day.bar is not None and day.bar.kind is BarKind.DAY and self._state.phase is MarketPhase.OPEN:
            self._reach(position, day.bar, limit if order.trigger is None else min(limit, order.trigger))
        code = self._taken_back.get(order.order_id)
        if code is not None:
            # What the entry bought while it was being taken back leaves as the rest of its position did.
            if code is CoreCode.MANUAL:
                self._demands.pop(key, None)
            self.demand(position, code)

    def _with_targets(self, order: Order, fill: Fill, position: Position, day: SymbolDay) -> Position:
        """Place the targets of what is held now, and keep it."""
        rests = position.targets[: position.rests]
        unsold = position.quantity - sum(shares for _, shares in rests)
        ahead = position.targets[position.rests :]
        if order.purpose is Purpose.PYRAMID and position.bought > fill.quantity:
            targets = spread_again(position.exits, ahead, position.average, unsold, day.ticks, position.reached)
            stop = stop_after_add(
                position.stop, position.exit_average, position.quantity, position.initial_risk, day.ticks
            )
            position = with_stop(position, stop, CoreCode.STOP)
        else:
            targets = place_targets(position.exits, position.average, unsold, day.ticks, position.reached)
        position = structs.replace(position, targets=(*rests, *targets))
        self._state.portfolio.replace(position)
        return position

    def on_sold(self, order: Order, fill: Fill, before: Position, after: Position | None) -> None:
        """Close the trade of a position that became flat."""
        key = order.key
        self._state.portfolio.expect_nothing(key)
        if after is not None:
            return
        for book in (
            self._state.entered,
            self._queued,
            self._demands,
            self._due,
            self._late,
            self._early,
            self._again,
        ):
            book.pop(key, None)
        trade = self._state.portfolio.close(before, fill.ts, self._state.session, str(self.desk.reason(order)))
        self._state.record(trade)
        self._on_trade(trade)

    def on_ended(self, order: Order) -> None:
        """Go on where an ended sell left its position: with what is demanded, or with the bar's next target."""
        key = order.key
        position = self._state.portfolio.positions.get(key)
        if position is None or not order.is_reducing:
            return
        demand = self._demands.get(key)
        is_target = demand is None or demand.order_id != order.order_id
        if is_target and order.limit is not None and order.remaining > 0:
            # A target stays active for what it has not sold; its price is the trigger, the bid may have been higher.
            position = self._put_back(position, order.trigger or order.limit, order.remaining)
        if demand is not None:
            self._go_on(demand, order)
            self._due[key] = None
            return
        if self.desk.is_let_down(order):
            self._act_again(position, order)
            return
        queue = self._queued.get(key)
        if queue and order.state is not OrderState.EXPIRED:
            self._act(position, queue.popleft())

    def _go_on(self, demand: _Demand, ended: Order) -> None:
        """Say from when on a demand may be sent again behind a sell that ended."""
        demand.until = None
        if ended.state is OrderState.EXPIRED:
            demand.not_before = NEVER  # before the next open
        elif ended.state is OrderState.ERROR and not self.desk.is_let_down(ended):
            demand.not_before = self._state.now + time.SECOND  # nothing left: it cannot be there twice
        elif ended.state is OrderState.REJECTED:
            pass  # whoever refuses it now, refuses it again
        elif ended.order_type is OrderType.LIMIT or ended.state is OrderState.FILLED:
            demand.not_before = 0

    def _act_again(self, position: Position, ended: Order) -> None:
        """Sell at a target once more whose sell stood above a bid of ours that is gone; no trade has to reach it again."""
        if ended.state not in (OrderState.CANCELLED, OrderState.ERROR) or ended.trigger is None:
            return
        hit = Hit(member(CoreCode, ended.reason), ended.trigger, 0)
        if self.desk.is_exit_lane_busy:
            self._early[ended.key] = hit  # time alone sells it as soon as there is room
        else:
            self._act(position, hit)

    def at_open(self) -> None:
        """Sell what should have been sold in an earlier session, and what the opening print has reached.

        An exit does not end unsold with its session; a target that the print of the auction reaches leaves with the first orders,
        behind what has to be sold.
        """
        for position in list(self._state.portfolio.positions.values()):
            code = self._due_at_open(position)
            if code is not None:
                self.demand(position, code)
        self._late.clear()
        self.look_again()
        self.pursue()
        self._sell_early()

    def at_end_of_day_check(self) -> None:
        """Sell what is due at 15:15; the last price stands for the close."""
        for position in list(self._state.portfolio.positions.values()):
            code = self._due_at_check(position)
            if code is not None:
                self.demand(position, code)
        self.look_again()

    def on_time(self) -> None:
        """Run out the clocks, also of what nobody trades; look at every demand that stands."""
        for position in list(self._state.portfolio.positions.values()):
            self._run_out_clock(position)
        self.look_again()
        if self._early:
            self.pursue()
            self._sell_early()

    def _sell_early(self) -> None:
        """Sell what was reached before the exchange took orders, as far as there is room to send; the rest a second later."""
        for key in list(self._early):
            if self.desk.is_exit_lane_busy:
                return
            hit, position = self._early.pop(key), self._state.portfolio.positions.get(key)
            if position is not None:
                self._act(position, hit)

    def close_session(self) -> None:
        """Look at the true close; what 15:15 did not see is sold at the next open."""
        for position in self._state.portfolio.positions.values():
            day = self._state.days.get(position.symbol)
            if day is None or day.bar is None or day.bar.kind is BarKind.DAY or position.key in self._demands:
                continue
            code = self._rules.sell_signal(position, day, day.bar) or self._rules.trail_signal(position, day, day.bar)
            if code is not None:
                self._late[position.key] = code

    def on_facts(self) -> None:
        """Sell what the exchange or a person says not to hold."""
        for position in list(self._state.portfolio.positions.values()):
            if self._rules.has_bad_news(position):
                self.demand(position, CoreCode.BAD_NEWS, is_urgent=True)

    def flatten(self, code: Code, style: Style | None, *, only_losing: bool = False) -> None:
        """Sell all positions, or those of day or swing strategies, or those that are worth less than they cost."""
        for position in list(self._state.portfolio.positions.values()):
            instance = self._instances.get(position.instance)
            if only_losing and self._state.portfolio.last[position.symbol] >= position.exit_average:
                continue
            if style is None or (instance is not None and instance.traits.style is style):
                self.demand(position, code, is_urgent=True)

    def flatten_by_operator(self, scope: TradingScope) -> None:
        """Sell everything in a scope, also while it is halted, and what its entries still buy while they are taken back."""
        for order in self.desk.live_entries(scope):
            self._taken_back[order.order_id] = CoreCode.MANUAL
            self.desk.cancel(order, CoreCode.MANUAL)
        for position in list(self._state.portfolio.positions.values()):
            if scope.holds(position.instance, position.symbol):
                # What was demanded before cannot pass a halt and may wait for its time; this one does neither.
                self._demands.pop(position.key, None)
                self.demand(position, CoreCode.MANUAL, is_urgent=True)

    def protect_profits(self) -> None:
        """Raise the stop of each position in profit to where it breaks even."""
        for position in list(self._state.portfolio.positions.values()):
            if (
                position.symbol in self._state.days
                and self._state.portfolio.last[position.symbol] >= position.exit_average
            ):
                self._state.portfolio.replace(self._at_break_even(position))

    def demand(self, position: Position, code: Code, trigger: int | None = None, *, is_urgent: bool = False) -> None:
        """Sell all of a position, step by step down to the market, until it is flat; its symbol's entries are taken back.

        A demand that stands keeps its code; a price that makes it due in this very moment goes with it.
        """
        key, now = position.key, self._state.now
        if code in _STOPS:
            self._state.stopped_symbols.add(position.symbol)
        self.desk.clear_way(position.symbol, code)
        for order in self.desk.live_in(position.symbol):
            if order.side is _BUY and order.key == key:
                self._taken_back.setdefault(order.order_id, code)
        opening = self._opening
        if trigger is None and opening is not None and opening.symbol == position.symbol:
            # On a daily bar, what is seen at the open is sold at the open; nobody knew the day's end then.
            trigger = opening.open if opening.kind is BarKind.DAY else None
        standing = self._demands.get(key)
        if standing is None:
            standing = self._demands[key] = _Demand(code, trigger, now)
        elif trigger is not None:
            standing.trigger, standing.since = trigger, now
        standing.is_urgent = standing.is_urgent or is_urgent
        self._due[key] = None
        if code is _STOP_OF_GROUP:
            self._stop_group(position, trigger)

    def _stop_group(self, stopped: Position, trigger: int | None) -> None:
        """Buy nothing more for the group of a position that is stopped, and sell its other positions with it."""
        instance, symbol = stopped.instance, stopped.symbol
        self.end_group(instance, symbol)
        for order in self.desk.live_entries():
            if (order.instance, order.symbol) == (instance, symbol):
                self._taken_back.setdefault(order.order_id, CoreCode.GRID_HALT)
        for other in self.positions_in(symbol):
            if other.instance == instance and other.exits.ends_group and other.key not in self._demands:
                self.demand(other, CoreCode.GRID_HALT, trigger)

    def look_again(self) -> None:
        """Look at every demand that stands; what waits for its time goes out when it has come."""
        self._due |= dict.fromkeys(self._demands)

    def pursue(self) -> None:
        """Send what is demanded and can be sent now."""
        if not self._due or not self._is_market_open:
            return
        due, self._due = self._due, {}
        for key in due:
            position, demand = self._state.portfolio.positions.get(key), self._demands.get(key)
            if position is not None and demand is not None:
                self._pursue(position, demand)

    @property
    def _is_market_open(self) -> bool:
        """Tell whether the exchange takes an exit now; behind the print of the closing auction it takes none."""
        state = self._state
        if state.phase in (None, MarketPhase.CLOSED):
            return False
        return not state.has_books or state.now < state.clock.close

    def _pursue(self, position: Position, demand: _Demand) -> None:
        if self._state.facts.get(fact.VI_STATE, position.symbol).value in NO_TRADING:
            return  # the fact that tells of the end looks again
        now, live = self._state.now, self.desk.live_sell(position.key)
        if live is not None:
            if live.order_type is OrderType.LIMIT and not self._keeps(demand, live, position):
                self.desk.cancel(live, demand.code)
            return
        is_halted = self._is_halted(position) and demand.code is not CoreCode.MANUAL
        if demand.is_halted and not is_halted:
            demand.is_halted, demand.not_before = False, 0
        if now < demand.not_before:
            return
        if is_halted:
            demand.is_halted, demand.not_before = True, now + HALTED_ALARM
            detail: Numbers = {"exit": str(demand.code), "quantity": position.quantity, "stop": position.stop}
            self._state.notify(Severity.CRITICAL, CoreCode.EXIT_HALTED, position.symbol, detail)
            return
        self.desk.clear_way(position.symbol, demand.code)
        if self.desk.is_exit_lane_busy:
            return  # it goes out as soon as there is room; only what was sent and not sold is paused
        if demand.not_before > 0:
            demand.pause = min(2 * demand.pause, SEND_AGAIN_AT_MOST)
        demand.not_before = now + demand.pause
        trigger = demand.trigger if demand.since == now else None
        demand.started = now if demand.started is None else demand.started
        step = self._rung(demand, position)
        order = self.desk.sell(position, position.quantity, demand.code, limit=step.limit, trigger=trigger)
        if order is not None:
            demand.order_id, demand.until = order.order_id, step.until

    def _keeps(self, demand: _Demand, live: Order, position: Position) -> bool:
        """Tell whether a limit sell is the demand's own and still the right step."""
        if live.order_id != demand.order_id:
            return False
        if self.desk.is_raised(live):
            return True  # the desk takes it back in time
        step = self._rung(demand, position)
        return step.limit is not None and (demand.until is None or self._state.now < demand.until)

    def _rung(self, demand: _Demand, position: Position) -> Rung:
        state = self._state
        day = state.days[position.symbol]
        is_late = state.now >= state.clock.at(LAST_STEPS)
        return rung(
            state.now if demand.started is None else demand.started,
            state.now,
            day.book if state.has_books else None,
            last=state.portfolio.last[position.symbol],
            stop=position.stop,
            is_urgent=demand.is_urgent or is_late,
            ticks=day.ticks,
            limits=day.limits,
        )

    def _is_halted(self, position: Position) -> bool:
        return self._state.trading.of(position.instance, position.symbol) is _HALTED

    def _reach(self, position: Position, bar: Bar, entered_at: int | None) -> None:
        is_halted = self._is_halted(position)
        found = hits_in_bar(
            bar,
            self._rules.level(position, self._state.days[position.symbol]),
            # A target that is reached in a halt stays where it is; a stop is demanded and waits.
            [] if is_halted else [price for price, _ in position.targets],
            entered_at=entered_at,
            path=self._state.config.path,
            done=len(position.exits.targets) - len(position.targets),
        )
        if found.is_path_dependent:
            self._state.portfolio.mark_path_dependent(position.key)
        if not found.hits:
            return
        if not is_halted:
            self._expect(position, found.hits)
        first, *rest = found.hits
        self._queued[position.key] = deque(rest)
        self._act(position, first)

    def _expect(self, position: Position, hits: tuple[Hit, ...]) -> None:
        """Value the shares that this bar sells at what it sells them for, until the fills say it themselves."""
        left, won = position.quantity, 0
        for hit in hits:
            shares = left if hit.target is None else min(left, position.targets[hit.target][1])
            left, won = left - shares, won + shares * hit.price
        self._state.portfolio.expect(position.key, position.quantity - left, won)

    def _act(self, position: Position, hit: Hit) -> None:
        if hit.target is None:
            day = self._state.days[position.symbol]
            self.demand(position, self._rules.code_at(position, day, hit.price), hit.price)
            return
        if position.key in self._demands or self.desk.live_sell(position.key) is not None or self._is_halted(position):
            return
        if not self._is_market_open:
            self._early[position.key] = hit  # the target stays where it is, and is sold at the open
            return
        place = next((n for n, (price, _) in enumerate(position.targets) if price == hit.price), None)
        if place is None:
            return
        reached = position.reached + (place >= position.rests)
        shares = position.targets[place][1]
        left = (*position.targets[:place], *position.targets[place + 1 :])
        changed = structs.replace(self._behind_target(position), targets=left, reached=reached)
        self._state.portfolio.replace(changed)
        queue = self._queued.get(position.key)
        order = None
        if shares > 0:
            order = self._sell_at(changed, shares, hit)
            changed = self._with_unsent(changed, hit, shares if order is None else shares - order.quantity)
        if order is None:
            if queue:
                self._act(changed, queue.popleft())
        elif queue and queue[-1].target is None:
            # The bar goes on to the stop: what the target does not sell in passing is not there any more.
            self.desk.cancel(order, queue[-1].code)

    def _with_unsent(self, position: Position, hit: Hit, shares: int) -> Position:
        """Let a target stay for the shares that did not leave: what the gate held back, or what one order may not carry.

        Trades reach it again; what the gate held back not before a while, for each time is an alarm. Behind the cancels of our own
        bids there may be no room to send: that is none.
        """
        if shares <= 0:
            return position
        if self.desk.live_sell(position.key) is None and not self.desk.is_exit_lane_busy:
            self._again[position.key] = self._state.now + SEND_AGAIN
        return self._put_back(position, hit.price, shares)

    def _put_back(self, position: Position, price: int, shares: int) -> Position:
        """Let a target that was reached wait for more shares, ahead of those that were not reached yet."""
        others = position.targets
        if position.rests and others[0][0] == price:
            shares, others = shares + others[0][1], others[1:]
        kept = structs.replace(position, targets=((price, shares), *others))
        self._state.portfolio.replace(kept)
        return kept

    def _sell_at(self, position: Position, shares: int, hit: Hit) -> Order | None:
        """Send a sell at a target; on a bar beyond the day's price limits no limit is possible: it is sold at the open."""
        day = self._state.days[position.symbol]
        limit = self._at_least_the_bid(hit.price, position.symbol)
        if day.bar is not None and not self._state.has_books and not day.limits.contains(limit):
            return self.desk.sell(position, shares, hit.code, limit=None, trigger=day.bar.open)
        until = self._state.now + TARGET_LIFE
        return self.desk.sell(position, shares, hit.code, limit=limit, trigger=hit.price, expires_at=until)

    def _at_least_the_bid(self, price: int, symbol: str) -> int:
        """Return the limit of a sell at a target: who bids more pays more, and a gap over it is sold at the open."""
        day, state = self._state.days[symbol], self._state
        if not state.has_books:
            return price if day.bar is None else max(price, day.ticks.rdn(day.bar.open))
        book = day.book
        if book is None or book.bid is None or state.now - book.ts > FRESH:
            return price
        return max(price, day.ticks.rdn(book.bid))

    def _behind_target(self, position: Position) -> Position:
        """Return the position as a target that was reached leaves it; the stop of a group is the same for all its lots."""
        return position if position.exits.ends_group else self._at_break_even(position)

    def _at_break_even(self, position: Position) -> Position:
        """Return the position with its stop at least where it breaks even."""
        day = self._state.days[position.symbol]
        price = self._state.costs.break_even(position.exit_average, day.ticks, day.tax_rate)
        return with_stop(position, price, CoreCode.STOP)

    def _trail(self, key: Key, day: SymbolDay, high: int) -> None:
        """Raise the peak, and the stop that follows it; what a bar raises is valid from the next one on."""
        position = self._state.portfolio.positions.get(key)
        if position is None:
            return
        raised = position if high <= position.peak else structs.replace(position, peak=high)
        trailed = self._rules.trailed(raised, day)
        if trailed is not None:
            raised = with_stop(raised, *trailed)
        if raised is not position:
            self._state.portfolio.replace(raised)

    def _run_out_clock(self, position: Position) -> None:
        end, now = self._runs_until(position), self._state.now
        if end is None or now < end or position.key not in self._state.portfolio.positions:
            return
        if now == self._state.clock.eod_check and self._state.phase is MarketPhase.OPEN:
            return  # the check of this very moment may have a reason that goes before it
        self.demand(position, CoreCode.TIME_EXIT)

    def _runs_until(self, position: Position) -> Nanos | None:
        """Return when a clock of this session ends the position, None if none does: a daily bar has none but its close."""
        plan = position.exits.time_exit
        if plan is None or self._state.bar_kind_of(position.symbol) is _DAY:
            return None
        kind, value = plan.kind, plan.value
        if kind is _MINUTES and isinstance(value, int):
            return position.opened_at + value * time.MINUTE
        if kind is _CLOCK and isinstance(value, dt.time) and position.opened_on == self._state.session:
            return self._state.clock.at(value)
        return None

    def _due_at_open(self, position: Position) -> Code | None:
        plan = position.exits.time_exit
        if plan is not None and plan.kind is TimeExitKind.CLOCK and position.opened_on < self._state.session:
            self._state.notify(Severity.WARNING, CoreCode.FORCED_OVERNIGHT, position.symbol)
            self._demands.pop(position.key, None)
            return CoreCode.FORCED_OVERNIGHT
        if self._rules.opens_below_stop(position):
            return position.stop_code
        if self._rules.has_bad_news(position):
            return CoreCode.BAD_NEWS
        late = self._late.get(position.key)
        if late is not None:
            self._state.notify(Severity.WARNING, CoreCode.LATE_CLOSE_EXIT, position.symbol, {"rule": str(late)})
            return CoreCode.LATE_CLOSE_EXIT
        return None

    def _due_at_check(self, position: Position) -> Code | None:
        """Return the first reason by priority: a sell signal, the strategy's own word, the trailing stop, the time."""
        day = self._state.days.get(position.symbol)
        bar = None if day is None else day.bar
        if day is not None and bar is not None:
            code = self._rules.sell_signal(position, day, bar)
            if code is not None:
                return code
            if _CHECK in self._moments_of(position):
                self._manage(position.key, day)
            if position.key in self._demands:
                return None
            code = self._rules.trail_signal(position, day, bar)
            if code is not None:
                return code
        return CoreCode.TIME_EXIT if self._is_time_over(position) else None

    def _is_time_over(self, position: Position) -> bool:
        plan = position.exits.time_exit
        if plan is None:
            return False
        is_daily = self._state.bar_kind_of(position.symbol) is _DAY
        if plan.kind is _SESSIONS and isinstance(plan.value, int):
            held = sessions_since(self._state.config.calendar, position.opened_on, self._state.session)
            return held >= plan.value
        if plan.kind is _CLOCK and isinstance(plan.value, dt.time):
            # Daily bars know one moment before the close; every clock exit of the session falls on it.
            return is_daily or self._state.clock.at(plan.value) <= self._state.now
        end = self._runs_until(position)
        return is_daily or (end is not None and end <= self._state.now)

    def _moments_of(self, position: Position) -> frozenset[Moment]:
        """Return at which moments of a session the position's strategy is asked."""
        instance = self._instances.get(position.instance)
        return instance.traits.manages_at if instance is not None else frozenset()

    def _manage_at(self, moment: Moment, day: SymbolDay) -> None:
        for position in self.positions_in(day.instrument.symbol):
            if moment in self._moments_of(position):
                self._manage(position.key, day)

    def _manage_by_the_minute(self, key: Key, day: SymbolDay, bar: Bar) -> None:
        instance = self._instances.get(key[0])
        if instance is None or instance.traits.manage_every_min == 0:
            return
        clock, traits = self._state.clock, instance.traits
        if _CHECK in traits.manages_at and bar.end == clock.eod_check:
            return  # the check of this very moment asks, in its turn
        if (bar.end - clock.open) % (traits.manage_every_min * time.MINUTE) == 0:
            self._manage(key, day)

    def _manage(self, key: Key, day: SymbolDay) -> None:
        position = self._state.portfolio.positions.get(key)
        if position is None or key in self._demands:
            return
        strategy = self._managing.get(position.instance)
        if strategy is None:
            return
        instance = self._instances[position.instance]
        if instance.is_parked:
            return
        try:
            # A strategy is a guest: when it raises, or answers what it must not, its position keeps the stop it has.
            answer = _answer(strategy.manage(self._make_view(day, instance), position))
        except Exception as error:  # noqa: BLE001
            self._on_strategy_fault(instance, position.symbol, error)
            return
        match answer:
            case Exit(code):
                self.demand(position, code)
            case RaiseStop(price):
                self._state.portfolio.replace(with_stop(position, day.ticks.rup(price), CoreCode.STOP))


def with_stop(position: Position, price: int, code: Code) -> Position:
    """Return the position with its stop raised to a price, and why it lies there; a stop never falls."""
    return position if price <= position.stop else structs.replace(position, stop=price, stop_code=code)


def _kept_hit(hit: Hit) -> HitMemory:
    return HitMemory(str(hit.code), hit.price, hit.target)


def _hit(kept: HitMemory) -> Hit:
    return Hit(member(CoreCode, kept.code), kept.price, kept.target)


def _kept_demand(key: Key, demand: _Demand) -> DemandMemory:
    values = {one.name: getattr(demand, one.name) for one in fields(_Demand)}
    return DemandMemory(key=key, **(values | {"code": str(demand.code)}))


def _demand(kept: DemandMemory, codes: CodeBook) -> _Demand:
    values = {one.name: getattr(kept, one.name) for one in fields(_Demand)}
    return _Demand(**(values | {"code": codes[kept.code]}))


def _answer(answer: object) -> Exit | RaiseStop | None:
    """Return what `manage` answered; raises when it is no answer at all."""
    match answer:
        case None:
            return None
        case Exit(CoreCode.MANUAL):
            raise TypeError("MANUAL is the operator's own reason to sell")
        case Exit(code) if isinstance(code, Code):
            return answer
        case RaiseStop(price):
            require_price("manage", "stop", price)
            return answer
    raise TypeError(f"manage answered {answer!r}")
