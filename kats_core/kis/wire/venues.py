"""Name the exchanges, as orders and as quotes name them."""

from __future__ import annotations

import enum
from typing import Final

from kats_core.kis.wire.values import coded


class Venue(enum.StrEnum):
    """An exchange; SOR lets the broker choose, ALL asks about both together. The mock server knows KRX alone."""

    KRX = "KRX"
    NXT = "NXT"
    SOR = "SOR"
    ALL = "ALL"


OF_ORDERS: Final = coded("venue", {venue.value: venue for venue in Venue} | {"": Venue.KRX})
OF_QUOTES: Final = coded("venue", {"J": Venue.KRX, "NX": Venue.NXT, "UN": Venue.ALL})
