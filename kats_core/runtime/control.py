"""Let the owner of a running process talk to it: JSON lines over a Unix socket that nobody else can open.

The socket's thread only reads and writes. What is asked waits until the driver answers between two events, so that no
request ever meets the engine in the middle of a decision.
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import queue
import socket
import socketserver
import struct
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeAlias

Answer: TypeAlias = Mapping[str, Any]

LONGEST_PATH = 100
"""Bytes of a socket's path that every Unix takes."""

_PATIENCE_S = 30.0
"""How long a request waits for the driver; a day that is paced answers within a fraction of a second."""

_LONGEST_LINE = 64 * 1024
_CREDENTIALS = struct.Struct("3i")


class ControlError(Exception):
    """The running process cannot be reached, or refused what was asked; a person reads why in either language."""

    def __init__(self, ko: str, en: str) -> None:
        super().__init__(en)
        self.ko = ko
        self.en = en

    @property
    def as_answer(self) -> Answer:
        """The error as it goes over the line."""
        return {"error": {"ko": self.ko, "en": self.en}}


@dataclass(slots=True)
class Request:
    """What somebody asks of the running process; `who` is the user on the other end of the line."""

    verb: str
    arguments: Mapping[str, Any]
    who: str
    _answer: queue.Queue[Answer] = field(default_factory=lambda: queue.Queue(1))

    def reply(self, answer: Answer) -> None:
        """Answer, once."""
        self._answer.put_nowait(answer)

    def wait(self, timeout_s: float) -> Answer:
        """Return the driver's answer; an error when none came in time."""
        try:
            return self._answer.get(timeout=timeout_s)
        except queue.Empty:
            return ControlError(
                f"실행 중인 프로세스가 {timeout_s:.0f}초 안에 답하지 않음: 처리 여부를 알 수 없음",
                f"the running process did not answer within {timeout_s:.0f} s; nothing is known of what it did",
            ).as_answer


def socket_path(home: Path) -> Path:
    """Return where the process of a KATS_HOME listens; the same for every client of that home.

    A home whose path is too long for a socket has it in a folder of this user under the system's temporary folder.
    """
    path = home / "control.sock"
    if len(os.fsencode(path)) <= LONGEST_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"kats-{os.getuid()}" / f"{digest}.sock"


class ControlServer:
    """Listens while it is open.

    ```python
    with ControlServer(path) as control:
        control.answering = answer     # what is asked before that waits
        ...
        control.serve()                # between two events
    ```
    """

    def __init__(self, path: Path) -> None:
        self.answering: Callable[[Request], Answer] | None = None
        self._path = path
        self._waiting: queue.Queue[Request] = queue.Queue()
        self._own: deque[Request] = deque()
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        """Begin to listen.

        Raises:
            ControlError: another process listens there already, or the folder is not ours alone.
        """
        _own_folder(self._path.parent)
        _remove_left_over(self._path)
        mask = os.umask(0o177)
        try:
            self._server = _Server(self._path, self._waiting)
        except OSError as error:
            raise ControlError(
                f"{self._path}: 들을 수 없음, {error}", f"{self._path}: cannot listen, {error}"
            ) from error
        finally:
            os.umask(mask)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="kats-control", daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop listening; who still waits is told."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._path.unlink(missing_ok=True)
        while not self._waiting.empty():
            self._waiting.get_nowait().reply(_ENDED.as_answer)

    def note(self, verb: str, who: str) -> None:
        """Ask on behalf of the process itself, for instance from the handler of a signal; nobody reads the answer."""
        self._own.append(Request(verb, {}, who))

    def serve(self) -> None:
        """Answer everything that waits. Call it between two events, from the thread that drives the engine."""
        while self.answering is not None and (self._own or not self._waiting.empty()):
            request = self._own.popleft() if self._own else self._waiting.get_nowait()
            try:
                request.reply(self.answering(request))
            except ControlError as error:
                request.reply(error.as_answer)
            except BaseException:
                # The run ends with it; whoever asked must not wait for an answer that never comes.
                request.reply(_ENDED.as_answer)
                raise


def ask(path: Path, verb: str, **arguments: Any) -> dict[str, Any]:
    """Ask the running process and return its answer.

    Raises:
        ControlError: no process listens there, or it refused.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(_PATIENCE_S + 5)
            line.connect(str(path))
            line.sendall(json.dumps({"verb": verb, **arguments}, ensure_ascii=False).encode() + b"\n")
            reply = line.makefile("rb").readline(_LONGEST_LINE)
    except (FileNotFoundError, ConnectionRefusedError):
        raise ControlError(
            "실행 중인 프로세스가 없음: 같은 KATS_HOME으로 `kats run`을 먼저 시작하세요",
            "no running process listens here: start `kats run` first, with the same KATS_HOME",
        ) from None
    except OSError as error:
        raise ControlError(f"{path}: {error}", f"{path}: {error}") from error
    answer: dict[str, Any] = json.loads(reply) if reply else dict(_ENDED.as_answer)
    if "error" in answer:
        raise ControlError(answer["error"]["ko"], answer["error"]["en"])
    return answer


_ENDED = ControlError("프로세스가 끝났음", "the process has ended")
_NO_REQUEST = ControlError(
    '한 줄에 "verb"가 있는 JSON 객체 하나여야 함', 'expected one JSON object a line with a "verb"'
)


def is_listening(path: Path) -> bool:
    """Tell whether a process listens there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        try:
            line.connect(str(path))
        except OSError:
            return False
        return True


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: Path, waiting: queue.Queue[Request]) -> None:
        self.waiting = waiting
        super().__init__(str(path), _Line)


class _Line(socketserver.StreamRequestHandler):
    """One client: a request a line, an answer a line."""

    server: _Server

    def handle(self) -> None:
        user = self._user()
        if user not in (os.getuid(), 0):
            return
        self.who = _name_of(user)
        while line := self.rfile.readline(_LONGEST_LINE):
            self.wfile.write(json.dumps(self._answer(line), ensure_ascii=False, default=str).encode() + b"\n")

    def _answer(self, line: bytes) -> Answer:
        try:
            asked = json.loads(line)
            verb = asked.pop("verb")
        except (ValueError, KeyError, AttributeError, TypeError):
            return _NO_REQUEST.as_answer
        request = Request(str(verb), asked, self.who)
        self.server.waiting.put(request)
        return request.wait(_PATIENCE_S)

    def _user(self) -> int:
        """Return the user as whom the client runs; only the owner of this process, and root, get an answer."""
        if not hasattr(socket, "SO_PEERCRED"):
            return os.getuid()  # elsewhere the folder's and the socket's modes keep others out
        raw = self.request.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        user: int = _CREDENTIALS.unpack(raw)[1]
        return user


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"uid {user}"


def _own_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_uid not in (os.getuid(), 0):
        raise ControlError(f"{folder}: 다른 사용자의 폴더", f"{folder} belongs to another user")


def _remove_left_over(path: Path) -> None:
    """Take away the socket of a process that was killed; one that answers is left alone."""
    if not path.exists():
        return
    if not is_listening(path):
        path.unlink(missing_ok=True)
        return
    raise ControlError(
        f"{path}: 이 KATS_HOME의 다른 프로세스가 실행 중", f"{path}: another process of this KATS_HOME is running"
    )
