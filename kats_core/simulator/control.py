"""Steer the simulator from outside the broker's protocol: time, faults, and what happens on the market.

```text
GET    /sim                    addresses, keys, time, what is going on
POST   /sim/clock              {"step": 60} | {"to": "09:30"} | {"speed": 10} | {"gateway": 3600}
GET    /sim/faults             rules and how often each happened
POST   /sim/faults             {"kind": "timeout-after", "where": "order_cash", "times": 1}, or a list of such
DELETE /sim/faults
POST   /sim/act                {"do": "halt", "symbol": "990010"}, or a list of such
```

The actions of `/sim/act` are those of a script, where each also says `at` which clock it is due.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import msgspec
from aiohttp import web

from kats_core.model import time
from kats_core.model.kinds import Market, Side
from kats_core.model.time import Nanos
from kats_core.simulator.faults import Fault
from kats_core.simulator.keys import Env

if TYPE_CHECKING:
    from kats_core.simulator.server import Simulator

Quantity: TypeAlias = Annotated[int, msgspec.Meta(gt=0)]
Price: TypeAlias = Annotated[int, msgspec.Meta(gt=0)]


class _Action(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    at: str | None = None


class Halt(_Action, frozen=True, kw_only=True, tag="halt"):
    """Halt trading in a symbol."""

    symbol: str
    reason: str = ""


class Resume(_Action, frozen=True, kw_only=True, tag="resume"):
    """Let a halted symbol go on."""

    symbol: str


class Interrupt(_Action, frozen=True, kw_only=True, tag="vi"):
    """Begin a volatility interruption."""

    symbol: str


class Breaker(_Action, frozen=True, kw_only=True, tag="breaker"):
    """Set a market's circuit breaker off."""

    market: Market
    level: Annotated[int, msgspec.Meta(ge=1, le=3)] = 1


class Sidecar(_Action, frozen=True, kw_only=True, tag="sidecar"):
    """Set a market's sidecar off; `side` is whose program orders pause, BUY or SELL."""

    market: Market
    side: Side = Side.SELL


class Quiet(_Action, frozen=True, kw_only=True, tag="quiet"):
    """Let the street do nothing in a symbol, so that only actions move it; `is_quiet` false lets it go on."""

    symbol: str
    is_quiet: bool = True


class Show(_Action, frozen=True, kw_only=True, tag="book"):
    """Let the street show a book: pairs of price and size, best first."""

    symbol: str
    asks: list[tuple[Price, Quantity]] = []
    bids: list[tuple[Price, Quantity]] = []


class Trade(_Action, frozen=True, kw_only=True, tag="trade"):
    """Let the street trade; `side` is who takes, BUY or SELL."""

    symbol: str
    price: Price
    quantity: Quantity
    side: Side | None = None


class Deposit(_Action, frozen=True, kw_only=True, tag="deposit"):
    """Bring cash into an account, or out of it."""

    amount: int
    env: Env = Env.PROD


class Transfer(_Action, frozen=True, kw_only=True, tag="transfer"):
    """Bring shares into an account."""

    symbol: str
    quantity: Quantity
    price: Price
    env: Env = Env.PROD


class Declare(_Action, frozen=True, kw_only=True, tag="declare"):
    """Let the inquiry of sessions say of a day what it is not."""

    day: dt.date
    is_session: bool


class AddFault(_Action, frozen=True, kw_only=True, tag="fault"):
    """Put a fault in force."""

    fault: Fault


class ExpireTokens(_Action, frozen=True, kw_only=True, tag="expire-tokens"):
    """Let all access tokens be expired."""


Action: TypeAlias = (
    Halt
    | Resume
    | Interrupt
    | Breaker
    | Sidecar
    | Quiet
    | Show
    | Trade
    | Deposit
    | Transfer
    | Declare
    | AddFault
    | ExpireTokens
)


class ClockOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do to the clocks. `step` and `gateway` in seconds; `to` a clock of the day or a date and a clock."""

    step: Annotated[float, msgspec.Meta(ge=0)] | None = None
    to: str | None = None
    speed: Annotated[float, msgspec.Meta(ge=0)] | None = None
    gateway: Annotated[float, msgspec.Meta(ge=0)] | None = None


class ControlError(ValueError):
    """An order to the simulator cannot be carried out; the message says why."""


def read_actions(content: bytes | str) -> list[Action]:
    """Return the actions of a script or a request; raises ControlError with the place that is wrong."""
    try:
        return msgspec.json.decode(content, type=list[Action]) if content.lstrip()[:1] in (b"[", "[") else [
            msgspec.json.decode(content, type=Action)
        ]  # fmt: skip
    except msgspec.DecodeError as error:
        raise ControlError(str(error)) from None


def act(simulator: Simulator, action: Action) -> None:
    """Carry an action out now; raises ControlError."""
    market = simulator.market
    try:
        match action:
            case Halt(symbol=symbol, reason=reason):
                market.halt(symbol, reason)
            case Resume(symbol=symbol):
                market.resume(symbol)
            case Interrupt(symbol=symbol):
                market.interrupt(symbol)
            case Breaker(market=listing, level=level):
                market.trip(listing, level)
            case Sidecar(market=listing, side=side):
                market.pause_programs(listing, side)
            case Quiet(symbol=symbol, is_quiet=is_quiet):
                market.quiet(symbol, is_quiet=is_quiet)
            case Show(symbol=symbol, asks=asks, bids=bids):
                market.show(symbol, asks, bids)
            case Trade(symbol=symbol, price=price, quantity=quantity, side=side):
                market.trade(symbol, price, quantity, side)
            case _:
                _act_on_accounts(simulator, action)
    except (LookupError, ValueError) as error:
        raise ControlError(str(error)) from None


def _act_on_accounts(simulator: Simulator, action: Action) -> None:
    match action:
        case Deposit(amount=amount, env=env):
            simulator.account_in(env).deposit(amount)
        case Transfer(symbol=symbol, quantity=quantity, price=price, env=env):
            simulator.account_in(env).transfer(symbol, quantity, price)
        case Declare(day=day, is_session=is_session):
            simulator.market.declared[day] = is_session
        case AddFault(fault=fault):
            simulator.faults.add([fault])
        case ExpireTokens():
            simulator.gateway.expire_tokens()


def schedule(simulator: Simulator, actions: Iterable[Action]) -> None:
    """Let actions happen when they are due; one without a time, or late, at once."""
    due: list[tuple[Nanos, Callable[[], None]]] = list(simulator.market.script)
    for action in actions:
        at = simulator.market.now if action.at is None else instant(simulator, action.at)
        due.append((at, partial(act, simulator, action)))
    simulator.market.script = deque(sorted(due, key=lambda one: one[0]))


def instant(simulator: Simulator, text: str) -> Nanos:
    """Return the instant of `09:30`, `09:30:15` or `2026-11-27T09:30`; raises ControlError."""
    try:
        if "T" in text or "-" in text:
            return time.from_datetime(dt.datetime.fromisoformat(text).replace(tzinfo=time.KST))
        return time.at(simulator.market.day, dt.time.fromisoformat(text))
    except ValueError:
        raise ControlError(f"time {text!r}: expected 09:30, 09:30:15 or 2026-11-27T09:30") from None


class ControlServer:
    """The control endpoint, on the port of the REST services and outside the broker's paths."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/sim", self._status),
            web.post("/sim/clock", self._clock),
            web.get("/sim/faults", self._faults),
            web.post("/sim/faults", self._add_faults),
            web.delete("/sim/faults", self._clear_faults),
            web.post("/sim/act", self._act),
        ]

    async def _status(self, request: web.Request) -> web.Response:
        self._simulator.catch_up()
        return _json(self._simulator.described() | self._now())

    async def _clock(self, request: web.Request) -> web.Response:
        simulator = self._simulator
        try:
            order = msgspec.json.decode(await request.read(), type=ClockOrder)
            if order.gateway is not None:
                simulator.gateway_clock.ahead += order.gateway
            if order.speed is not None:
                simulator.clock.run_at(order.speed)
            if order.step is not None:
                await simulator.run_to(simulator.clock.now() + int(order.step * time.SECOND))
            if order.to is not None:
                await simulator.run_to(instant(simulator, order.to))
        except (msgspec.DecodeError, ControlError) as error:
            return _bad(error)
        return _json(self._now())

    async def _faults(self, request: web.Request) -> web.Response:
        listed = self._simulator.faults.listed()
        return _json([msgspec.to_builtins(fault) | {"happened": happened} for fault, happened in listed])

    async def _add_faults(self, request: web.Request) -> web.Response:
        content = await request.read()
        try:
            many = content.lstrip()[:1] == b"["
            found = (
                msgspec.json.decode(content, type=list[Fault]) if many else [msgspec.json.decode(content, type=Fault)]
            )
        except (msgspec.DecodeError, ValueError) as error:
            return _bad(error)
        self._simulator.faults.add(found)
        return await self._faults(request)

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self._simulator.faults.clear()
        return await self._faults(request)

    async def _act(self, request: web.Request) -> web.Response:
        simulator = self._simulator
        simulator.catch_up()
        try:
            actions = read_actions(await request.read())
            for action in actions:
                if action.at is None:
                    act(simulator, action)
            schedule(simulator, [action for action in actions if action.at is not None])
        except ControlError as error:
            return _bad(error)
        return _json(self._now())

    def _now(self) -> dict[str, Any]:
        market = self._simulator.market
        return {
            "time": time.to_datetime(market.now).isoformat(),
            "speed": self._simulator.clock.speed,
            "phases": [phase.value for phase in market.desk.phases],
            "open_orders": len(market.desk.open_tickets()),
        }


def _json(body: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type="application/json", charset="utf-8")


def _bad(error: Exception) -> web.Response:
    return web.Response(
        status=400, body=msgspec.json.encode({"error": str(error)}), content_type="application/json", charset="utf-8"
    )
