"""Compute over windows of packed bars (see `own_bars`): rows are bars, columns symbols, zeros behind a column's last bar.

Each row depends on rows before it only, and always by the same operations in the same order, so a longer history or more
symbols change no bit of an earlier result. Rows whose window reaches before the first bar hold no sense: the caller masks.
"""

from __future__ import annotations

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
        total = np.cumsum(values, axis=0)
        total[n:] -= total[:-n].copy()
        return total
    result = values.copy()
    for lag in range(1, n):
        result[lag:] += values[:-lag]
    return result


def window_mean(values: Numbers, n: int) -> FloatArray:
    """Return the mean of the last `n` rows."""
    return np.asarray(window_sum(values, n) / n, dtype=np.float64)


def window_deviation(values: Numbers, n: int) -> FloatArray:
    """Return the population standard deviation of the last `n` rows, 0 exactly where they are all the same."""
    if values.dtype == np.int64 and _squares_fit(values, n):
        total = window_sum(values, n)
        return np.asarray(np.sqrt(n * window_sum(values * values, n) - total * total) / n)
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


def smooth(values: Numbers, seeds: FloatArray, age: npt.NDArray[np.int32], seed_age: int, weight: float) -> FloatArray:
    """Return e + weight * (x - e), row by row, where e is `seeds` at the row in which a column's age is `seed_age`."""
    result = np.zeros(values.shape)
    seeding = set(np.flatnonzero((age == seed_age).any(axis=1)).tolist())
    if not seeding:
        return result
    current, change = np.zeros(values.shape[1]), np.empty(values.shape[1])
    # Recursion leaves no choice but to go row by row; over all symbols at once a row costs about two microseconds.
    for i in range(min(seeding), len(values)):
        np.subtract(values[i], current, out=change)
        change *= weight
        current += change
        if i in seeding:
            np.copyto(current, seeds[i], where=age[i] == seed_age)
        result[i] = current
    return result


def _extreme(values: Numbers, n: int, of: np.ufunc) -> Numbers:
    # The extreme of 2w rows is that of two neighbouring windows of w: eight passes for 252 rows instead of 252.
    result, width = values.copy(), 1
    while width < n:
        lag = min(width, n - width)
        if lag >= len(values):
            return result
        wider = result.copy()
        of(result[lag:], result[:-lag], out=wider[lag:])
        result, width = wider, width + lag
    return result


def _squares_fit(values: npt.NDArray[np.int64], n: int) -> bool:
    """Tell whether n times a window's sum of squares fits into int64; sums over all rows may wrap around, differences not."""
    largest = max(abs(int(values.max(initial=0))), abs(int(values.min(initial=0))))
    return n * n * largest * largest <= _LARGEST
