"""Ask other stages, another order or other limits about every proposal of a recorded run, each in its own context."""

from __future__ import annotations

from kats_core.config import Resolved
from kats_core.engine.rejudging import Opinion
from kats_core.journal.rejudged import Judgement, Rejudged, compare, judgement
from kats_core.model.record import SignalRecord, VerdictRecord
from kats_core.runtime.assembly import SecondOpinion
from kats_core.runtime.play import Watcher
from kats_core.runtime.repeating import repeat, repetition
from kats_core.store.reading import StoredRun

JUDGING = ("risk", "limits")
"""The blocks of a configuration that judge proposals."""


def rejudged(stored: StoredRun, recorded: Resolved, other: Resolved, watcher: Watcher) -> Rejudged:
    """Return what changes when the stages and the limits of another configuration judge.

    `recorded` is the run's own configuration.

    Raises:
        RepetitionError: the run cannot be repeated as it was.
    """
    after: dict[str, Judgement] = {}

    def keep(said: Opinion) -> None:
        after[said.proposal.signal_id] = judgement(said.verdicts, said.status, said.code, said.quantity)

    second = SecondOpinion(stages=other.stages, limits=other.limits, keep=keep)
    repeat(repetition(stored.run, recorded, second), stored, watcher)
    signals = {record.signal_id: record for record in stored.records if isinstance(record, SignalRecord)}
    return compare(signals, judgements(stored), after)


def judgements(stored: StoredRun) -> dict[str, Judgement]:
    """Return what was decided on each proposal, by signal id."""
    verdicts: dict[str, list[VerdictRecord]] = {}
    for record in stored.records:
        if isinstance(record, VerdictRecord):
            verdicts.setdefault(record.signal_id, []).append(record)
    return {
        s.signal_id: judgement(verdicts.get(s.signal_id, []), s.status, s.code, s.quantity)
        for s in stored.records
        if isinstance(s, SignalRecord)
    }


def not_judged(recorded: Resolved, other: Resolved) -> list[str]:
    """Return the blocks in which two configurations differ although no proposal is judged by them."""
    return [
        name for name, value in recorded.deciding.items() if name not in JUDGING and value != other.deciding.get(name)
    ]
