"""The screener on whole panels: point in time, the same however it is asked, and saying what is missing."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kats_core.market.calendar import krx_calendar
from kats_core.market.conditions import market_conditions
from kats_core.market.panel import Panel
from kats_core.market.pulse import PulseParams
from kats_core.market.regime import RegimeParams
from kats_core.market.screening import history
from kats_core.market.screening.history import canslim, flow_signs, relative_strength, report_growth, trend_scores
from kats_core.market.screening.measures import Measures
from kats_core.market.screening.profiles import REASONS, reason_of, refusals
from kats_core.market.screening.qualification import GRADES
from kats_core.market.screening.rules import ScreenRules
from kats_core.market.screening.screener import Screen, Screener
from kats_core.market.screening.thresholds import Thresholds
from kats_core.market.sectors import HORIZONS
from kats_core.market.tables import FLOWS, QUARTERS, SHARES, YEARS, IndexSeries, SideTable
from kats_core.model.codes import CoreCode
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import Grade, InstrumentKind, Profile, Scope

SYMBOLS = tuple(f"00{n:03d}0" for n in range(1, 61))
SESSIONS = krx_calendar().sessions(dt.date(2024, 6, 3), dt.date(2025, 9, 30))
RULES = ScreenRules()
DAYS = np.array(SESSIONS, dtype="datetime64[D]")


def table(name: str, symbol: Any, period: Any, known: Any, **columns: Any) -> SideTable:
    order = np.lexsort((period, known, symbol))
    return SideTable(
        name=name,
        symbols=SYMBOLS,
        symbol=np.asarray(symbol, dtype=np.int32)[order],
        period=np.asarray(period, dtype="datetime64[D]")[order],
        available_from=np.asarray(known, dtype="datetime64[D]")[order],
        columns={key: np.asarray(values, dtype=np.float64)[order] for key, values in columns.items()},
        source="test",
    )


@lru_cache(maxsize=4)
def market(seed: int = 1) -> Panel:
    """Sixty companies over sixteen months, a few halts, with shares, flows and reports."""
    draws = np.random.default_rng(seed)
    days, size = len(SESSIONS), len(SYMBOLS)
    present = draws.random((days, size)) > 0.01
    close = np.rint(30_000 * np.exp(np.cumsum(draws.normal(0.0005, 0.02, (days, size)), axis=0))).astype(np.int64)
    high, low = close + close // 50, close - close // 50
    volume = np.rint(2_000_000 * np.exp(draws.normal(0, 0.4, (days, size)))).astype(np.int64)
    cells = [np.where(present, column, 0) for column in (close, high, low, close, volume, close * volume)]
    grid = np.tile(np.arange(size), days), np.repeat(DAYS, size)
    flows = table(
        FLOWS, grid[0], grid[1], grid[1],
        inst_net_shares=draws.normal(0, 2e5, days * size), foreign_net_shares=draws.normal(0, 2e5, days * size),
    )  # fmt: skip
    shares_days = np.repeat(DAYS[:: days // 5], size)
    number = np.tile(np.arange(size), len(DAYS[:: days // 5]))
    listed = 1e7 * (1 + number)
    caps = listed * close[np.searchsorted(DAYS, shares_days), number]
    shares = table(SHARES, number, shares_days, shares_days, listed_shares=listed, market_cap_krw=caps)
    ends = np.array(["2023-12-31", *(f"{y}-{q}" for y in (2024, 2025) for q in ("03-31", "06-30", "09-30", "12-31"))],
                    dtype="datetime64[D]")[:8]  # fmt: skip
    quarter_symbol, quarter_end = np.tile(np.arange(size), len(ends)), np.repeat(ends, size)
    filed = quarter_end + draws.integers(30, 60, quarter_end.size).astype("timedelta64[D]")
    quarters = table(
        QUARTERS, quarter_symbol, quarter_end, filed,
        revenue_krw=draws.normal(1e11, 1e10, filed.size), operating_profit_krw=draws.normal(1e10, 4e9, filed.size),
        net_income_krw=draws.normal(5e9, 4e9, filed.size), eps_krw=np.full(filed.size, np.nan),
    )  # fmt: skip
    year_end = np.repeat(np.array(["2022-12-31", "2023-12-31", "2024-12-31"], dtype="datetime64[D]"), size)
    years = table(
        YEARS, np.tile(np.arange(size), 3), year_end, year_end + np.timedelta64(80, "D"),
        net_income_krw=draws.normal(5e10, 1e10, year_end.size),
    )  # fmt: skip
    return Panel(
        sessions=tuple(SESSIONS),
        next_session=(*SESSIONS[1:], None),
        instruments=tuple(
            Instrument(symbol=s, name=f"회사{s}", sector="제약" if n % 2 else "화학") for n, s in enumerate(SYMBOLS)
        ),
        present=present,
        open=cells[0],
        high=cells[1],
        low=cells[2],
        close=cells[3],
        volume=cells[4],
        value=cells[5],
        scope=Scope.RAW,
        tables={one.name: one for one in (flows, shares, quarters, years)},
        indices={"KOSPI": kospi(draws)},
    )


def kospi(draws: np.random.Generator) -> IndexSeries:
    """Return an index of the same sessions."""
    close = 2_500 * np.exp(np.cumsum(draws.normal(0, 0.01, len(SESSIONS))))
    return IndexSeries("KOSPI", tuple(SESSIONS), close, close, close, close, close * 1e9, "test")


def numbers(screen: Screen) -> dict[str, Any]:
    """Every array that a screen holds, by its path."""
    found: dict[str, Any] = {}

    def walk(path: str, value: Any) -> None:
        if isinstance(value, np.ndarray):
            found[path] = value
        elif dataclasses.is_dataclass(value) and not isinstance(value, Panel):
            for one in dataclasses.fields(value):
                if one.name not in {"panel", "rules", "coverage"}:
                    walk(f"{path}.{one.name}", getattr(value, one.name))

    walk("", screen)
    return found | {str(profile): screen.stars(profile) for profile in Profile}


def assert_equal(one: Screen, other: Screen) -> None:
    theirs = numbers(other)
    for path, value in numbers(one).items():
        np.testing.assert_array_equal(value, theirs[path], err_msg=path)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, len(SESSIONS) - 2))
def test_what_comes_later_changes_nothing(row: int) -> None:
    """Panel and tables cut at the evening give the same screen as the whole history."""
    whole = market()
    cut = whole.until(SESSIONS[row + 1])
    assert_equal(Screener(whole, RULES).on_evening(row), Screener(cut, RULES).on_evening(row))


@settings(max_examples=10, deadline=None)
@given(st.integers(60, len(SESSIONS) - 2), st.integers(1, 60))
def test_a_record_known_later_changes_nothing(row: int, later: int) -> None:
    """A report, a share count or a flow about the past that was not known yet is not read."""
    panel = market()
    known = DAYS[row] + np.timedelta64(later, "D")
    tables = {name: _with_record(one, DAYS[row - 30], known) for name, one in panel.tables.items()}
    screens = [Screener(one, RULES).on_evening(row) for one in (panel, replace(panel, tables=tables))]
    assert_equal(*screens)


def _with_record(one: SideTable, period: Any, known: Any) -> SideTable:
    return table(
        one.name,
        [*one.symbol, 7],
        [*one.period, period],
        [*one.available_from, known],
        **{name: [*column, 12_345.0] for name, column in one.columns.items()},
    )


def test_the_order_of_questions_does_not_matter() -> None:
    """An evening asked for alone, in order, or backward is the same."""
    one, other = Screener(market(), RULES), Screener(market(), RULES)
    rows = [250, 251, 275, 300]
    forward = [one.on_evening(row) for row in rows]
    for row, screen in zip(reversed(rows), reversed(forward), strict=True):
        assert_equal(other.on_evening(row), screen)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, len(SESSIONS) - 1), st.integers(0, len(SYMBOLS) - 1))
def test_measures_count_own_bars(row: int, column: int) -> None:
    """Each measure equals its plain definition on the symbol's own bars."""
    panel = market()
    measures, at = Measures(panel), slice(row, row + 1)
    own = np.flatnonzero(panel.present[: row + 1, column])
    close, volume = panel.close[own, column].astype(float), panel.volume[own, column].astype(float)
    high, low = panel.high[own, column], panel.low[own, column]
    has_bar, nan = bool(panel.present[row, column]), float("nan")
    change = np.diff(close)
    expected = {
        "sma200": close[-200:].mean() if len(own) >= 200 else nan,
        "sma200 before": close[-221:-21].mean() if len(own) >= 221 else nan,
        "volume": volume[-20:].mean() if len(own) >= 20 else nan,
        "close 63": close[-64] if len(own) > 63 else nan,
        "high": high[-252:].max() if len(own) >= 126 else nan,
        "low": low[-252:].min() if len(own) >= 126 else nan,
        "up": volume[-50:][change[-50:] > 0].sum() if len(own) > 50 else nan,
        "down": volume[-50:][change[-50:] < 0].sum() if len(own) > 50 else nan,
    }
    up, down = measures.up_and_down_volume(at)
    got = {
        "sma200": measures.mean("close", 200, at),
        "sma200 before": measures.mean("close", 200, at, back=21),
        "volume": measures.mean("volume", 20, at),
        "close 63": measures.earlier_close(63, at),
        "high": measures.highest(at, 126),
        "low": measures.lowest(at, 126),
        "up": up,
        "down": down,
    }
    for name, value in expected.items():
        np.testing.assert_allclose(got[name][0, column], value if has_bar else nan, rtol=1e-12, err_msg=name)


