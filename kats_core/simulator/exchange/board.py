"""Lead one symbol through its session: auctions, continuous trading, interruptions, halts.

The street's trades and books come from outside and are what the market did without us; clients' orders meet them by price and
time. What a client takes is gone until the street shows its next book, and what the street trades it trades with whoever is
first. A client's order that would move the price too far starts an interruption, as it would on the exchange.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

from kats_core.market.breakers import VI_AUCTION, vi_triggers
from kats_core.market.limits import PriceLimits
from kats_core.market.phases import BoardOrder
from kats_core.market.ticks import TickTable
from kats_core.model.bar import Book, BookLevel
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import Side
from kats_core.model.time import Nanos
from kats_core.simulator.exchange.auction import Interest, equilibrium, uncross
from kats_core.simulator.exchange.book import LEVELS, STREET, Execution, OrderBook, OrderNumber
from kats_core.simulator.exchange.happenings import (
    Ended,
    Filled,
    Happening,
    Interrupted,
    Printed,
    Removed,
    Staged,
    Stopped,
    Triggered,
)


class Stage(Enum):
    """How a symbol trades now."""

    CLOSED = "closed"
    OPENING = "opening auction"
    CONTINUOUS = "continuous"
    INTERRUPTED = "interruption"
    CLOSING = "closing auction"
    HALTED = "halted"
    AFTER = "after hours"


AUCTIONS = frozenset({Stage.OPENING, Stage.INTERRUPTED, Stage.CLOSING})
_IMMEDIATE = frozenset(
    {BoardOrder.LIMIT_IOC, BoardOrder.MARKET_IOC, BoardOrder.BEST_OPPOSITE_IOC, BoardOrder.LIMIT_FOK, BoardOrder.MARKET_FOK, BoardOrder.BEST_OPPOSITE_FOK}
)  # fmt: skip
_ALL_OR_NOTHING = frozenset({BoardOrder.LIMIT_FOK, BoardOrder.MARKET_FOK, BoardOrder.BEST_OPPOSITE_FOK})
_BEST_OPPOSITE = frozenset({BoardOrder.BEST_OPPOSITE, BoardOrder.BEST_OPPOSITE_IOC, BoardOrder.BEST_OPPOSITE_FOK})
_AT_ANY_PRICE = frozenset({BoardOrder.MARKET, BoardOrder.MARKET_IOC, BoardOrder.MARKET_FOK})

_PATIENT, _EAGER = 3, 2
"""Of five shares that the street trades in an auction three are offered at its price and two beyond it."""
_SPARE = 10
"""At the price of an auction a tenth more is offered than trades, so that who comes late may still get some."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A client's order as it reaches the board. `share` limits what it may take at once, for partial fills on request."""

    number: OrderNumber
    side: Side
    kind: BoardOrder
    quantity: int
    price: int | None = None
    trigger: int | None = None
    share: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How far a client's order may move the price; None: there is no such interruption."""

    static: Fraction | None = None
    dynamic: Fraction | None = None


