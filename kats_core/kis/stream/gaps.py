"""Keep the report of gaps: from when to when there was no proof that a symbol was fed.

A gap begins with the last message that proves the feed and ends with the broker's answer to the new registration. That answer
alone proves little (an acknowledged registration can stay silent), so a symbol that is judged silent before it was heard again
goes on with the same gap. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from kats_core.model.time import SECOND, Nanos


class GapReason(StrEnum):
    """Why there was no proof."""

    CONNECTION = "connection"
    """The connection was lost."""
    SILENCE = "silence"
    """The connection was there and brought nothing."""
    BEHIND = "behind"
    """Messages came and were thrown away, because nobody took them in time."""
    UNREADABLE = "unreadable"
    """Messages came that could not be read."""


class Gap(NamedTuple):
    """A span without proof; `end` is None as long as it lasts."""

    symbol: str
    start: Nanos
    end: Nanos | None
    reason: GapReason


class Gaps:
    """All gaps of a session of the exchange, oldest first."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._closed: list[Gap] = []
        self._open: dict[str, Gap] = {}
        self._unproven: dict[str, Gap] = {}
        self._running: dict[str, Gap] = {}
        self.forgotten = 0
        """Old gaps that were dropped, so that memory stays bounded."""

    def begin(self, symbol: str, last_proof: Nanos, reason: GapReason) -> None:
        """Begin a gap at the last proof, unless one lasts already or ended without proof: then that one goes on."""
        if symbol in self._open:
            return
        unproven = self._unproven.pop(symbol, None)
        self._open[symbol] = Gap(symbol, last_proof, None, reason) if unproven is None else unproven._replace(end=None)

    def answered(self, symbol: str, now: Nanos) -> None:
        """End a gap with the broker's answer; it is proven by the next message."""
        gap = self._open.pop(symbol, None)
        if gap is not None:
            self._unproven[symbol] = gap._replace(end=max(now, gap.start))

    def heard(self, symbol: str, now: Nanos) -> None:
        """Note a message about a symbol: it ends what lasts, and proves what has ended."""
        unproven = self._unproven.pop(symbol, None)
        if unproven is not None:
            self.add(unproven)
        gap = self._open.pop(symbol, None)
        if gap is not None:
            self.add(gap._replace(end=max(now, gap.start)))

    def disprove(self, symbol: str, now: Nanos) -> None:
        """End a silence in which there was nothing to hear: it was no gap."""
        gap = self._open.get(symbol)
        if gap is not None and gap.reason is GapReason.SILENCE:
            del self._open[symbol]
        self.heard(symbol, now)

    def forget(self, symbol: str, now: Nanos) -> None:
        """End what lasts: nobody watches the symbol any more."""
        self.answered(symbol, now)
        self.heard(symbol, now)

    def lost(self, symbol: str, at: Nanos, reason: GapReason) -> None:
        """Note that a message did not reach the reader; losses that follow each other within a second are one gap."""
        running = self._running.get(symbol)
        if running is not None and running.reason is reason and running.end is not None and at - running.end <= SECOND:
            self._running[symbol] = running._replace(end=max(at, running.end))
            return
        if running is not None:
            self.add(running)
        self._running[symbol] = Gap(symbol, at, at, reason)

    def add(self, gap: Gap) -> None:
        """Note a gap that is over."""
        self._closed.append(gap)
        if len(self._closed) > self._most:
            del self._closed[0]
            self.forgotten += 1

    def report(self, symbols: Iterable[str] | None = None) -> tuple[Gap, ...]:
        """Return all gaps by their start, of all symbols or of some."""
        wanted = None if symbols is None else set(symbols)
        every = [*self._closed, *self._unproven.values(), *self._open.values(), *self._running.values()]
        found = [gap for gap in every if wanted is None or gap.symbol in wanted]
        return tuple(sorted(found, key=lambda gap: (gap.start, gap.symbol)))
