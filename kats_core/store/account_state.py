"""Keep an account as it stands at a commit, and give it back to a process that goes on with it.

Two tables, one row a run or a stage, each put in the place of the one before in the transaction that keeps the records:
`account_state` holds what the engine remembers, `risk_state` what risk is measured from and what the stages remember, where
people can read it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select

from kats_core.engine.baselines import Baselines
from kats_core.engine.memory import Memory, StageMemory, decode, encode
from kats_core.orders.broker import AccountSnapshot
from kats_core.store.errors import StoreError
from kats_core.store.models import AccountStateRow, RiskStateRow, table_of

CORE = "core"
"""Owns the row of the equities that profit and drawdown are measured from; no stage is called so."""

_ACCOUNTS = table_of(AccountStateRow)
_RISKS = table_of(RiskStateRow)


class AccountState(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it stood behind `session`; `broker` is what a broker inside the process says of it."""

    session: dt.date
    memory: Memory
    broker: AccountSnapshot | None


def save_state(connection: Connection, run_id: str, state: AccountState) -> None:
    """Put a run's state in the place of the one before."""
    for table in (_RISKS, _ACCOUNTS):
        connection.execute(delete(table).where(table.c.run_id == run_id))
    memory = state.memory
    rest = msgspec.structs.replace(memory, baselines=Baselines(), stages=())
    connection.execute(
        insert(_ACCOUNTS),
        [
            {
                "run_id": run_id,
                "session": state.session,
                "ts": memory.now,
                "memory": encode(rest).decode(),
                "broker": state.broker,
            }
        ],
    )
    common = {"run_id": run_id, "session": state.session, "ts": memory.now}
    connection.execute(insert(_RISKS), [common | row for row in _risk_rows(memory)])


def read_state(connection: Connection, run_id: str) -> AccountState | None:
    """Return a run's state at its last commit, None before the first one.

    Raises:
        StoreError: it is damaged, or another version of KATS kept it.
    """
    row = connection.execute(select(_ACCOUNTS).where(_ACCOUNTS.c.run_id == run_id)).one_or_none()
    if row is None:
        return None
    risks = connection.execute(select(_RISKS).where(_RISKS.c.run_id == run_id).order_by(_RISKS.c.position)).all()
    try:
        memory = msgspec.structs.replace(
            decode(row.memory),
            baselines=msgspec.convert(next(r.state for r in risks if r.stage == CORE), Baselines),
            stages=tuple(_stage(r) for r in risks if r.stage != CORE),
        )
        broker = None if row.broker is None else msgspec.convert(row.broker, AccountSnapshot)
    except (ValueError, StopIteration, msgspec.ValidationError) as error:
        raise StoreError(
            f"the account of run {run_id} cannot be taken up ({error}): start the run anew, without --continue"
        ) from error
    return AccountState(session=row.session, memory=memory, broker=broker)


def _risk_rows(memory: Memory) -> Iterator[dict[str, Any]]:
    yield {
        "stage": CORE,
        "position": 0,
        "plugin": CORE,
        "is_parked": False,
        "faults": 0,
        "state": msgspec.to_builtins(memory.baselines),
    }
    for position, stage in enumerate(memory.stages, 1):
        yield {
            "stage": stage.instance,
            "position": position,
            "plugin": stage.plugin,
            "is_parked": stage.is_parked,
            "faults": stage.faults,
            "state": None if stage.state is None else msgspec.json.decode(stage.state),
        }


def _stage(row: Any) -> StageMemory:
    return StageMemory(
        instance=row.stage,
        plugin=row.plugin,
        is_parked=row.is_parked,
        faults=row.faults,
        state=None if row.state is None else msgspec.json.encode(row.state).decode(),
    )
