"""State what a recorder is: it keeps a run's records as they come, whole sessions only.

Two exist: `database_recorder` for runs that people come back to, `folder_recorder` for backtests. Both put a repeated run
in the place of the earlier one in a single step at its end, so that whoever looks finds one of the two complete.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from kats_core.model.record import Record, SetupRecord, SetupStatus
from kats_core.store.run import Run, RunStatus

if TYPE_CHECKING:
    # It brings the engine and SQLAlchemy, and a folder needs neither.
    from kats_core.store.account_state import AccountState

Reasons: TypeAlias = npt.NDArray[np.uint8]
"""(sessions x symbols): 0 where armed, else 1 + the position of the reason in a list of codes, as `arm` answers it."""

Clock: TypeAlias = Callable[[], dt.datetime]
"""Tells the time at which a run ended, aware."""


class Recorder(Protocol):
    """Where a run's records go. `begin`, then `write` and `commit` for each session, then `finish` once.

    Each method raises `StoreError` when a person must act; nothing of what was to be kept is kept then.
    """

    def begin(self, run: Run) -> None:
        """Start keeping `run`; an earlier run of the same id stays as it is until `finish`."""

    def write(self, records: Sequence[Record]) -> None:
        """Take records, oldest first; they are kept at the next `commit`."""

    def not_armed(
        self, instance: str, sessions: Sequence[dt.date], symbols: Sequence[str], reasons: Reasons, codes: Sequence[str]
    ) -> None:
        """Take the reasons of all cells that are not armed; `sessions[t]` is the session that row t is for."""

    def commit(self) -> None:
        """Keep what was written since the last commit that went well, all of it or nothing."""

    def finish(self, status: RunStatus, summary: Mapping[str, Any]) -> None:
        """Keep the rest and say how the run ended; done, it takes the place of an earlier run of the same id.

        One that failed or was aborted does so only if the earlier one was not complete either.
        """


@runtime_checkable
class ContinuingRecorder(Recorder, Protocol):
    """A recorder that also keeps the account, so that an interrupted run can be gone on with."""

    def go_on(self, run: Run) -> AccountState | None:
        """Go on with an interrupted run, in the place of `begin`; return the account as it stood at the last commit.

        Whatever was kept of the session that was interrupted is removed. None: nothing had been committed, so that the
        run begins with its first session.

        Raises:
            StoreError: there is no such run, it is complete, or its account cannot be read.
        """

    def kept(self) -> list[Record]:
        """Return what the run has kept so far."""

    def keep_state(self, state: AccountState) -> None:
        """Take the account as it stands; it is kept at the next `commit`, in the place of the one before."""


def utc_now() -> dt.datetime:
    """Return the time of the machine."""
    return dt.datetime.now(dt.UTC)


def not_armed_record(session: dt.date, instance: str, symbol: str, code: str) -> SetupRecord:
    """Return the record that says of a cell only why it is not armed."""
    return SetupRecord(session=session, instance=instance, symbol=symbol, status=SetupStatus.NOT_ARMED, code=code)
