"""List everything that can happen to the engine. Time enters the core only on these.

Events of one instant come in this order, in every run:

1. what ends then: minute bars, the prints of the opening auction;
2. the phase that the session reaches;
3. `TimePassed`;
4. what begins then: trades, messages, daily bars, which stand for the session that lies ahead.

So what the market did is judged before the clock, and the end-of-day check before every clock that runs out with it.
"""

from __future__ import annotations

import datetime as dt
from typing import TypeAlias

import msgspec

from kats_core.model.bar import Bar, Book, Trade
from kats_core.model.fact import Fact
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import MarketPhase, TradingState
from kats_core.model.order import OrderId
from kats_core.model.scope import ALL, TradingScope
from kats_core.model.setup import Scanned, Setup
from kats_core.model.time import Nanos
from kats_core.model.whole import are_whole


class DailyTail(msgspec.Struct, frozen=True, gc=False):
    """A symbol's own last daily bars, oldest first; column values are won and shares. Halted days are left out."""

    symbol: str
    sessions: tuple[dt.date, ...]
    open: tuple[int, ...]
    high: tuple[int, ...]
    low: tuple[int, ...]
    close: tuple[int, ...]
    volume: tuple[int, ...]


class IndexTail(msgspec.Struct, frozen=True, gc=False):
    """An index's last daily closes in points, oldest first."""

    name: str
    sessions: tuple[dt.date, ...]
    close: tuple[float, ...]


class SessionPrepared(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="session_prepared"):
    """A session begins (08:50): what is traded in it, yesterday's closes, the facts known by now.

    `has_books`: trades and order books are streamed, so nothing needs to be read out of bars.
    """

    ts: Nanos
    session: dt.date
    instruments: tuple[Instrument, ...] = ()
    base_prices: dict[str, int] = {}
    facts: tuple[Fact, ...] = ()
    tails: tuple[DailyTail, ...] = ()
    indices: tuple[IndexTail, ...] = ()
    has_books: bool = False


class SetupsArmed(msgspec.Struct, frozen=True, gc=False, tag="setups_armed"):
    """The strategies' setups for the session, selected and ranked."""

    ts: Nanos
    setups: tuple[Setup, ...]


class FactsChanged(msgspec.Struct, frozen=True, gc=False, tag="facts_changed"):
    """New values of inputs."""

    ts: Nanos
    facts: tuple[Fact, ...]


class PhaseReached(msgspec.Struct, frozen=True, gc=False, tag="phase_reached"):
    """The session reached one of its moments."""

    ts: Nanos
    phase: MarketPhase


class BarClosed(msgspec.Struct, frozen=True, gc=False, tag="bar_closed"):
    """A bar is complete; `ts` is its end. `scans` are what strategies that scan say of it."""

    ts: Nanos
    bar: Bar
    scans: tuple[Scanned, ...] = ()


class Traded(msgspec.Struct, frozen=True, gc=False, tag="traded"):
    """Somebody traded; delivered where the session is streamed."""

    ts: Nanos
    trade: Trade


class BookChanged(msgspec.Struct, frozen=True, gc=False, tag="book_changed"):
    """The order book of a symbol as it was at `book.ts`; it may be delivered again, later, to whoever begins to look."""

    ts: Nanos
    book: Book


class TimePassed(msgspec.Struct, frozen=True, gc=False, tag="time_passed"):
    """Nothing but time: lets orders reach the end of their life and deferred answers time out."""

    ts: Nanos


class Fetched(msgspec.Struct, frozen=True, gc=False, tag="fetched"):
    """The answer to a `Fetch`."""

    ts: Nanos
    request: int
    facts: tuple[Fact, ...]


class OrderAccepted(msgspec.Struct, frozen=True, gc=False, tag="order_accepted"):
    """The broker knows the order."""

    ts: Nanos
    order_id: OrderId
    broker_number: str


class OrderRefused(msgspec.Struct, frozen=True, gc=False, tag="order_refused"):
    """The broker refused the order; nothing of it exists."""

    ts: Nanos
    order_id: OrderId
    text: str


class OrderLost(msgspec.Struct, frozen=True, gc=False, tag="order_lost"):
    """The request got no answer that can be read: nobody knows whether the order exists."""

    ts: Nanos
    order_id: OrderId


