"""Multiply amounts of won by rates without a float in between.

In floats 20 000 * 0.00015 is 2.9999999999999996 and 42 000 * 1.10 is 46 200.00000000001; floored to won and rounded up to a
tick they become 2 and 46 250. Here rates are fractions and the results 3 and 46 200.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import Int64Array

_INT64_MAX = 2**63 - 1


class Ratio(NamedTuple):
    """A rate to multiply whole numbers by: a fraction in lowest terms, whose parts cost nothing to read.

    `Fraction` computes with fractions; this is for what is computed for every signal.
    """

    numerator: int
    denominator: int

    def __float__(self) -> float:
        """Return the nearest float."""
        return self.numerator / self.denominator


@lru_cache(maxsize=1024)
def to_fraction(rate: float | int | Decimal | Fraction | str) -> Fraction:
    """Return a rate as the fraction a person wrote: the float 0.00015 is exactly 15/100000.

    Raises:
        ValueError: `rate` is NaN, infinite or not a number.
    """
    written = repr(float(rate)) if isinstance(rate, float) else rate
    try:
        return Fraction(written)
    except (ValueError, OverflowError, ZeroDivisionError):
        raise ValueError(f"rate {rate!r} is not a finite number") from None


@lru_cache(maxsize=1024)
def to_ratio(rate: float | int | Decimal | Fraction | str) -> Ratio:
    """Return a rate as the ratio a person wrote: the float 0.00015 is exactly 3 to 20 000. Raises as `to_fraction`."""
    return Ratio(*to_fraction(rate).as_integer_ratio())


def floor_times(amount: int, rate: Fraction | Ratio) -> int:
    """Return the product, rounded down to won: 20 000 at 0.00015 is 3."""
    return amount * rate.numerator // rate.denominator


def ceil_times(amount: int, rate: Fraction | Ratio) -> int:
    """Return the product, rounded up to won: 20 001 at 0.00015 is 4."""
    return -(-amount * rate.numerator // rate.denominator)


def floor_times_array(amounts: Int64Array, rate: Fraction) -> Int64Array:
    """Return `floor_times` of each amount.

    Raises:
        TypeError: `amounts` are not integers.
        OverflowError: a result, or the fraction itself, is too large for int64.
    """
    whole, rest = _split(amounts, rate)
    rest //= rate.denominator
    whole += rest
    return whole


def ceil_times_array(amounts: Int64Array, rate: Fraction) -> Int64Array:
    """Return `ceil_times` of each amount; raises like `floor_times_array`."""
    whole, rest = _split(amounts, rate)
    # Floored, so this is -(rest rounded up).
    rest //= -rate.denominator
    whole -= rest
    return whole


def int64_array(values: npt.ArrayLike) -> Int64Array:
    """Return integers as an int64 array, widened when they are narrower.

    Raises:
        TypeError: the values are not integers; an array of floats would hide a rounding.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "iu" and array.size:
        raise TypeError(f"expected an array of integers, found {array.dtype}: round it explicitly first")
    return array.astype(np.int64, copy=False)


def _split(amounts: Int64Array, rate: Fraction) -> tuple[Int64Array, Int64Array]:
    # amount * numerator overflows for portfolios of trillions; (whole parts, remainder) * numerator does not.
    amounts = int64_array(amounts)
    numerator, denominator = rate.numerator, rate.denominator
    if abs(numerator) * denominator > _INT64_MAX:
        raise OverflowError(f"rate {rate} has too many digits for int64 arithmetic: round it to fewer")
    if abs(numerator) > denominator and amounts.size:
        largest = max(abs(int(amounts.max())), abs(int(amounts.min())))
        if largest * abs(numerator) // denominator >= _INT64_MAX:
            raise OverflowError(f"{largest} times {rate} does not fit into int64")
    whole, rest = np.divmod(amounts, denominator)
    # In place: the amounts may be those of a whole market over years.
    whole *= numerator
    rest *= numerator
    return whole, rest
