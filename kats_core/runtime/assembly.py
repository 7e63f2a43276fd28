"""Build everything a run needs from its configuration: engine, broker, strategies, stages, market, identity."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from kats_core import __version__
from kats_core.config import Resolved
from kats_core.config.effective import StageEntry, StrategyEntry, plain
from kats_core.engine.engine import Engine
from kats_core.engine.pipeline import StageInstance
from kats_core.engine.rejudging import Opinion, Rejudging
from kats_core.engine.state import EngineConfig, StrategyInstance
from kats_core.exits.in_bar import BarPath
from kats_core.market.calendar import krx_calendar
from kats_core.market.conditions import Conditions, market_conditions
from kats_core.market.events import EventCalendar
from kats_core.market.exact import to_fraction
from kats_core.market.panel import Panel
from kats_core.market.patterns.codes import PatternCode
from kats_core.market.regime import LEVELS, RegimeParams
from kats_core.market.source import DataSource, IndexMinutesSource
from kats_core.market.tables import DIVIDENDS
from kats_core.model import ids
from kats_core.model.codes import CoreCode
from kats_core.model.event import StageSpec
from kats_core.model.kinds import Regime, Scope
from kats_core.model.labels import Code, CodeBook, CodeTexts, Labelled, code_texts
from kats_core.orders.broker import Broker, BrokerAccount, BrokerError, answer_now
from kats_core.risk.contract import StagePlugin
from kats_core.risk.limits import Limits
from kats_core.runtime import screening as screens
from kats_core.runtime.inputs import (
    Approximated,
    Assumed,
    Delivered,
    Dividends,
    Inputs,
    Listed,
    MarketState,
    Provider,
    Scheduled,
)
from kats_core.runtime.screening import Screening
from kats_core.runtime.session_bars import Bars


class RunKind(Labelled):
    """What kind of run; part of its identity."""

    RUN = "run", "실행", "run"
    BACKTEST = "backtest", "백테스트", "backtest"
    SIM = "sim", "시뮬레이터 실행", "run on the simulator"
    PAPER = "paper", "실시간 매매", "run on today's market"
    LIVE = "live", "실매매", "live run"

    @property
    def is_live(self) -> bool:
        """Whether the session comes as it happens, over a wire."""
        return self in (RunKind.SIM, RunKind.PAPER, RunKind.LIVE)


@dataclass(slots=True)
class StageWorkshop:
    """Builds stages from what an event names; it knows the plugins that a configuration has brought."""

    _plugins: dict[str, StagePlugin] = field(default_factory=dict)

    def spec(self, entry: StageEntry) -> StageSpec:
        """Return an entry of the configuration as an event names it, and remember its plugin."""
        self._plugins[entry.plugin.name] = entry.plugin
        return StageSpec(entry.instance, entry.plugin.name, json.dumps(plain(entry.params), ensure_ascii=False))

    def __call__(self, spec: StageSpec) -> StageInstance:
        """Build a stage."""
        plugin = self._plugins[spec.plugin]
        built = plugin.build(plugin.params.model_validate_json(spec.params))
        return StageInstance(spec.instance, plugin.name, built, plugin.traits, spec=spec)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinion:
    """Stages and limits that judge beside those of a run, and who hears what they say (`engine.rejudging`)."""

    stages: tuple[StageEntry, ...]
    limits: Limits
    keep: Callable[[Opinion], None]


@dataclass(slots=True, kw_only=True)
class App:
    """One run, ready to start."""

    run_id: str
    kind: RunKind
    first: dt.date
    last: dt.date
    seed: int
    scope: Scope
    resolved: Resolved
    source: DataSource
    engine: Engine
    broker: Broker
    strategies: tuple[StrategyInstance, ...]
    stages: tuple[StageInstance, ...]
    workshop: StageWorkshop
    inputs: Inputs
    screening: Screening | None
    codes: CodeTexts
    versions: dict[str, str]
    bars: Bars = Bars.AUTO

    @property
    def index_minutes(self) -> IndexMinutesSource | None:
        """The data source, where it knows the indices within a session."""
        return self.source if isinstance(self.source, IndexMinutesSource) else None


def open_source(resolved: Resolved) -> DataSource:
    """Open the configured data source; raises `SourceError`."""
    plugin, params = resolved.data.plugin, resolved.data.params
    return plugin.build(params, resolved.settings) if plugin.needs_settings else plugin.build(params)


def build(
    resolved: Resolved,
    source: DataSource,
    kind: RunKind,
    first: dt.date,
    last: dt.date,
    scope: Scope,
    panel: Panel,
    second: SecondOpinion | None = None,
    bars: Bars = Bars.AUTO,
) -> App:
    """Build a run over the sessions from `first` to `last`, from a fresh account.

    Its id is uuid5 of what makes it the same run again: kind, configuration, data, days, seed, and bars that are forced.
    """
    seed = int(getattr(resolved.data.params, "seed", 0))
    forced = () if bars is Bars.AUTO else (bars.value,)
    run_id = ids.run_id(kind, resolved.hash, source.identity(), first, last, seed, *forced)
    if resolved.broker.plugin.is_remote and kind not in (RunKind.SIM, RunKind.LIVE):
        raise BrokerError(
            f"broker {resolved.broker.use} sends orders to its exchange now: it goes with `kats run --live` or `--sim` only"
        )
    desk = _desk(
        resolved, source, kind, run_id, scope, getattr(resolved.broker.params, "bar_path", BarPath.WORST), second
    )
    conditions = market_conditions(panel.indices, panel, krx_calendar(), last, resolved.regime, resolved.pulse)
    screening = screens.build(panel, resolved.universe, desk.strategies, conditions, resolved.assume.grade)
    return App(
        run_id=run_id,
        kind=kind,
        first=first,
        last=last,
        seed=seed,
        scope=scope,
        resolved=resolved,
        source=source,
        engine=desk.engine,
        broker=desk.broker,
        strategies=desk.strategies,
        stages=desk.stages,
        workshop=desk.workshop,
        inputs=inputs_of(resolved, source, panel, conditions, screening),
        screening=screening,
        codes=codes_of(resolved),
        versions={"kats-core": __version__},
        bars=bars,
    )


def on_path(app: App, path: BarPath) -> App:
    """Return the run once more with a fresh account, on another assumed way through the bars; only its result is recorded."""
    desk = _desk(app.resolved, app.source, app.kind, app.run_id, app.scope, path, is_recorded=False)
    return replace(
        app,
        engine=desk.engine,
        broker=desk.broker,
        strategies=desk.strategies,
        stages=desk.stages,
        workshop=desk.workshop,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What keeps state while a run is played."""

    engine: Engine
    broker: Broker
    strategies: tuple[StrategyInstance, ...]
    stages: tuple[StageInstance, ...]
    workshop: StageWorkshop


