"""Before a session: everything that it needs at the broker is looked at, and a day on which the broker is closed brings no entry."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from kats_core.cli import staging
from kats_core.cli.console import InputError
from kats_core.config import resolve
from kats_core.kis.archive import Archive
from kats_core.kis.checkup import Step
from kats_core.kis.listening import Listener
from kats_core.kis.settings import Keys
from kats_core.kis.source import KisSource
from kats_core.kis.wire.orders import Account
from kats_core.market.calendar import krx_calendar
from kats_core.model import fact, time
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import TradingState
from kats_core.runtime.days import DayPlayer, Market
from kats_core.runtime.inputs import Delivered, Given, Inputs
from kats_core.runtime.live_session import looked_over
from kats_core.runtime.pump import Pump
from kats_core.simulator.control import Declare, act
from kats_core.simulator.faults import Fault, FaultKind
from kats_core.simulator.gateway import Pace
from kats_core.simulator.server import Simulator, SimulatorConfig
from kats_core.sources.sample.market import SampleSource

if TYPE_CHECKING:
    from conftest import House

SOURCE = SampleSource(7, 60)
DAY = dt.date(2024, 12, 12)
SYMBOLS = ("990010", "990420", "990550")
EARLY = time.at(DAY, dt.time(8, 30))


@contextmanager
def served(**changes: Any) -> Iterator[Simulator]:
    """Let a simulator serve from a thread of its own."""
    settings: dict[str, Any] = {"start": EARLY, "speed": 0.0, "pace": Pace(token_every=0.0), "source": SOURCE}
    simulator = Simulator(SimulatorConfig(**settings | changes))
    ready, done, loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()

    async def serve() -> None:
        async with simulator:
            ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(60)
        yield simulator
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(60)
        loop.close()


def source_of(simulator: Simulator, home: Path, **changes: Any) -> KisSource:
    own = simulator.vps if changes.get("env") == "vps" else simulator.prod
    settings: dict[str, Any] = {
        "env": "prod",
        "app_key": SecretStr(own.app_key),
        "app_secret": SecretStr(own.app_secret),
        "rest_url": simulator.rest_url,
        "stream_url": simulator.ws_url,
        "master_url": simulator.master_url,
        "account": Account(number=own.account, product=own.product),
        "hts_id": own.hts_id,
        "calls_per_second": 18.0,
    }
    return KisSource(SOURCE, Listener(Keys(**settings | changes), home))


def test_all_is_well_and_the_broker_says_that_the_day_is_a_session(tmp_path: Path) -> None:
    """Token, approval key, clock, quote, balance, day; and the engine will be told of the day."""
    seen: list[Step] = []
    with served() as simulator:
        source = source_of(simulator, tmp_path)
        assert looked_over(source, DAY, EARLY, seen.append) == []
    assert seen == [Step.TOKEN, Step.APPROVAL, Step.CLOCK, Step.QUOTE, Step.BALANCE, Step.CALENDAR]
    assert [(one.name, one.value) for one in source.asked] == [(fact.EXCHANGE_OPEN, True)]


def test_the_day_is_asked_for_once(tmp_path: Path) -> None:
    """As the broker wishes: a second start on the same day reads what was kept."""
    with served() as simulator:
        looked_over(source_of(simulator, tmp_path), DAY, EARLY, lambda _: None)
        simulator.faults.add([Fault(kind=FaultKind.ERROR, where="chk_holiday")])
        again = source_of(simulator, tmp_path)
        assert looked_over(again, DAY, EARLY, lambda _: None) == []
        assert [one.value for one in again.asked] == [True]
        assert simulator.faults.listed()[0][1] == 0


@pytest.mark.parametrize(
    ("fault", "step"),
    [
        (Fault(kind=FaultKind.MAINTENANCE, where="/oauth2/tokenP"), Step.TOKEN),
        (Fault(kind=FaultKind.HTML, where="/oauth2/Approval"), Step.APPROVAL),
        (Fault(kind=FaultKind.ERROR, where="inquire_price", code="EGW00202"), Step.QUOTE),
        (Fault(kind=FaultKind.ERROR, where="inquire_balance", code="EGW00202"), Step.BALANCE),
        (Fault(kind=FaultKind.ERROR, where="chk_holiday", code="EGW00202"), Step.CALENDAR),
        (Fault(kind=FaultKind.EMPTY, where="chk_holiday"), Step.CALENDAR),
    ],
    ids=lambda one: one.value if isinstance(one, Step) else one.kind.value,
)
def test_what_is_missing_forbids_the_session(tmp_path: Path, fault: Fault, step: Step) -> None:
    """A day of which the broker does not say whether it is one, too."""
    with served(faults=(fault,)) as simulator:
        failed = looked_over(source_of(simulator, tmp_path), DAY, EARLY, lambda _: None)
    assert [one.step for one in failed] == [step]


def test_the_mock_server_is_not_asked_what_it_does_not_know(tmp_path: Path) -> None:
    """Its calendar is the table alone."""
    with served() as simulator:
        source = source_of(simulator, tmp_path, env="vps", calls_per_second=1.0)
        assert looked_over(source, DAY, EARLY, lambda _: None) == []
    assert source.asked == []


def test_a_day_that_the_broker_holds_closed_brings_no_entry_and_people_are_told(
    house: type[House], tmp_path: Path
) -> None:
    """The answer of its inquiry reaches the engine, which enters nothing, loudly; exits would go on."""
    with served() as simulator:
        act(simulator, Declare(day=DAY, is_session=False))
        source = source_of(simulator, tmp_path)
        assert looked_over(source, DAY, EARLY, lambda _: None) == []
    assert [one.value for one in source.asked] == [False]
    desk = house.Desk(strategies=(house.instance(house.Buyer(cap=0, stop=90), "buyer", ttl_s=60),), session=DAY)
    panel = SOURCE.history(None, krx_calendar().previous_session(DAY))
    player = DayPlayer(
        engine=desk.engine,
        pump=Pump(desk.engine, desk.broker, desk.records.extend, desk.notices.append),
        market=Market(
            panel=panel,
            instruments={i.symbol: i for i in panel.instruments},
            calendar=krx_calendar(),
            scope=desk.scope,
            inputs=Inputs(panel.symbols, (Delivered(source), Given(house.assumed()))),
        ),
        strategies=desk.strategies,
        keep=desk.records.extend,
    )
    player.live(DAY, SYMBOLS)
    assert desk.engine.trading_state is TradingState.REDUCING
    assert str(CoreCode.CALENDAR_DISAGREES) in [notice.code for notice in desk.notices]


@pytest.mark.parametrize(("clock", "words"), [(dt.time(6, 30), "07:00"), (dt.time(8, 30), "EGW00105")])
def test_a_start_says_what_keeps_it(tmp_path: Path, clock: dt.time, words: str) -> None:
    """No call at all before seven, when the broker may be at work; a wrong secret is told with what to look at."""
    with served(start=time.at(DAY, clock), speed=1.0, source=None) as simulator:
        folder = tmp_path / "kis" / "simulator" / "data"
        folder.mkdir(parents=True)
        write_history(folder)
        environment = {
            "KATS_HOME": str(tmp_path),
            "KIS_ENV": "prod",
            "KIS_APP_KEY": simulator.prod.app_key,
            "KIS_APP_SECRET": "x" * 180,
            "KIS_ACCOUNT_NO": simulator.prod.account,
            "KIS_HTS_ID": simulator.prod.hts_id,
            "KIS_REST_URL": simulator.rest_url,
            "KIS_WS_URL": simulator.ws_url,
            "KIS_MASTER_URL": simulator.master_url,
        }
        path = tmp_path / "kats.yaml"
        path.write_text("version: 1\nmode: live\ndata: {use: kis}\nbroker: {use: kis}\n")
        resolved = resolve(path, environ=environment, cwd=tmp_path)
        with pytest.raises(InputError, match=words):
            staging.of_today(resolved, lambda: resolved, None, is_live=True)


def write_history(folder: Path) -> None:
    """Write two sessions of one symbol, as a download would."""
    archive, last = Archive(folder), krx_calendar().previous_session(DAY)
    first = krx_calendar().previous_session(last)
    bar = {"symbol": "990010", "open": 100, "high": 110, "low": 90, "close": 100, "volume": 10, "value": 1_000}
    archive.put("daily_adjusted", "990010", [bar | {"date": day} for day in (first, last)], (first, last))
    archive.save()
