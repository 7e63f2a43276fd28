"""Keep the waiting orders of one symbol in the order of price and time, and let an incoming order take from them.

The street, everybody who is not a client of ours, is in the book too: as shares without a name, which come behind whoever
waits at their price already and leave from the back. So a client's order is where it would be on the exchange.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from kats_core.model.bar import BookLevel
from kats_core.model.kinds import Side

OrderNumber: TypeAlias = int
STREET: OrderNumber = 0
"""The number of shares that belong to nobody we know."""

LEVELS = 10


@dataclass(slots=True)
class Resting:
    """Shares that wait at a price; `number` is the client's order, or `STREET`."""

    number: OrderNumber
    quantity: int


class Execution(NamedTuple):
    """Shares that an incoming order took from one waiting order."""

    number: OrderNumber
    price: int
    quantity: int


@dataclass(slots=True)
class _Level:
    """What waits at one price, first come first."""

    queue: list[Resting] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(one.quantity for one in self.queue)

    @property
    def street(self) -> int:
        return sum(one.quantity for one in self.queue if one.number == STREET)


@dataclass(slots=True)
class _Half:
    """One side of a book. `sign` makes the best price the smallest key: 1 for asks, -1 for bids."""

    sign: int
    levels: dict[int, _Level] = field(default_factory=dict)
    keys: list[int] = field(default_factory=list)

    def at(self, price: int) -> _Level:
        """Return the level of a price, new if there is none."""
        level = self.levels.get(price)
        if level is None:
            level = self.levels[price] = _Level()
            insort(self.keys, price * self.sign)
        return level

    def drop(self, price: int) -> None:
        """Forget a price at which nothing waits."""
        del self.levels[price]
        del self.keys[bisect_left(self.keys, price * self.sign)]

    def prices(self) -> list[int]:
        """Return the prices, best first."""
        return [key * self.sign for key in self.keys]

    @property
    def best(self) -> int | None:
        """Return the best price."""
        return self.keys[0] * self.sign if self.keys else None

    def reaches(self, price: int, limit: int | None) -> bool:
        """Tell whether somebody who pays up to `limit` (sells down to it) may trade at a price of this side."""
        return limit is None or (limit - price) * self.sign >= 0


