"""Take orders for accounts, check them, number them, carry them to the boards and book what comes back.

A ticket is one order number. An amendment and a cancellation are tickets of their own that name the one they change; what an
amendment leaves of the order lives on under the amendment's number. Numbers are unique within a session.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

from kats_core.market.phases import BoardOrder, SessionPhase, takes
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import Market, Side
from kats_core.model.time import Nanos
from kats_core.simulator.exchange.accounts import Account, Booked, Committed, OrderCosts
from kats_core.simulator.exchange.board import Board, Incoming, Stage
from kats_core.simulator.exchange.book import OrderNumber
from kats_core.simulator.exchange.happenings import Ended, Filled, Happening, Removed
from kats_core.simulator.exchange.kinds import DIVISIONS, MOCK_DIVISIONS, Division
from kats_core.simulator.exchange.refusals import Refusal

BRANCH = "00950"


class Act(Enum):
    """What a ticket is. The value is the notice's class of amendment."""

    ORDER = "0"
    AMENDMENT = "1"
    CANCELLATION = "2"


class Told(Enum):
    """What a notice tells."""

    ACCEPTED = "the exchange has the order"
    CONFIRMED = "the amendment or cancellation is done"
    FILLED = "shares traded"
    REFUSED = "the exchange refused"
    ENDED = "the rest of an immediate order was cancelled"


@dataclass(slots=True)
class Ticket:
    """One order number and what became of it. `left` are the shares that may still trade under it."""

    number: OrderNumber
    session: dt.date
    account: Account
    instrument: Instrument
    side: Side
    act: Act
    division: Division
    quantity: int
    price: int
    venue: str
    at: Nanos
    trigger: int = 0
    original: OrderNumber | None = None
    left: int = 0
    filled: int = 0
    amount: int = 0
    cancelled: int = 0
    refused: int = 0
    informed: Nanos | None = None
    is_arrived: bool = False
    is_whole: bool = True
    """An amendment or cancellation of whatever is left when it arrives."""
    margin: Fraction = Fraction(1)
    unit: int = 0
    costs: OrderCosts = field(default_factory=OrderCosts)

    @property
    def is_open(self) -> bool:
        """Tell whether shares may still trade under this number."""
        return self.left > 0


