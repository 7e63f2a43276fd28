"""Compare what a run decided with what other stages, another order or other limits make of the same proposals."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from kats_core.model.kinds import Decision
from kats_core.model.labels import Code
from kats_core.model.record import SignalRecord, SignalStatus, VerdictRecord
from kats_core.model.time import Nanos

CORE = "core"
"""The name under which the core's own last check stands among the stages."""

GATE = "gate"
"""The name under which the order gate stands among them; it has no verdict of its own."""

_ENDING = frozenset({Decision.REJECT, Decision.DEFER})


class Answer(msgspec.Struct, frozen=True):
    """What one stage decided; `quantity` is what it let pass."""

    decision: Decision
    quantity: int | None = None
    code: str | None = None
    until: Nanos | None = None


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What all stages decided on one proposal, in their order, and what came of it."""

    answers: dict[str, Answer]
    status: SignalStatus
    code: str | None
    quantity: int | None

    @property
    def ended_by(self) -> str | None:
        """The stage that refused or deferred, None where it was ordered."""
        return next((name for name, answer in self.answers.items() if answer.decision in _ENDING), None)


class ChangedAnswer(msgspec.Struct, frozen=True):
    """A stage that decides otherwise; None where the pipeline does not have it."""

    stage: str
    before: Answer | None
    after: Answer | None


class ChangedSignal(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal on which some stage decides otherwise; `answers` are in the order of the other pipeline."""

    signal_id: str
    session: dt.date
    ts: Nanos
    instance: str
    symbol: str
    before: Judgement
    after: Judgement
    answers: tuple[ChangedAnswer, ...]

    @property
    def is_outcome_changed(self) -> bool:
        """Tell whether something else would have been ordered."""
        return _ordered(self.before) != _ordered(self.after)

    @property
    def is_end_changed(self) -> bool:
        """Tell whether it ends otherwise: something else is ordered, or another stage or reason ends it."""
        return self.is_outcome_changed or (self.before.ended_by, self.before.code) != (
            self.after.ended_by,
            self.after.code,
        )


class StageTally(msgspec.Struct, frozen=True, kw_only=True):
    """How often a stage decided what, before and after, and on how many proposals otherwise."""

    stage: str
    before: dict[Decision, int]
    after: dict[Decision, int]
    changed: int


class Rejudged(msgspec.Struct, frozen=True, kw_only=True):
    """All that changes. `ordered` and the others count proposals, before and after."""

    judged: int
    ordered: tuple[int, int]
    changed: tuple[ChangedSignal, ...]
    stages: tuple[StageTally, ...]


def judgement(
    verdicts: Sequence[VerdictRecord], status: SignalStatus, code: Code | str | None, quantity: int | None
) -> Judgement:
    """Return what was decided on a proposal, the order gate's word included."""
    reason = None if code is None else str(code)
    answers = {v.stage: Answer(v.decision, v.quantity_after, v.code, v.until) for v in verdicts}
    last = answers.get(CORE)
    if last is not None and last.decision is Decision.APPROVE:
        is_sent = status is SignalStatus.ORDERED
        answers[GATE] = Answer(Decision.APPROVE, quantity) if is_sent else Answer(Decision.REJECT, None, reason)
    return Judgement(answers=answers, status=status, code=reason, quantity=quantity)


def compare(
    signals: Mapping[str, SignalRecord], before: Mapping[str, Judgement], after: Mapping[str, Judgement]
) -> Rejudged:
    """Return what changes; both sides judge the same proposals, by signal id."""
    pairs = [(signal, before[key], after[key]) for key, signal in signals.items() if key in after]
    changed = [_changed(signal, one, other) for signal, one, other in pairs if one != other]
    names = _in_order([other for _, _, other in pairs] + [one for _, one, _ in pairs])
    touched = Counter(answer.stage for signal in changed for answer in signal.answers)
    return Rejudged(
        judged=len(pairs),
        ordered=(sum(map(_is_ordered, (p[1] for p in pairs))), sum(map(_is_ordered, (p[2] for p in pairs)))),
        changed=tuple(changed),
        stages=tuple(
            StageTally(
                stage=name,
                before=_counted(name, [one for _, one, _ in pairs]),
                after=_counted(name, [other for _, _, other in pairs]),
                changed=touched[name],
            )
            for name in names
        ),
    )


def _changed(signal: SignalRecord, before: Judgement, after: Judgement) -> ChangedSignal:
    answers = tuple(
        ChangedAnswer(name, before.answers.get(name), after.answers.get(name))
        for name in _in_order([after, before])
        if before.answers.get(name) != after.answers.get(name)
    )
    return ChangedSignal(
        signal_id=signal.signal_id,
        session=signal.session,
        ts=signal.ts,
        instance=signal.instance,
        symbol=signal.symbol,
        before=before,
        after=after,
        answers=answers,
    )


def _in_order(judgements: Sequence[Judgement]) -> list[str]:
    """Return all stages that are named, in the order in which they stand, core and gate last."""
    names = dict.fromkeys(name for one in judgements for name in one.answers if name not in (CORE, GATE))
    return [*names, *(name for name in (CORE, GATE) if any(name in one.answers for one in judgements))]


def _counted(name: str, judgements: Sequence[Judgement]) -> dict[Decision, int]:
    counts = Counter(one.answers[name].decision for one in judgements if name in one.answers)
    return {decision: counts[decision] for decision in Decision if counts[decision]}


def _is_ordered(judged: Judgement) -> bool:
    return judged.status is SignalStatus.ORDERED


def _ordered(judged: Judgement) -> int | None:
    return judged.quantity if _is_ordered(judged) else None
