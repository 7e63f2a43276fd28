"""Say how long to wait before the next connection.

Pure: the random number comes in. The broker blocks who connects and disconnects in a loop (`kis/quirks.md` F5), so there is a
pause after every end of a connection, a clean one too, and the pauses shorten again only after a connection has lasted. That
is why the reconnecting iterator of `websockets`, which starts afresh after each handshake, is not used.
"""

from __future__ import annotations

from dataclasses import dataclass

from kats_core.model.time import MINUTE, SECOND, Nanos

_MOST_DOUBLINGS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class BackoffTerms:
    """Pauses of 1, 2, 4 ... 60 s (`spec/ops.md` section 8), each shortened by up to half at random.

    `settled`: a connection that was proven for so long ends the doubling. `ghost`: the first pause after the broker said that
    the app key is in use; the session that it still sees lives for up to about 90 s.
    """

    first: Nanos = SECOND
    longest: Nanos = MINUTE
    settled: Nanos = MINUTE
    ghost: Nanos = 15 * SECOND

    def __post_init__(self) -> None:
        if not 0 < self.first <= self.longest:
            raise ValueError(f"pauses from {self.first} to {self.longest} ns: a connection must never loop without one")


class Backoff:
    """Counts the connections in a row that did not last."""

    def __init__(self, terms: BackoffTerms) -> None:
        self._terms = terms
        self._failures = 0

    def pause(self, proven_for: Nanos, jitter: float, *, in_use: bool = False) -> Nanos:
        """Return the pause after a connection that was proven for so long (0: never).

        `jitter` is a random number from 0 to 1. `in_use`: the broker sees another session of the same app key.
        """
        terms = self._terms
        self._failures = 0 if proven_for >= terms.settled else min(self._failures, _MOST_DOUBLINGS)
        full = min(terms.longest, terms.first << self._failures)
        if in_use:
            full = max(full, min(terms.ghost << self._failures, 2 * terms.longest))
        self._failures += 1
        return full - int(full * min(max(jitter, 0.0), 1.0) / 2)
