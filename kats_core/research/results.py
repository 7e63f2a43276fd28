"""Read a finished run from its folder: its trades with all that belongs to them, its account, what was refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from kats_core.journal.latest import SetupKey, key_of, merged_setup, merged_signal
from kats_core.journal.refusals import Refusal, Refusals
from kats_core.model import fact
from kats_core.model.fact import Fact
from kats_core.model.kinds import Side
from kats_core.model.record import (
    EquityRecord,
    FaultRecord,
    FillRecord,
    OrderEventRecord,
    OrderRecord,
    PositionRecord,
    Record,
    SetupRecord,
    SignalRecord,
    SignalStatus,
    TradeRecord,
    VerdictRecord,
)
from kats_core.store.errors import StoreError
from kats_core.store.reading import Glance, describe, read_kinds, read_some
from kats_core.store.run import Run, RunStatus

R = TypeVar("R")
_KINDS: tuple[type[Record], ...] = (
    SignalRecord,
    OrderRecord,
    OrderEventRecord,
    FillRecord,
    TradeRecord,
    PositionRecord,
    EquityRecord,
    FaultRecord,
)
PositionKey = tuple[str, str, int]
"""(instance, symbol, slot)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A trade, numbered from 1 by its close, and how it came about.

    `regime` and `grade` are what the stages read at the entry; None where none of them read it. `stops` are the stop at the
    close of each session in which the position was held overnight.
    """

    number: int
    trade: TradeRecord
    regime: str | None
    grade: str | None
    signal: SignalRecord | None
    setup: SetupRecord | None
    orders: tuple[OrderRecord, ...]
    fills: tuple[FillRecord, ...]
    stops: tuple[tuple[dt.date, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What came of a run, and its `instances` of strategies.

    `trades`, ordered by their close, are those of `stories`; `held` is what it ended with.
    """

    run: Run
    instances: tuple[str, ...]
    stories: tuple[Story, ...]
    equity: tuple[EquityRecord, ...]
    orders: tuple[OrderRecord, ...]
    order_events: tuple[OrderEventRecord, ...]
    fills: tuple[FillRecord, ...]
    signals: Mapping[str, SignalRecord]
    held: tuple[PositionRecord, ...]
    refusals: tuple[Refusal, ...]
    faults: tuple[FaultRecord, ...]

    @property
    def trades(self) -> list[TradeRecord]:
        """The closed trades."""
        return [story.trade for story in self.stories]


def read_results(folder: Path) -> Results:
    """Return the results of the run in a folder.

    Raises:
        StoreError: there is no run, another version wrote it, it did not come to its end, or it is damaged.
    """
    run = describe(folder)
    if run.status is not RunStatus.DONE:
        reason = run.summary.get("error")
        raise StoreError(
            f"folder {folder} holds a run that is not complete ({run.status.en}{f': {reason}' if reason else ''}): "
            "run it again"
        )
    kept = _Kept(read_kinds(folder, _KINDS))
    traded = {trade.signal_id for trade in kept.of(TradeRecord)}
    candidates = kept.candidates(traded)
    # Most of what is recorded is about candidates that were never bought.
    setups = read_some(folder, SetupRecord, lambda one: _key(one) in candidates)
    verdicts = read_some(folder, VerdictRecord, lambda one: one.signal_id in traded)
    return kept.results(run, setups, _read_at_entry(verdicts))


def _key(one: Glance) -> SetupKey:
    """Return which candidate a record is about."""
    return (one.session or dt.date.min, one.instance, one.symbol, one.slot)


