"""Read runs and records from the database's rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Row, Select, and_, false, func, or_, select, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from kats_core.model.record import Record
from kats_core.model.time import DAY, midnight
from kats_core.store.database import Database
from kats_core.store.errors import StoreError
from kats_core.store.models import (
    ROWS,
    Base,
    EquityRow,
    FaultRow,
    FillRow,
    OperatorRow,
    OrderEventRow,
    OrderRow,
    PositionRow,
    RunRow,
    SetupRow,
    SignalRow,
    TradeRow,
    VerdictRow,
    table_of,
)
from kats_core.store.run import Run
from kats_core.store.selection import Selection

_REPEATS = "%~"
"""Repeats that are being written, or were when their process was killed (`database_recorder`)."""

_Condition: TypeAlias = ColumnElement[bool]
T = TypeVar("T")


def read_run(database: Database, which: str | None) -> Run:
    """Return the run whose id begins with `which`, or the last one started.

    Raises:
        StoreError: there is none, or more than one.
    """
    query = (
        select(table_of(RunRow)).where(RunRow.run_id.not_like(_REPEATS)).order_by(RunRow.started.desc(), RunRow.run_id)
    )
    if which is not None:
        query = query.where(func.substr(RunRow.run_id, 1, len(which)) == which)
    with database.reading() as connection:
        found = connection.execute(query.limit(2)).all()
    if not found:
        missing = "no run yet" if which is None else f"no run {which}, and no folder has that name"
        raise StoreError(f"database {database.name} holds {missing}: `kats run` and `kats backtest` record one")
    if which is not None and len(found) > 1:
        raise StoreError(f"more than one run in database {database.name} begins with {which}: write more of its id")
    return _convert(found[0], Run)


def read_records(database: Database, run_id: str, wanted: Selection) -> list[Record]:
    """Return the records of a run that are `wanted`, table by table."""
    records: list[Record] = []
    with database.reading() as connection:
        for kind, rows in ROWS.items():
            if not wanted.wants(kind):
                continue
            columns = table_of(rows).c
            query = select(*(columns[name] for name in kind.__struct_fields__)).where(columns.run_id == run_id)
            if not wanted.is_all:
                query = query.where(_CONDITIONS[rows](run_id, wanted))
            ordered = query.order_by(*table_of(rows).primary_key)
            records.extend(_convert(row, kind) for row in connection.execute(ordered))
    return records


def _convert(row: Row[Any], kind: type[T]) -> T:
    return msgspec.convert(row._asdict(), kind)


def _signals(run_id: str, wanted: Selection, *columns: InstrumentedAttribute[Any]) -> Select[Any]:
    chosen = select(*(columns or (SignalRow.signal_id,))).where(SignalRow.run_id == run_id)
    if wanted.session is not None:
        traded = select(OrderRow.signal_id).where(OrderRow.run_id == run_id, OrderRow.session == wanted.session)
        chosen = chosen.where(or_(SignalRow.session == wanted.session, SignalRow.signal_id.in_(traded.correlate(None))))
    if wanted.symbol is not None:
        chosen = chosen.where(SignalRow.symbol == wanted.symbol)
    if wanted.signal is not None:
        chosen = chosen.where(func.substr(SignalRow.signal_id, 1, len(wanted.signal)) == wanted.signal)
    return chosen.correlate(None)


def _orders(run_id: str, wanted: Selection) -> Select[Any]:
    return select(OrderRow.order_id).where(OrderRow.run_id == run_id, _of_orders(run_id, wanted)).correlate(None)


def _matches(wanted: Selection, session: InstrumentedAttribute[Any], symbol: InstrumentedAttribute[str]) -> _Condition:
    parts: list[_Condition] = [true()]
    if wanted.session is not None:
        parts.append(session == wanted.session)
    if wanted.symbol is not None:
        parts.append(symbol == wanted.symbol)
    return and_(*parts)


def _without_signal(wanted: Selection, signal_id: InstrumentedAttribute[Any], own: _Condition) -> _Condition:
    return and_(signal_id.is_(None), own) if wanted.signal is None else false()


def _of_setups(run_id: str, wanted: Selection) -> _Condition:
    key = (SignalRow.session, SignalRow.instance, SignalRow.symbol, SignalRow.slot)
    fired = tuple_(SetupRow.session, SetupRow.instance, SetupRow.symbol, SetupRow.slot).in_(
        _signals(run_id, wanted, *key)
    )
    if wanted.signal is not None:
        return fired
    return or_(_matches(wanted, SetupRow.session, SetupRow.symbol), fired)


def _of_orders(run_id: str, wanted: Selection) -> _Condition:
    own = _matches(wanted, OrderRow.session, OrderRow.symbol)
    return or_(OrderRow.signal_id.in_(_signals(run_id, wanted)), _without_signal(wanted, OrderRow.signal_id, own))


def _of_trades(run_id: str, wanted: Selection) -> _Condition:
    own = _matches(wanted, TradeRow.closed_on, TradeRow.symbol)
    return or_(TradeRow.signal_id.in_(_signals(run_id, wanted)), _without_signal(wanted, TradeRow.signal_id, own))


def _of_positions(run_id: str, wanted: Selection) -> _Condition:
    own = _matches(wanted, PositionRow.session, PositionRow.symbol)
    if wanted.signal is None:
        return own
    return and_(own, PositionRow.signal_id.in_(_signals(run_id, wanted)))


def _of_equity(_: str, wanted: Selection) -> _Condition:
    if wanted.symbol is not None or wanted.signal is not None:
        return false()
    return true() if wanted.session is None else EquityRow.session == wanted.session


def _of_faults(_: str, wanted: Selection) -> _Condition:
    own = true() if wanted.symbol is None else FaultRow.symbol == wanted.symbol
    return and_(_within(wanted, FaultRow.ts), own)


def _of_operator(_: str, wanted: Selection) -> _Condition:
    # An order for everything, or for a strategy, is about every symbol too.
    own = true() if wanted.symbol is None else OperatorRow.symbol.in_(("", wanted.symbol))
    return and_(_within(wanted, OperatorRow.ts), own)


def _within(wanted: Selection, ts: InstrumentedAttribute[Any]) -> _Condition:
    """Select what happened in the session and belongs to no signal."""
    if wanted.signal is not None:
        return false()
    if wanted.session is None:
        return true()
    start = midnight(wanted.session)
    return and_(ts >= start, ts < start + DAY)


_CONDITIONS: dict[type[Base], Callable[[str, Selection], _Condition]] = {
    SetupRow: _of_setups,
    SignalRow: lambda run_id, wanted: SignalRow.signal_id.in_(_signals(run_id, wanted)),
    VerdictRow: lambda run_id, wanted: VerdictRow.signal_id.in_(_signals(run_id, wanted)),
    OrderRow: _of_orders,
    OrderEventRow: lambda run_id, wanted: OrderEventRow.order_id.in_(_orders(run_id, wanted)),
    FillRow: lambda run_id, wanted: FillRow.order_id.in_(_orders(run_id, wanted)),
    TradeRow: _of_trades,
    PositionRow: _of_positions,
    EquityRow: _of_equity,
    FaultRow: _of_faults,
    OperatorRow: _of_operator,
}
