"""What people order while the engine runs: halt, sell all, resume, each for everything, a strategy or a symbol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.engine.trading import TradingStates
from kats_core.model.codes import CoreCode
from kats_core.model.command import Cancel, Fetch, Persist, Send
from kats_core.model.event import (
    Fetched,
    FlattenOrdered,
    OrderAccepted,
    OrderFilled,
    OrderNotSent,
    ResumeOrdered,
    StateOrdered,
)
from kats_core.model.kinds import Severity, TradingState
from kats_core.model.record import OperatorRecord, OperatorVerb, OrderRecord, SignalRecord
from kats_core.model.scope import ALL, TradingScope
from kats_core.model.signal import Exit, Target, TargetKind
from kats_core.risk.contract import Flatten, ResumeAsked, SetState, StageEvent

if TYPE_CHECKING:
    from conftest import Desk, House

OTHER = "000660"
HALTED, REDUCING, ACTIVE = TradingState.HALTED, TradingState.REDUCING, TradingState.ACTIVE


def halt(desk: Desk, clock: str, scope: TradingScope = ALL, state: TradingState = HALTED) -> Desk:
    desk.feed(StateOrdered(ts=desk.at(clock), scope=scope, state=state, who="kim", reason="점검"))
    return desk


def flatten(desk: Desk, clock: str, scope: TradingScope = ALL) -> Desk:
    desk.feed(FlattenOrdered(ts=desk.at(clock), scope=scope, who="kim"))
    return desk


def resume(desk: Desk, clock: str, scope: TradingScope = ALL, cause: str = "") -> Desk:
    desk.feed(ResumeOrdered(ts=desk.at(clock), scope=scope, who="kim", cause=cause))
    return desk


def two(house: type[House], **changes: Any) -> Desk:
    """A desk of two strategies, each with a setup in a symbol of its own."""
    first, second = house.instance(house.Buyer(stop=24_500), "first", **changes), house.instance(name="second")
    desk = house.Desk(strategies=(first, second))
    setups = house.setup(instance="first"), house.setup(instance="second", symbol=OTHER)
    return desk.begin(*setups, base={house.SYMBOL: 25_400, OTHER: 25_400})


def holding(house: type[House]) -> Desk:
    """A desk on which the first strategy holds 100 shares with a stop at 24 500."""
    desk = two(house).minute("09:30", 25_450).minute("09:31", 25_450)
    assert [quantity for _, quantity in desk.bought] == [100]
    return desk


def alarms(desk: Desk) -> list[int]:
    """The instants of the alarms that an exit waits for a halt to end."""
    return [n.ts for n in desk.notices if n.code == str(CoreCode.EXIT_HALTED)]


SCOPES = [ALL, TradingScope.instance("first"), TradingScope.symbol("005930")]


@pytest.mark.parametrize("state", [HALTED, REDUCING])
@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_what_is_stopped_buys_nothing_and_the_rest_goes_on(
    house: type[House], scope: TradingScope, state: TradingState
) -> None:
    """No signal is asked for, and the setup says why; other strategies and symbols go on unless everything is stopped."""
    desk = halt(two(house), "09:30", scope, state)
    desk.minute("09:30", 25_450).minute("09:30", 25_450, symbol=OTHER)
    ends = {setup.instance.name: (setup.asked, setup.code) for setup in desk.engine.setups}
    stopped = (0, CoreCode[state.value])
    assert ends == {"first": stopped, "second": stopped if scope == ALL else (1, None)}


@pytest.mark.parametrize("state", [HALTED, REDUCING])
def test_a_proposal_that_waits_for_an_input_meets_the_order_gate(house: type[House], state: TradingState) -> None:
    """It was signalled before the halt; nothing of it is sent."""
    stages = (*house.sized(100), house.stage(house.Answer(), "asks", needs=("orderable_cash",)))
    desk = house.Desk(stages=stages).begin(house.setup())
    [fetch] = [c for c in desk.handle(desk.bar_event("09:30", (25_450,) * 4, 1_000_000)) if isinstance(c, Fetch)]
    desk.handle(StateOrdered(ts=desk.at("09:31"), scope=ALL, state=state, who="kim"))
    commands = desk.handle(Fetched(desk.at("09:31"), fetch.request, ()))
    ends = [c.record.code for c in commands if isinstance(c, Persist) and isinstance(c.record, SignalRecord)]
    assert ends == [f"core:{state.value}"]
    assert not [c for c in commands if isinstance(c, Send)]


@pytest.mark.parametrize("state", [HALTED, REDUCING])
@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_an_entry_that_waits_to_leave_is_not_wanted_any_more(
    house: type[House], scope: TradingScope, state: TradingState
) -> None:
    """FI-19: it passed the gate before the halt, and a broker beyond a wire asks once more when its turn has come."""
    desk = two(house)
    [send] = [c for c in desk.handle(desk.bar_event("09:30", (25_450,) * 4, 1_000_000)) if isinstance(c, Send)]
    order_id = send.order.order_id
    assert desk.engine.wants(order_id)
    desk.handle(StateOrdered(ts=desk.at("09:31"), scope=TradingScope.instance("second"), state=state, who="kim"))
    assert desk.engine.wants(order_id)
    desk.handle(StateOrdered(ts=desk.at("09:31"), scope=scope, state=state, who="kim"))
    assert not desk.engine.wants(order_id)


@pytest.mark.parametrize(("state", "is_wanted"), [(HALTED, False), (REDUCING, True)])
def test_an_exit_that_waits_to_leave_is_kept_back_by_a_halt_only(
    house: type[House], state: TradingState, is_wanted: bool
) -> None:
    """FI-19: as the gate would decide now. What the operator sells leaves all the same."""
    desk = holding(house)
    [send] = [c for c in desk.handle(desk.bar_event("09:32", (24_400,) * 4, 1_000_000)) if isinstance(c, Send)]
    desk.handle(StateOrdered(ts=desk.at("09:33"), scope=ALL, state=state, who="kim"))
    assert desk.engine.wants(send.order.order_id) == is_wanted
    desk.handle(OrderNotSent(desk.at("09:33"), send.order.order_id, "taken back"))
    sold = desk.handle(FlattenOrdered(ts=desk.at("09:34"), scope=ALL, who="kim"))
    assert [desk.engine.wants(c.order.order_id) for c in sold if isinstance(c, Send)] == [True]


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_live_entries_of_the_scope_are_taken_back(house: type[House], scope: TradingScope) -> None:
    """What has not been bought yet shall not be; live exits work on."""
    desk = two(house).minute("09:30", 25_450).minute("09:30", 25_450, symbol=OTHER)
    assert len(desk.engine.live_orders) == 2
    halt(desk, "09:31", scope)
    assert [order.instance for order in desk.engine.live_orders] == ([] if scope == ALL else ["second"])


def test_a_stop_that_fires_in_a_halt_alarms_every_minute_and_goes_out_when_it_ends(house: type[House]) -> None:
    """Never silently dropped, whatever the price does meanwhile."""
    desk = halt(holding(house), "09:32")
    desk.minute("09:32", 24_400).passes("09:33").minute("09:33", 24_900).passes("09:34").minute("09:34", 24_900)
    assert alarms(desk) == [desk.at("09:33"), desk.at("09:34"), desk.at("09:35")]
    assert {n.severity for n in desk.notices if n.code == str(CoreCode.EXIT_HALTED)} == {Severity.CRITICAL}
    assert desk.sold == []
    resume(desk, "09:35").minute("09:35", 24_800)
    assert desk.sold == [(24_750, 100)]
    assert desk.kept(OrderRecord)[-1].reason == "core:STOP"


def test_a_halt_waits_for_the_next_session_too(house: type[House]) -> None:
    """It is a person's order: a new day does not take it back, and the stop that waits is still one."""
    desk = halt(holding(house), "09:32").minute("09:32", 24_400)
    desk.next_session(base={house.SYMBOL: 24_400, OTHER: 25_400})
    assert desk.engine.trading_state is HALTED
    desk.minute("09:00", 24_400)
    assert alarms(desk)[-2:] == [desk.at("09:00"), desk.at("09:01")]
    resume(desk, "09:01").minute("09:01", 24_400)
    assert [quantity for _, quantity in desk.sold] == [100]


