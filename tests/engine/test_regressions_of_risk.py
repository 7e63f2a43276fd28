"""The risk lines of the list of regressions, and line 15 of its orders, each by its number, on a whole engine.

Faults that predecessors had and that must never come back. Where a line is about one stage alone, or about every stage, its
boundaries are tested there: 6, 7 and 8 in `test_engine_default_stages`, the ladder and the switch beside their plugins.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

import kats_risk_daily_kill_switch
import kats_risk_drawdown_protocol
from kats_core.engine.memory import decode, encode
from kats_core.engine.pipeline import StageInstance
from kats_core.market.calendar import krx_calendar
from kats_core.market.costs import Costs
from kats_core.market.exact import to_fraction
from kats_core.model import time
from kats_core.model.codes import CoreCode
from kats_core.model.command import Cancel, Notify, Persist, Send
from kats_core.model.event import (
    FlattenOrdered,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderLost,
    OrderNotFound,
    OrderNotSent,
    OrderRefused,
    TimePassed,
)
from kats_core.model.kinds import OrderState, Side, Style, TradingState
from kats_core.model.order import Order
from kats_core.model.record import SignalRecord, SignalStatus, TradeRecord, VerdictRecord
from kats_core.model.scope import ALL
from kats_core.model.signal import NotYet, Target, TargetKind, TimeExit, TimeExitKind, Trail, TrailMethod
from kats_core.model.verdict import Proposal, Verdict, approve, reject
from kats_core.risk.contract import EquityMarked, Flatten, StageContext, StageEvent
from kats_core.risk.limits import Limits
from kats_core.strategy.params import StrategyParams

if TYPE_CHECKING:
    from conftest import Desk, House

OTHER = "000660"
PRICE = 25_450
PAID = 25_500
"""What a buy at 25 450 pays on minute bars: a tick more."""

STAGES = (kats_risk_daily_kill_switch, kats_risk_drawdown_protocol)
CODES = tuple(enum for module in STAGES for enum in module.kats_register_risk_stages().codes)
KILLED = "daily-kill-switch:KILL_SWITCH"
UNARMED = "daily-kill-switch:KILL_SWITCH_UNARMED"
ORANGE = "drawdown-protocol:DRAWDOWN_ORANGE"


def built(module: Any, **params: Any) -> StageInstance:
    """Return a published stage, newly built."""
    plugin = module.kats_register_risk_stages()
    return StageInstance(plugin.name, plugin.name, plugin.build(plugin.params(**params)), plugin.traits)


def switch() -> StageInstance:
    return built(kats_risk_daily_kill_switch)


def ladder() -> StageInstance:
    return built(kats_risk_drawdown_protocol)


def both(house: type[House], *symbols: str) -> dict[str, Any]:
    """Return the bases of symbols whose setups wait."""
    return {"base": dict.fromkeys((house.SYMBOL, *symbols), 25_400)}


def verdict(desk: Desk, symbol: str) -> str | None:
    """Return what became of the last signal in a symbol: the code that refused it, None where it was ordered."""
    last = [record for record in desk.kept(SignalRecord) if record.symbol == symbol][-1]
    assert last.status in (SignalStatus.ORDERED, SignalStatus.REJECTED)
    return last.code


def morning_after(house: type[House], quantity: int, equity: int = 50_000_000) -> Desk:
    """A desk that holds shares bought at 25 500 in the session before, and whose day began with a round equity."""
    bought = quantity * PAID
    commission = Costs(to_fraction(Limits().commission)).commission_on(bought)
    desk = house.Desk(stages=house.sized(quantity, switch()), capital=equity + commission, codes=CODES)
    desk.begin(house.setup()).minute("09:30", PRICE).minute("09:31", PRICE).minute("09:32", PAID)
    assert desk.bought == [(PAID, quantity)]
    desk.next_session(house.setup(symbol=OTHER, session=krx_calendar().shift(desk.session, 1)), **both(house, OTHER))
    assert desk.engine.equity_day == equity
    size: Any = desk.stages[0].stage
    size.quantity = 100
    return desk


class TestFive:
    """Kill switch."""

    @pytest.mark.parametrize(
        ("quantity", "price", "code"),
        [
            pytest.param(1_150, 24_200, None, id="-2.99 %"),
            pytest.param(1_200, 24_250, KILLED, id="-3.00 %"),
        ],
    )
    def test_5_three_percent_trips_and_a_hundredth_less_does_not(
        self, house: type[House], quantity: int, price: int, code: str | None
    ) -> None:
        """Of the equity at the day's start, exactly."""
        desk = morning_after(house, quantity)
        desk.minute("10:00", price)
        desk.minute("10:01", PRICE, symbol=OTHER)
        assert verdict(desk, OTHER) == code

    def test_5_it_acts_in_the_step_of_the_loss(self, house: type[House]) -> None:
        """Live entries are taken back, the account is reducing and people are told before anything else can happen."""
        desk = morning_after(house, 1_200)
        desk.minute("10:00", PRICE, symbol=OTHER)
        (entry,) = [order for order in desk.engine.live_orders if order.side is Side.BUY]

        commands = desk.handle(desk.bar_event("10:01", (24_250,) * 4, 1_000_000))

        assert Cancel(desk.at("10:02"), entry.order_id) in commands
        assert KILLED in [command.code for command in commands if isinstance(command, Notify)]
        assert desk.engine.trading_state is TradingState.REDUCING

    def test_5_it_survives_a_restart(self, house: type[House]) -> None:
        """What was lost and won back meanwhile does not lift it; the next session does, restarts or not."""
        desk = morning_after(house, 1_200)
        desk.minute("10:00", 24_250).restart(*house.sized(100, switch()))
        assert desk.engine.trading_state is TradingState.REDUCING

        desk.minute("10:01", PAID).minute("10:02", PRICE, symbol=OTHER)
        assert desk.engine.equity == 50_000_000
        assert verdict(desk, OTHER) == KILLED

        desk.close().restart(*house.sized(100, switch()))
        desk.session = krx_calendar().shift(desk.session, 1)
        desk.begin(house.setup(symbol=OTHER, session=desk.session), **both(house, OTHER))
        desk.minute("10:00", PRICE, symbol=OTHER)
        assert verdict(desk, OTHER) is None

    def test_5_without_a_starting_capital_it_refuses(self, house: type[House]) -> None:
        """No loss can be measured from nothing."""
        desk = house.Desk(stages=house.sized(100, switch()), capital=0).begin(house.setup())
        desk.minute("09:30", PRICE)
        assert verdict(desk, house.SYMBOL) == UNARMED


