"""The operator's verbs: what they ask of the running process, and how its answer reads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from kats_core.runtime.control import Answer, ControlError, ControlServer, Request, socket_path

HOLD = {
    "kind": "all",
    "scope": "all",
    "state": "HALTED",
    "by": "kim",
    "why": "점검",
    "ko": "점검",
    "en": "점검",
    "since": "2025-10-14T10:16:00+09:00",
    "until": "resume",
}
NOTICE = {
    "severity": "WARNING",
    "code": "drawdown-protocol:RESUME_TOO_EARLY",
    "ko": "재개 조건 미충족",
    "en": "too early to resume",
    "symbol": "",
    "detail": {"lacking": "5 sessions"},
}


@contextmanager
def running(kats: Any, **changes: Any) -> Iterator[list[Request]]:
    """A process of that home that answers what it is told, and notes what it was asked."""
    asked: list[Request] = []

    def answer(request: Request) -> Answer:
        asked.append(request)
        if "refusal" in changes:
            raise changes["refusal"]
        usual = {"verb": request.verb, "time": "2025-10-14T10:16:00+09:00", "scope": "all", "sold": 3, "cancelled": 2}
        counts = {"positions": 4, "buying": 0, "selling": 1}
        return {**usual, **counts, "states": [HOLD], "notices": [], **changes}

    with ControlServer(socket_path(kats.home)) as control:
        control.answering = answer
        done = threading.Event()

        def drive() -> None:
            while not done.wait(0.005):
                control.serve()

        driver = threading.Thread(target=drive)
        driver.start()
        try:
            yield asked
        finally:
            done.set()
            driver.join()


@pytest.mark.parametrize("verb", ["halt", "flatten", "resume", "reload"])
@pytest.mark.parametrize(("language", "words"), [("ko", "실행 중인 프로세스가 없음"), ("en", "no running process")])
def test_without_a_process_the_person_learns_what_to_start(kats: Any, verb: str, language: str, words: str) -> None:
    """Exit code 2, one line, in their language."""
    answer = kats(verb, "--lang", language)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err
    assert "kats run" in answer.err


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        (("halt",), {}),
        (("halt", "--symbol", "005930", "--reason", "점검"), {"symbol": "005930", "reason": "점검"}),
        (("halt", "--instance", "vb", "--entries-only"), {"instance": "vb", "entries_only": True}),
        (("flatten", "--symbol", "005930"), {"symbol": "005930"}),
        (
            ("resume", "--cause", "market", "--reference", "runs/1"),
            {"cause": "MARKET", "reference": "runs/1"},
        ),
    ],
)
def test_what_was_typed_is_asked(kats: Any, arguments: tuple[str, ...], sent: dict[str, Any]) -> None:
    """And only that."""
    with running(kats) as asked:
        assert kats(*arguments).code == 0
    assert [(request.verb, dict(request.arguments)) for request in asked] == [(arguments[0], sent)]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ko", ("2025-10-14 10:16:00", "거래 중단: 전체 · 매수 주문 2건 취소", "kim · 점검 · 재개할 때까지")),
        ("en", ("halted: everything · entry orders cancelled: 2", "kim · 점검 · until resumed", "positions: 4")),
    ],
)
def test_an_answer_reads_well(kats: Any, language: str, words: tuple[str, ...]) -> None:
    """When, what, what is left, what is in force and until when."""
    with running(kats):
        answer = kats("halt", "--lang", language)
    assert all(word in answer.out for word in words), answer.out


def test_what_a_stage_said_about_a_resume_is_shown(kats: Any) -> None:
    """What is lacking, in the stage's words."""
    with running(kats, states=[], notices=[NOTICE]):
        answer = kats("resume", "--cause", "MARKET")
    assert "재개 조건 미충족 · lacking 5 sessions" in answer.out
    assert "걸려 있는 중단 없음" in answer.out


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ko", ("설정을 다시 읽었습니다", "지금부터 · a 5 -> 3", "다음 거래일부터 · b 1 -> 2")),
        ("en", ("now · a", "next session · b")),
    ],
)
def test_a_reload_tells_what_holds_from_when_on(kats: Any, language: str, words: tuple[str, ...]) -> None:
    """Each changed key in its own time."""
    with running(kats, before="x", after="y", changes=["a 5 -> 3", "b 1 -> 2"], now=["a 5 -> 3"], later=["b 1 -> 2"]):
        answer = kats("reload", "--lang", language)
    assert answer.code == 0
    assert all(word in answer.out for word in words), answer.out


def test_a_refusal_ends_with_exit_code_2(kats: Any) -> None:
    """In the language of who asked."""
    with running(kats, refusal=ControlError("그런 전략 없음", "no such strategy")):
        assert kats("halt", "--instance", "x").err.count("그런 전략 없음") == 1
        answer = kats("halt", "--instance", "x", "--lang", "en")
    assert (answer.code, answer.out) == (2, "")
    assert "no such strategy" in answer.err


def test_programs_get_the_answer_as_it_is(kats: Any) -> None:
    """One object."""
    with running(kats):
        assert kats("halt", "--json").json["states"] == [HOLD]


def test_a_second_run_of_a_home_goes_on_and_says_that_it_cannot_be_reached(kats: Any) -> None:
    """Recorded days may be played beside each other; orders reach the first."""
    with running(kats):
        answer = kats("run", "--json")
    assert answer.code == 0
    assert "kats halt" in answer.err
