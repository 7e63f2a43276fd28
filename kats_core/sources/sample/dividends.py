"""Let the companies of the sample market pay cash dividends, about as companies of the KRX do.

Who pays, which part of its price and how often is a habit of each company, drawn once. Most pay for the year, with 31 December
as the record date; about half of these announce the amount only in February, when the shares have long gone ex, and since 2024
a part of them fixes the record date after that. Some pay in the middle of the year too, some every quarter, and may do so since
2025.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from kats_core.market.arrays import Int64Array
from kats_core.market.calendar import krx_calendar
from kats_core.market.dividends import ex_date
from kats_core.market.tables import DIVIDENDS, SideTable
from kats_core.model.kinds import Market
from kats_core.sources.sample.companies import Company
from kats_core.sources.sample.daily import Course
from kats_core.sources.sample.randomness import Draws

_PURPOSE = 23

_PAYERS = {Market.KOSPI: 0.85, Market.KOSDAQ: 0.55}
_USUAL_YIELD = {
    "금융": 0.050,
    "유통": 0.028,
    "음식료·담배": 0.024,
    "건설": 0.028,
    "화학": 0.022,
    "운송장비·부품": 0.032,
    "기계·장비": 0.018,
    "전기·전자": 0.016,
    "제약": 0.008,
    "IT 서비스": 0.007,
}
"""A year's dividends by sector, fraction of the company's price when its board decides."""
_MOST = 0.08
"""No board pays more than this part of the price."""

_LARGE = 20
_QUARTERLY_LARGE, _QUARTERLY_SMALL, _TWICE = 0.50, 0.10, 0.15
_ANNOUNCE_EARLY = 0.55
_RECORD_DATE_AFTER = 0.60
_SKIPS_A_YEAR = 0.04
_REFORMED, _QUARTERS_REFORMED = 2023, 2025
"""The first year whose dividends may have their record date after the decision, for those who pay once and more often."""

_EARLY_SESSIONS = (6, 15)
"""Sessions before the ex-date at which an early company announces."""
_DECIDED_DAYS = (34, 56)
"""Days from the end of the year, or of the quarter, to a late company's decision."""
_RECORD_DAYS = (15, 35)
"""Days from the decision to a record date that follows it."""


class Dividend(NamedTuple):
    """A cash dividend of a company; won a share. `annual` is what it paid in the year that ends with this payment."""

    company: int
    record_date: dt.date
    known_from: dt.date
    ex_date: dt.date
    dps: int
    annual: int


@dataclass(frozen=True, slots=True)
class _Habit:
    """How a company pays: the parts of a year's dividend by the quarter at whose end they are owed."""

    parts: tuple[float, float, float, float]
    is_early: bool
    moves_record_date: bool


def declared(seed: int, course: Course) -> tuple[Dividend, ...]:
    """Return all dividends whose ex-date is one of the sessions, by company in the order of their record dates."""
    sessions, companies = course.sessions, course.companies
    first, last = sessions[0].year, sessions[-1].year
    years = last - first + 2
    found: list[Dividend] = []
    for number, company in enumerate(companies):
        draws = Draws(seed, _PURPOSE, number)
        habit, usual = _habit(draws, number, company)
        mood = np.cumsum(0.06 * draws.normal(years))
        skips, punctual = draws.uniform(years), draws.uniform(years, 4, 2)
        if habit is None:
            continue
        before = [0, 0, 0, 0]
        for n, year in enumerate(range(first - 1, last + 1)):
            share = 0.0 if skips[n] < _SKIPS_A_YEAR else min(usual * float(np.exp(mood[n])), _MOST)
            for quarter, part in enumerate(habit.parts):
                days = _dates(habit, year, quarter, punctual[n, quarter].tolist())
                price = company.anchor if days is None else _price_at(course, number, days[1])
                dps = _in_steps(share * part * price)
                before = [*before[1:], dps]
                if dps > 0 and days is not None and sessions[0] < days[2] <= sessions[-1]:
                    found.append(Dividend(number, *days, dps, sum(before)))
    return tuple(found)


def _price_at(course: Course, number: int, day: dt.date) -> float:
    """Return a company's price on the evening of a day, before dividends; the anchor before the first session."""
    row = bisect_right(course.sessions, day) - 1
    return float(np.exp(course.prices[row, number])) if row >= 0 else float(course.companies[number].anchor)


