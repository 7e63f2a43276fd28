"""Play a run from its first session to its last: the verbs `run` on recorded or sample data, and `backtest`.

`plan` finds the sessions and fails early and clearly; `play` does the work and hands every record to a recorder and to
whoever watches.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, TypeAlias

import msgspec

from kats_core.config import Resolved
from kats_core.exits.in_bar import BarPath
from kats_core.journal import caveats, statistics
from kats_core.journal.caveats import BarPaths, BarsPlayed, Caveats, Survivorship, Totals
from kats_core.journal.refusals import Refusals
from kats_core.market.calendar import krx_calendar
from kats_core.market.events import EventCalendar, EventType
from kats_core.market.panel import Panel
from kats_core.market.screening.thresholds import Thresholds
from kats_core.market.source import DataSource, LiveSource, SourceError, TapeSource
from kats_core.market.vi import ViTerms
from kats_core.model import fact
from kats_core.model.codes import CoreCode
from kats_core.model.command import Notify
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import FactSource, Scope
from kats_core.model.labels import Bilingual, joined, same
from kats_core.model.record import EquityRecord, FaultRecord, Record, SignalRecord, TradeRecord
from kats_core.model.time import Nanos
from kats_core.risk.contract import ViWatchingStage
from kats_core.runtime.assembly import App, RunKind, SecondOpinion, build, on_path, open_source
from kats_core.runtime.continuing import state_of, take_up
from kats_core.runtime.control import ControlServer
from kats_core.runtime.days import Arming, DayPlayer, Market
from kats_core.runtime.inputs import assuming
from kats_core.runtime.live_day import LiveDay
from kats_core.runtime.memory import paused_collection
from kats_core.runtime.operations import Operations
from kats_core.runtime.pump import Keep, Pump
from kats_core.runtime.session_bars import Bars, side_by_side
from kats_core.store.errors import StoreError
from kats_core.store.recorder import ContinuingRecorder, Recorder
from kats_core.store.run import Run, RunStatus

APPROXIMATED_ON_BOOKS = ("index change within the session", "message rate")
"""Inputs that trades and order books do not show either; conditions on them count as met."""

APPROXIMATED = ("index change within the session", "spread", "order book", "VI state", "message rate")
"""Inputs that bars of any length do not show."""

DEFAULTS = Thresholds()

_INPUTS_FROM = {
    FactSource.ASSUMED: "가정한 값: {inputs}",
    FactSource.DERIVED: "데이터에서 계산한 값: {inputs}",
}
"""How people are told in Korean where a run's inputs are from."""

_ADJUSTED_TICKS = Bilingual("호가 단위는 근사: 수정주가임", "ticks approximate: prices are adjusted")

RECENT_SESSIONS = 20
"""A symbol without a bar in so many sessions at the end of the data has left the exchange."""

APPROXIMATED_ON_DAY_BARS = ("time windows", "moments of trades", "intraday volume", "VWAP", *APPROXIMATED)
"""Inputs that daily bars do not show; all that happens in one, happens at the open or at the end-of-day check."""


Perform: TypeAlias = Callable[[LiveDay, App], None]
"""Lets a prepared session happen, from its first message to its last; returns when it is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to play: `days` sessions from `first`, or up to `last`. `first` None: the last `days` sessions of the data.

    `bars` is for backtests: a run on recorded data is one of minute bars. `both_paths` plays the run once more, on the other way through the bars, where the first left anything to it.
    """

    kind: RunKind
    first: dt.date | None = None
    last: dt.date | None = None
    days: int | None = None
    dense: bool = False
    bars: Bars = Bars.AUTO
    both_paths: bool = False


class Watcher(Protocol):
    """Looks at a run while it is played; must not change anything."""

    def on_start(self, app: App, sessions: Sequence[dt.date]) -> None:
        """See what is going to be played; once more before it is played again on the other way through the bars."""

    def on_record(self, record: Record) -> None:
        """See a record."""

    def on_notice(self, notice: Notify) -> None:
        """See a notice."""

    def on_clock(self, now: Nanos) -> None:
        """See the clock of the session; may take its time, to pace a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run that can be played: its sessions, its history, everything built. `by_minute` are those with minute bars."""

    app: App
    sessions: tuple[dt.date, ...]
    panel: Panel
    dense: bool
    by_minute: frozenset[dt.date] = frozenset()
    both_paths: bool = False
    left_out: tuple[str, ...] = ()


