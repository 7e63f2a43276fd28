"""Check that traits and methods say the same, and that what the core reads of them makes sense."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from kats_core.model.kinds import Purpose, Regime
from kats_core.plugins import PluginKind
from kats_core.risk.contract import StageTraits
from kats_core.strategy.contract import ManagingStrategy
from kats_core.strategy.params import StrategyTraits
from kats_core.testing.kit.findings import Report
from kats_core.testing.kit.subject import Subject
from kats_core.testing.kit.wording import Sentence

_FIRST, _LAST = dt.time(9, 15), dt.time(15, 30)
_METHODS: dict[PluginKind, Sequence[str]] = {
    PluginKind.STRATEGY: ("arm", "confirm"),
    PluginKind.RISK_STAGE: ("check",),
    PluginKind.NOTIFIER: ("send",),
    PluginKind.BROKER: ("send", "fetch", "on_event"),
    PluginKind.DATA_SOURCE: (
        "identity", "notes", "instruments", "daily_sessions", "minute_sessions", "history", "minutes", "tables",
        "indices", "facts",
    ),
}  # fmt: skip


def traits(subject: Subject, report: Report) -> None:
    """Look at the traits and at what `build` returns."""
    found = subject.descriptor.traits
    built = subject.build()
    methods(subject, built, report)
    if isinstance(found, StrategyTraits):
        _of_strategy(found, built, report)
    elif isinstance(found, StageTraits):
        _of_stage(found, report)
    else:
        report.fail(
            Sentence.TRAIT_WRONG,
            trait="",
            found=type(found).__name__,
            expected_ko="StrategyTraits 또는 StageTraits여야 합니다",
            expected_en="expected StrategyTraits or StageTraits",
        )


def methods(subject: Subject, built: Any, report: Report) -> None:
    """See that everything the core calls is there."""
    for name in _METHODS[subject.kind]:
        if not callable(getattr(built, name, None)):
            report.fail(Sentence.NO_METHOD, built=type(built).__name__, method=name)


def _of_strategy(found: StrategyTraits, built: Any, report: Report) -> None:
    for trait, value, is_right, ko, en in _terms(found):
        if not is_right:
            report.fail(Sentence.TRAIT_WRONG, trait=trait, found=value, expected_ko=ko, expected_en=en)
    manages = isinstance(built, ManagingStrategy)
    if manages and found.manage_every_min == 0 and not found.manages_at:
        report.hint(Sentence.MANAGES_NEVER)
    if not manages and found.manage_every_min > 0:
        report.fail(Sentence.MANAGES_NOT, found=found.manage_every_min)
    summary = f"{found.code}, {found.style.value}, {', '.join(sorted(found.regimes))}, bars_needed {found.bars_needed}"
    report.saw(Sentence.TRAITS_SEEN, summary=summary)


def _terms(found: StrategyTraits) -> Iterator[tuple[str, object, bool, str, str]]:
    """Yield trait, value, whether it makes sense, and what was expected, in both languages."""
    code = found.code
    is_short = 1 <= len(code) <= 4 and code.isascii() and code.isalnum() and code.isupper()
    yield (
        "code",
        repr(code),
        is_short,
        "대문자와 숫자 1~4자여야 합니다",
        "expected 1 to 4 capital letters and digits",
    )
    yield (
        "regimes",
        tuple(sorted(found.regimes)),
        bool(found.regimes) and Regime.UNKNOWN not in found.regimes,
        "매매할 장세가 하나 이상이어야 하고 UNKNOWN은 안 됩니다",
        "expected at least one regime, and not UNKNOWN",
    )
    yield (
        "grades",
        tuple(sorted(found.grades)),
        bool(found.grades),
        "살 수 있는 등급을 하나 이상 적으세요",
        "expected at least one grade that it may buy",
    )
    windows = tuple(f"{start:%H:%M}-{end:%H:%M}" for start, end in found.windows)
    yield (
        "windows",
        windows,
        bool(windows) and all(_FIRST <= start < end <= _LAST for start, end in found.windows),
        "09:15-15:30 안의 시간대를 하나 이상 적으세요",
        "expected at least one window, within 09:15-15:30",
    )
    yield "ttl_s", found.ttl_s, 10 <= found.ttl_s <= 900, "10~900초여야 합니다", "expected 10 to 900 seconds"
    for trait, least in (("bars_needed", 1), ("daily_tail", 0), ("manage_every_min", 0)):
        value = getattr(found, trait)
        yield trait, value, value >= least, f"{least} 이상이어야 합니다", f"expected {least} or more"


def _of_stage(found: StageTraits, report: Report) -> None:
    if not found.applies_to or Purpose.EXIT in found.applies_to:
        report.fail(
            Sentence.TRAIT_WRONG,
            trait="applies_to",
            found=sorted(found.applies_to),
            expected_ko="심사할 목적이 하나 이상이어야 하고, EXIT는 어떤 단계도 막지 못합니다",
            expected_en="expected at least one purpose, and not EXIT, which no stage may stop",
        )
    summary = f"{found.phase.value}, {', '.join(sorted(found.applies_to))}"
    report.saw(Sentence.TRAITS_SEEN, summary=summary)
