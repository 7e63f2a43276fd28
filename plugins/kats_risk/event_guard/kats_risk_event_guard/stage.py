"""Join the session's events and hold an entry against them (`spec/risk.md` section 2.6)."""

from __future__ import annotations

from functools import cache

from kats_core.api import (
    EQUITY,
    EVENTS,
    REGIME,
    SECTOR,
    Audience,
    Code,
    Effect,
    EventDay,
    FactValue,
    Numbers,
    Proposal,
    Ratio,
    Regime,
    Room,
    StageContext,
    TradingAction,
    Verdict,
    day_from_text,
    defer,
    fit,
    floor_times,
    reject,
    shares_within,
    to_fraction,
    to_ratio,
)
from kats_risk_event_guard import EventCode, Params

REGIMES = {regime.value: regime for regime in Regime}


class EventGuard:
    """The event stage. Keeps no state: what happens on a day is an input."""

    def __init__(self, params: Params) -> None:
        self._reduce_scale = params.reduce_scale
        self._missing = Effect(action=TradingAction.REDUCE, extra_cash=params.missing_extra_cash)
        self._types = frozenset(params.enabled_types)

    def check(self, proposal: Proposal, context: StageContext) -> Verdict:
        """Refuse, delay or shrink as the strictest event says; a day whose events are not known counts as one that reduces."""
        day = _day(context.fact(EVENTS).value)
        if day is None or day.session != proposal.session:
            missing = EventCode.EVENT_CALENDAR_MISSING
            return self._fitted(proposal, context, self._missing, size=missing, cash=missing)
        sector = context.fact(SECTOR).value
        effect = day.effect(Audience.of(proposal, sector if isinstance(sector, str) else None), self._types)
        if effect.action is TradingAction.HALT:
            return reject(EventCode.EVENT_HALT, {"events": ", ".join(effect.halted_by)})
        return _out_of_time(effect, context) or self._fitted(
            proposal, context, effect, size=EventCode.EVENT_REDUCE, cash=EventCode.EVENT_CASH
        )

    def _fitted(self, proposal: Proposal, context: StageContext, effect: Effect, *, size: Code, cash: Code) -> Verdict:
        """Let as many shares pass as the reduced size and the raised cash floor leave."""
        detail: Numbers = {"events": ", ".join(effect.types)} if effect.types else {}
        rooms = [Room(size, floor_times(proposal.quantity or 0, to_ratio(effect.size_multiplier(self._reduce_scale))))]
        if effect.extra_cash:
            equity, regime = context.fact(EQUITY).value, REGIMES.get(str(context.fact(REGIME).value))
            if type(equity) is not int:
                return reject(EventCode.INPUT_MISSING, {"input": EQUITY})
            if regime is None:
                return reject(EventCode.INPUT_MISSING, {"input": REGIME})
            used = context.exposure.total
            investable = _investable(context.limits.allocation[regime].max_invested, effect.extra_cash)
            rooms.append(Room(cash, shares_within(investable, equity, used, proposal.entry_limit)))
            detail = {**detail, "used_all": used, "max_invested": float(investable)}
        return fit(proposal, rooms, detail)


@cache
def _investable(max_invested: float, extra_cash: float) -> Ratio:
    """Return the share of equity that may be invested while more is kept in cash than the regime asks for."""
    return to_ratio(to_fraction(max_invested) - to_fraction(extra_cash))


def _day(value: FactValue) -> EventDay | None:
    """Return the events; what cannot be read is not known."""
    if not isinstance(value, str):
        return None
    try:
        return day_from_text(value)
    except ValueError:
        return None


def _out_of_time(effect: Effect, context: StageContext) -> Verdict | None:
    """Reject after the last entry of the day and defer until the first; None inside."""
    if effect.entries_until is None and effect.entries_from is None:
        return None
    detail: Numbers = {"events": ", ".join(effect.types)}
    if effect.entries_until is not None and context.now >= context.hours.at(effect.entries_until):
        return reject(EventCode.EVENT_TIME, detail | {"entries_until": f"{effect.entries_until:%H:%M}"})
    if effect.entries_from is not None and context.now < context.hours.at(effect.entries_from):
        return defer(EventCode.EVENT_TIME, context.hours.at(effect.entries_from), detail)
    return None
