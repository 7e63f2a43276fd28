"""Count what is sent and refused, and say when it is too much: messages, repeated entries, refusals, round trips.

A strategy in a loop repeats itself, and each of its orders looks sound alone. What is counted moves when an order is
sent, not when the broker answers. Nothing here waits: an exit that finds its lane full is sent when `exit_wait` is over.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from kats_core.market.exact import floor_times, to_fraction, to_ratio
from kats_core.model import time
from kats_core.model.codes import CoreCode
from kats_core.model.labels import member
from kats_core.model.order import Order
from kats_core.model.time import Nanos
from kats_core.orders.gate_config import GateConfig

_Entries: TypeAlias = tuple[str, str, int]

STORM_WINDOW: Nanos = 10 * time.MINUTE
STORM_AT = 5
STORM_PAUSE: Nanos = 30 * time.MINUTE
"""After five refusals in ten minutes nothing is bought for half an hour (`spec/orders.md` section 5)."""


class TokenBucket:
    """Let `burst` messages through at once and `per_second` in the long run; exact, in whole nanoseconds of credit."""

    __slots__ = ("_at", "_credit", "_full", "_rate")

    def __init__(self, burst: int, per_second: int) -> None:
        self._full = burst * time.SECOND
        self._rate = per_second
        self._credit = self._full
        self._at: Nanos = 0

    def wait(self, now: Nanos) -> Nanos:
        """Return how long the next message has to wait."""
        short = time.SECOND - self._credit_at(now)
        return 0 if short <= 0 else -(-short // self._rate)

    def take(self, now: Nanos) -> None:
        """Count a message; one that was not asked for first makes the next ones wait for it."""
        self._credit = self._credit_at(now) - time.SECOND
        self._at = now

    def tighten(self, burst: int, per_second: int) -> None:
        """Let through no more than this; what was sent stays counted."""
        self._full, self._rate = burst * time.SECOND, per_second
        self._credit = min(self._credit, self._full)

    def dump(self) -> Lane:
        """Return the bucket as it is kept."""
        return Lane(self._full, self._rate, self._credit, self._at)

    def load(self, lane: Lane) -> None:
        """Take up what was let through; of two sizes the smaller counts."""
        self._full, self._rate = min(self._full, lane.full), min(self._rate, lane.rate)
        self._credit, self._at = min(self._full, lane.credit), lane.at

    def _credit_at(self, now: Nanos) -> int:
        return min(self._full, self._credit + (now - self._at) * self._rate)


class Lane(msgspec.Struct, frozen=True):
    """A token bucket as it is kept over a restart."""

    full: int
    rate: int
    credit: int
    at: Nanos


class Bought(msgspec.Struct, frozen=True):
    """A purchase that was filled."""

    at: Nanos
    price: int
    quantity: int


class TrafficMemory(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted, as it is kept over a restart."""

    latched: dict[str, str]
    bought: int
    orders: int
    cancels: int
    entry_lane: Lane
    exit_lane: Lane
    entries: tuple[tuple[_Entries, tuple[Nanos, ...]], ...]
    refused: tuple[tuple[Nanos, str], ...]
    storm_until: Nanos
    round_trips: dict[str, int]
    bought_at: dict[str, tuple[Bought, ...]] = {}
    unfilled: tuple[tuple[_Entries, int], ...] = ()


