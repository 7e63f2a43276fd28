"""Hold a risk stage to its contract: it refuses or shrinks, answers everything, and changes nothing by being asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from kats_core.engine.pipeline import nonsense
from kats_core.model import fact
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import Decision
from kats_core.model.labels import Labelled
from kats_core.model.verdict import Verdict
from kats_core.risk.contract import EquityMarked, ListeningStage, RiskStage, SessionBegan, StatefulStage
from kats_core.testing.kit.arms import declared
from kats_core.testing.kit.findings import Report
from kats_core.testing.kit.parameters import TIGHTER, WAYS, own_fields
from kats_core.testing.kit.proposals import ALSO, COUNT, Case, cases, not_a_number, reading
from kats_core.testing.kit.subject import Subject, told, where
from kats_core.testing.kit.wording import Sentence
from kats_core.testing.moments import HOURS, NOW, SESSION

PREPARED = HOURS.open - 600_000_000_000
FETCHED = frozenset({fact.ORDERABLE_CASH})
"""Inputs that exist only after asking."""

_ENOUGH = 40
"""Cases in which each input is varied."""


class Lack(Labelled):
    """How an input can be no use."""

    MISSING = "missing", "없음", "missing"
    NAN = "nan", "NaN", "NaN"


@dataclass(frozen=True, slots=True)
class Judged:
    """A case with the answer that it got; `verdict` is None where the stage raised or answered nonsense."""

    case: Case
    verdict: Verdict | None
    read: tuple[str, ...]

    @property
    def shares(self) -> int:
        """How many shares passed."""
        return self.verdict.quantity if self.verdict is not None and _passed(self.verdict) else 0

    def __str__(self) -> str:
        v = self.verdict
        if v is None:
            return "-"
        return f"{v.decision} {v.quantity}" if v.code is None else f"{v.decision} {v.quantity} {v.code}"


def prepared(subject: Subject, params: BaseModel | None = None) -> RiskStage:
    """Return the stage as it stands in the morning of an ordinary day."""
    stage: RiskStage = subject.build(params)
    if isinstance(stage, ListeningStage):
        stage.on_event(SessionBegan(PREPARED, SESSION))
        stage.on_event(usual_mark())
    return stage


def usual_mark(equity: int = 100_000_000, **changes: Any) -> EquityMarked:
    """Return the valuation of an account of 100 000 000 won that has neither won nor lost."""
    usual: dict[str, Any] = {
        "ts": NOW,
        "equity": equity,
        "equity_day": 100_000_000,
        "cash_flow": 0,
        "equity_month": 100_000_000,
        "month_flow": 0,
        "equity_peak": 100_000_000,
        "realised_month": 0,
    }
    return EquityMarked(**(usual | changes))


def judge(stage: RiskStage, several: Iterable[Case], subject: Subject, report: Report) -> Iterator[Judged]:
    """Ask a stage, and note where an answer is against the contract."""
    for case in several:
        context, noted = reading(case)
        try:
            answer: object = stage.check(case.proposal, context)
        except Exception as error:  # noqa: BLE001  # a guest: what it raises is a finding
            report.fail(Sentence.STAGE_RAISED, proposal=case, error=told(error), where=where(error))
            yield Judged(case, None, tuple(noted.read))
            continue
        problem = nonsense(answer, case.proposal, subject.descriptor.traits.phase)
        if problem is None:
            verdict = answer if isinstance(answer, Verdict) else None
            if (
                verdict is not None
                and verdict.code is not None
                and not declared(verdict.code, subject.descriptor.codes)
            ):
                report.fail(Sentence.STAGE_UNDECLARED, code=verdict.code, enum=type(verdict.code).__name__)
            yield Judged(case, verdict, tuple(noted.read))
            continue
        if problem[0] is CoreCode.PIPELINE_VIOLATION and isinstance(answer, Verdict):
            report.fail(Sentence.STAGE_ENLARGED, proposal=case, before=case.proposal.quantity, after=answer.quantity)
        else:
            report.fail(Sentence.STAGE_ANSWER, proposal=case, problem=problem[1])
        yield Judged(case, None, tuple(noted.read))


# Checks


def answers(subject: Subject, report: Report) -> None:
    """Judge generated proposals: each gets a verdict that the pipeline accepts, and none gets larger."""
    found: list[Judged] = []
    for judged in judge(prepared(subject), cases(subject.descriptor.traits), subject, report):
        found.append(judged)
        if judged.verdict is None:
            break
    counts = {
        decision: sum(j.verdict is not None and j.verdict.decision is decision for j in found) for decision in Decision
    }
    report.saw(
        Sentence.STAGE_SEEN,
        count=len(found),
        approved=counts[Decision.APPROVE],
        resized=counts[Decision.RESIZE],
        rejected=counts[Decision.REJECT],
        deferred=counts[Decision.DEFER],
    )
    read = sorted({name for judged in found for name in judged.read})
    report.saw(Sentence.STAGE_FACTS_SEEN, facts=", ".join(read) or "-")
    for name in FETCHED.intersection(read) - set(subject.descriptor.traits.needs):
        report.fail(Sentence.STAGE_NEEDS, fact=name)


def fails_closed(subject: Subject, report: Report) -> None:
    """Take away each input that matters: what cannot be judged must not pass as if it were known to be good."""
    stage = prepared(subject)
    quiet = Report()
    passing = [j for j in judge(stage, cases(subject.descriptor.traits), subject, quiet) if j.shares]
    looked = 0
    for judged in passing[:_ENOUGH]:
        for name in judged.read:
            known = _known(stage, judged, name, subject)
            if len(known) < 2:
                continue
            looked += 1
            _without(stage, judged.case, name, known, subject, report)
    report.saw(Sentence.STAGE_SEEN_INPUTS, count=looked, proposals=min(len(passing), _ENOUGH))


def changes_nothing(subject: Subject, report: Report) -> None:
    """Ask about the same proposals again, in the other order: `check` may not remember that it was asked."""
    stage, quiet = prepared(subject), Report()
    before = _dump(stage)
    several = cases(subject.descriptor.traits)
    first = {j.case.number: j for j in judge(stage, several, subject, quiet)}
    for again in judge(stage, reversed(several), subject, quiet):
        earlier = first[again.case.number]
        if again.verdict != earlier.verdict:
            report.fail(Sentence.STAGE_KEEPS, proposal=again.case, first=earlier, second=again)
            break
    after = _dump(stage)
    if before != after:
        report.fail(Sentence.STAGE_DUMP_CHANGED, before=before, after=after)
    report.saw(Sentence.STAGE_ASKED_TWICE, count=len(several))


def tighter_is_tighter(subject: Subject, report: Report) -> None:
    """Set each parameter to its tight end: no proposal may get more shares than with the default."""
    model = subject.descriptor.params
    properties = model.model_json_schema().get("properties", {})
    several, quiet = cases(subject.descriptor.traits, COUNT // 2), Report()
    usual = list(judge(prepared(subject), several, subject, quiet))
    tried = []
    for name, info in own_fields(model).items():
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        end = "minimum" if extra.get(TIGHTER) == WAYS[0] else "maximum"
        value = properties.get(info.alias or name, {}).get(end)
        if TIGHTER not in extra or value is None:
            continue
        try:
            params = model.model_validate({info.alias or name: value})
        except ValidationError:
            continue
        tried.append(name)
        for j, known in zip(judge(prepared(subject, params), several, subject, quiet), usual, strict=True):
            if known.verdict is not None and j.shares > known.shares:
                report.fail(Sentence.PARAM_LOOSER, field=name, value=value, tight=j.shares, usual=known.shares)
                break
    report.saw(Sentence.PARAMS_TRIED, count=len(tried), names=tuple(tried))


def _known(stage: RiskStage, judged: Judged, name: str, subject: Subject) -> list[int]:
    """Return the different numbers of shares that pass with the values that an input may have."""
    values: Sequence[Any] = ALSO.get(name, ())
    others = judge(stage, [judged.case.with_fact(name, value) for value in values], subject, Report())
    return sorted({judged.shares, *(j.shares for j in others)})


def _without(stage: RiskStage, case: Case, name: str, known: Sequence[int], subject: Subject, report: Report) -> None:
    told_already = {(r.values.get("fact"), r.values.get("how")) for r in (*report.failures, *report.hints)}
    (missing,) = judge(stage, [case.with_fact(name, None)], subject, report)
    values = {"fact": name, "missing": missing.shares, "least": known[0], "most": known[-1]}
    if missing.shares >= known[-1] and (name, Lack.MISSING) not in told_already:
        report.fail(Sentence.STAGE_MISSING, how=Lack.MISSING, proposal=case, **values)
    elif missing.shares and (name, None) not in told_already:
        report.hint(Sentence.STAGE_MISSING_REDUCES, fact=name, missing=missing.shares, least=known[0], most=known[-1])
    if isinstance(case.context.fact(name).value, (int, float)) and (name, Lack.NAN) not in told_already:
        (broken,) = judge(stage, [case.with_fact(name, not_a_number(name))], subject, Report())
        if broken.shares:
            report.fail(Sentence.STAGE_MISSING, how=Lack.NAN, proposal=case, **(values | {"missing": broken.shares}))


def _dump(stage: RiskStage) -> Any:
    return dict(stage.dump()) if isinstance(stage, StatefulStage) else None


def _passed(verdict: Verdict) -> bool:
    return verdict.decision is Decision.APPROVE or verdict.decision is Decision.RESIZE
