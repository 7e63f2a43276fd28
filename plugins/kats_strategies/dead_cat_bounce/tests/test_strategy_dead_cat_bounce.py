"""What dead cat bounce promises."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from msgspec import structs
from pydantic import ValidationError

from kats_core.api import (
    MARKET_CAP,
    Above,
    Code,
    Confirmation,
    CoreCode,
    Exit,
    ExitPlan,
    ManagingStrategy,
    Moment,
    Never,
    NotYet,
    OpeningRangeHigh,
    Portion,
    Setup,
    Signal,
    Strategy,
    Target,
    TargetKind,
    TimeExit,
    TimeExitKind,
)
from kats_core.testing import (
    HOURS,
    SESSION,
    DailyRow,
    FrozenView,
    bars_view,
    minute_view,
    panel,
    position,
    setups_after,
)
from kats_strategy_dead_cat_bounce import Params, ReflexCode, kats_register_strategies

SYMBOL = "005930"
TRILLION = 1_000_000_000_000

FALLING: list[DailyRow | None] = [
    (close + 300, close + 400, close - 100, close, 1_000_000) for close in range(110_500, 99_999, -300)
]
"""Thirty-six sessions of 300 won less each, down to 100 000."""

SETUP = Setup(
    session=SESSION,
    instance="test",
    symbol=SYMBOL,
    trigger=Above(OpeningRangeHigh(30, 1)),
    numbers={"prev_close": 93_000, "close_before": 100_000, "v20": 1_000_000.0},
)
"""What was armed the evening before the worked examples."""


def strategy(**params: object) -> Strategy:
    plugin = kats_register_strategies()
    return plugin.build(plugin.params(**params))


def armed(days: list[DailyRow | None], **params: object) -> Setup | Code:
    return setups_after(strategy(**params), panel({SYMBOL: days}))[SYMBOL]


def fell_to(close: int) -> list[DailyRow | None]:
    return [*FALLING, (99_000, 99_500, min(close, 92_500), close, 2_000_000)]


def morning(
    range_high: int = 94_200,
    *,
    last: int | None = None,
    ask: int | None = None,
    volume: int = 414_000,
    day_open: int = 93_500,
    vwap: int = 93_850,
    market_cap: int | None = 5 * TRILLION,
) -> FrozenView:
    """09:30 of the worked examples: the opening range is over, with a low of 92 400."""
    price = ask or range_high + 100
    low = min(92_400, day_open)
    opening = bars_view(
        [(day_open, max(day_open, range_high), low, 93_900, 100)] + [(93_900, 94_000, 93_800, 93_900, 100)] * 29,
        base_price=93_000,
    )
    now = minute_view(
        last=last or price,
        ask=price,
        day_open=day_open,
        day_low=low,
        day_high=max(range_high, last or price),
        day_volume=volume,
        vwap=vwap,
        base_price=93_000,
        clock=dt.time(9, 30),
        facts={MARKET_CAP: market_cap},
    )
    return dataclasses.replace(now, minutes=opening.minutes)


def confirm(view: FrozenView, **params: object) -> Confirmation:
    return strategy(**params).confirm(view, SETUP)


# Arming


def test_a_sharp_fall_waits_above_the_opening_range() -> None:
    """It stores both closes, of which the target is a part, and the usual volume."""
    setup = armed(fell_to(93_000))
    assert isinstance(setup, Setup)
    assert setup.trigger == Above(OpeningRangeHigh(30, 1))
    assert setup.numbers == {"prev_close": 93_000, "close_before": 100_000, "v20": 1_050_000.0}


def test_b1_3_a_fall_that_is_too_small_is_not_armed() -> None:
    """B1-3: 95 100 is 0.049 below."""
    assert armed(fell_to(95_100)) is ReflexCode.DROP


@pytest.mark.parametrize(("close", "is_armed"), [(95_000, True), (95_001, False), (90_000, True), (89_999, False)])
def test_both_borders_of_the_fall_are_inside(close: int, is_armed: bool) -> None:
    """0.05 and 0.10 of 100 000, exactly."""
    found = armed(fell_to(close))
    assert isinstance(found, Setup) if is_armed else found is ReflexCode.DROP


@pytest.mark.parametrize(
    ("days", "code"),
    [
        pytest.param([*fell_to(93_000), None], CoreCode.STALE_DATA, id="no bar of its own on the last session"),
        pytest.param(fell_to(93_000)[3:], CoreCode.WARMUP, id="thirty-four bars"),
        pytest.param(
            [(c, c + 500, c - 500, c, 1_000_000) for c in range(64_000, 100_001, 1_000)] + fell_to(93_000)[-1:],
            CoreCode.NOT_OVERSOLD,
            id="fell once, after a long rise",
        ),
    ],
)
def test_what_is_not_armed_says_why(days: list[DailyRow | None], code: Code) -> None:
    """The first condition that fails gives the code."""
    assert armed(days) is code


def test_a_close_at_the_lower_limit_is_not_armed() -> None:
    """Nobody could sell there who wanted to: 70 000 of 100 000, also where so large a fall is asked for."""
    assert armed(fell_to(70_000), drop_max=0.30) is ReflexCode.LIMIT_DOWN
    assert isinstance(armed(fell_to(72_000), drop_max=0.30), Setup)


# Confirming


def test_b1_1_buys_the_reflex() -> None:
    """B1-1: level 94 300, limit 94 400, stop 92 600, target 97 200, which pays 1.556 times the risk."""
    assert confirm(morning(94_200)) == Signal(
        trigger_price=94_300,
        reference=94_300,
        entry_limit=94_400,
        chase_cap=94_700,
        exits=ExitPlan(
            stop=92_600,
            targets=(Target(TargetKind.ABSOLUTE, 97_200, Portion.ALL),),
            time_exit=TimeExit(TimeExitKind.MINUTES, 240),
        ),
        position_hint=0.125,
        most_stars=3,
        numbers=SETUP.numbers,
    )


def test_b1_2_the_target_must_pay_for_the_risk() -> None:
    """B1-2: at a limit of 95 800 the same target pays 0.737 times the risk."""
    assert confirm(morning(95_600)) == NotYet(CoreCode.REWARD)


@pytest.mark.parametrize(("min_rr", "pays"), [(1.55, True), (1.56, False)])
def test_the_least_reward_is_the_operators(min_rr: float, pays: bool) -> None:
    """2 800 for 1 800 is 1.5556."""
    answer = confirm(morning(94_200), min_rr=min_rr)
    assert isinstance(answer, Signal) if pays else answer == NotYet(CoreCode.REWARD)


def test_the_range_must_be_left() -> None:
    """Its high itself is not enough; a tick above it is."""
    assert confirm(morning(94_200, last=94_200)) == NotYet(CoreCode.NO_BREAKOUT)


def test_the_average_price_must_be_left_too() -> None:
    """An average of 94 310 lifts the level to 94 400."""
    assert confirm(morning(94_200, vwap=94_310)) == NotYet(CoreCode.NO_BREAKOUT)
    answer = confirm(morning(94_200, last=94_400, ask=94_400, vwap=94_310), min_rr=1)
    assert isinstance(answer, Signal)
    assert answer.trigger_price == 94_400


@pytest.mark.parametrize(("volume", "is_enough"), [(345_000, True), (344_999, False)])
def test_the_day_must_trade_more_than_usual(volume: int, is_enough: bool) -> None:
    """0.23 of a day is usual by 09:30; half as much again of a million is 345 000."""
    answer = confirm(morning(volume=volume))
    assert isinstance(answer, Signal) if is_enough else answer == NotYet(CoreCode.VOLUME)


@pytest.mark.parametrize(("day_open", "is_allowed"), [(90_250, True), (90_200, False)])
def test_an_open_far_below_goes_on_falling(day_open: int, is_allowed: bool) -> None:
    """97 % of 93 000 is 90 210."""
    answer = confirm(morning(day_open=day_open))
    assert (answer == Never(CoreCode.GAP_RANGE)) is not is_allowed


def test_the_stop_is_the_nearer_of_two() -> None:
    """3 % below the limit lies farther than a tick below the day's low of 92 400."""
    signal = confirm(morning(), stop_frac=0.03, min_rr=1)
    assert isinstance(signal, Signal)
    assert signal.exits.stop == 92_300


