"""Read and write the texts of the stream: registrations, their acks, PINGPONG, and frames of data.

```text
client  {"header": {"approval_key": ..., "tr_type": "1", ...}, "body": {"input": {"tr_id": ..., "tr_key": ...}}}
server  {"header": {"tr_id": ..., "tr_key": ..., "encrypt": "N"}, "body": {"rt_cd": "0", "output": {"iv": ..., "key": ...}}}
server  {"header": {"tr_id": "PINGPONG", "datetime": ...}}
server  0|H0STCNT0|002|005930^100512^71500^...          flag, stream, number of records, fields
```
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

import msgspec

from kats_core.kis.wire.cipher import CipherKeys
from kats_core.kis.wire.errors import WireError
from kats_core.kis.wire.layouts import ENCRYPTED, WidthError, layout_of
from kats_core.kis.wire.values import NULL
from kats_core.model import time as kst
from kats_core.model.time import Nanos

SEPARATOR: Final = "^"
PING: Final = "PINGPONG"

SUBSCRIBED: Final = "OPSP0000"
UNSUBSCRIBED: Final = "OPSP0001"
ALREADY_SUBSCRIBED: Final = "OPSP0002"
NOT_SUBSCRIBED: Final = "OPSP0003"

_DONE = frozenset({SUBSCRIBED, UNSUBSCRIBED, ALREADY_SUBSCRIBED})
_REGISTER, _UNREGISTER = "1", "2"
_PLAIN, _SEALED = "0", "1"
_SUCCESS = "0"


class Registration(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A client asks for a stream of one key (a symbol, an index, an HTS id), or gives it back."""

    stream: str
    key: str
    approval_key: str
    is_unregister: bool = False
    customer: str = "P"

    def __repr__(self) -> str:
        return f"Registration({'-' if self.is_unregister else '+'}{self.stream} {self.key})"

    def text(self) -> str:
        """Return the message to send."""
        header = {
            "approval_key": self.approval_key,
            "custtype": self.customer,
            "tr_type": _UNREGISTER if self.is_unregister else _REGISTER,
            "content-type": "utf-8",
        }
        return _json({"header": header, "body": {"input": {"tr_id": self.stream, "tr_key": self.key}}})


def register(approval_key: str, stream: str, key: str) -> str:
    """Return the message that asks for a stream."""
    return Registration(stream=stream, key=key, approval_key=approval_key).text()


def unregister(approval_key: str, stream: str, key: str) -> str:
    """Return the message that gives a stream back."""
    return Registration(stream=stream, key=key, approval_key=approval_key, is_unregister=True).text()


def read_registration(text: str) -> Registration:
    """Return what a client asks for; raises WireError where it does not say it."""
    message = _object(text)
    header, body = message.get("header"), message.get("body")
    asked = body.get("input") if isinstance(body, dict) else None
    if not isinstance(header, dict) or not isinstance(asked, dict):
        raise WireError(text, "a registration has a header and a body.input")
    direction = _text(header, "tr_type")
    if direction not in (_REGISTER, _UNREGISTER):
        raise WireError(text, f"tr_type is {direction!r}, expected 1 or 2")
    return Registration(
        stream=_text(asked, "tr_id"),
        key=_text(asked, "tr_key"),
        approval_key=_text(header, "approval_key"),
        is_unregister=direction == _UNREGISTER,
        customer=_text(header, "custtype"),
    )


