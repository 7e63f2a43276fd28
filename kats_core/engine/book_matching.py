"""Match orders against order books and trades (`spec/orders.md` section 7, A to G): paper trading where books are streamed.

Pure, deterministic and never generous. An order arrives after a latency, takes a share of each displayed level it may
pay for, and queues with the rest behind everything that was displayed before it. In a call auction it only waits for the
print; in a halt it only waits. What our own orders take from one book, trade or print they take together, so that two of
them never share out the same shares twice.

The methods that tell what happened are generators: book each outcome before asking for the next, since whether an order
can be paid for depends on the fills before it. Between two outcomes orders may be sent, changed and taken back.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from kats_core.market.exact import floor_times
from kats_core.market.rules import SymbolRules
from kats_core.model import time
from kats_core.model.bar import Book, Trade
from kats_core.model.kinds import Side
from kats_core.model.order import Order, OrderId
from kats_core.model.time import Nanos

BOOK_LIFE: Nanos = 5 * time.SECOND
"""A book older than this is stale: nothing is filled from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookMatching:
    """How an exchange treats us. Shares are fractions of what is displayed, or of what an auction trades."""

    latency: Nanos
    participation: Fraction
    sweep_interval: Nanos
    auction_share: Fraction
    auction_share_at: Fraction


class Mode(Enum):
    """How a symbol trades now."""

    AUCTION = "orders are collected for one price"
    CONTINUOUS = "orders trade as they meet"
    HALTED = "nothing trades, nothing is accepted, orders can be taken back"
    CLOSED = "the session is over"


class Accepted(NamedTuple):
    """The order has arrived."""

    ts: Nanos
    order_id: OrderId


class Refused(NamedTuple):
    """The order has arrived and was not taken."""

    ts: Nanos
    order_id: OrderId
    reason: str


class Filled(NamedTuple):
    """Shares change hands."""

    ts: Nanos
    order_id: OrderId
    price: int
    quantity: int


class Amended(NamedTuple):
    """The remainder stands at another limit, at the end of the queue."""

    ts: Nanos
    order_id: OrderId
    limit: int


class AmendRefused(NamedTuple):
    """The remainder stands as it stood."""

    ts: Nanos
    order_id: OrderId
    reason: str


class Cancelled(NamedTuple):
    """The remainder is taken back."""

    ts: Nanos
    order_id: OrderId


class Expired(NamedTuple):
    """The session ended before the order was filled."""

    ts: Nanos
    order_id: OrderId


Outcome: TypeAlias = Accepted | Refused | Filled | Amended | AmendRefused | Cancelled | Expired


@dataclass(slots=True)
class _Live:
    """An order at the exchange, or on its way there. `ahead` are the shares displayed before ours at our price."""

    order: Order
    left: int
    limit: int | None
    has_arrived: bool = False
    is_gone: bool = False
    is_placed: bool = False
    ahead: int = 0
    swept_at: Nanos | None = None

    def may_pay(self, price: int) -> bool:
        """Tell whether the limit allows a trade at `price`."""
        if self.limit is None:
            return True
        return price <= self.limit if self.order.side is Side.BUY else price >= self.limit

    def is_beyond(self, price: int) -> bool:
        """Tell whether the limit is strictly better for the other side than `price`; a market order always is."""
        return self.may_pay(price) and price != self.limit


@dataclass(slots=True)
class _Listing:
    """One symbol in its session. `taken` counts what our orders took of the present book, by side of the order and price."""

    rules: SymbolRules
    mode: Mode = Mode.AUCTION
    book: Book | None = None
    taken: dict[tuple[Side, int], int] = field(default_factory=dict)
    live: dict[OrderId, _Live] = field(default_factory=dict)


_Action: TypeAlias = Callable[[_Live, Nanos], Iterator[Outcome]]