def test_the_target_is_the_nearer_of_two() -> None:
    """3 % above the limit of 94 400 is 97 232; 70 % of the fall would be 97 900."""
    signal = confirm(morning(), target_frac=0.03, retrace=0.7)
    assert isinstance(signal, Signal)
    assert signal.exits.targets == (Target(TargetKind.ABSOLUTE, 97_200, Portion.ALL),)


def test_it_does_not_chase() -> None:
    """0.5 % above the level of 94 300 is 94 771, on a tick 94 700."""
    assert confirm(morning(94_200, ask=94_800)) == NotYet(CoreCode.CHASE)


@pytest.mark.parametrize(
    ("market_cap", "code"), [(TRILLION - 1, CoreCode.MARKET_CAP_SMALL), (None, CoreCode.INPUT_MISSING)]
)
def test_only_a_company_that_is_known_to_be_large_is_bought(market_cap: int | None, code: Code) -> None:
    """A market cap that nobody tells permits nothing; the operator may do without it."""
    assert confirm(morning(market_cap=market_cap)) == NotYet(code)
    assert isinstance(confirm(morning(market_cap=TRILLION)), Signal)
    assert isinstance(confirm(morning(market_cap=market_cap), min_market_cap=0), Signal)


def test_the_whole_opening_range_must_be_known() -> None:
    """A feed that came late, or fell silent while shares traded, shows no range to leave; nor does a day that opened after it."""
    view = morning()
    for seen in (view.minutes[5:], view.minutes[:10] + view.minutes[12:], ()):
        assert confirm(dataclasses.replace(view, minutes=seen)) == Never(ReflexCode.FEED_GAP)


