"""The vectors of the specification (`spec/journal.md` section 5), and the edges at which a figure cannot be said."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.journal import statistics
from kats_core.journal.statistics import Drawdown, SqnRating, Streaks
from kats_core.market.costs import Costs
from kats_core.model.kinds import Market, OrderState, OrderType, Purpose, Side
from kats_core.model.record import EquityRecord, FillRecord, OrderEventRecord, OrderRecord, TradeRecord
from kats_core.model.time import SECOND

# fmt: off
J_3 = [
    -1, 2.1, -1, 0.5, -0.8, 3.0, -1, 1.2, -0.6, -1, 2.4, 0.3, -1, -0.9, 1.8,
    -1, 0.7, -0.5, 4.2, -1, -1, 1.1, 0.9, -0.7, 2.0, -1, 0.4, -1, 1.5, -0.3,
]
# fmt: on
J_7 = [120_000, -50_000, 0, 200_000, -80_000, -70_000, 300_000]
MONDAY = dt.date(2026, 6, 1)


def costs_of(buys: list[int], sells: list[int]) -> int:
    """Commission and tax of orders with these amounts, on KOSPI in 2026."""
    costs = Costs()
    commission = sum(costs.commission_on(amount) for amount in (*buys, *sells))
    return commission + sum(costs.tax_on(amount, dt.date(2026, 3, 2), Market.KOSPI) for amount in sells)


def trade(profit: int, r: float | None, exit_code: str = "core:STOP") -> TradeRecord:
    return TradeRecord(
        signal_id="",
        instance="vb",
        symbol="005930",
        slot=0,
        opened_at=0,
        closed_at=1,
        opened_on=MONDAY,
        closed_on=MONDAY,
        quantity=1,
        bought_amount=1,
        sold_amount=1,
        commission=10,
        tax=20,
        net_profit=profit,
        initial_risk="1",
        r_multiple=r,
        exit_code=exit_code,
    )


def assert_fell(worst: Drawdown | None, frac: float, peak_day: dt.date, trough_day: dt.date) -> None:
    assert worst is not None
    assert worst.frac == pytest.approx(frac, abs=5e-7)
    assert (worst.peak_day, worst.trough_day) == (peak_day, trough_day)


def order(order_id: str, quantity: int, side: Side = Side.BUY) -> OrderRecord:
    return OrderRecord(
        order_id=order_id,
        number=1,
        signal_id=f"signal of {order_id}",
        session=MONDAY,
        ts=0,
        instance="vb",
        symbol="005930",
        slot=0,
        purpose=Purpose.ENTRY,
        side=side,
        order_type=OrderType.LIMIT,
        quantity=quantity,
        limit=None,
        trigger=None,
        reason="",
    )


def fill(order_id: str, price: int, quantity: int, seconds: int, side: Side = Side.BUY) -> FillRecord:
    return FillRecord(
        fill_id=f"{order_id}/{seconds}",
        order_id=order_id,
        sequence=1,
        ts=seconds * SECOND,
        instance="vb",
        symbol="005930",
        slot=0,
        side=side,
        price=price,
        quantity=quantity,
        amount=price * quantity,
        commission=0,
        tax=0,
    )


def step(order_id: str, event: str, after: OrderState) -> OrderEventRecord:
    return OrderEventRecord(
        order_id=order_id,
        sequence=1,
        ts=0,
        event=event,
        before=OrderState.SUBMITTED,
        after=after,
        filled_quantity=0,
        filled_amount=0,
    )


def test_execution_of_entries() -> None:
    """Slippage of the price at the signal, time to the last fill, orders that got less than all; sales do not count."""
    found = statistics.execution(
        [order("whole", 100), order("part", 100), order("none", 50), order("sale", 150, Side.SELL)],
        [
            step("part", "AMENDED", OrderState.PARTIAL_FILLED),
            step("part", "SESSION_END", OrderState.EXPIRED),
            step("none", "SESSION_END", OrderState.EXPIRED),
            step("sale", "SESSION_END", OrderState.EXPIRED),
        ],
        [
            fill("whole", 10_100, 50, 2),
            fill("whole", 10_300, 50, 6),
            fill("part", 10_000, 40, 2),
            fill("sale", 9_000, 140, 9, Side.SELL),
        ],
        {"signal of whole": 10_000, "signal of part": 10_000},
    )
    assert found.filled == 2
    assert found.slippage == pytest.approx((0.02 + 0.0) / 2)
    assert found.fill_s == pytest.approx((6 + 2) / 2)
    assert (found.partial_frac, found.expired, found.amended) == (0.5, 2, 1)


def test_execution_without_an_entry_says_nothing() -> None:
    """Not that it was perfect."""
    found = statistics.execution([], [], [], {})
    assert (found.filled, found.slippage, found.fill_s, found.partial_frac) == (0, None, None, None)


def test_j1_r_of_a_position_with_an_add_and_three_sales() -> None:
    """R0 is the first stage's alone, the profit that of all stages after fees and tax."""
    buys, sells = [193 * 38_700, 116 * 39_700], [103 * 42_650, 103 * 46_500, 103 * 45_000]
    net = sum(sells) - sum(buys) - costs_of(buys, sells)
    r = statistics.r_multiple(net, Fraction(193 * (38_700 - 36_650)))

    assert (sum(buys), sum(sells), net) == (12_074_300, 13_817_450, 1_711_635)
    assert r == pytest.approx(4.3261, abs=5e-5)