class OrderBook:
    """The waiting orders of a symbol. Nothing in it crosses unless the caller lets it (`rest` does not match)."""

    def __init__(self) -> None:
        self._bids = _Half(-1)
        self._asks = _Half(1)
        self._where: dict[OrderNumber, tuple[Side, int, Resting]] = {}

    def best(self, side: Side) -> int | None:
        """Return the best price of a side, None when nobody waits there."""
        return self._half(side).best

    def rest(self, number: OrderNumber, side: Side, price: int, quantity: int) -> None:
        """Let a client's order wait behind all others of its price.

        Raises:
            ValueError: the order waits already, or has no shares.
        """
        if number in self._where or quantity <= 0 or number == STREET:
            raise ValueError(f"order {number} of {quantity} shares cannot wait at {price}")
        one = Resting(number, quantity)
        self._half(side).at(price).queue.append(one)
        self._where[number] = side, price, one

    def withdraw(self, number: OrderNumber) -> int:
        """Take a client's order out and return how many shares it had, 0 when it does not wait."""
        found = self._where.pop(number, None)
        if found is None:
            return 0
        side, price, one = found
        half = self._half(side)
        level = half.levels[price]
        level.queue.remove(one)
        if not level.queue:
            half.drop(price)
        return one.quantity

    def reduce(self, number: OrderNumber, by: int) -> None:
        """Take some of a client's shares out; the rest keeps its place.

        Raises:
            ValueError: it does not have so many and one more.
        """
        _, _, one = self._where[number]
        if not 0 < by < one.quantity:
            raise ValueError(f"order {number} waits with {one.quantity} shares and cannot give {by} back")
        one.quantity -= by

    def waiting(self, number: OrderNumber) -> int:
        """Return how many shares of a client's order wait."""
        found = self._where.get(number)
        return 0 if found is None else found[2].quantity

    def ahead(self, number: OrderNumber) -> int:
        """Return how many shares at its own price come before a client's order."""
        side, price, one = self._where[number]
        queue = self._half(side).levels[price].queue
        return sum(each.quantity for each in queue[: queue.index(one)])

    def take(self, taker: Side, quantity: int, limit: int | None) -> list[Execution]:
        """Let an incoming order take what it can, best price first, then first come first."""
        half = self._half(_other(taker))
        done: list[Execution] = []
        left = quantity
        while left > 0 and (price := half.best) is not None and half.reaches(price, limit):
            left -= self._take_level(half, price, left, done)
        return done

    def take_at_best(self, taker: Side, quantity: int) -> list[Execution]:
        """Let an incoming order take from the best price alone."""
        half = self._half(_other(taker))
        done: list[Execution] = []
        if half.best is not None and quantity > 0:
            self._take_level(half, half.best, quantity, done)
        return done

    @property
    def has_clients(self) -> bool:
        """Tell whether an order of a client waits."""
        return bool(self._where)

    def stand_for(self, levels: tuple[BookLevel, ...], side: Side) -> None:
        """Show exactly these levels of the street: the short way while no client waits."""
        half = self._half(side)
        half.levels = {level.price: _Level([Resting(STREET, level.size)]) for level in levels}
        half.keys = [level.price * half.sign for level in levels]

    def set_street(self, side: Side, sizes: Mapping[int, int]) -> dict[int, int]:
        """Make the street show less or leave where it should; return what it still has to bring, best price first.

        What is brought may meet clients' orders of the other side: the caller lets it take first and rests the remainder
        with `bring`.
        """
        half = self._half(side)
        for price in half.prices():
            level = half.levels[price]
            _shrink(level, level.street - sizes.get(price, 0))
            if not level.queue:
                half.drop(price)
        missing = {}
        for price in sorted(sizes, key=lambda price: price * half.sign):
            known = half.levels.get(price)
            lacking = sizes[price] - (0 if known is None else known.street)
            if lacking > 0:
                missing[price] = lacking
        return missing

    def bring(self, side: Side, price: int, quantity: int) -> None:
        """Let the street wait with more shares, behind all others of the price."""
        if quantity <= 0:
            return
        queue = self._half(side).at(price).queue
        if queue and queue[-1].number == STREET:
            queue[-1].quantity += quantity
        else:
            queue.append(Resting(STREET, quantity))

    def clear_street(self, side: Side, *, through: int | None = None) -> None:
        """Let the street leave a side, or only the prices at or better than `through` for whoever takes from it."""
        half = self._half(side)
        for price in half.prices():
            if through is not None and not half.reaches(price, through):
                break
            level = half.levels[price]
            level.queue = [one for one in level.queue if one.number != STREET]
            if not level.queue:
                half.drop(price)

    def levels(self, side: Side, count: int | None = LEVELS) -> tuple[BookLevel, ...]:
        """Return the best levels of a side."""
        half = self._half(side)
        return tuple(BookLevel(price, half.levels[price].total) for price in half.prices()[:count])

    def total(self, side: Side) -> int:
        """Return all shares that wait on a side."""
        return sum(level.total for level in self._half(side).levels.values())

    def orders(self, side: Side) -> Iterator[tuple[int, Resting]]:
        """Yield (price, order) of the clients' orders of a side in the order of price and time."""
        half = self._half(side)
        for price in half.prices():
            for one in half.levels[price].queue:
                if one.number != STREET:
                    yield price, one

    def numbers(self) -> list[OrderNumber]:
        """Return the clients' orders that wait, in the order in which they came."""
        return list(self._where)

    def _take_level(self, half: _Half, price: int, wanted: int, done: list[Execution]) -> int:
        """Take from one price; return how many shares."""
        level = half.levels[price]
        taken = 0
        while level.queue and taken < wanted:
            one = level.queue[0]
            part = min(one.quantity, wanted - taken)
            one.quantity -= part
            taken += part
            done.append(Execution(one.number, price, part))
            if one.quantity == 0:
                level.queue.pop(0)
                self._where.pop(one.number, None)
        if not level.queue:
            half.drop(price)
        return taken

    def _half(self, side: Side) -> _Half:
        return self._bids if side is Side.BUY else self._asks


def _other(side: Side) -> Side:
    return Side.SELL if side is Side.BUY else Side.BUY


def _shrink(level: _Level, by: int) -> None:
    """Let the street's last shares of a price leave."""
    for place in range(len(level.queue) - 1, -1, -1):
        if by <= 0:
            return
        one = level.queue[place]
        if one.number != STREET:
            continue
        part = min(by, one.quantity)
        one.quantity -= part
        by -= part
        if one.quantity == 0:
            del level.queue[place]
