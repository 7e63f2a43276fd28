"""Measure B3: one symbol, a million minute bars, a crossing of moving averages (`sma_cross.py`), nine stages, full audit.

```
python benchmarks/b3.py
python benchmarks/b3.py --minutes 50000 --profile
```

The bars are in memory when the clock starts and the folder of the run is complete when it stops. Only whole sessions are
played, and averages begin anew with each of them.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import subprocess
import sys
import tempfile
from pathlib import Path

import _machine
import backtests
import generated
from figure import Figure

from kats_core.runtime.assembly import RunKind
from kats_core.runtime.play import Request

CONFIG = backtests.HERE / "b3.yaml"


def measure(bars: Path) -> Figure:
    """Return the figures of the workload over the generated bars of a folder."""
    request = Request(kind=RunKind.RUN, days=backtests.sessions_in(bars))
    return backtests.generated_backtest("kats B3", CONFIG, bars, request=request)


def warm_up() -> None:
    """Play a few sessions, so that imports and first calls are not measured."""
    with tempfile.TemporaryDirectory() as folder:
        generated.write(generated.minute_bars(2_000), Path(folder))
        measure(Path(folder))


def main() -> None:
    """Print the figures of one run."""
    options = argparse.ArgumentParser(description="measure B3")
    options.add_argument("--minutes", type=int, default=1_000_000)
    options.add_argument("--bars", type=Path, help="folder of bars that were generated before")
    options.add_argument("--json", action="store_true")
    options.add_argument("--profile", action="store_true", help="say where the time goes, which costs time itself")
    asked = options.parse_args()
    warm_up()
    with tempfile.TemporaryDirectory() as folder:
        bars = asked.bars or Path(folder)
        if asked.bars is None:
            generator = str(backtests.HERE / "generated.py")
            subprocess.run([sys.executable, generator, str(asked.minutes), str(bars)], check=True)
        if not asked.profile:
            figure = measure(bars)
        else:
            with cProfile.Profile() as profile:
                figure = measure(bars)
            pstats.Stats(profile).sort_stats("tottime").print_stats(45)
    if asked.json:
        print(figure.as_json())
        return
    _machine.print_header(**figure.versions)
    print(figure.as_text())


if __name__ == "__main__":
    main()
