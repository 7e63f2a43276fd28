"""Compute indicators over the daily bars of all symbols at once, each only once however many strategies ask.

`panel.indicators` and `index.indicators` are the way here. Results are float64 in the shape of what they are computed from,
read-only because they are shared; NaN where the symbol has no bar or too few, which never permits anything. "n bars" are
the symbol's own: days without trading do not count, and a change of the price scale starts the count anew.

Row t depends on rows up to t, bit for bit the same whatever follows. The definitions are TA-Lib's (`spec/market.md`
section 1), which is the oracle of the tests and not needed at run time; `docs/decisions` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Literal, TypeAlias

import numpy as np

from kats_core.market import rolling
from kats_core.market.own_bars import BoolArray, OwnBars, Positions
from kats_core.market.tables import FloatArray
from kats_core.market.weeks import Weeks

Field: TypeAlias = Literal["open", "high", "low", "close", "volume", "value"]

_Key: TypeAlias = tuple[str | int | float | None, ...]

_Part: TypeAlias = Callable[[slice], rolling.Numbers]
"""Returns an indicator of some columns of the packed bars."""

_Line: TypeAlias = Callable[[str], FloatArray]


@dataclass(frozen=True, slots=True)
class Bands:
    """Bollinger's bands, each computed when it is first asked for."""

    _line: _Line

    @property
    def lower(self) -> FloatArray:
        """The lower band."""
        return self._line("lower")

    @property
    def middle(self) -> FloatArray:
        """The mean of the closes."""
        return self._line("middle")

    @property
    def upper(self) -> FloatArray:
        """The upper band."""
        return self._line("upper")

    @property
    def width(self) -> FloatArray:
        """Distance of the bands as a fraction of the middle (bandwidth)."""
        return self._line("width")

    def __iter__(self) -> Iterator[FloatArray]:
        """Yield the three bands, the lowest first."""
        return map(self._line, ("lower", "middle", "upper"))


