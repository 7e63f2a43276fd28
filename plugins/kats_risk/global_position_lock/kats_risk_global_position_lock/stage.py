"""Count everything that is in a symbol already: positions and live entry orders of all strategies (`spec/risk.md` 2.7)."""

from __future__ import annotations

from kats_core.api import (
    EQUITY,
    GRADE,
    Grade,
    Proposal,
    Room,
    StageContext,
    Verdict,
    fit,
    reject,
    shares_within,
    to_ratio,
)
from kats_risk_global_position_lock import LockCode, Params

GRADES = {grade.value: grade for grade in Grade}
NONE = to_ratio(0)


class GlobalPositionLock:
    """The symbol stage. Keeps no state: reservations are the engine's, so two signals never see the same room."""

    def __init__(self, params: Params) -> None:
        self._hard_cap = {grade: to_ratio(cap) for grade, cap in params.hard_cap.items()}
        self._max_strategies = params.max_strategies_per_symbol

    def check(self, proposal: Proposal, context: StageContext) -> Verdict:
        """Let as many shares pass as the symbol has room for."""
        equity = context.fact(EQUITY).value
        grade = GRADES.get(str(context.fact(GRADE).value))
        if not isinstance(equity, int):
            return reject(LockCode.INPUT_MISSING, {"input": EQUITY})
        if grade is None:
            return reject(LockCode.INPUT_MISSING, {"input": GRADE})

        there = context.exposure.of_symbol(proposal.symbol)
        strategies = {claim.instance for claim in there.claims}
        if proposal.instance not in strategies and len(strategies) >= self._max_strategies:
            return reject(LockCode.SYMBOL_STRATEGIES, {"strategies": ", ".join(sorted(strategies))})
        for order in context.open_orders:
            if order.is_reducing and order.symbol == proposal.symbol:
                return reject(LockCode.EXIT_IN_PROGRESS)
        cap = self._hard_cap.get(grade, NONE)
        shares = shares_within(cap, equity, there.total, proposal.entry_limit)
        return fit(proposal, (Room(LockCode.SYMBOL_CAP, shares),), {"used_symbol": there.total, "cap": float(cap)})
