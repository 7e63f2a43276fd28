"""Run the simulator: two servers on loopback, one market behind them, and a clock that moves it.

```python
async with Simulator(SimulatorConfig(speed=0)) as sim:
    sim.rest_url, sim.ws_url, sim.prod.app_key, sim.prod.app_secret, sim.prod.account, sim.prod.hts_id
    sim.step(60)
```
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import time as wall
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from kats_core.market.calendar import krx_calendar
from kats_core.market.source import DataSource
from kats_core.model import time
from kats_core.model.time import SECOND, Nanos
from kats_core.simulator.clock import GatewayClock, MarketClock
from kats_core.simulator.control import Action, ControlServer, schedule
from kats_core.simulator.exchange.accounts import Account
from kats_core.simulator.faults import Fault, Faults
from kats_core.simulator.gateway import Gateway, Pace
from kats_core.simulator.keys import ClientKeys, Env, client_keys
from kats_core.simulator.market import Market
from kats_core.simulator.masters import master_file
from kats_core.simulator.rest import RestServer
from kats_core.simulator.texts import Widths
from kats_core.simulator.ws import MOST_REGISTRATIONS, StreamServer
from kats_core.sources.sample import DEFAULT_SEED

HOST = "127.0.0.1"
_MARGINS = (20, 30, 40, 50, 60, 100)
_TICK = 0.05
_PATIENCE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorConfig:
    """How the simulator plays.

    `start` is the exchange's time at the begin, None for the wall clock's; `speed` how fast it runs, 0 for one that only steps.
    Ports of 0 are chosen free. `keys` are the app keys of each environment: one user's, each with an account of its own. `source`
    None is the sample market of `market_seed`.
    """

    port: int = 0
    ws_port: int = 0
    start: Nanos | None = None
    speed: float = 1.0
    seed: int = 1
    market_seed: int = DEFAULT_SEED
    keys: int = 1
    cash: int = 100_000_000
    uses_margin: bool = True
    widths: Widths = field(default_factory=Widths)
    pace: Pace = field(default_factory=Pace)
    faults: tuple[Fault, ...] = ()
    fault_seed: int = 0
    order_delay: float = 0.0
    most_registrations: int = MOST_REGISTRATIONS
    is_one_socket: bool = True
    ping_every: float = 12.0
    pings_everybody: bool = False
    source: DataSource | None = None
    holdings: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Shares held at the begin by symbol: (quantity, average price)."""
    script: tuple[Action, ...] = ()


