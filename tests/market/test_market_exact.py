"""Specify exact products of amounts and rates: `spec/README.md` section 2."""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.market.exact import ceil_times, ceil_times_array, floor_times, floor_times_array, to_fraction, to_ratio

amounts = st.integers(-(10**13), 10**13)
rates = st.fractions(-2, 2, max_denominator=1_000_000)


@pytest.mark.parametrize(
    "written", [0.00015, "0.00015", Decimal("0.00015"), Fraction(15, 100_000), np.float64(0.00015)], ids=repr
)
def test_rate_means_what_was_written(written: float | str | Decimal | Fraction) -> None:
    """A rate from configuration is the decimal number a person wrote, not the nearest binary one."""
    assert to_fraction(written) == Fraction(15, 100_000)


def test_small_and_whole_rates_are_exact() -> None:
    """Exponents and integers are numbers too."""
    assert to_fraction(1e-05) == Fraction(1, 100_000)
    assert to_fraction(1) == 1


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, "2 %", "", "1/0", Decimal("NaN")])
def test_rate_that_is_no_number_is_refused(wrong: float | str | Decimal) -> None:
    """A missing or unreadable rate never becomes a number."""
    with pytest.raises(ValueError, match="not a finite number"):
        to_fraction(wrong)


def test_commission_of_20_000_won_is_3_won() -> None:
    """floor(20 000 * 0.00015) is 3, where floats give 2."""
    assert math.floor(20_000 * 0.00015) == 2
    assert floor_times(20_000, to_fraction(0.00015)) == 3


@given(amount=amounts, rate=rates)
def test_a_ratio_gives_what_its_fraction_gives(amount: int, rate: Fraction) -> None:
    """It is only faster to read: same products, same nearest float."""
    ratio = to_ratio(rate)
    assert (floor_times(amount, ratio), ceil_times(amount, ratio)) == (
        floor_times(amount, rate),
        ceil_times(amount, rate),
    )
    assert float(ratio) == float(rate)
    assert to_ratio(0.00015) == (3, 20_000)


def test_ceiling_takes_the_next_won() -> None:
    """An exact product stays, any rest goes up."""
    assert ceil_times(20_000, to_fraction(0.00015)) == 3
    assert ceil_times(20_001, to_fraction(0.00015)) == 4


@given(amounts, rates)
def test_floor_and_ceiling_are_exact(amount: int, rate: Fraction) -> None:
    """Both equal the mathematical floor and ceiling of the product, for any sign."""
    assert floor_times(amount, rate) == math.floor(amount * rate)
    assert ceil_times(amount, rate) == math.ceil(amount * rate)


@given(st.lists(amounts, max_size=20), rates)
def test_arrays_equal_scalars(values: list[int], rate: Fraction) -> None:
    """The vectorised twins answer the same, element by element, in int64."""
    array = np.array(values, dtype=np.int64)
    assert floor_times_array(array, rate).tolist() == [floor_times(value, rate) for value in values]
    assert ceil_times_array(array, rate).tolist() == [ceil_times(value, rate) for value in values]
    assert floor_times_array(array, rate).dtype == ceil_times_array(array, rate).dtype == np.int64


def test_trillions_times_a_long_rate_do_not_overflow() -> None:
    """The product before the division may exceed int64, the result is right all the same."""
    amount, rate = 9 * 10**15, to_fraction("0.000140527")
    assert amount * rate.numerator > 2**63
    assert floor_times_array(np.array([amount]), rate).tolist() == [floor_times(amount, rate)]


@pytest.mark.parametrize(("amount", "rate"), [(2**62, Fraction(3)), (1, Fraction(1, 2**40) + 1)])
def test_overflow_is_an_error(amount: int, rate: Fraction) -> None:
    """A result that does not fit is reported, never wrapped around."""
    with pytest.raises(OverflowError, match="int64"):
        floor_times_array(np.array([amount]), rate)


def test_array_of_floats_is_refused() -> None:
    """Money is an integer number of won."""
    floats: Any = np.array([20_000.0])
    with pytest.raises(TypeError, match="array of integers"):
        floor_times_array(floats, Fraction(1, 2))