class TestEight:
    """Exits are never blocked, sized or counted by entry stages."""

    @pytest.mark.parametrize("how", ["stop", "clock", "operator", "emergency"])
    @pytest.mark.parametrize("is_restarted", [False, True])
    def test_8_every_kind_of_exit_sells_all_whatever_the_stages_say(
        self, house: type[House], how: str, *, is_restarted: bool
    ) -> None:
        """Also when every stage refuses, every stage is parked, and the account is reducing."""
        turned: list[bool] = []

        def hearing(event: StageEvent) -> list[Any]:
            is_emergency = how == "emergency" and isinstance(event, EquityMarked) and event.equity < 99_980_000
            return [Flatten(house.OwnCode.TIRED)] if is_emergency else []

        def answering(proposal: Proposal, _: StageContext) -> Verdict:
            return reject(house.OwnCode.NO) if turned else approve(proposal.quantity or 0)

        def stages() -> tuple[StageInstance, ...]:
            return house.sized(100, house.stage(house.Listener(answering=answering, hearing=hearing)))

        exit_at = TimeExit(TimeExitKind.CLOCK, dt.time(10, 0)) if how == "clock" else None
        buyer = house.Buyer(stop=24_500, time_exit=exit_at)
        desk = house.Desk(strategies=(house.instance(buyer),), stages=stages()).begin(house.setup())
        desk.minute("09:30", PRICE).minute("09:31", PRICE)
        turned.append(True)
        if is_restarted:
            desk.restart(*stages())
        for stage in desk.stages:
            stage.is_parked = how != "emergency"
        match how:
            case "stop":
                desk.minute("09:40", 24_500)
            case "clock":
                desk.passes("10:00")
            case "operator":
                desk.feed(FlattenOrdered(ts=desk.at("09:40"), scope=ALL, who="kim"))
            case "emergency":
                desk.minute("09:40", 25_000)
        desk.minute("10:01", 24_900)
        assert sum(quantity for _, quantity in desk.sold) == 100
        assert desk.engine.positions == ()


