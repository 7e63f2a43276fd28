"""Indicators: TA-Lib's definitions over each symbol's own bars, blind to the future, shared."""

from __future__ import annotations

import datetime as dt
import gc
import math
import tracemalloc
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from kats_core.market import own_bars, rolling
from kats_core.market.arrays import FloatArray
from kats_core.market.calendar import krx_calendar
from kats_core.market.indicators import Field, Indicators
from kats_core.market.own_bars import OwnBars
from kats_core.market.panel import Panel
from kats_core.market.tables import IndexSeries
from kats_core.testing import DailyRow, panel

Reader: TypeAlias = Callable[[Indicators], tuple[FloatArray, ...]]

READERS: dict[str, tuple[int, Reader]] = {
    "field": (0, lambda ind: (ind.field("open"),)),
    "sum": (6, lambda ind: (ind.sum("value", 7),)),
    "sma": (19, lambda ind: (ind.sma("close", 20),)),
    "stdev": (9, lambda ind: (ind.stdev("close", 10),)),
    "highest": (14, lambda ind: (ind.highest("high", 15),)),
    "lowest of what exists": (4, lambda ind: (ind.lowest("low", 30, min_bars=5),)),
    "change": (5, lambda ind: (ind.change(5),)),
    "ema": (11, lambda ind: (ind.ema("close", 12),)),
    "rsi": (14, lambda ind: (ind.rsi(),)),
    "atr": (14, lambda ind: (ind.atr(),)),
    "bollinger": (19, lambda ind: tuple(ind.bollinger())),
    "macd": (33, lambda ind: tuple(ind.macd())),
    "force": (2, lambda ind: (ind.force(),)),
    "volume_ratio": (20, lambda ind: (ind.volume_ratio(),)),
    "up_down_volume": (50, lambda ind: (ind.up_down_volume(),)),
    "ago": (23, lambda ind: (ind.ago(4).sma("close", 20),)),
}
"""By name: the first bar with a value, and how it is read."""

ON_AN_INDEX = sorted(READERS.keys() - {"force", "volume_ratio", "up_down_volume"})
"""An index has no volume."""


def walk(seed: int, length: int) -> list[DailyRow]:
    """Return a random walk of consistent bars, well inside the price limits."""
    random = np.random.default_rng(seed)
    close = np.maximum(500, 20_000 * np.exp(np.cumsum(random.normal(0, 0.02, length)))).round().astype(int)
    opens = np.r_[close[0], close[:-1]]
    high = np.maximum(opens, close) + random.integers(0, 300, length)
    low = np.minimum(opens, close) - random.integers(0, 300, length)
    volume = random.integers(1, 2_000_000, length)
    return [tuple(map(int, row)) for row in zip(opens, high, low, close, volume, strict=True)]  # type: ignore[misc]


def history(length: int = 130, gaps: Sequence[int] = (40, 41, 70)) -> Panel:
    """Return three symbols: one with gaps, one whole, one listed late."""
    halted: list[DailyRow | None] = list(walk(1, length))
    for gap in gaps:
        if gap < length:
            halted[gap] = None
    return panel({"000010": halted, "000020": walk(2, length), "000030": walk(3, length - 30)})


def troubled(seed: int, gaps: float) -> dict[str, list[DailyRow | None]]:
    """Return three symbols, one listed late, each with two splits and a share of days without trading."""
    random = np.random.default_rng(seed)
    rows: dict[str, list[DailyRow | None]] = {}
    for n, listed in enumerate((0, 0, int(random.integers(1, 100)))):
        days: list[DailyRow | None] = [*walk(seed + n, 160 - listed)]
        for split in random.integers(1, len(days), 2).tolist():
            days[split:] = [(*(4 * price for price in day[:4]), day[4]) for day in days[split:] if day]  # type: ignore[misc]
        missing = random.random(len(days)) < gaps
        traded = [None if gap else day for day, gap in zip(days, missing, strict=True)]
        rows[f"{n + 1:05d}0"] = [*[None] * listed, *traded]
    return rows


