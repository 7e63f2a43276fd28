"""Hold what a benchmark measures, for people and as JSON; the standard library alone, since peers' environments read it too."""

from __future__ import annotations

import json
import resource
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path


class Watch:
    """Measures clock and processor from when it was made."""

    def __init__(self) -> None:
        self._clock, self._cpu = time.perf_counter(), time.process_time()

    def taken(self) -> tuple[float, float]:
        """Return the seconds of the clock and of the processor so far."""
        return time.perf_counter() - self._clock, time.process_time() - self._cpu


@dataclass(frozen=True)
class Figure:
    """One measured run. `seconds` are the clock's, `cpu_seconds` the process's own, which others on the machine stretch less.

    `peak_bytes` is the most memory the whole process has had; `phases` are seconds by name.
    """

    name: str
    bars: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    phases: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def bars_per_second(self) -> float:
        """Bars over seconds."""
        return self.bars / self.seconds

    def as_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(asdict(self) | {"bars_per_second": round(self.bars_per_second)})

    def as_text(self) -> str:
        """Return lines for people."""
        rate, memory = f"{self.bars_per_second:>13,.0f} bars/s", f"{self.peak_bytes / 1e9:6.2f} GB"
        time_taken = f"{self.seconds:9.2f} s ({self.cpu_seconds:.2f} of the processor)"
        lines = [f"{self.name:22}{self.bars:>12,} bars {time_taken} {rate} {memory}"]
        lines += [f"    {name:30}{seconds:8.2f} s" for name, seconds in self.phases.items()]
        if self.counts:
            lines.append("    " + ", ".join(f"{count:,} {name}" for name, count in self.counts.items()))
        return "\n".join(lines)


def from_json(line: str) -> Figure:
    """Return what `as_json` wrote."""
    fields = json.loads(line)
    fields.pop("bars_per_second")
    return Figure(**fields)


def median(figures: Sequence[Figure]) -> Figure:
    """Return the figure of middle speed; of an even number the slower one in the middle."""
    middle = statistics.median_low([one.bars_per_second for one in figures])
    return next(one for one in figures if one.bars_per_second == middle)


def peak_bytes() -> int:
    """Return the most memory this process has had since it was started."""
    # What getrusage says includes the parent's memory at the fork.
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