def test_j2_r_of_a_normal_stop() -> None:
    """Fees, tax and a tick make a stop a little worse than -1."""
    buys, sells = [193 * 38_700], [193 * 36_600]
    net = sum(sells) - sum(buys) - costs_of(buys, sells)

    assert net == -421_606
    assert statistics.r_multiple(net, Fraction(193 * (38_700 - 36_650))) == pytest.approx(-1.0656, abs=5e-5)


def test_r_without_a_risk_is_none() -> None:
    """Filled at or under the stop: the trade counts in money, not in R."""
    assert statistics.r_multiple(100, Fraction(0)) is None


def test_j3_sqn_of_thirty_trades() -> None:
    """Mean, deviation, quality number and its word."""
    sqn = statistics.sqn(J_3)
    assert sqn.mean == pytest.approx(0.276667, abs=5e-7)
    assert sqn.deviation == pytest.approx(1.451440, abs=5e-7)
    assert sqn.value == pytest.approx(1.044043, abs=5e-7)
    assert (sqn.rating, sqn.count, sqn.note) == (SqnRating.POOR, 30, "")
    assert statistics.win_rate(J_3) == pytest.approx(0.466667, abs=5e-7)
    assert statistics.profit_factor(J_3) == pytest.approx(1.601449, abs=5e-7)


def test_j4_sqn_needs_thirty_trades() -> None:
    """With less there is a note in place of a number."""
    sqn = statistics.sqn(J_3[:29])
    assert (sqn.value, sqn.rating, sqn.note) == (None, None, "needs 30, has 29")


def test_j5_sqn_uses_the_last_hundred_trades() -> None:
    """So that histories of different length compare."""
    sqn = statistics.sqn(J_3 * 4)
    assert sqn.count == 100
    assert sqn.mean == pytest.approx(0.268, abs=5e-7)
    assert sqn.deviation == pytest.approx(1.403450, abs=5e-7)
    assert sqn.value == pytest.approx(1.909580, abs=5e-7)


def test_sqn_of_trades_that_are_all_alike_is_none() -> None:
    """A deviation of zero says nothing about quality."""
    assert statistics.sqn([0.1] * 40).value is None


@pytest.mark.parametrize(
    ("value", "rating"),
    [
        (1.59, SqnRating.POOR),
        (1.6, SqnRating.BELOW_AVERAGE),
        (2.0, SqnRating.GOOD),
        (3.0, SqnRating.EXCELLENT),
        (5.0, SqnRating.SUPERB),
        (7.0, SqnRating.HOLY_GRAIL),
    ],
)
def test_ratings_begin_at_their_bound(value: float, rating: SqnRating) -> None:
    """Below 1.6 poor, and so on."""
    assert statistics._rating(value) is rating


def test_j6_drawdown_with_its_days() -> None:
    """The deepest fall from a running peak of closing equity."""
    values = [100, 104, 101, 99, 103, 110, 104, 98.5, 107]
    days = [MONDAY + dt.timedelta(days=number) for number in range(len(values))]
    worst = statistics.max_drawdown(list(zip(days, values, strict=True)))
    assert_fell(worst, -0.104545, days[5], days[7])


def test_a_deposit_is_neither_gain_nor_recovery() -> None:
    """110 falls to 99, then 99 are paid in and another tenth is lost: 19 percent down from the peak."""
    days = [MONDAY + dt.timedelta(days=number) for number in range(4)]
    curve = list(zip(days, [100.0, 110.0, 198.0, 178.2], strict=True))
    worst = statistics.max_drawdown(curve, [0.0, 0.0, 99.0, 0.0])
    assert_fell(worst, -0.19, days[1], days[3])


