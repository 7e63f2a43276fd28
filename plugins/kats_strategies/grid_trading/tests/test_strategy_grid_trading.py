"""What grid trading promises; how a grid lives in an engine is in `tests/engine/test_engine_grid_trading.py`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs
from pydantic import ValidationError

from kats_core.api import (
    Below,
    Code,
    Confirmation,
    CoreCode,
    ExitPlan,
    Fixed,
    Group,
    Lifetime,
    NotYet,
    PatternCode,
    Portion,
    Rearm,
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
    daily_view,
    minute_view,
    panel,
    path,
    setups_after,
)
from kats_strategy_grid_trading import GridCode, Params, kats_register_strategies

SYMBOL = "005930"
FLOOR, CEILING = 19_400, 21_000
ANCHORS = (
    (0, 20_200),
    (6, 19_500),
    (13, 20_850),
    (20, 19_500),
    (27, 20_850),
    (34, 19_500),
    (41, 20_850),
    (48, 19_500),
    (55, 20_850),
)


def strategy(**params: object) -> Strategy:
    plugin = kats_register_strategies()
    return plugin.build(plugin.params(**params))


def boxed(ceiling: int = CEILING, *, last: int = 20_200, end: int = 62) -> list[DailyRow]:
    """Return the box of the worked examples, squeezed between its floor and another ceiling."""

    def moved(price: int) -> int:
        return FLOOR + (price - FLOOR) * (ceiling - FLOOR) // (CEILING - FLOOR)

    days = path((*ANCHORS, (end, last)))
    return [(moved(o), moved(h), moved(low), moved(c), volume) for o, h, low, c, volume in days]


def armed(days: list[DailyRow], **params: object) -> Setup | Code:
    return setups_after(strategy(**params), panel({SYMBOL: days}))[SYMBOL]


def grid(**params: object) -> tuple[Setup, ...]:
    history = panel({SYMBOL: boxed()})
    answer = strategy(**params).arm(history)
    numbers = {name: column[-1, 0].item() for name, column in answer.numbers.items()}
    session = history.next_session[-1]
    assert session is not None
    return answer.of_cell(numbers, session=session, instance="test", symbol=SYMBOL)


def confirm(view: FrozenView, slot: int = 3, **params: object) -> Confirmation:
    levels = grid(**params)
    return strategy(**params).confirm(replace(view, setups=levels), levels[slot])


def at(last: int, free: tuple[int, ...] = (0, 1, 2, 3, 4)) -> FrozenView:
    return replace(minute_view(last=last, day_open=20_200, base_price=20_200), free_slots=free)


# Arming


def test_a_box_gives_a_grid_of_five_levels_that_live_on() -> None:
    """Each in its slot, until the grid is stopped or has held nothing for ten sessions; a level buys again once it sold."""
    levels = grid()
    assert [level.slot for level in levels] == [0, 1, 2, 3, 4]
    assert {level.lifetime for level in levels} == {Lifetime.UNTIL_CANCELLED}
    assert {level.rearm for level in levels} == {Rearm.AFTER_FLAT}
    assert {level.group for level in levels} == {Group(bar_after_stop=5, expire_when_flat=10)}
    assert levels[0].numbers == {"support": FLOOR, "resistance": CEILING, "levels": 10, "range_frac": 0.1}


def test_levels_wait_within_their_nearness() -> None:
    """0.3 % above 19 400, 19 560, 19 720, 19 880 and the fifth before it is rounded down to a tick: 20 040."""
    assert [level.trigger for level in grid()] == [
        Below(Fixed(price)) for price in (19_458, 19_618, 19_779, 19_939, 20_100)
    ]


def test_gr_4_a_step_that_does_not_pay_its_costs_is_not_armed() -> None:
    """GR-4: 124 of 20 020 is 0.00619."""
    assert armed(boxed(20_640)) is GridCode.STEP_SMALL


def test_gr_5_a_narrow_box_is_not_armed() -> None:
    """GR-5: a width of 0.0453."""
    assert armed(boxed(20_300)) is PatternCode.BOX_WIDTH


def test_an_rsi_far_from_the_middle_is_not_armed() -> None:
    """Thirteen days of falling within the box bring it to 34.0; eleven days to 35.4."""
    assert isinstance(armed(boxed(last=19_550, end=66)), Setup)
    assert armed(boxed(last=19_550, end=68)) is GridCode.RSI_EXTREME


def test_the_box_is_asked_before_the_rsi() -> None:
    """The first condition that fails gives the code."""
    assert armed(boxed(20_300, last=19_550, end=68)) is PatternCode.BOX_WIDTH


def test_sixty_bars_are_needed() -> None:
    """Fewer prove no range."""
    assert armed(boxed()[-59:]) is CoreCode.WARMUP
    assert isinstance(armed(boxed()[-60:]), Setup)


def test_a_session_without_trading_arms_nothing() -> None:
    """The symbol has no bar to judge."""
    history = panel({SYMBOL: [*boxed(), None]})
    assert setups_after(strategy(), history)[SYMBOL] is CoreCode.STALE_DATA


def test_a_part_of_the_box_leaves_the_rest_as_it_is() -> None:
    """A grid's own widths hold beside a number of bars that an operator sets."""
    box = Params.model_validate({"box": {"n": 50}}).box
    assert (box.n, box.width_min, box.width_max) == (50, 0.06, 0.20)


# Confirming


