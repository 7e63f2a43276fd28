"""Compute indicators over the daily bars of all symbols at once, each only once however many strategies ask.

`panel.indicators` and `index.indicators` are the way here. Results are float64 in the shape of what they are computed from,
read-only because they are shared; NaN where the symbol has no bar or too few, which never permits anything. "n bars" are
the symbol's own: days without trading do not count, and a change of the price scale starts the count anew.

Row t depends on rows up to t, bit for bit the same whatever follows. The definitions are TA-Lib's (`spec/market.md`
section 1), which is the oracle of the tests and not needed at run time; `docs/decisions` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from kats_core.market import rolling
from kats_core.market.own_bars import BoolArray, OwnBars, Positions
from kats_core.market.tables import FloatArray
from kats_core.market.weeks import Weeks

Field: TypeAlias = Literal["open", "high", "low", "close", "volume", "value"]

_Key: TypeAlias = tuple[str | int | float | None, ...]
_Packed: TypeAlias = tuple[rolling.Numbers, ...]


class Bands(NamedTuple):
    """Bollinger's bands."""

    lower: FloatArray
    middle: FloatArray
    upper: FloatArray

    @property
    def width(self) -> FloatArray:
        """Distance of the bands as a fraction of the middle (bandwidth)."""
        return (self.upper - self.lower) / self.middle


class Macd(NamedTuple):
    """The three lines of MACD."""

    line: FloatArray
    signal: FloatArray
    histogram: FloatArray


@dataclass(frozen=True)
class _Lens:
    """From where results are looked at: `back` own bars earlier, and for weeks at the days that know them."""

    back: int = 0
    days: bool = False


@dataclass
class _Shared:
    """What all views of the same bars share."""

    columns: Mapping[str, rolling.Numbers]
    present: BoolArray
    restarts: BoolArray | None
    shape: tuple[int, ...]
    weeks: Weeks | None
    traded: BoolArray | None
    bars: dict[tuple[str, ...], OwnBars] = field(default_factory=dict)
    packed: dict[str, FloatArray] = field(default_factory=dict)
    totals: dict[str, rolling.Numbers] = field(default_factory=dict)
    known_weeks: Positions | None = None
    positions: dict[tuple[tuple[str, ...], _Lens], Positions] = field(default_factory=dict)
    results: dict[tuple[_Key, _Lens], tuple[FloatArray, ...]] = field(default_factory=dict)


