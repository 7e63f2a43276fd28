"""Measure B1: volatility breakout over 2,500 generated symbols and 2,520 days, 20 positions, nine stages, full audit.

```
python benchmarks/b1.py
python benchmarks/b1.py --symbols 312 --json
python benchmarks/b1.py --symbols 312 --profile
```

The bars are in memory when the clock starts and the folder of the run is complete when it stops.
"""

from __future__ import annotations

import argparse
import cProfile
import math
import pstats
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import _machine
import backtests
from figure import Figure

SHAPE = backtests.Shape(2_500, 2_520)
CONFIG = backtests.HERE / "b1.yaml"


def measure(bars: Path, scale: Fraction | None = None) -> Figure:
    """Return the figures of the workload over the generated bars of a folder; `scale` multiplies armed and positions."""
    backtests.warm_up()
    return backtests.generated_backtest("kats B1", CONFIG, bars, scaled(scale))


def scaled(scale: Fraction | None) -> dict[str, Any]:
    """Return what a scale changes in the configuration: positions of 2.5 %, so that capital is enough for twice as many."""
    if scale is None:
        return {}
    positions = math.ceil(20 * scale)
    return {
        "strategies.volatility-breakout.params.max_armed": round(32 * scale),
        "strategies.volatility-breakout.params.position_hint": 0.025,
        "limits.grade_cap.B": 0.025,
        "limits.max_count.B": positions,
        "limits.max_positions": positions,
        "limits.regime_positions.BULL": positions,
    }


def main() -> None:
    """Print the figures of one run."""
    options = argparse.ArgumentParser(description="measure B1")
    options.add_argument("--symbols", type=int, default=SHAPE.symbols)
    options.add_argument("--sessions", type=int, default=SHAPE.sessions)
    options.add_argument("--bars", type=Path, help="folder of bars that were generated before")
    options.add_argument("--scale", type=Fraction, help="multiplies armed symbols and positions, as B5 does")
    options.add_argument("--json", action="store_true")
    options.add_argument("--profile", action="store_true", help="say where the time goes, which costs time itself")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bars = asked.bars
        if bars is None:
            bars = Path(folder)
            backtests.Shape(asked.symbols, asked.sessions).write(bars)
        if not asked.profile:
            figure = measure(bars, asked.scale)
        else:
            backtests.warm_up()
            with cProfile.Profile() as profile:
                figure = backtests.generated_backtest("kats B1, profiled", CONFIG, bars, scaled(asked.scale))
            pstats.Stats(profile).sort_stats("tottime").print_stats(45)
    if asked.json:
        print(figure.as_json())
        return
    _machine.print_header(**figure.versions)
    print(figure.as_text())


if __name__ == "__main__":
    main()
