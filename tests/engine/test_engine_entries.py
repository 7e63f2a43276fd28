"""From a trigger to an order: the common gates, what `confirm` may answer, inputs that must be asked for, the last check."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from kats_core.model import fact, time
from kats_core.model.codes import CoreCode
from kats_core.model.command import Cancel, Fetch, Notify, Send
from kats_core.model.event import (
    CancelRefused,
    FactsChanged,
    Fetched,
    OrderAccepted,
    OrderFilled,
    OrderInDoubt,
    OrderLost,
    OrderNotFound,
    OrderRefused,
    PhaseReached,
    TimePassed,
)
from kats_core.model.fact import Fact, FactValue
from kats_core.model.kinds import FactSource, MarketPhase, Severity
from kats_core.model.record import FaultRecord, OrderRecord, SetupRecord, SetupStatus, SignalRecord, VerdictRecord
from kats_core.model.signal import ExitPlan, Never, NotYet, Signal, Target, TargetKind, TimeExit, TimeExitKind
from kats_core.model.verdict import reject
from kats_core.model.wire import decode_record, encode_record
from kats_core.orders.gate_config import GateConfig
from kats_core.risk.limits import Limits
from kats_core.strategy.params import StrategyParams

if TYPE_CHECKING:
    from conftest import Desk, House


def last_setup(desk: Desk) -> SetupRecord:
    return desk.close().kept(SetupRecord)[-1]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({fact.REGIME: "BEAR"}, CoreCode.REGIME_OFF),
        ({fact.REGIME: "UNKNOWN"}, CoreCode.REGIME_OFF),
        ({fact.REGIME: None}, CoreCode.REGIME_OFF),
        ({fact.GRADE: "C"}, CoreCode.GRADE),
        ({fact.GRADE: None}, CoreCode.GRADE),
        ({fact.STARS: 2}, CoreCode.CONFIDENCE_LOW),
        ({fact.STARS: None}, CoreCode.CONFIDENCE_LOW),
        ({fact.STARS: "five"}, CoreCode.CONFIDENCE_LOW),
        ({fact.STARS: True}, CoreCode.CONFIDENCE_LOW),
        ({fact.STATUS: "51"}, CoreCode.RESTRICTED),
        ({fact.STATUS: None}, CoreCode.RESTRICTED),
    ],
)
def test_a_gate_that_fails_or_misses_its_input_gives_its_code(
    house: type[House], facts: dict[str, FactValue], code: CoreCode
) -> None:
    """Fail closed: a missing regime, grade, number of stars or status never permits an entry, and `confirm` is not asked."""
    desk = house.Desk().begin(house.setup(), facts=facts).minute("09:30", 25_450)
    found = last_setup(desk)
    assert (found.code, found.asked, found.status) == (str(code), 0, SetupStatus.UNFIRED)


def test_a_window_begins_at_its_start_and_ends_before_its_end(house: type[House]) -> None:
    """[09:30, 14:00): the bar that ends at 09:30 may buy, the one that ends at 14:00 may not."""
    windows = ((dt.time(9, 30), dt.time(14)),)
    for start, asked in (("09:28", 0), ("09:29", 1), ("13:58", 1), ("13:59", 0)):
        desk = house.Desk(strategies=(house.instance(windows=windows),)).begin(house.setup()).minute(start, 25_450)
        assert last_setup(desk).asked == asked
        assert (last_setup(desk).code == "core:OUT_OF_WINDOW") == (asked == 0)


def test_windows_move_with_the_session(house: type[House]) -> None:
    """On the day of the university entrance exam everything is an hour later."""
    windows = ((dt.time(9, 30), dt.time(14)),)
    desk = house.Desk(strategies=(house.instance(windows=windows),), session=dt.date(2025, 11, 13))
    desk.begin(house.setup(session=desk.session)).minute("10:28", 25_450).minute("10:29", 25_450)
    assert last_setup(desk).asked == 1


def test_a_strategy_that_is_switched_off_is_not_asked(house: type[House]) -> None:
    """The operator's switch."""
    off = house.instance(params=StrategyParams(enabled=False))
    desk = house.Desk(strategies=(off,)).begin(house.setup()).minute("09:30", 25_450)
    assert last_setup(desk).code == "core:STRATEGY_OFF"


