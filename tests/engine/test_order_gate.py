"""The last check before the broker: each rule refuses with its code, and what concerns entries only lets exits pass."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
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
from kats_core.orders.gate import GateView, StreamView, check, content, largest_exit
from kats_core.orders.gate_config import GateConfig
from kats_core.orders.traffic import Traffic

SESSION = dt.date(2026, 3, 4)
NOW = time.at(SESSION, dt.time(10))
VIEW = GateView(
    now=NOW,
    hours=krx_calendar().hours(SESSION),
    phase=MarketPhase.OPEN,
    state=TradingState.ACTIVE,
    ticks=tick_table(SESSION, Market.KOSPI, InstrumentKind.STOCK),
    limits=price_limits(25_400, SESSION, Market.KOSPI),
    status="00",
    vi_state=None,
    no_entries_until=0,
    lot_size=1,
    listed_shares=None,
    mean_volume=None,
    approved=100,
    sellable=100,
    equity=50_000_000,
    equity_day=50_000_000,
    last=25_450,
    last_at=NOW,
    own_bid=None,
    own_ask=None,
    traffic=Traffic(GateConfig()),
    is_paced=False,
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
    return check(order, msgspec.structs.replace(VIEW, **view), config or GateConfig())


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


def test_after_the_end_of_day_check_only_exits_are_sent() -> None:
    """ENTRY_WINDOW."""
    assert judged(ENTRY, phase=MarketPhase.EOD_CHECK) is CoreCode.ENTRY_WINDOW
    assert judged(EXIT, phase=MarketPhase.EOD_CHECK) is None


def test_the_closing_auction_takes_what_is_meant_for_it_unless_the_gate_is_closed_for_it() -> None:
    """`closing_auction` of the order, and of the gate; whatever else buys comes too late."""
    meant = msgspec.structs.replace(ENTRY, closing_auction=True)
    assert judged(meant, phase=MarketPhase.CLOSE_AUCTION) is None
    assert judged(ENTRY, phase=MarketPhase.CLOSE_AUCTION) is CoreCode.ENTRY_WINDOW
    assert judged(meant, GateConfig(closing_auction=False), phase=MarketPhase.CLOSE_AUCTION) is CoreCode.ENTRY_WINDOW
    for phase in (MarketPhase.OPEN, MarketPhase.EOD_CHECK):
        assert judged(meant, phase=phase) is CoreCode.ENTRY_WINDOW
    assert judged(EXIT, GateConfig(closing_auction=False), phase=MarketPhase.CLOSE_AUCTION) is None


def test_the_entry_window_can_only_be_made_shorter() -> None:
    """`entry_until` moves to an earlier clock; later than 15:15 is refused when configured."""
    at = {"now": time.at(SESSION, dt.time(14, 0)), "last_at": time.at(SESSION, dt.time(14, 0))}
    assert judged(ENTRY, GateConfig(entry_until=dt.time(14)), **at) is CoreCode.ENTRY_WINDOW
    assert judged(ENTRY, GateConfig(entry_until=dt.time(14, 1)), **at) is None
    assert judged(EXIT, GateConfig(entry_until=dt.time(14)), **at) is None
    for wrong in ({"entry_until": dt.time(15, 16)}, {"duplicate_window_s": 9}, {"collar_frac": 0.031}):
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
    assert judged(but(ENTRY, quantity=110), lot_size=10, approved=110) is None


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
    assert judged(but(ENTRY, limit=limit), last=limit) is code


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


@pytest.mark.parametrize(("limit", "code"), [(73_400, None), (73_500, CoreCode.COLLAR)])
def test_a_buy_is_held_to_three_percent_above_the_last_price(limit: int, code: CoreCode | None) -> None:
    """The standard's vector: last 71,300, at most 73,400."""
    wide = price_limits(71_300, SESSION, Market.KOSPI)
    order = but(ENTRY, limit=limit)
    assert judged(order, last=71_300, limits=wide, equity=10**9) is code


@pytest.mark.parametrize(("limit", "code"), [(67_800, None), (67_700, CoreCode.COLLAR)])
def test_a_limit_exit_is_held_to_five_percent_below_it(limit: int, code: CoreCode | None) -> None:
    """71,300 less 5 % is 67,735; a market exit has no price to hold it to."""
    wide = price_limits(71_300, SESSION, Market.KOSPI)
    assert judged(but(TARGET, limit=limit), last=71_300, limits=wide) is code
    assert judged(EXIT, last=71_300, limits=wide) is None


