"""Trade on paper: an in-process broker that matches orders against bars and keeps its own cash.

Its parameters `bar_path` and `bar_participation` are keys of `broker: {use: paper}` (`spec/orders.md` section 7.H). The path
is read by the engine, which decides what a bar reaches; the broker decides what is filled.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from pydantic import BaseModel, ConfigDict, Field

from kats_core.engine.matching import BarMatcher, Match
from kats_core.exits.in_bar import BarPath
from kats_core.hookspecs import hookimpl
from kats_core.market.costs import Costs
from kats_core.market.exact import to_fraction
from kats_core.market.rules import symbol_rules
from kats_core.model import fact
from kats_core.model.command import Cancel, Fetch, Send
from kats_core.model.event import (
    BarClosed,
    BrokerEvent,
    Event,
    Fetched,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRefused,
    PhaseReached,
    SessionPrepared,
)
from kats_core.model.fact import Fact
from kats_core.model.kinds import FactSource, MarketPhase, Side
from kats_core.model.order import Order, OrderId
from kats_core.model.time import Nanos
from kats_core.orders.broker import BrokerAccount, BrokerPlugin


class PaperParams(BaseModel):
    """Parameters of the paper broker."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bar_path: BarPath = Field(default=BarPath.WORST, description="assumed way of the price through a bar")
    bar_participation: float = Field(
        default=0.05, ge=0.001, le=1, description="share of a bar's volume that may trade with us"
    )


class PaperBroker:
    """A broker whose exchange is the bars it is shown."""

    def __init__(self, params: PaperParams, account: BrokerAccount) -> None:
        self._matcher = BarMatcher(to_fraction(params.bar_participation))
        self._costs = Costs(account.commission)
        self._scope = account.scope
        self._cash = account.capital
        self._orders: dict[OrderId, Order] = {}
        self._amounts: dict[OrderId, int] = {}
        self._taxes: dict[str, Fraction] = {}
        self._known: set[str] = set()

    def send(self, command: Send | Cancel) -> Sequence[BrokerEvent]:
        """Take an order, or take one back."""
        if isinstance(command, Cancel):
            return self._cancel(command)
        order = command.order
        if order.symbol not in self._known:
            return [OrderRefused(command.ts, order.order_id, f"{order.symbol} is not traded in this session")]
        self._orders[order.order_id] = order
        self._amounts[order.order_id] = 0
        matches, ends = self._matcher.submit(order)
        events: list[BrokerEvent] = [OrderAccepted(command.ts, order.order_id, f"P{order.order_id:08d}")]
        events += self._fill(command.ts, matches)
        if ends:
            events.append(OrderExpired(command.ts, order.order_id))
            del self._orders[order.order_id]
        return events

    def fetch(self, request: Fetch) -> Fetched:
        """Answer with the cash that no accepted order has bound."""
        facts = []
        if fact.ORDERABLE_CASH in request.needs:
            facts.append(Fact(fact.ORDERABLE_CASH, self._orderable(), request.ts, FactSource.DERIVED, request.symbol))
        return Fetched(request.ts, request.request, tuple(facts))

    def on_event(self, event: Event) -> Sequence[BrokerEvent]:
        """Match waiting orders with a bar; end them with the session."""
        match event:
            case BarClosed(ts, bar):
                return self._fill(ts, self._matcher.on_bar(bar)) if bar.symbol in self._known else ()
            case PhaseReached(ts, MarketPhase.EOD_CHECK):
                return self._fill(ts, self._matcher.at_end_of_day_check())
            case PhaseReached(ts, MarketPhase.CLOSED):
                ended = self._matcher.end_session()
                self._orders.clear()
                return [OrderExpired(ts, order_id) for order_id in ended]
            case SessionPrepared():
                self._begin(event)
        return ()

    def _begin(self, event: SessionPrepared) -> None:
        self._known = {instrument.symbol for instrument in event.instruments}
        rules = {
            i.symbol: symbol_rules(i, event.base_prices[i.symbol], event.session, self._scope)
            for i in event.instruments
        }
        self._matcher.begin_session(rules)
        self._taxes = {symbol: one.tax_rate for symbol, one in rules.items()}

    def _cancel(self, command: Cancel) -> Sequence[BrokerEvent]:
        if not self._matcher.cancel(command.order_id):
            return ()
        del self._orders[command.order_id]
        return [OrderCancelled(command.ts, command.order_id)]

    def _fill(self, ts: Nanos, matches: Sequence[Match]) -> list[BrokerEvent]:
        return [self._book(ts, match) for match in matches]

    def _book(self, ts: Nanos, match: Match) -> BrokerEvent:
        """Move cash for a fill as the account's statement will show it."""
        order = self._orders[match.order_id]
        before = self._amounts[match.order_id]
        after = self._amounts[match.order_id] = before + match.price * match.quantity
        commission = self._costs.commission_on(after) - self._costs.commission_on(before)
        if order.side is Side.BUY:
            self._cash -= after - before + commission
        else:
            tax = self._taxes[order.symbol]
            self._cash += after - before - commission - (int(after * tax) - int(before * tax))
        return OrderFilled(ts, match.order_id, match.price, match.quantity)

    def _orderable(self) -> int:
        """Return cash less what resting buys may still take."""
        bound = 0
        for order, left in self._matcher.resting():
            if order.side is Side.BUY and order.limit is not None:
                bound += left * order.limit + self._costs.commission_on(left * order.limit)
        return self._cash - bound


@hookimpl
def kats_register_brokers() -> BrokerPlugin:
    """Register the paper broker."""
    return BrokerPlugin(
        name="paper",
        summary=("봉 데이터로 체결하는 모의 계좌", "A simulated account that fills orders from bars."),
        params=PaperParams,
        build=PaperBroker,
    )
