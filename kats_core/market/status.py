"""Say which of the broker's status codes let a symbol be traded (`spec/market.md` section 3.2, Q6)."""

from __future__ import annotations

HALTED = "58"
"""Trading is suspended: the exchange takes no order at all."""

_TRADABLE = frozenset({"00", "55", "57"})


def is_tradable(status: object) -> bool:
    """Tell whether a status code lets a symbol be bought; an unknown or missing one does not."""
    return status in _TRADABLE