def test_a_target_that_is_reached_in_a_halt_stays_where_it_is(house: type[House]) -> None:
    """Nothing is sold at it; after the halt it is reached again."""
    buyer = house.Buyer(stop=24_500, targets=(Target(TargetKind.ABSOLUTE, 26_000),))
    desk = house.Desk(strategies=(house.instance(buyer),)).begin(house.setup())
    halt(desk.minute("09:30", 25_450).minute("09:31", 25_450), "09:32")
    desk.minute("09:32", 26_100)
    assert (desk.sold, [p.targets for p in desk.engine.positions]) == ([], [((26_000, 33),)])
    resume(desk, "09:33").minute("09:33", 26_100)
    assert desk.sold == [(26_100, 33)]


@pytest.mark.parametrize("is_halted", [False, True])
def test_the_operator_sells_also_in_a_halt(house: type[House], is_halted: bool) -> None:
    """`flatten` is the one order that passes HALTED; its reason is MANUAL."""
    desk = holding(house)
    if is_halted:
        halt(desk, "09:32")
    flatten(desk, "09:32").minute("09:32", 25_300)
    assert [quantity for _, quantity in desk.sold] == [100]
    assert desk.kept(OrderRecord)[-1].reason == "core:MANUAL"


def test_a_stop_that_waits_in_a_halt_is_sold_by_the_operator(house: type[House]) -> None:
    """The demand that stands gives way to the person's."""
    desk = halt(holding(house), "09:32").minute("09:32", 24_400)
    flatten(desk, "09:33").minute("09:33", 24_400)
    assert [quantity for _, quantity in desk.sold] == [100]


