"""Say what time it is on the exchange: the wall clock's, a faster one's, or whatever somebody last said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from kats_core.model.time import SECOND, Nanos


@dataclass(slots=True)
class MarketClock:
    """The exchange's clock. It starts at `start` and runs `speed` times as fast as `monotonic`; at 0 it only steps."""

    start: Nanos
    speed: float
    monotonic: Callable[[], float]
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self._since = self.monotonic()

    def now(self) -> Nanos:
        """Return the time."""
        if self.speed == 0:
            return self.start
        return self.start + int((self.monotonic() - self._since) * self.speed * SECOND)

    def step_to(self, instant: Nanos) -> None:
        """Set the time; it goes on from there and never back."""
        self.start, self._since = max(instant, self.now()), self.monotonic()

    def hold(self, instant: Nanos) -> None:
        """Go on from an instant that lies behind: what moves by this clock could not keep up."""
        self.start, self._since = instant, self.monotonic()

    def run_at(self, speed: float) -> None:
        """Go on at another speed from now on."""
        now = self.now()
        self.start, self._since, self.speed = now, self.monotonic(), speed


@dataclass(slots=True)
class GatewayClock:
    """The gateway's clock in seconds, that of the wall; it can be set ahead, so that tokens expire and minutes pass."""

    wall: Callable[[], float]
    ahead: float = 0.0

    def now(self) -> float:
        """Return the time."""
        return self.wall() + self.ahead