def test_a_symbol_of_its_own_facts_is_judged_by_them(house: type[House]) -> None:
    """A fact of the symbol goes before the market's."""
    desk = house.Desk().begin(house.setup(), is_open=False)
    desk.feed(FactsChanged(desk.at("08:55"), (Fact(fact.STARS, 1, 0, FactSource.FILE, house.SYMBOL),)))
    assert last_setup(desk.open().minute("09:30", 25_450)).code == "core:CONFIDENCE_LOW"


def test_a_slot_that_holds_shares_or_an_order_is_already_in(house: type[House]) -> None:
    """G6, with two entries a day allowed."""
    twice = house.instance(params=StrategyParams(max_entries_per_symbol=2))
    desk = house.Desk(strategies=(twice,)).begin(house.setup()).minute("09:30", 25_450)
    desk.minute("09:31", 25_700).minute("09:32", 25_700)
    assert desk.engine.setups[0].code is CoreCode.ALREADY_IN
    desk.minute("09:33", 25_450).minute("09:34", 25_450)
    assert desk.engine.setups[0].code is CoreCode.ALREADY_IN
    assert len(desk.kept(OrderRecord)) == 1


def test_an_idea_has_one_attempt_a_day(house: type[House]) -> None:
    """G7: after an order was sent the setup is closed for the session, whatever became of the order."""
    desk = house.Desk(strategies=(house.instance(ttl_s=60),)).begin(house.setup()).minute("09:30", 25_450)
    desk.minute("09:31", 25_700).passes("09:32").minute("09:33", 25_450)
    assert len(desk.kept(OrderRecord)) == 1
    assert desk.engine.setups[0].asked == 1


def test_a_second_entry_is_allowed_where_the_parameter_says_so(house: type[House]) -> None:
    """`max_entries_per_symbol: 2`; the third is not."""
    twice = house.instance(params=StrategyParams(max_entries_per_symbol=2), ttl_s=60)
    desk = house.Desk(strategies=(twice,)).begin(house.setup())
    for start, end in (("09:30", "09:32"), ("09:32", "09:34"), ("09:34", "09:36")):
        desk.minute(start, 25_450).minute(f"09:{int(start[3:]) + 1}", 25_700).passes(end)
    assert len(desk.kept(OrderRecord)) == 2


def test_a_symbol_that_was_stopped_out_is_left_alone_by_all_strategies_today(house: type[House]) -> None:
    """G7: a stop-loss exit of any strategy."""
    first, second = house.instance(house.Buyer(stop=24_500), "first"), house.instance(name="second")
    desk = house.Desk(strategies=(first, second))
    desk.begin(house.setup(instance="first"), house.setup(25_460, instance="second"))
    desk.minute("09:30", 25_450).minute("09:31", 25_450).minute("09:32", 24_400).minute("09:33", 25_500)
    assert [f"{s.setup.instance} {s.code}" for s in desk.engine.setups] == ["first None", "second core:STOPPED_TODAY"]
    desk.next_session(house.setup(instance="second", session=dt.date(2026, 3, 5))).minute("09:30", 25_450)
    assert desk.kept(OrderRecord)[-1].instance == "second"


@pytest.mark.parametrize(("cap", "code"), [(32_700, None), (32_750, "core:NEAR_LIMIT_UP")])
def test_an_entry_keeps_a_percent_away_from_the_upper_limit(house: type[House], cap: int, code: str | None) -> None:
    """G9 for a base of 25 400: limit <= 33 000 - rdn(254) = 32 746."""
    desk = house.Desk(strategies=(house.instance(house.Buyer(cap=cap, stop=30_000)),))
    desk.begin(house.setup(32_600)).minute("09:30", 32_700)
    assert last_setup(desk).code == code


@pytest.mark.parametrize(("stop", "code"), [(22_950, None), (22_949, "core:STOP_TOO_WIDE")])
def test_a_stop_lies_at_most_a_tenth_below_the_entry(house: type[House], stop: int, code: str | None) -> None:
    """(25 500 - 22 950) / 25 500 is exactly 0.10 and allowed."""
    desk = house.Desk(strategies=(house.instance(house.Buyer(stop=stop)),)).begin(house.setup())
    assert last_setup(desk.minute("09:30", 25_450)).code == code