class _Kept:
    """The records of a run by their kind."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._by_kind: dict[type, list[Record]] = {}
        self._signals: dict[str, SignalRecord] = {}
        self._refusals = Refusals()
        for record in records:
            if isinstance(record, SignalRecord):
                earlier = self._signals.get(record.signal_id)
                self._signals[record.signal_id] = record if earlier is None else merged_signal(earlier, record)
                self._refusals.append(record)
            else:
                self._by_kind.setdefault(type(record), []).append(record)

    def of(self, kind: type[R]) -> list[R]:
        """Return the records of one kind in the order in which they were written."""
        return [record for record in self._by_kind.get(kind, []) if isinstance(record, kind)]

    def candidates(self, traded: Collection[str]) -> set[SetupKey]:
        """Return the candidates whose signals were traded."""
        signals = (self._signals[signal_id] for signal_id in traded if signal_id in self._signals)
        return {(signal.session, signal.instance, signal.symbol, signal.slot) for signal in signals}

    def results(
        self,
        run: Run,
        setups: Iterable[SetupRecord],
        at_entry: Mapping[str, Mapping[str, str]],
    ) -> Results:
        """Put everything together."""
        equity = sorted(self.of(EquityRecord), key=lambda day: day.session)
        positions = self.of(PositionRecord)
        trades = sorted(self.of(TradeRecord), key=lambda trade: trade.closed_at)
        last = equity[-1].session if equity else None
        signals = {key: signal for key, signal in self._signals.items() if signal.status is SignalStatus.ORDERED}
        return Results(
            run=run,
            instances=_instances(run, [*self._signals.values(), *trades]),
            stories=tuple(self._stories(trades, _merged(setups), at_entry)),
            equity=tuple(equity),
            orders=tuple(self.of(OrderRecord)),
            order_events=tuple(self.of(OrderEventRecord)),
            fills=tuple(self.of(FillRecord)),
            signals=signals,
            held=tuple(position for position in positions if position.session == last),
            refusals=tuple(self._refusals),
            faults=tuple(self.of(FaultRecord)),
        )

    def _stories(
        self,
        trades: Sequence[TradeRecord],
        setups: Mapping[SetupKey, SetupRecord],
        at_entry: Mapping[str, Mapping[str, str]],
    ) -> Iterable[Story]:
        orders = {order.order_id: order for order in self.of(OrderRecord)}
        fills = _round_trips(sorted(self.of(FillRecord), key=lambda f: (f.ts, orders[f.order_id].number, f.sequence)))
        stops: dict[str, list[tuple[dt.date, int]]] = {}
        for position in self.of(PositionRecord):
            stops.setdefault(position.signal_id, []).append((position.session, position.stop))
        for number, trade in enumerate(trades, 1):
            trips = fills.get((trade.instance, trade.symbol, trade.slot))
            own = next(trips, ()) if trips is not None else ()
            signal = self._signals.get(trade.signal_id)
            session = trade.opened_on if signal is None else signal.session
            read = at_entry.get(trade.signal_id, {})
            yield Story(
                number=number,
                trade=trade,
                regime=read.get(fact.REGIME),
                grade=read.get(fact.GRADE),
                signal=signal,
                setup=setups.get((session, trade.instance, trade.symbol, trade.slot)),
                orders=tuple({fill.order_id: orders[fill.order_id] for fill in own}.values()),
                fills=own,
                stops=tuple(stops.get(trade.signal_id, ())),
            )


def _instances(run: Run, acted: Iterable[SignalRecord | TradeRecord]) -> tuple[str, ...]:
    """Return the strategies: as they were configured, else as they acted."""
    configured = [str(entry.get("as") or entry.get("use")) for entry in run.configuration.get("strategies", ())]
    return tuple(configured or sorted({record.instance for record in acted}))


def _merged(setups: Iterable[SetupRecord]) -> dict[SetupKey, SetupRecord]:
    """Return each setup in its final state, with what was noted of it when it was armed."""
    found: dict[SetupKey, SetupRecord] = {}
    for setup in setups:
        key = key_of(setup)
        found[key] = merged_setup(found[key], setup) if key in found else setup
    return found


def _round_trips(fills: Iterable[FillRecord]) -> dict[PositionKey, Iterator[tuple[FillRecord, ...]]]:
    """Return, for each position key, the fills of one position after the other, each from its entry to flat."""
    trips: dict[PositionKey, list[tuple[FillRecord, ...]]] = {}
    open_now: dict[PositionKey, list[FillRecord]] = {}
    shares: dict[PositionKey, int] = {}
    for fill in fills:
        key = (fill.instance, fill.symbol, fill.slot)
        open_now.setdefault(key, []).append(fill)
        shares[key] = shares.get(key, 0) + (fill.quantity if fill.side is Side.BUY else -fill.quantity)
        if shares[key] == 0:
            trips.setdefault(key, []).append(tuple(open_now.pop(key)))
    return {key: iter(found) for key, found in trips.items()}


def _read_at_entry(verdicts: Iterable[VerdictRecord]) -> dict[str, dict[str, str]]:
    """Return, by signal, the regime and the grade that the stages read."""
    found: dict[str, dict[str, str]] = {}
    for verdict in verdicts:
        for one in verdict.facts:
            if one.name in (fact.REGIME, fact.GRADE) and _is_text(one):
                found.setdefault(verdict.signal_id, {})[one.name] = str(one.value)
    return found


def _is_text(one: Fact) -> bool:
    return isinstance(one.value, str)
