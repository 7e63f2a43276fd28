"""Build the stages of a changed configuration, each with the state that its instance had."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from kats_core.engine.pipeline import StageInstance
from kats_core.model.event import StageSpec
from kats_core.risk.contract import ListeningStage, SessionBegan, StatefulStage


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
            # A stage is a guest: one that does not know what it knew before must not approve anything.
            _begin(stage, earlier if earlier is not None and earlier.plugin == spec.plugin else None, began)
        except Exception as error:  # noqa: BLE001
            stage.is_parked = True
            troubles.append(StageTrouble(stage, error))
    return tuple(stages), troubles


def _begin(stage: StageInstance, earlier: StageInstance | None, began: SessionBegan | None) -> None:
    if began is not None and isinstance(stage.stage, ListeningStage):
        stage.stage.on_event(began)
    if earlier is not None and isinstance(earlier.stage, StatefulStage) and isinstance(stage.stage, StatefulStage):
        stage.stage.load(dict(earlier.stage.dump()), ())