class Ack(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The answer to a registration. Refusals may not say to which: then `stream` and `key` are empty, and order decides."""

    stream: str
    key: str
    code: str
    message: str
    result: str = _SUCCESS
    is_encrypted: bool = False
    keys: CipherKeys | None = None

    @property
    def is_done(self) -> bool:
        """Tell whether what was asked for holds now; a stream that was registered before is registered."""
        return self.result == _SUCCESS or self.code in _DONE

    def text(self) -> str:
        """Return the message as the server sends it."""
        header = {
            "tr_id": self.stream or NULL,
            "tr_key": self.key,
            "encrypt": "Y" if self.is_encrypted else "N",
        }
        body: dict[str, Any] = {"rt_cd": self.result, "msg_cd": self.code, "msg1": self.message}
        if self.keys is not None:
            body["output"] = {"iv": self.keys.iv, "key": self.keys.key}
        return _json({"header": header, "body": body})


class Ping(msgspec.Struct, frozen=True, gc=False):
    """A sign of life. The broker takes the same text back, a pong of the socket, or no answer at all."""

    text: str

    @classmethod
    def at(cls, clock: str) -> Ping:
        """Return the message of a moment, written YYYYMMDDHHMMSS."""
        return cls(_json({"header": {"tr_id": PING, "datetime": clock}}))


def ping_time(text: str) -> Nanos | None:
    """Return the moment that a sign of life names, None where it names none."""
    try:
        stamp = msgspec.json.decode(text)["header"]["datetime"]
        return kst.from_datetime(dt.datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=kst.KST))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return None


class Frame(msgspec.Struct, frozen=True, gc=False):
    """Records of one stream as they came. `payload` is sealed while `is_encrypted`."""

    stream: str
    is_encrypted: bool
    count: int
    payload: str

    @classmethod
    def of(cls, stream: str, records: Iterable[Iterable[str]], keys: CipherKeys | None = None) -> Frame:
        """Return the frame that carries some records, sealed where keys are given."""
        listed = list(records)
        payload = SEPARATOR.join(field for record in listed for field in record)
        if keys is not None:
            payload = keys.encrypt(payload)
        return cls(stream, keys is not None, len(listed), payload)

    def text(self) -> str:
        """Return the frame as the server sends it."""
        return f"{_SEALED if self.is_encrypted else _PLAIN}|{self.stream}|{self.count:03}|{self.payload}"

    def opened(self, keys: CipherKeys) -> Frame:
        """Return the frame with its payload in plain text; raises WireError where these keys do not open it."""
        if not self.is_encrypted:
            return self
        return Frame(self.stream, False, self.count, keys.decrypt(self.payload))

    def records(self) -> list[list[str]]:
        """Return the fields of each record; raises WireError where they are no whole records of a known stream."""
        layout = layout_of(self.stream)
        if layout is None:
            raise WireError(self.text(), f"the stream {self.stream!r} is unknown")
        if self.is_encrypted:
            raise WireError(self.text(), "the frame is still encrypted")
        try:
            return layout.records(self.payload.split(SEPARATOR), self.count)
        except WidthError as error:
            raise WireError(self.text(), str(error)) from None

    def named(self) -> list[dict[str, str]]:
        """Return each record's fields by the broker's names; what stands behind the known ones is left out."""
        layout = layout_of(self.stream)
        records = self.records()
        if layout is None:
            return []
        return [dict(zip(layout.names_at(len(record)), record, strict=False)) for record in records]


Message: TypeAlias = Ack | Ping | Frame


def split(text: str) -> Message:
    """Return what a text of the server is; raises WireError where it is none of the three."""
    if text[:2] in ("0|", "1|"):
        parts = text.split("|", 3)
        if len(parts) == 4 and parts[2].isdecimal() and len(parts[2]) <= 4:
            return Frame(parts[1], parts[0] == _SEALED, int(parts[2]), parts[3])
        raise WireError(text, "a frame is flag|stream|count|fields")
    if text.lstrip()[:1] == "{":
        return _control(text)
    raise WireError(text, "is neither a frame nor a control message")


def _control(text: str) -> Ack | Ping:
    message = _object(text)
    header, body = message.get("header"), message.get("body")
    if not isinstance(header, dict):
        raise WireError(text, "a control message has a header")
    if header.get("tr_id") == PING:
        return Ping(text)
    if not isinstance(body, dict):
        raise WireError(text, "an ack has a body")
    code = _text(body, "msg_cd")
    if not code:
        raise WireError(text, "an ack has a msg_cd")
    stream = _text(header, "tr_id")
    return Ack(
        stream="" if stream == NULL else stream,
        key=_text(header, "tr_key"),
        code=code,
        message=_text(body, "msg1"),
        result=_text(body, "rt_cd"),
        is_encrypted=_text(header, "encrypt") == "Y",
        keys=_keys(text, stream, body.get("output")),
    )


def _keys(text: str, stream: str, output: object) -> CipherKeys | None:
    if not isinstance(output, dict) or not _text(output, "key"):
        return None
    try:
        return CipherKeys(_text(output, "key"), _text(output, "iv"))
    except ValueError as error:
        if stream not in ENCRYPTED:  # They come with every ack; a stream in plain text lives without them.
            return None
        raise WireError(text, str(error)) from None


def _object(text: str) -> dict[str, Any]:
    try:
        message = msgspec.json.decode(text.encode(errors="surrogatepass"))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise WireError(text, f"is no JSON ({error})") from None
    if not isinstance(message, dict):
        raise WireError(text, "is no JSON object")
    return message


def _text(of: Mapping[str, Any], name: str) -> str:
    value = of.get(name)
    return "" if value is None else str(value).strip()


def _json(message: Mapping[str, Any]) -> str:
    return msgspec.json.encode(message).decode()
