"""Name what can happen on a board: the server turns it into frames, the desk into bookings and notices."""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

import msgspec

from kats_core.model.kinds import Side
from kats_core.model.time import Nanos
from kats_core.simulator.exchange.book import OrderNumber


class Ended(Enum):
    """Why shares of an order left the book without trading."""

    IMMEDIATE = "what was not filled at once of an immediate order"
    SESSION = "the session is over"


class Printed(msgspec.Struct, frozen=True, gc=False):
    """Shares changed hands; `aggressor` is None at the print of an auction.

    `is_own`: clients brought this about; the street's tape does not have it.
    """

    ts: Nanos
    symbol: str
    price: int
    quantity: int
    aggressor: Side | None
    is_auction: bool = False
    is_own: bool = False


class Filled(msgspec.Struct, frozen=True, gc=False):
    """Shares of a client's order traded."""

    ts: Nanos
    number: OrderNumber
    price: int
    quantity: int


class Removed(msgspec.Struct, frozen=True, gc=False):
    """Shares of a client's order left without trading."""

    ts: Nanos
    number: OrderNumber
    quantity: int
    why: Ended


class Triggered(msgspec.Struct, frozen=True, gc=False):
    """A stop order's price was reached: it is in the book from now on."""

    ts: Nanos
    number: OrderNumber


class Interrupted(msgspec.Struct, frozen=True, gc=False):
    """A volatility interruption began or, `is_over`, ended with the print that is the new reference."""

    ts: Nanos
    symbol: str
    is_over: bool
    is_static: bool
    is_upward: bool
    reference: int
    trigger: int


class Stopped(msgspec.Struct, frozen=True, gc=False):
    """Trading in a symbol was halted or, `is_over`, goes on. `code` is the broker's for what stops a whole market."""

    ts: Nanos
    symbol: str
    is_over: bool
    reason: str = ""
    code: str = ""


class Staged(msgspec.Struct, frozen=True, gc=False):
    """The symbol entered another stage of its session."""

    ts: Nanos
    symbol: str
    stage: str


Happening: TypeAlias = Printed | Filled | Removed | Triggered | Interrupted | Stopped | Staged
