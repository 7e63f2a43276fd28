"""Measure what is in use already: the value of what is held plus the room reserved for live entry orders.

Several stages cap the same sums by grade, sector, symbol or in all (`spec/risk.md` sections 2.4 to 2.7), so they are
measured in one place. A held share counts at its last price, at cost where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from kats_core.market.exact import floor_times
from kats_core.risk.contract import StageContext


@dataclass(frozen=True, slots=True)
class Claim:
    """A position, or the reservation of a live entry order; `amount` in won."""

    instance: str
    symbol: str
    grade: str
    sector: str
    amount: int


@dataclass(frozen=True, slots=True)
class Exposure:
    """Every claim on the account at one moment."""

    claims: tuple[Claim, ...]

    @property
    def total(self) -> int:
        """Won in use by everything."""
        return sum(claim.amount for claim in self.claims)

    @property
    def symbols(self) -> frozenset[str]:
        """Symbols that are held or on order; several slots and strategies in one count once."""
        return frozenset(claim.symbol for claim in self.claims)

    def of_grade(self, grade: str) -> Exposure:
        """Return the claims of symbols with a grade."""
        return Exposure(tuple(claim for claim in self.claims if claim.grade == grade))

    def of_sector(self, sector: str) -> Exposure:
        """Return the claims of symbols in a sector."""
        return Exposure(tuple(claim for claim in self.claims if claim.sector == sector))

    def of_symbol(self, symbol: str) -> Exposure:
        """Return the claims of one symbol."""
        return Exposure(tuple(claim for claim in self.claims if claim.symbol == symbol))


def exposure(context: StageContext) -> Exposure:
    """Return what positions and reservations use at the moment of `context`."""
    return Exposure(tuple(_claims(context)))


def shares_within(room: Fraction, equity: int, used: int, price: int) -> int:
    """Return how many shares at `price` fit between `used` won and the fraction `room` of `equity`; never below 0."""
    return max(0, floor_times(equity, room) - used) // price


def _claims(context: StageContext) -> Iterator[Claim]:
    for p in context.positions:
        last = context.last_price(p.symbol)
        # A share bought for a fraction of a won more counts as the whole won.
        amount = -(-p.cost.numerator // p.cost.denominator) if last is None else p.quantity * last
        yield Claim(p.instance, p.symbol, p.grade, p.sector, amount)
    for r in context.reservations:
        yield Claim(r.instance, r.symbol, r.grade, r.sector, r.notional)