def test_not_yet_may_become_a_signal(house: type[House]) -> None:
    """NotYet: the condition may still come; the code of the last answer is the setup's."""
    answers: list[Any] = [NotYet(house.OwnCode.LATER)]
    buyer = house.Buyer()
    buyer.confirming = lambda view, setup: answers.pop() if answers else buyer.signal(25_450, 25_500, 25_550, 24_500)
    desk = house.Desk(strategies=(house.instance(buyer),)).begin(house.setup()).minute("09:30", 25_450)
    assert str(desk.engine.setups[0].code) == "buyer:LATER"
    desk.minute("09:31", 25_450)
    assert len(desk.kept(OrderRecord)) == 1
    assert last_setup(desk).asked == 2


def test_never_ends_the_setup(house: type[House]) -> None:
    """Never: it is not asked again in this session."""
    buyer = house.Buyer(confirming=lambda view, setup: Never(house.OwnCode.NO))
    desk = house.Desk(strategies=(house.instance(buyer),)).begin(house.setup())
    desk.minute("09:30", 25_450).minute("09:31", 25_450)
    assert (last_setup(desk).code, last_setup(desk).asked) == ("buyer:NO", 1)


def test_confirm_is_asked_once_a_bar(house: type[House]) -> None:
    """At most once in 10 s; bars of a minute each ask once."""
    buyer = house.Buyer(cap=25_400)
    desk = house.Desk(strategies=(house.instance(buyer),)).begin(house.setup())
    desk.minute("09:30", 25_450).minute("09:31", 25_450)
    assert (last_setup(desk).asked, last_setup(desk).code) == (2, "core:CHASE")


