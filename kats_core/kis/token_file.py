"""Keep the access token of one app key and environment on disk, for every process of this user and for nobody else.

The broker tells the owner of each new token by message and gives one a minute, so processes share one. A file of mode 0600
holds it, a lock beside it is held by whoever reads or renews, also across processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import fcntl
import hashlib
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kats_core.kis.errors import KeepingError
from kats_core.kis.settings import Keys
from kats_core.model.time import Nanos, from_datetime, to_datetime

_VERSION = 1
_PATIENCE_S = 0.05


@dataclass(frozen=True, slots=True)
class KeptToken:
    """An access token, when it ends, and when one was last asked for; without a value there is only the last."""

    value: str = field(repr=False)
    expires: Nanos
    asked: Nanos


class TokenFile:
    """The token of one (environment, host, app key) below a KATS_HOME."""

    def __init__(self, home: Path, keys: Keys) -> None:
        # A simulator's token is not the broker's, whatever key it was asked with.
        whose = f"{keys.env}\n{keys.rest_url}\n{keys.app_key.get_secret_value()}"
        digest = hashlib.sha256(whose.encode()).hexdigest()[:16]
        self.path = home / "kis" / f"token-{keys.env}-{digest}.json"

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Hold the file alone, among all processes; waits for its turn. Raises `KeepingError`."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise KeepingError(self.path, error.strerror or str(error)) from error
        try:
            while not _is_taken(lock):
                await asyncio.sleep(_PATIENCE_S)
            yield
        finally:
            os.close(lock)

    def read(self) -> KeptToken | None:
        """Return what is kept; None when there is nothing, or nothing that can be read."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            if kept["version"] == _VERSION and isinstance(kept["access_token"], str):
                expires, asked = (from_datetime(dt.datetime.fromisoformat(kept[key])) for key in ("expires", "asked"))
                return KeptToken(kept["access_token"], expires, asked)
        return None

    def write(self, kept: KeptToken) -> None:
        """Keep a token; readers see the old or the new one, never a part. Raises `KeepingError`."""
        text = json.dumps(
            {
                "version": _VERSION,
                "access_token": kept.value,
                "expires": to_datetime(kept.expires).isoformat(),
                "asked": to_datetime(kept.asked).isoformat(),
            }
        )
        try:
            self._replace(text)
        except OSError as error:
            raise KeepingError(self.path, error.strerror or str(error)) from error

    def _replace(self, text: str) -> None:
        beside = self.path.with_suffix(f".{os.getpid()}")
        # Whatever is left of a process that was killed may have another mode.
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)


def _is_taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
