"""Bring screening into a run: a provider of grades, ranks, strength and stars, and the reason why a symbol is no candidate.

It speaks where the data hold what it needs. Without listed shares nobody knows sizes: then `rank_by: turnover` ranks by
turnover if it is asked to, and `auto` only where nothing is assumed instead. Without quarterly reports it gives no stars
that rest on them. What it does not speak for is left to `assume:`, or missing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kats_core.engine.state import StrategyInstance
from kats_core.market.arrays import BoolArray, FloatArray
from kats_core.market.calendar import Calendar, krx_calendar
from kats_core.market.conditions import Conditions
from kats_core.market.panel import Panel
from kats_core.market.patterns.vcp import vcp
from kats_core.market.screening.flows import flow_of
from kats_core.market.screening.profiles import reason_of, refusals
from kats_core.market.screening.qualification import GRADES
from kats_core.market.screening.rules import ScreenRules
from kats_core.market.screening.screener import Screen, Screener
from kats_core.market.sectors import SectorStrength
from kats_core.market.status import is_tradable
from kats_core.market.tables import SHARES
from kats_core.model import fact
from kats_core.model.kinds import FactSource, Grade, Profile
from kats_core.model.labels import Bilingual, Code, joined
from kats_core.model.time import Nanos
from kats_core.runtime.inputs import Answer, Column, SessionInputs, Texts
from kats_core.strategy.params import StrategyParams

_MISSING = {
    "shares": Bilingual("상장주식수 (시가총액 없음)", "listed shares (no market caps)"),
    "flows": Bilingual("순매수 (수급 중립)", "net buying (supply is neutral)"),
    "quarters": Bilingual(
        "분기 보고서 (F1·F2·F3·C 탈락, BULL과 FLOW의 별점 없음)",
        "quarterly reports (F1, F2, F3 and C fail, no stars of BULL and FLOW)",
    ),
    "years": Bilingual("연간 보고서 (A 탈락)", "annual reports (A fails)"),
    "pulse": Bilingual("코스피 지수 (시장 맥박 없음, M 탈락)", "a KOSPI (no pulse, M fails)"),
    "contraction": Bilingual("VCP 패턴 (다섯째 별 없음)", "the pattern VCP (no fifth star)"),
}
"""What is missing, and what it means, by the fields of `Coverage`."""

_NAMED = 5
"""Symbols that a note names."""

_NEEDS_REPORTS = frozenset({Profile.BULL, Profile.FLOW})


def answers(panel: Panel, rules: ScreenRules, assumed_grade: Grade | None) -> bool:
    """Tell whether screening speaks for grades: whether it can rank, or is asked to go by turnover."""
    if rules.rank_by == "turnover":
        return True
    table = panel.tables.get(SHARES)
    has_shares = table is not None and len(table) > 0
    return has_shares or (rules.rank_by == "auto" and assumed_grade is None)


@dataclass(slots=True)
class Screening:
    """The screen of each session of a run, for the strategies that draw from it."""

    screener: Screener
    calendar: Calendar
    profiles: tuple[Profile, ...]
    _refused: dict[tuple[int, str], npt.NDArray[np.uint8]] = field(default_factory=dict)

    def of_session(self, session: dt.date, at: Nanos) -> Iterable[Answer]:
        """Return what the eve's screen says of every symbol and its sector, with the stars of each profile in use."""
        screen = self.on_eve(session)
        if screen is None:
            return
        as_of = self.calendar.hours(screen.session).close
        source = FactSource.APPROXIMATED if screen.by_turnover else FactSource.DERIVED
        grades = np.array([str(grade) for grade in GRADES], dtype=np.object_)[screen.grade]
        yield Column(fact.GRADE, grades, as_of, source)
        yield Column(fact.RANK, _whole(screen.rank), as_of, source)
        if screen.coverage.shares:
            yield Column(fact.MARKET_CAP, _whole(screen.basics.market_cap), as_of, FactSource.DERIVED)
        yield Column(fact.RS, screen.strength, as_of, FactSource.DERIVED)
        for profile in self.profiles:
            if self.gives_stars(profile):
                yield Column(fact.stars_for(profile), screen.stars(profile), as_of, FactSource.DERIVED)
        if screen.sectors is not None:
            yield from _of_sectors(screen.sectors, as_of)

    def on_eve(self, session: dt.date) -> Screen | None:
        """Return the screen from which a session is armed, None when the panel has no bars of the evening before."""
        row = self.screener.panel.row_before(session)
        return None if row is None else self.screener.on_evening(row)

    def notes(self, session: dt.date) -> Iterator[str]:
        """Yield what a person must know of the screen of a session: by what it ranks, and what nobody told it."""
        screen = self.on_eve(session)
        if screen is None:
            return
        if screen.by_turnover:
            yield Bilingual(
                "종목 선별: 거래대금 순위{why}", "screening: ranked by turnover{why}", why=_without_cap(screen)
            )
        missing = [_MISSING[name] for name in screen.coverage.missing]
        if missing:
            yield Bilingual(
                "종목 선별: 데이터에 없음: {missing}",
                "screening: the data do not hold {missing}",
                missing=joined(missing),
            )

    def gives_stars(self, profile: Profile) -> bool:
        """Tell whether the data hold what the profile's stars rest on."""
        return profile not in _NEEDS_REPORTS or self.screener.coverage.quarters

    def refused(self, instance: StrategyInstance, row: int, inputs: SessionInputs) -> npt.NDArray[np.uint8]:
        """Return, for each symbol, the first check of the strategy's profile that it fails after a row of the panel."""
        key = row, instance.name
        if key not in self._refused:
            # Sessions come one after the other: what was asked of the last one is not asked again.
            self._refused = {known: cells for known, cells in self._refused.items() if known[0] == row}
            self._refused[key] = self.refusals(instance, self.with_status(row, inputs), inputs)
        return self._refused[key]

    def reasons_in(self, refused: npt.NDArray[np.uint8]) -> Iterator[tuple[Code, BoolArray]]:
        """Yield each reason that some cells of `refused` hold, and which they are."""
        for reason in np.unique(refused).tolist():
            code = reason_of(reason)
            if code is not None:
                yield code, refused == reason

    def with_status(self, row: int, inputs: SessionInputs) -> Screen:
        """Return the screen after a row with what the session's inputs say of each symbol's status."""
        tradable = np.array([is_tradable(status) for status in inputs.texts(fact.STATUS)], dtype=np.bool_)
        return self.screener.on_evening(row, tradable)

    def stars(self, profile: Profile, screen: Screen, inputs: SessionInputs) -> npt.NDArray[np.int8] | FloatArray:
        """Return the stars of a profile: the screen's own, else what is assumed for all."""
        return screen.stars(profile) if self.gives_stars(profile) else inputs.numbers(fact.STARS)

    def refusals(self, instance: StrategyInstance, screen: Screen, inputs: SessionInputs) -> npt.NDArray[np.uint8]:
        """Return, for each symbol, what the strategy's profile says: the cells of `profiles.refusals`."""
        profile = instance.traits.profile
        return refusals(
            screen,
            profile,
            grades=instance.grades,
            min_confidence=instance.params.min_confidence,
            stars=self.stars(profile, screen, inputs),
        )


