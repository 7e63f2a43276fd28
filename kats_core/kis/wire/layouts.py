"""Know how the records of each stream are laid out, and find their width where the broker has changed it.

The width is never assumed: a frame says how many records it has, and the number of its fields says how wide they are. What
KATS reads of a record stands in its first fields, whose order has never changed; what the broker appends is kept and ignored.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from kats_core.kis.wire import _stream_names as names

KRX_TRADES: Final = "H0STCNT0"
NXT_TRADES: Final = "H0NXCNT0"
UNIFIED_TRADES: Final = "H0UNCNT0"
KRX_BOOK: Final = "H0STASP0"
NXT_BOOK: Final = "H0NXASP0"
UNIFIED_BOOK: Final = "H0UNASP0"
KRX_EXPECTED: Final = "H0STANC0"
NXT_EXPECTED: Final = "H0NXANC0"
UNIFIED_EXPECTED: Final = "H0UNANC0"
NOTICES: Final = "H0STCNI0"
VPS_NOTICES: Final = "H0STCNI9"
KRX_STATUS: Final = "H0STMKO0"
NXT_STATUS: Final = "H0NXMKO0"
UNIFIED_STATUS: Final = "H0UNMKO0"
KRX_PROGRAM: Final = "H0STPGM0"
NXT_PROGRAM: Final = "H0NXPGM0"
UNIFIED_PROGRAM: Final = "H0UNPGM0"
KRX_BROKERS: Final = "H0STMBC0"
NXT_BROKERS: Final = "H0NXMBC0"
UNIFIED_BROKERS: Final = "H0UNMBC0"
INDEX: Final = "H0UPCNT0"
INDEX_EXPECTED: Final = "H0UPANC0"
INDEX_PROGRAM: Final = "H0UPPGM0"
SINGLE_PRICE_TRADES: Final = "H0STOUP0"
SINGLE_PRICE_EXPECTED: Final = "H0STOAC0"
SINGLE_PRICE_BOOK: Final = "H0STOAA0"
NET_ASSET_VALUE: Final = "H0STNAV0"

ENCRYPTED: Final = frozenset({NOTICES, VPS_NOTICES})
"""Streams whose payload is encrypted with the key of the registration's ack."""

VPS_STREAMS: Final = frozenset({KRX_TRADES, KRX_BOOK, VPS_NOTICES})
"""What the mock environment streams; nothing else exists there."""

_ALIASES = {"K0STCNI0": NOTICES, "K0STCNI9": VPS_NOTICES}
"""Older names under which notices may still arrive."""

_SHORTEST_KEY = 4


class Profile(enum.StrEnum):
    """How wide records are, by what is expected to read them; a reader needs none."""

    SAMPLE = "sample"
    CURRENT = "2026-09"
    LEGACY = "legacy"


class WidthError(ValueError):
    """The fields of a frame are no whole records."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The records of one stream: names by profile, and how many of the first fields must be there.

    `also_seen` are widths that were met on the wire beside the documented ones.
    """

    stream: str
    required: int
    names: Mapping[Profile, tuple[str, ...]]
    also_seen: tuple[int, ...] = ()
    widths: tuple[int, ...] = field(init=False)
    """Every known width, today's first."""

    def __post_init__(self) -> None:
        order = (self.names[Profile.CURRENT], self.names[Profile.SAMPLE], self.names[Profile.LEGACY])
        found = dict.fromkeys((*map(len, order), *self.also_seen))
        object.__setattr__(self, "widths", tuple(found))

    def names_at(self, width: int) -> tuple[str, ...]:
        """Return the names of a record of this width: the variant that has it, else today's, cut or with fields behind it."""
        for variant in (Profile.CURRENT, Profile.SAMPLE, Profile.LEGACY):
            if len(self.names[variant]) == width:
                return self.names[variant]
        return self.names[Profile.CURRENT]

    def records(self, fields: list[str], count: int) -> list[list[str]]:
        """Return the fields record by record.

        Raises:
            WidthError: they are no whole records.
        """
        total = len(fields)
        if count == 1 and total in self.widths:
            return [fields]
        width = self._width(total, count, fields)
        return [fields[start : start + width] for start in range(0, total - width + 1, width)]

    def _width(self, total: int, count: int, fields: Sequence[str]) -> int:
        # A separator behind the last field makes one empty field too many.
        sizes = (total, total - 1) if total > 1 and not fields[-1].strip() else (total,)
        for size in sizes:
            width = self._width_of(size, count)
            if width and self._begins_records(fields, width, size):
                return width
        raise WidthError(
            f"{total} fields are no {count} records of {self.stream}: "
            f"known are {', '.join(map(str, self.widths))} fields a record, at least {self.required} are read"
        )

    def _width_of(self, size: int, count: int) -> int:
        known = next((width for width in self.widths if size % width == 0), 0)
        if count < 1 or size % count or size // count < self.required:
            return known
        width = size // count
        return width if width in self.widths or not known else known

    def _begins_records(self, fields: Sequence[str], width: int, size: int) -> bool:
        """Tell whether each record begins as one does, for a frame that is cut off may divide evenly.

        It then seems narrower than records have ever been; only records of one key are believed to be.
        """
        if size == width or self.stream in ENCRYPTED:  # Notices begin with any text: the customer's id.
            return True
        keys = [fields[start].strip() for start in range(0, size, width)]
        if width < min(self.widths):
            return len(set(keys)) == 1
        return all(len(key) >= _SHORTEST_KEY and key.isalnum() for key in keys)


