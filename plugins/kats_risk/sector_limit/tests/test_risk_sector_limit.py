"""What the sector limit promises."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kats_core.api import EQUITY, GRADE, SECTOR, Decision, FactValue, Position, Verdict
from kats_core.testing import FrozenContext, RiskStageContract, position, proposal, reservation
from kats_risk_sector_limit import Params, SectorCode, kats_register_risk_stages

E = 100_000_000


def check(
    quantity: int = 193,
    *,
    sector: FactValue = "반도체",
    grade: FactValue = "B",
    equity: FactValue = E,
    held: Sequence[Position] = (),
    reserved: int = 0,
    **params: object,
) -> Verdict:
    plugin = kats_register_risk_stages()
    ordered = [reservation(symbol="000030", price=1_000, quantity=reserved // 1_000)] if reserved else []
    context = FrozenContext(facts={EQUITY: equity, GRADE: grade, SECTOR: sector}, positions=held, reservations=ordered)
    return plugin.build(plugin.params(**params)).check(proposal(quantity=quantity), context)


def used(won: int, symbol: str = "000010", sector: str = "반도체") -> Position:
    return position(symbol=symbol, quantity=won // 10_000, average=10_000, sector=sector)


def test_the_example_is_cut_to_90_shares() -> None:
    """36 500 000 of 40 000 000 are used: the rest buys floor(90.3) at 38 750."""
    verdict = check(held=[used(36_500_000)])
    assert (verdict.decision, verdict.quantity, verdict.code) == (Decision.RESIZE, 90, SectorCode.SECTOR_MAX)
    assert verdict.detail["used_sector"] == 36_500_000


def test_a_full_sector_is_refused() -> None:
    """No share is left."""
    assert check(held=[used(40_000_000)]).decision is Decision.REJECT


def test_a_third_symbol_of_a_sector_is_refused_but_an_add_to_a_second_is_not() -> None:
    """Live orders count like positions."""
    two = [used(1_000_000), used(1_000_000, "000020")]
    assert check(held=two).code is SectorCode.SECTOR_COUNT
    assert check(held=two[:1], reserved=1_000_000).code is SectorCode.SECTOR_COUNT
    assert check(held=[two[0], used(1_000_000, "005930")]).decision is Decision.APPROVE
    assert check(held=two, sector_max_count=3).decision is Decision.APPROVE


def test_other_sectors_do_not_count() -> None:
    """Only what falls together."""
    assert check(held=[used(40_000_000, sector="은행"), used(1_000_000, "000020", "화학")]).quantity == 193


def test_a_fund_belongs_to_no_sector() -> None:
    """Nor does it need one."""
    assert check(grade="ETF", sector=None).decision is Decision.APPROVE


@pytest.mark.parametrize("sector", [None, "", 7])
def test_a_stock_without_a_sector_is_refused(sector: FactValue) -> None:
    """Fail closed."""
    assert check(sector=sector).code is SectorCode.SECTOR_UNKNOWN


def test_without_equity_nothing_is_bought() -> None:
    """Fail closed."""
    assert check(equity=None).code is SectorCode.INPUT_MISSING


@pytest.mark.parametrize("wrong", [{"sector_max": 0.05}, {"sector_max": 40}, {"sector_max_count": 0}, {"sectors": 2}])
def test_a_value_out_of_range_or_unknown_is_refused(wrong: dict[str, object]) -> None:
    """Fractions are fractions."""
    with pytest.raises(ValidationError):
        Params.model_validate(wrong)


@given(quantity=st.integers(1, 10**6), held=st.integers(10_000, 10**8), cap=st.floats(0.1, 1))
def test_it_never_enlarges_and_the_sector_stays_within_its_part(quantity: int, held: int, cap: float) -> None:
    """Whatever is held already."""
    verdict = check(quantity, held=[used(held)], sector_max=cap)
    assert 0 <= verdict.quantity <= quantity
    if verdict.quantity:
        assert used(held).cost + verdict.quantity * 38_750 <= E * cap + 1e-3


class TestContract(RiskStageContract):
    """Everything that `kats check sector-limit` looks at."""

    plugin = "sector-limit"