@dataclass(slots=True)
class Finished:
    """What came of a run. `kept` are the records that an earlier process has kept of it, which this one went on with."""

    run: Run
    sessions: tuple[dt.date, ...]
    trades: list[TradeRecord] = field(default_factory=list)
    equity: list[EquityRecord] = field(default_factory=list)
    faults: list[FaultRecord] = field(default_factory=list)
    refusals: Refusals = field(default_factory=Refusals)
    kept: list[Record] = field(default_factory=list)
    caveats: Caveats = field(init=False)

    @property
    def statistics(self) -> statistics.Statistics:
        """The run's figures."""
        return statistics.measure(self.trades, self.equity, self.run.capital)


def plan(
    resolved: Resolved, request: Request, second: SecondOpinion | None = None, source: DataSource | None = None
) -> Plan:
    """Open the data unless they are given, choose the sessions, build the run; `second` judges beside it.

    Raises:
        SourceError: the data cannot be used, hold nothing for the days that were asked for, or are daily bars where every
            strategy needs minutes.
    """
    source = source or open_source(resolved)
    if request.kind.is_live:
        return _plan_live(resolved, request, source)
    if request.kind is RunKind.RUN:
        sessions = by_minute = _minute_sessions(source, request)
    elif request.bars is Bars.MINUTE:
        sessions = by_minute = _recorded_minutes(source, request)
    else:
        sessions, by_minute = (), _usable_minutes(source, request)
    left_out: tuple[str, ...] = ()
    if sessions:
        panel, scope = history(source, sessions[-1], thresholds=thresholds_of(resolved)), Scope.RAW
    else:
        panel = history(source, request.last, thresholds=thresholds_of(resolved))
        sessions, scope = _sessions(panel, request, by_minute, source), panel.scope
        resolved, left_out = _with_what_can_trade(resolved, sessions, by_minute)
    panel = assuming(panel, resolved.assume)
    app = build(resolved, source, request.kind, sessions[0], sessions[-1], scope, panel, second, request.bars)
    return Plan(
        app=app,
        sessions=sessions,
        panel=panel,
        dense=request.dense,
        by_minute=frozenset(by_minute).intersection(sessions),
        both_paths=request.both_paths,
        left_out=left_out,
    )


def _plan_live(resolved: Resolved, request: Request, source: DataSource) -> Plan:
    """Build the run of one session that has not begun, from the history before it."""
    if not isinstance(source, LiveSource):
        raise SourceError(
            Bilingual(
                "데이터 소스 {source}: 실시간 시세가 없습니다",
                "data source {source} tells nothing of what happens now",
                source=resolved.data.use,
            )
        )
    if request.first is None:
        raise SourceError("a session that comes as it happens has a day")
    session = request.first
    past = history(source, krx_calendar().previous_session(session))
    panel = replace(past, next_session=(*past.next_session[:-1], session)) if past.sessions else past
    app = build(resolved, source, request.kind, session, session, Scope.RAW, panel)
    return Plan(app=app, sessions=(session,), panel=panel, dense=False, by_minute=frozenset({session}))


def _with_what_can_trade(
    resolved: Resolved, sessions: Sequence[dt.date], by_minute: Sequence[dt.date]
) -> tuple[Resolved, tuple[str, ...]]:
    """Return the configuration without the strategies that need minutes where there are none; its notes name them."""
    in_need = [s.instance for s in resolved.strategies if s.plugin.traits.needs_minute_bars]
    days = len(set(by_minute).intersection(sessions))
    if not days:
        return _on_day_bars(resolved)
    if not in_need or days == len(sessions):
        return resolved, ()
    note = Bilingual(
        "{code}: {names}: {all}거래일 중 {days}일에만 분봉이 있음",
        "{code}: {names}: {days} of {all} sessions have any",
        code=CoreCode.NEEDS_MINUTE_BARS.name,
        names=", ".join(in_need),
        days=days,
        all=len(sessions),
    )
    return replace(resolved, notes=(*resolved.notes, note)), ()


