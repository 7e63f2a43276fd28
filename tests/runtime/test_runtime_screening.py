"""Screening in a run: what it tells the strategies, from which evening, and whom it leaves out and why."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from kats_core.engine.state import StrategyInstance
from kats_core.market.calendar import krx_calendar
from kats_core.market.panel import Panel
from kats_core.market.screening.rules import ScreenRules
from kats_core.market.tables import QUARTERS, SHARES
from kats_core.model import fact
from kats_core.model.fact import Fact
from kats_core.model.kinds import FactSource, Grade, Profile
from kats_core.model.setup import Setup
from kats_core.runtime import screening
from kats_core.runtime.arming import ArmingDesk
from kats_core.runtime.inputs import Given, Inputs, Provider, SessionInputs
from kats_core.runtime.screening import Screening
from kats_core.sources.sample.market import SampleSource
from kats_core.strategy.params import StrategyParams

House = Any
SESSION = dt.date(2025, 10, 15)
EVE = dt.date(2025, 10, 14)
RULES = ScreenRules()


@lru_cache(maxsize=1)
def market() -> Panel:
    """The sample market up to the session and a little beyond."""
    source = SampleSource(7, 400)
    panel = source.history(None, dt.date(2025, 10, 30))
    return replace(panel, tables=source.tables(), indices=source.indices())


def without(*tables: str) -> Panel:
    panel = market()
    return replace(panel, tables={name: one for name, one in panel.tables.items() if name not in tables})


def known(panel: Panel, screened: Screening | None, *facts: Fact) -> SessionInputs:
    """What is known at the session when everybody may trade and facts are told beside the screening."""
    told = (Fact(fact.REGIME, "BULL", 0, FactSource.FEED), *facts, Fact(fact.STATUS, "00", 0, FactSource.FEED))
    providers: tuple[Provider, ...] = (Given(told), *([screened] if screened is not None else []))
    return Inputs(panel.symbols, providers).of_session(SESSION, krx_calendar().hours(SESSION).open)


def screened(panel: Panel, *strategies: StrategyInstance, rules: ScreenRules = RULES) -> Screening:
    found = screening.build(panel, rules, strategies)
    assert found is not None
    return found


def test_grades_ranks_strength_and_stars_are_told_from_the_eve(house: House) -> None:
    """Each is derived, as of the close before; stars are whole numbers, and those of the strategies' profiles only."""
    panel = market()
    inputs = known(panel, screened(panel, house.instance()))
    names = (fact.GRADE, fact.RANK, fact.RS, fact.MARKET_CAP, fact.stars_for(Profile.FLOW))
    grade, rank, strength, cap, stars = (inputs.get(name, "990010") for name in names)
    assert (grade.value, rank.value) == ("A", 1)
    assert isinstance(strength.value, float)
    assert isinstance(cap.value, int)
    assert type(stars.value) is int
    assert {one.source for one in (grade, rank, strength, cap, stars)} == {FactSource.DERIVED}
    assert {one.as_of for one in (grade, rank, stars)} == {krx_calendar().hours(EVE).close}
    assert fact.stars_for(Profile.BULL) not in inputs.answers


def test_a_symbol_is_told_how_strong_its_sector_is(house: House) -> None:
    """Place, strength and supply, alike for all of a sector; nothing where it has too few qualified members to be ranked."""
    panel = market()
    screen = screened(panel, house.instance())
    inputs = known(panel, screen)
    rank, strength, flow = (inputs.texts(n) for n in (fact.SECTOR_RANK, fact.SECTOR_STRENGTH, fact.SECTOR_FLOW))
    on_eve = screen.on_eve(SESSION)
    assert on_eve is not None
    assert on_eve.sectors is not None
    best = on_eve.sectors.names[int(np.argmin(np.where(on_eve.sectors.rank > 0, on_eve.sectors.rank, 99)))]
    of_best = np.array([instrument.sector == best for instrument in panel.instruments])
    assert set(rank[of_best]) == {1}
    assert set(strength[of_best]) == {np.nanmax(on_eve.sectors.composite)}
    assert set(flow[of_best]) <= {"BUY", "NEUTRAL", "SELL"}
    unranked = np.array([k < 0 or on_eve.sectors.rank[k] == 0 for k in on_eve.sectors.sector_of])
    assert [*rank[unranked], *strength[unranked], *flow[unranked]] == [None] * 3 * int(unranked.sum())
    assert inputs.get(fact.SECTOR_RANK, "990010").source is FactSource.DERIVED


