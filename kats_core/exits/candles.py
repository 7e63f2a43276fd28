"""Recognise the bearish candles that end a trend (`spec/strategies.md` section 2.7), exactly, on the last bars of a symbol.

Korean charts draw falling candles blue; "black" is the trade's word for them. Each function looks at the newest bar and
answers None where there are too few bars before it to tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Candle(NamedTuple):
    """A bar's prices in won."""

    open: int
    high: int
    low: int
    close: int

    @property
    def body(self) -> int:
        """Distance between open and close."""
        return abs(self.close - self.open)

    @property
    def range(self) -> int:
        """Distance between high and low."""
        return self.high - self.low

    @property
    def upper_shadow(self) -> int:
        """What lies above the body."""
        return self.high - max(self.open, self.close)

    @property
    def lower_shadow(self) -> int:
        """What lies below the body."""
        return min(self.open, self.close) - self.low


BARS_NEEDED = 13
"""So many bars, today's included, answer every pattern."""

_BODIES = 10


def _ten_bodies(candles: Sequence[Candle], end: int) -> int | None:
    """Return the sum of the ten bodies that end with the one at `end`, counted from the newest: -1."""
    first = len(candles) + end + 1 - _BODIES
    return sum(candle.body for candle in candles[first : first + _BODIES]) if first >= 0 else None


def is_long_black(candles: Sequence[Candle]) -> bool | None:
    """Tell whether the newest bar is a long black candle (장대음봉): 3 % down, long against its range and its predecessors."""
    bodies = _ten_bodies(candles, -2)
    if bodies is None:
        return None
    now = candles[-1]
    if not now.close < now.open:
        return False
    return 10 * now.body >= 7 * now.range and _BODIES * now.body >= 2 * bodies and 100 * now.body >= 3 * now.open


def is_bearish_engulfing(candles: Sequence[Candle]) -> bool | None:
    """Tell whether a falling body swallows the rising one before it (하락장악형)."""
    if len(candles) < 2:
        return None
    before, now = candles[-2:]
    return (
        before.close > before.open
        and now.close < now.open
        and now.open >= before.close
        and now.close <= before.open
        and now.body > before.body
    )


def is_shooting_star(candles: Sequence[Candle]) -> bool | None:
    """Tell whether a new high of five bars was given back (유성형)."""
    if len(candles) < 5:
        return None
    now = candles[-1]
    return (
        now.range > 0
        and 20 * now.body <= 7 * now.range
        and now.upper_shadow >= 2 * now.body
        and 2 * now.upper_shadow >= now.range
        and 20 * now.lower_shadow <= 3 * now.range
        and now.high >= max(candle.high for candle in candles[-5:-1])
    )


def is_evening_star(candles: Sequence[Candle]) -> bool | None:
    """Tell whether a long rise, a pause above it and a deep fall follow each other (석별형)."""
    bodies = _ten_bodies(candles, -4)
    if bodies is None:
        return None
    rise, pause, fall = candles[-3:]
    return (
        rise.close > rise.open
        and _BODIES * rise.body >= bodies
        and 2 * pause.body <= rise.body
        and 1000 * min(pause.open, pause.close) >= 998 * rise.close
        and fall.close < fall.open
        and 2 * fall.body >= rise.body
        and 2 * fall.close <= rise.open + rise.close
    )


def is_bearish(candles: Sequence[Candle]) -> bool | None:
    """Tell whether the newest bar completes any of the four patterns."""
    answers = [p(candles) for p in (is_bearish_engulfing, is_evening_star, is_shooting_star, is_long_black)]
    if any(answers):
        return True
    return None if None in answers else False
