"""What volatility breakout promises."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from pydantic import ValidationError

from kats_core.api import (
    Above,
    Code,
    Confirmation,
    CoreCode,
    DayOpen,
    ExitPlan,
    Never,
    NotYet,
    Setup,
    Signal,
    Strategy,
    TimeExit,
    TimeExitKind,
)
from kats_core.testing import (
    HOURS,
    SESSION,
    DailyRow,
    FrozenView,
    StrategyContract,
    daily_view,
    minute_view,
    panel,
    setups_after,
)
from kats_strategy_volatility_breakout import BreakoutCode, Params, kats_register_strategies

SYMBOL = "005930"
DAY: DailyRow = (25_000, 25_600, 24_700, 25_400, 100_000)
"""Yesterday of the worked examples: a range of 0.0354."""


def strategy(**params: object) -> Strategy:
    plugin = kats_register_strategies()
    return plugin.build(plugin.params(**params))


def armed(*days: DailyRow | None, **params: object) -> Setup | Code:
    return setups_after(strategy(**params), panel({SYMBOL: days}))[SYMBOL]


def confirm(view: FrozenView, day: DailyRow = DAY, **params: object) -> Confirmation:
    setup = armed(day, **params)
    assert isinstance(setup, Setup)
    return strategy(**params).confirm(view, setup)


def at(last: int, day_open: int = 25_000, ask: int | None = None) -> FrozenView:
    return minute_view(last=last, ask=ask, day_open=day_open, base_price=25_400, clock=dt.time(9, 30))


# Arming


def test_a_setup_waits_above_the_open_and_stores_its_numbers() -> None:
    """Half of yesterday's range of 900 above the open, whatever the open will be."""
    setup = armed(DAY)
    assert isinstance(setup, Setup)
    assert setup.session == SESSION
    assert setup.trigger == Above(DayOpen(450))
    assert setup.numbers == {
        "prev_high": 25_600,
        "prev_low": 24_700,
        "prev_close": 25_400,
        "range": 900,
        "offset": 450,
    }


def test_vb_3_a_quiet_day_is_not_armed() -> None:
    """VB-3: a range of 0.0079 is under 0.01."""
    assert armed((25_250, 25_400, 25_200, 25_300, 100_000)) is BreakoutCode.RANGE_SMALL


@pytest.mark.parametrize(("low", "is_armed"), [(24_750, True), (24_751, False)])
def test_the_smallest_range_itself_is_enough(low: int, is_armed: bool) -> None:
    """250 of 25 000 is exactly 0.01."""
    assert isinstance(armed((25_000, 25_000, low, 25_000, 1)), Setup) is is_armed


@pytest.mark.parametrize(
    ("close", "answer"), [(25_400, BreakoutCode.BELOW_MA), (25_399, BreakoutCode.BELOW_MA), (25_401, None)]
)
def test_the_filter_wants_a_close_above_the_average_of_own_bars(close: int, answer: Code | None) -> None:
    """Strictly above; a session without trading is no bar and counts for nothing."""
    last: DailyRow = (25_000, 25_600, 24_700, close, 1)
    found = armed(DAY, None, last, ma_filter=2)
    assert found is answer if answer else isinstance(found, Setup)


def test_the_filter_needs_as_many_bars_as_it_averages() -> None:
    """Two bars are no average of three."""
    assert armed(DAY, None, DAY, ma_filter=3) is CoreCode.WARMUP


def test_a_symbol_without_a_bar_of_its_own_is_never_armed() -> None:
    """Not even where the operator asks for no range at all."""
    assert armed(DAY, None, min_range=0) is CoreCode.STALE_DATA


@pytest.mark.parametrize(("k", "offset"), [(0.3, 271), (0.45, 406), (0.5, 451), (0.6, 541)])
def test_the_offset_is_exact_and_rounded_up(k: float, offset: int) -> None:
    """A range of 901: 270.3, 405.45, 450.5, 540.6."""
    setup = armed((25_000, 25_601, 24_700, 25_400, 1), k=k)
    assert isinstance(setup, Setup)
    assert setup.numbers["offset"] == offset


