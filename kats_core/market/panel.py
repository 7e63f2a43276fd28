"""Hold daily history as (sessions x symbols) arrays, which strategies arm from.

Row t is session t; a cell without trading is masked out in `present` and holds zeros, never NaN. Rows are exchange
sessions: a session on which a symbol did not trade is a gap that `present` shows, not a row that is missing.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray, Int64Array
from kats_core.market.dated import MarketRuleError
from kats_core.market.indicators import Indicators
from kats_core.market.limits import ADJUSTED_TOLERANCE, limit_rate
from kats_core.market.own_bars import OwnBars
from kats_core.market.rolling import running_total
from kats_core.market.screening.thresholds import Thresholds
from kats_core.market.tables import IndexSeries, SideTable, known_by
from kats_core.market.weeks import Weeks
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import InstrumentKind, Market, Scope

_COLUMNS = ("open", "high", "low", "close", "volume", "value")

RECENT_SESSIONS = 5
"""A symbol that did not trade on one of so many last sessions is not armed (`spec/README.md` section 5)."""


_SHARED = ("symbols", "column", "row", "own_bars", "scale_breaks", "bars", "bars_since_break", "indicators", "kept")
"""What does not depend on which rows are asked for."""

_NO_LIMIT = 1e9
"""Reach of a price that has no limit: no price of the exchange lies beyond, and zero times it is zero."""


@dataclass(frozen=True)
class Panel:
    """Daily bars of many symbols. Prices and `value` in won, `volume` in shares, all int64 of one shape (T, N).

    `next_session[t]` is the session for which row t arms; None at the edge of the calendar. `value` is close times
    volume where the source has no traded value. `tables` are the side tables by name (`tables.FLOWS` ...), `indices` the
    market's indices by name (KOSPI ...); their own symbols and sessions need not be the panel's. Rows before `asked_from`
    are history to compute from: nobody asks what they arm. `thresholds` are those with which the screen's measures are taken
    (`market.screening.history`).
    """

    sessions: tuple[dt.date, ...]
    next_session: tuple[dt.date | None, ...]
    instruments: tuple[Instrument, ...]
    present: BoolArray
    open: Int64Array
    high: Int64Array
    low: Int64Array
    close: Int64Array
    volume: Int64Array
    value: Int64Array
    scope: Scope
    tables: Mapping[str, SideTable] = field(default_factory=dict)
    indices: Mapping[str, IndexSeries] = field(default_factory=dict)
    assumed_sector: str | None = None
    asked_from: int = 0
    thresholds: Thresholds = field(default_factory=Thresholds)

    def __post_init__(self) -> None:
        shape = (len(self.sessions), len(self.instruments))
        for name in ("present", *_COLUMNS):
            if getattr(self, name).shape != shape:
                raise ValueError(f"panel column {name} has shape {getattr(self, name).shape}, expected {shape}")
        if len(self.next_session) != shape[0]:
            raise ValueError("panel needs one next session for each row")

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """The columns' symbols."""
        return tuple(instrument.symbol for instrument in self.instruments)

    @property
    def sectors(self) -> tuple[str | None, ...]:
        """The columns' sectors: each symbol's own, `assumed_sector` where nobody knows it."""
        return tuple(self.assumed_sector if one.sector is None else one.sector for one in self.instruments)

    @cached_property
    def column(self) -> dict[str, int]:
        """Column number by symbol."""
        return {symbol: j for j, symbol in enumerate(self.symbols)}

    @cached_property
    def row(self) -> dict[dt.date, int]:
        """Row number by session."""
        return {session: t for t, session in enumerate(self.sessions)}

    def row_before(self, session: dt.date) -> int | None:
        """Return the row whose next session this is, None when there are no bars of the evening before."""
        t = self.row.get(session)
        if t is not None:
            return t - 1 if t > 0 and self.next_session[t - 1] == session else None
        last = len(self.sessions) - 1
        return last if last >= 0 and self.next_session[last] == session else None

    @cached_property
    def own_bars(self) -> npt.NDArray[np.int32]:
        """Number of the symbol's own bars up to and including row t."""
        return self.bars.number

    @cached_property
    def bars(self) -> OwnBars:
        """Each symbol's own bars, counted anew where its price scale changes."""
        return OwnBars(self.present, self.scale_breaks)

    @cached_property
    def scale_breaks(self) -> BoolArray:
        """Where prices lie beyond the day's limits around the symbol's own close before: the scale has changed.

        A split that nobody adjusted, a capital reduction, a vendor's slip. Nothing is computed across it.
        """
        # Rounding to won moves an adjusted price by half a won: 2 after 1 is no split.
        slack = 0.5 if self.scope is Scope.ADJUSTED else 0.0
        result = np.zeros(self.present.shape, dtype=np.bool_)
        before = np.zeros(len(self.instruments), dtype=np.int64)
        # Session by session: over the whole history at once it would take the memory of several panels.
        for t, reach in enumerate(self._limit_reach()):
            low, high = np.minimum(self.open[t], self.close[t]), np.maximum(self.open[t], self.close[t])
            outside = high - slack > (before + slack) * (1 + reach) + 1e-6
            outside |= low + slack < (before - slack) * (1 - reach) - 1e-6
            result[t] = outside & (before > 0) & self.present[t]
            before = np.where(self.present[t], self.close[t], before)
        return result

    @cached_property
    def bars_since_break(self) -> npt.NDArray[np.int32]:
        """Number of the symbol's own bars up to row t that share one price scale, which indicators see."""
        own = self.own_bars
        if not self.scale_breaks.any():
            return own
        before_break = np.where(self.scale_breaks, own - 1, 0)
        return own - np.maximum.accumulate(before_break, axis=0)

    def on_one_scale(self, bars: int) -> BoolArray:
        """Tell, per cell, whether the last `bars` own bars share one price scale, or all bars when there are fewer.

        A break among the last `RECENT_SESSIONS` bars always counts: a vendor's slip is followed by the way back.
        """
        return np.asarray(self.bars_since_break >= np.minimum(self.own_bars, max(bars, RECENT_SESSIONS)))

    def _limit_reach(self) -> Iterator[npt.NDArray[np.float64]]:
        """Yield, by session, how far each symbol's price may move, as a fraction; as good as infinitely far without a limit."""
        tolerance = float(ADJUSTED_TOLERANCE) if self.scope is Scope.ADJUSTED else 0.0
        kinds = {kind: n for n, kind in enumerate(dict.fromkeys(map(_kind_of, self.instruments)))}
        kind_of = np.array([kinds[_kind_of(one)] for one in self.instruments], dtype=np.intp)
        for session in self.sessions:
            rates = np.full(len(kinds), _NO_LIMIT)
            for kind, n in kinds.items():
                with suppress(MarketRuleError):
                    rates[n] = float(limit_rate(session, *kind)) + tolerance
            yield rates[kind_of]

    @cached_property
    def indicators(self) -> Indicators:
        """Indicators of all symbols, each computed once; strategies share them."""
        columns = {name: getattr(self, name) for name in _COLUMNS}
        weeks = Weeks.of(self.sessions, self.next_session)
        return Indicators(columns, self.present, restarts=self.scale_breaks, weeks=weeks, bars=self.bars)

    @cached_property
    def kept(self) -> dict[str, Any]:
        """What others have computed of this panel and would have to compute again, by name."""
        return {}

    def forget(self) -> None:
        """Drop the indicators and what they were computed from; whoever asks for one again has it computed again."""
        for name in ("indicators", "bars"):
            self.__dict__.pop(name, None)

    @cached_property
    def traded_recently(self) -> BoolArray:
        """Whether the symbol traded on each of the last `RECENT_SESSIONS` sessions up to row t."""
        result = self.present.copy()
        for lag in range(1, RECENT_SESSIONS):
            result[lag:] &= self.present[:-lag]
            result[:lag] = False
        return result

    def mean_of_own_bars(self, values: Int64Array, n: int) -> npt.NDArray[np.float64]:
        """Return, per cell, the mean of the symbol's own last `n` bars up to row t; 0.0 where it has fewer.

        Sums are exact integers, so the mean does not depend on where the history begins.
        """
        sums = self.bars.window_sum(running_total(values), n, np.empty_like(values))
        means = np.zeros(sums.shape)
        np.divide(sums, n, out=means, where=self.present & (self.own_bars >= n))
        return means

    def asked_for(self, session: dt.date) -> Panel:
        """Return the same panel, asked only what it arms for `session` and later ones; what is computed of it is shared."""
        asked = replace(self, asked_from=max(bisect_left(self.sessions, session) - 1, 0))
        asked.__dict__.update({name: getattr(self, name) for name in _SHARED})
        return asked

    def until(self, session: dt.date) -> Panel:
        """Return the panel of the sessions before `session`: what is known on its eve."""
        t = sum(1 for s in self.sessions if s < session)
        eve = session - dt.timedelta(days=1)
        cut = {name: getattr(self, name)[:t] for name in ("present", *_COLUMNS)}
        return replace(
            self,
            asked_from=0,
            sessions=self.sessions[:t],
            next_session=self.next_session[:t],
            tables=known_by(self.tables, eve),
            indices={name: index.until(eve) for name, index in self.indices.items()},
            **cut,
        )


def _kind_of(one: Instrument) -> tuple[Market, InstrumentKind, float]:
    return one.market, one.kind, one.leverage
