"""`kats run`: play sessions minute by minute in paper mode."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from kats_core.cli import console, operating, resolving, staging
from kats_core.cli.console import InputError
from kats_core.cli.resolving import ConfigOption, DataOption, JsonOption, SeedOption
from kats_core.cli.text import t

if TYPE_CHECKING:
    from rich.console import Console

    from kats_core.cli.audience import View
    from kats_core.cli.staging import Stage
    from kats_core.config import Resolved, Settings
    from kats_core.market.source import DataSource
    from kats_core.runtime.control import ControlServer
    from kats_core.runtime.play import Plan, Request

MINUTE_A_DAY = 390.0
"""The speed at which a usual session of 390 minutes takes one."""

AS_FAST_AS_POSSIBLE = "max"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("run", help=t("help_run"))(run)


def run(
    config: ConfigOption = None,
    data: DataOption = None,
    day: Annotated[str | None, typer.Option("--day", metavar="YYYY-MM-DD", help=t("help_day"))] = None,
    days: Annotated[int, typer.Option("--days", min=1, help=t("help_days"))] = 1,
    speed: Annotated[str | None, typer.Option("--speed", metavar="N|max", help=t("help_speed"))] = None,
    seed: SeedOption = None,
    goes_on: Annotated[bool, typer.Option("--continue", help=t("help_continue"))] = False,
    check: Annotated[bool, typer.Option("--check", help=t("help_check"))] = False,
    live: Annotated[bool, typer.Option("--live", help=t("help_run_live"))] = False,
    sim: Annotated[bool, typer.Option("--sim", help=t("help_run_sim"))] = False,
    as_json: JsonOption = False,
) -> None:
    """Plan, play, sum up."""
    first = (resolving.session if sim else resolving.day)(day, "--day")
    factor = _factor(speed)
    if sim or live:
        staging.require_alone("--sim" if sim else "--live", data, days, goes_on=goes_on)
    if sim:
        with console.busy(t("preparing")):
            stage = staging.on_simulator(config, first, seed)
        _perform(stage, speed, factor, check=check, as_json=as_json)
        return
    resolved = resolving.resolved(config, data or (), seed)
    if live or resolved.data.plugin.is_live:
        with console.busy(t("preparing")):
            stage = staging.of_today(resolved, partial(resolving.resolved, config), first, is_live=live)
        _perform(stage, speed, factor, check=check, as_json=as_json)
        return

    from kats_core.runtime.assembly import RunKind
    from kats_core.runtime.play import Request

    if first is None:
        first = resolving.sample_session(resolved)
    request = Request(kind=RunKind.RUN, first=first, days=days)
    if check:
        _check(resolved, request, as_json=as_json)
    else:
        reread = partial(resolving.resolved, config, data or (), seed)
        _play(resolved, request, speed, factor, reread, goes_on=goes_on, as_json=as_json)


def _perform(stage: Stage, speed: str | None, factor: float | None, *, check: bool, as_json: bool) -> None:
    """Check or play a session that comes as it happens."""
    if check:
        _check(stage.resolved, stage.request, stage.source, as_json=as_json)
    else:
        _play(stage.resolved, stage.request, speed, factor, stage.reread, stage, as_json=as_json)


def _factor(speed: str | None) -> float | None:
    """Return how many times faster than the clock; None means as fast as possible."""
    if speed is None or speed == AS_FAST_AS_POSSIBLE:
        return None
    try:
        factor = float(speed)
    except ValueError:
        factor = 0.0
    if not 0 < factor < float("inf"):
        raise InputError(t("no_speed", found=speed))
    return factor


def _plan(resolved: Resolved, request: Request, source: DataSource | None = None) -> Plan:
    from kats_core.runtime.play import plan

    with console.busy(t("preparing")):
        return plan(resolved, request, source=source)


def _check(resolved: Resolved, request: Request, source: DataSource | None = None, *, as_json: bool) -> None:
    from kats_core.cli import describing

    planned = _plan(resolved, request, source)
    with resolving.database(resolved.settings) as database:
        database.require_writable()
    screen = console.out()
    if as_json:
        screen.print_json(data=describing.as_json(planned))
        return
    describing.show(planned, screen)
    screen.print(t("checked"), style="green")


def _play(
    resolved: Resolved,
    request: Request,
    speed: str | None,
    factor: float | None,
    reread: Callable[[], Resolved],
    stage: Stage | None = None,
    *,
    goes_on: bool = False,
    as_json: bool,
) -> None:
    from kats_core.cli.audience import Audience
    from kats_core.cli.summary import Summary
    from kats_core.runtime.logs import LoggingWatcher, open_log
    from kats_core.runtime.play import play
    from kats_core.store.database_recorder import DatabaseRecorder
    from kats_core.store.recorder import utc_now

    planned = _plan(resolved, request, None if stage is None else stage.source)
    screen = console.out()
    if speed is None and screen.is_terminal and resolving.sample_session(resolved) is not None:
        factor = MINUTE_A_DAY
    perform = None if stage is None else stage.perform
    summary = Summary()
    with resolving.database(resolved.settings) as database, _control(resolved.settings) as control:
        try:
            settings = resolved.settings
            with (
                open_log(settings.kats_home / "logs", settings.log_level, utc_now()) as log,
                _view(screen, factor, control, is_quiet=as_json) as view,
            ):
                watcher = LoggingWatcher(Audience(view, summary), log)
                recorder = DatabaseRecorder(database)
                finished = play(planned, recorder, watcher, utc_now, control, reread, goes_on=goes_on, perform=perform)
        except KeyboardInterrupt:
            console.err().print(t("stopped"), style="yellow")
            raise typer.Exit(console.FAILED) from None
    summary.begin_with(finished.kept)
    if as_json:
        screen.print_json(data=summary.as_json(finished))
    else:
        summary.show(finished, screen)


@contextmanager
def _control(settings: Settings) -> Iterator[ControlServer | None]:
    """Listen to `kats halt` and its like; a run on recorded data goes on without where it cannot."""
    from kats_core.runtime.control import ControlError, ControlServer, socket_path

    with ExitStack() as stack:
        control = None
        try:
            control = stack.enter_context(ControlServer(socket_path(settings.kats_home)))
        except ControlError as error:
            console.err().print(t("no_control", why=operating.said(error)), style="yellow", soft_wrap=True)
        if control is not None:
            stack.enter_context(_on_hangup(control))
        yield control


@contextmanager
def _on_hangup(control: ControlServer) -> Iterator[None]:
    """Read the configuration again on SIGHUP; only the main thread may listen to signals."""
    if not hasattr(signal, "SIGHUP") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGHUP, lambda *_: control.note("reload", "SIGHUP"))
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def _view(screen: Console, factor: float | None, control: ControlServer | None, *, is_quiet: bool) -> View:
    from kats_core.cli.audience import Quiet
    from kats_core.cli.live import LiveView
    from kats_core.cli.pace import Pace
    from kats_core.cli.plain import PlainView

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        if control is not None:
            control.serve()

    pace = Pace(factor, time.monotonic, sleep)
    if is_quiet:
        return Quiet()
    return LiveView(screen, pace) if screen.is_terminal else PlainView(screen, pace)
