"""Create orders, pass them through the gate, and follow each one to its end. Every order has this one door."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

import msgspec
from msgspec import structs

from kats_core.engine.own_bids import OwnBids, OwnBidsMemory
from kats_core.engine.portfolio import Opening
from kats_core.engine.state import State, SymbolDay
from kats_core.model import fact, ids, time
from kats_core.model.bar import Book
from kats_core.model.codes import CoreCode
from kats_core.model.command import Cancel, Send
from kats_core.model.event import (
    BrokerEvent,
    CancelRefused,
    DailyTail,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderInDoubt,
    OrderLost,
    OrderNotFound,
    OrderNotSent,
    OrderRefused,
)
from kats_core.model.kinds import BarKind, OrderState, OrderType, Purpose, Severity, Side, TradingState
from kats_core.model.labels import Code, CodeBook
from kats_core.model.order import TERMINAL, Fill, Order, OrderId
from kats_core.model.position import Position
from kats_core.model.record import FillRecord, OrderEventRecord, OrderRecord
from kats_core.model.scope import ALL, ScopeKind, TradingScope
from kats_core.model.setup import Numbers
from kats_core.model.signal import ExitPlan
from kats_core.model.time import NEVER, Nanos
from kats_core.model.verdict import Proposal
from kats_core.orders import gate
from kats_core.orders.lifecycle import InvalidTransitionError, OrderStep, advance
from kats_core.orders.traffic import Traffic, TrafficMemory

# Members by names of their own: on Python 3.11 finding one in its class costs as much as a call.
_BUY, _SELL, _DAY = Side.BUY, Side.SELL, BarKind.DAY
_SEND, _ACCEPTED, _FILL, _CHECK_FAILED = OrderStep.SEND, OrderStep.ACCEPTED, OrderStep.FILL, OrderStep.CHECK_FAILED
_CREATED, _FILLED, _UNKNOWN = OrderState.CREATED, OrderState.FILLED, OrderState.UNKNOWN
_LIMIT, _MARKET, _EXIT = OrderType.LIMIT, OrderType.MARKET, Purpose.EXIT

_CANCELLABLE = frozenset({OrderState.SUBMITTED, OrderState.PARTIAL_FILLED})
_TEXT_OF = {step: str(step) for step in OrderStep}

CANCEL_AGAIN: Nanos = time.SECOND
"""After a refused cancel the wish is sent once more (rule 24), not earlier than this."""

CANCEL_EXIT_AGAIN: Nanos = 10 * time.SECOND
"""An exit's cancel is sent again each time after this, however often it is refused: a stop may wait behind it."""


MEAN_VOLUME_BARS = 20


class Touch(NamedTuple):
    """Where a daily bar met a setup's level, and the ticks that are paid beyond it."""

    price: int
    slip_ticks: int


class _Wish:
    """An order that is to be cancelled as soon as it can be."""

    __slots__ = ("code", "not_before", "was_refused")

    def __init__(self, code: Code) -> None:
        self.code = code
        self.not_before: Nanos = 0
        self.was_refused = False


class WishMemory(msgspec.Struct, frozen=True):
    """A wish to cancel, as it is kept over a restart."""

    order_id: OrderId
    code: str
    not_before: Nanos
    was_refused: bool


class DeskMemory(msgspec.Struct, frozen=True, kw_only=True):
    """The session's orders and how far they got, as they are kept over a restart; `next` is the number of the next one."""

    next: OrderId
    orders: tuple[Order, ...]
    live: tuple[OrderId, ...]
    openings: tuple[tuple[OrderId, Opening], ...]
    reasons: tuple[tuple[OrderId, str], ...]
    steps: tuple[tuple[OrderId, int], ...]
    fills: tuple[tuple[OrderId, int], ...]
    wishes: tuple[WishMemory, ...]
    sent: tuple[OrderId, ...]
    asked_for: dict[str, int]
    traffic: TrafficMemory
    ran_out: tuple[OrderId, ...] = ()
    own_bids: OwnBidsMemory = OwnBidsMemory()


