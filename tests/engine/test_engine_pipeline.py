"""The risk pipeline inside the engine: fail closed, never enlarge, and a trail that explains every decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kats_core.model import fact, time
from kats_core.model.command import Cancel, Send
from kats_core.model.event import OrderAccepted
from kats_core.model.kinds import Decision, Purpose, Side, Style, TradingState
from kats_core.model.record import FaultRecord, OrderRecord, SignalRecord, TradeRecord, VerdictRecord
from kats_core.model.verdict import Proposal, Verdict, approve, defer, reject, resize
from kats_core.model.wire import decode_record, encode_record
from kats_core.risk.contract import (
    CancelEntries,
    EquityMarked,
    Flatten,
    Phase,
    SessionBegan,
    SetState,
    StageContext,
    StageEvent,
    TradeClosed,
)
from kats_risk_daily_kill_switch import Params as KillParams
from kats_risk_daily_kill_switch.stage import DailyKillSwitch

if TYPE_CHECKING:
    from conftest import Desk, House

Answering = Callable[[Proposal, StageContext], Any]


def after_one_bar(house: type[House], answering: Answering, quantity: int = 100) -> Desk:
    """A desk whose proposal has passed size, the stage in question, and one more."""
    one, behind = house.stage(house.Answer(answering), "one"), house.stage(house.Answer(), "behind")
    desk = house.Desk(stages=house.sized(quantity, one, behind)).begin(house.setup())
    return desk.minute("09:30", 25_450)


def least(proposal: Proposal) -> int:
    return proposal.quantity or 0


def raising(error: Exception) -> Answering:
    def answering(proposal: Proposal, context: StageContext) -> Any:
        raise error

    return answering


NOTHING: Any = None
HALF: Any = 50.0
NOT_A_NUMBER: Any = float("nan")
NONSENSE: dict[str, tuple[Answering, str]] = {
    "raises": (raising(RuntimeError("lost")), "STAGE_ERROR"),
    "raises KeyError": (raising(KeyError("equity")), "STAGE_ERROR"),
    "None": (lambda p, c: None, "STAGE_ERROR"),
    "a bool": (lambda p, c: True, "STAGE_ERROR"),
    "a number": (lambda p, c: 100, "STAGE_ERROR"),
    "the proposal": (lambda p, c: p, "STAGE_ERROR"),
    "a bool for a quantity": (lambda p, c: Verdict(Decision.RESIZE, True), "STAGE_ERROR"),
    "a float for a quantity": (lambda p, c: Verdict(Decision.RESIZE, HALF), "STAGE_ERROR"),
    "not a number": (lambda p, c: Verdict(Decision.APPROVE, NOT_A_NUMBER), "STAGE_ERROR"),
    "None for a quantity": (lambda p, c: Verdict(Decision.APPROVE, NOTHING), "STAGE_ERROR"),
    "nothing": (lambda p, c: approve(0), "STAGE_ERROR"),
    "less than nothing": (lambda p, c: approve(-1), "STAGE_ERROR"),
    "larger, approved": (lambda p, c: approve(least(p) + 1), "PIPELINE_VIOLATION"),
    "larger, resized": (lambda p, c: Verdict(Decision.RESIZE, least(p) + 1), "PIPELINE_VIOLATION"),
    "smaller, approved": (lambda p, c: approve(least(p) - 1), "STAGE_ERROR"),
    "the same, resized": (lambda p, c: Verdict(Decision.RESIZE, least(p)), "STAGE_ERROR"),
    "a reject without a code": (lambda p, c: Verdict(Decision.REJECT, 0), "STAGE_ERROR"),
    "a defer without an instant": (lambda p, c: Verdict(Decision.DEFER, 0, None), "STAGE_ERROR"),
    "skipped": (lambda p, c: Verdict(Decision.SKIPPED, least(p)), "STAGE_ERROR"),
    "no decision": (lambda p, c: Verdict(NOTHING, least(p) - 1), "STAGE_ERROR"),
    "a detail that is not a number": (lambda p, c: approve(least(p), detail={"d": float("nan")}), "STAGE_ERROR"),
}


@pytest.mark.parametrize(("answering", "code"), NONSENSE.values(), ids=NONSENSE.keys())
def test_a_stage_that_fails_or_answers_nonsense_refuses(house: type[House], answering: Answering, code: str) -> None:
    """Fail closed: the signal is rejected with the core's code, people are told, the stage behind is not reached."""
    desk = after_one_bar(house, answering)
    assert [v.decision for v in desk.kept(VerdictRecord)] == [Decision.APPROVE, Decision.REJECT, Decision.SKIPPED]
    assert desk.kept(VerdictRecord)[1].code == f"core:{code}"
    assert desk.kept(SignalRecord)[-1].code == f"core:{code}"
    assert [(fault.owner, fault.code) for fault in desk.kept(FaultRecord)] == [("one", f"core:{code}")]
    assert [notice.code for notice in desk.notices] == [f"core:{code}"]
    assert desk.kept(OrderRecord) == []
    assert [decode_record(encode_record(record)) for record in desk.records] == desk.records


