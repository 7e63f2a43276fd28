"""List every check, and run those that belong to a plugin's kind: for `kats check`, for tests, for our own CI."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from kats_core.market.source import SourceError
from kats_core.model.labels import Labelled
from kats_core.plugins import PluginKind
from kats_core.testing.kit import (
    arms,
    judging,
    lookahead,
    others,
    parameters,
    purity,
    registration,
    rehearsal,
    restarts,
    texts,
    traits,
    warmup,
)
from kats_core.testing.kit.findings import CheckOutcome, Remark, Report
from kats_core.testing.kit.subject import Subject, told, where
from kats_core.testing.kit.wording import Sentence

STRATEGY, STAGE = PluginKind.STRATEGY, PluginKind.RISK_STAGE
SOURCE, BROKER, NOTIFIER = PluginKind.DATA_SOURCE, PluginKind.BROKER, PluginKind.NOTIFIER
EVERY = frozenset(PluginKind)


class Topic(Labelled):
    """What `kats check` can be asked for alone, and then looks at more closely."""

    CONTRACT = "contract", "계약", "contract"
    LOOKAHEAD = "lookahead", "미래 참조", "look-ahead"
    RECURSIVE = "recursive", "이력 길이", "warm-up"
    BATCH = "batch", "한 번에 계산", "batch"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name for programs, its title for people, and for which kinds of plugins it is."""

    name: str
    title: tuple[str, str]
    kinds: frozenset[PluginKind]
    look: Callable[[Subject, Report], None]
    topic: Topic = Topic.CONTRACT
    look_deeper: Callable[[Subject, Report], None] | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """How a check of a plugin ended."""

    check: Check
    subject: Subject
    outcome: CheckOutcome
    failures: tuple[Remark, ...]
    hints: tuple[Remark, ...]
    seen: tuple[Remark, ...]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "check": self.check.name,
            "topic": self.check.topic.value,
            "outcome": self.outcome.value,
            "seconds": round(self.seconds, 3),
            "failures": [remark.as_json() for remark in self.failures],
            "hints": [remark.as_json() for remark in self.hints],
            "seen": [remark.as_json() for remark in self.seen],
        }


CHECKS: tuple[Check, ...] = (
    Check("registration", ("등록", "registration"), EVERY, registration.registration),
    Check("light-import", ("가벼운 import", "light import"), EVERY, registration.light_import),
    Check("purity", ("순수한 코드", "pure code"), EVERY, purity.purity),
    Check("parameters", ("파라미터", "parameters"), EVERY, parameters.parameters),
    Check("texts", ("설명과 코드", "docstrings and codes"), EVERY, texts.texts),
    Check("traits", ("특성", "traits"), frozenset({STRATEGY, STAGE}), traits.traits),
    Check("arming", ("대기 판단", "arming"), frozenset({STRATEGY}), arms.arming),
    Check(
        "awkward-data", ("빈·짧은·빠진 데이터", "empty, short, gappy data"), frozenset({STRATEGY}), arms.awkward_data
    ),
    Check("no-mutation", ("입력 보존", "inputs stay as they are"), frozenset({STRATEGY}), arms.no_mutation),
    Check("determinism", ("같은 입력, 같은 답", "same input, same answer"), frozenset({STRATEGY}), arms.repeats),
    Check("rehearsal", ("연습 매매", "rehearsal"), frozenset({STRATEGY}), rehearsal.trades),
    Check(
        "look-ahead",
        ("미래 참조 (arm)", "look-ahead in arm"),
        frozenset({STRATEGY}),
        lookahead.arm_is_blind,
        Topic.LOOKAHEAD,
        partial(lookahead.arm_is_blind, is_deep=True),
    ),
    Check(
        "look-ahead-live",
        ("미래 참조 (confirm, manage)", "look-ahead in confirm, manage"),
        frozenset({STRATEGY}),
        rehearsal.decides_blindly,
        Topic.LOOKAHEAD,
        partial(rehearsal.decides_blindly, is_deep=True),
    ),
    Check(
        "warm-up",
        ("이력 길이", "warm-up"),
        frozenset({STRATEGY}),
        warmup.forgets,
        Topic.RECURSIVE,
        partial(warmup.forgets, is_deep=True),
    ),
    Check(
        "batch",
        ("한 번에 = 하나씩", "all at once = row by row"),
        frozenset({STRATEGY}),
        lookahead.row_by_row,
        Topic.BATCH,
        partial(lookahead.row_by_row, is_deep=True),
    ),
    Check("answers", ("판정, 늘리지 않음", "verdicts, never larger"), frozenset({STAGE}), judging.answers),
    Check("fails-closed", ("모르면 거절", "unknown is refused"), frozenset({STAGE}), judging.fails_closed),
    Check(
        "no-state-in-check",
        ("check는 상태 불변", "check changes no state"),
        frozenset({STAGE}),
        judging.changes_nothing,
    ),
    Check("tighter", ("엄격한 방향", "tighter is tighter"), frozenset({STAGE}), judging.tighter_is_tighter),
    Check("restart", ("재시작", "restart never loosens"), frozenset({STAGE}), restarts.restarts),
    Check("built", ("만들기", "building"), frozenset({SOURCE, BROKER, NOTIFIER}), others.built),
    Check("source", ("데이터", "data"), frozenset({SOURCE}), others.source),
)
BY_NAME = {check.name: check for check in CHECKS}


def checks_for(kind: PluginKind, topics: Sequence[Topic] = ()) -> list[Check]:
    """Return the checks of a kind of plugin; those of some topics only, where any are named."""
    return [check for check in CHECKS if kind in check.kinds and (not topics or check.topic in topics)]


def run(check: Check, subject: Subject, *, is_deep: bool = False) -> Result:
    """Carry out one check; what the plugin raises is a finding.

    Raises:
        SourceError: the files in the subject's `data` cannot be read.
    """
    report, start = Report(), time.perf_counter()
    look = check.look_deeper if is_deep and check.look_deeper is not None else check.look
    if subject.descriptor is None and check.look is not registration.registration:
        report.skip(Sentence.NOT_LOADED_SO)
    else:
        try:
            look(subject, report)
        except SourceError as error:
            # The files that somebody asked to look at are no fault of a strategy.
            if subject.data:
                raise
            report.fail(Sentence.RAISED, error=told(error), where=where(error))
        except Exception as error:  # noqa: BLE001  # a guest: whatever it raises must not hide the other checks
            report.fail(Sentence.RAISED, error=told(error), where=where(error))
    seen = (*report.seen, *([] if report.skipped is None else [report.skipped]))
    took = time.perf_counter() - start
    return Result(check, subject, report.outcome, tuple(report.failures), tuple(report.hints), seen, took)


def examine(subject: Subject, topics: Sequence[Topic] = ()) -> Iterator[Result]:
    """Carry out every check of a plugin, or those of some topics more closely."""
    for check in checks_for(subject.kind, topics):
        yield run(check, subject, is_deep=bool(topics))