def test_without_an_index_no_sector_is_told_of(house: House) -> None:
    """The input is missing, and nothing assumes it."""
    panel = replace(market(), indices={})
    assert known(panel, screened(panel, house.instance())).get(fact.SECTOR_RANK, "990010").is_missing


def test_what_comes_later_changes_no_fact(house: House) -> None:
    """Panel and tables cut at the eve tell the same."""
    whole, cut = market(), market().until(SESSION)
    assert cut.sessions[-1] == EVE
    one, other = (known(p, screened(p, house.instance())) for p in (whole, cut))
    names = (fact.GRADE, fact.RANK, fact.RS, fact.MARKET_CAP, fact.stars_for(Profile.FLOW), fact.SECTOR_STRENGTH)
    for name in names:
        np.testing.assert_array_equal(one.texts(name), other.texts(name))


def test_sizes_that_nobody_knows_are_not_guessed(house: House) -> None:
    """By market cap there is nothing to say; `auto` stands back where grades are assumed, and goes by turnover else."""
    panel, strategies = without(SHARES), [house.instance()]
    assert screening.build(panel, RULES, strategies) is None
    auto = ScreenRules(rank_by="auto")
    assert screening.build(panel, auto, strategies, assumed_grade=Grade.B) is None
    inputs = known(panel, screened(panel, *strategies, rules=auto))
    assert inputs.get(fact.GRADE, "990010").source is FactSource.APPROXIMATED
    assert inputs.get(fact.MARKET_CAP, "990010").is_missing
    by_turnover = ScreenRules(rank_by="turnover")
    found = screening.build(panel, by_turnover, strategies, assumed_grade=Grade.B)
    assert found is not None
    assert next(iter(found.notes(SESSION))) == "screening: ranked by turnover"


def test_stars_that_rest_on_reports_are_not_given_without_reports(house: House) -> None:
    """Profiles BULL and FLOW read earnings; BEAR and NEUTRAL do not. What is missing is noted."""
    panel = without(QUARTERS)
    found = screened(panel, *(house.instance(name=p.lower(), profile=p) for p in Profile))
    inputs = known(panel, found)
    given = {profile for profile in Profile if not inputs.get(fact.stars_for(profile), "990010").is_missing}
    assert given == {Profile.BEAR, Profile.NEUTRAL, Profile.ETF}
    assert any("quarterly reports" in note for note in found.notes(SESSION))


def refusals(house: House, panel: Panel, *facts: Fact, rules: ScreenRules = RULES, **traits: Any) -> dict[str, str]:
    strategy = house.instance(params=StrategyParams(max_armed=100), **traits)
    found = screened(panel, strategy, rules=rules)
    inputs = known(panel, found, *facts)
    desk = ArmingDesk(panel, [strategy], lambda s, e: pytest.fail(str(e)), screening=found, side_limit=100)
    setups = desk.for_session(SESSION, inputs)
    return {r.symbol: str(r.code) for r in desk.refused(SESSION, inputs, setups, panel.symbols)}


def test_who_is_left_out_is_told_the_first_check_that_failed(house: House) -> None:
    """Size, turnover, grade, stars: each names itself, and nobody is armed without passing them all."""
    codes = refusals(house, market())
    checks = {"core:MARKET_CAP_SMALL", "core:TURNOVER_LOW", "core:GRADE", "core:CONFIDENCE_LOW"}
    assert set(codes.values()) >= checks
    assert 0 < len(codes) < len(market().symbols)


