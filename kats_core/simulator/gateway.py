"""Guard the door as the broker's gateway does: tokens, approval keys, hash keys, and how many calls a second.

Pure: the time comes in, in seconds of the gateway's own clock, which is the wall's, whatever time it is on the exchange.
Tokens are for clients that compare their expiry with their own clock.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kats_core.model.time import KST
from kats_core.simulator.keys import ClientKeys, Env

DAY = 86_400.0
SAME_TOKEN = 6 * 3600.0
"""Within this time after an issue the same token is given out again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says: status, body as JSON, and the continuation header."""

    body: Mapping[str, Any]
    status: int = 200
    tr_cont: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a client may call; None: as often as it likes."""

    prod: int | None = 18
    vps: int | None = 1
    ledger: int | None = None
    token_every: float = 60.0
    approval_every: float = 0.0


@dataclass(slots=True)
class _Token:
    text: str
    issued: float
    expires: float


@dataclass(slots=True)
class _Calls:
    """The calls of one app key in the last second, and when it got its keys."""

    recent: deque[float] = field(default_factory=deque)
    ledger: deque[float] = field(default_factory=deque)
    token_at: float = float("-inf")
    approval_at: float = float("-inf")


@dataclass(slots=True)
class Gateway:
    """The gateway for some clients."""

    clients: tuple[ClientKeys, ...]
    pace: Pace = field(default_factory=Pace)
    token_life: float = DAY
    status_of_token_errors: int = 500
    _tokens: dict[str, _Token] = field(default_factory=dict)
    _owner_of_token: dict[str, ClientKeys] = field(default_factory=dict)
    _expiry: dict[str, float] = field(default_factory=dict)
    _approvals: dict[str, tuple[ClientKeys, float]] = field(default_factory=dict)
    _calls: dict[str, _Calls] = field(default_factory=dict)
    _issued: int = 0

    def issue_token(self, now: float, asked: Mapping[str, Any]) -> Answer:
        """Give out an access token."""
        if asked.get("grant_type") != "client_credentials":
            return _oauth_error("EGW00115" if not asked.get("grant_type") else "EGW00116")
        found = self._client(asked.get("appkey"), asked.get("appsecret"))
        if isinstance(found, Answer):
            return found
        calls = self._calls_of(found)
        if now - calls.token_at < self.pace.token_every:
            return _oauth_error("EGW00133")
        calls.token_at = now
        known = self._tokens.get(found.app_key)
        if known is None or now - known.issued >= SAME_TOKEN or known.expires <= now:
            known = _Token(self._text(found, "token"), now, now + self.token_life)
            self._tokens[found.app_key] = known
            self._owner_of_token[known.text] = found
            self._expiry[known.text] = known.expires
        until = dt.datetime.fromtimestamp(known.expires, KST)
        return Answer(
            {
                "access_token": known.text,
                "access_token_token_expired": until.strftime("%Y-%m-%d %H:%M:%S"),
                "token_type": "Bearer",
                "expires_in": int(self.token_life),
            }
        )

    def revoke(self, asked: Mapping[str, Any]) -> Answer:
        """Take a token back."""
        found = self._client(asked.get("appkey"), asked.get("appsecret"))
        if isinstance(found, Answer):
            return found
        text = str(asked.get("token", ""))
        if self._owner_of_token.pop(text, None) is not found:
            return _oauth_error("EGW00121")
        if self._tokens.get(found.app_key) is not None and self._tokens[found.app_key].text == text:
            del self._tokens[found.app_key]
        return Answer({"code": 200, "message": "접근토큰 폐기에 성공하였습니다"})

    def approve(self, now: float, asked: Mapping[str, Any]) -> Answer:
        """Give out a key for the stream. The field of the secret has another name here."""
        found = self._client(asked.get("appkey"), asked.get("secretkey"))
        if isinstance(found, Answer):
            return found
        calls = self._calls_of(found)
        if now - calls.approval_at < self.pace.approval_every:
            return _gateway_error("EGW00201")
        calls.approval_at = now
        digest = self._text(found, "approval")[:32]
        key = "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:]))
        self._approvals[key] = found, now + DAY
        return Answer({"approval_key": key})

    def hash_key(self, headers: Mapping[str, str], body: Mapping[str, Any]) -> Answer:
        """Give out the hash of an order."""
        found = self._client(headers.get("appkey"), headers.get("appsecret"))
        if isinstance(found, Answer):
            return found
        return Answer({"BODY": body, "HASH": hash_of(body)})

    def approved(self, now: float, key: str) -> ClientKeys | None:
        """Return whose stream key it is, None when there is no such key or it has expired."""
        found = self._approvals.get(key)
        return None if found is None or found[1] <= now else found[0]

    def expire_tokens(self) -> None:
        """Let every token given out so far be expired."""
        for text in self._expiry:
            self._expiry[text] = 0.0
        for known in self._tokens.values():
            known.expires = 0.0

    def admit(self, now: float, headers: Mapping[str, str], *, is_ledger: bool) -> ClientKeys | Answer:
        """Return whose call it is, or what the gateway says instead of letting it through."""
        scheme, _, text = headers.get("authorization", "").partition(" ")
        text = text.strip()
        if scheme.lower() != "bearer":
            return _gateway_error("EGW00205")
        owner = self._owner_of_token.get(text)
        if owner is None:
            return _gateway_error("EGW00121", self.status_of_token_errors)
        if self._expiry[text] <= now:
            return _gateway_error("EGW00123", self.status_of_token_errors)
        if not headers.get("appkey"):
            return _gateway_error("EGW00102")
        if headers["appkey"] != owner.app_key:
            return _gateway_error("EGW00121", self.status_of_token_errors)
        if headers.get("appsecret") != owner.app_secret:
            return _gateway_error("EGW00304")
        return self._paced(now, owner, is_ledger=is_ledger) or owner

    def _paced(self, now: float, owner: ClientKeys, *, is_ledger: bool) -> Answer | None:
        calls = self._calls_of(owner)
        most = self.pace.prod if owner.env is Env.PROD else self.pace.vps
        if not _fits(calls.recent, now, most):
            return _gateway_error("EGW00201")
        if is_ledger and not _fits(calls.ledger, now, self.pace.ledger):
            return _gateway_error("EGW00215")
        return None

    def _client(self, app_key: Any, secret: Any) -> ClientKeys | Answer:
        found = next((one for one in self.clients if one.app_key == app_key), None)
        if found is None:
            return _oauth_error("EGW00103")
        return found if found.app_secret == secret else _oauth_error("EGW00105")

    def _calls_of(self, client: ClientKeys) -> _Calls:
        return self._calls.setdefault(client.app_key, _Calls())

    def _text(self, client: ClientKeys, purpose: str) -> str:
        self._issued += 1
        return hmac.new(client.app_secret.encode(), f"{purpose} {self._issued}".encode(), hashlib.sha512).hexdigest()


