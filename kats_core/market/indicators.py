"""Compute indicators over the daily bars of all symbols at once, each only once however many strategies ask.

`panel.indicators` and `index.indicators` are the way here. Results are float64 in the shape of what they are computed from,
read-only because they are shared; NaN where the symbol has no bar or too few, which never permits anything. "n bars" are
the symbol's own: days without trading do not count, and a change of the price scale starts the count anew.

Row t depends on rows up to t, bit for bit the same whatever follows. The definitions are TA-Lib's (`spec/market.md`
section 1), which is the oracle of the tests and not needed at run time; `docs/decisions` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Literal, TypeAlias

import numpy as np

from kats_core.market import rolling
from kats_core.market.arrays import BoolArray, FloatArray
from kats_core.market.own_bars import OwnBars, Pairing
from kats_core.market.weeks import Weeks

Field: TypeAlias = Literal["open", "high", "low", "close", "volume", "value"]

_Key: TypeAlias = tuple[str | int | float | None, ...]

_Line: TypeAlias = Callable[[str], FloatArray]

_Lines: TypeAlias = "Mapping[str, Callable[[_Frame], FloatArray]]"
"""By name, what computes each line of an indicator from what they have in common."""


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


class _Frame:
    """Bars that indicators are computed over, at their sessions or packed, and what several indicators need of them.

    Results have the shape of the frame and may hold anything where there is no bar, or too young a one.
    """

    def __init__(self, columns: Mapping[str, rolling.Numbers], own: OwnBars, fields: Collection[str]) -> None:
        """Take columns and the own bars of those `fields` that will be asked for."""
        # Sums of fractions go bar by bar, so they too want their bars side by side.
        self.is_packed = own.has_many_gaps or not all(_is_whole(columns[name]) for name in fields)
        self._columns, self._own = columns, own
        self.bars = own.packed if self.is_packed else own
        self.shape = self.bars.present.shape
        self.lines: dict[_Key, _Lines] = {}
        self.results: dict[_Key, FloatArray] = {}
        self._floats: dict[str, FloatArray] = {}
        self._totals: dict[str, rolling.Numbers] = {}
        self._zeros: dict[str, bool] = {}
        self._extremes: dict[tuple[str, str], tuple[int, rolling.Numbers]] = {}
        self._scratch: dict[int, FloatArray] = {}

    def scratch(self, i: int) -> FloatArray:
        """Return an array that whoever asks for its number next may write over: fresh memory costs more than a sum."""
        if i not in self._scratch:
            self._scratch[i] = self.empty()
        return self._scratch[i]

    def empty(self) -> FloatArray:
        """Return an array for a result."""
        return rolling.fresh(self.shape)

    def copy(self, values: rolling.Numbers) -> FloatArray:
        """Return a copy of an array of a result's shape."""
        copied = self.empty()
        np.copyto(copied, values)
        return copied

    def is_whole(self, name: str) -> bool:
        """Tell whether a column holds won or shares: whole numbers, which floats hold exactly up to nine quadrillion."""
        return _is_whole(self._columns[name])

    def column(self, name: str) -> FloatArray:
        """Return a column as floats, zeros where there is no bar."""
        found = self._floats.get(name)
        if found is None:
            values = self._columns[name]
            found = self.copy(self._own.pack(values) if self.is_packed else values)
            found.ravel()[self.bars.absent] = 0
            self._floats[name] = found
        return found

    def has_zeros(self, name: str) -> bool:
        """Tell whether a bar holds zero in a column."""
        if name not in self._zeros:
            self._zeros[name] = int(np.count_nonzero(self.column(name) == 0)) > len(self.bars.absent)
        return self._zeros[name]

    @cached_property
    def moves(self) -> FloatArray:
        """The change of each close from the one before; 0 where there is no bar, or none before."""
        close = self.column("close")
        return self.from_bar_1(self.bars.paired(np.subtract, (close,), (close,), 1, self.empty()))

    def from_bar_1(self, values: FloatArray) -> FloatArray:
        """Write 0 where there is no bar, or none before."""
        flat = values.ravel()
        flat[: self.shape[1]] = 0
        flat[self.bars.absent] = 0
        flat[self.bars.young(1)] = 0
        return values

    def _total(self, name: str) -> rolling.Numbers:
        total = self._totals.get(name)
        if total is None:
            total = self._totals[name] = rolling.whole_total(self.column(name))
        return total

    def window_sum(self, name: str, n: int) -> FloatArray:
        """Return the sum of a column's last `n` bars; of whole numbers from a running total, which is kept."""
        if not self.is_whole(name):
            return np.asarray(rolling.window_sum(self.column(name), n))
        return self.bars.window_sum(self._total(name), n, self.empty())

    def total_where(self, name: str, is_chosen: np.ufunc, out: FloatArray) -> rolling.Numbers:
        """Return the running total of a column of whole numbers over the bars whose move is chosen, compared with 0."""

        def chosen(values: FloatArray, moves: FloatArray, out: FloatArray) -> None:
            np.multiply(values, is_chosen(moves, 0), out=out)

        self.bars.each(chosen, (self.column(name), self.moves), out)
        # Floats that hold the total of all hold that of some.
        is_exact = self._total(name).dtype == np.float64
        return rolling.running_total(out, out) if is_exact else rolling.whole_total(out)

    def window_mean(self, name: str, n: int, out: FloatArray | None = None) -> FloatArray:
        """Return the mean of a column's last `n` bars."""
        if not self.is_whole(name):
            return rolling.window_mean(self.column(name), n)
        return self.bars.window_mean(self._total(name), n, self.empty() if out is None else out)

    def known_mean(self, name: str, n: int) -> FloatArray:
        """Return the mean of a column's last `n` bars, only to be read; missing, where it is known, as `Indicators.sma` has it."""
        found = self.results.get(_sma(name, n))
        return self.window_mean(name, n, self.scratch(0)) if found is None else found

    def deviation(self, name: str, n: int) -> FloatArray:
        """Return the population standard deviation of a column's last `n` bars."""
        values = self.column(name)
        if not self.is_whole(name):
            return rolling.window_deviation(values, n)
        squares = np.multiply(values, values, out=self.scratch(0))
        totals = rolling.running_total(squares, squares), self._total(name)
        with np.errstate(invalid="ignore"):
            result = self.bars.paired(partial(_deviation, n), totals, totals, n, self.empty())
        is_small = values.max(axis=0, initial=0) < rolling.EXACT**0.5 / n
        self._correct(
            result, name, n, np.flatnonzero(~(is_small & (squares[-1:].max(axis=0, initial=0) < rolling.EXACT)))
        )
        return result

    def _correct(self, deviation: FloatArray, name: str, n: int, columns: rolling.Columns) -> None:
        """Compute again in integers, in those columns of which floats do not hold the squares exactly."""
        if columns.size:
            cells = self.bars.cell_of[:, columns]
            own = np.take(self.column(name), cells, mode="clip").astype(np.int64)
            is_bar = cells >= 0
            deviation.ravel()[cells[is_bar]] = rolling.window_deviation(own, n)[is_bar]

    def weighted(self, name: str, weights: FloatArray) -> FloatArray:
        """Return sums of a column's last bars, each times its own weight; one sum for each row of the weights."""
        values = self.column(name)
        sums = np.zeros((len(weights), *self.shape))
        product = np.zeros(self.shape)
        for i, several in enumerate(weights.T.tolist(), 1):
            for row, weight in enumerate(several):
                sums[row] += self.bars.paired(
                    partial(_times, weight), (values,), (values,), weights.shape[1] - i, product
                )
        return sums

    def extreme(self, kind: str, of: np.ufunc, name: str, n: int, least: int) -> FloatArray:
        """Return the extreme of a column's last `n` bars, or of what exists from `least` on; made of a shorter window's."""
        known, values = self._extremes.get((kind, name), (1, self.column(name)))
        if known > n:
            known, values = 1, self.column(name)
        if known == n:
            result = self.copy(values)
        else:
            result = self.bars.window_extreme(of, values, n, known, (self.scratch(0), self.scratch(1)))
        if least < n:
            self.bars.extreme_of_young(of, self.column(name), n - 1, result)
        # Where it will be missing, a longer window's is missing too, or computed from the column.
        self._extremes[kind, name] = n, result
        return result

    def ema(self, values: FloatArray, n: int, age: int, into: FloatArray | None = None) -> FloatArray:
        """Return the exponential average with weight 2/(n+1), seeded at an age with the mean of `n` bars."""
        return rolling.smooth(values, self.bars.seeds(values, n, age), 2 / (n + 1), self.bars.resumed, into)

    def wilder(self, values: FloatArray, n: int) -> FloatArray:
        """Smooth in their place values that exist from bar 1 on, as Wilder does: (13 e + x) / 14 is e + (x - e) / 14."""
        return rolling.smooth(values, self.bars.seeds(values, n, n), 1 / n, self.bars.resumed, values)

    def at_sessions(self, result: FloatArray) -> FloatArray:
        """Return a finished result of this frame at its sessions."""
        return self._own.spread(result) if self.is_packed else result

    def copied(self, result: FloatArray) -> FloatArray:
        """Return a finished result at its sessions, to write over."""
        if self.is_packed:
            return self._own.spread(result)
        np.copyto(self.scratch(0), result)
        return self.scratch(0)


