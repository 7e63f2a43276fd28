"""The screen at 09:31: what is waited for, what was signalled and judged how, what is held, and how the day stands."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kats_core.cli import text
from kats_core.cli.audience import Audience, Quiet
from kats_core.cli.live import LiveView, SessionScreen
from kats_core.cli.pace import Pace
from kats_core.config import resolve
from kats_core.model.command import Notify
from kats_core.model.labels import Language
from kats_core.model.record import Record
from kats_core.model.time import Nanos, clock, session_date
from kats_core.runtime.assembly import App, RunKind
from kats_core.runtime.play import Request, Watcher, plan, play
from kats_core.store.recorder import Reasons
from kats_core.store.run import Run, RunStatus

DAY = dt.date(2026, 4, 7)


class Forgetful:
    """A recorder that keeps nothing."""

    def begin(self, run: Run) -> None: ...

    def write(self, records: Sequence[Record]) -> None: ...

    def not_armed(
        self, instance: str, sessions: Sequence[dt.date], symbols: Sequence[str], reasons: Reasons, codes: Sequence[str]
    ) -> None: ...

    def commit(self) -> None: ...

    def finish(self, status: RunStatus, summary: Mapping[str, Any]) -> None: ...


class Photographer(Quiet):
    """Takes a picture of the screen at some clocks."""

    def __init__(self, *clocks: str, width: int = 120) -> None:
        self.pictures: dict[str, str] = {}
        self._clocks = clocks
        self._width = width

    def on_start(self, app: App, sessions: Sequence[dt.date]) -> None:
        self._screen = SessionScreen(app, sessions, 390.0)

    def on_record(self, record: Record) -> None:
        self._screen.take(record)

    def on_notice(self, notice: Notify) -> None:
        self._screen.tell(notice)

    def on_clock(self, now: Nanos) -> None:
        self._screen.begin(session_date(now))
        shown = f"{clock(now):%H:%M}"
        if shown in self._clocks:
            console = Console(record=True, width=self._width, height=34, force_terminal=True, file=io.StringIO())
            console.print(self._screen.frame(now, self._width, 34))
            self.pictures[shown] = console.export_text()


def show(watcher: Watcher, folder: Path, language: Language = "ko") -> None:
    """Play the sample day before somebody's eyes."""
    text.speak(language)
    (folder / "kats.yaml").write_text("version: 1\nstrategies:\n  - use: volatility-breakout\n", encoding="utf-8")
    resolved = resolve(None, environ={"KATS_HOME": str(folder)}, cwd=folder)
    play(
        plan(resolved, Request(kind=RunKind.RUN, first=DAY)),
        Forgetful(),
        Audience(watcher),
        lambda: dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    )


def test_at_0931_the_screen_answers_why(tmp_path: Path) -> None:
    """Clock, regime, equity; levels with their distance and state; verdicts stage by stage; positions with stop and R."""
    photographer = Photographer("09:31")
    show(photographer, tmp_path)
    picture = photographer.pictures["09:31"]
    for part in (
        "09:31:00",
        "정규장",
        "강한 상승장",
        "오늘 손익",
        "관심 종목 10",
        "신호 1",
        "보유 1",
        "데이터에서 계산한 값",
    ):
        assert part in picture
    assert "position-sizer ✓ 401" in picture
    assert "돌파 수준 미도달" in picture
    assert "손절가" in picture
    assert all(len(line.rstrip("\n")) <= 120 for line in picture.splitlines())


def test_the_afternoon_shows_what_was_closed_in_english(tmp_path: Path) -> None:
    """The same screen in the other language."""
    photographer = Photographer("15:17")
    show(photographer, tmp_path, "en")
    picture = photographer.pictures["15:17"]
    for part in (
        "closed today 3",
        "time exit",
        "sold",
        "signals 3",
        "grade-allocator ▽ 439",
        "nothing is held",
        "P&L today",
    ):
        assert part in picture


def test_a_narrow_terminal_gets_everything_below_one_another(tmp_path: Path) -> None:
    """Nothing is wider than the terminal."""
    photographer = Photographer("10:05", width=80)
    show(photographer, tmp_path)
    assert "관심 종목 10" in photographer.pictures["10:05"]
    assert "신호 2" in photographer.pictures["10:05"]


def test_the_live_view_keeps_the_pace_and_leaves_the_screen(tmp_path: Path) -> None:
    """A day of 390 minutes at 3,900 times takes six seconds; the terminal is given back at the end."""
    wall = Wall()
    out = io.StringIO()
    view = LiveView(Console(file=out, force_terminal=True, width=120, height=34), Pace(3_900.0, wall.clock, wall.sleep))
    with view as watcher:
        show(watcher, tmp_path)
    assert wall.now == pytest.approx(6, abs=0.1)
    assert out.getvalue().count("\x1b[?1049h") == out.getvalue().count("\x1b[?1049l") == 1


class Wall:
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        """Tell the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
