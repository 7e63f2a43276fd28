"""Set the stage for a session that comes as it happens: on the built-in simulator, or of today."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kats_core.cli.console import InputError
from kats_core.cli.text import label, language, t

if TYPE_CHECKING:
    from kats_core.config import Resolved
    from kats_core.market.source import DataSource
    from kats_core.runtime.play import Perform, Request

FIRST_CALL = dt.time(7)
"""The broker is at work on its servers until then (`spec/ops.md` section 2)."""

BEGINS = dt.time(8, 50)
"""When a session is prepared; the exchange's clock starts there."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A session on the simulator, ready to be planned."""

    resolved: Resolved
    request: Request
    source: DataSource
    perform: Perform

    again: Callable[[], Resolved]

    def reread(self) -> Resolved:
        """Return the configuration again."""
        return self.again()


def on_simulator(config: Path | None, first: dt.date | None, seed: int | None) -> Stage:
    """Set the stage for a session of the sample market; raises InputError for a day that is none."""
    from kats_core.config import resolve
    from kats_core.market.calendar import CalendarError, krx_calendar
    from kats_core.model import time
    from kats_core.runtime.assembly import RunKind, open_source
    from kats_core.runtime.play import Request
    from kats_core.runtime.simulated import performed, simulated_source
    from kats_core.simulator.gateway import Pace
    from kats_core.simulator.server import SimulatorConfig
    from kats_core.sources.sample import default_session

    day = first or default_session()
    try:
        krx_calendar().hours(day)
    except CalendarError as error:
        raise InputError(str(error)) from None
    overrides: dict[str, Any] = {"data": {"use": "sample"}, "broker": {"use": "kis"}}
    if seed is not None:
        overrides["data.params.seed"] = seed
    resolved = resolve(config, overrides=overrides, environ=os.environ, cwd=Path.cwd())
    past = open_source(resolved)
    setting = SimulatorConfig(
        start=time.at(day, BEGINS), speed=0.0, cash=resolved.capital, pace=Pace(token_every=0.0), source=past
    )
    source = simulated_source(setting, past, resolved.settings.kats_home)
    request = Request(kind=RunKind.SIM, first=day, days=1)
    return Stage(resolved, request, source, performed(setting), lambda: resolved)


def of_today(resolved: Resolved, again: Callable[[], Resolved], first: dt.date | None, *, is_live: bool) -> Stage:
    """Set the stage for today's session: with real orders where `is_live`, else on paper.

    Raises:
        InputError: real orders are asked for and not everything agrees, or the broker is the real one; the broker is not to be
            called yet, or lacks something that a session needs.
        SourceError: there is no session today, or no history of it.
    """
    from kats_core.kis.source import KisSource
    from kats_core.model import time
    from kats_core.runtime.assembly import RunKind, open_source
    from kats_core.runtime.live_session import clock_of, looked_over, performed_now, session_of
    from kats_core.runtime.play import Request

    if is_live:
        _require_live(resolved)
    source = open_source(resolved)
    clock = clock_of(source)
    if isinstance(source, KisSource) and time.clock(clock.now()) < FIRST_CALL:
        raise InputError(t("live_too_early", first=f"{FIRST_CALL:%H:%M}"))
    session = session_of(clock)
    if first not in (None, session):
        raise InputError(t("live_today", day=first, session=session))
    if isinstance(source, KisSource):
        failed = looked_over(source, session, clock.now(), lambda _: None)
        if failed:
            found = "; ".join(f"{label(one.step)}: {one.text(language())}" for one in failed)
            raise InputError(t("live_unfit", found=found))
    request = Request(kind=RunKind.LIVE if is_live else RunKind.PAPER, first=session, days=1)
    return Stage(resolved, request, source, performed_now(clock), again)


def _require_live(resolved: Resolved) -> None:
    """Refuse real orders unless file, environment and command line agree, and with the real broker in any case."""
    from kats_core.kis.settings import keys_of

    if resolved.mode != "live":
        raise InputError(t("live_mode"))
    if not (resolved.data.plugin.is_live and resolved.broker.plugin.is_remote):
        raise InputError(t("live_plugins", data=resolved.data.use, broker=resolved.broker.use))
    if any(value is not None for value in resolved.assume.model_dump().values()):
        raise InputError(t("live_assume"))
    if keys_of(resolved.settings, account=True, hts_id=True).calls_the_broker:
        raise InputError(t("live_not_yet"))


def require_alone(option: str, data: object, days: int, *, goes_on: bool) -> None:
    """Refuse options that a session which comes as it happens has no use for."""
    for other, is_given in (("--data", bool(data)), ("--days", days != 1), ("--continue", goes_on)):
        if is_given:
            raise InputError(t("live_alone", option=option, other=other))
