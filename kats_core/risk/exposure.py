"""Measure what is in use already: the value of what is held plus the room reserved for live entry orders.

Several stages cap the same sums by grade, sector, symbol or in all (`spec/risk.md` sections 2.4 to 2.7), so they are
measured in one place, once for all stages of a signal. A held share counts at its last price, at cost where there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import chain

import msgspec

from kats_core.market.exact import Ratio
from kats_core.model.position import Position
from kats_core.risk.reservation import Reservation


class Claim(msgspec.Struct, frozen=True, gc=False):
    """A position, or the reservation of a live entry order.

    `amount` is what it uses, won; `risk` what is lost if it is stopped out, costs left out, exact.
    """

    instance: str
    symbol: str
    grade: str
    sector: str
    amount: int
    risk: int | Fraction


class Exposure:
    """Claims on the account at one moment, and their sums; the claims of one grade, sector or symbol are one too.

    `total` is in won. `symbols` are held or on order; several slots and strategies in one count once. `risk` is what is lost
    if everything is stopped out. Sums that are known already need not be made again.
    """

    __slots__ = ("_grades", "_sectors", "claims", "risk", "symbols", "total")

    def __init__(self, claims: Sequence[Claim], total: int | None = None, risk: int | Fraction | None = None) -> None:
        self.claims = claims
        self.total = sum([claim.amount for claim in claims]) if total is None else total
        self.risk = sum([claim.risk for claim in claims]) if risk is None else risk
        self.symbols = frozenset([claim.symbol for claim in claims])
        self._grades: dict[str, Exposure] = {}
        self._sectors: dict[str, Exposure] = {}

    def of_grade(self, grade: str) -> Exposure:
        """Return the claims of symbols with a grade."""
        if not self.claims:
            return self
        found = self._grades.get(grade)
        if found is None:
            found = self._grades[grade] = self._of([claim for claim in self.claims if claim.grade == grade])
        return found

    def of_sector(self, sector: str) -> Exposure:
        """Return the claims of symbols in a sector."""
        if not self.claims:
            return self
        found = self._sectors.get(sector)
        if found is None:
            found = self._sectors[sector] = self._of([claim for claim in self.claims if claim.sector == sector])
        return found

    def _of(self, claims: list[Claim]) -> Exposure:
        if not claims:
            return _NOTHING
        return self if len(claims) == len(self.claims) else Exposure(claims)

    def of_symbol(self, symbol: str) -> Exposure:
        """Return the claims of one symbol."""
        if symbol not in self.symbols:
            return _NOTHING
        return Exposure([claim for claim in self.claims if claim.symbol == symbol])


_NOTHING = Exposure(())


def measure(
    positions: Sequence[Position], reservations: Sequence[Reservation], last_price: Callable[[str], int | None]
) -> Exposure:
    """Return what positions and reservations use; `last_price` tells at what a held symbol is valued."""
    held = [_of_position(position, last_price(position.symbol)) for position in positions]
    return Exposure([*held, *map(_of_reservation, reservations)])


class ExposureMeter:
    """Measures one account again and again: only the symbols that were touched since the last time are looked at anew."""

    def __init__(self) -> None:
        self._held: dict[str, list[Claim]] = {}
        self._total = 0
        self._risk: int | Fraction = 0

    def measure(
        self,
        touched: Iterable[str],
        positions_in: Callable[[str], Sequence[Position]],
        last_price: Callable[[str], int | None],
        reservations: Sequence[Reservation],
    ) -> Exposure:
        """Return what the account uses now; in all but `touched` symbols its positions and their prices are as they were."""
        for symbol in touched:
            for claim in self._held.pop(symbol, ()):
                self._total -= claim.amount
                self._risk -= claim.risk
            last = last_price(symbol)
            claims = [_of_position(position, last) for position in positions_in(symbol)]
            for claim in claims:
                self._total += claim.amount
                self._risk += claim.risk
            if claims:
                self._held[symbol] = claims
        reserved = [_of_reservation(reservation) for reservation in reservations]
        return Exposure(
            [*chain.from_iterable(self._held.values()), *reserved],
            self._total + sum([claim.amount for claim in reserved]),
            self._risk + sum([claim.risk for claim in reserved]),
        )


def shares_within(room: Fraction | Ratio, equity: int, used: int, price: int) -> int:
    """Return how many shares at `price` fit between `used` won and the fraction `room` of `equity`; never below 0."""
    left = equity * room.numerator // room.denominator - used
    return left // price if left > 0 else 0


def _of_position(held: Position, last: int | None) -> Claim:
    # What went ex is owed to the account, and the stop is lower by it.
    paid = held.cost - held.dividends if held.dividends else held.cost
    whole, part = held.cost.numerator, held.cost.denominator
    # A share bought for a fraction of a won more counts as the whole won.
    amount = -(-whole // part) if last is None else held.quantity * last
    loss = max(0, paid.numerator - held.stop * held.quantity * paid.denominator)
    risk = loss if paid.denominator == 1 else Fraction(loss, paid.denominator)
    return Claim(held.instance, held.symbol, held.grade, held.sector, amount, risk)


def _of_reservation(held: Reservation) -> Claim:
    risk = max(0, (held.price - held.stop) * held.quantity)
    return Claim(held.instance, held.symbol, held.grade, held.sector, held.notional, risk)
