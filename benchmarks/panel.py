"""Measure the panel: reading a file of daily bars, and every daily indicator of the twelve strategies over it.

```
python benchmarks/panel.py PATH/TO/adj_1999_2022.parquet
python benchmarks/panel.py
```

Without a file the bars are generated. The reference in the same run is what one would write with pandas: the same
indicators over the same bars by `groupby` with `rolling` and `ewm`, on a frame that is already in order. Either side
computes each once and keeps it; a time is the best of three, in seconds of the processor, which both use one of, so that
a busy machine slows neither. Pandas here knows no splits: where both define an indicator
alike, the largest relative difference is printed over the symbols whose price scale never broke.
"""

from __future__ import annotations

import datetime as dt
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

import _machine
import numpy as np
import numpy.typing as npt
import pandas as pd

from kats_core.market.calendar import krx_calendar
from kats_core.market.indicators import Indicators
from kats_core.market.panel import Panel
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import Scope

SYMBOLS, SESSIONS = 400, 5_600
ROUNDS = 3

Given = TypeVar("Given")
Values: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Need:
    """One indicator, who reads it, and the same in pandas; `is_same` where both define it alike, seeds included."""

    name: str
    readers: str
    ours: Callable[[Indicators], Values]
    theirs: Callable[[Frame], pd.Series]
    is_same: bool = True


class Frame:
    """All bars in one long table, ordered by symbol and day."""

    def __init__(self, panel: Panel) -> None:
        """Take the bars of a panel; this is not measured."""
        column, row = np.nonzero(panel.present.T)
        self.cells = row * len(panel.symbols) + column
        names = ("open", "high", "low", "close", "volume", "value")
        self.table = pd.DataFrame({name: getattr(panel, name).T[panel.present.T].astype(np.float64) for name in names})
        self.table["symbol"] = column
        self.table["session"] = np.array(panel.sessions, dtype="datetime64[D]")[row].astype("datetime64[ns]")

    def column(self, name: str) -> pd.Series:
        """Return a column."""
        return self.table[name]

    def shifted(self, values: pd.Series, k: int = 1) -> pd.Series:
        """Return what each symbol had `k` bars before."""
        return values.groupby(self.table["symbol"], sort=False).shift(k)

    def rolled(self, values: pd.Series, n: int, how: str, least: int | None = None, **options: int) -> pd.Series:
        """Return a statistic of each symbol's last `n` bars."""
        rolling = values.groupby(self.table["symbol"], sort=False).rolling(n, min_periods=least)
        return getattr(rolling, how)(**options).reset_index(level=0, drop=True)

    def smoothed(self, values: pd.Series, **options: float | bool) -> pd.Series:
        """Return an exponential average by symbol."""
        averaged = values.groupby(self.table["symbol"], sort=False).ewm(adjust=False, **options).mean()
        return averaged.reset_index(level=0, drop=True)

    def sma(self, name: str, n: int) -> pd.Series:
        """Return a moving average."""
        return self.rolled(self.table[name], n, "mean")

    def rsi(self, n: int) -> pd.Series:
        """Return Wilder's RSI."""
        moves = self.table["close"] - self.shifted(self.table["close"])
        up = self.smoothed(moves.clip(lower=0), alpha=1 / n, min_periods=n)
        down = self.smoothed((-moves).clip(lower=0), alpha=1 / n, min_periods=n)
        return 100 * up / (up + down)

    def atr(self, n: int) -> pd.Series:
        """Return Wilder's average true range."""
        before = self.shifted(self.table["close"])
        reach = np.maximum(self.table["high"], before) - np.minimum(self.table["low"], before)
        return self.smoothed(reach, alpha=1 / n, min_periods=n)

    def macd(self) -> pd.Series:
        """Return the histogram of MACD."""
        close = self.table["close"]
        line = self.smoothed(close, span=12, min_periods=26) - self.smoothed(close, span=26, min_periods=26)
        return line - self.smoothed(line, span=9, min_periods=9)

    def width(self, n: int) -> pd.Series:
        """Return the bandwidth of Bollinger's bands."""
        return 4 * self.rolled(self.table["close"], n, "std", ddof=0) / self.sma("close", n)

    def lower(self, n: int) -> pd.Series:
        """Return the lower one of Bollinger's bands."""
        return self.sma("close", n) - 2 * self.rolled(self.table["close"], n, "std", ddof=0)

    def weekly_macd(self, back: int = 0) -> pd.Series:
        """Return, for each day, the histogram over the weekly closes of the weeks before it."""
        week = self.table["session"].dt.to_period("W")
        last = self.table.groupby([self.table["symbol"], week], sort=False)["close"].last()
        by_symbol = last.groupby(level=0, sort=False)

        def smoothed(group: pd.api.typing.SeriesGroupBy, span: int, least: int) -> pd.Series:
            return group.ewm(span=span, adjust=False, min_periods=least).mean().droplevel(0)

        line = smoothed(by_symbol, 12, 26) - smoothed(by_symbol, 26, 26)
        histogram = line - smoothed(line.groupby(level=0, sort=False), 9, 9)
        known = histogram.groupby(level=0, sort=False).shift(1 + back)
        return pd.Series(known.reindex(pd.MultiIndex.from_arrays([self.table["symbol"], week])).to_numpy())

    def force(self, n: int) -> pd.Series:
        """Return Elder's force index."""
        moves = self.table["close"] - self.shifted(self.table["close"])
        return self.smoothed(moves * self.table["volume"], span=n, min_periods=n)

    def up_down_volume(self, n: int) -> pd.Series:
        """Return the volume of rising over that of falling days."""
        moves = self.table["close"] - self.shifted(self.table["close"])
        up = self.rolled(self.table["volume"].where(moves > 0, 0.0), n, "sum")
        return up / self.rolled(self.table["volume"].where(moves < 0, 0.0), n, "sum")

    def change(self, k: int) -> pd.Series:
        """Return the change over `k` bars."""
        return self.table["close"] / self.shifted(self.table["close"], k) - 1

    def volume_ratio(self, n: int) -> pd.Series:
        """Return volume over its mean before."""
        return self.table["volume"] / self.shifted(self.sma("volume", n))


