"""Compute over windows of bars: rows are bars or sessions (see `own_bars`), columns symbols, zeros where there is no bar.

Each row depends on rows before it only, and always by the same operations in the same order, so a longer history or more
symbols change no bit of an earlier result. Rows whose window reaches before the first bar hold no sense: the caller masks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import FloatArray

Numbers: TypeAlias = npt.NDArray[Any]
"""int64 or float64; arithmetic on "one of the two" is more than NumPy's types can say."""

Columns: TypeAlias = npt.NDArray[np.int64]
"""Numbers of columns."""

Seeds: TypeAlias = tuple[Columns, FloatArray]
"""Columns, and where their averages begin."""

Resumed: TypeAlias = tuple[Columns, npt.NDArray[np.int64]]
"""Columns, and the flat positions of their bars before."""

_LARGEST = 2**63 - 1
_FEW_COLUMNS = 16

_PAGE = 1 << 21
"""Bytes of a large page of memory, as most processors have them."""

EXACT = 2**53
"""Whole numbers below it are exact in float64."""


def fresh(shape: tuple[int, ...]) -> FloatArray:
    """Return an array to be written, of whole large pages where they fit it well: touching it first then costs half."""
    size = 8 * math.prod(shape)
    rounded = -(-size // _PAGE) * _PAGE
    if rounded - size > size // 9:
        return np.empty(shape)
    memory = np.empty(rounded + _PAGE, dtype=np.uint8)
    start = -memory.__array_interface__["data"][0] % _PAGE
    return memory[start : start + size].view(np.float64).reshape(shape)


def window_sum(values: Numbers, n: int) -> Numbers:
    """Return the sum of the last `n` rows: exact for integers, for floats the same however long the history is."""
    if values.dtype == np.int64:
        return difference(running_total(values), n)
    result = values.copy()
    for lag in range(1, n):
        result[lag:] += values[:-lag]
    return result


def running_total(values: Numbers, into: Numbers | None = None) -> Numbers:
    """Return the sum of all rows through each; `into` may be the values themselves.

    Row by row, which is faster than column by column where these are many.
    """
    total = into
    if total is None:
        total = fresh(values.shape) if values.dtype == np.float64 else np.empty_like(values)
    if values[:1].size < _FEW_COLUMNS:
        return np.cumsum(values, axis=0, dtype=values.dtype, out=total)
    if total is not values:
        np.copyto(total, values)
    add = np.add
    for before, row in pairwise(total):
        add(before, row, row)
    return total


def whole_total(values: FloatArray) -> Numbers:
    """Return the running total of whole numbers held as floats, exactly: in floats where they can hold it, else in int64."""
    total = running_total(values)
    if values.min(initial=0) >= 0 and total[-1:].max(initial=0) < EXACT:
        return total
    return running_total(values.astype(np.int64))


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
    """Return the population standard deviation of the last `n` rows."""
    if values.dtype == np.int64:
        floats = values.astype(np.float64)
        return whole_deviation(floats, n, window_sum(values, n), squared_total(floats))
    return _deviation_by_lag(values, n)


def squared_total(values: FloatArray) -> Numbers:
    """Return the running total of the squares of whole numbers held as floats: in floats where they can hold it, else in int64.

    The latter may wrap around: its differences do not, where a window's own squares fit.
    """
    total = running_total(values * values)
    if total[-1:].max(initial=0) < EXACT:
        return total
    whole = values.astype(np.int64)
    return running_total(whole * whole)


def whole_deviation(values: FloatArray, n: int, total: Numbers, squares: Numbers) -> FloatArray:
    """Return `window_deviation` of whole numbers held as floats, 0 exactly where they are all the same.

    `total` are the sums of the last `n` rows, `squares` the `squared_total`.
    """
    largest = np.abs(values).max(initial=0)
    if squares.dtype == np.float64 and largest * n < EXACT**0.5:
        return _root(n * difference(squares, n), total, n)
    result = _root(n * difference(squares, n).astype(np.int64), total.astype(np.int64), n)
    wide = np.flatnonzero(np.abs(values).max(axis=0, initial=0) > _largest_squared(n))
    if wide.size:
        own = values[:, wide].astype(np.int64)
        fits = window_highest(np.abs(own), n) <= _largest_squared(n)
        result[:, wide] = np.where(fits, result[:, wide], _deviation_by_lag(own, n))
    return result


def _root(squares: Numbers, total: Numbers, n: int) -> FloatArray:
    squares -= total * total
    result = squares.astype(np.float64, copy=False)
    np.maximum(result, 0, out=result)
    np.sqrt(result, out=result)
    result /= n
    return result


def _deviation_by_lag(values: Numbers, n: int) -> FloatArray:
    mean = window_mean(values, n)
    squares = np.zeros(values.shape)
    for lag in range(min(n, len(values))):
        rows = len(values) - lag
        squares[lag:] += (values[:rows] - mean[lag:]) ** 2
    return np.sqrt(squares / n)


def window_highest(values: Numbers, n: int) -> Numbers:
    """Return the maximum of the last `n` rows, of the rows there are before that many."""
    return _extreme(values, n, np.maximum)


def window_lowest(values: Numbers, n: int) -> Numbers:
    """Return the minimum of the last `n` rows, of the rows there are before that many."""
    return _extreme(values, n, np.minimum)


def smooth(
    values: FloatArray,
    seeds: Mapping[int, Seeds],
    weight: float,
    resumed: Sequence[Resumed | None],
    into: FloatArray | None = None,
) -> FloatArray:
    """Return e + weight * (x - e), row by row; `seeds` are, by row in rising order, what e is in some columns.

    `resumed` tells, by row, which columns have a bar again there, behind a gap; e is then what it was at the bar before.
    `into` may be the values themselves. Before its seed a column holds anything finite.
    """
    result = fresh(values.shape) if into is None else into
    start = min(seeds, default=len(values))
    if result is not values:
        result[:start] = 0
        result[start:] = values[start:]
    flat, weights = result.ravel(), np.full(values.shape[1:], weight)
    subtract, multiply, add = np.subtract, np.multiply, np.add
    # Recursion leaves no choice but to go row by row; over all symbols at once a row costs about a microsecond.
    for t in range(start, len(values)):
        row, before, again = result[t], result[t - 1], resumed[t]
        if again is not None:
            columns, cells = again
            before[columns] = flat[cells]
        if t:
            subtract(row, before, row)
            multiply(row, weights, row)
            add(row, before, row)
        if t in seeds:
            columns, means = seeds[t]
            row[columns] = means
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
