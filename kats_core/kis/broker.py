"""Trade through the broker: each command becomes one call, and what comes of it is told as events of the order's life.

Nothing is sent twice: the client repeats only what the gateway refused, and a lost answer is `OrderLost`. A cancel is done when a
notice or the inquiry confirms it. While orders live, the day's orders are read every few seconds, so that a notice that never
came is no fill that never was.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from msgspec import structs

from kats_core.kis.client import Accepted, Client, NotSent, Outcome, Refused, Unknown
from kats_core.kis.errors import CredentialsError, KisError, WrongEnvironmentError
from kats_core.kis.ledger import Listed, Named, OrderLedger, Told
from kats_core.kis.limiter import Lane
from kats_core.kis.wire.account import AskOrderable
from kats_core.kis.wire.codes import ReplyClass
from kats_core.kis.wire.orders import Account, AskOrders, OrderAck, OrderRow, PlaceOrder, cancel
from kats_core.kis.wire.records import Acceptance, Notice, OrderChange
from kats_core.market.phases import BoardOrder
from kats_core.model import fact, time
from kats_core.model.codes import CoreCode
from kats_core.model.command import Cancel, Fetch, Send
from kats_core.model.event import (
    BrokerEvent,
    CancelRefused,
    Event,
    Fetched,
    OrderNotSent,
    PhaseReached,
    SessionPrepared,
    StateOrdered,
)
from kats_core.model.fact import Fact
from kats_core.model.kinds import FactSource, MarketPhase, OrderType, TradingState
from kats_core.model.order import Order, OrderId
from kats_core.model.scope import ALL
from kats_core.model.time import Nanos
from kats_core.orders.broker import Hear, IsWanted

READ_EVERY: Nanos = 5 * time.SECOND
"""While orders live, the day's orders are read this often."""

CLOCK_LAG: Nanos = time.SECOND
"""The clock of events is at most so far behind that of the broker: a fill up to then may be in what was read."""

LOST_ORDER_PAUSE_S = 1.0
"""An order whose answer is lost is looked up after this, and then as long as it lives (rule 6)."""

EARLY_PAUSE_S, EARLY_TRIES = 0.7, 3
"""An order that the exchange has not taken yet cannot be cancelled: once more after this, so many times."""

LOST_CANCEL_PAUSES_S = (1.0, 3.0, 9.0)
"""A cancel whose answer is lost is looked up after these; then its order's fate is unknown (rule 25)."""


@dataclass(slots=True)
class Service:
    """What the broker's desk can be asked for; `client` gives the calls, `account` whose they are."""

    client: Client
    account: Account

    async def place(self, order: Order, is_wanted: IsWanted) -> Outcome[OrderAck]:
        """Send an order that is still wanted when its turn has come."""
        is_market = order.order_type is OrderType.MARKET
        asked = PlaceOrder(
            account=self.account,
            side=order.side,
            symbol=order.symbol,
            division=BoardOrder.MARKET if is_market else BoardOrder.LIMIT,
            quantity=order.quantity,
            price=0 if is_market else order.limit or 0,
        )
        lane = Lane.EXIT if order.is_reducing else Lane.ENTRY
        return await self.client.order(asked, lane=lane, is_wanted=lambda: is_wanted(order.order_id))

    async def cancel(self, named: Named, *, is_market: bool) -> Outcome[OrderAck]:
        """Ask to cancel what is left of an order."""
        division = BoardOrder.MARKET if is_market else BoardOrder.LIMIT
        asked = cancel(self.account, named.office, named.number, division=division)
        return await self.client.order(asked, lane=Lane.EXIT)

    async def orders(self, session: dt.date, lane: Lane) -> list[Listed]:
        """Return the session's orders, read completely; raises KisError."""
        pages = await self.client.ask_all(AskOrders(account=self.account, start=session, end=session), lane=lane)
        return [_listed(row) for page in pages for row in page.orders]

    async def orderable(self, symbol: str, price: int) -> int | None:
        """Return the won that can be spent on a symbol without borrowing; raises KisError."""
        asked = AskOrderable(account=self.account, symbol=symbol, price=price, division=BoardOrder.LIMIT)
        found = await self.client.ask(asked, lane=Lane.ENTRY)
        return None if found is None else found.orderable.no_margin_amount