def test_without_a_fresh_reference_nothing_is_bought() -> None:
    """REF_MISSING; FI-07: an exit may leave inside the day's limits."""
    for view in ({"last": None}, {"last_at": NOW - 60 * time.SECOND - 1}):
        assert judged(ENTRY, **view) is CoreCode.REF_MISSING
        assert judged(TARGET, **view) is None
        assert judged(EXIT, **view) is None
    assert judged(ENTRY, last_at=NOW - 60 * time.SECOND) is None
    assert judged(ENTRY, GateConfig(reference_age_s=3), last_at=NOW - 4 * time.SECOND) is CoreCode.REF_MISSING


@pytest.mark.parametrize("limit", [255_000, 2_550, float("nan"), 0, -25_500, 25_510])
def test_a_price_that_slipped_is_never_sent(limit: Any) -> None:
    """FI-05: ten times, a tenth, no number, nothing, negative, off the grid."""
    assert judged(but(ENTRY, limit=limit)) in {CoreCode.LIMIT_BAND, CoreCode.BAD_PRICE, CoreCode.PRICE_NOT_ON_TICK}


@pytest.mark.parametrize("quantity", [100_000, 1.5, True, 2**63])
def test_a_quantity_that_slipped_is_never_sent(quantity: Any) -> None:
    """FI-06: won taken for shares, a fraction, a truth, an overflow."""
    order = but(ENTRY, quantity=quantity)
    caught = {CoreCode.BAD_QTY, CoreCode.PARENT_EXCEEDED, CoreCode.EXCH_CAP, CoreCode.MAX_NOTIONAL}
    assert judged(order) in caught
    assert judged(order, approved=2**64) in caught


def test_an_entry_is_at_most_its_part_of_equity_and_the_absolute_cap() -> None:
    """MAX_NOTIONAL; FI-31: the cap in won holds when equity is wrong, and nothing is bought when it reads 0."""
    large = but(ENTRY, quantity=588, limit=25_500)
    assert judged(large, approved=588) is None
    assert judged(but(large, quantity=589), approved=589) is CoreCode.MAX_NOTIONAL
    assert judged(ENTRY, equity=0) is CoreCode.MAX_NOTIONAL
    capped = GateConfig(max_order_krw=2_000_000)
    assert judged(ENTRY, capped, equity=10**12) is CoreCode.MAX_NOTIONAL


def test_an_entry_is_at_most_its_part_of_the_mean_volume() -> None:
    """The standard's vector: a mean of 120,000 shares and 1 % allow 1,200."""
    strict = GateConfig(max_volume_frac=0.01)
    for quantity, code in ((1_200, None), (1_201, CoreCode.MAX_QTY)):
        order = but(ENTRY, quantity=quantity)
        assert judged(order, strict, mean_volume=120_000, approved=quantity, equity=10**10) is code


@pytest.mark.parametrize(
    ("quantity", "listed", "code"),
    [
        (39_000, 1_000, None),
        (40_000, 4_000_000, None),
        (40_001, 4_000_000, CoreCode.EXCH_CAP),
        (4_000_000, None, CoreCode.EXCH_CAP),
    ],
)
def test_no_order_is_larger_than_the_exchange_takes(quantity: int, listed: int | None, code: CoreCode | None) -> None:
    """EXCH_CAP: a hundred billion won, one percent of the listed shares; a billion won is always allowed."""
    order = but(ENTRY, quantity=quantity)
    assert judged(order, listed_shares=listed, approved=quantity, equity=10**15, equity_day=10**15) is code


def test_all_that_is_sent_to_buy_in_a_session_has_a_limit() -> None:
    """TURNOVER; FI-10: fifty sound orders stop where together they are too much, counted when sent."""
    config = GateConfig(max_bought_frac=1.0)
    traffic = Traffic(config)
    sent = 0
    for n in range(50):
        order = but(ENTRY, instance=f"vb{n}", quantity=500)
        if judged(order, config, approved=500, traffic=traffic) is None:
            traffic.on_sent(order, NOW)
            sent += order.quantity * 25_500
    assert 50_000_000 - 500 * 25_500 < sent <= 50_000_000
    assert judged(but(ENTRY, instance="late", quantity=500), config, approved=500, traffic=traffic) is CoreCode.TURNOVER


def test_an_order_asks_for_no_more_than_what_was_approved_and_is_not_asked_for_yet() -> None:
    """PARENT_EXCEEDED; FI-03."""
    assert judged(ENTRY, approved=99) is CoreCode.PARENT_EXCEEDED
    assert judged(EXIT, approved=0) is None


@pytest.mark.parametrize("status", ["52", "99", None])
def test_an_unknown_or_restricted_status_blocks_entries_and_a_halt_blocks_all(status: str | None) -> None:
    """STATUS_BLOCK; FI-27."""
    assert judged(ENTRY, status=status) is CoreCode.STATUS_BLOCK
    assert judged(EXIT, status=status) is None
    assert judged(EXIT, status="58") is CoreCode.STATUS_BLOCK