class TestNine:
    """Whatever is reserved is released."""

    def test_9_a_stage_that_raises_rejects_and_holds_nothing(self, house: type[House]) -> None:
        """Whatever the stages before it have let through."""

        def answering(proposal: Proposal, context: StageContext) -> Verdict:
            raise RuntimeError("no")

        stages = house.sized(100, house.stage(house.Answer(), "yes"), house.stage(house.Answer(answering=answering)))
        desk = house.Desk(stages=stages).begin(house.setup()).minute("09:30", PRICE)
        assert verdict(desk, house.SYMBOL) == str(CoreCode.STAGE_ERROR)
        assert desk.engine._state.reservations.all == ()
        assert desk.engine.cash == 100_000_000

    @pytest.mark.parametrize("path", ["refused", "not sent", "cancelled", "expired", "lost", "session", "filled"])
    @pytest.mark.parametrize("is_restarted", [False, True])
    def test_9_every_way_an_entry_ends_releases_what_it_held(
        self, house: type[House], path: str, *, is_restarted: bool
    ) -> None:
        """Reject, cancel, expiry, a request that failed, the end of the session, the close of the position."""
        desk = house.Desk().begin(house.setup())
        order = _sent(desk.handle(desk.bar_event("09:30", (PRICE,) * 4, 1_000_000)))
        at, number = desk.at("09:32"), order.order_id
        assert desk.engine._state.reservations.cash > 0
        if path not in ("refused", "not sent"):
            desk.handle(OrderAccepted(at, number, "1") if path != "lost" else OrderLost(at, number))
        if is_restarted:
            desk.restart(*house.sized())
            assert desk.engine._state.reservations.cash > 0
        match path:
            case "refused":
                desk.handle(OrderRefused(at, number, "no"))
            case "not sent":
                desk.handle(OrderNotSent(at, number, "no connection"))
            case "cancelled":
                desk.handle(OrderFilled(at, number, PRICE, 40))
                desk.handle(OrderCancelled(at, number))
            case "expired":
                desk.handle(OrderExpired(at, number))
            case "lost":
                assert desk.engine._state.reservations.cash > 0
                desk.handle(OrderNotFound(at, number))
            case "session":
                desk.next_session(base=25_400)
            case "filled":
                desk.handle(OrderFilled(at, number, PRICE, 100))
        assert desk.engine._state.reservations.all == ()
        assert desk.engine.live_orders == ()

    def test_9_one_symbol_a_hundred_times(self, house: type[House]) -> None:
        """Nothing is left behind, also over a restart every tenth day: the last trade has the room of the first."""
        buyer = house.Buyer(cap=0, stop=95, time_exit=TimeExit(TimeExitKind.CLOCK, dt.time(10, 0)))
        desk = house.Desk(strategies=(house.instance(buyer),), stages=house.sized(100, switch()))
        desk.begin(house.setup())
        for day in range(100):
            desk.minute("09:30", PRICE).minute("09:31", PRICE).passes("10:00").minute("10:00", 25_500)
            assert desk.engine.positions == ()
            if day % 10 == 9:
                desk.restart(*house.sized(100, switch()))
            desk.next_session(house.setup(session=krx_calendar().shift(desk.session, 1)))
        trades = desk.kept(TradeRecord)
        assert len(trades) == 100
        assert desk.engine._state.reservations.all == ()
        assert desk.engine.cash == 100_000_000 + sum(trade.net_profit for trade in trades)


