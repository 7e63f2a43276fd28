"""Trade on paper: an in-process broker with an exchange of its own, which keeps its own cash and holdings.

Where a session streams order books its exchange is those (`engine/book_matching.py`), where it has only bars it is the bars
(`engine/matching.py`). The parameters are keys of `broker: {use: paper}` (`spec/orders.md` section 7). `bar_path` is read by
the engine, which decides what a bar reaches; the broker decides what is filled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from pydantic import BaseModel, ConfigDict, Field

from kats_core.engine.book_matching import (
    Accepted,
    BookMatcher,
    BookMatching,
    Cancelled,
    Expired,
    Filled,
    Mode,
    Outcome,
    Refused,
)
from kats_core.engine.facts import Facts
from kats_core.engine.matching import BarMatcher, Match
from kats_core.exits.in_bar import BarPath
from kats_core.hookspecs import hookimpl
from kats_core.market.costs import Costs
from kats_core.market.dividends import after_tax
from kats_core.market.exact import floor_times, to_fraction, to_ratio
from kats_core.market.rules import symbol_rules
from kats_core.market.vi import ViState
from kats_core.model import fact, time
from kats_core.model.command import Cancel, Fetch, Send
from kats_core.model.event import (
    BarClosed,
    BookChanged,
    BrokerEvent,
    Event,
    FactsChanged,
    Fetched,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRefused,
    PhaseReached,
    SessionPrepared,
    Traded,
)
from kats_core.model.fact import Fact
from kats_core.model.kinds import FactSource, MarketPhase, Side
from kats_core.model.order import Order, OrderId
from kats_core.model.receivable import Receivable
from kats_core.model.time import Nanos
from kats_core.orders.broker import AccountSnapshot, BrokerAccount, BrokerPlugin

# Members by names of their own: on Python 3.11 finding one in its class costs as much as a call.
_BUY, _DERIVED = Side.BUY, FactSource.DERIVED

_MODE_OF_STATE: dict[str, Mode] = {ViState.VI_AUCTION: Mode.AUCTION, ViState.HALTED: Mode.HALTED}
_MODE_OF_PHASE = {
    MarketPhase.OPEN: Mode.CONTINUOUS,
    MarketPhase.EOD_CHECK: Mode.CONTINUOUS,
    MarketPhase.CLOSE_AUCTION: Mode.AUCTION,
    MarketPhase.CLOSED: Mode.CLOSED,
}


class PaperParams(BaseModel):
    """Parameters of the paper broker: `bar_*` where there are only bars, the others where order books are streamed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bar_path: BarPath = Field(default=BarPath.WORST, description="assumed way of the price through a bar")
    bar_participation: float = Field(
        default=0.05, ge=0.001, le=1, description="share of a bar's volume that may trade with us"
    )
    latency_ms: int = Field(
        default=200, ge=0, le=2_000, description="milliseconds until an order or its change is at the exchange"
    )
    participation: float = Field(
        default=0.20, ge=0.01, le=1, description="share of each displayed level of the book that we may take at once"
    )
    sweep_interval: float = Field(
        default=1.0, ge=0.1, le=60, description="seconds until an order takes from a book again"
    )
    auction_share: float = Field(
        default=0.10, ge=0, le=1, description="share of an auction's volume for limits better than its price"
    )
    auction_share_at: float = Field(
        default=0.05, ge=0, le=1, description="share of an auction's volume for limits at its price"
    )

    def book_matching(self) -> BookMatching:
        """Return the terms on which order books fill."""
        return BookMatching(
            latency=self.latency_ms * time.SECOND // 1_000,
            participation=to_fraction(self.participation),
            sweep_interval=int(to_fraction(self.sweep_interval) * time.SECOND),
            auction_share=to_fraction(self.auction_share),
            auction_share_at=to_fraction(self.auction_share_at),
        )