@dataclass(frozen=True, slots=True)
class Notice:
    """What the holder of an account is told at once. `quantity` and `price` are those of this notice alone."""

    ts: Nanos
    ticket: Ticket
    told: Told
    quantity: int
    price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An order as a client asks for it."""

    account: Account
    side: Side
    symbol: str
    division: str
    quantity: int
    price: int = 0
    venue: str = "KRX"
    trigger: int = 0
    is_mock: bool = False


class Fate(Enum):
    """What becomes of an order that the desk takes; the second is a fault on request."""

    USUAL = "usual"
    REFUSED_LATER = "the exchange refuses it after the broker took it"


@dataclass(slots=True)
class Desk:
    """The desk of a broker. `delay` is how long an order travels to the exchange."""

    boards: dict[str, Board] = field(default_factory=dict)
    phases: tuple[SessionPhase, ...] = ()
    session: dt.date | None = None
    now: Nanos = 0
    delay: Nanos = 0
    is_over: bool = False
    ended: set[Market] = field(default_factory=set)
    """Markets whose session a circuit breaker has ended: there not even a cancellation is taken."""
    tickets: dict[tuple[dt.date, OrderNumber], Ticket] = field(default_factory=dict)
    margins: dict[str, Fraction] = field(default_factory=dict)
    fill_share: Fraction = Fraction(1)
    _next: OrderNumber = 1
    _open: dict[OrderNumber, Ticket] = field(default_factory=dict)
    _travelling: list[tuple[Nanos, Ticket, Fate]] = field(default_factory=list)

    def begin(self, session: dt.date, boards: dict[str, Board], first_number: OrderNumber) -> None:
        """Begin a session with its boards; the numbers of its orders begin anew."""
        self.session, self.boards, self.is_over = session, boards, False
        self._next = first_number
        self.ended.clear()
        self._open.clear()
        self._travelling.clear()

    def open_tickets(self, account: Account | None = None) -> list[Ticket]:
        """Return the tickets with shares that may still trade, oldest first."""
        return [one for one in self._open.values() if account is None or one.account is account]

    def committed(self, account: Account) -> list[Committed]:
        """Return what an account's open orders may still cost or take."""
        return [
            Committed(one.instrument.symbol, one.side, one.left, one.unit, one.margin)
            for one in self.open_tickets(account)
        ]

    def check(self, wish: Wish) -> Refusal | None:
        """Return why a wish cannot be taken now, None when it can."""
        board = self.boards.get(wish.symbol)
        division = DIVISIONS.get(wish.division)
        for refusal in (
            self._check_hours(),
            Refusal.UNKNOWN_SYMBOL if board is None else None,
            Refusal.UNKNOWN_KIND if division is None else None,
        ):
            if refusal is not None:
                return refusal
        if board is None or division is None:  # said above; narrows the types
            return Refusal.UNKNOWN_SYMBOL
        return (
            self._check_kind(wish, board, division)
            or self._check_price(wish, board, division)
            or self._check_means(wish, board, division)
        )

    def place(self, wish: Wish, fate: Fate = Fate.USUAL) -> Ticket | Refusal:
        """Take an order: it has a number at once and reaches the exchange after the delay (`arrive`)."""
        refusal = self.check(wish)
        if refusal is not None:
            return refusal
        board, division = self.boards[wish.symbol], DIVISIONS[wish.division]
        ticket = self._ticket(wish.account, board.instrument, wish.side, Act.ORDER, division, wish.quantity, wish.price)
        ticket.venue, ticket.trigger = wish.venue, wish.trigger
        ticket.left = wish.quantity
        ticket.margin = self.margins.get(wish.symbol, Fraction(1))
        ticket.unit = self._unit(board, division, wish.side, wish.price)
        self._open[ticket.number] = ticket
        self._travelling.append((self.now + self.delay, ticket, fate))
        return ticket

    def cancel(self, account: Account, original: OrderNumber, quantity: int | None) -> Ticket | Refusal:
        """Take a cancellation of some shares of an open order, all of them with None."""
        found = self._changeable(account, original)
        if isinstance(found, Refusal):
            return found
        if quantity is not None and not 0 < quantity <= found.left:
            return Refusal.NOTHING_LEFT
        part = found.left if quantity is None else quantity
        ticket = self._change(found, Act.CANCELLATION, part, 0)
        ticket.is_whole = quantity is None
        self._travelling.append((self.now + self.delay, ticket, Fate.USUAL))
        return ticket

    def amend(
        self, account: Account, original: OrderNumber, quantity: int | None, price: int, division: str
    ) -> Ticket | Refusal:
        """Take an amendment of price and division of some shares of an open order, all of them with None."""
        found = self._changeable(account, original)
        if isinstance(found, Refusal):
            return found
        if quantity is not None and not 0 < quantity <= found.left:
            return Refusal.NOTHING_LEFT
        part = found.left if quantity is None else quantity
        kind = DIVISIONS.get(division or found.division.code)
        board = self.boards[found.instrument.symbol]
        if kind is None:
            return Refusal.UNKNOWN_KIND
        wish = Wish(
            account=account, side=found.side, symbol=board.symbol, division=kind.code, quantity=part, price=price,
            trigger=found.trigger,
        )  # fmt: skip
        refusal = self._check_kind(wish, board, kind) or self._check_price(wish, board, kind)
        if refusal is None and found.side is Side.BUY:
            refusal = self._check_dearer(wish, found, board, kind)
        if refusal is not None:
            return refusal
        ticket = self._change(found, Act.AMENDMENT, part, price, kind)
        ticket.is_whole = quantity is None
        self._travelling.append((self.now + self.delay, ticket, Fate.USUAL))
        return ticket

    def next_arrival(self) -> Nanos | None:
        """Return when the next order reaches the exchange."""
        return min((ts for ts, _, _ in self._travelling), default=None)

    def arrive(self) -> Iterator[Notice | Happening]:
        """Let what has travelled long enough reach the exchange; yield what comes of it."""
        due = [one for one in self._travelling if one[0] <= self.now]
        self._travelling = [one for one in self._travelling if one[0] > self.now]
        for _, ticket, fate in sorted(due, key=lambda one: (one[0], one[1].number)):
            ticket.is_arrived = True
            match ticket.act:
                case Act.ORDER:
                    yield from self._submit(ticket, fate)
                case Act.CANCELLATION:
                    yield from self._cancelled(ticket)
                case Act.AMENDMENT:
                    yield from self._amended(ticket)

    def settle(self, happening: Happening) -> Iterator[tuple[Notice, Booked | None]]:
        """Book a happening of a board; yield what the holder is told of it."""
        match happening:
            case Filled(ts, number, price, quantity):
                ticket = self._open[number]
                ticket.filled += quantity
                ticket.amount += quantity * price
                ticket.informed = ts
                self._lessen(ticket, quantity)
                booked = ticket.account.book(ticket.instrument, ticket.side, price, quantity, ticket.costs)
                yield Notice(ts, ticket, Told.FILLED, quantity, price), booked
            case Removed(ts, number, quantity, why):
                ticket = self._open[number]
                ticket.cancelled += quantity
                self._lessen(ticket, quantity)
                if why is Ended.IMMEDIATE:
                    ticket.informed = ts
                    yield Notice(ts, ticket, Told.ENDED, quantity, ticket.price), None

    def _check_hours(self) -> Refusal | None:
        if self.session is None:
            return Refusal.NO_SESSION
        if not self.phases:
            return Refusal.AFTER_CLOSE if self.is_over else Refusal.BEFORE_OPEN
        return None

    def _check_kind(self, wish: Wish, board: Board, division: Division) -> Refusal | None:
        if wish.quantity <= 0 or wish.quantity % board.instrument.lot_size:
            return Refusal.NO_QUANTITY
        if wish.venue not in ("KRX", "SOR") or (wish.is_mock and wish.venue != "KRX"):
            return Refusal.NOT_ON_VENUE
        if wish.is_mock and division.code not in MOCK_DIVISIONS:
            return Refusal.UNKNOWN_KIND
        if board.stage is Stage.HALTED:
            return Refusal.HALTED
        if not self._is_taken(board, division):
            return Refusal.NO_MARKET_NOW if division.is_at_any_price and self._is_live else Refusal.NOT_NOW
        return None

    @property
    def _is_live(self) -> bool:
        return any(phase in (SessionPhase.CONTINUOUS, SessionPhase.AFTER_MARKET) for phase in self.phases)

    def _is_taken(self, board: Board, division: Division) -> bool:
        day = self.session or dt.date.min
        is_in_vi = board.stage is Stage.INTERRUPTED
        return any(
            phase in division.phases and takes(phase, division.kind, day, board.instrument.kind, is_in_vi=is_in_vi)
            for phase in self.phases
        )

    def _check_price(self, wish: Wish, board: Board, division: Division) -> Refusal | None:
        if not division.needs_price:
            needs_quote = division.kind.value.startswith("BEST_OPPOSITE")
            if needs_quote and board.best_opposite(wish.side) is None:
                return Refusal.NOTHING_OPPOSITE
            if division.kind is BoardOrder.BEST_SAME and board.book.best(wish.side) is None:
                return Refusal.NOTHING_OPPOSITE
            return None
        prices = [wish.price, wish.trigger] if division.kind is BoardOrder.STOP_LIMIT else [wish.price]
        if any(price <= 0 or not board.ticks.is_on_tick(price) for price in prices):
            return Refusal.OFF_TICK
        return None if all(map(board.limits.contains, prices)) else Refusal.BEYOND_LIMITS

    def _check_means(self, wish: Wish, board: Board, division: Division) -> Refusal | None:
        account, open_orders = wish.account, self.committed(wish.account)
        if wish.side is Side.SELL:
            holding = account.holdings.get(wish.symbol)
            if holding is None or holding.quantity == 0:
                return Refusal.NOTHING_HELD
            return None if wish.quantity <= account.sellable(wish.symbol, open_orders) else Refusal.NO_SHARES
        margin = self.margins.get(wish.symbol, Fraction(1))
        needed = account.margin_of(wish.quantity, self._unit(board, division, wish.side, wish.price), margin)
        return None if needed <= account.margin_cash(open_orders) else Refusal.NO_CASH

    def _check_dearer(self, wish: Wish, found: Ticket, board: Board, division: Division) -> Refusal | None:
        """Check that an amended purchase can be paid; what the order binds now is free for it."""
        account = wish.account
        bound = account.margin_of(wish.quantity, found.unit, found.margin)
        needed = account.margin_of(wish.quantity, self._unit(board, division, wish.side, wish.price), found.margin)
        return None if needed - bound <= max(0, account.margin_cash(self.committed(account))) else Refusal.NO_CASH

    def _unit(self, board: Board, division: Division, side: Side, price: int) -> int:
        """Return the highest price that a purchase may come to cost a share."""
        if side is Side.SELL:
            return 0
        has_limit = division.needs_price and division.kind is not BoardOrder.CONDITIONAL_LIMIT
        return price if has_limit else board.limits.upper

    def _changeable(self, account: Account, original: OrderNumber) -> Ticket | Refusal:
        hours = self._check_hours()
        if hours is not None:
            return hours
        found = self._open.get(original)
        if found is None or found.account is not account:
            return Refusal.NOTHING_LEFT
        if found.instrument.market in self.ended:
            return Refusal.AFTER_CLOSE
        return found if found.is_arrived else Refusal.NOT_ARRIVED

    def _ticket(
        self,
        account: Account,
        instrument: Instrument,
        side: Side,
        act: Act,
        division: Division,
        quantity: int,
        price: int,
    ) -> Ticket:
        session = self.session
        if session is None:
            raise ValueError("no session has begun: check the wish first")
        ticket = Ticket(self._next, session, account, instrument, side, act, division, quantity, price, "KRX", self.now)
        self._next += 1
        self.tickets[session, ticket.number] = ticket
        return ticket

    def _change(self, found: Ticket, act: Act, quantity: int, price: int, division: Division | None = None) -> Ticket:
        ticket = self._ticket(
            found.account, found.instrument, found.side, act, division or found.division, quantity, price
        )
        ticket.original, ticket.venue, ticket.trigger = found.number, found.venue, found.trigger
        ticket.margin = found.margin
        return ticket

    def _submit(self, ticket: Ticket, fate: Fate) -> Iterator[Notice | Happening]:
        board = self.boards[ticket.instrument.symbol]
        if fate is Fate.REFUSED_LATER or board.stage in (Stage.HALTED, Stage.CLOSED) or not self.phases:
            ticket.refused = ticket.left
            self._lessen(ticket, ticket.left)
            ticket.informed = self.now
            yield Notice(self.now, ticket, Told.REFUSED, ticket.quantity, ticket.price)
            return
        yield Notice(self.now, ticket, Told.ACCEPTED, ticket.quantity, ticket.price)
        yield from board.submit(self.now, self._incoming(ticket))

    def _incoming(self, ticket: Ticket) -> Incoming:
        price = ticket.price if ticket.division.needs_price else None
        return Incoming(
            ticket.number,
            ticket.side,
            ticket.division.kind,
            ticket.left,
            price,
            ticket.trigger or None,
            self.fill_share,
        )

    def _cancelled(self, ticket: Ticket) -> Iterator[Notice | Happening]:
        found = self._open.get(ticket.original or 0)
        if found is None or not self._fits(ticket, found):
            yield self._refuse_change(ticket)
            return
        self._take_out(found, ticket.quantity)
        found.cancelled += ticket.quantity
        ticket.informed = self.now
        yield Notice(self.now, ticket, Told.CONFIRMED, ticket.quantity, found.price)

    def _amended(self, ticket: Ticket) -> Iterator[Notice | Happening]:
        found = self._open.get(ticket.original or 0)
        board = self.boards[ticket.instrument.symbol]
        if found is None or not self._fits(ticket, found) or board.stage in (Stage.HALTED, Stage.CLOSED):
            yield self._refuse_change(ticket)
            return
        self._take_out(found, ticket.quantity)
        ticket.left = ticket.quantity
        ticket.unit = self._unit(board, ticket.division, ticket.side, ticket.price)
        ticket.informed = self.now
        self._open[ticket.number] = ticket
        yield Notice(self.now, ticket, Told.CONFIRMED, ticket.quantity, ticket.price)
        yield from board.submit(self.now, self._incoming(ticket))

    def _fits(self, ticket: Ticket, found: Ticket) -> bool:
        """Tell whether what a change asks for is still there; one of the whole order takes what is left."""
        if ticket.is_whole:
            ticket.quantity = min(ticket.quantity, found.left)
        return ticket.quantity <= found.left

    def _refuse_change(self, ticket: Ticket) -> Notice:
        ticket.refused = ticket.quantity
        ticket.informed = self.now
        return Notice(self.now, ticket, Told.REFUSED, ticket.quantity, ticket.price)

    def _take_out(self, found: Ticket, quantity: int) -> None:
        """Take shares of an open order off its board."""
        board = self.boards[found.instrument.symbol]
        if quantity == found.left:
            board.withdraw(found.number)
        else:
            board.reduce(found.number, quantity)
        self._lessen(found, quantity)

    def _lessen(self, ticket: Ticket, by: int) -> None:
        ticket.left -= by
        if ticket.left == 0:
            self._open.pop(ticket.number, None)