def _on_day_bars(resolved: Resolved) -> tuple[Resolved, tuple[str, ...]]:
    """Return the configuration without the strategies that need minutes, which its notes then name, and those."""
    left_out = tuple(s.instance for s in resolved.strategies if s.plugin.traits.needs_minute_bars)
    if not left_out:
        return resolved, ()
    kept = tuple(s for s in resolved.strategies if not s.plugin.traits.needs_minute_bars)
    names = ", ".join(left_out)
    if not kept:
        raise SourceError(
            Bilingual(
                "{code}: {names}은(는) 일봉으로 판단할 수 없고 다른 전략이 남지 않습니다. `kats run --data 폴더`는 분봉을 재생합니다",
                "{code}: {names} cannot be judged on daily bars, and no other strategy is left; "
                "`kats run --data FOLDER` plays minute bars",
                code=CoreCode.NEEDS_MINUTE_BARS.name,
                names=names,
            )
        )
    note = Bilingual(
        "{code}: 일봉에서는 제외: {names}",
        "{code}: left out on daily bars: {names}",
        code=CoreCode.NEEDS_MINUTE_BARS.name,
        names=names,
    )
    return replace(resolved, strategies=kept, notes=(*resolved.notes, note)), left_out


def thresholds_of(resolved: Resolved) -> Thresholds:
    """Return with what the measures compare from which strategies arm."""
    return Thresholds(resolved.universe, resolved.pulse)


def history(
    source: DataSource, last: dt.date | None, first: dt.date | None = None, *, thresholds: Thresholds = DEFAULTS
) -> Panel:
    """Return the daily bars up to `last`, from `first` where it is named, with everything the source knows beside them."""
    indices = source.indices()
    if last is not None:
        indices = {name: index.until(last) for name, index in indices.items()}
    return replace(source.history(first, last), tables=source.tables(), indices=indices, thresholds=thresholds)


def play(
    plan: Plan,
    recorder: Recorder,
    watcher: Watcher,
    clock: Callable[[], dt.datetime],
    control: ControlServer | None = None,
    reread: Callable[[], Resolved] | None = None,
    *,
    goes_on: bool = False,
    perform: Perform | None = None,
) -> Finished:
    """Play a planned run. Each session is committed as a whole; a run that fails is recorded as failed and raises.

    `perform` lets a session happen that comes over a wire; with it what is kept is committed before an order is sent, too.

    What is asked over `control` is answered between two events; `reread` reads the configuration again. With `goes_on` an
    interrupted run is gone on with behind the last session that it has kept, with the account as it was then.

    Raises:
        StoreError: the run cannot be kept, or gone on with.
    """
    app = plan.app
    instruments = _instruments(plan)
    names = {symbol: one.name for symbol, one in instruments.items()}
    finished = Finished(_describe(plan, clock(), {s: name for s, name in names.items() if name}), plan.sessions)
    keep = _Keeper(recorder, watcher, finished)
    operations = Operations(app, names, watcher.on_notice, reread)
    pump = operations.pump = Pump(app.engine, app.broker, keep, operations.hear)
    pump.settle = None if perform is None else recorder.commit

    def on_clock(now: Nanos) -> None:
        if control is not None:
            control.answering = operations.answer
            control.serve()
        watcher.on_clock(now)

    player = _player(plan, app, instruments, pump, keep, on_clock)
    sessions = _take_up(plan, recorder, finished, keep) if goes_on else _begin(plan, recorder, finished)
    watcher.on_start(app, sessions or plan.sessions[-1:])
    try:
        played = _play_sessions(player, plan, app, sessions, lambda session: _commit(app, recorder, session), perform)
        if app.kind is RunKind.BACKTEST:
            _keep_reasons(player, recorder, plan)
        other = partial(_totals_on, plan=plan, arming=player.arming, watcher=watcher)
        is_run = app.kind is not RunKind.BACKTEST  # perhaps gone on with: earlier sessions count too
        bars = BarsPlayed(minute=len(plan.sessions)) if is_run else caveats.added(app.bars.value, played)
        figures = finished.statistics
        finished.caveats = _caveats(plan, finished, figures, bars, other)
    except BaseException as error:
        status = RunStatus.ABORTED if isinstance(error, KeyboardInterrupt) else RunStatus.FAILED
        # When the store is what failed, the first failure is the one that people need to see.
        with suppress(StoreError):
            recorder.finish(status, {"error": f"{type(error).__name__}: {error}"})
        raise
    recorder.finish(RunStatus.DONE, _summary(finished, figures))
    return finished


