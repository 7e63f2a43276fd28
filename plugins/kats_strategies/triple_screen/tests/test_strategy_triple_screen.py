"""What Triple Screen promises."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs
from pydantic import ValidationError

from kats_core.api import (
    Above,
    Code,
    Confirmation,
    CoreCode,
    DailyTail,
    Exit,
    Fixed,
    Management,
    Moment,
    NotYet,
    Panel,
    SellSignal,
    SessionHours,
    Setup,
    Signal,
    Target,
    TargetKind,
    Trail,
    TrailMethod,
)
from kats_core.testing import (
    SESSION,
    DailyRow,
    FrozenView,
    daily_view,
    minute_view,
    panel,
    path,
    position,
    setups_after,
)
from kats_strategy_triple_screen import TRAITS, Params, ScreenCode
from kats_strategy_triple_screen.strategy import TripleScreen

LEADER = "000660"
CROWD = [f"10{n:03d}0" for n in range(50)]
QUIET: DailyRow = (10_000, 10_050, 9_950, 10_000, 100_000)
RISING = [(0, 30_000), (300, 66_000), (430, 68_000), (455, 70_000)]
"""A rise that slowed down and gains speed again: the histogram is below zero and rises."""

FALLING = [(0, 30_000), (400, 68_000), (455, 70_000)]
"""A rise that slows down."""

WAVE: list[DailyRow] = [
    (70_000, 70_900, 69_900, 70_800, 1_200_000),
    (70_800, 71_300, 70_700, 71_200, 900_000),
    (71_200, 71_300, 70_300, 70_400, 800_000),
    (70_400, 70_500, 69_500, 69_800, 700_000),
    (69_800, 70_200, 69_300, 69_500, 650_000),
]
"""The last days of the worked examples."""

STRONG_CLOSE: DailyRow = (69_800, 71_400, 69_300, 71_300, 650_000)
MONDAY, FRIDAY = dt.date(2026, 3, 9), dt.date(2026, 3, 6)


def market(leader: list[DailyRow | None]) -> Panel:
    return panel({LEADER: leader, **dict.fromkeys(CROWD, [QUIET] * len(leader))})


def armed(leader: list[DailyRow | None], **params: object) -> Setup | Code:
    return setups_after(TripleScreen(Params.model_validate(params)), market(leader))[LEADER]


def leader(tide: list[tuple[int, int]] = RISING, wave: list[DailyRow] = WAVE) -> list[DailyRow | None]:
    return [*path(tide), *wave]


def confirm(view: FrozenView, **params: object) -> Confirmation:
    setup = armed(leader())
    assert isinstance(setup, Setup)
    return TripleScreen(Params.model_validate(params)).confirm(view, setup)


def at(last: int, ask: int) -> FrozenView:
    return minute_view(last=last, ask=ask, day_open=69_600, base_price=69_500)


# Arming


def test_the_force_index_of_the_examples() -> None:
    """Seeded with the mean of the first two: 660, -206.667, -348.889, -246.296 millions."""
    first: DailyRow = (70_000, 70_100, 69_900, 70_000, 1_000_000)
    force = panel({LEADER: [first, *WAVE]}).indicators.force(2)[:, 0]
    assert [round(float(value)) for value in force[2:]] == [660_000_000, -206_666_667, -348_888_889, -246_296_296]
    force = panel({LEADER: [first, *WAVE[:-1], STRONG_CLOSE]}).indicators.force(2)[:, 0]
    assert round(float(force[-1]) / 1e5) == 5_337


def test_s4_1_a_setback_in_a_rising_tide_is_armed() -> None:
    """S4-1: the histogram rises though it is below zero; the buy stop lies a tick above yesterday's high."""
    weekly = market(leader()).indicators.weekly
    now, before = (weeks.macd().histogram[-1, 0] for weeks in (weekly, weekly.ago(1)))
    assert before < now < 0
    setup = armed(leader())
    assert isinstance(setup, Setup)
    assert setup.trigger == Above(Fixed(70_201))
    assert setup.numbers == {"high": 70_200, "low": 69_300, "low_before": 69_500}


def test_s4_2_a_falling_tide_is_not_armed() -> None:
    """S4-2: the histogram is lower than the week before."""
    assert armed(leader(FALLING)) is ScreenCode.TIDE


