"""Find the one price of a call auction (단일가매매) and who trades at it.

The price is the one at which the most shares change hands; of several, the one that leaves the fewest shares over, then the one
nearest to the price before, then the higher. At it everybody trades who pays more or asks less, then whoever came first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kats_core.simulator.exchange.book import OrderNumber


class Interest(NamedTuple):
    """An order in a call auction; `price` None is an order at any price. Their order in a list is that of time."""

    number: OrderNumber
    price: int | None
    quantity: int


class Allotted(NamedTuple):
    """Shares that an order traded in the auction."""

    number: OrderNumber
    quantity: int


class Uncrossing(NamedTuple):
    """The outcome of a call auction: both sides add up to `volume`."""

    price: int
    volume: int
    bought: tuple[Allotted, ...]
    sold: tuple[Allotted, ...]


def uncross(bids: Sequence[Interest], asks: Sequence[Interest], reference: int) -> Uncrossing | None:
    """Return who trades at which price, None when nobody meets. `reference` is the price before."""
    found = equilibrium(bids, asks, reference)
    if found is None:
        return None
    price, volume = found
    return Uncrossing(
        price,
        volume,
        tuple(_allot(sorted(_willing(bids, price, 1), key=lambda one: _rank(one, -1)), volume)),
        tuple(_allot(sorted(_willing(asks, price, -1), key=lambda one: _rank(one, 1)), volume)),
    )


def equilibrium(bids: Sequence[Interest], asks: Sequence[Interest], reference: int) -> tuple[int, int] | None:
    """Return (price, volume) at which the auction would end now, None when nobody meets."""
    prices = {one.price for one in (*bids, *asks) if one.price is not None} | {reference}
    best: tuple[tuple[int, int, int, int], int, int] | None = None
    for price in prices:
        demand = sum(one.quantity for one in _willing(bids, price, 1))
        supply = sum(one.quantity for one in _willing(asks, price, -1))
        volume = min(demand, supply)
        if volume == 0:
            continue
        merit = (volume, -abs(demand - supply), -abs(price - reference), price)
        if best is None or merit > best[0]:
            best = merit, price, volume
    return None if best is None else (best[1], best[2])


def _willing(orders: Iterable[Interest], price: int, sign: int) -> list[Interest]:
    """Return the orders that trade at a price: `sign` 1 buys up to their own, -1 sells from it."""
    return [one for one in orders if one.price is None or (one.price - price) * sign >= 0]


def _rank(one: Interest, sign: int) -> tuple[bool, int]:
    """Rank orders at any price first, then by price; sorting keeps the order of time among equals."""
    return one.price is not None, 0 if one.price is None else one.price * sign


def _allot(orders: Iterable[Interest], volume: int) -> Iterable[Allotted]:
    left = volume
    for one in orders:
        if left == 0:
            return
        part = min(one.quantity, left)
        left -= part
        yield Allotted(one.number, part)
