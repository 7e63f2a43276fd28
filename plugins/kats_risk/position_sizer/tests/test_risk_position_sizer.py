"""What the position sizer promises."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kats_core.api import (
    EQUITY,
    GRADE,
    REGIME,
    STARS,
    Decision,
    FactValue,
    Limits,
    Plan,
    Proposal,
    Purpose,
    Regime,
    StageContext,
    Verdict,
)
from kats_core.testing import FrozenContext, RiskStageContract, proposal
from kats_risk_position_sizer import Params, SizerCode, kats_register_risk_stages

E = 100_000_000


def check(proposed: Proposal, context: StageContext, **params: object) -> Verdict:
    plugin = kats_register_risk_stages()
    return plugin.build(plugin.params(**params)).check(proposed, context)


def account(
    regime: FactValue = "BULL",
    grade: FactValue = "B",
    stars: FactValue = 4,
    equity: FactValue = E,
    limits: Limits | None = None,
) -> FrozenContext:
    facts = {EQUITY: equity, REGIME: regime, GRADE: grade, STARS: stars}
    return FrozenContext(facts=facts, limits=limits or Limits())


@pytest.mark.parametrize(
    ("market", "proposed", "risk_per_share", "plan", "quantity"),
    [
        pytest.param(
            account("BULL", "B", 4),
            proposal(price=38_750, stop=36_650, position_hint=0.175, pyramids=True),
            "2184.61",
            Plan(387, 0.018),
            193,
            id="RS1-1",
        ),
        pytest.param(
            account("STRONG_BEAR", "A", 3),
            proposal(price=50_000, stop=48_500, position_hint=0.125),
            "1611.775",
            Plan(250, 0.005),
            250,
            id="RS1-2",
        ),
        pytest.param(
            account("BEAR", "A", 5),
            proposal(price=20_000, stop=18_400, position_hint=0.20),
            "1642.56",
            Plan(487, 0.008),
            487,
            id="RS1-3",
        ),
        pytest.param(
            account("STRONG_BULL", "A", 5),
            proposal(price=80_300, stop=80_100, position_hint=0.25),
            "585.76",
            Plan(311, 0.02),
            311,
            id="RS1-4",
        ),
    ],
)
def test_worked_examples_are_met_to_the_share(
    market: FrozenContext, proposed: Proposal, risk_per_share: str, plan: Plan, quantity: int
) -> None:
    """The smaller of what the risk and what the caps allow."""
    verdict = check(proposed, market)
    assert proposed.risk_per_share == Fraction(risk_per_share)
    assert (verdict.decision, verdict.quantity, verdict.plan) == (Decision.APPROVE, quantity, plan)


@pytest.mark.parametrize("stars", [0, 1, 2])
def test_rs1_5_two_stars_and_fewer_never_trade(stars: int) -> None:
    """RS1-5."""
    assert check(proposal(), account(stars=stars)).code is SizerCode.CONFIDENCE_LOW


@pytest.mark.parametrize("purpose", [Purpose.PYRAMID, Purpose.GRID, Purpose.MANUAL])
@pytest.mark.parametrize(("asked", "bought"), [(100, 100), (387, 387), (388, 387), (10_000, 387)])
def test_what_was_asked_for_is_bought_up_to_the_plan(purpose: Purpose, asked: int, bought: int) -> None:
    """A pyramid add, a grid buy and a manual buy come with a quantity; only a first entry is halved."""
    verdict = check(proposal(quantity=asked, purpose=purpose, pyramids=True), account())
    assert (verdict.decision, verdict.quantity) == (Decision.APPROVE, bought)


@pytest.mark.parametrize("purpose", [Purpose.PYRAMID, Purpose.GRID, Purpose.MANUAL])
def test_a_purchase_that_needs_a_quantity_is_refused_without_one(purpose: Purpose) -> None:
    """Nobody said how much, so nothing is bought."""
    verdict = check(proposal(purpose=purpose), account())
    assert (verdict.code, verdict.detail) == (SizerCode.INPUT_MISSING, {"input": "quantity"})


def test_a_manual_buy_counts_as_three_stars_and_asks_for_its_grades_cap() -> None:
    """0.20 of grade B times 0.50 of three stars, whatever the hint: 10 000 000 / 38 750."""
    manual = proposal(quantity=10_000, purpose=Purpose.MANUAL, position_hint=0.01)
    assert check(manual, account(stars=None)).quantity == 258


def test_a_manual_buy_in_grade_d_is_refused_like_any_other() -> None:
    """A person's wish does not lift a prohibition."""
    manual = proposal(quantity=100, purpose=Purpose.MANUAL)
    assert check(manual, account(grade="D", stars=None)).code is SizerCode.GRADE_D