@dataclass(slots=True)
class KisBroker:
    """A remote broker. `service` gives the calls when the session is served; notices come through `notice`."""

    service: Callable[[], Awaitable[Service]]
    _ledger: OrderLedger = field(init=False, default_factory=OrderLedger)
    _queue: deque[Callable[[Service, Hear], Awaitable[None]]] = field(init=False, default_factory=deque)
    _arrived: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _named: dict[OrderId, asyncio.Event] = field(init=False, default_factory=dict)
    _running: set[asyncio.Task[None]] = field(init=False, default_factory=set)
    _session: dt.date | None = field(init=False, default=None)
    _now: Nanos = field(init=False, default=0)
    _read_at: Nanos = field(init=False, default=0)
    _is_reading: bool = field(init=False, default=False)
    _notices: deque[Notice] = field(init=False, default_factory=deque)
    _hear: Hear | None = field(init=False, default=None)
    _is_wanted: IsWanted = field(init=False, default=lambda _: False)

    def send(self, command: Send | Cancel) -> Sequence[BrokerEvent]:
        """Queue an order, or the wish to cancel one."""
        if isinstance(command, Cancel):
            order_id = command.order_id
            self._put(lambda service, hear: self._cancel(order_id, service, hear))
        else:
            order = command.order
            if not self._ledger.waiting:
                self._read_at = self._now  # there is nothing yet that could be read of it
            self._ledger.sending(order)
            self._named[order.order_id] = asyncio.Event()
            self._put(lambda service, hear: self._place(order, service, hear))
        return ()

    def fetch(self, request: Fetch) -> None:
        """Queue a question; the answer is heard later."""
        self._put(lambda service, hear: self._answer(request, service, hear))

    def on_event(self, event: Event) -> Iterable[BrokerEvent]:
        """Begin and end sessions, and read the day's orders while any of them lives."""
        self._now = event.ts
        match event:
            case SessionPrepared():
                self._session, self._ledger = event.session, OrderLedger()
                self._named.clear()
            case PhaseReached(ts, MarketPhase.CLOSED):
                return [structs.replace(ended, ts=ts) for ended in self._ledger.close()]
            case _ if event.ts - self._read_at >= READ_EVERY and self._ledger.waiting:
                self._read_soon()
        return ()

    def reconnected(self) -> None:
        """Note that the stream begins anew: what it has missed is read."""
        self._read_soon()

    def _read_soon(self) -> None:
        if not self._is_reading:
            self._is_reading, self._read_at = True, self._now
            self._put(self._read_queued)

    def notice(self, notice: Notice) -> None:
        """Take a notice of the stream, for this account."""
        if self._hear is None:
            self._notices.append(notice)
            return
        _tell(self._ledger.hear(_told(notice)), self._hear)
        if self._ledger.is_in_doubt:
            self._read_soon()

    async def serve(self, hear: Hear, is_wanted: IsWanted) -> None:
        """Carry out what is queued, each call by itself, until cancelled."""
        service = await self.service()
        self._hear, self._is_wanted = hear, is_wanted
        while self._notices:
            self.notice(self._notices.popleft())
        async with asyncio.TaskGroup() as tasks:
            while True:
                while self._queue:
                    self._start(tasks, self._queue.popleft()(service, hear))
                self._arrived.clear()
                await self._arrived.wait()

    @property
    def is_settled(self) -> bool:
        """Whether nothing is queued or under way."""
        return not self._queue and not self._running

    def _put(self, work: Callable[[Service, Hear], Awaitable[None]]) -> None:
        self._queue.append(work)
        self._arrived.set()

    def _start(self, tasks: asyncio.TaskGroup, work: Awaitable[None]) -> None:
        async def run() -> None:
            await work

        task = tasks.create_task(run())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _place(self, order: Order, service: Service, hear: Hear) -> None:
        order_id = order.order_id
        outcome = await service.place(order, self._leaves)
        match outcome:
            case Accepted(answer):
                _tell(self._ledger.accepted(order_id, Named(answer.ack.number, answer.ack.branch)), hear)
            case Refused(_, error):
                _tell(self._ledger.refused(order_id, error.en), hear)
            case NotSent(error):
                self._ledger.refused(order_id, error.en)
                hear(OrderNotSent(0, order_id, error.en))
            case Unknown():
                _tell(self._ledger.unanswered(order_id, self._clock()), hear)
                await asyncio.sleep(LOST_ORDER_PAUSE_S)
                await self._read_now(service, hear, Lane.EXIT)
        self._named[order_id].set()
        _halt_if_misplaced(outcome, hear)

    def _leaves(self, order_id: OrderId) -> bool:
        """Tell whether an order may leave, and note that it does."""
        is_wanted = self._is_wanted(order_id)
        if is_wanted:
            self._ledger.leaving(order_id, self._clock())
        return is_wanted

    def _clock(self) -> dt.time:
        """Return the Korean clock of what has been handled, at most `CLOCK_LAG` behind the broker's."""
        return time.clock(self._now).replace(microsecond=0)

    async def _cancel(self, order_id: OrderId, service: Service, hear: Hear) -> None:
        await self._named[order_id].wait()
        named = self._ledger.name_of(order_id)
        if named is None:
            if not self._ledger.is_over(order_id):
                hear(CancelRefused(0, order_id, "its number is not known"))
            return
        is_market = self._ledger.order(order_id).order_type is OrderType.MARKET
        cancel = self._ledger.cancelling(order_id)
        outcome = await service.cancel(named, is_market=is_market)
        for _ in range(EARLY_TRIES):
            if not (isinstance(outcome, Refused) and outcome.kind is ReplyClass.EARLY):
                break
            await asyncio.sleep(EARLY_PAUSE_S)
            outcome = await service.cancel(named, is_market=is_market)
        match outcome:
            case Accepted(answer):
                _tell(self._ledger.cancel_taken(order_id, answer.ack.number), hear)
            case Unknown():
                await self._look_up(order_id, cancel, service, hear)
            case Refused() | NotSent():
                if isinstance(outcome, Refused) and outcome.kind is ReplyClass.NOT_FOUND:
                    await self._read_now(service, hear, Lane.EXIT)
                if self._ledger.awaits(order_id, cancel):
                    _tell(self._ledger.cancel_refused(order_id, outcome.error.en), hear)

    async def _look_up(self, order_id: OrderId, cancel: int, service: Service, hear: Hear) -> None:
        """Find out what became of an order whose cancel got no answer.

        Unless it has ended by the last look, or a notice has refused the cancel, it is unknown; the next reading that still finds
        it at work lets it be cancelled again.
        """
        for pause in LOST_CANCEL_PAUSES_S:
            await asyncio.sleep(pause)
            await self._read_now(service, hear, Lane.EXIT)
            if not self._ledger.awaits(order_id, cancel):
                return
        _tell(self._ledger.lost(order_id), hear)

    async def _answer(self, request: Fetch, service: Service, hear: Hear) -> None:
        facts: tuple[Fact, ...] = ()
        if fact.ORDERABLE_CASH in request.needs:
            try:
                won = await service.orderable(request.symbol, request.price)
            except KisError:
                won = None  # a missing answer refuses the entry by its own code
            if won is not None:
                facts = (Fact(fact.ORDERABLE_CASH, won, request.ts, FactSource.FEED, request.symbol),)
        hear(Fetched(0, request.request, facts))

    async def _read_queued(self, service: Service, hear: Hear) -> None:
        try:
            await self._read_now(service, hear, Lane.QUERY)
        finally:
            self._is_reading = False

    async def _read_now(self, service: Service, hear: Hear, lane: Lane) -> None:
        """Read the day's orders and tell what is new; a reading that fails tells nothing, and the next one comes."""
        if self._session is None:
            return
        began = self._clock()
        try:
            rows = await service.orders(self._session, lane)
        except KisError:
            return
        _tell(self._ledger.find_lost(rows, began), hear)
        _tell(self._ledger.read(rows, time.clock(self._now + CLOCK_LAG).replace(microsecond=0)), hear)


