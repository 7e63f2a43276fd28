"""Measure B4: strategies with all nine stages over a file of real daily bars, tables and HTML report included.

```
python benchmarks/b4.py PATH/TO/adj_1999_2022.parquet
python benchmarks/b4.py PATH/TO/adj_1999_2022.parquet --only volatility-breakout
```

All strategies that do without minute bars, or those that are named. No regime, pulse, grade or sector is known of a file of bars
alone: all are assumed as `kats backtest FILE` does, which prints them.

A plain read of the file into arrays, which no backtest can do without, is printed beside it.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import _machine
import backtests
from figure import Figure, peak_bytes
from pyarrow import parquet

from kats_core.runtime.assembly import RunKind
from kats_core.runtime.play import Request


def measure(path: Path, names: Sequence[str]) -> Figure:
    """Return the figures of what `kats backtest` does with the file, strategies of these names and no other configuration."""
    backtests.warm_up()
    changes = {
        "data": {"use": "files", "params": {"paths": [str(path)]}},
        "strategies": [{"use": name} for name in names],
    }
    resolved = backtests.configured(None, changes)
    request = Request(kind=RunKind.BACKTEST, both_paths=True)
    return backtests.measured("kats B4", resolved, peak_bytes(), request, with_report=True)


def read(path: Path) -> float:
    """Return the seconds of reading every column into an array."""
    started = time.perf_counter()
    for column in parquet.read_table(path).itercolumns():
        column.combine_chunks().to_numpy(zero_copy_only=False)
    return time.perf_counter() - started


def main() -> None:
    """Print the figures of one run."""
    options = argparse.ArgumentParser(description="measure B4")
    options.add_argument("file", type=Path)
    options.add_argument(
        "--only", nargs="+", metavar="NAME", help="strategies, default: all that do without minute bars"
    )
    options.add_argument("--json", action="store_true")
    options.add_argument("--profile", action="store_true", help="say where the time goes, which costs time itself")
    asked = options.parse_args()
    names = asked.only or backtests.strategy_names(on_daily_bars=True)
    with cProfile.Profile(time.process_time) if asked.profile else nullcontext() as profile:
        figure = measure(asked.file.resolve(), names)
    reading = read(asked.file)
    if asked.json:
        print(figure.as_json())
        return
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)
    _machine.print_header(**figure.versions)
    print(figure.as_text())
    print(f"    {', '.join(names)}")
    print(f"    {'the file into arrays alone':30}{reading:8.2f} s")


if __name__ == "__main__":
    main()
