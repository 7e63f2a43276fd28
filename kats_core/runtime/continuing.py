"""Go on with a run that was interrupted: the account as it stood behind the last session that was kept.

Nothing is entered before engine and broker agree on what is held.
"""

from __future__ import annotations

import datetime as dt

from kats_core.model.record import TradeRecord
from kats_core.orders.broker import AccountSnapshot, InProcessBroker
from kats_core.runtime.assembly import App
from kats_core.store.account_state import AccountState
from kats_core.store.errors import StoreError


def state_of(app: App, session: dt.date) -> AccountState:
    """Return the account as it stands behind a session."""
    broker = app.broker.snapshot() if isinstance(app.broker, InProcessBroker) else None
    return AccountState(session=session, memory=app.engine.dump(), broker=broker)


def take_up(app: App, state: AccountState, trades: list[TradeRecord]) -> None:
    """Let a newly built run go on from a kept account; `trades` are its closed ones, oldest first.

    Raises:
        StoreError: the account cannot be taken up as it is.
    """
    memory = state.memory
    if memory.rules != app.engine.rules or memory.later is not None:
        raise _refused(app, "its rules were changed by `kats reload` while it ran")
    try:
        app.engine.load(memory, trades)
    except ValueError as error:
        raise _refused(app, str(error)) from error
    if isinstance(app.broker, InProcessBroker) and state.broker is not None:
        app.broker.restore(state.broker)
        held = _held(app)
        if held != state.broker or app.engine.live_orders:
            raise _refused(app, f"it holds {held}, but its broker {state.broker}")


def _held(app: App) -> AccountSnapshot:
    """Return what the engine says the account holds."""
    held: dict[str, int] = {}
    for position in app.engine.positions:
        held[position.symbol] = held.get(position.symbol, 0) + position.quantity
    return AccountSnapshot(app.engine.cash, held, app.engine.receivables)


def _refused(app: App, why: str) -> StoreError:
    return StoreError(f"run {app.run_id} cannot be gone on with: {why}. Leave --continue out to start it anew")
