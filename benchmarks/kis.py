"""Measure how fast the broker's frames are read: trades (H0STCNT0) and books (H0STASP0), of one record and of three.

Beside each, in the same run and in turns, the least that anybody must do with the same texts: split them at their separators,
and turn the numbers that we read into integers. Processor seconds, since others on the machine stretch them less than the clock.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import time
from collections.abc import Callable, Mapping

import _machine
import msgspec

from kats_core.kis.wire import layouts
from kats_core.kis.wire.records import BookRecord, QuotePhase, TradeRecord, read_records, write_record
from kats_core.kis.wire.stream import Frame, split
from kats_core.model import time as kst
from kats_core.model.kinds import Side

ROUNDS = 15
FRAMES = 4_000
SESSION = dt.date(2026, 10, 1)
TRADE_NUMBERS = (2, 7, 8, 9, 10, 11, 12, 13, 14, 45)
BOOK_NUMBERS = slice(3, 45)


def trades(records: int) -> list[str]:
    """Return frames of trades as today's wire has them, with every field filled."""
    others = {
        "PRDY_VRSS_SIGN": "5",
        "PRDY_VRSS": "-300",
        "PRDY_CTRT": "-0.42",
        "WGHN_AVRG_STCK_PRC": "71388.10",
        "CTTR": "88.97",
        "OPRC_HOUR": "090012",
        "HGPR_HOUR": "091130",
        "LWPR_HOUR": "094205",
        "NEW_MKOP_CLS_CODE": "20",
        "VOL_TNRT": "0.02",
        **dict.fromkeys(
            ("SELN_CNTG_CSNU", "SHNU_CNTG_CSNU", "NTBY_CNTG_CSNU", "OPRC_VRSS_PRPR", "HGPR_VRSS_PRPR"), "4015"
        ),
        **dict.fromkeys(("SELN_CNTG_SMTN", "SHNU_CNTG_SMTN", "TOTAL_ASKP_RSQN", "TOTAL_BIDP_RSQN"), "575820"),
    }
    frames = []
    for n in range(FRAMES):
        several = [
            TradeRecord(
                symbol="005930",
                ts=kst.at(SESSION, dt.time(10, n // 60 % 60, n % 60)),
                price=71_500 + 100 * (n % 7),
                quantity=15 + i,
                aggressor=(Side.BUY, Side.SELL)[n % 2],
                is_auction=False,
                day_volume=1_204_310 + n,
                day_value=85_974_236_100 + n,
                open=71_700,
                high=72_300,
                low=71_000,
                ask=71_600,
                bid=71_500,
                is_halted=False,
                vi_reference=71_700,
            )
            for i in range(records)
        ]
        fields = [write_record(one, layouts.KRX_TRADES, also=others) for one in several]
        frames.append(Frame.of(layouts.KRX_TRADES, fields).text())
    return frames


def books(records: int) -> list[str]:
    """Return frames of books as today's wire has them."""
    zeros = dict.fromkeys(layouts.LAYOUTS[layouts.KRX_BOOK].names[layouts.Profile.CURRENT], "0")
    frames = []
    for n in range(FRAMES):
        book = BookRecord(
            symbol="005930",
            clock=kst.SECOND * (36_000 + n),
            quote_phase=QuotePhase.TRADING,
            ask_prices=tuple(71_600 + 100 * i for i in range(10)),
            bid_prices=tuple(71_500 - 100 * i for i in range(10)),
            ask_sizes=tuple(91_918 + n + i for i in range(10)),
            bid_sizes=tuple(95_221 + n + i for i in range(10)),
            total_ask_size=919_225,
            total_bid_size=952_255,
            expected_price=None,
            expected_quantity=0,
            day_volume=3_159_115 + n,
        )
        others = {name: text for name, text in zeros.items() if name not in book.write()}
        fields = [write_record(book, layouts.KRX_BOOK, also=others) for _ in range(records)]
        frames.append(Frame.of(layouts.KRX_BOOK, fields).text())
    return frames


def ours(text: str) -> None:
    """Read a frame as the client does."""
    frame = split(text)
    if isinstance(frame, Frame):
        read_records(frame)


def plain(text: str) -> None:
    """Take a frame apart and do nothing with it."""
    text.split("|", 3)[3].split("^")


def numbers_of(width: int, wanted: tuple[int, ...] | slice) -> Callable[[str], None]:
    """Return what also turns the numbers that we read into integers, record by record."""

    def read(text: str) -> None:
        fields = text.split("|", 3)[3].split("^")
        for start in range(0, len(fields), width):
            record = fields[start : start + width]
            list(map(int, record[wanted] if isinstance(wanted, slice) else [record[i] for i in wanted]))

    return read


def frames_a_second(frames: list[str], cases: Mapping[str, Callable[[str], None]]) -> dict[str, float]:
    """Return frames read a second of processor time, the median of rounds in which the cases take turns."""
    spent: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(ROUNDS):
        for name, case in cases.items():
            started = time.process_time()
            for text in frames:
                case(text)
            spent[name].append(time.process_time() - started)
    return {name: len(frames) / statistics.median(seconds) for name, seconds in spent.items()}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one line of JSON a case")
    arguments = parser.parse_args()
    if not arguments.json:
        _machine.print_header(msgspec=msgspec.__version__)
        print(
            f"\n{'frames read a second of processor time':42}{'split':>12}{'and int()':>12}{'kats':>12}{'kats/split':>12}"
        )
    for name, make, width, wanted in (
        ("H0STCNT0", trades, 47, TRADE_NUMBERS),
        ("H0STASP0", books, 63, BOOK_NUMBERS),
    ):
        for records in (1, 3):
            cases = {"split": plain, "int": numbers_of(width, wanted), "kats": ours}
            found = frames_a_second(make(records), cases)
            if arguments.json:
                print(json.dumps({"frames": name, "records": records, **{k: round(v) for k, v in found.items()}}))
                continue
            case = f"{name}, {records} record{'s' if records > 1 else ''} of {width} fields"
            rates = "".join(f"{found[key]:12,.0f}" for key in cases)
            print(f"{case:42}{rates}{found['kats'] / found['split']:12.2f}")


if __name__ == "__main__":
    main()
