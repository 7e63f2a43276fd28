"""The broker's master files: sliced in bytes, designations named, and no line half-read."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter
from pathlib import Path

import pytest

from kats_core.market.masters import (
    INDEX_LAYOUT,
    LAYOUTS,
    Designation,
    Layout,
    MasterProblem,
    MasterRecord,
    fund_multiple,
    layout_of,
    read_master,
    read_sectors,
)
from kats_core.model.kinds import InstrumentKind, Market, ShareClass

SHARED = Path(__file__).parents[2].parent / "shared"
realdata = pytest.mark.skipif(not SHARED.is_dir(), reason="no recorded market beside the house")

KOSPI, KOSDAQ, KONEX = LAYOUTS
FLAGS = ("trht_yn", "sltr_yn", "mang_issu_yn", "mrkt_alrm_risk_adnt_yn", "invt_alrm_yn", "etpr_undt_objt_co_yn")
ORDINARY = {
    "mksc_shrn_iscd": "005930",
    "stnd_iscd": "KR7005930003",
    "hts_kor_isnm": "삼성전자",
    "scrt_grp_cls_code": "ST",
    "bstp_larg_div_code": "0027",
    "bstp_medm_div_code": "0013",
    "bstp_smal_div_code": "0000",
    "short_over_cls_code": "0",
    "stck_sdpr": "000107500",
    "frml_mrkt_deal_qty_unit": "00001",
    "mrkt_alrm_cls_code": "00",
    "flng_cls_code": "00",
    "fcam_mod_cls_code": "00",
    "icic_cls_code": "00",
    "marg_rate": "020",
    "stck_lstn_date": "19750611",
    "lstn_stcn": "000000005919637",
    "prst_cls_code": "0",
    "kospi200_apnt_cls_code": "5",
    "prdy_avls_scal": "006363610",
}


def line(layout: Layout = KOSPI, **values: str) -> bytes:
    """Return an ordinary record with other values in some of its fields."""
    wanted = dict.fromkeys(FLAGS, "N") | ORDINARY | values
    record = bytearray(b" " * layout.width)
    for name, where in layout.fields.items():
        if name in wanted:
            record[where] = wanted[name].encode("cp949").ljust(where.stop - where.start)
    return bytes(record)


def one(record: bytes, layout: Layout = KOSPI) -> MasterRecord:
    """Return the only record of a file with one line."""
    records, problems = read_master(record + b"\n", layout)
    assert not problems
    return records[0]


def test_a_record_is_read_by_its_bytes() -> None:
    """Hangul takes two bytes each in CP949, so fields behind the name stand where bytes count, not characters."""
    record = one(line())
    assert record.symbol == "005930"
    assert record.name == "삼성전자"
    assert record.market is Market.KOSPI
    assert record.kind is InstrumentKind.STOCK
    assert record.share_class is ShareClass.COMMON
    assert record.sector_code == "0013"
    assert record.base_price == 107_500
    assert record.listed == dt.date(1975, 6, 11)
    assert record.listed_shares == 5_919_637_000
    assert record.market_cap_krw == 636_361_000_000_000
    assert record.is_kospi200
    assert (record.designations, record.status) == ((), "00")


@pytest.mark.parametrize(
    ("values", "designation", "status"),
    [
        ({"trht_yn": "Y"}, Designation.HALTED, "58"),
        ({"sltr_yn": "Y"}, Designation.DELISTING_SALE, "DELISTING_SALE"),
        ({"mang_issu_yn": "Y"}, Designation.MANAGED, "51"),
        ({"mrkt_alrm_cls_code": "01"}, Designation.CAUTION, "54"),
        ({"mrkt_alrm_cls_code": "02"}, Designation.WARNING, "53"),
        ({"mrkt_alrm_cls_code": "03"}, Designation.RISK, "52"),
        ({"mrkt_alrm_risk_adnt_yn": "Y"}, Designation.WARNING_NOTICE, "WARNING_NOTICE"),
        ({"short_over_cls_code": "2"}, Designation.OVERHEATED, "59"),
        ({"short_over_cls_code": "3"}, Designation.OVERHEATED, "59"),
        ({"invt_alrm_yn": "Y"}, Designation.ATTENTION, "ATTENTION"),
    ],
)
def test_each_designation_has_a_status_that_forbids_entries(
    values: dict[str, str], designation: Designation, status: str
) -> None:
    """The broker's code where it has one, else its own name: neither is among 00, 55 and 57 (gate G10)."""
    record = one(line(KOSDAQ, **values), KOSDAQ)
    assert record.designations == (designation,)
    assert record.status == status


def test_an_announced_overheating_is_no_designation_yet() -> None:
    """Code 1 is the notice; trading in call auctions begins with 2."""
    assert one(line(short_over_cls_code="1")).status == "00"


def test_the_gravest_designation_is_the_status() -> None:
    """All of them are kept."""
    record = one(line(trht_yn="Y", mang_issu_yn="Y"))
    assert record.designations == (Designation.HALTED, Designation.MANAGED)
    assert record.status == "58"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"scrt_grp_cls_code": "RT"}, ShareClass.REIT),
        ({"scrt_grp_cls_code": "IF"}, ShareClass.INVESTMENT),
        ({"scrt_grp_cls_code": "FS"}, ShareClass.FOREIGN),
        ({"scrt_grp_cls_code": "DR"}, ShareClass.FOREIGN),
        ({"etpr_undt_objt_co_yn": "Y"}, ShareClass.SPAC),
        ({"prst_cls_code": "1"}, ShareClass.PREFERRED),
        ({"prst_cls_code": "9"}, ShareClass.PREFERRED),
        ({"scrt_grp_cls_code": "EF"}, None),
    ],
)
def test_what_a_share_is_of(values: dict[str, str], expected: ShareClass | None) -> None:
    """The universe is common shares; a fund is no share at all."""
    assert one(line(KOSPI, **values)).share_class is expected


