"""Let a stop follow the price: the five trailing methods of `spec/risk.md` section 4.3, as pure functions.

Two of them set a price, which is watched with every trade; three look at the day's bar, at 15:15 and after the close.
"""

from __future__ import annotations

from fractions import Fraction

from kats_core.exits.candles import BARS_NEEDED
from kats_core.exits.day_bar import VOLUME_DAYS, DayBar
from kats_core.market.exact import to_fraction
from kats_core.market.ticks import TickTable
from kats_core.model.codes import CoreCode
from kats_core.model.signal import Trail, TrailMethod

CODES = {
    TrailMethod.FIXED_PCT: CoreCode.TRAIL_FIXED_PCT,
    TrailMethod.MOVING_AVG: CoreCode.TRAIL_MOVING_AVG,
    TrailMethod.ATR_BASED: CoreCode.TRAIL_ATR_BASED,
    TrailMethod.CANDLE_PATTERN: CoreCode.TRAIL_CANDLE_PATTERN,
    TrailMethod.VOLUME_ANOMALY: CoreCode.TRAIL_VOLUME_ANOMALY,
}

ATR_HISTORY = 250
"""Daily bars from which an ATR no longer depends on where they begin."""


def bars_needed(trail: Trail) -> int:
    """Return how many daily bars before the day the method looks at."""
    match trail.method:
        case TrailMethod.MOVING_AVG:
            return int(_value(trail)) - 1
        case TrailMethod.ATR_BASED:
            return ATR_HISTORY
        case TrailMethod.CANDLE_PATTERN:
            return BARS_NEEDED - 1
        case TrailMethod.VOLUME_ANOMALY:
            return VOLUME_DAYS
    return 0


def follows_peak(trail: Trail) -> bool:
    """Tell whether the method sets a price."""
    return trail.method in (TrailMethod.FIXED_PCT, TrailMethod.ATR_BASED)


def trailing_stop(trail: Trail, peak: int, atr: Fraction | None, ticks: TickTable) -> int | None:
    """Return the stop below a peak, rounded up to a tick; None where the method sets none, or its ATR is missing.

    A peak of 42 000 gives 39 900 with 0.05, and 40 300 with 2 ATR of 850.
    """
    value = to_fraction(_value(trail))
    match trail.method:
        case TrailMethod.FIXED_PCT:
            return ticks.rup(peak * (1 - value))
        case TrailMethod.ATR_BASED if atr is not None and peak > value * atr:
            return ticks.rup(peak - value * atr)
    return None


def closes_below(trail: Trail, day: DayBar) -> bool | None:
    """Tell whether a method that looks at the day's bar sells; False where it sets a price, None where it cannot tell."""
    match trail.method:
        case TrailMethod.MOVING_AVG:
            return day.is_below_average(int(_value(trail)))
        case TrailMethod.CANDLE_PATTERN:
            return day.is_bearish()
        case TrailMethod.VOLUME_ANOMALY:
            return day.is_heavy_long_black(to_fraction(_value(trail)))
    return False


def _value(trail: Trail) -> float:
    """Return the method's value; what takes none has nothing to do with it."""
    return 0 if trail.value is None else trail.value