@settings(max_examples=15, deadline=None)
@given(st.integers(150, len(SESSIONS) - 2))
def test_sectors_are_measured_by_their_qualified_members_against_the_index(row: int) -> None:
    """Over a session, by market cap the evening before; flows in shares count at the evening's close."""
    panel, screener = market(), Screener(market(), RULES)
    screen, before = (screener.on_evening(t) for t in (row, row - 1))
    found, sums, cap = screen.sectors, screen.flow_sums, before.basics.market_cap
    assert found is not None
    assert found.names == ("제약", "화학")
    for k in range(2):
        members = screen.qualified & (found.sector_of == k)
        both = members & panel.present[row - 1]
        change = panel.close[row][both] / panel.close[row - 1][both] - 1
        assert found.returns[0][k] == pytest.approx((cap[both] * change).sum() / cap[both].sum())
        known = members & np.isfinite(sums.inst5 + sums.foreign5)
        inst, foreign = ((own * screen.basics.price)[known].sum() for own in (sums.inst5, sums.foreign5))
        assert found.flow[k] == (np.sign(inst) if np.sign(inst) == np.sign(foreign) else 0)
    index = panel.indices["KOSPI"].close
    one, five, twenty = (index[row] / index[row - n] - 1 for n in HORIZONS)
    relative = 0.5 * (found.returns[0] - one) + 0.3 * (found.returns[1] - five) + 0.2 * (found.returns[2] - twenty)
    np.testing.assert_allclose(found.relative, relative, atol=1e-12)
    assert sorted(found.rank.tolist()) == [1, 2]


