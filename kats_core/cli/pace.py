"""Let a session's clock run at a multiple of the wall's."""

from __future__ import annotations

from collections.abc import Callable

from kats_core.model.time import SECOND, Nanos, session_date

_NAP_S = 0.2
"""Longest sleep without a look at the screen."""


class Pace:
    """Waits until the wall clock has come as far as the session's, `factor` times as fast; None never waits.

    The nights between sessions are skipped.
    """

    def __init__(self, factor: float | None, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self.factor = factor
        self.clock = clock
        self._sleep = sleep
        self._anchor: tuple[Nanos, float] | None = None

    def wait(self, now: Nanos, meanwhile: Callable[[Nanos], None]) -> None:
        """Return when it is `now`; `meanwhile` is called with the instants on the way."""
        if self.factor is None:
            return
        if self._anchor is None or session_date(self._anchor[0]) != session_date(now):
            self._anchor = (now, self.clock())
            return
        start, started = self._anchor
        due = started + (now - start) / SECOND / self.factor
        while (rest := due - self.clock()) > 0:
            self._sleep(min(rest, _NAP_S))
            passed = (self.clock() - started) * self.factor
            meanwhile(min(now, start + int(passed * SECOND)))
