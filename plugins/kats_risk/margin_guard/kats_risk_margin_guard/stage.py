"""Compare what an entry costs at most with the cash there is, in exact arithmetic."""

from __future__ import annotations

from kats_core.api import (
    ORDERABLE_CASH,
    SECOND,
    Numbers,
    Proposal,
    Ratio,
    StageContext,
    Verdict,
    approve,
    floor_times,
    reject,
    resize,
    to_ratio,
)
from kats_risk_margin_guard import MarginCode, Params


class MarginGuard:
    """The cash stage. Keeps no state."""

    def __init__(self, params: Params) -> None:
        self._cash_ttl = params.cash_ttl_sec * SECOND
        self._buffer_krw = params.buffer_krw

    def check(self, proposal: Proposal, context: StageContext) -> Verdict:
        """Let as many shares pass as the cash pays, commission included."""
        orderable = context.fact(ORDERABLE_CASH)
        age = context.now - orderable.as_of
        if not isinstance(orderable.value, int) or not 0 <= age <= self._cash_ttl:
            return reject(MarginCode.CASH_UNKNOWN, {"age_s": age / SECOND})

        quantity, price = proposal.quantity or 0, proposal.entry_limit
        commission = to_ratio(context.limits.commission)
        cash = orderable.value - self._buffer_krw
        need = quantity * price + floor_times(quantity * price, commission)
        detail: Numbers = {"need": need, "cash": cash}
        if need <= cash:
            return approve(quantity, detail=detail)
        affordable = most_affordable(cash, price, commission)
        if affordable < 1:
            return reject(MarginCode.CASH_SHORT, detail)
        return resize(affordable, MarginCode.CASH_SHORT, detail)


def most_affordable(cash: int, price: int, commission: Ratio) -> int:
    """Return the largest quantity q with q * price + floor(q * price * commission) <= cash.

    Won are whole, so that is the largest q with q * price * (1 + commission) < cash + 1.
    """
    least_too_many = -(
        -(cash + 1) * commission.denominator // (price * (commission.denominator + commission.numerator))
    )
    return least_too_many - 1