@pytest.mark.parametrize("answer", [None, 5, "buy", ValueError("lost"), ZeroDivisionError()])
def test_a_strategy_that_fails_gives_no_signal_and_is_parked_after_three_faults(
    house: type[House], answer: Any
) -> None:
    """A guest: what it raises or what it must not answer ends in a fault, the day goes on, the third fault parks it."""

    def confirming(view: Any, setup: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    sound = house.instance(name="sound")
    desk = house.Desk(strategies=(house.instance(house.Buyer(confirming=confirming)), sound))
    desk.begin(house.setup(), house.setup(instance="sound"))
    for start in ("09:30", "09:31", "09:32", "09:33"):
        desk.minute(start, 25_450)
    codes = [fault.code for fault in desk.kept(FaultRecord)]
    assert codes == ["core:STRATEGY_ERROR"] * 3 + ["core:STRATEGY_PARKED"]
    assert desk.engine.setups[0].code is CoreCode.STRATEGY_PARKED
    assert {notice.code for notice in desk.notices} == {"core:STRATEGY_ERROR", "core:STRATEGY_PARKED"}
    assert desk.kept(OrderRecord)[0].instance == "sound"


SIGNAL: dict[str, Any] = {
    "trigger_price": 25_450,
    "reference": 25_450,
    "entry_limit": 25_500,
    "chase_cap": 25_550,
    "exits": ExitPlan(stop=24_500),
    "position_hint": 0.1,
}
NOT_A_NUMBER: Any = float("nan")
BAD_SIGNALS: dict[str, dict[str, Any]] = {
    "numbers that are not numbers": {"numbers": {"atr": NOT_A_NUMBER}},
    "a limit that is not a number": {"entry_limit": NOT_A_NUMBER},
    "a hint that is not a number": {"position_hint": NOT_A_NUMBER},
    "a limit that is a float": {"entry_limit": 25_500.0},
    "a limit of numpy": {"entry_limit": np.int64(25_500)},
    "a reference of numpy": {"reference": np.int64(25_450)},
    "a stop that is not a number": {"exits": lambda: ExitPlan(stop=NOT_A_NUMBER)},
    "a target that is not a number": {
        "exits": lambda: ExitPlan(stop=24_500, targets=(Target(TargetKind.R, NOT_A_NUMBER),))
    },
}


@pytest.mark.parametrize("changes", [pytest.param(changes, id=name) for name, changes in BAD_SIGNALS.items()])
def test_a_signal_that_is_nonsense_is_the_strategy_s_fault_and_nobody_else_s(
    house: type[House], changes: dict[str, Any]
) -> None:
    """Whatever a guest puts into a signal, the engine goes on, buys nothing of it, and its log can be read back."""

    def confirming(view: Any, setup: Any) -> Signal:
        return Signal(**(SIGNAL | {name: value() if callable(value) else value for name, value in changes.items()}))

    desk = house.Desk(strategies=(house.instance(house.Buyer(confirming=confirming)),)).begin(house.setup())
    desk.minute("09:30", 25_450).minute("09:31", 25_450).check().close()
    assert desk.bought == []
    assert desk.kept(FaultRecord)[0].code == "core:STRATEGY_ERROR"
    assert [decode_record(encode_record(record)) for record in desk.records] == desk.records


@pytest.mark.parametrize(
    ("kind", "value"),
    [(TimeExitKind.CLOCK, 5), (TimeExitKind.SESSIONS, dt.time(15, 15)), (TimeExitKind.MINUTES, -1)],
)
def test_a_time_exit_that_can_never_come_is_no_time_exit(kind: TimeExitKind, value: int | dt.time) -> None:
    """A clock needs a time and a count a number of at least one; anything else might hold the position for ever."""
    with pytest.raises(ValueError, match=r"."):
        TimeExit(kind, value)


def test_a_stop_that_is_not_below_the_entry_is_refused_by_the_core(house: type[House]) -> None:
    """No stop, no signal: with any sizing stage a stop at or above the limit buys nothing (STOP_NOT_BELOW_ENTRY)."""
    desk = house.Desk(strategies=(house.instance(house.Buyer(stop=25_500)),)).begin(house.setup())
    assert desk.minute("09:30", 25_450).kept(OrderRecord) == []


def test_a_target_under_the_entry_is_refused(house: type[House]) -> None:
    """Regression 25: a target under the price is impossible by type or check."""
    buyer = house.Buyer(stop=24_500, targets=(Target(TargetKind.ABSOLUTE, 25_000),))
    desk = house.Desk(strategies=(house.instance(buyer),)).begin(house.setup())
    assert desk.minute("09:30", 25_450).kept(OrderRecord) == []


def test_the_first_failing_gate_in_the_written_order_gives_the_code(house: type[House]) -> None:
    """G7 comes before G10: stopped out and restricted since then is STOPPED_TODAY."""
    first, second = house.instance(house.Buyer(stop=24_500), "first"), house.instance(name="second")
    desk = house.Desk(strategies=(first, second))
    desk.begin(house.setup(instance="first"), house.setup(25_460, instance="second"))
    desk.minute("09:30", 25_450).minute("09:31", 25_450).minute("09:32", 24_400)
    desk.feed(FactsChanged(desk.at("09:33"), (Fact(fact.STATUS, "51", 0, FactSource.FEED, house.SYMBOL),)))
    desk.minute("09:33", 25_500)
    assert desk.engine.setups[1].code is CoreCode.STOPPED_TODAY


def waiting(house: type[House]) -> tuple[Desk, Fetch]:
    """A desk with one proposal that waits for orderable cash; nobody answers by itself."""
    cash = house.stage(house.Answer(), "cash", needs=(fact.ORDERABLE_CASH,))
    desk = house.Desk(stages=house.sized(100, cash)).begin(house.setup())
    commands = desk.handle(desk.bar_event("09:30", (25_450,) * 4, 1_000))
    (fetch,) = [command for command in commands if isinstance(command, Fetch)]
    return desk, fetch


def kept(commands: list[Any], kind: Any) -> list[Any]:
    return [c.record for c in commands if hasattr(c, "record") and isinstance(c.record, kind)]


def test_a_proposal_that_needs_an_input_asks_and_holds_nothing(house: type[House]) -> None:
    """PENDING_INPUT: the request names the inputs, the symbol and the price; no reservation, no verdict yet."""
    desk, fetch = waiting(house)
    assert (fetch.needs, fetch.symbol, fetch.price) == ((fact.ORDERABLE_CASH,), house.SYMBOL, 25_500)
    assert desk.engine._state.reservations.all == ()
    assert desk.engine.next_timer() == fetch.ts


def test_an_answer_that_does_not_come_rejects_after_two_seconds_and_mutes_nothing(house: type[House]) -> None:
    """INPUT_TIMEOUT: later than two seconds; the next bar asks again."""
    desk, fetch = waiting(house)
    assert desk.handle(TimePassed(fetch.ts + 2 * time.SECOND)) == []
    (ended,) = kept(desk.handle(TimePassed(fetch.ts + 2 * time.SECOND + 1)), SignalRecord)
    assert (ended.status, ended.code) == ("REJECTED", "core:INPUT_TIMEOUT")
    assert desk.engine._state.reservations.all == ()
    commands = desk.handle(desk.bar_event("09:31", (25_450,) * 4, 1_000))
    assert any(isinstance(command, Fetch) for command in commands)


def test_an_answer_starts_the_pipeline(house: type[House]) -> None:
    """The reply's facts are what the stages read."""
    desk, fetch = waiting(house)
    cash = Fact(fact.ORDERABLE_CASH, 50_000_000, fetch.ts, FactSource.FEED, house.SYMBOL)
    commands = desk.handle(Fetched(fetch.ts, fetch.request, (cash,)))
    assert [command.order.quantity for command in commands if isinstance(command, Send)] == [100]
    assert desk.engine.fact(fact.ORDERABLE_CASH, house.SYMBOL) == cash


def test_an_answer_that_comes_too_late_starts_nothing(house: type[House]) -> None:
    """A minute later the proposal is dead, whether or not the clock ticked in between."""
    desk, fetch = waiting(house)
    commands = desk.handle(Fetched(fetch.ts + time.MINUTE, fetch.request, ()))
    assert not any(isinstance(command, Send) for command in commands)


def test_two_answers_never_make_two_entries_of_one_slot(house: type[House]) -> None:
    """One live entry order per (instance, symbol, slot), however late and in whatever order the answers come."""
    desk, first = waiting(house)
    commands = desk.handle(desk.bar_event("09:31", (25_400, 25_450, 25_400, 25_400), 1_000))
    second = [command for command in commands if isinstance(command, Fetch)]
    at = first.ts + time.MINUTE
    sent = [c for f in (*second, first) for c in desk.handle(Fetched(at, f.request, ())) if isinstance(c, Send)]
    assert len(sent) == 1


def test_the_stages_see_cash_less_what_the_broker_does_not_know_of_yet(house: type[House]) -> None:
    """Orders that are not acknowledged are subtracted from the broker's figure; acknowledged ones it has subtracted itself."""
    cash = house.stage(house.Answer(), "cash", needs=(fact.ORDERABLE_CASH,))
    pair = (house.instance(name="first"), house.instance(name="second"))
    desk = house.Desk(strategies=pair, stages=house.sized(100, cash))
    desk.begin(house.setup(instance="first"), house.setup(instance="second"))
    commands = desk.handle(desk.bar_event("09:30", (25_450,) * 4, 1_000))
    one, two = (command for command in commands if isinstance(command, Fetch))
    answer = (Fact(fact.ORDERABLE_CASH, 50_000_000, one.ts, FactSource.FEED, house.SYMBOL),)
    (order,) = (c.order for c in desk.handle(Fetched(one.ts, one.request, answer)) if isinstance(c, Send))
    desk.handle(Fetched(one.ts, two.request, answer))
    assert desk.engine.fact(fact.ORDERABLE_CASH, house.SYMBOL).value == 50_000_000 - 2_550_000 - 382
    desk.handle(OrderAccepted(one.ts, order.order_id, "1"))


def test_a_rejected_pair_is_muted_for_a_minute(house: type[House]) -> None:
    """After a reject verdict the strategy is not asked in the symbol for 60 s."""
    no = house.stage(house.Answer(lambda proposal, context: reject(house.OwnCode.NO)), "no")
    desk = house.Desk(stages=house.sized(100, no)).begin(house.setup()).minute("09:30", 25_450)
    assert desk.engine.setups[0].quiet_until == desk.at("09:32")
    assert desk.kept(SignalRecord)[-1].code == "buyer:NO"
    desk.minute("09:31", 25_450)
    assert desk.engine.setups[0].asked == 2


@pytest.mark.parametrize("late_ns", [0, 250_000_000, 1_500_000_000])
def test_the_minute_begins_with_the_signal_however_long_the_inquiry_takes(house: type[House], late_ns: int) -> None:
    """Where the stages wait for the broker's answer the next bar asks again, as where it is there at once."""
    cash = house.stage(
        house.Answer(lambda proposal, context: reject(house.OwnCode.NO)), "cash", needs=(fact.ORDERABLE_CASH,)
    )
    desk = house.Desk(stages=house.sized(100, cash)).begin(house.setup())
    commands = desk.handle(desk.bar_event("09:30", (25_450,) * 4, 1_000))
    (fetch,) = [command for command in commands if isinstance(command, Fetch)]
    known = Fact(fact.ORDERABLE_CASH, 50_000_000, fetch.ts, FactSource.FEED, house.SYMBOL)
    (ended,) = kept(desk.handle(Fetched(fetch.ts + late_ns, fetch.request, (known,))), SignalRecord)
    assert ended.code == "buyer:NO"
    commands = desk.handle(desk.bar_event("09:31", (25_450,) * 4, 1_000))
    assert any(isinstance(command, Fetch) for command in commands)


def test_the_engine_reserves_limit_and_commission_in_the_same_step(house: type[House]) -> None:
    """Need = q * p + floor(q * p * 0.00015), released share by share with the fills."""
    desk = house.Desk(stages=house.sized(193)).begin(house.setup())
    desk.minute("09:30", 25_450)
    reservations = desk.engine._state.reservations
    assert (reservations.cash, reservations.notional) == (193 * 25_500 + 738, 193 * 25_500)
    assert desk.kept(OrderRecord)[0].reserved == 193 * 25_500 + 738
    desk.minute("09:31", 25_450, volume=2_000)
    assert (reservations.cash, reservations.all[0].quantity) == (93 * 25_500 + 355, 93)
    desk.check()
    assert reservations.all == ()


def test_an_order_of_more_than_the_free_cash_is_refused_whatever_the_stages_say(house: type[House]) -> None:
    """CASH_SHORT is the engine's own last check; it keeps a won for the rounding of commissions."""
    need = 100 * 25_500 + 382
    for capital, orders in ((need, 0), (need + 1, 1)):
        desk = house.Desk(capital=capital).begin(house.setup()).minute("09:30", 25_450)
        assert len(desk.kept(OrderRecord)) == orders
        assert desk.kept(VerdictRecord)[-1].stage == "core"
        assert desk.kept(VerdictRecord)[-1].code == (None if orders else "core:CASH_SHORT")


def test_an_order_beyond_the_account_s_exposure_is_refused(house: type[House]) -> None:
    """EXPOSURE: holdings, reservations and the order together stay under `max_exposure` of equity."""
    desk = house.Desk(limits=Limits(max_exposure=0.025)).begin(house.setup()).minute("09:30", 25_450)
    assert desk.kept(VerdictRecord)[-1].code == "core:EXPOSURE"
    assert desk.engine._state.reservations.all == ()


def test_a_setup_that_never_fired_says_why(house: type[House]) -> None:
    """NO_BREAKOUT where the level was not reached, STALE_DATA where nothing traded."""
    desk = house.Desk().begin(
        house.setup(), house.setup(symbol="000660"), base={house.SYMBOL: 25_400, "000660": 25_400}
    )
    desk.minute("09:30", 25_300).close()
    assert [record.code for record in desk.kept(SetupRecord)[-2:]] == ["core:NO_BREAKOUT", "core:STALE_DATA"]
    assert desk.kept(SetupRecord)[-2].numbers == {
        "level": 25_450,
        "day_open": 25_300,
        "day_high": 25_300,
        "day_low": 25_300,
    }


def test_a_refused_order_releases_and_closes_the_idea(house: type[House]) -> None:
    """The gate refuses an entry after its own earlier hour: the reservation is gone, the signal says why."""
    desk = house.Desk(gate=GateConfig(entry_until=dt.time(9, 20))).begin(house.setup()).minute("09:30", 25_450)
    assert desk.engine._state.reservations.all == ()
    assert desk.kept(SignalRecord)[-1].code == "core:ENTRY_WINDOW"
    assert desk.bought == []


def test_time_never_goes_backwards(house: type[House]) -> None:
    """An event before the last one is a fault of the driver."""
    desk = house.Desk().begin()
    with pytest.raises(ValueError, match="time went backwards"):
        desk.handle(TimePassed(desk.at("08:59")))


def test_a_setup_of_an_unknown_instance_or_symbol_stops_the_start(house: type[House]) -> None:
    """What is armed belongs to the run and to the session."""
    with pytest.raises(ValueError, match="not part of this run"):
        house.Desk().begin(house.setup(instance="nobody"))
    with pytest.raises(ValueError, match="not part of this run"):
        house.Desk().begin(house.setup(symbol="000660"))


def test_what_is_held_must_be_part_of_the_session(house: type[House]) -> None:
    """A position without prices is no start."""
    desk = house.Desk().begin(house.setup()).minute("09:30", 25_450).minute("09:31", 25_450).close()
    desk.session = dt.date(2026, 3, 5)
    with pytest.raises(ValueError, match="is held but not part of the session"):
        desk.begin(base={"000660": 10_000})


def test_an_entry_on_its_way_is_cancelled_as_soon_as_the_broker_knows_it(house: type[House]) -> None:
    """The end-of-day check finds an entry that the broker has not answered: it is cancelled with the acceptance."""
    desk = house.Desk().begin(house.setup())
    (order,) = (c.order for c in desk.handle(desk.bar_event("15:13", (25_450,) * 4, 1_000)) if isinstance(c, Send))
    desk.handle(PhaseReached(desk.hours.eod_check, MarketPhase.EOD_CHECK))
    commands = desk.handle(OrderAccepted(desk.hours.eod_check, order.order_id, "1"))
    assert [type(command).__name__ for command in commands if not hasattr(command, "record")] == ["Cancel"]


def test_an_exit_that_the_broker_refused_is_sent_again(house: type[House]) -> None:
    """A stop needs one trade at or below it; the coordinator goes on until the position is flat."""
    desk = house.Desk().begin(house.setup()).minute("09:30", 25_450).minute("09:31", 25_450)
    sends = [c for c in desk.handle(desk.bar_event("09:32", (23_400,) * 4, 1_000)) if isinstance(c, Send)]
    again = desk.handle(OrderRefused(desk.at("09:33"), sends[0].order.order_id, "매도가능수량 부족"))
    again += desk.handle(desk.bar_event("09:33", (25_450,) * 4, 1_000))
    assert [c.order.side for c in again if isinstance(c, Send)] == ["SELL"]


def test_a_proposal_that_waits_at_the_close_is_ended_too(house: type[House]) -> None:
    """Every signal has a last status."""
    desk, _ = waiting(house)
    commands = desk.handle(PhaseReached(desk.hours.close, MarketPhase.CLOSED))
    assert [record.status for record in kept(commands, SignalRecord)] == ["REJECTED"]


def test_a_fill_that_comes_before_the_acceptance_is_counted(house: type[House]) -> None:
    """Rule 4: fills that arrived earlier are applied; the order is filled and its reservation released."""
    desk = house.Desk().begin(house.setup())
    (order,) = (c.order for c in desk.handle(desk.bar_event("09:30", (25_450,) * 4, 1_000)) if isinstance(c, Send))
    at = desk.at("09:31")
    desk.handle(OrderFilled(at, order.order_id, 25_450, 40))
    desk.handle(OrderAccepted(at, order.order_id, "1"))
    assert desk.engine.live_orders[0].filled_quantity == 40
    desk.handle(OrderFilled(at, order.order_id, 25_450, 60))
    assert desk.engine.live_orders == ()
    assert desk.engine._state.reservations.all == ()
    assert desk.engine.positions[0].quantity == 100


def test_records_name_every_fact_that_confirm_read(house: type[House]) -> None:
    """The signal's record holds the facts with their source."""
    buyer = house.Buyer()

    def confirming(view: Any, setup: Any) -> Any:
        view.fact(fact.REGIME)
        view.fact("nobody delivers this")
        return buyer.signal(25_450, 25_500, 25_550, 24_500)

    buyer.confirming = confirming
    desk = house.Desk(strategies=(house.instance(buyer),)).begin(house.setup()).minute("09:30", 25_450)
    facts = desk.kept(SignalRecord)[0].facts
    assert [(f.name, f.source) for f in facts] == [("regime", "assumed"), ("nobody delivers this", "missing")]
    assert msgspec.json.decode(encode_record(desk.kept(SignalRecord)[0]))["facts"][0]["source"] == "assumed"


def test_what_an_entry_buys_while_it_is_taken_back_is_sold_too(house: type[House]) -> None:
    """A fill that crosses the cancel opens no position that its stop has already closed."""
    desk = house.Desk().begin(house.setup())
    (order,) = (c.order for c in desk.handle(desk.bar_event("09:30", (25_450,) * 4, 1_000)) if isinstance(c, Send))
    at = desk.at("09:31")
    desk.handle(OrderAccepted(at, order.order_id, "1"))
    desk.handle(OrderFilled(at, order.order_id, 25_450, 40))
    (sell,) = (c.order for c in desk.handle(desk.bar_event("09:31", (23_400,) * 4, 1_000)) if isinstance(c, Send))
    at = desk.at("09:32")
    desk.handle(OrderAccepted(at, sell.order_id, "2"))
    desk.handle(OrderFilled(at, sell.order_id, 23_400, 40))
    assert desk.engine.positions == ()
    late = desk.handle(OrderFilled(at, order.order_id, 25_450, 60))
    assert [(c.order.side, c.order.quantity) for c in late if isinstance(c, Send)] == [("SELL", 60)]


def test_a_lost_order_keeps_its_room_and_holds_back_purchases_until_it_is_found(house: type[House]) -> None:
    """UNKNOWN: nothing is sent again; what the broker's own list says ends it."""
    pair = (house.instance(name="first"), house.instance(name="second"))
    desk = house.Desk(strategies=pair)
    desk.begin(house.setup(instance="first"), house.setup(25_600, instance="second"))
    (order,) = (c.order for c in desk.handle(desk.bar_event("09:30", (25_450,) * 4, 1_000)) if isinstance(c, Send))
    desk.handle(OrderLost(desk.at("09:31"), order.order_id))
    reservations = desk.engine._state.reservations
    assert reservations.cash > 0
    pair[1].strategy.cap = 26_000  # type: ignore[attr-defined]
    again = desk.handle(desk.bar_event("09:32", (25_600,) * 4, 1_000))
    assert not any(isinstance(command, Send) for command in again)
    assert desk.engine.setups[1].code is CoreCode.UNKNOWN_PENDING
    desk.handle(OrderNotFound(desk.at("09:33"), order.order_id))
    assert (desk.engine.live_orders, reservations.all) == ((), ())


def test_what_becomes_of_a_lost_order_is_told(house: type[House]) -> None:
    """Which orders it may be, by the broker's numbers; and that it was never taken."""
    desk = house.Desk().begin(house.setup())
    (order,) = (c.order for c in desk.handle(desk.bar_event("09:30", (25_450,) * 4, 1_000)) if isinstance(c, Send))
    desk.handle(OrderLost(desk.at("09:31"), order.order_id))
    several = desk.handle(OrderInDoubt(desk.at("09:31"), order.order_id, ("0000085100", "0000085102")))
    (told,) = (command for command in several if isinstance(command, Notify))
    assert (told.code, told.severity) == ("core:ORDER_IN_DOUBT", Severity.CRITICAL)
    assert told.detail == {"order": order.order_id, "numbers": "0000085100, 0000085102"}
    nowhere = desk.handle(OrderNotFound(desk.at("09:32"), order.order_id))
    assert [command.code for command in nowhere if isinstance(command, Notify)] == ["core:ORDER_NOT_FOUND"]


def test_a_refused_cancel_is_asked_for_once_more_and_then_told(house: type[House]) -> None:
    """Rule 24: once more after a second, then people must know."""
    desk = house.Desk(strategies=(house.instance(ttl_s=60),)).begin(house.setup())
    (order,) = (c.order for c in desk.handle(desk.bar_event("09:30", (25_450,) * 4, 1_000)) if isinstance(c, Send))
    desk.handle(OrderAccepted(desk.at("09:31"), order.order_id, "1"))

    def cancels(clock: str) -> int:
        return sum(isinstance(command, Cancel) for command in desk.handle(TimePassed(desk.at(clock))))

    assert cancels("09:32:00") == 1
    assert desk.handle(CancelRefused(desk.at("09:32:00"), order.order_id, "no"))
    assert (cancels("09:32:00"), cancels("09:32:01")) == (0, 1)
    told = desk.handle(CancelRefused(desk.at("09:32:01"), order.order_id, "no"))
    assert [c.code for c in told if isinstance(c, Notify)] == ["core:CANCEL_REFUSED"]
    assert cancels("09:32:30") == 0
    check = desk.handle(PhaseReached(desk.hours.eod_check, MarketPhase.EOD_CHECK))
    assert sum(isinstance(command, Cancel) for command in check) == 1