def hash_of(body: Mapping[str, Any]) -> str:
    """Return the hash of an order body; the order of its keys does not matter."""
    text = "&".join(f"{key}={body[key]}" for key in sorted(body))
    return hashlib.sha256(text.encode()).hexdigest()


def _fits(recent: deque[float], now: float, most: int | None) -> bool:
    """Tell whether one more call fits into the last second, and count it if so."""
    while recent and recent[0] <= now - 1.0:
        recent.popleft()
    if most is not None and len(recent) >= most:
        return False
    recent.append(now)
    return True


TEXTS = {
    "EGW00001": "일시적 오류가 발생했습니다.",
    "EGW00002": "서버 에러가 발생했습니다.",
    "EGW00102": "AppKey는 필수입니다.",
    "EGW00103": "유효하지 않은 AppKey입니다.",
    "EGW00105": "유효하지 않은 AppSecret입니다.",
    "EGW00115": "권한부여 타입(grant_type)은 필수입니다.",
    "EGW00116": "지원하지 않는 권한부여 타입(grant_type)입니다.",
    "EGW00121": "유효하지 않은 token 입니다.",
    "EGW00123": "기간이 만료된 token 입니다.",
    "EGW00131": "유효하지 않은 hashkey입니다.",
    "EGW00133": "접근토큰 발급 잠시 후 다시 시도하세요(1분당 1회)",
    "EGW00201": "초당 거래건수를 초과하였습니다.",
    "EGW00202": "GW라우팅 중 오류가 발생했습니다.",
    "EGW00205": "credentials_type이 유효하지 않습니다.(Bearer)",
    "EGW00215": "원장에서 허용 가능한 초당 거래건수를 초과하였습니다.",
    "EGW00301": "연결 시간이 초과되었습니다. 직전 거래를 반드시 확인하세요.",
    "EGW00302": "거래시간이 초과되었습니다. 직전 거래를 반드시 확인하세요.",
    "EGW00304": "고객식별키(법인 personalSeckey 개인 appSecret)가 유효하지 않습니다.",
    "EGW02006": "모의투자 TR  이 아닙니다.",
    "OPSQ0002": "없는 서비스 코드 입니다.",
    "90020000": "모의투자 서비스가 지연되고 있습니다",
}


def error(code: str, status: int = 500, text: str | None = None) -> Answer:
    """Return an error of the gateway."""
    return _gateway_error(code, status, text)


def _gateway_error(code: str, status: int = 500, text: str | None = None) -> Answer:
    return Answer({"rt_cd": "1", "msg_cd": code, "msg1": TEXTS.get(code, "") if text is None else text}, status)


def _oauth_error(code: str) -> Answer:
    return Answer({"error_description": TEXTS.get(code, ""), "error_code": code}, 403)
