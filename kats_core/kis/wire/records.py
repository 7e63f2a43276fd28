"""Give the records of the stream our names: trades, books, expected prices, notices, market status, indices.

A record reads the fields that KATS decides by and leaves the rest. Two come thousands of times a second, `TradeRecord` and
`BookRecord`; they have a fast way, and whatever that cannot read goes the slow way, which names the field that is wrong.
`write` of a record gives its texts back by the broker's names, `write_record` arranges them for a stream and a profile.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache, lru_cache
from operator import itemgetter
from typing import Annotated, Final, TypeAlias, cast

import msgspec

from kats_core.kis.wire import layouts, values
from kats_core.kis.wire._stream_names import KRX_BOOK, KRX_TRADE
from kats_core.kis.wire.blocks import Block, Named
from kats_core.kis.wire.errors import WireError
from kats_core.kis.wire.layouts import Profile, layout_of
from kats_core.kis.wire.stream import SEPARATOR, Frame
from kats_core.kis.wire.values import CODE, FLAG, MILLIONS, ORDER_NUMBER, PRICE, QUANTITY, THOUSANDS, Kind, coded
from kats_core.market.vi import StatusMessage
from kats_core.model import time as kst
from kats_core.model.bar import Book, BookLevel, Trade
from kats_core.model.kinds import Side
from kats_core.model.masking import masked
from kats_core.model.time import SECOND, Nanos

LEVELS: Final = 10
_LARGEST = 2**63 - 1


class QuotePhase(enum.StrEnum):
    """What a quote is a quote of (HOUR_CLS_CODE): of trading, or of the auction that collects orders now."""

    TRADING = "0"
    AFTER_CLOSE = "A"
    BEFORE_OPEN = "B"
    INTERRUPTED = "C"
    SINGLE_PRICE = "D"
    UNKNOWN = ""

    @property
    def is_auction(self) -> bool:
        """Tell whether orders are collected and nothing trades."""
        return self is not QuotePhase.TRADING


class VenuePhase(enum.StrEnum):
    """Which market of the day a record belongs to (MARKET_CLS_CODE, since 2026-09-14; before that the regular one)."""

    BEFORE = "1"
    REGULAR = "2"
    AFTER = "3"
    CLOSED = "5"
    UNKNOWN = ""


_QUOTE_PHASES = {phase.value: phase for phase in QuotePhase}
_VENUE_PHASES = {phase.value: phase for phase in VenuePhase}
_SOME_DAY = kst.midnight(dt.date(2000, 1, 3))


def _read_since_midnight(text: str) -> Nanos | None:
    clock = values.read_clock(text)
    return None if clock is None else ((clock.hour * 60 + clock.minute) * 60 + clock.second) * SECOND


_SINCE_MIDNIGHT = Kind("clock", _read_since_midnight, lambda clock: values.write_clock(kst.clock(_SOME_DAY + clock)))
_QUOTE_PHASE = Kind(
    "phase", lambda text: _QUOTE_PHASES.get(values.bare(text), QuotePhase.UNKNOWN), lambda phase: phase.value
)
_IF_SAID: Kind[bool] = Kind("Y or N", lambda text: values.read_flag(text) or False, FLAG.write)

AGGRESSORS: Final[Mapping[str, Side]] = {"1": Side.BUY, "5": Side.SELL}
AUCTION_PRINT: Final = "3"
_TAKERS: Mapping[str, tuple[Side | None, bool]] = {
    **{code: (side, False) for code, side in AGGRESSORS.items()},
    AUCTION_PRINT: (None, True),
}
"""What a code says: who took, and whether it is the print of an auction."""


class TradeRecord(Block, frozen=True):
    """An execution, and the day so far. `quantity` is this print's alone; `day_value` is won. None: there is none yet."""

    symbol: Annotated[str, Named("MKSC_SHRN_ISCD", CODE)]
    ts: Nanos
    price: Annotated[int, Named("STCK_PRPR", PRICE)]
    quantity: Annotated[int, Named("CNTG_VOL", QUANTITY)]
    aggressor: Side | None
    is_auction: bool
    day_volume: Annotated[int, Named("ACML_VOL", QUANTITY)]
    day_value: Annotated[int, Named("ACML_TR_PBMN", QUANTITY)]
    open: Annotated[int | None, Named("STCK_OPRC", PRICE, blank="0")]
    high: Annotated[int | None, Named("STCK_HGPR", PRICE, blank="0")]
    low: Annotated[int | None, Named("STCK_LWPR", PRICE, blank="0")]
    ask: Annotated[int | None, Named("ASKP1", PRICE, blank="0")]
    bid: Annotated[int | None, Named("BIDP1", PRICE, blank="0")]
    is_halted: Annotated[bool, Named("TRHT_YN", _IF_SAID)]
    quote_phase: Annotated[QuotePhase, Named("HOUR_CLS_CODE", _QUOTE_PHASE)] = QuotePhase.TRADING
    venue_phase: VenuePhase = VenuePhase.REGULAR
    vi_reference: Annotated[int | None, Named("VI_STND_PRC", PRICE, blank="0")] = None

    def trade(self) -> Trade | None:
        """Return the trade as the engine knows it, None where nothing changed hands."""
        if not self.quantity:
            return None
        return Trade(
            symbol=self.symbol,
            ts=self.ts,
            price=self.price,
            quantity=self.quantity,
            aggressor=self.aggressor,
            day_volume=self.day_volume,
            day_value=self.day_value,
            is_auction=self.is_auction,
        )

    def write(self) -> dict[str, str]:
        """Return the texts by the broker's names."""
        side = AUCTION_PRINT if self.is_auction else next((c for c, s in AGGRESSORS.items() if s is self.aggressor), "")
        return super().write() | {
            "BSOP_DATE": values.write_day(kst.session_date(self.ts)),
            "STCK_CNTG_HOUR": values.write_clock(kst.clock(self.ts)),
            "CCLD_DVSN": side,
            "CNTG_CLS_CODE": side,
            "MARKET_CLS_CODE": self.venue_phase.value,
        }