@pytest.mark.parametrize("scope", [TradingScope.instance("second"), TradingScope.symbol(OTHER)], ids=str)
def test_only_the_scope_is_sold(house: type[House], scope: TradingScope) -> None:
    """What another strategy holds in another symbol stays."""
    desk = flatten(holding(house), "09:32", scope).minute("09:32", 25_300)
    assert desk.sold == []


def test_what_was_sold_is_not_bought_back_before_a_person_resumes(house: type[House]) -> None:
    """Selling all stops buying in the scope; a halt that stood before stays one."""
    desk = flatten(two(house), "09:30").minute("09:30", 25_450)
    assert desk.engine.setups[0].code is CoreCode.REDUCING
    assert [hold.state for hold in desk.engine.trading_states] == [REDUCING]
    resume(desk, "09:32").minute("09:32", 25_450)
    assert len(desk.engine.live_orders) == 1
    assert [h.state for h in flatten(halt(two(house), "09:30"), "09:30").engine.trading_states] == [HALTED]


def test_what_an_entry_buys_while_it_is_taken_back_is_sold_too(house: type[House]) -> None:
    """The broker filled before it heard of the cancel; in a halt as well."""
    desk = house.Desk().begin(house.setup())
    [send] = [c for c in desk.handle(desk.bar_event("09:30", (25_450,) * 4, 1_000_000)) if isinstance(c, Send)]
    now = desk.at("09:31")
    desk.handle(OrderAccepted(now, send.order.order_id, "1"))
    desk.handle(StateOrdered(ts=now, scope=TradingScope.symbol(OTHER), state=HALTED, who="kim"))
    asked = desk.handle(FlattenOrdered(ts=now, scope=ALL, who="kim"))
    assert [c.order_id for c in asked if isinstance(c, Cancel)] == [send.order.order_id]
    sales = [c.order for c in desk.handle(OrderFilled(now, send.order.order_id, 25_450, 60)) if isinstance(c, Send)]
    assert [(o.quantity, o.reason) for o in sales] == [(60, "core:MANUAL")]


def test_each_order_is_taken_back_by_its_own_scope(house: type[House]) -> None:
    """Resuming everything does not lift what was ordered for a symbol."""
    desk = halt(halt(two(house), "09:30"), "09:30", TradingScope.symbol("005930"))
    resume(desk, "09:31")
    assert [(h.scope, h.state) for h in desk.engine.trading_states] == [(TradingScope.symbol("005930"), HALTED)]
    resume(desk, "09:32", TradingScope.symbol("005930"))
    assert desk.engine.trading_states == ()


