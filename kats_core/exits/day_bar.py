"""Look at a day before it is over: the bar so far with the volume it projects to, behind the daily bars before it.

At 15:15 the last price stands for the close (close proxy); after the close the same rules look at the true bar.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from kats_core.exits.candles import Candle, is_bearish, is_long_black
from kats_core.model.event import DailyTail

ATR_DAYS = 14
VOLUME_DAYS = 20


@dataclass(frozen=True, slots=True)
class DayBar:
    """A symbol's day, whole or so far. `history` are the daily bars before it, None where nobody delivered them.

    What cannot be told is None: it sells nothing, and the caller says so.
    """

    candle: Candle
    volume: Fraction
    history: DailyTail | None

    @property
    def close(self) -> int:
        """The last price."""
        return self.candle.close

    def candles(self, n: int) -> list[Candle]:
        """Return the last `n` candles, this day's last; fewer where the history is shorter."""
        tail = self.history
        if tail is None:
            return [self.candle]
        first = max(0, len(tail.close) - (n - 1))
        rows = zip(tail.open[first:], tail.high[first:], tail.low[first:], tail.close[first:], strict=True)
        return [*(Candle(*row) for row in rows), self.candle]

    def is_below_average(self, n: int) -> bool | None:
        """Tell whether the close lies below the mean of `n` closes, its own included."""
        tail = self.history
        if tail is None or len(tail.close) < n - 1:
            return None
        # close < (others + close) / n, without a division
        return (n - 1) * self.close < sum(tail.close[len(tail.close) - (n - 1) :])

    def was_at_average(self, n: int) -> bool | None:
        """Tell whether the close before lay at or above the mean of `n` closes, its own included."""
        tail = self.history
        if tail is None or len(tail.close) < n:
            return None
        return n * tail.close[-1] >= sum(tail.close[-n:])

    def is_long_black(self) -> bool | None:
        """Tell whether the day is a long black candle."""
        return is_long_black(self.candles(11))

    def is_bearish(self) -> bool | None:
        """Tell whether the day completes a bearish pattern."""
        return is_bearish(self.candles(13))

    def is_heavy(self, multiple: Fraction) -> bool | None:
        """Tell whether the volume reaches a multiple of its mean over the 20 days before."""
        tail = self.history
        if tail is None or len(tail.volume) < VOLUME_DAYS:
            return None
        return VOLUME_DAYS * self.volume >= multiple * sum(tail.volume[-VOLUME_DAYS:])

    def is_heavy_long_black(self, multiple: Fraction) -> bool | None:
        """Tell whether the day is a long black candle on heavy volume."""
        return both(self.is_long_black(), self.is_heavy(multiple))


def both(one: bool | None, other: bool | None) -> bool | None:
    """Return whether both hold; one that does not hold decides, also where the other cannot be told."""
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def average_true_range(tail: DailyTail | None, n: int = ATR_DAYS) -> Fraction | None:
    """Return Wilder's ATR(`n`) of the last completed session in won; None with too few bars.

    Seeded with the mean of the first `n` true ranges, so it depends on where the history begins, less the longer it is:
    250 bars leave a millionth of the seed. Rounded to a millionth of a won, so that no float noise decides over a tick.
    """
    if tail is None or len(tail.close) < n + 1:
        return None
    ranges = [
        max(high, before) - min(low, before)
        for high, low, before in zip(tail.high[1:], tail.low[1:], tail.close[:-1], strict=True)
    ]
    value = sum(ranges[:n]) / n
    for one in ranges[n:]:
        value += (one - value) / n
    return Fraction(round(value * 1_000_000), 1_000_000)
