"""Expect how much of a day's volume has traded by a minute of its session (`spec/README.md` section 6).

The curve is an engineering default with the usual shape of a U, linear between its points, and exact.
"""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction

from kats_core.market.sessions import SessionHours
from kats_core.model.time import MINUTE, Nanos

FULL_DAY = 390
"""Minutes of a usual session, closing auction included."""

USUAL_POINTS = (
    *((0, 30), (5, 80), (10, 120), (15, 155), (30, 230), (60, 340), (90, 420), (120, 480), (150, 530)),
    *((180, 570), (210, 605), (240, 640), (270, 680), (300, 725), (330, 780), (360, 850), (380, 920), (FULL_DAY, 1000)),
)
"""(minute of a full session, thousandths of the day's volume)."""

_MINUTES = [minute for minute, _ in USUAL_POINTS]


def expected_fraction(minute: Fraction | int) -> Fraction:
    """Return U: the fraction of a full day's volume that is expected by a minute of a session of 390.

    U(45) is 0.285, U(60) 0.34; before the open it is U(0), after the close 1.
    """
    at = min(max(Fraction(minute), Fraction(0)), Fraction(FULL_DAY))
    n = min(bisect_right(_MINUTES, at), len(USUAL_POINTS) - 1)
    (m0, u0), (m1, u1) = USUAL_POINTS[n - 1], USUAL_POINTS[n]
    return (u0 + (at - m0) * (u1 - u0) / (m1 - m0)) / 1000


def projected_volume(volume: int, now: Nanos, hours: SessionHours) -> Fraction:
    """Return what the day's volume so far projects to for the whole day; a session of another length is scaled to 390."""
    return volume / expected_fraction(Fraction((now - hours.open) // MINUTE * FULL_DAY, hours.minutes))
