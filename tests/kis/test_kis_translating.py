"""What the broker's stream tells becomes what the market tells."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from kats_core.kis.translating import market_message
from kats_core.kis.wire.records import BookRecord, IndexRecord, MarketStatus, QuotePhase, TradeRecord, VenuePhase
from kats_core.market.vi import MarketHalt, StatusMessage
from kats_core.model import fact, time
from kats_core.model.bar import Book, BookLevel, Trade
from kats_core.model.fact import Fact
from kats_core.model.kinds import FactSource, Side

SESSION = dt.date(2026, 9, 15)
NOW = time.at(SESSION, dt.time(10, 5, 12))
ASKS, BIDS = (71_900, 72_000, *(0,) * 8), (71_800, 71_700, *(0,) * 8)
SIZES = (100, 200, *(0,) * 8)


def trade(**changes: object) -> TradeRecord:
    fields: dict[str, object] = {
        "symbol": "005930",
        "ts": NOW,
        "price": 71_900,
        "quantity": 12,
        "aggressor": Side.BUY,
        "is_auction": False,
        "day_volume": 1_000,
        "day_value": 71_900_000,
        "open": 71_000,
        "high": 72_000,
        "low": 70_900,
        "ask": 71_900,
        "bid": 71_800,
        "is_halted": False,
    }
    return TradeRecord(**fields | changes)  # type: ignore[arg-type]


def book(asks: tuple[int, ...] = ASKS, phase: QuotePhase = QuotePhase.TRADING) -> BookRecord:
    clock = NOW - time.midnight(SESSION)
    return BookRecord(
        symbol="005930",
        clock=clock,
        quote_phase=phase,
        ask_prices=asks,
        bid_prices=BIDS,
        ask_sizes=SIZES,
        bid_sizes=SIZES,
        total_ask_size=300,
        total_bid_size=300,
    )


def index(level: str, change: str | None, code: str = "0001") -> IndexRecord:
    names = dict.fromkeys(
        (
            "change_percent",
            "day_volume",
            "day_value",
            "open",
            "high",
            "low",
            "limit_up",
            "rising",
            "unchanged",
            "falling",
        )
    )
    return IndexRecord(
        index=code,
        clock=dt.time(10, 5, 12),
        level=Decimal(level),
        change=None if change is None else Decimal(change),
        limit_down=None,
        **names,
    )


def test_a_trade_of_the_regular_session_is_a_trade() -> None:
    """Also where the record is from before the day had several markets."""
    wanted = Trade("005930", NOW, 71_900, 12, Side.BUY, 1_000, 71_900_000)
    for phase in (VenuePhase.REGULAR, VenuePhase.UNKNOWN):
        assert market_message(trade(venue_phase=phase), SESSION, NOW) == wanted


@pytest.mark.parametrize(
    "record",
    [
        trade(venue_phase=VenuePhase.AFTER),
        trade(venue_phase=VenuePhase.BEFORE),
        trade(quantity=0),
        trade(ts=NOW - time.SECOND * 86_400),
    ],
    ids=["after the close", "before the open", "nothing changed hands", "yesterday"],
)
def test_what_is_no_trade_of_the_session_is_not_heard(record: TradeRecord) -> None:
    """The after-market comes on the same channel, and a reconnect may bring the last trade of the day before."""
    assert market_message(record, SESSION, NOW) is None


def test_a_book_from_which_can_be_taken_is_a_book() -> None:
    """Empty levels are none."""
    asks, bids = (BookLevel(71_900, 100), BookLevel(72_000, 200)), (BookLevel(71_800, 100), BookLevel(71_700, 200))
    assert market_message(book(), SESSION, NOW) == Book("005930", NOW, asks, bids)


@pytest.mark.parametrize(
    "record",
    [book(phase=QuotePhase.INTERRUPTED), book(phase=QuotePhase.AFTER_CLOSE), book((72_000, 71_900, *(0,) * 8))],
    ids=["in an interruption", "in the closing auction", "a broken ladder"],
)
def test_a_book_from_which_nothing_can_be_taken_is_empty(record: BookRecord) -> None:
    """Fail closed: without a book nothing is bought, and exits go to the market."""
    assert market_message(record, SESSION, NOW) == Book("005930", NOW, (), ())


def status(operation: str = "", reason: str = "") -> MarketStatus:
    return MarketStatus(
        symbol="005930",
        is_halted=False,
        reason=reason,
        operation=operation,
        expected_operation="",
        random_end="",
        status="",
        is_vi=True,
    )


def test_a_market_status_has_no_clock_of_its_own() -> None:
    """It counts from when it is heard."""
    assert market_message(status(), SESSION, NOW) == StatusMessage(NOW, "005930", is_vi=True, is_halted=False)


@pytest.mark.parametrize(
    ("operation", "reason", "halt"),
    [
        ("164", "", MarketHalt.SUSPENSION),
        ("174", "", MarketHalt.BREAKER),
        ("174", "서킷브레이커 3단계", MarketHalt.BREAKER_3),
        ("184", "CB 1 단계 발동", MarketHalt.BREAKER_1),
        ("175", "서킷브레이커 1단계", MarketHalt.BREAKER_OVER),
        ("185", "", MarketHalt.BREAKER_OVER),
        *((code, "", MarketHalt.SIDECAR) for code in ("187", "387", "397")),
        *((code, "3단계", None) for code in ("", "112", "121", "129", "182", "388", "398", "AB1")),
    ],
)
def test_a_market_status_may_tell_of_its_whole_market(operation: str, reason: str, halt: MarketHalt | None) -> None:
    """Spec: `kis/ws.md`, the table of `MKOP_CLS_CODE`."""
    wanted = StatusMessage(NOW, "005930", is_vi=True, is_halted=False, market=halt)
    assert market_message(status(operation, reason), SESSION, NOW) == wanted


def test_the_index_tells_how_far_it_stands_from_its_last_close() -> None:
    """2 500 after 2 550: minus 1.96 percent; other indices and a change that is missing tell nothing."""
    told = market_message(index("2500", "-50"), SESSION, NOW)
    assert told == Fact(fact.INDEX_CHANGE, float(Decimal(-50) / 2550), NOW, FactSource.FEED)
    assert market_message(index("2500", None), SESSION, NOW) is None
    assert market_message(index("850", "-5", "1001"), SESSION, NOW) is None
