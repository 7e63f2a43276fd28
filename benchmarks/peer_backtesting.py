"""Run the workload of B3 in backtesting.py: `peers.py` starts this in an environment of its own. It has one symbol only."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import generated
import numpy as np
import numpy.typing as npt
import pandas as pd
from backtesting import Backtest, Strategy
from backtesting.lib import crossover
from figure import Figure, Watch, peak_bytes


def average(values: npt.ArrayLike, n: int) -> pd.Series:
    """Return a moving average."""
    return pd.Series(values).rolling(n).mean()


class Cross(Strategy):
    """Long while the fast average is above the slow one."""

    def init(self) -> None:
        """Compute both averages at once."""
        self.fast = self.I(average, self.data.Close, 20)
        self.slow = self.I(average, self.data.Close, 60)

    def next(self) -> None:
        """Decide on a bar."""
        if crossover(self.fast, self.slow):
            self.buy(size=0.95)
        elif crossover(self.slow, self.fast) and self.position:
            self.position.close()


def cross(folder: Path) -> Figure:
    """Return the figure of one round."""
    bars = generated.floats(folder, "open", "high", "low", "close", "volume")
    table = pd.DataFrame({name.capitalize(): values for name, values in bars.items()})
    table.index = pd.date_range("2015-01-02 09:00", periods=len(table), freq="min")
    watch = Watch()
    found = Backtest(table, Cross, cash=100_000_000, commission=0.00015, finalize_trades=True).run()
    seconds, cpu = watch.taken()
    versions = {"backtesting": version("backtesting"), "numpy": np.__version__, "pandas": pd.__version__}
    trades = {"trades": int(found["# Trades"])}
    return Figure("backtesting.py B3", len(table), seconds, cpu, peak_bytes(), {}, trades, versions)


if __name__ == "__main__":
    print(cross(Path(sys.argv[2])).as_json())