def _begin(plan: Plan, recorder: Recorder, finished: Finished) -> Sequence[dt.date]:
    recorder.begin(finished.run)
    return plan.sessions


def _take_up(plan: Plan, recorder: Recorder, finished: Finished, keep: _Keeper) -> Sequence[dt.date]:
    """Go on with an interrupted run; return the sessions that are left."""
    if not isinstance(recorder, ContinuingRecorder):
        raise StoreError("only a run that is kept in the database can be gone on with: `kats run`")
    state = recorder.go_on(finished.run)
    if state is None:
        return plan.sessions
    finished.kept = recorder.kept()
    take_up(plan.app, state, [record for record in finished.kept if isinstance(record, TradeRecord)])
    for record in finished.kept:
        keep.remember(record)
    return [session for session in plan.sessions if session > state.session]


def _instruments(plan: Plan) -> dict[str, Instrument]:
    return {i.symbol: i for i in (*plan.panel.instruments, *plan.app.source.instruments(plan.app.last))}


def _player(
    plan: Plan,
    app: App,
    instruments: dict[str, Instrument],
    pump: Pump,
    keep: Keep,
    on_clock: Callable[[Nanos], None],
    arming: Arming | None = None,
) -> DayPlayer:
    return DayPlayer(
        engine=app.engine,
        pump=pump,
        market=Market(
            panel=plan.panel,
            instruments=instruments,
            calendar=krx_calendar(),
            scope=app.scope,
            inputs=app.inputs,
            overlays=app.resolved.overlays,
            screening=app.screening,
            side_limit=app.resolved.universe.side_limit,
            first=plan.sessions[0],
            live=app.index_minutes,
        ),
        strategies=app.strategies,
        keep=keep,
        on_clock=on_clock,
        given=arming,
        dense=plan.dense,
        explain_all=app.kind is not RunKind.BACKTEST,
        vi_terms=ViTerms.strictest(s.stage.vi_terms for s in app.stages if isinstance(s.stage, ViWatchingStage)),
    )


def _caveats(
    plan: Plan,
    finished: Finished,
    figures: statistics.Statistics,
    bars: BarsPlayed,
    totals_on: Callable[[BarPath], Totals],
) -> Caveats:
    """Return on what the result rests; `totals_on` plays the run once more."""
    app = plan.app
    told = app.inputs.told(app.last)
    return Caveats(
        bars=bars,
        approximated=APPROXIMATED_ON_DAY_BARS if bars.daily or bars.mixed else approximated(app),
        assumed=tuple(told.get(FactSource.ASSUMED, ())),
        derived=tuple(told.get(FactSource.DERIVED, ())),
        left_out=plan.left_out,
        ticks_approximate=app.scope is Scope.ADJUSTED,
        survivorship=survivorship_of(plan.panel, plan.sessions),
        bar_path=_bar_paths(plan, finished, figures, totals_on),
    )