@pytest.mark.parametrize("stop", [38_750, 38_800])
def test_a_stop_at_or_above_the_entry_is_refused(stop: int) -> None:
    """Without a distance to the stop there is no size."""
    assert check(proposal(price=38_750, stop=stop), account()).code is SizerCode.STOP_NOT_BELOW_ENTRY


@pytest.mark.parametrize(("stop", "code"), [(36_000, None), (35_950, SizerCode.STOP_TOO_WIDE)])
def test_the_widest_stop_itself_is_allowed(stop: int, code: SizerCode | None) -> None:
    """A tenth below the limit passes, a tick more does not."""
    assert check(proposal(price=40_000, stop=stop), account()).code is code


@pytest.mark.parametrize("missing", [EQUITY, REGIME, GRADE, STARS])
def test_a_missing_input_is_refused_by_name(missing: str) -> None:
    """Fail closed, and say which."""
    known = {name: value for name, value in account().facts.items() if name != missing}
    verdict = check(proposal(), FrozenContext(facts=known))
    assert (verdict.code, verdict.detail) == (SizerCode.INPUT_MISSING, {"input": missing})


@pytest.mark.parametrize(
    ("name", "value"),
    [(REGIME, "UNKNOWN"), (REGIME, "bull"), (GRADE, "E"), (STARS, "4"), (STARS, 6), (EQUITY, 1e8), (EQUITY, "much")],
)
def test_a_value_that_means_nothing_is_a_missing_input(name: str, value: FactValue) -> None:
    """Only a known regime and grade, whole stars and whole won are understood."""
    verdict = check(proposal(), FrozenContext(facts={**account().facts, name: value}))
    assert (verdict.code, verdict.detail) == (SizerCode.INPUT_MISSING, {"input": name})


def test_a_share_without_risk_is_refused() -> None:
    """Nothing costs nothing: the core's figure is wrong."""
    assert check(proposal(risk=Fraction(0)), account()).code is SizerCode.INPUT_MISSING


@pytest.mark.parametrize(("smallest", "quantity"), [(387 * 38_750, 387), (387 * 38_750 + 1, 0)])
def test_the_smallest_order_is_still_an_order(smallest: int, quantity: int) -> None:
    """Exactly the minimum passes, a won less does not."""
    assert check(proposal(), account(limits=Limits(min_order_krw=smallest))).quantity == quantity


@pytest.mark.parametrize("equity", [0, -1, -E])
def test_nothing_is_bought_without_equity(equity: int) -> None:
    """Not even with the minimum switched off."""
    assert check(proposal(), account(equity=equity, limits=Limits(min_order_krw=0))).code is SizerCode.TOO_SMALL


def test_risk_per_trade_caps_every_regime() -> None:
    """The operator's own limit wins over the regime's: 100 000 / 837.5125 won a share."""
    verdict = check(proposal(stop=38_000), account(), risk_per_trade=0.001)
    assert verdict.plan == Plan(119, 0.001)


def test_a_map_may_name_some_keys_only() -> None:
    """The others keep their defaults."""
    params = Params.model_validate({"risk_by_regime": {"SIDEWAYS": 0.01}, "confidence_mult": {"3": 0.4}})
    assert params.risk_by_regime == {**Params().risk_by_regime, Regime.SIDEWAYS: 0.01}
    assert params.confidence_mult == {5: 1.0, 4: 0.75, 3: 0.4}


