"""Compute the quantity: the smaller of what the risk per trade and what the caps allow, in exact arithmetic."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from kats_core.api import (
    EQUITY,
    GRADE,
    REGIME,
    STARS,
    Grade,
    Numbers,
    Plan,
    Proposal,
    Purpose,
    Ratio,
    StageContext,
    Verdict,
    approve,
    floor_times,
    reject,
    to_fraction,
    to_ratio,
)
from kats_risk_position_sizer import Params, SizerCode

GRADES = {grade.value: grade for grade in Grade}
LEAST_STARS = 3
"""Fewer never trade. A purchase that a person asked for counts as this many in a symbol without stars."""


class Inputs(NamedTuple):
    """What the size depends on: equity in won, the fractions of it to risk and to invest at most."""

    equity: int
    risk_frac: Ratio
    cap: Ratio


class PositionSizer:
    """The sizing stage. Keeps no state."""

    def __init__(self, params: Params) -> None:
        ceiling = to_fraction(params.risk_per_trade)
        by_regime = {str(r): to_fraction(frac) for r, frac in params.risk_by_regime.items()}
        self._risk_by_regime = {r: to_ratio(min(frac, ceiling)) for r, frac in by_regime.items()}
        self._confidence_mult = params.confidence_mult
        self._max_stop_frac = to_ratio(params.max_stop_frac)

    def check(self, proposal: Proposal, context: StageContext) -> Verdict:
        """Set the quantity, or say why there is none."""
        price, stop = proposal.entry_limit, proposal.stop
        if stop >= price:
            return reject(SizerCode.STOP_NOT_BELOW_ENTRY, {"entry_limit": price, "stop": stop})
        if price - stop > floor_times(price, self._max_stop_frac):
            return reject(SizerCode.STOP_TOO_WIDE, {"stop_frac": (price - stop) / price})
        if proposal.quantity is None and proposal.purpose is not Purpose.ENTRY:
            return _missing("quantity")
        per_share = proposal.risk_per_share
        if not per_share.numerator > 0:
            return _missing("risk_per_share")
        inputs = self._read(proposal, context)
        if isinstance(inputs, Verdict):
            return inputs

        risk = inputs.risk_frac
        by_risk = inputs.equity * risk.numerator * per_share.denominator // (risk.denominator * per_share.numerator)
        by_cap = floor_times(inputs.equity, inputs.cap) // price
        plan = min(by_risk, by_cap)
        quantity = _part_now(proposal, plan, context)
        risk_frac = float(risk)
        detail: Numbers = {"by_risk": by_risk, "by_cap": by_cap, "risk_frac": risk_frac, "cap": float(inputs.cap)}
        if quantity < 1 or quantity * price < context.limits.min_order_krw:
            return reject(SizerCode.TOO_SMALL, {"quantity": quantity, **detail})
        return approve(quantity, plan=Plan(plan, risk_frac), detail=detail)

    def _read(self, proposal: Proposal, context: StageContext) -> Inputs | Verdict:
        is_manual = proposal.purpose is Purpose.MANUAL
        equity = context.fact(EQUITY).value
        regime = context.fact(REGIME).value
        stars = context.fact(STARS).value
        graded = context.fact(GRADE).value
        if stars is None and is_manual:
            stars = LEAST_STARS
        risk_frac = self._risk_by_regime.get(str(regime))
        grade = GRADES.get(graded) if isinstance(graded, str) else None
        if not isinstance(equity, int):
            return _missing(EQUITY)
        if risk_frac is None:
            return _missing(REGIME)
        if not isinstance(stars, int):
            return _missing(STARS)
        if grade is None:
            return _missing(GRADE)

        if stars < LEAST_STARS:
            return reject(SizerCode.CONFIDENCE_LOW, {"stars": stars})
        if grade is Grade.D:
            return reject(SizerCode.GRADE_D)
        confidence = self._confidence_mult.get(stars)
        if confidence is None:
            return _missing(STARS)
        grade_cap = context.limits.grade_cap[grade]
        hint = grade_cap if is_manual else proposal.signal.position_hint
        return Inputs(equity, risk_frac, _cap(hint, grade_cap, confidence))


@cache
def _cap(hint: float, grade_cap: float, confidence: float) -> Ratio:
    """Return the most of equity to invest: what the strategy asks for, or the grade's cap scaled by confidence."""
    return to_ratio(min(to_fraction(hint), to_fraction(grade_cap) * to_fraction(confidence)))


def _part_now(proposal: Proposal, plan: int, context: StageContext) -> int:
    """Return what to buy now: the first stage of a pyramid, and never more than was asked for."""
    is_first = proposal.pyramids and proposal.purpose is Purpose.ENTRY
    part = floor_times(plan, to_ratio(context.limits.pyramid.ratios[0])) if is_first else plan
    return part if proposal.quantity is None else min(part, proposal.quantity)


def _missing(name: str) -> Verdict:
    return reject(SizerCode.INPUT_MISSING, {"input": name})