def _bar_paths(
    plan: Plan, finished: Finished, figures: statistics.Statistics, totals_on: Callable[[BarPath], Totals]
) -> BarPaths:
    """Return what the other way through the bars would have made of the run, where anything hangs on it."""
    path = plan.app.engine.path
    trades = sum(trade.is_path_dependent for trade in finished.trades)
    positions = plan.app.engine.path_dependent_positions
    totals = {path.value: caveats.totals(figures)}
    if plan.both_paths and (trades or positions):
        other = next(one for one in BarPath if one is not path)
        totals[other.value] = totals_on(other)
    return BarPaths(
        path=path.value,
        dependent_trades=trades,
        dependent_positions=positions,
        totals=totals,
        is_undecided=caveats.is_undecided(totals),
    )


def _totals_on(path: BarPath, plan: Plan, arming: Arming, watcher: Watcher) -> Totals:
    """Play the run once more from a fresh account and what is judged already; keep nothing of it but its totals."""
    app = on_path(plan.app, path)
    lists: dict[type, list[Any]] = {TradeRecord: [], EquityRecord: []}

    def keep(records: Sequence[Record]) -> None:
        for record in records:
            if type(record) in lists:
                lists[type(record)].append(record)

    pump = Pump(app.engine, app.broker, keep, lambda _: None)
    player = _player(plan, app, _instruments(plan), pump, keep, watcher.on_clock, arming)
    watcher.on_start(app, plan.sessions)
    _play_sessions(player, plan, app, plan.sessions, lambda session: None)
    return caveats.totals(statistics.measure(lists[TradeRecord], lists[EquityRecord], app.resolved.capital))


def survivorship_of(panel: Panel, sessions: Sequence[dt.date]) -> Survivorship:
    """Return how many of the symbols that traded in the sessions end well before the data do."""
    first, last = panel.row.get(sessions[0], 0), len(panel.sessions)
    traded = panel.present[first:].any(axis=0)
    is_late = panel.present[max(first, last - RECENT_SESSIONS) :].any(axis=0)
    years = (sessions[-1] - sessions[0]).days / 365.25
    return caveats.survivorship(int(traded.sum()), int((traded & ~is_late).sum()), years)


def _play_sessions(
    player: DayPlayer,
    plan: Plan,
    app: App,
    sessions: Sequence[dt.date],
    on_played: Callable[[dt.date], None],
    perform: Perform | None = None,
) -> list[BarsPlayed]:
    """Play sessions; return on which bars each was played."""
    played: list[BarsPlayed] = []
    # A day that is played for people may last for hours, beside a screen that leaves cycles: there the collector works on.
    is_alone = app.kind is RunKind.BACKTEST
    with paused_collection() if is_alone else nullcontext(lambda: None) as collect:
        for session in sessions:
            played.append(_play_session(player, plan, app, session, perform))
            on_played(session)
            collect()
    return played


def _commit(app: App, recorder: Recorder, session: dt.date) -> None:
    if app.kind is not RunKind.BACKTEST and isinstance(recorder, ContinuingRecorder):
        recorder.keep_state(state_of(app, session))
    recorder.commit()


def _play_session(player: DayPlayer, plan: Plan, app: App, session: dt.date, perform: Perform | None) -> BarsPlayed:
    """Play a session from the best that the data have of it, and return from what."""
    source = app.source
    if perform is not None:
        perform(player.live(session, [one.symbol for one in source.instruments(session)]), app)
        return BarsPlayed(minute=1)
    if session not in plan.by_minute:
        player.play_day_bars(session)
        return BarsPlayed(daily=1)
    if app.kind is RunKind.RUN and isinstance(source, TapeSource):
        player.play_tape(source.minutes(session), source.tape(session))
    elif app.kind is RunKind.RUN or app.bars is Bars.MINUTE:
        player.play_minutes(source.minutes(session))
    else:
        bars, of, off_scale = side_by_side(source.minutes(session), plan.panel)
        player.play_mixed(bars, of)
        return BarsPlayed(minute=int(not of.daily), mixed=int(bool(of.daily)), off_scale=off_scale)
    return BarsPlayed(minute=1)


