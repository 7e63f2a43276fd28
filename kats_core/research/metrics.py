"""Measure a run: its figures, the same for every kind of trade, month by month, and against the market."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import msgspec

from kats_core.journal import statistics
from kats_core.journal.caveats import Caveats
from kats_core.journal.statistics import Drawdown, Execution, Group, Statistics
from kats_core.model.labels import Labelled
from kats_core.model.record import EquityRecord
from kats_core.model.time import clock
from kats_core.research.market import Index
from kats_core.research.results import Results, Story
from kats_core.store.errors import StoreError
from kats_core.store.run import Run

BENCHMARK = "KOSPI"
METRICS_VERSION = 1


class By(Labelled):
    """By what trades are told apart."""

    STRATEGY = "strategy", "전략별", "by strategy"
    REGIME = "regime", "장세별", "by regime"
    GRADE = "grade", "등급별", "by grade"
    EXIT = "exit", "청산 이유별", "by reason of the exit"
    WEEKDAY = "weekday", "요일별 (진입)", "by weekday of the entry"
    HOUR = "hour", "시간대별 (진입)", "by hour of the entry"


UNKNOWN = ""
"""The group of trades for whose entry nothing read what is asked."""

_OF: dict[By, Callable[[Story], str]] = {
    By.STRATEGY: lambda story: story.trade.instance,
    By.REGIME: lambda story: story.regime or UNKNOWN,
    By.GRADE: lambda story: story.grade or UNKNOWN,
    By.EXIT: lambda story: story.trade.exit_code,
    By.WEEKDAY: lambda story: str(story.trade.opened_on.weekday()),
    By.HOUR: lambda story: f"{clock(story.trade.opened_at):%H}",
}


class Month(msgspec.Struct, frozen=True):
    """The return of a calendar month, compounded from its days."""

    year: int
    month: int
    return_frac: float


class Benchmark(msgspec.Struct, frozen=True):
    """The index over the run's days, from its close before the first."""

    name: str
    return_frac: float
    max_drawdown: Drawdown | None


class Refused(msgspec.Struct, frozen=True):
    """How often a stage refused signals for a reason, and in which sessions first and last."""

    stage: str
    code: str
    count: int
    first: dt.date
    last: dt.date


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of a run; money in won, shares as fractions. `caveats` are what the run noted of itself at its end."""

    v: int = METRICS_VERSION
    run: dict[str, str | int]
    sessions: int
    statistics: Statistics
    execution: Execution
    benchmark: Benchmark | None
    months: tuple[Month, ...]
    groups: dict[str, tuple[Group, ...]]
    refusals: tuple[Refused, ...]
    held: int
    faults: int
    notes: tuple[str, ...]
    caveats: Caveats | None


def measure(results: Results, indices: Mapping[str, Index]) -> Metrics:
    """Return the figures of a run."""
    run = results.run
    references = {signal_id: signal.reference for signal_id, signal in results.signals.items()}
    return Metrics(
        run=run.identity,
        sessions=len(results.equity),
        statistics=statistics.measure(results.trades, results.equity, run.capital),
        execution=statistics.execution(results.orders, results.order_events, results.fills, references),
        benchmark=_benchmark(results.equity, indices.get(BENCHMARK)),
        months=tuple(months(results.equity, run.capital)),
        groups={by.value: tuple(grouped(results.stories, by)) for by in By},
        refusals=tuple(Refused(r.code.partition(":")[0], r.code, r.count, r.first, r.last) for r in results.refusals),
        held=len(results.held),
        faults=len(results.faults),
        notes=run.notes,
        caveats=_caveats(run),
    )


def grouped(stories: Sequence[Story], by: By) -> list[Group]:
    """Return the trades counted by something, in its order."""
    names = {id(story.trade): _OF[by](story) for story in stories}
    return statistics.grouped([story.trade for story in stories], lambda trade: names[id(trade)])


def months(equity: Sequence[EquityRecord], capital: int) -> list[Month]:
    """Return the return of each calendar month, oldest first."""
    returns: dict[tuple[int, int], list[float]] = {}
    before = capital
    for day in equity:
        returns.setdefault((day.session.year, day.session.month), []).append(day.equity / before - 1)
        before = day.equity
    return [Month(*month, statistics.compounded(days)) for month, days in returns.items()]


def drawdowns(values: Sequence[float]) -> list[float]:
    """Return how far each value lies under the highest before it, as fractions of that, zero or less."""
    found: list[float] = []
    peak = 0.0
    for value in values:
        peak = max(peak, value)
        found.append(value / peak - 1 if peak > 0 else 0.0)
    return found


def _benchmark(equity: Sequence[EquityRecord], index: Index | None) -> Benchmark | None:
    """Return the index from the evening before; None where it is not known from the run's first to its last day."""
    if index is None or not equity:
        return None
    closes = index.on([day.session for day in equity])
    start = index.before(equity[0].session)
    if start is None or closes[-1] is None:
        return None
    curve = [(day.session, close) for day, close in zip(equity, closes, strict=True) if close is not None]
    fall = statistics.max_drawdown([(equity[0].session, start), *curve])
    return Benchmark(BENCHMARK, closes[-1] / start - 1, fall)


def _caveats(run: Run) -> Caveats | None:
    """Return on what the run says it rests; None for one that says nothing."""
    noted = run.summary.get("caveats")
    if noted is None:
        return None
    try:
        return msgspec.convert(noted, Caveats, strict=False)
    except msgspec.ValidationError as error:
        raise StoreError(f"run {run.run_id}: its caveats cannot be read ({error}): run it again") from error
