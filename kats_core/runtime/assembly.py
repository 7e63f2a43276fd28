"""Build everything a run needs from its configuration: engine, broker, strategies, stages, market, identity."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from kats_core import __version__
from kats_core.config import Assume, Resolved
from kats_core.config.model import OWN_SECTOR
from kats_core.engine.engine import Engine
from kats_core.engine.pipeline import StageInstance
from kats_core.engine.state import EngineConfig, StrategyInstance
from kats_core.exits.in_bar import BarPath
from kats_core.market.calendar import krx_calendar
from kats_core.market.exact import to_fraction
from kats_core.market.source import DataSource
from kats_core.model import fact, ids
from kats_core.model.codes import CoreCode
from kats_core.model.fact import Fact
from kats_core.model.kinds import FactSource, Scope
from kats_core.model.labels import Code, CodeTexts, Labelled, code_texts
from kats_core.model.time import Nanos
from kats_core.orders.broker import Broker, BrokerAccount


class RunKind(Labelled):
    """What kind of run; part of its identity."""

    RUN = "run", "실행", "run"
    BACKTEST = "backtest", "백테스트", "backtest"


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
    codes: CodeTexts
    versions: dict[str, str]


def open_source(resolved: Resolved) -> DataSource:
    """Open the configured data source; raises `SourceError`."""
    return resolved.data.plugin.build(resolved.data.params)


def build(resolved: Resolved, source: DataSource, kind: RunKind, first: dt.date, last: dt.date, scope: Scope) -> App:
    """Build a run over the sessions from `first` to `last`, from a fresh account.

    Its id is uuid5 of what makes it the same run again: kind, configuration, data, days, seed.
    """
    seed = int(getattr(resolved.data.params, "seed", 0))
    run_id = ids.run_id(kind, resolved.hash, source.identity(), first, last, seed)
    strategies = tuple(
        StrategyInstance(e.instance, e.plugin.name, e.plugin.build(e.params), e.plugin.traits, e.params)
        for e in resolved.strategies
    )
    stages = tuple(
        StageInstance(e.instance, e.plugin.name, e.plugin.build(e.params), e.plugin.traits) for e in resolved.stages
    )
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
            path=getattr(resolved.broker.params, "bar_path", BarPath.WORST),
        )
    )
    account = BrokerAccount(capital=resolved.capital, commission=to_fraction(resolved.limits.commission), scope=scope)
    owners: list[type[Code]] = [enum for e in resolved.strategies for enum in e.plugin.codes]
    owners += [enum for e in resolved.stages for enum in e.plugin.codes]
    return App(
        run_id=run_id,
        kind=kind,
        first=first,
        last=last,
        seed=seed,
        scope=scope,
        resolved=resolved,
        source=source,
        engine=engine,
        broker=resolved.broker.plugin.build(resolved.broker.params, account),
        strategies=strategies,
        stages=stages,
        codes=code_texts(dict.fromkeys([CoreCode, *owners])),
        versions={"kats-core": __version__},
    )


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is known at the start of a session: what the source delivers, and what is assumed where it does not."""

    source: DataSource
    assume: Assume

    def of_session(self, session: dt.date, at: Nanos) -> list[Fact]:
        """Return the assumed facts of the whole market, then the source's own, which go before them."""
        assumed = [
            Fact(name, str(value) if isinstance(value, str) else value, at, FactSource.ASSUMED)
            for name, value in (
                (fact.REGIME, self.assume.regime),
                (fact.GRADE, self.assume.grade),
                (fact.STARS, self.assume.stars),
                (fact.STATUS, self.assume.status),
                (fact.MARKET, self.assume.market),
                (fact.SECTOR, None if self.assume.sector == OWN_SECTOR else self.assume.sector),
            )
            if value is not None
        ]
        return [*assumed, *self.source.facts(session)]

    def of_symbols(self, symbols: Sequence[str], known: frozenset[str], at: Nanos) -> list[Fact]:
        """Return what is assumed of single symbols: each its own sector, unless the source knows it (`known`)."""
        if self.assume.sector != OWN_SECTOR:
            return []
        return [Fact(fact.SECTOR, s, at, FactSource.ASSUMED, s) for s in symbols if s not in known]
