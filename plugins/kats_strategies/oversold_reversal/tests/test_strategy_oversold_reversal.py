"""What oversold reversal promises."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
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
    Instrument,
    Management,
    ManagingStrategy,
    NotYet,
    OnBar,
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
    position,
    setups_after,
)
from kats_strategy_oversold_reversal import DEFENSIVE, Params, ReversalCode, kats_register_strategies

SYMBOL = "017670"
YESTERDAY: DailyRow = (58_300, 58_700, 57_600, 58_200, 100_000)
"""The last day of the worked examples."""


def strategy(**params: object) -> Strategy:
    plugin = kats_register_strategies()
    return plugin.build(plugin.params(**params))


def closes(step: int = 1_200, back: int = 600) -> list[int]:
    """Forty closes that end at 58 200: two falls, then a smaller rise; the lower band ends at 57 447, RSI at 18.5."""
    found = [58_200]
    for i in range(39):
        found.append(found[-1] + (-back if i % 3 == 2 else step))
    return found[::-1]


def history(last: DailyRow = YESTERDAY, **changes: int) -> list[DailyRow]:
    days = [(close, close + 400, close - 400, close, 100_000) for close in closes(**changes)]
    return [*days[:-1], last]


def armed(days: Sequence[DailyRow | None], sector: str | None = "통신", **params: object) -> Setup | Code:
    instrument = Instrument(symbol=SYMBOL, sector=sector)
    return setups_after(strategy(**params), panel({SYMBOL: days}, instruments=[instrument]))[SYMBOL]


def turning(
    volume: int = 9_800, *, close: int = 58_700, opened: int = 58_400, before: int = 6, ask: int | None = None
) -> FrozenView:
    """Show six quiet bars of 6 000 shares that reached down to 57 900, then one that turns up."""
    quiet = [(58_500, 58_600, 58_300, 58_400, 6_000)] * before
    if quiet:
        quiet[0] = (58_500, 58_600, 57_900, 58_400, 6_000)
    return bars_view(
        [*quiet, (opened, max(close, opened), 58_400, close, volume)], minutes=5, base_price=58_200, ask=ask
    )


def confirm(view: FrozenView, **params: object) -> Confirmation:
    setup = armed(history(), "통신", **params)
    assert isinstance(setup, Setup)
    return strategy(**params).confirm(view, setup)


# Arming


def test_an_oversold_defensive_stock_waits_for_its_five_minute_bars() -> None:
    """The setup holds yesterday's close and low."""
    setup = armed(history())
    assert isinstance(setup, Setup)
    assert setup.trigger == OnBar(5)
    assert setup.numbers == {"prev_close": 58_200, "prev_low": 57_600}


def test_b4_2_a_low_that_did_not_touch_the_band_is_not_armed() -> None:
    """B4-2: 57 800 is more than half a percent above the band."""
    assert armed(history((58_300, 58_700, 57_800, 58_200, 1))) is ReversalCode.NO_BAND_TOUCH


def test_a_stock_that_is_not_oversold_is_not_armed() -> None:
    """Rises as large as the falls keep the RSI above 30."""
    assert armed(history(step=300, back=500)) is CoreCode.NOT_OVERSOLD


@pytest.mark.parametrize(("high", "is_armed"), [(58_800, True), (58_801, False)])
def test_the_close_must_lie_in_the_upper_half(high: int, is_armed: bool) -> None:
    """600 of 1 200 is half, and enough."""
    found = armed(history((58_300, high, 57_600, 58_200, 1)))
    assert isinstance(found, Setup) if is_armed else found is ReversalCode.WEAK_CLOSE


@pytest.mark.parametrize("sector", DEFENSIVE)
def test_the_exchanges_names_of_defensive_sectors_count(sector: str) -> None:
    """Since and before 2024."""
    assert isinstance(armed(history(), sector), Setup)