class TestTen:
    """What caps look at."""

    def test_10_positions_carry_grade_sector_and_value_over_night_and_restart(self, house: type[House]) -> None:
        """The daily reset forgets none of them."""
        seen: list[tuple[str, str, str, int, int | None]] = []

        def answering(proposal: Proposal, context: StageContext) -> Verdict:
            seen.extend(
                (p.symbol, p.grade, p.sector, p.quantity, context.last_price(p.symbol)) for p in context.positions
            )
            return approve(proposal.quantity or 0)

        def stages() -> tuple[StageInstance, ...]:
            return house.sized(100, house.stage(house.Answer(answering=answering)))

        desk = house.Desk(stages=stages()).begin(house.setup(), **both(house))
        desk.minute("09:30", PRICE).minute("09:31", PRICE)
        for night, symbol in enumerate((OTHER, "000270")):
            session = krx_calendar().shift(desk.session, 1)
            facts = {"grade": "A", "sector": "elsewhere"}
            desk.next_session(house.setup(symbol=symbol, session=session), facts=facts, **both(house, OTHER, "000270"))
            desk.restart(*stages()).minute("09:30", 24_000).minute("09:31", PRICE, symbol=symbol)
            assert seen[0] == (house.SYMBOL, "B", "test", 100, 24_000)
            assert seen[1:] == [(OTHER, "A", "elsewhere", 100, PRICE)] * night
            seen.clear()
            desk.minute("09:32", PRICE, symbol=symbol)


class TestEleven:
    """A ladder level that was entered can be left."""

    def test_11_sixty_days_after_a_month_halt_trading_is_possible_again(self, house: type[House]) -> None:
        """ORANGE ends with its month, though the process is restarted each night; not a day earlier."""
        buyer = house.Buyer(cap=0, stop=93)
        desk = house.Desk(
            strategies=(house.instance(buyer, style=Style.SWING),),
            stages=house.sized(1_800, ladder()),
            capital=50_000_000,
            codes=CODES,
        )
        desk.begin(house.setup())
        desk.minute("09:30", PRICE).minute("09:31", PRICE).minute("09:32", 23_600).minute("09:33", 23_500)
        (trade,) = desk.kept(TradeRecord)
        assert trade.net_profit < -0.06 * 50_000_000
        first, codes = desk.session, {}
        while (desk.session - first).days < 60:
            desk.close().restart(*house.sized(400, ladder()))
            desk.session = krx_calendar().shift(desk.session, 1)
            desk.begin(house.setup(session=desk.session)).minute("09:30", PRICE)
            codes[desk.session] = verdict(desk, house.SYMBOL)
            if codes[desk.session] is None:
                break
        *refused, allowed = codes
        assert {codes[session] for session in refused} == {ORANGE}
        assert {session.month for session in refused} == {first.month}
        assert allowed == krx_calendar().sessions(dt.date(2026, 4, 1), dt.date(2026, 4, 30))[0]


