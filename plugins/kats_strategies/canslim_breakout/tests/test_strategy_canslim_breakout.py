"""What CAN SLIM breakout promises."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from kats_core.api import (
    Above,
    Code,
    Confirmation,
    CoreCode,
    Fixed,
    IndexSeries,
    NotYet,
    Panel,
    PatternCode,
    Setup,
    SideTable,
    Signal,
    Target,
    TargetKind,
    Trail,
    TrailMethod,
    canslim,
    cup_with_handle,
    flat_base,
)
from kats_core.testing import DailyRow, FrozenView, daily_view, minute_view, panel, path, setups_after
from kats_strategy_canslim_breakout import TRAITS, CanslimCode, Params
from kats_strategy_canslim_breakout.strategy import CanslimBreakout

LEADER = "000660"
CROWD = [f"10{n:03d}0" for n in range(50)]
QUIET: DailyRow = (10_000, 10_050, 9_950, 10_000, 100_000)
UP = [(0, 20_000), (150, 30_000)]
"""150 bars of a slow rise before those of the worked examples, so that a year is known."""

CUP_A = [
    *UP,
    *((250, 50_000), (262, 42_000), (270, 39_000), (280, 38_000), (290, 39_000), (298, 42_000)),
    *((310, 49_000), (314, 47_000), (318, 47_500)),
]
CUP_B = [*UP, (250, 50_000), (280, 38_000), (310, 49_000), (314, 47_000), (318, 47_500)]
FLAT = [
    (0, 20_000),
    (160, 30_000),
    (247, 60_000),
    (253, 55_500),
    (260, 59_500),
    (267, 55_800),
    (274, 59_300),
    (279, 57_500),
]
"""FB-A: 40 bars between 55 200 and 60 300."""

HANDLE = {(311, 318): 60_000}


def table(name: str, periods: list[str], columns: Mapping[str, list[float]], delay: int = 0) -> SideTable:
    days = [dt.date.fromisoformat(period) for period in periods]
    known = [day + dt.timedelta(delay) for day in days]
    return SideTable(
        name=name,
        symbols=(LEADER,),
        symbol=np.zeros(len(days), dtype=np.int32),
        period=np.array(days, dtype="datetime64[D]"),
        available_from=np.array(known, dtype="datetime64[D]"),
        columns={key: np.array(values, dtype=np.float64) for key, values in columns.items()},
        source="test",
    )


def quarters(now: float = 125, before: float = 100) -> SideTable:
    return table("quarters", ["2024-12-31", "2025-12-31"], {"eps_krw": [before, now]}, 45)


YEARS = table("years", ["2022-12-31", "2023-12-31", "2024-12-31"], {"eps_krw": [100, 130, 200]}, 90)


def kospi(days: tuple[dt.date, ...], distributions: int = 0) -> IndexSeries:
    """Return an index that rises, with so many days of distribution among its last ones."""
    close, value = np.linspace(2_000, 2_600, len(days)), np.full(len(days), 10e12)
    for n in range(distributions):
        close[-1 - 2 * n] = close[-2 - 2 * n] * 0.996
        value[-1 - 2 * n] = 11e12
    return IndexSeries("KOSPI", days, close, close * 1.004, close * 0.996, close, value, "test")


def market(leader: list[DailyRow], distributions: int = 0, eps: float = 125) -> Panel:
    rows = {LEADER: leader, **dict.fromkeys(CROWD, [QUIET] * len(leader))}
    bars = panel(rows)
    days = [str(day) for day in bars.sessions]
    flows = table("flows", days, {"inst_net_shares": [1_000.0] * len(days), "foreign_net_shares": [0.0] * len(days)})
    tables = {one.name: one for one in (quarters(eps), YEARS, flows)}
    return replace(bars, tables=tables, indices={"KOSPI": kospi(bars.sessions, distributions)})


def armed(history: Panel, **params: object) -> Setup | Code:
    return setups_after(CanslimBreakout(Params.model_validate(params)), history)[LEADER]


def confirm(view: FrozenView, **params: object) -> Confirmation:
    setup = armed(market(path(CUP_A, HANDLE)))
    assert isinstance(setup, Setup)
    return CanslimBreakout(Params.model_validate(params)).confirm(view, setup)


def at(last: int, volume: int = 48_000, ask: int | None = 49_350) -> FrozenView:
    """The moment of the examples: 10:00, when 0.34 of a day's volume is expected."""
    return minute_view(last=last, ask=ask, day_open=47_600, base_price=47_500, day_volume=volume)


# Arming


def test_cup_a_is_armed_a_tick_above_its_rim() -> None:
    """Pivot 49 250, mean volume 93 600; all letters pass but N, the close being 5.5 % below its high."""
    history = market(path(CUP_A, HANDLE))
    letters = canslim(history)
    assert letters.score[-1, 0] == 6
    assert [name for name in "CANSLIM" if not letters.passes(name)[-1, 0]] == ["N"]
    setup = armed(history)
    assert isinstance(setup, Setup)
    assert setup.trigger == Above(Fixed(49_251))
    assert setup.numbers == {"pivot": 49_250, "has_handle": 1, "usual_volume": 93_600}


def test_a_flat_base_is_armed_where_there_is_no_cup() -> None:
    """FB-A: pivot 60 300."""
    setup = armed(market(path(FLAT)))
    assert isinstance(setup, Setup)
    assert (setup.numbers["pivot"], setup.numbers["has_handle"]) == (60_300, 0)


