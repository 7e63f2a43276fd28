"""Write requests and read replies of the broker's REST services: the envelope, its pages, and typed questions and answers.

```python
asked = AskBalance(account=account)
request = asked.request()                          # method, path, id, parameters
reply = read_reply(body, headers, status)          # code, message, blocks; whatever the status was
balance = asked.answer(reply)                      # a Balance; raises WireError where it is not what was asked for
request = request.next(reply)                      # the next page, None behind the last
```

A reply with the broker's refusal is a reply; what its code means is in `codes`.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Final, Generic, Self, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from kats_core.kis.wire.blocks import Block
from kats_core.kis.wire.endpoints import Endpoint, Env
from kats_core.kis.wire.errors import WireError

DONE: Final = "0"
"""What rt_cd is when the broker did what it was asked."""

NEXT_PAGE: Final = "N"
_GOES_ON = frozenset({"F", "M"})
_PADDED = 80
_FAILED = "1"
_ENVELOPE = ("rt_cd", "msg_cd", "msg1", "error_code", "error_description")


class Request(msgspec.Struct, frozen=True, gc=False):
    """One call: `params` are texts by the broker's names, for the query of a GET and the body of a POST."""

    endpoint: Endpoint
    params: Mapping[str, str]
    tr_cont: str = ""

    def __repr__(self) -> str:
        return f"Request({self.endpoint.name}{', next page' if self.tr_cont else ''})"

    def tr(self, env: Env) -> str | None:
        """Return the id that calls it on a server, None where the server lacks it."""
        return self.endpoint.tr(env)

    def headers(self, env: Env) -> dict[str, str]:
        """Return the headers that say what is called; who calls is the client's business."""
        return {"tr_id": self.endpoint.tr(env) or "", "tr_cont": self.tr_cont, "custtype": "P"}

    def body(self) -> bytes | None:
        """Return the body of a POST, None for a GET."""
        return msgspec.json.encode(self.params) if self.endpoint.method == "POST" else None

    def next(self, reply: Reply) -> Request | None:
        """Return the request for the page behind a reply, None when it was the last.

        Raises:
            WireError: the broker says that there is more and gives no new keys to ask with.
        """
        if not (self.endpoint.pages and reply.goes_on):
            return None
        if self.endpoint.paging is None:
            return Request(self.endpoint, self.params, NEXT_PAGE)
        keys = {name: reply.top(name) for name in self.endpoint.paging}
        if not any(key.strip() for key in keys.values()):
            raise WireError(reply.text, "says that there are more pages and gives no keys for them")
        if all(self.params.get(name, "").strip() == key.strip() for name, key in keys.items()):
            raise WireError(reply.text, "says that there are more pages and gives the keys of this one again")
        return Request(self.endpoint, {**self.params, **keys}, NEXT_PAGE)


