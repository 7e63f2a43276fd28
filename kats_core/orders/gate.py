"""Decide whether an order may leave: the last check before the broker, which no configuration can remove.

`check` is a pure function of the order, a picture of the moment and the limits. Exits pass a narrower set of checks:
what concerns entries only is skipped for them, what would make the exchange refuse them is not. Rules and their order are
those of `market/risk_standards.md` section 3; what is counted over a session is counted by `orders.traffic`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import msgspec

from kats_core.market import status
from kats_core.market.exact import Ratio, ceil_times, floor_times, to_fraction, to_ratio
from kats_core.market.limits import PriceLimits
from kats_core.market.sessions import SessionHours
from kats_core.market.ticks import TickTable
from kats_core.market.vi import NO_ENTRY
from kats_core.model import time
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import MarketPhase, OrderState, OrderType, TradingState
from kats_core.model.order import Order
from kats_core.model.time import Nanos
from kats_core.orders.gate_config import EXCHANGE_CAP_KRW, GateConfig
from kats_core.orders.traffic import Traffic

ALWAYS_ALLOWED_KRW = 1_000_000_000
"""An order of at most so many won may be any part of the listed shares."""

_LISTED_PART = 100
# Members by names of their own: on Python 3.11 finding one in its class costs as much as a call.
_ACTIVE, _HALTED = TradingState.ACTIVE, TradingState.HALTED
_CREATED, _MARKET, _CLOSED = OrderState.CREATED, OrderType.MARKET, MarketPhase.CLOSED
_SLIP_TICKS = 5
"""An entry may always bid so many ticks above the ask: more than any default slip, and more than 1 % where ticks are wide."""


class StreamView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What only a streamed session shows.

    `is_live`: orders reach an account with real money, which a person arms for the session `armed_for`. `clock_skew` are the
    seconds that the machine's clock is ahead. `limits` are (lower, upper) as the broker states them, where it does; `ask` is
    the best of a book that is displayed.
    """

    is_live: bool = False
    armed_for: str = ""
    clock_skew: float | None = None
    limits: tuple[int | None, int | None] = (None, None)
    ask: int | None = None


