"""Answer "why did it, why did it not?" from records alone.

An `Explanation` is one candidate of one strategy in one session with everything that followed: what it waited for, the
signals it gave, each stage's verdict, the orders, their fills and the trade. Nothing is computed anew here; if a number
is not in the records, it is not in the explanation.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from kats_core.journal.latest import SetupKey, key_of, latest
from kats_core.model.kinds import Decision, Side
from kats_core.model.labels import Labelled
from kats_core.model.order import TERMINAL
from kats_core.model.record import (
    FillRecord,
    OrderEventRecord,
    OrderRecord,
    Record,
    SetupRecord,
    SetupStatus,
    SignalRecord,
    SignalStatus,
    TradeRecord,
    VerdictRecord,
)
from kats_core.model.time import to_datetime


class Outcome(Labelled):
    """How far a candidate got, from the least to the most."""

    NOT_ARMED = "NOT_ARMED", "미대기", "not armed"
    WAITING = "WAITING", "대기 중", "waiting"
    NEVER_FIRED = "NEVER_FIRED", "신호 없음", "never fired"
    IN_PIPELINE = "IN_PIPELINE", "심사 중", "in the pipeline"
    REJECTED = "REJECTED", "거절", "rejected"
    DEFERRED = "DEFERRED", "보류", "deferred"
    ON_ORDER = "ON_ORDER", "주문 중", "on order"
    NOT_FILLED = "NOT_FILLED", "미체결", "not filled"
    HOLDING = "HOLDING", "보유 중", "holding"
    CLOSED = "CLOSED", "청산 완료", "closed"


_OF_SETUP = {
    SetupStatus.NOT_ARMED: Outcome.NOT_ARMED,
    SetupStatus.ARMED: Outcome.WAITING,
    SetupStatus.UNFIRED: Outcome.NEVER_FIRED,
    # Its signal is told elsewhere, for instance in another selection.
    SetupStatus.FIRED: Outcome.IN_PIPELINE,
}
_OF_SIGNAL = {
    SignalStatus.PROPOSED: Outcome.IN_PIPELINE,
    SignalStatus.REJECTED: Outcome.REJECTED,
    SignalStatus.DEFERRED: Outcome.DEFERRED,
    SignalStatus.ORDERED: Outcome.ON_ORDER,
}
_RANK = {outcome: rank for rank, outcome in enumerate(Outcome)}


class OrderTrail(msgspec.Struct, frozen=True):
    """An order with its steps and fills, in their order."""

    order: OrderRecord
    events: tuple[OrderEventRecord, ...]
    fills: tuple[FillRecord, ...]

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more can happen to it."""
        return bool(self.events) and self.events[-1].after in TERMINAL

    @property
    def filled_quantity(self) -> int:
        """Shares that changed hands."""
        return sum(fill.quantity for fill in self.fills)


