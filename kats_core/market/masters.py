"""Read the broker's master files (.mst): what is listed on a morning, and what the exchange has designated it as.

A record is a line of fixed width in bytes, so it is sliced before it is decoded (CP949). A line of another width, or one whose
text or numbers cannot be read, is a problem with its number; it is never half-read. Where the bytes come from is not known here.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar

from kats_core.market import _master_layouts as layouts
from kats_core.model.kinds import InstrumentKind, Market, ShareClass
from kats_core.model.labels import Bilingual, Labelled, message

ENCODING = "cp949"
ORDINARY = "00"
"""Status of a symbol without a designation."""

_YES = "Y"
_OVERHEATED = frozenset({"2", "3"})
_THOUSAND = 1_000
_HUNDRED_MILLION = 100_000_000
_NO_SECTOR = "0000"
_COMMON = "0"
_MULTIPLE = re.compile(r"(\d+(?:\.\d+)?)X", re.IGNORECASE)
_INDEX_CODES = {"0": Market.KOSPI, "1": Market.KOSDAQ}

T = TypeVar("T")


class Designation(Labelled):
    """What the exchange warns of; each forbids entries (gate G10, screening Q6)."""

    HALTED = "HALTED", "거래정지", "trading halted"
    DELISTING_SALE = "DELISTING_SALE", "정리매매", "delisting sale"
    MANAGED = "MANAGED", "관리종목", "under administration"
    RISK = "RISK", "투자위험", "investment risk"
    WARNING = "WARNING", "투자경고", "investment warning"
    WARNING_NOTICE = "WARNING_NOTICE", "시장경고 예고", "market alert announced"
    CAUTION = "CAUTION", "투자주의", "investment caution"
    ATTENTION = "ATTENTION", "투자주의환기", "investment attention"
    OVERHEATED = "OVERHEATED", "단기과열", "short-term overheated"


STATUS_CODES: Mapping[Designation, str] = {
    Designation.HALTED: "58",
    Designation.MANAGED: "51",
    Designation.RISK: "52",
    Designation.WARNING: "53",
    Designation.CAUTION: "54",
    Designation.OVERHEATED: "59",
}
"""The broker's status code of a designation; the others have none there and stand for themselves."""

_ALARMS = {"01": Designation.CAUTION, "02": Designation.WARNING, "03": Designation.RISK}

_KINDS = {
    "EF": InstrumentKind.ETF,
    "FE": InstrumentKind.ETF,
    "EN": InstrumentKind.ETN,
    "EW": InstrumentKind.ELW,
}
_CLASSES = {
    "RT": ShareClass.REIT,
    "MF": ShareClass.INVESTMENT,
    "IF": ShareClass.INVESTMENT,
    "SC": ShareClass.INVESTMENT,
    "PF": ShareClass.INVESTMENT,
    "FS": ShareClass.FOREIGN,
    "DR": ShareClass.FOREIGN,
}
_NO_INSTRUMENTS = frozenset({"SW", "SR", "BC"})
"""Rights, warrants and fund certificates are listed there too; KATS does not trade them."""


@dataclass(frozen=True, slots=True)
class MasterProblem:
    """A line that cannot be used, counted from 1, and why."""

    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterRecord:
    """A listed security as the broker's file of a morning describes it.

    `base_price` is that day's (기준가); `market_cap_krw` is that of the previous close. `sector_code` is the most special index
    sector that the record names, `changes` the broker's codes of an ex-date, a change of par value and new shares that take
    effect that day (00 is none).
    """

    symbol: str
    isin: str
    name: str
    market: Market
    group: str
    kind: InstrumentKind
    share_class: ShareClass | None
    leverage: float
    sector_code: str | None
    base_price: int | None
    lot_size: int
    listed: dt.date | None
    listed_shares: int | None
    market_cap_krw: int | None
    designations: tuple[Designation, ...]
    changes: tuple[str, str, str]
    is_kospi200: bool
    is_kosdaq150: bool
    margin_rate: int | None

    @property
    def status(self) -> str:
        """The broker's status code of the gravest designation, its own name where there is none, `ORDINARY` without any."""
        if not self.designations:
            return ORDINARY
        gravest = self.designations[0]
        return STATUS_CODES.get(gravest, gravest.value)

    @property
    def is_instrument(self) -> bool:
        """Tell whether KATS can know it under a six-character code."""
        is_code = len(self.symbol) == 6 and self.symbol.isascii() and self.symbol.isalnum()
        return is_code and self.group not in _NO_INSTRUMENTS


