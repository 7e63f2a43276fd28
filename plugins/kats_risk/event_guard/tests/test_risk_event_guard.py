"""What the event guard promises."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kats_core.api import (
    EQUITY,
    EVENTS,
    REGIME,
    SECTOR,
    Decision,
    EventDay,
    EventType,
    FactValue,
    Nanos,
    SessionHours,
    Style,
    TradingAction,
    Verdict,
)
from kats_core.market.calendar import krx_calendar
from kats_core.market.events import MarketEvent, manual_event
from kats_core.model import time
from kats_core.testing import HOURS, NOW, SESSION, FrozenContext, RiskStageContract, position, proposal
from kats_risk_event_guard import EventCode, Params, kats_register_risk_stages

E = 100_000_000
PRICE = 80_300
NEXT = krx_calendar().next_session(SESSION)


def event(of: EventType, symbol: str | None = None, action: TradingAction | None = None) -> MarketEvent:
    return manual_event(krx_calendar(), date=SESSION, of=of, symbol=symbol, action=action)


def day(*events: EventType | MarketEvent, session: dt.date = SESSION) -> str:
    found = tuple(event(each) if isinstance(each, EventType) else each for each in events)
    return EventDay(session=session, events=found).as_text()


def check(
    events: FactValue,
    quantity: int = 280,
    *,
    now: Nanos = NOW,
    hours: SessionHours = HOURS,
    style: Style = Style.DAY,
    trades_gaps: bool = False,
    sector: FactValue = "반도체",
    regime: FactValue = "BULL",
    equity: FactValue = E,
    used: int = 30_000_000,
    **params: object,
) -> Verdict:
    plugin = kats_register_risk_stages()
    context = FrozenContext(
        facts={EVENTS: events, EQUITY: equity, REGIME: regime, SECTOR: sector},
        now=now,
        hours=hours,
        positions=[position(symbol="000010", quantity=used // 10_000, average=10_000)] if used else [],
    )
    wanted = msgspec.structs.replace(
        proposal(quantity=quantity, price=PRICE, stop=PRICE - 200, now=now),
        style=style,
        sits_out_events=style is Style.SWING,
        trades_gaps=trades_gaps,
    )
    return plugin.build(plugin.params(**params)).check(wanted, context)


def at(clock: str) -> Nanos:
    return time.at(SESSION, dt.time.fromisoformat(clock))


def test_the_example_an_expiry_halves_a_day_trade() -> None:
    """280 at 80 300, 30 000 000 invested: half is 140, the raised cash floor would leave 249."""
    verdict = check(day(EventType.OPTION_EXPIRY))
    assert (verdict.decision, verdict.quantity, verdict.code) == (Decision.RESIZE, 140, EventCode.EVENT_REDUCE)
    assert verdict.detail == {"events": "OPTION_EXPIRY", "used_all": 30_000_000, "max_invested": 0.5}
    assert check(day(EventType.OPTION_EXPIRY), reduce_scale=1).quantity == 249


@pytest.mark.parametrize(("clock", "passes"), [("13:59", True), ("14:00", False), ("15:10", False)])
def test_after_two_an_expiry_lets_nobody_in(clock: str, passes: bool) -> None:
    """At 13:59 a volatility breakout is still allowed."""
    verdict = check(day(EventType.FUTURES_EXPIRY), now=at(clock))
    assert (verdict.decision is Decision.RESIZE) is passes
    if not passes:
        assert (verdict.decision, verdict.code) == (Decision.REJECT, EventCode.EVENT_TIME)
        assert verdict.detail == {"events": "FUTURES_EXPIRY", "entries_until": "14:00"}


def test_the_time_moves_with_a_late_session() -> None:
    """A day that closes an hour later lets entries in an hour longer."""
    late = SessionHours.from_clocks(SESSION, dt.time(10, 0), dt.time(16, 30))
    assert check(day(EventType.MSCI), now=at("14:59"), hours=late).decision is Decision.RESIZE
    assert check(day(EventType.MSCI), now=at("15:00"), hours=late).code is EventCode.EVENT_TIME


def test_after_an_fomc_statement_entries_wait_until_half_past_nine() -> None:
    """The first half hour belongs to the reaction."""
    verdict = check(day(EventType.FOMC_REACTION), now=at("09:12"))
    assert (verdict.decision, verdict.code, verdict.until) == (Decision.DEFER, EventCode.EVENT_TIME, at("09:30"))
    assert check(day(EventType.FOMC_REACTION), now=at("09:30")).quantity == 140


def test_before_an_fomc_statement_swing_waits_and_day_trades_are_halved() -> None:
    """Who holds overnight sits it out."""
    verdict = check(day(EventType.FOMC), style=Style.SWING)
    assert (verdict.decision, verdict.code) == (Decision.REJECT, EventCode.EVENT_HALT)
    assert verdict.detail == {"events": "FOMC"}
    assert check(day(EventType.FOMC), used=0).quantity == 140


def test_a_report_concerns_its_symbol_alone() -> None:
    """And only strategies that sit events out."""
    own, other = day(event(EventType.EARNINGS, "005930")), day(event(EventType.EARNINGS, "000660"))
    assert check(own, style=Style.SWING).code is EventCode.EVENT_HALT
    assert check(other, style=Style.SWING).decision is Decision.APPROVE
    assert check(own).decision is Decision.APPROVE


@pytest.mark.parametrize(
    ("sector", "decision"),
    [("은행", Decision.REJECT), (None, Decision.REJECT), ("반도체", Decision.APPROVE), (7, Decision.REJECT)],
)
def test_a_rate_decision_concerns_sectors(sector: FactValue, decision: Decision) -> None:
    """A stock whose sector is not known may be a bank."""
    assert check(day(EventType.BOK), sector=sector, used=0).decision is decision


def test_an_ex_dividend_day_fakes_gaps() -> None:
    """So whoever buys gaps stays out."""
    assert check(day(EventType.EX_DIVIDEND), trades_gaps=True).code is EventCode.EVENT_HALT
    assert check(day(EventType.EX_DIVIDEND)).decision is Decision.APPROVE


def test_the_strictest_action_and_the_largest_cash_count() -> None:
    """Never the sum: 0.60 less 0.20, not less 0.35."""
    verdict = check(day(EventType.EARNINGS_SEASON, EventType.OPTION_EXPIRY, EventType.FUTURES_EXPIRY), used=39_000_000)
    assert (verdict.quantity, verdict.code) == (12, EventCode.EVENT_CASH)
    assert verdict.detail["max_invested"] == 0.4


def test_a_full_floor_rejects() -> None:
    """Whatever the half would be."""
    verdict = check(day(EventType.HOLIDAY_EVE), used=50_000_000)
    assert (verdict.decision, verdict.code) == (Decision.REJECT, EventCode.EVENT_CASH)


def test_a_single_share_is_not_halved_to_one() -> None:
    """Half of one share is none."""
    verdict = check(day(EventType.SHORT_SELL), 1)
    assert (verdict.decision, verdict.code) == (Decision.REJECT, EventCode.EVENT_REDUCE)


@pytest.mark.parametrize("events", [None, 7, "", "{}", day(EventType.CUSTOM, session=NEXT)])
def test_a_day_whose_events_are_not_known_reduces(events: FactValue) -> None:
    """Missing, unreadable, or of another day: half, and a tenth more in cash."""
    verdict = check(events)
    assert (verdict.quantity, verdict.code) == (140, EventCode.EVENT_CALENDAR_MISSING)
    assert check(events, used=48_000_000).quantity == 24
    assert check(events, used=48_000_000, missing_extra_cash=0).quantity == 140


def test_a_year_without_dates_keeps_more_cash() -> None:
    """None of its days is free of events."""
    text = EventDay(session=SESSION, years_missing=(EventType.BOK,)).as_text()
    assert check(text, used=54_000_000).quantity == 12
    assert check(text, used=54_000_000, enabled_types=["FOMC"]).quantity == 280


def test_a_day_without_events_asks_for_nothing() -> None:
    """Not even for the equity."""
    verdict = check(day(), equity=None, regime=None)
    assert (verdict.decision, verdict.quantity, verdict.detail) == (Decision.APPROVE, 280, {})


@pytest.mark.parametrize("wrong", [{"equity": None}, {"equity": 1.5}, {"regime": None}, {"regime": "UP"}])
def test_without_equity_or_regime_no_floor_can_be_raised(wrong: dict[str, FactValue]) -> None:
    """Fail closed."""
    assert check(day(EventType.OPTION_EXPIRY), **wrong).code is EventCode.INPUT_MISSING  # type: ignore[arg-type]


def test_the_operator_chooses_what_counts() -> None:
    """The others are as if they did not happen, and an operator's event stops everybody."""
    assert check(day(EventType.OPTION_EXPIRY), enabled_types=["FOMC"]).decision is Decision.APPROVE
    halt = event(EventType.CUSTOM, action=TradingAction.HALT)
    assert check(day(halt)).code is EventCode.EVENT_HALT


@pytest.mark.parametrize(
    "wrong", [{"reduce_scale": 1.1}, {"missing_extra_cash": 0.6}, {"enabled_types": ["EXPIRY"]}, {"scale": 0.5}]
)
def test_a_value_out_of_range_or_unknown_is_refused(wrong: dict[str, object]) -> None:
    """Fractions are fractions, types are those that exist."""
    with pytest.raises(ValidationError):
        Params.model_validate(wrong)


@given(
    quantity=st.integers(1, 10**6),
    types=st.lists(st.sampled_from(EventType), unique=True, max_size=4),
    is_known=st.booleans(),
    used=st.integers(0, 10_000),
    percent=st.integers(0, 100),
)
def test_it_never_enlarges(quantity: int, types: list[EventType], is_known: bool, used: int, percent: int) -> None:
    """Whatever happens on the day."""
    verdict = check(day(*types) if is_known else None, quantity, used=used * 10_000, reduce_scale=percent / 100)
    assert 0 <= verdict.quantity <= quantity


class TestContract(RiskStageContract):
    """Everything that `kats check event-guard` looks at."""

    plugin = "event-guard"
