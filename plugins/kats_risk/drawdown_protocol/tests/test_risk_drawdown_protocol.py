"""What the drawdown protocol promises."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from pydantic import ValidationError

from kats_core.api import (
    EQUITY_MONTH,
    MINUTE,
    REALISED_MONTH,
    STARS,
    Action,
    CancelEntries,
    Decision,
    EquityMarked,
    FactValue,
    Flatten,
    Position,
    ProtectProfits,
    Reservation,
    ResetPeak,
    ResumeAsked,
    SessionBegan,
    SetState,
    Severity,
    Style,
    Tell,
    TradeClosed,
    TradeRecord,
    Verdict,
)
from kats_core.testing import NOW, FrozenContext, RiskStageContract, position, proposal, reservation
from kats_risk_drawdown_protocol import DrawdownCode, Params, kats_register_risk_stages
from kats_risk_drawdown_protocol.stage import DrawdownProtocol

E = 100_000_000
FIRST = dt.date(2026, 3, 2)
R = Fraction("2184.61")
TRADE = TradeRecord(
    signal_id="x",
    instance="test",
    symbol="005930",
    slot=0,
    opened_at=NOW,
    closed_at=NOW,
    opened_on=FIRST,
    closed_on=FIRST,
    quantity=1,
    bought_amount=1,
    sold_amount=1,
    commission=0,
    tax=0,
    net_profit=0,
    initial_risk="1",
    r_multiple=None,
    exit_code="core:STOP",
)


def stage(**params: object) -> DrawdownProtocol:
    plugin = kats_register_risk_stages()
    built = plugin.build(plugin.params(**params))
    assert isinstance(built, DrawdownProtocol)
    begin(built, FIRST)
    mark(built)
    return built


def begin(built: DrawdownProtocol, session: dt.date) -> Sequence[Action]:
    return built.on_event(SessionBegan(NOW, session))


def mark(
    built: DrawdownProtocol,
    equity: int = E,
    *,
    day: int | None = None,
    month: int | None = None,
    peak: int | None = None,
    realised: int | None = 0,
) -> Sequence[Action]:
    """Value the account; a base that is not given is the equity itself."""
    day, month, peak = (equity if base is None else base for base in (day, month, peak))
    return built.on_event(
        EquityMarked(NOW, equity, day, 0, equity_month=month, equity_peak=peak, realised_month=realised)
    )


def close(built: DrawdownProtocol, *nets: int) -> None:
    for net in nets:
        built.on_event(TradeClosed(NOW, structs.replace(TRADE, net_profit=net)))


def check(
    built: DrawdownProtocol,
    quantity: int = 193,
    *,
    month_loss: FactValue = 0,
    equity_month: FactValue = E,
    held: Sequence[Position] = (),
    ordered: Sequence[Reservation] = (),
    stars: FactValue = 4,
) -> Verdict:
    realised = -month_loss if isinstance(month_loss, int) else month_loss
    context = FrozenContext(
        facts={EQUITY_MONTH: equity_month, REALISED_MONTH: realised, STARS: stars},
        positions=held,
        reservations=ordered,
    )
    return built.check(proposal(quantity=quantity, risk=R), context)


def risking(won: int) -> Position:
    """Return a position that loses so much when it is stopped out."""
    return position(quantity=100, average=won // 100 + 1_000, stop=1_000)


@pytest.mark.parametrize(
    ("loss", "open_risk", "decision", "quantity", "code"),
    [
        pytest.param(3_500_000, 1_800_000, Decision.APPROVE, 193, None, id="RS2-1"),
        pytest.param(4_000_000, 1_700_000, Decision.RESIZE, 137, DrawdownCode.MONTHLY_ROOM, id="RS2-2"),
        pytest.param(4_500_000, 1_600_000, Decision.REJECT, 0, DrawdownCode.MONTHLY_LIMIT, id="RS2-3"),
    ],
)
def test_the_month_leaves_so_much_to_risk(
    loss: int, open_risk: int, decision: Decision, quantity: int, code: DrawdownCode | None
) -> None:
    """Losses and open risk together stay under 6 % of the month's first equity."""
    verdict = check(stage(), month_loss=loss, held=[risking(open_risk)])
    assert (verdict.decision, verdict.quantity, verdict.code) == (decision, quantity, code)