def _tell(events: Iterable[BrokerEvent], hear: Hear) -> None:
    for event in events:
        hear(event)


def _halt_if_misplaced(outcome: Outcome[OrderAck], hear: Hear) -> None:
    """Stop everything where keys, account and server do not belong together: the next order would go astray, too."""
    if isinstance(outcome, Refused | NotSent) and isinstance(outcome.error, WrongEnvironmentError | CredentialsError):
        reason = f"{CoreCode.ENV_MISMATCH}: {outcome.error.en}"
        hear(StateOrdered(ts=0, scope=ALL, state=TradingState.HALTED, who="core", reason=reason))


def _told(notice: Notice) -> Told:
    return Told(
        number=notice.order_number,
        original=notice.original_number or "",
        is_fill=notice.is_fill,
        is_refused=notice.is_refused,
        is_cancel=notice.change is OrderChange.CANCELLATION or notice.acceptance is Acceptance.CANCELLED,
        is_confirmed=notice.acceptance in (Acceptance.CONFIRMED, Acceptance.CANCELLED),
        quantity=notice.quantity or 0,
        price=notice.price or 0,
        clock=notice.clock,
    )


def _listed(row: OrderRow) -> Listed:
    cancelled, refused = row.cancelled or 0, row.refused or 0
    left = row.quantity - row.filled - cancelled - refused if row.remaining is None else row.remaining
    amount = row.filled_amount or round((row.average or Decimal(0)) * row.filled)
    return Listed(
        number=row.number,
        original=row.original or "",
        office=row.branch,
        symbol=row.symbol,
        side=row.side,
        limit=row.price,
        clock=row.clock,
        quantity=row.quantity,
        filled=row.filled,
        amount=amount,
        left=left,
        is_cancelled=bool(row.is_cancelled) or cancelled > 0,
        is_refused=refused > 0,
    )