class TestTwelve:
    """A signal is one signal."""

    @pytest.mark.parametrize("is_restarted", [False, True])
    def test_12_an_ordered_signal_is_not_sent_again_each_second(
        self, house: type[House], *, is_restarted: bool
    ) -> None:
        """While its order waits, when it is filled, and when the position is gone."""
        desk = house.Desk(participation=0.001).begin(house.setup()).minute("09:30", PRICE)
        if is_restarted:
            desk.restart(*house.sized())
        for second in range(0, 240, 5):
            desk.feed(TimePassed(desk.at("09:31") + second * time.SECOND))
        for minute in range(36, 50):
            desk.minute(f"09:{minute}", PRICE)
        assert [r.status for r in desk.kept(SignalRecord)] == [SignalStatus.PROPOSED, SignalStatus.ORDERED]

    @pytest.mark.parametrize("is_restarted", [False, True])
    def test_12_a_refused_signal_is_mute_for_a_minute(self, house: type[House], *, is_restarted: bool) -> None:
        """And after a restart for what is left of it."""

        def stages() -> tuple[StageInstance, ...]:
            return house.sized(100, house.stage(house.Answer(answering=lambda p, c: reject(house.OwnCode.NO))))

        desk = house.Desk(stages=stages()).begin(house.setup()).minute("09:30", PRICE)
        if is_restarted:
            desk.restart(*stages())
        first = len(desk.kept(VerdictRecord))
        event = desk.bar_event("09:30", (PRICE,) * 4, 1_000_000)
        desk.feed(msgspec.structs.replace(event, ts=event.ts + 59 * time.SECOND))
        assert len(desk.kept(VerdictRecord)) == first
        desk.minute("09:32", PRICE)
        assert len(desk.kept(VerdictRecord)) == 2 * first

    def test_12_a_slot_is_taken_by_a_fill_and_not_by_a_signal(self, house: type[House]) -> None:
        """Refused, or ended unfilled, it is free again; filled, it is not."""
        free: list[tuple[int, ...]] = []
        says: list[Any] = [reject(house.OwnCode.NO)]
        buyer = house.Buyer()

        def confirming(view: Any, setup: Any) -> Any:
            free.append(view.free_slots)
            if setup.slot == 1:
                return NotYet(house.OwnCode.LATER)
            buyer.confirming = None
            answer = buyer.confirm(view, setup)
            buyer.confirming = confirming
            return answer

        buyer.confirming = confirming
        answering = house.Answer(answering=lambda p, c: says[0] if says else approve(p.quantity or 0))
        params = StrategyParams(max_entries_per_symbol=5)
        desk = house.Desk(
            strategies=(house.instance(buyer, params=params),), stages=house.sized(100, house.stage(answering))
        )
        desk.begin(house.setup(slot=0), house.setup(slot=1)).minute("09:30", PRICE)
        assert list(free[-1]) == [0, 1]
        says.clear()
        order = _sent(desk.handle(desk.bar_event("09:40", (PRICE,) * 4, 1_000_000)))
        assert list(free[-1]) == [1]
        desk.handle(OrderAccepted(desk.at("09:42"), order.order_id, "1"))
        desk.handle(OrderExpired(desk.at("09:43"), order.order_id))
        says.append(reject(house.OwnCode.NO))
        desk.handle(desk.bar_event("09:50", (PRICE,) * 4, 1_000_000))
        assert list(free[-1]) == [0, 1]
        says.clear()
        order = _sent(desk.handle(desk.bar_event("10:00", (PRICE,) * 4, 1_000_000)))
        desk.handle(OrderAccepted(desk.at("10:02"), order.order_id, "2"))
        desk.handle(OrderFilled(desk.at("10:02"), order.order_id, PRICE, 100))
        desk.handle(desk.bar_event("10:10", (PRICE,) * 4, 1_000_000))
        assert list(free[-1]) == [1]


