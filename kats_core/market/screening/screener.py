"""Screen a whole market on one evening: every check of every symbol, from what could be known by then.

A `Screener` is made once for a panel; `on_evening(t)` then judges all symbols after row t. Grades are those of the month's
first session, so a month is measured as a whole when its first evening is asked for; row t itself reads rows up to t only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray, FloatArray
from kats_core.market.conditions import MARKET_INDEX
from kats_core.market.panel import Panel
from kats_core.market.screening import flows, qualification, stars, trend, universe
from kats_core.market.screening.canslim import CanslimInputs, letters
from kats_core.market.screening.flows import FlowSums
from kats_core.market.screening.growth import Growth, Quarters, YearlyGrowth, Years
from kats_core.market.screening.measures import Measures
from kats_core.market.screening.qualification import QualificationInputs
from kats_core.market.screening.rules import ScreenRules
from kats_core.market.screening.trend import TrendInputs
from kats_core.market.screening.universe import Exclusion
from kats_core.market.sectors import HORIZONS, SectorStrength, sector_strength
from kats_core.market.tables import FLOWS, QUARTERS, SHARES, YEARS, SideTable
from kats_core.model.kinds import Grade, InstrumentKind, Profile, Scope

TURNOVER_BARS = 20
FEWEST_FOR_EXTREMES = 126
RETURN_BARS = 20

Reports = TypeVar("Reports", Quarters, Years)
T = TypeVar("T", QualificationInputs, TrendInputs, Growth, YearlyGrowth, CanslimInputs, FlowSums)

Contraction = Callable[[BoolArray], BoolArray]
"""Answers in which of the asked cells of the panel (rows, symbols) the pattern VCP holds."""


@dataclass(frozen=True)
class Coverage:
    """Which inputs the data hold at all; what they do not hold is missing for everybody."""

    shares: bool
    flows: bool
    quarters: bool
    years: bool
    pulse: bool
    contraction: bool

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the inputs that the data do not hold."""
        return tuple(one.name for one in fields(self) if not getattr(self, one.name))


@dataclass(frozen=True)
class Screen:
    """What screening found on one evening, arrays of shape (symbols,), and (checks, symbols) for checks.

    `session` is the evening's session and `rank` NaN for who is not ranked. `by_turnover`: ranks and grades go by turnover,
    and Q1 was skipped. Check arrays hold a false where an input is missing; the inputs beside them tell which.
    """

    panel: Panel
    row: int
    rules: ScreenRules
    coverage: Coverage
    exclusions: tuple[Exclusion | None, ...]
    by_turnover: bool
    basics: QualificationInputs
    qualification: BoolArray
    grade: npt.NDArray[np.int8]
    trend_inputs: TrendInputs
    trend: BoolArray
    quarters: Growth
    years: YearlyGrowth
    sector_cap_rank: FloatArray
    sector_return_rank: FloatArray
    fundamental: BoolArray
    canslim_inputs: CanslimInputs
    canslim: BoolArray
    flow_sums: FlowSums
    flow: npt.NDArray[np.int8]
    contraction: BoolArray
    sectors: SectorStrength | None

    @property
    def session(self) -> dt.date:
        """The session after whose close this holds."""
        return self.panel.sessions[self.row]

    @property
    def is_member(self) -> BoolArray:
        """Symbols of the universe."""
        return np.array([e is None for e in self.exclusions], dtype=np.bool_)

    @cached_property
    def qualified(self) -> BoolArray:
        """Members for which Q1 to Q7 hold."""
        return np.asarray(self.qualification.all(axis=0) & self.is_member)

    @property
    def is_candidate(self) -> BoolArray:
        """Members with a bar on the session: those that are ranked."""
        return np.asarray(np.isfinite(self.basics.price) & self.is_member)

    @property
    def uncapped(self) -> tuple[str, ...]:
        """Candidates without a market cap."""
        columns = np.flatnonzero(self.is_candidate & ~np.isfinite(self.basics.market_cap)).tolist()
        return tuple(self.panel.symbols[j] for j in columns)

    @property
    def rank(self) -> FloatArray:
        """Rank by market cap, or by turnover."""
        return self.basics.rank

    @property
    def strength(self) -> FloatArray:
        """Relative strength percentile."""
        return self.trend_inputs.strength

    @cached_property
    def trend_score(self) -> npt.NDArray[np.int8]:
        """Trend checks passed, 0 to 8."""
        return np.asarray(self.trend.sum(axis=0), dtype=np.int8)

    @cached_property
    def fundamental_score(self) -> npt.NDArray[np.int8]:
        """Fundamental checks passed, 0 to 5."""
        return np.asarray(self.fundamental.sum(axis=0), dtype=np.int8)

    @cached_property
    def canslim_score(self) -> npt.NDArray[np.int8]:
        """Letters passed, 0 to 7."""
        return np.asarray(self.canslim.sum(axis=0), dtype=np.int8)

    def stars(self, profile: Profile) -> npt.NDArray[np.int8]:
        """Return confidence stars for a profile, for symbols whose setup holds; 2 where they do not qualify."""
        if profile is Profile.ETF:
            is_fund = self.grade == qualification.GRADES.index(Grade.ETF)
            return np.where(is_fund, stars.FIXED, stars.NO_TRADE).astype(np.int8)
        plain = stars.plain(self.qualified, self.flow)
        if profile in (Profile.BEAR, Profile.NEUTRAL):
            return plain
        bull = stars.bull(self.trend_score, self.fundamental_score, self.contraction, self.flow)
        bull = np.where(self.qualified, bull, stars.NO_TRADE).astype(np.int8)
        if profile is Profile.FLOW:
            return np.where(self.trend_score < self.rules.min_trend, plain, bull).astype(np.int8)
        return bull

    def grade_of(self, column: int) -> Grade:
        """Return a symbol's grade."""
        return qualification.GRADES[int(self.grade[column])]


