"""Match orders against bars (`spec/orders.md` section 7.H): the paper broker's market where there is no order book.

Pure and deterministic. Orders are matched inside the bar in which they were decided when the bar itself made them due
(entries on daily bars; stops and targets on any bar); all others wait for the next bar. At most a share of a bar's volume
trades with us, counted for buys and for sells apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import msgspec

from kats_core.market.exact import Ratio
from kats_core.market.rules import SymbolRules
from kats_core.model.bar import Bar
from kats_core.model.kinds import BarKind, OrderType, Side
from kats_core.model.order import Order, OrderId

# Members by names of their own: on Python 3.11 finding one in its class costs as much as a call.
_BUY, _SELL, _DAY = Side.BUY, Side.SELL, BarKind.DAY


class Match(NamedTuple):
    """Shares that change hands."""

    order_id: OrderId
    price: int
    quantity: int


class _Resting(msgspec.Struct):
    order: Order
    left: int


class _Current(msgspec.Struct):
    """The bar being traded, what of it is left for us by side, and the positions that it has bought for."""

    bar: Bar
    left: dict[Side, int]
    bought: set[tuple[str, str, int]] = set()


@dataclass(slots=True)
class BarMatcher:
    """The exchange as bars show it."""

    participation: Fraction | Ratio
    rules: dict[str, SymbolRules] = field(default_factory=dict)
    _resting: dict[OrderId, _Resting] = field(init=False, default_factory=dict)
    _current: dict[str, _Current] = field(init=False, default_factory=dict)
    _is_closing: bool = field(init=False, default=False)

    def begin_session(self, rules: dict[str, SymbolRules]) -> None:
        """Take the day's ticks and limits; nothing rests from the day before."""
        self.rules = rules
        self._current.clear()
        self._is_closing = False

    def on_bar(self, bar: Bar) -> list[Match]:
        """Return what waiting orders get from a new bar, oldest order first."""
        capacity = bar.volume * self.participation.numerator // self.participation.denominator
        self._current[bar.symbol] = _Current(bar, {_BUY: capacity, _SELL: capacity})
        if not self._resting:
            return []
        matches: list[Match] = []
        for resting in [r for r in self._resting.values() if r.order.symbol == bar.symbol]:
            price = self._waiting_price(resting.order, bar)
            if price is not None:
                matches += self._take(resting, price)
        return matches

    def submit(self, order: Order) -> tuple[list[Match], bool]:
        """Take a new order; return its matches in the present bar, and whether it ends with them."""
        resting = _Resting(order, order.remaining)
        self._resting[order.order_id] = resting
        current = self._current.get(order.symbol)
        if current is None:
            return [], False
        price = self._present_price(order, current)
        matches = self._take(resting, price) if price is not None else []
        ends = resting.left > 0 and order.side is _BUY and current.bar.kind is _DAY
        if ends:
            del self._resting[order.order_id]
        return matches, ends

    def cancel(self, order_id: OrderId) -> bool:
        """Take an order's remainder away; False when nothing of it waits."""
        return self._resting.pop(order_id, None) is not None

    def at_end_of_day_check(self) -> list[Match]:
        """Return what waiting market sells get at the close of today's daily bars, a tick below it.

        From here on a market sell trades at the close of a daily bar; on minute bars it goes on waiting for the next.
        """
        self._is_closing = True
        matches = []
        for resting in list(self._resting.values()):
            current = self._current.get(resting.order.symbol)
            if (
                current is None
                or current.bar.kind is not BarKind.DAY
                or resting.order.order_type is not OrderType.MARKET
            ):
                continue
            if not self._is_locked(resting.order.side, current.bar):
                matches += self._take(resting, self._below(current.bar.close, resting.order.symbol))
        return matches

    def resting(self) -> list[tuple[Order, int]]:
        """Return the waiting orders and the shares each still wants."""
        return [(resting.order, resting.left) for resting in self._resting.values()]

    def end_session(self) -> list[OrderId]:
        """Return the orders that end unfilled with the session."""
        ended = list(self._resting)
        self._resting.clear()
        return ended

    def _take(self, resting: _Resting, price: int) -> list[Match]:
        order, current = resting.order, self._current[resting.order.symbol]
        left = current.left
        quantity = min(resting.left, left[order.side])
        if quantity <= 0:
            return []
        left[order.side] -= quantity
        if order.side is _BUY:
            current.bought.add(order.key)
        resting.left -= quantity
        if resting.left == 0:
            del self._resting[order.order_id]
        return [Match(order.order_id, price, quantity)]

    def _is_locked(self, side: Side, bar: Bar) -> bool:
        """Tell whether the whole bar traded at the price limit that leaves no counterparty."""
        if bar.high != bar.low:
            return False
        rules = self.rules[bar.symbol]
        return rules.is_at_upper_limit(bar.low) if side is Side.BUY else rules.is_at_lower_limit(bar.high)

    def _below(self, price: int, symbol: str) -> int:
        """Return one tick below a price, not below the day's lower limit."""
        rules = self.rules[symbol]
        return max(rules.ticks.dn(price), rules.ticks.rup(rules.limits.lower))

    def _waiting_price(self, order: Order, bar: Bar) -> int | None:
        """Return the price at which an order that waited since an earlier bar trades in this one."""
        if self._is_locked(order.side, bar):
            return None
        ticks = self.rules[bar.symbol].ticks
        if order.limit is None:
            return (
                ticks.rdn(bar.open) if bar.kind is BarKind.DAY or bar.is_auction else self._below(bar.open, bar.symbol)
            )
        if order.side is Side.BUY:
            if bar.open <= order.limit:
                slipped = ticks.up(bar.open, order.slip_ticks) if order.slip_ticks and not bar.is_auction else bar.open
                return min(order.limit, ticks.rup(slipped))
            return order.limit if bar.low <= order.limit and not bar.is_auction else None
        if bar.open >= order.limit:
            return ticks.rdn(bar.open)
        return order.limit if bar.high >= order.limit and not bar.is_auction else None

    def _touched_price(self, order: Order, limit: int, bar: Bar) -> int | None:
        """Return the price of a buy that a daily bar made due where it met the setup's level, the order's trigger."""
        ticks = self.rules[bar.symbol].ticks
        met = bar.open if order.trigger is None else order.trigger
        if met > limit:
            return min(limit, ticks.rup(bar.open)) if bar.low <= limit else None
        return min(limit, ticks.up(ticks.rup(met), order.slip_ticks))

    def _present_price(self, order: Order, current: _Current) -> int | None:
        """Return the price of an order that the present bar itself made due, None for one that has to wait."""
        bar = current.bar
        if self._is_locked(order.side, bar):
            return None
        ticks = self.rules[bar.symbol].ticks
        if order.side is _BUY:
            if order.limit is None or bar.kind is not _DAY:
                return None
            return self._touched_price(order, order.limit, bar)
        if order.limit is not None:
            return max(order.limit, ticks.rdn(bar.open))
        if order.trigger is None:
            return self._below(bar.close, bar.symbol) if bar.kind is _DAY and self._is_closing else None
        # A position that this bar has bought was not there at its open: nothing gapped over its stop.
        is_gap = order.trigger == bar.open and order.key not in current.bought
        return ticks.rdn(bar.open) if is_gap else self._below(order.trigger, bar.symbol)
