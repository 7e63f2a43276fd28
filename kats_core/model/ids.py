"""Name things outside the engine: uuid5 of the run and of what is unique within it."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from functools import lru_cache

_ROOT = uuid.UUID("6f0f6e4a-3f0f-5c7e-9a53-0d1d5f1b7a10")


def run_id(*identity: object) -> str:
    """Return the id of a run from its identity (kind, configuration hash, data hash, days, seed)."""
    return str(uuid.uuid5(_ROOT, "|".join(map(str, identity))))


def signal_id(run: uuid.UUID, session: dt.date, instance: str, symbol: str, slot: int, sequence: int) -> str:
    """Return the idempotency key of the chain signal, verdicts, order, fills."""
    return _uuid5(run, f"{session.isoformat()}|{instance}|{symbol}|{slot}|{sequence}")


def order_id(run: uuid.UUID, number: int) -> str:
    """Return the outside name of order `number` of a run."""
    return _uuid5(run, f"order|{number}")


_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""What a digit becomes whose first two bits say that a UUID is of the usual variant."""


@lru_cache(maxsize=64)
def _begun(namespace: int) -> hashlib._Hash:
    return hashlib.sha1(namespace.to_bytes(16, "big"), usedforsecurity=False)


def _uuid5(namespace: uuid.UUID, name: str) -> str:
    """Return `str(uuid.uuid5(namespace, name))`, without building the object in between: this runs for every signal."""
    hashed = _begun(namespace.int).copy()
    hashed.update(name.encode())
    text = hashed.hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"