Records: TypeAlias = tuple[list[MasterRecord], list[MasterProblem]]


@dataclass(frozen=True)
class Layout:
    """Where each field of a record stands: name to (first byte, byte behind)."""

    market: Market | None
    fields: Mapping[str, slice]
    width: int

    @classmethod
    def of(cls, text: str, market: Market | None) -> Layout:
        """Return the layout written as `name:width name:width`."""
        fields = {}
        start = 0
        for word in text.split():
            name, _, width = word.partition(":")
            fields[name] = slice(start, start + int(width))
            start += int(width)
        return cls(market, fields, start)


LAYOUTS = (
    Layout.of(layouts.KOSPI, Market.KOSPI),
    Layout.of(layouts.KOSDAQ, Market.KOSDAQ),
    Layout.of(layouts.KONEX, Market.KONEX),
)
INDEX_LAYOUT = Layout.of(layouts.INDEX, None)
_BY_WIDTH = {layout.width: layout for layout in (*LAYOUTS, INDEX_LAYOUT)}


def layout_of(content: bytes) -> Layout | None:
    """Return the layout of a file by the width of its first line, None when it is none of the broker's."""
    first, _, _ = content.partition(b"\n")
    return _BY_WIDTH.get(len(first.rstrip(b"\r")))


def read_master(content: bytes, layout: Layout) -> Records:
    """Return the records of a file, and the lines that cannot be used."""
    records: list[MasterRecord] = []
    problems: list[MasterProblem] = []
    for number, line in _lines(content):
        read = _attempt(number, line, layout, partial(_record, layout))
        if isinstance(read, MasterProblem):
            problems.append(read)
        else:
            records.append(read)
    return records, problems


def read_sectors(content: bytes) -> tuple[dict[str, tuple[Market, str]], list[MasterProblem]]:
    """Return the names of the index sectors by their code, and the lines that cannot be used."""
    names: dict[str, tuple[Market, str]] = {}
    problems: list[MasterProblem] = []
    for number, line in _lines(content):
        read = _attempt(number, line, INDEX_LAYOUT, _sector)
        if isinstance(read, MasterProblem):
            problems.append(read)
            continue
        code, board, name = read
        market = _INDEX_CODES.get(board)
        if market is not None:
            names[code] = market, name
    return names, problems


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    lines = content.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, 1):
        yield number, line.removesuffix(b"\r")


def _attempt(number: int, line: bytes, layout: Layout, read: Callable[[Callable[[str], str]], T]) -> T | MasterProblem:
    if len(line) != layout.width:
        told = {"found": len(line), "expected": layout.width}
        return MasterProblem(
            number,
            Bilingual("{found}바이트, {expected}바이트여야 합니다", "{found} bytes, expected {expected}", **told),
        )
    try:
        return read(lambda name: line[layout.fields[name]].decode(ENCODING).strip())
    except UnicodeDecodeError:
        return MasterProblem(number, Bilingual("CP949 문자가 아닙니다", "is not CP949 text"))
    except ValueError as error:
        return MasterProblem(number, message(error))


def _record(layout: Layout, field: Callable[[str], str]) -> MasterRecord:
    group, name = field("scrt_grp_cls_code"), field("hts_kor_isnm")
    kind = _KINDS.get(group, InstrumentKind.STOCK)
    has_indices = "short_over_cls_code" in layout.fields
    shares = _number(field, "lstn_stcn")
    cap = _number(field, "prdy_avls_scal")
    if layout.market is None:
        raise ValueError("index sectors list no securities")
    return MasterRecord(
        symbol=_symbol(field),
        isin=field("stnd_iscd"),
        name=name,
        market=layout.market,
        group=group,
        kind=kind,
        share_class=_share_class(group, kind, field, layout),
        leverage=fund_multiple(name) if kind in (InstrumentKind.ETF, InstrumentKind.ETN) else 1,
        sector_code=_sector_code(field) if has_indices else None,
        base_price=_number(field, "stck_sdpr") or None,
        lot_size=_number(field, "frml_mrkt_deal_qty_unit") or 1,
        listed=_day(field, "stck_lstn_date"),
        listed_shares=shares * _THOUSAND if shares else None,
        market_cap_krw=cap * _HUNDRED_MILLION if cap else None,
        designations=tuple(_designations(field, layout)),
        changes=(field("flng_cls_code"), field("fcam_mod_cls_code"), field("icic_cls_code")),
        is_kospi200="kospi200_apnt_cls_code" in layout.fields and field("kospi200_apnt_cls_code") not in ("", "0"),
        is_kosdaq150="ksq150_nmix_yn" in layout.fields and field("ksq150_nmix_yn") == _YES,
        margin_rate=_number(field, "marg_rate"),
    )


