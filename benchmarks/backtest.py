"""Measure a backtest of volatility breakout over a file of daily bars: three stages, then all nine; seconds and memory.

```
python benchmarks/backtest.py PATH/TO/adj_1999_2022.parquet
```

The reference in the same run is a plain read of the file into arrays, which no backtest can do without.
"""

from __future__ import annotations

import datetime as dt
import os
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import _machine
import numpy as np
import pyarrow
from pyarrow import parquet

from kats_core.config import resolve
from kats_core.model.command import Notify
from kats_core.model.record import Record
from kats_core.model.time import Nanos
from kats_core.runtime.assembly import App, RunKind
from kats_core.runtime.play import Request, plan, play
from kats_core.store.folder_recorder import FolderRecorder

THREE = ("position-sizer", "daily-kill-switch", "margin-guard")


class Counting:
    """Counts what happened."""

    def __init__(self) -> None:
        self.records = 0

    def on_start(self, app: App, sessions: Sequence[dt.date]) -> None:
        """Nothing to prepare."""

    def on_record(self, record: Record) -> None:
        """Count it."""
        self.records += 1

    def on_notice(self, notice: Notify) -> None:
        """Nobody listens."""

    def on_clock(self, now: Nanos) -> None:
        """As fast as it goes."""


def main() -> None:
    """Print the figures of one run."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python benchmarks/backtest.py FILE")
    path = Path(sys.argv[1]).resolve()
    _machine.print_header(numpy=np.__version__, pyarrow=pyarrow.__version__)
    started = time.perf_counter()
    rows = 0
    for column in parquet.read_table(path).itercolumns():
        rows = len(column.combine_chunks().to_numpy(zero_copy_only=False))
    print(f"reference: the file's {rows:,} rows into arrays   {time.perf_counter() - started:6.2f} s")

    measure(path, THREE)
    measure(path, None)


def measure(path: Path, stages: Sequence[str] | None) -> None:
    """Print the figures of one run; `stages` None: those of the default configuration."""
    overrides: dict[str, Any] = {"data": {"use": "files", "params": {"paths": [str(path)]}}}
    if stages is not None:
        overrides["risk"] = [{"use": name} for name in stages]
    with tempfile.TemporaryDirectory() as home:
        started = time.perf_counter()
        resolved = resolve(
            None,
            overrides=overrides,
            file_data=True,
            environ={"KATS_HOME": home, "PATH": os.environ.get("PATH", "")},
            cwd=Path(home),
        )
        planned = plan(resolved, Request(kind=RunKind.BACKTEST))
        opened = time.perf_counter()
        watcher = Counting()
        finished = play(planned, FolderRecorder(Path(home) / "run"), watcher, lambda: dt.datetime.now(dt.UTC))
        done = time.perf_counter()
    panel = planned.panel
    print(f"\n{len(resolved.stages)} stages: {', '.join(stage.instance for stage in resolved.stages)}")
    print(f"configuration, reading, panel                    {opened - started:6.2f} s")
    print(
        f"{len(finished.sessions):,} sessions of {len(panel.symbols)} symbols, decisions written {done - opened:6.2f} s"
    )
    print(
        f"{watcher.records:,} records, {len(finished.trades):,} trades, {watcher.records / (done - opened):,.0f} records/s"
    )
    print(
        f"whole run {done - started:.2f} s, peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB"
    )


if __name__ == "__main__":
    main()
