"""State what a broker is: how orders leave the engine, and what comes back.

Nothing here talks to anyone. An error that a person must mend is a `BrokerError`; everything that happens to a single order
is an event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol, TypeAlias, runtime_checkable

import msgspec
from pydantic import BaseModel

from kats_core.market.source import DataSource
from kats_core.model.command import Cancel, Fetch, Send
from kats_core.model.event import BrokerEvent, Event, Fetched, StateOrdered
from kats_core.model.kinds import Scope
from kats_core.model.order import OrderId
from kats_core.model.receivable import Receivable


class BrokerError(RuntimeError):
    """The broker cannot be used at all; needs a person, stops the start or the session. Exit code 2."""


class Broker(Protocol):
    """Carries out commands inside the process. Events come back in the order in which they happened.

    Each event is handled before the next is taken from the answer, and may bring new commands, so a broker that answers
    with a generator sees them in time.

    | method     | called                                        | may answer with nothing                        |
    | ---------- | --------------------------------------------- | ---------------------------------------------- |
    | `send`     | for each `Send` and `Cancel`, in order        | yes, `()`: the answer comes from `on_event`    |
    | `fetch`    | for each `Fetch`                              | yes, `None`: a remote broker's answer is heard later; a fact that the broker lacks is left out |
    | `on_event` | with each event, before the engine handles it | yes, `()`: a broker that matches nothing itself |

    An order that the broker does not take is `OrderRefused`, never an exception. An exception from any method means that
    the fate of the order is unknown: it is not sent again.
    """

    def send(self, command: Send | Cancel) -> Iterable[BrokerEvent]:
        """Take an order or the wish to cancel one; return what is known at once."""

    def fetch(self, request: Fetch) -> Fetched | None:
        """Answer a question about account or market, with the request's own number."""

    def on_event(self, event: Event) -> Iterable[BrokerEvent]:
        """Look at what happens in the market; return what it does to the orders that wait here."""


def answer_now(broker: Broker, request: Fetch) -> Fetched:
    """Return what a broker answers at once; nothing is known where it would have to ask."""
    return broker.fetch(request) or Fetched(request.ts, request.request, ())


Hear: TypeAlias = Callable[[BrokerEvent | Fetched | StateOrdered], None]
"""Takes what a remote broker has to tell; never blocks. The instant on it is replaced by that at which it is taken in.

A `StateOrdered` stops trading: the broker has found that nothing must be sent, as when keys and server do not belong together.
"""


IsWanted: TypeAlias = Callable[[OrderId], bool]
"""Tells whether an order that has not left yet may still leave."""


@runtime_checkable
class RemoteBroker(Protocol):
    """A broker beyond a wire: `send` and `fetch` only queue, what becomes of it is heard later."""

    async def serve(self, hear: Hear, is_wanted: IsWanted) -> None:
        """Carry out what is queued and pass on what comes back, until cancelled.

        Ask `is_wanted` when nothing stands between an order and the wire any more: trading may have been halted while it
        waited for its turn. One that is not wanted is `OrderNotSent`.

        Raises:
            BrokerError: the broker cannot be used any more.
        """

    @property
    def is_settled(self) -> bool:
        """Whether every request has its answer, or is given up; by it goes who turns a simulated clock."""


class AccountSnapshot(msgspec.Struct, frozen=True):
    """What a broker says the account holds: cash in won, shares by symbol, dividends that are not paid yet."""

    cash: int
    held: dict[str, int]
    receivables: tuple[Receivable, ...] = ()


@runtime_checkable
class InProcessBroker(Protocol):
    """A broker that ends with the process: its account is kept with the engine's memory.

    Between sessions only, when nothing waits at its exchange.
    """

    def snapshot(self) -> AccountSnapshot:
        """Return what the account holds."""

    def restore(self, snapshot: AccountSnapshot) -> None:
        """Begin with an account that holds this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAccount:
    """The account a broker is opened for. A broker with an account of its own ignores `capital`.

    `source` is where the run hears the market: a broker of the same house shares its connection.
    """

    capital: int
    commission: Fraction
    scope: Scope
    source: DataSource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPlugin:
    """What a broker registers. `summary` is (Korean, English).

    `build` gets the plugin's parameters and the account, and raises `BrokerError` when it cannot start. `is_remote`: its orders
    leave this machine, so it takes part in no run on recorded data.
    """

    name: str
    summary: tuple[str, str]
    params: type[BaseModel]
    build: Callable[[Any, BrokerAccount], Broker]
    is_remote: bool = False
