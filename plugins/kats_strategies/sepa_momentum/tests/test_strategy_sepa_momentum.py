"""What SEPA momentum promises."""

from __future__ import annotations

import datetime as dt
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
)
from kats_core.testing import DailyRow, FrozenView, daily_view, minute_view, panel, path, setups_after
from kats_strategy_sepa_momentum import TRAITS, Params, SepaCode
from kats_strategy_sepa_momentum.strategy import SepaMomentum

LEADER = "000660"
CROWD = [f"10{n:03d}0" for n in range(50)]
QUIET: DailyRow = (10_000, 10_050, 9_950, 10_000, 100_000)

BEFORE = 200
"""Bars of a slow rise before those of the worked examples, so that a year is known."""

RISE = [(0, 12_000), (200, 20_000), (260, 40_000), (270, 32_000), (280, 38_800), (286, 35_000), (292, 38_400)]
VCP_A = [*RISE, (296, 36_900), (300, 38_000)]
VCP_B = [*RISE, (296, 35_300), (300, 38_000)]
DRY = {(295, 300): 40_000}


def reports(eps: tuple[float, ...], revenue: tuple[float, ...], last: str = "2025-12-31") -> SideTable:
    """Return the quarter that ended on `last`, and the same one a year before where there are two numbers."""
    ends = [dt.date(2024, 12, 31), dt.date.fromisoformat(last)][-len(eps) :]
    known = [end + dt.timedelta(45) for end in ends]
    return SideTable(
        name="quarters",
        symbols=(LEADER,),
        symbol=np.zeros(len(eps), dtype=np.int32),
        period=np.array(ends, dtype="datetime64[D]"),
        available_from=np.array(known, dtype="datetime64[D]"),
        columns={"eps_krw": np.array(eps), "revenue_krw": np.array(revenue)},
        source="test",
    )


GROWN = reports((1_000, 1_200), (100, 115))


def market(leader: list[DailyRow], table: SideTable | None = GROWN) -> Panel:
    rows = {LEADER: leader, **dict.fromkeys(CROWD, [QUIET] * len(leader))}
    return replace(panel(rows), tables={} if table is None else {"quarters": table})


def armed(leader: list[DailyRow], table: SideTable | None = GROWN, **params: object) -> Setup | Code:
    return setups_after(SepaMomentum(Params.model_validate(params)), market(leader, table))[LEADER]


def confirm(view: FrozenView, **params: object) -> Confirmation:
    setup = armed(path(VCP_A, DRY))
    assert isinstance(setup, Setup)
    return SepaMomentum(Params.model_validate(params)).confirm(view, setup)


def at(last: int, volume: int = 36_000) -> FrozenView:
    """The moment of the examples: 09:45, when 0.285 of a day's volume is expected."""
    return minute_view(last=last, day_open=38_100, base_price=38_000, day_volume=volume, clock=dt.time(9, 45))


# Arming


def test_vcp_a_is_armed_a_tick_above_its_pivot() -> None:
    """Pivot 38 600, last low 36 700, mean volume 82 000."""
    setup = armed(path(VCP_A, DRY))
    assert isinstance(setup, Setup)
    assert setup.trigger == Above(Fixed(38_601))
    assert setup.numbers == {"pivot": 38_600, "last_low": 36_700, "usual_volume": 82_000}


@pytest.mark.parametrize(
    ("anchors", "volumes", "code"),
    [(VCP_B, DRY, PatternCode.VCP_NOT_CONTRACTING), (VCP_A, {}, PatternCode.VCP_NO_DRY_UP)],
)
def test_without_the_pattern_its_own_reason_stands(
    anchors: list[tuple[int, int]], volumes: dict[tuple[int, int], int], code: Code
) -> None:
    """VCP-B does not contract, VCP-C has not dried up."""
    assert armed(path(anchors, volumes)) is code


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (None, SepaCode.FUNDAMENTALS_MISSING),
        (reports((1_200,), (115,)), SepaCode.FUNDAMENTALS_MISSING),
        (reports((1_000, np.nan), (100, 115)), SepaCode.FUNDAMENTALS_MISSING),
        (reports((1_000, 1_200), (np.nan, 115)), SepaCode.FUNDAMENTALS_MISSING),
        (reports((1_000, 1_200), (100, 115), last="2026-02-28"), SepaCode.FUNDAMENTALS_MISSING),
        (reports((1_000, 1_199), (100, 115)), SepaCode.FUNDAMENTALS_WEAK),
        (reports((1_000, 1_200), (100, 114)), SepaCode.FUNDAMENTALS_WEAK),
        (reports((-1_000, 1_200), (100, 115)), SepaCode.FUNDAMENTALS_WEAK),
        (reports((-1_000, -10), (100, 115)), SepaCode.FUNDAMENTALS_WEAK),
    ],
)
def test_growth_must_be_known_and_large_enough(table: SideTable | None, code: Code) -> None:
    """20 % and 15 % themselves are enough; a report of tomorrow does not count, a loss before gives no rate."""
    assert armed(path(VCP_A, DRY), table) is code