@pytest.mark.parametrize(
    "view",
    [
        {"vi_state": "VI_AUCTION"},
        {"vi_state": "COOLING"},
        {"vi_state": "UNKNOWN"},
        {"vi_state": None, "is_paced": True},
        {"no_entries_until": NOW + 1},
    ],
)
def test_nothing_is_bought_in_interruptions_and_halts(view: dict[str, Any]) -> None:
    """MKT_STRESS; FI-25. Exits leave."""
    assert judged(ENTRY, **view) is CoreCode.MKT_STRESS
    assert judged(EXIT, **view) is None


def test_own_orders_never_meet() -> None:
    """SELF_MATCH; FI-28: the newer order is refused, whichever strategy sent the older one."""
    assert judged(ENTRY, own_ask=25_500) is CoreCode.SELF_MATCH
    assert judged(ENTRY, own_ask=0) is CoreCode.SELF_MATCH
    assert judged(ENTRY, own_ask=25_550) is None
    assert judged(TARGET, own_bid=26_000) is CoreCode.SELF_MATCH
    assert judged(TARGET, own_bid=25_950) is None
    assert judged(EXIT, own_bid=1) is CoreCode.SELF_MATCH


def test_a_large_exit_is_sent_in_parts_and_never_refused_for_its_size() -> None:
    """Twice an entry's part of equity, whole lots, at least one."""
    config = GateConfig()
    most = largest_exit(None, VIEW, config)
    assert most == 30_000_000 // 25_450
    assert judged(but(EXIT, quantity=most), sellable=10_000) is None
    assert judged(but(EXIT, quantity=most + 1), sellable=10_000) is CoreCode.MAX_NOTIONAL
    assert largest_exit(None, msgspec.structs.replace(VIEW, last=None, sellable=7), config) == 7
    assert largest_exit(None, msgspec.structs.replace(VIEW, equity=1), config) == 1


def test_the_first_month_is_tighter_and_a_key_of_the_file_wins_over_it() -> None:
    """`profile: first-month` changes where the other keys start."""
    month = GateConfig(profile="first-month")
    assert (month.max_order_krw, month.max_order_frac, month.entry_from) == (10_000_000, 0.20, dt.time(9, 5))
    assert GateConfig(profile="first-month", max_order_krw=5_000_000).max_order_krw == 5_000_000
    assert judged(but(ENTRY, limit=1_990), month, last=1_990, limits=price_limits(1_990, SESSION, Market.KOSPI)) is (
        CoreCode.LIQ_FLOOR
    )
    early = time.at(SESSION, dt.time(9, 4))
    assert judged(ENTRY, month, now=early, last_at=early) is CoreCode.ENTRY_WINDOW


LIVE = StreamView(is_live=True, armed_for=SESSION.isoformat(), clock_skew=0.2)
YESTERDAY = dt.date(2026, 3, 3).isoformat()


def streamed(**changes: Any) -> StreamView:
    return msgspec.structs.replace(LIVE, **changes)


@pytest.mark.parametrize("armed_for", ["", YESTERDAY, "yes"])
def test_real_money_buys_nothing_unless_a_person_has_armed_this_session(armed_for: str) -> None:
    """1.1 AUTH_NOT_ARMED: arming expires with its session; whoever holds something may still sell it."""
    assert judged(ENTRY, stream=LIVE) is None
    assert judged(ENTRY, stream=streamed(armed_for=armed_for)) is CoreCode.AUTH_NOT_ARMED
    assert judged(EXIT, stream=streamed(armed_for=armed_for)) is None
    assert judged(ENTRY, stream=streamed(armed_for=armed_for, is_live=False)) is None


@pytest.mark.parametrize(
    ("skew", "code"), [(3.0, None), (-3.0, None), (3.01, CoreCode.CLOCK_SKEW), (-3_600.0, CoreCode.CLOCK_SKEW)]
)
def test_a_clock_that_is_off_buys_nothing(skew: float, code: CoreCode | None) -> None:
    """2.5 CLOCK_SKEW, FI-30: three seconds; with real money nobody guesses."""
    assert judged(ENTRY, stream=streamed(clock_skew=skew)) is code
    assert judged(ENTRY, stream=streamed(clock_skew=skew, is_live=False)) is code
    assert judged(EXIT, stream=streamed(clock_skew=skew)) is None
    assert judged(ENTRY, stream=streamed(clock_skew=None)) is CoreCode.CLOCK_SKEW
    assert judged(ENTRY, stream=streamed(clock_skew=None, is_live=False)) is None