class Indicators:
    """Indicators of all columns. Each method says from which own bar on it has a value (0 is the first bar).

    ```python
    ind = panel.indicators
    rising = ind.sma("close", 200) > ind.ago(21).sma("close", 200)      # comparisons with NaN are false: not armed
    broken = panel.close < ind.ago(1).lowest("low", 20)
    tide = ind.weekly.macd().histogram > ind.weekly.ago(1).macd().histogram
    ```
    """

    def __init__(
        self,
        columns: Mapping[str, rolling.Numbers],
        present: BoolArray,
        *,
        restarts: BoolArray | None = None,
        weeks: Weeks | None = None,
        traded: BoolArray | None = None,
    ) -> None:
        """Take columns of one shape, (T,) or (T, N); a float column's NaN counts as no bar.

        `traded`, for weekly bars, are the days on which each column traded.
        """
        flat = present.shape if present.ndim == 2 else (len(present), 1)
        cells = {name: values.reshape(flat) for name, values in columns.items()} if present.ndim == 1 else columns
        self._shared = _Shared(cells, present.reshape(flat), restarts, present.shape, weeks, traded)
        self._lens = _Lens()

    def ago(self, k: int) -> Indicators:
        """Return the same indicators as they were `k` own bars earlier, at each bar."""
        return self._seen(_Lens(self._lens.back + k, self._lens.days))

    @cached_property
    def weekly(self) -> Indicators:
        """The same indicators over weekly bars, at each day those of the last completed week.

        A week is complete on the day whose next session lies in another ISO week, and not before; `weekly.ago(1)` is the
        symbol's own week before.

        Raises:
            ValueError: these bars do not know their next sessions (indices, single series).
        """
        weeks = self._shared.weeks
        if weeks is None or self._lens != _Lens():
            raise ValueError("weekly indicators start from the daily ones of a panel: panel.indicators.weekly")
        one = self._shared
        columns, present, restarts = weeks.resampled(one.columns, self._bars(()))
        bars = Indicators(columns, present, restarts=restarts, weeks=weeks, traded=one.present)
        return bars._seen(_Lens(days=True))

    def field(self, name: Field) -> FloatArray:
        """Return a column itself. First: 0."""
        return self._one(("field", name), (name,), 0, lambda bars: self._packed(name, bars))

    def sum(self, name: Field, n: int) -> FloatArray:
        """Return the sum of the last `n` bars. First: n-1."""
        return self._one(("sum", name, n), (name,), _span(n), lambda bars: self._window_sum(name, bars, n))

    def sma(self, name: Field, n: int) -> FloatArray:
        """Return the mean of the last `n` bars. First: n-1."""
        return self._one(("sma", name, n), (name,), _span(n), lambda bars: self._window_mean(name, bars, n))

    def stdev(self, name: Field, n: int) -> FloatArray:
        """Return the population standard deviation of the last `n` bars. First: n-1."""
        return self._one(("stdev", name, n), (name,), _span(n), lambda bars: self._deviation(name, bars, n))

    def highest(self, name: Field, n: int, min_bars: int | None = None) -> FloatArray:
        """Return the maximum of the last `n` bars, or of what exists from `min_bars` on. First: n-1, or min_bars-1."""
        return self._extreme("highest", rolling.window_highest, name, n, min_bars)

    def lowest(self, name: Field, n: int, min_bars: int | None = None) -> FloatArray:
        """Return the minimum of the last `n` bars, or of what exists from `min_bars` on. First: n-1, or min_bars-1."""
        return self._extreme("lowest", rolling.window_lowest, name, n, min_bars)

    def change(self, k: int = 1) -> FloatArray:
        """Return C[t] / C[t-k] - 1. First: k."""

        def compute(bars: OwnBars) -> FloatArray:
            close = self._packed("close", bars)
            result = np.zeros(close.shape)
            np.divide(close[k:], close[:-k], out=result[k:], where=close[:-k] > 0)
            result -= 1
            return result

        return self._one(("change", k), ("close",), _span(k + 1), compute)

    def ema(self, name: Field, n: int) -> FloatArray:
        """Return the exponential average with weight 2/(n+1), seeded with the mean of the first `n` bars. First: n-1."""

        def compute(bars: OwnBars) -> FloatArray:
            return _ema(self._packed(name, bars), bars, n, n - 1)

        return self._one(("ema", name, n), (name,), _span(n), compute)

    def rsi(self, n: int = 14) -> FloatArray:
        """Return Wilder's RSI, 0 to 100; missing while the price has never moved. First: n."""

        def compute(bars: OwnBars) -> FloatArray:
            moves = rolling.step(self._packed("close", bars))
            ways = np.empty((len(moves), 2, moves.shape[1]))
            np.maximum(moves, 0, out=ways[:, 0])
            np.subtract(ways[:, 0], moves, out=ways[:, 1])
            smoothed = _wilder(ways, bars, n)
            both = np.add(smoothed[:, 0], smoothed[:, 1], out=moves)
            result = np.full(moves.shape, np.nan)
            np.divide(100 * smoothed[:, 0], both, out=result, where=both > 0)
            return result

        return self._one(("rsi", n), ("close",), _span(n + 1), compute)

    def atr(self, n: int = 14) -> FloatArray:
        """Return Wilder's average true range, in the unit of prices. First: n."""

        def compute(bars: OwnBars) -> FloatArray:
            high, low, close = (self._packed(name, bars) for name in ("high", "low", "close"))
            true_range = np.zeros(high.shape)
            np.maximum(high[1:], close[:-1], out=true_range[1:])
            true_range[1:] -= np.minimum(low[1:], close[:-1])
            return _wilder(true_range, bars, n)

        return self._one(("atr", n), ("high", "low", "close"), _span(n + 1), compute)

    def bollinger(self, n: int = 20, k: float = 2.0) -> Bands:
        """Return the mean of the closes and the bands `k` population deviations around it. First: n-1."""
        key = ("bollinger", n, k)

        def compute(bars: OwnBars) -> _Packed:
            middle, reach = self._window_mean("close", bars, n), self._deviation("close", bars, n)
            reach *= k
            return middle - reach, middle, middle + reach

        return Bands(*self._get(key, ("close",), _span(n), compute))

    def macd(self, fast: int = 12, slow: int = 26, signal: int = 9, memory: int | None = None) -> Macd:
        """Return MACD of the closes as TA-Lib seeds it. First: slow + signal - 2, all three lines.

        Both averages start at bar slow-1, the fast one from the mean of the `fast` closes before; the signal line from the
        mean of the first `signal` values. The absolute level settles about 35 bars later.

        With a `memory` it starts anew for each bar, that many bars back: what it says does not depend on where the history
        begins. First: memory - 1.
        """
        if not fast < slow:
            raise ValueError(f"MACD needs fast < slow, found {fast} and {slow}")
        if memory is not None:
            return self._short_macd(fast, slow, signal, memory)

        def compute(bars: OwnBars) -> _Packed:
            close = self._packed("close", bars)
            columns = bars.columns_of_age(slow - 1)
            short, long = (rolling.seeded(close, n, columns) for n in (fast, slow))
            seeds = {i: (own, np.stack([short[i][1], long[i][1]])) for i, own in columns.items()}
            both = rolling.smooth(close, seeds, np.repeat([[2 / (fast + 1)], [2 / (slow + 1)]], close.shape[1], axis=1))
            line = both[:, 0] - both[:, 1]
            average = _ema(line, bars, signal, slow + signal - 2)
            return line, average, line - average

        return Macd(*self._get(("macd", fast, slow, signal), ("close",), _span(slow + signal - 1), compute))

    def _short_macd(self, fast: int, slow: int, signal: int, memory: int) -> Macd:
        if not memory >= slow + signal - 1:
            raise ValueError(f"MACD of {slow} and {signal} needs a memory of {slow + signal - 1} bars, found {memory}")

        def compute(bars: OwnBars) -> _Packed:
            close = self._packed("close", bars)
            # All three lines are sums of the remembered closes, each with its own weight.
            unit = Indicators({"close": np.eye(memory)}, np.ones((memory, memory), dtype=np.bool_))
            line, average, _ = (weights[-1] for weights in unit.macd(fast, slow, signal))
            lines = np.zeros((2, *close.shape))
            until = len(close) - memory + 1
            for k in range(memory if until > 0 else 0):
                lines[0, memory - 1 :] += line[k] * close[k : k + until]
                lines[1, memory - 1 :] += average[k] * close[k : k + until]
            return lines[0], lines[1], lines[0] - lines[1]

        return Macd(*self._get(("macd", fast, slow, signal, memory), ("close",), _span(memory), compute))

    def force(self, n: int = 2) -> FloatArray:
        """Return Elder's force index, the EMA of (C[t] - C[t-1]) * V[t] in won. First: n."""

        def compute(bars: OwnBars) -> FloatArray:
            force = rolling.step(self._packed("close", bars))
            force *= self._packed("volume", bars)
            return _ema(force, bars, n, n)

        return self._one(("force", n), ("close", "volume"), _span(n + 1), compute)

    def volume_ratio(self, n: int = 20) -> FloatArray:
        """Return V[t] / the mean volume of the `n` bars before t. First: n."""

        def compute(bars: OwnBars) -> FloatArray:
            volume = self._packed("volume", bars)
            result = np.full(volume.shape, np.nan)
            before = self._window_mean("volume", bars, n)[:-1]
            np.divide(volume[1:], before, out=result[1:], where=before > 0)
            return result

        return self._one(("volume_ratio", n), ("volume",), _span(n + 1), compute)

    def up_down_volume(self, n: int = 50) -> FloatArray:
        """Return the volume of the rising days over that of the falling days among the last `n`. First: n.

        Infinite where no day fell. A day that closed where the one before it did counts for neither.
        """

        def compute(bars: OwnBars) -> FloatArray:
            moves, volume = rolling.step(self._packed("close", bars)), self._packed("volume", bars)
            is_whole = self._is_whole("volume")
            up, down = (_window_sum(volume * side, n, is_whole) for side in (moves > 0, moves < 0))
            result = np.full(up.shape, np.inf)
            np.divide(up, down, out=result, where=down > 0)
            return result

        return self._one(("up_down_volume", n), ("close", "volume"), _span(n + 1), compute)

    def _extreme(
        self,
        kind: str,
        window: Callable[[rolling.Numbers, int], rolling.Numbers],
        name: Field,
        n: int,
        min_bars: int | None,
    ) -> FloatArray:
        least = n if min_bars is None else min_bars

        def compute(bars: OwnBars) -> rolling.Numbers:
            values = self._packed(name, bars)
            result = window(values, n)
            if least < n and not bars.has_one_start:
                _regrow(result, values, bars, n, window)
            return result

        return self._one((kind, name, n, least), (name,), _span(least), compute)

    def _one(
        self, key: _Key, fields: Sequence[str], first: int, compute: Callable[[OwnBars], rolling.Numbers]
    ) -> FloatArray:
        return self._get(key, fields, first, lambda bars: (compute(bars),))[0]

    def _get(
        self, key: _Key, fields: Sequence[str], first: int, compute: Callable[[OwnBars], _Packed]
    ) -> tuple[FloatArray, ...]:
        results = self._shared.results
        found = results.get((key, self._lens))
        if found is not None:
            return found
        gappy = self._gappy(fields)
        bars = self._bars(gappy)
        computed = results.get((key, _Lens()))
        if computed is None:
            computed = tuple(self._finished(bars.spread(values, first)) for values in compute(bars))
            results[key, _Lens()] = computed
        if self._lens != _Lens():
            positions = self._positions(bars, gappy)
            computed = tuple(self._finished(_taken(values, positions)) for values in computed)
            results[key, self._lens] = computed
        return computed

    def _finished(self, values: FloatArray) -> FloatArray:
        shape = self._shared.shape if not self._lens.days else values.shape
        values = values.reshape(shape)
        values.flags.writeable = False
        return values

    def _positions(self, bars: OwnBars, gappy: tuple[str, ...]) -> Positions:
        """Return, for each cell of the result, the flat position of the bar that the lens shows there; -1 for none."""
        one = self._shared
        found = one.positions.get((gappy, self._lens))
        if found is None:
            found = bars.back(self._lens.back)
            if self._lens.days and one.weeks is not None and one.traded is not None:
                if one.known_weeks is None:
                    one.known_weeks = one.weeks.known_at_days(one.present, one.traded)
                known = one.known_weeks
                found = known if self._lens.back == 0 else np.where(known >= 0, found.ravel()[known], -1)
            one.positions[gappy, self._lens] = found
        return found

    def _gappy(self, fields: Sequence[str]) -> tuple[str, ...]:
        """Return those of the fields that may lack values of their own (NaN)."""
        return tuple(name for name in fields if not self._is_whole(name))

    def _bars(self, gappy: tuple[str, ...]) -> OwnBars:
        """Return the bars that have all of these fields."""
        one = self._shared
        found = one.bars.get(gappy)
        if found is None:
            present = np.logical_and.reduce([one.present, *(np.isfinite(one.columns[name]) for name in gappy)])
            found = one.bars[gappy] = OwnBars(present, one.restarts)
        return found

    def _is_whole(self, name: str) -> bool:
        """Tell whether a column holds won or shares: whole numbers, which floats hold exactly up to nine quadrillion."""
        return self._shared.columns[name].dtype == np.int64

    def _packed(self, name: str, bars: OwnBars) -> FloatArray:
        """Return a packed column as floats; kept only where all columns share the same bars."""
        one = self._shared
        if not self._is_whole(name):
            return bars.pack(one.columns[name])
        found = one.packed.get(name)
        if found is None:
            found = one.packed[name] = bars.pack(one.columns[name].astype(np.float64))
        return found

    def _window_sum(self, name: str, bars: OwnBars, n: int) -> rolling.Numbers:
        """Return the sum of a column's last `n` bars; of whole numbers from a running total, which is kept."""
        if not self._is_whole(name):
            return rolling.window_sum(self._packed(name, bars), n)
        total = self._shared.totals.get(name)
        if total is None:
            total = self._shared.totals[name] = rolling.whole_total(self._packed(name, bars))
        return rolling.difference(total, n)

    def _window_mean(self, name: str, bars: OwnBars, n: int) -> FloatArray:
        mean = self._window_sum(name, bars, n).astype(np.float64, copy=False)
        mean /= n
        return mean

    def _deviation(self, name: str, bars: OwnBars, n: int) -> FloatArray:
        if not self._is_whole(name):
            return rolling.window_deviation(self._packed(name, bars), n)
        return rolling.whole_deviation(self._packed(name, bars), n, self._window_sum(name, bars, n))

    def _seen(self, lens: _Lens) -> Indicators:
        view = object.__new__(Indicators)
        view._shared, view._lens = self._shared, lens
        return view