def needs() -> Iterator[Need]:
    """Yield every daily indicator that strategies read, by the letters of the specification."""
    for n, readers in ((20, "S2 S5 GR B3"), (50, "S1 S4 B2 DS"), (60, "DS"), (150, "S1"), (200, "S1 B2")):
        yield Need(f"SMA(C, {n})", readers, lambda ind, n=n: ind.sma("close", n), lambda f, n=n: f.sma("close", n))
    yield Need(
        "SMA(C, 200), 21 ago", "S1", lambda i: i.ago(21).sma("close", 200), lambda f: f.shifted(f.sma("close", 200), 21)
    )
    yield Need(
        "SMA(C, 20), 10 ago", "B3 GR", lambda i: i.ago(10).sma("close", 20), lambda f: f.shifted(f.sma("close", 20), 10)
    )
    for n, readers in ((5, "S1 S3"), (20, "S1 S2 B1"), (50, "S1 S3")):
        yield Need(f"SMA(V, {n})", readers, lambda ind, n=n: ind.sma("volume", n), lambda f, n=n: f.sma("volume", n))
    yield Need("SMA(value, 20)", "S2 S5, rank", lambda i: i.sma("value", 20), lambda f: f.sma("value", 20))
    for n, least, readers in ((20, None, "VCP"), (40, None, "B3 GR"), (252, 126, "S1 S3")):
        yield Need(
            f"highest high {n}",
            readers,
            lambda ind, n=n, least=least: ind.highest("high", n, least),
            lambda f, n=n, least=least: f.rolled(f.column("high"), n, "max", least),
        )
        yield Need(
            f"lowest low {n}",
            readers,
            lambda ind, n=n, least=least: ind.lowest("low", n, least),
            lambda f, n=n, least=least: f.rolled(f.column("low"), n, "min", least),
        )
    yield Need(
        "lowest low 20, 1 ago",
        "B2",
        lambda i: i.ago(1).lowest("low", 20),
        lambda f: f.shifted(f.rolled(f.column("low"), 20, "min")),
    )
    for k in (1, 63, 126, 189, 252):
        yield Need(
            f"change over {k}", "B1" if k == 1 else "S1 S3 S4", lambda i, k=k: i.change(k), lambda f, k=k: f.change(k)
        )
    yield Need("RSI 14", "B1 B2 B4 GR DS", lambda i: i.rsi(14), lambda f: f.rsi(14), is_same=False)
    yield Need("ATR 14", "S2", lambda i: i.atr(14), lambda f: f.atr(14), is_same=False)
    yield Need("MACD histogram", "B2", lambda i: i.macd().histogram, lambda f: f.macd(), is_same=False)
    yield Need(
        "weekly MACD histogram", "S4", lambda i: i.weekly.macd().histogram, lambda f: f.weekly_macd(), is_same=False
    )
    yield Need(
        "weekly MACD, 1 ago", "S4", lambda i: i.weekly.ago(1).macd().histogram, lambda f: f.weekly_macd(1), False
    )
    yield Need("force index 2", "S4", lambda i: i.force(2), lambda f: f.force(2), is_same=False)
    yield Need("Bollinger, lower", "B4", lambda i: i.bollinger().lower, lambda f: f.lower(20))
    yield Need("Bollinger, width", "B3", lambda i: i.bollinger().width, lambda f: f.width(20))
    yield Need("volume ratio 20", "B4", lambda i: i.volume_ratio(20), lambda f: f.volume_ratio(20))
    yield Need("up/down volume 50", "S3", lambda i: i.up_down_volume(50), lambda f: f.up_down_volume(50))


