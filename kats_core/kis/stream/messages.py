"""What the feed hands on, in one order: records of the market, notices about our orders, and what happens to the feed itself."""

from __future__ import annotations

import enum
from typing import TypeAlias

import msgspec

from kats_core.kis.wire.records import Record
from kats_core.model.time import Nanos


class Received(msgspec.Struct, frozen=True, gc=False):
    """A record, and when it came."""

    at: Nanos
    record: Record


class FeedEvent(enum.StrEnum):
    """What can happen to the feed."""

    UP = "up"
    """Every registration of a line is proven: what was missed meanwhile can be asked for and filled in."""
    DOWN = "down"
    """A line has no connection: its symbols are not fed until it is UP."""
    SILENT = "silent"
    """Symbols are registered and silent, although messages are expected of them."""
    HEARD = "heard"
    """Symbols that were silent are heard again."""
    REFUSED = "refused"
    """The broker refuses a registration."""
    FULL = "full"
    """The broker takes fewer registrations on a line than were planned with."""
    UNREADABLE = "unreadable"
    """Many texts came that could not be read."""
    HELD_UNWATCHED = "held_unwatched"
    """Symbols with a position or a live order have no place: their price must be asked for."""
    BEHIND = "behind"
    """The reader is so far behind that trades were thrown away."""

    @property
    def is_alarm(self) -> bool:
        """Tell whether a person should hear of it."""
        return self not in (FeedEvent.UP, FeedEvent.HEARD)


class Told(msgspec.Struct, frozen=True, gc=False):
    """Something happened to the feed: on which line, to which symbols, and why; of a silence since when."""

    at: Nanos
    event: FeedEvent
    line: str
    symbols: tuple[str, ...] = ()
    detail: str = ""
    since: Nanos | None = None


FeedMessage: TypeAlias = Received | Told