@dataclass
class _Shared:
    """What all views of the same bars share."""

    columns: Mapping[str, rolling.Numbers]
    bars: OwnBars
    shape: tuple[int, ...]
    weeks: Weeks | None
    days: OwnBars | None
    frames: dict[tuple[str, ...], _Frame] = field(default_factory=dict)
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
        days: OwnBars | None = None,
        bars: OwnBars | None = None,
    ) -> None:
        """Take columns of one shape, (T,) or (T, N); a float column's NaN counts as no bar.

        `days`, for weekly bars, are the daily ones. `bars` are those of `present` and `restarts`, where somebody has them
        already.
        """
        flat = present.shape if present.ndim == 2 else (len(present), 1)
        cells = {name: values.reshape(flat) for name, values in columns.items()} if present.ndim == 1 else columns
        own = OwnBars(present.reshape(flat), restarts) if bars is None else bars
        self._shared = _Shared(cells, own, present.shape, weeks, days)
        self._lens = _Lens()

    def ago(self, k: int) -> Indicators:
        """Return the same indicators as they were `k` own bars earlier, at each bar."""
        if k < 0:
            raise ValueError(f"indicators look back, not ahead: {k} bars ago")
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
        columns, present, restarts = weeks.resampled(one.columns, one.bars)
        bars = Indicators(columns, present, restarts=restarts, weeks=weeks, days=one.bars)
        return bars._seen(_Lens(days=True))

    def field(self, name: Field) -> FloatArray:
        """Return a column itself. First: 0."""
        return self._get(("field", name), (name,), 0, lambda frame: frame.copy(frame.column(name)))

    def sum(self, name: Field, n: int) -> FloatArray:
        """Return the sum of the last `n` bars. First: n-1."""
        return self._get(("sum", name, n), (name,), _span(n), lambda frame: frame.window_sum(name, n))

    def sma(self, name: Field, n: int) -> FloatArray:
        """Return the mean of the last `n` bars. First: n-1."""
        return self._get(_sma(name, n), (name,), _span(n), lambda frame: frame.window_mean(name, n))

    def stdev(self, name: Field, n: int) -> FloatArray:
        """Return the population standard deviation of the last `n` bars. First: n-1."""
        return self._get(("stdev", name, n), (name,), _span(n), lambda frame: frame.deviation(name, n))

    def highest(self, name: Field, n: int, min_bars: int | None = None) -> FloatArray:
        """Return the maximum of the last `n` bars, or of what exists from `min_bars` on. First: n-1, or min_bars-1."""
        return self._extreme("highest", np.maximum, name, n, min_bars)

    def lowest(self, name: Field, n: int, min_bars: int | None = None) -> FloatArray:
        """Return the minimum of the last `n` bars, or of what exists from `min_bars` on. First: n-1, or min_bars-1."""
        return self._extreme("lowest", np.minimum, name, n, min_bars)

    def change(self, k: int = 1) -> FloatArray:
        """Return C[t] / C[t-k] - 1. First: k."""

        def compute(frame: _Frame) -> FloatArray:
            close = frame.column("close")
            with np.errstate(divide="ignore", invalid="ignore"):
                result = frame.bars.paired(_growth, (close,), (close,), k, frame.empty())
            if frame.has_zeros("close"):
                result[~np.isfinite(result)] = -1
            return result

        return self._get(("change", k), ("close",), _span(k + 1), compute)

    def ema(self, name: Field, n: int) -> FloatArray:
        """Return the exponential average with weight 2/(n+1), seeded with the mean of the first `n` bars. First: n-1."""
        return self._get(("ema", name, n), (name,), _span(n), lambda frame: frame.ema(frame.column(name), n, n - 1))

    def rsi(self, n: int = 14) -> FloatArray:
        """Return Wilder's RSI, 0 to 100; missing while the price has never moved. First: n."""

        def compute(frame: _Frame) -> FloatArray:
            up, down = frame.empty(), frame.scratch(0)
            frame.bars.each(_parted, (frame.moves, up), down)
            up, down = frame.wilder(up, n), frame.wilder(down, n)
            # Nothing over nothing is missing.
            with np.errstate(invalid="ignore"):
                return frame.bars.each(_percentage, (up, down), up)

        return self._get(("rsi", n), ("close",), _span(n + 1), compute)

    def atr(self, n: int = 14) -> FloatArray:
        """Return Wilder's average true range, in the unit of prices. First: n."""

        def compute(frame: _Frame) -> FloatArray:
            high, low, close = (frame.column(name) for name in ("high", "low", "close"))
            reach = frame.bars.paired(_true_range, (high, low), (close,), 1, frame.empty())
            return frame.wilder(frame.from_bar_1(reach), n)

        return self._get(("atr", n), ("high", "low", "close"), _span(n + 1), compute)

    def bollinger(self, n: int = 20, k: float = 2.0) -> Bands:
        """Return the mean of the closes and the bands `k` population deviations around it. First: n-1."""

        def compute(frame: _Frame) -> _Lines:
            reach = frame.deviation("close", n)
            reach *= k

            # They are kept by the frame, so they must not hold it: its memory would stay until a collector comes by.
            def of_both(of: Pairing, frame: _Frame) -> FloatArray:
                return frame.bars.each(of, (frame.known_mean("close", n), reach), frame.empty())

            return {
                name: partial(of_both, of)
                for name, of in (("lower", np.subtract), ("upper", np.add), ("width", _width))
            }

        line = self._lines(("bollinger", n, k), ("close",), _span(n), compute)
        return Bands(lambda name: self.sma("close", n) if name == "middle" else line(name))

    def macd(self, fast: int = 12, slow: int = 26, signal: int = 9, memory: int | None = None) -> Macd:
        """Return MACD of the closes as TA-Lib seeds it. First: slow + signal - 2, all three lines.

        Both averages start at bar slow-1, the fast one from the mean of the `fast` closes before; the signal line from the
        mean of the first `signal` values. The absolute level settles about 35 bars later.

        With a `memory` it starts anew for each bar, that many bars back: what it says does not depend on where the history
        begins. First: memory - 1.
        """
        if not 1 <= fast < slow:
            raise ValueError(f"MACD needs fast < slow, found {fast} and {slow}")
        _span(signal)
        if memory is not None:
            return self._short_macd(fast, slow, signal, memory)

        def line(frame: _Frame, out: FloatArray) -> FloatArray:
            close = frame.column("close")
            frame.ema(close, fast, slow - 1, out)
            out -= frame.ema(close, slow, slow - 1, frame.scratch(0))
            return out

        def average(frame: _Frame, out: FloatArray) -> FloatArray:
            return frame.ema(line(frame, frame.scratch(1)), signal, slow + signal - 2, out)

        def histogram(frame: _Frame) -> FloatArray:
            signals = average(frame, frame.empty())
            return np.subtract(frame.scratch(1), signals, out=signals)

        lines: _Lines = {
            "line": lambda frame: line(frame, frame.empty()),
            "signal": lambda frame: average(frame, frame.empty()),
            "histogram": histogram,
        }
        key, first = ("macd", fast, slow, signal), _span(slow + signal - 1)
        return Macd(lambda name: self._get((*key, name), ("close",), first, lines[name]))

    def _short_macd(self, fast: int, slow: int, signal: int, memory: int) -> Macd:
        if not memory >= slow + signal - 1:
            raise ValueError(f"MACD of {slow} and {signal} needs a memory of {slow + signal - 1} bars, found {memory}")

        def compute(frame: _Frame) -> _Lines:
            # All three lines are sums of the remembered closes, each with its own weight.
            unit = Indicators({"close": np.eye(memory)}, np.ones((memory, memory), dtype=np.bool_))
            line, average, _ = (weights[-1] for weights in unit.macd(fast, slow, signal))
            return _macd_lines(*frame.weighted("close", np.stack([line, average])))

        return Macd(self._lines(("macd", fast, slow, signal, memory), ("close",), _span(memory), compute))

    def force(self, n: int = 2) -> FloatArray:
        """Return Elder's force index, the EMA of (C[t] - C[t-1]) * V[t] in won. First: n."""

        def compute(frame: _Frame) -> FloatArray:
            force = np.multiply(frame.moves, frame.column("volume"), out=frame.empty())
            return frame.ema(force, n, n, into=force)

        return self._get(("force", n), ("close", "volume"), _span(n + 1), compute)

    def volume_ratio(self, n: int = 20) -> FloatArray:
        """Return V[t] / the mean volume of the `n` bars before t. First: n."""

        def compute(frame: _Frame) -> FloatArray:
            volume, mean = frame.column("volume"), frame.known_mean("volume", n)
            with np.errstate(divide="ignore", invalid="ignore"):
                return frame.bars.paired(_multiple, (volume,), (mean,), 1, frame.empty())

        return self._get(("volume_ratio", n), ("volume",), _span(n + 1), compute)

    def up_down_volume(self, n: int = 50) -> FloatArray:
        """Return the volume of the rising days over that of the falling days among the last `n`. First: n.

        Infinite where no day fell. A day that closed where the one before it did counts for neither.
        """

        def compute(frame: _Frame) -> FloatArray:
            with np.errstate(divide="ignore", invalid="ignore"):
                if not frame.is_whole("volume"):
                    moved = frame.column("volume") * (frame.moves > 0), frame.column("volume") * (frame.moves < 0)
                    risen, fallen = (np.asarray(rolling.window_sum(values, n)) for values in moved)
                    return frame.bars.each(_risen_over_fallen, (risen, fallen), risen)
                totals = tuple(
                    frame.total_where("volume", is_chosen, frame.scratch(i))
                    for i, is_chosen in enumerate((np.greater, np.less))
                )
                return frame.bars.paired(_risen_over_fallen, totals, totals, n, frame.empty())

        return self._get(("up_down_volume", n), ("close", "volume"), _span(n + 1), compute)

    def _extreme(self, kind: str, of: np.ufunc, name: Field, n: int, min_bars: int | None) -> FloatArray:
        least = n if min_bars is None else min_bars
        if not 1 <= least <= n:
            raise ValueError(f"an extreme of {n} bars exists from bar 1 to {n} on, found {least}")
        return self._get(
            (kind, name, n, least), (name,), _span(least), lambda frame: frame.extreme(kind, of, name, n, least)
        )

    def _lines(self, key: _Key, fields: Sequence[str], first: int, compute: Callable[[_Frame], _Lines]) -> _Line:
        """Return what gives each of an indicator's lines; what they have in common is computed once and kept."""

        def of_line(name: str, frame: _Frame) -> FloatArray:
            if key not in frame.lines:
                frame.lines[key] = compute(frame)
            return frame.lines[key][name](frame)

        return lambda name: self._get((*key, name), fields, first, partial(of_line, name))

    def _get(self, key: _Key, fields: Sequence[str], first: int, compute: Callable[[_Frame], FloatArray]) -> FloatArray:
        """Return an indicator as this lens shows it."""
        one, lens = self._shared, self._lens
        found = one.results.get((key, lens))
        if found is not None:
            return found
        frame = self._frame(fields)
        values = frame.results.get(key)
        if values is None:
            values = frame.bars.without_young(compute(frame), first)
            if lens.back or not frame.is_packed:
                frame.results[key] = values
        if lens.back:
            values = frame.bars.ago(values, lens.back, frame.scratch(1) if lens.days else frame.empty())
        if lens.days and one.weeks is not None and one.days is not None:
            values = one.weeks.at_days(frame.copied(values), one.bars, one.days)
        else:
            values = frame.at_sessions(values).reshape(one.shape)
        values.flags.writeable = False
        one.results[key, lens] = values
        return values

    def _frame(self, fields: Sequence[str]) -> _Frame:
        """Return the bars that have all of these fields, of which a column of fractions may lack some (NaN)."""
        one = self._shared
        gappy = tuple(name for name in fields if not _is_whole(one.columns[name]))
        found = one.frames.get(gappy)
        if found is None:
            bars = one.bars
            if gappy:
                present = np.logical_and.reduce([bars.present, *(np.isfinite(one.columns[name]) for name in gappy)])
                bars = OwnBars(present, bars.restarts)
            found = one.frames[gappy] = _Frame(one.columns, bars, gappy)
        return found

    def _seen(self, lens: _Lens) -> Indicators:
        view = object.__new__(Indicators)
        view._shared, view._lens = self._shared, lens
        return view


