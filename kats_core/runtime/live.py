"""Drive a session that comes as it happens: source and broker on one side, a clock on the other, the engine between.

All that is heard waits in one inbox and is taken in between two instants, so that nothing ever meets the engine in the
middle of a decision.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from kats_core.market.source import LiveFeed, SourceError
from kats_core.model import time
from kats_core.model.time import Nanos
from kats_core.orders.broker import Broker, BrokerError, RemoteBroker
from kats_core.runtime.live_day import Heard, LiveDay

LAG: Nanos = time.SECOND // 4
"""How long what happens may be on its way: so long behind its end a minute ends, however much of the next has arrived before."""


class Inbox:
    """What was heard and not yet taken in, in its order."""

    def __init__(self) -> None:
        self._waiting: deque[Heard] = deque()
        self.arrived = asyncio.Event()

    def put(self, one: Heard) -> None:
        """Add what is heard now."""
        self._waiting.append(one)
        self.arrived.set()

    def take(self) -> Sequence[Heard]:
        """Return everything that waits, and forget it."""
        waiting, self._waiting = self._waiting, deque()
        self.arrived.clear()
        return waiting


class Clock(Protocol):
    """Tells the time, and lets it go on. `lag`: what has happened so long ago has been heard."""

    @property
    def lag(self) -> Nanos: ...

    async def advance(self, arrived: asyncio.Event) -> Nanos:
        """Wait for the next full second, or until something has arrived; return the instant."""


class WallClock:
    """A clock that runs by itself. `now` reads it, in nanoseconds UTC; it runs `speed` times as fast as the machine's own."""

    def __init__(self, now: Callable[[], Nanos], speed: float = 1.0) -> None:
        self._now = now
        self._speed = speed
        self.lag = LAG

    async def advance(self, arrived: asyncio.Event) -> Nanos:
        now = self._now()
        left = time.SECOND - (now - self.lag) % time.SECOND
        with suppress(TimeoutError):
            await asyncio.wait_for(arrived.wait(), left / time.SECOND / self._speed)
        return self._now()


async def drive(
    day: LiveDay, source: LiveFeed, broker: Broker, clock: Clock, serve: Callable[[], None] = lambda: None
) -> None:
    """Play a prepared session to its end; `serve` is called each second, for whoever wants something of the process.

    Raises:
        SourceError, BrokerError: one of the two cannot be used any more.
    """
    inbox = Inbox()
    source.want(day.wants)
    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(source.listen(inbox.put))]
            if isinstance(broker, RemoteBroker):
                running.append(group.create_task(broker.serve(inbox.put, day.feed.engine.wants)))
            await _turn(day, source, clock, inbox, serve)
            for task in running:
                task.cancel()
    except* (SourceError, BrokerError) as failed:
        raise failed.exceptions[0] from None


async def _turn(day: LiveDay, source: LiveFeed, clock: Clock, inbox: Inbox, serve: Callable[[], None]) -> None:
    second = 0
    wanted = day.wants
    while not day.is_over:
        now = await clock.advance(inbox.arrived)
        for one in inbox.take():
            day.hear(one, now)
        heard_until = now - clock.lag
        if now // time.SECOND == second and not day.is_due(heard_until):
            continue
        second = now // time.SECOND
        day.tick(now, heard_until)
        serve()
        if day.wants != wanted:
            wanted = day.wants
            source.want(wanted)
