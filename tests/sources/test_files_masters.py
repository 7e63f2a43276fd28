"""What is listed, from masters and lists: names, boards, kinds, and designations in time."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kats_core.market.masters import LAYOUTS, Layout
from kats_core.market.source import SourceError
from kats_core.market.tables import SHARES
from kats_core.model.fact import STATUS
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import InstrumentKind, Market, ShareClass
from kats_core.sources.files import FilesParams, build
from kats_core.sources.files.source import FilesSource

KOSPI, KOSDAQ, _ = LAYOUTS
DATA = Path(__file__).parents[2].parent / "shared" / "data"
NOVEMBER_3 = dt.date(2025, 11, 3)
SYMBOLS = ("005930", "069500", "247540")


def record(layout: Layout, symbol: str, name: str, **values: str) -> bytes:
    """Return a line of a master."""
    usual = {
        "scrt_grp_cls_code": "ST",
        "bstp_medm_div_code": "0013",
        "mrkt_alrm_cls_code": "00",
        "lstn_stcn": "000000000000100",
        "prdy_avls_scal": "000000007",
        "prst_cls_code": "0",
        "stck_lstn_date": "20190305",
    }
    line = bytearray(b" " * layout.width)
    for field, text in {"mksc_shrn_iscd": symbol, "hts_kor_isnm": name, **usual, **values}.items():
        where = layout.fields[field]
        line[where] = text.encode("cp949").ljust(where.stop - where.start)
    return bytes(line) + b"\n"


def source(folder: Path, masters: Mapping[str, bytes] = {}, lists: Mapping[str, Mapping[str, Any]] = {}) -> FilesSource:
    """Return a source with a bar of each symbol and these masters and lists."""
    n = len(SYMBOLS)
    prices = {name: [9] * n for name in ("open", "high", "low", "close", "volume")}
    pq.write_table(pa.table({"date": ["2025-11-03"] * n, "symbol": list(SYMBOLS), **prices}), folder / "bars.parquet")
    for name, content in masters.items():
        (folder / name).write_bytes(content)
    for name, columns in lists.items():
        pq.write_table(pa.table(dict(columns)), folder / name)
    return build(FilesParams(paths=(str(folder),)))


def listed(files: FilesSource, day: dt.date = NOVEMBER_3) -> dict[str, Instrument]:
    """Return the instruments of a day by symbol."""
    return {instrument.symbol: instrument for instrument in files.instruments(day)}


def test_masters_name_what_bars_leave_unnamed(tmp_path: Path) -> None:
    """Name, board, kind, sector with the name from the index file, listing day."""
    sectors = b"00013" + "전기·전자".encode("cp949").ljust(40) + b"\n"
    master = record(KOSPI, "005930", "삼성전자") + record(KOSPI, "069500", "KODEX 인버스", scrt_grp_cls_code="EF")
    found = listed(source(tmp_path, {"kospi_code_20251103.mst": master, "idxcode.mst": sectors}))
    samsung, fund, other = (found[symbol] for symbol in SYMBOLS)
    assert (samsung.name, samsung.market, samsung.share_class) == ("삼성전자", Market.KOSPI, ShareClass.COMMON)
    assert (samsung.sector, samsung.listed) == ("전기·전자", dt.date(2019, 3, 5))
    assert (fund.kind, fund.leverage, fund.share_class) == (InstrumentKind.ETF, -1, None)
    assert (other.name, other.is_market_known, other.share_class) == ("", False, None)


def test_sectors_lose_the_number_by_which_the_exchange_sorts_them(tmp_path: Path) -> None:
    """The one of KOSPI and the one of KOSDAQ are the same sector."""
    krx = {
        "symbol": ["005930", "247540"],
        "isin": ["KR7005930003", "KR7247540008"],
        "market": ["KOSPI", "KOSDAQ GLOBAL"],
        "sector": ["13전기·전자", "28전기·전자"],
        "stock_kind": ["보통주", "보통주"],
        "security_group": ["주권", "외국주권"],
    }
    found = listed(source(tmp_path, lists={"krx_20260821.parquet": krx}))
    assert {found["005930"].sector, found["247540"].sector} == {"전기·전자"}
    assert found["247540"].market is Market.KOSDAQ
    assert found["247540"].share_class is ShareClass.FOREIGN


def test_the_later_list_goes_first_and_the_earlier_fills_what_it_leaves_open(tmp_path: Path) -> None:
    """A symbol that moved to KOSPI is there; its sector comes from the list that has one."""
    master = record(KOSDAQ, "247540", "에코프로비엠")
    krx = {"symbol": ["247540"], "isin": ["KR7247540008"], "market": ["KOSPI"], "name": ["에코"], "sector": [None]}
    files = source(
        tmp_path,
        {"kosdaq_code_20230620.mst": master, "idxcode.mst": b"00013" + "전자".encode("cp949").ljust(40) + b"\n"},
        {"krx_20260821.parquet": krx},
    )
    found = listed(files)["247540"]
    assert (found.name, found.market, found.sector) == ("에코", Market.KOSPI, "전자")


def test_what_was_delisted_is_not_offered_afterwards(tmp_path: Path) -> None:
    """The first day off the board."""
    gone = {"symbol": ["247540"], "isin": ["KR7247540008"], "delist_date": ["2025-11-04"], "market": ["코스닥"]}
    files = source(tmp_path, lists={"gone.parquet": gone})
    assert listed(files)["247540"].delisted == dt.date(2025, 11, 4)
    assert "247540" not in listed(files, dt.date(2025, 11, 4))


def test_a_designation_holds_until_a_later_master_lifts_it(tmp_path: Path) -> None:
    """That a symbol has none is said of the day itself only; nothing is said before the first master or long after the last."""
    files = source(
        tmp_path,
        {
            "kospi_code_20251103.mst": record(KOSPI, "005930", "삼성전자", mang_issu_yn="Y")
            + record(KOSPI, "069500", "KODEX 200"),
            "kospi_code_20251110.mst": record(KOSPI, "005930", "삼성전자"),
        },
    )

    def statuses(day: int, month: int = 11) -> dict[str, Any]:
        return {fact.symbol: fact.value for fact in files.facts(dt.date(2025, month, day)) if fact.name == STATUS}

    assert statuses(31, month=10) == {}
    assert statuses(3) == {"005930": "51", "069500": "00"}
    assert statuses(4) == {"005930": "51"}
    assert statuses(10) == {"005930": "00"}
    assert statuses(11) == {}


def test_a_masters_caps_are_those_of_the_close_before_its_day(tmp_path: Path) -> None:
    """Monday's file has Friday's caps; they are usable from Monday evening, since nobody had it on Friday."""
    files = source(tmp_path, {"kospi_code_20251103.mst": record(KOSPI, "005930", "삼성전자")})
    table = files.tables()[SHARES]
    assert (str(table.period[0]), str(table.available_from[0])) == ("2025-10-31", "2025-11-03")
    assert table.columns["listed_shares"][0] == 100_000
    assert table.columns["market_cap_krw"][0] == 700_000_000


def test_a_master_without_a_day_in_its_name_dates_nothing(tmp_path: Path) -> None:
    """Names and boards are taken, statuses and shares are not."""
    files = source(tmp_path, {"kospi_code.mst": record(KOSPI, "005930", "삼성전자", mang_issu_yn="Y")})
    assert listed(files)["005930"].name == "삼성전자"
    assert not files.facts(NOVEMBER_3)
    assert not files.tables()
    assert any(note.startswith("kospi_code.mst: master of a day that its name does not tell") for note in files.notes())


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    """File, line, and what was expected."""
    master = record(KOSPI, "005930", "삼성전자") + record(KOSPI, "069500", "KODEX 200")[:-9] + b"\n"
    with pytest.raises(SourceError, match=r"kospi_code_20251103\.mst, line 2: 280 bytes, expected 288"):
        listed(source(tmp_path, {"kospi_code_20251103.mst": master}))


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="no recorded market beside the house")
def test_the_recorded_market_knows_every_symbol_of_its_bars() -> None:
    """1,901 symbols of the last two years: all have a board and a name, nearly all a class and a sector."""
    files = build(FilesParams(paths=(str(DATA),)))
    panel = files.history(dt.date(2024, 1, 1), None)
    found = panel.instruments
    assert all(one.is_market_known and one.name for one in found)
    classes = Counter(one.share_class for one in found)
    assert classes[ShareClass.COMMON] > 1_700
    assert classes[None] <= 1
    assert sum(one.sector is not None for one in found) / len(found) > 0.9
    assert not any((one.sector or "")[:1].isdigit() for one in found)
    statuses = Counter(str(fact.value) for fact in files.facts(NOVEMBER_3) if fact.name == STATUS)
    assert statuses["58"] == 108
    assert statuses["00"] > 3_000