@dataclass(frozen=True)
class _Month:
    """A month's rows, measured together; arrays of shape (rows, symbols) where not said otherwise."""

    first: int
    basics: QualificationInputs
    qualification: BoolArray
    frozen: npt.NDArray[np.int8]
    trend_inputs: TrendInputs
    trend: BoolArray
    quarters: Growth
    years: YearlyGrowth
    sector_cap_rank: FloatArray
    sector_return_rank: FloatArray
    fundamental: BoolArray
    canslim_inputs: CanslimInputs
    canslim: BoolArray
    flow_sums: FlowSums
    flow: npt.NDArray[np.int8]
    contraction: BoolArray
    sectors: SectorStrength | None


class Screener:
    """Screens one panel.

    `uptrend` says for each row whether the market's pulse is UPTREND (None: nobody knows); `funds` are the symbols that
    strategies list by name; `contraction` answers for the pattern VCP, and is asked only where everything else holds.
    """

    def __init__(
        self,
        panel: Panel,
        rules: ScreenRules,
        *,
        uptrend: BoolArray | None = None,
        funds: frozenset[str] = frozenset(),
        contraction: Contraction | None = None,
    ) -> None:
        self.panel = panel
        self.rules = rules
        self.measures = Measures.of(panel)
        self.exclusions = tuple(universe.exclusion(instrument) for instrument in panel.instruments)
        self.coverage = Coverage(
            shares=_holds(panel, SHARES),
            flows=_holds(panel, FLOWS),
            quarters=_holds(panel, QUARTERS),
            years=_holds(panel, YEARS),
            pulse=uptrend is not None,
            contraction=contraction is not None,
        )
        self._member = np.array([e is None for e in self.exclusions], dtype=np.bool_)
        self._uptrend = uptrend if uptrend is not None else np.zeros(len(panel.sessions), dtype=np.bool_)
        self._funds = np.array(
            [i.symbol in funds and i.kind is InstrumentKind.ETF for i in panel.instruments], dtype=np.bool_
        )
        self._contraction = contraction
        self._sectors = [
            universe.sector_name(i.sector) or None if i.sector is not None else None for i in panel.instruments
        ]
        self._month: _Month | None = None
        self._first_of_month = _first_rows(panel.sessions)

    def on_evening(self, row: int, tradable: BoolArray | None = None) -> Screen:
        """Return the screen after the close of a row; `tradable` is what the symbols' status says, None that all may be bought."""
        month = self._month_of(row)
        at = row - month.first
        checks = month.qualification[:, at].copy()
        if tradable is not None:
            checks[qualification.STATUS_CHECK] = tradable
        basics = _row(month.basics, at)
        quarters, years = _row(month.quarters, at), _row(month.years, at)
        return Screen(
            panel=self.panel,
            row=row,
            rules=self.rules,
            coverage=self.coverage,
            exclusions=self.exclusions,
            by_turnover=bool(month.basics.by_turnover[at]),
            basics=basics,
            qualification=checks,
            grade=qualification.grades_in_force(
                month.frozen, checks.all(axis=0) & self._member, self._funds, basics.turnover, self.rules
            ),
            trend_inputs=_row(month.trend_inputs, at),
            trend=month.trend[:, at],
            quarters=quarters,
            years=years,
            sector_cap_rank=month.sector_cap_rank[at],
            sector_return_rank=month.sector_return_rank[at],
            fundamental=month.fundamental[:, at],
            canslim_inputs=replace(_row(month.canslim_inputs, at), quarters=quarters, years=years),
            canslim=month.canslim[:, at],
            flow_sums=_row(month.flow_sums, at),
            flow=month.flow[at],
            contraction=month.contraction[at],
            sectors=None if month.sectors is None else month.sectors.at(at),
        )

    def _contractions(self, rows: slice, trend: BoolArray, fundamental: BoolArray) -> BoolArray:
        """Ask for the pattern where it can matter, once for all evenings of a month."""
        full = (trend.sum(axis=0) == stars.FULL_TREND) & (fundamental.sum(axis=0) == stars.FULL_FUNDAMENTAL)
        if self._contraction is None or not full.any():
            return np.zeros(full.shape, dtype=np.bool_)
        asked = np.zeros(self.panel.present.shape, dtype=np.bool_)
        asked[rows] = full
        return np.asarray(self._contraction(asked)[rows] & full)

    def _month_of(self, row: int) -> _Month:
        first = int(self._first_of_month[row])
        if self._month is None or self._month.first != first:
            self._month = self._measured(first)
        return self._month

    def _measured(self, first: int) -> _Month:
        rows = slice(first, int(np.searchsorted(self._first_of_month, first, side="right")))
        basics = self._basics(rows)
        checks = qualification.qualification(basics, self.rules)
        qualified = checks[:, 0].all(axis=0) & self._member
        inputs = self.trend_inputs(rows)
        quarters, years = self.reports(rows)
        sums = self.measures.flows(rows)
        cap_rank = universe.rank_within(self._sectors, basics.market_cap, self._ranked_mask(rows))
        returns = basics.price / self.measures.earlier_close(RETURN_BARS, rows) - 1
        return_rank = universe.rank_within(self._sectors, returns, self._ranked_mask(rows))
        letters_read = self.canslim_inputs(rows, inputs.strength, (quarters, years), sums)
        leader = (cap_rank <= self.rules.sector_leaders) | (return_rank <= self.rules.sector_leaders)
        trend_checks = trend.template(inputs, self.rules)
        fundamental = np.concatenate([quarters.checks(self.rules), np.stack([sums.inst5 + sums.foreign5 > 0, leader])])
        return _Month(
            first=first,
            basics=basics,
            qualification=checks,
            frozen=qualification.grade_by_rank(basics.rank[0], qualified, self.rules),
            trend_inputs=inputs,
            trend=trend_checks,
            quarters=quarters,
            years=years,
            sector_cap_rank=cap_rank,
            sector_return_rank=return_rank,
            fundamental=fundamental,
            canslim_inputs=letters_read,
            canslim=letters(letters_read, self.rules),
            flow_sums=sums,
            flow=flows.signs(sums, self.rules),
            contraction=self._contractions(rows, trend_checks, fundamental),
            sectors=self._sector_strength(rows, checks.all(axis=0) & self._member, sums),
        )

    def _sector_strength(self, rows: slice, qualified: BoolArray, sums: FlowSums) -> SectorStrength | None:
        """Return how strong sectors are; None where nobody knows sizes, sectors or the market's index."""
        if self._index_close is None or not self.coverage.shares or not any(self._sectors):
            return None
        lead = min(rows.start, max(HORIZONS))
        span = slice(rows.start - lead, rows.stop)
        close = self.measures.close(span)
        unit = 1.0 if not self.coverage.flows or self.measures.is_flow_in_won else close[lead:]
        before = np.full((lead, close.shape[1]), np.nan)
        return sector_strength(
            self._sectors,
            close,
            self.measures.market_cap(span),
            np.concatenate([np.zeros(before.shape, dtype=np.bool_), qualified]),
            self._index_close[span],
            inst5=np.concatenate([before, sums.inst5 * unit]),
            foreign5=np.concatenate([before, sums.foreign5 * unit]),
            breaks=self.panel.scale_breaks[span],
        ).at(slice(lead, None))

    @cached_property
    def _index_close(self) -> FloatArray | None:
        """The market's index by row of the panel, NaN where it has no value; None without an index."""
        index = self.panel.indices.get(MARKET_INDEX)
        if index is None or not len(index):
            return None
        closes = dict(zip(index.sessions, index.close.tolist(), strict=True))
        return np.array([closes.get(session, np.nan) for session in self.panel.sessions])

    def canslim_inputs(
        self, rows: slice, strength: FloatArray, reports: tuple[Growth, YearlyGrowth], sums: FlowSums
    ) -> CanslimInputs:
        """Return what the letters of CAN SLIM read on some rows, given what has been found out of them before."""
        close, (up, down) = self.measures.close(rows), self.measures.up_and_down_volume(rows)
        return CanslimInputs(
            quarters=reports[0],
            years=reports[1],
            close=close,
            high=self.measures.highest(rows, FEWEST_FOR_EXTREMES),
            up_volume=up,
            down_volume=down,
            strength=strength,
            inst5=sums.inst5,
            inst20=sums.inst20,
            uptrend=np.broadcast_to(self._uptrend[rows][:, None], close.shape),
        )

    def _basics(self, rows: slice) -> QualificationInputs:
        measures = self.measures
        close, turnover = measures.close(rows), measures.mean("value", TURNOVER_BARS, rows)
        market_cap, volume = measures.market_cap(rows), measures.mean("volume", TURNOVER_BARS, rows)
        ranking = universe.ranked(self._ranked_mask(rows), market_cap, turnover, self.rules)
        return QualificationInputs(
            rank=ranking.rank,
            market_cap=market_cap,
            turnover=turnover,
            volume=volume,
            # Listed shares on the scale of the panel's prices and volumes.
            volume_frac=volume * close / np.where(market_cap > 0, market_cap, np.nan),
            spread=np.full(close.shape, np.nan),
            bars=measures.bars(rows),
            tradable=np.ones(close.shape, dtype=np.bool_),
            price=close,
            by_turnover=ranking.by_turnover,
            is_adjusted=self.panel.scope is Scope.ADJUSTED,
        )

    def _ranked_mask(self, rows: slice) -> BoolArray:
        """Return who is ranked: members of the universe with a bar on the session."""
        member = self._member
        if self.rules.rank_scope == "KOSPI":
            member = member & np.array([i.market == "KOSPI" for i in self.panel.instruments])
        return np.asarray(self.panel.present[rows] & member)

    def trend_inputs(self, rows: slice) -> TrendInputs:
        """Return what the trend template reads on some rows, relative strength among the members included."""
        measures = self.measures
        close = measures.close(rows)
        earlier = {span: measures.earlier_close(span, rows) for span in trend.STRENGTH_SPANS}
        raw = np.where(self._member, trend.raw_strength(close, earlier), np.nan)
        return TrendInputs(
            close=close,
            sma50=measures.mean("close", trend.SHORT_SPAN, rows),
            sma150=measures.mean("close", trend.MIDDLE_SPAN, rows),
            sma200=measures.mean("close", trend.LONG_SPAN, rows),
            sma200_before=measures.mean("close", trend.LONG_SPAN, rows, back=trend.SLOPE_BARS),
            low=measures.lowest(rows, FEWEST_FOR_EXTREMES),
            high=measures.highest(rows, FEWEST_FOR_EXTREMES),
            strength=trend.percentile(raw),
        )

    @property
    def _quarters(self) -> Quarters:
        return self._kept(QUARTERS, Quarters)

    @property
    def _years(self) -> Years:
        return self._kept(YEARS, Years)

    def _kept(self, name: str, read: Callable[[SideTable, ScreenRules], Reports]) -> Reports:
        """Return what is read from a table of reports, once for all who screen the panel by the same rules."""
        key = f"screening {name} {self.rules.report_days}"
        if key not in self.panel.kept:
            self.panel.kept[key] = read(self.panel.tables[name], self.rules)
        found: Reports = self.panel.kept[key]
        return found

    def reports(self, rows: slice) -> tuple[Growth, YearlyGrowth]:
        """Return what the reports known on some rows say of quarters and of years."""
        sessions, symbols = self.panel.sessions[rows], self.panel.symbols
        nothing = np.full((len(sessions), len(symbols)), np.nan)
        no, yes = np.zeros(nothing.shape, dtype=np.bool_), np.ones(nothing.shape, dtype=np.bool_)
        quarters = Growth(nothing, nothing, no, nothing, no, nothing, nothing, no, yes)
        years = YearlyGrowth(nothing, nothing, yes)
        if self.coverage.quarters:
            quarters = self._quarters.at(sessions, symbols)
        if self.coverage.years:
            years = self._years.at(sessions, symbols)
        return quarters, years


def _holds(panel: Panel, name: str) -> bool:
    table = panel.tables.get(name)
    return table is not None and len(table) > 0


def _first_rows(sessions: tuple[dt.date, ...]) -> npt.NDArray[np.int64]:
    """Return, for each row, the first row of its month."""
    months = np.array(sessions, dtype="datetime64[M]")
    starts = np.flatnonzero(np.r_[True, months[1:] != months[:-1]]) if len(months) else np.empty(0, dtype=np.int64)
    return np.repeat(starts, np.diff(np.r_[starts, len(months)]))


def _row(values: T, at: int) -> T:
    """Return a group of arrays as it is on one row."""
    cut: dict[str, Any] = {}
    for one in fields(values):
        value: Any = getattr(values, one.name)
        if isinstance(value, np.ndarray):
            cut[one.name] = value[at]
    return replace(values, **cut)