def build(
    panel: Panel,
    rules: ScreenRules,
    strategies: Sequence[StrategyInstance],
    conditions: Conditions | None = None,
    assumed_grade: Grade | None = None,
) -> Screening | None:
    """Return the screening of a run, None when it has nothing to say."""
    if not answers(panel, rules, assumed_grade):
        return None
    screener = screener_of(panel, rules, (one.params for one in strategies), conditions)
    return Screening(screener, krx_calendar(), tuple(dict.fromkeys(one.traits.profile for one in strategies)))


def screener_of(
    panel: Panel, rules: ScreenRules, params: Iterable[StrategyParams], conditions: Conditions | None
) -> Screener:
    """Return the screener of a panel, for strategies with these parameters."""
    funds = frozenset(symbol for one in params for symbol in one.listed_symbols())
    return Screener(
        panel,
        rules,
        uptrend=None if conditions is None else conditions.is_uptrend(panel.sessions),
        funds=funds,
        contraction=lambda asked: vcp(panel, where=asked).ok,
    )


def _without_cap(screen: Screen) -> str:
    """Return who made ranks go by turnover, some by their symbols."""
    unknown, candidates = screen.uncapped, int(screen.is_candidate.sum())
    if not unknown or not screen.coverage.shares:
        return ""
    some = ", ".join(unknown[:_NAMED]) + (" ..." if len(unknown) > _NAMED else "")
    return Bilingual(
        " (후보 {candidates:,}종목 중 {unknown:,}종목의 시가총액이 없음: {some})",
        ", for {unknown:,} of {candidates:,} candidates have no market cap ({some})",
        unknown=len(unknown),
        candidates=candidates,
        some=some,
    )


def _of_sectors(sectors: SectorStrength, as_of: Nanos) -> Iterator[Answer]:
    """Yield what each symbol's sector is like; missing where the sector is unknown or not ranked."""
    by_name = {
        fact.SECTOR_RANK: sectors.rank.tolist(),
        fact.SECTOR_STRENGTH: sectors.composite.tolist(),
        fact.SECTOR_FLOW: [flow_of(sign).value for sign in sectors.flow.tolist()],
    }
    for name, values in by_name.items():
        # The sector -1, which nobody knows, is the last one here.
        cells = np.empty(len(values) + 1, dtype=np.object_)
        cells[:-1] = values
        cells[:-1][sectors.rank == 0] = None
        yield Column(name, cells[sectors.sector_of], as_of, FactSource.DERIVED)


def _whole(values: FloatArray) -> Texts:
    """Return numbers as whole ones, None where they are missing."""
    cells = np.empty(len(values), dtype=np.object_)
    cells[:] = [None if value != value else round(value) for value in values.tolist()]
    return cells