def _usable_minutes(source: DataSource, request: Request) -> tuple[dt.date, ...]:
    """Return the sessions in the range of which there are minute bars to be used unasked.

    A source that makes order books too has minutes of any day whatever: there, nobody has recorded anything.
    """
    if request.bars is Bars.DAILY or isinstance(source, TapeSource):
        return ()
    return _within(source.minute_sessions(), request)


def _recorded_minutes(source: DataSource, request: Request) -> tuple[dt.date, ...]:
    """Return the sessions with minute bars in the range that was asked for."""
    have = source.minute_sessions()
    chosen = _within(have, request)[: request.days]
    if not chosen:
        if not have:
            raise SourceError(
                Bilingual(
                    "데이터에 분봉이 없습니다. `--bars auto`나 `daily`는 일봉을 재생합니다",
                    "the data hold no minute bars: `--bars auto` or `daily` plays their daily bars",
                )
            )
        first, last = request.first or have[0], request.last or have[-1]
        raise SourceError(
            Bilingual(
                "{first} ~ {last} 분봉이 없습니다. 데이터에 있는 날: {span}",
                "no minute bars from {first} to {last}: the data have {span}",
                first=first,
                last=last,
                span=span_of(have),
            )
        )
    return chosen


def _within(days: Sequence[dt.date], request: Request) -> tuple[dt.date, ...]:
    first, last = request.first, request.last
    return tuple(day for day in days if (first is None or day >= first) and (last is None or day <= last))


def _sessions(panel: Panel, request: Request, by_minute: Sequence[dt.date], source: DataSource) -> tuple[dt.date, ...]:
    """Return the sessions to play: those of the daily bars, and those of minute bars for which the panel can arm."""
    armed = [day for day in by_minute if panel.row_before(day) is not None]
    if not armed:
        return _day_sessions(panel, request, source)
    days = _within(panel.sessions[1:], request)
    return tuple(sorted({*armed, *days}))[: request.days]


def _minute_sessions(source: DataSource, request: Request) -> tuple[dt.date, ...]:
    """Return the sessions with minute bars that were asked for."""
    have = source.minute_sessions()
    if not have:
        raise SourceError(
            Bilingual(
                "데이터에 분봉이 없습니다. `kats run`은 분봉을, `kats backtest`는 일봉도 재생합니다",
                "the data hold no minute bars: `kats run` plays minutes, `kats backtest` plays daily bars too",
            )
        )
    # Whoever names no day wants the newest: the last session, or the last so many.
    first = request.first if request.first is not None else have[-min(request.days or 1, len(have))]
    if first not in have:
        near = min(have, key=lambda day: abs((day - first).days))
        raise SourceError(
            Bilingual(
                "{day} 분봉이 없습니다. 데이터에 있는 날: {span}, 가장 가까운 날: {near}",
                "no minute bars for {day}: the data have {span}, the nearest day is {near}",
                day=first,
                span=span_of(have),
                near=near,
            )
        )
    chosen = [day for day in have if day >= first and (request.last is None or day <= request.last)]
    if request.last is None:
        chosen = chosen[: request.days or 1]
        if len(chosen) < (request.days or 1):
            raise SourceError(
                Bilingual(
                    "{first}부터 {asked}거래일을 요청했는데 데이터에는 {count}거래일이 있습니다",
                    "{asked} sessions from {first} were asked for, the data have {count}",
                    first=first,
                    asked=request.days,
                    count=len(chosen),
                )
            )
    return tuple(chosen)


def _day_sessions(panel: Panel, request: Request, source: DataSource) -> tuple[dt.date, ...]:
    """Return the sessions with daily bars that were asked for; the first row only arms the second."""
    chosen = [
        session
        for t, session in enumerate(panel.sessions)
        if t > 0
        and (request.first is None or session >= request.first)
        and (request.last is None or session <= request.last)
    ]
    if request.days is not None:
        chosen = chosen[: request.days]
    if not chosen:
        have = source.daily_sessions()[1:]
        raise SourceError(
            Bilingual(
                "{asked} 일봉이 없습니다. 데이터에서 실행할 수 있는 거래일: {span}",
                "no daily bars {asked}: the data have sessions to play {span}",
                asked=_range_of(request),
                span=_played_span(have),
            )
        )
    return tuple(chosen)