def test_s3_2_a_market_under_pressure_arms_nothing() -> None:
    """S3-2: four days of distribution, and M fails; five other letters would be enough."""
    assert canslim(market(path(CUP_A, HANDLE), 4)).score[-1, 0] == 5
    assert armed(market(path(CUP_A, HANDLE), 3)) == armed(market(path(CUP_A, HANDLE)))
    assert armed(market(path(CUP_A, HANDLE), 4)) is CanslimCode.CANSLIM_M


def test_without_an_index_m_fails() -> None:
    assert armed(replace(market(path(CUP_A, HANDLE)), indices={})) is CanslimCode.CANSLIM_M


def test_s3_3_a_v_is_no_base() -> None:
    """S3-3: the cup is a V, and as a flat base it is too deep."""
    history = market(path(CUP_B, HANDLE))
    here = np.zeros(history.present.shape, dtype=np.bool_)
    here[-1, 0] = True
    assert cup_with_handle(history, where=here).code(-1, 0) is PatternCode.CUP_V_SHAPE
    assert flat_base(history, where=here).code(-1, 0) is PatternCode.FLAT_BASE_TOO_DEEP
    assert armed(history) is CanslimCode.NO_BASE


def test_c_cannot_be_replaced_by_other_letters() -> None:
    """Five letters without C."""
    history = market(path(CUP_A, HANDLE), eps=124)
    assert canslim(history).score[-1, 0] == 5
    assert armed(history) is CanslimCode.CANSLIM_SCORE


def test_l_cannot_be_replaced_by_other_letters() -> None:
    """Among fewer than fifty companies nobody knows who leads."""
    whole = market(path(CUP_A, HANDLE))
    few = replace(panel({LEADER: path(CUP_A, HANDLE)}), tables=whole.tables, indices=whole.indices)
    assert canslim(few).score[-1, 0] == 5
    assert armed(few) is CanslimCode.CANSLIM_SCORE


def test_the_score_is_asked_before_the_market() -> None:
    """Without reports two letters fail, and the first condition that fails gives the code."""
    bare = replace(market(path(CUP_A, HANDLE), 4), tables={})
    assert armed(bare) is CanslimCode.CANSLIM_SCORE
    assert armed(market(path(CUP_A, HANDLE)), score_min=7) is CanslimCode.CANSLIM_SCORE


def test_a_year_must_be_known() -> None:
    """273 bars are enough, 272 are not."""
    whole = path(CUP_A, HANDLE)
    assert isinstance(armed(market(whole[-273:])), Setup)
    assert armed(market(whole[-272:])) is CoreCode.WARMUP


# Confirming


def test_s3_1_fires_above_the_rim_on_large_volume() -> None:
    """S3-1: 48 000 shares project to 1.508 times the mean; the stop is 8 % below the limit."""
    view = at(49_300)
    signal = confirm(view)
    assert isinstance(signal, Signal)
    assert (signal.trigger_price, signal.chase_cap, signal.entry_limit) == (49_300, 51_700, 49_400)
    assert (signal.exits.stop, signal.pivot, signal.position_hint) == (45_450, 49_250, 0.25)
    assert signal.exits.targets == (Target(TargetKind.FRACTION, 0.20), Target(TargetKind.FRACTION, 0.25))
    assert signal.exits.trail == Trail(TrailMethod.MOVING_AVG, 21)
    assert signal.exits.time_exit is None
    assert [view.ticks.rup(49_400 + 49_400 * parts // 20) for parts in (4, 5)] == [59_300, 61_800]


def test_s3_4_waits_for_volume() -> None:
    """S3-4: 44 000 shares project to 1.383 times the mean."""
    assert confirm(at(49_300, 44_000)) == NotYet(CoreCode.VOLUME)


def test_the_rim_itself_is_no_breakout() -> None:
    assert confirm(at(49_250)) == NotYet(CoreCode.NO_BREAKOUT)


def test_it_does_not_leave_the_buy_zone() -> None:
    """The cap is 51 700."""
    assert isinstance(confirm(at(51_700, ask=51_700)), Signal)
    assert confirm(at(51_800, ask=51_800)) == NotYet(CoreCode.CHASE)


def test_a_daily_bar_does_not_show_the_morning_s_volume() -> None:
    """It counts as met."""
    signal = confirm(daily_view(day_open=47_600, level=49_300, low=47_500, base_price=47_500))
    assert isinstance(signal, Signal)
    assert signal.entry_limit == 49_350


# Parameters and traits


@pytest.mark.parametrize(
    "wrong",
    [
        {"score_min": 3},
        {"rs_min": 69},
        {"volume_ratio": 3.1},
        {"stop_frac": 0.081},
        {"chase": 0.06},
        {"t2": 0.61},
        {"cup": {"depth_max": 0.6}},
        {"flat": {"n_minimum": 25}},
        {"score": 5},
    ],
)
def test_a_value_out_of_range_or_unknown_is_refused(wrong: dict[str, object]) -> None:
    """The configuration is checked before anything runs."""
    with pytest.raises(ValidationError):
        Params.model_validate(wrong)


def test_the_traits_are_those_of_section_1_6() -> None:
    """A swing strategy that pyramids and sells at all six signals."""
    assert TRAITS.pyramids
    assert len(TRAITS.sell_signals) == 6
    assert (TRAITS.ttl_s, TRAITS.bars_needed) == (300, 273)
