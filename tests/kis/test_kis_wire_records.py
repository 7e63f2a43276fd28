"""Records of the stream: read from what was captured, written and read back, and never anything but `WireError`."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kats_core.kis.wire import layouts, records
from kats_core.kis.wire.cipher import CipherKeys
from kats_core.kis.wire.errors import WireError
from kats_core.kis.wire.layouts import LAYOUTS, Profile
from kats_core.kis.wire.records import (
    Acceptance,
    BookRecord,
    ExpectedIndex,
    ExpectedRecord,
    IndexRecord,
    MarketStatus,
    NetAssetValue,
    Notice,
    OrderChange,
    ProgramRecord,
    QuotePhase,
    Record,
    TradeRecord,
    VenuePhase,
    read_records,
    write_record,
)
from kats_core.kis.wire.stream import Frame, split
from kats_core.model import time as kst
from kats_core.model.kinds import Side

FRAMES = Path(__file__).parents[2].parent / "shared" / "data" / "kis_ws"
needs_frames = pytest.mark.skipif(not FRAMES.is_dir(), reason="no recorded market beside the house")

KEYS = CipherKeys("abcdefghijklmnopabcdefghijklmnop", "0123456789abcdef")
TRADE = (
    "0|H0STCNT0|001|005930^100512^71500^5^-300^-0.42^71388.10^71700^71900^71000^71600^71500^15^1204310^85974236100^4015^3120"
    "^-895^88.97^575820^512300^5^0.47^35.12^090012^5^-200^091130^5^-400^094205^2^500^20260105^20^N^12034^8812^410233^522981"
    "^0.02^1185442^101.59^0^^71700"
)
BOOK = (
    "0|H0STASP0|001|005930^093730^0^71900^72000^72100^72200^72300^72400^72500^72600^72700^72800^71800^71700^71600^71500^71400"
    "^71300^71200^71100^71000^70900^1^2^3^4^5^6^7^8^9^10^11^12^13^14^15^16^17^18^19^20^55^155^0^0^0^0^525579^-72000^5^-100.00"
    "^3159115^0^8^0^0^0"
)
FILL = (
    "user01^1234567801^0000085100^^02^0^00^0^005930^0000000010^000071900^094415^0^2^2^00950^000000010^홍길동^000000000"
    "^1^Y^^10^^삼성전자^000071900"
)


def read(text: str) -> list[Record]:
    """Return the records of a frame's text."""
    frame = split(text)
    assert isinstance(frame, Frame)
    return list(read_records(frame))


def changed(text: str, **fields: str) -> str:
    """Return a frame of one record with some fields changed, by the broker's names."""
    head, payload = text.rsplit("|", 1)
    values = payload.split("^")
    names = LAYOUTS[head.split("|")[1]].names[Profile.CURRENT]
    for name, value in fields.items():
        values[names.index(name)] = value
    return f"{head}|{'^'.join(values)}"


def at(session: str, clock: str) -> int:
    """Return an instant of a Korean clock."""
    return kst.at(dt.date.fromisoformat(session), dt.time.fromisoformat(clock))


