"""The five trailing methods, by the examples of `spec/risk.md` section 4.3, and what a plan may say of them."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kats_core.exits.candles import Candle
from kats_core.exits.day_bar import DayBar
from kats_core.exits.history import bars_needed
from kats_core.exits.trailing import closes_below, follows_peak, trailing_stop
from kats_core.market.ticks import tick_table
from kats_core.model.event import DailyTail
from kats_core.model.kinds import InstrumentKind, Market
from kats_core.model.signal import ExitPlan, SellSignal, Trail, TrailMethod
from kats_core.strategy.params import StrategyParams

TICKS = tick_table(dt.date(2026, 3, 4), Market.KOSPI, InstrumentKind.STOCK)


def flat(days: int, price: int = 10_000, volume: int = 1_000) -> DailyTail:
    column = (price,) * days
    return DailyTail("005930", (), column, column, column, column, (volume,) * days)


def black(volume: int, history: DailyTail | None) -> DayBar:
    """A day that fell by four percent."""
    return DayBar(Candle(10_000, 10_000, 9_600, 9_600), Fraction(volume), history)


def test_a_fixed_fraction_below_the_peak() -> None:
    """Peak 42 000, 0.05: 39 900, exactly."""
    assert trailing_stop(Trail(TrailMethod.FIXED_PCT, 0.05), 42_000, None, TICKS) == 39_900


def test_two_atr_below_the_peak() -> None:
    """Peak 42 000, ATR 850, 2: 40 300; without an ATR there is no stop."""
    trail = Trail(TrailMethod.ATR_BASED)
    assert trailing_stop(trail, 42_000, Fraction(850), TICKS) == 40_300
    assert trailing_stop(trail, 42_000, None, TICKS) is None
    assert trailing_stop(trail, 1_000, Fraction(500), TICKS) is None


def test_an_average_is_compared_with_the_close() -> None:
    """21 sessions unless said otherwise; today is one of them."""
    trail = Trail(TrailMethod.MOVING_AVG)
    day = DayBar(Candle(10_000, 10_000, 9_990, 9_990), Fraction(1), flat(20))
    assert closes_below(trail, day)
    assert closes_below(trail, DayBar(Candle(*[10_000] * 4), Fraction(1), flat(20))) is False
    assert closes_below(trail, DayBar(day.candle, Fraction(1), flat(19))) is None
    assert closes_below(Trail(TrailMethod.MOVING_AVG, 10), DayBar(day.candle, Fraction(1), flat(9)))


def test_a_candle_pattern_and_a_heavy_candle() -> None:
    """A long black candle ends both; the second asks for 2.5 times the volume too."""
    pattern, volume = Trail(TrailMethod.CANDLE_PATTERN), Trail(TrailMethod.VOLUME_ANOMALY)
    assert closes_below(pattern, black(1, flat(12)))
    assert closes_below(volume, black(2_500, flat(20)))
    assert closes_below(volume, black(2_499, flat(20))) is False
    assert closes_below(volume, black(2_500, flat(19))) is None


def test_methods_that_set_a_price_do_not_look_at_the_close() -> None:
    """And the others set none."""
    for method in TrailMethod:
        trail = Trail(method)
        if follows_peak(trail):
            assert closes_below(trail, black(9_999, flat(60))) is False
        else:
            assert trailing_stop(trail, 42_000, Fraction(850), TICKS) is None


@given(peaks=st.lists(st.integers(2_000, 500_000), min_size=2, max_size=8), frac=st.integers(1, 20))
def test_a_higher_peak_never_lowers_the_stop(peaks: list[int], frac: int) -> None:
    """And the stop lies on a tick, at or above the exact price."""
    trail = Trail(TrailMethod.FIXED_PCT, frac / 100)
    stops = [trailing_stop(trail, peak, None, TICKS) for peak in sorted(peaks)]
    assert all(stop is not None and TICKS.is_on_tick(stop) for stop in stops)
    assert stops == sorted(stops, key=lambda stop: stop or 0)
    assert all((stop or 0) * 100 >= peak * (100 - frac) for stop, peak in zip(stops, sorted(peaks), strict=True))


@pytest.mark.parametrize(
    ("method", "value"),
    [
        (TrailMethod.FIXED_PCT, 0.009),
        (TrailMethod.FIXED_PCT, 5),
        (TrailMethod.MOVING_AVG, 4),
        (TrailMethod.MOVING_AVG, 20.5),
        (TrailMethod.ATR_BASED, float("nan")),
        (TrailMethod.VOLUME_ANOMALY, 1),
        (TrailMethod.CANDLE_PATTERN, 1),
        (TrailMethod.FIXED_PCT, True),
        ("FIXED_PCT%", 0.05),
    ],
)
def test_a_value_outside_its_range_cannot_be_built(method: Any, value: Any) -> None:
    """Percent instead of a fraction above all."""
    with pytest.raises((ValueError, TypeError)):
        Trail(method, value)


def test_a_plan_is_checked_where_it_is_built() -> None:
    """A guest's answer is used far behind the call that made it."""
    mistakes: list[dict[str, Any]] = [
        {"trail": "FIXED_PCT"},
        {"exit_flags": {"BAD_NEWS"}},
        {"exit_flags": frozenset({"BAD"})},
    ]
    for wrong in mistakes:
        with pytest.raises(TypeError):
            ExitPlan(stop=1, **wrong)


def test_a_trail_stands_in_the_yaml_as_it_is() -> None:
    """Method and value; a misspelt key or a wrong value is an error there."""
    chosen = StrategyParams.model_validate({"trail": {"method": "MOVING_AVG", "value": 10}})
    assert chosen.trail == Trail(TrailMethod.MOVING_AVG, 10)
    assert StrategyParams.model_validate({"trail": None}).trail is None
    for wrong in ({"method": "MOVING_AVG", "n": 10}, {"method": "MOVING"}, {"method": "FIXED_PCT", "value": 5}):
        with pytest.raises(ValidationError):
            StrategyParams.model_validate({"trail": wrong})
    assert StrategyParams.model_json_schema()["properties"]["trail"]


def test_exits_say_how_far_they_look_back() -> None:
    """The most of what the trail and the signals need; nothing for prices alone."""
    assert bars_needed(None, frozenset()) == 0
    assert bars_needed(Trail(TrailMethod.FIXED_PCT), frozenset({SellSignal.BAD_NEWS})) == 0
    assert bars_needed(Trail(TrailMethod.MOVING_AVG, 60), frozenset({SellSignal.MA50_BREAK})) == 59
    assert bars_needed(Trail(TrailMethod.CANDLE_PATTERN), frozenset(SellSignal)) == 50
    assert bars_needed(Trail(TrailMethod.ATR_BASED), frozenset({SellSignal.GAP_DOWN_BREAK})) == 250
    assert bars_needed(Trail(TrailMethod.VOLUME_ANOMALY), frozenset()) == 20