def test_rs2_4_a_bad_day_halves_entries() -> None:
    """Down 2.4 % on the day: 96 of 193."""
    built = stage()
    mark(built, 97_600_000, day=E)
    verdict = check(built)
    assert (verdict.decision, verdict.quantity, verdict.code) == (Decision.RESIZE, 96, DrawdownCode.DRAWDOWN_SCALE)


def test_live_orders_risk_like_positions() -> None:
    """What is on order can be stopped out too; a stop above cost risks nothing."""
    ordered = reservation(quantity=1_000, price=10_000, stop=8_300)
    safe = position(quantity=100, average=1_000, stop=2_000)
    verdict = check(stage(), month_loss=4_000_000, held=[safe], ordered=[ordered])
    assert (verdict.quantity, verdict.detail["open_risk"]) == (137, 1_700_000.0)


@pytest.mark.parametrize(
    ("equity", "bases", "code"),
    [
        (98_000_001, {"day": E}, None),
        (98_000_000, {"day": E}, DrawdownCode.DRAWDOWN_REDUCED),
        (97_000_001, {"day": E}, DrawdownCode.DRAWDOWN_REDUCED),
        (97_000_000, {"day": E}, DrawdownCode.DRAWDOWN_YELLOW),
        (94_000_001, {"month": E}, None),
        (94_000_000, {"month": E}, DrawdownCode.DRAWDOWN_ORANGE),
        (99_000_001, {"peak": 110_000_000}, None),
        (99_000_000, {"peak": 110_000_000}, DrawdownCode.DRAWDOWN_RED),
        (93_500_001, {"peak": 110_000_000}, DrawdownCode.DRAWDOWN_RED),
        (93_500_000, {"peak": 110_000_000}, DrawdownCode.DRAWDOWN_BLACK),
    ],
)
def test_boundaries_belong_to_the_worse_level(equity: int, bases: dict[str, int], code: DrawdownCode | None) -> None:
    """Exact to the won."""
    told = [action.code for action in mark(stage(), equity, **bases) if isinstance(action, Tell)]
    assert told == ([] if code is None else [code])


def test_yellow_ends_buying_and_a_worse_day_sells_what_day_strategies_hold() -> None:
    """Each once."""
    built = stage()
    kinds = [type(action) for action in mark(built, 97_000_000, day=E)]
    assert kinds == [CancelEntries, SetState, Tell]
    assert list(mark(built, 96_000_000, day=E)) == []
    assert list(mark(built, 95_000_000, day=E)) == [Flatten(DrawdownCode.DRAWDOWN_YELLOW, Style.DAY)]
    assert list(mark(built, 94_500_000, day=E)) == []
    assert check(built).code is DrawdownCode.DRAWDOWN_YELLOW


def test_orange_sells_losers_and_protects_winners() -> None:
    """Day strategies and losing positions go, winners keep a stop at break-even or better."""
    actions = mark(stage(), 94_000_000, month=E)
    code = DrawdownCode.DRAWDOWN_ORANGE
    sales = [a for a in actions if isinstance(a, Flatten | ProtectProfits)]
    assert sales == [Flatten(code, Style.DAY), Flatten(code, only_losing=True), ProtectProfits(code)]


def test_losses_alone_that_reach_the_months_limit_are_orange() -> None:
    """Also while open profits still hide them."""
    built = stage()
    mark(built, 99_000_000, month=E, realised=-6_000_000)
    assert check(built).code is DrawdownCode.DRAWDOWN_ORANGE


@pytest.mark.parametrize("equity", [99_000_000, 93_500_000])
def test_red_and_black_sell_everything(equity: int) -> None:
    """And nothing is bought."""
    actions = mark(stage(), equity, peak=110_000_000)
    assert any(isinstance(a, Flatten) and a.style is None and not a.only_losing for a in actions)
    assert any(isinstance(a, Tell) and a.severity is Severity.CRITICAL for a in actions)


