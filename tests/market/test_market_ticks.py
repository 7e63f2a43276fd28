"""Specify ticks and rounding: `spec/README.md` section 3, `krx_rules.md` section 1."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.market.ticks import MarketRuleError, TickTable, tick_table
from kats_core.model.kinds import InstrumentKind, Market, Scope

TODAY = dt.date(2026, 3, 3)
STOCK, ETF, ETN, ELW = InstrumentKind.STOCK, InstrumentKind.ETF, InstrumentKind.ETN, InstrumentKind.ELW
KOSPI, KOSDAQ, KONEX = Market.KOSPI, Market.KOSDAQ, Market.KONEX
STOCKS = tick_table(TODAY, KOSPI, STOCK)

TABLES = {
    "stocks since 2023": STOCKS,
    "KOSPI 2010": tick_table(dt.date(2015, 6, 15), KOSPI, STOCK),
    "KOSDAQ 2010": tick_table(dt.date(2015, 6, 15), KOSDAQ, STOCK),
    "KOSPI adjusted": tick_table(dt.date(2001, 1, 2), KOSPI, STOCK, Scope.ADJUSTED),
    "KOSDAQ adjusted": tick_table(dt.date(2001, 1, 2), KOSDAQ, STOCK, Scope.ADJUSTED),
    "funds": tick_table(TODAY, KOSPI, ETF),
    "flat": tick_table(TODAY, KOSPI, ELW),
}
tables = st.sampled_from(list(TABLES.values()))
edge_prices = st.sampled_from([1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000])
near_edges = st.builds(int.__add__, edge_prices, st.integers(-12, 12))
prices = st.integers(1, 3_000_000) | near_edges
real_prices = prices | st.fractions(1, 3_000_000, max_denominator=10_000)
price_lists = st.lists(prices, max_size=30)


class TestTick:
    @pytest.mark.parametrize(
        ("price", "tick"),
        [
            (1, 1),
            (1_999, 1),
            (2_000, 5),
            (4_999, 5),
            (5_000, 10),
            (19_999, 10),
            (20_000, 50),
            (49_999, 50),
            (50_000, 100),
            (199_999, 100),
            (200_000, 500),
            (499_999, 500),
            (500_000, 1_000),
            (1_000_000, 1_000),
        ],
    )
    def test_lower_border_belongs_to_the_band_above(self, price: int, tick: int) -> None:
        """The tick is decided by the price itself; a border has the larger tick."""
        assert STOCKS.tick(price) == tick

    def test_all_markets_share_one_table_since_2023(self) -> None:
        """Since 2023-01-25 KOSPI, KOSDAQ and KONEX have the same ticks."""
        assert {tick_table(dt.date(2023, 1, 25), market, STOCK) for market in Market} == {STOCKS}

    @pytest.mark.parametrize(
        ("price", "kospi", "kosdaq"),
        [
            (999, 1, 1),
            (1_000, 5, 5),
            (4_999, 5, 5),
            (5_000, 10, 10),
            (9_999, 10, 10),
            (10_000, 50, 50),
            (49_999, 50, 50),
            (50_000, 100, 100),
            (99_999, 100, 100),
            (100_000, 500, 100),
            (499_999, 500, 100),
            (500_000, 1_000, 100),
        ],
    )
    @pytest.mark.parametrize("day", [dt.date(2010, 10, 4), dt.date(2023, 1, 24)])
    def test_markets_differ_from_2010_to_2023(self, day: dt.date, price: int, kospi: int, kosdaq: int) -> None:
        """From 2010-10-04 to 2023-01-24 KOSDAQ's and KONEX's ticks stop at 100 won."""
        found = {market: tick_table(day, market, STOCK).tick(price) for market in Market}
        assert found == {KOSPI: kospi, KOSDAQ: kosdaq, KONEX: kosdaq}

    @pytest.mark.parametrize("market", list(Market))
    def test_stocks_as_traded_before_2010_are_refused(self, market: Market) -> None:
        """The exact ticks before 2010-10-04 are not known, so raw prices are not rounded."""
        with pytest.raises(MarketRuleError, match=r"2010-10-03.*2010-10-04"):
            tick_table(dt.date(2010, 10, 3), market, STOCK)

    def test_adjusted_prices_before_2010_have_no_one_won_band(self) -> None:
        """Adjusted series use the table of 2010 with 5 won for everything below 5 000."""
        table = tick_table(dt.date(2010, 10, 3), KOSPI, STOCK, Scope.ADJUSTED)
        asked = (500, 999, 1_000, 4_999, 5_000, 10_000, 50_000, 100_000, 500_000)
        assert [table.tick(price) for price in asked] == [5, 5, 5, 5, 10, 50, 100, 500, 1_000]
        table = tick_table(dt.date(2010, 10, 3), KOSDAQ, STOCK, Scope.ADJUSTED)
        assert [table.tick(price) for price in asked] == [5, 5, 5, 5, 10, 50, 100, 100, 100]

    @pytest.mark.parametrize("day", [dt.date(2010, 10, 4), dt.date(2023, 1, 24), dt.date(2023, 1, 25)])
    def test_adjusted_prices_since_2010_use_the_table_of_the_date(self, day: dt.date) -> None:
        """From 2010-10-04 on both scopes have the same ticks."""
        for market in Market:
            assert tick_table(day, market, STOCK, Scope.ADJUSTED) is tick_table(day, market, STOCK, Scope.RAW)

    @pytest.mark.parametrize("kind", [ETF, ETN])
    @pytest.mark.parametrize("scope", list(Scope))
    def test_funds_have_one_won_below_2000_since_december_2023(self, kind: InstrumentKind, scope: Scope) -> None:
        """ETF and ETN moved by 5 won at every price, and since 2023-12-18 by 1 won below 2 000."""
        before = tick_table(dt.date(2023, 12, 17), KOSPI, kind, scope)
        since = tick_table(dt.date(2023, 12, 18), KOSPI, kind, scope)
        asked = (535, 1_999, 2_000, 45_230)
        assert [before.tick(price) for price in asked] == [5, 5, 5, 5]
        assert [since.tick(price) for price in asked] == [1, 1, 5, 5]

    def test_elw_always_moves_by_five_won(self) -> None:
        """ELW have 5 won at every price on every date."""
        for day in (dt.date(2006, 1, 2), TODAY):
            assert [tick_table(day, KOSPI, ELW).tick(price) for price in (15, 1_999, 30_000)] == [5, 5, 5]

    def test_funds_are_known_before_2010(self) -> None:
        """The fund's flat tick holds since the first ETF, so nothing is refused."""
        assert tick_table(dt.date(2002, 10, 14), KOSPI, ETF).tick(1_000) == 5

    def test_lookup_is_cached(self) -> None:
        """Asking twice returns the same object."""
        assert tick_table(dt.date(2024, 5, 2), KOSPI, STOCK) is tick_table(dt.date(2024, 5, 2), KOSPI, STOCK)