def test_equity_that_only_rises_has_no_drawdown() -> None:
    """Zero, and not None: the days are known."""
    assert statistics.max_drawdown([(MONDAY, 1.0), (MONDAY + dt.timedelta(days=1), 2.0)]) == Drawdown(
        0.0, MONDAY, MONDAY
    )
    assert statistics.max_drawdown([]) is None


def test_j7_scratches_count_in_money_only() -> None:
    """A profit of zero is neither win nor loss."""
    assert statistics.win_rate(J_7) == 0.5
    assert statistics.profit_factor(J_7) == pytest.approx(3.1)
    assert statistics.mean(J_7) == 60_000


def test_j8_daily_returns_compound() -> None:
    """A month's return is the product of its days."""
    assert statistics.compounded([0.01, -0.005, 0.002]) == pytest.approx(0.0069599, abs=5e-8)


def test_payoff_is_the_average_win_over_the_average_loss() -> None:
    """Money in, whatever the counts."""
    assert statistics.payoff([300, 100, -100]) == 2
    assert statistics.payoff([300]) is None


def test_streaks_pass_over_scratches() -> None:
    """A scratch neither extends nor ends a run."""
    assert statistics.streaks([1, 0, 1, -1, 1, 0, -1, -1, 0, -1, 1]) == Streaks(2, 3)
    assert statistics.streaks([]) == Streaks(0, 0)


def test_sharpe_needs_sixty_days() -> None:
    """Mean over deviation of daily returns, for 250 sessions a year."""
    assert statistics.sharpe([0.01, -0.01] * 29 + [0.01]) is None
    assert statistics.sharpe([0.02, 0.0] * 30) == pytest.approx(0.01 / 0.010084389681792 * 250**0.5)


def test_exposure_and_time_in_market_are_means_of_samples() -> None:
    """The size of what was invested, and how often anything was."""
    assert statistics.exposure([0.0, 0.5, 1.0]) == 0.5
    assert statistics.time_in_market([0.0, 0.5, 1.0]) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    "figure",
    [
        statistics.win_rate,
        statistics.mean,
        statistics.payoff,
        statistics.profit_factor,
        statistics.sharpe,
        statistics.exposure,
    ],
)
def test_of_nothing_nothing_can_be_said(figure: object) -> None:
    """None, never zero."""
    assert callable(figure)
    assert figure([]) is None


@given(st.lists(st.integers(-(10**9), 10**9)))
def test_the_order_of_trades_does_not_change_sums(profits: list[int]) -> None:
    """Only streaks, drawdowns and the cut to the last hundred look at the order."""
    assert statistics.profit_factor(profits) == statistics.profit_factor(profits[::-1])
    assert statistics.win_rate(profits) == statistics.win_rate(sorted(profits))


def test_groups_are_counted_one_by_one() -> None:
    """By exit reason, in alphabetical order; trades without an R are left out of R alone."""
    groups = statistics.grouped(
        [trade(100, 1.0, "core:T1"), trade(-50, -1.0), trade(-10, None)], lambda closed: closed.exit_code
    )
    assert [(g.name, g.count, g.win_rate, g.mean_r, g.profit) for g in groups] == [
        ("core:STOP", 2, 0.0, -1.0, -60),
        ("core:T1", 1, 1.0, 1.0, 100),
    ]


def test_a_run_is_measured_from_its_records() -> None:
    """Figures of trades and of the daily equity, starting from the capital."""
    equity = [
        EquityRecord(session=MONDAY, equity=90, cash=90, market_value=0, exposure=0.5),
        EquityRecord(session=MONDAY + dt.timedelta(days=1), equity=110, cash=110, market_value=0, exposure=0.0),
    ]
    figures = statistics.measure([trade(-10, -1.0), trade(20, 2.0)], equity, 100)

    assert (figures.trades, figures.wins, figures.losses, figures.profit) == (2, 1, 1, 10)
    assert (figures.expectancy_r, figures.payoff, figures.profit_factor) == (0.5, 2.0, 2.0)
    assert figures.return_frac == pytest.approx(0.1)
    assert_fell(figures.max_drawdown, -0.1, MONDAY, MONDAY)
    assert (figures.exposure, figures.time_in_market) == (0.25, 0.5)
    assert (figures.commission, figures.tax) == (20, 40)


def test_a_run_without_trades_has_no_figures() -> None:
    """Counts are zero, everything else is unknown."""
    figures = statistics.measure([], [], 100)
    assert (figures.trades, figures.profit, figures.win_rate, figures.return_frac, figures.max_drawdown) == (
        0,
        0,
        None,
        None,
        None,
    )