class OrderDesk:
    """All orders of the run. `on_bought` and `on_sold` are told what a fill did to its position.

    A wish to cancel is kept until the order has ended: one that comes before the acceptance goes out with it.
    """

    def __init__(
        self,
        state: State,
        on_bought: Callable[[Order, Fill, Position], None],
        on_sold: Callable[[Order, Fill, Position, Position | None], None],
        on_ended: Callable[[Order], None],
    ) -> None:
        self._state = state
        self._on_bought = on_bought
        self._on_sold = on_sold
        self._on_ended = on_ended
        self._orders: dict[OrderId, Order] = {}
        self._live: dict[OrderId, Order] = {}
        self._live_in: dict[str, dict[OrderId, Order]] = {}
        self._pictured: tuple[Order, ...] | None = ()
        self._openings: dict[OrderId, Opening] = {}
        self._reasons: dict[OrderId, Code] = {}
        self._steps: dict[OrderId, int] = {}
        self._fills: dict[OrderId, int] = {}
        self._outside: dict[OrderId, str] = {}
        self._wishes: dict[OrderId, _Wish] = {}
        self._next: OrderId = 1
        self._sent: set[OrderId] = set()
        self._recent: dict[tuple[object, ...], Nanos] = {}
        self._asked_for: dict[str, int] = {}
        self._ran_out: set[OrderId] = set()
        self._own_bids = OwnBids()
        self._traffic = Traffic(state.config.gate)

    @property
    def latched(self) -> Mapping[str, CoreCode]:
        """Strategy instances that are latched off, and why."""
        return self._traffic.latched

    def use_gate(self) -> None:
        """Count by the order gate's configuration that is in force."""
        self._traffic.use(self._state.config.gate)

    @property
    def live(self) -> tuple[Order, ...]:
        """Orders that may still fill, oldest first."""
        if self._pictured is None:
            self._pictured = tuple(self._live.values())
        return self._pictured

    def live_in(self, symbol: str) -> Collection[Order]:
        """Return the live orders of a symbol, oldest first."""
        found = self._live_in.get(symbol)
        return () if found is None else found.values()

    def live_entries(self, scope: TradingScope = ALL) -> list[Order]:
        """Return the live orders that buy, in a scope or in all."""
        return [o for o in self._live.values() if o.side is Side.BUY and scope.holds(o.instance, o.symbol)]

    def live_sell(self, key: tuple[str, str, int]) -> Order | None:
        """Return the live sell of a position; there is at most one."""
        for order in self.live_in(key[1]):
            if order.side is _SELL and order.key == key:
                return order
        return None

    def is_working(self, symbol: str) -> bool:
        """Tell whether an order of the symbol is live."""
        return bool(self._live_in.get(symbol))

    @property
    def has_timers(self) -> bool:
        """Tell whether the passing of time alone may move an order: its life, a cancel to be sent again."""
        return bool(self._wishes) or any(self._has_life(order) for order in self._live.values())

    @property
    def is_exit_lane_busy(self) -> bool:
        """Tell whether exits and cancels must wait for their lane, a second at most; on bars messages cost no time."""
        return self._state.has_books and self._traffic.exit_wait(self._state.now) > 0

    def lowest_exit(self, symbol: str) -> int | None:
        """Return the lowest price at which an exit meets no bid of ours: a tick above the highest whose end is awaited.

        None where no bid is awaited, or none any more: after three seconds the exit goes as it would have, since protection
        outranks; people are told then. No entry bids so near to the upper limit that no price lies above it (`NEAR_LIMIT_UP`).
        """
        bid = self._own_bids.highest(self.live_in(symbol), self._state.now)
        return None if bid is None else self._state.days[symbol].ticks.up(bid)

    def is_raised(self, sell: Order) -> bool:
        """Tell whether an exit was sent above its price for a bid of ours; it is taken back when that is gone."""
        return self._own_bids.is_raised(sell.order_id)

    def is_let_down(self, sell: Order) -> bool:
        """Tell whether an exit that was sent above its price was taken back, to be sent again at it."""
        return self._own_bids.is_let_down(sell.order_id)

    def clear_way(self, symbol: str, code: Code) -> None:
        """Take back what we bid for a symbol, since an exit is wanted now: nobody trades with himself."""
        for order in list(self.live_in(symbol)):
            if order.side is _BUY:
                if self._state.has_books:
                    self._own_bids.want_gone(order.order_id, self._state.now)
                self.cancel(order, code)

    def wants(self, order_id: OrderId) -> bool:
        """Tell whether an order may still leave: nobody takes it back, and the trading state lets it pass, asked once more."""
        order = self._live.get(order_id)
        if order is None or order_id in self._wishes:
            return False
        return gate.refused_in(self._state.trading.of(order.instance, order.symbol), order) is None

    def reason(self, order: Order) -> Code:
        """Return why an exit was sent."""
        return self._reasons[order.order_id]

    def begin_session(self) -> None:
        """End what the exchange ended with the last session without a word, and forget its orders."""
        for order in list(self._live.values()):
            is_unanswered = order.state is OrderState.SUBMITTING
            last = self._step(order, OrderStep.LOST) if is_unanswered else order
            self._step(last, OrderStep.SESSION_END, CoreCode.SESSION_END)
        for book in (self._orders, self._openings, self._reasons, self._steps, self._fills, self._outside):
            book.clear()
        self._wishes.clear()
        self._sent.clear()
        self._recent.clear()
        self._asked_for.clear()
        self._ran_out.clear()
        self._own_bids.begin_session()
        self._traffic.begin_session()

    def dump(self) -> DeskMemory:
        """Return the session's orders as they are kept."""
        return DeskMemory(
            next=self._next,
            orders=tuple(self._orders.values()),
            live=tuple(self._live),
            openings=tuple(self._openings.items()),
            reasons=tuple((order_id, str(code)) for order_id, code in self._reasons.items()),
            steps=tuple(self._steps.items()),
            fills=tuple(self._fills.items()),
            wishes=tuple(WishMemory(i, str(w.code), w.not_before, w.was_refused) for i, w in self._wishes.items()),
            sent=tuple(sorted(self._sent)),
            asked_for=dict(self._asked_for),
            traffic=self._traffic.dump(),
            ran_out=tuple(sorted(self._ran_out)),
            own_bids=self._own_bids.dump(),
        )

    def load(self, memory: DeskMemory, codes: CodeBook) -> None:
        """Take up the session's orders as they were kept; raises ValueError when a code is nobody's."""
        self._next = memory.next
        self._orders = {order.order_id: order for order in memory.orders}
        for order_id in memory.live:
            self._keep_live(self._orders[order_id])
        self._openings = dict(memory.openings)
        self._reasons = {order_id: codes[text] for order_id, text in memory.reasons}
        self._steps, self._fills = dict(memory.steps), dict(memory.fills)
        for kept in memory.wishes:
            wish = self._wishes[kept.order_id] = _Wish(codes[kept.code])
            wish.not_before, wish.was_refused = kept.not_before, kept.was_refused
        self._sent = set(memory.sent)
        # An order is created and sent in the same step.
        sent = [order for order in memory.orders if order.order_id in self._sent]
        self._recent = {gate.content(order): order.created_at for order in sent}
        self._asked_for = dict(memory.asked_for)
        self._traffic.load(memory.traffic)
        self._ran_out = set(memory.ran_out)
        self._own_bids.load(memory.own_bids)

    def buy(
        self, proposal: Proposal, day: SymbolDay, ttl_s: int, touch: Touch | None, exits: ExitPlan
    ) -> CoreCode | None:
        """Send an approved entry; return why the gate held it back, or None.

        Reserves in the same step, before the order is sent. `touch` is where a daily bar met the setup's level, `exits` how a
        position is left that it opens.
        """
        state, signal = self._state, proposal.signal
        order = self._entry(self._number(), proposal, ttl_s, touch)
        is_staged = proposal.pyramids and proposal.purpose is Purpose.ENTRY
        plan = proposal.plan.quantity if is_staged and proposal.plan is not None else None
        grade = state.facts.text(fact.GRADE, proposal.symbol)
        sector = state.facts.text(fact.SECTOR, proposal.symbol)
        self._openings[order.order_id] = Opening(
            proposal.signal_id, state.session, exits, grade, sector, signal.pivot, plan
        )
        reserved = state.reservations.hold(order, proposal.risk_per_share, proposal.stop, grade, sector)
        refusal = self._release(order, self._entry_view(order, day), reserved=reserved.cash)
        if refusal is CoreCode.REPEAT_EXEC and order.instance not in self._traffic.latched:
            self._traffic.latch(order.instance, refusal)
            state.fault("core", refusal, order.symbol, f"{order.instance} buys nothing until a person releases it")
        return refusal

    def _end_of_entry(self, ttl_s: int) -> Nanos | None:
        """Return when an entry that is sent now is taken back: at the end-of-day check at the latest, or with its auction."""
        now, check = self._state.now, self._state.clock.eod_check
        return min(now + ttl_s * time.SECOND, check) if now < check else None

    def refusal(self, proposal: Proposal, day: SymbolDay, ttl_s: int, touch: Touch | None) -> CoreCode | None:
        """Return why the gate would hold an approved entry back now, or None; nothing is sent, kept or counted."""
        order = self._entry(self._next, proposal, ttl_s, touch)
        return gate.check(order, self._entry_view(order, day), self._state.config.gate)

    def sell(
        self,
        position: Position,
        quantity: int,
        code: Code,
        *,
        limit: int | None,
        trigger: int | None,
        expires_at: Nanos | None = None,
    ) -> Order | None:
        """Send an exit of at most `quantity` shares; a limit order at `limit`, else at the market.

        Return the order, None when the gate held it back or nothing is left to sell. `trigger` is the price at which the market made the exit due, None where the clock did.

        Bids of ours in the symbol are cancelled first. While one may still live the sell is a limit order above it; the desk takes
        it back when that bid is gone or three seconds have passed, and whoever wants the exit sends it again.
        """
        state, sellable = self._state, position.quantity
        live = list(self.live_in(position.symbol))
        for order in live:
            if order.side is _SELL and order.key == position.key:
                sellable -= order.remaining
        day = state.days.get(position.symbol)
        if quantity <= 0 or sellable <= 0 or day is None:
            return None
        self.clear_way(position.symbol, code)
        if self.is_exit_lane_busy:
            return None
        lowest = self.lowest_exit(position.symbol)
        is_raised = lowest is not None and (limit is None or limit < lowest)
        if is_raised:
            limit = lowest
        view = self._view(position.instance, position.symbol, day, met=trigger, sellable=sellable)
        quantity = min(quantity, sellable, gate.largest_exit(limit, view, state.config.gate))
        order = Order(
            order_id=self._number(),
            signal_id=position.signal_id,
            instance=position.instance,
            symbol=position.symbol,
            slot=position.slot,
            purpose=_EXIT,
            side=_SELL,
            order_type=_MARKET if limit is None else _LIMIT,
            quantity=quantity,
            limit=limit,
            state=_CREATED,
            created_at=state.now,
            expires_at=expires_at,
            trigger=trigger,
            reason=str(code),
        )
        self._reasons[order.order_id] = code
        refusal = self._release(order, view, reserved=0)
        if refusal is not None:
            # An exit that the gate holds back is a fault of ours: the position stays and people must know.
            state.fault("core", refusal, position.symbol, f"exit of {quantity} shares held back by the order gate")
            return None
        if is_raised:
            self._own_bids.raise_above(order.order_id)
        self._tell_of_bids(position.symbol, limit)
        return self._orders[order.order_id]

    def _tell_of_bids(self, symbol: str, limit: int | None) -> None:
        """Tell people, once each, of the bids that are not confirmed to be gone and that a sell at `limit` may meet."""
        for bid in self._own_bids.newly_overdue(self.live_in(symbol), limit, self._state.now):
            detail: dict[str, int | float | str] = {"order": bid.order_id, "bid": bid.limit or 0}
            self._state.notify(Severity.CRITICAL, CoreCode.OWN_BID_LIVES, symbol, detail)

    def _let_down(self) -> None:
        """Take back the exits that stand higher than bids of ours ask for now; they are sent again at their price."""
        for sell in self._own_bids.raised:
            order = self._live.get(sell)
            if order is None or order.limit is None or order.limit == self.lowest_exit(order.symbol):
                continue
            self._tell_of_bids(order.symbol, self._state.days[order.symbol].ticks.dn(order.limit))
            self._own_bids.let_down(sell)
            self.cancel(order, self._reasons[sell])

    def cancel(self, order: Order, code: Code) -> None:
        """Cancel what is left of a live order as soon as the broker can be asked to."""
        wish = self._wishes.get(order.order_id)
        if order.order_id in self._live and (wish is None or (wish.not_before == NEVER and wish.code is not code)):
            self._wishes[order.order_id] = _Wish(code)
            self._grant(order.order_id)

    def expire(self) -> None:
        """Cancel the orders whose time to live is over, and once more what the broker refused to cancel."""
        for order in self.live:
            if self._has_life(order) and order.expires_at is not None and self._state.now >= order.expires_at:
                self.cancel(order, CoreCode.TTL)
        for order_id in list(self._wishes):
            self._grant(order_id)
        self._let_down()

    def _has_life(self, order: Order) -> bool:
        """Tell whether a clock ends the order; a daily bar has none, what it leaves of an order waits for its close."""
        return order.expires_at is not None and self._state.bar_kind_of(order.symbol) is not _DAY

    def on_accepted(self, event: OrderAccepted) -> None:
        """Note that the broker knows the order; one that was filled before it was accepted has ended already."""
        order = self._find(event)
        if order is not None and order.state is not _FILLED:
            self._step(order, _ACCEPTED)

    def on_refused(self, event: OrderRefused) -> None:
        """Note that the broker refused the order."""
        order = self._find(event)
        if order is None:
            return
        severity = Severity.CRITICAL if order.is_reducing else Severity.WARNING
        self._state.notify(severity, CoreCode.REFUSED, order.symbol, {"text": event.text})
        self._step(order, OrderStep.REFUSED, CoreCode.REFUSED)
        self._count_refusal(order)

    def on_lost(self, event: OrderLost) -> None:
        """Note that nobody knows whether the order exists: its reservation is kept, and nothing is sent again."""
        order = self._find(event)
        if order is not None:
            self._state.notify(Severity.CRITICAL, CoreCode.ORDER_LOST, order.symbol, {"order": order.order_id})
            self._step(order, OrderStep.LOST, CoreCode.ORDER_LOST)

    def on_not_sent(self, event: OrderNotSent) -> None:
        """Note that nothing of the order left; an exit is tried again, an entry is gone."""
        order = self._find(event)
        if order is not None:
            severity = Severity.CRITICAL if order.is_reducing else Severity.WARNING
            self._state.notify(severity, CoreCode.NOT_SENT, order.symbol, {"text": event.text})
            self._step(order, OrderStep.UNREACHABLE, CoreCode.NOT_SENT)

    def on_not_found(self, event: OrderNotFound) -> None:
        """Note that a lost order was never taken; what it was to sell is sold by another one."""
        order = self._find(event)
        if order is not None:
            severity = Severity.CRITICAL if order.is_reducing else Severity.WARNING
            self._state.notify(severity, CoreCode.ORDER_NOT_FOUND, order.symbol, {"order": order.order_id})
            self._step(order, OrderStep.NOT_FOUND, CoreCode.ORDER_NOT_FOUND)

    def on_in_doubt(self, event: OrderInDoubt) -> None:
        """Let a person find out which order a lost one is; nobody knows it as before."""
        order = self._find(event)
        if order is not None:
            detail: Numbers = {"order": order.order_id, "numbers": ", ".join(event.numbers)}
            self._state.notify(Severity.CRITICAL, CoreCode.ORDER_IN_DOUBT, order.symbol, detail)

    def on_cancelled(self, event: OrderCancelled) -> None:
        """Note that the remainder is cancelled."""
        order = self._find(event)
        if order is not None:
            self._step(order, OrderStep.CANCELLED)

    def on_cancel_refused(self, event: CancelRefused) -> None:
        """Let the order work on, and ask once more a second later; the second refusal is for people, of an exit each further one."""
        order = self._find(event)
        if order is None or not order.is_live:
            return  # what has ended meanwhile needs no cancel (rule 22)
        wish = self._wishes.get(order.order_id)
        if wish is not None:
            # Twice refused: of an entry, only another reason asks again.
            further = self._state.now + CANCEL_EXIT_AGAIN if order.is_reducing else NEVER
            wish.not_before = further if wish.was_refused else self._state.now + CANCEL_AGAIN
        if wish is None or wish.was_refused:
            self._state.notify(Severity.CRITICAL, CoreCode.CANCEL_REFUSED, order.symbol, {"text": event.text})
        if wish is not None:
            wish.was_refused = True
        self._step(order, OrderStep.CANCEL_REFUSED, CoreCode.CANCEL_REFUSED)

    def on_expired(self, event: OrderExpired) -> None:
        """Note that the exchange ended the order."""
        order = self._find(event)
        if order is not None:
            self._step(order, OrderStep.SESSION_END, CoreCode.SESSION_END)

    def on_filled(self, event: OrderFilled) -> None:
        """Book a fill; it is booked in every state."""
        state = self._state
        order = self._find(event)
        if order is None:
            return
        key, is_buy, was_live = order.key, order.side is _BUY, order.is_live
        before = state.portfolio.positions.get(key)
        quantity = event.quantity if is_buy else self._sellable(order, event, before)
        if quantity == 0:
            return
        commission, tax = state.portfolio.price_fill(order, event.price, quantity, state.days[order.symbol].tax_rate)
        number = self._fills[order.order_id] = self._fills.get(order.order_id, 0) + 1
        fill = Fill(
            order_id=order.order_id,
            sequence=number,
            ts=event.ts,
            symbol=order.symbol,
            side=order.side,
            price=event.price,
            quantity=quantity,
            commission=commission,
            tax=tax,
        )
        if not was_live and order.state is not _FILLED:
            state.notify(Severity.CRITICAL, CoreCode.LATE_FILL, order.symbol, {"quantity": event.quantity})
            if order.order_id in self._ran_out:
                self._ran_out.discard(order.order_id)
                self._traffic.on_filled_after_all(order)
        if event.quantity > order.remaining:
            state.notify(Severity.CRITICAL, CoreCode.OVERFILL, order.symbol, {"quantity": event.quantity})
        after = state.portfolio.book(order, fill, self._openings.get(order.order_id))
        self._record_fill(order, fill)
        order = self._step(order, _FILL, fill=fill)
        if is_buy and after is not None:
            self._traffic.on_bought(order.symbol, fill.price, fill.quantity, state.now)
            self._on_bought(order, fill, after)
        elif before is not None:
            if after is None:
                self._traffic.on_flat(order.symbol)
            self._on_sold(order, fill, before, after)
        if was_live and not order.is_live:
            self._on_ended(order)

    def release(self, scope: TradingScope) -> None:
        """Let what was latched off buy again: a person looked at it."""
        if scope.kind is ScopeKind.ALL:
            self._traffic.release()
        elif scope.kind is ScopeKind.INSTANCE:
            self._traffic.release(scope.name)

    def _count_refusal(self, order: Order) -> None:
        """Stop whoever is refused again and again: first the instance, then all entries, then everything."""
        state = self._state
        code, instance = self._traffic.on_refused(order, state.now), order.instance
        if code is None:
            return
        if code is CoreCode.REJECT_STORM and instance not in self._traffic.latched:
            state.trading.order(ALL, TradingState.HALTED, "core", str(code), state.now)
        state.fault("core", code, order.symbol, f"orders of {instance} were refused again and again")

    def _sellable(self, order: Order, event: OrderFilled, position: Position | None) -> int:
        """Return how many shares of a sale can be booked: nobody sells what is not held.

        More can only be a fill that is told twice or that nobody knows of. Account and broker differ then: nothing is
        bought until they are compared, at the latest before the next session.
        """
        held = 0 if position is None else position.quantity
        if event.quantity <= held:
            return event.quantity
        text = f"order {order.order_id}: {event.quantity} shares sold at {event.price}, {held} are held"
        self._state.fault("core", CoreCode.OVERFILL, order.symbol, text)
        self._state.trading.lower(ALL, TradingState.REDUCING, "core", str(CoreCode.OVERFILL), self._state.now)
        return held

    def _grant(self, order_id: OrderId) -> None:
        """Send a wish to cancel whose time has come."""
        order, wish = self._live.get(order_id), self._wishes[order_id]
        now = self._state.now
        if order is None or order.state not in _CANCELLABLE or now < wish.not_before:
            return
        if self.is_exit_lane_busy:
            return
        self._traffic.on_cancel(now)
        self._step(order, OrderStep.CANCEL, wish.code)
        self._state.emit(Cancel(now, order_id))

    def _entry(self, number: OrderId, proposal: Proposal, ttl_s: int, touch: Touch | None) -> Order:
        """Return the order that an approved proposal asks for."""
        state, signal = self._state, proposal.signal
        if proposal.quantity is None:
            raise ValueError("an approved proposal has a quantity")
        return Order(
            order_id=number,
            signal_id=proposal.signal_id,
            instance=proposal.instance,
            symbol=proposal.symbol,
            slot=proposal.slot,
            purpose=proposal.purpose,
            side=_BUY,
            order_type=_LIMIT,
            quantity=proposal.quantity,
            limit=signal.entry_limit,
            state=_CREATED,
            created_at=state.now,
            expires_at=self._end_of_entry(ttl_s),
            chase_cap=signal.chase_cap,
            slip_ticks=signal.slip_ticks if touch is None else touch.slip_ticks,
            trigger=signal.trigger_price if touch is None else touch.price,
            closing_auction=signal.closing_auction,
        )

    def _entry_view(self, order: Order, day: SymbolDay) -> gate.GateView:
        """Return the gate's picture of a new entry, which the pipeline has approved."""
        approved = order.quantity - self._asked_for.get(order.signal_id, 0)
        # On a minute bar an entry is decided at its end, so its close is the last price.
        facts, symbol = self._state.facts, order.symbol
        until = facts.get(fact.NO_ENTRIES_UNTIL, symbol).value
        return self._view(
            order.instance,
            symbol,
            day,
            met=order.trigger if self._state.bar_kind_of(symbol) is _DAY else None,
            approved=approved,
            vi_state=facts.text(fact.VI_STATE, symbol),
            no_entries_until=until if isinstance(until, int) else 0,
            mean_volume=_mean_volume(day.tail),
        )

    def _number(self) -> OrderId:
        number = self._next
        self._next += 1
        return number

    def _name(self, order_id: OrderId) -> str:
        """Return an order's name outside the engine."""
        name = self._outside.get(order_id)
        if name is None:
            name = self._outside[order_id] = ids.order_id(self._state.run, order_id)
        return name

    def _find(self, event: BrokerEvent) -> Order | None:
        """Return the order of an event; one that is not of this session is for people, it can belong to no position."""
        order = self._orders.get(event.order_id)
        if order is None:
            text = f"{type(event).__name__} of order {event.order_id}, which this session has not sent"
            self._state.fault("core", CoreCode.FOREIGN_ORDER, "", text)
        return order

    def _view(
        self,
        instance: str,
        symbol: str,
        day: SymbolDay,
        *,
        met: int | None,
        approved: int = 0,
        sellable: int = 0,
        vi_state: str | None = None,
        no_entries_until: Nanos = 0,
        mean_volume: int | None = None,
    ) -> gate.GateView:
        """Return the picture of the moment that the gate looks at; `met` is the price at which a bar made the order due.

        `vi_state` to `mean_volume` are of an entry: no exit is held back by them.

        Nobody knew the close of a daily bar yet, nor that of a minute in which a stop or a target was reached: there the last
        price is the one that the bar has met.
        """
        state, bar = self._state, day.bar
        last, last_at = (None, 0) if bar is None else (bar.close, bar.end)
        has_books, on_daily_bars = state.has_books, (state.bar_kind if bar is None else bar.kind) is _DAY
        if bar is not None and (on_daily_bars or (met is not None and not has_books)):
            last, last_at = met, state.now
        book = day.book if has_books else None
        if book is not None and book.bid is not None and book.ask is not None and book.ts > last_at:
            last, last_at = (book.bid + book.ask) // 2, book.ts
        live = self.live_in(symbol)
        bids = [o.limit or 0 for o in live if o.side is _BUY and self._is_in_the_way(o)] if live else ()
        asks = [o.limit or 0 for o in live if o.side is _SELL] if live else ()
        return gate.GateView(
            now=state.now,
            hours=state.clock,
            phase=state.phase,
            state=state.trading.of(instance, symbol),
            status=state.facts.text(fact.STATUS, symbol),
            vi_state=vi_state,
            no_entries_until=no_entries_until,
            ticks=day.ticks,
            limits=day.limits,
            lot_size=day.instrument.lot_size,
            listed_shares=day.instrument.listed_shares,
            mean_volume=mean_volume,
            approved=approved,
            sellable=sellable,
            equity=state.portfolio.equity,
            equity_day=state.baselines.day or 0,
            last=last,
            last_at=last_at,
            own_bid=max(bids) if bids else None,
            own_ask=min(asks) if asks else None,
            has_unknown_order=bool(live) and any(o.state is _UNKNOWN for o in live),
            sent_ids=self._sent,
            recent=self._recent,
            traffic=self._traffic,
            on_daily_bars=on_daily_bars,
            is_paced=has_books,
            leverage=day.instrument.leverage,
            stream=self._stream_view(symbol, book) if has_books else None,
        )

    def _is_in_the_way(self, buy: Order) -> bool:
        """Tell whether a sell must not reach a live bid of ours: nobody takes it back, or its end is awaited."""
        return buy.order_id not in self._wishes or self._own_bids.is_awaited(buy.order_id, self._state.now)

    def _stream_view(self, symbol: str, book: Book | None) -> gate.StreamView:
        state = self._state
        skew, lower, upper = (
            state.facts.get(name, symbol).value for name in (fact.CLOCK_SKEW, fact.LIMIT_LOWER, fact.LIMIT_UPPER)
        )
        return gate.StreamView(
            is_live=state.config.is_live,
            armed_for=state.facts.text(fact.ARMED_FOR, symbol),
            clock_skew=skew if isinstance(skew, (int, float)) else None,
            limits=(lower if isinstance(lower, int) else None, upper if isinstance(upper, int) else None),
            ask=None if book is None or book.is_crossed else book.ask,
        )

    def _release(self, order: Order, view: gate.GateView, *, reserved: int) -> CoreCode | None:
        """Pass the order through the gate and send it; the only place that emits `Send`."""
        state = self._state
        refusal = gate.check(order, view, state.config.gate)
        self._record_order(order, reserved if refusal is None else 0)
        if refusal is not None:
            self._step(order, _CHECK_FAILED, refusal)
            return refusal
        self._sent.add(order.order_id)
        self._recent[gate.content(order)] = state.now
        self._traffic.on_sent(order, state.now)
        if not order.is_reducing:
            self._asked_for[order.signal_id] = self._asked_for.get(order.signal_id, 0) + order.quantity
        order = self._step(order, _SEND)
        state.emit(Send(state.now, order))
        return None

    def _step(self, order: Order, step: OrderStep, code: Code | None = None, fill: Fill | None = None) -> Order:
        """Move an order along the table, record the step, release what it does not need any more, and say when it ends."""
        state, order_id, before = self._state, order.order_id, order.state
        filled, amount = order.filled_quantity, order.filled_amount
        if fill is not None:
            filled, amount = filled + fill.quantity, amount + fill.amount
        try:
            after = advance(before, step, filled=filled, quantity=order.quantity).after
        except InvalidTransitionError as error:
            state.fault("core", CoreCode.INVALID_TRANSITION, order.symbol, str(error))
            return order
        order = structs.replace(order, state=after, filled_quantity=filled, filled_amount=amount)
        self._orders[order_id] = order
        is_live = after not in TERMINAL
        if is_live:
            self._keep_live(order)
        else:
            self._forget_live(order)
        if order.side is _BUY and step is not _SEND:
            state.reservations.shrink(order)
        number = self._steps[order_id] = self._steps.get(order_id, 0) + 1
        if state.config.is_recorded:
            state.record(
                OrderEventRecord(
                    order_id=self._name(order_id),
                    sequence=number,
                    ts=state.now,
                    event=_TEXT_OF[step],
                    before=before,
                    after=after,
                    filled_quantity=filled,
                    filled_amount=amount,
                    code=None if code is None else str(code),
                )
            )
        if not is_live:
            self._conclude(order, step)
        elif order_id in self._wishes:
            self._grant(order_id)
        return order

    def _conclude(self, order: Order, step: OrderStep) -> None:
        """Forget the wish to cancel an order that has ended, let exits down that stood above it, and say that it ended."""
        wish = self._wishes.pop(order.order_id, None)
        if wish is not None and wish.code is CoreCode.TTL and order.filled_quantity == 0 and not order.is_reducing:
            self._ran_out.add(order.order_id)
            self._traffic.on_unfilled(order)
        if order.side is _BUY:
            self._let_down()
        # What a fill ends is told behind the fill; what the gate held back has never begun.
        if step is not _FILL and step is not _CHECK_FAILED:
            self._on_ended(order)

    def _keep_live(self, order: Order) -> None:
        order_id, here = order.order_id, self._live_in.get(order.symbol)
        if here is None:
            here = self._live_in[order.symbol] = {}
        self._live[order_id] = here[order_id] = order
        self._pictured = None

    def _forget_live(self, order: Order) -> None:
        if self._live.pop(order.order_id, None) is not None:
            del self._live_in[order.symbol][order.order_id]
            self._pictured = None

    def _record_order(self, order: Order, reserved: int) -> None:
        if not self._state.config.is_recorded:
            return
        self._state.record(
            OrderRecord(
                order_id=self._name(order.order_id),
                number=order.order_id,
                signal_id=order.signal_id,
                session=self._state.session,
                ts=order.created_at,
                instance=order.instance,
                symbol=order.symbol,
                slot=order.slot,
                purpose=order.purpose,
                side=order.side,
                order_type=order.order_type,
                quantity=order.quantity,
                limit=order.limit,
                trigger=order.trigger,
                reason=order.reason,
                expires_at=order.expires_at,
                reserved=reserved,
            )
        )

    def _record_fill(self, order: Order, fill: Fill) -> None:
        if not self._state.config.is_recorded:
            return
        outside = self._name(order.order_id)
        self._state.record(
            FillRecord(
                fill_id=f"{outside}/{fill.sequence}",
                order_id=outside,
                sequence=fill.sequence,
                ts=fill.ts,
                instance=order.instance,
                symbol=order.symbol,
                slot=order.slot,
                side=fill.side,
                price=fill.price,
                quantity=fill.quantity,
                amount=fill.amount,
                commission=fill.commission,
                tax=fill.tax,
            )
        )

    def __iter__(self) -> Iterator[Order]:
        return iter(self._live.values())


def _mean_volume(tail: DailyTail | None) -> int | None:
    """Return the mean volume of the last 20 own bars, None for a younger symbol."""
    if tail is None or len(tail.volume) < MEAN_VOLUME_BARS:
        return None
    return sum(tail.volume[-MEAN_VOLUME_BARS:]) // MEAN_VOLUME_BARS