class TestRounding:
    @pytest.mark.parametrize(
        ("price", "rdn", "rup", "rnear"),
        [
            (19_998, 19_990, 20_000, 20_000),
            (4_996, 4_995, 5_000, 4_995),
            (20_000, 20_000, 20_000, 20_000),
            (343_750, 343_500, 344_000, 344_000),
            (Decimal("38789.01"), 38_750, 38_800, 38_800),
            (Fraction(35_898), 35_850, 35_900, 35_900),
            (Decimal("34977.5"), 34_950, 35_000, 35_000),
            (Decimal("1999.5"), 1_999, 2_000, 2_000),
            (42_000 * Fraction("1.10"), 46_200, 46_200, 46_200),
            (Decimal("39667.5"), 39_650, 39_700, 39_650),
            (Decimal("37794.98"), 37_750, 37_800, 37_800),
        ],
    )
    def test_worked_examples(self, price: int | Decimal | Fraction, rdn: int, rup: int, rnear: int) -> None:
        """Down, up and to the nearest tick; half a tick goes up, and nothing passes through a float."""
        assert (STOCKS.rdn(price), STOCKS.rup(price), STOCKS.rnear(price)) == (rdn, rup, rnear)

    @pytest.mark.parametrize(("price", "above"), [(1_999, 2_000), (2_000, 2_005), (49_950, 50_000), (343_750, 344_000)])
    def test_next_tick_above(self, price: int, above: int) -> None:
        """Stepping up uses the tick of the price; a price between ticks is cut first."""
        assert STOCKS.up(price) == above

    @pytest.mark.parametrize(
        ("price", "below"),
        [
            (2_000, 1_999),
            (5_000, 4_995),
            (20_000, 19_990),
            (50_000, 49_950),
            (200_000, 199_900),
            (500_000, 499_500),
            (343_750, 343_500),
            (36_700, 36_650),
        ],
    )
    def test_next_tick_below(self, price: int, below: int) -> None:
        """Stepping down uses the tick of the price below."""
        assert STOCKS.dn(price) == below

    def test_several_ticks_cross_a_border(self) -> None:
        """Each step uses the tick of the band it leaves from."""
        assert STOCKS.up(1_998, 3) == 2_005
        assert STOCKS.dn(2_005, 3) == 1_998
        assert STOCKS.up(Decimal("343750.5"), 2) == 344_500

    def test_zero_ticks_away_is_the_price_itself(self) -> None:
        """Zero steps do not round."""
        assert (STOCKS.up(343_750, 0), STOCKS.dn(343_750, 0)) == (343_750, 343_750)

    def test_zero_ticks_away_from_a_part_of_a_won_is_refused(self) -> None:
        """The result is whole won, so a part of a won cannot stay."""
        with pytest.raises(ValueError, match="not whole won"):
            STOCKS.up(Decimal("1999.5"), 0)

    @pytest.mark.parametrize("step", [STOCKS.up, STOCKS.dn])
    def test_negative_number_of_ticks_is_refused(self, step: Callable[[int, int], int]) -> None:
        """There is one name for each direction."""
        with pytest.raises(ValueError, match="other direction"):
            step(10_000, -1)

    @pytest.mark.parametrize("method", ["tick", "rdn", "rup", "rnear", "up", "dn"])
    def test_float_price_is_refused(self, method: str) -> None:
        """A float would hide which side of a tick a price is on."""
        with pytest.raises(TypeError, match="expected int, Decimal or Fraction"):
            getattr(STOCKS, method)(46_200.00000000001)

    def test_numpy_integers_are_prices(self) -> None:
        """An element of an int64 array needs no conversion."""
        assert STOCKS.rup(np.int64(19_998)) == 20_000  # type: ignore[arg-type]

    def test_off_tick_price_is_told(self) -> None:
        """An order price must be a multiple of its tick."""
        assert STOCKS.is_on_tick(19_990)
        assert not STOCKS.is_on_tick(19_995)
        assert not STOCKS.is_on_tick(343_750)


