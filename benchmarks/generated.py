"""Generate the bars of the benchmarks, the same for us and for every peer: NumPy alone, from a seed.

Prices are multiples of 100 won between 10,000 and 100,000, on a tick by the rules of every year. They drift up from open
to close and down over night, so that a breakout pays and no stage that watches losses ends the trading.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Columns: TypeAlias = dict[str, npt.NDArray[np.int64]]

COLUMNS = ("open", "high", "low", "close", "volume", "value")

_LOWEST, _HIGHEST, _STEP = 12_000, 90_000, 100
_WIDTH = float(np.log(_HIGHEST / _LOWEST))


def daily_bars(symbols: int, sessions: int, seed: int = 1) -> Columns:
    """Return daily bars as (sessions x symbols): a range of some 3 % a day, turnover from 1 to 400 billion won."""
    random = np.random.default_rng(seed)
    shape = (sessions, symbols)
    walk = np.cumsum(random.normal(0, 0.018, shape), axis=0)
    walk += random.uniform(0, _WIDTH, symbols)
    close = _folded(walk)
    before = np.vstack([close[:1], close[:-1]])
    opened = before * np.exp(random.normal(-0.01, 0.004, shape))
    top = np.maximum(opened, close) * (1 + np.abs(random.normal(0, 0.004, shape)))
    bottom = np.minimum(opened, close) * (1 - np.abs(random.normal(0, 0.004, shape)))
    turnover = np.exp(random.uniform(np.log(1e9), np.log(4e11), symbols) + random.normal(0, 0.4, shape))
    return _columns(opened, top, bottom, close, turnover)


def minute_bars(count: int, seed: int = 2) -> Columns:
    """Return consecutive minute bars of one symbol; a session's first bar is nothing special."""
    random = np.random.default_rng(seed)
    close = _folded(np.cumsum(random.normal(0, 0.0012, count)) + _WIDTH / 2)
    opened = np.append(close[0], close[:-1]) * np.exp(random.normal(0, 0.0004, count))
    top = np.maximum(opened, close) * (1 + np.abs(random.normal(0, 0.0006, count)))
    bottom = np.minimum(opened, close) * (1 - np.abs(random.normal(0, 0.0006, count)))
    return _columns(opened, top, bottom, close, np.exp(random.normal(np.log(5e8), 0.5, count)))


def write(columns: Columns, folder: Path) -> None:
    """Keep the columns as one file each, for a process that reads them back."""
    for name, values in columns.items():
        np.save(folder / f"{name}.npy", values)


def read(folder: Path, *names: str) -> Columns:
    """Return columns, by default all of them."""
    return {name: np.load(folder / f"{name}.npy") for name in names or COLUMNS}


def floats(folder: Path, *names: str) -> dict[str, npt.NDArray[np.float64]]:
    """Return columns as floats, one after the other, so that no more than one exists twice."""
    return {name: np.load(folder / f"{name}.npy").astype(np.float64) for name in names}


def _folded(walk: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return a random walk of log prices as prices, reflected where it would leave its range."""
    return np.asarray(_LOWEST * np.exp(_WIDTH - np.abs(walk % (2 * _WIDTH) - _WIDTH)))


def _columns(
    opened: npt.NDArray[np.float64],
    top: npt.NDArray[np.float64],
    bottom: npt.NDArray[np.float64],
    close: npt.NDArray[np.float64],
    turnover: npt.NDArray[np.float64],
) -> Columns:
    o, h, low, c = (np.rint(prices / _STEP).astype(np.int64) * _STEP for prices in (opened, top, bottom, close))
    volume = (turnover / c).astype(np.int64) + 1
    return {"open": o, "high": h, "low": low, "close": c, "volume": volume, "value": volume * c}


if __name__ == "__main__":
    *size, target = sys.argv[1:]
    write(daily_bars(*map(int, size)) if len(size) > 1 else minute_bars(int(size[0])), Path(target))