class TestTrades:
    def test_the_example_of_the_notes(self) -> None:
        """Spec: `kis/examples.md`; regression 20: market side, quantity and book fields come from the published positions."""
        assert read(TRADE) == [
            TradeRecord(
                symbol="005930",
                ts=at("2026-01-05", "10:05:12"),
                price=71_500,
                quantity=15,
                aggressor=Side.SELL,
                is_auction=False,
                day_volume=1_204_310,
                day_value=85_974_236_100,
                open=71_700,
                high=71_900,
                low=71_000,
                ask=71_600,
                bid=71_500,
                is_halted=False,
                vi_reference=71_700,
            )
        ]

    def test_the_same_trade_of_the_wider_profile(self) -> None:
        """Spec: `kis/examples.md`: 47 fields, the last one 2."""
        assert read(TRADE + "^2") == read(TRADE)
        (after,) = read(TRADE + "^3")
        assert isinstance(after, TradeRecord)
        assert after.venue_phase is VenuePhase.AFTER

    @pytest.mark.parametrize(
        ("code", "side", "is_auction"),
        [("1", Side.BUY, False), ("5", Side.SELL, False), ("3", None, True), ("", None, False)],
    )
    def test_who_took(self, code: str, side: Side | None, is_auction: bool) -> None:
        (found,) = read(changed(TRADE, CCLD_DVSN=code))
        assert isinstance(found, TradeRecord)
        assert (found.aggressor, found.is_auction) == (side, is_auction)

    def test_before_the_first_trade_there_is_no_open(self) -> None:
        """Quirk E2: prices of zero are none."""
        (found,) = read(
            changed(TRADE, STCK_OPRC="0", STCK_HGPR="0", STCK_LWPR="0", ASKP1="0", BIDP1="", VI_STND_PRC="")
        )
        assert isinstance(found, TradeRecord)
        assert (found.open, found.high, found.low, found.ask, found.bid, found.vi_reference) == (None,) * 6

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("MKSC_SHRN_ISCD", ""),
            ("BSOP_DATE", "20260230"),
            ("BSOP_DATE", ""),
            ("STCK_CNTG_HOUR", "246000"),
            ("STCK_CNTG_HOUR", "90012"),
            ("STCK_PRPR", "0"),
            ("STCK_PRPR", ""),
            ("STCK_PRPR", "NaN"),
            ("STCK_PRPR", "-71500"),
            ("STCK_PRPR", "7_1500"),
            ("STCK_PRPR", "٧١٥٠٠"),
            ("STCK_PRPR", "9" * 30),
            ("CNTG_VOL", "-1"),
            ("CNTG_VOL", "1.5"),
            ("ACML_VOL", "(null)"),
            ("ACML_TR_PBMN", "1e9"),
            ("TRHT_YN", "?"),
            ("ASKP1", "-1"),
        ],
    )
    def test_a_field_that_cannot_be_read_is_named(self, name: str, text: str) -> None:
        with pytest.raises(WireError) as caught:
            read(changed(TRADE, **{name: text}))
        assert caught.value.why.startswith(f"{name}: ")

    def test_as_the_engine_knows_it(self) -> None:
        (found,) = read(TRADE)
        assert isinstance(found, TradeRecord)
        trade = found.trade()
        assert trade is not None
        assert (trade.price, trade.quantity, trade.aggressor, trade.day_volume) == (71_500, 15, Side.SELL, 1_204_310)
        (nothing,) = read(changed(TRADE, CNTG_VOL="0"))
        assert isinstance(nothing, TradeRecord)
        assert nothing.trade() is None


class TestBooks:
    def test_ten_levels_a_side(self) -> None:
        (found,) = read(BOOK)
        assert isinstance(found, BookRecord)
        book = found.book(dt.date(2026, 1, 5))
        assert book.ts == at("2026-01-05", "09:37:30")
        assert [(level.price, level.size) for level in book.asks] == [(71_900 + 100 * i, i + 1) for i in range(10)]
        assert [(level.price, level.size) for level in book.bids] == [(71_800 - 100 * i, i + 11) for i in range(10)]
        assert (found.total_ask_size, found.total_bid_size, found.day_volume) == (55, 155, 3_159_115)

    def test_a_side_is_empty_at_the_limit(self) -> None:
        empty = {f"{name}{i}": "0" for name in ("ASKP", "ASKP_RSQN") for i in range(1, 11)}
        (found,) = read(changed(BOOK, **empty))
        assert isinstance(found, BookRecord)
        assert found.book(dt.date(2026, 1, 5)).ask is None

    def test_an_auction_tells_what_it_would_trade(self) -> None:
        (found,) = read(changed(BOOK, HOUR_CLS_CODE="B", ANTC_CNPR="71800", ANTC_CNQN="525579"))
        assert isinstance(found, BookRecord)
        assert (found.quote_phase, found.quote_phase.is_auction) == (QuotePhase.BEFORE_OPEN, True)
        assert (found.expected_price, found.expected_quantity) == (71_800, 525_579)

    @pytest.mark.parametrize("text", ["-1", "1.5", "x", "", "7_1900", "[1]", "1,2"])
    def test_a_level_that_cannot_be_read_is_named(self, text: str) -> None:
        with pytest.raises(WireError, match="ASKP1"):
            read(changed(BOOK, ASKP1=text))

    def test_levels_that_do_not_follow_each_other_make_no_book(self) -> None:
        (found,) = read(changed(BOOK, ASKP2="71800"))
        assert isinstance(found, BookRecord)
        with pytest.raises(WireError, match="does not follow"):
            found.book(dt.date(2026, 1, 5))

    def test_field_by_field_it_is_the_same(self) -> None:
        """The fast way and the slow way agree: a padded number takes the slow one."""
        assert read(changed(BOOK, ASKP_RSQN1="0001")) == read(BOOK)


