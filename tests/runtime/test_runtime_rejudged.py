"""Other stages, another order, other limits: what they make of a recorded run's proposals, each in its own context."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kats_core.cli.audience import Quiet
from kats_core.config import ConfigError, Resolved, resolve
from kats_core.engine.rejudging import Opinion
from kats_core.journal.rejudged import Rejudged
from kats_core.model.kinds import Decision, TradingState
from kats_core.model.record import OperatorRecord, OperatorVerb, Record, SignalRecord, SignalStatus, VerdictRecord
from kats_core.runtime.assembly import RunKind, SecondOpinion
from kats_core.runtime.play import Request, plan, play
from kats_core.runtime.rejudged import not_judged, rejudged
from kats_core.runtime.repeating import JUDGED, RepetitionError, recorded_configuration
from kats_core.store.folder_recorder import FolderRecorder
from kats_core.store.reading import StoredRun, load_run
from kats_core.store.recorder import utc_now
from kats_core.store.run import RunStatus

BUSY = Request(kind=RunKind.BACKTEST, first=dt.date(2026, 10, 26), last=dt.date(2026, 12, 22))
"""Sessions of the sample market in which stages shrink, refuse and defer, until the ladder turns red."""

FREE = ("drawdown-protocol", "daily-kill-switch", "grade-allocator", "sector-limit", "event-guard", "vi-guard")
NINE = ("position-sizer", *FREE, "global-position-lock", "margin-guard")


class Watching(Quiet):
    """Keeps the records that it sees."""

    def __init__(self) -> None:
        self.seen: list[Record] = []

    def on_record(self, record: Record) -> None:
        self.seen.append(record)


def configured(folder: Path, stages: Sequence[Any] = NINE, **blocks: Any) -> Resolved:
    """Return a configuration of these stages, given by name or as entries, and these other blocks."""
    path = folder / "kats.yaml"
    entries = [{"use": stage} if isinstance(stage, str) else stage for stage in stages]
    path.write_text(
        json.dumps({"strategies": [{"use": "volatility-breakout"}], "risk": entries, **blocks}), encoding="utf-8"
    )
    return resolve(path, environ={"KATS_HOME": str(folder)}, cwd=folder)


def recorded(resolved: Resolved, folder: Path) -> StoredRun:
    """Play the busy sessions and read back what was recorded."""
    play(plan(resolved, BUSY), FolderRecorder(folder), Quiet(), utc_now)
    return load_run(None, folder, JUDGED)


def asked(stored: StoredRun, other: Resolved) -> Rejudged:
    """Judge a recorded run by another configuration."""
    return rejudged(stored, recorded_configuration(stored, other.settings), other, Quiet())


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    """A run with all nine stages."""
    folder = tmp_path_factory.mktemp("busy")
    return recorded(configured(folder), folder / "run")


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(free=FREE)
@given(free=st.sampled_from(sorted(permutations(FREE))))
def test_stages_that_judge_beside_themselves_say_the_same(tmp_path: Path, free: tuple[str, ...]) -> None:
    """In any order: what is read, every number and every code, not only the decision."""
    stages = ("position-sizer", *free, "global-position-lock", "margin-guard")
    resolved, opinions, watching = configured(tmp_path, stages), list[Opinion](), Watching()
    second = SecondOpinion(stages=resolved.stages, limits=resolved.limits, keep=opinions.append)
    play(plan(resolved, BUSY, second), FolderRecorder(tmp_path / "run"), watching, utc_now)
    own = [record for record in watching.seen if isinstance(record, VerdictRecord)]
    assert {verdict.decision for verdict in own} >= {Decision.APPROVE, Decision.RESIZE, Decision.REJECT}
    assert own == [verdict for opinion in opinions for verdict in opinion.verdicts]
    ends = {
        record.signal_id: (record.status, record.code, record.quantity)
        for record in watching.seen
        if isinstance(record, SignalRecord) and record.status is not SignalStatus.PROPOSED
    }
    assert ends == {
        o.proposal.signal_id: (o.status, None if o.code is None else str(o.code), o.quantity) for o in opinions
    }


def test_a_run_judged_by_its_own_configuration_changes_nothing(tmp_path: Path, busy: StoredRun) -> None:
    """It is played again as it was, with the same stages beside it."""
    found = asked(busy, configured(tmp_path))
    assert found.judged > 100
    assert found.changed == ()
    assert [stage.stage for stage in found.stages][:2] == ["position-sizer", "drawdown-protocol"]
    assert all(stage.changed == 0 and stage.before == stage.after for stage in found.stages)


def test_without_a_stage_exactly_its_own_decisions_are_missing(tmp_path: Path, busy: StoredRun) -> None:
    """event-guard halves and defers; nothing else that is ordered changes when it is gone."""
    its = {
        verdict.signal_id
        for verdict in busy.records
        if isinstance(verdict, VerdictRecord) and verdict.stage == "event-guard"
        if verdict.decision not in (Decision.APPROVE, Decision.SKIPPED)
    }
    found = asked(busy, configured(tmp_path, [stage for stage in NINE if stage != "event-guard"]))
    assert its
    assert {signal.signal_id for signal in found.changed if signal.is_end_changed} == its
    for signal in found.changed:
        assert [a.after for a in signal.answers if a.stage == "event-guard"] == [None]


def test_a_looser_parameter_flips_the_decisions_that_hung_on_it(tmp_path: Path, busy: StoredRun) -> None:
    """Where the grade allows any number of symbols, what was refused for their number is not; the others stay."""
    code = "grade-allocator:GRADE_COUNT"
    refused = {r.signal_id for r in busy.records if isinstance(r, SignalRecord) and r.code == code}
    many = {"A": 100, "B": 100, "C": 100, "ETF": 100, "D": 100}
    found = asked(busy, configured(tmp_path, limits={"max_count": many}))
    flipped = {
        signal.signal_id for signal in found.changed for answer in signal.answers if answer.stage == "grade-allocator"
    }
    assert refused
    assert flipped == refused
    assert all(signal.after.code != code for signal in found.changed)


def test_an_input_that_only_the_other_stages_ask_for_is_fetched(tmp_path: Path) -> None:
    """Without margin-guard nobody asked for orderable cash; with it the answer is that of the moment, not a missing one."""
    stored = recorded(configured(tmp_path, NINE[:-1]), tmp_path / "run")
    found = asked(stored, configured(tmp_path))
    (guard,) = (stage for stage in found.stages if stage.stage == "margin-guard")
    assert guard.before == {}
    assert guard.after[Decision.APPROVE] > 0
    assert Decision.REJECT not in guard.after
    assert not any(signal.is_outcome_changed for signal in found.changed)


def test_differences_that_judge_nothing_are_named(tmp_path: Path) -> None:
    """Capital and strategies are those of the run; nobody is left to believe that they were tried too."""
    one, other = configured(tmp_path), configured(tmp_path, capital=5_000_000, limits={"max_positions": 3})
    assert not_judged(one, other) == ["capital"]


def test_a_configuration_is_read_back_as_it_was(tmp_path: Path) -> None:
    """The gate's profile, whose clocks are times, and the operator's events among it."""
    (tmp_path / "events.yaml").write_text(
        "events:\n  - {type: EARNINGS, date: 2025-01-03, symbol: '990010'}\n", encoding="utf-8"
    )
    resolved = configured(tmp_path, gate={"profile": "first-month"}, events="events.yaml")
    stored = recorded(resolved, tmp_path / "run")
    again = recorded_configuration(stored, resolved.settings)
    assert (again.hash, again.gate, again.events) == (resolved.hash, resolved.gate, resolved.events)
    assert again.gate.entry_from == dt.time(9, 5)


def with_description(stored: StoredRun, **changes: Any) -> StoredRun:
    """Return a run that says something else of itself."""
    return msgspec.structs.replace(stored, run=msgspec.structs.replace(stored.run, **changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": RunStatus.ABORTED}, "is aborted: only a complete run"),
        ({"configuration": {}}, "recorded without its configuration"),
        ({"data_hash": "0" * 64}, "the data are others than then"),
        ({"first_day": dt.date(2031, 1, 2), "last_day": dt.date(2031, 1, 2)}, "no daily bars between"),
    ],
)
def test_a_run_that_cannot_be_repeated_says_why(
    tmp_path: Path, busy: StoredRun, changes: dict[str, Any], words: str
) -> None:
    """Exit code 2; an answer about another run would be worse than none."""
    with pytest.raises(RepetitionError, match=words):
        asked(with_description(busy, **changes), configured(tmp_path))


def test_a_run_to_which_a_person_gave_orders_is_not_repeated(tmp_path: Path, busy: StoredRun) -> None:
    """Nobody gives them again at the same moment."""
    order = OperatorRecord(ts=0, verb=OperatorVerb.HALT, who="kim", reason=TradingState.HALTED.value)
    with pytest.raises(RepetitionError, match="a person gave it orders"):
        asked(StoredRun(busy.run, [*busy.records, order]), configured(tmp_path))


def test_a_run_that_is_decided_otherwise_now_is_not_judged(tmp_path: Path, busy: StoredRun) -> None:
    """The first signal on which program and record differ is named."""
    first = next(number for number, record in enumerate(busy.records) if isinstance(record, VerdictRecord))
    verdict = busy.records[first]
    assert isinstance(verdict, VerdictRecord)
    records = [*busy.records[:first], msgspec.structs.replace(verdict, quantity_after=1), *busy.records[first + 1 :]]
    with pytest.raises(RepetitionError, match=f"signal {verdict.signal_id[:8]} is decided otherwise"):
        asked(StoredRun(busy.run, records), configured(tmp_path))


def reconfigured(stored: StoredRun, **params: Any) -> StoredRun:
    """Return the run with other parameters of the sizing stage; None leaves one out."""
    configuration = json.loads(json.dumps(stored.run.configuration))
    merged = configuration["risk"][0]["params"] | params
    configuration["risk"][0]["params"] = {name: value for name, value in merged.items() if value is not None}
    return with_description(stored, configuration=configuration)


def test_a_parameter_that_is_newer_than_the_run_has_its_default(tmp_path: Path, busy: StoredRun) -> None:
    """Older runs can still be asked where that is what was done then."""
    found = asked(reconfigured(busy, risk_per_trade=None), configured(tmp_path))
    assert found.changed == ()


def test_a_parameter_that_means_something_else_now_is_told(tmp_path: Path, busy: StoredRun) -> None:
    """The repetition decides otherwise, and one that the plugin does not know any more is named."""
    with pytest.raises(RepetitionError, match="is decided otherwise"):
        asked(reconfigured(busy, risk_per_trade=0.001), configured(tmp_path))
    with pytest.raises(ConfigError, match=r"configuration of run .* risk.*gone"):
        asked(reconfigured(busy, gone=1), configured(tmp_path))


def test_what_judges_beside_a_run_cannot_touch_it(tmp_path: Path, busy: StoredRun) -> None:
    """Stages that would have halted the account long before leave every record as it is."""
    strict = configured(
        tmp_path, [{"use": s, "params": {"daily_loss_limit": 0.005}} if s == "daily-kill-switch" else s for s in NINE]
    )
    assert strict.hash != busy.run.config_hash
    found = asked(busy, strict)
    assert found.ordered[1] < found.ordered[0]