class TestFifteen:
    """Orders, positions and stops survive a restart."""

    def test_15_a_position_goes_on_with_stop_targets_peak_and_stage(self, house: type[House]) -> None:
        """Over night and within the session; the stop sells where the raised one lies."""
        buyer = house.Buyer(
            stop=24_000,
            targets=(Target(TargetKind.FRACTION, 0.02),),
            trail=Trail(TrailMethod.FIXED_PCT, 0.03),
        )
        desk = house.Desk(strategies=(house.instance(buyer),)).begin(house.setup())
        desk.minute("09:30", PRICE).minute("09:31", PRICE).minute("09:32", 26_000).minute("09:33", 27_000)
        (before,) = desk.engine.positions
        assert before.stop > PRICE
        assert (before.reached, before.peak) == (1, 27_000)

        desk.restart(*house.sized())
        assert list(desk.engine.positions) == [before]
        desk.close().restart(*house.sized())
        desk.session = krx_calendar().shift(desk.session, 1)
        desk.begin(base=27_000)
        assert list(desk.engine.positions) == [before]

        desk.minute("09:30", before.stop)
        assert not desk.engine.positions
        (trade,) = desk.kept(TradeRecord)
        assert trade.exit_code == str(before.stop_code)

    def test_15_live_orders_go_on(self, house: type[House]) -> None:
        """Entry and exit, with what was filled of them, and the wish to take one back."""
        desk = house.Desk().begin(house.setup(), house.setup(symbol=OTHER), **both(house, OTHER))
        first = _sent(desk.handle(desk.bar_event("09:30", (PRICE,) * 4, 1_000_000)))
        desk.handle(OrderAccepted(desk.at("09:32"), first.order_id, "1"))
        desk.handle(OrderFilled(desk.at("09:32"), first.order_id, PRICE, 100))
        second = _sent(desk.handle(desk.bar_event("09:33", (PRICE,) * 4, 1_000_000, symbol=OTHER)))
        desk.handle(OrderAccepted(desk.at("09:34"), second.order_id, "2"))
        desk.handle(OrderFilled(desk.at("09:34"), second.order_id, PRICE, 40))
        selling = _sent(desk.handle(desk.bar_event("09:35", (23_400,) * 4, 1_000_000)))
        live = desk.engine.live_orders
        assert [(o.side, o.remaining) for o in live] == [(Side.BUY, 60), (Side.SELL, 100)]

        desk.restart(*house.sized())
        assert desk.engine.live_orders == live
        desk.handle(OrderAccepted(desk.at("09:37"), selling.order_id, "3"))
        desk.handle(OrderFilled(desk.at("09:37"), selling.order_id, 23_400, 100))
        desk.handle(OrderFilled(desk.at("09:37"), second.order_id, PRICE, 60))
        assert desk.engine.live_orders == ()
        assert [(p.symbol, p.quantity) for p in desk.engine.positions] == [(OTHER, 100)]

    def test_15_an_order_that_was_being_sent_is_unknown_after_a_restart(self, house: type[House]) -> None:
        """It is not sent again, its reservation is kept, and nothing is bought in its symbol until the broker has told."""
        desk = house.Desk().begin(house.setup())
        order = _sent(desk.handle(desk.bar_event("09:30", (PRICE,) * 4, 1_000_000)))
        assert [o.state for o in desk.engine.live_orders] == [OrderState.SUBMITTING]

        desk.restart(*house.sized())
        commands = desk.handle(OrderLost(desk.at("09:32"), order.order_id))
        commands += desk.handle(desk.bar_event("09:40", (PRICE,) * 4, 1_000_000))

        assert not any(isinstance(command, Send) for command in commands)
        assert [o.state for o in desk.engine.live_orders] == [OrderState.UNKNOWN]
        assert desk.engine._state.reservations.cash > 0

    def test_15_no_start_with_a_held_position_and_no_stop(self, house: type[House]) -> None:
        """Whoever has tampered with it, or lost it."""
        desk = house.Desk().begin(house.setup()).minute("09:30", PRICE).minute("09:31", PRICE)
        memory = desk.engine.dump()
        (position,) = memory.portfolio.positions
        for changed in (position | {"stop": 0}, {name: v for name, v in position.items() if name != "stop"}):
            portfolio = msgspec.structs.replace(memory.portfolio, positions=(changed,))
            stored = encode(msgspec.structs.replace(memory, portfolio=portfolio))
            with pytest.raises(ValueError, match="stop"):
                house.Desk().engine.load(decode(stored))


def _sent(commands: list[Any]) -> Order:
    """Return the one order that is sent."""
    (order,) = [command.order for command in commands if isinstance(command, Send)]
    assert any(isinstance(command, Persist) for command in commands)
    assert isinstance(order, Order)
    return order
