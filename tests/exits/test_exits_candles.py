"""Bearish candles and the day bar that they are looked for in, by the examples of `spec/strategies.md` section 2.7."""

from __future__ import annotations

from fractions import Fraction

import pytest

from kats_core.exits.candles import (
    Candle,
    is_bearish,
    is_bearish_engulfing,
    is_evening_star,
    is_long_black,
    is_shooting_star,
)
from kats_core.exits.day_bar import DayBar, average_true_range, both
from kats_core.model.event import DailyTail

QUIET = Candle(10_000, 10_350, 9_950, 10_300)
"""A rising bar with a body of 300."""


def behind_ten(*candles: tuple[int, int, int, int]) -> list[Candle]:
    return [*[QUIET] * 10, *(Candle(*one) for one in candles)]


def tail(closes: list[int], volume: int = 1_000, reach: int = 100) -> DailyTail:
    """Daily bars that open at their close and reach as far above it as below."""
    n = len(closes)
    high, low = tuple(c + reach for c in closes), tuple(c - reach for c in closes)
    return DailyTail("005930", (), tuple(closes), high, low, tuple(closes), (volume,) * n)


def day(close: int, history: DailyTail | None, volume: int = 1_000, opened: int | None = None) -> DayBar:
    opened = close if opened is None else opened
    return DayBar(Candle(opened, max(opened, close), min(opened, close), close), Fraction(volume), history)


def test_cnd_3_and_4_bearish_engulfing() -> None:
    """An open at or above the close before swallows its body; one tick below it does not."""
    rise = (10_000, 10_250, 9_980, 10_200)
    assert is_bearish_engulfing(behind_ten(rise, (10_210, 10_230, 9_900, 9_950)))
    assert not is_bearish_engulfing(behind_ten(rise, (10_190, 10_230, 9_900, 9_950)))


def test_cnd_5_and_6_long_black() -> None:
    """3 % down, 0.7 of its range, twice the bodies before."""
    assert is_long_black(behind_ten((20_000, 20_050, 19_150, 19_200)))
    assert not is_long_black(behind_ten((20_000, 20_050, 19_350, 19_450)))
    assert not is_long_black(behind_ten((19_200, 20_050, 19_150, 20_000)))


@pytest.mark.parametrize("needed", [(is_long_black, 11), (is_bearish_engulfing, 2), (is_shooting_star, 5)])
def test_too_few_bars_cannot_tell(needed: tuple[object, int]) -> None:
    """No answer instead of a wrong one."""
    pattern, bars = needed
    falling = Candle(20_000, 20_050, 19_150, 19_200)
    assert pattern([*[QUIET] * (bars - 2), falling]) is None  # type: ignore[operator]
    assert pattern([*[QUIET] * (bars - 1), falling]) is not None  # type: ignore[operator]


def test_a_shooting_star_gives_a_new_high_back() -> None:
    """A small body low in a long range, at the highest high of five bars."""
    star = (10_300, 10_900, 10_290, 10_310)
    assert is_shooting_star(behind_ten(star))
    assert not is_shooting_star(behind_ten((10_900, 10_950, 9_990, 10_000), star))


def test_an_evening_star_needs_thirteen_bars() -> None:
    """A long rise, a pause above it, a fall to below its middle."""
    rise, pause = (10_000, 10_420, 9_990, 10_400), (10_420, 10_500, 10_400, 10_440)
    assert is_evening_star(behind_ten(rise, pause, (10_430, 10_440, 10_150, 10_180)))
    assert not is_evening_star(behind_ten(rise, pause, (10_430, 10_440, 10_210, 10_220)))
    assert is_evening_star(behind_ten(rise, pause, (10_430, 10_440, 10_150, 10_180))[2:]) is None


def test_one_pattern_is_enough_and_none_needs_all_to_be_told() -> None:
    """An engulfing bar sells after two bars; that there is no pattern is known after thirteen."""
    assert is_bearish([Candle(10_000, 10_250, 9_980, 10_200), Candle(10_210, 10_230, 9_900, 9_950)])
    assert is_bearish([QUIET] * 12) is None
    assert is_bearish([QUIET] * 13) is False


def test_an_average_includes_the_day_itself() -> None:
    """20 closes of 10 000 and today's: any close below them is below the mean of 21."""
    assert day(9_990, tail([10_000] * 20)).is_below_average(21)
    assert not day(10_000, tail([10_000] * 20)).is_below_average(21)
    assert day(9_990, tail([10_000] * 19)).is_below_average(21) is None
    assert day(9_990, None).is_below_average(21) is None


def test_yesterdays_close_is_compared_with_its_own_average() -> None:
    """It counts in it."""
    assert day(1, tail([10_000] * 50)).was_at_average(50)
    assert not day(1, tail([10_000] * 49 + [9_990])).was_at_average(50)
    assert day(1, tail([10_000] * 49)).was_at_average(50) is None


def test_volume_is_heavy_from_its_multiple_on() -> None:
    """Against the mean of the twenty days before."""
    assert day(1, tail([10_000] * 20), volume=2_000).is_heavy(Fraction(2))
    assert not day(1, tail([10_000] * 20), volume=1_999).is_heavy(Fraction(2))
    assert day(1, tail([10_000] * 19), volume=9_999).is_heavy(Fraction(2)) is None


def test_what_does_not_hold_decides_also_beside_what_cannot_be_told() -> None:
    """Three answers: yes, no, unknown."""
    assert both(True, True) is True
    assert both(False, None) is both(None, False) is False
    assert both(True, None) is both(None, True) is None


def test_the_average_true_range_is_wilders() -> None:
    """Seeded with the mean of the first fourteen, then 13 parts old and one part new; unknown before."""
    steady = tail([10_000] * 15)
    assert average_true_range(steady) == 200
    assert average_true_range(tail([10_000] * 14)) is None
    assert average_true_range(None) is None
    jumped = tail([10_000] * 15 + [11_000])
    assert average_true_range(jumped) == Fraction(round((13 * 200 + 1_100) / 14 * 1_000_000), 1_000_000)
