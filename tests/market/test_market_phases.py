"""Specify the exchange's sessions and what they take: `krx_rules.md` sections 3.1, 3.5 and 5.1."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.market.calendar import krx_calendar
from kats_core.market.phases import BoardOrder, SessionPhase, phases_at, spans, takes
from kats_core.model import time as kst
from kats_core.model.kinds import InstrumentKind

KRX = krx_calendar()
P, K = SessionPhase, BoardOrder
NOW = dt.date(2026, 11, 2)
SESSIONS = KRX.sessions(dt.date(1995, 5, 2), dt.date(2027, 12, 30))


def clocks(day: str) -> dict[str, str]:
    found = spans(KRX.hours(dt.date.fromisoformat(day)))
    return {span.phase.value: f"{kst.clock(span.start):%H:%M}-{kst.clock(span.end):%H:%M}" for span in found}


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2015-03-03", "07:30-08:30 08:00-09:00 09:00-14:50 14:50-15:00 15:10-15:30 15:30-18:00 -"),
        ("2016-08-01", "07:30-08:30 08:00-09:00 09:00-15:20 15:20-15:30 15:40-16:00 16:00-18:00 -"),
        ("2019-04-29", "08:30-08:40 08:30-09:00 09:00-15:20 15:20-15:30 15:40-16:00 16:00-18:00 -"),
        ("2026-09-11", "08:30-08:40 08:30-09:00 09:00-15:20 15:20-15:30 15:40-16:00 16:00-18:00 -"),
        ("2026-09-14", "08:30-08:40 08:30-09:00 09:00-15:20 15:20-15:30 15:30-16:00 - 16:00-20:00"),
        ("2027-01-04", "09:30-09:40 09:30-10:00 10:00-15:20 15:20-15:30 15:30-16:00 - 16:00-20:00"),
        ("2025-11-13", "09:30-09:40 09:30-10:00 10:00-16:20 16:20-16:30 16:40-17:00 17:00-18:00 -"),
        ("2026-11-19", "09:30-09:40 09:30-10:00 10:00-16:20 16:20-16:30 16:30-17:00 - 17:00-20:00"),
        ("1997-06-14", "- 08:30-09:30 09:30-11:20 11:20-11:30 - - -"),
    ],
)
def test_sessions_by_period_and_special_day(day: str, expected: str) -> None:
    """The table of each period; exam days and the first session of a year move it; Saturdays were mornings."""
    found = clocks(day)
    assert [found.get(phase.value, "-") for phase in P] == expected.split()


def test_phases_overlap_only_where_the_exchange_does() -> None:
    """Before the open the close-price session runs beside the call auction; after the close it stands alone."""
    hours = KRX.hours(NOW)
    at = {
        clock: phases_at(hours, kst.at(NOW, dt.time.fromisoformat(clock)))
        for clock in ("08:29", "08:35", "08:45", "09:00")
    }
    assert at["08:29"] == ()
    assert set(at["08:35"]) == {P.PRE_CLOSE_PRICE, P.OPENING_AUCTION}
    assert at["08:45"] == (P.OPENING_AUCTION,)
    assert at["09:00"] == (P.CONTINUOUS,)
    assert phases_at(hours, hours.close_auction) == (P.CLOSING_AUCTION,)
    assert phases_at(hours, kst.at(NOW, dt.time(20))) == ()


@given(st.sampled_from(SESSIONS))
def test_the_board_is_without_gap_from_auction_to_close(day: dt.date) -> None:
    """On every session of 32 years the three board phases follow each other, and every phase has a length."""
    hours = KRX.hours(day)
    found = {span.phase: span for span in spans(hours)}
    assert found[P.OPENING_AUCTION].end == found[P.CONTINUOUS].start == hours.open
    assert found[P.CONTINUOUS].end == found[P.CLOSING_AUCTION].start == hours.close_auction
    assert found[P.CLOSING_AUCTION].end == hours.close
    assert all(span.start < span.end for span in found.values())


@pytest.mark.parametrize(
    ("order", "phases"),
    [
        (K.LIMIT, {P.OPENING_AUCTION, P.CONTINUOUS, P.CLOSING_AUCTION, P.AFTER_MARKET}),
        (K.MARKET, {P.OPENING_AUCTION, P.CONTINUOUS, P.CLOSING_AUCTION}),
        (K.CONDITIONAL_LIMIT, {P.OPENING_AUCTION, P.CONTINUOUS}),
        (K.BEST_OPPOSITE, {P.CONTINUOUS, P.AFTER_MARKET}),
        (K.BEST_SAME, {P.CONTINUOUS, P.AFTER_MARKET}),
        (K.PRE_CLOSE_PRICE, {P.PRE_CLOSE_PRICE}),
        (K.AFTER_CLOSE_PRICE, {P.AFTER_CLOSE_PRICE}),
        (K.LIMIT_IOC, {P.CONTINUOUS, P.AFTER_MARKET}),
        (K.LIMIT_FOK, {P.CONTINUOUS, P.AFTER_MARKET}),
        (K.MARKET_IOC, {P.CONTINUOUS}),
        (K.MARKET_FOK, {P.CONTINUOUS}),
        (K.BEST_OPPOSITE_IOC, {P.CONTINUOUS, P.AFTER_MARKET}),
        (K.BEST_OPPOSITE_FOK, {P.CONTINUOUS, P.AFTER_MARKET}),
        (K.MID_PRICE, {P.CONTINUOUS}),
        (K.MID_PRICE_IOC, {P.CONTINUOUS}),
        (K.MID_PRICE_FOK, {P.CONTINUOUS}),
        (K.STOP_LIMIT, {P.CONTINUOUS}),
    ],
)
def test_kinds_of_orders_by_phase(order: BoardOrder, phases: set[SessionPhase]) -> None:
    """The table of krx_rules.md section 5.1 with the after-market of section 3.2."""
    assert {phase for phase in P if takes(phase, order, NOW)} == phases


def test_kinds_follow_the_date() -> None:
    """Mid-price and stop-limit orders came on 2025-03-04, the after-market on 2026-09-14."""
    assert not takes(P.CONTINUOUS, K.MID_PRICE, dt.date(2025, 2, 28))
    assert takes(P.CONTINUOUS, K.MID_PRICE, dt.date(2025, 3, 4))
    assert not takes(P.AFTER_MARKET, K.LIMIT, dt.date(2026, 9, 11))


def test_funds_stay_out_of_the_after_market() -> None:
    """ETF, ETN and ELW are not traded there."""
    assert not any(
        takes(P.AFTER_MARKET, K.LIMIT, NOW, kind) for kind in InstrumentKind if kind is not InstrumentKind.STOCK
    )


def test_a_volatility_interruption_takes_limit_and_market_orders_only() -> None:
    """It is a call auction."""
    taken = {order for order in K if takes(P.CONTINUOUS, order, NOW, is_in_vi=True)}
    assert taken == {K.LIMIT, K.MARKET}