def _symbol(field: Callable[[str], str]) -> str:
    symbol = field("mksc_shrn_iscd")
    if not symbol:
        raise ValueError(Bilingual("단축코드가 없습니다", "has no short code"))
    return symbol


def _share_class(group: str, kind: InstrumentKind, field: Callable[[str], str], layout: Layout) -> ShareClass | None:
    if kind is not InstrumentKind.STOCK:
        return None
    if group in _CLASSES:
        return _CLASSES[group]
    if "etpr_undt_objt_co_yn" in layout.fields and field("etpr_undt_objt_co_yn") == _YES:
        return ShareClass.SPAC
    return ShareClass.COMMON if field("prst_cls_code") == _COMMON else ShareClass.PREFERRED


def fund_multiple(name: str) -> float:
    """Return the multiple of a fund by its name: 2 for 레버리지, -1 for 인버스, -2 for 인버스2X, -1.5 for -1.5X; at least 1."""
    found = _MULTIPLE.search(name)
    usual = 2 if "레버리지" in name else 1
    size = usual if found is None else max(1, float(found[1]))
    size = int(size) if size == int(size) else size
    is_inverse = "인버스" in name or (found is not None and name[: found.start()].endswith("-"))
    return -size if is_inverse else size


def _sector_code(field: Callable[[str], str]) -> str | None:
    codes = [field(f"bstp_{size}_div_code") for size in ("smal", "medm", "larg")]
    return next((code for code in codes if code not in ("", _NO_SECTOR)), None)


def _designations(field: Callable[[str], str], layout: Layout) -> Iterator[Designation]:
    alarm = field("mrkt_alrm_cls_code")
    found = {
        Designation.HALTED: _is_set(field, "trht_yn"),
        Designation.DELISTING_SALE: _is_set(field, "sltr_yn"),
        Designation.MANAGED: _is_set(field, "mang_issu_yn"),
        Designation.WARNING_NOTICE: _is_set(field, "mrkt_alrm_risk_adnt_yn"),
    }
    if alarm not in ("", ORDINARY):
        if alarm not in _ALARMS:
            raise ValueError(
                Bilingual(
                    "시장경고가 {alarm!r}입니다. 00~03이어야 합니다",
                    "market alert (시장경고) is {alarm!r}, expected 00 to 03",
                    alarm=alarm,
                )
            )
        found[_ALARMS[alarm]] = True
    if "short_over_cls_code" in layout.fields:
        found[Designation.OVERHEATED] = field("short_over_cls_code") in _OVERHEATED
    if "invt_alrm_yn" in layout.fields:
        found[Designation.ATTENTION] = _is_set(field, "invt_alrm_yn")
    return (designation for designation in Designation if found.get(designation, False))


def _is_set(field: Callable[[str], str], name: str) -> bool:
    text = field(name)
    if text not in ("Y", "N", ""):
        raise _unlike(name, text, Bilingual("Y 또는 N", "Y or N"))
    return text == _YES


def _number(field: Callable[[str], str], name: str) -> int | None:
    text = field(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise _unlike(name, text, Bilingual("숫자", "digits"))
    return int(text)


def _day(field: Callable[[str], str], name: str) -> dt.date | None:
    text = field(name)
    if not text.strip("0"):
        return None
    try:
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise _unlike(name, text, Bilingual("20251103 같은 날짜", "a day as in 20251103")) from None


def _unlike(name: str, text: str, expected: Bilingual) -> ValueError:
    return ValueError(
        Bilingual(
            "{name} 값이 {text!r}입니다. 올바른 형식: {expected}",
            "{name} is {text!r}, expected {expected}",
            name=name,
            text=text,
            expected=expected,
        )
    )


def _sector(field: Callable[[str], str]) -> tuple[str, str, str]:
    return field("idx_code"), field("idx_div"), field("idx_name")
