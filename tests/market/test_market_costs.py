"""Specify commission and transaction tax: `spec/orders.md` section 8, `krx_rules.md` section 7."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.market.calendar import CalendarError, krx_calendar
from kats_core.market.costs import (
    COMMISSION_RATE,
    CommissionPlan,
    Costs,
    SalesTax,
    charge_for_fill,
    commission_rate,
    sales_tax,
    tax_array,
    tax_rate,
    tax_unconfirmed,
)
from kats_core.market.exact import floor_times, to_fraction
from kats_core.market.settlement import settlement_date
from kats_core.market.ticks import tick_table
from kats_core.model.kinds import InstrumentKind, Market

KOSPI, KOSDAQ, KONEX = Market.KOSPI, Market.KOSDAQ, Market.KONEX
STOCK = InstrumentKind.STOCK


@pytest.mark.parametrize(
    ("last_day", "before", "first_day", "since"),
    [
        ("2019-05-29", "0.0030", "2019-05-30", "0.0025"),
        ("2020-12-28", "0.0025", "2020-12-29", "0.0023"),
        ("2022-12-27", "0.0023", "2022-12-28", "0.0020"),
        ("2023-12-26", "0.0020", "2023-12-27", "0.0018"),
        ("2024-12-26", "0.0018", "2024-12-27", "0.0015"),
        ("2025-12-26", "0.0015", "2025-12-29", "0.0020"),
    ],
)
@pytest.mark.parametrize("market", [KOSPI, KOSDAQ])
def test_rate_changes_with_the_trade_date(
    market: Market, last_day: str, before: str, first_day: str, since: str
) -> None:
    """A new rate starts with the trades that settle under it, two sessions before the year ends."""
    assert tax_rate(dt.date.fromisoformat(last_day), market, STOCK) == Fraction(before)
    assert tax_rate(dt.date.fromisoformat(first_day), market, STOCK) == Fraction(since)


def test_konex_pays_a_tenth_of_a_percent_since_2019() -> None:
    """KONEX had 0.30 % and has 0.10 % since 2019-05-30, whatever the other markets do."""
    days = [dt.date(2019, 5, 29), dt.date(2019, 5, 30), dt.date(2026, 3, 3)]
    assert [tax_rate(day, KONEX, STOCK) for day in days] == [Fraction("0.003"), Fraction("0.001"), Fraction("0.001")]


@pytest.mark.parametrize("kind", [InstrumentKind.ETF, InstrumentKind.ETN, InstrumentKind.ELW])
def test_funds_are_exempt(kind: InstrumentKind) -> None:
    """No tax on sales of ETF, ETN and ELW."""
    assert tax_rate(dt.date(2026, 3, 3), KOSPI, kind) == 0
    assert Costs().tax_on(7_273_000, dt.date(2026, 3, 3), KOSPI, kind) == 0


@pytest.mark.parametrize(
    ("day", "tax"),
    [("2025-12-26", 10_909), ("2025-12-29", 14_546), ("2023-12-26", 14_546), ("2023-12-27", 13_091)],
)
def test_tax_on_a_sale(day: str, tax: int) -> None:
    """Vectors: a sale of 7 273 000 won, cut to whole won."""
    assert Costs().tax_on(7_273_000, dt.date.fromisoformat(day), KOSPI, STOCK) == tax


def test_last_rate_is_assumed_after_2026() -> None:
    """Trades that settle in 2027 use the last row and are told to be unconfirmed."""
    assert tax_rate(dt.date(2027, 3, 2), KOSPI, STOCK) == Fraction("0.0020")
    assert [tax_unconfirmed(dt.date(2026, 12, day)) for day in (28, 29, 30)] == [False, True, True]


def test_default_commission_is_one_and_a_half_basis_points() -> None:
    """0.00015 on both sides; the round trip of 2026 costs 0.0023."""
    assert COMMISSION_RATE == Costs().commission == Fraction("0.00015")
    assert 2 * COMMISSION_RATE + tax_rate(dt.date(2026, 3, 3), KOSPI, STOCK) == Fraction("0.0023")


@pytest.mark.parametrize(
    ("rate", "amount", "commission"),
    [
        ("0.00015", 20_000, 3),
        ("0.00015", 7_469_100, 1_120),
        ("0.000140527", 7_130_000, 1_001),
        ("0.000140527", 7_273_000, 1_022),
        ("0.000042087", 1_081_000, 45),
        ("0.000042087", 1_743_000, 73),
        ("0.000042087", 1_672_500, 70),
    ],
)
def test_commission_is_cut_to_won(rate: str, amount: int, commission: int) -> None:
    """Worked and observed charges of the broker."""
    assert Costs(to_fraction(rate)).commission_on(amount) == commission


def test_first_fill_of_an_order_books_its_own_floor() -> None:
    """100 shares at 38 700 cost 580 won commission."""
    assert charge_for_fill(3_870_000, COMMISSION_RATE, 0) == 580


def test_second_fill_books_the_difference() -> None:
    """10 000 and 10 000 won book 1 and 2, together what one fill of 20 000 books."""
    first = charge_for_fill(10_000, COMMISSION_RATE, 0)
    second = charge_for_fill(20_000, COMMISSION_RATE, first)
    assert (first, second) == (1, 2)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=20), st.sampled_from(["0.00015", "0.0020", "0.000140527"]))
def test_fills_together_are_charged_like_one(amounts: list[int], rate: str) -> None:
    """However an order is filled, its charges add up to floor(total * rate), and none is negative."""
    cumulative = booked = 0
    for amount in amounts:
        cumulative += amount
        charge = charge_for_fill(cumulative, to_fraction(rate), booked)
        assert charge >= 0
        booked += charge
    assert booked == floor_times(sum(amounts), to_fraction(rate))


@pytest.mark.parametrize("average", [Decimal(38_700), Fraction(38_700), 38_700])
def test_break_even_covers_both_commissions_and_the_tax(average: Decimal | Fraction | int) -> None:
    """Average 38 700, tax 0.0020: rup(38 789.01) = 38 800."""
    day = dt.date(2026, 3, 3)
    ticks = tick_table(day, KOSPI, STOCK)
    assert Costs().break_even(average, ticks, tax_rate(day, KOSPI, STOCK)) == 38_800


def test_break_even_keeps_the_part_of_a_won() -> None:
    """An average is never rounded before use: 19 954.1056 leads just above 20 000, 19 954.1055 just below."""
    ticks = tick_table(dt.date(2026, 3, 3), KOSPI, STOCK)
    averages = [Decimal("19954.1056"), Decimal("19954.1055")]
    assert [Costs().break_even(average, ticks, Fraction("0.0020")) for average in averages] == [20_050, 20_000]


@pytest.mark.parametrize("wrong", [Fraction(-1, 100), Fraction(1), Fraction(15)])
def test_commission_outside_zero_and_one_is_refused(wrong: Fraction) -> None:
    """A rate written as percent or basis points is caught."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        Costs(wrong)


