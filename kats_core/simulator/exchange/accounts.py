"""Keep the cash and the shares of an account: settled two sessions after the trade, spendable again at once.

All amounts are whole won. Three sums say how much cash there is: today's (`D+0`), tomorrow's, and that of the day after, from
which a purchase of today is taken first. What may be bought without owing anything follows from the last one alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from kats_core.market.calendar import krx_calendar
from kats_core.market.costs import CommissionPlan, charge_for_fill, commission_rate, tax_rate
from kats_core.market.exact import floor_times
from kats_core.market.settlement import settlement_date
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import InstrumentKind, Side


class AccountError(ValueError):
    """More was asked of an account than it has: a fault of whoever let the order through."""


class Booked(NamedTuple):
    """A fill as the account booked it; `realised` is what a sale brought above what its shares had cost, before costs."""

    day: dt.date
    symbol: str
    side: Side
    quantity: int
    price: int
    commission: int
    tax: int
    realised: int

    @property
    def amount(self) -> int:
        """Return the value of the shares."""
        return self.quantity * self.price


@dataclass(slots=True)
class Holding:
    """Shares of one symbol. `cost` is what those held were bought for, without commission."""

    quantity: int = 0
    cost: int = 0
    bought_today: int = 0
    sold_today: int = 0
    bought_before: int = 0
    sold_before: int = 0
    emptied: dt.date | None = None

    @property
    def average(self) -> Fraction:
        """Return the average price paid, 0 when nothing is held."""
        return Fraction(self.cost, self.quantity) if self.quantity else Fraction(0)


class Committed(NamedTuple):
    """What an open order may still cost or take: `unit` is the highest price a purchase may have."""

    symbol: str
    side: Side
    quantity: int
    unit: int
    margin: Fraction


@dataclass(slots=True)
class Account:
    """One account. `uses_margin`: it may buy with part of the price now and owe the rest at settlement (미수)."""

    number: str
    product: str
    holder: str
    cash: int
    day: dt.date
    plan: CommissionPlan = CommissionPlan.BANK_ONLINE
    uses_margin: bool = True
    holdings: dict[str, Holding] = field(default_factory=dict)
    booked: list[Booked] = field(default_factory=list)
    _due: dict[dt.date, int] = field(default_factory=dict)
    _opening: int = field(init=False)

    def __post_init__(self) -> None:
        self._opening = self.cash

    def begin(self, day: dt.date) -> None:
        """Begin a session: settle what is due, make today's trades yesterday's, forget what was sold two sessions ago."""
        if day <= self.day:
            return
        for date in sorted(date for date in self._due if date <= day):
            self.cash += self._due.pop(date)
        for symbol, holding in list(self.holdings.items()):
            holding.bought_before, holding.sold_before = holding.bought_today, holding.sold_today
            holding.bought_today = holding.sold_today = 0
            if holding.quantity == 0 and holding.emptied is not None and _settled_by(holding.emptied, day):
                del self.holdings[symbol]
        self.day = day

    def book(self, instrument: Instrument, side: Side, price: int, quantity: int, done: OrderCosts) -> Booked:
        """Book a fill of an order, of which `done` is what was booked before; costs are rounded once an order.

        Raises:
            AccountError: more is sold than is held.
        """
        holding = self.holdings.setdefault(instrument.symbol, Holding())
        amount = price * quantity
        rate = commission_rate(self.plan, self.day, instrument.kind)
        done.amount += amount
        commission = charge_for_fill(done.amount, rate, done.commission)
        tax, realised = 0, 0
        if side is Side.BUY:
            holding.quantity += quantity
            holding.cost += amount
            holding.bought_today += quantity
            holding.emptied = None
        else:
            if quantity > holding.quantity:
                raise AccountError(f"{instrument.symbol}: {quantity} sold of {holding.quantity} held")
            own_tax = tax_rate(self.day, instrument.market, instrument.kind)
            tax = charge_for_fill(done.amount, own_tax, done.tax)
            cost = holding.cost * quantity // holding.quantity
            realised = amount - cost
            holding.cost -= cost
            holding.quantity -= quantity
            holding.sold_today += quantity
            if holding.quantity == 0:
                holding.emptied = self.day
        done.commission += commission
        done.tax += tax
        change = -amount - commission if side is Side.BUY else amount - commission - tax
        due = settlement_date(self.day) or dt.date.max
        self._due[due] = self._due.get(due, 0) + change
        booked = Booked(self.day, instrument.symbol, side, quantity, price, commission, tax, realised)
        self.booked.append(booked)
        return booked

    def deposit(self, amount: int) -> None:
        """Bring cash in or, negative, take it out."""
        self.cash += amount
        self._opening += amount

    def transfer(self, symbol: str, quantity: int, price: int) -> None:
        """Bring shares in that were bought elsewhere."""
        holding = self.holdings.setdefault(symbol, Holding())
        holding.quantity += quantity
        holding.cost += quantity * price

    @property
    def opening_cash(self) -> int:
        """Return all cash ever brought in."""
        return self._opening

    def cash_on(self, sessions_ahead: int) -> int:
        """Return the cash there will be so many sessions from today on, if nothing else is traded."""
        until = _ahead(self.day, sessions_ahead)
        return self.cash + sum(amount for date, amount in self._due.items() if date <= until)

    @property
    def expected_cash(self) -> int:
        """Return the cash when all that was traded is settled (`D+2`)."""
        return self.cash + sum(self._due.values())

    @property
    def unsettled_proceeds(self) -> int:
        """Return what sales have brought that is not settled yet, as far as purchases have not used it up."""
        return max(0, self.expected_cash - self.cash)

    def free_cash(self, open_orders: Iterable[Committed]) -> int:
        """Return what can be spent without ever owing anything: all cash less what open purchases may cost."""
        return self.expected_cash - sum(self.cost_of(one.quantity, one.unit) for one in open_orders if _is_buy(one))

    def margin_cash(self, open_orders: Iterable[Committed]) -> int:
        """Return what can be put up as margin: all cash less the margin of open purchases."""
        bound = sum(self.margin_of(one.quantity, one.unit, one.margin) for one in open_orders if _is_buy(one))
        return self.expected_cash - bound

    def cost_of(self, quantity: int, price: int) -> int:
        """Return what a purchase costs at most, commission included and never less than what is charged."""
        amount = quantity * price
        return amount + self.commission_on(amount) + (1 if quantity else 0)

    def margin_of(self, quantity: int, price: int, margin: Fraction) -> int:
        """Return the cash that a purchase binds: all of it, or the stock's margin rate where the account uses margin."""
        whole = self.cost_of(quantity, price)
        return whole if not self.uses_margin else -(-whole * margin.numerator // margin.denominator)

    def commission_on(self, amount: int) -> int:
        """Return the most that is charged on an amount, whatever is bought, cut to won."""
        return floor_times(amount, max(commission_rate(self.plan, self.day, kind) for kind in InstrumentKind))

    def sellable(self, symbol: str, open_orders: Iterable[Committed]) -> int:
        """Return the shares that are not in open sales yet."""
        holding = self.holdings.get(symbol)
        bound = sum(one.quantity for one in open_orders if one.symbol == symbol and one.side is Side.SELL)
        return (0 if holding is None else holding.quantity) - bound


@dataclass(slots=True)
class OrderCosts:
    """What was booked for one order so far."""

    amount: int = 0
    commission: int = 0
    tax: int = 0


def _is_buy(one: Committed) -> bool:
    return one.side is Side.BUY


def _ahead(day: dt.date, sessions: int) -> dt.date:
    calendar = krx_calendar()
    later = calendar.sessions(day, calendar.covered_through)
    place = sessions if later and later[0] == day else sessions - 1
    return day if place < 0 else later[place] if place < len(later) else dt.date.max


def _settled_by(day: dt.date, today: dt.date) -> bool:
    due = settlement_date(day)
    return due is not None and due <= today