def test_s4_3_without_a_setback_nothing_is_armed() -> None:
    """S4-3: the last close is 71 300, and the force index above zero."""
    assert armed(leader(wave=[*WAVE[:-1], STRONG_CLOSE])) is ScreenCode.NO_PULLBACK


def test_the_week_that_runs_is_not_read() -> None:
    """On Tuesday a collapse is part of the wave, not of the tide: it fails the average of 50 days."""
    collapse: list[DailyRow] = [*WAVE[:-1], (69_800, 69_900, 49_000, 49_000, 650_000)]
    assert armed(leader(wave=collapse)) is CoreCode.BELOW_MA


def test_below_its_average_nothing_is_armed() -> None:
    fallen: list[DailyRow] = [*WAVE[:-1], (69_800, 70_200, 66_000, 66_500, 650_000)]
    assert armed(leader(wave=fallen)) is CoreCode.BELOW_MA


def test_strength_must_be_known() -> None:
    """The leader is stronger than all others; among fewer than fifty nobody knows, whatever is asked."""
    assert isinstance(armed(leader(), rs_min=99), Setup)
    alone = panel({LEADER: leader()})
    assert setups_after(TripleScreen(Params(rs_min=0)), alone)[LEADER] is ScreenCode.RS_LOW


def test_450_bars_must_be_known() -> None:
    assert isinstance(armed(leader()[-450:]), Setup)
    assert armed(leader()[-449:]) is CoreCode.WARMUP


def test_long_averages_need_more_weeks() -> None:
    """Two neighbouring values with spans of 50 and 50 need a hundred completed weeks."""
    assert armed(leader()[-450:], macd=[5, 50, 50]) is CoreCode.WARMUP


def test_a_long_history_tells_the_same_as_a_short_one() -> None:
    """The tide is that of the last ninety completed weeks, bit for bit."""
    draws = np.random.default_rng(3)
    closes = np.rint(50_000 * np.exp(np.cumsum(draws.normal(0.0005, 0.02, 900)))).astype(int).tolist()
    rows: list[DailyRow] = [(c, c + 100, c - 100, c, 1_000) for c in closes]
    strategy = TripleScreen(Params())
    whole, recent = (strategy.arm(market(list(part))) for part in (rows, rows[-520:]))
    np.testing.assert_array_equal(whole.reasons[-60:], recent.reasons[-60:])


# Confirming