def test_float_commission_is_refused() -> None:
    """Rates are fractions inside the core."""
    with pytest.raises(TypeError, match="to_fraction"):
        Costs(0.00015)  # type: ignore[arg-type]


# krx_rules.md section 7.1: first trade date with a rate, and the settlement date from which the law applies it.
SWITCHES = [
    ("2019-05-30", "2019-06-03"),
    ("2020-12-29", "2021-01-04"),
    ("2022-12-28", "2023-01-02"),
    ("2023-12-27", "2024-01-02"),
    ("2024-12-27", "2025-01-02"),
    ("2025-12-29", "2026-01-02"),
]


@pytest.mark.parametrize(("traded", "settled"), SWITCHES)
def test_the_rate_follows_the_settlement_date(traded: str, settled: str) -> None:
    """The first trades with a new rate are those that settle in the new period, two sessions later."""
    first = dt.date.fromisoformat(traded)
    assert settlement_date(first) == dt.date.fromisoformat(settled)
    before = krx_calendar().shift(first, -1)
    assert sales_tax(before, KOSPI) != sales_tax(first, KOSPI)


def test_kospi_pays_a_part_for_rural_development() -> None:
    """2026: 0.05 % and 0.15 % on KOSPI, 0.20 % in one on KOSDAQ, the same together."""
    day = dt.date(2026, 3, 3)
    assert sales_tax(day, KOSPI) == SalesTax(Fraction("0.0005"), Fraction("0.0015"))
    assert sales_tax(day, Market.KOSDAQ) == SalesTax(Fraction("0.0020"), Fraction(0))


def test_the_last_sessions_of_the_calendar_have_a_tax() -> None:
    """They settle after the table ends: the last rate is assumed, and said to be."""
    day = dt.date(2027, 12, 30)
    assert tax_rate(day, KOSPI) == Fraction("0.0020")
    assert tax_unconfirmed(day)


def test_a_day_that_only_the_broker_trades_has_a_tax() -> None:
    """Whatever is sold then must be priced: the rate of the second session after it; before the calendar there is none."""
    assert settlement_date(dt.date(2025, 12, 31)) == dt.date(2026, 1, 5)
    assert tax_rate(dt.date(2025, 12, 31), KOSPI) == Fraction("0.0020")
    assert tax_rate(dt.date(2028, 1, 4), KOSPI) == Fraction("0.0020")
    with pytest.raises(CalendarError, match="covers"):
        tax_rate(dt.date(1995, 5, 1), KOSPI)


@pytest.mark.parametrize(
    ("plan", "kind", "rate"),
    [
        (CommissionPlan.DEFAULT, STOCK, "0.00015"),
        (CommissionPlan.BANK_ONLINE, STOCK, "0.000140527"),
        (CommissionPlan.BANK_ONLINE, InstrumentKind.ETF, "0.000146527"),
        (CommissionPlan.PREFERENTIAL, STOCK, "0.000042087"),
    ],
)
def test_commission_of_a_price_list(plan: CommissionPlan, kind: InstrumentKind, rate: str) -> None:
    """krx_rules.md section 7.2; none lies above the default."""
    assert commission_rate(plan, dt.date(2026, 3, 3), kind) == Fraction(rate) <= COMMISSION_RATE


@given(st.lists(st.integers(0, 10**13), max_size=20), st.sampled_from([KOSPI, Market.KOSDAQ, KONEX]))
def test_arrays_of_amounts_are_charged_like_each_of_them(amounts: list[int], market: Market) -> None:
    """One table, one answer."""
    day, array = dt.date(2026, 3, 3), np.array(amounts, dtype=np.int64)
    assert tax_array(array, day, market, STOCK).tolist() == [Costs().tax_on(a, day, market) for a in amounts]
    assert Costs().commission_array(array).tolist() == [Costs().commission_on(a) for a in amounts]
