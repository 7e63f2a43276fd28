"""Judge the day so far: its average price, and its volume against what is usual by this minute.

Minutes are session minutes, whole minutes since the open (`SessionHours.minute`). What cannot be told is None: before the
first trade there is no average price, and without a usual volume none is relative. None never permits an entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import FloatArray
from kats_core.market.minutes import MinuteBars
from kats_core.market.sessions import SessionHours
from kats_core.market.volume_curve import FULL_DAY, USUAL_POINTS
from kats_core.model.time import MINUTE

LEAST_SESSIONS = 20
"""Sessions of minute bars from which a symbol's own volume curve counts."""

_SIX_PLACES = Decimal("0.000001")

Column: TypeAlias = npt.NDArray[np.int64]


def vwap(day_value: int, day_volume: int) -> Decimal | None:
    """Return the day's traded value over its volume, to six places; None before the first trade.

    ```python
    vwap(3_090, 300)       # Decimal('10.300000')
    ```
    """
    if day_volume <= 0:
        return None
    return (Decimal(day_value) / day_volume).quantize(_SIX_PLACES, ROUND_HALF_UP)


def vwap_of_bars(high: Column, low: Column, close: Column, volume: Column) -> FloatArray:
    """Return, through each bar of a day, the mean of (H+L+C)/3 weighted by volume; NaN before the first trade.

    For data without the exchange's own traded value. Columns are one day's bars, shape (bars,) or (bars, symbols); sums are
    exact.
    """
    total = np.cumsum(volume, axis=0)
    weighted = np.cumsum((high + low + close) * volume, axis=0)
    result = np.full(total.shape, np.nan)
    np.divide(weighted, 3 * total, out=result, where=total > 0)
    return result


@dataclass(frozen=True)
class VolumeCurve:
    """The share of a full day's volume that is usually traded by each minute; straight lines between the points.

    `minutes` rise from 0 to 390, `shares` from 0 or more to 1.
    """

    minutes: tuple[float, ...]
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.minutes) != len(self.shares) or self.minutes[0] != 0 or self.minutes[-1] != FULL_DAY:
            raise ValueError(f"a volume curve needs a share for each minute, from 0 to {FULL_DAY}")
        if not (np.diff(self.minutes) > 0).all() or not (np.diff(self.shares) >= 0).all():
            raise ValueError("minutes and shares of a volume curve rise")

    def share(self, minute: int, session_minutes: int = FULL_DAY) -> float:
        """Return U(m): the usual share by `minute`. A day of another length is stretched to a usual one.

        Raises:
            ValueError: a minute before the open.
        """
        if minute < 0:
            raise ValueError(f"minute {minute} lies before the open")
        return float(np.interp(minute * FULL_DAY / session_minutes, self.minutes, self.shares))

    def projected_volume(self, volume: int, minute: int, session_minutes: int = FULL_DAY) -> float | None:
        """Return what the day's volume becomes if it goes on as usual; None where nothing is usually traded yet."""
        share = self.share(minute, session_minutes)
        return volume / share if share > 0 else None

    def relative_volume(
        self, volume: int, minute: int, usual_volume: float, session_minutes: int = FULL_DAY
    ) -> float | None:
        """Return the projected volume over the usual one (V20 or V50); None where that is missing.

        ```python
        USUAL_CURVE.relative_volume(36_000, 45, 82_000)       # 1.540, S1-1: U(45) is 0.285
        ```
        """
        projected = self.projected_volume(volume, minute, session_minutes)
        if projected is None or not usual_volume > 0:
            return None
        return projected / usual_volume


USUAL_CURVE = VolumeCurve(
    minutes=tuple(float(minute) for minute, _ in USUAL_POINTS),
    shares=tuple(thousandths / 1000 for _, thousandths in USUAL_POINTS),
)
"""For symbols without minute bars of their own: an engineering default of the usual U shape, not a statistic."""


def session_shares(bars: MinuteBars, symbol: str, hours: SessionHours) -> FloatArray | None:
    """Return the share of a symbol's volume traded by each minute 0 to 390 of one session; None where it did not trade.

    What a bar trades counts from its end. The closing auction completes the day.
    """
    if symbol not in bars.symbols:
        return None
    rows = bars.rows_of[bars.symbols.index(symbol)]
    volume = bars.volume[rows]
    if not volume.sum() > 0:
        return None
    minute = np.minimum((bars.start[rows] - hours.open) // MINUTE, hours.minutes - 1)
    traded = np.zeros(hours.minutes + 1)
    np.add.at(traded, minute + 1, volume)
    share = np.cumsum(traded) / volume.sum()
    own_minutes = np.arange(hours.minutes + 1) * FULL_DAY / hours.minutes
    return np.asarray(np.interp(np.arange(FULL_DAY + 1), own_minutes, share))


def own_curve(sessions: Sequence[FloatArray]) -> VolumeCurve:
    """Return a symbol's mean curve over its sessions (`session_shares`), the usual one when there are fewer than 20."""
    if len(sessions) < LEAST_SESSIONS:
        return USUAL_CURVE
    mean = np.mean(sessions, axis=0)
    return VolumeCurve(tuple(float(minute) for minute in range(FULL_DAY + 1)), tuple(mean.tolist()))
