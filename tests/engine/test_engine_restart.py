"""What an engine remembers is whole, or it is refused: nothing starts from an account that contradicts itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec import structs

from kats_core.engine.engine import Engine
from kats_core.engine.leaving import DemandMemory, _Demand
from kats_core.engine.memory import Memory, SessionMemory, SymbolMemory, decode, encode
from kats_core.engine.portfolio import Portfolio, PortfolioMemory
from kats_core.engine.state import SetupMemory, SetupState, State, SymbolDay
from kats_core.engine.trading import TradingStates
from kats_core.model.codes import CoreCode
from kats_core.model.command import Persist, Send
from kats_core.model.kinds import Side
from kats_core.model.record import FaultRecord, OrderRecord, TradeRecord, VerdictRecord
from kats_core.model.verdict import Proposal, Verdict, approve
from kats_core.risk.contract import StageContext

if TYPE_CHECKING:
    from conftest import Desk, House


def holding(house: type[House], **changes: Any) -> Desk:
    """A desk that holds 100 shares with a stop at 23 500."""
    desk = house.Desk(**changes).begin(house.setup())
    desk.minute("09:30", 25_450).minute("09:31", 25_450)
    assert [position.quantity for position in desk.engine.positions] == [100]
    return desk


def restarted(house: type[House], memory: Memory, trades: Sequence[TradeRecord] = (), **changes: Any) -> Engine:
    """Return a new engine that has taken up what another one remembered, by way of the stored form."""
    engine: Engine = house.Desk(**changes).engine
    engine.load(decode(encode(memory)), trades)
    return engine


@dataclass(slots=True)
class Counter:
    """A stage that counts what it lets through, and keeps the count as it is told."""

    keeping: Callable[[int], Mapping[str, Any]] = lambda count: {"count": count}
    taking: Callable[[Mapping[str, Any]], int] = lambda state: state["count"]
    count: int = 7
    trades: list[TradeRecord] = field(default_factory=list)

    def check(self, proposal: Proposal, context: StageContext) -> Verdict:
        return approve(proposal.quantity or 0, detail={"count": self.count})

    def dump(self) -> Mapping[str, Any]:
        return self.keeping(self.count)

    def load(self, state: Mapping[str, Any], trades: Sequence[TradeRecord]) -> None:
        self.count = self.taking(state)
        self.trades += trades


def refusal(engine: Engine, desk: Desk) -> str | None:
    """Let a signal come up on a restarted engine; return the code of the stage's refusal."""
    event = desk.bar_event("09:40", (25_450,) * 4, 1_000_000)
    records = [c.record for c in engine.handle(event) if isinstance(c, Persist)]
    return next(r.code for r in records if isinstance(r, VerdictRecord) and r.stage == "counter")


def faults(engine: Engine, desk: Desk) -> list[str]:
    commands = engine.handle(desk.bar_event("09:41", (25_450,) * 4, 1_000_000))
    return [c.record.text for c in commands if isinstance(c, Persist) and isinstance(c.record, FaultRecord)]


def test_an_engine_that_was_never_used_is_remembered_too(house: type[House]) -> None:
    """The first start of an account is a restart of nothing."""
    memory = house.Desk().engine.dump()

    engine = restarted(house, memory)

    assert engine.dump() == memory
    assert engine.session is None
    assert engine.cash == 100_000_000


def test_only_a_new_engine_takes_up_a_memory(house: type[House]) -> None:
    """Two pasts cannot be told apart again."""
    desk = holding(house)

    with pytest.raises(ValueError, match="only a new one"):
        desk.engine.load(desk.engine.dump())


def test_another_format_is_not_read(house: type[House]) -> None:
    """A newer KATS may have kept what this one would lose."""
    stored = encode(holding(house).engine.dump())

    with pytest.raises(ValueError, match="stored in format 2; this program reads format 1"):
        decode(stored.replace(b'"v":1', b'"v":2'))


@pytest.mark.parametrize("cut", [0, 40, -1])
def test_half_of_it_is_not_read(house: type[House], cut: int) -> None:
    """Whatever is missing might be a position."""
    with pytest.raises(ValueError, match="damaged"):
        decode(encode(holding(house).engine.dump())[:cut])


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"stop": 0}, "100 shares held with a stop at 0"),
        ({"quantity": 0}, "0 shares held"),
        ({"quantity": "many"}, "position in 005930"),
        ({"instance": "sold-out"}, "100 shares of 005930 are held by sold-out, which is not configured"),
        ({"symbol": "000660"}, "nobody knows its last price"),
        ({"stop_code": "acme:GONE"}, "nothing that is configured has the code acme:GONE"),
    ],
)
def test_a_position_that_nobody_can_look_after_is_refused(
    house: type[House], changed: dict[str, Any], says: str
) -> None:
    """No start with a position that has no stop, no strategy, no price."""
    memory = holding(house).engine.dump()
    (position,) = memory.portfolio.positions
    (key, ledger), *_ = memory.portfolio.ledgers
    ledgers = ((("sold-out", *key[1:]) if "instance" in changed else key, ledger),)
    portfolio = msgspec.structs.replace(memory.portfolio, positions=(position | changed,), ledgers=ledgers)

    with pytest.raises(ValueError, match=says):
        restarted(house, msgspec.structs.replace(memory, portfolio=portfolio))