class PaperBroker:
    """A broker whose exchange is what it is shown: order books and trades, or bars."""

    def __init__(self, params: PaperParams, account: BrokerAccount) -> None:
        self._bars = BarMatcher(to_ratio(params.bar_participation))
        self._books = BookMatcher(params.book_matching(), self._objection)
        self._has_books = False
        self._mode = Mode.AUCTION
        self._costs = Costs(account.commission)
        self._scope = account.scope
        self._cash = account.capital
        self._held: defaultdict[str, int] = defaultdict(int)
        self._receivables: tuple[Receivable, ...] = ()
        self._orders: dict[OrderId, Order] = {}
        self._amounts: dict[OrderId, int] = {}
        self._taxes: dict[str, Fraction] = {}
        self._known: set[str] = set()
        self._states: dict[str, str] = {}

    def send(self, command: Send | Cancel) -> Sequence[BrokerEvent]:
        """Take an order, or take one back."""
        if isinstance(command, Cancel):
            return self._cancel(command)
        order = command.order
        if order.symbol not in self._known:
            return [OrderRefused(command.ts, order.order_id, f"{order.symbol} is not traded in this session")]
        self._orders[order.order_id] = order
        self._amounts[order.order_id] = 0
        if self._has_books:
            self._books.submit(order, command.ts)
            return list(self._told(self._books.advance(command.ts)))
        matches, ends = self._bars.submit(order)
        events: list[BrokerEvent] = [OrderAccepted(command.ts, order.order_id, _number(order.order_id))]
        events += self._fill(command.ts, matches)
        if ends:
            events.append(OrderExpired(command.ts, order.order_id))
            del self._orders[order.order_id]
        return events

    def snapshot(self) -> AccountSnapshot:
        """Return what the account holds."""
        held = {symbol: shares for symbol, shares in self._held.items() if shares}
        return AccountSnapshot(self._cash, held, self._receivables)

    def restore(self, snapshot: AccountSnapshot) -> None:
        """Begin with an account that holds this."""
        self._cash = snapshot.cash
        self._held = defaultdict(int, snapshot.held)
        self._receivables = snapshot.receivables

    def fetch(self, request: Fetch) -> Fetched:
        """Answer with the cash that no accepted order has bound."""
        facts = []
        if fact.ORDERABLE_CASH in request.needs:
            facts.append(Fact(fact.ORDERABLE_CASH, self._orderable(), request.ts, _DERIVED, request.symbol))
        return Fetched(request.ts, request.request, tuple(facts))

    def on_event(self, event: Event) -> Iterable[BrokerEvent]:
        """Match waiting orders with what happens in the market; end them with the session."""
        if isinstance(event, SessionPrepared):
            self._begin(event)
            return ()
        return self._told(self._on_stream(event)) if self._has_books else self._on_bars(event)

    def _on_bars(self, event: Event) -> Sequence[BrokerEvent]:
        match event:
            case BarClosed(ts, bar):
                return self._fill(ts, self._bars.on_bar(bar)) if bar.symbol in self._known else ()
            case PhaseReached(ts, MarketPhase.EOD_CHECK):
                return self._fill(ts, self._bars.at_end_of_day_check())
            case PhaseReached(ts, MarketPhase.CLOSED):
                ended = self._bars.end_session()
                self._orders.clear()
                return [OrderExpired(ts, order_id) for order_id in ended]
        return ()

    def _on_stream(self, event: Event) -> Iterator[Outcome]:
        yield from self._books.advance(event.ts)
        match event:
            case BookChanged(ts, book):
                yield from self._books.on_book(book, ts)
            case Traded(_, trade):
                yield from self._books.on_trade(trade)
            case PhaseReached(ts, MarketPhase.CLOSED):
                yield from self._books.end_session(ts)
            case PhaseReached(_, phase):
                self._mode = _MODE_OF_PHASE[phase]
                for symbol in self._known:
                    self._set_mode(symbol)
            case FactsChanged(_, facts):
                for one in facts:
                    if one.name == fact.VI_STATE:
                        self._states[one.symbol] = str(one.value)
                        self._set_mode(one.symbol)

    def _set_mode(self, symbol: str) -> None:
        """Let a symbol trade as its phase and its own state say; a halt goes before an auction."""
        own = _MODE_OF_STATE.get(self._states.get(symbol, ""), Mode.CONTINUOUS)
        self._books.set_mode(symbol, own if own is Mode.HALTED or self._mode is Mode.CONTINUOUS else self._mode)

    def _told(self, outcomes: Iterable[Outcome]) -> Iterator[BrokerEvent]:
        """Book what the exchange tells, and pass it on."""
        for outcome in outcomes:
            match outcome:
                case Accepted(ts, order_id):
                    yield OrderAccepted(ts, order_id, _number(order_id))
                case Refused(ts, order_id, reason):
                    del self._orders[order_id]
                    yield OrderRefused(ts, order_id, reason)
                case Filled(ts, order_id, price, quantity):
                    yield self._book(ts, Match(order_id, price, quantity))
                case Cancelled(ts, order_id):
                    del self._orders[order_id]
                    yield OrderCancelled(ts, order_id)
                case Expired(ts, order_id):
                    del self._orders[order_id]
                    yield OrderExpired(ts, order_id)

    def _pay_dividends(self, event: SessionPrepared) -> None:
        """Pay what is due, and owe what goes ex today for the shares that are held."""
        self._cash += sum(one.won for one in self._receivables if one.paid_on <= event.session)
        self._receivables = tuple(one for one in self._receivables if one.paid_on > event.session)
        if not any(one.name == fact.DIVIDEND for one in event.facts):
            return
        known = Facts()
        known.begin_session(event.facts)
        for symbol, shares in sorted(self._held.items()):
            dividend = known.dividend(symbol)
            if shares and dividend:
                paid_on = known.dividend_paid_on(symbol, event.session)
                self._receivables += (Receivable(symbol, paid_on, after_tax(dividend * shares)),)

    def _begin(self, event: SessionPrepared) -> None:
        self._pay_dividends(event)
        self._known = {instrument.symbol for instrument in event.instruments}
        rules = {
            i.symbol: symbol_rules(i, event.base_prices[i.symbol], event.session, self._scope)
            for i in event.instruments
        }
        self._has_books, self._mode = event.has_books, Mode.AUCTION
        self._states.clear()
        # Orders are for a session: what ended with the last one is not asked for any more.
        self._orders.clear()
        self._amounts.clear()
        if event.has_books:
            self._books.begin_session(rules)
        self._bars.begin_session(rules)
        self._taxes = {symbol: one.tax_rate for symbol, one in rules.items()}

    def _cancel(self, command: Cancel) -> Sequence[BrokerEvent]:
        if self._has_books:
            self._books.cancel(command.order_id, command.ts)
            return list(self._told(self._books.advance(command.ts)))
        if not self._bars.cancel(command.order_id):
            return ()
        del self._orders[command.order_id]
        return [OrderCancelled(command.ts, command.order_id)]

    def _fill(self, ts: Nanos, matches: Sequence[Match]) -> list[BrokerEvent]:
        return [self._book(ts, match) for match in matches]

    def _book(self, ts: Nanos, match: Match) -> BrokerEvent:
        """Move cash and shares for a fill as the account's statement will show it."""
        order = self._orders[match.order_id]
        before = self._amounts[match.order_id]
        after = self._amounts[match.order_id] = before + match.price * match.quantity
        commission = self._costs.commission_on(after)
        if before:
            commission -= self._costs.commission_on(before)
        if order.side is _BUY:
            self._cash -= after - before + commission
            self._held[order.symbol] += match.quantity
        else:
            tax = self._taxes[order.symbol]
            self._cash += after - before - commission - (floor_times(after, tax) - floor_times(before, tax))
            self._held[order.symbol] -= match.quantity
        return OrderFilled(ts, match.order_id, match.price, match.quantity)

    def _waiting(self) -> list[tuple[Order, int | None, int]]:
        """Return the orders that have arrived: order, limit, shares still wanted."""
        if self._has_books:
            return self._books.waiting()
        return [(order, order.limit, left) for order, left in self._bars.resting()]

    def _orderable(self) -> int:
        """Return cash less what resting buys may still take."""
        bound = 0
        for order, limit, left in self._waiting():
            if order.side is _BUY and limit is not None:
                bound += left * limit + self._costs.commission_on(left * limit)
        return self._cash - bound

    def _objection(self, order: Order) -> str | None:
        """Return why the account cannot carry an order that has just arrived at the exchange."""
        if order.side is Side.BUY:
            if order.limit is None:
                return "a purchase needs a limit"
            need = order.remaining * order.limit + self._costs.commission_on(order.remaining * order.limit)
            free = self._orderable()
            return None if need <= free else f"{need} won needed, {free} won free"
        on_sale = sum(left for o, _, left in self._waiting() if o.side is Side.SELL and o.symbol == order.symbol)
        free = self._held[order.symbol] - on_sale
        return None if order.remaining <= free else f"{order.remaining} shares to sell, {free} shares free"


def _number(order_id: OrderId) -> str:
    return f"P{order_id:08d}"


@hookimpl
def kats_register_brokers() -> BrokerPlugin:
    """Register the paper broker."""
    return BrokerPlugin(
        name="paper",
        summary=(
            "호가창(없으면 봉 데이터)으로 체결하는 모의 계좌",
            "A simulated account that fills orders from order books, or from bars where there are none.",
        ),
        params=PaperParams,
        build=PaperBroker,
    )
