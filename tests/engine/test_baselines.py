"""Baselines: what profits are measured from is taken once and kept."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from kats_core.engine.baselines import Baselines
from kats_core.engine.portfolio import Opening, Portfolio
from kats_core.market.costs import Costs
from kats_core.model.kinds import OrderState, OrderType, Purpose, Side
from kats_core.model.order import Fill, Order
from kats_core.model.signal import ExitPlan
from kats_core.testing import NOW, SESSION


def test_day_month_and_peak_each_have_their_moment() -> None:
    """The day's at 08:50, the month's at 08:50 of its first session, the peak at the close only."""
    base = Baselines()
    base.begin_session(dt.date(2026, 3, 30), 100, 0)
    base.close_session(120)
    base.begin_session(dt.date(2026, 3, 31), 118, 7)
    assert (base.day, base.month, base.peak, base.realised_month(9)) == (118, 100, 120, 9)
    base.begin_session(dt.date(2026, 4, 1), 110, 9)
    base.close_session(115)
    assert (base.day, base.month, base.peak, base.realised_month(4)) == (110, 110, 120, -5)


def test_before_the_first_session_nothing_is_known() -> None:
    """No default of zero."""
    base = Baselines()
    assert (base.day, base.month, base.peak, base.realised_month(0)) == (None, None, None, None)


def test_a_reset_measures_drawdown_from_today_on() -> None:
    """Otherwise a resumed account would be halted again at once."""
    base = Baselines(peak=120)
    base.reset_peak(90)
    assert base.peak == 90


@given(
    steps=st.lists(st.tuples(st.booleans(), st.integers(1, 500), st.integers(1_000, 90_000)), min_size=1, max_size=20),
    last=st.integers(1_000, 90_000),
)
def test_realised_and_open_profit_together_are_the_change_of_equity(
    steps: list[tuple[bool, int, int]], last: int
) -> None:
    """Whatever was bought and sold, in parts and at any price, costs included."""
    book = Portfolio(10**9, Costs(Fraction(15, 100_000)))
    opening = Opening("x", SESSION, ExitPlan(stop=1), "B", "")
    held = 0
    for number, (is_buy, asked, price) in enumerate(steps, 1):
        quantity = asked if is_buy else min(asked, held)
        if not quantity:
            continue
        held += quantity if is_buy else -quantity
        order = Order(
            order_id=number,
            signal_id="x",
            instance="vb",
            symbol="005930",
            slot=0,
            purpose=Purpose.ENTRY if is_buy else Purpose.EXIT,
            side=Side.BUY if is_buy else Side.SELL,
            order_type=OrderType.LIMIT,
            quantity=quantity,
            limit=price,
            state=OrderState.SUBMITTED,
            created_at=NOW,
        )
        commission, tax = book.price_fill(order, price, quantity, Fraction(2, 1_000))
        fill = Fill(
            order_id=number,
            sequence=1,
            ts=NOW,
            symbol="005930",
            side=order.side,
            price=price,
            quantity=quantity,
            commission=commission,
            tax=tax,
        )
        book.book(order, fill, opening)
    book.value_at("005930", last)
    open_profit = sum((p.quantity * last - p.cost for p in book.positions.values()), Fraction(0))
    assert 0 <= book.equity - 10**9 - book.realised - open_profit < 1
