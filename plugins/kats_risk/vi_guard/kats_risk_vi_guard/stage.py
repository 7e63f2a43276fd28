"""Judge an entry by how its symbol trades now (`spec/risk.md` section 2.8)."""

from __future__ import annotations

from kats_core.api import (
    SECOND,
    VI_STATE,
    VI_UNTIL,
    VI_UPPER,
    Numbers,
    Proposal,
    StageContext,
    Verdict,
    ViState,
    ViTerms,
    approve,
    defer,
    reject,
    to_fraction,
)
from kats_risk_vi_guard import Params, ViCode


class ViGuard:
    """The VI stage. Keeps no state: how a symbol trades is an input, and its parameters tell how closely to watch."""

    def __init__(self, params: Params) -> None:
        self._proximity = to_fraction(params.proximity)
        self._cooling = params.cooling_sec * SECOND

    @property
    def vi_terms(self) -> ViTerms:
        """How long a symbol is observed after an interruption, and how near before one it is close."""
        return ViTerms(cooling=self._cooling, proximity=self._proximity)

    def check(self, proposal: Proposal, context: StageContext) -> Verdict:
        """Let an entry pass where trading is normal; a state that is missing or not known refuses."""
        match context.fact(VI_STATE).value:
            case ViState.NORMAL:
                return approve(proposal.quantity or 0)
            case ViState.WARNING:
                return self._below_the_zone(proposal, context)
            case ViState.VI_AUCTION:
                return _wait(ViCode.VI_AUCTION, context)
            case ViState.COOLING:
                return _wait(ViCode.VI_COOLING, context)
            case ViState.HALTED:
                return reject(ViCode.HALTED)
        return reject(ViCode.VI_UNKNOWN)

    def _below_the_zone(self, proposal: Proposal, context: StageContext) -> Verdict:
        """Let an entry pass that pays less than the zone before the upper trigger."""
        upper = context.fact(VI_UPPER).value
        if type(upper) is not int:
            return reject(ViCode.VI_UNKNOWN, {"input": VI_UPPER})
        highest = upper * (1 - self._proximity)
        detail: Numbers = {"upper": upper, "highest_limit": int(highest)}
        if proposal.entry_limit <= highest:
            return approve(proposal.quantity or 0, detail=detail)
        return reject(ViCode.VI_NEAR, detail)


def _wait(code: ViCode, context: StageContext) -> Verdict:
    """Defer until the expected end; an interruption that outlasts it, or has none, is looked at again at once."""
    until = context.fact(VI_UNTIL).value
    return defer(code, max(until, context.now) if type(until) is int else context.now)