@dataclass(slots=True)
class BookMatcher:
    """The exchange as its order books and trades show it.

    `refuses` says why the account cannot carry an order that has just arrived, None when it can.
    """

    terms: BookMatching
    refuses: Callable[[Order], str | None] = lambda _: None
    _listings: dict[str, _Listing] = field(init=False, default_factory=dict)
    _live: dict[OrderId, _Live] = field(init=False, default_factory=dict)
    _due: list[tuple[Nanos, int, OrderId, _Action]] = field(init=False, default_factory=list)
    _scheduled: int = field(init=False, default=0)

    def begin_session(self, rules: dict[str, SymbolRules]) -> None:
        """Take the day's ticks and limits; every symbol is in its opening auction, nothing is left of the day before."""
        self._listings = {symbol: _Listing(one) for symbol, one in rules.items()}
        self._live.clear()
        self._due.clear()

    def submit(self, order: Order, sent: Nanos) -> None:
        """Send an order on its way; `advance` tells what the exchange makes of it.

        Raises:
            KeyError: the symbol is not traded in this session.
        """
        listing = self._listings[order.symbol]
        self._live[order.order_id] = listing.live[order.order_id] = _Live(order, order.remaining, order.limit)
        self._schedule(order.order_id, sent, self._arrive)

    def cancel(self, order_id: OrderId, sent: Nanos) -> None:
        """Ask to take the remainder back; until the wish arrives the order can fill, and one that is gone stays so."""
        self._schedule(order_id, sent, self._take_back)

    def amend(self, order_id: OrderId, limit: int, sent: Nanos) -> None:
        """Ask for another limit: a cancellation and a new arrival in one, behind everything that is displayed then."""
        self._schedule(order_id, sent, lambda live, now: self._change(live, limit, now))

    def advance(self, now: Nanos) -> Iterator[Outcome]:
        """Tell what arrives up to an instant, in the order of arrival."""
        while self._due and self._due[0][0] <= now:
            due, _, order_id, action = heapq.heappop(self._due)
            live = self._live.get(order_id)
            if live is not None:
                yield from action(live, due)

    def on_book(self, book: Book, now: Nanos) -> Iterator[Outcome]:
        """Let waiting orders meet a new book: those that wait for one are placed, the others sweep and move up."""
        listing = self._listings.get(book.symbol)
        if listing is None or listing.mode is not Mode.CONTINUOUS or book.is_crossed:
            return
        if listing.book is not None and book.ts <= listing.book.ts:
            return
        listing.book = book
        listing.taken.clear()
        if now - book.ts > BOOK_LIFE:
            return
        for live in _arrived(listing):
            if live.is_gone:
                continue
            if not live.is_placed:
                yield from self._place(listing, live, now)
                continue
            if live.limit is not None:
                live.ahead = min(live.ahead, book.size_at(live.order.side, live.limit))
            if live.swept_at is None or now - live.swept_at >= self.terms.sweep_interval:
                yield from self._sweep(listing, live, now)

    def on_trade(self, trade: Trade) -> Iterator[Outcome]:
        """Let a trade reach the orders that queue, the better limit and then the older order first."""
        listing = self._listings.get(trade.symbol)
        if listing is None:
            return
        if trade.is_auction:
            yield from self._uncross(listing, trade)
            return
        if listing.mode is not Mode.CONTINUOUS:
            return
        pool = {Side.BUY: trade.quantity, Side.SELL: trade.quantity}
        for live in _by_priority(live for live in _arrived(listing) if live.is_placed):
            side = live.order.side
            if live.is_gone or live.limit is None or not live.may_pay(trade.price):
                continue
            if live.limit != trade.price:
                quantity = 0 if trade.aggressor is side else min(live.left, pool[side])
            elif trade.aggressor is None or trade.aggressor is side:
                continue
            else:
                eaten = min(live.ahead, pool[side])
                live.ahead -= eaten
                quantity = min(live.left, pool[side] - eaten)
            if quantity > 0:
                pool[side] -= quantity
                yield self._fill(listing, live, live.limit, quantity, trade.ts)

    def set_mode(self, symbol: str, mode: Mode) -> None:
        """Say how a symbol trades from now on. What was displayed before a change is not valid behind it."""
        listing = self._listings.get(symbol)
        if listing is not None and listing.mode is not mode:
            listing.mode, listing.book = mode, None
            listing.taken.clear()

    def set_all_modes(self, mode: Mode) -> None:
        """Say how all symbols trade from now on."""
        for symbol in self._listings:
            self.set_mode(symbol, mode)

    def waiting(self) -> list[tuple[Order, int | None, int]]:
        """Return the orders that have arrived: order, limit now, shares still wanted."""
        return [(live.order, live.limit, live.left) for live in self._live.values() if live.has_arrived]

    def end_session(self, now: Nanos) -> Iterator[Outcome]:
        """End every order; one that has not arrived yet is refused."""
        self.set_all_modes(Mode.CLOSED)
        ended = list(self._live.values())
        self._due.clear()
        self._live.clear()
        for listing in self._listings.values():
            listing.live.clear()
        for live in ended:
            live.is_gone = True
            if live.has_arrived:
                yield Expired(now, live.order.order_id)
            else:
                yield Refused(now, live.order.order_id, Mode.CLOSED.value)

    def _schedule(self, order_id: OrderId, sent: Nanos, action: _Action) -> None:
        self._scheduled += 1
        heapq.heappush(self._due, (sent + self.terms.latency, self._scheduled, order_id, action))

    def _arrive(self, live: _Live, now: Nanos) -> Iterator[Outcome]:
        listing, order = self._listings[live.order.symbol], live.order
        reason: str | None = self._objection(listing, live.limit) or self.refuses(order)
        if reason is not None:
            self._remove(listing, live)
            yield Refused(now, order.order_id, reason)
            return
        live.has_arrived = True
        yield Accepted(now, order.order_id)
        yield from self._place(listing, live, now)

    def _change(self, live: _Live, limit: int, now: Nanos) -> Iterator[Outcome]:
        listing, order = self._listings[live.order.symbol], live.order
        reason = self._objection(listing, limit)
        if reason is not None:
            yield AmendRefused(now, order.order_id, reason)
            return
        live.limit, live.is_placed, live.ahead, live.swept_at = limit, False, 0, None
        listing.live[order.order_id] = listing.live.pop(order.order_id)
        yield Amended(now, order.order_id, limit)
        yield from self._place(listing, live, now)

    def _take_back(self, live: _Live, now: Nanos) -> Iterator[Outcome]:
        self._remove(self._listings[live.order.symbol], live)
        yield Cancelled(now, live.order.order_id)

    def _objection(self, listing: _Listing, limit: int | None) -> str | None:
        """Return why the exchange does not take a limit now."""
        if listing.mode in (Mode.HALTED, Mode.CLOSED):
            return str(listing.mode.value)
        if limit is None:
            return None
        if not listing.rules.ticks.is_on_tick(limit):
            return f"{limit} is not on a tick"
        if not listing.rules.limits.contains(limit):
            return f"{limit} is outside the price limits"
        return None

    def _place(self, listing: _Listing, live: _Live, now: Nanos) -> Iterator[Outcome]:
        """Sweep what is marketable and queue with the rest, if there is a book to see it in."""
        book = listing.book
        if listing.mode is not Mode.CONTINUOUS or book is None or now - book.ts > BOOK_LIFE:
            return
        live.is_placed = True
        live.ahead = 0 if live.limit is None else book.size_at(live.order.side, live.limit)
        yield from self._sweep(listing, live, now)

    def _sweep(self, listing: _Listing, live: _Live, now: Nanos) -> Iterator[Outcome]:
        """Take our share of each level that the limit allows, best first."""
        if listing.book is None:
            return
        side = live.order.side
        for level in listing.book.asks if side is Side.BUY else listing.book.bids:
            if live.is_gone or not live.may_pay(level.price):
                return
            live.swept_at = now
            if not listing.rules.limits.contains(level.price):
                continue
            taken = listing.taken.get((side, level.price), 0)
            quantity = min(live.left, floor_times(level.size, self.terms.participation) - taken)
            if quantity > 0:
                listing.taken[side, level.price] = taken + quantity
                yield self._fill(listing, live, level.price, quantity, now)

    def _uncross(self, listing: _Listing, print_: Trade) -> Iterator[Outcome]:
        """Let an auction's one price reach every order that has arrived."""
        for side in Side:
            pool = floor_times(print_.quantity, self.terms.auction_share)
            pool_at = floor_times(print_.quantity, self.terms.auction_share_at)
            for live in _by_priority(live for live in _arrived(listing) if live.order.side is side):
                if live.is_gone or not live.may_pay(print_.price):
                    continue
                is_beyond = live.is_beyond(print_.price)
                quantity = min(live.left, pool if is_beyond else min(pool, pool_at))
                if quantity <= 0:
                    continue
                pool -= quantity
                if not is_beyond:
                    pool_at -= quantity
                yield self._fill(listing, live, print_.price, quantity, print_.ts)

    def _fill(self, listing: _Listing, live: _Live, price: int, quantity: int, now: Nanos) -> Filled:
        live.left -= quantity
        if live.left == 0:
            self._remove(listing, live)
        return Filled(now, live.order.order_id, price, quantity)

    def _remove(self, listing: _Listing, live: _Live) -> None:
        live.is_gone = True
        del self._live[live.order.order_id], listing.live[live.order.order_id]


def _arrived(listing: _Listing) -> list[_Live]:
    """Return the orders that have arrived, oldest first."""
    return [live for live in listing.live.values() if live.has_arrived]


def _by_priority(lives: Iterable[_Live]) -> list[_Live]:
    """Return orders as the exchange serves them: market orders, then the better limit, then the older order."""
    return sorted(lives, key=_rank)


def _rank(live: _Live) -> tuple[bool, int]:
    if live.limit is None:
        return False, 0
    return True, -live.limit if live.order.side is Side.BUY else live.limit
