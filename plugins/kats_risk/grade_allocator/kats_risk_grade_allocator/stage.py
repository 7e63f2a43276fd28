"""Compare what is in use with the regime's table, in exact arithmetic (`spec/risk.md` section 2.4)."""

from __future__ import annotations

from functools import cache

from kats_core.api import (
    EQUITY,
    GRADE,
    REGIME,
    Code,
    Exposure,
    Grade,
    Limits,
    Numbers,
    Proposal,
    Ratio,
    Regime,
    Room,
    StageContext,
    Verdict,
    fit,
    reject,
    shares_within,
    to_fraction,
    to_ratio,
)
from kats_risk_grade_allocator import AllocatorCode

GRADES = {grade.value: grade for grade in Grade}
REGIMES = {regime.value: regime for regime in Regime}


class GradeAllocator:
    """The allocation stage. Keeps no state; what is held and reserved is the engine's."""

    def check(self, proposal: Proposal, context: StageContext) -> Verdict:
        """Let as many shares pass as the grade, the account and the symbol have room for."""
        equity = context.fact(EQUITY).value
        regime = REGIMES.get(str(context.fact(REGIME).value))
        grade = GRADES.get(str(context.fact(GRADE).value))
        if not isinstance(equity, int):
            return reject(AllocatorCode.INPUT_MISSING, {"input": EQUITY})
        if regime is None:
            return reject(AllocatorCode.INPUT_MISSING, {"input": REGIME})
        if grade is None:
            return reject(AllocatorCode.INPUT_MISSING, {"input": GRADE})

        used, limits = context.exposure, context.limits
        counted = _counted_out(proposal.symbol, used, grade, regime, limits)
        if counted is not None:
            return reject(counted, {"symbols": len(used.symbols), "of_grade": len(used.of_grade(grade).symbols)})
        row, cap, price = limits.allocation[regime], limits.grade_cap[grade], proposal.entry_limit
        of_grade, of_all, of_symbol = used.of_grade(grade).total, used.total, used.of_symbol(proposal.symbol).total
        rooms = (
            Room(AllocatorCode.GRADE_TOTAL, shares_within(to_ratio(row.total(grade)), equity, of_grade, price)),
            Room(AllocatorCode.CASH_FLOOR, shares_within(to_ratio(row.max_invested), equity, of_all, price)),
            Room(AllocatorCode.GRADE_SINGLE, shares_within(_single(row.single_scale, cap), equity, of_symbol, price)),
        )
        detail: Numbers = {"used_grade": of_grade, "used_all": of_all, "used_symbol": of_symbol}
        return fit(proposal, rooms, detail, least_krw=limits.min_order_krw)


@cache
def _single(scale: float, cap: float) -> Ratio:
    """Return the most of equity in one symbol: the part of the grade's cap that the regime allows."""
    return to_ratio(to_fraction(scale) * to_fraction(cap))


def _counted_out(symbol: str, used: Exposure, grade: Grade, regime: Regime, limits: Limits) -> Code | None:
    """Return which count leaves no place for one more symbol; a symbol that has its place already takes no other."""
    if symbol in used.symbols:
        return None
    if len(used.of_grade(grade).symbols) >= limits.max_count[grade]:
        return AllocatorCode.GRADE_COUNT
    if len(used.symbols) >= min(limits.max_positions, limits.regime_positions[regime]):
        return AllocatorCode.MAX_POSITIONS
    return None
