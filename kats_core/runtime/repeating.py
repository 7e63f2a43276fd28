"""Play a recorded run once more, exactly as it was, to ask what nobody asked while it was played.

A run on recorded or sample data is its configuration, its data and its days: played again it decides the same, to the
byte. So nothing more than the decisions has to be kept of it, and every context in which a stage was asked can be had
again. Whatever differs from what was recorded ends it: an answer about another run would be worse than none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kats_core.config import Resolved, Settings, resolve_recorded
from kats_core.journal.latest import latest
from kats_core.market.source import SourceError
from kats_core.model.record import OperatorRecord, Record, SignalRecord, VerdictRecord
from kats_core.model.wire import encode_record
from kats_core.runtime.assembly import RunKind, SecondOpinion
from kats_core.runtime.play import Plan, Request, Watcher, plan, play
from kats_core.runtime.session_bars import Bars
from kats_core.store.errors import StoreError
from kats_core.store.reading import StoredRun
from kats_core.store.recorder import Reasons
from kats_core.store.run import Run, RunStatus
from kats_core.store.selection import Selection

JUDGED = Selection(only=frozenset({SignalRecord, VerdictRecord, OperatorRecord}))
"""What must be read of a run to repeat it: the decisions, by which the repetition is held to it."""


_WHERE = "--data PATH names the files that the run was played on"


class RepetitionError(StoreError):
    """The run cannot be repeated as it was; the message says what is missing or has changed."""


def recorded_configuration(stored: StoredRun, settings: Settings, data: Sequence[str] = ()) -> Resolved:
    """Return the configuration of a run; `data` is where its files are now.

    Raises:
        RepetitionError: it was not kept, the run is not complete, or a person gave orders while it was played.
        ConfigError: a plugin of it is not there any more.
    """
    run = stored.run
    name = run.run_id[:8]
    if run.status is not RunStatus.DONE:
        raise RepetitionError(f"run {name} is {run.status.en}: only a complete run can be repeated; play it again")
    if not run.configuration:
        raise RepetitionError(f"run {name} was recorded without its configuration: play it again")
    if any(isinstance(record, OperatorRecord) for record in stored.records):
        raise RepetitionError(
            f"run {name}: a person gave it orders while it was played, which no repetition knows; play it again without"
        )
    overrides: dict[str, Any] = {}
    if data:
        if run.configuration["data"]["use"] != "files":
            raise RepetitionError(f"run {name} was not played on files: leave out --data")
        overrides["data.params.paths"] = list(data)
    resolved = resolve_recorded(
        run.configuration, f"configuration of run {name}", settings=settings, overrides=overrides
    )
    # The run's own hash, as part of its identity. A parameter that is newer than the run has its default now; whether that
    # is what was done then, the repetition shows.
    return replace(resolved, hash=run.config_hash)


def repetition(run: Run, resolved: Resolved, second: SecondOpinion | None = None) -> Plan:
    """Return the run, ready to be played once more; `second` judges beside it.

    Raises:
        RepetitionError: its data are not there any more, or they are others.
    """
    chosen = run.summary.get("caveats", {}).get("bars", {}).get("chosen")
    bars = next((one for one in Bars if one.value == chosen), Bars.AUTO)
    request = Request(kind=RunKind[run.kind.upper()], first=run.first_day, last=run.last_day, bars=bars)
    try:
        planned = plan(resolved, request, second)
    except SourceError as error:
        raise RepetitionError(f"run {run.run_id[:8]}: {error}; {_WHERE}") from error
    found = planned.app.source.identity()
    if found != run.data_hash:
        raise RepetitionError(
            f"run {run.run_id[:8]}: the data are others than then (hash {found[:12]}, recorded {run.data_hash[:12]}); {_WHERE}"
        )
    return planned


def repeat(planned: Plan, stored: StoredRun, watcher: Watcher) -> None:
    """Play the run once more and hold every signal and every verdict to what was recorded.

    Raises:
        RepetitionError: something was decided otherwise.
    """
    heard = _Heard()
    play(planned, heard, watcher, lambda: stored.run.started)
    then = [record for record in stored.records if isinstance(record, SignalRecord | VerdictRecord)]
    now = [record for record in latest(heard.records) if isinstance(record, SignalRecord | VerdictRecord)]
    differing = next((pair for pair in zip(then, now, strict=False) if not _is_same(*pair)), None)
    if differing is None and len(then) == len(now):
        return
    record = differing[0] if differing is not None else (then + now)[min(len(then), len(now))]
    raise RepetitionError(
        f"run {stored.run.run_id[:8]}: signal {record.signal_id[:8]} is decided otherwise than then, so the program or a "
        "plugin has changed since; play the run again"
    )


def _is_same(then: Record, now: Record) -> bool:
    return encode_record(then) == encode_record(now)


class _Heard:
    """Keeps signals and verdicts in memory, and nothing anywhere else."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def begin(self, run: Run) -> None:
        """Nothing to prepare."""

    def write(self, records: Sequence[Record]) -> None:
        self.records += [record for record in records if isinstance(record, SignalRecord | VerdictRecord)]

    def not_armed(
        self, instance: str, sessions: Sequence[dt.date], symbols: Sequence[str], reasons: Reasons, codes: Sequence[str]
    ) -> None:
        """Setups are not compared."""

    def commit(self) -> None:
        """Nothing to commit."""

    def finish(self, status: RunStatus, summary: Mapping[str, Any]) -> None:
        """Nothing to finish."""