def test_a_year_must_be_known() -> None:
    """273 bars are enough, 272 are not."""
    whole = path(VCP_A, DRY)
    assert isinstance(armed(whole[-273:]), Setup)
    assert armed(whole[-272:]) is CoreCode.WARMUP


def test_all_eight_checks_of_the_template_are_asked() -> None:
    """Among fewer than fifty companies nobody knows who is strong, and the eighth check fails."""
    alone = replace(panel({LEADER: path(VCP_A, DRY)}), tables={"quarters": GROWN})
    assert setups_after(SepaMomentum(Params()), alone)[LEADER] is SepaCode.TREND_TEMPLATE


def test_the_template_is_asked_before_the_reports() -> None:
    """The first condition that fails gives the code."""
    assert armed([QUIET] * 300, None) is SepaCode.TREND_TEMPLATE


def test_a_symbol_without_a_bar_of_its_own_is_never_armed() -> None:
    leader: list[DailyRow | None] = [*path(VCP_A, DRY), None]
    rows: dict[str, list[DailyRow | None]] = {LEADER: leader, **{symbol: [QUIET] * 302 for symbol in CROWD}}
    missing = replace(panel(rows), tables={"quarters": GROWN})
    assert setups_after(SepaMomentum(Params()), missing)[LEADER] is CoreCode.STALE_DATA


# Confirming


def test_s1_1_fires_above_the_pivot_on_large_volume() -> None:
    """S1-1: 36 000 shares project to 1.540 times the mean; the last low is closer than 7 %."""
    view = at(38_700)
    signal = confirm(view)
    assert isinstance(signal, Signal)
    assert (signal.trigger_price, signal.chase_cap, signal.entry_limit) == (38_650, 39_750, 38_750)
    assert (signal.exits.stop, signal.pivot, signal.position_hint) == (36_650, 38_600, 0.175)
    assert signal.exits.targets == (Target(TargetKind.FRACTION, 0.10), Target(TargetKind.FRACTION, 0.20))
    assert signal.exits.trail == Trail(TrailMethod.FIXED_PCT, 0.05)
    assert signal.exits.time_exit is None
    assert [view.ticks.rup(38_750 + 38_750 * tenths // 10) for tenths in (1, 2)] == [42_650, 46_500]


def test_s1_2_waits_for_volume() -> None:
    """S1-2: 34 000 shares project to 1.455 times the mean."""
    assert confirm(at(38_700, 34_000)) == NotYet(CoreCode.VOLUME)


def test_s1_3_the_pivot_itself_is_no_breakout() -> None:
    """S1-3: the level is one tick above it, 38 650."""
    assert confirm(at(38_600)) == NotYet(CoreCode.NO_BREAKOUT)
    assert isinstance(confirm(at(38_650)), Signal)


def test_s1_4_does_not_chase() -> None:
    """S1-4: the ask of 39 900 is above the cap of 39 750."""
    assert confirm(at(39_900)) == NotYet(CoreCode.CHASE)


def test_the_closer_stop_holds() -> None:
    """3 % below the pivot is closer than the last low."""
    signal = confirm(at(38_700), stop_frac=0.03)
    assert isinstance(signal, Signal)
    assert signal.exits.stop == 37_450


def test_a_daily_bar_does_not_show_the_morning_s_volume() -> None:
    """It counts as met, and the purchase is at the level."""
    signal = confirm(daily_view(day_open=38_100, level=38_650, low=38_000, base_price=38_000))
    assert isinstance(signal, Signal)
    assert (signal.reference, signal.entry_limit) == (38_650, 38_700)


def test_the_trailing_stop_is_fixed_unless_another_is_named() -> None:
    """`trail_frac` sets the distance; `trail` replaces it."""
    average = Trail(TrailMethod.MOVING_AVG, 10)
    for params, trail in (({"trail_frac": 0.08}, Trail(TrailMethod.FIXED_PCT, 0.08)), ({"trail": average}, average)):
        signal = confirm(at(38_700), **params)
        assert isinstance(signal, Signal)
        assert signal.exits.trail == trail


# Parameters and traits


@pytest.mark.parametrize(
    "wrong",
    [
        {"eps_min": 1.01},
        {"revenue_min": -0.01},
        {"volume_ratio": 0.99},
        {"chase": 0.051},
        {"stop_frac": 0.029},
        {"t1": 0.04},
        {"trail_frac": 0.11},
        {"vcp": {"ratio": 0.96}},
        {"vcp": {"rato": 0.8}},
        {"eps": 0.2},
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
