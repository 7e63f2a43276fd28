"""Keep cash and positions: average cost, fees and dated taxes, and the account identity that never breaks.

Every won is an integer except a position's cost, which is an exact fraction so that averages are never rounded before
use. Positions are keyed (instance, symbol, slot).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

import msgspec
from msgspec import structs

from kats_core.market.costs import Costs
from kats_core.market.dividends import after_tax
from kats_core.market.exact import floor_times
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import Purpose, Side
from kats_core.model.labels import CodeBook
from kats_core.model.order import Fill, Order
from kats_core.model.position import Position, Pyramid
from kats_core.model.receivable import Receivable
from kats_core.model.record import TradeRecord
from kats_core.model.signal import ExitPlan
from kats_core.model.time import Nanos
from kats_core.model.wire import decode_other

Key = tuple[str, str, int]

# Members by names of their own: on Python 3.11 finding one in its class costs as much as a call.
_BUY, _SELL = Side.BUY, Side.SELL
_OWN_STOP, _STOP_OF_GROUP = CoreCode.STOP, CoreCode.GRID_HALT


class AccountBrokenError(AssertionError):
    """Cash no longer equals what the fills say: a bug; trading must stop."""


@dataclass(slots=True)
class _Ledger:
    """What a position has cost and brought so far."""

    bought: int = 0
    bought_amount: int = 0
    sold_amount: int = 0
    commission: int = 0
    tax: int = 0
    dividend: int = 0
    is_path_dependent: bool = False


class Opening(NamedTuple):
    """What a position is opened with; `plan` are the shares of a plan that is bought in stages."""

    signal_id: str
    session: dt.date
    exits: ExitPlan
    grade: str
    sector: str
    pivot: int | None = None
    plan: int | None = None


class PortfolioMemory(msgspec.Struct, frozen=True, kw_only=True):
    """The account as it is kept over a restart. Positions are plain values, their codes texts."""

    initial: int
    cash: int
    flow: int
    realised: Fraction
    positions: tuple[dict[str, Any], ...]
    ledgers: tuple[tuple[Key, _Ledger], ...]
    last: dict[str, int]
    expected: tuple[tuple[Key, tuple[int, int]], ...]
    receivables: tuple[Receivable, ...] = ()


@dataclass(slots=True)
class Portfolio:
    """The account of a run. `last` gives the price at which each symbol is valued.

    `expected` holds shares that the present bar sells and whose fills are not booked yet, with the won they bring.
    `changes` counts whatever changed what is held or its value: what was measured stays true until it goes up. So all of
    these are changed by methods alone. `touched` are the symbols whose positions or prices have changed since somebody has
    taken note of them and cleared it. `receivables` are dividends that went ex and are not paid yet: equity, but no cash.
    """

    initial: int
    costs: Costs
    cash: int = field(init=False)
    positions: dict[Key, Position] = field(init=False, default_factory=dict)
    last: dict[str, int] = field(init=False, default_factory=dict)
    expected: dict[Key, tuple[int, int]] = field(init=False, default_factory=dict)
    receivables: tuple[Receivable, ...] = field(init=False, default=())
    _owed: int = field(init=False, default=0)
    _ledgers: dict[Key, _Ledger] = field(init=False, default_factory=dict)
    changes: int = field(init=False, default=0)
    touched: dict[str, None] = field(init=False, default_factory=dict)
    _value: int = field(init=False, default=0)
    _all: tuple[Position, ...] | None = field(init=False, default=())
    _held: dict[str, list[Position]] = field(init=False, default_factory=dict)
    _flow: int = field(init=False, default=0)
    _realised: int | Fraction = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.cash = self.initial

    @property
    def market_value(self) -> int:
        """Value of all holdings at the last prices."""
        value = self._value
        for key, (shares, won) in self.expected.items():
            value += won - shares * self.last[key[1]]
        return value

    @property
    def equity(self) -> int:
        """Cash, holdings and what is owed, in won."""
        return self.cash + self.market_value + self._owed

    @property
    def owed(self) -> int:
        """Sum of the receivables, won."""
        return self._owed

    @property
    def realised(self) -> int:
        """Net profit of everything sold since the start, costs of purchases included; won, rounded down."""
        return self._realised.numerator // self._realised.denominator

    @property
    def path_dependent(self) -> int:
        """Count the open positions of which another way through a bar would have made something else."""
        return sum(ledger.is_path_dependent for ledger in self._ledgers.values())

    def dump(self) -> PortfolioMemory:
        """Return the account as it is kept."""
        return PortfolioMemory(
            initial=self.initial,
            cash=self.cash,
            flow=self._flow,
            realised=Fraction(self._realised),
            positions=tuple(_plain(position) for position in self.positions.values()),
            ledgers=tuple((key, dataclasses.replace(ledger)) for key, ledger in self._ledgers.items()),
            last=dict(self.last),
            expected=tuple(self.expected.items()),
            receivables=self.receivables,
        )

    def load(self, memory: PortfolioMemory, codes: CodeBook) -> None:
        """Take up the account as it was kept.

        Raises:
            ValueError: cash is not what the fills say, or a position has no stop, no price or no ledger.
        """
        if memory.cash != memory.initial + memory.flow:
            raise ValueError(f"cash {memory.cash} but the fills say {memory.initial + memory.flow}")
        positions = [_position(plain, codes) for plain in memory.positions]
        ledgers = dict(memory.ledgers)
        for position in positions:
            if not (position.quantity > 0 and position.stop > 0):
                raise ValueError(f"{position.symbol}: {position.quantity} shares held with a stop at {position.stop}")
            if position.symbol not in memory.last or position.key not in ledgers:
                raise ValueError(f"{position.symbol} is held, but nobody knows its last price or what it cost")
        self.initial, self.cash, self._flow = memory.initial, memory.cash, memory.flow
        self._realised = memory.realised
        self._ledgers, self.last, self.expected = ledgers, dict(memory.last), dict(memory.expected)
        self._owe(memory.receivables)
        self.positions, self._held, self._value = {}, {}, 0
        for position in positions:
            self._put(position)

    @property
    def all(self) -> tuple[Position, ...]:
        """Every position; the same object until one changes."""
        if self._all is None:
            self._all = tuple(self.positions.values())
        return self._all

    def held(self, symbol: str) -> list[Position]:
        """Return the positions of all instances in one symbol."""
        return self._held.get(symbol, [])

    def value_at(self, symbol: str, price: int) -> None:
        """Value a symbol at a price, won."""
        before = self.last.get(symbol)
        if before != price:
            self.last[symbol] = price
            held = self._held.get(symbol)
            if held is not None:
                for position in held:
                    self._value += position.quantity * (price - (before or 0))
                self.touched[symbol] = None
            self.changes += 1

    def expect(self, key: Key, shares: int, won: int) -> None:
        """Value shares of a position at what they are being sold for."""
        self.expected[key] = (shares, won)
        self.changes += 1

    def expect_nothing(self, key: Key) -> None:
        """Value a position at the last price again."""
        if self.expected.pop(key, None) is not None:
            self.changes += 1

    def expect_nothing_any_more(self) -> None:
        """Value every position at the last price again."""
        if self.expected:
            self.expected.clear()
            self.changes += 1

    def go_ex(self, symbol: str, dividend: int, paid_on: dt.date) -> int:
        """Book a dividend a share of what is held of a symbol on its ex-date, and return what is owed for it after tax.

        The shares are worth less by the dividend until somebody trades them, so that equity falls by the tax alone. The
        tax on all shares is spread over the positions like the charges of an order over its fills.
        """
        gross = net = 0
        for position in self.held(symbol):
            gross += dividend * position.quantity
            share, net = after_tax(gross) - net, after_tax(gross)
            self._ledgers[position.key].dividend += share
        self._realised += net
        self._owe((*self.receivables, Receivable(symbol, paid_on, net)))
        if self.last[symbol] > dividend:
            self.value_at(symbol, self.last[symbol] - dividend)
        return net

    def collect(self, session: dt.date) -> tuple[Receivable, ...]:
        """Turn what is paid by a session into cash, and return it."""
        paid = tuple(one for one in self.receivables if one.paid_on <= session)
        if paid:
            won = sum(one.won for one in paid)
            self.cash, self._flow = self.cash + won, self._flow + won
            self._owe(one for one in self.receivables if one.paid_on > session)
        return paid

    def _owe(self, receivables: Iterable[Receivable]) -> None:
        self.receivables = tuple(receivables)
        self._owed = sum(one.won for one in self.receivables)

    def price_fill(self, order: Order, price: int, quantity: int, tax_rate: Fraction) -> tuple[int, int]:
        """Return (commission, tax) of a fill: the order's cumulative charges less what was booked before."""
        before, after = order.filled_amount, order.filled_amount + price * quantity
        commission = self.costs.commission_on(after)
        if before:
            commission -= self.costs.commission_on(before)
        if order.side is _BUY:
            return commission, 0
        return commission, floor_times(after, tax_rate) - floor_times(before, tax_rate)

    def book(self, order: Order, fill: Fill, opening: Opening | None) -> Position | None:
        """Book a fill and return the position afterwards, None when it is flat.

        `opening` is needed for buys: what the position is opened with if there is none yet.
        """
        key, amount, charges = order.key, fill.amount, fill.commission + fill.tax
        if fill.symbol not in self._held:
            # What was known of the symbol may be weeks old.
            self.value_at(fill.symbol, fill.price)
        self._flow += (amount if fill.side is _SELL else -amount) - charges
        ledger = self._ledgers.get(key)
        if ledger is None:
            ledger = self._ledgers[key] = _Ledger()
        ledger.commission += fill.commission
        ledger.tax += fill.tax
        self._realised -= charges
        if fill.side is _BUY:
            if opening is None:
                raise ValueError(f"order {order.order_id}: a buy needs the exit plan of its position")
            self.cash -= amount + fill.commission
            ledger.bought += fill.quantity
            ledger.bought_amount += amount
            position: Position | None = self._add(key, order, fill, opening)
        else:
            self.cash += amount - charges
            ledger.sold_amount += amount
            position = self._reduce(key, fill)
        if self.cash != self.initial + self._flow:
            raise AccountBrokenError(f"cash {self.cash} but the fills say {self.initial + self._flow}")
        return position

    def _add(self, key: Key, order: Order, fill: Fill, opening: Opening) -> Position:
        held = self.positions.get(key)
        # An add brings no risk of its own: its stop is raised until all shares risk what the first ones did.
        is_add = held is not None and order.purpose is Purpose.PYRAMID
        risk = Fraction(0 if is_add else fill.quantity * (fill.price - opening.exits.stop))
        if held is None:
            plan = opening.plan
            position = Position(
                instance=order.instance,
                symbol=order.symbol,
                slot=order.slot,
                quantity=fill.quantity,
                cost=Fraction(fill.amount),
                stop=opening.exits.stop,
                exits=opening.exits,
                targets=(),
                opened_at=fill.ts,
                opened_on=opening.session,
                signal_id=opening.signal_id,
                initial_risk=risk,
                initial_stop=opening.exits.stop,
                stop_code=_STOP_OF_GROUP if opening.exits.ends_group else _OWN_STOP,
                bought=fill.quantity,
                peak=fill.price,
                pivot=opening.pivot,
                pyramid=None
                if plan is None
                else Pyramid(plan=plan, stage=1, signal_id=opening.signal_id, bought=fill.quantity, amount=fill.amount),
                grade=opening.grade,
                sector=opening.sector,
            )
        else:
            position = structs.replace(
                held,
                quantity=held.quantity + fill.quantity,
                cost=held.cost + fill.amount,
                initial_risk=held.initial_risk + risk,
                bought=held.bought + fill.quantity,
                pyramid=held.pyramid and held.pyramid.with_fill(order.signal_id, fill.quantity, fill.amount),
            )
        self._put(position)
        return position

    def _reduce(self, key: Key, fill: Fill) -> Position | None:
        held = self.positions.get(key)
        if held is None or held.quantity < fill.quantity:
            raise AccountBrokenError(f"{fill.symbol}: sold {fill.quantity} shares, held {held.quantity if held else 0}")
        left = held.quantity - fill.quantity
        sold = held.cost if left == 0 else held.cost * fill.quantity / held.quantity
        # Whole won wherever that is exact: fractions cost ten times as much.
        self._realised += fill.amount - (sold.numerator if sold.denominator == 1 else sold)
        if left == 0:
            self._take(held)
            return None
        part = Fraction(left, held.quantity)
        position = structs.replace(held, quantity=left, cost=held.cost * part, dividends=held.dividends * part)
        self._put(position)
        return position

    def replace(self, position: Position) -> None:
        """Keep a changed stop, peak or target list of a position that is held."""
        if position.key not in self.positions:
            raise KeyError(position.key)
        self._put(position)

    def _put(self, position: Position) -> None:
        key, symbol = position.key, position.symbol
        before, here = self.positions.get(key), self._held.get(symbol, [])
        # New lists: somebody may be walking through the old ones.
        if before is None:
            self._held[symbol] = [*here, position]
            self._value += position.quantity * self.last[symbol]
        else:
            self._held[symbol] = [position if one is before else one for one in here]
            if position.quantity != before.quantity:
                self._value += (position.quantity - before.quantity) * self.last[symbol]
        self.positions[key] = position
        self._all, self.changes, self.touched[symbol] = None, self.changes + 1, None

    def _take(self, position: Position) -> None:
        symbol = position.symbol
        left = [one for one in self._held[symbol] if one is not position]
        if left:
            self._held[symbol] = left
        else:
            del self._held[symbol]
        self._value -= position.quantity * self.last[symbol]
        del self.positions[position.key]
        self._all, self.changes, self.touched[symbol] = None, self.changes + 1, None

    def mark_path_dependent(self, key: Key) -> None:
        """Note that the trade's result hangs on the unknown order of prices inside a bar."""
        ledger = self._ledgers.get(key)
        if ledger is not None:
            ledger.is_path_dependent = True

    def close(self, before: Position, ts: Nanos, session: dt.date, exit_code: str) -> TradeRecord:
        """Return the finished trade of a position that has just become flat."""
        ledger = self._ledgers.pop(before.key)
        net = ledger.sold_amount - ledger.bought_amount - ledger.commission - ledger.tax + ledger.dividend
        risk = before.initial_risk
        return TradeRecord(
            signal_id=before.signal_id,
            instance=before.instance,
            symbol=before.symbol,
            slot=before.slot,
            opened_at=before.opened_at,
            closed_at=ts,
            opened_on=before.opened_on,
            closed_on=session,
            quantity=ledger.bought,
            bought_amount=ledger.bought_amount,
            sold_amount=ledger.sold_amount,
            commission=ledger.commission,
            tax=ledger.tax,
            dividend=ledger.dividend,
            net_profit=net,
            initial_risk=str(risk),
            r_multiple=round(net * risk.denominator / risk.numerator, 6) if risk.numerator > 0 else None,
            exit_code=exit_code,
            is_path_dependent=ledger.is_path_dependent,
        )


def _plain(position: Position) -> dict[str, Any]:
    return structs.asdict(position) | {"stop_code": str(position.stop_code)}


def _position(plain: dict[str, Any], codes: CodeBook) -> Position:
    """Return a position of plain values; raises ValueError when it is none."""
    values: dict[str, Any] = {}
    try:
        for one in structs.fields(Position):
            if one.name == "stop_code":
                values[one.name] = codes[plain[one.name]]
            elif one.name in plain:
                values[one.name] = msgspec.convert(plain[one.name], one.type, dec_hook=decode_other)
        return Position(**values)
    except (msgspec.ValidationError, TypeError, KeyError) as error:
        raise ValueError(f"position in {plain.get('symbol')}: {error}") from error
