"""Apply the screen profiles: which symbols a strategy may draw from, and the first reason why one is not among them."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray, FloatArray
from kats_core.market.screening.qualification import CHECKS, GRADES
from kats_core.market.screening.screener import Screen
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import Grade, Profile
from kats_core.model.labels import Code

PASSED = 0
"""The value of a cell that passes the profile."""

REASONS: tuple[Code, ...] = (
    CoreCode.NOT_IN_UNIVERSE,
    *CHECKS,
    CoreCode.GRADE,
    CoreCode.TREND_WEAK,
    CoreCode.RANK_LOW,
    CoreCode.CONFIDENCE_LOW,
)
"""Reasons in the order in which they are looked for; a cell holds 1 + the position of its first."""


def refusals(
    screen: Screen,
    profile: Profile,
    *,
    grades: Collection[Grade],
    min_confidence: int,
    stars: npt.NDArray[np.int8] | FloatArray | None = None,
) -> npt.NDArray[np.uint8]:
    """Return, for each symbol, `PASSED` or the first reason for which the profile leaves it out.

    `stars` replace the screen's own, where they are assumed.
    """
    cells = np.zeros(len(screen.panel.symbols), dtype=np.uint8)

    def require(condition: BoolArray, code: Code) -> None:
        cells[(cells == PASSED) & ~condition] = REASONS.index(code) + 1

    if profile is not Profile.ETF:
        require(screen.is_member, CoreCode.NOT_IN_UNIVERSE)
        for code, passed in zip(CHECKS, screen.qualification, strict=True):
            require(passed, code)
    allowed = [GRADES.index(grade) for grade in grades]
    require(np.isin(screen.grade, allowed), CoreCode.GRADE)
    if profile is Profile.BULL:
        require(screen.trend_score >= screen.rules.min_trend, CoreCode.TREND_WEAK)
    if profile is Profile.FLOW:
        require(screen.rank <= screen.rules.large_ranks, CoreCode.RANK_LOW)
    own = screen.stars(profile) if stars is None else stars
    require(np.asarray(own >= min_confidence), CoreCode.CONFIDENCE_LOW)
    return cells


def reason_of(cell: int) -> Code | None:
    """Return the reason that a cell stands for."""
    return None if cell == PASSED else REASONS[cell - 1]