def test_s4_1_fires_above_yesterdays_high() -> None:
    """S4-1: buy stop 70 300, cap 71 700, limit 70 500, stop a tick below the lows of two days."""
    view = at(70_300, 70_400)
    signal = confirm(view)
    assert isinstance(signal, Signal)
    assert (signal.trigger_price, signal.chase_cap, signal.entry_limit) == (70_300, 71_700, 70_500)
    assert (signal.exits.stop, signal.position_hint, signal.pivot) == (69_200, 0.225, None)
    assert signal.exits.targets == (Target(TargetKind.FRACTION, 0.08), Target(TargetKind.FRACTION, 0.15))
    assert signal.exits.trail == Trail(TrailMethod.FIXED_PCT, 0.04)
    assert signal.exits.time_exit is None
    assert [view.ticks.rup(70_500 + 70_500 * percent // 100) for percent in (8, 15)] == [76_200, 81_100]


def test_yesterdays_high_itself_is_no_breakout() -> None:
    assert confirm(at(70_200, 70_300)) == NotYet(CoreCode.NO_BREAKOUT)


def test_a_gap_far_above_the_buy_stop_is_not_chased() -> None:
    """The cap is 71 700."""
    assert isinstance(confirm(at(71_700, 71_700)), Signal)
    assert confirm(at(71_800, 71_800)) == NotYet(CoreCode.CHASE)


def test_low_lows_leave_the_stop_at_its_distance() -> None:
    """Five percent below the buy stop: 66 785, on a tick 66 800."""
    setup = armed(leader())
    assert isinstance(setup, Setup)
    setup = structs.replace(setup, numbers={**setup.numbers, "low_before": 60_000})
    signal = TripleScreen(Params()).confirm(at(70_300, 70_400), setup)
    assert isinstance(signal, Signal)
    assert signal.exits.stop == 66_800


def test_a_daily_bar_buys_at_the_buy_stop() -> None:
    signal = confirm(daily_view(day_open=69_600, level=70_300, low=69_500, base_price=69_500))
    assert isinstance(signal, Signal)
    assert (signal.reference, signal.entry_limit) == (70_300, 70_400)


# Holding


def managed(
    tide: list[tuple[int, int]], session: dt.date = MONDAY, bars: int = 455, reached: int = 0, known: bool = True
) -> Management:
    """Ask on the morning of a session about a position, after daily bars that end on its eve."""
    history = panel({LEADER: path(tide)[-bars:]}, armed_for=session)
    close = tuple(history.close[:, 0].tolist())
    tail = DailyTail(LEADER, history.sessions, close, close, close, close, close)
    hours = SessionHours.from_clocks(session, dt.time(9, 0), dt.time(15, 30))
    view = minute_view(last=70_000, day_open=70_000, base_price=70_000, hours=hours)
    held = structs.replace(position(), reached=reached)
    return TripleScreen(Params()).manage(replace(view, daily=tail if known else None), held)


def test_a_tide_that_turned_is_sold_at_the_next_opening() -> None:
    assert managed(FALLING) == Exit(ScreenCode.TIDE_TURNED)
    assert TRAITS.manages_at == {Moment.OPEN}


@pytest.mark.parametrize("session", [SESSION, FRIDAY])
def test_within_a_week_nothing_turns(session: dt.date) -> None:
    """Only the completion of a week counts."""
    assert managed(FALLING, session) is None


def test_what_reached_its_first_target_is_kept() -> None:
    assert managed(FALLING, reached=1) is None


def test_a_rising_tide_is_kept() -> None:
    assert managed(RISING) is None


def test_what_is_not_known_does_not_sell() -> None:
    """Without daily bars, or with fewer than ninety weeks; the stop stands anyway."""
    assert managed(FALLING, known=False) is None
    assert managed(FALLING, bars=300) is None


def test_the_tide_that_turns_is_the_one_that_was_bought() -> None:
    """On each Monday `manage` sells exactly where `arm` sees a lower histogram."""
    draws = np.random.default_rng(5)
    closes = np.rint(50_000 * np.exp(np.cumsum(draws.normal(0.0005, 0.02, 700)))).astype(int).tolist()
    rows: list[DailyRow] = [(c, c, c, c, 1_000) for c in closes]
    history = panel({LEADER: rows}, armed_for=MONDAY)
    weekly = history.indicators.weekly
    now, before = (weeks.macd(memory=89).histogram[:, 0] for weeks in (weekly, weekly.ago(1)))
    seen = set()
    for row in range(560, 699):
        following = history.next_session[row]
        assert following is not None
        if following.isocalendar()[:2] == history.sessions[row].isocalendar()[:2]:
            continue
        close = tuple(closes[row - 499 : row + 1])
        tail = DailyTail(LEADER, history.sessions[row - 499 : row + 1], close, close, close, close, close)
        hours = SessionHours.from_clocks(following, dt.time(9, 0), dt.time(15, 30))
        view = replace(minute_view(last=50_000, day_open=50_000, base_price=50_000, hours=hours), daily=tail)
        answer = TripleScreen(Params()).manage(view, position())
        assert (answer == Exit(ScreenCode.TIDE_TURNED)) is bool(now[row] < before[row])
        seen.add(answer)
    assert len(seen) == 2


# Parameters and traits


@pytest.mark.parametrize(
    "wrong",
    [
        {"macd": [26, 12, 9]},
        {"macd": [12, 12, 9]},
        {"macd": [4, 26, 9]},
        {"macd": [12, 51, 9]},
        {"macd": [12, 26]},
        {"force_period": 1},
        {"rs_min": 100},
        {"chase": 0.051},
        {"stop_frac": 0.01},
        {"t1": 0.5},
        {"rs": 50},
    ],
)
def test_a_value_out_of_range_or_unknown_is_refused(wrong: dict[str, object]) -> None:
    """The configuration is checked before anything runs."""
    with pytest.raises(ValidationError):
        Params.model_validate(wrong)


def test_the_traits_are_those_of_section_1_6() -> None:
    """A swing strategy that pyramids and sells at five signals: there is no pivot that could fail."""
    assert TRAITS.pyramids
    assert TRAITS.sell_signals == set(SellSignal) - {SellSignal.BREAKOUT_FAILURE}
    assert (TRAITS.ttl_s, TRAITS.bars_needed) == (300, 450)
