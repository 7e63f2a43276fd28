"""Measure B2: the market of B1 with every strategy that can be judged on daily bars, beside B1 itself.

```
python benchmarks/b2.py
python benchmarks/b2.py --symbols 312
```

The generated market has bars alone: no reports, flows or dividends, and no index. Strategies that read these judge every cell
and arm none. Each of the two is a process of its own.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import _machine
import b1
import backtests
import figure
from figure import Figure


def measure(bars: Path) -> Figure:
    """Return the figures of all strategies over the generated bars of a folder."""
    backtests.warm_up()
    return backtests.generated_backtest("kats B2", b1.CONFIG, bars, changes())


def changes() -> dict[str, Any]:
    """Return what differs from B1: the other strategies that do without minutes, each with its defaults."""
    breakout = {"use": "volatility-breakout", "params": {"max_armed": 32, "position_hint": 0.05}}
    others = [name for name in backtests.strategy_names(on_daily_bars=True) if name != breakout["use"]]
    return {"strategies": [breakout, *({"use": name} for name in others)]}


def apart(program: str, bars: Path) -> Figure:
    """Return the figures of a benchmark in a process of its own."""
    command = [sys.executable, str(backtests.HERE / program), "--json", "--bars", str(bars)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return figure.from_json(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Print the figures of both, and how many times B1 the other takes."""
    options = argparse.ArgumentParser(description="measure B2")
    options.add_argument("--symbols", type=int, default=b1.SHAPE.symbols)
    options.add_argument("--sessions", type=int, default=b1.SHAPE.sessions)
    options.add_argument("--bars", type=Path, help="folder of bars that were generated before")
    options.add_argument("--json", action="store_true", help="B2 alone, in this process")
    options.add_argument("--profile", action="store_true", help="say where the time goes, which costs time itself")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bars = asked.bars
        if bars is None:
            bars = Path(folder)
            backtests.Shape(asked.symbols, asked.sessions).write(bars)
        if asked.json:
            print(measure(bars).as_json())
            return
        if asked.profile:
            backtests.warm_up()
            with cProfile.Profile(time.process_time) as profile:
                found = backtests.generated_backtest("kats B2, profiled", b1.CONFIG, bars, changes())
            pstats.Stats(profile).sort_stats("tottime").print_stats(45)
            print(found.as_text())
            return
        one, two = apart("b1.py", bars), apart("b2.py", bars)
    _machine.print_header(**two.versions)
    print(one.as_text())
    print(two.as_text())
    print(f"    {two.cpu_seconds / one.cpu_seconds:.1f} times B1, by the seconds of the processor")


if __name__ == "__main__":
    main()