class TestNotices:
    def test_the_fill_of_the_notes(self) -> None:
        """Regression 18: notices are encrypted, keyed by HTS id, of 26 fields or more. Spec: `kis/examples.md`."""
        sealed = Frame.of(layouts.NOTICES, [FILL.split("^")], KEYS)
        (found,) = read_records(sealed.opened(KEYS))
        assert found == Notice(
            customer="user01",
            account="1234567801",
            order_number="0000085100",
            original_number=None,
            side=Side.BUY,
            change=OrderChange.ORDER,
            division="00",
            symbol="005930",
            quantity=10,
            price=71_900,
            clock=dt.time(9, 44, 15),
            is_refused=False,
            is_fill=True,
            acceptance=Acceptance.CONFIRMED,
            branch="00950",
            order_quantity=10,
            venue="1",
            name="삼성전자",
            order_price=71_900,
        )
        assert "12345678" not in repr(found)
        assert "user01" not in repr(found)

    @pytest.mark.parametrize("more", ["", "^extra", "^extra^extra^extra"])
    def test_a_wider_notice_is_read(self, more: str) -> None:
        """Regression 20 and quirk F7: extra fields do not break."""
        assert read(f"0|{layouts.VPS_NOTICES}|001|{FILL}{more}") == read(f"0|{layouts.NOTICES}|001|{FILL}")

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("CNTG_QTY", "0000000000"),
            ("CNTG_UNPR", ""),
            ("ODER_NO", ""),
            ("ACNT_NO", ""),
            ("CNTG_YN", "7"),
            ("SELN_BYOV_CLS", "3"),
        ],
    )
    def test_a_fill_that_does_not_say_what_was_filled_is_refused(self, name: str, text: str) -> None:
        with pytest.raises(WireError, match=name):
            read(changed(f"0|H0STCNI0|001|{FILL}", **{name: text}))

    def test_an_error_shows_neither_account_nor_name(self) -> None:
        with pytest.raises(WireError) as caught:
            read(changed(f"0|H0STCNI0|001|{FILL}", CNTG_QTY="ten"))
        assert "CNTG_QTY" in str(caught.value)
        assert "1234567801" not in f"{caught.value!r}"
        assert "홍길동" not in str(caught.value)

    @pytest.mark.realdata
    @needs_frames
    def test_the_older_notices_of_the_document(self) -> None:
        """23 fields, as before 2025."""
        texts = json.loads((FRAMES / "control_messages.json").read_text(encoding="utf-8"))["order_notice_plaintext"]
        (taken,), (filled,) = (read(f"0|H0STCNI0|001|{texts[kind]}") for kind in ("accept", "fill"))
        assert isinstance(taken, Notice)
        assert isinstance(filled, Notice)
        assert (taken.is_fill, taken.acceptance, taken.quantity, taken.price) == (False, Acceptance.ACCEPTED, 1, None)
        assert (filled.is_fill, filled.quantity, filled.price, filled.name, filled.venue) == (True, 1, 3190, "하림", "")


class TestOtherRecords:
    def test_a_status_says_what_it_knows(self) -> None:
        """Spec: `kis/ws.md`, live unified frame."""
        (found,) = read("0|H0UNMKO0|001|100840^N^(null)^AB1^112^^^55^N^")
        assert found == MarketStatus(
            symbol="100840",
            is_halted=False,
            reason="",
            operation="AB1",
            expected_operation="112",
            random_end="",
            status="55",
            is_vi=False,
        )
        assert isinstance(found, MarketStatus)
        assert found.message(5).is_vi is False

    def test_a_fall_of_an_index_is_negative_whether_or_not_it_has_a_minus(self) -> None:
        """Quirk E1: by the sign code when the number is unsigned."""
        for change in ("32.68", "-32.68"):
            (found,) = read(f"0|H0UPCNT0|001|0001^091240^2624.54^5^{change}^63952^1650684^439^10335^1.26")
            assert isinstance(found, IndexRecord)
            assert found.change == Decimal("-32.68")
            assert (found.day_volume, found.open) == (63_952_000, None)


