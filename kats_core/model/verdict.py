"""Hold what goes into the risk pipeline and what comes out of each stage."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import msgspec

from kats_core.model.kinds import Decision, Purpose, Style
from kats_core.model.labels import Code
from kats_core.model.setup import Numbers
from kats_core.model.signal import Signal
from kats_core.model.time import Nanos


class Plan(msgspec.Struct, frozen=True, gc=False):
    """What the sizing stage decided: the whole planned quantity and the share of equity at risk."""

    quantity: int
    risk_frac: float


class Proposal(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A signal on its way through the pipeline: who proposes, what is asked, what one share risks.

    `quantity` is the incoming quantity; None before the sizing stage unless a quantity was asked for. `risk_per_share`
    is exact, in won, costs included (`spec/risk.md` section 2.1). `pyramids` to `trades_gaps` are the strategy's traits.
    """

    signal_id: str
    session: dt.date
    ts: Nanos
    instance: str
    symbol: str
    slot: int
    sequence: int
    purpose: Purpose
    signal: Signal
    risk_per_share: Fraction
    pyramids: bool = False
    style: Style = Style.SWING
    sits_out_events: bool = True
    trades_gaps: bool = False
    quantity: int | None = None
    plan: Plan | None = None

    @property
    def entry_limit(self) -> int:
        """The most one share may cost."""
        return self.signal.entry_limit

    @property
    def stop(self) -> int:
        """The initial stop."""
        return self.signal.exits.stop


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """One stage's answer. Build it with the four functions below."""

    decision: Decision
    quantity: int
    code: Code | None = None
    detail: Numbers = {}
    until: Nanos | None = None
    plan: Plan | None = None


_APPROVE, _RESIZE, _REJECT, _DEFER = Decision.APPROVE, Decision.RESIZE, Decision.REJECT, Decision.DEFER


def approve(quantity: int, *, plan: Plan | None = None, detail: Numbers | None = None) -> Verdict:
    """Let the proposal pass with its quantity; the sizing stage passes its plan too."""
    return Verdict(_APPROVE, quantity, None, detail or {}, None, plan)


def resize(quantity: int, code: Code, detail: Numbers | None = None) -> Verdict:
    """Let the proposal pass with fewer shares, and say why."""
    return Verdict(_RESIZE, quantity, code, detail or {})


def reject(code: Code, detail: Numbers | None = None) -> Verdict:
    """Refuse the proposal."""
    return Verdict(_REJECT, 0, code, detail or {})


def defer(code: Code, until: Nanos, detail: Numbers | None = None) -> Verdict:
    """Refuse the proposal for now; while its conditions hold it may come back from `until` on."""
    return Verdict(_DEFER, 0, code, detail or {}, until)
