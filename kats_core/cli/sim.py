"""`kats sim`: play the broker on loopback, for our own client or anybody's, until it is stopped."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kats_core.cli import console, resolving
from kats_core.cli.console import InputError
from kats_core.cli.resolving import JsonOption
from kats_core.cli.text import t
from kats_core.sources.sample import DEFAULT_SEED

if TYPE_CHECKING:
    from kats_core.market.source import DataSource
    from kats_core.model.time import Nanos
    from kats_core.simulator.control import Action
    from kats_core.simulator.faults import Fault
    from kats_core.simulator.server import Simulator, SimulatorConfig
    from kats_core.simulator.texts import Widths

MOST_PORT = 65_535
MOST_KEYS = 20


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("sim", help=t("help_sim"))(sim)


def sim(
    port: Annotated[int, typer.Option("--port", min=0, max=MOST_PORT, help=t("help_sim_port"))] = 0,
    ws_port: Annotated[int, typer.Option("--ws-port", min=0, max=MOST_PORT, help=t("help_sim_ws_port"))] = 0,
    day: Annotated[str | None, typer.Option("--day", metavar="YYYY-MM-DD", help=t("help_sim_day"))] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="HH:MM", help=t("help_sim_at"))] = None,
    speed: Annotated[float, typer.Option("--speed", min=0.0, help=t("help_sim_speed"))] = 1.0,
    data: Annotated[list[Path] | None, typer.Option("--data", metavar="PATH", help=t("help_sim_data"))] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help=t("help_sim_seed"))] = DEFAULT_SEED,
    script: Annotated[Path | None, typer.Option("--script", metavar="FILE", help=t("help_sim_script"))] = None,
    faults: Annotated[Path | None, typer.Option("--faults", metavar="FILE", help=t("help_sim_faults"))] = None,
    fault_seed: Annotated[int, typer.Option("--fault-seed", min=0, help=t("help_sim_fault_seed"))] = 0,
    widths: Annotated[str, typer.Option("--widths", metavar="N/N/N|date", help=t("help_sim_widths"))] = "47/63/26",
    keys: Annotated[int, typer.Option("--keys", min=1, max=MOST_KEYS, help=t("help_sim_keys"))] = 1,
    cash: Annotated[int, typer.Option("--cash", min=0, help=t("help_sim_cash"))] = 100_000_000,
    no_margin: Annotated[bool, typer.Option("--no-margin", help=t("help_sim_no_margin"))] = False,
    unlimited: Annotated[bool, typer.Option("--unlimited", help=t("help_sim_unlimited"))] = False,
    as_json: JsonOption = False,
) -> None:
    """Open the ports, say where, and serve."""
    from kats_core.simulator.gateway import Pace
    from kats_core.simulator.server import SimulatorConfig

    start = _start(day, at, speed)
    config = SimulatorConfig(
        port=port,
        ws_port=ws_port,
        start=start,
        speed=speed,
        market_seed=seed,
        keys=keys,
        cash=cash,
        uses_margin=not no_margin,
        widths=_widths(widths, start),
        pace=Pace(prod=None, vps=None, token_every=0.0) if unlimited else Pace(),
        faults=_faults(faults),
        fault_seed=fault_seed,
        source=_source(data),
        script=_script(script),
    )
    asyncio.run(_serve(config, as_json=as_json))


def _start(day: str | None, at: str | None, speed: float) -> Nanos | None:
    """Return when the exchange's time begins; None is the wall clock, where nothing else was asked for."""
    from kats_core.market.calendar import CalendarError, krx_calendar
    from kats_core.model import time

    if day is None and at is None and speed == 1.0:
        return None
    calendar = krx_calendar()
    wanted = resolving.session(day, "--day")
    if wanted is None:
        today = dt.datetime.now(time.KST).date()
        wanted = today if calendar.is_session(today) else calendar.previous_session(today)
    try:
        clock = dt.time.fromisoformat(at or "08:50")
    except ValueError:
        raise InputError(t("sim_no_clock", found=at)) from None
    try:
        calendar.hours(wanted)
    except CalendarError as error:
        raise InputError(str(error)) from None
    return time.at(wanted, clock)


def _widths(text: str, start: Nanos | None) -> Widths:
    from kats_core.model import time
    from kats_core.simulator.texts import Widths

    try:
        if text == "date":
            day = dt.datetime.now(time.KST).date() if start is None else time.session_date(start)
            return Widths.on(day)
        return Widths.parse(text)
    except ValueError as error:
        raise InputError(str(error)) from None


def _faults(path: Path | None) -> tuple[Fault, ...]:
    import msgspec

    from kats_core.simulator.faults import Fault

    if path is None:
        return ()
    try:
        return tuple(msgspec.json.decode(_content(path), type=list[Fault]))
    except (msgspec.DecodeError, ValueError) as error:
        raise InputError(f"{path}: {error}") from None


def _script(path: Path | None) -> tuple[Action, ...]:
    from kats_core.simulator.control import ControlError, read_actions

    if path is None:
        return ()
    try:
        return tuple(read_actions(_content(path)))
    except ControlError as error:
        raise InputError(f"{path}: {error}") from None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


def _source(paths: list[Path] | None) -> DataSource | None:
    if not paths:
        return None
    from kats_core.sources.files import FilesParams, build

    return build(FilesParams(paths=[str(path) for path in paths]))


async def _serve(config: SimulatorConfig, *, as_json: bool) -> None:
    from kats_core.simulator.server import Simulator

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        simulator = Simulator(config)
        async with simulator:
            _announce(simulator, as_json=as_json)
            await stopped.wait()
    except OSError as error:
        raise InputError(t("sim_no_port", why=error.strerror or str(error))) from None


def _announce(simulator: Simulator, *, as_json: bool) -> None:
    from rich.text import Text

    from kats_core.model import time

    known = simulator.described()
    if as_json:
        console.out().print_json(data=known)
        return
    screen = console.out()
    moment = time.to_datetime(simulator.market.now)
    screen.print(Text(t("sim_ready", at=f"{moment:%Y-%m-%d %H:%M:%S}", speed=f"{simulator.clock.speed:g}"), "bold"))
    groups = [{name: known[name] for name in ("rest_url", "ws_url", "master_url", "control_url")}, *known["clients"]]
    for group in groups:
        for name, value in group.items():
            # Unbroken, so that a key can be copied.
            screen.print(Text.assemble((f"{name:<12}", "dim"), value), soft_wrap=True)
        screen.print()
    if not simulator.market.is_open() or not simulator.market.desk.phases:
        screen.print(Text(t("sim_closed"), "yellow"), soft_wrap=True)
    screen.print(Text(t("sim_stop"), "dim"))
