"""Send a proposal through the risk stages in their order, and keep the trail of every verdict.

Fail closed: a stage that raises, answers no verdict or enlarges the quantity refuses. The trail notes by itself which
facts and limits a stage read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
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
from kats_core.risk.contract import Phase, RiskStage, StageTraits
from kats_core.risk.exposure import Exposure, measure
from kats_core.risk.limits import Limits
from kats_core.risk.reservation import Reservation


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
    """`Limits` that notes which of its values were read; of a table by grade or regime, only the rows that were.

    It has a property for each of their names, which costs a stage far less than `__getattr__` would.
    """

    __slots__ = ("_plain", "_values", "read")

    def __init__(self, limits: Limits) -> None:
        self._values = {name: _Rows(self, name, value) if isinstance(value, dict) else value for name, value in limits}
        self._plain = {name: _plain(value) for name, value in limits if not isinstance(value, dict)}
        self.read: Numbers = {}

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> object: ...


def _noting(name: str) -> property:
    def value(self: LimitsReader) -> object:
        self.read[name] = self._plain[name]
        return self._values[name]

    return property(value)


def _table(name: str) -> property:
    return property(lambda self: self._values[name])


for _name, _value in Limits():
    setattr(LimitsReader, _name, _table(_name) if isinstance(_value, dict) else _noting(_name))


class _Rows(dict[Any, Any]):
    """A table of limits that tells its reader which row was looked up."""

    __slots__ = ("_reader", "_rows")

    def __init__(self, reader: LimitsReader, name: str, table: Mapping[Any, object]) -> None:
        super().__init__(table)
        self._reader = reader
        self._rows = {key: (f"{name} {key}", _plain(value), value) for key, value in table.items()}

    def __getitem__(self, key: Any) -> Any:
        name, plain, value = self._rows[key]
        self._reader.read[name] = plain
        return value


def _plain(value: object) -> int | float | str:
    """Return a limit as a verdict's record holds it."""
    if isinstance(value, BaseModel):
        return " ".join(f"{name} {_word(item)}" for name, item in value)
    return value if isinstance(value, (int, float)) else str(value)


def _word(value: object) -> str:
    """Return a part of a limit as people write it: a clock to the minute, a span or a series with a stroke."""
    if isinstance(value, tuple):
        return "/".join(map(_word, value))
    return f"{value:%H:%M}" if isinstance(value, dt.time) else str(value)


class Context(msgspec.Struct):
    """One moment's picture for the stages (`StageContext`). `measured` is the exposure where it is known already.

    `read` are the facts that the stage at work has read, `found` all that any has.
    """

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
    measured: Exposure | None = None
    read: list[Fact] = []
    found: dict[str, Fact] = {}

    @property
    def exposure(self) -> Exposure:
        """What positions and reservations use."""
        if self.measured is None:
            self.measured = measure(self.positions, self.reservations, self.prices.get)
        return self.measured

    def last_price(self, symbol: str) -> int | None:
        """Return the price at which a held symbol is valued."""
        return self.prices.get(symbol)

    def fact(self, name: str) -> Fact:
        """Return an input of the proposal's symbol or of the market, and note that it was read."""
        # Several stages read the same few inputs.
        found = self.found.get(name)
        if found is None:
            found = self.found[name] = self.facts.get(name, self.symbol) if name != STARS else self._own_stars()
        self.read.append(found)
        return found

    def _own_stars(self) -> Fact:
        return self.facts.stars(self.symbol, self.profile) if self.stars is None else self.stars

    def begin_stage(self) -> None:
        """Note what is read from now on apart from what was read before."""
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


def run(
    proposal: Proposal, stages: Sequence[StageInstance], context: Context, attempt: int, *, is_recorded: bool = True
) -> Outcome:
    """Judge the proposal; the first reject or defer ends it, stages behind it are noted as not reached.

    Without `is_recorded` there are no records.
    """
    records: list[VerdictRecord] = []
    faults: list[StageFault] = []
    verdict: Verdict | None = None
    purpose, limits, ended = proposal.purpose, context.limits, False
    for position, stage in enumerate(stages, 1):
        if purpose not in stage.traits.applies_to:
            continue
        if ended:
            if not is_recorded:
                break
            records.append(_not_reached(proposal, stage, position, attempt))
            continue
        facts: list[Fact] = []
        noted: Numbers = {}
        context.read, limits.read = facts, noted
        incoming, verdict = proposal.quantity, _ask(stage, proposal, context, faults)
        decision, passed = verdict.decision, verdict.quantity
        ended = decision is _REJECT or decision is _DEFER
        if is_recorded:
            # This is built for each stage of each signal, and that is most of what the audit costs: no call in between.
            records.append(
                VerdictRecord(
                    signal_id=proposal.signal_id,
                    attempt=attempt,
                    position=position,
                    stage=stage.name,
                    plugin=stage.plugin,
                    decision=decision,
                    quantity_before=incoming,
                    quantity_after=None if ended else passed,
                    code=None if verdict.code is None else str(verdict.code),
                    detail=verdict.detail,
                    until=verdict.until,
                    facts=tuple(facts),
                    limits=noted,
                )
            )
        if not ended and (passed != incoming or verdict.plan is not None):
            proposal = structs.replace(proposal, quantity=passed, plan=verdict.plan or proposal.plan)
    # What is read later is in no stage's record.
    context.begin_stage()
    return Outcome(proposal, verdict or reject(CoreCode.STAGE_ERROR), records, faults)


