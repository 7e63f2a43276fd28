"""Decide whether an order may leave: the last check before the broker, which no configuration can remove.

`check` is a pure function of the order, a picture of the moment and the limits. Exits pass a narrower set of checks:
what concerns entries only is skipped for them, what would make the exchange refuse them is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kats_core.market.limits import PriceLimits
from kats_core.market.sessions import SessionHours
from kats_core.market.ticks import TickTable
from kats_core.model import time
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import MarketPhase, OrderState, OrderType, TradingState
from kats_core.model.order import Order
from kats_core.model.time import Nanos
from kats_core.orders.gate_config import GateConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class GateView:
    """What the gate looks at.

    `sellable` are shares held in the slot and not yet on sale; `recent` says when an order of the same content was sent.
    """

    now: Nanos
    hours: SessionHours
    phase: MarketPhase | None
    state: TradingState
    ticks: TickTable
    limits: PriceLimits
    lot_size: int
    sellable: int
    has_unknown_order: bool
    sent_ids: frozenset[int] | set[int]
    recent: dict[tuple[object, ...], Nanos]
    on_daily_bars: bool


_BY_OPERATOR = str(CoreCode.MANUAL)
"""The reason of an exit that passes a halt; no strategy and no stage can give it."""


def content(order: Order) -> tuple[object, ...]:
    """Return what makes two orders the same to a reader of the tape."""
    return (order.instance, order.symbol, order.slot, order.side, order.quantity, order.limit, order.purpose)


def _trading_state(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    if view.state is TradingState.HALTED:
        return None if order.is_reducing and order.reason == _BY_OPERATOR else CoreCode.HALTED
    if view.state is TradingState.REDUCING and not order.is_reducing:
        return CoreCode.REDUCING
    return None


def _identity(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    if order.order_id in view.sent_ids or order.state is not OrderState.CREATED:
        return CoreCode.DUP_CLIENT_ID
    sent_at = view.recent.get(content(order))
    if sent_at is not None and not order.is_reducing and view.now - sent_at < config.duplicate_window_s * time.SECOND:
        return CoreCode.DUP_CONTENT
    if view.has_unknown_order and not order.is_reducing:
        return CoreCode.UNKNOWN_PENDING
    return None


def _session(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    if view.phase in (None, MarketPhase.CLOSED):
        return CoreCode.SESSION_TYPE
    if order.is_reducing or view.on_daily_bars:
        return None
    if view.phase is not MarketPhase.OPEN or view.now >= view.hours.at(config.entry_until):
        return CoreCode.ENTRY_WINDOW
    return None


def _form(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    if type(order.quantity) is not int or order.quantity < 1 or order.quantity % view.lot_size:
        return CoreCode.BAD_QTY
    if order.order_type is OrderType.MARKET:
        return None if order.is_reducing and order.limit is None else CoreCode.TYPE_POLICY
    if type(order.limit) is not int or order.limit <= 0:
        return CoreCode.BAD_PRICE
    if not view.ticks.is_on_tick(order.limit):
        return CoreCode.PRICE_NOT_ON_TICK
    if not view.limits.contains(order.limit):
        return CoreCode.LIMIT_BAND
    return None


def _inventory(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    if order.is_reducing and order.quantity > view.sellable:
        return CoreCode.SELLABLE
    return None


_CHECKS: tuple[Callable[[Order, GateView, GateConfig], CoreCode | None], ...] = (
    _trading_state,
    _identity,
    _session,
    _form,
    _inventory,
)


def check(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    """Return why the order must not leave, or None; the first failing check gives the reason."""
    for one in _CHECKS:
        code = one(order, view, config)
        if code is not None:
            return code
    return None