class GateView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the gate looks at.

    `approved` is what the pipeline approved for an entry's signal and no order has asked for yet; `sellable` are shares
    held in the slot and not yet on sale. `last` is the price of an independent trade or bar at `last_at`, None when there is
    none. `own_ask` is the lowest price at which an own live order sells in the symbol, `own_bid` the highest at which one
    buys. `recent` says when an order of the same content was sent.
    `stream` is what only a streamed session shows.
    """

    now: Nanos
    hours: SessionHours
    phase: MarketPhase | None
    state: TradingState
    status: str | None
    vi_state: str | None
    no_entries_until: Nanos
    ticks: TickTable
    limits: PriceLimits
    lot_size: int
    listed_shares: int | None
    mean_volume: int | None
    approved: int
    sellable: int
    equity: int
    equity_day: int
    last: int | None
    last_at: Nanos
    own_bid: int | None
    own_ask: int | None
    has_unknown_order: bool
    sent_ids: frozenset[int] | set[int]
    recent: dict[tuple[object, ...], Nanos]
    traffic: Traffic
    on_daily_bars: bool
    is_paced: bool
    leverage: float = 1
    stream: StreamView | None = None


@cache
def _twice(frac: float) -> Ratio:
    return to_ratio(2 * to_fraction(frac))


@cache
def _less(frac: float) -> Ratio:
    return to_ratio(1 - to_fraction(frac))


@cache
def _more(frac: float) -> Ratio:
    return to_ratio(1 + to_fraction(frac))


_BY_OPERATOR = str(CoreCode.MANUAL)
"""The reason of an exit that passes a halt; no strategy and no stage can give it."""


def content(order: Order) -> tuple[object, ...]:
    """Return what makes two orders the same to a reader of the tape."""
    return (order.instance, order.symbol, order.slot, order.side, order.quantity, order.limit, order.purpose)


def largest_exit(limit: int | None, view: GateView, config: GateConfig) -> int:
    """Return the most shares that one exit may ask for; a larger exit is sent in parts.

    Twice what an entry may be worth, at its price or the last one; without a price, whatever the exchange takes.
    """
    price = limit or view.last
    if price is None or price <= 0:
        return view.sellable
    won = config.max_order_krw
    if view.equity > 0:
        won = min(won, max(price, floor_times(view.equity, _twice(config.max_order_frac))))
    most = max(1, won // price)
    if view.listed_shares is not None and most * price > ALWAYS_ALLOWED_KRW:
        most = max(ALWAYS_ALLOWED_KRW // price, min(most, view.listed_shares // _LISTED_PART), 1)
    lots = most // view.lot_size * view.lot_size
    return lots or most


def refused_in(state: TradingState, order: Order) -> CoreCode | None:
    """Return why a trading state keeps an order from leaving, or None."""
    return _exit_in(state, order) if order.is_reducing else _entry_in(state)


def _entry_in(state: TradingState) -> CoreCode | None:
    if state is _ACTIVE:
        return None
    return CoreCode.REDUCING if state is TradingState.REDUCING else CoreCode.HALTED


def _exit_in(state: TradingState, order: Order) -> CoreCode | None:
    return CoreCode.HALTED if state is _HALTED and order.reason != _BY_OPERATOR else None


def _authority(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    stream = view.stream
    if stream is None or not stream.is_live:
        return None
    return None if stream.armed_for == view.hours.session.isoformat() else CoreCode.AUTH_NOT_ARMED


def _entry_state(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    return _entry_in(view.state)


def _exit_state(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    return _exit_in(view.state, order)


def _sent_once(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    is_new = order.state is _CREATED and order.order_id not in view.sent_ids
    return None if is_new else CoreCode.DUP_CLIENT_ID


def _new_content(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    sent_at = view.recent.get(content(order))
    if sent_at is not None and view.now - sent_at < config.duplicate_window_s * time.SECOND:
        return CoreCode.DUP_CONTENT
    return CoreCode.UNKNOWN_PENDING if view.has_unknown_order else None


def _in_session(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    return CoreCode.SESSION_TYPE if view.phase is None or view.phase is _CLOSED else None


def _entry_window(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    if view.on_daily_bars:
        return None
    if order.closing_auction:
        is_taken = view.phase is MarketPhase.CLOSE_AUCTION and config.closing_auction
        return None if is_taken else CoreCode.ENTRY_WINDOW
    is_open = view.phase is MarketPhase.OPEN
    if not is_open or not view.hours.at(config.entry_from) <= view.now < view.hours.at(config.entry_until):
        return CoreCode.ENTRY_WINDOW
    return None


def _clock(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    stream = view.stream
    if stream is None or (stream.clock_skew is None and not stream.is_live):
        return None
    is_close = stream.clock_skew is not None and abs(stream.clock_skew) <= config.clock_skew_s
    return None if is_close else CoreCode.CLOCK_SKEW


def _stress(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    # Where the market is streamed, an interruption that nobody can tell of may be there.
    is_unknown = view.vi_state is None and view.is_paced
    if is_unknown or view.vi_state in NO_ENTRY or view.now < view.no_entries_until:
        return CoreCode.MKT_STRESS
    return None


def _entry_eligibility(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    if not status.is_tradable(view.status):
        return CoreCode.STATUS_BLOCK
    return CoreCode.LEV_ETP if abs(view.leverage) > 1 and not config.leveraged_funds else None


def _exit_eligibility(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    return CoreCode.STATUS_BLOCK if view.status == status.HALTED else None


def _form(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    if type(order.quantity) is not int or order.quantity < 1 or order.quantity % view.lot_size:
        return CoreCode.BAD_QTY
    if order.order_type is _MARKET:
        return None if order.is_reducing and order.limit is None else CoreCode.TYPE_POLICY
    if type(order.limit) is not int or order.limit <= 0:
        return CoreCode.BAD_PRICE
    if not view.ticks.is_on_tick(order.limit):
        return CoreCode.PRICE_NOT_ON_TICK
    return None if view.limits.contains(order.limit) else CoreCode.LIMIT_BAND


def _agreed_limits(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    """Hold entries back where the broker states a price limit that is not ours: an ex-date, a new listing, a fund's multiple."""
    if view.stream is None:
        return None
    own = (view.limits.lower, view.limits.upper)
    several = zip(view.stream.limits, own, strict=True)
    return CoreCode.LIMIT_DISAGREE if any(stated is not None and stated != ours for stated, ours in several) else None


