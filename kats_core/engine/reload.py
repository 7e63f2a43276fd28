"""Hand a stage the state that its instance had: after a reload to the newly built one, and over a restart.

A state is kept as JSON. A stage that cannot give or take its state is parked: one that does not know what it knew before
must not approve anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from kats_core.engine.memory import StageMemory
from kats_core.engine.pipeline import StageInstance
from kats_core.model.event import StageSpec
from kats_core.model.record import TradeRecord
from kats_core.risk.contract import EquityMarked, ListeningStage, SessionBegan, StatefulStage


class StageTrouble(NamedTuple):
    """A stage that could not take over its state: it is parked, and refuses."""

    stage: StageInstance
    error: Exception


def rebuilt(
    specs: Sequence[StageSpec],
    before: Sequence[StageInstance],
    build: Callable[[StageSpec], StageInstance],
    began: SessionBegan | None,
) -> tuple[tuple[StageInstance, ...], list[StageTrouble]]:
    """Return the new pipeline and the stages that failed to load their state.

    A stage keeps its state by its instance name, as over a restart. One whose configuration has not changed stays the
    object that it is, unless it is parked: reloading is how a person lets a stage try again.
    """
    known = {stage.name: stage for stage in before}
    stages, troubles = [], []
    for spec in specs:
        earlier = known.get(spec.instance)
        if earlier is not None and earlier.spec == spec and not earlier.is_parked:
            stages.append(earlier)
            continue
        stage = build(spec)
        stage.spec = spec
        stages.append(stage)
        try:
            # A stage is a guest: whatever it raises must end in a refusal that says so.
            state = _state(earlier) if earlier is not None and earlier.plugin == spec.plugin else None
            _begin(stage, state, (), began)
        except Exception as error:  # noqa: BLE001
            stage.is_parked = True
            troubles.append(StageTrouble(stage, error))
    return tuple(stages), troubles


def kept(stages: Sequence[StageInstance]) -> tuple[tuple[StageMemory, ...], list[StageTrouble]]:
    """Return what the stages remember, and those that cannot tell."""
    memories, troubles = [], []
    for stage in stages:
        state = None
        try:
            # As above.
            state = _state(stage)
        except Exception as error:  # noqa: BLE001
            stage.is_parked = True
            troubles.append(StageTrouble(stage, error))
        memories.append(
            StageMemory(
                instance=stage.name,
                plugin=stage.plugin,
                is_parked=stage.is_parked,
                faults=stage.faults,
                state=None if state is None else json.dumps(state, ensure_ascii=False),
            )
        )
    return tuple(memories), troubles


def take_up(
    stages: Sequence[StageInstance],
    memories: Sequence[StageMemory],
    trades: Sequence[TradeRecord],
    began: SessionBegan | None,
    marked: EquityMarked | None,
) -> list[StageTrouble]:
    """Give stages that were newly built what they remembered, and return those that fail to take it.

    They hear of the session and of the last valuation once more; what they answer was done when it happened.
    """
    known = {(memory.instance, memory.plugin): memory for memory in memories}
    troubles = []
    for stage in stages:
        memory = known.get((stage.name, stage.plugin))
        state = None if memory is None or memory.state is None else json.loads(memory.state)
        if memory is not None:
            stage.faults, stage.is_parked = memory.faults, memory.is_parked
        try:
            # As above.
            _begin(stage, state, trades, began)
            if marked is not None and isinstance(stage.stage, ListeningStage):
                stage.stage.on_event(marked)
        except Exception as error:  # noqa: BLE001
            stage.is_parked = True
            troubles.append(StageTrouble(stage, error))
    return troubles


def _state(stage: StageInstance) -> dict[str, Any] | None:
    """Return a stage's state as it comes back from where it is kept; raises when JSON cannot hold it."""
    if not isinstance(stage.stage, StatefulStage):
        return None
    state: dict[str, Any] = json.loads(json.dumps(dict(stage.stage.dump()), allow_nan=False))
    return state


def _begin(
    stage: StageInstance, state: dict[str, Any] | None, trades: Sequence[TradeRecord], began: SessionBegan | None
) -> None:
    if began is not None and isinstance(stage.stage, ListeningStage):
        stage.stage.on_event(began)
    if state is not None and isinstance(stage.stage, StatefulStage):
        stage.stage.load(state, trades)
