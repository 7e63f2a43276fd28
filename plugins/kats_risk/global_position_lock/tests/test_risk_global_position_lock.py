"""What the global position lock promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kats_core.api import EQUITY, GRADE, Decision, FactValue, Order, Position, Reservation, Verdict
from kats_core.testing import FrozenContext, RiskStageContract, live_sell, position, proposal, reservation
from kats_risk_global_position_lock import LockCode, Params, kats_register_risk_stages

E = 100_000_000
MINE = "005930"


def check(
    quantity: int = 200,
    *,
    grade: FactValue = "B",
    equity: FactValue = E,
    instance: str = "vb",
    held: Sequence[Position] = (),
    ordered: Sequence[Reservation] = (),
    live: Sequence[Order] = (),
    **params: object,
) -> Verdict:
    plugin = kats_register_risk_stages()
    context = FrozenContext(
        facts={EQUITY: equity, GRADE: grade},
        positions=held,
        reservations=ordered,
        open_orders=live,
        prices={MINE: 38_750},
    )
    asked = proposal(quantity=quantity, symbol=MINE, instance=instance)
    return plugin.build(plugin.params(**params)).check(asked, context)


def in_symbol(instance: str, quantity: int = 150, symbol: str = MINE) -> Position:
    return position(instance=instance, quantity=quantity, symbol=symbol)


def test_the_example_leaves_173_shares() -> None:
    """S1 holds 150 shares and has 193 on order; of 20 000 000 VB gets what is left."""
    verdict = check(
        held=[in_symbol("s1")], ordered=[reservation(instance="s1", quantity=193, price=38_750, symbol=MINE)]
    )
    assert (verdict.decision, verdict.quantity, verdict.code) == (Decision.RESIZE, 173, LockCode.SYMBOL_CAP)
    assert verdict.detail["used_symbol"] == 13_291_250


def test_a_third_strategy_is_refused_but_one_of_the_two_may_add() -> None:
    """Two strategies share a symbol at most."""
    two = [in_symbol("s1", 10), in_symbol("s4", 10)]
    assert check(held=two).code is LockCode.SYMBOL_STRATEGIES
    assert check(held=two, instance="s4").decision is Decision.APPROVE
    assert check(held=two, max_strategies_per_symbol=3).decision is Decision.APPROVE


def test_nothing_is_bought_while_the_symbol_is_being_sold() -> None:
    """A live sell of any strategy; one in another symbol does not matter."""
    assert check(live=[live_sell(symbol=MINE, instance="s1")]).code is LockCode.EXIT_IN_PROGRESS
    assert check(live=[live_sell(symbol="000660", instance="s1")]).decision is Decision.APPROVE


def test_other_symbols_do_not_count() -> None:
    """The cap is one symbol's."""
    assert check(held=[in_symbol("s1", 10_000, "000660")]).quantity == 200


@pytest.mark.parametrize("changed", [{"grade": None}, {"grade": "X"}, {"equity": None}, {"equity": "1"}])
def test_a_missing_input_refuses(changed: dict[str, Any]) -> None:
    """A symbol without a grade is not taken for grade C."""
    assert check(**changed).code is LockCode.INPUT_MISSING


def test_a_grade_without_a_cap_gets_nothing() -> None:
    """Grade D has none."""
    verdict = check(grade="D")
    assert (verdict.decision, verdict.code) == (Decision.REJECT, LockCode.SYMBOL_CAP)


@pytest.mark.parametrize(
    "wrong", [{"hard_cap": {"A": 0.31}}, {"hard_cap": {"Z": 0.1}}, {"max_strategies_per_symbol": 0}]
)
def test_a_value_out_of_range_is_refused(wrong: dict[str, object]) -> None:
    """No symbol may take more than 30 %."""
    with pytest.raises(ValidationError):
        Params.model_validate(wrong)


def test_caps_that_are_not_given_keep_their_default() -> None:
    """A table may be changed by one row."""
    assert Params.model_validate({"hard_cap": {"A": 0.1}}).hard_cap["B"] == 0.20  # type: ignore[index]


@given(
    quantity=st.integers(1, 10**6),
    parts=st.lists(st.tuples(st.integers(1, 3_000), st.booleans()), max_size=4),
    grade=st.sampled_from(["A", "B", "C", "ETF"]),
)
def test_the_symbol_never_passes_its_cap(quantity: int, parts: list[tuple[int, bool]], grade: str) -> None:
    """Positions, adds and live orders of one strategy together, whatever they are."""
    held = [in_symbol("vb", n) for n, is_held in parts if is_held]
    ordered = [reservation(instance="vb", quantity=n, symbol=MINE) for n, is_held in parts if not is_held]
    verdict = check(quantity, grade=grade, held=held, ordered=ordered)
    assert 0 <= verdict.quantity <= quantity
    if verdict.quantity:
        total = (sum(n for n, _ in parts) + verdict.quantity) * 38_750
        assert total <= E * Params().hard_cap[grade] + 1e-3  # type: ignore[index]


class TestContract(RiskStageContract):
    """Everything that `kats check global-position-lock` looks at."""

    plugin = "global-position-lock"