def _desk(
    resolved: Resolved,
    source: DataSource,
    kind: RunKind,
    run_id: str,
    scope: Scope,
    path: BarPath,
    second: SecondOpinion | None = None,
    *,
    is_recorded: bool = True,
) -> _Desk:
    strategies = strategies_of(resolved)
    workshop = StageWorkshop()
    stages = tuple(workshop(workshop.spec(entry)) for entry in resolved.stages)
    account = BrokerAccount(
        capital=resolved.capital, commission=to_fraction(resolved.limits.commission), scope=scope, source=source
    )
    broker = resolved.broker.plugin.build(resolved.broker.params, account)
    engine = Engine(
        EngineConfig(
            run_id=run_id,
            capital=resolved.capital,
            strategies=strategies,
            stages=stages,
            limits=resolved.limits,
            gate=resolved.gate,
            calendar=krx_calendar(),
            scope=scope,
            overlays=resolved.overlays,
            build_stage=workshop,
            path=path,
            is_recorded=is_recorded,
            is_live=kind is RunKind.LIVE,
            rejudging=None if second is None else _rejudging(second, broker),
            codes=CodeBook(code_enums(resolved)),
        )
    )
    return _Desk(engine=engine, broker=broker, strategies=strategies, stages=stages, workshop=workshop)


def _rejudging(second: SecondOpinion, broker: Broker) -> Rejudging:
    workshop = StageWorkshop()
    stages = tuple(workshop(workshop.spec(entry)) for entry in second.stages)
    return Rejudging(stages=stages, limits=second.limits, keep=second.keep, fetch=partial(answer_now, broker))


def strategies_of(resolved: Resolved) -> tuple[StrategyInstance, ...]:
    """Build the strategies of a configuration."""
    return tuple(
        StrategyInstance(
            e.instance,
            e.plugin.name,
            e.plugin.build(e.params),
            e.plugin.traits,
            e.params,
            mapped=_regimes(e, resolved.regime),
        )
        for e in resolved.strategies
    )


def codes_of(resolved: Resolved) -> CodeTexts:
    """Return the texts of every code that a run of a configuration can give."""
    return code_texts(code_enums(resolved))


def code_enums(resolved: Resolved) -> tuple[type[Code], ...]:
    """Return the codes of everything that takes part in a run."""
    owners: list[type[Code]] = [enum for e in resolved.strategies for enum in e.plugin.codes]
    owners += [enum for e in resolved.stages for enum in e.plugin.codes]
    return tuple(dict.fromkeys([CoreCode, PatternCode, *owners]))


def inputs_of(
    resolved: Resolved, source: DataSource, panel: Panel, conditions: Conditions | None, screening: Screening | None
) -> Inputs:
    """Return the registry of a run's inputs: the source's own word first, then what is derived, then what is assumed."""
    calendar = krx_calendar()
    derived: list[Provider] = [] if conditions is None else [MarketState(conditions, calendar)]
    if panel.scope is Scope.RAW and DIVIDENDS in panel.tables:
        derived.append(Dividends(panel.tables[DIVIDENDS], calendar))
    return Inputs(
        panel.symbols,
        (
            Delivered(source),
            *derived,
            *(() if screening is None else (screening,)),
            Listed(panel),
            Scheduled(EventCalendar(calendar, resolved.events)),
            Approximated(),
            Assumed(resolved.assume, panel.symbols),
        ),
    )


def _regimes(entry: StrategyEntry, params: RegimeParams) -> frozenset[Regime]:
    """Return the regimes in which a strategy is on: its own, except where the configuration maps a regime."""
    traits = entry.plugin.traits
    names = (entry.instance, entry.plugin.name, traits.code)
    return frozenset(r for r in LEVELS if params.enables(r, names, r in traits.regimes))
