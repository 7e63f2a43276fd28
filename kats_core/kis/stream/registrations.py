"""Name what can be registered with the broker's stream: a channel, and the symbol, index or user it is about.

Pure. KATS watches the KRX alone, so its channels are those of that venue.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Channel(StrEnum):
    """What a registration brings."""

    NOTICES = "notices"
    """What becomes of our orders; its key is the HTS id."""
    TRADES = "trades"
    BOOK = "book"
    STATUS = "status"
    """Volatility interruptions, halts and phases of a symbol."""
    EXPECTED = "expected"
    """The indicative price of a call auction."""
    INDEX = "index"


class Registration(NamedTuple):
    """One of the places that a session has."""

    channel: Channel
    key: str

    def __str__(self) -> str:
        return f"{self.channel} of {self.key}"
