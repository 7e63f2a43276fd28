"""What the daily kill switch promises."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kats_core.api import (
    CASH_FLOW,
    EQUITY,
    EQUITY_DAY,
    MINUTE,
    Action,
    CancelEntries,
    CoreCode,
    Decision,
    EquityMarked,
    FactValue,
    Flatten,
    ListeningStage,
    Nanos,
    SessionBegan,
    SetState,
    Severity,
    StatefulStage,
    Style,
    Tell,
    TradingState,
    Verdict,
)
from kats_core.testing import HOURS, NOW, SESSION, FrozenContext, RiskStageContract, proposal
from kats_risk_daily_kill_switch import KillSwitchCode, Params, kats_register_risk_stages
from kats_risk_daily_kill_switch.stage import DailyKillSwitch

E_DAY = 100_000_000
DAY = 24 * 60 * MINUTE
BEGIN = HOURS.at(dt.time(8, 50))


def switch(**params: object) -> DailyKillSwitch:
    plugin = kats_register_risk_stages()
    stage = plugin.build(plugin.params(**params))
    assert isinstance(stage, DailyKillSwitch)
    stage.on_event(SessionBegan(BEGIN, SESSION))
    return stage


def mark(stage: DailyKillSwitch, equity: int, cash_flow: int = 0, ts: Nanos = NOW) -> Sequence[Action]:
    return stage.on_event(EquityMarked(ts, equity, E_DAY, cash_flow))


def check(stage: DailyKillSwitch, equity: FactValue = E_DAY, cash_flow: FactValue = 0) -> Verdict:
    facts = {EQUITY: equity, EQUITY_DAY: E_DAY, CASH_FLOW: cash_flow}
    return stage.check(proposal(quantity=193), FrozenContext(facts=facts))


EXAMPLES = pytest.mark.parametrize(
    ("equity", "cash_flow", "decision"),
    [
        pytest.param(97_000_000, 0, Decision.REJECT, id="2.3: a loss of 3 %"),
        pytest.param(97_000_001, 0, Decision.APPROVE, id="2.3: a won less"),
        pytest.param(102_000_000, 5_000_000, Decision.REJECT, id="2.3: a loss of 3 % after a deposit"),
        pytest.param(102_000_001, 5_000_000, Decision.APPROVE, id="a won less after a deposit"),
        pytest.param(92_000_000, -5_000_000, Decision.REJECT, id="a loss of 3 % after a withdrawal"),
        pytest.param(95_000_000, -5_000_000, Decision.APPROVE, id="a withdrawal is no loss"),
    ],
)


@EXAMPLES
def test_the_limit_is_compared_exactly_and_without_deposits(equity: int, cash_flow: int, decision: Decision) -> None:
    """What the context says of the account decides, even before it was marked."""
    assert check(switch(), equity, cash_flow).decision is decision


@EXAMPLES
def test_a_mark_at_the_limit_ends_buying_for_the_day(equity: int, cash_flow: int, decision: Decision) -> None:
    """It stays so when the loss is won back."""
    stage = switch()
    mark(stage, equity, cash_flow)
    assert check(stage, E_DAY).decision is decision


def test_reaching_the_limit_cancels_reduces_and_tells_once() -> None:
    """Positions keep their exits; further marks repeat nothing."""
    stage, code = switch(), KillSwitchCode.KILL_SWITCH
    assert mark(stage, 97_000_001) == []
    assert mark(stage, 97_000_000) == [
        CancelEntries(code),
        SetState(TradingState.REDUCING, code),
        Tell(Severity.CRITICAL, code, {"day_profit": -0.03, "equity": 97_000_000}),
    ]
    assert mark(stage, 96_000_000) == []


def test_the_second_limit_sells_what_day_strategies_hold_once() -> None:
    """A loss of 5 % adds the sale; it comes with the rest when the account falls through both at once."""
    slow, fast = switch(), switch()
    sale = Flatten(CoreCode.KILL_FLATTEN, Style.DAY)
    mark(slow, 97_000_000)
    assert mark(slow, 95_000_001) == []
    assert mark(slow, 95_000_000) == [sale]
    assert mark(slow, 90_000_000) == []
    assert mark(fast, 95_000_000)[-1] == sale
    assert len(mark(fast, 90_000_000)) == 0


@pytest.mark.parametrize("missing", [EQUITY, EQUITY_DAY, CASH_FLOW])
def test_without_something_to_measure_from_it_is_unarmed(missing: str) -> None:
    """Fail closed: an unknown loss may be any loss."""
    known = {EQUITY: E_DAY, EQUITY_DAY: E_DAY, CASH_FLOW: 0}
    del known[missing]
    verdict = switch().check(proposal(quantity=193), FrozenContext(facts=known))
    assert verdict.code is KillSwitchCode.KILL_SWITCH_UNARMED


@pytest.mark.parametrize("equity_day", [0, -1, 1e8, "100000000"])
def test_an_equity_that_cannot_be_is_no_equity(equity_day: FactValue) -> None:
    """A loss is a fraction of whole, positive won."""
    facts = {EQUITY: E_DAY, EQUITY_DAY: equity_day, CASH_FLOW: 0}
    verdict = switch().check(proposal(quantity=193), FrozenContext(facts=facts))
    assert verdict.code is KillSwitchCode.KILL_SWITCH_UNARMED


def test_a_mark_without_the_days_equity_rejects_until_it_is_known() -> None:
    """The next complete mark arms it again."""
    stage = switch()
    assert stage.on_event(EquityMarked(NOW, E_DAY, None, 0)) == ()
    assert check(stage).code is KillSwitchCode.KILL_SWITCH_UNARMED
    mark(stage, E_DAY)
    assert check(stage).decision is Decision.APPROVE


def test_the_next_session_lifts_it_and_the_same_one_does_not() -> None:
    """08:50 of the next session, however often this one is announced."""
    stage = switch()
    mark(stage, 95_000_000)
    stage.on_event(SessionBegan(BEGIN, SESSION))
    assert check(stage).code is KillSwitchCode.KILL_SWITCH
    stage.on_event(SessionBegan(BEGIN + DAY, SESSION + dt.timedelta(days=1)))
    assert check(stage).decision is Decision.APPROVE
    assert len(mark(stage, 95_000_000, ts=NOW + DAY)) == 4


def test_it_listens_and_survives_a_restart() -> None:
    """The core asks for both by these protocols."""
    stage = switch()
    assert isinstance(stage, ListeningStage)
    assert isinstance(stage, StatefulStage)


@pytest.mark.parametrize("began_first", [True, False])
def test_a_restart_in_the_session_does_not_lift_it(began_first: bool) -> None:
    """In whichever order the session is announced and the state comes back; nothing is sold twice."""
    before = switch()
    mark(before, 95_000_000)
    after = DailyKillSwitch(Params())
    if began_first:
        after.on_event(SessionBegan(BEGIN, SESSION))
    after.load(before.dump(), ())
    if not began_first:
        after.on_event(SessionBegan(BEGIN, SESSION))
    assert check(after).code is KillSwitchCode.KILL_SWITCH
    assert mark(after, 95_000_000) == []


def test_yesterdays_state_does_not_stop_today() -> None:
    """Only the session in which the limit was reached is lost."""
    yesterday = switch()
    mark(yesterday, 95_000_000)
    today = DailyKillSwitch(Params())
    today.load(yesterday.dump(), ())
    today.on_event(SessionBegan(BEGIN + DAY, SESSION + dt.timedelta(days=1)))
    assert check(today).decision is Decision.APPROVE


@pytest.mark.parametrize(
    "wrong",
    [
        {"daily_loss_limit": 0.06},
        {"daily_loss_limit": float("nan")},
        {"daily_flatten_limit": 0.02},
        {"daily_flatten_limit": 0.11},
        {"daily_flatten_limit": float("nan")},
        {"daily_loss": 0.03},
    ],
)
def test_a_value_out_of_range_or_unknown_is_refused(wrong: dict[str, object]) -> None:
    """Selling never comes before the end of buying."""
    with pytest.raises(ValidationError):
        Params.model_validate(wrong)


EQUITIES = st.lists(st.integers(90_000_000, 105_000_000), max_size=6)


@given(EQUITIES, st.integers(90_000_000, 105_000_000))
def test_a_restart_never_loosens_anything(marks: list[int], equity: int) -> None:
    """What is rejected before dump and load is rejected after, and what was done is not done again."""
    before = switch()
    for worth in marks:
        mark(before, worth)
    after = switch()
    after.load(before.dump(), ())
    assert check(after, equity).decision is check(before, equity).decision
    assert after.dump() == before.dump()
    assert mark(after, equity) == mark(before, equity)


@given(EQUITIES, st.integers(1, 10**6), st.integers(90_000_000, 105_000_000))
def test_it_rejects_from_the_first_loss_at_the_limit_on(marks: list[int], quantity: int, equity: int) -> None:
    """Otherwise the quantity passes as it came: never more, never less."""
    stage = switch()
    for worth in marks:
        mark(stage, worth)
    facts: dict[str, FactValue] = {EQUITY: equity, EQUITY_DAY: E_DAY, CASH_FLOW: 0}
    verdict = stage.check(proposal(quantity=quantity), FrozenContext(facts=facts))
    worst = min([*marks, equity])
    is_lost = Fraction(worst - E_DAY, E_DAY) <= Fraction(-3, 100)
    assert (verdict.decision, verdict.quantity) == ((Decision.REJECT, 0) if is_lost else (Decision.APPROVE, quantity))


class TestContract(RiskStageContract):
    """Everything that `kats check daily-kill-switch` looks at."""

    plugin = "daily-kill-switch"