class Reply(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What came back. `result` is empty where the broker sent no result code, as its token service does.

    `values` holds the whole body, its outermost names in lower case. `text` is the body as it came, for errors.
    """

    status: int
    result: str
    code: str
    message: str
    tr_cont: str
    values: Mapping[str, Any]
    text: str = ""

    def __repr__(self) -> str:
        return f"Reply({self.status} {self.result} {self.code} {self.message})"

    @property
    def is_done(self) -> bool:
        """Tell whether the broker did what it was asked."""
        return self.result == DONE

    @property
    def goes_on(self) -> bool:
        """Tell whether there are more pages."""
        return self.tr_cont in _GOES_ON

    def top(self, name: str) -> str:
        """Return a text that stands beside the blocks, with its padding; empty where there is none."""
        try:
            return _leaf(self.values.get(name.lower()))
        except ValueError as error:
            raise WireError(self.text, f"{name}: {error}") from None

    def block(self, *names: str) -> Mapping[str, Any] | None:
        """Return a block: the object of one of these names, or the only row where the broker sends a list of one."""
        value = self._first(names)
        if isinstance(value, list):
            value = value[0] if value else None
        if value is not None and not isinstance(value, dict):
            raise WireError(self.text, f"{names[0]} is no object")
        return value

    def rows(self, *names: str) -> list[Mapping[str, Any]]:
        """Return the rows of a block; an object is one row, what is missing has none."""
        value = self._first(names)
        rows = [] if value is None else value if isinstance(value, list) else [value]
        if not all(isinstance(row, dict) for row in rows):
            raise WireError(self.text, f"{names[0]} is no list of objects")
        return rows

    def _first(self, names: Sequence[str]) -> Any:
        return next((self.values[name] for name in names if self.values.get(name) not in (None, "")), None)


def read_reply(body: bytes, headers: Mapping[str, str] | None = None, status: int = 200) -> Reply:
    """Return what a body says, whatever the status; raises WireError where it is no JSON object."""
    text = body.decode(errors="replace")
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise WireError(text, f"HTTP {status}: is no JSON ({error})") from None
    if not isinstance(decoded, dict):
        raise WireError(text, f"HTTP {status}: is no JSON object")
    values = {name.lower(): value for name, value in decoded.items()}
    try:
        told = {name: _leaf(values.get(name)).strip() for name in _ENVELOPE}
    except ValueError as error:
        raise WireError(text, f"HTTP {status}: {error}") from None
    return Reply(
        status=status,
        result=told["rt_cd"] or (_FAILED if told["error_code"] else ""),
        code=told["msg_cd"] or told["error_code"],
        message=told["msg1"] or told["error_description"],
        tr_cont=_header(headers or {}, "tr_cont"),
        values=values,
        text=text,
    )


def write_reply(
    code: str, message: str, blocks: Mapping[str, Any] | None = None, *, result: str = DONE, **top: str
) -> bytes:
    """Return a body as the server sends it, its message padded as the broker pads it."""
    envelope = {**top, **(blocks or {}), "rt_cd": result, "msg_cd": code, "msg1": message.ljust(_PADDED)}
    return msgspec.json.encode(envelope)


@dataclass(frozen=True, slots=True)
class Out:
    """The broker's name of a block, and other names under which it was seen."""

    name: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    attribute: str
    names: tuple[str, ...]
    block: type[Block]
    is_rows: bool
    is_optional: bool


class Answer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A typed reply: blocks and rows of blocks, each with the broker's name beside it.

    ```python
    class Candles(Answer, frozen=True):
        now: Annotated[Quote, Out("output1")]
        bars: Annotated[tuple[Candle, ...], Out("output2")]
    ```
    """

    @classmethod
    def read(cls, reply: Reply) -> Self:
        """Return what a reply says.

        Rows without any of the fields that are read are left out: the broker fills empty lists with them.

        Raises:
            WireError: the reply is a refusal, lacks a block, or has a field that cannot be read.
        """
        if not reply.is_done:
            raise WireError(reply.text, f"is no answer: {reply.code} {reply.message}")
        return cls(**{part.attribute: _read_part(part, reply) for part in _parts(cls)})

    def write(self) -> dict[str, Any]:
        """Return the blocks by the broker's names."""
        written: dict[str, Any] = {}
        for part in _parts(type(self)):
            value = getattr(self, part.attribute)
            if part.is_rows:
                written[part.names[0]] = [row.write() for row in value]
            elif value is not None:
                written[part.names[0]] = value.write()
        return written

    @classmethod
    def blocks(cls) -> Mapping[str, type[Block]]:
        """Return what is read of each block, by the broker's name."""
        return {part.names[0]: part.block for part in _parts(cls)}


A = TypeVar("A", bound=Answer)


class Ask(Block, Generic[A], frozen=True, kw_only=True):
    """A typed question, `Ask[Balance]` one that `Balance` answers. Keys of pages are added blank."""

    ENDPOINT: ClassVar[Endpoint]

    @property
    def endpoint(self) -> Endpoint:
        """The service that is asked."""
        return self.ENDPOINT

    def request(self) -> Request:
        """Return the call that asks it."""
        keys = dict.fromkeys(self.endpoint.paging or (), "")
        return Request(self.endpoint, self.write() | keys)

    def answer(self, reply: Reply) -> A:
        """Return what a reply says; raises WireError where it is a refusal or cannot be read."""
        return cast(A, self.answers().read(reply))

    @classmethod
    def answers(cls) -> type[Answer]:
        """Return what answers it."""
        return _answer_of(cls)

    @classmethod
    def of(cls, params: Mapping[str, Any], **given: Any) -> Self:
        """Return the question that parameters ask, in whatever case their names are; raises WireError."""
        try:
            return cls.read(_reader(params), **given)
        except ValueError as error:
            raise WireError(msgspec.json.encode(dict(params)).decode(), str(error)) from None


def _read_part(part: _Part, reply: Reply) -> Any:
    if part.is_rows:
        read = (_read_block(part, row, reply) for row in reply.rows(*part.names))
        return tuple([row for row in read if row is not None])
    found = reply.block(*part.names)
    block = None if found is None else _read_block(part, found, reply)
    if block is None and not part.is_optional:
        raise WireError(reply.text, f"has no {part.names[0]}, or nothing in it")
    return block


def _read_block(part: _Part, found: Mapping[str, Any], reply: Reply) -> Block | None:
    """Return the block, None where all its fields are blank."""
    field = _reader(found)
    try:
        if not any(field(name).strip() for name in part.block.names()):
            return None
        return part.block.read(field)
    except ValueError as error:
        raise WireError(reply.text, f"{part.names[0]}.{error}") from None


@cache
def _answer_of(cls: type[Ask[Any]]) -> type[Answer]:
    bases = vars(cls)["__orig_bases__"]
    (answer,) = (get_args(base)[0] for base in bases if issubclass(get_origin(base) or object, Ask))
    found: type[Answer] = answer
    return found


@cache
def _parts(cls: type[Answer]) -> tuple[_Part, ...]:
    hints = get_type_hints(cls, include_extras=True)
    return tuple(_part(attribute, *get_args(hints[attribute])) for attribute in cls.__struct_fields__)


def _part(attribute: str, hint: Any, out: Out) -> _Part:
    is_rows = get_origin(hint) is tuple
    is_optional = get_origin(hint) in (Union, types.UnionType)
    block = get_args(hint)[0] if is_rows or is_optional else hint
    return _Part(attribute, (out.name, *out.also), block, is_rows, is_optional)


def _reader(texts: Mapping[str, Any]) -> Callable[[str], str]:
    lowered = {name.lower(): value for name, value in texts.items()}
    return lambda name: _leaf(lowered.get(name.lower()))


def _leaf(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, int | float):
        return str(value)
    raise ValueError(f"{value!r:.40} is no text")


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value.strip() for key, value in headers.items() if key.lower() == name), "")
