"""Apply the basic qualification Q1 to Q7 and the grade that follows from rank (`spec/market.md` sections 3.2 and 3.3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray, FloatArray
from kats_core.market.screening.compare import at_least, at_most
from kats_core.market.screening.rules import ScreenRules
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import Grade
from kats_core.model.labels import Code

CHECKS: tuple[Code, ...] = (
    CoreCode.MARKET_CAP_SMALL,
    CoreCode.TURNOVER_LOW,
    CoreCode.VOLUME_LOW,
    CoreCode.SPREAD,
    CoreCode.LISTED_RECENTLY,
    CoreCode.RESTRICTED,
    CoreCode.PRICE_LOW,
)
"""The reason of Q1 to Q7."""

STATUS_CHECK = CHECKS.index(CoreCode.RESTRICTED)
"""Position of Q6, the only check that is about the day to come."""

GRADES = (Grade.A, Grade.B, Grade.C, Grade.D, Grade.ETF)
"""Grades by the number that arrays hold."""

_D = GRADES.index(Grade.D)
_ETF = GRADES.index(Grade.ETF)


@dataclass(frozen=True)
class QualificationInputs:
    """What Q1 to Q7 read, arrays of shape (sessions, symbols); NaN is missing.

    `spread` is the median of the last session, `tradable` what the status of the symbol says; `by_turnover` has one value a
    session: where ranks go by turnover there is no market cap to ask for, and Q1 is skipped.
    """

    rank: FloatArray
    market_cap: FloatArray
    turnover: FloatArray
    volume: FloatArray
    volume_frac: FloatArray
    spread: FloatArray
    bars: FloatArray
    tradable: BoolArray
    price: FloatArray
    by_turnover: BoolArray
    is_adjusted: bool


def qualification(values: QualificationInputs, rules: ScreenRules) -> BoolArray:
    """Return Q1 to Q7, shape (7, sessions, symbols). Missing fails, but for the spread, which the market decides later."""
    is_small = values.rank > rules.large_ranks
    floor = np.where(is_small, rules.min_turnover_small, rules.min_turnover)
    cap = np.where(is_small, rules.max_spread_small, rules.max_spread)
    return np.stack(
        [
            at_least(values.market_cap, rules.min_market_cap) | values.by_turnover[:, None],
            at_least(values.turnover, floor),
            at_least(values.volume, rules.min_volume)
            | at_least(values.volume_frac, rules.min_volume_frac)
            | at_least(values.turnover, rules.ample_turnover),
            at_most(values.spread, cap) | np.isnan(values.spread),
            at_least(values.bars, rules.listed_bars),
            values.tradable,
            at_least(values.price, rules.min_price) | values.is_adjusted,
        ]
    )


def grade_by_rank(rank: FloatArray, qualified: BoolArray, rules: ScreenRules) -> npt.NDArray[np.int8]:
    """Return the position in `GRADES` of each cell."""
    grade = np.full(rank.shape, _D, dtype=np.int8)
    for number, last in ((2, rules.grade_c), (1, rules.grade_b), (0, rules.grade_a)):
        grade[qualified & (rank <= last)] = number
    return grade


def grades_in_force(
    frozen: npt.NDArray[np.int8], qualified: BoolArray, funds: BoolArray, turnover: FloatArray, rules: ScreenRules
) -> npt.NDArray[np.int8]:
    """Return grades as they hold after each session: the month's, D where a symbol does not qualify, ETF for listed funds."""
    grade = np.where(qualified, frozen, _D)
    fund = np.where(at_least(turnover, rules.min_fund_turnover), _ETF, _D)
    return np.where(funds, fund, grade).astype(np.int8)
