"""Measure the day's profit exactly, and remember when it fell to a limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from kats_core.api import (
    CASH_FLOW,
    EQUITY,
    EQUITY_DAY,
    Action,
    CancelEntries,
    CoreCode,
    EquityMarked,
    FactValue,
    Flatten,
    Nanos,
    Proposal,
    SessionBegan,
    SetState,
    Severity,
    StageContext,
    StageEvent,
    Style,
    Tell,
    TradeRecord,
    TradingState,
    Verdict,
    approve,
    reject,
    to_fraction,
)
from kats_risk_daily_kill_switch import KillSwitchCode, Params

NEVER: Nanos = 0


class DailyKillSwitch:
    """Refuses entries from the moment the loss limit is reached until the next session begins.

    The state is when each limit was reached. It is compared with the beginning of the session and never cleared, so that
    neither a restart nor an event that comes twice can lift the switch.
    """

    def __init__(self, params: Params) -> None:
        self._loss_limit = to_fraction(params.daily_loss_limit)
        self._flatten_limit = to_fraction(params.daily_flatten_limit)
        self._session_began = NEVER
        self._killed_at = NEVER
        self._flattened_at = NEVER
        self._is_unarmed = False

    def check(self, proposal: Proposal, context: StageContext) -> Verdict:
        """Let the entry pass while the day's profit is known and above the limit."""
        profit = _day_profit(*(context.fact(name).value for name in (EQUITY, EQUITY_DAY, CASH_FLOW)))
        if self._is_of_today(self._killed_at):
            return reject(KillSwitchCode.KILL_SWITCH, {"killed_at": self._killed_at})
        if profit is None or self._is_unarmed:
            return reject(KillSwitchCode.KILL_SWITCH_UNARMED)
        if profit <= -self._loss_limit:
            return reject(KillSwitchCode.KILL_SWITCH, {"day_profit": float(profit)})
        return approve(proposal.quantity or 0, detail={"day_profit": float(profit)})

    def on_event(self, event: StageEvent) -> Sequence[Action]:
        """End buying, and sell what day strategies hold, each once in a session."""
        if isinstance(event, SessionBegan):
            self._session_began = max(self._session_began, event.ts)
        if not isinstance(event, EquityMarked):
            return ()
        profit = _day_profit(event.equity, event.equity_day, event.cash_flow)
        self._is_unarmed = profit is None
        if profit is None:
            return ()
        actions: list[Action] = []
        if profit <= -self._loss_limit and not self._is_of_today(self._killed_at):
            self._killed_at = event.ts
            actions += _end_buying(profit, event.equity)
        if profit <= -self._flatten_limit and not self._is_of_today(self._flattened_at):
            self._flattened_at = event.ts
            actions.append(Flatten(CoreCode.KILL_FLATTEN, Style.DAY))
        return actions

    def dump(self) -> Mapping[str, Any]:
        """Return when the limits were reached."""
        return {"killed_at": self._killed_at, "flattened_at": self._flattened_at}

    def load(self, state: Mapping[str, Any], trades: Sequence[TradeRecord]) -> None:
        """Restore when the limits were reached; the later moment wins."""
        self._killed_at = max(self._killed_at, state["killed_at"])
        self._flattened_at = max(self._flattened_at, state["flattened_at"])

    def _is_of_today(self, moment: Nanos) -> bool:
        return moment != NEVER and moment >= self._session_began


def _day_profit(equity: FactValue, equity_day: FactValue, cash_flow: FactValue) -> Fraction | None:
    """Return the day's profit, deposits removed, as a fraction of the equity at 08:50; None when it cannot be told."""
    if not (isinstance(equity, int) and isinstance(equity_day, int) and isinstance(cash_flow, int)):
        return None
    return Fraction(equity - equity_day - cash_flow, equity_day) if equity_day > 0 else None


def _end_buying(profit: Fraction, equity: int) -> Sequence[Action]:
    code = KillSwitchCode.KILL_SWITCH
    return (
        CancelEntries(code),
        SetState(TradingState.REDUCING, code),
        Tell(Severity.CRITICAL, code, {"day_profit": float(profit), "equity": equity}),
    )
