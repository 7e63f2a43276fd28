"""Send a proposal through the risk stages in their order, and keep the trail of every verdict.

Fail closed: a stage that raises, answers no verdict or enlarges the quantity refuses. The trail notes by itself which
facts and limits a stage read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from msgspec import structs
from pydantic import BaseModel

from kats_core.engine.facts import Facts
from kats_core.market.sessions import SessionHours
from kats_core.model.codes import CoreCode
from kats_core.model.event import StageSpec
from kats_core.model.fact import STARS, Fact
from kats_core.model.kinds import Decision, Profile
from kats_core.model.labels import Code
from kats_core.model.order import Order
from kats_core.model.position import Position
from kats_core.model.record import VerdictRecord
from kats_core.model.setup import Numbers
from kats_core.model.time import Nanos
from kats_core.model.verdict import Proposal, Verdict, reject
from kats_core.risk.contract import Phase, Reservation, RiskStage, StageTraits
from kats_core.risk.limits import Limits


@dataclass(slots=True)
class StageInstance:
    """A stage as the configuration named it. A parked stage refuses everything until it is reloaded."""

    name: str
    plugin: str
    stage: RiskStage
    traits: StageTraits
    is_parked: bool = False
    faults: int = 0
    spec: StageSpec | None = None


class LimitsReader:
    """`Limits` that notes which of its values were read; of a table by grade or regime, only the rows that were."""

    __slots__ = ("_plain", "_values", "read")

    def __init__(self, limits: Limits) -> None:
        self._values = {name: _Rows(self, name, value) if isinstance(value, dict) else value for name, value in limits}
        self._plain = {name: _plain(value) for name, value in limits if not isinstance(value, dict)}
        self.read: Numbers = {}

    def __getattr__(self, name: str) -> object:
        value = self._values[name]
        if name in self._plain:
            self.read[name] = self._plain[name]
        return value


class _Rows(dict[Any, Any]):
    """A table of limits that tells its reader which row was looked up."""

    __slots__ = ("_reader", "_rows")

    def __init__(self, reader: LimitsReader, name: str, table: Mapping[Any, object]) -> None:
        super().__init__(table)
        self._reader = reader
        self._rows = {key: (f"{name} {key}", _plain(value)) for key, value in table.items()}

    def __getitem__(self, key: Any) -> Any:
        name, plain = self._rows[key]
        self._reader.read[name] = plain
        return super().__getitem__(key)


def _plain(value: object) -> int | float | str:
    """Return a limit as a verdict's record holds it."""
    if isinstance(value, BaseModel):
        return " ".join(f"{name} {item}" for name, item in value)
    return value if isinstance(value, (int, float)) else str(value)


@dataclass(slots=True)
class Context:
    """One moment's picture for the stages (`StageContext`)."""

    now: Nanos
    hours: SessionHours
    symbol: str
    positions: Sequence[Position]
    open_orders: Sequence[Order]
    reservations: Sequence[Reservation]
    prices: Mapping[str, int]
    facts: Facts
    limits: LimitsReader
    profile: Profile
    stars: Fact | None = None
    read: list[Fact] = field(default_factory=list)

    def last_price(self, symbol: str) -> int | None:
        """Return the price at which a held symbol is valued."""
        return self.prices.get(symbol)

    def fact(self, name: str) -> Fact:
        """Return an input of the proposal's symbol or of the market, and note that it was read."""
        if name == STARS:
            found = self.facts.stars(self.symbol, self.profile) if self.stars is None else self.stars
        else:
            found = self.facts.get(name, self.symbol)
        self.read.append(found)
        return found

    def begin_stage(self) -> None:
        """Forget what the stage before has read."""
        self.read = []
        self.limits.read = {}


class StageFault(NamedTuple):
    """A stage that raised or answered nonsense."""

    stage: StageInstance
    code: CoreCode
    text: str


class Outcome(NamedTuple):
    """What the pipeline decided; `verdict` is the last stage's that was reached."""

    proposal: Proposal
    verdict: Verdict
    records: list[VerdictRecord]
    faults: list[StageFault]


