"""Make daily history to check strategies on: the sample market, its awkward relatives, and the same past with another future."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from kats_core.market.arrays import BoolArray
from kats_core.market.panel import Panel
from kats_core.market.source import DataSource
from kats_core.market.tables import IndexSeries, SideTable, known_by
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import InstrumentKind
from kats_core.model.labels import Labelled
from kats_core.runtime.play import history
from kats_core.sources.sample.market import SampleSource
from kats_core.testing.kit.subject import Subject

SEED = 7
LAST = dt.date(2025, 9, 18)
"""The last session of the sample market that strategies are checked on."""

SESSIONS = 520
RECENT = 5
"""Sessions on which a symbol must have traded to be armed, the shortest history there is."""

MOST_SESSIONS = 2_400
PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "volume", "value")
BESIDE = ("tables", "indices")
"""What a strategy may read beside bars."""


FEW_SYMBOLS = 12
"""Symbols of the awkward markets."""


class MarketKind(Labelled):
    """What kind of daily history a strategy is asked about."""

    USUAL = "usual", "표본 시장", "the usual market"
    SHORTER = "shorter", "더 짧은 이력", "a shorter history"
    NO_SESSIONS = "no_sessions", "거래일 없음", "no sessions"
    NO_SYMBOLS = "no_symbols", "종목 없음", "no symbols"
    ONE_SYMBOL = "one_symbol", "한 종목", "one symbol"
    ONE_SESSION = "one_session", "하루", "one session"
    SHORT = "short", "짧은 이력", "short history"
    GAPS = "gaps", "빠진 날", "gaps"
    YOUNG = "young", "신규 상장", "young listings"
    NO_TRADING = "no_trading", "거래 없음", "no trading at all"
    HALTED = "halted", "몇 주 거래정지", "halted for weeks"
    FLAT = "flat", "움직이지 않는 가격", "a price that never moves"
    BARS_ONLY = "bars_only", "봉만 있음", "nothing beside bars"


class Future(Labelled):
    """What stands in the place of the sessions after a cut."""

    OTHER = "other", "다른 값으로", "replaced by other data"
    GONE = "gone", "없앤 것으로", "cut off"
    QUIET = "quiet", "거래 없는 날로", "left without trading"


def sessions_for(subject: Subject) -> int:
    """Return how much history a strategy is checked on: enough to judge, and as much again to compare with."""
    if subject.sessions is not None:
        return subject.sessions
    needed: int = subject.descriptor.traits.bars_needed
    return min(MOST_SESSIONS, max(SESSIONS, 2 * needed + 120))


def source_for(subject: Subject) -> DataSource:
    """Return the data that a strategy is checked on: the sample market, or the files that were given.

    Raises:
        SourceError: the files cannot be read.
    """
    if "source" not in subject.notes:
        if subject.data:
            from kats_core.sources.files import FilesParams, build

            subject.notes["source"] = build(FilesParams(paths=tuple(str(path) for path in subject.data)))
        else:
            subject.notes["source"] = sample(sessions_for(subject))
    found: DataSource = subject.notes["source"]
    return found


def panel_for(subject: Subject) -> Panel:
    """Return the daily history that a strategy is checked on; nobody can write into it."""
    if "panel" not in subject.notes:
        source = source_for(subject)
        whole = history(source, LAST) if not subject.data else history(source, None)
        whole = replace(whole, **_rows(whole, slice(-sessions_for(subject), None)))
        subject.notes["panel"] = frozen(listing(whole, subject.parameters().listed_symbols()))
    found: Panel = subject.notes["panel"]
    return found


def usual() -> Panel:
    """Return the sample market's daily history, read only."""
    return frozen(history(sample(SESSIONS), LAST))


@lru_cache(maxsize=4)
def sample(sessions: int) -> SampleSource:
    """Return the sample market."""
    return SampleSource(SEED, sessions)


def listing(panel: Panel, symbols: Collection[str]) -> Panel:
    """Return the panel with the funds that a strategy names itself in the place of its first symbols."""
    new = sorted(set(symbols) - set(panel.symbols))[: len(panel.instruments)]
    if not new:
        return panel
    funds = [Instrument(symbol=symbol, kind=InstrumentKind.ETF) for symbol in new]
    instruments = [*funds, *panel.instruments[len(funds) :]]
    order = sorted(range(len(instruments)), key=lambda j: instruments[j].symbol)
    columns: dict[str, Any] = {name: getattr(panel, name)[:, order] for name in ("present", *COLUMNS)}
    return replace(panel, instruments=tuple(instruments[j] for j in order), **columns)


def frozen(panel: Panel) -> Panel:
    """Return the panel over arrays that raise when they are written to."""
    for name in ("present", *COLUMNS):
        getattr(panel, name).flags.writeable = False
    return panel


def awkward(panel: Panel, bars_needed: int) -> Iterator[tuple[MarketKind, Panel]]:
    """Yield markets as they also happen, each with its name."""
    last = len(panel.sessions)
    chance = np.random.default_rng(SEED)
    panel = of_columns(panel, range(min(FEW_SYMBOLS, len(panel.symbols))))
    few = replace(panel, **_rows(panel, slice(-max(bars_needed, 60) - 60, None)))
    yield MarketKind.NO_SESSIONS, replace(panel, **_rows(panel, slice(0, 0)))
    yield MarketKind.NO_SYMBOLS, of_columns(few, ())
    yield MarketKind.ONE_SYMBOL, of_columns(few, (0,))
    yield MarketKind.ONE_SESSION, replace(panel, **_rows(panel, slice(last - 1, last)))
    yield MarketKind.SHORT, replace(panel, **_rows(panel, slice(-max(bars_needed - 1, 2), None)))
    yield MarketKind.GAPS, without(few, chance.random(few.present.shape) < 0.2)
    newcomers = np.arange(len(few.sessions))[:, None] < chance.integers(0, len(few.sessions), len(few.symbols))
    yield MarketKind.YOUNG, without(few, newcomers)
    yield MarketKind.NO_TRADING, without(few, np.ones(few.present.shape, dtype=np.bool_))
    halted = np.zeros(few.present.shape, dtype=np.bool_)
    halted[-30:, ::2] = True
    yield MarketKind.HALTED, without(few, halted)
    yield MarketKind.FLAT, _flat(few)
    yield MarketKind.BARS_ONLY, replace(few, tables={}, indices={})


