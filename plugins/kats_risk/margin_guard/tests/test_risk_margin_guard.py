"""What the margin guard promises."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kats_core.api import (
    ORDERABLE_CASH,
    SECOND,
    Decision,
    Fact,
    FactSource,
    FactValue,
    Limits,
    Phase,
    Proposal,
    Purpose,
    StageContext,
    Verdict,
    to_ratio,
)
from kats_core.testing import NOW, FrozenContext, RiskStageContract, proposal
from kats_risk_margin_guard import MarginCode, Params, kats_register_risk_stages
from kats_risk_margin_guard.stage import most_affordable

COMMISSION = Fraction(15, 100_000)


def check(proposed: Proposal, context: StageContext, **params: object) -> Verdict:
    plugin = kats_register_risk_stages()
    return plugin.build(plugin.params(**params)).check(proposed, context)


def purse(cash: FactValue, age_s: int = 0) -> FrozenContext:
    return FrozenContext(facts={ORDERABLE_CASH: Fact(ORDERABLE_CASH, cash, NOW - age_s * SECOND, FactSource.FEED)})


def need(quantity: int, price: int, commission: Fraction = COMMISSION) -> int:
    return quantity * price + quantity * price * commission.numerator // commission.denominator


def test_example_2_9_is_cut_to_129_shares() -> None:
    """193 at 38 750 need 7 479 871; 5 000 000 after the buffer pay for 129."""
    verdict = check(proposal(price=38_750, quantity=193), purse(5_010_000))
    assert (verdict.decision, verdict.quantity, verdict.code) == (Decision.RESIZE, 129, MarginCode.CASH_SHORT)
    assert verdict.detail == {"need": 7_479_871, "cash": 5_000_000}
    assert need(129, 38_750) == 4_999_499


@pytest.mark.parametrize(("cash", "quantity"), [(7_489_871, 193), (7_489_870, 192)])
def test_an_order_may_cost_the_last_won_above_the_buffer(cash: int, quantity: int) -> None:
    """Exactly enough approves, a won less cuts a share."""
    assert check(proposal(price=38_750, quantity=193), purse(cash)).quantity == quantity


@pytest.mark.parametrize("cash", [48_754, 10_000, 0, -5_000_000])
def test_less_than_one_share_is_refused(cash: int) -> None:
    """One share at 38 750 needs 38 755 beside the buffer."""
    verdict = check(proposal(price=38_750, quantity=193), purse(cash))
    assert (verdict.decision, verdict.code) == (Decision.REJECT, MarginCode.CASH_SHORT)


def test_the_buffer_is_the_operators() -> None:
    """With none the last won may be spent."""
    assert check(proposal(price=38_750, quantity=193), purse(7_479_871), buffer_krw=0).quantity == 193


@pytest.mark.parametrize(
    ("age_s", "code"), [(0, None), (5, None), (6, MarginCode.CASH_UNKNOWN), (-1, MarginCode.CASH_UNKNOWN)]
)
def test_a_figure_that_is_old_or_from_the_future_does_not_count(age_s: int, code: MarginCode | None) -> None:
    """Five seconds by default; what cannot be is not believed."""
    assert check(proposal(quantity=10), purse(10_000_000, age_s)).code is code


@pytest.mark.parametrize("context", [FrozenContext(), purse("10000000"), purse(1e9)])
def test_cash_that_is_missing_or_no_whole_won_is_unknown(context: FrozenContext) -> None:
    """Fail closed."""
    assert check(proposal(quantity=10), context).code is MarginCode.CASH_UNKNOWN


def test_it_asks_for_the_cash_and_stands_last_for_every_purchase() -> None:
    """The traits say so to the core."""
    traits = kats_register_risk_stages().traits
    assert (traits.phase, traits.needs) == (Phase.CASH, (ORDERABLE_CASH,))
    assert traits.applies_to == {Purpose.ENTRY, Purpose.PYRAMID, Purpose.GRID, Purpose.MANUAL}


@pytest.mark.parametrize("wrong", [{"cash_ttl_sec": 0}, {"buffer_krw": -1}, {"buffer_krw": 1.5}, {"commission": 0.001}])
def test_a_value_out_of_range_or_unknown_is_refused(wrong: dict[str, object]) -> None:
    """The commission is not the stage's own: it stands in `limits`."""
    with pytest.raises(ValidationError):
        Params.model_validate(wrong)


@given(
    cash=st.integers(0, 10**13),
    price=st.integers(1, 2_000_000),
    commission=st.fractions(0, Fraction(5, 1000), max_denominator=10**6),
)
def test_one_share_more_would_not_be_paid_for(cash: int, price: int, commission: Fraction) -> None:
    """The closed form gives the largest quantity whose need is covered."""
    quantity = most_affordable(cash, price, to_ratio(commission))
    assert need(quantity, price, commission) <= cash < need(quantity + 1, price, commission)


@given(
    quantity=st.integers(1, 10**6),
    price=st.integers(1, 2_000_000),
    cash=st.integers(-(10**9), 10**13),
    more=st.integers(0, 10**12),
    commission=st.floats(0, 0.005),
)
def test_it_never_enlarges_never_overdraws_and_more_cash_never_buys_less(
    quantity: int, price: int, cash: int, more: int, commission: float
) -> None:
    """Whatever the account, the price and the broker's rate."""
    limits = Limits(commission=commission)
    asked = proposal(price=price, stop=1, quantity=quantity)
    poor, rich = (
        check(asked, FrozenContext(facts={ORDERABLE_CASH: won}, limits=limits)).quantity for won in (cash, cash + more)
    )
    assert 0 <= poor <= rich <= quantity
    assert poor == 0 or need(poor, price, Fraction(repr(commission))) <= cash - 10_000


@given(quantity=st.integers(1, 10**6), more=st.integers(0, 10**6), cash=st.integers(0, 10**12))
def test_who_asks_for_more_never_gets_less(quantity: int, more: int, cash: int) -> None:
    """The answer is monotone in the quantity."""
    less, rest = (check(proposal(quantity=q), purse(cash)).quantity for q in (quantity, quantity + more))
    assert less <= rest


class TestContract(RiskStageContract):
    """Everything that `kats check margin-guard` looks at."""

    plugin = "margin-guard"
