"""What each stage of a recorded run took, and what it would have made: on the sample market with all nine stages."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from kats_core.cli.audience import Quiet
from kats_core.config import Resolved, resolve
from kats_core.engine.rejudging import Opinion
from kats_core.journal.ledger import Fate, Ledger
from kats_core.model.kinds import Decision
from kats_core.model.record import Record, SignalRecord, SignalStatus, TradeRecord, VerdictRecord
from kats_core.runtime.assembly import RunKind, SecondOpinion
from kats_core.runtime.play import Plan, Request, plan, play
from kats_core.runtime.repeating import JUDGED, RepetitionError, recorded_configuration
from kats_core.runtime.valued import Tracks, as_asked, valued
from kats_core.store.folder_recorder import FolderRecorder
from kats_core.store.reading import StoredRun, load_run
from kats_core.store.recorder import utc_now

BUSY = Request(kind=RunKind.BACKTEST, first=dt.date(2026, 3, 24), last=dt.date(2026, 6, 4))
"""Sessions of the sample market in which stages shrink, refuse and defer, until the ladder turns red."""


class Watching(Quiet):
    """Keeps the records that it sees."""

    def __init__(self) -> None:
        self.seen: list[Record] = []

    def on_record(self, record: Record) -> None:
        self.seen.append(record)


@pytest.fixture(scope="module")
def resolved(tmp_path_factory: pytest.TempPathFactory) -> Resolved:
    """The sample configuration, of breakouts alone."""
    folder = tmp_path_factory.mktemp("home")
    breakouts = {"strategies": [{"use": "volatility-breakout"}]}
    return resolve(None, overrides=breakouts, environ={"KATS_HOME": str(folder)}, cwd=folder)


@pytest.fixture(scope="module")
def played(resolved: Resolved, tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, StoredRun, list[Opinion], Any]:
    """A run with all nine stages: its plan, its records, every proposal, every trade."""
    folder, opinions, watching = tmp_path_factory.mktemp("valued") / "run", list[Opinion](), Watching()
    second = SecondOpinion(stages=resolved.stages, limits=resolved.limits, keep=opinions.append)
    planned = plan(resolved, BUSY, second)
    play(planned, FolderRecorder(folder), watching, utc_now)
    trades = {record.signal_id: record for record in watching.seen if isinstance(record, TradeRecord)}
    return planned, load_run(None, folder, JUDGED), opinions, trades


@pytest.fixture(scope="module")
def found(resolved: Resolved, played: Any) -> Ledger:
    """The ledger of that run."""
    _, stored, _, _ = played
    return valued(stored, recorded_configuration(stored, resolved.settings), Quiet())


def test_what_the_run_traded_whole_is_followed_to_its_own_result(played: Any) -> None:
    """Each trade whose signal no stage shrunk: the same R, the same reason; where a stage sold it, the plan goes on."""
    planned, _, opinions, trades = played
    whole = [
        o
        for o in opinions
        if o.status is SignalStatus.ORDERED and all(v.decision is not Decision.RESIZE for v in o.verdicts)
    ]
    courses = Tracks.of(planned).follow([as_asked(o, o.quantity or 0) for o in whole])
    own = 0
    for opinion, course in zip(whole, courses, strict=True):
        trade = trades[opinion.proposal.signal_id]
        if trade.exit_code.startswith("core:"):
            own += 1
            assert (course.fate, course.r_multiple, course.code) == (Fate.CLOSED, trade.r_multiple, trade.exit_code)
            assert course.net_profit == trade.net_profit
    assert own > 10


def test_every_signal_that_was_cut_is_in_it_once(played: Any, found: Ledger) -> None:
    """With each cut of each stage, in their order; the sums by stage count what the verdicts say."""
    _, stored, _, _ = played
    taken = (Decision.RESIZE, Decision.REJECT, Decision.DEFER)
    verdicts = [v for v in stored.records if isinstance(v, VerdictRecord) and v.decision in taken]
    assert {entry.signal_id for entry in found.entries} == {v.signal_id for v in verdicts}
    counted = {
        (s.stage, d): n for s in found.stages for d, n in zip(taken, (s.shrunk, s.refused, s.deferred), strict=True)
    }
    for stage in {verdict.stage for verdict in verdicts}:
        for decision in taken:
            times = sum(v.stage == stage and v.decision is decision for v in verdicts)
            assert counted[stage, decision] == times
    assert [s.stage for s in found.stages] == [
        "drawdown-protocol",
        "grade-allocator",
        "sector-limit",
        "event-guard",
    ]


def test_the_shares_of_the_cuts_are_those_of_the_verdicts(played: Any, found: Ledger) -> None:
    """What a stage took is what came to it less what left it."""
    _, stored, _, _ = played
    said = {(v.signal_id, v.stage): v for v in stored.records if isinstance(v, VerdictRecord)}
    for entry in found.entries:
        assert sum(cut.shares for cut in entry.cuts) <= entry.asked
        for cut in entry.cuts:
            verdict = said[entry.signal_id, cut.stage]
            assert verdict.quantity_before is not None
            assert cut.shares == verdict.quantity_before - (verdict.quantity_after or 0)


def test_won_and_lost_and_what_was_not_filled_add_up(found: Ledger) -> None:
    """Each signal of a stage is one of the three; what was saved is the other side of what would have been made."""
    for stage in found.stages:
        entries = [e for e in found.entries if any(cut.stage == stage.stage for cut in e.cuts)]
        assert stage.won + stage.lost + stage.not_filled == len(entries)
        losses = sum(-entry.course.net_profit for entry in entries if entry.course.net_profit < 0)
        assert stage.effect <= losses


def test_a_signal_of_the_last_day_is_followed_beyond_the_run(resolved: Resolved, tmp_path: Path) -> None:
    """The data go on where the run ended; a position may live on them, as the ledger's session says."""
    planned = plan(resolved, Request(kind=RunKind.BACKTEST, first=dt.date(2024, 12, 2), last=dt.date(2024, 12, 3)))
    tracks = Tracks.of(planned)
    assert tracks.sessions[:2] == (dt.date(2024, 12, 2), dt.date(2024, 12, 3))
    assert len(tracks.sessions) == 1 + 1 + 20


def test_other_data_are_no_answer(resolved: Resolved, played: Any) -> None:
    """As for every question to a recorded run."""
    _, stored, _, _ = played
    other = StoredRun(replace(stored.run, data_hash="0" * 64), stored.records)
    with pytest.raises(RepetitionError, match="the data are others"):
        valued(other, recorded_configuration(other, resolved.settings), Quiet())


def test_a_signal_that_was_never_cut_is_not_in_it(played: Any, found: Ledger) -> None:
    """The ledger is about what was kept out."""
    _, stored, opinions, _ = played
    assert all(entry.cuts for entry in found.entries)
    signals = [record for record in stored.records if isinstance(record, SignalRecord)]
    assert len(found.entries) < len(signals) == len(opinions)
