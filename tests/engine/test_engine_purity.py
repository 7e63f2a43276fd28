"""The engine reads no clock, socket, file, environment or random number, and needs neither pandas nor TA-Lib."""

from __future__ import annotations

import builtins
import datetime
import io
import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kats_core.model.record import FillRecord, TradeRecord

if TYPE_CHECKING:
    from conftest import Desk, House


class PoisonError(BaseException):
    """Not an Exception, so that no guard around a plugin can swallow it."""


def poisoned(*args: Any, **kwargs: Any) -> Any:
    raise PoisonError


class PoisonedClock(datetime.datetime):
    now = today = utcnow = classmethod(poisoned)


class PoisonedDate(datetime.date):
    today = classmethod(poisoned)


class PoisonedEnvironment(dict[str, str]):
    __getitem__ = get = __contains__ = __iter__ = poisoned


def poison(patch: pytest.MonkeyPatch) -> None:
    """Let every way to the outside raise."""
    for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "sleep", "localtime"):
        patch.setattr(time, name, poisoned)
    for name in ("random", "randrange", "randint", "choice", "uniform", "seed", "getrandbits"):
        patch.setattr(random, name, poisoned)
    patch.setattr(random.Random, "random", poisoned)
    patch.setattr(os, "urandom", poisoned)
    patch.setattr(os, "getenv", poisoned)
    patch.setattr(os, "environ", PoisonedEnvironment())
    patch.setattr(os, "open", poisoned)
    patch.setattr(builtins, "open", poisoned)
    patch.setattr(io, "open", poisoned)
    patch.setattr(socket, "socket", poisoned)
    patch.setattr(subprocess, "Popen", poisoned)
    patch.setattr(datetime, "datetime", PoisonedClock)
    patch.setattr(datetime, "date", PoisonedDate)


def test_the_poison_works() -> None:
    """What the next test forbids really raises."""
    with pytest.MonkeyPatch.context() as patch:
        poison(patch)
        attempts = (time.time, random.random, datetime.datetime.now, lambda: os.environ["HOME"], Path(os.devnull).open)
        raised = 0
        for attempt in attempts:
            try:
                attempt()
            except PoisonError:
                raised += 1
    assert raised == len(attempts)


def test_whole_days_pass_without_a_look_outside(house: type[House]) -> None:
    """Days of minute bars and of daily bars, with real strategy and stages: the same bytes, poisoned or not."""
    panel = house.random_panel(7, 25, 8)
    minutes = [house.random_minutes(7, panel, panel.sessions[-1])]

    def desk() -> Desk:
        plan = house.Buyer(cap=0, stop=98, time_exit=house.clock_exit())
        return house.Desk(strategies=(house.breakout(), house.instance(plan)), stages=house.real_stages())

    free = desk().play(panel, days=panel.sessions[6:-1]).play(panel, minutes)
    with pytest.MonkeyPatch.context() as patch:
        poison(patch)
        bound = desk().play(panel, days=panel.sessions[6:-1]).play(panel, minutes)
        log = bound.log
    assert log == free.log
    assert len(bound.kept(FillRecord)) > 20
    assert len(bound.kept(TradeRecord)) > 10


DAY = """
import sys
import datetime as dt
sys.path.insert(0, {folder!r})
import conftest
panel = conftest.random_panel(7, 12, 4)
minutes = [conftest.random_minutes(7, panel, panel.sessions[-1])]
desk = conftest.Desk(strategies=(conftest.breakout(),), stages=conftest.real_stages())
desk.play(panel, days=panel.sessions[6:-1]).play(panel, minutes)
assert desk.records
heavy = {{"pandas", "talib", "sqlalchemy", "httpx", "asyncio.events"}} & set(sys.modules)
print(sorted(heavy - {{"asyncio.events"}}))
"""


def test_a_day_needs_neither_pandas_nor_ta_lib(request: pytest.FixtureRequest) -> None:
    """In a process of its own: they are never imported."""
    folder = str(request.config.rootpath / "tests")
    program = [sys.executable, "-c", DAY.format(folder=folder)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)  # noqa: S603  # the program above
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "[]", "")