@pytest.mark.parametrize("word", ["reject", "defer"])
def test_a_decision_that_is_only_a_word_is_not_taken_for_an_approval(house: type[House], word: Any) -> None:
    """A stage that writes Verdict("reject", quantity, code) has not approved."""
    desk = after_one_bar(house, lambda p, c: Verdict(word, p.quantity or 0, house.OwnCode.NO, {}, c.now))
    assert desk.kept(OrderRecord) == []


@pytest.mark.parametrize("detail", [None, 5, [("a", 1)]])
def test_a_detail_that_is_no_mapping_is_the_stage_s_fault(house: type[House], detail: Any) -> None:
    """Nonsense inside a verdict ends in a refusal as well."""
    desk = after_one_bar(house, lambda p, c: Verdict(Decision.APPROVE, p.quantity or 0, None, detail))
    assert desk.kept(SignalRecord)[-1].code == "core:STAGE_ERROR"


def test_the_order_has_the_quantity_that_leaves_the_last_stage(house: type[House]) -> None:
    """A resize shrinks for all that come behind."""
    desk = after_one_bar(house, lambda p, c: resize(40, house.OwnCode.NO))
    assert [(v.quantity_before, v.quantity_after) for v in desk.kept(VerdictRecord)] == [
        (None, 100),
        (100, 40),
        (40, 40),
        (40, 40),
    ]
    assert desk.kept(OrderRecord)[0].quantity == 40
    assert desk.kept(VerdictRecord)[-1].stage == "core"


def test_a_reject_ends_the_way_and_names_its_owner(house: type[House]) -> None:
    """The code is `owner:CODE`; what was not reached is recorded as skipped, with nothing read."""
    desk = after_one_bar(house, lambda p, c: reject(house.OwnCode.NO, {"found": 3}))
    _, verdict, behind = desk.kept(VerdictRecord)
    assert (verdict.code, verdict.detail) == ("buyer:NO", {"found": 3})
    assert (behind.decision, behind.facts, behind.quantity_before) == (Decision.SKIPPED, (), None)


def test_a_deferred_proposal_holds_nothing_and_is_judged_anew_from_its_instant_on(house: type[House]) -> None:
    """DEFER: no reservation; when the conditions hold again after `until`, a new signal runs through all stages."""
    answers = ["defer", "approve"]

    def answering(proposal: Proposal, context: StageContext) -> Verdict:
        if answers.pop(0) == "defer":
            return defer(house.OwnCode.LATER, context.now + 2 * time.MINUTE)
        return approve(proposal.quantity or 0)

    desk = after_one_bar(house, answering)
    assert (desk.kept(SignalRecord)[-1].status, desk.kept(SignalRecord)[-1].code) == ("DEFERRED", "buyer:LATER")
    assert desk.kept(VerdictRecord)[1].until == desk.at("09:33")
    assert desk.engine._state.reservations.all == ()
    desk.minute("09:31", 25_450)
    assert len(answers) == 1
    desk.minute("09:32", 25_450)
    assert desk.kept(SignalRecord)[-1].status == "ORDERED"
    assert desk.kept(SignalRecord)[-1].sequence == 2


