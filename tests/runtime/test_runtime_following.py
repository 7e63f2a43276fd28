"""A signal that nobody bought, followed by its own exit plan: by hand, and beside real trades of the same engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kats_core.exits.in_bar import BarPath
from kats_core.journal.ledger import Course, Fate
from kats_core.market.calendar import krx_calendar
from kats_core.market.overlays import OverlayParams
from kats_core.market.panel import Panel
from kats_core.model.kinds import Scope, Side
from kats_core.model.position import Position
from kats_core.model.record import FillRecord, OrderRecord, SetupRecord, TradeRecord
from kats_core.model.setup import Above, Fixed, Setup
from kats_core.model.signal import Exit, ExitPlan, Management, Portion, Signal, Target, TargetKind
from kats_core.model.time import session_date
from kats_core.model.verdict import Proposal
from kats_core.risk.limits import Limits
from kats_core.runtime.days import Market
from kats_core.runtime.following import SESSIONS, Asked, Follower, Rules, follow
from kats_core.runtime.inputs import Given, Inputs
from kats_core.runtime.paper import PaperBroker, PaperParams
from kats_core.strategy.contract import View
from kats_core.testing import panel as panel_of

if TYPE_CHECKING:
    from conftest import Desk, House

SYMBOL = "005930"
SESSION = dt.date(2026, 3, 4)
EVE = (25_300, 25_600, 25_100, 25_400, 1_000_000)
BUYING = (25_000, 25_600, 24_800, 25_500, 1_000_000)
"""BM-1: bought at 25 500."""

QUIET = (25_500, 25_600, 25_300, 25_500, 1_000_000)


def rules(house: type[House], panel: Panel, *strategies: Any, participation: float = 0.05) -> Rules:
    """Return what signals are followed by on these bars."""
    instances = strategies or (house.instance(),)
    return Rules(
        run_id="00000000-0000-0000-0000-000000000001",
        strategies={instance.name: instance for instance in instances},
        limits=Limits(),
        overlays=OverlayParams(),
        path=BarPath.WORST,
        broker=partial(PaperBroker, PaperParams(bar_participation=participation)),
        market=Market(
            panel=panel,
            instruments={i.symbol: i for i in panel.instruments},
            calendar=krx_calendar(),
            scope=Scope.RAW,
            inputs=Inputs(panel.symbols, (Given(house.assumed()),)),
        ),
    )


def bars(*days: tuple[int, int, int, int, int]) -> Panel:
    """Return the eve of the session, the session and the days after it."""
    return panel_of({SYMBOL: [EVE, *days]}, armed_for=krx_calendar().shift(SESSION, len(days)))


def asked(quantity: int = 100, **changes: Any) -> Asked:
    """Return BM-1's signal, with a stop at 24 500 and one target for all at 26 000."""
    signal = Signal(
        trigger_price=25_450,
        reference=25_450,
        entry_limit=25_500,
        chase_cap=25_550,
        exits=ExitPlan(stop=24_500, targets=(Target(TargetKind.ABSOLUTE, 26_000, Portion.ALL),)),
        position_hint=0.15,
    )
    setup = Setup(session=SESSION, instance="buyer", symbol=SYMBOL, trigger=Above(Fixed(25_450)))
    usual: dict[str, Any] = {"setup": setup, "signal": signal, "ts": krx_calendar().hours(SESSION).open}
    return Asked(quantity=quantity, **(usual | changes))


def followed(house: type[House], *days: tuple[int, int, int, int, int], quantity: int = 100, **changes: Any) -> Course:
    """Follow BM-1's signal through these days."""
    panel = bars(*days)
    (course,) = follow(rules(house, panel), [asked(quantity, **changes)], panel.sessions[1:], {})
    return course


def test_a_signal_that_would_have_been_stopped_out(house: type[House]) -> None:
    """BM-1 and BM-7: bought 25 500, stop before target at 24 450. Commissions 382 and 366, tax 4 890: -110 638 won."""
    course = followed(house, BUYING, (25_000, 26_200, 24_400, 25_000, 1_000_000))
    assert (course.fate, course.code, course.quantity) == (Fate.CLOSED, "core:STOP", 100)
    assert (course.net_profit, course.r_multiple) == (-110_638, -1.10638)
    assert course.last == krx_calendar().shift(SESSION, 1)


