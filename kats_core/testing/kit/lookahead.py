"""Replace the future by other data and see whether anything that was decided before it changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kats_core.market.panel import Panel
from kats_core.strategy.contract import Setups
from kats_core.testing.kit import markets
from kats_core.testing.kit.arms import ArmError, Difference, arm, difference, focus
from kats_core.testing.kit.findings import Report
from kats_core.testing.kit.markets import Future, MarketKind
from kats_core.testing.kit.subject import Subject
from kats_core.testing.kit.wording import Sentence

CUTS = 6
DEEP_CUTS = 30


def arm_is_blind(subject: Subject, report: Report, *, is_deep: bool = False) -> None:
    """Arm with other futures behind random cuts; rows up to the cut must stay as they were."""
    try:
        panel, known = focus(subject, report, is_deep=is_deep)
        cuts = _cuts(subject, panel, DEEP_CUTS if is_deep else CUTS)
        for number, t in enumerate(cuts):
            future = list(Future)[number % len(Future)]
            changed = arm(subject.build(), markets.with_future(panel, t, future), future, report)
            found = difference(known, changed, t + 1)
            if found is not None:
                _tell(subject, panel, known, t, future, found, report)
                return
    except ArmError:
        return
    cells = sum((t + 1) * len(panel.symbols) for t in cuts)
    report.saw(Sentence.AHEAD_SEEN, cuts=len(cuts), cells=cells, armed=int(known.armed.sum()))


def row_by_row(subject: Subject, report: Report, *, is_deep: bool = False) -> None:
    """Arm single evenings with the history up to each, asked for nothing else, and compare with the row of the whole."""
    try:
        panel, known = focus(subject, report, is_deep=is_deep)
        rows = _cuts(subject, panel, 60 if is_deep else 10)
        for t in rows:
            evening = markets.cut(panel, t)
            following = evening.next_session[t]
            if following is not None:
                evening = evening.asked_for(following)
            alone = arm(subject.build(), evening, MarketKind.SHORTER, report)
            found = difference(_row(known, t), _row(alone, t), 1)
            if found is not None:
                report.fail(
                    Sentence.BATCH,
                    day=panel.sessions[t],
                    symbol=panel.symbols[found.column],
                    whole=found.first,
                    row=found.second,
                )
                return
    except ArmError:
        return
    report.saw(Sentence.BATCH_SEEN, rows=len(rows))


def _cuts(subject: Subject, panel: Panel, count: int) -> list[int]:
    """Return seeded rows, behind the warm-up, each with a future."""
    first = min(subject.descriptor.traits.bars_needed, len(panel.sessions) // 2)
    chance = np.random.default_rng(markets.SEED)
    possible = np.arange(first, len(panel.sessions) - 1)
    chosen = chance.choice(possible, min(count, len(possible)), replace=False) if len(possible) else possible
    return [int(t) for t in chosen]


def _row(setups: Setups, t: int) -> Setups:
    numbers = {name: column[t : t + 1] for name, column in setups.numbers.items()}
    return replace(setups, reasons=setups.reasons[t : t + 1], numbers=numbers)


def _tell(
    subject: Subject, panel: Panel, known: Setups, t: int, future: Future, found: Difference, report: Report
) -> None:
    fields = _culprits(subject, panel, known, t)
    report.fail(
        Sentence.AHEAD_ARM,
        day=panel.sessions[found.row],
        symbol=panel.symbols[found.column],
        before=found.first,
        after=found.second,
        kind=future,
        fields=f" ({', '.join(fields)})" if fields else "",
    )


def _culprits(subject: Subject, panel: Panel, known: Setups, t: int) -> list[str]:
    """Return the fields of the future that are read: those that change an answer when they alone are other."""
    found = []
    for field in (*markets.COLUMNS, *markets.BESIDE):
        try:
            changed = arm(
                subject.build(), markets.with_future(panel, t, Future.OTHER, (field,)), Future.OTHER, Report()
            )
        except ArmError:
            continue
        if difference(known, changed, t + 1) is not None:
            found.append(field)
    return found