@dataclass(slots=True)
class Traffic:
    """The counters of one session; latches outlive it, until a person takes them back."""

    config: GateConfig
    latched: dict[str, CoreCode] = field(default_factory=dict)
    bought: int = 0
    orders: int = 0
    cancels: int = 0
    _entry_lane: TokenBucket = field(init=False)
    _exit_lane: TokenBucket = field(init=False)
    _entries: dict[_Entries, deque[Nanos]] = field(default_factory=dict)
    _unfilled: Counter[_Entries] = field(default_factory=Counter)
    _refused: deque[tuple[Nanos, str]] = field(default_factory=deque)
    _storm_until: Nanos = 0
    _round_trips: Counter[str] = field(default_factory=Counter)
    _bought_at: dict[str, list[Bought]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._open_lanes()

    def use(self, config: GateConfig) -> None:
        """Count by other limits from now on; the lanes keep what they have let through and open anew with the session."""
        self.config = config
        self._entry_lane.tighten(config.orders_burst, config.orders_per_second)

    def begin_session(self) -> None:
        """Count from zero; latches stay."""
        self._entries.clear()
        self._unfilled.clear()
        self._round_trips.clear()
        self._bought_at.clear()
        self.bought = self.orders = self.cancels = 0
        self._open_lanes()

    def dump(self) -> TrafficMemory:
        """Return what was counted."""
        return TrafficMemory(
            latched={name: str(code) for name, code in self.latched.items()},
            bought=self.bought,
            orders=self.orders,
            cancels=self.cancels,
            entry_lane=self._entry_lane.dump(),
            exit_lane=self._exit_lane.dump(),
            entries=tuple((who, tuple(sent)) for who, sent in self._entries.items()),
            refused=tuple(self._refused),
            storm_until=self._storm_until,
            round_trips=dict(self._round_trips),
            bought_at={symbol: tuple(several) for symbol, several in self._bought_at.items()},
            unfilled=tuple(self._unfilled.items()),
        )

    def load(self, memory: TrafficMemory) -> None:
        """Go on counting from what was counted; raises ValueError when a latch has a reason that the core has not."""
        self.latched = {name: member(CoreCode, text) for name, text in memory.latched.items()}
        self.bought, self.orders, self.cancels = memory.bought, memory.orders, memory.cancels
        self._entry_lane.load(memory.entry_lane)
        self._exit_lane.load(memory.exit_lane)
        self._entries = {who: deque(sent) for who, sent in memory.entries}
        self._refused = deque(memory.refused)
        self._storm_until = memory.storm_until
        self._round_trips = Counter(memory.round_trips)
        self._bought_at = {symbol: list(several) for symbol, several in memory.bought_at.items()}
        self._unfilled = Counter(dict(memory.unfilled))

    def refusal(self, order: Order, now: Nanos, *, is_paced: bool) -> CoreCode | None:
        """Return why an entry must not be sent now, or None.

        `is_paced`: messages cost time, as they do where trades and books are streamed; on bars their rate says nothing.
        """
        latch = self.latched.get(order.instance)
        if latch is not None:
            return latch
        if now < self._storm_until:
            return CoreCode.ORDER_STORM
        if self._round_trips.get(order.symbol, 0) >= self.config.round_trips:
            return CoreCode.CHURN
        sent = self._entries.get(order.key)
        if sent and self._repeats(sent, order.key, now):
            return CoreCode.REPEAT_EXEC
        if is_paced:
            if self.orders >= self.config.orders_a_day or self.cancels >= self.config.cancels_a_day:
                return CoreCode.DAILY_MSG
            if self._entry_lane.wait(now) > 0:
                return CoreCode.THROTTLE
        return None

    def _repeats(self, sent: deque[Nanos], key: _Entries, now: Nanos) -> bool:
        """Tell whether as many entries of one key were sent as a day or a minute may have."""
        counted = len(sent) - self._unfilled[key]
        return counted >= self.config.entries_a_day or self._lately(sent, now) >= self.config.entries_a_minute

    def exit_wait(self, now: Nanos) -> Nanos:
        """Return how long an exit or a cancel has to wait for its own lane, which entries never use."""
        return self._exit_lane.wait(now)

    def on_sent(self, order: Order, now: Nanos) -> None:
        """Count an order that is sent."""
        self.orders += 1
        if order.is_reducing:
            self._exit_lane.take(now)
            return
        self._entry_lane.take(now)
        self.bought += order.quantity * (order.limit or 0)
        self._entries.setdefault(order.key, deque()).append(now)

    def on_unfilled(self, order: Order) -> None:
        """Leave an entry that waited its whole life in vain out of the day's count: nothing was executed, so nothing repeats.

        A grid bids a level again each time that its bid has run out. The minute's count keeps it.
        """
        self._unfilled[order.key] += 1

    def on_filled_after_all(self, order: Order) -> None:
        """Count an entry again that `on_unfilled` left out: its fill was told late."""
        self._unfilled[order.key] -= 1

    def on_cancel(self, now: Nanos) -> None:
        """Count a cancel that is sent."""
        self.cancels += 1
        self._exit_lane.take(now)

    def on_bought(self, symbol: str, price: int, quantity: int, now: Nanos) -> None:
        """Remember a purchase for the minute in which it may drive the price."""
        lately = self._bought_lately(symbol, now)
        self._bought_at[symbol] = [*lately, Bought(now, price, quantity)]

    def has_driven(self, symbol: str, now: Nanos) -> bool:
        """Tell whether the last minute's purchases of a symbol cost far more than the first of them."""
        lately = self._bought_lately(symbol, now)
        if not lately:
            return False
        won, shares = sum(one.price * one.quantity for one in lately), sum(one.quantity for one in lately)
        return won > floor_times(lately[0].price * shares, to_ratio(1 + to_fraction(self.config.drift_frac)))

    def _bought_lately(self, symbol: str, now: Nanos) -> list[Bought]:
        several = self._bought_at.get(symbol)
        return [one for one in several if one.at > now - time.MINUTE] if several else []

    def on_flat(self, symbol: str) -> None:
        """Count a round trip."""
        self._round_trips[symbol] += 1

    def on_refused(self, order: Order, now: Nanos) -> CoreCode | None:
        """Count what the broker refused; return the new latch of the instance, or what it means for all."""
        self._refused.append((now, order.instance))
        while self._refused[0][0] <= now - STORM_WINDOW:
            self._refused.popleft()
        lately = [instance for at, instance in self._refused if at > now - time.MINUTE]
        if len(lately) >= self.config.refusals_to_halt:
            return CoreCode.REJECT_STORM
        if lately.count(order.instance) >= self.config.refusals_to_latch and order.instance not in self.latched:
            return self.latch(order.instance, CoreCode.REJECT_STORM)
        if len(self._refused) >= STORM_AT and now >= self._storm_until:
            self._storm_until = now + STORM_PAUSE
            return CoreCode.ORDER_STORM
        return None

    def latch(self, instance: str, code: CoreCode) -> CoreCode:
        """Let an instance buy nothing until a person releases it."""
        self.latched[instance] = code
        return code

    def release(self, instance: str | None = None) -> None:
        """Take latches back, one instance's or all, and forget what led to them."""
        for name in list(self.latched) if instance is None else [instance]:
            self.latched.pop(name, None)
        self._refused.clear()
        self._storm_until = 0

    def _open_lanes(self) -> None:
        config = self.config
        self._entry_lane = TokenBucket(config.orders_burst, config.orders_per_second)
        self._exit_lane = TokenBucket(config.exits_per_second, config.exits_per_second)

    @staticmethod
    def _lately(sent: deque[Nanos], now: Nanos) -> int:
        return sum(at > now - time.MINUTE for at in sent)