def test_daily_bars_cannot_show_it() -> None:
    """Without minutes there is neither a range nor an average."""
    assert confirm(dataclasses.replace(morning(), bar=None)) == NotYet(CoreCode.NEEDS_MINUTE_BARS)


# Managing


def test_nothing_is_held_overnight() -> None:
    """At the end-of-day check, the only moment at which it is asked, it sells whatever came late."""
    built = strategy()
    assert isinstance(built, ManagingStrategy)
    held = structs.replace(position(symbol=SYMBOL, average=94_400, stop=92_600), opened_at=HOURS.at(dt.time(9, 31)))
    assert built.manage(morning(), held) == Exit(CoreCode.TIME_EXIT)
    traits = kats_register_strategies().traits
    assert (traits.manages_at, traits.manage_every_min) == (frozenset({Moment.CHECK}), 0)


# Parameters and traits


@pytest.mark.parametrize(
    "wrong",
    [
        {"drop_min": 0.10},
        {"rsi_max": 36},
        {"retrace": float("nan")},
        {"min_rr": 0.9},
        {"max_minutes": 331},
        {"min_market_cap": -1},
        {"drop": 0.07},
    ],
)
def test_a_value_out_of_range_or_unknown_is_refused(wrong: dict[str, object]) -> None:
    """The configuration is checked before anything runs."""
    with pytest.raises(ValidationError):
        Params.model_validate(wrong)


def test_the_traits_are_those_of_a_day_strategy_of_falling_markets() -> None:
    """The best hour, two minutes for an order, no trailing stop."""
    traits = kats_register_strategies().traits
    assert traits.windows == ((dt.time(9, 30), dt.time(10, 30)),)
    assert (traits.code, traits.ttl_s, traits.needs_minute_bars) == ("B1", 120, True)
    assert Params().trail is None