def _span(n: int) -> int:
    """Return the first bar that has `n` bars up to and including it."""
    if n < 1:
        raise ValueError(f"an indicator needs at least one bar, found {n}")
    return n - 1


def _is_whole(values: rolling.Numbers) -> bool:
    return values.dtype == np.int64


def _sma(name: str, n: int) -> _Key:
    return "sma", name, n


def _growth(now: FloatArray, before: FloatArray, out: FloatArray | None = None) -> FloatArray:
    ratio = np.divide(now, before, out=out)
    return np.subtract(ratio, 1, out=out)


def _deviation(
    n: int,
    squares: FloatArray,
    total: rolling.Numbers,
    squares_before: FloatArray,
    total_before: rolling.Numbers,
    out: FloatArray | None = None,
) -> FloatArray:
    spread = np.subtract(squares, squares_before, out=out)
    spread *= n
    own = total - total_before
    own *= own
    spread -= own
    np.sqrt(spread, out=spread)
    spread /= n
    return spread


def _parted(moves: FloatArray, up: FloatArray, out: FloatArray) -> None:
    np.subtract(np.maximum(moves, 0, out=up), moves, out=out)


def _percentage(up: FloatArray, down: FloatArray, out: FloatArray) -> None:
    both = down + up
    np.multiply(up, 100, out=out)
    out /= both