@dataclass(frozen=True, slots=True)
class Macd:
    """The three lines of MACD, each computed when it is first asked for."""

    _line: _Line

    @property
    def line(self) -> FloatArray:
        """The fast average less the slow one."""
        return self._line("line")

    @property
    def signal(self) -> FloatArray:
        """The average of the line."""
        return self._line("signal")

    @property
    def histogram(self) -> FloatArray:
        """The line less its signal."""
        return self._line("histogram")

    def __iter__(self) -> Iterator[FloatArray]:
        """Yield line, signal and histogram."""
        return map(self._line, ("line", "signal", "histogram"))


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
    parts: dict[_Key, Mapping[str, _Part]] = field(default_factory=dict)
    known_weeks: Positions | None = None
    positions: dict[tuple[tuple[str, ...], _Lens], Positions] = field(default_factory=dict)
    results: dict[tuple[_Key, _Lens], FloatArray] = field(default_factory=dict)


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
        bars: OwnBars | None = None,
    ) -> None:
        """Take columns of one shape, (T,) or (T, N); a float column's NaN counts as no bar.

        `traded`, for weekly bars, are the days on which each column traded. `bars` are those of `present` and `restarts`,
        where somebody has them already.
        """
        flat = present.shape if present.ndim == 2 else (len(present), 1)
        cells = {name: values.reshape(flat) for name, values in columns.items()} if present.ndim == 1 else columns
        self._shared = _Shared(cells, present.reshape(flat), restarts, present.shape, weeks, traded)
        if bars is not None:
            self._shared.bars[()] = bars
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
        return self._get(("field", name), (name,), 0, lambda bars: _of(self._packed(name, bars)))

    def sum(self, name: Field, n: int) -> FloatArray:
        """Return the sum of the last `n` bars. First: n-1."""
        return self._get(("sum", name, n), (name,), _span(n), lambda bars: self._window_sum(name, bars, n))

    def sma(self, name: Field, n: int) -> FloatArray:
        """Return the mean of the last `n` bars. First: n-1."""
        return self._get(("sma", name, n), (name,), _span(n), lambda bars: self._window_mean(name, bars, n))

    def stdev(self, name: Field, n: int) -> FloatArray:
        """Return the population standard deviation of the last `n` bars. First: n-1."""
        return self._get(("stdev", name, n), (name,), _span(n), lambda bars: self._deviation(name, bars, n))

    def highest(self, name: Field, n: int, min_bars: int | None = None) -> FloatArray:
        """Return the maximum of the last `n` bars, or of what exists from `min_bars` on. First: n-1, or min_bars-1."""
        return self._extreme("highest", rolling.window_highest, name, n, min_bars)

    def lowest(self, name: Field, n: int, min_bars: int | None = None) -> FloatArray:
        """Return the minimum of the last `n` bars, or of what exists from `min_bars` on. First: n-1, or min_bars-1."""
        return self._extreme("lowest", rolling.window_lowest, name, n, min_bars)

    def change(self, k: int = 1) -> FloatArray:
        """Return C[t] / C[t-k] - 1. First: k."""

        def compute(bars: OwnBars) -> _Part:
            closes = self._packed("close", bars)

            def part(cut: slice) -> FloatArray:
                close = closes[:, cut]
                result = np.zeros(close.shape)
                np.divide(close[k:], close[:-k], out=result[k:], where=close[:-k] > 0)
                result -= 1
                return result

            return part

        return self._get(("change", k), ("close",), _span(k + 1), compute)

    def ema(self, name: Field, n: int) -> FloatArray:
        """Return the exponential average with weight 2/(n+1), seeded with the mean of the first `n` bars. First: n-1."""

        def compute(bars: OwnBars) -> _Part:
            return _of(_ema(self._packed(name, bars), bars, n, n - 1))

        return self._get(("ema", name, n), (name,), _span(n), compute, is_recursive=True)

    def rsi(self, n: int = 14) -> FloatArray:
        """Return Wilder's RSI, 0 to 100; missing while the price has never moved. First: n."""

        def compute(bars: OwnBars) -> _Part:
            close = self._packed("close", bars)
            ways = np.empty((len(close), 2, close.shape[1]))
            for cut in bars.parts:
                moves = rolling.step(close[:, cut])
                np.maximum(moves, 0, out=ways[:, 0, cut])
                np.subtract(ways[:, 0, cut], moves, out=ways[:, 1, cut])
            smoothed = _wilder(ways, bars, n)

            def part(cut: slice) -> FloatArray:
                up = smoothed[:, 0, cut]
                both = up + smoothed[:, 1, cut]
                result = np.full(both.shape, np.nan)
                np.divide(100 * up, both, out=result, where=both > 0)
                return result

            return part

        return self._get(("rsi", n), ("close",), _span(n + 1), compute, is_recursive=True)

    def atr(self, n: int = 14) -> FloatArray:
        """Return Wilder's average true range, in the unit of prices. First: n."""

        def compute(bars: OwnBars) -> _Part:
            high, low, close = (self._packed(name, bars) for name in ("high", "low", "close"))
            true_range = np.empty(high.shape)
            true_range[:1] = 0
            for cut in bars.parts:
                before = close[:-1, cut]
                reach = np.maximum(high[1:, cut], before)
                np.subtract(reach, np.minimum(low[1:, cut], before), out=true_range[1:, cut])
            return _of(_wilder(true_range, bars, n))

        return self._get(("atr", n), ("high", "low", "close"), _span(n + 1), compute, is_recursive=True)

    def bollinger(self, n: int = 20, k: float = 2.0) -> Bands:
        """Return the mean of the closes and the bands `k` population deviations around it. First: n-1."""

        def compute(bars: OwnBars) -> Mapping[str, _Part]:
            middle, deviation = self._window_mean("close", bars, n), self._deviation("close", bars, n)

            def width(cut: slice) -> FloatArray:
                own, reach = middle(cut), k * deviation(cut)
                result = np.full(own.shape, np.nan)
                np.divide((own + reach) - (own - reach), own, out=result, where=own != 0)
                return result

            return {
                "lower": lambda cut: middle(cut) - k * deviation(cut),
                "middle": middle,
                "upper": lambda cut: middle(cut) + k * deviation(cut),
                "width": width,
            }

        return Bands(self._lines(("bollinger", n, k), ("close",), _span(n), compute))

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

        def compute(bars: OwnBars) -> Mapping[str, _Part]:
            close = self._packed("close", bars)
            columns = bars.columns_of_age(slow - 1)
            short, long = (rolling.seeded(close, n, columns) for n in (fast, slow))
            seeds = {i: (own, np.stack([short[i][1], long[i][1]])) for i, own in columns.items()}
            both = rolling.smooth(close, seeds, np.repeat([[2 / (fast + 1)], [2 / (slow + 1)]], close.shape[1], axis=1))
            line = np.subtract(both[:, 0], both[:, 1])
            return _macd_lines(line, _ema(line, bars, signal, slow + signal - 2))

        return Macd(self._lines(("macd", fast, slow, signal), ("close",), _span(slow + signal - 1), compute))

    def _short_macd(self, fast: int, slow: int, signal: int, memory: int) -> Macd:
        if not memory >= slow + signal - 1:
            raise ValueError(f"MACD of {slow} and {signal} needs a memory of {slow + signal - 1} bars, found {memory}")

        def compute(bars: OwnBars) -> Mapping[str, _Part]:
            close = self._packed("close", bars)
            # All three lines are sums of the remembered closes, each with its own weight.
            unit = Indicators({"close": np.eye(memory)}, np.ones((memory, memory), dtype=np.bool_))
            line, average, _ = (weights[-1] for weights in unit.macd(fast, slow, signal))
            lines = np.zeros((2, *close.shape))
            until = len(close) - memory + 1
            for k in range(memory if until > 0 else 0):
                lines[0, memory - 1 :] += line[k] * close[k : k + until]
                lines[1, memory - 1 :] += average[k] * close[k : k + until]
            return _macd_lines(lines[0], lines[1])

        return Macd(self._lines(("macd", fast, slow, signal, memory), ("close",), _span(memory), compute))

    def force(self, n: int = 2) -> FloatArray:
        """Return Elder's force index, the EMA of (C[t] - C[t-1]) * V[t] in won. First: n."""

        def compute(bars: OwnBars) -> _Part:
            close, volume = self._packed("close", bars), self._packed("volume", bars)
            force = np.empty(close.shape)
            for cut in bars.parts:
                np.multiply(rolling.step(close[:, cut]), volume[:, cut], out=force[:, cut])
            return _of(_ema(force, bars, n, n, into=force))

        return self._get(("force", n), ("close", "volume"), _span(n + 1), compute, is_recursive=True)

    def volume_ratio(self, n: int = 20) -> FloatArray:
        """Return V[t] / the mean volume of the `n` bars before t. First: n."""

        def compute(bars: OwnBars) -> _Part:
            volume, mean = self._packed("volume", bars), self._window_mean("volume", bars, n)

            def part(cut: slice) -> FloatArray:
                before = mean(cut)
                result = np.full(before.shape, np.nan)
                np.divide(volume[1:, cut], before[:-1], out=result[1:], where=before[:-1] > 0)
                return result

            return part

        return self._get(("volume_ratio", n), ("volume",), _span(n + 1), compute)

    def up_down_volume(self, n: int = 50) -> FloatArray:
        """Return the volume of the rising days over that of the falling days among the last `n`. First: n.

        Infinite where no day fell. A day that closed where the one before it did counts for neither.
        """

        def compute(bars: OwnBars) -> _Part:
            close, volume = self._packed("close", bars), self._packed("volume", bars)
            up, down = np.empty(volume.shape), np.empty(volume.shape)
            for cut in bars.parts:
                moves = rolling.step(close[:, cut])
                np.multiply(volume[:, cut], moves > 0, out=up[:, cut])
                np.multiply(volume[:, cut], moves < 0, out=down[:, cut])
            rising, falling = (_sums(side, n, self._is_whole("volume")) for side in (up, down))

            def part(cut: slice) -> FloatArray:
                risen, fallen = rising(cut), falling(cut)
                result = np.full(risen.shape, np.inf)
                np.divide(risen, fallen, out=result, where=fallen > 0)
                return result

            return part

        return self._get(("up_down_volume", n), ("close", "volume"), _span(n + 1), compute)

    def _extreme(
        self,
        kind: str,
        window: Callable[[rolling.Numbers, int], rolling.Numbers],
        name: Field,
        n: int,
        min_bars: int | None,
    ) -> FloatArray:
        least = n if min_bars is None else min_bars

        def compute(bars: OwnBars) -> _Part:
            values = self._packed(name, bars)

            def part(cut: slice) -> rolling.Numbers:
                result = window(values[:, cut], n)
                if least < n and not bars.has_one_start:
                    _regrow(result, values, bars, n, window, cut)
                return result

            return part

        return self._get((kind, name, n, least), (name,), _span(least), compute)

    def _lines(
        self, key: _Key, fields: Sequence[str], first: int, compute: Callable[[OwnBars], Mapping[str, _Part]]
    ) -> _Line:
        """Return what gives each of an indicator's lines; what they have in common is computed once and kept."""

        def of_line(name: str, bars: OwnBars) -> _Part:
            parts = self._shared.parts.get(key)
            if parts is None:
                parts = self._shared.parts[key] = compute(bars)
            return parts[name]

        return lambda name: self._get((*key, name), fields, first, partial(of_line, name))

    def _get(
        self,
        key: _Key,
        fields: Sequence[str],
        first: int,
        compute: Callable[[OwnBars], _Part],
        *,
        is_recursive: bool = False,
    ) -> FloatArray:
        """Return an indicator as this lens shows it; one that is not recursive costs less anew than moved from where it was."""
        results, lens = self._shared.results, self._lens
        found = results.get((key, lens))
        if found is not None:
            return found
        gappy = self._gappy(fields)
        bars = self._bars(gappy)
        if not lens.days and (lens == _Lens() or not is_recursive):
            computed = self._finished(bars.gathered(map(compute(bars), bars.parts), first, lens.back))
        else:
            known = results.get((key, _Lens()))
            if known is None:
                known = self._finished(bars.gathered(map(compute(bars), bars.parts), first))
                results[key, _Lens()] = known
            computed = self._finished(_taken(known, self._positions(bars, gappy)))
        results[key, lens] = computed
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

    def _window_sum(self, name: str, bars: OwnBars, n: int) -> _Part:
        """Return what gives the sum of a column's last `n` bars; of whole numbers from a running total, which is kept."""
        if not self._is_whole(name):
            values = self._packed(name, bars)
            return lambda cut: rolling.window_sum(values[:, cut], n)
        total = self._shared.totals.get(name)
        if total is None:
            total = self._shared.totals[name] = rolling.whole_total(self._packed(name, bars))
        return lambda cut: rolling.difference(total[:, cut], n)

    def _window_mean(self, name: str, bars: OwnBars, n: int) -> _Part:
        sums = self._window_sum(name, bars, n)

        def part(cut: slice) -> FloatArray:
            mean = sums(cut).astype(np.float64, copy=False)
            mean /= n
            return mean

        return part

    def _deviation(self, name: str, bars: OwnBars, n: int) -> _Part:
        values = self._packed(name, bars)
        if not self._is_whole(name):
            return lambda cut: rolling.window_deviation(values[:, cut], n)
        sums, squares = self._window_sum(name, bars, n), rolling.squared_total(values)
        return lambda cut: rolling.whole_deviation(values[:, cut], n, sums(cut), squares[:, cut])

    def _seen(self, lens: _Lens) -> Indicators:
        view = object.__new__(Indicators)
        view._shared, view._lens = self._shared, lens
        return view


