"""What inverse ETF promises."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from msgspec import structs
from pydantic import ValidationError

from kats_core.api import (
    Code,
    Confirmation,
    CoreCode,
    Exit,
    Fact,
    FactSource,
    FactValue,
    IndexSeries,
    IndexTail,
    Instrument,
    InstrumentKind,
    Never,
    NotYet,
    Panel,
    Portion,
    Setup,
    Signal,
    Strategy,
    Target,
    TargetKind,
    TimeExit,
    TimeExitKind,
)
from kats_core.testing import HOURS, SESSION, FrozenView, daily_view, minute_view, panel, position, setups_after
from kats_strategy_inverse_etf import InverseCode, Params, kats_register_strategies

FUND, TWICE, STOCK = "114800", "252670", "005930"
ETF = Instrument(symbol=FUND, kind=InstrumentKind.ETF, leverage=-1)
DAY = (4_500, 4_560, 4_480, 4_530, 1_000_000)
BARS = 260


def strategy(**params: object) -> Strategy:
    plugin = kats_register_strategies()
    return plugin.build(plugin.params(**params))


def falling(last: float = 2_380.0, low: float = 2_391.0, zigzag: float = 12.0) -> np.ndarray:
    """A KOSPI that falls for a year, up and down by the day, and stood at `low` before its last close."""
    steps = np.arange(BARS)
    close = 2_800.0 - 1.57 * steps + zigzag * (steps % 2)
    close[-20:] = np.linspace(close[-20], low + 8.0, 20) + zigzag * (steps[-20:] % 2) / 2
    close[-2] = low + 2.0
    close[-1] = last
    return close


def market(close: np.ndarray, support: float | None = 2_391.0, symbols: tuple[str, ...] = (FUND,)) -> Panel:
    history = panel({symbol: [DAY] * len(close) for symbol in symbols}, instruments=[ETF])
    low = close - 1.0
    if support is not None:
        low = np.maximum(low, support)
        low[-2:] = support, close[-1] - 1.0
    index = IndexSeries("KOSPI", history.sessions, close + 1, close + 5, low, close, close * 1e9, "test")
    return replace(history, indices={"KOSPI": index})


def armed(history: Panel, symbol: str = FUND, **params: object) -> Setup | Code:
    return setups_after(strategy(**params), history)[symbol]


def the_setup(symbol: str = FUND, **params: object) -> Setup:
    setup = armed(market(falling(), symbols=(symbol,)), symbol, **params)
    assert isinstance(setup, Setup)
    return setup


def live(change: float | None) -> dict[str, Fact | FactValue]:
    if change is None:
        return {}
    return {"index_change": Fact("index_change", change, HOURS.at(dt.time(10, 0)), FactSource.FEED)}


def view(
    last: int = 4_545, vwap: int = 4_520, change: float | None = 2_371 / 2_380 - 1, **facts: Fact | FactValue
) -> FrozenView:
    given: dict[str, Fact | FactValue] = {**live(change), **facts}
    return minute_view(last=last, day_open=4_510, base_price=4_530, vwap=vwap, instrument=ETF, facts=given)


def confirm(seen: FrozenView, setup: Setup | None = None, **params: object) -> Confirmation:
    return strategy(**params).confirm(seen, setup or the_setup())


# Arming


def test_b2_1_a_broken_support_in_a_downtrend_arms_the_fund() -> None:
    """B2-1: below both averages, MACD falling, below the lowest value of twenty sessions, not oversold."""
    setup = the_setup()
    assert setup.session == SESSION
    assert setup.numbers["index_close"] == 2_380
    assert setup.numbers["index_support"] == 2_391
    assert float(setup.numbers["index_sma50"]) > 2_380
    assert float(setup.numbers["index_sma200"]) > 2_380
    assert 25 < float(setup.numbers["index_rsi"]) < 50


def test_b2_2_an_oversold_index_arms_nothing() -> None:
    """B2-2: an index that falls day by day without a pause is oversold."""
    assert armed(market(falling(zigzag=0.0))) is InverseCode.OVERSOLD


@pytest.mark.parametrize(("support", "is_armed"), [(2_375.0, False), (2_380.0, False), (2_381.0, True)])
def test_b2_3_a_support_that_holds_arms_nothing(support: float, is_armed: bool) -> None:
    """B2-3: a low of 2 375 in twenty sessions is not broken by a close of 2 380; touching it breaks nothing."""
    answer = armed(market(falling(), support=support))
    assert isinstance(answer, Setup) if is_armed else answer is InverseCode.SUPPORT_HOLDS


def test_an_index_above_its_averages_arms_nothing() -> None:
    """The first condition that fails gives the code."""
    assert armed(market(np.linspace(2_000, 2_380, BARS), support=None)) is InverseCode.ABOVE_MA


def test_an_index_whose_macd_rises_arms_nothing() -> None:
    """Still below both averages, but it fell faster before."""
    close = np.concatenate([np.linspace(3_400, 3_000, BARS - 40), np.linspace(2_900, 2_400, 25), np.full(15, 2_400.0)])
    assert armed(market(close, support=None)) is InverseCode.MACD_UP


def test_without_an_index_or_with_too_short_a_one_nothing_is_armed() -> None:
    """Missing data permit nothing."""
    assert armed(panel({FUND: [DAY] * 10}, instruments=[ETF])) is CoreCode.INPUT_MISSING
    assert armed(market(falling()[-249:])) is CoreCode.WARMUP
    assert isinstance(armed(market(falling()[-250:])), Setup)
    stale = market(falling())
    assert armed(replace(stale, indices={"KOSPI": stale.indices["KOSPI"].until(stale.sessions[-2])})) is (
        CoreCode.INPUT_MISSING
    )


def test_only_listed_funds_are_armed_twice_the_move_when_it_is_allowed() -> None:
    """And stocks never."""
    history = market(falling(), symbols=(STOCK, FUND, TWICE))
    assert armed(history, STOCK) is CoreCode.NOT_IN_UNIVERSE
    assert armed(history, TWICE) is CoreCode.NOT_IN_UNIVERSE
    assert isinstance(armed(history, TWICE, allow_2x=True), Setup)
    assert Params().listed_symbols() == {FUND}
    assert Params(allow_2x=True).listed_symbols() == {FUND, TWICE}


# Confirming


def test_b2_1_buys_while_the_index_falls_and_the_fund_is_above_its_average() -> None:
    """B2-1: limit 4 550, stop 4 415, all sold at 5 % above the entry, that is 4 780; out after ten sessions."""
    signal = confirm(view())
    assert isinstance(signal, Signal)
    assert (signal.reference, signal.entry_limit, signal.chase_cap) == (4_545, 4_550, 4_555)
    assert signal.exits.stop == 4_415
    assert signal.exits.targets == (Target(TargetKind.FRACTION, 0.05, Portion.ALL),)
    assert view().ticks.rup(Fraction(9_555, 2)) == 4_780
    assert signal.exits.time_exit == TimeExit(TimeExitKind.SESSIONS, 10)
    assert (signal.position_hint, signal.most_stars) == (0.175, 3)


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        (view(change=0.0), CoreCode.NO_BREAKOUT),
        (view(change=0.001), CoreCode.NO_BREAKOUT),
        (view(vwap=4_545), CoreCode.NO_BREAKOUT),
        (view(change=None), CoreCode.INPUT_MISSING),
    ],
)
def test_it_waits_while_the_index_holds_the_fund_lags_or_nobody_tells(seen: FrozenView, code: Code) -> None:
    """Each may still come."""
    assert confirm(seen) == NotYet(code)


def test_yesterdays_change_of_the_index_is_none_of_today() -> None:
    """A fall that was known before the open says nothing of the session."""
    old = Fact("index_change", -0.02, HOURS.open - 1, FactSource.DERIVED)
    assert confirm(view(change=None, index_change=old)) == NotYet(CoreCode.INPUT_MISSING)


def test_it_does_not_chase() -> None:
    """An ask above last x 1.003 waits."""
    assert confirm(replace(view(), ask=4_560)) == NotYet(CoreCode.CHASE)


def test_a_daily_bar_is_bought_at_its_open_if_the_index_opened_lower() -> None:
    """The average price counts as met."""
    at_open = Fact("index_change", -0.004, HOURS.open, FactSource.APPROXIMATED)
    seen = daily_view(
        day_open=4_545, level=0, low=4_500, base_price=4_530, instrument=ETF, facts={"index_change": at_open}
    )
    assert isinstance(confirm(seen), Signal)


def test_in_a_strong_bear_market_twice_the_move_is_bought_where_it_is_allowed_and_armed() -> None:
    """Else the single one; both never."""
    single, twice = the_setup(), the_setup(TWICE, allow_2x=True)
    both = (single, structs.replace(twice, symbol=TWICE))
    for regime, bought, left in (("STRONG_BEAR", twice, single), ("BEAR", single, twice)):
        seen = replace(view(regime=regime), setups=both)
        signal = confirm(seen, bought, allow_2x=True)
        assert isinstance(signal, Signal)
        assert signal.exits.time_exit == TimeExit(TimeExitKind.SESSIONS, 3 if bought is twice else 10)
        assert confirm(seen, left, allow_2x=True) == Never(InverseCode.OTHER_FUND)
    alone = replace(view(regime="STRONG_BEAR"), setups=(single,))
    assert isinstance(confirm(alone, single, allow_2x=True), Signal)


# Managing


def managed(close: np.ndarray, change: float | None) -> object:
    days = market(falling()).sessions[-len(close) :]
    tail = IndexTail("KOSPI", days, tuple(close.tolist()))
    seen = replace(view(change=change), indices={"KOSPI": tail})
    strategy_here = strategy()
    assert hasattr(strategy_here, "manage")
    return strategy_here.manage(seen, position(symbol=FUND, average=4_550, stop=4_415))


def test_at_the_check_it_sells_when_the_index_is_oversold_or_back_above_its_average() -> None:
    """With the live value as today's close; otherwise it stays."""
    assert managed(falling(), -0.001) is None
    assert managed(falling(), -0.06) == Exit(InverseCode.OVERSOLD_TAKE)
    assert managed(falling(), 0.05) == Exit(InverseCode.OVERSOLD_TAKE)


def test_without_a_live_index_stop_and_time_remain() -> None:
    """Nothing is sold for what nobody tells."""
    assert managed(falling(), None) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"rsi_floor": 14},
        {"support_days": 61},
        {"symbols_1x": ["252670"]},
        {"symbols_1x": ["x"]},
        {"max_sessions_2x": 6},
    ],
)
def test_a_value_out_of_range_or_a_fund_named_twice_is_refused(wrong: dict[str, object]) -> None:
    """The configuration is checked before anything runs."""
    with pytest.raises(ValidationError):
        Params.model_validate(wrong)
