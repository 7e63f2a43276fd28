"""The six immediate sell signals, by the examples of `spec/risk.md` section 4.4, and the volume that a day projects to."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest

from kats_core.exits.candles import Candle
from kats_core.exits.day_bar import DayBar
from kats_core.exits.ex_dividend import less_dividend
from kats_core.exits.sell_signals import at_close, gap_break_level, index_breaks, is_bad_news
from kats_core.exits.targets import scale_out_steps
from kats_core.market.calendar import krx_calendar
from kats_core.market.costs import Costs
from kats_core.market.ticks import tick_table
from kats_core.market.volume_curve import expected_fraction, projected_volume
from kats_core.model.event import DailyTail
from kats_core.model.kinds import InstrumentKind, Market
from kats_core.model.signal import SellSignal
from kats_core.testing import position

TICKS = tick_table(dt.date(2026, 3, 4), Market.KOSPI, InstrumentKind.STOCK)


def history(closes: list[int], lows: list[int] | None = None, volume: int = 1_000) -> DailyTail:
    c, low = tuple(closes), tuple(lows or closes)
    return DailyTail("005930", (), c, c, low, c, (volume,) * len(c))


def closing_at(price: int, tail: DailyTail | None = None, opened: int | None = None, volume: int = 1) -> DayBar:
    opened = price if opened is None else opened
    return DayBar(Candle(opened, max(opened, price), min(opened, price), price), Fraction(volume), tail)


def test_a_breakout_fails_below_its_pivot_on_the_day_of_the_entry() -> None:
    """Pivot 38 600, 15:15 last 38 550: signal 1. At 38 600, on a later day, or without a pivot: none."""

    def holds(price: int, *, pivot: int | None = 38_600, today: bool = True) -> bool | None:
        return at_close(SellSignal.BREAKOUT_FAILURE, closing_at(price), pivot=pivot, is_entry_session=today)

    assert holds(38_550)
    assert not holds(38_600)
    assert not holds(38_550, today=False)
    assert not holds(38_550, pivot=None)


def test_a_long_black_candle_on_twice_the_volume_is_distribution() -> None:
    """One share less is not; with too few days it cannot be told."""

    def holds(volume: int, days: int = 20) -> bool | None:
        day = closing_at(9_600, history([10_000] * days), opened=10_000, volume=volume)
        return at_close(SellSignal.DISTRIBUTION_BAR, day, pivot=None, is_entry_session=False)

    assert holds(2_000)
    assert holds(1_999) is False
    assert holds(2_000, days=19) is None


def test_a_gap_down_breaks_below_yesterdays_low() -> None:
    """C 50 000, L 49 600: an open of 48 400 is a gap, and what is below 49 600 breaks; 48 600 is none."""
    tail = history([50_000], [49_600])
    assert gap_break_level(48_400, tail, 0) == 49_599
    assert gap_break_level(48_600, tail, 0) is None
    assert gap_break_level(48_500, tail, 0) == 49_599
    assert gap_break_level(48_400, history([]), 0) is None


def test_an_ex_dividend_lowers_what_a_gap_is_measured_from() -> None:
    """1 500 won less: an open of 47 100 is no gap of three percent any more."""
    tail = history([50_000], [49_600])
    assert gap_break_level(47_100, tail, 0) == 49_599
    assert gap_break_level(47_100, tail, 1_500) is None
    assert gap_break_level(47_000, tail, 1_500) == 48_099


def test_the_fifty_day_average_is_broken_once() -> None:
    """From at or above it to below it, both by closes."""

    def holds(price: int, closes: list[int]) -> bool | None:
        return at_close(SellSignal.MA50_BREAK, closing_at(price, history(closes)), pivot=None, is_entry_session=False)

    assert holds(9_990, [10_000] * 50)
    assert holds(10_000, [10_000] * 50) is False
    assert holds(9_980, [10_000] * 49 + [9_990]) is False
    assert holds(9_990, [10_000] * 49) is None


def test_the_index_breaks_its_200_day_average() -> None:
    """From at or above to below; every input counts, a missing one sells nothing."""
    assert index_breaks(2_500.0, -0.02, 2_499.0, 2_499.0)
    assert not index_breaks(2_500.0, 0.02, 2_499.0, 2_499.0)
    assert not index_breaks(2_400.0, -0.02, 2_499.0, 2_499.0)
    for missing in range(4):
        values: list[float | None] = [2_500.0, -0.02, 2_499.0, 2_499.0]
        values[missing] = None
        assert index_breaks(*values) is None


@pytest.mark.parametrize(
    ("status", "flag", "sells"),
    [
        ("51", None, True),
        ("52", None, True),
        ("00", None, False),
        ("55", False, False),
        (None, None, False),
        ("00", "감사의견 거절", True),
        ("00", True, True),
        ("00", "", False),
    ],
)
def test_news_is_bad_by_designation_or_by_a_flag(status: object, flag: object, sells: bool) -> None:
    """Never by the text of an article."""
    assert is_bad_news(status, flag) is sells


@pytest.mark.parametrize(
    ("quantity", "steps"),
    [(1, (0, 0, 1)), (2, (1, 0, 1)), (3, (1, 1, 1)), (7, (2, 2, 3)), (10, (3, 3, 4)), (387, (129, 129, 129))],
)
def test_three_steps_out(quantity: int, steps: tuple[int, int, int]) -> None:
    """The vectors of `spec/risk.md` section 4.2."""
    assert scale_out_steps(quantity) == steps


def test_break_even_is_a_tick_above_all_costs() -> None:
    """An average of 38 700 breaks even at 38 800."""
    assert Costs().break_even(38_700, TICKS, Fraction(20, 10_000)) == 38_800


def test_ds_1_a_dividend_lowers_stop_targets_and_peak() -> None:
    """Stop 42 950, T1 46 600, T2 47 500, dividend 1 500: 41 450, 45 100, 46 000. The result keeps what was paid."""
    held = position(quantity=100, average=45_200, stop=42_950)
    held = type(held)(
        **{name: getattr(held, name) for name in held.__struct_fields__}
        | {"targets": ((46_600, 33), (47_500, 33)), "peak": 45_500}
    )
    lowered = less_dividend(held, 1_500, TICKS)
    assert (lowered.stop, lowered.targets, lowered.peak) == (41_450, ((45_100, 33), (46_000, 33)), 44_000)
    assert [lowered.average, lowered.exit_average] == [45_200, 43_700]
    assert less_dividend(held, 50_000, TICKS).stop == 1


def test_the_volume_curve_is_that_of_the_table() -> None:
    """U(45) 0.285, U(60) 0.34; flat before the open and behind the close."""
    assert expected_fraction(45) == Fraction(285, 1000)
    assert expected_fraction(60) == Fraction(34, 100)
    assert [expected_fraction(m) for m in (-5, 0, 5, 390, 500)] == [Fraction(n, 1000) for n in (30, 30, 80, 1000, 1000)]


def test_a_day_projects_to_what_it_has_traded_by_its_share() -> None:
    """36 000 shares by 09:45 are 126 316; a day of another length is stretched."""
    hours = krx_calendar().hours(dt.date(2026, 3, 4))
    assert round(projected_volume(36_000, hours.at(dt.time(9, 45)), hours)) == 126_316
    short = krx_calendar().hours(dt.date(2026, 1, 2))
    assert short.minutes == 330
    at = short.open + 60 * 60 * 1_000_000_000
    assert projected_volume(1_000, at, short) == 1_000 / expected_fraction(Fraction(60 * 390, 330))