def _span(n: int) -> int:
    """Return the first bar that has `n` bars up to and including it."""
    if n < 1:
        raise ValueError(f"an indicator needs at least one bar, found {n}")
    return n - 1


def _of(packed: rolling.Numbers) -> _Part:
    return lambda cut: packed[:, cut]


def _sums(values: FloatArray, n: int, is_whole: bool) -> _Part:
    if not is_whole:
        return lambda cut: rolling.window_sum(values[:, cut], n)
    total = rolling.whole_total(values)
    return lambda cut: rolling.difference(total[:, cut], n)


def _macd_lines(line: FloatArray, signal: FloatArray) -> Mapping[str, _Part]:
    return {"line": _of(line), "signal": _of(signal), "histogram": lambda cut: line[:, cut] - signal[:, cut]}


def _ema(values: FloatArray, bars: OwnBars, n: int, seed_age: int, into: FloatArray | None = None) -> FloatArray:
    seeds = rolling.seeded(values, n, bars.columns_of_age(seed_age))
    return rolling.smooth(values, seeds, np.full(values.shape[1:], 2 / (n + 1)), into)


def _wilder(values: FloatArray, bars: OwnBars, n: int) -> FloatArray:
    """Smooth in their place values that exist from bar 1 on, as Wilder does: (13 e + x) / 14 is e + (x - e) / 14."""
    seeds = rolling.seeded(values, n, bars.columns_of_age(n))
    return rolling.smooth(values, seeds, np.full(values.shape[1:], 1 / n), values)


def _regrow(
    result: rolling.Numbers,
    values: rolling.Numbers,
    bars: OwnBars,
    n: int,
    window: Callable[[rolling.Numbers, int], rolling.Numbers],
    cut: slice,
) -> None:
    """Write again, in some of the columns, the bars behind a restart whose window would reach before it."""
    for i, j in zip(*(places.tolist() for places in bars.starts_anew), strict=True):
        if not cut.start <= j < cut.stop:
            continue
        grown = window(values[i : i + n - 1, [j]], n)[:, 0]
        until = np.flatnonzero(bars.age[i + 1 : i + n - 1, j] == 0)
        end = i + 1 + int(until[0]) if until.size else i + len(grown)
        result[i:end, j - cut.start] = grown[: end - i]


def _taken(values: FloatArray, positions: Positions) -> FloatArray:
    result = np.take(values.ravel(), positions, mode="clip")
    np.copyto(result, np.nan, where=positions < 0)
    return result