def test_neither_a_person_nor_a_stage_lifts_the_other_s_state(house: type[House]) -> None:
    """Of both the worse holds; the stage's ends with the session, the person's with a person."""
    listener = house.Listener(hearing=lambda event: [SetState(REDUCING, house.OwnCode.NO)])
    desk = house.Desk(stages=house.sized(100, house.stage(listener))).begin(house.setup())
    assert desk.engine.trading_state is REDUCING
    halt(desk, "09:30")
    assert desk.engine.trading_state is HALTED
    listener.hearing = lambda event: ()
    resume(desk, "09:31")
    assert [(h.state, h.by, h.is_ordered) for h in desk.engine.trading_states] == [(REDUCING, "stage", False)]
    halt(desk, "09:32", state=REDUCING)
    assert desk.next_session().engine.trading_state is REDUCING
    assert [h.by for h in desk.engine.trading_states] == ["kim"]


def test_a_cause_asks_the_stages(house: type[House]) -> None:
    """The way out of the ladder's halts; without a cause the stages hear nothing."""
    heard: list[Any] = []

    def hear(event: StageEvent) -> tuple[()]:
        heard.append(event)
        return ()

    listener = house.Listener(hearing=hear)
    desk = house.Desk(stages=house.sized(100, house.stage(listener))).begin()
    resume(desk, "09:30")
    resume(desk, "09:31", cause="MARKET")
    assert [event.cause for event in heard if isinstance(event, ResumeAsked)] == ["MARKET"]


def test_every_order_is_kept_with_who_and_why(house: type[House]) -> None:
    """One record each, whether it changed anything or not."""
    desk = resume(flatten(halt(two(house), "09:30"), "09:31", TradingScope.instance("first")), "09:32", cause="SYSTEM")
    kept = desk.kept(OperatorRecord)
    assert [(r.verb, r.instance, r.symbol, r.who) for r in kept] == [
        (OperatorVerb.HALT, "", "", "kim"),
        (OperatorVerb.FLATTEN, "first", "", "kim"),
        (OperatorVerb.RESUME, "", "", "kim"),
    ]
    assert (kept[0].reason, kept[2].cause) == ("점검", "SYSTEM")


def test_a_guest_cannot_give_the_operator_s_reason(house: type[House]) -> None:
    """A strategy or a stage that sells as MANUAL would pass a halt: it is a fault."""
    listener = house.Listener(hearing=lambda event: [Flatten(CoreCode.MANUAL)])
    desk = house.Desk(stages=house.sized(100, house.stage(listener))).begin()
    assert [n.code for n in desk.notices if n.severity is Severity.CRITICAL] == ["core:STAGE_ERROR"]
    manager = house.Manager(managing=lambda view, position: Exit(CoreCode.MANUAL))
    desk = house.Desk(strategies=(house.instance(manager, manage_every_min=1),)).begin(house.setup())
    desk.minute("09:30", 25_450).minute("09:31", 25_450).minute("09:32", 25_450).minute("09:33", 25_450)
    assert desk.sold == []
    assert "core:STRATEGY_ERROR" in [n.code for n in desk.notices]


scopes = st.sampled_from([ALL, *(TradingScope.instance(n) for n in "ab"), *(TradingScope.symbol(n) for n in "xy")])


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["lower", "order", "resume", "begin"]), scopes, st.sampled_from([REDUCING, HALTED]))
    )
)
def test_the_worst_state_of_all_scopes_holds(steps: list[tuple[str, TradingScope, TradingState]]) -> None:
    """Whatever the order in which states are lowered, ordered and taken back."""
    states, ordered = TradingStates(), {}
    lowered: dict[TradingScope, TradingState] = {}
    rank = {ACTIVE: 0, REDUCING: 1, HALTED: 2}
    for step, scope, state in steps:
        if step == "lower":
            states.lower(scope, state, "stage", "", 0)
            lowered[scope] = max(lowered.get(scope, ACTIVE), state, key=rank.__getitem__)
        elif step == "begin":
            states.begin_session()
            lowered.clear()
        else:
            ordered[scope] = state if step == "order" else ACTIVE
            states.order(scope, ordered[scope], "kim", "", 0)
        for instance in "abc":
            for symbol in "xyz":
                found = [s for held in (lowered, ordered) for sc, s in held.items() if sc.holds(instance, symbol)]
                assert states.of(instance, symbol) is max(found, key=rank.__getitem__, default=ACTIVE)
