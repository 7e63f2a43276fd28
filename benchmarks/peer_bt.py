"""Run the workload of B1 in bt: `peers.py` starts this in an environment of its own.

bt rebalances at one price a day: it holds the best 20 of yesterday's 32 widest ranges that closed above their level.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import bt
import generated
import numpy as np
import pandas as pd
from figure import Figure, Watch, peak_bytes

POSITIONS, ARMED = 20, 32


def breakout(folder: Path) -> Figure:
    """Return the figure of one round."""
    opened, high, low, close, value = generated.floats(folder, "open", "high", "low", "close", "value").values()
    sessions = pd.bdate_range("2015-01-02", periods=len(close))
    symbols = [f"{j:06d}" for j in range(close.shape[1])]
    watch = Watch()
    spread = high - low
    turnover = pd.DataFrame(value).rolling(20).mean().to_numpy()
    rank = np.where((spread >= 0.01 * close) & (turnover > 0), turnover, -1.0)
    order = np.argsort(-rank[:-1], axis=1)[:, :ARMED]
    broke = np.take_along_axis(high[1:] >= opened[1:] + 0.5 * spread[:-1], order, axis=1)
    broke &= np.cumsum(broke, axis=1) <= POSITIONS
    weights = np.zeros(close.shape)
    np.put_along_axis(weights[1:], order, broke / POSITIONS, axis=1)
    table = pd.DataFrame(close, sessions, symbols)
    target = pd.DataFrame(weights, sessions, symbols)
    strategy = bt.Strategy("breakout", [bt.algos.WeighTarget(target), bt.algos.Rebalance()])
    test = bt.Backtest(strategy, table, initial_capital=100_000_000.0, progress_bar=False)
    test.run()
    seconds, cpu = watch.taken()
    versions = {"bt": version("bt"), "numpy": np.__version__, "pandas": pd.__version__}
    held = {"days": len(test.strategy.values)}
    return Figure("bt B1", close.size, seconds, cpu, peak_bytes(), {}, held, versions)


if __name__ == "__main__":
    print(breakout(Path(sys.argv[2])).as_json())