def _width(middle: FloatArray, reach: FloatArray, out: FloatArray) -> None:
    np.add(middle, reach, out=out)
    out -= middle - reach
    out /= np.where(middle == 0, np.nan, middle)


def _multiple(volume: FloatArray, mean: FloatArray, out: FloatArray | None = None) -> FloatArray:
    ratio = np.divide(volume, mean, out=out)
    # Infinity times 0 is missing, and so is the ratio then.
    return np.asarray(np.subtract(ratio, ratio * 0, out=ratio))


def _risen_over_fallen(
    risen: rolling.Numbers,
    fallen: rolling.Numbers,
    risen_before: rolling.Numbers | int = 0,
    fallen_before: rolling.Numbers | int = 0,
    out: FloatArray | None = None,
) -> FloatArray:
    ratio = np.divide(risen - risen_before, fallen - fallen_before, out=out)
    # Of a number and nothing it takes the number: nothing over nothing is infinite.
    return np.asarray(np.fmin(ratio, np.inf, out=ratio))


def _true_range(high: FloatArray, low: FloatArray, before: FloatArray, out: FloatArray | None = None) -> FloatArray:
    reach = np.maximum(high, before, out=out)
    return np.subtract(reach, np.minimum(low, before), out=out)


def _times(weight: float, _now: FloatArray, before: FloatArray, out: FloatArray | None = None) -> FloatArray:
    return np.multiply(before, weight, out=out)


def _macd_lines(line: FloatArray, signal: FloatArray) -> _Lines:
    return {"line": lambda _: line.copy(), "signal": lambda _: signal.copy(), "histogram": lambda _: line - signal}
