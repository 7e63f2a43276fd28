"""Bring a decision log to its final state: what later records replaced is gone, and the order is always the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import msgspec

from kats_core.model.record import (
    EquityRecord,
    FaultRecord,
    FillRecord,
    OperatorRecord,
    OrderEventRecord,
    OrderRecord,
    PositionRecord,
    Record,
    SetupRecord,
    SignalRecord,
    TradeRecord,
    VerdictRecord,
)

SetupKey: TypeAlias = tuple[dt.date, str, str, int]
"""(session, instance, symbol, slot)."""

_ORDER: dict[type[Record], Callable[[Any], tuple[Any, ...]]] = {
    EquityRecord: lambda r: (r.session,),
    SetupRecord: lambda r: (r.session, r.instance, r.symbol, r.slot),
    SignalRecord: lambda r: (r.ts, r.instance, r.symbol, r.slot, r.sequence, r.signal_id),
    VerdictRecord: lambda r: (r.signal_id, r.attempt, r.position, r.stage),
    OrderRecord: lambda r: (r.number, r.order_id),
    OrderEventRecord: lambda r: (r.order_id, r.sequence),
    FillRecord: lambda r: (r.ts, r.order_id, r.sequence, r.fill_id),
    TradeRecord: lambda r: (r.closed_at, r.opened_at, r.instance, r.symbol, r.slot, r.signal_id),
    PositionRecord: lambda r: (r.session, r.instance, r.symbol, r.slot),
    FaultRecord: lambda r: (r.ts, r.owner, r.code, r.symbol, r.text),
    # Orders of one instant stay in the order in which they were given: of halt and resume the last one counts.
    OperatorRecord: lambda r: (r.ts,),
}


def key_of(setup: SetupRecord) -> SetupKey:
    """Return what a setup is replaced by."""
    return (setup.session, setup.instance, setup.symbol, setup.slot)


def merged_setup(earlier: SetupRecord, later: SetupRecord) -> SetupRecord:
    """Return the later state of a setup; what it does not repeat (trigger, level, numbers, ...) is the earlier's."""
    return msgspec.structs.replace(
        later,
        rank=earlier.rank if later.rank is None else later.rank,
        trigger=earlier.trigger if later.trigger is None else later.trigger,
        level=earlier.level if later.level is None else later.level,
        asked=max(earlier.asked, later.asked),
        numbers=later.numbers or earlier.numbers,
        facts=later.facts or earlier.facts,
    )


def merged_signal(earlier: SignalRecord, later: SignalRecord) -> SignalRecord:
    """Return the later state of a signal; what it does not repeat (quantity, numbers, facts) is the earlier's."""
    return msgspec.structs.replace(
        later,
        quantity=earlier.quantity if later.quantity is None else later.quantity,
        numbers=later.numbers or earlier.numbers,
        facts=later.facts or earlier.facts,
    )


def latest(records: Iterable[Record]) -> list[Record]:
    """Return the final records, kind by kind, each kind ordered by time or key.

    The result is the same for a log read line by line and for tables that hold final states only.
    """
    kinds: dict[type[Record], list[Any]] = {kind: [] for kind in _ORDER}
    setups: dict[SetupKey, SetupRecord] = {}
    signals: dict[str, SignalRecord] = {}
    for record in records:
        if isinstance(record, SetupRecord):
            key = key_of(record)
            setups[key] = merged_setup(setups[key], record) if key in setups else record
        elif isinstance(record, SignalRecord):
            name = record.signal_id
            signals[name] = merged_signal(signals[name], record) if name in signals else record
        else:
            kinds[type(record)].append(record)
    kinds[SetupRecord] = list(setups.values())
    kinds[SignalRecord] = list(signals.values())
    return [record for kind, members in kinds.items() for record in sorted(members, key=_ORDER[kind])]