_TRADE = KRX_TRADE.index
_pick_trade = itemgetter(
    *map(
        _TRADE,
        (
            *("MKSC_SHRN_ISCD", "BSOP_DATE", "STCK_CNTG_HOUR", "STCK_PRPR", "CNTG_VOL", "CCLD_DVSN", "ACML_VOL"),
            *("ACML_TR_PBMN", "STCK_OPRC", "STCK_HGPR", "STCK_LWPR", "ASKP1", "BIDP1", "TRHT_YN"),
        ),
    )
)
_QUOTE_PHASE_AT = _TRADE("HOUR_CLS_CODE")
_VI_AT = _TRADE("VI_STND_PRC")
_VENUE_PHASE_AT = len(KRX_TRADE)


def read_trades(frame: Frame) -> list[TradeRecord]:
    """Return the trades of a frame, oldest first; raises WireError."""
    # int() takes more than the broker sends: 1_000 and the digits of every script.
    read = _trade if frame.payload.isascii() and "_" not in frame.payload else _odd_trade
    try:
        return [read(record) for record in frame.records()]
    except ValueError as error:
        raise WireError(frame.text(), str(error)) from None


def _trade(record: list[str]) -> TradeRecord:
    # Positions instead of names: with seventeen fields names would cost as much as reading the numbers.
    symbol, day, clock, price, quantity, side, volume, value, opening, high, low, ask, bid, halted = _pick_trade(record)
    try:
        numbers = (int(price), int(quantity), int(volume), int(value))
        prices = (int(opening), int(high), int(low), int(ask), int(bid), int(record[_VI_AT]))
        joined = (
            numbers[0] | numbers[1] | numbers[2] | numbers[3]
            | prices[0] | prices[1] | prices[2] | prices[3] | prices[4] | prices[5]
        )  # fmt: skip
        aggressor, is_auction = _TAKERS[side]
        # Joined bit by bit: negative when one of them is, too large when one of them is.
        if not (0 <= joined <= _LARGEST and numbers[0] and symbol.isalnum() and (halted == "N" or halted == "Y")):
            return _odd_trade(record)
        return TradeRecord(
            symbol,
            _midnight(day) + _since_midnight(clock),
            numbers[0],
            numbers[1],
            aggressor,
            is_auction,
            numbers[2],
            numbers[3],
            prices[0] or None,
            prices[1] or None,
            prices[2] or None,
            prices[3] or None,
            prices[4] or None,
            halted == "Y",
            _QUOTE_PHASES[record[_QUOTE_PHASE_AT]],
            VenuePhase.REGULAR if len(record) <= _VENUE_PHASE_AT else _VENUE_PHASES[record[_VENUE_PHASE_AT]],
            prices[5] or None,
        )
    except (ValueError, KeyError, IndexError):
        return _odd_trade(record)