@pytest.mark.parametrize("sector", [None, "", "전기·전자", "통신장비"])
def test_any_other_sector_or_none_is_not_armed(sector: str | None) -> None:
    """Names are compared exactly."""
    assert armed(history(), sector) is ReversalCode.SECTOR


@pytest.mark.parametrize(("sector", "is_armed"), [(None, True), ("전기·전자", False)])
def test_an_assumed_sector_is_that_of_symbols_whose_own_nobody_knows(sector: str | None, is_armed: bool) -> None:
    """`assume: {sector: 음식료품}`; what the list of listings says counts more."""
    days = panel({SYMBOL: history()}, instruments=[Instrument(symbol=SYMBOL, sector=sector)])
    found = setups_after(strategy(), replace(days, assumed_sector="음식료품"))[SYMBOL]
    assert isinstance(found, Setup) if is_armed else found is ReversalCode.SECTOR


def test_conditions_are_tested_in_their_order() -> None:
    """The first that fails gives the code; the sector comes last."""
    assert armed(history((58_300, 58_700, 57_800, 58_200, 1)), None) is ReversalCode.NO_BAND_TOUCH


def test_the_operator_may_name_other_sectors() -> None:
    """In place of the usual ones."""
    assert isinstance(armed(history(), "보험", defensive=("보험",)), Setup)
    assert armed(history(), "통신", defensive=("보험",)) is ReversalCode.SECTOR


def test_thirty_five_bars_are_needed() -> None:
    """Fewer have no RSI that has settled."""
    assert armed(history()[-34:]) is CoreCode.WARMUP
    assert isinstance(armed(history()[-35:]), Setup)


def test_a_session_without_trading_arms_nothing() -> None:
    """The symbol has no bar to judge."""
    assert armed([*history(), None]) is CoreCode.STALE_DATA


# Confirming


def test_b4_1_buys_the_turn_on_volume() -> None:
    """B4-1: limit a tick above the ask, stop one tick under yesterday's low, out within two sessions."""
    signal = confirm(turning(ask=58_700))
    assert signal == Signal(
        trigger_price=58_700,
        reference=58_700,
        entry_limit=58_800,
        chase_cap=58_800,
        exits=ExitPlan(
            stop=57_500,
            targets=(Target(TargetKind.FRACTION, 0.03), Target(TargetKind.FRACTION, 0.05, Portion.ALL)),
            time_exit=TimeExit(TimeExitKind.SESSIONS, 2),
        ),
        position_hint=0.125,
        most_stars=3,
        numbers={"prev_close": 58_200, "prev_low": 57_600},
    )


@pytest.mark.parametrize(("volume", "is_enough"), [(8_900, False), (8_999, False), (9_000, True)])
def test_b4_3_the_turn_needs_volume(volume: int, is_enough: bool) -> None:
    """B4-3: 8 900 is 1.483 times the mean of 6 000; 1.5 times is enough."""
    answer = confirm(turning(volume))
    assert isinstance(answer, Signal) if is_enough else answer == NotYet(CoreCode.VOLUME)


def test_six_bars_must_have_gone_before() -> None:
    """At 09:30 there are five; a mean of fewer says nothing of the volume."""
    for before in (0, 5):
        assert confirm(turning(before=before)) == NotYet(CoreCode.VOLUME)


@pytest.mark.parametrize(
    ("opened", "close"),
    [pytest.param(58_700, 58_700, id="no rise"), pytest.param(58_400, 58_405, id="under the average price")],
)
def test_what_is_no_turn_waits(opened: int, close: int) -> None:
    """Above yesterday's close and on volume though it is."""
    assert confirm(turning(opened=opened, close=close)) == NotYet(CoreCode.NO_BOUNCE)


@pytest.mark.parametrize(("close", "is_above"), [(58_200, False), (58_300, True)])
def test_the_turn_must_regain_yesterdays_close(close: int, is_above: bool) -> None:
    """58 200 itself is not above it."""
    quiet = [(58_000, 58_000, 57_900, 58_000, 6_000)] * 6
    answer = confirm(bars_view([*quiet, (58_000, close, 58_000, close, 9_800)], minutes=5, base_price=58_200))
    assert isinstance(answer, Signal) if is_above else answer == NotYet(CoreCode.NO_BOUNCE)