def test_a_designated_symbol_is_restricted(house: House) -> None:
    """The status of the day counts, whatever the evening before looked like."""
    armed = next(symbol for symbol in market().symbols if symbol not in refusals(house, market()))
    designated = Fact(fact.STATUS, "51", 0, FactSource.FEED, armed)
    assert refusals(house, market(), designated)[armed] == "core:RESTRICTED"


def test_assumed_stars_stand_in_where_reports_are_missing(house: House) -> None:
    """They are read like any fact, and a low one keeps everybody out."""
    panel = without(QUARTERS)
    for stars, is_open in ((4, True), (2, False)):
        codes = refusals(house, panel, Fact(fact.STARS, stars, 0, FactSource.ASSUMED))
        assert (len(codes) < len(panel.symbols)) is is_open


def armed(house: House, *strategies: StrategyInstance, held: frozenset[str] = frozenset()) -> tuple[Setup, ...]:
    panel = market()
    found = screened(panel, *strategies)
    desk = ArmingDesk(panel, strategies, lambda s, e: pytest.fail(str(e)), screening=found, side_limit=5)
    return desk.for_session(SESSION, known(panel, found), held=held)


def symbols(setups: tuple[Setup, ...], instance: str) -> list[str]:
    return [setup.symbol for setup in setups if setup.instance == instance]


@pytest.fixture
def sides(house: House) -> tuple[StrategyInstance, ...]:
    """Two strategies of the bull side, one of the bear side, one that stands outside."""
    five, many = StrategyParams(), StrategyParams(max_armed=10)
    return (
        house.instance(name="bull", profile=Profile.BULL, params=five),
        house.instance(name="flow", profile=Profile.FLOW, params=five),
        house.instance(name="bear", profile=Profile.BEAR, params=five),
        house.instance(name="watcher", profile=Profile.FLOW, params=many, side_limited=False),
    )


def test_a_side_takes_so_many_new_symbols(house: House, sides: tuple[StrategyInstance, ...]) -> None:
    """The strategies of a side share five places; the other side has its own, and who only watches needs none."""
    setups = armed(house, *sides)
    assert len({*symbols(setups, "bull"), *symbols(setups, "flow")}) == 5
    assert len(symbols(setups, "bear")) == 5
    assert len(symbols(setups, "watcher")) == 10


def test_a_held_symbol_takes_no_place(house: House, sides: tuple[StrategyInstance, ...]) -> None:
    """It is not new."""
    bull, *_ = sides
    wide = replace(bull, params=StrategyParams(max_armed=10))
    best = armed(house, wide)[0].symbol
    assert len(armed(house, wide)) == 5
    again = armed(house, wide, held=frozenset({best}))
    assert len(again) == 6
    assert again[0].symbol == best


def test_who_finds_no_place_was_ranked_behind(house: House, sides: tuple[StrategyInstance, ...]) -> None:
    """The record says so, also where the strategy itself had chosen the symbol."""
    panel = market()
    wide = replace(sides[0], params=StrategyParams(max_armed=10))
    found = screened(panel, wide)
    inputs = known(panel, found)
    desk = ArmingDesk(panel, [wide], lambda s, e: pytest.fail(str(e)), screening=found, side_limit=1)
    setups = desk.for_session(SESSION, inputs)
    assert len(setups) == 1
    codes = [str(r.code) for r in desk.refused(SESSION, inputs, setups, panel.symbols)]
    _, cells, names = next(iter(desk.not_armed([SESSION])))
    kept = [str(names[cell - 1]) for cell in cells[0] if cell]
    assert sorted(kept) == sorted(codes)
    assert "core:NOT_SELECTED" in codes


def test_stars_of_the_profile_go_before_stars_for_all(house: House) -> None:
    """At the entry too: a symbol with two stars for the strategy's profile is not bought, whatever else is said."""
    for profile, is_bought in ((Profile.FLOW, False), (Profile.BEAR, True)):
        desk = house.Desk().begin(house.setup(), facts={fact.stars_for(profile): 2})
        desk.minute("09:30", 25_450).minute("09:31", 25_450)
        assert bool(desk.bought) is is_bought
