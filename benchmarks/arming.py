"""Measure arming: one evening of a whole market, with every strategy that is installed.

```
python benchmarks/arming.py
python benchmarks/arming.py --symbols 500 --profile
```

Cold: the panel has just been read, so whoever asks first pays for what all share. Warm: the evening was screened before, so
sums, extremes and what reports say exist; nothing that strategies judge does. Times are the processor's.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import TypeVar

import _machine
import backtests
import market
import numpy as np

from kats_core.config import Resolved
from kats_core.engine.state import StrategyInstance
from kats_core.market.calendar import krx_calendar
from kats_core.market.conditions import market_conditions
from kats_core.market.panel import Panel
from kats_core.model.time import at
from kats_core.runtime import screening as screens
from kats_core.runtime.arming import ArmingDesk
from kats_core.runtime.assembly import strategies_of
from kats_core.runtime.inputs import PREPARED, Approximated, Assumed, Inputs, Listed, MarketState, SessionInputs
from kats_core.runtime.screening import Screening

Made = TypeVar("Made")


class Evening:
    """The evening behind the last session of a panel, for some strategies."""

    def __init__(self, resolved: Resolved, panel: Panel, strategies: tuple[StrategyInstance, ...]) -> None:
        self.panel = replace(panel)
        self.strategies = strategies
        self._resolved = resolved
        following = panel.next_session[-1]
        if following is None:
            raise ValueError("the panel arms for no session")
        self.session = following

    def screened(self) -> tuple[Screening, SessionInputs]:
        """Screen the market, and ask all providers."""
        calendar, panel, resolved = krx_calendar(), self.panel, self._resolved
        conditions = market_conditions(panel.indices, panel, calendar, self.session, resolved.regime, resolved.pulse)
        screening = screens.build(panel, resolved.universe, self.strategies, conditions)
        if screening is None or conditions is None:
            raise ValueError("the panel has no shares, or no index")
        state = MarketState(conditions, calendar)
        providers = (state, screening, Listed(panel), Approximated(), Assumed(resolved.assume, panel.symbols))
        return screening, Inputs(panel.symbols, providers).of_session(self.session, at(self.session, PREPARED))

    def armed(self, screening: Screening, inputs: SessionInputs) -> dict[str, int]:
        """Arm every strategy for the session; return how many symbols each arms, and what went wrong."""
        faults: list[str] = []
        desk = ArmingDesk(
            self.panel,
            self.strategies,
            lambda one, error: faults.append(f"{one.name}: {error}"),
            screening=screening,
            first=self.session,
        )
        setups = desk.for_session(self.session, inputs)
        if faults:
            raise ValueError("; ".join(faults))
        return {one.name: len({s.symbol for s in setups if s.instance == one.name}) for one in self.strategies}


def every_strategy() -> Resolved:
    """Return a configuration that names every strategy that is installed."""
    data = {"use": "files", "params": {"paths": ["."]}}
    return backtests.configured(
        None, {"data": data, "strategies": [{"use": name} for name in backtests.strategy_names()]}
    )


def timed(what: str, work: Callable[[], Made]) -> tuple[Made, float]:
    """Do the work, print and return its seconds of the processor."""
    started = time.process_time()
    made = work()
    seconds = time.process_time() - started
    print(f"    {what:<52}{seconds:8.3f} s")
    return made, seconds


def main() -> None:
    """Print the figures of one evening."""
    options = argparse.ArgumentParser(description="measure arming")
    options.add_argument("--symbols", type=int, default=2_500)
    options.add_argument("--sessions", type=int, default=750)
    options.add_argument("--profile", action="store_true", help="say where the time goes, which costs time itself")
    asked = options.parse_args()
    _machine.print_header(numpy=np.__version__)
    resolved = every_strategy()
    strategies = strategies_of(resolved)
    panel = market.market(asked.symbols, asked.sessions)
    small = Evening(resolved, market.market(100, 500), strategies)
    small.armed(*small.screened())  # imports and first calls are not measured
    print(f"{asked.symbols:,} symbols, {asked.sessions:,} sessions, {len(strategies)} strategies")

    evening = Evening(resolved, panel, strategies)
    print("one after the other on a cold panel")
    cold = replace(panel).asked_for(evening.session)
    taken = [timed(one.name, lambda one=one: one.strategy.arm(cold))[1] for one in strategies]
    print(f"    {'together':<52}{sum(taken):8.3f} s")

    print("the evening as the runtime arms it")
    (screening, inputs), screened = timed("conditions, screen, inputs", evening.screened)
    with cProfile.Profile(time.process_time) if asked.profile else nullcontext() as profile:
        counts, armed = timed("all strategies armed, on a warm panel", lambda: evening.armed(screening, inputs))
    print(f"    {'together':<52}{screened + armed:8.3f} s")
    print("    armed: " + ", ".join(f"{name} {count}" for name, count in counts.items() if count))
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)


if __name__ == "__main__":
    main()