class Simulator:
    """The broker, ready to be called while the context lasts."""

    def __init__(self, config: SimulatorConfig, *, gateway_wall: Callable[[], float] = wall.time) -> None:
        self.config = config
        self.seed = config.seed
        numbers = range(1, config.keys + 1)
        self.clients = tuple(client_keys(env, config.seed, n) for n in numbers for env in (Env.PROD, Env.VPS))
        self.prod, self.vps = self.clients[:2]
        self.gateway_clock = GatewayClock(gateway_wall)
        self.gateway = Gateway(self.clients, config.pace)
        self.faults = Faults(config.fault_seed)
        self.faults.add(config.faults)
        self.widths = config.widths
        self.most_registrations = config.most_registrations
        self.is_one_socket = config.is_one_socket
        self.ping_every, self.pings_everybody = config.ping_every, config.pings_everybody
        start = wall.time_ns() if config.start is None else config.start
        self.clock = MarketClock(start, config.speed, wall.monotonic)
        self.market = Market(_source(config), start, delay=int(config.order_delay * SECOND))
        self._accounts = {keys.app_key: self._account(keys) for keys in self.clients}
        self.market.accounts = list(self._accounts.values())
        self.market.desk.margins = {
            one.symbol: Fraction(_MARGINS[n % len(_MARGINS)], 100) for n, one in enumerate(self.market.instruments())
        }
        self._rest, self._stream, self._control = RestServer(self), StreamServer(self), ControlServer(self)
        self.market.watched = self._stream.symbols
        self.market.watched_books = self._stream.books
        self.market.listeners.append(self._stream.on)
        schedule(self, config.script)
        self._replies = 0
        self._runners: list[web.AppRunner] = []
        self._ticker: asyncio.Task[None] | None = None
        self._ports = (0, 0)

    # --- what a client needs ----------------------------------------------------------------------------------------

    @property
    def rest_url(self) -> str:
        """Return the base address of the REST services."""
        return f"http://{HOST}:{self._ports[0]}"

    @property
    def ws_url(self) -> str:
        """Return the address of the stream."""
        return f"ws://{HOST}:{self._ports[1]}"

    @property
    def master_url(self) -> str:
        """Return the base address of the master files."""
        return f"{self.rest_url}/common/master"

    def described(self) -> dict[str, Any]:
        """Return all that a client needs, as JSON has it."""
        return {
            "rest_url": self.rest_url,
            "ws_url": self.ws_url,
            "master_url": self.master_url,
            "control_url": f"{self.rest_url}/sim",
            "clients": [
                {
                    "env": keys.env.value,
                    "app_key": keys.app_key,
                    "app_secret": keys.app_secret,
                    "account": keys.account,
                    "product": keys.product,
                    "hts_id": keys.hts_id,
                }
                for keys in self.clients
            ],
        }

    # --- running ----------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Open the ports and let time run."""
        rest, stream = web.Application(client_max_size=1 << 20), web.Application()
        rest.add_routes([*self._control.routes(), *self._rest.routes()])
        stream.add_routes(self._stream.routes())
        ports = []
        for app, port in ((rest, self.config.port), (stream, self.config.ws_port)):
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
            await runner.setup()
            self._runners.append(runner)
            await web.TCPSite(runner, HOST, port).start()
            ports.append(runner.addresses[0][1])
        self._ports = ports[0], ports[1]
        self._ticker = asyncio.create_task(self._tick())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the ports."""
        if self._ticker is not None:
            self._ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticker
        self._rest.close()
        await self._stream.close()
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()

    def catch_up(self) -> None:
        """Bring the exchange to the time of its clock; where it runs faster than we can follow, the clock waits for us."""
        target, deadline = self.clock.now(), wall.monotonic() + _PATIENCE
        if not self.clock.speed:
            self.market.advance(target)
        while self.market.now < target:
            self.market.advance(min(target, self.market.now + 5 * SECOND))
            if wall.monotonic() > deadline:
                self.clock.hold(self.market.now)
                return

    def step(self, seconds: float) -> None:
        """Let the exchange's time pass."""
        self.step_to(self.clock.now() + int(seconds * SECOND))

    def step_to(self, instant: Nanos) -> None:
        """Let the exchange's time pass until an instant."""
        self.clock.step_to(instant)
        self.catch_up()

    async def run_to(self, instant: Nanos) -> None:
        """Let the exchange's time pass until an instant, with everybody served meanwhile."""
        while self.market.now < instant:
            self.step_to(min(instant, self.market.now + 5 * SECOND))
            await asyncio.sleep(0)
            await self._stream.drained()

    async def flushed(self) -> None:
        """Wait until clients have been sent all they are to get by now."""
        await self._stream.flushed()

    def mark(self) -> str:
        """Let the stream say how late it is, behind all that it has told; return what it says."""
        stamp = time.to_datetime(self.market.now).strftime("%Y%m%d%H%M%S")
        return self._stream.mark(stamp)

    def at(self, clock: str, day: dt.date | None = None) -> Nanos:
        """Return the instant of a Korean clock, of the exchange's day."""
        return time.at(day or self.market.day, dt.time.fromisoformat(clock))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            if self.clock.speed:
                self.catch_up()

    # --- for the servers --------------------------------------------------------------------------------------------

    def account_of(self, keys: ClientKeys) -> Account:
        """Return a client's account."""
        return self._accounts[keys.app_key]

    def account_in(self, env: Env) -> Account:
        """Return the account of an environment's first client."""
        return self.account_of(self.prod if env is Env.PROD else self.vps)

    def keys_of(self, account: Account) -> ClientKeys:
        """Return whose account it is."""
        return next(keys for keys in self.clients if self._accounts[keys.app_key] is account)

    def count_reply(self) -> int:
        """Return a number that no other reply has."""
        self._replies += 1
        return self._replies

    def master(self, name: str) -> bytes | None:
        """Return a master file, None where there is none of that name."""
        return master_file(self.market, name)

    def _account(self, keys: ClientKeys) -> Account:
        account = Account(
            keys.account, keys.product, "홍길동", self.config.cash, self.market.day, uses_margin=self.config.uses_margin
        )
        for symbol, (quantity, average) in self.config.holdings.items():
            account.transfer(symbol, quantity, average)
        return account


def _source(config: SimulatorConfig) -> DataSource:
    if config.source is not None:
        return config.source
    return _sample(config.market_seed)


@lru_cache(maxsize=2)
def _sample(seed: int) -> DataSource:
    """Return a sample market; it never changes, and what it has generated it keeps."""
    from kats_core.sources.sample import SampleParams, build

    return build(SampleParams(seed=seed))


def session_start(day: dt.date, clock: dt.time) -> Nanos:
    """Return the instant of a clock on a session; raises CalendarError on other days."""
    krx_calendar().hours(day)
    return time.at(day, clock)