def run(proposal: Proposal, stages: Sequence[StageInstance], context: Context, attempt: int) -> Outcome:
    """Judge the proposal; the first reject or defer ends it, stages behind it are noted as not reached."""
    records: list[VerdictRecord] = []
    faults: list[StageFault] = []
    verdict: Verdict = reject(CoreCode.STAGE_ERROR)
    ended = False
    for position, stage in enumerate(stages, 1):
        if proposal.purpose not in stage.traits.applies_to:
            continue
        if ended:
            records.append(_record(proposal, stage, position, attempt, _SKIPPED, proposal.quantity, context, False))
            continue
        context.begin_stage()
        verdict, fault = _ask(stage, proposal, context)
        if fault is not None:
            faults.append(fault)
        records.append(_record(proposal, stage, position, attempt, verdict, proposal.quantity, context, True))
        if verdict.decision is Decision.REJECT or verdict.decision is Decision.DEFER:
            ended = True
        elif verdict.quantity != proposal.quantity or verdict.plan is not None:
            proposal = structs.replace(proposal, quantity=verdict.quantity, plan=verdict.plan or proposal.plan)
    if not records:
        verdict = reject(CoreCode.STAGE_ERROR)
    return Outcome(proposal, verdict, records, faults)


_SKIPPED = Verdict(Decision.SKIPPED, 0)


def _ask(stage: StageInstance, proposal: Proposal, context: Context) -> tuple[Verdict, StageFault | None]:
    if stage.is_parked:
        return reject(CoreCode.STAGE_ERROR, {"parked": "yes"}), None
    try:
        # A stage is a guest: whatever it raises must end in a refusal that says so.
        verdict = stage.stage.check(proposal, context)  # type: ignore[arg-type]  # LimitsReader stands for Limits
        problem = nonsense(verdict, proposal, stage.traits.phase)
    except Exception as error:  # noqa: BLE001
        return _faulty(stage, CoreCode.STAGE_ERROR, f"{type(error).__name__}: {error}")
    if problem is not None:
        return _faulty(stage, problem[0], problem[1])
    return verdict, None


def _faulty(stage: StageInstance, code: CoreCode, text: str) -> tuple[Verdict, StageFault]:
    stage.faults += 1
    return reject(code, {"error": text}), StageFault(stage, code, text)


def nonsense(verdict: object, proposal: Proposal, phase: Phase) -> tuple[CoreCode, str] | None:
    """Say what is wrong with an answer, None when nothing is."""
    if not isinstance(verdict, Verdict) or not isinstance(verdict.decision, Decision):
        return CoreCode.STAGE_ERROR, f"answered {type(verdict).__name__} instead of a verdict"
    for name, value in verdict.detail.items():
        if isinstance(value, float) and not math.isfinite(value):
            return CoreCode.STAGE_ERROR, f"{name} is {value}, not a number"
    match verdict.decision:
        case Decision.REJECT if not isinstance(verdict.code, Code):
            return CoreCode.STAGE_ERROR, "reject without a code"
        case Decision.DEFER if not isinstance(verdict.code, Code) or type(verdict.until) is not int:
            return CoreCode.STAGE_ERROR, "defer without a code or an instant"
        case Decision.REJECT | Decision.DEFER:
            return None
        case Decision.APPROVE | Decision.RESIZE:
            return _wrong_quantity(verdict, proposal.quantity, phase)
    return CoreCode.STAGE_ERROR, f"answered {verdict.decision!r}"


def _wrong_quantity(verdict: Verdict, incoming: int | None, phase: Phase) -> tuple[CoreCode, str] | None:
    """Say what is wrong with the quantity of a stage that lets a proposal pass."""
    quantity = verdict.quantity
    if type(quantity) is not int or quantity < 1:
        return CoreCode.STAGE_ERROR, f"{verdict.decision} of {quantity!r} shares"
    if incoming is None:
        return None if phase is Phase.SIZE else (CoreCode.STAGE_ERROR, "no quantity was set before this stage")
    if quantity > incoming:
        return CoreCode.PIPELINE_VIOLATION, f"{incoming} shares came in, {quantity} went out"
    if (verdict.decision is Decision.APPROVE) != (quantity == incoming) and phase is not Phase.SIZE:
        return CoreCode.STAGE_ERROR, f"{verdict.decision} of {quantity} shares where {incoming} came in"
    return None


def _record(
    proposal: Proposal,
    stage: StageInstance,
    position: int,
    attempt: int,
    verdict: Verdict,
    before: int | None,
    context: Context,
    was_reached: bool,
) -> VerdictRecord:
    passed = verdict.decision is Decision.APPROVE or verdict.decision is Decision.RESIZE
    return VerdictRecord(
        signal_id=proposal.signal_id,
        attempt=attempt,
        position=position,
        stage=stage.name,
        plugin=stage.plugin,
        decision=verdict.decision,
        quantity_before=before if was_reached else None,
        quantity_after=verdict.quantity if passed else None,
        code=None if verdict.code is None else str(verdict.code),
        detail=verdict.detail,
        until=verdict.until,
        facts=tuple(context.read) if was_reached else (),
        limits=dict(context.limits.read) if was_reached else {},
    )
