"""List everything the engine can ask for. The commands of one `handle` call are carried out in order."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from kats_core.model.kinds import Severity
from kats_core.model.order import Order, OrderId
from kats_core.model.record import Record
from kats_core.model.setup import Numbers
from kats_core.model.time import Nanos


class Persist(msgspec.Struct, frozen=True, gc=False, tag="persist"):
    """Keep this; a `Send` behind it may go out only when it is kept."""

    record: Record


class Send(msgspec.Struct, frozen=True, gc=False, tag="send"):
    """Hand the order to the broker."""

    ts: Nanos
    order: Order


class Cancel(msgspec.Struct, frozen=True, gc=False, tag="cancel"):
    """Ask the broker to cancel the order's remainder."""

    ts: Nanos
    order_id: OrderId


class Fetch(msgspec.Struct, frozen=True, gc=False, tag="fetch"):
    """Ask for inputs that exist only after asking; answered by `Fetched` with the same request number."""

    ts: Nanos
    request: int
    needs: tuple[str, ...]
    symbol: str
    price: int


class Notify(msgspec.Struct, frozen=True, gc=False, tag="notify"):
    """Tell people. `code` is `owner:CODE`."""

    ts: Nanos
    severity: Severity
    code: str
    symbol: str = ""
    detail: Numbers = {}


Command: TypeAlias = Persist | Send | Cancel | Fetch | Notify
