"""Judge every proposal of a run once more, beside its own stages: by another order, other parameters, other limits.

The second opinion sees the proposal and the context of the moment, hears every event that the run's own stages hear, and
changes nothing: what its stages would do to the account is not done, since the account is the run's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from kats_core.engine.pipeline import LimitsReader, StageInstance
from kats_core.model.command import Fetch
from kats_core.model.event import Fetched
from kats_core.model.labels import Code
from kats_core.model.record import SignalStatus, VerdictRecord
from kats_core.model.setup import Setup
from kats_core.model.verdict import Proposal
from kats_core.risk.contract import ListeningStage, StageEvent
from kats_core.risk.limits import Limits


class Opinion(NamedTuple):
    """What would have become of a proposal, which came from `setup`: its verdicts, the core's own last where it was reached.

    `quantity` is what the stages made of it. `code` is the reason of the end, also where it is the order gate's, which
    gives no verdict.
    """

    setup: Setup
    proposal: Proposal
    verdicts: list[VerdictRecord]
    status: SignalStatus
    code: Code | None
    quantity: int | None


@dataclass(slots=True, kw_only=True)
class Rejudging:
    """Stages and limits that judge beside a run's own. `fetch` answers what only these stages ask for."""

    stages: tuple[StageInstance, ...]
    limits: Limits
    keep: Callable[[Opinion], None]
    fetch: Callable[[Fetch], Fetched]
    reader: LimitsReader = field(init=False)
    _listeners: Sequence[tuple[StageInstance, ListeningStage]] = field(init=False)

    def __post_init__(self) -> None:
        self.reader = LimitsReader(self.limits)
        self._listeners = [(s, s.stage) for s in self.stages if isinstance(s.stage, ListeningStage)]

    @property
    def needs(self) -> frozenset[str]:
        """Inputs that these stages ask for."""
        return frozenset(need for stage in self.stages for need in stage.traits.needs)

    def hear(self, event: StageEvent) -> None:
        """Let the stages note what happened; a stage that fails at it refuses from then on, as in a run."""
        for stage, listener in self._listeners:
            if stage.is_parked:
                continue
            try:
                # A stage is a guest: one that fails to keep its state must not approve anything any more.
                listener.on_event(event)
            except Exception:  # noqa: BLE001
                stage.is_parked = True
