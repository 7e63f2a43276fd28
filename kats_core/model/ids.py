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


@lru_cache(maxsize=64)
def _begun(namespace: int) -> hashlib._Hash:
    return hashlib.sha1(namespace.to_bytes(16, "big"), usedforsecurity=False)


def _uuid5(namespace: uuid.UUID, name: str) -> str:
    """Return `str(uuid.uuid5(namespace, name))`, without building the object in between: this runs for every signal."""
    hashed = _begun(namespace.int).copy()
    hashed.update(name.encode())
    digest = bytearray(hashed.digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