class _Print(Block, frozen=True, kw_only=True):
    """What of a trade does not stand in one field of ours."""

    session: Annotated[dt.date, Named("BSOP_DATE")]
    clock: Annotated[dt.time, Named("STCK_CNTG_HOUR")]
    side: Annotated[str, Named("CCLD_DVSN")]


def _odd_trade(record: list[str]) -> TradeRecord:
    field = _fields(KRX_TRADE, record)
    one = _Print.read(field)
    phase = values.bare(record[_VENUE_PHASE_AT]) if len(record) > _VENUE_PHASE_AT else VenuePhase.REGULAR.value
    return TradeRecord.read(
        field,
        ts=kst.at(one.session, one.clock),
        aggressor=AGGRESSORS.get(one.side),
        is_auction=one.side == AUCTION_PRINT,
        venue_phase=_VENUE_PHASES.get(phase, VenuePhase.UNKNOWN),
    )


class BookRecord(Block, frozen=True):
    """Ten levels a side, best first; an empty level is 0 at 0. `clock` is nanoseconds since midnight: a book has no date.

    What an auction would trade (`expected_price`, `expected_quantity`) is left over from the last one while nothing is
    collected: `quote_phase` says which.
    """

    symbol: Annotated[str, Named("MKSC_SHRN_ISCD", CODE)]
    clock: Annotated[Nanos, Named("BSOP_HOUR", _SINCE_MIDNIGHT)]
    quote_phase: Annotated[QuotePhase, Named("HOUR_CLS_CODE", _QUOTE_PHASE)]
    ask_prices: Annotated[tuple[int, ...], Named("ASKP", QUANTITY, count=LEVELS)]
    bid_prices: Annotated[tuple[int, ...], Named("BIDP", QUANTITY, count=LEVELS)]
    ask_sizes: Annotated[tuple[int, ...], Named("ASKP_RSQN", QUANTITY, count=LEVELS)]
    bid_sizes: Annotated[tuple[int, ...], Named("BIDP_RSQN", QUANTITY, count=LEVELS)]
    total_ask_size: Annotated[int, Named("TOTAL_ASKP_RSQN", QUANTITY)]
    total_bid_size: Annotated[int, Named("TOTAL_BIDP_RSQN", QUANTITY)]
    expected_price: Annotated[int | None, Named("ANTC_CNPR", PRICE, blank="0")] = None
    expected_quantity: Annotated[int | None, Named("ANTC_CNQN", QUANTITY)] = None
    day_volume: Annotated[int | None, Named("ACML_VOL", QUANTITY)] = None

    def book(self, session: dt.date) -> Book:
        """Return the book as the engine knows it; raises WireError where its levels do not follow each other."""
        return book_of(
            self.symbol,
            kst.midnight(session) + self.clock,
            (self.ask_prices, self.ask_sizes),
            (self.bid_prices, self.bid_sizes),
        )


_Levels: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]
_TOTALS_AT = KRX_BOOK.index("TOTAL_ASKP_RSQN")
_EXPECTED_AT = KRX_BOOK.index("ANTC_CNPR")
_EXPECTED_QUANTITY_AT = KRX_BOOK.index("ANTC_CNQN")
_VOLUME_AT = KRX_BOOK.index("ACML_VOL")
_numbers = msgspec.json.Decoder(list[int | float])