@pytest.mark.parametrize(
    "wrong",
    [
        {"risk_per_trade": 0.021},
        {"risk_per_trade": float("nan")},
        {"risk_by_regime": {"BULL": 2}},
        {"risk_by_regime": {"GOOD": 0.01}},
        {"confidence_mult": {2: 0.5}},
        {"max_stop_frac": 0.2},
        {"grade_cap": {"A": 0.3}},
    ],
)
def test_a_value_out_of_range_or_unknown_is_refused(wrong: dict[str, object]) -> None:
    """The configuration is checked before anything runs."""
    with pytest.raises(ValidationError):
        Params.model_validate(wrong)


PRICES = st.integers(1_000, 1_000_000)
VALUES: st.SearchStrategy[FactValue] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**13), 10**13),
    st.floats(-1e13, 1e13),
    st.sampled_from(["", "BULL", "UNKNOWN", "A", "D", "4", "nan"]),
)


@st.composite
def proposals(draw: st.DrawFn) -> Proposal:
    price = draw(PRICES)
    return proposal(
        price=price,
        stop=draw(st.integers(max(1, price * 8 // 10), price + 10)),
        quantity=draw(st.none() | st.integers(-5, 10_000)),
        purpose=draw(st.sampled_from([Purpose.ENTRY, Purpose.PYRAMID, Purpose.GRID, Purpose.MANUAL])),
        position_hint=draw(st.floats(0.01, 0.3)),
        pyramids=draw(st.booleans()),
    )


CONTEXTS = st.builds(
    account,
    regime=st.sampled_from(["STRONG_BULL", "BULL", "SIDEWAYS", "BEAR", "STRONG_BEAR"]),
    grade=st.sampled_from(["A", "B", "C", "ETF"]),
    stars=st.sampled_from([3, 4, 5]),
    equity=st.integers(0, 10**12),
    limits=st.builds(Limits, min_order_krw=st.integers(0, 1_000_000)),
)


@given(proposals(), st.dictionaries(st.sampled_from([EQUITY, REGIME, GRADE, STARS]), VALUES))
def test_every_proposal_gets_an_answer(proposed: Proposal, facts: dict[str, FactValue]) -> None:
    """Whatever comes in, a verdict comes out; a quantity only with a plan that covers it."""
    verdict = check(proposed, FrozenContext(facts=facts))
    if verdict.decision is Decision.APPROVE:
        assert verdict.plan is not None
        assert 1 <= verdict.quantity <= verdict.plan.quantity
    else:
        assert (verdict.decision, verdict.quantity) == (Decision.REJECT, 0)
        assert isinstance(verdict.code, SizerCode)


@given(proposals(), CONTEXTS)
def test_the_size_stays_inside_risk_caps_and_wish(proposed: Proposal, context: FrozenContext) -> None:
    """The stop costs at most f of equity, the position at most the cap, and never more is bought than was asked for."""
    verdict = check(proposed, context)
    equity = context.fact(EQUITY).value
    assert isinstance(equity, int)
    assert verdict.quantity * proposed.risk_per_share <= equity * Fraction("0.02")
    assert verdict.quantity * proposed.entry_limit <= equity * Fraction("0.30")
    assert proposed.quantity is None or verdict.quantity <= max(0, proposed.quantity)


@given(proposals(), CONTEXTS, st.integers(0, 10**12))
def test_more_equity_never_buys_less(proposed: Proposal, context: FrozenContext, more: int) -> None:
    """The size is monotone in equity."""
    equity = context.fact(EQUITY).value
    assert isinstance(equity, int)
    richer = FrozenContext(facts={**context.facts, EQUITY: equity + more}, limits=context.limits)
    assert check(proposed, context).quantity <= check(proposed, richer).quantity


class TestContract(RiskStageContract):
    """Everything that `kats check position-sizer` looks at."""

    plugin = "position-sizer"
