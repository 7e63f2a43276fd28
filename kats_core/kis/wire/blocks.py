"""Declare once how a group of the broker's fields is read and written: our names, our types, the broker's names beside them.

```python
class Holding(Block, frozen=True):
    symbol: Annotated[str, Named("pdno", CODE)]
    quantity: Annotated[int, Named("hldg_qty")]              # blank is an error
    loaned_on: Annotated[dt.date | None, Named("loan_dt")]   # blank is None
    asks: Annotated[tuple[int, ...], Named("askp", count=10)]  # askp1 to askp10
    account: Account                                          # another block, whose fields stand among these
```

The type says how a field is read, unless `Named` says it. Fields without a broker's name are not on the wire.
"""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar, Self, Union, get_args, get_origin, get_type_hints

import msgspec

from kats_core.kis.wire import values
from kats_core.kis.wire.values import Kind

_KINDS: Mapping[type, Kind[Any]] = {
    int: values.WHOLE,
    Decimal: values.DECIMAL,
    dt.date: values.DAY,
    dt.time: values.CLOCK,
    bool: values.FLAG,
    str: values.TEXT,
}
_RISING, _LEVEL, _FALLING = "2", "3", "5"


@dataclass(frozen=True, slots=True)
class Named:
    """The broker's name of a field, and how it is read where the type does not say it.

    `signed_by` names the sign code that belongs to a number; `count` fields of this name are numbered from 1; `also` are
    spellings under which the broker sends it elsewhere; `blank` is how a missing value is written.
    """

    name: str
    kind: Kind[Any] | None = None
    signed_by: str = ""
    count: int = 0
    also: tuple[str, ...] = ()
    blank: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    attribute: str
    names: tuple[str, ...]
    kind: Kind[Any]
    is_optional: bool
    is_tuple: bool
    signed_by: str
    also: tuple[str, ...]
    blank: str

    def read(self, field: Callable[[str], str]) -> Any:
        if self.is_tuple:
            return tuple([self._value(name, field) for name in self.names])
        return self._value(self.names[0], field)

    def _value(self, name: str, field: Callable[[str], str]) -> Any:
        text = field(name) or next((found for other in self.also if (found := field(other))), "")
        try:
            value = self.kind.read(text)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        if value is None and not self.is_optional:
            raise ValueError(f"{name}: is missing, expected a {self.kind.name}")
        if value is not None and self.signed_by:
            return values.signed(value, field(self.signed_by), lambda number: -number, is_negative=value < 0)
        return value

    def write(self, value: Any, into: dict[str, str]) -> None:
        several = value if self.is_tuple else (value,)
        for name, one in zip(self.names, several, strict=True):
            into[name] = self.blank if one is None else self.kind.write(one)
            if self.signed_by:
                into[self.signed_by] = "" if one is None else _RISING if one > 0 else _FALLING if one < 0 else _LEVEL


class Block(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A group of fields. `FIXED` fields always have the same text on the wire and no name of ours."""

    FIXED: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def read(cls, field: Callable[[str], str], **given: Any) -> Self:
        """Return the block whose texts `field` gives by the broker's names; `given` are the fields that are not there.

        Raises:
            ValueError: a field is missing or cannot be read; the text begins with its name.
        """
        entries, nested = _plan(cls)
        read: dict[str, Any] = given | {name: block.read(field) for name, block in nested}
        for entry in entries:
            read[entry.attribute] = entry.read(field)
        return cls(**read)

    def write(self) -> dict[str, str]:
        """Return the texts of all fields by the broker's names, in the order of declaration."""
        written = dict(self.FIXED)
        entries, nested = _plan(type(self))
        for name, _ in nested:
            written.update(getattr(self, name).write())
        for entry in entries:
            entry.write(getattr(self, entry.attribute), written)
        return written

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the broker's names of all fields."""
        entries, nested = _plan(cls)
        own = [name for entry in entries for name in (*entry.names, *entry.also, *filter(None, [entry.signed_by]))]
        return (*cls.FIXED, *(name for _, block in nested for name in block.names()), *own)


@cache
def _plan(cls: type[Block]) -> tuple[tuple[_Entry, ...], tuple[tuple[str, type[Block]], ...]]:
    entries: list[_Entry] = []
    nested: list[tuple[str, type[Block]]] = []
    hints = get_type_hints(cls, include_extras=True)
    for attribute in cls.__struct_fields__:
        hint = hints[attribute]
        if isinstance(hint, type) and issubclass(hint, Block):
            nested.append((attribute, hint))
        elif get_origin(hint) is Annotated:
            inner, named = get_args(hint)
            entries.append(_entry(attribute, inner, named))
    return tuple(entries), tuple(nested)


def _entry(attribute: str, hint: Any, named: Named) -> _Entry:
    is_tuple = named.count > 0
    if is_tuple:
        hint = get_args(hint)[0]
    is_optional = get_origin(hint) in (Union, types.UnionType)
    if is_optional:
        hint = next(arg for arg in get_args(hint) if arg is not types.NoneType)
    names = tuple(f"{named.name}{n}" for n in range(1, named.count + 1)) if is_tuple else (named.name,)
    kind = named.kind or _KINDS[hint]
    return _Entry(attribute, names, kind, is_optional, is_tuple, named.signed_by, named.also, named.blank)