def index(close: npt.ArrayLike) -> IndexSeries:
    """Return an index that opens at its close before."""
    closes = np.asarray(close, dtype=np.float64)
    opens = np.r_[closes[:1], closes[:-1]]
    days = krx_calendar().sessions(dt.date(2024, 1, 2), dt.date(2025, 12, 30))[: len(closes)]
    high, low = np.fmax(opens, closes) * 1.01, np.fmin(opens, closes) * 0.99
    high[np.isnan(closes)] = low[np.isnan(closes)] = opens[np.isnan(closes)] = np.nan
    return IndexSeries("KOSPI", tuple(days), opens, high, low, closes, closes * 1e9, "test")


def cut(whole: Panel, rows: int) -> Panel:
    """Return the first rows of a panel, as they were known then."""
    columns = {
        name: getattr(whole, name)[:rows] for name in ("present", "open", "high", "low", "close", "volume", "value")
    }
    return replace(whole, sessions=whole.sessions[:rows], next_session=whole.next_session[:rows], **columns)


def own(whole: Panel, name: str, j: int) -> npt.NDArray[np.float64]:
    """Return a symbol's own bars as TA-Lib wants them."""
    column: npt.NDArray[np.float64] = getattr(whole, name)[whole.present[:, j], j].astype(np.float64)
    return column


def talib_says(whole: Panel, j: int) -> dict[str, tuple[npt.NDArray[np.float64], ...]]:
    """Return what TA-Lib computes from one symbol's own bars."""
    o, h, l, c, v = (own(whole, name, j) for name in ("open", "high", "low", "close", "volume"))  # noqa: E741
    value = own(whole, "value", j)
    upper, middle, lower = talib.BBANDS(c, 20, 2.0, 2.0)
    force = np.r_[np.nan, talib.EMA(np.diff(c) * v[1:], 2)]
    return {
        "field": (o,),
        "sum": (talib.SUM(value, 7),),
        "sma": (talib.SMA(c, 20),),
        "stdev": (talib.STDDEV(c, 10, 1.0),),
        "highest": (talib.MAX(h, 15),),
        "change": (talib.ROCP(c, 5),),
        "ema": (talib.EMA(c, 12),),
        "rsi": (talib.RSI(c, 14),),
        "atr": (talib.ATR(h, l, c, 14),),
        "bollinger": (lower, middle, upper),
        "macd": talib.MACD(c, 12, 26, 9),
        "force": (force,),
        "volume_ratio": (v / np.r_[np.nan, talib.SMA(v, 20)[:-1]],),
    }


