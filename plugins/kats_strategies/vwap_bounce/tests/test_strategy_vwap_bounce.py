"""What VWAP bounce promises."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest
from msgspec import structs
from pydantic import ValidationError

from kats_core.api import (
    Code,
    Confirmation,
    CoreCode,
    Exit,
    ExitPlan,
    ManagingStrategy,
    NotYet,
    OnBar,
    Panel,
    Position,
    Setup,
    SideTable,
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
from kats_strategy_vwap_bounce import BounceCode, Params, kats_register_strategies

SYMBOL = "005930"
Row = tuple[int, int, int, int, int]

BARS: list[Row] = [
    (79_500, 79_900, 79_400, 79_800, 60_000),
    (79_800, 80_100, 79_700, 80_000, 45_000),
    (80_000, 80_300, 79_900, 80_200, 40_000),
    (80_200, 80_500, 80_100, 80_400, 35_000),
    (80_400, 80_500, 80_200, 80_300, 25_000),
    (80_300, 80_400, 80_100, 80_200, 20_000),
    (80_200, 80_300, 80_000, 80_100, 20_000),
    (80_100, 80_200, 79_900, 80_000, 18_000),
    (80_000, 80_100, 79_900, 80_000, 15_000),
    (80_000, 80_100, 79_900, 79_900, 15_000),
    (79_900, 80_100, 79_900, 80_100, 18_000),
    (80_100, 80_300, 80_000, 80_200, 22_000),
]
"""The three-minute bars of the worked examples, from 09:00."""

DAYS: list[DailyRow | None] = [
    *[(79_000, 79_500, 78_500, 79_000, 1_000_000)] * 20,
    (79_000, 79_600, 78_900, 79_500, 1_000_000),
]
"""Twenty-one sessions of 79 billion won each, the last one above the average."""


def strategy(**params: object) -> Strategy:
    plugin = kats_register_strategies()
    return plugin.build(plugin.params(**params))


def history(days: list[DailyRow | None], *, institutions: float = 50_000, foreigners: float = 50_000) -> Panel:
    """Daily bars with the same net buying in each of the last five sessions, in shares."""
    bars = panel({SYMBOL: days})
    five = np.array(bars.sessions[-5:], dtype="datetime64[D]")
    flows = SideTable(
        name="flows",
        symbols=(SYMBOL,),
        symbol=np.zeros(len(five), dtype=np.int32),
        period=five,
        available_from=five,
        columns={
            "inst_net_shares": np.full(len(five), institutions),
            "foreign_net_shares": np.full(len(five), foreigners),
        },
        source="test",
    )
    return dataclasses.replace(bars, tables={"flows": flows})


def armed(bars: Panel, **params: object) -> Setup | Code:
    return setups_after(strategy(**params), bars)[SYMBOL]


def confirm(view: FrozenView, **params: object) -> Confirmation:
    setup = armed(history(DAYS), **params)
    assert isinstance(setup, Setup)
    return strategy(**params).confirm(view, setup)


def day(replace: dict[int, Row] | None = None, *, bars: list[Row] = BARS, ask: int = 80_200) -> FrozenView:
    rows = [(replace or {}).get(n, row) for n, row in enumerate(bars)]
    return bars_view(rows, minutes=3, base_price=79_500, ask=ask)


def held(since: dt.time) -> Position:
    return structs.replace(position(symbol=SYMBOL, average=80_300, stop=79_700), opened_at=HOURS.at(since))


# Arming


def test_a_strong_stock_that_both_buy_waits_for_each_bar() -> None:
    """Three minutes, or what the operator says; nothing needs to be stored."""
    setup = armed(history(DAYS))
    assert isinstance(setup, Setup)
    assert setup.trigger == OnBar(3)
    other = armed(history(DAYS), bar_minutes=5)
    assert isinstance(other, Setup)
    assert other.trigger == OnBar(5)


@pytest.mark.parametrize(
    ("bars", "code"),
    [
        pytest.param(history([*DAYS, None]), CoreCode.STALE_DATA, id="no bar of its own on the last session"),
        pytest.param(history(DAYS[1:]), CoreCode.WARMUP, id="twenty bars"),
        pytest.param(history([DAYS[0]] * 21), CoreCode.BELOW_MA, id="a close at its average is not above it"),
        pytest.param(history(DAYS, foreigners=-1), BounceCode.FLOW, id="foreigners sold"),
        pytest.param(history(DAYS, institutions=float("nan")), BounceCode.FLOW, id="one side is not known"),
        pytest.param(panel({SYMBOL: DAYS}), BounceCode.FLOW, id="no flows at all"),
    ],
)
def test_what_is_not_armed_says_why(bars: Panel, code: Code) -> None:
    """The first condition that fails gives the code; a flow that is missing permits nothing."""
    assert armed(bars) is code


@pytest.mark.parametrize(("least", "is_armed"), [(79_025_000_000, True), (79_025_000_001, False)])
def test_the_least_turnover_itself_is_enough(least: int, is_armed: bool) -> None:
    """The mean of 20 sessions, to the won."""
    found = armed(history(DAYS), min_turnover=least)
    assert isinstance(found, Setup) if is_armed else found is BounceCode.TURNOVER


# Confirming


def test_s5_1_buys_the_turn_at_the_average_price() -> None:
    """S5-1: average 80 048.1, limit 80 300, stop 79 700, a third each at two and four times the risk of 600."""
    signal = confirm(day())
    assert isinstance(signal, Signal)
    assert signal.numbers["vwap"] == pytest.approx(80_048.148148, abs=1e-5)
    assert signal == Signal(
        trigger_price=80_200,
        reference=80_200,
        entry_limit=80_300,
        chase_cap=80_400,
        exits=ExitPlan(
            stop=79_700,
            targets=(Target(TargetKind.R, 2), Target(TargetKind.R, 4)),
            trail=Trail(TrailMethod.FIXED_PCT, 0.03),
            time_exit=TimeExit(TimeExitKind.CLOCK, dt.time(15, 15)),
        ),
        position_hint=0.25,
        numbers=signal.numbers,
    )
    risk = signal.entry_limit - signal.exits.stop
    assert [signal.entry_limit + times * risk for times in (2, 4)] == [81_500, 82_700]


@pytest.mark.parametrize(
    ("replace", "code"),
    [
        pytest.param({11: (80_000, 80_200, 80_000, 80_100, 22_000)}, CoreCode.NO_BOUNCE, id="S5-2: no higher close"),
        pytest.param({9: (80_000, 80_100, 79_700, 79_900, 15_000)}, BounceCode.PIERCED, id="S5-3: through the average"),
        pytest.param({10: (79_900, 80_000, 79_900, 80_000, 18_000)}, BounceCode.WEAK, id="S5-4: 8 of 12 bars above"),
        pytest.param(
            {n: (80_500, 80_600, 80_500, 80_550 + n, 1) for n in (9, 10, 11)}, CoreCode.NO_TOUCH, id="came not back"
        ),
        pytest.param(
            {11: (80_100, 80_900, 80_000, 80_900, 22_000)}, BounceCode.TOO_FAR, id="more than 1 % above the average"
        ),
        pytest.param(
            {11: (80_100, 80_300, 80_000, 80_200, 1)}, BounceCode.VWAP_FALLING, id="nobody buys: a lower average"
        ),
    ],
)
def test_the_first_condition_that_fails_gives_the_code(replace: dict[int, Row], code: Code) -> None:
    """Each may still be met by a later bar."""
    assert confirm(day(replace)) == NotYet(code)


def test_ten_bars_make_a_day_that_can_be_judged() -> None:
    """Before the tenth there is nothing to come back to."""
    assert confirm(day(bars=BARS[:8] + BARS[11:])) == NotYet(CoreCode.NO_BOUNCE)
    assert isinstance(confirm(day(bars=BARS[:8] + BARS[10:])), Signal)


@pytest.mark.parametrize(("ask", "limit"), [(80_300, 80_400), (80_400, 80_400), (80_500, None)])
def test_the_limit_never_exceeds_the_cap(ask: int, limit: int | None) -> None:
    """0.3 % above the close of 80 200 is 80 440, on a tick 80 400; above it there is no signal now."""
    answer = confirm(day(ask=ask))
    assert answer == NotYet(CoreCode.CHASE) if limit is None else isinstance(answer, Signal)
    if isinstance(answer, Signal):
        assert answer.entry_limit == limit


def test_the_cap_is_the_operators() -> None:
    """Without room above the close the ask itself is the limit."""
    signal = confirm(day(), chase_bar=0)
    assert isinstance(signal, Signal)
    assert (signal.entry_limit, signal.chase_cap) == (80_200, 80_200)


# Managing

BELOW: Row = (80_200, 80_200, 79_900, 79_900, 20_000)


def managed(view: FrozenView, since: dt.time) -> object:
    built = strategy()
    assert isinstance(built, ManagingStrategy)
    return built.manage(view, held(since))


def test_a_bar_that_closes_below_the_average_ends_the_trade() -> None:
    """Also when it is seen only after its end, because its last minute did not trade."""
    view = day(bars=[*BARS, BELOW])
    assert managed(view, dt.time(9, 37)) == Exit(CoreCode.VWAP_LOST)
    later = dataclasses.replace(view, now=HOURS.at(dt.time(9, 41)))
    assert managed(later, dt.time(9, 37)) == Exit(CoreCode.VWAP_LOST)


def test_a_close_above_the_average_holds_on() -> None:
    """The last bar of the example closes above it."""
    assert managed(day(), dt.time(9, 33)) is None


def test_what_closed_before_the_purchase_does_not_count() -> None:
    """The bar that ended when the shares were bought is none of theirs, nor is a day without bars."""
    view = day(bars=[*BARS, BELOW])
    assert managed(view, dt.time(9, 39)) is None
    assert managed(dataclasses.replace(view, minutes=()), dt.time(9, 37)) is None


# Parameters and traits


@pytest.mark.parametrize(
    "wrong",
    [
        {"bar_minutes": 0},
        {"above_share": 0.49},
        {"touch": float("nan")},
        {"stop_frac": 0.011},
        {"t1_r": 4},
        {"min_turnover": -1},
        {"chase_bar": 0.011},
        {"vwap": 1},
    ],
)
def test_a_value_out_of_range_or_unknown_is_refused(wrong: dict[str, object]) -> None:
    """The configuration is checked before anything runs."""
    with pytest.raises(ValidationError):
        Params.model_validate(wrong)


def test_the_traits_are_those_of_a_day_strategy_of_the_best_hour() -> None:
    """09:30 to 10:30, flat by 15:15, asked for its position at each minute."""
    traits = kats_register_strategies().traits
    assert traits.windows == ((dt.time(9, 30), dt.time(10, 30)),)
    assert (traits.code, traits.ttl_s, traits.manage_every_min, traits.needs_minute_bars) == ("S5", 120, 1, True)
    assert HOURS.session == SESSION