@pytest.mark.parametrize("lacking", [{"indices": {}}, {"tables": {}}])
def test_sectors_have_no_strength_where_sizes_or_the_index_are_unknown(lacking: dict[str, Any]) -> None:
    """Nothing stands in for them."""
    panel = dataclasses.replace(market(), **lacking)
    assert Screener(panel, RULES).on_evening(len(SESSIONS) - 2).sectors is None


def test_grades_are_those_of_the_months_first_session() -> None:
    """Ranks move within a month, grades do not; only whoever stops to qualify is D, until it qualifies again."""
    rules = ScreenRules(grade_a=10, grade_b=20, grade_c=30)
    screener = Screener(market(), rules)
    first = SESSIONS.index(dt.date(2025, 8, 1))
    opening = screener.on_evening(first)
    for row in range(first, first + 15):
        screen = screener.on_evening(row)
        expected = [g if q else GRADES.index(Grade.D) for g, q in zip(opening.grade, screen.qualified, strict=True)]
        assert screen.grade.tolist() == expected
    assert (screener.on_evening(first + 15).rank != opening.rank).any()
    assert len(set(opening.grade.tolist())) == 4


def test_a_restricted_symbol_is_d_at_once() -> None:
    """Q6 is about the session to come and needs no history."""
    row = len(SESSIONS) - 2
    tradable = np.ones(len(SYMBOLS), dtype=np.bool_)
    tradable[5] = False
    screen = Screener(market(), RULES).on_evening(row, tradable)
    assert screen.grade_of(5) is Grade.D
    cell = refusals(screen, Profile.NEUTRAL, grades=set(Grade) - {Grade.D}, min_confidence=3)[5]
    assert reason_of(int(cell)) is CoreCode.RESTRICTED


def test_without_side_tables_everything_that_needs_them_is_missing() -> None:
    """Nothing is guessed: no size, no flows, no reports; prices alone are judged."""
    bare = replace(market(), tables={})
    screen = Screener(bare, RULES).on_evening(300)
    assert not screen.coverage.shares
    assert np.isnan(screen.rank).all()
    assert not screen.qualified.any()
    assert not screen.fundamental[:4].any()
    assert screen.flow_sums.is_missing.all()
    assert screen.quarters.is_missing.all()
    assert screen.trend_score.max() > 0