# Confirming, on minute bars


def test_vb_1_fires_at_the_level() -> None:
    """VB-1: level 25 450, cap 25 550, limit one tick above the ask, stop 2 % below the open, out at 15:15."""
    signal = confirm(at(25_450))
    assert signal == Signal(
        trigger_price=25_450,
        reference=25_450,
        entry_limit=25_500,
        chase_cap=25_550,
        exits=ExitPlan(stop=24_500, time_exit=TimeExit(TimeExitKind.CLOCK, dt.time(15, 15))),
        position_hint=0.15,
        numbers={
            "prev_high": 25_600,
            "prev_low": 24_700,
            "prev_close": 25_400,
            "range": 900,
            "offset": 450,
            "day_open": 25_000,
        },
    )


def test_vb_2_waits_below_the_level() -> None:
    """VB-2: a tick below it, also when the ask is at the level."""
    assert confirm(at(25_400, ask=25_450)) == NotYet(CoreCode.NO_BREAKOUT)


def test_vb_4_does_not_chase() -> None:
    """VB-4: the ask of 25 600 is above the cap of 25 550; it may come back."""
    assert confirm(at(25_600)) == NotYet(CoreCode.CHASE)


def test_the_limit_never_exceeds_the_cap() -> None:
    """At an ask of 25 550 the tick of slippage is left away."""
    signal = confirm(at(25_550))
    assert isinstance(signal, Signal)
    assert (signal.reference, signal.entry_limit) == (25_550, 25_550)


@pytest.mark.parametrize(("day_open", "is_allowed"), [(21_000, True), (21_050, False), (19_000, True), (18_990, False)])
def test_a_gap_above_five_percent_ends_the_day(day_open: int, is_allowed: bool) -> None:
    """Of a close of 20 000, in both directions; the border itself is allowed."""
    day: DailyRow = (20_000, 20_100, 19_700, 20_000, 1)
    answer = confirm(minute_view(last=day_open + 250, day_open=day_open, base_price=20_000), day)
    assert isinstance(answer, Signal) if is_allowed else answer == Never(BreakoutCode.GAP_RANGE)


def test_the_level_is_asked_before_the_gap() -> None:
    """The first condition that fails gives the code."""
    assert confirm(at(24_000, day_open=24_000)) == NotYet(CoreCode.NO_BREAKOUT)


def test_a_stop_too_far_below_the_limit_ends_the_day() -> None:
    """A wide range puts the level at 26 250; 24 000 is 8.7 % below the limit."""
    wide: DailyRow = (25_000, 26_500, 24_000, 25_400, 1)
    assert confirm(at(26_250), wide, stop_frac=0.04) == Never(CoreCode.STOP_TOO_WIDE)


# Confirming, on daily bars (spec BM-1 to BM-4)


@pytest.mark.parametrize(
    ("day_open", "low", "limit"),
    [
        pytest.param(25_000, 24_800, 25_500, id="BM-1: at the level, with the tick of slippage"),
        pytest.param(25_550, 25_400, 25_550, id="BM-2: at the open, which is the cap"),
        pytest.param(25_700, 25_500, 25_550, id="BM-3: came back to the cap"),
        pytest.param(25_700, 25_600, None, id="BM-4: never came back"),
    ],
)
def test_a_daily_bar_gives_what_its_prices_allow(day_open: int, low: int, limit: int | None) -> None:
    """The level of the examples is fixed at 25 450, so the offset follows the open."""
    setup = armed(DAY)
    assert isinstance(setup, Setup)
    setup = structs.replace(setup, numbers={**setup.numbers, "offset": 25_450 - day_open})
    view = daily_view(day_open=day_open, level=25_450, low=low, base_price=25_400)
    answer = strategy().confirm(view, setup)
    if limit is None:
        assert answer == NotYet(CoreCode.CHASE)
    else:
        assert isinstance(answer, Signal)
        assert answer.entry_limit == limit


