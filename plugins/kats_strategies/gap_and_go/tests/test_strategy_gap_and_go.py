"""What gap and go promises."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from msgspec import structs
from pydantic import ValidationError

from kats_core.api import (
    MINUTE,
    Code,
    Confirmation,
    CoreCode,
    Exit,
    ExitPlan,
    ManagingStrategy,
    Never,
    NotYet,
    OnBar,
    Overlay,
    Setup,
    Signal,
    Strategy,
    Target,
    TargetKind,
    TimeExit,
    TimeExitKind,
    Trail,
    TrailMethod,
)
from kats_core.testing import HOURS, SESSION, DailyRow, FrozenView, bars_view, panel, position, setups_after
from kats_strategy_gap_and_go import GapCode, Params, kats_register_strategies

SYMBOL = "005930"
Row = tuple[int, int, int, int, int]

BARS: list[Row] = [
    (51_500, 51_900, 51_400, 51_800, 90_000),
    (51_800, 52_100, 51_700, 52_000, 60_000),
    (52_000, 52_300, 51_900, 52_200, 50_000),
    (52_200, 52_400, 52_000, 52_300, 40_000),
    (52_300, 52_300, 51_900, 52_000, 20_000),
    (52_000, 52_100, 51_800, 51_900, 15_000),
    (51_900, 52_000, 51_700, 51_800, 12_000),
    (51_800, 51_900, 51_700, 51_800, 10_000),
    (51_800, 51_900, 51_700, 51_900, 9_000),
    (51_900, 51_900, 51_700, 51_700, 8_000),
    (51_700, 51_800, 51_700, 51_800, 7_000),
    (51_800, 51_800, 51_600, 51_700, 7_000),
    (51_700, 51_800, 51_700, 51_800, 6_000),
    (51_800, 51_900, 51_700, 51_800, 6_000),
    (51_800, 51_800, 51_700, 51_700, 6_000),
    (51_700, 51_800, 51_700, 51_700, 6_000),
    (51_700, 51_800, 51_600, 51_700, 7_000),
    (51_700, 52_000, 51_700, 52_000, 16_000),
]
"""The minute bars of the worked examples, 09:00 to 09:17."""

SETUP = Setup(
    session=SESSION,
    instance="test",
    symbol=SYMBOL,
    trigger=OnBar(1),
    numbers={"prev_close": 50_000, "prev_high": 50_300, "v20": 1_000_000.0},
)
"""What was armed the evening before them."""

DAYS: list[DailyRow | None] = [(49_500, 50_300, 49_000, 50_000, 1_000_000)] * 21
"""Twenty-one sessions with a range of 2.6 % and 50 billion won each."""


def strategy(**params: object) -> Strategy:
    plugin = kats_register_strategies()
    return plugin.build(plugin.params(**params))


def armed(days: list[DailyRow | None], **params: object) -> Setup | Code:
    return setups_after(strategy(**params), panel({SYMBOL: days}))[SYMBOL]


def day(replace: dict[int, Row] | None = None, *, bars: list[Row] = BARS, ask: int | None = None) -> FrozenView:
    rows = [(replace or {}).get(n, row) for n, row in enumerate(bars)]
    return bars_view(rows, base_price=50_000, ask=ask)


def without(view: FrozenView, *minutes: int) -> FrozenView:
    """The day as a feed shows it that missed some minutes."""
    return dataclasses.replace(view, minutes=tuple(bar for n, bar in enumerate(view.minutes) if n not in minutes))


def traded_in(rows: list[Row], minutes: list[int]) -> FrozenView:
    """The day of a stock that traded only in these minutes."""
    view = day(bars=rows, ask=52_000)
    bars = tuple(
        structs.replace(bar, start=HOURS.open + n * MINUTE, end=HOURS.open + (n + 1) * MINUTE)
        for n, bar in zip(minutes, view.minutes, strict=True)
    )
    return dataclasses.replace(view, minutes=bars, bar=bars[-1], now=bars[-1].end)


def confirm(view: FrozenView, setup: Setup = SETUP, **params: object) -> Confirmation:
    return strategy(**params).confirm(view, setup)


# Arming


def test_a_setup_stores_what_the_open_is_held_against() -> None:
    """Yesterday's close and high, and the usual volume; every minute bar is looked at."""
    setup = armed(DAYS)
    assert isinstance(setup, Setup)
    assert setup.trigger == OnBar(1)
    assert setup.numbers == {"prev_close": 50_000, "prev_high": 50_300, "v20": 1_000_000.0}


