"""What dividend switching promises."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from msgspec import structs

from kats_core.api import (
    DIVIDENDS,
    At,
    Code,
    Confirmation,
    CoreCode,
    Exit,
    NotYet,
    Panel,
    Portion,
    Setup,
    SideTable,
    Signal,
    Strategy,
    Target,
    TargetKind,
    Tick,
    TimeExit,
    TimeExitKind,
    krx_calendar,
)
from kats_core.exits.ex_dividend import less_dividend
from kats_core.testing import SESSION, DailyRow, FrozenView, minute_view, panel, position, setups_after
from kats_strategy_dividend_switching import DividendCode, kats_register_strategies

SYMBOL, OTHER = "005930", "000660"
CALENDAR = krx_calendar()
FLAT: DailyRow = (45_000, 45_300, 44_700, 45_000, 100_000)
NAN = float("nan")


def strategy(**params: object) -> Strategy:
    plugin = kats_register_strategies()
    return plugin.build(plugin.params(**params))


def record_of(ex: dt.date) -> dt.date:
    return CALENDAR.next_session(ex)


def table(*rows: tuple[dt.date, dt.date, float, float]) -> SideTable:
    """Rows of (ex-date, known from, dps, annual dps) of one symbol, ordered by when they are known."""
    several = sorted(rows, key=lambda row: (row[1], row[0]))
    return SideTable(
        name=DIVIDENDS,
        symbols=(SYMBOL,),
        symbol=np.zeros(len(several), dtype=np.int32),
        period=np.array([record_of(ex) for ex, *_ in several], dtype="datetime64[D]"),
        available_from=np.array([known for _, known, *_ in several], dtype="datetime64[D]"),
        columns={
            "dps_krw": np.array([row[2] for row in several]),
            "annual_dps_krw": np.array([row[3] for row in several]),
        },
        source="test",
    )


def history(*rows: tuple[dt.date, dt.date, float, float], days: Sequence[DailyRow | None] = (FLAT,) * 70) -> Panel:
    return replace(panel({SYMBOL: list(days)}), tables={DIVIDENDS: table(*rows)})


def in_sessions(k: int) -> dt.date:
    """The session `k` after the one that is armed."""
    return CALENDAR.shift(SESSION, k)


KNOWN = in_sessions(-30)


def armed(market: Panel, **params: object) -> Setup | Code:
    return setups_after(strategy(**params), market)[SYMBOL]


def capture() -> Setup:
    setup = armed(history((in_sessions(1), KNOWN, 1_500, 1_500)))
    assert isinstance(setup, Setup)
    return setup


def falling(ex_fall: int, after: int = 1) -> list[DailyRow]:
    """Seventy sessions that fall a little, then by `ex_fall` on the ex-date, `after` sessions before the end."""
    closes = [52_000 - 100 * n for n in range(70)]
    for n in range(70 - after, 70):
        closes[n] = closes[70 - after - 1] - ex_fall - 50 * (n - 70 + after)
    return [(close, close + 50, close - 50, close, 100_000) for close in closes]


def seen(last: int = 45_000, clock: dt.time = dt.time(15, 20), vwap: int | None = None) -> FrozenView:
    return minute_view(last=last, day_open=44_900, base_price=45_000, clock=clock, vwap=vwap)


def confirm(view: FrozenView, setup: Setup, **params: object) -> Confirmation:
    return strategy(**params).confirm(view, setup)


# Capturing


def test_ds_1_is_armed_the_evening_before_the_last_session_with_the_dividend() -> None:
    """DS-1: a yield of 0.0333, 0.0282 after tax; asked at 15:20."""
    setup = capture()
    assert setup.trigger == At(dt.time(15, 20))
    assert setup.numbers["net_yield"] == pytest.approx(1_500 * 0.846 / 45_000)
    assert (setup.numbers["dps"], setup.numbers["sessions_to_ex"]) == (1_500, 1)


def test_ds_1_one_order_into_the_closing_auction() -> None:
    """DS-1: limit 45 200, stop 42 950, a third at 3 % and the rest at 5 %: 46 600 and 47 500; out five sessions behind the ex-date."""
    signal = confirm(seen(), capture())
    assert isinstance(signal, Signal)
    assert (signal.entry_limit, signal.chase_cap, signal.exits.stop) == (45_200, 45_200, 42_950)
    assert signal.exits.targets == (
        Target(TargetKind.FRACTION, 0.03),
        Target(TargetKind.FRACTION, 0.05, Portion.ALL),
    )
    assert [seen().ticks.rup(Fraction(45_200 * n, 100)) for n in (103, 105)] == [46_600, 47_500]
    assert signal.exits.time_exit == TimeExit(TimeExitKind.SESSIONS, 6)
    assert (signal.position_hint, signal.most_stars, signal.closing_auction) == (0.20, 4, True)


def test_ds_1_on_the_ex_date_stop_and_targets_are_lower_by_the_dividend() -> None:
    """DS-1: stop 41 450, targets 45 100 and 46 000."""
    held = structs.replace(position(average=45_200, stop=42_950), targets=((46_600, 33), (47_500, 67)))
    lowered = less_dividend(held, 1_500, seen().ticks)
    assert lowered.stop == 41_450
    assert [price for price, _ in lowered.targets] == [45_100, 46_000]


def test_ds_2_a_small_dividend_is_not_armed() -> None:
    """DS-2: 200 a quarter, 800 a year are 0.0178 of 45 000; and a payment of 0.0042 after tax is too small by itself."""
    assert armed(history((in_sessions(1), KNOWN, 200, 800))) is DividendCode.YIELD
    assert armed(history((in_sessions(1), KNOWN, 220, 2_000))) is DividendCode.YIELD


@pytest.mark.parametrize(
    ("k", "answer"), [(0, DividendCode.TOO_LATE), (1, None), (2, None), (3, DividendCode.TOO_EARLY)]
)
def test_ds_3_the_last_session_with_the_dividend_is_the_last_one_to_buy(k: int, answer: Code | None) -> None:
    """DS-3: on the ex-date it is too late; two sessions before it is early enough."""
    found = armed(history((in_sessions(k), KNOWN, 1_500, 1_500)))
    assert isinstance(found, Setup) if answer is None else found is answer


@pytest.mark.parametrize(
    "rows",
    [
        (),
        ((in_sessions(1), SESSION, 1_500, 1_500),),
        ((in_sessions(1), KNOWN, NAN, 1_500),),
        ((in_sessions(1), KNOWN, 1_500, NAN),),
        ((in_sessions(1), KNOWN, 1_500, 1_500), (in_sessions(1), in_sessions(-2), NAN, NAN)),
    ],
)
def test_what_is_not_confirmed_by_the_evening_is_not_armed(
    rows: tuple[tuple[dt.date, dt.date, float, float], ...],
) -> None:
    """No record, one from tomorrow, no amount, and one that was taken back."""
    assert armed(history(*rows)) is DividendCode.FUNDAMENTALS_MISSING


def test_a_falling_stock_is_not_armed() -> None:
    """Below its own average of sixty sessions; 0 switches that off."""
    down = history((in_sessions(1), KNOWN, 2_000, 2_000), days=falling(0))
    assert armed(down) is CoreCode.BELOW_MA
    assert isinstance(armed(down, trend_days=0), Setup)


# Bouncing


@pytest.mark.parametrize("after", [1, 2])
def test_a_fall_by_more_than_the_dividend_is_armed_on_two_evenings(after: int) -> None:
    """The ex-date's and the next one's."""
    setup = armed(history((in_sessions(-after), KNOWN, 1_500, 1_500), days=falling(1_600, after)))
    assert isinstance(setup, Setup)
    assert setup.trigger == Tick(10)
    assert armed(history((in_sessions(-3), KNOWN, 1_500, 1_500), days=falling(1_600, 3))) is (
        DividendCode.FUNDAMENTALS_MISSING
    )


@pytest.mark.parametrize(("fall", "is_armed"), [(1_499, False), (1_500, True)])
def test_a_fall_of_just_the_dividend_is_enough(fall: int, is_armed: bool) -> None:
    """One won less is not."""
    found = armed(history((in_sessions(-1), KNOWN, 1_500, 1_500), days=falling(fall)))
    assert isinstance(found, Setup) if is_armed else found is DividendCode.DROP


def test_a_fall_that_is_not_oversold_is_not_armed() -> None:
    """A stock that rose for months has some way to fall."""
    rising = [(c, c + 50, c - 50, c, 1) for c in range(40_000, 47_000, 100)]
    rising[-1] = (45_300, 45_350, 45_200, 45_300, 1)
    assert armed(history((in_sessions(-1), KNOWN, 1_500, 1_500), days=rising)) is CoreCode.NOT_OVERSOLD


def bounce() -> Setup:
    setup = armed(history((in_sessions(-1), KNOWN, 1_500, 1_500), days=falling(1_600)))
    assert isinstance(setup, Setup)
    return structs.replace(setup, numbers={**setup.numbers, "prev_close": 45_000})


def test_a_bounce_buys_above_the_close_and_the_average() -> None:
    """Cap 45 450, limit a tick above the ask, stop 3 % below, targets at 2 and 4 %, five sessions."""
    signal = confirm(seen(45_100, dt.time(9, 40), 45_000), bounce())
    assert isinstance(signal, Signal)
    assert (signal.entry_limit, signal.chase_cap, signal.exits.stop) == (45_150, 45_450, 43_800)
    assert [target.value for target in signal.exits.targets] == [0.02, 0.04]
    assert signal.exits.time_exit == TimeExit(TimeExitKind.SESSIONS, 5)
    assert (signal.position_hint, signal.most_stars) == (0.12, 3)


@pytest.mark.parametrize(
    ("view", "code"),
    [
        (seen(45_000, dt.time(9, 40), 44_900), CoreCode.NO_BOUNCE),
        (seen(45_100, dt.time(9, 40), 45_100), CoreCode.NO_BOUNCE),
        (seen(45_500, dt.time(9, 40), 45_000), CoreCode.CHASE),
        (seen(45_100, dt.time(15, 20), 45_000), CoreCode.OUT_OF_WINDOW),
    ],
)
def test_a_bounce_waits(view: FrozenView, code: Code) -> None:
    """Not above the close, not above the average, run away; the closing auction is not its window."""
    assert confirm(view, bounce()) == NotYet(code)


# Switching


def managed(*, dividends: int = 1_500, last: int = 44_000, places: int = 0, other: float = 0.04) -> object:
    held = structs.replace(position(symbol=SYMBOL, average=45_000, stop=41_450), dividends=Fraction(dividends * 100))
    better = structs.replace(capture(), symbol=OTHER, numbers={**capture().numbers, "net_yield": other})
    view = replace(seen(last, dt.time(15, 15)), setups=(better,), free_places=places)
    here = strategy()
    assert hasattr(here, "manage")
    return here.manage(view, held)


def test_it_switches_to_a_higher_dividend_that_finds_no_place() -> None:
    """1 500 of 45 000 are 0.0282 after tax; the position is past its ex-date and above 43 500."""
    assert managed() == Exit(DividendCode.SWITCHING)


@pytest.mark.parametrize("but", [{"dividends": 0}, {"last": 43_500}, {"places": 1}, {"other": 0.0282}])
def test_it_does_not_switch_otherwise(but: dict[str, int]) -> None:
    """Before the ex-date, at its adjusted cost, with a place left, for no more."""
    assert managed(**but) is None