# Parameters


@pytest.mark.parametrize(
    "wrong",
    [
        {"k": 0.29},
        {"k": float("nan")},
        {"min_range": 0.051},
        {"stop_frac": 0.005},
        {"ma_filter": 61},
        {"chase": -0.001},
        {"kk": 0.5},
    ],
)
def test_a_value_out_of_range_or_unknown_is_refused(wrong: dict[str, object]) -> None:
    """The configuration is checked before anything runs."""
    with pytest.raises(ValidationError):
        Params.model_validate(wrong)


# Properties


@st.composite
def daily_rows(draw: st.DrawFn) -> DailyRow:
    low = draw(st.integers(1_000, 600_000))
    high = low + draw(st.integers(0, low // 5))
    first, last = draw(st.integers(low, high)), draw(st.integers(low, high))
    return first, high, low, last, draw(st.integers(1, 10**7))


HISTORIES = st.lists(st.none() | daily_rows(), min_size=1, max_size=6)
PARAMS = st.fixed_dictionaries(
    {"k": st.sampled_from([0.3, 0.45, 0.5, 0.6]), "ma_filter": st.integers(0, 5), "min_range": st.floats(0, 0.05)}
)


@given(HISTORIES, HISTORIES, HISTORIES, PARAMS)
def test_arming_is_blind_to_the_future(
    past: list[DailyRow | None],
    future: list[DailyRow | None],
    other: list[DailyRow | None],
    params: dict[str, object],
) -> None:
    """Neither cutting later rows off nor replacing them changes an earlier answer."""
    rows = len(past)
    alone, known, changed = (strategy(**params).arm(panel({SYMBOL: past + rest})) for rest in ([], future, other))
    for answer in (known, changed):
        assert answer.codes == alone.codes
        np.testing.assert_array_equal(answer.reasons[:rows], alone.reasons)
        for name, column in alone.numbers.items():
            np.testing.assert_array_equal(answer.numbers[name][:rows], column)


@given(daily_rows(), st.integers(-60, 60), st.integers(0, 6), st.integers(0, 5), st.sampled_from([0.3, 0.45, 0.5, 0.6]))
def test_a_signal_is_orderable(day: DailyRow, gap: int, ticks_above: int, slip_ticks: int, k: float) -> None:
    """Every price is on a tick, the stop below the limit and not too far, the limit at most the cap."""
    close = day[3]
    here = minute_view(last=close, day_open=close, base_price=close)
    day_open = here.ticks.rup(close + close * gap // 1000)
    level = here.ticks.rup(day_open + (day[1] - day[2]) * Fraction(str(k)))
    last = here.ticks.up(level, ticks_above)
    view = minute_view(last=last, day_open=day_open, base_price=close)
    answer = confirm(view, day, k=k, slip_ticks=slip_ticks, min_range=0)
    if isinstance(answer, Signal):
        prices = (answer.trigger_price, answer.reference, answer.entry_limit, answer.chase_cap, answer.exits.stop)
        assert all(map(view.ticks.is_on_tick, prices))
        assert answer.trigger_price == level
        assert answer.exits.stop < answer.entry_limit <= answer.chase_cap
        assert Fraction(answer.entry_limit - answer.exits.stop, answer.entry_limit) <= Fraction(5, 100)
    else:
        assert answer.code in {CoreCode.CHASE, CoreCode.STOP_TOO_WIDE, BreakoutCode.GAP_RANGE}


def test_the_traits_are_those_of_a_day_strategy_of_the_morning() -> None:
    """Flat by 15:15, which lies behind every entry window."""
    ((start, end),) = kats_register_strategies().traits.windows
    assert HOURS.open < HOURS.at(start) < HOURS.at(end) < HOURS.eod_check


class TestContract(StrategyContract):
    """Everything that `kats check volatility-breakout` looks at."""

    plugin = "volatility-breakout"
