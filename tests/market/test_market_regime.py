"""The five states of the market, stepped session by session (`spec/market.md` sections 4.2 and 4.3)."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kats_core.market.regime import LEVELS, MarketDay, RegimeParams, RegimeState, side, states
from kats_core.model.kinds import Regime

NAN = math.nan
PARAMS = RegimeParams()

# Day, close, advancing and declining issues of ten sessions, raw state, candidate and count, state in force.
EXAMPLE = [
    (1, 2700, 5200 / 4200, "STRONG_BULL", None, 0, "STRONG_BULL"),
    (2, 2630, 5000 / 4400, "STRONG_BULL", None, 0, "STRONG_BULL"),
    (3, 2590, 4700 / 4700, "STRONG_BULL", None, 0, "STRONG_BULL"),
    (4, 2570, 4300 / 4900, "SIDEWAYS", "SIDEWAYS", 1, "STRONG_BULL"),
    (5, 2568, 4200 / 5000, "SIDEWAYS", None, 0, "SIDEWAYS"),
    (6, 2610, 4500 / 4700, "SIDEWAYS", None, 0, "SIDEWAYS"),
    (7, 2630, 4700 / 4600, "BULL", "BULL", 1, "SIDEWAYS"),
    (8, 2640, 4800 / 4500, "BULL", "BULL", 2, "SIDEWAYS"),
    (9, 2650, 5000 / 4400, "BULL", None, 0, "BULL"),
    (10, 2500, 4000 / 5200, "SIDEWAYS", None, 0, "BEAR"),
]


def day(close: float, breadth: float = 1.0, short: float = 2600, long: float = 2500, before: float = 2490) -> MarketDay:
    return MarketDay(close, short, long, before, breadth)


def after(*days: MarketDay, params: RegimeParams = PARAMS) -> RegimeState:
    return list(states(days, params))[-1]


def test_the_example_of_the_specification_day_by_day() -> None:
    """Memory within the bands, confirmation, and a crash day."""
    found = states([day(close, breadth) for _, close, breadth, *_ in EXAMPLE], PARAMS)
    for row, state in zip(EXAMPLE, found, strict=True):
        assert (state.raw, state.candidate, state.count, state.regime) == row[3:], f"day {row[0]}"


@pytest.mark.parametrize(
    ("breadths", "raw"),
    [
        ([1.2], "STRONG_BULL"),
        ([1.19], "BULL"),
        ([1.2, 1.0], "STRONG_BULL"),
        ([1.2, 0.999], "BULL"),
        ([1.2, 0.999, 1.19], "BULL"),
        ([1.2, NAN], "BULL"),
        ([1.2, NAN, 1.1], "BULL"),
    ],
)
def test_breadth_makes_a_bull_strong_and_is_remembered_until_it_is_lost(breadths: list[float], raw: str) -> None:
    """From 1.20 on, until below 1.00; a breadth that is missing is lost at once."""
    assert after(*(day(2700, breadth) for breadth in breadths)).raw == raw


@pytest.mark.parametrize(
    ("breadths", "raw"),
    [
        ([0.8], "STRONG_BEAR"),
        ([0.81], "BEAR"),
        ([0.8, 1.0], "STRONG_BEAR"),
        ([0.8, 1.001], "BEAR"),
        ([0.8, NAN], "BEAR"),
    ],
)
def test_breadth_makes_a_bear_strong_and_is_remembered_until_it_is_lost(breadths: list[float], raw: str) -> None:
    """From 0.80 down, until above 1.00."""
    assert after(*(day(2000, breadth, short=2400) for breadth in breadths)).raw == raw


def test_a_bull_is_strong_only_over_rising_averages() -> None:
    """The short one above the long one, the long one above itself 21 sessions ago."""
    assert after(day(2700, 1.5)).raw is Regime.STRONG_BULL
    assert after(day(2700, 1.5, before=2500)).raw is Regime.BULL
    assert after(day(2700, 1.5, short=2500)).raw is Regime.BULL


def test_a_crash_acts_at_once_and_never_lifts() -> None:
    """A fall of 5 % makes everything above BEAR a BEAR, and leaves a STRONG_BEAR alone."""
    assert after(day(2700), day(2565)).regime is Regime.BEAR
    assert after(day(2700), day(2565.1)).regime is Regime.BULL
    assert after(day(2000, 0.7, short=2400), day(1900, 0.7, short=2400)).regime is Regime.STRONG_BEAR


def test_one_session_without_a_close_keeps_the_state_and_a_second_makes_it_unknown() -> None:
    """Nothing is entered in an unknown market."""
    gap = day(NAN)
    assert after(day(2700), gap).regime is Regime.BULL
    assert after(day(2700), gap, gap).regime is Regime.UNKNOWN
    assert after(day(2700), gap, day(2690)).regime is Regime.BULL


@pytest.mark.parametrize("missing", ["close", "short", "long", "long_before"])
def test_every_input_but_the_breadth_is_needed(missing: str) -> None:
    """Before there are 221 closes there is no state."""
    assert after(day(2700)._replace(**{missing: NAN})).regime is Regime.UNKNOWN


def test_after_a_long_gap_the_next_state_is_the_one_that_is_seen() -> None:
    """What was confirmed before it says nothing any more; one session does not need confirmation twice."""
    gap = day(NAN)
    assert after(day(2700), gap, day(2570)).regime is Regime.BULL
    assert after(day(2700), gap, gap, day(2570)).regime is Regime.SIDEWAYS


def test_the_first_state_is_taken_as_it_is() -> None:
    """On the averages themselves the first day counts as above."""
    assert after(day(2600)).regime is Regime.BULL
    assert after(day(2599)).regime is Regime.SIDEWAYS


def test_sides_are_what_a_change_of_level_within_them_is_not() -> None:
    """Bull, sideways, bear; unknown is no side."""
    assert [side(level) for level in LEVELS] == [-1, -1, 0, 1, 1]
    assert side(Regime.UNKNOWN) is None


closes = st.one_of(st.floats(1500, 3500), st.just(NAN))
DAYS = st.lists(
    st.builds(
        MarketDay,
        closes,
        st.floats(2000, 3000),
        st.floats(2000, 3000),
        st.floats(2000, 3000),
        st.one_of(st.floats(0.5, 2.0), st.just(NAN)),
    ),
    max_size=40,
)


@given(DAYS, st.integers(0, 40))
def test_what_comes_later_does_not_change_what_was(days: list[MarketDay], cut: int) -> None:
    """A truncated history gives the same states up to its end."""
    assert list(states(days, PARAMS))[:cut] == list(states(days[:cut], PARAMS))


@given(DAYS)
def test_a_state_that_is_stored_and_restored_every_day_goes_on_as_if_it_had_not(days: list[MarketDay]) -> None:
    """Live, one session at a time through a database, equals the batch."""
    state, seen = RegimeState(), []
    for one in days:
        state = msgspec.json.decode(msgspec.json.encode(state.after(one, PARAMS)), type=RegimeState)
        seen.append(state)
    assert seen == list(states(days, PARAMS))


def test_the_map_of_the_configuration_goes_before_a_strategy_s_own_regimes() -> None:
    """Only for the regimes that it lists; a strategy is known by its instance, its plugin and its code."""
    params = RegimeParams(map={Regime.BEAR: frozenset({"VB"}), Regime.BULL: frozenset()})
    assert params.enables(Regime.BEAR, ("vb-fast", "volatility-breakout", "VB"), otherwise=False)
    assert not params.enables(Regime.BULL, ("vb-fast", "volatility-breakout", "VB"), otherwise=True)
    assert params.enables(Regime.SIDEWAYS, ("VB",), otherwise=True)


def test_no_map_makes_an_unknown_market_tradable() -> None:
    """The configuration is refused."""
    with pytest.raises(ValidationError, match="unknown market"):
        RegimeParams(map={Regime.UNKNOWN: frozenset({"VB"})})
