"""Hold what is owned: positions and the account."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import msgspec

from kats_core.model.signal import ExitPlan
from kats_core.model.time import Nanos


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of a symbol held by one instance in one slot.

    `cost` is what was paid for the shares still held, without fees, so that the average `cost / quantity` is exact;
    `initial_risk` is R0 in won. `targets` are the prices not yet reached, nearest first, with the shares to sell there.
    """

    instance: str
    symbol: str
    slot: int
    quantity: int
    cost: Fraction
    stop: int
    exits: ExitPlan
    targets: tuple[tuple[int, int], ...]
    opened_at: Nanos
    opened_on: dt.date
    signal_id: str
    initial_risk: Fraction
    initial_stop: int
    bought: int
    peak: int
    grade: str = ""
    sector: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        """(instance, symbol, slot)."""
        return (self.instance, self.symbol, self.slot)

    @property
    def average(self) -> Fraction:
        """Average price paid per share, without fees."""
        return self.cost / self.quantity