def _range_of(request: Request) -> Bilingual:
    """Say in words, and by the options, which days were asked for."""
    first, last = request.first, request.last
    if first is not None and last is not None:
        return Bilingual(
            "{first}부터 {last}까지(--from, --to)", "between {first} and {last} (--from, --to)", first=first, last=last
        )
    if first is not None:
        return Bilingual("{first}부터(--from)", "from {first} on (--from)", first=first)
    return Bilingual("", "at all") if last is None else Bilingual("{last}까지(--to)", "up to {last} (--to)", last=last)


def _played_span(sessions: Sequence[dt.date]) -> Bilingual:
    if not sessions:
        return Bilingual("첫날 뒤로 없음", "of no session after the first")
    return Bilingual("{first} ~ {last}", "from {first} to {last}", first=sessions[0], last=sessions[-1])


def span_of(sessions: Sequence[dt.date]) -> Bilingual:
    """Return from when to when there are data, for messages."""
    if not sessions:
        return Bilingual("없음", "nothing")
    return Bilingual("{first} ~ {last}", "{first} to {last}", first=sessions[0], last=sessions[-1])


def _describe(plan: Plan, started: dt.datetime, names: dict[str, str]) -> Run:
    app = plan.app
    scope = (_ADJUSTED_TICKS,) if app.scope is Scope.ADJUSTED else ()
    notes = (
        *app.source.notes(),
        *app.resolved.notes,
        *(
            Bilingual(_INPUTS_FROM[source], f"{source.en}: {{inputs}}", inputs=", ".join(inputs))
            for source, inputs in app.inputs.told(app.last).items()
        ),
        Bilingual(
            "데이터에 없어 충족한 것으로 본 조건: {inputs}",
            "approximated: {inputs}",
            inputs=", ".join(_not_shown(plan)),
        ),
        *(app.screening.notes(app.last) if app.screening is not None else ()),
        *_missing_regime(app),
        *_missing_schedules(app),
        *gate_warnings(app.resolved),
        *scope,
    )
    return Run(
        run_id=app.run_id,
        kind=app.kind.value,
        config_hash=app.resolved.hash,
        data_hash=app.source.identity(),
        first_day=app.first,
        last_day=app.last,
        seed=app.seed,
        started=started,
        capital=app.resolved.capital,
        versions=app.versions,
        notes=tuple(dict.fromkeys(notes)),
        codes=dict(app.codes),
        instruments=names,
        configuration=app.resolved.recorded,
    )


def approximated(app: App) -> tuple[str, ...]:
    """Return the inputs that the run's minutes do not show; conditions on them count as met."""
    is_streamed = app.kind.is_live or (app.kind is RunKind.RUN and isinstance(app.source, TapeSource))
    index, *others = APPROXIMATED_ON_BOOKS if is_streamed else APPROXIMATED
    return (*([] if app.index_minutes or app.kind.is_live else [index]), *others)


def _not_shown(plan: Plan) -> tuple[str, ...]:
    """Return the same before anything was played: nobody knows yet of whom there are minutes, and on which days."""
    if not plan.by_minute:
        return APPROXIMATED_ON_DAY_BARS
    if plan.app.kind is not RunKind.BACKTEST or plan.app.bars is Bars.MINUTE:
        return approximated(plan.app)
    only_there = [name for name in APPROXIMATED_ON_DAY_BARS if name not in APPROXIMATED]
    return (*APPROXIMATED, *(f"{name} (on daily bars)" for name in only_there))


def _missing_regime(app: App) -> Iterator[str]:
    """Yield that nobody tells the state of the market, without which no strategy is armed and a run stays empty."""
    if all(app.inputs.of_market(fact.REGIME, day).value is None for day in (app.first, app.last)):
        yield (
            f"missing: {fact.REGIME}, so no strategy is armed ({CoreCode.REGIME_OFF.name}): "
            "add daily bars of the KOSPI to the data, or set assume.regime"
        )