def test_a_signal_that_would_have_reached_its_target(house: type[House]) -> None:
    """BM-8: the open lies above the target. Commissions 382 and 394, tax 5 260: 73 964 won."""
    course = followed(house, BUYING, QUIET, (26_300, 26_500, 26_000, 26_200, 1_000_000))
    assert (course.net_profit, course.r_multiple) == (73_964, 0.73964)


def test_a_signal_that_its_limit_would_not_have_bought(house: type[House]) -> None:
    """BM-4: the session never came back to the chase cap."""
    course = followed(house, (25_700, 25_900, 25_600, 25_800, 1_000_000), QUIET)
    assert (course.fate, course.quantity, course.net_profit, course.r_multiple) == (Fate.NOT_FILLED, 0, 0, None)


def test_a_signal_that_never_comes_to_an_end_is_valued(house: type[House]) -> None:
    """At the close of the twentieth session after its own, less what selling costs: 382 + 382 + 5 100 won."""
    course = followed(house, BUYING, *[QUIET] * (SESSIONS + 5))
    assert (course.fate, course.net_profit, course.r_multiple) == (Fate.OPEN, -5_864, -0.05864)
    assert course.last == krx_calendar().shift(SESSION, SESSIONS)


def test_where_the_data_end_it_is_valued_too(house: type[House]) -> None:
    """And told apart: nobody knows what the twentieth session would have been."""
    course = followed(house, BUYING, QUIET, QUIET)
    assert (course.fate, course.net_profit) == (Fate.DATA_ENDED, -5_864)


def test_the_bar_gives_only_its_share(house: type[House]) -> None:
    """BM-10: of 3 000 asked for, five percent of 40 000 are filled; the result is theirs."""
    thin = (25_000, 25_600, 24_800, 25_500, 40_000)
    course = followed(house, thin, (25_000, 26_200, 24_400, 25_000, 1_000_000), quantity=3_000)
    assert course.quantity == 2_000
    assert course.r_multiple == pytest.approx(-1.1064, abs=1e-4)


def test_no_capital_and_no_gate_of_the_strategy_stands_in_the_way(house: type[House]) -> None:
    """A hundred million shares' worth of a strategy that is switched off, in a regime in which it sits out."""
    off = house.instance(regimes=frozenset(), grades=frozenset(), windows=())
    panel = bars((25_000, 25_600, 24_800, 25_500, 10**9), (24_000, 24_100, 23_900, 24_000, 10**9))
    (course,) = follow(rules(house, panel, off), [asked(2_000_000)], panel.sessions[1:], {})
    assert (course.fate, course.quantity) == (Fate.CLOSED, 2_000_000)


def test_its_strategy_looks_after_it(house: type[House]) -> None:
    """`manage` is asked as for a real position."""

    def tired(view: View, position: Position) -> Management:
        return Exit(house.OwnCode.TIRED)

    panel = bars(BUYING, QUIET, QUIET)
    manager = house.instance(house.Manager(managing=tired), manage_every_min=1)
    (course,) = follow(rules(house, panel, manager), [asked()], panel.sessions[1:], {})
    assert (course.fate, course.code) == (Fate.CLOSED, "buyer:TIRED")


