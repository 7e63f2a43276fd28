"""The last check before the broker: each rule refuses with its code, and what concerns entries only lets exits pass."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from kats_core.market.calendar import krx_calendar
from kats_core.market.limits import price_limits
from kats_core.market.ticks import tick_table
from kats_core.model import time
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import (
    InstrumentKind,
    Market,
    MarketPhase,
    OrderState,
    OrderType,
    Purpose,
    Side,
    TradingState,
)
from kats_core.model.order import Order
from kats_core.orders.gate import GateView, check, content
from kats_core.orders.gate_config import GateConfig

SESSION = dt.date(2026, 3, 4)
NOW = time.at(SESSION, dt.time(10))
VIEW = GateView(
    now=NOW,
    hours=krx_calendar().hours(SESSION),
    phase=MarketPhase.OPEN,
    state=TradingState.ACTIVE,
    ticks=tick_table(SESSION, Market.KOSPI, InstrumentKind.STOCK),
    limits=price_limits(25_400, SESSION, Market.KOSPI),
    lot_size=1,
    sellable=100,
    has_unknown_order=False,
    sent_ids=frozenset(),
    recent={},
    on_daily_bars=False,
)
ENTRY = Order(
    order_id=1,
    signal_id="s",
    instance="vb",
    symbol="005930",
    slot=0,
    purpose=Purpose.ENTRY,
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    quantity=100,
    limit=25_500,
    state=OrderState.CREATED,
    created_at=NOW,
)
EXIT = msgspec.structs.replace(ENTRY, side=Side.SELL, purpose=Purpose.EXIT, order_type=OrderType.MARKET, limit=None)
TARGET = msgspec.structs.replace(EXIT, order_type=OrderType.LIMIT, limit=26_000)


def judged(order: Order, config: GateConfig | None = None, /, **view: Any) -> CoreCode | None:
    return check(order, dataclasses.replace(VIEW, **view), config or GateConfig())


def but(order: Order, **changes: Any) -> Order:
    return msgspec.structs.replace(order, **changes)


@pytest.mark.parametrize("order", [ENTRY, EXIT, TARGET], ids=["entry", "market exit", "limit exit"])
def test_a_sound_order_passes(order: Order) -> None:
    """The gate never changes an order, it answers why not, or nothing."""
    assert judged(order) is None


def test_halted_lets_nothing_pass() -> None:
    """HALTED: cancels only."""
    assert {judged(order, state=TradingState.HALTED) for order in (ENTRY, EXIT, TARGET)} == {CoreCode.HALTED}


def test_reducing_lets_exits_pass() -> None:
    """REDUCING: only what reduces."""
    assert judged(ENTRY, state=TradingState.REDUCING) is CoreCode.REDUCING
    assert judged(EXIT, state=TradingState.REDUCING) is None


def test_an_order_is_sent_once() -> None:
    """A number that was sent, or an order that is not CREATED any more."""
    assert judged(ENTRY, sent_ids=frozenset({1})) is CoreCode.DUP_CLIENT_ID
    assert judged(EXIT, sent_ids=frozenset({1})) is CoreCode.DUP_CLIENT_ID
    assert judged(but(ENTRY, state=OrderState.SUBMITTING)) is CoreCode.DUP_CLIENT_ID


def test_the_same_entry_is_not_sent_again_within_ten_seconds() -> None:
    """DUP_CONTENT for entries; an exit may be repeated."""
    recent = {content(ENTRY): NOW - 10 * time.SECOND + 1, content(EXIT): NOW}
    assert judged(ENTRY, recent=recent) is CoreCode.DUP_CONTENT
    assert judged(EXIT, recent=recent) is None
    assert judged(ENTRY, recent={content(ENTRY): NOW - 10 * time.SECOND}) is None
    assert judged(ENTRY, GateConfig(duplicate_window_s=60), recent={content(ENTRY): NOW - 59 * time.SECOND}) is (
        CoreCode.DUP_CONTENT
    )
    assert judged(but(ENTRY, limit=25_550), recent=recent) is None


def test_nothing_is_bought_while_an_order_of_the_symbol_is_unknown() -> None:
    """UNKNOWN_PENDING concerns entries."""
    assert judged(ENTRY, has_unknown_order=True) is CoreCode.UNKNOWN_PENDING
    assert judged(EXIT, has_unknown_order=True) is None


@pytest.mark.parametrize("phase", [None, MarketPhase.CLOSED])
def test_outside_the_session_nothing_is_sent(phase: MarketPhase | None) -> None:
    """Neither before the open nor after the close."""
    assert judged(ENTRY, phase=phase) is CoreCode.SESSION_TYPE
    assert judged(EXIT, phase=phase) is CoreCode.SESSION_TYPE


@pytest.mark.parametrize("phase", [MarketPhase.EOD_CHECK, MarketPhase.CLOSE_AUCTION])
def test_after_the_end_of_day_check_only_exits_are_sent(phase: MarketPhase) -> None:
    """ENTRY_WINDOW."""
    assert judged(ENTRY, phase=phase) is CoreCode.ENTRY_WINDOW
    assert judged(EXIT, phase=phase) is None


def test_the_entry_window_can_only_be_made_shorter() -> None:
    """`entry_until` moves to an earlier clock; later than 15:15 is refused when configured."""
    at = {"now": time.at(SESSION, dt.time(14, 0))}
    assert judged(ENTRY, GateConfig(entry_until=dt.time(14)), **at) is CoreCode.ENTRY_WINDOW
    assert judged(ENTRY, GateConfig(entry_until=dt.time(14, 1)), **at) is None
    assert judged(EXIT, GateConfig(entry_until=dt.time(14)), **at) is None
    for wrong in ({"entry_until": dt.time(15, 16)}, {"duplicate_window_s": 9}, {"collar_frac": 0.03}):
        with pytest.raises(ValidationError):
            GateConfig(**wrong)


@pytest.mark.parametrize("quantity", [0, -1, True, 1.0, None, float("nan")])
def test_a_quantity_is_a_positive_whole_number(quantity: Any) -> None:
    """BAD_QTY for entries and exits."""
    assert judged(but(ENTRY, quantity=quantity)) is CoreCode.BAD_QTY
    assert judged(but(EXIT, quantity=quantity)) is CoreCode.BAD_QTY


def test_a_quantity_is_a_multiple_of_the_lot() -> None:
    """BAD_QTY."""
    assert judged(but(ENTRY, quantity=105), lot_size=10) is CoreCode.BAD_QTY
    assert judged(but(ENTRY, quantity=110), lot_size=10) is None


@pytest.mark.parametrize("limit", [0, -50, True, 25_500.0, None, float("nan")])
def test_a_price_is_a_positive_whole_number(limit: Any) -> None:
    """BAD_PRICE."""
    assert judged(but(ENTRY, limit=limit)) is CoreCode.BAD_PRICE
    assert judged(but(TARGET, limit=limit)) is CoreCode.BAD_PRICE


def test_a_price_is_on_a_tick() -> None:
    """PRICE_NOT_ON_TICK: a bug, never repaired silently."""
    assert judged(but(ENTRY, limit=25_510)) is CoreCode.PRICE_NOT_ON_TICK
    assert judged(but(TARGET, limit=26_010)) is CoreCode.PRICE_NOT_ON_TICK


@pytest.mark.parametrize(
    ("limit", "code"),
    [(17_750, CoreCode.LIMIT_BAND), (17_800, None), (33_000, None), (33_050, CoreCode.LIMIT_BAND)],
)
def test_a_price_lies_inside_the_day_s_limits(limit: int, code: CoreCode | None) -> None:
    """LIMIT_BAND; both limits are allowed."""
    assert judged(but(ENTRY, limit=limit)) is code


def test_a_market_order_only_ever_sells() -> None:
    """TYPE_POLICY: a market buy binds cash at limit-up and pays whatever the book holds."""
    assert judged(but(ENTRY, order_type=OrderType.MARKET, limit=None)) is CoreCode.TYPE_POLICY
    assert judged(but(EXIT, limit=26_000)) is CoreCode.TYPE_POLICY


def test_no_more_is_sold_than_is_held_and_not_yet_on_sale() -> None:
    """SELLABLE."""
    assert judged(EXIT, sellable=99) is CoreCode.SELLABLE
    assert judged(ENTRY, sellable=0) is None


def test_the_first_failing_check_gives_the_reason() -> None:
    """State, identity, session, form, inventory, in this order."""
    broken = but(ENTRY, quantity=0, limit=1)
    views: list[tuple[dict[str, Any], CoreCode]] = [
        ({"state": TradingState.HALTED, "sent_ids": {1}, "phase": None}, CoreCode.HALTED),
        ({"sent_ids": {1}, "phase": None}, CoreCode.DUP_CLIENT_ID),
        ({"phase": None}, CoreCode.SESSION_TYPE),
        ({}, CoreCode.BAD_QTY),
    ]
    assert [judged(broken, **view) for view, _ in views] == [code for _, code in views]
