"""Specify daily price limits: `spec/README.md` section 4, `krx_rules.md` section 2."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.market.limits import (
    ListingPhase,
    PriceLimits,
    limit_arrays,
    limit_rate,
    limits_of_day,
    opening_limits,
    price_limits,
)
from kats_core.market.ticks import MarketRuleError, tick_table
from kats_core.model.kinds import InstrumentKind, Market, Scope

KOSPI, KOSDAQ, KONEX = Market.KOSPI, Market.KOSDAQ, Market.KONEX
STOCK, ETF, ETN, ELW = InstrumentKind.STOCK, InstrumentKind.ETF, InstrumentKind.ETN, InstrumentKind.ELW
NOW = dt.date(2026, 3, 3)
OLD = dt.date(2023, 1, 24)
NARROW = dt.date(2015, 6, 12)

# base, width (spec: base - lower), upper, lower
SINCE_2023 = """
500,150,650,350
999,299,1298,700
1000,300,1300,700
1995,598,2590,1397
1999,599,2595,1400
2000,600,2600,1400
2005,600,2605,1405
4995,1495,6490,3500
5000,1500,6500,3500
9980,2990,12970,6990
9990,2990,12980,7000
12340,3700,16040,8640
19990,5990,25950,14000
20000,6000,26000,14000
24250,7250,31500,17000
49950,14950,64900,35000
50000,15000,65000,35000
71300,21300,92600,50000
151300,45300,196600,106000
199900,59900,259500,140000
200000,60000,260000,140000
239000,71500,310500,167500
499500,149500,649000,350000
500000,150000,650000,350000
1000000,300000,1300000,700000
"""
KOSPI_TO_2023 = """
4995,1495,6490,3500
9940,2980,12900,6960
9990,2990,12950,7000
10000,3000,13000,7000
49950,14950,64900,35000
99900,29900,129500,70000
100000,30000,130000,70000
166500,49500,216000,117000
"""
KOSDAQ_TO_2023 = "166500,49900,216400,116600"
KOSPI_TO_2015 = """
166500,24500,191000,142000
9940,1490,11400,8450
"""
FUND = """
1252,375,1627,877
4560,1365,5925,3195
35125,10535,45660,24590
"""
LEVERAGED_FUND = """
535,321,856,214
1999,1199,3195,800
2000,1200,3200,800
45230,27135,72365,18095
"""
GROUPS = [
    (SINCE_2023, NOW, KOSPI, STOCK, 1),
    (KOSPI_TO_2023, OLD, KOSPI, STOCK, 1),
    (KOSDAQ_TO_2023, OLD, KOSDAQ, STOCK, 1),
    (KOSPI_TO_2015, NARROW, KOSPI, STOCK, 1),
    (FUND, NOW, KOSPI, ETF, 1),
    (LEVERAGED_FUND, NOW, KOSPI, ETF, 2),
]
VECTORS = [
    (*map(int, line.split(",")), day, market, kind, leverage)
    for text, day, market, kind, leverage in GROUPS
    for line in text.split()
]


def test_every_vector_of_the_rules_is_here() -> None:
    """krx_rules.md section 2.2 lists 43 vectors."""
    assert len(VECTORS) == 43


@pytest.mark.parametrize(("base", "width", "upper", "lower", "day", "market", "kind", "leverage"), VECTORS)
def test_limits_follow_the_exchange(
    base: int, width: int, upper: int, lower: int, day: dt.date, market: Market, kind: InstrumentKind, leverage: int
) -> None:
    """The width is cut to the tick of the base, the upper limit to its own tick; lower = base - width."""
    limits = price_limits(base, day, market, kind, leverage)
    assert limits == PriceLimits(base, lower, upper)
    assert limits.width == width


@pytest.mark.parametrize(
    ("base", "upper", "lower"),
    [
        (9_990, 12_980, 7_000),
        (71_000, 92_300, 49_700),
        (155_100, 201_500, 108_600),
        (205_500, 267_000, 144_000),
        (1_995, 2_590, 1_397),
    ],
)
def test_vectors_of_the_specification(base: int, upper: int, lower: int) -> None:
    """spec/README.md section 4, on KOSDAQ as on KOSPI."""
    for market in (KOSPI, KOSDAQ):
        assert price_limits(base, NOW, market) == PriceLimits(base, lower, upper)


def test_lower_limit_is_not_the_mirror_image_of_the_upper() -> None:
    """Base 2 005: 70 % rounded up to a tick would be 1 404, the exchange's lower limit is 1 405."""
    assert price_limits(2_005, NOW, KOSPI).lower == 1_405
    assert price_limits(27_650, NOW, KOSPI).lower == 19_400