def read_books(frame: Frame) -> list[BookRecord]:
    """Return the books of a frame, oldest first; raises WireError."""
    if frame.count == 1 and not frame.is_encrypted:
        found = _book_at_once(frame)
        if found is not None:
            return [found]
    try:
        return [_book(record) or _odd_book(record) for record in frame.records()]
    except ValueError as error:
        raise WireError(frame.text(), str(error)) from None


# Behind its first three fields a book is a list of numbers, and JSON reads lists of numbers faster than int() reads each. What is no
# such list is read field by field: padded numbers, blanks, a record that is too short.
def _book_at_once(frame: Frame) -> BookRecord | None:
    layout = layout_of(frame.stream)
    if layout is None:
        return None
    try:
        symbol, clock, phase, rest = frame.payload.split(SEPARATOR, 3)
        numbers = _numbers.decode(f"[{rest.replace(SEPARATOR, ',')}]")
    except ValueError:
        return None
    return _book_of(symbol, clock, phase, numbers) if len(numbers) + 3 in layout.widths else None


def _book(record: list[str]) -> BookRecord | None:
    try:
        numbers = _numbers.decode(f"[{','.join(record[3 : _VOLUME_AT + 1])}]")
    except ValueError:
        return None
    return _book_of(record[0], record[1], record[2], numbers) if len(numbers) == _VOLUME_AT - 2 else None


def _book_of(symbol: str, clock: str, phase: str, numbers: list[int | float]) -> BookRecord | None:
    levels = cast(list[int], numbers[: _TOTALS_AT - 1])
    price, quantity, volume = numbers[_EXPECTED_AT - 3], numbers[_EXPECTED_QUANTITY_AT - 3], numbers[_VOLUME_AT - 3]
    # A float among them makes the sum a float, and none is larger than the sum where none is negative.
    total = sum(levels, price + quantity + volume)
    if type(total) is not int or total > _LARGEST or min(levels) < 0 or min(price, quantity, volume) < 0:
        return None
    if not symbol.isalnum() or phase not in _QUOTE_PHASES:
        return None
    try:
        since_midnight = _since_midnight(clock)
    except ValueError:
        return None
    return BookRecord(
        symbol,
        since_midnight,
        _QUOTE_PHASES[phase],
        tuple(levels[:10]),
        tuple(levels[10:20]),
        tuple(levels[20:30]),
        tuple(levels[30:40]),
        levels[40],
        levels[41],
        cast(int, price) or None,
        cast(int, quantity),
        cast(int, volume),
    )


def _odd_book(record: list[str]) -> BookRecord:
    return BookRecord.read(_fields(KRX_BOOK, record))


def book_of(symbol: str, ts: Nanos, asks: _Levels, bids: _Levels) -> Book:
    """Return a book of two sides, each prices and sizes from the best level on; an empty level is left out.

    Raises:
        WireError: the levels do not follow each other.
    """
    try:
        return Book(symbol=symbol, ts=ts, asks=_side(*asks), bids=_side(*bids))
    except ValueError as error:
        raise WireError(f"{symbol} {asks} {bids}", str(error)) from None


def _side(prices: tuple[int, ...], sizes: tuple[int, ...]) -> tuple[BookLevel, ...]:
    return tuple([BookLevel(price, size) for price, size in zip(prices, sizes, strict=True) if price and size])


@lru_cache(maxsize=16)
def _midnight(day: str) -> Nanos:
    read = values.read_day(day)
    if read is None:
        raise ValueError("BSOP_DATE: is missing")
    return kst.midnight(read)


@cache  # A day has 86 400 seconds; nothing else is kept, since what raises is not.
def _since_midnight(clock: str) -> Nanos:
    if len(clock) != len("HHMMSS") or not clock.isdecimal() or not clock.isascii():
        raise ValueError(f"{clock!r} is no clock as in 094414")
    hour, minute, second = int(clock[:2]), int(clock[2:4]), int(clock[4:])
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"{clock!r} is no clock of a day")
    return (hour * 3600 + minute * 60 + second) * SECOND