def test_the_stop_is_never_farther_than_its_fraction() -> None:
    """3 % under a limit of 58 800 is 57 100 rounded up; a low far below does not widen it."""
    setup = armed(history((58_300, 58_700, 56_000, 58_200, 1)), close_position=0)
    assert isinstance(setup, Setup)
    answer = strategy().confirm(turning(ask=58_700), setup)
    assert isinstance(answer, Signal)
    assert answer.exits.stop == 57_100


def test_the_lower_of_both_lows_carries_the_stop() -> None:
    """The day itself went lower than yesterday: a tick under 57 200."""
    rows = [(58_500, 58_600, 57_200, 58_400, 6_000), *[(58_500, 58_600, 58_300, 58_400, 6_000)] * 5]
    lower = bars_view([*rows, (58_400, 58_700, 58_400, 58_700, 9_800)], minutes=5, base_price=58_200, ask=58_700)
    answer = confirm(lower)
    assert isinstance(answer, Signal)
    assert answer.exits.stop == 57_100


def test_it_does_not_chase() -> None:
    """The cap is 0.3 % above the close: 58 800."""
    assert confirm(turning(ask=58_900)) == NotYet(CoreCode.CHASE)


def test_an_ask_under_the_stop_is_no_bargain() -> None:
    """The turn has failed before the order went out."""
    assert confirm(turning(ask=57_400)) == NotYet(CoreCode.NO_BOUNCE)


def test_without_minute_bars_nothing_is_known() -> None:
    """A view that shows none permits nothing."""
    assert confirm(minute_view(last=58_700, day_open=58_400, base_price=58_200)) == NotYet(CoreCode.STALE_DATA)


# Managing


def manage(before: list[int] | None, last: int) -> Management:
    built = strategy()
    assert isinstance(built, ManagingStrategy)
    view = minute_view(last=last, day_open=last, base_price=last, clock=dt.time(15, 15))
    if before is not None:
        days = tuple(dt.date(2026, 1, 1) + dt.timedelta(n) for n in range(len(before)))
        column = tuple(before)
        view = replace(view, daily=DailyTail(SYMBOL, days, column, column, column, column, column))
    return built.manage(view, position())


@pytest.mark.parametrize(
    ("last", "answer"), [(10_014, Exit(ReversalCode.RSI_RECOVERED)), (10_013, None), (10_000, None)]
)
def test_it_sells_when_it_is_no_longer_oversold(last: int, answer: Management) -> None:
    """Fourteen changes, thirteen of them of one won down: a rise of 13 makes the RSI exactly 50, which is not above it."""
    assert manage([10_013 - n for n in range(14)], last) == answer


@pytest.mark.parametrize("before", [None, [10_000] * 5])
def test_an_rsi_that_is_not_known_sells_nothing(before: list[int] | None) -> None:
    """The stop and the sessions remain."""
    assert manage(before, 11_000) is None


# Parameters


@pytest.mark.parametrize(
    "wrong",
    [
        {"rsi_max": 14},
        {"band_touch": float("nan")},
        {"close_position": 1.1},
        {"volume_ratio": 0.9},
        {"stop_frac": 0.051},
        {"t1": 0.009},
        {"t2": 0.151},
        {"max_sessions": 6},
        {"chase_bar": 0.011},
        {"defensive": "통신"},
        {"sectors": ["통신"]},
    ],
)
def test_a_value_out_of_range_or_unknown_is_refused(wrong: dict[str, object]) -> None:
    """The configuration is checked before anything runs."""
    with pytest.raises(ValidationError):
        Params.model_validate(wrong)


class TestContract(StrategyContract):
    """Everything that `kats check oversold-reversal` looks at."""

    plugin = "oversold-reversal"