def test_gr_1_a_level_buys_at_its_price() -> None:
    """GR-1: 19 930 is at most 19 939.64; bought at 19 880, sold one step higher, stopped under the lowest level."""
    assert confirm(at(19_930)) == Signal(
        trigger_price=19_880,
        reference=19_880,
        entry_limit=19_880,
        chase_cap=19_880,
        exits=ExitPlan(
            stop=19_020,
            targets=(Target(TargetKind.ABSOLUTE, 20_050, Portion.ALL),),
            time_exit=TimeExit(TimeExitKind.SESSIONS, 20),
            near_frac=0.003,
        ),
        position_hint=0.05,
        slip_ticks=0,
        most_stars=3,
        numbers={"support": FLOOR, "resistance": CEILING, "levels": 10, "range_frac": 0.1, "level": 3},
    )


def test_gr_2_a_price_that_is_not_near_waits() -> None:
    """GR-2: 19 940 is above 19 939.64."""
    assert confirm(at(19_940)) == NotYet(CoreCode.NO_TOUCH)


def test_gr_3_each_level_sells_one_step_higher() -> None:
    """GR-3 and the levels beside it; at which price the sell is sent, the engine's tests show."""
    found = [confirm(at(19_450), slot) for slot in range(5)]
    prices = [(s.entry_limit, s.exits.targets[0].value, s.exits.stop) for s in found if isinstance(s, Signal)]
    assert prices == [
        (19_400, 19_560, 19_020),
        (19_560, 19_720, 19_020),
        (19_720, 19_880, 19_020),
        (19_880, 20_050, 19_020),
        (20_000, 20_200, 19_020),
    ]


def test_what_went_ex_is_taken_out_of_every_price() -> None:
    """With 300 won, GR-1 is bought at 19 580, sold at 19 750 and stopped at 18 720; at 19 640 its level is not near yet."""
    setup = structs.replace(grid()[3], dividends=300)
    answer = strategy().confirm(replace(at(19_630), setups=(setup,)), setup)
    assert isinstance(answer, Signal)
    assert (answer.entry_limit, answer.exits.targets[0].value, answer.exits.stop) == (19_580, 19_750, 18_720)
    assert strategy().confirm(replace(at(19_640), setups=(setup,)), setup) == NotYet(CoreCode.NO_TOUCH)


@pytest.mark.parametrize(("last", "answers"), [(20_050, True), (20_100, False)])
def test_nearness_is_counted_from_the_price_on_its_tick(last: int, answers: bool) -> None:
    """The fifth level buys at 20 000, so up to 20 060, although its trigger holds up to 20 100."""
    assert isinstance(confirm(at(last), 4), Signal) is answers


def test_a_daily_bar_that_reached_the_level_buys_at_its_price() -> None:
    """It shows no price between the trigger and its low; the limit is what the bar must reach."""
    answer = confirm(daily_view(day_open=20_000, level=20_100, low=19_900, base_price=20_200), 4)
    assert isinstance(answer, Signal)
    assert answer.entry_limit == 20_000


@pytest.mark.parametrize(("last", "code"), [(19_020, CoreCode.GRID_HALT), (19_030, None)])
def test_nothing_is_bought_where_the_grid_would_halt(last: int, code: Code | None) -> None:
    """A lot bought at the stop would be sold at once."""
    answer = confirm(at(last), 0)
    assert answer == NotYet(code) if code else isinstance(answer, Signal)


@pytest.mark.parametrize(("last", "code"), [(19_410, CoreCode.COLLAR), (19_420, None)])
def test_a_level_far_above_the_price_waits(last: int, code: Code | None) -> None:
    """20 000 is bought while that is no more than 3 % above the last price; the order gate would refuse it each minute."""
    answer = confirm(at(last), 4)
    assert answer == NotYet(code) if code else isinstance(answer, Signal)


@pytest.mark.parametrize(("free", "is_full"), [((2, 3, 4), False), ((3, 4), True)])
def test_a_grid_holds_no_more_than_its_share(free: tuple[int, ...], is_full: bool) -> None:
    """Three lots of a tenth are 0.30; a fourth is too much. Orders that wait count as lots."""
    answer = confirm(at(19_930, free), order_frac=0.1)
    if is_full:
        assert confirm(at(19_930, (3,)), order_frac=0.1) == NotYet(GridCode.GRID_FULL)
        assert answer == NotYet(GridCode.GRID_FULL)
    else:
        assert isinstance(answer, Signal)


def test_a_grid_keeps_the_levels_with_which_it_began() -> None:
    """Other parameters after a restart are those of the next grid."""
    began = grid()
    answer = strategy(levels=6, range_frac=0.06).confirm(replace(at(19_930), setups=began), began[3])
    assert isinstance(answer, Signal)
    assert (answer.entry_limit, answer.exits.targets[0].value) == (19_880, 20_050)


# Parameters


@pytest.mark.parametrize(
    "wrong",
    [
        {"levels": 7},
        {"levels": 2},
        {"range_frac": 0.21},
        {"order_frac": 0.005},
        {"max_frac": float("nan")},
        {"near": 0.011},
        {"halt_frac": 0.051},
        {"min_step": 0.004},
        {"max_sessions": 0},
        {"box": {"n": 121}},
        {"steps": 10},
    ],
)
def test_a_value_out_of_range_or_unknown_is_refused(wrong: dict[str, object]) -> None:
    """The configuration is checked before anything runs."""
    with pytest.raises(ValidationError):
        Params.model_validate(wrong)


class TestContract(StrategyContract):
    """Everything that `kats check grid-trading` looks at."""

    plugin = "grid-trading"