class ExpectedRecord(Block, frozen=True, kw_only=True):
    """What the auction that collects orders would trade now: `quantity` shares at `price`, both missing while nothing meets."""

    symbol: Annotated[str, Named("MKSC_SHRN_ISCD", CODE)]
    session: Annotated[dt.date, Named("BSOP_DATE")]
    clock: Annotated[dt.time, Named("STCK_CNTG_HOUR")]
    price: Annotated[int | None, Named("STCK_PRPR", PRICE)]
    quantity: Annotated[int | None, Named("ACML_VOL", QUANTITY)]
    ask: Annotated[int | None, Named("ASKP1", PRICE)]
    bid: Annotated[int | None, Named("BIDP1", PRICE)]
    phase_code: Annotated[str, Named("HOUR_CLS_CODE")] = ""

    @property
    def quote_phase(self) -> QuotePhase:
        """Which auction it is."""
        return _QUOTE_PHASES.get(self.phase_code, QuotePhase.UNKNOWN)


class OrderChange(enum.StrEnum):
    """What a notice is about."""

    ORDER = "0"
    AMENDMENT = "1"
    CANCELLATION = "2"


class Acceptance(enum.StrEnum):
    """How far the exchange is."""

    ACCEPTED = "1"
    CONFIRMED = "2"
    CANCELLED = "3"
    NONE = ""


SIDES: Final = coded("side", {"01": Side.SELL, "02": Side.BUY})
_REFUSED = coded("refusal", {"": False, "0": False, "N": False, "1": True, "Y": True})
_IS_FILL = coded("kind of notice", {"1": False, "2": True})
_CHANGES = coded("change", {change.value: change for change in OrderChange})
_ACCEPTANCES = coded("acceptance", {state.value: state for state in Acceptance})


class Notice(Block, frozen=True, kw_only=True):
    """What happened to an order: taken, amended, cancelled, refused, or filled by `quantity` shares at `price`.

    `quantity` is that of this fill alone, and of the order while it is no fill; `order_quantity` is always the order's. An
    amendment or cancellation has its own number; `original_number` is the order's. `account` has ten digits. Notices of all
    accounts of an HTS id come on one stream.
    """

    customer: Annotated[str, Named("CUST_ID")]
    account: Annotated[str, Named("ACNT_NO", CODE)]
    order_number: Annotated[str, Named("ODER_NO", ORDER_NUMBER)]
    original_number: Annotated[str | None, Named("OODER_NO", ORDER_NUMBER)]
    side: Annotated[Side, Named("SELN_BYOV_CLS", SIDES)]
    change: Annotated[OrderChange, Named("RCTF_CLS", _CHANGES)]
    division: Annotated[str, Named("ODER_KIND")]
    symbol: Annotated[str, Named("STCK_SHRN_ISCD", CODE)]
    quantity: Annotated[int | None, Named("CNTG_QTY", QUANTITY)]
    price: Annotated[int | None, Named("CNTG_UNPR", PRICE)]
    clock: Annotated[dt.time, Named("STCK_CNTG_HOUR")]
    is_refused: Annotated[bool, Named("RFUS_YN", _REFUSED)]
    is_fill: Annotated[bool, Named("CNTG_YN", _IS_FILL)]
    acceptance: Annotated[Acceptance, Named("ACPT_YN", _ACCEPTANCES)]
    branch: Annotated[str, Named("BRNC_NO")]
    order_quantity: Annotated[int | None, Named("ODER_QTY", QUANTITY)]
    venue: Annotated[str, Named("ORD_EXG_GB")] = ""
    order_price: Annotated[int | None, Named("ODER_PRC", PRICE)] = None
    name: Annotated[str, Named("CNTG_ISNM40")] = ""

    def __post_init__(self) -> None:
        if self.is_fill and not (self.quantity and self.price):
            raise ValueError(f"CNTG_QTY, CNTG_UNPR: a fill of {self.quantity} shares at {self.price}")

    def __repr__(self) -> str:
        told = f"{self.side} {self.symbol} {self.quantity} at {self.price}, is_fill={self.is_fill}"
        return f"Notice({masked(self.account[:-2])} {self.order_number}: {told})"

    def write(self) -> dict[str, str]:
        """Return the texts by the broker's names, padded as the broker pads them."""
        written = super().write()
        for name, width in _NOTICE_WIDTHS.items():
            written[name] = written[name].zfill(width)
        return written