def test_the_trail_notes_by_itself_what_a_stage_read(house: type[House]) -> None:
    """Facts with their source, missing ones included, and the limits; per stage, nothing of the stage before."""

    def answering(proposal: Proposal, context: StageContext) -> Verdict:
        context.fact(fact.REGIME)
        context.fact("short_interest")
        assert context.limits.min_order_krw == 300_000
        return approve(proposal.quantity or 0)

    desk = after_one_bar(house, answering)
    size, one, behind, _ = desk.kept(VerdictRecord)
    assert [(f.name, f.source) for f in one.facts] == [("regime", "assumed"), ("short_interest", "missing")]
    assert one.limits == {"min_order_krw": 300_000}
    assert (size.facts, behind.facts, behind.limits) == ((), (), {})


def test_a_stage_is_not_asked_about_what_does_not_concern_it(house: type[House]) -> None:
    """`applies_to`."""
    manual = house.stage(house.Answer(raising(RuntimeError("asked"))), "manual", applies_to=frozenset({Purpose.MANUAL}))
    desk = house.Desk(stages=house.sized(100, manual)).begin(house.setup()).minute("09:30", 25_450)
    assert [v.stage for v in desk.kept(VerdictRecord)] == ["size", "core"]
    assert len(desk.kept(OrderRecord)) == 1


def test_every_verdict_has_a_place_of_its_own(house: type[House]) -> None:
    """Sorted by position, the trail is the way the proposal went, also where a stage does not apply."""
    manual = house.stage(house.Answer(), "manual", applies_to=frozenset({Purpose.MANUAL}))
    stages = house.sized(100, manual, house.stage(house.Answer(), "yes"))
    desk = house.Desk(stages=stages).begin(house.setup()).minute("09:30", 25_450)
    positions = [verdict.position for verdict in desk.kept(VerdictRecord)]
    assert positions == sorted(set(positions))


@pytest.mark.parametrize("behind", [(), ("yes",)])
def test_without_a_size_nothing_is_bought(house: type[House], behind: tuple[str, ...]) -> None:
    """An empty pipeline and one without a sizing stage refuse."""
    stages = tuple(house.stage(house.Answer(), name) for name in behind)
    nothing = house.stage(house.Answer(), "none", applies_to=frozenset({Purpose.MANUAL}))
    desk = house.Desk(stages=stages or (nothing,)).begin(house.setup()).minute("09:30", 25_450)
    assert desk.kept(SignalRecord)[-1].code == "core:STAGE_ERROR"
    assert desk.kept(OrderRecord) == []


