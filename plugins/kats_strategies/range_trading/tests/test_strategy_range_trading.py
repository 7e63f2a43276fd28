"""What range trading promises."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from pydantic import ValidationError

from kats_core.api import (
    Code,
    Confirmation,
    CoreCode,
    DailyTail,
    Exit,
    ExitPlan,
    Management,
    ManagingStrategy,
    NotYet,
    OnBar,
    PatternCode,
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
    DailyRow,
    FrozenView,
    StrategyContract,
    bars_view,
    minute_view,
    panel,
    path,
    position,
    setups_after,
)
from kats_strategy_range_trading import Params, RangeCode, kats_register_strategies

SYMBOL = "005930"
BOX_A = (
    (0, 10_500),
    (5, 10_100),
    (12, 10_850),
    (19, 10_100),
    (26, 10_850),
    (33, 10_100),
    (40, 10_850),
    (47, 10_100),
    (50, 10_250),
)
"""Floor 10 040, ceiling 10 910."""

TURN = (10_110, 10_190, 10_090, 10_180, 1_000)
"""The five minutes of B3-1."""


def strategy(**params: object) -> Strategy:
    plugin = kats_register_strategies()
    return plugin.build(plugin.params(**params))


def armed(days: list[DailyRow], **params: object) -> Setup | Code:
    return setups_after(strategy(**params), panel({SYMBOL: days}))[SYMBOL]


def confirm(view: FrozenView, **params: object) -> Confirmation:
    setup = armed(path(BOX_A), **params)
    assert isinstance(setup, Setup)
    return strategy(**params).confirm(view, setup)


def after(*rows: tuple[int, int, int, int, int], ask: int | None = None) -> FrozenView:
    return bars_view(rows, minutes=5, base_price=10_250, ask=ask)


def with_last_day(*last: DailyRow) -> list[DailyRow]:
    return [*path(BOX_A)[: -len(last)], *last]


# Arming


def test_a_box_waits_for_its_five_minute_bars() -> None:
    """BOX-A; the setup holds floor and ceiling."""
    setup = armed(path(BOX_A))
    assert isinstance(setup, Setup)
    assert setup.trigger == OnBar(5)
    assert setup.numbers == {"support": 10_040, "resistance": 10_910, "most_stars": 3}


def test_a_box_that_was_tested_once_is_none() -> None:
    """BOX-B: one touch of the floor."""
    changed = tuple({19: (19, 10_500), 33: (33, 10_550)}.get(i, (i, price)) for i, price in BOX_A)
    assert armed(path(changed)) is PatternCode.BOX_TOUCHES


@pytest.mark.parametrize(("close", "code"), [(10_475, None), (10_480, RangeCode.ABOVE_MIDDLE)])
def test_only_the_lower_half_is_bought(close: int, code: Code | None) -> None:
    """The middle of 10 040 and 10 910 is 10 475, and still allowed."""
    found = armed(with_last_day((10_200, 10_500, 10_140, close, 100_000)))
    assert found is code if code else isinstance(found, Setup)


def test_narrow_bands_announce_the_end_of_the_range() -> None:
    """The bandwidth of BOX-A is 0.08692."""
    assert isinstance(armed(path(BOX_A), squeeze=0.0869), Setup)
    assert armed(path(BOX_A), squeeze=0.087) is RangeCode.SQUEEZE


@pytest.mark.parametrize("bars", [1, 49])
def test_fifty_bars_are_needed(bars: int) -> None:
    """Fewer show no box."""
    assert armed(path(BOX_A)[-bars:]) is CoreCode.WARMUP
    assert isinstance(armed(path(BOX_A)[-50:]), Setup)


def test_a_session_without_trading_arms_nothing() -> None:
    """The symbol has no bar to judge."""
    history = panel({SYMBOL: [*path(BOX_A), None]})
    assert setups_after(strategy(), history)[SYMBOL] is CoreCode.STALE_DATA


@pytest.mark.parametrize(
    ("days", "stars"),
    [
        pytest.param([(10_200, 10_200, 10_140, 10_150, 1), (10_150, 10_260, 10_140, 10_250, 1)], 4, id="at the floor"),
        pytest.param([(10_200, 10_200, 10_195, 10_196, 1), (10_196, 10_260, 10_191, 10_250, 1)], 3, id="above it"),
        pytest.param([(10_100, 10_200, 10_100, 10_150, 1), (10_150, 10_260, 10_140, 10_250, 1)], 3, id="no candle"),
    ],
)
def test_a_candle_that_turned_at_the_floor_lifts_the_confidence(days: list[DailyRow], stars: int) -> None:
    """A bullish engulfing whose low is at most 1.5 % above the floor: 10 190.6."""
    setup = armed(with_last_day(*days))
    assert isinstance(setup, Setup)
    assert setup.numbers["most_stars"] == stars


# Confirming


def test_b3_1_buys_the_turn_at_the_floor() -> None:
    """B3-1: body 70 of a range of 100; limit 10 190, stop 9 940, target 10 600, reward 1.64 times the risk."""
    signal = confirm(after(TURN, ask=10_180))
    assert signal == Signal(
        trigger_price=10_180,
        reference=10_180,
        entry_limit=10_190,
        chase_cap=10_210,
        exits=ExitPlan(
            stop=9_940,
            targets=(Target(TargetKind.ABSOLUTE, 10_600, Portion.ALL),),
            time_exit=TimeExit(TimeExitKind.SESSIONS, 10),
        ),
        position_hint=0.125,
        most_stars=3,
        numbers={"support": 10_040, "resistance": 10_910, "most_stars": 3},
    )


def test_b3_2_a_small_body_is_no_turn() -> None:
    """B3-2: 50 of a range of 100 is less than 60."""
    assert confirm(after((10_130, 10_190, 10_090, 10_180, 1_000))) == NotYet(CoreCode.NO_BOUNCE)


def test_b3_3_a_target_that_does_not_pay_is_not_bought() -> None:
    """B3-3: 260 of reward for 400 of risk."""
    answer = confirm(after((10_230, 10_330, 10_180, 10_320, 1_000), ask=10_330))
    assert answer == NotYet(CoreCode.REWARD)


@pytest.mark.parametrize(
    ("low", "code"), [(9_939, CoreCode.NO_TOUCH), (9_940, None), (10_190, None), (10_191, CoreCode.NO_TOUCH)]
)
def test_the_low_must_touch_the_floor_and_not_break_it(low: int, code: Code | None) -> None:
    """From 9 939.6 to 10 190.6, with a bar that is all body."""
    close = low + 10
    answer = confirm(after((low, close, low, close, 1_000)), min_rr=1)
    assert answer == NotYet(code) if code else isinstance(answer, Signal)


def test_a_falling_bar_is_no_turn() -> None:
    """However large its body."""
    assert confirm(after((10_180, 10_190, 10_090, 10_110, 1_000))) == NotYet(CoreCode.NO_BOUNCE)


@pytest.mark.parametrize(("close", "code"), [(10_344, CoreCode.REWARD), (10_345, CoreCode.NO_TOUCH)])
def test_a_close_too_high_in_the_box_is_not_at_its_floor(close: int, code: Code) -> None:
    """The lowest 35 % end at 10 344.5; below that the reward decides."""
    assert confirm(after((10_100, close, 10_100, close, 1_000))) == NotYet(code)


def test_only_the_last_bar_counts() -> None:
    """A turn that is five minutes old is no turn."""
    late = (10_180, 10_190, 10_170, 10_175, 1_000)
    assert confirm(after(TURN, late)) == NotYet(CoreCode.NO_BOUNCE)


def test_it_does_not_chase() -> None:
    """The cap is 0.3 % above the close: 10 210."""
    assert confirm(after(TURN, ask=10_220)) == NotYet(CoreCode.CHASE)
    assert isinstance(confirm(after(TURN, ask=10_220), chase_bar=0.01, min_rr=1), Signal)


def test_an_ask_under_the_stop_is_no_bargain() -> None:
    """The floor is broken before the order went out."""
    assert confirm(after(TURN, ask=9_900)) == NotYet(CoreCode.REWARD)


def test_without_minute_bars_nothing_is_known() -> None:
    """A view that shows none permits nothing."""
    assert confirm(minute_view(last=10_180, day_open=10_180, base_price=10_250)) == NotYet(CoreCode.STALE_DATA)


# Managing


def manage(closes: list[int] | None, last: int) -> Management:
    built = strategy()
    assert isinstance(built, ManagingStrategy)
    view = minute_view(last=last, day_open=last, base_price=last, clock=dt.time(15, 15))
    if closes is not None:
        days = tuple(dt.date(2026, 1, 1) + dt.timedelta(n) for n in range(len(closes)))
        column = tuple(closes)
        view = replace(view, daily=DailyTail(SYMBOL, days, column, column, column, column, column))
    return built.manage(view, position())


@pytest.mark.parametrize(
    ("last", "answer"),
    [
        pytest.param(10_000, Exit(RangeCode.SQUEEZE), id="the day narrows them"),
        pytest.param(11_000, None, id="the day widens them: 0.087"),
    ],
)
def test_it_sells_when_the_bands_narrow(last: int, answer: Management) -> None:
    """At the end-of-day check, with the last price as the close."""
    assert manage([10_000] * 20, last) == answer


def test_the_day_itself_is_one_of_the_twenty() -> None:
    """The oldest of twenty closes before counts no more."""
    assert manage([12_000] + [10_000] * 19, 10_000) == Exit(RangeCode.SQUEEZE)
    assert manage([12_000] + [10_000] * 18, 10_000) is None


@pytest.mark.parametrize("closes", [None, [10_000] * 18])
def test_bands_that_are_not_known_sell_nothing(closes: list[int] | None) -> None:
    """The stop and the sessions remain."""
    assert manage(closes, 10_000) is None


# Parameters


@pytest.mark.parametrize(
    "wrong",
    [
        {"near": 0.004},
        {"squeeze": float("nan")},
        {"body_ratio": 0.91},
        {"stop_frac": 0.031},
        {"target_share": 0.49},
        {"min_rr": 0.9},
        {"max_sessions": 31},
        {"chase_bar": 0.011},
        {"box": {"n": 19}},
        {"box": {"width": 0.1}},
    ],
)
def test_a_value_out_of_range_or_unknown_is_refused(wrong: dict[str, object]) -> None:
    """The configuration is checked before anything runs."""
    with pytest.raises(ValidationError):
        Params.model_validate(wrong)


class TestContract(StrategyContract):
    """Everything that `kats check range-trading` looks at."""

    plugin = "range-trading"
