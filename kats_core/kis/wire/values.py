"""Turn one text of the broker into a value, and a value into such a text.

All leaves of a reply and all fields of a frame are text: zero-padded, blank-padded, with a minus of their own or a sign code
beside them. Blank (or the word `(null)`) is a missing value, None. What is neither blank nor a value raises ValueError with
the reason; the reader of the whole knows the field's name and the text around it.
"""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

NULL = "(null)"
"""How the broker's own programs print a text that they do not have."""

_WHOLE = re.compile(r"([+-]?[0-9]{1,40})(?:\.0*)?", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})", re.ASCII)
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_LARGEST = 2**63 - 1
_ORDER_NUMBER_WIDTH = 10
_FALLING = frozenset({"4", "5"})
"""Sign codes of a price below the previous close; 1 and 2 are above, 3 and 0 neither."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """How a kind of value is read and written. `read` gives None for a missing value and raises ValueError for nonsense.

    `words` are all the values that it knows, where they can be counted.
    """

    name: str
    read: Callable[[str], T | None]
    write: Callable[[T], str]
    words: tuple[T, ...] = ()


def bare(text: str) -> str:
    """Return a text without its padding, empty when the broker does not have it."""
    stripped = text.strip()
    return "" if stripped == NULL else stripped


def read_whole(text: str) -> int | None:
    """Return a whole number: `0000000010` is 10, `65000.0000` is 65000, `-100` is -100."""
    stripped = bare(text)
    if not stripped:
        return None
    found = _WHOLE.fullmatch(stripped)
    if found is None:
        raise ValueError(f"{stripped!r} is no whole number")
    number = int(found[1])
    if not -_LARGEST <= number <= _LARGEST:
        raise ValueError(f"{stripped!r} is too large")
    return number


def read_quantity(text: str) -> int | None:
    """Return a whole number that cannot be negative."""
    number = read_whole(text)
    if number is not None and number < 0:
        raise ValueError(f"{text.strip()!r} is negative")
    return number


def read_price(text: str) -> int | None:
    """Return a price in won; zero stands for none: no trade yet, no quote on that side."""
    return read_quantity(text) or None


def read_decimal(text: str) -> Decimal | None:
    """Return a decimal number exactly as it is written."""
    stripped = bare(text)
    if not stripped:
        return None
    if _DECIMAL.fullmatch(stripped) is None:
        raise ValueError(f"{stripped!r} is no decimal number")
    return Decimal(stripped)


def write_decimal(number: Decimal) -> str:
    """Return a decimal number without an exponent."""
    return format(number, "f")


def read_day(text: str) -> dt.date | None:
    """Return a day: `20251103`, also `2025/11/03`; zeros alone are a missing day."""
    stripped = bare(text).replace("/", "")
    if not stripped.strip("0"):
        return None
    if len(stripped) != len("YYYYMMDD") or _DIGITS.fullmatch(stripped) is None:
        raise ValueError(f"{stripped!r} is no day as in 20251103")
    try:
        return dt.date(int(stripped[:4]), int(stripped[4:6]), int(stripped[6:]))
    except ValueError:
        raise ValueError(f"{stripped!r} is no day of the calendar") from None


def write_day(day: dt.date) -> str:
    """Return a day as YYYYMMDD."""
    return f"{day.year:04}{day.month:02}{day.day:02}"


def read_clock(text: str) -> dt.time | None:
    """Return a Korean wall clock: `094414`."""
    stripped = bare(text)
    if not stripped:
        return None
    if len(stripped) != len("HHMMSS") or _DIGITS.fullmatch(stripped) is None:
        raise ValueError(f"{stripped!r} is no clock as in 094414")
    try:
        return dt.time(int(stripped[:2]), int(stripped[2:4]), int(stripped[4:]))
    except ValueError:
        raise ValueError(f"{stripped!r} is no clock of a day") from None


def write_clock(clock: dt.time) -> str:
    """Return a clock as HHMMSS."""
    return f"{clock.hour:02}{clock.minute:02}{clock.second:02}"


def read_later_clock(text: str) -> dt.time | None:
    """Return a clock that has not come while it is written 000000."""
    return None if not bare(text).strip("0") else read_clock(text)


def read_month(text: str) -> dt.date | None:
    """Return the last day of a month: `202403` is 2024-03-31."""
    stripped = bare(text)
    if not stripped.strip("0"):
        return None
    if len(stripped) != len("YYYYMM"):
        raise ValueError(f"{stripped!r} is no month as in 202403")
    first = read_day(f"{stripped}01")
    if first is None:
        return None
    return first.replace(day=monthrange(first.year, first.month)[1])


def read_flag(text: str) -> bool | None:
    """Return what Y and N say."""
    stripped = bare(text)
    if not stripped:
        return None
    if stripped not in ("Y", "N"):
        raise ValueError(f"{stripped!r} is neither Y nor N")
    return stripped == "Y"


def read_code(text: str) -> str | None:
    """Return a text that must be there: a symbol, a code."""
    return bare(text) or None


def read_order_number(text: str) -> str | None:
    """Return an order number with its leading zeros, which some servers and clients drop: `51378` is `0000051378`."""
    stripped = bare(text)
    if not stripped.strip("0"):
        return None
    return stripped.zfill(_ORDER_NUMBER_WIDTH)


def signed(number: T, sign: str, negate: Callable[[T], T], *, is_negative: bool) -> T:
    """Return a change with its sign: some come with a minus of their own, some only with a sign code beside them."""
    return number if is_negative or sign.strip() not in _FALLING else negate(number)


def coded(name: str, meanings: Mapping[str, T]) -> Kind[T]:
    """Return the kind of a code that stands for one of our words; of several codes for a word the first is written."""
    codes: dict[Any, str] = {}
    for code, meaning in meanings.items():
        codes.setdefault(meaning, code)

    def read(text: str) -> T | None:
        stripped = bare(text)
        if stripped in meanings:
            return meanings[stripped]
        if stripped:
            raise ValueError(f"{stripped!r} is none of {', '.join(filter(None, meanings))}")
        return None

    def write(meaning: T) -> str:
        if meaning not in codes:
            raise ValueError(f"there is no code for a {name} of {meaning}")
        return codes[meaning]

    return Kind(name, read, write, tuple(codes))


def scaled(name: str, unit: int) -> Kind[int]:
    """Return the kind of a whole number that is written in thousands, millions or the like of what it counts."""

    def read(text: str) -> int | None:
        number = read_whole(text)
        return None if number is None else number * unit

    return Kind(name, read, lambda number: str(number // unit))


def scaled_decimal(name: str, unit: int) -> Kind[Decimal]:
    """Return the kind of a decimal number that is written in millions or the like of what it counts."""

    def read(text: str) -> Decimal | None:
        number = read_decimal(text)
        return None if number is None else number * unit

    return Kind(name, read, lambda number: write_decimal(number / unit))


WHOLE = Kind("whole number", read_whole, str)
DECIMAL_HUNDRED_MILLIONS = scaled_decimal("number of hundred millions", 100_000_000)
THOUSANDS = scaled("number of thousands", 1_000)
MILLIONS = scaled("number of millions", 1_000_000)
HUNDRED_MILLIONS = scaled("number of hundred millions", 100_000_000)
QUANTITY = Kind("quantity", read_quantity, str)
PRICE = Kind("price", read_price, str)
DECIMAL = Kind("decimal number", read_decimal, write_decimal)
DAY = Kind("day", read_day, write_day)
CLOCK = Kind("clock", read_clock, write_clock)
LATER_CLOCK = Kind("clock", read_later_clock, write_clock)
MONTH: Kind[dt.date] = Kind("month", read_month, lambda day: write_day(day)[:6])
FLAG: Kind[bool] = Kind("Y or N", read_flag, lambda flag: "Y" if flag else "N")
TEXT: Kind[str] = Kind("text", bare, str)
CODE: Kind[str] = Kind("code", read_code, str)
ORDER_NUMBER: Kind[str] = Kind("order number", read_order_number, str)