prices = st.integers(1, 5_000_000)
maybe_prices = st.none() | prices
numbers = st.integers(0, 10**12)
symbols = st.from_regex(r"[0-9A-Z]{6}", fullmatch=True)
clocks = st.times().map(lambda clock: clock.replace(microsecond=0))
days = st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1))
instants = st.builds(kst.at, days, clocks)
decimals = st.decimals(-100_000, 100_000, places=2)
texts = st.text("가나다AB12 ", max_size=12).map(str.strip)
levels = st.tuples(*[numbers] * 10)
order_numbers = st.integers(1, 10**10 - 1).map(lambda n: f"{n:010}")
maybe_flags = st.none() | st.booleans()

trades = st.builds(
    TradeRecord,
    symbol=symbols,
    ts=instants,
    price=prices,
    quantity=numbers,
    aggressor=st.sampled_from([None, *Side]),
    is_auction=st.just(False),
    day_volume=numbers,
    day_value=numbers,
    open=maybe_prices,
    high=maybe_prices,
    low=maybe_prices,
    ask=maybe_prices,
    bid=maybe_prices,
    is_halted=st.booleans(),
    quote_phase=st.sampled_from(QuotePhase),
    venue_phase=st.sampled_from(VenuePhase),
    vi_reference=maybe_prices,
)
books = st.builds(
    BookRecord,
    symbol=symbols,
    clock=clocks.map(lambda clock: kst.at(dt.date(2000, 1, 3), clock) - kst.midnight(dt.date(2000, 1, 3))),
    quote_phase=st.sampled_from(QuotePhase),
    ask_prices=levels,
    bid_prices=levels,
    ask_sizes=levels,
    bid_sizes=levels,
    total_ask_size=numbers,
    total_bid_size=numbers,
    expected_price=maybe_prices,
    expected_quantity=st.none() | numbers,
    day_volume=st.none() | numbers,
)
notices = st.builds(
    Notice,
    customer=texts,
    account=st.from_regex(r"[0-9]{10}", fullmatch=True),
    order_number=order_numbers,
    original_number=st.none() | order_numbers,
    side=st.sampled_from(Side),
    change=st.sampled_from(OrderChange),
    division=st.sampled_from(["00", "01", "41"]),
    symbol=symbols,
    quantity=st.integers(1, 10**9),
    price=prices,
    clock=clocks,
    is_refused=st.booleans(),
    is_fill=st.booleans(),
    acceptance=st.sampled_from(Acceptance),
    branch=texts,
    order_quantity=st.integers(1, 10**9 - 1),
    order_price=maybe_prices,
    name=texts,
)
statuses = st.builds(
    MarketStatus,
    symbol=symbols,
    is_halted=maybe_flags,
    reason=texts,
    operation=texts,
    expected_operation=texts,
    random_end=texts,
    status=texts,
    is_vi=maybe_flags,
    is_single_price_vi=maybe_flags,
)
expected = st.builds(
    ExpectedRecord,
    symbol=symbols,
    session=days,
    clock=clocks,
    price=maybe_prices,
    quantity=st.none() | numbers,
    ask=maybe_prices,
    bid=maybe_prices,
    phase_code=st.sampled_from("0ABCD"),
)
counts = st.none() | st.integers(0, 1000)
indices = st.builds(
    IndexRecord,
    index=st.from_regex(r"[0-9]{4}", fullmatch=True),
    clock=clocks,
    level=decimals,
    change=st.none() | decimals,
    change_percent=st.none() | decimals,
    day_volume=st.none() | numbers.map(lambda n: n * 1_000),
    day_value=st.none() | numbers.map(lambda n: n * 1_000_000),
    open=st.none() | decimals,
    high=st.none() | decimals,
    low=st.none() | decimals,
    limit_up=counts,
    rising=counts,
    unchanged=counts,
    falling=counts,
    limit_down=counts,
)
expected_indices = st.builds(
    ExpectedIndex,
    index=st.from_regex(r"[0-9]{4}", fullmatch=True),
    clock=clocks,
    level=decimals,
    change=st.none() | decimals,
    change_percent=st.none() | decimals,
)
signed_numbers = st.integers(-(10**12), 10**12)
programs = st.builds(
    ProgramRecord,
    symbol=symbols,
    clock=clocks,
    **dict.fromkeys(("sold", "sold_value", "bought", "bought_value", "net", "net_value"), signed_numbers),
)
funds = st.builds(
    NetAssetValue,
    symbol=symbols,
    value=decimals,
    change=st.none() | decimals,
    change_percent=st.none() | decimals,
)
STREAMS: list[tuple[str, st.SearchStrategy[Record]]] = [
    *((stream, trades) for stream in (layouts.KRX_TRADES, layouts.NXT_TRADES, layouts.UNIFIED_TRADES)),
    *((stream, books) for stream in (layouts.KRX_BOOK, layouts.NXT_BOOK, layouts.UNIFIED_BOOK)),
    *((stream, expected) for stream in (layouts.KRX_EXPECTED, layouts.NXT_EXPECTED, layouts.UNIFIED_EXPECTED)),
    *((stream, statuses) for stream in (layouts.KRX_STATUS, layouts.NXT_STATUS)),
    (layouts.NOTICES, notices),
    (layouts.VPS_NOTICES, notices),
    (layouts.INDEX, indices),
    (layouts.INDEX_EXPECTED, expected_indices),
    (layouts.KRX_PROGRAM, programs),
    (layouts.NET_ASSET_VALUE, funds),
]


