"""Compute over windows of packed bars (see `own_bars`): rows are bars, columns symbols, zeros behind a column's last bar.

Each row depends on rows before it only, and always by the same operations in the same order, so a longer history or more
symbols change no bit of an earlier result. Rows whose window reaches before the first bar hold no sense: the caller masks.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from kats_core.market.tables import FloatArray

Numbers: TypeAlias = npt.NDArray[Any]
"""int64 or float64; arithmetic on "one of the two" is more than NumPy's types can say."""

_LARGEST = 2**63 - 1


def window_sum(values: Numbers, n: int) -> Numbers:
    """Return the sum of the last `n` rows: exact for integers, for floats the same however long the history is."""
    if values.dtype == np.int64:
        return difference(running_total(values), n)
    result = values.copy()
    for lag in range(1, n):
        result[lag:] += values[:-lag]
    return result


def running_total(values: Numbers) -> Numbers:
    """Return the sum of all rows through each; row by row, which is faster than column by column."""
    total = np.empty_like(values)
    total[:1] = values[:1]
    for i in range(1, len(values)):
        np.add(total[i - 1], values[i], out=total[i])
    return total


def difference(total: Numbers, n: int) -> Numbers:
    """Return the sum of the last `n` rows, of the rows there are before that many, from a running total."""
    result = np.empty_like(total)
    result[:n] = total[:n]
    np.subtract(total[n:], total[:-n], out=result[n:])
    return result


def window_mean(values: Numbers, n: int) -> FloatArray:
    """Return the mean of the last `n` rows."""
    return np.asarray(window_sum(values, n) / n, dtype=np.float64)


def window_deviation(values: Numbers, n: int) -> FloatArray:
    """Return the population standard deviation of the last `n` rows, 0 exactly where they are all the same."""
    if values.dtype != np.int64:
        return _deviation_by_lag(values, n)
    total, squares = window_sum(values, n), window_sum(values * values, n)
    # Totals may wrap around: their differences do not, where a window's own squares fit.
    spread = n * squares - total * total
    result = np.asarray(np.sqrt(np.maximum(spread, 0)) / n, dtype=np.float64)
    wide = np.flatnonzero(np.abs(values).max(axis=0, initial=0) > _largest_squared(n))
    if wide.size:
        own = values[:, wide]
        fits = window_highest(np.abs(own), n) <= _largest_squared(n)
        result[:, wide] = np.where(fits, result[:, wide], _deviation_by_lag(own, n))
    return result


def _deviation_by_lag(values: Numbers, n: int) -> FloatArray:
    mean = window_mean(values, n)
    squares = np.zeros(values.shape)
    for lag in range(n):
        rows = len(values) - lag
        squares[lag:] += (values[:rows] - mean[lag:]) ** 2
    return np.sqrt(squares / n)


def window_highest(values: Numbers, n: int) -> Numbers:
    """Return the maximum of the last `n` rows, of the rows there are before that many."""
    return _extreme(values, n, np.maximum)


def window_lowest(values: Numbers, n: int) -> Numbers:
    """Return the minimum of the last `n` rows, of the rows there are before that many."""
    return _extreme(values, n, np.minimum)


def step(values: Numbers) -> Numbers:
    """Return the change from the row before, 0 in the first row."""
    result = np.zeros_like(values)
    np.subtract(values[1:], values[:-1], out=result[1:])
    return result


def smooth(values: Numbers, n: int, age: npt.NDArray[np.int32], seed_age: int, weight: float) -> FloatArray:
    """Return e + weight * (x - e), row by row; e is the mean of the last `n` rows where a column's age is `seed_age`."""
    result = np.zeros(values.shape)
    seeding = set(np.flatnonzero((age == seed_age).any(axis=1)).tolist())
    if not seeding:
        return result
    floats = values.astype(np.float64, copy=False)
    current = np.zeros(values.shape[1])
    # Recursion leaves no choice but to go row by row; over all symbols at once a row costs about two microseconds.
    for i in range(min(seeding), len(values)):
        row = result[i]
        np.subtract(floats[i], current, out=row)
        row *= weight
        row += current
        if i in seeding:
            np.copyto(row, window_mean(values[i - n + 1 : i + 1], n)[-1], where=age[i] == seed_age)
        current = row
    return result


def _extreme(values: Numbers, n: int, of: np.ufunc) -> Numbers:
    # The extreme of 2w rows is that of two neighbouring windows of w: eight passes for 252 rows instead of 252.
    result, width = values.copy(), 1
    while width < n:
        lag = min(width, n - width)
        if lag >= len(values):
            return result
        wider = np.empty_like(result)
        wider[:lag] = result[:lag]
        of(result[lag:], result[:-lag], out=wider[lag:])
        result, width = wider, width + lag
    return result


def _largest_squared(n: int) -> int:
    """Return the largest value of which `n` times a window's sum of squares fits into int64."""
    return math.isqrt(_LARGEST) // n
