"""Measure us and others on the same generated bars: rounds take turns, the median of each is set beside ours.

```
python benchmarks/peers.py                          # B1 and B3 in full, three rounds
python benchmarks/peers.py b1 --symbols 312 --rounds 1
```

Peers come by `uv run --with`, each into an environment of its own; they are never dependencies. Each round is a process
of its own, so that peak memory is its own too. None of the peers has risk stages or an audit; we have all of both.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import _machine
import figure
from figure import Figure

HERE = Path(__file__).resolve().parent
PEERS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "b1": {"vectorbt": ("peer_vectorbt.py", "vectorbt[rust]"), "bt": ("peer_bt.py", "bt")},
    "b3": {"vectorbt": ("peer_vectorbt.py", "vectorbt[rust]"), "backtesting": ("peer_backtesting.py", "backtesting")},
}
"""By workload and peer: the program, and what it needs."""


def uv() -> str:
    """Return the path of uv; raises SystemExit where there is none."""
    own = HERE.parent / ".tools" / "bin" / "uv"
    found = str(own) if own.exists() else shutil.which("uv")
    if found is None:
        raise SystemExit("uv is missing: run scripts/kats once, which brings it")
    return found


def commands(workload: str, bars: Path, wanted: Sequence[str]) -> dict[str, list[str]]:
    """Return how to start one round of each."""
    run = [uv(), "run", "-q", "--no-project", "--isolated", "--python", platform.python_version()]
    started = {"kats": [sys.executable, str(HERE / f"{workload}.py"), "--bars", str(bars), "--json"]}
    for name, (program, needed) in PEERS[workload].items():
        if name in wanted:
            started[name] = [*run, "--with", needed, "python", str(HERE / program), workload, str(bars)]
    return started


def once(command: Sequence[str]) -> Figure | None:
    """Return the figure of one round, None where it could not run, which is told."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{' '.join(command[-4:])}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    return figure.from_json(done.stdout.strip().splitlines()[-1])


def measure(workload: str, bars: Path, rounds: int, wanted: Sequence[str]) -> dict[str, list[Figure]]:
    """Return the figures of every round by name."""
    taken: dict[str, list[Figure]] = {}
    started = commands(workload, bars, wanted)
    for _ in range(rounds):
        for name, command in started.items():
            one = once(command)
            if one is not None:
                taken.setdefault(name, []).append(one)
    return taken


def report(taken: Mapping[str, Sequence[Figure]]) -> None:
    """Print medians, the spread of each, and how ours compares."""
    ours = figure.median(taken["kats"])
    for name, figures in taken.items():
        middle = figure.median(figures)
        print(middle.as_text())
        rates = sorted(one.bars_per_second for one in figures)
        print(f"    {len(figures)} rounds, {rates[0]:,.0f} to {rates[-1]:,.0f} bars/s")
        if name != "kats":
            speed, memory = ours.bars_per_second / middle.bars_per_second, ours.peak_bytes / middle.peak_bytes
            work = (middle.cpu_seconds / middle.bars) / (ours.cpu_seconds / ours.bars)
            print(
                f"    kats is {speed:.3f} times as fast, {work:.3f} by processor time, with {memory:.2f} times the memory"
            )
        print(f"    {' '.join(f'{key} {value}' for key, value in middle.versions.items())}")


def generate(workload: str, symbols: int, sessions: int, minutes: int, folder: Path) -> None:
    """Write the bars of a workload, in a process of its own."""
    size = [str(symbols), str(sessions)] if workload == "b1" else [str(minutes)]
    subprocess.run([sys.executable, str(HERE / "generated.py"), *size, str(folder)], check=True)


def main() -> None:
    """Print a table for each workload that was asked for."""
    options = argparse.ArgumentParser(description="measure us and others on the same bars")
    options.add_argument("workloads", nargs="*", choices=list(PEERS), default=list(PEERS))
    options.add_argument("--symbols", type=int, default=2_500, help="of B1")
    options.add_argument("--sessions", type=int, default=2_520, help="of B1")
    options.add_argument("--minutes", type=int, default=1_000_000, help="of B3")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--peers", nargs="*", default=["vectorbt", "bt", "backtesting"])
    options.add_argument("--json", action="store_true", help="one line a round")
    asked = options.parse_args()
    if not asked.json:
        _machine.print_header()
    for workload in asked.workloads:
        with tempfile.TemporaryDirectory() as folder:
            generate(workload, asked.symbols, asked.sessions, asked.minutes, Path(folder))
            taken = measure(workload, Path(folder), asked.rounds, asked.peers)
        if asked.json:
            print("\n".join(one.as_json() for figures in taken.values() for one in figures))
        elif "kats" in taken:
            report(taken)


if __name__ == "__main__":
    main()
