"""Make the keys that clients use: an app key of 36 characters, a secret of 180, an account, an HTS id; the same from the same seed."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from enum import StrEnum


class Env(StrEnum):
    """Which of the broker's two servers a key belongs to; its own names for them."""

    PROD = "prod"
    VPS = "vps"


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """What a client needs beside the addresses. Nothing of it opens anything but this simulator."""

    env: Env
    app_key: str
    app_secret: str
    account: str
    product: str
    hts_id: str

    @property
    def is_mock(self) -> bool:
        """Tell whether the key is one of the mock server."""
        return self.env is Env.VPS

    def __repr__(self) -> str:
        return f"ClientKeys({self.env} {self.account}-{self.product})"


_APP_KEY, _APP_SECRET = 36, 180
_DIGITS = 10**5


def client_keys(env: Env, seed: int, number: int = 1) -> ClientKeys:
    """Return the keys of an environment's user for the account of a number: an app key belongs to one account."""
    which = "" if number == 1 else f" {number}"
    first = int.from_bytes(_bytes(env, seed, "account", 8)) % _DIGITS
    return ClientKeys(
        env=env,
        app_key=("PS" if env is Env.PROD else "VS") + _letters(env, seed, f"key{which}", _APP_KEY - 2),
        app_secret=_letters(env, seed, f"secret{which}", _APP_SECRET),
        account=f"{'810' if env is Env.PROD else '500'}{(first + number - 1) % _DIGITS:05}",
        product="01",
        hts_id=f"sim{first % 1000:03}",
    )


def _letters(env: Env, seed: int, purpose: str, size: int) -> str:
    text = base64.b64encode(_bytes(env, seed, purpose, size)).decode()
    return text.replace("+", "x").replace("/", "y").replace("=", "z")[:size]


def _bytes(env: Env, seed: int, purpose: str, size: int) -> bytes:
    return hashlib.shake_256(f"kats simulator {env} {seed} {purpose}".encode()).digest(size)