_APPROVE, _RESIZE, _REJECT, _DEFER = Decision.APPROVE, Decision.RESIZE, Decision.REJECT, Decision.DEFER


def _ask(stage: StageInstance, proposal: Proposal, context: Context, faults: list[StageFault]) -> Verdict:
    if stage.is_parked:
        return reject(CoreCode.STAGE_ERROR, {"parked": "yes"})
    try:
        # A stage is a guest: whatever it raises must end in a refusal that says so.
        verdict = stage.stage.check(proposal, context)  # type: ignore[arg-type]  # LimitsReader stands for Limits
        problem = nonsense(verdict, proposal, stage.traits.phase)
    except Exception as error:  # noqa: BLE001
        return _faulty(stage, CoreCode.STAGE_ERROR, f"{type(error).__name__}: {error}", faults)
    return verdict if problem is None else _faulty(stage, *problem, faults)


def _faulty(stage: StageInstance, code: CoreCode, text: str, faults: list[StageFault]) -> Verdict:
    stage.faults += 1
    faults.append(StageFault(stage, code, text))
    return reject(code, {"error": text})


def nonsense(verdict: object, proposal: Proposal, phase: Phase) -> tuple[CoreCode, str] | None:
    """Say what is wrong with an answer, None when nothing is."""
    if not isinstance(verdict, Verdict) or not isinstance(verdict.decision, Decision):
        return CoreCode.STAGE_ERROR, f"answered {type(verdict).__name__} instead of a verdict"
    for value in verdict.detail.values():
        if isinstance(value, float) and not isfinite(value):
            name = next(name for name, one in verdict.detail.items() if one is value)
            return CoreCode.STAGE_ERROR, f"{name} is {value}, not a number"
    decision, quantity, incoming = verdict.decision, verdict.quantity, proposal.quantity
    if decision is _APPROVE and quantity == incoming and type(quantity) is int and quantity >= 1:
        return None  # by far the most frequent answer
    if decision is _APPROVE or decision is _RESIZE:
        return _wrong_quantity(verdict, incoming, phase)
    if decision is _REJECT:
        return None if isinstance(verdict.code, Code) else (CoreCode.STAGE_ERROR, "reject without a code")
    if decision is _DEFER:
        is_whole = isinstance(verdict.code, Code) and type(verdict.until) is int
        return None if is_whole else (CoreCode.STAGE_ERROR, "defer without a code or an instant")
    return CoreCode.STAGE_ERROR, f"answered {decision!r}"


_SIZE = Phase.SIZE


def _wrong_quantity(verdict: Verdict, incoming: int | None, phase: Phase) -> tuple[CoreCode, str] | None:
    """Say what is wrong with the quantity of a stage that lets a proposal pass."""
    quantity = verdict.quantity
    if type(quantity) is not int or quantity < 1:
        return CoreCode.STAGE_ERROR, f"{verdict.decision} of {quantity!r} shares"
    if incoming is None:
        return None if phase is _SIZE else (CoreCode.STAGE_ERROR, "no quantity was set before this stage")
    if quantity > incoming:
        return CoreCode.PIPELINE_VIOLATION, f"{incoming} shares came in, {quantity} went out"
    if (verdict.decision is Decision.APPROVE) != (quantity == incoming) and phase is not Phase.SIZE:
        return CoreCode.STAGE_ERROR, f"{verdict.decision} of {quantity} shares where {incoming} came in"
    return None


def _not_reached(proposal: Proposal, stage: StageInstance, position: int, attempt: int) -> VerdictRecord:
    return VerdictRecord(
        signal_id=proposal.signal_id,
        attempt=attempt,
        position=position,
        stage=stage.name,
        plugin=stage.plugin,
        decision=Decision.SKIPPED,
        quantity_before=None,
        quantity_after=None,
        code=None,
        detail={},
        until=None,
        facts=(),
        limits={},
    )
