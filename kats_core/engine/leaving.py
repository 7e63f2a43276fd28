"""Get out of positions: stops and targets inside bars, clocks, `manage`, and what a stage or an operator demands.

One coordinator for all positions. A position has at most one live sell; a more urgent reason first takes back the sell
that is live, then sells the rest.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable

from msgspec import structs

from kats_core.engine.desk import OrderDesk
from kats_core.engine.portfolio import Key
from kats_core.engine.state import State, StrategyInstance, SymbolDay
from kats_core.exits.in_bar import Hit, hits_in_bar
from kats_core.exits.targets import place_targets
from kats_core.market.calendar import sessions_since
from kats_core.model import time
from kats_core.model.bar import Bar
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import BarKind, OrderType, Severity, Style
from kats_core.model.labels import Code
from kats_core.model.order import Fill, Order
from kats_core.model.position import Position
from kats_core.model.record import TradeRecord
from kats_core.model.signal import Exit, RaiseStop, TimeExitKind
from kats_core.strategy.contract import ManagingStrategy, View


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
        self._queued: dict[Key, deque[Hit]] = {}
        self._demanded: dict[Key, tuple[Code, int | None]] = {}
        self._unfinished: dict[Key, Code] = {}
        self.desk: OrderDesk

    def positions_in(self, symbol: str) -> list[Position]:
        """Return the positions in a symbol, oldest key first."""
        return self._state.portfolio.held(symbol)

    def on_bar(self, day: SymbolDay, bar: Bar) -> None:
        """Let a bar reach stops and targets, run out the clocks, and ask `manage`."""
        for position in self.positions_in(bar.symbol):
            self._queued.pop(position.key, None)
            entered_at, entry_price = self._state.entered.get(position.key, (0, None))
            self._reach(position, bar, entry_price if entered_at == bar.end else None)
            self._raise_peak(position.key, bar)
            if bar.kind is BarKind.MINUTE:
                self._run_out_clock(position, bar)
                self._manage(position.key, day, bar)

    def on_bought(self, order: Order, fill: Fill, position: Position) -> None:
        """Place the targets for what is held now; on a daily bar the rest of the bar follows the entry."""
        day = self._state.days[order.symbol]
        targets = place_targets(position.exits, position.average, position.quantity, day.ticks)
        position = structs.replace(position, targets=targets)
        self._state.portfolio.replace(position)
        self._state.entered[position.key] = (fill.ts, fill.price)
        if day.bar is not None and day.bar.kind is BarKind.DAY:
            self._reach(position, day.bar, fill.price)

    def on_sold(self, order: Order, fill: Fill, before: Position, after: Position | None) -> None:
        """Close the trade of a position that became flat."""
        if after is not None:
            return
        code = self.desk.reason(order)
        key = order.key
        self._state.entered.pop(key, None)
        self._queued.pop(key, None)
        self._demanded.pop(key, None)
        self._unfinished.pop(key, None)
        trade = self._state.portfolio.close(before, fill.ts, self._state.session, str(code))
        self._state.record(trade)
        self._on_trade(trade)

    def on_ended(self, order: Order) -> None:
        """Go on where an ended sell left its position: with what was demanded meanwhile, or the bar's next target."""
        position = self._state.portfolio.positions.get(order.key)
        if position is None or order.is_reducing is False:
            return
        demanded = self._demanded.pop(order.key, None)
        if demanded is not None:
            self.desk.sell(position, position.quantity, demanded[0], limit=None, trigger=demanded[1])
            return
        if order.remaining > 0:
            self._keep_unfinished(position, order)
            return
        queue = self._queued.get(order.key)
        if queue:
            self._act(position, queue.popleft())

    def at_open(self) -> None:
        """Sell what should have been sold in an earlier session; an exit does not end unsold with its session."""
        for position in list(self._state.portfolio.positions.values()):
            plan = position.exits.time_exit
            unfinished = self._unfinished.pop(position.key, None)
            if plan is not None and plan.kind is TimeExitKind.CLOCK and position.opened_on < self._state.session:
                self._state.notify(Severity.WARNING, CoreCode.FORCED_OVERNIGHT, position.symbol)
                self.demand(position, CoreCode.FORCED_OVERNIGHT)
            elif unfinished is not None:
                self.demand(position, unfinished)

    def at_end_of_day_check(self) -> None:
        """Sell what is due at 15:15, and ask `manage` once more."""
        for position in list(self._state.portfolio.positions.values()):
            if self._is_due_at_check(position):
                self.demand(position, CoreCode.TIME_EXIT)
                continue
            day = self._state.days.get(position.symbol)
            if day is not None and day.bar is not None and day.bar.kind is BarKind.DAY:
                self._manage(position.key, day, day.bar)

    def flatten(self, code: Code, style: Style | None, *, only_losing: bool = False) -> None:
        """Sell all positions, or those of day or swing strategies, or those that are worth less than they cost."""
        for position in list(self._state.portfolio.positions.values()):
            instance = self._instances.get(position.instance)
            if only_losing and self._state.portfolio.last[position.symbol] >= position.average:
                continue
            if style is None or (instance is not None and instance.traits.style is style):
                self.demand(position, code)

    def protect_profits(self) -> None:
        """Raise the stop of each position in profit to where it breaks even."""
        for position in list(self._state.portfolio.positions.values()):
            day = self._state.days.get(position.symbol)
            if day is None or self._state.portfolio.last[position.symbol] < position.average:
                continue
            break_even = self._state.costs.break_even(position.average, day.ticks, day.tax_rate)
            self._state.portfolio.replace(structs.replace(position, stop=max(position.stop, break_even)))

    def demand(self, position: Position, code: Code, trigger: int | None = None) -> None:
        """Sell all of a position at the market, taking back a limit sell and what still buys for the position."""
        if code is CoreCode.STOP:
            self._state.stopped_symbols.add(position.symbol)
        for order in self.desk.live_entries():
            if order.key == position.key:
                self.desk.cancel(order, code)
        live = self.desk.live_sell(position.key)
        if live is None:
            self.desk.sell(position, position.quantity, code, limit=None, trigger=trigger)
        elif live.order_type is OrderType.LIMIT:
            self._demanded[position.key] = (code, trigger)
            self.desk.cancel(live, code)

    def _reach(self, position: Position, bar: Bar, entry_price: int | None) -> None:
        done = len(position.exits.targets) - len(position.targets)
        found = hits_in_bar(
            bar,
            position.stop,
            [price for price, _ in position.targets],
            entry_price=entry_price,
            path=self._state.config.path,
            done=done,
        )
        if found.is_path_dependent:
            self._state.portfolio.mark_path_dependent(position.key)
        if not found.hits:
            return
        first, *rest = found.hits
        self._queued[position.key] = deque(rest)
        self._act(position, first)

    def _act(self, position: Position, hit: Hit) -> None:
        if hit.target is None:
            self.demand(position, hit.code, hit.price)
            return
        if self.desk.live_sell(position.key) is not None:
            return
        day = self._state.days[position.symbol]
        price, shares = position.targets[0]
        break_even = self._state.costs.break_even(position.average, day.ticks, day.tax_rate)
        changed = structs.replace(position, targets=position.targets[1:], stop=max(position.stop, break_even))
        self._state.portfolio.replace(changed)
        if shares > 0:
            self.desk.sell(changed, shares, hit.code, limit=price, trigger=hit.price)
            return
        queue = self._queued.get(position.key)
        if queue:
            self._act(changed, queue.popleft())

    def _keep_unfinished(self, position: Position, order: Order) -> None:
        """Remember what an ended sell has left unsold: a target stays active, anything else goes on at the next open."""
        if order.limit is None:
            self._unfinished[order.key] = self.desk.reason(order)
            return
        waiting = ((order.limit, order.remaining), *position.targets)
        self._state.portfolio.replace(structs.replace(position, targets=waiting))

    def _raise_peak(self, key: Key, bar: Bar) -> None:
        position = self._state.portfolio.positions.get(key)
        if position is not None and bar.high > position.peak:
            self._state.portfolio.replace(structs.replace(position, peak=bar.high))

    def _run_out_clock(self, position: Position, bar: Bar) -> None:
        plan = position.exits.time_exit
        if plan is None or position.key not in self._state.portfolio.positions:
            return
        match plan.kind, plan.value:
            case TimeExitKind.MINUTES, int(minutes):
                is_over = bar.end - position.opened_at >= minutes * time.MINUTE
            case TimeExitKind.CLOCK, dt.time() as clock:
                is_over = bar.end >= self._state.clock.at(clock) and position.opened_on == self._state.session
            case _:
                return
        if is_over:
            self.demand(position, CoreCode.TIME_EXIT)

    def _is_due_at_check(self, position: Position) -> bool:
        plan = position.exits.time_exit
        if plan is None:
            return False
        if plan.kind is TimeExitKind.SESSIONS and isinstance(plan.value, int):
            held = sessions_since(self._state.config.calendar, position.opened_on, self._state.session)
            return held >= plan.value
        if plan.kind is TimeExitKind.CLOCK and isinstance(plan.value, dt.time):
            # Daily bars know one moment before the close; every clock exit of the session falls on it.
            return self._state.bar_kind is BarKind.DAY or self._state.clock.at(plan.value) <= self._state.now
        return self._state.bar_kind is BarKind.DAY

    def _manage(self, key: Key, day: SymbolDay, bar: Bar) -> None:
        position = self._state.portfolio.positions.get(key)
        if position is None:
            return
        strategy = self._managing.get(position.instance)
        if strategy is None:
            return
        instance = self._instances[position.instance]
        if instance.is_parked:
            return
        every = instance.traits.manage_every_min
        if bar.kind is BarKind.MINUTE and (every == 0 or (bar.end - self._state.clock.open) % (every * time.MINUTE)):
            return
        try:
            # A strategy is a guest: when it raises, its position keeps the stop it has.
            answer = strategy.manage(self._make_view(day, instance), position)
        except Exception as error:  # noqa: BLE001
            self._on_strategy_fault(instance, position.symbol, error)
            return
        match answer:
            case Exit(code):
                self.demand(position, code)
            case RaiseStop(price) if price > position.stop:
                self._state.portfolio.replace(structs.replace(position, stop=day.ticks.rup(price)))
            case _:
                pass