@given(st.data(), st.sampled_from(STREAMS), st.sampled_from(Profile), st.integers(1, 4))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_is_read_back(
    data: st.DataObject, stream: tuple[str, st.SearchStrategy[Record]], profile: Profile, count: int
) -> None:
    """Every record of every stream, one or several in a frame, in every profile."""
    name, strategy = stream
    drawn = [data.draw(strategy) for _ in range(count)]
    frame = Frame.of(name, [write_record(record, name, profile) for record in drawn])
    back = list(read_records(frame))
    if profile is not Profile.CURRENT and isinstance(drawn[0], TradeRecord):
        assert [record.write() | {"MARKET_CLS_CODE": ""} for record in back] == [
            record.write() | {"MARKET_CLS_CODE": ""} for record in drawn
        ]
    elif profile is Profile.LEGACY and isinstance(drawn[0], Notice):
        assert [record.write() | {"ORD_EXG_GB": ""} for record in back] == [record.write() for record in drawn]
    else:
        assert back == drawn
    assert split(frame.text()) == frame


ODD_TEXTS = st.sampled_from(
    [
        "",
        " ",
        "0",
        "007",
        " 7 ",
        "+7",
        "-7",
        "7.0",
        "7.5",
        "x",
        "Y",
        "N",
        "1",
        "3",
        " 5",
        "20260230",
        "(null)",
        "9" * 25,
    ]
)


@given(st.data(), trades | books)
@settings(max_examples=200)
def test_the_fast_way_and_the_slow_way_agree(data: st.DataObject, record: TradeRecord | BookRecord) -> None:
    """On everything, readable or not: they give the same record or the same reason."""
    stream = layouts.KRX_TRADES if isinstance(record, TradeRecord) else layouts.KRX_BOOK
    fields = write_record(record, stream)
    for at in data.draw(st.lists(st.integers(0, len(fields) - 1), max_size=3)):
        fields[at] = data.draw(ODD_TEXTS)
    slow = records._odd_trade if isinstance(record, TradeRecord) else records._odd_book
    try:
        expected: object = slow(fields)
    except ValueError as error:
        expected = str(error)
    try:
        found: object = read_records(Frame.of(stream, [fields]))[0]
    except WireError as error:
        found = error.why
    assert found == expected