@pytest.mark.parametrize(
    ("days", "code"),
    [
        pytest.param([*DAYS, None], CoreCode.STALE_DATA, id="no bar of its own on the last session"),
        pytest.param(DAYS[1:], CoreCode.WARMUP, id="twenty bars"),
        pytest.param([(50_000, 50_400, 49_500, 50_000, 1_000_000)] * 21, GapCode.ATR_SMALL, id="a range of 1.8 %"),
        pytest.param(
            [*DAYS[1:], (50_000, 50_300, 49_000, 49_950, 1_000_000)], CoreCode.BELOW_MA, id="below its average"
        ),
        pytest.param([(49_500, 50_300, 49_000, 50_000, 90_000)] * 21, GapCode.TURNOVER, id="4.5 billion won a day"),
    ],
)
def test_what_is_not_armed_says_why(days: list[DailyRow | None], code: Code) -> None:
    """The first condition that fails gives the code."""
    assert armed(days) is code


@pytest.mark.parametrize(("least", "is_armed"), [(0.026, True), (0.0261, False)])
def test_the_least_range_itself_is_enough(least: float, is_armed: bool) -> None:
    """An ATR of 1 300 is exactly 0.026 of 50 000."""
    found = armed(DAYS, min_atr_frac=least)
    assert isinstance(found, Setup) if is_armed else found is GapCode.ATR_SMALL


# Confirming


