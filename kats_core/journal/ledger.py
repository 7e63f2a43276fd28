"""Sum up, by risk stage, what the signals would have made that it refused, deferred or shrunk: the counterfactual ledger.

Each signal is followed alone (`runtime.following`), so the sums overlap: one account could not have bought them all.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction

import msgspec

from kats_core.journal.rejudged import Judgement
from kats_core.model.kinds import Decision
from kats_core.model.labels import Labelled


class Fate(Labelled):
    """How a signal that was followed ends."""

    CLOSED = "CLOSED", "청산", "closed"
    OPEN = "OPEN", "보유 중", "still open"
    DATA_ENDED = "DATA_ENDED", "데이터 끝", "the data ended"
    NOT_FILLED = "NOT_FILLED", "체결 불가", "not fillable"


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """What a signal would have made, costs included; what is open is valued at the last close less the costs of selling.

    `r_multiple` is None where nothing was filled, or where it was filled at or under its stop. `code` is the reason of the
    exit, or why nothing was filled.
    """

    fate: Fate
    quantity: int = 0
    net_profit: int = 0
    r_multiple: float | None = None
    code: str | None = None
    last: dt.date | None = None


class Cut(msgspec.Struct, frozen=True):
    """What a stage took from a signal: all that came to it, or a part."""

    stage: str
    decision: Decision
    code: str | None
    shares: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A signal that was cut, and what the shares would have made that were `asked` for before the first cut."""

    signal_id: str
    session: dt.date
    instance: str
    symbol: str
    asked: int
    cuts: tuple[Cut, ...]
    course: Course


class StageValue(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage earned or cost.

    `sum_r` counts each signal with the part of its shares that the stage took; `average_r` is the mean of those parts.
    `effect` is what the cuts have saved (above 0) or lost, in won. `repeats` are further refusals of a setup in the same
    session, `bought_later` refusals of one that was bought in it after all: neither is followed.
    """

    stage: str
    refused: int = 0
    deferred: int = 0
    shrunk: int = 0
    won: int = 0
    lost: int = 0
    sum_r: float = 0.0
    average_r: float | None = None
    effect: int = 0
    still_open: int = 0
    not_filled: int = 0
    repeats: int = 0
    bought_later: int = 0


class Ledger(msgspec.Struct, frozen=True):
    """The stages in their order, and the signals."""

    stages: tuple[StageValue, ...]
    entries: tuple[Entry, ...]


def cuts_of(proposed: int | None, judged: Judgement, otherwise: int) -> tuple[int, tuple[Cut, ...]]:
    """Return the shares that were asked for before the first cut, and the cuts.

    `proposed` is what the signal brought, None where the sizing stage sets it. `otherwise` is the quantity of a signal that
    never got one.
    """
    asked, came, cuts = proposed, proposed, list[Cut]()
    for stage, answer in judged.answers.items():
        if answer.decision in (Decision.REJECT, Decision.DEFER):
            came = otherwise if came is None else came
            asked = came if asked is None else asked
            cuts.append(Cut(stage, answer.decision, answer.code, came))
            break
        if answer.quantity is None:
            continue
        if came is not None and answer.quantity < came:
            cuts.append(Cut(stage, Decision.RESIZE, answer.code, came - answer.quantity))
        asked = answer.quantity if asked is None else asked
        came = answer.quantity
    return asked or otherwise, tuple(cuts)


def ledger(
    stages: Sequence[str], entries: Sequence[Entry], repeats: Counter[str], bought_later: Counter[str]
) -> Ledger:
    """Return the sums by stage, of those in `stages` that took anything."""
    cut = {stage: [(entry, one) for entry in entries for one in entry.cuts if one.stage == stage] for stage in stages}
    return Ledger(
        tuple(
            _value(stage, cut[stage], repeats[stage], bought_later[stage])
            for stage in stages
            if cut[stage] or repeats[stage] or bought_later[stage]
        ),
        tuple(entries),
    )


def _value(stage: str, cuts: Sequence[tuple[Entry, Cut]], repeats: int, bought_later: int) -> StageValue:
    decisions = Counter(one.decision for _, one in cuts)
    fates = Counter(entry.course.fate for entry, _ in cuts)
    filled = [(entry, one) for entry, one in cuts if entry.course.fate is not Fate.NOT_FILLED]
    in_r = [
        (Fraction(one.shares, e.asked), e.course.r_multiple) for e, one in filled if e.course.r_multiple is not None
    ]
    sum_r = sum(float(part) * r for part, r in in_r)
    parts = float(sum(part for part, _ in in_r))
    return StageValue(
        stage=stage,
        refused=decisions[Decision.REJECT],
        deferred=decisions[Decision.DEFER],
        shrunk=decisions[Decision.RESIZE],
        won=_count(entry.course.net_profit > 0 for entry, _ in filled),
        lost=_count(entry.course.net_profit <= 0 for entry, _ in filled),
        sum_r=round(sum_r, 6),
        average_r=round(sum_r / parts, 6) if parts else None,
        effect=-sum(_share(entry.course.net_profit, one.shares, entry.asked) for entry, one in filled),
        still_open=fates[Fate.OPEN] + fates[Fate.DATA_ENDED],
        not_filled=fates[Fate.NOT_FILLED],
        repeats=repeats,
        bought_later=bought_later,
    )


def _count(conditions: Iterable[bool]) -> int:
    return sum(conditions)


def _share(net: int, shares: int, asked: int) -> int:
    """Return the part of a profit or loss that falls to some of the shares, won, rounded towards the loss."""
    return net * shares // asked
