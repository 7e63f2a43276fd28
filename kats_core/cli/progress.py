"""Show at a terminal how far a run through many sessions is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from types import TracebackType

from rich import progress
from rich.console import Console

from kats_core.cli.audience import Quiet
from kats_core.cli.text import t
from kats_core.model.time import Nanos, session_date
from kats_core.runtime.assembly import App
from kats_core.runtime.play import Watcher


class Progress(Quiet):
    """A bar that counts sessions; nothing where there is no terminal."""

    def __init__(self, console: Console) -> None:
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(t("arming"), total=None)
        self._session: dt.date | None = None

    def __enter__(self) -> Watcher:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def on_start(self, app: App, sessions: Sequence[dt.date]) -> None:
        self._session = None
        self._bar.update(self._task, total=len(sessions), completed=0)

    def on_clock(self, now: Nanos) -> None:
        session = session_date(now)
        if session != self._session:
            self._session = session
            self._bar.update(self._task, advance=1, description=session.isoformat())
