"""Tell what each risk stage of a recorded run earned or cost: follow every signal that one refused, deferred or shrunk."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from kats_core.config import Resolved
from kats_core.engine.rejudging import Opinion
from kats_core.journal.ledger import Course, Cut, Entry, Ledger, cuts_of, ledger
from kats_core.journal.rejudged import CORE, GATE, judgement
from kats_core.market.calendar import krx_calendar
from kats_core.market.exact import floor_times, to_fraction
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.market.source import DataSource
from kats_core.model.kinds import Scope
from kats_core.model.record import SignalStatus
from kats_core.model.time import Nanos
from kats_core.runtime.assembly import RunKind, SecondOpinion, build
from kats_core.runtime.days import Market
from kats_core.runtime.following import SESSIONS, Asked, Rules, follow
from kats_core.runtime.inputs import Inputs, SessionInputs, assuming
from kats_core.runtime.play import Plan, Watcher, history
from kats_core.runtime.repeating import repeat, repetition
from kats_core.runtime.session_bars import Bars, side_by_side
from kats_core.store.reading import StoredRun


@dataclass(slots=True)
class _Chosen:
    """The signals to follow, and what is only counted, by stage."""

    opinions: list[Opinion] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    cuts: list[tuple[Cut, ...]] = field(default_factory=list)
    repeats: Counter[str] = field(default_factory=Counter)
    bought_later: Counter[str] = field(default_factory=Counter)


def valued(stored: StoredRun, recorded: Resolved, watcher: Watcher) -> Ledger:
    """Return what the stages took, and what it would have made.

    `recorded` is the run's own configuration.

    Raises:
        RepetitionError: the run cannot be repeated as it was.
    """
    opinions: list[Opinion] = []
    second = SecondOpinion(stages=recorded.stages, limits=recorded.limits, keep=opinions.append)
    planned = repetition(stored.run, recorded, second)
    repeat(planned, stored, watcher)
    chosen = _choose(opinions, recorded.capital)
    tracks = Tracks.of(planned)
    watcher.on_start(planned.app, tracks.sessions)
    asked = [as_asked(o, quantity) for o, quantity in zip(chosen.opinions, chosen.asked, strict=True)]
    courses = tracks.follow(asked, watcher.on_clock)
    entries = [
        Entry(
            signal_id=o.proposal.signal_id,
            session=o.proposal.session,
            instance=o.proposal.instance,
            symbol=o.proposal.symbol,
            asked=quantity,
            cuts=cuts,
            course=course,
        )
        for o, quantity, cuts, course in zip(chosen.opinions, chosen.asked, chosen.cuts, courses, strict=True)
    ]
    names = [*(stage.name for stage in planned.app.stages), CORE, GATE]
    return ledger(names, entries, chosen.repeats, chosen.bought_later)


def as_asked(opinion: Opinion, quantity: int) -> Asked:
    """Return a proposal as something to follow."""
    proposal = opinion.proposal
    return Asked(setup=opinion.setup, signal=proposal.signal, ts=proposal.ts, quantity=quantity)


def _choose(opinions: Sequence[Opinion], capital: int) -> _Chosen:
    """Choose of each setup and session the first refusal, unless it was bought after all, and what was bought smaller."""
    chosen = _Chosen()
    bought = {_idea(o) for o in opinions if o.status is SignalStatus.ORDERED}
    refused: set[tuple[object, ...]] = set()
    for opinion in opinions:
        proposal, idea = opinion.proposal, _idea(opinion)
        hoped = max(1, floor_times(capital, to_fraction(proposal.signal.position_hint)) // proposal.entry_limit)
        decided = judgement(opinion.verdicts, opinion.status, opinion.code, opinion.quantity)
        asked, cuts = cuts_of(proposal.quantity, decided, hoped)
        if not cuts:
            continue
        if opinion.status is not SignalStatus.ORDERED:
            if idea in bought:
                chosen.bought_later[cuts[-1].stage] += 1
                continue
            if idea in refused:
                chosen.repeats[cuts[-1].stage] += 1
                continue
            refused.add(idea)
        chosen.opinions.append(opinion)
        chosen.asked.append(asked)
        chosen.cuts.append(cuts)
    return chosen


def _idea(opinion: Opinion) -> tuple[object, ...]:
    """Return what makes two signals of a session the same idea."""
    p = opinion.proposal
    return (p.session, p.instance, p.symbol, p.slot, p.purpose)


@dataclass(frozen=True, slots=True)
class Tracks:
    """What signals of a run are followed on: its bars, and those of the sessions after it as far as the data go."""

    rules: Rules
    sessions: tuple[dt.date, ...]
    minutes: dict[dt.date, Callable[[], MinuteBars]]
    is_mixed: bool

    @classmethod
    def of(cls, planned: Plan) -> Tracks:
        """Return the tracks of a run that is planned or has been played."""
        app, calendar, first = planned.app, krx_calendar(), planned.sessions[0]
        # Three months hold the sessions that a signal of the last day is followed for, whatever the holidays.
        until = calendar.sessions(app.last, min(app.last + dt.timedelta(days=92), calendar.covered_through))[
            : SESSIONS + 1
        ]
        panel = history(app.source, until[-1], planned.panel.sessions[0], thresholds=planned.panel.thresholds)
        longer = build(app.resolved, app.source, app.kind, first, panel.sessions[-1], app.scope, panel)
        minutes: dict[dt.date, Callable[[], MinuteBars]] = {}
        days = set(panel.sessions)
        is_mixed = app.kind is RunKind.BACKTEST and app.bars is Bars.AUTO
        if planned.by_minute:
            have = [day for day in app.source.minute_sessions() if first <= day <= until[-1]]
            read = partial(_fitting, app.source, panel) if is_mixed else app.source.minutes
            minutes = {day: partial(read, day) for day in have}
            # Adjusted days do not continue minutes as they were traded, except where each symbol's minutes fit them.
            days = days | set(have) if is_mixed or panel.scope is Scope.RAW else set(have)
        instruments = {i.symbol: i for i in (*panel.instruments, *app.source.instruments(panel.sessions[-1]))}
        market = Market(
            panel=assuming(panel, app.resolved.assume),
            instruments=instruments,
            calendar=calendar,
            scope=app.scope,
            inputs=_Remembering(longer.inputs.symbols, longer.inputs.providers),
            overlays=app.resolved.overlays,
            screening=longer.screening,
            side_limit=app.resolved.universe.side_limit,
            live=app.index_minutes,
        )
        broker = app.resolved.broker
        rules = Rules(
            run_id=app.run_id,
            strategies={strategy.name: strategy for strategy in app.strategies},
            limits=app.resolved.limits,
            overlays=app.resolved.overlays,
            path=app.engine.path,
            broker=partial(broker.plugin.build, broker.params),
            market=market,
        )
        return cls(rules, tuple(sorted(day for day in days if first <= day <= until[-1])), minutes, is_mixed)

    def follow(self, asked: Sequence[Asked], on_clock: Callable[[Nanos], None] = lambda _: None) -> list[Course]:
        """Return what came of each signal, in their order."""
        calendar = self.rules.market.calendar
        return follow(
            self.rules,
            asked,
            self.sessions,
            self.minutes,
            lambda session: on_clock(calendar.hours(session).close),
            is_mixed=self.is_mixed,
        )


def _fitting(source: DataSource, panel: Panel, session: dt.date) -> MinuteBars:
    """Return the minute bars that are played beside the daily bars of the same session."""
    return side_by_side(source.minutes(session), panel)[0]


@dataclass(frozen=True)
class _Remembering(Inputs):
    """Inputs that are asked for the same session again and again."""

    _last: dict[dt.date, SessionInputs] = field(init=False, default_factory=dict)

    def of_session(self, session: dt.date, at: Nanos) -> SessionInputs:
        found = self._last.get(session)
        if found is None:
            self._last.clear()
            found = self._last[session] = super().of_session(session, at)
        return found
