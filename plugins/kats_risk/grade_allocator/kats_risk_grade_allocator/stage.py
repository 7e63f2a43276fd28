"""Compare what is in use with the regime's table, in exact arithmetic (`spec/risk.md` section 2.4)."""

from __future__ import annotations

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
    Regime,
    Room,
    StageContext,
    Verdict,
    exposure,
    fit,
    reject,
    shares_within,
    to_fraction,
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

        used, limits = exposure(context), context.limits
        counted = _counted_out(proposal.symbol, used, grade, regime, limits)
        if counted is not None:
            return reject(counted, {"symbols": len(used.symbols), "of_grade": len(used.of_grade(grade).symbols)})
        row, price = limits.allocation[regime], proposal.entry_limit
        total, single = (
            to_fraction(row.total(grade)),
            to_fraction(row.single_scale) * to_fraction(limits.grade_cap[grade]),
        )
        of_grade, of_all, of_symbol = used.of_grade(grade).total, used.total, used.of_symbol(proposal.symbol).total
        rooms = (
            Room(AllocatorCode.GRADE_TOTAL, shares_within(total, equity, of_grade, price)),
            Room(AllocatorCode.CASH_FLOOR, shares_within(to_fraction(row.max_invested), equity, of_all, price)),
            Room(AllocatorCode.GRADE_SINGLE, shares_within(single, equity, of_symbol, price)),
        )
        detail: Numbers = {"used_grade": of_grade, "used_all": of_all, "used_symbol": of_symbol}
        return fit(proposal, rooms, detail, least_krw=limits.min_order_krw)


def _counted_out(symbol: str, used: Exposure, grade: Grade, regime: Regime, limits: Limits) -> Code | None:
    """Return which count leaves no place for one more symbol; a symbol that has its place already takes no other."""
    if symbol in used.symbols:
        return None
    if len(used.of_grade(grade).symbols) >= limits.max_count[grade]:
        return AllocatorCode.GRADE_COUNT
    if len(used.symbols) >= min(limits.max_positions, limits.regime_positions[regime]):
        return AllocatorCode.MAX_POSITIONS
    return None
