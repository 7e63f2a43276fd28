"""What the VI guard promises."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kats_core.api import SECOND, VI_STATE, VI_UNTIL, VI_UPPER, Decision, FactValue, Verdict, ViState, ViTerms
from kats_core.testing import NOW, FrozenContext, RiskStageContract, proposal
from kats_risk_vi_guard import Params, ViCode, kats_register_risk_stages
from kats_risk_vi_guard.stage import ViGuard

UPPER = 57_200


def check(
    state: FactValue, limit: int = 50_000, *, upper: FactValue = UPPER, until: FactValue = None, **params: object
) -> Verdict:
    plugin = kats_register_risk_stages()
    context = FrozenContext(facts={VI_STATE: state, VI_UPPER: upper, VI_UNTIL: until})
    wanted = proposal(quantity=193, price=limit, stop=limit * 95 // 100)
    return plugin.build(plugin.params(**params)).check(wanted, context)


@pytest.mark.parametrize(
    ("limit", "code"), [(56_600, None), (56_628, None), (56_629, ViCode.VI_NEAR), (56_700, ViCode.VI_NEAR)]
)
def test_close_to_an_interruption_the_limit_stays_out_of_the_zone(limit: int, code: ViCode | None) -> None:
    """The example: upper 57 200, so at most 56 628 is paid; 56 600 passes, 56 700 does not."""
    verdict = check(ViState.WARNING, limit)
    assert verdict.code is code
    assert verdict.decision is (Decision.REJECT if code else Decision.APPROVE)
    assert verdict.detail == {"upper": 57_200, "highest_limit": 56_628}


def test_in_normal_trading_the_order_passes_as_it_came() -> None:
    """Even at a price inside the zone: the market is not near it."""
    verdict = check(ViState.NORMAL, 56_700)
    assert (verdict.decision, verdict.quantity) == (Decision.APPROVE, 193)


@pytest.mark.parametrize(
    ("state", "code"), [(ViState.VI_AUCTION, ViCode.VI_AUCTION), (ViState.COOLING, ViCode.VI_COOLING)]
)
def test_an_interruption_defers_until_it_is_expected_to_end(state: ViState, code: ViCode) -> None:
    """The signal must be true again then; it is not queued."""
    verdict = check(state, until=NOW + 30 * SECOND)
    assert (verdict.decision, verdict.code, verdict.until) == (Decision.DEFER, code, NOW + 30 * SECOND)


@pytest.mark.parametrize("until", [None, NOW - SECOND, "soon", 1.5])
def test_an_interruption_that_outlasts_its_end_is_looked_at_again(until: FactValue) -> None:
    """A random end of up to 30 seconds follows a VI; an unreadable end is none."""
    assert check(ViState.VI_AUCTION, until=until).until == NOW


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (ViState.HALTED, ViCode.HALTED),
        (ViState.UNKNOWN, ViCode.VI_UNKNOWN),
        (None, ViCode.VI_UNKNOWN),
        ("normal", ViCode.VI_UNKNOWN),
        (0, ViCode.VI_UNKNOWN),
    ],
)
def test_what_is_halted_or_not_known_is_refused(state: FactValue, code: ViCode) -> None:
    """Fail closed."""
    verdict = check(state)
    assert (verdict.decision, verdict.code) == (Decision.REJECT, code)


@pytest.mark.parametrize("upper", [None, "57200", 57_200.0, True])
def test_without_the_static_reference_nothing_is_bought_close_to_it(upper: FactValue) -> None:
    """A distance to nothing is not a distance."""
    assert check(ViState.WARNING, upper=upper).code is ViCode.VI_UNKNOWN


def test_the_parameters_tell_how_closely_symbols_are_watched() -> None:
    """So a longer wait and a wider zone hold for the state itself."""
    assert ViGuard(Params(cooling_sec=90, proximity=0.02)).vi_terms == ViTerms(
        cooling=90 * SECOND, proximity=Fraction(2, 100)
    )
    assert ViGuard(Params()).vi_terms == ViTerms()


@pytest.mark.parametrize("wrong", [{"proximity": 0.031}, {"proximity": -0.01}, {"cooling_sec": 301}, {"cooling": 30}])
def test_a_value_out_of_range_or_unknown_is_refused(wrong: dict[str, object]) -> None:
    """Fractions are fractions, seconds are seconds."""
    with pytest.raises(ValidationError):
        Params.model_validate(wrong)


@given(st.sampled_from([*ViState, None]), st.integers(1_000, 100_000), st.integers(0, 30))
def test_it_never_enlarges_and_never_pays_into_the_zone(state: ViState | None, limit: int, percent: int) -> None:
    """Whatever the state and the zone."""
    verdict = check(state, limit, proximity=percent / 1_000)
    assert verdict.quantity in (0, 193)
    if verdict.quantity and state is ViState.WARNING:
        assert limit * 1_000 <= UPPER * (1_000 - percent)
    if state not in (ViState.NORMAL, ViState.WARNING):
        assert verdict.quantity == 0


class TestContract(RiskStageContract):
    """Everything that `kats check vi-guard` looks at."""

    plugin = "vi-guard"
