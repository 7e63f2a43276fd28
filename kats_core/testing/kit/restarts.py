"""Tell a stage stories of good and bad days, restart it, and see that nothing became looser."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kats_core.market.calendar import krx_calendar
from kats_core.model import time
from kats_core.model.kinds import TradingState
from kats_core.model.labels import Labelled
from kats_core.model.record import TradeRecord
from kats_core.risk.contract import (
    CancelEntries,
    EquityMarked,
    Flatten,
    ListeningStage,
    ProtectProfits,
    ResetPeak,
    RiskStage,
    SessionBegan,
    SetState,
    StageEvent,
    StatefulStage,
    Tell,
    TradeClosed,
)
from kats_core.testing.kit.findings import Report
from kats_core.testing.kit.judging import PREPARED, judge, usual_mark
from kats_core.testing.kit.proposals import Case, cases
from kats_core.testing.kit.subject import Subject, told
from kats_core.testing.kit.wording import Sentence
from kats_core.testing.moments import NOW, SESSION

_REDUCING = (CancelEntries, Flatten, ProtectProfits, SetState, ResetPeak, Tell)
_CASES = 24


class Story(Labelled):
    """What has happened to the account."""

    CALM = "calm", "평온한 하루", "a calm day"
    BAD_DAY = "bad day", "하루 4 % 손실", "a day that lost 4 %"
    RECOVERED = "recovered", "4 % 손실 뒤 회복한 하루", "a day that lost 4 % and recovered"
    TERRIBLE_DAY = "terrible day", "하루 6 % 손실", "a day that lost 6 %"
    BAD_MONTH = "bad month", "한 달 7 % 손실", "a month that lost 7 %"
    DRAWDOWN = "drawdown", "고점 대비 12 % 하락", "12 % below the peak"
    LOSING_STREAK = "losing streak", "연속 손실 매매 열 건", "ten losing trades in a row"
    BLIND = "blind", "자산을 알 수 없음", "an account whose equity is not known"


@dataclass(frozen=True, slots=True)
class Told:
    """A story as the stage hears it, with the trades that a restart would also bring."""

    events: tuple[StageEvent, ...]
    trades: tuple[TradeRecord, ...] = ()


def restarts(subject: Subject, report: Report) -> None:
    """For each story: dump, load into a new stage, and compare what passes before and after."""
    if not isinstance(subject.build(), ListeningStage):
        report.saw(Sentence.STAGE_NO_STATE)
        return
    if not isinstance(subject.build(), StatefulStage):
        report.hint(Sentence.STAGE_FORGETS)
    several = cases(subject.descriptor.traits)[:_CASES]
    events = 0
    for story in Story:
        told_story = _told(story)
        stage: Any = subject.build()
        for event in told_story.events:
            events += 1
            _hear(stage, event, report)
        before = _passing(stage, several, subject)
        if isinstance(stage, StatefulStage):
            _restarted(stage, story, told_story, several, before, subject, report)
            _older(stage, story, several, before, subject, report)
    report.saw(Sentence.STAGE_STORIES_SEEN, stories=len(Story), events=events)


def _hear(stage: ListeningStage, event: StageEvent, report: Report) -> None:
    """Tell the stage, and look at the actions that it answers."""
    actions: Sequence[object] = stage.on_event(event)
    for action in actions:
        if not isinstance(action, _REDUCING) or (isinstance(action, SetState) and action.state is TradingState.ACTIVE):
            allowed = ", ".join(kind.__name__ for kind in _REDUCING)
            report.fail(Sentence.STAGE_ACTION, event=type(event).__name__, found=action, allowed=allowed)


def _restarted(
    stage: StatefulStage,
    story: Story,
    told_story: Told,
    several: Sequence[Case],
    before: Sequence[int],
    subject: Subject,
    report: Report,
) -> None:
    try:
        state = json.loads(json.dumps(dict(stage.dump())))
    except (TypeError, ValueError) as error:
        report.fail(Sentence.STAGE_DUMP_JSON, error=told(error))
        return
    # The core marks the account before it asks; with and without the session beginning again.
    for events in (told_story.events[-1:], (told_story.events[0], told_story.events[-1])):
        fresh: Any = subject.build()
        fresh.load(state, told_story.trades)
        for event in events:
            fresh.on_event(event if not isinstance(event, TradeClosed) else usual_mark())
        for was, now in zip(before, _passing(fresh, several, subject), strict=True):
            if now > was:
                report.fail(Sentence.STAGE_LOOSENED, story=story, before=was, after=now)
                return


def _older(
    stage: Any, story: Story, several: Sequence[Case], before: Sequence[int], subject: Subject, report: Report
) -> None:
    calm: Any = subject.build()
    for event in _told(Story.CALM).events:
        calm.on_event(event)
    stage.load(json.loads(json.dumps(dict(calm.dump()))), ())
    for was, now in zip(before, _passing(stage, several, subject), strict=True):
        if now > was:
            report.fail(Sentence.STAGE_LOAD_LOOSENED, story=story, before=was, after=now)
            return


def _passing(stage: RiskStage, several: Sequence[Case], subject: Subject) -> list[int]:
    return [judged.shares for judged in judge(stage, several, subject, Report())]


def _told(story: Story) -> Told:
    began = SessionBegan(PREPARED, SESSION)
    match story:
        case Story.CALM:
            return Told((began, usual_mark()))
        case Story.BAD_DAY:
            return Told((began, usual_mark(), usual_mark(96_000_000)))
        case Story.RECOVERED:
            return Told((began, usual_mark(), usual_mark(96_000_000), usual_mark(99_500_000)))
        case Story.TERRIBLE_DAY:
            return Told((began, usual_mark(97_500_000), usual_mark(94_000_000)))
        case Story.BAD_MONTH:
            return Told((began, usual_mark(93_000_000, equity_day=93_500_000, realised_month=-7_000_000)))
        case Story.DRAWDOWN:
            return Told((began, usual_mark(88_000_000, equity_day=88_000_000, equity_month=89_000_000)))
        case Story.LOSING_STREAK:
            trades = tuple(_loss(number) for number in range(10))
            return Told((began, *(TradeClosed(NOW, trade) for trade in trades), usual_mark(99_000_000)), trades)
        case Story.BLIND:
            blind: EquityMarked = usual_mark(equity_day=None, equity_month=None, equity_peak=None, realised_month=None)
            return Told((began, blind))


def _loss(number: int) -> TradeRecord:
    day: dt.date = krx_calendar().shift(SESSION, number - 11)
    opened = time.at(day, dt.time(10, 0))
    return TradeRecord(
        signal_id=f"{day}|test|005930",
        instance="test",
        symbol="005930",
        slot=0,
        opened_at=opened,
        closed_at=opened + time.MINUTE,
        opened_on=day,
        closed_on=day,
        quantity=10,
        bought_amount=387_500,
        sold_amount=380_000,
        commission=100,
        tax=700,
        net_profit=-8_300,
        initial_risk="21000",
        r_multiple=-0.4,
        exit_code="core:STOP",
    )
