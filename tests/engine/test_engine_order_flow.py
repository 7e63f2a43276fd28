"""Loops and storms: what the engine does when a strategy repeats itself or the broker refuses again and again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

from kats_core.model import time
from kats_core.model.command import Command, Persist, Send
from kats_core.model.event import OrderRefused, ResumeOrdered, TimePassed
from kats_core.model.kinds import Side, TradingState
from kats_core.model.record import FaultRecord, OrderRecord, SignalRecord
from kats_core.model.scope import TradingScope
from kats_core.model.signal import Portion, Target, TargetKind, TimeExit, TimeExitKind
from kats_core.model.time import Nanos
from kats_core.orders.gate_config import GateConfig
from kats_core.strategy.params import StrategyParams

if TYPE_CHECKING:
    from conftest import Desk, House


def loose(**keys: Any) -> GateConfig:
    """Return a gate that lets round numbers of shares pass, with some keys tighter."""
    return GateConfig.model_construct(max_order_frac=1.0, **keys)


def refused(desk: Desk, commands: Sequence[Command], ts: Nanos) -> list[Command]:
    """Let the broker refuse every order of these commands; return what the engine does about it."""
    sent = [c.order.order_id for c in commands if isinstance(c, Send)]
    return [answer for order_id in sent for answer in desk.handle(OrderRefused(ts, order_id, "no"))]


def faults(commands: Sequence[Command]) -> list[str]:
    return [c.record.code for c in commands if isinstance(c, Persist) and isinstance(c.record, FaultRecord)]


def test_an_instance_that_repeats_itself_is_latched_off_in_all_symbols(house: type[House]) -> None:
    """REPEAT_EXEC: the order is refused, people are told once, nothing of the instance is bought any more."""
    buyer = house.Buyer(targets=(Target(TargetKind.ABSOLUTE, 25_600, Portion.ALL),))
    often = house.instance(buyer, params=StrategyParams(max_entries_per_symbol=5))
    desk = house.Desk(strategies=(often,), gate=loose(entries_a_day=2))
    desk.begin(house.setup(), house.setup(symbol="000660"), base={"005930": 25_400, "000660": 25_400})
    for start in ("09:30", "09:33", "09:36", "09:39"):
        desk.minute(start, 25_450).minute(f"09:{int(start[3:]) + 1}", 25_450).minute(f"09:{int(start[3:]) + 2}", 25_700)
    desk.minute("09:45", 25_450, symbol="000660")
    assert [o.symbol for o in desk.kept(OrderRecord) if o.reserved] == ["005930", "005930"]
    assert desk.kept(SignalRecord)[-1].symbol == "000660"
    assert desk.kept(SignalRecord)[-1].code == "core:REPEAT_EXEC"
    assert [f.code for f in desk.kept(FaultRecord)] == ["core:REPEAT_EXEC"]
    desk.feed(ResumeOrdered(ts=desk.at("09:46"), scope=TradingScope.instance("buyer"), who="kim"))
    desk.minute("09:47", 25_450, symbol="000660")
    assert desk.kept(OrderRecord)[-1].symbol == "000660"
    assert desk.kept(SignalRecord)[-1].code is None


def test_an_entry_that_waited_its_whole_life_in_vain_is_no_repetition(house: type[House]) -> None:
    """Nothing was executed: a grid bids a level again whenever its bid has run out."""
    often = house.instance(params=StrategyParams(max_entries_per_symbol=5), ttl_s=60)
    desk = house.Desk(strategies=(often,), gate=loose(entries_a_day=2)).begin(house.setup())
    for start in ("09:30", "09:33", "09:36", "09:39"):
        desk.minute(start, 25_450).minute(f"09:{int(start[3:]) + 1}", 25_700).passes(f"09:{int(start[3:]) + 2}")
    assert [order.reserved > 0 for order in desk.kept(OrderRecord)] == [True] * 4
    assert desk.kept(FaultRecord) == []


def test_five_refused_entries_rest_all_instances(house: type[House]) -> None:
    """ORDER_STORM: the sixth proposal, of another instance, is held back for half an hour."""
    symbols, names = [f"{n:06}" for n in range(7)], [f"s{n}" for n in range(7)]
    desk = house.Desk(strategies=tuple(house.instance(name=name) for name in names))
    setups = [house.setup(symbol=symbol, instance=name) for symbol, name in zip(symbols, names, strict=True)]
    desk.begin(*setups, base=dict.fromkeys(symbols, 25_400))
    told: list[Command] = []
    for symbol in symbols[:5]:
        bar = desk.bar_event("09:30", (25_450,) * 4, 1_000_000, symbol=symbol)
        told += refused(desk, desk.handle(bar), bar.ts)
    assert faults(told) == ["core:ORDER_STORM"]
    for clock, symbol, code in (("09:59", symbols[5], "core:ORDER_STORM"), ("10:00", symbols[6], None)):
        desk.minute(clock, 25_450, symbol=symbol)
        assert desk.kept(SignalRecord)[-1].code == code


def test_refusals_without_end_halt_the_account(house: type[House]) -> None:
    """REJECT_STORM: exits are sent again and again; when each is refused, somebody has to look."""
    desk = house.Desk(gate=loose(refusals_to_halt=2)).begin(house.setup()).minute("09:30", 25_450)
    commands = desk.minute("09:31", 25_450).handle(desk.bar_event("09:32", (23_400,) * 4, 1_000))
    told: list[Command] = []
    for clock in ("09:33:10", "09:33:20"):
        assert desk.engine.trading_state is TradingState.ACTIVE
        answers = refused(desk, commands, desk.at(clock))
        told += answers
        commands = answers + desk.handle(TimePassed(desk.at(clock) + 5 * time.SECOND))
    assert faults(told) == ["core:REJECT_STORM"]
    assert desk.engine.trading_state is TradingState.HALTED


@pytest.mark.parametrize(("cap_krw", "parts"), [(26_000_000, [928, 72]), (100_000_000_000, [1_000])])
def test_an_exit_larger_than_one_order_may_be_is_sent_in_parts(
    house: type[House], cap_krw: int, parts: list[int]
) -> None:
    """1,000 shares at 28,000 are 28 million won; with 26 million an order, 928 shares leave first, then the rest."""
    clock = TimeExit(TimeExitKind.CLOCK, dt.time(10, 0))
    buyer = house.instance(house.Buyer(time_exit=clock))
    desk = house.Desk(strategies=(buyer,), stages=house.sized(1_000), gate=GateConfig(max_order_krw=cap_krw))
    desk.begin(house.setup()).minute("09:30", 25_450).minute("09:31", 25_450)
    desk.minute("09:59", 28_000).minute("10:00", 28_000).minute("10:01", 28_000)
    assert [o.quantity for o in desk.kept(OrderRecord) if o.side is Side.SELL] == parts
    assert sum(quantity for _, quantity in desk.sold) == 1_000
    assert desk.kept(FaultRecord) == []