@pytest.mark.parametrize(
    ("name", "multiple"),
    [
        ("KODEX 200", 1),
        ("KODEX 레버리지", 2),
        ("KODEX 인버스", -1),
        ("KODEX 200선물인버스2X", -2),
        ("메리츠 인버스 3X 국채3년 ETN", -3),
        ("미래에셋 -1.5X 천연가스 선물 ETN", -1.5),
        ("미래에셋 0.5X 코스피200 선물 ETN", 1),
    ],
)
def test_the_multiple_of_a_fund_stands_in_its_name(name: str, multiple: float) -> None:
    """A fraction too, of which there is a limit of its own; less than one counts as one."""
    assert fund_multiple(name) == multiple


def test_what_has_no_six_character_code_is_no_instrument() -> None:
    """Notes are listed with a Q, rights and certificates are not traded by KATS."""
    assert not one(line(mksc_shrn_iscd="Q520057", scrt_grp_cls_code="EN")).is_instrument
    assert not one(line(mksc_shrn_iscd="F70101786", scrt_grp_cls_code="BC")).is_instrument
    assert not one(line(scrt_grp_cls_code="SW")).is_instrument
    assert one(line()).is_instrument


def test_bad_lines_are_named_and_the_others_read() -> None:
    """Width, text, digits, flags, days: the number of the line and what was expected."""
    content = b"\n".join(
        [
            line(),
            line()[:-1],
            line(hts_kor_isnm="").replace(b"KR7005930003" + b" " * 2, b"KR7005930003\xff\xff"),
            line(stck_sdpr="12,000"),
            line(trht_yn="?"),
            line(stck_lstn_date="20251332"),
            line(mrkt_alrm_cls_code="09"),
            line(mksc_shrn_iscd=""),
        ]
    )
    records, problems = read_master(content + b"\n", KOSPI)
    assert len(records) == 1
    assert problems == [
        MasterProblem(2, "287 bytes, expected 288"),
        MasterProblem(3, "is not CP949 text"),
        MasterProblem(4, "stck_sdpr is '12,000', expected digits"),
        MasterProblem(5, "trht_yn is '?', expected Y or N"),
        MasterProblem(6, "stck_lstn_date is '20251332', expected a day as in 20251103"),
        MasterProblem(7, "market alert (시장경고) is '09', expected 00 to 03"),
        MasterProblem(8, "has no short code"),
    ]


def test_the_board_of_a_file_is_known_by_the_width_of_its_lines() -> None:
    """With or without carriage returns; other files are not taken for masters."""
    assert layout_of(line() + b"\r\n" + line()) is KOSPI
    assert layout_of(line(KOSDAQ)) is KOSDAQ
    assert layout_of(line(KONEX)) is KONEX
    assert layout_of(b"symbol,name\n") is None
    assert len(read_master(line() + b"\r\n" + line() + b"\r\n", KOSPI)[0]) == 2


def test_index_sectors_have_names_by_code() -> None:
    """The name begins at byte 5; derived indices of other families are no sectors."""
    rows = [("0", "0013", "전기·전자"), ("1", "1028", "전기·전자"), ("2", "2001", "KOSPI200")]
    content = b"".join(a.encode() + code.encode() + name.encode("cp949").ljust(40) + b"\n" for a, code, name in rows)
    assert layout_of(content) is INDEX_LAYOUT
    names, problems = read_sectors(content + b"short\n")
    assert names == {"0013": (Market.KOSPI, "전기·전자"), "1028": (Market.KOSDAQ, "전기·전자")}
    assert problems == [MasterProblem(4, "5 bytes, expected 45")]


@realdata
@pytest.mark.realdata
@pytest.mark.parametrize("board", ["kospi", "kosdaq", "konex"])
def test_layouts_are_those_of_the_brokers_field_lists(board: str) -> None:
    """Every field, its place and its width."""
    with (SHARED / "kis" / "mst_fields" / f"{board}_code.csv").open(encoding="utf-8") as listed:
        rows = list(csv.DictReader(listed))
    layout = {"kospi": KOSPI, "kosdaq": KOSDAQ, "konex": KONEX}[board]
    assert [(row["name"], int(row["byte_offset"]), int(row["bytes"])) for row in rows] == [
        (name, where.start, where.stop - where.start) for name, where in layout.fields.items()
    ]


@realdata
@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "records", "halted"),
    [
        ("kospi_code_20230620", 2084, 17),
        ("kospi_code_20251103", 2483, 43),
        ("kosdaq_code_20230620", 1633, 63),
        ("kosdaq_code_20251103", 1803, 75),
    ],
)
def test_real_files_are_read_whole(name: str, records: int, halted: int) -> None:
    """No line has a problem, symbols come once, and caps are shares times base price within rounding."""
    content = (SHARED / "data" / "master" / f"{name}.mst").read_bytes()
    layout = layout_of(content)
    assert layout is not None
    found, problems = read_master(content, layout)
    assert not problems
    assert len(found) == records
    assert len({record.symbol for record in found}) == records
    assert Counter(Designation.HALTED in record.designations for record in found)[True] == halted
    shares = [r for r in found if r.share_class is ShareClass.COMMON and not any(code != "00" for code in r.changes)]
    close = [
        abs(r.listed_shares * r.base_price / r.market_cap_krw - 1) < 0.02
        for r in shares
        if r.listed_shares and r.base_price and r.market_cap_krw
    ]
    assert sum(close) / len(close) > 0.97
