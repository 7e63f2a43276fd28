"""See how much the length of the history changes decisions: recursive indicators never forget their first bar completely."""

from __future__ import annotations

import numpy as np

from kats_core.market.panel import Panel
from kats_core.strategy.contract import ARMED, Setups
from kats_core.testing.kit import markets
from kats_core.testing.kit.arms import ArmError, arm, decisions, whole
from kats_core.testing.kit.findings import Report
from kats_core.testing.kit.subject import Subject
from kats_core.testing.kit.wording import Sentence

EVENINGS = 4
DEEP_EVENINGS = 16
MULTIPLES = (1.0, 1.5, 2.0)


def forgets(subject: Subject, report: Report, *, is_deep: bool = False) -> None:
    """Arm the same evenings with shorter histories, from `bars_needed` on; no decision may differ from the whole one."""
    panel = markets.panel_for(subject)
    needed = subject.descriptor.traits.bars_needed
    lengths = sorted({max(markets.RECENT, round(needed * multiple)) for multiple in MULTIPLES})
    lengths = [length for length in lengths if length < len(panel.sessions) - EVENINGS]
    if not lengths:
        report.hint(Sentence.WARMUP_SHORT, needed=needed)
        return
    try:
        known = whole(subject, report)
        evenings = _evenings(panel, lengths[-1], DEEP_EVENINGS if is_deep else EVENINGS)
        for length in lengths:
            _compare(subject, panel, known, length, evenings, report)
    except ArmError:
        return


def _evenings(panel: Panel, first: int, count: int) -> list[int]:
    last = len(panel.sessions) - 1
    return sorted({int(t) for t in np.linspace(max(first, last // 2), last, count)})


def _compare(subject: Subject, panel: Panel, known: Setups, length: int, evenings: list[int], report: Report) -> None:
    flips, drift = 0, 0.0
    whole_decisions = decisions(known)
    for t in evenings:
        short = arm(subject.build(), markets.last_sessions(panel, t, length), markets.MarketKind.SHORTER, report)
        # Where the symbol itself has too few bars in the short history nobody asks the strategy.
        judged = panel.present[t] & (
            panel.present[max(0, t + 1 - length) : t + 1].sum(axis=0)
            >= min(length, subject.descriptor.traits.bars_needed)
        )
        judged &= panel.on_one_scale(length)[t]
        row, whole_row = decisions(short)[-1], whole_decisions[t]
        for j in np.flatnonzero(judged & (row != whole_row)):
            flips += 1
            if flips == 1:
                report.fail(
                    Sentence.WARMUP_FLIP,
                    day=panel.sessions[t],
                    symbol=panel.symbols[j],
                    short=length,
                    long=t + 1,
                    before=row[j],
                    after=whole_row[j],
                    needed=subject.descriptor.traits.bars_needed,
                )
        both = judged & (known.reasons[t] == ARMED) & (row == whole_row)
        for name, column in known.numbers.items():
            one, two = column[t, both].astype(float), short.numbers[name][-1, both].astype(float)
            scale = np.maximum(np.abs(one), 1e-12)
            drift = max(drift, float(np.max(np.abs(one - two) / scale, initial=0.0)))
    report.saw(Sentence.WARMUP_SEEN, short=length, flips=flips, drift=f"{drift:.2g}")
