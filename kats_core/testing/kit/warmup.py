"""See how much the length of the history changes decisions: recursive indicators never forget their first bar completely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kats_core.market.panel import Panel
from kats_core.strategy.contract import ARMED, Setups
from kats_core.testing.kit import markets
from kats_core.testing.kit.arms import ArmError, arm, decisions, focus
from kats_core.testing.kit.findings import Report
from kats_core.testing.kit.markets import MarketKind
from kats_core.testing.kit.subject import Subject
from kats_core.testing.kit.wording import Sentence

EVENINGS = 4
DEEP_EVENINGS = 16
MULTIPLES = (1.0, 1.5, 2.0)


def forgets(subject: Subject, report: Report, *, is_deep: bool = False) -> None:
    """Arm the same evenings with shorter histories, from `bars_needed` on; no decision may differ from the longest one."""
    needed = subject.descriptor.traits.bars_needed
    try:
        panel, _ = focus(subject, report, is_deep=is_deep)
        lengths = sorted({max(markets.RECENT, round(needed * multiple)) for multiple in MULTIPLES})
        lengths = [length for length in lengths if length < len(panel.sessions) - EVENINGS]
        if not lengths:
            report.hint(Sentence.WARMUP_SHORT, needed=needed)
            return
        drifts = {length: Drift() for length in lengths}
        for t in _evenings(panel, lengths[-1], DEEP_EVENINGS if is_deep else EVENINGS):
            # The history up to the evening, not the row of a whole: what a strategy reads of the future is another finding.
            longest = arm(subject.build(), markets.cut(panel, t), MarketKind.SHORTER, report)
            for length in lengths:
                short = arm(subject.build(), markets.last_sessions(panel, t, length), MarketKind.SHORTER, report)
                _compare(subject, panel, t, length, longest, short, drifts[length], report)
    except ArmError:
        return
    for length, drift in drifts.items():
        report.saw(Sentence.WARMUP_SEEN, short=length, flips=drift.flips, drift=f"{drift.largest:.2g}")


@dataclass(slots=True)
class Drift:
    """How far answers with one length of history are from those with all: decisions, and stored numbers as a fraction."""

    flips: int = 0
    largest: float = 0.0


def _evenings(panel: Panel, first: int, count: int) -> list[int]:
    last = len(panel.sessions) - 1
    return sorted({int(t) for t in np.linspace(max(first, last // 2), last, count)})


def _compare(
    subject: Subject, panel: Panel, t: int, length: int, longest: Setups, short: Setups, drift: Drift, report: Report
) -> None:
    needed = subject.descriptor.traits.bars_needed
    # Where the symbol itself has too few bars in the short history nobody asks the strategy.
    own = panel.present[max(0, t + 1 - length) : t + 1].sum(axis=0)
    judged = panel.present[t] & (own >= min(length, needed)) & panel.on_one_scale(length)[t]
    row, whole_row = decisions(short)[-1], decisions(longest)[-1]
    flipped = np.flatnonzero(judged & (row != whole_row))
    if flipped.size and not drift.flips:
        j = int(flipped[0])
        report.fail(
            Sentence.WARMUP_FLIP,
            day=panel.sessions[t],
            symbol=panel.symbols[j],
            short=length,
            long=t + 1,
            before=row[j],
            after=whole_row[j],
            needed=needed,
        )
    drift.flips += flipped.size
    both = judged & (longest.reasons[-1] == ARMED) & (row == whole_row)
    for name, column in longest.numbers.items():
        one, two = column[-1, both].astype(float), short.numbers[name][-1, both].astype(float)
        apart = np.abs(one - two) / np.maximum(np.abs(one), 1e-12)
        drift.largest = max(drift.largest, float(np.max(apart, initial=0.0)))
