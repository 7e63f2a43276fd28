"""Measure B5: B1 at 1/8 to 2 of the symbols, armed symbols and positions in the same proportion; cost a bar should be flat.

```
python benchmarks/b5.py
python benchmarks/b5.py --symbols 312
```

Each size is a process of its own. Time a bar is the processor's. Memory a bar is what the run takes beyond the process that has not begun it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import _machine
import backtests
import figure
from figure import Figure

SCALES = [Fraction(1, 8), Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(2)]


def at(scale: Fraction, symbols: int, sessions: int) -> Figure:
    """Return the figures of one size."""
    with tempfile.TemporaryDirectory() as folder:
        backtests.Shape(round(symbols * scale), sessions).write(Path(folder))
        command = [sys.executable, str(backtests.HERE / "b1.py"), "--json", "--bars", folder, "--scale", str(scale)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return figure.from_json(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Print cost a bar at each size, and how far the extremes lie apart."""
    options = argparse.ArgumentParser(description="measure B5")
    options.add_argument("--symbols", type=int, default=2_500, help="at size 1")
    options.add_argument("--sessions", type=int, default=2_520)
    options.add_argument("--json", action="store_true")
    asked = options.parse_args()
    figures = {scale: at(scale, asked.symbols, asked.sessions) for scale in SCALES}
    if asked.json:
        print("\n".join(one.as_json() for one in figures.values()))
        return
    _machine.print_header(**next(iter(figures.values())).versions)
    for scale, one in figures.items():
        grown = (one.peak_bytes - one.counts["bytes before"]) / one.bars
        print(
            f"{scale!s:>4} {one.bars:>12,} bars {one.cpu_seconds * 1e9 / one.bars:10,.0f} ns a bar {grown:8.1f} bytes a bar "
            f"{one.seconds:8.2f} s {one.peak_bytes / 1e9:6.2f} GB"
        )
    costs = [one.cpu_seconds / one.bars for one in figures.values()]
    print(f"dearest over cheapest bar: {max(costs) / min(costs):.2f}")


if __name__ == "__main__":
    main()