def test_a_broker_that_states_other_price_limits_stops_entries() -> None:
    """4.3 LIMIT_DISAGREE: an ex-date, a new listing or a fund's multiple that we do not know of."""
    own = (VIEW.limits.lower, VIEW.limits.upper)
    assert judged(ENTRY, stream=streamed(limits=own)) is None
    assert judged(ENTRY, stream=streamed(limits=(None, own[1]))) is None
    assert judged(ENTRY, stream=streamed(limits=(own[0], own[1] + 50))) is CoreCode.LIMIT_DISAGREE
    assert judged(TARGET, stream=streamed(limits=(own[0] - 50, own[1]))) is None


def test_leveraged_funds_are_bought_unless_the_gate_is_closed_for_them() -> None:
    """3.4 LEV_ETP: beyond 1 in either direction; what is held is sold."""
    closed = GateConfig(leveraged_funds=False)
    for multiple in (2, -2):
        assert judged(ENTRY, leverage=multiple) is None
        assert judged(ENTRY, closed, leverage=multiple) is CoreCode.LEV_ETP
        assert judged(EXIT, closed, leverage=multiple) is None
    assert judged(ENTRY, closed, leverage=-1) is None
    assert GateConfig(profile="first-month").leveraged_funds is False


@pytest.mark.parametrize(
    ("ask", "limit", "code"),
    [(25_450, 25_700, None), (25_450, 25_750, CoreCode.COLLAR), (1_000, 1_010, None), (100, 105, None)],
)
def test_a_buy_is_held_to_its_part_above_the_ask(ask: int, limit: int, code: CoreCode | None) -> None:
    """5.1, the opposite quote; where a tick is more than a fifth of a percent, five ticks.

    One percent in the first month. A grid bids its level when the price has fallen through it, so the default lets three pass.
    """
    month = GateConfig(ask_frac=0.01)
    limits = price_limits(ask, SESSION, Market.KOSPI)
    view: dict[str, Any] = {"last": limit, "limits": limits, "stream": streamed(ask=ask)}
    assert judged(but(ENTRY, limit=limit), month, **view) is code
    assert judged(but(ENTRY, limit=limit), **view) is None
    assert GateConfig(profile="first-month").ask_frac == 0.01


def test_own_purchases_of_a_minute_must_not_drive_the_price() -> None:
    """5.2 COLLAR_TIME: two percent above the first of them on average, for sixty seconds."""
    traffic = Traffic(GateConfig())
    traffic.on_bought("005930", 25_000, 100, NOW - 50 * time.SECOND)
    traffic.on_bought("005930", 26_000, 100, NOW - 10 * time.SECOND)
    assert judged(ENTRY, traffic=traffic) is None
    traffic.on_bought("005930", 26_050, 100, NOW)
    assert judged(ENTRY, traffic=traffic) is CoreCode.COLLAR_TIME
    assert judged(but(ENTRY, symbol="000660"), traffic=traffic) is None
    assert judged(TARGET, traffic=traffic) is None
    later = NOW + 11 * time.SECOND
    assert judged(ENTRY, traffic=traffic, now=later, last_at=later) is None


TIGHTER: dict[str, st.SearchStrategy[Any]] = {
    "collar_frac": st.floats(0.001, 0.03),
    "reference_age_s": st.integers(1, 60),
    "max_order_frac": st.floats(0.001, 0.30),
    "max_order_krw": st.integers(1, 10**9),
    "max_order_shares": st.integers(1, 10**6),
    "max_volume_frac": st.floats(0.001, 1.0),
    "min_price_krw": st.integers(0, 100_000),
    "entries_a_minute": st.integers(1, 3),
    "ask_frac": st.floats(0.0001, 0.03),
    "drift_frac": st.floats(0.0001, 0.02),
    "clock_skew_s": st.integers(1, 3),
    "leveraged_funds": st.just(False),
}


@given(
    st.fixed_dictionaries({}, optional=TIGHTER),
    st.integers(1, 2_000),
    st.integers(400, 560),
    st.integers(20_000, 30_000),
    st.integers(0, 70),
)
def test_a_tighter_key_never_lets_an_order_pass_that_was_refused(
    keys: dict[str, Any], quantity: int, steps: int, last: int, age_s: int
) -> None:
    """Monotone: what the defaults refuse, every tighter configuration refuses."""
    order = but(ENTRY, quantity=quantity, limit=steps * 50)
    view: dict[str, Any] = {"approved": 1_500, "last": last, "last_at": NOW - age_s * time.SECOND, "mean_volume": 1_000}
    view |= {"leverage": -2, "stream": streamed(clock_skew=age_s / 20, ask=last)}
    if judged(order, **view) is not None:
        assert judged(order, GateConfig(**keys), **view) is not None