def test_inverse_multiple_counts_like_its_opposite() -> None:
    """A -2 fund moves as far as a +2 one, a -1 fund as far as a plain one."""
    assert price_limits(535, NOW, KOSPI, ETF, -2) == price_limits(535, NOW, KOSPI, ETF, 2)
    assert price_limits(4_560, NOW, KOSPI, ETN, -1) == price_limits(4_560, NOW, KOSPI, ETF)


@pytest.mark.parametrize(
    ("day", "kospi", "kosdaq"),
    [
        ("1996-11-25", "0.08", "0.08"),
        ("1998-02-28", "0.08", "0.08"),
        ("1998-03-02", "0.12", "0.12"),
        ("1998-12-05", "0.12", "0.12"),
        ("1998-12-07", "0.15", "0.12"),
        ("2005-03-25", "0.15", "0.12"),
        ("2005-03-28", "0.15", "0.15"),
        ("2015-06-12", "0.15", "0.15"),
        ("2015-06-15", "0.30", "0.30"),
        ("2026-03-03", "0.30", "0.30"),
    ],
)
def test_rate_follows_the_date(day: str, kospi: str, kosdaq: str) -> None:
    """The rate in force, by market; a change takes effect on its first day."""
    found = [limit_rate(dt.date.fromisoformat(day), market) for market in (KOSPI, KOSDAQ)]
    assert found == [Fraction(kospi), Fraction(kosdaq)]


def test_kospi_had_six_percent_before_1996() -> None:
    """The first rate of KOSPI is of 1995-04-01; before, limits were amounts of won."""
    assert limit_rate(dt.date(1996, 11, 23), KOSPI) == Fraction(6, 100)
    with pytest.raises(MarketRuleError, match="1995-04-01"):
        limit_rate(dt.date(1995, 3, 31), KOSPI)


def test_konex_stays_at_fifteen_percent() -> None:
    """KONEX did not follow the step of 2015; before its opening there is no rate."""
    assert limit_rate(NOW, KONEX) == Fraction(15, 100)
    with pytest.raises(MarketRuleError, match="2013-07-01"):
        limit_rate(dt.date(2013, 6, 28), KONEX)


def test_elw_has_no_limits() -> None:
    """An ELW may move without limit, so asking for one is an error."""
    with pytest.raises(MarketRuleError, match="ELW"):
        price_limits(500, NOW, KOSPI, ELW)


def test_raw_limits_before_2010_are_refused() -> None:
    """Without a tick table there are no exact limits."""
    with pytest.raises(MarketRuleError, match="2010-10-04"):
        price_limits(10_000, dt.date(2010, 10, 1), KOSPI)


@pytest.mark.parametrize("base", [0, -100])
def test_base_price_must_be_positive(base: int) -> None:
    """A base of zero is a missing base."""
    with pytest.raises(ValueError, match="not positive"):
        price_limits(base, NOW, KOSPI)
    with pytest.raises(ValueError, match="not positive"):
        limit_arrays(np.array([10_000, base]), NOW, KOSPI)