class TestProperties:
    @given(tables, real_prices)
    def test_rounding_brackets_the_price(self, table: TickTable, price: int | Fraction) -> None:
        """It holds rdn <= p <= rup, both on tick and at most one tick apart; rnear is one of them."""
        below, above = table.rdn(price), table.rup(price)
        assert below <= price <= above <= below + table.tick(price)
        assert table.is_on_tick(below)
        assert table.is_on_tick(above)
        assert table.rnear(price) in (below, above)

    @given(tables, prices)
    def test_price_on_tick_is_not_rounded(self, table: TickTable, price: int) -> None:
        """Rounding is idempotent."""
        on_tick = table.rup(price)
        assert table.rdn(on_tick) == table.rup(on_tick) == table.rnear(on_tick) == on_tick

    @given(tables, real_prices, real_prices)
    def test_rounding_keeps_the_order(self, table: TickTable, one: int | Fraction, other: int | Fraction) -> None:
        """A higher price is never rounded below a lower one."""
        low, high = sorted((one, other))
        for rounding in (table.rdn, table.rup, table.rnear):
            assert rounding(low) <= rounding(high)

    @given(tables, prices, st.integers(0, 20))
    def test_down_undoes_up_on_the_grid(self, table: TickTable, price: int, n: int) -> None:
        """Stepping n ticks up and n ticks down leads back to a price on tick."""
        start = table.rup(price)
        assert table.dn(table.up(start, n), n) == start

    @given(tables, real_prices)
    def test_no_price_lies_between_neighbours(self, table: TickTable, price: int | Fraction) -> None:
        """Up is the next price on the grid above, down the next below."""
        assert table.rup(price) == table.dn(table.up(price)) + (table.rup(price) - table.rdn(price))
        assert table.dn(price) < price < table.up(price)
        assert table.rdn(table.up(price) - Fraction(1, 2)) == table.rdn(price)

    @given(tables, price_lists, st.integers(0, 5))
    def test_arrays_equal_scalars(self, table: TickTable, price_list: list[int], n: int) -> None:
        """Each vectorised twin answers what its scalar method answers, in int64."""
        array = np.array(price_list, dtype=np.int64)
        for name in ("tick", "rdn", "rup", "rnear"):
            found = getattr(table, f"{name}_array")(array)
            assert found.dtype == np.int64
            assert found.tolist() == [getattr(table, name)(price) for price in price_list]
        assert table.up_array(array, n).tolist() == [table.up(price, n) for price in price_list]
        assert table.dn_array(array, n).tolist() == [table.dn(price, n) for price in price_list]


class TestArrays:
    def test_narrow_integers_are_widened(self) -> None:
        """An int32 column becomes int64 before anything is multiplied."""
        narrow: Any = np.array([2_147_483_647], dtype=np.int32)
        found = STOCKS.rdn_array(narrow)
        assert found.dtype == np.int64
        assert found.tolist() == [2_147_483_000]

    def test_array_of_floats_is_refused(self) -> None:
        """Prices are rounded to won before they come here."""
        floats: Any = np.array([19_998.0])
        with pytest.raises(TypeError, match="array of integers"):
            STOCKS.rdn_array(floats)

    def test_input_is_left_unchanged(self) -> None:
        """The caller's array is not written to."""
        array = np.array([19_998, 2_001], dtype=np.int64)
        STOCKS.up_array(array, 3)
        assert array.tolist() == [19_998, 2_001]


@pytest.mark.parametrize(
    ("edges", "ticks", "complaint"),
    [
        ((2_000,), (1,), "need 2 positive ticks"),
        ((2_000,), (1, 0), "positive ticks"),
        ((5_000, 2_000), (1, 5, 10), "must rise"),
        ((2_000,), (1, 300), "multiple of the ticks"),
    ],
)
def test_impossible_table_is_refused(edges: tuple[int, ...], ticks: tuple[int, ...], complaint: str) -> None:
    """Bands rise, and every border is a multiple of both neighbouring ticks."""
    with pytest.raises(ValueError, match=complaint):
        TickTable(edges, ticks)
