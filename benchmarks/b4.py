"""Measure B4: volatility breakout with all nine stages over a file of real daily bars, tables and HTML report included.

```
python benchmarks/b4.py PATH/TO/adj_1999_2022.parquet
```

A plain read of the file into arrays, which no backtest can do without, is printed beside it.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import _machine
import backtests
from figure import Figure, peak_bytes
from pyarrow import parquet

from kats_core.runtime.assembly import RunKind
from kats_core.runtime.play import Request


def measure(path: Path) -> Figure:
    """Return the figures of what `kats backtest` does with the file and no configuration."""
    backtests.warm_up()
    resolved = backtests.configured(None, {"data": {"use": "files", "params": {"paths": [str(path)]}}})
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
    options.add_argument("--json", action="store_true")
    asked = options.parse_args()
    figure, reading = measure(asked.file.resolve()), read(asked.file)
    if asked.json:
        print(figure.as_json())
        return
    _machine.print_header(**figure.versions)
    print(figure.as_text())
    print(f"    {'the file into arrays alone':30}{reading:8.2f} s")


if __name__ == "__main__":
    main()