def _same(stream: str, required: int, variant: tuple[str, ...], *also_seen: int) -> Layout:
    return Layout(stream, required, dict.fromkeys(Profile, variant), also_seen)


def _changed(
    stream: str,
    required: int,
    sample: tuple[str, ...],
    current: tuple[str, ...],
    *also_seen: int,
    legacy: tuple[str, ...] | None = None,
) -> Layout:
    variants = {Profile.CURRENT: current, Profile.SAMPLE: sample, Profile.LEGACY: legacy or sample}
    return Layout(stream, required, variants, also_seen)


def _layouts() -> Iterator[Layout]:
    trade = names.KRX_TRADE.index("TRHT_YN") + 1
    book = names.KRX_BOOK.index("TOTAL_BIDP_RSQN") + 1
    yield _changed(KRX_TRADES, trade, names.KRX_TRADE, names.KRX_TRADE_2026_09)
    for stream in (NXT_TRADES, UNIFIED_TRADES):
        yield _changed(stream, trade, names.NXT_TRADE, names.NXT_TRADE_2026_09)
    yield _changed(KRX_BOOK, book, names.KRX_BOOK, names.KRX_BOOK_2026_09, 62)
    yield _changed(NXT_BOOK, book, names.NXT_BOOK, names.NXT_BOOK_2026_09)
    yield _changed(UNIFIED_BOOK, book, names.NXT_BOOK, names.UNIFIED_BOOK_2026_09)
    yield _changed(KRX_EXPECTED, trade, names.KRX_EXPECTED, names.KRX_EXPECTED_2026_09)
    for stream in (NXT_EXPECTED, UNIFIED_EXPECTED):
        yield _same(stream, trade, names.NXT_EXPECTED)
    notice = names.NOTICE.index("ODER_QTY") + 1
    for stream in (NOTICES, VPS_NOTICES):
        yield _changed(stream, notice, names.NOTICE, names.NOTICE, legacy=names.NOTICE_LEGACY)
    status = names.STATUS.index("VI_CLS_CODE") + 1
    for stream in (KRX_STATUS, NXT_STATUS):
        yield _same(stream, status, names.STATUS, len(names.STATUS_LIVE))
    yield _changed(UNIFIED_STATUS, status, names.UNIFIED_STATUS_DOCUMENTED, names.STATUS_LIVE)
    for stream in (KRX_PROGRAM, NXT_PROGRAM, UNIFIED_PROGRAM):
        yield _same(stream, names.PROGRAM.index("NTBY_TR_PBMN") + 1, names.PROGRAM)
    for stream in (KRX_BROKERS, NXT_BROKERS, UNIFIED_BROKERS):
        yield _same(stream, names.BROKERS.index("TOTAL_SHNU_QTY5") + 1, names.BROKERS)
    index = names.INDEX.index("PRDY_CTRT") + 1
    yield _same(INDEX, index, names.INDEX)
    yield _same(INDEX_EXPECTED, index, names.INDEX, 15)
    yield _same(INDEX_PROGRAM, len(names.INDEX_PROGRAM), names.INDEX_PROGRAM)
    for stream in (SINGLE_PRICE_TRADES, SINGLE_PRICE_EXPECTED):
        yield _same(stream, trade, names.SINGLE_PRICE_TRADE)
    yield _same(SINGLE_PRICE_BOOK, len(names.SINGLE_PRICE_BOOK) - 4, names.SINGLE_PRICE_BOOK, 58)
    yield _same(NET_ASSET_VALUE, 2, names.NET_ASSET_VALUE)


LAYOUTS: Mapping[str, Layout] = {layout.stream: layout for layout in _layouts()}


def layout_of(stream: str) -> Layout | None:
    """Return the layout of a stream, None when it is unknown."""
    return LAYOUTS.get(stream) or LAYOUTS.get(_ALIASES.get(stream, ""))
