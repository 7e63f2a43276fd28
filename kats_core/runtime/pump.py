"""Carry events to the engine and its commands to broker and recorder, until both have nothing more to say.

Commands are carried out in the order in which the engine gave them: what the broker answers to one may make the engine
ask for more, and that waits behind what it has asked for already.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from kats_core.engine.engine import Engine
from kats_core.model.bar import Book
from kats_core.model.codes import CoreCode
from kats_core.model.command import Cancel, Command, Fetch, Notify, Persist, Send
from kats_core.model.event import BookChanged, Event, OrderNotSent, StateOrdered
from kats_core.model.kinds import Severity, TradingState
from kats_core.model.record import Record
from kats_core.model.scope import ALL
from kats_core.model.time import Nanos
from kats_core.orders.broker import Broker
from kats_core.store.errors import StoreError

Keep: TypeAlias = Callable[[Sequence[Record]], None]
"""Takes records, oldest first; returns when they may be relied on."""

Tell: TypeAlias = Callable[[Notify], None]
"""Takes a notice; never blocks."""


Look: TypeAlias = Callable[[str, Nanos], Book]
"""Shows a symbol's order book at an instant, an empty one where none is displayed."""


class Pump:
    """One engine, its broker, and who keeps and who hears.

    `look` is set while order books are streamed: then an order is not sent before both have seen the book it will meet.
    `settle` is set where the broker is beyond a wire: it commits what was kept, before anything is sent. While that fails
    trading is halted, and nothing leaves but cancels.
    What one event makes of records is handed over together, before anything behind it is told, or sent over a wire.
    `handled` counts the events that the engine has handled: what was asked of it stays true until it goes up.
    """

    def __init__(self, engine: Engine, broker: Broker, keep: Keep, tell: Tell) -> None:
        self._engine = engine
        self._broker = broker
        self.look: Look | None = None
        self.settle: Callable[[], None] | None = None
        self.handled = 0
        self._is_failing = False
        self._waiting: deque[list[Command]] = deque()
        self._keep = keep
        self._kept: list[Record] = []
        self.tell = tell
        self._carry: dict[type, Callable[[Any], None]] = {
            Send: self._send,
            Cancel: self._send,
            Fetch: self._fetch,
            Notify: self._notify,
        }

    def feed(self, event: Event) -> None:
        """Handle an event and all that follows from it: first what it does to waiting orders, then the event itself."""
        try:
            for answer in self._broker.on_event(event):
                self._handle(answer)
                self._carry_out()
            self._handle(event)
            self._carry_out()
        finally:
            self._hand_over()

    def _handle(self, event: Event) -> None:
        self.handled += 1
        commands = self._engine.handle(event)
        if commands:
            self._waiting.append(commands)

    def _carry_out(self) -> None:
        waiting, carry = self._waiting, self._carry
        while waiting:
            for command in waiting.popleft():
                # Most of what an engine asks for is to be kept.
                if type(command) is Persist:
                    self._kept.append(command.record)
                else:
                    carry[type(command)](command)

    def _hand_over(self) -> None:
        if self._kept:
            kept, self._kept = self._kept, []
            self._keep(kept)

    def _notify(self, command: Notify) -> None:
        self._hand_over()
        self.tell(command)

    def _send(self, command: Send | Cancel) -> None:
        if self.look is not None and isinstance(command, Send):
            self._show(command.order.symbol, command.ts, self.look)
        if self.settle is None or self._is_settled(command, self.settle):
            for answer in self._broker.send(command):
                self._handle(answer)

    def _is_settled(self, command: Send | Cancel, settle: Callable[[], None]) -> bool:
        """Tell whether a command may leave: what led to it is kept, or it is a cancel, which can only lessen what is at risk."""
        if self._is_failing and isinstance(command, Cancel):
            return True  # many cancels wait for a disk that fails no more than once
        self._hand_over()
        try:
            settle()
        except StoreError as error:
            self._halt(command.ts, str(error))
            if isinstance(command, Send):
                self._handle(OrderNotSent(command.ts, command.order.order_id, str(error)))
            return isinstance(command, Cancel)
        self._is_failing = False
        return True

    def _halt(self, now: Nanos, text: str) -> None:
        """Halt trading when what was decided cannot be kept (`risk_standards.md` 9.11); again where a person resumed meanwhile."""
        if self._is_failing and self._engine.trading_state is TradingState.HALTED:
            return
        self._is_failing = True
        self.tell(Notify(now, Severity.CRITICAL, str(CoreCode.AUDIT_FAIL), "", {"text": text}))
        reason = f"{CoreCode.AUDIT_FAIL}: {text}"
        self._handle(StateOrdered(ts=now, scope=ALL, state=TradingState.HALTED, who="core", reason=reason))

    def _show(self, symbol: str, now: Nanos, look: Look) -> None:
        event = BookChanged(now, look(symbol, now))
        for answer in self._broker.on_event(event):
            self._handle(answer)
        self._handle(event)

    def _fetch(self, command: Fetch) -> None:
        answer = self._broker.fetch(command)
        if answer is not None:
            self._handle(answer)