def test_what_kats_does_not_read_can_be_written_for_others() -> None:
    (record,) = read(TRADE)
    fields = write_record(record, layouts.KRX_TRADES, also={"OPRC_HOUR": "090012", "CTTR": "88.97"})
    names = LAYOUTS[layouts.KRX_TRADES].names[Profile.CURRENT]
    assert (len(fields), fields[names.index("OPRC_HOUR")], fields[names.index("CTTR")]) == (47, "090012", "88.97")


def _captured() -> list[tuple[str, str]]:
    if not FRAMES.is_dir():
        return []
    with (FRAMES / "frames.tsv").open(encoding="utf-8", newline="") as lines:
        return [(row["id"], row["frame"]) for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


CAPTURED = _captured()
ABOLISHED = {"O01", "O02", "O03"}
"""After-hours single price, gone since 2026-09-14: laid out, and not traded on."""


@pytest.mark.realdata
@needs_frames
class TestCaptured:
    @pytest.mark.parametrize(("number", "text"), [(n, t) for n, t in CAPTURED if n != "T09"])
    def test_every_captured_frame_is_read(self, number: str, text: str) -> None:
        frame = split(text)
        assert isinstance(frame, Frame)
        named = frame.named()
        assert len(named) == frame.count
        if number in ABOLISHED:
            return
        for record, fields in zip(read_records(frame), named, strict=True):
            told = record.write()
            for name in (
                "STCK_PRPR",
                "CNTG_VOL",
                "ACML_VOL",
                "ASKP1",
                "BIDP10",
                "BIDP_RSQN10",
                "BSOP_DATE",
                "BSOP_HOUR",
            ):
                if name in told and fields.get(name):
                    assert told[name].lstrip("0") == fields[name].lstrip("0"), name

    def test_the_frame_that_is_cut_off_is_refused_with_its_text(self) -> None:
        text = dict(CAPTURED)["T09"]
        with pytest.raises(WireError, match="70 fields are no 4 records") as caught:
            read(text)
        assert caught.value.text == text

    def test_every_captured_book_is_one(self) -> None:
        for number, text in CAPTURED:
            for record in read(text) if number.startswith("B") else ():
                assert isinstance(record, BookRecord)
                book = record.book(dt.date(2026, 1, 5))
                assert not book.is_crossed
                assert sum(level.size for level in book.asks) == record.total_ask_size
                assert sum(level.size for level in book.bids) == record.total_bid_size

    @given(st.data())
    @settings(max_examples=400)
    def test_a_damaged_frame_raises_our_own_error_or_is_read(self, data: st.DataObject) -> None:
        _, text = data.draw(st.sampled_from(CAPTURED))
        attempt(damaged(data, text))


FUZZED = (TRADE, TRADE + "^2", BOOK, f"0|H0STCNI0|001|{FILL}", "0|H0UPCNT0|001|0001^091240^2624.54^5^3^6^1^4^1^1.26")


def damaged(data: st.DataObject, text: str) -> str:
    """Return a text with some places cut, doubled or overwritten."""
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 8)))
        text = text[:start] + data.draw(st.text("0123456789^|-._ eE\x00NaInf가٣(null)", max_size=6)) + text[end:]
    return text


def attempt(text: str) -> None:
    """Read a text as far as it goes; only `WireError` may be raised."""
    with contextlib.suppress(WireError):
        message = split(text)
        if isinstance(message, Frame):
            message.named()
            for record in read_records(message):
                if isinstance(record, BookRecord):
                    record.book(dt.date(2026, 1, 5))
                if isinstance(record, TradeRecord):
                    record.trade()


@given(st.data())
@settings(max_examples=400)
def test_damage_raises_our_own_error_or_is_read(data: st.DataObject) -> None:
    attempt(damaged(data, data.draw(st.sampled_from(FUZZED))))


@given(st.text() | st.sampled_from(sorted(LAYOUTS)).flatmap(lambda s: st.text().map(lambda t: f"0|{s}|001|{t}")))
def test_any_text_raises_our_own_error_or_is_read(text: str) -> None:
    attempt(text)


@given(st.text(), st.binary(max_size=64))
def test_any_sealed_text_raises_our_own_error(text: str, sealed: bytes) -> None:
    for payload in (text, sealed.hex()):
        with pytest.raises(WireError):
            Frame(layouts.NOTICES, True, 1, payload).opened(KEYS).records()
