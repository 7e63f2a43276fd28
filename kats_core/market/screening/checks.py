"""Say of one symbol what each check of a screen read, what it asked for, and whether it passed.

Nothing is decided here: what passed is taken from the screen.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from kats_core.market.screening.canslim import LETTERS
from kats_core.market.screening.screener import Screen
from kats_core.market.tables import FLOWS
from kats_core.model.labels import Labelled

Value: TypeAlias = float | str | bool | None


class Unit(enum.Enum):
    """How a value is counted."""

    WON = enum.auto()
    PRICE = enum.auto()
    SHARES = enum.auto()
    FRAC = enum.auto()
    COUNT = enum.auto()
    POINTS = enum.auto()
    WORD = enum.auto()


class Measure(Labelled):
    """What a check reads."""

    MARKET_CAP = "market_cap", "시가총액", "market cap"
    TURNOVER = "turnover", "평균 거래대금(20)", "mean turnover (20)"
    VOLUME = "volume", "평균 거래량(20)", "mean volume (20)"
    VOLUME_FRAC = "volume_frac", "상장주식 대비 거래량", "volume over listed shares"
    SPREAD = "spread", "호가 스프레드", "quoted spread"
    BARS = "bars", "상장 후 일봉", "daily bars"
    STATUS = "status", "종목 상태", "status"
    CLOSE = "close", "종가", "close"
    SMA50 = "sma50", "50일선", "SMA50"
    SMA150 = "sma150", "150일선", "SMA150"
    SMA200 = "sma200", "200일선", "SMA200"
    SMA200_BEFORE = "sma200_before", "21봉 전 200일선", "SMA200 of 21 bars ago"
    LOW = "low", "52주 저가", "52-week low"
    HIGH = "high", "52주 고가", "52-week high"
    STRENGTH = "rs", "상대강도", "relative strength"
    EPS_GROWTH = "eps_growth", "분기 EPS 증가율", "EPS growth of the quarter"
    REVENUE_GROWTH = "revenue_growth", "분기 매출 증가율", "revenue growth of the quarter"
    MARGIN = "margin", "영업이익률", "operating margin"
    MARGIN_BEFORE = "margin_before", "전 분기", "quarter before"
    NET_BUYING = "net_buying_5", "외국인·기관 순매수(5)", "net buying of foreigners and institutions (5)"
    SECTOR_CAP_RANK = "sector_cap_rank", "업종 내 시총 순위", "rank by size in the sector"
    SECTOR_RETURN_RANK = "sector_return_rank", "업종 내 수익률 순위(20)", "rank by return in the sector (20)"
    YEARLY_GROWTH = "yearly_eps_growth", "연 EPS 증가율", "yearly EPS growth"
    UP_VOLUME = "up_volume", "상승일 거래량(50)", "volume of rising days (50)"
    DOWN_VOLUME = "down_volume", "하락일 거래량", "volume of falling days"
    INST_20 = "inst_20", "기관 순매수(20)", "net buying of institutions (20)"
    INST_5 = "inst_5", "기관 순매수(5)", "net buying of institutions (5)"
    PULSE = "pulse", "시장 맥박", "market pulse"


class Note(Labelled):
    """Why a check passed or failed otherwise than by its numbers."""

    MISSING = "MISSING", "데이터 없음", "no data"
    BY_TURNOVER = "BY_TURNOVER", "거래대금 순위라 묻지 않음", "not asked: ranked by turnover"
    ADJUSTED = "ADJUSTED", "수정주가라 묻지 않음", "not asked: prices are adjusted"
    AT_ENTRY = "AT_ENTRY", "진입 때 확인", "asked at the entry"
    TURNED = "TURNED", "흑자 전환", "from loss to profit"
    LOSS = "LOSS", "적자", "a loss"
    ASSUMED = "ASSUMED", "가정", "assumed"


class CheckName(Labelled):
    """The checks, by the names that rules and people give them."""

    Q1 = "Q1", "시가총액", "market cap"
    Q2 = "Q2", "거래대금", "turnover"
    Q3 = "Q3", "거래량", "volume"
    Q4 = "Q4", "스프레드", "spread"
    Q5 = "Q5", "상장 기간", "time since listing"
    Q6 = "Q6", "종목 상태", "status"
    Q7 = "Q7", "가격", "price"
    T1 = "T1", "50일선 위", "above SMA50"
    T2 = "T2", "150일선 위", "above SMA150"
    T3 = "T3", "200일선 위", "above SMA200"
    T4 = "T4", "정배열", "averages in order"
    T5 = "T5", "200일선 상승", "SMA200 rises"
    T6 = "T6", "저가에서 30% 이상", "30% off the low"
    T7 = "T7", "고가에서 25% 이내", "within 25% of the high"
    T8 = "T8", "상대강도", "relative strength"
    F1 = "F1", "이익 성장", "earnings growth"
    F2 = "F2", "매출 성장", "revenue growth"
    F3 = "F3", "이익률 개선", "margin improves"
    F4 = "F4", "수급", "net buying"
    F5 = "F5", "업종 선도", "leads its sector"
    C = "C", "분기 이익", "current earnings"
    A = "A", "연간 이익", "annual earnings"
    N = "N", "신고가 부근", "near its high"
    S = "S", "매집 거래량", "supply and demand"
    L = "L", "주도주", "leader"
    I = "I", "기관 매수", "institutions buy"  # noqa: E741
    M = "M", "시장 방향", "market direction"


@dataclass(frozen=True, slots=True)
class Reading:
    """A value and what it is held against; `against` says of what the limit is made, `factor` times how much of it."""

    measure: Measure
    value: Value
    unit: Unit
    relation: str
    limit: Value
    against: Measure | None = None
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Check:
    """One check of one symbol. Of several readings all must hold, or one where `any_of`."""

    name: CheckName
    passed: bool
    readings: tuple[Reading, ...]
    note: Note | None = None
    any_of: bool = False


@dataclass(frozen=True, slots=True)
class Checks:
    """All checks of a symbol."""

    qualification: tuple[Check, ...]
    trend: tuple[Check, ...]
    fundamental: tuple[Check, ...]
    canslim: tuple[Check, ...]

    def __iter__(self) -> Iterator[Check]:
        yield from (*self.qualification, *self.trend, *self.fundamental, *self.canslim)


def checks_of(
    screen: Screen,
    column: int,
    *,
    status: str | None = None,
    pulse: str | None = None,
    status_is_assumed: bool = False,
) -> Checks:
    """Return what the checks said of a column; status and pulse are words that the screen itself does not hold."""
    return Checks(
        qualification=_qualification(screen, column, status, Note.ASSUMED if status_is_assumed else None),
        trend=_trend(screen, column),
        fundamental=_fundamental(screen, column),
        canslim=_canslim(screen, column, pulse),
    )


def _qualification(screen: Screen, j: int, status: str | None, on_status: Note | None) -> tuple[Check, ...]:
    values, rules = screen.basics, screen.rules
    is_small = _at(values.rank, j) is not None and values.rank[j] > rules.large_ranks
    floor = rules.min_turnover_small if is_small else rules.min_turnover
    spread_cap = rules.max_spread_small if is_small else rules.max_spread
    turnover = _at(values.turnover, j)
    several = (
        (Reading(Measure.MARKET_CAP, _at(values.market_cap, j), Unit.WON, "≥", rules.min_market_cap),),
        (Reading(Measure.TURNOVER, turnover, Unit.WON, "≥", floor),),
        (
            Reading(Measure.VOLUME, _at(values.volume, j), Unit.SHARES, "≥", rules.min_volume),
            Reading(Measure.VOLUME_FRAC, _at(values.volume_frac, j), Unit.FRAC, "≥", rules.min_volume_frac),
            Reading(Measure.TURNOVER, turnover, Unit.WON, "≥", rules.ample_turnover),
        ),
        (Reading(Measure.SPREAD, _at(values.spread, j), Unit.FRAC, "≤", spread_cap),),
        (Reading(Measure.BARS, _at(values.bars, j), Unit.COUNT, "≥", rules.listed_bars),),
        (Reading(Measure.STATUS, status, Unit.WORD, "∈", "00, 55, 57"),),
        (Reading(Measure.CLOSE, _at(values.price, j), Unit.PRICE, "≥", rules.min_price),),
    )
    notes = {
        0: Note.BY_TURNOVER if screen.by_turnover else None,
        3: Note.AT_ENTRY if _at(values.spread, j) is None else None,
        5: on_status,
        6: Note.ADJUSTED if values.is_adjusted else None,
    }
    names = list(CheckName)[: len(several)]
    return tuple(
        _check(name, bool(screen.qualification[n, j]), readings, notes.get(n), any_of=name is CheckName.Q3)
        for n, (name, readings) in enumerate(zip(names, several, strict=True))
    )


def _trend(screen: Screen, j: int) -> tuple[Check, ...]:
    values = screen.trend_inputs
    close, short, middle, long_ = (_at(v, j) for v in (values.close, values.sma50, values.sma150, values.sma200))
    low, high = _at(values.low, j), _at(values.high, j)
    price = Unit.PRICE

    def over(limit: float | None, against: Measure) -> tuple[Reading, ...]:
        return (Reading(Measure.CLOSE, close, price, ">", limit, against),)

    several = (
        over(short, Measure.SMA50),
        over(middle, Measure.SMA150),
        over(long_, Measure.SMA200),
        (
            Reading(Measure.SMA50, short, price, ">", middle, Measure.SMA150),
            Reading(Measure.SMA150, middle, price, ">", long_, Measure.SMA200),
        ),
        (Reading(Measure.SMA200, long_, price, ">", _at(values.sma200_before, j), Measure.SMA200_BEFORE),),
        (Reading(Measure.CLOSE, close, price, "≥", _times(1.30, low), Measure.LOW, 1.30),),
        (Reading(Measure.CLOSE, close, price, "≥", _times(0.75, high), Measure.HIGH, 0.75),),
        (Reading(Measure.STRENGTH, _at(values.strength, j), Unit.POINTS, "≥", screen.rules.template_strength),),
    )
    first = list(CheckName).index(CheckName.T1)
    names = list(CheckName)[first : first + len(several)]
    return tuple(
        _check(name, bool(screen.trend[n, j]), readings)
        for n, (name, readings) in enumerate(zip(names, several, strict=True))
    )


def _fundamental(screen: Screen, j: int) -> tuple[Check, ...]:
    rules, quarters, sums = screen.rules, screen.quarters, screen.flow_sums
    net = _at(sums.inst5 + sums.foreign5, j)
    leaders = rules.sector_leaders
    earnings = _turn(bool(quarters.eps_turned[j]))
    revenue = _turn(bool(quarters.revenue_turned[j]))
    several: tuple[tuple[Note | None, tuple[Reading, ...]], ...] = (
        (earnings, (_growth(Measure.EPS_GROWTH, _at(quarters.eps, j), rules.min_eps_growth),)),
        (revenue, (_growth(Measure.REVENUE_GROWTH, _at(quarters.revenue, j), rules.min_revenue_growth),)),
        (None, (_margin(_at(quarters.margin, j), _at(quarters.margin_before, j)),)),
        (None, (Reading(Measure.NET_BUYING, net, _flow_unit(screen), ">", 0),)),
        (
            None,
            (
                Reading(Measure.SECTOR_CAP_RANK, _at(screen.sector_cap_rank, j), Unit.COUNT, "≤", leaders),
                Reading(Measure.SECTOR_RETURN_RANK, _at(screen.sector_return_rank, j), Unit.COUNT, "≤", leaders),
            ),
        ),
    )
    first = list(CheckName).index(CheckName.F1)
    names = list(CheckName)[first : first + len(several)]
    return tuple(
        _check(name, bool(screen.fundamental[n, j]), readings, note, any_of=name is CheckName.F5)
        for n, (name, (note, readings)) in enumerate(zip(names, several, strict=True))
    )


def _canslim(screen: Screen, j: int, pulse: str | None) -> tuple[Check, ...]:
    rules, values = screen.rules, screen.canslim_inputs
    unit = _flow_unit(screen)
    high, down = _at(values.high, j), _at(values.down_volume, j)
    years = values.years
    # Enough years are known and yet there is no rate: one of them was no profit.
    loss = Note.LOSS if _at(years.rate, j) is None and not years.is_missing[j] else None
    several: tuple[tuple[Note | None, tuple[Reading, ...]], ...] = (
        (
            _turn(bool(values.quarters.eps_turned[j])),
            (_growth(Measure.EPS_GROWTH, _at(values.quarters.eps, j), rules.canslim_eps_growth),),
        ),
        (loss, (_growth(Measure.YEARLY_GROWTH, _at(years.rate, j), rules.canslim_eps_growth),)),
        (
            None,
            (
                Reading(
                    Measure.CLOSE,
                    _at(values.close, j),
                    Unit.PRICE,
                    "≥",
                    _times(rules.near_high, high),
                    Measure.HIGH,
                    rules.near_high,
                ),
            ),
        ),
        (
            None,
            (
                Reading(
                    Measure.UP_VOLUME,
                    _at(values.up_volume, j),
                    Unit.SHARES,
                    "≥",
                    _times(rules.up_volume, down),
                    Measure.DOWN_VOLUME,
                    rules.up_volume,
                ),
            ),
        ),
        (None, (Reading(Measure.STRENGTH, _at(values.strength, j), Unit.POINTS, "≥", rules.leader_strength),)),
        (
            None,
            (
                Reading(Measure.INST_20, _at(values.inst20, j), unit, ">", 0),
                Reading(Measure.INST_5, _at(values.inst5, j), unit, ">", 0),
            ),
        ),
        (None, (Reading(Measure.PULSE, pulse if screen.coverage.pulse else None, Unit.WORD, "=", "UPTREND"),)),
    )
    return tuple(
        _check(CheckName[letter], bool(screen.canslim[n, j]), readings, note)
        for n, (letter, (note, readings)) in enumerate(zip(LETTERS, several, strict=True))
    )


def _check(
    name: CheckName, passed: bool, readings: tuple[Reading, ...], note: Note | None = None, *, any_of: bool = False
) -> Check:
    lacks = all if any_of else any
    if note is None and not passed and lacks(r.value is None or r.limit is None for r in readings):
        note = Note.MISSING
    return Check(name, passed, readings, note, any_of)


def _growth(measure: Measure, value: float | None, least: float) -> Reading:
    return Reading(measure, value, Unit.FRAC, "≥", least)


def _margin(now: float | None, before: float | None) -> Reading:
    return Reading(Measure.MARGIN, now, Unit.FRAC, ">", before, Measure.MARGIN_BEFORE)


def _turn(has_turned: bool) -> Note | None:
    return Note.TURNED if has_turned else None


def _flow_unit(screen: Screen) -> Unit:
    table = screen.panel.tables.get(FLOWS)
    return Unit.WON if table is not None and "inst_net_krw" in table.columns else Unit.SHARES


def _at(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], j: int) -> float | None:
    value = float(values[j])
    return None if value != value else value


def _times(factor: float, value: float | None) -> float | None:
    return None if value is None else factor * value
