"""The control socket: requests wait for the driver, answers come back, nobody else gets in."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kats_core.runtime.control import LONGEST_PATH, Answer, ControlError, ControlServer, Request, ask, socket_path


@contextmanager
def driven(control: ControlServer) -> Iterator[list[int]]:
    """Serve from a thread of its own, as a driver does, and note which thread answered."""
    threads: list[int] = []
    done = threading.Event()

    def answer(request: Request) -> Answer:
        threads.append(threading.get_ident())
        if request.verb == "refuse":
            raise ControlError("지금은 안 됨", "not now")
        return {"verb": request.verb, **request.arguments}

    def drive() -> None:
        while not done.wait(0.005):
            control.serve()

    control.answering = answer
    driver = threading.Thread(target=drive)
    driver.start()
    try:
        yield threads
    finally:
        done.set()
        driver.join()


def test_the_driver_answers_what_was_asked(tmp_path: Path) -> None:
    """In its own thread, between two events, Korean text unharmed."""
    with ControlServer(path := tmp_path / "control.sock") as control, driven(control) as threads:
        assert ask(path, "halt", scope="all", reason="점검") == {"verb": "halt", "scope": "all", "reason": "점검"}
        assert set(threads).isdisjoint({threading.get_ident()})


def test_a_refusal_is_an_error_with_its_reason(tmp_path: Path) -> None:
    """The process goes on."""
    with ControlServer(path := tmp_path / "control.sock") as control, driven(control):
        with pytest.raises(ControlError, match="not now"):
            ask(path, "refuse")
        assert ask(path, "status") == {"verb": "status"}


def test_several_lines_may_come_over_one_connection(tmp_path: Path) -> None:
    """Also a line that is no request, which is answered and forgotten."""
    with ControlServer(path := tmp_path / "control.sock") as control, driven(control):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(path))
            replies = line.makefile("rb")
            answers = []
            for asked in (b'{"verb": "a"}', b"nonsense", b"[1]", b'{"verb": "b"}'):
                line.sendall(asked + b"\n")
                answers.append(json.loads(replies.readline()))
        assert [answer.get("verb") for answer in answers] == ["a", None, None, "b"]
        assert all("error" in answer for answer in answers[1:3])


def test_only_the_owner_can_open_it(tmp_path: Path) -> None:
    """No access for group and others, and none is left behind."""
    path = tmp_path / "home" / "control.sock"
    with ControlServer(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0
    assert not path.exists()


def test_a_second_process_does_not_take_the_socket_over(tmp_path: Path) -> None:
    """The first one keeps it."""
    with ControlServer(path := tmp_path / "control.sock") as control, driven(control):
        with pytest.raises(ControlError, match="another process"), ControlServer(path):
            pass
        assert ask(path, "status") == {"verb": "status"}


def test_the_socket_of_a_killed_process_is_no_obstacle(tmp_path: Path) -> None:
    """It is taken away and used anew."""
    path = tmp_path / "control.sock"
    code = (
        "import os, sys; from pathlib import Path; from kats_core.runtime.control import ControlServer\n"
        "ControlServer(Path(sys.argv[1])).__enter__(); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 9  # noqa: S603 - our own interpreter, fixed code
    assert path.exists()
    with pytest.raises(ControlError, match="no running process"):
        ask(path, "status")
    with ControlServer(path) as control, driven(control):
        assert ask(path, "status") == {"verb": "status"}


def test_without_a_process_the_message_says_what_to_start(tmp_path: Path) -> None:
    """Rather than a file that was not found."""
    with pytest.raises(ControlError, match="kats run"):
        ask(tmp_path / "control.sock", "status")


def test_who_waits_when_the_process_ends_is_told(tmp_path: Path) -> None:
    """No client hangs on a process that is gone."""
    failures: list[str] = []

    def client() -> None:
        try:
            ask(path, "status")
        except ControlError as error:
            failures.append(str(error))

    with ControlServer(path := tmp_path / "control.sock") as control:
        asking = threading.Thread(target=client)
        asking.start()
        while control._waiting.empty():
            os.sched_yield()
    asking.join()
    assert failures == ["the process has ended"]


def test_a_home_with_a_long_path_has_its_socket_elsewhere(tmp_path: Path) -> None:
    """In one place for every client of that home."""
    deep = tmp_path / ("x" * LONGEST_PATH)
    assert socket_path(tmp_path / "h") == tmp_path / "h" / "control.sock"
    assert socket_path(deep) == socket_path(deep) != socket_path(deep / "y")
    assert len(os.fsencode(socket_path(deep))) <= LONGEST_PATH
