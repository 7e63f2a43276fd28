"""Say how many daily bars the exits of a position look at, so that whoever feeds a session knows what to bring."""

from __future__ import annotations

from collections.abc import Set

from kats_core.exits import sell_signals, trailing
from kats_core.model.signal import SellSignal, Trail


def bars_needed(trail: Trail | None, signals: Set[SellSignal]) -> int:
    """Return the number of daily bars before the session, 0 where no exit looks back."""
    own = 0 if trail is None else trailing.bars_needed(trail)
    return max(own, *(sell_signals.BARS_NEEDED.get(signal, 0) for signal in signals), 0)