@pytest.mark.parametrize("name", sorted(READERS.keys() - {"lowest of what exists", "up_down_volume", "ago"}))
def test_every_indicator_is_what_talib_computes_from_the_symbols_own_bars(name: str) -> None:
    """Same first bar, same values to 1e-9, gaps and late listings included."""
    whole = history()
    found = READERS[name][1](whole.indicators)
    for j in range(3):
        for ours, theirs in zip(found, talib_says(whole, j)[name], strict=True):
            np.testing.assert_allclose(ours[whole.present[:, j], j], theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", READERS)
def test_every_indicator_starts_at_its_first_bar(name: str) -> None:
    """The documented first bar has a value, the one before has none; a late listing counts from its own start."""
    first, read = READERS[name]
    whole = history()
    for values in read(whole.indicators):
        for j in range(3):
            is_there = np.isfinite(values[whole.present[:, j], j])
            assert not is_there[:first].any()
            assert is_there[first:].all()


@pytest.mark.parametrize("name", READERS)
def test_a_day_without_trading_is_missing_and_does_not_count(name: str) -> None:
    """On the day itself there is no value; afterwards all is as if the day did not exist."""
    read = READERS[name][1]
    row = walk(1, 120)
    halted, whole = panel({"000010": [*row[:60], None, *row[60:]]}), panel({"000010": row})
    for with_gap, without in zip(read(halted.indicators), read(whole.indicators), strict=True):
        assert np.isnan(with_gap[60, 0])
        np.testing.assert_array_equal(np.delete(with_gap, 60, axis=0), without)


@contextmanager
def cut_up(cells: int) -> Iterator[None]:
    """Let a panel as small as these be worked on in as many pieces as a large one, by so many cells at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own_bars, "_CELLS_AT_ONCE", cells)
        patch.setattr(own_bars, "_CELLS_OF_A_SLAB", 4 * cells)
        patch.setattr(rolling, "_FEW_COLUMNS", 2)
        yield


CELLS = (1, 8, 60, 1 << 15)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    gaps=st.sampled_from([0.002, 0.02, 0.1, 0.5]),
    cells=st.sampled_from(CELLS),
    name=st.sampled_from(sorted(READERS)),
)
def test_gaps_and_splits_leave_what_the_symbols_own_bars_alone_give(
    seed: int, gaps: float, cells: int, name: str
) -> None:
    """Bit for bit, whether few days are missing or many, whenever the symbol was listed and however often it was split."""
    read, rows = READERS[name][1], troubled(seed, gaps)
    whole = panel(rows)
    alone = [panel({symbol: [day for day in days if day]}) for symbol, days in rows.items()]
    with cut_up(cells):
        found = read(whole.indicators)
    for i, values in enumerate(found):
        assert np.isnan(values[~whole.present]).all()
        for j, one in enumerate(alone):
            np.testing.assert_array_equal(values[whole.present[:, j], j], read(one.indicators)[i][:, 0])


@pytest.mark.parametrize(("gaps", "expected"), [(0.001, False), (0.3, True)])
def test_bars_with_many_gaps_are_pushed_together(gaps: float, expected: bool) -> None:
    """Mending what lies behind gaps pays where there are few."""
    present = np.random.default_rng(1).random((400, 5)) >= gaps
    assert OwnBars(present).has_many_gaps is expected


@pytest.mark.parametrize("name", ON_AN_INDEX)
def test_one_nan_in_an_index_is_missing_and_does_not_spread(name: str) -> None:
    """TA-Lib would answer NaN, or an RSI of 0, for ever after; here it is one missing day."""
    read = READERS[name][1]
    closes = np.array([row[3] / 7 for row in walk(5, 120)])
    holed = np.insert(closes, 60, np.nan)
    for with_nan, without in zip(read(_untimed(holed)), read(_untimed(closes)), strict=True):
        assert with_nan.shape == (121,)
        assert np.isnan(with_nan[60])
        np.testing.assert_array_equal(np.delete(with_nan, 60), without)


def _untimed(closes: npt.NDArray[np.float64]) -> Indicators:
    """Return indicators of bars that depend on their own close only, so that a hole changes no other bar."""
    columns = {"open": closes, "high": closes * 1.01, "low": closes * 0.99, "close": closes, "value": closes * 1e6}
    return Indicators(columns, np.ones(len(closes), dtype=np.bool_))


def test_an_index_may_lack_single_columns() -> None:
    """A day without a high has a close: averages count it, the range does not."""
    series = index(np.linspace(2_400, 2_600, 40))
    series.high[20] = np.nan
    assert np.isfinite(series.indicators.sma("close", 20)[20])
    assert np.isnan(series.indicators.atr()[20])
    assert np.isfinite(series.indicators.atr()[21])


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(1, 130), name=st.sampled_from(sorted(READERS)))
def test_what_follows_changes_no_bit(rows: int, name: str) -> None:
    """Row t computed on the evening of t equals row t of the whole history: batch is row by row."""
    read = READERS[name][1]
    whole = history()
    for known_then, known_now in zip(read(cut(whole, rows).indicators), read(whole.indicators), strict=True):
        np.testing.assert_array_equal(known_then, known_now[:rows])


@pytest.mark.parametrize("name", READERS)
def test_other_symbols_change_no_bit(name: str) -> None:
    """A symbol alone has the values that it has among others."""
    read = READERS[name][1]
    alone = panel({"000020": walk(2, 130)})
    for one, many in zip(read(alone.indicators), read(history().indicators), strict=True):
        np.testing.assert_array_equal(one[:, 0], many[:, 1])


@pytest.mark.parametrize("name", READERS)
def test_nothing_is_computed_across_a_split(name: str) -> None:
    """Behind a jump beyond the price limits a symbol is as if newly listed; before it nothing changes."""
    first, read = READERS[name]
    days = walk(1, 130)
    before = days[:60]
    after: list[DailyRow] = [(day[0] // 10, day[1] // 10, day[2] // 10, day[3] // 10, day[4]) for day in days[60:]]
    split = panel({"000010": [*before, *after]})
    alone, until = panel({"000010": after}), panel({"000010": before})
    assert np.argwhere(split.scale_breaks).tolist() == [[60, 0]]
    for values, new, old in zip(read(split.indicators), read(alone.indicators), read(until.indicators), strict=True):
        np.testing.assert_array_equal(values[60:], new)
        np.testing.assert_array_equal(values[:60], old)
        assert np.isnan(values[60 : 60 + first]).all()


def test_two_splits_within_a_window_leave_each_its_own_bars() -> None:
    """A window that takes what exists never reaches over either of them."""
    days: list[DailyRow] = [(1_000 * k,) * 4 + (9,) for k in (1, 1, 5, 5, 5, 25, 26)]
    ind = panel({"000010": days}).indicators
    assert ind.lowest("low", 6, min_bars=1)[:, 0].tolist() == [1_000, 1_000, 5_000, 5_000, 5_000, 25_000, 25_000]


def test_rsi_is_missing_while_the_price_never_moved() -> None:
    """TA-Lib answers 0 for a series without any change, which would pass every oversold test."""
    still: list[DailyRow] = [(1_000, 1_000, 1_000, 1_000, 5)] * 40
    rising: list[DailyRow] = [(k, k, k, k, 5) for k in range(1_001, 1_041)]
    rsi = panel({"000010": still, "000020": rising}).indicators.rsi()
    assert np.isnan(rsi[:, 0]).all()
    assert rsi[14, 1] == 100


def test_vectors_of_the_specification() -> None:
    """`market.md` section 1 and `examples.json` key INDICATORS, for 100 + the running sum of sin(i)."""
    ind = _untimed(100 + np.cumsum([math.sin(i) for i in range(60)]))
    assert ind.macd().line[33] == pytest.approx(-0.005312406, abs=1e-9)
    assert ind.macd().signal[33] == pytest.approx(0.0505, abs=1e-6)
    assert ind.macd().histogram[59] == pytest.approx(0.055886, abs=1e-6)
    assert ind.rsi()[[14, 59]] == pytest.approx([56.810531, 56.018674], abs=1e-6)
    assert (ind.bollinger().upper[19], ind.bollinger().lower[19]) == pytest.approx((102.353425, 99.377765), abs=1e-6)
    assert ind.ema("close", 12)[[11, 59]] == pytest.approx([100.963878, 100.994973], abs=1e-6)


def test_force_index_of_the_specification() -> None:
    """The example of triple screen: seeded with the mean of the first two values."""
    closes, volumes = (70_000, 70_800, 71_200, 70_400, 69_800, 69_500), (1_000, 1_200, 900, 800, 700, 650)
    days: list[DailyRow] = [(c, c, c, c, v * 1_000) for c, v in zip(closes, volumes, strict=True)]
    force = panel({"000010": days}).indicators.force(2)[:, 0] / 1e6
    assert force[2:] == pytest.approx([660, -206.6667, -348.8889, -246.2963], abs=1e-4)


def test_volume_of_rising_over_falling_days_ignores_unchanged_ones() -> None:
    """Two days up with 30 and 20, one down with 10, one unchanged with 99; without a day down it is infinite."""
    days: list[DailyRow] = [(c, c, c, c, v) for c, v in ((100, 7), (101, 30), (101, 99), (100, 10), (102, 20))]
    ind = panel({"000010": days}).indicators
    assert ind.up_down_volume(4)[4, 0] == 5.0
    assert np.isposinf(ind.up_down_volume(2)[2, 0])


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 31])
@pytest.mark.parametrize("name", ["high", "close"])
def test_extremes_are_those_of_the_window(name: Field, n: int) -> None:
    """Against the plain definition, for windows of every kind."""
    whole = history(60)
    high, low = whole.indicators.highest(name, n), whole.indicators.lowest(name, n, min_bars=1)
    for j in range(3):
        bars = own(whole, name, j)
        rows = np.flatnonzero(whole.present[:, j])
        for i, t in enumerate(rows):
            window = bars[max(0, i - n + 1) : i + 1]
            assert low[t, j] == window.min()
            assert (high[t, j] == window.max()) if i >= n - 1 else np.isnan(high[t, j])


ASKED: dict[str, Callable[[Indicators], FloatArray]] = {
    "highest 3": lambda ind: ind.highest("high", 3),
    "highest 8": lambda ind: ind.highest("high", 8),
    "highest 8 from 2": lambda ind: ind.highest("high", 8, min_bars=2),
    "highest 31": lambda ind: ind.highest("high", 31),
    "highest 40 from 9": lambda ind: ind.highest("high", 40, min_bars=9),
    "lowest 8": lambda ind: ind.lowest("low", 8),
    "lowest 31 from 1": lambda ind: ind.lowest("low", 31, min_bars=1),
    "mean": lambda ind: ind.sma("close", 20),
    "mean volume": lambda ind: ind.sma("volume", 20),
    "deviation": lambda ind: ind.stdev("close", 20),
    "lower": lambda ind: ind.bollinger().lower,
    "middle": lambda ind: ind.bollinger().middle,
    "width": lambda ind: ind.bollinger().width,
    "volume ratio": lambda ind: ind.volume_ratio(20),
    "mean a bar ago": lambda ind: ind.ago(1).sma("close", 20),
}


@pytest.mark.parametrize("cells", CELLS)
@pytest.mark.parametrize("gaps", [0.0, 0.02, 0.5])
@pytest.mark.parametrize("seed", range(4))
def test_an_indicator_does_not_depend_on_what_was_asked_before(seed: int, gaps: float, cells: int) -> None:
    """What indicators lend each other changes no bit of them."""
    whole = panel(troubled(seed, gaps))
    alone = {}
    for name, read in ASKED.items():
        whole.forget()
        alone[name] = read(whole.indicators)
    whole.forget()
    with cut_up(cells):
        for name in np.random.default_rng(seed).permutation(list(ASKED)).tolist():
            np.testing.assert_array_equal(ASKED[name](whole.indicators), alone[name], err_msg=name)


def test_memory_goes_by_the_history_and_not_by_the_window() -> None:
    """An extreme of twenty thousand bars over sixty is that of sixty."""
    whole = history(60)
    np.testing.assert_array_equal(
        whole.indicators.highest("high", 20_000, min_bars=1), whole.indicators.highest("high", 60, min_bars=1)
    )
    tracemalloc.start()
    try:
        whole.indicators.lowest("low", 20_000, min_bars=1)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_results_are_shared_and_cannot_be_changed() -> None:
    """Twelve strategies get one array, so nobody may write into it."""
    ind = history().indicators
    assert ind.sma("close", 20) is ind.sma("close", 20)
    assert ind.ago(1).sma("close", 20) is ind.ago(1).sma("close", 20)
    with pytest.raises(ValueError, match="read-only"):
        ind.sma("close", 20)[0, 0] = 1


@pytest.mark.parametrize("name", READERS)
def test_forgotten_indicators_leave_the_memory_at_once(name: str) -> None:
    """Nothing that is kept of them holds the rest of them, which would stay until a collector comes by."""
    whole = history()
    READERS[name][1](whole.indicators)
    results = weakref.ref(whole.indicators._shared.frames[()])
    gc.disable()
    try:
        whole.forget()
        assert results() is None
    finally:
        gc.enable()


def test_a_week_is_known_on_the_day_whose_next_session_lies_in_another_week() -> None:
    """On Thursday the last completed week is the one before; on Friday it is this one."""
    days: list[DailyRow] = [(100 + k, 110 + k, 90 + k, 105 + k, 10) for k in range(12)]
    whole = panel({"000010": days}, armed_for=dt.date(2025, 9, 22))  # Monday; rows from Thursday 2025-09-04
    week = whole.indicators.weekly
    weekdays = [day.weekday() for day in whole.sessions]
    assert weekdays == [3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    np.testing.assert_array_equal(week.field("close")[:, 0], [np.nan] + [106] * 5 + [111] * 5 + [116])
    np.testing.assert_array_equal(week.field("open")[6:, 0], [102] * 5 + [107])
    np.testing.assert_array_equal(week.field("high")[6:, 0], [116] * 5 + [121])
    np.testing.assert_array_equal(week.field("low")[6:, 0], [92] * 5 + [97])
    np.testing.assert_array_equal(week.field("volume")[6:, 0], [50] * 6)
    np.testing.assert_array_equal(week.ago(1).field("close")[:, 0], [np.nan] * 6 + [106] * 5 + [111])
    np.testing.assert_array_equal(week.sma("close", 2)[6:, 0], [108.5] * 5 + [113.5])


def test_a_week_ends_before_a_holiday_and_not_after_an_unknown_day() -> None:
    """A Thursday before a closed Friday completes its week; a last row without a next session does not."""
    days: list[DailyRow] = [(100, 100, 100, 100 + k, 10) for k in range(9)]
    whole = panel({"000010": days}, armed_for=dt.date(2025, 10, 10))  # 3 to 9 October 2025 are closed
    assert whole.sessions[-1] == dt.date(2025, 10, 2)
    assert whole.indicators.weekly.field("close")[-1, 0] == 108
    unknown = replace(whole, next_session=(*whole.next_session[:-1], None))
    assert unknown.indicators.weekly.field("close")[-1, 0] != 108


def test_a_week_without_trading_is_no_week_of_the_symbol() -> None:
    """Halted for a week, a symbol's last week is the one in which it traded; on days without trading there is none."""
    row: DailyRow = (100, 110, 90, 105, 10)
    other: DailyRow = (100, 110, 90, 107, 10)
    whole = panel({"000010": [row] * 5 + [None] * 5 + [other] * 5}, armed_for=dt.date(2025, 9, 22))
    close = whole.indicators.weekly.field("close")[:, 0]
    assert np.isnan(close[5:10]).all()
    np.testing.assert_array_equal(close[10:], [105, 105, 105, 105, 107])


def test_a_macd_with_a_memory_is_that_of_its_last_bars_alone() -> None:
    """Gaps do not count, and a longer history changes no bit."""
    whole = history(130)
    short = whole.indicators.macd(memory=60)
    for j in range(3):
        closes = own(whole, "close", j)
        rows = np.flatnonzero(whole.present[:, j])
        assert np.isnan(short.line[rows[58], j])
        for n in (59, 80, len(rows) - 1):
            alone = _untimed(closes[n - 59 : n + 1]).macd()
            for line, expected in zip(short, alone, strict=True):
                np.testing.assert_allclose(line[rows[n], j], expected[-1], rtol=1e-9, atol=1e-6)
    with pytest.raises(ValueError, match="memory of 34 bars"):
        whole.indicators.macd(memory=33)


def test_weekly_macd_is_talibs_over_weekly_closes() -> None:
    """The tide of triple screen, at each day the last completed week's, and the week before beside it."""
    whole = panel({"000010": walk(8, 400)})
    closes = [
        float(whole.close[t, 0])
        for t, (day, following) in enumerate(zip(whole.sessions, whole.next_session, strict=True))
        if following is not None and following.isocalendar()[:2] != day.isocalendar()[:2]
    ]
    histogram = talib.MACD(np.array(closes), 12, 26, 9)[2]
    weekly = whole.indicators.weekly
    np.testing.assert_allclose(
        [weekly.ago(1).macd().histogram[-1, 0], weekly.macd().histogram[-1, 0]], histogram[-2:], rtol=1e-9
    )


@pytest.mark.parametrize("rows", [10, 57, 113])
def test_weeks_are_blind_to_the_future(rows: int) -> None:
    """Cutting the history inside a week changes no value before."""
    whole = history()
    then, now = cut(whole, rows).indicators.weekly, whole.indicators.weekly
    np.testing.assert_array_equal(then.ema("close", 3), now.ema("close", 3)[:rows])
    np.testing.assert_array_equal(then.ago(1).highest("high", 2), now.ago(1).highest("high", 2)[:rows])


def test_a_split_inside_a_week_starts_the_weeks_anew() -> None:
    """That week is made of its days from the split on."""
    before: DailyRow = (10_000, 10_100, 9_900, 10_000, 10)
    after: DailyRow = (1_000, 1_010, 990, 1_000, 100)
    whole = panel({"000010": [before] * 7 + [after] * 8}, armed_for=dt.date(2025, 9, 22))
    week = whole.indicators.weekly
    assert week.field("high")[9, 0] == 1_010
    assert week.field("volume")[9, 0] == 300
    assert np.isnan(week.sma("close", 2)[9, 0])
    assert week.sma("close", 2)[14, 0] == 1_000


@pytest.mark.parametrize("rows", [0, 1])
@pytest.mark.parametrize("name", READERS)
def test_too_little_history_is_missing_not_an_error(name: str, rows: int) -> None:
    """A panel without a row, or shorter than every window, has no values."""
    first, read = READERS[name]
    for values in (*read(cut(history(), rows).indicators), *read(cut(history(), rows).indicators.weekly)):
        assert values.shape == (rows, 3)
        assert not np.isfinite(values[:first]).any()


def test_impossible_requests_are_refused() -> None:
    """No bars, or MACD with its averages the wrong way round, is a mistake in a strategy."""
    ind = history().indicators
    with pytest.raises(ValueError, match="at least one bar"):
        ind.sma("close", 0)
    with pytest.raises(ValueError, match="fast < slow"):
        ind.macd(26, 12)
    with pytest.raises(ValueError, match="at least one bar"):
        ind.macd(12, 26, 0)
    with pytest.raises(ValueError, match="fast < slow"):
        ind.macd(0, 26)
    with pytest.raises(ValueError, match="not ahead"):
        ind.ago(-1)
    for n, least in ((3, 6), (3, 0), (0, 1)):
        with pytest.raises(ValueError, match="found"):
            ind.highest("high", n, min_bars=least)
    with pytest.raises(ValueError, match="weekly"):
        _ = ind.weekly.weekly


def test_bands_of_prices_too_large_for_exact_squares_are_right_and_do_not_depend_on_what_follows() -> None:
    """A window whose squares exceed 64 bits is computed otherwise, and only that window."""
    prices = np.r_[walk_of_closes(40), np.full(5, 2_000_000_000) + np.arange(5) * 1_000_000, walk_of_closes(40)]
    whole = rolling.window_deviation(prices[:, None], 20)
    expected = [prices[t - 19 : t + 1].astype(np.float64).std() for t in range(19, len(prices))]
    np.testing.assert_allclose(whole[19:, 0], expected, rtol=1e-9)
    np.testing.assert_array_equal(rolling.window_deviation(prices[:42, None], 20), whole[:42])


def test_a_window_longer_than_the_history_of_large_values_is_missing() -> None:
    """Squares of what changed hands, in won, are no floats, and there are fewer bars than asked for."""
    days: list[DailyRow] = [(c, c, c, c, 2_000_000) for c in (1_000_000, 1_010_000, 1_020_000)]
    ind = panel({"000010": days}).indicators
    assert np.isnan(ind.stdev("value", 20)).all()
    assert ind.stdev("value", 3)[2, 0] == pytest.approx(np.std([2e12, 2.02e12, 2.04e12]))


def test_deviations_of_dear_shares_are_exact() -> None:
    """At six million won nineteen times the squares are no floats any more, while the sum of all squares still is one."""
    closes = [6_000_000 + i * i % 7 for i in range(100)]
    found = panel({"000010": [(c, c, c, c, 1) for c in closes]}).indicators.stdev("close", 19)
    for t in range(18, 100):
        window = closes[t - 18 : t + 1]
        assert found[t, 0] == math.sqrt(19 * sum(c * c for c in window) - sum(window) ** 2) / 19


def test_volumes_whose_total_is_no_float_are_summed_exactly() -> None:
    """Quadrillions of shares, odd ones: what rose and what fell among the last four are whole numbers."""
    closes = [100, 101, 102, 101, 103, 102, 104, 105, 104, 106]
    volumes = [3 * 10**15 + 2 * i + 1 for i in range(10)]
    found = panel({"000010": [(c, c, c, c, v) for c, v in zip(closes, volumes, strict=True)]}).indicators
    moves = [0, *(b - a for a, b in pairwise(closes))]
    for t in range(4, 10):
        last = range(t - 3, t + 1)
        risen, fallen = (sum(volumes[i] for i in last if sign * moves[i] > 0) for sign in (1, -1))
        assert found.up_down_volume(4)[t, 0] == risen / fallen


def test_sums_of_won_are_exact_where_floats_are_not() -> None:
    """A running total beyond nine quadrillion changes no window's sum, and not by what follows."""
    won = np.array([4 * 10**15 + k for k in range(8)] + [7, 8, 9], dtype=np.float64)[:, None]
    total = rolling.whole_total(won)
    assert total.dtype == np.int64
    assert rolling.difference(total, 3)[-1, 0] == 24
    short = rolling.whole_total(won[:2])
    assert short.dtype == np.float64
    assert short[:, 0].tolist() == total[:2, 0].tolist()


def walk_of_closes(length: int) -> npt.NDArray[np.int64]:
    """Return ordinary closes."""
    return np.array([row[3] for row in walk(4, length)], dtype=np.int64)