@given(answers=st.lists(st.integers(-5, 130), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_no_order_of_stages_ever_enlarges(house: type[House], answers: list[int]) -> None:
    """Whatever the stages answer and in whatever order, quantities only fall, and a larger one refuses."""

    def stage_of(quantity: int) -> Answering:
        return lambda p, c: Verdict(Decision.APPROVE if quantity == p.quantity else Decision.RESIZE, quantity)

    stages = [house.stage(house.Answer(stage_of(q)), f"stage {n}") for n, q in enumerate(answers)]
    desk = house.Desk(stages=house.sized(100, *stages)).begin(house.setup()).minute("09:30", 25_450)
    passed = [v.quantity_after for v in desk.kept(VerdictRecord) if v.quantity_after is not None]
    assert passed == sorted(passed, reverse=True)
    ordered = [order.quantity for order in desk.kept(OrderRecord)]
    decreasing = all(1 <= b <= a for a, b in zip([100, *answers], answers, strict=False))
    same = any(b == a for a, b in zip([100, *answers], answers, strict=False))
    assert ordered == ([answers[-1]] if decreasing else []) or same


def test_an_event_that_a_stage_cannot_take_parks_it(house: type[House]) -> None:
    """A stage that fails to keep its state approves nothing any more, and nobody else suffers."""

    def hearing(event: StageEvent) -> Sequence[Any]:
        if isinstance(event, SessionBegan):
            raise RuntimeError("state lost")  # noqa: TRY004  # any exception would do
        return ()

    other = house.Listener()
    listener = house.stage(house.Listener(hearing=hearing), "listener")
    desk = house.Desk(stages=house.sized(100, listener, house.stage(other, "other"))).begin(house.setup())
    assert listener.is_parked
    assert [(f.owner, f.code) for f in desk.kept(FaultRecord)] == [("listener", "core:STAGE_ERROR")]
    desk.minute("09:30", 25_450)
    assert desk.kept(VerdictRecord)[1].detail == {"parked": "yes"}
    assert desk.kept(OrderRecord) == []


@pytest.mark.parametrize("actions", [None, 5, ["flatten"], [Flatten]])
def test_actions_that_are_none_park_the_stage_as_well(house: type[House], actions: Any) -> None:
    """A listener that forgets to return, or returns what is no action, has failed to keep its state."""
    listener = house.stage(house.Listener(hearing=lambda event: actions), "listener")
    house.Desk(stages=house.sized(100, listener)).begin(house.setup())
    assert listener.is_parked


def heard_by(house: type[House], stop: int, quantity: int) -> tuple[Desk, list[StageEvent]]:
    """A desk that holds shares since 09:31, and what its stage has heard."""
    heard: list[StageEvent] = []

    def hearing(event: StageEvent) -> Sequence[Any]:
        heard.append(event)
        return ()

    stages = house.sized(quantity, house.stage(house.Listener(hearing=hearing)))
    desk = house.Desk(strategies=(house.instance(house.Buyer(stop=stop)),), stages=stages).begin(house.setup())
    assert [type(event) for event in heard] == [SessionBegan, EquityMarked]
    return desk.minute("09:30", 25_450).minute("09:31", 25_450), heard


def test_stages_hear_of_every_new_equity_and_of_closed_trades(house: type[House]) -> None:
    """EquityMarked at a bar's open and close whenever the equity changed, TradeClosed when a position is flat."""
    desk, heard = heard_by(house, 24_500, 100)
    desk.minute("09:32", 25_300, 25_400, 25_200, 25_400).minute("09:33", 24_400)
    paid = 100_000_000 - 2_550_000 - 382
    equities = [event.equity for event in heard if isinstance(event, EquityMarked)]
    assert equities == [100_000_000, *(paid + 100 * price for price in (25_450, 25_300, 25_400, 24_400))]
    closed = [event.trade for event in heard if isinstance(event, TradeClosed)]
    assert closed == desk.kept(TradeRecord)
    assert closed[0].net_profit == -110_000 - 382 - 366 - 4_880


def test_shares_that_a_stop_sold_inside_a_bar_are_not_valued_at_its_close(house: type[House]) -> None:
    """Sold at 24 950, whatever the bar does then: no stage may hear of a loss that the account did not make."""
    desk, heard = heard_by(house, 25_000, 1_000)
    desk.minute("09:32", 25_450, 25_450, 23_000, 23_000)
    assert desk.sold == [(24_950, 1_000)]
    lowest = min(event.equity for event in heard if isinstance(event, EquityMarked))
    assert lowest >= desk.engine.equity


def test_an_action_can_lower_the_trading_state_but_never_raise_it(house: type[House]) -> None:
    """REDUCING refuses entries at the gate until the next session; ACTIVE from a stage changes nothing."""
    states = iter([TradingState.REDUCING, TradingState.ACTIVE])
    listener = house.Listener(hearing=lambda event: [SetState(next(states, TradingState.ACTIVE), house.OwnCode.NO)])
    desk = house.Desk(stages=house.sized(100, house.stage(listener))).begin(house.setup()).minute("09:30", 25_450)
    assert desk.engine.trading_state is TradingState.REDUCING
    assert desk.kept(SignalRecord)[-1].code == "core:REDUCING"
    listener.hearing = lambda event: ()
    assert desk.next_session().engine.trading_state is TradingState.ACTIVE


def losing(house: type[House], quantity: int) -> Desk:
    """A desk that holds `quantity` bought at 25 500 with its kill switch at 3 and 5 percent of 100 million."""
    switch = house.stage(DailyKillSwitch(KillParams()), "daily-kill-switch")
    strategies = (house.instance(house.Buyer(stop=23_000)), house.instance(name="second"))
    desk = house.Desk(strategies=strategies, stages=house.sized(quantity, switch))
    desk.begin(
        house.setup(), house.setup(instance="second", symbol="000660"), base={house.SYMBOL: 25_400, "000660": 25_400}
    )
    return desk.minute("09:30", 25_450).minute("09:31", 25_450)


def test_the_kill_switch_ends_buying_in_the_step_in_which_the_loss_is_seen(house: type[House]) -> None:
    """-3 % at a bar's close: live entries are cancelled, entries are refused, people are told, what is held keeps its stop."""
    desk = losing(house, 1_900).minute("09:31", 25_450, symbol="000660")
    assert [order.symbol for order in desk.engine.live_orders] == ["000660"]
    desk.minute("09:32", 23_950, 24_000, 23_900, 23_900)
    assert desk.engine.equity == 100_000_000 - 7_267 - 3_040_000
    assert desk.engine.trading_state is TradingState.REDUCING
    assert not desk.engine.live_orders
    assert [notice.code for notice in desk.notices] == ["daily-kill-switch:KILL_SWITCH"]
    assert desk.sold == []
    desk.minute("09:33", 22_900)
    assert desk.sold[0][1] == 1_900


def test_one_won_less_than_the_limit_does_not_trip_the_kill_switch(house: type[House]) -> None:
    """Compared exactly: a loss of 2 999 999 of 100 million buys on."""
    desk = losing(house, 2_986)  # 2 986 * 1 000 + 11 421 is 2 997 421
    desk.minute("09:32", 24_500)
    assert desk.engine.trading_state is TradingState.ACTIVE


def test_at_five_percent_day_strategies_sell_once(house: type[House]) -> None:
    """KILL_FLATTEN sells at the next bar's open less a tick; swing strategies keep their positions."""
    desk = losing(house, 3_000).minute("09:32", 23_800)
    assert desk.engine.positions
    desk.minute("09:33", 23_900)
    assert desk.sold == [(23_850, 3_000)]
    assert desk.kept(TradeRecord)[0].exit_code == "core:KILL_FLATTEN"

    switch = house.stage(DailyKillSwitch(KillParams()), "daily-kill-switch")
    swing = house.instance(house.Buyer(stop=23_000), style=Style.SWING)
    desk = house.Desk(strategies=(swing,), stages=house.sized(3_000, switch)).begin(house.setup())
    desk.minute("09:30", 25_450).minute("09:31", 25_450).minute("09:32", 23_800).minute("09:33", 23_900)
    assert desk.sold == []


def test_the_kill_switch_begins_anew_with_the_session(house: type[House]) -> None:
    """E_day is the equity of 08:50; yesterday's loss does not stop today."""
    desk = losing(house, 3_000).minute("09:32", 24_500).check()
    desk.next_session(base={house.SYMBOL: 24_500, "000660": 25_400})
    assert desk.engine.equity_day == desk.engine.equity == 96_988_525
    assert desk.engine.trading_state is TradingState.ACTIVE


def test_cancel_entries_reaches_an_entry_that_is_still_on_its_way(house: type[House]) -> None:
    """A trade closes while another entry is being sent: no entry may be left working afterwards."""

    def hearing(event: StageEvent) -> Sequence[Any]:
        return [CancelEntries(house.OwnCode.NO)] if isinstance(event, TradeClosed) else ()

    pair = (house.instance(house.Buyer(stop=24_500), "first"), house.instance(house.Buyer(cap=25_000), "second"))
    desk = house.Desk(strategies=pair, stages=house.sized(100, house.stage(house.Listener(hearing=hearing))))
    desk.begin(house.setup(instance="first"), house.setup(24_450, instance="second", numbers={"level": 24_450}))
    pair[1].params = pair[1].params.model_copy(update={"enabled": False})
    desk.minute("09:30", 25_450).minute("09:31", 25_450)
    pair[1].params = pair[1].params.model_copy(update={"enabled": True})
    desk.minute("09:32", 24_450, 24_500, 24_400, 24_450)
    assert desk.kept(TradeRecord)
    assert [order for order in desk.engine.live_orders if order.side is Side.BUY] == []


def test_a_flatten_and_a_stop_in_one_bar_sell_once(house: type[House]) -> None:
    """At most one live sell for a position: two reasons do not sell the shares twice."""
    desk = losing(house, 3_000).minute("09:32", 22_900, 23_000, 22_800, 22_850).minute("09:33", 22_850)
    assert sum(quantity for _, quantity in desk.sold) == 3_000


def test_a_flatten_does_not_delay_a_stop(house: type[House]) -> None:
    """O <= stop sells at O, also when the gap is so large that the kill switch flattens in the same bar."""
    desk = losing(house, 3_000).minute("09:32", 22_900, 23_000, 22_800, 22_850)
    assert desk.sold == [(22_900, 3_000)]


def test_a_flatten_at_the_open_of_a_daily_bar_does_not_wait_for_its_close(house: type[House]) -> None:
    """The loss is seen at the open and the sale is at the market: what the day does then is not the account's."""
    switch = house.stage(DailyKillSwitch(KillParams()), "daily-kill-switch")
    desk = house.Desk(strategies=(house.instance(house.Buyer(stop=23_000)),), stages=house.sized(3_000, switch)).begin(
        house.setup()
    )
    desk.day(25_000, 25_600, 24_800, 25_400).check().next_session(base=25_400)
    desk.day(23_500, 26_000, 23_400, 25_900).check()
    assert [price for price, _ in desk.sold] in ([23_500], [23_450])


def test_an_exit_is_not_asked_of_any_stage(house: type[House]) -> None:
    """Exits never pass entry stages: one that refuses everything after the entry cannot hold a stop back."""
    answers = [True]
    one = house.Answer(lambda p, c: approve(p.quantity or 0) if answers.pop() else reject(house.OwnCode.NO))
    desk = house.Desk(
        strategies=(house.instance(house.Buyer(stop=24_500)),), stages=house.sized(100, house.stage(one, "one"))
    ).begin(house.setup())
    desk.minute("09:30", 25_450).minute("09:31", 25_450).minute("09:32", 24_400)
    assert desk.sold == [(24_400, 100)]
    assert len(one.seen) == 1


def test_a_phase_of_size_may_only_choose_the_quantity(house: type[House]) -> None:
    """The sizing stage starts from no quantity; its plan travels with the proposal."""
    seen = house.Answer()
    desk = house.Desk(stages=house.sized(100, house.stage(seen, "seen"))).begin(house.setup()).minute("09:30", 25_450)
    assert seen.seen[0].quantity == 100
    assert seen.seen[0].plan is not None
    assert desk.stages[0].traits.phase is Phase.SIZE


def test_orders_leave_only_behind_the_records_that_explain_them(house: type[House]) -> None:
    """Persist comes before the Send it belongs to: verdicts, order and step are kept first."""
    desk = house.Desk().begin(house.setup())
    commands = desk.handle(desk.bar_event("09:30", (25_450,) * 4, 1_000))
    names = [type(getattr(command, "record", command)).__name__ for command in commands]
    sent = names.index("Send")
    assert names[:sent] == ["SignalRecord", *["VerdictRecord"] * 3, "OrderRecord", "OrderEventRecord"]
    order = next(command.order for command in commands if isinstance(command, Send))
    assert not any(isinstance(c, Cancel) for c in desk.handle(OrderAccepted(desk.at("09:31"), order.order_id, "1")))