def _missing_schedules(app: App) -> Iterator[str]:
    """Yield which years of the run have no dates of central banks: each of their days keeps more cash."""
    events = EventCalendar(krx_calendar(), app.resolved.events)
    by_types: dict[tuple[EventType, ...], list[int]] = {}
    for year in range(app.first.year, app.last.year + 1):
        by_types.setdefault(events.years_missing(year), []).append(year)
    for types, years in by_types.items():
        if types:
            to = Bilingual("", "") if len(years) == 1 else Bilingual(f" ~ {years[-1]}", f" to {years[-1]}")
            yield Bilingual(
                "{code}: {first}{to}년 일정 없음: {types}",
                "{code}: {listed} in {first}{to}",
                code=CoreCode.EVENTS_YEAR_MISSING.name,
                types=joined(types),
                listed=", ".join(types),
                first=years[0],
                to=to,
            )


def _refuses(gate: Bilingual, cap: Bilingual) -> Bilingual:
    return Bilingual(
        "{gate}: limits.grade_cap {cap}보다 작아 더 큰 진입은 {code}로 거절됩니다",
        "{gate} is below limits.grade_cap {cap}: larger entries are refused as {code}",
        gate=gate,
        cap=cap,
        code=CoreCode.MAX_NOTIONAL.name,
    )


def gate_warnings(resolved: Resolved) -> Iterator[str]:
    """Yield where the order gate refuses sizes that the shared caps allow: it never shrinks an order."""
    limits, gate = resolved.limits, resolved.gate
    largest = max(limits.grade_cap.values())
    if gate.max_order_frac < largest:
        yield _refuses(same("gate.max_order_frac {most:g}", most=gate.max_order_frac), same("{cap:g}", cap=largest))
    if gate.max_order_krw < largest * resolved.capital:
        of_capital = Bilingual("(자본의 {cap:g})", "{cap:g} of the capital", cap=largest)
        yield _refuses(same("gate.max_order_krw {most:,}", most=gate.max_order_krw), of_capital)


class _Keeper:
    """Hands records to the recorder, to the watcher, and to the run's own lists."""

    def __init__(self, recorder: Recorder, watcher: Watcher, finished: Finished) -> None:
        self._write = recorder.write
        self._watch = watcher.on_record
        lists: dict[type, Any] = {
            TradeRecord: finished.trades,
            EquityRecord: finished.equity,
            FaultRecord: finished.faults,
            SignalRecord: finished.refusals,
        }
        self._append: dict[type, Callable[[Any], None]] = {kind: several.append for kind, several in lists.items()}

    def remember(self, record: Record) -> None:
        """Put a record on the run's own lists, without keeping or showing it."""
        append = self._append.get(type(record))
        if append is not None:
            append(record)

    def __call__(self, records: Sequence[Record]) -> None:
        kinds, watch = self._append, self._watch
        for record in [one for one in records if type(one) in kinds]:
            self.remember(record)
        self._write(records)
        for record in records:
            watch(record)


def _keep_reasons(player: DayPlayer, recorder: Recorder, plan: Plan) -> None:
    """Keep why every cell of the panel that was not armed was not."""
    for instance, reasons, codes in player.arming.not_armed(plan.sessions):
        recorder.not_armed(instance, plan.sessions, plan.panel.symbols, reasons, [str(code) for code in codes])


def _summary(finished: Finished, figures: statistics.Statistics) -> dict[str, object]:
    """Return the figures that are kept with the run."""
    return {
        "trades": figures.trades,
        "win_rate": figures.win_rate,
        "average_r": figures.expectancy_r,
        "sqn": figures.sqn.value,
        "profit_factor": figures.profit_factor,
        "max_drawdown": None if figures.max_drawdown is None else figures.max_drawdown.frac,
        "exposure": figures.exposure,
        "commission": figures.commission,
        "tax": figures.tax,
        "profit": figures.profit,
        "path_dependent_trades": finished.caveats.bar_path.dependent_trades,
        "caveats": msgspec.to_builtins(finished.caveats),
        "faults": len(finished.faults),
    }
