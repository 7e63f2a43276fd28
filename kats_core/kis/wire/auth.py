"""Ask for what opens the other services: an access token, the stream's approval key, the hash of an order's body.

These services have no transaction id, take no token, and answer errors with `error_code` instead of a result code. Nothing
that is made here shows a secret when it is printed.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import msgspec

from kats_core.kis.wire.errors import WireError
from kats_core.kis.wire.rest import DONE, Reply
from kats_core.model.time import KST

ISSUE_PATH: Final = "/oauth2/tokenP"
REVOKE_PATH: Final = "/oauth2/revokeP"
APPROVAL_PATH: Final = "/oauth2/Approval"
HASH_PATH: Final = "/uapi/hashkey"

_GRANT = "client_credentials"
_EXPIRY = "%Y-%m-%d %H:%M:%S"
_REVOKED = "200"


class Token(msgspec.Struct, frozen=True):
    """An access token. `expires` is aware and Korean: the broker writes it without a zone.

    The expiry is that of the token, which may be hours old when it is given out again; `expires_in` is not read.
    """

    value: str
    expires: dt.datetime

    def __repr__(self) -> str:
        return f"Token(***, expires={self.expires:%Y-%m-%d %H:%M:%S})"

    def write(self) -> dict[str, Any]:
        """Return the body that gives it out."""
        return {
            "access_token": self.value,
            "access_token_token_expired": self.expires.astimezone(KST).strftime(_EXPIRY),
            "token_type": "Bearer",
            "expires_in": 86_400,
        }


def token_body(app_key: str, app_secret: str) -> bytes:
    """Return the body that asks for a token."""
    return msgspec.json.encode({"grant_type": _GRANT, "appkey": app_key, "appsecret": app_secret})


def read_token(reply: Reply) -> Token:
    """Return the token that a reply gives out; raises WireError where it gives none."""
    value, expiry = reply.top("access_token").strip(), reply.top("access_token_token_expired").strip()
    if not value:
        raise WireError(reply.text, f"gives no access token: {reply.code} {reply.message}")
    try:
        expires = dt.datetime.strptime(expiry, _EXPIRY).replace(tzinfo=KST)
    except ValueError:
        raise WireError(
            reply.text, f"access_token_token_expired is {expiry!r}, no moment as in 2026-01-06 08:10:10"
        ) from None
    return Token(value, expires)


def revoke_body(app_key: str, app_secret: str, token: str) -> bytes:
    """Return the body that ends a token's life."""
    return msgspec.json.encode({"appkey": app_key, "appsecret": app_secret, "token": token})


def is_revoked(reply: Reply) -> bool:
    """Tell whether a token's life has ended."""
    return reply.top("code").strip() == _REVOKED or reply.result == DONE


def approval_body(app_key: str, app_secret: str) -> bytes:
    """Return the body that asks for the key of the stream; the secret has another name there."""
    return msgspec.json.encode({"grant_type": _GRANT, "appkey": app_key, "secretkey": app_secret})


def read_approval(reply: Reply) -> str:
    """Return the key of the stream; raises WireError where the reply has none."""
    key = reply.top("approval_key").strip()
    if not key:
        raise WireError(reply.text, f"gives no approval key: {reply.code} {reply.message}")
    return key


def read_hash(reply: Reply) -> str:
    """Return the hash of an order's body; raises WireError where the reply has none."""
    found = reply.top("hash").strip()
    if not found:
        raise WireError(reply.text, f"gives no hash: {reply.code} {reply.message}")
    return found
