"""Measure one signal through the installed risk stages, with everything the audit keeps.

The account holds three positions and has one entry on order; the stages let the signal pass, so that all are asked. What the
account has in use is measured once until it changes, as the engine does it. Beside it, in the same run: the first signal after
a change, the stages asked without any record, and the bare loop of as many stages that only approve.

```
python benchmarks/pipeline.py
python benchmarks/pipeline.py --profile
```
"""

from __future__ import annotations

import cProfile
import pstats
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import _machine
import msgspec

from kats_core.api import EventDay, Phase, Proposal, StageContext, StageTraits, Verdict, approve
from kats_core.engine.facts import Facts
from kats_core.engine.pipeline import Context, LimitsReader, StageInstance, run
from kats_core.market.vi import ViState
from kats_core.model import fact
from kats_core.model.fact import Fact
from kats_core.model.kinds import Decision, FactSource, Profile
from kats_core.plugins import PluginKind, installed, load
from kats_core.risk.contract import EquityMarked
from kats_core.risk.exposure import Exposure, measure
from kats_core.risk.limits import Limits
from kats_core.testing import HOURS, NOW, SESSION, position, proposal, reservation

ORDER = (
    "position-sizer", "drawdown-protocol", "daily-kill-switch", "grade-allocator", "sector-limit", "event-guard",
    "global-position-lock", "vi-guard", "margin-guard",
)  # fmt: skip
ROUNDS, SIGNALS = 500, 20

KNOWN = {
    fact.EQUITY: 100_000_000,
    fact.EQUITY_DAY: 100_400_000,
    fact.CASH_FLOW: 0,
    fact.EQUITY_MONTH: 99_000_000,
    fact.EQUITY_PEAK: 101_000_000,
    fact.REALISED_MONTH: 1_000_000,
    fact.ORDERABLE_CASH: 60_000_000,
    fact.REGIME: "BULL",
    fact.GRADE: "A",
    fact.STARS: 5,
    fact.SECTOR: "전기전자",
    fact.VI_STATE: ViState.NORMAL.value,
    fact.VI_UPPER: 45_000,
    fact.EVENTS: EventDay(session=SESSION).as_text(),
}


class Passes:
    """A stage that only approves."""

    def check(self, asked: Proposal, context: StageContext) -> Verdict:
        return approve(asked.quantity or 1)


def real_stages() -> tuple[StageInstance, ...]:
    """Return the installed stages in the order of the house."""
    loaded = load([(PluginKind.RISK_STAGE, name) for name in ORDER], installed())
    for problem in loaded.problems:
        print(f"left out: {problem}")
    found = [loaded.descriptors.get((PluginKind.RISK_STAGE, name)) for name in ORDER]
    stages = [StageInstance(one.name, one.name, one.build(one.params()), one.traits) for one in found if one]
    for one in stages:
        if hasattr(one.stage, "on_event"):
            one.stage.on_event(MARKED)
    return tuple(stages)


def trivial_stages(count: int) -> tuple[StageInstance, ...]:
    """Return as many stages that only approve, the first as one that sizes."""
    traits = [StageTraits(phase=Phase.SIZE), *[StageTraits()] * (count - 1)]
    return tuple(StageInstance(f"stage-{n}", f"stage-{n}", Passes(), one) for n, one in enumerate(traits))


def context(reader: LimitsReader, measured: Exposure | None = None) -> Context:
    """Return the moment at which a signal comes, as the engine makes it for each; `measured` while the account is as it was."""
    return Context(
        now=NOW,
        hours=HOURS,
        symbol="005930",
        positions=HELD,
        open_orders=(),
        reservations=ON_ORDER,
        prices=PRICES,
        facts=FACTS,
        limits=reader,
        profile=Profile.FLOW,
        measured=measured,
    )


MARKED = EquityMarked(NOW, 100_000_000, 100_400_000, 0, 99_000_000, 0, 101_000_000, 1_000_000)
HELD = tuple(position(symbol=f"{n:05d}0", quantity=60, sector=f"{n % 3}", grade="BC"[n % 2]) for n in range(4, 7))
ON_ORDER = tuple(reservation(symbol=f"{n:05d}0", quantity=20, sector="화학", order_id=n, grade="C") for n in (7,))
PRICES = {one.symbol: 39_000 for one in HELD}
FACTS = Facts()
FACTS.update(Fact(name, value, NOW, FactSource.FEED) for name, value in KNOWN.items())


def microseconds(cases: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return what one signal takes in each case, the median of short rounds in which the cases take turns."""
    spent: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(ROUNDS):
        for name, case in cases.items():
            started = time.perf_counter()
            for _ in range(SIGNALS):
                case()
            spent[name].append((time.perf_counter() - started) / SIGNALS)
    return {name: statistics.median(seconds) * 1e6 for name, seconds in spent.items()}


def without_record(
    asked: Proposal, stages: Sequence[StageInstance], reader: LimitsReader, known: Exposure | None = None
) -> None:
    """Ask one stage after the other with the quantity of the first, and keep nothing."""
    moment = context(reader, known)
    for stage in stages:
        moment.begin_stage()
        stage.stage.check(asked, moment)  # type: ignore[arg-type]  # LimitsReader stands for Limits


def main() -> None:
    """Print the figures."""
    _machine.print_header(msgspec=msgspec.__version__)
    stages, reader, asked = real_stages(), LimitsReader(Limits()), proposal(position_hint=0.1)
    outcome = run(asked, stages, context(reader), 1)
    trail = ", ".join(f"{one.stage} {one.decision.value}" for one in outcome.records)
    print(f"{len(stages)} stages: {trail}")
    if outcome.verdict.decision not in (Decision.APPROVE, Decision.RESIZE):
        raise SystemExit(f"not all stages were asked: {outcome.verdict}")
    facts, limits = (sum(len(getattr(one, name)) for one in outcome.records) for name in ("facts", "limits"))
    print(f"a trail of {len(outcome.records)} records with {facts} facts and {limits} limits")

    sized, plain = outcome.proposal, trivial_stages(len(stages))
    known = measure(HELD, ON_ORDER, PRICES.get)
    cases = {
        f"{len(stages)} real stages, full audit": lambda: run(asked, stages, context(reader, known), 1),
        "the first signal after the account changed": lambda: run(asked, stages, context(reader), 1),
        "the same stages, nothing recorded": lambda: without_record(sized, stages, reader, known),
        f"{len(plain)} trivial stages, full audit": lambda: run(asked, plain, context(reader, known), 1),
        f"bare loop of the {len(plain)} trivial stages": lambda: without_record(asked, plain, reader, known),
    }
    for name, one in microseconds(cases).items():
        print(f"{name:<44}{one:8.1f} us a signal")
    if "--profile" in sys.argv:
        profiler = cProfile.Profile()
        profiler.runcall(lambda: [run(asked, stages, context(reader, known), 1) for _ in range(5_000)])
        pstats.Stats(profiler).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