@pytest.mark.parametrize("leverage", [1.5, -1.5])
def test_half_a_multiple_widens_the_limits_by_half(leverage: float) -> None:
    """1.5X is 45 % either way, exactly: 10 000 won to 5 500 and 14 500."""
    day = dt.date(2025, 11, 3)
    assert limit_rate(day, Market.KOSPI, InstrumentKind.ETN, leverage) == Fraction(45, 100)
    limits = price_limits(10_000, day, Market.KOSPI, InstrumentKind.ETN, leverage)
    assert (limits.lower, limits.upper) == (5_500, 14_500)


def test_leverage_zero_is_refused() -> None:
    """A fund's multiple is never zero; with it no price could move."""
    with pytest.raises(ValueError, match="leverage 0"):
        price_limits(10_000, NOW, KOSPI, ETF, 0)


def test_limits_themselves_are_allowed_prices() -> None:
    """Orders at the upper and the lower limit are accepted, one won beyond is not."""
    limits = price_limits(71_000, NOW, KOSPI)
    assert limits.contains(92_300)
    assert limits.contains(49_700)
    assert not limits.contains(92_301)
    assert not limits.contains(Decimal("49699.5"))


class TestAdjusted:
    def test_limits_are_a_ratio_with_one_percent_tolerance(self) -> None:
        """A move of 30 % passes up to 31 %, whatever the tick."""
        limits = price_limits(10_000, NOW, KOSPI, scope=Scope.ADJUSTED)
        assert (limits.lower, limits.upper) == (6_900, 13_100)

    def test_tolerance_is_exact_to_the_won(self) -> None:
        """Base 1 234: 851.46 to 1 616.54, so 852 and 1 616 pass and the won beyond does not."""
        limits = price_limits(1_234, NOW, KOSPI, scope=Scope.ADJUSTED)
        assert [limits.contains(price) for price in (851, 852, 1_616, 1_617)] == [False, True, True, False]

    def test_rate_of_the_date_applies(self) -> None:
        """In 2001 KOSPI moved 15 % and KOSDAQ 12 %; no tick table is needed."""
        day = dt.date(2001, 1, 2)
        assert price_limits(10_000, day, KOSPI, scope=Scope.ADJUSTED) == PriceLimits(10_000, 8_400, 11_600)
        assert price_limits(10_000, day, KOSDAQ, scope=Scope.ADJUSTED) == PriceLimits(10_000, 8_700, 11_300)

    def test_tolerance_does_not_grow_with_leverage(self) -> None:
        """A leveraged fund moves 60 % plus 1 %, not 62 %."""
        found = price_limits(10_000, NOW, KOSPI, ETF, 2, Scope.ADJUSTED)
        assert found == PriceLimits(10_000, 3_900, 16_100)

    @given(st.integers(1, 5_000_000), st.integers(1, 10_000_000))
    def test_contains_is_the_ratio_test(self, base: int, price: int) -> None:
        """For every pair: inside exactly when |price / base - 1| is at most 31 %."""
        inside = price_limits(base, NOW, KOSPI, scope=Scope.ADJUSTED).contains(price)
        assert inside == (abs(Fraction(price, base) - 1) <= Fraction(31, 100))


days = st.sampled_from([dt.date(2010, 10, 4), NARROW, OLD, NOW])
kinds = st.sampled_from([(STOCK, 1), (ETF, 1), (ETF, 2), (ETN, -2)])
markets = st.sampled_from([KOSPI, KOSDAQ, KONEX])


@given(st.integers(1, 3_000_000), days, markets, kinds)
def test_limits_bracket_the_base_and_lie_on_tick(
    price: int, day: dt.date, market: Market, kind: tuple[InstrumentKind, int]
) -> None:
    """For a base on tick both limits are valid order prices around it, and the rate is never exceeded."""
    if market is KONEX and day < dt.date(2013, 7, 1):
        return
    ticks = tick_table(day, market, kind[0])
    base = ticks.rup(price)
    limits = price_limits(base, day, market, *kind)
    rate = limit_rate(day, market, *kind)
    assert limits.lower <= base <= limits.upper
    assert base * (1 - rate) <= limits.lower
    assert limits.upper <= base * (1 + rate)
    assert ticks.is_on_tick(limits.lower)
    assert ticks.is_on_tick(limits.upper)


