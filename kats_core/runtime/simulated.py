"""Let a run have the simulator for its broker: over real sockets of this machine, and by the exchange's own clock.

Time goes in steps. Each waits until all that the step before has caused is over: every call answered, every registration proven,
every text of the stream taken in. So a day passes as fast as the two of them can work, and the same day always in the same way.
"""

from __future__ import annotations

import asyncio
import heapq
import time as wall
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import SecretStr

from kats_core.kis.broker import KisBroker
from kats_core.kis.listening import Listener
from kats_core.kis.settings import CEILING, Keys
from kats_core.kis.source import KisSource
from kats_core.kis.stream.feed import open_socket
from kats_core.kis.stream.session import Surroundings
from kats_core.kis.wire.orders import Account
from kats_core.market.source import DataSource
from kats_core.model import time
from kats_core.model.time import Nanos
from kats_core.runtime.assembly import App
from kats_core.runtime.live import drive
from kats_core.runtime.live_day import LiveDay
from kats_core.runtime.play import Perform
from kats_core.simulator.keys import Env, client_keys
from kats_core.simulator.server import Simulator, SimulatorConfig

STEP: Nanos = time.SECOND
_TURNS = 4
PATIENCE_S = 30.0
"""How long a step may take on the wall's clock; longer means that something hangs."""

PROOF_S = 0.5
"""How long an answer of the stream takes at most, on the wall's clock: one that is lost is asked for again in the exchange's time."""


class SimulatorError(RuntimeError):
    """A step of the simulator never came to an end."""


@dataclass(slots=True)
class SteppedTime:
    """The clock of a run on the simulator: the exchange's own, a second at a time."""

    simulator: Simulator
    lag: Nanos = field(init=False, default=0)
    _now: Nanos = field(init=False)
    _sleepers: list[tuple[Nanos, int, asyncio.Future[None]]] = field(init=False, default_factory=list)
    _count: int = field(init=False, default=0)
    is_quiet: Callable[[], bool] = field(init=False, default=lambda: True)
    """Whether no call that the last step has caused is under way, nothing waits to be read, and nobody is about to connect."""
    is_proven: Callable[[], bool] = field(init=False, default=lambda: True)
    """Whether the stream has answered every registration."""
    heard_until: Callable[[], str | None] = field(init=False, default=lambda: None)
    """The newest mark of the stream that has come on each connection; None while there is no connection."""
    is_passed_on: Callable[[], bool] = field(init=False, default=lambda: True)
    """Whether all that has come on the stream was passed on to the session."""

    def __post_init__(self) -> None:
        self._now = self.simulator.market.now

    def clock(self) -> Nanos:
        """Return the exchange's time."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Return when so much of the exchange's time has passed."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        self._count += 1
        sleeper = self._now + int(seconds * time.SECOND), self._count, asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, sleeper)
        await sleeper[2]

    async def advance(self, arrived: asyncio.Event) -> Nanos:
        """Let a second pass on the exchange, and wait until all that was told in it has been heard."""
        await self._until_settled()
        instant = self._now + STEP
        self.simulator.step_to(instant)
        self._now, mark = instant, self.simulator.mark()
        while self._sleepers and self._sleepers[0][0] <= instant:
            _, _, sleeper = heapq.heappop(self._sleepers)
            if not sleeper.done():
                sleeper.set_result(None)
        # Whoever was woken gets his turn, and whoever he wakes: then it can be seen what is under way.
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        await self._until(lambda: self._has_heard(mark))
        return instant

    def _has_heard(self, mark: str) -> bool:
        heard = self.heard_until()
        return (heard is None or heard >= mark) and self.is_passed_on()

    async def _until_settled(self) -> None:
        """Wait until all is quiet and proven; for proofs alone no longer than they take to come."""
        given_up = wall.monotonic() + PROOF_S
        while True:
            await self._until(self.is_quiet)
            if self.is_proven() or wall.monotonic() > given_up:
                return
            await asyncio.sleep(0)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        given_up = wall.monotonic() + PATIENCE_S
        while not is_so():
            if wall.monotonic() > given_up:
                raise SimulatorError(f"nothing has moved for {PATIENCE_S:g} s at {time.to_datetime(self._now)}")
            await asyncio.sleep(0)


def simulated_source(config: SimulatorConfig, past: DataSource, home: Path) -> KisSource:
    """Return a source whose history is `past` and whose stream is that of a simulator, which is not there yet."""
    own = client_keys(Env.PROD, config.seed)
    keys = Keys(
        env="prod",
        app_key=SecretStr(own.app_key),
        app_secret=SecretStr(own.app_secret),
        rest_url="",
        stream_url="",
        master_url="",
        account=Account(number=own.account, product=own.product),
        hts_id=own.hts_id,
        calls_per_second=CEILING,
    )
    return KisSource(past, Listener(keys, home))


def performed(config: SimulatorConfig) -> Perform:
    """Return what lets a session of a `simulated_source` happen on its simulator."""

    def perform(day: LiveDay, app: App) -> None:
        source, broker = app.source, app.broker
        if not (isinstance(source, KisSource) and isinstance(broker, KisBroker)):
            raise SimulatorError("a run on the simulator needs the broker kis")
        asyncio.run(on_simulator(Simulator(config), day, source, broker))

    return perform


async def on_simulator(simulator: Simulator, day: LiveDay, source: KisSource, broker: KisBroker) -> None:
    """Let a prepared session happen on a simulator, from the moment at which its clock stands."""
    async with simulator:
        listener, clock = source.listener, SteppedTime(simulator)
        listener.keys = replace(
            listener.keys,
            rest_url=simulator.rest_url,
            stream_url=simulator.ws_url,
            master_url=simulator.master_url,
        )
        listener.around = Surroundings(clock=clock.clock, sleep=clock.sleep, connect=open_socket, spacing_s=0.0)
        clock.is_quiet = lambda: listener.is_quiet and broker.is_settled
        clock.is_proven = lambda: listener.is_proven
        clock.heard_until = lambda: listener.last_ping
        clock.is_passed_on = lambda: listener.is_passed_on
        await drive(day, source, broker, clock)
