"""Arming an evening alone decides what arming the whole history decides for it."""

from __future__ import annotations

import gc
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from kats_core.engine.state import StrategyInstance
from kats_core.market.panel import Panel
from kats_core.market.patterns.candles import candles
from kats_core.market.screening import history
from kats_core.market.screening.measures import Measures
from kats_core.model import fact
from kats_core.model.fact import Fact, FactValue
from kats_core.model.kinds import FactSource, Regime
from kats_core.plugins import PluginKind, installed
from kats_core.runtime.arming import ArmingDesk
from kats_core.runtime.inputs import Given, Inputs, SessionInputs
from kats_core.strategy.contract import NOT_ASKED, Reasons
from kats_core.strategy.params import StrategyParams
from kats_core.testing.kit.markets import usual
from kats_core.testing.kit.subject import find

ASSUMED: dict[str, FactValue] = {
    fact.REGIME: "BULL",
    fact.GRADE: "B",
    fact.STARS: 5,
    fact.STATUS: "00",
    fact.PULSE: "UPTREND",
}
EVENINGS = 20


@cache
def strategies() -> tuple[StrategyInstance, ...]:
    """Return every strategy that is installed, on in every regime."""
    names = sorted(plugin.name for plugin in installed() if plugin.kind is PluginKind.STRATEGY)
    subjects = [subject for name in names for subject in find(name)]
    return tuple(
        StrategyInstance(
            one.name, one.name, one.build(), one.descriptor.traits, StrategyParams(), mapped=frozenset(Regime)
        )
        for one in subjects
    )


def desk(panel: Panel, asked: int | None = None) -> ArmingDesk:
    first = None if asked is None else panel.sessions[-asked]
    return ArmingDesk(panel, strategies(), lambda s, e: pytest.fail(f"{s.name}: {e}"), first=first, side_limit=1_000)


def known(panel: Panel) -> SessionInputs:
    facts = tuple(Fact(name, value, 0, FactSource.ASSUMED) for name, value in ASSUMED.items())
    return Inputs(panel.symbols, (Given(facts),)).of_session(panel.sessions[-1], 0)


def test_an_evening_alone_arms_what_the_whole_history_arms() -> None:
    """The same setups with the same numbers in the same order, and the same reasons for the rest."""
    panel = usual()
    whole, alone, inputs = desk(panel), desk(panel, EVENINGS), known(panel)
    armed = set()
    for session in panel.sessions[-EVENINGS:]:
        setups = whole.for_session(session, inputs)
        armed |= {setup.instance for setup in setups}
        assert alone.for_session(session, inputs) == setups
        assert alone.refused(session, inputs, setups, panel.symbols) == whole.refused(
            session, inputs, setups, panel.symbols
        )
    assert len(armed) >= 4  # else this compares nothing with nothing
    for one, other in zip(alone.not_armed(panel.sessions[-2:]), whole.not_armed(panel.sessions[-2:]), strict=True):
        np.testing.assert_array_equal(one[1], other[1])
        assert one[0] == other[0]
        assert one[2] == other[2]


def test_nothing_is_looked_for_on_evenings_that_nobody_asks_for() -> None:
    """Their cells fail from the start, and no screen is measured there."""
    panel = usual().asked_for(usual().sessions[-2])
    before = slice(0, panel.asked_from)
    assert panel.asked_from == len(panel.sessions) - 3
    assert (Reasons(panel).cells[before] == NOT_ASKED).all()
    assert np.isnan(history.relative_strength(panel)[before]).all()
    assert np.isfinite(history.relative_strength(panel)[panel.asked_from :]).any()


@pytest.mark.parametrize("back", [1, 2, 30])
def test_candles_of_one_evening_read_no_more_than_they_need(back: int) -> None:
    """And are those of the whole history, for symbols too that were halted or listed not long before."""
    panel = usual()
    gaps = panel.present.copy()
    gaps[-300:-3, 0] = False
    gaps[:-8, 1] = False
    gaps[:, 2] = False
    gappy = replace(panel, present=gaps)
    asked = gappy.asked_for(gappy.sessions[-back])
    rows = slice(asked.asked_from, None)
    for name in ("hammer", "shooting_star", "bullish_engulfing", "evening_star", "morning_star", "long_black"):
        whole, alone = getattr(candles(gappy), name), getattr(candles(asked), name)
        assert whole.shape == alone.shape
        np.testing.assert_array_equal(alone[rows], whole[rows])


def test_what_was_computed_for_one_evening_is_there_for_the_next() -> None:
    """Indicators and sums are shared; what holds for the asked rows alone is not."""
    panel = usual()
    asked = panel.asked_for(panel.sessions[-1])
    assert asked.indicators is panel.indicators
    assert history.trend_scores(asked) is not history.trend_scores(panel)
    held = Measures.of(panel)
    assert Measures.of(asked) is held
    del held
    gc.collect()
    assert panel.kept["screening measures"]() is None


def test_a_panel_may_begin_with_the_session_that_is_asked_for() -> None:
    """Then its first row is asked too: nothing arms the first session, and its own row arms the second."""
    panel = usual()
    assert panel.asked_for(panel.sessions[0]).asked_from == 0
    assert panel.asked_for(panel.sessions[1]).asked_from == 0
    assert panel.asked_for(panel.sessions[2]).asked_from == 1
    assert panel.asked_for(panel.sessions[2]).until(panel.sessions[5]).asked_from == 0
