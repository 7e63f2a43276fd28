"""Let the owner of a running process talk to it: JSON lines over a Unix socket that nobody else can open.

The socket's thread only reads and writes. What is asked waits until the driver answers between two events, so that no
request ever meets the engine in the middle of a decision.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import socket
import socketserver
import struct
import tempfile
import threading
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
    """The running process cannot be reached, or refused what was asked; the text says why."""


@dataclass(slots=True)
class Request:
    """What somebody asks of the running process."""

    verb: str
    arguments: Mapping[str, Any]
    _answer: queue.Queue[Answer] = field(default_factory=lambda: queue.Queue(1))

    def reply(self, answer: Answer) -> None:
        """Answer, once."""
        self._answer.put_nowait(answer)

    def wait(self, timeout_s: float) -> Answer:
        """Return the driver's answer; an error when none came in time."""
        try:
            return self._answer.get(timeout=timeout_s)
        except queue.Empty:
            return {
                "error": f"the running process did not answer within {timeout_s:.0f} s; nothing is known of what it did"
            }


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
        ...
        control.serve(answer)          # between two events
    ```
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: queue.Queue[Request] = queue.Queue()
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
            raise ControlError(f"{self._path}: cannot listen, {error}") from error
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
            self._waiting.get_nowait().reply({"error": "the process has ended"})

    def serve(self, answer: Callable[[Request], Answer]) -> None:
        """Answer everything that waits. Call it between two events, from the thread that drives the engine."""
        while not self._waiting.empty():
            request = self._waiting.get_nowait()
            try:
                request.reply(answer(request))
            except ControlError as error:
                request.reply({"error": str(error)})


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
        raise ControlError("no running process listens here: start `kats run` first, with the same KATS_HOME") from None
    except OSError as error:
        raise ControlError(f"{path}: {error}") from error
    answer: dict[str, Any] = json.loads(reply) if reply else {"error": "the process ended before it answered"}
    if "error" in answer:
        raise ControlError(str(answer["error"]))
    return answer


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: Path, waiting: queue.Queue[Request]) -> None:
        self.waiting = waiting
        super().__init__(str(path), _Line)


class _Line(socketserver.StreamRequestHandler):
    """One client: a request a line, an answer a line."""

    server: _Server

    def handle(self) -> None:
        if not self._is_owner():
            return
        while line := self.rfile.readline(_LONGEST_LINE):
            self.wfile.write(json.dumps(self._answer(line), ensure_ascii=False, default=str).encode() + b"\n")

    def _answer(self, line: bytes) -> Answer:
        try:
            asked = json.loads(line)
            verb = asked.pop("verb")
        except (ValueError, KeyError, AttributeError, TypeError):
            return {"error": 'expected one JSON object a line with a "verb"'}
        request = Request(str(verb), asked)
        self.server.waiting.put(request)
        return request.wait(_PATIENCE_S)

    def _is_owner(self) -> bool:
        """Tell whether the client runs as the user of this process; root may do as it likes anyway."""
        if not hasattr(socket, "SO_PEERCRED"):
            return True  # elsewhere the folder's and the socket's modes keep others out
        raw = self.request.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        _, user, _ = _CREDENTIALS.unpack(raw)
        return user in (os.getuid(), 0)


def _own_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_uid not in (os.getuid(), 0):
        raise ControlError(f"{folder} belongs to another user")


def _remove_left_over(path: Path) -> None:
    """Take away the socket of a process that was killed; one that answers is left alone."""
    if not path.exists():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        try:
            line.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise ControlError(f"{path}: another process of this KATS_HOME is running")