def test_on_minutes_it_is_bought_in_the_bar_after_its_own(house: type[House]) -> None:
    """Not by the first bar that fulfils its trigger, but when it was signalled; where minutes end, daily bars go on."""
    panel = house.random_panel(3, 30, 2, until=krx_calendar().shift(SESSION, 5), gap=0)
    minutes = house.random_minutes(3, panel, SESSION, gap=0.0)
    bar, after = (minutes.bar(int(row)) for row in minutes.rows_of[0][20:22])
    limit = bar.close * 102 // 1_000 * 10
    signal = Signal(
        trigger_price=bar.close,
        reference=bar.close,
        entry_limit=limit,
        chase_cap=limit,
        exits=ExitPlan(stop=limit * 92 // 1_000 * 10),
        position_hint=0.1,
    )
    setup = Setup(session=SESSION, instance="buyer", symbol=bar.symbol, trigger=Above(Fixed(1)))
    one = Asked(setup=setup, signal=signal, ts=bar.end, quantity=10)
    follower = Follower(rules(house, panel), one)
    first = follower.play(SESSION, minutes)
    (bought,) = (record for record in follower.records if isinstance(record, FillRecord) and record.side is Side.BUY)
    assert (bought.ts, bought.price) == (after.end, min(limit, after.open + 10))
    sessions = [session for session in panel.sessions if session >= SESSION]
    (course,) = follow(rules(house, panel), [one], sessions, {SESSION: lambda: minutes})
    assert course.quantity == 10
    assert first is None or course == first


def orders_of(desk: Desk) -> dict[str, OrderRecord]:
    """Return the entries of a desk by signal."""
    return {order.signal_id: order for order in desk.kept(OrderRecord) if order.side == "BUY"}


def asked_of(desk: Desk, seen: Sequence[Proposal]) -> dict[str, Asked]:
    """Return every proposal that was ordered as something to follow."""
    triggers = {(s.session, s.symbol): s.trigger for s in desk.kept(SetupRecord) if s.trigger is not None}
    ordered = orders_of(desk)
    found = {}
    for proposal in seen:
        if proposal.signal_id not in ordered:
            continue
        trigger = triggers[proposal.session, proposal.symbol]
        setup = Setup(session=proposal.session, instance="buyer", symbol=proposal.symbol, trigger=trigger)
        quantity = ordered[proposal.signal_id].quantity
        found[proposal.signal_id] = Asked(setup=setup, signal=proposal.signal, ts=proposal.ts, quantity=quantity)
    return found


def who_shared_a_day(desk: Desk) -> set[str]:
    """The signals that filled on a day on which another one of the same symbol did, too."""
    signal_of = {order.order_id: order.signal_id for order in desk.kept(OrderRecord)}
    found: dict[tuple[str, dt.date], set[str]] = {}
    for fill in desk.kept(FillRecord):
        found.setdefault((fill.symbol, session_date(fill.ts)), set()).add(signal_of[fill.order_id])
    return {signal for signals in found.values() if len(signals) > 1 for signal in signals}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**20), quantity=st.integers(1, 400), is_day=st.booleans())
def test_what_was_traded_is_followed_to_the_same_result(
    house: type[House], seed: int, quantity: int, is_day: bool
) -> None:
    """Where capital does not bind, a signal that was approved whole has the same R in the ledger as in the trades.

    Generated markets, daily bars, targets in thirds, stops, gaps, days without trading. A trade that had to share the volume of a
    day with another one of its symbol is left out: the ledger follows each signal alone.
    """
    panel = house.random_panel(seed, 30, 5)
    targets = (Target(TargetKind.R, 1.0), Target(TargetKind.R, 2.0))
    buyer = house.Buyer(cap=0, stop=96, targets=targets, time_exit=house.clock_exit() if is_day else None)
    stage = house.Answer()
    desk = house.Desk(
        strategies=(house.instance(buyer),),
        stages=house.sized(quantity, house.stage(stage, "watching")),
        capital=10**12,
    )
    days = panel.sessions[1:]
    desk.play(panel, days=days)
    wanted = asked_of(desk, stage.seen)
    known = rules(house, panel, house.instance(buyer))
    courses = dict(zip(wanted, follow(known, list(wanted.values()), days, {}), strict=True))
    trades = {trade.signal_id: trade for trade in desk.kept(TradeRecord)}
    sharing = who_shared_a_day(desk)
    for signal_id, course in courses.items():
        trade = trades.get(signal_id)
        if signal_id in sharing:
            continue
        if course.fate is Fate.CLOSED:
            assert trade is not None
            assert (course.r_multiple, course.net_profit, course.code, course.last) == (
                trade.r_multiple,
                trade.net_profit,
                trade.exit_code,
                trade.closed_on,
            )
        elif course.fate in (Fate.NOT_FILLED, Fate.DATA_ENDED):
            assert trade is None
    assert len(trades) <= len(courses)