def test_turnover_ranks_say_so_and_skip_the_market_cap() -> None:
    """Q1 passes for all, and the screen is marked."""
    bare = replace(market(), tables={})
    screen = Screener(bare, ScreenRules(rank_by="turnover")).on_evening(300)
    assert screen.by_turnover
    assert screen.qualification[0].all()
    assert np.nanmax(screen.rank) == screen.panel.present[300].sum()


def test_adjusted_prices_skip_the_price_floor_and_move_the_stated_market_cap() -> None:
    """Shares as traded do not belong to adjusted prices: size is what the exchange stated, moved by the price since."""
    panel = market()
    halved = {name: getattr(panel, name) // 100 for name in ("open", "high", "low", "close")}
    raw = Screener(panel, RULES).on_evening(300)
    adjusted = Screener(replace(panel, scope=Scope.ADJUSTED, **halved), RULES).on_evening(300)
    assert adjusted.qualification[6].all()
    assert not (adjusted.basics.price >= 1_000).any()
    both = np.isfinite(raw.basics.market_cap) & np.isfinite(adjusted.basics.market_cap)
    assert both.sum() > 50
    np.testing.assert_allclose(adjusted.basics.market_cap[both], raw.basics.market_cap[both], rtol=0.01)


def test_funds_that_strategies_list_have_their_grade_and_three_stars() -> None:
    """They belong to no universe, and a fund that nobody lists is never traded."""
    panel = market()
    kinds = [replace_kind(i, InstrumentKind.ETF) if n < 2 else i for n, i in enumerate(panel.instruments)]
    funds = replace(panel, instruments=tuple(kinds))
    screen = Screener(funds, RULES, funds=frozenset({SYMBOLS[0]})).on_evening(300)
    assert [screen.grade_of(0), screen.grade_of(1)] == [Grade.ETF, Grade.D]
    assert screen.stars(Profile.ETF)[:2].tolist() == [3, 2]
    cells = refusals(screen, Profile.ETF, grades={Grade.ETF}, min_confidence=3)
    assert [reason_of(int(cell)) for cell in cells[:2]] == [None, CoreCode.GRADE]


def replace_kind(instrument: Instrument, kind: InstrumentKind) -> Instrument:
    return Instrument(symbol=instrument.symbol, name=instrument.name, kind=kind)


def test_the_pattern_is_asked_for_only_where_it_can_matter() -> None:
    """Five stars need it, and everything else first."""
    asked: list[npt.NDArray[np.bool_]] = []

    def contraction(where: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        asked.append(where)
        return np.ones_like(where)

    screener = Screener(market(), RULES, contraction=contraction)
    found = 0
    for row in range(250, 320):
        screen = screener.on_evening(row)
        full = (screen.trend_score == 8) & (screen.fundamental_score == 5)
        assert screen.contraction.tolist() == full.tolist()
        assert not full.any() or asked[-1][row].tolist() == full.tolist()
        assert screen.coverage.contraction
        found += int(full.sum())
    assert found > 0


@pytest.mark.parametrize("profile", [Profile.BULL, Profile.FLOW, Profile.BEAR, Profile.NEUTRAL])
def test_profiles_let_through_exactly_what_they_ask_for(profile: Profile) -> None:
    """And whoever is left out has the first reason in the order of the checks."""
    screen = Screener(market(), RULES).on_evening(300)
    tradable = set(Grade) - {Grade.D}
    cells = refusals(screen, profile, grades=tradable, min_confidence=3)
    expected = screen.qualified & (screen.grade != GRADES.index(Grade.D)) & (screen.stars(profile) >= 3)
    if profile is Profile.BULL:
        expected &= screen.trend_score >= 5
    if profile is Profile.FLOW:
        expected &= screen.rank <= 100
    np.testing.assert_array_equal(cells == 0, expected)
    assert expected.any()
    for column in np.flatnonzero(cells):
        failing = [
            code for code, passed in zip(REASONS[1:8], screen.qualification[:, column], strict=True) if not passed
        ]
        if failing:
            assert reason_of(int(cells[column])) is failing[0]


def test_the_history_says_of_each_evening_what_its_screen_says() -> None:
    """Trend, strength, growth and letters, also where the history is measured in several parts."""
    whole = market()
    conditions = market_conditions(whole.indices, None, krx_calendar(), SESSIONS[-1], RegimeParams(), PulseParams())
    assert conditions is not None
    screener = Screener(whole, RULES, uptrend=conditions.is_uptrend(whole.sessions))
    growth, letters = report_growth(whole), canslim(whole)
    for row in (0, 126, 252, 270, len(SESSIONS) - 1):
        screen = screener.on_evening(row)
        np.testing.assert_array_equal(trend_scores(whole)[row], screen.trend_score)
        np.testing.assert_array_equal(relative_strength(whole)[row], screen.strength)
        np.testing.assert_array_equal(growth.eps[row], screen.quarters.eps)
        np.testing.assert_array_equal(growth.revenue[row], screen.quarters.revenue)
        np.testing.assert_array_equal(letters.score[row], screen.canslim_score)
        for number, letter in enumerate("CANSLIM"):
            np.testing.assert_array_equal(letters.passes(letter)[row], screen.canslim[number])
    assert letters.score.max() >= 5


def test_the_history_compares_with_the_thresholds_of_its_panel() -> None:
    """`universe:` and `pulse:` reach what strategies arm from as they reach the screen."""
    rules = ScreenRules(
        template_strength=95, leader_strength=95, canslim_eps_growth=0.6, near_high=0.8, up_volume=0.9, report_days=95
    )
    pulse = PulseParams(drop=0.01)
    # Each third day the index falls by half a percent on more turnover: days of distribution, unless a fall must be 1 %.
    moves = np.resize([0.01, 0.005, -0.005], len(SESSIONS))
    close, value = 2_500 * np.exp(np.cumsum(moves)), np.resize([1.0e9, 1.0e9, 1.2e9], len(SESSIONS))
    index = IndexSeries("KOSPI", tuple(SESSIONS), close, close, close, close, value, "test")
    plain = replace(market(), indices={"KOSPI": index})
    own = replace(plain, thresholds=Thresholds(rules, pulse))
    conditions = market_conditions(own.indices, None, krx_calendar(), SESSIONS[-1], RegimeParams(), pulse)
    assert conditions is not None
    screener = Screener(own, rules, uptrend=conditions.is_uptrend(own.sessions))
    growth, letters = report_growth(own), canslim(own)
    for row in (252, 270, 300):
        screen = screener.on_evening(row)
        np.testing.assert_array_equal(trend_scores(own)[row], screen.trend_score)
        np.testing.assert_array_equal(growth.eps[row], screen.quarters.eps)
        for number, letter in enumerate("CANSLIM"):
            np.testing.assert_array_equal(letters.passes(letter)[row], screen.canslim[number])
    assert (trend_scores(own) != trend_scores(plain)).any()
    assert (growth.is_missing != report_growth(plain).is_missing).any()
    for letter in "CANSLM":
        assert (letters.passes(letter) != canslim(plain).passes(letter)).any(), letter


def test_the_history_is_measured_once_in_parts_and_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some rows at a time give the same numbers; nobody can write into what others read too."""
    whole = market()
    monkeypatch.setattr(history, "_CELLS_AT_ONCE", 7 * len(SYMBOLS))
    parts = replace(whole)
    for measure in (trend_scores, relative_strength, flow_signs):
        np.testing.assert_array_equal(measure(parts), measure(whole))
        assert measure(parts) is measure(parts)
    np.testing.assert_array_equal(canslim(parts).score, canslim(whole).score)
    np.testing.assert_array_equal(report_growth(parts).eps, report_growth(whole).eps)
    with pytest.raises(ValueError, match="read-only"):
        trend_scores(parts)[0, 0] = 8


@pytest.mark.parametrize("row", [130, 260, 300])
def test_the_history_does_not_know_what_comes_later(row: int) -> None:
    """Cut at an evening it says the same."""
    whole = market()
    cut = whole.until(SESSIONS[row + 1])
    np.testing.assert_array_equal(canslim(cut).score[-1], canslim(whole).score[row])
    np.testing.assert_array_equal(report_growth(cut).eps[-1], report_growth(whole).eps[row])
    np.testing.assert_array_equal(trend_scores(cut)[-1], trend_scores(whole)[row])


def test_growth_is_missing_where_a_report_is_and_not_where_there_was_a_loss() -> None:
    """A loss the year before gives no rate, but it is known."""
    growth = report_growth(market())
    is_loss = np.isnan(growth.eps) & ~growth.is_missing
    assert is_loss.any()
    assert np.isnan(growth.eps[growth.is_missing]).any()
    bare = replace(market(), tables={}, indices={})
    assert report_growth(bare).is_missing.all()
    assert not canslim(bare).passes("M").any()
    assert not canslim(bare).passes("C").any()