@given(
    st.lists(st.integers(1, 3_000_000), max_size=20),
    days,
    st.sampled_from([KOSPI, KOSDAQ]),
    kinds,
    st.sampled_from(Scope),
)
def test_arrays_equal_scalars(
    bases: list[int], day: dt.date, market: Market, kind: tuple[InstrumentKind, int], scope: Scope
) -> None:
    """The vectorised twin answers the same, element by element, in int64."""
    lower, upper = limit_arrays(np.array(bases, dtype=np.int64), day, market, *kind, scope)
    limits = [price_limits(base, day, market, *kind, scope) for base in bases]
    assert lower.tolist() == [found.lower for found in limits]
    assert upper.tolist() == [found.upper for found in limits]
    assert lower.dtype == upper.dtype == np.int64


class TestListings:
    @pytest.mark.parametrize(
        ("offer", "lower", "upper"), [(10_000, 6_000, 40_000), (21_500, 12_900, 86_000), (38_000, 22_800, 152_000)]
    )
    def test_first_day_of_a_listing(self, offer: int, lower: int, upper: int) -> None:
        """Since 2023-06-26 prices of the whole first day lie between 60 and 400 % of the offer."""
        first, second = dt.date(2023, 6, 26), dt.date(2023, 6, 27)
        expected = PriceLimits(offer, lower, upper)
        assert opening_limits(offer, first, KOSDAQ, ListingPhase.FIRST_DAY) == expected
        assert limits_of_day(offer, first, KOSDAQ, ListingPhase.FIRST_DAY, STOCK) == expected
        assert limits_of_day(offer, second, KOSDAQ, ListingPhase.USUAL, STOCK) == price_limits(offer, second, KOSDAQ)

    def test_first_day_before_2023_06_26(self) -> None:
        """The opening auction found the base between 90 and 200 % of the offer; from there the usual 30 %."""
        day = dt.date(2023, 6, 23)
        assert opening_limits(10_000, day, KOSDAQ, ListingPhase.FIRST_DAY) == PriceLimits(10_000, 9_000, 20_000)
        found = limits_of_day(20_000, day, KOSDAQ, ListingPhase.FIRST_DAY, STOCK)
        assert found == price_limits(20_000, day, KOSDAQ)

    def test_a_relisting_opens_in_a_wide_band(self) -> None:
        """50 to 200 % of the reference, then the usual limits of the price that was found."""
        assert opening_limits(10_000, NOW, KOSPI, ListingPhase.RELISTING) == PriceLimits(10_000, 5_000, 20_000)

    def test_free_prices(self) -> None:
        """A delisting sale and an ELW have no limits, which is not the same as wide ones."""
        assert limits_of_day(1_000, NOW, KOSPI, ListingPhase.DELISTING_SALE, STOCK) is None
        assert limits_of_day(1_000, NOW, KOSPI, ListingPhase.USUAL, ELW) is None

    def test_what_is_not_known_is_an_error(self) -> None:
        """First days before 2015-06-15, and an opening range of a day that has none."""
        with pytest.raises(MarketRuleError, match="2015-06-15"):
            opening_limits(10_000, dt.date(2015, 6, 12), KOSPI, ListingPhase.FIRST_DAY)
        with pytest.raises(MarketRuleError, match="no opening range"):
            opening_limits(10_000, NOW, KOSPI, ListingPhase.USUAL)


@given(st.integers(1, 3_000_000), days, st.sampled_from([KOSPI, KOSDAQ]), kinds)
def test_limits_rise_with_the_base(price: int, day: dt.date, market: Market, kind: tuple[InstrumentKind, int]) -> None:
    """A higher base never has a lower limit, on either side."""
    ticks = tick_table(day, market, kind[0])
    base = ticks.rup(price)
    here, above = (price_limits(one, day, market, *kind) for one in (base, ticks.up(base)))
    assert here.lower <= above.lower
    assert here.upper <= above.upper
