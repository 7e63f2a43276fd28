"""Hold what is owned: positions and the account."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import msgspec
import msgspec.structs

from kats_core.model.codes import CoreCode
from kats_core.model.labels import Code
from kats_core.model.signal import ExitPlan
from kats_core.model.time import Nanos


class Pyramid(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How far a plan of `plan` shares was bought: `bought` shares for `amount` won in the newest `stage`, by one signal."""

    plan: int
    stage: int
    signal_id: str
    bought: int
    amount: int

    @property
    def average(self) -> Fraction:
        """Average fill of the newest stage."""
        return Fraction(self.amount, self.bought)

    def with_fill(self, signal_id: str, quantity: int, amount: int) -> Pyramid:
        """Return the pyramid with a fill of the newest stage, or with the first one of the next."""
        if signal_id == self.signal_id:
            return msgspec.structs.replace(self, bought=self.bought + quantity, amount=self.amount + amount)
        return Pyramid(plan=self.plan, stage=self.stage + 1, signal_id=signal_id, bought=quantity, amount=amount)


class Position(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Shares of a symbol held by one instance in one slot.

    `cost` is what was paid for the shares still held, without fees, so that the average `cost / quantity` is exact;
    `initial_risk` is R0 in won. `targets` are the prices at which shares are still to be sold, nearest first, with their
    number; `reached` targets of the plan were touched already. `stop_code` says why the stop is where it is, `peak` is the
    highest price since the entry, `pivot` the price whose break was bought. `dividends` are won that went ex while the
    shares still held were held: exits compare with prices after them.
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
    pivot: int | None = None
    stop_code: Code = CoreCode.STOP
    reached: int = 0
    dividends: Fraction = Fraction(0)
    pyramid: Pyramid | None = None
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

    @property
    def exit_average(self) -> Fraction:
        """Average price paid per share, less the dividends since: where the shares break even before costs."""
        return (self.cost - self.dividends) / self.quantity

    @property
    def rests(self) -> int:
        """How many of `targets`, the first ones, are what reached ones have left unsold."""
        return max(0, len(self.targets) - (len(self.exits.targets) - self.reached))

    @property
    def is_trailing(self) -> bool:
        """Whether the plan's trailing stop is active: every target was reached."""
        return self.exits.trail is not None and self.reached >= len(self.exits.targets)
