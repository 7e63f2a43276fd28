"""Decide which call may leave next, and when: a token bucket of one app key with lanes, slowed by the broker's refusals.

Pure: whoever asks brings the time (nanoseconds of a clock that never runs back). Cancels and exits go before entries, these
before inquiries, these before history. A fifth of the bucket is kept for the first lane, and one call in eight is the one
that has waited longest, so that no lane starves. The broker counts calls in a sliding second and its limiter is distributed
(`kis/quirks.md` B1): it may refuse below its own limit, so each refusal (EGW00201) slows the bucket down for a while. The
ledger behind accounts and orders has a limit of its own (EGW00215), which slows only calls that reach it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from kats_core.model.time import SECOND, Nanos

BURST = 3
"""Calls that may follow each other at the least spacing after a rest."""

LEAST_SPACING: Nanos = 60_000_000
"""Between two calls. The broker's notice of April 2026 recommends to spread them."""

TURN = 8
"""One grant in so many goes to the call that has waited longest, whatever its lane."""

_RESERVED = 5  # the part of the rate that only the first lane may use: one in five
_SLOWER = 0.7
_SLOWEST = 0.1
_REST: Nanos = 5 * SECOND
_FASTER = 1.05
_HEALED: Nanos = 300 * SECOND  # from a tenth to the whole in 48 steps


class Lane(enum.IntEnum):
    """Who goes first."""

    EXIT = 0
    """Cancels, sells, and inquiries about an order whose fate is not known."""
    ENTRY = 1
    QUERY = 2
    HISTORY = 3


@dataclass(frozen=True, slots=True)
class Ticket:
    """A call that waits for its turn."""

    number: int
    lane: Lane
    is_ledger: bool


class Pace:
    """A token bucket, kept as the instant at which it is full again.

    Within any span there are at most `burst + rate * span` takes. A refusal empties it and makes it slower by thirty
    percent, down to a tenth of its nominal rate; each five seconds without another one it becomes faster by a twentieth.
    """

    def __init__(self, per_second: float, burst: int) -> None:
        self._nominal = per_second
        self._burst = burst
        self._full_at: Nanos = 0
        self._closed_until: Nanos = 0
        self._slowed_at: Nanos | None = None
        self._slowed_to = per_second

    def rate(self, now: Nanos) -> float:
        """Return the calls a second that it lets through now."""
        if self._slowed_at is None:
            return self._nominal
        if now - self._slowed_at >= _HEALED:
            return self._nominal
        return min(self._nominal, self._slowed_to * _FASTER ** ((now - self._slowed_at) // _REST))

    def ready_at(self, now: Nanos) -> Nanos:
        """Return when the next call may leave."""
        return max(self._full_at - (self._burst - 1) * self._interval(now), self._closed_until)

    def take(self, now: Nanos) -> None:
        """Let a call leave."""
        self._full_at = max(self._full_at, now) + self._interval(now)

    def slow_down(self, sent_at: Nanos, now: Nanos, pause: Nanos) -> None:
        """Slow down because a call was refused; calls that had left before the last time change nothing."""
        self._closed_until = max(self._closed_until, now + pause)
        if self._slowed_at is not None and sent_at <= self._slowed_at:
            return
        self._slowed_to = max(self.rate(now) * _SLOWER, self._nominal * _SLOWEST)
        self._slowed_at = now
        self._full_at = now + self._burst * self._interval(now)

    def _interval(self, now: Nanos) -> Nanos:
        return -int(-SECOND // self.rate(now))


class Limiter:
    """The calls of one app key that wait, and when each may go.

    ```python
    limiter = Limiter(15, ceiling=18)
    ticket = limiter.enter(Lane.QUERY, is_ledger=False)
    limiter.grant(now)      # ticket, or None before limiter.next_at(now)
    ```
    """

    def __init__(self, per_second: float, *, ceiling: float) -> None:
        burst = max(1, min(BURST, int(ceiling - per_second)))
        self._gateway = Pace(per_second, burst)
        reserved = int(per_second // _RESERVED)
        self._unreserved = Pace(per_second - reserved, burst) if reserved else None
        self._ledger = Pace(per_second, burst)
        self._spacing = min(LEAST_SPACING, int(SECOND / per_second))
        # What the notice asks for: at least 0.1 s on the real host, a second on the mock one.
        self._pause = max(int(SECOND / per_second), SECOND // 10)
        self._last: Nanos | None = None
        self._waiting: list[Ticket] = []
        self._numbers = 0
        self._passed_over = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def enter(self, lane: Lane, *, is_ledger: bool) -> Ticket:
        """Queue a call; `is_ledger` when it reaches the ledger: orders and accounts."""
        self._numbers += 1
        ticket = Ticket(self._numbers, lane, is_ledger)
        self._waiting.append(ticket)
        return ticket

    def withdraw(self, ticket: Ticket) -> None:
        """Forget a call that nobody waits for any longer; one that has left changes nothing."""
        if ticket in self._waiting:
            self._waiting.remove(ticket)

    def grant(self, now: Nanos) -> Ticket | None:
        """Return the call that leaves now, None when none may."""
        ready = [ticket for ticket in self._candidates(now) if self._ready_at(ticket, now) <= now]
        if not ready:
            return None
        oldest = self._waiting[0]
        chosen = oldest if self._is_turn_of_oldest and oldest in ready else min(ready, key=_rank)
        self._passed_over = 0 if chosen is oldest else self._passed_over + 1
        self._waiting.remove(chosen)
        for pace in self._paces(chosen):
            pace.take(now)
        self._last = now
        return chosen

    def next_at(self, now: Nanos) -> Nanos | None:
        """Return when to ask again, None when nobody waits."""
        return min((self._ready_at(ticket, now) for ticket in self._candidates(now)), default=None)

    def refused(self, sent_at: Nanos, now: Nanos, *, by_ledger: bool) -> None:
        """Slow down because the broker refused a call, sent at `sent_at`, for its number: EGW00201, or the ledger's EGW00215."""
        pace = self._ledger if by_ledger else self._gateway
        pace.slow_down(sent_at, now, self._pause)

    def rate(self, now: Nanos) -> float:
        """Return the calls a second that may leave now."""
        return self._gateway.rate(now)

    @property
    def _is_turn_of_oldest(self) -> bool:
        return self._passed_over >= TURN - 1

    def _candidates(self, now: Nanos) -> Iterator[Ticket]:
        """Yield who may compete. While the oldest has its turn and is held back, nobody takes from it what it waits for."""
        oldest = self._waiting[0] if self._waiting else None
        held = (
            [pace for pace in self._paces(oldest) if pace is not self._gateway and pace.ready_at(now) > now]
            if oldest is not None and self._is_turn_of_oldest
            else []
        )
        for ticket in self._waiting:
            if ticket is oldest or not any(pace in held for pace in self._paces(ticket)):
                yield ticket

    def _paces(self, ticket: Ticket) -> Iterator[Pace]:
        yield self._gateway
        if self._unreserved is not None and ticket.lane is not Lane.EXIT:
            yield self._unreserved
        if ticket.is_ledger:
            yield self._ledger

    def _ready_at(self, ticket: Ticket, now: Nanos) -> Nanos:
        spaced = now if self._last is None else self._last + self._spacing
        return max(spaced, *(pace.ready_at(now) for pace in self._paces(ticket)))


def _rank(ticket: Ticket) -> tuple[Lane, int]:
    return ticket.lane, ticket.number