_NOTICE_WIDTHS = {"CNTG_QTY": 10, "CNTG_UNPR": 9, "ODER_QTY": 9, "ODER_PRC": 9}


class MarketStatus(Block, frozen=True, kw_only=True):
    """A symbol is halted, interrupted or free again, or its market reached a phase (`operation`); None: it does not say."""

    symbol: Annotated[str, Named("MKSC_SHRN_ISCD", CODE)]
    is_halted: Annotated[bool | None, Named("TRHT_YN")]
    reason: Annotated[str, Named("TR_SUSP_REAS_CNTT")]
    operation: Annotated[str, Named("MKOP_CLS_CODE")]
    expected_operation: Annotated[str, Named("ANTC_MKOP_CLS_CODE")]
    random_end: Annotated[str, Named("MRKT_TRTM_CLS_CODE")]
    status: Annotated[str, Named("ISCD_STAT_CLS_CODE")]
    is_vi: Annotated[bool | None, Named("VI_CLS_CODE")]
    is_single_price_vi: Annotated[bool | None, Named("OVTM_VI_CLS_CODE")] = None

    def message(self, ts: Nanos) -> StatusMessage:
        """Return what the state of interruptions takes in; the record has no clock of its own."""
        return StatusMessage(ts, self.symbol, self.is_vi, self.is_halted)


class IndexRecord(Block, frozen=True, kw_only=True):
    """The level of an index, in points; `rising` and the like count its members.

    The broker sends thousands of shares and millions of won; here they are shares and won. Its documents do not say so: the
    size of the numbers does.
    """

    index: Annotated[str, Named("BSTP_CLS_CODE", CODE)]
    clock: Annotated[dt.time, Named("BSOP_HOUR")]
    level: Annotated[Decimal, Named("PRPR_NMIX")]
    change: Annotated[Decimal | None, Named("BSTP_NMIX_PRDY_VRSS", signed_by="PRDY_VRSS_SIGN")]
    change_percent: Annotated[Decimal | None, Named("PRDY_CTRT")]
    day_volume: Annotated[int | None, Named("ACML_VOL", THOUSANDS)]
    day_value: Annotated[int | None, Named("ACML_TR_PBMN", MILLIONS)]
    open: Annotated[Decimal | None, Named("OPRC_NMIX")]
    high: Annotated[Decimal | None, Named("NMIX_HGPR")]
    low: Annotated[Decimal | None, Named("NMIX_LWPR")]
    limit_up: Annotated[int | None, Named("UPLM_ISSU_CNT")]
    rising: Annotated[int | None, Named("ASCN_ISSU_CNT")]
    unchanged: Annotated[int | None, Named("STNR_ISSU_CNT")]
    falling: Annotated[int | None, Named("DOWN_ISSU_CNT")]
    limit_down: Annotated[int | None, Named("LSLM_ISSU_CNT")]


class ExpectedIndex(Block, frozen=True, kw_only=True):
    """The level that an index would open or close at. What follows on the wire differs between documents and is not read."""

    index: Annotated[str, Named("BSTP_CLS_CODE", CODE)]
    clock: Annotated[dt.time, Named("BSOP_HOUR")]
    level: Annotated[Decimal, Named("PRPR_NMIX")]
    change: Annotated[Decimal | None, Named("BSTP_NMIX_PRDY_VRSS", signed_by="PRDY_VRSS_SIGN")]
    change_percent: Annotated[Decimal | None, Named("PRDY_CTRT")]


