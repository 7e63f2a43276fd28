"""Run backtests of benchmarks the way `kats backtest` does, into a folder that is thrown away, and take their figures."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import generated
import generated_source
import numpy as np
import pyarrow
from figure import Figure, Watch, peak_bytes

from kats_core import __version__
from kats_core.config import Resolved, resolve
from kats_core.model.command import Notify
from kats_core.model.record import Record
from kats_core.model.time import Nanos
from kats_core.plugins import InstalledPlugin, PluginKind, installed, load
from kats_core.research.folder import complete
from kats_core.runtime.assembly import App, RunKind, open_source
from kats_core.runtime.play import Plan, Request, plan, play
from kats_core.store.folder_recorder import DECISIONS, FolderRecorder

HERE = Path(__file__).resolve().parent
VERSIONS = {"kats-core": __version__, "numpy": np.__version__, "pyarrow": pyarrow.__version__}

OWN_PLUGINS = (
    InstalledPlugin(PluginKind.DATA_SOURCE, "generated", "benchmarks", __version__, "generated_source"),
    InstalledPlugin(PluginKind.STRATEGY, "sma-cross", "benchmarks", __version__, "sma_cross"),
)
"""Plugins that live beside the benchmarks."""


BACKTEST = Request(kind=RunKind.BACKTEST)


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


@dataclass(frozen=True)
class Shape:
    """How many generated bars: symbols x sessions."""

    symbols: int
    sessions: int

    def write(self, folder: Path) -> None:
        """Generate the bars in a process of its own, so that its memory is not this one's."""
        command = [sys.executable, str(HERE / "generated.py"), str(self.symbols), str(self.sessions), str(folder)]
        subprocess.run(command, check=True)


def generated_backtest(
    name: str, config: Path, bars: Path, changes: Mapping[str, Any] | None = None, request: Request = BACKTEST
) -> Figure:
    """Return the figures of a backtest over the generated bars of a folder, which are in memory when it begins."""
    resolved, before = configured(config, {"data.params.folder": str(bars), **(changes or {})}), peak_bytes()
    open_source(resolved)
    return measured(name, resolved, before, request)


def configured(
    config: Path | None, overrides: Mapping[str, Any], available: Sequence[InstalledPlugin] = OWN_PLUGINS
) -> Resolved:
    """Return a configuration; without a file, what `kats backtest FILE` has."""
    return resolve(
        config,
        overrides=overrides,
        file_data=True,
        environ={"KATS_HOME": tempfile.gettempdir(), "PATH": os.environ.get("PATH", "")},
        cwd=Path(tempfile.gettempdir()),
        available=[*installed(), *available],
    )


def measured(
    name: str, resolved: Resolved, before: int, request: Request = BACKTEST, *, with_report: bool = False
) -> Figure:
    """Return the figures of one backtest up to its finished folder; `before` is what the process had of memory."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "run"
        watcher = Counting()
        watch = Watch()
        planned = plan(resolved, request)
        opened, _ = watch.taken()
        reporting = (lambda growing: complete(growing, planned.panel, "en")) if with_report else None
        recorder = FolderRecorder(folder, complete=reporting)
        finished = play(planned, recorder, watcher, lambda: dt.datetime.now(dt.UTC))
        done, cpu = watch.taken()
        written = (folder / DECISIONS).stat().st_size
    return Figure(
        name=name,
        bars=_bars(planned),
        seconds=done,
        cpu_seconds=cpu,
        peak_bytes=peak_bytes(),
        phases={"panel and assembly": opened, "sessions, decisions written": done - opened},
        counts={
            "sessions": len(finished.sessions),
            "symbols": len(planned.panel.symbols),
            "records": watcher.records,
            "trades": len(finished.trades),
            "bytes of decisions": written,
            "bytes before": before,
            "faults": len(finished.faults),
        },
        versions=VERSIONS,
    )


def _bars(planned: Plan) -> int:
    """Return how many bars were played: minutes where there are any, else days."""
    if planned.app.kind is RunKind.RUN:
        return sum(len(planned.app.source.minutes(session)) for session in planned.sessions)
    return int(planned.panel.present.sum())


def strategy_names(*, on_daily_bars: bool = False) -> list[str]:
    """Return the names of the installed strategies; of those that do without minute bars alone, if asked."""
    keys = [(PluginKind.STRATEGY, one.name) for one in installed() if one.kind is PluginKind.STRATEGY]
    if not on_daily_bars:
        return [name for _, name in keys]
    known = load(keys, installed()).descriptors
    return [name for (_, name), one in known.items() if not one.traits.needs_minute_bars]


def warm_up() -> None:
    """Run a small backtest, so that imports and first calls are not measured."""
    with tempfile.TemporaryDirectory() as folder:
        bars = Path(folder)
        generated.write(generated.daily_bars(30, 30), bars)
        generated_backtest("warm-up", HERE / "b1.yaml", bars)


def sessions_in(bars: Path) -> int:
    """Return how many sessions of minute bars a folder holds."""
    return len(generated_source.opened(bars).minute_sessions())