def generated() -> Panel:
    """Return 400 symbols over some 22 years, each with days on which it did not trade."""
    draws = np.random.default_rng(7)
    sessions = krx_calendar().sessions(dt.date(2000, 1, 4), dt.date(2025, 12, 30))[:SESSIONS]
    shape = (len(sessions), SYMBOLS)
    close = np.rint(20_000 * np.exp(np.cumsum(draws.normal(0, 0.01, shape), axis=0))).astype(np.int64) + 1_000
    volume = np.rint(1_000_000 * np.exp(draws.normal(0, 0.5, shape))).astype(np.int64)
    present = draws.random(shape) > 0.002
    columns = {"open": close, "high": close + close // 50, "low": close - close // 50, "close": close}
    columns |= {"volume": volume, "value": close * volume}
    return Panel(
        sessions=tuple(sessions),
        next_session=(*sessions[1:], None),
        instruments=tuple(Instrument(symbol=f"{n:05d}0") for n in range(1, SYMBOLS + 1)),
        present=present,
        scope=Scope.RAW,
        **{name: np.where(present, values, 0) for name, values in columns.items()},
    )


def of_file(path: Path) -> Panel:
    """Return the daily bars of a file."""
    from kats_core.sources.files import FilesParams, build

    return build(FilesParams(paths=(str(path),))).history(None, None)


def peak_megabytes() -> float:
    """Return the largest memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long the work takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def best_rounds(fresh: Callable[[], Given], reads: Sequence[Callable[[Given], object]]) -> list[float]:
    """Return the best time of each read; every round starts from something `fresh`."""
    rounds = []
    for _ in range(ROUNDS):
        given = fresh()
        rounds.append([_timed(read, given) for read in reads])
        del given
    return [min(times) for times in zip(*rounds, strict=True)]


def _timed(read: Callable[[Given], object], given: Given) -> float:
    return seconds_of(lambda: read(given))


def unused(panel: Panel) -> Indicators:
    """Return the panel's indicators with nothing computed yet."""
    panel.__dict__.pop("indicators", None)
    return panel.indicators


def difference(panel: Panel, frame: Frame, need: Need) -> float:
    """Return the largest relative difference over the symbols whose price scale never broke."""
    ours = need.ours(panel.indicators).ravel()[frame.cells]
    others = need.theirs(frame).to_numpy()
    whole = ~panel.scale_breaks.any(axis=0)[frame.column("symbol").to_numpy()]
    both = whole & np.isfinite(ours) & np.isfinite(others)
    scale = np.maximum(np.abs(ours[both]), 1e-3)
    return float((np.abs(ours[both] - others[both]) / scale).max(initial=0.0))


def main() -> None:
    """Print the figures of one panel."""
    _machine.print_header(numpy=np.__version__, pandas=pd.__version__)
    at_start, started = peak_megabytes(), time.perf_counter()
    panel = of_file(Path(sys.argv[1]).resolve()) if len(sys.argv) > 1 else generated()
    reading = time.perf_counter() - started
    bars = int(panel.present.sum())
    print(
        f"{len(panel.symbols):,} symbols, {len(panel.sessions):,} sessions, {bars:,} bars; at start {at_start:.0f} MB"
    )
    print(f"{'panel':<42}{reading:8.2f} s   peak {peak_megabytes():6.0f} MB")
    breaking = seconds_of(lambda: panel.scale_breaks)
    print(f"{'where price scales break':<42}{breaking:8.2f} s   peak {peak_megabytes():6.0f} MB")

    wanted = list(needs())
    ours = best_rounds(lambda: unused(panel), [need.ours for need in wanted])
    indicators = panel.indicators
    print(f"{f'{len(wanted)} indicators':<42}{sum(ours):8.2f} s   peak {peak_megabytes():6.0f} MB")
    again = seconds_of(lambda: [need.ours(indicators) for need in wanted])
    print(f"{'all of them asked for a second time':<42}{again:8.5f} s")

    frame = Frame(panel)
    theirs = best_rounds(lambda: frame, [need.theirs for need in wanted])
    print(f"\n{'indicator':<24}{'read by':<18}{'kats s':>8}{'pandas s':>10}{'ratio':>7}   largest difference")
    for need, own, other in zip(wanted, ours, theirs, strict=True):
        apart = f"{difference(panel, frame, need):.1e}" if need.is_same else "seeded otherwise"
        print(f"{need.name:<24}{need.readers:<18}{own:8.3f}{other:10.3f}{other / own:7.1f}   {apart}")
    print(f"\npandas groupby-rolling {sum(theirs):.2f} s, {sum(theirs) / sum(ours):.1f} times ours")
    unshared = sum(other * len(need.readers.split()) for need, other in zip(wanted, theirs, strict=True))
    print(f"pandas, every reader computing its own: {unshared:.2f} s, {unshared / sum(ours):.1f} times ours")


if __name__ == "__main__":
    main()
