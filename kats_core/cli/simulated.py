"""`kats run --sim`: a session through the built-in simulator, by the broker's own protocol and over real sockets."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kats_core.cli.console import InputError
from kats_core.cli.text import t

if TYPE_CHECKING:
    from kats_core.config import Resolved
    from kats_core.market.source import DataSource
    from kats_core.runtime.play import Perform, Request

BEGINS = dt.time(8, 50)
"""When a session is prepared; the exchange's clock starts there."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A session on the simulator, ready to be planned."""

    resolved: Resolved
    request: Request
    source: DataSource
    perform: Perform

    def reread(self) -> Resolved:
        """Return the configuration again; what the simulator is stays as it is."""
        return self.resolved


def stage(config: Path | None, first: dt.date | None, seed: int | None) -> Stage:
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
    return Stage(resolved, Request(kind=RunKind.SIM, first=day, days=1), source, performed(setting))


def require_alone(data: object, days: int, *, goes_on: bool) -> None:
    """Refuse options that a session on the simulator has no use for."""
    for option, is_given in (("--data", bool(data)), ("--days", days != 1), ("--continue", goes_on)):
        if is_given:
            raise InputError(t("sim_alone", option=option))