class ProgramRecord(Block, frozen=True, kw_only=True):
    """What programs have bought and sold of a symbol since the open, in shares and won."""

    symbol: Annotated[str, Named("MKSC_SHRN_ISCD", CODE)]
    clock: Annotated[dt.time, Named("STCK_CNTG_HOUR")]
    sold: Annotated[int, Named("SELN_CNQN")]
    sold_value: Annotated[int, Named("SELN_TR_PBMN")]
    bought: Annotated[int, Named("SHNU_CNQN")]
    bought_value: Annotated[int, Named("SHNU_TR_PBMN")]
    net: Annotated[int, Named("NTBY_CNQN")]
    net_value: Annotated[int, Named("NTBY_TR_PBMN")]


class NetAssetValue(Block, frozen=True, kw_only=True):
    """What a fund's share is worth."""

    symbol: Annotated[str, Named("MKSC_SHRN_ISCD", CODE)]
    value: Annotated[Decimal, Named("NAV")]
    change: Annotated[Decimal | None, Named("NAV_PRDY_VRSS", signed_by="NAV_PRDY_VRSS_SIGN")]
    change_percent: Annotated[Decimal | None, Named("NAV_PRDY_CTRT")]


BlockRecord: TypeAlias = (
    ExpectedRecord | Notice | MarketStatus | IndexRecord | ExpectedIndex | ProgramRecord | NetAssetValue
)
Record: TypeAlias = TradeRecord | BookRecord | BlockRecord

_TYPES: Mapping[str, type[BlockRecord]] = {
    layouts.KRX_EXPECTED: ExpectedRecord,
    layouts.NXT_EXPECTED: ExpectedRecord,
    layouts.UNIFIED_EXPECTED: ExpectedRecord,
    layouts.NOTICES: Notice,
    layouts.VPS_NOTICES: Notice,
    layouts.KRX_STATUS: MarketStatus,
    layouts.NXT_STATUS: MarketStatus,
    layouts.UNIFIED_STATUS: MarketStatus,
    layouts.INDEX: IndexRecord,
    layouts.INDEX_EXPECTED: ExpectedIndex,
    layouts.KRX_PROGRAM: ProgramRecord,
    layouts.NXT_PROGRAM: ProgramRecord,
    layouts.UNIFIED_PROGRAM: ProgramRecord,
    layouts.NET_ASSET_VALUE: NetAssetValue,
}
_TRADES = frozenset({layouts.KRX_TRADES, layouts.NXT_TRADES, layouts.UNIFIED_TRADES})
_BOOKS = frozenset({layouts.KRX_BOOK, layouts.NXT_BOOK, layouts.UNIFIED_BOOK})


def read_records(frame: Frame) -> Sequence[Record]:
    """Return the records of a frame that is no longer sealed.

    Raises:
        WireError: they cannot be read, or KATS reads no records of this stream.
    """
    if frame.stream in _TRADES:
        return read_trades(frame)
    if frame.stream in _BOOKS:
        return read_books(frame)
    layout = layout_of(frame.stream)
    kind = _TYPES.get(layout.stream) if layout is not None else None
    if layout is None or kind is None:
        raise WireError(frame.text(), f"KATS reads no records of the stream {frame.stream!r}")
    try:
        return [kind.read(_fields(layout.names_at(len(record)), record)) for record in frame.records()]
    except ValueError as error:
        raise WireError(frame.text(), str(error)) from None


def write_record(
    record: Record, stream: str, profile: Profile = Profile.CURRENT, also: Mapping[str, str] | None = None
) -> list[str]:
    """Return the fields of a record in the order of a stream, blank where neither the record nor `also` has one.

    `also` are texts by the broker's names: what KATS does not read and other clients do.
    """
    layout = layouts.LAYOUTS[stream]
    texts = record.write() | dict(also or {})
    return [texts.get(name, "") for name in layout.names[profile]]


@cache
def _positions(names: tuple[str, ...]) -> Mapping[str, int]:
    return {name: at for at, name in enumerate(names)}


def _fields(names: tuple[str, ...], record: Sequence[str]) -> Callable[[str], str]:
    """Return what gives a field by its name, blank where the record is too short to have it."""
    positions = _positions(names)

    def field(name: str) -> str:
        at = positions.get(name, len(record))
        return record[at] if at < len(record) else ""

    return field