class OrderNotSent(msgspec.Struct, frozen=True, gc=False, tag="order_not_sent"):
    """The broker could not be reached before anything of the order left: it does not exist anywhere."""

    ts: Nanos
    order_id: OrderId
    text: str


class OrderNotFound(msgspec.Struct, frozen=True, gc=False, tag="order_not_found"):
    """The broker's own list, read completely, does not have the order: it was never taken."""

    ts: Nanos
    order_id: OrderId


class OrderInDoubt(msgspec.Struct, frozen=True, gc=False, tag="order_in_doubt"):
    """A lost order may be any of several that the broker's own list has: a person decides. `numbers` are the broker's."""

    ts: Nanos
    order_id: OrderId
    numbers: tuple[str, ...]


class CancelRefused(msgspec.Struct, frozen=True, gc=False, tag="cancel_refused"):
    """The broker refused to cancel; the order works on."""

    ts: Nanos
    order_id: OrderId
    text: str


class OrderFilled(msgspec.Struct, frozen=True, gc=False, tag="order_filled"):
    """Shares changed hands at `price`."""

    ts: Nanos
    order_id: OrderId
    price: int
    quantity: int

    def __post_init__(self) -> None:
        if not (are_whole(self.price, self.quantity) and self.price > 0 and self.quantity > 0):
            raise ValueError(f"order {self.order_id}: fill of {self.quantity} shares at {self.price}")


class OrderCancelled(msgspec.Struct, frozen=True, gc=False, tag="order_cancelled"):
    """The broker confirmed that the remainder is cancelled."""

    ts: Nanos
    order_id: OrderId


class OrderExpired(msgspec.Struct, frozen=True, gc=False, tag="order_expired"):
    """The exchange ended the remainder with the session."""

    ts: Nanos
    order_id: OrderId


class StateOrdered(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="state_ordered"):
    """A person stops trading in a scope, wholly or but for what reduces; it stays until a person takes it back."""

    ts: Nanos
    scope: TradingScope
    state: TradingState
    who: str
    reason: str = ""

    def __post_init__(self) -> None:
        if self.state is TradingState.ACTIVE:
            raise ValueError("a state is ordered to stop something; ResumeOrdered takes it back")


class FlattenOrdered(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="flatten_ordered"):
    """A person sells everything in a scope, also while it is halted; nothing is bought in it until it is resumed."""

    ts: Nanos
    scope: TradingScope
    who: str
    reason: str = ""


class ResumeOrdered(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="resume_ordered"):
    """A person takes back what was ordered for exactly this scope.

    A `cause` asks the stages too, which halt everything or nothing: why it came to that, with a report to show for it
    where one is wanted.
    """

    ts: Nanos
    scope: TradingScope
    who: str
    reason: str = ""
    cause: str = ""
    reference: str = ""

    def __post_init__(self) -> None:
        if self.cause and self.scope != ALL:
            raise ValueError(f"a cause is for everything, not for {self.scope}")


class StageSpec(msgspec.Struct, frozen=True, gc=False):
    """A risk stage as the configuration names it; `params` are JSON."""

    instance: str
    plugin: str
    params: str


class Rules(msgspec.Struct, frozen=True, gc=False):
    """What a reload may change: shared caps and order gate as JSON, the stages in the order of execution."""

    limits: str
    gate: str
    stages: tuple[StageSpec, ...]


class ConfigChanged(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="config_changed"):
    """A person changed the configuration: `now` holds at once, `later` from the next session, None where nothing waits.

    `before` and `after` are the hashes of the whole configuration, `changes` say what differs.
    """

    ts: Nanos
    who: str
    before: str
    after: str
    changes: tuple[str, ...]
    now: Rules
    later: Rules | None = None


OperatorEvent: TypeAlias = StateOrdered | FlattenOrdered | ResumeOrdered
BrokerEvent: TypeAlias = (
    OrderAccepted
    | OrderRefused
    | OrderLost
    | OrderNotSent
    | OrderNotFound
    | OrderInDoubt
    | OrderFilled
    | OrderCancelled
    | CancelRefused
    | OrderExpired
)
Event: TypeAlias = (
    SessionPrepared
    | SetupsArmed
    | FactsChanged
    | PhaseReached
    | BarClosed
    | Traded
    | BookChanged
    | TimePassed
    | Fetched
    | OperatorEvent
    | ConfigChanged
    | BrokerEvent
)