def _span(n: int) -> int:
    """Return the first bar that has `n` bars up to and including it."""
    if n < 1:
        raise ValueError(f"an indicator needs at least one bar, found {n}")
    return n - 1


def _window_sum(values: FloatArray, n: int, is_whole: bool) -> rolling.Numbers:
    return rolling.difference(rolling.whole_total(values), n) if is_whole else rolling.window_sum(values, n)


def _ema(values: FloatArray, bars: OwnBars, n: int, seed_age: int) -> FloatArray:
    seeds = rolling.seeded(values, n, bars.columns_of_age(seed_age))
    return rolling.smooth(values, seeds, np.full(values.shape[1:], 2 / (n + 1)))


def _wilder(values: FloatArray, bars: OwnBars, n: int) -> FloatArray:
    """Smooth values that exist from bar 1 on, as Wilder does: (13 e + x) / 14 is e + (x - e) / 14."""
    seeds = rolling.seeded(values, n, bars.columns_of_age(n))
    return rolling.smooth(values, seeds, np.full(values.shape[1:], 1 / n))


def _regrow(
    result: rolling.Numbers,
    values: rolling.Numbers,
    bars: OwnBars,
    n: int,
    window: Callable[[rolling.Numbers, int], rolling.Numbers],
) -> None:
    """Write again the bars behind a restart whose window would reach before it."""
    rows, columns = np.nonzero((bars.age == 0) & (np.arange(bars.length)[:, None] > 0))
    for i, j in zip(rows.tolist(), columns.tolist(), strict=True):
        grown = window(values[i : i + n - 1, [j]], n)[:, 0]
        until = np.flatnonzero(bars.age[i + 1 : i + n - 1, j] == 0)
        end = i + 1 + int(until[0]) if until.size else i + len(grown)
        result[i:end, j] = grown[: end - i]


def _taken(values: FloatArray, positions: Positions) -> FloatArray:
    result = np.take(values.ravel(), positions, mode="clip")
    np.copyto(result, np.nan, where=positions < 0)
    return result