def gone(dividends: Sequence[Dividend], sessions: Sequence[dt.date], companies: Sequence[Company]) -> Int64Array:
    """Return the won a share that go ex on each session, (sessions x companies)."""
    row = {session: t for t, session in enumerate(sessions)}
    won = np.zeros((len(sessions), len(companies)), dtype=np.int64)
    for one in dividends:
        won[row[one.ex_date], one.company] += one.dps
    return won


def table(dividends: Sequence[Dividend], companies: Sequence[Company]) -> SideTable:
    """Return what was announced, each from the evening on which it was."""
    rows = sorted(dividends, key=lambda one: (one.company, one.known_from, one.record_date))
    return SideTable(
        name=DIVIDENDS,
        symbols=tuple(company.instrument.symbol for company in companies),
        symbol=np.array([one.company for one in rows], dtype=np.int32),
        period=np.array([one.record_date for one in rows], dtype="datetime64[D]"),
        available_from=np.array([one.known_from for one in rows], dtype="datetime64[D]"),
        columns={
            "dps_krw": np.array([one.dps for one in rows], dtype=np.float64),
            "annual_dps_krw": np.array([one.annual for one in rows], dtype=np.float64),
        },
        source="sample market",
    )


def _habit(draws: Draws, number: int, company: Company) -> tuple[_Habit | None, float]:
    """Return how a company pays, None for one that never does, and its usual part of its price a year."""
    pays, often, early, moves = draws.uniform(4).tolist()
    scatter = float(np.exp(0.35 * draws.normal(1)[0]))
    usual = _USUAL_YIELD[company.instrument.sector or ""] * scatter
    if pays >= _PAYERS[company.instrument.market]:
        return None, 0.0
    quarterly = _QUARTERLY_LARGE if number < _LARGE else _QUARTERLY_SMALL
    if often < quarterly:
        parts = (0.25, 0.25, 0.25, 0.25)
    elif often < quarterly + _TWICE:
        parts = (0.0, 0.3, 0.0, 0.7)
    else:
        parts = (0.0, 0.0, 0.0, 1.0)
    is_early = early < _ANNOUNCE_EARLY
    return _Habit(parts, is_early, not is_early and moves < _RECORD_DATE_AFTER), usual


def _in_steps(won: float) -> int:
    """Return an amount as boards decide it: in tens of won, small ones in fives."""
    step = 10 if won >= 500 else 5
    return int(won // step) * step


def _dates(
    habit: _Habit, year: int, quarter: int, punctual: Sequence[float]
) -> tuple[dt.date, dt.date, dt.date] | None:
    """Return record date, the session from whose evening on it is known, and ex-date; None beyond the calendar."""
    calendar = krx_calendar()
    ends = (dt.date(year, 3, 31), dt.date(year, 6, 30), dt.date(year, 9, 30), dt.date(year, 12, 31))
    record = ends[quarter]
    decided = _session_on_or_after(record + dt.timedelta(days=_between(_DECIDED_DAYS, punctual[0])))
    if habit.moves_record_date and year >= (_REFORMED if habit.parts[3] == 1.0 else _QUARTERS_REFORMED):
        record = decided + dt.timedelta(days=_between(_RECORD_DAYS, punctual[1]))
    if record > calendar.covered_through or record <= calendar.covered_from:
        return None
    goes_ex = ex_date(record, calendar)
    if habit.is_early:
        return record, calendar.shift(goes_ex, -_between(_EARLY_SESSIONS, punctual[0])), goes_ex
    return record, decided, goes_ex


def _between(span: tuple[int, int], share: float) -> int:
    least, most = span
    return least + int(share * (most - least + 1))


def _session_on_or_after(day: dt.date) -> dt.date:
    calendar = krx_calendar()
    last = calendar.covered_through
    return day if day > last or calendar.is_session(day) else calendar.next_session(day)


def records(dividends: Sequence[Dividend]) -> Iterator[str]:
    """Yield what identifies each dividend, for the identity of the data."""
    for one in dividends:
        yield f"{one.company} {one.record_date} {one.known_from} {one.dps}"