class SignalTrail(msgspec.Struct, frozen=True):
    """A signal with the verdicts of each attempt, stages not reached included, and what followed."""

    signal: SignalRecord
    attempts: tuple[tuple[VerdictRecord, ...], ...]
    orders: tuple[OrderTrail, ...]
    trades: tuple[TradeRecord, ...]

    @property
    def outcome(self) -> Outcome:
        """How far the signal got."""
        entries = [trail for trail in self.orders if trail.order.side is Side.BUY]
        if self.trades:
            return Outcome.CLOSED
        if any(trail.fills for trail in entries):
            return Outcome.HOLDING
        if entries and all(trail.is_over for trail in entries):
            return Outcome.NOT_FILLED
        return _OF_SIGNAL[self.signal.status]

    @property
    def code(self) -> str | None:
        """The reason for the outcome, `owner:CODE`."""
        if self.trades:
            return self.trades[-1].exit_code
        if self.outcome is Outcome.NOT_FILLED:
            return next((event.code for event in reversed(self._entry_events) if event.code is not None), None)
        decisive = self.decisive
        return self.signal.code or (None if decisive is None else decisive.code)

    @property
    def decisive(self) -> VerdictRecord | None:
        """The verdict that stopped the signal in its last attempt."""
        stops = (Decision.REJECT, Decision.DEFER)
        last = self.attempts[-1] if self.attempts else ()
        return next((verdict for verdict in last if verdict.decision in stops), None)

    @property
    def _entry_events(self) -> list[OrderEventRecord]:
        return [event for trail in self.orders if trail.order.side is Side.BUY for event in trail.events]

    def as_json(self) -> dict[str, Any]:
        """Return plain values in a fixed order."""
        return {
            **_plain(self.signal, drop=("session", "instance", "symbol", "slot")),
            "outcome": str(self.outcome),
            "attempts": [[_plain(verdict, drop=("signal_id",)) for verdict in attempt] for attempt in self.attempts],
            "orders": [
                {
                    **_plain(trail.order, drop=("signal_id", "instance", "symbol", "slot")),
                    "events": [_plain(event, drop=("order_id",)) for event in trail.events],
                    "fills": [_plain(fill, drop=("order_id", "instance", "symbol", "slot")) for fill in trail.fills],
                }
                for trail in self.orders
            ],
            "trades": [_plain(trade, drop=("signal_id", "instance", "symbol", "slot")) for trade in self.trades],
        }


class Explanation(msgspec.Struct, frozen=True):
    """One candidate of `instance` in `session`. A signal that came without a setup has `setup` None."""

    session: dt.date
    instance: str
    symbol: str
    slot: int
    setup: SetupRecord | None
    signals: tuple[SignalTrail, ...]

    @property
    def outcome(self) -> Outcome:
        """How far the candidate got; with several signals, the one that got furthest."""
        furthest = self.furthest
        if furthest is not None:
            return furthest.outcome
        return Outcome.IN_PIPELINE if self.setup is None else _OF_SETUP[self.setup.status]

    @property
    def code(self) -> str | None:
        """The reason for the outcome, `owner:CODE`: for one that never fired, the condition that was missing."""
        if self.furthest is not None:
            return self.furthest.code
        return None if self.setup is None else self.setup.code

    @property
    def furthest(self) -> SignalTrail | None:
        """The signal that got furthest, of equals the last."""
        return max(reversed(self.signals), key=lambda trail: _RANK[trail.outcome], default=None)

    def as_json(self) -> dict[str, Any]:
        """Return plain values in a fixed order, the same for the same records."""
        setup = None if self.setup is None else _plain(self.setup, drop=("session", "instance", "symbol", "slot"))
        return {
            "session": self.session.isoformat(),
            "instance": self.instance,
            "symbol": self.symbol,
            "slot": self.slot,
            "outcome": str(self.outcome),
            "code": self.code,
            "setup": setup,
            "signals": [trail.as_json() for trail in self.signals],
        }


def explain(records: Iterable[Record]) -> list[Explanation]:
    """Return an explanation for each setup and each signal, by session, strategy, rank and symbol."""
    final = latest(records)
    setups = {key_of(record): record for record in final if isinstance(record, SetupRecord)}
    signals: dict[SetupKey, list[SignalTrail]] = defaultdict(list)
    for trail in _signal_trails(final):
        signal = trail.signal
        signals[signal.session, signal.instance, signal.symbol, signal.slot].append(trail)
    keys = setups.keys() | signals.keys()
    found = [Explanation(*key, setups.get(key), tuple(signals.get(key, ()))) for key in keys]
    return sorted(found, key=_place)


def json_lines(explanations: Iterable[Explanation]) -> Iterator[str]:
    """Return one line of JSON for each explanation; the same bytes for the same records."""
    for explanation in explanations:
        yield msgspec.json.encode(explanation.as_json()).decode()


