"""Let calls wait for the limiter's word on the event loop's clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from kats_core.kis.limiter import Lane, Limiter, Ticket
from kats_core.model.time import SECOND, Nanos


class Pacer:
    """Gives turns of one app key, one after the other. Belongs to one event loop.

    Args:
        limiter: Who decides.
        clock: Nanoseconds that never run back.
    """

    def __init__(self, limiter: Limiter, *, clock: Callable[[], Nanos] = time.monotonic_ns) -> None:
        self._limiter = limiter
        self._clock = clock
        self._waiting: dict[Ticket, asyncio.Future[Nanos]] = {}
        self._alarm: asyncio.TimerHandle | None = None

    async def turn(self, lane: Lane, *, is_ledger: bool) -> Nanos:
        """Wait for a turn; return when it was given, for `refused`."""
        ticket = self._limiter.enter(lane, is_ledger=is_ledger)
        given: asyncio.Future[Nanos] = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = given
        self._give()
        try:
            return await given
        finally:
            # Only one that was given up is still there.
            self._waiting.pop(ticket, None)
            self._limiter.withdraw(ticket)

    def refused(self, given_at: Nanos, *, by_ledger: bool) -> None:
        """Slow down: the broker refused a call for its number."""
        self._limiter.refused(given_at, self._clock(), by_ledger=by_ledger)

    @property
    def rate(self) -> float:
        """The calls a second that may leave now."""
        return self._limiter.rate(self._clock())

    def _give(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        now = self._clock()
        while (ticket := self._limiter.grant(now)) is not None:
            given = self._waiting.pop(ticket)
            if not given.done():
                given.set_result(now)
        next_at = self._limiter.next_at(now)
        if next_at is not None:
            delay = max(next_at - now, 0) / SECOND
            self._alarm = asyncio.get_running_loop().call_later(delay, self._give)
