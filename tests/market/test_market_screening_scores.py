"""The scores of screening, against the examples and vectors of the specification (market, section 3)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.market.screening import flows, stars, trend
from kats_core.market.screening.candidates import Candidate, Claim, choose
from kats_core.market.screening.canslim import CanslimInputs, letters
from kats_core.market.screening.flows import Flow, FlowSums, flow_of
from kats_core.market.screening.growth import Growth, Quarters, YearlyGrowth, Years
from kats_core.market.screening.qualification import (
    GRADES,
    QualificationInputs,
    grade_by_rank,
    grades_in_force,
    qualification,
)
from kats_core.market.screening.rules import ScreenRules
from kats_core.market.screening.trend import TrendInputs
from kats_core.market.screening.universe import exclusion, rank_within, ranked, sector_name
from kats_core.market.status import is_tradable
from kats_core.market.tables import SideTable
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import InstrumentKind, Market, Profile

RULES = ScreenRules()
NAN = float("nan")
TRILLION, BILLION = 10**12, 10**9


def cell(value: float) -> Any:
    return np.array([[value]], dtype=np.float64)


# 3.1 universe


@pytest.mark.parametrize(
    ("instrument", "reason"),
    [
        (Instrument(symbol="005930", name="삼성전자"), None),
        (Instrument(symbol="0009K0", name="새상장"), None),
        (Instrument(symbol="005935", name="삼성전자우"), "PREFERRED"),
        (Instrument(symbol="00088K", name="한화3우B"), "PREFERRED"),
        (Instrument(symbol="069500", name="KODEX 200", kind=InstrumentKind.ETF), "FUND"),
        (Instrument(symbol="400560", name="하나금융20호스팩", market=Market.KOSDAQ), "SPAC"),
        (Instrument(symbol="395400", name="SK리츠"), "REIT"),
        (Instrument(symbol="900140", name="엘브이엠씨홀딩스"), "FOREIGN"),
        (Instrument(symbol="950160", name="코오롱티슈진", market=Market.KOSDAQ), "FOREIGN"),
        (Instrument(symbol="138550", name="메리츠금융지주"), None),
        (Instrument(symbol="112190", name="코넥스회사", market=Market.KONEX), "OTHER_MARKET"),
    ],
)
def test_the_universe_is_common_shares_of_both_markets(instrument: Instrument, reason: str | None) -> None:
    """Preferred shares, funds, SPACs, REITs and foreign companies stay outside; a name that only sounds alike does not."""
    assert exclusion(instrument) == reason


def test_sector_names_lose_their_leading_number() -> None:
    """Two markets number the same sector differently."""
    assert sector_name("09제약") == sector_name("24제약") == "제약"


def test_auto_ranks_a_session_by_turnover_when_one_candidate_lacks_its_market_cap() -> None:
    """Size and turnover are never mixed within one session."""
    caps = np.array([[3.0, 2.0, 1.0], [3.0, NAN, 1.0]])
    turnover = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    everybody = np.ones((2, 3), dtype=np.bool_)
    got = ranked(everybody, caps, turnover, ScreenRules(rank_by="auto"))
    assert got.rank.tolist() == [[1, 2, 3], [3, 2, 1]]
    assert got.by_turnover.tolist() == [False, True]


def test_a_symbol_outside_the_universe_takes_no_rank() -> None:
    """It neither has one nor pushes others down."""
    got = ranked(np.array([[True, False, True]]), np.array([[1.0, 9.0, 2.0]]), np.full((1, 3), NAN), RULES)
    np.testing.assert_array_equal(got.rank, [[2, NAN, 1]])


# 3.2 qualification, 3.3 grades


def basics(**changes: float) -> QualificationInputs:
    values: dict[str, float] = {
        "rank": 50,
        "market_cap": 2 * TRILLION,
        "turnover": 20 * BILLION,
        "volume": 2_000_000,
        "volume_frac": 0.01,
        "spread": 0.002,
        "bars": 300,
        "price": 50_000,
    }
    values |= changes
    flags = {name: bool(values.pop(name, default)) for name, default in (("tradable", 1), ("by_turnover", 0))}
    adjusted = bool(values.pop("is_adjusted", 0))
    arrays = {name: cell(value) for name, value in values.items()}
    return QualificationInputs(
        **arrays,
        tradable=np.array([[flags["tradable"]]]),
        by_turnover=np.array([flags["by_turnover"]]),
        is_adjusted=adjusted,
    )


@pytest.mark.parametrize(
    ("changes", "failing"),
    [
        ({}, []),
        ({"market_cap": 5e11 - 1}, [1]),
        ({"market_cap": NAN}, [1]),
        ({"market_cap": NAN, "by_turnover": 1}, []),
        ({"turnover": 9.9e9}, [2]),
        ({"turnover": 9.9e9, "rank": 101}, []),
        ({"turnover": 4.9e9, "rank": 101}, [2]),
        ({"turnover": NAN}, [2]),
        ({"volume": 30_000, "volume_frac": 0.001}, [3]),
        ({"volume": 30_000, "volume_frac": 0.005}, []),
        ({"volume": 30_000, "volume_frac": 0.001, "turnover": 50e9}, []),
        ({"volume": 30_000, "volume_frac": NAN}, [3]),
        ({"spread": 0.0031}, [4]),
        ({"spread": 0.0031, "rank": 101}, []),
        ({"spread": NAN}, []),
        ({"bars": 125}, [5]),
        ({"tradable": 0}, [6]),
        ({"price": 999}, [7]),
        ({"price": 999, "is_adjusted": 1}, []),
    ],
)
def test_q1_to_q7(changes: dict[str, float], failing: list[int]) -> None:
    """Each check fails alone; missing fails but for the spread; turnover ranks skip Q1, adjusted prices Q7."""
    checks = qualification(basics(**changes), RULES)[:, 0, 0]
    assert [number for number, passed in enumerate(checks, 1) if not passed] == failing


def test_only_three_status_codes_may_be_bought() -> None:
    """A code nobody knows is not one of them, and neither is a missing one."""
    assert [code for code in ("00", "51", "55", "57", "58", "99", "", None) if is_tradable(code)] == ["00", "55", "57"]


def test_grades_follow_ranks() -> None:
    """A to 30, B to 100, C to 200; whoever does not qualify or is not ranked is D."""
    rank = np.array([[1.0, 30, 31, 100, 101, 200, 201, NAN, 5]])
    qualified = np.array([[True] * 8 + [False]])
    assert "".join(GRADES[n] for n in grade_by_rank(rank, qualified, RULES)[0]) == "AABBCCDDD"


def test_a_frozen_grade_is_d_as_soon_as_the_symbol_fails_and_a_listed_fund_has_its_own() -> None:
    """Ranks wait for the next month, a failed qualification does not; funds are asked for turnover alone."""
    frozen = np.array([0, 0, 3, 3], dtype=np.int8)
    grade = grades_in_force(
        frozen,
        np.array([True, False, True, False]),
        np.array([False, False, True, True]),
        np.array([5e9, 5e9, 10e9, 9e9]),
        RULES,
    )
    assert [GRADES[n] for n in grade] == ["A", "D", "ETF", "D"]


# 3.4 trend template

TREND = {
    "close": 41_000,
    "sma50": 38_200,
    "sma150": 34_900,
    "sma200": 32_800,
    "sma200_before": 32_300,
    "low": 24_500,
    "high": 43_000,
    "strength": 86,
}


def trend_inputs(**changes: float) -> TrendInputs:
    return TrendInputs(**{name: np.float64(value) for name, value in (TREND | changes).items()})  # type: ignore[arg-type]


def test_trend_example_passes_eight_checks() -> None:
    """The worked example of 3.4."""
    assert trend.template(trend_inputs(), RULES).tolist() == [True] * 8


def test_trend_near_miss_passes_seven() -> None:
    """41 000 is below 1.30 x 31 600 = 41 080: check 6 fails alone."""
    assert trend.template(trend_inputs(low=31_600), RULES).tolist() == [True] * 5 + [False] + [True] * 2


@pytest.mark.parametrize("name", TREND)
def test_a_missing_input_fails_its_checks_and_no_other(name: str) -> None:
    """Fewer bars than a check needs never let it pass."""
    reads = {
        "close": {1, 2, 3, 6, 7},
        "sma50": {1, 4},
        "sma150": {2, 4},
        "sma200": {3, 4, 5},
        "sma200_before": {5},
        "low": {6},
        "high": {7},
        "strength": {8},
    }
    checks = trend.template(trend_inputs(**{name: NAN}), RULES)
    assert {number for number, passed in enumerate(checks, 1) if not passed} == reads[name]


def test_strength_vector() -> None:
    """Raw strengths 0.10, 0.25, 0.25, -0.05, 0.40 rank at 25, 62.5, 62.5, 0, 100."""
    got = trend.percentile(np.array([[0.10, 0.25, 0.25, -0.05, 0.40]]), fewest=2)
    assert got.tolist() == [[25, 62.5, 62.5, 0, 100]]


def test_raw_strength_vector() -> None:
    """12 000 after 10 000, 9 000, 9 500, 8 000 at 63, 126, 189, 252 bars is 0.299298."""
    earlier = {63: cell(10_000), 126: cell(9_000), 189: cell(9_500), 252: cell(8_000)}
    assert trend.raw_strength(cell(12_000), earlier)[0, 0] == pytest.approx(0.299298, abs=5e-7)


def test_strength_among_fewer_than_fifty_is_missing() -> None:
    """A percentile among a handful says nothing; symbols without a year of bars are not counted."""
    raw = np.arange(51, dtype=np.float64)[None, :].repeat(2, axis=0)
    raw[1, :2] = NAN
    got = trend.percentile(raw)
    assert got[0, 50] == 100
    assert np.isnan(got[1]).all()


@given(st.lists(st.sampled_from([-0.1, 0.0, 0.1, 0.2]), min_size=2, max_size=40))
def test_strength_orders_as_raw_does_and_centres_at_fifty(values: list[float]) -> None:
    """Equal raws share a percentile, larger raws have a larger one, and the mean is 50."""
    got = trend.percentile(np.array([values]), fewest=2)[0]
    assert got.mean() == pytest.approx(50)
    for a, x in zip(got, values, strict=True):
        for b, y in zip(got, values, strict=True):
            assert np.sign(a - b) == np.sign(x - y)


# 3.5 fundamentals, 3.6 CAN SLIM


def reports(ends: list[str], known: list[str], **columns: list[float]) -> SideTable:
    """Reports of one symbol, 000010, in the order in which they became known."""
    return SideTable(
        name="reports",
        symbols=("000010",),
        symbol=np.zeros(len(ends), dtype=np.int32),
        period=np.array(ends, dtype="datetime64[D]"),
        available_from=np.array(known, dtype="datetime64[D]"),
        columns={column: np.array(values, dtype=np.float64) for column, values in columns.items()},
        source="test",
    )


QUARTER_ENDS = ["2024-06-30", "2024-09-30", "2024-12-31", "2025-03-31", "2025-06-30"]
FILED = ["2024-08-14", "2024-11-14", "2025-03-31", "2025-05-15", "2025-08-14"]


def growth(day: str, known: list[str] = FILED, **columns: list[float]) -> Growth:
    return Quarters(reports(QUARTER_ENDS, known, **columns), RULES).at([dt.date.fromisoformat(day)], ["000010"])


def test_growth_compares_the_latest_quarter_with_the_same_of_the_year_before() -> None:
    """EPS 100 to 115 is +15 %: F1 holds exactly; revenue +10 %: F2; the margin against the quarter just before: F3."""
    got = growth(
        "2025-08-14",
        eps_krw=[100, 1, 1, 1, 115],
        revenue_krw=[1000, 1, 1, 1000, 1100],
        operating_profit_krw=[1, 1, 1, 100, 121],
    )
    assert got.eps[0, 0] == pytest.approx(0.15)
    assert got.checks(RULES)[:, 0, 0].tolist() == [True, True, True]


def test_a_report_counts_from_its_filing_on() -> None:
    """The evening before, the first quarter is still the latest, and its year before is not known."""
    assert np.isnan(growth("2025-08-13", eps_krw=[100, 1, 1, 1, 115]).eps[0, 0])


def test_earnings_of_the_company_stand_in_where_no_earnings_a_share_are_published() -> None:
    """Growth of net income is growth of earnings on the shares listed today."""
    got = growth("2025-09-01", eps_krw=[100, NAN, NAN, NAN, NAN], net_income_krw=[50, 1, 1, 1, 75])
    assert got.eps[0, 0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("before", "now", "passes"), [(-50, 10, True), (-50, -10, False), (0, 5, True), (0, 0, False), (-50, NAN, False)]
)
def test_a_turnaround_passes_f1_and_c_without_a_rate(before: float, now: float, passes: bool) -> None:
    """A loss that became a profit (흑자전환) passes; its growth is no number."""
    got = growth("2025-09-01", eps_krw=[before, 1, 1, 1, now])
    assert bool(got.eps_at_least(0.15)[0, 0]) is passes
    assert np.isnan(got.eps[0, 0])


def test_a_quarter_that_ended_more_than_200_days_ago_is_missing() -> None:
    """Whoever stops reporting has no growth any more: 2025-06-30 + 200 days is 2026-01-16."""
    assert np.isfinite(growth("2026-01-16", eps_krw=[100, 1, 1, 1, 115]).eps[0, 0])
    late = growth("2026-01-17", eps_krw=[100, 1, 1, 1, 115])
    assert late.is_missing[0, 0]
    assert not late.checks(RULES).any()


def test_a_correction_of_an_old_quarter_counts_from_its_own_day() -> None:
    """The comparison changes on the day of the correction, never before."""
    ends = [*QUARTER_ENDS, "2024-06-30"]
    table = reports(ends, [*FILED, "2025-09-10"], eps_krw=[100, 1, 1, 1, 115, 50])
    days = [dt.date(2025, 9, 9), dt.date(2025, 9, 10)]
    assert Quarters(table, RULES).at(days, ["000010"]).eps[:, 0].tolist() == pytest.approx([0.15, 1.3])


@pytest.mark.parametrize(
    ("eps", "rate", "years"),
    [
        ([100, 125], 0.25, 2),
        ([64, 80, 100, 125], 0.25, 4),
        ([1, 64, 80, 100, 125], 0.25, 4),
        ([-10, 80, 125], NAN, 3),
        ([125], NAN, 1),
        ([80, NAN, 125], NAN, 1),
    ],
)
def test_yearly_growth_is_the_mean_over_two_to_four_years(eps: list[float], rate: float, years: int) -> None:
    """(latest / first)^(1/(n-1)) - 1, with a profit in each year; a gap ends the run."""
    ends = [f"{2024 - n}-12-31" for n in reversed(range(len(eps)))]
    known = [f"{2025 - n}-03-20" for n in reversed(range(len(eps)))]
    got = Years(reports(ends, known, eps_krw=eps), RULES).at([dt.date(2025, 6, 2)], ["000010"])
    np.testing.assert_allclose(got.rate[0, 0], rate)
    assert got.years[0, 0] == years


def test_sector_ranks_count_inside_the_sector() -> None:
    """Who has no sector, or no value, is not ranked in one."""
    values = np.array([[5.0, 7.0, 6.0, NAN, 9.0]])
    got = rank_within(["제약", "제약", "화학", "화학", None], values, np.ones((1, 5), dtype=np.bool_))
    np.testing.assert_array_equal(got, [[2, 1, 1, NAN, NAN]])


def canslim(**changes: float | bool) -> CanslimInputs:
    values: dict[str, Any] = {
        "close": 950,
        "high": 1_000,
        "up_volume": 120,
        "down_volume": 100,
        "strength": 80,
        "inst5": 1,
        "inst20": 1,
        "uptrend": True,
    } | changes
    one, no = np.float64(0.25), np.bool_(False)
    quarters = Growth(one, one, no, one, no, one, one, no, no)  # type: ignore[arg-type]
    years = YearlyGrowth(one, np.float64(3), no)  # type: ignore[arg-type]
    return CanslimInputs(quarters, years, **{name: np.asarray(value) for name, value in values.items()})


@pytest.mark.parametrize(
    ("changes", "failing"),
    [
        ({}, ""),
        ({"close": 949}, "N"),
        ({"high": NAN}, "N"),
        ({"up_volume": 119}, "S"),
        ({"up_volume": 0, "down_volume": 0}, ""),
        ({"up_volume": NAN, "down_volume": NAN}, "S"),
        ({"strength": 79.9}, "L"),
        ({"inst5": 0}, "I"),
        ({"inst20": -1}, "I"),
        ({"inst20": NAN}, "I"),
        ({"uptrend": False}, "M"),
    ],
)
def test_canslim_letters(changes: dict[str, float | bool], failing: str) -> None:
    """Each letter fails alone, and a missing input fails it."""
    got = letters(canslim(**changes), RULES)
    assert "".join(letter for letter, passed in zip("CANSLIM", got, strict=True) if not passed) == failing


# 3.7 flows and stars


def sums(**changes: float) -> FlowSums:
    values = {"inst5": 60.0, "foreign5": 40.0, "inst20": 1.0, "foreign_sold": 0.0, "traded": 10_000.0} | changes
    return FlowSums(**{name: cell(value) for name, value in values.items()})


@pytest.mark.parametrize(
    ("changes", "flow"),
    [
        ({}, Flow.BUY),
        ({"foreign5": 39.0}, Flow.NEUTRAL),
        ({"inst5": 110.0, "foreign5": -1.0}, Flow.NEUTRAL),
        ({"inst5": -60.0, "foreign5": -40.0}, Flow.SELL),
        ({"inst5": -60.0, "foreign5": -39.0}, Flow.NEUTRAL),
        ({"inst5": 500.0, "foreign5": -1.0, "foreign_sold": 5.0}, Flow.SELL),
        ({"inst5": NAN}, Flow.NEUTRAL),
        ({"foreign5": NAN, "foreign_sold": 5.0}, Flow.NEUTRAL),
        ({"traded": 0.0}, Flow.NEUTRAL),
    ],
)
def test_flow_classes(changes: dict[str, float], flow: Flow) -> None:
    """Both bought at least a hundredth of what traded: BUY; the mirror, or foreigners sold on each day: SELL."""
    assert flow_of(int(flows.signs(sums(**changes), RULES)[0, 0])) is flow


def test_missing_flows_are_flagged() -> None:
    """NEUTRAL for want of data is told from NEUTRAL by the numbers."""
    assert sums(inst5=NAN).is_missing.all()
    assert not sums(inst5=0.0).is_missing.any()


def star(trend_score: int, fundamental: int, vcp: bool, flow: int) -> int:
    scores = [np.array([number], dtype=np.int8) for number in (trend_score, fundamental, flow)]
    return int(stars.bull(scores[0], scores[1], np.array([vcp]), scores[2])[0])


@pytest.mark.parametrize(
    ("trend_score", "fundamental", "vcp", "flow", "expected"),
    [
        (8, 5, True, 1, 5),
        (8, 5, False, 1, 4),
        (6, 3, False, -1, 3),
        (5, 2, False, -1, 2),
        (4, 5, False, 1, 2),
        (8, 5, True, 0, 4),
        (8, 5, True, -1, 3),
        (5, 2, False, 1, 4),
        (8, 1, True, 1, 2),
    ],
)
def test_stars_by_the_supply_matrix(trend_score: int, fundamental: int, vcp: bool, flow: int, expected: int) -> None:
    """The five examples of 3.7, then the rest of the matrix."""
    assert star(trend_score, fundamental, vcp, flow) == expected


@given(st.integers(0, 8), st.integers(0, 5), st.booleans(), st.sampled_from([-1, 0, 1]))
def test_stars_never_fall_when_anything_gets_better(trend_score: int, fundamental: int, vcp: bool, flow: int) -> None:
    """And five of them need everything at once."""
    own = star(trend_score, fundamental, vcp, flow)
    assert own >= star(max(trend_score - 1, 0), fundamental, vcp, flow)
    assert own >= star(trend_score, max(fundamental - 1, 0), vcp, flow)
    assert own >= star(trend_score, fundamental, False, flow)
    assert own >= star(trend_score, fundamental, vcp, max(flow - 1, -1))
    assert (own == 5) == ((trend_score, fundamental, vcp, flow) == (8, 5, True, 1))


def test_stars_without_the_trend_template() -> None:
    """Base 3 for who qualifies, one more with BUY, one less with SELL, never five."""
    flow = np.array([1, 0, -1, 1], dtype=np.int8)
    assert stars.plain(np.array([True, True, True, False]), flow).tolist() == [4, 3, 2, 2]


# 3.8 the daily list


def candidates(*symbols: str, stars_of: float = 4) -> list[Candidate]:
    return [Candidate(symbol, stars_of, 90 - n, 1e10) for n, symbol in enumerate(symbols)]


def claim(strategy: str, found: list[Candidate], profile: Profile = Profile.BULL, **changes: Any) -> Claim:
    return replace(Claim(strategy, profile, 5, True, found), **changes)


def test_candidates_are_ordered_by_stars_strength_turnover_symbol() -> None:
    """Whatever is missing ranks last, and the symbol makes the order complete."""
    found = [
        Candidate("000040", 3, 99, 9e9),
        Candidate("000030", 4, 70, 9e9),
        Candidate("000020", 4, NAN, 9e9),
        Candidate("000050", 4, 80, 1e9),
        Candidate("000011", 4, 80, 2e9),
        Candidate("000010", 4, 80, 2e9),
    ]
    assert choose([claim("s1", found, max_armed=6)], 6)["s1"] == (
        "000010",
        "000011",
        "000050",
        "000030",
        "000020",
        "000040",
    )


def test_a_side_takes_five_distinct_symbols_of_all_its_strategies() -> None:
    """The best candidates win whichever strategy they are from; one symbol counts once."""
    bull = claim("s1", candidates("000010", "000020", "000030"))
    flow = claim("s5", candidates("000020", "000040", "000050", "000060", stars_of=5), Profile.FLOW)
    bear = claim("b1", candidates("000070"), Profile.BEAR)
    chosen = choose([bull, flow, bear], 5)
    assert chosen["s5"] == ("000020", "000040", "000050", "000060")
    assert chosen["s1"] == ("000010", "000020")
    assert chosen["b1"] == ("000070",)


def test_strategies_outside_the_total_keep_their_own_best() -> None:
    """S2, VB and B2 neither take places of the side nor lose any to it."""
    many = candidates(*(f"0000{n}0" for n in range(10, 30)))
    chosen = choose([claim("s1", many), claim("vb", many, Profile.FLOW, counts=False, max_armed=10)], 5)
    assert len(chosen["vb"]) == 10
    assert len(chosen["s1"]) == 5


def test_a_symbol_that_is_held_takes_no_place() -> None:
    """The limit is on new symbols."""
    chosen = choose([claim("s1", candidates("000010", "000020"))], 1, held=frozenset({"000010"}))
    assert chosen["s1"] == ("000010", "000020")