def test_cash_that_the_fills_do_not_explain_is_refused(house: type[House]) -> None:
    """A won too much is somebody's error, and nobody trades on it."""
    memory = holding(house).engine.dump()
    portfolio = msgspec.structs.replace(memory.portfolio, cash=memory.portfolio.cash + 1)

    with pytest.raises(ValueError, match="but the fills say"):
        restarted(house, msgspec.structs.replace(memory, portfolio=portfolio))


def test_a_stage_gets_its_state_and_the_closed_trades(house: type[House]) -> None:
    """By its instance's name, whatever stands beside it now."""
    desk = house.Desk(stages=house.sized(100, house.stage(Counter(count=41), "counter"))).begin(house.setup())
    desk.minute("09:30", 25_450).minute("09:31", 25_450).minute("09:32", 23_000)
    trades = [r for r in desk.records if isinstance(r, TradeRecord)]
    assert len(trades) == 1

    late = Counter()
    restarted(house, desk.engine.dump(), trades, stages=house.sized(100, house.stage(late, "counter")))

    assert (late.count, late.trades) == (41, trades)


@pytest.mark.parametrize(
    "broken",
    [
        Counter(keeping=lambda count: {"count": float("nan")}),
        Counter(keeping=lambda count: {"count": object()}),
        Counter(keeping=lambda count: {"count": 1 / 0}),
        Counter(keeping=lambda count: 5),  # type: ignore[arg-type, return-value]
    ],
)
def test_a_stage_that_cannot_keep_its_state_refuses_from_then_on(house: type[House], broken: Counter) -> None:
    """What it does not know after a restart it must not have known before: it is parked at once, and people are told."""
    desk = house.Desk(stages=house.sized(100, house.stage(broken, "counter"))).begin(house.setup())

    desk.engine.dump()

    assert refusal(desk.engine, desk) == str(CoreCode.STAGE_ERROR)
    engine = restarted(house, desk.engine.dump(), stages=house.sized(100, house.stage(Counter(), "counter")))
    assert [stage.is_parked for stage in engine.stages] == [False, True]


def test_a_stage_that_cannot_take_its_state_refuses(house: type[House]) -> None:
    """One that does not know what it knew before must not approve anything."""
    desk = house.Desk(stages=house.sized(100, house.stage(Counter(), "counter"))).begin(house.setup())
    forgetful = Counter(taking=lambda state: state["total"])

    engine = restarted(house, desk.engine.dump(), stages=house.sized(100, house.stage(forgetful, "counter")))

    assert refusal(engine, desk) == str(CoreCode.STAGE_ERROR)
    fresh = restarted(house, desk.engine.dump(), stages=house.sized(100, house.stage(forgetful, "counter")))
    assert faults(fresh, desk) == ["state not restored: KeyError: 'total'"]


def test_a_new_stage_begins_in_the_middle_of_the_session(house: type[House]) -> None:
    """It has no past; the others go on."""
    desk = holding(house)

    engine = restarted(house, desk.engine.dump(), stages=house.sized(100, house.stage(Counter(), "counter")))

    assert not any(stage.is_parked for stage in engine.stages)


def test_the_next_order_gets_the_next_number(house: type[House]) -> None:
    """Numbers name orders at the broker: none is given twice."""
    desk = holding(house)
    engine = restarted(house, desk.engine.dump())

    commands = engine.handle(desk.bar_event("09:40", (23_400,) * 4, 1_000_000))

    (sent,) = [c.order for c in commands if isinstance(c, Send)]
    bought = [r.number for r in desk.records if isinstance(r, OrderRecord)]
    assert (sent.side, sent.quantity) == (Side.SELL, 100)
    assert sent.order_id == max(bought) + 1


FROM_ELSEWHERE: dict[type, set[str]] = {
    SymbolDay: {"instrument", "base", "ticks", "limits", "tax_rate", "tail", "atr", "setups"},
    SetupState: {"instance"},
    State: {"config", "costs", "run", "hours", "prepared_at", "has_books", "indices", "days", "out"},
    Portfolio: {"costs", "changes", "touched", "_value", "_all", "_held", "_owed"},
    TradingStates: {"_lowered", "_ordered"},
}
"""What is built anew from the configuration, from the session's `prepared` event or from what is kept beside it, or is kept
under another name."""


@pytest.mark.parametrize(
    ("remembers", "kept"),
    [
        (SymbolDay, (SymbolMemory,)),
        (SetupState, (SetupMemory,)),
        (State, (SessionMemory, Memory)),
        (Portfolio, (PortfolioMemory,)),
        (TradingStates, ()),
        (_Demand, (DemandMemory,)),
    ],
)
def test_whatever_else_is_remembered_is_kept(remembers: type, kept: tuple[type[msgspec.Struct], ...]) -> None:
    """A new field must be kept too, or be named above with what it comes from."""
    names = {"trading": "holds", "symbol": "symbols"}
    known = {name for one in kept for name in one.__struct_fields__} | FROM_ELSEWHERE.get(remembers, set())
    of = structs.fields if issubclass(remembers, msgspec.Struct) else dataclasses.fields
    fields = {one.name for one in of(remembers)}
    assert {
        name for name in fields if names.get(name, name.removeprefix("_")) not in known and name not in known
    } == set()