def _approved(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    return CoreCode.PARENT_EXCEEDED if order.quantity > view.approved else None


def _sellable(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    return CoreCode.SELLABLE if order.quantity > view.sellable else None


def _reference(view: GateView, config: GateConfig) -> int | None:
    """Return the last price where it is young enough to compare with."""
    is_young = view.now - view.last_at <= config.reference_age_s * time.SECOND
    return view.last if is_young else None


def _entry_collar(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    if order.limit is None:
        return None
    last = _reference(view, config)
    if last is None:
        return CoreCode.REF_MISSING
    highest = view.ticks.rdn(floor_times(last, _more(config.collar_frac)))
    if order.limit > highest or _is_far_above_the_ask(order.limit, view, config):
        return CoreCode.COLLAR
    return CoreCode.COLLAR_TIME if view.traffic.has_driven(order.symbol, view.now) else None


def _exit_collar(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    # Without a reference an exit may leave as a limit inside the day's limits, which `_form` has seen to.
    last = None if order.limit is None else _reference(view, config)
    if order.limit is None or last is None:
        return None
    lowest = view.ticks.rup(ceil_times(last, _less(config.exit_collar_frac)))
    return CoreCode.COLLAR if order.limit < lowest else None


def _is_far_above_the_ask(limit: int, view: GateView, config: GateConfig) -> bool:
    """Tell whether an entry bids well above what somebody asks; the steps that a slip may take are always allowed."""
    ask = None if view.stream is None else view.stream.ask
    if ask is None:
        return False
    highest = max(view.ticks.rdn(floor_times(ask, _more(config.ask_frac))), view.ticks.up(ask, _SLIP_TICKS))
    return limit > highest


def _entry_size(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    price, quantity = order.limit or 0, order.quantity
    won = quantity * price
    if won > EXCHANGE_CAP_KRW or _is_over_listed(won, quantity, view):
        return CoreCode.EXCH_CAP
    if price < config.min_price_krw:
        return CoreCode.LIQ_FLOOR
    if won > config.max_order_krw or won > floor_times(view.equity, to_ratio(config.max_order_frac)):
        return CoreCode.MAX_NOTIONAL
    volume = None if view.mean_volume is None else floor_times(view.mean_volume, to_ratio(config.max_volume_frac))
    if quantity > config.max_order_shares or (volume is not None and quantity > volume):
        return CoreCode.MAX_QTY
    if view.traffic.bought + won > floor_times(view.equity_day, to_ratio(config.max_bought_frac)):
        return CoreCode.TURNOVER
    return None


def _exit_size(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    # Larger exits are sent in parts; this holds the parts to it.
    return CoreCode.MAX_NOTIONAL if order.quantity > largest_exit(order.limit, view, config) else None


def _is_over_listed(won: int, quantity: int, view: GateView) -> bool:
    return won > ALWAYS_ALLOWED_KRW and view.listed_shares is not None and quantity > view.listed_shares // _LISTED_PART


def _repetition(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    return view.traffic.refusal(order, view.now, is_paced=view.is_paced)


def _crosses_own_ask(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    ask = view.own_ask
    return CoreCode.SELF_MATCH if ask is not None and order.limit is not None and order.limit >= ask else None


def _crosses_own_bid(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    bid = view.own_bid
    return CoreCode.SELF_MATCH if bid is not None and (order.limit is None or order.limit <= bid) else None


_Check: TypeAlias = Callable[[Order, GateView, GateConfig], CoreCode | None]

_OF_ENTRIES: tuple[_Check, ...] = (
    _authority,
    _entry_state,
    _sent_once,
    _new_content,
    _in_session,
    _entry_window,
    _clock,
    _stress,
    _entry_eligibility,
    _form,
    _agreed_limits,
    _approved,
    _entry_collar,
    _entry_size,
    _repetition,
    _crosses_own_ask,
)
_OF_EXITS: tuple[_Check, ...] = (
    # What has run out, is unknown or repeats itself keeps nobody from selling what he holds.
    _exit_state,
    _sent_once,
    _in_session,
    _exit_eligibility,
    _form,
    _sellable,
    _exit_collar,
    _exit_size,
    _crosses_own_bid,
)
_STREAM_ALONE = frozenset({_authority, _clock, _agreed_limits})
_OF_ENTRIES_ON_BARS = tuple(one for one in _OF_ENTRIES if one not in _STREAM_ALONE)


def check(order: Order, view: GateView, config: GateConfig) -> CoreCode | None:
    """Return why the order must not leave, or None; the first failing check gives the reason."""
    checks = _OF_EXITS if order.is_reducing else _OF_ENTRIES if view.stream is not None else _OF_ENTRIES_ON_BARS
    for one in checks:
        code = one(order, view, config)
        if code is not None:
            return code
    return None
