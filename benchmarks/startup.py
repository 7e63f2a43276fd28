"""Measure how long `kats --version` and `kats plugins` take as whole processes, beside `python -c pass` in the same run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import _machine

ROUNDS = 15
KATS = str(Path(sys.executable).with_name("kats"))


def once(command: list[str]) -> float:
    """Return the seconds one process takes."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Print median seconds and the ratio to an empty interpreter; commands take turns, so that all share the weather."""
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "kats --version": [KATS, "--version"],
        "kats plugins": [KATS, "plugins"],
    }
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for command in commands.values():
        once(command)
    for _ in range(ROUNDS):
        for name, command in commands.items():
            taken[name].append(once(command))
    _machine.print_header()
    empty = statistics.median(taken["python -c pass"])
    for name, seconds in taken.items():
        median = statistics.median(seconds)
        print(f"{name:16} {median:6.3f} s   {median / empty:5.1f} x   (min {min(seconds):.3f}, max {max(seconds):.3f})")


if __name__ == "__main__":
    main()
