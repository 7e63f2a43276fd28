"""Run the workloads of B1 and B3 in vectorbt: `peers.py` starts this in an environment of vectorbt's own.

vectorbt makes one order a cell, so what it buys at the level it sells at the next session's open, and it has neither risk
stages nor an audit.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import generated
import numpy as np
import numpy.typing as npt
import pandas as pd
import vectorbt as vbt
from figure import Figure, Watch, peak_bytes

CAPITAL, POSITIONS, ARMED = 100_000_000.0, 20, 32
FEES, TICK = 0.00015, 100.0

Read = Callable[..., dict[str, npt.NDArray[np.float64]]]


def breakout(read: Read) -> tuple[float, float, int, int]:
    """Return seconds, processor seconds, bars and orders of volatility breakout over many symbols on one account."""
    bars = read("open", "high", "low", "close", "value")
    opened, high, low, close, value = bars.values()
    watch = Watch()
    spread = high - low
    turnover = pd.DataFrame(value).vbt.rolling_mean(20).to_numpy()
    rank = np.where((spread >= 0.01 * close) & (turnover > 0), turnover, -1.0)
    armed = min(ARMED, close.shape[1])
    best = np.argpartition(rank, close.shape[1] - armed, axis=1)[:, -armed:]
    is_armed = np.zeros(close.shape, dtype=np.bool_)
    np.put_along_axis(is_armed, best, True, axis=1)
    is_armed[1:] = is_armed[:-1]
    is_armed[0] = False
    level = np.empty_like(opened)
    level[0] = np.inf
    level[1:] = np.ceil((opened[1:] + 0.5 * spread[:-1]) / TICK) * TICK
    entries = is_armed & (high >= level)
    exits = np.zeros_like(entries)
    exits[1:] = entries[:-1]
    price = np.where(exits, opened, np.maximum(opened, level))
    price[~(entries | exits)] = np.nan
    portfolio = vbt.Portfolio.from_signals(
        pd.DataFrame(close),
        entries,
        exits,
        price=price,
        size=CAPITAL / POSITIONS,
        size_type="value",
        fees=FEES,
        init_cash=CAPITAL,
        cash_sharing=True,
        group_by=True,
        upon_opposite_entry="ignore",
        freq="1D",
    )
    orders = int(portfolio.orders.count())
    portfolio.value()
    return *watch.taken(), close.size, orders


def cross(read: Read) -> tuple[float, float, int, int]:
    """Return seconds, processor seconds, bars and orders of a crossing of moving averages on one symbol."""
    close = pd.Series(read("close")["close"])
    watch = Watch()
    fast, slow = vbt.MA.run(close, 20), vbt.MA.run(close, 60)
    portfolio = vbt.Portfolio.from_signals(
        close, fast.ma_crossed_above(slow), fast.ma_crossed_below(slow), fees=FEES, init_cash=CAPITAL, freq="1min"
    )
    orders = int(portfolio.orders.count())
    portfolio.value()
    return *watch.taken(), close.size, orders


WORKLOADS = {"b1": breakout, "b3": cross}


def main() -> None:
    """Print the figure of one round: the workload's name, then the folder of its bars."""
    run, folder = WORKLOADS[sys.argv[1]], Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as small:
        generated.write(
            generated.daily_bars(40, 60) if sys.argv[1] == "b1" else generated.minute_bars(500), Path(small)
        )
        run(lambda *names: generated.floats(Path(small), *names))
    seconds, cpu, bars, orders = run(lambda *names: generated.floats(folder, *names))
    versions = {"vectorbt": vbt.__version__, "numpy": np.__version__, "pandas": pd.__version__}
    print(
        Figure(
            f"vectorbt {sys.argv[1].upper()}", bars, seconds, cpu, peak_bytes(), {}, {"orders": orders}, versions
        ).as_json()
    )


if __name__ == "__main__":
    main()
