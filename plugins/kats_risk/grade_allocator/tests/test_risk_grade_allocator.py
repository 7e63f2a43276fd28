"""What the grade allocator promises."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kats_core.api import (
    EQUITY,
    GRADE,
    REGIME,
    Decision,
    FactValue,
    Grade,
    Limits,
    Position,
    Regime,
    Reservation,
    Verdict,
)
from kats_core.testing import FrozenContext, RiskStageContract, position, proposal, reservation
from kats_risk_grade_allocator import AllocatorCode, Params, kats_register_risk_stages

E = 100_000_000


def check(
    quantity: int = 193,
    *,
    price: int = 38_750,
    regime: FactValue = "BULL",
    grade: FactValue = "B",
    equity: FactValue = E,
    held: Sequence[Position] = (),
    ordered: Sequence[Reservation] = (),
    limits: Limits | None = None,
) -> Verdict:
    plugin = kats_register_risk_stages()
    context = FrozenContext(
        facts={EQUITY: equity, REGIME: regime, GRADE: grade},
        positions=held,
        reservations=ordered,
        limits=limits or Limits(),
    )
    return plugin.build(plugin.params()).check(proposal(price=price, stop=1, quantity=quantity), context)


def used(won: int, grade: str, symbol: str = "000010") -> Position:
    """Return a position that is worth so much."""
    return position(symbol=symbol, quantity=won // 10_000, average=10_000, grade=grade)


def test_rs4_1_the_grades_total_cuts() -> None:
    """18 000 000 of 25 000 000 are used by grade B: 7 000 000 buy 180 shares."""
    verdict = check(held=[used(18_000_000, "B"), used(22_000_000, "A", "000020")])
    assert (verdict.decision, verdict.quantity, verdict.code) == (Decision.RESIZE, 180, AllocatorCode.GRADE_TOTAL)
    assert verdict.detail == {"used_grade": 18_000_000, "used_all": 40_000_000, "used_symbol": 0}


def test_rs4_2_enough_room_everywhere_approves() -> None:
    """8 000 000 are left of what may be invested: 206 shares, more than asked for."""
    verdict = check(held=[used(52_000_000, "A")])
    assert (verdict.decision, verdict.quantity) == (Decision.APPROVE, 193)


def test_rs4_3_the_cash_floor_cuts() -> None:
    """5 000 000 are left of what may be invested."""
    verdict = check(held=[used(55_000_000, "A")])
    assert (verdict.decision, verdict.quantity, verdict.code) == (Decision.RESIZE, 129, AllocatorCode.CASH_FLOOR)


def test_rs4_4_a_fourth_symbol_of_the_grade_is_refused() -> None:
    """Grade B takes three."""
    verdict = check(held=[used(1_000_000, "B", f"00001{n}") for n in range(3)])
    assert (verdict.decision, verdict.code) == (Decision.REJECT, AllocatorCode.GRADE_COUNT)


def test_the_regime_and_the_operator_limit_the_count_together() -> None:
    """A bear market takes two symbols; MAX_POSITIONS may say fewer, never more."""
    two = [used(1_000_000, "A"), used(1_000_000, "B", "000020")]
    assert check(held=two, regime="BEAR", grade="ETF").code is AllocatorCode.MAX_POSITIONS
    assert check(held=two[:1], regime="BULL", limits=Limits(max_positions=1)).code is AllocatorCode.MAX_POSITIONS
    assert check(held=two, regime="BULL", limits=Limits(max_positions=100)).decision is Decision.APPROVE


def test_an_add_to_a_held_symbol_takes_no_other_place() -> None:
    """Slots, adds and strategies in one symbol are one position, and a live order counts as one."""
    three = [used(1_000_000, "B", f"00001{n}") for n in range(2)]
    assert check(held=[*three, used(1_000_000, "B", "005930")]).decision is Decision.APPROVE
    assert check(held=three, ordered=[reservation(symbol="005930", quantity=10)]).decision is Decision.APPROVE
    assert check(held=three, ordered=[reservation(symbol="000099", quantity=10)]).code is AllocatorCode.GRADE_COUNT


def test_one_symbols_part_shrinks_with_the_regime() -> None:
    """In a sideways market grade A takes min(0.25, 0.8 * 0.30) in one symbol: 24 000 000."""
    verdict = check(1_000, regime="SIDEWAYS", grade="A")
    assert (verdict.quantity, verdict.code) == (24_000_000 // 38_750, AllocatorCode.GRADE_SINGLE)


def test_what_is_left_below_the_smallest_order_is_refused_with_the_caps_code() -> None:
    """200 000 won of room buy five shares, less than an order is worth."""
    verdict = check(held=[used(24_800_000, "B")])
    assert (verdict.decision, verdict.code) == (Decision.REJECT, AllocatorCode.GRADE_TOTAL)


@pytest.mark.parametrize("grade", ["D", "C"])
def test_a_grade_without_a_part_of_the_account_gets_nothing(grade: str) -> None:
    """Grade C has none in a bear market, grade D never."""
    assert check(regime="BEAR", grade=grade).decision is Decision.REJECT


@pytest.mark.parametrize(
    "missing", [{"equity": None}, {"regime": None}, {"grade": None}, {"regime": "?"}, {"equity": 1e8}]
)
def test_a_missing_input_refuses(missing: dict[str, FactValue]) -> None:
    """Fail closed, and say which."""
    verdict = check(**missing)  # type: ignore[arg-type]
    assert (verdict.decision, verdict.code) == (Decision.REJECT, AllocatorCode.INPUT_MISSING)


def test_it_has_no_parameters_of_its_own() -> None:
    """The tables stand in `limits`, where other stages read them too."""
    with pytest.raises(ValidationError):
        Params.model_validate({"max_count": 3})


@given(
    quantity=st.integers(1, 10**6),
    price=st.integers(100, 1_000_000),
    regime=st.sampled_from(list(Regime)),
    grade=st.sampled_from(list(Grade)),
    held=st.integers(10_000, 90_000_000),
)
def test_it_never_enlarges_and_no_cap_is_ever_passed(
    quantity: int, price: int, regime: Regime, grade: Grade, held: int
) -> None:
    """Whatever the account: afterwards grade, account and symbol are within their parts."""
    mine = used(held, grade.value)
    verdict = check(quantity, price=price, regime=regime.value, grade=grade.value, held=[mine])
    assert 0 <= verdict.quantity <= quantity
    if verdict.quantity:
        after, row = int(mine.cost) + verdict.quantity * price, Limits().allocation[regime]
        assert after <= E * min(row.total(grade), row.max_invested) + 1e-3
        assert verdict.quantity * price <= E * row.single_scale * Limits().grade_cap[grade] + 1e-3


class TestContract(RiskStageContract):
    """Everything that `kats check grade-allocator` looks at."""

    plugin = "grade-allocator"