class InstanceDay(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one strategy's candidates in a session.

    `armed` are those that waited, whatever followed; `not_armed` the symbols by reason, the most frequent reason first.
    """

    instance: str
    armed: tuple[Explanation, ...]
    not_armed: tuple[tuple[str, tuple[str, ...]], ...]

    def count(self, *outcomes: Outcome) -> int:
        """Count the armed candidates that ended in one of `outcomes`."""
        return sum(explanation.outcome in outcomes for explanation in self.armed)

    @property
    def fired(self) -> int:
        """Candidates that gave a signal."""
        return sum(bool(explanation.signals) for explanation in self.armed)

    @property
    def bought(self) -> int:
        """Candidates of which shares were bought."""
        return self.count(Outcome.HOLDING, Outcome.CLOSED)


def overview(explanations: Iterable[Explanation]) -> list[InstanceDay]:
    """Return the explanations of one session strategy by strategy."""
    instances: dict[str, list[Explanation]] = defaultdict(list)
    for explanation in explanations:
        instances[explanation.instance].append(explanation)
    return [_instance_day(instance, members) for instance, members in sorted(instances.items())]


def _instance_day(instance: str, members: Sequence[Explanation]) -> InstanceDay:
    reasons: dict[str, list[str]] = defaultdict(list)
    for member in members:
        if member.outcome is Outcome.NOT_ARMED:
            reasons[member.code or ""].append(member.symbol)
    by_frequency = sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0]))
    return InstanceDay(
        instance=instance,
        armed=tuple(member for member in members if member.outcome is not Outcome.NOT_ARMED),
        not_armed=tuple((code, tuple(sorted(symbols))) for code, symbols in by_frequency),
    )


R = TypeVar("R", bound=msgspec.Struct)


def _by(records: Iterable[R], key: Callable[[R], str]) -> dict[str, list[R]]:
    groups: dict[str, list[R]] = defaultdict(list)
    for record in records:
        groups[key(record)].append(record)
    return groups


def _signal_trails(final: Sequence[Record]) -> Iterator[SignalTrail]:
    verdicts = _by((r for r in final if isinstance(r, VerdictRecord)), lambda verdict: verdict.signal_id)
    orders = _by((r for r in final if isinstance(r, OrderRecord)), lambda order: order.signal_id)
    events = _by((r for r in final if isinstance(r, OrderEventRecord)), lambda event: event.order_id)
    fills = _by((r for r in final if isinstance(r, FillRecord)), lambda fill: fill.order_id)
    trades = _by((r for r in final if isinstance(r, TradeRecord)), lambda trade: trade.signal_id)
    for signal in final:
        if not isinstance(signal, SignalRecord):
            continue
        name = signal.signal_id
        yield SignalTrail(
            signal,
            _attempts(verdicts.get(name, ())),
            tuple(
                OrderTrail(order, tuple(events.get(order.order_id, ())), tuple(fills.get(order.order_id, ())))
                for order in orders.get(name, ())
            ),
            tuple(trades.get(name, ())),
        )


def _attempts(verdicts: Iterable[VerdictRecord]) -> tuple[tuple[VerdictRecord, ...], ...]:
    attempts: dict[int, list[VerdictRecord]] = defaultdict(list)
    for verdict in verdicts:
        attempts[verdict.attempt].append(verdict)
    return tuple(tuple(attempts[number]) for number in sorted(attempts))


def _place(explanation: Explanation) -> tuple[Any, ...]:
    setup = explanation.setup
    is_unranked = setup is None or setup.rank is None
    rank = 0 if setup is None or setup.rank is None else setup.rank
    return (explanation.session, explanation.instance, is_unranked, rank, explanation.symbol, explanation.slot)


def _plain(record: msgspec.Struct, drop: Sequence[str]) -> dict[str, Any]:
    """Return a record as plain values without what its surroundings say already; `time` is `ts` for people."""
    plain: dict[str, Any] = {}
    for name, value in msgspec.to_builtins(record).items():
        if name == "type" or name in drop:
            continue
        plain[name] = value
        if name == "ts":
            plain["time"] = to_datetime(value).isoformat()
    return plain