def test_s2_1_buys_the_turn_after_the_pullback() -> None:
    """S2-1: gap 0.03, volume 2.232 times the usual; limit 52 100 at the cap, stop one tick below the pullback."""
    signal = confirm(day(ask=52_000))
    assert isinstance(signal, Signal)
    assert signal.numbers["vwap"] == pytest.approx(51_905.955556, abs=1e-5)
    assert signal == Signal(
        trigger_price=52_000,
        reference=52_000,
        entry_limit=52_100,
        chase_cap=52_100,
        exits=ExitPlan(
            stop=51_500,
            targets=(Target(TargetKind.FRACTION, 0.03), Target(TargetKind.FRACTION, 0.05)),
            trail=Trail(TrailMethod.FIXED_PCT, 0.02),
            time_exit=TimeExit(TimeExitKind.CLOCK, dt.time(15, 15)),
        ),
        position_hint=0.125,
        slip_ticks=2,
        numbers=signal.numbers,
    )
    view = day()
    assert [view.ticks.rup(signal.entry_limit * (100 + more) // 100) for more in (3, 5)] == [53_700, 54_800]


def test_s2_2_a_close_at_the_high_before_is_no_turn() -> None:
    """S2-2: 51 800 is not above the high of the bar before."""
    assert confirm(day({17: (51_700, 51_800, 51_700, 51_800, 16_000)}, ask=51_800)) == NotYet(CoreCode.NO_BOUNCE)


def test_s2_3_a_gap_that_is_too_large_ends_the_day() -> None:
    """S2-3: 52 600 opens 0.052 above."""
    assert confirm(day({0: (52_600, 52_600, 51_400, 51_800, 90_000)})) == Never(CoreCode.GAP_RANGE)


@pytest.mark.parametrize(("day_open", "is_gap"), [(51_000, True), (50_950, False), (52_500, True), (52_550, False)])
def test_both_borders_of_the_gap_are_inside(day_open: int, is_gap: bool) -> None:
    """0.02 and 0.05 of 50 000, exactly."""
    first = (day_open, max(day_open, 51_900), min(day_open, 51_400), 51_800, 90_000)
    answer = confirm(day({0: first}, ask=52_000))
    assert (answer == Never(CoreCode.GAP_RANGE)) is not is_gap


@pytest.mark.parametrize(("usual", "is_enough"), [(1_116_129.0, True), (1_116_130.0, False)])
def test_the_first_quarter_of_an_hour_must_trade_twice_the_usual(usual: float, is_enough: bool) -> None:
    """346 000 shares until 09:15 are twice 0.155 of 1 116 129; what trades later does not count."""
    setup = structs.replace(SETUP, numbers={**SETUP.numbers, "v20": usual})
    answer = confirm(day(ask=52_000), setup)
    assert isinstance(answer, Signal) if is_enough else answer == NotYet(CoreCode.VOLUME)


def test_without_a_usual_volume_none_is_heavy() -> None:
    """Fail closed: nothing is any number of times zero."""
    setup = structs.replace(SETUP, numbers={**SETUP.numbers, "v20": 0.0})
    assert confirm(day(ask=52_000), setup) == NotYet(CoreCode.VOLUME)


def test_a_gap_that_was_filled_ends_the_day() -> None:
    """The day's low must stay above yesterday's close; the close itself fills it."""
    assert confirm(day({5: (52_000, 52_100, 50_000, 51_900, 15_000)})) == Never(GapCode.GAP_FILLED)
    assert isinstance(confirm(day({5: (52_000, 52_100, 50_050, 51_900, 15_000)}, ask=52_000)), Signal)


def test_without_a_pullback_there_is_nothing_to_turn_from() -> None:
    """Lows that stay 0.6 % above the average and far from yesterday's high."""
    high: list[Row] = [(52_500, 52_600, 52_400, 52_500, 100)] * 10
    assert confirm(day(bars=[*BARS[:15], *high, (52_500, 52_700, 52_500, 52_700, 900)])) == NotYet(GapCode.NO_PULLBACK)


def test_yesterdays_high_is_a_support_too() -> None:
    """The same lows, with a high of 52 300 before."""
    high: list[Row] = [(52_500, 52_600, 52_400, 52_500, 100)] * 10
    setup = structs.replace(SETUP, numbers={**SETUP.numbers, "prev_high": 52_300})
    view = day(bars=[*BARS[:15], *high, (52_500, 52_700, 52_500, 52_700, 900)])
    assert isinstance(confirm(view, setup), Signal)


def test_a_pullback_lies_in_ten_bars() -> None:
    """A stock that traded in fewer minutes since its open is not judged."""
    setup = structs.replace(SETUP, numbers={**SETUP.numbers, "v20": 100_000.0})
    few, enough = ([BARS[0], *BARS[-n:]] for n in (9, 10))
    assert confirm(traded_in(few, [0, *range(9, 18)]), setup, bounce_volume=1) == NotYet(GapCode.NO_PULLBACK)
    assert isinstance(confirm(traded_in(enough, [0, *range(8, 18)]), setup, bounce_volume=1), Signal)


@pytest.mark.parametrize(
    "last",
    [
        pytest.param((52_000, 52_000, 51_700, 52_000, 16_000), id="did not rise"),
        pytest.param((51_700, 51_900, 51_700, 51_850, 16_000), id="closed below the average"),
        pytest.param((51_700, 52_000, 51_700, 52_000, 9_359), id="1.3 times 7 200 is 9 360"),
    ],
)
def test_a_turn_needs_all_of_its_marks(last: Row) -> None:
    """Each of them alone is missing."""
    assert confirm(day({17: last})) == NotYet(CoreCode.NO_BOUNCE)


def test_a_bar_that_began_before_0915_is_not_bought() -> None:
    """It ends when the window opens; everything else about it would be right."""
    early = [*BARS[:14], (51_700, 52_100, 51_700, 52_100, 16_000)]
    setup = structs.replace(SETUP, numbers={**SETUP.numbers, "v20": 100_000.0})
    assert confirm(day(bars=early), setup) == NotYet(CoreCode.OUT_OF_WINDOW)
    later = [*early, (51_700, 51_800, 51_700, 51_700, 6_000), (51_700, 52_200, 51_700, 52_200, 16_000)]
    assert isinstance(confirm(day(bars=later), setup), Signal)


def test_the_first_minutes_must_be_known() -> None:
    """Shares that traded in a minute nobody saw end the day; a late start, too."""
    assert confirm(without(day(ask=52_000), 4)) == Never(GapCode.FEED_GAP)
    assert confirm(without(day(ask=52_000), 14)) == Never(GapCode.FEED_GAP)
    assert confirm(without(day(ask=52_000), *range(16))) == Never(GapCode.FEED_GAP)


def test_a_minute_without_trading_is_no_gap_of_the_feed() -> None:
    """The exchange's count of shares goes on where it was; a stock may also open late."""
    assert isinstance(confirm(traded_in(BARS, [*range(4), *range(5, 19)])), Signal)
    assert confirm(traded_in(BARS, [*range(15, 33)])) == NotYet(CoreCode.VOLUME)


def test_the_stop_is_the_nearer_of_two() -> None:
    """1 % below the limit of 52 100 is 51 579, nearer than a tick below the pullback."""
    signal = confirm(day(ask=52_000), stop_frac=0.01)
    assert isinstance(signal, Signal)
    assert signal.exits.stop == 51_600


def test_it_does_not_chase() -> None:
    """0.3 % above 52 000 is 52 156, on a tick 52 100."""
    assert confirm(day(ask=52_200)) == NotYet(CoreCode.CHASE)


# Managing

BELOW: list[Row] = [(51_800, 51_900, 51_700, 51_700, 5_000)] * 2


def managed(bars: list[Row], since: dt.time = dt.time(9, 18), reached: int = 0) -> object:
    built = strategy()
    assert isinstance(built, ManagingStrategy)
    held = structs.replace(
        position(symbol=SYMBOL, average=52_100, stop=51_500), opened_at=HOURS.at(since), reached=reached
    )
    return built.manage(day(bars=bars), held)


def test_two_closes_below_the_average_end_the_trade() -> None:
    """One is noise."""
    assert managed([*BARS, *BELOW[:1]]) is None
    assert managed([*BARS, *BELOW]) == Exit(CoreCode.VWAP_LOST)
    assert managed([*BARS, BELOW[0], (51_700, 52_000, 51_700, 52_000, 5_000), BELOW[1]]) is None


def test_only_closes_since_the_purchase_count() -> None:
    """The first of the two ended when the shares were bought."""
    assert managed([*BARS, *BELOW], since=dt.time(9, 19)) is None


def test_after_the_first_target_the_stop_decides() -> None:
    """It lies at break-even then."""
    assert managed([*BARS, *BELOW], reached=1) is None


# Parameters and traits


@pytest.mark.parametrize(
    "wrong",
    [
        {"gap_min": 0.05},
        {"rvol_min": 0.9},
        {"touch": float("nan")},
        {"t1": 0.05},
        {"stop_frac": 0.041},
        {"slip_ticks": 6},
        {"min_turnover": -1},
        {"gap": 0.03},
    ],
)
def test_a_value_out_of_range_or_unknown_is_refused(wrong: dict[str, object]) -> None:
    """The configuration is checked before anything runs."""
    with pytest.raises(ValidationError):
        Params.model_validate(wrong)


def test_the_traits_are_those_of_a_day_strategy_of_the_first_hour() -> None:
    """It alone buys from 09:15, and watches many outside the limit of its side."""
    traits = kats_register_strategies().traits
    assert traits.windows == ((dt.time(9, 15), dt.time(10, 30)),)
    assert (traits.code, traits.ttl_s, traits.side_limited, traits.trades_gaps) == ("S2", 120, False, True)
    assert traits.overlays == {Overlay.INDEX_SHOCK, Overlay.PULSE}
    assert Params().max_armed == 10
