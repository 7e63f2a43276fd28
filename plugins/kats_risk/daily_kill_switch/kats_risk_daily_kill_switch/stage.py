"""Measure the day's profit exactly, and remember when it fell to a limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

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
    Ratio,
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
    to_ratio,
)
from kats_risk_daily_kill_switch import KillSwitchCode, Params

NEVER: Nanos = 0


class DayProfit(NamedTuple):
    """The day's profit, deposits removed, and the equity at 08:50 that it is measured by, won."""

    won: int
    base: int

    def __float__(self) -> float:
        """Return the profit as a fraction of the base."""
        return self.won / self.base

    def has_lost(self, limit: Ratio) -> bool:
        """Tell whether a loss of `limit`, a fraction of the base, is reached; in whole numbers, so it is exact."""
        return self.won * limit.denominator <= -limit.numerator * self.base


class DailyKillSwitch:
    """Refuses entries from the moment the loss limit is reached until the next session begins.

    The state is when each limit was reached. It is compared with the beginning of the session and never cleared, so that
    neither a restart nor an event that comes twice can lift the switch.
    """

    def __init__(self, params: Params) -> None:
        self._loss_limit = to_ratio(params.daily_loss_limit)
        self._flatten_limit = to_ratio(params.daily_flatten_limit)
        self._session_began = NEVER
        self._killed_at = NEVER
        self._flattened_at = NEVER
        self._is_unarmed = False

    def check(self, proposal: Proposal, context: StageContext) -> Verdict:
        """Let the entry pass while the day's profit is known and above the limit."""
        equity, equity_day, flow = context.fact(EQUITY), context.fact(EQUITY_DAY), context.fact(CASH_FLOW)
        profit = _day_profit(equity.value, equity_day.value, flow.value)
        if self._is_of_today(self._killed_at):
            return reject(KillSwitchCode.KILL_SWITCH, {"killed_at": self._killed_at})
        if profit is None or self._is_unarmed:
            return reject(KillSwitchCode.KILL_SWITCH_UNARMED)
        if profit.has_lost(self._loss_limit):
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
        if profit.has_lost(self._loss_limit) and not self._is_of_today(self._killed_at):
            self._killed_at = event.ts
            actions += _end_buying(profit, event.equity)
        if profit.has_lost(self._flatten_limit) and not self._is_of_today(self._flattened_at):
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


def _day_profit(equity: FactValue, equity_day: FactValue, cash_flow: FactValue) -> DayProfit | None:
    """Return the day's profit; None when it cannot be told."""
    if not (isinstance(equity, int) and isinstance(equity_day, int) and isinstance(cash_flow, int)):
        return None
    return DayProfit(equity - equity_day - cash_flow, equity_day) if equity_day > 0 else None


def _end_buying(profit: DayProfit, equity: int) -> Sequence[Action]:
    code = KillSwitchCode.KILL_SWITCH
    return (
        CancelEntries(code),
        SetState(TradingState.REDUCING, code),
        Tell(Severity.CRITICAL, code, {"day_profit": float(profit), "equity": equity}),
    )