@dataclass(slots=True)
class Board:
    """One symbol. `last` and `reference`, the price of the last auction, are the base price before the first trade."""

    instrument: Instrument
    limits: PriceLimits
    ticks: TickTable
    thresholds: Thresholds = field(default_factory=Thresholds)
    stage: Stage = Stage.CLOSED
    book: OrderBook = field(default_factory=OrderBook)
    last: int = field(init=False)
    reference: int = field(init=False)
    resumes: Nanos | None = None
    """When an interruption that we began, or the auction after a halt, ends."""
    street: tuple[int, int] | None = None
    """(price, shares) that the street would trade if the auction ended now."""
    _unpriced: dict[OrderNumber, tuple[Side, int]] = field(default_factory=dict)
    _conditional: set[OrderNumber] = field(default_factory=set)
    _stops: dict[OrderNumber, Incoming] = field(default_factory=dict)
    _before_halt: Stage | None = None
    _cause: tuple[bool, bool, int] = (True, True, 0)

    def __post_init__(self) -> None:
        self.last = self.reference = self.limits.base

    @property
    def symbol(self) -> str:
        """Return the symbol."""
        return self.instrument.symbol

    def enter(self, ts: Nanos, stage: Stage) -> list[Happening]:
        """Begin another stage of the session."""
        done: list[Happening] = []
        if stage in AUCTIONS or stage in (Stage.CLOSED, Stage.AFTER):
            self._leave_street()
        if stage is Stage.CLOSING:
            if self.stage is Stage.INTERRUPTED:  # the closing auction goes on with what it collected
                done.append(self._interruption_over(ts))
            self._free_conditionals()
        if self.stage is Stage.HALTED and stage is not Stage.CLOSED:
            self._before_halt = stage
            return done
        if self.stage is not stage:
            self.stage = stage
            done.append(Staged(ts, self.symbol, stage.value))
        if stage is Stage.CLOSED:
            done += self.expire(ts)
        if stage is Stage.CONTINUOUS:
            done += self._release_unpriced(ts)
        return done

    def expire(self, ts: Nanos) -> list[Happening]:
        """Take out all orders: the session is over."""
        numbers = [*self.book.numbers(), *self._unpriced, *self._stops]
        return [Removed(ts, number, self.withdraw(number), Ended.SESSION) for number in numbers]

    def submit(self, ts: Nanos, order: Incoming) -> list[Happening]:
        """Take an order that the desk has checked."""
        if order.kind is BoardOrder.STOP_LIMIT:
            self._stops[order.number] = order
            return []
        if order.kind is BoardOrder.CONDITIONAL_LIMIT:
            self._conditional.add(order.number)
        if self.stage is Stage.CONTINUOUS:
            return list(self._match(ts, order, self._limit(order)))
        if order.kind in _AT_ANY_PRICE:
            self._unpriced[order.number] = order.side, order.quantity
        else:
            self.book.rest(order.number, order.side, self._priced(order), order.quantity)
        return []

    def withdraw(self, number: OrderNumber) -> int:
        """Take an order out; return how many shares it still had."""
        self._conditional.discard(number)
        stop = self._stops.pop(number, None)
        if stop is not None:
            return stop.quantity
        unpriced = self._unpriced.pop(number, None)
        return self.book.withdraw(number) if unpriced is None else unpriced[1]

    def reduce(self, number: OrderNumber, by: int) -> None:
        """Take some shares of an order out; the rest keeps its place."""
        if number in self._unpriced:
            side, quantity = self._unpriced[number]
            self._unpriced[number] = side, quantity - by
        elif number in self._stops:
            stop = self._stops[number]
            self._stops[number] = Incoming(
                stop.number, stop.side, stop.kind, stop.quantity - by, stop.price, stop.trigger
            )
        else:
            self.book.reduce(number, by)

    def best_opposite(self, side: Side) -> int | None:
        """Return the best price that an order of a side could take."""
        return self.book.best(Side.SELL if side is Side.BUY else Side.BUY)

    def show(self, ts: Nanos, book: Book) -> list[Happening]:
        """Let the street show its next book; what it brings may meet clients' orders."""
        if self.stage is not Stage.CONTINUOUS:
            return []
        done: list[Happening] = []
        if not self.book.has_clients:
            for side, levels in _halves(book):
                self.book.stand_for(levels, side)
            return done
        missing = [(side, self.book.set_street(side, _sizes(levels))) for side, levels in _halves(book)]
        for side, sizes in missing:
            for price, quantity in sizes.items():
                taken = self.book.take(side, quantity, price)
                done += self._executed(ts, None, side, taken)
                self.book.bring(side, price, quantity - sum(one.quantity for one in taken))
        return done

    def trade(self, ts: Nanos, price: int, quantity: int, aggressor: Side | None) -> list[Happening]:
        """Let the street trade at a price, with clients first who are first."""
        if self.stage is not Stage.CONTINUOUS:
            self._pool(price, quantity)
            return []
        taker = aggressor or (Side.BUY if price >= self.last else Side.SELL)
        beyond = self.ticks.dn(price) if taker is Side.BUY else self.ticks.up(price)
        self.book.clear_street(_other(taker), through=beyond)
        self.book.clear_street(taker, through=price)
        taken = self.book.take(taker, quantity, price)
        done = self._executed(ts, None, taker, taken, is_own=False)
        left = quantity - sum(one.quantity for one in taken)
        if left and not self._trades():  # a stop order that this set off went too far
            self._pool(price, left)
        elif left:
            done += self._printed(ts, price, left, aggressor)
        return done

    def expect(self, price: int, quantity: int) -> None:
        """Say what the street would trade if the auction ended now."""
        self.street = price, quantity

    def expected(self) -> tuple[int, int] | None:
        """Return (price, shares) at which the auction would end now, None when nobody meets or there is none."""
        if self.stage not in AUCTIONS:
            return None
        return equilibrium(*self._interests(), self.last)

    def displayed(self, side: Side) -> tuple[BookLevel, ...]:
        """Return the levels that a quote shows: of an auction those around the price at which it would end now."""
        if self.stage not in AUCTIONS:
            return self.book.levels(side)
        found = self.expected()
        at = self.last if found is None else found[0]
        sizes: dict[int, int] = {}
        for one in self._interests()[0 if side is Side.BUY else 1]:
            if one.price is not None and (one.price <= at if side is Side.BUY else one.price > at):
                sizes[one.price] = sizes.get(one.price, 0) + one.quantity
        prices = sorted(sizes, reverse=side is Side.BUY)[:LEVELS]
        return tuple(BookLevel(price, sizes[price]) for price in prices)

    def conclude(self, ts: Nanos, price: int | None = None, quantity: int = 0) -> list[Happening]:
        """End the auction: `price` and `quantity` are what the street trades in it, by default what it said last."""
        if price is not None:
            self.street = price, quantity
        done: list[Happening] = []
        found = uncross(*self._interests(), self.last)
        if found is not None:
            for allotted in (*found.bought, *found.sold):
                if allotted.number != STREET:
                    self._take_from_waiting(allotted.number, allotted.quantity)
                    done.append(Filled(ts, allotted.number, found.price, allotted.quantity))
            done = [Printed(ts, self.symbol, found.price, found.volume, None, is_auction=True), *done]
            self.last = self.reference = found.price
        self.street = None
        self._end_interruption(ts, done)
        return done

    def interrupt(self, ts: Nanos, *, until: Nanos | None, is_static: bool = True, trigger: int = 0) -> list[Happening]:
        """Begin a volatility interruption; without `until` somebody else says when it ends."""
        if self.stage is not Stage.CONTINUOUS:
            return []
        self._leave_street()
        self.stage, self.resumes = Stage.INTERRUPTED, until
        self._cause = is_static, trigger >= self.last, trigger
        return [Interrupted(ts, self.symbol, False, is_static, self._cause[1], self.reference, trigger)]

    def halt(self, ts: Nanos, reason: str, code: str = "") -> list[Happening]:
        """Halt trading; orders stay and can be taken back."""
        if self.stage is Stage.HALTED:
            return []
        self._leave_street()
        self._before_halt, self.stage, self.resumes = self.stage, Stage.HALTED, None
        return [Stopped(ts, self.symbol, False, reason, code)]

    def resume(self, ts: Nanos, *, until: Nanos | None, code: str = "") -> list[Happening]:
        """End a halt; a symbol that was trading goes through an auction until `until` first."""
        if self.stage is not Stage.HALTED:
            return []
        before = self._before_halt or Stage.CLOSED
        self._before_halt = None
        self.stage = Stage.INTERRUPTED if before is Stage.CONTINUOUS and until is not None else before
        self.resumes = until if self.stage is Stage.INTERRUPTED else None
        return [Stopped(ts, self.symbol, True, "", code)]

    def _match(self, ts: Nanos, order: Incoming, limit: int | None) -> Iterator[Happening]:
        """Let an order take what it may, then rest, start an interruption, or end."""
        most = order.quantity * order.share.numerator // order.share.denominator
        if order.kind in _ALL_OR_NOTHING and self._available(order.side, limit) < order.quantity:
            yield Removed(ts, order.number, order.quantity, Ended.IMMEDIATE)
            return
        left, trigger, before = order.quantity, None, self.last
        spare = order.quantity - most
        while left > spare and (price := self._reachable(order.side, limit)) is not None:
            trigger = self._triggered(price, before)
            if trigger is not None:
                break
            taken = self.book.take_at_best(order.side, left - spare)
            left -= sum(one.quantity for one in taken)
            yield from self._executed(ts, order.number, order.side, taken)
        if left == 0:
            return
        if order.kind in _IMMEDIATE:
            yield Removed(ts, order.number, left, Ended.IMMEDIATE)
        else:
            self.book.rest(order.number, order.side, self._resting_price(order, limit), left)
        if trigger is not None:
            is_static, price = trigger
            yield from self.interrupt(ts, until=ts + VI_AUCTION, is_static=is_static, trigger=price)

    def _limit(self, order: Incoming) -> int | None:
        """Return the price beyond which an order takes nothing."""
        if order.kind in _AT_ANY_PRICE:
            return None
        if order.kind in _BEST_OPPOSITE:
            return self.best_opposite(order.side)
        return self._priced(order)

    def _priced(self, order: Incoming) -> int:
        """Return the price of an order in the book; one at the best of its own side has it from there."""
        if order.price is not None:
            return order.price
        own = self.book.best(order.side) if order.kind is BoardOrder.BEST_SAME else self.best_opposite(order.side)
        return self.last if own is None else own

    def _resting_price(self, order: Incoming, limit: int | None) -> int:
        if limit is not None:
            return limit
        return self.limits.upper if order.side is Side.BUY else self.limits.lower

    def _reachable(self, side: Side, limit: int | None) -> int | None:
        price = self.best_opposite(side)
        if price is None or limit is None:
            return price
        return price if (limit >= price if side is Side.BUY else limit <= price) else None

    def _available(self, side: Side, limit: int | None) -> int:
        """Return what an order could take at once without starting an interruption."""
        found = 0
        for level in self.book.levels(_other(side), None):
            is_within = limit is None or (limit >= level.price if side is Side.BUY else limit <= level.price)
            if not is_within or self._triggered(level.price, self.last) is not None:
                break
            found += level.size
        return found

    def _triggered(self, price: int, before: int) -> tuple[bool, int] | None:
        """Return (is static, trigger) of the interruption that a trade at a price would start; `before` is the price before the order."""
        for is_static, threshold, reference in (
            (True, self.thresholds.static, self.reference),
            (False, self.thresholds.dynamic, before),
        ):
            if threshold is None:
                continue
            lower, upper = vi_triggers(reference, threshold, self.ticks)
            if price >= upper or price <= lower:
                return is_static, upper if price >= upper else lower
        return None

    def _executed(
        self, ts: Nanos, number: OrderNumber | None, taker: Side, executions: list[Execution], *, is_own: bool = True
    ) -> list[Happening]:
        """Return the prints and fills of executions; `number` is the taking client's order."""
        done: list[Happening] = []
        for price in dict.fromkeys(one.price for one in executions):
            quantity = sum(one.quantity for one in executions if one.price == price)
            done += self._printed(ts, price, quantity, taker, is_own=is_own)
            if number is not None:
                done.append(Filled(ts, number, price, quantity))
            done += [
                Filled(ts, one.number, price, one.quantity)
                for one in executions
                if one.price == price and one.number != STREET
            ]
        for one in executions:
            if one.number != STREET and not self.book.waiting(one.number):
                self._conditional.discard(one.number)
        return done

    def _printed(
        self, ts: Nanos, price: int, quantity: int, aggressor: Side | None, *, is_own: bool = False
    ) -> list[Happening]:
        """Return a print, and the stop orders that it reaches."""
        self.last = price
        done: list[Happening] = [Printed(ts, self.symbol, price, quantity, aggressor, is_own=is_own)]
        for stop in [one for one in self._stops.values() if _is_reached(one, price)]:
            del self._stops[stop.number]
            limit = BoardOrder.LIMIT
            done.append(Triggered(ts, stop.number))
            done += self._match(ts, Incoming(stop.number, stop.side, limit, stop.quantity, stop.price), stop.price)
        return done

    def _interests(self) -> tuple[list[Interest], list[Interest]]:
        """Return everybody's interest in the auction: the street's first, which was there before."""
        bids, asks = self._street_interest()
        for number, (side, quantity) in self._unpriced.items():
            (bids if side is Side.BUY else asks).append(Interest(number, None, quantity))
        for side, interests in ((Side.BUY, bids), (Side.SELL, asks)):
            interests += [Interest(one.number, price, one.quantity) for price, one in self.book.orders(side)]
        return bids, asks

    def _street_interest(self) -> tuple[list[Interest], list[Interest]]:
        if self.street is None or self.street[1] <= 0:
            return [], []
        price, volume = self.street
        eager = volume * _EAGER // (_PATIENT + _EAGER)
        above, below = min(self.ticks.up(price), self.limits.upper), max(self.ticks.dn(price), self.limits.lower)
        spare = max(1, volume // _SPARE)
        bids = [Interest(STREET, above, eager), Interest(STREET, price, volume - eager)]
        asks = [Interest(STREET, below, eager), Interest(STREET, price, volume - eager + spare)]
        return [one for one in bids if one.quantity], [one for one in asks if one.quantity]

    def _take_from_waiting(self, number: OrderNumber, quantity: int) -> None:
        """Take traded shares off an order that waits for the auction."""
        unpriced = self._unpriced.get(number)
        waiting = self.book.waiting(number) if unpriced is None else unpriced[1]
        if waiting == quantity:
            self.withdraw(number)
        else:
            self.reduce(number, quantity)

    def _release_unpriced(self, ts: Nanos) -> list[Happening]:
        """Let orders at any price that the auction left over trade as those of continuous trading."""
        waiting, self._unpriced = self._unpriced, {}
        done: list[Happening] = []
        for number, (side, quantity) in waiting.items():
            done += self._match(ts, Incoming(number, side, BoardOrder.MARKET, quantity), None)
        return done

    def _free_conditionals(self) -> None:
        """Make conditional limit orders orders at any price, for the closing auction."""
        for number in [number for number in self.book.numbers() if number in self._conditional]:
            side = next(side for side in Side if any(one.number == number for _, one in self.book.orders(side)))
            self._unpriced[number] = side, self.book.withdraw(number)
        self._conditional.clear()

    def _end_interruption(self, ts: Nanos, done: list[Happening]) -> None:
        if self.stage is not Stage.INTERRUPTED:
            return
        self.stage = Stage.CONTINUOUS
        done.append(self._interruption_over(ts))
        done += self._release_unpriced(ts)

    def _interruption_over(self, ts: Nanos) -> Interrupted:
        is_static, is_upward, trigger = self._cause
        self.resumes = None
        return Interrupted(ts, self.symbol, True, is_static, is_upward, self.reference, trigger)

    def _leave_street(self) -> None:
        for side in Side:
            self.book.clear_street(side)
        self.street = None

    def _trades(self) -> bool:
        return self.stage is Stage.CONTINUOUS

    def _pool(self, price: int, quantity: int) -> None:
        """Remember what the street would have traded while nothing trades: it does so in the auction that follows."""
        if self.stage in (Stage.INTERRUPTED, Stage.HALTED):
            pooled = 0 if self.street is None else self.street[1]
            self.street = price, pooled + quantity


def _halves(book: Book) -> tuple[tuple[Side, tuple[BookLevel, ...]], ...]:
    return (Side.BUY, book.bids), (Side.SELL, book.asks)


def _sizes(levels: tuple[BookLevel, ...]) -> dict[int, int]:
    return {level.price: level.size for level in levels}


def _other(side: Side) -> Side:
    return Side.SELL if side is Side.BUY else Side.BUY


def _is_reached(stop: Incoming, price: int) -> bool:
    if stop.trigger is None:
        return False
    return price >= stop.trigger if stop.side is Side.BUY else price <= stop.trigger