def test_a_level_never_falls_within_its_period() -> None:
    """A recovering day does not lift YELLOW; the next session does."""
    built = stage()
    mark(built, 97_000_000, day=E)
    mark(built, 101_000_000, day=E)
    assert check(built).code is DrawdownCode.DRAWDOWN_YELLOW
    assert list(begin(built, FIRST)) != []
    assert list(begin(built, FIRST + dt.timedelta(days=1))) == []
    assert check(built).decision is Decision.APPROVE


def test_sixty_days_after_a_month_halt_trading_is_possible_again() -> None:
    """ORANGE ends with its month, and is told to the engine again on each of its days."""
    built = stage()
    mark(built, 94_000_000, month=E)
    assert any(isinstance(a, SetState) for a in begin(built, dt.date(2026, 3, 31)))
    assert check(built).code is DrawdownCode.DRAWDOWN_ORANGE
    assert list(begin(built, dt.date(2026, 4, 1))) == []
    mark(built)
    assert check(built).decision is Decision.APPROVE


def resume(built: DrawdownProtocol, cause: str = "MARKET", reference: str = "", after_min: int = 0) -> list[Action]:
    return list(built.on_event(ResumeAsked(NOW + after_min * MINUTE, cause, reference)))


def halted(equity: int = 99_000_000) -> DrawdownProtocol:
    built = stage()
    mark(built, equity, peak=110_000_000)
    return built


def let_pass(built: DrawdownProtocol, sessions: int, days: int) -> None:
    """Let sessions begin, the last of them so many days after the halt."""
    for n in range(1, sessions):
        begin(built, FIRST + dt.timedelta(days=n))
    begin(built, FIRST + dt.timedelta(days=days))


def test_a_red_halt_is_left_by_time_cause_wins_and_a_person() -> None:
    """All four; then everything is measured anew and entries are half as large."""
    built = halted()
    assert "7 days" in str(resume(built))
    let_pass(built, 5, 7)
    verdict = check(built)
    assert (verdict.decision, verdict.quantity) == (Decision.RESIZE, 96)  # on trial, with paper
    close(built, 5, 5, 5, 5, -1)
    assert "5 winning paper trades in a row, 0 so far" in str(resume(built))
    close(built, 1, 1, 1, 1, 1)
    assert [type(a) for a in resume(built)] == [ResetPeak, Tell]
    mark(built, 99_000_000)
    assert check(built).quantity == 96


def test_a_halt_without_a_cause_stays_a_halt() -> None:
    """Nothing is bought, on paper neither, before somebody said why it came to that."""
    built = halted()
    let_pass(built, 5, 7)
    assert check(built).code is DrawdownCode.DRAWDOWN_RED
    assert "cause" in str(resume(built, cause=""))


@pytest.mark.parametrize(("sessions", "days"), [(4, 7), (5, 6)])
def test_time_means_days_and_sessions(sessions: int, days: int) -> None:
    """The later of the two."""
    built = halted()
    resume(built)
    let_pass(built, sessions, days)
    assert check(built).code is DrawdownCode.DRAWDOWN_RED


def test_black_needs_more_of_everything_and_two_approvals_ten_minutes_apart() -> None:
    """Fourteen days, twenty paper trades that earn, a report, a second look."""
    built = halted(93_500_000)
    resume(built)
    let_pass(built, 10, 14)
    close(built, *[10] * 19)
    assert "20 paper trades" in str(resume(built, reference="runs/1"))
    close(built, 10)
    assert "reference" in str(resume(built))
    assert [a.code for a in resume(built, reference="runs/1") if isinstance(a, Tell)] == [DrawdownCode.RESUME_AGAIN]
    again = resume(built, reference="runs/1", after_min=9)
    assert [a.code for a in again if isinstance(a, Tell)] == [DrawdownCode.RESUME_AGAIN]
    assert [type(a) for a in resume(built, reference="runs/1", after_min=10)] == [ResetPeak, Tell]


def recovering() -> DrawdownProtocol:
    built = halted()
    resume(built)
    let_pass(built, 5, 7)
    close(built, 1, 1, 1, 1, 1)
    resume(built)
    mark(built, 99_000_000)
    return built