def without(panel: Panel, cells: BoolArray) -> Panel:
    """Return the panel with no trading in these cells."""
    columns: dict[str, Any] = {name: np.where(cells, 0, getattr(panel, name)) for name in COLUMNS}
    return replace(panel, present=panel.present & ~cells, **columns)


def with_future(panel: Panel, t: int, future: Future, fields: Collection[str] = (*COLUMNS, *BESIDE)) -> Panel:
    """Return the panel with the same rows up to `t` and another future; only in `fields` where it is OTHER."""
    if future is Future.GONE:
        return cut(panel, t)
    later = np.zeros(panel.present.shape, dtype=np.bool_)
    later[t + 1 :] = True
    eve = panel.sessions[t]
    if future is Future.QUIET:
        return replace(
            without(panel, later), tables=known_by(panel.tables, eve), indices=_indices(panel, eve, known=True)
        )
    changes: dict[str, Any] = {name: _other(panel, name, t) for name in COLUMNS if name in fields}
    if set(COLUMNS) <= set(fields):
        changes["present"] = _of_another(panel.present, t)
    else:
        # One column alone was changed to find out which one is read: where there is trading must stay.
        changes = {
            name: np.where(panel.present & (values > 0), values, getattr(panel, name))
            for name, values in changes.items()
        }
    if "tables" in fields:
        changes["tables"] = {name: _table(table, eve) for name, table in panel.tables.items()}
    if "indices" in fields:
        changes["indices"] = _indices(panel, eve, known=False)
    return replace(panel, **changes)


def cut(panel: Panel, t: int) -> Panel:
    """Return the panel up to row `t`, as the evening after it knows it; row `t` still arms the session that it armed."""
    session = panel.next_session[t]
    return panel if session is None else panel.until(session)


def last_sessions(panel: Panel, t: int, count: int) -> Panel:
    """Return the `count` sessions up to row `t`; what is known beside bars begins when it did."""
    return replace(panel, **_rows(panel, slice(max(0, t + 1 - count), t + 1)))


def _rows(panel: Panel, rows: slice) -> dict[str, Any]:
    whole = ("present", *COLUMNS, "sessions", "next_session")
    return {name: getattr(panel, name)[rows] for name in whole}


def of_columns(panel: Panel, columns: Sequence[int]) -> Panel:
    """Return the panel of some symbols only, in their order."""
    chosen = np.array(columns, dtype=np.intp)
    cells: dict[str, Any] = {name: getattr(panel, name)[:, chosen] for name in ("present", *COLUMNS)}
    return replace(panel, instruments=tuple(panel.instruments[j] for j in columns), **cells)


def _flat(panel: Panel) -> Panel:
    first = panel.close[0]
    same: dict[str, Any] = {name: np.broadcast_to(first, panel.close.shape).copy() for name in PRICES}
    volume = np.full(panel.close.shape, 1_000, dtype=np.int64)
    present = np.ones(panel.close.shape, dtype=np.bool_)
    return replace(panel, present=present, volume=volume, value=volume * first, **same)


def _other(panel: Panel, name: str, t: int) -> Any:
    """Return a column whose rows after `t` are another symbol's, backwards in time, at this symbol's prices."""
    values = _of_another(getattr(panel, name), t)
    if name == "volume":
        return values
    later = np.arange(len(values))[:, None] > t
    if name == "value":
        return np.where(later, _other(panel, "close", t) * _of_another(panel.volume, t), panel.value)
    own, another = panel.close[t], np.roll(panel.close[-1], 1)
    factor = np.divide(own, another, out=np.ones(own.shape), where=(own > 0) & (another > 0))
    scaled = np.maximum(np.rint(values * factor), 1).astype(np.int64) * (values > 0)
    return np.where(later, scaled, values)


def _of_another(values: Any, t: int) -> Any:
    result = values.copy()
    result[t + 1 :] = np.roll(values[t + 1 :][::-1], 1, axis=1)
    return result


def _table(table: SideTable, eve: dt.date) -> SideTable:
    later = table.available_from > np.datetime64(eve, "D")
    columns = {name: np.where(later, 1.0 - 1.7 * column, column) for name, column in table.columns.items()}
    return replace(table, columns=columns)


def _indices(panel: Panel, eve: dt.date, *, known: bool) -> Mapping[str, IndexSeries]:
    if known:
        return {name: index.until(eve) for name, index in panel.indices.items()}
    return {name: _index(index, eve) for name, index in panel.indices.items()}


def _index(index: IndexSeries, eve: dt.date) -> IndexSeries:
    start = sum(1 for session in index.sessions if session <= eve)
    names = ("open", "high", "low", "close", "value", "advancing", "declining")
    changes: dict[str, Any] = {}
    for name in names:
        column = getattr(index, name)
        if column is not None:
            changes[name] = np.concatenate([column[:start], column[start:][::-1] * 1.1])
    return replace(index, **changes)
