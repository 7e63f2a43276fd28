"""The nine stages of the default order, together: none only says "passed", none ever stands before an exit."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kats_core.config import resolve
from kats_core.engine.pipeline import StageInstance
from kats_core.market.events import EventDay
from kats_core.model import fact
from kats_core.model.fact import FactValue
from kats_core.model.kinds import Decision
from kats_core.model.record import FaultRecord, VerdictRecord
from kats_core.model.verdict import Proposal, Verdict
from kats_core.risk.contract import Action, ListeningStage, StageContext, StageEvent
from kats_core.testing import FrozenContext, proposal

if TYPE_CHECKING:
    from conftest import House

HOUSE_ORDER = (
    "position-sizer",
    "drawdown-protocol",
    "daily-kill-switch",
    "grade-allocator",
    "sector-limit",
    "event-guard",
    "global-position-lock",
    "vi-guard",
    "margin-guard",
)


@pytest.fixture
def stages(tmp_path: Path) -> tuple[StageInstance, ...]:
    """The stages that run without a kats.yaml."""
    entries = resolve(None, environ={"KATS_HOME": str(tmp_path)}, cwd=tmp_path).stages
    return tuple(StageInstance(e.instance, e.plugin.name, e.plugin.build(e.params), e.plugin.traits) for e in entries)


class Turning:
    """A stage that judges as it always does, until it is turned against everything."""

    def __init__(self, stage: Any) -> None:
        self._stage = stage
        self.seen: list[Proposal] = []
        self.is_turned = False

    def check(self, asked: Proposal, context: StageContext) -> Verdict:
        if self.is_turned:
            raise RuntimeError("refuses to answer")
        self.seen.append(asked)
        verdict: Verdict = self._stage.check(asked, context)
        return verdict

    def on_event(self, event: StageEvent) -> Iterable[Action]:
        """Pass on what the stage would hear."""
        actions: Iterable[Action] = self._stage.on_event(event) if isinstance(self._stage, ListeningStage) else ()
        return actions


def test_the_default_order_is_that_of_the_specification(stages: tuple[StageInstance, ...]) -> None:
    """All nine, each once."""
    assert tuple(stage.name for stage in stages) == HOUSE_ORDER


@pytest.mark.parametrize("name", HOUSE_ORDER)
def test_a_stage_that_knows_nothing_lets_nothing_through(stages: tuple[StageInstance, ...], name: str) -> None:
    """Regressions 6 and 7: no input has a default that lets an entry pass; the reason is the stage's own."""
    (stage,) = (one for one in stages if one.name == name)
    verdict = stage.stage.check(proposal(quantity=None if name == "position-sizer" else 100), FrozenContext())
    assert verdict.decision in (Decision.REJECT, Decision.DEFER)
    assert verdict.code is not None
    assert str(verdict.code).startswith(f"{name}:")


@pytest.mark.parametrize("turn", range(7))
def test_no_stage_in_any_place_stands_before_an_exit(
    house: type[House], stages: tuple[StageInstance, ...], turn: int
) -> None:
    """Regression 8: all stages turn against everything once the position is there; its stop sells all the same."""
    first, *free, last = stages
    turned = [Turning(one.stage) for one in (first, *free[turn:], *free[:turn], last)]
    pipeline = tuple(
        StageInstance(one.name, one.plugin, wrapped, one.traits)
        for one, wrapped in zip((first, *free[turn:], *free[:turn], last), turned, strict=True)
    )
    desk = house.Desk(strategies=(house.instance(house.Buyer(stop=24_500)),), stages=pipeline)
    known: dict[str, FactValue] = {
        fact.EVENTS: EventDay(session=desk.session).as_text(),
        fact.VI_STATE: "NORMAL",
        fact.VI_UPPER: 28_000,
        fact.SECTOR: "화학",
    }
    desk.begin(house.setup(), facts=known).minute("09:30", 25_450).minute("09:31", 25_450)
    reached = {record.stage: record for record in desk.kept(VerdictRecord)}
    for one in turned:
        one.is_turned = True
    desk.minute("09:32", 24_400)
    assert sum(q for _, q in desk.sold) == sum(q for _, q in desk.bought)
    assert desk.bought, {name: record.code for name, record in reached.items()}
    assert all(len(one.seen) == 1 for one in turned)
    assert desk.engine.positions == ()
    assert desk.kept(FaultRecord) == []