@pytest.mark.parametrize(
    ("nets", "quantity"),
    [
        ((), 50),
        ((1, 1), 50),
        ((1, 1, 1), 75),
        ((1, 1, 1, 1, 1), 100),
        ((1, 1, 1, -1), 75),
        ((1, 1, 1, -1, 1, 1), 75),
        ((1, 1, 1, -1, -1), 50),
        ((-1, -1, -1, -1), 50),
    ],
)
def test_size_comes_back_with_wins(nets: tuple[int, ...], quantity: int) -> None:
    """Three in a row give three quarters, five all; two losses in a row take a step back."""
    built = recovering()
    close(built, *nets)
    assert check(built, 100, stars=5).quantity == quantity


def test_a_losing_recovery_buys_only_four_stars() -> None:
    """While the size is reduced and less than half of the last ten trades won."""
    built = recovering()
    close(built, *[-1] * 6)
    assert check(built, stars=3).code is DrawdownCode.CONFIDENCE_LOW
    assert check(built, stars=None).code is DrawdownCode.CONFIDENCE_LOW
    assert check(built, stars=4).decision is Decision.RESIZE


@pytest.mark.parametrize(
    "marked", [{"day": -1}, {"month": 0}, {"peak": 0}, {"realised": None}], ids=["day", "month", "peak", "realised"]
)
def test_an_unknown_base_refuses(marked: dict[str, Any]) -> None:
    """Fail closed: no default of zero."""
    built = stage()
    mark(built, E, **marked)
    assert check(built).code is DrawdownCode.PNL_UNKNOWN


@pytest.mark.parametrize("facts", [{"month_loss": None}, {"equity_month": None}, {"equity_month": "1"}])
def test_a_missing_input_refuses(facts: dict[str, Any]) -> None:
    """Fail closed."""
    assert check(stage(), **facts).code is DrawdownCode.PNL_UNKNOWN


def test_what_is_left_below_the_smallest_order_is_refused() -> None:
    """Seven shares at 38 750 are less than 300 000 won."""
    verdict = check(stage(), month_loss=5_984_000)
    assert (verdict.decision, verdict.code) == (Decision.REJECT, DrawdownCode.TOO_SMALL)


def test_a_restart_keeps_the_level_and_never_loosens() -> None:
    """The state survives as JSON; loading a milder one changes nothing."""
    red = halted()
    state = json.loads(json.dumps(red.dump()))
    fresh = stage()
    fresh.load(state, [])
    mark(fresh)
    assert check(fresh).code is DrawdownCode.DRAWDOWN_RED
    red.load(json.loads(json.dumps(stage().dump())), [])
    assert check(red).code is DrawdownCode.DRAWDOWN_RED


@pytest.mark.parametrize(
    "wrong", [{"monthly_loss_limit": 6}, {"green_scale": 1.5}, {"green_reduce_at": 0.05}, {"limit": 0.06}]
)
def test_a_value_out_of_range_or_unknown_is_refused(wrong: dict[str, object]) -> None:
    """Fractions are fractions."""
    with pytest.raises(ValidationError):
        Params.model_validate(wrong)


@given(
    quantity=st.integers(1, 10**6),
    loss=st.integers(-(10**8), 10**8),
    risk=st.integers(0, 10**7),
    equity=st.integers(80_000_000, 120_000_000),
)
def test_it_never_enlarges_and_the_month_never_risks_more_than_its_limit(
    quantity: int, loss: int, risk: int, equity: int
) -> None:
    """Whatever the month was like."""
    built = stage()
    mark(built, equity, day=E, month=E, peak=E, realised=-loss)
    verdict = check(built, quantity, month_loss=loss, held=[risking(risk)])
    assert 0 <= verdict.quantity <= quantity
    if verdict.quantity:
        assert max(0, loss) + risk // 100 * 100 + verdict.quantity * R <= E * Fraction(6, 100)


class TestContract(RiskStageContract):
    """Everything that `kats check drawdown-protocol` looks at."""

    plugin = "drawdown-protocol"
