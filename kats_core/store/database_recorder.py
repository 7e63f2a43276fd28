"""Keep a run's records as rows of the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import ColumnElement, Connection, case, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import Executable

from kats_core.journal.latest import SetupKey, key_of, merged_setup, merged_signal
from kats_core.model.record import Record, SetupRecord, SignalRecord
from kats_core.store.account_state import AccountState, read_state, save_state
from kats_core.store.database import Database
from kats_core.store.errors import StoreError
from kats_core.store.models import (
    NUMBERED,
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
from kats_core.store.recorder import Clock, Reasons, not_armed_record, utc_now
from kats_core.store.rows import read_records
from kats_core.store.run import Run, RunStatus
from kats_core.store.selection import Selection

_REPEAT_MARK = "~"
"""Ends the provisional id of a repeat; no run id has it."""


class DatabaseRecorder:
    """Keeps records as rows, one transaction for each commit.

    The first attempt at a run is visible as it grows, with the status RUNNING. A repeat of a run that is DONE grows
    under a provisional id and takes over the real one in the transaction of `finish`. A repeat that fails or is killed
    leaves the earlier run complete; what a killed one left is removed by the next, unless that goes on with it.
    """

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock
        self._clear()

    def begin(self, run: Run) -> None:
        self._run = run
        self._numbers: dict[type[Record], int] = {}
        self._statements = _statements(self._database.engine.dialect.name)
        provisional = run.run_id + _REPEAT_MARK
        with self._database.writing() as connection:
            earlier = connection.execute(select(RunRow.status).where(RunRow.run_id == run.run_id)).scalar()
            is_repeat = earlier == RunStatus.DONE
            self._key = provisional if is_repeat else run.run_id
            _remove(connection, provisional)
            if not is_repeat:
                _remove(connection, run.run_id)
            connection.execute(insert(RunRow), [_row_of(run) | {"run_id": self._key}])

    def go_on(self, run: Run) -> AccountState | None:
        self._run = run
        self._statements = _statements(self._database.engine.dialect.name)
        provisional = run.run_id + _REPEAT_MARK
        with self._database.writing() as connection:
            found = connection.execute(
                select(RunRow.run_id, RunRow.status).where(RunRow.run_id.in_((run.run_id, provisional)))
            )
            statuses: dict[str, str] = {row.run_id: row.status for row in found}
            if not statuses:
                raise StoreError(
                    f"database {self._database.name} holds no such run (configuration, data, days and seed are part of "
                    "what a run is): leave --continue out to start it"
                )
            self._key = provisional if provisional in statuses else run.run_id
            if statuses[self._key] == RunStatus.DONE:
                raise StoreError(f"run {run.run_id} is complete: leave --continue out to play it again")
            state = read_state(connection, self._key)
            if state is not None:
                _remove_behind(connection, self._key, state)
                self._numbers = _numbers(connection, self._key)
                own = _row_of(run) | {"run_id": self._key}
                connection.execute(update(RunRow).where(RunRow.run_id == self._key).values(own))
        if state is None:
            # It ended within its first session, of which nothing was kept.
            self.begin(run)
        return state

    def kept(self) -> list[Record]:
        return read_records(self._database, self._key, Selection())

    def keep_state(self, state: AccountState) -> None:
        self._state: AccountState | None = state

    def write(self, records: Sequence[Record]) -> None:
        for record in records:
            self._take(record)

    def _take(self, record: Record) -> None:
        if isinstance(record, SetupRecord):
            key = key_of(record)
            setup = self._setups.get(key)
            self._setups[key] = record if setup is None else merged_setup(setup, record)
        elif isinstance(record, SignalRecord):
            signal = self._signals.get(record.signal_id)
            self._signals[record.signal_id] = record if signal is None else merged_signal(signal, record)
        else:
            self._others.setdefault(type(record), []).append(record)

    def not_armed(
        self, instance: str, sessions: Sequence[dt.date], symbols: Sequence[str], reasons: Reasons, codes: Sequence[str]
    ) -> None:
        for row, column in zip(*np.nonzero(reasons), strict=True):
            code = codes[reasons[row, column] - 1]
            self._take(not_armed_record(sessions[row], instance, symbols[column], code))

    def commit(self) -> None:
        numbers = dict(self._numbers)
        try:
            with self._database.writing() as connection:
                self._save(connection)
        except BaseException:
            # What could not be kept is kept by the next commit, if there is one.
            self._numbers, self._is_behind = numbers, True
            raise
        self._clear()

    def finish(self, status: RunStatus, summary: Mapping[str, Any]) -> None:
        is_repeat = self._key != self._run.run_id
        if self._is_behind and status is not RunStatus.DONE:
            # What still cannot be kept is lost as a whole; the run can be marked as failed all the same.
            with suppress(Exception):
                self.commit()
            self._clear()
        with self._database.writing() as connection:
            if is_repeat and status is not RunStatus.DONE:
                _remove(connection, self._key)
                return
            self._save(connection)
            if is_repeat:
                _remove(connection, self._run.run_id)
                _rename(connection, self._key, self._run.run_id)
            connection.execute(
                update(RunRow)
                .where(RunRow.run_id == self._run.run_id)
                .values(status=status, ended=self._clock(), summary=dict(summary))
            )
        self._clear()

    def _clear(self) -> None:
        self._setups: dict[SetupKey, SetupRecord] = {}
        self._signals: dict[str, SignalRecord] = {}
        self._others: dict[type[Record], list[Record]] = {}
        self._state = None
        self._is_behind = False

    def _save(self, connection: Connection) -> None:
        self._require_ownership(connection)
        groups: dict[type[Record], Sequence[Record]] = {
            SetupRecord: list(self._setups.values()),
            SignalRecord: list(self._signals.values()),
            **self._others,
        }
        for kind, statement in self._statements.items():
            if records := groups.get(kind):
                connection.execute(statement, self._rows(kind, records))
        if self._state is not None:
            save_state(connection, self._key, self._state)

    def _rows(self, kind: type[Record], records: Sequence[Record]) -> list[dict[str, Any]]:
        names = kind.__struct_fields__
        rows = [dict(zip(names, msgspec.structs.astuple(record), strict=True)) for record in records]
        for row in rows:
            row["run_id"] = self._key
        if kind in NUMBERED:
            first = self._numbers.get(kind, 0) + 1
            self._numbers[kind] = first + len(rows) - 1
            for number, row in enumerate(rows, first):
                row[NUMBERED[kind]] = number
        return rows

    def _require_ownership(self, connection: Connection) -> None:
        started = connection.execute(select(RunRow.started).where(RunRow.run_id == self._key)).scalar()
        if started != self._run.started:
            raise StoreError(
                f"run {self._run.run_id} in database {self._database.name} was started again by another process, "
                "which now records it: let that one end, or give one of them another DB_URL"
            )


def _statements(dialect: str) -> dict[type[Record], Executable]:
    """Return how each kind of record is inserted; the two kinds that change replace what was there."""
    statements: dict[type[Record], Executable] = {}
    for kind, rows in ROWS.items():
        table = table_of(rows)
        if kind not in (SetupRecord, SignalRecord):
            statements[kind] = insert(table)
            continue
        upsert = (postgresql if dialect == "postgresql" else sqlite).insert(table)
        new, old = upsert.excluded, table.c
        # The same rules as `merged_setup` and `merged_signal`.
        values: dict[str, Any] = {column.name: new[column.name] for column in table.c if not column.primary_key}
        values |= {
            name: case((new[name] == empty, old[name]), else_=new[name])
            for name, empty in (("numbers", {}), ("facts", ()))
        }
        kept = ("rank", "trigger", "level") if kind is SetupRecord else ("quantity",)
        values |= {name: func.coalesce(new[name], old[name]) for name in kept}
        if kind is SetupRecord:
            values["asked"] = case((new.asked < old.asked, old.asked), else_=new.asked)
        statements[kind] = upsert.on_conflict_do_update(index_elements=list(table.primary_key), set_=values)
    return statements


def _row_of(run: Run) -> dict[str, Any]:
    return dict(zip(run.__struct_fields__, msgspec.structs.astuple(run), strict=True))


def _remove(connection: Connection, key: str) -> None:
    for table in reversed(Base.metadata.sorted_tables):
        connection.execute(delete(table).where(table.c.run_id == key))


def _remove_behind(connection: Connection, key: str, state: AccountState) -> None:
    """Remove what a run kept of a session that it did not complete."""
    session, now = state.session, state.memory.now
    signals = select(SignalRow.signal_id).where(SignalRow.run_id == key, SignalRow.session > session)
    orders = select(OrderRow.order_id).where(OrderRow.run_id == key, OrderRow.session > session)
    later: dict[type[Base], ColumnElement[bool]] = {
        OrderEventRow: OrderEventRow.order_id.in_(orders),
        FillRow: FillRow.order_id.in_(orders),
        OrderRow: OrderRow.session > session,
        VerdictRow: VerdictRow.signal_id.in_(signals),
        TradeRow: TradeRow.closed_at > now,
        PositionRow: PositionRow.session > session,
        SignalRow: SignalRow.session > session,
        SetupRow: SetupRow.session > session,
        EquityRow: EquityRow.session > session,
        FaultRow: FaultRow.ts > now,
        OperatorRow: OperatorRow.ts > now,
    }
    for rows, is_later in later.items():
        table = table_of(rows)
        connection.execute(delete(table).where(table.c.run_id == key, is_later))


def _numbers(connection: Connection, key: str) -> dict[type[Record], int]:
    """Return the last number that each kind of record without a name has got."""
    found = {}
    for kind, name in NUMBERED.items():
        table = table_of(ROWS[kind])
        found[kind] = connection.execute(select(func.max(table.c[name])).where(table.c.run_id == key)).scalar() or 0
    return found


def _rename(connection: Connection, key: str, new_key: str) -> None:
    for table in Base.metadata.sorted_tables:
        connection.execute(update(table).where(table.c.run_id == key).values(run_id=new_key))


def register(database: Database, run: Run) -> None:
    """Note a run whose decisions are in a folder, in the place of an earlier one of the same id."""
    with database.writing() as connection:
        _remove(connection, run.run_id)
        connection.execute(insert(RunRow), [_row_of(run)])
