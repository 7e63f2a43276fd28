"""Regimes summed up: spells of one state, changes of side, years; and what they say of a quarter of a century."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from kats_core.market.calendar import krx_calendar
from kats_core.market.conditions import Conditions, market_conditions
from kats_core.market.pulse import PulseParams
from kats_core.market.regime import RegimeParams, RegimeState
from kats_core.market.spells import changes_a_year, side_changes, spells, years
from kats_core.model.kinds import Regime
from kats_core.sources.files import FilesParams, build

BULL, STRONG, FLAT, BEAR, UNKNOWN = Regime.BULL, Regime.STRONG_BULL, Regime.SIDEWAYS, Regime.BEAR, Regime.UNKNOWN
FIRST = dt.date(2024, 12, 26)
REAL = Path(__file__).parents[2].parent / "shared" / "data" / "index"


def _state(regime: Regime) -> RegimeState:
    """The state after a session in which the given regime was in force."""
    return RegimeState(missed=2) if regime is UNKNOWN else RegimeState(current=regime)


def conditions(*regimes: Regime, close: list[float] | None = None) -> Conditions:
    """A market of the given regimes from 26 December 2024 on; the index gains a point a session."""
    sessions = tuple(krx_calendar().shift(FIRST, n) for n in range(len(regimes)))
    values = np.array([100.0 + n for n in range(len(regimes))] if close is None else close)
    states = tuple(_state(regime) for regime in regimes)
    return Conditions(sessions, values, values, values, states, ())


def test_sessions_of_one_regime_in_a_row_are_a_spell() -> None:
    """Its change is from the close before it to its own last one."""
    market = conditions(BULL, BULL, BEAR, close=[100, 110, 99])
    first, second = spells(market, range(3))
    assert (first.first, first.last, first.regime, first.sessions) == (*market.sessions[:2], BULL, 2)
    assert (second.first, second.last, second.regime, second.sessions) == (*market.sessions[2:] * 2, BEAR, 1)
    assert [first.change, second.change] == pytest.approx([0.10, -0.10])


def test_a_spell_without_a_close_has_no_change() -> None:
    """Nobody knows what the index did."""
    market = conditions(BULL, UNKNOWN, UNKNOWN, close=[100, np.nan, np.nan])
    assert [spell.change for spell in spells(market, range(3))] == [0.0, None]


def test_a_spell_goes_back_to_the_last_close_that_is_known() -> None:
    """A session without a value is stepped over."""
    market = conditions(BULL, BULL, BEAR, BEAR, close=[100, np.nan, np.nan, 90])
    assert spells(market, range(4))[1].change == pytest.approx(-0.10)


def test_a_stronger_state_of_the_same_side_is_no_change_of_side() -> None:
    """Nor is a time of which nothing is known between two of the same side."""
    market = conditions(BULL, STRONG, UNKNOWN, BULL, FLAT, UNKNOWN, BEAR)
    assert list(side_changes(market, range(7))) == [4, 6]


def test_years_count_sessions_by_regime() -> None:
    """And the index against the last close of the year before."""
    market = conditions(BULL, BULL, BULL, FLAT, FLAT, BULL, close=[100, 100, 100, 101, 102, 110])
    found = years(market, range(6))
    assert [(year.year, dict(year.sessions), year.changes) for year in found] == [
        (2024, {BULL: 3}, 0),
        (2025, {FLAT: 2, BULL: 1}, 2),
    ]
    assert found[1].change == pytest.approx(0.10)


def test_less_than_a_month_has_no_rate() -> None:
    """Three days with a change would be a hundred a year."""
    assert changes_a_year(conditions(BULL, BEAR, BULL), range(3)) is None
    assert changes_a_year(conditions(BULL, BEAR), range(0)) is None
    year = conditions(*[BULL] * 124, *[BEAR] * 124)
    assert changes_a_year(year, range(248)) == pytest.approx(1.0, rel=0.05)


@pytest.fixture(scope="module")
def kospi() -> Conditions:
    indices = build(FilesParams(paths=(str(REAL),))).indices()
    last = dt.date(2025, 11, 28)
    found = market_conditions(indices, None, krx_calendar(), last, RegimeParams(), PulseParams())
    assert found is not None
    return found


def share(market: Conditions, first: str, last: str, *regimes: Regime) -> float:
    """The share of the sessions of a time that are in one of the given states."""
    rows = between(market, first, last)
    return sum(market.regimes[row].regime in regimes for row in rows) / len(rows)


def between(market: Conditions, first: str, last: str) -> range:
    begin, end = (
        market.row_before(dt.date.fromisoformat(day) + dt.timedelta(days=n)) for day, n in ((first, 0), (last, 1))
    )
    assert begin is not None
    assert end is not None
    return range(begin + 1, end + 1)


@pytest.mark.realdata
@pytest.mark.skipif(not REAL.is_dir(), reason="no recorded market beside the house")
@pytest.mark.parametrize(
    ("first", "last", "regimes"),
    [
        ("2000-07-24", "2000-12-12", (BEAR, Regime.STRONG_BEAR)),
        ("2005-06-01", "2005-12-31", (BULL, STRONG)),
        ("2008-06-15", "2008-12-10", (BEAR, Regime.STRONG_BEAR)),
        ("2009-07-20", "2009-09-30", (BULL, STRONG)),
        ("2011-08-10", "2011-10-20", (BEAR, Regime.STRONG_BEAR)),
        ("2017-02-01", "2017-07-31", (BULL, STRONG)),
        ("2018-10-15", "2018-12-31", (BEAR, Regime.STRONG_BEAR)),
        ("2020-03-10", "2020-04-20", (BEAR, Regime.STRONG_BEAR)),
        ("2020-07-15", "2021-01-31", (BULL, STRONG)),
        ("2022-04-13", "2022-08-05", (BEAR, Regime.STRONG_BEAR)),
        ("2025-07-01", "2025-11-28", (BULL, STRONG)),
    ],
)
def test_the_times_of_the_market_are_named_as_people_remember_them(
    kospi: Conditions, first: str, last: str, regimes: tuple[Regime, ...]
) -> None:
    """The end of the bubble, 2008, the euro crisis, March 2020, 2022 are bearish; the recoveries and late 2025 bullish."""
    assert share(kospi, first, last, *regimes) > 0.85


@pytest.mark.realdata
@pytest.mark.skipif(not REAL.is_dir(), reason="no recorded market beside the house")
def test_the_market_changes_its_side_at_most_once_a_month(
    kospi: Conditions, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mean of 1999 to 2025; what is printed is the table a person judges."""
    rows = between(kospi, "1999-01-01", "2025-11-28")
    rate = changes_a_year(kospi, rows)
    table = [f"{len(spells(kospi, rows))} spells, {rate:.1f} changes of side a year"]
    for year in years(kospi, rows):
        counts = " ".join(f"{regime}={n}" for regime, n in sorted(year.sessions.items()))
        table.append(f"{year.year}  {year.change:+7.1%}  {year.changes:2d} changes  {counts}")
    with capsys.disabled():
        print("", *table, sep="\n")  # noqa: T201 -- a person judges the table
    assert rate is not None
    assert rate <= 12
