"""Let several watchers follow a run: the view on the screen, and whoever sums up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from kats_core.model.command import Notify
    from kats_core.model.record import Record
    from kats_core.model.time import Nanos
    from kats_core.runtime.assembly import App
    from kats_core.runtime.play import Watcher


class View(Protocol):
    """A watcher that owns the screen between `__enter__` and `__exit__`."""

    def __enter__(self) -> Watcher:
        """Take the screen."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the screen back, whatever happened."""


class Audience:
    """Tells each watcher everything, in their order; the first may take its time."""

    def __init__(self, *watchers: Watcher) -> None:
        self._watchers = watchers

    def on_start(self, app: App, sessions: Sequence[dt.date]) -> None:
        for watcher in self._watchers:
            watcher.on_start(app, sessions)

    def on_record(self, record: Record) -> None:
        for watcher in self._watchers:
            watcher.on_record(record)

    def on_notice(self, notice: Notify) -> None:
        for watcher in self._watchers:
            watcher.on_notice(notice)

    def on_clock(self, now: Nanos) -> None:
        for watcher in self._watchers:
            watcher.on_clock(now)


class Quiet:
    """Shows nothing; also the base of views that show some things only."""

    def __enter__(self) -> Watcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def on_start(self, app: App, sessions: Sequence[dt.date]) -> None:
        """Nothing to show."""

    def on_record(self, record: Record) -> None:
        """Nothing to show."""

    def on_notice(self, notice: Notify) -> None:
        """Nothing to show."""

    def on_clock(self, now: Nanos) -> None:
        """Nothing to show."""
